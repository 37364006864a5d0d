//! Why it cannot be said what a build reads.

use shipload_dockerfile::ReadsError;

use crate::recipe::RecipeError;

/// Why it cannot be said what a build reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferencedError {
    /// The Dockerfile cannot be read.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// No builder would take the Dockerfile.
    #[error("{dockerfile}:{}{source}", gap(source))]
    Dockerfile {
        /// The file, as a user knows it.
        dockerfile: String,
        /// What is wrong, and where.
        source: Box<ReadsError>,
    },
}

/// What stands before a message that does not begin with a place.
fn gap(error: &ReadsError) -> &'static str {
    match error {
        ReadsError::Target { .. } => " ",
        _ => "",
    }
}

impl ReferencedError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Recipe(error) => error.hint(),
            Self::Dockerfile { source, .. } => source.hint(),
        }
    }

    /// The line of the Dockerfile that it is about, with a caret below the place, on two lines.
    pub fn caret(&self) -> Option<String> {
        match self {
            Self::Recipe(_) => None,
            Self::Dockerfile { source, .. } => source.caret(),
        }
    }
}
