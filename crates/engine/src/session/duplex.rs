//! For tests: a service at one end of a connection in memory, a client at the other.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint, Server};
use tower_service::Service;

/// A channel to `service`, which is served until the channel and its clones are dropped.
pub(crate) async fn connect<S>(service: S) -> Channel
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: NamedService + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let incoming = tokio_stream::once(io::Result::Ok(theirs));
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(incoming));
    let endpoint = Endpoint::from_static("http://session");
    let connector = Once(Some(ours));
    endpoint.connect_with_connector(connector).await.unwrap()
}

/// Hands out the one connection there is.
struct Once(Option<DuplexStream>);

impl Service<Uri> for Once {
    type Response = TokioIo<DuplexStream>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.take().ok_or(io::ErrorKind::NotConnected.into());
        ready(stream.map(TokioIo::new))
    }
}
