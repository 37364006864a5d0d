//! Which paths a call wants where links lead elsewhere, as fsutil's `FollowLinks`.
//!
//! It goes by text, as fsutil does: `..` takes back a name whatever it is, a name with wildcards is held against what its
//! directory has, and what was found are patterns again.

use std::collections::{BTreeSet, HashSet};

use shipload_dockerfile::Glob;

use crate::entry::Kind;
use crate::path::EntryPath;
use crate::tree::Tree;

/// How many entries and names the paths of one call may make us look at; then everything is wanted. It takes a second or two, and
/// links that lead to each other in all ways at once.
const STEPS: usize = 8 << 20;

/// How many bytes the paths that are found on the way may have, with what it takes to remember them.
const BYTES: usize = 32 << 20;

/// What it takes to remember a path, in bytes beside its own.
const REMEMBERED: usize = 96;

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// What these patterns match, and what is below that; in order, none below another.
    Patterns(Vec<Vec<u8>>),
    /// One of the paths is the root.
    Root,
    /// It took too long to find out.
    TooMuch,
}

/// What is left to spend.
struct Budget {
    steps: usize,
    bytes: usize,
}

/// Follows paths.
pub(super) fn follow(tree: &Tree, paths: &[String]) -> Followed {
    let mut budget = Budget {
        steps: STEPS,
        bytes: BYTES,
    };
    let mut open: Vec<Vec<u8>> = paths
        .iter()
        .rev()
        .map(|path| clean(path.as_bytes()))
        .collect();
    let mut found = BTreeSet::new();
    let mut seen = HashSet::new();
    while let Some(path) = open.pop() {
        if path.is_empty() {
            return Followed::Root;
        }
        if seen.contains(&path) {
            continue;
        }
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let ends = ends.map(|(end, _)| end).chain([path.len()]);
        for end in ends {
            let (current, rest) = path.split_at(end);
            let Some(targets) = targets(tree, current, &mut budget) else {
                return Followed::TooMuch;
            };
            if !targets.is_empty() || rest.is_empty() {
                found.insert(current.to_vec());
            }
            let ways = targets
                .iter()
                .rev()
                .filter_map(|target| through(target, rest));
            for way in ways {
                if !budget.remember(&way) {
                    return Followed::TooMuch;
                }
                open.push(way);
            }
            if !targets.is_empty() {
                break;
            }
        }
        seen.insert(path);
    }
    let mut last: Option<Vec<u8>> = None;
    let found = found.into_iter().filter(|path| {
        let is_below = |last: &Vec<u8>| path.starts_with(&[last, &b"/"[..]].concat());
        let is_new = !last.as_ref().is_some_and(is_below);
        if is_new {
            last = Some(path.clone());
        }
        is_new
    });
    Followed::Patterns(found.collect())
}

impl Budget {
    /// False when there was too much to look at.
    fn spend(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// False when there was too much to remember.
    fn remember(&mut self, path: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_sub(path.len() + REMEMBERED);
        self.bytes > 0
    }
}

/// Where the links lead that a path or pattern is; `None` when it takes too long to find out.
fn targets(tree: &Tree, path: &[u8], budget: &mut Budget) -> Option<Vec<Vec<u8>>> {
    let (dir, name) = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&b""[..], path),
    };
    if !budget.spend(8 + path.len() / 32) {
        return None;
    }
    let target = |place: usize| match &tree.entries()[place].kind {
        Kind::Symlink { target } => Some(resolve(dir, target)),
        _ => None,
    };
    if !has_wildcards(name) {
        return Some(tree.place(path).and_then(target).into_iter().collect());
    }
    let place = tree.place(dir);
    let is_dir = dir.is_empty() || place.is_some_and(|place| tree.entries()[place].is_dir());
    // Nothing matches a malformed pattern.
    let glob = Glob::new(&String::from_utf8_lossy(name)).ok();
    let Some(glob) = glob.filter(|_| is_dir) else {
        return Some(Vec::new());
    };
    let mut found = Vec::new();
    for child in tree.children(place) {
        if !budget.spend(1) {
            return None;
        }
        if glob.matches(tree.entries()[child].path.file_name()) {
            found.extend(target(child));
        }
    }
    Some(found)
}

/// Where a link in a directory leads, within the context; nothing for the root.
fn resolve(dir: &[u8], target: &[u8]) -> Vec<u8> {
    let dir = if target.first() == Some(&b'/') {
        b""
    } else {
        dir
    };
    let mut parts = Vec::new();
    for part in dir
        .split(|&byte| byte == b'/')
        .chain(target.split(|&byte| byte == b'/'))
    {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

/// The path behind a link, unless it is longer than paths are; `rest` starts with a slash, if it is not empty.
fn through(target: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    let way = [target, rest].concat();
    let way = way.strip_prefix(b"/").unwrap_or(&way);
    (way.len() <= EntryPath::MAX_LEN).then(|| way.to_vec())
}

/// As `filepath.Join(".", path)`, with nothing for the root: what climbs out stays, and leads nowhere.
fn clean(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

fn has_wildcards(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}
