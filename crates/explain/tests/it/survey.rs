//! What a survey says of rules, held against the walk that packs and against trying it out.

use std::collections::BTreeSet;

use shipload_context::{Progress, Rules, Semantics, Tree, TreeBuilder, View};
use shipload_explain::Survey;
use shipload_testkit::tree::{Kinds, random_case};

const CASES: u64 = 150;
const ALL: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

/// The paths that rules leave in, as the core says; none where they cannot be evaluated.
fn left(tree: &Tree, rules: &Rules) -> Option<BTreeSet<Vec<u8>>> {
    let view = View::new(tree).under(rules).ok()?;
    let entries = view.members().map(|member| member.entry);
    Some(
        entries
            .map(|entry| entry.path.as_bytes().to_vec())
            .collect(),
    )
}

#[test]
fn verdicts_are_those_of_the_walk_and_a_rule_without_effect_has_none() {
    let (mut idle, mut effective) = (0, 0);
    for seed in 0..CASES {
        let case = random_case(seed, Kinds::Every);
        let dir = tempfile::tempdir().unwrap();
        case.tree.write(dir.path()).unwrap();
        let survey = Survey::new(dir.path(), &Progress::new()).unwrap();
        let text = case.tree.content(b".dockerignore").unwrap_or_default();
        for semantics in ALL {
            let Ok(rules) = Rules::parse(semantics, "f", text) else {
                continue;
            };
            let Ok(verdicts) = survey.verdicts(&rules) else {
                assert!(left(survey.tree(), &rules).is_none(), "seed {seed}");
                continue;
            };
            let included = survey.entries().iter().zip(&verdicts);
            let included = included.filter(|(_, verdict)| !verdict.excluded);
            let included: BTreeSet<_> = included
                .map(|(entry, _)| entry.path.as_bytes().to_vec())
                .collect();
            let mut sent = left(survey.tree(), &rules).unwrap();
            if semantics.sends_excluded_parents() {
                let is_parent = |path: &Vec<u8>| {
                    let place = survey
                        .entries()
                        .iter()
                        .position(|e| e.path.as_bytes() == &path[..]);
                    verdicts[place.unwrap()].excluded
                };
                sent.retain(|path| !is_parent(path));
            }
            assert_eq!(included, sent, "seed {seed}, {semantics:?}\n{case}");

            let matched = survey.matched(&rules, &verdicts).unwrap();
            for (rule, matched) in rules.iter().zip(&matched) {
                let line = rule.place().line;
                let without: Vec<_> = (1..)
                    .zip(text.split(|&byte| byte == b'\n'))
                    .map(|(number, text)| if number == line { &b""[..] } else { text })
                    .collect();
                let without = without.join(&b'\n');
                let without = Rules::parse(semantics, "f", &without).unwrap();
                let change = survey
                    .first_change(&verdicts, &without, Some(&matched.topmost))
                    .unwrap();
                let now = survey.verdicts(&without).unwrap();
                let pairs = now.iter().zip(&verdicts);
                let expected = pairs.map(|(now, before)| now.excluded != before.excluded);
                let is_changed = expected.clone().any(|changed| changed);
                assert_eq!(
                    change.is_some(),
                    is_changed,
                    "seed {seed}, {rule}, {semantics:?}\n{case}"
                );
                if let Some(place) = change {
                    assert!(
                        expected.clone().nth(place).unwrap(),
                        "seed {seed}, {rule}\n{case}"
                    );
                    effective += 1;
                } else {
                    idle += 1;
                }
            }
        }
    }
    assert!(
        idle > 100 && effective > 100,
        "{idle} idle, {effective} effective"
    );
}

#[test]
fn ends_and_matches() {
    let mut builder = TreeBuilder::new();
    for path in ["a-b", "a/x", "a/y/z", "b"] {
        builder = builder.bytes(path.parse().unwrap(), "");
    }
    let survey = Survey::of(builder.build().unwrap());
    let paths: Vec<_> = survey
        .entries()
        .iter()
        .map(|e| e.path.to_string())
        .collect();
    assert_eq!(paths, ["a", "a/x", "a/y", "a/y/z", "a-b", "b"]);
    let ends: Vec<_> = (0..paths.len()).map(|place| survey.end(place)).collect();
    assert_eq!(ends, [4, 2, 4, 4, 5, 6]);
    let rules = Rules::parse(Semantics::BuildKit, "f", b"a/**\n**/[xz]\nnone\n!b").unwrap();
    let verdicts = survey.verdicts(&rules).unwrap();
    let matched = survey.matched(&rules, &verdicts).unwrap();
    let summary: Vec<_> = matched
        .iter()
        .map(|rule| (rule.count, rule.included, &rule.topmost[..]))
        .collect();
    assert_eq!(
        summary,
        [
            (3, 0, &[1, 2][..]),
            (2, 0, &[1, 3][..]),
            (0, 0, &[][..]),
            (1, 1, &[5][..]),
        ]
    );
}
