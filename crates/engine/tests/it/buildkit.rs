//! Builds on the BuildKit of real Engines.

use shipload_context::{TreeBuilder, View};
use shipload_engine::{BuildOptions, ConnectOptions, Engine, Environment, SessionContext};
use shipload_testkit::engine::{modern, shared};

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    for handle in [shared(), modern()].into_iter().flatten() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::empty().with("HOME", home.path());
        let options = ConnectOptions::new(environment).with_host(&handle.host);
        let engine = Engine::connect(&options).await.unwrap();
        let name = handle.unique("shipload/buildkit");
        let options = BuildOptions::tagged(name.parse().unwrap());
        let mut images = Vec::new();
        for (changed, expected) in [("one", 2..=4), ("one", 0..=2), ("one more", 1..=3)] {
            let tree = TreeBuilder::new()
                .bytes("a/b".parse().unwrap(), "unchanged")
                .bytes("c".parse().unwrap(), changed);
            let view = View::new(&tree.build().unwrap());
            let context = SessionContext::new(view, "FROM scratch\nCOPY . /\n");
            let stream = engine.buildkit().build(&context, &options);
            let progress = stream.progress();
            let built = stream.finish().await.unwrap();
            assert!(expected.contains(&progress.files()), "{}", progress.files());
            images.push(built.image_id);
        }
        assert_eq!(images[0], images[1]);
        assert_ne!(images[1], images[2]);
    }
}

/// What a Dockerfile names comes in headers: in another form where one name is not ASCII, and with more bytes than hyper takes by default.
#[tokio::test(flavor = "multi_thread")]
async fn sources_may_have_any_names_and_be_many() {
    let odd = ["ä b+c/é%2F", "ä b+c/100%", "+ +", "plain"].map(str::to_owned);
    let many: Vec<String> = (0..200)
        .map(|number| format!("{number:04}-{}", "long".repeat(60)))
        .collect();
    // BuildKit 0.8 gives up on a step with many sources, whoever sends them: "flightcontrol: exceeded retry timeout".
    let rows = [
        (shared(), &odd[..]),
        (modern(), &odd[..]),
        (modern(), &many[..]),
    ];
    for (handle, names) in rows {
        let Some(handle) = handle else { continue };
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::empty().with("HOME", home.path());
        let options = ConnectOptions::new(environment).with_host(&handle.host);
        let engine = Engine::connect(&options).await.unwrap();
        let tree = names.iter().fold(TreeBuilder::new(), |tree, name| {
            tree.bytes(name.parse().unwrap(), name.as_str())
        });
        let tree = tree.bytes("not read".parse().unwrap(), "").build().unwrap();
        let mut sources = names.to_vec();
        sources.push("/all/".to_owned());
        let sources = serde_json::to_string(&sources).unwrap();
        let context =
            SessionContext::new(View::new(&tree), format!("FROM scratch\nCOPY {sources}\n"));
        let tag = handle.unique("shipload/names");
        let stream = engine
            .buildkit()
            .build(&context, &BuildOptions::tagged(tag.parse().unwrap()));
        stream.finish().await.unwrap();
        let image = handle.image(&tag).unwrap();
        let copied = |name: &String| {
            let last = name.rsplit('/').next().unwrap_or_default();
            format!("all/{last}").into_bytes()
        };
        let mut expected: Vec<_> = names.iter().map(copied).collect();
        expected.sort();
        let files = image.files.into_iter().map(|file| file.path);
        let mut found: Vec<_> = files.filter(|path| path != b"all").collect();
        found.sort();
        assert!(found == expected, "{} of {}", found.len(), expected.len());
    }
}
