//! Under ignore rules arrives what BuildKit's own walk lists, no more and no less.

use std::collections::BTreeSet;

use shipload_engine::SessionContext;
use shipload_testkit::devtools::Devtools;
use shipload_testkit::engine;
use shipload_testkit::oracle::Answer;
use shipload_testkit::tree::{Case, Kinds, random_case};

use super::{Side, both, plan};

const TREES: u64 = 200;

#[test]
fn what_arrives_is_what_buildkit_lists() {
    let Some(sides) = both() else { return };
    let devtools = match Devtools::find() {
        Ok(devtools) => devtools,
        Err(why) => return engine::skip(&why),
    };
    let (mut compared, mut wrong) = (0, Vec::new());
    for seed in 0..TREES {
        // Every other tree on each Engine.
        let side = &sides[usize::from(seed % 2 == 0)];
        let case = random_case(seed, Kinds::Plain);
        let expected = devtools.answer(&case).unwrap().with_parents();
        let found = arrived(side, &case);
        if expected == Answer::Unclear {
            continue;
        }
        compared += 1;
        if found != expected {
            wrong.push(format!(
                "seed {seed}: {case}\nours: {found}\ntheirs: {expected}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(
        compared > TREES * 9 / 10,
        "only {compared} of {TREES} are clear"
    );
}

/// The paths in the image of `COPY . /`.
fn arrived(side: &Side, case: &Case) -> Answer {
    let dir = tempfile::tempdir().unwrap();
    case.tree.write(dir.path()).unwrap();
    let Ok(plan) = plan(dir.path(), &case.dockerfile) else {
        return Answer::Refused;
    };
    let context = SessionContext::from_plan(&plan).unwrap();
    let image = side.built(&context);
    let paths: BTreeSet<_> = image.files.into_iter().map(|file| file.path).collect();
    Answer::Sent(paths)
}
