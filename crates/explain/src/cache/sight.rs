//! The files of a context as a builder has them when it looks into its cache: by path, with links that can be followed.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use shipload_context::EntryPath;

use crate::digest::Digest;

/// How much is looked at for one build; directories that are read over and over would make it endless.
const WORK: usize = 64 << 20;

/// How many links are followed on one way.
const LINKS: usize = 255;

/// All files, in the order of their paths.
pub(super) struct Sight {
    pub(super) files: Vec<Seen>,
    places: HashMap<Vec<u8>, usize>,
    work: Cell<usize>,
}

/// A file.
pub(super) struct Seen {
    pub(super) path: EntryPath,
    pub(super) kind: SeenKind,
    /// The digest of what the builder looks at of it alone.
    pub(super) sum: Digest,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum SeenKind {
    Dir,
    Link { target: Vec<u8> },
    Other,
}

impl Sight {
    pub(super) fn new(mut files: Vec<Seen>) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let places = files.iter().enumerate();
        let places = places.map(|(place, seen)| (seen.path.as_bytes().to_vec(), place));
        Self {
            places: places.collect(),
            files,
            work: Cell::new(WORK),
        }
    }

    /// Says what the builder looks at of a file.
    pub(super) fn set_sum(&mut self, path: &[u8], sum: Digest) {
        if let Some(&place) = self.places.get(path) {
            self.files[place].sum = sum;
        }
    }

    /// Where its links lead.
    pub(super) fn ends(&self) -> impl Iterator<Item = Vec<u8>> {
        let is_link = |seen: &&Seen| matches!(seen.kind, SeenKind::Link { .. });
        let links = self.files.iter().filter(is_link);
        links.map(|link| self.resolve(link.path.as_bytes()))
    }

    /// Whether there was so much to look at that digests are not of all.
    pub(super) fn is_exhausted(&self) -> bool {
        self.work.get() == 0
    }

    /// Counts work; false if there was too much.
    pub(super) fn spend(&self, work: usize) -> bool {
        self.work.set(self.work.get().saturating_sub(work));
        !self.is_exhausted()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&Seen> {
        self.files.get(*self.places.get(path)?)
    }

    /// Whether there is a directory; the empty path is the top.
    pub(super) fn is_dir(&self, path: &[u8]) -> bool {
        path.is_empty()
            || self
                .get(path)
                .is_some_and(|seen| seen.kind == SeenKind::Dir)
    }

    /// The places of a directory and of all below it, or of a file.
    pub(super) fn subtree(&self, path: &[u8]) -> Range<usize> {
        let Some(&start) = self.places.get(path) else {
            return 0..if path.is_empty() { self.files.len() } else { 0 };
        };
        let top = &self.files[start].path;
        let length = self.files[start..].partition_point(|seen| seen.path.starts_with(top));
        start..start + length
    }

    /// Where a path leads when all links are followed, from the top where they are absolute and never above it. There need not be
    /// anything.
    pub(super) fn resolve(&self, path: &[u8]) -> Vec<u8> {
        let mut rest: Vec<&[u8]> = path.split(|&byte| byte == b'/').rev().collect();
        let mut done: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(name) = rest.pop() {
            if !self.spend(1) {
                break;
            }
            match name {
                b"" | b"." => continue,
                b".." => {
                    let slash = done.iter().rposition(|&byte| byte == b'/');
                    done.truncate(slash.unwrap_or_default());
                    continue;
                }
                name => {
                    if !done.is_empty() {
                        done.push(b'/');
                    }
                    done.extend(name);
                }
            }
            if let Some(SeenKind::Link { target }) = self.get(&done).map(|seen| &seen.kind)
                && links < LINKS
            {
                links += 1;
                let above = done.len() - name.len();
                let is_absolute = target.first() == Some(&b'/');
                done.truncate(if is_absolute {
                    0
                } else {
                    above.saturating_sub(1)
                });
                rest.extend(target.split(|&byte| byte == b'/').rev());
            }
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_within_the_context() {
        let file = |path: &str, kind| Seen {
            path: path.parse().unwrap(),
            kind,
            sum: Digest([0; 32]),
        };
        let link = |path: &str, target: &str| {
            let target = target.into();
            file(path, SeenKind::Link { target })
        };
        let sight = Sight::new(vec![
            file("a", SeenKind::Dir),
            file("a/b", SeenKind::Dir),
            file("a/b/f", SeenKind::Other),
            link("up", "../../a"),
            link("a/abs", "/a/b"),
            link("a/loop", "loop"),
            link("a/b/back", "../../up/abs/./f"),
            link("gone", "nowhere/x"),
        ]);
        for (path, end) in [
            ("a/b/f", "a/b/f"),
            ("up/b", "a/b"),
            ("a/abs/f", "a/b/f"),
            ("a/b/back", "a/b/f"),
            ("gone/y", "nowhere/x/y"),
            ("a/../up", "a"),
            (".", ""),
            ("a/loop", "a/loop"),
        ] {
            assert_eq!(
                String::from_utf8(sight.resolve(path.as_bytes())).unwrap(),
                end,
                "{path}"
            );
        }
        assert_eq!(sight.subtree(b"a").len(), 6);
        assert_eq!(sight.subtree(b"").len(), sight.files.len());
    }
}
