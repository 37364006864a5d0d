//! BuildKit for programs without an asynchronous runtime.

use shipload_context::DockerfileBuilder;

use crate::buildkit::abilities::Abilities;
use crate::buildkit::context::{SessionContext, SessionContextError};
use crate::buildkit::daemon::{DaemonAddress, DaemonError};
use crate::buildkit::route::Way;
use crate::client::ConnectOptions;
use crate::error::RequestError;
use crate::options::BuildOptions;

use super::{Background, Build, Engine};

/// As [`crate::BuildKit`], for any thread.
///
/// ```no_run
/// use shipload_context::{Progress, Recipe};
/// use shipload_engine::{BuildOptions, ConnectOptions, SessionContext, blocking::Engine};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::connect(&ConnectOptions::default())?;
/// let context = SessionContext::from_plan(&Recipe::new(".").plan(&Progress::new())?)?;
/// let mut build = engine.buildkit().build(&context, &BuildOptions::tagged("app:1".parse()?));
/// for event in &mut build {
///     println!("{event:?}");
/// }
/// println!("{}", build.finish()?.image_id);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BuildKit {
    buildkit: crate::BuildKit,
    background: Background,
}

impl Engine {
    /// As [`crate::Engine::buildkit`].
    pub fn buildkit(&self) -> BuildKit {
        BuildKit {
            buildkit: self.engine.buildkit(),
            background: self.background.clone(),
        }
    }
}

impl BuildKit {
    /// As [`crate::BuildKit::connect`].
    ///
    /// # Errors
    /// As there, and when there is no runtime.
    pub fn connect(
        address: &DaemonAddress,
        options: &ConnectOptions,
    ) -> Result<(Self, Abilities), DaemonError> {
        let failed = |error: std::io::Error| DaemonError::Request {
            address: Box::new(address.clone()),
            source: RequestError::broken(error),
        };
        let background = Background::start().map_err(failed)?;
        let (target, options) = (address.clone(), options.clone());
        let asked =
            background.wait(async move { crate::BuildKit::connect(&target, &options).await });
        let stopped = || failed(std::io::Error::other("it has stopped"));
        let (buildkit, abilities) = asked.ok_or_else(stopped)??;
        let connected = Self {
            buildkit,
            background,
        };
        Ok((connected, abilities))
    }

    /// As [`crate::BuildKit::abilities`].
    ///
    /// # Errors
    /// When it does not answer, or not as a BuildKit.
    pub fn abilities(&self) -> Result<Abilities, RequestError> {
        let buildkit = self.buildkit.clone();
        self.background
            .request(async move { buildkit.abilities().await })
    }

    /// As [`crate::BuildKit::ping`].
    ///
    /// # Errors
    /// When it cannot be reached.
    pub fn ping(&self) -> Result<Way, RequestError> {
        let buildkit = self.buildkit.clone();
        self.background
            .request(async move { buildkit.ping().await })
    }

    /// As [`crate::BuildKit::build`].
    pub fn build(&self, context: &SessionContext, options: &BuildOptions) -> Build {
        let (buildkit, context) = (self.buildkit.clone(), context.clone());
        let (background, options) = (self.background.clone(), options.clone());
        let stream = background.wait(async move { buildkit.build(&context, &options) });
        Build { background, stream }
    }

    /// As [`crate::BuildKit::build_from_file`].
    ///
    /// # Errors
    /// When the context cannot be listed.
    pub fn build_from_file(
        &self,
        file: &mut DockerfileBuilder,
        options: &BuildOptions,
    ) -> Result<Build, SessionContextError> {
        Ok(self.build(&SessionContext::of_file(file)?, options))
    }
}
