//! On random cases: just what was asked moves, as the builders themselves have it.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use shipload_explain::fix::{FixError, Obstacle, fix};
use shipload_testkit::oracle::{self, Answer, Oracle, Semantics};

use super::ask::{ENGINES, Question};
use super::moved::compare;

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
    let oracles: Vec<Oracle> = ENGINES
        .into_iter()
        .filter_map(|engine| match Oracle::find(engine) {
            Ok(oracle) => Some(oracle),
            // Its recorded answers are replayed by the tests of the rules.
            Err(_) if engine == Semantics::Podman => None,
            Err(why) => {
                shipload_testkit::engine::skip(&why);
                None
            }
        })
        .collect();
    let tally = on_random_questions(|seed, question, rules| {
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
            // Podman takes a good part of a second.
            let is_asked = engine != Semantics::Podman || seed % 50 == 0;
            if is_edited
                && is_asked
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
    // Classic builds and those on BuildKit part in few, and in fewer nothing is found.
    assert!(tally.exact > CASES / 2, "{tally:?}");
    assert!(
        tally.apart * 100 < CASES && tally.not_found * 200 < CASES,
        "{tally:?}"
    );
}
