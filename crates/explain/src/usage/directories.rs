//! `Directory`: what is in it, and in all that lies below it.

use shipload_context::{EntryPath, View};

use super::Sum;
use super::unread::Unread;

/// A directory of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Directory {
    /// Where it is; `None` is the context itself.
    pub path: Option<EntryPath>,
    /// The place in [`Usage::directories`](crate::Usage::directories) of the directory it is in.
    pub parent: Option<usize>,
    /// What is right in it: the bytes of files, and as entries its directories too.
    pub own: Sum,
    /// What is gone when it is gone: itself, where it is a member, and all below it.
    pub all: Sum,
    /// What of that the Dockerfile does not read; `None` where that cannot be told.
    pub unread: Option<Sum>,
}

impl Directory {
    /// How many levels it is below the context, which is at 0.
    pub fn depth(&self) -> usize {
        self.path.as_ref().map_or(0, EntryPath::depth)
    }

    fn new(path: Option<EntryPath>, parent: Option<usize>, unread: Option<&Unread>) -> Self {
        Self {
            path,
            parent,
            own: Sum::default(),
            all: Sum::default(),
            unread: unread.map(|_| Sum::default()),
        }
    }

    fn holds(&self, path: &EntryPath) -> bool {
        self.path.as_ref().is_none_or(|dir| path.starts_with(dir))
    }
}

/// The directories of a view, in its order.
pub(super) fn all(view: &View, unread: Option<&Unread>) -> Vec<Directory> {
    let mut found = vec![Directory::new(None, None, unread)];
    let mut at = 0;
    for (place, member) in (0..).zip(view.members()) {
        let path = &member.entry.path;
        at = enter(&mut found, at, path.parent(), unread);
        let sum = Sum::of(&member);
        found[at].own += sum;
        if member.entry.is_dir() {
            at = enter(&mut found, at, Some(path.clone()), unread);
        }
        found[at].all += sum;
        if let (Some(into), Some(unread)) = (&mut found[at].unread, unread) {
            *into += unread.sum(place, &member);
        }
    }
    // Directories stand behind the ones they are in.
    for child in (1..found.len()).rev() {
        let Directory {
            all,
            unread,
            parent,
            ..
        } = found[child];
        let Some(parent) = parent.and_then(|parent| found.get_mut(parent)) else {
            continue;
        };
        parent.all += all;
        if let (Some(into), Some(unread)) = (&mut parent.unread, unread) {
            *into += unread;
        }
    }
    found
}

/// The place of the directory `path`, which is made if it is not there, as are those above it; `at` is where we are.
fn enter(
    found: &mut Vec<Directory>,
    mut at: usize,
    path: Option<EntryPath>,
    unread: Option<&Unread>,
) -> usize {
    let Some(path) = path else { return 0 };
    while !found[at].holds(&path) {
        at = found[at].parent.unwrap_or_default();
    }
    // Some between the two may be no members: the classic builder is sent no directory that is excluded itself.
    let mut missing = Vec::new();
    let mut next = Some(path);
    while let Some(dir) = next.filter(|dir| found[at].path.as_ref() != Some(dir)) {
        next = dir.parent();
        missing.push(dir);
    }
    for dir in missing.into_iter().rev() {
        found.push(Directory::new(Some(dir), Some(at), unread));
        at = found.len() - 1;
    }
    at
}
