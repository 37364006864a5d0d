//! Which texts name an image, and what their parts are.

use shipload_engine::{ImageName, extra_names};

#[test]
fn names_have_parts() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let with_digest = format!("localhost/x@{digest}");
    for (text, registry, repository, tag) in [
        ("x", "docker.io", "x", None),
        ("x:1", "docker.io", "x", Some("1")),
        ("team/x:1.0_a-b", "docker.io", "team/x", Some("1.0_a-b")),
        (
            "docker.io/library/x",
            "docker.io",
            "docker.io/library/x",
            None,
        ),
        ("index.docker.io/x", "docker.io", "index.docker.io/x", None),
        ("localhost/x", "localhost", "localhost/x", None),
        (
            "localhost:5000/a/b__c--d.e:T",
            "localhost:5000",
            "localhost:5000/a/b__c--d.e",
            Some("T"),
        ),
        ("[::1]:5000/x", "[::1]:5000", "[::1]:5000/x", None),
        ("Registry/x", "Registry", "Registry/x", None),
        (&with_digest, "localhost", "localhost/x", None),
        (&digest, "docker.io", "sha256", Some(&digest[7..])),
        ("b7de2e4c82bf", "docker.io", "b7de2e4c82bf", None),
    ] {
        let name: ImageName = text.parse().unwrap();
        let parts = (name.registry(), name.repository(), name.tag());
        assert_eq!(
            (parts.0.as_str(), parts.1, parts.2),
            (registry, repository, tag),
            "{text}"
        );
        assert_eq!(name.to_string(), text);
    }
}

#[test]
fn what_is_no_name_is_refused() {
    let long = "a".repeat(256);
    let long_tag = format!("x:{}", "a".repeat(129));
    for text in [
        "",
        ":1",
        "x:",
        "x:-1",
        "X",
        "a/B",
        "../x",
        "a/../x",
        "./x",
        "/x",
        "x/",
        "a//b",
        "x y",
        "x?a",
        "x#a",
        "x%2e",
        "x:1:2",
        "a..b",
        "-a",
        "a-",
        "a___b",
        "x@",
        "x@sha256",
        "x@sha256:zz",
        "host..x/y",
        ".x/y",
        "é",
        "x\n",
        "x:1\r\nA: b",
        "../containers/json?all=1",
        &long,
        &long_tag,
    ] {
        let parsed = text.parse::<ImageName>();
        assert!(parsed.is_err(), "{text:?} became {parsed:?}");
    }
}

#[test]
fn further_names_are_in_the_same_repository_and_never_twice() {
    for (name, latest, tags, expected) in [
        ("a/b:1", false, vec![], ""),
        ("a/b:1", true, vec![], "a/b:latest"),
        ("a/b", true, vec![], ""),
        (
            "a/b:1",
            true,
            vec!["latest", "1", "2", "2"],
            "a/b:latest a/b:2",
        ),
        ("h:5/b:1", false, vec!["x"], "h:5/b:x"),
    ] {
        let found = extra_names(&name.parse().unwrap(), latest, &tags).unwrap();
        let found: Vec<_> = found.iter().map(ImageName::as_str).collect();
        assert_eq!(found.join(" "), expected, "{name}");
    }
    assert!(extra_names(&"a".parse().unwrap(), false, &["not a tag"]).is_err());
}
