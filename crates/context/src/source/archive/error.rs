//! Why an archive is refused.

use std::fmt;
use std::io;

use crate::path::{PathError, show};
use crate::sink::compress::Compression;

/// An archive cannot be a source of a context. Nothing of it was taken.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the archive `{archive}`{place}")]
pub struct ArchiveError {
    /// What the caller called the archive.
    pub archive: String,
    place: Place,
    /// What is wrong.
    #[source]
    pub problem: ArchiveProblem,
}

/// Where in an archive something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Whole,
    /// At a header whose member is not known, at this byte of the decompressed archive.
    Header(u64),
    /// At a member, by the name that stands in the archive.
    Member(String),
}

/// What can be wrong with an archive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveProblem {
    /// It cannot be opened.
    #[error("it cannot be opened")]
    Open(#[source] io::Error),
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[source] io::Error),
    /// It cannot be decompressed: damaged, cut, or in need of more memory than the limit.
    #[error("it cannot be decompressed from {compression}")]
    Decompress {
        /// The codec that its first bytes name.
        compression: Compression,
        /// What the codec says.
        source: io::Error,
    },
    /// The temporary file for the decompressed archive cannot be written.
    #[error("it cannot be kept in a temporary file")]
    Spool(#[source] io::Error),
    /// It was changed while it was read.
    #[error("it was changed while it was read")]
    Changed,
    /// It does not begin as a tar does.
    #[error("it is no tar archive")]
    NotTar,
    /// It ends before its end.
    #[error("the archive is cut: it ends at byte {end}, before its end")]
    Cut {
        /// Bytes that are there.
        end: u64,
    },
    /// Something follows the two blocks of zeros that end a tar.
    #[error("at byte {offset} there is data after the end of the archive")]
    DataAfterEnd {
        /// Where, in the decompressed archive.
        offset: u64,
    },
    /// A header's checksum is wrong.
    #[error("its header has a wrong checksum")]
    Checksum,
    /// A field of a header is no number, or none that makes sense.
    #[error("the {field} in its header is no valid number")]
    Number {
        /// Which field.
        field: &'static str,
    },
    /// A kind of member that is none of file, directory, link, FIFO and device.
    #[error("its type `{}` is not one that builders unpack", show(&[*.0]))]
    UnknownType(u8),
    /// A sparse file, in any of GNU's and star's formats.
    #[error("it is a sparse file, which readers of tar understand differently")]
    Sparse,
    /// A path that cannot be in a context.
    #[error(transparent)]
    Path(PathError),
    /// A path or a link's target that is longer than the limit.
    #[error("its path or target of {length} bytes is longer than the limit of {limit}")]
    LongPath {
        /// Its length in bytes.
        length: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// A path with more components than the limit.
    #[error("its path has {depth} components, more than the limit of {limit}")]
    Deep {
        /// How many it has.
        depth: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// Something above it is no directory.
    #[error("`{ancestor}` above it is no directory")]
    NoDirectory {
        /// The earlier member above.
        ancestor: String,
    },
    /// Earlier members are below it, but it is no directory.
    #[error("it is no directory, but `{descendant}` is below it")]
    Hides {
        /// The earlier member below.
        descendant: String,
    },
    /// An earlier member has the same path.
    #[error("an earlier member has the same path")]
    Twice,
    /// A hard link to something that is no earlier regular file.
    #[error("it is a hard link to `{target}`, which is no earlier file of the archive")]
    HardLink {
        /// The target as it stands in the archive.
        target: String,
    },
    /// A symbolic link without a target, or one that holds a NUL byte.
    #[error("it is a symbolic link with an impossible target")]
    SymlinkTarget,
    /// The size in the PAX header is another than that in the header.
    #[error("its header says {header} bytes, its PAX header {pax}")]
    Sizes {
        /// Bytes by the header.
        header: u64,
        /// Bytes by the PAX header.
        pax: u64,
    },
    /// Something that has no content claims to have some.
    #[error("it is no file, but claims {size} bytes of content")]
    Content {
        /// Bytes claimed.
        size: u64,
    },
    /// A file whose name ends in a slash; some readers make a directory of it.
    #[error("it is a file, but its name ends with a slash")]
    Slash,
    /// More than one extended header of one kind, or two that name the same thing.
    #[error("it has several extended headers for its {what}")]
    ExtendedTwice {
        /// What is said twice.
        what: &'static str,
    },
    /// An extended header that no member follows.
    #[error("no member follows the extended header")]
    Dangling,
    /// A GNU long name without a NUL byte at its end, or with one before.
    #[error("its long name does not end where its header says")]
    LongName,
    /// A PAX header that does not consist of records `length key=value`.
    #[error("its PAX header is malformed")]
    Record,
    /// One key stands twice in one PAX header.
    #[error("its PAX header has the record `{key}` twice")]
    RecordTwice {
        /// The key.
        key: String,
    },
    /// A record whose value makes no sense, or whose meaning readers do not share.
    #[error("its PAX header has the record `{key}` with an unusable value")]
    RecordValue {
        /// The key.
        key: String,
    },
    /// A global PAX header that would change members; Docker does not apply it, GNU tar does.
    #[error("a global PAX header sets `{key}`, which readers of tar understand differently")]
    Global {
        /// The key.
        key: String,
    },
    /// An extended header that is larger than the limit.
    #[error("its extended header of {size} bytes is larger than the limit of {limit}")]
    LargeHeader {
        /// Its size in bytes.
        size: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// More bytes, decompressed, than the limit.
    #[error("it has more than {limit} bytes decompressed")]
    TooManyBytes {
        /// The most that is allowed.
        limit: u64,
    },
    /// More members than the limit.
    #[error("it has more than {limit} members")]
    TooManyEntries {
        /// The most that is allowed.
        limit: u64,
    },
    /// More bytes in paths and links' targets than the limit.
    #[error("its paths and targets have more than {limit} bytes together")]
    TooManyNames {
        /// The most that is allowed.
        limit: u64,
    },
    /// It decompresses to more than the limit times its size.
    #[error("it decompresses to more than {limit} times its size")]
    Ratio {
        /// The most that is allowed.
        limit: u64,
    },
}

impl ArchiveError {
    pub(super) fn new(archive: &str, place: Place, problem: ArchiveProblem) -> Self {
        Self {
            archive: archive.to_owned(),
            place,
            problem,
        }
    }

    pub(super) fn whole(archive: &str, problem: ArchiveProblem) -> Self {
        Self::new(archive, Place::Whole, problem)
    }

    /// Returns the name of the member that was refused, as it stands in the archive (escaped for
    /// a terminal); `None` where no single member is to blame.
    pub fn member(&self) -> Option<&str> {
        match &self.place {
            Place::Member(name) => Some(name),
            Place::Whole | Place::Header(_) => None,
        }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            ArchiveProblem::NotTar => {
                "a context archive is a tar, plain or compressed with gzip, bzip2, xz or zstd"
            }
            ArchiveProblem::Sparse => "write the archive without `--sparse`",
            ArchiveProblem::Twice | ArchiveProblem::Hides { .. } => {
                "unpack and pack it again, or ask for the last member to win"
            }
            problem if problem.is_limit() => "raise the limit if you trust where it comes from",
            ArchiveProblem::Cut { .. } => "fetch or write it again",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl ArchiveProblem {
    /// Whether it is more than [`Limits`](super::Limits) allow, and might be fine with others.
    pub fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::TooManyBytes { .. }
                | Self::TooManyEntries { .. }
                | Self::TooManyNames { .. }
                | Self::Ratio { .. }
                | Self::LargeHeader { .. }
                | Self::LongPath { .. }
                | Self::Deep { .. }
        )
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Header(offset) => write!(f, " at byte {offset}"),
            Self::Member(name) => write!(f, " with its member `{name}`"),
        }
    }
}
