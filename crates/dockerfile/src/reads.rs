//! Which paths of its context a build reads.
//!
//! That is, of all stages that the target needs: the sources of `COPY` and `ADD` that are neither `--from` elsewhere nor URLs nor
//! heredocs, and the sources of bind mounts, with their variables filled in. Where it cannot be told, the answer is everything,
//! and why.

mod collect;
mod frontend;
mod needed;
mod reason;
mod remote;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{SyntaxError, caret};
use crate::request::{Builder, Request};
use crate::stages::Stages;
use crate::steps::{CacheStep, Recorder};
use crate::syntax::{Dockerfile, Position};
use crate::words::WordError;

pub use reason::{Reason, Whole};
pub(crate) use remote::is_remote;

use collect::Collector;

/// What a build reads of its context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// The sources, in the order of the file.
    pub sources: Vec<ContextSource>,
    /// Why everything may be read; empty where the sources are all.
    pub whole: Vec<Whole>,
    /// The images that the build is made of, each once.
    pub images: Vec<ImageUse>,
}

/// A path or pattern of the context that an instruction reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextSource {
    /// The pattern: variables filled in, cleaned, relative, without `/` at its end, clamped to the context; `.` is all of it.
    pub pattern: String,
    /// As it is written in the Dockerfile.
    pub written: String,
    /// Where it is written.
    pub position: Position,
    /// The line of the Dockerfile it is in.
    pub excerpt: Arc<str>,
    /// What reads it.
    pub reader: Reader,
    /// Which sources belong to one instruction: the line in which it begins.
    pub instruction: usize,
    /// The stage that reads it, counted from 0. What an `ONBUILD` of another stage says is read by the stage that is built on it.
    pub stage: usize,
    /// The name of that stage.
    pub stage_name: Option<Arc<str>>,
    /// Whether the instruction has sources as well that are not of the context, such as URLs.
    pub has_others: bool,
}

/// What reads a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// `COPY`.
    Copy {
        /// Whether the source keeps the directories it stands in; `**` stands for any number of directories then.
        parents: bool,
    },
    /// `ADD`.
    Add,
    /// `RUN --mount=type=bind`, whose source is a path, not a pattern.
    Mount,
}

/// An image that a build needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUse {
    /// The name as the Dockerfile has it, variables filled in.
    pub name: String,
    /// Where it is written.
    pub position: Position,
    /// Whether a stage is built on it; else files are taken from it.
    pub is_base: bool,
}

/// Why it cannot be said what a build reads: the build would fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadsError {
    /// An instruction cannot be understood.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// There is no such stage.
    #[error("there is no stage `{target}`")]
    Target {
        /// What was asked for.
        target: String,
        /// The names that there are.
        stages: Vec<String>,
    },
    /// A word cannot be expanded.
    #[error("{position}: cannot expand `{word}`")]
    Word {
        /// Where it is.
        position: Position,
        /// The line it is in.
        excerpt: String,
        /// The word as written.
        word: String,
        /// Why not.
        source: WordError,
    },
}

impl ReadsError {
    /// Advice for the user, if there is any.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax(error) => error.hint(),
            Self::Target { stages, .. } if stages.is_empty() => {
                Some("no stage has a name; stages are numbered from 0".into())
            }
            Self::Target { stages, .. } => Some(format!("there are `{}`", stages.join("`, `"))),
            Self::Word { source, .. } => source.hint(),
        }
    }

    /// The line it is about with a caret below the place, on two lines.
    pub fn caret(&self) -> Option<String> {
        match self {
            Self::Syntax(error) => Some(error.caret()),
            Self::Target { .. } => None,
            Self::Word {
                position, excerpt, ..
            } => Some(caret(excerpt, *position)),
        }
    }
}

impl ContextSource {
    /// The line it is in with a caret below it, on two lines.
    pub fn caret(&self) -> String {
        caret(&self.excerpt, self.position)
    }
}

/// What is read
impl Dockerfile {
    /// Tells which paths of the context a build reads.
    ///
    /// Where another frontend than Docker's own reads the file, nothing of it is looked at. What only BuildKit is known to refuse
    /// does not fail for Podman: it counts as reading everything.
    ///
    /// # Errors
    /// [`ReadsError`]: an instruction that no builder takes, a target that is not there, a variable that must be set and is not.
    pub fn reads(&self, request: &Request) -> Result<Reads, ReadsError> {
        if let Some(anything) = Reads::foreign(&self.to_string(), request) {
            return Ok(anything);
        }
        let stages = match self.stages() {
            // Podman has a parser of its own, which takes more.
            Err(error) if request.builder == Builder::Podman => return Ok(Reads::unknown(error)),
            stages => stages?,
        };
        let target = target(&stages, request)?;
        let collector = Collector::new(self, &stages, request, None)?;
        Ok(collector.collect(target)?.0)
    }

    /// What is read, and the steps that a recorder writes down on the way.
    pub(crate) fn collected<'a>(
        &'a self,
        request: &'a Request,
        recorder: Recorder<'a>,
    ) -> Result<(Reads, Vec<CacheStep>), ReadsError> {
        let stages = self.stages()?;
        let target = target(&stages, request)?;
        Collector::new(self, &stages, request, Some(recorder))?.collect(target)
    }
}

/// The number of the stage to build.
fn target(stages: &Stages<'_>, request: &Request) -> Result<usize, ReadsError> {
    let last = stages.stages.len().checked_sub(1);
    let target = request.target.as_ref().filter(|name| !name.is_empty());
    let found = target.map_or(last, |name| stages.find(name));
    found.ok_or_else(|| ReadsError::Target {
        target: request.target.clone().unwrap_or_default(),
        stages: stages
            .stages
            .iter()
            .filter_map(|stage| stage.from.name.clone())
            .collect(),
    })
}

impl Reads {
    /// Everything, if a text asks for another frontend than Docker's own; the text need not be a Dockerfile then.
    ///
    /// ```
    /// use shipload_dockerfile::{Dockerfile, Reads, Request};
    ///
    /// let text = "# syntax=vendor/yaml\ncmd: [make]\nenv make\n";
    /// assert!(Dockerfile::parse(text).is_err());
    /// let reads = Reads::foreign(text, &Request::default()).ok_or("Docker's own")?;
    /// assert!(reads.is_whole());
    /// # Ok::<(), &str>(())
    /// ```
    pub fn foreign(text: &str, request: &Request) -> Option<Self> {
        frontend::foreign(text, request).map(Self::anything)
    }

    /// Everything, because of what is not understood here and may be understood elsewhere.
    pub fn unknown(error: SyntaxError) -> Self {
        let (position, reason) = (error.position, Reason::Unknown(error));
        Self::anything(Whole { position, reason })
    }

    fn anything(whole: Whole) -> Self {
        Self {
            whole: vec![whole],
            ..Self::default()
        }
    }

    /// Whether the whole context is read, or may be.
    pub fn is_whole(&self) -> bool {
        !self.whole.is_empty() || self.sources.iter().any(|source| source.pattern == ".")
    }

    /// The patterns of all sources, sorted, each once; only `.` where the whole context is read, or may be.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        let patterns: BTreeSet<&str> = if self.is_whole() {
            BTreeSet::from(["."])
        } else {
            self.sources
                .iter()
                .map(|source| source.pattern.as_str())
                .collect()
        };
        patterns.into_iter()
    }
}
