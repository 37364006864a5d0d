//! Sources on this machine: a directory under ignore rules, or a single file under another name.

mod beneath;
pub(crate) mod portion;
pub(crate) mod root;
mod walk;
pub(crate) mod xattrs;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Stat};
use shipload_ignore::{Rules, Semantics};

use crate::content::{Content, HostFile, HostNode};
use crate::entry::{Device, Entry, Kind, Origin, Standing};
use crate::path::EntryPath;
use crate::tree::{Links, Notice, TreeError};
use root::{HostRoot, Stamp};

pub(crate) use walk::list;

/// A directory of this machine, taken recursively, filtered by ignore rules; links in it are never followed.
///
/// ```no_run
/// use shipload_context::{HostDir, TreeBuilder};
///
/// let tree = TreeBuilder::new().directory(HostDir::new("site").at("var/www".parse()?)).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HostDir {
    pub(crate) path: PathBuf,
    pub(crate) mount: Option<EntryPath>,
    pub(crate) rules: Rules,
    pub(crate) unreadable: OnUnreadable,
}

/// What to do with a file or directory that is in the context, but cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnreadable {
    /// Fail and name it. The default: a context that lacks a file in silence builds a wrong image.
    #[default]
    Fail,
    /// Leave it out, with a [`Notice`].
    Skip,
}

impl HostDir {
    /// The directory `path`, at the root of the context, without any rules.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            mount: None,
            rules: Rules::none(Semantics::default()),
            unreadable: OnUnreadable::Fail,
        }
    }

    /// Puts it at `mount` in the context; the default is the root.
    #[must_use]
    pub fn at(self, mount: EntryPath) -> Self {
        Self {
            mount: Some(mount),
            ..self
        }
    }

    /// Leaves out what `rules` exclude; their paths are relative to the directory. The default is no rules.
    #[must_use]
    pub fn rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// What to do with what cannot be read; the default is to fail.
    #[must_use]
    pub fn on_unreadable(self, unreadable: OnUnreadable) -> Self {
        Self { unreadable, ..self }
    }
}

/// What a source found, in the order of paths.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<Entry>,
    pub(crate) notices: Vec<Notice>,
    /// Whether the parents of all entries are among them.
    pub(crate) parents: bool,
}

/// Lists a single file, link or special file that shall stand at `mount`. A link is followed: the caller
/// named it.
pub(crate) fn single(
    path: &Path,
    mount: &EntryPath,
    origin: Origin,
    links: &Links,
) -> Result<Listing, TreeError> {
    let fail = |e: io::Error| TreeError::Host {
        path: path.to_owned(),
        source: e,
    };
    let real = fs_err::canonicalize(path).map_err(fail)?;
    let root = Arc::new(HostRoot::single(&real, mount).map_err(fail)?);
    let stat = rustix::fs::statat(rustix::fs::CWD, &real, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|e| fail(e.into()))?;
    let mut listing = Listing::default();
    match Found::from_stat(&stat) {
        Found::Kind(kind) => {
            let entry = entry(mount.clone(), kind, &stat, &root, origin, links);
            listing.entries.push(entry);
        }
        Found::Link => return Err(fail(io::ErrorKind::NotFound.into())),
        Found::Socket => listing.notices.push(Notice::Socket(mount.clone())),
    }
    Ok(listing)
}

/// What a stat says: most kinds at once, but a link's target must be read, and a socket cannot be sent.
enum Found {
    Kind(Kind),
    Link,
    Socket,
}

impl Found {
    fn from_stat(stat: &Stat) -> Self {
        #[allow(
            clippy::useless_conversion,
            clippy::unnecessary_cast,
            reason = "differs between systems"
        )]
        let device = || Device {
            major: rustix::fs::major(stat.st_rdev as _),
            minor: rustix::fs::minor(stat.st_rdev as _),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Self::Kind(Kind::File {
                size: u64::try_from(stat.st_size).unwrap_or(0),
            }),
            FileType::Directory => Self::Kind(Kind::Dir),
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Kind(Kind::Fifo),
            FileType::CharacterDevice => Self::Kind(Kind::Char(device())),
            FileType::BlockDevice => Self::Kind(Kind::Block(device())),
            FileType::Socket | FileType::Unknown => Self::Socket,
        }
    }
}

fn entry(
    path: EntryPath,
    kind: Kind,
    stat: &Stat,
    root: &Arc<HostRoot>,
    origin: Origin,
    links: &Links,
) -> Entry {
    let stamp = Stamp::from(stat);
    let content = match kind {
        Kind::File { .. } => Content::Host(HostFile {
            root: Arc::clone(root),
            device: stamp.device,
            inode: stamp.inode,
        }),
        _ => Content::Node(HostNode {
            root: Arc::clone(root),
        }),
    };
    let linked = stat.st_nlink > 1 && !matches!(kind, Kind::Dir);
    Entry {
        path,
        kind,
        mode: stamp.mode,
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: stamp.mtime,
        inode: linked.then(|| links.of(stamp.device, stamp.inode)),
        standing: Standing::Named,
        content,
        origin,
    }
}
