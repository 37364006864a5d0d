//! `diff`: what differs between directories, archives, manifests and revisions.

use std::os::unix::fs::PermissionsExt;

use fs_err as fs;

use crate::sandbox::{Run, Sandbox};

/// Two contexts, `old` and `new`.
fn contexts() -> Sandbox {
    let dockerfile = "FROM scratch\nCOPY app /app\n";
    let sandbox = Sandbox::new();
    for dir in ["old", "new"] {
        for (name, text) in [
            ("Dockerfile", dockerfile),
            (".dockerignore", "*.log\n"),
            ("app/main", "hello\n"),
            ("app/run", "#!/bin/sh\n"),
            ("notes", "not read\n"),
            ("x.log", dir),
        ] {
            sandbox.write(format!("{dir}/{name}"), text);
        }
        let app = sandbox.path(format!("{dir}/app"));
        fs::set_permissions(app, PermissionsExt::from_mode(0o755)).unwrap();
    }
    sandbox
}

/// Every change in `new`.
fn change(sandbox: &Sandbox) {
    sandbox.write("new/app/main", "hallo\n");
    fs::set_permissions(
        sandbox.path("new/app/run"),
        PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    fs::remove_file(sandbox.path("new/notes")).unwrap();
    fs::create_dir(sandbox.path("new/notes")).unwrap();
    fs::set_permissions(sandbox.path("new/notes"), PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.write("new/notes/longer", "text\n");
    sandbox.write("new/.dockerignore", "*.log\n#\n");
}

const ALL: &str = "\
modified  .dockerignore (6 → 8 bytes)
modified  app/main (content)
mode      app/run (0644 → 0755)
type      notes/ (file → dir)
added     notes/longer
";

/// What differs of what the Dockerfile reads.
const READ: &str = "\
modified  app/main (content)
mode      app/run (0644 → 0755)
";

/// The differences that a run tells, without what it says of the cache.
#[track_caller]
fn differences(run: Run) -> String {
    assert_eq!((run.code, run.stderr.as_str()), (Some(3), ""));
    let text = run.text();
    let end = text.find("cache: ").unwrap_or(text.len());
    text[..end].to_owned()
}

#[test]
fn nothing_differs_but_times() {
    let sandbox = contexts();
    let touch = std::process::Command::new("touch")
        .args(["-d", "2001-02-03", "new/app/main", "new/app"])
        .current_dir(sandbox.dir())
        .status();
    assert!(touch.unwrap().success());
    sandbox.run(&["pack", "old", "-o", "old.tar.gz"]).fine();
    sandbox
        .run(&["digest", "old", "--manifest", "old.json"])
        .fine();
    for arguments in [
        &["old", "new"][..],
        &["old", "old.tar.gz"],
        &["old.tar.gz", "new"],
        &["old.json", "new"],
        &["old.tar.gz", "old.json"],
        &["old", "new", "--referenced"],
        &["old", "new", "--format", "json"],
    ] {
        let run = sandbox.run(&[&["diff"], arguments].concat());
        assert_eq!(run.fine().text(), "", "{arguments:?}");
    }
}

#[test]
fn every_pair_of_forms_tells_the_same() {
    let sandbox = contexts();
    change(&sandbox);
    for dir in ["old", "new"] {
        sandbox
            .run(&["pack", dir, "-o", &format!("{dir}.tar.zst")])
            .fine();
        sandbox
            .run(&["digest", dir, "--manifest", &format!("{dir}.json")])
            .fine();
    }
    for from in ["old", "old.tar.zst"] {
        for to in ["new", "new.tar.zst"] {
            assert_eq!(
                differences(sandbox.run(&["diff", from, to])),
                ALL,
                "{from} {to}"
            );
            let read = sandbox.run(&["diff", from, to, "--referenced"]);
            assert_eq!(differences(read), READ, "{from} {to}");
        }
        let read = sandbox.run(&["diff", from, "new.json"]);
        assert_eq!(differences(read), READ, "{from}");
    }
    assert_eq!(
        differences(sandbox.run(&["diff", "old.json", "new.json"])),
        READ
    );
    let tar = fs::read(sandbox.path("new.tar.zst")).unwrap();
    assert_eq!(
        differences(sandbox.run_with_input(&["diff", "old", "-"], &tar)),
        ALL
    );
    // Another umask.
    for (path, mode) in [("new/Dockerfile", 0o664), ("new/app", 0o775)] {
        fs::set_permissions(sandbox.path(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    assert_ne!(differences(sandbox.run(&["diff", "old", "new"])), ALL);
    let normal = sandbox.run(&["diff", "old", "new", "--modes", "normal"]);
    assert_eq!(differences(normal), ALL);
}

#[test]
fn as_json() {
    let sandbox = contexts();
    change(&sandbox);
    let run = sandbox.run(&["diff", "old", "new", "--format", "json"]);
    assert_eq!(run.code, Some(3));
    let text = run.text();
    let objects = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let objects: Vec<serde_json::Value> = objects.collect();
    let find = |path: &str| {
        objects
            .iter()
            .find(|object| object["path"] == path)
            .unwrap()
    };
    let run = serde_json::json!({
        "path": "app/run", "change": "mode",
        "from": {"type": "file", "mode": "0644", "size": 10, "digest": find("app/run")["to"]["digest"]},
        "to": {"type": "file", "mode": "0755", "size": 10, "digest": find("app/run")["from"]["digest"]},
    });
    assert_eq!(find("app/run"), &run);
    let notes = serde_json::json!({
        "path": "notes", "change": "type",
        "from": {"type": "file", "mode": "0644", "size": 9},
        "to": {"type": "dir", "mode": "0755"},
    });
    assert_eq!(find("notes"), &notes);
    assert_eq!(find("app/main")["change"], "modified");
    assert_eq!(find("notes/longer").get("from"), None);
}

#[test]
fn a_directory_on_one_side_is_one_line() {
    let sandbox = contexts();
    for name in ["old/gone/a", "new/more/a", "new/more/b/c", "new/more-not"] {
        sandbox.write(name, "x");
    }
    fs::create_dir(sandbox.path("new/nothing")).unwrap();
    let text = differences(sandbox.run(&["diff", "old", "new"]));
    for line in [
        "removed   gone/ (with 1 entry)\n",
        "added     more/ (with 3 entries)\nadded     more-not\n",
        "added     nothing/\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let json = sandbox.run(&["diff", "old", "new", "--format", "json"]);
    assert!(
        json.text()
            .contains(r#"{"change":"added","path":"more/b/c""#)
    );
}

#[test]
fn what_the_cache_will_make_of_it() {
    let sandbox = contexts();
    for dir in ["old", "new"] {
        let dockerfile = "FROM scratch\nCOPY notes /\nCOPY app /app\nCOPY notes /again\n";
        sandbox.write(format!("{dir}/Dockerfile"), dockerfile);
    }
    sandbox.write("new/x", "not read");
    let cached = sandbox.run(&["diff", "old", "new"]).text();
    assert!(
        cached.contains("cache: every step is in the cache\n"),
        "{cached}"
    );

    sandbox.write("new/app/main", "hallo\n");
    sandbox
        .run(&["digest", "old", "--manifest", "old.json"])
        .fine();
    for from in ["old", "old.json"] {
        let text = sandbox.run(&["diff", from, "new"]).text();
        let want = "\
cache: the first step to run is line 3, `COPY app /app`
    `app/main` has other content
  the step in line 4 runs too
";
        assert!(text.ends_with(want), "{text}");
    }
    let json = sandbox.run(&["diff", "old.json", "new", "--format", "json"]);
    let want = serde_json::json!({"cache": {
        "first": {
            "line": 3, "text": "COPY app /app", "stage": 0, "stage_name": null,
            "files": [{"path": "app/main"}], "because": ["`app/main` has other content"],
        },
        "runs": [3, 4], "may_run": [],
    }});
    let last = json.text().lines().last().map(serde_json::from_str);
    assert_eq!(last.unwrap().ok(), Some(want));
}

#[test]
fn what_was_asked_for() {
    let sandbox = contexts();
    let asked = ["--build-arg", "A=1", "--target", "0"];
    sandbox
        .run(&[&["digest", "old", "--manifest", "old.json"], &asked[..]].concat())
        .fine();
    sandbox.write("new/Dockerfile", "FROM scratch\nCOPY app /app/\n");
    let run = sandbox.run(&["diff", "old.json", "new", "--build-arg", "B=1"]);
    let want = "\
input     the Dockerfile is another
input     target 0 → the last stage
input     build argument A is removed
input     build argument B is added
";
    assert_eq!(differences(run), want);
    // A Dockerfile that is not sent is no file of the context.
    for dir in ["old", "new"] {
        sandbox.write(format!("{dir}/.dockerignore"), "Dockerfile\n*.log\n");
    }
    let run = sandbox.run(&["diff", "old", "new"]);
    assert_eq!(differences(run), "input     the Dockerfile is another\n");
}

#[test]
fn revisions() {
    let sandbox = contexts();
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    let old = |what: &str| differences(sandbox.run(&["diff", "git:HEAD:old", what]));
    let run = sandbox.run(&["diff", "git:HEAD:old", "new"]);
    assert_eq!(run.fine().text(), "");
    change(&sandbox);
    assert_eq!(old("new"), ALL);
    // Git goes by sizes and times.
    sandbox.git(&["rm", "-rq", "--cached", "."]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", "y"]);
    assert_eq!(old("git:HEAD:new"), ALL);
    assert_eq!(old("git:HEAD@{0}:new"), ALL);
    assert_eq!(
        differences(sandbox.run(&["diff", "git:HEAD~1:new", "new"])),
        ALL
    );
    // The current directory, and a Dockerfile in it.
    let mut command = sandbox.command(&["diff", "git:HEAD~", ".", "-f", "Dockerfile"]);
    let child = command.current_dir(sandbox.path("new")).spawn().unwrap();
    assert_eq!(differences(sandbox.finish(child)), ALL);
    // As where a hook of some repository runs it.
    let mut command = sandbox.command(&["diff", "git:HEAD~:new", "new"]);
    command.env("GIT_DIR", "elsewhere");
    let run = sandbox.finish(command.spawn().unwrap());
    assert_eq!(differences(run), ALL);
    let digest = |what: &str| sandbox.run(&["digest", what]).fine().text();
    assert_eq!(digest("git:HEAD:new"), digest("new"));
    assert_eq!(digest("git:HEAD~:new"), digest("old"));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let sandbox = contexts();
    sandbox.write("text", "no archive\n");
    sandbox.run(&["digest", "old", "--manifest", "m"]).fine();
    let rows: &[(&[&str], i32, &str)] = &[
        (
            &["old"],
            2,
            "error: the following required arguments were not provided:",
        ),
        (
            &["-", "-"],
            2,
            "error: only one of the two can be read from standard input\n",
        ),
        (
            &["old", "new", "-f", "-"],
            2,
            "error: `--file -` has no use here",
        ),
        (&["old", "gone"], 1, "error: cannot read `gone`\n"),
        (
            &["old", "text"],
            1,
            "error: cannot use the archive `text` at byte 0\n",
        ),
        (
            &["old", "git:HEAD"],
            1,
            "error: cannot read `.` as it is in the git revision `HEAD`\n  caused by: `.` is in no git repository\n",
        ),
        (
            &["old", "git:-x"],
            1,
            "error: cannot read `.` as it is in the git revision `-x`\n  caused by: that is no name of a revision\n",
        ),
        (
            &["old", "new", "-f", "gone"],
            1,
            "error: cannot read the Dockerfile `old/gone`\n",
        ),
        (&["m", "new", "--target", "gone"], 1, "error: Dockerfile: "),
        (
            &["m", "m", "--target", "0"],
            2,
            "error: `--target` has no use here: a manifest says what was asked for\n",
        ),
    ];
    for (arguments, code, stderr) in rows {
        let run = sandbox.run(&[&["diff"], *arguments].concat());
        assert_eq!(run.code, Some(*code), "{arguments:?}: {}", run.stderr);
        assert!(
            run.stderr.starts_with(stderr),
            "{arguments:?}: {}",
            run.stderr
        );
        assert!(run.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_capability_is_no_content() {
    let sandbox = Sandbox::new();
    // `setcap cap_net_raw+ep`, as the kernel keeps it.
    let value = [&b"\x01\0\0\x02\0\x20"[..], &[0; 14]].concat();
    for (name, capability) in [("old.tar", None), ("new.tar", Some(value))] {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, text) in [("Dockerfile", "FROM scratch\nCOPY app /\n"), ("app", "a")] {
            if let Some(value) = capability.as_ref().filter(|_| path == "app") {
                let record = ("SCHILY.xattr.security.capability", value.as_slice());
                tar.append_pax_extensions([record]).unwrap();
            }
            let mut header = tar::Header::new_ustar();
            header.set_size(text.len() as u64);
            header.set_mode(0o755);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        sandbox.write(name, tar.into_inner().unwrap());
    }
    let run = sandbox.run(&["diff", "old.tar", "new.tar"]);
    assert_eq!(differences(run), "modified  app (capability)\n");
}

#[test]
fn contexts_that_no_image_can_be_built_of_are_compared_as_well() {
    let sandbox = contexts();
    change(&sandbox);
    fs::remove_file(sandbox.path("new/Dockerfile")).unwrap();
    let run = sandbox.run(&["diff", "old", "new"]);
    let want = ALL.replacen(
        "modified  app/main",
        "removed   Dockerfile\nmodified  app/main",
        1,
    );
    assert_eq!(differences(run), want);
}
