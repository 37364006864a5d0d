//! Patterns that can be matched without a regular expression engine.
//!
//! Recognised from the syntax tree, not from the pattern's text, so that there is one meaning:
//! what `regexp` parsed. Covered are paths whose components hold literals, `*`, `?` and classes,
//! with `**` only as a whole component; that is nearly everything people write.
//!
//! Matching here is for *plain* paths: UTF-8 without newlines. `.` does not match a newline, so
//! `**` may not cross one; callers leave other paths to `Pattern::matches`.

use crate::charset::CharSet;
use crate::gopath::first_char_length;
use crate::regexp::Node;

/// A pattern by components.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    /// Runs of components. Between two runs lies `**`, any number of components.
    pub(crate) runs: Vec<Vec<Segment>>,
    /// Whether the first run must be at the start of the path.
    pub(crate) anchored: bool,
    /// What the pattern says about entries below those that the runs match.
    pub(crate) reach: Reach,
}

/// Which paths a glob matches, relative to the paths that its runs match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// These alone.
    Itself,
    /// All that lies below them: `a/**`.
    Below,
    /// These and all below: any pattern of podman.
    ItselfAndBelow,
}

/// The pattern of one component.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Segment(Vec<Token>);

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Literal(Vec<u8>),
    /// `?`
    AnyChar,
    /// `*`
    Star,
    Class(CharSet),
}

impl Glob {
    /// Recognises a tree; `None` if it is of another shape.
    pub(crate) fn from_node(node: &Node) -> Option<Self> {
        let Node::Concat(nodes) = node else {
            return None;
        };
        let [Node::Start, nodes @ .., Node::End] = &nodes[..] else {
            return None;
        };
        let (nodes, below) = match nodes {
            [nodes @ .., last] if *last == optional(vec![slash(), any_text()]) => (nodes, true),
            _ => (nodes, false),
        };
        Builder::default().build(nodes, below)
    }

    /// The whole path, if the pattern is nothing but that.
    pub(crate) fn as_literal(&self) -> Option<Vec<u8>> {
        if self.anchored { self.joined() } else { None }
    }

    fn joined(&self) -> Option<Vec<u8>> {
        let [run] = &self.runs[..] else { return None };
        let parts: Option<Vec<&[u8]>> = run.iter().map(Segment::as_literal).collect();
        Some(parts?.join(&b'/'))
    }

    /// What the path ends with, as whole components, if the pattern is nothing but that.
    pub(crate) fn as_floating_literal(&self) -> Option<Vec<u8>> {
        if self.anchored { None } else { self.joined() }
    }

    /// The pattern of the path's last component, if the pattern is nothing but that.
    pub(crate) fn into_floating_segment(mut self) -> Result<Segment, Self> {
        match &mut self.runs[..] {
            [run] if !self.anchored && run.len() == 1 => Ok(run.swap_remove(0)),
            _ => Err(self),
        }
    }

    /// The pattern of the last component.
    pub(crate) fn last(&self) -> Option<&Segment> {
        self.runs.last()?.last()
    }

    /// The longest text that every match holds; empty if there is none.
    pub(crate) fn longest_literal(&self) -> &[u8] {
        let tokens = self.runs.iter().flatten().flat_map(|segment| &segment.0);
        let literals = tokens.filter_map(|token| match token {
            Token::Literal(text) => Some(&text[..]),
            Token::AnyChar | Token::Star | Token::Class(_) => None,
        });
        literals.max_by_key(|text| text.len()).unwrap_or_default()
    }

    /// Whether the runs match the whole plain path that has these components.
    ///
    /// The first and the last run have their places; each one between is taken where it first
    /// fits, which leaves the most room to the others.
    pub(crate) fn matches(&self, mut parts: &[&[u8]]) -> bool {
        let mut runs = &self.runs[..];
        if self.anchored
            && let [first, rest @ ..] = runs
        {
            let Some((head, tail)) = parts.split_at_checked(first.len()) else {
                return false;
            };
            if !fits(first, head) || (rest.is_empty() && !tail.is_empty()) {
                return false;
            }
            (runs, parts) = (rest, tail);
        }
        let [between @ .., last] = runs else {
            return true;
        };
        for run in between {
            let Some(at) = parts
                .windows(run.len())
                .position(|window| fits(run, window))
            else {
                return false;
            };
            parts = &parts[at + run.len()..];
        }
        parts.len() >= last.len() && fits(last, &parts[parts.len() - last.len()..])
    }
}

fn fits(run: &[Segment], parts: &[&[u8]]) -> bool {
    run.iter()
        .zip(parts)
        .all(|(segment, part)| segment.matches(part))
}

impl Segment {
    pub(crate) fn as_literal(&self) -> Option<&[u8]> {
        match &self.0[..] {
            [Token::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// What matches end with, if that and one `*` are all there is.
    pub(crate) fn as_literal_end(&self) -> Option<&[u8]> {
        match &self.0[..] {
            [Token::Star, Token::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        match &self.0[..] {
            [Token::Literal(text)] => name == text,
            [Token::Star, Token::Literal(text)] => name.ends_with(text),
            [Token::Literal(text), Token::Star] => name.starts_with(text),
            tokens => match_tokens(tokens, name),
        }
    }
}

/// Matches with one point to return to: after the latest `*`. An earlier one never needs to take
/// more, as the later can take as well whatever that would leave.
fn match_tokens(tokens: &[Token], name: &[u8]) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match tokens.get(token) {
            None if at == name.len() => return true,
            Some(Token::Star) => {
                token += 1;
                star = Some((token, at));
                continue;
            }
            Some(next) => {
                if let Some(length) = next.take(&name[at..]) {
                    token += 1;
                    at += length;
                    continue;
                }
            }
            None => {}
        }
        let Some((after, from)) = star else {
            return false;
        };
        let Some(length) = first_char_length(&name[from..]) else {
            return false;
        };
        star = Some((after, from + length));
        (token, at) = (after, from + length);
    }
}

impl Token {
    /// How many bytes of `text` this takes.
    fn take(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Literal(literal) => text.starts_with(literal).then_some(literal.len()),
            Self::AnyChar => first_char_length(text),
            Self::Class(set) => {
                let length = first_char_length(text)?;
                let c = std::str::from_utf8(&text[..length]).ok()?.chars().next()?;
                set.contains(c).then_some(length)
            }
            Self::Star => Some(0),
        }
    }
}

#[derive(Default)]
struct Builder {
    runs: Vec<Vec<Segment>>,
    run: Vec<Segment>,
    tokens: Vec<Token>,
    is_floating: bool,
}

impl Builder {
    fn build(mut self, nodes: &[Node], below: bool) -> Option<Glob> {
        let gap = optional(vec![any_text(), slash()]);
        let mut ends_in_any_text = false;
        for (index, node) in nodes.iter().enumerate() {
            match node {
                Node::Char('/') => self.end_segment()?,
                Node::Char(c) => self.push_char(*c),
                Node::Set(set) => self.push_set(set)?,
                _ if *node == gap => self.gap()?,
                _ if *node == star_not_slash() => self.tokens.push(Token::Star),
                _ if *node == any_text() && index + 1 == nodes.len() && self.tokens.is_empty() => {
                    ends_in_any_text = true;
                }
                _ => return None,
            }
        }
        if ends_in_any_text {
            // `a/.*`: below `a`. With nothing before it, it is everything, which is rare enough.
            if below || self.run.is_empty() {
                return None;
            }
        } else {
            self.end_segment()?;
        }
        self.runs.push(self.run);
        let reach = match (ends_in_any_text, below) {
            (true, _) => Reach::Below,
            (false, true) => Reach::ItselfAndBelow,
            (false, false) => Reach::Itself,
        };
        Some(Glob {
            runs: self.runs,
            anchored: !self.is_floating,
            reach,
        })
    }

    /// An empty component, as after a leading slash, is left to the engine.
    fn end_segment(&mut self) -> Option<()> {
        if self.tokens.is_empty() {
            return None;
        }
        self.run.push(Segment(std::mem::take(&mut self.tokens)));
        Some(())
    }

    fn push_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        match self.tokens.last_mut() {
            Some(Token::Literal(text)) => text.extend_from_slice(bytes),
            _ => self.tokens.push(Token::Literal(bytes.to_vec())),
        }
    }

    /// A class that holds the slash may match across components.
    fn push_set(&mut self, set: &CharSet) -> Option<()> {
        if *set == CharSet::not_slash() {
            self.tokens.push(Token::AnyChar);
        } else if set.contains('/') {
            return None;
        } else {
            self.tokens.push(Token::Class(set.clone()));
        }
        Some(())
    }

    fn gap(&mut self) -> Option<()> {
        if !self.tokens.is_empty() {
            return None;
        }
        if !self.run.is_empty() {
            self.runs.push(std::mem::take(&mut self.run));
        } else if self.runs.is_empty() {
            self.is_floating = true;
        }
        Some(())
    }
}

fn slash() -> Node {
    Node::Char('/')
}

fn any_text() -> Node {
    Node::star(Node::Set(CharSet::not_newline()))
}

fn star_not_slash() -> Node {
    Node::star(Node::Set(CharSet::not_slash()))
}

fn optional(nodes: Vec<Node>) -> Node {
    let group = Node::Group(Box::new(Node::Concat(nodes)));
    Node::Repeat {
        node: Box::new(group),
        min: 0,
        max: Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (regexp, expected) in [
            (r"^a/b$", Some(Reach::Itself)),
            (r"^(.*/)?[^/]*\.md$", Some(Reach::Itself)),
            (r"^a/(.*/)?b$", Some(Reach::Itself)),
            (r"^(.*/)?a/.*$", Some(Reach::Below)),
            (r"^a(/.*)?$", Some(Reach::ItselfAndBelow)),
            (r"^a(.*/)?b$", None),
            (r"^a.*$", None),
            (r"^(.*/)?.*$", None),
            (r"^[^a]$", None),
            (r"^/a$", None),
            (r"^a|b$", None),
            (r"^a{2}$", None),
        ] {
            let node = Node::parse(regexp).expect(regexp);
            assert_eq!(
                Glob::from_node(&node).map(|glob| glob.reach),
                expected,
                "{regexp}"
            );
        }
    }

    #[test]
    fn runs_and_gaps() {
        for (regexp, path, expected) in [
            (r"^(.*/)?a/(.*/)?b/c$", "x/a/y/b/b/c", true),
            (r"^(.*/)?a/(.*/)?b/c$", "a/b/c", true),
            (r"^(.*/)?a/(.*/)?b/c$", "b/c/a", false),
            (r"^a/(.*/)?b/(.*/)?a$", "a/b/a", true),
            (r"^a/(.*/)?b/(.*/)?a$", "a/b", false),
            (r"^a/(.*/)?a$", "a", false),
            (r"^x[^/]*y[^/]*z$", "xyyzyz", true),
            (r"^x[^/]*y[^/]*z$", "xzy", false),
            (r"^[^/][^/]$", "éß", true),
            (r"^[^/]*[ch]$", "foo.c", true),
            (r"^[^/]*$", "a/b", false),
        ] {
            let glob = Glob::from_node(&Node::parse(regexp).expect(regexp)).expect(regexp);
            let parts: Vec<&[u8]> = path.as_bytes().split(|&b| b == b'/').collect();
            assert_eq!(glob.matches(&parts), expected, "{regexp} on {path}");
        }
    }
}
