//! What a builder sends before and after an edit, and whether just what was asked is the difference.

use std::collections::BTreeSet;

use shipload_context::EntryPath;
use shipload_explain::fix::Wanted;
use shipload_testkit::escape;
use shipload_testkit::oracle::{Answer, Semantics};

use super::ask::Question;

/// What a builder is to send after an edit: what it sent before, without what was asked out, with what was asked in.
fn moved(question: &Question, before: &Answer) -> BTreeSet<Vec<u8>> {
    let Answer::Sent(before) = before else {
        panic!("it sent nothing before")
    };
    let is_kept = |path: &&Vec<u8>| asked(&question.wanted, path) != Some(false);
    let added = question.case.tree.entries.keys();
    let added = added.filter(|path| asked(&question.wanted, path) == Some(true));
    before
        .iter()
        .filter(is_kept)
        .chain(added)
        .cloned()
        .collect()
}

/// The directories that a path is in.
fn above(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let slashes = (0..path.len()).filter(|&at| path[at] == b'/');
    slashes.map(|at| path[..at].to_vec())
}

/// Whether something in a directory, and nothing but that, was asked out.
fn is_emptied(question: &Question, directory: &[u8]) -> bool {
    let inside = [directory, b"/"].concat();
    let below = question.case.tree.entries.keys();
    below
        .filter(|path| path.starts_with(&inside))
        .any(|path| asked(&question.wanted, path) == Some(false))
}

/// Whether a path was asked in or out; the innermost of those that were asked for counts.
fn asked(wanted: &Wanted, path: &[u8]) -> Option<bool> {
    let covers = |asked: &&EntryPath| {
        let rest = path.strip_prefix(asked.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    };
    let innermost = |paths: &[EntryPath]| {
        let lengths = paths
            .iter()
            .filter(covers)
            .map(|path| path.as_bytes().len());
        lengths.max().unwrap_or(0)
    };
    let (out, within) = (innermost(&wanted.exclude), innermost(&wanted.include));
    (out.max(within) > 0).then_some(within > out)
}

/// Holds what a builder sends after an edit against what it sent before.
pub(super) fn compare(
    question: &Question,
    engine: Semantics,
    before: &Answer,
    after: &Answer,
) -> Result<(), String> {
    let mut expected = moved(question, before);
    let Answer::Sent(after) = after else {
        return Err(format!("{after}"));
    };
    let mut after = after.clone();
    // The file itself may be new.
    let is_new = |path: &Vec<u8>| !question.case.tree.entries.contains_key(path);
    after.retain(|path| !is_new(path));
    match engine {
        // It is sent its own files whatever the rules say.
        Semantics::Classic => {
            for own in [b".dockerignore", question.case.dockerfile.as_bytes()] {
                expected.remove(own);
                after.remove(own);
            }
        }
        // What is sent has its directories with it. Of one that nothing is left in, it cannot be seen whether it was there for
        // itself.
        Semantics::BuildKit | Semantics::Podman => {
            let is_open =
                |path: &[u8]| asked(&question.wanted, path).is_none() && is_emptied(question, path);
            expected.retain(|path| !is_open(path));
            let above: Vec<Vec<u8>> = expected.iter().flat_map(|path| above(path)).collect();
            expected.extend(above);
            let emptied = after.difference(&expected).filter(|path| is_open(path));
            let emptied: Vec<Vec<u8>> = emptied.cloned().collect();
            after.retain(|path| !emptied.contains(path));
        }
    }
    let show = |paths: Vec<&Vec<u8>>| -> Vec<String> {
        paths.iter().map(|path| escape::display(path)).collect()
    };
    let missing = show(expected.difference(&after).collect());
    let more = show(after.difference(&expected).collect());
    if missing.is_empty() && more.is_empty() {
        return Ok(());
    }
    Err(format!("it lacks {missing:?} and has {more:?}"))
}
