//! BuildKit: building over its session, in which it asks for the files that it needs and gets what has changed.
//!
//! ```text
//! us                                                BuildKit
//!  Control.Solve(ref, session, attributes)   ──►
//!  Control.Status(ref)                       ──►    vertices, logs, warnings: Event*
//!  Session, on which BuildKit is the client  ◄──    which files are there? send these
//! ```

pub(crate) mod attributes;
pub(crate) mod channel;
pub(crate) mod context;
pub(crate) mod failure;
pub(crate) mod options;
mod outputs;
mod route;
mod solve;
pub(crate) mod spec;
mod status;

use std::fmt;
use std::sync::Arc;

use crate::auth::Credentials;
use crate::build::BuildStream;
use crate::client::Engine;
use crate::environment::Environment;
use crate::options::BuildOptions;
use crate::upload::UploadProgress;

use self::context::SessionContext;
use self::route::Route;
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

/// Building.
impl BuildKit {
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

impl fmt::Debug for BuildKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildKit").finish_non_exhaustive()
    }
}
