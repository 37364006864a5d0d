//! Lines of the file, and the one line that an instruction's continuation lines make together.

use crate::error::{SyntaxError, SyntaxProblem};
use crate::syntax::Position;

/// The longest line without its end that BuildKit's scanner takes, in bytes.
const LONGEST: usize = 65_535;

/// A line of the file.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: usize,
    /// With its end, without the byte order mark that the first may have.
    pub(crate) text: &'a str,
}

impl<'a> Line<'a> {
    /// Without its end, which may be several `\r`.
    pub(crate) fn body(&self) -> &'a str {
        self.text.trim_end_matches(['\r', '\n'])
    }

    /// The place of a byte of the body.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let (line, column) = (self.number, offset + 1);
        Position { line, column }
    }

    /// An error at a byte of the body.
    pub(crate) fn error(&self, offset: usize, problem: SyntaxProblem) -> SyntaxError {
        SyntaxError {
            position: self.position(offset),
            excerpt: self.body().to_owned(),
            problem,
        }
    }

    /// Whether it is a comment, white space before the `#` allowed.
    pub(crate) fn is_comment(&self) -> bool {
        self.body().trim_start().starts_with('#')
    }
}

/// The lines of a text, which end at `\n`.
pub(crate) struct Lines<'a> {
    whole: &'a str,
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let (whole, rest, number) = (text, text, 0);
        Self {
            whole,
            rest,
            number,
        }
    }

    /// The next line, or an error if it is too long for BuildKit.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'a>>, SyntaxError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).map_or(self.rest.len(), |at| at + 1);
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.number += 1;
        let is_long = text.trim_end_matches('\n').len() > LONGEST;
        let unmarked = text.strip_prefix('\u{feff}').filter(|_| self.number == 1);
        let line = Line {
            number: self.number,
            text: unmarked.unwrap_or(text),
        };
        if is_long {
            let mut error = line.error(0, SyntaxProblem::LineTooLong);
            error.excerpt = text.chars().take(80).collect();
            return Err(error);
        }
        Ok(Some(line))
    }

    /// What was read from a byte of the text on.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.whole[start..self.offset()]
    }

    /// How many bytes have been read.
    pub(crate) fn offset(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    /// How many lines have been read.
    pub(crate) fn number(&self) -> usize {
        self.number
    }
}

/// Cuts off an escape character that ends a line and white space after it; `None` where there is none.
///
/// An escape character that follows another one does not continue the line.
pub(crate) fn continued(body: &str, escape: char) -> Option<&str> {
    let kept = body.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!kept.ends_with(escape)).then_some(kept)
}

/// An instruction on one line, with the way back to the lines of the file.
pub(crate) struct Logical {
    text: String,
    /// Where in `text` a line of the file begins, what place that is, and the line for an error to show.
    pieces: Vec<Piece>,
}

struct Piece {
    at: usize,
    position: Position,
    excerpt: String,
}

impl Logical {
    pub(crate) fn new() -> Self {
        let (text, pieces) = (String::new(), Vec::new());
        Self { text, pieces }
    }

    /// Adds a part of a line, which begins at a byte of its body.
    pub(crate) fn push(&mut self, line: &Line<'_>, offset: usize, part: &str) {
        self.pieces.push(Piece {
            at: self.text.len(),
            position: line.position(offset),
            excerpt: line.body().to_owned(),
        });
        self.text.push_str(part);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The place in the file of a byte of the text.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let Some(piece) = self.piece(offset) else {
            return Position { line: 1, column: 1 };
        };
        let mut position = piece.position;
        position.column += offset - piece.at;
        position
    }

    /// An error at a byte of the text.
    pub(crate) fn error(&self, offset: usize, problem: SyntaxProblem) -> SyntaxError {
        let excerpt = self.piece(offset).map(|piece| piece.excerpt.clone());
        SyntaxError {
            position: self.position(offset),
            excerpt: excerpt.unwrap_or_default(),
            problem,
        }
    }

    fn piece(&self, offset: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.at <= offset);
        self.pieces.get(after.saturating_sub(1))
    }
}
