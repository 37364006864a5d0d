//! The syntax tree against that of BuildKit's parser: instructions, flags, words, JSON or not, heredocs, lines.
//!
//! `cargo xtask fuzz dockerfile` runs more of the random cases.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use shipload_testkit::buildkit_parser::{Answer, BuildkitParser};
use shipload_testkit::engine;

use crate::corpus::samples;
use crate::edges;
use crate::mutate;
use crate::round_trip;
use crate::shown::{agree, ours};
use crate::shrink::shrink;

/// How many cases are compared; `SHIPLOAD_CASES` and `SHIPLOAD_SEED` ask for more and for others.
const CASES: u64 = 20_000;

fn asked(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

fn parser() -> Option<BuildkitParser> {
    BuildkitParser::find()
        .map_err(|why| engine::skip(&why))
        .ok()
}

/// What differs, in words.
fn difference(text: &str, parser: &mut BuildkitParser) -> Option<String> {
    let (ours, theirs) = (ours(text), parser.parse(text).unwrap());
    (!agree(&ours, &theirs))
        .then(|| format!("text:   {text:?}\nours:   {ours:?}\ntheirs: {theirs:?}"))
}

fn shrunk(text: &str, parser: &mut BuildkitParser) -> String {
    let small = shrink(text, |text| difference(text, parser).is_some());
    difference(&small, parser).unwrap_or_default()
}

#[test]
fn the_corpus_is_read_alike() {
    let Some(mut parser) = parser() else { return };
    let mut refused = 0;
    let mut report = String::new();
    for sample in samples() {
        let theirs = parser.parse(sample.text).unwrap();
        assert!(!matches!(theirs, Answer::Unclear(_)), "{}", sample.source);
        refused += usize::from(matches!(theirs, Answer::Refused(_)));
        if !agree(&ours(sample.text), &theirs) {
            let _ = writeln!(
                report,
                "{}\n{}",
                sample.source,
                shrunk(sample.text, &mut parser)
            );
        }
    }
    println!("{} files, {refused} refused by both", samples().len());
    assert!(report.is_empty(), "{report}");
}

#[test]
fn edges_are_read_alike() {
    let Some(mut parser) = parser() else { return };
    let mut report = String::new();
    let edges = edges::all();
    for text in &edges {
        if difference(text, &mut parser).is_some() {
            let _ = writeln!(report, "{}", shrunk(text, &mut parser));
        }
    }
    println!("{} edges", edges.len());
    assert!(report.is_empty(), "{report}");
}

/// What came of the cases.
#[derive(Default)]
struct Tally {
    refused: AtomicU64,
    unclear: AtomicU64,
    heredocs: AtomicU64,
    differing: Mutex<Vec<(u64, String)>>,
}

impl Tally {
    fn take(&self, seed: u64, parser: &mut BuildkitParser) {
        let text = mutate::case(seed);
        let theirs = parser.parse(&text).unwrap();
        match &theirs {
            Answer::Refused(_) => self.refused.fetch_add(1, Ordering::Relaxed),
            Answer::Unclear(_) => self.unclear.fetch_add(1, Ordering::Relaxed),
            Answer::Commands(commands) => {
                let has = commands.iter().any(|command| !command.heredocs.is_empty());
                self.heredocs.fetch_add(u64::from(has), Ordering::Relaxed)
            }
        };
        let differs = !agree(&ours(&text), &theirs);
        if differs || round_trip::check(&text).is_err() {
            self.differing.lock().unwrap().push((seed, text));
        }
    }
}

#[test]
fn mutated_dockerfiles_are_read_alike() {
    let Some(mut parser) = parser() else { return };
    let (cases, first) = (asked("SHIPLOAD_CASES", CASES), asked("SHIPLOAD_SEED", 0));
    let tally = Tally::default();
    let next = AtomicU64::new(first);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                let mut parser = BuildkitParser::find().unwrap();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + cases {
                        return;
                    }
                    tally.take(seed, &mut parser);
                }
            });
        }
    });
    let mut differing = tally.differing.into_inner().unwrap();
    differing.sort();
    let (refused, unclear) = (tally.refused.into_inner(), tally.unclear.into_inner());
    println!(
        "dockerfile {}: {cases} cases, {refused} refused, {} with heredocs, {unclear} unclear, {} differ",
        parser.version(),
        tally.heredocs.into_inner(),
        differing.len()
    );
    let mut report = String::new();
    for (seed, text) in differing.iter().take(8) {
        let small = if round_trip::check(text).is_ok() {
            shrunk(text, &mut parser)
        } else {
            let small = shrink(text, |text| round_trip::check(text).is_err());
            format!("{:?}: {small:?}", round_trip::check(&small))
        };
        let _ = writeln!(report, "seed {seed}\n{small}");
    }
    assert!(differing.is_empty(), "{} differ\n{report}", differing.len());
    assert!(
        refused * 2 < cases && unclear * 100 < cases,
        "hardly anything was compared"
    );
}
