//! TLS between us and a real Engine that verifies its clients.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use fs_err as fs;
use shipload_context::Compression;
use shipload_engine::{BuildOptions, ConnectOptions, ContextBody, Engine, Environment};
use shipload_testkit::engine::{Private, private_with};
use shipload_testkit::tls::{Authority, Purpose};

use crate::real::archive;

/// A context named `far`; its digest is `printf far | sha256sum`.
fn context(settings: &Path, host: &str, more: &str) -> std::path::PathBuf {
    let digest = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";
    let meta = settings.join("contexts/meta").join(digest);
    fs::create_dir_all(&meta).unwrap();
    let text = format!(r#"{{"Name":"far","Endpoints":{{"docker":{{"Host":"{host}"{more}}}}}}}"#);
    fs::write(meta.join("meta.json"), text).unwrap();
    let tls = settings.join("contexts/tls").join(digest).join("docker");
    fs::create_dir_all(&tls).unwrap();
    tls
}

/// An Engine that listens on a port as well, and takes clients of its authority only.
fn engine_behind_tls(certs: &Path) -> Option<(Private, u16)> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let file = |option: &str, name: &str| format!("--{option}={}", certs.join(name).display());
    let engine = private_with(&[
        format!("--host=tcp://127.0.0.1:{port}"),
        "--tlsverify".to_owned(),
        file("tlscacert", "ca.pem"),
        file("tlscert", "cert.pem"),
        file("tlskey", "key.pem"),
    ])?;
    Some((engine, port))
}

#[tokio::test]
async fn an_engine_behind_tls_is_verified_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let authority = Authority::new("ours").unwrap();
    let stranger = Authority::new("another").unwrap();
    for (name, host, purpose) in [
        ("server", "127.0.0.1", Purpose::Server),
        ("client", "client", Purpose::Client),
    ] {
        authority.issue(&at(name), &[host], purpose).unwrap();
    }
    let Some((_engine, port)) = engine_behind_tls(&at("server")) else {
        return;
    };

    let by_variables = |certs: &str, host: &str| {
        Environment::empty()
            .with("DOCKER_HOST", format!("tcp://{host}:{port}"))
            .with("DOCKER_TLS_VERIFY", "1")
            .with("DOCKER_CERT_PATH", at(certs))
    };
    let build = async |environment: Environment| {
        let engine = Engine::connect(&ConnectOptions::new(environment)).await?;
        assert_eq!(engine.auto_compression(), Compression::Gzip);
        let context = archive(&[
            ("Dockerfile", b"FROM scratch\nCOPY data /\n"),
            ("data", &vec![7; 3 << 20]),
        ]);
        let build = engine.build(ContextBody::from_bytes(context), &BuildOptions::default());
        Ok::<_, shipload_engine::ConnectError>(build.finish().await.unwrap())
    };
    build(by_variables("client", "127.0.0.1")).await.unwrap();

    // The same material in a context.
    let host = format!("tcp://127.0.0.1:{port}");
    let tls = context(&at("settings"), &host, "");
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(at("client").join(name), tls.join(name)).unwrap();
    }
    let by_context = Environment::empty()
        .with("DOCKER_CONFIG", at("settings"))
        .with("DOCKER_CONTEXT", "far");
    build(by_context.clone()).await.unwrap();

    // An authority that we do not know, with and without minding.
    stranger.write(&tls.join("ca.pem")).unwrap();
    let unknown = build(by_context.clone()).await.unwrap_err().to_string();
    context(&at("settings"), &host, ",\"SkipTLSVerify\":true");
    build(by_context).await.unwrap();

    // A client that the Engine does not know, and one that does not say who it is.
    let issued = stranger.issue(&at("stranger"), &["client"], Purpose::Client);
    issued.unwrap();
    authority.write(&at("stranger/ca.pem")).unwrap();
    fs::create_dir(at("nobody")).unwrap();
    authority.write(&at("nobody/ca.pem")).unwrap();
    let refused = build(by_variables("stranger", "127.0.0.1"))
        .await
        .unwrap_err()
        .to_string();
    let anonymous = build(by_variables("nobody", "127.0.0.1"))
        .await
        .unwrap_err()
        .to_string();
    let elsewhere = build(by_variables("client", "localhost"))
        .await
        .unwrap_err()
        .to_string();
    let missing = build(by_variables("missing", "127.0.0.1"))
        .await
        .unwrap_err()
        .to_string();
    let plain = Environment::empty().with("DOCKER_HOST", &host);
    let plain = Engine::connect(&ConnectOptions::new(plain))
        .await
        .unwrap_err()
        .to_string();
    for (error, expected) in [
        (unknown, "invalid peer certificate: UnknownIssuer"),
        (refused, "received fatal alert"),
        (anonymous, "received fatal alert"),
        (elsewhere, "certificate not valid for name \"localhost\""),
        (
            missing,
            &*format!("failed to open file `{}`", at("missing/ca.pem").display()),
        ),
        (plain, "Client sent an HTTP request to an HTTPS server"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}
