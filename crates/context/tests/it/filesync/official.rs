//! What calls get against BuildKit's own code, as `docker-devtools` runs it: paths with links and wildcards on random trees, and
//! exclude patterns.
//!
//! Version 0.1.0 of the tool is made of BuildKit 0.32.2 and fsutil of August 2026. Where it is missing what it answered earlier stands in: `recorded/followed.txt`, written by running this test with
//! `SHIPLOAD_RECORD=1` where the tool is.

use std::collections::BTreeSet;
use std::path::Path;

use shipload_context::{HostDir, Offer, Rules, Semantics, SyncRequest, TreeBuilder, View};
use shipload_testkit::devtools::Devtools;
use shipload_testkit::oracle::Answer;
use shipload_testkit::random::Random;
use shipload_testkit::tree::{Item, Kind, Kinds, TreeSpec, random_case};

use super::follow::{paths, request};
use crate::official::{paths_fingerprint, replay};

const CASES: u64 = 400;

const NAMES: [&str; 5] = ["a", "b", "c", "ab", "d.x"];
const WILD: [&str; 7] = ["*", "a*", "?", "[ab]", "*.x", "[^a]", "\\a"];

/// A path of a few names, of which some have wildcards.
fn some_path(random: &mut Random, wild: usize) -> String {
    let mut names = Vec::new();
    for _ in 0..=random.below(3) {
        let from: &[&str] = if random.chance(wild) { &WILD } else { &NAMES };
        names.push(*random.pick(from));
    }
    names.join("/")
}

fn some_target(random: &mut Random) -> String {
    let path = some_path(random, 3);
    match random.below(6) {
        0 | 1 => format!("/{path}"),
        2 => format!("../{path}"),
        3 => format!("../../{path}/.."),
        4 => "..".into(),
        _ => path,
    }
}

/// A tree with many links, and some paths in it.
fn some_case(seed: u64) -> (TreeSpec, Vec<String>) {
    let mut random = Random::new(seed);
    let mut tree = TreeSpec::default();
    for _ in 0..4 + random.below(14) {
        let path = some_path(&mut random, 0);
        let above = path
            .match_indices('/')
            .map(|(at, _)| &path.as_bytes()[..at]);
        let is_free = !tree.entries.contains_key(path.as_bytes())
            && above
                .into_iter()
                .all(|dir| tree.entries.get(dir).is_none_or(Item::is_dir));
        if !is_free {
            continue;
        }
        let kind = match random.below(5) {
            0 => Kind::Dir,
            1 | 2 => Kind::File {
                content: b"x".to_vec(),
            },
            _ => Kind::Symlink {
                target: some_target(&mut random).into(),
            },
        };
        tree.add(path.as_bytes(), Item::new(kind, 0o755));
    }
    let count = 1 + random.below(3);
    let follow = (0..count).map(|_| some_path(&mut random, 25)).collect();
    (tree, follow)
}

fn offered(tree: &TreeSpec, follow: &[String]) -> BTreeSet<String> {
    let temp = tempfile::tempdir().unwrap();
    tree.write(temp.path()).unwrap();
    let tree = TreeBuilder::new()
        .directory(HostDir::new(temp.path()))
        .build()
        .unwrap();
    let request = SyncRequest {
        follow_paths: follow.to_vec(),
        ..SyncRequest::default()
    };
    let offer = Offer::new(&View::new(&tree), &request).unwrap();
    paths(&offer).into_iter().collect()
}

fn recording() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/recorded/followed.txt")
}

/// The tool's answers, a line a case with the paths between spaces.
fn answers() -> Vec<BTreeSet<String>> {
    let parse = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    let tool = match Devtools::find() {
        Ok(tool) => tool,
        Err(why) => {
            println!("replaying what docker-devtools listed earlier: {why}");
            let text = fs_err::read_to_string(recording()).unwrap();
            return text.lines().skip(1).map(parse).collect();
        }
    };
    let mut lines = Vec::new();
    for seed in 0..CASES {
        let (tree, follow) = some_case(seed);
        let Answer::Sent(paths) = tool.copied(&tree, &follow).unwrap() else {
            panic!("seed {seed}: refused {follow:?} of\n{tree}");
        };
        let paths: Vec<_> = paths
            .into_iter()
            .map(|path| String::from_utf8(path).unwrap())
            .collect();
        lines.push(paths.join(" "));
    }
    if std::env::var_os("SHIPLOAD_RECORD").is_some() {
        let head = format!(
            "docker-devtools {}: build-context ls, a COPY a line",
            tool.version()
        );
        fs_err::write(recording(), format!("{head}\n{}\n", lines.join("\n"))).unwrap();
    }
    lines.iter().map(|line| parse(line)).collect()
}

#[test]
fn paths_are_followed_as_buildkit_follows_them() {
    let answers = answers();
    assert_eq!(answers.len() as u64, CASES);
    let (mut more, mut through_links) = (0, 0);
    for (seed, theirs) in (0..CASES).zip(&answers) {
        let (tree, follow) = some_case(seed);
        let ours = offered(&tree, &follow);
        // Of the ways through one link fsutil takes only the first; nothing else may be more.
        assert!(
            ours.is_superset(theirs),
            "seed {seed}: {follow:?}, of {theirs:?} only {ours:?}\n{tree}"
        );
        more += u64::from(ours != *theirs);
        let is_link =
            |path: &String| matches!(tree.entries[path.as_bytes()].kind, Kind::Symlink { .. });
        through_links += u64::from(theirs.iter().any(is_link));
    }
    println!("{CASES} cases, {through_links} of them with links; {more} get more");
    assert!(more < CASES / 20, "{more} of {CASES} get more");
    assert!(
        through_links > CASES / 4,
        "only {through_links} of {CASES} have links"
    );
}

/// The patterns that BuildKit's client makes of a case's ignore file; none where it is refused or not text.
fn patterns(tree: &TreeSpec, dockerfile: &str) -> Option<Vec<String>> {
    let candidates = Semantics::BuildKit.candidates().iter();
    let mut paths = candidates.map(|it| it.path(dockerfile.as_ref(), "".as_ref()));
    let content = paths.find_map(|path| tree.content(path.to_str()?.as_bytes()));
    let rules = Rules::parse(Semantics::BuildKit, "f", content.unwrap_or_default()).ok()?;
    let text = |rule: &shipload_ignore::Rule| {
        let pattern = std::str::from_utf8(rule.pattern()).ok()?;
        Some(format!(
            "{}{pattern}",
            if rule.is_negated() { "!" } else { "" }
        ))
    };
    rules.iter().map(text).collect()
}

/// Against what `crate::official` holds BuildKit's own listings against, with the rules sent as patterns.
#[test]
fn exclude_patterns_are_buildkits() {
    let mut compared = 0;
    for (seed, theirs) in (0..).zip(replay("docker-devtools.txt")).take(1000) {
        let case = random_case(seed, Kinds::Plain);
        let patterns = patterns(&case.tree, &case.dockerfile);
        let Some(patterns) = patterns.filter(|_| theirs != "unclear") else {
            continue;
        };
        let temp = tempfile::tempdir().unwrap();
        case.tree.write(temp.path()).unwrap();
        let dir = HostDir::new(temp.path());
        let tree = TreeBuilder::new().directory(dir).build().unwrap();
        let exclude: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let offer = Offer::new(&View::new(&tree), &request(&[], &[], &exclude));
        let ours = offer.ok().map(|offer| {
            let entries = (0..offer.len()).map(|id| offer.entry(id).unwrap());
            entries
                .map(|entry| entry.path.as_bytes().to_vec())
                .collect()
        });
        compared += 1;
        assert_eq!(
            paths_fingerprint(ours.as_ref()),
            theirs,
            "seed {seed}: {patterns:?}\n{case}"
        );
    }
    assert!(compared > 800, "only {compared} compared");
}
