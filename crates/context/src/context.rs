//! `Context`: what a Dockerfile made in code adds, and whatever else a caller adds, as one archive.
//!
//! A [`Recipe`](crate::Recipe) is a directory as `docker build` takes it; a `Context` is put together piece by piece. It lists and
//! reads nothing of this machine before [`Context::finalize`], and what that returns cannot be changed.

mod archive;
mod error;
mod host;

use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload_dockerfile::{DockerfileBuilder, Request};
use shipload_ignore::Semantics;

use crate::content::Content;
use crate::path::{EntryPath, PathError, show};
use crate::progress::Progress;
use crate::recipe::{DockerfileChoice, Recipe, read_text};
use crate::sink::pack::PackOptions;
use crate::source::archive::{Archive, ArchiveOptions};
use crate::source::host::OnUnreadable;
use crate::source::made::{EntryMetadata, Made};
use crate::tree::{Clash, TreeBuilder};
use crate::view::{Parents, Policy, View};

pub use archive::ContextArchive;
pub use error::ContextError;

/// How a context is listed and packed.
#[derive(Debug, Clone)]
pub struct ContextOptions {
    /// The codec and its level; a plain tar by default.
    pub pack: PackOptions,
    /// What happens to metadata; what `docker build` does by default.
    pub policy: Policy,
    /// What happens when two things have one name; an error by default. A Dockerfile that was given wins anyway.
    pub clash: Clash,
    /// Whose rules the ignore files of added directories are; the classic builder's, which is who takes archives.
    pub semantics: Semantics,
    /// What to do with what cannot be read; an error by default.
    pub unreadable: OnUnreadable,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self {
            pack: PackOptions::default(),
            policy: Policy::default(),
            clash: Clash::default(),
            semantics: Semantics::Classic,
            unreadable: OnUnreadable::default(),
        }
    }
}

/// A context in the making.
///
/// ```
/// use shipload_context::{Context, EntryMetadata};
/// use shipload_dockerfile::{DockerfileBuilder, builder::AddFile};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # std::fs::write(dir.join("app.py"), "print('hello')\n")?;
/// let mut file = DockerfileBuilder::new("python:3")?;
/// let app = AddFile { dst: Some("/srv/app.py"), ..AddFile::default() };
/// file.add_file(dir.join("app.py"), &app)?;
///
/// let mut context = Context::from_dockerfile(&mut file)?;
/// context.add_file(EntryMetadata::file("notes.txt".parse()?), &b"not in the image\n"[..])?;
/// let archive = context.finalize()?;
/// let paths: Vec<_> = archive.view().members().map(|m| m.entry.path.to_string()).collect();
/// assert_eq!(paths, ["Dockerfile", "notes.txt", "srv", "srv/app.py"]);
/// archive.save(dir.join("context.tar"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Context {
    pieces: Vec<Piece>,
    dockerfile: Option<Vec<u8>>,
    /// Where it is on this machine, if it is a file.
    dockerfile_path: Option<PathBuf>,
    options: ContextOptions,
}

#[derive(Debug)]
enum Piece {
    Host {
        path: PathBuf,
        at: Option<EntryPath>,
    },
    Archive(Archive),
    Made(Box<Made>),
    View(View),
}

/// # Beginning
impl Context {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The Dockerfile, which is finalized, the files that it adds, and the members of its archives.
    ///
    /// # Errors
    /// [`ContextError`]: the archives are opened now, files and directories when the context is finalized.
    pub fn from_dockerfile(file: &mut DockerfileBuilder) -> Result<Self, ContextError> {
        let mut context = Self::new();
        context.add_dockerfile(file)?;
        Ok(context)
    }

    /// The file `path` of this machine as `Dockerfile`, and nothing else.
    ///
    /// # Errors
    /// [`ContextError::Read`]; also for one of more than 16 MiB.
    pub fn from_dockerfile_path(path: impl AsRef<Path>) -> Result<Self, ContextError> {
        let mut context = Self::new();
        context.add_dockerfile_path(path)?;
        Ok(context)
    }

    /// The same with other options.
    #[must_use]
    pub fn options(self, options: ContextOptions) -> Self {
        Self { options, ..self }
    }
}

/// # Adding
impl Context {
    /// Adds a Dockerfile as [`Context::from_dockerfile`]. Of several the last is the Dockerfile.
    ///
    /// # Errors
    /// As [`Context::from_dockerfile`].
    pub fn add_dockerfile(
        &mut self,
        file: &mut DockerfileBuilder,
    ) -> Result<&mut Self, ContextError> {
        let text = file.finalize()?.text().as_bytes().to_vec();
        for added in file.files() {
            self.add(&added.host, Some(&added.context_path))?;
        }
        for archive in file.archives() {
            self.add_archive(archive)?;
        }
        (self.dockerfile, self.dockerfile_path) = (Some(text), None);
        Ok(self)
    }

    /// Adds a Dockerfile as [`Context::from_dockerfile_path`]. Of several the last is the Dockerfile.
    ///
    /// # Errors
    /// As [`Context::from_dockerfile_path`].
    pub fn add_dockerfile_path(
        &mut self,
        path: impl AsRef<Path>,
    ) -> Result<&mut Self, ContextError> {
        let path = path.as_ref();
        let text = read_text(path).map_err(|source| ContextError::Read {
            path: path.to_owned(),
            source,
        })?;
        self.dockerfile = Some(text);
        self.dockerfile_path = Some(path.to_owned());
        Ok(self)
    }

    /// Adds what the Dockerfile, which was added before, reads of the directory `dir`, and nothing else: see
    /// [`Plan::referenced`](crate::Plan::referenced). The directory is listed now, under the rules that a build of it has.
    ///
    /// Sources that are not there are left to the builder, or to whoever adds them otherwise.
    ///
    /// ```
    /// use shipload_context::{Context, Request};
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY app.* /\n"), ("app.js", ""), ("big.iso", "")] {
    /// #     std::fs::write(dir.join(name), text)?;
    /// # }
    /// let mut context = Context::from_dockerfile_path(dir.join("Dockerfile"))?;
    /// context.add_referenced(dir, &Request::default())?;
    /// let archive = context.finalize()?;
    /// let paths: Vec<_> = archive.view().members().map(|m| m.entry.path.to_string()).collect();
    /// assert_eq!(paths, ["Dockerfile", "app.js"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ContextError::NoDockerfile`], and where the directory cannot be listed or the Dockerfile not be understood.
    pub fn add_referenced(
        &mut self,
        dir: impl AsRef<Path>,
        request: &Request,
    ) -> Result<&mut Self, ContextError> {
        let text = self.dockerfile.clone().ok_or(ContextError::NoDockerfile)?;
        let choice = match &self.dockerfile_path {
            Some(path) => DockerfileChoice::File(path.clone()),
            None => DockerfileChoice::Bytes(text),
        };
        let plan = Recipe::new(dir.as_ref())
            .dockerfile(choice)
            .semantics(self.options.semantics)
            .on_unreadable(self.options.unreadable)
            .plan(&Progress::new())?;
        let least = plan.referenced(request)?;
        // What a recipe puts into memory is for builders that are sent its directory.
        let view = least
            .view
            .filter(|entry| !matches!(entry.content, Content::Bytes(_)));
        self.pieces.push(Piece::View(view));
        Ok(self)
    }

    /// Adds a file or directory of this machine, with all that is in it; `name` is its path in the context, by default `path`
    /// itself without leading `/`. `.` stands for the root.
    ///
    /// A link is followed here and nowhere below. If the directory has a `.dockerignore`, its rules hold for it.
    ///
    /// # Errors
    /// [`ContextError::Name`] where the name cannot be one, such as `../x`. Whether the file is there shows when the context is
    /// finalized.
    pub fn add(
        &mut self,
        path: impl AsRef<Path>,
        name: Option<&str>,
    ) -> Result<&mut Self, ContextError> {
        let path = path.as_ref();
        let name = name.map_or(path.as_os_str().as_bytes(), str::as_bytes);
        let start = name.iter().take_while(|byte| **byte == b'/').count();
        let at = match EntryPath::cleaned(&name[start..]) {
            Ok(at) => Some(at),
            Err(PathError::Empty(_)) => None,
            Err(source) => {
                let name = show(name);
                return Err(ContextError::Name { name, source });
            }
        };
        let path = path.to_owned();
        self.pieces.push(Piece::Host { path, at });
        Ok(self)
    }

    /// Adds an entry with this metadata; of a file, `content` is read to its end now.
    ///
    /// For metadata from a file of this machine see [`EntryMetadata::of_host`].
    ///
    /// # Errors
    /// [`ContextError::Content`] where the content cannot be read.
    pub fn add_file(
        &mut self,
        metadata: EntryMetadata,
        content: impl Read,
    ) -> Result<&mut Self, ContextError> {
        let path = metadata.path.to_string();
        let made = Made::new(metadata, content);
        let made = made.map_err(|source| ContextError::Content { path, source })?;
        self.pieces.push(Piece::Made(Box::new(made)));
        Ok(self)
    }

    /// Adds all members of another archive, where they are in it: links as links, never through them. It stays open until the
    /// context is finalized.
    ///
    /// # Errors
    /// [`ContextError::Archive`].
    pub fn add_archive(&mut self, path: impl AsRef<Path>) -> Result<&mut Self, ContextError> {
        let options = ArchiveOptions {
            clash: self.options.clash,
            ..ArchiveOptions::default()
        };
        let archive = Archive::open(path.as_ref(), &options)?;
        self.pieces.push(Piece::Archive(archive));
        Ok(self)
    }
}

/// # The end
impl Context {
    /// Lists everything, and packs it into a temporary file.
    ///
    /// # Errors
    /// [`ContextError`]; also where no entry is `Dockerfile` or `dockerfile`.
    pub fn finalize(self) -> Result<ContextArchive, ContextError> {
        self.finalize_with(&Progress::new())
    }

    /// As [`Context::finalize`], telling `progress`, through which it can be cancelled.
    ///
    /// # Errors
    /// As [`Context::finalize`].
    pub fn finalize_with(self, progress: &Progress) -> Result<ContextArchive, ContextError> {
        let options = self.options.pack;
        let (view, dockerfile) = self.list(progress)?;
        ContextArchive::write(view, dockerfile, &options, progress)
    }

    /// Lists everything: what the archive would have, without writing it, and the path of the Dockerfile.
    ///
    /// # Errors
    /// As [`Context::finalize`].
    pub fn list(self, progress: &Progress) -> Result<(View, EntryPath), ContextError> {
        let Self {
            pieces,
            dockerfile,
            dockerfile_path: _,
            options,
        } = self;
        let mut builder = TreeBuilder::new().on_clash(options.clash);
        for piece in pieces {
            builder = match piece {
                Piece::Host { path, at } => host::add(builder, path, at, &options)?,
                Piece::Archive(archive) => builder.archive(archive),
                Piece::Made(made) => builder.made(*made),
                Piece::View(view) => builder.view(view),
            };
        }
        let name = |name: &str| {
            EntryPath::new(name).map_err(|source| ContextError::Name {
                name: name.into(),
                source,
            })
        };
        if let Some(text) = dockerfile {
            builder = builder.overriding(name("Dockerfile")?, text);
        }
        let parents = if options.semantics.sends_excluded_parents() {
            Parents::Send
        } else {
            Parents::Omit
        };
        let view =
            View::with_parents(&builder.build_with(progress)?, parents).policy(options.policy);
        for candidate in ["Dockerfile", "dockerfile"] {
            let candidate = name(candidate)?;
            if view
                .tree()
                .get(&candidate)
                .is_some_and(|entry| !entry.is_dir())
            {
                return Ok((view, candidate));
            }
        }
        Err(ContextError::NoDockerfile)
    }
}
