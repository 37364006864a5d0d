//! Why the builder refuses.

use crate::quote::EncodeProblem;

/// Why something was not written. The Dockerfile is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderError {
    /// It was finalized.
    #[error("the Dockerfile is finalized and takes no more instructions")]
    Finalized,
    /// It is to be finalized among instructions that are not its last.
    #[error("cannot finalize the Dockerfile within `now` or `onbuild`")]
    Within,
    /// A value cannot be in a Dockerfile at that place.
    #[error("cannot write {what}: {problem}")]
    Encode {
        /// What the value is, such as "the value of `ENV PATH`".
        what: String,
        /// What is wrong with it.
        problem: EncodeProblem,
    },
    /// Two stages with one name.
    #[error("there is already a stage `{name}`")]
    StageTwice {
        /// The name.
        name: String,
    },
    /// A file whose name in the image must be said.
    #[error("`{path}` has no last part that could be its name in the image")]
    NoName {
        /// The file.
        path: String,
    },
}

impl BuilderError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Finalized => Some("make a new one, or write before `finalize`".into()),
            Self::Within => Some("call `finalize` after it".into()),
            Self::Encode { problem, .. } => problem.hint().map(str::to_owned),
            Self::StageTwice { .. } => None,
            Self::NoName { .. } => Some("say where it goes with `dst`".into()),
        }
    }

    pub(super) fn encode(what: impl Into<String>, problem: EncodeProblem) -> Self {
        Self::Encode {
            what: printable(&what.into()),
            problem,
        }
    }
}

/// A text on one line, whatever is in it.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Says what a value was that could not be written.
pub(super) trait What<T> {
    fn what(self, what: impl FnOnce() -> String) -> Result<T, BuilderError>;
}

impl<T> What<T> for Result<T, EncodeProblem> {
    fn what(self, what: impl FnOnce() -> String) -> Result<T, BuilderError> {
        self.map_err(|problem| BuilderError::encode(what(), problem))
    }
}
