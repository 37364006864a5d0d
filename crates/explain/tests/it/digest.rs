//! What a digest is made of is what is in the archive, wherever the context comes from; and every single change counts.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use shipload_context::{
    Archive, ArchiveOptions, DockerfileChoice, Modes, Progress, Recipe, Request, Semantics,
};
use shipload_explain::{Digest, InputKind, Inputs};
use shipload_testkit::dockerfiles::random_dockerfile;
use shipload_testkit::tree::{Kind, Kinds, random_case};

use crate::support::{Unpacked, inputs, inputs_of, on_all_cores, packed, plan, unpacked, write};

const CASES: u64 = 1_000;

/// Inputs as [`unpacked`] has members.
fn listed(inputs: &Inputs) -> BTreeMap<Vec<u8>, Unpacked> {
    let files = inputs.files.iter().map(|file| {
        let what = match &file.kind {
            InputKind::File { size, digest } => {
                format!(
                    "file {size} {}",
                    digest.to_string().trim_start_matches("sha256:")
                )
            }
            InputKind::Symlink { target } => format!("symlink {target:?}"),
            InputKind::Dir => "Directory".to_owned(),
            InputKind::Fifo => "Fifo".to_owned(),
            InputKind::Char(_) | InputKind::Block(_) => panic!("no devices here"),
        };
        let mode = file.mode;
        (file.path.as_bytes().to_vec(), Unpacked { mode, what })
    });
    files.collect()
}

/// Compares the inputs with the least archive; whether there was something to compare.
fn check(seed: u64) -> bool {
    let mut case = random_case(seed, Kinds::Every);
    // The `tar` crate takes a line feed for the end of an extended header's record.
    if case.tree.entries.keys().any(|path| path.contains(&b'\n')) {
        return false;
    }
    let name = case.dockerfile.clone().into_bytes();
    let content = random_dockerfile(seed, &case.tree).into_bytes();
    case.tree.entries.get_mut(&name).unwrap().kind = Kind::File { content };
    let temp = tempfile::tempdir().unwrap();
    case.tree.write(temp.path()).unwrap();
    let all = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];
    let semantics = all[usize::try_from(seed).unwrap() % 3];
    let file = DockerfileChoice::File(temp.path().join(&case.dockerfile));
    let recipe = Recipe::new(temp.path())
        .dockerfile(file)
        .semantics(semantics);
    let (progress, request) = (Progress::new(), Request::default());
    let Ok(plan) = recipe.plan(&progress) else {
        return false;
    };
    let Ok(least) = plan.referenced(&request) else {
        return false;
    };
    let what = || format!("seed {seed}, {semantics:?}\n{case}");
    let inputs = Inputs::of(&plan, &request, &least, &progress).unwrap();
    let files = listed(&inputs);
    let members = unpacked(&packed(&least.view));
    for (path, file) in &files {
        match members.get(path) {
            // Nothing gives a link another mode than this.
            Some(member) if member.what.starts_with("symlink") => {
                assert_eq!((&file.what, file.mode), (&member.what, 0o777), "{}", what());
            }
            Some(member) => assert_eq!(file, member, "{:?}: {}", path.escape_ascii(), what()),
            // The classic builder and podman make directories that they are not sent.
            None => {
                let made = (
                    file.mode,
                    file.what.as_str(),
                    semantics == Semantics::BuildKit,
                );
                assert_eq!(
                    made,
                    (0o755, "Directory", false),
                    "{:?}: {}",
                    path.escape_ascii().to_string(),
                    what()
                );
            }
        }
    }
    for (path, member) in &members {
        let below = [path, &b"/"[..]].concat();
        let is_way = members.keys().any(|other| other.starts_with(&below));
        let is_build_file = path.ends_with(b"ignore") || *path == name;
        // The classic builder's cache looks at files that only links in what is read lead to.
        let is_looked_at = semantics == Semantics::Classic && member.what.starts_with("file");
        assert!(
            files.contains_key(path) || is_way || is_build_file || is_looked_at,
            "{:?}: {}",
            path.escape_ascii(),
            what()
        );
    }

    // The archive of the whole context is the same build.
    if plan.dockerfile_sent {
        let tar = packed(&plan.view);
        let archive = Archive::from_reader("x", &tar[..], &ArchiveOptions::default()).unwrap();
        let file = DockerfileChoice::File(case.dockerfile.clone().into());
        let recipe = Recipe::of_archive(archive)
            .dockerfile(file)
            .semantics(semantics);
        let again = inputs_of(&recipe.plan(&progress).unwrap(), &request);
        assert_eq!(again, inputs, "{}", what());
    }

    // The manifest says all of it.
    let mut manifest = Vec::new();
    inputs.write_manifest(&mut manifest).unwrap();
    assert_eq!(
        Inputs::read_manifest(&manifest[..]).unwrap(),
        inputs,
        "{}",
        what()
    );
    true
}

#[test]
fn it_is_made_of_what_is_in_the_least_archive() {
    let checked = on_all_cores(CASES, check);
    assert!(checked > CASES * 7 / 10, "only {checked} were checked");
}

/// A context with every kind of thing, all of which is read but `unread`.
fn context(dir: &Path) {
    let dockerfile =
        "FROM scratch AS base\nARG V\nCOPY app /app\nFROM base\nCOPY run deep/only /\n";
    write(
        dir,
        &[
            ("Dockerfile", dockerfile),
            (".dockerignore", "unread/out\n"),
            ("app/a", "a"),
            ("app/b/c", "c"),
            ("app/b/empty/", ""),
            ("app/link", "-> b/c"),
            ("run", "#!/bin/sh\n"),
            ("deep/only", "x"),
            ("unread/in", ""),
            ("unread/out", ""),
        ],
    );
    mode(&dir.join("run"), 0o755);
}

fn mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn digest(dir: &Path) -> Digest {
    inputs(dir, &Request::default()).digest()
}

/// A change of a context.
type Change = fn(&Path);

#[test]
fn every_change_of_what_is_read_counts() {
    let rows: &[(&str, Change)] = &[
        ("content", |dir| write(dir, &[("app/a", "A")])),
        ("size", |dir| write(dir, &[("app/a", "aa")])),
        ("the executable bit", |dir| mode(&dir.join("run"), 0o644)),
        ("the mode of a directory", |dir| {
            mode(&dir.join("app/b"), 0o700);
        }),
        ("a file more", |dir| write(dir, &[("app/b/d", "")])),
        ("a directory more", |dir| write(dir, &[("app/d/", "")])),
        ("a file less", |dir| {
            fs_err::remove_file(dir.join("app/a")).unwrap();
        }),
        ("another name", |dir| {
            fs_err::rename(dir.join("app/a"), dir.join("app/A")).unwrap();
        }),
        ("another target", |dir| {
            fs_err::remove_file(dir.join("app/link")).unwrap();
            write(dir, &[("app/link", "-> ./b/c")]);
        }),
        ("a file for a link", |dir| {
            fs_err::remove_file(dir.join("app/link")).unwrap();
            write(dir, &[("app/link", "c")]);
        }),
        ("a comment in the Dockerfile", |dir| {
            let text = fs_err::read_to_string(dir.join("Dockerfile")).unwrap();
            write(dir, &[("Dockerfile", &format!("# x\n{text}"))]);
        }),
        ("a rule that takes something out", |dir| {
            write(dir, &[(".dockerignore", "app/a")]);
        }),
    ];
    for (what, change) in rows {
        let temp = tempfile::tempdir().unwrap();
        context(temp.path());
        let before = digest(temp.path());
        change(temp.path());
        assert_ne!(digest(temp.path()), before, "{what}");
    }

    let temp = tempfile::tempdir().unwrap();
    context(temp.path());
    let asked = |change: fn(&mut Request)| {
        let mut request = Request::default();
        change(&mut request);
        inputs(temp.path(), &request).digest()
    };
    let digests = [
        digest(temp.path()),
        asked(|request| request.target = Some("base".into())),
        asked(|request| request.platform = Some("linux/arm64".into())),
        asked(|request| drop(request.build_args.insert("V".into(), Some("1".into())))),
        asked(|request| drop(request.build_args.insert("V".into(), Some("2".into())))),
        asked(|request| drop(request.build_args.insert("V".into(), None))),
        asked(|request| drop(request.build_args.insert("W".into(), Some("1".into())))),
    ];
    for (i, digest) in digests.iter().enumerate() {
        assert!(!digests[..i].contains(digest), "{i}");
    }
}

#[test]
fn nothing_else_counts() {
    let rows: &[(&str, Change)] = &[
        ("nothing", |_| {}),
        ("a file that is not read", |dir| {
            write(dir, &[("unread/in", "other"), ("new", "")]);
        }),
        ("a file that is excluded", |dir| {
            write(dir, &[("unread/out", "other")]);
        }),
        ("a rule about what is not read", |dir| {
            write(dir, &[(".dockerignore", "unread")]);
        }),
        ("times", |dir| {
            let paths = ["app/a", "app", "app/link", "Dockerfile"];
            let mut touch = Command::new("touch");
            touch
                .args(["-hd", "2001-02-03"])
                .args(paths)
                .current_dir(dir);
            assert!(touch.status().unwrap().success());
        }),
        ("the order in which it was made", |dir| {
            for name in ["app/a", "app/b/c", "run"] {
                let path = dir.join(name);
                fs_err::rename(&path, path.with_extension("old")).unwrap();
                fs_err::copy(path.with_extension("old"), &path).unwrap();
                fs_err::remove_file(path.with_extension("old")).unwrap();
            }
        }),
        (
            "a mode of a directory that only leads to what is read",
            |dir| mode(&dir.join("deep"), 0o700),
        ),
        ("a second name of a file", |dir| {
            fs_err::remove_file(dir.join("app/a")).unwrap();
            write(dir, &[("unread/in", "a")]);
            fs_err::hard_link(dir.join("unread/in"), dir.join("app/a")).unwrap();
        }),
    ];
    let first = tempfile::tempdir().unwrap();
    context(first.path());
    let want = digest(first.path());
    for (what, change) in rows {
        let temp = tempfile::tempdir().unwrap();
        context(temp.path());
        change(temp.path());
        assert_eq!(digest(temp.path()), want, "{what}");
    }
}

#[test]
fn a_umask_counts_unless_modes_are_normal() {
    let clones = [0o022, 0o002, 0o077].map(|umask: u32| {
        let temp = tempfile::tempdir().unwrap();
        context(temp.path());
        for path in [
            "app",
            "app/a",
            "app/b",
            "app/b/c",
            "app/b/empty",
            "run",
            "deep",
            "deep/only",
        ] {
            let path = temp.path().join(path);
            let full = if path.is_dir() || path.ends_with("run") {
                0o777
            } else {
                0o666
            };
            mode(&path, full & !umask);
        }
        temp
    });
    let digests = |modes: Modes| {
        clones.each_ref().map(|clone| {
            let mut plan = plan(clone.path());
            plan.view = plan.view.with_modes(modes);
            inputs_of(&plan, &Request::default()).digest()
        })
    };
    let kept = digests(Modes::Keep);
    assert!(kept[0] != kept[1] && kept[0] != kept[2] && kept[1] != kept[2]);
    assert_eq!(digests(Modes::Normal), [kept[0]; 3]);
}

#[test]
fn it_is_the_digest_of_the_text_above_it() {
    let temp = tempfile::tempdir().unwrap();
    context(temp.path());
    let inputs = inputs(temp.path(), &Request::default());
    let mut manifest = Vec::new();
    inputs.write_manifest(&mut manifest).unwrap();
    let manifest = String::from_utf8(manifest).unwrap();
    let (above, _) = manifest.split_once("{\"digest\"").unwrap();
    let mut sum = Command::new("sha256sum");
    let mut sum = sum
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut sum.stdin.take().unwrap(), above.as_bytes()).unwrap();
    let output = sum.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        inputs.digest().to_string(),
        format!("sha256:{}", &said[..64])
    );
    // The form is for ever: whoever changes it has to count its version up.
    let want = "sha256:a07d7c4959dbb39361f7f2cbae6cce5bf934108620b82519930cd59becf7f299";
    assert_eq!(inputs.digest().to_string(), want, "{above}");
}
