//! Which variables hold where: what images say that both builders of two Engines made.

use std::collections::BTreeMap;

use serde_json::Value;
use shipload_dockerfile::{BaseImage, Builder, Dockerfile, Request};

/// Dockerfiles that show variables with `SHOW`, which is no instruction, and what there was to see.
///
/// `crates/shipload/tests/it/variables.rs` asks the Engines again.
const RECORDED: &str = include_str!("../recorded/variables.jsonl");

/// What the sources of `COPY` come to with each `SHOW word` replaced by one.
fn shown(file: &str, request: &Request) -> Vec<String> {
    let lines = file.lines().map(|line| match line.strip_prefix("SHOW ") {
        Some(word) => format!("COPY s-{word} /\n"),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    let parsed = Dockerfile::parse(&text).unwrap();
    let reads = parsed.reads(request).unwrap();
    let whole = reads.whole.iter().map(ToString::to_string);
    let sources = reads.sources.iter().map(|source| {
        let shown = source.pattern.strip_prefix("s-");
        shown.unwrap_or(&source.pattern).to_owned()
    });
    whole.chain(sources).collect()
}

fn request(builder: Builder, build_args: &[(String, String)]) -> Request {
    let given = build_args.iter().cloned();
    Request {
        builder,
        build_args: given.map(|(name, value)| (name, Some(value))).collect(),
        platform: Some("linux/amd64".into()),
        build_platform: Some("linux/amd64".into()),
        ..Request::default()
    }
}

#[test]
fn recorded() {
    let mut count = 0;
    for line in RECORDED.lines().skip(1) {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let given = case["args"].as_object().into_iter().flatten();
        let given: Vec<_> = given
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        for (builder, key) in [
            (Builder::Classic, "classic"),
            (Builder::BuildKit, "buildkit"),
        ] {
            let ours = shown(case["file"].as_str().unwrap(), &request(builder, &given));
            if let Some((_, exception)) = EXCEPTIONS
                .iter()
                .find(|(exception, _)| (*exception, key) == (name, "buildkit"))
            {
                assert_eq!(ours, [*exception], "{name} with {key}");
                continue;
            }
            let theirs: Vec<String> = serde_json::from_value(case[key].clone()).unwrap();
            assert_eq!(ours, theirs, "{name} with {key}");
        }
        count += 1;
    }
    assert!(count >= 55, "{count}");
}

/// Where `BuildKit` has changed since the Engine that was asked.
const EXCEPTIONS: [(&str, &str); 2] = [
    // Later ones see arguments of the same instruction, so it is left open.
    (
        "args_in_one_instruction",
        "3:6: `s-$A-$B` needs `B`, which depends on the base image or on the builder's release",
    ),
    // In later ones an `ARG` without a value takes nothing away.
    ("platform_global_bare", "amd64"),
];

/// What is not known of a base image is never guessed.
#[test]
fn base_images() {
    let brings = |variables: &[(&str, &str)]| {
        let variables = variables.iter();
        let environment = variables
            .map(|&(name, value)| (name.into(), value.into()))
            .collect();
        let image = BaseImage {
            environment,
            triggers: Vec::new(),
        };
        BTreeMap::from([("image".to_owned(), image)])
    };
    let open = |word: &str, name: &str, line: usize| {
        vec![format!(
            "{line}:6: `s-{word}` needs `{name}`, which depends on the base image or on the builder's release"
        )]
    };
    let none = BTreeMap::new();
    for (file, images, expected) in [
        ("SHOW $V", &none, open("$V", "V", 2)),
        ("SHOW ${V:-1}", &none, open("${V:-1}", "V", 2)),
        ("SHOW ${V:?must}", &none, open("${V:?must}", "V", 2)),
        ("SHOW $PATH", &none, open("$PATH", "PATH", 2)),
        ("ENV V=1\nSHOW $V", &none, vec!["1".into()]),
        ("ENV V=$W-1\nSHOW $V", &none, open("$V", "V", 3)),
        ("ENV V=$W\nENV V=1\nSHOW $V", &none, vec!["1".into()]),
        ("ARG V=1\nSHOW $V", &none, vec!["1".into()]),
        ("ARG V\nSHOW $V", &none, open("$V", "V", 3)),
        ("SHOW ${V:-1}", &brings(&[]), vec!["1".into()]),
        ("SHOW ${V:-1}", &brings(&[("V", "2")]), vec!["2".into()]),
        (
            "ENV V=$V-3\nSHOW $V",
            &brings(&[("V", "2")]),
            vec!["2-3".into()],
        ),
        (
            "SHOW $PATH",
            &brings(&[("PATH", "/bin")]),
            vec!["/bin".into()],
        ),
        ("ENV V=1\nFROM a\nSHOW $V", &none, vec!["1".into()]),
        ("FROM a\nSHOW $V", &none, open("$V", "V", 3)),
    ] {
        for builder in [Builder::BuildKit, Builder::Classic] {
            let request = Request {
                images: images.clone(),
                ..request(builder, &[])
            };
            let file = format!("FROM image AS a\n{file}\n");
            assert_eq!(shown(&file, &request), expected, "{file} with {builder:?}");
        }
    }
}

/// An argument and the base image's variable of the same name: the builders differ, as both Engines were seen to.
#[test]
fn arguments_and_base_images() {
    let environment = vec![("V".to_owned(), "image".to_owned())];
    let image = BaseImage {
        environment,
        triggers: Vec::new(),
    };
    for (file, buildkit, classic) in [
        ("FROM image\nARG V=1\nSHOW $V\n", "1", "image"),
        ("FROM image\nARG V\nSHOW $V\n", "image", "image"),
        ("ARG V=1\nFROM image\nARG V\nSHOW $V\n", "1", "image"),
        (
            "FROM image AS a\nARG V=1\nFROM a\nSHOW $V\n",
            "image",
            "image",
        ),
    ] {
        for (builder, expected) in [(Builder::BuildKit, buildkit), (Builder::Classic, classic)] {
            let request = Request {
                images: BTreeMap::from([("image".to_owned(), image.clone())]),
                ..request(builder, &[])
            };
            assert_eq!(shown(file, &request), [expected], "{file} with {builder:?}");
        }
    }
}
