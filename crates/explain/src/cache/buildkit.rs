//! What BuildKit's cache looks at of the files of a `COPY`, an `ADD` or a bind mount.
//!
//! Of each file it has a digest over type, mode, owner, link target and content, without its name. A directory has one over those of
//! all in it with their paths within. A source is what its path leads to, all links followed; so its name does not count here. With
//! wildcards it is the last names and digests of all that match, and of all within. Names of one file are one file.

use shipload_context::{ContextSource, Member, MemberKind, Reader};

use super::hasher::Hasher;
use super::pattern::Pattern;
use super::sight::{SeenKind, Sight};
use crate::digest::Digest;

/// The digest of one member.
pub(super) fn sum(
    member: &Member<'_>,
    content: Option<&Digest>,
    capability: Option<&[u8]>,
) -> Digest {
    let mut hasher = Hasher::new("buildkit");
    for number in [member.uid, member.gid] {
        hasher.add(&number.to_le_bytes());
    }
    match member.kind {
        MemberKind::Symlink { target } => return hasher.part(b"symlink").part(target).finish(),
        MemberKind::File { .. } | MemberKind::Hardlink { .. } => hasher.add(b"file"),
        MemberKind::Dir => hasher.add(b"dir"),
        kind => hasher.add(format!("{kind:?}").as_bytes()),
    }
    hasher.add(&member.mode.to_le_bytes());
    hasher.add(content.map_or(&[], |digest| &digest.0));
    hasher.part(capability.unwrap_or_default()).finish()
}

/// What is looked at for sources: patterns, or paths where `wildcards` says so.
pub(super) fn content<'p>(sight: &Sight, sources: impl Iterator<Item = (&'p str, bool)>) -> Digest {
    let mut sources: Vec<_> = sources.collect();
    sources.sort_unstable();
    let mut hasher = Hasher::new("sources");
    for (text, wildcards) in sources {
        let pattern = Pattern::new(text).filter(|_| wildcards);
        let digest = match pattern {
            Some(_) => matched(sight, text),
            None => record(sight, text.as_bytes()),
        };
        hasher.add(&digest.0);
    }
    hasher.finish()
}

/// What is looked at for `COPY --parents`: everything that a source leads to, by its path.
pub(super) fn with_parents(sight: &Sight, places: impl Iterator<Item = usize>) -> Digest {
    let mut hasher = Hasher::new("parents");
    for seen in places.filter_map(|place| sight.files.get(place)) {
        if !sight.spend(1) {
            break;
        }
        hasher = hasher.part(seen.path.as_bytes()).part(&seen.sum.0);
    }
    hasher.finish()
}

fn nothing() -> Digest {
    Hasher::new("nothing").finish()
}

/// The digest of what a path leads to.
fn record(sight: &Sight, path: &[u8]) -> Digest {
    let end = sight.resolve(path);
    if !sight.is_dir(&end) {
        return sight.get(&end).map_or_else(nothing, |seen| seen.sum);
    }
    let mut hasher = Hasher::new("dir");
    for seen in &sight.files[sight.subtree(&end)] {
        if !sight.spend(1) {
            break;
        }
        let within = &seen.path.as_bytes()[end.len()..];
        hasher = hasher.part(within).part(&seen.sum.0);
    }
    hasher.finish()
}

/// Whether wildcards go through links, or match those to directories: what is looked at there differs between 0.8 and 0.13.
pub(super) fn is_behind_links(sight: &Sight, sources: &[ContextSource]) -> bool {
    let wild = |source: &&ContextSource| source.reader != Reader::Mount;
    let mut texts = sources.iter().filter(wild).map(|source| &source.pattern);
    texts.any(|text| {
        let Some(pattern) = Pattern::new(text) else {
            return false;
        };
        sight.files.iter().any(|seen| {
            if !matches!(seen.kind, SeenKind::Link { .. }) || !sight.spend(1) {
                return false;
            }
            let path = seen.path.as_bytes();
            let is_above = text.as_bytes().strip_prefix(path);
            let is_above = is_above.is_some_and(|rest| rest.first() == Some(&b'/'));
            let is_dir = || sight.is_dir(&sight.resolve(path));
            is_above || pattern.matches(seen.path.components()) && is_dir()
        })
    })
}

/// The digest of what matches a pattern. Links in its beginning, up to the first wildcard, are followed.
fn matched(sight: &Sight, text: &str) -> Digest {
    let parts: Vec<&str> = text.split('/').collect();
    let wild = parts.iter().position(|part| Pattern::new(part).is_some());
    let (start, rest) = parts.split_at(wild.unwrap_or_default());
    let top = sight.resolve(start.join("/").as_bytes());
    let depth = top
        .split(|&byte| byte == b'/')
        .filter(|name| !name.is_empty())
        .count();
    let Some(pattern) = Pattern::new(&rest.join("/")) else {
        return nothing();
    };
    let mut included = Vec::new();
    for seen in &sight.files[sight.subtree(&top)] {
        if !sight.spend(1) {
            break;
        }
        let names = seen.path.components().skip(depth).take(pattern.depth());
        if pattern.matches(names) {
            let digest = match seen.kind {
                SeenKind::Link { .. } => record(sight, seen.path.as_bytes()),
                SeenKind::Dir | SeenKind::Other => seen.sum,
            };
            included.push((seen.path.file_name(), digest));
        }
    }
    let name = rest.last().map(|name| name.as_bytes());
    if let [(only, digest)] = included[..]
        && Some(only) == name
    {
        return digest;
    }
    let hasher = Hasher::new("matched");
    let included = included.into_iter();
    let hasher = included.fold(hasher, |hasher, (name, digest)| {
        hasher.part(name).part(&digest.0)
    });
    hasher.finish()
}
