//! Which directories are entered in search of what patterns match: excluded ones for re-included entries, and those that nobody
//! asked for, for what was asked for.
//!
//! The builders look at the text of the `!` patterns, not at what they match, and each does so in
//! its own way; this is where they differ most.

use crate::rules::Rule;
use crate::semantics::Semantics;

/// Patterns, usually the `!` patterns of a rule list, prepared for one question.
#[derive(Debug)]
pub(crate) enum Descent {
    /// Enter those of which a text here is an extension. Sorted.
    Towards {
        texts: Vec<Vec<u8>>,
        whole_names: bool,
    },
    /// Enter all.
    Everywhere,
}

impl Descent {
    pub(crate) fn new(semantics: Semantics, rules: &[Rule]) -> Self {
        let negated = rules.iter().filter(|rule| rule.is_negated());
        Self::towards(semantics, negated)
    }

    /// The search for what these rules match, `!` or not.
    pub(crate) fn towards<'r>(semantics: Semantics, rules: impl Iterator<Item = &'r Rule>) -> Self {
        let patterns = rules.map(Rule::pattern);
        let texts: Vec<&[u8]> = match semantics {
            Semantics::Classic => patterns.collect(),
            Semantics::BuildKit => patterns.map(without_trailing_glob).collect(),
            Semantics::Podman => patterns.map(trim_slashes).collect(),
        };
        if semantics == Semantics::BuildKit
            && texts
                .iter()
                .any(|text| text.iter().any(|byte| b"*[]?^\\".contains(byte)))
        {
            return Self::Everywhere;
        }
        let mut texts: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| [text, &b"/"[..]].concat())
            .collect();
        texts.sort_unstable();
        Self::Towards {
            texts,
            whole_names: semantics != Semantics::Podman,
        }
    }

    /// Whether this directory is entered.
    pub(crate) fn enters(&self, directory: &[u8]) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Towards { texts, .. } if texts.is_empty() => false,
            Self::Towards { texts, whole_names } => {
                let mut start = directory.to_vec();
                if *whole_names {
                    start.push(b'/');
                }
                let first = texts.partition_point(|text| *text < start);
                texts
                    .get(first)
                    .is_some_and(|text| text.starts_with(&start))
            }
        }
    }
}

/// A final `/**` is no wildcard to look for: such a pattern is a literal prefix if it has no other.
/// Older releases of fsutil dropped a final `/*` as well, current ones do not.
fn without_trailing_glob(pattern: &[u8]) -> &[u8] {
    pattern.strip_suffix(b"/**").unwrap_or(pattern)
}

fn trim_slashes(pattern: &[u8]) -> &[u8] {
    let start = pattern
        .iter()
        .position(|&byte| byte != b'/')
        .unwrap_or(pattern.len());
    let end = pattern
        .iter()
        .rposition(|&byte| byte != b'/')
        .map_or(start, |last| last + 1);
    &pattern[start..end]
}

#[cfg(test)]
mod tests {
    use crate::{Rules, Semantics};

    #[test]
    fn builders_differ() {
        use Semantics::{BuildKit, Classic, Podman};
        for (text, directory, entered_by) in [
            ("*", "a", &[][..]),
            ("*\n!**/*.md", "a", &[BuildKit][..]),
            ("*\n!a/b", "a", &[Classic, BuildKit, Podman][..]),
            ("*\n!ab/c", "a", &[Podman][..]),
            ("*\n!a", "a", &[][..]),
            ("*\n!a/*/c", "a", &[Classic, BuildKit, Podman][..]),
            ("*\n!a/**", "a", &[Classic, BuildKit, Podman][..]),
            ("*\n!a/**", "b", &[][..]),
            ("*\n!a/*/**", "b", &[BuildKit][..]),
            ("*\n!a|b/*", "b", &[BuildKit][..]),
        ] {
            for semantics in [Classic, BuildKit, Podman] {
                let rules = Rules::parse(semantics, "f", text.as_bytes()).expect(text);
                let judged = rules
                    .judge(&rules.root(), directory.as_bytes(), true)
                    .expect(text);
                let entered = judged.excluded && judged.enter;
                let expected = entered_by.contains(&semantics);
                assert_eq!(entered, expected, "{text:?}, {directory}, {semantics:?}");
            }
        }
    }
}
