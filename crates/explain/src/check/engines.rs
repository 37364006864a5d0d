//! Rules that mean something else to another builder, with the files that one sends and the other does not.

use std::collections::BTreeMap;

use shipload_context::{EntryPath, Semantics};

use super::judged::Judged;
use super::raw;
use super::subject::Subject;
use super::words::{self, count, list, quoted};
use crate::code::Code;
use crate::finding::Finding;
use crate::survey::LineId;

/// Which builders differ from the chosen one on an entry, and the line because of which it is out for those for whom it is out.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    line: Option<LineId>,
    /// Whether the chosen builder leaves it out.
    excluded: bool,
    /// The others that do otherwise, by their places.
    others: Vec<usize>,
}

pub(super) fn all(subject: &Subject<'_>, judged: &[Judged]) -> Vec<Finding> {
    let Some((chosen, others)) = judged.split_first() else {
        return Vec::new();
    };
    let mut found: BTreeMap<Difference, Vec<&EntryPath>> = BTreeMap::new();
    for (place, entry) in subject.survey.entries().iter().enumerate() {
        if entry.is_dir() || subject.is_build_file(entry.path.as_bytes()) {
            continue;
        }
        let excluded = chosen.verdicts[place].excluded;
        // A builder that refuses the file sends nothing at all.
        let differs = |other: &Judged| other.is_whole && other.verdicts[place].excluded != excluded;
        let differing: Vec<usize> = (0..others.len()).filter(|&i| differs(&others[i])).collect();
        let Some(&first) = differing.first() else {
            continue;
        };
        let out = if excluded { chosen } else { &others[first] };
        let rule = out.verdicts[place].rule;
        let line = rule.and_then(|rule| out.lines.get(rule as usize).copied().flatten());
        let difference = Difference {
            line,
            excluded,
            others: differing,
        };
        found.entry(difference).or_default().push(&entry.path);
    }
    let finding = |(difference, paths): (Difference, Vec<&EntryPath>)| {
        let finding = difference.finding(subject, chosen, others, &paths);
        raw::fixed(subject, judged, &finding, &paths).unwrap_or(finding)
    };
    found.into_iter().map(finding).collect()
}

impl Difference {
    fn finding(
        &self,
        subject: &Subject<'_>,
        chosen: &Judged,
        others: &[Judged],
        paths: &[&EntryPath],
    ) -> Finding {
        let name = |semantics: Semantics| words::builder(semantics).to_owned();
        let own = vec![name(chosen.rules.semantics())];
        let differing = self
            .others
            .iter()
            .map(|&other| name(others[other].rules.semantics()));
        let differing: Vec<_> = differing.collect();
        let (out, sent) = if self.excluded {
            (&own, &differing)
        } else {
            (&differing, &own)
        };
        let number = paths.len();
        let what = match paths {
            [only] => format!("`{only}` is"),
            _ => format!("{} are", count(number, "file", "files")),
        };
        let mut message = format!(
            "{what} in the context of {}, and not in that of {}",
            list(sent),
            list(out)
        );
        if let Some(number) = self.line.and_then(|line| chosen.number(line)) {
            let rule = chosen.rules.iter().nth(number);
            let text = rule.map_or_else(String::new, |rule| quoted(rule.text()));
            message = format!("{text} means something else to each builder: {message}");
        }
        let mut finding =
            Finding::new(Code::EngineDifference, message).concerning(paths.iter().copied());
        finding.location = self.line.and_then(|line| subject.files.location(line));
        finding.advice("name what is meant from the top, without wildcards in `!` rules, and exclude the content of directories (`name/*`) rather than directories")
    }
}
