//! Git revisions: as a checkout has them, and nothing of a repository is run.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use shipload_context::{Progress, Recipe, Request};
use shipload_explain::{Inputs, Revision, RevisionError, RevisionProblem};

use crate::support::{inputs_of, plan, write};

fn git(dir: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(dir).args([
        "-c",
        "user.name=n",
        "-c",
        "user.email=e@e",
        "-c",
        "commit.gpgSign=false",
    ]);
    git.args(["-c", "protocol.file.allow=always"]);
    let output = git
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn commit(dir: &Path) {
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "-q", "--allow-empty", "-m", "x"]);
}

fn read(dir: &Path, revision: &str) -> Result<Revision, RevisionError> {
    Revision::read(dir, revision.as_ref(), &Progress::new())
}

fn inputs(dir: &Path, revision: &str) -> Inputs {
    let archive = read(dir, revision).unwrap().archive;
    let plan = Recipe::of_unpacked(archive).plan(&Progress::new()).unwrap();
    inputs_of(&plan, &Request::default())
}

fn paths(revision: &Revision) -> Vec<String> {
    revision
        .archive
        .members()
        .map(|(path, _)| path.to_string())
        .collect()
}

/// A repository with every kind of file, in a directory of it too.
fn repository(dir: &Path) {
    git(dir, &["init", "-q", "-b", "main"]);
    let long = format!("deep/{}/{}", "d".repeat(90), "é".repeat(60));
    let target = format!("-> {}", "t".repeat(120));
    write(
        dir,
        &[
            ("Dockerfile", "FROM scratch\nCOPY . /\n"),
            (".dockerignore", "*.log\n!keep.log\n"),
            ("a", "a"),
            ("b.log", "b"),
            ("keep.log", "k"),
            ("run", "#!/bin/sh\n"),
            ("link", "-> ./a//b"),
            ("long", &target),
            (&long, "long"),
            ("sub/Dockerfile", "FROM scratch\nCOPY x /\n"),
            ("sub/x", "x"),
            ("new\nline", "n"),
            ("empty", ""),
            ("large", &"0123456789".repeat(100_000)),
        ],
    );
    fs_err::set_permissions(dir.join("run"), PermissionsExt::from_mode(0o755)).unwrap();
    commit(dir);
}

#[test]
fn it_is_what_is_checked_out() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    repository(dir);
    let (checkout, sub) = (tempfile::tempdir().unwrap(), dir.join("sub"));
    let prefix = format!("--prefix={}/", checkout.path().display());
    git(dir, &["checkout-index", "-a", &prefix]);
    let want = |dir: &Path| inputs_of(&plan(dir), &Request::default());
    let of_checkout = want(checkout.path());
    assert_eq!(inputs(dir, "HEAD"), of_checkout);
    assert_eq!(inputs(dir, "main"), of_checkout);
    assert!(
        of_checkout
            .files
            .iter()
            .any(|file| file.path.as_bytes() == b"keep.log")
    );
    assert_eq!(inputs(&sub, "HEAD"), want(&checkout.path().join("sub")));

    // What was there counts, not what is.
    git(dir, &["rm", "-rq", "sub"]);
    write(dir, &[("a", "changed")]);
    commit(dir);
    write(dir, &[("a", "not committed")]);
    assert_eq!(inputs(&sub, "HEAD~1"), want(&checkout.path().join("sub")));
    assert_eq!(inputs(dir, "HEAD~1"), of_checkout);
    assert_ne!(inputs(dir, "HEAD"), of_checkout);
}

#[test]
fn nothing_of_a_repository_is_run() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    repository(dir);
    let witness = dir.join("witness");
    let run = format!("touch {}", witness.display());
    write(
        dir,
        &[
            (
                ".gitattributes",
                "* filter=evil text eol=crlf ident\na export-ignore\nrun export-subst\n",
            ),
            ("line", "one\ntwo $Id$\n"),
            ("run", "$Format:%H$\n"),
        ],
    );
    commit(dir);
    for (key, value) in [
        ("filter.evil.smudge", &*run),
        ("filter.evil.clean", &run),
        ("filter.evil.process", &run),
        ("core.fsmonitor", &run),
        ("core.pager", &run),
        ("core.sshCommand", &run),
        ("core.hooksPath", "hooks"),
        ("diff.external", &run),
        ("uploadpack.packObjectsHook", &run),
    ] {
        git(dir, &["config", key, value]);
    }
    let revision = read(dir, "HEAD").unwrap();
    assert!(
        paths(&revision).contains(&"a".to_owned()),
        "`export-ignore` is for archives"
    );
    let plan = Recipe::of_unpacked(revision.archive)
        .plan(&Progress::new())
        .unwrap();
    let content = |path: &str| {
        plan.view
            .tree()
            .get(&path.parse().unwrap())
            .unwrap()
            .read()
            .unwrap()
    };
    assert_eq!(content("line"), b"one\ntwo $Id$\n");
    assert_eq!(content("run"), b"$Format:%H$\n");
    assert!(!witness.exists());
}

#[test]
fn nothing_is_fetched() {
    let (origin, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    repository(origin.path());
    git(origin.path(), &["config", "uploadpack.allowFilter", "true"]);
    let from = format!("file://{}", origin.path().display());
    let witness = temp.path().join("witness");
    let upload = format!("touch {}; git-upload-pack", witness.display());
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let clone = temp.path().join(filter);
        let to = clone.to_str().unwrap();
        git(
            temp.path(),
            &["clone", "-q", "--no-checkout", filter, &from, to],
        );
        git(&clone, &["config", "remote.origin.uploadpack", &upload]);
        let error = read(&clone, "HEAD").unwrap_err();
        assert!(
            matches!(error.problem, RevisionProblem::Missing(_)),
            "{error:?}"
        );
        assert!(!witness.exists());
    }
}

#[test]
fn a_submodule_is_an_empty_directory() {
    let (other, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    repository(other.path());
    git(temp.path(), &["init", "-q", "-b", "main"]);
    git(
        temp.path(),
        &[
            "submodule",
            "--quiet",
            "add",
            other.path().to_str().unwrap(),
            "m",
        ],
    );
    write(temp.path(), &[("f", "")]);
    commit(temp.path());
    let revision = read(temp.path(), "HEAD").unwrap();
    assert_eq!(paths(&revision), [".gitmodules", "f", "m"]);
    assert_eq!(revision.submodules, ["m".parse().unwrap()]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    repository(dir);
    let nowhere = tempfile::tempdir().unwrap();
    let rows: &[(&Path, &str, &str)] = &[
        (dir, "gone", "there is no such revision"),
        (dir, "", "that is no name of a revision"),
        (dir, "--all", "that is no name of a revision"),
        (dir, "HEAD:a", "there is no such directory in it"),
        (&dir.join("a"), "HEAD", "there is no such directory in it"),
        (
            &dir.join("gone/away"),
            "HEAD",
            "there is no such directory in it",
        ),
        (&dir.join("../.."), "HEAD", "`"),
        (nowhere.path(), "HEAD", "`"),
    ];
    for (dir, revision, want) in rows {
        let error = read(dir, revision).unwrap_err();
        let problem = error.problem.to_string();
        let is_outside = *want == "`" && problem.ends_with("` is in no git repository");
        assert!(problem == *want || is_outside, "{revision}: {problem}");
    }
    let progress = Progress::new();
    progress.cancel();
    let error = Revision::read(dir, "HEAD".as_ref(), &progress).unwrap_err();
    assert!(error.is_cancelled());
}

/// Whatever form a repository has: what is read is what is committed.
#[test]
fn every_form_of_a_repository_is_read() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let first = dir.join("first");
    fs_err::create_dir(&first).unwrap();
    repository(&first);
    let want = inputs(&first, "HEAD");
    let of_sub = inputs(&first.join("sub"), "HEAD");
    let place = |name: &str| dir.join(name).to_str().unwrap().to_owned();

    git(dir, &["clone", "-q", "--bare", "first", "bare"]);
    git(&dir.join("bare"), &["gc", "-q", "--aggressive"]);
    git(
        dir,
        &[
            "clone",
            "-q",
            "--depth=1",
            &format!("file://{}", place("first")),
            "shallow",
        ],
    );
    git(dir, &["clone", "-q", "--shared", "first", "shared"]);
    git(
        &first,
        &["worktree", "add", "-q", "--detach", &place("worktree")],
    );
    git(&first, &["tag", "-a", "-m", "x", "v1"]);
    git(&first, &["pack-refs", "--all"]);
    git(dir, &["init", "-q", "--object-format=sha256", "sha256"]);
    fs_err::write(dir.join("sha256/Dockerfile"), "FROM scratch\nCOPY x /\n").unwrap();
    fs_err::write(dir.join("sha256/x"), "x").unwrap();
    commit(&dir.join("sha256"));

    for name in [
        "bare",
        "shallow",
        "shared",
        "worktree",
        "first/.git",
        "first",
    ] {
        assert_eq!(inputs(&dir.join(name), "HEAD"), want, "{name}");
    }
    for revision in [
        "v1",
        "v1^{}",
        "HEAD^{tree}",
        "main@{0}",
        "HEAD^{/x}",
        "heads/main",
    ] {
        assert_eq!(inputs(&first, revision), want, "{revision}");
    }
    assert_eq!(inputs(&first, "HEAD:sub"), of_sub);
    assert_eq!(inputs(&dir.join("bare/sub"), "HEAD"), of_sub);
    assert_eq!(inputs(&dir.join("sha256"), "HEAD"), of_sub);
}
