//! Asks both builders of two Engines what variables come to: the answers that `shipload-dockerfile` is held to.

use serde_json::Value;
use shipload_context::{PackOptions, Progress};
use shipload_engine::{BuildOptions, ContextBody};
use shipload_testkit::debian_cli::{Builder, DebianCli, Ended};
use shipload_testkit::engine::{self, Handle};

use crate::support::{connect, files, view};

const RECORDED: &str = include_str!("../../../dockerfile/tests/recorded/variables.jsonl");

/// Build arguments by name.
type Given = Vec<(String, String)>;

/// The Dockerfile with each `SHOW word` as a label.
fn labelled(file: &str) -> String {
    let mut count = 0;
    let lines = file.lines().map(|line| match line.strip_prefix("SHOW ") {
        Some(word) => {
            count += 1;
            format!("LABEL l{count}=\"{word}\"\n")
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

/// The labels of an image, in their order.
fn labels(handle: &Handle, tag: &str) -> Vec<String> {
    let answer = handle.request("GET", &format!("/images/{tag}/json"), None);
    let image = answer.unwrap().json().unwrap();
    let labels = image["Config"]["Labels"].as_object().unwrap();
    let label = |number: usize| labels.get(&format!("l{number}"));
    let values = (1..).map_while(label).map(|value| value.as_str().unwrap());
    values.map(str::to_owned).collect()
}

/// Builds every recorded Dockerfile and compares its labels with the answers below `key`.
fn ask(handle: &Handle, key: &str, build: impl Fn(&std::path::Path, &str, &Given)) {
    let tag = handle.unique("shipload/variables");
    for line in RECORDED.lines().skip(1) {
        let case: Value = serde_json::from_str(line).unwrap();
        let given = case["args"].as_object().into_iter().flatten();
        let given = given.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        let root = tempfile::tempdir().unwrap();
        let dockerfile = labelled(case["file"].as_str().unwrap());
        files(root.path(), &[("Dockerfile", &dockerfile)]);
        build(root.path(), &tag, &given.collect());
        let expected: Vec<String> = serde_json::from_value(case[key].clone()).unwrap();
        assert_eq!(labels(handle, &tag), expected, "{dockerfile}");
    }
}

fn classic(handle: &Handle) {
    let engine = connect(handle);
    ask(handle, "classic", |root, tag, given| {
        let given = given.iter().cloned();
        let options = BuildOptions {
            tags: vec![tag.parse().unwrap()],
            network: Some("none".to_owned()),
            build_args: given.map(|(name, value)| (name, Some(value))).collect(),
            ..BuildOptions::default()
        };
        let context = ContextBody::from_view(view(root), PackOptions::default(), Progress::new());
        engine.build(context, &options).finish().unwrap();
    });
}

fn buildkit(handle: &Handle, cli: Result<DebianCli, String>) {
    let cli = match cli {
        Ok(cli) => cli,
        Err(why) => return engine::skip(&why),
    };
    ask(handle, "buildkit", |root, tag, given| {
        let mut arguments = vec!["--tag".to_owned(), tag.to_owned()];
        for (name, value) in given {
            arguments.extend(["--build-arg".to_owned(), format!("{name}={value}")]);
        }
        let ended = cli.build(handle, Builder::BuildKit, root, &arguments);
        assert_eq!(ended.unwrap(), Ended::Built);
    });
}

#[test]
fn classic_builder() {
    let Some(handle) = engine::shared() else {
        return;
    };
    classic(&handle);
}

#[test]
fn classic_builder_of_the_later_engine() {
    let Some(handle) = engine::modern() else {
        return;
    };
    classic(&handle);
}

#[test]
fn buildkit_of_the_usual_engine() {
    let Some(handle) = engine::shared() else {
        return;
    };
    buildkit(&handle, DebianCli::debian());
}

#[test]
fn buildkit_of_the_later_engine() {
    let Some(handle) = engine::modern() else {
        return;
    };
    buildkit(&handle, DebianCli::modern());
}
