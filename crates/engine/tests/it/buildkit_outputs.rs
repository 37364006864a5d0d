//! That a build on BuildKit is no success while something of what was asked for is missing, with real Engines.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use shipload_context::{TreeBuilder, View};
use shipload_engine::{
    BuildError, BuildKit, BuildOptions, CacheEntry, ConnectOptions, Destination, Engine,
    Environment, ExportError, ImageName, NamedContext, Output, OutputKind, RequestError,
    SessionContext,
};
use shipload_testkit::engine::{Handle, modern, shared};
use shipload_testkit::proxy::{Kind, Proxy};
use shipload_testkit::registry::{PASSWORD, Registry, USER};
use tempfile::TempDir;

fn engines() -> impl Iterator<Item = Handle> {
    [shared(), modern()].into_iter().flatten()
}

async fn buildkit(host: &str, home: &Path) -> (Engine, BuildKit) {
    let environment = Environment::empty()
        .with("HOME", home)
        .with("DOCKER_CONFIG", home);
    let options = ConnectOptions::new(environment).with_host(host);
    let engine = Engine::connect(&options).await.unwrap();
    let buildkit = engine.buildkit();
    (engine, buildkit)
}

/// A view of one file.
fn view(name: &str, content: &str) -> View {
    let tree = TreeBuilder::new().bytes(name.parse().unwrap(), content);
    View::new(&tree.build().unwrap())
}

fn output(kind: OutputKind, destination: Option<Destination>) -> Output {
    Output {
        kind,
        destination,
        attributes: [].into(),
    }
}

fn local(path: &Path) -> Output {
    let destination = Destination::Directory(path.to_owned());
    output(OutputKind::Local, Some(destination))
}

/// Contexts may have the names under which the build's own files are asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_context_takes_no_other_ones_place() {
    let Some(handle) = modern() else { return };
    let folder = TempDir::new().unwrap();
    let (_, buildkit) = buildkit(&handle.host, folder.path()).await;
    let out = folder.path().join("out");
    let mut options = BuildOptions::default();
    options.buildkit.outputs = vec![local(&out)];
    for name in ["context", "dockerfile"] {
        let named = NamedContext::Local(view("named", name));
        options.buildkit.contexts.insert(name.to_owned(), named);
    }
    let dockerfile =
        "FROM scratch\nCOPY . /\nCOPY --from=context . /one/\nCOPY --from=dockerfile . /two/\n";
    let context = SessionContext::new(view("own", "own"), dockerfile);
    buildkit.build(&context, &options).finish().await.unwrap();
    for (path, content) in [
        ("own", "own"),
        ("one/named", "context"),
        ("two/named", "dockerfile"),
    ] {
        assert_eq!(fs::read_to_string(out.join(path)).unwrap(), content);
    }
    assert!(!out.join("named").exists());
}

/// BuildKit before 0.13 overlooks outputs when there are several.
#[tokio::test(flavor = "multi_thread")]
async fn outputs_that_never_come_are_missed() {
    let Some(handle) = shared() else { return };
    let folder = TempDir::new().unwrap();
    let (_, buildkit) = buildkit(&handle.host, folder.path()).await;
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let context = SessionContext::new(view("file", "x"), "FROM scratch\nCOPY . /\n");
    let mut options = BuildOptions::tagged(handle.unique("shipload/missed").parse().unwrap());
    options.buildkit.outputs = vec![local(&one), local(&two)];
    let error = buildkit.build(&context, &options).finish().await;
    let error = error.unwrap_err();
    assert!(
        matches!(&error, BuildError::Export(ExportError::Missing(0))),
        "{error:?}"
    );
    let stays = output(OutputKind::Docker, None);
    options.buildkit.outputs = vec![stays.clone(), stays];
    let error = buildkit.build(&context, &options).finish().await;
    assert!(matches!(error, Err(BuildError::NoImage)), "{error:?}");
}

/// What a build by `POST /build` can do it does as well, and refuses the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_by_post_leaves_nothing_out() {
    for handle in engines() {
        let folder = TempDir::new().unwrap();
        let (forbidden, status) = (&["/grpc"], 403);
        let proxy = Proxy::start(&handle, Kind::Guarded { forbidden, status }).unwrap();
        let registry = Registry::start().unwrap();
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let config = serde_json::json!({ "auths": { registry.address(): { "auth": auth } } });
        fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let (engine, buildkit) = buildkit(proxy.host(), folder.path()).await;
        let salt = handle.unique("shipload/posted");
        let context = SessionContext::new(view("file", &salt), "FROM scratch\nCOPY . /\n");
        let build = async |options: &BuildOptions| buildkit.build(&context, options).finish().await;

        let name: ImageName = format!("{}/{salt}", registry.address()).parse().unwrap();
        let mut options = BuildOptions::tagged(name.clone());
        let mut pushed = output(OutputKind::Image, None);
        pushed.attributes.insert("push".into(), "true".into());
        options.buildkit.outputs = vec![pushed];
        build(&options).await.unwrap();
        engine.remove(&name, true).await.unwrap();
        engine.pull(&name, None, |_| {}).await.unwrap();

        let name: ImageName = handle.unique("shipload/unmade").parse().unwrap();
        let mut options = BuildOptions::tagged(name.clone());
        options.buildkit.outputs = vec![output(OutputKind::CacheOnly, None)];
        match build(&options).await {
            Ok(made) => assert_eq!((&made.image_id[..], &made.tags[..]), ("", &[][..])),
            // Engine 26.1 knows it and then looks for an exporter without a name.
            Err(error) => assert!(
                matches!(
                    error,
                    BuildError::Request(RequestError::Refused { status: 500, .. })
                ),
                "{error:?}"
            ),
        }
        assert!(engine.inspect(&name).await.unwrap_err().is_not_found());

        let out = folder.path().join("out");
        let beyond: [fn(&mut BuildOptions); 6] = [
            |options| {
                let one = NamedContext::Reference("docker-image://busybox".into());
                options.buildkit.contexts.insert("one".into(), one);
            },
            |options| options.buildkit.cache_to = vec![CacheEntry::image("a")],
            |options| options.buildkit.cache_from = CacheEntry::read("type=gha").unwrap(),
            |options| options.buildkit.entitlements = vec!["security.insecure".into()],
            |options| options.buildkit.no_cache_filter = vec!["one".into()],
            |options| {
                let stays = output(OutputKind::Docker, None);
                options.buildkit.outputs.push(stays);
            },
        ];
        for ask in beyond {
            let mut options = BuildOptions::default();
            options.buildkit.outputs = vec![local(&out)];
            ask(&mut options);
            proxy.forget();
            let error = build(&options).await.unwrap_err();
            assert!(matches!(error, BuildError::Unsupported(_)), "{error:?}");
            let passed = proxy.passed();
            assert!(!passed.iter().any(|one| one.request.contains("/build")));
            assert!(!out.exists());
        }
    }
}
