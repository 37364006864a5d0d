//! `repack`: an archive through the rules is the directory through the rules.

use std::process::Command;

use fs_err as fs;

use crate::sandbox::{Sandbox, names};

fn context() -> Sandbox {
    let sandbox = Sandbox::with(&[
        ("in/Dockerfile", "FROM scratch\n"),
        ("in/.dockerignore", "*.log\nDockerfile\n"),
        ("in/other", "a\n"),
        ("in/a", "a"),
        ("in/b.log", "b"),
    ]);
    let mut tar = Command::new("tar");
    tar.args(["-C", "in", "-cf", "in.tar", "."])
        .current_dir(sandbox.dir());
    assert!(tar.status().unwrap().success());
    sandbox
}

#[test]
fn it_is_what_pack_writes_of_the_directory() {
    let sandbox = context();
    let rows: &[&[&str]] = &[
        &[],
        &["--engine", "classic"],
        &["--engine", "podman"],
        &["--ignorefile", "none"],
        &["--ignorefile", "in/other"],
        &["--compression", "gzip", "--level", "1"],
        &["--mtime", "0"],
        &["--add", "in/a=deep/c"],
    ];
    for arguments in rows {
        let of = |verb: &str, input: &str| {
            let run = sandbox.run(&[&[verb, input], *arguments].concat());
            assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
            run.stdout
        };
        let (packed, repacked) = (of("pack", "in"), of("repack", "in.tar"));
        assert!(packed == repacked, "{arguments:?}");
    }
    let default = sandbox.run(&["repack", "in.tar"]).fine().stdout;
    assert_eq!(names(&default), [".dockerignore", "a", "other"]);
}

#[test]
fn it_takes_any_codec_and_standard_input() {
    let sandbox = context();
    let want = sandbox.run(&["repack", "in.tar"]).fine().stdout;
    let all = ["repack", "in.tar", "--ignorefile", "none", "-o"];
    for name in ["x.tar", "x.tar.gz", "x.tar.bz2", "x.tar.xz", "x.tar.zst"] {
        sandbox.run(&[&all[..], &[name]].concat()).fine();
        let again = sandbox.run(&["repack", name]);
        assert!(again.fine().stdout == want, "{name}");
        let input = fs::read(sandbox.path(name)).unwrap();
        let piped = sandbox.run_with_input(&["repack", "-"], &input);
        assert!(piped.fine().stdout == want, "{name}");
    }
    // It may take the place of what it was made of.
    sandbox.run(&["repack", "in.tar", "-o", "in.tar"]).fine();
    assert!(fs::read(sandbox.path("in.tar")).unwrap() == want);
}

/// The last of several members with one path counts, as where GNU tar unpacks them.
#[test]
fn duplicates() {
    let sandbox = context();
    let tar = |arguments: &[&str]| {
        let mut tar = Command::new("tar");
        tar.args(arguments).current_dir(sandbox.dir());
        assert!(tar.status().unwrap().success(), "{arguments:?}");
    };
    sandbox.write("in/a", "another");
    sandbox.write("in/.dockerignore", "other\n");
    tar(&["-C", "in", "-rf", "in.tar", "./a", ".dockerignore"]);
    fs::remove_file(sandbox.path("in/b.log")).unwrap();
    fs::create_dir(sandbox.path("in/b.log")).unwrap();
    sandbox.write("in/b.log/c", "c");
    tar(&["-C", "in", "-rf", "in.tar", "b.log"]);
    fs::create_dir(sandbox.path("out")).unwrap();
    tar(&["-C", "out", "--recursive-unlink", "-xf", "in.tar"]);
    let want = sandbox.run(&["pack", "out"]).fine().stdout;
    assert_eq!(
        names(&want),
        [".dockerignore", "Dockerfile", "a", "b.log/", "b.log/c"]
    );
    let last = ["repack", "in.tar", "--duplicates", "last"];
    assert!(sandbox.run(&last).fine().stdout == want);
    let input = fs::read(sandbox.path("in.tar")).unwrap();
    let piped = sandbox.run_with_input(&["repack", "-", "--duplicates", "last"], &input);
    assert!(piped.fine().stdout == want);
    let said = "error: cannot use the archive `in.tar` with its member `./a`\n  \
                caused by: an earlier member has the same path\n\
                hint: `shipload repack --duplicates last` writes it with the last of them\n";
    sandbox.run(&["repack", "in.tar"]).refused(1, said);
}

#[test]
fn it_needs_no_dockerfile() {
    let sandbox = context();
    fs::remove_file(sandbox.path("in/Dockerfile")).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["-C", "in", "-cf", "in.tar", "."])
        .current_dir(sandbox.dir());
    assert!(tar.status().unwrap().success());
    let members = sandbox.run(&["repack", "in.tar"]).fine().members();
    assert_eq!(members, [".dockerignore", "a", "other"]);
}

#[test]
fn what_cannot_be_repacked_is_refused() {
    let sandbox = context();
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.as_mut_bytes()[..9].copy_from_slice(b"../escape");
    header.set_cksum();
    let hostile = [header.as_bytes().as_slice(), &[0; 1024]].concat();
    sandbox.write("hostile.tar", hostile);
    let rows: &[(&[&str], i32, &str)] = &[
        (
            &[],
            2,
            "error: the following required arguments were not provided:",
        ),
        (
            &["in"],
            2,
            "error: `in` is a directory, not an archive\nhint: write an archive of it with `shipload pack`\n",
        ),
        (&["hostile.tar", "-o", "out"], 1, "error: "),
        (
            &["in.tar", "-f", "gone", "-o", "out"],
            1,
            "error: cannot read the Dockerfile `in.tar:gone`\n",
        ),
        (&["in.tar", "-f", "-", "-", "-o", "out"], 2, "error: "),
        (
            &["in.tar", "--max-context", "1", "-o", "out"],
            1,
            "error: the context has ",
        ),
        (
            &["in.tar", "--level", "1", "-o", "out"],
            2,
            "error: level `1` makes no sense without compression\n",
        ),
    ];
    for (arguments, code, stderr) in rows {
        let run = sandbox.run(&[&["repack"], *arguments].concat());
        assert_eq!(run.code, Some(*code), "{arguments:?}: {}", run.stderr);
        assert!(
            run.stderr.starts_with(stderr),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(run.stdout.is_empty() && !sandbox.path("out").exists());
    }
}
