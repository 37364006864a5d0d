//! `Command`: what runs, by a shell or by itself.

use crate::quote::{self, EncodeProblem, Escape};

/// A command in one of its two forms.
///
/// A string is a shell form, a list an exec form:
///
/// ```
/// use shipload_dockerfile::DockerfileBuilder;
/// use shipload_dockerfile::builder::Command;
///
/// let mut file = DockerfileBuilder::new("alpine")?;
/// file.run("echo $HOME")?.run(["echo", "$HOME"])?.run(Command::split("sh -c 'a  b'")?)?;
/// assert_eq!(
///     file.text(),
///     "FROM alpine\nRUN echo $HOME\nRUN [\"echo\", \"$HOME\"]\nRUN [\"sh\", \"-c\", \"a  b\"]\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A line for the shell, which expands and splits it. One line: a script is
    /// [`run_script`](super::DockerfileBuilder::run_script).
    Shell(String),
    /// A program and its arguments, each as it is; no shell.
    Exec(Vec<String>),
}

/// A command line that a shell would ask more of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{line}` has a quote that is not closed, or a backslash at its end")]
pub struct SplitError {
    /// The line.
    pub line: String,
}

impl Command {
    /// A line for the shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self::Shell(line.into())
    }

    /// A program and its arguments.
    pub fn exec(arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Exec(arguments.into_iter().map(Into::into).collect())
    }

    /// The exec form of a command line: split at white space, quotes and backslashes as in a POSIX shell, nothing expanded.
    ///
    /// # Errors
    /// [`SplitError`] where a quote is not closed.
    pub fn split(line: &str) -> Result<Self, SplitError> {
        let fail = || SplitError {
            line: line.to_owned(),
        };
        let (mut words, mut word) = (Vec::new(), None::<String>);
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
                '\\' => word
                    .get_or_insert_default()
                    .push(chars.next().ok_or_else(fail)?),
                '\'' | '"' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next().ok_or_else(fail)? {
                            end if end == c => break,
                            '\\' if c == '"' => match chars.next().ok_or_else(fail)? {
                                escaped @ ('"' | '\\') => word.push(escaped),
                                other => word.extend(['\\', other]),
                            },
                            other => word.push(other),
                        }
                    }
                }
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        Ok(Self::Exec(words))
    }

    /// What stands after a keyword and its flags.
    pub(super) fn encode(&self, escape: Escape) -> Result<String, EncodeProblem> {
        match self {
            Self::Shell(line) => quote::command(line, escape),
            Self::Exec(arguments) => quote::exec(arguments),
        }
    }
}

impl From<&str> for Command {
    fn from(line: &str) -> Self {
        Self::shell(line)
    }
}

impl From<String> for Command {
    fn from(line: String) -> Self {
        Self::Shell(line)
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Command {
    fn from(arguments: [T; N]) -> Self {
        Self::exec(arguments)
    }
}

impl<T: Into<String>> From<Vec<T>> for Command {
    fn from(arguments: Vec<T>) -> Self {
        Self::exec(arguments)
    }
}
