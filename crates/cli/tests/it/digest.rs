//! `digest`: one line that follows from what the build depends on.

use std::os::unix::fs::PermissionsExt;

use fs_err as fs;

use crate::sandbox::Sandbox;

/// `sha256sum` of the lines of the manifest above its digest.
const DIGEST: &str = "sha256:ce5702bb11e092b7cfbb4f6b58e37a8b42c031201d86b75ac1909dd8326eaf27\n";

fn context() -> Sandbox {
    let sandbox = Sandbox::with(&[
        ("Dockerfile", "FROM scratch\nARG V\nCOPY app /app\n"),
        (".dockerignore", "notes\n"),
        ("app/main", "hello\n"),
        ("notes", "not sent\n"),
        ("README", "not read\n"),
    ]);
    let app = sandbox.path("app");
    fs::set_permissions(app, PermissionsExt::from_mode(0o755)).unwrap();
    sandbox
}

#[test]
fn it_is_the_same_from_a_directory_an_archive_and_a_manifest() {
    let sandbox = context();
    assert_eq!(sandbox.run(&["digest"]).fine().text(), DIGEST);
    let path = sandbox.dir();
    let path = path.to_str().unwrap();
    assert_eq!(sandbox.run(&["digest", path]).fine().text(), DIGEST);
    let json = sandbox.run(&["digest", "--format", "json"]).fine().text();
    let want = format!(
        "{{\"bytes\":6,\"digest\":\"{}\",\"files\":2}}\n",
        DIGEST.trim_end()
    );
    assert_eq!(json, want);

    let manifest = sandbox.run(&["digest", "--manifest", "-"]).fine().text();
    let line = format!("\n{{\"digest\":\"{}\"}}\n", DIGEST.trim_end());
    assert!(manifest.contains(&line), "{manifest}");
    let run = sandbox.run(&["digest", "--manifest", "m.json"]);
    assert_eq!(run.fine().text(), DIGEST);
    assert_eq!(
        fs::read_to_string(sandbox.path("m.json")).unwrap(),
        manifest
    );
    assert_eq!(sandbox.run(&["digest", "m.json"]).fine().text(), DIGEST);
    let piped = sandbox.run_with_input(&["digest", "-"], manifest.as_bytes());
    assert_eq!(piped.fine().text(), DIGEST);

    for codec in ["none", "gzip", "bzip2", "xz", "zstd"] {
        let tar = sandbox.run(&["pack", "--compression", codec]).fine().stdout;
        fs::write(sandbox.path("x"), &tar).unwrap();
        assert_eq!(
            sandbox.run(&["digest", "x"]).fine().text(),
            DIGEST,
            "{codec}"
        );
        let piped = sandbox.run_with_input(&["digest", "-"], &tar);
        assert_eq!(piped.fine().text(), DIGEST, "{codec}");
    }
}

#[test]
fn what_is_asked_for_counts() {
    let sandbox = context();
    sandbox.write("V.txt", "");
    for arguments in [
        &["--build-arg", "V=1"][..],
        &["--build-arg", "V"],
        &["--target", "0"],
        &["--platform", "linux/s390x"],
    ] {
        let run = sandbox.run(&[&["digest"], arguments].concat());
        assert_ne!(run.fine().text(), DIGEST, "{arguments:?}");
    }
    let manifest = sandbox.run(&["digest", "--build-arg", "V=hunter2", "--manifest", "-"]);
    let manifest = manifest.fine().text();
    // `printf hunter2 | sha256sum`
    let value = "sha256:f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
    assert!(
        manifest.contains(value) && !manifest.contains("hunter2"),
        "{manifest}"
    );
}

#[test]
fn a_umask_is_left_out_on_demand() {
    let sandbox = context();
    for path in ["app", "app/main"] {
        let mode = if path == "app" { 0o775 } else { 0o664 };
        fs::set_permissions(sandbox.path(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    assert_ne!(sandbox.run(&["digest"]).fine().text(), DIGEST);
    let normal = sandbox.run(&["digest", "--modes", "normal"]);
    assert_eq!(normal.fine().text(), DIGEST);
}

#[test]
fn where_it_cannot_be_told_what_is_read_everything_counts() {
    let sandbox = context();
    sandbox.write("Dockerfile", "# syntax=example/other\nFROM scratch\n");
    let digest = || {
        let run = sandbox.run(&["digest"]);
        let warning = "warning: the whole context counts as read: Dockerfile:1";
        assert!(run.stderr.starts_with(warning), "{}", run.stderr);
        (run.code, run.stdout)
    };
    let before = digest();
    assert_eq!(before.0, Some(0));
    sandbox.write("README", "changed\n");
    assert_ne!(digest(), before);
}

#[test]
fn what_has_no_digest_is_refused() {
    let sandbox = context();
    sandbox.run(&["digest", "--manifest", "m.json"]).fine();
    let text = fs::read_to_string(sandbox.path("m.json")).unwrap();
    sandbox.write("changed", text.replace("0644", "0755"));
    sandbox.write("cut", &text[..text.len() / 2]);
    sandbox.write("no/Dockerfile", "FROM scratch\nCOPY gone /\n");
    let rows: &[(&[&str], i32, &str)] = &[
        (
            &["nowhere"],
            1,
            "error: cannot read `nowhere`\n  caused by: No such file or directory (os error 2)\n",
        ),
        (
            &["-", "-f", "-"],
            2,
            "error: the context and the Dockerfile cannot both be read from standard input\n",
        ),
        (
            &["no"],
            1,
            "error: Dockerfile:2:6: there is no `gone` in the context\n",
        ),
        (
            &["cut"],
            1,
            "error: cannot use the manifest `cut`\n  caused by: line ",
        ),
        (
            &["changed"],
            1,
            "error: cannot use the manifest `changed`\n  caused by: line 4: the digest is sha256:",
        ),
        (
            &["README"],
            1,
            "error: cannot use the archive `README` at byte 0\n",
        ),
        (
            &["--manifest", "no/where/m"],
            1,
            "error: cannot write the manifest `no/where/m`\n",
        ),
        (&["--max-context", "3"], 1, "error: the context has "),
        (
            &["m.json", "--build-arg", "V=1"],
            2,
            "error: `--build-arg` has no use here: a manifest says what was asked for\n",
        ),
    ];
    for (arguments, code, stderr) in rows {
        let run = sandbox.run(&[&["digest"], *arguments].concat());
        assert_eq!(run.code, Some(*code), "{arguments:?}: {}", run.stderr);
        assert!(
            run.stderr.starts_with(stderr),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(run.stdout.is_empty(), "{arguments:?}");
    }
}
