//! Why a tree cannot be made.

use std::io;
use std::path::PathBuf;

use shipload_ignore::MatchError;

use crate::path::{EntryPath, PathError, show_path};

/// Why a tree cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Two sources claim one path.
    #[error("cannot add `{path}` from {second}: it is already there from {first}")]
    Clash {
        /// The path in the context.
        path: EntryPath,
        /// The source added first.
        first: String,
        /// The source added second.
        second: String,
    },
    /// A path leads through something that is not a directory.
    #[error(
        "cannot add `{path}` from {second}: `{above}` is already there from {first}, and is not a directory"
    )]
    NotADirectory {
        /// The path that was to be added.
        path: EntryPath,
        /// The part of it that is not a directory.
        above: EntryPath,
        /// Where `above` came from.
        first: String,
        /// Where `path` came from.
        second: String,
    },
    /// A file or directory of this machine cannot be listed.
    #[error("cannot read `{}`", show_path(path))]
    Host {
        /// Its path on this machine.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory was replaced by something else while it was listed.
    #[error("cannot list `{path}`: it was replaced while it was listed")]
    ReplacedDirectory {
        /// Its path in the context.
        path: EntryPath,
    },
    /// A name cannot be a path in a context.
    #[error("cannot add a file from `{origin}`")]
    Name {
        /// The source.
        origin: String,
        /// What is wrong with the name.
        source: PathError,
    },
    /// A rule cannot be evaluated.
    #[error(transparent)]
    Rule(#[from] MatchError),
    /// It was cancelled through its [`Progress`](crate::Progress).
    #[error("cancelled")]
    Cancelled,
}

impl TreeError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Clash { .. } => {
                Some("leave one of the two out, add it under another name, or ask for `last wins`".into())
            }
            Self::Host { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Some(
                "make it readable, exclude it in the ignore file, or leave unreadable files out with `--on-unreadable skip`"
                    .into(),
            ),
            Self::ReplacedDirectory { .. } => Some("try again when nothing writes to the directory".into()),
            Self::Name { source: PathError::TooLong { .. }, .. } => {
                Some("exclude the directory in the ignore file".into())
            }
            Self::Rule(error) => error.hint(),
            _ => None,
        }
    }
}
