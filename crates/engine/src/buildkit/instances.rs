//! The builder instances that buildx keeps, read from its files.
//!
//! ```text
//! $BUILDX_CONFIG, else $DOCKER_CONFIG/buildx
//! ├── instances/NAME      {"Name", "Driver", "Nodes": [{"Name", "Endpoint", "Platforms", "DriverOpts", …}]}; NAME in small letters
//! ├── current             {"Key", "Name", "Global"}: the instance that `docker buildx use` chose, for the engine KEY or for all
//! └── defaults/DIGEST     the name that `docker buildx use --default` chose for the engine whose digest this is
//! ```
//!
//! Nothing is written, not even the time of last use that buildx keeps beside them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::config::ConfigError;
use crate::environment::Environment;
use crate::random::hex;
use crate::resolve::AddressQuery;
use crate::tls::TlsFiles;

use super::daemon::{DaemonAddress, DaemonAddressError, DaemonTls, is_container_name};

/// A builder instance of buildx.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// How its nodes are made and reached: `docker-container`, `remote`, `kubernetes`, `cloud`.
    #[serde(default)]
    pub driver: String,
    /// The nodes, the preferred one first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub nodes: Vec<Node>,
}

/// One BuildKit of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// Its name, after which its container is named.
    pub name: String,
    /// A docker context, the address of an engine, or (driver `remote`) that of a `buildkitd`.
    #[serde(default)]
    pub endpoint: String,
    /// The platforms that it was given when it was made; it may know more.
    #[serde(default, deserialize_with = "null_is_default")]
    pub platforms: Vec<Platform>,
    /// `--driver-opt`.
    #[serde(default, deserialize_with = "null_is_default")]
    pub driver_opts: BTreeMap<String, String>,
}

/// A platform, such as `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Platform {
    os: String,
    architecture: String,
    #[serde(default)]
    variant: String,
}

/// An instance that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// There is none of that name, nor a docker context.
    #[error("there is no builder `{name}`{}", others(known))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A file of buildx' cannot be read or understood.
    #[error("cannot read the builders of buildx")]
    Read(#[source] ConfigError),
    /// Its driver is not supported.
    #[error("its driver `{driver}` is not supported")]
    Driver {
        /// The driver.
        driver: String,
    },
    /// The address of a node cannot be used.
    #[error("its node `{node}` cannot be used")]
    Address {
        /// The node.
        node: String,
        /// Why.
        #[source]
        source: DaemonAddressError,
    },
    /// A node is not described as buildx describes it.
    #[error("its node `{node}` is not what buildx makes: {reason}")]
    Node {
        /// The node.
        node: String,
        /// What is wrong.
        reason: String,
    },
    /// There is nothing to build on.
    #[error("it has no nodes")]
    NoNodes,
    /// No single node builds for all the platforms.
    #[error("no node of it builds for all of {}", platforms.join(", "))]
    Spread {
        /// The platforms.
        platforms: Vec<String>,
    },
}

fn others(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; there are `{}`", names.join("`, `"))
}

impl InstanceError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unknown { .. } => {
                "`docker buildx ls` lists the builders; `docker buildx create` makes one"
            }
            Self::Driver { driver, .. } if driver == "kubernetes" => {
                "run `kubectl port-forward POD 1234:1234` beside, with a buildkitd that listens on that port, and set \
                 BUILDKIT_HOST=tcp://127.0.0.1:1234"
            }
            Self::Driver { .. } => {
                "use one of the driver `docker-container` or `remote`, or set BUILDKIT_HOST to the address of a buildkitd"
            }
            Self::Address { source, .. } => return source.hint(),
            Self::Spread { .. } => {
                "build for each platform by itself, with names of its own, and join them with `docker buildx imagetools create`"
            }
            Self::Read(_) | Self::Node { .. } | Self::NoNodes => return None,
        };
        Some(text.to_owned())
    }
}

/// Where the BuildKit of a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeAddress {
    /// In an engine (driver `docker`).
    Engine(AddressQuery),
    /// By itself.
    Daemon(DaemonAddress),
}

/// What buildx keeps.
#[derive(Debug, Clone)]
pub(crate) struct Instances {
    folder: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Current {
    key: String,
    name: String,
    global: bool,
}

/// Reading
impl Instances {
    pub(crate) fn of(environment: &Environment) -> Self {
        let folder = environment.buildx_config();
        Self { folder }
    }

    /// The instance of this name, in capitals or not.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Instance>, InstanceError> {
        if !is_name(name) {
            return Ok(None);
        }
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        read(&folder.join("instances").join(name.to_ascii_lowercase()))
    }

    /// The instance that was chosen for the engine `key`: the name of a docker context, or an address where there is none.
    pub(crate) fn current(&self, key: &str) -> Result<Option<Instance>, InstanceError> {
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let current: Current = read(&folder.join("current"))?.unwrap_or_default();
        let applies = current.global || current.key == key;
        if applies && !current.name.is_empty() {
            match self.find(&current.name)? {
                None if current.key != key => {}
                found => return Ok(found),
            }
        }
        let mut digest = hex(&Sha256::digest(key.as_bytes()));
        digest.truncate(20);
        match fs_err::read_to_string(folder.join("defaults").join(digest)) {
            Ok(name) => self.find(name.trim()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(InstanceError::Read(ConfigError::Read(error))),
        }
    }

    /// The names that there are, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let folder = self.folder.as_ref().map(|folder| folder.join("instances"));
        let files = folder.and_then(|folder| fs_err::read_dir(folder).ok());
        let mut names: Vec<_> = files
            .into_iter()
            .flatten()
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .filter(|name| is_name(name))
            .collect();
        names.sort();
        names
    }
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, InstanceError> {
    match fs_err::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| InstanceError::Read(ConfigError::syntax(path, &error))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(InstanceError::Read(ConfigError::Read(error))),
    }
}

/// As buildx' `^[a-zA-Z][a-zA-Z0-9\.\-_\+]*$`.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
}

/// Choosing
impl Instance {
    /// Reads the instance that buildx keeps under this name, in capitals or not; none where there is no such one.
    ///
    /// # Errors
    /// When its file cannot be read or is not what buildx writes.
    pub fn load(environment: &Environment, name: &str) -> Result<Option<Self>, InstanceError> {
        Instances::of(environment).find(name)
    }

    /// The node to build on: the first one that was made for all of `platforms`, else the first one that was made for none
    /// in particular and may know them, else, where nothing is asked, the first.
    ///
    /// **Deviation**: buildx builds on several nodes and joins the results.
    ///
    /// # Errors
    /// When there is no such node, or no node at all.
    pub fn node(&self, platforms: &[String]) -> Result<&Node, InstanceError> {
        let Some(first) = self.nodes.first() else {
            return Err(InstanceError::NoNodes);
        };
        if platforms.is_empty() {
            return Ok(first);
        }
        let wanted: Vec<_> = platforms.iter().map(|text| Platform::of(text)).collect();
        let made_for = |node: &&Node| wanted.iter().all(|one| node.platforms.contains(one));
        self.nodes
            .iter()
            .find(made_for)
            .or_else(|| self.nodes.iter().find(|node| node.platforms.is_empty()))
            .ok_or_else(|| InstanceError::Spread {
                platforms: platforms.to_vec(),
            })
    }

    /// Where the BuildKit of `node` is.
    ///
    /// # Errors
    /// When the driver is not supported, or the node not described as buildx does it.
    pub fn address(&self, node: &Node) -> Result<NodeAddress, InstanceError> {
        match self.driver.as_str() {
            "docker" => Ok(NodeAddress::Engine(engine_at(&node.endpoint))),
            "docker-container" => {
                let name = format!("buildx_buildkit_{}", node.name);
                if !is_container_name(&name) {
                    return Err(node.fault("that is no name of a container"));
                }
                let engine = engine_at(&node.endpoint);
                Ok(NodeAddress::Daemon(DaemonAddress::Container {
                    name,
                    engine,
                }))
            }
            "remote" => node.remote().map(NodeAddress::Daemon),
            other => Err(InstanceError::Driver {
                driver: other.to_owned(),
            }),
        }
    }
}

impl Node {
    /// The address that buildx' driver `remote` was given, with its certificates.
    fn remote(&self) -> Result<DaemonAddress, InstanceError> {
        let wrong = |source| InstanceError::Address {
            node: self.name.clone(),
            source,
        };
        let address = DaemonAddress::parse(&self.endpoint).map_err(wrong)?;
        let file = |option: &str| match self.driver_opts.get(option) {
            Some(path) if !Path::new(path).is_absolute() => {
                Err(self.fault(format!("`{path}` of `{option}` is no absolute path")))
            }
            path => Ok(path.map(PathBuf::from)),
        };
        let tls = DaemonTls {
            files: TlsFiles {
                ca: file("cacert")?,
                cert: file("cert")?,
                key: file("key")?,
                skip_verify: false,
            },
            server_name: self.driver_opts.get("servername").cloned(),
        };
        if tls == DaemonTls::default() {
            return Ok(address);
        }
        // As buildx, which never trusts the system's authorities here.
        if tls.files.ca.is_none() {
            return Err(self.fault("`cacert` is missing among its options"));
        }
        address.with_tls(tls).map_err(wrong)
    }

    fn fault(&self, reason: impl Into<String>) -> InstanceError {
        InstanceError::Node {
            node: self.name.clone(),
            reason: reason.into(),
        }
    }
}

/// An endpoint is an address or the name of a docker context.
fn engine_at(endpoint: &str) -> AddressQuery {
    let text = Some(endpoint.to_owned()).filter(|text| !text.is_empty());
    if endpoint.contains("://") {
        AddressQuery {
            host: text,
            ..AddressQuery::default()
        }
    } else {
        AddressQuery {
            context: text,
            ..AddressQuery::default()
        }
    }
}

impl Platform {
    /// As containerd reads and normalizes it: `linux/arm64/v8` is `linux/arm64`, `linux/arm` is `linux/arm/v7`.
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let mut parts = text.split('/');
        let mut part = || parts.next().unwrap_or_default();
        let (os, architecture, variant) = (part(), part(), part());
        let (architecture, variant) = match (architecture, variant) {
            ("arm64" | "aarch64", "8" | "v8") => ("arm64", ""),
            ("aarch64", variant) => ("arm64", variant),
            ("amd64" | "x86_64" | "x86-64", "v1") => ("amd64", ""),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("i386", variant) => ("386", variant),
            ("arm" | "armhf", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            other => other,
        };
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.to_owned(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if self.variant.is_empty() {
            return Ok(());
        }
        write!(f, "/{}", self.variant)
    }
}

/// Go writes empty lists and maps as `null`.
fn null_is_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}
