//! Why a revision cannot be read.

use std::io;

use shipload_context::{ArchiveError, PathError, show};

/// A revision cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{directory}` as it is in the git revision `{revision}`")]
pub struct RevisionError {
    /// The revision, as given.
    pub revision: String,
    /// The directory, as given.
    pub directory: String,
    /// Why not.
    #[source]
    pub problem: RevisionProblem,
}

/// What is wrong with a revision.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionProblem {
    /// It is no name of a revision.
    #[error("that is no name of a revision")]
    Name,
    /// Git cannot be run, or stopped talking.
    #[error("cannot ask git: {0}")]
    Git(io::Error),
    /// Git refused.
    #[error("git says: {0}")]
    Said(String),
    /// A name in it cannot be in a context.
    #[error("{0}")]
    Path(PathError),
    /// A name or what git says is too long.
    #[error("a name in it has more than {0} bytes")]
    Long(u64),
    /// Its files are no context.
    #[error(transparent)]
    Archive(Box<ArchiveError>),
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Nobody wants the rest of the archive.
    #[error("the rest was not read")]
    Unread,
}

impl RevisionProblem {
    /// What git says on standard error: its first line, for a person.
    pub(super) fn said(stderr: &[u8]) -> Self {
        let line = stderr
            .split(|&byte| byte == b'\n')
            .find(|line| !line.is_empty());
        let line = line.unwrap_or(b"nothing");
        let line = line.strip_prefix(b"fatal: ").unwrap_or(line);
        Self::Said(show(line))
    }
}

impl RevisionError {
    /// Whether it was asked to stop, through its [`Progress`](shipload_context::Progress).
    pub fn is_cancelled(&self) -> bool {
        matches!(self.problem, RevisionProblem::Cancelled)
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            RevisionProblem::Archive(error) => error.hint(),
            RevisionProblem::Git(error) if error.kind() == io::ErrorKind::NotFound => {
                Some("install git, or compare directories".to_owned())
            }
            RevisionProblem::Said(said) if said.contains("dubious ownership") => {
                Some("make it a `safe.directory` of git if you trust it".to_owned())
            }
            _ => None,
        }
    }
}
