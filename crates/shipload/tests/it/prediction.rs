//! Builds, edits and builds again on four builders, and holds what was foretold of the cache against what the builder did.
//!
//! Each pair is two versions of a context with a Dockerfile: the first is built, the second is written over it, its inputs are
//! compared with those of the first ([`predict`]), and it is built. Every step that is told to be cached has to be, every one that is
//! told to run has to run. The contents of each pair are its own, so that the cache has the first version and nothing else of it.

mod cases;
mod random;
mod rebuild;

use shipload_explain::{Fate, Prediction, predict};
use shipload_testkit::least::Column;

use cases::cases;
use rebuild::{Bench, Outcome, Pair};

/// How many random pairs each builder gets.
const RANDOM: u64 = 40;

#[test]
fn the_classic_builder_of_the_usual_engine() {
    foretold(Column::Classic20);
}

#[test]
fn buildkit_of_the_usual_engine() {
    foretold(Column::BuildKit20);
}

#[test]
fn the_classic_builder_of_the_later_engine() {
    foretold(Column::Classic26);
}

#[test]
fn buildkit_of_the_later_engine() {
    foretold(Column::BuildKit26);
}

fn foretold(column: Column) {
    let Some(bench) = Bench::find(column) else {
        return;
    };
    let mut wrong = Vec::new();
    let (mut pairs, mut hits, mut open) = (0, 0, 0);
    let by_hand = cases(column);
    let by_hands = by_hand.len();
    let random = (0..RANDOM).map(random::pair);
    for (number, pair) in by_hand.into_iter().chain(random).enumerate() {
        let (old, outcome) = match bench.rebuild(&pair) {
            Ok(rebuilt) => rebuilt,
            // A random link may lead nowhere.
            Err(_) if number >= by_hands => continue,
            Err(why) => {
                wrong.push(format!("{pair}\n=> {why}"));
                continue;
            }
        };
        let prediction = predict(&old, &outcome.inputs);
        pairs += 1;
        hits += usize::from(outcome.cached.iter().all(|cached| *cached != Some(false)));
        open += usize::from(is_open(&prediction));
        wrong.extend(compare(&pair, &prediction, &outcome));
    }
    println!(
        "{}: {pairs} pairs, {hits} all cached, {open} open",
        column.name()
    );
    assert!(
        wrong.is_empty(),
        "{}: {}",
        column.name(),
        wrong.join("\n\n")
    );
    assert!(pairs - open >= 150, "only {pairs} pairs");
    assert!(
        hits >= 15 && hits <= pairs * 2 / 3,
        "{hits} of {pairs} had nothing to do"
    );
}

/// What of a prediction did not come true.
fn compare(pair: &Pair, prediction: &Prediction, outcome: &Outcome) -> Option<String> {
    let mut problems = Vec::new();
    if prediction.steps.len() != outcome.cached.len() {
        problems.push("other steps".to_owned());
    }
    // Where this holds for each step, the first that ran is the first that was said to.
    for (step, cached) in prediction.steps.iter().zip(&outcome.cached) {
        match (step.fate, cached) {
            (Fate::Cached, Some(false)) => problems.push(format!("{step} ran")),
            (Fate::Runs, Some(true)) => problems.push(format!("{step} was cached")),
            _ => {}
        }
    }
    if is_open(prediction) != pair.is_open {
        problems.push("it was not told that all is cached, nor what runs first".to_owned());
    }
    (!problems.is_empty()).then(|| {
        let said = &outcome.said;
        format!(
            "{pair}\n=> {}\n{prediction}\n{said:#?}",
            problems.join("; ")
        )
    })
}

/// Whether it is not told if anything runs.
fn is_open(prediction: &Prediction) -> bool {
    prediction.first().is_none() && !prediction.is_cached()
}
