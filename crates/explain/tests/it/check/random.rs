//! Random directories under random rules: every one can be checked, and lines that are said to do nothing can go.

use std::collections::BTreeSet;

use fs_err as fs;
use shipload_context::{Progress, Recipe, Rules, Semantics, Tree, View};
use shipload_explain::{CheckOptions, Code, Edit, Survey, check};
use shipload_testkit::tree::{Kinds, random_case};

const CASES: u64 = 60;
const ALL: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

/// What a builder is left with; none if it refuses the rules.
fn context(tree: &Tree, semantics: Semantics, text: &[u8]) -> Option<BTreeSet<Vec<u8>>> {
    let rules = Rules::parse(semantics, "f", text).ok()?;
    let view = View::new(tree).under(&rules).ok()?;
    let paths = view
        .members()
        .map(|member| member.entry.path.as_bytes().to_vec());
    Some(
        paths
            .filter(|path| path != b"Dockerfile" && path != b".dockerignore")
            .collect(),
    )
}

#[test]
fn lines_without_effect_can_all_go_at_once() {
    let mut removed = 0;
    for seed in 0..CASES {
        let case = random_case(seed, Kinds::Every);
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        case.tree.write(&root).unwrap();
        if !root.join("Dockerfile").is_file() {
            if root.join("Dockerfile").exists() {
                continue;
            }
            fs::write(root.join("Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
        }
        let survey = Survey::new(&root, &Progress::new()).unwrap();
        for semantics in ALL {
            let recipe = Recipe::new(&root).semantics(semantics);
            let report = check(&recipe, &CheckOptions::default(), &Progress::new())
                .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{case}"));
            let idle = [
                Code::ShadowedRule,
                Code::DuplicateRule,
                Code::FutileException,
            ];
            let findings = report
                .findings
                .iter()
                .filter(|finding| idle.contains(&finding.code));
            let mut edits: Vec<Edit> = findings
                .filter_map(|finding| finding.fix.as_ref())
                .flat_map(|fix| fix.edits.iter().cloned())
                .collect();
            edits.sort_by_key(|edit| edit.range.start);
            let Some(first) = edits.first() else { continue };
            let text = &fs::read(&first.file).unwrap();
            removed += edits.len();
            let without = Edit::apply(&edits, text).unwrap();
            for builder in ALL {
                let before = context(survey.tree(), builder, text);
                let after = context(survey.tree(), builder, &without);
                let same = before.is_none() || before == after;
                let without = String::from_utf8_lossy(&without);
                assert!(
                    same,
                    "seed {seed}, {semantics:?}, {builder:?}, without: {without}\n{case}"
                );
            }
        }
    }
    assert!(removed > 40, "{removed} removed");
}
