//! The build's own files among the members of an archive that stands for a directory.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload_ignore::{Rules, Semantics};

use super::build_files::{BuildFiles, TEXT_LIMIT, default_names};
use super::{DockerfileChoice, IgnoreChoice, Outline, Recipe, RecipeError};
use crate::entry::{Entry, Kind, Standing};
use crate::path::{EntryPath, show};
use crate::source::archive::Archive;
use crate::tree::{Tree, TreeBuilder, TreeError};
use crate::view::{Member, View};

/// All members of an archive.
struct Members<'a> {
    archive: &'a Archive,
    tree: Tree,
}

/// # Carrying it out
impl Recipe {
    /// Everything as for a directory, links followed among the members.
    pub(super) fn outline_unpacked(&self, archive: &Archive) -> Result<Outline, RecipeError> {
        let members = Members {
            archive,
            tree: TreeBuilder::new().archive(archive.clone()).build()?,
        };
        let build = members.build_files(&self.dockerfile, self.semantics)?;
        let found = match self.ignore {
            IgnoreChoice::Auto => members.ignore_file(&build, self.semantics),
            IgnoreChoice::None | IgnoreChoice::Files(_) => None,
        };
        let (rules, ignore_files) = match (&found, &self.ignore) {
            (Some(path), _) => (members.rules(path, self.semantics)?, vec![path.clone()]),
            (None, IgnoreChoice::Auto) => build.rules(&IgnoreChoice::None, self.semantics)?,
            (None, named) => build.rules(named, self.semantics)?,
        };
        let in_context = build.injected.is_none().then(|| build.name.as_bytes());
        let rules = rules.with_build_files(in_context)?;
        let mut entries = members.under(&rules)?;
        if self.semantics == Semantics::Podman {
            // As `BuildFiles::send_excluded`.
            let own = in_context.map(|name| Path::new(OsStr::from_bytes(name)));
            for name in own.into_iter().chain(found.as_deref()) {
                entries.extend(members.excluded(name, &rules)?);
            }
            entries.sort_by(|one, other| one.path.cmp(&other.path));
        }
        let builder = TreeBuilder::new().listed(archive.name(), entries);
        let mut builder = self.with_extra(builder);
        if build.injected.is_some() {
            let own = BuildFiles::ignore_file_in(archive)?;
            builder = build.inject(builder, own, self.semantics)?;
        }
        let dockerfile_member = members.tree.get(&build.name).cloned();
        Ok(Outline {
            is_injected: build.injected.is_some(),
            dockerfile: build.name,
            dockerfile_host: None,
            directory: None,
            ignore_files,
            rules,
            semantics: self.semantics,
            dockerfile_member,
            on_unreadable: self.unreadable,
            builder,
        })
    }
}

/// # What is sent
impl Members<'_> {
    /// What rules leave in, and the excluded directories above it.
    fn under(&self, rules: &Rules) -> Result<Vec<Entry>, RecipeError> {
        let view = View::new(&self.tree);
        let left = view.under(rules).map_err(TreeError::Rule)?;
        let mut named = left.members().map(|member| &member.entry.path).peekable();
        let all = left.with_directories(|_| true);
        let entry = |member: Member<'_>| {
            let is_named = named.next_if_eq(&&member.entry.path).is_some();
            let standing = if is_named {
                member.entry.standing
            } else {
                Standing::Excluded
            };
            Entry {
                standing,
                ..member.entry.clone()
            }
        };
        Ok(all.members().map(entry).collect())
    }

    /// The file that a name leads to, under that name, if rules exclude it.
    fn excluded(&self, name: &Path, rules: &Rules) -> Result<Option<Entry>, RecipeError> {
        let Some(path) = named(name).filter(|_| self.entry(name).is_some()) else {
            return Ok(None);
        };
        let verdict = rules.explain(path.as_bytes(), false);
        if !verdict.map_err(TreeError::Rule)?.excluded {
            return Ok(None);
        }
        let entry = self.tree.real(path.as_bytes());
        Ok(entry.map(|entry| Entry {
            path,
            ..entry.clone()
        }))
    }
}

/// # Finding the build's own files
impl Members<'_> {
    /// Finds the Dockerfile as [`BuildFiles::find`] does.
    fn build_files(
        &self,
        choice: &DockerfileChoice,
        semantics: Semantics,
    ) -> Result<BuildFiles<'static>, RecipeError> {
        let dir = Path::new("");
        let names = default_names(semantics).iter().map(Path::new);
        let chosen = match choice {
            DockerfileChoice::Bytes(text) => return BuildFiles::injected(dir, None, text.clone()),
            DockerfileChoice::File(file) => file.as_path(),
            DockerfileChoice::Default | DockerfileChoice::Optional => {
                let there = |path: &&Path| self.entry(path).is_some();
                match names.clone().find(there) {
                    Some(name) => name,
                    None if *choice == DockerfileChoice::Optional => {
                        return BuildFiles::absent(dir);
                    }
                    None => {
                        return Err(RecipeError::NoDockerfile {
                            place: self.archive.name().into(),
                            similar: Vec::new(),
                        });
                    }
                }
            }
        };
        let fail = |source| RecipeError::Dockerfile {
            path: self.shown(chosen),
            source,
        };
        let entry = self.real(chosen).map_err(fail)?;
        Ok(BuildFiles {
            dir,
            name: entry.path.clone(),
            host: None,
            injected: None,
        })
    }

    /// Finds the ignore file as [`BuildFiles::rules`] does where none is named; its name, links not resolved.
    fn ignore_file(&self, build: &BuildFiles<'_>, semantics: Semantics) -> Option<PathBuf> {
        // A text has no neighbours.
        let dockerfile = match build.injected {
            Some(_) => Path::new("\0"),
            None => Path::new(OsStr::from_bytes(build.name.as_bytes())),
        };
        let candidates = semantics.candidates().iter();
        let mut paths = candidates.map(|candidate| candidate.path(dockerfile, Path::new("")));
        paths.find(|path| self.entry(path).is_some())
    }

    fn rules(&self, path: &Path, semantics: Semantics) -> Result<Rules, RecipeError> {
        let fail = |source| RecipeError::IgnoreFile {
            path: self.shown(path),
            source,
        };
        let entry = self.real(path).map_err(fail)?;
        if entry.size() > TEXT_LIMIT {
            return Err(fail(io::ErrorKind::FileTooLarge.into()));
        }
        let name = show(path.as_os_str().as_bytes());
        Ok(Rules::parse(semantics, &name, &entry.read()?)?)
    }

    /// The member of this name.
    fn entry(&self, path: &Path) -> Option<&Entry> {
        self.tree.get(&named(path)?)
    }

    /// The file that a name leads to.
    fn real(&self, path: &Path) -> io::Result<&Entry> {
        let entry = self.tree.real(path.as_os_str().as_bytes());
        let entry = entry.ok_or(io::ErrorKind::NotFound)?;
        match entry.kind {
            Kind::File { .. } => Ok(entry),
            Kind::Dir => Err(io::ErrorKind::IsADirectory.into()),
            Kind::Symlink { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => {
                let problem = "it is no regular file";
                Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
            }
        }
    }

    /// How a member is named in messages.
    fn shown(&self, path: &Path) -> PathBuf {
        format!(
            "{}:{}",
            self.archive.name(),
            show(path.as_os_str().as_bytes())
        )
        .into()
    }
}

fn named(path: &Path) -> Option<EntryPath> {
    EntryPath::new(path.as_os_str().as_bytes()).ok()
}
