//! Credentials for registries: found as the docker CLI finds them, sent only where they are needed.
//!
//! For one registry, first found: what the caller set, `DOCKER_AUTH_CONFIG`, the registry's own
//! helper (`credHelpers`), the general helper (`credsStore`), `auths` in `config.json`. A helper is
//! the program `docker-credential-NAME` on the `PATH`, asked when its registry is needed and no
//! earlier. What it printed never becomes part of an error, since it may be the secret.

mod inventory;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::config::{ConfigError, DockerConfig, StoredAuth};
use crate::environment::Environment;
use crate::helper;
use crate::secret::Secret;

pub use inventory::{Identity, Inventory, InventoryProblem, Login, LoginSource};

/// The variable that goes before `config.json`.
const VARIABLE: &str = "DOCKER_AUTH_CONFIG";

/// A registry, by host and port, such as `localhost:5000`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(String);

/// The key of Docker Hub in `config.json` and in the engine's tables, since the days of version 1.
const HUB_KEY: &str = "https://index.docker.io/v1/";

impl Registry {
    /// The registry at this host and port; a scheme and a path are dropped, and all names of Docker
    /// Hub are one.
    pub fn new(host: &str) -> Self {
        let host = host_of(host);
        match host {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => Self::docker_hub(),
            host => Self(host.to_owned()),
        }
    }

    /// Docker Hub.
    pub fn docker_hub() -> Self {
        Self("docker.io".to_owned())
    }

    /// Host and port; `docker.io` for Docker Hub.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its key in `config.json` and in `X-Registry-Config`.
    pub fn config_key(&self) -> &str {
        if self.0 == "docker.io" {
            HUB_KEY
        } else {
            &self.0
        }
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn host_of(key: &str) -> &str {
    let rest = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    rest.split('/').next().unwrap_or_default()
}

/// What a registry is told. `Debug` shows the user's name and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Credential {
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A token that stands for user and password.
    #[serde(rename = "identitytoken", skip_serializing_if = "Option::is_none")]
    pub identity_token: Option<Secret>,
    /// A token that is sent to the registry as it is.
    #[serde(rename = "registrytoken", skip_serializing_if = "Option::is_none")]
    pub registry_token: Option<Secret>,
}

impl Credential {
    /// A name and a password.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: Some(username.into()),
            password: Some(Secret::new(password)),
            ..Self::default()
        }
    }
}

/// Moby's `AuthConfig`.
#[derive(Serialize)]
struct Wire<'a> {
    #[serde(flatten)]
    credential: &'a Credential,
    serveraddress: &'a str,
}

/// Why a credential could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The helper is not installed.
    #[error("cannot ask for the credentials of `{registry}`: there is no `{program}` on the PATH")]
    NoHelper {
        /// The registry.
        registry: Registry,
        /// The program.
        program: String,
    },
    /// The helper could not be run.
    #[error("cannot run `{}` for the credentials of `{registry}`", program.display())]
    Run {
        /// The registry.
        registry: Registry,
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The helper ended with an error.
    #[error("`{}` failed for `{registry}` ({status})", program.display())]
    Helper {
        /// The registry.
        registry: Registry,
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The helper's answer is not in the helpers' protocol.
    #[error("`{}` gave no valid answer for `{registry}`", program.display())]
    Answer {
        /// The registry.
        registry: Registry,
        /// The program.
        program: PathBuf,
    },
    /// An entry of `auths` cannot be decoded.
    #[error("the entry of `{registry}` in {place} cannot be decoded")]
    Entry {
        /// The registry.
        registry: Registry,
        /// Where it stands.
        place: &'static str,
    },
    /// `config.json` cannot be used.
    #[error("cannot look for the credentials of `{registry}`")]
    Config {
        /// The registry.
        registry: Registry,
        /// Why.
        #[source]
        source: Arc<ConfigError>,
    },
    /// `DOCKER_AUTH_CONFIG` cannot be used.
    #[error("`DOCKER_AUTH_CONFIG` is not valid JSON of the form {{\"auths\": …}}")]
    Variable,
    /// The values cannot be sent.
    #[error("the credentials of `{registry}` cannot be sent")]
    Unsendable {
        /// The registry.
        registry: Registry,
    },
}

impl CredentialError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoHelper { .. } => Some(
                "install the helper, or remove it from credsStore or credHelpers in config.json"
                    .to_owned(),
            ),
            Self::Helper { registry, .. } | Self::Entry { registry, .. } => {
                Some(format!("log in again with `docker login {registry}`"))
            }
            _ => None,
        }
    }
}

/// Where credentials come from; cheap to clone, and shared by the clones.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    environment: Environment,
    config: Result<DockerConfig, Arc<ConfigError>>,
    /// Set by the caller, or answered by a helper before.
    known: Mutex<HashMap<Registry, Credential>>,
}

/// Whose turn it is for a registry.
enum Charge<'a> {
    /// Set by the caller, or answered before.
    Set(Credential),
    /// In `DOCKER_AUTH_CONFIG`.
    Variable(Credential),
    /// The helper of this name.
    Helper(&'a str),
    /// Nobody but `config.json`, whether it has one or not.
    Stored(Option<Credential>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Constructors and settings.
impl Credentials {
    /// Those of the docker CLI in this environment.
    pub fn from_environment(environment: Environment) -> Self {
        let config = DockerConfig::load(&environment);
        Self::new(environment, config)
    }

    pub(crate) fn new(environment: Environment, config: Result<DockerConfig, ConfigError>) -> Self {
        let config = config.map_err(Arc::new);
        Self(Arc::new(Inner {
            environment,
            config,
            known: Mutex::default(),
        }))
    }

    /// Uses `credential` for `registry` from now on, before anything found elsewhere. It is kept in
    /// memory only.
    pub fn set(&self, registry: Registry, credential: Credential) {
        self.known().insert(registry, credential);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Registry, Credential>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looking up.
impl Credentials {
    /// The credential for one registry; `None` where nobody knows one. Runs a helper if one is set
    /// for this registry, once.
    ///
    /// # Errors
    /// When the place that is in charge of this registry fails.
    pub async fn get(&self, registry: &Registry) -> Result<Option<Credential>, CredentialError> {
        let name = match self.in_charge(registry)? {
            Charge::Set(found) | Charge::Variable(found) => return Ok(Some(found)),
            Charge::Stored(found) => return Ok(found),
            Charge::Helper(name) => name,
        };
        let found = helper::ask(&self.0.environment, name, registry).await?;
        if let Some(credential) = &found {
            self.known().insert(registry.clone(), credential.clone());
        }
        Ok(found)
    }

    /// Whose turn it is for a registry, and what it has where that needs no question.
    fn in_charge(&self, registry: &Registry) -> Result<Charge<'_>, CredentialError> {
        if let Some(known) = self.known().get(registry) {
            return Ok(Charge::Set(known.clone()));
        }
        if let Some(auths) = self.variable()?
            && let Some(found) = stored(&auths, registry, VARIABLE)?
        {
            return Ok(Charge::Variable(found));
        }
        let config = self
            .0
            .config
            .as_ref()
            .map_err(|source| CredentialError::Config {
                registry: registry.clone(),
                source: Arc::clone(source),
            })?;
        let helper = config
            .cred_helpers
            .get(registry.config_key())
            .or(config.creds_store.as_ref());
        match helper.filter(|name| !name.is_empty()) {
            Some(name) => Ok(Charge::Helper(name)),
            None => stored(&config.auths, registry, "config.json").map(Charge::Stored),
        }
    }

    fn variable(&self) -> Result<Option<BTreeMap<String, StoredAuth>>, CredentialError> {
        #[derive(Deserialize)]
        struct Variable {
            auths: BTreeMap<String, StoredAuth>,
        }
        let Some(text) = self.0.environment.text(VARIABLE) else {
            return Ok(None);
        };
        let parsed: Result<Variable, _> = serde_json::from_str(text);
        parsed
            .map(|variable| Some(variable.auths))
            .map_err(|_| CredentialError::Variable)
    }
}

/// The entry for `registry`: by its key, else by the host of any key, as the docker CLI does.
fn stored(
    auths: &BTreeMap<String, StoredAuth>,
    registry: &Registry,
    place: &'static str,
) -> Result<Option<Credential>, CredentialError> {
    let same = |key: &String| Registry::new(key) == *registry;
    let by_host = || {
        auths
            .iter()
            .find(|(key, _)| same(key))
            .map(|(_, entry)| entry)
    };
    let Some(entry) = auths.get(registry.config_key()).or_else(by_host) else {
        return Ok(None);
    };
    let mut credential = Credential {
        username: entry.username.clone().filter(|name| !name.is_empty()),
        password: entry.password.clone().filter(|secret| !secret.is_empty()),
        identity_token: entry
            .identitytoken
            .clone()
            .filter(|secret| !secret.is_empty()),
        registry_token: entry
            .registrytoken
            .clone()
            .filter(|secret| !secret.is_empty()),
    };
    if let Some(auth) = entry.auth.as_ref().filter(|auth| !auth.is_empty()) {
        let decoded = STANDARD.decode(auth.expose()).ok();
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((user, password)) = text.as_deref().and_then(|text| text.split_once(':')) else {
            return Err(CredentialError::Entry {
                registry: registry.clone(),
                place,
            });
        };
        credential.username = Some(user.to_owned());
        credential.password = Some(Secret::new(password.trim_end_matches('\0')));
    }
    Ok((credential != Credential::default()).then_some(credential))
}

/// The value of `X-Registry-Auth`: what a push or a pull tells the engine. Without a credential it
/// is `{}`, which engines want rather than nothing.
pub(crate) fn auth_header(
    registry: &Registry,
    credential: Option<&Credential>,
) -> Result<HeaderValue, CredentialError> {
    let json = match credential {
        Some(credential) => serde_json::to_vec(&Wire {
            credential,
            serveraddress: registry.config_key(),
        }),
        None => Ok(b"{}".to_vec()),
    };
    header(json, registry)
}

/// The value of `X-Registry-Config`: credentials by registry, for the registries that a build needs.
pub(crate) fn config_header(
    found: &[(Registry, Credential)],
) -> Result<Option<HeaderValue>, CredentialError> {
    let Some((first, _)) = found.first() else {
        return Ok(None);
    };
    let wire = |(registry, credential): &(Registry, Credential)| {
        let key = registry.config_key();
        serde_json::to_value(Wire {
            credential,
            serveraddress: key,
        })
        .map(|wire| (key.to_owned(), wire))
    };
    let table: Result<BTreeMap<_, _>, _> = found.iter().map(wire).collect();
    header(table.and_then(|table| serde_json::to_vec(&table)), first).map(Some)
}

/// base64 with the URL's alphabet and padding, as Go's `base64.URLEncoding` reads it.
fn header(
    json: Result<Vec<u8>, serde_json::Error>,
    registry: &Registry,
) -> Result<HeaderValue, CredentialError> {
    let unsendable = || CredentialError::Unsendable {
        registry: registry.clone(),
    };
    let text = URL_SAFE.encode(json.map_err(|_| unsendable())?);
    let mut value = HeaderValue::from_str(&text).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}
