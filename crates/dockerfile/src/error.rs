//! What can be wrong with a Dockerfile's text, and where.

use std::fmt;

use crate::syntax::Position;

/// A Dockerfile that BuildKit's parser refuses, or that is beyond a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {problem}")]
pub struct SyntaxError {
    /// Where it is.
    pub position: Position,
    /// The line of the file at that place, to show it with a caret.
    pub excerpt: String,
    /// What it is.
    pub problem: SyntaxProblem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxProblem {
    /// No instruction in the whole text.
    #[error("the file has no instructions")]
    Empty,
    /// The text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// The same directive twice.
    #[error("the directive `{name}` is there twice")]
    DirectiveTwice {
        /// Its name.
        name: String,
    },
    /// An escape character other than the two.
    #[error("`{value}` cannot be the escape character")]
    Escape {
        /// What was given.
        value: String,
    },
    /// A line of 64 KiB or more, which BuildKit's line scanner refuses.
    #[error("the line is 64 KiB or longer")]
    LineTooLong,
    /// A JSON array with something else than strings in it.
    #[error("the JSON array holds something else than strings")]
    NotStrings,
    /// `ENV` or `LABEL` with one word and no `=`.
    #[error("`{keyword}` needs a name and a value")]
    NoValue {
        /// `ENV` or `LABEL`.
        keyword: &'static str,
    },
    /// A word without `=` after one with it.
    #[error("`{word}` has no `=`")]
    NoEquals {
        /// The word.
        word: String,
    },
    /// A heredoc whose end is not in the file.
    #[error("the heredoc `{name}` does not end")]
    Unterminated {
        /// The word that should end it.
        name: String,
    },
    /// A heredoc's word that cannot be understood.
    #[error("the heredoc's word `{word}` cannot be read")]
    HeredocWord {
        /// The word.
        word: String,
    },
    /// `ONBUILD` inside `ONBUILD`, deeper than anybody means it.
    #[error("`ONBUILD` is nested too deeply")]
    Nested,
}

impl SyntaxError {
    /// Advice for the user, if there is any.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            SyntaxProblem::Empty => "a Dockerfile begins with `FROM`",
            SyntaxProblem::NotUtf8 => "save the file as UTF-8",
            SyntaxProblem::DirectiveTwice { .. } => "remove one of them",
            SyntaxProblem::Escape { .. } => "it is `\\` or `` ` ``",
            SyntaxProblem::LineTooLong => "break the line with the escape character at its end",
            SyntaxProblem::NotStrings => "put double quotes around every element",
            SyntaxProblem::NoValue { .. } => "write `NAME=value`",
            SyntaxProblem::NoEquals { .. } => "put a value with white space in double quotes",
            SyntaxProblem::Unterminated { name } => {
                return Some(format!(
                    "a line that holds `{name}` and nothing else ends it"
                ));
            }
            SyntaxProblem::HeredocWord { .. } => "close its quotes",
            SyntaxProblem::Nested => "write the instruction once",
        };
        Some(hint.into())
    }

    /// The line with a caret below the place, on two lines.
    pub fn caret(&self) -> String {
        Caret(self).to_string()
    }
}

/// Shows where in its line an error is.
struct Caret<'a>(&'a SyntaxError);

impl fmt::Display for Caret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        let before = error.excerpt.get(..error.position.column.saturating_sub(1));
        let indent: String = before.unwrap_or_default().chars().map(blank).collect();
        write!(f, "{}\n{indent}^", error.excerpt)
    }
}

/// White space as wide as a character: a tab stays one.
fn blank(character: char) -> char {
    if character == '\t' { '\t' } else { ' ' }
}
