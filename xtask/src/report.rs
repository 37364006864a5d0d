//! What ran, what was skipped and why: kept while steps run, printed as a table at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How a step ended; the text is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(String, Outcome, Duration)>,
    nothing_skipped: bool,
}

impl Report {
    /// A report in which, if `strict`, a skipped step counts as failed.
    pub(crate) fn new(strict: bool) -> Self {
        Self {
            rows: Vec::new(),
            nothing_skipped: strict,
        }
    }

    /// Runs a step and notes how it ended.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Outcome) {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = work();
        self.add(name, outcome, start.elapsed());
    }

    /// As [`Report::step`], for work that passes or fails and has nothing else to say.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        self.step(name, || match work() {
            Ok(()) => Outcome::Passed(String::new()),
            Err(message) => Outcome::Failed(message),
        });
    }

    /// Notes something that was skipped inside a step, such as a single test.
    pub(crate) fn skipped(&mut self, name: &str, why: &str) {
        self.add(name, Outcome::Skipped(why.to_owned()), Duration::ZERO);
    }

    fn add(&mut self, name: &str, outcome: Outcome, took: Duration) {
        let outcome = match outcome {
            Outcome::Skipped(why) if self.nothing_skipped => {
                Outcome::Failed(format!("skipped, which CI does not allow: {why}"))
            }
            other => other,
        };
        match &outcome {
            Outcome::Failed(why) => println!("    FAILED: {why}"),
            Outcome::Skipped(why) => println!("    skipped: {why}"),
            Outcome::Passed(_) => {}
        }
        self.rows.push((name.to_owned(), outcome, took));
    }

    /// Prints the table; success if nothing failed.
    pub(crate) fn finish(&self) -> ExitCode {
        println!("\n{}", self.table());
        if self.count(|outcome| matches!(outcome, Outcome::Failed(_))) == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn table(&self) -> String {
        let width = self
            .rows
            .iter()
            .map(|(name, ..)| name.chars().count())
            .max()
            .unwrap_or(0);
        let mut table = String::new();
        for (name, outcome, took) in &self.rows {
            let (word, note) = match outcome {
                Outcome::Passed(note) => ("passed", note),
                Outcome::Failed(note) => ("FAILED", note),
                Outcome::Skipped(note) => ("skipped", note),
            };
            let note = note.lines().next().unwrap_or_default();
            let line = format!(
                "{name:width$}  {word:7}  {:>6.1} s  {note}",
                took.as_secs_f32()
            );
            table.push_str(line.trim_end());
            table.push('\n');
        }
        let passed = self.count(|outcome| matches!(outcome, Outcome::Passed(_)));
        let failed = self.count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let skipped = self.count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        table + &format!("\nsteps: {passed} passed, {failed} failed, {skipped} skipped")
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.rows
            .iter()
            .filter(|(_, outcome, _)| which(outcome))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(strict: bool) -> Report {
        let mut report = Report::new(strict);
        report.check("format", || Ok(()));
        report.skipped("engine", "not root\nmore");
        report
    }

    #[test]
    fn the_table_says_what_was_skipped_and_why() {
        let expected = "format  passed      0.0 s\nengine  skipped     0.0 s  not root\n\nsteps: 1 passed, 0 failed, 1 skipped";
        assert_eq!(sample(false).table(), expected);
        assert_eq!(sample(false).finish(), ExitCode::SUCCESS);
    }

    #[test]
    fn where_nothing_may_be_skipped_a_skip_fails() {
        assert!(
            sample(true)
                .table()
                .ends_with("steps: 1 passed, 1 failed, 0 skipped")
        );
        assert_eq!(sample(true).finish(), ExitCode::FAILURE);
    }
}
