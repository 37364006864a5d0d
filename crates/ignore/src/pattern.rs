//! One pattern: which kind of test it is, as Go's matchers decide that.
//!
//! Docker's `patternmatcher` tells literal, prefix and suffix patterns apart from those that
//! become a regular expression; podman makes a regular expression of all. This file follows
//! their translation to the letter, quirks included. Making it fast is left to `glob` and
//! `index`.

use std::sync::OnceLock;

use regex_automata::meta::Regex;

use crate::gopath::decode;
use crate::regexp::{self, Node, Problem};
use crate::semantics::Semantics;

/// How a pattern is held against a path.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// The path is this text.
    Exact(Vec<u8>),
    /// The path starts with this text: what was before a final `**`.
    Prefix(Vec<u8>),
    /// The path ends with this text (what came after `**`), or it is this text without its
    /// leading slash.
    Suffix(Vec<u8>),
    /// The path matches a regular expression.
    Regexp {
        node: Node,
        compiled: OnceLock<Result<Regex, Problem>>,
    },
    /// Go cannot compile it, which shows only when it is used.
    Bad(Problem),
}

impl Pattern {
    /// Understands a cleaned pattern.
    pub(crate) fn new(semantics: Semantics, pattern: &[u8]) -> Self {
        let text = decode(pattern);
        // Go's scanner skips one byte order mark at the start.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let (kind, regexp) = match semantics {
            Semantics::Classic | Semantics::BuildKit => docker(text),
            Semantics::Podman => (Kind::Regexp, podman(text)),
        };
        match kind {
            Kind::Exact => Self::Exact(pattern.to_vec()),
            Kind::Prefix => Self::Prefix(pattern[..pattern.len() - 2].to_vec()),
            Kind::Suffix => Self::Suffix(pattern[2..].to_vec()),
            Kind::Regexp => match Node::parse(&regexp) {
                Ok(node) => Self::Regexp {
                    node,
                    compiled: OnceLock::new(),
                },
                Err(problem) => Self::Bad(problem),
            },
        }
    }

    /// Holds `path` against the pattern, for any bytes and without any preparation.
    pub(crate) fn matches(&self, path: &[u8]) -> Result<bool, Problem> {
        match self {
            Self::Exact(text) => Ok(path == text),
            Self::Prefix(prefix) => Ok(path.starts_with(prefix)),
            Self::Suffix(suffix) => Ok(matches_suffix(suffix, path)),
            Self::Regexp { node, compiled } => {
                match compiled.get_or_init(|| regexp::compile(&[node])) {
                    Ok(regex) => Ok(regex.is_match(&decode(path))),
                    Err(problem) => Err(problem),
                }
            }
            Self::Bad(problem) => Err(problem),
        }
    }
}

pub(crate) fn matches_suffix(suffix: &[u8], path: &[u8]) -> bool {
    path.ends_with(suffix) || suffix.strip_prefix(b"/") == Some(path)
}

enum Kind {
    Exact,
    Prefix,
    Suffix,
    Regexp,
}

/// As `Pattern.compile` of `moby/patternmatcher`: the kind, and the regular expression that is
/// used if the kind says so.
fn docker(pattern: &str) -> (Kind, String) {
    let mut kind = Kind::Exact;
    let mut regexp = String::from("^");
    let mut chars = pattern.chars().peekable();
    let mut is_first = true;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_some() {
                    regexp.push_str("(.*/)?");
                    kind = Kind::Regexp;
                } else if matches!(kind, Kind::Exact) {
                    kind = Kind::Prefix;
                } else {
                    regexp.push_str(".*");
                    kind = Kind::Regexp;
                }
                if is_first {
                    kind = Kind::Suffix;
                }
            }
            '*' => {
                regexp.push_str("[^/]*");
                kind = Kind::Regexp;
            }
            '?' => {
                regexp.push_str("[^/]");
                kind = Kind::Regexp;
            }
            // `|`, `{`, `}` and `^` are meant to be escaped as well, but a bitmap that is too
            // small for them leaves them to the regular expression. We replicate this.
            '.' | '+' | '(' | ')' | '$' => {
                regexp.push('\\');
                regexp.push(c);
            }
            '\\' => {
                regexp.push('\\');
                regexp.extend(chars.next());
                kind = Kind::Regexp;
            }
            '[' | ']' => {
                regexp.push(c);
                kind = Kind::Regexp;
            }
            _ => regexp.push(c),
        }
        is_first = false;
    }
    regexp.push('$');
    (kind, regexp)
}

/// As `Pattern.compile` of `containers/storage`: it escapes less, and what lies below a match
/// matches too.
fn podman(pattern: &str) -> String {
    let mut regexp = String::from("^");
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                regexp.push_str(if chars.peek().is_some() {
                    "(.*/)?"
                } else {
                    ".*"
                });
            }
            '*' => regexp.push_str("[^/]*"),
            '?' => regexp.push_str("[^/]"),
            '.' | '$' => {
                regexp.push('\\');
                regexp.push(c);
            }
            '\\' => {
                regexp.push('\\');
                regexp.extend(chars.next());
            }
            _ => regexp.push(c),
        }
    }
    regexp.push_str("(/.*)?$");
    regexp
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(semantics: Semantics, pattern: &[u8], path: &[u8]) -> Option<bool> {
        Pattern::new(semantics, pattern).matches(path).ok()
    }

    /// Expected values from `patternmatcher`'s own tests and from the docker CLI 28.2.2.
    #[test]
    fn docker_patterns() {
        for (pattern, path, expected) in [
            ("**", "a/b", Some(true)),
            ("**/**", "a/b/c", Some(true)),
            ("a/**", "a", Some(false)),
            ("a/**", "a/b/c", Some(true)),
            ("**foo", "xfoo", Some(true)),
            ("**foo", "a/xfoo", Some(true)),
            ("**/foo", "xfoo", Some(false)),
            ("**/foo", "foo", Some(true)),
            ("foo**", "foobar/x", Some(true)),
            ("a**b", "axb", Some(false)),
            ("a**b", "ax/b", Some(true)),
            ("a**b", "ab", Some(true)),
            ("**x*", "a/xb", Some(true)),
            ("**x*", "a/bx", Some(false)),
            ("*", "a/b", Some(false)),
            ("*", "a\nb", Some(true)),
            ("**/a*", "\n/a", Some(false)),
            ("[^a]", "/", Some(true)),
            ("[!a]", "b", Some(false)),
            ("[!a]", "!", Some(true)),
            ("a|b*", "axx", Some(true)),
            ("a|b*", "zb", Some(true)),
            ("a|b", "a", Some(false)),
            ("a{1,2}*", "aax", Some(true)),
            ("a{1,2}", "aa", Some(false)),
            (r"\d", "5", Some(true)),
            (r"[[:alpha:]]", "q", Some(true)),
            ("[b-a]", "a", None),
            (r"\y", "y", None),
            ("a(b)*", "a(b)c", Some(true)),
            ("a.b?", "axbc", Some(false)),
            ("?", "é", Some(true)),
            ("[a*b]", "[b]", Some(true)),
            ("a^b*", "a^b", Some(false)),
        ] {
            let actual = matches(Semantics::Classic, pattern.as_bytes(), path.as_bytes());
            assert_eq!(actual, expected, "{pattern:?} on {path:?}");
        }
    }

    /// Expected values from buildah 1.28.2.
    #[test]
    fn podman_patterns() {
        for (pattern, path, expected) in [
            ("a", "a/b/c", Some(true)),
            ("a", "ab", Some(false)),
            ("a/**", "a", Some(false)),
            ("a+", "aaa", Some(true)),
            ("(a|b)", "b", Some(true)),
            ("a|b", "b/x", Some(true)),
            ("(a", "a", None),
            ("**foo", "xfoo", Some(false)),
            ("**foo", "a/foo/x", Some(true)),
        ] {
            let actual = matches(Semantics::Podman, pattern.as_bytes(), path.as_bytes());
            assert_eq!(actual, expected, "{pattern:?} on {path:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replacement_characters() {
        assert_eq!(matches(Semantics::Classic, b"?", b"\xff"), Some(true));
        assert_eq!(matches(Semantics::Classic, b"?", b"\xe2\x82"), Some(false));
        assert_eq!(matches(Semantics::Classic, b"\xff*", b"\xfe"), Some(true));
        assert_eq!(matches(Semantics::Classic, b"\xff", b"\xfe"), Some(false));
        assert_eq!(
            matches(Semantics::Classic, "\u{fffd}?".as_bytes(), b"\xfex"),
            Some(true)
        );
    }
}
