//! A text and how far it is read.

use super::name::{is_digit, is_name, is_special};

/// The byte order mark, which the scanner that BuildKit uses skips at the beginning of a text.
pub(super) const MARK: char = '\u{feff}';

/// A text and how far it is read.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with(MARK) {
            MARK.len_utf8()
        } else {
            0
        };
        Self { text, at }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.at += wanted.len_utf8();
        }
        there
    }

    /// What was read since a place.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// A name, which may be empty.
    pub(super) fn name(&mut self) -> &'a str {
        let start = self.at;
        match self.peek() {
            Some(first) if is_digit(first) => {
                while self.peek().is_some_and(is_digit) {
                    self.next();
                }
            }
            Some(first) if is_special(first) => {
                self.next();
            }
            Some(_) | None => {
                while self.peek().is_some_and(is_name) {
                    self.next();
                }
            }
        }
        self.since(start)
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}
