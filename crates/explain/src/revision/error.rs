//! Why a revision cannot be read.

use std::io;

use shipload_context::{ArchiveError, PathError};

use crate::git::GitError;

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
    /// The repository has none of that name.
    #[error("there is no such revision")]
    Unknown,
    /// There is no directory in that place of it.
    #[error("there is no such directory in it")]
    NoDirectory,
    /// Git cannot be asked, or refused.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Git stopped talking.
    #[error("git broke off: {0}")]
    Talk(io::Error),
    /// The content of a file is not there, as in a partial clone.
    #[error("the repository lacks the object `{0}`")]
    Missing(String),
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

impl RevisionError {
    /// Whether it was asked to stop, through its [`Progress`](shipload_context::Progress).
    pub fn is_cancelled(&self) -> bool {
        matches!(self.problem, RevisionProblem::Cancelled)
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            RevisionProblem::Archive(error) => error.hint(),
            RevisionProblem::Git(error) => error.hint(),
            RevisionProblem::Missing(_) => Some(
                "fetch it with `git fetch --refetch --no-filter`: nothing is fetched here"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
