//! The options that say what the context is; every verb that looks at one takes them.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use fs_err as fs;

use crate::sandbox::{Run, Sandbox};

/// A context in `app` and things beside it.
fn scene() -> Sandbox {
    Sandbox::with(&[
        ("app/Dockerfile", "FROM scratch\n"),
        ("app/web.Dockerfile", "FROM scratch\n"),
        ("app/web.Dockerfile.dockerignore", "a\n"),
        ("app/.dockerignore", "b\n"),
        ("app/.containerignore", "b\nd\n"),
        ("app/a", "aaaa"),
        ("app/b", "bbbb"),
        ("app/d/c", "cccc"),
        ("other.Dockerfile", "FROM busybox\n"),
        ("rules", "d\n"),
        ("more", "!d/c\nb\n"),
        ("extra/x", "x"),
    ])
}

/// In each listing, `+` stands for the build files at its start, `web` for the other Dockerfile and its rules.
#[test]
fn what_is_in_it() {
    let rows: &[(&[&str], &str)] = &[
        (&[], "+ a d/ d/c web"),
        (&["--engine", "auto"], "+ a d/ d/c web"),
        (&["--engine=buildkit"], "+ a d/ d/c web"),
        (&["--engine", "classic"], "+ a d/ d/c web"),
        (&["--engine", "podman"], "+ a web"),
        // A Dockerfile's own ignore file, which the classic builder does not know.
        (&["-f", "app/web.Dockerfile"], "+ b d/ d/c web"),
        (&["--file=./app/../app/web.Dockerfile"], "+ b d/ d/c web"),
        (
            &["-fapp/web.Dockerfile", "--engine=classic"],
            "+ a d/ d/c web",
        ),
        (&["--ignorefile", "none"], "+ a b d/ d/c web"),
        (&["--ignorefile", "rules"], "+ a b web"),
        (
            &["--ignorefile=rules", "--ignorefile=more"],
            "+ a d/ d/c web",
        ),
        (&["--add", "extra=x/y"], "+ a d/ d/c web x/ x/y/ x/y/x"),
        (
            &["--add", "extra/x=b", "--add=rules=r"],
            "+ a b d/ d/c r web",
        ),
        (&["--add-archive", "p.tar.gz"], "+ a d/ d/c d/p web"),
        (
            &["--add-archive=p.tar.gz", "--add", "p.tar.gz=d/q"],
            "+ a d/ d/c d/p d/q web",
        ),
    ];
    let sandbox = scene();
    let tar = [
        "-C",
        "extra",
        "-czf",
        "p.tar.gz",
        "--transform=s,^x$,d/p,",
        "x",
    ];
    let packed = sandbox.hermetic("tar", &tar).status().unwrap();
    assert!(packed.success());
    for (options, expected) in rows {
        let expected = expected
            .replace('+', ".containerignore .dockerignore Dockerfile")
            .replace("web", "web.Dockerfile web.Dockerfile.dockerignore");
        let mut arguments = vec!["ls", "app"];
        arguments.extend(*options);
        let listed = sandbox.run(&arguments).fine().text();
        let listed: Vec<&str> = listed.lines().collect();
        assert_eq!(listed.join(" "), expected, "{options:?}");
        // The archive has the same, for whatever is asked.
        arguments[0] = "pack";
        let packed = sandbox.run(&arguments).members();
        assert_eq!(packed.join(" "), expected, "{options:?}");
    }
}

#[test]
fn a_dockerfile_from_elsewhere_has_a_name_of_its_own() {
    let sandbox = scene();
    let run = sandbox.run(&["ls", "-f", "other.Dockerfile", "--engine", "classic", "app"]);
    let listed = run.fine().text();
    let injected: Vec<&str> = listed
        .lines()
        .filter(|name| name.starts_with(".dockerfile."))
        .collect();
    assert_eq!(injected.len(), 1, "{listed}");

    let mut child = sandbox
        .command(&["ls", "-f", "-", "--engine", "classic", "app"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"FROM busybox\n")
        .unwrap();
    // The same text, the same name.
    assert_eq!(sandbox.finish(child).fine().text(), listed);
}

#[test]
fn modification_times() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "first"]);
    sandbox.write(".dockerignore", ".git\n.dockerignore\n");
    let time = |arguments: &[&str], epoch: Option<&str>| -> Run {
        let mut command = sandbox.command(&["ls", "--format=json"]);
        command
            .args(arguments)
            .envs(epoch.map(|value| ("SOURCE_DATE_EPOCH", value)));
        sandbox.finish(command.spawn().unwrap())
    };
    let rows: &[(&[&str], Option<&str>, i64)] = &[
        (&[], None, 1_700_000_000),
        (&[], Some("7"), 1_700_000_000),
        (&["--mtime", "keep"], None, 1_700_000_000),
        (&["--mtime", "0"], None, 0),
        (&["--mtime", "-5"], None, -5),
        (&["--mtime=1234567890"], Some("7"), 1_234_567_890),
        (&["--mtime=git"], Some("7"), 1_600_000_000),
        (&["--mtime=source-date-epoch"], Some("7"), 7),
    ];
    for (arguments, epoch, expected) in rows {
        let json = time(arguments, *epoch).fine().text();
        assert!(
            json.ends_with(&format!("\"mtime\":{expected}}}\n")),
            "{arguments:?}: {json}"
        );
    }
    time(&["--mtime=source-date-epoch"], None).refused(
        2,
        "error: `--mtime source-date-epoch` needs `SOURCE_DATE_EPOCH`, which is not set\n\
         hint: set it to seconds since 1970, such as `git log -1 --format=%ct` prints\n",
    );
    time(&["--mtime=source-date-epoch"], Some("today")).refused(
        2,
        "error: `SOURCE_DATE_EPOCH` is `today`, which is not a number of seconds\n",
    );
}

#[test]
fn no_commit_to_take_the_time_of() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.run(&["ls", "--mtime", "git"]).refused(
        1,
        "error: cannot ask git for the time of the last commit in `.`\n  \
         caused by: fatal: not a git repository (or any of the parent directories): .git\n",
    );
    let mut command = sandbox.command(&["ls", "--mtime", "git"]);
    command.env("PATH", "");
    sandbox.finish(command.spawn().unwrap()).refused(
        1,
        "error: cannot ask git for the time of the last commit in `.`\n  \
         caused by: No such file or directory (os error 2)\n",
    );
}

#[test]
fn the_largest_context_allowed() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.write("big/one", vec![0; 300_000]);
    sandbox.write("big/two", vec![0; 200_000]);
    sandbox.write("small", vec![0; 2000]);
    fs::hard_link(sandbox.path("big/one"), sandbox.path("small2")).unwrap();
    // 13 + 300,000 + 200,000 + 2,000: a second name of a file adds nothing.
    for limit in ["502013", "491k", "0.5M", "1g"] {
        sandbox.run(&["ls", "--max-context", limit]).fine();
    }
    sandbox.run(&["ls", "--max-context", "490k"]).refused(
        1,
        "error: the context has 502,013 bytes (502 kB), more than the 501,760 that `--max-context` allows\n\
         hint: exclude what the build does not need in the ignore file; the largest are `big` (500 kB), `small` (2.00 kB), `Dockerfile` (13 B)\n",
    );
    let archive = sandbox.path("x.tar");
    let run = sandbox.run(&["pack", "-q", "--max-context=0", "-o", "x.tar"]);
    assert_eq!((run.code, archive.exists()), (Some(1), false));
}

#[test]
fn paths_that_are_no_text() {
    let sandbox = Sandbox::new();
    let context = sandbox.path(OsStr::from_bytes(b"c\xff"));
    let dockerfile = context.join(OsStr::from_bytes(b"D\xfe"));
    sandbox.write(&dockerfile, "FROM scratch\n");
    sandbox.write("rules", "");
    let mut add = OsString::from("rules=");
    add.push(OsStr::from_bytes(b"r\xfd"));
    let arguments: [&OsStr; 6] = [
        OsStr::new("ls"),
        context.as_os_str(),
        OsStr::new("-f"),
        dockerfile.as_os_str(),
        OsStr::new("--add"),
        &add,
    ];
    let listed = sandbox.run(&arguments).fine().text();
    assert_eq!(listed, "D\\xfe\nr\\xfd\n");
}
