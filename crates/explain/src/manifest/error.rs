//! Why a manifest is refused.

use std::io;

use crate::digest::Digest;

/// A manifest cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ManifestError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub problem: ManifestProblem,
}

/// What can be wrong with a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestProblem {
    /// It cannot be read on.
    #[error("{0}")]
    Read(io::Error),
    /// It has another version of the form.
    #[error("it is of version {0}, which this program does not know")]
    Version(u64),
    /// It is not what stands in this place of a manifest.
    #[error("it is no line of a manifest: {0}")]
    Malformed(String),
    /// The path is no path of a context.
    #[error("{0}")]
    Path(shipload_context::PathError),
    /// The path does not come after the one of the line before.
    #[error("`{0}` is out of order")]
    Order(String),
    /// It reads files that are not in the manifest.
    #[error("the step reads files that are not there")]
    Range,
    /// The digest is not that of the lines above.
    #[error("the digest is {found}, but that of the lines above is {real}: somebody changed them")]
    Digest {
        /// The one in the manifest.
        found: Digest,
        /// The one that it should have.
        real: Digest,
    },
    /// It is not whole.
    #[error("the manifest ends too early")]
    Cut,
    /// There is more than the last line.
    #[error("something follows the end of the manifest")]
    Trailing,
    /// A file is in something that is no directory.
    #[error("`{path}` is below `{above}`, which is no directory")]
    Below {
        /// Where the file is.
        path: String,
        /// What is there instead of a directory.
        above: String,
    },
    /// It has more steps than any build.
    #[error("the manifest has more than {0} steps")]
    TooManySteps(usize),
    /// A line is longer than any of a manifest.
    #[error("the line has more than {0} bytes")]
    LongLine(u64),
    /// It is larger than any manifest.
    #[error("the manifest has more than {0} bytes")]
    TooLarge(u64),
}

impl ManifestError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            ManifestProblem::Version(_) | ManifestProblem::Digest { .. } | ManifestProblem::Cut => {
                Some("write it again with `shipload digest --manifest`".to_owned())
            }
            _ => None,
        }
    }
}
