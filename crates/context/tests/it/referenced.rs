//! The least context: a tree, a Dockerfile's instructions, and what is kept or missed.
//!
//! That engines make the same image of it is proved by the facade's tests.

use std::path::Path;
use std::time::{Duration, Instant};

use shipload_context::{
    DockerfileChoice, IgnoreChoice, Plan, Progress, Recipe, Referenced, Request, Semantics,
};

use crate::support::{files, paths};

const ALL: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

fn recipe(dir: &Path, semantics: Semantics) -> Recipe {
    Recipe::new(dir).semantics(semantics)
}

fn plan(dir: &Path, semantics: Semantics) -> Plan {
    let plan = recipe(dir, semantics).plan(&Progress::new());
    plan.unwrap()
}

fn least(plan: &Plan) -> Referenced {
    plan.referenced(&Request::default()).unwrap()
}

/// What the instructions read of a tree.
fn read(tree: &[(&str, &str)], instructions: &str, semantics: Semantics) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    files(dir.path(), tree);
    let dockerfile = format!("FROM scratch\n{instructions}\n");
    files(dir.path(), &[("Dockerfile", &dockerfile)]);
    let found = least(&plan(dir.path(), semantics));
    paths(&found.members)
        .into_iter()
        .filter(|path| path != "Dockerfile" || instructions.contains(path.as_str()))
        .collect()
}

/// What is said to be missing.
fn missing(tree: &[(&str, &str)], instructions: &str, semantics: Semantics) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    files(dir.path(), tree);
    let dockerfile = format!("FROM scratch\n{instructions}\n");
    files(dir.path(), &[("Dockerfile", &dockerfile)]);
    let found = least(&plan(dir.path(), semantics));
    found.missing.iter().map(ToString::to_string).collect()
}

#[test]
fn links_are_followed_within_the_context() {
    let tree = [
        ("a/b/file", ""),
        ("a/other", ""),
        ("top", ""),
        ("to-file", "-> a/b/file"),
        ("to-dir", "-> a/b"),
        ("chain", "-> to-dir"),
        ("absolute", "-> /a/b"),
        ("out", "-> ../../../top"),
        ("a/up", "-> ../top"),
        ("through-file", "-> top/../a/other"),
        ("through-nothing", "-> no/such/../../top"),
        ("through-link", "-> to-dir/../other"),
        ("dangling", "-> nowhere"),
        ("self", "-> self"),
        ("dot", "-> ."),
    ];
    let rows: &[(&str, &[&str])] = &[
        ("COPY to-file /", &["a/b/file", "to-file"]),
        ("COPY to-dir /", &["a/b", "a/b/file", "to-dir"]),
        ("COPY to-dir/file /", &["a/b/file", "to-dir"]),
        ("COPY chain/f* /", &["a/b/file", "chain", "to-dir"]),
        ("COPY absolute/file /", &["a/b/file", "absolute"]),
        ("COPY out /", &["out", "top"]),
        (
            "COPY */up /",
            &[
                "a/up",
                "absolute",
                "chain",
                "dangling",
                "dot",
                "out",
                "self",
                "through-file",
                "through-link",
                "through-nothing",
                "to-dir",
                "to-file",
                "top",
            ],
        ),
        ("COPY through-file /", &["a/other", "through-file"]),
        ("COPY through-nothing /", &["through-nothing", "top"]),
        (
            "COPY through-link /",
            &["a/other", "through-link", "to-dir"],
        ),
        ("COPY dangling self /x/", &["dangling", "self"]),
        ("COPY dot/dot/dot/top /", &["dot", "top"]),
        ("COPY to-dir/../top /", &["top"]),
        (
            "RUN --mount=src=to-dir,target=/x true",
            &["a/b", "a/b/file", "to-dir"],
        ),
    ];
    for (instructions, expected) in rows {
        let found = read(&tree, instructions, Semantics::BuildKit);
        assert_eq!(found, *expected, "{instructions}");
    }
}

#[test]
fn names_and_patterns() {
    let tree = [
        ("a[", ""),
        ("[ab]", ""),
        ("a", ""),
        ("d/e/f.c", ""),
        ("d/g.c", ""),
        ("back\\slash", ""),
    ];
    let rows: &[(&str, Semantics, &[&str])] = &[
        // Engines differ in whether this is a name or a pattern, so it is both.
        ("COPY [ab] /x/", Semantics::Classic, &["[ab]", "a"]),
        (
            "RUN --mount=src=[ab],target=/x true",
            Semantics::BuildKit,
            &["[ab]"],
        ),
        (
            "RUN --mount=src=a[,target=/x true",
            Semantics::BuildKit,
            &["a["],
        ),
        ("COPY back\\\\slash /", Semantics::Classic, &["back\\slash"]),
        ("COPY **/*.c /x/", Semantics::BuildKit, &["d/g.c"]),
        (
            "COPY --parents **/*.c /x/",
            Semantics::BuildKit,
            &["d/e/f.c", "d/g.c"],
        ),
        (
            "COPY --parents d/./**/**/*.c /x/",
            Semantics::BuildKit,
            &["d/e/f.c", "d/g.c"],
        ),
        ("COPY **/*.c /x/", Semantics::Podman, &["d/e/f.c", "d/g.c"]),
    ];
    for (instructions, semantics, expected) in rows {
        let found = read(&tree, instructions, *semantics);
        assert_eq!(found, *expected, "{instructions} ({semantics:?})");
    }
}

#[test]
fn what_leads_nowhere() {
    let tree = [("a/file", ""), ("link", "-> gone")];
    let rows: &[(&str, [&[&str]; 3])] = &[
        (
            "COPY a/file link /x/",
            [
                &["`link` is a link to `gone`, which is not in the context"],
                &["`link` is a link to `gone`, which is not in the context"],
                &[],
            ],
        ),
        ("COPY l* /x/", [&[], &[], &[]]),
        ("COPY fil /", [&["there is no `fil` in the context"]; 3]),
        (
            "COPY *.c /",
            [
                &["nothing in the context matches `*.c`"],
                &[],
                &["nothing in the context matches `*.c`"],
            ],
        ),
        (
            "COPY *.c a /x/",
            [&[], &[], &["nothing in the context matches `*.c`"]],
        ),
        // The file from the network is enough for the classic builder.
        (
            "ADD *.c http://localhost/a /x/",
            [&[], &[], &["nothing in the context matches `*.c`"]],
        ),
        (
            "COPY [a a /x/",
            [
                &[],
                &["`[a` is a malformed pattern"],
                &["`[a` is a malformed pattern"],
            ],
        ),
        (
            "RUN --mount=src=b*,target=/x true",
            [&["nothing in the context matches `b*`"]; 3],
        ),
    ];
    for (instructions, expected) in rows {
        for (semantics, expected) in ALL.into_iter().zip(expected) {
            let found = missing(&tree, instructions, semantics);
            assert_eq!(found, *expected, "{instructions} ({semantics:?})");
        }
    }
}

#[test]
fn an_excluded_source_is_missing_and_its_rule_named() {
    let tree = [
        ("a/file", ""),
        ("link", "-> a/file"),
        (".dockerignore", "# none\na/f*\n"),
    ];
    let says = ["`a/file` is excluded by .dockerignore:2:1: `a/f*`"];
    for semantics in ALL {
        assert_eq!(missing(&tree, "COPY a/file /", semantics), says);
        assert_eq!(missing(&tree, "COPY a* /", semantics), [""; 0]);
        if semantics != Semantics::Podman {
            assert_eq!(missing(&tree, "COPY link /", semantics), says);
        }
    }
}

/// The classic builder removes its Dockerfile if the `.dockerignore` that it is sent excludes it.
#[test]
fn the_dockerfile_as_a_source() {
    let removed = ["`Dockerfile` is excluded by .dockerignore:1:1: `Docker*`"];
    let rows: &[(&str, [&[&str]; 3])] = &[
        ("Docker*\n", [&removed, &removed, &[]]),
        ("*\n!Dockerfile\n", [&[], &[], &[]]),
        ("\n", [&[], &[], &[]]),
    ];
    for (rules, expected) in rows {
        let tree = [(".dockerignore", *rules)];
        for (semantics, expected) in ALL.into_iter().zip(expected) {
            let found = missing(&tree, "COPY Dockerfile /", semantics);
            assert_eq!(found, *expected, "{rules:?} ({semantics:?})");
        }
    }

    let dir = tempfile::tempdir().unwrap();
    let text = "FROM scratch\nCOPY Dockerfile /\n";
    files(
        dir.path(),
        &[("Dockerfile", text), ("rules", "Dockerfile\n")],
    );
    let elsewhere = IgnoreChoice::Files(vec![dir.path().join("rules")]);
    let recipe = recipe(dir.path(), Semantics::Classic).ignore(elsewhere);
    let plan = recipe.plan(&Progress::new()).unwrap();
    assert_eq!(least(&plan).missing, [], "the engine is sent no rules");
}

#[test]
fn what_another_frontend_reads_need_be_no_dockerfile() {
    let dir = tempfile::tempdir().unwrap();
    let text = "# syntax=vendor/yaml\ncmd: [make]\nenv make\n";
    files(dir.path(), &[("a", ""), ("Dockerfile", text)]);
    let found = least(&plan(dir.path(), Semantics::BuildKit));
    assert_eq!(paths(&found.view), ["Dockerfile", "a"]);
    let classic = plan(dir.path(), Semantics::Classic);
    assert!(classic.referenced(&Request::default()).is_err());
}

/// Each is a second of work at most, optimised.
#[test]
fn hostile_trees_and_patterns_end() {
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 6 });
    let dir = tempfile::tempdir().unwrap();
    files(
        dir.path(),
        &[("a/dot", "-> ."), ("a/up", "-> .."), ("top", "-> a/up")],
    );
    for at in 0..200 {
        let (dir_name, link) = (format!("d{at}/e/f/g/h/"), format!("d{at}/e/up"));
        files(dir.path(), &[(&dir_name, ""), (&link, "-> ../..")]);
    }
    let rows = [
        format!("COPY {} /", "*/".repeat(500)),
        format!("COPY --parents {}x /", "**/*/".repeat(500)),
        format!("COPY {}x /", "a/dot/".repeat(500)),
        format!(
            "COPY {} /",
            (0..3_000).fold(String::new(), |all, at| format!("{all}no{at} "))
        ),
        format!(
            "COPY {} /",
            (0..3_000).fold(String::new(), |all, at| format!("{all}d*{at} "))
        ),
    ];
    for instruction in rows {
        for semantics in ALL {
            let choice = format!("FROM scratch\n{instruction}\n").into_bytes();
            let recipe = recipe(dir.path(), semantics).dockerfile(DockerfileChoice::Bytes(choice));
            let plan = recipe.plan(&Progress::new()).unwrap();
            let start = Instant::now();
            let found = least(&plan);
            let took = start.elapsed();
            println!(
                "{took:>10.1?} {semantics:?} {:?} {instruction:.30}",
                found.reads.whole.len()
            );
            assert!(took < limit, "{instruction:.80} takes {took:?}");
        }
    }
}
