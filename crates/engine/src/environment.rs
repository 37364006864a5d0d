//! What this crate knows of the process around it: variables, the home directory, the well-known sockets.
//!
//! Captured once, by the caller, and handed to everything else: no other module reads a process
//! variable, so tests need none and a program can show exactly what was used.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The environment that addresses, credentials and helpers are looked up in.
///
/// `Debug` prints the names of the variables and not their values, since `DOCKER_AUTH_CONFIG` holds
/// passwords.
///
/// ```
/// use shipload_engine::Environment;
///
/// let environment = Environment::empty().with("DOCKER_HOST", "tcp://127.0.0.1:2375");
/// assert_eq!(environment.text("DOCKER_HOST"), Some("tcp://127.0.0.1:2375"));
/// assert_eq!(environment.text("DOCKER_CONTEXT"), None);
/// ```
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    docker_socket: PathBuf,
    podman_socket: PathBuf,
}

/// A variable whose text has no meaning here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is `{value}`, which is not {wanted}")]
pub struct VariableError {
    /// The variable.
    pub name: &'static str,
    /// Its text.
    pub value: String,
    /// What it may be.
    pub wanted: &'static str,
}

/// Constructors.
impl Environment {
    /// The variables of this process, as they are now.
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            ..Self::empty()
        }
    }

    /// No variables at all, and the well-known sockets.
    pub fn empty() -> Self {
        Self {
            variables: BTreeMap::new(),
            docker_socket: PathBuf::from("/var/run/docker.sock"),
            podman_socket: PathBuf::from("/run/podman/podman.sock"),
        }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same with other places for the sockets of Docker and Podman that serve the whole system.
    #[must_use]
    pub fn with_sockets(mut self, docker: impl Into<PathBuf>, podman: impl Into<PathBuf>) -> Self {
        self.docker_socket = docker.into();
        self.podman_socket = podman.into();
        self
    }
}

/// What it says.
impl Environment {
    /// The text of a variable; `None` when it is unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables
            .get(OsStr::new(name))?
            .to_str()
            .filter(|text| !text.is_empty())
    }

    /// The bytes of a variable, which may be none; `None` when it is unset.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let value = self.variables.get(OsStr::new(name))?;
        Some(value.as_encoded_bytes())
    }

    /// All variables, for a child process.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// A directory named by a variable.
    fn directory(&self, name: &str) -> Option<PathBuf> {
        self.variables
            .get(OsStr::new(name))
            .filter(|text| !text.is_empty())
            .map(PathBuf::from)
    }

    /// Where the docker CLI keeps its settings: `DOCKER_CONFIG`, else `~/.docker`.
    pub fn docker_config(&self) -> Option<PathBuf> {
        self.directory("DOCKER_CONFIG")
            .or_else(|| self.directory("HOME").map(|home| home.join(".docker")))
    }

    /// Where programs keep what they should remember: `XDG_STATE_HOME`, else `~/.local/state`; below it our own.
    pub(crate) fn state_directory(&self) -> Option<PathBuf> {
        self.directory("XDG_STATE_HOME")
            .or_else(|| Some(self.directory("HOME")?.join(".local/state")))
            .map(|state| state.join("shipload"))
    }

    /// Where buildx keeps its builders: `BUILDX_CONFIG`, else `buildx` in the docker CLI's settings.
    pub fn buildx_config(&self) -> Option<PathBuf> {
        self.directory("BUILDX_CONFIG")
            .or_else(|| self.docker_config().map(|folder| folder.join("buildx")))
    }

    /// Where the certificates are that `DOCKER_TLS_VERIFY` asks for: `DOCKER_CERT_PATH`, else the
    /// settings' directory.
    pub fn cert_path(&self) -> Option<PathBuf> {
        self.directory("DOCKER_CERT_PATH")
            .or_else(|| self.docker_config())
    }

    /// Whether `DOCKER_TLS_VERIFY` asks for a verified connection: any text but the empty one does, as in the docker CLI.
    pub fn tls_verify(&self) -> bool {
        self.is_set("DOCKER_TLS_VERIFY")
    }

    /// Whether `DOCKER_TLS` asks for an encrypted connection that need not be verified.
    pub fn tls(&self) -> bool {
        self.is_set("DOCKER_TLS")
    }

    fn is_set(&self, name: &str) -> bool {
        self.variables
            .get(OsStr::new(name))
            .is_some_and(|value| !value.is_empty())
    }

    /// What `DOCKER_BUILDKIT` says.
    ///
    /// # Errors
    /// For any text that Go's `strconv.ParseBool` does not take, as in the docker CLI.
    pub fn buildkit(&self) -> Result<Option<bool>, VariableError> {
        let name = "DOCKER_BUILDKIT";
        self.text(name)
            .map(|value| match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                other => Err(VariableError {
                    name,
                    value: other.to_owned(),
                    wanted: "a boolean",
                }),
            })
            .transpose()
    }

    /// What `DOCKER_DEFAULT_PLATFORM` says, such as `linux/arm64`.
    pub fn default_platform(&self) -> Option<&str> {
        self.text("DOCKER_DEFAULT_PLATFORM")
    }

    /// The well-known socket of the Docker Engine.
    pub(crate) fn docker_socket(&self) -> &Path {
        &self.docker_socket
    }

    /// The well-known socket of Podman.
    pub(crate) fn podman_socket(&self) -> &Path {
        &self.podman_socket
    }

    /// `XDG_RUNTIME_DIR`, where engines without root privileges put their sockets.
    pub(crate) fn runtime_directory(&self) -> Option<PathBuf> {
        self.directory("XDG_RUNTIME_DIR")
    }

    /// The first executable file of this name on this environment's `PATH`.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get(OsStr::new("PATH"))?;
        std::env::split_paths(path)
            .map(|folder| folder.join(name))
            .find(|file| executable(file))
    }
}

#[cfg(unix)]
fn executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs_err::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(file: &Path) -> bool {
    file.is_file()
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("docker_socket", &self.docker_socket)
            .field("podman_socket", &self.podman_socket)
            .finish()
    }
}
