//! What can be wrong with a Dockerfile's text, and where.

use crate::keyword::Keyword;
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
    /// An instruction that is not known here.
    #[error("there is no instruction `{word}`")]
    UnknownInstruction {
        /// The word.
        word: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// A flag that is not known here.
    #[error("`{keyword}` has no flag `{flag}`")]
    UnknownFlag {
        /// The instruction.
        keyword: Keyword,
        /// The flag.
        flag: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// A flag given twice that may be given once.
    #[error("`{flag}` is there twice")]
    FlagTwice {
        /// The flag.
        flag: String,
    },
    /// A flag without its value.
    #[error("`{flag}` has no value")]
    FlagValue {
        /// The flag.
        flag: String,
    },
    /// A switch that is neither on nor off.
    #[error("`{flag}` is neither `true` nor `false`")]
    FlagSwitch {
        /// The flag.
        flag: String,
    },
    /// Too few, too many or other arguments.
    #[error("`{name}` takes {wants}")]
    Arguments {
        /// The instruction.
        name: String,
        /// What it takes.
        wants: &'static str,
    },
    /// An empty name of a variable or label.
    #[error("`{name}` has an empty name")]
    BlankName {
        /// The instruction.
        name: String,
    },
    /// A stage's name with characters that it may not have.
    #[error("`{name}` cannot be the name of a stage")]
    StageName {
        /// The name.
        name: String,
    },
    /// A heredoc where a destination has to be.
    #[error("a heredoc cannot be the destination")]
    HeredocDestination,
    /// An instruction that `ONBUILD` does not take.
    #[error("`ONBUILD` does not take `{keyword}`")]
    Trigger {
        /// The instruction.
        keyword: Keyword,
    },
    /// A mount whose quotes do not close.
    #[error("the quotes of the mount do not close")]
    MountQuotes,
    /// A mount's key that is not known here.
    #[error("a mount has no `{key}`")]
    MountKey {
        /// The key.
        key: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// A mount's key without its value.
    #[error("the mount's `{key}` has no value")]
    MountValue {
        /// The key.
        key: String,
    },
    /// A kind of mount that is not known here.
    #[error("there is no mount of type `{kind}`")]
    MountKind {
        /// The kind.
        kind: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// A duration that Go cannot read, or under a millisecond.
    #[error("`{value}` is no duration for `{flag}`")]
    Duration {
        /// The flag.
        flag: String,
        /// What was given.
        value: String,
    },
    /// A number of retries that is none.
    #[error("`{value}` is no number of retries")]
    Retries {
        /// What was given.
        value: String,
    },
    /// An instruction before the first `FROM` that may not stand there.
    #[error("`{name}` stands before the first `FROM`")]
    BeforeFrom {
        /// The instruction.
        name: String,
    },
}

impl SyntaxProblem {
    /// Whether a newer release or another frontend may understand what is not known here.
    pub fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::UnknownInstruction { .. }
                | Self::UnknownFlag { .. }
                | Self::MountKey { .. }
                | Self::MountValue { .. }
                | Self::MountKind { .. }
        )
    }
}

impl SyntaxError {
    /// Advice for the user, if there is any.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            SyntaxProblem::Empty => "a Dockerfile begins with `FROM`",
            SyntaxProblem::NotUtf8 => "save the file as UTF-8",
            SyntaxProblem::DirectiveTwice { .. } | SyntaxProblem::FlagTwice { .. } => {
                "remove one of them"
            }
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
            SyntaxProblem::UnknownInstruction { suggestion, .. }
            | SyntaxProblem::UnknownFlag { suggestion, .. }
            | SyntaxProblem::MountKey { suggestion, .. }
            | SyntaxProblem::MountKind { suggestion, .. } => {
                return suggestion
                    .as_ref()
                    .map(|word| format!("did you mean `{word}`?"));
            }
            SyntaxProblem::FlagValue { flag } => return Some(format!("write `{flag}=value`")),
            SyntaxProblem::FlagSwitch { flag } => return Some(format!("write `{flag}`")),
            SyntaxProblem::StageName { .. } => {
                "a name is a letter, then letters, digits, `-`, `_` and `.`"
            }
            SyntaxProblem::HeredocDestination => "the last argument is a path",
            SyntaxProblem::Trigger { .. } => "put it into the Dockerfile that uses the image",
            SyntaxProblem::MountQuotes => "write `\"` around the whole `key=value`",
            SyntaxProblem::MountValue { key } => return Some(format!("write `{key}=value`")),
            SyntaxProblem::Duration { .. } => "write it as `30s`, `1m30s` or `500ms`",
            SyntaxProblem::BeforeFrom { .. } => "only `ARG` may stand there",
            SyntaxProblem::Arguments { .. }
            | SyntaxProblem::BlankName { .. }
            | SyntaxProblem::Retries { .. } => return None,
        };
        Some(hint.into())
    }

    /// The line with a caret below the place, on two lines; nothing where the line is empty.
    pub fn caret(&self) -> String {
        caret(&self.excerpt, self.position)
    }
}

/// A line with a caret below a place of it; nothing for an empty one. Tabs become four spaces.
pub(crate) fn caret(excerpt: &str, position: Position) -> String {
    if excerpt.is_empty() {
        return String::new();
    }
    let before = excerpt.get(..position.column.saturating_sub(1));
    let width = |c: char| if c == '\t' { TAB.len() } else { 1 };
    let indent = before.unwrap_or_default().chars().map(width).sum();
    format!("{}\n{}^", excerpt.replace('\t', TAB), " ".repeat(indent))
}

const TAB: &str = "    ";
