//! `shipload fix`.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use fs_err as fs;

use crate::sandbox::Sandbox;

const FILES: &[(&str, &str)] = &[
    ("Dockerfile", "FROM scratch\n"),
    ("dist/app.js", ""),
    ("logs/a.log", ""),
    ("logs/b.log", ""),
    ("logs/keep.txt", ""),
    ("packages/a/node_modules/x", ""),
    ("packages/b/node_modules/x", ""),
    ("packages/b/index.js", ""),
    ("src/main.ts", ""),
];

fn with(rules: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::with(FILES);
    if let Some(rules) = rules {
        sandbox.write(".dockerignore", rules);
    }
    sandbox
}

/// What a diff adds and removes, one after the other.
fn changes(diff: &str) -> Vec<&str> {
    let is_change = |line: &&str| {
        line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
    };
    diff.lines().filter(is_change).collect()
}

#[test]
fn the_smallest_edit() {
    for (rules, arguments, expected) in [
        (None, &["--exclude", "dist"][..], &["+dist"][..]),
        (Some("*\n!src\n"), &["--include", "dist"], &["+!dist"]),
        (Some("dist\n"), &["--include", "dist"], &["-dist"]),
        (
            Some("*\n!src\n!dist\n"),
            &["--exclude", "dist"],
            &["-!dist"],
        ),
        (
            Some(""),
            &["--exclude", "logs/a.log", "logs/b.log"],
            &["+logs/*.log"],
        ),
        (
            Some("src\n"),
            &[
                "--exclude",
                "packages/a/node_modules",
                "--exclude",
                "packages/b/node_modules/",
            ],
            &["+packages/*/node_modules"],
        ),
        (
            Some("*.md\n"),
            &["--exclude", "packages", "--include", "packages/b/index.js"],
            &["+packages", "+!packages/b/index.js"],
        ),
        (
            Some("logs\n"),
            &["--include", "./logs/keep.txt"],
            &["+!logs/keep.txt"],
        ),
    ] {
        let sandbox = with(rules);
        let all = [&["fix"][..], arguments].concat();
        let diff = sandbox.run(&all).fine().text();
        assert_eq!(changes(&diff), expected, "{rules:?} {arguments:?}");
        let file = sandbox.path(".dockerignore");
        assert_eq!(
            fs::read_to_string(&file).ok().as_deref(),
            rules,
            "nothing is written"
        );

        let written = [&all[..], &["--write"]].concat();
        assert_eq!(sandbox.run(&written).fine().text(), diff);
        assert_eq!(
            sandbox.run(&all).fine().text(),
            "",
            "all is where it is to be"
        );
    }
}

#[test]
fn ls_shows_what_was_asked() {
    for engine in ["classic", "buildkit", "podman"] {
        let sandbox = with(Some("*\n!src\n"));
        let list = || {
            let listed = sandbox.run(&["ls", "--engine", engine]).fine().text();
            listed.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let before = list();
        let move_ = [
            "fix",
            "--include",
            "dist",
            "logs/keep.txt",
            "--exclude",
            "src/main.ts",
        ];
        sandbox.run(&[&move_[..], &["--write"]].concat()).fine();
        let mut expected = before.clone();
        expected.retain(|path| path != "src/main.ts");
        expected.extend(["dist/", "dist/app.js", "logs/keep.txt"].map(str::to_owned));
        if engine == "buildkit" {
            expected.push("logs/".to_owned());
        }
        let mut after = list();
        expected.sort();
        after.sort();
        assert_eq!(after, expected, "{engine}");
    }
}

#[test]
fn a_diff_that_patch_takes() {
    let sandbox = with(Some("one\ntwo\nthree\nfour\nfive"));
    let diff = sandbox.run(&["fix", "--exclude", "dist"]).fine().text();
    assert_eq!(
        diff,
        "--- a/.dockerignore\n+++ b/.dockerignore\n@@ -2,4 +2,5 @@\n two\n three\n four\n-five\n\\ No newline at end of file\n\
         +five\n+dist\n\\ No newline at end of file\n"
    );
    sandbox.write("edit.diff", &diff);
    sandbox.git(&["apply", "edit.diff"]);
    let text = fs::read_to_string(sandbox.path(".dockerignore")).unwrap();
    assert_eq!(text, "one\ntwo\nthree\nfour\nfive\ndist");
}

#[test]
fn a_new_file_as_a_diff() {
    let sandbox = with(None);
    let diff = sandbox.run(&["fix", "--exclude", "dist"]).fine().text();
    assert_eq!(
        diff,
        "--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1 @@\n+dist\n"
    );
    sandbox.write("edit.diff", &diff);
    sandbox.git(&["apply", "edit.diff"]);
    assert_eq!(
        fs::read_to_string(sandbox.path(".dockerignore")).unwrap(),
        "dist\n"
    );
}

#[test]
fn as_json() {
    let sandbox = with(Some("dist\n"));
    let json = sandbox
        .run(&["fix", "--format", "json", "--exclude", "logs"])
        .fine()
        .text();
    let json = json.replace(
        fs::canonicalize(sandbox.dir()).unwrap().to_str().unwrap(),
        "[work]",
    );
    assert_eq!(
        json,
        r#"{"diff":"--- a/.dockerignore\n+++ b/.dockerignore\n@@ -1 +1,2 @@\n dist\n+logs\n","engines":["buildkit","classic","podman"],"file":"[work]/.dockerignore","lines":1,"moves":[{"engines":["buildkit","classic","podman"],"entries":4,"included":false,"path":"logs"}],"new":false,"others":[],"refusing":[],"written":false}
"#
    );
}

#[test]
fn what_is_written_is_as_it_was() {
    for (before, after) in [
        ("a\r\nb\r\n", "a\r\nb\r\ndist\r\n"),
        ("\u{feff}a\n", "\u{feff}a\ndist\n"),
        ("a", "a\ndist"),
        ("a\r\nb", "a\r\nb\r\ndist"),
        ("", "dist\n"),
        ("# why\n\na\n", "# why\n\na\ndist\n"),
    ] {
        let sandbox = with(Some(before));
        let file = sandbox.path(".dockerignore");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        sandbox.run(&["fix", "--exclude", "dist", "--write"]).fine();
        assert_eq!(fs::read_to_string(&file).unwrap(), after);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    }
}

#[test]
fn a_link_is_written_through() {
    let sandbox = with(None);
    sandbox.write("rules/ignore", "src\n");
    symlink("rules/ignore", sandbox.path(".dockerignore")).unwrap();
    sandbox.run(&["fix", "--exclude", "dist", "--write"]).fine();
    assert!(
        fs::symlink_metadata(sandbox.path(".dockerignore"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(
        fs::read_to_string(sandbox.path("rules/ignore")).unwrap(),
        "src\ndist\n"
    );
}

#[test]
fn what_cannot_be_written_stays() {
    let sandbox = with(Some("src\n"));
    let file = sandbox.path(".dockerignore");
    let names = sandbox.names();
    fs::set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    sandbox.run(&["fix", "--exclude", "dist", "--write"]).refused(
        1,
        "error: `[work]/.dockerignore` is read-only\nhint: `chmod u+w` it, or apply the diff yourself\n",
    );
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();

    // No file may have a byte, as on a full disk.
    let program = env!("CARGO_BIN_EXE_shipload");
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" fix --exclude dist --write";
    let child = sandbox
        .hermetic("sh", &["-c", script, program])
        .spawn()
        .unwrap();
    sandbox.finish(child).refused(
        1,
        "error: cannot write `[work]/.dockerignore`\n  caused by: File too large (os error 27)\n",
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "src\n");
    assert_eq!(sandbox.names(), names, "nothing is left behind");
}

#[test]
fn whoever_reads_another_file_is_named() {
    let sandbox = with(Some("src\n"));
    sandbox.write("Dockerfile.dockerignore", "dist\n");
    let run = sandbox.run(&["fix", "--exclude", "logs", "--write"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stderr,
        "warning: the classic builder reads `[work]/.dockerignore` instead, which stays as it is\n\
         hint: name that file with `--ignorefile` to edit it\n"
    );
    let text = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();
    assert_eq!(text("Dockerfile.dockerignore"), "dist\nlogs\n");
    assert_eq!(text(".dockerignore"), "src\n");

    sandbox
        .run(&["fix", "--engine", "classic", "--exclude", "logs", "--write"])
        .fine();
    assert_eq!(text(".dockerignore"), "src\nlogs\n");

    fs::remove_file(sandbox.path(".dockerignore")).unwrap();
    let run = sandbox.run(&["fix", "--exclude", "logs", "src"]);
    assert_eq!(
        (run.code, &*run.stderr),
        (
            Some(0),
            "warning: the classic builder does not read `Dockerfile.dockerignore`, nor any other ignore file\n"
        )
    );

    sandbox.write("other", "src\n");
    let diff = sandbox
        .run(&["fix", "--ignorefile", "other", "--exclude", "logs"])
        .fine()
        .text();
    assert_eq!(diff.lines().next(), Some("--- a/other"));
}

#[test]
fn refusals() {
    let nowhere = "error: there is no `nowhere` in the directory\n\
                   hint: paths are relative to the context, and have to be there\n";
    let rows: &[(&str, &[&str], i32, &str)] = &[
        ("", &["--exclude", "nowhere"], 1, nowhere),
        (
            "",
            &["--exclude", "dist", "--include", "dist/"],
            2,
            "error: `dist` cannot be both excluded and included\n",
        ),
        (
            "",
            &["--exclude", "../x"],
            2,
            "error: `../x` climbs out with `..`; a path inside a context cannot\n\
             hint: the context directory comes first: `shipload fix DIR --exclude PATH…`\n",
        ),
        (
            "",
            &["--exclude", "dist", "--ignorefile", "none"],
            2,
            "error: `--ignorefile none` leaves no file to edit\n",
        ),
        (
            "[\n",
            &["--exclude", "dist"],
            1,
            "error: .dockerignore:1:1: `[` is a malformed pattern\nhint: write `\\[` for a `[` in a name\n",
        ),
    ];
    for (rules, arguments, code, stderr) in rows {
        let sandbox = with(Some(rules));
        sandbox
            .run(&[&["fix"][..], arguments].concat())
            .refused(*code, stderr);
    }
    let run = with(None).run(&["fix"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--exclude <PATH>"), "{}", run.stderr);
}

#[test]
fn builders_that_cannot_agree() {
    let sandbox = with(Some("*\n!**/*.txt\n"));
    sandbox.run(&["fix", "--include", "logs/a.log"]).refused(
        1,
        "error: no edit of `.dockerignore` moves just what was asked: the classic builder and BuildKit would have to look into \
         one directory and differ on `logs/keep.txt` in it\n  \
         the nearest edit adds\n    !logs/a.log\n  after which\n    `logs/keep.txt` would be in for classic, podman\n\
         hint: say on which side `logs/keep.txt` shall be as well, or choose one engine\n",
    );
    for more in [
        &["--include", "logs/keep.txt"][..],
        &["--engine", "buildkit"],
    ] {
        sandbox
            .run(&[&["fix", "--include", "logs/a.log"][..], more].concat())
            .fine();
    }
}

#[test]
fn the_builds_own_files() {
    let sandbox = with(Some("src\n"));
    let run = sandbox.run(&["fix", "--exclude", "Dockerfile"]);
    assert_eq!(
        (run.code, &*run.stderr),
        (
            Some(0),
            "warning: the classic builder is still sent `Dockerfile`, which it needs, and removes it before the build\n"
        )
    );
    assert_eq!(
        changes(&String::from_utf8(run.stdout).unwrap()),
        ["+Dockerfile"]
    );
}

#[test]
fn what_cannot_be_read_can_be_excluded() {
    let sandbox = with(Some("src\n"));
    fs::create_dir(sandbox.path("data")).unwrap();
    fs::set_permissions(sandbox.path("data"), Permissions::from_mode(0o700)).unwrap();
    let Some(mut command) = sandbox.command_as_nobody(&["fix", "--exclude", "data"]) else {
        return;
    };
    let diff = sandbox.finish(command.spawn().unwrap()).fine().text();
    assert_eq!(changes(&diff), ["+data"]);
}
