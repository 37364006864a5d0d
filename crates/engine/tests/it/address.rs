//! Which engine is chosen, from what, and what is said when there is none.

use std::path::Path;

use fs_err as fs;
use shipload_engine::{
    Address, AddressQuery, ConnectOptions, DockerConfig, Engine, Environment, TlsFiles,
    resolve_address,
};
use tempfile::TempDir;

/// A folder of settings with three contexts, and an environment that points there.
fn settings(config: &str) -> (TempDir, Environment) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), config).unwrap();
    context(folder.path(), "remote", "tcp://10.1.1.1", "");
    context(folder.path(), "secure", "tcp://10.1.1.2", "");
    context(
        folder.path(),
        "careless",
        "tcp://10.1.1.3:1",
        r#","SkipTLSVerify":true"#,
    );
    context(folder.path(), "empty", "", "");
    let tls = folder
        .path()
        .join("contexts/tls")
        .join(digest("secure"))
        .join("docker");
    fs::create_dir_all(&tls).unwrap();
    fs::write(tls.join("ca.pem"), "").unwrap();
    let environment = Environment::empty().with("DOCKER_CONFIG", folder.path());
    (folder, environment.with("XDG_RUNTIME_DIR", "/run/user/7"))
}

fn context(settings: &Path, name: &str, host: &str, more: &str) {
    let folder = settings.join("contexts/meta").join(digest(name));
    fs::create_dir_all(&folder).unwrap();
    let meta = format!(
        r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}"{more}}}}}}}"#
    );
    fs::write(folder.join("meta.json"), meta).unwrap();
}

/// `printf NAME | sha256sum`.
fn digest(name: &str) -> &'static str {
    match name {
        "remote" => "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a",
        "secure" => "6a934b45144e3758911efa29ed68fb2d420fa7bd568739cdcda9251fa9609b1e",
        "careless" => "50ae1773ef826ed5f6a23220d6f8d9979029e24f8ea94a71c0293f8f995d099b",
        "empty" => "2e1cfa82b035c26cbbbdae632cea070514eb8b773f616aaeaf668e2f0be8f10d",
        other => panic!("no digest for {other}"),
    }
}

const DEFAULTS: &str = "unix:///var/run/docker.sock (the default socket), \
    unix:///run/user/7/docker.sock (the default socket without root privileges), \
    unix:///run/user/7/podman/podman.sock (a default socket of Podman), \
    unix:///run/podman/podman.sock (a default socket of Podman)";

#[test]
fn the_strongest_source_decides() {
    // Options, variables, the current context, and what is chosen by which.
    let cases: [(&str, &str, &str, &str); 17] = [
        ("", "", "", DEFAULTS),
        (
            "",
            "",
            "remote",
            "tcp://10.1.1.1:2375 (current context `remote` of config.json)",
        ),
        (
            "",
            "DOCKER_CONTEXT=secure",
            "remote",
            "tcp://10.1.1.2:2376 (context `secure` named by DOCKER_CONTEXT)",
        ),
        (
            "",
            "DOCKER_HOST=ssh://u@h DOCKER_CONTEXT=secure",
            "remote",
            "ssh://u@h (DOCKER_HOST)",
        ),
        (
            "--host=/x",
            "DOCKER_HOST=ssh://u@h",
            "remote",
            "unix:///x (--host)",
        ),
        (
            "--host=unix:///x --context=remote",
            "DOCKER_HOST=ssh://u@h",
            "",
            "tcp://10.1.1.1:2375 (context `remote` named by --context)",
        ),
        // `default` is no context: variables and sockets decide, weaker contexts do not.
        (
            "--context=default",
            "DOCKER_CONTEXT=secure",
            "remote",
            DEFAULTS,
        ),
        (
            "--context=default",
            "DOCKER_HOST=unix:///y",
            "remote",
            "unix:///y (DOCKER_HOST)",
        ),
        ("", "DOCKER_CONTEXT=default", "remote", DEFAULTS),
        ("", "", "default", DEFAULTS),
        // Empty is unset.
        (
            "",
            "DOCKER_HOST= DOCKER_CONTEXT=",
            "remote",
            "tcp://10.1.1.1:2375 (current context `remote` of config.json)",
        ),
        // Forms of addresses.
        ("--host=tcp://h", "", "", "tcp://h:2375 (--host)"),
        ("--host=tcp://[::1]:99/", "", "", "tcp://[::1]:99 (--host)"),
        ("--host=http://h:1", "", "", "tcp://h:1 (--host)"),
        ("--host=https://h", "", "", "tcp://h:2376 (--host)"),
        (
            "--host=tcp://h",
            "DOCKER_TLS_VERIFY=0",
            "",
            "tcp://h:2376 (--host)",
        ),
        (
            "--host=ssh://u@h:22/run/d.sock",
            "",
            "",
            "ssh://u@h:22/run/d.sock (--host)",
        ),
    ];
    for (options, variables, current, expected) in cases {
        let (_folder, environment) = settings(&format!(r#"{{"currentContext":"{current}"}}"#));
        let environment =
            pairs(variables).fold(environment, |all, (name, value)| all.with(name, value));
        let mut query = AddressQuery::default();
        for (name, value) in pairs(options) {
            match name {
                "--host" => query.host = Some(value.to_owned()),
                _ => query.context = Some(value.to_owned()),
            }
        }
        let found = resolve_address(&environment, &query).unwrap();
        let said: Vec<_> = found
            .candidates
            .iter()
            .map(|one| format!("{} ({})", one.address, one.why))
            .collect();
        assert_eq!(said.join(", "), expected, "{options} {variables} {current}");
    }
}

fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace()
        .map(|pair| pair.split_once('=').unwrap())
}

#[test]
fn the_way_to_a_decision_is_kept() {
    let (_folder, environment) = settings("{}");
    let environment = environment.with("DOCKER_CONTEXT", "secure");
    let found = resolve_address(&environment, &AddressQuery::default()).unwrap();
    let trail: Vec<_> = found
        .trail
        .iter()
        .map(|asked| (asked.source, asked.said.as_deref()))
        .collect();
    let expected = [
        ("--context", None),
        ("--host", None),
        ("DOCKER_HOST", None),
        ("DOCKER_CONTEXT", Some("secure")),
    ];
    assert_eq!(trail, expected);
}

#[test]
fn podman_comes_first_where_it_is_preferred() {
    let environment = Environment::empty()
        .with("CONTAINER_HOST", "tcp://pod:8080")
        .with_sockets("/d.sock", "/p.sock");
    for (podman_first, expected) in [
        (false, "unix:///d.sock, tcp://pod:8080, unix:///p.sock"),
        (true, "tcp://pod:8080, unix:///p.sock, unix:///d.sock"),
    ] {
        let query = AddressQuery {
            podman_first,
            ..AddressQuery::default()
        };
        let found = resolve_address(&environment, &query).unwrap();
        let said: Vec<_> = found
            .candidates
            .iter()
            .map(|one| one.address.to_string())
            .collect();
        assert_eq!(said.join(", "), expected);
    }
}

#[test]
fn certificates_come_from_where_the_address_came() {
    let (folder, environment) = settings("{}");
    let tls = |environment: &Environment, context: Option<&str>| {
        let query = AddressQuery {
            context: context.map(str::to_owned),
            host: Some("tcp://h".to_owned()),
            podman_first: false,
        };
        match resolve_address(environment, &query)
            .unwrap()
            .candidates
            .remove(0)
            .address
        {
            Address::Tcp { tls, .. } => tls,
            other => panic!("{other}"),
        }
    };
    assert_eq!(tls(&environment, None), None);
    assert_eq!(tls(&environment, Some("remote")), None);
    let none = TlsFiles::default();
    let careless = TlsFiles {
        skip_verify: true,
        ..none.clone()
    };
    assert_eq!(tls(&environment, Some("careless")), Some(careless.clone()));
    let ca = folder
        .path()
        .join("contexts/tls")
        .join(digest("secure"))
        .join("docker/ca.pem");
    assert_eq!(
        tls(&environment, Some("secure")),
        Some(TlsFiles {
            ca: Some(ca),
            ..none.clone()
        })
    );

    let certs = tempfile::tempdir().unwrap();
    for file in ["cert.pem", "key.pem"] {
        fs::write(certs.path().join(file), "").unwrap();
    }
    let at = |name: &str| Some(certs.path().join(name));
    let environment = environment.with("DOCKER_CERT_PATH", certs.path());
    let verified = environment.clone().with("DOCKER_TLS_VERIFY", "1");
    let files = TlsFiles {
        ca: at("ca.pem"),
        cert: at("cert.pem"),
        key: at("key.pem"),
        skip_verify: false,
    };
    assert_eq!(tls(&verified, None), Some(files.clone()));
    let unverified = environment.clone().with("DOCKER_TLS", "1");
    assert_eq!(
        tls(&unverified, None),
        Some(TlsFiles {
            ca: None,
            skip_verify: true,
            ..files
        })
    );
    // A context has its own.
    assert_eq!(tls(&verified, Some("remote")), None);
}

#[test]
fn what_cannot_be_an_address_is_named_with_its_source() {
    let (folder, environment) = settings(r#"{"currentContext":"#);
    let cases = [
        (
            "--host=foo",
            "`foo` (--host) is no engine address: it has no scheme",
        ),
        (
            "--host=ftp://h",
            "`ftp://h` (--host) is no engine address: the scheme is not one of unix, tcp, http, https and ssh",
        ),
        (
            "--host=unix://",
            "`unix://` (--host) is no engine address: the path is missing",
        ),
        (
            "--host=tcp://",
            "`tcp://` (--host) is no engine address: the host is missing",
        ),
        (
            "--host=tcp://h:99999",
            "`tcp://h:99999` (--host) is no engine address: the port is no number up to 65535",
        ),
        (
            "--host=tcp://::1",
            "`tcp://::1` (--host) is no engine address: an IPv6 address needs brackets",
        ),
        (
            "--host=tcp://h/x",
            "`tcp://h/x` (--host) is no engine address: a path below the port is not supported",
        ),
        (
            "--host=npipe:////./pipe/x",
            "`npipe:////./pipe/x` (--host) is no engine address: named pipes are not supported",
        ),
        (
            "--host=ssh://u:secret@h",
            "`ssh://…@h` (--host) is no engine address: a password in the address is not supported",
        ),
        (
            "--host=ssh://-oProxyCommand=x",
            "`ssh://-oProxyCommand=x` (--host) is no engine address: the host has a character that no host has",
        ),
        (
            "--host=ssh://-x",
            "`ssh://-x` (--host) is no engine address: it would be taken as an option of ssh",
        ),
        (
            "--context=nope",
            "cannot use the context `nope` named by --context",
        ),
    ];
    for (option, expected) in cases {
        let (name, value) = option.split_once('=').unwrap();
        let mut query = AddressQuery::default();
        match name {
            "--host" => query.host = Some(value.to_owned()),
            _ => query.context = Some(value.to_owned()),
        }
        assert_eq!(
            resolve_address(&environment, &query)
                .unwrap_err()
                .to_string(),
            expected
        );
    }
    let cause = |name: &str| {
        let query = AddressQuery {
            context: Some(name.to_owned()),
            ..AddressQuery::default()
        };
        let error = resolve_address(&environment, &query).unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    };
    assert!(
        cause("nope").starts_with("there is no docker context `nope`: `"),
        "{}",
        cause("nope")
    );
    assert_eq!(
        cause("empty"),
        "the docker context `empty` has no docker endpoint"
    );
    assert_eq!(cause("../x"), "`../x` is no name of a docker context");
    // The settings were never asked before; now they decide, and are broken.
    let error = resolve_address(&environment, &AddressQuery::default()).unwrap_err();
    let expected = format!(
        "`{}` is not valid: it ends too early at line 1, column 18",
        folder.path().join("config.json").display()
    );
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        expected
    );
}

#[tokio::test]
async fn no_engine_names_every_address_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let (docker, podman) = (folder.path().join("d.sock"), folder.path().join("p.sock"));
    // A socket that nobody listens on any more.
    drop(std::os::unix::net::UnixListener::bind(&podman).unwrap());
    let environment = Environment::empty().with_sockets(&docker, &podman);
    let error = Engine::connect(&ConnectOptions::new(environment.clone()))
        .await
        .unwrap_err();
    let expected = format!(
        "no engine answers; tried `unix://{}` (the default socket): No such file or directory (os error 2), \
         `unix://{}` (a default socket of Podman): Connection refused (os error 111)",
        docker.display(),
        podman.display()
    );
    assert_eq!(error.to_string(), expected);
    let hint = "start Docker or Podman, or name an engine with --host, --context or DOCKER_HOST";
    assert_eq!(error.hint().as_deref(), Some(hint));

    // A chosen engine is never replaced by another.
    let chosen = environment.with("DOCKER_HOST", "tcp://127.0.0.1:1");
    let error = Engine::connect(&ConnectOptions::new(chosen))
        .await
        .unwrap_err();
    let expected = "no engine answers; tried `tcp://127.0.0.1:1` (DOCKER_HOST): Connection refused (os error 111)";
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        error.hint().as_deref(),
        Some("check that an engine listens there")
    );
}

#[test]
fn variables_have_a_meaning_or_are_refused() {
    for (text, expected) in [
        (None, Ok(None)),
        (Some(""), Ok(None)),
        (Some("1"), Ok(Some(true))),
        (Some("True"), Ok(Some(true))),
        (Some("0"), Ok(Some(false))),
        (Some("f"), Ok(Some(false))),
        (
            Some("yes"),
            Err("`DOCKER_BUILDKIT` is `yes`, which is not a boolean"),
        ),
    ] {
        let environment = match text {
            Some(text) => Environment::empty().with("DOCKER_BUILDKIT", text),
            None => Environment::empty(),
        };
        let found = environment.buildkit().map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{text:?}");
    }
    let secret = Environment::empty().with("DOCKER_AUTH_CONFIG", "canary");
    assert!(!format!("{secret:?}").contains("canary"));
}

#[test]
fn proxies_become_build_arguments() {
    let (_folder, environment) = settings(
        r#"{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "a,b", "ftpProxy": ""},
                        "tcp://h:2375": {"allProxy": "socks5://q"}}}"#,
    );
    let config = DockerConfig::load(&environment).unwrap();
    let said = |host: &str| {
        let each = config.proxy_build_args(host).into_iter();
        each.map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        !format!("{config:?}").contains("http://p:1"),
        "it may hold a password"
    );
    let default = "HTTP_PROXY=http://p:1 NO_PROXY=a,b http_proxy=http://p:1 no_proxy=a,b";
    assert_eq!(said("unix:///var/run/docker.sock"), default);
    assert_eq!(
        said("tcp://h:2375"),
        "ALL_PROXY=socks5://q all_proxy=socks5://q"
    );
}
