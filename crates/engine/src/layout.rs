//! `Layout`: an OCI image layout, which is a directory of blobs and an index of them.
//!
//! ```text
//! oci-layout               says that it is one
//! index.json               what is in it, by tag                         index.rs
//! blobs/sha256/…           whatever it is, by its digest
//! ingest/…                 what is being written, as containerd has it   ingest.rs
//! ```
//!
//! A path below the directory is made of constants and a [`Digest`], and no link below it is followed. So nothing outside of it
//! is read or written, whoever filled it and whatever a builder asks for.

mod digest;
mod index;
mod ingest;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::{Dir, Mode, OFlags, mkdirat, open, openat};
use rustix::io::Errno;

pub use self::digest::{Digest, DigestError};
pub(crate) use self::index::Descriptor;
pub(crate) use self::ingest::{CommitError, Ingest};

/// How a directory is opened below the first.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Where blobs are.
const BLOBS: &str = "blobs";

/// An open layout; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Layout(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    root: OwnedFd,
}

/// Why an OCI layout of this machine cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// It, or something in it, cannot be read.
    #[error("cannot read the OCI layout `{}`", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the OCI layout `{}`", path.display())]
    Write {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its index means nothing.
    #[error("cannot understand `index.json` of the OCI layout `{}`", path.display())]
    Index {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Its index has no such tag, and not one entry alone.
    #[error("the OCI layout `{}` has no `{tag}`", path.display())]
    NoTag {
        /// The directory.
        path: PathBuf,
        /// What was looked for.
        tag: String,
    },
    /// The blob is not in it.
    #[error("the OCI layout `{}` has no blob `{digest}`", path.display())]
    NoBlob {
        /// The directory.
        path: PathBuf,
        /// What was looked for.
        digest: Digest,
    },
    /// What the builder says of the cache that it wrote is no descriptor.
    #[error("cannot understand what the builder says of the cache in `{}`", path.display())]
    Unintelligible {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl LayoutError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "name a directory with an `index.json`, such as an archive of `--output type=oci`, unpacked"
            }
            Self::NoTag { .. } => "see `index.json` for what is in it, and name a tag or a digest",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// Opening
impl Layout {
    /// Opens a directory, which may be a link. Whether it is a layout is seen when it is used.
    pub(crate) fn open(path: &Path) -> Result<Self, LayoutError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(path, flags, Mode::empty());
        let path = path.to_owned();
        match root {
            Ok(root) => Ok(Self(Arc::new(Inner { path, root }))),
            Err(error) => Err(LayoutError::Read {
                path,
                source: error.into(),
            }),
        }
    }

    /// Opens a directory that is to be written to, and makes it if it is not there.
    pub(crate) fn create(path: &Path) -> Result<Self, LayoutError> {
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o755).create(path);
        made.map_err(|source| LayoutError::Write {
            path: path.to_owned(),
            source,
        })?;
        Self::open(path)
    }

    /// Where it is, in the caller's words.
    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    pub(crate) fn cannot_read(&self, source: io::Error) -> LayoutError {
        let path = self.0.path.clone();
        LayoutError::Read { path, source }
    }

    pub(crate) fn cannot_write(&self, source: io::Error) -> LayoutError {
        let path = self.0.path.clone();
        LayoutError::Write { path, source }
    }

    /// A directory below, made if it is not there.
    fn directory(&self, names: &[&str]) -> io::Result<OwnedFd> {
        let mut at = self.0.root.try_clone()?;
        for name in names {
            match mkdirat(&at, *name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            at = openat(&at, *name, DIRECTORY, Mode::empty())?;
        }
        Ok(at)
    }
}

/// A blob that is open for reading.
#[derive(Debug)]
pub(crate) struct Blob {
    file: File,
    /// In bytes.
    pub(crate) size: u64,
    /// When it was written.
    pub(crate) created: Option<SystemTime>,
}

/// Reading
impl Layout {
    /// Opens a blob.
    ///
    /// # Errors
    /// `NotFound` where it is not there, `InvalidData` where something else than a file has its name.
    pub(crate) fn blob(&self, digest: &Digest) -> io::Result<Blob> {
        let blobs = openat(&self.0.root, BLOBS, DIRECTORY, Mode::empty())?;
        let blobs = openat(&blobs, digest.algorithm(), DIRECTORY, Mode::empty())?;
        Blob::open(&blobs, digest.hex())
    }

    /// The blobs that are there, in no order. What has another name is none.
    pub(crate) fn blobs(&self) -> io::Result<Vec<Digest>> {
        let mut digests = Vec::new();
        for algorithm in Digest::algorithms() {
            let folder = openat(&self.0.root, BLOBS, DIRECTORY, Mode::empty())
                .and_then(|blobs| openat(&blobs, algorithm, DIRECTORY, Mode::empty()));
            let folder = match folder {
                Err(Errno::NOENT) => continue,
                folder => folder?,
            };
            for entry in Dir::new(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy();
                digests.extend(format!("{algorithm}:{name}").parse::<Digest>());
            }
        }
        Ok(digests)
    }
}

impl Blob {
    fn open(folder: &OwnedFd, name: &str) -> io::Result<Self> {
        // A FIFO would be waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(folder, name, flags, Mode::empty()) {
            Err(Errno::LOOP) => return Err(io::ErrorKind::InvalidData.into()),
            opened => File::from(opened?),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self {
            file,
            size: metadata.len(),
            created: metadata.modified().ok(),
        })
    }

    /// Bytes from `offset` on, at most `length`; fewer where it ends.
    pub(crate) fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let at = offset.saturating_add(filled as u64);
            match self.file.read_at(&mut bytes[filled..], at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}
