//! Secrets that `shipload check` finds, and that it never shows.

use std::process::Command;

use crate::sandbox::Sandbox;

/// Random texts that stand in secrets. None is one, and none stands here as one would.
const CANARIES: [&str; 6] = [
    "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ",
    "q8Zr2Lm9Xw4TbN7c",
    "Vk8qz2LwP0x",
    "b7f3c09e1d5a4826f0c7",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
    "hJ4kL9pQ2rT6vX8z",
];

fn project() -> Sandbox {
    let [token, password, url, random, key, env] = CANARIES;
    let token = format!("{}_{token}0mLq17", "ghp");
    let dashes = "-----";
    let files = [
        (
            "Dockerfile",
            format!(
                "FROM scratch AS build\nENV API_TOKEN={env}\nRUN --mount=type=bind,source=src/key.pem,target=/k curl -H 'token: {token}' x\n\
                 FROM scratch\nCOPY . /app\nCOPY missing /\n"
            ),
        ),
        (".dockerignore", format!("# {token}\nnothing\n")),
        (".npmrc", format!("//r/:_authToken={password}\n")),
        (
            "src/config.py",
            format!("x = 1\nDB_PASSWORD = '{random}'\nURL = 'postgres://shop:{url}@db/shop'\n"),
        ),
        (
            "src/key.pem",
            format!("{dashes}BEGIN PRIVATE KEY{dashes}\n{key}\n{dashes}END PRIVATE KEY{dashes}\n"),
        ),
        (
            "src/allowed.txt",
            format!("{token} # shipload:allow-secret\n"),
        ),
    ];
    let sandbox = Sandbox::new();
    for (name, text) in &files {
        sandbox.write(name, text);
    }
    sandbox
}

#[test]
fn no_format_shows_a_secret() {
    let sandbox = project();
    for format in ["text", "json", "sarif", "github"] {
        let run = sandbox.run(&["check", "--format", format]);
        let said = String::from_utf8(run.stdout).unwrap() + &run.stderr;
        assert_eq!(run.code, Some(3), "{said}");
        for code in [
            "secret",
            "secret-file",
            "possible-secret",
            "dockerfile-secret",
        ] {
            assert!(
                said.contains(code),
                "{format} says nothing of {code}: {said}"
            );
        }
        for canary in CANARIES {
            assert!(!said.contains(canary), "{format} shows `{canary}`: {said}");
        }
    }
}

#[test]
fn who_reads_a_file_is_told_without() {
    let sandbox = project();
    let why = ["why", "--target=build", "src/key.pem"];
    assert_eq!(
        sandbox.run(&why).fine().text(),
        "`src/key.pem` is in\n  read by Dockerfile:3 (stage `build`): RUN\n"
    );
    sandbox.write(".dockerignore", "src\n");
    let text = sandbox.run(&why).fine().text();
    let reader = "\n  wanted by Dockerfile:3 (stage `build`): RUN\n";
    assert!(text.ends_with(reader), "{text}");
}

const FOUND: &str = "Dockerfile:2:5: error[dockerfile-secret]: `ENV API_TOKEN` writes a secret into the image: anyone who has the image can read it
  fix: give it to the step that needs it with `RUN --mount=type=secret`, and revoke it if an image was published
";

#[test]
fn what_is_found_for_people() {
    let sandbox = project();
    let run = sandbox.run(&["check", "--only", "dockerfile-secret"]);
    assert_eq!(
        (String::from_utf8(run.stdout).unwrap().as_str(), run.code),
        (FOUND, Some(3))
    );
    // Nothing that is ignored is sent.
    sandbox.write(".dockerignore", "src\n.npmrc\n");
    sandbox.write("Dockerfile", "FROM scratch\nCOPY . /app\n");
    let run = sandbox.run(&["check"]);
    assert_eq!(
        (String::from_utf8(run.stdout).unwrap().as_str(), run.code),
        ("", Some(0))
    );
}

#[test]
fn git_is_asked_what_it_ignores() {
    let sandbox = Sandbox::with(&[
        ("Dockerfile", "FROM scratch\nCOPY . /app\n"),
        (".gitignore", "local.toml\n"),
        (".dockerignore", ".git\n"),
        ("local.toml", "a = 1\n"),
    ]);
    let git = Command::new("git")
        .args(["init", "-q"])
        .arg(sandbox.path(""))
        .status();
    if git.is_err() {
        eprintln!("skipped: there is no git");
        return;
    }
    let run = sandbox.run(&["check"]);
    assert_eq!(
        (String::from_utf8(run.stdout).unwrap().as_str(), run.code),
        (
            "local.toml: warning[git-ignored]: git ignores `local.toml`, yet it is in the context; `COPY . /app` (Dockerfile:2, stage 0) would put it \
             into the image\n  fix: exclude it in the ignore file as well, unless the image needs it\n",
            Some(3)
        )
    );
}
