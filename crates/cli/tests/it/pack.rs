//! `shipload pack`.

use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};

use crate::sandbox::{Run, Sandbox, names};

const FILES: &[(&str, &str)] = &[
    ("Dockerfile", "FROM scratch\n"),
    ("a", "aaaa"),
    ("d/b", "bbbb"),
];

const MEMBERS: &[&str] = &["Dockerfile", "a", "d/", "d/b"];

#[test]
fn to_standard_output() {
    let sandbox = Sandbox::with(FILES);
    let rows: &[&[&str]] = &[
        &["pack"],
        &["pack", "."],
        &["pack", "-o", "-"],
        &["pack", "--output=-", "--jobs", "3"],
        &["pack", "-j1", "--compression", "none"],
        &["pack", "-q"],
    ];
    let first = sandbox.run(rows[0]).fine().stdout;
    assert_eq!(names(&first), MEMBERS);
    for arguments in rows {
        assert_eq!(sandbox.run(arguments).fine().stdout, first, "{arguments:?}");
    }
}

#[test]
fn codecs() {
    let sandbox = Sandbox::with(FILES);
    let plain = sandbox.run(&["pack"]).fine().stdout;
    // The first bytes, and the program that knows them.
    let rows: &[(&[&str], &[u8], &str)] = &[
        (&["--compression", "gzip"], b"\x1f\x8b", "gzip"),
        (
            &["--compression", "gzip", "--level", "12"],
            b"\x1f\x8b",
            "gzip",
        ),
        (&["--compression=bzip2", "--level=1"], b"BZh1", "bzip2"),
        (
            &["--compression", "xz", "--level", "0"],
            b"\xfd7zXZ\0",
            "xz",
        ),
        (
            &["--compression", "zstd", "--level", "19"],
            b"\x28\xb5\x2f\xfd",
            "zstd",
        ),
        (&["-o", "x.tar.gz"], b"\x1f\x8b", "gzip"),
        (&["-o", "x.TGZ"], b"\x1f\x8b", "gzip"),
        (&["-o", "x.tar.zst"], b"\x28\xb5\x2f\xfd", "zstd"),
        (&["-o", "x.tar.xz"], b"\xfd7zXZ\0", "xz"),
        (&["-o", "x.tbz2"], b"BZh9", "bzip2"),
    ];
    for (arguments, magic, program) in rows {
        let outside = tempfile::tempdir().unwrap();
        let mut all = vec!["pack".to_owned(), sandbox.dir().display().to_string()];
        all.extend(arguments.iter().map(|&argument| argument.to_owned()));
        let child = sandbox
            .command(&all)
            .current_dir(outside.path())
            .spawn()
            .unwrap();
        let run = sandbox.finish(child).fine();
        let packed = match arguments {
            ["-o", file] => {
                assert!(run.stdout.is_empty());
                fs::read(outside.path().join(file)).unwrap()
            }
            _ => run.stdout,
        };
        assert!(packed.starts_with(magic), "{arguments:?}");
        if let Some(unpacked) = unpack(program, &packed) {
            assert!(unpacked == plain, "{arguments:?}");
        }
    }
    // The name does not win over the option.
    sandbox
        .run(&["pack", "-o", "x.tar.gz", "--compression", "none", "-q"])
        .fine();
    assert!(fs::read(sandbox.path("x.tar.gz")).unwrap() == plain);
}

/// What a program makes of compressed bytes; `None` (and a note) where it is not installed.
fn unpack(program: &str, packed: &[u8]) -> Option<Vec<u8>> {
    if shipload_testkit::workspace::on_path(program).is_none() {
        shipload_testkit::engine::skip(&format!("`{program}` is not installed"));
        return None;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), packed).unwrap();
    let input = fs::File::open(file.path()).unwrap().into_parts().0;
    let output = Command::new(program)
        .arg("-dc")
        .stdin(input)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output.stdout)
}

#[test]
fn levels_that_do_not_exist() {
    let sandbox = Sandbox::with(FILES);
    let rows: &[(&[&str], &str)] = &[
        (
            &["pack", "--level", "3"],
            "error: level `3` makes no sense without compression\n\
             hint: choose a codec with `--compression`, or leave `--level` out\n",
        ),
        (
            &["pack", "--compression=gzip", "--level", "13"],
            "error: gzip has no level `13`, only 1 to 12\n",
        ),
        (
            &["pack", "--compression=zstd", "--level", "-1"],
            "error: zstd has no level `-1`, only 1 to 19\n",
        ),
    ];
    for (arguments, stderr) in rows {
        sandbox.run(arguments).refused(2, stderr);
    }
}

#[test]
fn the_file_is_whole_or_as_it_was() {
    let sandbox = Sandbox::with(FILES);
    let out = tempfile::tempdir().unwrap();
    let archive = out.path().join("x.tar");
    let file = archive.to_str().unwrap();
    let pack = ["pack", "-o", file];
    sandbox.run(&pack).fine();
    let first = fs::read(&archive).unwrap();
    assert_eq!(names(&first), MEMBERS);
    let mode = fs::metadata(&archive).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode & 0o600, 0o600);
    // Over the old one, through a link.
    let link = out.path().join("link.tar");
    std::os::unix::fs::symlink("x.tar", &link).unwrap();
    sandbox.write("c", "");
    sandbox.run(&["pack", "-o", link.to_str().unwrap()]).fine();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read(&archive).unwrap(), first);
    // A failure leaves what was there.
    sandbox.write(".dockerignore", "[");
    let before = fs::read(&archive).unwrap();
    assert_eq!(sandbox.run(&pack).code, Some(1));
    assert_eq!(fs::read(&archive).unwrap(), before);
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2);
}

#[test]
fn an_archive_inside_its_context() {
    let warning = "warning: the archive `x.tar` lies inside the context, so the next one will contain it\n\
                   hint: write it elsewhere, or exclude it in the ignore file\n";
    let sandbox = Sandbox::with(FILES);
    let run = sandbox.run(&["pack", "-o", "x.tar"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), warning));
    assert_eq!(names(&fs::read(sandbox.path("x.tar")).unwrap()), MEMBERS);
    sandbox.run(&["pack", "-q", "-o", "x.tar"]).fine();
    sandbox.write(".dockerignore", "*.tar\nout\n");
    sandbox.run(&["pack", "-o", "x.tar"]).fine();
    fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.run(&["pack", "-o", "out/x"]).fine();
}

#[test]
fn a_dockerfile_that_is_not_in_the_archive() {
    let sandbox = Sandbox::with(FILES);
    sandbox.write(".dockerignore", "Dockerfile\n");
    let run = sandbox.run(&["pack"]);
    assert_eq!(
        run.stderr,
        "warning: the Dockerfile `Dockerfile` is excluded and not in the archive\n\
         hint: include it again with a `!` rule if the archive is to be built from\n"
    );
    assert_eq!(run.members(), [".dockerignore", "a", "d/", "d/b"]);
    // The classic builder is sent it all the same.
    let run = sandbox.run(&["pack", "--engine", "classic"]).fine();
    assert_eq!(
        run.members(),
        [".dockerignore", "Dockerfile", "a", "d/", "d/b"]
    );
}

#[test]
fn a_reader_that_goes_away() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.write("big", vec![b'x'; 4 << 20]);
    let mut child = sandbox.command(&["pack"]).spawn().unwrap();
    let mut first = [0; 512];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    sandbox.finish(child).refused(
        1,
        "error: the archive was not read to its end\n  caused by: Broken pipe (os error 32)\n",
    );
}

#[test]
fn a_full_disk() {
    let sandbox = Sandbox::with(FILES);
    let hint = "hint: free some space, write elsewhere, or compress with `--compression zstd`\n";
    sandbox.run(&["pack", "-o", "/dev/full"]).refused(
        1,
        &format!(
            "error: cannot write the archive `/dev/full`\n  caused by: No space left on device (os error 28)\n{hint}"
        ),
    );
    // The limit on a file's size stands in for a disk that fills up in the middle. In blocks of 512 or 1024 bytes.
    sandbox.write("big", vec![b'x'; 1 << 20]);
    let out = tempfile::tempdir().unwrap();
    let script = "ulimit -f 100; exec \"$@\"";
    let program = env!("CARGO_BIN_EXE_shipload");
    let file = out.path().join("x.tar");
    let arguments = [
        "-c",
        script,
        "sh",
        program,
        "pack",
        "-o",
        file.to_str().unwrap(),
    ];
    let run = sandbox.finish(sandbox.hermetic("sh", &arguments).spawn().unwrap());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.starts_with("error: cannot write the archive `"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("File too large"), "{}", run.stderr);
    assert_eq!(
        fs::read_dir(out.path()).unwrap().count(),
        0,
        "half an archive was left"
    );
}

#[test]
fn a_place_that_cannot_be_written() {
    let sandbox = Sandbox::with(FILES);
    sandbox.run(&["pack", "-o", "/"]).refused(
        1,
        "error: cannot write the archive `/`\n  caused by: Is a directory (os error 21)\n",
    );
    let run = sandbox.run(&["pack", "-o", "missing/x.tar"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.starts_with(
            "error: cannot write the archive `missing/x.tar`\n  caused by: No such file"
        ),
        "{}",
        run.stderr
    );
}

/// SIGINT and SIGTERM in the middle of an archive, which the size of the file and a slow codec make long.
#[test]
fn interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
        let big = fs::File::create(sandbox.path("big")).unwrap();
        big.set_len(16 << 30).unwrap();
        let out = tempfile::tempdir().unwrap();
        let file = out.path().join("x.tar.gz");
        let child = sandbox
            .command(&["pack", "-o", file.to_str().unwrap()])
            .spawn()
            .unwrap();
        wait_until("the archive has begun", || {
            fs::read_dir(out.path()).unwrap().count() > 0
        });
        kill_process(Pid::from_child(&child), signal).unwrap();
        sandbox.finish(child).refused(130, "error: interrupted\n");
        assert_eq!(
            fs::read_dir(out.path()).unwrap().count(),
            0,
            "half an archive was left"
        );
    }
}

/// Nobody reads the pipe, so the work cannot end by itself: the second signal ends the process.
#[test]
fn interrupted_twice() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.write("big", vec![b'x'; 8 << 20]);
    let mut child = sandbox.command(&["pack"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 512]).unwrap();
    let process = Pid::from_child(&child);
    let ended = wait_until("it ends", || {
        kill_process(process, Signal::INT).unwrap();
        child.try_wait().unwrap().is_some()
    });
    assert!(ended < Duration::from_secs(10));
    assert_eq!(sandbox.finish(child).code, Some(130));
}

#[test]
fn the_same_bytes_under_other_circumstances() {
    let make = |order: [usize; 3]| {
        let sandbox = Sandbox::new();
        for place in order {
            sandbox.write(FILES[place].0, FILES[place].1);
        }
        fs::set_permissions(sandbox.path("d"), Permissions::from_mode(0o755)).unwrap();
        sandbox
    };
    for codec in ["none", "gzip", "bzip2", "xz", "zstd"] {
        let arguments = ["pack", "--mtime=0", "--compression", codec];
        let first = make([0, 1, 2]).run(&arguments).fine().stdout;
        let second = make([2, 1, 0]);
        let mut command = second.command(&arguments);
        command
            .args(["--jobs", "7"])
            .env("LC_ALL", "tr_TR.UTF-8")
            .env("TZ", "Asia/Kolkata");
        let other = second.finish(command.spawn().unwrap()).fine();
        assert!(other.stdout == first, "{codec}");
        if let Some(mut command) = second.command_as_nobody(&arguments) {
            let other: Run = second.finish(command.spawn().unwrap()).fine();
            assert!(other.stdout == first, "{codec}, as another user");
        }
    }
}

#[test]
fn names_that_are_no_text() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.write(std::ffi::OsStr::from_bytes(b"\xff"), "x");
    let archive = sandbox.run(&["pack"]).fine();
    assert_eq!(archive.members(), ["Dockerfile", "\\xff"]);
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}

#[test]
fn a_fifo_as_output() {
    let sandbox = Sandbox::with(FILES);
    let out = tempfile::tempdir().unwrap();
    let fifo = out.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
    let child = sandbox
        .command(&["pack", "-o", fifo.to_str().unwrap()])
        .spawn()
        .unwrap();
    let archive = fs::read(&fifo).unwrap();
    sandbox.finish(child).fine();
    assert_eq!(names(&archive), MEMBERS);
}
