//! An engine that answers: connecting, agreeing on a version, and what it says of itself.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method};
use shipload_context::Compression;

use crate::address::{Address, Why};
use crate::auth::Credentials;
use crate::config::DockerConfig;
use crate::connect::Connector;
use crate::environment::{Environment, VariableError};
use crate::error::{Attempt, AttemptError, ConnectError, NoEngine, RequestError};
use crate::resolve::{AddressQuery, Considered, Resolution, resolve_address};
use crate::transport::Transport;

/// A version of the Engine API, such as 1.41.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// The newest version that this crate speaks.
    pub const NEWEST: Self = Self {
        major: 1,
        minor: 53,
    };

    /// What an engine speaks that does not say, as the docker CLI assumes.
    pub const UNSAID: Self = Self {
        major: 1,
        minor: 24,
    };
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ApiVersion {
    type Err = VariableError;

    fn from_str(text: &str) -> Result<Self, VariableError> {
        let parse = || {
            let (major, minor) = text.strip_prefix('v').unwrap_or(text).split_once('.')?;
            Some(Self {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        };
        parse().ok_or_else(|| VariableError {
            name: "DOCKER_API_VERSION",
            value: text.to_owned(),
            wanted: "an API version such as 1.41",
        })
    }
}

/// How to find and reach an engine.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Variables, settings and sockets; those of this process by default.
    pub environment: Environment,
    /// `--context`, `--host` and the preference for Podman; nothing by default.
    pub query: AddressQuery,
    /// The longest time to a connection and to the first answer; 30 s by default, as in the docker CLI.
    pub connect_timeout: Duration,
    /// The longest time to the beginning of an answer that needs no work: inspect, list, tag,
    /// remove, version; 2 minutes by default. Builds, pulls, pushes and saves have no limit.
    pub request_timeout: Duration,
}

impl ConnectOptions {
    /// The defaults, in this environment.
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            query: AddressQuery::default(),
            connect_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(120),
        }
    }

    /// The same with the engine at `host`, as `--host` says it.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.query.host = Some(host.into());
        self
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self::new(Environment::from_process())
    }
}

/// Which program answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Docker Engine, or what takes itself for it.
    Docker,
    /// Podman.
    Podman,
}

/// What is known of an engine since it was connected to.
#[derive(Debug, Clone)]
pub struct About {
    /// Where it is.
    pub address: Address,
    /// Why it was chosen.
    pub why: Why,
    /// The sources that were asked for an address, in order.
    pub trail: Vec<Considered>,
    /// Which program it is.
    pub kind: EngineKind,
    /// The version that is spoken: the older of its newest and ours, or what `DOCKER_API_VERSION` fixed.
    pub api: ApiVersion,
    /// The newest version that it speaks, where it says.
    pub newest_api: Option<ApiVersion>,
    /// Its `Server` header, such as `Docker/20.10.24 (linux)`.
    pub server: Option<String>,
    /// The system of its containers, such as `linux`.
    pub os: Option<String>,
    /// The builder it recommends: 1 for the classic one, 2 for BuildKit.
    pub builder: Option<u8>,
}

/// What `GET /version` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionInfo {
    /// The engine's version, such as 20.10.24.
    pub version: Option<String>,
    /// The newest API version it speaks.
    pub api_version: Option<String>,
    /// The oldest API version it speaks.
    pub min_api_version: Option<String>,
    /// The system, such as `linux`.
    pub os: Option<String>,
    /// The architecture, such as `amd64`.
    pub arch: Option<String>,
    /// The kernel.
    pub kernel: Option<String>,
}

/// What `GET /info` says, as far as a build depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemInfo {
    /// The machine's name.
    pub name: Option<String>,
    /// The engine's version.
    pub version: Option<String>,
    /// Where images are kept, such as `overlay2`.
    pub storage_driver: Option<String>,
    /// The system's name, such as `Debian GNU/Linux 12`.
    pub operating_system: Option<String>,
    /// The architecture, such as `x86_64`.
    pub architecture: Option<String>,
    /// Processors.
    pub cpus: Option<u64>,
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// How many images it has.
    pub images: Option<u64>,
    /// What it warns of.
    pub warnings: Vec<String>,
}

/// A connection to an engine; cheap to clone, and usable from any number of tasks at once.
///
/// Needs a Tokio runtime with I/O and time; [`crate::blocking::Engine`] brings its own.
///
/// ```no_run
/// use shipload_engine::{ConnectOptions, Engine};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::connect(&ConnectOptions::default()).await?;
/// println!("{} at {}", engine.version().await?.version.unwrap_or_default(), engine.about().address);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) transport: Transport,
    pub(crate) docker: bollard::Docker,
    pub(crate) about: About,
    pub(crate) credentials: Credentials,
    pub(crate) environment: Environment,
    config: DockerConfig,
}

/// Connecting.
impl Engine {
    /// Finds an engine, connects, and agrees on an API version.
    ///
    /// # Errors
    /// When the address is wrong, or when no candidate answers: then every one that was tried is named.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ConnectError> {
        let environment = &options.environment;
        let fixed = environment
            .text("DOCKER_API_VERSION")
            .map(str::parse)
            .transpose()?;
        let Resolution { candidates, trail } = resolve_address(environment, &options.query)?;
        let mut attempts = Vec::new();
        for candidate in candidates {
            let about = About {
                address: candidate.address.clone(),
                why: candidate.why.clone(),
                trail: trail.clone(),
                kind: EngineKind::Docker,
                api: fixed.unwrap_or(ApiVersion::NEWEST),
                newest_api: None,
                server: None,
                os: None,
                builder: None,
            };
            match Self::try_one(options, about, fixed).await {
                Ok(engine) => return Ok(engine),
                Err(error) => attempts.push(Attempt { candidate, error }),
            }
        }
        Err(NoEngine { attempts, trail }.into())
    }

    async fn try_one(
        options: &ConnectOptions,
        mut about: About,
        fixed: Option<ApiVersion>,
    ) -> Result<Self, AttemptError> {
        let limit = options.connect_timeout;
        let connector = Connector::new(&about.address, &options.environment, limit)?;
        let transport = Transport::new(connector)?;
        let ping = transport.ask(transport.request(Method::GET, "/_ping"));
        let answer = tokio::time::timeout(limit, ping)
            .await
            .map_err(|_| RequestError::Timeout)??;
        about.learn(answer.headers(), fixed);
        let docker = transport
            .bollard(about.api, options.request_timeout)
            .map_err(RequestError::from)?;
        // A broken config.json is no reason not to build; whoever needs a credential is told.
        let loaded = DockerConfig::load(&options.environment);
        let config = loaded.as_ref().ok().cloned().unwrap_or_default();
        let credentials = Credentials::new(options.environment.clone(), loaded);
        let inner = Inner {
            transport,
            docker,
            about,
            credentials,
            environment: options.environment.clone(),
            config,
        };
        Ok(Self(Arc::new(inner)))
    }
}

/// What it is.
impl Engine {
    /// What is known since the connection was made; asks nothing.
    pub fn about(&self) -> &About {
        &self.0.about
    }

    /// The credentials that pulls, pushes and builds with this engine use.
    pub fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    /// The build arguments that the docker CLI would add for this engine's proxies.
    pub fn proxy_build_args(&self) -> std::collections::BTreeMap<String, String> {
        self.0
            .config
            .proxy_build_args(&self.0.about.address.to_string())
    }

    /// The compression that suits the way to this engine: none to a Unix socket, where nothing beats
    /// it, gzip to anywhere else, which every engine takes.
    pub fn auto_compression(&self) -> Compression {
        if self.0.about.address.is_remote() {
            Compression::Gzip
        } else {
            Compression::None
        }
    }

    /// Asks for the engine's version.
    ///
    /// # Errors
    /// When it does not answer, or not as an engine.
    pub async fn version(&self) -> Result<VersionInfo, RequestError> {
        let told = self.0.docker.version().await?;
        Ok(VersionInfo {
            version: told.version,
            api_version: told.api_version,
            min_api_version: told.min_api_version,
            os: told.os,
            arch: told.arch,
            kernel: told.kernel_version,
        })
    }

    /// Asks for the engine's state.
    ///
    /// # Errors
    /// When it does not answer, or not as an engine.
    pub async fn info(&self) -> Result<SystemInfo, RequestError> {
        let told = self.0.docker.info().await?;
        let count = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        Ok(SystemInfo {
            name: told.name,
            version: told.server_version,
            storage_driver: told.driver,
            operating_system: told.operating_system,
            architecture: told.architecture,
            cpus: count(told.ncpu),
            memory: count(told.mem_total),
            images: count(told.images),
            warnings: told.warnings.unwrap_or_default(),
        })
    }

    /// `path` below the agreed version.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("/v{}{path}", self.0.about.api)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("about", &self.0.about)
            .finish_non_exhaustive()
    }
}

impl About {
    /// Reads the headers of `GET /_ping`, which is how engines introduce themselves.
    fn learn(&mut self, headers: &HeaderMap, fixed: Option<ApiVersion>) {
        let text = |name| {
            let value = headers.get(name)?.to_str().ok()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        self.newest_api = text("Api-Version").and_then(|value| value.parse().ok());
        let theirs = self.newest_api.unwrap_or(ApiVersion::UNSAID);
        self.api = fixed.unwrap_or_else(|| theirs.min(ApiVersion::NEWEST));
        self.server = text("Server");
        self.os = text("Ostype");
        self.builder = text("Builder-Version").and_then(|value| value.parse().ok());
        if text("Libpod-Api-Version").is_some() {
            self.kind = EngineKind::Podman;
        }
    }
}
