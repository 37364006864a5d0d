//! `Exit`: how the program ends, and `Failure`: why it did not do what it was asked.
//!
//! A failure holds texts, not errors: whatever a library's error has to say (its message, its causes, its hint) is taken
//! out of it here, once, and shown by `ui`.

use std::error::Error;
use std::process::ExitCode;

use shipload::context::sink::compress::LevelError;
use shipload::context::{ArchiveError, ArchiveProblem, PackError, RecipeError, TreeError};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was asked.
    Done,
    /// It could not.
    Failed,
    /// It was asked wrongly.
    Usage,
    /// It looked for something and found it.
    Found,
    /// It was told to stop.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Found => 3,
            // As a shell reports a process that SIGINT ended.
            Self::Interrupted => 130,
        }
    }
}

/// Why the program did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// What could not be done.
    pub(crate) message: String,
    /// Why not, outermost cause first.
    pub(crate) causes: Vec<String>,
    /// What was tried, a line each.
    pub(crate) details: Vec<String>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

/// # Making one
impl Failure {
    /// Work that failed.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            message: message.into(),
            causes: Vec::new(),
            details: Vec::new(),
            hint: None,
        }
    }

    /// A request that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(message)
        }
    }

    /// Somebody told the program to stop.
    pub(crate) fn interrupted() -> Self {
        Self {
            exit: Exit::Interrupted,
            ..Self::new("interrupted")
        }
    }

    /// Work that failed because of `error`.
    pub(crate) fn of(error: &dyn Error) -> Self {
        let mut failure = Self::new(error.to_string());
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            failure.add(&text);
            next = cause.source();
        }
        failure
    }

    /// The same with `error` as its cause.
    #[must_use]
    pub(crate) fn caused_by(mut self, error: &dyn Error) -> Self {
        let cause = Self::of(error);
        for text in [cause.message].iter().chain(&cause.causes) {
            self.add(text);
        }
        self
    }

    /// Adds a cause without what is already said: some errors repeat their cause, and `fs_err` the path.
    fn add(&mut self, cause: &str) {
        let said = |text: &str| {
            let mut lines = std::iter::once(&self.message).chain(&self.causes);
            lines.any(|line| line.contains(text))
        };
        let repeats_path = |(what, _): &(&str, &str)| {
            let path = what.split_once('`').map(|(_, path)| format!("`{path}`"));
            what.starts_with("failed to ") && path.is_some_and(|path| said(&path))
        };
        let cause = match cause.rsplit_once("`: ").filter(repeats_path) {
            Some((_, why)) => why,
            None => cause,
        };
        if !said(cause) {
            self.causes.push(cause.to_owned());
        }
    }

    /// The same with advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        match &error {
            RecipeError::Tree(TreeError::Cancelled) => Self::interrupted(),
            // The library can also let the last one win.
            RecipeError::Tree(TreeError::Clash { .. }) => Self::of(&error)
                .hint("leave one of the two out, or add it under another name".to_owned()),
            _ => Self::of(&error).hint(error.hint()),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        // What the library can be told by its options, most of the program cannot.
        let hint = match &error.problem {
            ArchiveProblem::Twice | ArchiveProblem::Hides { .. } => Some(
                "`shipload repack --duplicates last` writes it with the last of them".to_owned(),
            ),
            problem if problem.is_limit() => Some(
                "if you trust where it comes from, unpack it and take the directory".to_owned(),
            ),
            _ => error.hint(),
        };
        Self::of(&error).hint(hint)
    }
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        match &error {
            PackError::Cancelled => Self::interrupted(),
            PackError::Level(error) => error.into(),
            _ => Self::of(&error).hint(error.hint()),
        }
    }
}

impl From<&LevelError> for Failure {
    fn from(error: &LevelError) -> Self {
        let hint = match error {
            LevelError::NoLevels { .. } => {
                Some("choose a codec with `--compression`, or leave `--level` out".to_owned())
            }
            LevelError::OutOfRange { .. } => None,
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "cannot read `a`: {}", self.0)
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let failure = Failure::of(&Outer(io::Error::other("no luck")));
        assert_eq!(failure.message, "cannot read `a`: no luck");
        assert!(failure.causes.is_empty(), "{:?}", failure.causes);
    }

    #[test]
    fn a_path_is_said_once() {
        let error = fs_err::read("/no/such").unwrap_err();
        let why = "No such file or directory (os error 2)";
        let rows = [
            ("cannot read `/no/such`", why.to_owned()),
            (
                "cannot read it",
                format!("failed to open file `/no/such`: {why}"),
            ),
        ];
        for (message, cause) in rows {
            assert_eq!(Failure::new(message).caused_by(&error).causes, [cause]);
        }
    }
}
