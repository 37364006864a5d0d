//! Push and pull between a real Engine and a real registry that wants a password.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shipload_engine::{
    BuildOptions, ConnectOptions, ContextBody, Credential, Engine, Environment, Event, ImageName,
    Pushed, Registry as RegistryName, blocking,
};
use shipload_testkit::engine::shared;
use shipload_testkit::registry::{PASSWORD, Registry, USER};

use crate::real::{archive, options};

/// Everything that a person could get to see, kept to look for the password in it.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn see(&mut self, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{value:?}").unwrap();
    }

    /// An error, also in words, with its causes.
    fn error(&mut self, error: &dyn std::error::Error) -> String {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(next) = cause {
            write!(words, ": {next}").unwrap();
            cause = next.source();
        }
        self.see(&error);
        self.0 += &words;
        words
    }
}

struct Scene {
    host: String,
    registry: Registry,
    name: ImageName,
    shown: Shown,
}

#[tokio::test]
async fn an_image_is_pushed_and_pulled_with_a_password_that_nobody_sees() {
    let Some(handle) = shared() else { return };
    let registry = Registry::start().unwrap();
    let name = format!("{}/{}:1", registry.address(), handle.unique("team/pushed"));
    let name = name.parse().unwrap();
    let mut scene = Scene {
        host: handle.host,
        registry,
        name,
        shown: Shown::default(),
    };
    let (image_id, pushed) = push(&mut scene).await;

    // From here on the password is where `docker login` puts it.
    let folder = tempfile::tempdir().unwrap();
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let config = serde_json::json!({ "auths": { scene.registry.address(): { "auth": auth } } });
    fs_err::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let environment = Environment::empty().with("DOCKER_CONFIG", folder.path());
    let options = ConnectOptions::new(environment).with_host(&scene.host);
    let engine = Engine::connect(&options).await.unwrap();
    pull(&mut scene, &engine, &image_id, &pushed).await;
    build_on_top(&mut scene, &engine).await;
    for secret in [PASSWORD, &auth, "c4n4ry"] {
        assert!(!scene.shown.0.contains(secret), "{}", scene.shown.0);
    }
}

async fn push(scene: &mut Scene) -> (String, Pushed) {
    let engine = Engine::connect(&options(&scene.host)).await.unwrap();
    let context = archive(&[
        ("Dockerfile", b"FROM scratch\nCOPY data /\n"),
        ("data", &[7; 9000]),
    ]);
    let tagged = BuildOptions {
        tags: vec![scene.name.clone()],
        ..BuildOptions::default()
    };
    let built = engine
        .build(ContextBody::from_bytes(context), &tagged)
        .finish()
        .await
        .unwrap();

    // Without a credential, and with a wrong one.
    let error = engine.push(&scene.name, |_| {}).await.unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "log in to the registry with `docker login`"
    );
    assert_eq!(
        scene.shown.error(&error),
        "the transfer failed: no basic auth credentials"
    );
    let host = RegistryName::new(scene.registry.address());
    let error = engine
        .login(&host, Credential::password(USER, "wrong"))
        .await
        .unwrap_err();
    assert!(
        scene.shown.error(&error).contains("401 Unauthorized"),
        "{error}"
    );

    // With the right one, whose base64 is where engines and bollard part.
    let right = Credential::password(USER, PASSWORD);
    let encoded = STANDARD.encode(serde_json::to_vec(&right).unwrap());
    assert!(encoded.contains(['+', '/']), "{encoded} shows nothing");
    engine.login(&host, right).await.unwrap();
    let mut events = Vec::new();
    let pushed = engine
        .push(&scene.name, |event| events.push(event))
        .await
        .unwrap();
    assert_eq!(pushed.tag, "1");
    assert!(pushed.digest.starts_with("sha256:"), "{pushed:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Transfer { .. }))
    );
    scene
        .shown
        .see(&(&engine, engine.credentials(), &events, &pushed));
    engine.remove(&scene.name, true).await.unwrap();
    (built.image_id, pushed)
}

/// By its tag and by its digest it is the same image.
async fn pull(scene: &mut Scene, engine: &Engine, image_id: &str, pushed: &Pushed) {
    assert!(
        engine
            .inspect(&scene.name)
            .await
            .unwrap_err()
            .is_not_found()
    );
    let mut events = Vec::new();
    engine
        .pull(&scene.name, None, |event| events.push(event))
        .await
        .unwrap();
    assert!(!events.is_empty());
    assert_eq!(engine.inspect(&scene.name).await.unwrap().id, image_id);
    let by_digest = format!("{}@{}", scene.name.repository(), pushed.digest)
        .parse()
        .unwrap();
    engine.pull(&by_digest, None, |_| {}).await.unwrap();
    assert_eq!(engine.inspect(&by_digest).await.unwrap().id, image_id);
    engine.remove(&scene.name, true).await.unwrap();
    let missing = scene.name.with_tag("never").unwrap();
    let error = engine.pull(&missing, None, |_| {}).await.unwrap_err();
    assert!(
        scene.shown.error(&error).contains("manifest unknown"),
        "{error:?}"
    );
}

/// A base image that only the one with the password may have.
async fn build_on_top(scene: &mut Scene, engine: &Engine) {
    let dockerfile = format!("FROM {}\nLABEL on=top\n", scene.name);
    let context = || ContextBody::from_bytes(archive(&[("Dockerfile", dockerfile.as_bytes())]));
    let error = engine
        .build(context(), &BuildOptions::default())
        .finish()
        .await
        .unwrap_err();
    assert!(
        scene
            .shown
            .error(&error)
            .contains("no basic auth credentials"),
        "{error}"
    );
    let needed = BuildOptions {
        registries: vec![scene.name.registry()],
        ..BuildOptions::default()
    };
    let stream = engine.build(context(), &needed);
    scene.shown.see(&(&stream, &needed));
    stream.finish().await.unwrap();
    engine.remove(&scene.name, true).await.unwrap();
}

#[test]
fn the_blocking_twin_pushes_and_may_be_used_meanwhile() {
    let Some(handle) = shared() else { return };
    let registry = Registry::start().unwrap();
    let name = format!("{}/{}:1", registry.address(), handle.unique("blocking"));
    let name: ImageName = name.parse().unwrap();
    let engine = blocking::Engine::connect(&options(&handle.host)).unwrap();
    let context = archive(&[
        ("Dockerfile", b"FROM scratch\nCOPY data /\n"),
        ("data", &[8; 9000]),
    ]);
    let tagged = BuildOptions {
        tags: vec![name.clone()],
        ..BuildOptions::default()
    };
    engine
        .build(ContextBody::from_bytes(context), &tagged)
        .finish()
        .unwrap();
    engine
        .login(&name.registry(), Credential::password(USER, PASSWORD))
        .unwrap();
    let mut seen = 0;
    let pushed = engine.push(&name, |_| {
        assert!(engine.version().is_ok());
        seen += 1;
    });
    assert_eq!(pushed.unwrap().tag, "1");
    assert!(seen > 0);
    engine.remove(&name, true).unwrap();
    engine.pull(&name, None, |_| seen += 1).unwrap();
    engine.remove(&name, true).unwrap();
}
