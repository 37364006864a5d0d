//! One connection to an engine: a Unix socket, TCP, TLS, or what `ssh` or a command in a container passes on.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::address::{Address, SshTarget};
use crate::environment::Environment;
use crate::exec::{Exec, ExecStream};
use crate::ssh::{Dialer, SshStream};
use crate::tls::{Protocol, TlsError, TlsFiles};

/// Opens connections to one address; cheap to clone.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    target: Target,
    timeout: Duration,
}

enum Target {
    #[cfg(unix)]
    Unix(std::path::PathBuf),
    Tcp {
        host: String,
        port: u16,
        tls: Option<(ServerName<'static>, Arc<ClientConfig>)>,
    },
    Ssh {
        program: std::path::PathBuf,
        target: SshTarget,
        dialer: Dialer,
        environment: Environment,
    },
    Exec(Exec),
}

/// Why no connection can be tried at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The TLS material cannot be used.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
    /// There is no `ssh` program.
    #[error("there is no `ssh` on the PATH")]
    NoSsh,
    /// This system has no Unix sockets.
    #[error("this system has no Unix sockets")]
    NoUnixSockets,
}

/// To one address. What can be checked without connecting is checked, and certificates are read.
impl Connector {
    /// To an Engine.
    pub(crate) fn new(
        address: &Address,
        environment: &Environment,
        timeout: Duration,
    ) -> Result<Self, ConnectorError> {
        match address {
            Address::Unix(path) => Self::unix(path, timeout),
            Address::Tcp { host, port, tls } => {
                let tls = tls.as_ref().map(|files| (host.as_str(), files));
                Self::tcp(host, *port, tls, Protocol::Http1, timeout)
            }
            Address::Ssh(target) => Self::ssh(target, Dialer::Docker, environment, timeout),
        }
    }

    /// To a Unix socket.
    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
    pub(crate) fn unix(path: &Path, timeout: Duration) -> Result<Self, ConnectorError> {
        Ok(Self::to(Target::Unix(path.to_owned()), timeout))
    }

    #[cfg(not(unix))]
    pub(crate) fn unix(_: &Path, _: Duration) -> Result<Self, ConnectorError> {
        Err(ConnectorError::NoUnixSockets)
    }

    /// To a port, with TLS where the name that the certificate must have and the client's own files are given.
    pub(crate) fn tcp(
        host: &str,
        port: u16,
        tls: Option<(&str, &TlsFiles)>,
        protocol: Protocol,
        timeout: Duration,
    ) -> Result<Self, ConnectorError> {
        let tls = match tls {
            None => None,
            Some((name, files)) => {
                let name = ServerName::try_from(name.to_owned())
                    .map_err(|_| TlsError::Name(name.to_owned()))?;
                Some((name, files.client_config(protocol)?))
            }
        };
        let host = host.to_owned();
        Ok(Self::to(Target::Tcp { host, port, tls }, timeout))
    }

    /// To what a program on another machine passes on.
    pub(crate) fn ssh(
        target: &SshTarget,
        dialer: Dialer,
        environment: &Environment,
        timeout: Duration,
    ) -> Result<Self, ConnectorError> {
        let ssh = Target::Ssh {
            program: environment
                .find_program("ssh")
                .ok_or(ConnectorError::NoSsh)?,
            target: target.clone(),
            dialer,
            environment: environment.clone(),
        };
        Ok(Self::to(ssh, timeout))
    }

    /// To a command in a container.
    pub(crate) fn exec(exec: Exec, timeout: Duration) -> Self {
        Self::to(Target::Exec(exec), timeout)
    }

    fn to(target: Target, timeout: Duration) -> Self {
        Self(Arc::new(Inner { target, timeout }))
    }
}

/// Connecting.
impl Connector {
    /// The value of the `Host` header.
    pub(crate) fn host(&self) -> String {
        match &self.0.target {
            Target::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Target::Tcp { host, port, .. } => format!("{host}:{port}"),
            // A socket has no name, but HTTP wants one; the docker CLI sends the same.
            _ => "api.moby.localhost".to_owned(),
        }
    }

    /// Connects, within the time limit.
    pub(crate) async fn connect(&self) -> io::Result<Stream> {
        let limit = self.0.timeout;
        tokio::time::timeout(limit, self.open())
            .await
            .unwrap_or_else(|_| {
                let text = format!("no connection within {} s", limit.as_secs_f32());
                Err(io::Error::new(io::ErrorKind::TimedOut, text))
            })
    }

    async fn open(&self) -> io::Result<Stream> {
        match &self.0.target {
            #[cfg(unix)]
            Target::Unix(path) => Ok(Stream(Kind::Unix(
                tokio::net::UnixStream::connect(path).await?,
            ))),
            Target::Tcp { host, port, tls } => {
                let socket = TcpStream::connect((host.as_str(), *port)).await?;
                socket.set_nodelay(true)?;
                keep_alive(&socket);
                Ok(Stream(match tls {
                    None => Kind::Tcp(socket),
                    Some((name, config)) => {
                        let connector = TlsConnector::from(Arc::clone(config));
                        Kind::Tls(Box::new(connector.connect(name.clone(), socket).await?))
                    }
                }))
            }
            Target::Ssh {
                program,
                target,
                dialer,
                environment,
            } => {
                let limit = self.0.timeout;
                let started = SshStream::start(program, target, *dialer, environment, limit)?;
                Ok(Stream(Kind::Ssh(Box::new(started))))
            }
            Target::Exec(exec) => Ok(Stream(Kind::Exec(Box::new(exec.start().await?)))),
        }
    }
}

/// Has the system notice that the other side is gone without a word, as Go's programs do: after 15 s of silence it asks, up to nine
/// times. A build may be silent for hours, so nothing else tells.
fn keep_alive(socket: &TcpStream) {
    use rustix::net::sockopt;
    const PAUSE: Duration = Duration::from_secs(15);
    // A system that cannot do it works as well as before.
    let _ = sockopt::set_socket_keepalive(socket, true);
    let _ = sockopt::set_tcp_keepidle(socket, PAUSE);
    let _ = sockopt::set_tcp_keepintvl(socket, PAUSE);
    let _ = sockopt::set_tcp_keepcnt(socket, 9);
}

/// An open connection.
pub(crate) struct Stream(Kind);

enum Kind {
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    Tcp(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    Ssh(Box<SshStream>),
    Exec(Box<ExecStream>),
}

/// Calls one method on whichever stream it is.
macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match &mut $self.get_mut().0 {
            #[cfg(unix)]
            Kind::Unix($stream) => $call,
            Kind::Tcp($stream) => $call,
            Kind::Tls($stream) => $call,
            Kind::Ssh($stream) => $call,
            Kind::Exec($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            #[cfg(unix)]
            Kind::Unix(stream) => stream.is_write_vectored(),
            Kind::Tcp(stream) => stream.is_write_vectored(),
            Kind::Tls(stream) => stream.is_write_vectored(),
            Kind::Ssh(_) | Kind::Exec(_) => false,
        }
    }
}

/// The connections of ordinary requests, which are kept and used again.
impl tower_service::Service<http::Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect().await.map(TokioIo::new) })
    }
}

impl hyper_util::client::legacy::connect::Connection for Stream {
    fn connected(&self) -> hyper_util::client::legacy::connect::Connected {
        hyper_util::client::legacy::connect::Connected::new()
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt;

    use super::*;

    #[tokio::test]
    async fn a_port_that_falls_silent_is_asked() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let limit = Duration::from_secs(5);
        let connector = Connector::tcp("127.0.0.1", port, None, Protocol::Http1, limit);
        let Stream(Kind::Tcp(socket)) = connector.unwrap().connect().await.unwrap() else {
            panic!("another connection")
        };
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        let pause = Duration::from_secs(15);
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), pause);
        assert_eq!(sockopt::tcp_keepintvl(&socket).unwrap(), pause);
        assert_eq!(sockopt::tcp_keepcnt(&socket).unwrap(), 9);
    }
}
