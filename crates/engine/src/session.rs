//! `Session`: what a build offers to BuildKit while it runs.
//!
//! The roles are reversed: we open the connection, and BuildKit is the client on it. It learns what there is from the
//! headers with which the connection is opened, one `X-Docker-Expose-Session-Grpc-Method` for each method, and calls
//!
//! ```text
//! grpc.health.v1.Health/Check              every 1 to 5 s; without an answer the session is over
//! moby.filesync.v1.FileSync/DiffCopy       the files of a context                        filesync.rs
//! moby.filesync.v1.FileSend/DiffCopy       the result, where it goes to this machine     export.rs
//! moby.filesync.v1.Auth/…                  the credentials of one registry               auth.rs
//! moby.buildkit.secrets.v1.Secrets/…       a secret                                      secrets.rs
//! moby.sshforward.v1.SSH/…                 an SSH agent                                  ssh.rs
//! containerd.services.content.v1.Content/… blobs of OCI layouts: caches and images       content.rs
//! ```

mod auth;
pub(crate) mod content;
#[cfg(test)]
mod duplex;
pub(crate) mod export;
mod filesync;
mod health;
pub(crate) mod secrets;
pub(crate) mod ssh;
mod wire;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::health::health_server::HealthServer;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::SshServer;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use shipload_context::View;
use tokio::sync::mpsc;
use tonic::body::Body;
use tower_service::Service;

use crate::auth::Credentials;
use crate::buildkit::channel::BoxWire;
use crate::buildkit::options::BuildKitOptions;
use crate::environment::Environment;
use crate::error::{BoxError, RequestError};
use crate::events::Event;
use crate::random;
use crate::tasks::{Spawner, Tasks};
use crate::upload::UploadProgress;

use self::auth::AuthService;
use self::content::{ContentService, Store};
use self::export::{ExportError, ExportService, Target};
use self::filesync::FileService;
use self::health::Serving;
use self::secrets::SecretsService;
use self::ssh::SshService;

/// The longest header list that is taken, in bytes: ignore rules and followed paths come as headers, and hyper takes
/// 16 KiB by default.
const HEADER_LIMIT: u32 = 8 << 20;

/// How much may be on its way to us on one stream, in bytes.
const WINDOW: u32 = 4 << 20;

/// The services of one build, and the name under which BuildKit finds them.
pub(crate) struct Session {
    id: String,
    shared_key: String,
    services: Arc<Services>,
}

/// What is offered.
pub(crate) struct Services {
    files: Arc<FileService>,
    auth: AuthServer<AuthService>,
    secrets: SecretsServer<SecretsService>,
    ssh: Option<SshServer<SshService>>,
    exports: ExportService,
    content: ContentService,
    failure: Failure,
}

/// What services are made of.
pub(crate) struct Offering<'a> {
    /// The files, by the names under which BuildKit asks for them.
    pub(crate) views: BTreeMap<String, View>,
    /// Where passwords are looked up.
    pub(crate) credentials: &'a Credentials,
    /// Where variables are looked up.
    pub(crate) environment: &'a Environment,
    /// Secrets.
    pub(crate) options: &'a BuildKitOptions,
    /// Agents.
    pub(crate) ssh: SshService,
    /// Where the outputs go, in the order of the request.
    pub(crate) targets: Vec<Target>,
    /// OCI layouts, by the ids under which BuildKit asks for them.
    pub(crate) stores: BTreeMap<String, Store>,
    /// Who hears warnings.
    pub(crate) events: mpsc::Sender<Event>,
    /// What counts the files that are sent.
    pub(crate) progress: UploadProgress,
}

/// What went wrong on our side, which BuildKit only knows in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<BoxError>>>);

impl Failure {
    /// Keeps the first.
    fn set(&self, error: impl Into<BoxError>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert_with(|| error.into());
    }

    fn take(&self) -> Option<BoxError> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }
}

impl Session {
    /// A session that nobody else has. What BuildKit keeps of its files it keeps under `shared_key`.
    pub(crate) fn new(shared_key: String, services: Services) -> Result<Self, RequestError> {
        Ok(Self {
            id: random::name().map_err(RequestError::broken)?,
            shared_key,
            services: Arc::new(services),
        })
    }

    /// Its name, for the request that builds.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What went wrong on our side, if anything did.
    pub(crate) fn failure(&self) -> Option<BoxError> {
        self.services.failure.take()
    }

    /// The first output that was to come to this machine and has not, when the build has succeeded.
    pub(crate) fn missing_output(&self) -> Option<ExportError> {
        self.services.exports.missing()
    }

    /// What the connection is opened with: headers of a request, or metadata of a call.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("x-docker-expose-session-uuid", self.id.clone()),
            // Engines up to 20.10 want it.
            ("x-docker-expose-session-name", "shipload".to_owned()),
            ("x-docker-expose-session-sharedkey", self.shared_key.clone()),
        ];
        let methods = self.services.methods();
        headers.extend(
            methods
                .into_iter()
                .map(|method| ("x-docker-expose-session-grpc-method", method.to_owned())),
        );
        headers
    }

    /// Answers until the other side hangs up.
    pub(crate) async fn serve(&self, wire: BoxWire) -> hyper::Result<()> {
        let tasks = Tasks::default();
        let (services, spawner) = (Arc::clone(&self.services), tasks.spawner());
        let answer = service_fn(move |request| {
            let (services, spawner) = (Arc::clone(&services), spawner.clone());
            async move { Ok::<_, Infallible>(services.answer(request, &spawner).await) }
        });
        hyper::server::conn::http2::Builder::new(tasks.spawner())
            .max_header_list_size(HEADER_LIMIT)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .serve_connection(wire, answer)
            .await
    }
}

impl Services {
    /// What a build offers.
    pub(crate) fn new(offer: Offering<'_>) -> Self {
        let failure = Failure::default();
        let files = FileService::new(offer.views, failure.clone(), offer.progress);
        let auth = AuthService::new(offer.credentials.clone(), offer.events);
        let secrets = SecretsService::new(&offer.options.secrets, offer.environment.clone());
        Self {
            files: Arc::new(files),
            auth: AuthServer::new(auth),
            secrets: SecretsServer::new(secrets),
            ssh: offer.ssh.is_wanted().then(|| SshServer::new(offer.ssh)),
            exports: ExportService::new(offer.targets, failure.clone()),
            content: ContentService::new(offer.stores, failure.clone()),
            failure,
        }
    }

    /// The methods that BuildKit may call.
    fn methods(&self) -> Vec<&'static str> {
        let mut methods = [&[HEALTH_CHECK, FILE_SYNC, SECRETS][..], &AUTH].concat();
        if self.exports.is_wanted() {
            methods.push(FILE_SEND);
        }
        if self.ssh.is_some() {
            methods.extend(SSH);
        }
        if self.content.is_wanted() {
            methods.extend(content::METHODS);
        }
        methods
    }

    async fn answer(&self, request: Request<Incoming>, spawner: &Spawner) -> Response<Body> {
        match request.uri().path() {
            HEALTH_CHECK => call(HealthServer::new(Serving), request).await,
            FILE_SYNC => Arc::clone(&self.files).diff_copy(request, spawner).await,
            FILE_SEND => self.exports.call(request).await,
            SECRETS => call(self.secrets.clone(), request).await,
            path if content::METHODS.contains(&path) => self.content.call(request).await,
            path if AUTH.contains(&path) => call(self.auth.clone(), request).await,
            path if SSH.contains(&path) => match &self.ssh {
                Some(ssh) => call(ssh.clone(), request).await,
                None => not_offered(),
            },
            _ => not_offered(),
        }
    }
}

const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
const FILE_SYNC: &str = "/moby.filesync.v1.FileSync/DiffCopy";
const FILE_SEND: &str = "/moby.filesync.v1.FileSend/DiffCopy";
const SECRETS: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
const SSH: [&str; 2] = [
    "/moby.sshforward.v1.SSH/CheckAgent",
    "/moby.sshforward.v1.SSH/ForwardAgent",
];
const AUTH: [&str; 4] = [
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.Auth/FetchToken",
    "/moby.filesync.v1.Auth/GetTokenAuthority",
    "/moby.filesync.v1.Auth/VerifyTokenAuthority",
];

fn not_offered() -> Response<Body> {
    tonic::Status::unimplemented("this session does not offer that").into_http()
}

/// Calls a service that tonic generated, which has an answer to everything.
async fn call<S>(mut service: S, request: Request<Incoming>) -> Response<Body>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
{
    match service.call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
