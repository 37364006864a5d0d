//! Which BuildKit is meant: one resolution, with the reasons kept.
//!
//! Highest first: `--builder`; an engine named by `--context` or `--host`; `BUILDX_BUILDER`; `BUILDKIT_HOST`; where the docker
//! CLI's settings make buildx its builder (`docker buildx install`), the instance that `docker buildx use` chose; else the
//! BuildKit of the engine that [`crate::resolve_address`] finds.
//!
//! So it is with `docker build`, which knows no `BUILDKIT_HOST`; `buildctl` and `docker buildx create` do. What `docker buildx
//! use` chose is not taken otherwise, since an image would not be in the engine then, where everybody looks for it.

use std::fmt;

use crate::address::{AddressError, Why};
use crate::config::DockerConfig;
use crate::contexts::ContextError;
use crate::environment::Environment;
use crate::resolve::{AddressQuery, Considered, resolve_address};

use super::daemon::{DaemonAddress, DaemonAddressError};
use super::instances::{InstanceError, Instances, NodeAddress};

/// What the caller says of the builder, beside the environment.
#[derive(Debug, Clone, Default)]
pub struct BuilderQuery {
    /// `--builder`: an instance of buildx, or a docker context.
    pub builder: Option<String>,
    /// What is said of the engine.
    pub engine: AddressQuery,
    /// The platforms to build for, by which a node of an instance is chosen.
    pub platforms: Vec<String>,
}

/// Where to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Builder {
    /// On an engine: on its BuildKit or its classic builder.
    Engine(AddressQuery),
    /// On a BuildKit that is part of no engine.
    Daemon(DaemonAddress),
}

/// Why a builder was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyBuilder {
    /// `--builder` named it.
    BuilderOption(String),
    /// `BUILDX_BUILDER` named it.
    BuildxBuilder(String),
    /// `BUILDKIT_HOST` named its address.
    BuildkitHost,
    /// `docker buildx use` chose it, and `docker build` uses what that chose.
    CurrentInstance(String),
    /// Nothing named a builder: that of the engine.
    Engine,
}

/// The outcome.
#[derive(Debug, Clone)]
pub struct BuilderResolution {
    /// Where to build.
    pub builder: Builder,
    /// What chose it.
    pub why: WhyBuilder,
    /// Every source that was asked on the way, in order, up to the one that decided.
    pub trail: Vec<Considered>,
}

/// A builder that cannot be made out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderError {
    /// `BUILDKIT_HOST` is no address that can be used.
    #[error("cannot use BUILDKIT_HOST")]
    Host(#[source] DaemonAddressError),
    /// The instance cannot be used.
    #[error("cannot use {why}")]
    Instance {
        /// Where it was named.
        why: WhyBuilder,
        /// What is wrong with it.
        #[source]
        source: InstanceError,
    },
    /// The docker CLI's settings had to be asked.
    #[error("cannot find out which builder is the current one")]
    Current(#[source] AddressError),
}

impl BuilderError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Host(error) => error.hint(),
            Self::Instance { source, .. } => source.hint(),
            Self::Current(error) => error.hint(),
        }
    }
}

/// Finds out which builder is meant; reads the files of buildx and the docker CLI as far as the decision depends on them.
///
/// ```
/// use shipload_engine::{Builder, BuilderQuery, Environment, resolve_builder};
///
/// let environment = Environment::empty().with("BUILDKIT_HOST", "tcp://10.0.0.7:1234");
/// let found = resolve_builder(&environment, &BuilderQuery::default())?;
/// let Builder::Daemon(address) = found.builder else { panic!() };
/// assert_eq!(address.to_string(), "tcp://10.0.0.7:1234");
/// assert_eq!(found.why.to_string(), "BUILDKIT_HOST");
/// # Ok::<(), shipload_engine::BuilderError>(())
/// ```
///
/// # Errors
/// When what decides names nothing that can be used: it is never skipped in favour of a weaker source.
pub fn resolve_builder(
    environment: &Environment,
    query: &BuilderQuery,
) -> Result<BuilderResolution, BuilderError> {
    let mut resolver = Resolver {
        environment,
        query,
        instances: Instances::of(environment),
        trail: Vec::new(),
    };
    let (builder, why) = resolver.decide()?;
    let trail = resolver.trail;
    Ok(BuilderResolution {
        builder,
        why,
        trail,
    })
}

struct Resolver<'a> {
    environment: &'a Environment,
    query: &'a BuilderQuery,
    instances: Instances,
    trail: Vec<Considered>,
}

impl Resolver<'_> {
    fn decide(&mut self) -> Result<(Builder, WhyBuilder), BuilderError> {
        let (environment, query) = (self.environment, self.query);
        if let Some(name) = self.ask("--builder", query.builder.as_deref()) {
            return self.named(WhyBuilder::BuilderOption(name.clone()), &name);
        }
        let engine = Builder::Engine(query.engine.clone());
        if query.engine.context.is_some() || query.engine.host.is_some() {
            return Ok((engine, WhyBuilder::Engine));
        }
        if let Some(name) = self.ask("BUILDX_BUILDER", environment.text("BUILDX_BUILDER")) {
            return self.named(WhyBuilder::BuildxBuilder(name.clone()), &name);
        }
        if let Some(host) = self.ask("BUILDKIT_HOST", environment.text("BUILDKIT_HOST")) {
            let address = DaemonAddress::parse(&host).map_err(BuilderError::Host)?;
            return Ok((Builder::Daemon(address), WhyBuilder::BuildkitHost));
        }
        // What is wrong with the settings is said where they have to decide.
        let config = DockerConfig::load(environment).unwrap_or_default();
        let alias = config.builder_alias();
        self.trail.push(Considered {
            source: "aliases.builder in config.json",
            said: alias.map(str::to_owned),
        });
        if alias == Some("buildx")
            && let Some(found) = self.current()?
        {
            return Ok(found);
        }
        Ok((engine, WhyBuilder::Engine))
    }

    fn ask(&mut self, source: &'static str, said: Option<&str>) -> Option<String> {
        Considered::ask(&mut self.trail, source, said)
    }

    /// An instance, else a docker context: that is one with the driver `docker`.
    fn named(&self, why: WhyBuilder, name: &str) -> Result<(Builder, WhyBuilder), BuilderError> {
        let failed = |source| BuilderError::Instance {
            why: why.clone(),
            source,
        };
        if let Some(instance) = self.instances.find(name).map_err(failed)? {
            let builder = self.node_of(&instance).map_err(failed)?;
            return Ok((builder, why));
        }
        let settings = self.environment.docker_config();
        let is_context = match crate::contexts::endpoint(settings.as_deref(), name) {
            _ if name == "default" => true,
            // One that is there and cannot be used is for the connection to complain of.
            Err(
                ContextError::Unknown { .. }
                | ContextError::Name { .. }
                | ContextError::Nowhere { .. },
            ) => false,
            Ok(_) | Err(_) => true,
        };
        if !is_context {
            return Err(failed(InstanceError::Unknown {
                name: name.to_owned(),
                known: self.instances.names(),
            }));
        }
        let engine = AddressQuery {
            context: Some(name.to_owned()),
            ..self.query.engine.clone()
        };
        Ok((Builder::Engine(engine), why))
    }

    fn node_of(&self, instance: &super::instances::Instance) -> Result<Builder, InstanceError> {
        let node = instance.node(&self.query.platforms)?;
        Ok(match instance.address(node)? {
            NodeAddress::Engine(query) => Builder::Engine(query),
            NodeAddress::Daemon(address) => Builder::Daemon(address),
        })
    }

    /// What `docker buildx use` chose for the engine that would be used.
    fn current(&mut self) -> Result<Option<(Builder, WhyBuilder)>, BuilderError> {
        let engine = resolve_address(self.environment, &self.query.engine);
        let engine = engine.map_err(BuilderError::Current)?;
        let first = engine.candidates.first();
        let key = first.map(|first| match &first.why {
            Why::DockerContext(name) | Why::CurrentContext(name) | Why::ContextOption(name) => {
                name.clone()
            }
            _ => first.address.to_string(),
        });
        let failed = |source| BuilderError::Instance {
            why: WhyBuilder::CurrentInstance(String::new()),
            source,
        };
        let instance = self.instances.current(&key.unwrap_or_default());
        let Some(instance) = instance.map_err(failed)? else {
            return Ok(None);
        };
        let why = WhyBuilder::CurrentInstance(instance.name.clone());
        self.trail.push(Considered {
            source: "current in the settings of buildx",
            said: Some(instance.name.clone()),
        });
        match self.node_of(&instance) {
            Ok(builder) => Ok(Some((builder, why))),
            Err(source) => Err(BuilderError::Instance { why, source }),
        }
    }
}

impl fmt::Display for WhyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuilderOption(name) => write!(f, "builder `{name}` named by --builder"),
            Self::BuildxBuilder(name) => write!(f, "builder `{name}` named by BUILDX_BUILDER"),
            Self::BuildkitHost => f.write_str("BUILDKIT_HOST"),
            Self::CurrentInstance(name) if name.is_empty() => f.write_str("`docker buildx use`"),
            Self::CurrentInstance(name) => {
                write!(f, "builder `{name}` chosen by `docker buildx use`")
            }
            Self::Engine => f.write_str("the engine's own"),
        }
    }
}
