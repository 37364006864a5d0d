//! `pack`: writes a view as a tar archive.
//!
//! The archive is cut into batches whose ends depend on the members alone. Workers take batch after batch:
//! they make the headers, read the contents and, for gzip, compress, each into a buffer of its own. The
//! calling thread writes the buffers in order, and is a worker while the next one is not ready. What is in
//! flight is a fixed number of buffers, so memory grows neither with bytes nor with members, and the output
//! is the same for any number of workers.
//!
//! A file larger than a batch is read in pieces, by whoever is free, from one handle: it is opened once and
//! compared once after its last piece. No page of a file is handed to the output unread (no `splice`): it
//! could change after it was compared.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::compress::{Compression, Encoder, GzipBlocks, Level, LevelError};
use super::header::{self, BLOCK};
use crate::content::{Opened, ReadError};
use crate::progress::{Moment, Progress};
use crate::threads;
use crate::view::{Member, MemberKind, View};

/// Bytes of a batch that its worker does not compress. With two threads, six of 128 KiB stay in a core's
/// second-level cache from reading to writing; twelve of 256 KiB do not, and took a third longer on large
/// files.
const BATCH: u64 = 128 << 10;

const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// How an archive is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackOptions {
    /// The codec around the tar; the default is none.
    pub compression: Compression,
    /// The codec's level; the default is the codec's own.
    pub level: Option<i32>,
    /// How many threads read and compress, the calling one included; the default is one a core, and at least
    /// two, so that reading goes on while the output is waited for. At most 256 are used. The archive does
    /// not depend on it.
    pub threads: Option<NonZeroUsize>,
}

impl PackOptions {
    /// This codec at its default level.
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            ..Self::default()
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PackSummary {
    /// Members in the archive.
    pub members: u64,
    /// Bytes of all files' contents.
    pub content_bytes: u64,
    /// Bytes of the tar before compression.
    pub tar_bytes: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
}

/// Why an archive could not be written. What was written until then is not an archive and must be thrown away.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file is not what was listed, or cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The output refuses.
    #[error("cannot write the archive")]
    Output(#[source] io::Error),
    /// The codec has no such level.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// It was cancelled through its [`Progress`].
    #[error("cancelled")]
    Cancelled,
}

impl PackError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Output(error) if error.kind() == io::ErrorKind::StorageFull => Some(
                "free some space, write elsewhere, or compress with `--compression zstd`".into(),
            ),
            Self::Output(_) | Self::Level(_) | Self::Cancelled => None,
        }
    }
}

/// Writes the members of `view` to `out` as a tar archive.
///
/// The same view and options give the same bytes on every machine, with any number of threads.
///
/// # Errors
/// [`PackError`]. `out` then holds the beginning of an archive, without its end, and must be thrown away.
///
/// # Panics
/// Where `out` or the observer of `progress` does; nothing waits for ever then.
///
/// ```
/// use shipload_context::{PackOptions, Progress, TreeBuilder, View, pack};
///
/// let tree = TreeBuilder::new().bytes("Dockerfile".parse()?, "FROM scratch\n").build()?;
/// let mut archive = Vec::new();
/// let done = pack(&View::new(&tree), &PackOptions::default(), &Progress::new(), &mut archive)?;
/// assert_eq!((done.members, archive.len()), (1, 4 * 512));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pack(
    view: &View,
    options: &PackOptions,
    progress: &Progress,
    out: &mut dyn Write,
) -> Result<PackSummary, PackError> {
    let level = Level::new(options.compression, options.level)?;
    let threads = match options.threads {
        None => threads::count(None).max(TWO),
        asked => threads::count(asked),
    };
    let (batch, window) = match options.compression {
        Compression::Gzip => (GzipBlocks::BLOCK as u64, 2 * threads.get() + 1),
        _ => (BATCH, 2 * threads.get() + 2),
    };
    let queue = Queue {
        view,
        progress,
        level,
        batch,
        window,
        state: Mutex::new(State::default()),
        room: Condvar::new(),
        ready: Condvar::new(),
    };
    let out = Counted {
        out,
        progress,
        written: 0,
    };
    let encoding = match options.compression {
        // The workers compress.
        Compression::Gzip => Level::new(Compression::None, None)?,
        _ => level,
    };
    let mut encoder = Encoder::new(encoding, threads, out).map_err(PackError::Output)?;
    let written = std::thread::scope(|scope| {
        let _guard = StopOnPanic(&queue);
        threads::help(scope, threads, || queue.work());
        let written = queue.write(&mut encoder);
        queue.stop();
        written
    });
    let (content_bytes, tar_bytes) = written?;
    let mut out = encoder.finish().map_err(PackError::Output)?;
    out.flush().map_err(PackError::Output)?;
    Ok(PackSummary {
        members: view.len() as u64,
        content_bytes,
        tar_bytes,
        written_bytes: out.written,
    })
}

/// Batches on their way from the workers to the output.
struct Queue<'a> {
    view: &'a View,
    progress: &'a Progress,
    level: Level,
    /// Bytes of tar after which a batch ends.
    batch: u64,
    /// Batches that may be in flight.
    window: usize,
    state: Mutex<State<'a>>,
    /// A batch was written, so that another may be taken.
    room: Condvar,
    /// A batch was filled, so that it may be written.
    ready: Condvar,
}

#[derive(Default)]
struct State<'a> {
    cursor: Cursor<'a>,
    /// The batches in flight, in order; filled or not yet.
    flight: VecDeque<Option<Filled>>,
    /// The number of the first batch in flight.
    first: u64,
    /// Buffers for the next batches, with what they last held.
    free: Vec<Vec<u8>>,
    stopped: bool,
}

type Filled = Result<Batch, PackError>;

/// A batch, ready to be written.
struct Batch {
    bytes: Vec<u8>,
    content_bytes: u64,
    tar_bytes: u64,
}

/// Where the next batch begins. It knows sizes only, so where batches end depends on nothing else.
#[derive(Default)]
struct Cursor<'a> {
    place: usize,
    large: Option<(Arc<Large<'a>>, u64)>,
    ended: bool,
}

enum Work<'a> {
    /// Small members, whole.
    Members(Range<usize>),
    /// A part of a large file; its headers too where the part begins at 0.
    Piece {
        large: Arc<Large<'a>>,
        part: Range<u64>,
    },
    /// The two blocks of zeros that end an archive.
    End,
}

/// A file that is read in pieces by several workers.
struct Large<'a> {
    member: Member<'a>,
    size: u64,
    /// The handle, or why there is none; the first piece tells.
    opened: OnceLock<Result<Opened<'a>, Mutex<Option<ReadError>>>>,
    /// Bytes that no piece has read yet.
    left: AtomicU64,
}

/// # Cutting
impl<'a> Cursor<'a> {
    fn next(&mut self, view: &'a View, batch: u64) -> Option<Work<'a>> {
        if let Some((large, offset)) = self.large.take() {
            let end = piece_end(offset, large.size, batch);
            if end < large.size {
                self.large = Some((Arc::clone(&large), end));
            }
            return Some(Work::Piece {
                large,
                part: offset..end,
            });
        }
        let start = self.place;
        let mut bytes = 0;
        while let Some(member) = view.member(self.place) {
            let size = match member.kind {
                MemberKind::File { size } => size,
                _ => 0,
            };
            if size > batch {
                if bytes > 0 {
                    break;
                }
                self.place += 1;
                let large = Large {
                    member,
                    size,
                    opened: OnceLock::new(),
                    left: AtomicU64::new(size),
                };
                self.large = Some((Arc::new(large), 0));
                return self.next(view, batch);
            }
            if bytes >= batch || (bytes > 0 && bytes + size > batch + batch / 2) {
                break;
            }
            bytes += BLOCK as u64 + size + header::padding(size) as u64;
            self.place += 1;
        }
        if self.place > start {
            return Some(Work::Members(start..self.place));
        }
        (!std::mem::replace(&mut self.ended, true)).then_some(Work::End)
    }
}

/// Where the piece that begins at `offset` ends; the last one may be half as long again.
fn piece_end(offset: u64, size: u64, batch: u64) -> u64 {
    if size - offset <= batch + batch / 2 {
        size
    } else {
        offset + batch
    }
}

/// What a thread needs to fill batches.
struct Worker {
    gzip: Option<GzipBlocks>,
    /// The tar that is compressed.
    raw: Vec<u8>,
}

impl Worker {
    fn new(level: Level) -> Self {
        Self {
            gzip: GzipBlocks::new(level),
            raw: Vec::new(),
        }
    }
}

/// # The workers
impl<'a> Queue<'a> {
    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let _guard = StopOnPanic(self);
        let mut worker = Worker::new(self.level);
        let mut state = self.lock();
        loop {
            while !state.stopped && state.flight.len() >= self.window {
                state = self
                    .room
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.stopped {
                return;
            }
            let Some(work) = state.cursor.next(self.view, self.batch) else {
                return;
            };
            state = self.advance(&work, &mut worker, state);
        }
    }

    /// Fills a batch, with the lock released meanwhile.
    fn advance<'s>(
        &'s self,
        work: &Work<'a>,
        worker: &mut Worker,
        mut state: MutexGuard<'s, State<'a>>,
    ) -> MutexGuard<'s, State<'a>> {
        let number = state.first + state.flight.len() as u64;
        state.flight.push_back(None);
        let mut bytes = state.free.pop().unwrap_or_default();
        drop(state);

        let filled = match &mut worker.gzip {
            None => self.fill(work, &mut bytes).map(|counts| (counts, bytes)),
            Some(gzip) => self.fill(work, &mut worker.raw).map(|counts| {
                bytes.clear();
                gzip.compress(&worker.raw, &mut bytes);
                (counts, bytes)
            }),
        };
        let filled = filled.map(|((content_bytes, tar_bytes), bytes)| Batch {
            bytes,
            content_bytes,
            tar_bytes,
        });

        let mut state = self.lock();
        let place = usize::try_from(number - state.first).unwrap_or(usize::MAX);
        if let Some(slot) = state.flight.get_mut(place) {
            *slot = Some(filled);
        }
        if place == 0 {
            self.ready.notify_one();
        }
        state
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.room.notify_all();
        self.ready.notify_all();
    }

    /// Makes the bytes of a batch, and counts those of content and all.
    fn fill(&self, work: &Work<'a>, out: &mut Vec<u8>) -> Result<(u64, u64), PackError> {
        if self.progress.cancelled() {
            return Err(PackError::Cancelled);
        }
        let mut content = 0;
        match work {
            Work::Members(places) => {
                out.clear();
                for member in places.clone().filter_map(|place| self.view.member(place)) {
                    content += self.member(&member, out)?;
                }
            }
            Work::Piece { large, part } => {
                content = part.end - part.start;
                self.piece(large, part, out)?;
            }
            Work::End => {
                out.clear();
                out.resize(2 * BLOCK, 0);
            }
        }
        self.progress.read(content);
        Ok((content, out.len() as u64))
    }

    fn member(&self, member: &Member<'a>, out: &mut Vec<u8>) -> Result<u64, PackError> {
        let MemberKind::File { size } = member.kind else {
            header::append(member, None, out);
            return Ok(0);
        };
        let path = &member.entry.path;
        self.progress.at(Moment::Opening, path);
        let opened = member.entry.open()?;
        self.progress.at(Moment::Opened, path);
        header::append(member, opened.capability().as_deref(), out);
        opened.append_to(out)?;
        out.resize(out.len() + header::padding(size), 0);
        self.progress.at(Moment::Read, path);
        opened.finish()?;
        Ok(size)
    }

    fn piece(
        &self,
        large: &Large<'a>,
        part: &Range<u64>,
        out: &mut Vec<u8>,
    ) -> Result<(), PackError> {
        let path = &large.member.entry.path;
        let opened = large.opened.get_or_init(|| {
            self.progress.at(Moment::Opening, path);
            let opened = large.member.entry.open().map_err(|e| Mutex::new(Some(e)));
            self.progress.at(Moment::Opened, path);
            opened
        });
        let opened = match opened {
            Ok(opened) => opened,
            // Whichever piece came to open it, the first one is written first and has the reason.
            Err(reason) if part.start == 0 => {
                let reason = reason.lock().unwrap_or_else(PoisonError::into_inner).take();
                return Err(reason.map_or(PackError::Cancelled, PackError::Read));
            }
            Err(_) => return Err(PackError::Cancelled),
        };
        let mut head = Vec::new();
        if part.start == 0 {
            header::append(&large.member, opened.capability().as_deref(), &mut head);
        }
        let tail = if part.end == large.size {
            header::padding(large.size)
        } else {
            0
        };
        let start = head.len();
        let end = start + usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
        // The buffer keeps what it last held, all of which is overwritten: nothing is zeroed only to be read
        // over.
        out.resize(end + tail, 0);
        out[..start].copy_from_slice(&head);
        opened.read_at(&mut out[start..end], part.start)?;
        out[end..].fill(0);
        let read = part.end - part.start;
        if large.left.fetch_sub(read, Ordering::AcqRel) == read {
            self.progress.at(Moment::Read, path);
            opened.finish()?;
        }
        Ok(())
    }
}

/// # The writer
impl Queue<'_> {
    /// Writes all batches in order; counts the bytes of contents and of the tar.
    fn write(&self, out: &mut impl Write) -> Result<(u64, u64), PackError> {
        let (mut content, mut tar) = (0, 0);
        let mut worker = Worker::new(self.level);
        let mut state = self.lock();
        loop {
            while !matches!(state.flight.front(), Some(Some(_))) {
                if state.cursor.ended && state.flight.is_empty() {
                    return Ok((content, tar));
                }
                // Nobody but a thread that panicked stops the others before the end, and its batch will never
                // be filled.
                if state.stopped {
                    return Err(PackError::Cancelled);
                }
                // Filling a batch is better than waiting for one; and where there are no other workers,
                // nobody else would.
                let work = if state.flight.len() < self.window {
                    state.cursor.next(self.view, self.batch)
                } else {
                    None
                };
                state = match work {
                    Some(work) => self.advance(&work, &mut worker, state),
                    None => self
                        .ready
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner),
                };
            }
            let Some(Some(filled)) = state.flight.pop_front() else {
                continue;
            };
            state.first += 1;
            drop(state);
            self.room.notify_one();
            let batch = filled?;
            if self.progress.cancelled() {
                return Err(PackError::Cancelled);
            }
            out.write_all(&batch.bytes).map_err(PackError::Output)?;
            content += batch.content_bytes;
            tar += batch.tar_bytes;
            state = self.lock();
            state.free.push(batch.bytes);
        }
    }
}

/// Ends the other threads' waiting when the one that holds this panics, so that the panic reaches the caller.
struct StopOnPanic<'q, 'a>(&'q Queue<'a>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// Counts what goes out.
struct Counted<'a> {
    out: &'a mut dyn Write,
    progress: &'a Progress,
    written: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        self.progress.written(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
