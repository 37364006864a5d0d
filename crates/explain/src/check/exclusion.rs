//! The rule that takes one path out of the context, as a fix.
//!
//! It stands at the end of the last ignore file, where no other takes it back, and is spelled so that every builder takes it for the
//! name of that path: so it moves this path and what is below it, and nothing else.

use shipload_context::{EntryPath, show};

use super::subject::{Reading, Subject};
use crate::code::Code;
use crate::finding::{Edit, Finding};
use crate::fix::literal;

/// A finding with the advice to exclude a path, behind other advice if there is some, and the edit that does so.
pub(super) fn advised(
    subject: &Subject<'_>,
    finding: Finding,
    path: &EntryPath,
    before: &str,
) -> Finding {
    let Some(rule) = literal::for_all(path, false) else {
        return finding.advice(format!("{before}exclude what it is in, or rename it"));
    };
    let advice = format!("{before}exclude it: add the rule `{}`", show(&rule));
    finding.fix(advice, edits(subject, path, &rule))
}

/// A finding that says already that its path should be excluded, with the edit that does so.
pub(super) fn completed(subject: &Subject<'_>, mut finding: Finding) -> Finding {
    let is_about_one = match finding.code {
        Code::Secret | Code::SecretFile | Code::PossibleSecret => true,
        // One finding may be about several.
        Code::GitIgnored => finding.count <= 1,
        _ => false,
    };
    if let (true, Some(path), Some(fix)) = (is_about_one, &finding.path, &mut finding.fix)
        && let Some(rule) = literal::for_all(path, false)
    {
        fix.edits = edits(subject, path, &rule);
    }
    finding
}

/// None where the Dockerfile names the path: the build would fail without it.
fn edits(subject: &Subject<'_>, path: &EntryPath, rule: &[u8]) -> Vec<Edit> {
    match subject.reading(path) {
        Reading::Named => Vec::new(),
        Reading::Swept(_) | Reading::Unknown | Reading::Not => {
            Vec::from_iter(addition(subject, rule))
        }
    }
}

/// The edit that adds a rule; of a context without ignore file it makes one.
pub(super) fn addition(subject: &Subject<'_>, rule: &[u8]) -> Option<Edit> {
    if let Some(file) = subject.files.files.last() {
        return Some(file.addition(rule));
    }
    let directory = subject.plan.directory.as_deref()?;
    let file = directory.join(".dockerignore");
    let is_new = subject.plan.ignore_files.is_empty() && fs_err::symlink_metadata(&file).is_err();
    is_new.then(|| Edit {
        file,
        range: 0..0,
        text: [rule, b"\n"].concat(),
    })
}
