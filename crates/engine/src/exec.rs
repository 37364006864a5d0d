//! A command in a container, its input and output as one connection: `docker exec -i CONTAINER COMMAND`.
//!
//! The Engine upgrades `POST /exec/ID/start`. From then on what we write is the command's input as it is, and what we read
//! is framed: a stream's number (1 output, 2 errors), three zeros, a length of four bytes with the highest first, and so
//! many bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::Method;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Full, Limited};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::client::Engine;
use crate::error::{BoxError, RequestError};
use crate::transport::{Body, successful};

/// How much is read of the connection at once, in bytes.
const PIECE: usize = 16 << 10;

/// How much of what the command complains is kept, in bytes.
const COMPLAINT_LIMIT: usize = 4096;

/// The longest answer to "make this command", in bytes: it is an id.
const ANSWER_LIMIT: usize = 64 << 10;

/// A command to be run in a container.
#[derive(Clone)]
pub(crate) struct Exec {
    pub(crate) engine: Engine,
    pub(crate) container: String,
    pub(crate) command: &'static [&'static str],
}

/// The connection to a command that runs.
pub(crate) type ExecStream = Demultiplexed<TokioIo<Upgraded>>;

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "Id")]
    id: String,
}

impl Exec {
    /// Runs it. The engine is itself reached with a [`Connector`](crate::connect::Connector), hence the box.
    pub(crate) fn start(&self) -> BoxFuture<'_, io::Result<ExecStream>> {
        Box::pin(async { self.run().await.map_err(io::Error::other) })
    }

    async fn run(&self) -> Result<ExecStream, RequestError> {
        let transport = &self.engine.0.transport;
        let path = format!("/containers/{}/exec", self.container);
        let request = transport
            .request(Method::POST, &self.engine.path(&path))
            .header(CONTENT_TYPE, "application/json")
            .body(json(&serde_json::json!({
                "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "Cmd": self.command,
            })))
            .map_err(RequestError::broken)?;
        let answer = successful(transport.send(request).await?).await?;
        let answer = Limited::new(answer.into_body(), ANSWER_LIMIT)
            .collect()
            .await;
        let answer = answer.map_err(RequestError::Broken)?.to_bytes();
        let Created { id } = serde_json::from_slice(&answer)
            .map_err(|error| RequestError::NotUnderstood(error.into()))?;

        let request = transport
            .request(
                Method::POST,
                &self.engine.path(&format!("/exec/{id}/start")),
            )
            .header(CONTENT_TYPE, "application/json");
        let body = json(&serde_json::json!({ "Detach": false, "Tty": false }));
        let upgraded = transport.upgrade(request, "tcp", body).await?;
        Ok(Demultiplexed::new(TokioIo::new(upgraded)))
    }
}

fn json(value: &serde_json::Value) -> Body {
    Full::new(Bytes::from(value.to_string()))
        .map_err(BoxError::from)
        .boxed_unsync()
}

/// Reads the output out of the frames. Errors are kept; they are told where the command ends without any output.
pub(crate) struct Demultiplexed<S> {
    inner: S,
    /// Where is read to.
    space: Box<[u8]>,
    /// What was read of the connection and not looked at.
    input: BytesMut,
    /// How much of the frame is still to come, and of which stream it is; none where a frame begins.
    frame: Option<(Kind, usize)>,
    complaint: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Output,
    Errors,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was put out yet.
    Silent,
    /// The output is what it should be.
    Speaking,
    /// The output is the engine's own complaint: that it could not run the command.
    Complaining,
}

impl<S> Demultiplexed<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            space: vec![0; PIECE].into_boxed_slice(),
            input: BytesMut::with_capacity(PIECE),
            frame: None,
            complaint: Vec::new(),
            state: State::Silent,
        }
    }

    /// Output of at most `room` bytes; none where more has to be read for it.
    fn output(&mut self, room: usize) -> Option<BytesMut> {
        while !self.input.is_empty() {
            let Some((kind, left)) = self.frame.filter(|(_, left)| *left > 0) else {
                self.frame = Some(self.header()?);
                continue;
            };
            let wanted = left.min(self.input.len()).min(room);
            let bytes = self.input.split_to(wanted);
            self.frame = Some((kind, left - wanted));
            if kind == Kind::Output && self.is_output(bytes[0]) {
                return Some(bytes);
            }
            let kept = COMPLAINT_LIMIT - self.complaint.len();
            self.complaint.extend_from_slice(&bytes[..wanted.min(kept)]);
        }
        None
    }

    /// Takes a header, if it is there.
    fn header(&mut self) -> Option<(Kind, usize)> {
        let [stream, _, _, _, length @ ..] = *self.input.first_chunk::<8>()?;
        self.input.advance(8);
        let kind = if stream == 1 {
            Kind::Output
        } else {
            Kind::Errors
        };
        Some((kind, u32::from_be_bytes(length) as usize))
    }

    /// Engines put "no such program" into the output, too; but an HTTP/2 server begins with a frame of less than 64 KiB,
    /// so with a zero.
    fn is_output(&mut self, first: u8) -> bool {
        if self.state == State::Silent {
            self.state = if first == 0 {
                State::Speaking
            } else {
                State::Complaining
            };
        }
        self.state == State::Speaking
    }

    /// What the end of everything means.
    fn end(&self) -> io::Result<()> {
        let is_whole = self.input.is_empty() && self.frame.is_none_or(|(_, left)| left == 0);
        if self.state == State::Speaking {
            let cut = || Err(io::ErrorKind::UnexpectedEof.into());
            return if is_whole { Ok(()) } else { cut() };
        }
        let text = String::from_utf8_lossy(&self.complaint);
        let text = crate::sanitize::sanitize(text.trim()).into_owned();
        Err(io::Error::other(if text.is_empty() {
            "the command in the container ended without an answer".to_owned()
        } else {
            format!("the command in the container failed: {text}")
        }))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Demultiplexed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if let Some(bytes) = this.output(buf.remaining()) {
                buf.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            let mut space = ReadBuf::new(&mut this.space);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut space))?;
            if space.filled().is_empty() {
                return Poll::Ready(this.end());
            }
            this.input.extend_from_slice(space.filled());
        }
    }
}

/// As it is.
impl<S: AsyncWrite + Unpin> AsyncWrite for Demultiplexed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// `(stream, text)` as an Engine frames them.
    fn frames(parts: &[(u8, &str)]) -> Vec<u8> {
        let frame = |(stream, text): &(u8, &str)| {
            let length = u32::try_from(text.len()).unwrap().to_be_bytes();
            let mut frame = vec![*stream, 0, 0, 0];
            frame.extend(length);
            frame.extend(text.as_bytes());
            frame
        };
        parts.iter().flat_map(frame).collect()
    }

    /// Gives a byte at a time.
    struct Short<'a>(&'a [u8]);

    impl AsyncRead for Short<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if let Some((first, rest)) = self.0.split_first() {
                buf.put_slice(&[*first]);
                self.0 = rest;
            }
            Poll::Ready(Ok(()))
        }
    }

    async fn all(stream: impl AsyncRead + Unpin) -> Result<String, String> {
        let mut text = String::new();
        let read = Demultiplexed::new(stream).read_to_string(&mut text).await;
        read.map(|_| text).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn output_is_read_out_of_frames() {
        let failed = |text: &str| Err(format!("the command in the container failed: {text}"));
        let whole = frames(&[(1, "\0ab"), (2, "noise"), (1, ""), (1, "c")]);
        for (bytes, expected) in [
            (whole.clone(), Ok("\0abc".to_owned())),
            (
                frames(&[(2, "no "), (2, "buildctl\n")]),
                failed("no buildctl"),
            ),
            (
                frames(&[(1, "OCI runtime exec failed\r\n")]),
                failed("OCI runtime exec failed"),
            ),
            (
                Vec::new(),
                Err("the command in the container ended without an answer".to_owned()),
            ),
            (
                whole[..whole.len() - 1].to_vec(),
                Err("unexpected end of file".to_owned()),
            ),
            (
                whole[..whole.len() - 3].to_vec(),
                Err("unexpected end of file".to_owned()),
            ),
        ] {
            assert_eq!(all(&bytes[..]).await, expected);
            assert_eq!(all(Short(&bytes)).await, expected);
        }
    }

    #[tokio::test]
    async fn a_long_complaint_is_cut() {
        let error = all(&frames(&[(2, &"x".repeat(9000))])[..])
            .await
            .unwrap_err();
        assert_eq!(error.matches('x').count(), COMPLAINT_LIMIT);
    }
}
