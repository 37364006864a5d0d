//! Which ignore files are read, and which only look as if they were.

use std::path::{Path, PathBuf};

use shipload_context::{EntryPath, Semantics, show};
use shipload_ignore::{Candidate, Rules};

use super::subject::{Subject, host_path};
use super::words;
use crate::code::{Code, Severity};
use crate::finding::{Finding, Location};

const ALL: [Semantics; 3] = [Semantics::BuildKit, Semantics::Classic, Semantics::Podman];

pub(super) fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(directory) = subject.plan.directory.as_deref() else {
        return Vec::new();
    };
    let places = Places { subject, directory };
    // Where the caller said which files to read, nobody looks for others.
    let own = places.existing(subject.plan.semantics);
    if subject.plan.ignore_files != own[..own.len().min(1)] {
        return Vec::new();
    }
    let mut findings = Vec::new();
    findings.extend(places.disabled(&own));
    findings.extend(places.of_other_builders());
    findings.extend(places.beside());
    findings
}

struct Places<'a> {
    subject: &'a Subject<'a>,
    directory: &'a Path,
}

impl Places<'_> {
    /// The ignore files that there are of those that a builder looks for, in its order.
    fn existing(&self, semantics: Semantics) -> Vec<PathBuf> {
        let paths = semantics
            .candidates()
            .iter()
            .filter_map(|candidate| self.path(*candidate));
        paths
            .filter(|path| fs_err::symlink_metadata(path).is_ok())
            .collect()
    }

    fn path(&self, candidate: Candidate) -> Option<PathBuf> {
        match (candidate, &self.subject.plan.dockerfile_host) {
            (Candidate::BesideDockerfile(_), None) => None,
            (_, dockerfile) => {
                let dockerfile = dockerfile.as_deref().unwrap_or(Path::new(""));
                Some(candidate.path(dockerfile, self.directory))
            }
        }
    }

    fn shown(&self, path: &Path) -> String {
        use std::os::unix::ffi::OsStrExt as _;
        let path = path.strip_prefix(self.directory).unwrap_or(path);
        format!("`{}`", show(path.as_os_str().as_bytes()))
    }

    /// An ignore file without rules is one: what comes after it is not read.
    fn disabled(&self, own: &[PathBuf]) -> Option<Finding> {
        let (first, others) = own.split_first()?;
        let has_rules = |path: &PathBuf| {
            let text = fs_err::read(path).unwrap_or_default();
            let rules = Rules::parse(self.subject.plan.semantics, "", &text);
            !rules.is_ok_and(|rules| rules.is_empty())
        };
        let lost = others.iter().find(|path| has_rules(path))?;
        if has_rules(first) {
            return None;
        }
        let message = format!(
            "{} has no rules, and keeps {} from being read: everything is in the context",
            self.shown(first),
            self.shown(lost)
        );
        let finding = Finding::new(Code::DisabledRules, message).at(top(first));
        Some(finding.advice("remove the file, or write rules into it"))
    }

    /// Ignore files that only other builders read.
    fn of_other_builders(&self) -> Vec<Finding> {
        let chosen = self.subject.plan.semantics;
        let own = self.existing(chosen);
        let mut findings: Vec<Finding> = Vec::new();
        for other in ALL.into_iter().filter(|&other| other != chosen) {
            // One that the other reads first is one that somebody wrote for it.
            let Some(path) = self.existing(other).into_iter().next() else {
                continue;
            };
            let is_said = findings
                .iter()
                .any(|finding| finding.location == Some(top(&path)));
            if own.contains(&path) || is_said {
                continue;
            }
            let message = format!(
                "{} does not read {}, which {} does",
                words::builder(chosen),
                self.shown(&path),
                words::builder(other)
            );
            let finding = Finding::new(Code::UnreadRules, message).at(top(&path));
            let advice = match own.first() {
                Some(own) => format!("write its rules into {}", self.shown(own)),
                None => "name it `.dockerignore`, and put it at the top of the context".to_owned(),
            };
            // Where both have rules of their own, somebody has thought of it.
            let finding = if own.is_empty() {
                finding
            } else {
                finding.severity(Severity::Note)
            };
            findings.push(finding.advice(advice));
        }
        findings
    }

    /// The ignore file beside a Dockerfile that is not at the top. Others further down are nearly always those of other contexts.
    fn beside(&self) -> Option<Finding> {
        let plan = self.subject.plan;
        let dir = plan.dockerfile.parent().filter(|_| !plan.is_injected)?;
        let path = EntryPath::new(".dockerignore").ok()?.below(&dir).ok()?;
        let host = self.directory.join(host_path(&path));
        if fs_err::symlink_metadata(&host).is_err() || plan.ignore_files.contains(&host) {
            return None;
        }
        let message = format!(
            "`{path}` is not read: builders look at the top of the context, and for the Dockerfile's name with `.dockerignore` behind it"
        );
        let advice = format!(
            "move it to `{}.dockerignore` or to `.dockerignore`; its rules are relative to the top of the context",
            plan.dockerfile
        );
        Some(
            Finding::new(Code::UnreadRules, message)
                .at(top(&host))
                .advice(advice),
        )
    }
}

/// The top of a file.
fn top(path: &Path) -> Location {
    Location {
        file: path.to_owned(),
        line: 1,
        column: 1,
        width: 0,
        excerpt: String::new(),
    }
}
