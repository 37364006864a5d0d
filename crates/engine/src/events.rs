//! What an engine says while it builds, pulls or pushes, as types; [`crate::EventParser`] makes them from its answer.

use crate::vertex::{Vertex, VertexLog, VertexStatus, VertexWarning};

/// Something that happened on the engine, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An instruction begins: the `number`th of `total`, from 1.
    Step {
        /// Which, from 1.
        number: u32,
        /// Of how many.
        total: u32,
        /// The instruction as the engine understood it.
        text: String,
    },
    /// The step was taken from the build cache.
    Cached,
    /// The step made this layer (a short id).
    Layer {
        /// The short id.
        id: String,
    },
    /// The step runs in this container (a short id).
    Running {
        /// The short id.
        container: String,
    },
    /// What a command printed, not filtered: see [`crate::sanitize`]. Usually whole lines.
    Log {
        /// Where it was printed.
        stream: LogStream,
        /// The text, with its line ends.
        text: String,
    },
    /// The engine warns.
    Warning(String),
    /// A layer is pulled or pushed, or a pull or push goes on.
    Transfer {
        /// The layer or the tag; none for a message about the whole.
        id: Option<String>,
        /// What is happening, such as `Downloading`.
        status: String,
        /// Bytes done.
        current: Option<u64>,
        /// Bytes in all.
        total: Option<u64>,
    },
    /// The image was built; its full id, `sha256:…`.
    ImageId(String),
    /// The image got this name.
    Tagged(String),
    /// A push is complete.
    Pushed {
        /// The tag in the registry.
        tag: String,
        /// The digest of the manifest, `sha256:…`.
        digest: String,
        /// The size of the manifest, in bytes.
        size: u64,
    },
    /// BuildKit began, ended or renamed a step.
    Vertex(Vertex),
    /// BuildKit got further with a part of a step.
    VertexStatus(VertexStatus),
    /// A step on BuildKit printed something.
    VertexLog(VertexLog),
    /// BuildKit warns of something in the Dockerfile.
    VertexWarning(VertexWarning),
}

/// Where a command printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogStream {
    /// Its standard output, or an engine that does not say.
    #[default]
    Stdout,
    /// Its standard error.
    Stderr,
}

/// An error that the engine reported in its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFailure {
    /// The engine's words.
    pub message: String,
    /// The exit code of the command that failed, where the engine says.
    pub code: Option<i64>,
}
