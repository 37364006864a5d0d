//! Which paths a call wants where links lead elsewhere, as fsutil's `FollowLinks`.
//!
//! It goes by text, as fsutil does: `..` takes back a name whatever it is, a name with wildcards is held against what its
//! directory has, and what was found are patterns again.

use std::collections::{BTreeSet, HashSet};

use shipload_dockerfile::Glob;

use crate::entry::Kind;
use crate::path::EntryPath;
use crate::tree::Tree;

/// How much work the paths of one call may make, in bytes of the paths that are looked at; then everything is wanted. It takes
/// about a second, and links that lead to each other in all ways at once.
const WORK: usize = 32 << 20;

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

/// A path's components.
type Parts = Vec<Vec<u8>>;

/// Follows paths.
pub(super) fn follow(tree: &Tree, paths: &[String]) -> Followed {
    let mut open: Vec<Parts> = paths
        .iter()
        .rev()
        .map(|path| clean(path.as_bytes()))
        .collect();
    let mut found = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut work = WORK;
    while let Some(path) = open.pop() {
        if path.is_empty() {
            return Followed::Root;
        }
        if !seen.insert(path.clone()) {
            continue;
        }
        let mut end = 0;
        loop {
            end += 1;
            let (current, rest) = path.split_at(end);
            let Some(targets) = targets(tree, current, &mut work) else {
                return Followed::TooMuch;
            };
            if !targets.is_empty() {
                found.insert(current.join(&b'/'));
                open.extend(
                    targets
                        .into_iter()
                        .rev()
                        .filter_map(|target| through(target, rest)),
                );
                break;
            }
            if rest.is_empty() {
                found.insert(current.join(&b'/'));
                break;
            }
        }
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

/// Where the links lead that a path or pattern is; `None` when there is no work left.
fn targets(tree: &Tree, path: &[Vec<u8>], work: &mut usize) -> Option<Vec<Parts>> {
    let (name, dir) = path.split_last()?;
    let dir_path = dir.join(&b'/');
    let mut spend = |bytes: usize| {
        *work = work.checked_sub(bytes)?;
        Some(())
    };
    spend(dir_path.len() + name.len() + 1)?;
    let place = if dir.is_empty() {
        None
    } else {
        let Some(place) = tree.place(&dir_path) else {
            return Some(Vec::new());
        };
        Some(place)
    };
    let target = |place: usize| match &tree.entries()[place].kind {
        Kind::Symlink { target } => Some(resolve(dir, target)),
        _ => None,
    };
    if !has_wildcards(name) {
        return Some(
            tree.child(place, name)
                .and_then(target)
                .into_iter()
                .collect(),
        );
    }
    if place.is_some_and(|place| !tree.entries()[place].is_dir()) {
        return Some(Vec::new());
    }
    // Nothing matches a malformed pattern.
    let Ok(glob) = Glob::new(&String::from_utf8_lossy(name)) else {
        return Some(Vec::new());
    };
    let mut found = Vec::new();
    for child in tree.children(place) {
        let name = tree.entries()[child].path.file_name();
        spend(name.len())?;
        if glob.matches(name) {
            found.extend(target(child));
        }
    }
    Some(found)
}

/// Where a link in a directory leads, within the context.
fn resolve(dir: &[Vec<u8>], target: &[u8]) -> Parts {
    let mut parts = if target.first() == Some(&b'/') {
        Vec::new()
    } else {
        dir.to_vec()
    };
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part.to_vec()),
        }
    }
    parts
}

/// The path behind a link, unless it is longer than paths are.
fn through(mut target: Parts, rest: &[Vec<u8>]) -> Option<Parts> {
    target.extend_from_slice(rest);
    let len: usize = target.iter().map(|part| part.len() + 1).sum();
    (len <= EntryPath::MAX_LEN).then_some(target)
}

/// As `filepath.Join(".", path)`: what climbs out stays, and leads nowhere.
fn clean(path: &[u8]) -> Parts {
    let mut parts = Parts::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| last != b"..") => {
                parts.pop();
            }
            part => parts.push(part.to_vec()),
        }
    }
    parts
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
