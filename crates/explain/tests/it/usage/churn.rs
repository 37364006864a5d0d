//! What changes often, in real repositories.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use fs_err as fs;
use shipload_context::Request;
use shipload_explain::{Churn, ChurnError, GitError};

use super::{context, plan, write};

/// Runs git and gives what it prints.
fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_ALLOW_PROTOCOL", "file");
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "n")
            .env(format!("GIT_{who}_EMAIL"), "e");
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(dir: &Path, files: &[&str]) {
    for file in files {
        let text = fs::read(dir.join(file)).unwrap_or_default();
        write(dir, file, &[&text[..], b"more\n"].concat());
    }
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--message=m"]);
}

/// A repository with a context in `app`.
fn repository() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    git(dir, &["init", "--quiet"]);
    write(dir, "app/Dockerfile", b"FROM scratch\nCOPY src /\n");
    write(dir, "app/.dockerignore", b"*.log\n");
    let odd = "app/src/-odd\n:name";
    commit(dir, &["app/src/main", "app/build.log", "elsewhere", odd]);
    commit(dir, &["app/src/main", "app/build.log", "app/notes"]);
    commit(dir, &["elsewhere"]);
    let raw = dir.join(std::ffi::OsStr::from_bytes(b"app/\xff"));
    fs::write(raw, "x").unwrap();
    commit(dir, &["app/src/main", "app/notes"]);
    temp
}

fn churn(dir: &Path, commits: usize) -> Result<Churn, ChurnError> {
    let plan = plan(dir);
    let least = plan.referenced(&Request::default()).unwrap();
    Churn::of(&plan, Some(&least), commits)
}

fn rows(churn: &Churn) -> Vec<(String, usize, usize)> {
    let row = |file: &shipload_explain::Changed| {
        (file.path.to_string(), file.commits, file.read_by.len())
    };
    churn.files.iter().map(row).collect()
}

fn row(path: &str, commits: usize, readers: usize) -> (String, usize, usize) {
    (path.to_owned(), commits, readers)
}

#[test]
fn files_of_the_context_by_commits() {
    let repository = repository();
    let found = churn(&repository.path().join("app"), 1000).unwrap();
    assert_eq!(
        (found.commits, found.is_shallow, found.is_cut),
        (4, false, false)
    );
    let expected = [
        row("src/main", 3, 1),
        row("notes", 2, 0),
        row(".dockerignore", 1, 0),
        row("Dockerfile", 1, 0),
        row("src/-odd\\u{a}:name", 1, 1),
        row("\\xff", 1, 0),
    ];
    assert_eq!(rows(&found), expected);
    let found = churn(&repository.path().join("app"), 1).unwrap();
    assert_eq!(found.commits, 1);
    assert_eq!(
        rows(&found),
        [
            row("notes", 1, 0),
            row("src/main", 1, 1),
            row("\\xff", 1, 0)
        ]
    );
}

#[test]
fn a_shallow_clone_says_so() {
    let repository = repository();
    let clones = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repository.path().display());
    git(
        clones.path(),
        &["clone", "--quiet", "--depth=1", &url, "clone"],
    );
    let found = churn(&clones.path().join("clone/app"), 1000).unwrap();
    assert_eq!((found.commits, found.is_shallow), (1, true));
}

#[test]
fn what_is_no_repository() {
    let temp = context(&[], "FROM scratch\n");
    let error = churn(temp.path(), 10).unwrap_err();
    assert!(
        matches!(&error, ChurnError::Git(GitError::NoRepository { .. })),
        "{error}"
    );
    let dir = fs::canonicalize(temp.path()).unwrap();
    assert_eq!(
        error.to_string(),
        format!("`{}` is in no git repository", dir.display())
    );
    git(temp.path(), &["init", "--quiet"]);
    let error = churn(temp.path(), 10).unwrap_err();
    assert!(
        matches!(&error, ChurnError::Git(GitError::Failed { .. })),
        "no commit: {error}"
    );
}

/// Whatever the repository's own configuration names is not run, and nothing is written.
#[test]
fn a_repository_runs_nothing() {
    let repository = repository();
    let dir = repository.path();
    write(dir, "trap", b"#!/bin/sh\ntouch \"${0%/*}/sprung\"\ncat\n");
    let trap = dir.join("trap");
    fs::set_permissions(&trap, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let trap = trap.to_str().unwrap();
    // A signature, so that there is something to verify.
    let signed = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor n <e> 1 +0000\ncommitter n <e> 1 +0000\n\
                  gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nm\n";
    write(dir, "signed", signed.as_bytes());
    git(dir, &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let hash = git(dir, &["hash-object", "-t", "commit", "-w", "signed"]);
    git(dir, &["update-ref", "HEAD", &hash]);
    write(dir, ".gitattributes", b"* diff=trap filter=trap\n");
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "gpg.program",
        "diff.external",
        "diff.trap.command",
        "diff.trap.textconv",
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "pager.log",
        "core.alternateRefsCommand",
        "core.askPass",
        "credential.helper",
        "remote.origin.uploadpack",
        "remote.origin.proxy",
        "sequence.editor",
        "trailer.x.command",
        "interactive.diffFilter",
    ] {
        git(dir, &["config", key, trap]);
    }
    let hooks = dir.join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["post-index-change", "reference-transaction", "pre-auto-gc"] {
        fs::copy(trap, hooks.join(hook)).unwrap();
    }
    let ext = format!("ext::{trap}");
    for (key, value) in [
        ("core.hooksPath", hooks.to_str().unwrap()),
        ("log.showSignature", "true"),
        ("log.follow", "true"),
        ("remote.origin.url", &ext),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("protocol.ext.allow", "always"),
        ("color.ui", "always"),
        ("log.diffMerges", "first-parent"),
        ("log.decorate", "full"),
    ] {
        git(dir, &["config", key, value]);
    }
    let found = churn(&dir.join("app"), 1000).unwrap();
    assert_eq!((found.commits, rows(&found)), (1, Vec::new()));
    assert!(
        !dir.join("sprung").exists() && !hooks.join("sprung").exists(),
        "something ran"
    );

    // Whoever asks without care springs it.
    let mut careless = Command::new("git");
    careless
        .arg("-C")
        .arg(dir)
        .args(["log", "--raw"])
        .output()
        .unwrap();
    assert!(dir.join("sprung").exists(), "there is no trap");
    fs::remove_file(dir.join("sprung")).unwrap();

    // An object that is not there would be fetched.
    let object = dir.join(".git/objects").join(&hash[..2]).join(&hash[2..]);
    fs::remove_file(object).unwrap();
    let error = churn(&dir.join("app"), 1000).unwrap_err();
    assert!(
        matches!(&error, ChurnError::Git(GitError::Failed { .. })),
        "{error}"
    );
    assert!(!dir.join("sprung").exists(), "something ran");
}
