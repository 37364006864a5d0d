//! Writing a tree into a directory so that nothing of it lands elsewhere.
//!
//! Every operation is relative to the open directory, one component at a time, and follows no link: neither one that the tree
//! brought nor one that was there. What is written gets a temporary name and then its own.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags, fchmod, fsetxattr, futimens,
    linkat, mkdirat, mknodat, openat, renameat, statat, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;
use shipload_context::EntryPath;

use crate::session::wire::{Stat, mode};

/// How a directory is opened, on the way and at the end of it.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// An open directory into which a tree is written.
pub(super) struct Disk(OwnedFd);

impl Disk {
    /// Opens `path`, which may be a link; a directory that is not there is made for this user alone, as by `docker build`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// The directory that an entry is in.
    fn parent(&self, path: &EntryPath) -> io::Result<OwnedFd> {
        match path.parent() {
            Some(parent) => self.descend(&parent),
            None => Ok(self.0.try_clone()?),
        }
    }

    fn descend(&self, path: &EntryPath) -> io::Result<OwnedFd> {
        let mut at = None;
        for name in path.components() {
            let from = at.as_ref().unwrap_or(&self.0);
            at = Some(openat(from, name, DIRECTORY, Mode::empty())?);
        }
        at.map_or_else(|| self.0.try_clone(), Ok)
    }

    /// Makes a directory, if there is none, and one that is writable until [`seal`](Self::seal): an earlier build may have left
    /// it otherwise.
    pub(super) fn directory(&self, path: &EntryPath) -> io::Result<()> {
        let (parent, name) = (self.parent(path)?, path.file_name());
        match statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) if FileType::from_raw_mode(there.st_mode).is_dir() => {
                let mode = Mode::from_raw_mode(there.st_mode);
                if !mode.contains(Mode::RWXU) {
                    let directory = openat(&parent, name, DIRECTORY, Mode::empty())?;
                    fchmod(&directory, mode | Mode::RWXU)?;
                }
                return Ok(());
            }
            Ok(_) => unlinkat(&parent, name, AtFlags::empty())?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(mkdirat(&parent, name, Mode::RWXU)?)
    }

    /// Gives a directory its metadata, when there is nothing more to write into it.
    pub(super) fn seal(&self, path: &EntryPath, stat: &Stat) -> io::Result<()> {
        set_metadata(&self.descend(path)?, stat)
    }

    /// Begins a file.
    pub(super) fn file(&self, path: &EntryPath) -> io::Result<NewFile> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let (temporary, file) = Temporary::make(self.parent(path)?, |parent, name| {
            openat(parent, name, flags, Mode::RUSR | Mode::WUSR)
        })?;
        Ok(NewFile {
            file: file.into(),
            written: 0,
            temporary,
        })
    }

    /// Makes a symbolic link, whose target is nobody's business.
    pub(super) fn symlink(&self, path: &EntryPath, stat: &Stat) -> io::Result<()> {
        let (temporary, ()) = Temporary::make(self.parent(path)?, |parent, name| {
            symlinkat(&stat.linkname[..], parent, name)
        })?;
        temporary.stamp(stat)?;
        temporary.rename(path)
    }

    /// Makes a FIFO, a socket or a device.
    pub(super) fn special(&self, path: &EntryPath, stat: &Stat) -> io::Result<()> {
        let kind = if stat.mode & mode::NAMED_PIPE != 0 {
            FileType::Fifo
        } else if stat.mode & mode::SOCKET != 0 {
            FileType::Socket
        } else if stat.mode & mode::CHARACTER_DEVICE != 0 {
            FileType::CharacterDevice
        } else {
            FileType::BlockDevice
        };
        let number = |number: i64| u32::try_from(number).map_err(|_| Errno::INVAL);
        let device = rustix::fs::makedev(number(stat.devmajor)?, number(stat.devminor)?);
        let permissions = Mode::from_raw_mode(mode::permissions(stat.mode));
        let (temporary, ()) = Temporary::make(self.parent(path)?, |parent, name| {
            mknodat(parent, name, kind, permissions, device)
        })?;
        temporary.stamp(stat)?;
        temporary.rename(path)
    }

    /// Gives a file a further name.
    pub(super) fn link(&self, path: &EntryPath, target: &EntryPath) -> io::Result<()> {
        let from = self.parent(target)?;
        let (temporary, ()) = Temporary::make(self.parent(path)?, |parent, name| {
            linkat(&from, target.file_name(), parent, name, AtFlags::empty())
        })?;
        temporary.rename(path)
    }
}

/// A file that has no name of its own yet; gone if it is dropped before [`finish`](Self::finish).
pub(super) struct NewFile {
    file: File,
    written: u64,
    temporary: Temporary,
}

impl NewFile {
    pub(super) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.written += data.len() as u64;
        self.file.write_all(data)
    }

    /// How much was written, in bytes.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Gives it its metadata and its name.
    pub(super) fn finish(self, path: &EntryPath, stat: &Stat) -> io::Result<()> {
        set_metadata(&self.file, stat)?;
        self.temporary.rename(path)
    }
}

/// Something under a temporary name, removed when dropped.
struct Temporary {
    parent: OwnedFd,
    name: String,
}

impl Temporary {
    /// Makes something under a name that nothing has.
    fn make<T>(
        parent: OwnedFd,
        mut make: impl FnMut(&OwnedFd, &str) -> Result<T, Errno>,
    ) -> io::Result<(Self, T)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".shipload-{}-{number}", std::process::id());
            match make(&parent, &name) {
                Ok(result) => return Ok((Self { parent, name }, result)),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives it its time; one that is a link is not followed.
    fn stamp(&self, stat: &Stat) -> io::Result<()> {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(utimensat(&self.parent, &self.name, &times(stat), flags)?)
    }

    /// Gives it its own name in the same directory. What has it is replaced, but for a directory with something in it.
    ///
    /// Between two names of one file renaming does nothing; then, too, dropping removes the temporary one.
    fn rename(self, path: &EntryPath) -> io::Result<()> {
        let rename = || renameat(&self.parent, &self.name, &self.parent, path.file_name());
        match rename() {
            Err(Errno::ISDIR) => {
                unlinkat(&self.parent, path.file_name(), AtFlags::REMOVEDIR)?;
                Ok(rename()?)
            }
            renamed => Ok(renamed?),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Mostly it has its own name by now.
        let _ = unlinkat(&self.parent, &self.name, AtFlags::empty());
    }
}

/// Extended attributes as far as this user may set them and the file system keeps them, as BuildKit's clients do.
fn set_metadata(file: impl std::os::fd::AsFd, stat: &Stat) -> io::Result<()> {
    for (name, value) in &stat.xattrs {
        let _ = fsetxattr(&file, name.as_str(), value, XattrFlags::empty());
    }
    fchmod(&file, Mode::from_raw_mode(mode::permissions(stat.mode)))?;
    Ok(futimens(&file, &times(stat))?)
}

/// Both times: nothing tells when it was read.
fn times(stat: &Stat) -> Timestamps {
    const SECOND: i64 = 1_000_000_000;
    let time = Timespec {
        tv_sec: stat.mod_time.div_euclid(SECOND),
        tv_nsec: stat.mod_time.rem_euclid(SECOND),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
