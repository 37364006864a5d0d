//! Random trees with random rule files: what our rules let through is what the builders send.
//!
//! Builders that this machine has are asked live. What they answered once is replayed in any case; the
//! recordings are made by `cargo xtask record`. Longer runs: `cargo xtask fuzz ignore`.

use shipload_testkit::fuzz;
use shipload_testkit::oracle::{Oracle, Semantics, agree, comparable};
use shipload_testkit::record::Recording;

/// How many cases a test asks a real builder.
const LIVE_CASES: u64 = 2000;

fn replay(semantics: Semantics, text: &str) {
    let recording = Recording::parse(text).unwrap();
    assert!(
        recording.cases.len() >= 300,
        "{} has few cases",
        recording.tool
    );
    for (case, theirs) in &recording.cases {
        let ours = comparable(case, semantics);
        assert!(
            agree(&ours, theirs),
            "{}\n{case}\nours:   {ours}\ntheirs: {theirs}",
            recording.tool
        );
    }
}

fn ask_live(semantics: Semantics) {
    match Oracle::find(semantics) {
        Ok(oracle) => {
            let report = fuzz::ignore(&oracle, LIVE_CASES, 0).unwrap();
            println!("{report}");
            assert!(report.differing.is_empty(), "{report}");
            assert!(
                report.refused * 2 < report.cases,
                "hardly anything was compared"
            );
        }
        Err(why) => println!("not asked: {why}; the recorded answers are replayed by another test"),
    }
}

#[test]
fn classic_recorded() {
    replay(
        Semantics::Classic,
        include_str!("../recorded/classic.jsonl"),
    );
}

#[test]
fn buildkit_recorded() {
    replay(
        Semantics::BuildKit,
        include_str!("../recorded/buildkit.jsonl"),
    );
}

#[test]
fn podman_recorded() {
    replay(Semantics::Podman, include_str!("../recorded/podman.jsonl"));
}

#[test]
fn classic_live() {
    ask_live(Semantics::Classic);
}

#[test]
fn buildkit_live() {
    ask_live(Semantics::BuildKit);
}
