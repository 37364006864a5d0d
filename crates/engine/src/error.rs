//! Errors that several operations share; those of one operation stand beside it.

use std::fmt;

use crate::address::AddressError;
use crate::connect::ConnectorError;
use crate::resolve::{Candidate, Considered};

/// Any error, boxed.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request that got no good answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No connection.
    #[error("cannot connect to the engine")]
    Connect(#[source] std::io::Error),
    /// The engine refused, with an HTTP status.
    #[error("the engine refused: {message} (status {status})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The engine's words, not filtered: see [`crate::sanitize`].
        message: String,
    },
    /// Nothing came within the time limit.
    #[error("the engine did not answer in time")]
    Timeout,
    /// The connection broke before the answer was complete.
    #[error("the connection to the engine broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An answer that is not what an engine says.
    #[error("the engine's answer cannot be understood")]
    NotUnderstood(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RequestError {
    pub(crate) fn broken(error: impl Into<BoxError>) -> Self {
        Self::Broken(error.into())
    }

    /// Whether the engine says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Connect(error) => return connect_hint(error),
            Self::Refused {
                status: 401 | 403, ..
            } => "log in with `docker login`, or check what this user may do",
            Self::Timeout => {
                "see whether the engine is busy or hangs; `docker version` asks the same"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

impl From<bollard::errors::Error> for RequestError {
    fn from(error: bollard::errors::Error) -> Self {
        use bollard::errors::Error;
        match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => Self::Refused {
                status: status_code,
                message,
            },
            Error::RequestTimeoutError => Self::Timeout,
            Error::JsonDataError { .. } | Error::JsonSerdeError { .. } => {
                Self::NotUnderstood(error.into())
            }
            // Our own transport's errors come back in this wrapping.
            Error::IOError { err } => match err.downcast::<Self>() {
                Ok(ours) => ours,
                Err(other) => Self::broken(other),
            },
            other => Self::broken(other),
        }
    }
}

/// No engine could be connected to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// It cannot even be said where it would be.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// `DOCKER_API_VERSION` or the caller's version is no version.
    #[error(transparent)]
    Version(#[from] crate::environment::VariableError),
    /// None of the addresses answered.
    #[error(transparent)]
    NoEngine(#[from] NoEngine),
}

impl ConnectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Address(error) => error.hint(),
            Self::Version(_) => None,
            Self::NoEngine(error) => error.hint(),
        }
    }
}

/// Every address that was tried in vain, and why each was chosen.
#[derive(Debug)]
pub struct NoEngine {
    /// The attempts, in order.
    pub attempts: Vec<Attempt>,
    /// The sources that were asked for an address, in order.
    pub trail: Vec<Considered>,
}

/// One address that did not answer.
#[derive(Debug)]
pub struct Attempt {
    /// Where, and why there.
    pub candidate: Candidate,
    /// What went wrong.
    pub error: AttemptError,
}

/// What went wrong with one address.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// It could not be tried.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// It did not answer as an engine.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl std::error::Error for NoEngine {}

impl fmt::Display for NoEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no engine answers; tried ")?;
        for (at, attempt) in self.attempts.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            let Candidate { address, why } = &attempt.candidate;
            write!(
                f,
                "{separator}`{address}` ({why}): {}",
                chain(&attempt.error)
            )?;
        }
        Ok(())
    }
}

impl NoEngine {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let specific = self
            .attempts
            .iter()
            .find_map(|attempt| match &attempt.error {
                AttemptError::Request(RequestError::Connect(error))
                    if error.kind() == std::io::ErrorKind::PermissionDenied =>
                {
                    connect_hint(error)
                }
                _ => None,
            });
        if specific.is_some() {
            return specific;
        }
        let chosen = self
            .attempts
            .iter()
            .any(|attempt| !attempt.candidate.why.is_default());
        Some(if chosen {
            "check that an engine listens there".to_owned()
        } else {
            "start Docker or Podman, or name an engine with --host, --context or DOCKER_HOST"
                .to_owned()
        })
    }
}

/// The innermost cause says what happened; what lies around it is known from the address.
fn chain(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

fn connect_hint(error: &std::io::Error) -> Option<String> {
    let text = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "this user may not use the socket: join the group that owns it (often `docker`), or use a rootless engine"
        }
        std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
            "check that an engine listens there"
        }
        std::io::ErrorKind::InvalidData => {
            "the certificates do not fit; see DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"
        }
        _ => return None,
    };
    Some(text.to_owned())
}
