//! What can be wrong with a word.

/// A word that cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct WordError {
    /// Where it is in the word, in bytes from 0: at the quote, dollar sign or operator that is wrong.
    pub offset: usize,
    /// What it is.
    pub problem: WordProblem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordProblem {
    /// `${NAME` without its end.
    #[error("`${{` has no `}}`")]
    NoBrace,
    /// `${NAME/pattern` without what ends the pattern.
    #[error("the pattern in `${{…/…` has no `/` after it")]
    NoSlash,
    /// `${}`, `${:` or `${{`.
    #[error("`${{` is not followed by a name")]
    NoName,
    /// `${NAME` followed by what means nothing.
    #[error("`{operator}` means nothing after the name in `${{…}}`")]
    Operator {
        /// It.
        operator: String,
    },
    /// A quote without its end.
    #[error("`{quote}` is not closed")]
    Quote {
        /// `'` or `"`.
        quote: char,
    },
    /// `${NAME?message}` with a variable that is unset or, with `:?`, empty.
    #[error("`{name}`: {message}")]
    Demanded {
        /// The variable.
        name: String,
        /// What the Dockerfile says of it, or that it must not be unset, or empty.
        message: String,
    },
    /// A backslash in a pattern before something that needs none.
    #[error("`\\` in the pattern `{pattern}` escapes nothing")]
    Pattern {
        /// The pattern after expansion.
        pattern: String,
        /// What follows the backslash, if anything does.
        escaped: Option<char>,
    },
    /// Braces within braces, too deep.
    #[error("`${{` is nested more than {limit} deep")]
    Depth {
        /// How deep they may be.
        limit: usize,
    },
    /// Values that are too long, too many times, or patterns that try too much.
    #[error("expansion takes more than {limit} steps")]
    Steps {
        /// How many it may take.
        limit: usize,
    },
}

impl WordError {
    /// Advice for the user, if there is any.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            WordProblem::NoBrace => "close it, or write `\\$` for a dollar sign",
            WordProblem::NoSlash => "it is written `${NAME/pattern/replacement}`",
            WordProblem::NoName => "it is written `${NAME}`; `\\$` is a dollar sign",
            WordProblem::Operator { .. } => {
                "there are `-`, `+` and `?`, with or without `:` before them, and `#`, `##`, `%`, `%%`, `/` and `//`"
            }
            WordProblem::Quote { .. } => "close it, or escape it",
            WordProblem::Demanded { name, .. } => {
                return Some(format!("set it, for instance with `--build-arg {name}=…`"));
            }
            WordProblem::Pattern { .. } => {
                "only `*`, `?`, `/`, `}` and the backslash itself are escaped in a pattern"
            }
            WordProblem::Depth { .. } => "give a part of it a name with `ARG`",
            WordProblem::Steps { .. } => "shorten the values or the pattern",
        };
        Some(hint.into())
    }

    /// Whether it is a limit of ours rather than BuildKit's refusal.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(
            self.problem,
            WordProblem::Depth { .. } | WordProblem::Steps { .. }
        )
    }
}
