//! One connection to an engine: a Unix socket, TCP, TLS, or what `ssh` passes on.

use std::io;
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
use crate::ssh::SshStream;
use crate::tls::TlsError;

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
        environment: Environment,
    },
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

impl Connector {
    /// Checks what can be checked without connecting; reads certificates.
    pub(crate) fn new(
        address: &Address,
        environment: &Environment,
        timeout: Duration,
    ) -> Result<Self, ConnectorError> {
        let target = match address {
            #[cfg(unix)]
            Address::Unix(path) => Target::Unix(path.clone()),
            #[cfg(not(unix))]
            Address::Unix(_) => return Err(ConnectorError::NoUnixSockets),
            Address::Tcp { host, port, tls } => {
                let tls = match tls {
                    None => None,
                    Some(files) => {
                        let name = ServerName::try_from(host.clone())
                            .map_err(|_| TlsError::Name(host.clone()))?;
                        Some((name, files.client_config()?))
                    }
                };
                Target::Tcp {
                    host: host.clone(),
                    port: *port,
                    tls,
                }
            }
            Address::Ssh(target) => Target::Ssh {
                program: environment
                    .find_program("ssh")
                    .ok_or(ConnectorError::NoSsh)?,
                target: target.clone(),
                environment: environment.clone(),
            },
        };
        Ok(Self(Arc::new(Inner { target, timeout })))
    }

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
                environment,
            } => {
                let started = SshStream::start(program, target, environment, self.0.timeout)?;
                Ok(Stream(Kind::Ssh(Box::new(started))))
            }
        }
    }
}

/// An open connection.
pub(crate) struct Stream(Kind);

enum Kind {
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    Tcp(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    Ssh(Box<SshStream>),
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
            Kind::Ssh(_) => false,
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
