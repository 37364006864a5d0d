//! What builders can do: as they say it, as buildx says it of them, and as a table.

use std::collections::BTreeMap;

use fs_err as fs;
use shipload_engine::{
    Abilities, BuildOptions, BuilderKind, CacheEntry, Destination, Engine, EngineKind, Frontend,
    Limits, NamedContext, OciLayout, Output, OutputKind, SecretOrigin, SecretSource, SshSource,
    Ulimit,
};
use shipload_testkit::debian_cli::DebianCli;
use shipload_testkit::engine::{self, Handle, modern, shared};

use crate::real;

/// Options, and `docker build`'s flags for the same.
type Case = (&'static str, BuildOptions);

fn with(change: impl FnOnce(&mut BuildOptions)) -> BuildOptions {
    let mut options = BuildOptions::default();
    change(&mut options);
    options
}

fn output(kind: OutputKind, destination: Option<Destination>) -> Output {
    Output {
        kind,
        destination,
        attributes: BTreeMap::new(),
    }
}

fn outputs(list: Vec<Output>) -> BuildOptions {
    with(|options| options.buildkit.outputs = list)
}

fn cache_to(kind: &str) -> BuildOptions {
    let entry = CacheEntry {
        kind: kind.to_owned(),
        attributes: BTreeMap::new(),
    };
    with(|options| options.buildkit.cache_to = vec![entry])
}

fn attest(kind: &str, value: &str) -> BuildOptions {
    let entry = (kind.to_owned(), value.to_owned());
    with(|options| options.buildkit.attestations.extend([entry]))
}

fn limits(change: impl FnOnce(&mut Limits)) -> BuildOptions {
    with(|options| change(&mut options.limits))
}

fn platform(text: &str) -> BuildOptions {
    with(|options| options.platform = Some(text.to_owned()))
}

fn network(name: &str) -> BuildOptions {
    with(|options| options.network = Some(name.to_owned()))
}

fn secrets() -> BuildOptions {
    let secret = SecretSource {
        id: "x".to_owned(),
        from: SecretOrigin::Variable("X".to_owned()),
    };
    with(|options| options.buildkit.secrets = vec![secret])
}

fn ssh() -> BuildOptions {
    let agent = SshSource {
        id: "default".to_owned(),
        paths: Vec::new(),
    };
    with(|options| options.buildkit.ssh = vec![agent])
}

fn contexts() -> BuildOptions {
    let context = NamedContext::Reference("docker-image://x".to_owned());
    with(|options| {
        options.buildkit.contexts.insert("x".to_owned(), context);
    })
}

fn oci_layout() -> BuildOptions {
    let layout = OciLayout {
        directory: "layout".into(),
        tag: "latest".to_owned(),
        digest: None,
    };
    with(|options| {
        let context = NamedContext::OciLayout(layout);
        options.buildkit.contexts.insert("x".to_owned(), context);
    })
}

/// What buildx refuses to do with some Engines, or does.
fn cases() -> Vec<Case> {
    let file = |kind| output(kind, Some(Destination::File("out.tar".into())));
    let folder = output(
        OutputKind::Local,
        Some(Destination::Directory("out".into())),
    );
    vec![
        ("", BuildOptions::default()),
        ("--platform linux/amd64", platform("linux/amd64")),
        (
            "--platform linux/amd64,linux/386",
            platform("linux/amd64,linux/386"),
        ),
        ("--cache-to type=inline", cache_to("inline")),
        ("--cache-to type=local,dest=cache", cache_to("local")),
        (
            "--cache-to type=registry,ref=127.0.0.1:1/x",
            cache_to("registry"),
        ),
        (
            "--output type=oci,dest=out.tar",
            outputs(vec![file(OutputKind::Oci)]),
        ),
        (
            "--output type=docker,dest=out.tar",
            outputs(vec![file(OutputKind::Docker)]),
        ),
        (
            "--output type=docker",
            outputs(vec![output(OutputKind::Docker, None)]),
        ),
        (
            "--output type=tar,dest=out.tar",
            outputs(vec![file(OutputKind::Tar)]),
        ),
        (
            "--output type=local,dest=out",
            outputs(vec![folder.clone()]),
        ),
        (
            "--output type=tar,dest=out.tar --output type=local,dest=out",
            outputs(vec![file(OutputKind::Tar), folder]),
        ),
        (
            "--output type=cacheonly",
            outputs(vec![output(OutputKind::CacheOnly, None)]),
        ),
        ("--provenance=true", attest("provenance", "")),
        ("--provenance=false", attest("provenance", "false")),
        ("--sbom=true", attest("sbom", "")),
        ("--build-context x=docker-image://x", contexts()),
        ("--network none", network("none")),
        ("--network foo", network("foo")),
        ("--squash", with(|options| options.squash = true)),
        (
            "--memory 1g",
            limits(|limits| limits.memory = Some(1 << 30)),
        ),
        (
            "--shm-size 1m",
            limits(|limits| limits.shm_size = Some(1 << 20)),
        ),
        (
            "--no-cache-filter x",
            with(|options| options.buildkit.no_cache_filter = vec!["x".to_owned()]),
        ),
        (
            "--add-host a:1.2.3.4",
            with(|options| options.extra_hosts = vec!["a:1.2.3.4".to_owned()]),
        ),
    ]
}

#[tokio::test]
async fn engines_refuse_what_buildx_refuses_for_them() {
    let cli = match DebianCli::modern() {
        Ok(cli) => cli,
        Err(why) => return engine::skip(&why),
    };
    for handle in [shared(), modern()].into_iter().flatten() {
        let engine = real::connect(&handle).await;
        let abilities = engine.buildkit().abilities().await.unwrap();
        let context = tempfile::tempdir().unwrap();
        fs::write(
            context.path().join("Dockerfile"),
            "FROM scratch\nCOPY a /\n",
        )
        .unwrap();
        fs::write(context.path().join("a"), "a").unwrap();
        for (flags, options) in cases() {
            let arguments = ["buildx", "build", "--network", "none"];
            let flags_apart = flags.split(' ').filter(|flag| !flag.is_empty());
            let mut docker = cli.command(&handle);
            docker.args(arguments).args(flags_apart).arg(context.path());
            let output = docker.current_dir(context.path()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            let checked = abilities.check(&options, Frontend::BuiltIn);
            assert_eq!(
                checked.is_ok(),
                output.status.success(),
                "{handle:?} {flags}: {checked:?} {told}"
            );
        }
    }
}

#[tokio::test]
async fn engines_say_what_they_are() {
    let expected = |handle: &Handle| {
        let version = handle.describe().unwrap();
        // Only of those that are known here.
        ["20.10", "26.1"]
            .into_iter()
            .find(|known| version.starts_with(known))
    };
    for handle in [shared(), modern()].into_iter().flatten() {
        let engine: Engine = real::connect(&handle).await;
        let abilities = engine.buildkit().abilities().await.unwrap();
        let version = abilities.version.unwrap().to_string();
        match expected(&handle) {
            Some("20.10") => assert_eq!(version, "0.8"),
            Some("26.1") => assert_eq!(version, "0.13"),
            _ => {}
        }
        assert!(
            abilities.platforms.contains(&"linux/amd64".to_owned())
                || abilities.platforms.contains(&"linux/arm64".to_owned()),
            "{abilities:?}"
        );
        let asked_again = real::connect(&handle).await.buildkit().abilities().await;
        assert_eq!(asked_again.unwrap(), abilities);
    }
}

fn builder(kind: BuilderKind, version: Option<(u16, u16)>) -> Abilities {
    let version = version.map(|(major, minor)| {
        let text = format!("v{major}.{minor}.1");
        text.parse().unwrap()
    });
    Abilities {
        kind,
        version,
        platforms: Vec::new(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn what_a_builder_cannot_do_is_told_with_one_that_can() {
    use BuilderKind::{Daemon, Engine, EngineWithContainerd};

    let classic = Abilities::classic(EngineKind::Docker);
    let podman = Abilities::classic(EngineKind::Podman);
    let (secrets, ssh, contexts) = (secrets(), ssh(), contexts());
    let both = platform("linux/amd64,linux/arm64");
    let tar = || output(OutputKind::Tar, Some(Destination::Stdout));
    for (abilities, options, frontend, expected) in [
        (
            &classic,
            &secrets,
            Frontend::BuiltIn,
            "the classic builder cannot hand out secrets (--secret) [use BuildKit, with --engine buildkit]",
        ),
        (
            &podman,
            &ssh,
            Frontend::BuiltIn,
            "Podman cannot hand out SSH agents (--ssh) [use BuildKit of a Docker Engine",
        ),
        (
            &classic,
            &both,
            Frontend::BuiltIn,
            "the classic builder cannot build for several platforms at once (--platform linux/amd64,linux/arm64) [",
        ),
        (&classic, &network("foo"), Frontend::BuiltIn, "can"),
        (
            &builder(Engine, Some((0, 8))),
            &secrets,
            Frontend::BuiltIn,
            "can",
        ),
        (
            &builder(Engine, Some((0, 8))),
            &contexts,
            Frontend::BuiltIn,
            "BuildKit 0.8 of the engine, without its containerd image store, cannot take several contexts",
        ),
        (
            &builder(Engine, Some((0, 8))),
            &contexts,
            Frontend::Image,
            "can",
        ),
        (
            &builder(Engine, Some((0, 10))),
            &contexts,
            Frontend::BuiltIn,
            "can",
        ),
        (
            &builder(Engine, Some((0, 20))),
            &both,
            Frontend::BuiltIn,
            "[turn on the Engine's containerd image store",
        ),
        (
            &builder(EngineWithContainerd, Some((0, 20))),
            &both,
            Frontend::BuiltIn,
            "can",
        ),
        (
            &builder(Daemon, Some((0, 20))),
            &both,
            Frontend::BuiltIn,
            "can",
        ),
        (&builder(Daemon, None), &both, Frontend::BuiltIn, "can"),
        (
            &builder(Engine, Some((0, 13))),
            &oci_layout(),
            Frontend::BuiltIn,
            "cannot take an image in the OCI layout for a context (--build-context …=oci-layout://…) \
             [turn on the Engine's containerd image store",
        ),
        (
            &builder(EngineWithContainerd, Some((0, 13))),
            &oci_layout(),
            Frontend::BuiltIn,
            "can",
        ),
        (
            &builder(Daemon, Some((0, 10))),
            &oci_layout(),
            Frontend::BuiltIn,
            "[use BuildKit 0.11 or later",
        ),
        (
            &Abilities::classic(EngineKind::Docker),
            &oci_layout(),
            Frontend::BuiltIn,
            "[use BuildKit, with --engine buildkit]",
        ),
        (
            &builder(Daemon, Some((0, 10))),
            &attest("sbom", ""),
            Frontend::BuiltIn,
            "[use BuildKit 0.11 or later",
        ),
        (
            &builder(Daemon, Some((0, 12))),
            &outputs(vec![tar(), tar()]),
            Frontend::BuiltIn,
            "several outputs",
        ),
        (
            &builder(Daemon, Some((0, 13))),
            &outputs(vec![tar(), tar()]),
            Frontend::BuiltIn,
            "can",
        ),
        (
            &builder(Daemon, Some((0, 13))),
            &network("foo"),
            Frontend::BuiltIn,
            "use none, host or default",
        ),
    ] {
        let told = match abilities.check(options, frontend) {
            Ok(_) => "can".to_owned(),
            Err(error) => format!("{error} [{}]", error.hint().unwrap()),
        };
        if expected == "can" {
            assert_eq!(told, "can");
        } else {
            assert!(told.contains(expected), "{told}");
        }
    }
}

#[test]
fn what_has_no_effect_is_told() {
    let all = with(|options| {
        options.squash = true;
        options.isolation = Some("process".to_owned());
        options.security_options = vec!["label=x".to_owned()];
        options.limits = Limits {
            memory: Some(1),
            memory_swap: Some(1),
            shm_size: Some(1),
            cpu_shares: Some(1),
            cpuset_cpus: Some("0".to_owned()),
            cpuset_mems: Some("0".to_owned()),
            cpu_period: Some(1),
            cpu_quota: Some(1),
            ulimits: vec![Ulimit {
                name: "nofile".to_owned(),
                soft: 1,
                hard: 1,
            }],
            cgroup_parent: Some("x".to_owned()),
        };
    });
    let newer = "--squash --security-opt --isolation --memory --memory-swap --cpu-shares --cpu-period --cpu-quota \
                 --cpuset-cpus --cpuset-mems";
    let older = format!("{newer} --shm-size --ulimit --cgroup-parent");
    for (abilities, expected) in [
        (Abilities::classic(EngineKind::Docker), ""),
        (Abilities::classic(EngineKind::Podman), ""),
        (builder(BuilderKind::Engine, Some((0, 8))), &*older),
        (builder(BuilderKind::Engine, Some((0, 10))), newer),
        (builder(BuilderKind::Daemon, None), newer),
    ] {
        let unheeded = abilities.check(&all, Frontend::BuiltIn).unwrap();
        let options: Vec<_> = unheeded.iter().map(|one| one.option).collect();
        assert_eq!(options.join(" "), expected);
    }
    let builder = builder(BuilderKind::Daemon, Some((0, 13)));
    let told = builder.check(&all, Frontend::BuiltIn).unwrap()[0].to_string();
    assert_eq!(told, "--squash has no effect on BuildKit 0.13");
}
