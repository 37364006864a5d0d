//! One build: a session is opened, `Control.Solve` builds, `Control.Status` tells of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use futures_util::StreamExt as _;
use shipload_context::View;
use tokio::sync::mpsc;
use tonic::Streaming;

use crate::build::{AbortOnDrop, BuildError, Built};
use crate::buildkit::options::NamedContext;
use crate::cancel::CancelToken;
use crate::error::{BoxError, RequestError};
use crate::events::Event;
use crate::image_name::ImageName;
use crate::node;
use crate::options::BuildOptions;
use crate::random;
use crate::session::export::ExportError;
use crate::session::ssh::SshService;
use crate::session::{Offering, Services, Session};
use crate::upload::UploadProgress;

use super::channel::Channel;
use super::route::SessionWire;
use super::stores::Stores;
use super::{BuildKit, SessionContext, attributes, outputs, status};

/// The largest report that is taken, in bytes; the same limit as in BuildKit's own client.
const MESSAGE_LIMIT: usize = 16 << 20;

/// How long the last reports may take to come after the build has ended.
const REPORT_GRACE: Duration = Duration::from_secs(10);

/// How long the first report may take to come after the build has ended.
const BEGIN_GRACE: Duration = Duration::from_millis(300);

/// How long BuildKit may take to notice that the session has broken.
pub(super) const SESSION_GRACE: Duration = Duration::from_secs(10);

/// A build that is to be done.
pub(super) struct Job {
    pub(super) buildkit: BuildKit,
    pub(super) context: SessionContext,
    pub(super) options: BuildOptions,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) progress: UploadProgress,
}

impl Job {
    pub(super) async fn run(mut self) -> Result<Built, BuildError> {
        // What is wrong with names should not be found after the build.
        outputs::pushed(&self.options)?;
        let mut stores = Stores::open(&mut self.options)?;
        self.warn(&mut stores).await;
        let session = self.session(&stores)?;
        let outcome = match self.buildkit.0.route.channel().await {
            Ok(channel) => self.solve(&session, channel).await,
            // What stands between us and the Engine may let only its documented requests pass.
            Err(refusal @ RequestError::Refused { .. }) => self.post(&session, refusal).await,
            Err(error) => Err(error.into()),
        };
        let built = match (outcome, session.failure()) {
            (Ok(built), _) => built,
            (Err(error), Some(cause)) => return Err(ours(error, cause)),
            (Err(error), None) => return Err(error),
        };
        // A builder says nothing of an output that it does not know.
        if let Some(missing) = session.missing_output() {
            return Err(missing.into());
        }
        let is_engine = self.buildkit.0.route.is_engine();
        if built.image_id.is_empty() && outputs::is_image(&self.options, is_engine) {
            return Err(BuildError::NoImage);
        }
        stores.finish(&built.metadata)?;
        self.warn(&mut stores).await;
        self.push(built).await
    }

    async fn warn(&self, stores: &mut Stores) {
        for warning in stores.warnings.drain(..) {
            // Nobody who listens, nobody who needs to know.
            let _ = self.events.send(Event::Warning(warning)).await;
        }
    }

    fn session(&self, stores: &Stores) -> Result<Session, BuildError> {
        let inner = &self.buildkit.0;
        for secret in &self.options.buildkit.secrets {
            secret.check(&inner.environment)?;
        }
        let services = Services::new(Offering {
            views: self.views()?,
            credentials: &inner.credentials,
            environment: &inner.environment,
            options: &self.options.buildkit,
            ssh: SshService::new(&self.options.buildkit.ssh, &inner.environment)?,
            targets: outputs::targets(&self.options),
            stores: stores.by_id(),
            events: self.events.clone(),
            progress: self.progress.clone(),
        });
        Ok(Session::new(self.shared_key()?, services)?)
    }

    fn shared_key(&self) -> Result<String, RequestError> {
        let options = &self.options;
        if let Some(key) = &options.buildkit.shared_key {
            return Ok(key.clone());
        }
        let node = node::name(&self.buildkit.0.environment).map_err(RequestError::broken)?;
        let name = options.tags.first().map_or("", ImageName::repository);
        let target = options.target.as_deref().unwrap_or_default();
        let named = &options.buildkit.contexts;
        Ok(self.context.shared_key(&node, name, target, named))
    }

    /// The files, by the names under which BuildKit asks for them.
    fn views(&self) -> Result<BTreeMap<String, View>, BuildError> {
        let dockerfile = self.context.dockerfile_view();
        let mut views = BTreeMap::from([
            ("context".to_owned(), self.context.view().clone()),
            (
                "dockerfile".to_owned(),
                dockerfile.map_err(BuildError::pack)?,
            ),
        ]);
        for (name, context) in &self.options.buildkit.contexts {
            if let NamedContext::Local(view) = context {
                let name = attributes::local_name(name).into_owned();
                views.insert(name, view.clone());
            }
        }
        Ok(views)
    }

    async fn solve(&self, session: &Session, channel: Channel) -> Result<Built, BuildError> {
        let route = &self.buildkit.0.route;
        let SessionWire { wire, pump } = route.session(session, &channel).await?;
        let serving = session.serve(wire);
        let reference = random::name().map_err(RequestError::broken)?;
        let mut control = ControlClient::with_origin(channel.clone(), Channel::origin());
        let building = control.solve(self.request(session, &reference));
        let reports = Reports::follow(&channel, &reference, &self.events);
        tokio::pin!(serving, building);
        let answer = tokio::select! {
            answer = &mut building => answer,
            ended = &mut serving => {
                let answer = tokio::time::timeout(SESSION_GRACE, building).await;
                answer.map_err(|_| closed(ended))?
            }
        };
        drop(pump);
        reports.finish().await;
        let response = match answer {
            Ok(answer) => answer.into_inner(),
            // What BuildKit itself has answered has no cause.
            Err(status) if channel.is_closed() && std::error::Error::source(&status).is_some() => {
                return Err(channel.failure(status).await.into());
            }
            Err(status) => return Err(BuildError::call(status)),
        };
        Ok(self.built(response.exporter_response).await)
    }

    fn request(&self, session: &Session, reference: &str) -> proto::SolveRequest {
        let options = &self.options;
        let mut exporters = outputs::exporters(options, self.buildkit.0.route.is_engine());
        let mut request = proto::SolveRequest {
            r#ref: reference.to_owned(),
            session: session.id().to_owned(),
            frontend: "dockerfile.v0".to_owned(),
            frontend_attrs: attributes::frontend(options, self.context.filename()),
            cache: Some(proto::CacheOptions {
                exports: attributes::caches(&options.buildkit.cache_to),
                imports: attributes::caches(&attributes::imports(options)),
                ..proto::CacheOptions::default()
            }),
            entitlements: self.entitlements(),
            ..proto::SolveRequest::default()
        };
        // Engines up to 25 know only the older pair of fields.
        if exporters.len() > 1 {
            request.exporters = exporters;
        } else if let Some(only) = exporters.pop() {
            request.exporter_deprecated = only.r#type;
            request.exporter_attrs_deprecated = only.attrs;
        }
        request
    }

    /// What the caller allows; the host's network is allowed by asking for it, as in the docker CLI.
    fn entitlements(&self) -> Vec<String> {
        let mut allowed = self.options.buildkit.entitlements.clone();
        let host = "network.host".to_owned();
        if self.options.network.as_deref() == Some("host") && !allowed.contains(&host) {
            allowed.push(host);
        }
        allowed
    }

    async fn built(&self, response: HashMap<String, String>) -> Built {
        let digest = ["containerimage.config.digest", "containerimage.digest"];
        let id = digest.iter().find_map(|name| response.get(*name));
        let built = Built {
            image_id: id.cloned().unwrap_or_default(),
            tags: outputs::names(&self.options, self.buildkit.0.route.is_engine()),
            metadata: response.into_iter().collect(),
        };
        if !built.image_id.is_empty() {
            let _ = self
                .events
                .send(Event::ImageId(built.image_id.clone()))
                .await;
        }
        built
    }

    /// An Engine pushes from its store, as in the docker CLI; a BuildKit by itself has pushed already.
    async fn push(&self, built: Built) -> Result<Built, BuildError> {
        let Some(engine) = self.buildkit.0.route.engine() else {
            return Ok(built);
        };
        for name in &outputs::pushed(&self.options)? {
            // Progress that nobody has time for is no loss.
            let tell = |event| drop(self.events.try_send(event));
            if let Err(source) = engine.push(name, tell).await {
                let source = Box::new(source);
                return Err(BuildError::Push { built, source });
            }
        }
        Ok(built)
    }
}

/// What a build failed of when something went wrong here. BuildKit has our words of it; this is the error itself.
fn ours(error: BuildError, cause: BoxError) -> BuildError {
    match cause.downcast() {
        // The builder broke it off, and says why.
        Ok(export) if matches!(*export, ExportError::Cut) => error,
        Ok(export) => BuildError::Export(*export),
        Err(cause) => match cause.downcast() {
            Ok(layout) => BuildError::Layout(*layout),
            Err(cause) => BuildError::pack(cause),
        },
    }
}

/// Why a build is given up that BuildKit does not end though its session has.
pub(super) fn closed(session: hyper::Result<()>) -> RequestError {
    match session {
        Err(error) => RequestError::broken(error),
        Ok(()) => RequestError::broken("the session was closed"),
    }
}

/// What BuildKit reports of a build, on its way to whoever listens.
struct Reports {
    task: AbortOnDrop<()>,
    /// Thrown when the build has ended, after which there is a limit to waiting for reports.
    over: CancelToken,
}

impl Reports {
    fn follow(channel: &Channel, reference: &str, events: &mpsc::Sender<Event>) -> Self {
        let request = proto::StatusRequest {
            r#ref: reference.to_owned(),
        };
        let over = CancelToken::new();
        let (channel, events, ended) = (channel.clone(), events.clone(), over.clone());
        let task = tokio::spawn(async move {
            let mut control = ControlClient::with_origin(channel, Channel::origin())
                .max_decoding_message_size(MESSAGE_LIMIT);
            let answer = tokio::select! {
                answer = control.status(request) => answer,
                // BuildKit waits some seconds for a build to begin, also for one that never will.
                () = overdue(&ended, BEGIN_GRACE) => return,
            };
            // Why it failed is for the build's own call to say.
            let Ok(mut reports) = answer.map(tonic::Response::into_inner) else {
                return;
            };
            while let Some(report) = next(&mut reports, &ended).await {
                for event in status::events(report) {
                    if events.send(event).await.is_err() {
                        return;
                    }
                }
            }
        });
        Self {
            task: AbortOnDrop(task),
            over,
        }
    }

    /// Waits for what is still to come, and for whoever listens to have taken it.
    async fn finish(mut self) {
        self.over.cancel();
        let _ = (&mut self.task.0).await;
    }
}

async fn next(
    reports: &mut Streaming<proto::StatusResponse>,
    over: &CancelToken,
) -> Option<proto::StatusResponse> {
    tokio::select! {
        report = reports.next() => report?.ok(),
        () = overdue(over, REPORT_GRACE) => None,
    }
}

/// Ends `grace` after the build.
async fn overdue(over: &CancelToken, grace: Duration) {
    over.cancelled().await;
    tokio::time::sleep(grace).await;
}
