//! From a synchronous packer to an asynchronous request body, without a file in between.
//!
//! The packer runs on a thread of its own and writes into a [`ChannelWriter`]; a bounded channel
//! makes it wait for the engine. Two rules keep half a context from being built:
//!
//! - The body ends well only when the packer said so. Whatever else happens to the channel (an
//!   error, a panic, a dropped writer) becomes an error of the body, upon which hyper drops the
//!   connection and never writes the final chunk. Engines build a context that is cut at an
//!   entry's boundary, if the chunked body is ended properly.
//! - The last [`PIECE`] is withheld until the packer has succeeded. A tar reader stops at the
//!   archive's trailer and does not wait for the end of the body, so a failure that the packer
//!   finds after writing the trailer must find the trailer still here.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Frame;
use shipload_context::{ContextArchive, PackOptions, Progress, View, pack};
use tokio::sync::{mpsc, oneshot};

use crate::error::BoxError;
use crate::transport::{Body, empty};

/// How many bytes go through the channel at once.
const PIECE: usize = 256 << 10;

/// How many pieces may wait for the engine: 2 MiB, enough to ride out its pauses.
const WAITING: usize = 8;

type Packer = Box<dyn FnOnce(&mut dyn Write) -> Result<(), BoxError> + Send>;

/// The context of a build: what writes the archive when the engine is ready to read it.
pub struct ContextBody {
    pack: Option<Packer>,
    /// Told to stop when nobody wants the archive any more.
    walk: Option<Progress>,
}

/// Constructors.
impl ContextBody {
    /// The members of a view, packed while they are sent. For the compression that suits the
    /// engine's address, see [`Engine::auto_compression`](crate::Engine::auto_compression).
    ///
    /// `progress` counts what is read and written; it is cancelled when the build is.
    ///
    /// ```
    /// use shipload_context::{PackOptions, Progress, TreeBuilder, View};
    /// use shipload_engine::ContextBody;
    ///
    /// let tree = TreeBuilder::new().bytes("Dockerfile".parse()?, "FROM scratch\n").build()?;
    /// let body = ContextBody::from_view(View::new(&tree), PackOptions::default(), Progress::new());
    /// # drop(body);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_view(view: View, options: PackOptions, progress: Progress) -> Self {
        let walk = progress.clone();
        let body = Self::from_writer(move |out| pack(&view, &options, &progress, out).map(drop));
        Self {
            walk: Some(walk),
            ..body
        }
    }

    /// A context that `pack` writes, once, on a thread of its own. An error is the build's error,
    /// and the engine builds nothing.
    ///
    /// ```
    /// use shipload_engine::ContextBody;
    ///
    /// let body = ContextBody::from_writer(|out| out.write_all(b"an archive"));
    /// # drop(body);
    /// ```
    pub fn from_writer<E, F>(pack: F) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: FnOnce(&mut dyn Write) -> Result<(), E> + Send + 'static,
    {
        Self {
            pack: Some(Box::new(|out| pack(out).map_err(Into::into))),
            walk: None,
        }
    }

    /// The archive of a context, which may be dropped meanwhile.
    pub fn from_context(archive: &ContextArchive) -> Self {
        let opened = archive.reader();
        Self::from_writer(move |out| io::copy(&mut opened?, out).map(drop))
    }

    /// An archive that is in memory, of any compression that the engine takes.
    pub fn from_bytes(archive: impl Into<Bytes>) -> Self {
        let archive = archive.into();
        Self::from_writer(move |out| out.write_all(&archive))
    }

    /// No context, for a build whose [`remote`](crate::BuildOptions::remote) the engine fetches.
    pub fn none() -> Self {
        Self {
            pack: None,
            walk: None,
        }
    }

    /// Starts the packer.
    pub(crate) fn start(self, progress: &UploadProgress) -> io::Result<(Body, Packing)> {
        let (result, outcome) = oneshot::channel();
        let Some(pack) = self.pack else {
            let _ = result.send(Verdict::Done);
            return Ok((empty(), Packing(outcome)));
        };
        let (sender, receiver) = mpsc::channel(WAITING);
        std::thread::Builder::new()
            .name("shipload-pack".to_owned())
            .spawn(move || {
                let mut writer = ChannelWriter::new(sender);
                match pack(&mut writer) {
                    Ok(()) => writer.finish(result),
                    // A verdict that cannot be told is one that nobody asks for any more.
                    Err(_) if writer.cut => drop(result.send(Verdict::Cut)),
                    Err(error) => drop(result.send(Verdict::Failed(error))),
                }
            })?;
        let body = UploadBody {
            receiver,
            ended: false,
            progress: progress.clone(),
            walk: self.walk,
        };
        Ok((body.boxed_unsync(), Packing(outcome)))
    }
}

impl std::fmt::Debug for ContextBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.pack.is_some() {
            "ContextBody(…)"
        } else {
            "ContextBody(none)"
        })
    }
}

/// How much of the context is on its way; may be read from any thread while the build runs.
#[derive(Debug, Clone, Default)]
pub struct UploadProgress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    bytes: AtomicU64,
    complete: AtomicBool,
    entries: AtomicU64,
    files: AtomicU64,
}

impl UploadProgress {
    /// Bytes that were handed to the connection: of the archive, and with BuildKit of the files that it asked for.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How many entries BuildKit was told of, in all its questions together; 0 with other builders.
    pub fn entries(&self) -> u64 {
        self.0.entries.load(Ordering::Relaxed)
    }

    /// How many files BuildKit asked for and got, the Dockerfile included; 0 with other builders.
    pub fn files(&self) -> u64 {
        self.0.files.load(Ordering::Relaxed)
    }

    /// Whether that is all of it.
    pub fn is_complete(&self) -> bool {
        self.0.complete.load(Ordering::Relaxed)
    }
}

/// # Counting
impl UploadProgress {
    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_entries(&self, entries: u64) {
        self.0.entries.fetch_add(entries, Ordering::Relaxed);
    }

    pub(crate) fn add_file(&self) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
    }
}

/// How the packer will have ended.
pub(crate) struct Packing(oneshot::Receiver<Verdict>);

/// How the packer ended.
pub(crate) enum Verdict {
    /// It wrote everything.
    Done,
    /// The connection went away under it. What it says about that is no news.
    Cut,
    /// It failed by itself.
    Failed(BoxError),
}

impl Packing {
    /// Waits for the verdict; may be asked once.
    pub(crate) async fn verdict(&mut self) -> Verdict {
        let panicked = |_| Verdict::Failed("the packing thread panicked".into());
        (&mut self.0).await.unwrap_or_else(panicked)
    }
}

enum Piece {
    Data(Bytes),
    End,
}

/// The packer's end: gathers pieces and sends them, one behind.
struct ChannelWriter {
    sender: mpsc::Sender<Piece>,
    gathering: Vec<u8>,
    withheld: Option<Bytes>,
    /// Whether the other end is gone.
    cut: bool,
}

impl ChannelWriter {
    fn new(sender: mpsc::Sender<Piece>) -> Self {
        Self {
            sender,
            gathering: Vec::with_capacity(PIECE),
            withheld: None,
            cut: false,
        }
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        self.sender.blocking_send(piece).map_err(|_| {
            self.cut = true;
            io::Error::new(io::ErrorKind::BrokenPipe, "the engine reads no further")
        })
    }

    /// Sends what was withheld, and the end.
    fn finish(mut self, result: oneshot::Sender<Verdict>) {
        let rest = Bytes::from(std::mem::take(&mut self.gathering));
        let last = [
            self.withheld.take(),
            Some(rest).filter(|rest| !rest.is_empty()),
        ];
        let sent = last
            .into_iter()
            .flatten()
            .try_for_each(|piece| self.send(Piece::Data(piece)));
        // The verdict comes before the end, so that whoever sees the end finds the verdict.
        let _ = result.send(if sent.is_ok() {
            Verdict::Done
        } else {
            Verdict::Cut
        });
        if sent.is_ok() {
            let _ = self.send(Piece::End);
        }
    }
}

impl Write for ChannelWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.gathering.len() == PIECE {
            let full = std::mem::replace(&mut self.gathering, Vec::with_capacity(PIECE));
            if let Some(piece) = self.withheld.replace(Bytes::from(full)) {
                self.send(Piece::Data(piece))?;
            }
        }
        let taken = data.len().min(PIECE - self.gathering.len());
        self.gathering.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    /// Does nothing: what is withheld stays so until the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The request's end.
struct UploadBody {
    receiver: mpsc::Receiver<Piece>,
    ended: bool,
    progress: UploadProgress,
    walk: Option<Progress>,
}

impl Drop for UploadBody {
    fn drop(&mut self) {
        // The packer would notice at its next write; a large file may be read before that.
        if let Some(walk) = self.walk.as_ref().filter(|_| !self.ended) {
            walk.cancel();
        }
    }
}

impl hyper::body::Body for UploadBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.receiver.poll_recv(cx).map(|piece| match piece {
            Some(Piece::Data(data)) => {
                let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
                self.progress.add_bytes(length);
                Some(Ok(Frame::data(data)))
            }
            Some(Piece::End) => {
                self.ended = true;
                self.progress.0.complete.store(true, Ordering::Relaxed);
                None
            }
            None => Some(Err("the context was not packed to its end".into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
