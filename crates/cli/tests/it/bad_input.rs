//! What goes wrong, and what its user reads then.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use fs_err as fs;
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

use crate::sandbox::Sandbox;

const UNREADABLE_HINT: &str = "hint: make it readable, exclude it in the ignore file, or leave unreadable files out with `--on-unreadable skip`\n";

/// Each row: the files, what `shipload` is asked, how it ends and what it says.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn messages() {
    type Row = (
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
        i32,
        &'static str,
    );
    const DOCKERFILE: (&str, &str) = ("Dockerfile", "FROM scratch\n");
    let rows: &[Row] = &[
        (
            &[("a", "")],
            &["ls"],
            1,
            "error: there is no Dockerfile in `.`\n\
             hint: name it with `--file`, or check the path of the context\n",
        ),
        (
            &[
                ("c/web.Dockerfile", ""),
                ("c/web.Dockerfile.dockerignore", ""),
            ],
            &["pack", "c"],
            1,
            "error: there is no Dockerfile in `c`\n\
             hint: name it with `--file`; there is `web.Dockerfile`\n",
        ),
        (
            &[("c/Dockerfile", ""), ("c/web", "")],
            &["ls", "-f", "web", "c"],
            1,
            "error: cannot read the Dockerfile `web`\n  \
             caused by: No such file or directory (os error 2)\n\
             hint: `--file` is relative to the current directory; there is `c/web`\n",
        ),
        (
            &[DOCKERFILE],
            &["ls", "missing"],
            1,
            "error: cannot use `missing` as a build context\n  \
             caused by: No such file or directory (os error 2)\n",
        ),
        (
            &[DOCKERFILE],
            &["ls", "Dockerfile"],
            1,
            "error: cannot use `Dockerfile` as a build context\n  caused by: not a directory\n",
        ),
        (
            &[DOCKERFILE, (".dockerignore", "ok\n\n!\n")],
            &["ls"],
            1,
            "error: .dockerignore:3:1: `!` re-includes nothing\n\
             hint: name what to include again after the `!`, or remove the line\n",
        ),
        (
            &[DOCKERFILE, (".dockerignore", "ok\n  a[\n")],
            &["pack", "-o", "x.tar"],
            1,
            "error: .dockerignore:2:4: `a[` is a malformed pattern\n\
             hint: write `\\[` for a `[` in a name\n",
        ),
        (
            &[DOCKERFILE, ("a", ""), ("x", "")],
            &["pack", "-o", "x.tar", "--add", "x=a"],
            1,
            "error: cannot add `a` from `x`: it is already there from `[work]`\n\
             hint: leave one of the two out, or add it under another name\n",
        ),
        (
            &[DOCKERFILE, ("x", ""), ("y", "")],
            &["ls", "--add", "x=n", "--add", "y=n"],
            1,
            "error: cannot add `n` from `y`: it is already there from `x`\n\
             hint: leave one of the two out, or add it under another name\n",
        ),
        (
            &[DOCKERFILE, ("x", "")],
            &["ls", "--add", "x=Dockerfile/x"],
            1,
            "error: cannot add `Dockerfile/x` from `x`: `Dockerfile` is already there from `[work]`, and is not a directory\n",
        ),
        (
            &[DOCKERFILE],
            &["ls", "--add", "missing=x"],
            1,
            "error: cannot read `missing`\n  caused by: No such file or directory (os error 2)\n",
        ),
        (
            &[
                DOCKERFILE,
                (
                    "x.tar",
                    "no tar, but long enough to be one, if only it were filled up with zeros",
                ),
            ],
            &["ls", "--add-archive", "x.tar"],
            1,
            "error: cannot use the archive `x.tar` at byte 0\n  \
             caused by: the archive is cut: it ends at byte 71, before its end\n\
             hint: fetch or write it again\n",
        ),
        (
            &[DOCKERFILE],
            &["pack", "--add-archive", "missing.tar"],
            1,
            "error: cannot use the archive `missing.tar`\n  caused by: it cannot be opened\n  \
             caused by: No such file or directory (os error 2)\n",
        ),
        (
            &[DOCKERFILE],
            &["ls", "--ignorefile", "missing"],
            1,
            "error: cannot read the ignore file `missing`\n  \
             caused by: No such file or directory (os error 2)\n",
        ),
        (
            &[DOCKERFILE],
            &["ls", "--ignorefile=none", "--ignorefile=x"],
            2,
            "error: `--ignorefile none` and another `--ignorefile` contradict each other\n\
             hint: write `./none` for a file of that name\n",
        ),
        (
            &[DOCKERFILE],
            &["pack", "--engine=builtin"],
            1,
            "error: `--engine builtin` is not supported\n\
             hint: choose `classic`, `buildkit` or `podman`\n",
        ),
    ];
    for (files, arguments, code, stderr) in rows {
        let sandbox = Sandbox::with(files);
        let before = sandbox.names();
        sandbox.run(arguments).refused(*code, stderr);
        assert_eq!(
            sandbox.names(),
            before,
            "{arguments:?} left something behind"
        );
    }
}

/// What clap refuses; its tips differ with its version, so only the first line counts.
#[test]
fn arguments_that_are_none() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    let rows: &[(&[&str], &str)] = &[
        (&[], "Makes, explains and sends Docker build contexts"),
        (&["lst"], "error: unrecognized subcommand 'lst'"),
        (&["ls", "a", "b"], "error: unexpected argument 'b' found"),
        (
            &["ls", "--format", "xml"],
            "error: invalid value 'xml' for '--format <FORMAT>'",
        ),
        (
            &["ls", "--add", "x"],
            "error: invalid value 'x' for '--add <HOST=CTX>': it is HOST=CTX, a path of this machine and its name in the context",
        ),
        (
            &["ls", "--add", "=x"],
            "error: invalid value '=x' for '--add <HOST=CTX>': it is HOST=CTX, a path of this machine and its name in the context",
        ),
        (
            &["ls", "--add", "x=../y"],
            "error: invalid value 'x=../y' for '--add <HOST=CTX>': `../y` climbs out with `..`; a path inside a context cannot",
        ),
        (
            &["ls", "--add", "x=/etc/y"],
            "error: invalid value 'x=/etc/y' for '--add <HOST=CTX>': `/etc/y` is absolute; a path inside a context is relative",
        ),
        (
            &["ls", "--add", "x="],
            "error: invalid value 'x=' for '--add <HOST=CTX>': `` names the context itself, not a path inside it",
        ),
        (
            &["ls", "--mtime", "now"],
            "error: invalid value 'now' for '--mtime <keep|N|git|source-date-epoch>': it is `keep`, `git`, `source-date-epoch` or seconds since 1970",
        ),
        (
            &["ls", "--max-context", "lots"],
            "error: invalid value 'lots' for '--max-context <SIZE>': `lots` is no size; write it as `500k`, `20m` or `1.5g`",
        ),
        (
            &["pack", "--jobs", "0"],
            "error: invalid value '0' for '--jobs <N>': number would be zero for non-zero type",
        ),
        (
            &["pack", "--compression", "lzma"],
            "error: invalid value 'lzma' for '--compression <CODEC>'",
        ),
        (
            &["pack", "--on-unreadable", "x"],
            "error: invalid value 'x' for '--on-unreadable <ACTION>'",
        ),
    ];
    for (arguments, first) in rows {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert_eq!(run.stderr.lines().next(), Some(*first), "{arguments:?}");
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn files_that_cannot_be_read() {
    let sandbox = Sandbox::with(&[("Dockerfile", ""), ("secret", "s"), ("private/x", "x")]);
    for name in ["secret", "private"] {
        fs::set_permissions(sandbox.path(name), PermissionsExt::from_mode(0o000)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let child = sandbox.command_as_nobody(arguments)?.spawn().unwrap();
        Some(sandbox.finish(child))
    };
    let Some(listed) = run(&["ls"]) else { return };
    listed.refused(
        1,
        &format!(
            "error: cannot read `[work]/private`\n  caused by: Permission denied (os error 13)\n{UNREADABLE_HINT}"
        ),
    );
    sandbox.write(".dockerignore", "private\n");
    run(&["pack"]).unwrap().refused(
        1,
        &format!(
            "error: cannot read `secret` from `[work]/secret`: Permission denied (os error 13)\n{UNREADABLE_HINT}"
        ),
    );
    let packed = run(&["pack", "--on-unreadable", "skip"]).unwrap();
    assert_eq!(
        packed.stderr,
        "warning: left out `secret`, which cannot be read\n"
    );
    assert_eq!(packed.members(), [".dockerignore", "Dockerfile"]);
    // Excluded, it does not matter.
    sandbox.write(".dockerignore", "private\nsecret\n");
    assert_eq!(
        run(&["pack"]).unwrap().fine().members(),
        [".dockerignore", "Dockerfile"]
    );
}

/// A hint names only what the program has an option for.
#[test]
fn an_archive_with_a_path_twice() {
    let sandbox = Sandbox::with(&[("Dockerfile", ""), ("sub/Dockerfile", "FROM scratch\n")]);
    let once = sandbox.run(&["pack", "sub"]).fine().stdout;
    let (members, end) = once.split_at(once.len() - 1024);
    sandbox.write("x.tar", [members, members, end].concat());
    sandbox.run(&["ls", "--add-archive", "x.tar"]).refused(
        1,
        "error: cannot use the archive `x.tar` with its member `Dockerfile`\n  \
         caused by: an earlier member has the same path\n\
         hint: `shipload repack --duplicates last` writes it with the last of them\n",
    );
}

/// Standard output is a pipe that nobody reads until the last file is gone: it was listed, but cannot have been read.
#[test]
fn a_file_that_vanishes() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    let big = fs::File::create(sandbox.path("big")).unwrap();
    big.set_len(64 << 20).unwrap();
    sandbox.write("last", "x");
    let mut child = sandbox.command(&["pack", "-j1"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 512]).unwrap();
    fs::remove_file(sandbox.path("last")).unwrap();
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    sandbox.finish(child).refused(
        1,
        "error: cannot read `last` from `[work]/last`: it was removed after it was listed\n\
         hint: exclude files that other programs write to, or try again when nothing writes to them\n",
    );
}

#[test]
fn sockets_pipes_and_devices() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    let _socket = UnixListener::bind(sandbox.path("socket")).unwrap();
    rustix::fs::mkfifoat(CWD, sandbox.path("fifo"), Mode::from(0o640)).unwrap();
    sandbox.write(".wh.gone", "");
    let long = sandbox.run(&["ls", "--format", "json", "--mtime=0"]);
    assert_eq!(
        long.stderr,
        "warning: `.wh.gone` will not be in an image of the classic builder, which takes `.wh.` for a deletion\n\
         warning: left out the socket `socket`\n"
    );
    assert!(long.text().contains(
        r#"{"path":"fifo","type":"fifo","size":0,"mode":"0640","uid":0,"gid":0,"mtime":0}"#
    ));
    // It is not opened, which would wait for a writer.
    assert_eq!(
        sandbox.run(&["pack"]).members(),
        [".wh.gone", "Dockerfile", "fifo"]
    );
    sandbox.run(&["pack", "--quiet"]).fine();

    let device = rustix::fs::makedev(1, 3);
    let made = rustix::fs::mknodat(
        CWD,
        sandbox.path("null"),
        rustix::fs::FileType::CharacterDevice,
        Mode::from(0o600),
        device,
    );
    if made.is_err() {
        shipload_testkit::engine::skip("this user may not make devices");
        return;
    }
    let listed = sandbox.run(&["ls", "--long", "--mtime=0"]).text();
    assert!(
        listed.contains("\ncrw-------     0     0            0 1970-01-01T00:00:00Z null\n"),
        "{listed}"
    );
}

#[test]
fn ten_thousand_directories_deep() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("Dockerfile", "FROM scratch\n");
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut dir = openat(CWD, sandbox.dir(), flags, Mode::empty()).unwrap();
    for _ in 0..10_000 {
        mkdirat(&dir, "d", Mode::from(0o755)).unwrap();
        dir = openat(&dir, "d", flags, Mode::empty()).unwrap();
    }
    drop(dir);
    let start = format!("d{}", "/d".repeat(39));
    let run = sandbox.run(&["ls"]);
    run.refused(
        1,
        &format!(
            "error: cannot add a file from `[work]`\n  \
             caused by: a path of 4097 bytes is longer than the 4095 that a builder can unpack: `{start}/…`\n\
             hint: exclude the directory in the ignore file\n"
        ),
    );
    sandbox.write(".dockerignore", "d\n");
    sandbox.run(&["ls"]).fine();
    // What is this deep has to be removed step by step, too.
    let removed = std::process::Command::new("rm")
        .arg("-rf")
        .arg(sandbox.path("d"))
        .status();
    assert!(removed.unwrap().success());
}
