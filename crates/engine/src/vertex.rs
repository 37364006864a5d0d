//! What BuildKit says of a build: its graph, how far each vertex is, what it prints and what it warns of.
//!
//! The field names follow the JSON of `docker build --progress rawjson`, so that one form holds for both.

use std::time::SystemTime;

use crate::events::LogStream;

/// A step of the build's graph, in its present state; a later one with the same digest replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Vertex {
    /// Its identity, `sha256:…`.
    pub digest: String,
    /// The digests of the vertices it needs.
    pub inputs: Vec<String>,
    /// What it does, such as `[2/3] COPY . /src`, not filtered: see [`crate::sanitize`].
    pub name: String,
    /// When it began; none as long as it has not.
    pub started: Option<SystemTime>,
    /// When it ended, in whatever way; none as long as it has not.
    pub completed: Option<SystemTime>,
    /// Whether it was taken from the build cache.
    pub cached: bool,
    /// Why it failed; none if it did not.
    pub error: Option<String>,
    /// What it is shown as a part of.
    pub group: Option<ProgressGroup>,
}

/// Several vertices that are shown as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ProgressGroup {
    /// Its identity.
    pub id: String,
    /// What the vertices do together.
    pub name: String,
    /// Whether vertices outside it may show what is in it.
    pub weak: bool,
}

/// How far a part of a vertex is, such as one layer of a pull or the transfer of a context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VertexStatus {
    /// Its identity within the vertex, such as `transferring context:`.
    pub id: String,
    /// The digest of the vertex.
    pub vertex: String,
    /// What is done, where that is not the id.
    pub name: String,
    /// How much is done: bytes, unless `total` is 0 and it is a count.
    pub current: u64,
    /// How much there is, in the same unit; 0 where it is not known.
    pub total: u64,
    /// When this was so.
    pub timestamp: Option<SystemTime>,
    /// When it began.
    pub started: Option<SystemTime>,
    /// When it ended.
    pub completed: Option<SystemTime>,
}

/// What a vertex printed; a piece, not always whole lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VertexLog {
    /// The digest of the vertex.
    pub vertex: String,
    /// Where it was printed.
    pub stream: LogStream,
    /// The bytes, not filtered: see [`crate::sanitize`].
    pub data: Vec<u8>,
    /// When.
    pub timestamp: Option<SystemTime>,
}

/// A warning, mostly of a check of the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct VertexWarning {
    /// The digest of the vertex.
    pub vertex: String,
    /// How bad it is; BuildKit's own scale, 1 for most.
    pub level: i64,
    /// The warning in one line.
    pub short: String,
    /// More of it, paragraph by paragraph.
    pub details: Vec<String>,
    /// Where it is explained.
    pub url: String,
    /// The lines it is about.
    pub source: Option<SourceLines>,
}

/// Lines of a source file, such as a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SourceLines {
    /// The file's name.
    pub file: String,
    /// All of its text.
    pub text: String,
    /// The first and the last line of each range, from 1.
    pub ranges: Vec<(u32, u32)>,
}
