//! `Judged`: the rules by one builder's semantics, held against everything in the directory.

use std::collections::{BTreeSet, HashMap};

use shipload_context::{Rules, Semantics};
use shipload_ignore::Rule;

use super::malformed::Malformed;
use super::subject::Subject;
use super::words;
use crate::code::Severity;
use crate::finding::Finding;
use crate::survey::{LineId, Matched, RuleFiles, Verdict};

/// The rules by one builder's semantics, and what they do.
pub(super) struct Judged {
    pub(super) rules: Rules,
    /// For each rule the line that it stands on; none for a rule that the client adds.
    pub(super) lines: Vec<Option<LineId>>,
    numbers: HashMap<LineId, usize>,
    /// For each entry of the survey what the rules say of it.
    pub(super) verdicts: Vec<Verdict>,
    /// For each rule what it matches by itself.
    pub(super) matched: Vec<Matched>,
    /// The files, without the lines that this builder refuses.
    pub(super) files: RuleFiles,
    /// Whether that is all of them.
    pub(super) is_whole: bool,
}

/// So many lines that another builder refuses are looked for.
const MOST_REFUSED: usize = 20;

impl Judged {
    /// The rules as all builders read them, the chosen one first, and the lines that another one refuses. Nothing where there are
    /// no rules.
    pub(super) fn all(subject: &Subject<'_>) -> (Vec<Self>, Vec<Finding>) {
        let (mut all, mut findings) = (Vec::new(), Vec::new());
        if subject.files.files.is_empty() {
            return (all, findings);
        }
        let chosen = subject.plan.semantics;
        let others = [Semantics::BuildKit, Semantics::Classic, Semantics::Podman];
        let others = others.into_iter().filter(|&other| other != chosen);
        for semantics in [chosen].into_iter().chain(others) {
            let mut refused = Vec::new();
            if let Some(judged) = Self::new(subject, semantics, &mut refused) {
                all.push(judged);
            }
            for malformed in refused {
                let mut finding = malformed.finding(subject.files);
                if semantics != chosen {
                    let builder = words::builder(semantics);
                    finding.message = format!("{builder} refuses this: {}", finding.message);
                    finding.severity = Severity::Warning;
                }
                let is_said = |said: &Finding| said.location == finding.location;
                if !findings.iter().any(is_said) {
                    findings.push(finding);
                }
            }
        }
        // Without the chosen builder there is nothing to compare others with.
        if all
            .first()
            .is_none_or(|first| first.rules.semantics() != chosen)
        {
            all.clear();
        }
        (all, findings)
    }

    fn new(
        subject: &Subject<'_>,
        semantics: Semantics,
        refused: &mut Vec<Malformed>,
    ) -> Option<Self> {
        let mut without = BTreeSet::new();
        while refused.len() < MOST_REFUSED {
            let files = subject.files.without(&without);
            let problem = match files.rules(semantics) {
                Ok(rules) => match subject.survey.verdicts(&rules) {
                    Ok(verdicts) => {
                        let matched = subject.survey.matched(&rules, &verdicts).ok()?;
                        let lines: Vec<_> =
                            rules.iter().map(|rule| files.line(rule.place())).collect();
                        let numbers = (0..).zip(&lines);
                        let numbers = numbers.filter_map(|(number, line)| Some(((*line)?, number)));
                        return Some(Self {
                            numbers: numbers.collect(),
                            rules,
                            lines,
                            verdicts,
                            matched,
                            is_whole: without.is_empty(),
                            files,
                        });
                    }
                    Err(error) => Malformed::from(&error),
                },
                Err(error) => Malformed::from(&error),
            };
            without.insert(files.line(&problem.place)?);
            refused.push(problem);
        }
        None
    }

    /// The rules that stand in a file, with their places in the list and their lines.
    pub(super) fn rules_in_files(&self) -> impl Iterator<Item = (usize, &Rule, LineId)> {
        let rules = self.rules.iter().zip(&self.lines).enumerate();
        rules.filter_map(|(number, (rule, line))| Some((number, rule, (*line)?)))
    }

    /// The place in the list of the rule on a line.
    pub(super) fn number(&self, line: LineId) -> Option<usize> {
        self.numbers.get(&line).copied()
    }
}
