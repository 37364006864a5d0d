//! `shipload doctor`, and what is said where no engine answers.

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
            sandbox.finish(command.spawn().unwrap()).refused(1, stderr);
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
