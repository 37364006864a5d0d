//! `!` rules for names with signs that have to be escaped.
//!
//! Whether to look into an excluded directory the classic builder and podman tell by the text of `!` rules, not by what it matches:
//! `!lib/\[x\]/a` includes `lib/[x]/a`, and has nobody look for it. A second rule with the name as it is does.

use shipload_context::{EntryPath, show};
use shipload_ignore::Rule;

use super::judged::Judged;
use super::subject::Subject;
use crate::finding::{Edit, Finding};
use crate::fix::literal;

/// The name that a `!` rule is for, if it is one that had to be spelled in another way than it is.
pub(super) fn name(rule: &Rule) -> Option<EntryPath> {
    let pattern = rule.pattern();
    let mut name = Vec::new();
    let mut rest = pattern;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'\\', [byte, tail @ ..]) => {
                name.push(*byte);
                tail
            }
            (b'[', [byte, b']', tail @ ..]) if !b"^]\\".contains(byte) => {
                name.push(*byte);
                tail
            }
            (b'*' | b'?' | b'[' | b'\\', _) => return None,
            (byte, tail) => {
                name.push(*byte);
                tail
            }
        };
    }
    let is_other = rule.is_negated() && name != pattern;
    is_other.then(|| EntryPath::new(&name).ok())?
}

/// A finding about paths that some builder is not looking for, with the rules that make all of them look; none if that is not why.
pub(super) fn fixed(
    subject: &Subject<'_>,
    judged: &[Judged],
    finding: &Finding,
    paths: &[&EntryPath],
) -> Option<Finding> {
    let rules = judged.first()?.rules_in_files();
    let names = rules.filter_map(|(_, rule, _)| name(rule));
    let names = names.filter(|name| paths.iter().any(|path| path.starts_with(name)));
    let lines: Option<Vec<_>> = names
        .map(|name| literal::search_line(name.as_bytes()))
        .collect();
    let lines = lines.filter(|lines| !lines.is_empty())?;
    let edits = vec![subject.files.files.last()?.addition(&lines.join(&b'\n'))];
    let works = judged
        .iter()
        .all(|judged| includes(subject, judged, &edits, paths));
    let shown: Vec<_> = lines
        .iter()
        .map(|line| format!("`{}`", show(line)))
        .collect();
    let advice = format!(
        "add {}: builders other than BuildKit look for the text of a `!` rule, and take `\\` for a part of the name",
        shown.join(", ")
    );
    works.then(|| finding.clone().fix(advice, edits))
}

/// Whether a builder includes the paths after edits, and nothing else that it did not.
fn includes(subject: &Subject<'_>, judged: &Judged, edits: &[Edit], paths: &[&EntryPath]) -> bool {
    let files = subject.files.edited(edits);
    let rules = files.and_then(|files| files.rules(judged.rules.semantics()).ok());
    let Some(after) = rules.and_then(|rules| subject.survey.verdicts(&rules).ok()) else {
        return false;
    };
    let mut entries = subject
        .survey
        .entries()
        .iter()
        .zip(judged.verdicts.iter().zip(&after));
    entries.all(|(entry, (before, after))| {
        if paths.binary_search(&&entry.path).is_ok() {
            !after.excluded
        } else {
            before.excluded == after.excluded || entry.is_dir()
        }
    })
}
