//! `Subject`: what all checks look at, and what several of them ask.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use shipload_context::{EntryPath, Member, Plan, Referenced, Rules, Semantics};
use shipload_dockerfile::{ContextSource, Position};

use super::CheckOptions;
use super::judged::Judged;
use crate::code::Severity;
use crate::finding::{Edit, Finding, Location};
use crate::survey::{RuleFiles, Survey};

/// What all checks look at.
pub(super) struct Subject<'a> {
    pub(super) plan: &'a Plan,
    /// What the Dockerfile reads; none if it has an error.
    pub(super) least: Option<&'a Referenced>,
    /// Everything in the directory.
    pub(super) survey: &'a Survey,
    pub(super) files: &'a RuleFiles,
    pub(super) options: &'a CheckOptions,
    /// Where there is junk, in order: nothing else is said of what is in it.
    pub(super) junk: Vec<EntryPath>,
}

/// What the Dockerfile makes of a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading<'a> {
    /// It names it, or something below it.
    Named,
    /// It reads it together with others.
    Swept(&'a ContextSource),
    /// It may read it.
    Unknown,
    /// It does not read it.
    Not,
}

impl<'a> Subject<'a> {
    /// What the Dockerfile makes of a path of the context.
    pub(super) fn reading(&self, path: &EntryPath) -> Reading<'a> {
        let Some(least) = self.least else {
            return Reading::Unknown;
        };
        let depth = path.depth();
        let mut sources = least.reads.sources.iter();
        if sources.any(|source| names(source, path, depth)) {
            return Reading::Named;
        }
        match least.read_by(path).next() {
            Some(source) => Reading::Swept(source),
            None if least.reads.whole.is_empty() => Reading::Not,
            None => Reading::Unknown,
        }
    }

    /// A finding about something in the context that ought not to be there, as bad as what the Dockerfile makes of it.
    pub(super) fn unwanted(&self, finding: Finding, reading: Reading<'_>) -> Finding {
        match reading {
            Reading::Swept(source) => finding.related(
                format!("`{}` reads it here", source.written),
                self.in_dockerfile(source.position, &source.excerpt, source.written.len()),
            ),
            // BuildKit fetches only what is read.
            Reading::Not if self.plan.semantics == Semantics::BuildKit => {
                finding.severity(Severity::Note)
            }
            Reading::Named | Reading::Unknown | Reading::Not => finding,
        }
    }

    /// A place in the Dockerfile.
    pub(super) fn in_dockerfile(&self, at: Position, excerpt: &str, width: usize) -> Location {
        in_dockerfile(self.plan, at, excerpt, width)
    }

    /// Whether a path is of junk or in it.
    pub(super) fn is_junk(&self, path: &EntryPath) -> bool {
        let behind = self.junk.partition_point(|place| place <= path);
        let before = behind.checked_sub(1).and_then(|last| self.junk.get(last));
        before.is_some_and(|place| path.starts_with(place))
    }

    /// The members that are no junk.
    pub(super) fn members(&self) -> impl Iterator<Item = Member<'a>> {
        let members = self.plan.view.members();
        members.filter(|member| !self.is_junk(&member.entry.path))
    }

    /// Whether a path is that of the Dockerfile, or of an ignore file of the context, for which builders have rules of their own.
    pub(super) fn is_build_file(&self, path: &[u8]) -> bool {
        let own = [&b".dockerignore"[..], b".containerignore"];
        path == self.plan.dockerfile.as_bytes() || own.contains(&path)
    }

    /// The rules after edits, if they can be evaluated and every entry for which `may_move` is false stays on its side: that an
    /// edit is offered is a promise that it does nothing else.
    pub(super) fn only_moves(
        &self,
        judged: &Judged,
        edits: &[Edit],
        may_move: impl Fn(&EntryPath) -> bool,
    ) -> bool {
        let after = self.files.edited(edits);
        let rules = after.and_then(|files| files.rules(judged.rules.semantics()).ok());
        rules.is_some_and(|rules| self.moves(judged, &rules, may_move))
    }

    fn moves(&self, judged: &Judged, rules: &Rules, may_move: impl Fn(&EntryPath) -> bool) -> bool {
        let Ok(after) = self.survey.verdicts(rules) else {
            return false;
        };
        let pairs = self
            .survey
            .entries()
            .iter()
            .zip(judged.verdicts.iter().zip(&after));
        let mut changed = pairs.filter(|(_, (before, after))| before.excluded != after.excluded);
        let mut any = false;
        let fits = changed.all(|(entry, _)| {
            any = true;
            may_move(&entry.path)
        });
        any && fits
    }
}

/// A place in the Dockerfile of a plan.
pub(super) fn in_dockerfile(plan: &Plan, at: Position, excerpt: &str, width: usize) -> Location {
    let shown = || plan.dockerfile_shown().into();
    Location {
        file: plan.dockerfile_host.clone().unwrap_or_else(shown),
        line: at.line,
        column: at.column,
        width,
        excerpt: excerpt.to_owned(),
    }
}

/// Whether a source is about a path or what is below it, rather than about all that is beside it.
fn names(source: &ContextSource, path: &EntryPath, depth: usize) -> bool {
    let pattern = &source.pattern;
    if pattern == "." || pattern.split('/').count() < depth {
        return false;
    }
    let parts = pattern.split('/').zip(path.components());
    parts.into_iter().all(|(part, name)| {
        let is_any = matches!(part, "*" | "**");
        let glob = shipload_dockerfile::Glob::new(part);
        !is_any && glob.is_ok_and(|glob| glob.matches(name))
    })
}

/// A path of the context as one of this machine, relative to the context directory.
pub(super) fn host_path(path: &EntryPath) -> &Path {
    Path::new(OsStr::from_bytes(path.as_bytes()))
}
