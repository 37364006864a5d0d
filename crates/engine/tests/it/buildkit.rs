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
