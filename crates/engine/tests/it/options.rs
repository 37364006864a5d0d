//! The query of a build, compared with what the docker CLI sends.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use shipload_engine::{BuildKitOptions, BuildOptions, ContextBody, Limits, Ulimit};

use crate::fake::{Fake, PING};

/// Sent by docker CLI 28.2.2 with `DOCKER_BUILDKIT=0` for
/// `docker build -f "c/my file" -t a/b:1 -t b --build-arg 'A=a&b=ü "c"' --build-arg NONE --label 'k/e+y=v+ 1' --target st
/// --platform linux/ARM64 --no-cache --pull --rm=false --force-rm -q --network none --add-host one:10.0.0.1
/// --add-host two=::1 --cache-from x --cache-from y:2 --squash --security-opt seccomp=unconfined --isolation default
/// --memory 1g --memory-swap -1 --shm-size 64m --cpu-shares 5 --cpuset-cpus 0-1 --cpuset-mems 0 --cpu-period 100000
/// --cpu-quota 50000 --ulimit nofile=1:2 --ulimit nproc=3 --cgroup-parent /x c`.
const DOCKER: &str = "buildargs=%7B%22A%22%3A%22a%5Cu0026b%3D%C3%BC+%5C%22c%5C%22%22%2C%22NONE%22%3Anull%7D\
    &cachefrom=%5B%22x%22%2C%22y%3A2%22%5D&cgroupparent=%2Fx&cpuperiod=100000&cpuquota=50000&cpusetcpus=0-1\
    &cpusetmems=0&cpushares=5&dockerfile=my+file&extrahosts=one%3A10.0.0.1&extrahosts=two%3A%3A%3A1&forcerm=1\
    &labels=%7B%22k%2Fe%2By%22%3A%22v%2B+1%22%7D&memory=1073741824&memswap=-1&networkmode=none&nocache=1\
    &platform=linux%2Farm64&pull=1&q=1&rm=0&securityopt=seccomp%3Dunconfined&shmsize=67108864&squash=1&t=a%2Fb%3A1\
    &t=b&target=st&ulimits=%5B%7B%22Name%22%3A%22nofile%22%2C%22Hard%22%3A2%2C%22Soft%22%3A1%7D%2C%7B%22Name%22%3A\
    %22nproc%22%2C%22Hard%22%3A3%2C%22Soft%22%3A3%7D%5D&version=1";

/// Where Podman wants another form; tried with Podman 4.3.1, which refuses Docker's with status 400.
const PODMAN: [(&str, &str); 3] = [
    ("extrahosts", r#"["one:10.0.0.1","two:::1"]"#),
    ("securityopt", r#"["seccomp=unconfined"]"#),
    ("ulimits", r#"["nofile=1:2","nproc=3:3"]"#),
];

const PODMAN_PING: &[u8] = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\n\
    Content-Length: 2\r\n\r\nOK";

/// Sorted pairs, as a form's reader sees them; JSON in one form.
fn pairs(query: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            let value = percent_decode_str(&value.replace('+', " "))
                .decode_utf8()
                .unwrap()
                .into_owned();
            let json = value
                .starts_with(['{', '['])
                .then(|| serde_json::from_str(&value).unwrap());
            (
                name.to_owned(),
                json.map_or(value, |json: serde_json::Value| json.to_string()),
            )
        })
        .collect();
    pairs.sort();
    pairs
}

async fn sent(ping: &'static [u8], options: &BuildOptions) -> Vec<(String, String)> {
    let fake = Fake::with_ping(ping, |exchange| exchange.answer("400 Bad Request", ""));
    let engine = fake.connect().await;
    engine
        .build(ContextBody::from_bytes("x"), options)
        .finish()
        .await
        .unwrap_err();
    let head = fake.heads.lock().unwrap().last().unwrap().clone();
    pairs(head.split(['?', ' ']).nth(2).unwrap())
}

#[tokio::test]
async fn every_option_is_sent_as_the_docker_cli_does() {
    let list = |items: &[&str]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
    let ulimit = |name: &str, soft, hard| Ulimit {
        name: name.to_owned(),
        soft,
        hard,
    };
    let options = BuildOptions {
        further_tags: Vec::new(),
        dockerfile: Some("my file".to_owned()),
        tags: vec!["a/b:1".parse().unwrap(), "b".parse().unwrap()],
        build_args: BTreeMap::from([
            ("A".to_owned(), Some("a&b=ü \"c\"".to_owned())),
            ("NONE".to_owned(), None),
        ]),
        labels: BTreeMap::from([("k/e+y".to_owned(), "v+ 1".to_owned())]),
        target: Some("st".to_owned()),
        platform: Some("linux/ARM64".to_owned()),
        no_cache: true,
        pull: true,
        remove: false,
        force_remove: true,
        quiet: true,
        network: Some("none".to_owned()),
        extra_hosts: list(&["one:10.0.0.1", "two:::1"]),
        cache_from: list(&["x", "y:2"]),
        squash: true,
        security_options: list(&["seccomp=unconfined"]),
        isolation: None,
        limits: Limits {
            memory: Some(1 << 30),
            memory_swap: Some(-1),
            shm_size: Some(64 << 20),
            cpu_shares: Some(5),
            cpuset_cpus: Some("0-1".to_owned()),
            cpuset_mems: Some("0".to_owned()),
            cpu_period: Some(100_000),
            cpu_quota: Some(50_000),
            ulimits: vec![ulimit("nofile", 1, 2), ulimit("nproc", 3, 3)],
            cgroup_parent: Some("/x".to_owned()),
        },
        remote: None,
        registries: Vec::new(),
        buildkit: BuildKitOptions::default(),
    };
    let docker = pairs(DOCKER);
    assert_eq!(sent(PING, &options).await, docker);

    let mut podman = docker;
    podman.retain(|(name, _)| PODMAN.iter().all(|(other, _)| name != other));
    podman.extend(PODMAN.map(|(name, value)| (name.to_owned(), value.to_owned())));
    podman.sort();
    assert_eq!(sent(PODMAN_PING, &options).await, podman);

    let remote = BuildOptions {
        remote: Some("https://host/x.git#main".to_owned()),
        isolation: Some("hyperv".to_owned()),
        ..BuildOptions::default()
    };
    let expected = pairs("isolation=hyperv&remote=https%3A%2F%2Fhost%2Fx.git%23main&version=1");
    assert_eq!(sent(PING, &remote).await, expected);
}

#[test]
fn debug_shows_no_value_of_a_build_argument() {
    let secret = "canary-7f3a";
    let options = BuildOptions {
        build_args: BTreeMap::from([(
            "HTTP_PROXY".to_owned(),
            Some(format!("http://u:{secret}@proxy")),
        )]),
        remote: Some(format!("https://u:{secret}@host/context")),
        ..BuildOptions::default()
    };
    let shown = format!("{options:?}");
    assert!(
        shown.contains("HTTP_PROXY") && !shown.contains(secret),
        "{shown}"
    );
}
