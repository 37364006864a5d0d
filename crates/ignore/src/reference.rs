//! The builders' algorithms written down plainly, and the test that the fast ones agree.
//!
//! Every rule is evaluated for every path, in order, with a regular expression matcher that
//! simply computes sets of positions. Shared with the real code is only the reading of lines and
//! patterns, which other tests compare with the real tools.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::pattern::Pattern;
use crate::regexp::Node;
use crate::rules::Rules;
use crate::semantics::Semantics;
use crate::{Frame, gopath};

/// Where matches that start at one of `from` can end.
fn ends(node: &Node, text: &[char], from: &BTreeSet<usize>) -> BTreeSet<usize> {
    let one = |accepts: &dyn Fn(char) -> bool| {
        from.iter()
            .filter(|&&at| text.get(at).is_some_and(|c| accepts(*c)))
            .map(|at| at + 1)
            .collect()
    };
    let word = |at: usize| {
        text.get(at)
            .is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
    };
    let is_boundary = |at: &&usize| word(**at) != (**at > 0 && word(**at - 1));
    match node {
        Node::Empty => from.clone(),
        Node::Char(expected) => one(&|c| c == *expected),
        Node::Set(set) => one(&|c| set.contains(c)),
        Node::Start => from.iter().filter(|at| **at == 0).copied().collect(),
        Node::End => from
            .iter()
            .filter(|at| **at == text.len())
            .copied()
            .collect(),
        Node::Word => from.iter().filter(is_boundary).copied().collect(),
        Node::NotWord => from.iter().filter(|at| !is_boundary(at)).copied().collect(),
        Node::Group(node) => ends(node, text, from),
        Node::Concat(nodes) => nodes
            .iter()
            .fold(from.clone(), |at, node| ends(node, text, &at)),
        Node::Either(nodes) => nodes
            .iter()
            .flat_map(|node| ends(node, text, from))
            .collect(),
        Node::Repeat { node, min, max } => {
            let mut at = from.clone();
            for _ in 0..*min {
                at = ends(node, text, &at);
            }
            let mut all = at.clone();
            for _ in *min..max.unwrap_or(u32::MAX) {
                at = ends(node, text, &at).difference(&all).copied().collect();
                if at.is_empty() {
                    break;
                }
                all.extend(&at);
            }
            all
        }
    }
}

/// Whether a pattern matches; `None` if it cannot be evaluated.
fn matches(pattern: &Pattern, path: &[u8]) -> Option<bool> {
    match pattern {
        Pattern::Exact(_) | Pattern::Prefix(_) | Pattern::Suffix(_) => pattern.matches(path).ok(),
        Pattern::Regexp { node, .. } => {
            let text: Vec<char> = gopath::decode(path).chars().collect();
            Some(!ends(node, &text, &(0..=text.len()).collect()).is_empty())
        }
        Pattern::Bad(_) => None,
    }
}

/// As `MatchesUsingParentResults`: the verdict and the results for the children.
fn docker(rules: &Rules, parent: &[bool], path: &[u8]) -> Option<(bool, Vec<bool>)> {
    let mut matched = false;
    let mut results = vec![false; parent.len()];
    for (i, (rule, pattern)) in rules.iter().zip(rules.patterns()).enumerate() {
        let mut matches_this = parent[i];
        if !matches_this {
            if rule.is_negated() != matched {
                continue;
            }
            matches_this = matches(pattern, path)?;
        }
        results[i] = matches_this;
        if matches_this {
            matched = !rule.is_negated();
        }
    }
    Some((matched, results))
}

/// As `PatternMatcher.Matches` of containers/storage.
fn podman(rules: &Rules, path: &[u8]) -> Option<bool> {
    let mut matched = false;
    for (rule, pattern) in rules.iter().zip(rules.patterns()) {
        if matches(pattern, path)? {
            matched = !rule.is_negated();
        }
    }
    Some(matched)
}

/// Checks all entries below `directory` of a tree in which every directory holds `names` as
/// directories and as files.
fn check(
    rules: &Rules,
    names: &[Vec<u8>],
    directory: &[u8],
    results: &[bool],
    frame: &Frame,
    depth: usize,
) -> Result<(), TestCaseError> {
    for name in names {
        let path = if directory.is_empty() {
            name.clone()
        } else {
            [directory, b"/", name].concat()
        };
        let expected = match rules.semantics() {
            Semantics::Podman => podman(rules, &path).map(|excluded| (excluded, Vec::new())),
            _ => docker(rules, results, &path),
        };
        let judged = rules.judge(frame, &path, true);
        let shown = String::from_utf8_lossy(&path).into_owned();
        let Some((excluded, results)) = expected else {
            prop_assert!(judged.is_err(), "{shown}: must fail");
            continue;
        };
        let judged = judged.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(judged.excluded, excluded, "{} in {:?}", &shown, rules);
        let explained = rules
            .explain(&path, true)
            .map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(explained.excluded, excluded, "explained: {}", &shown);
        prop_assert_eq!(explained.rule, judged.rule, "explained: {}", &shown);
        if judged.enter && depth > 1 {
            check(rules, names, &path, &results, &judged.frame, depth - 1)?;
        }
    }
    Ok(())
}

fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "ab", "a.b", ".b", "é"]),
        6 => prop::sample::select(vec!["*", "?", "**", "**/", "/**", "/", "/", "/"]),
        2 => prop::sample::select(vec![
            "[ab]", "[^a]", "[^/]", "[b-a]", "[a*b]", r"\.", r"\pL", r"\w", "|", "{1,2}", "^", "+",
            "(", "()", ")", "$", " ", r"\Q", r"\b", "[[:alpha:]]",
        ]),
    ];
    (any::<bool>(), prop::collection::vec(piece, 1..5)).prop_map(|(negated, pieces)| {
        format!("{}{}", if negated { "!" } else { "" }, pieces.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn fast_is_plain(
        lines in prop::collection::vec(pattern(), 1..7),
        names in prop::collection::btree_set(prop::sample::select(vec![
            &b"a"[..], b"b", b"ab", b"a.b", "é".as_bytes(), b"\xff", b"b\n", b"axb", b".b",
        ]), 1..4),
        semantics in prop::sample::select(vec![
            Semantics::Classic, Semantics::BuildKit, Semantics::Podman,
        ]),
    ) {
        let text = lines.join("\n");
        let Ok(rules) = Rules::parse(semantics, "f", text.as_bytes()) else { return Ok(()) };
        let names: Vec<Vec<u8>> = names.iter().map(|name| name.to_vec()).collect();
        let none = vec![false; rules.iter().len()];
        check(&rules, &names, b"", &none, &rules.root(), 4)?;
    }
}
