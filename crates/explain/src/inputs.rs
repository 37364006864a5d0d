//! `Inputs`: what a build depends on, as plain data that can be written down and compared.

mod files;

use std::collections::BTreeMap;
use std::ops::Range;

use shipload_context::{
    Device, DigestsError, EntryPath, Plan, Progress, RecipeError, Referenced, Request, Semantics,
    Unsure,
};

use crate::cache;
use crate::digest::Digest;
use files::Files;

/// What a build depends on: its Dockerfile, what the Dockerfile reads, and what was asked for.
///
/// Times, owners, the machine and the place of the context are not among it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inputs {
    /// The builder whose rules and whose cache it is.
    pub builder: Semantics,
    /// The stage that was asked for; none for the last.
    pub target: Option<String>,
    /// The platform that was asked for; none for the builder's own.
    pub platform: Option<String>,
    /// The build arguments that were given, with the digests of their values; none for one that was named without a value and
    /// is not in the environment. The values themselves may be secrets.
    pub arguments: BTreeMap<String, Option<Digest>>,
    /// The digest of the Dockerfile.
    pub dockerfile: Digest,
    /// What is read of the context, in the order of an archive.
    pub files: Vec<InputFile>,
    /// The steps of the stages that the target needs, as the builder's cache knows them, stage by stage; the first of each is its
    /// `FROM`. None for podman.
    pub steps: Vec<Step>,
}

/// # Finding out
impl Inputs {
    /// What the build that `request` asks for depends on: `least` is what [`Plan::referenced`] says to the same request. The
    /// contents of what is read are read now, with as many threads as there are cores.
    ///
    /// ```
    /// use shipload_context::{Progress, Recipe, Request};
    /// use shipload_explain::Inputs;
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY app.js /\n"), ("app.js", ""), ("notes.txt", "")] {
    /// #     std::fs::write(dir.join(name), text)?;
    /// # }
    /// let digest = || -> Result<_, Box<dyn std::error::Error>> {
    ///     let (progress, request) = (Progress::new(), Request::default());
    ///     let plan = Recipe::new(dir).plan(&progress)?;
    ///     let least = plan.referenced(&request)?;
    ///     Ok(Inputs::of(&plan, &request, &least, &progress)?.digest())
    /// };
    /// let before = digest()?;
    /// std::fs::write(dir.join("notes.txt"), "nobody reads this")?;
    /// assert_eq!(digest()?, before);
    /// std::fs::write(dir.join("app.js"), "but this")?;
    /// assert_ne!(digest()?, before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InputsError`].
    pub fn of(
        plan: &Plan,
        request: &Request,
        least: &Referenced,
        progress: &Progress,
    ) -> Result<Self, InputsError> {
        let digest = |value: &Option<String>| Some(Digest::of(value.as_ref()?.as_bytes()));
        let arguments = request.build_args.iter();
        let found = Files::of(plan, least, progress)?;
        let place = |range| found.range(range);
        let steps = cache::steps(plan, request, least, &found.files, place, progress)?;
        Ok(Self {
            builder: plan.semantics,
            target: request.target.clone().filter(|name| !name.is_empty()),
            platform: request.platform.clone(),
            arguments: arguments
                .map(|(name, value)| (name.clone(), digest(value)))
                .collect(),
            dockerfile: Digest::of(&plan.dockerfile_text()?),
            files: found.files,
            steps,
        })
    }
}

/// A member of the context that a build reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputFile {
    /// Where it is in the context.
    pub path: EntryPath,
    /// What it is.
    pub kind: InputKind,
    /// Permission bits, within `0o7777`; of a symbolic link always `0o777`, since nothing that unpacks one gives it others.
    pub mode: u32,
    /// The value of `security.capability`, the only extended attribute that is in archives.
    pub capability: Option<Vec<u8>>,
}

/// What a member is, with what counts of it. Another name of a file (a hard link) is that file: so builders' caches have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// A file.
    File {
        /// Its length in bytes.
        size: u64,
        /// The digest of its content.
        digest: Digest,
    },
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink {
        /// Where it points, as written.
        target: Vec<u8>,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    Char(Device),
    /// A block device.
    Block(Device),
}

/// Why it cannot be said what a build depends on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// The Dockerfile cannot be read.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A file cannot be read, or is not what was listed, or it was cancelled.
    #[error(transparent)]
    Digests(#[from] DigestsError),
}

impl InputsError {
    /// Whether it was asked to stop, through its [`Progress`].
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Digests(DigestsError::Cancelled))
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Recipe(error) => error.hint(),
            Self::Digests(error) => error.hint(),
        }
    }
}

/// An instruction as a builder's cache knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The stage it is in, counted from 0.
    pub stage: usize,
    /// The name of that stage.
    pub stage_name: Option<String>,
    /// The line of the Dockerfile in which it begins, counted from 1.
    pub line: usize,
    /// The instruction on one line, without heredocs.
    pub text: String,
    /// The digest of all that its entry in the cache depends on beside files and the step before: the instruction with its
    /// variables expanded, the environment and arguments that count.
    pub key: Digest,
    /// The digest of what may make it another step or not, such as the image that it takes files from; none where there is nothing.
    pub variant: Option<Digest>,
    /// The digest of what a builder's cache looks at of the files that it reads; none where it reads none.
    pub content: Option<Digest>,
    /// What it reads of the context: ranges of [`Inputs::files`].
    pub reads: Vec<Range<usize>>,
    /// The stages that it takes files from; for a `FROM` the stage that it is built on.
    pub from: Vec<usize>,
    /// Why nobody can tell what it comes to.
    pub unsure: Option<Unsure>,
}
