//! The bytes of an archive, into a file that is whole or not there, to the standard output or into a pipe.
//!
//! An archive has no end of its own that could be trusted, so what counts is how the stream of messages ends. gRPC and HTTP
//! libraries let a stream that was reset with `CANCEL`, which is what a cancelled build does, look as if it had ended
//! well. [`Watched`] asks the connection.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use fs_err as fs;
use futures_util::Stream;
use http::Request;
use http_body::{Body, Frame};
use tokio::sync::mpsc;
use tonic::codec::Streaming;

use super::{ExportError, Target};
use crate::session::wire::BytesMessage;

/// How many messages may wait for the disk or the reader: of 32 KiB mostly, 3 MiB at most.
const WAITING: usize = 16;

/// What goes through a pipe.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Bytes of the archive.
    Data(Bytes),
    /// That was all. Without it the archive is cut.
    End,
}

/// The end of a pipe that a build writes its archive into; one build can, once.
///
/// ```
/// use shipload_engine::{ArchivePipe, Destination, Output, OutputKind};
///
/// let (pipe, archive) = ArchivePipe::new();
/// let output = Output {
///     kind: OutputKind::Docker,
///     destination: Some(Destination::Pipe(pipe)),
///     attributes: Default::default(),
/// };
/// // `archive` is a stream of bytes, such as an HTTP client takes for a body.
/// # drop((output, archive));
/// ```
#[derive(Debug, Clone)]
pub struct ArchivePipe(Arc<Mutex<Option<mpsc::Sender<Piece>>>>);

impl ArchivePipe {
    /// A pipe, and the stream that yields what is written into it.
    pub fn new() -> (Self, ArchiveStream) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let stream = ArchiveStream {
            receiver,
            ended: false,
        };
        (Self(Arc::new(Mutex::new(Some(sender)))), stream)
    }

    /// For the build, so that the stream ends when the build does.
    pub(super) fn take(&self) -> Option<mpsc::Sender<Piece>> {
        let mut sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sender.take()
    }
}

/// The same pipe, not one like it.
impl PartialEq for ArchivePipe {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ArchivePipe {}

/// The bytes of an archive. They end only when the archive is whole, else with an error
/// ([`UnexpectedEof`](io::ErrorKind::UnexpectedEof)), so that whoever takes them can tell.
#[derive(Debug)]
pub struct ArchiveStream {
    receiver: mpsc::Receiver<Piece>,
    ended: bool,
}

impl Stream for ArchiveStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.receiver.poll_recv(cx));
        Poll::Ready(match piece {
            Some(Piece::Data(data)) => Some(Ok(data)),
            Some(Piece::End) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(io::ErrorKind::UnexpectedEof.into()))
            }
        })
    }
}

/// Takes an archive. Whatever fails, what was at the target is still there.
pub(super) async fn take(
    target: Target,
    messages: Streaming<BytesMessage>,
    end: End,
) -> Result<(), ExportError> {
    let (sender, writing) = match target {
        Target::Pipe(sender) => (sender, None),
        target => {
            let (sender, pieces) = mpsc::channel(WAITING);
            let write = move || write(&target, pieces);
            (sender, Some(tokio::task::spawn_blocking(write)))
        }
    };
    let forwarded = forward(messages, sender, end).await;
    // The sender is gone, so the writer ends; a full disk is why it did not want to hear more.
    let Some(writing) = writing else {
        return forwarded;
    };
    match writing.await {
        Ok(Ok(())) | Err(_) => forwarded,
        Ok(Err(ExportError::Cut)) => forwarded.and(Err(ExportError::Cut)),
        Ok(Err(error)) => Err(error),
    }
}

async fn forward(
    mut messages: Streaming<BytesMessage>,
    sender: mpsc::Sender<Piece>,
    end: End,
) -> Result<(), ExportError> {
    let unwanted = |_| ExportError::Unwanted;
    loop {
        match messages.message().await {
            Ok(Some(message)) => sender
                .send(Piece::Data(message.data))
                .await
                .map_err(unwanted)?,
            Ok(None) if end.was_good() => return sender.send(Piece::End).await.map_err(unwanted),
            Ok(None) | Err(_) => return Err(ExportError::Cut),
        }
    }
}

/// Writes on a thread of its own, since files have no other way.
fn write(target: &Target, pieces: mpsc::Receiver<Piece>) -> Result<(), ExportError> {
    match target {
        Target::File(path) => write_file(path, pieces),
        Target::Stdout => {
            let mut out = io::stdout().lock();
            let written = copy(pieces, &mut out).and_then(|whole| out.flush().map(|()| whole));
            whole(written.map_err(ExportError::Stdout)?)
        }
        Target::Builder | Target::Pipe(_) | Target::Directory(_) => Err(ExportError::Unwanted),
    }
}

/// A link is followed; a device or a FIFO is written to as it is; a file is replaced and passes its permissions on.
fn write_file(path: &Path, pieces: mpsc::Receiver<Piece>) -> Result<(), ExportError> {
    let failed = |source| ExportError::Write {
        path: path.to_owned(),
        source,
    };
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&path).ok();
    if before.as_ref().is_some_and(|meta| !meta.is_file()) {
        let file = std::fs::File::options().write(true).open(&path);
        return whole(copy(pieces, &mut file.map_err(failed)?).map_err(failed)?);
    }
    let mut temporary = beside(&path).map_err(failed)?;
    whole(copy(pieces, temporary.as_file_mut()).map_err(failed)?)?;
    if let Some(before) = before {
        let file = temporary.as_file();
        file.set_permissions(before.permissions()).map_err(failed)?;
    }
    let renamed = temporary.persist(&path);
    renamed.map(drop).map_err(|error| failed(error.error))
}

/// A new file in the directory of `path`, with the permissions that a new file gets; removed when dropped.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".shipload-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    builder.tempfile_in(folder.map_or_else(|| PathBuf::from("."), PathBuf::from))
}

/// Whether the end came.
fn copy(mut pieces: mpsc::Receiver<Piece>, out: &mut dyn Write) -> io::Result<bool> {
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Data(data) => out.write_all(&data)?,
            Piece::End => return Ok(true),
        }
    }
    Ok(false)
}

fn whole(ended: bool) -> Result<(), ExportError> {
    if ended { Ok(()) } else { Err(ExportError::Cut) }
}

/// How a request's body ended, as far as it did.
#[derive(Debug, Clone, Default)]
pub(super) struct End(Arc<AtomicBool>);

impl End {
    /// Whether the other side said that this was all.
    fn was_good(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A request's body that remembers how it ended.
pub(super) struct Watched<B> {
    body: Pin<Box<B>>,
    end: End,
}

impl<B: Body> Watched<B> {
    pub(super) fn watch(request: Request<B>) -> (Request<Self>, End) {
        let end = End::default();
        let watched = |body| Self {
            body: Box::pin(body),
            end: end.clone(),
        };
        (request.map(watched), end)
    }
}

impl<B: Body> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(self.body.as_mut().poll_frame(cx));
        if frame.is_none() {
            // After a reset it is not, though there is nothing more.
            self.end
                .0
                .store(self.body.is_end_stream(), Ordering::Release);
        }
        Poll::Ready(frame)
    }
}
