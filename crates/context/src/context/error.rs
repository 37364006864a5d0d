//! Why there is no context.

use std::io;
use std::path::PathBuf;

use shipload_dockerfile::BuilderError;

use crate::path::{PathError, show_path};
use crate::recipe::RecipeError;
use crate::referenced::ReferencedError;
use crate::sink::pack::PackError;
use crate::source::archive::ArchiveError;
use crate::tree::TreeError;

/// Why there is no context, or no archive of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The Dockerfile cannot be finalized.
    #[error("cannot finalize the Dockerfile")]
    Builder(#[from] BuilderError),
    /// A name cannot be a path in a context.
    #[error("cannot add `{name}`")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: PathError,
    },
    /// A file of this machine cannot be read.
    #[error("cannot read `{}`", show_path(path))]
    Read {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Content that the caller gave cannot be read.
    #[error("cannot read the content of `{path}`")]
    Content {
        /// Its path in the context.
        path: String,
        /// What the reader said.
        source: io::Error,
    },
    /// No entry is the Dockerfile.
    #[error("the context has no Dockerfile")]
    NoDockerfile,
    /// The ignore file of a directory cannot be used, or the directory cannot be listed.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// It cannot be told what the Dockerfile reads.
    #[error(transparent)]
    Referenced(#[from] ReferencedError),
    /// Another archive cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The context cannot be listed.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The archive cannot be written.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// There is no temporary file.
    #[error("cannot make a temporary file")]
    Temporary(#[source] io::Error),
}

impl ContextError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDockerfile => Some("add a file under the name `Dockerfile`".into()),
            Self::Builder(error) => error.hint(),
            Self::Recipe(error) => error.hint(),
            Self::Referenced(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Tree(error) => error.hint(),
            Self::Pack(error) => error.hint(),
            Self::Temporary(_) => Some("set `TMPDIR` to a folder that can be written to".into()),
            Self::Name { .. } | Self::Read { .. } | Self::Content { .. } => None,
        }
    }
}
