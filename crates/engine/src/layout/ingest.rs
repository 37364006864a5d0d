//! A blob that is being written: nobody sees it before it is whole and has the digest that it should have.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{BLOBS, Digest, Layout};
use crate::random;

/// A blob on its way; gone if it is dropped before [`commit`](Self::commit).
#[derive(Debug)]
pub(crate) struct Ingest {
    layout: Layout,
    folder: OwnedFd,
    name: String,
    file: File,
    hasher: Sha256,
    written: u64,
}

/// Why what was written does not become a blob.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// It has another size, in bytes.
    Size(u64),
    /// It has another digest.
    Digest(Digest),
    /// It is there already.
    Exists(Digest),
    /// It cannot be written.
    Io(io::Error),
}

impl<E: Into<io::Error>> From<E> for CommitError {
    fn from(error: E) -> Self {
        Self::Io(error.into())
    }
}

impl Ingest {
    /// Begins one.
    pub(crate) fn begin(layout: &Layout) -> io::Result<Self> {
        let folder = layout.directory(&["ingest"])?;
        let name = format!(".shipload-{}", random::name()?);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(&folder, &name, flags, Mode::from_raw_mode(0o666))?;
        Ok(Self {
            layout: layout.clone(),
            folder,
            name,
            file: file.into(),
            hasher: Sha256::new(),
            written: 0,
        })
    }

    /// Adds to its end.
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.file.write_all(data)?;
        self.hasher.update(data);
        self.written += data.len() as u64;
        Ok(())
    }

    /// Forgets what was written.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        self.file.set_len(0)?;
        self.hasher = Sha256::new();
        self.written = 0;
        Ok(())
    }

    /// How much was written, in bytes.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// The digest of what was written.
    pub(crate) fn digest(&self) -> Digest {
        Digest::sha256(&self.hasher.clone().finalize().into())
    }

    /// Makes it a blob that nobody may write to, as containerd does; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it is not what it should be, is there already, or cannot be written. There is nothing of it left then.
    pub(crate) fn commit(
        self,
        size: Option<u64>,
        expected: Option<&Digest>,
    ) -> Result<Digest, CommitError> {
        let digest = self.digest();
        if size.is_some_and(|size| size != self.written) {
            return Err(CommitError::Size(self.written));
        }
        if expected.is_some_and(|expected| *expected != digest) {
            return Err(CommitError::Digest(digest));
        }
        let blobs = self.layout.directory(&[BLOBS, digest.algorithm()])?;
        match statat(&blobs, digest.hex(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Err(CommitError::Exists(digest)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let mode = Mode::from(rustix::fs::fstat(&self.file)?.st_mode);
        fchmod(&self.file, mode & Mode::from_raw_mode(0o444))?;
        self.file.sync_all()?;
        renameat(&self.folder, &self.name, &blobs, digest.hex())?;
        Ok(digest)
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        // Mostly it is a blob by now.
        let _ = unlinkat(&self.folder, &self.name, AtFlags::empty());
    }
}
