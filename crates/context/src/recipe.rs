//! `Recipe`: what `docker build PATH -f FILE` means, before any of it is done.
//!
//! It finds the Dockerfile and the ignore file as the chosen builder does, and yields a [`Plan`]: the view to
//! pack or send, and the name of the Dockerfile in it.

mod build_files;
mod error;
mod outline;
mod unpacked;

use std::io;
use std::path::{Path, PathBuf};

use shipload_ignore::{Rules, Semantics};

use crate::entry::Entry;
use crate::path::{EntryPath, show_path};
use crate::progress::Progress;
use crate::source::archive::Archive;
use crate::source::host::{HostDir, OnUnreadable};
use crate::tree::{Clash, Notice, TreeBuilder};
use crate::view::View;
use build_files::{BuildFiles, TEXT_LIMIT};

pub(crate) use build_files::{read_text, rules_of};
pub use error::RecipeError;
pub use outline::Outline;

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
    base: Base,
    dockerfile: DockerfileChoice,
    semantics: Semantics,
    ignore: IgnoreChoice,
    extra: Vec<Extra>,
    unreadable: OnUnreadable,
    clash: Clash,
}

#[derive(Debug, Clone)]
enum Base {
    Dir(PathBuf),
    Archive(Archive),
    Unpacked(Archive),
}

#[derive(Debug, Clone)]
enum Extra {
    Host(PathBuf, EntryPath),
    Archive(Archive),
}

/// Where the Dockerfile is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DockerfileChoice {
    /// `Dockerfile`, else `dockerfile`, at the root of the context.
    #[default]
    Default,
    /// As [`Default`](Self::Default), but a context without one is listed all the same: for who only looks.
    Optional,
    /// This file of this machine, inside the context or not; of a context that is an archive, this member.
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
    /// The Dockerfile on this machine, links resolved; none for a text and for a member of an archive.
    pub dockerfile_host: Option<PathBuf>,
    /// The context directory, links resolved; none for an archive.
    pub directory: Option<PathBuf>,
    /// Whether the Dockerfile is in the context only because it was put there, for builders that must find it there.
    pub is_injected: bool,
    /// The ignore files that were read, in order.
    pub ignore_files: Vec<PathBuf>,
    /// The rules in force.
    pub rules: Rules,
    /// Whose rules they are.
    pub semantics: Semantics,
    /// The Dockerfile as a member of an archive, where rules may have taken it out of the view.
    dockerfile_member: Option<Entry>,
}

impl Plan {
    /// What a user should know about the listing.
    pub fn notices(&self) -> &[Notice] {
        self.view.tree().notices()
    }

    /// The text of the Dockerfile.
    ///
    /// # Errors
    /// [`RecipeError`] if it cannot be read, is not as it was listed, or has more than 16 MiB.
    pub fn dockerfile_text(&self) -> Result<Vec<u8>, RecipeError> {
        let entry = self.view.tree().get(&self.dockerfile);
        let entry = entry.or(self.dockerfile_member.as_ref());
        let path = || {
            self.dockerfile_host
                .clone()
                .unwrap_or_else(|| self.dockerfile_shown().into())
        };
        let too_large = || RecipeError::Dockerfile {
            path: path(),
            source: io::ErrorKind::FileTooLarge.into(),
        };
        match (entry, &self.dockerfile_host) {
            (Some(entry), _) if entry.size() > TEXT_LIMIT => Err(too_large()),
            (Some(entry), _) if !entry.is_dir() => Ok(entry.read()?),
            (_, Some(host)) => {
                build_files::read_text(host).map_err(|source| RecipeError::Dockerfile {
                    path: path(),
                    source,
                })
            }
            (_, None) => Err(RecipeError::Dockerfile {
                path: path(),
                source: io::ErrorKind::NotFound.into(),
            }),
        }
    }

    /// The Dockerfile as a user knows it: its name in the context, or where it is if it is elsewhere.
    pub fn dockerfile_shown(&self) -> String {
        let outside = |host: &&PathBuf| {
            let directory = self.directory.as_ref();
            !directory.is_some_and(|directory| host.starts_with(directory))
        };
        match self.dockerfile_host.as_ref().filter(outside) {
            Some(host) => show_path(host),
            None if self.is_injected => "Dockerfile".to_owned(),
            None => self.dockerfile.to_string(),
        }
    }

    /// Whether a path is that of the Dockerfile, or of an ignore file that an engine may read: what a build needs whatever rules
    /// say.
    pub fn is_build_file(&self, path: &EntryPath) -> bool {
        let names = [&b".dockerignore"[..], b".containerignore"];
        let beside = path.as_bytes().strip_prefix(self.dockerfile.as_bytes());
        beside == Some(b"")
            || names.contains(&path.as_bytes())
            || beside.is_some_and(|rest| names.contains(&rest))
    }
}

/// # Asking
impl Recipe {
    /// The context directory `dir`, which may be a link, with the Dockerfile and rules that BuildKit would
    /// find in it.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            base: Base::Dir(dir.into()),
            dockerfile: DockerfileChoice::default(),
            semantics: Semantics::default(),
            ignore: IgnoreChoice::default(),
            extra: Vec::new(),
            unreadable: OnUnreadable::default(),
            clash: Clash::default(),
        }
    }

    /// The context that an archive is, as `docker build - < context.tar`: no rules apply, and a Dockerfile
    /// that is named is one of its members.
    pub fn of_archive(archive: Archive) -> Self {
        Self {
            base: Base::Archive(archive),
            ..Self::new("")
        }
    }

    /// The context that the directory would be which an archive was made of: rules apply to the members, those of the archive's own
    /// ignore file by default, and the Dockerfile is a member.
    ///
    /// Packed, it is what the directory is packed as.
    ///
    /// ```
    /// use shipload_context::{Archive, ArchiveOptions, Progress, Recipe};
    ///
    /// # let mut builder = tar::Builder::new(Vec::new());
    /// # for (name, text) in [("Dockerfile", &b"FROM scratch\n"[..]), (".dockerignore", b"*.log"), ("a.log", b""), ("b", b"")] {
    /// #     let mut header = tar::Header::new_ustar();
    /// #     header.set_size(text.len() as u64);
    /// #     builder.append_data(&mut header, name, text)?;
    /// # }
    /// # let bytes = builder.into_inner()?;
    /// let archive = Archive::from_reader("x.tar", &bytes[..], &ArchiveOptions::default())?;
    /// let plan = Recipe::of_unpacked(archive).plan(&Progress::new())?;
    /// let paths: Vec<_> = plan.view.members().map(|m| m.entry.path.to_string()).collect();
    /// assert_eq!(paths, [".dockerignore", "Dockerfile", "b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_unpacked(archive: Archive) -> Self {
        Self {
            base: Base::Unpacked(archive),
            ..Self::new("")
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
        self.extra.push(Extra::Host(host.into(), at));
        self
    }

    /// Adds the members of an archive, where they are in it; ignore rules do not apply to them.
    #[must_use]
    pub fn add_archive(mut self, archive: Archive) -> Self {
        self.extra.push(Extra::Archive(archive));
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
        self.outline()?.plan(progress)
    }

    /// Finds the Dockerfile and the rules, and lists nothing.
    ///
    /// # Errors
    /// [`RecipeError`].
    pub fn outline(&self) -> Result<Outline, RecipeError> {
        match &self.base {
            Base::Dir(dir) => self.outline_dir(dir),
            Base::Archive(archive) => self.outline_archive(archive),
            Base::Unpacked(archive) => self.outline_unpacked(archive),
        }
    }

    fn outline_dir(&self, shown: &Path) -> Result<Outline, RecipeError> {
        let fail = |source| RecipeError::Context {
            dir: shown.to_owned(),
            source,
        };
        let dir = fs_err::canonicalize(shown).map_err(fail)?;
        if !dir.is_dir() {
            return Err(fail(io::ErrorKind::NotADirectory.into()));
        }
        let build = BuildFiles::find(&dir, shown, &self.dockerfile, self.semantics)?;
        let (rules, ignore_files) = build.rules(&self.ignore, self.semantics)?;
        let in_context = build.injected.is_none().then(|| build.name.as_bytes());
        let rules = rules.with_build_files(in_context)?;
        let source = HostDir::new(&dir)
            .rules(rules.clone())
            .on_unreadable(self.unreadable);
        let mut builder = self.with_extra(TreeBuilder::new().directory(source));
        match self.semantics {
            Semantics::Podman => builder = build.send_excluded(builder, &rules, &ignore_files)?,
            Semantics::Classic | Semantics::BuildKit => {}
        }
        if build.injected.is_some() {
            let own = build.own_ignore_file(self.semantics)?;
            builder = build.inject(builder, own, self.semantics)?;
        }
        Ok(Outline {
            is_injected: build.injected.is_some(),
            dockerfile: build.name,
            dockerfile_host: build.host,
            directory: Some(dir.clone()),
            ignore_files,
            rules,
            semantics: self.semantics,
            dockerfile_member: None,
            on_unreadable: self.unreadable,
            builder,
        })
    }

    /// An archive is sent as it is: rules apply to directories only, in `docker build` as here.
    fn outline_archive(&self, archive: &Archive) -> Result<Outline, RecipeError> {
        if self.ignore != IgnoreChoice::Auto {
            return Err(RecipeError::RulesForArchive {
                archive: archive.name().to_owned(),
            });
        }
        let build = BuildFiles::find_in(archive, &self.dockerfile, self.semantics)?;
        let mut builder = self.with_extra(TreeBuilder::new().archive(archive.clone()));
        if build.injected.is_some() {
            let own = BuildFiles::ignore_file_in(archive)?;
            builder = build.inject(builder, own, self.semantics)?;
        }
        Ok(Outline {
            dockerfile: build.name,
            dockerfile_host: None,
            directory: None,
            is_injected: false,
            ignore_files: Vec::new(),
            rules: Rules::none(self.semantics),
            semantics: self.semantics,
            dockerfile_member: None,
            on_unreadable: self.unreadable,
            builder,
        })
    }

    fn with_extra(&self, mut builder: TreeBuilder) -> TreeBuilder {
        builder = builder.on_clash(self.clash);
        for extra in &self.extra {
            builder = match extra {
                Extra::Host(host, at) => builder.file(host, at.clone()),
                Extra::Archive(archive) => builder.archive(archive.clone()),
            };
        }
        builder
    }
}
