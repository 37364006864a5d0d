//! Rules held against a listed tree are rules that it was listed under.

use shipload_context::{HostDir, Parents, Rules, Semantics, TreeBuilder, View};
use shipload_testkit::tree::{Kinds, random_case};

use crate::support::{packed, tree};

const CASES: u64 = 1_000;

/// What is sent of a tree by the builder of these semantics.
fn parents(semantics: Semantics) -> Parents {
    match semantics {
        Semantics::BuildKit => Parents::Send,
        Semantics::Classic | Semantics::Podman => Parents::Omit,
    }
}

#[test]
fn a_listed_tree_under_rules_is_a_tree_listed_under_them() {
    let mut refused = 0;
    for seed in 0..CASES {
        let case = random_case(seed, Kinds::Every);
        let dir = tempfile::tempdir().unwrap();
        case.tree.write(dir.path()).unwrap();
        let all = tree(dir.path());
        let text = case.tree.content(b".dockerignore").unwrap_or_default();
        for semantics in [Semantics::Classic, Semantics::BuildKit, Semantics::Podman] {
            let Ok(rules) = Rules::parse(semantics, ".dockerignore", text) else {
                continue;
            };
            let source = HostDir::new(dir.path()).rules(rules.clone());
            let listed = TreeBuilder::new().directory(source).build();
            let view = View::with_parents(&all, parents(semantics)).under(&rules);
            match (listed, view) {
                (Ok(listed), Ok(view)) => {
                    let listed = View::with_parents(&listed, parents(semantics));
                    let (one, other) = (packed(&view).unwrap(), packed(&listed).unwrap());
                    assert!(one == other, "seed {seed}, {semantics:?}\n{case}");
                }
                (Err(_), Err(_)) => refused += 1,
                (listed, view) => {
                    panic!("seed {seed}, {semantics:?}: {listed:?}, {view:?}\n{case}")
                }
            }
        }
    }
    assert!(refused < 3 * CASES / 10, "{refused} refused");
}
