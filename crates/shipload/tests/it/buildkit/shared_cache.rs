//! A registry as the cache of two Engines that share nothing else: what one built and pushed, the other takes from there.

use std::collections::BTreeMap;
use std::path::Path;

use shipload_context::{TreeBuilder, View};
use shipload_engine::{
    BuildKitOptions, BuildOptions, CacheEntry, Credential, Engine, Event, ImageName,
    Registry as RegistryName, SessionContext,
};
use shipload_testkit::engine::{private, shared};
use shipload_testkit::packages::BUSYBOX;
use shipload_testkit::registry::{PASSWORD, Registry, USER};

use super::{connect, taken};

#[tokio::test]
async fn what_one_engine_built_another_takes_from_the_registry() {
    let (Some(first), Some(second)) = (shared(), private()) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::start().unwrap();
    let name: ImageName = format!("{}/{}:1", registry.address(), first.unique("cache"))
        .parse()
        .unwrap();
    let unpacked = BUSYBOX.provide().unwrap();
    let busybox = fs_err::read(unpacked.program("busybox").unwrap()).unwrap();
    let tree = TreeBuilder::new().bytes_with_mode("busybox".parse().unwrap(), busybox, 0o755);
    // Steps that nobody has done before, the second of which comes to another file each time it runs.
    let steps = [
        "FROM scratch".to_owned(),
        format!("COPY busybox /{name}/busybox"),
        format!(r#"RUN ["/{name}/busybox", "cp", "/proc/sys/kernel/random/uuid", "/"]"#),
    ];
    let dockerfile = steps.join("\n");
    let context = SessionContext::new(View::new(&tree.build().unwrap()), dockerfile);

    let engine = log_in(&first.host, home.path(), &registry).await;
    // Inline is the only kind of cache that 20.10 exports.
    let inline = CacheEntry {
        kind: "inline".to_owned(),
        attributes: BTreeMap::new(),
    };
    let options = BuildOptions {
        tags: vec![name.clone()],
        network: Some("none".to_owned()),
        buildkit: BuildKitOptions {
            cache_to: vec![inline],
            ..BuildKitOptions::default()
        },
        ..BuildOptions::default()
    };
    let (_, cached) = built(&engine, &context, options).await;
    assert_eq!(cached, 0);
    engine.push(&name, |_| {}).await.unwrap();

    let other = log_in(second.host(), home.path(), &registry).await;
    let options = BuildOptions {
        tags: vec![name.clone()],
        network: Some("none".to_owned()),
        cache_from: vec![name.to_string()],
        registries: vec![RegistryName::new(registry.address())],
        ..BuildOptions::default()
    };
    let (id, cached) = built(&other, &context, options).await;
    assert_eq!(cached, 2);
    let image = |handle| taken(handle, &name.to_string());
    assert_eq!(image(second.handle()).files, image(&first).files, "{id}");
}

async fn log_in(host: &str, home: &Path, registry: &Registry) -> Engine {
    let engine = connect(host, home).await;
    let credential = Credential::password(USER, PASSWORD);
    let registry = RegistryName::new(registry.address());
    engine.login(&registry, credential).await.unwrap();
    engine
}

/// Builds; the id, and how many steps of the Dockerfile came from a cache.
async fn built(
    engine: &Engine,
    context: &SessionContext,
    options: BuildOptions,
) -> (String, usize) {
    let mut build = engine.buildkit().build(context, &options);
    let mut cached = BTreeMap::new();
    while let Some(event) = build.next_event().await {
        if let Event::Vertex(vertex) = event
            && vertex.name.starts_with('[')
            && !vertex.name.starts_with("[internal]")
        {
            cached.insert(vertex.digest, vertex.cached);
        }
    }
    let id = build.finish().await.unwrap().image_id;
    (id, cached.values().filter(|cached| **cached).count())
}
