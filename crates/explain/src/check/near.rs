//! Rules that match nothing, and what they would match if they were not anchored at the top, or if case did not count.

use std::collections::BTreeMap;

use shipload_context::{Rules, Semantics};
use shipload_ignore::Rule;

use super::judged::Judged;
use super::junk_kinds;
use super::subject::Subject;
use crate::code::Code;
use crate::survey::{LineId, Survey};

/// What a rule would match if it were written in another way.
#[derive(Debug)]
pub(super) struct Near {
    /// In which way it is wrong.
    pub(super) code: Code,
    /// The rule as it would have to be.
    pub(super) rule: Vec<u8>,
    /// The topmost entries that it would match and that would change sides.
    pub(super) places: Vec<u32>,
    /// Whether the rule is a name, without wildcards.
    pub(super) is_name: bool,
    /// Whether one of the places is junk.
    pub(super) is_junk: bool,
}

/// Finds what rules that match nothing nearly match, if it is not in or out already.
pub(super) fn find(
    subject: &Subject<'_>,
    chosen: &Judged,
    dead: &[(&Rule, LineId)],
) -> BTreeMap<LineId, Near> {
    let mut found = BTreeMap::new();
    for way in [Way::Deeper, Way::AnyCase] {
        let rest = dead.iter().filter(|(_, id)| !found.contains_key(id));
        let tried: Vec<_> = rest
            .filter_map(|(rule, id)| Some((*rule, *id, way.pattern(rule)?)))
            .collect();
        let places = way.places(subject.survey, chosen, &tried);
        for ((rule, id, pattern), places) in tried.into_iter().zip(places) {
            if let Some(near) = way.near(subject.survey, rule, pattern, places) {
                found.insert(id, near);
            }
        }
    }
    found
}

/// In which way a rule may have been meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// At any depth, as in `.gitignore`.
    Deeper,
    /// In upper or lower case.
    AnyCase,
}

impl Way {
    /// The pattern to try; none where the rule cannot have been meant so.
    fn pattern(self, rule: &Rule) -> Option<Vec<u8>> {
        let pattern = rule.pattern();
        let written = rule.text().strip_prefix(b"!").unwrap_or(rule.text());
        match self {
            Self::Deeper => {
                let is_anchored = written.starts_with(b"/") || pattern.contains(&b'/');
                let fits = !is_anchored && !pattern.starts_with(b"**") && pattern != b".";
                fits.then(|| [b"**/", pattern].concat())
            }
            // In lower case, a class or an escape is another one.
            Self::AnyCase if pattern.iter().any(|byte| b"\\[".contains(byte)) => None,
            Self::AnyCase => Some(lower(pattern)),
        }
    }

    /// For each pattern the topmost entries that it matches and that the rule would move.
    fn places(
        self,
        survey: &Survey,
        chosen: &Judged,
        tried: &[(&Rule, LineId, Vec<u8>)],
    ) -> Vec<Vec<u32>> {
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); tried.len()];
        if tried.is_empty() {
            return places;
        }
        let patterns = tried.iter().map(|(_, _, pattern)| pattern);
        let rules = Rules::builder(Semantics::BuildKit).patterns("patterns", patterns);
        let Ok(rules) = rules.map(shipload_ignore::RulesBuilder::build) else {
            return places;
        };
        if rules.iter().len() != tried.len() {
            return places;
        }
        let spell = |path: &[u8]| match self {
            Self::Deeper => path.to_vec(),
            Self::AnyCase => lower(path),
        };
        // Names that are no UTF-8 in a way that patterns cannot take are in no list of what was meant.
        let _ = survey.each_match(&rules, spell, |place, numbers| {
            let excluded = chosen
                .verdicts
                .get(place)
                .is_some_and(|verdict| verdict.excluded);
            for &number in numbers {
                let is_below = |&top: &u32| place < survey.end(top as usize);
                let own = &mut places[number];
                if excluded == tried[number].0.is_negated() && !own.last().is_some_and(is_below) {
                    own.extend(u32::try_from(place));
                }
            }
        });
        places
    }

    fn near(
        self,
        survey: &Survey,
        rule: &Rule,
        pattern: Vec<u8>,
        places: Vec<u32>,
    ) -> Option<Near> {
        let sign = if rule.is_negated() { &b"!"[..] } else { b"" };
        let first = survey.entry(*places.first()?);
        let (code, pattern) = match self {
            Self::Deeper => (Code::AnchoredRule, pattern),
            Self::AnyCase => {
                let pattern = recased(rule.pattern(), first.path.as_bytes())?;
                (Code::WrongCase, pattern)
            }
        };
        let is_junk = |&place: &u32| {
            let entry = survey.entry(place);
            let kind = if entry.is_dir() {
                junk_kinds::of_directory(survey, &entry.path)
            } else {
                junk_kinds::of_file(entry.path.file_name())
            };
            kind.is_some()
        };
        Some(Near {
            code,
            rule: [sign, &pattern].concat(),
            is_name: !rule.pattern().iter().any(|byte| b"*?[\\".contains(byte)),
            is_junk: places.iter().any(is_junk),
            places,
        })
    }
}

/// A pattern with the case of a path that it matches but for case; none where it cannot be told which part is which.
fn recased(pattern: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let (start, rest) = match pattern.strip_prefix(b"**/") {
        Some(rest) => (&b"**/"[..], rest),
        None => (&b""[..], pattern),
    };
    let parts: Vec<_> = rest.split(|&byte| byte == b'/').collect();
    let names: Vec<_> = path.split(|&byte| byte == b'/').collect();
    let names = &names[names.len().checked_sub(parts.len())?..];
    let parts: Option<Vec<_>> = parts
        .iter()
        .zip(names)
        .map(|(part, name)| recased_part(part, name))
        .collect();
    Some([start, &parts?.join(&b'/')].concat())
}

fn recased_part(part: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let Some(star) = part.iter().position(|&byte| byte == b'*') else {
        return part.eq_ignore_ascii_case(name).then(|| name.to_vec());
    };
    let (head, tail) = (&part[..star], &part[star + 1..]);
    let start = name.get(..head.len())?;
    let end = name.get(name.len().checked_sub(tail.len())?..)?;
    let fits = head.eq_ignore_ascii_case(start) && tail.eq_ignore_ascii_case(end);
    fits.then(|| [start, b"*", end].concat())
}

fn lower(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => text.to_ascii_lowercase(),
    }
}
