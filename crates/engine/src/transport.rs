//! Requests over a [`Connector`]: two ways.
//!
//! Ordinary requests (inspect, list, tag, remove, version, info) go through `bollard`, whose types
//! know the answers; it gets our connections as its "custom transport". What bollard 0.21 leaves to
//! us there: it sends no API version in the path, so [`Transport::bollard`] adds the negotiated one.
//!
//! Requests that stream go out from here directly with `hyper`, each on a connection of its own, because bollard limits the time to
//! the response head (which for a build comes after the upload), writes registry credentials in the
//! wrong base64 alphabet, logs request bodies, offers a fraction of the options of `POST /build`,
//! and reads answers without limits.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, UPGRADE, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::upgrade::Upgraded;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::build::AbortOnDrop;
use crate::client::ApiVersion;
use crate::connect::{Connector, Stream};
use crate::error::{BoxError, RequestError};
use crate::patient::Patient;

/// A request's body, of any kind.
pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// The longest error answer that is read, in bytes.
const ERROR_LIMIT: usize = 64 << 10;

/// The longest time to an agreement on another protocol, or to another answer that takes no work.
pub(crate) const UPGRADE_LIMIT: Duration = Duration::from_secs(60);

/// Sends ordinary requests; keeps connections open between them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Transport {
    connector: Connector,
    pool: Client<Connector, Body>,
    host: HeaderValue,
}

impl Transport {
    pub(crate) fn new(connector: Connector) -> Result<Self, RequestError> {
        let host = HeaderValue::from_str(&connector.host()).map_err(RequestError::broken)?;
        let pool = Client::builder(TokioExecutor::new()).build(connector.clone());
        Ok(Self {
            connector,
            pool,
            host,
        })
    }

    /// A request that still lacks its body; `path` begins with `/` and may have a query.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.host.clone())
            .header(USER_AGENT, concat!("shipload/", env!("CARGO_PKG_VERSION")))
    }

    /// Sends a request on a kept connection; the answer may have any status.
    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, RequestError> {
        let (mut parts, body) = request.into_parts();
        // The pool wants a whole URI as its key; there is only one place to go.
        let path = parts
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        parts.uri = format!("http://engine{path}")
            .parse()
            .map_err(RequestError::broken)?;
        let answer = self.pool.request(Request::from_parts(parts, body)).await;
        answer.map_err(|error| {
            if error.is_connect() {
                RequestError::Connect(connect_cause(error))
            } else {
                RequestError::broken(error)
            }
        })
    }

    /// Sends a request without a body; an answer that is no success is an error.
    pub(crate) async fn ask(
        &self,
        request: http::request::Builder,
    ) -> Result<Response<Incoming>, RequestError> {
        let request = request.body(empty()).map_err(RequestError::broken)?;
        successful(self.send(request).await?).await
    }

    /// Opens a connection for one request. Its task is to be kept for as long as the answer is read.
    pub(crate) async fn open(
        &self,
    ) -> Result<
        (
            SendRequest<Body>,
            impl Future<Output = hyper::Result<()>> + use<>,
        ),
        RequestError,
    > {
        let stream = self.connect().await?;
        let io = TokioIo::new(Patient::new(stream));
        hyper::client::conn::http1::handshake(io)
            .await
            .map_err(RequestError::broken)
    }

    /// Sends a request on a connection of its own; an answer that is no success is an error. For
    /// what takes long, or must not be sent twice: a kept connection may have been closed just now.
    pub(crate) async fn send_alone(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, RequestError> {
        let (mut sender, connection) = self.open().await?;
        // It ends with the answer, or when the answer is dropped.
        tokio::spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .map_err(RequestError::broken)?;
        successful(answer).await
    }

    /// Asks for another protocol, such as `h2c`, on a connection of its own, and returns what is the connection from then
    /// on.
    pub(crate) async fn upgrade(
        &self,
        request: http::request::Builder,
        protocol: &'static str,
        body: Body,
    ) -> Result<Upgraded, RequestError> {
        let request = request
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, protocol)
            .body(body)
            .map_err(RequestError::broken)?;
        let stream = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(RequestError::broken)?;
        // It ends with the upgrade.
        let _connection = AbortOnDrop(tokio::spawn(connection.with_upgrades()));
        let answer = tokio::time::timeout(UPGRADE_LIMIT, sender.send_request(request)).await;
        let answer = answer
            .map_err(|_| RequestError::Timeout)?
            .map_err(RequestError::broken)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = answer.status().as_u16();
            successful(answer).await?;
            let message = "it did not change the protocol".to_owned();
            return Err(RequestError::Refused { status, message });
        }
        hyper::upgrade::on(answer)
            .await
            .map_err(RequestError::broken)
    }

    /// A connection that nothing was sent on.
    pub(crate) async fn connect(&self) -> Result<Stream, RequestError> {
        self.connector
            .connect()
            .await
            .map_err(RequestError::Connect)
    }

    /// The same connections for bollard, with `api` in every path and a time limit to the response head.
    pub(crate) fn bollard(
        &self,
        api: ApiVersion,
        limit: Duration,
    ) -> Result<bollard::Docker, bollard::errors::Error> {
        let transport = self.clone();
        let send = move |request: bollard::BollardRequest| {
            let transport = transport.clone();
            async move {
                let (mut parts, body) = request.into_parts();
                let path = parts
                    .uri
                    .path_and_query()
                    .map_or("/", http::uri::PathAndQuery::as_str);
                parts.uri = format!("/v{api}{path}").parse()?;
                parts.headers.remove(CONTENT_TYPE);
                parts.headers.insert(HOST, transport.host.clone());
                let body = body.map_err(BoxError::from).boxed_unsync();
                let answer = transport.send(Request::from_parts(parts, body)).await;
                Ok(answer.map_err(io::Error::other)?)
            }
        };
        let version = bollard::ClientVersion {
            major_version: usize::from(api.major),
            minor_version: usize::from(api.minor),
        };
        let seconds = limit.as_secs().max(1);
        bollard::Docker::connect_with_custom_transport(
            send,
            Some("http://engine"),
            seconds,
            &version,
        )
    }
}

/// A body without bytes.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Lets a success pass, and makes an error of anything else.
pub(crate) async fn successful(
    response: Response<Incoming>,
) -> Result<Response<Incoming>, RequestError> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = Limited::new(response.into_body(), ERROR_LIMIT)
        .collect()
        .await;
    let bytes = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    Err(RequestError::Refused {
        status: status.as_u16(),
        message: message(status, &bytes),
    })
}

/// `{"message": …}` of Docker, `{"cause", "message"}` of Podman, plain text of a proxy.
fn message(status: StatusCode, body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Told {
        message: String,
    }
    let text = match serde_json::from_slice::<Told>(body) {
        Ok(told) => told.message,
        Err(_) => String::from_utf8_lossy(body)
            .trim()
            .chars()
            .take(1000)
            .collect(),
    };
    if text.is_empty() {
        return status
            .canonical_reason()
            .unwrap_or("no reason was given")
            .to_owned();
    }
    text
}

/// The system's error below hyper's.
fn connect_cause(error: hyper_util::client::legacy::Error) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(next) = cause {
        if let Some(found) = next.downcast_ref::<io::Error>() {
            return match found.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(found.kind(), deepest(found)),
            };
        }
        cause = next.source();
    }
    io::Error::other(error)
}

fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
