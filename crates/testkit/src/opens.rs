//! Which files below a directory are opened, as the kernel tells it (`inotify`), whoever opens them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// A watch on every directory below a root, one `inotify` watch each.
#[derive(Debug)]
pub struct Opens {
    inotify: OwnedFd,
    /// The directories by their watch, relative to the root.
    directories: BTreeMap<i32, PathBuf>,
}

impl Opens {
    /// Begins to watch `root` with the directories that are in it now.
    ///
    /// # Errors
    /// When they cannot be read, or are more than the system watches.
    pub fn watch(root: &Path) -> io::Result<Self> {
        let mut opens = Self {
            inotify: inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?,
            directories: BTreeMap::new(),
        };
        let mut waiting = vec![PathBuf::new()];
        let mut found = Vec::new();
        while let Some(directory) = waiting.pop() {
            for entry in fs::read_dir(root.join(&directory))? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    waiting.push(directory.join(entry.file_name()));
                }
            }
            found.push(directory);
        }
        for directory in found {
            let watch =
                inotify::add_watch(&opens.inotify, root.join(&directory), WatchFlags::OPEN)?;
            opens.directories.insert(watch, directory);
        }
        Ok(opens)
    }

    /// The files that were opened since it began, or was last asked: each once, relative to the root. Directories do not count.
    ///
    /// # Errors
    /// When so many were opened that the kernel lost count.
    pub fn take(&mut self) -> io::Result<BTreeSet<PathBuf>> {
        self.take_all().map(|(files, _)| files)
    }

    /// As [`Opens::take`], and the directories that were opened, of which the root is an empty path.
    ///
    /// # Errors
    /// When so many were opened that the kernel lost count.
    pub fn take_all(&mut self) -> io::Result<(BTreeSet<PathBuf>, BTreeSet<PathBuf>)> {
        let mut files = BTreeSet::new();
        let mut directories = BTreeSet::new();
        let mut buffer = [MaybeUninit::uninit(); 4 << 10];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        loop {
            let event = match events.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => return Ok((files, directories)),
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                return Err(io::Error::other("more files were opened than were counted"));
            }
            let Some(directory) = self.directories.get(&event.wd()) else {
                continue;
            };
            let is_dir = event.events().contains(ReadFlags::ISDIR);
            match event
                .file_name()
                .map(|name| OsStr::from_bytes(name.to_bytes()))
            {
                Some(name) if is_dir => directories.insert(directory.join(name)),
                Some(name) => files.insert(directory.join(name)),
                // The directory that is watched.
                None => directories.insert(directory.clone()),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_is_told_and_what_is_listed_is_not() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        for file in ["x", "a/y", "a/b/z"] {
            fs::write(root.path().join(file), "").unwrap();
        }
        let mut opens = Opens::watch(root.path()).unwrap();
        for entry in fs::read_dir(root.path().join("a")).unwrap() {
            entry.unwrap().metadata().unwrap();
        }
        assert_eq!(opens.take().unwrap(), BTreeSet::new());
        fs::read_dir(root.path().join("a/b")).unwrap();
        let (files, directories) = opens.take_all().unwrap();
        assert_eq!(files, BTreeSet::new());
        assert_eq!(directories, BTreeSet::from([PathBuf::from("a/b")]));
        for file in ["a/b/z", "x", "x"] {
            fs::read(root.path().join(file)).unwrap();
        }
        let expected = ["a/b/z", "x"].map(PathBuf::from);
        assert_eq!(opens.take().unwrap(), BTreeSet::from(expected));
        assert_eq!(opens.take().unwrap(), BTreeSet::new());
    }
}
