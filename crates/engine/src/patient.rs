//! A connection that still listens when it can no longer speak.
//!
//! An engine that refuses a build answers at once and hangs up while the context is still coming.
//! Writing then fails, and hyper would report that failure instead of the answer that is waiting to
//! be read. So a broken write becomes silence for a while: the reader gets the answer, or the end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long an answer is waited for after writing failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module.
pub(crate) struct Patient<S> {
    stream: S,
    broken: Option<(Pin<Box<Sleep>>, io::ErrorKind)>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            broken: None,
        }
    }

    /// Lets everything pass but a broken pipe.
    fn hold<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(Err(error)) if is_hang_up(&error) => {
                self.broken = Some((Box::pin(tokio::time::sleep(PATIENCE)), error.kind()));
                self.silence(cx).map(Err)
            }
            other => other,
        }
    }

    fn silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        match &mut self.broken {
            Some((sleep, kind)) => {
                let kind = *kind;
                sleep.as_mut().poll(cx).map(|()| kind.into())
            }
            None => Poll::Pending,
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionReset | ConnectionAborted
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken.is_some() {
            return self.silence(cx).map(Err);
        }
        let outcome = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.hold(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.broken.is_some() {
            return self.silence(cx).map(Err);
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.hold(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.is_some() {
            return self.silence(cx).map(Err);
        }
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.hold(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
