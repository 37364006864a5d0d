//! `Recipe`: what `docker build PATH -f FILE` means, before any of it is done.
//!
//! It finds the Dockerfile and the ignore file as the chosen builder does, and yields a [`Plan`]: the view to pack or
//! send, and the name of the Dockerfile in it.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shipload_ignore::{LoadError, Rules, Semantics};

use crate::path::{EntryPath, show};
use crate::progress::Progress;
use crate::source::host::{HostDir, OnUnreadable};
use crate::tree::{Clash, Notice, TreeBuilder, TreeError};
use crate::view::{Parents, View};

/// Which files make a build context, and by which builder's rules.
///
/// ```
/// use shipload_context::{Progress, Recipe};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # for (name, text) in [("Dockerfile", "FROM scratch\n"), (".dockerignore", "*.log\n"), ("a.log", ""), ("b", "")] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let plan = Recipe::new(dir).plan(&Progress::new())?;
/// let paths: Vec<_> = plan.view.members().map(|m| m.entry.path.to_string()).collect();
/// assert_eq!(paths, [".dockerignore", "Dockerfile", "b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recipe {
    dir: PathBuf,
    dockerfile: DockerfileChoice,
    semantics: Semantics,
    ignore: IgnoreChoice,
    extra: Vec<(PathBuf, EntryPath)>,
    unreadable: OnUnreadable,
    clash: Clash,
}

/// Where the Dockerfile is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DockerfileChoice {
    /// `Dockerfile`, else `dockerfile`, at the root of the context.
    #[default]
    Default,
    /// This file of this machine, inside the context or not.
    File(PathBuf),
    /// This text.
    Bytes(Vec<u8>),
}

/// Where the ignore rules are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IgnoreChoice {
    /// The first of the builder's own places that exists.
    #[default]
    Auto,
    /// Nowhere: everything is in the context.
    None,
    /// In these files, one after the other.
    Files(Vec<PathBuf>),
}

/// A recipe carried out as far as listing: what would be sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The members, with the default [`Policy`](crate::Policy).
    pub view: View,
    /// The Dockerfile's name in the context, as the engine must be told it.
    pub dockerfile: EntryPath,
    /// Whether the Dockerfile is among the members; BuildKit's rules may exclude it.
    pub dockerfile_sent: bool,
    /// The ignore files that were read, in order.
    pub ignore_files: Vec<PathBuf>,
    /// The rules in force.
    pub rules: Rules,
    /// Whose rules they are.
    pub semantics: Semantics,
}

impl Plan {
    /// What a user should know about the listing.
    pub fn notices(&self) -> &[Notice] {
        self.view.tree().notices()
    }
}

/// # Asking
impl Recipe {
    /// The context directory `dir`, which may be a link, with the Dockerfile and rules that BuildKit would find in it.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            dockerfile: DockerfileChoice::default(),
            semantics: Semantics::default(),
            ignore: IgnoreChoice::default(),
            extra: Vec::new(),
            unreadable: OnUnreadable::default(),
            clash: Clash::default(),
        }
    }

    /// Where the Dockerfile is; the default is at the root of the context.
    #[must_use]
    pub fn dockerfile(self, dockerfile: DockerfileChoice) -> Self {
        Self { dockerfile, ..self }
    }

    /// Whose rules apply; the default is BuildKit's.
    #[must_use]
    pub fn semantics(self, semantics: Semantics) -> Self {
        Self { semantics, ..self }
    }

    /// Where the ignore rules are; the default is where the builder looks for them.
    #[must_use]
    pub fn ignore(self, ignore: IgnoreChoice) -> Self {
        Self { ignore, ..self }
    }

    /// Adds a file or directory of this machine under the name `at`; ignore rules do not apply to it.
    #[must_use]
    pub fn add(mut self, host: impl Into<PathBuf>, at: EntryPath) -> Self {
        self.extra.push((host.into(), at));
        self
    }

    /// What to do with what cannot be read; the default is to fail.
    #[must_use]
    pub fn on_unreadable(self, unreadable: OnUnreadable) -> Self {
        Self { unreadable, ..self }
    }

    /// What happens when what was added has a name that is already there; the default is to fail.
    #[must_use]
    pub fn on_clash(self, clash: Clash) -> Self {
        Self { clash, ..self }
    }
}

/// # Carrying it out
impl Recipe {
    /// Finds the Dockerfile and the rules, and lists the context. No content of the context is read.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn plan(&self, progress: &Progress) -> Result<Plan, RecipeError> {
        let fail = |source| RecipeError::Context {
            dir: self.dir.clone(),
            source,
        };
        let dir = fs_err::canonicalize(&self.dir).map_err(fail)?;
        if !dir.is_dir() {
            return Err(fail(io::ErrorKind::NotADirectory.into()));
        }
        let found = self.find_dockerfile(&dir)?;
        let (rules, ignore_files) = self.read_rules(&dir, &found)?;
        let in_context = found.injected.is_none().then(|| found.name.as_bytes());
        let rules = rules.with_build_files(in_context)?;
        let source = HostDir::new(&dir)
            .rules(rules.clone())
            .on_unreadable(self.unreadable);
        let mut builder = TreeBuilder::new().directory(source).on_clash(self.clash);
        for (host, at) in &self.extra {
            builder = builder.file(host, at.clone());
        }
        if self.semantics == Semantics::Podman {
            builder = send_excluded(
                builder,
                &rules,
                &dir,
                found.host.iter().chain(&ignore_files),
            )?;
        }
        if let Some(text) = found.injected {
            if self.semantics != Semantics::BuildKit {
                let (path, text) = hide(&found.name, &dir, &ignore_files)?;
                builder = builder.overriding(path, text);
            }
            builder = builder.overriding(found.name.clone(), text);
        }
        let tree = builder.build_with(progress)?;
        let parents = if self.semantics.sends_excluded_parents() {
            Parents::Send
        } else {
            Parents::Omit
        };
        Ok(Plan {
            dockerfile_sent: tree.get(&found.name).is_some_and(|entry| !entry.is_dir()),
            view: View::with_parents(&tree, parents),
            dockerfile: found.name,
            ignore_files,
            rules,
            semantics: self.semantics,
        })
    }

    fn find_dockerfile(&self, dir: &Path) -> Result<Found, RecipeError> {
        let chosen = match &self.dockerfile {
            DockerfileChoice::Bytes(text) => return Found::inject(None, text.clone()),
            DockerfileChoice::File(file) => file.clone(),
            DockerfileChoice::Default => default_names(self.semantics)
                .iter()
                .map(|name| dir.join(name))
                .find(|path| fs_err::symlink_metadata(path).is_ok())
                .ok_or_else(|| RecipeError::NoDockerfile {
                    dir: self.dir.clone(),
                    similar: similar(dir),
                })?,
        };
        let fail = |source| RecipeError::Dockerfile {
            path: chosen.clone(),
            source,
        };
        let real = fs_err::canonicalize(&chosen).map_err(fail)?;
        if real.is_dir() {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        let Ok(inside) = real.strip_prefix(dir) else {
            let text = fs_err::read(&real).map_err(fail)?;
            return Found::inject(Some(real), text);
        };
        let name = EntryPath::new(inside.as_os_str().as_bytes())
            .map_err(|e| fail(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
        Ok(Found {
            name,
            host: Some(real),
            injected: None,
        })
    }

    fn read_rules(&self, dir: &Path, found: &Found) -> Result<(Rules, Vec<PathBuf>), RecipeError> {
        let files = match &self.ignore {
            IgnoreChoice::None => Vec::new(),
            IgnoreChoice::Files(files) => files.clone(),
            IgnoreChoice::Auto => {
                // Without a file of its own, the Dockerfile has no neighbour; a name that cannot exist stands in.
                let dockerfile = found.host.clone().unwrap_or_else(|| dir.join("\0"));
                let candidates = self.semantics.candidates().iter();
                let first = candidates
                    .map(|candidate| candidate.path(&dockerfile, dir))
                    .find(|path| fs_err::symlink_metadata(path).is_ok());
                if let Some(path) = &first {
                    stays(path, dir, &dockerfile)?;
                }
                first.into_iter().collect()
            }
        };
        let mut builder = Rules::builder(self.semantics);
        for path in &files {
            let text = fs_err::read(path).map_err(|source| RecipeError::IgnoreFile {
                path: path.clone(),
                source,
            })?;
            builder = builder.file(&shown(path, dir), &text)?;
        }
        Ok((builder.build(), files))
    }
}

/// Adds those of the build's own files that the rules exclude: podman's service reads them from the archive, and applies the
/// rules again. The docker CLI's way, a rule more, is `Rules::with_build_files`.
fn send_excluded<'a>(
    mut builder: TreeBuilder,
    rules: &Rules,
    dir: &Path,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<TreeBuilder, RecipeError> {
    for file in files {
        let Some(at) = file
            .strip_prefix(dir)
            .ok()
            .and_then(|inside| EntryPath::new(inside.as_os_str().as_bytes()).ok())
        else {
            continue;
        };
        if rules
            .explain(at.as_bytes(), false)
            .map_err(TreeError::Rule)?
            .excluded
        {
            builder = builder.file(file, at);
        }
    }
    Ok(builder)
}

/// The names under which a builder looks for its Dockerfile, in order.
fn default_names(semantics: Semantics) -> &'static [&'static str] {
    match semantics {
        Semantics::Classic | Semantics::BuildKit => &["Dockerfile", "dockerfile"],
        Semantics::Podman => &["Containerfile", "Dockerfile"],
    }
}

/// The Dockerfile of a context.
struct Found {
    /// Its name in the context.
    name: EntryPath,
    /// The file of this machine, links resolved; none for a text.
    host: Option<PathBuf>,
    /// Its text, where it is not a file of the context.
    injected: Option<Vec<u8>>,
}

impl Found {
    /// A Dockerfile that is not in the context goes there under a name that no other file has. The docker CLI draws the
    /// name at random; ours follows from the text, so that the archive does.
    fn inject(host: Option<PathBuf>, text: Vec<u8>) -> Result<Self, RecipeError> {
        let hex = format!("{:x}", Sha256::digest(&text));
        let name = EntryPath::new(format!(".dockerfile.{}", &hex[..20])).map_err(|source| {
            RecipeError::Tree(TreeError::Name {
                origin: "the Dockerfile".to_owned(),
                source,
            })
        })?;
        Ok(Self {
            name,
            host,
            injected: Some(text),
        })
    }
}

/// The ignore file with one more rule, by which the daemon removes an injected Dockerfile after reading it, as the
/// docker CLI asks it to.
fn hide(
    name: &EntryPath,
    dir: &Path,
    files: &[PathBuf],
) -> Result<(EntryPath, Vec<u8>), RecipeError> {
    let own = files
        .iter()
        .find_map(|path| Some((path, path.strip_prefix(dir).ok()?)));
    let (at, mut text) = match own {
        Some((path, inside)) => {
            let text = fs_err::read(path).map_err(|source| RecipeError::IgnoreFile {
                path: path.clone(),
                source,
            })?;
            (inside.as_os_str().as_bytes(), text)
        }
        None => (&b".dockerignore"[..], b".dockerignore".to_vec()),
    };
    text.push(b'\n');
    text.extend_from_slice(name.as_bytes());
    text.push(b'\n');
    let at = EntryPath::new(at).map_err(|source| {
        RecipeError::Tree(TreeError::Name {
            origin: "the ignore file".to_owned(),
            source,
        })
    })?;
    Ok((at, text))
}

/// Refuses an ignore file that is a link out of the context: nothing outside the named sources is read.
fn stays(path: &Path, dir: &Path, dockerfile: &Path) -> Result<(), RecipeError> {
    let fail = |source| RecipeError::IgnoreFile {
        path: path.to_owned(),
        source,
    };
    let real = fs_err::canonicalize(path).map_err(fail)?;
    let beside = dockerfile
        .parent()
        .is_some_and(|home| real.starts_with(home));
    if real.starts_with(dir) || beside {
        return Ok(());
    }
    Err(RecipeError::IgnoreFileOutside {
        path: path.to_owned(),
        real,
    })
}

/// The name of an ignore file in messages: relative to the context where it is inside.
fn shown(path: &Path, dir: &Path) -> String {
    show(
        path.strip_prefix(dir)
            .unwrap_or(path)
            .as_os_str()
            .as_bytes(),
    )
}

/// Names in the directory that somebody may have meant as the Dockerfile.
fn similar(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(show(entry.ok()?.file_name().as_bytes())))
        .filter(|name| {
            let name = name.to_ascii_lowercase();
            (name.contains("dockerfile") || name.contains("containerfile"))
                && !name.ends_with("ignore")
        })
        .collect();
    names.sort();
    names.truncate(5);
    names
}

/// Why a recipe cannot be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The context directory cannot be entered.
    #[error("cannot use `{}` as a build context", dir.display())]
    Context {
        /// The directory, as given.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The context has no Dockerfile under its default names.
    #[error("there is no Dockerfile in `{}`", dir.display())]
    NoDockerfile {
        /// The context directory, as given.
        dir: PathBuf,
        /// Names there that may be meant, at most five.
        similar: Vec<String>,
    },
    /// The Dockerfile that was named cannot be read.
    #[error("cannot read the Dockerfile `{}`", path.display())]
    Dockerfile {
        /// Its path, as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An ignore file cannot be read.
    #[error("cannot read the ignore file `{}`", path.display())]
    IgnoreFile {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An ignore file is a link that leads out of the context.
    #[error("the ignore file `{}` leads out of the context, to `{}`", path.display(), real.display())]
    IgnoreFileOutside {
        /// Its path.
        path: PathBuf,
        /// Where it leads.
        real: PathBuf,
    },
    /// An ignore file has a rule that no builder accepts.
    #[error(transparent)]
    Rules(#[from] LoadError),
    /// The context cannot be listed.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl RecipeError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDockerfile { similar, .. } => Some(match similar.first() {
                Some(name) => format!("name it with `--file`; there is `{name}`"),
                None => "name it with `--file`, or check the path of the context".to_owned(),
            }),
            Self::IgnoreFileOutside { .. } => {
                Some("name it with `--ignorefile` if its rules shall apply".into())
            }
            Self::Rules(error) => error.hint(),
            Self::Tree(error) => error.hint(),
            Self::Context { .. } | Self::Dockerfile { .. } | Self::IgnoreFile { .. } => None,
        }
    }
}
