//! Builds over BuildKit's session, on both Engines, beside what the docker CLI of each Engine's release does there.

mod faults;
mod incremental;
mod opened;
mod rules;
mod same_images;
mod shared_cache;
mod stale;

use std::path::Path;

use shipload_context::{DockerfileChoice, Plan, Policy, Progress, Recipe, Semantics, Times};
use shipload_engine::{
    BuildError, BuildOptions, Built, ConnectOptions, Engine, Environment, SessionContext,
};
use shipload_testkit::debian_cli::{Builder, DebianCli, Ended};
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::image::Image;
use tempfile::TempDir;

/// An Engine with the docker CLI of its release.
struct Side {
    handle: Handle,
    cli: DebianCli,
    /// Where the name of this machine is kept, under which BuildKit keeps our files.
    home: TempDir,
}

/// 20.10, whose BuildKit is 0.8; `None` when the test is to return at once.
fn usual() -> Option<Side> {
    Side::of(engine::shared()?, DebianCli::debian())
}

/// 26.1, whose BuildKit is 0.13; `None` when the test is to return at once.
fn modern() -> Option<Side> {
    Side::of(engine::modern()?, DebianCli::modern())
}

/// Both of them.
fn both() -> Option<[Side; 2]> {
    Some([usual()?, modern()?])
}

impl Side {
    fn of(handle: Handle, cli: Result<DebianCli, String>) -> Option<Self> {
        match cli {
            Ok(cli) => Some(Self {
                handle,
                cli,
                home: tempfile::tempdir().unwrap(),
            }),
            Err(why) => {
                engine::skip(&why);
                None
            }
        }
    }

    /// Builds with the docker CLI, every step anew.
    fn theirs(&self, dir: &Path, dockerfile: &str, tag: &str) -> Result<(), String> {
        let file = dir.join(dockerfile).display().to_string();
        let arguments = ["--no-cache", "--tag", tag, "--file", &file].map(str::to_owned);
        match self
            .cli
            .build(&self.handle, Builder::BuildKit, dir, &arguments)
        {
            Ok(Ended::Built) => Ok(()),
            Ok(Ended::Failed(words)) => Err(words),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Builds with us: how many files were asked for, and what came of it.
    fn build(
        &self,
        context: &SessionContext,
        options: &BuildOptions,
    ) -> (u64, Result<Built, BuildError>) {
        self.build_through(&self.handle.host, context, options)
    }

    /// The same at another address of the Engine.
    fn build_through(
        &self,
        host: &str,
        context: &SessionContext,
        options: &BuildOptions,
    ) -> (u64, Result<Built, BuildError>) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let engine = connect(host, self.home.path()).await;
            let build = engine.buildkit().build(context, options);
            let progress = build.progress();
            let outcome = build.finish().await;
            (progress.files(), outcome)
        })
    }

    /// Builds with us, and takes the image.
    fn built(&self, context: &SessionContext) -> Image {
        let tag = self.handle.unique("shipload/buildkit");
        self.build(context, &BuildOptions::tagged(tag.parse().unwrap()))
            .1
            .unwrap();
        taken(&self.handle, &tag)
    }
}

async fn connect(host: &str, home: &Path) -> Engine {
    let environment = Environment::empty().with("HOME", home);
    let options = ConnectOptions::new(environment).with_host(host);
    Engine::connect(&options).await.unwrap()
}

/// An image, which is gone afterwards.
fn taken(handle: &Handle, name: &str) -> Image {
    let image = handle.image(name).unwrap();
    let answer = handle.request("DELETE", &format!("/images/{name}?force=1"), None);
    assert_eq!(answer.unwrap().status, 200);
    image
}

/// What is sent of a directory.
fn plan(dir: &Path, dockerfile: &str) -> Result<Plan, String> {
    let recipe = Recipe::new(dir).semantics(Semantics::BuildKit);
    let recipe = recipe.dockerfile(DockerfileChoice::File(dir.join(dockerfile)));
    recipe
        .plan(&Progress::new())
        .map_err(|error| error.to_string())
}

/// The same with one modification time for all.
fn pinned(mut plan: Plan) -> SessionContext {
    let policy = Policy {
        times: Times::Pinned(1_700_000_000),
        ..Policy::default()
    };
    plan.view = plan.view.policy(policy);
    SessionContext::from_plan(&plan).unwrap()
}
