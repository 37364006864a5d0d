//! `Channel`: gRPC calls to a BuildKit over one HTTP/2 connection.
//!
//! tonic's own channel connects anew by itself, on tasks of its own. A build is one connection: if that breaks, the build
//! is over, and nothing of it stays behind.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use tokio::sync::watch;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use crate::error::RequestError;
use crate::tasks::Tasks;

/// The longest header list that is taken, in bytes. Error details are headers, and hold a whole Dockerfile.
const HEADER_LIMIT: u32 = 8 << 20;

/// How much may be on its way to us, in bytes: exported archives are large.
const WINDOW: u32 = 4 << 20;

/// How long the end of a connection may take to be known after a call has failed of it.
const END_GRACE: Duration = Duration::from_secs(1);

/// A connection's two directions, as hyper wants them.
pub(crate) trait Wire: hyper::rt::Read + hyper::rt::Write + Send + Unpin {}

impl<T: hyper::rt::Read + hyper::rt::Write + Send + Unpin> Wire for T {}

/// Any connection.
pub(crate) type BoxWire = Box<dyn Wire>;

/// Sends gRPC calls; cheap to clone, and closed with its last clone.
#[derive(Clone)]
pub(crate) struct Channel {
    sender: SendRequest<Body>,
    /// What the connection broke of, if it did; its sender is gone when the connection is.
    ended: watch::Receiver<Option<Arc<hyper::Error>>>,
    _tasks: Arc<Tasks>,
}

impl Channel {
    /// Takes a connection on which the other side expects HTTP/2.
    pub(crate) async fn new(wire: BoxWire) -> Result<Self, RequestError> {
        let tasks = Tasks::default();
        let (sender, connection) = http2::Builder::new(tasks.spawner())
            .max_header_list_size(HEADER_LIMIT)
            .initial_connection_window_size(WINDOW)
            .initial_stream_window_size(WINDOW)
            .handshake(wire)
            .await
            .map_err(RequestError::broken)?;
        let (told, ended) = watch::channel(None);
        tasks.spawner().spawn(async move {
            if let Err(error) = connection.await {
                told.send_replace(Some(Arc::new(error)));
            }
        });
        Ok(Self {
            sender,
            ended,
            _tasks: Arc::new(tasks),
        })
    }

    /// Whether the connection is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// What a call failed of: of the connection, where that broke, of which the call knows nothing.
    pub(crate) async fn failure(&self, status: Status) -> RequestError {
        if !self.sender.is_closed() {
            return RequestError::broken(status);
        }
        let mut ended = self.ended.clone();
        let cause = tokio::time::timeout(END_GRACE, ended.wait_for(Option::is_some)).await;
        match cause.ok().and_then(Result::ok).as_deref() {
            Some(Some(cause)) => RequestError::broken(Arc::clone(cause)),
            _ => RequestError::broken(status),
        }
    }

    /// The address that calls are made to: there is only one place to go.
    pub(crate) fn origin() -> Uri {
        Uri::from_static("http://buildkit")
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, hyper::Result<Response<Incoming>>>;

    /// Always. That the connection is gone is for the call to find, whose error then has a cause; tonic drops the one from here.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}
