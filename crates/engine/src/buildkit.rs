//! BuildKit: building over its session, in which it asks for the files that it needs and gets what has changed.
//!
//! ```text
//! us                                                BuildKit
//!  Control.Solve(ref, session, attributes)   ──►
//!  Control.Status(ref)                       ──►    vertices, logs, warnings: Event*
//!  Session, on which BuildKit is the client  ◄──    which files are there? send these
//! ```

pub(crate) mod abilities;
pub(crate) mod attributes;
pub(crate) mod builder;
pub(crate) mod channel;
pub(crate) mod context;
pub(crate) mod daemon;
pub(crate) mod failure;
pub(crate) mod instances;
pub(crate) mod options;
mod outputs;
mod post;
pub(crate) mod route;
mod solve;
pub(crate) mod spec;
pub(crate) mod status;
pub(crate) mod stores;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipload_context::DockerfileBuilder;

use crate::auth::Credentials;
use crate::build::BuildStream;
use crate::client::{ConnectOptions, Engine};
use crate::config::DockerConfig;
use crate::environment::Environment;
use crate::error::RequestError;
use crate::options::BuildOptions;
use crate::transport::UPGRADE_LIMIT;
use crate::upload::UploadProgress;

use self::abilities::Abilities;
use self::context::{SessionContext, SessionContextError};
use self::daemon::{Daemon, DaemonAddress, DaemonError, START_GRACE};
use self::route::{Route, Way};
use self::solve::Job;

/// A BuildKit that can be built on; cheap to clone. Connections are made for each build.
#[derive(Clone)]
pub struct BuildKit(Arc<Inner>);

struct Inner {
    route: Route,
    credentials: Credentials,
    environment: Environment,
}

/// BuildKit.
impl Engine {
    /// The BuildKit that is part of this engine.
    ///
    /// ```no_run
    /// use shipload_context::{Progress, Recipe};
    /// use shipload_engine::{BuildOptions, ConnectOptions, Engine, SessionContext};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::connect(&ConnectOptions::default()).await?;
    /// let context = SessionContext::from_plan(&Recipe::new(".").plan(&Progress::new())?)?;
    /// let options = BuildOptions::tagged("app:1".parse()?);
    /// println!("{}", engine.buildkit().build(&context, &options).finish().await?.image_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn buildkit(&self) -> BuildKit {
        BuildKit(Arc::new(Inner {
            route: Route::to(self),
            credentials: self.0.credentials.clone(),
            environment: self.0.environment.clone(),
        }))
    }
}

/// Reaching.
impl BuildKit {
    /// Connects to a BuildKit that is part of no engine, and makes sure that it answers. Its container is started if it was
    /// stopped, as buildx does.
    ///
    /// ```no_run
    /// use shipload_engine::{BuildKit, ConnectOptions, DaemonAddress};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let address = DaemonAddress::parse("unix:///run/buildkit/buildkitd.sock")?;
    /// let (buildkit, abilities) = BuildKit::connect(&address, &ConnectOptions::default()).await?;
    /// println!("{abilities} builds for {}", abilities.platforms.join(", "));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When certificates cannot be used, its container or engine is not there, or no BuildKit answers.
    pub async fn connect(
        address: &DaemonAddress,
        options: &ConnectOptions,
    ) -> Result<(Self, Abilities), DaemonError> {
        let daemon = Daemon::reach(address, options).await?;
        let patience = if daemon.is_new {
            START_GRACE
        } else {
            Duration::ZERO
        };
        let environment = options.environment.clone();
        let loaded = DockerConfig::load(&environment);
        let buildkit = Self(Arc::new(Inner {
            route: Route::Daemon(daemon),
            credentials: Credentials::new(environment.clone(), loaded),
            environment,
        }));
        let start = Instant::now();
        loop {
            let asked = tokio::time::timeout(options.connect_timeout, buildkit.abilities());
            let asked = asked.await.unwrap_or(Err(RequestError::Timeout));
            match asked {
                Ok(abilities) => return Ok((buildkit, abilities)),
                Err(source) if start.elapsed() >= patience => {
                    let address = Box::new(address.clone());
                    return Err(DaemonError::Request { address, source });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Asks what it can do.
    ///
    /// # Errors
    /// When it does not answer within a minute, or not as a BuildKit.
    pub async fn abilities(&self) -> Result<Abilities, RequestError> {
        let channel = self.0.route.channel().await?;
        let asked = Abilities::ask(&channel, self.0.route.api());
        let asked = tokio::time::timeout(UPGRADE_LIMIT, asked).await;
        asked.unwrap_or(Err(RequestError::Timeout))
    }
}

/// Building.
impl BuildKit {
    /// Connects, and hangs up again: whether there is a BuildKit at all, and by which way it is reached.
    ///
    /// # Errors
    /// When it cannot be reached; [`RequestError::Refused`] where something is there that knows no BuildKit, or lets nobody
    /// reach it.
    pub async fn ping(&self) -> Result<Way, RequestError> {
        self.0.route.ping().await
    }

    /// Starts a build and returns at once; files are listed before and read when BuildKit asks for them.
    ///
    /// Must be called in a Tokio runtime. Dropping the stream before its end cancels the build.
    pub fn build(&self, context: &SessionContext, options: &BuildOptions) -> BuildStream {
        let progress = UploadProgress::default();
        BuildStream::start(progress.clone(), |events| {
            let job = Job {
                buildkit: self.clone(),
                context: context.clone(),
                options: options.clone(),
                events,
                progress,
            };
            job.run()
        })
    }
}

/// Building from a Dockerfile made in code.
impl BuildKit {
    /// Starts a build of a Dockerfile, which is finalized, and of the files that it adds. Nothing is packed: files are read
    /// where they are, when BuildKit asks for them.
    ///
    /// ```no_run
    /// use shipload_context::DockerfileBuilder;
    /// use shipload_engine::{BuildOptions, ConnectOptions, Engine};
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = DockerfileBuilder::new("alpine:3.20")?;
    /// file.run("apk add --no-cache curl")?.command(["curl", "--version"])?;
    /// let engine = Engine::connect(&ConnectOptions::default()).await?;
    /// let options = BuildOptions::tagged("team/curl:1".parse()?).add_latest_tag();
    /// println!("{}", engine.buildkit().build_from_file(&mut file, &options)?.finish().await?.image_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the context cannot be listed; the build's own errors come from [`BuildStream::finish`].
    pub fn build_from_file(
        &self,
        file: &mut DockerfileBuilder,
        options: &BuildOptions,
    ) -> Result<BuildStream, SessionContextError> {
        Ok(self.build(&SessionContext::of_file(file)?, options))
    }
}

impl fmt::Debug for BuildKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildKit").finish_non_exhaustive()
    }
}
