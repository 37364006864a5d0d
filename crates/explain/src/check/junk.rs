//! Known junk in the context: one finding for each kind, with all places and their size.

use std::collections::BTreeMap;

use shipload_context::{EntryPath, MemberKind};

use super::exclusion;
use super::judged::Judged;
use super::junk_kinds::{self, Kind};
use super::subject::{Reading, Subject};
use super::words::{count, size};
use crate::code::Code;
use crate::finding::{Edit, Finding};

/// One place with junk in it.
struct Heap<'a> {
    path: &'a EntryPath,
    kind: Kind,
    bytes: u64,
    files: usize,
}

pub(super) fn all(subject: &Subject<'_>, judged: &[Judged]) -> Vec<Finding> {
    let mut kinds: BTreeMap<&str, Vec<Heap<'_>>> = BTreeMap::new();
    for heap in heaps(subject) {
        if heap.files > 0 {
            kinds
                .entry(heap.kind.rule.unwrap_or(heap.kind.what))
                .or_default()
                .push(heap);
        }
    }
    let heaps = kinds.into_values();
    heaps
        .filter_map(|heaps| finding(subject, judged, heaps))
        .collect()
}

/// Where there is junk among the members, in order.
pub(super) fn places(subject: &Subject<'_>) -> Vec<EntryPath> {
    let heaps = heaps(subject);
    heaps.into_iter().map(|heap| heap.path.clone()).collect()
}

/// All junk among the members that the Dockerfile does not name, in order; what is in junk is not looked at again.
fn heaps<'a>(subject: &Subject<'a>) -> Vec<Heap<'a>> {
    let mut heaps: Vec<Heap<'_>> = Vec::new();
    for member in subject.plan.view.members() {
        let path = &member.entry.path;
        let bytes = match member.kind {
            MemberKind::File { size } => size,
            _ => 0,
        };
        if let Some(heap) = heaps.last_mut().filter(|heap| path.starts_with(heap.path)) {
            heap.bytes = heap.bytes.saturating_add(bytes);
            heap.files += usize::from(!member.entry.is_dir());
            continue;
        }
        let kind = match member.kind {
            MemberKind::Dir => junk_kinds::of_directory(subject.survey, path),
            MemberKind::File { .. } => junk_kinds::of_file(path.file_name()),
            _ => None,
        };
        let is_meant = |_: &Kind| matches!(subject.reading(path), Reading::Named);
        heaps.extend(kind.filter(|kind| !is_meant(kind)).map(|kind| Heap {
            path,
            kind,
            bytes,
            files: usize::from(!member.entry.is_dir()),
        }));
    }
    heaps
}

fn finding(subject: &Subject<'_>, judged: &[Judged], mut heaps: Vec<Heap<'_>>) -> Option<Finding> {
    heaps.sort_by_key(|heap| std::cmp::Reverse(heap.bytes));
    let first = heaps.first()?;
    let (kind, path) = (first.kind, first.path.clone());
    let bytes = heaps
        .iter()
        .map(|heap| heap.bytes)
        .fold(0, u64::saturating_add);
    let files: usize = heaps.iter().map(|heap| heap.files).sum();
    let places = match heaps.len() - 1 {
        0 => format!("`{path}` is"),
        others => format!(
            "`{path}` and {} are",
            count(others, "other place", "other places")
        ),
    };
    let message = format!(
        "{places} in the context: {}, {}, {}",
        kind.what,
        count(files, "file", "files"),
        size(bytes)
    );
    let finding = Finding::new(Code::Junk, message)
        .of(path.clone())
        .concerning(heaps.iter().map(|heap| heap.path))
        .weighing(bytes);
    let finding = subject.unwanted(finding, subject.reading(&path));
    let rule = match kind.rule {
        // A rule for one directory at the top need not search them all.
        Some(rule) => rule.to_owned(),
        None => path.to_string(),
    };
    let advice = format!("add the rule `{rule}`");
    let edits = exclusion::addition(subject, rule.as_bytes()).map(|edit| vec![edit]);
    let is_junk = |moved: &EntryPath| heaps.iter().any(|heap| moved.starts_with(heap.path));
    let is_known = |moved: &EntryPath| is_junk(moved) || !is_member(subject, moved);
    let works = |edits: &Vec<Edit>| {
        judged
            .iter()
            .all(|judged| subject.only_moves(judged, edits, is_known))
    };
    let plain = !rule.contains(['\\', '|', '{', '^']);
    Some(
        match edits.filter(|edits| plain && (judged.is_empty() || works(edits))) {
            Some(edits) => finding.fix(advice, edits),
            None => finding.advice(advice),
        },
    )
}

fn is_member(subject: &Subject<'_>, path: &EntryPath) -> bool {
    subject.plan.view.tree().get(path).is_some()
}
