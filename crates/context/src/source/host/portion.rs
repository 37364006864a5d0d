//! `Portion`: how much of a directory is listed, for questions about some paths in it that need no walk.

use std::collections::BTreeMap;

use crate::path::EntryPath;

/// How much of a directory is listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Portion {
    extent: Extent,
    /// Names in it, whether they are there or not, and how much of them.
    given: BTreeMap<Box<[u8]>, Portion>,
}

/// What of a directory is listed beside the names that are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Extent {
    /// Nothing.
    #[default]
    Given,
    /// All names in it, but nothing below those.
    Names,
    /// Everything.
    All,
}

static EVERYTHING: Portion = Portion {
    extent: Extent::All,
    given: BTreeMap::new(),
};

static NOTHING: Portion = Portion {
    extent: Extent::Given,
    given: BTreeMap::new(),
};

/// # Making
impl Portion {
    /// All of the directory.
    pub(crate) fn everything() -> &'static Self {
        &EVERYTHING
    }

    /// Takes in the path of something that may be below, empty for the directory itself, and so much of what is in that if it is
    /// a directory. Returns whether that is more than before; names that nothing can have are nothing.
    pub(crate) fn take(&mut self, path: &[u8], extent: Extent) -> bool {
        let cannot_be = |name: &[u8]| matches!(name, b"" | b"." | b"..") || name.contains(&0);
        let names = || path.split(|&byte| byte == b'/');
        if path.len() > EntryPath::MAX_LEN || (!path.is_empty() && names().any(cannot_be)) {
            return false;
        }
        let mut at = self;
        let mut is_more = false;
        for name in names().filter(|name| !name.is_empty()) {
            if at.extent == Extent::All {
                return false;
            }
            is_more |= !at.given.contains_key(name);
            at = at.given.entry(name.into()).or_default();
        }
        if at.extent < extent {
            at.extent = extent;
            is_more = true;
        }
        if at.extent == Extent::All {
            at.given.clear();
        }
        is_more
    }
}

/// # Reading
impl Portion {
    /// Whether that is everything.
    pub(crate) fn is_everything(&self) -> bool {
        self.extent == Extent::All
    }

    /// How much of what stands at a path below is listed; none where it is not looked into.
    pub(crate) fn of(&self, path: &[u8]) -> Option<&Self> {
        let mut at = self;
        let names = path.split(|&byte| byte == b'/');
        for name in names.filter(|name| !name.is_empty()) {
            if at.extent == Extent::All {
                return Some(at);
            }
            at = at.given.get(name)?;
        }
        Some(at)
    }

    /// As [`Portion::of`], and nothing where it is not looked into.
    pub(crate) fn below(&self, path: &[u8]) -> &Self {
        self.of(path).unwrap_or(&NOTHING)
    }

    /// The names to look at, in order; none if all are to be listed.
    pub(super) fn names(&self) -> Option<impl Iterator<Item = &[u8]>> {
        let names = self.given.keys().map(|name| &**name);
        (self.extent == Extent::Given).then_some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_in_is_there_and_no_more() {
        let mut portion = Portion::default();
        let taken: &[(&str, Extent, bool)] = &[
            ("a/b", Extent::Given, true),
            ("a/b", Extent::Given, false),
            ("a", Extent::Given, false),
            ("a", Extent::Names, true),
            ("a/b/c", Extent::All, true),
            ("a/b/c/d", Extent::Names, false),
            ("x", Extent::Names, true),
            ("..", Extent::All, false),
            ("x/../y", Extent::All, false),
            ("/x", Extent::All, false),
            ("x\0", Extent::All, false),
        ];
        for &(path, extent, is_more) in taken {
            assert_eq!(portion.take(path.as_bytes(), extent), is_more, "{path}");
        }
        let extents: &[(&str, Option<Extent>)] = &[
            ("", Some(Extent::Given)),
            ("a", Some(Extent::Names)),
            ("a/b", Some(Extent::Given)),
            ("a/b/c", Some(Extent::All)),
            ("a/b/c/d/e", Some(Extent::All)),
            ("a/z", None),
            ("y", None),
        ];
        for &(path, extent) in extents {
            let found = portion.of(path.as_bytes()).map(|found| found.extent);
            assert_eq!(found, extent, "{path}");
        }
        assert!(portion.take(b"", Extent::All));
        assert!(portion.is_everything() && portion.of(b"y").is_some());
    }
}
