//! Who is compared with whom on a tree, and what `shipload` is to reach there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fs_err as fs;
use shipload_testkit::engine::Handle;
use shipload_testkit::proxy::Proxy;

use super::buildkit::Builders;
use super::explain;
use super::measure::{Pipeline, Stage};
use super::peer::Kind;
use super::programs::Programs;
use super::sink::Sink;
use super::tree::Tree;

/// Rows that are measured together, round by round; the first is ours.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Contender>,
    /// Peers that this machine lacks, and why.
    pub(super) missing: Vec<String>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Contender {
    pub(super) name: String,
    pub(super) pipeline: Pipeline,
    pub(super) goals: Vec<Goal>,
    /// What is done before each run, outside of what is measured.
    pub(super) before: Before,
    /// The same on an Engine behind a proxy, run once at the end: the bytes that pass are its output.
    pub(super) counted: Option<(Pipeline, Arc<Proxy>)>,
}

/// How a row is made ready.
#[derive(Debug, Clone)]
pub(super) enum Before {
    /// It is.
    Nothing,
    /// This Engine forgets all images and all that its builders keep.
    Forget(Handle),
    /// This file gets other content of the same length.
    Edit(PathBuf),
}

/// What is to be reached; nothing fails where it is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// The row takes at least so many times as long as ours.
    Times(f64),
    /// Our output is at most so many times the row's.
    Size(f64),
    /// The row itself takes at most so many bytes of memory.
    Peak(u64),
    /// The row itself takes at most so many seconds.
    Seconds(f64),
    /// Beyond the row's processor time, ours gets through these bytes at 500 MB/s a core or more.
    Rate(u64),
}

/// The groups for a tree.
pub(super) fn groups(
    tree: &Tree,
    programs: &Programs,
    sink: &Sink,
    builders: &Builders,
) -> Vec<Group> {
    if tree.name == "all-of-many" {
        return builders.groups(tree, programs);
    }
    if tree.rules {
        return vec![rules(tree, programs, sink)];
    }
    if tree.name == "one-of-many" {
        return vec![least(tree, programs, sink)];
    }
    let mut groups = vec![
        plain(tree, programs),
        gzip(tree, programs),
        zstd(tree, programs),
    ];
    groups.extend(explain::groups(tree, programs));
    groups.push(digest(tree, programs));
    groups.push(send(tree, programs, sink));
    groups
}

/// Making groups
impl Group {
    pub(super) fn new(title: &'static str, ours: Contender) -> Self {
        Self {
            title,
            rows: vec![ours],
            missing: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, name: &str, pipeline: impl Into<Pipeline>, goals: &[Goal]) {
        self.rows.push(Contender::new(name, pipeline, goals));
    }

    /// A row whose program may be missing.
    pub(super) fn row_with(
        &mut self,
        name: &str,
        program: &Result<PathBuf, String>,
        pipeline: impl FnOnce(&Path) -> Pipeline,
        goals: &[Goal],
    ) {
        match program {
            Ok(program) => self.row(name, pipeline(program), goals),
            Err(why) => self.missing.push(format!("{name}: {why}")),
        }
    }
}

impl Contender {
    pub(super) fn new(name: &str, pipeline: impl Into<Pipeline>, goals: &[Goal]) -> Self {
        Self {
            name: name.to_owned(),
            pipeline: pipeline.into(),
            goals: goals.to_vec(),
            before: Before::Nothing,
            counted: None,
        }
    }
}

/// Counting
impl Contender {
    /// What passes on the Engine's socket in one run, both ways together; `None` where that is not counted.
    pub(super) fn bytes_on_the_socket(&self, log: &Path) -> Result<Option<u64>, String> {
        let Some((pipeline, proxy)) = &self.counted else {
            return Ok(None);
        };
        self.before.run().map_err(|error| error.to_string())?;
        proxy.forget();
        pipeline.run(log)?;
        proxy.settle(Duration::from_secs(10));
        let (up, down) = proxy.bytes("");
        Ok(Some(up + down))
    }
}

impl Before {
    /// Does it.
    pub(super) fn run(&self) -> io::Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Forget(engine) => {
                let unused = "/images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D";
                for path in [unused, "/build/prune?all=1"] {
                    let answer = engine.request("POST", path, None)?;
                    if answer.status != 200 {
                        return Err(io::Error::other(answer.text()));
                    }
                }
                Ok(())
            }
            Self::Edit(file) => {
                let mut content = fs::read(file)?;
                if let Some(first) = content.first_mut() {
                    *first = first.wrapping_add(1);
                }
                fs::write(file, content)
            }
        }
    }
}

fn plain(tree: &Tree, programs: &Programs) -> Group {
    // Within 15 % of what an experiment reached with a tenth of the checks, expressed in times of GNU tar; more files than
    // bytes are where docker-map, as slow as docker-py, is furthest behind.
    let (tar, docker_py) = match tree.name.as_str() {
        "source" => (1.7 / 1.15, &[Goal::Times(12.0)][..]),
        "small" => (2.2 / 1.15, &[Goal::Times(25.0)][..]),
        "big" => (2.0 / 1.15, &[][..]),
        _ => (1.0, &[][..]),
    };
    let mut group = Group::new("tar", pack(tree, programs, "none"));
    group.row("GNU tar", gnu_tar(tree), &[Goal::Times(tar)]);
    group.row("crate tar", peer(programs, Kind::Tar, tree), &[]);
    group.row(
        "crate tar, in memory",
        peer(programs, Kind::TarMemory, tree),
        &[],
    );
    group.row_with(
        "docker-py",
        &programs.docker_py,
        |python| docker_py_tar(python, tree, "none"),
        docker_py,
    );
    group
}

fn gzip(tree: &Tree, programs: &Programs) -> Group {
    let mut group = Group::new("tar.gz, level 6", pack(tree, programs, "gzip"));
    let gzip = Stage::new("gzip").args(["-6", "-c"]);
    group.row(
        "GNU tar | gzip",
        gnu_tar(tree).then(gzip),
        &[Goal::Times(4.0), Goal::Size(1.02)],
    );
    let pigz = |program: &Path| gnu_tar(tree).then(Stage::new(program).args(["-6", "-c"]));
    group.row_with("GNU tar | pigz", &programs.pigz, pigz, &[Goal::Times(2.0)]);
    group.row(
        "crates tar and flate2",
        peer(programs, Kind::TarGzip, tree),
        &[],
    );
    group.row_with(
        "docker-py (level 9)",
        &programs.docker_py,
        |python| docker_py_tar(python, tree, "gzip"),
        &[],
    );
    group
}

fn zstd(tree: &Tree, programs: &Programs) -> Group {
    let mut group = Group::new("tar.zst, level 3", pack(tree, programs, "zstd"));
    let zstd =
        |program: &Path| gnu_tar(tree).then(Stage::new(program).args(["-3", "-T0", "-c", "-q"]));
    group.row_with("GNU tar | zstd", &programs.zstd, zstd, &[Goal::Times(1.0)]);
    group
}

/// A digest of everything, beside SHA-256 of all files on two cores.
fn digest(tree: &Tree, programs: &Programs) -> Group {
    let ours = Stage::new(&programs.shipload).args(["digest", "--ignorefile", "none"]);
    let mut group = Group::new(
        "digest",
        Contender::new("shipload digest", ours.args([&tree.path]), &[peak(tree)]),
    );
    let find = Stage::new("find").args([&tree.path]);
    let sums = Stage::new("xargs").args(["-0", "-P", "2", "-n", "256", "sha256sum"]);
    group.row(
        "find | xargs -P2 sha256sum",
        Pipeline::from(find.args(["-type", "f", "-print0"])).then(sums),
        &[Goal::Times(1.0)],
    );
    group
}

fn rules(tree: &Tree, programs: &Programs, sink: &Sink) -> Group {
    let ls = Stage::new(&programs.shipload).args(["ls", "--engine", "classic", "--format", "nul"]);
    let ours = Contender::new("shipload ls", ls.args([&tree.path]), &[Goal::Seconds(1.0)]);
    let mut group = Group::new("ignore rules", ours);
    group.row(
        "walk with stat",
        peer(programs, Kind::Walk, tree),
        &[Goal::Times(1.0 / 3.0)],
    );
    for (name, docker, _) in &programs.dockers {
        group.row(name, docker_build(docker, tree, programs, sink), &[]);
    }
    group.missing.extend(programs.dockers_missing.clone());
    group
}

/// Packing and sending to an Engine that only reads.
fn send(tree: &Tree, programs: &Programs, sink: &Sink) -> Group {
    let build = Stage::new(&programs.shipload)
        .args(["build", "-q", "--engine", "classic"])
        .args([&tree.path]);
    let build = environment(build, programs, sink);
    let mut group = Group::new(
        "packed and sent",
        Contender::new("shipload build", build, &[peak(tree)]),
    );
    let curl = |program: &Path| {
        let curl = Stage::new(program)
            .args([
                "-sS",
                // Or it waits a second for an invitation.
                "-H",
                "Expect:",
                "-X",
                "POST",
                "-T",
                "-",
                "http://docker/build",
                "--unix-socket",
            ])
            .args([sink.socket()]);
        gnu_tar(tree).then(curl)
    };
    group.row_with(
        "GNU tar | curl",
        &programs.curl,
        curl,
        &[Goal::Times(1.6 / 1.15)],
    );
    for (name, docker, times) in &programs.dockers {
        group.row(
            name,
            docker_build(docker, tree, programs, sink),
            &[Goal::Times(*times)],
        );
    }
    group.missing.extend(programs.dockers_missing.clone());
    group
}

/// A build that sends what the Dockerfile reads, and builds that send everything.
fn least(tree: &Tree, programs: &Programs, sink: &Sink) -> Group {
    let build = |more: &[&str]| {
        let build = Stage::new(&programs.shipload)
            .args(["build", "-q", "--engine", "classic"])
            .args(more)
            .args([&tree.path]);
        environment(build, programs, sink)
    };
    let mut group = Group::new(
        "one file is read",
        Contender::new("shipload build", build(&[]), &[]),
    );
    group.row(
        "shipload build --whole-context",
        build(&["--whole-context"]),
        &[],
    );
    for (name, docker, _) in &programs.dockers {
        group.row(
            name,
            docker_build(docker, tree, programs, sink),
            &[Goal::Times(10.0)],
        );
    }
    group.missing.extend(programs.dockers_missing.clone());
    group
}

fn pack(tree: &Tree, programs: &Programs, compression: &str) -> Contender {
    let pack = Stage::new(&programs.shipload)
        .args([
            "pack",
            "-o",
            "-",
            "--ignorefile",
            "none",
            "--compression",
            compression,
        ])
        .args([&tree.path]);
    Contender::new("shipload pack", pack, &[peak(tree)])
}

pub(super) fn peer(programs: &Programs, kind: Kind, tree: &Tree) -> Stage {
    let peer = Stage::new(&programs.peer).args(["bench-peer", kind.name()]);
    peer.args([&tree.path])
}

/// 48 MiB for any bytes, plus 400 bytes an entry and its path.
pub(super) fn peak(tree: &Tree) -> Goal {
    Goal::Peak((48 << 20) + 400 * tree.size.entries + tree.size.path_bytes)
}

fn gnu_tar(tree: &Tree) -> Pipeline {
    let tar = Stage::new("tar").args(["-cf", "-", "-C"]);
    tar.args([&tree.path]).args(["."]).into()
}

fn docker_py_tar(python: &Path, tree: &Tree, compression: &str) -> Pipeline {
    let python = Stage::new(python).args(["-c", include_str!("docker_py.py")]);
    python.args([&tree.path]).args([compression]).into()
}

fn docker_build(docker: &Path, tree: &Tree, programs: &Programs, sink: &Sink) -> Pipeline {
    let docker = Stage::new(docker).args(["build", "-q"]).args([&tree.path]);
    environment(docker, programs, sink).into()
}

/// The environment in which a client talks to `sink` and nobody else, with no one's settings.
fn environment(stage: Stage, programs: &Programs, sink: &Sink) -> Stage {
    let config = programs.folder.join("docker-config");
    // Where it cannot be made the client says so, which is then shown.
    let _ = fs::create_dir_all(&config);
    stage
        .env("DOCKER_HOST", sink.host())
        .env("DOCKER_BUILDKIT", "0")
        .env("DOCKER_CONFIG", config)
        .env("DOCKER_CONTEXT", "")
        .env("DOCKER_TLS_VERIFY", "")
}
