//! `Text`: a piece of a file, looked through for secrets.

use std::ops::Range;

use super::assignment;
use super::checksum;
use super::kinds::{Check, Confidence, SecretKind};
use super::needles::{Meaning, Needles};
use super::plausible;

/// What a line says that may have what looks like a secret.
const ALLOW: &[u8] = b"shipload:allow-secret";

/// As far around a place as a line is looked for.
const LINE: usize = 4096;

/// A piece of a file.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) style: Style,
}

/// What kind of a text it is, which decides what may be a guess in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Source code: only what stands in quotes is a value.
    Code,
    /// Configuration and all else: values may stand without quotes.
    Plain,
    /// Nobody wrote it by hand: lock files, minified and binary files. Nothing is guessed.
    Made,
}

/// Where a secret is in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: &'static SecretKind,
    pub(super) range: Range<usize>,
}

impl Text<'_> {
    /// The secrets in it, in order, none within another.
    pub(super) fn secrets(&self) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        Needles::get().find(self.bytes, |meaning, at| {
            let hit = match meaning {
                Meaning::Form(kind, ..) | Meaning::Look(kind, _) if self.rules_out(kind) => None,
                // A text of nothing but needles would otherwise be looked at again at every one.
                Meaning::Form(kind, ..) | Meaning::Look(kind, _) if is_again(&found, kind, at) => {
                    None
                }
                Meaning::Form(kind, form, check) => {
                    let range = form
                        .find(self.bytes, at)
                        .filter(|range| self.holds(*check, range));
                    range.map(|range| Found { kind, range })
                }
                Meaning::Look(kind, look) => look(self, at).map(|range| Found { kind, range }),
                Meaning::Value(kind) => self.value(kind, at),
            };
            found.extend(hit.filter(|hit| !self.is_allowed(hit.range.start)));
        });
        single(found)
    }

    fn rules_out(&self, kind: &SecretKind) -> bool {
        self.style == Style::Made && kind.confidence == Confidence::Guess
    }

    fn holds(&self, check: Check, range: &Range<usize>) -> bool {
        let token = &self.bytes[range.clone()];
        match check {
            Check::Random => plausible::is_random(token),
            Check::Crc => checksum::has_crc(token),
            Check::Bech32 => checksum::is_bech32(token),
        }
    }

    /// What the value is that the name at a place is given: of a kind that the name tells, else of `kind` if it is random.
    fn value(&self, kind: &'static SecretKind, at: usize) -> Option<Found> {
        let other = (!self.rules_out(kind)).then_some(kind);
        let (kind, range) = assignment::look(self, at, other)?;
        Some(Found { kind, range })
    }

    /// The line around a place, and where it begins; cut where it is very long.
    pub(super) fn line(&self, at: usize) -> (&[u8], usize) {
        let from = at.saturating_sub(LINE);
        let start = memchr::memrchr(b'\n', &self.bytes[from..at])
            .map_or(from, |newline| from + newline + 1);
        let rest = &self.bytes[at..self.bytes.len().min(at + LINE)];
        let end = memchr::memchr(b'\n', rest).map_or(at + rest.len(), |newline| at + newline);
        (&self.bytes[start..end], start)
    }

    /// Whether the line, or the one above, says that it may.
    fn is_allowed(&self, at: usize) -> bool {
        let (line, start) = self.line(at);
        let says = |line: &[u8]| memchr::memmem::find(line, ALLOW).is_some();
        says(line)
            || start
                .checked_sub(1)
                .is_some_and(|above| says(self.line(above).0))
    }
}

/// Whether a place is within one of the last that were found of a kind.
fn is_again(found: &[Found], kind: &SecretKind, at: usize) -> bool {
    found
        .iter()
        .rev()
        .take(4)
        .any(|old| old.kind == kind && old.range.contains(&at))
}

/// Leaves of places that overlap the one that is surest, else the longest.
fn single(mut found: Vec<Found>) -> Vec<Found> {
    let rank = |found: &Found| (found.kind.confidence, found.range.len());
    found.sort_by_key(|found| found.range.start);
    let mut kept: Vec<Found> = Vec::new();
    for next in found {
        match kept
            .last_mut()
            .filter(|last| next.range.start < last.range.end)
        {
            Some(last) if rank(&next) > rank(last) => *last = next,
            Some(_) => {}
            None => kept.push(next),
        }
    }
    kept
}
