//! What each rule does: nothing at all, nothing that another does not do as well, or not what it looks like.
//!
//! That a rule does nothing is not concluded but tried: the rules without it are held against the whole directory, by every
//! builder's semantics. Rules are left out one after the other, each from what is left, so that all that are told together can be
//! removed together.

mod dead;

use std::collections::BTreeSet;

use shipload_context::Semantics;
use shipload_ignore::Rule;

use super::judged::Judged;
use super::raw;
use super::subject::Subject;
use super::words::{self, count, quoted};
use crate::code::{Code, Severity};
use crate::finding::Finding;
use crate::survey::{LineId, Verdict};

/// With more rules than that, nobody reads what they do one by one.
const MOST_RULES: usize = 2_000;

pub(super) fn all(
    subject: &Subject<'_>,
    judged: &[Judged],
    explained: &BTreeSet<LineId>,
) -> Vec<Finding> {
    let Some(chosen) = judged
        .first()
        .filter(|chosen| chosen.lines.len() <= MOST_RULES)
    else {
        return Vec::new();
    };
    let effects = Effects {
        subject,
        judged,
        chosen,
    };
    let unlisted = effects.about_unlisted();
    let rules = chosen
        .rules_in_files()
        .filter(|(_, _, id)| !explained.contains(id) && !unlisted.contains(id));
    let (matching, dead): (Vec<_>, Vec<_>) = rules
        .map(|(_, rule, id)| (rule, id))
        .partition(|(_, id)| effects.matches(*id));
    let mut findings = effects.dead(dead);
    findings.extend(effects.idle(matching));
    findings
}

struct Effects<'a> {
    subject: &'a Subject<'a>,
    judged: &'a [Judged],
    chosen: &'a Judged,
}

impl Effects<'_> {
    /// Whether any builder finds something that the rule matches.
    fn matches(&self, id: LineId) -> bool {
        let mut numbers = self.judged.iter().map(|judged| (judged, judged.number(id)));
        numbers
            .any(|(judged, number)| number.is_some_and(|number| judged.matched[number].count > 0))
    }

    /// Whether the rules of a builder do the same without some lines. `id` is the one that was left out last.
    fn is_same_without(&self, judged: &Judged, lines: &BTreeSet<LineId>, id: LineId) -> bool {
        let Some(number) = judged.number(id) else {
            return true;
        };
        let only = &judged.matched[number].topmost;
        let rules = judged.files.without(lines).rules(judged.rules.semantics());
        rules.is_ok_and(|rules| {
            let survey = self.subject.survey;
            survey
                .first_change(&judged.verdicts, &rules, Some(only))
                .is_ok_and(|change| change.is_none())
        })
    }
}

/// # Rules that match, to no effect
impl Effects<'_> {
    fn idle(&self, mut rules: Vec<(&Rule, LineId)>) -> Vec<Finding> {
        // Of two that do the same, the one without wildcards goes, and the later one.
        rules.sort_by_key(|(rule, id)| {
            let wildcard = rule.pattern().iter().any(|byte| b"*?[\\".contains(byte));
            (wildcard, std::cmp::Reverse(*id))
        });
        let mut without = BTreeSet::new();
        let mut findings = Vec::new();
        for (rule, id) in rules {
            if self.is_about_build_files(id) {
                continue;
            }
            without.insert(id);
            let same = |judged: &Judged| self.is_same_without(judged, &without, id);
            let is_idle_here = same(self.chosen);
            let is_idle = is_idle_here && self.judged[1..].iter().all(same);
            if is_idle_here && rule.is_negated() {
                findings.push(self.futile(rule, id, is_idle));
            } else if is_idle {
                findings.push(self.shadowed(rule, id, &without));
            }
            if !is_idle {
                without.remove(&id);
            }
        }
        findings
    }

    /// Whether a rule is about the Dockerfile and ignore files, of which builders need what rules say.
    fn is_about_build_files(&self, id: LineId) -> bool {
        let Some(number) = self.chosen.number(id) else {
            return false;
        };
        let mut places = self.chosen.matched[number].topmost.iter();
        places.all(|&place| {
            let path = &self.subject.survey.entry(place).path;
            self.subject.is_build_file(path.as_bytes())
        })
    }

    /// The first entry that a rule matches, and what the chosen builder makes of it.
    fn first(&self, id: LineId) -> Option<(u32, Verdict)> {
        let number = self.chosen.number(id)?;
        let places = self.chosen.matched[number].topmost.iter().copied();
        let verdict = |place: u32| self.chosen.verdicts.get(place as usize).copied();
        let mut all = places.filter_map(|place| Some((place, verdict(place)?)));
        let first = all.clone().next();
        all.find(|(_, verdict)| verdict.excluded).or(first)
    }

    /// The line of the rule that decided.
    fn decider(&self, verdict: Verdict) -> Option<LineId> {
        let rule = verdict.rule?;
        self.chosen.lines.get(rule as usize).copied().flatten()
    }

    fn futile(&self, rule: &Rule, id: LineId, is_idle: bool) -> Finding {
        let text = quoted(rule.text());
        let new = |message| Finding::new(Code::FutileException, message);
        let first = self.first(id).filter(|(_, verdict)| verdict.excluded);
        let Some((place, verdict)) = first else {
            let message =
                format!("{text} includes nothing again: nothing that it matches is excluded");
            let finding = new(message).severity(Severity::Note);
            if is_idle {
                return self.removable(finding, id);
            }
            return finding_at(finding, self.subject, id);
        };
        let path = &self.subject.survey.entry(place).path;
        let decider = self.decider(verdict);
        let by = decider.map_or_else(String::new, |line| format!(" by line {}", line.line));
        let builder = words::builder(self.chosen.rules.semantics());
        let finding = if verdict.reached {
            let is_later = decider.is_some_and(|line| line > id);
            let again = if is_later { " again" } else { "" };
            let finding = new(format!(
                "{text} includes nothing again: `{path}` is excluded{again}{by}"
            ));
            if is_later {
                finding.advice("move the line below that one")
            } else {
                finding.advice(
                    "a directory hands down what excluded it: take the directory in, or exclude what is in it by name",
                )
            }
        } else {
            new(format!(
                "{text} includes nothing again: `{path}` is in a directory that is excluded{by}, and {builder} does not look into it"
            ))
            .advice(match self.chosen.rules.semantics() {
                Semantics::Classic | Semantics::Podman if raw::name(rule).is_some() => {
                    "add the same path as it is, without `\\`: the text of the rule is what is looked for"
                }
                Semantics::BuildKit => "exclude the content of the directory (`name/*`) instead of the directory",
                Semantics::Classic | Semantics::Podman => {
                    "exclude the content of the directory (`name/*`) instead of the directory, or write the path from the top, without wildcards"
                }
            })
        };
        let finding = finding.concerning([path]);
        let finding = finding_at(finding, self.subject, id);
        self.pointing_to(finding, decider, "this excludes it")
    }

    fn shadowed(&self, rule: &Rule, id: LineId, without: &BTreeSet<LineId>) -> Finding {
        let text = quoted(rule.text());
        let others = self.chosen.rules_in_files();
        let mut others = others.filter(|(_, _, other)| !without.contains(other));
        let twin = others.find(|(_, other, _)| {
            other.pattern() == rule.pattern() && other.is_negated() == rule.is_negated()
        });
        if let Some((_, _, twin)) = twin {
            let message = format!("{text} is there already, in line {}", twin.line);
            let finding = self.removable(Finding::new(Code::DuplicateRule, message), id);
            return self.pointing_to(finding, Some(twin), "here");
        }
        let number = self.chosen.number(id);
        let matched = number.map_or(0, |number| self.chosen.matched[number].count);
        let what = count(matched, "path", "paths");
        let message = format!("{text} matches {what}, and nothing would change without it");
        let finding = self.removable(Finding::new(Code::ShadowedRule, message), id);
        let decider = self
            .decider_without(id, without)
            .filter(|&decider| decider != id);
        self.pointing_to(finding, decider, "this decides")
    }

    /// The line that decides on what a rule matches once some are gone.
    fn decider_without(&self, id: LineId, without: &BTreeSet<LineId>) -> Option<LineId> {
        let (place, _) = self.first(id)?;
        let files = self.chosen.files.without(without);
        let rules = files.rules(self.chosen.rules.semantics()).ok()?;
        let entry = self.subject.survey.entry(place);
        let explanation = rules.explain(entry.path.as_bytes(), entry.is_dir()).ok()?;
        files.line(explanation.rule?.place())
    }

    fn removable(&self, mut finding: Finding, id: LineId) -> Finding {
        finding.location = self.subject.files.location(id);
        let file = &self.subject.files.files[id.file];
        finding.fix("remove the line", vec![file.removal(id.line)])
    }

    fn pointing_to(&self, finding: Finding, line: Option<LineId>, message: &str) -> Finding {
        match line.and_then(|line| self.subject.files.location(line)) {
            Some(location) => finding.related(message, location),
            None => finding,
        }
    }
}

fn finding_at(mut finding: Finding, subject: &Subject<'_>, id: LineId) -> Finding {
    finding.location = subject.files.location(id);
    finding
}
