//! The members of an archive by path: which may stand beside which.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ops::Bound;

use super::error::{ArchiveProblem, Place};
use super::headers::{Headers, RawKind, RawMember, Refused};
use super::{ArchiveMember, ArchiveOptions, Limits};
use crate::entry::Kind;
use crate::path::{EntryPath, show};
use crate::source::archive_file::ArchiveFile;
use crate::tree::Clash;

/// Indexes a tar of `bytes` bytes.
pub(super) fn members(
    file: &ArchiveFile,
    bytes: u64,
    options: &ArchiveOptions,
) -> Result<BTreeMap<EntryPath, ArchiveMember>, Refused> {
    let mut headers = Headers::new(file, bytes, &options.limits);
    let mut index = Index {
        members: BTreeMap::new(),
        inodes: 0,
        clash: options.clash,
    };
    let (mut seen, mut names) = (0, 0);
    while let Some(raw) = headers.next()? {
        seen += 1;
        if seen > options.limits.entries {
            let limit = options.limits.entries;
            return Err((Place::Whole, ArchiveProblem::TooManyEntries { limit }));
        }
        names += raw.name_bytes();
        if names > options.limits.names {
            let limit = options.limits.names;
            return Err((Place::Whole, ArchiveProblem::TooManyNames { limit }));
        }
        let name = raw.name.clone();
        let added = match path(&raw, &options.limits) {
            Ok(Some(path)) => index.add(path, raw, &options.limits),
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        added.map_err(|problem| (Place::Member(show(&name)), problem))?;
    }
    Ok(index.members)
}

/// The clean path of a member; `None` for the root itself, which `tar c .` writes as `./`.
fn path(raw: &RawMember, limits: &Limits) -> Result<Option<EntryPath>, ArchiveProblem> {
    let root = raw.name.starts_with(b".")
        && raw
            .name
            .split(|b| *b == b'/')
            .all(|part| part.is_empty() || part == b".");
    if root && matches!(raw.kind, RawKind::Dir) {
        return Ok(None);
    }
    check_length(raw.name.len(), limits)?;
    let path = EntryPath::cleaned(&raw.name).map_err(ArchiveProblem::Path)?;
    let depth = path.depth();
    if depth > limits.depth {
        return Err(ArchiveProblem::Deep {
            depth,
            limit: limits.depth,
        });
    }
    Ok(Some(path))
}

fn check_length(length: usize, limits: &Limits) -> Result<(), ArchiveProblem> {
    if length > limits.path {
        return Err(ArchiveProblem::LongPath {
            length,
            limit: limits.path,
        });
    }
    Ok(())
}

struct Index {
    members: BTreeMap<EntryPath, ArchiveMember>,
    inodes: u32,
    clash: Clash,
}

impl Index {
    fn add(
        &mut self,
        path: EntryPath,
        raw: RawMember,
        limits: &Limits,
    ) -> Result<(), ArchiveProblem> {
        self.check_above(&path)?;
        let member = self.member(&path, raw, limits)?;
        let dir = matches!(member.kind, Kind::Dir);
        if !dir {
            self.clear_below(&path)?;
        }
        match self.members.entry(path) {
            Slot::Vacant(slot) => {
                slot.insert(member);
            }
            Slot::Occupied(mut slot) => match self.clash {
                Clash::Fail if !(dir && matches!(slot.get().kind, Kind::Dir)) => {
                    return Err(ArchiveProblem::Twice);
                }
                Clash::Fail | Clash::LastWins => {
                    slot.insert(member);
                }
            },
        }
        Ok(())
    }

    fn member(
        &mut self,
        path: &EntryPath,
        raw: RawMember,
        limits: &Limits,
    ) -> Result<ArchiveMember, ArchiveProblem> {
        let (kind, offset) = match raw.kind {
            RawKind::HardLink { target } => return self.linked(path, &target),
            RawKind::File { size, offset } => (Kind::File { size }, offset),
            RawKind::Symlink { target } => {
                check_length(target.len(), limits)?;
                if target.is_empty() || target.contains(&0) {
                    return Err(ArchiveProblem::SymlinkTarget);
                }
                (
                    Kind::Symlink {
                        target: target.into(),
                    },
                    0,
                )
            }
            RawKind::Char(device) => (Kind::Char(device), 0),
            RawKind::Block(device) => (Kind::Block(device), 0),
            RawKind::Dir => (Kind::Dir, 0),
            RawKind::Fifo => (Kind::Fifo, 0),
        };
        Ok(ArchiveMember {
            kind,
            mode: raw.mode,
            uid: raw.uid,
            gid: raw.gid,
            mtime: raw.mtime,
            inode: None,
            offset,
            capability: raw.capability,
        })
    }

    /// A hard link is the file it names, under one more path. A link to a path that a later member
    /// takes over keeps the file it was made to.
    fn linked(&mut self, path: &EntryPath, target: &[u8]) -> Result<ArchiveMember, ArchiveProblem> {
        let wrong = || ArchiveProblem::HardLink {
            target: show(target),
        };
        let named = EntryPath::cleaned(target).map_err(|_| wrong())?;
        let file = self
            .members
            .get_mut(&named)
            .filter(|_| named != *path)
            .ok_or_else(wrong)?;
        let Kind::File { .. } = file.kind else {
            return Err(wrong());
        };
        if file.inode.is_none() {
            file.inode = Some(self.inodes);
            self.inodes += 1;
        }
        Ok(file.clone())
    }

    /// Refuses a path below something that is no directory.
    ///
    /// By the order of paths only what is below an entry stands between it and a path below it,
    /// and nothing is below what is no directory: so such an entry is the direct predecessor.
    fn check_above(&self, path: &EntryPath) -> Result<(), ArchiveProblem> {
        let before = self
            .members
            .range::<EntryPath, _>((Bound::Unbounded, Bound::Excluded(path)))
            .next_back();
        match before {
            Some((ancestor, member))
                if !matches!(member.kind, Kind::Dir) && path.starts_with(ancestor) =>
            {
                Err(ArchiveProblem::NoDirectory {
                    ancestor: ancestor.to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Makes room for what is no directory: refuses it where members are below, or removes them.
    fn clear_below(&mut self, path: &EntryPath) -> Result<(), ArchiveProblem> {
        loop {
            let after = self
                .members
                .range::<EntryPath, _>((Bound::Excluded(path), Bound::Unbounded))
                .next();
            let Some((below, _)) = after.filter(|(below, _)| below.starts_with(path)) else {
                return Ok(());
            };
            match self.clash {
                Clash::Fail => {
                    return Err(ArchiveProblem::Hides {
                        descendant: below.to_string(),
                    });
                }
                Clash::LastWins => {
                    let below = below.clone();
                    self.members.remove(&below);
                }
            }
        }
    }
}
