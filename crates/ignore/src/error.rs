//! What can be wrong with a rule, and where it stands.

use std::fmt;
use std::sync::Arc;

/// The place of a rule: what an editor needs to jump to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name under which the caller gave the file.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The byte in the line, counted from 1, at which the problem or else the rule starts.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// An ignore file that every builder of these semantics refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct LoadError {
    /// Where the problem is.
    pub place: Place,
    /// What the problem is.
    pub problem: LoadProblem,
}

/// Why an ignore file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadProblem {
    /// A `!` that is followed by nothing, also after cleaning (`!/`).
    #[error("`{text}` re-includes nothing")]
    NothingReincluded {
        /// The rule as written.
        text: String,
    },
    /// A pattern that Go's `filepath.Match` calls malformed: `[`, `[]`, `[a-]`, `x\`.
    #[error("`{text}` is a malformed pattern")]
    Malformed {
        /// The rule as written.
        text: String,
    },
    /// A line of 64 KiB or more, which Go's line scanner refuses.
    #[error("the line is 64 KiB or longer")]
    LineTooLong,
}

impl LoadError {
    /// Advice for the user, if there is any.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            LoadProblem::NothingReincluded { .. } => {
                Some("name what to include again after the `!`, or remove the line".into())
            }
            LoadProblem::Malformed { text } if text.contains('[') => {
                Some("write `\\[` for a `[` in a name".into())
            }
            LoadProblem::Malformed { .. } => Some("write `\\\\` for a `\\` in a name".into()),
            LoadProblem::LineTooLong => None,
        }
    }
}

/// A rule that turned out unusable when a path had to be held against it.
///
/// Such a rule passes the check at loading and fails the build at its first use, in Docker as
/// here; it never just does not match.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: cannot match {path:?} with `{text}`: {reason}")]
pub struct MatchError {
    /// Where the rule stands.
    pub place: Place,
    /// The rule as written.
    pub text: String,
    /// The path that was judged, with what is not UTF-8 replaced.
    pub path: String,
    /// What is wrong with the pattern as a regular expression.
    pub reason: &'static str,
}

impl MatchError {
    /// Advice for the user: how to write the pattern's special characters as themselves.
    pub fn hint(&self) -> Option<String> {
        Some(
            "Docker reads wildcard patterns as regular expressions: put a `\\` before `[ { |`"
                .into(),
        )
    }
}
