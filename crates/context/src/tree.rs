//! `Tree`: the entries of one context, in order, immutable and shared.
//!
//! [`TreeBuilder`] collects sources and lists them; [`TreeBuilder::build`] checks everything: names, clashes,
//! parents (in `merge`). Contents are not read here.

mod digests;
mod error;
mod links;
mod lookup;
mod merge;

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crate::content::Content;
use crate::entry::{Entry, Kind, Mtime, Origin, Standing};
use crate::path::{EntryPath, show_path};
use crate::progress::Progress;
use crate::source;
use crate::source::archive::Archive;
use crate::source::host::portion::Portion;
use crate::source::host::{self, HostDir, Listing};
use crate::source::made::{EntryMetadata, Made};
use crate::threads;
use crate::view::View;
use digests::Digests;
use merge::Merge;

pub use error::TreeError;
pub(crate) use links::Links;

/// The entries of a context in the order of their paths; cheap to clone, and safe to read from many threads.
///
/// Every entry's parent directory is in it, before it.
#[derive(Clone)]
pub struct Tree(Arc<Inner>);

struct Inner {
    entries: Box<[Entry]>,
    origins: Box<[String]>,
    notices: Box<[Notice]>,
    digests: Digests,
}

impl Tree {
    /// All entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    /// The entry with this path.
    pub fn get(&self, path: &EntryPath) -> Option<&Entry> {
        let found = self
            .0
            .entries
            .binary_search_by(|entry| entry.path.cmp(path))
            .ok()?;
        self.0.entries.get(found)
    }

    /// What the sources are, in the order in which they were added, as messages name them; the last is what no source has.
    pub fn origins(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.origins.iter().map(String::as_str)
    }

    /// The source that an entry came from, as its caller named it.
    pub fn origin(&self, origin: Origin) -> &str {
        self.0
            .origins
            .get(origin.0 as usize)
            .map_or("", String::as_str)
    }

    /// What is known of the contents of its files.
    pub(crate) fn digests(&self) -> &Digests {
        &self.0.digests
    }

    /// What a user should know about the listing, in the order of sources and paths.
    pub fn notices(&self) -> &[Notice] {
        &self.0.notices
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries().iter().map(|e| &e.path))
            .finish()
    }
}

/// Something that was left out, or that a builder will treat in a surprising way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A socket cannot be in an archive and was left out, as `docker build` does.
    Socket(EntryPath),
    /// It could not be read and was left out.
    Unreadable(EntryPath),
    /// The classic builder takes a name that starts with `.wh.` for the deletion of a file.
    Whiteout(EntryPath),
}

impl Notice {
    /// That of a name which is a whiteout.
    pub(crate) fn of_whiteout(path: &EntryPath) -> Option<Self> {
        let is_whiteout = path.file_name().starts_with(b".wh.");
        is_whiteout.then(|| Self::Whiteout(path.clone()))
    }

    /// The path it is about.
    pub fn path(&self) -> &EntryPath {
        match self {
            Self::Socket(path) | Self::Unreadable(path) | Self::Whiteout(path) => path,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "left out the socket `{path}`"),
            Self::Unreadable(path) => write!(f, "left out `{path}`, which cannot be read"),
            Self::Whiteout(path) => {
                write!(
                    f,
                    "`{path}` will not be in an image of the classic builder, which takes `.wh.` for a deletion"
                )
            }
        }
    }
}

/// Collects the sources of a tree.
///
/// ```
/// use shipload_context::TreeBuilder;
///
/// let tree = TreeBuilder::new()
///     .bytes("Dockerfile".parse()?, "FROM scratch\nCOPY app /\n")
///     .bytes("app/hello.txt".parse()?, "hello\n")
///     .build()?;
/// let paths: Vec<_> = tree.entries().iter().map(|e| e.path.to_string()).collect();
/// assert_eq!(paths, ["Dockerfile", "app", "app/hello.txt"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TreeBuilder {
    sources: Vec<Source>,
    clash: Clash,
    threads: Option<NonZeroUsize>,
}

/// What happens when two sources claim one path. Two directories never clash: they become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clash {
    /// Fail and name both. The default: one of them would be lost in silence.
    #[default]
    Fail,
    /// The source that was added last wins.
    LastWins,
}

#[derive(Debug, Clone)]
enum Source {
    Dir(HostDir),
    File {
        host: PathBuf,
        at: EntryPath,
    },
    Bytes {
        at: EntryPath,
        bytes: Arc<[u8]>,
        mode: u32,
        wins: bool,
    },
    Archive(Archive),
    Made(Made),
    View(View),
    Listed {
        name: String,
        entries: Vec<Entry>,
    },
}

/// # Adding
impl TreeBuilder {
    /// No sources.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directory of this machine.
    #[must_use]
    pub fn directory(mut self, dir: HostDir) -> Self {
        self.sources.push(Source::Dir(dir));
        self
    }

    /// Adds one file of this machine under the name `at`. A link is followed, since the caller named it; a
    /// directory is added with all that is in it.
    #[must_use]
    pub fn file(mut self, host: impl Into<PathBuf>, at: EntryPath) -> Self {
        self.sources.push(Source::File {
            host: host.into(),
            at,
        });
        self
    }

    /// Adds a file with these bytes, mode 0644 and time 0.
    #[must_use]
    pub fn bytes(mut self, at: EntryPath, bytes: impl Into<Vec<u8>>) -> Self {
        self.sources.push(Source::Bytes {
            at,
            bytes: bytes.into().into(),
            mode: 0o644,
            wins: false,
        });
        self
    }

    /// Adds a file with these bytes and permission bits, at most `0o7777`, and time 0.
    #[must_use]
    pub fn bytes_with_mode(mut self, at: EntryPath, bytes: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.sources.push(Source::Bytes {
            at,
            bytes: bytes.into().into(),
            mode: mode & 0o7777,
            wins: false,
        });
        self
    }

    /// Adds a file with these bytes as [`TreeBuilder::bytes`], and lets it win over any other source's: for a
    /// Dockerfile that the caller gives.
    #[must_use]
    pub fn overriding(mut self, at: EntryPath, bytes: impl Into<Vec<u8>>) -> Self {
        self.sources.push(Source::Bytes {
            at,
            bytes: bytes.into().into(),
            mode: 0o644,
            wins: true,
        });
        self
    }

    /// Adds the members of an archive, which stay in it and are read from there.
    ///
    /// ```
    /// use shipload_context::{Archive, ArchiveOptions, TreeBuilder};
    ///
    /// # let mut builder = tar::Builder::new(Vec::new());
    /// # let mut header = tar::Header::new_ustar();
    /// # header.set_size(3);
    /// # builder.append_data(&mut header, "app/bin", &b"bin"[..])?;
    /// # let bytes = builder.into_inner()?;
    /// let archive = Archive::from_reader("app.tar", &bytes[..], &ArchiveOptions::default())?;
    /// let tree = TreeBuilder::new()
    ///     .archive(archive)
    ///     .bytes("Dockerfile".parse()?, "FROM scratch\nCOPY app /\n")
    ///     .build()?;
    /// let paths: Vec<_> = tree.entries().iter().map(|e| e.path.to_string()).collect();
    /// assert_eq!(paths, ["Dockerfile", "app", "app/bin"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn archive(mut self, archive: Archive) -> Self {
        self.sources.push(Source::Archive(archive));
        self
    }

    /// Adds an entry with this metadata; of a file, `content` is read to its end now. More than 1 MiB of it is kept in a
    /// temporary file that has no name.
    ///
    /// ```
    /// use shipload_context::{EntryMetadata, TreeBuilder};
    ///
    /// let mut run = EntryMetadata::file("run".parse()?);
    /// run.mode = 0o755;
    /// let tree = TreeBuilder::new().entry(run, &b"#!/bin/sh\n"[..])?.build()?;
    /// assert_eq!((tree.entries()[0].mode, tree.entries()[0].size()), (0o755, 10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What the reader says, or the temporary file.
    pub fn entry(mut self, metadata: EntryMetadata, content: impl io::Read) -> io::Result<Self> {
        self.sources
            .push(Source::Made(Made::new(metadata, content)?));
        Ok(self)
    }

    /// An entry that was made before.
    pub(crate) fn made(mut self, made: Made) -> Self {
        self.sources.push(Source::Made(made));
        self
    }

    /// Adds the members of a view of another tree.
    pub(crate) fn view(mut self, view: View) -> Self {
        self.sources.push(Source::View(view));
        self
    }

    /// Adds entries that are listed already, in order; `name` is what messages call their source.
    pub(crate) fn listed(mut self, name: &str, entries: Vec<Entry>) -> Self {
        let name = name.to_owned();
        self.sources.push(Source::Listed { name, entries });
        self
    }

    /// What happens when two sources claim one path; the default is to fail.
    #[must_use]
    pub fn on_clash(mut self, clash: Clash) -> Self {
        self.clash = clash;
        self
    }

    /// How many threads list directories; the default is one a core, and at most 256 are used. The result
    /// does not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }
}

/// # Building
impl TreeBuilder {
    /// Lists all sources and makes the tree.
    ///
    /// # Errors
    /// [`TreeError`], which names the source, file or rule.
    pub fn build(self) -> Result<Tree, TreeError> {
        self.build_with(&Progress::new())
    }

    /// As [`TreeBuilder::build`], telling `progress`, through which it can be cancelled.
    ///
    /// # Errors
    /// [`TreeError`], which names the source, file or rule.
    pub fn build_with(self, progress: &Progress) -> Result<Tree, TreeError> {
        self.build_portion(Portion::everything(), progress)
    }

    /// As [`TreeBuilder::build_with`], but of directories of this machine no more than a portion is listed.
    pub(crate) fn build_portion(
        &self,
        portion: &Portion,
        progress: &Progress,
    ) -> Result<Tree, TreeError> {
        let threads = threads::count(self.threads);
        let links = Links::default();
        let mut origins = Vec::with_capacity(self.sources.len() + 1);
        let mut merge = Merge::new(self.clash);
        for (number, source) in self.sources.iter().enumerate() {
            let origin = Origin(u32::try_from(number).unwrap_or(u32::MAX));
            origins.push(source.to_string());
            merge.add(
                source.list(portion, origin, &links, progress, threads)?,
                source.wins(),
            );
        }
        let made = Origin(u32::try_from(origins.len()).unwrap_or(u32::MAX));
        origins.push("the paths below it".to_owned());
        let (entries, notices) = merge.finish(made, &origins)?;
        Ok(Tree(Arc::new(Inner {
            entries: entries.into_boxed_slice(),
            origins: origins.into_boxed_slice(),
            notices: notices.into_boxed_slice(),
            digests: Digests::default(),
        })))
    }
}

impl Source {
    fn list(
        &self,
        portion: &Portion,
        origin: Origin,
        links: &Links,
        progress: &Progress,
        threads: NonZeroUsize,
    ) -> Result<Listing, TreeError> {
        let listing = match self {
            Self::Dir(dir) => {
                let mount = dir.mount.as_ref().map_or(&b""[..], EntryPath::as_bytes);
                let portion = portion.below(mount);
                return host::list(dir, portion, origin, links, progress, threads);
            }
            Self::File { host, at } if host.is_dir() => {
                let dir = HostDir::new(host).at(at.clone());
                let portion = portion.below(at.as_bytes());
                return host::list(&dir, portion, origin, links, progress, threads);
            }
            Self::File { host, at } => host::single(host, at, origin, links)?,
            Self::Archive(archive) => archive.listing(origin, links),
            Self::View(view) => source::view::list(view, origin, links),
            Self::Listed { entries, .. } => source::view::renew(entries, origin, links),
            Self::Made(made) => Listing {
                entries: vec![made.entry(origin)],
                ..Listing::default()
            },
            Self::Bytes {
                at, bytes, mode, ..
            } => Listing {
                entries: vec![Entry {
                    path: at.clone(),
                    kind: Kind::File {
                        size: bytes.len() as u64,
                    },
                    mode: *mode,
                    uid: 0,
                    gid: 0,
                    mtime: Mtime::default(),
                    inode: None,
                    standing: Standing::Named,
                    content: Content::Bytes(Arc::clone(bytes)),
                    origin,
                }],
                ..Listing::default()
            },
        };
        // The walk of a directory tells of each entry itself, when it comes to it.
        for entry in &listing.entries {
            progress.listed(&entry.path, &entry.kind);
        }
        Ok(listing)
    }

    fn wins(&self) -> bool {
        matches!(self, Self::Bytes { wins: true, .. })
    }
}

/// How the source is named in messages.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir(dir) => write!(f, "`{}`", show_path(&dir.path)),
            Self::File { host, .. } => write!(f, "`{}`", show_path(host)),
            Self::Archive(archive) => write!(f, "`{}`", archive.name()),
            Self::Listed { name, .. } => write!(f, "`{name}`"),
            Self::Bytes { .. } | Self::Made(_) => f.write_str("memory"),
            Self::View(_) => f.write_str("what the Dockerfile reads"),
        }
    }
}
