//! What is refused or warned of before a build begins.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;

use shipload_testkit::engine;

use super::{build, engines, fine, refused_unsent};
use crate::sandbox::Sandbox;

#[test]
fn several_platforms() {
    for engine in engines() {
        let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nLABEL a=b\n")]);
        let version = if super::is_old(&engine) {
            "0.8"
        } else {
            "0.13"
        };
        for arguments in [
            &["--platform", "linux/amd64,linux/386"][..],
            &["--platform", "linux/amd64", "--platform", "linux/386"],
        ] {
            let said = format!(
                "error: BuildKit {version} of the engine, without its containerd image store, cannot build for several \
                 platforms at once (--platform linux/amd64,linux/386)\n\
                 hint: turn on the Engine's containerd image store, or use a BuildKit of its own, with --builder or BUILDKIT_HOST\n"
            );
            refused_unsent(&sandbox, &engine, arguments, &said);
        }
    }
}

#[test]
fn sources_that_are_not_there() {
    for engine in engines() {
        let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY missing /\n")]);
        refused_unsent(
            &sandbox,
            &engine,
            &[],
            "error: Dockerfile:2:6: there is no `missing` in the context\n  COPY missing /\n       ^\n",
        );
    }
}

/// A Podman as far as the first questions go.
fn podman(sandbox: &Sandbox) -> String {
    let socket = sandbox.dir().with_file_name("podman");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let _ = lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            let answer = "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\n\
                 Connection: close\r\nContent-Length: 2\r\n\r\nOK";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("unix://{}", socket.display())
}

#[test]
fn what_only_buildkit_knows() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nLABEL a=b\n"), ("s", "s")]);
    let podman = engine::Handle {
        host: podman(&sandbox),
    };
    let rows: &[(&[&str], &str)] = &[
        (&["--secret", "id=a,src=s"], "hand out secrets (--secret)"),
        (&["--ssh", "default"], "hand out SSH agents (--ssh)"),
        (&["-o", "out"], "put out files (--output)"),
        (
            &["--cache-to", "type=inline"],
            "write its cache somewhere (--cache-to type=inline)",
        ),
        (
            &["--build-context", "a=."],
            "take several contexts (--build-context)",
        ),
    ];
    for (arguments, what) in rows {
        for (name, engine, choice, hint) in [
            (
                "the classic builder",
                &engine,
                "classic",
                "use BuildKit, with --engine buildkit",
            ),
            (
                "Podman",
                &podman,
                "podman",
                "use BuildKit of a Docker Engine or of its own, with --engine buildkit",
            ),
        ] {
            let said = format!("error: {name} cannot {what}\nhint: {hint}\n");
            let all = [&["--engine", choice][..], arguments].concat();
            build(&sandbox, engine, &all).refused(1, &said);
        }
    }
}

#[test]
fn what_has_no_effect_is_warned_of() {
    for engine in engines() {
        let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "a")]);
        let arguments = ["--memory", "1g", "--squash", "-o", "out"];
        let ours = ["--compress", "--whole-context"];
        let run = fine(build(&sandbox, &engine, &[&arguments[..], &ours].concat()));
        for (option, quote, builder) in [
            ("--memory", "", "BuildKit 0."),
            ("--squash", "", "BuildKit 0."),
            (ours[0], "`", "BuildKit,"),
            (ours[1], "`", "BuildKit,"),
        ] {
            let warning = format!("warning: {quote}{option}{quote} has no effect on {builder}");
            assert_eq!(run.stderr.matches(&warning).count(), 1, "{}", run.stderr);
        }
    }
}
