//! `Content`: where the bytes of a file are, and how they are read without ever lying.
//!
//! Content is opened when it is read, as often as needed. Reading compares three views of the file: what was
//! listed, what was opened, and what is there after the last byte. Whatever differs is a [`ReadError`] that
//! names the file; nothing is padded, cut or sent anyway.

use std::fmt;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use crate::entry::Entry;
use crate::path::{EntryPath, show_path};
use crate::source::archive_file::ArchiveFile;
use crate::source::host::root::{HostRoot, Stamp};

/// Where the bytes of an entry are.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Content {
    /// Nowhere: the entry is not a regular file.
    #[default]
    None,
    /// In memory.
    Bytes(Arc<[u8]>),
    /// In a file of this machine.
    Host(HostFile),
    /// In a range of another archive.
    Range(ArchiveRange),
    /// Nowhere: the entry is a directory, link or special file of this machine.
    Node(HostNode),
}

/// A file of this machine, as it was when it was listed.
#[derive(Clone)]
pub struct HostFile {
    pub(crate) root: Arc<HostRoot>,
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// Where an entry of this machine stands that has no bytes.
#[derive(Clone)]
pub struct HostNode {
    pub(crate) root: Arc<HostRoot>,
}

/// A member of another archive.
#[derive(Clone)]
pub struct ArchiveRange {
    pub(crate) archive: Arc<ArchiveFile>,
    /// Where it begins, in bytes from the start of the (decompressed) archive.
    pub(crate) offset: u64,
    /// The value of `security.capability`, if the member has one.
    pub(crate) capability: Option<Arc<[u8]>>,
}

/// A file that was listed cannot be read as it was listed.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`{}: {problem}", from(host.as_ref()))]
pub struct ReadError {
    /// Its path in the context.
    pub path: EntryPath,
    /// The file of this machine it was to come from; the archive, for a member.
    pub host: Option<PathBuf>,
    /// What is wrong.
    #[source]
    pub problem: ReadProblem,
}

/// What can be wrong with a file between listing it and reading its last byte.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadProblem {
    /// It, or a directory above it, is no longer there.
    #[error("it was removed after it was listed")]
    Removed,
    /// It, or a directory above it, is a symbolic link now, which may lead out of the context.
    #[error("it was replaced by a symbolic link after it was listed")]
    BecameLink,
    /// Another file has its name now.
    #[error("it was replaced after it was listed")]
    Replaced,
    /// It is shorter or longer than listed.
    #[error("its size changed from {listed} to {now} bytes after it was listed")]
    Resized {
        /// Bytes when it was listed.
        listed: u64,
        /// Bytes now.
        now: u64,
    },
    /// Its modification time or mode is another than listed.
    #[error("it was changed after it was listed")]
    Changed,
    /// Something wrote to it between opening and the last byte.
    #[error("it was changed while it was read")]
    ChangedWhileRead,
    /// The operating system refused.
    #[error("{0}")]
    Io(io::Error),
}

impl ReadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            ReadProblem::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => Some(
                "make it readable, exclude it in the ignore file, or leave unreadable files out with `--on-unreadable skip`"
                    .into(),
            ),
            ReadProblem::Io(_) => None,
            _ => Some("exclude files that other programs write to, or try again when nothing writes to them".into()),
        }
    }
}

fn from(host: Option<&PathBuf>) -> String {
    host.map(|path| format!(" from `{}`", show_path(path)))
        .unwrap_or_default()
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "None"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Host(file) => write!(f, "Host({})", show_path(file.root.shown())),
            Self::Range(range) => write!(f, "Range({}, {})", range.archive.name(), range.offset),
            Self::Node(node) => write!(f, "Node({})", show_path(node.root.shown())),
        }
    }
}

/// # Reading
impl Entry {
    /// Opens the content of a file; of anything else, nothing, which reads as empty.
    ///
    /// # Errors
    /// [`ReadError`] where it is not what was listed any more, or the system refuses.
    pub fn open(&self) -> Result<Opened<'_>, ReadError> {
        let source = match &self.content {
            Content::None | Content::Node(_) => Source::Bytes(&[]),
            Content::Bytes(bytes) => Source::Bytes(bytes),
            Content::Range(range) => {
                range
                    .archive
                    .check()
                    .map_err(|problem| self.error(problem))?;
                Source::Range(range)
            }
            Content::Host(file) => {
                let handle = file
                    .root
                    .open(&self.path)
                    .map_err(|e| self.error(e.into()))?;
                let stamp = Stamp::of(&handle).map_err(|e| self.error(ReadProblem::Io(e)))?;
                self.compare(file, &stamp)
                    .map_err(|problem| self.error(problem))?;
                Source::Host {
                    file: handle,
                    stamp,
                }
            }
        };
        Ok(Opened {
            entry: self,
            source,
        })
    }

    /// Reads the whole content of a file into memory, with all checks. How much memory that takes,
    /// [`Entry::size`] tells before.
    ///
    /// # Errors
    /// [`ReadError`] as for [`Entry::open`], and where there is not so much memory.
    pub fn read(&self) -> Result<Vec<u8>, ReadError> {
        let opened = self.open()?;
        let mut content = Vec::new();
        opened.append_to(&mut content)?;
        opened.finish()?;
        Ok(content)
    }

    /// The value of `security.capability`, where it is known without opening anything.
    pub(crate) fn listed_capability(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Range(range) => range.capability.as_deref(),
            Content::None | Content::Bytes(_) | Content::Host(_) | Content::Node(_) => None,
        }
    }

    fn compare(&self, file: &HostFile, now: &Stamp) -> Result<(), ReadProblem> {
        if !now.regular || (now.device, now.inode) != (file.device, file.inode) {
            return Err(ReadProblem::Replaced);
        }
        if now.size != self.size() {
            return Err(ReadProblem::Resized {
                listed: self.size(),
                now: now.size,
            });
        }
        if now.mtime != self.mtime || now.mode != self.mode {
            return Err(ReadProblem::Changed);
        }
        Ok(())
    }

    pub(crate) fn error(&self, problem: ReadProblem) -> ReadError {
        let host = match &self.content {
            Content::None | Content::Bytes(_) => None,
            Content::Host(file) => Some(file.root.host_path(&self.path)),
            Content::Node(node) => Some(node.root.host_path(&self.path)),
            Content::Range(range) => Some(PathBuf::from(range.archive.name())),
        };
        ReadError {
            path: self.path.clone(),
            host,
            problem,
        }
    }
}

/// The content of one entry, opened. May be read by several threads at once.
#[derive(Debug)]
pub struct Opened<'a> {
    entry: &'a Entry,
    source: Source<'a>,
}

enum Source<'a> {
    Bytes(&'a [u8]),
    Host { file: std::fs::File, stamp: Stamp },
    Range(&'a ArchiveRange),
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(_) => write!(f, "Bytes"),
            Self::Host { .. } => write!(f, "Host"),
            Self::Range(_) => write!(f, "Range"),
        }
    }
}

impl Opened<'_> {
    /// Fills `buf` from `offset`, in bytes from the start of the content; both within its listed size.
    ///
    /// # Errors
    /// [`ReadError`] where the content ends before `buf` is full, or the system refuses.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<(), ReadError> {
        let read = match &self.source {
            Source::Bytes(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                match bytes.get(start..).and_then(|rest| rest.get(..buf.len())) {
                    Some(part) => {
                        buf.copy_from_slice(part);
                        Ok(())
                    }
                    None => Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
            Source::Host { file, .. } => file.read_exact_at(buf, offset),
            Source::Range(range) => range.archive.read_at(buf, range.offset + offset),
        };
        read.map_err(|e| self.cannot_read(e))
    }

    /// Appends all of it to `out`.
    ///
    /// # Errors
    /// As [`Opened::read_at`].
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let size = usize::try_from(self.entry.size()).unwrap_or(usize::MAX);
        // A sparse file may be listed with more bytes than any memory has.
        out.try_reserve(size)
            .map_err(|_| self.cannot_read(io::ErrorKind::OutOfMemory.into()))?;
        match &self.source {
            Source::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
            Source::Host { file, .. } => append(file, size, out).map_err(|e| self.cannot_read(e)),
            Source::Range(_) => {
                let start = out.len();
                out.resize(start + size, 0);
                self.read_at(&mut out[start..], 0)
            }
        }
    }

    fn cannot_read(&self, error: io::Error) -> ReadError {
        self.entry.error(match (&self.source, error.kind()) {
            (Source::Host { file, .. }, io::ErrorKind::UnexpectedEof) => ReadProblem::Resized {
                listed: self.entry.size(),
                now: file.metadata().map_or(0, |m| m.len()),
            },
            (Source::Range(range), io::ErrorKind::UnexpectedEof) => match range.archive.check() {
                Err(problem) => problem,
                Ok(()) => ReadProblem::Io(error),
            },
            _ => ReadProblem::Io(error),
        })
    }

    /// The value of the extended attribute `security.capability`, the only one that `docker build` sends.
    pub fn capability(&self) -> Option<Vec<u8>> {
        match &self.source {
            Source::Bytes(_) => None,
            Source::Host { file, .. } => crate::source::host::root::capability(file),
            Source::Range(range) => range.capability.as_deref().map(<[u8]>::to_vec),
        }
    }

    /// Says, after the last byte was read, whether the bytes were those of one state of the file.
    ///
    /// # Errors
    /// [`ReadError`] where the file was written to since it was opened.
    pub fn finish(&self) -> Result<(), ReadError> {
        let verdict = match &self.source {
            Source::Bytes(_) => Ok(()),
            Source::Range(range) => range.archive.check(),
            Source::Host { file, stamp } => match Stamp::of(file) {
                Err(e) => Err(ReadProblem::Io(e)),
                Ok(now) if now.size != stamp.size => Err(ReadProblem::Resized {
                    listed: stamp.size,
                    now: now.size,
                }),
                Ok(now) if now.mtime != stamp.mtime || now.ctime != stamp.ctime => {
                    Err(ReadProblem::ChangedWhileRead)
                }
                Ok(_) => Ok(()),
            },
        };
        verdict.map_err(|problem| self.entry.error(problem))
    }
}

/// Appends the first `size` bytes of `file` to `out`, read into its spare capacity, which is at least that,
/// so that nothing is zeroed only to be read over. That there are no more of them is for [`Opened::finish`]
/// to see.
fn append(file: &std::fs::File, size: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let start = out.len();
    while out.len() - start < size {
        let offset = (out.len() - start) as u64;
        match rustix::io::pread(file, spare_capacity(out), offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    out.truncate(start + size);
    Ok(())
}

impl From<io::Error> for ReadProblem {
    fn from(e: io::Error) -> Self {
        match Errno::from_io_error(&e) {
            Some(Errno::NOENT) => Self::Removed,
            Some(Errno::LOOP) => Self::BecameLink,
            Some(Errno::NOTDIR | Errno::NXIO) => Self::Replaced,
            _ => Self::Io(e),
        }
    }
}
