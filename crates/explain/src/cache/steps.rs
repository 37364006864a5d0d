//! The steps of a build with the digests of what they read.

use std::collections::HashSet;
use std::ops::Range;

use shipload_context::{
    Builder, CacheStep, ContextSource, DigestsError, Entry, EntryPath, Kind, Plan, Progress,
    Reader, Referenced, Request, Semantics, Unsure, digests,
};

use super::hasher::Hasher;
use super::pattern::Pattern;
use super::sight::{Seen, SeenKind, Sight};
use super::{buildkit, classic};
use crate::digest::Digest;
use crate::inputs::{InputFile, InputKind, Step};

/// The steps of the build that `request` asks for. `files` is what it reads, and `place` where a range of its members stands in there.
///
/// There are none where no builder would take the Dockerfile, and for Podman.
pub(crate) fn steps(
    plan: &Plan,
    request: &Request,
    least: &Referenced,
    files: &[InputFile],
    place: impl Fn(Range<usize>) -> Range<usize>,
    progress: &Progress,
) -> Result<Vec<Step>, DigestsError> {
    let steps = told(plan, request);
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let sight = sight(plan, least, files, progress)?;
    let sources = &least.reads.sources;
    let made = made(least, files);
    let reads = |range: &Range<usize>| {
        let reached = range.clone().flat_map(|source| least.reached(source));
        let patterns = sources.get(range.clone()).unwrap_or_default().iter();
        let dirs = patterns.flat_map(|source| {
            let pattern = Pattern::any(&source.pattern);
            sight.spend(made.len());
            let made = made.iter().filter(move |(file, _)| {
                pattern.matches(file.path.components().take(pattern.depth()))
            });
            made.map(|(_, place)| *place..place + 1)
        });
        merged(reached.map(&place).chain(dirs).collect())
    };
    let everything = || {
        let hasher = Hasher::new("everything");
        let files = sight.files.iter();
        let hasher = files.fold(hasher, |hasher, seen| {
            hasher.part(seen.path.as_bytes()).part(&seen.sum.0)
        });
        hasher.finish()
    };
    let mut all = Vec::new();
    for step in steps {
        let own = sources.get(step.sources.clone()).unwrap_or_default();
        let reads = reads(&step.sources);
        let content = match &step.unsure {
            Some(Unsure::Image { .. } | Unsure::Remote | Unsure::Apart) | None => {
                (!own.is_empty()).then(|| content(plan.semantics, &sight, own, &reads, files))
            }
            Some(_) => Some(everything()),
        };
        let is_buildkit = plan.semantics == Semantics::BuildKit;
        let unsure = match step.unsure {
            None | Some(Unsure::Apart) if is_buildkit && buildkit::is_behind_links(&sight, own) => {
                Some(Unsure::Wildcards)
            }
            unsure => unsure,
        };
        let variant = step.variant.as_bytes();
        all.push(Step {
            stage: step.stage,
            stage_name: step.stage_name,
            line: step.position.line,
            text: step.text,
            key: Digest::of(step.key.as_bytes()),
            variant: (!variant.is_empty()).then(|| Digest::of(variant)),
            content,
            reads,
            from: step.from,
            unsure,
        });
    }
    if sight.is_exhausted() {
        for step in &mut all {
            step.unsure.get_or_insert(Unsure::Work);
        }
    }
    Ok(all)
}

/// The steps as the Dockerfile tells them.
fn told(plan: &Plan, request: &Request) -> Vec<CacheStep> {
    let builder = match plan.semantics {
        Semantics::Classic => Builder::Classic,
        Semantics::BuildKit => Builder::BuildKit,
        Semantics::Podman => Builder::Podman,
    };
    let request = Request {
        builder,
        ..request.clone()
    };
    // What cannot be parsed has been told by those who looked for what is read.
    let file = plan.parse_dockerfile().ok();
    file.and_then(|file| file.steps(&request).ok())
        .unwrap_or_default()
}

fn content(
    semantics: Semantics,
    sight: &Sight,
    sources: &[ContextSource],
    reads: &[Range<usize>],
    files: &[InputFile],
) -> Digest {
    let has_parents = |source: &ContextSource| source.reader == Reader::Copy { parents: true };
    if semantics == Semantics::Classic {
        classic::content(sight, sources.iter().map(|source| source.pattern.as_str()))
    } else if sources.iter().any(has_parents) {
        let places = reads.iter().cloned().flatten();
        let paths = places
            .filter_map(|place| files.get(place))
            .map(|file| &file.path);
        let places = paths.map(|path| sight.subtree(path.as_bytes()).start);
        buildkit::with_parents(sight, places)
    } else {
        let sources = sources.iter();
        let sources =
            sources.map(|source| (source.pattern.as_str(), source.reader != Reader::Mount));
        buildkit::content(sight, sources)
    }
}

/// All that the builder is sent and that counts.
fn sight(
    plan: &Plan,
    least: &Referenced,
    files: &[InputFile],
    progress: &Progress,
) -> Result<Sight, DigestsError> {
    let view = &least.view;
    let mut sight = Sight::new(seen(least, files));
    // The classic builder looks at more than what is read: at what links lead to.
    let ends: HashSet<Vec<u8>> = match plan.semantics {
        Semantics::Classic => sight.ends().collect(),
        Semantics::BuildKit | Semantics::Podman => HashSet::new(),
    };
    let is_more = |entry: &Entry| {
        let is_file = matches!(entry.kind, Kind::File { .. });
        is_file && ends.contains(entry.path.as_bytes()) && find(files, &entry.path).is_none()
    };
    let more = view.clone().filter(is_more);
    let mut others = more
        .members()
        .map(|member| member.entry.path.clone())
        .zip(digests(&more, None, progress)?)
        .peekable();
    for member in view.members() {
        let path = &member.entry.path;
        let other = others
            .next_if(|(other, _)| other == path)
            .and_then(|(_, digest)| digest);
        let (content, capability) = match (find(files, path), &other) {
            (Some(file), _) => (digest_of(file), file.capability.as_deref()),
            (None, Some(other)) => (Some(Digest(other.sha256)), other.capability.as_deref()),
            (None, None) => (None, None),
        };
        let sum = match plan.semantics {
            Semantics::Classic => classic::sum(&member, content.as_ref(), capability),
            Semantics::BuildKit | Semantics::Podman => {
                buildkit::sum(&member, content.as_ref(), capability)
            }
        };
        sight.set_sum(path.as_bytes(), sum);
    }
    Ok(sight)
}

/// The members that are still there when the builder looks, without their sums, and the directories that are made.
fn seen(least: &Referenced, files: &[InputFile]) -> Vec<Seen> {
    let read = least.members.members().map(|member| &member.entry.path);
    let gone: HashSet<_> = read.filter(|path| find(files, path).is_none()).collect();
    let there = least.view.members().map(|member| member.entry);
    let there = there.filter(|entry| !gone.contains(&entry.path));
    let sent = there.map(|entry| Seen {
        path: entry.path.clone(),
        kind: match &entry.kind {
            Kind::Dir => SeenKind::Dir,
            Kind::Symlink { target } => SeenKind::Link {
                target: target.to_vec(),
            },
            Kind::File { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => SeenKind::Other,
        },
        sum: Digest([0; 32]),
    });
    let made = made(least, files).into_iter().map(|(dir, _)| Seen {
        path: dir.path.clone(),
        kind: SeenKind::Dir,
        sum: classic::made(&dir.path),
    });
    sent.chain(made).collect()
}

/// The directories that are not sent, but made because something in them is, with their places.
fn made<'f>(least: &Referenced, files: &'f [InputFile]) -> Vec<(&'f InputFile, usize)> {
    let mut members = least
        .members
        .members()
        .map(|member| &member.entry.path)
        .peekable();
    let mut made = Vec::new();
    for (place, file) in files.iter().enumerate() {
        while members.next_if(|path| **path < file.path).is_some() {}
        if members.peek() != Some(&&file.path) {
            made.push((file, place));
        }
    }
    made
}

fn find<'f>(files: &'f [InputFile], path: &EntryPath) -> Option<&'f InputFile> {
    let place = files.binary_search_by(|file| file.path.cmp(path));
    files.get(place.ok()?)
}

fn digest_of(file: &InputFile) -> Option<Digest> {
    match file.kind {
        InputKind::File { digest, .. } => Some(digest),
        _ => None,
    }
}

/// Ranges in order, each place once.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut all: Vec<Range<usize>> = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match all.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}
