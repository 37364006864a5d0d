//! A `buildkitd` by itself, for which a proxy before a real Engine stands in: reached, asked, and built on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use shipload_context::{TreeBuilder, View};
use shipload_engine::{
    Abilities, BuildKit, BuildOptions, BuilderKind, BuilderQuery, ConnectOptions, DaemonAddress,
    DaemonError, DaemonTls, Engine, Environment, Instance, NodeAddress, RequestError,
    SessionContext, TlsFiles, resolve_builder,
};
use shipload_testkit::engine::{Handle, modern, shared};
use shipload_testkit::proxy::{Kind, Listen, Proxy};
use shipload_testkit::tls::{Authority, Purpose, TlsFront};

use crate::real::{archive, busybox};

fn engines() -> impl Iterator<Item = Handle> {
    [shared(), modern()].into_iter().flatten()
}

/// Options without any settings, so that what a build keeps lies below `home`.
fn options(home: &Path) -> ConnectOptions {
    ConnectOptions::new(Environment::empty().with("HOME", home))
}

/// A tree whose files and Dockerfile no other build has.
fn context(salt: &str) -> SessionContext {
    let mut tree = TreeBuilder::new();
    for number in 0..20 {
        let path = format!("folder/{number}").parse().unwrap();
        tree = tree.bytes(path, format!("{salt} {number}"));
    }
    let view = View::new(&tree.build().unwrap());
    SessionContext::new(view, format!("FROM scratch\nLABEL salt={salt}\nCOPY . /\n"))
}

/// Builds twice: everything is asked for, then nothing.
pub(crate) async fn builds(buildkit: &BuildKit, salt: &str) {
    for expected in [20..=22, 0..=2] {
        let stream = buildkit.build(&context(salt), &BuildOptions::default());
        let progress = stream.progress();
        stream.finish().await.unwrap();
        let files = progress.files();
        assert!(expected.contains(&files), "{salt}: {files} files");
    }
}

fn is_linux(abilities: &Abilities) -> bool {
    abilities
        .platforms
        .iter()
        .any(|platform| platform.starts_with("linux/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_is_reached_on_a_socket_and_a_port() {
    for engine in engines() {
        for listen in [Listen::Unix, Listen::Tcp] {
            let home = tempfile::tempdir().unwrap();
            let proxy = Proxy::start_on(&engine, Kind::Buildkitd, listen).unwrap();
            let address = DaemonAddress::parse(proxy.host()).unwrap();
            assert_eq!(address.to_string(), proxy.host());
            let reached = BuildKit::connect(&address, &options(home.path())).await;
            let (buildkit, abilities) = reached.unwrap();
            assert_eq!(abilities.kind, BuilderKind::Daemon);
            assert!(is_linux(&abilities), "{abilities:?}");
            builds(&buildkit, &engine.unique("daemon")).await;
            // The session goes through the same connection as the calls: one to connect, one for each build.
            let passed = proxy.passed();
            assert_eq!(passed.len(), 3, "{passed:?}");
            assert!(
                passed.iter().all(|one| one.request == "PRI *"),
                "{passed:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_behind_tls_is_verified_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let ours = Authority::new("ours").unwrap();
    let stranger = Authority::new("another").unwrap();
    let names = ["127.0.0.1", "build.example"];
    ours.issue(&at("server"), &names, Purpose::Server).unwrap();
    ours.issue(&at("client"), &["client"], Purpose::Client)
        .unwrap();
    stranger
        .issue(&at("stranger"), &["client"], Purpose::Client)
        .unwrap();
    for engine in engines() {
        let proxy = Proxy::start(&engine, Kind::Buildkitd).unwrap();
        let front = TlsFront::start(proxy.host(), &at("server")).unwrap();
        let connect = async |ca: &str, client: Option<&str>, name: Option<&str>| {
            let client = client.map(at);
            let file = |name| client.as_deref().map(|folder: &Path| folder.join(name));
            let tls = DaemonTls {
                files: TlsFiles {
                    ca: Some(at(ca).join("ca.pem")),
                    cert: file("cert.pem"),
                    key: file("key.pem"),
                    skip_verify: false,
                },
                server_name: name.map(str::to_owned),
            };
            let address = DaemonAddress::parse(front.host()).unwrap();
            let address = address.with_tls(tls).unwrap();
            BuildKit::connect(&address, &options(folder.path())).await
        };
        let (buildkit, abilities) = connect("server", Some("client"), None).await.unwrap();
        assert!(is_linux(&abilities), "{abilities:?}");
        builds(&buildkit, &engine.unique("tls")).await;
        let other = connect("server", Some("client"), Some("build.example")).await;
        other.unwrap();

        let plain = DaemonAddress::parse(front.host()).unwrap();
        for (outcome, cause, hint) in [
            (
                connect("stranger", Some("client"), None).await,
                "invalid peer certificate: UnknownIssuer",
                "`cacert`",
            ),
            (
                connect("server", Some("stranger"), None).await,
                "received fatal alert",
                "`cert`",
            ),
            (
                connect("server", None, None).await,
                "received fatal alert: CertificateRequired",
                "`cert`",
            ),
            (
                connect("server", Some("client"), Some("other.example")).await,
                "not valid for name \"other.example\"",
                "`servername`",
            ),
            (
                connect("missing", Some("client"), None).await,
                "failed to open file",
                "",
            ),
            (
                BuildKit::connect(&plain, &options(folder.path())).await,
                "",
                "--builder",
            ),
        ] {
            let error = outcome.unwrap_err();
            let told = chain(&error);
            assert!(told.contains(cause), "{told}");
            assert!(told.contains(&plain.to_string()), "{told}");
            let advice = error.hint().unwrap_or_default();
            assert!(advice.contains(hint), "{told}: {advice}");
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        told = format!("{told}: {next}");
        cause = next.source();
    }
    told
}

#[tokio::test]
async fn what_is_no_daemon_is_told() {
    let Some(engine) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let nothing = home.path().join("nothing.sock");
    for (address, cause, hint) in [
        // An Engine speaks HTTP/1 on its socket.
        (engine.host.clone(), "", ""),
        (
            format!("unix://{}", nothing.display()),
            "No such file or directory",
            "listens there",
        ),
        (
            "tcp://127.0.0.1:1".to_owned(),
            "Connection refused",
            "listens there",
        ),
    ] {
        let address = DaemonAddress::parse(&address).unwrap();
        let error = BuildKit::connect(&address, &options(home.path())).await;
        let error = error.unwrap_err();
        assert!(matches!(error, DaemonError::Request { .. }), "{error:?}");
        assert!(chain(&error).contains(cause), "{}", chain(&error));
        let advice = error.hint().unwrap_or_default();
        assert!(advice.contains(hint), "{}: {advice}", chain(&error));
    }
}

/// An Engine of API 1.53 takes gRPC on its socket; nothing goes by what it deprecates.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_engine_is_called_directly() {
    for engine in engines() {
        let home = tempfile::tempdir().unwrap();
        let proxy = Proxy::start(&engine, Kind::Newer).unwrap();
        let options = options(home.path()).with_host(proxy.host());
        let newer = Engine::connect(&options).await.unwrap();
        assert_eq!(newer.about().api.to_string(), "1.53");
        proxy.forget();
        builds(&newer.buildkit(), &engine.unique("newer")).await;
        let passed = proxy.passed();
        assert_eq!(passed.len(), 2, "{passed:?}");
        assert!(
            passed.iter().all(|one| one.request == "PRI *"),
            "{passed:?}"
        );

        let abilities = newer.buildkit().abilities().await.unwrap();
        assert_eq!(abilities.kind, BuilderKind::Engine);
    }
}

/// Where a proxy forbids `/grpc`, a build goes by `POST /build`; where it forbids sessions too, there is no BuildKit.
#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_engine_is_built_on_by_post() {
    for engine in engines() {
        for status in [403, 404, 501] {
            let home = tempfile::tempdir().unwrap();
            let forbidden = &["/grpc"];
            let proxy = Proxy::start(&engine, Kind::Guarded { forbidden, status }).unwrap();
            let options = options(home.path()).with_host(proxy.host());
            let guarded = Engine::connect(&options).await.unwrap();
            guarded.buildkit().ping().await.unwrap();
            proxy.forget();
            builds(&guarded.buildkit(), &engine.unique("guarded")).await;
            let passed = |path: &str| {
                let passed = proxy.passed();
                let of = passed.iter().filter(|one| one.request.ends_with(path));
                of.count()
            };
            assert_eq!(passed("/session"), 2, "{:?}", proxy.passed());
            assert_eq!(passed("/build"), 2, "{:?}", proxy.passed());
        }
        let home = tempfile::tempdir().unwrap();
        let (forbidden, status) = (&["/grpc", "/session"], 403);
        let proxy = Proxy::start(&engine, Kind::Guarded { forbidden, status }).unwrap();
        let options = options(home.path()).with_host(proxy.host());
        let closed = Engine::connect(&options).await.unwrap();
        let error = closed.buildkit().ping().await.unwrap_err();
        assert!(
            matches!(error, RequestError::Refused { status: 403, .. }),
            "{error:?}"
        );
    }
}

/// A container in which `buildctl dial-stdio` leads to a stand-in, gone with this.
struct Container {
    engine: Handle,
    name: String,
}

impl Container {
    /// Makes it, stopped. Whoever calls `buildctl` in it gets to `port` of this machine, or nowhere.
    fn create(engine: &Handle, name: &str, port: &str) -> Self {
        let script = format!("#!/bin/sh\n[ \"$*\" = dial-stdio ] && exec nc 127.0.0.1 {port}\n");
        let archive = archive(&[
            (
                "Dockerfile",
                b"FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/nc\nCOPY buildctl /bin/\n",
            ),
            ("busybox", &busybox()),
            ("buildctl", script.as_bytes()),
        ]);
        let path = format!("/build?version=1&t={name}");
        let built = engine.request("POST", &path, Some(("application/x-tar", &archive)));
        assert!(built.unwrap().text().contains("Successfully built"));
        let create = serde_json::json!({
            "Image": name, "Cmd": ["/bin/sh", "-c", "while sleep 1; do :; done"],
            "Env": ["PATH=/bin"], "HostConfig": { "NetworkMode": "host" },
        });
        let create = create.to_string();
        let body = Some(("application/json", create.as_bytes()));
        let made = engine.request("POST", &format!("/containers/create?name={name}"), body);
        assert_eq!(made.unwrap().status, 201);
        Self {
            engine: engine.clone(),
            name: name.to_owned(),
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let path = format!("/containers/{}?force=1", self.name);
        let _ = self.engine.request("DELETE", &path, None);
        let _ = self
            .engine
            .request("DELETE", &format!("/images/{}", self.name), None);
    }
}

/// An instance as buildx writes it; see `instances.rs`.
fn instance(engine: &Handle, node: &str) -> Instance {
    let instance = serde_json::json!({
        "Name": "cont", "Driver": "docker-container", "Dynamic": false,
        "Nodes": [{
            "Name": node, "Endpoint": engine.host, "Platforms": null, "DriverOpts": null,
            "Flags": null, "Files": null,
        }],
    });
    serde_json::from_value(instance).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_in_a_container_is_started_and_reached() {
    for engine in engines() {
        let home = tempfile::tempdir().unwrap();
        let proxy = Proxy::start_on(&engine, Kind::Buildkitd, Listen::Tcp).unwrap();
        let (_, port) = proxy.host().rsplit_once(':').unwrap();
        let node = engine.unique("node");
        let instance = instance(&engine, &node);
        let NodeAddress::Daemon(address) = instance.address(&instance.nodes[0]).unwrap() else {
            panic!("{instance:?}")
        };
        let error = BuildKit::connect(&address, &options(home.path())).await;
        assert!(
            matches!(error, Err(DaemonError::NoContainer { .. })),
            "{error:?}"
        );

        let container = format!("buildx_buildkit_{node}");
        let _container = Container::create(&engine, &container, port);
        let reached = BuildKit::connect(&address, &options(home.path())).await;
        let (buildkit, abilities) = reached.unwrap();
        assert!(is_linux(&abilities), "{abilities:?}");
        builds(&buildkit, &engine.unique("container")).await;
        assert!(!proxy.passed().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_without_a_daemon_says_so() {
    for engine in engines() {
        let home = tempfile::tempdir().unwrap();
        let name = engine.unique("nodaemon");
        let container = Container::create(&engine, &name, "1");
        let start = format!("/containers/{name}/start");
        assert_eq!(engine.request("POST", &start, None).unwrap().status, 204);
        let environment = Environment::empty()
            .with("HOME", home.path())
            .with("DOCKER_HOST", &engine.host)
            .with("BUILDKIT_HOST", format!("docker-container://{name}"));
        let chosen = resolve_builder(&environment, &BuilderQuery::default()).unwrap();
        let shipload_engine::Builder::Daemon(address) = chosen.builder else {
            panic!("{chosen:?}")
        };
        let mut options = ConnectOptions::new(environment);
        options.connect_timeout = Duration::from_secs(20);
        let error = BuildKit::connect(&address, &options).await.unwrap_err();
        let told = chain(&error);
        assert!(told.contains("can't connect to remote host"), "{told}");
        drop(container);
    }
}

/// Where nothing is to be found but what the test put there.
#[test]
fn default_sockets_are_the_systems_and_the_users() {
    let environment = Environment::empty().with("XDG_RUNTIME_DIR", "/run/user/7");
    let socket = |path: &str| DaemonAddress::Unix(PathBuf::from(path));
    assert_eq!(
        DaemonAddress::defaults(&environment),
        [
            socket("/run/buildkit/buildkitd.sock"),
            socket("/run/user/7/buildkit/buildkitd.sock"),
        ]
    );
}
