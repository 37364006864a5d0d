//! Docker contexts: named engines that `docker context create` wrote down.
//!
//! A context lives under the settings' directory, by the SHA-256 of its name in lower-case hex:
//! `contexts/meta/<sha256>/meta.json` says where its engine is, and `contexts/tls/<sha256>/docker/`
//! holds `ca.pem`, `cert.pem` and `key.pem`, as far as it needs them.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::config::ConfigError;
use crate::random::hex;
use crate::tls::TlsFiles;

/// What a context says of its engine.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) tls: Option<TlsFiles>,
}

/// A context that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// There is no such context.
    #[error("there is no docker context `{name}`: `{}` does not exist", looked_at.display())]
    Unknown {
        /// Its name.
        name: String,
        /// Where it would be described.
        looked_at: PathBuf,
    },
    /// The name is not one that the docker CLI could have written.
    #[error("`{name}` is no name of a docker context")]
    Name {
        /// The name.
        name: String,
    },
    /// There is nowhere to look: neither `DOCKER_CONFIG` nor `HOME` is set.
    #[error("cannot look up the docker context `{name}`: neither DOCKER_CONFIG nor HOME is set")]
    Nowhere {
        /// Its name.
        name: String,
    },
    /// Its description cannot be read or understood.
    #[error("cannot read the docker context `{name}`")]
    Read {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: ConfigError,
    },
    /// It describes no Docker engine.
    #[error("the docker context `{name}` has no docker endpoint")]
    NoEndpoint {
        /// Its name.
        name: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    #[serde(default)]
    endpoints: std::collections::BTreeMap<String, MetaEndpoint>,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[derive(Default)]
struct MetaEndpoint {
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Looks `name` up below the settings' directory.
pub(crate) fn endpoint(settings: Option<&Path>, name: &str) -> Result<Endpoint, ContextError> {
    let owned = || name.to_owned();
    if !is_name(name) {
        return Err(ContextError::Name { name: owned() });
    }
    let settings = settings.ok_or_else(|| ContextError::Nowhere { name: owned() })?;
    let digest = hex(&Sha256::digest(name.as_bytes()));
    let file = settings
        .join("contexts/meta")
        .join(&digest)
        .join("meta.json");
    let bytes = match fs_err::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ContextError::Unknown {
                name: owned(),
                looked_at: file,
            });
        }
        Err(error) => {
            return Err(ContextError::Read {
                name: owned(),
                source: ConfigError::Read(error),
            });
        }
    };
    let meta: Meta = serde_json::from_slice(&bytes).map_err(|error| ContextError::Read {
        name: owned(),
        source: ConfigError::syntax(&file, &error),
    })?;
    let found = meta
        .endpoints
        .get("docker")
        .filter(|endpoint| !endpoint.host.is_empty());
    let Some(found) = found else {
        return Err(ContextError::NoEndpoint { name: owned() });
    };
    let folder = settings.join("contexts/tls").join(&digest).join("docker");
    let tls = TlsFiles::existing_in(&folder, found.skip_tls_verify);
    Ok(Endpoint {
        host: found.host.clone(),
        tls,
    })
}

/// As the docker CLI's `^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$`.
fn is_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.+-".contains(&byte))
}
