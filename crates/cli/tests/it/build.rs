//! `shipload build` up to the engine: what it is asked, and what is refused before.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use fs_err as fs;
use shipload_testkit::fake_engine::{FakeEngine, IMAGE_ID, Upload};

use crate::sandbox::{Run, Sandbox, names};

fn scene() -> Sandbox {
    Sandbox::with(&[
        ("Dockerfile", "FROM scratch AS base\nCOPY a /\n"),
        ("a", "FROM scratch\n"),
    ])
}

/// Builds with the fake engine; returns how it went and what the engine got.
fn build(
    sandbox: &Sandbox,
    arguments: &[&str],
    variables: &[(&str, &str)],
    stdin: &[u8],
) -> (Run, Option<Upload>) {
    let engine = FakeEngine::start().unwrap();
    let mut command = sandbox.command(&["build"]);
    command.args(arguments).stdin(Stdio::piped());
    command
        .env("DOCKER_HOST", engine.host())
        .envs(variables.iter().copied());
    let mut child = command.spawn().unwrap();
    // A program that needs no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let run = sandbox.finish(child);
    let tags = ["", "x", "x:1"];
    let upload = tags.iter().find_map(|tag| engine.take(tag));
    (run, upload)
}

/// The query as the engine reads it, without what is in every build.
fn query(upload: &Upload) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (_, query) = upload.target.split_once('?').unwrap();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        found
            .entry(name.to_owned())
            .or_default()
            .push(decoded(value));
    }
    found
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, coded)) = rest.split_once('%') {
        bytes.extend(plain.bytes());
        bytes.push(u8::from_str_radix(&coded[..2], 16).unwrap());
        rest = &coded[2..];
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).unwrap()
}

/// Each row: arguments, variables, and what the query has beside `dockerfile=Dockerfile` and `version=1`.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_option_reaches_the_engine() {
    type Row = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        &'static str,
    );
    let rows: &[Row] = &[
        (&[], &[], ""),
        (&["-t", "x", "--tag", "r.io/y:2"], &[], "t=x t=r.io/y:2"),
        (
            &["--build-arg", "A=1", "--build-arg=B=x=y"],
            &[],
            r#"buildargs={"A":"1","B":"x=y"}"#,
        ),
        (
            &["--build-arg", "A"],
            &[("A", "env")],
            r#"buildargs={"A":"env"}"#,
        ),
        (&["--build-arg", "A"], &[], r#"buildargs={"A":null}"#),
        (&["--target", "base"], &[], "target=base"),
        (
            &["--label", "k=v", "--label", "bare"],
            &[],
            r#"labels={"bare":"","k":"v"}"#,
        ),
        (
            &["--platform", "linux/arm64"],
            &[("DOCKER_DEFAULT_PLATFORM", "linux/386")],
            "platform=linux/arm64",
        ),
        (
            &[],
            &[("DOCKER_DEFAULT_PLATFORM", "linux/386")],
            "platform=linux/386",
        ),
        (&["--no-cache"], &[], "nocache=1"),
        (&["--no-cache=false", "--pull=true"], &[], "pull=1"),
        (&["--pull"], &[], "pull=1"),
        (&["--rm=false", "--force-rm"], &[], "forcerm=1 rm=0"),
        (&["--squash", "--rm"], &[], "squash=1"),
        (&["--load"], &[], ""),
        (&["--network", "none"], &[], "networkmode=none"),
        (
            &["--add-host", "a:1.2.3.4", "--add-host=b=::1"],
            &[],
            "extrahosts=a:1.2.3.4 extrahosts=b:::1",
        ),
        (
            &["--cache-from", "a", "--cache-from", "b"],
            &[],
            r#"cachefrom=["a","b"]"#,
        ),
        (
            &["-m", "512m", "--memory-swap=-1"],
            &[],
            "memory=536870912 memswap=-1",
        ),
        (
            &["--shm-size", "1.5k", "--memory-swap", "1g"],
            &[],
            "shmsize=1536 memswap=1073741824",
        ),
        (
            &["-c", "5", "--cpu-period", "6", "--cpu-quota", "-1"],
            &[],
            "cpushares=5 cpuperiod=6 cpuquota=-1",
        ),
        (
            &["--cpuset-cpus", "0-1", "--cpuset-mems=0"],
            &[],
            "cpusetcpus=0-1 cpusetmems=0",
        ),
        (
            &["--ulimit", "nofile=1:2"],
            &[],
            r#"ulimits=[{"Name":"nofile","Soft":1,"Hard":2}]"#,
        ),
        (
            &["--security-opt", "seccomp=unconfined"],
            &[],
            "securityopt=seccomp=unconfined",
        ),
        (
            &["--isolation", "hyperv", "--cgroup-parent", "/x"],
            &[],
            "isolation=hyperv cgroupparent=/x",
        ),
        (&["-q"], &[], ""),
        (&["--engine", "classic"], &[("DOCKER_BUILDKIT", "1")], ""),
        (&[], &[("DOCKER_BUILDKIT", "0")], ""),
    ];
    let sandbox = scene();
    for (arguments, variables, expected) in rows {
        let (run, upload) = build(&sandbox, arguments, variables, b"");
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
        let mut found = query(&upload.unwrap());
        assert_eq!(found.remove("dockerfile").unwrap(), ["Dockerfile"]);
        assert_eq!(found.remove("version").unwrap(), ["1"]);
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in expected.split_whitespace() {
            let (name, value) = pair.split_once('=').unwrap();
            wanted
                .entry(name.to_owned())
                .or_default()
                .push(value.to_owned());
        }
        assert_eq!(found, wanted, "{arguments:?}");
    }
}

#[test]
fn what_is_said() {
    let sandbox = scene();
    let (run, upload) = build(&sandbox, &["-t", "x:1"], &[], b"");
    assert_eq!(names(&upload.unwrap().archive), ["Dockerfile", "a"]);
    assert_eq!((run.code, &run.stdout[..]), (Some(0), &b""[..]));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert!(
        lines[0].starts_with("sending 2 entries, 43 B, to unix:///"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with(&format!("built {IMAGE_ID} in ")),
        "{lines:?}"
    );
    assert_eq!(lines[2..], ["named x:1"]);

    for arguments in [&["-q"][..], &["--quiet"], &["--progress", "quiet"]] {
        let (run, _) = build(&sandbox, arguments, &[], b"");
        assert_eq!(run.fine().text(), format!("{IMAGE_ID}\n"));
    }
    for progress in ["quiet", "none"] {
        let (run, _) = build(&sandbox, &[], &[("BUILDKIT_PROGRESS", progress)], b"");
        assert_eq!(run.fine().text(), format!("{IMAGE_ID}\n"));
    }

    let (run, _) = build(&sandbox, &["--progress=rawjson", "-t", "x"], &[], b"");
    assert_eq!(run.code, Some(0));
    let events: Vec<serde_json::Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["sending", "image", "built"]);
    assert_eq!(events[2]["names"], serde_json::json!(["x"]));
}

#[test]
fn image_id_file() {
    let sandbox = scene();
    build(&sandbox, &["-q", "--iidfile", "id"], &[], b"")
        .0
        .fine();
    assert_eq!(fs::read_to_string(sandbox.path("id")).unwrap(), IMAGE_ID);
    // An engine that was never asked does not touch it.
    let nobody = [("DOCKER_HOST", "unix:///none")];
    let (run, _) = build(&sandbox, &["--iidfile", "id"], &nobody, b"");
    assert_eq!((run.code, sandbox.path("id").exists()), (Some(1), true));
    let (run, _) = build(&sandbox, &["--iidfile", "missing/id"], &[], b"");
    assert_eq!(run.code, Some(1));
    let lines: Vec<&str> = run.stderr.lines().collect();
    // The file of the first build is in the context, and nothing reads it.
    assert_eq!(
        lines[0],
        "left behind 1 entry, 71 B, that the Dockerfile does not read"
    );
    assert_eq!(lines[2], "error: cannot write the image id");
    assert_eq!(lines[4], format!("  the image was built: {IMAGE_ID}"));
}

#[test]
fn the_context_on_standard_input() {
    let sandbox = scene();
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    let dockerfile = build(&sandbox, &["-"], &[], b"FROM scratch\nLABEL a=b\n");
    let upload = dockerfile.1.unwrap();
    assert_eq!(names(&upload.archive), ["Dockerfile"]);
    assert_eq!(query(&upload)["dockerfile"], ["Dockerfile"]);

    let plain = sandbox.run(&["pack"]).fine().stdout;
    for codec in ["none", "gzip", "bzip2", "xz", "zstd"] {
        let packed = sandbox.run(&["pack", "--compression", codec]).fine().stdout;
        let (run, upload) = build(&sandbox, &["-", "--whole-context"], &[], &packed);
        assert_eq!(run.code, Some(0), "{codec}: {}", run.stderr);
        assert!(upload.unwrap().archive == plain, "{codec}");
    }
    let (run, upload) = build(&sandbox, &["-", "-f", "a"], &[], &plain);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(query(&upload.unwrap())["dockerfile"], ["a"]);
}

#[test]
fn a_dockerfile_from_standard_input_or_elsewhere() {
    let sandbox = scene();
    sandbox.write("other/Dockerfile", "FROM scratch\nLABEL other=1\n");
    let text = fs::read(sandbox.path("other/Dockerfile")).unwrap();
    fs::create_dir(sandbox.path("empty")).unwrap();
    for (arguments, stdin) in [
        (&["-f", "-", "empty"][..], &text[..]),
        (&["-f", "other/Dockerfile", "empty"], b""),
    ] {
        let (run, upload) = build(&sandbox, arguments, &[], stdin);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let upload = upload.unwrap();
        let name = &query(&upload)["dockerfile"][0];
        let members = shipload_testkit::member::read(&upload.archive).unwrap();
        let member = members
            .iter()
            .find(|member| member.path == name.as_bytes())
            .unwrap();
        assert_eq!(member.size, text.len() as u64);
    }
}

#[test]
fn compression() {
    let sandbox = scene();
    let rows: &[(&[&str], bool)] = &[
        (&[], false),
        (&["--compress"], true),
        (&["--compress=true"], true),
        (&["--compress=false"], false),
    ];
    for (arguments, expected) in rows {
        let (_, upload) = build(&sandbox, arguments, &[], b"");
        let upload = upload.unwrap();
        assert_eq!(names(&upload.archive), ["Dockerfile", "a"]);
        assert_eq!(upload.is_gzip, *expected, "{arguments:?}");
    }
}

#[test]
fn docker_where_podman_was_asked_for() {
    let sandbox = scene();
    let engine = FakeEngine::start().unwrap();
    let host = engine.host();
    let arguments = ["build", "--engine", "podman", "--host", &host];
    sandbox.run(&arguments).refused(
        1,
        &format!(
            "error: `--engine podman` was asked for, but Docker answers at `{host}`\n\
             hint: name Podman's socket with `--host`\n"
        ),
    );
    assert_eq!(engine.take(""), None);
}

#[test]
fn the_engine_named_before_or_after_the_verb() {
    let sandbox = scene();
    let engine = FakeEngine::start().unwrap();
    let host = engine.host();
    for arguments in [
        ["-H", &host, "build", "-q"],
        ["build", "-q", "-H", &host],
        ["build", "-q", "--host", &host],
    ] {
        assert_eq!(
            sandbox.run(&arguments).fine().text(),
            format!("{IMAGE_ID}\n")
        );
    }
    sandbox.run(&["-H", &host, "ls"]).refused(
        2,
        "error: `--host` and `--context` have no use here: no engine is asked\n",
    );
}

/// What is refused without asking an engine.
#[test]
fn refusals() {
    type Row = (
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        i32,
        String,
    );
    let rows: &[Row] = &[
        (&["--secret", "src=x"], &[], 2, String::new()),
        (&["-o", "type=zip"], &[], 2, String::new()),
        (&["--engine=classic", "--builder=b"], &[], 2, "error: `--builder` names a BuildKit, and the engine's own builder was asked for\nhint: leave out `--builder`, or `--engine` and `DOCKER_BUILDKIT`\n".into()),
        (&["--engine=buildkit"], &[], 1, "error: BuildKit was asked for, but the engine has none that can be reached\n  caused by: the engine refused: page not found (status 404)\nhint: use `--engine classic` if the Dockerfile needs none of BuildKit's features\n".into()),
        (&["--engine=builtin"], &[], 1, "error: `--engine builtin` asks for a build without an engine, which is not supported for builds\nhint: use `--engine buildkit`, `classic` or `podman`\n".into()),
        (&[], &[("DOCKER_BUILDKIT", "maybe")], 2, "error: `DOCKER_BUILDKIT` is `maybe`, which is not a boolean\n".into()),
        (&[], &[("BUILDKIT_PROGRESS", "loud")], 2, "error: `BUILDKIT_PROGRESS` is `loud`, which is not one of auto, plain, tty, quiet, none and rawjson\n".into()),
        (&["--progress", "tty"], &[], 2, "error: `--progress tty` needs standard error to be a terminal\n".into()),
        (&["--push"], &[], 2, "error: `--push` needs a name to push\nhint: name the image with `--tag`\n".into()),
        (&["-t", "Caps"], &[], 2, "error: `Caps` is no name of an image: the repository must be in lower case\n".into()),
        (&["--build-arg", "=x"], &[], 2, "error: `--build-arg =x` has no name\n".into()),
        (&["https://x.io/a.git"], &[], 1, "error: contexts that are not on this machine are not supported\nhint: fetch it, and build the directory; or pipe an archive into `build -`\n".into()),
        (&["-", "-f", "-"], &[], 2, "error: the context and the Dockerfile cannot both be read from standard input\n".into()),
        (&["-", "-f", "x"], &[], 2, "error: standard input is a Dockerfile, and `--file` names another one\nhint: leave one of them out, or pipe a tar archive\n".into()),
        (&["missing"], &[], 1, "error: cannot use `missing` as a build context\n  caused by: No such file or directory (os error 2)\n".into()),
        (&["--context", "c", "--host", "unix:///x"], &[], 2, String::new()),
        (&["--ulimit", "nofile"], &[], 2, String::new()),
        (&["--add-host", "a"], &[], 2, String::new()),
        (&["--rm=perhaps"], &[], 2, String::new()),
    ];
    let sandbox = scene();
    for (arguments, variables, code, stderr) in rows {
        let (run, upload) = build(&sandbox, arguments, variables, b"FROM scratch\n");
        assert_eq!(run.code, Some(*code), "{arguments:?}: {}", run.stderr);
        assert!(upload.is_none() && run.stdout.is_empty());
        if stderr.is_empty() {
            assert!(run.stderr.starts_with("error: "), "clap says it");
        } else {
            assert_eq!(run.stderr, *stderr, "{arguments:?}");
        }
    }
}

/// Nothing of a context that cannot be packed is built.
#[test]
fn a_cut_archive_on_standard_input() {
    let sandbox = scene();
    let plain = sandbox.run(&["pack"]).fine().stdout;
    let (run, upload) = build(&sandbox, &["-"], &[], &plain[..plain.len() - 700]);
    assert_eq!((run.code, upload.is_none()), (Some(1), true));
    assert!(
        run.stderr
            .starts_with("error: cannot use the archive `standard input`"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_engine_is_given_only_the_credentials_it_needs() {
    let sandbox = Sandbox::with(&[(
        "Dockerfile",
        "ARG R=a.io\nFROM $R/x AS s\nCOPY --from=s a b\n",
    )]);
    let config = r#"{"auths":{"a.io":{"auth":"dTpw"},"b.io":{"auth":"dTpw"}}}"#;
    let home = sandbox.dir().parent().unwrap().join("home/.docker");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("config.json"), config).unwrap();
    let header = |arguments: &[&str]| {
        let (run, upload) = build(&sandbox, arguments, &[], b"");
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        upload.unwrap().headers.get("x-registry-config").cloned()
    };
    // `{"a.io":{"username":"u","password":"p"}}` and the like, as base64: what counts is that they differ.
    let (a, b) = (
        header(&[]).unwrap(),
        header(&["--build-arg", "R=b.io"]).unwrap(),
    );
    assert_ne!(a, b);
    assert_eq!(header(&["--build-arg", "R=c.io"]), None);
}
