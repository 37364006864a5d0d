//! Differences against a naive comparison of the archives, on random trees; and what is no difference.

use std::collections::{BTreeMap, BTreeSet};

use shipload_context::{
    Archive, ArchiveOptions, DockerfileChoice, Plan, Progress, Recipe, Request, Semantics,
    TreeBuilder, View,
};
use shipload_explain::{Change, Difference, InputChange, Side, differences, input_changes};
use shipload_testkit::dockerfiles::random_dockerfile;
use shipload_testkit::tree::{Case, Kind, Kinds, TreeSpec, edited, random_case};

use crate::support::{Unpacked, inputs, inputs_of, on_all_cores, packed, unpacked, write};

const CASES: u64 = 1_000;

fn compare(from: &Side<'_>, to: &Side<'_>) -> Vec<Difference> {
    differences(from, to, &Progress::new()).unwrap()
}

fn context(view: &View) -> Side<'_> {
    Side::Context { view, known: None }
}

fn plan_of(
    case: &Case,
    tree: &TreeSpec,
    semantics: Semantics,
) -> Option<(tempfile::TempDir, Plan)> {
    let temp = tempfile::tempdir().unwrap();
    tree.write(temp.path()).unwrap();
    let file = DockerfileChoice::File(temp.path().join(&case.dockerfile));
    let recipe = Recipe::new(temp.path())
        .dockerfile(file)
        .semantics(semantics);
    let plan = recipe.plan(&Progress::new()).ok()?;
    Some((temp, plan))
}

/// The members of an archive, with the directories that unpacking makes.
fn whole(view: &View) -> BTreeMap<Vec<u8>, Unpacked> {
    let members = unpacked(&packed(view));
    let mut all = members.clone();
    for path in members.keys() {
        for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let dir = Unpacked {
                mode: 0o755,
                what: "Directory".to_owned(),
            };
            all.entry(path[..end].to_vec()).or_insert(dir);
        }
    }
    all
}

/// What differs, and in which way, by comparing one by one.
fn naive(
    from: &BTreeMap<Vec<u8>, Unpacked>,
    to: &BTreeMap<Vec<u8>, Unpacked>,
) -> Vec<(Vec<u8>, Change)> {
    let paths: BTreeSet<&Vec<u8>> = from.keys().chain(to.keys()).collect();
    let kind = |unpacked: &Unpacked| unpacked.what.split(' ').next().unwrap().to_owned();
    let mut found = Vec::new();
    for path in paths {
        let change = match (from.get(path), to.get(path)) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(one), Some(other)) if kind(one) != kind(other) => Change::Type,
            (Some(one), Some(other)) if one.what != other.what => Change::Modified,
            (Some(one), Some(other)) if one.mode != other.mode => Change::Mode,
            _ => continue,
        };
        found.push((path.clone(), change));
    }
    found
}

fn told(found: &[Difference]) -> Vec<(Vec<u8>, Change)> {
    let told = found
        .iter()
        .map(|one| (one.path.as_bytes().to_vec(), one.change));
    let mut told: Vec<_> = told.collect();
    // Ours are in the order of an archive.
    told.sort_by(|one, other| one.0.cmp(&other.0));
    told
}

fn check(seed: u64) -> bool {
    let mut case = random_case(seed, Kinds::Every);
    // The `tar` crate takes a line feed for the end of an extended header's record.
    if case.tree.entries.keys().any(|path| path.contains(&b'\n')) {
        return false;
    }
    let name = case.dockerfile.clone().into_bytes();
    let content = random_dockerfile(seed, &case.tree).into_bytes();
    case.tree.entries.get_mut(&name).unwrap().kind = Kind::File { content };
    let mut other = edited(seed, &case.tree, &name);
    if seed.is_multiple_of(4)
        && let Some(item) = other.entries.get_mut(&name)
        && let Kind::File { content } = &mut item.kind
    {
        content.extend_from_slice(b"# changed\n");
    }
    let all = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];
    let semantics = all[usize::try_from(seed).unwrap() % 3];
    let one = plan_of(&case, &case.tree, semantics);
    let (Some((_kept, one)), Some((_too, other))) = (one, plan_of(&case, &other, semantics)) else {
        return false;
    };
    let what = || format!("seed {seed}, {semantics:?}\n{case}");
    let found = compare(&context(&one.view), &context(&other.view));
    let want = naive(&whole(&one.view), &whole(&other.view));
    assert_eq!(told(&found), want, "{}", what());

    // A context and its own archive are the same.
    let tar = packed(&one.view);
    let archive = Archive::from_reader("x", &tar[..], &ArchiveOptions::default()).unwrap();
    let archive = View::new(&TreeBuilder::new().archive(archive).build().unwrap());
    assert_eq!(
        compare(&context(&one.view), &context(&archive)),
        [],
        "{}",
        what()
    );

    // What is read is the same exactly if the digests are, and knowing contents changes nothing.
    let request = Request::default();
    let is_readable = |plan: &Plan| plan.referenced(&request).is_ok();
    if is_readable(&one) && is_readable(&other) {
        let (first, second) = (inputs_of(&one, &request), inputs_of(&other, &request));
        let files = compare(&Side::Inputs(&first), &Side::Inputs(&second));
        let is_same = files.is_empty() && input_changes(&first, &second).is_empty();
        assert_eq!(is_same, first.digest() == second.digest(), "{}", what());
        let known = |view, known| Side::Context {
            view,
            known: Some(known),
        };
        for (from, to) in [
            (known(&one.view, &first), known(&other.view, &second)),
            (known(&one.view, &first), context(&other.view)),
            (context(&one.view), known(&other.view, &second)),
        ] {
            assert_eq!(told(&compare(&from, &to)), want, "{}", what());
        }
    }
    true
}

#[test]
fn they_are_those_of_the_archives() {
    let checked = on_all_cores(CASES, check);
    // Some trees have files that only root can read.
    let enough = if rustix::process::geteuid().is_root() {
        CASES * 7 / 10
    } else {
        CASES * 4 / 10
    };
    assert!(checked > enough, "only {checked} were checked");
}

#[test]
fn what_was_asked_for_differs_too() {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), &[("Dockerfile", "FROM scratch AS a\n")]);
    let asked = |target: Option<&str>, arguments: &[(&str, Option<&str>)]| {
        let owned =
            |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.map(str::to_owned));
        let request = Request {
            target: target.map(str::to_owned),
            build_args: arguments.iter().map(owned).collect(),
            platform: target.map(|_| "linux/arm".to_owned()),
            ..Request::default()
        };
        inputs(temp.path(), &request)
    };
    let one = asked(
        None,
        &[("A", Some("1")), ("B", Some("1")), ("C", Some("1"))],
    );
    let mut other = asked(
        Some("a"),
        &[("A", Some("1")), ("B", None), ("D", Some("1"))],
    );
    other.dockerfile = shipload_explain::Digest::of(b"");
    assert_eq!(input_changes(&one, &one), []);
    let argument = |name: &str, change| InputChange::Argument(name.to_owned(), change);
    let want = [
        InputChange::Dockerfile,
        InputChange::Target(None, Some("a".into())),
        InputChange::Platform(None, Some("linux/arm".into())),
        argument("B", Change::Modified),
        argument("C", Change::Removed),
        argument("D", Change::Added),
    ];
    assert_eq!(input_changes(&one, &other), want);
}

#[test]
fn a_file_that_changed_meanwhile_is_named() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for dir in [one.path(), other.path()] {
        write(
            dir,
            &[
                ("Dockerfile", "FROM scratch\n"),
                ("a", "same"),
                ("b", "same"),
                ("c", "same"),
            ],
        );
    }
    let plans =
        [one.path(), other.path()].map(|dir| Recipe::new(dir).plan(&Progress::new()).unwrap());
    for name in ["b", "c"] {
        fs_err::write(other.path().join(name), "longer").unwrap();
    }
    let sides = plans.each_ref().map(|plan| context(&plan.view));
    let error = differences(&sides[0], &sides[1], &Progress::new()).unwrap_err();
    let want = format!(
        "cannot read `b` from `{}`: its size changed from 4 to 6 bytes after it was listed",
        other.path().join("b").display()
    );
    assert_eq!(error.to_string(), want);
    let progress = Progress::new();
    progress.cancel();
    let error = differences(&sides[0], &sides[1], &progress).unwrap_err();
    assert_eq!(error.to_string(), "cancelled");
}
