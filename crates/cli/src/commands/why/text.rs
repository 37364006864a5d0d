//! An answer for a person: the verdict on a line, and below it how it came about.

use std::fmt::Write as _;

use shipload::context::{EntryPath, Semantics, show};
use shipload::dockerfile::ContextSource;
use shipload::explain::{Answers, EngineRuling, Level, Reason, Ruling, Why};

use crate::ui;

/// All lines, each with its end; `meant` is what is there if the path is seen from the current directory.
pub(super) fn lines(answers: &Answers, why: &Why, meant: Option<&EntryPath>) -> String {
    let mut out = format!("{why}\n");
    if says_more(why) {
        chain(&mut out, &why.chain);
    }
    let hint = why.ruling.reason.as_ref().and_then(Reason::hint);
    let meant = meant
        .map(|path| format!("paths are relative to the context directory, where this is `{path}`"));
    if let Some(hint) = meant.or(hint) {
        let _ = writeln!(out, "  hint: {hint}");
    }
    for source in &why.read_by {
        let _ = writeln!(out, "  read by {}", reader(answers, source));
    }
    for source in &why.wanted_by {
        let _ = writeln!(out, "  wanted by {}", reader(answers, source));
    }
    if is_unread(answers, why) {
        let _ = writeln!(out, "  read by no instruction");
    }
    let differs = |engine: &&EngineRuling| engine.ruling.as_ref() != Ok(&why.ruling);
    for engine in why.engines.iter().filter(differs) {
        let name = name(engine.semantics);
        let _ = match &engine.ruling {
            Ok(ruling) => writeln!(out, "  {name}: {}", other(ruling)),
            Err(error) => writeln!(out, "  {name}: fails: {}", show(error.as_bytes())),
        };
    }
    out
}

/// Whether it is a file that is sent for nothing.
fn is_unread(answers: &Answers, why: &Why) -> bool {
    let is_known = matches!(&answers.reads, Ok(reads) if reads.whole.is_empty());
    let is_file = why.found.is_some_and(|found| found.kind != "dir");
    let is_build_file = matches!(why.ruling.reason, Some(Reason::BuildFile { .. }));
    is_known && is_file && !is_build_file && why.ruling.included && why.read_by.is_empty()
}

/// The builder's name on the command line.
pub(super) fn name(semantics: Semantics) -> &'static str {
    match semantics {
        Semantics::Classic => "classic",
        Semantics::BuildKit => "buildkit",
        Semantics::Podman => "podman",
    }
}

/// Whether the way to a verdict has more to it than the rule that the first line names.
fn says_more(why: &Why) -> bool {
    let Some((last, above)) = why.chain.split_last() else {
        return false;
    };
    let is_plain = above.iter().all(|level| level.rules.is_empty());
    !is_plain || last.rules.len() > 1
}

/// A line for each directory on the way, and the path, with the rules that count there.
fn chain(out: &mut String, chain: &[Level]) {
    let shown: Vec<String> = chain.iter().map(|level| level.path.to_string()).collect();
    let columns = shown.iter().map(|path| ui::width(path)).max();
    let columns = columns.unwrap_or_default();
    for (place, (level, path)) in chain.iter().zip(&shown).enumerate() {
        let is_last = place + 1 == chain.len();
        let gap = " ".repeat(columns - ui::width(path));
        let side = match (level.allowed, level.entered, is_last) {
            (true, _, _) => "in",
            (false, true, false) => "out, but searched",
            (false, _, _) => "out",
        };
        let rules: Vec<String> = level
            .rules
            .iter()
            .map(|(rule, is_inherited)| {
                let from = if *is_inherited { " (from above)" } else { "" };
                format!("{rule}{from}")
            })
            .collect();
        let rules = if rules.is_empty() {
            "no rule".to_owned()
        } else {
            rules.join(", then ")
        };
        let _ = writeln!(out, "  {path}{gap}  {side}: {rules}");
    }
}

/// `Dockerfile:4 (stage `build`): COPY a /a`
fn reader(answers: &Answers, source: &ContextSource) -> String {
    let stage = match &source.stage_name {
        Some(name) => format!("`{}`", show(name.as_bytes())),
        None => source.stage.to_string(),
    };
    let (file, line) = (&answers.dockerfile, source.position.line);
    let text = show(source.excerpt.trim().as_bytes());
    format!("{file}:{line} (stage {stage}): {text}")
}

/// What another builder makes of it.
fn other(ruling: &Ruling) -> String {
    let side = if ruling.included { "in" } else { "out" };
    let mut text = side.to_owned();
    if ruling.included != ruling.allowed {
        let would = if ruling.allowed { "in" } else { "out" };
        let _ = write!(text, ", by rules {would}");
    }
    match &ruling.rule {
        Some(rule) => {
            let _ = write!(text, ": {rule}");
        }
        None => text.push_str(": no rule"),
    }
    if let Some(reason) = &ruling.reason {
        let _ = write!(text, "; it {reason}");
    }
    text
}
