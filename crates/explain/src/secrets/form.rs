//! `Form`: how a kind of token is written, and whether a text has one at a place.
//!
//! A form is a piece of a regular expression: literal text, and classes with a count (`ghp_[A-Za-z0-9]{36}`). No more is needed
//! of what issuers publish, and so little is matched in a few nanoseconds without anything to compile.

use std::ops::Range;

/// How a token is written.
#[derive(Debug, Clone)]
pub(super) struct Form {
    parts: Vec<Part>,
    /// The part by which it is found.
    needle: usize,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Vec<u8>),
    Run(Set, Range<usize>),
}

/// A set of ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set(u128);

/// The longest run that an open count (`{20,}`) stands for.
const LONGEST: usize = 2048;

impl Set {
    fn has(self, byte: u8) -> bool {
        byte < 128 && self.0 >> byte & 1 == 1
    }

    /// The class between `[` and `]`.
    fn parse(class: &[u8]) -> Self {
        let mut bits = 0;
        let mut rest = class;
        while let [first, tail @ ..] = rest {
            let (last, tail) = match tail {
                [b'-', last, tail @ ..] => (*last, tail),
                _ => (*first, tail),
            };
            for byte in *first..=last {
                bits |= 1_u128 << (byte & 127);
            }
            rest = tail;
        }
        Self(bits)
    }
}

impl Form {
    /// Reads a form; none if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            let (byte, tail) = match (first, tail) {
                (b'[', _) => {
                    let (part, tail) = run(tail)?;
                    parts.push(part);
                    rest = tail;
                    continue;
                }
                (b'\\', [byte, tail @ ..]) => (*byte, tail),
                _ => (*first, tail),
            };
            match parts.last_mut() {
                Some(Part::Text(text)) => text.push(byte),
                _ => parts.push(Part::Text(vec![byte])),
            }
            rest = tail;
        }
        let length = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Run(..) => 0,
        };
        // Of the longest texts the first.
        let needle = (0..parts.len()).rev().max_by_key(|&i| length(&parts[i]))?;
        Some(Self { parts, needle })
    }

    /// The text to look for; empty for a form without any.
    pub(super) fn needle(&self) -> &[u8] {
        match &self.parts[self.needle] {
            Part::Text(text) => text,
            Part::Run(..) => &[],
        }
    }

    /// The token whose needle is at `at`, if there is one that neither goes on before nor behind.
    pub(super) fn find(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let start = backward(&self.parts[..self.needle], text, at)?;
        let end = forward(&self.parts[self.needle..], text, at)?;
        Some(start..end).filter(|found| self.stands_alone(text, found))
    }

    /// Whether all of `value` is of this form.
    pub(super) fn is_all(&self, value: &[u8]) -> bool {
        forward(&self.parts, value, 0) == Some(value.len())
    }

    fn stands_alone(&self, text: &[u8], found: &Range<usize>) -> bool {
        let touches = |part: Option<&Part>, byte: u8, inner: Option<&u8>| match part {
            Some(Part::Run(set, _)) => set.has(byte) || is_word(byte),
            _ => is_word(byte) && inner.is_some_and(|&inner| is_word(inner)),
        };
        let before = text[..found.start].last().is_some_and(|&byte| {
            touches(self.parts.first(), byte, text.get(found.start))
                && !is_escape(&text[..found.start])
        });
        let inner = text[..found.end].last();
        let behind = text
            .get(found.end)
            .is_some_and(|&byte| touches(self.parts.last(), byte, inner));
        !before && !behind
    }
}

/// A class with its count, behind the `[`.
fn run(text: &[u8]) -> Option<(Part, &[u8])> {
    let close = text.iter().position(|&byte| byte == b']')?;
    let set = Set::parse(&text[..close]);
    let tail = text.get(close + 1..)?;
    let Some(count) = tail.strip_prefix(b"{") else {
        return Some((Part::Run(set, 1..1), tail));
    };
    let close = count.iter().position(|&byte| byte == b'}')?;
    let words = std::str::from_utf8(&count[..close]).ok()?;
    let (least, most) = words.split_once(',').unwrap_or((words, words));
    let most = if most.is_empty() {
        LONGEST
    } else {
        most.parse().ok()?
    };
    Some((
        Part::Run(set, least.parse().ok()?..most),
        &count[close + 1..],
    ))
}

/// Where a text that begins at `at` with these parts ends.
fn forward(parts: &[Part], text: &[u8], at: usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_first() else {
        return Some(at);
    };
    let tail = text.get(at..)?;
    match part {
        Part::Text(literal) if tail.starts_with(literal) => forward(rest, text, at + literal.len()),
        Part::Text(_) => None,
        Part::Run(set, count) => {
            let longest = tail
                .iter()
                .take(count.end)
                .take_while(|b| set.has(**b))
                .count();
            let mut lengths = (count.start..=longest).rev();
            match rest {
                // Nothing to give back for.
                [] => lengths.next().map(|length| at + length),
                _ => lengths.find_map(|length| forward(rest, text, at + length)),
            }
        }
    }
}

/// Where a text that ends at `at` with these parts begins.
fn backward(parts: &[Part], text: &[u8], at: usize) -> Option<usize> {
    let Some((part, rest)) = parts.split_last() else {
        return Some(at);
    };
    let head = text.get(..at)?;
    match part {
        Part::Text(literal) if head.ends_with(literal) => backward(rest, text, at - literal.len()),
        Part::Text(_) => None,
        Part::Run(set, count) => {
            let bytes = head.iter().rev().take(count.end);
            let longest = bytes.take_while(|b| set.has(**b)).count();
            let mut lengths = (count.start..=longest).rev();
            match rest {
                [] => lengths.next().map(|length| at - length),
                _ => lengths.find_map(|length| backward(rest, text, at - length)),
            }
        }
    }
}

/// Whether a byte may be in the middle of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a text ends in something that only looks like a letter: `\n` or `%3D`.
fn is_escape(text: &[u8]) -> bool {
    match text {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_find_whole_tokens_only() {
        let rows = [
            ("ab_[a-f]{3}", "x ab_abc y", Some("ab_abc")),
            ("ab_[a-f]{3}", "ab_abcd", None),
            ("ab_[a-f]{3}", "ab_abcz", None),
            ("ab_[a-f]{3}", "xab_abc", None),
            ("ab_[a-f]{3}", "\\nab_abc", Some("ab_abc")),
            ("ab_[a-f]{3}", "=%3Dab_abc", Some("ab_abc")),
            ("ab_[a-f]{2,4}", "ab_abc.", Some("ab_abc")),
            ("ab_[a-f]{2,}", "ab_abcabcabc", Some("ab_abcabcabc")),
            (
                "[0-9]{3}\\.mid\\.[a-z]{2}",
                "a=123.mid.xy",
                Some("123.mid.xy"),
            ),
            ("[0-9]{3}\\.mid\\.[a-z]{2}", "a=0123.mid.xy", None),
            (
                "k-[a-zM-]{2,9}MMMM[a-zM]{2}",
                "k-abcMMMMab",
                Some("k-abcMMMMab"),
            ),
            ("k-[a-zM-]{2,9}MMMM[a-zM]{2}", "k-aMMMMab", None),
        ];
        for (form, text, expected) in rows {
            let form = Form::parse(form).unwrap();
            let bytes = text.as_bytes();
            let at = memchr::memmem::find(bytes, form.needle()).unwrap();
            let found = form.find(bytes, at).map(|range| &text[range]);
            assert_eq!(found, expected, "{text}");
        }
    }
}
