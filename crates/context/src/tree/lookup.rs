//! Finding entries by path, and what a directory holds.

use super::Tree;
use crate::entry::{Entry, Kind};
use crate::path::{EntryPath, compare};

/// # Looking up
///
/// A place is an index into [`Tree::entries`]; a directory without one is the root of the context.
impl Tree {
    /// The place of the entry with this path.
    pub(crate) fn place(&self, path: &[u8]) -> Option<usize> {
        self.entries()
            .binary_search_by(|entry| compare(entry.path.as_bytes(), path))
            .ok()
    }

    /// The place of a name in a directory.
    pub(crate) fn child(&self, dir: Option<usize>, name: &[u8]) -> Option<usize> {
        let dir = dir.map(|dir| self.entries()[dir].path.as_bytes());
        let path = EntryPath::child(dir.unwrap_or_default(), name).ok()?;
        self.place(path.as_bytes())
    }

    /// The place of the directory that an entry is in.
    pub(crate) fn parent(&self, place: usize) -> Option<usize> {
        self.place(self.entries()[place].path.parent_bytes()?)
    }

    /// The entry that a path leads to, links followed; none where it leads nowhere, out of the tree, or through more than 40 links,
    /// as many as the kernel follows.
    pub(crate) fn real(&self, path: &[u8]) -> Option<&Entry> {
        let components = |path: &[u8]| -> Vec<Vec<u8>> {
            let parts = path.split(|&byte| byte == b'/').rev();
            let parts = parts.filter(|part| !matches!(*part, b"" | b"."));
            parts.map(<[u8]>::to_vec).collect()
        };
        let mut rest = components(path);
        let mut links = 0;
        let mut dir = None;
        while let Some(name) = rest.pop() {
            if name == b".." {
                dir = self.parent(dir?);
                continue;
            }
            let place = self.child(dir, &name)?;
            match &self.entries()[place].kind {
                Kind::Dir => dir = Some(place),
                Kind::Symlink { target } if links < 40 && !target.starts_with(b"/") => {
                    links += 1;
                    rest.extend(components(target));
                }
                Kind::Symlink { .. } => return None,
                Kind::File { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => {
                    return Some(&self.entries()[place]).filter(|_| rest.is_empty());
                }
            }
        }
        dir.map(|dir| &self.entries()[dir])
    }

    /// The place behind an entry and all below it.
    pub(crate) fn end(&self, place: usize) -> usize {
        let entries = self.entries();
        let path = &entries[place].path;
        place + 1 + entries[place + 1..].partition_point(|entry| entry.path.starts_with(path))
    }

    /// The places of what a directory holds.
    pub(crate) fn children(&self, dir: Option<usize>) -> impl Iterator<Item = usize> {
        let end = dir.map_or(self.entries().len(), |dir| self.end(dir));
        let first = dir.map_or(0, |dir| dir + 1);
        let next = move |place: &usize| Some(self.end(*place)).filter(|&next| next < end);
        std::iter::successors(Some(first).filter(|&first| first < end), next)
    }
}
