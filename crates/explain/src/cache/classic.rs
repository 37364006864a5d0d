//! What the classic builder's cache looks at of the files of a `COPY` or `ADD`.
//!
//! Of each file it has a sum over its header in the archive (path, type, mode, owner, link) and its content. A source is the sum of a
//! file, or the sorted sums of all in a directory. Links are followed to what they lead to, within directories too, where the sum
//! of that is taken; a link to nowhere counts by its own path. A later name of a linked file counts by that of the first, and not
//! by its content.

use shipload_context::{EntryPath, Member, MemberKind};

use super::hasher::Hasher;
use super::pattern::Pattern;
use super::sight::Sight;
use crate::digest::Digest;

/// The sum of one member.
pub(super) fn sum(
    member: &Member<'_>,
    content: Option<&Digest>,
    capability: Option<&[u8]>,
) -> Digest {
    let mut hasher = header(&member.entry.path, member.mode, member.uid, member.gid);
    match member.kind {
        MemberKind::File { .. } => hasher.add(b"file"),
        MemberKind::Dir => return directory(hasher),
        MemberKind::Symlink { target } => hasher = hasher.part(b"symlink").part(target),
        MemberKind::Hardlink { target } => {
            return hasher.part(b"hardlink").part(target.as_bytes()).finish();
        }
        kind => hasher.add(format!("{kind:?}").as_bytes()),
    }
    hasher.add(content.map_or(&[], |digest| &digest.0));
    hasher.part(capability.unwrap_or_default()).finish()
}

/// The sum of a directory that is not sent, but made because something in it is. The builder has none of it; but whether it is sent
/// makes no difference here, since archives are read that lack it too.
pub(super) fn made(path: &EntryPath) -> Digest {
    directory(header(path, 0o755, 0, 0))
}

fn header(path: &EntryPath, mode: u32, uid: u32, gid: u32) -> Hasher {
    let hasher = Hasher::new("classic").part(path.as_bytes());
    let numbers = [mode, uid, gid].into_iter();
    numbers.fold(hasher, |hasher, number| hasher.part(&number.to_le_bytes()))
}

fn directory(header: Hasher) -> Digest {
    header.part(b"dir").finish()
}

/// What is looked at for sources, by their patterns.
pub(super) fn content<'p>(sight: &Sight, patterns: impl Iterator<Item = &'p str>) -> Digest {
    let mut hasher = Hasher::new("sources");
    for text in patterns {
        match Pattern::new(text) {
            None => hasher.add(&source(sight, text.as_bytes()).0),
            Some(pattern) => {
                for seen in &sight.files {
                    if !sight.spend(1) {
                        break;
                    }
                    if pattern.matches(seen.path.components()) {
                        hasher.add(&source(sight, seen.path.as_bytes()).0);
                    }
                }
            }
        }
    }
    hasher.finish()
}

fn source(sight: &Sight, path: &[u8]) -> Digest {
    let end = sight.resolve(path);
    if !sight.is_dir(&end) {
        return hash(sight, path);
    }
    let below = &sight.files[sight.subtree(&end)];
    let mut sums = Vec::new();
    for seen in below {
        if !sight.spend(8) {
            break;
        }
        sums.push(hash(sight, seen.path.as_bytes()));
    }
    sums.sort_unstable();
    let hasher = Hasher::new("dir");
    sums.iter()
        .fold(hasher, |hasher, sum| hasher.part(&sum.0))
        .finish()
}

/// The sum of what a path leads to; where there is nothing, of the path.
fn hash(sight: &Sight, path: &[u8]) -> Digest {
    let found = sight.get(&sight.resolve(path)).map(|seen| seen.sum);
    found.unwrap_or_else(|| Hasher::new("path").part(path).finish())
}
