//! Why a value cannot be in a Dockerfile.

use crate::error::SyntaxProblem;

/// Why a value cannot be in a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeProblem {
    /// Nothing, where something must be.
    #[error("it is empty")]
    Empty,
    /// A line break, where the line is all there is.
    #[error("it holds a line break")]
    LineBreak,
    /// A NUL byte.
    #[error("it holds a NUL byte")]
    Nul,
    /// White space in a place that cannot be quoted.
    #[error("it holds white space")]
    Space,
    /// White space at the beginning or end, which parsers strip.
    #[error("it begins or ends with white space")]
    EdgeSpace,
    /// The escape character at the end, which continues the line.
    #[error("it ends with the escape character")]
    TrailingEscape,
    /// A flag can only be ASCII: `BuildKit` reads it byte by byte.
    #[error("it is not ASCII, and stands in a flag")]
    NotAscii,
    /// A path that is no text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A name with `=`, which ends it.
    #[error("it holds `=`, which ends a name")]
    Equals,
    /// A character that no such thing has.
    #[error("it holds `{}`", visible(*.0))]
    Character(char),
    /// A `$` that begins no variable.
    #[error("a `$` in it begins no variable")]
    Variable,
    /// A shell form that a parser takes for a JSON array.
    #[error("it would be taken for a JSON array")]
    LooksLikeJson,
    /// A text that would begin a heredoc.
    #[error("it would begin a heredoc")]
    Heredoc,
    /// A flag or target that keeps a parser from seeing the heredoc on its line.
    #[error("it cannot stand beside a heredoc")]
    BesideHeredoc,
    /// A heredoc ends with a line break, so that a content without one cannot be in it.
    #[error("its last line does not end with a line break")]
    NoFinalLineBreak,
    /// A line of 64 KiB or more that cannot be cut.
    #[error("a line of it is longer than 65535 bytes")]
    LineTooLong,
    /// A number that is out of range.
    #[error("it is not within {0}")]
    Range(&'static str),
    /// A parser refuses the instruction.
    #[error("{0}")]
    Syntax(SyntaxProblem),
    /// An instruction that cannot stand there.
    #[error("it cannot be an `ONBUILD` instruction")]
    NotInOnbuild,
    /// It leads out of the context.
    #[error("it leads out of the context")]
    Climbs,
    /// A folder that must not be removed.
    #[error("it is the root or the working directory")]
    Root,
}

impl EncodeProblem {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::LineBreak => {
                "a command of several lines can be a script (`run_script`) or several commands"
            }
            Self::EdgeSpace => "trim it, or give a command as a list of arguments",
            Self::TrailingEscape | Self::LooksLikeJson => "give the command as a list of arguments",
            Self::Heredoc => "use `run_script` or `copy_text`, which choose a terminator",
            Self::BesideHeredoc => "use another path or option, or add the content as a file",
            Self::NoFinalLineBreak => {
                "end it with a line break, or add it to the context as a file"
            }
            Self::Variable => "a value given as a string is literal",
            Self::LineTooLong => "add it to the context as a file",
            Self::NotUtf8 => "name the path in the context",
            Self::Climbs => "name the path in the context, without `..`",
            Self::Empty
            | Self::Nul
            | Self::Space
            | Self::NotAscii
            | Self::Equals
            | Self::Character(_)
            | Self::Range(_)
            | Self::NotInOnbuild
            | Self::Syntax(_)
            | Self::Root => return None,
        })
    }
}

/// A character that a reader sees: letters, signs and the space as they are, all others by their number.
fn visible(c: char) -> String {
    if c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() {
        return c.to_string();
    }
    c.escape_default().to_string()
}
