//! `Ground`: what there is at a path, whoever builds, and what stands in its way.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use shipload_context::{Entry, EntryPath, Excerpt};

use super::{Question, Reason, Thing, nearest};

/// What there is at a path, whoever builds.
pub(super) struct Ground {
    pub(super) thing: Option<Thing>,
    /// Why there is nothing.
    pub(super) obstacle: Option<Reason>,
}

impl Ground {
    /// Whether the path is a directory, or is asked about as one.
    pub(super) fn is_dir(&self, question: &Question) -> bool {
        let kind = self.thing.map(|thing| thing.kind);
        kind.map_or(question.is_dir, |kind| kind == "dir")
    }
}

/// Looks at a path and at the directories above it.
pub(super) fn ground(excerpt: &Excerpt, question: &Question) -> Ground {
    let path = &question.path;
    let found = |thing| Ground {
        thing: Some(thing),
        obstacle: None,
    };
    let nothing = |obstacle| Ground {
        thing: None,
        obstacle: Some(obstacle),
    };
    let tree = excerpt.plan.view.tree();
    if let Some(entry) = tree.get(path) {
        return found(Thing::of(entry));
    }
    let mut above = Vec::new();
    let mut next = path.parent();
    while let Some(dir) = next {
        next = dir.parent();
        above.push(dir);
    }
    for above in above.into_iter().rev() {
        let stands = match (&excerpt.plan.directory, tree.get(&above)) {
            (_, Some(entry)) => Some(Thing::of(entry)),
            (Some(directory), None) => match Thing::on_disk(directory, &above) {
                Ok(stands) => stands,
                Err(what) => return nothing(what),
            },
            (None, None) => None,
        };
        let host = excerpt.plan.directory.as_deref();
        return match stands.map(|stands| stands.kind) {
            Some("dir") => continue,
            Some("symlink") => nothing(Reason::BehindLink {
                real: host.and_then(|host| super::real_path(host, path)),
                link: above,
            }),
            Some(_) => nothing(Reason::NotADirectory { above }),
            None => nothing(Reason::Absent {
                nearest: host.and_then(|host| nearest::name(host, &above)),
            }),
        };
    }
    let host = excerpt.plan.directory.as_deref();
    match host.map(|host| Thing::on_disk(host, path)) {
        Some(Ok(Some(thing))) => found(thing),
        Some(Err(what)) => nothing(what),
        Some(Ok(None)) | None => nothing(Reason::Absent {
            nearest: host.and_then(|host| nearest::name(host, path)),
        }),
    }
}

impl Thing {
    fn of(entry: &Entry) -> Self {
        Self {
            kind: entry.kind.name(),
            size: entry.size(),
        }
    }

    /// What stands at a path below a directory, of which all directories above it have been looked at.
    fn on_disk(directory: &Path, path: &EntryPath) -> Result<Option<Self>, Reason> {
        let metadata = match fs_err::symlink_metadata(super::host_path(directory, path)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Reason::Unreadable {
                    above: path.parent(),
                    fails: false,
                });
            }
            Err(_) => return Ok(None),
        };
        let kind = metadata.file_type();
        let (kind, size) = match kind {
            kind if kind.is_file() => ("file", metadata.len()),
            kind if kind.is_dir() => ("dir", 0),
            kind if kind.is_symlink() => ("symlink", 0),
            kind if kind.is_fifo() => ("fifo", 0),
            kind if kind.is_char_device() => ("char", 0),
            kind if kind.is_block_device() => ("block", 0),
            _ => ("socket", 0),
        };
        Ok(Some(Self { kind, size }))
    }
}
