//! OCI layouts of this machine in builds: caches in directories, and images as contexts.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use serde_json::{Value, json};
use shipload_context::{Progress, Recipe};
use shipload_engine::{
    BuildError, BuildOptions, Built, CacheEntry, ConnectOptions, ContextSource, ContextSpec,
    Destination, Engine, Environment, Event, LayoutError, NamedContext, Output, OutputKind,
    SessionContext,
};
use shipload_testkit::debian_cli::{Builder, DebianCli, Ended};
use shipload_testkit::engine::{Handle, containerd_store, modern};
use tempfile::TempDir;

use crate::real::busybox;

/// A context with a shell, and what is written beside it.
struct Scene {
    folder: TempDir,
}

/// How a build went.
struct Outcome {
    built: Result<Built, BuildError>,
    /// Of the step that runs something, whether it was cached; none if it was not needed.
    is_cached: Option<bool>,
    warnings: Vec<String>,
}

impl Scene {
    /// Nothing has the steps of its Dockerfile in its cache.
    fn new(handle: &Handle) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scene = Self { folder };
        let context = scene.path("context");
        fs::create_dir(&context).unwrap();
        fs::write(context.join("busybox"), busybox()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(context.join("busybox"), mode).unwrap();
        let dockerfile = format!(
            "FROM scratch AS made\n\
             COPY busybox /bin/sh\n\
             RUN [\"/bin/sh\", \"-c\", \"echo {} >/made\"]\n\
             FROM made\n\
             COPY busybox /last\n",
            handle.unique("hello")
        );
        fs::write(context.join("Dockerfile"), dockerfile).unwrap();
        scene
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    async fn build(&self, handle: &Handle, options: BuildOptions) -> Outcome {
        let plan = Recipe::new(self.path("context"))
            .plan(&Progress::new())
            .unwrap();
        let context = SessionContext::from_plan(&plan).unwrap();
        build(handle, &context, options, self.folder.path()).await
    }
}

async fn build(
    handle: &Handle,
    context: &SessionContext,
    options: BuildOptions,
    home: &Path,
) -> Outcome {
    let environment = Environment::empty().with("HOME", home);
    let connect = ConnectOptions::new(environment).with_host(&handle.host);
    let engine = Engine::connect(&connect).await.unwrap();
    let options = BuildOptions {
        network: Some("none".to_owned()),
        ..options
    };
    let mut stream = engine.buildkit().build(context, &options);
    let (mut is_cached, mut warnings) = (None, Vec::new());
    while let Some(event) = stream.next_event().await {
        match event {
            Event::Vertex(vertex) if vertex.name.contains("RUN") && vertex.completed.is_some() => {
                is_cached = Some(vertex.cached);
            }
            Event::Warning(text) => warnings.push(text),
            _ => {}
        }
    }
    Outcome {
        built: stream.finish().await,
        is_cached,
        warnings,
    }
}

fn cache(text: &str) -> Vec<CacheEntry> {
    CacheEntry::read(text).unwrap()
}

fn to(text: &str) -> BuildOptions {
    let mut options = BuildOptions::default();
    options.buildkit.cache_to = cache(text);
    options
}

fn from(text: &str) -> BuildOptions {
    let mut options = BuildOptions::default();
    options.buildkit.cache_from = cache(text);
    options
}

fn forget(handle: &Handle) {
    let pruned = handle.request("POST", "/build/prune?all=true", None);
    assert_eq!(pruned.unwrap().status, 200);
}

/// The names of the blobs, and the index.
fn written(folder: &Path) -> (Vec<String>, Value) {
    let blobs = fs::read_dir(folder.join("blobs/sha256")).unwrap();
    let mut blobs: Vec<_> = blobs
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    blobs.sort();
    let mut index: Value =
        serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    // buildx 0.13 does not write it; later ones do.
    index.as_object_mut().unwrap().remove("mediaType");
    (blobs, index)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_in_a_directory_is_the_one_of_buildx() {
    let Some(engine) = containerd_store() else {
        return;
    };
    let handle = engine.handle();
    let scene = Scene::new(handle);
    let ours = scene.text("ours");
    let first = to(&format!("type=local,dest={ours},mode=max"));
    let outcome = scene.build(handle, first).await;
    outcome.built.unwrap();
    assert_eq!(outcome.is_cached, Some(false));
    assert_eq!(outcome.warnings, [""; 0]);
    for name in ["ingest", "oci-layout"] {
        assert!(scene.path("ours").join(name).exists(), "{name}");
    }
    assert!(
        fs::read_dir(scene.path("ours/ingest"))
            .unwrap()
            .next()
            .is_none()
    );

    // The reference. A cache says when its steps were done, so both have to find them done.
    // A directory of any name will do; buildx fails where it is not ASCII.
    let again = scene.text("noch einmal, größer");
    let second = to(&format!("type=local,\"dest={again}\",mode=max"));
    scene.build(handle, second).await.built.unwrap();
    let cli = DebianCli::modern().unwrap();
    let theirs = scene.text("theirs");
    let arguments = [
        "--provenance=false".to_owned(),
        format!("--cache-to=type=local,dest={theirs},mode=max"),
    ];
    let context = scene.path("context");
    let ended = cli.build(handle, Builder::BuildKit, &context, &arguments);
    assert_eq!(ended.unwrap(), Ended::Built);
    assert_eq!(written(again.as_ref()), written(theirs.as_ref()));
    let layout = |folder: &str| fs::read_to_string(Path::new(folder).join("oci-layout")).unwrap();
    assert_eq!(layout(&ours), layout(&theirs));

    // Each reads what the other wrote, and neither has it otherwise.
    let between = std::time::SystemTime::now();
    forget(handle);
    let outcome = scene
        .build(handle, from(&format!("type=local,src={theirs}")))
        .await;
    outcome.built.unwrap();
    assert_eq!(outcome.is_cached, Some(true));
    forget(handle);
    let arguments = [
        "--provenance=false".to_owned(),
        format!("--cache-from=type=local,src={ours}"),
        format!("--output=type=local,dest={}", scene.text("out")),
    ];
    let ended = cli.build(handle, Builder::BuildKit, &context, &arguments);
    assert_eq!(ended.unwrap(), Ended::Built);
    // It made the same file at the same time, that is, not again.
    let made = fs::metadata(scene.path("out/made"))
        .unwrap()
        .modified()
        .unwrap();
    assert!(made < between, "{made:?}");

    // Read and written at once, under another tag; the directory's other tag stays.
    forget(handle);
    let mut both = from(&format!("type=local,src={ours}"));
    both.buildkit.cache_to = cache(&format!("type=local,dest={ours},mode=max,tag=main"));
    let outcome = scene.build(handle, both).await;
    outcome.built.unwrap();
    let (_, index) = written(ours.as_ref());
    let tags = index["manifests"].as_array().unwrap().iter();
    let tags: Vec<_> = tags
        .map(|one| &one["annotations"]["org.opencontainers.image.ref.name"])
        .collect();
    assert_eq!(tags, [&json!("latest"), &json!("main")]);

    // An Engine with a store of its own reads it too; nothing of it was built there.
    if let Some(modern) = modern() {
        let digest = index["manifests"][0]["digest"].as_str().unwrap();
        let options = from(&format!("type=local,src={ours},digest={digest}"));
        let outcome = scene.build(&modern, options).await;
        outcome.built.unwrap();
        assert_eq!(outcome.is_cached, Some(true));
    }

    // What is not there is left out, and said.
    forget(handle);
    for (text, told) in [
        (scene.text("absent"), "cannot read the OCI layout `"),
        (format!("{ours},tag=none"), "` has no `none`"),
        (
            format!("{ours},digest=sha256:{}", "0".repeat(64)),
            "` has no blob `sha256:000",
        ),
    ] {
        let outcome = scene
            .build(handle, from(&format!("type=local,src={text}")))
            .await;
        outcome.built.unwrap();
        assert_ne!(outcome.is_cached, None);
        let [warning] = &outcome.warnings[..] else {
            panic!("{:?}", outcome.warnings)
        };
        assert!(warning.contains(told), "{warning}");
    }
    assert!(!scene.path("absent").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_in_a_directory_is_a_context() {
    let Some(engine) = containerd_store() else {
        return;
    };
    let handle = engine.handle();
    let scene = Scene::new(handle);
    let archive = scene.path("image.tar");
    let mut options = BuildOptions::default();
    options.buildkit.outputs = vec![Output {
        kind: OutputKind::Oci,
        destination: Some(Destination::File(archive.clone())),
        attributes: BTreeMap::new(),
    }];
    scene.build(handle, options).await.built.unwrap();
    let layout = scene.path("layout");
    let mut archive = tar::Archive::new(fs::File::open(archive).unwrap());
    archive.unpack(&layout).unwrap();
    // Nothing that is kept from the first build can stand in for it.
    forget(handle);

    let dockerfile = "FROM base\nCOPY --from=base /made /copied\n";
    let tree = shipload_context::TreeBuilder::new().build().unwrap();
    let context = SessionContext::new(shipload_context::View::new(&tree), dockerfile);
    let with = |place: &str, out: &str| {
        let spec: ContextSpec = format!("base=oci-layout://{place}").parse().unwrap();
        let ContextSource::OciLayout(layout) = spec.source else {
            panic!()
        };
        let mut options = BuildOptions::default();
        let layout = NamedContext::OciLayout(layout);
        options.buildkit.contexts.insert(spec.name, layout);
        options.buildkit.outputs = vec![Output {
            kind: OutputKind::Local,
            destination: Some(Destination::Directory(scene.path(out))),
            attributes: BTreeMap::new(),
        }];
        options
    };
    let place = layout.to_str().unwrap();
    let index: Value =
        serde_json::from_slice(&fs::read(layout.join("index.json")).unwrap()).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    for (out, place) in [
        ("one", place.to_owned()),
        ("two", format!("{place}:whatever")),
        ("three", format!("{place}@{digest}")),
    ] {
        let outcome = build(handle, &context, with(&place, out), scene.folder.path()).await;
        outcome.built.unwrap();
        for name in ["made", "copied"] {
            let text = fs::read_to_string(scene.path(out).join(name)).unwrap();
            assert!(text.starts_with("hello-"), "{text}");
        }
    }

    // What is missing is said before anything is asked, or with the words of this side.
    let absent = format!("{place}@sha256:{}", "0".repeat(64));
    let outcome = build(handle, &context, with(&absent, "x"), scene.folder.path()).await;
    let error = outcome.built.unwrap_err();
    assert!(
        matches!(error, BuildError::Layout(LayoutError::NoBlob { .. })),
        "{error}"
    );
    forget(handle);
    let manifest = layout.join("blobs").join(digest.replace(':', "/"));
    let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let layer = layout.join("blobs").join(layer.replace(':', "/"));
    fs::rename(&layer, scene.path("layer")).unwrap();
    std::os::unix::fs::symlink(scene.path("layer"), &layer).unwrap();
    let outcome = build(handle, &context, with(place, "x"), scene.folder.path()).await;
    let error = outcome.built.unwrap_err();
    assert!(
        matches!(error, BuildError::Layout(LayoutError::Read { .. })),
        "{error}"
    );
}
