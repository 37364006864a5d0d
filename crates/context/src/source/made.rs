//! Entries that a caller makes: metadata of its own, content from memory or from a reader.

use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::content::{ArchiveRange, Content};
use crate::entry::{Entry, Kind, Mtime, Origin, Standing};
use crate::path::EntryPath;
use crate::source::archive_file::ArchiveFile;
use crate::source::host;
use crate::tree::{Links, TreeError};

/// Content up to this many bytes is held in memory; more goes to a temporary file without a name.
const IN_MEMORY: u64 = 1 << 20;

/// The metadata of an entry, before any policy.
///
/// ```
/// use shipload_context::{EntryMetadata, Mtime};
///
/// let mut run = EntryMetadata::file("bin/run".parse()?);
/// run.mode = 0o755;
/// run.mtime = Mtime { secs: 1_700_000_000, nanos: 0 };
/// # Ok::<(), shipload_context::PathError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryMetadata {
    /// Where it is in the context.
    pub path: EntryPath,
    /// What it is. The size of a file is that of the content, whatever stands here.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: within `0o7777`.
    pub mode: u32,
    /// Owner. The policy's default replaces it by 0.
    pub uid: u32,
    /// Group. The policy's default replaces it by 0.
    pub gid: u32,
    /// When its content was last changed.
    pub mtime: Mtime,
}

impl EntryMetadata {
    /// A file with mode 0644, time 0 and owner 0:0.
    pub fn file(path: EntryPath) -> Self {
        Self {
            path,
            kind: Kind::File { size: 0 },
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: Mtime::default(),
        }
    }

    /// A directory with mode 0755, time 0 and owner 0:0.
    pub fn directory(path: EntryPath) -> Self {
        Self {
            kind: Kind::Dir,
            mode: 0o755,
            ..Self::file(path)
        }
    }

    /// A symbolic link to `target`, which is not checked, with mode 0777, time 0 and owner 0:0.
    pub fn symlink(path: EntryPath, target: impl AsRef<[u8]>) -> Self {
        Self {
            kind: Kind::Symlink {
                target: target.as_ref().into(),
            },
            mode: 0o777,
            ..Self::file(path)
        }
    }

    /// What the file `host` of this machine has, for an entry at `path`. A link is followed, since the caller named it.
    ///
    /// # Errors
    /// [`TreeError::Host`] where it is not there, cannot be reached, or is a socket.
    pub fn of_host(host: &Path, path: EntryPath) -> Result<Self, TreeError> {
        let listing = host::single(host, &path, Origin(0), &Links::default())?;
        let found = listing.entries.into_iter().next();
        let entry = found.ok_or_else(|| TreeError::Host {
            path: host.to_owned(),
            source: io::ErrorKind::Unsupported.into(),
        })?;
        Ok(Self {
            path,
            kind: entry.kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
        })
    }
}

/// An entry of a tree, made by the caller.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    metadata: EntryMetadata,
    size: u64,
    content: Content,
}

impl Made {
    /// Reads `content` to its end, now, if the entry is a file.
    pub(crate) fn new(metadata: EntryMetadata, content: impl Read) -> io::Result<Self> {
        let (size, content) = match metadata.kind {
            Kind::File { .. } => hold(content)?,
            Kind::Dir | Kind::Symlink { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => {
                (0, Content::None)
            }
        };
        Ok(Self {
            metadata,
            size,
            content,
        })
    }

    pub(crate) fn entry(&self, origin: Origin) -> Entry {
        let EntryMetadata {
            path,
            kind,
            mode,
            uid,
            gid,
            mtime,
        } = self.metadata.clone();
        let kind = match kind {
            Kind::File { .. } => Kind::File { size: self.size },
            other => other,
        };
        Entry {
            path,
            kind,
            mode: mode & 0o7777,
            uid,
            gid,
            mtime,
            inode: None,
            standing: Standing::Named,
            content: self.content.clone(),
            origin,
        }
    }
}

/// Content that stays as it is, and its size.
fn hold(mut reader: impl Read) -> io::Result<(u64, Content)> {
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(IN_MEMORY + 1)
        .read_to_end(&mut start)?;
    if start.len() as u64 <= IN_MEMORY {
        return Ok((start.len() as u64, Content::Bytes(start.into())));
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(&start)?;
    let size = start.len() as u64 + io::copy(&mut reader, &mut file)?;
    let range = ArchiveRange {
        archive: Arc::new(ArchiveFile::new(file, "memory".to_owned())?),
        offset: 0,
        capability: None,
    };
    Ok((size, Content::Range(range)))
}
