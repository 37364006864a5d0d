//! `ArchiveFile`: the open file that members of an archive are read from.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::content::ReadProblem;
use crate::source::host::root::Stamp;

/// A tar file on disk, or the unlinked temporary file that a compressed one was decompressed into.
#[derive(Debug)]
pub(crate) struct ArchiveFile {
    file: File,
    name: String,
    stamp: Stamp,
}

impl ArchiveFile {
    /// Holds `file` as it is now; `name` is for messages.
    pub(crate) fn new(file: File, name: String) -> io::Result<Self> {
        let stamp = Stamp::of(&file)?;
        Ok(Self { file, name, stamp })
    }

    /// How the caller named the archive.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the file is still what was indexed.
    pub(crate) fn check(&self) -> Result<(), ReadProblem> {
        let now = Stamp::of(&self.file).map_err(ReadProblem::Io)?;
        if now.size != self.stamp.size {
            return Err(ReadProblem::Resized {
                listed: self.stamp.size,
                now: now.size,
            });
        }
        if now.mtime != self.stamp.mtime {
            return Err(ReadProblem::Changed);
        }
        Ok(())
    }

    /// Fills `buf` from `offset`, in bytes from the start of the file.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }
}
