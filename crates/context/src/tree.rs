//! `Tree`: the entries of one context, in order, immutable and shared.
//!
//! [`TreeBuilder`] collects sources and lists them; [`TreeBuilder::build`] checks everything: names, clashes, parents.
//! Contents are not read here.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use shipload_ignore::MatchError;

use crate::content::Content;
use crate::entry::{Entry, Kind, Mtime, Origin, Standing};
use crate::path::{EntryPath, PathError, show_path};
use crate::progress::Progress;
use crate::source::archive::Archive;
use crate::source::host::{self, HostDir, Listing};
use crate::threads;

/// The entries of a context in the order of their paths; cheap to clone, and safe to read from many threads.
///
/// Every entry's parent directory is in it, before it.
#[derive(Clone)]
pub struct Tree(Arc<Inner>);

struct Inner {
    entries: Box<[Entry]>,
    origins: Box<[String]>,
    notices: Box<[Notice]>,
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

    /// The source that an entry came from, as its caller named it.
    pub fn origin(&self, origin: Origin) -> &str {
        self.0
            .origins
            .get(origin.0 as usize)
            .map_or("", String::as_str)
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
#[derive(Debug, Default)]
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

#[derive(Debug)]
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

    /// Adds one file of this machine under the name `at`. A link is followed, since the caller named it; a directory
    /// is added with all that is in it.
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

    /// Adds a file with these bytes as [`TreeBuilder::bytes`], and lets it win over any other source's: for a Dockerfile
    /// that the caller gives.
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

    /// What happens when two sources claim one path; the default is to fail.
    #[must_use]
    pub fn on_clash(mut self, clash: Clash) -> Self {
        self.clash = clash;
        self
    }

    /// How many threads list directories; the default is one a core, and at most 256 are used. The result does not depend
    /// on it.
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
        let threads = threads::count(self.threads);
        let links = Links::default();
        let mut origins = Vec::with_capacity(self.sources.len() + 1);
        let mut merge = Merge::new(self.clash);
        for (number, source) in self.sources.iter().enumerate() {
            let origin = Origin(u32::try_from(number).unwrap_or(u32::MAX));
            origins.push(source.to_string());
            merge.add(
                source.list(origin, &links, progress, threads)?,
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
        })))
    }
}

impl Source {
    fn list(
        &self,
        origin: Origin,
        links: &Links,
        progress: &Progress,
        threads: NonZeroUsize,
    ) -> Result<Listing, TreeError> {
        let listing = match self {
            Self::Dir(dir) => return host::list(dir, origin, links, progress, threads),
            Self::File { host, at } if host.is_dir() => {
                let dir = HostDir::new(host).at(at.clone());
                return host::list(&dir, origin, links, progress, threads);
            }
            Self::File { host, at } => host::single(host, at, origin, links)?,
            Self::Archive(archive) => archive.listing(origin, links),
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
            Self::Bytes { .. } => f.write_str("memory"),
        }
    }
}

/// Puts the listings of several sources into one order.
struct Merge {
    clash: Clash,
    entries: Vec<Entry>,
    /// The sources whose entries win over all others.
    winners: Vec<Origin>,
    notices: Vec<Notice>,
    sources: usize,
    /// Whether every source lists all parents of what it has.
    parents: bool,
}

impl Merge {
    fn new(clash: Clash) -> Self {
        Self {
            clash,
            entries: Vec::new(),
            winners: Vec::new(),
            notices: Vec::new(),
            sources: 0,
            parents: true,
        }
    }

    fn add(&mut self, mut listing: Listing, wins: bool) {
        if let (true, Some(first)) = (wins, listing.entries.first()) {
            self.winners.push(first.origin);
        }
        self.notices.append(&mut listing.notices);
        self.sources += 1;
        self.parents &= listing.parents;
        if self.sources == 1 {
            self.entries = listing.entries;
        } else {
            self.entries.append(&mut listing.entries);
        }
    }

    fn finish(
        mut self,
        made: Origin,
        origins: &[String],
    ) -> Result<(Vec<Entry>, Vec<Notice>), TreeError> {
        if self.sources < 2 && self.parents {
            return Ok((self.entries, self.notices));
        }
        if self.sources > 1 {
            // Stable, so that of equal paths the later source stands later; and fast on runs that are in order.
            self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let name = |origin: Origin| origins.get(origin.0 as usize).cloned().unwrap_or_default();
        let mut out: Vec<Entry> = Vec::with_capacity(self.entries.len() + 1);
        // The entries on the way to the last one, outermost first.
        let mut way: Vec<usize> = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            if let Some(last) = out.last_mut()
                && last.path == entry.path
            {
                let second = entry.origin;
                match self.choose(last, &entry) {
                    Choice::First => {}
                    Choice::Second => *last = entry,
                    Choice::Clash => {
                        let (first, second) = (name(last.origin), name(second));
                        return Err(TreeError::Clash {
                            path: entry.path,
                            first,
                            second,
                        });
                    }
                }
                continue;
            }
            while let Some(&top) = way.last()
                && !entry.path.starts_with(&out[top].path)
            {
                way.pop();
            }
            if let Some(&top) = way.last()
                && !out[top].is_dir()
            {
                return Err(TreeError::NotADirectory {
                    above: out[top].path.clone(),
                    first: name(out[top].origin),
                    second: name(entry.origin),
                    path: entry.path,
                });
            }
            while let Some(parent) =
                missing_parent(&entry.path, way.last().map(|&top| &out[top].path))
            {
                way.push(out.len());
                out.push(Entry {
                    path: parent,
                    kind: Kind::Dir,
                    mode: 0o755,
                    uid: 0,
                    gid: 0,
                    mtime: Mtime::default(),
                    inode: None,
                    standing: Standing::Made,
                    content: Content::None,
                    origin: made,
                });
            }
            way.push(out.len());
            out.push(entry);
        }
        out.shrink_to_fit();
        Ok((out, self.notices))
    }

    fn choose(&self, first: &Entry, second: &Entry) -> Choice {
        let wins = |entry: &Entry| self.winners.contains(&entry.origin);
        if first.is_dir() && second.is_dir() {
            let better = first.standing != Standing::Named && second.standing == Standing::Named;
            let last = self.clash == Clash::LastWins && second.standing == Standing::Named;
            return if better || last {
                Choice::Second
            } else {
                Choice::First
            };
        }
        match (wins(first), wins(second), self.clash) {
            (true, false, _) => Choice::First,
            (false, true, _) | (_, _, Clash::LastWins) => Choice::Second,
            (_, _, Clash::Fail) => Choice::Clash,
        }
    }
}

enum Choice {
    First,
    Second,
    Clash,
}

/// The outermost directory of `path` that is below `above` and not yet there.
fn missing_parent(path: &EntryPath, above: Option<&EntryPath>) -> Option<EntryPath> {
    let from = above.map_or(0, |above| above.as_bytes().len() + 1);
    let rest = &path.as_bytes()[from..];
    let slash = rest.iter().position(|&b| b == b'/')?;
    EntryPath::new(&path.as_bytes()[..from + slash]).ok()
}

/// Gives one number to each file that has several names.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<LinkNumbers>);

#[derive(Debug, Default)]
struct LinkNumbers {
    known: HashMap<(u64, u64), u32>,
    next: u32,
}

impl Links {
    /// The number of a file of this machine.
    pub(crate) fn of(&self, device: u64, inode: u64) -> u32 {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = &mut *numbers;
        *numbers.known.entry((device, inode)).or_insert_with(|| {
            numbers.next += 1;
            numbers.next
        })
    }

    /// A number that no file of this machine has.
    pub(crate) fn fresh(&self) -> u32 {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.next += 1;
        numbers.next
    }
}

/// Why a tree cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// Two sources claim one path.
    #[error("cannot add `{path}` from {second}: it is already there from {first}")]
    Clash {
        /// The path in the context.
        path: EntryPath,
        /// The source added first.
        first: String,
        /// The source added second.
        second: String,
    },
    /// A path leads through something that is not a directory.
    #[error(
        "cannot add `{path}` from {second}: `{above}` is already there from {first}, and is not a directory"
    )]
    NotADirectory {
        /// The path that was to be added.
        path: EntryPath,
        /// The part of it that is not a directory.
        above: EntryPath,
        /// Where `above` came from.
        first: String,
        /// Where `path` came from.
        second: String,
    },
    /// A file or directory of this machine cannot be listed.
    #[error("cannot read `{}`", show_path(path))]
    Host {
        /// Its path on this machine.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory was replaced by something else while it was listed.
    #[error("cannot list `{path}`: it was replaced while it was listed")]
    ReplacedDirectory {
        /// Its path in the context.
        path: EntryPath,
    },
    /// A name cannot be a path in a context.
    #[error("cannot add a file from `{origin}`")]
    Name {
        /// The source.
        origin: String,
        /// What is wrong with the name.
        source: PathError,
    },
    /// A rule cannot be evaluated.
    #[error(transparent)]
    Rule(#[from] MatchError),
    /// It was cancelled through its [`Progress`].
    #[error("cancelled")]
    Cancelled,
}

impl TreeError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Clash { .. } => {
                Some("leave one of the two out, add it under another name, or ask for `last wins`".into())
            }
            Self::Host { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Some(
                "make it readable, exclude it in the ignore file, or leave unreadable files out with `--on-unreadable skip`"
                    .into(),
            ),
            Self::ReplacedDirectory { .. } => Some("try again when nothing writes to the directory".into()),
            Self::Name { source: PathError::TooLong { .. }, .. } => {
                Some("exclude the directory in the ignore file".into())
            }
            _ => None,
        }
    }
}
