//! A `buildkitd` of its own: an address as buildctl and buildx write them, and the way there.
//!
//! | address | what is done |
//! |---|---|
//! | `unix:///run/buildkit/buildkitd.sock` | the socket |
//! | `tcp://host:port` | the port; with TLS where certificates are given (buildx keeps them with an instance, see [`super::instances`]) |
//! | `ssh://user@host` | `buildctl dial-stdio` over there |
//! | `docker-container://NAME?context=CTX` | `buildctl dial-stdio` in that container |
//!
//! On each of them HTTP/2 is spoken from the first byte. `buildctl` reads no certificates out of the environment, and neither
//! do we: `BUILDKIT_HOST` alone is a connection without TLS.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::address::{Address, SshTarget, host_and_port, parse_ssh, redact};
use crate::client::{ConnectOptions, Engine};
use crate::connect::{Connector, ConnectorError};
use crate::environment::Environment;
use crate::error::{ConnectError, RequestError};
use crate::exec::Exec;
use crate::resolve::AddressQuery;
use crate::ssh::Dialer;
use crate::tls::{Protocol, TlsFiles};

/// The socket of a `buildkitd` that serves the whole system.
const SYSTEM_SOCKET: &str = "/run/buildkit/buildkitd.sock";

/// What a connection in a container or on another machine is made with. BuildKit has it since 0.5.
const DIAL: &[&str] = &["buildctl", "dial-stdio"];

/// Where a `buildkitd` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaemonAddress {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port, encrypted where `tls` is given.
    Tcp {
        /// The name or the IP address, an IPv6 address without brackets.
        host: String,
        /// The port; there is no default.
        port: u16,
        /// Certificates, and whose certificate is wanted.
        tls: Option<DaemonTls>,
    },
    /// A machine with `buildctl`, reached through the system's `ssh` program.
    Ssh(SshTarget),
    /// A container with `buildctl`, in an engine.
    Container {
        /// Its name or id.
        name: String,
        /// The engine that runs it.
        engine: AddressQuery,
    },
}

/// How a `buildkitd` on a TCP port proves who it is, and we who we are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DaemonTls {
    /// The certificates. Without an authority the system's are trusted, as in buildctl; buildx demands one.
    pub files: TlsFiles,
    /// The name that must stand in the daemon's certificate; the address's host by default.
    pub server_name: Option<String>,
}

/// An address that cannot be made out or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DaemonAddressError {
    /// The text is no address.
    #[error("`{text}` is no address of a BuildKit: {reason}")]
    Syntax {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address of a kind that buildctl or buildx can use and this crate cannot.
    #[error("cannot use `{text}`: {what} are not supported")]
    Unsupported {
        /// The text.
        text: String,
        /// What it stands for, such as "named pipes".
        what: &'static str,
        /// What can be used instead.
        alternative: &'static str,
    },
}

impl DaemonAddressError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Syntax { .. } => {
                "write unix:///path/to.sock, tcp://host:port, ssh://user@host or docker-container://name"
            }
            Self::Unsupported { alternative, .. } => alternative,
        };
        Some(text.to_owned())
    }
}

/// A `buildkitd` that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// It cannot even be tried.
    #[error("cannot connect to the BuildKit at `{address}`")]
    Connector {
        /// Where it is.
        address: Box<DaemonAddress>,
        /// Why.
        #[source]
        source: ConnectorError,
    },
    /// The engine that runs its container does not answer.
    #[error("cannot reach the engine that runs the container of the BuildKit at `{address}`")]
    Engine {
        /// Where it is.
        address: Box<DaemonAddress>,
        /// Why.
        #[source]
        source: Box<ConnectError>,
    },
    /// Its container is not there.
    #[error("there is no container `{name}` in the engine at `{engine}`")]
    NoContainer {
        /// The container.
        name: String,
        /// The engine's address.
        engine: String,
    },
    /// It does not answer as a BuildKit.
    #[error("no BuildKit answers at `{address}`")]
    Request {
        /// Where it is.
        address: Box<DaemonAddress>,
        /// Why.
        #[source]
        source: RequestError,
    },
}

impl DaemonError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connector { .. } => None,
            Self::Engine { source, .. } => source.hint(),
            Self::NoContainer { .. } => Some(
                "`docker buildx inspect --bootstrap NAME` makes the container of a builder"
                    .to_owned(),
            ),
            Self::Request { address, source } => hint(address, source),
        }
    }
}

/// Reading and writing.
impl DaemonAddress {
    /// Reads an address as `BUILDKIT_HOST` and buildx' remote driver have it.
    ///
    /// ```
    /// use shipload_engine::DaemonAddress;
    ///
    /// let address = DaemonAddress::parse("tcp://build.example:1234")?;
    /// assert_eq!(address.to_string(), "tcp://build.example:1234");
    /// let error = DaemonAddress::parse("kube-pod://builder").unwrap_err();
    /// assert!(error.hint().unwrap().contains("kubectl port-forward"));
    /// # Ok::<(), shipload_engine::DaemonAddressError>(())
    /// ```
    ///
    /// # Errors
    /// For text that is no address, and for kinds of addresses that are not supported: `kube-pod`, `npipe`, and containers
    /// of other programs than Docker.
    pub fn parse(text: &str) -> Result<Self, DaemonAddressError> {
        let fail = |reason| DaemonAddressError::Syntax {
            text: redact(text),
            reason,
        };
        let unsupported = |what, alternative| {
            Err(DaemonAddressError::Unsupported {
                text: redact(text),
                what,
                alternative,
            })
        };
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| fail("it has no scheme"))?;
        match scheme {
            "unix" if rest.is_empty() => Err(fail("the path is missing")),
            "unix" => Ok(Self::Unix(rest.into())),
            "tcp" => {
                let (host, port) = host_and_port(rest).map_err(fail)?;
                let port = port.ok_or_else(|| fail("the port is missing"))?;
                let tls = None;
                Ok(Self::Tcp { host, port, tls })
            }
            "ssh" => parse_ssh(rest).map(Self::Ssh).map_err(fail),
            "docker-container" => container(rest).map_err(fail),
            "podman-container" | "nerdctl-container" => unsupported(
                "containers of other programs than Docker",
                "let its buildkitd listen on a port or on a socket that is mounted, and name that",
            ),
            "kube-pod" => unsupported(
                "pods of Kubernetes",
                "run `kubectl port-forward POD 1234:1234` beside, with a buildkitd that listens on that port, and name \
                 tcp://127.0.0.1:1234",
            ),
            "npipe" => unsupported(
                "named pipes",
                "let buildkitd listen on a port, with --addr tcp://127.0.0.1:1234, and name that",
            ),
            _ => Err(fail(
                "the scheme is not one of unix, tcp, ssh and docker-container",
            )),
        }
    }

    /// The same with TLS.
    ///
    /// # Errors
    /// When it is no TCP port: nothing else is encrypted.
    pub fn with_tls(self, tls: DaemonTls) -> Result<Self, DaemonAddressError> {
        match self {
            Self::Tcp { host, port, .. } => {
                let tls = Some(tls);
                Ok(Self::Tcp { host, port, tls })
            }
            Self::Unix(_) | Self::Ssh(_) | Self::Container { .. } => {
                Err(DaemonAddressError::Syntax {
                    text: self.to_string(),
                    reason: "certificates are only possible with tcp",
                })
            }
        }
    }

    /// Where a `buildkitd` listens that was not told where: the system's socket, then that of the user
    /// (`$XDG_RUNTIME_DIR/buildkit/buildkitd.sock`).
    pub fn defaults(environment: &Environment) -> Vec<Self> {
        let user = environment
            .runtime_directory()
            .map(|folder| folder.join("buildkit/buildkitd.sock"));
        std::iter::once(PathBuf::from(SYSTEM_SOCKET))
            .chain(user)
            .map(Self::Unix)
            .collect()
    }
}

fn container(text: &str) -> Result<DaemonAddress, &'static str> {
    let (name, query) = text.split_once('?').unwrap_or((text, ""));
    let name = name.trim_end_matches('/');
    if !is_container_name(name) {
        return Err("the name of the container is missing or none");
    }
    let mut context = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("context", name)) => context = Some(name.to_owned()),
            _ => return Err("only `context` may follow the name of the container"),
        }
    }
    let engine = AddressQuery {
        context,
        ..AddressQuery::default()
    };
    let name = name.to_owned();
    Ok(DaemonAddress::Container { name, engine })
}

/// As Docker's `[a-zA-Z0-9][a-zA-Z0-9_.-]*`; nothing else gets into a path of the engine.
pub(super) fn is_container_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// As it is read; without certificates.
impl fmt::Display for DaemonAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => Address::Unix(path.clone()).fmt(f),
            Self::Tcp { host, port, .. } => Address::Tcp {
                host: host.clone(),
                port: *port,
                tls: None,
            }
            .fmt(f),
            Self::Ssh(target) => Address::Ssh(target.clone()).fmt(f),
            Self::Container { name, engine } => {
                write!(f, "docker-container://{name}")?;
                match &engine.context {
                    Some(context) => write!(f, "?context={context}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A way to a `buildkitd`; cheap to clone.
#[derive(Clone)]
pub(crate) struct Daemon {
    pub(crate) connector: Connector,
    /// Whether it was started just now, so that it may take some time to answer.
    pub(crate) is_new: bool,
}

impl Daemon {
    /// Makes ready to connect: reads certificates, and starts the container if it was stopped, as buildx does.
    pub(crate) async fn reach(
        address: &DaemonAddress,
        options: &ConnectOptions,
    ) -> Result<Self, DaemonError> {
        let (environment, limit) = (&options.environment, options.connect_timeout);
        let mut is_new = false;
        let connector = match address {
            DaemonAddress::Unix(path) => Connector::unix(path, limit),
            DaemonAddress::Tcp { host, port, tls } => {
                let tls = tls.as_ref().map(|tls| {
                    let name = tls.server_name.as_deref().unwrap_or(host);
                    (name, &tls.files)
                });
                Connector::tcp(host, *port, tls, Protocol::Http2, limit)
            }
            DaemonAddress::Ssh(target) => {
                Connector::ssh(target, Dialer::Buildctl, environment, limit)
            }
            DaemonAddress::Container { name, engine } => {
                let options = ConnectOptions {
                    query: engine.clone(),
                    ..options.clone()
                };
                let engine = Engine::connect(&options).await;
                let engine = engine.map_err(|source| DaemonError::Engine {
                    address: Box::new(address.clone()),
                    source: Box::new(source),
                })?;
                // An address that was not read may have anything in it, and this goes into paths.
                if !is_container_name(name) {
                    return Err(DaemonError::NoContainer {
                        name: name.clone(),
                        engine: engine.about().address.to_string(),
                    });
                }
                is_new = started(address, &engine, name).await?;
                let exec = Exec {
                    engine,
                    container: name.clone(),
                    command: DIAL,
                };
                Ok(Connector::exec(exec, limit))
            }
        };
        let connector = connector.map_err(|source| DaemonError::Connector {
            address: Box::new(address.clone()),
            source,
        })?;
        Ok(Self { connector, is_new })
    }
}

/// Starts the container unless it runs; whether that was necessary.
async fn started(
    address: &DaemonAddress,
    engine: &Engine,
    name: &str,
) -> Result<bool, DaemonError> {
    let failed = |source| DaemonError::Request {
        address: Box::new(address.clone()),
        source,
    };
    let docker = &engine.0.docker;
    let found = docker.inspect_container(name, None).await;
    let found = match found.map_err(RequestError::from) {
        Ok(found) => found,
        Err(error) if error.is_not_found() => {
            return Err(DaemonError::NoContainer {
                name: name.to_owned(),
                engine: engine.about().address.to_string(),
            });
        }
        Err(error) => return Err(failed(error)),
    };
    if found.state.and_then(|state| state.running) == Some(true) {
        return Ok(false);
    }
    let start = docker.start_container(name, None).await;
    start.map_err(|error| failed(error.into()))?;
    Ok(true)
}

/// What to do where no BuildKit answers. TLS is told apart by its words: HTTP/2 keeps nothing else of an error below it.
fn hint(address: &DaemonAddress, error: &RequestError) -> Option<String> {
    let mut words = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(next) = cause {
        words.push(next.to_string());
        cause = next.source();
    }
    let says = |text: &str| words.iter().any(|line| line.contains(text));
    let DaemonAddress::Tcp { tls, .. } = address else {
        return error.hint();
    };
    let text = if says("UnknownIssuer") {
        "its certificate is of another authority: name that in `cacert`"
    } else if says("NotValidForName") || says("not valid for name") {
        "its certificate is for another name: say which in `servername`"
    } else if says("received fatal alert") {
        "it wants a certificate of an authority that it knows: name that in `cert`, and its key in `key`"
    } else if says("corrupt message") {
        "it does not speak TLS: leave the certificates away, or let buildkitd have its own (--tlscert, --tlskey)"
    } else if tls.is_none() && matches!(error, RequestError::Broken(_)) {
        "it may want TLS: make an instance with `docker buildx create --driver remote --driver-opt \
         cacert=…,cert=…,key=…`, and name that with --builder"
    } else {
        return match error {
            RequestError::Connect(_) => Some("check that a buildkitd listens there".to_owned()),
            other => other.hint(),
        };
    };
    Some(text.to_owned())
}

/// How long a BuildKit may take to answer that was started just now.
pub(crate) const START_GRACE: Duration = Duration::from_secs(15);
