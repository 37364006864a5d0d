//! A connection through the system's `ssh`: its standard input and output.
//!
//! Runs `docker system dial-stdio` on the other side, exactly as the docker CLI does, or `buildctl dial-stdio`, as buildx
//! does: keys, agents, jump hosts and `known_hosts` are then what the user set up for `ssh`.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::Sleep;

use crate::address::SshTarget;
use crate::build::AbortOnDrop;
use crate::environment::Environment;

/// How much of what `ssh` complains is kept, in bytes.
const COMPLAINT_LIMIT: u64 = 4096;

/// How long a complaint is waited for after the output has ended. It comes at once; but a master
/// process that `ssh` left behind (`ControlPersist`) may keep the pipe open for ever.
const COMPLAINT_GRACE: Duration = Duration::from_secs(1);

/// Which program on the other side passes bytes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialer {
    /// `docker`, to an Engine.
    Docker,
    /// `buildctl`, to a `buildkitd`.
    Buildctl,
}

/// A running `ssh`; killed when dropped.
pub(crate) struct SshStream {
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    complaint: Arc<Mutex<Vec<u8>>>,
    listener: AbortOnDrop<()>,
    /// Whether the other side has said anything.
    answered: bool,
    /// Runs since the output ended without an answer.
    grace: Option<Pin<Box<Sleep>>>,
}

impl SshStream {
    /// Starts `program` for `target`, with the variables of `environment`.
    pub(crate) fn start(
        program: &std::path::Path,
        target: &SshTarget,
        dialer: Dialer,
        environment: &Environment,
        timeout: Duration,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments(target, dialer, timeout))
            .env_clear()
            .envs(environment.variables());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let missing = || io::Error::other("`ssh` has no pipes");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;
        let complaint = Arc::new(Mutex::new(Vec::new()));
        let listener = AbortOnDrop(tokio::spawn(listen(errors, Arc::clone(&complaint))));
        let (answered, grace) = (false, None);
        Ok(Self {
            _child: child,
            input,
            output,
            complaint,
            listener,
            answered,
            grace,
        })
    }

    /// Waits for the complaint, and makes an error of it.
    fn poll_failure(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let over = || Box::pin(tokio::time::sleep(COMPLAINT_GRACE));
        let over = self
            .grace
            .get_or_insert_with(over)
            .as_mut()
            .poll(cx)
            .is_ready();
        if !over
            && !self.listener.0.is_finished()
            && Pin::new(&mut self.listener.0).poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        let kept = self
            .complaint
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let text = crate::sanitize::sanitize(String::from_utf8_lossy(&kept).trim()).into_owned();
        Poll::Ready(io::Error::other(if text.is_empty() {
            "`ssh` ended without an answer".to_owned()
        } else {
            format!("`ssh` failed: {text}")
        }))
    }

    /// Input that is refused before any answer is the same failure, which the reader tells.
    fn hold<T>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(Err(error))
                if !self.answered && error.kind() == io::ErrorKind::BrokenPipe =>
            {
                Poll::Pending
            }
            other => other,
        }
    }
}

/// Keeps the beginning of what `ssh` complains, and reads the rest away, lest it blocks.
async fn listen(errors: ChildStderr, kept: Arc<Mutex<Vec<u8>>>) {
    let mut text = Vec::new();
    let mut errors = errors.take(COMPLAINT_LIMIT);
    while errors.read_buf(&mut text).await.is_ok_and(|read| read > 0) {
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&text);
    }
    // What is lost of it is of no use to anybody.
    let _ = tokio::io::copy(&mut errors.into_inner(), &mut tokio::io::sink()).await;
}

/// The docker CLI's arguments:
/// `-o ConnectTimeout=30 -T -l user -p port -- host docker system dial-stdio`, and buildx': `… host buildctl dial-stdio`.
fn arguments(target: &SshTarget, dialer: Dialer, timeout: Duration) -> Vec<String> {
    let seconds = timeout.as_secs().max(1);
    let mut arguments = vec![
        "-o".to_owned(),
        format!("ConnectTimeout={seconds}"),
        "-T".to_owned(),
    ];
    if let Some(user) = &target.user {
        arguments.extend(["-l".to_owned(), user.clone()]);
    }
    if let Some(port) = target.port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    let (program, option, command): (_, _, &[_]) = match dialer {
        Dialer::Docker => ("docker", "--host", &["system", "dial-stdio"]),
        Dialer::Buildctl => ("buildctl", "--addr", &["dial-stdio"]),
    };
    arguments.extend(["--".to_owned(), target.host.clone(), program.to_owned()]);
    if let Some(socket) = &target.socket {
        // The remote shell splits what ssh passes on.
        let quoted = format!("'unix://{}'", socket.replace('\'', r"'\''"));
        arguments.extend([option.to_owned(), quoted]);
    }
    arguments.extend(command.iter().map(ToString::to_string));
    arguments
}

impl AsyncRead for SshStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if self.grace.is_none() {
            let polled = Pin::new(&mut self.output).poll_read(cx, buf);
            let ended = matches!(polled, Poll::Ready(Ok(())))
                && buf.filled().len() == before
                && buf.remaining() > 0;
            self.answered |= buf.filled().len() > before;
            if self.answered || !ended {
                return polled;
            }
        }
        self.poll_failure(cx).map(Err)
    }
}

impl AsyncWrite for SshStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.input).poll_write(cx, buf);
        self.hold(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.input).poll_flush(cx);
        self.hold(outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}
