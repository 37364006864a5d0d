//! `Spans`: when a step was at work; BuildKit may begin one again after it ended.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Times of work by when they began, with when they ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Spans(BTreeMap<SystemTime, Option<SystemTime>>);

/// A time of work; it lasts as long as it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: SystemTime,
    pub(super) end: Option<SystemTime>,
}

impl Spans {
    /// Adds one, or replaces that with the same start.
    pub(super) fn insert(&mut self, start: SystemTime, end: Option<SystemTime>) {
        self.0.insert(start, end);
    }

    /// Those that touch or overlap as one, in order.
    pub(super) fn merged(&self) -> Vec<Span> {
        let mut merged: Vec<Span> = Vec::new();
        for (&start, &end) in &self.0 {
            match merged.last_mut() {
                Some(last) if last.end.is_none_or(|last| start <= last) => {
                    // `None` is later than any time, though it is less.
                    last.end = last.end.zip(end).map(|(a, b)| a.max(b));
                }
                _ => merged.push(Span { start, end }),
            }
        }
        merged
    }

    /// The last time of work.
    pub(super) fn last(&self) -> Option<Span> {
        self.merged().pop()
    }

    /// How long it was at work by `now`.
    pub(super) fn busy(&self, now: SystemTime) -> Duration {
        let length = |span: &Span| span.end.unwrap_or(now).duration_since(span.start);
        self.merged()
            .iter()
            .map(|span| length(span).unwrap_or_default())
            .fold(Duration::ZERO, Duration::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_is_one() {
        type Row<'a> = (&'a [(u64, Option<u64>)], &'a [(u64, Option<u64>)], u64);
        let rows: &[Row<'_>] = &[
            (&[], &[], 0),
            (&[(1, Some(3))], &[(1, Some(3))], 2),
            (&[(1, None)], &[(1, None)], 99),
            (&[(1, None), (1, Some(2))], &[(1, Some(2))], 1),
            (
                &[(5, Some(6)), (1, Some(2))],
                &[(1, Some(2)), (5, Some(6))],
                2,
            ),
            (&[(1, Some(5)), (2, Some(3))], &[(1, Some(5))], 4),
            (&[(1, Some(3)), (3, Some(4))], &[(1, Some(4))], 3),
            (&[(1, Some(3)), (2, None), (9, Some(10))], &[(1, None)], 99),
            (&[(9, Some(7))], &[(9, Some(7))], 0),
        ];
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for (added, expected, busy) in rows {
            let mut spans = Spans::default();
            for &(start, end) in *added {
                spans.insert(at(start), end.map(at));
            }
            let expected: Vec<Span> = expected
                .iter()
                .map(|&(start, end)| Span {
                    start: at(start),
                    end: end.map(at),
                })
                .collect();
            assert_eq!(spans.merged(), expected, "{added:?}");
            assert_eq!(spans.busy(at(100)), Duration::from_secs(*busy), "{added:?}");
        }
    }
}
