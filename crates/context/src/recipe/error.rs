//! Why a recipe cannot be carried out.

use std::io;
use std::path::PathBuf;

use shipload_ignore::LoadError;

use crate::content::ReadError;
use crate::path::show_path;
use crate::tree::TreeError;

/// Why a recipe cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The context directory cannot be entered.
    #[error("cannot use `{}` as a build context", show_path(dir))]
    Context {
        /// The directory, as given.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The context has no Dockerfile under its default names.
    #[error("there is no Dockerfile in `{}`", show_path(place))]
    NoDockerfile {
        /// The context directory, as given, or the archive.
        place: PathBuf,
        /// Names there that may be meant, at most five.
        similar: Vec<String>,
    },
    /// The Dockerfile that was named cannot be read.
    #[error("cannot read the Dockerfile `{}`", show_path(path))]
    Dockerfile {
        /// Its path, as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An ignore file cannot be read.
    #[error("cannot read the ignore file `{}`", show_path(path))]
    IgnoreFile {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An ignore file is a link that leads out of the context.
    #[error(
        "the ignore file `{}` leads out of the context, to `{}`",
        show_path(path),
        show_path(real)
    )]
    IgnoreFileOutside {
        /// Its path.
        path: PathBuf,
        /// Where it leads.
        real: PathBuf,
    },
    /// Ignore rules were asked for, but the context is an archive.
    #[error("ignore rules do not apply to the archive `{archive}`")]
    RulesForArchive {
        /// Its name.
        archive: String,
    },
    /// A file that is part of the plan cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An ignore file has a rule that no builder accepts.
    #[error(transparent)]
    Rules(#[from] LoadError),
    /// The context cannot be listed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl RecipeError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDockerfile { similar, .. } => Some(match similar.first() {
                Some(name) => format!("name it with `--file`; there is `{name}`"),
                None => "name it with `--file`, or check the path of the context".to_owned(),
            }),
            Self::IgnoreFileOutside { .. } => {
                Some("name it with `--ignorefile` if its rules shall apply".into())
            }
            Self::RulesForArchive { .. } => Some("unpack it, and build the directory".into()),
            Self::Read(error) => error.hint(),
            Self::Rules(error) => error.hint(),
            Self::Tree(error) => error.hint(),
            Self::Context { .. } | Self::Dockerfile { .. } | Self::IgnoreFile { .. } => None,
        }
    }
}
