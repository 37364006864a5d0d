//! Builds on BuildKit, of real Engines: from nothing, of what was built before, and with one file changed.
//!
//! Both clients keep their files with BuildKit under names of their own, so neither finds what the other sent; the build cache
//! they share. What passes on the Engine's socket is counted in one run more, through a proxy.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use shipload_testkit::debian_cli::DebianCli;
use shipload_testkit::engine::{EngineError, Handle, Private, start_modern, start_private};
use shipload_testkit::proxy::{Kind, Proxy};

use super::contender::{Before, Contender, Goal, Group};
use super::measure::{Pipeline, Stage};
use super::programs::Programs;
use super::tree::Tree;
use crate::shell;

/// Two Engines with the docker CLIs of their releases, started when they are asked for.
#[derive(Debug, Default)]
pub(super) struct Builders(OnceCell<Vec<Result<Side, String>>>);

/// An Engine, how it is compared, and with whom.
#[derive(Debug)]
struct Side {
    titles: [&'static str; 3],
    docker: &'static str,
    engine: Private,
    proxy: Arc<Proxy>,
    cli: DebianCli,
}

/// How a build begins.
#[derive(Debug, Clone, Copy)]
enum Start {
    Cold,
    Warm,
    Changed,
}

impl Builders {
    /// The groups for a tree, three for each Engine.
    pub(super) fn groups(&self, tree: &Tree, programs: &Programs) -> Vec<Group> {
        let sides = self.0.get_or_init(|| {
            let titles = [
                "BuildKit 20.10, nothing known",
                "BuildKit 20.10, nothing changed",
                "BuildKit 20.10, one file changed",
            ];
            let usual = Side::start(titles, "docker CLI 20.10", start_private, DebianCli::debian);
            let titles = [
                "BuildKit 26.1, nothing known",
                "BuildKit 26.1, nothing changed",
                "BuildKit 26.1, one file changed",
            ];
            let modern = Side::start(
                titles,
                "docker CLI, buildx",
                start_modern,
                DebianCli::modern,
            );
            vec![usual, modern]
        });
        let mut groups = Vec::new();
        for side in sides {
            match side {
                Ok(side) => groups.extend(side.groups(tree, programs)),
                Err(why) => println!("\n  left out, builds on BuildKit: {why}"),
            }
        }
        groups
    }
}

impl Side {
    fn start(
        titles: [&'static str; 3],
        docker: &'static str,
        engine: fn() -> Result<Private, EngineError>,
        cli: fn() -> Result<DebianCli, String>,
    ) -> Result<Self, String> {
        let cli = cli()?;
        let engine = engine().map_err(|error| shell::chain(&error))?;
        let proxy =
            Proxy::start(engine.handle(), Kind::Relay).map_err(|error| error.to_string())?;
        Ok(Self {
            titles,
            docker,
            engine,
            proxy: Arc::new(proxy),
            cli,
        })
    }

    fn groups(&self, tree: &Tree, programs: &Programs) -> impl Iterator<Item = Group> {
        let starts = [Start::Cold, Start::Warm, Start::Changed];
        starts.into_iter().zip(self.titles).map(|(start, title)| {
            let row = |name: &str, pipeline: &dyn Fn(&str) -> Pipeline, goals: &[Goal]| {
                let mut row = Contender::new(name, pipeline(self.engine.host()), goals);
                row.before = match start {
                    Start::Cold => Before::Forget(self.engine.handle().clone()),
                    Start::Warm => Before::Nothing,
                    Start::Changed => Before::Edit(tree.path.join("d001/f002.txt")),
                };
                row.counted = Some((pipeline(self.proxy.host()), Arc::clone(&self.proxy)));
                row
            };
            let mine = |host: &str| ours(host, tree, programs).into();
            let theirs = |host: &str| self.theirs(host, &tree.path).into();
            let mut group = Group::new(title, row("shipload build", &mine, &[]));
            group
                .rows
                .push(row(self.docker, &theirs, &[Goal::Times(1.0)]));
            group
        })
    }

    fn theirs(&self, host: &str, tree: &Path) -> Stage {
        let host = host.to_owned();
        let mut docker = self.cli.command(&Handle { host });
        docker.args(["build", "-q"]).arg(tree);
        Stage::of(docker.env("DOCKER_BUILDKIT", "1"))
    }
}

fn ours(host: &str, tree: &Tree, programs: &Programs) -> Stage {
    Stage::new(&programs.shipload)
        .args(["build", "-q", "--engine", "buildkit", "--host", host])
        .args([&tree.path])
        // Where the name of this machine is kept, under which BuildKit keeps the files.
        .env("XDG_STATE_HOME", programs.folder.join("state"))
        .env("DOCKER_CONFIG", programs.folder.join("docker-config"))
        .env("DOCKER_CONTEXT", "")
        .env("DOCKER_TLS_VERIFY", "")
}
