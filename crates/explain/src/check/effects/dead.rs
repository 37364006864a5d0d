//! Rules that match nothing: whether they are there for something all the same, and what they would match in another form.

use std::collections::BTreeSet;

use shipload_context::Notice;
use shipload_ignore::Rule;

use super::super::habits::Habits;
use super::super::near::{self, Near};
use super::super::words::{count, quoted};
use super::Effects;
use crate::code::{Code, Severity};
use crate::finding::Finding;
use crate::survey::LineId;

impl Effects<'_> {
    /// What is said of rules that match nothing.
    pub(super) fn dead(&self, mut dead: Vec<(&Rule, LineId)>) -> Vec<Finding> {
        let mut verdicts = self.judged.iter().flat_map(|judged| &judged.verdicts);
        if verdicts.any(|verdict| verdict.excluded && verdict.entered) {
            dead.retain(|(rule, id)| !rule.is_negated() || !self.opens(*id));
        }
        let near = near::find(self.subject, self.chosen, &dead);
        let habits = Habits::new(self.subject);
        let finding = |(rule, id): &(&Rule, LineId)| {
            let is_habit = habits.has(rule);
            // `dist` is for what is built at the top, even if there are others further down.
            let near = near
                .get(id)
                .filter(|near| !(is_habit && near.is_name && !near.is_junk));
            match near {
                Some(near) => Some(self.near(rule, *id, near)),
                None if is_habit => None,
                None => Some(self.plainly_dead(rule, *id)),
            }
        };
        dead.iter().filter_map(finding).collect()
    }

    /// Whether a `!` rule that matches nothing has a builder look into a directory for others.
    fn opens(&self, id: LineId) -> bool {
        let without = BTreeSet::from([id]);
        let mut judged = self.judged.iter();
        judged.any(|judged| !self.is_same_without(judged, &without, id))
    }

    fn plainly_dead(&self, rule: &Rule, id: LineId) -> Finding {
        let message = format!("{} matches nothing", quoted(rule.text()));
        self.removable(Finding::new(Code::DeadRule, message), id)
    }

    /// A rule that would match if it were written in another way.
    fn near(&self, rule: &Rule, id: LineId, near: &Near) -> Finding {
        let text = quoted(rule.text());
        let entries = near
            .places
            .iter()
            .map(|&place| self.subject.survey.entry(place));
        let are_files = entries.clone().all(|entry| !entry.is_dir());
        let number = near.places.len();
        let would = if are_files {
            count(number, "file", "files")
        } else {
            count(number, "path", "paths")
        };
        let better = quoted(&near.rule);
        let (code, message) = match near.code {
            Code::WrongCase => (
                Code::WrongCase,
                format!("{text} matches nothing, since case counts; {better} would match {would}"),
            ),
            _ => (
                Code::AnchoredRule,
                format!(
                    "{text} matches nothing, since patterns start at the top of the context; {better} would match {would}"
                ),
            ),
        };
        let mut finding = Finding::new(code, message).concerning(entries.map(|entry| &entry.path));
        finding.location = self.subject.files.location(id);
        let file = &self.subject.files.files[id.file];
        let edits = vec![file.rewriting(id.line, near.rule.clone())];
        if near.code == Code::AnchoredRule && near.is_name && !near.is_junk {
            // A name may well be meant for one file, of which there is none at present.
            let finding = finding.severity(Severity::Note);
            return finding.advice(format!("write {better} if it is meant at any depth"));
        }
        finding.fix(format!("write {better}"), edits)
    }

    /// The lines with rules for what is there and not listed: sockets, what cannot be read, and what may be in that.
    pub(super) fn about_unlisted(&self) -> BTreeSet<LineId> {
        let mut lines = BTreeSet::new();
        for notice in self.subject.survey.tree().notices() {
            let path = match notice {
                Notice::Socket(path) => path.as_bytes(),
                Notice::Unreadable(path) => {
                    let is_below = |rule: &Rule| {
                        let rest = rule.pattern().strip_prefix(path.as_bytes());
                        rest.is_some_and(|rest| rest.starts_with(b"/"))
                    };
                    let rules = self.chosen.rules_in_files();
                    let below = rules.filter(|(_, rule, _)| is_below(rule));
                    lines.extend(below.map(|(_, _, id)| id));
                    path.as_bytes()
                }
                _ => continue,
            };
            let Ok(explained) = self.chosen.rules.explain(path, false) else {
                continue;
            };
            let own = explained.steps.iter().filter(|step| step.path == path);
            let own = own
                .flat_map(|step| &step.rules)
                .filter(|counts| !counts.is_inherited);
            lines.extend(own.filter_map(|counts| self.chosen.files.line(counts.rule.place())));
        }
        lines
    }
}
