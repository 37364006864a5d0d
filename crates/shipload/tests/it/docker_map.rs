//! The rows of docker-map's `DockerClientWrapper`, each with a test of its name, and the README's examples, on a real Engine.

use std::path::Path;

use shipload::blocking::Engine;
use shipload::dockerfile::builder::{Command, CopyOptions};
use shipload::engine::{
    BuildError, CleanupOptions, Credential, ImageName, LogStream, Removed, TransferError,
};
use shipload::prelude::*;
use shipload_testkit::engine::{Handle, modern, private, shared};
use shipload_testkit::packages::BUSYBOX;
use shipload_testkit::registry::{PASSWORD, Registry, USER};

use crate::support::{connect, files};

/// A Dockerfile with a shell.
fn with_shell() -> DockerfileBuilder {
    let busybox = BUSYBOX.provide().unwrap().program("busybox").unwrap();
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    let options = AddFile {
        dst: Some("/bin/sh"),
        ..AddFile::default()
    };
    file.add_file(busybox, &options).unwrap();
    file
}

fn name(handle: &Handle, tag: &str) -> ImageName {
    format!("{}:{tag}", handle.unique("shipload/map"))
        .parse()
        .unwrap()
}

fn tagged(name: &ImageName) -> BuildOptions {
    BuildOptions {
        network: Some("none".to_owned()),
        ..BuildOptions::tagged(name.clone())
    }
}

/// Names of files in the folder for temporary ones that are contexts of this process's tests.
fn temporaries() -> usize {
    let entries = fs_err::read_dir(std::env::temp_dir()).unwrap();
    let ours = |name: &str| {
        name.starts_with("shipload-") && Path::new(name).extension().is_some_and(|end| end == "tar")
    };
    entries
        .filter(|entry| ours(entry.as_ref().unwrap().file_name().to_str().unwrap_or("")))
        .count()
}

#[test]
fn build_from_file_makes_uploads_and_removes_the_context() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let name = name(&handle, "1.2");
    let before = temporaries();
    let mut file = with_shell();
    file.run("/bin/sh true; echo hello > /motd")
        .unwrap()
        .label("motto", "a \"b\" $c")
        .unwrap();
    file.command(["cat", "/motd"]).unwrap();
    let options = tagged(&name).add_latest_tag();
    let built = engine
        .build_from_file(&mut file, &options)
        .unwrap()
        .finish()
        .unwrap();
    assert!(file.is_finalized());
    assert!(temporaries() <= before, "a context is left");
    assert_eq!(built.tags, [name.clone(), name.with_tag("latest").unwrap()]);
    let image = engine.inspect(&name.with_tag("latest").unwrap()).unwrap();
    assert_eq!(image.id, built.image_id);
    assert_eq!(image.labels["motto"], "a \"b\" $c");
}

#[test]
fn build_from_context_sends_it_as_often_as_wanted() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[
            ("docker/Dockerfile", "FROM scratch\nCOPY . /srv/\n"),
            ("src/a", "a"),
            ("src/b.log", "b"),
            ("src/.dockerignore", "*.log\n"),
            ("production.toml", "x = 1\n"),
        ],
    );
    let mut context = Context::from_dockerfile_path(temp.path().join("docker/Dockerfile")).unwrap();
    context.add(temp.path().join("src"), Some("src")).unwrap();
    context
        .add(temp.path().join("production.toml"), Some("config.toml"))
        .unwrap();
    let archive = context.finalize().unwrap();
    let (first, second) = (name(&handle, "1"), name(&handle, "2"));
    let build = |name| {
        engine
            .build_from_context(&archive, &tagged(name))
            .finish()
            .unwrap()
            .image_id
    };
    assert_eq!(build(&first), build(&second));
    let mut saved = Vec::new();
    engine.save(&[first], &mut saved).unwrap();
    assert!(archive.save(temp.path().join("copy.tar")).unwrap() > 0);
    let members = archive
        .view()
        .members()
        .map(|member| member.entry.path.to_string());
    let expected = [
        "Dockerfile",
        "config.toml",
        "src",
        "src/.dockerignore",
        "src/a",
    ];
    assert_eq!(members.collect::<Vec<_>>(), expected);
}

#[test]
fn build_add_latest_tag_add_tags_rm_gives_the_image_id() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let name = name(&handle, "1.2");
    let options = BuildOptions {
        remove: true,
        ..tagged(&name)
    };
    let options = options.add_latest_tag().add_tags(&["1", "1.2"]).unwrap();
    let mut file = with_shell();
    file.run("true").unwrap();
    let built = engine
        .build_from_file(&mut file, &options)
        .unwrap()
        .finish()
        .unwrap();
    assert!(built.image_id.starts_with("sha256:"));
    let names: Vec<_> = ["1.2", "latest", "1"]
        .iter()
        .map(|tag| name.with_tag(tag).unwrap())
        .collect();
    assert_eq!(built.tags, names);
    let all = engine.image_tags().unwrap();
    for name in names {
        assert_eq!(all[name.as_str()], built.image_id);
    }
}

#[test]
fn push_log_and_push_progress_are_events() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let mut file = with_shell();
    file.run(format!("echo {}", handle.unique("logged")))
        .unwrap();
    let mut build = engine
        .build_from_file(&mut file, &tagged(&name(&handle, "1")))
        .unwrap();
    let events: Vec<_> = build.by_ref().collect();
    let printed = |event: &Event| matches!(event, Event::Log { stream: LogStream::Stdout, text } if text.starts_with("logged"));
    assert!(events.iter().any(printed), "{events:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Step { number: 1, .. }))
    );
    assert!(build.progress().is_complete());
    build.finish().unwrap();
}

#[test]
fn login_push_pull() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let registry = Registry::start().unwrap();
    let name: ImageName = format!("{}/{}:1", registry.address(), handle.unique("map"))
        .parse()
        .unwrap();
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.label("only", "here").unwrap();
    engine
        .build_from_file(&mut file, &tagged(&name))
        .unwrap()
        .finish()
        .unwrap();
    let refused = engine.push(&name, |_| {}).unwrap_err();
    assert!(
        matches!(refused, TransferError::Failed { .. }),
        "{refused:?}"
    );
    engine
        .login(&name.registry(), Credential::password(USER, PASSWORD))
        .unwrap();
    let mut events = Vec::new();
    engine.push(&name, |event| events.push(event)).unwrap();
    engine.remove(&name, true).unwrap();
    engine
        .pull(&name, None, |event| events.push(event))
        .unwrap();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Transfer { .. }))
    );
    assert_eq!(engine.inspect(&name).unwrap().labels["only"], "here");

    // On top of it, with the credential that the Dockerfile's own text asks for.
    engine.remove(&name, true).unwrap();
    let mut file = DockerfileBuilder::new(name.as_str()).unwrap();
    file.label("on", "top").unwrap();
    let top = BuildOptions::default();
    let built = engine
        .build_from_file(&mut file, &top)
        .unwrap()
        .finish()
        .unwrap();
    let image = engine.inspect(&built.image_id.parse().unwrap()).unwrap();
    assert_eq!(
        (image.labels["only"].as_str(), image.labels["on"].as_str()),
        ("here", "top")
    );
}

#[test]
fn save_image_and_remove_image() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let name = name(&handle, "1");
    let mut file = with_shell();
    file.label("salt", name.as_str()).unwrap();
    engine
        .build_from_file(&mut file, &tagged(&name))
        .unwrap()
        .finish()
        .unwrap();
    let mut saved = Vec::new();
    let size = engine
        .save(std::slice::from_ref(&name), &mut saved)
        .unwrap();
    assert_eq!(size, saved.len() as u64);
    assert!(tar::Archive::new(&saved[..]).entries().unwrap().count() > 1);
    let removed = engine.remove(&name, false).unwrap();
    assert!(
        removed.contains(&Removed::Untagged(name.to_string())),
        "{removed:?}"
    );
    assert!(engine.inspect(&name).unwrap_err().is_not_found());
}

#[test]
fn cleanup_images_and_get_image_tags() {
    // Of its own, since it removes what it was not told to keep.
    let Some(private) = private() else { return };
    let engine = connect(private.handle());
    let build = |salt: &str, names: &[&str]| {
        let mut file = DockerfileBuilder::new("scratch").unwrap();
        file.label("salt", salt).unwrap();
        let tags = names.iter().map(|name| name.parse().unwrap()).collect();
        let options = BuildOptions {
            tags,
            ..BuildOptions::default()
        };
        engine
            .build_from_file(&mut file, &options)
            .unwrap()
            .finish()
            .unwrap()
            .image_id
    };
    let dangling = build("a", &[]);
    let (old, kept, latest) = (
        build("b", &["x:1", "y:2"]),
        build("c", &["x:stable"]),
        build("d", &["x:9", "x:latest"]),
    );
    let tags = |engine: &Engine| engine.image_tags().unwrap().into_iter().collect::<Vec<_>>();
    let pair = |name: &str, id: &String| (name.to_owned(), id.clone());
    let named = [
        pair("x:1", &old),
        pair("x:9", &latest),
        pair("x:latest", &latest),
        pair("x:stable", &kept),
        pair("y:2", &old),
    ];
    assert_eq!(tags(&engine), named);

    let removed = engine.cleanup_images(&CleanupOptions::default()).unwrap();
    assert!(removed.contains(&Removed::Deleted(dangling)), "{removed:?}");
    assert_eq!(tags(&engine), named);
    let options = CleanupOptions {
        remove_old: true,
        keep_tags: vec!["stable".into()],
        force: false,
    };
    engine.cleanup_images(&options).unwrap();
    assert_eq!(tags(&engine), named[1..4]);
    assert!(engine.cleanup_images(&options).unwrap().is_empty());
}

#[test]
fn docker_status_error_is_an_error_inside_the_stream() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let mut file = with_shell();
    file.run("exit 7").unwrap();
    let name = name(&handle, "1");
    let build = engine.build_from_file(&mut file, &tagged(&name)).unwrap();
    match build.finish() {
        Err(BuildError::Failed { code: Some(7), .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(engine.inspect(&name).unwrap_err().is_not_found());
}

#[test]
fn partial_results_error_says_which_names_were_set() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let name = name(&handle, "1");
    // Engines take such a name for an id, and refuse it.
    let bad: ImageName = "a".repeat(64).parse().unwrap();
    let latest = name.with_tag("latest").unwrap();
    let mut options = tagged(&name).add_latest_tag();
    options.further_tags.push(bad.clone());
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.label("salt", name.as_str()).unwrap();
    let error = engine
        .build_from_file(&mut file, &options)
        .unwrap()
        .finish()
        .unwrap_err();
    assert!(error.hint().unwrap().contains(latest.as_str()), "{error:?}");
    let BuildError::Tags { built, source } = error else {
        panic!("{error:?}")
    };
    assert_eq!(built.tags, [name.clone(), latest.clone()]);
    assert_eq!(source.set, [latest]);
    assert_eq!(source.failed[0].0, bad);
    assert_eq!(engine.inspect(&name).unwrap().id, built.image_id);
}

/// The README's examples with paths of this test, and names that no other test has.
#[test]
fn the_examples_of_the_readme() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    files(
        dir,
        &[
            ("src/hello.sh", "echo hello $1\n"),
            (
                "docker/Dockerfile",
                "FROM scratch\nCOPY src config.toml version.txt /\n",
            ),
            ("production.toml", ""),
            ("site/index.html", "hi"),
        ],
    );

    let mut file = with_shell();
    file.add_file(
        dir.join("src/hello.sh"),
        &AddFile {
            dst: Some("/usr/bin/hello"),
            ..AddFile::default()
        },
    )
    .unwrap();
    file.run("chmod 0755 /usr/bin/hello")
        .unwrap()
        .label("motto", "a \"b\" $c")
        .unwrap();
    file.command(Command::exec(["hello", "world"])).unwrap();
    let hello = name(&handle, "1.2");
    let options = BuildOptions {
        remove: true,
        ..tagged(&hello).add_latest_tag()
    };
    engine
        .build_from_file(&mut file, &options)
        .unwrap()
        .finish()
        .unwrap();
    engine.inspect(&hello.with_tag("latest").unwrap()).unwrap();

    let mut context = Context::from_dockerfile_path(dir.join("docker/Dockerfile")).unwrap();
    context
        .add(dir.join("src"), Some("src"))
        .unwrap()
        .add(dir.join("production.toml"), Some("config.toml"))
        .unwrap();
    context
        .add_file(
            EntryMetadata::file("version.txt".parse().unwrap()),
            &b"1.2\n"[..],
        )
        .unwrap();
    let archive = context.finalize().unwrap();
    archive.save(dir.join("context.tar")).unwrap();
    engine
        .build_from_context(&archive, &tagged(&name(&handle, "2")))
        .finish()
        .unwrap();

    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.copy(["site"], "/srv/").unwrap();
    let mut context = Context::from_dockerfile(&mut file).unwrap();
    context.add(dir.join("site"), Some("site")).unwrap();
    let archive = context.finalize().unwrap();
    engine
        .build_from_context(&archive, &tagged(&name(&handle, "3")))
        .finish()
        .unwrap();
}

#[test]
fn a_heredoc_is_refused_before_the_classic_builder_makes_an_empty_file_of_it() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.copy_text("hello\n", "/motd", &CopyOptions::default())
        .unwrap();
    let name = name(&handle, "1");
    let error = engine
        .build_from_file(&mut file, &tagged(&name))
        .unwrap()
        .finish()
        .unwrap_err();
    let BuildError::Pack(cause) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        cause.to_string(),
        "2:1: the classic builder has no heredocs, as this `COPY` needs"
    );
    assert!(engine.inspect(&name).unwrap_err().is_not_found());
}

/// BuildKit knows heredocs, and nothing is packed for it.
#[test]
fn build_from_file_on_buildkit_reads_files_where_they_are() {
    let Some(handle) = modern() else { return };
    let engine = connect(&handle);
    let name = name(&handle, "1.3");
    let before = temporaries();
    let mut file = with_shell();
    file.copy_text("several\nlines\n", "/from/text", &CopyOptions::default())
        .unwrap();
    let build = engine
        .buildkit()
        .build_from_file(&mut file, &tagged(&name))
        .unwrap();
    assert_eq!(temporaries(), before);
    let sent = build.progress();
    build.finish().unwrap();
    assert!((1..=3).contains(&sent.files()), "{}", sent.files());
    let files = handle.image(name.as_str()).unwrap().files;
    let paths: Vec<_> = files.iter().map(|file| file.path.as_slice()).collect();
    assert_eq!(paths, [&b"bin"[..], b"bin/sh", b"from", b"from/text"]);
}
