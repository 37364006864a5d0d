//! What builders can do, for programs without an asynchronous runtime.

use crate::buildkit::abilities::Abilities;
use crate::buildkit::daemon::{DaemonAddress, DaemonError};
use crate::client::ConnectOptions;
use crate::error::RequestError;

use super::{Background, Engine};

impl Engine {
    /// As [`crate::BuildKit::abilities`] of the BuildKit that is part of this engine.
    ///
    /// # Errors
    /// When it does not answer, or not as a BuildKit.
    pub fn abilities(&self) -> Result<Abilities, RequestError> {
        let buildkit = self.engine.buildkit();
        self.background
            .request(async move { buildkit.abilities().await })
    }
}

/// Connects to a BuildKit that is part of no engine, as [`crate::BuildKit::connect`] does, and asks what it can do.
///
/// # Errors
/// As there, and when there is no runtime.
pub fn daemon_abilities(
    address: &DaemonAddress,
    options: &ConnectOptions,
) -> Result<Abilities, DaemonError> {
    let failed = |error: std::io::Error| DaemonError::Request {
        address: Box::new(address.clone()),
        source: RequestError::broken(error),
    };
    let background = Background::start().map_err(failed)?;
    let (target, options) = (address.clone(), options.clone());
    let asked = background.wait(async move { crate::BuildKit::connect(&target, &options).await });
    let (_, abilities) = asked.ok_or_else(|| failed(std::io::Error::other("it has stopped")))??;
    Ok(abilities)
}
