//! Writes into the table of least contexts what the builders of two Engines read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fs_err as fs;
use shipload_testkit::engine::{self, EngineError, Handle, Private};
use shipload_testkit::least::{self, Answer, Builders, Case, Column};

use crate::shell;

/// Builds that run at once; each is mostly waiting.
const WORKERS: usize = 4;

type Answers = BTreeMap<String, BTreeMap<Column, Answer>>;

/// Renews the answers of the cases whose names contain `only`; without it, of those that lack answers.
pub(super) fn record(only: Option<&str>) -> Result<(), String> {
    let usual = Engine::provide(engine::shared_host(), engine::start_private)?;
    let modern = Engine::provide(engine::modern_host(), engine::start_modern)?;
    let builders = Builders::of(usual.handle.clone(), modern.handle.clone())?;
    let cases = least::cases().map_err(|error| error.to_string())?;
    let is_chosen = |case: &&Case| match only {
        Some(text) => case.name.contains(text),
        None => !case.builders.iter().eq(case.answers.keys()),
    };
    let chosen: Vec<_> = cases.iter().filter(is_chosen).collect();
    let answers = ask(&builders, &chosen)?;
    for file in least::files().map_err(|error| error.to_string())? {
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let written = least::with_answers(&text, &answers).map_err(|error| error.to_string())?;
        fs::write(&file, written).map_err(|error| error.to_string())?;
    }
    println!("{} cases in {}", answers.len(), least::folder().display());
    Ok(())
}

/// An Engine, and what ends it if it is ours.
struct Engine {
    handle: Handle,
    _ours: Option<Private>,
}

impl Engine {
    fn provide(
        given: Option<Handle>,
        start: fn() -> Result<Private, EngineError>,
    ) -> Result<Self, String> {
        if let Some(handle) = given {
            return Ok(Self {
                handle,
                _ours: None,
            });
        }
        let ours = start().map_err(|error| shell::chain(&error))?;
        let handle = ours.handle().clone();
        Ok(Self {
            handle,
            _ours: Some(ours),
        })
    }
}

fn ask(builders: &Builders, cases: &[&Case]) -> Result<Answers, String> {
    let questions: Vec<_> = cases
        .iter()
        .flat_map(|case| case.builders.iter().map(move |column| (*case, *column)))
        .collect();
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Answers::new());
    let failures = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((case, column)) = questions.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    match least::observe(builders, *column, case) {
                        Ok(answer) => {
                            if let Ok(mut answers) = answers.lock() {
                                let of_case = answers.entry(case.name.clone()).or_default();
                                of_case.insert(*column, answer);
                            }
                        }
                        Err(error) => {
                            if let Ok(mut failures) = failures.lock() {
                                failures.insert(format!(
                                    "`{}`, {}: {error}",
                                    case.name,
                                    column.name()
                                ));
                            }
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    if failures.is_empty() {
        answers.into_inner().map_err(|error| error.to_string())
    } else {
        Err(failures.into_iter().collect::<Vec<_>>().join("\n"))
    }
}
