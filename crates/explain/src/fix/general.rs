//! Patterns that may stand for several paths at once, of the kinds that people write: `dir/*`, `dir/*.log`, `**/*.log`,
//! `**/node_modules`, `packages/*/dist`. Whether one is exact the caller finds out.

use std::collections::{BTreeMap, BTreeSet};

use super::literal::escaped;

/// So many at most.
const LIMIT: usize = 48;
/// Paths that are looked at, of however many.
const PATHS: usize = 4096;

/// Patterns for two or more of these paths, shortest first.
pub(super) fn patterns(paths: &[&[u8]]) -> Vec<Vec<u8>> {
    let split: Vec<Vec<&[u8]>> = paths
        .iter()
        .take(PATHS)
        .map(|path| path.split(|&byte| byte == b'/').collect())
        .collect();
    let mut found = BTreeSet::new();
    in_one_directory(&split, &mut found);
    at_any_depth(&split, &mut found);
    component_by_component(&split, &mut found);
    let mut found: Vec<Vec<u8>> = found.into_iter().collect();
    found.sort_by_key(Vec::len);
    found.truncate(LIMIT);
    found
}

fn in_one_directory(paths: &[Vec<&[u8]>], found: &mut BTreeSet<Vec<u8>>) {
    let mut by_directory: BTreeMap<&[&[u8]], Vec<&[u8]>> = BTreeMap::new();
    for path in paths {
        if let [directory @ .., name] = &path[..] {
            by_directory.entry(directory).or_default().push(name);
        }
    }
    for (directory, names) in by_directory.iter().filter(|(_, names)| names.len() > 1) {
        let mut prefix = escaped(&directory.join(&b'/'));
        if !directory.is_empty() {
            prefix.push(b'/');
        }
        for name in name_patterns(names) {
            found.insert([&prefix[..], &name].concat());
        }
    }
}

fn at_any_depth(paths: &[Vec<&[u8]>], found: &mut BTreeSet<Vec<u8>>) {
    let mut by_end: BTreeMap<Vec<u8>, Vec<&Vec<&[u8]>>> = BTreeMap::new();
    for path in paths {
        let name = path.last().copied().unwrap_or_default();
        by_end.entry(escaped(name)).or_default().push(path);
        for end in ends(name) {
            by_end
                .entry([b"*", &escaped(end)[..]].concat())
                .or_default()
                .push(path);
        }
    }
    for (end, paths) in by_end.iter().filter(|(_, paths)| paths.len() > 1) {
        found.insert([b"**/", &end[..]].concat());
        let common = common_directories(paths);
        if !common.is_empty() {
            let common = escaped(&common.join(&b'/'));
            found.insert([&common[..], b"/**/", end].concat());
        }
    }
    let names: Vec<&[u8]> = paths
        .iter()
        .filter_map(|path| path.last().copied())
        .collect();
    if names.len() > 1 {
        for name in name_patterns(&names)
            .into_iter()
            .filter(|name| name != b"*")
        {
            found.insert([b"**/", &name[..]].concat());
        }
    }
}

/// For paths of one depth, each component by itself.
fn component_by_component(paths: &[Vec<&[u8]>], found: &mut BTreeSet<Vec<u8>>) {
    let mut by_depth: BTreeMap<usize, Vec<&Vec<&[u8]>>> = BTreeMap::new();
    for path in paths {
        by_depth.entry(path.len()).or_default().push(path);
    }
    for (depth, paths) in by_depth.iter().filter(|(_, paths)| paths.len() > 1) {
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        for place in 0..*depth {
            let parts: Vec<&[u8]> = paths.iter().map(|path| path[place]).collect();
            if parts.iter().all(|part| *part == parts[0]) {
                narrow.push(escaped(parts[0]));
                wide.push(escaped(parts[0]));
            } else {
                let (start, end) = common_ends(&parts);
                narrow.push([&escaped(start)[..], b"*", &escaped(end)].concat());
                wide.push(b"*".to_vec());
            }
        }
        found.insert(narrow.join(&b'/'));
        found.insert(wide.join(&b'/'));
    }
}

/// Patterns of one component for several names.
fn name_patterns(names: &[&[u8]]) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::from([b"*".to_vec()]);
    let (start, end) = common_ends(names);
    found.insert([&escaped(start)[..], b"*", &escaped(end)].concat());
    if !start.is_empty() {
        found.insert([&escaped(start)[..], b"*"].concat());
    }
    let mut by_end: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    for name in names {
        for end in ends(name) {
            by_end.entry(end).or_default().push(name);
        }
    }
    for (end, names) in by_end.iter().filter(|(_, names)| names.len() > 1) {
        found.insert([b"*", &escaped(end)[..]].concat());
        let (start, _) = common_ends(names);
        if !start.is_empty() {
            found.insert([&escaped(start)[..], b"*", &escaped(end)].concat());
        }
    }
    found
}

/// What of a name people write behind a `*`: from each of its dots on.
fn ends(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let dots = (0..name.len()).filter(|&at| name[at] == b'.');
    dots.map(|at| &name[at..]).filter(|end| end.len() > 1)
}

/// How all of these begin and end, which do not overlap in any; within characters, not bytes.
fn common_ends<'n>(names: &[&'n [u8]]) -> (&'n [u8], &'n [u8]) {
    let first = names.first().copied().unwrap_or_default();
    let shortest = names.iter().map(|name| name.len()).min().unwrap_or(0);
    let mut start = (0..shortest)
        .take_while(|&at| names.iter().all(|name| name[at] == first[at]))
        .count();
    while start > 0 && first.get(start).is_some_and(|byte| is_inside(*byte)) {
        start -= 1;
    }
    let back = |name: &[u8], at: usize| name[name.len() - 1 - at];
    let mut end = (0..shortest - start)
        .take_while(|&at| names.iter().all(|name| back(name, at) == back(first, at)))
        .count();
    while end > 0 && is_inside(first[first.len() - end]) {
        end -= 1;
    }
    (&first[..start], &first[first.len() - end..])
}

/// Whether a byte continues a character of UTF-8.
fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

fn common_directories<'p>(paths: &[&Vec<&'p [u8]>]) -> Vec<&'p [u8]> {
    let first = paths.first().map_or(&[][..], |path| &path[..]);
    let directories = first.iter().take(first.len().saturating_sub(1)).enumerate();
    let is_common = |(at, part): &(usize, &&[u8])| {
        paths
            .iter()
            .all(|path| path.len() > at + 1 && path[*at] == **part)
    };
    directories
        .take_while(is_common)
        .map(|(_, part)| *part)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        for (paths, expected) in [
            (
                &["logs/a.log", "logs/b.log"][..],
                &["logs/*", "logs/*.log", "**/*.log"][..],
            ),
            (
                &["a/node_modules", "b/c/node_modules"],
                &["**/node_modules"],
            ),
            (&["p/a/dist", "p/b/dist"], &["p/*/dist", "p/**/dist"]),
            (
                &["src/a.test.ts", "src/x/b.test.ts"],
                &["**/*.test.ts", "src/**/*.test.ts"],
            ),
            (&["tmp-1", "tmp-2"], &["tmp-*"]),
            (&["a*/x", "a*/y"], &["a\\*/*"]),
            (&["é1", "è1"], &["*1"]),
            (&["aba", "aa"], &["a*a"]),
        ] {
            let bytes: Vec<&[u8]> = paths.iter().map(|path| path.as_bytes()).collect();
            let found = patterns(&bytes);
            for pattern in expected {
                let is_there = found.iter().any(|found| found == pattern.as_bytes());
                assert!(
                    is_there,
                    "{paths:?}: no {pattern} in {}",
                    String::from_utf8_lossy(&found.join(&b' '))
                );
            }
        }
        assert!(patterns(&[b"a"]).is_empty());
        assert!(patterns(&[]).is_empty());
    }
}
