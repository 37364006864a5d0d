//! Which credential a registry gets, and that nobody else sees it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use fs_err as fs;
use shipload_engine::{
    BuildOptions, ConnectOptions, ContextBody, Credential, Credentials, Engine, Environment, Event,
    Identity, Inventory, Login, LoginSource, Registry, Secret,
};
use tempfile::TempDir;

use crate::fake::Fake;

/// Appears nowhere but where it has to.
const CANARY: &str = "c4n4ry~~~???>>>";

/// A folder with `config.json` and helpers, each a shell script.
fn settings(config: &str, helpers: &[(&str, &str)]) -> (TempDir, Environment) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.json"), config).unwrap();
    for (name, script) in helpers {
        write_helper(folder.path(), name, script);
    }
    let environment = Environment::empty()
        .with("DOCKER_CONFIG", folder.path())
        .with("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .with("LOG", folder.path().join("log"));
    (folder, environment)
}

fn write_helper(folder: &Path, name: &str, script: &str) {
    let file = folder.join(format!("docker-credential-{name}"));
    // The question is logged, so that a test sees who was asked.
    let text = format!("#!/bin/sh\nread -r url\necho \"{name} $1 $url\" >>\"$LOG\"\n{script}\n");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn answer(user: &str, secret: &str) -> String {
    format!("echo '{{\"ServerURL\":\"x\",\"Username\":\"{user}\",\"Secret\":\"{secret}\"}}'")
}

fn show(found: Option<Credential>) -> String {
    let Some(found) = found else {
        return "none".to_owned();
    };
    let text = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
    let parts = [
        ("user", found.username),
        ("password", text(found.password)),
        ("identity", text(found.identity_token)),
        ("registry", text(found.registry_token)),
    ];
    let each = parts
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    each.collect::<Vec<_>>().join(" ")
}

const CONFIG: &str = r#"{
  "credHelpers": {"helped:1": "one", "token:1": "two", "unknown:1": "three", "broken:1": "four",
                  "garbled:1": "five", "absent:1": "six"},
  "auths": {"https://index.docker.io/v1/": {"auth": "aHVidXNlcjpodWI6cGFzcw=="},
            "http://url.example/v2/": {"username": "u", "password": "p"},
            "plain:1": {"auth": "dXNlcjpwYXNz"},
            "identity:1": {"auth": "PHRva2VuPjo=", "identitytoken": "idt"},
            "registry:1": {"registrytoken": "regt"},
            "helped:1": {"auth": "bm90Om1l"},
            "empty:1": {},
            "wrong:1": {"auth": "!!"}}
}"#;

#[tokio::test]
async fn each_registry_has_its_source() {
    let (one, two) = (answer("helped", "secret"), answer("<token>", "tok"));
    let none = "echo 'credentials not found in native keychain'; exit 1";
    let failing = format!("echo '{CANARY}'; echo '{CANARY}' >&2; exit 1");
    let garbled = format!("echo '{CANARY}'");
    let helpers = [
        ("one", &*one),
        ("two", &*two),
        ("three", none),
        ("four", &*failing),
        ("five", &*garbled),
    ];
    let (folder, environment) = settings(CONFIG, &helpers);
    let program = |name: &str| {
        folder
            .path()
            .join(format!("docker-credential-{name}"))
            .display()
            .to_string()
    };
    let credentials = Credentials::from_environment(environment);
    for (registry, expected) in [
        ("docker.io", "user=hubuser password=hub:pass".to_owned()),
        ("https://index.docker.io/v1/", "user=hubuser password=hub:pass".to_owned()),
        ("url.example", "user=u password=p".to_owned()),
        ("plain:1", "user=user password=pass".to_owned()),
        ("identity:1", "user=<token> password= identity=idt".to_owned()),
        ("registry:1", "registry=regt".to_owned()),
        ("empty:1", "none".to_owned()),
        ("never:1", "none".to_owned()),
        ("helped:1", "user=helped password=secret".to_owned()),
        ("token:1", "identity=tok".to_owned()),
        ("unknown:1", "none".to_owned()),
        ("broken:1", format!("error: `{}` failed for `broken:1` (exit status: 1)", program("four"))),
        ("garbled:1", format!("error: `{}` gave no valid answer for `garbled:1`", program("five"))),
        ("absent:1", "error: cannot ask for the credentials of `absent:1`: there is no `docker-credential-six` on the PATH".to_owned()),
        ("wrong:1", "error: the entry of `wrong:1` in config.json cannot be decoded".to_owned()),
    ] {
        let found = match credentials.get(&Registry::new(registry)).await {
            Ok(found) => show(found),
            Err(error) => {
                assert!(!format!("{error:?} {error} {:?}", error.hint()).contains(CANARY));
                format!("error: {error}")
            }
        };
        assert_eq!(found, expected, "{registry}");
    }
    // Who was asked, by what name, and nobody twice or in vain.
    credentials.get(&Registry::new("helped:1")).await.unwrap();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let expected = "one get helped:1\ntwo get token:1\nthree get unknown:1\nfour get broken:1\nfive get garbled:1\n";
    assert_eq!(log, expected);
}

#[tokio::test]
async fn stronger_sources_go_first() {
    let (folder, environment) = settings(
        r#"{"credsStore": "all", "auths": {"a:1": {"auth": "dXNlcjpwYXNz"}}}"#,
        &[("all", &answer("store", "s"))],
    );
    let variable = r#"{"auths": {"b:1": {"auth": "ZW52OnZhcg=="}}}"#;
    let credentials =
        Credentials::from_environment(environment.clone().with("DOCKER_AUTH_CONFIG", variable));
    let found = |name: &'static str| {
        let credentials = credentials.clone();
        async move { show(credentials.get(&Registry::new(name)).await.unwrap()) }
    };
    assert_eq!(found("a:1").await, "user=store password=s");
    assert_eq!(found("b:1").await, "user=env password=var");
    credentials.set(Registry::new("b:1"), Credential::password("caller", "c"));
    assert_eq!(found("b:1").await, "user=caller password=c");
    assert_eq!(found("docker.io").await, "user=store password=s");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(log, "all get a:1\nall get https://index.docker.io/v1/\n");

    let broken = Credentials::from_environment(environment.with("DOCKER_AUTH_CONFIG", CANARY));
    let error = broken.get(&Registry::new("a:1")).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(CANARY));
    assert_eq!(
        error.to_string(),
        "`DOCKER_AUTH_CONFIG` is not valid JSON of the form {\"auths\": …}"
    );
}

#[tokio::test]
async fn a_broken_config_shows_no_password() {
    let (_folder, environment) =
        settings(&format!("{{\"auths\": {{\"a:1\": \"{CANARY}\"}}}}"), &[]);
    let error = Credentials::from_environment(environment)
        .get(&Registry::new("a:1"))
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    let all = format!("{error} {error:?} {cause}");
    assert!(!all.contains("c4n4ry"), "{all}");
    assert!(
        cause
            .to_string()
            .contains("is not valid: a value of the wrong type at line 1"),
        "{cause}"
    );
}

/// The value of a header of the last request.
/// A registry, where its credential comes from, and as whom.
fn logins(inventory: &Inventory, folder: &Path) -> Vec<String> {
    let source = |source: &LoginSource| match source {
        LoginSource::File(path) => path.strip_prefix(folder).unwrap().display().to_string(),
        LoginSource::Helper(name) => format!("helper {name}"),
        other => format!("{other:?}"),
    };
    let login = |login: &Login| {
        let (registry, source) = (&login.registry, source(&login.source));
        format!("{registry} {source} {:?}", login.identity)
    };
    inventory.registries.iter().map(login).collect()
}

const LIMIT: Duration = Duration::from_secs(20);

/// Who is asked says what `get` comes to, and no value of it is anywhere.
#[tokio::test]
async fn an_inventory_names_users_and_no_secrets() {
    let encoded = STANDARD.encode(format!("boxed:{CANARY}"));
    let as_name = STANDARD.encode(format!("{CANARY}:x-oauth-basic"));
    let config = serde_json::json!({
        "credsStore": "store",
        "credHelpers": {"own:1": "own", "unlisted:1": "own", "filed:1": "", "filed:2": "", "filed:3": "", "filed:4": "",
                        "filed:5": "", "filed:6": "", "token:1": "", "gone:1": "gone", "broken:1": "broken",
                        "garbled:1": "garbled"},
        "auths": {
            "https://index.docker.io/v1/": {},
            "stored:1": {"auth": encoded},
            "filed:1": {"auth": encoded},
            "filed:2": {"username": "plain", "password": CANARY},
            "filed:3": {"auth": as_name},
            "filed:4": {"auth": format!("!!{CANARY}")},
            "filed:5": {},
            "filed:6": {"username": CANARY},
            "token:1": {"auth": STANDARD.encode("<token>:"), "identitytoken": CANARY},
            format!("https://me:{CANARY}@odd:1/v2/"): {"auth": encoded},
        },
    });
    let listed = r#"echo '{"https://index.docker.io/v1/": "hubuser", "https://index.docker.io/v1/refresh": "other",
        "https://only.listed/": "<token>", "own:1": "not asked"}'"#;
    let failing = format!("echo '{CANARY}'; echo '{CANARY}' >&2; exit 3");
    let own = r#"echo '{"own:1": "me"}'"#;
    let helpers = [
        ("store", listed),
        ("own", own),
        ("broken", &failing),
        ("garbled", &*format!("echo '[\"{CANARY}\"]'")),
    ];
    let (folder, environment) = settings(&config.to_string(), &helpers);
    let credentials = Credentials::from_environment(environment.clone());
    credentials.set(
        Registry::new("set:1"),
        Credential::password("caller", CANARY),
    );
    let found = credentials.inventory(LIMIT).await;
    let expected = [
        "broken:1 helper broken Unlisted",
        "docker.io helper store User(\"hubuser\")",
        "filed:1 config.json User(\"boxed\")",
        "filed:2 config.json User(\"plain\")",
        "filed:3 config.json Token",
        "filed:4 config.json Unusable",
        "filed:5 config.json Nobody",
        "filed:6 config.json Token",
        "garbled:1 helper garbled Unlisted",
        "gone:1 helper gone Unlisted",
        "odd:1 helper store Unlisted",
        "only.listed helper store Token",
        "own:1 helper own User(\"me\")",
        "set:1 Program User(\"caller\")",
        "stored:1 helper store Unlisted",
        "token:1 config.json Token",
        "unlisted:1 helper own Unlisted",
    ];
    assert_eq!(logins(&found, folder.path()), expected);
    let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    let top = folder.path().display();
    let expected = [
        format!(
            "`{top}/docker-credential-broken` failed when it was to list what it has (exit status: 3)"
        ),
        format!("`{top}/docker-credential-garbled` gave no valid list of what it has"),
        "there is no `docker-credential-gone` on the PATH".to_owned(),
        "the entry of `filed:4` in config.json cannot be decoded".to_owned(),
    ];
    assert_eq!(problems, expected);
    assert!(!format!("{found:?}").contains(CANARY));
    // Nobody was asked for a secret.
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let mut log: Vec<&str> = log.lines().collect();
    log.sort_unstable();
    assert_eq!(
        log,
        ["broken list ", "garbled list ", "own list ", "store list "]
    );

    // What it says is what is used.
    let variable = serde_json::json!({"auths": {"filed:1": {"auth": STANDARD.encode("v:p")}}});
    let environment = environment.with("DOCKER_AUTH_CONFIG", variable.to_string());
    let credentials = Credentials::from_environment(environment.clone());
    let found = credentials.inventory(LIMIT).await;
    let first = found
        .registries
        .iter()
        .find(|login| login.registry.as_str() == "filed:1");
    assert_eq!(first.unwrap().source, LoginSource::Variable);
    assert_eq!(first.unwrap().identity, Identity::User("v".to_owned()));
    let used = credentials.get(&Registry::new("filed:1")).await.unwrap();
    assert_eq!(used.unwrap().username.as_deref(), Some("v"));
}

#[tokio::test]
async fn what_keeps_credentials_from_being_found_is_told_once() {
    let config = r#"{"credsStore": "slow", "auths": {"a:1": {"auth": "dTpw"}}}"#;
    let (_folder, environment) = settings(config, &[("slow", "sleep 600")]);
    let credentials = Credentials::from_environment(environment.clone());
    let start = Instant::now();
    let found = credentials.inventory(Duration::from_millis(300)).await;
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(found.registries.len(), 1);
    assert_eq!(
        found.problems[0].to_string(),
        "`docker-credential-slow` did not list what it has within 0.3 seconds"
    );

    let broken = environment.clone().with("DOCKER_AUTH_CONFIG", CANARY);
    let found = Credentials::from_environment(broken).inventory(LIMIT).await;
    assert_eq!((found.registries.len(), found.problems.len()), (0, 1));
    assert!(!format!("{found:?}").contains(CANARY));

    let (_folder, environment) = settings(&format!(r#"{{"auths": {{"a": "{CANARY}"}}}}"#), &[]);
    let found = Credentials::from_environment(environment)
        .inventory(LIMIT)
        .await;
    assert_eq!((found.registries.len(), found.problems.len()), (0, 1));
    assert!(!format!("{found:?} {}", found.problems[0]).contains(CANARY));
}

fn header(fake: &Fake, name: &str) -> Option<serde_json::Value> {
    let head = fake.heads.lock().unwrap().last().unwrap().clone();
    let line = head
        .lines()
        .find(|line| line.to_lowercase().starts_with(&format!("{name}: ")))?;
    let decoded = URL_SAFE.decode(line.split_once(": ").unwrap().1).unwrap();
    Some(serde_json::from_slice(&decoded).unwrap())
}

#[tokio::test]
async fn a_build_sends_the_credentials_that_it_needs_and_no_others() {
    let fake = Fake::start(|exchange| {
        exchange.read_body();
        exchange.answer("200 OK", "{\"aux\":{\"ID\":\"sha256:x\"}}");
    });
    let (_folder, environment) = settings(CONFIG, &[]);
    let engine = Engine::connect(&ConnectOptions::new(environment).with_host(fake.address()))
        .await
        .unwrap();
    for (registries, expected, warnings) in [
        (vec![], serde_json::Value::Null, 0),
        (vec!["never:1"], serde_json::Value::Null, 0),
        (
            vec!["docker.io", "plain:1"],
            serde_json::json!({
                "https://index.docker.io/v1/": {"username": "hubuser", "password": "hub:pass", "serveraddress": "https://index.docker.io/v1/"},
                "plain:1": {"username": "user", "password": "pass", "serveraddress": "plain:1"},
            }),
            0,
        ),
        // A helper that is missing is a warning: the image may be public.
        (
            vec!["absent:1", "plain:1"],
            serde_json::json!({"plain:1": {"username": "user", "password": "pass", "serveraddress": "plain:1"}}),
            1,
        ),
    ] {
        let registries = registries.into_iter().map(Registry::new).collect();
        let options = BuildOptions {
            registries,
            ..BuildOptions::default()
        };
        let mut build = engine.build(ContextBody::from_bytes("x"), &options);
        let mut seen = 0;
        while let Some(event) = build.next_event().await {
            if let Event::Warning(text) = event {
                assert!(text.contains("docker-credential-six"), "{text}");
                seen += 1;
            }
        }
        build.finish().await.unwrap();
        assert_eq!(
            header(&fake, "x-registry-config").unwrap_or_default(),
            expected
        );
        assert_eq!(seen, warnings);
    }
}

#[tokio::test]
async fn a_secret_is_nowhere_but_in_its_header() {
    let fake = Fake::start(|exchange| {
        exchange.answer("500 Internal Server Error", "{\"message\":\"no\"}");
    });
    let engine =
        Engine::connect(&ConnectOptions::new(Environment::empty()).with_host(fake.address()))
            .await
            .unwrap();
    let credential = Credential::password("user", CANARY);
    assert_eq!(
        format!("{credential:?}"),
        "Credential { username: Some(\"user\"), password: Some(Secret(…)), identity_token: None, registry_token: None }"
    );
    engine
        .credentials()
        .set(Registry::new("h:5"), credential.clone());
    let error = engine
        .push(&"h:5/x:1".parse().unwrap(), |_| {})
        .await
        .unwrap_err();
    let expected =
        serde_json::json!({"username": "user", "password": CANARY, "serveraddress": "h:5"});
    assert_eq!(header(&fake, "x-registry-auth"), Some(expected));
    let login = engine
        .login(&Registry::new("h:5"), credential)
        .await
        .unwrap_err();
    let shown = format!(
        "{engine:?} {:?} {error:?} {error} {login:?} {login}",
        engine.credentials()
    );
    assert!(!shown.contains("c4n4ry"), "{shown}");
    // Nobody is known for this one; engines want the header all the same.
    engine
        .pull(&"other/x:1".parse().unwrap(), None, |_| {})
        .await
        .unwrap_err();
    assert_eq!(
        header(&fake, "x-registry-auth"),
        Some(serde_json::json!({}))
    );
}
