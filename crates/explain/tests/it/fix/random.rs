//! On random cases: just what was asked moves, as the builders themselves have it.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use shipload_context::EntryPath;
use shipload_explain::fix::{FixError, Obstacle, Wanted, fix};
use shipload_testkit::escape;
use shipload_testkit::oracle::{self, Answer, Oracle, Semantics};

use super::ask::{ENGINES, Question};

/// How many questions are asked.
const CASES: u64 = 2_000;

/// What came of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    exact: u64,
    nothing_to_do: u64,
    /// The classic builder and BuildKit cannot both be exact.
    apart: u64,
    /// No pattern stands for the name.
    name: u64,
    not_found: u64,
    /// BuildKit refuses the rules as they are.
    refused: u64,
}

impl Tally {
    fn count(&mut self, answer: &Result<shipload_explain::fix::Edit, FixError>) {
        *match answer {
            Ok(edit) if edit.is_empty() => &mut self.nothing_to_do,
            Ok(_) => &mut self.exact,
            Err(FixError::Inexact { why, .. }) => match why {
                Obstacle::Apart { .. } => &mut self.apart,
                Obstacle::Name { .. } => &mut self.name,
                _ => &mut self.not_found,
            },
            Err(FixError::Load(_) | FixError::Match(_)) => &mut self.refused,
            Err(error) => panic!("{error}"),
        } += 1;
    }
}

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
fn compare(
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

/// Runs `check` with the questions and their answers, on all cores.
fn on_random_questions(
    check: impl Fn(u64, &Question, &[u8]) -> Result<(), String> + Sync,
) -> Tally {
    let next = AtomicU64::new(0);
    let (tally, wrong) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let work = || loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= CASES {
            return;
        }
        let question = Question::random(seed);
        let answer = fix(&question.input(), &question.wanted);
        tally.lock().unwrap().count(&answer);
        if let Ok(edit) = &answer
            && let Err(why) = check(seed, &question, &edit.new)
        {
            let diff = String::from_utf8_lossy(&edit.to_diff()).into_owned();
            let shown = format!(
                "seed {seed}: {:?}\n{}\n{diff}\n{why}",
                question.wanted, question.case
            );
            wrong.lock().unwrap().push(shown);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong[0]);
    tally.into_inner().unwrap()
}

#[test]
fn just_what_was_asked_moves() {
    let oracles: Vec<Oracle> = [Semantics::Classic, Semantics::BuildKit]
        .into_iter()
        .filter_map(|engine| match Oracle::find(engine) {
            Ok(oracle) => Some(oracle),
            Err(why) => {
                shipload_testkit::engine::skip(&why);
                None
            }
        })
        .collect();
    let tally = on_random_questions(|_, question, rules| {
        let after = question.with(rules);
        for engine in ENGINES {
            // What the builders make of the rules that there are, the tests of the rules ask them.
            let before = oracle::comparable(&question.case, engine);
            // An engine that refuses the rules as they are has nothing that could move.
            if before == Answer::Refused {
                continue;
            }
            compare(
                question,
                engine,
                &before,
                &oracle::comparable(&after, engine),
            )
            .map_err(|why| format!("{engine:?}: {why}"))?;
            // Of rules that stay as they are there is nothing new to be said.
            let is_edited = rules
                != question
                    .case
                    .tree
                    .content(b".dockerignore")
                    .unwrap_or_default();
            if is_edited
                && let Some(real) = oracles.iter().find(|oracle| oracle.semantics() == engine)
            {
                let after = real.answer(&after).map_err(|error| error.to_string())?;
                if after != Answer::Unclear {
                    compare(question, engine, &before, &after)
                        .map_err(|why| format!("{}: {why}", real.name()))?;
                }
            }
        }
        Ok(())
    });
    println!("{tally:?}");
    assert_eq!(tally.not_found, 0);
    // Classic builds and those on BuildKit part in few.
    assert!(
        tally.exact > CASES / 2 && tally.apart * 100 < CASES,
        "{tally:?}"
    );
}
