//! The Dockerfile: whether builders take it, and whether what it reads is there.

use shipload_context::{
    EntryPath, ExcludedBy, Missing, MissingCause, Plan, ReadsError, Referenced, ReferencedError,
    Request,
};
use shipload_dockerfile::Reason;

use super::CheckError;
use super::judged::Judged;
use super::subject::{Subject, in_dockerfile};
use crate::code::{Code, Severity};
use crate::finding::{Finding, Location};

/// What the Dockerfile reads, or what is wrong with it.
pub(super) struct Least {
    pub(super) referenced: Option<Referenced>,
    pub(super) findings: Vec<Finding>,
}

/// Asks what the Dockerfile reads.
pub(super) fn least(plan: &Plan, request: &Request) -> Result<Least, CheckError> {
    match plan.referenced(request) {
        Ok(referenced) => Ok(Least {
            findings: unknown(plan, &referenced),
            referenced: Some(referenced),
        }),
        Err(error) => Ok(Least {
            referenced: None,
            findings: vec![refused(plan, error)?],
        }),
    }
}

/// What is wrong with the Dockerfile as such.
pub(super) fn syntax(plan: &Plan, request: &Request) -> Result<Option<Finding>, CheckError> {
    match plan.reads(request) {
        Ok(_) => Ok(None),
        Err(error) => refused(plan, error).map(Some),
    }
}

fn refused(plan: &Plan, error: ReferencedError) -> Result<Finding, CheckError> {
    let source = match error {
        ReferencedError::Dockerfile { source, .. } => source,
        ReferencedError::Recipe(error) => return Err(error.into()),
        error => {
            let finding = Finding::new(Code::DockerfileSyntax, error.to_string());
            return Ok(finding.at(whole_file(plan)));
        }
    };
    let (message, location) = match &*source {
        ReadsError::Syntax(error) => (
            error.problem.to_string(),
            in_dockerfile(plan, error.position, &error.excerpt, 0),
        ),
        ReadsError::Word {
            position,
            excerpt,
            word,
            source,
        } => (
            format!("cannot expand `{word}`: {source}"),
            in_dockerfile(plan, *position, excerpt, 0),
        ),
        other => (other.to_string(), whole_file(plan)),
    };
    let finding = Finding::new(Code::DockerfileSyntax, message).at(location);
    Ok(match source.hint() {
        Some(hint) => finding.advice(hint),
        None => finding,
    })
}

fn whole_file(plan: &Plan) -> Location {
    let start = shipload_context::Position { line: 1, column: 1 };
    in_dockerfile(plan, start, "", 0)
}

/// Why it cannot be told what is read.
fn unknown(plan: &Plan, least: &Referenced) -> Vec<Finding> {
    let text = plan.dockerfile_text().unwrap_or_default();
    let finding = |whole: &shipload_context::Whole| {
        let line = text
            .split(|&byte| byte == b'\n')
            .nth(whole.position.line.saturating_sub(1));
        let line = String::from_utf8_lossy(line.unwrap_or_default());
        let said = whole.to_string();
        // The place is said apart.
        let reason = said
            .strip_prefix(&format!("{}: ", whole.position))
            .unwrap_or(&said);
        let message = format!("the whole context counts as read: {reason}");
        let at = in_dockerfile(plan, whole.position, line.trim_end(), 0);
        let finding = Finding::new(Code::UnknownReads, message).at(at);
        match &whole.reason {
            // Hardly ever is it a newer frontend that knows more.
            Reason::Unknown(error) => {
                let finding = finding.severity(Severity::Warning);
                match error.hint() {
                    Some(hint) => finding.advice(hint),
                    None => finding,
                }
            }
            _ => finding,
        }
    };
    least.reads.whole.iter().map(finding).collect()
}

/// The sources that lead nowhere.
pub(super) fn missing(subject: &Subject<'_>, judged: &[Judged]) -> Vec<Finding> {
    let Some(least) = subject.least else {
        return Vec::new();
    };
    let finding = |missing: &Missing| {
        let code = match &missing.cause {
            MissingCause::Excluded(_) => Code::IgnoredSource,
            _ => Code::MissingSource,
        };
        let source = &missing.source;
        let at = subject.in_dockerfile(source.position, &source.excerpt, source.written.len());
        let finding = Finding::new(code, missing.to_string()).at(at);
        match &missing.cause {
            MissingCause::Excluded(by) => excluded(subject, judged, finding, missing, by),
            _ => match missing.hint() {
                Some(hint) => finding.advice(hint),
                None => finding,
            },
        }
    };
    least.missing.iter().map(finding).collect()
}

/// A source that a rule takes out, with the rule that takes it in again, if that does nothing else.
fn excluded(
    subject: &Subject<'_>,
    judged: &[Judged],
    mut finding: Finding,
    missing: &Missing,
    by: &ExcludedBy,
) -> Finding {
    let line = subject.files.line(&by.place);
    if let Some(location) = line.and_then(|line| subject.files.location(line)) {
        finding = finding.related("this rule excludes it", location);
    }
    let hint = missing.hint().unwrap_or_default();
    let Ok(path) = EntryPath::new(&by.path) else {
        return finding.advice(hint);
    };
    let edits = subject
        .files
        .files
        .last()
        .map(|file| vec![file.addition(format!("!{path}").as_bytes())]);
    let is_plain = !by.path.contains(['*', '?', '[', '\\', '|', '{', '}', '^']);
    let works = |edits: &Vec<_>| {
        is_plain
            && judged
                .iter()
                .all(|judged| subject.only_moves(judged, edits, |moved| moved.starts_with(&path)))
    };
    match edits.filter(works) {
        Some(edits) => finding.fix(format!("add the rule `!{path}`"), edits),
        None => finding.advice(hint),
    }
}
