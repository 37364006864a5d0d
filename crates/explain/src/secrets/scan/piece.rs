//! `Piece`: a part of a file, read and looked through by itself.
//!
//! It is read with some of what is before and behind, so that a secret across two pieces is found, by the one in which it begins.

use shipload_context::{Entry, Opened, ReadError};

use super::super::kinds::SecretKind;
use super::super::names;
use super::super::style::{self, Encoding};
use super::super::text::Text;

/// How much of a file is looked at at once, in bytes.
pub(super) const PIECE: u64 = 1 << 20;

/// What of the text before a piece is looked at with it, in bytes.
const BEFORE: u64 = 4 << 10;

/// What of the text behind it.
const BEHIND: u64 = 16 << 10;

/// As many secrets of one piece are told.
const MOST: usize = 1000;

/// What is in a piece of a file.
pub(super) struct Piece {
    pub(super) place: usize,
    pub(super) start: u64,
    /// How many lines end in it.
    pub(super) lines: u64,
    /// Where the last of them ends, from the start of the file.
    pub(super) last: Option<u64>,
    /// Where the first line begins: behind a mark of UTF-8.
    pub(super) mark: u64,
    pub(super) spots: Vec<Spot>,
}

/// A secret in a piece.
pub(super) struct Spot {
    pub(super) kind: &'static SecretKind,
    pub(super) is_whole_file: bool,
    /// How many lines of the piece end before it.
    pub(super) lines: u64,
    /// Where it is, from the start of the file.
    pub(super) at: u64,
    /// Where the last line before it ends, from the start of the file, if it ends in the piece.
    pub(super) last: Option<u64>,
}

impl Piece {
    /// Reads a piece and looks for secrets in it.
    pub(super) fn read(
        entry: &Entry,
        place: usize,
        start: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<Self, ReadError> {
        let size = entry.size();
        let from = start.saturating_sub(BEFORE);
        let end = size.min(start + PIECE);
        let to = size.min(end + BEHIND);
        let opened = entry.open()?;
        let head = if from > 0 {
            Some(head(&opened, size)?)
        } else {
            None
        };
        let length = usize::try_from(to - from).unwrap_or(usize::MAX);
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        let bytes = &mut buffer[..length];
        opened.read_at(bytes, from)?;
        opened.finish()?;
        let bytes = &*bytes;
        let at = |offset: u64| usize::try_from(offset - from).unwrap_or(usize::MAX);
        let style = style::of(entry.path.as_bytes(), head.as_deref().unwrap_or(bytes));
        let mut piece = Self {
            place,
            start,
            lines: 0,
            last: None,
            mark: if start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
                3
            } else {
                0
            },
            spots: Vec::new(),
        };
        let (own_start, own_end) = (at(start), at(end));
        match style.encoding {
            Encoding::Bytes => {
                let text = Text {
                    bytes,
                    style: style.style,
                };
                piece.look(&text, own_start..own_end, from, entry, start == 0);
            }
            utf16 => {
                let parts = [0..own_start, own_start..own_end, own_end..length];
                let [before, own, behind] = parts.map(|part| utf16.decode(&bytes[part]));
                let range = before.len()..before.len() + own.len();
                let whole = [before, own, behind].concat();
                let text = Text {
                    bytes: &whole,
                    style: style.style,
                };
                piece.look(&text, range, from, entry, start == 0);
            }
        }
        Ok(piece)
    }

    fn look(
        &mut self,
        text: &Text<'_>,
        own: std::ops::Range<usize>,
        from: u64,
        entry: &Entry,
        is_first: bool,
    ) {
        let mut found: Vec<(usize, &'static SecretKind, bool)> = Vec::new();
        if is_first
            && let Some((kind, at)) = names::look(
                entry.path.as_bytes(),
                &text.bytes[..text.bytes.len().min(names::HEAD)],
            )
        {
            found.push((at.unwrap_or(0), kind, at.is_none()));
        }
        let secrets = text
            .secrets()
            .into_iter()
            .filter(|secret| own.contains(&secret.range.start));
        found.extend(secrets.map(|secret| (secret.range.start, secret.kind, false)));
        found.truncate(MOST);
        if found.is_empty() && entry.size() <= PIECE {
            return;
        }
        found.sort_by_key(|(at, ..)| *at);
        let mut newlines = memchr::memchr_iter(b'\n', &text.bytes[own.clone()])
            .map(|at| own.start + at)
            .peekable();
        for (at, kind, is_whole_file) in found {
            while let Some(newline) = newlines.next_if(|newline| *newline < at) {
                self.lines += 1;
                self.last = Some(from + newline as u64);
            }
            let (lines, last) = (self.lines, self.last);
            self.spots.push(Spot {
                kind,
                is_whole_file,
                lines,
                at: from + at as u64,
                last,
            });
        }
        for newline in newlines {
            self.lines += 1;
            self.last = Some(from + newline as u64);
        }
    }
}

/// The beginning of a file, by which it is known what it is.
fn head(opened: &Opened<'_>, size: u64) -> Result<Vec<u8>, ReadError> {
    let length = size.min(style::HEAD as u64);
    let mut head = vec![0; usize::try_from(length).unwrap_or_default()];
    opened.read_at(&mut head, 0)?;
    Ok(head)
}
