//! The streaming encoder. A codec is a step over bytes ([`Codec::step`]), the writing is around it.
//!
//! zstd and xz cut their input into jobs whose size the level fixes, and do so with one thread
//! too: both write a different format without their multi-threaded mode. Neither `flush` nor the
//! size of a write ever reaches a codec, for both would leave their mark in the output. The crates'
//! own writers end their stream when they are dropped; an archive that failed halfway must not
//! look whole, so they are not used here.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use bzip2::{Action as BzAction, Compress as BzCompress, Compression as BzLevel};
use liblzma::stream::{Action as XzAction, Check, Filters, LzmaOptions, MtStreamBuilder};
use zstd::stream::raw::{CParameter, InBuffer, Operation, OutBuffer};

use super::{Compression, GzipBlocks, Level};

/// Room for what a codec yields in one step.
const OUT_CAPACITY: usize = 64 << 10;

/// More threads than this only cost memory: a context seldom holds more jobs.
const MOST_THREADS: usize = 64;

/// Bytes of one zstd job, or the level's window where that is larger. zstd's own choice at level 3,
/// 8 MiB with an overlap of 256 KiB, takes 58 MiB with two threads where jobs of 2 MiB take 20 MiB, and
/// with a whole window of overlap ([`ZSTD_OVERLAP`]) they are as fast and 3 % smaller.
const ZSTD_JOB: u32 = 2 << 20;

/// How much of the job before a job may refer to: 9 is the whole window.
const ZSTD_OVERLAP: u32 = 9;

/// Compresses a stream into a writer.
///
/// Writing buffers; [`Encoder::finish`] ends the stream. An encoder that is dropped instead leaves
/// a stream without an end, which every decoder refuses; but gzip that happens to stop between two
/// members looks whole to a decoder, and only the tar in it is cut. After an error nothing more can
/// be written.
///
/// Gzip is compressed on the calling thread, block by block; who has several cores to give uses
/// [`GzipBlocks`]. Peak memory of a process with two threads, measured: zstd 30 MiB at level 3, 112
/// at 12, 219 at 19; xz 13 MiB at level 0, 208 at 6; gzip 6 MiB, bzip2 10 MiB.
///
/// ```
/// use std::io::Write;
/// use std::num::NonZeroUsize;
/// use shipload_context::sink::compress::{Compression, Encoder, Level};
///
/// let level = Level::new(Compression::Zstd, None)?;
/// let mut encoder = Encoder::new(level, NonZeroUsize::MIN, Vec::new())?;
/// encoder.write_all(b"data")?;
/// let compressed = encoder.finish()?;
/// assert_eq!(Compression::detect(&compressed), Compression::Zstd);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Encoder<W: Write> {
    codec: Codec,
    buffer: Vec<u8>,
    failed: bool,
    out: W,
}

impl<W: Write> Encoder<W> {
    /// Starts a stream into `out`.
    ///
    /// `threads` (at most 64 are used) makes zstd and xz faster and changes no byte of the output.
    ///
    /// # Errors
    /// When the codec cannot be set up: there is no memory for it.
    pub fn new(level: Level, threads: NonZeroUsize, out: W) -> io::Result<Self> {
        let codec = Codec::new(level, threads)?;
        Ok(Self {
            codec,
            buffer: Vec::with_capacity(OUT_CAPACITY),
            failed: false,
            out,
        })
    }

    /// Returns the writer below, which has seen no more than what was compressed so far.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// Ends the stream and hands the writer back, flushed.
    ///
    /// # Errors
    /// Those of the writer, and any earlier one again.
    pub fn finish(mut self) -> io::Result<W> {
        self.guarded(|this| {
            loop {
                let done = this.codec.finish(&mut this.buffer)?;
                this.drain()?;
                if done {
                    return this.out.flush();
                }
            }
        })?;
        Ok(self.out)
    }

    /// Runs `work` once; after its first error the stream has a hole, so nothing may follow.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        if self.failed {
            return Err(io::Error::other("the compressed stream has already failed"));
        }
        let result = work(self);
        self.failed = result.is_err();
        result
    }

    fn drain(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.write_all(data)?;
        Ok(data.len())
    }

    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        self.guarded(|this| {
            if let Codec::None = this.codec {
                return this.out.write_all(data);
            }
            let mut rest = data;
            while !rest.is_empty() {
                let used = this.codec.step(rest, &mut this.buffer)?;
                rest = rest.get(used..).unwrap_or_default();
                this.drain()?;
            }
            Ok(())
        })
    }

    /// Flushes the writer below, and not the codec: where a caller flushes must not show.
    fn flush(&mut self) -> io::Result<()> {
        self.guarded(|this| this.out.flush())
    }
}

/// A codec's state; bytes in, bytes out, no I/O.
enum Codec {
    None,
    Gzip {
        blocks: GzipBlocks,
        pending: Vec<u8>,
        began: bool,
    },
    Bzip2(BzCompress),
    Xz(liblzma::stream::Stream),
    Zstd(zstd::stream::raw::Encoder<'static>),
}

impl Codec {
    fn new(level: Level, threads: NonZeroUsize) -> io::Result<Self> {
        let threads = u32::try_from(threads.get().min(MOST_THREADS)).unwrap_or(1);
        let value = level.value.unsigned_abs();
        Ok(match level.compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip {
                blocks: GzipBlocks::at(level.value),
                pending: Vec::new(),
                began: false,
            },
            Compression::Bzip2 => Self::Bzip2(BzCompress::new(BzLevel::new(value), 0)),
            Compression::Xz => Self::Xz(xz_stream(value, threads)?),
            Compression::Zstd => Self::Zstd(zstd_stream(level.value, threads)?),
        })
    }

    /// Takes some of `data`, appends what became ready to `out`, returns how much was taken.
    fn step(&mut self, data: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::None => {
                out.extend_from_slice(data);
                Ok(data.len())
            }
            Self::Gzip {
                blocks,
                pending,
                began,
            } => {
                let room = GzipBlocks::BLOCK - pending.len();
                let (taken, _) = data.split_at(room.min(data.len()));
                pending.extend_from_slice(taken);
                if pending.len() == GzipBlocks::BLOCK {
                    blocks.compress(pending, out);
                    pending.clear();
                    *began = true;
                }
                Ok(taken.len())
            }
            Self::Bzip2(stream) => {
                let before = stream.total_in();
                stream.compress_vec(data, out, BzAction::Run)?;
                Ok(length(stream.total_in() - before))
            }
            Self::Xz(stream) => {
                let before = stream.total_in();
                stream.process_vec(data, out, XzAction::Run)?;
                Ok(length(stream.total_in() - before))
            }
            Self::Zstd(stream) => {
                let mut input = InBuffer::around(data);
                stream.run(&mut input, &mut OutBuffer::around(out))?;
                Ok(input.pos())
            }
        }
    }

    /// Appends more of the end to `out`; true when that was the last of it.
    fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Self::None => Ok(true),
            Self::Gzip {
                blocks,
                pending,
                began,
            } => {
                // An empty stream still is one member, or nobody would know it for gzip.
                if !pending.is_empty() || !*began {
                    blocks.compress(pending, out);
                }
                Ok(true)
            }
            Self::Bzip2(stream) => {
                Ok(stream.compress_vec(&[], out, BzAction::Finish)? == bzip2::Status::StreamEnd)
            }
            Self::Xz(stream) => {
                let status = stream.process_vec(&[], out, XzAction::Finish)?;
                Ok(status == liblzma::stream::Status::StreamEnd)
            }
            Self::Zstd(stream) => Ok(stream.finish(&mut OutBuffer::around(out), true)? == 0),
        }
    }
}

/// xz in blocks of the dictionary's size, at least 1 MiB: a smaller block wastes memory, a larger
/// one leaves the cores of small contexts idle. `xz -T` takes three times as much.
fn xz_stream(preset: u32, threads: u32) -> io::Result<liblzma::stream::Stream> {
    let mut filters = Filters::new();
    filters.lzma2(&LzmaOptions::new_preset(preset)?);
    let block = (filters.mt_block_size() / 3).max(1 << 20);
    let stream = MtStreamBuilder::new()
        .threads(threads)
        .block_size(block)
        .preset(preset)
        .check(Check::Crc64)
        .encoder()?;
    Ok(stream)
}

fn zstd_stream(level: i32, threads: u32) -> io::Result<zstd::stream::raw::Encoder<'static>> {
    let mut encoder = zstd::stream::raw::Encoder::new(level)?;
    encoder.set_parameter(CParameter::ChecksumFlag(true))?;
    encoder.set_parameter(CParameter::ContentSizeFlag(false))?;
    encoder.set_parameter(CParameter::NbWorkers(threads))?;
    encoder.set_parameter(CParameter::JobSize(ZSTD_JOB))?;
    encoder.set_parameter(CParameter::OverlapSizeLog(ZSTD_OVERLAP))?;
    Ok(encoder)
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
