//! `shipload ls`.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt;

use fs_err as fs;

use crate::sandbox::Sandbox;

const FILES: &[(&str, &str)] = &[
    ("Dockerfile", "FROM scratch\n"),
    (".dockerignore", "*.log\n"),
    ("a.log", "no"),
    ("src/main.rs", "fn main() {}\n"),
    ("src-x", ""),
];

#[test]
fn formats() {
    let sandbox = Sandbox::with(FILES);
    fs::set_permissions(sandbox.path("src"), PermissionsExt::from_mode(0o750)).unwrap();
    let rows: &[(&[&str], &str)] = &[
        (
            &["ls"],
            ".dockerignore\nDockerfile\nsrc/\nsrc/main.rs\nsrc-x\n",
        ),
        (
            &["ls", "--format", "text"],
            ".dockerignore\nDockerfile\nsrc/\nsrc/main.rs\nsrc-x\n",
        ),
        (
            &["ls", "."],
            ".dockerignore\nDockerfile\nsrc/\nsrc/main.rs\nsrc-x\n",
        ),
        (
            &["ls", "--format=nul"],
            ".dockerignore\0Dockerfile\0src\0src/main.rs\0src-x\0",
        ),
        (
            &["ls", "--long", "--mtime=1"],
            "\
-rw-r--r--     0     0            6 1970-01-01T00:00:01Z .dockerignore
-rw-r--r--     0     0           13 1970-01-01T00:00:01Z Dockerfile
drwxr-x---     0     0            0 1970-01-01T00:00:01Z src/
-rw-r--r--     0     0           13 1970-01-01T00:00:01Z src/main.rs
-rw-r--r--     0     0            0 1970-01-01T00:00:01Z src-x
",
        ),
        (
            &["ls", "--format", "json", "--mtime=1"],
            r#"{"path":".dockerignore","type":"file","size":6,"mode":"0644","uid":0,"gid":0,"mtime":1}
{"path":"Dockerfile","type":"file","size":13,"mode":"0644","uid":0,"gid":0,"mtime":1}
{"path":"src","type":"dir","size":0,"mode":"0750","uid":0,"gid":0,"mtime":1}
{"path":"src/main.rs","type":"file","size":13,"mode":"0644","uid":0,"gid":0,"mtime":1}
{"path":"src-x","type":"file","size":0,"mode":"0644","uid":0,"gid":0,"mtime":1}
"#,
        ),
    ];
    for (arguments, expected) in rows {
        assert_eq!(
            &sandbox.run(arguments).fine().text(),
            expected,
            "{arguments:?}"
        );
    }
    let json = sandbox.run(&["ls", "--format", "json"]).fine().text();
    assert_eq!(
        json,
        sandbox.run(&["ls", "-l", "--format", "json"]).fine().text()
    );
    sandbox.run(&["ls", "--long", "--format", "nul"]).refused(
        2,
        "error: `--long` and `--format nul` contradict each other\n",
    );
}

#[test]
fn names_that_are_no_text() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    let name = std::ffi::OsStr::from_bytes(b"\xff\x1b[2J\n");
    sandbox.write(name, "x");
    let text = sandbox.run(&["ls"]).fine().text();
    assert_eq!(text, "Dockerfile\n\\xff\\u{1b}[2J\\u{a}\n");
    let nul = sandbox.run(&["ls", "--format", "nul"]).fine().stdout;
    assert_eq!(nul, b"Dockerfile\0\xff\x1b[2J\n\0");
    let json = sandbox
        .run(&["ls", "--format", "json", "--mtime", "0"])
        .fine()
        .text();
    // `printf '\xff\x1b[2J\n' | base64`
    let expected =
        r#"{"path_b64":"/xtbMkoK","type":"file","size":1,"mode":"0644","uid":0,"gid":0,"mtime":0}"#;
    assert_eq!(json.lines().nth(1), Some(expected));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    for number in 0..3000 {
        // More than a pipe holds.
        sandbox.write(format!("{number:0100}"), "");
    }
    let mut child = sandbox.command(&["ls"]).spawn().unwrap();
    let mut first = [0; 11];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run = sandbox.finish(child);
    assert_eq!(
        (&first[..], run.code, run.stderr.as_str()),
        (&b"00000000000"[..], Some(0), "")
    );
}

#[test]
fn a_full_disk_is_an_error() {
    let sandbox = Sandbox::with(FILES);
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let child = sandbox
        .command(&["ls"])
        .stdout(full.into_parts().0)
        .spawn()
        .unwrap();
    sandbox.finish(child).refused(
        1,
        "error: cannot write the listing\n  caused by: No space left on device (os error 28)\n",
    );
}
