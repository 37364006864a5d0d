//! Go's regular expressions, as far as ignore patterns can produce them.
//!
//! Docker turns a pattern into a Go regular expression and leaves `|`, `{}`, `^`, classes and
//! escapes in it to Go. The `regex` crates read other syntax (nested classes, `&&`, Unicode `\d`,
//! `{` never a literal), so the text is parsed here as Go's `regexp/syntax` does with its Perl
//! flags, limits included, and handed over as a syntax tree.
//!
//! `(?…)` cannot occur: a `?` of a pattern has become `[^/]` before it gets here.

use regex_automata::meta::{Config, Regex};
use regex_automata::{MatchKind, nfa::thompson::WhichCaptures};
use regex_syntax::hir::{Hir, Look, Repetition};

use crate::charset::CharSet;

mod parser;

/// Go's limit on the instructions of a program.
const MAX_SIZE: u64 = (128 << 20) / 40;
/// Go's limit on the copies that one `{n,m}` makes, and on the product of nested ones.
const MAX_REPEAT: u32 = 1000;

/// Why a text is no regular expression, in words that end a sentence.
pub(crate) type Problem = &'static str;

/// A regular expression's syntax tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Empty,
    Char(char),
    Set(CharSet),
    Start,
    End,
    Word,
    NotWord,
    Group(Box<Node>),
    Concat(Vec<Node>),
    Either(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
    },
}

impl Node {
    /// `node*`
    pub(crate) fn star(node: Self) -> Self {
        Self::Repeat {
            node: Box::new(node),
            min: 0,
            max: None,
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let node = parser::parse(text)?;
        check_repeats(&node)?;
        if node.size() > MAX_SIZE {
            Err("it is too large")
        } else {
            Ok(node)
        }
    }

    /// The tree for `regex-automata`.
    pub(crate) fn to_hir(&self) -> Hir {
        match self {
            Self::Empty => Hir::empty(),
            Self::Char(c) => Hir::literal(c.to_string().into_bytes()),
            Self::Set(set) => set.to_hir(),
            Self::Start => Hir::look(Look::Start),
            Self::End => Hir::look(Look::End),
            Self::Word => Hir::look(Look::WordAscii),
            Self::NotWord => Hir::look(Look::WordAsciiNegate),
            Self::Group(node) => node.to_hir(),
            Self::Concat(nodes) => Hir::concat(nodes.iter().map(Self::to_hir).collect()),
            Self::Either(nodes) => Hir::alternation(nodes.iter().map(Self::to_hir).collect()),
            Self::Repeat { node, min, max } => {
                let sub = Box::new(node.to_hir());
                Hir::repetition(Repetition {
                    min: *min,
                    max: *max,
                    greedy: true,
                    sub,
                })
            }
        }
    }

    /// Estimated instructions, as Go counts them before it compiles.
    fn size(&self) -> u64 {
        let size = match self {
            Self::Group(node) => 2 + node.size(),
            Self::Concat(nodes) => nodes.iter().map(Self::size).sum(),
            Self::Either(nodes) => nodes.iter().map(|n| n.size() + 1).sum::<u64>() - 1,
            Self::Repeat { node, min, max } => match max {
                None => 2 + u64::from(*min).max(1) * node.size(),
                Some(max) => u64::from(*max) * node.size() + u64::from(max - min),
            },
            _ => 1,
        };
        size.max(1)
    }
}

/// Compiles expressions into one that tells, for a text, all of those that match it.
pub(crate) fn compile(nodes: &[&Node]) -> Result<Regex, Problem> {
    let hirs: Vec<Hir> = nodes.iter().map(|node| node.to_hir()).collect();
    let config = Config::new()
        .match_kind(MatchKind::All)
        .which_captures(WhichCaptures::None)
        .hybrid_cache_capacity(8 << 20);
    Regex::builder()
        .configure(config)
        .build_many_from_hir(&hirs)
        .map_err(|_| "it is too large to compile")
}

/// Refuses nested counted repetitions that multiply to more than 1000; returns the product.
fn check_repeats(node: &Node) -> Result<u32, Problem> {
    match node {
        Node::Group(node) => check_repeats(node),
        Node::Concat(nodes) | Node::Either(nodes) => nodes
            .iter()
            .try_fold(1, |most, node| Ok(check_repeats(node)?.max(most))),
        Node::Repeat { node, min, max } => {
            let inner = check_repeats(node)?;
            let copies = max.unwrap_or(*min).max(1);
            let product = if *max == Some(0) {
                1
            } else {
                inner.saturating_mul(copies)
            };
            if copies >= 2 && product > MAX_REPEAT {
                return Err("nested repetition counts multiply to over 1000");
            }
            Ok(product)
        }
        _ => Ok(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(regexp: &str, text: &str) -> Result<bool, Problem> {
        Ok(compile(&[&Node::parse(regexp)?])?.is_match(text))
    }

    /// Expected values from Go's `regexp.MatchString`; `None` where `regexp.Compile` fails.
    #[test]
    fn as_go_matches() {
        for (regexp, text, expected) in [
            (r"^a|b[^/]*$", "axx", Some(true)),
            (r"^a|b[^/]*$", "zb", Some(true)),
            (r"^a{1,2}[^/]*$", "aax", Some(true)),
            (r"^a{x$", "a{x", Some(true)),
            (r"^a{01}$", "a{01}", Some(true)),
            (r"^a{,2}$", "a{,2}", Some(true)),
            (r"^a{1001}$", "a", None),
            (r"^a{2,1}$", "a", None),
            (r"^a{99999999999}$", "a", None),
            (r"^(a{100}){100}$", "a", None),
            (r"^a**$", "a", None),
            (r"^|{2}$", "", None),
            (r"^{2}$", "", Some(true)),
            (r"^[a&&b]$", "&", Some(true)),
            (r"^[a[b]$", "[", Some(true)),
            (r"^[]a]$", "]", Some(true)),
            (r"^[^]a]$", "]", Some(false)),
            (r"^[a-]$", "-", Some(true)),
            (r"^[b-a]$", "a", None),
            (r"^[[:alpha:]]$", "q", Some(true)),
            (r"^[[:alpha:]]$", "é", Some(false)),
            (r"^[[:nope:]]$", "n", None),
            (r"^[[:^digit:]]$", "x", Some(true)),
            (r"^\d$", "٣", Some(false)),
            (r"^[\d-z]$", "-", Some(true)),
            (r"^\pL$", "é", Some(true)),
            (r"^\p{^Greek}$", "λ", Some(false)),
            (r"^\P{Greek}$", "λ", Some(false)),
            (r"^\p{greek}$", "λ", None),
            (r"^\Qa*\E$", "a*", Some(true)),
            (r"^\Qa|b$", "a|b$", Some(true)),
            (r"^a\Q\E*$", "aaa", Some(true)),
            (r"^\C$", "a", None),
            (r"^\_$", "_", Some(true)),
            (r"^\é$", "é", None),
            (r"^\1$", "1", None),
            (r"^\12$", "\n", Some(true)),
            (r"^\0$", "\0", Some(true)),
            (r"^\x41$", "A", Some(true)),
            (r"^\x{1F600}$", "😀", Some(true)),
            (r"^\x{110000}$", "a", None),
            (r"^\Z$", "", None),
            (r"^a\z$", "a", Some(true)),
            (r"^\ba\b$", "a", Some(true)),
            (r"^.$", "\n", Some(false)),
            (r"^[^a]$", "\n", Some(true)),
            (r"^(a$", "a", None),
            (r"^a)$", "a", None),
            (r"^()$", "", Some(true)),
        ] {
            assert_eq!(matches(regexp, text).ok(), expected, "{regexp} on {text:?}");
        }
    }

    /// Podman's lines have no limit. With a search to the end at each character these take many minutes.
    #[test]
    fn reading_takes_linear_time() {
        let braces = format!("^{}$", "{".repeat(2_000_000));
        assert!(Node::parse(&braces).is_ok());
        let openings = format!("^[{}a]$", "[:".repeat(2_000_000));
        assert!(Node::parse(&openings).is_ok());
    }

    #[test]
    fn deep_and_large_input_is_refused() {
        for text in [
            format!("^{}$", "(".repeat(60_000)),
            format!("^{}a{}$", "(".repeat(2000), ")".repeat(2000)),
            format!("^a{}$", r"*\Q\E".repeat(10_000)),
            format!("^{}$", "[^/]{1000}".repeat(6000)),
        ] {
            assert!(Node::parse(&text).is_err(), "{}", &text[..20]);
        }
        let large = format!("^{}$", r"\pL{1000}".repeat(10));
        assert!(compile(&[&Node::parse(&large).expect("within Go's limits")]).is_err());
    }
}
