//! Hostile values in images: what the builder was given is what a real Engine's image has, on the classic builder and on BuildKit.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use serde_json::{Value as Json, json};
use shipload::dockerfile::builder::{Command, HealthOptions, Healthcheck};
use shipload::prelude::*;
use shipload_testkit::debian_cli::{self, DebianCli, Ended};
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::random::Random;

use crate::support::connect;

const PIECES: &[&str] = &[
    "a",
    "é",
    "日本",
    "😀",
    " ",
    "  ",
    "\t",
    "\r",
    "\u{b}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\u{1b}[31m",
    "\u{7f}",
    "\\",
    "\\\\",
    "\\n",
    "`",
    "\"",
    "\\\"",
    "'",
    "$",
    "$$",
    "$HOME",
    "${HOME}",
    "${X:-y}",
    "$(",
    "<<EOF",
    "0<<-'EOF'",
    "#",
    "# escape=`",
    "--",
    "--from=x",
    "[",
    "]",
    "[\"a\"]",
    "[^a]",
    "{",
    ",",
    ";",
    ":",
    "&&",
    "|",
    "*",
    "?",
    "..",
    "~",
    "x.git",
    "git@h:x",
    "RUN x",
    "FROM y",
    "AS x",
    "=b",
];

/// Texts without line breaks, no two the same, each longer than its number.
fn texts(seed: u64, count: usize) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut found = BTreeSet::new();
    while found.len() < count {
        let text: String = (0..=random.below(5))
            .map(|_| *random.pick(PIECES))
            .collect();
        found.insert(text);
    }
    found.into_iter().collect()
}

/// Names of files: no `/`, and not `.` or `..`.
fn names(seed: u64, count: usize) -> Vec<String> {
    let texts = texts(seed, count);
    texts.into_iter().map(|text| text + "+").collect()
}

/// Which builder builds.
#[derive(Clone, Copy)]
enum Builder<'a> {
    Classic,
    BuildKit(&'a DebianCli),
}

/// Builds the context, and returns the image's name.
fn build(handle: &Handle, builder: Builder<'_>, archive: &ContextArchive) -> String {
    let name = handle.unique("shipload/values");
    match builder {
        Builder::Classic => {
            let options = BuildOptions {
                network: Some("none".into()),
                ..BuildOptions::tagged(name.parse().unwrap())
            };
            connect(handle)
                .build_from_context(archive, &options)
                .finish()
                .unwrap();
        }
        Builder::BuildKit(cli) => {
            let folder = tempfile::tempdir().unwrap();
            tar::Archive::new(archive.reader().unwrap())
                .unpack(folder.path())
                .unwrap();
            let ended = cli
                .build(
                    handle,
                    debian_cli::Builder::BuildKit,
                    folder.path(),
                    &["--tag".to_owned(), name.clone()],
                )
                .unwrap();
            assert!(matches!(ended, Ended::Built), "{ended:?}");
        }
    }
    name
}

fn config(handle: &Handle, image: &str) -> Json {
    let answer = handle
        .request("GET", &format!("/images/{image}/json"), None)
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().unwrap()["Config"].clone()
}

/// The files below `folder` of an image, with their contents.
fn contents(handle: &Handle, image: &str, folder: &str) -> BTreeMap<String, String> {
    let body = json!({ "Image": image, "Cmd": ["none"] }).to_string();
    let made = handle
        .request(
            "POST",
            "/containers/create",
            Some(("application/json", body.as_bytes())),
        )
        .unwrap();
    let id = made.json().unwrap()["Id"].as_str().unwrap().to_owned();
    let answer = handle
        .request(
            "GET",
            &format!("/containers/{id}/archive?path=/{folder}"),
            None,
        )
        .unwrap();
    handle
        .request("DELETE", &format!("/containers/{id}"), None)
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(&answer.body[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        if entry.header().entry_type().is_file() {
            let name = name.strip_prefix(&format!("{folder}/")).unwrap().to_owned();
            found.insert(name, content);
        }
    }
    found
}

fn settings(handle: &Handle, builder: Builder<'_>) {
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    let values = texts(1, 80);
    let mut env = BTreeMap::new();
    for (number, value) in values.iter().enumerate() {
        file.env(&format!("V{number}"), value).unwrap();
        env.insert(format!("V{number}"), value.clone());
    }
    // As names too, as far as a name can have them.
    for name in texts(2, 40).iter().filter(|name| !name.contains('=')) {
        file.env(name, "value").unwrap();
        env.insert(name.clone(), "value".into());
    }
    let labels: BTreeMap<String, String> = texts(3, 80)
        .into_iter()
        .filter(|name| !name.contains('='))
        .zip(texts(4, 80))
        .collect();
    file.labels(labels.iter().map(|(name, value)| (name.as_str(), value)))
        .unwrap();
    let volumes: BTreeSet<String> = texts(5, 30).iter().map(|text| format!("/{text}")).collect();
    file.volumes(&volumes).unwrap();
    let (command, entrypoint, check) = (texts(6, 60), texts(7, 30), texts(8, 20));
    file.command(Command::exec(&command))
        .unwrap()
        .entrypoint(Command::exec(&entrypoint))
        .unwrap();
    file.healthcheck(&Healthcheck::Command(
        Command::exec(&check),
        HealthOptions::default(),
    ))
    .unwrap();
    let user = r#"a "b" 'c' $d \e"#;
    file.now(|file| file.workdir(format!("/w/{user}")).map(drop))
        .unwrap();
    file.user(user)
        .unwrap()
        .shell(["/a b", "-\"c\"", "\n"])
        .unwrap();

    let context = Context::from_dockerfile(&mut file)
        .unwrap()
        .finalize()
        .unwrap();
    let config = config(handle, &build(handle, builder, &context));
    let seen_env = config["Env"].as_array().unwrap().iter().map(|pair| {
        let (name, value) = pair.as_str().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let mut seen_env: BTreeMap<_, _> = seen_env.collect();
    // Every image has one, whoever builds it.
    seen_env.remove("PATH");
    assert_eq!(seen_env, env);
    assert_eq!(config["Labels"], json!(labels));
    let seen_volumes: BTreeSet<_> = config["Volumes"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(seen_volumes, volumes);
    assert_eq!(config["Cmd"], json!(command));
    assert_eq!(config["Entrypoint"], json!(entrypoint));
    assert_eq!(
        config["Healthcheck"]["Test"],
        json!([vec!["CMD".to_owned()], check].concat())
    );
    assert_eq!(config["WorkingDir"], format!("/w/{user}"));
    assert_eq!(config["User"], user);
    assert_eq!(config["Shell"], json!(["/a b", "-\"c\"", "\n"]));
}

fn copies(handle: &Handle, builder: Builder<'_>) {
    let temp = tempfile::tempdir().unwrap();
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    let sources = names(9, 50);
    let mut expected = BTreeMap::new();
    let mut added = Vec::new();
    for (number, name) in sources.iter().enumerate() {
        let path = temp.path().join(number.to_string());
        fs_err::write(&path, name).unwrap();
        added.push((path, name.clone()));
        expected.insert(name.clone(), name.clone());
    }
    // What a pattern would match as well, had one not been escaped.
    for decoy in ["b+", "aa+", "[z]+"] {
        let path = temp.path().join(decoy);
        fs_err::write(&path, "a decoy").unwrap();
        added.push((path, decoy.to_owned()));
    }
    file.copy(&sources, "/files/").unwrap();
    for name in names(10, 20) {
        file.copy([&sources[0]], format!("/files/to {name}"))
            .unwrap();
        expected.insert(format!("to {name}"), sources[0].clone());
    }
    if let Builder::BuildKit(_) = builder {
        let content = "$HOME \\ \"x\"\nEOF\n\tEOF\r\n# RUN x\n";
        file.copy_text(content, "/files/text$HOME", &CopyOptions::default())
            .unwrap();
        expected.insert("text$HOME".into(), content.into());
    }
    let mut context = Context::from_dockerfile(&mut file).unwrap();
    for (path, name) in &added {
        context.add(path, Some(name)).unwrap();
    }
    let image = build(handle, builder, &context.finalize().unwrap());
    assert_eq!(contents(handle, &image, "files"), expected);
}

#[test]
fn the_classic_builder_makes_images_of_what_was_given() {
    let Some(handle) = engine::shared() else {
        return;
    };
    settings(&handle, Builder::Classic);
    copies(&handle, Builder::Classic);
}

#[test]
fn buildkit_makes_images_of_what_was_given() {
    let Some(handle) = engine::modern() else {
        return;
    };
    let cli = match DebianCli::modern() {
        Ok(cli) => cli,
        Err(why) => return engine::skip(&why),
    };
    settings(&handle, Builder::BuildKit(&cli));
    copies(&handle, Builder::BuildKit(&cli));
}
