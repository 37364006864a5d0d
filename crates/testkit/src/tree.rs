//! Directory trees as plain data: made from a seed or by hand, written to disk, printed when a test fails.

mod edit;
mod generate;
mod rules;
mod shrink;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use rustix::fs::{FileType, Mode};

pub use edit::edited;
pub use generate::{Kinds, random_case};
pub use shrink::shrink;

use crate::escape;

/// A tree: every entry by its path, relative to the top and with `/` between components.
///
/// The directories above an entry have to be entries too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeSpec {
    /// The entries, in an order that puts directories before what is in them.
    pub entries: BTreeMap<Vec<u8>, Item>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// The permission bits, `07777`. Symbolic links have none of their own.
    pub mode: u32,
    /// The time of modification: seconds and nanoseconds since 1970.
    pub mtime: (u64, u32),
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Dir,
    /// A regular file.
    File {
        /// All of its bytes.
        content: Vec<u8>,
    },
    /// A symbolic link.
    Symlink {
        /// What it says, which may lead nowhere.
        target: Vec<u8>,
    },
    /// A hard link to a regular file of this tree whose path sorts before its own.
    Hardlink {
        /// The path of that file.
        to: Vec<u8>,
    },
    /// A named pipe.
    Fifo,
    /// A socket, left behind by a server.
    Socket,
}

/// The time that entries have if nobody cares: in 2020.
pub const SOME_TIME: (u64, u32) = (1_600_000_000, 0);

/// A context and how it is built: what a builder is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The context, with its Dockerfile and ignore files in it.
    pub tree: TreeSpec,
    /// The Dockerfile's path in the context.
    pub dockerfile: String,
}

/// # Making
impl TreeSpec {
    /// Adds a directory, and those above it.
    pub fn dir(&mut self, path: &[u8]) {
        self.parents(path);
        self.entries
            .entry(path.to_vec())
            .or_insert_with(|| Item::new(Kind::Dir, 0o755));
    }

    /// Adds a regular file, and the directories above it.
    pub fn file(&mut self, path: &[u8], content: &[u8]) {
        let content = content.to_vec();
        self.add(path, Item::new(Kind::File { content }, 0o644));
    }

    /// Adds an entry, and the directories above it.
    pub fn add(&mut self, path: &[u8], item: Item) {
        self.parents(path);
        self.entries.insert(path.to_vec(), item);
    }

    /// Removes an entry, everything in it, and the hard links that would lead nowhere.
    pub fn remove(&mut self, path: &[u8]) {
        let inside = [path, b"/"].concat();
        let gone = |path_of: &[u8]| path_of == path || path_of.starts_with(&inside);
        self.entries.retain(|entry, item| {
            let dangles = matches!(&item.kind, Kind::Hardlink { to } if gone(to));
            !gone(entry) && !dangles
        });
    }

    fn parents(&mut self, path: &[u8]) {
        let slashes = (0..path.len()).filter(|&at| path[at] == b'/');
        for at in slashes.collect::<Vec<_>>() {
            self.entries
                .entry(path[..at].to_vec())
                .or_insert_with(|| Item::new(Kind::Dir, 0o755));
        }
    }
}

impl Item {
    /// An entry with a mode and [`SOME_TIME`].
    pub fn new(kind: Kind, mode: u32) -> Self {
        Self {
            kind,
            mode,
            mtime: SOME_TIME,
        }
    }

    /// Whether this is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == Kind::Dir
    }
}

/// # Looking
impl TreeSpec {
    /// The content of a regular file.
    pub fn content(&self, path: &[u8]) -> Option<&[u8]> {
        match self.entries.get(path).map(|item| &item.kind) {
            Some(Kind::File { content }) => Some(content),
            _ => None,
        }
    }
}

/// Writing
impl TreeSpec {
    /// Writes the tree into the existing directory `top`, with modes and times.
    ///
    /// # Errors
    /// As the file system has it.
    pub fn write(&self, top: &Path) -> io::Result<()> {
        for (path, item) in &self.entries {
            item.write(&host_path(top, path), top)?;
        }
        // From the bottom up: what is in a directory changes its time, and its mode may forbid changes.
        for (path, item) in self.entries.iter().rev() {
            item.finish(&host_path(top, path))?;
        }
        Ok(())
    }
}

impl Item {
    fn write(&self, path: &Path, top: &Path) -> io::Result<()> {
        match &self.kind {
            Kind::Dir => fs::create_dir(path),
            Kind::File { content } => fs::write(path, content),
            Kind::Symlink { target } => symlink(bytes_as_path(target), path),
            Kind::Hardlink { to } => fs::hard_link(host_path(top, to), path),
            Kind::Fifo => node(path, FileType::Fifo),
            Kind::Socket => node(path, FileType::Socket),
        }
    }

    fn finish(&self, path: &Path) -> io::Result<()> {
        match self.kind {
            // These are the file's.
            Kind::Hardlink { .. } => return Ok(()),
            Kind::Symlink { .. } => {}
            Kind::Dir | Kind::File { .. } | Kind::Fifo | Kind::Socket => {
                fs::set_permissions(path, Permissions::from_mode(self.mode))?;
            }
        }
        let time = SystemTime::UNIX_EPOCH + Duration::new(self.mtime.0, self.mtime.1);
        set_mtime(path, time)
    }
}

fn node(path: &Path, kind: FileType) -> io::Result<()> {
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, Mode::from_raw_mode(0o600), 0)?;
    Ok(())
}

/// Sets the time of an entry itself, of a link too, without opening it: a pipe would wait for a writer.
fn set_mtime(path: &Path, time: SystemTime) -> io::Result<()> {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(io::Error::other)?;
    let seconds = i64::try_from(since.as_secs()).map_err(io::Error::other)?;
    let time = rustix::fs::Timespec {
        tv_sec: seconds,
        tv_nsec: since.subsec_nanos().into(),
    };
    let times = rustix::fs::Timestamps {
        last_access: time,
        last_modification: time,
    };
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::utimensat(rustix::fs::CWD, path, &times, flags)?;
    Ok(())
}

/// The path on disk of an entry of a tree below `top`.
pub fn host_path(top: &Path, path: &[u8]) -> PathBuf {
    top.join(bytes_as_path(path))
}

fn bytes_as_path(path: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(path))
}

impl fmt::Display for TreeSpec {
    /// One entry a line, like `ls -l`; of text files, the content below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, item) in &self.entries {
            let path = escape::display(path);
            let mode = item.mode;
            match &item.kind {
                Kind::Dir => writeln!(f, "{mode:04o} {path}/")?,
                Kind::File { content } => {
                    writeln!(f, "{mode:04o} {path} ({} bytes)", content.len())?;
                }
                Kind::Symlink { target } => writeln!(f, "{path} -> {}", escape::display(target))?,
                Kind::Hardlink { to } => writeln!(f, "{path} = {}", escape::display(to))?,
                Kind::Fifo => writeln!(f, "{mode:04o} {path} (pipe)")?,
                Kind::Socket => writeln!(f, "{mode:04o} {path} (socket)")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Case {
    /// The tree, and the ignore files line by line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.tree)?;
        for (path, item) in &self.tree.entries {
            if let Kind::File { content } = &item.kind
                && path.ends_with(b"ignore")
            {
                writeln!(f, "--- {}", escape::display(path))?;
                for line in content.split(|&byte| byte == b'\n') {
                    writeln!(f, "    {}", escape::display(line))?;
                }
            }
        }
        write!(f, "--- dockerfile: {}", self.dockerfile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_written() {
        let mut tree = TreeSpec::default();
        tree.file(b"d/f", b"text");
        tree.add(
            b"d/s",
            Item::new(
                Kind::Symlink {
                    target: b"nowhere".to_vec(),
                },
                0,
            ),
        );
        tree.add(
            b"d/h",
            Item::new(
                Kind::Hardlink {
                    to: b"d/f".to_vec(),
                },
                0,
            ),
        );
        tree.add(b"p", Item::new(Kind::Fifo, 0o600));
        tree.add(b"q", Item::new(Kind::Socket, 0o600));
        tree.dir(b"locked");
        if let Some(item) = tree.entries.get_mut(&b"locked"[..]) {
            item.mode = 0o3111;
        }
        let top = tempfile::tempdir().unwrap();
        tree.write(top.path()).unwrap();
        let meta = |path: &str| fs::symlink_metadata(top.path().join(path)).unwrap();
        assert_eq!(meta("locked").permissions().mode() & 0o7777, 0o3111);
        assert_eq!(meta("d/f").len(), 4);
        assert!(meta("d/s").is_symlink());
        let modified = meta("p").modified().unwrap();
        assert_eq!(
            modified,
            SystemTime::UNIX_EPOCH + Duration::from_secs(SOME_TIME.0)
        );
        fs::set_permissions(top.path().join("locked"), Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn removing_takes_what_hangs_on_it() {
        let mut tree = TreeSpec::default();
        tree.file(b"a/b/c", b"");
        tree.file(b"a/bc", b"");
        tree.add(
            b"z",
            Item::new(
                Kind::Hardlink {
                    to: b"a/b/c".to_vec(),
                },
                0,
            ),
        );
        tree.remove(b"a/b");
        let left: Vec<_> = tree.entries.into_keys().collect();
        assert_eq!(left, [b"a".to_vec(), b"a/bc".to_vec()]);
    }
}
