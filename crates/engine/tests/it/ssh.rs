//! `ssh://`, with a program in the place of `ssh` that runs the remote command here, as `sshd` would.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;

use fs_err as fs;
use shipload_engine::{
    BuildKit, BuildOptions, ConnectOptions, ContextBody, DaemonAddress, Engine, Environment,
};
use shipload_testkit::engine::{shared, skip};
use shipload_testkit::packages::{BUSYBOX, ENGINE};
use shipload_testkit::proxy::{Kind, Listen, Proxy};
use shipload_testkit::workspace;
use tempfile::TempDir;

use crate::daemon;
use crate::real::archive;

/// A folder with a program `ssh`, which notes its arguments and then does as `script` says, and an environment that finds it.
fn ssh(script: &str) -> (TempDir, Environment) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("ssh");
    let text = format!(
        "#!/bin/sh\necho \"$*\" >>{}/log\n{script}\n",
        folder.path().display()
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    (folder, Environment::empty().with("PATH", path))
}

/// A `PATH` on which the docker CLI is: this machine's, else that of Debian's packages, which bring it up to Debian 12.
fn path_with_docker() -> Option<OsString> {
    if workspace::on_path("docker").is_some() {
        return std::env::var_os("PATH");
    }
    let packages = ENGINE.provide().unwrap();
    if packages.program("docker").is_none() {
        skip("there is no docker CLI for `docker system dial-stdio`");
        return None;
    }
    Some(packages.path())
}

#[tokio::test]
async fn a_build_goes_through_ssh() {
    let Some(handle) = shared() else { return };
    let socket = handle.host.strip_prefix("unix://").expect("a local Engine");
    let Some(docker) = path_with_docker() else {
        return;
    };
    // The remote side: a shell that is given one line, with the docker CLI on its path.
    let script = format!(
        "while [ \"$1\" != -- ]; do shift; done; shift 2; PATH='{}' exec sh -c \"$*\"",
        docker.to_str().unwrap()
    );
    let (folder, environment) = ssh(&script);
    let environment = environment.with("HOME", folder.path());
    let options = ConnectOptions::new(environment).with_host(format!("ssh://me@far:2222{socket}"));
    let engine = Engine::connect(&options).await.unwrap();
    let context = archive(&[
        ("Dockerfile", b"FROM scratch\nCOPY data /\n"),
        ("data", &vec![7; 3 << 20]),
    ]);
    let built = engine
        .build(ContextBody::from_bytes(context), &BuildOptions::default())
        .finish()
        .await;
    let image = engine
        .inspect(&built.unwrap().image_id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(image.size, 3 << 20);

    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let expected = format!(
        "-o ConnectTimeout=30 -T -l me -p 2222 -- far docker --host 'unix://{socket}' system dial-stdio"
    );
    let mut lines = log.lines();
    assert!(lines.all(|line| line == expected), "{log}");
    // The ping's connection is kept for ordinary requests; the build has its own.
    assert_eq!(log.lines().count(), 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_is_reached_through_ssh() {
    let Some(engine) = shared() else { return };
    let proxy = Proxy::start_on(&engine, Kind::Buildkitd, Listen::Tcp).unwrap();
    let (_, port) = proxy.host().rsplit_once(':').unwrap();
    // The remote side: what `buildctl` would pass bytes on to.
    let packages = BUSYBOX.provide().unwrap();
    let busybox = packages.program("busybox").unwrap();
    let (folder, environment) = ssh(&format!("exec {} nc 127.0.0.1 {port}", busybox.display()));
    let options = ConnectOptions::new(environment.with("HOME", folder.path()));
    let address = DaemonAddress::parse("ssh://me@far:2222/run/b.sock").unwrap();
    let (buildkit, abilities) = BuildKit::connect(&address, &options).await.unwrap();
    assert!(!abilities.platforms.is_empty(), "{abilities:?}");
    daemon::builds(&buildkit, &engine.unique("ssh")).await;

    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let expected = "-o ConnectTimeout=30 -T -l me -p 2222 -- far buildctl --addr 'unix:///run/b.sock' dial-stdio";
    assert!(log.lines().all(|line| line == expected), "{log}");
}

#[tokio::test]
async fn what_ssh_complains_of_is_passed_on() {
    let (_folder, environment) =
        ssh("printf 'far: \\033[31mPermission denied (publickey).\\n' >&2; exit 255");
    let options = ConnectOptions::new(environment).with_host("ssh://far");
    let error = Engine::connect(&options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no engine answers; tried `ssh://far` (--host): `ssh` failed: far: Permission denied (publickey)."
    );

    let nothing = Environment::empty().with("PATH", "/nonexistent");
    let error = Engine::connect(&ConnectOptions::new(nothing).with_host("ssh://far"))
        .await
        .unwrap_err();
    let expected = "no engine answers; tried `ssh://far` (--host): there is no `ssh` on the PATH";
    assert_eq!(error.to_string(), expected);
}
