//! `Route`: the ways on which a BuildKit is reached, and on which it reaches us.
//!
//! | to            | calls                               | session                            |
//! |---------------|-------------------------------------|------------------------------------|
//! | Docker Engine | `POST /grpc`, upgraded to HTTP/2    | `POST /session`, upgraded, reversed |
//! | Engine ≥ 29.2 | HTTP/2 on the API's own Unix socket | a stream of `Control.Session`       |
//! | `buildkitd`   | HTTP/2                              | a stream of `Control.Session`       |

use std::fmt;

use bollard_buildkit_proto::moby::buildkit::v1::BytesMessage;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Method;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use tonic::{Request, Streaming};

use crate::address::Address;
use crate::client::{ApiVersion, Engine};
use crate::error::RequestError;
use crate::patient::Patient;
use crate::random;
use crate::session::Session;
use crate::tasks::Tasks;
use crate::transport::{UPGRADE_LIMIT, empty};

use super::channel::{BoxWire, Channel};
use super::daemon::Daemon;

/// From this version on an Engine takes gRPC on its own socket, and `/grpc` and `/session` are deprecated.
const PLAIN_GRPC: ApiVersion = ApiVersion {
    major: 1,
    minor: 53,
};

/// How much of a session may wait in each direction, in bytes.
const WAITING: usize = 1 << 20;

/// How much goes into one message of a session, in bytes.
const PIECE: usize = 128 << 10;

/// See the module.
#[derive(Clone)]
pub(crate) enum Route {
    /// An Engine's `/grpc` and `/session`.
    Upgrades(Engine),
    /// An Engine's socket itself.
    Plain(Engine),
    /// A BuildKit that is part of no Engine.
    Daemon(Daemon),
}

/// By which way a BuildKit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// HTTP/2 from the first byte on.
    Direct,
    /// A request to the engine's `/grpc`, upgraded to HTTP/2.
    Upgrade,
    /// `POST /build` of the engine, with a session beside: where `/grpc` is let through to nobody.
    Post,
}

/// Such as `POST /grpc`.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "plain gRPC",
            Self::Upgrade => "gRPC within POST /grpc",
            Self::Post => "POST /build with a session",
        })
    }
}

/// The connection on which BuildKit calls us, and what moves its bytes.
pub(crate) struct SessionWire {
    pub(crate) wire: BoxWire,
    /// Stopped with the connection.
    pub(crate) pump: Option<Tasks>,
}

impl Route {
    /// The best way to an Engine's BuildKit.
    pub(crate) fn to(engine: &Engine) -> Self {
        let about = engine.about();
        // Over TLS Engines agree on HTTP/1 only.
        if about.api >= PLAIN_GRPC && matches!(about.address, Address::Unix(_)) {
            Self::Plain(engine.clone())
        } else {
            Self::Upgrades(engine.clone())
        }
    }

    /// Whether an Engine is there, with its store of images.
    pub(crate) fn is_engine(&self) -> bool {
        match self {
            Self::Upgrades(_) | Self::Plain(_) => true,
            Self::Daemon(_) => false,
        }
    }

    /// The newest version of the API of the Engine that is there.
    pub(crate) fn api(&self) -> Option<ApiVersion> {
        match self {
            Self::Upgrades(engine) | Self::Plain(engine) => {
                let about = engine.about();
                Some(about.newest_api.unwrap_or(about.api))
            }
            Self::Daemon(_) => None,
        }
    }

    /// Connects for calls.
    pub(crate) async fn channel(&self) -> Result<Channel, RequestError> {
        Channel::new(match self {
            Self::Upgrades(engine) => {
                let transport = &engine.0.transport;
                let request = transport.request(Method::POST, "/grpc");
                Box::new(transport.upgrade(request, "h2c", empty()).await?)
            }
            Self::Plain(engine) => Box::new(TokioIo::new(engine.0.transport.connect().await?)),
            Self::Daemon(daemon) => {
                let stream = daemon.connector.connect().await;
                let stream = stream.map_err(RequestError::Connect)?;
                // One that does not take our certificate says so and hangs up, while we speak.
                Box::new(TokioIo::new(Patient::new(stream)))
            }
        })
        .await
    }

    /// The Engine whose BuildKit it is, if it is one's.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Upgrades(engine) | Self::Plain(engine) => Some(engine),
            Self::Daemon(_) => None,
        }
    }

    /// Connects for a session by an Engine's `/session`.
    pub(crate) async fn upgraded(
        engine: &Engine,
        headers: Vec<(&'static str, String)>,
    ) -> Result<Upgraded, RequestError> {
        let transport = &engine.0.transport;
        let mut request = transport.request(Method::POST, "/session");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        transport.upgrade(request, "h2c", empty()).await
    }

    /// Connects in whatever way there is, and hangs up again.
    pub(crate) async fn ping(&self) -> Result<Way, RequestError> {
        let way = match self {
            Self::Upgrades(_) => Way::Upgrade,
            Self::Plain(_) | Self::Daemon(_) => Way::Direct,
        };
        match (self.channel().await, self.engine()) {
            (Err(RequestError::Refused { .. }), Some(engine)) => {
                let id = random::name().map_err(RequestError::broken)?;
                let headers = vec![("x-docker-expose-session-uuid", id)];
                Self::upgraded(engine, headers).await.map(|_| Way::Post)
            }
            (outcome, _) => outcome.map(|_| way),
        }
    }

    /// Connects for a session, which is to be served at once.
    pub(crate) async fn session(
        &self,
        session: &Session,
        channel: &Channel,
    ) -> Result<SessionWire, RequestError> {
        match self {
            Self::Upgrades(engine) => Ok(SessionWire {
                wire: Box::new(Self::upgraded(engine, session.headers()).await?),
                pump: None,
            }),
            Self::Plain(_) | Self::Daemon(_) => stream(session, channel).await,
        }
    }
}

/// A session within a call.
async fn stream(session: &Session, channel: &Channel) -> Result<SessionWire, RequestError> {
    let (ours, theirs) = tokio::io::duplex(WAITING);
    let (from_us, to_us) = tokio::io::split(theirs);
    let (sender, messages) = mpsc::channel(4);
    let mut request = Request::new(ReceiverStream::new(messages));
    for (name, value) in session.headers() {
        let value: AsciiMetadataValue = value.parse().map_err(RequestError::broken)?;
        request
            .metadata_mut()
            .append(AsciiMetadataKey::from_static(name), value);
    }
    let tasks = Tasks::default();
    tasks.spawner().spawn(send(from_us, sender));
    let mut control = ControlClient::with_origin(channel.clone(), Channel::origin());
    let answer = tokio::time::timeout(UPGRADE_LIMIT, control.session(request)).await;
    let answer = answer.map_err(|_| RequestError::Timeout)?;
    let answer = answer.map_err(RequestError::broken)?.into_inner();
    tasks.spawner().spawn(receive(answer, to_us));
    Ok(SessionWire {
        wire: Box::new(TokioIo::new(ours)),
        pump: Some(tasks),
    })
}

/// Puts what we write into messages, until we hang up.
async fn send(mut from_us: ReadHalf<DuplexStream>, messages: mpsc::Sender<BytesMessage>) {
    let mut buffer = vec![0; PIECE];
    while let Ok(length @ 1..) = from_us.read(&mut buffer).await {
        let data = buffer[..length].to_vec();
        if messages.send(BytesMessage { data }).await.is_err() {
            return;
        }
    }
}

/// Takes what they write out of messages, until they hang up.
async fn receive(mut messages: Streaming<BytesMessage>, mut to_us: WriteHalf<DuplexStream>) {
    while let Some(Ok(message)) = messages.next().await {
        if to_us.write_all(&Bytes::from(message.data)).await.is_err() {
            return;
        }
    }
    let _ = to_us.shutdown().await;
}
