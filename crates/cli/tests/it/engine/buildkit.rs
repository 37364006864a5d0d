//! Builds on BuildKit, on an Engine of 20.10 and a later one.

mod daemon;
mod files;
mod given;
mod refused;
mod screen;
mod stopped;

use std::process::Command;

use fs_err as fs;
use serde_json::Value;
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::proxy::{Kind, Proxy};

use super::{Image, with_shell};
use crate::sandbox::{Run, Sandbox};

/// Both Engines, or those that there are.
fn engines() -> impl Iterator<Item = Handle> {
    [engine::shared(), engine::modern()].into_iter().flatten()
}

/// Whether the Engine is of the release that lacks most.
fn is_old(engine: &Handle) -> bool {
    engine.describe().unwrap().starts_with("20.10")
}

fn command(sandbox: &Sandbox, host: &str, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(&["build", "--network", "none"]);
    command.args(arguments).env("DOCKER_HOST", host);
    command
}

fn build(sandbox: &Sandbox, engine: &Handle, arguments: &[&str]) -> Run {
    sandbox.finish(command(sandbox, &engine.host, arguments).spawn().unwrap())
}

#[track_caller]
fn fine(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run
}

/// How much of the context was transferred in all, as it is shown: `2B`, `1.98MB`.
fn transferred(run: &Run) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines
        .filter_map(|line| {
            line.split_once(" transferring context: ")?
                .1
                .strip_suffix(" done")
        })
        .filter_map(|amount| amount.split(' ').next())
        .collect()
}

#[test]
fn buildkit_builds_unless_another_is_asked_for() {
    const BUILDKIT: &str = "#1 [internal] load ";
    const CLASSIC: &str = "sending 2 entries, ";
    type Row<'a> = (&'a [&'a str], Option<&'a str>, &'a str);
    let rows: &[Row<'_>] = &[
        (&[], None, BUILDKIT),
        (&[], Some("1"), BUILDKIT),
        (&[], Some("0"), CLASSIC),
        (&["--engine", "classic"], None, CLASSIC),
        (&["--engine", "classic"], Some("1"), CLASSIC),
        (&["--engine", "buildkit"], Some("0"), BUILDKIT),
    ];
    for engine in engines() {
        let image = Image::new(&engine);
        let dockerfile = format!("FROM scratch\nLABEL test={}\nCOPY a /\n", image.name);
        let sandbox = Sandbox::with(&[("Dockerfile", &dockerfile), ("a", "a")]);
        for (arguments, variable, begins) in rows {
            let mut command = command(&sandbox, &engine.host, &["-t", &image.name]);
            command.args(*arguments);
            command.envs(variable.map(|value| ("DOCKER_BUILDKIT", value)));
            let run = fine(sandbox.finish(command.spawn().unwrap()));
            assert!(
                run.stderr.starts_with(begins),
                "{arguments:?}: {}",
                run.stderr
            );
            assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
            let named = format!("\nnamed {}\n", image.name);
            assert!(run.stderr.ends_with(&named), "{}", run.stderr);
            assert!(run.stdout.is_empty() && image.exists());
        }
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    for engine in engines() {
        let image = Image::new(&engine);
        let dockerfile = format!("FROM scratch\nLABEL test={}\nCOPY . /\n", image.name);
        let sandbox = Sandbox::with(&[("Dockerfile", &dockerfile), ("a", "a")]);
        sandbox.write("big", vec![b'x'; 3_000_000]);
        let build = || fine(build(&sandbox, &engine, &["-t", &image.name]));
        let is_big = |run: &Run| transferred(run).iter().any(|amount| amount.ends_with("MB"));
        let first = build();
        assert!(is_big(&first), "{}", first.stderr);
        let second = build();
        assert!(!is_big(&second), "{}", second.stderr);
        assert_eq!(
            second.stderr.matches(" CACHED\n").count(),
            1,
            "{}",
            second.stderr
        );
        sandbox.write("a", "changed");
        let third = build();
        assert!(!is_big(&third), "{}", third.stderr);
        assert_eq!(
            third.stderr.matches(" CACHED\n").count(),
            0,
            "{}",
            third.stderr
        );
    }
}

#[test]
fn what_is_said_of_the_image() {
    for engine in engines() {
        let image = Image::new(&engine);
        let sandbox = with_shell(
            &image,
            "ARG WHO=nobody\nRUN echo $WHO > /who\nFROM 0\nCOPY sh /second\nFROM 1\nCOPY sh /third\n",
        );
        let dockerfile = fs::read_to_string(sandbox.path("Dockerfile")).unwrap();
        let dockerfile = dockerfile.replace("FROM scratch", "FROM scratch AS first");
        let dockerfile = dockerfile.replace("FROM 0", "FROM first AS second");
        sandbox.write("Dockerfile", dockerfile.replace("FROM 1", "FROM second"));
        let arguments = &[
            "-q",
            "-t",
            &image.name,
            "--build-arg",
            "WHO=me",
            "--label",
            "kind=tested",
            "--target",
            "second",
            "--iidfile",
            "id",
            "--metadata-file",
            "metadata",
            "--cache-to",
            "type=inline",
            "--shared-key",
            &image.name,
        ];
        let id = build(&sandbox, &engine, arguments).fine().text();
        let id = id.trim_end();
        let inspected = engine.request("GET", &format!("/images/{}/json", image.name), None);
        let inspected = inspected.unwrap().json().unwrap();
        assert_eq!(inspected["Id"], id);
        assert_eq!(inspected["Config"]["Labels"]["kind"], "tested");
        assert_eq!(fs::read_to_string(sandbox.path("id")).unwrap(), id);
        let metadata = fs::read_to_string(sandbox.path("metadata")).unwrap();
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        assert!(
            metadata["image.name"]
                .as_str()
                .unwrap()
                .ends_with(&image.name),
            "{metadata}"
        );
        assert!(metadata["containerimage.digest"].is_string(), "{metadata}");
        let read = ["/bin/sh", "-c", "read who < /who; echo $who /*"];
        let ran = engine.run(&image.name, &read).unwrap().output;
        assert!(ran.starts_with("me /") && ran.contains(" /second"), "{ran}");
        assert!(!ran.contains(" /third"), "{ran}");
        let saved = engine.request("GET", &format!("/images/{}/get", image.name), None);
        let saved = saved.unwrap().body;
        let cache = b"\"moby.buildkit.cache.v0\"";
        assert!(saved.windows(cache.len()).any(|part| part == cache));

        for name in ["id", "metadata"] {
            fs::remove_file(sandbox.path(name)).unwrap();
        }
        for (more, cached) in [(&[][..], true), (&["--no-cache"][..], false)] {
            let run = build(&sandbox, &engine, &[&arguments[1..7], more].concat());
            assert_eq!(fine(run).stderr.contains(" CACHED\n"), cached, "{more:?}");
        }
    }
}

/// Nothing of a build gets to the engine: neither a session nor an archive.
fn refused_unsent(sandbox: &Sandbox, engine: &Handle, arguments: &[&str], said: &str) {
    let proxy = Proxy::start(engine, Kind::Relay).unwrap();
    let run = sandbox.finish(command(sandbox, proxy.host(), arguments).spawn().unwrap());
    run.refused(1, said);
    let passed = proxy.passed();
    let sent = |path: &str| passed.iter().any(|one| one.request.ends_with(path));
    assert!(!sent("/session") && !sent("/build"), "{passed:?}");
}
