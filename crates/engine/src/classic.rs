//! Building on the classic builder: `POST /build` with the context as the request's body.
//!
//! The whole exchange:
//!
//! ```text
//! POST /v1.41/build?t=…&dockerfile=…            Connection: close, Transfer-Encoding: chunked,
//!   archive, in chunks                ──►       Content-Type: application/x-tar, X-Registry-Config
//!                                     ◄──  4xx, 5xx {"message"}: refused, perhaps before the end
//!   final chunk: only after success   ──►
//!                                     ◄──  200 {"stream"}* {"aux":{"ID"}} | {"errorDetail"}
//! ```
//!
//! Spoken with `hyper` and not through bollard, for a connection of its own: it is closed to stop the
//! engine, dropped without a final chunk when packing fails, and closed by the engine afterwards;
//! and see [`crate::transport`]'s reasons. An image id is a success; the end of the answer is not.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use crate::auth::{Credential, Registry, config_header};
use crate::build::{AbortOnDrop, BuildError, BuildStream, Built};
use crate::client::Engine;
use crate::error::RequestError;
use crate::events::Event;
use crate::image_name::ImageName;
use crate::options::BuildOptions;
use crate::parser::{EventParser, Message};
use crate::transport::{Body, successful};
use crate::upload::{ContextBody, Packing, UploadProgress, Verdict};

/// How long the packer may take to end after the engine has finished.
const PACKER_GRACE: Duration = Duration::from_secs(10);

/// How long the packer may take to say that it failed after the connection broke.
const VERDICT_GRACE: Duration = Duration::from_secs(2);

/// Building.
impl Engine {
    /// Starts a build and returns at once; the context is packed and sent while the events are read.
    ///
    /// Must be called in a Tokio runtime. Dropping the stream before its end cancels the build.
    ///
    /// ```no_run
    /// use shipload_engine::{BuildOptions, ConnectOptions, ContextBody, Engine, Event};
    ///
    /// # async fn example(archive: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::connect(&ConnectOptions::default()).await?;
    /// let options = BuildOptions { tags: vec!["app:1".parse()?], ..BuildOptions::default() };
    /// let mut build = engine.build(ContextBody::from_bytes(archive), &options);
    /// while let Some(event) = build.next_event().await {
    ///     if let Event::Step { number, total, text } = event {
    ///         println!("{number}/{total} {text}");
    ///     }
    /// }
    /// println!("{}", build.finish().await?.image_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn build(&self, context: ContextBody, options: &BuildOptions) -> BuildStream {
        let progress = UploadProgress::default();
        BuildStream::start(progress.clone(), |events| {
            let exchange = Exchange {
                engine: self.clone(),
                options: options.clone(),
                events,
                progress,
            };
            exchange.run(context)
        })
    }
}

/// The context on its way.
struct Upload {
    packing: Packing,
    connection: AbortOnDrop<hyper::Result<()>>,
}

impl Upload {
    /// A broken connection is the packer's doing if the packer failed, which it then says at once.
    async fn broken(mut self, error: hyper::Error) -> BuildError {
        // Its other half may still be waiting to write, and the packer for it.
        self.connection.0.abort();
        match tokio::time::timeout(VERDICT_GRACE, self.packing.verdict()).await {
            Ok(Verdict::Failed(cause)) => BuildError::pack(cause),
            Ok(Verdict::Done | Verdict::Cut) | Err(_) => RequestError::broken(error).into(),
        }
    }
}

/// One `POST /build`.
struct Exchange {
    engine: Engine,
    options: BuildOptions,
    events: mpsc::Sender<Event>,
    progress: UploadProgress,
}

impl Exchange {
    async fn run(self, context: ContextBody) -> Result<Built, BuildError> {
        let credentials = self.credentials().await;
        let transport = &self.engine.0.transport;
        let (mut sender, connection) = transport.open().await?;
        let connection = AbortOnDrop(tokio::spawn(connection));
        let (body, packing) = context
            .start(&self.progress)
            .map_err(|error| BuildError::Pack(error.into()))?;
        let upload = Upload {
            packing,
            connection,
        };
        let request = self.request(&credentials, body)?;
        let answer = match sender.send_request(request).await {
            Ok(answer) => successful(answer).await?,
            Err(error) => return Err(upload.broken(error).await),
        };
        self.read(answer, upload).await
    }

    /// The credentials of the registries that are needed. A build can do without, if the images are
    /// public, so a failure is a warning that explains the engine's refusal if it comes.
    async fn credentials(&self) -> Vec<(Registry, Credential)> {
        let mut found = Vec::new();
        for registry in &self.options.registries {
            match self.engine.credentials().get(registry).await {
                Ok(Some(credential)) => found.push((registry.clone(), credential)),
                Ok(None) => {}
                Err(error) => self.emit(Event::Warning(error.to_string())).await,
            }
        }
        found
    }

    fn request(
        &self,
        credentials: &[(Registry, Credential)],
        body: Body,
    ) -> Result<Request<Body>, RequestError> {
        let path = self.engine.path(&format!(
            "/build{}",
            self.options.query(self.engine.about().kind, 1).0
        ));
        let mut request = self
            .engine
            .0
            .transport
            .request(Method::POST, &path)
            .header(CONTENT_TYPE, "application/x-tar")
            .header(CONNECTION, "close");
        if let Some(value) = config_header(credentials).map_err(RequestError::broken)? {
            request = request.header("X-Registry-Config", value);
        }
        request.body(body).map_err(RequestError::broken)
    }

    async fn read(&self, answer: Response<Incoming>, upload: Upload) -> Result<Built, BuildError> {
        let mut parser = if self.options.quiet {
            EventParser::quiet()
        } else {
            EventParser::new()
        };
        let (mut messages, mut image_id) = (Vec::new(), None);
        let mut body = answer.into_body().into_data_stream();
        while let Some(piece) = body.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return Err(upload.broken(error).await),
            };
            let parsed = parser.feed(&piece, &mut messages);
            for message in messages.drain(..) {
                match message {
                    Message::Failure(failure) => return Err(failure.into()),
                    Message::Event(event) => {
                        if let Event::ImageId(id) = &event {
                            image_id = Some(id.clone());
                        }
                        self.emit(event).await;
                    }
                }
            }
            parsed?;
        }
        parser.finish()?;
        self.conclude(image_id, parser.unverified_id(), upload)
            .await
    }

    async fn conclude(
        &self,
        image_id: Option<String>,
        unverified: Option<&str>,
        mut upload: Upload,
    ) -> Result<Built, BuildError> {
        match tokio::time::timeout(PACKER_GRACE, upload.packing.verdict()).await {
            Ok(Verdict::Done) => {}
            Ok(Verdict::Failed(cause)) => return Err(BuildError::pack(cause)),
            Ok(Verdict::Cut) | Err(_) => return Err(BuildError::Early),
        }
        let image_id = match (image_id, unverified) {
            (Some(id), _) => id,
            (None, Some(short)) => {
                let name: ImageName = short.parse().map_err(|_| BuildError::NoImage)?;
                self.engine
                    .inspect(&name)
                    .await
                    .map_err(|_| BuildError::NoImage)?
                    .id
            }
            (None, None) => return Err(BuildError::NoImage),
        };
        let mut built = Built {
            image_id,
            tags: self.options.tags.clone(),
            metadata: BTreeMap::new(),
        };
        let further = &self.options.further_tags;
        if further.is_empty() {
            return Ok(built);
        }
        let image: ImageName = built.image_id.parse().map_err(|_| BuildError::NoImage)?;
        match self.engine.tag_all(&image, further).await {
            Ok(()) => {
                built.tags.extend_from_slice(further);
                Ok(built)
            }
            Err(partial) => {
                built.tags.extend_from_slice(&partial.set);
                let source = Box::new(partial);
                Err(BuildError::Tags { built, source })
            }
        }
    }

    /// Nobody listening any more is a cancellation, which ends this task anyway.
    async fn emit(&self, event: Event) {
        let _ = self.events.send(event).await;
    }
}
