//! Every check: a directory in which it finds what it is for, and one that is the same but for what is wrong.
//!
//! A row lists all findings there are to be. Where a finding has edits they are made, and then it is gone, nothing new is found, and
//! exactly the listed paths have moved.

mod dockerfile;
mod files;
mod random;
mod rules;

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;

use fs_err as fs;
use shipload_context::{DockerfileChoice, Progress, Recipe, Semantics};
use shipload_explain::{CheckOptions, Finding, Report, check};

/// A directory and what is wrong with it.
pub(crate) struct Row {
    /// What is tried.
    pub(crate) name: &'static str,
    /// Whose rules apply.
    pub(crate) semantics: Semantics,
    /// Names and contents; `-> target` is a link to there, a name with `/` at its end a directory.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// The findings in their order: `severity code place: message`, or the beginning of that.
    pub(crate) findings: &'static [&'static str],
    /// What moves in or out of the context if all edits of the findings are made.
    pub(crate) moves: &'static [&'static str],
}

/// The usual row.
pub(crate) const ROW: Row = Row {
    name: "",
    semantics: Semantics::BuildKit,
    files: &[],
    findings: &[],
    moves: &[],
};

/// A Dockerfile that reads all of its context.
pub(crate) const ALL: (&str, &str) = ("Dockerfile", "FROM scratch\nCOPY . /\n");

impl Row {
    pub(crate) fn run(&self) {
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path())
            .map(|path| (path, dir))
            .unwrap();
        let (root, _guard) = (&dir.0, &dir.1);
        write(root, self.files);
        self.run_in(root, &CheckOptions::default());
    }

    pub(crate) fn run_in(&self, root: &Path, options: &CheckOptions) {
        let report = self.check(root, options);
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|finding| line(finding, root))
            .collect();
        let fits = found.len() == self.findings.len()
            && found
                .iter()
                .zip(self.findings)
                .all(|(found, start)| found.starts_with(start));
        assert!(
            fits,
            "{}: {found:#?}, expected {:#?}",
            self.name, self.findings
        );
        self.fix(root, &report, options);
    }

    fn recipe(&self, root: &Path) -> Recipe {
        let recipe = Recipe::new(root).semantics(self.semantics);
        match self
            .files
            .iter()
            .find(|(name, _)| name.ends_with("/Dockerfile"))
        {
            Some((name, _)) if !root.join("Dockerfile").exists() => {
                recipe.dockerfile(DockerfileChoice::File(root.join(name)))
            }
            _ => recipe,
        }
    }

    fn check(&self, root: &Path, options: &CheckOptions) -> Report {
        check(&self.recipe(root), options, &Progress::new()).unwrap()
    }

    fn context(&self, root: &Path) -> BTreeSet<String> {
        let plan = self.recipe(root).plan(&Progress::new());
        let Ok(plan) = plan else {
            return BTreeSet::new();
        };
        let files = plan.view.members().filter(|member| !member.entry.is_dir());
        files.map(|member| member.entry.path.to_string()).collect()
    }

    /// Makes the edits of each finding, one after the other.
    fn fix(&self, root: &Path, report: &Report, options: &CheckOptions) {
        let before = self.context(root);
        let is_new = |finding: &&Finding, after: &Report| {
            !after
                .findings
                .iter()
                .any(|other| other.code == finding.code && other.message == finding.message)
        };
        let mut rest = report.clone();
        // An edit moves the places of those behind it, so they are looked for again.
        while let Some(finding) = rest.findings.iter().find(|finding| edits(finding) > 0) {
            let fix = finding.fix.as_ref().unwrap();
            let mut files: Vec<_> = fix.edits.iter().map(|edit| edit.file.clone()).collect();
            files.dedup();
            for file in files {
                let content = fs::read(&file).unwrap_or_default();
                fs::write(&file, fix.applied(&file, &content).unwrap()).unwrap();
            }
            let after = self.check(root, options);
            assert!(is_new(&finding, &after), "{}: still {finding}", self.name);
            let appeared = after
                .findings
                .iter()
                .find(|now| !rest.findings.iter().any(|before| before.code == now.code));
            assert!(
                appeared.is_none(),
                "{}: {finding} made {appeared:?}",
                self.name
            );
            assert!(
                after.findings.len() < rest.findings.len(),
                "{}: {after:#?}",
                self.name
            );
            rest = after;
        }
        let after = self.context(root);
        let mut moved: Vec<_> = before
            .symmetric_difference(&after)
            .map(String::as_str)
            .collect();
        moved.retain(|path| *path != ".dockerignore");
        assert_eq!(moved, self.moves, "{}", self.name);
    }
}

fn edits(finding: &Finding) -> usize {
    finding.fix.as_ref().map_or(0, |fix| fix.edits.len())
}

/// `warning dead-rule .dockerignore:1:1: message`.
fn line(finding: &Finding, root: &Path) -> String {
    let place = match (&finding.location, &finding.path) {
        (Some(at), _) => {
            let file = at.file.strip_prefix(root).unwrap_or(&at.file).display();
            format!("{file}:{}:{}", at.line, at.column)
        }
        (None, Some(path)) => path.to_string(),
        (None, None) => ".".to_owned(),
    };
    format!(
        "{} {} {place}: {}",
        finding.severity, finding.code, finding.message
    )
}

pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None if name.ends_with('/') => fs::create_dir_all(path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }
}
