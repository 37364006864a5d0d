//! Why it cannot be told what a build reads.

use std::fmt;

use crate::error::SyntaxError;
use crate::syntax::Position;

/// Why everything may be read, and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Where.
    pub position: Position,
    /// Why.
    pub reason: Reason,
}

/// Why everything may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Another frontend reads the Dockerfile, by rules of its own.
    Frontend {
        /// What `# syntax=` or the build argument `BUILDKIT_SYNTAX` names.
        syntax: String,
    },
    /// The base image runs instructions in builds on it.
    Triggers {
        /// The image.
        image: String,
    },
    /// Nothing is known of the base image, which may run instructions in builds on it.
    UnknownImage {
        /// The image.
        image: String,
    },
    /// A source depends on a variable that a base image may set.
    Variable {
        /// The variable.
        name: String,
        /// The source as written.
        source: String,
    },
    /// An instruction or flag that is not known here.
    Unknown(SyntaxError),
    /// The sources lead to so many places that they are not all followed.
    Work {
        /// The source, as written, at which that was too much.
        source: String,
    },
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.position;
        match &self.reason {
            Reason::Frontend { syntax } => {
                write!(f, "{place}: the frontend `{syntax}` may read anything")
            }
            Reason::Triggers { image } => {
                write!(
                    f,
                    "{place}: `{image}` has ONBUILD instructions, which may read anything"
                )
            }
            Reason::UnknownImage { image } => {
                write!(
                    f,
                    "{place}: `{image}` may have ONBUILD instructions, which may read anything"
                )
            }
            Reason::Variable { name, source } => {
                write!(
                    f,
                    "{place}: `{source}` needs `{name}`, which depends on the base image or on the builder's release"
                )
            }
            Reason::Unknown(error) => {
                write!(f, "{place}: {}, so its meaning is not known", error.problem)
            }
            Reason::Work { source } => write!(
                f,
                "{place}: it takes too long to follow `{source}` everywhere"
            ),
        }
    }
}
