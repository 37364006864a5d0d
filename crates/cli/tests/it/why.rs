//! `shipload why`.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use fs_err as fs;

use crate::sandbox::Sandbox;

const FILES: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "FROM scratch AS build\nCOPY a/b.log /\nCOPY src \\\n  docs/*.md /d/\n\
         FROM scratch\nRUN --mount=source=src/deep,target=/m true\nCOPY link/c.txt /\n",
    ),
    (
        ".dockerignore",
        "# what stays out\n**/*.log\n!logs\ndocs\n!**/*.md\n",
    ),
    ("a/b.log", "12345"),
    ("a/c.txt", ""),
    ("logs/x.log", ""),
    ("src/deep/m.rs", ""),
    ("docs/r.md", ""),
    ("docs/z", ""),
];

fn scene() -> Sandbox {
    let sandbox = Sandbox::with(FILES);
    symlink("a", sandbox.path("link")).unwrap();
    sandbox
}

#[test]
fn a_rule_and_its_way() {
    let sandbox = scene();
    let rows: &[(&[&str], &str)] = &[
        (
            &["--target=build", "a/b.log"],
            "`a/b.log` is out: .dockerignore:2: **/*.log\n  \
             wanted by Dockerfile:2 (stage `build`): COPY a/b.log /\n",
        ),
        (
            &["--mtime=0", "src/deep/m.rs"],
            "`src/deep/m.rs` is in\n  \
             read by Dockerfile:6 (stage 1): RUN --mount=source=src/deep,target=/m true\n",
        ),
        (
            &["--target", "build", "src/deep/m.rs"],
            "`src/deep/m.rs` is in\n  read by Dockerfile:3 (stage `build`): COPY src \\\n",
        ),
        (
            &["--engine=classic", "src/deep/m.rs", "a/c.txt"],
            "`src/deep/m.rs` is in\n  read by Dockerfile:3 (stage `build`): COPY src \\\n  \
             read by Dockerfile:6 (stage 1): RUN --mount=source=src/deep,target=/m true\n\
             `a/c.txt` is in\n  read by Dockerfile:7 (stage 1): COPY link/c.txt /\n",
        ),
        (
            &["logs/x.log"],
            "`logs/x.log` is out: .dockerignore:2: **/*.log\n  podman: in: .dockerignore:3: !logs\n",
        ),
        (
            &["docs/r.md"],
            "`docs/r.md` is in: .dockerignore:5: !**/*.md\n  \
             docs       out, but searched: .dockerignore:4: docs\n  \
             docs/r.md  in: .dockerignore:4: docs (from above), then .dockerignore:5: !**/*.md\n  \
             read by no instruction\n  \
             classic: out: .dockerignore:4: docs\n  podman: out: .dockerignore:4: docs\n",
        ),
        (
            &["--engine=classic", "docs/r.md"],
            "`docs/r.md` is out: .dockerignore:4: docs\n  \
             wanted by Dockerfile:4 (stage `build`): docs/*.md /d/\n  \
             buildkit: in: .dockerignore:5: !**/*.md\n",
        ),
        (
            &["docs"],
            "`docs` is in: it is a directory above `docs/r.md`, which is in\n  \
             classic: out: .dockerignore:4: docs\n  podman: out: .dockerignore:4: docs\n",
        ),
        (
            &["--ignorefile=none", "a/b.log"],
            "`a/b.log` is in\n  read by no instruction\n",
        ),
    ];
    for (arguments, expected) in rows {
        let run = sandbox.run(&[&["why"], *arguments].concat());
        assert_eq!(
            (
                run.code,
                &*run.stderr,
                &*String::from_utf8_lossy(&run.stdout)
            ),
            (Some(0), "", *expected),
            "{arguments:?}"
        );
    }
}

/// What decides where it is no rule.
#[test]
fn other_reasons() {
    let sandbox = scene();
    let _socket = UnixListener::bind(sandbox.path("socket")).unwrap();
    sandbox.write(".wh.gone", "");
    sandbox.write("rules", "*\n");
    sandbox.write("elsewhere/Dockerfile", "FROM scratch\n");
    let ignore_all = "--ignorefile=rules";
    let rows: &[(&[&str], &str)] = &[
        (
            &[
                "--target=build",
                "nope",
                "a/c.tx",
                "a/c.txt/x",
                "src/new.log",
                "docs/new/",
            ],
            "`nope` does not exist; it would be in\n\
             `a/c.tx` does not exist; it would be in\n  hint: there is `a/c.txt`\n\
             `a/c.txt/x` does not exist: `a/c.txt` is not a directory; it would be in\n\
             `src/new.log` does not exist; it would be out: .dockerignore:2: **/*.log\n  \
             wanted by Dockerfile:3 (stage `build`): COPY src \\\n\
             `docs/new` does not exist; it would be out: .dockerignore:4: docs\n  \
             docs      out, but searched: .dockerignore:4: docs\n  \
             docs/new  out: .dockerignore:4: docs (from above)\n",
        ),
        (
            &["link/c.txt"],
            "`link/c.txt` is out: it is behind the link `link`, and a context has links, not what they lead to\n  \
             hint: ask about `a/c.txt`\n",
        ),
        (
            &["socket"],
            "`socket` is out: it is a socket, which cannot be sent\n",
        ),
        (
            &["--engine=classic", ".wh.gone"],
            "`.wh.gone` is in: it is sent, but not in an image of the classic builder, which takes `.wh.` for a \
             deletion\n  read by no instruction\n  buildkit: in: no rule\n  podman: in: no rule\n",
        ),
        (
            &["--add=a/c.txt=x/y.log", "x", "x/y.log"],
            "`x` is in: it is a directory above `x/y.log`, which is in\n\
             `x/y.log` is in: it is added from `a/c.txt`, and rules do not apply to that\n  \
             read by no instruction\n",
        ),
        (
            &[ignore_all, "Dockerfile"],
            "`Dockerfile` is out: rules:1: *; it is read by the builder all the same\n  \
             classic: in: no rule; it is sent for the builder, whatever rules say\n  \
             podman: in: no rule; it is sent for the builder, which removes it before it copies, because of \
             rules:1: *\n",
        ),
        (
            &["-f", "elsewhere/Dockerfile", "elsewhere/Dockerfile"],
            "`elsewhere/Dockerfile` is in\n  read by no instruction\n",
        ),
    ];
    for (arguments, expected) in rows {
        let run = sandbox.run(&[&["why"], *arguments].concat());
        assert_eq!(
            (
                run.code,
                &*run.stderr,
                &*String::from_utf8_lossy(&run.stdout)
            ),
            (Some(0), "", *expected),
            "{arguments:?}"
        );
    }
}

/// A path means the same however it is written.
#[test]
fn ways_to_write_a_path() {
    let sandbox = scene();
    let name = std::ffi::OsStr::from_bytes(b"a/\xff.log");
    sandbox.write(name, "");
    symlink(sandbox.dir(), sandbox.path("../home/again")).unwrap();
    let absolute = sandbox.path("a/b.log");
    let around = sandbox.path("../home/again/a/b.log");
    let up = Path::new("../work/a/b.log");
    for path in [
        Path::new("./a//b.log"),
        Path::new("src/../a/b.log/"),
        up,
        &absolute,
        &around,
    ] {
        let run = sandbox.run(&["why".as_ref(), path.as_os_str()]).fine();
        let first = String::from_utf8_lossy(&run.stdout);
        let expected = Some("`a/b.log` is out: .dockerignore:2: **/*.log");
        assert_eq!(first.lines().next(), expected, "{}", path.display());
    }
    let run = sandbox.run(&["why".as_ref(), name]).fine();
    let first = String::from_utf8_lossy(&run.stdout);
    assert_eq!(
        first.lines().next(),
        Some("`a/\\xff.log` is out: .dockerignore:2: **/*.log")
    );
    let json = sandbox.run(&["why".as_ref(), "--format=json".as_ref(), name]);
    let object: serde_json::Value = serde_json::from_slice(&json.fine().stdout).unwrap();
    assert_eq!(object["path_b64"], "YS//LmxvZw==");
    // Relative to the context, wherever the program is.
    let run = sandbox.run(&["why", "-C", "docs", "-f", "Dockerfile", "z"]);
    assert_eq!(
        String::from_utf8_lossy(&run.fine().stdout).lines().next(),
        Some("`z` is in")
    );
    let mut command = sandbox.command(&["why", "-C", "..", "-f../Dockerfile", "z"]);
    command.current_dir(sandbox.path("docs"));
    assert_eq!(
        sandbox.finish(command.spawn().unwrap()).fine().text(),
        "`z` does not exist; it would be in\n  \
         hint: paths are relative to the context directory, where this is `docs/z`\n"
    );
}

#[test]
fn json() {
    let sandbox = scene();
    let run = sandbox.run(&["why", "--format=json", "docs/r.md", "a/b.log", "nope"]);
    let stdout = run.fine().stdout;
    let lines = stdout
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty());
    let objects: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let docs = |inherited| serde_json::json!({"file": ".dockerignore", "line": 4, "text": "docs", "inherited": inherited});
    let rule = serde_json::json!({"file": ".dockerignore", "line": 5, "text": "!**/*.md"});
    let mut own = rule.clone();
    own["inherited"] = false.into();
    let out = |engine| {
        let rule = serde_json::json!({"file": ".dockerignore", "line": 4, "text": "docs"});
        serde_json::json!({"engine": engine, "included": false, "allowed": false, "rule": rule, "reason": null})
    };
    let expected = serde_json::json!({
        "path": "docs/r.md", "exists": true, "type": "file", "size": 0,
        "included": true, "allowed": true, "rule": rule, "reason": null,
        "chain": [
            {"path": "docs", "allowed": false, "entered": true, "rules": [docs(false)]},
            {"path": "docs/r.md", "allowed": true, "entered": false, "rules": [docs(true), own]},
        ],
        "read_by": [], "wanted_by": [],
        "engine": "buildkit",
        "engines": [
            out("classic"),
            {"engine": "buildkit", "included": true, "allowed": true, "rule": rule, "reason": null},
            out("podman"),
        ],
    });
    assert_eq!(objects[0], expected);
    let reader = serde_json::json!({
        "file": "Dockerfile", "line": 2, "column": 6, "instruction": "COPY", "stage": 0, "stage_name": "build",
        "source": "a/b.log", "pattern": "a/b.log",
    });
    assert_eq!(objects[1]["size"], 5);
    assert_eq!(objects[2]["exists"], false);
    assert_eq!(objects[2]["included"], false);
    assert_eq!(objects[2]["allowed"], true);
    assert_eq!(objects[2]["reason"]["code"], "absent");
    let run = sandbox.run(&["why", "--format=json", "--target=build", "a/b.log"]);
    let object: serde_json::Value = serde_json::from_slice(&run.fine().stdout).unwrap();
    assert_eq!(object["wanted_by"], serde_json::json!([reader]));
    assert_eq!(object["read_by"], serde_json::json!([]));
}

#[test]
fn what_is_refused_and_what_is_warned_of() {
    let sandbox = scene();
    let outside = "hint: paths are relative to the context directory; what is elsewhere can only be in by being added\n";
    let rows: &[(&[&str], i32, &str)] = &[
        (
            &["/etc/passwd"],
            1,
            &format!("error: `/etc/passwd` is outside of the context `.`\n{outside}"),
        ),
        (
            &["a/../../x"],
            1,
            &format!("error: `a/../../x` is outside of the context `.`\n{outside}"),
        ),
        (
            &["."],
            1,
            "error: `.` names the context itself, not a path inside it\nhint: name a file or directory in it\n",
        ),
        (
            &["--max-context=1k", "a"],
            2,
            "error: `--max-context` has no use here: the context is not walked, so its size is not known\n",
        ),
        (
            &["-C", "a", "c.txt"],
            1,
            "error: there is no Dockerfile in `a`\n\
             hint: name it with `--file`, or check the path of the context\n",
        ),
    ];
    for (arguments, code, expected) in rows {
        sandbox
            .run(&[&["why"], *arguments].concat())
            .refused(*code, expected);
    }
    let run = sandbox.run(&["why", "--target=none", "a/b.log"]);
    assert_eq!(
        (&*run.stderr, &*String::from_utf8_lossy(&run.stdout)),
        (
            "warning: cannot say who reads it: Dockerfile: there is no stage `none`\nhint: there are `build`\n",
            "`a/b.log` is out: .dockerignore:2: **/*.log\n",
        )
    );
    sandbox.write("rules", "[b-a]\n");
    let malformed = |path| {
        sandbox.run(&[
            "why",
            "-C",
            "src",
            "-fDockerfile",
            "--ignorefile=rules",
            path,
        ])
    };
    malformed("deep").refused(
        1,
        "error: rules:1:1: cannot match \"deep\" with `[b-a]`: a range in a class is reversed\n\
         hint: Docker reads wildcard patterns as regular expressions: put a `\\` before `[ { |`\n",
    );
    assert_eq!(
        malformed("new").fine().text(),
        "`new` does not exist; if it did, the build would fail: rules:1:1: cannot match \"new\" with `[b-a]`: \
         a range in a class is reversed\n  \
         hint: Docker reads wildcard patterns as regular expressions: put a `\\` before `[ { |`\n"
    );
    sandbox.write("Dockerfile", "# syntax=vendor/other\nFROM scratch\n");
    let run = sandbox.run(&["why", "a/c.txt"]);
    assert_eq!(
        (&*run.stderr, &*String::from_utf8_lossy(&run.stdout)),
        (
            "warning: everything may be read: Dockerfile:1:1: the frontend `vendor/other` may read anything\n",
            "`a/c.txt` is in\n",
        )
    );
}

#[test]
fn what_cannot_be_read() {
    let sandbox = scene();
    sandbox.write("private/x", "x");
    sandbox.write("unseen/x", "x");
    sandbox.write("secret", "s");
    for (name, mode) in [("secret", 0), ("private", 0), ("unseen", 0o744)] {
        fs::set_permissions(sandbox.path(name), PermissionsExt::from_mode(mode)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let child = sandbox.command_as_nobody(arguments)?.spawn().unwrap();
        let run = sandbox.finish(child);
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{arguments:?}");
        Some(String::from_utf8(run.stdout).unwrap())
    };
    let hint = "  hint: make it readable, exclude it, or leave such files out with `--on-unreadable skip`\n";
    let Some(said) = run(&[
        "why",
        "secret",
        "private",
        "private/x",
        "unseen/x",
        "a/c.txt",
    ]) else {
        return;
    };
    assert_eq!(
        said,
        format!(
            "`secret` is in: it cannot be read, so that packing fails\n{hint}  \
             read by no instruction\n\
             `private` is out: it cannot be read, so that packing fails\n{hint}\
             `private/x` is out: it cannot be read, because `private` cannot, so that packing fails\n{hint}\
             `unseen/x` is out: it cannot be read, because `unseen` cannot, so that packing fails\n{hint}\
             `a/c.txt` is in\n  read by Dockerfile:7 (stage 1): COPY link/c.txt /\n"
        )
    );
    let said = run(&["why", "--on-unreadable=skip", "secret", "private/x"]).unwrap();
    assert_eq!(
        said,
        "`secret` is out: it cannot be read, and is left out\n\
         `private/x` is out: it cannot be read, because `private` cannot, and is left out\n"
    );
}
