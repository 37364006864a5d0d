//! Reads the text of a Go regular expression, as `regexp/syntax` with its Perl flags.

use super::{MAX_REPEAT, Node, Problem};
use crate::charset::{self, CharSet};

/// Go's limit on the nesting of the tree.
const MAX_HEIGHT: u32 = 1000;

/// Parses `text`. The tree is at most [`MAX_HEIGHT`] high.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let levels = vec![Level::default()];
    let parser = Parser {
        rest: text,
        levels,
        is_past_posix: false,
    };
    parser.parse()
}

/// A node and its height, which is limited as it grows so that no later recursion is deep.
type Sized = (Node, u32);

/// The branches of one group: those that `|` has ended, and the items of the current one.
#[derive(Default)]
struct Level {
    branches: Vec<Sized>,
    items: Vec<Sized>,
}

impl Level {
    fn end_branch(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.branches.push(join(items, Node::Concat));
    }

    fn finish(mut self) -> Sized {
        self.end_branch();
        join(self.branches, Node::Either)
    }
}

fn join(mut nodes: Vec<Sized>, wrap: fn(Vec<Node>) -> Node) -> Sized {
    match nodes.len() {
        0 => (Node::Empty, 1),
        1 => nodes.swap_remove(0),
        _ => {
            let height = 1 + nodes.iter().map(|(_, height)| *height).max().unwrap_or(0);
            (
                wrap(nodes.into_iter().map(|(node, _)| node).collect()),
                height,
            )
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    levels: Vec<Level>,
    /// Whether there is no `:]` in the rest: looking for it again and again would take quadratic time.
    is_past_posix: bool,
}

impl Parser<'_> {
    fn parse(mut self) -> Result<Node, Problem> {
        let mut after_repeat = false;
        while let Some(c) = self.rest.chars().next() {
            let mut is_repeat = false;
            match c {
                '(' if self.rest.starts_with("(?") => return Err("`(?` is not supported"),
                '(' => {
                    if self.levels.len() > MAX_HEIGHT as usize {
                        return Err("it is nested too deeply");
                    }
                    self.levels.push(Level::default());
                    self.advance(1);
                }
                ')' => self.close_group()?,
                '|' => {
                    self.level().end_branch();
                    self.advance(1);
                }
                '^' => self.take(1, Node::Start),
                '$' => self.take(1, Node::End),
                '.' => self.take(1, Node::Set(CharSet::not_newline())),
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' | '{' => match self.repeat_operator()? {
                    Some((min, max)) => {
                        self.repeat(min, max, after_repeat)?;
                        is_repeat = true;
                    }
                    // A `{` that starts no repetition is a literal.
                    None => self.take(1, Node::Char(c)),
                },
                _ => self.take(c.len_utf8(), Node::Char(c)),
            }
            after_repeat = is_repeat;
        }
        self.end()
    }

    fn end(mut self) -> Result<Node, Problem> {
        let level = self.levels.pop().unwrap_or_default();
        if !self.levels.is_empty() {
            return Err("a `)` is missing");
        }
        let (node, height) = level.finish();
        if height > MAX_HEIGHT {
            return Err("it is nested too deeply");
        }
        Ok(node)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn take(&mut self, bytes: usize, node: Node) {
        self.advance(bytes);
        self.push((node, 1));
    }

    fn push(&mut self, item: Sized) {
        self.level().items.push(item);
    }

    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn close_group(&mut self) -> Result<(), Problem> {
        self.advance(1);
        if self.levels.len() < 2 {
            return Err("a `)` has no `(`");
        }
        let (node, height) = self.levels.pop().unwrap_or_default().finish();
        self.push((Node::Group(Box::new(node)), height + 1));
        Ok(())
    }

    /// Reads `*`, `+`, `?`, `{n}`, `{n,}` or `{n,m}`; `None` if the `{` is a literal.
    fn repeat_operator(&mut self) -> Result<Option<(u32, Option<u32>)>, Problem> {
        let simple = match self.rest.as_bytes().first() {
            Some(b'*') => Some((0, None)),
            Some(b'+') => Some((1, None)),
            Some(b'?') => Some((0, Some(1))),
            _ => None,
        };
        if simple.is_some() {
            self.advance(1);
            return Ok(simple);
        }
        let Some((min, max, length)) = counted(self.rest) else {
            return Ok(None);
        };
        self.advance(length);
        let too_big = "a repetition count is over 1000 or its bounds are reversed";
        let (Some(min), Some(max)) = (min, max) else {
            return Err(too_big);
        };
        if min > MAX_REPEAT || max.is_some_and(|max| max > MAX_REPEAT || min > max) {
            return Err(too_big);
        }
        Ok(Some((min, max)))
    }

    fn repeat(&mut self, min: u32, max: Option<u32>, after_repeat: bool) -> Result<(), Problem> {
        if self.rest.starts_with('?') {
            // Reluctance changes what a match spans, not whether there is one.
            self.advance(1);
        }
        if after_repeat {
            return Err("a repetition follows a repetition");
        }
        let Some((node, height)) = self.level().items.pop() else {
            return Err("a repetition has nothing to repeat");
        };
        if height >= MAX_HEIGHT {
            return Err("it is nested too deeply");
        }
        self.push((
            Node::Repeat {
                node: Box::new(node),
                min,
                max,
            },
            height + 1,
        ));
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Problem> {
        let mut chars = self.rest.chars();
        chars.next();
        match chars.next() {
            Some('A') => self.take(2, Node::Start),
            Some('z') => self.take(2, Node::End),
            Some('b') => self.take(2, Node::Word),
            Some('B') => self.take(2, Node::NotWord),
            Some('Q') => {
                let (quoted, rest) = self.rest[2..]
                    .split_once("\\E")
                    .unwrap_or((&self.rest[2..], ""));
                self.rest = rest;
                for c in quoted.chars() {
                    self.push((Node::Char(c), 1));
                }
            }
            _ => {
                let node = match self.class_escape()? {
                    Some(set) => Node::Set(set),
                    None => char_node(self.char_escape()?),
                };
                self.push((node, 1));
            }
        }
        Ok(())
    }

    /// Reads `\d`, `\pL`, `\p{Greek}` and the like, if one is next.
    fn class_escape(&mut self) -> Result<Option<CharSet>, Problem> {
        let Some(escape) = self.rest.strip_prefix('\\') else {
            return Ok(None);
        };
        let Some(letter) = escape.chars().next() else {
            return Ok(None);
        };
        if let Some(set) = charset::perl(letter) {
            self.advance(2);
            return Ok(Some(set));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(None);
        }
        let unknown = "a `\\p` names no character group";
        let rest = &escape[1..];
        let (name, length) = if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}').ok_or(unknown)?;
            (&braced[..end], end + 2)
        } else {
            let length = rest.chars().next().map_or(0, char::len_utf8);
            (&rest[..length], length)
        };
        let (negate, name) = name
            .strip_prefix('^')
            .map_or((false, name), |name| (true, name));
        let set = charset::unicode(name)
            .ok_or(unknown)?
            .negate_if(negate != (letter == 'P'));
        self.advance(2 + length);
        Ok(Some(set))
    }

    /// Reads an escape that stands for one code point, which may be a surrogate.
    fn char_escape(&mut self) -> Result<u32, Problem> {
        let invalid = "an escape is not valid";
        self.advance(1);
        let c = self.next().ok_or("it ends in a backslash")?;
        match c {
            '1'..='7' if !self.rest.starts_with(|d: char| d.is_digit(8)) => Err(invalid),
            '0'..='7' => {
                let mut value = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().and_then(|d| d.to_digit(8)) else {
                        break;
                    };
                    value = value * 8 + digit;
                    self.advance(1);
                }
                Ok(value)
            }
            'x' => self.hex_escape().ok_or(invalid),
            'a' => Ok(0x07),
            'f' => Ok(0x0c),
            'n' => Ok(0x0a),
            'r' => Ok(0x0d),
            't' => Ok(0x09),
            'v' => Ok(0x0b),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c.into()),
            _ => Err(invalid),
        }
    }

    fn hex_escape(&mut self) -> Option<u32> {
        if !self.rest.starts_with('{') {
            let high = self.next()?.to_digit(16)?;
            return Some(high * 16 + self.next()?.to_digit(16)?);
        }
        self.advance(1);
        let digits = &self.rest[..self.rest.find('}')?];
        if digits.is_empty() {
            return None;
        }
        let mut value = 0;
        for digit in digits.chars() {
            value = value * 16 + digit.to_digit(16)?;
            if value > u32::from(char::MAX) {
                return None;
            }
        }
        self.advance(digits.len() + 1);
        Some(value)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.advance(c.len_utf8());
        Some(c)
    }

    /// Reads a class. Unlike in the `regex` crates, `[` and `&&` in it are literals, and so is a
    /// `]` that comes first.
    fn class(&mut self) -> Result<(), Problem> {
        self.advance(1);
        let negate = self.rest.starts_with('^');
        if negate {
            self.advance(1);
        }
        let mut ranges = Vec::new();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            let set = match self.posix_class()? {
                None => self.class_escape()?,
                found => found,
            };
            match set {
                Some(set) => ranges.extend_from_slice(set.ranges()),
                None => ranges.push(self.class_range()?),
            }
        }
        self.take(1, Node::Set(CharSet::new(ranges).negate_if(negate)));
        Ok(())
    }

    fn posix_class(&mut self) -> Result<Option<CharSet>, Problem> {
        let Some(rest) = self.rest.strip_prefix("[:") else {
            return Ok(None);
        };
        if self.is_past_posix {
            return Ok(None);
        }
        let Some(end) = rest.find(":]") else {
            self.is_past_posix = true;
            return Ok(None);
        };
        let set = charset::posix(&rest[..end]).ok_or("a `[:…:]` names no character class")?;
        self.advance(end + 4);
        Ok(Some(set))
    }

    fn class_range(&mut self) -> Result<(u32, u32), Problem> {
        let low = self.class_char()?;
        let mut after = self.rest.chars();
        // A `-` before the `]` is a literal.
        if after.next() != Some('-') || matches!(after.next(), None | Some(']')) {
            return Ok((low, low));
        }
        self.advance(1);
        let high = self.class_char()?;
        if high < low {
            Err("a range in a class is reversed")
        } else {
            Ok((low, high))
        }
    }

    fn class_char(&mut self) -> Result<u32, Problem> {
        if self.rest.starts_with('\\') {
            return self.char_escape();
        }
        self.next().map(u32::from).ok_or("a `]` is missing")
    }
}

/// A code point as a node; a surrogate matches nothing.
fn char_node(code: u32) -> Node {
    char::from_u32(code).map_or_else(|| Node::Set(CharSet::default()), Node::Char)
}

/// A bound of `{…}`: `None` if the number is absurdly large.
type Bound<T> = Option<T>;

/// Reads `{n}`, `{n,}` or `{n,m}`: bounds and length. Leading zeros make the `{` a literal.
fn counted(text: &str) -> Option<(Bound<u32>, Bound<Option<u32>>, usize)> {
    // Only over what may stand in it: a line of braces would take quadratic time otherwise.
    let end = text
        .bytes()
        .skip(1)
        .position(|b| b != b',' && !b.is_ascii_digit())?
        + 1;
    let inner = &text[1..end];
    text[end..].starts_with('}').then_some(())?;
    let (min, max) = match inner.split_once(',') {
        None => (number(inner)?, number(inner)?.map(Some)),
        Some((min, "")) => (number(min)?, Some(None)),
        Some((min, max)) => (number(min)?, number(max)?.map(Some)),
    };
    Some((min, max, end + 1))
}

fn number(digits: &str) -> Option<Bound<u32>> {
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if digits.is_empty() || leading_zero || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().ok())
}
