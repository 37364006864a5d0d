//! Members of another archive as entries: indexed as byte ranges, never extracted.
//!
//! A plain tar file is read where it is. A compressed one, or one that comes through a pipe, is
//! written once, decompressed, to a temporary file without a name. Either is then indexed by its headers
//! alone, so that memory grows with members and not with bytes.
//!
//! Whatever readers of tar may understand in different ways is refused: what is shown here must be
//! what a builder would unpack.

mod error;
mod headers;
mod index;
mod numbers;
mod pax;
mod spool;

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::content::{ArchiveRange, Content};
use crate::entry::{Entry, Kind, Mtime, Origin, Standing};
use crate::path::{EntryPath, show};
use crate::sink::compress::{Compression, DECODER_MEMORY};
use crate::source::archive_file::ArchiveFile;
use crate::source::host::Listing;
use crate::tree::{Clash, Links, Notice};

pub use error::{ArchiveError, ArchiveProblem};

/// An indexed tar archive; cheap to clone.
///
/// Members stand in the order of their paths. `./name` is `name`; `./` itself is no member. Two directories
/// with one path are one. A hard link is a file with the same content and metadata as the earlier member it
/// names. User and group names are dropped, the numbers kept; of the extended attributes only
/// `security.capability` is. A global PAX header with nothing but a comment, as git writes it, is skipped.
///
/// ```
/// use shipload_context::source::archive::{Archive, ArchiveOptions};
///
/// let mut header = tar::Header::new_ustar();
/// header.set_size(5);
/// header.set_mode(0o644);
/// let mut builder = tar::Builder::new(Vec::new());
/// builder.append_data(&mut header, "docs/hello.txt", &b"hello"[..])?;
/// let bytes = builder.into_inner()?;
///
/// let archive = Archive::from_reader("bytes", &bytes[..], &ArchiveOptions::default())?;
/// let paths: Vec<_> = archive.members().map(|(path, _)| path.to_string()).collect();
/// assert_eq!(paths, ["docs/hello.txt"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Archive {
    file: Arc<ArchiveFile>,
    /// In the order of their paths. A list, since a map takes twice as much.
    members: Arc<Vec<(EntryPath, ArchiveMember)>>,
}

/// One member of an [`Archive`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ArchiveMember {
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: within `0o7777`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// When its content was last changed; with nanoseconds where a PAX header has them.
    pub mtime: Mtime,
    /// Members with one number are hard links to one file.
    pub inode: Option<u32>,
    /// Where the content of a file begins, in bytes from the start of the decompressed archive.
    pub offset: u64,
    /// The value of `security.capability`.
    pub capability: Option<Arc<[u8]>>,
}

/// How an archive is read.
#[derive(Debug, Clone, Default)]
pub struct ArchiveOptions {
    /// What two members with one path mean; by default an error, since one of them would be lost in
    /// silence. With [`Clash::LastWins`] the later replaces the earlier, and whatever was below it.
    pub clash: Clash,
    /// How much an archive may ask for.
    pub limits: Limits,
}

/// How much an archive may ask for before it is refused.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the decompressed archive: 64 GiB, more than contexts are and disks hold by chance.
    pub bytes: u64,
    /// Members, counting those that replace each other: 1,000,000.
    pub entries: u64,
    /// Bytes of all paths and links' targets together, which are held in memory: 256 MiB, that is 256 for
    /// each of the most members. Without it a few megabytes of gzip could ask for 8 GiB.
    pub names: u64,
    /// Bytes of one extended header (PAX, GNU long name): 1 MiB, as GNU tar and Go allow.
    pub header: u64,
    /// Bytes of a path or a link's target: 4095, the longest that Linux takes.
    pub path: usize,
    /// Components of a path: 1,024, half of what fits into the longest path.
    pub depth: usize,
    /// Decompressed bytes for each compressed one, once 64 MiB have come out: 1,100. Gzip cannot
    /// exceed 1,032; but 1 GiB of zeros is 843 bytes of bzip2.
    pub ratio: u64,
    /// Bytes of memory that a decoder may take: 128 MiB, enough for `xz -9` and `zstd --ultra`.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 30,
            entries: 1_000_000,
            names: 256 << 20,
            header: 1 << 20,
            path: EntryPath::MAX_LEN,
            depth: 1024,
            ratio: 1100,
            memory: DECODER_MEMORY,
        }
    }
}

/// # Opening
impl Archive {
    /// Indexes the archive in a file: tar, plain or compressed with anything that [`Compression`] has,
    /// whatever it is called.
    ///
    /// A plain tar stays open, and a member read later is an error if the file was changed since.
    /// Anything but a regular file (a pipe) is read as by [`Archive::from_reader`].
    ///
    /// # Errors
    /// [`ArchiveError`], with the member that was refused.
    pub fn open(path: &Path, options: &ArchiveOptions) -> Result<Self, ArchiveError> {
        let name = show(path.as_os_str().as_bytes());
        let failed = |problem| ArchiveError::whole(&name, problem);
        let file = fs_err::File::open(path).map_err(|e| failed(ArchiveProblem::Open(e)))?;
        let mut file = File::from(file);
        let regular = file.metadata().is_ok_and(|now| now.is_file());
        let magic = spool::magic(&mut file).map_err(|e| failed(ArchiveProblem::Read(e)))?;
        let file = if regular && Compression::detect(&magic) == Compression::None {
            file
        } else {
            spool::spool(&magic, file, &options.limits).map_err(failed)?
        };
        Self::index(&name, file, options)
    }

    /// Indexes an archive that is read to its end now; `name` is what errors call it.
    ///
    /// What is read is kept, decompressed, in a temporary file that has no name and is gone with
    /// the last clone of the archive.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn from_reader(
        name: &str,
        mut reader: impl Read,
        options: &ArchiveOptions,
    ) -> Result<Self, ArchiveError> {
        let failed = |problem| ArchiveError::whole(name, problem);
        let magic = spool::magic(&mut reader).map_err(|e| failed(ArchiveProblem::Read(e)))?;
        let file = spool::spool(&magic, reader, &options.limits).map_err(failed)?;
        Self::index(name, file, options)
    }

    fn index(name: &str, file: File, options: &ArchiveOptions) -> Result<Self, ArchiveError> {
        let failed = |problem| ArchiveError::whole(name, problem);
        let unreadable = |e| failed(ArchiveProblem::Read(e));
        let limit = options.limits.bytes;
        let bytes = file.metadata().map_err(unreadable)?.len();
        if bytes > limit {
            return Err(failed(ArchiveProblem::TooManyBytes { limit }));
        }
        let file = ArchiveFile::new(file, name.to_owned()).map_err(unreadable)?;
        let members = index::members(&file, bytes, options)
            .map_err(|(place, problem)| ArchiveError::new(name, place, problem))?;
        file.check().map_err(|_| failed(ArchiveProblem::Changed))?;
        Ok(Self {
            file: Arc::new(file),
            members: Arc::new(members.into_iter().collect()),
        })
    }
}

/// # Reading
impl Archive {
    /// Returns what the archive is called in messages.
    pub fn name(&self) -> &str {
        self.file.name()
    }

    /// Returns the members in the order of their paths.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&EntryPath, &ArchiveMember)> {
        self.members.iter().map(|(path, member)| (path, member))
    }

    /// Returns the names at the root of the archive, in order and each once, also those of directories that have no member of
    /// their own: what [`DockerfileBuilder::add_archive`](shipload_dockerfile::DockerfileBuilder::add_archive) wants to know.
    ///
    /// ```
    /// use shipload_context::{Archive, ArchiveOptions};
    /// use shipload_dockerfile::DockerfileBuilder;
    ///
    /// # let temp = tempfile::NamedTempFile::new()?;
    /// # let mut builder = tar::Builder::new(temp.reopen()?);
    /// # for name in ["./usr/bin/app", "etc/app.toml", "usr/lib"] {
    /// #     builder.append_data(&mut tar::Header::new_ustar(), name, &b""[..])?;
    /// # }
    /// # builder.into_inner()?;
    /// # let path = temp.path();
    /// let archive = Archive::open(path, &ArchiveOptions::default())?;
    /// let mut file = DockerfileBuilder::new("scratch")?;
    /// file.add_archive(path, archive.top_level()?, false)?;
    /// assert_eq!(file.text(), "FROM scratch\nADD [\"etc\", \"etc\"]\nADD [\"usr\", \"usr\"]\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where one is not UTF-8: a Dockerfile cannot name it.
    pub fn top_level(&self) -> Result<Vec<&str>, std::str::Utf8Error> {
        let mut names: Vec<&str> = Vec::new();
        for (path, _) in self.members.iter() {
            let name = std::str::from_utf8(path.components().next().unwrap_or_default())?;
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The members as a tree has them, their hard links numbered as those of no other source.
    pub(crate) fn listing(&self, origin: Origin, links: &Links) -> Listing {
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let mut number = |inode| *numbers.entry(inode).or_insert_with(|| links.fresh());
        let entry = |(path, member): &(EntryPath, ArchiveMember)| Entry {
            path: path.clone(),
            kind: member.kind.clone(),
            mode: member.mode,
            uid: member.uid,
            gid: member.gid,
            mtime: member.mtime,
            inode: member.inode.map(&mut number),
            standing: Standing::Named,
            content: match member.kind {
                Kind::File { .. } => Content::Range(ArchiveRange {
                    archive: Arc::clone(&self.file),
                    offset: member.offset,
                    capability: member.capability.clone(),
                }),
                Kind::Dir | Kind::Symlink { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => {
                    Content::None
                }
            },
            origin,
        };
        let paths = self.members.iter().map(|(path, _)| path);
        Listing {
            notices: paths.filter_map(Notice::of_whiteout).collect(),
            entries: self.members.iter().map(entry).collect(),
            parents: false,
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Archive(`{}`, {} members)",
            self.name(),
            self.members.len()
        )
    }
}
