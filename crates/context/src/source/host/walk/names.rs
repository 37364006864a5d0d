//! What the walk does with a directory: lists its names, asks the rules about each, and stats those that are
//! in.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, statat};
use rustix::io::Errno;
use shipload_ignore::Frame;

use super::super::portion::Portion;
use super::super::{Found, OnUnreadable, entry};
use super::{Job, Piece, Task, Walk, Yield};
use crate::entry::{Kind, Standing};
use crate::path::{EntryPath, show_path};
use crate::tree::{Notice, TreeError};

/// One name of a directory, with its type where the file system tells it.
pub(super) struct Name {
    name: Box<[u8]>,
    kind: FileType,
}

/// # Reading
impl Walk<'_> {
    /// The names in a directory, in byte order. `None`: it is gone, or it may be left out.
    pub(super) fn read_dir(
        &self,
        path: &[u8],
        excluded: bool,
        found: &mut Yield,
    ) -> Result<Option<(OwnedFd, Vec<Name>)>, TreeError> {
        let opened = self
            .root
            .open_dir(path)
            .map_err(|e| match Errno::from_io_error(&e) {
                Some(errno) => errno,
                None => Errno::IO,
            });
        let portion = self.portion.below(path);
        let listed = opened.and_then(|handle| Ok((names_of(&handle, portion)?, handle)));
        match listed {
            Ok((names, handle)) => Ok(Some((handle, names))),
            Err(Errno::NOENT) if !path.is_empty() => Ok(None),
            Err(Errno::ACCESS | Errno::PERM) if excluded || self.skips(path) => {
                found
                    .notices
                    .push(Notice::Unreadable(self.context_path(path)?));
                Ok(None)
            }
            Err(Errno::LOOP | Errno::NOTDIR) if !path.is_empty() => {
                Err(TreeError::ReplacedDirectory {
                    path: self.context_path(path)?,
                })
            }
            Err(e) => Err(TreeError::Host {
                path: self.root.host_dir(path),
                source: e.into(),
            }),
        }
    }

    /// Whether an unreadable directory is to be left out; that of the root never is.
    fn skips(&self, path: &[u8]) -> bool {
        self.notes_unreadable() && !path.is_empty()
    }

    /// Whether the listing goes on without what cannot be read.
    fn notes_unreadable(&self) -> bool {
        self.unreadable == OnUnreadable::Skip || !self.portion.is_everything()
    }

    /// Whether more than its name is asked of what stands here.
    fn is_looked_into(&self, relative: &[u8]) -> bool {
        self.portion.of(relative).is_some()
    }

    fn context_path(&self, relative: &[u8]) -> Result<EntryPath, TreeError> {
        EntryPath::child(&self.mount, relative).map_err(|source| TreeError::Name {
            origin: show_path(self.root.shown()),
            source,
        })
    }

    /// Asks the rules about one name, and stats it if it is in.
    pub(super) fn visit(
        &self,
        dir: &[u8],
        handle: &OwnedFd,
        name: Name,
        frame: &Frame,
        found: &mut Yield,
    ) -> Result<(), TreeError> {
        let Name { name, kind } = name;
        let relative = join(dir, &name);
        let fail = |errno: Errno| TreeError::Host {
            path: self.root.host_dir(&relative),
            source: errno.into(),
        };
        let mut stat = None;
        let is_dir = match kind {
            FileType::Unknown => match statat(handle, &*name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(now) => FileType::from_raw_mode(stat.insert(now).st_mode).is_dir(),
                Err(Errno::NOENT) => return Ok(()),
                Err(e) => return Err(fail(e)),
            },
            kind => kind.is_dir(),
        };
        let verdict = self.rules.judge(frame, &relative, is_dir)?;
        if verdict.excluded && !(is_dir && verdict.enter) {
            return Ok(());
        }
        let stat = match stat.map_or_else(|| statat(handle, &*name, AtFlags::SYMLINK_NOFOLLOW), Ok)
        {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::ACCESS) if verdict.excluded || self.notes_unreadable() => {
                found
                    .notices
                    .push(Notice::Unreadable(self.context_path(&relative)?));
                return Ok(());
            }
            Err(e) => return Err(fail(e)),
        };
        let path = self.context_path(&relative)?;
        let kind = match Found::from_stat(&stat) {
            Found::Kind(kind) => kind,
            Found::Socket => {
                found.notices.push(Notice::Socket(path));
                return Ok(());
            }
            Found::Link => match rustix::fs::readlinkat(handle, &*name, Vec::new()) {
                Ok(target) => Kind::Symlink {
                    target: target.into_bytes().into_boxed_slice(),
                },
                Err(Errno::NOENT) => return Ok(()),
                Err(e) => return Err(fail(e)),
            },
        };
        if matches!(kind, Kind::Dir) != is_dir {
            return Err(TreeError::ReplacedDirectory { path });
        }
        if matches!(kind, Kind::File { .. })
            && self.notes_unreadable()
            && self.is_looked_into(&relative)
            && !readable(handle, &name)
        {
            found.notices.push(Notice::Unreadable(path.clone()));
            // Where nobody asked to skip it, it is listed, and an error when it is read.
            if self.unreadable == OnUnreadable::Skip {
                return Ok(());
            }
        }
        if !verdict.excluded && name.starts_with(b".wh.") {
            found.notices.push(Notice::Whiteout(path.clone()));
        }
        self.progress.listed(&path, &kind);
        let mut entry = entry(path, kind, &stat, &self.root, self.origin, self.links);
        if verdict.excluded {
            entry.standing = Standing::Excluded;
        }
        if !is_dir || !self.is_looked_into(&relative) {
            found.pieces.push(Piece::Entry(entry));
            return Ok(());
        }
        found.pieces.push(Piece::Dir(entry, found.jobs.len()));
        let task = Task::Dir {
            path: relative,
            excluded: verdict.excluded,
        };
        found.jobs.push(Job {
            number: 0,
            task,
            frame: verdict.frame,
        });
        Ok(())
    }
}

fn readable(handle: &OwnedFd, name: &[u8]) -> bool {
    rustix::fs::accessat(handle, name, rustix::fs::Access::READ_OK, AtFlags::EACCESS).is_ok()
}

/// The names that a portion of a directory has.
fn names_of(handle: &OwnedFd, portion: &Portion) -> Result<Vec<Name>, Errno> {
    let Some(given) = portion.names() else {
        return names(handle);
    };
    let mut found = Vec::new();
    for name in given {
        match statat(handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => found.push(Name {
                name: name.into(),
                kind: FileType::from_raw_mode(stat.st_mode),
            }),
            // No file system has such a name here.
            Err(Errno::NOENT | Errno::NAMETOOLONG | Errno::INVAL | Errno::ILSEQ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn names(handle: &OwnedFd) -> Result<Vec<Name>, Errno> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(handle)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(Name {
                name: name.into(),
                kind: entry.file_type(),
            });
        }
    }
    Ok(in_order(names))
}

/// In byte order, each once: a file system may give a name twice where others come and go meanwhile.
fn in_order(mut names: Vec<Name>) -> Vec<Name> {
    names.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    names
}

fn join(dir: &[u8], name: &[u8]) -> Box<[u8]> {
    if dir.is_empty() {
        return name.into();
    }
    [dir, b"/", name].concat().into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_given_twice_is_one() {
        let name = |name: &str| Name {
            name: name.as_bytes().into(),
            kind: FileType::RegularFile,
        };
        let names = in_order(["b", "a-b", "a", "b", "a"].map(name).into());
        let names: Vec<&[u8]> = names.iter().map(|name| &*name.name).collect();
        assert_eq!(names, [&b"a"[..], b"a-b", b"b"]);
    }
}
