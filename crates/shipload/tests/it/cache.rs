//! What the docker CLI built, shipload finds in the cache, and the other way round.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use shipload_context::{Progress, Request};
use shipload_engine::Event;
use shipload_testkit::docker_cli::DockerCli;
use shipload_testkit::engine::{Handle, shared};
use shipload_testkit::workspace;

use crate::support::{build, connect, files, plan};

/// A context with all that goes into the cache's key: modes, links, names that need PAX headers, an ignore file.
fn context(root: &Path, salt: &str) {
    let long = format!("deep/{0}/{0}/{0}", "n".repeat(60));
    // Each test its own steps: of two builds of one step at once the Engine keeps both, and then takes either.
    let steps = "COPY deep /deep/\nCOPY run ü.txt links/ /app/\nADD . /all/\n";
    let dockerfile = format!("FROM scratch\nLABEL a={salt}\n{steps}");
    files(
        root,
        &[
            ("Dockerfile", &dockerfile),
            (
                ".dockerignore",
                "*.log\nDockerfile\n.dockerignore\ndeep/secret\n",
            ),
            ("run", salt),
            ("ü.txt", "ü"),
            ("noise.log", "must not count"),
            ("deep/secret", "must not count"),
            ("links/file", "one file, two names"),
            (&long, "x"),
        ],
    );
    fs_err::hard_link(root.join("links/file"), root.join("links/zweitname")).unwrap();
    std::os::unix::fs::symlink("../run", root.join("links/to-run")).unwrap();
    for (path, mode) in [("run", 0o4750), ("links", 0o2770), ("ü.txt", 0o604)] {
        fs_err::set_permissions(root.join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Builds with the docker CLI's classic builder; what it printed. `None` where there is no CLI of today: Debian's 20.10 packs
/// in other ways, and shares no cache with later ones either.
fn docker(handle: &Handle, root: &Path, tag: &str) -> Option<String> {
    if let Err(why) = DockerCli::find() {
        shipload_testkit::engine::skip(&why);
        return None;
    }
    let docker = workspace::on_path("docker")?;
    let config = tempfile::tempdir().unwrap();
    let output = Command::new(docker)
        .args(["build", "--network", "none", "--tag", tag])
        .arg(root)
        .env("DOCKER_HOST", &handle.host)
        .env("DOCKER_CONFIG", config.path())
        .env("DOCKER_BUILDKIT", "0")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(text)
}

const STEPS: usize = 4;

#[test]
fn what_the_docker_cli_built_is_in_our_cache() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let temp = tempfile::tempdir().unwrap();
    let tag = handle.unique("shipload/cache");
    context(temp.path(), &tag);
    if docker(&handle, temp.path(), &tag).is_none() {
        return;
    }
    let (events, built) = build(
        &engine,
        plan(temp.path()).view,
        Progress::new(),
        &format!("{tag}:ours"),
    );
    built.unwrap();
    let cached = events
        .iter()
        .filter(|event| matches!(event, Event::Cached))
        .count();
    assert_eq!(cached, STEPS, "{events:?}");
}

#[test]
fn what_we_built_is_in_the_docker_clis_cache() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let temp = tempfile::tempdir().unwrap();
    let tag = handle.unique("shipload/cache");
    context(temp.path(), &tag);
    let (events, built) = build(&engine, plan(temp.path()).view, Progress::new(), &tag);
    built.unwrap();
    // FROM scratch and LABEL may be known from other builds; what copies our salt is not.
    assert!(
        events
            .iter()
            .filter(|event| matches!(event, Event::Cached))
            .count()
            < STEPS
    );
    let Some(text) = docker(&handle, temp.path(), &format!("{tag}:theirs")) else {
        return;
    };
    assert_eq!(text.matches("Using cache").count(), STEPS, "{text}");
}

/// What the classic builder's cache looks at beside what it copies: what a link in a copied directory leads to, and the first
/// name of a linked file.
#[test]
fn the_least_context_shares_the_docker_clis_cache() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let temp = tempfile::tempdir().unwrap();
    let tag = handle.unique("shipload/cache");
    let root = temp.path();
    let steps = "COPY d /d/\nCOPY second link /x/\n";
    files(
        root,
        &[
            (
                "Dockerfile",
                &format!("FROM scratch\nLABEL a={tag}\n{steps}"),
            ),
            ("d/salt", &tag),
            ("target", "led to"),
            ("other/inside", "not read"),
            ("first", "one file, two names"),
            ("noise", "not read"),
        ],
    );
    fs_err::hard_link(root.join("first"), root.join("second")).unwrap();
    for (link, target) in [
        ("d/to-file", "../target"),
        ("d/to-dir", "../other"),
        ("d/nowhere", "missing"),
        ("d/to-link", "/link"),
        ("link", "target"),
    ] {
        std::os::unix::fs::symlink(target, root.join(link)).unwrap();
    }
    if docker(&handle, root, &tag).is_none() {
        return;
    }
    let plan = plan(root);
    let least = plan.referenced(&Request::default()).unwrap();
    let left: Vec<String> = plan
        .view
        .members()
        .map(|member| member.entry.path.to_string())
        .filter(|path| {
            !least
                .view
                .members()
                .any(|kept| kept.entry.path.to_string() == *path)
        })
        .collect();
    assert_eq!(left, ["noise", "other/inside"]);
    let tag = format!("{tag}:ours");
    let (events, built) = build(&engine, least.view, Progress::new(), &tag);
    built.unwrap();
    let cached = events
        .iter()
        .filter(|event| matches!(event, Event::Cached))
        .count();
    assert_eq!(cached, 3, "{events:?}");
}
