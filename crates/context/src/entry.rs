//! `Entry`: one thing in a context, as its source lists it, before any policy.

use crate::content::Content;
use crate::path::EntryPath;

/// One file, directory, link or special file of a [`Tree`](crate::Tree), with the metadata its source has for
/// it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Where it is in the context.
    pub path: EntryPath,
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: within `0o7777`.
    pub mode: u32,
    /// Owner in the source. The policy's default replaces it by 0.
    pub uid: u32,
    /// Group in the source. The policy's default replaces it by 0.
    pub gid: u32,
    /// When its content was last changed.
    pub mtime: Mtime,
    /// Entries with one number are one file under several names: hard links.
    pub inode: Option<u32>,
    /// How it came to be in the tree.
    pub standing: Standing,
    /// What to read for a file; nothing for all others.
    pub content: Content,
    /// Which of the tree's sources it came from.
    pub origin: Origin,
}

/// What an entry is, with what only that kind has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
    },
    /// A directory.
    Dir,
    /// A symbolic link, never followed.
    Symlink {
        /// Where it points, as written, not checked.
        target: Box<[u8]>,
    },
    /// A named pipe, never opened.
    Fifo,
    /// A character device, never opened.
    Char(Device),
    /// A block device, never opened.
    Block(Device),
}

/// The numbers of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Which driver.
    pub major: u32,
    /// Which of the driver's devices.
    pub minor: u32,
}

/// A time since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mtime {
    /// Whole seconds, rounded down; negative before 1970.
    pub secs: i64,
    /// Nanoseconds beyond `secs`, less than 1,000,000,000.
    pub nanos: u32,
}

/// Why an entry is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// A source named it.
    #[default]
    Named,
    /// An excluded directory with something re-included below it. The classic builder is sent no entry for it,
    /// BuildKit must be.
    Excluded,
    /// No source has it, but something stands below it: a directory with mode 0755 and time 0.
    Made,
}

/// The number of a source in its tree; [`Tree::origin`](crate::Tree::origin) tells what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(pub(crate) u32);

impl Origin {
    /// The place of the source in [`Tree::origins`](crate::Tree::origins); that of the context directory of a
    /// [`Recipe`](crate::Recipe) is 0.
    pub fn number(self) -> usize {
        self.0 as usize
    }
}

impl Entry {
    /// Its size in bytes: that of a file, 0 for all others.
    pub fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size } => size,
            Kind::Dir | Kind::Symlink { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => 0,
        }
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        matches!(self.kind, Kind::Dir)
    }
}

impl Kind {
    /// The word for it in listings: `file`, `dir`, `symlink`, `fifo`, `char`, `block`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Dir => "dir",
            Self::Symlink { .. } => "symlink",
            Self::Fifo => "fifo",
            Self::Char(_) => "char",
            Self::Block(_) => "block",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_with_its_path_stays_under_400_bytes() {
        assert!(size_of::<Entry>() <= 160, "{}", size_of::<Entry>());
    }
}
