//! Rules that a builder refuses, when it reads the file or when it first uses them.

use std::collections::BTreeSet;
use std::path::Path;

use shipload_context::{Plan, RecipeError, TreeError};
use shipload_ignore::{LoadError, MatchError, Place};

use crate::code::Code;
use crate::finding::Finding;
use crate::survey::{LineId, RuleFile, RuleFiles};

/// A rule that a builder refuses.
#[derive(Debug, Clone)]
pub(super) struct Malformed {
    pub(super) place: Place,
    message: String,
    hint: Option<String>,
}

impl From<&LoadError> for Malformed {
    fn from(error: &LoadError) -> Self {
        Self {
            place: error.place.clone(),
            message: error.problem.to_string(),
            hint: error.hint(),
        }
    }
}

impl From<&MatchError> for Malformed {
    fn from(error: &MatchError) -> Self {
        Self {
            place: error.place.clone(),
            message: format!("`{}` cannot be evaluated: {}", error.text, error.reason),
            hint: error.hint(),
        }
    }
}

impl Malformed {
    pub(super) fn finding(&self, files: &RuleFiles) -> Finding {
        let mut finding = Finding::new(Code::MalformedRule, &self.message);
        if let Some(line) = files.line(&self.place) {
            finding.location = files.files.get(line.file).map(|file| {
                let start = self.place.column.saturating_sub(1);
                file.place(line.line, start..start)
            });
        }
        match &self.hint {
            Some(hint) => finding.advice(hint),
            None => finding,
        }
    }
}

/// Whether a plan could not be made because of a rule.
pub(super) fn is_about_rules(error: &RecipeError) -> bool {
    matches!(
        error,
        RecipeError::Rules(_) | RecipeError::Tree(TreeError::Rule(_))
    )
}

/// The rules because of which a plan could not be made. `plan` is one without rules.
pub(super) fn all(error: &RecipeError, plan: &Plan) -> Vec<Finding> {
    let mut problem = match error {
        RecipeError::Rules(error) => Malformed::from(error),
        RecipeError::Tree(TreeError::Rule(error)) => Malformed::from(error),
        _ => return Vec::new(),
    };
    let directory = plan.directory.as_deref().unwrap_or(Path::new(""));
    // An ignore file goes by its path in the context, or by what the caller called it.
    let name = &*problem.place.file;
    let inside = directory.join(name);
    let path = if inside.is_file() {
        inside
    } else {
        name.into()
    };
    let file = RuleFile::read(&path, directory).ok();
    let files = RuleFiles {
        files: Vec::from_iter(file),
        dockerfile: None,
    };
    let mut findings = Vec::new();
    let mut without: BTreeSet<LineId> = BTreeSet::new();
    loop {
        findings.push(problem.finding(&files));
        let Some(line) = files.line(&problem.place) else {
            break;
        };
        if !without.insert(line) {
            break;
        }
        match files.without(&without).rules(plan.semantics) {
            Err(error) => problem = Malformed::from(&error),
            Ok(_) => break,
        }
    }
    findings
}
