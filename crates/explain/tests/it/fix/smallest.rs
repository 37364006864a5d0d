//! That no smaller edit is exact, by trying them all, on small cases.

use std::collections::BTreeSet;

use shipload_explain::fix::fix;
use shipload_testkit::oracle;

use super::ask::{ENGINES, Question};
use super::moved::compare;

/// How many questions are looked at; of these, the small ones are tried.
const CASES: u64 = 1_200;

/// Lines that anybody might think of.
fn vocabulary(question: &Question) -> BTreeSet<Vec<u8>> {
    let mut patterns: BTreeSet<Vec<u8>> = ["*", "**", "*/*", "**/*"]
        .map(|line| line.as_bytes().to_vec())
        .into();
    for path in question.case.tree.entries.keys() {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let first = path.split(|&byte| byte == b'/').next().unwrap_or_default();
        patterns.insert(path.clone());
        for (start, end) in [
            (&path[..], &b"/*"[..]),
            (path, b"/**"),
            (path, b"*"),
            (b"**/", name),
            (b"*/", name),
            (b"*", name),
            (first, b"/*"),
        ] {
            patterns.insert([start, end].concat());
        }
        if let Some(dot) = name.iter().rposition(|&byte| byte == b'.') {
            patterns.insert([b"*", &name[dot..]].concat());
            patterns.insert([b"**/*", &name[dot..]].concat());
        }
    }
    let negated = patterns.iter().map(|pattern| [b"!", &pattern[..]].concat());
    let mut lines: BTreeSet<Vec<u8>> = negated.collect();
    lines.extend(patterns);
    lines
}

/// All texts with one line more, less, or other.
fn one_change(text: &[u8], lines: &BTreeSet<Vec<u8>>) -> Vec<Vec<u8>> {
    let old: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let mut texts = Vec::new();
    for place in 0..=old.len() {
        let (before, after) = old.split_at(place);
        let mut before = before.concat();
        if !before.is_empty() && !before.ends_with(b"\n") {
            before.push(b'\n');
        }
        let rest = after.split_first().map(|(_, rest)| rest.concat());
        texts.extend(rest.iter().map(|rest| [&before[..], rest].concat()));
        for line in lines {
            texts.push([&before, &line[..], b"\n", &after.concat()].concat());
            texts.extend(
                rest.iter()
                    .map(|rest| [&before, &line[..], b"\n", rest].concat()),
            );
        }
    }
    texts
}

fn is_exact(question: &Question, before: &[oracle::Answer], text: &[u8]) -> bool {
    let case = question.with(text);
    ENGINES.iter().zip(before).all(|(&engine, before)| {
        *before == oracle::Answer::Refused
            || compare(question, engine, before, &oracle::comparable(&case, engine)).is_ok()
    })
}

#[test]
fn no_single_change_does_what_takes_several() {
    let (mut tried, mut smaller) = (0, Vec::new());
    for seed in 0..CASES {
        let question = Question::random(seed);
        let rules = question
            .case
            .tree
            .content(b".dockerignore")
            .unwrap_or_default();
        if question.case.tree.entries.len() > 14 || rules.split(|&byte| byte == b'\n').count() > 5 {
            continue;
        }
        let Ok(edit) = fix(&question.input(), &question.wanted) else {
            continue;
        };
        if edit.lines < 2 {
            continue;
        }
        tried += 1;
        let before = ENGINES.map(|engine| oracle::comparable(&question.case, engine));
        let texts = one_change(rules, &vocabulary(&question));
        if let Some(text) = texts.iter().find(|text| is_exact(&question, &before, text)) {
            let shown = String::from_utf8_lossy(text).into_owned();
            let diff = String::from_utf8_lossy(&edit.to_diff()).into_owned();
            smaller.push(format!(
                "seed {seed}: {:?}\n{}\n{diff}\n{shown}",
                question.wanted, question.case
            ));
        }
    }
    println!(
        "{tried} edits of several lines, for {} of which one would do",
        smaller.len()
    );
    // Lines for everything there is (`**`) are not among those that `fix` thinks of.
    assert!(
        tried >= 20 && smaller.len() * 20 <= tried,
        "{}",
        smaller.join("\n")
    );
}
