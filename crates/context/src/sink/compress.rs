//! Compression of archives: which codecs there are, their levels, and how a codec is recognised.
//!
//! [`GzipBlocks`] compresses one block at a time, for callers that have several at hand and
//! several cores; [`Encoder`] takes a stream. [`Decoder`] is the way back. What all of them
//! promise: the bytes depend on the data, the codec and the level, and on nothing else. Not on the
//! number of threads, the size of the writes, the clock or the machine.

mod decoder;
mod encoder;
mod gzip;

use std::fmt;
use std::str::FromStr;

pub use decoder::{DECODER_MEMORY, Decoder, decoder};
pub use encoder::Encoder;
pub use gzip::GzipBlocks;

/// The codec around an archive.
///
/// All of them are read by Docker Engine and Podman, but [`Compression::Zstd`] only by newer
/// Engines: 20.10 fails with "unexpected EOF".
///
/// ```
/// use shipload_context::sink::compress::Compression;
///
/// let compression: Compression = "gz".parse()?;
/// assert_eq!(compression, Compression::Gzip);
/// assert_eq!(compression.to_string(), "gzip");
/// assert_eq!(Compression::from_extension("context.tar.zst"), Compression::Zstd);
/// # Ok::<(), shipload_context::sink::compress::UnknownCompression>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// The archive as it is: the default, since nothing beats it on a local socket.
    #[default]
    None,
    /// gzip, as many members one after the other (RFC 1952 §2.2).
    Gzip,
    /// bzip2, one stream.
    Bzip2,
    /// xz, one stream of blocks of a size that the level fixes.
    Xz,
    /// zstd, one frame with a checksum and without a content size.
    Zstd,
}

impl Compression {
    /// All codecs, in the order in which they are shown to people.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Bzip2, Self::Xz, Self::Zstd];

    /// How many bytes [`Compression::detect`] wants to see.
    pub const MAGIC_LEN: usize = 6;

    /// Returns the name that `--compression` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    /// Returns the usual end of a tar's file name, with its dot: `.tar`, `.tar.gz`, …
    pub const fn extension(self) -> &'static str {
        match self {
            Self::None => ".tar",
            Self::Gzip => ".tar.gz",
            Self::Bzip2 => ".tar.bz2",
            Self::Xz => ".tar.xz",
            Self::Zstd => ".tar.zst",
        }
    }

    /// Returns the name by which HTTP and the Engine call the codec (`Content-Encoding`,
    /// media types), `None` where nothing is encoded.
    pub const fn stream_encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip | Self::Bzip2 | Self::Xz | Self::Zstd => Some(self.name()),
        }
    }

    /// Recognises a codec by the first bytes of a stream, as the Engine does; never by a name.
    ///
    /// Wants [`Compression::MAGIC_LEN`] bytes; what is shorter, or is none of the codecs, is
    /// [`Compression::None`].
    pub fn detect(magic: &[u8]) -> Self {
        match magic {
            [0x1f, 0x8b, 0x08, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0x00, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Guesses the codec that a file called `name` should be written with: `x.tar.gz`, `x.tgz`,
    /// `x.tbz2`, … Case does not count; any other name is [`Compression::None`].
    pub fn from_extension(name: &str) -> Self {
        match name
            .rsplit('.')
            .next()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("gz" | "tgz") => Self::Gzip,
            Some("bz2" | "tbz" | "tbz2") => Self::Bzip2,
            Some("xz" | "txz") => Self::Xz,
            Some("zst" | "tzst") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Lowest, default and highest level; `None` for a codec that has none.
    const fn levels(self) -> Option<(i32, i32, i32)> {
        match self {
            Self::None => None,
            Self::Gzip => Some((1, 6, 12)),
            Self::Bzip2 => Some((1, 9, 9)),
            Self::Xz => Some((0, 6, 9)),
            // 20 to 22 are `zstd --ultra`: windows beyond what decoders accept by default.
            Self::Zstd => Some((1, 3, 19)),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Compression {
    type Err = UnknownCompression;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "none" => Ok(Self::None),
            "gzip" | "gz" => Ok(Self::Gzip),
            "bzip2" | "bz2" => Ok(Self::Bzip2),
            "xz" => Ok(Self::Xz),
            "zstd" | "zst" => Ok(Self::Zstd),
            _ => Err(UnknownCompression {
                name: name.to_owned(),
            }),
        }
    }
}

/// The error of a codec name that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown compression `{name}`, expected none, gzip, bzip2, xz or zstd")]
pub struct UnknownCompression {
    name: String,
}

/// A codec with a level that the codec has.
///
/// | codec | levels | default |
/// |---|---|---|
/// | none | – | – |
/// | gzip | 1 to 12, as libdeflate; 10 to 12 search far longer than `gzip -9` | 6 |
/// | bzip2 | 1 to 9, blocks of so many 100 kB | 9 |
/// | xz | 0 to 9, presets of `xz` | 6 |
/// | zstd | 1 to 19 | 3 |
///
/// ```
/// use shipload_context::sink::compress::{Compression, Level};
///
/// assert_eq!(Level::new(Compression::Gzip, None)?.value(), Some(6));
/// let error = Level::new(Compression::Gzip, Some(13)).unwrap_err();
/// assert_eq!(error.to_string(), "gzip has no level `13`, only 1 to 12");
/// # Ok::<(), shipload_context::sink::compress::LevelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Level {
    compression: Compression,
    value: i32,
}

impl Level {
    /// Checks a level; `None` is the codec's default.
    ///
    /// # Errors
    /// A level that the codec does not have, any level for [`Compression::None`].
    pub fn new(compression: Compression, level: Option<i32>) -> Result<Self, LevelError> {
        let value = match (compression.levels(), level) {
            (None, None) => 0,
            (None, Some(level)) => return Err(LevelError::NoLevels { level }),
            (Some((_, default, _)), None) => default,
            (Some((lowest, _, highest)), Some(level)) if (lowest..=highest).contains(&level) => {
                level
            }
            (Some((lowest, _, highest)), Some(level)) => {
                return Err(LevelError::OutOfRange {
                    compression,
                    level,
                    lowest,
                    highest,
                });
            }
        };
        Ok(Self { compression, value })
    }

    /// Returns the codec.
    pub const fn compression(self) -> Compression {
        self.compression
    }

    /// Returns the level, `None` where nothing is compressed.
    pub fn value(self) -> Option<i32> {
        self.compression.levels().map(|_| self.value)
    }
}

/// The error of a level that a codec does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// A level for [`Compression::None`].
    #[error("level `{level}` makes no sense without compression")]
    NoLevels {
        /// The level asked for.
        level: i32,
    },
    /// A level outside the codec's range.
    #[error("{compression} has no level `{level}`, only {lowest} to {highest}")]
    OutOfRange {
        /// The codec.
        compression: Compression,
        /// The level asked for.
        level: i32,
        /// The codec's lowest level.
        lowest: i32,
        /// The codec's highest level.
        highest: i32,
    },
}
