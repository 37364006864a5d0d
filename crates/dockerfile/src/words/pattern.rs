//! Patterns of `${NAME#pattern}` and its like: `*` is any text without a line feed, `?` a character that is none.
//!
//! BuildKit turns them into regular expressions. The same matches come out of a search without one, since a star cannot
//! leave its line. In a line every part between two stars may be taken at its first place, for that leaves the others the
//! most room; only the last one decides how far the match reaches. A part that holds a line feed fits in one place at most.

use std::ops::Range;

use super::cursor::MARK;
use super::steps::{Exhausted, Steps};

/// A pattern.
pub(super) struct Pattern {
    /// What comes before the first star.
    head: Vec<Piece>,
    /// What comes after each star.
    parts: Vec<Vec<Piece>>,
}

/// What one character of a text has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Exactly(char),
    NoLineFeed,
}

/// How far a match reaches where it could end in several places.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Shortest,
    Longest,
}

/// What follows a backslash that escapes nothing; nothing at the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadEscape(pub(super) Option<char>);

/// Parsing
impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, BadEscape> {
        Self::read(text.chars())
    }

    /// The pattern that matches what is reversed. A backslash stays before its character.
    pub(super) fn parse_reversed(text: &str) -> Result<Self, BadEscape> {
        let mut units: Vec<(char, Option<char>)> = Vec::new();
        let mut characters = text.chars();
        while let Some(first) = characters.next() {
            let escaped = if first == '\\' {
                characters.next()
            } else {
                None
            };
            units.push((first, escaped));
        }
        let reversed = units.into_iter().rev();
        Self::read(
            reversed
                .flat_map(|(first, escaped)| [Some(first), escaped])
                .flatten(),
        )
    }

    fn read(characters: impl Iterator<Item = char>) -> Result<Self, BadEscape> {
        let mut characters = characters.peekable();
        characters.next_if_eq(&MARK);
        let mut pattern = Self {
            head: Vec::new(),
            parts: Vec::new(),
        };
        while let Some(character) = characters.next() {
            let piece = match character {
                '*' => {
                    pattern.star();
                    continue;
                }
                '?' => Piece::NoLineFeed,
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '?' | '\\' | '}' | '/')) => Piece::Exactly(escaped),
                    other => return Err(BadEscape(other)),
                },
                _ => Piece::Exactly(character),
            };
            let part = pattern.parts.last_mut().unwrap_or(&mut pattern.head);
            part.push(piece);
        }
        Ok(pattern)
    }

    /// Begins a part; two stars are one.
    fn star(&mut self) {
        if self.parts.last().is_none_or(|part| !part.is_empty()) {
            self.parts.push(Vec::new());
        }
    }
}

/// Matching
impl Pattern {
    /// Where a match that begins at a place ends.
    pub(super) fn match_at(
        &self,
        text: &str,
        start: usize,
        reach: Reach,
        steps: &mut Steps,
    ) -> Result<Option<usize>, Exhausted> {
        let Some(mut at) = fits(&self.head, text, start, steps)? else {
            return Ok(None);
        };
        let Some((last, parts)) = self.parts.split_last() else {
            return Ok(Some(at));
        };
        for part in parts {
            let Some(end) = first(part, text, at, steps)? else {
                return Ok(None);
            };
            at = end;
        }
        match reach {
            Reach::Shortest => first(last, text, at, steps),
            Reach::Longest => furthest(last, text, at, steps),
        }
    }

    /// The first match from a place on, as long as can be.
    pub(super) fn find(
        &self,
        text: &str,
        from: usize,
        steps: &mut Steps,
    ) -> Result<Option<Range<usize>>, Exhausted> {
        let in_one_line = !self.head.contains(&Piece::Exactly('\n'));
        let mut start = from;
        loop {
            if let Some(end) = self.match_at(text, start, Reach::Longest, steps)? {
                return Ok(Some(start..end));
            }
            let rest = text.get(start..).unwrap_or_default();
            let mut skipped = 0;
            if in_one_line && fits(&self.head, text, start, steps)?.is_some() {
                // What follows the first star is too far off, wherever in this line the match begins.
                skipped = line(rest);
                steps.take(skipped)?;
            }
            let Some(next) = rest.get(skipped..).and_then(|rest| rest.chars().next()) else {
                return Ok(None);
            };
            start += skipped + next.len_utf8();
        }
    }
}

/// Where a part that begins at a place ends.
fn fits(
    part: &[Piece],
    text: &str,
    start: usize,
    steps: &mut Steps,
) -> Result<Option<usize>, Exhausted> {
    let mut rest = text.get(start..).unwrap_or_default().chars();
    steps.take(1)?;
    for piece in part {
        steps.take(1)?;
        let fitting = match (piece, rest.next()) {
            (Piece::Exactly(wanted), Some(character)) => *wanted == character,
            (Piece::NoLineFeed, Some(character)) => character != '\n',
            (_, None) => false,
        };
        if !fitting {
            return Ok(None);
        }
    }
    Ok(Some(text.len() - rest.as_str().len()))
}

/// Where a part ends that begins as early as it can, at a place or later in its line.
fn first(
    part: &[Piece],
    text: &str,
    from: usize,
    steps: &mut Steps,
) -> Result<Option<usize>, Exhausted> {
    for start in starts(text, from) {
        if let Some(end) = fits(part, text, start, steps)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// Where a part ends that begins as late as it can, in the line of a place.
fn furthest(
    part: &[Piece],
    text: &str,
    from: usize,
    steps: &mut Steps,
) -> Result<Option<usize>, Exhausted> {
    let rest = text.get(from..).unwrap_or_default();
    steps.take(line(rest))?;
    for start in starts(text, from).rev() {
        if let Some(end) = fits(part, text, start, steps)? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

/// The places in a line where a star can end: before each of its characters and at its end.
fn starts(text: &str, from: usize) -> impl DoubleEndedIterator<Item = usize> {
    let rest = text.get(from..).unwrap_or_default();
    let line = rest.get(..line(rest)).unwrap_or_default();
    let ends = line.char_indices().map(|(index, _)| index);
    ends.chain([line.len()]).map(move |index| from + index)
}

/// How long the first line of a text is, without its line feed.
fn line(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len())
}
