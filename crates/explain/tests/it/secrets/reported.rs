//! What is said of secrets: which instruction would put them into the image, and never the secret.

use std::path::Path;
use std::process::Command;

use shipload_context::{DockerfileChoice, Progress, Recipe, Request, Semantics};
use shipload_explain::{Finding, secret_findings};

use super::planted::all;

/// A token with a good checksum, in parts.
fn token() -> String {
    ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat()
}

fn write(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = dir.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
}

fn findings(recipe: &Recipe) -> Vec<Finding> {
    let request = Request::default();
    let plan = recipe.plan(&Progress::new()).unwrap();
    let least = plan.referenced(&request).ok();
    secret_findings(
        &plan,
        &plan.view,
        least.as_ref(),
        &request,
        &Progress::new(),
    )
}

fn told(recipe: &Recipe) -> Vec<String> {
    findings(recipe).iter().map(ToString::to_string).collect()
}

#[test]
fn the_instruction_and_its_stage_are_named() {
    let secret = token();
    let read = "`a.txt` holds a GitHub personal access token";
    let rows: &[(&str, Semantics, String)] = &[
        (
            "FROM scratch\nCOPY . /app\n",
            Semantics::BuildKit,
            format!(
                "error[secret]: {read}; `COPY . /app` (Dockerfile:2, stage 0) would put it into the image"
            ),
        ),
        (
            "FROM a AS build\nCOPY a.txt /\nFROM scratch\nCOPY --from=build /b /b\n",
            Semantics::BuildKit,
            format!(
                "warning[secret]: {read}; `COPY a.txt /` (Dockerfile:2, stage `build`) would put it into a stage that is not the image: \
                 it stays in the build cache, and goes where that stage is copied"
            ),
        ),
        (
            "FROM a AS build\nCOPY a.txt /\nFROM build\nCOPY *.txt /x/\n",
            Semantics::BuildKit,
            format!(
                "error[secret]: {read}; `COPY *.txt /x/` (Dockerfile:4, stage 1) would put it into the image"
            ),
        ),
        (
            "FROM a\nRUN --mount=type=bind,target=/src make\n",
            Semantics::BuildKit,
            format!(
                "warning[secret]: {read}; `RUN --mount=type=bind,target=/src make` (Dockerfile:2, stage 0) mounts it, which leaves it out of \
                 the image unless the command copies it"
            ),
        ),
        (
            "FROM a\nCOPY b /\n",
            Semantics::BuildKit,
            format!(
                "note[secret]: {read}; no instruction reads it, so that BuildKit does not fetch it, but archives and other builders get it"
            ),
        ),
        (
            "FROM a\nCOPY b /\n",
            Semantics::Classic,
            format!(
                "warning[secret]: {read}; it is sent to the builder, but no instruction reads it"
            ),
        ),
        (
            "# syntax=vendor/other\nFROM a\n",
            Semantics::BuildKit,
            format!(
                "error[secret]: {read}; it is sent to the builder, and it cannot be told what the Dockerfile reads"
            ),
        ),
    ];
    for (dockerfile, semantics, expected) in rows {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[("Dockerfile", dockerfile), ("a.txt", &secret), ("b", "")],
        );
        assert_eq!(
            told(&Recipe::new(dir.path()).semantics(*semantics)),
            [expected.as_str()],
            "{dockerfile}"
        );
    }
}

#[test]
fn only_what_is_sent_counts_and_tests_count_less() {
    let dir = tempfile::tempdir().unwrap();
    let secret = token();
    write(
        dir.path(),
        &[
            ("Dockerfile", "FROM a\nCOPY . /\n"),
            (".dockerignore", "b.txt\n"),
            ("b.txt", &secret),
            (
                "tests/c.txt",
                &format!("\n{secret}\nx\n{secret} and {secret}\n"),
            ),
        ],
    );
    let found = findings(&Recipe::new(dir.path()));
    let [finding] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        finding.to_string(),
        "warning[secret]: `tests/c.txt` holds a GitHub personal access token and 2 more; `COPY . /` (Dockerfile:2, stage 0) would put it into the image"
    );
    let location = finding.location.as_ref().unwrap();
    assert_eq!(
        (location.line, location.column, location.excerpt.as_str()),
        (2, 1, "")
    );
    assert!(location.file.ends_with("tests/c.txt") && location.file.is_absolute());
    assert_eq!(finding.related[0].location.line, 2);
}

#[test]
fn variables_of_the_dockerfile() {
    let secret = token();
    let rows: &[(String, &[&str])] = &[
        (
            "ENV AWS_SECRET_ACCESS_KEY=q8Zr2Lm9Xw4T DEBUG=1".into(),
            &["error[dockerfile-secret]: `ENV AWS_SECRET_ACCESS_KEY` writes a secret into the image: anyone who has the image can read it"],
        ),
        (
            "ARG NPM_TOKEN\nENV NPM_TOKEN=$NPM_TOKEN".into(),
            &[
                "warning[dockerfile-secret]: `ARG NPM_TOKEN` is meant for a secret; what it is set to with `--build-arg` stays in the history of the image",
                "warning[dockerfile-secret]: `ENV NPM_TOKEN` takes its value from another variable, and keeps it in the image: anyone who has the image can read it",
            ],
        ),
        (format!("ARG GH_TOKEN={secret}"), &["error[dockerfile-secret]: `ARG GH_TOKEN` writes a secret into the history of the image"]),
        ("ENV DB_PASSWORD=changeme".into(), &["note[dockerfile-secret]: `ENV DB_PASSWORD` is meant for a secret; what it is set to stays in the image's history"]),
        ("ENV PASSWORD_FILE=/run/secrets/db PUBLIC_KEY=abc KEY_PATH=x API_KEY=\nARG MONKEY TOKENIZER=1".into(), &[]),
        ("RUN --mount=type=secret,id=npm_token make".into(), &[]),
        (
            format!("RUN curl -H 'Authorization: token {secret}' https://x.invalid"),
            &["error[secret]: the Dockerfile holds a GitHub personal access token; it stays in the history of the image, or in the build cache"],
        ),
    ];
    for (lines, expected) in rows {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("FROM scratch\n{lines}\n");
        let recipe = Recipe::new(dir.path()).dockerfile(DockerfileChoice::Bytes(text.into_bytes()));
        assert_eq!(told(&recipe), *expected, "{lines}");
    }
}

#[test]
fn what_git_ignores_and_docker_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(dir.path())
            .args(["-c", "user.name=x", "-c", "user.email=x@x.invalid"])
            .args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").output()
    };
    let dockerfile = ("Dockerfile", "FROM a\nCOPY . /app\n");
    write(
        dir.path(),
        &[
            dockerfile,
            (
                ".gitignore",
                "local.yml\n/private/\nnotes\n.env\nnode_modules\nkept.ini\nout.ini\n",
            ),
            (".dockerignore", "out.ini\n.git\n"),
            ("config/local.yml", "a: 1\n"),
            ("private/a", ""),
            ("private/b", ""),
            ("notes", ""),
            ("out.ini", ""),
            ("kept.ini", ""),
            (".env", ""),
            ("node_modules/local.yml", ""),
        ],
    );
    // No repository: nothing is said, and nothing fails.
    assert_eq!(told(&Recipe::new(dir.path())), [""; 0]);
    if git(&["init", "-q"]).is_err() {
        return;
    }
    // What would run if git were asked without care.
    let trap = dir.path().join("trap");
    let ran = dir.path().join("ran");
    fs_err::write(&trap, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    git(&["update-index", "--add", "--cacheinfo"]).unwrap();
    git(&["add", "-f", "kept.ini"]).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(&trap, mode).unwrap();
    git(&["config", "core.fsmonitor", trap.to_str().unwrap()]).unwrap();
    let baked = "yet it is in the context; `COPY . /app` (Dockerfile:2, stage 0) would put it into the image";
    assert_eq!(
        told(&Recipe::new(dir.path())),
        [
            format!("warning[git-ignored]: git ignores `.env`, {baked}"),
            format!("warning[git-ignored]: git ignores `config/local.yml`, {baked}"),
            format!("warning[git-ignored]: git ignores `private/`, {baked}"),
            "note[git-ignored]: git ignores `notes`, yet the Dockerfile reads it".to_owned(),
        ]
    );
    assert!(!ran.exists());
    git(&["status"]).unwrap();
    assert!(ran.exists(), "the trap is one");
}

/// Whatever is planted, nothing of it is in what is said.
#[test]
fn no_secret_is_ever_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut canaries: Vec<String> = Vec::new();
    write(dir.path(), &[("Dockerfile", "FROM a\nCOPY . /\n")]);
    for plant in all() {
        let path = dir.path().join(&plant.path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, &plant.content).unwrap();
        let text = String::from_utf8_lossy(&plant.content).into_owned();
        let random = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() >= 9 && word.chars().any(|c| c.is_ascii_digit()));
        canaries.extend(random.map(str::to_owned));
    }
    let found = findings(&Recipe::new(dir.path()));
    assert!(found.len() > 200, "{}", found.len());
    let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
    let said = format!("{found:?}\n{shown:?}");
    let plan = Recipe::new(dir.path()).plan(&Progress::new()).unwrap();
    let scan = format!(
        "{:?}",
        shipload_explain::scan_secrets(&plan.view, None, &Progress::new())
    );
    canaries.retain(|canary| !["Dockerfile"].contains(&canary.as_str()));
    assert!(canaries.len() > 300, "{}", canaries.len());
    for canary in canaries {
        assert!(
            !said.contains(&canary) && !scan.contains(&canary),
            "{canary}"
        );
    }
}
