//! Builds on a BuildKit that is part of no Engine, for which one behind a proxy stands in, and on an Engine whose images are in
//! containerd's store.

use std::path::Path;
use std::process::Command;

use fs_err as fs;
use serde_json::{Value, json};
use shipload_testkit::debian_cli::DebianCli;
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::proxy::{Kind, Listen, Proxy};
use shipload_testkit::registry::{PASSWORD, Registry};
use shipload_testkit::tls::{Authority, Purpose, TlsFront};

use super::{engines, fine};
use crate::engine::{Image, log_in};
use crate::sandbox::{Run, Sandbox, names};

/// A socket proxy that lets nobody through to BuildKit's own protocol.
const GUARDED: Kind = Kind::Guarded {
    forbidden: &["/grpc"],
    status: 403,
};

const DOCKERFILE: &str = "FROM scratch\nCOPY a /\n";

/// The program with nothing said of a builder.
fn command(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(&["build", "--network", "none"]);
    command.args(arguments);
    command
}

/// A build on the daemon at `address`.
fn build_at(sandbox: &Sandbox, address: &str, arguments: &[&str]) -> Run {
    let mut command = command(sandbox, arguments);
    command.env("BUILDKIT_HOST", address);
    sandbox.finish(command.spawn().unwrap())
}

/// A real buildx keeps a builder `far` that is reached with these certificates.
fn create(cli: &DebianCli, engine: &Handle, certificates: &Path, address: &str) {
    let file = |name: &str| certificates.join(name).display().to_string();
    let options = format!(
        "cacert={},cert={},key={}",
        file("ca.pem"),
        file("cert.pem"),
        file("key.pem")
    );
    let output = cli
        .command(engine)
        .args(["buildx", "create", "--name", "far", "--driver", "remote"])
        .args(["--driver-opt", &options, address])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[test]
fn a_daemon_is_named_by_its_address() {
    for engine in engines() {
        for listen in [Listen::Unix, Listen::Tcp] {
            let proxy = Proxy::start_on(&engine, Kind::Buildkitd, listen).unwrap();
            let sandbox = Sandbox::with(&[("Dockerfile", DOCKERFILE), ("a", "a")]);
            let run = fine(build_at(&sandbox, proxy.host(), &["-o", "out"]));
            assert!(!run.stderr.contains("warning"), "{}", run.stderr);
            assert!(sandbox.path("out/a").is_file());
            let piped = build_at(&sandbox, proxy.host(), &["-q", "-o", "-"]).fine();
            assert_eq!(names(&piped.stdout), ["a"]);
            let run = fine(build_at(&sandbox, proxy.host(), &["-t", "nowhere"]));
            let warning = "warning: nothing will be left of the build but its cache\nhint: push ";
            assert!(run.stderr.starts_with(warning), "{}", run.stderr);
            assert!(!run.stderr.contains("named nowhere"), "{}", run.stderr);
        }
    }
}

#[test]
fn a_builder_of_buildx_behind_tls() {
    let Some(engine) = engine::modern() else {
        return;
    };
    let cli = match DebianCli::modern() {
        Ok(cli) => cli,
        Err(why) => return engine::skip(&why),
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let authority = Authority::new("ours").unwrap();
    authority
        .issue(&at("server"), &["127.0.0.1"], Purpose::Server)
        .unwrap();
    authority
        .issue(&at("client"), &["client"], Purpose::Client)
        .unwrap();
    let proxy = Proxy::start(&engine, Kind::Buildkitd).unwrap();
    let front = TlsFront::start(proxy.host(), &at("server")).unwrap();
    create(&cli, &engine, &at("client"), front.host());

    let sandbox = Sandbox::with(&[("Dockerfile", DOCKERFILE), ("a", "a")]);
    for (arguments, variable) in [(&["--builder", "far"][..], None), (&[], Some("far"))] {
        let mut command = command(&sandbox, arguments);
        command.args(["-o", "out"]);
        command.env("DOCKER_CONFIG", cli.config());
        command.envs(variable.map(|name| ("BUILDX_BUILDER", name)));
        fine(sandbox.finish(command.spawn().unwrap()));
        fs::remove_file(sandbox.path("out/a")).unwrap();
    }
    let built = proxy.passed().len();
    assert!(built >= 4, "{:?}", proxy.passed());
    let mut doctor = sandbox.command(&["doctor", "--builder", "far"]);
    doctor.env("DOCKER_CONFIG", cli.config());
    doctor.env("DOCKER_HOST", &engine.host);
    let text = sandbox.finish(doctor.spawn().unwrap()).fine().text();
    let address = front.host();
    let told = format!(
        " at {address} (builder `far` named by --builder)\n          --builder says far\nreached   by plain gRPC\nfor       linux/"
    );
    assert!(text.contains(&told), "{text}");
    assert!(text.contains("\nbuilder   BuildKit"), "{text}");
    assert!(text.starts_with("engine    unix://"), "{text}");

    // An address alone has no certificates.
    let run = build_at(&sandbox, front.host(), &["-o", "out"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
    assert!(run.stderr.contains("--builder"), "{}", run.stderr);
    let mut command = command(&sandbox, &["--builder", "nobody"]);
    let run = sandbox.finish(command.env("DOCKER_CONFIG", cli.config()).spawn().unwrap());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("`nobody`"), "{}", run.stderr);
}

#[test]
fn doctor_tells_how_a_builder_is_reached() {
    for engine in engines() {
        for (kind, way, said) in [
            (Kind::Relay, "upgrade", "gRPC within POST /grpc"),
            (Kind::Newer, "direct", "plain gRPC"),
            (GUARDED, "post", "POST /build with a session"),
        ] {
            let proxy = Proxy::start(&engine, kind).unwrap();
            let sandbox = Sandbox::new();
            let doctor = |format| {
                let arguments = ["doctor", "-H", proxy.host(), "--format", format];
                sandbox.run(&arguments).fine().text()
            };
            let text = doctor("text");
            assert!(text.contains(&format!("\nreached   by {said}\n")), "{text}");
            let found: Value = serde_json::from_str(&doctor("json")).unwrap();
            let trail = [json!({"source": "--builder", "said": null})];
            let expected = json!({
                "kind": "buildkit", "address": null, "why": "nothing names another", "way": way,
                "buildkit": null, "trail": trail,
            });
            assert_eq!(found["builder"], expected);
        }

        // A builder by itself needs no engine.
        let proxy = Proxy::start(&engine, Kind::Buildkitd).unwrap();
        let sandbox = Sandbox::new();
        let doctor = |format| {
            let mut command = sandbox.command(&["doctor", "--format", format]);
            command.env("DOCKER_HOST", "unix:///nowhere");
            command.env("BUILDKIT_HOST", proxy.host());
            sandbox.finish(command.spawn().unwrap()).fine().text()
        };
        let text = doctor("text");
        let first = "engine    none answers, and the builder needs none\nbuilder   BuildKit";
        assert!(text.starts_with(first), "{text}");
        let named = format!(" at {} (BUILDKIT_HOST)\n", proxy.host());
        assert!(text.contains(&named), "{text}");
        let found: Value = serde_json::from_str(&doctor("json")).unwrap();
        assert_eq!(found["engine"], Value::Null);
        let builder = &found["builder"];
        assert_eq!(builder["address"], proxy.host());
        assert_eq!(builder["way"], "direct");
        assert!(builder["buildkit"]["platforms"].is_array(), "{builder}");
    }
}

/// The index of the archive `file`, and of what it leads to.
fn index(sandbox: &Sandbox, file: &str) -> (Value, Value) {
    let read = |name: &str| -> Value {
        let mut archive = tar::Archive::new(fs::File::open(sandbox.path(file)).unwrap());
        let mut entries = archive.entries().unwrap().map(Result::unwrap);
        let entry = entries
            .find(|entry| &entry.path_bytes()[..] == name.as_bytes())
            .unwrap();
        serde_json::from_reader(entry).unwrap()
    };
    let index = read("index.json");
    let digest = index["manifests"][0]["digest"].as_str().unwrap();
    let manifest = read(&format!("blobs/{}", digest.replace(':', "/")));
    (index, manifest)
}

/// The platforms of an index; attestations have none.
fn platforms(index: &Value) -> Vec<&str> {
    let manifests = index["manifests"].as_array().unwrap().iter();
    manifests
        .map(|manifest| manifest["platform"]["architecture"].as_str().unwrap())
        .collect()
}

#[test]
fn images_of_a_builder_by_itself() {
    let (Some(usual), Some(containerd)) = (engine::shared(), engine::containerd_store()) else {
        return;
    };
    let proxy = Proxy::start(containerd.handle(), Kind::Buildkitd).unwrap();
    let registry = Registry::start().unwrap();
    let sandbox = Sandbox::with(&[("Dockerfile", DOCKERFILE), ("a", "a")]);
    let both = ["--platform", "linux/amd64,linux/arm64"];
    let on = |arguments: &[&str]| build_at(&sandbox, proxy.host(), arguments);

    // Into an Engine.
    let image = Image::new(&usual);
    let mut command = command(&sandbox, &["-q", "-t", &image.name, "--load"]);
    command.env("BUILDKIT_HOST", proxy.host());
    command.env("DOCKER_HOST", &usual.host);
    let id = sandbox.finish(command.spawn().unwrap()).fine().text();
    assert_eq!(usual.image_id(&image.name).unwrap(), id.trim_end());

    // Into archives.
    let name = &image.name;
    fine(on(&["-t", name, "-o", "type=docker,dest=docker.tar"]));
    let saved = fs::read(sandbox.path("docker.tar")).unwrap();
    assert!(names(&saved).contains(&"manifest.json".to_owned()));
    let oci = ["-t", name, "-o", "type=oci,dest=oci.tar"];
    fine(on(&oci));
    let (index_of, manifest) = index(&sandbox, "oci.tar");
    let annotations = &index_of["manifests"][0]["annotations"];
    let named = annotations["io.containerd.image.name"].as_str();
    assert!(named.unwrap().ends_with(&format!("/{name}:latest")));
    assert!(manifest["layers"].is_array(), "{manifest}");
    fine(on(&[&oci[..], &both].concat()));
    let (_, several) = index(&sandbox, "oci.tar");
    assert_eq!(platforms(&several), ["amd64", "arm64"]);
    fine(on(&[&oci[..], &["--provenance=mode=max"]].concat()));
    let (_, attested) = index(&sandbox, "oci.tar");
    assert_eq!(platforms(&attested), ["amd64", "unknown"]);

    // Into a registry, from which an Engine takes it.
    let mut pushed = Image::new(&usual);
    pushed.name = format!("{}/{name}:1", registry.address());
    let push = ["-t", &pushed.name, "--push", "--metadata-file", "metadata"];
    let refused = on(&push);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let auth = log_in(&sandbox, &registry);
    let run = fine(on(&[&push[..], &both].concat()));
    assert!(!run.stderr.contains(PASSWORD) && !run.stderr.contains(&auth));
    let metadata = fs::read(sandbox.path("metadata")).unwrap();
    let metadata: Value = serde_json::from_slice(&metadata).unwrap();
    let digest = metadata["containerimage.digest"].as_str().unwrap();
    let base = format!("FROM {}@{digest}\nCOPY a /b\n", pushed.name);
    sandbox.write("Dockerfile", base);
    let mut command = self::command(&sandbox, &["-o", "out"]);
    command.env("DOCKER_HOST", &usual.host);
    fine(sandbox.finish(command.spawn().unwrap()));
    assert!(sandbox.path("out/a").is_file() && sandbox.path("out/b").is_file());
}

#[test]
fn an_engine_with_its_images_in_containerd() {
    let Some(containerd) = engine::containerd_store() else {
        return;
    };
    let engine = containerd.handle();
    let registry = Registry::start().unwrap();
    let sandbox = Sandbox::with(&[("Dockerfile", DOCKERFILE), ("a", "a")]);
    let name = format!("{}/several:1", registry.address());
    let build = |arguments: &[&str]| super::build(&sandbox, engine, arguments);
    let several = ["--platform", "linux/amd64,linux/arm64", "--provenance=true"];
    let id = build(&[&["-q", "-t", &name], &several[..]].concat());
    let id = id.fine().text();
    // Such a store names images by what they are found under.
    assert_eq!(engine.image_id(&name).unwrap(), id.trim_end());
    fine(build(
        &[&["-o", "type=oci,dest=oci.tar"], &several[..]].concat(),
    ));
    let (_, made) = index(&sandbox, "oci.tar");
    assert_eq!(platforms(&made), ["amd64", "arm64", "unknown", "unknown"]);

    log_in(&sandbox, &registry);
    let run = fine(build(&["-t", &name, "--push"]));
    assert!(run.stderr.contains("\npushed 1: sha256:"), "{}", run.stderr);
}
