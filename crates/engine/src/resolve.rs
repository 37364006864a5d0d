//! Where the engine is: one resolution for every command, with the reasons kept.
//!
//! Precedence, highest first, as in the docker CLI: `--context`, `--host`, `DOCKER_HOST`,
//! `DOCKER_CONTEXT`, `currentContext` in `config.json`, the default sockets. The context `default`
//! stands for "no context": with it the later context sources are skipped. Behind the docker CLI's
//! own default socket come, in order, the rootless socket, `CONTAINER_HOST` and the sockets of
//! Podman; with [`AddressQuery::podman_first`] the Podman ones come first.
//!
//! Nothing is connected to here: an explicit choice gives one candidate, the default gives several,
//! and [`crate::Engine::connect`] takes the first that answers.

use std::path::PathBuf;

use crate::address::{Address, AddressError, Why, parse_host};
use crate::config::DockerConfig;
use crate::contexts;
use crate::environment::Environment;
use crate::tls::TlsFiles;

/// An address to try, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where to connect.
    pub address: Address,
    /// What chose it.
    pub why: Why,
}

/// A source that was looked at, in order, and what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The source, such as `DOCKER_HOST`.
    pub source: &'static str,
    /// What it said; `None` when it was silent.
    pub said: Option<String>,
}

impl Considered {
    /// Adds a source to a trail, and returns what it said; an empty text is silence.
    pub(crate) fn ask(
        trail: &mut Vec<Self>,
        source: &'static str,
        said: Option<&str>,
    ) -> Option<String> {
        let said = said.filter(|text| !text.is_empty()).map(str::to_owned);
        trail.push(Self {
            source,
            said: said.clone(),
        });
        said
    }
}

/// The outcome of a resolution.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The addresses to try in this order, at least one.
    pub candidates: Vec<Candidate>,
    /// Every source that was asked on the way, in order, up to the one that decided.
    pub trail: Vec<Considered>,
}

/// What the caller says of the engine, beside the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressQuery {
    /// `--context`.
    pub context: Option<String>,
    /// `--host`.
    pub host: Option<String>,
    /// Whether Podman is preferred where nothing names an engine; off, as in the docker CLI.
    pub podman_first: bool,
}

/// Finds the engine's address in `environment` and `query`; reads the docker CLI's settings only as
/// far as the decision depends on them.
///
/// # Errors
/// When what decides names no usable address: it is never skipped in favour of a weaker source.
///
/// ```
/// use shipload_engine::{AddressQuery, Environment, resolve_address};
///
/// let environment = Environment::empty().with("DOCKER_HOST", "tcp://10.0.0.7:2375");
/// let found = resolve_address(&environment, &AddressQuery::default())?;
/// assert_eq!(found.candidates[0].address.to_string(), "tcp://10.0.0.7:2375");
/// assert_eq!(found.candidates[0].why.to_string(), "DOCKER_HOST");
/// # Ok::<(), shipload_engine::AddressError>(())
/// ```
pub fn resolve_address(
    environment: &Environment,
    query: &AddressQuery,
) -> Result<Resolution, AddressError> {
    let mut resolver = Resolver {
        environment,
        trail: Vec::new(),
    };
    let candidates = match resolver.explicit(query)? {
        Some(candidate) => vec![candidate],
        None => resolver.defaults(query.podman_first)?,
    };
    Ok(Resolution {
        candidates,
        trail: resolver.trail,
    })
}

struct Resolver<'a> {
    environment: &'a Environment,
    trail: Vec<Considered>,
}

impl Resolver<'_> {
    fn explicit(&mut self, query: &AddressQuery) -> Result<Option<Candidate>, AddressError> {
        let mut contexts = true;
        if let Some(name) = self.ask("--context", query.context.as_deref()) {
            if name != "default" {
                return self
                    .context(&name, Why::ContextOption(name.clone()))
                    .map(Some);
            }
            contexts = false;
        }
        if let Some(host) = self.ask("--host", query.host.as_deref()) {
            return self.host(&host, Why::HostOption).map(Some);
        }
        if let Some(host) = self.ask("DOCKER_HOST", self.environment.text("DOCKER_HOST")) {
            return self.host(&host, Why::DockerHost).map(Some);
        }
        if !contexts {
            return Ok(None);
        }
        if let Some(name) = self.ask("DOCKER_CONTEXT", self.environment.text("DOCKER_CONTEXT")) {
            if name == "default" {
                return Ok(None);
            }
            return self
                .context(&name, Why::DockerContext(name.clone()))
                .map(Some);
        }
        let config = DockerConfig::load(self.environment)?;
        match self.ask(
            "currentContext in config.json",
            config.current_context.as_deref(),
        ) {
            Some(name) if name != "default" => self
                .context(&name, Why::CurrentContext(name.clone()))
                .map(Some),
            _ => Ok(None),
        }
    }

    fn ask(&mut self, source: &'static str, said: Option<&str>) -> Option<String> {
        Considered::ask(&mut self.trail, source, said)
    }

    fn defaults(&mut self, podman_first: bool) -> Result<Vec<Candidate>, AddressError> {
        let socket = |path: PathBuf, why| Candidate {
            address: Address::Unix(path),
            why,
        };
        let runtime = self.environment.runtime_directory();
        let mut docker = vec![socket(
            self.environment.docker_socket().into(),
            Why::DefaultSocket,
        )];
        docker.extend(
            runtime
                .as_ref()
                .map(|dir| socket(dir.join("docker.sock"), Why::RootlessSocket)),
        );
        let mut podman = Vec::new();
        if let Some(host) = self.ask("CONTAINER_HOST", self.environment.text("CONTAINER_HOST")) {
            podman.push(Candidate {
                address: parse_host(&host, None, &Why::ContainerHost)?,
                why: Why::ContainerHost,
            });
        }
        podman.extend(runtime.map(|dir| socket(dir.join("podman/podman.sock"), Why::PodmanSocket)));
        podman.push(socket(
            self.environment.podman_socket().into(),
            Why::PodmanSocket,
        ));
        let (mut first, second) = if podman_first {
            (podman, docker)
        } else {
            (docker, podman)
        };
        first.extend(second);
        Ok(first)
    }

    fn context(&self, name: &str, why: Why) -> Result<Candidate, AddressError> {
        let settings = self.environment.docker_config();
        let endpoint = contexts::endpoint(settings.as_deref(), name).map_err(|source| {
            AddressError::Context {
                why: why.clone(),
                source,
            }
        })?;
        Ok(Candidate {
            address: parse_host(&endpoint.host, endpoint.tls, &why)?,
            why,
        })
    }

    /// An address that is no context's takes its TLS settings from the environment.
    fn host(&self, text: &str, why: Why) -> Result<Candidate, AddressError> {
        let verify = self.environment.tls_verify();
        let tls = (verify || self.environment.tls()).then(|| {
            let folder = self.environment.cert_path().unwrap_or_default();
            TlsFiles::in_cert_path(&folder, verify)
        });
        Ok(Candidate {
            address: parse_host(text, tls, &why)?,
            why,
        })
    }
}
