//! From one tree and one Dockerfile comes the image that the docker CLI builds, to the last mode and link.
//!
//! Trees are random, with everything in them that a directory can hold, and without rule files: the docker CLI of Debian 12
//! reads those as older releases did. What rules leave is compared in [`super::rules`].

use shipload_engine::{BuildOptions, SessionContext};
use shipload_testkit::dockerfiles::random_dockerfile;
use shipload_testkit::tree::{Case, Item, Kind, Kinds, random_case};

use super::{Side, modern, plan, taken, usual};

const TREES: u64 = 100;

#[test]
fn of_random_trees_on_20() {
    compare(usual());
}

#[test]
fn of_random_trees_on_26() {
    compare(modern());
}

/// What came of a case.
enum Outcome {
    /// Two images, equal ones.
    Same,
    /// Neither builds it.
    Neither,
    /// In words, what is otherwise.
    Differs(Vec<String>),
}

fn compare(side: Option<Side>) {
    let Some(side) = side else { return };
    let (mut same, mut wrong) = (0, Vec::new());
    for seed in 0..TREES {
        let case = case(seed);
        match outcome(&side, &case) {
            Outcome::Same => same += 1,
            Outcome::Neither => {}
            Outcome::Differs(lines) => {
                wrong.push(format!("seed {seed}: {case}\n{}", lines.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(same > TREES * 3 / 4, "only {same} of {TREES} can be built");
}

/// A random tree without ignore files and sockets, whose Dockerfile copies this and that.
///
/// Sockets are left out of contexts here, as the classic builder's client does; BuildKit's makes empty files of them.
fn case(seed: u64) -> Case {
    let mut case = random_case(seed, Kinds::Every);
    let is_kept =
        |path: &[u8], item: &Item| !path.ends_with(b"ignore") && item.kind != Kind::Socket;
    case.tree.entries.retain(|path, item| is_kept(path, item));
    let text = random_dockerfile(seed, &case.tree);
    case.tree.file(case.dockerfile.as_bytes(), text.as_bytes());
    case
}

fn outcome(side: &Side, case: &Case) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    case.tree.write(dir.path()).unwrap();
    let name = |who| side.handle.unique(&format!("shipload/same/{who}"));
    let (ours, theirs) = (name("ours"), name("theirs"));
    let expected = side.theirs(dir.path(), &case.dockerfile, &theirs);
    let options = BuildOptions {
        no_cache: true,
        ..BuildOptions::tagged(ours.parse().unwrap())
    };
    let found = plan(dir.path(), &case.dockerfile).and_then(|plan| {
        let context = SessionContext::from_plan(&plan).map_err(|error| error.to_string())?;
        let (_, built) = side.build(&context, &options);
        built.map_err(|error| error.to_string())
    });
    match (found, expected) {
        (Ok(_), Ok(())) => {
            match taken(&side.handle, &ours).differences(&taken(&side.handle, &theirs)) {
                lines if lines.is_empty() => Outcome::Same,
                lines => Outcome::Differs(lines),
            }
        }
        (Err(_), Err(_)) => Outcome::Neither,
        (found, expected) => Outcome::Differs(vec![format!("ours {found:?}, theirs {expected:?}")]),
    }
}
