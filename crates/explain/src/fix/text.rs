//! A rule file as lines, and edits of it that leave everything else as it is: byte order mark, line ends, a last line without
//! an end.

use std::cmp::Ordering;
use std::collections::BTreeSet;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a rule file.
#[derive(Debug, Clone)]
pub(super) struct Text {
    mark: &'static [u8],
    pub(super) lines: Vec<Line>,
    end: &'static [u8],
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    /// `\n`, `\r\n`, or nothing in the last line.
    end: &'static [u8],
}

/// Lines that go and lines that come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Lines of the old text, counted from 0.
    deleted: BTreeSet<usize>,
    /// New lines, each before the line of the old text with this number; those of one place in order.
    inserted: Vec<(usize, Vec<u8>)>,
}

/// What an edit costs. The least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    /// Lines that are new, gone, or other than before.
    pub(super) lines: usize,
    /// How much the lines that come or go leave open: what wildcards stand for need not be there yet.
    pub(super) wide: usize,
    /// Lines that go and lines that come: of one that becomes another, both.
    touched: usize,
    /// How many bytes come, less those that go.
    pub(super) bytes: i64,
}

impl Text {
    pub(super) fn new(text: &[u8]) -> Self {
        let (mark, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => (BYTE_ORDER_MARK, rest),
            None => (&b""[..], text),
        };
        let lines: Vec<Line> = text
            .split_inclusive(|&byte| byte == b'\n')
            .map(Line::new)
            .collect();
        let windows = lines.iter().filter(|line| line.end == b"\r\n").count();
        let ended = lines.iter().filter(|line| !line.end.is_empty()).count();
        let end: &[u8] = if windows * 2 > ended { b"\r\n" } else { b"\n" };
        Self { mark, lines, end }
    }

    /// The text after some changes.
    pub(super) fn with(&self, changes: &Changes) -> Vec<u8> {
        let count = self.lines.len();
        let mut inserted = changes.inserted.iter().peekable();
        let mut lines: Vec<(&[u8], &[u8])> = Vec::with_capacity(count + changes.inserted.len());
        let mut is_last_replaced = false;
        for place in 0..=count {
            while let Some((_, text)) = inserted.next_if(|(at, _)| *at <= place) {
                lines.push((text, self.end));
                is_last_replaced = place + 1 >= count;
            }
            if let Some(line) = self.lines.get(place)
                && !changes.deleted.contains(&place)
            {
                lines.push((&line.text, line.end));
                is_last_replaced = place + 1 == count;
            }
        }
        let was_open = self.lines.last().is_some_and(|line| line.end.is_empty());
        let mut text = self.mark.to_vec();
        let last = lines.len().saturating_sub(1);
        for (place, (line, end)) in lines.into_iter().enumerate() {
            text.extend_from_slice(line);
            let stays_open = place == last && was_open && is_last_replaced;
            text.extend_from_slice(match end {
                _ if stays_open => b"",
                b"" => self.end,
                end => end,
            });
        }
        text
    }

    pub(super) fn cost(&self, changes: &Changes) -> Cost {
        let mut inserted = changes.inserted.iter().peekable();
        let mut cost = Cost {
            lines: 0,
            wide: 0,
            touched: 0,
            bytes: 0,
        };
        let (mut gone, mut come) = (0, 0);
        for place in 0..=self.lines.len() {
            while let Some((_, text)) = inserted.next_if(|(at, _)| *at <= place) {
                come += 1;
                cost.add(text, 1);
            }
            if let Some(line) = self.lines.get(place)
                && changes.deleted.contains(&place)
            {
                gone += 1;
                cost.add(&line.text, -1);
            } else {
                cost.lines += gone.max(come);
                (gone, come) = (0, 0);
            }
        }
        cost.lines += gone.max(come);
        cost
    }

    /// The order in which equally good edits are taken: what is appended before what is put in the middle.
    pub(super) fn compare(&self, one: &Changes, other: &Changes) -> Ordering {
        let key = |changes: &Changes| {
            let up = |at: &usize| self.lines.len().saturating_sub(*at);
            let places: Vec<usize> = changes.inserted.iter().map(|(at, _)| up(at)).collect();
            (self.cost(changes), places)
        };
        let lines = |changes: &Changes| (changes.deleted.clone(), changes.inserted.clone());
        key(one)
            .cmp(&key(other))
            .then_with(|| lines(one).cmp(&lines(other)))
    }
}

impl Cost {
    fn add(&mut self, line: &[u8], sign: i64) {
        self.touched += 1;
        self.bytes += sign * i64::try_from(line.len()).unwrap_or(i64::MAX);
        self.wide += line.split(|&byte| byte == b'/').map(width).sum::<usize>();
    }
}

/// How much a component of a pattern leaves open.
fn width(component: &[u8]) -> usize {
    let is_escape = |at: usize| at > 0 && component[at - 1] == b'\\';
    let is_wild = |at: &usize| b"*?".contains(&component[*at]) && !is_escape(*at);
    match component {
        b"**" | b"!**" => 4,
        b"*" | b"!*" => 2,
        component => usize::from((0..component.len()).any(|at| is_wild(&at))),
    }
}

impl Line {
    fn new(line: &'_ [u8]) -> Self {
        let (text, end): (&[u8], &[u8]) = match line {
            [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
            [text @ .., b'\n'] => (text, b"\n"),
            text => (text, b""),
        };
        Self {
            text: text.to_vec(),
            end,
        }
    }

    /// Whether this is neither blank nor a comment.
    pub(super) fn is_rule(&self) -> bool {
        !self.text.starts_with(b"#") && !self.text.trim_ascii().is_empty()
    }
}

impl Changes {
    pub(super) fn delete(place: usize) -> Self {
        Self {
            deleted: [place].into(),
            inserted: Vec::new(),
        }
    }

    pub(super) fn insert(place: usize, line: &[u8]) -> Self {
        Self {
            deleted: BTreeSet::new(),
            inserted: vec![(place, line.to_vec())],
        }
    }

    pub(super) fn replace(place: usize, line: &[u8]) -> Self {
        Self {
            deleted: [place].into(),
            inserted: vec![(place, line.to_vec())],
        }
    }

    pub(super) fn deletes(&self) -> bool {
        !self.deleted.is_empty()
    }

    pub(super) fn inserts(&self, line: &[u8]) -> bool {
        self.inserted.iter().any(|(_, inserted)| inserted == line)
    }

    /// Both, the lines of `other` after those of `self` at the same place.
    #[must_use]
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.deleted.extend(&other.deleted);
        both.inserted.extend_from_slice(&other.inserted);
        both.inserted.sort_by_key(|(at, _)| *at);
        both
    }

    /// Each of the changes by itself left out.
    pub(super) fn without_one(&self) -> impl Iterator<Item = Self> {
        let kept = self.deleted.iter().map(|place| {
            let mut fewer = self.clone();
            fewer.deleted.remove(place);
            fewer
        });
        let dropped = (0..self.inserted.len()).map(|place| {
            let mut fewer = self.clone();
            fewer.inserted.remove(place);
            fewer
        });
        kept.chain(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_stays() {
        // The text before, what changes, the text after, and what that costs in lines and bytes.
        type Row = (&'static [u8], Changes, &'static [u8], (usize, i64));
        let rows: &[Row] = &[
            (b"", Changes::insert(0, b"x"), b"x\n", (1, 1)),
            (b"a\n", Changes::insert(1, b"x"), b"a\nx\n", (1, 1)),
            (b"a", Changes::insert(1, b"x"), b"a\nx", (1, 1)),
            (b"a", Changes::replace(0, b"x"), b"x", (1, 0)),
            (b"a", Changes::delete(0), b"", (1, -1)),
            (b"a\nb", Changes::delete(1), b"a\n", (1, -1)),
            (b"a\nb", Changes::insert(0, b"x"), b"x\na\nb", (1, 1)),
            (
                b"a\r\nb\r\n",
                Changes::insert(1, b"x"),
                b"a\r\nx\r\nb\r\n",
                (1, 1),
            ),
            (b"a\r\nb", Changes::insert(2, b"x"), b"a\r\nb\r\nx", (1, 1)),
            (
                b"a\r\nc\r\nb",
                Changes::insert(3, b"x"),
                b"a\r\nc\r\nb\r\nx",
                (1, 1),
            ),
            (
                b"\xef\xbb\xbfa\nb\n",
                Changes::delete(0),
                b"\xef\xbb\xbfb\n",
                (1, -1),
            ),
            (
                b"\xef\xbb\xbfa\n",
                Changes::insert(0, b"x"),
                b"\xef\xbb\xbfx\na\n",
                (1, 1),
            ),
            (
                b"a\nb\nc\n",
                Changes::delete(0)
                    .and(&Changes::delete(1))
                    .and(&Changes::insert(2, b"xy")),
                b"xy\nc\n",
                (2, 0),
            ),
            (
                b"a\nb\n",
                Changes::insert(2, b"x").and(&Changes::insert(0, b"y")),
                b"y\na\nb\nx\n",
                (2, 2),
            ),
        ];
        for (old, changes, new, cost) in rows {
            let text = Text::new(old);
            assert_eq!(text.with(changes), *new, "{changes:?}");
            let found = text.cost(changes);
            assert_eq!((found.lines, found.bytes), *cost, "{changes:?}");
        }
    }
}
