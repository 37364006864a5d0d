//! A real Engine: builds, tags, removals, archives. Without one, every test here says that it was skipped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shipload_context::{Compression, HostDir, PackOptions, Progress, TreeBuilder, View};
use shipload_engine::{
    BuildError, BuildOptions, Built, ConnectOptions, ContextBody, Engine, EngineKind, Environment,
    Event, ImageName, Limits, ListOptions, LogStream, Removed, RequestError, Ulimit, blocking,
};
use shipload_testkit::engine::{Handle, shared};
use shipload_testkit::packages::BUSYBOX;

/// An archive with these files, all executable.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, data) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(data.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, name, *data).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn busybox() -> Vec<u8> {
    let unpacked = BUSYBOX.provide().unwrap();
    fs_err::read(unpacked.program("busybox").unwrap()).unwrap()
}

pub(crate) fn options(host: &str) -> ConnectOptions {
    ConnectOptions::new(Environment::empty()).with_host(host)
}

pub(crate) async fn connect(handle: &Handle) -> Engine {
    Engine::connect(&options(&handle.host)).await.unwrap()
}

/// What a build of this Dockerfile with a shell beside it says, and how it ends.
async fn build(
    engine: &Engine,
    dockerfile: &str,
    options: &BuildOptions,
) -> (Vec<Event>, Result<Built, BuildError>) {
    let context = archive(&[
        ("Dockerfile", dockerfile.as_bytes()),
        ("busybox", &busybox()),
    ]);
    let options = BuildOptions {
        network: Some("none".to_owned()),
        ..options.clone()
    };
    let mut build = engine.build(ContextBody::from_bytes(context), &options);
    let mut events = Vec::new();
    while let Some(event) = build.next_event().await {
        events.push(event);
    }
    (events, build.finish().await)
}

fn name(handle: &Handle, tag: &str) -> ImageName {
    format!("{}:{tag}", handle.unique("shipload/engine"))
        .parse()
        .unwrap()
}

#[tokio::test]
async fn an_image_is_built_with_everything_that_was_asked_for() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    let (first, second) = (name(&handle, "1"), name(&handle, "2"));
    let dockerfile = "FROM scratch AS base\nARG WHAT=nothing\nCOPY busybox /bin/sh\n\
        RUN echo \"got $WHAT\"; echo oops >&2; cat /etc/hosts; ulimit -n; echo end\n\
        FROM base AS wanted\nLABEL from=file\nFROM scratch AS unwanted\nCOPY missing /\n";
    let options = BuildOptions {
        tags: vec![first.clone(), second.clone()],
        build_args: BTreeMap::from([("WHAT".to_owned(), Some("a&b=ü \"c\"".to_owned()))]),
        labels: BTreeMap::from([("k/ey".to_owned(), "va+l ue=1".to_owned())]),
        target: Some("wanted".to_owned()),
        no_cache: true,
        extra_hosts: vec!["one:10.0.0.1".to_owned(), "two:10.0.0.2".to_owned()],
        limits: Limits {
            memory: Some(3 << 30),
            cpu_shares: Some(512),
            ulimits: vec![Ulimit {
                name: "nofile".to_owned(),
                soft: 123,
                hard: 456,
            }],
            ..Limits::default()
        },
        ..BuildOptions::default()
    };
    let (events, built) = build(&engine, dockerfile, &options).await;
    let built = built.unwrap();
    assert_eq!(built.tags, options.tags);

    let log = |stream: LogStream| -> String {
        let text = events.iter().filter_map(|event| match event {
            Event::Log { stream: from, text } if *from == stream => Some(text.as_str()),
            _ => None,
        });
        text.collect()
    };
    let out = log(LogStream::Stdout);
    for expected in [
        "got a&b=ü \"c\"\n",
        "10.0.0.1\tone\n",
        "10.0.0.2\ttwo\n",
        "\n123\n",
    ] {
        assert!(out.contains(expected), "{expected:?} in {out}");
    }
    assert_eq!(log(LogStream::Stderr), "oops\n");
    let steps: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Step { number, total, .. } => Some((*number, *total)),
            _ => None,
        })
        .collect();
    let last = *steps.last().unwrap();
    assert_eq!(
        steps,
        (1..=last.1)
            .map(|number| (number, last.1))
            .collect::<Vec<_>>()
    );
    assert!(!events.contains(&Event::Cached));
    assert!(events.contains(&Event::ImageId(built.image_id.clone())));
    assert!(events.contains(&Event::Tagged(first.to_string())));

    let image = engine.inspect(&second).await.unwrap();
    assert_eq!(image.id, built.image_id);
    assert_eq!(image.labels["k/ey"], "va+l ue=1");
    assert_eq!(image.labels["from"], "file");

    let (events, again) = build(
        &engine,
        dockerfile,
        &BuildOptions {
            no_cache: false,
            ..options
        },
    )
    .await;
    assert_eq!(again.unwrap().image_id, built.image_id);
    let cached = events
        .iter()
        .filter(|event| **event == Event::Cached)
        .count();
    assert!(cached >= 3, "{events:?}");
    engine.remove(&first, false).await.unwrap();
    engine.remove(&second, false).await.unwrap();
}

#[tokio::test]
async fn a_build_that_fails_says_why_and_leaves_no_name() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    let tag = name(&handle, "1");
    let tagged = BuildOptions {
        tags: vec![tag.clone()],
        force_remove: true,
        ..BuildOptions::default()
    };
    let failing = "FROM scratch\nCOPY busybox /bin/sh\nRUN exit 37\n";
    match build(&engine, failing, &tagged).await.1 {
        Err(BuildError::Failed {
            code: Some(37),
            message,
        }) => {
            assert_eq!(
                message,
                "The command '/bin/sh -c exit 37' returned a non-zero code: 37"
            );
        }
        other => panic!("{other:?}"),
    }
    for (dockerfile, options, status, expected) in [
        (
            "FROM scratch",
            BuildOptions {
                dockerfile: Some("no/such".to_owned()),
                ..tagged.clone()
            },
            500,
            "Cannot locate specified Dockerfile: no/such",
        ),
        (
            "FROM scratch",
            BuildOptions {
                target: Some("nope".to_owned()),
                ..tagged.clone()
            },
            400,
            "failed to reach build target nope in Dockerfile",
        ),
        (
            "NOT an instruction",
            tagged.clone(),
            400,
            "dockerfile parse error line 1: unknown instruction: NOT",
        ),
    ] {
        match build(&engine, dockerfile, &options).await.1 {
            Err(BuildError::Request(RequestError::Refused {
                status: found,
                message,
            })) => {
                assert_eq!((found, &*message), (status, expected));
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert!(engine.inspect(&tag).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_quiet_build_says_only_its_id() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    let options = BuildOptions {
        quiet: true,
        ..BuildOptions::default()
    };
    let (events, built) = build(&engine, "FROM scratch\nCOPY busybox /quiet\n", &options).await;
    assert_eq!(events, [Event::ImageId(built.unwrap().image_id)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_build_stops_on_the_engine() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    let tag = name(&handle, "1");
    let marker = handle.unique("sleeper");
    let dockerfile = format!("FROM scratch\nCOPY busybox /bin/sh\nRUN echo {marker}; sleep 1000\n");
    let context = archive(&[
        ("Dockerfile", dockerfile.as_bytes()),
        ("busybox", &busybox()),
    ]);
    let options = BuildOptions {
        tags: vec![tag.clone()],
        network: Some("none".to_owned()),
        force_remove: true,
        ..BuildOptions::default()
    };
    let mut build = engine.build(ContextBody::from_bytes(context), &options);
    // The last container before the command speaks is the command's.
    let mut container = String::new();
    loop {
        match build.next_event().await.expect("the build ended") {
            Event::Running { container: next } => container = next,
            Event::Log { text, .. } => break assert_eq!(text, format!("{marker}\n")),
            _ => {}
        }
    }
    let inspect = || {
        handle
            .request("GET", &format!("/containers/{container}/json"), None)
            .unwrap()
    };
    assert_eq!(inspect().status, 200);
    build.cancel_token().cancel();
    assert!(matches!(build.finish().await, Err(BuildError::Cancelled)));
    let begun = Instant::now();
    while inspect().status != 404 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the container is still there"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(engine.inspect(&tag).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_context_that_fails_to_pack_builds_nothing() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    // Cut at an entry's boundary, with and without the archive's trailer: an Engine would build either.
    let whole = archive(&[
        ("Dockerfile", b"FROM scratch\nCOPY . /\n"),
        ("file", &vec![b'x'; 3 << 20]),
    ]);
    for keep in [whole.len(), whole.len() - 1024] {
        let tag = name(&handle, "1");
        let options = BuildOptions {
            tags: vec![tag.clone()],
            ..BuildOptions::default()
        };
        let part = whole[..keep].to_vec();
        let body = ContextBody::from_writer(move |out| {
            out.write_all(&part)?;
            Err(std::io::Error::other("`last` has changed"))
        });
        match engine.build(body, &options).finish().await {
            Err(BuildError::Pack(cause)) => assert_eq!(cause.to_string(), "`last` has changed"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(engine.inspect(&tag).await.unwrap_err().is_not_found());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_read_before_the_context_is_sent() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    // An archive without members, and more zeros than anybody wants.
    let body = ContextBody::from_writer(|out| {
        let zeros = vec![0; 1 << 20];
        (0..1 << 20).try_for_each(|_| out.write_all(&zeros))
    });
    let build = engine.build(body, &BuildOptions::default());
    let sent = build.progress();
    match build.finish().await {
        Err(BuildError::Request(RequestError::Refused {
            status: 500,
            message,
        })) => {
            assert_eq!(message, "Cannot locate specified Dockerfile: Dockerfile");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        !sent.is_complete() && sent.bytes() < 1 << 30,
        "{}",
        sent.bytes()
    );
}

#[tokio::test]
async fn a_view_is_packed_into_the_build() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(
        folder.path().join("Dockerfile"),
        "FROM scratch\nCOPY data /\n",
    )
    .unwrap();
    fs_err::write(folder.path().join("data"), vec![7; 5 << 20]).unwrap();
    let view = || {
        let tree = TreeBuilder::new()
            .directory(HostDir::new(folder.path()))
            .build()
            .unwrap();
        View::new(&tree)
    };
    assert_eq!(engine.auto_compression(), Compression::None);
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::Bzip2,
        Compression::Xz,
    ] {
        let (progress, options) = (Progress::new(), PackOptions::new(compression));
        let body = ContextBody::from_view(view(), options, progress.clone());
        let build = engine.build(body, &BuildOptions::default());
        let upload = build.progress();
        build.finish().await.unwrap();
        assert!(upload.is_complete());
        assert_eq!(
            upload.bytes(),
            progress.counts().written_bytes,
            "{compression:?}"
        );
    }

    let listed = view();
    fs_err::remove_file(folder.path().join("data")).unwrap();
    let body = ContextBody::from_view(listed, PackOptions::default(), Progress::new());
    match engine.build(body, &BuildOptions::default()).finish().await {
        Err(error @ BuildError::Pack(_)) => {
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains("data"), "{cause}");
        }
        other => panic!("{other:?}"),
    }

    let (progress, options) = (Progress::new(), PackOptions::default());
    progress.cancel();
    let body = ContextBody::from_view(
        View::new(&TreeBuilder::new().build().unwrap()),
        options,
        progress,
    );
    let outcome = engine.build(body, &BuildOptions::default()).finish().await;
    assert!(matches!(outcome, Err(BuildError::Cancelled)), "{outcome:?}");
}

#[tokio::test]
async fn names_are_set_and_the_failures_told() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle).await;
    let built = build(
        &engine,
        "FROM scratch\nCOPY busybox /named\n",
        &BuildOptions::default(),
    )
    .await
    .1
    .unwrap();
    let id: ImageName = built.image_id.parse().unwrap();
    let (one, two) = (name(&handle, "1"), name(&handle, "2"));
    engine
        .tag_all(&id, &[one.clone(), two.clone()])
        .await
        .unwrap();
    let mut tags = engine.inspect(&id).await.unwrap().tags;
    tags.retain(|tag| *tag == one.to_string() || *tag == two.to_string());
    assert_eq!(tags.len(), 2);

    // A name that looks like an id is refused by the Engine alone.
    let three = name(&handle, "3");
    let bad: ImageName = "a".repeat(64).parse().unwrap();
    let error = engine
        .tag_all(&id, &[bad.clone(), three.clone()])
        .await
        .unwrap_err();
    assert_eq!(error.set, std::slice::from_ref(&three));
    assert_eq!(error.failed.len(), 1);
    assert_eq!(error.failed[0].0, bad);
    assert_eq!(
        error.hint(),
        Some(format!("the image has the names `{three}`"))
    );

    let only = ListOptions {
        reference: Some(two.to_string()),
        ..ListOptions::default()
    };
    let listed = engine.images(&only).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, built.image_id);

    let removed = engine.remove(&one, false).await.unwrap();
    assert_eq!(removed, [Removed::Untagged(one.to_string())]);
    engine.remove(&id, true).await.unwrap();
    assert!(engine.remove(&two, false).await.unwrap_err().is_not_found());
}

#[test]
fn images_are_saved_as_archives() {
    let Some(handle) = shared() else { return };
    let engine = blocking::Engine::connect(&options(&handle.host)).unwrap();
    assert_eq!(engine.about().kind, EngineKind::Docker);
    assert!(engine.version().unwrap().api_version.is_some());
    assert!(engine.info().unwrap().cpus.unwrap() > 0);
    let tag = name(&handle, "1");
    let context = archive(&[
        ("Dockerfile", b"FROM scratch\nCOPY data /\n"),
        ("data", &vec![7; 1 << 20]),
    ]);
    let build_options = BuildOptions {
        tags: vec![tag.clone()],
        ..BuildOptions::default()
    };
    let built = engine
        .build(ContextBody::from_bytes(context), &build_options)
        .finish()
        .unwrap();
    let mut saved = Vec::new();
    let size = engine.save(std::slice::from_ref(&tag), &mut saved).unwrap();
    assert_eq!(size, saved.len() as u64);
    let mut names = Vec::new();
    for entry in tar::Archive::new(&*saved).entries().unwrap() {
        names.push(entry.unwrap().path().unwrap().display().to_string());
    }
    assert!(names.contains(&"manifest.json".to_owned()), "{names:?}");
    assert!(size > 1 << 20);
    engine.remove(&tag, false).unwrap();
    let gone = engine.save(&[tag], &mut saved).unwrap_err();
    assert!(
        std::error::Error::source(&gone)
            .unwrap()
            .to_string()
            .contains("No such image")
            || std::error::Error::source(&gone)
                .unwrap()
                .to_string()
                .contains("reference does not exist"),
        "{gone:?}"
    );
    drop(built);
}
