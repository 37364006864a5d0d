//! `shipload doctor`, and what is said where no engine answers.

use std::os::unix::fs::PermissionsExt;

use fs_err as fs;
use serde_json::{Value, json};
use shipload_testkit::fake_engine::FakeEngine;

use crate::sandbox::Sandbox;

#[test]
fn an_engine_that_answers() {
    let sandbox = Sandbox::new();
    let engine = FakeEngine::start().unwrap();
    let host = engine.host();
    let text = sandbox.run(&["doctor", "--host", &host]).fine().text();
    let expected = format!(
        "engine    {host} (--host)
          --context says nothing
          --host says {host}
is        Docker Engine 24.0.0 on linux/amd64
"
    );
    assert!(text.starts_with(&expected), "{text}");
    let none = "\nbuilders  classic; no BuildKit: ";
    assert!(text.contains(none), "{text}");

    let mut command = sandbox.command(&["doctor", "--format", "json"]);
    command.env("DOCKER_HOST", &host);
    let found = sandbox.finish(command.spawn().unwrap()).fine().text();
    let found: Value = serde_json::from_str(&found).unwrap();
    let engine = &found["engine"];
    assert_eq!(engine["address"], json!(host));
    assert_eq!(engine["why"], json!("DOCKER_HOST"));
    assert_eq!(engine["kind"], json!("docker"));
    assert_eq!(engine["version"], json!("24.0.0"));
    assert_eq!(engine["builders"]["classic"], json!(true));
    assert_eq!(engine["builders"]["buildkit"], Value::Null);
    let asked = json!([
        {"source": "--context", "said": null},
        {"source": "--host", "said": null},
        {"source": "DOCKER_HOST", "said": host},
    ]);
    assert_eq!(found["trail"], asked);
}

/// Users are named, and nothing that is secret is anywhere.
#[test]
fn logins() {
    const CANARY: &str = "c4n4ry";
    let sandbox = Sandbox::new();
    let engine = FakeEngine::start().unwrap();
    let host = engine.host();
    let none = sandbox.run(&["doctor", "--host", &host]).fine().text();
    assert!(none.ends_with("\nlogins    none\n"), "{none}");

    // `boxed:c4n4ry`
    let config = json!({
        "credHelpers": {"helped:1": "work", "gone:1": "gone"},
        "auths": {"https://index.docker.io/v1/": {"auth": "Ym94ZWQ6YzRuNHJ5"}, "bad:1": {"auth": CANARY}},
    });
    sandbox.write("../home/.docker/config.json", config.to_string());
    let script =
        format!("#!/bin/sh\n[ $1 = list ] || echo {CANARY}\necho '{{\"helped:1\":\"me\"}}'\n");
    sandbox.write("docker-credential-work", script);
    let helper = sandbox.path("docker-credential-work");
    fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    let run = |format: &str| {
        let mut command = sandbox.command(&["doctor", "--host", &host, "--format", format]);
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", sandbox.dir().display()));
        let run = sandbox.finish(command.spawn().unwrap());
        assert_eq!(run.code, Some(0));
        assert_eq!(
            run.stderr,
            "warning: there is no `docker-credential-gone` on the PATH\n\
             hint: install the helper, or remove it from credsStore or credHelpers in config.json\n\
             warning: the entry of `bad:1` in config.json cannot be decoded\n\
             hint: log in again with `docker login bad:1`\n"
        );
        let text = String::from_utf8(run.stdout).unwrap();
        assert!(
            !text.contains(CANARY) && !text.contains("Ym94ZWQ6YzRuNHJ5"),
            "{text}"
        );
        text
    };
    let file = sandbox.path("../home/.docker/config.json");
    let file = file.to_str().unwrap().replace("work/../", "");
    let text = run("text");
    let expected = format!(
        "\nlogins    bad:1: nothing that can be used, from {file}
          docker.io: user boxed, from {file}
          gone:1: whatever is said when it is needed, from docker-credential-gone
          helped:1: user me, from docker-credential-work\n"
    );
    assert!(text.ends_with(&expected), "{text}");
    let found: Value = serde_json::from_str(&run("json")).unwrap();
    let login = |registry: &str, source: &str, place: &str, identity: &str, user: Value| json!({"registry": registry, "source": source, "place": place, "identity": identity, "user": user});
    let expected = [
        login("bad:1", "file", &file, "unusable", Value::Null),
        login("docker.io", "file", &file, "user", json!("boxed")),
        login(
            "gone:1",
            "helper",
            "docker-credential-gone",
            "unlisted",
            Value::Null,
        ),
        login(
            "helped:1",
            "helper",
            "docker-credential-work",
            "user",
            json!("me"),
        ),
    ];
    assert_eq!(found["logins"], json!(expected));
    assert_eq!(found["login_problems"].as_array().map(Vec::len), Some(2));
}

/// Each row: arguments, variables, and what is said.
#[test]
fn no_engine() {
    type Row<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], String);
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.write("silent", "");
    let silent = format!("unix://{}", sandbox.path("silent").display());
    let absent = format!("unix://{}", sandbox.path("absent").display());
    let rows: &[Row<'_>] = &[
        (
            &[],
            &[("DOCKER_HOST", &absent)],
            "error: no engine answers\n  tried `unix://[work]/absent` (DOCKER_HOST): No such file or directory (os error 2)\n  \
                 nothing was said by --context, --host\nhint: check that an engine listens there\n".to_owned(),
        ),
        (
            &["--host", &silent],
            &[("DOCKER_HOST", &absent)],
            "error: no engine answers\n  tried `unix://[work]/silent` (--host): Connection refused (os error 111)\n  \
                 nothing was said by --context\nhint: check that an engine listens there\n".to_owned(),
        ),
        (
            &["--host", "example"],
            &[],
            "error: `example` (--host) is no engine address: it has no scheme\n\
             hint: write unix:///path/to.sock, tcp://host:port or ssh://user@host\n"
                .to_owned(),
        ),
        (
            &[],
            &[("DOCKER_API_VERSION", "new")],
            "error: `DOCKER_API_VERSION` is `new`, which is not an API version such as 1.41\n"
                .to_owned(),
        ),
    ];
    for verb in ["doctor", "build"] {
        for (arguments, variables, stderr) in rows {
            let mut command = sandbox.command(&[verb]);
            command.args(*arguments).envs(variables.iter().copied());
            let mut run = sandbox.finish(command.spawn().unwrap());
            if verb == "doctor" {
                let found = String::from_utf8(std::mem::take(&mut run.stdout)).unwrap();
                let expected = "engine    none\nbuilder   none\nlogins    none\n";
                assert_eq!(found, expected, "{arguments:?}");
            }
            run.refused(1, stderr);
        }
    }
    let mut command = sandbox.command(&["doctor", "--format=json"]);
    command.env("DOCKER_HOST", &absent);
    let run = sandbox.finish(command.spawn().unwrap());
    assert_eq!(run.code, Some(1));
    let found: Value = serde_json::from_str(&run.text()).unwrap();
    assert_eq!(found["engine"], Value::Null);
    assert_eq!(found["tried"][0]["address"], json!(absent));
    assert_eq!(
        found["tried"][0]["error"],
        json!("No such file or directory (os error 2)")
    );
}

/// What else is known is said as well.
#[test]
fn a_builder_that_does_not_answer() {
    let sandbox = Sandbox::new();
    let engine = FakeEngine::start().unwrap();
    let run = |format: &str| {
        let mut command = sandbox.command(&["doctor", "--format", format]);
        command.env("DOCKER_HOST", engine.host());
        command.env("BUILDKIT_HOST", "tcp://127.0.0.1:1");
        let run = sandbox.finish(command.spawn().unwrap());
        let said = "error: no BuildKit answers at `tcp://127.0.0.1:1`\n";
        assert!(
            run.code == Some(1) && run.stderr.starts_with(said),
            "{run:?}"
        );
        run.text()
    };
    let text = run("text");
    assert!(
        text.contains("\nis        Docker Engine 24.0.0 on"),
        "{text}"
    );
    assert!(
        text.ends_with("\nbuilder   none\nlogins    none\n"),
        "{text}"
    );
    let found: Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(found["engine"]["version"], json!("24.0.0"));
    assert_eq!(
        (&found["builder"], &found["logins"]),
        (&Value::Null, &json!([]))
    );
}

#[test]
fn a_context_that_does_not_exist() {
    let sandbox = Sandbox::new();
    let home = sandbox.dir().parent().unwrap().join("home/.docker");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("config.json"), r#"{"currentContext": "gone"}"#).unwrap();
    let run = sandbox.run(&["doctor"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error: cannot use the current context `gone` of config.json"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("\nhint: `docker context ls` lists"),
        "{}",
        run.stderr
    );
}
