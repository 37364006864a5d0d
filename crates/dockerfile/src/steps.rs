//! The steps of a build, as a builder's cache knows them.
//!
//! A builder keeps what an instruction made under what it made it from: the step before, the instruction as it understood it, and
//! the files. What is told here is the instruction; the classic builder and `BuildKit` understand it differently:
//!
//! | | classic | `BuildKit` |
//! |---|---|---|
//! | is a step | every instruction of a stage | `COPY`, `ADD`, `RUN`, `WORKDIR` (but not `WORKDIR /`) |
//! | `RUN` depends on | its command; each `ARG` with a value that no `ENV` hides | its command, all variables in the order in which they were set, user, directory, mounts |
//! | `COPY` depends on | owner, destination as written | owner, mode, destination, options, last names of its sources |
//!
//! That was found out on Docker Engine 20.10 and 26.1, see `docs/cache.md`.

mod key;
mod recorder;
mod settings;

use std::ops::Range;

use crate::reads::{Reads, ReadsError};
use crate::request::{Builder, Request};
use crate::syntax::{Dockerfile, Position};

pub use key::StepKey;
pub(crate) use recorder::{Made, Recorder, Start, assigned};

/// A step of a build: a `FROM`, or an instruction that has an entry of its own in the builder's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStep {
    /// The stage it is in, counted from 0. The first step of a stage is its `FROM`.
    pub stage: usize,
    /// The name of that stage.
    pub stage_name: Option<String>,
    /// Where it is written; that of the `ONBUILD` for what the base stage leaves for later.
    pub position: Position,
    /// The instruction on one line, without heredocs.
    pub text: String,
    /// All that its entry in the cache depends on beside files and the steps before.
    pub key: StepKey,
    /// What makes it another step if more is so than can be told here: with another of these it may be another, or not.
    pub variant: StepKey,
    /// The stages that it takes files from; for a `FROM` the stage that it is built on.
    pub from: Vec<usize>,
    /// What it reads of the context: a range of [`Reads::sources`] for the same request.
    pub sources: Range<usize>,
    /// Why nobody can tell what it comes to.
    pub unsure: Option<Unsure>,
}

/// Why it cannot be told whether a step comes out of a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsure {
    /// It needs an image, whose name may have come to mean another one.
    Image {
        /// The name.
        name: String,
    },
    /// It is built on an image with instructions for builds on it, or of which it is not known whether it has some.
    Triggers {
        /// The image.
        name: String,
    },
    /// It fetches something from the network.
    Remote,
    /// Which files it reads depends on something that is not known, such as a variable of a base image.
    Sources,
    /// Its wildcards go through links, behind which versions of the builder look at different things.
    Wildcards,
    /// It makes a layer of its own (`--link`), which a builder that merges layers keeps, whatever comes before it.
    Apart,
    /// It is not known here what it does.
    Unknown,
    /// Another frontend than Docker's own reads the Dockerfile.
    Frontend {
        /// Its name.
        syntax: String,
    },
    /// There are so many variables and steps that they were not all compared.
    Work,
}

/// The steps
impl Dockerfile {
    /// The steps of a build, stage by stage, of those stages that the target needs.
    ///
    /// There are none for Podman, of whose cache nothing is known here.
    ///
    /// ```
    /// use shipload_dockerfile::{Dockerfile, Request};
    ///
    /// let steps = |text: &str| Dockerfile::parse(text).unwrap().steps(&Request::default()).unwrap();
    /// let (before, after) = (
    ///     steps("FROM scratch\nENV A=1\nCOPY a /b\n"),
    ///     steps("FROM scratch\n# More.\nENV A=2\nCOPY  ./a  b\n"),
    /// );
    /// let texts: Vec<_> = before.iter().map(|step| step.text.as_str()).collect();
    /// assert_eq!(texts, ["FROM scratch", "COPY a /b"]);
    /// // To BuildKit it is the same.
    /// assert_eq!(before[1].key, after[1].key);
    /// ```
    ///
    /// # Errors
    /// As [`Dockerfile::reads`].
    pub fn steps(&self, request: &Request) -> Result<Vec<CacheStep>, ReadsError> {
        if request.builder == Builder::Podman {
            return Ok(Vec::new());
        }
        if let Some(whole) = Reads::foreign(&self.to_string(), request) {
            return Ok(whole.whole.into_iter().map(CacheStep::foreign).collect());
        }
        Ok(self.collected(request, Recorder::new(request))?.1)
    }
}
