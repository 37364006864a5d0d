//! `Target`: which rule file is meant, who reads it, and writing it.

use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use shipload_context::{EntryPath, Plan, Semantics, show};

use super::{Edit, FixEngine, FixInput};
use crate::survey::Survey;

/// The longest rule file that is read, in bytes, as elsewhere.
const LIMIT: u64 = 16 << 20;

/// A rule file and the engines that read it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// Where it is or will be.
    pub path: PathBuf,
    /// What it is called in messages: relative to the context where it is in it.
    pub name: String,
    /// What is in it; none where it is not there yet.
    pub text: Option<Vec<u8>>,
    /// Files whose rules come before its own, with their names.
    pub before: Vec<(String, Vec<u8>)>,
    /// The engines that read it, the one that was asked for first.
    pub readers: Vec<FixEngine>,
    /// The engines that read another file, and which; none where they would read no file.
    pub others: Vec<(Semantics, Option<PathBuf>)>,
}

/// Which engines an edit has to be exact for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Readers {
    /// All that read the file.
    #[default]
    All,
    /// The one whose plan it is.
    Own,
}

/// Why a rule file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It cannot be read.
    #[error("cannot read `{}`", show(path.as_os_str().as_bytes()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no context directory that it could be in.
    #[error("an archive has no rule file that could be edited")]
    NoDirectory,
    /// It is not what the edit was made from.
    #[error("`{}` has changed since it was read", show(path.as_os_str().as_bytes()))]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Nobody may write to it.
    #[error("`{}` is read-only", show(path.as_os_str().as_bytes()))]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It is a device, a FIFO or the like.
    #[error("`{}` is no regular file", show(path.as_os_str().as_bytes()))]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written; it is as it was.
    #[error("cannot write `{}`", show(path.as_os_str().as_bytes()))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl TargetError {
    /// Advice for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ReadOnly { .. } => Some("`chmod u+w` it, or apply the diff yourself".to_owned()),
            Self::Changed { .. } => Some("run it again".to_owned()),
            Self::NoFile { .. } => Some("name a file with `--ignorefile`".to_owned()),
            Self::Read { .. } | Self::NoDirectory | Self::Write { .. } => None,
        }
    }
}

/// # Finding
impl Target {
    /// The rule file behind a plan: the last of those that were read, or `.dockerignore` in the context, which is then to be made.
    ///
    /// The other engines read it too unless they have one of their own: BuildKit and podman `Dockerfile.dockerignore`, podman also
    /// `Dockerfile.containerignore` and `.containerignore`. A file that is in none of these places was named by the caller and is
    /// read by all.
    ///
    /// # Errors
    /// [`TargetError`] if a file cannot be read, or the plan is that of an archive.
    pub fn of(plan: &Plan, readers: Readers) -> Result<Self, TargetError> {
        let directory = plan.directory.as_deref().ok_or(TargetError::NoDirectory)?;
        let named = |path: &Path| {
            let inside = path.strip_prefix(directory).unwrap_or(path);
            show(inside.as_os_str().as_bytes())
        };
        let (path, text, before) = match &plan.ignore_files[..] {
            [] => (directory.join(".dockerignore"), None, Vec::new()),
            [before @ .., last] => {
                let before = before.iter().map(|path| Ok((named(path), read(path)?)));
                let before = before.collect::<Result<_, TargetError>>()?;
                (last.clone(), Some(read(last)?), before)
            }
        };
        let own = FixEngine::new(plan.semantics, dockerfile_in_context(plan));
        let mut file = Self {
            name: named(&path),
            path,
            text,
            before,
            readers: vec![own],
            others: Vec::new(),
        };
        match readers {
            Readers::All => file.add_readers(plan, directory),
            Readers::Own => {}
        }
        Ok(file)
    }

    fn add_readers(&mut self, plan: &Plan, directory: &Path) {
        let dockerfile = plan.dockerfile_host.clone();
        // A text has no neighbours; a name that cannot exist stands in for it.
        let dockerfile = dockerfile.unwrap_or_else(|| directory.join("\0"));
        let places = |engine: Semantics| {
            let candidates = engine.candidates().iter();
            candidates.map(|candidate| candidate.path(&dockerfile, directory))
        };
        let is_named = !places(plan.semantics).any(|place| place == self.path);
        for engine in [Semantics::BuildKit, Semantics::Classic, Semantics::Podman] {
            if engine == plan.semantics {
                continue;
            }
            // The file that is edited counts as there, which it will be.
            let is_there =
                |place: &PathBuf| *place == self.path || fs_err::symlink_metadata(place).is_ok();
            let found = places(engine).find(is_there);
            if is_named || found.as_ref() == Some(&self.path) {
                let dockerfile = dockerfile_in_context(plan);
                self.readers.push(FixEngine::new(engine, dockerfile));
            } else {
                self.others.push((engine, found));
            }
        }
    }

    /// What [`fix`](super::fix()) takes.
    pub fn input(&self, survey: Survey) -> FixInput {
        FixInput {
            survey,
            name: self.name.clone(),
            text: self.text.clone(),
            before: self.before.clone(),
            engines: self.readers.clone(),
        }
    }
}

fn dockerfile_in_context(plan: &Plan) -> Option<EntryPath> {
    (!plan.is_injected).then(|| plan.dockerfile.clone())
}

fn read(path: &Path) -> Result<Vec<u8>, TargetError> {
    use std::io::Read as _;
    let fail = |source| TargetError::Read {
        path: path.to_owned(),
        source,
    };
    let kind = fs_err::metadata(path).map_err(fail)?.file_type();
    if !kind.is_file() {
        // A pipe, which `--ignorefile <(generate)` names, cannot be read twice, and not be edited.
        let path = path.to_owned();
        return Err(TargetError::NoFile { path });
    }
    let mut text = Vec::new();
    let file = fs_err::File::open(path).map_err(fail)?;
    file.take(LIMIT + 1).read_to_end(&mut text).map_err(fail)?;
    if text.len() as u64 > LIMIT {
        return Err(fail(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(text)
}

/// # Writing
impl Target {
    /// Writes an edit: under a temporary name beside the file, which is then renamed, so that the file is as before or as after, with its
    /// permissions. A link is written through: what it leads to is replaced. A file that has further names loses them.
    ///
    /// # Errors
    /// [`TargetError`] if the file is not what it was when the edit was made, is read-only, or cannot be written. It is as it
    /// was then, and nothing is left beside it.
    pub fn write(&self, edit: &Edit) -> Result<(), TargetError> {
        let fail = |source| TargetError::Write {
            path: self.path.clone(),
            source,
        };
        let mut mode = None;
        let mut real = self.path.clone();
        if edit.is_new {
            if fs_err::symlink_metadata(&self.path).is_ok() {
                let path = self.path.clone();
                return Err(TargetError::Changed { path });
            }
        } else {
            real = fs_err::canonicalize(&self.path).map_err(fail)?;
            if read(&real)? != edit.old {
                let path = self.path.clone();
                return Err(TargetError::Changed { path });
            }
            let permissions = fs_err::metadata(&real).map_err(fail)?.permissions();
            // Renaming would get around it.
            if permissions.readonly() {
                let path = self.path.clone();
                return Err(TargetError::ReadOnly { path });
            }
            mode = Some(permissions);
        }
        let directory = real.parent().unwrap_or(Path::new("/"));
        let mut temporary = tempfile::Builder::new()
            .prefix(".shipload-")
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(fail)?;
        temporary.as_file_mut().write_all(&edit.new).map_err(fail)?;
        if let Some(mode) = mode {
            temporary.as_file().set_permissions(mode).map_err(fail)?;
        }
        temporary.as_file().sync_all().map_err(fail)?;
        temporary
            .persist(&real)
            .map_err(|error| fail(error.error))?;
        Ok(())
    }
}
