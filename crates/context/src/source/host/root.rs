//! `HostRoot`: one directory of this machine, below which files are opened without following any link.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::beneath;
use crate::entry::Mtime;
use crate::path::EntryPath;

/// A directory of this machine and where what is below it stands in the context.
///
/// It holds the directory open: renaming it, or putting another in its place, changes nothing.
#[derive(Debug)]
pub(crate) struct HostRoot {
    dir: OwnedFd,
    /// The directory as the caller named it, for messages.
    shown: PathBuf,
    /// Where `dir`, or for a single file `file`, stands in the context; empty for the context's root.
    mount: Vec<u8>,
    /// The one file of `dir` that stands at `mount`.
    file: Option<Vec<u8>>,
}

/// What of a file's metadata tells one state of it from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) regular: bool,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) mtime: Mtime,
    pub(crate) ctime: Mtime,
}

/// # Making one
impl HostRoot {
    /// Opens a directory; its own name may lead through links, as `docker build PATH` allows.
    pub(crate) fn directory(path: &Path, mount: Option<&EntryPath>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self {
            dir,
            shown: path.to_owned(),
            mount: mount.map(|m| m.as_bytes().to_vec()).unwrap_or_default(),
            file: None,
        })
    }

    /// Opens the directory of a single file, which shall stand at `mount`.
    pub(crate) fn single(path: &Path, mount: &EntryPath) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let root = Self::directory(parent, Some(mount))?;
        Ok(Self {
            file: Some(name.as_bytes().to_vec()),
            ..root
        })
    }
}

/// # Reading below it
impl HostRoot {
    /// Opens the file that stands at `path` in the context.
    pub(crate) fn open(&self, path: &EntryPath) -> io::Result<std::fs::File> {
        // NONBLOCK, so that a FIFO put in a file's place cannot make us wait for its writer.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        beneath::open(self.dir.as_fd(), self.relative(path), flags).map(Into::into)
    }

    /// Opens a directory below it for listing; `path` is relative to the root, and empty for the root itself.
    pub(crate) fn open_dir(&self, path: &[u8]) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        beneath::open(
            self.dir.as_fd(),
            if path.is_empty() { b"." } else { path },
            flags,
        )
    }

    /// Opens a directory below it for reaching what is in it, which needs no permission to list it; `path` as in
    /// [`HostRoot::open_dir`].
    #[cfg(target_os = "linux")]
    pub(crate) fn reach_dir(&self, path: &[u8]) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = if path.is_empty() { b"." } else { path };
        beneath::open(self.dir.as_fd(), path, flags)
    }

    /// The path below the root of what stands at `path` in the context; empty for the root itself.
    pub(crate) fn relative<'a>(&'a self, path: &'a EntryPath) -> &'a [u8] {
        match &self.file {
            Some(name) => name,
            None if self.mount.is_empty() => path.as_bytes(),
            None => path
                .as_bytes()
                .get(self.mount.len() + 1..)
                .unwrap_or_default(),
        }
    }

    /// The path on this machine of what stands at `path`, for messages.
    pub(crate) fn host_path(&self, path: &EntryPath) -> PathBuf {
        match &self.file {
            Some(name) => self.shown.join(std::ffi::OsStr::from_bytes(name)),
            None => self
                .shown
                .join(std::ffi::OsStr::from_bytes(self.relative(path))),
        }
    }

    /// The directory, as the caller named it.
    pub(crate) fn shown(&self) -> &Path {
        &self.shown
    }

    /// The path on this machine of a directory given relative to the root, for messages.
    pub(crate) fn host_dir(&self, relative: &[u8]) -> PathBuf {
        if relative.is_empty() {
            return self.shown.clone();
        }
        self.shown
            .join(std::ffi::OsString::from_vec(relative.to_vec()))
    }
}

impl Stamp {
    /// That of an open file.
    pub(crate) fn of(file: impl AsFd) -> io::Result<Self> {
        Ok(Self::from(&rustix::fs::fstat(file)?))
    }
}

impl From<&rustix::fs::Stat> for Stamp {
    #[allow(
        clippy::useless_conversion,
        reason = "the fields' types differ between systems"
    )]
    fn from(stat: &rustix::fs::Stat) -> Self {
        let time = |secs, nanos| Mtime {
            secs,
            nanos: u32::try_from(nanos).unwrap_or(0),
        };
        Self {
            regular: rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file(),
            device: stat.st_dev.into(),
            inode: stat.st_ino.into(),
            mode: u32::from(stat.st_mode) & 0o7777,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: time(stat.st_mtime.into(), stat.st_mtime_nsec),
            ctime: time(stat.st_ctime.into(), stat.st_ctime_nsec),
        }
    }
}

/// The value of `security.capability`; `None` where there is none or the file system has no such thing.
#[cfg(target_os = "linux")]
pub(crate) fn capability(file: &std::fs::File) -> Option<Vec<u8>> {
    // Version 3, with the root user's id, is the longest: 24 bytes.
    let mut value = [0_u8; 64];
    let len = rustix::fs::fgetxattr(file, c"security.capability", &mut value).ok()?;
    (len > 0).then(|| value[..len].to_vec())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn capability(_: &std::fs::File) -> Option<Vec<u8>> {
    None
}
