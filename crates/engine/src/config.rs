//! The docker CLI's `config.json`: what of it concerns an engine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::environment::Environment;
use crate::secret::Secret;

/// The settings of the docker CLI that decide where a build goes and who may pull.
///
/// A file that does not exist is an empty one. Keys that are not listed here are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DockerConfig {
    /// The context that is used where nothing else names an engine.
    pub current_context: Option<String>,
    /// The credential helper for every registry without one of its own.
    pub creds_store: Option<String>,
    /// Credential helpers by registry.
    pub cred_helpers: BTreeMap<String, String>,
    /// Credentials by registry, as `docker login` wrote them.
    pub(crate) auths: BTreeMap<String, StoredAuth>,
    /// What stands for a subcommand.
    aliases: BTreeMap<String, String>,
    /// Proxies by engine address, and `default`.
    proxies: BTreeMap<String, Proxies>,
}

/// One entry of `auths`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StoredAuth {
    pub(crate) auth: Option<Secret>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    #[serde(alias = "identityToken")]
    pub(crate) identitytoken: Option<Secret>,
    #[serde(alias = "registryToken")]
    pub(crate) registrytoken: Option<Secret>,
}

/// Their URLs may hold passwords, and no `Debug` output shows them.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Proxies {
    #[serde(rename = "httpProxy")]
    http: Option<String>,
    #[serde(rename = "httpsProxy")]
    https: Option<String>,
    #[serde(rename = "noProxy")]
    none: Option<String>,
    #[serde(rename = "ftpProxy")]
    ftp: Option<String>,
    #[serde(rename = "allProxy")]
    all: Option<String>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies(…)")
    }
}

/// A settings file that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It exists and cannot be read.
    #[error("cannot read the settings of the docker client")]
    Read(#[source] std::io::Error),
    /// It is not what the docker CLI writes. The text is not shown, since it may hold passwords.
    #[error("`{}` is not valid: {kind} at line {line}, column {column}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What kind of fault it is.
        kind: &'static str,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
}

impl ConfigError {
    pub(crate) fn syntax(path: &Path, error: &serde_json::Error) -> Self {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "a value of the wrong type",
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "no JSON",
        };
        Self::Syntax {
            path: path.to_owned(),
            kind,
            line: error.line(),
            column: error.column(),
        }
    }
}

impl DockerConfig {
    /// Reads `config.json` in the settings' directory of `environment`.
    ///
    /// # Errors
    /// When the file exists and cannot be read or is not valid.
    pub fn load(environment: &Environment) -> Result<Self, ConfigError> {
        let Some(folder) = environment.docker_config() else {
            return Ok(Self::default());
        };
        let path = folder.join("config.json");
        match fs_err::read(&path) {
            Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => Ok(Self::default()),
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| ConfigError::syntax(&path, &error))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ConfigError::Read(error)),
        }
    }

    /// The plugin that `docker build` hands builds to instead of doing what it does by default, such as `buildx`.
    pub fn builder_alias(&self) -> Option<&str> {
        self.aliases.get("builder").map(String::as_str)
    }

    /// The build arguments that the docker CLI adds for the proxies of the engine at `host`
    /// (such as `unix:///var/run/docker.sock`), else for `default`: each in capitals and in small
    /// letters. A caller's own argument of the same name goes before.
    pub fn proxy_build_args(&self, host: &str) -> BTreeMap<String, String> {
        let Some(proxies) = self
            .proxies
            .get(host)
            .or_else(|| self.proxies.get("default"))
        else {
            return BTreeMap::new();
        };
        [
            ("HTTP_PROXY", &proxies.http),
            ("HTTPS_PROXY", &proxies.https),
            ("NO_PROXY", &proxies.none),
            ("FTP_PROXY", &proxies.ftp),
            ("ALL_PROXY", &proxies.all),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone().filter(|text| !text.is_empty())?)))
        .flat_map(|(name, value)| {
            [
                (name.to_owned(), value.clone()),
                (name.to_ascii_lowercase(), value),
            ]
        })
        .collect()
    }
}
