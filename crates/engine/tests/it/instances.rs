//! Builders that buildx keeps: files that a real buildx wrote, read as it reads them itself.

use std::path::Path;

use fs_err as fs;
use shipload_engine::{
    Builder, BuilderQuery, DaemonAddress, Environment, Instance, NodeAddress, WhyBuilder,
    resolve_builder,
};
use shipload_testkit::debian_cli::DebianCli;
use shipload_testkit::engine;

/// Written by `docker buildx create` of buildx 0.13.1.
const INSTANCES: &[(&str, &str)] = &[
    (
        "upper",
        r#"{"Name":"Upper","Driver":"remote","Nodes":[{"Name":"upper0","Endpoint":"docker-container://foo","Platforms":null,"DriverOpts":null,"Flags":null,"Files":null}],"Dynamic":false}"#,
    ),
    (
        "cont",
        r#"{"Name":"cont","Driver":"docker-container","Nodes":[{"Name":"cont0","Endpoint":"unix:///run/sock","Platforms":[{"architecture":"arm64","os":"linux"}],"DriverOpts":{"network":"host"},"Flags":["--allow-insecure-entitlement=network.host"],"Files":null},{"Name":"cont1","Endpoint":"far","Platforms":null,"DriverOpts":null,"Flags":["--allow-insecure-entitlement=network.host"],"Files":null}],"Dynamic":false}"#,
    ),
    (
        "tls",
        r#"{"Name":"tls","Driver":"remote","Nodes":[{"Name":"tls0","Endpoint":"tcp://127.0.0.1:1234","Platforms":null,"DriverOpts":{"cacert":"/c/ca.pem","cert":"/c/cert.pem","key":"/c/key.pem","servername":"bk"},"Flags":null,"Files":null}],"Dynamic":false}"#,
    ),
    (
        "portless",
        r#"{"Name":"portless","Driver":"remote","Nodes":[{"Name":"portless0","Endpoint":"tcp://127.0.0.1","Platforms":null,"DriverOpts":null,"Flags":null,"Files":null}],"Dynamic":false}"#,
    ),
    // What follows was written by hand: the first needs a Kubernetes, the others are made by nobody.
    (
        "kube",
        r#"{"Name":"kube","Driver":"kubernetes","Nodes":[{"Name":"kube0","Endpoint":"kubernetes:///kube?deployment=kube0","Platforms":null,"DriverOpts":null,"Flags":null,"Files":null}],"Dynamic":false}"#,
    ),
    (
        "relative",
        r#"{"Name":"relative","Driver":"remote","Nodes":[{"Name":"relative0","Endpoint":"tcp://h:1","DriverOpts":{"cacert":"ca.pem"}}]}"#,
    ),
    (
        "caless",
        r#"{"Name":"caless","Driver":"remote","Nodes":[{"Name":"caless0","Endpoint":"tcp://h:1","DriverOpts":{"cert":"/c.pem","key":"/k.pem"}}]}"#,
    ),
    (
        "socket",
        r#"{"Name":"socket","Driver":"remote","Nodes":[{"Name":"socket0","Endpoint":"unix:///s","DriverOpts":{"cacert":"/c.pem"}}]}"#,
    ),
    (
        "evil",
        r#"{"Name":"evil","Driver":"docker-container","Nodes":[{"Name":"../x","Endpoint":"unix:///s"}]}"#,
    ),
    ("none", r#"{"Name":"none","Driver":"remote","Nodes":null}"#),
    ("broken", r#"{"Name":"#),
];

/// Settings with these instances and a docker context `far`.
fn settings() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (name, text) in INSTANCES {
        write(&format!("buildx/instances/{name}"), text);
    }
    // `printf far | sha256sum`
    let digest = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";
    write(
        &format!("contexts/meta/{digest}/meta.json"),
        r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2375"}}}"#,
    );
    folder
}

fn environment(settings: &Path) -> Environment {
    Environment::empty().with("DOCKER_CONFIG", settings)
}

/// What is found, in a line: the builder and why, or the errors and what to do.
fn told(environment: &Environment, query: &BuilderQuery) -> String {
    match resolve_builder(environment, query) {
        Ok(found) => format!("{} ({})", line(&found.builder), found.why),
        Err(error) => {
            let mut told = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                told = format!("{told}: {next}");
                cause = next.source();
            }
            match error.hint() {
                Some(hint) => format!("{told} [{hint}]"),
                None => told,
            }
        }
    }
}

fn line(builder: &Builder) -> String {
    match builder {
        Builder::Engine(query) => format!("engine {:?} {:?}", query.context, query.host),
        Builder::Daemon(address) => address.to_string(),
    }
}

#[test]
fn builders_are_found_by_name() {
    let folder = settings();
    for (name, platforms, expected) in [
        (
            "tls",
            &[][..],
            "tcp://127.0.0.1:1234 (builder `tls` named by --builder)",
        ),
        (
            "upper",
            &[],
            "docker-container://foo (builder `upper` named by --builder)",
        ),
        (
            "UPPER",
            &[],
            "docker-container://foo (builder `UPPER` named by --builder)",
        ),
        ("cont", &[], "docker-container://buildx_buildkit_cont0 ("),
        (
            "cont",
            &["linux/arm64/v8"],
            "docker-container://buildx_buildkit_cont0 (",
        ),
        (
            "cont",
            &["linux/amd64"],
            "docker-container://buildx_buildkit_cont1?context=far (",
        ),
        (
            "far",
            &[],
            "engine Some(\"far\") None (builder `far` named by --builder)",
        ),
        ("default", &[], "engine Some(\"default\") None ("),
        (
            "portless",
            &[],
            "`tcp://127.0.0.1` is no address of a BuildKit: the port is missing [write unix://",
        ),
        (
            "kube",
            &[],
            "its driver `kubernetes` is not supported [run `kubectl port-forward",
        ),
        (
            "relative",
            &[],
            "`relative0` is not what buildx makes: `ca.pem` of `cacert` is no absolute path",
        ),
        ("caless", &[], "`cacert` is missing among its options"),
        ("socket", &[], "certificates are only possible with tcp"),
        (
            "evil",
            &[],
            "`../x` is not what buildx makes: that is no name of a container",
        ),
        (
            "none",
            &[],
            "cannot use builder `none` named by --builder: it has no nodes",
        ),
        ("broken", &[], "it ends too early at line 1, column 8"),
        (
            "x",
            &[],
            "there is no builder `x`; there are `broken`, `caless`, `cont`, `evil`, `kube`, `none`",
        ),
        (
            "../instances/tls",
            &[],
            "there is no builder `../instances/tls`",
        ),
    ] {
        let query = BuilderQuery {
            builder: Some(name.to_owned()),
            platforms: platforms.iter().map(ToString::to_string).collect(),
            ..BuilderQuery::default()
        };
        let told = told(&environment(folder.path()), &query);
        assert!(told.contains(expected), "{name}: {told}");
    }
}

#[test]
fn sources_go_before_one_another() {
    let folder = settings();
    let current = |text: &str| fs::write(folder.path().join("buildx/current"), text).unwrap();
    let engine = "unix:///var/run/docker.sock";
    let for_engine = format!(r#"{{"Key":"{engine}","Name":"upper","Global":false}}"#);
    let for_other = r#"{"Key":"unix:///other","Name":"upper","Global":false}"#;
    let for_all = r#"{"Key":"unix:///other","Name":"upper","Global":true}"#;
    let gone = format!(r#"{{"Key":"{engine}","Name":"gone","Global":false}}"#);
    let alias = r#"{"aliases":{"builder":"buildx"}}"#;
    let own = "engine None None (the engine's own)";
    let upper = "docker-container://foo (builder `Upper` chosen by `docker buildx use`)";
    let host = ("BUILDKIT_HOST", "tcp://h:1");
    let builder = ("BUILDX_BUILDER", "tls");
    for (config, chosen, variables, expected) in [
        ("{}", for_engine.as_str(), &[][..], own),
        (alias, &for_engine, &[], upper),
        (alias, for_other, &[], own),
        (alias, for_all, &[], upper),
        (alias, &gone, &[], own),
        (alias, &for_engine, &[host], "tcp://h:1 (BUILDKIT_HOST)"),
        (
            alias,
            &for_engine,
            &[host, builder],
            "tcp://127.0.0.1:1234 (builder `tls` named by BUILDX_BUILDER)",
        ),
        (
            "{}",
            "",
            &[("BUILDKIT_HOST", "npipe:////./pipe/x")],
            "cannot use BUILDKIT_HOST: cannot use `npipe:////./pipe/x`: named pipes are not supported [let buildkitd",
        ),
        (
            "{}",
            "",
            &[("BUILDX_BUILDER", "x")],
            "cannot use builder `x` named by BUILDX_BUILDER: there is no builder `x`",
        ),
    ] {
        fs::write(folder.path().join("config.json"), config).unwrap();
        current(if chosen.is_empty() { "{}" } else { chosen });
        let mut environment = environment(folder.path());
        for (name, value) in variables {
            environment = environment.with(*name, *value);
        }
        let told = told(&environment, &BuilderQuery::default());
        assert!(told.starts_with(expected), "{told}");

        // An engine that the caller names goes before all of them.
        let mut query = BuilderQuery::default();
        query.engine.host = Some("tcp://e:1".to_owned());
        let told = self::told(&environment, &query);
        assert_eq!(told, "engine None Some(\"tcp://e:1\") (the engine's own)");
    }
    // `printf unix:///var/run/docker.sock | sha256sum`
    fs::create_dir(folder.path().join("buildx/defaults")).unwrap();
    let default = folder.path().join("buildx/defaults/13c4025c96f36e94b348");
    fs::write(default, "tls").unwrap();
    fs::write(folder.path().join("config.json"), alias).unwrap();
    current(for_other);
    let told = told(&environment(folder.path()), &BuilderQuery::default());
    assert_eq!(
        told,
        "tcp://127.0.0.1:1234 (builder `tls` chosen by `docker buildx use`)"
    );
}

#[test]
fn addresses_are_read() {
    for (text, expected) in [
        ("unix:///run/buildkit/buildkitd.sock", Ok("")),
        ("tcp://[::1]:1234", Ok("")),
        ("ssh://me@far:22/run/b.sock", Ok("")),
        ("docker-container://b", Ok("")),
        ("docker-container://b?context=far", Ok("")),
        (
            "docker-container://",
            Err("the name of the container is missing"),
        ),
        (
            "docker-container://a/../b",
            Err("the name of the container is missing or none"),
        ),
        ("docker-container://b?x=y", Err("only `context` may follow")),
        (
            "podman-container://b",
            Err("containers of other programs than Docker are not supported"),
        ),
        ("kube-pod://b", Err("pods of Kubernetes are not supported")),
        ("unix://", Err("the path is missing")),
        ("/run/s", Err("it has no scheme")),
        ("http://h:1", Err("the scheme is not one of")),
        ("tcp://me:secret@h:1", Err("`tcp://…@h:1` is no address")),
    ] {
        let read = DaemonAddress::parse(text);
        match (read, expected) {
            (Ok(address), Ok(_)) => assert_eq!(address.to_string(), text),
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{error}");
                assert!(error.hint().is_some(), "{error}");
            }
            (read, _) => panic!("{text}: {read:?}"),
        }
    }
}

/// The lines of `docker buildx inspect` that say what was kept; what it asks of a node that does not answer is left out.
fn inspected(text: &str) -> Vec<(String, String)> {
    let kept = ["Name", "Driver", "Endpoint", "Driver Options", "Platforms"];
    text.lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value = value.trim().trim_end_matches('*');
            let mut words: Vec<_> = value.split(' ').collect();
            if name == "Driver Options" {
                // In the order in which Go happens to walk a map.
                words.sort_unstable();
            }
            kept.contains(&name)
                .then(|| (name.to_owned(), words.join(" ")))
        })
        .collect()
}

fn described(instance: &Instance) -> Vec<(String, String)> {
    let mut lines = vec![
        ("Name", instance.name.clone()),
        ("Driver", instance.driver.clone()),
    ];
    for node in &instance.nodes {
        lines.push(("Name", node.name.clone()));
        lines.push(("Endpoint", node.endpoint.clone()));
        let options = node.driver_opts.iter();
        let options: Vec<_> = options
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        if !options.is_empty() {
            lines.push(("Driver Options", options.join(" ")));
        }
        let platforms: Vec<_> = node.platforms.iter().map(ToString::to_string).collect();
        if !platforms.is_empty() {
            lines.push(("Platforms", platforms.join("*, ")));
        }
    }
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    lines.into_iter().map(owned).collect()
}

#[test]
fn what_a_real_buildx_keeps_is_read_as_it_reads_it() {
    let Some(engine) = engine::modern() else {
        return;
    };
    let cli = match DebianCli::modern() {
        Ok(cli) => cli,
        Err(why) => return engine::skip(&why),
    };
    let docker = |arguments: &[&str]| {
        let output = cli.command(&engine).args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    let address = format!("host={}", engine.host);
    docker(&["context", "create", "far", "--docker", &address]);
    for create in [
        "--name Remote --driver remote tcp://127.0.0.1:1234",
        "--name tls --driver remote --driver-opt cacert=/c/ca.pem,cert=/c/cert.pem,key=/c/key.pem,servername=bk tcp://127.0.0.1:1",
        "--name socket --driver remote unix:///run/buildkit/buildkitd.sock",
        "--name many --driver docker-container --driver-opt network=host --platform linux/arm64,linux/arm/v6",
        "--name many --append --platform linux/riscv64,linux/arm far",
    ] {
        let arguments: Vec<_> = ["buildx", "create"]
            .into_iter()
            .chain(create.split(' '))
            .collect();
        docker(&arguments);
    }
    let environment = Environment::empty()
        .with("DOCKER_CONFIG", cli.config())
        .with("DOCKER_HOST", &engine.host);
    for name in ["Remote", "tls", "socket", "many"] {
        let instance = Instance::load(&environment, name).unwrap().unwrap();
        let inspected = inspected(&docker(&["buildx", "inspect", name]));
        assert_eq!(described(&instance), inspected, "{name}");
    }
    let many = Instance::load(&environment, "many").unwrap().unwrap();
    for (platform, node) in [
        ("linux/arm64", 0),
        ("linux/arm/v7", 1),
        ("linux/riscv64", 1),
    ] {
        let found = many.node(&[platform.to_owned()]).unwrap();
        assert_eq!(*found, many.nodes[node], "{platform}");
    }
    let both = ["linux/arm64".to_owned(), "linux/riscv64".to_owned()];
    let error = many.node(&both).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no node of it builds for all of linux/arm64, linux/riscv64"
    );
    assert_eq!(
        many.address(&many.nodes[1]).unwrap(),
        NodeAddress::Daemon(
            DaemonAddress::parse("docker-container://buildx_buildkit_many1?context=far").unwrap()
        )
    );

    // What `use` chose is taken once `docker buildx install` has said so.
    let chosen = |environment: &Environment| {
        let found = resolve_builder(environment, &BuilderQuery::default()).unwrap();
        match found.why {
            WhyBuilder::CurrentInstance(name) => name,
            _ => "default".to_owned(),
        }
    };
    assert_eq!(chosen(&environment), "default");
    docker(&["buildx", "install"]);
    let elsewhere = environment.clone().with("DOCKER_HOST", "unix:///nowhere");
    let defaults = "buildx use --default tls";
    for (step, elsewhere_too) in [
        ("buildx use many", false),
        (defaults, false),
        ("buildx use --global socket", true),
        (defaults, false),
        ("buildx use Remote", false),
    ] {
        docker(&step.split(' ').collect::<Vec<_>>());
        if step == defaults {
            fs::remove_file(cli.config().join("buildx/current")).unwrap();
        }
        // Asked first, because buildx writes down what it has found.
        let ours = (chosen(&environment), chosen(&elsewhere));
        let inspected = inspected(&docker(&["buildx", "inspect"]));
        assert_eq!(ours.0, inspected[0].1, "{step}");
        assert_ne!(ours.0, "default", "{step}");
        assert_eq!(ours.1 == ours.0, elsewhere_too, "{step}");
    }
}
