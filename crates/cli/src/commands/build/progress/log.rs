//! `Log`: what a step printed, as lines, within bounds.
//!
//! Commands print in pieces; what is shown is lines, each with the time since its step began. A line that overwrites itself
//! (progress bars end theirs with a carriage return) counts in its last state. A line without an end is cut into several.

use std::collections::VecDeque;
use std::time::Duration;

use shipload::engine::sanitize;

/// The longest line; what is longer goes on in the next.
const LINE_LIMIT: usize = 16 << 10;

/// How many lines of a step are kept at most, shown or not.
const LINES_KEPT: usize = 1024;

/// How many bytes of a step are kept at most.
const BYTES_KEPT: usize = 256 << 10;

/// The lines that a step printed last.
#[derive(Debug, Default)]
pub(super) struct Log {
    open: Option<Open>,
    lines: VecDeque<String>,
    bytes: usize,
    /// How many of the last lines nobody has taken yet.
    fresh: usize,
}

/// A line that has not ended.
#[derive(Debug)]
struct Open {
    began: Duration,
    bytes: Vec<u8>,
}

impl Log {
    /// Adds a piece that was printed so long after the step began.
    pub(super) fn push(&mut self, piece: &[u8], time: Duration) {
        for part in piece.split_inclusive(|&byte| byte == b'\n') {
            let (text, ended) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            let open = self.open.get_or_insert_with(|| Open {
                began: time,
                bytes: Vec::new(),
            });
            open.write(text);
            while let Some(line) = self.open.as_mut().and_then(|open| open.cut(time)) {
                self.add(&line);
            }
            if ended {
                self.close();
            }
        }
    }

    /// Ends a line that has no end, since nothing follows; says whether there was one.
    pub(super) fn close(&mut self) -> bool {
        let open = self.open.take();
        if let Some(line) = &open {
            self.add(line);
        }
        open.is_some()
    }

    /// The lines that were not taken yet, oldest first.
    pub(super) fn take_fresh(&mut self) -> impl Iterator<Item = &str> {
        let first = self.lines.len() - self.fresh;
        self.fresh = 0;
        self.lines.range(first..).map(String::as_str)
    }

    /// Whether lines will be lost if they are not taken soon.
    pub(super) fn is_filling(&self) -> bool {
        self.fresh > LINES_KEPT / 2 || self.bytes > BYTES_KEPT / 2 && self.fresh > 0
    }

    /// The last lines, oldest first, the one that has not ended among them.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = String> {
        let open = self.open.as_ref().and_then(Open::show);
        let known = self.lines.len() + usize::from(open.is_some());
        let lines = self.lines.iter().cloned().chain(open);
        lines.skip(known.saturating_sub(count))
    }

    /// The last lines that are not empty, without their times.
    pub(super) fn last_texts(&self, count: usize) -> impl Iterator<Item = String> {
        let texts = self.last(count);
        texts.filter_map(|line| line.split_once(' ').map(|(_, text)| text.to_owned()))
    }

    /// Whether nothing was printed.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_none() && self.lines.is_empty()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn add(&mut self, line: &Open) {
        let shown = line.show().unwrap_or_else(|| seconds(line.began));
        self.bytes += shown.len();
        self.lines.push_back(shown);
        self.fresh += 1;
        while self.lines.len() > LINES_KEPT || self.bytes > BYTES_KEPT {
            let Some(old) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= old.len();
            self.fresh = self.fresh.min(self.lines.len());
        }
    }
}

impl Open {
    /// Adds text, and forgets what it overwrites: of `10%\r50%\r` only `50%\r` counts, for the last carriage return may belong to
    /// the line's end.
    fn write(&mut self, text: &[u8]) {
        let end = text.iter().rposition(|&byte| byte != b'\r');
        let visible = &text[..end.map_or(0, |end| end + 1)];
        if !visible.is_empty() {
            let back = visible.iter().rposition(|&byte| byte == b'\r');
            if back.is_some() || self.bytes.last() == Some(&b'\r') {
                self.bytes.clear();
            }
            self.bytes
                .extend_from_slice(&visible[back.map_or(0, |back| back + 1)..]);
        }
        if visible.len() < text.len() && self.bytes.last() != Some(&b'\r') {
            self.bytes.push(b'\r');
        }
    }

    /// Takes the start of a line that is too long, as a line of its own.
    fn cut(&mut self, time: Duration) -> Option<Self> {
        if self.bytes.len() <= LINE_LIMIT {
            return None;
        }
        // Not within a character, if it is UTF-8 at all.
        let end = (LINE_LIMIT - 3..=LINE_LIMIT)
            .rev()
            .find(|&end| self.bytes[end] & 0xc0 != 0x80)
            .unwrap_or(LINE_LIMIT);
        let rest = self.bytes.split_off(end);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        let began = std::mem::replace(&mut self.began, time);
        Some(Self { began, bytes })
    }

    /// The time and the text; none if there is no text.
    fn show(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let text = sanitize(&text);
        (!text.is_empty()).then(|| format!("{} {text}", seconds(self.began)))
    }
}

/// With three significant digits, as BuildKit's own clients write it: `0.123`, `12.34`, `123.4`.
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let digits = match seconds {
        s if s < 10.0 => 3,
        s if s < 100.0 => 2,
        _ => 1,
    };
    format!("{seconds:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[(&[u8], u64)]) -> Vec<String> {
        let mut log = Log::default();
        for (piece, millis) in pieces {
            log.push(piece, Duration::from_millis(*millis));
        }
        log.close();
        log.take_fresh().map(str::to_owned).collect()
    }

    #[test]
    fn pieces_become_lines() {
        type Row<'a> = (&'a [(&'a [u8], u64)], &'a [&'a str]);
        let rows: &[Row<'_>] = &[
            (&[(b"one\ntwo\n", 12)], &["0.012 one", "0.012 two"]),
            (&[(b"on", 12), (b"e\n", 500)], &["0.012 one"]),
            (&[(b"no end", 9999)], &["9.999 no end"]),
            (
                &[(b"a\n", 10_000), (b"b\n", 100_000)],
                &["10.00 a", "100.0 b"],
            ),
            (&[(b"\n", 1)], &["0.001"]),
            (&[(b"\r\n\r\n", 1)], &["0.001", "0.001"]),
            (&[(b"dos\r\nline\r\n", 1)], &["0.001 dos", "0.001 line"]),
            (&[(b"dos\r", 1), (b"\n", 2)], &["0.001 dos"]),
            (
                &[(b"10%\r50%\r", 1), (b"100%\r", 2), (b"\n", 3)],
                &["0.001 100%"],
            ),
            (&[(b"\x1b[31mred\x1b[0m\tx\x07\n", 1)], &["0.001 red\tx"]),
            (&[(b"\xc3", 1), (b"\xa4\xff\n", 1)], &["0.001 ä\u{fffd}"]),
        ];
        for (pieces, expected) in rows {
            assert_eq!(lines(pieces), *expected, "{pieces:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_cut_between_characters() {
        let text = "ä".repeat(LINE_LIMIT);
        let cut = lines(&[(format!("x{text}").as_bytes(), 0)]);
        assert_eq!(cut.len(), 3);
        let joined: String = cut.iter().map(|line| &line["0.000 ".len()..]).collect();
        assert_eq!(joined, format!("x{text}"));
        assert!(cut.iter().all(|line| line.len() <= LINE_LIMIT + 6));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        for piece in [&b"x\n"[..], &[b'y'; 4096], b"z\r", b"\n"] {
            let mut log = Log::default();
            for _ in 0..3000 {
                log.push(piece, Duration::ZERO);
            }
            assert!(log.lines.len() <= LINES_KEPT && log.bytes <= BYTES_KEPT);
            assert!(
                log.open
                    .as_ref()
                    .is_none_or(|open| open.bytes.len() <= LINE_LIMIT)
            );
            assert_eq!(log.bytes, log.lines.iter().map(String::len).sum::<usize>());
            assert!(log.fresh <= log.lines.len());
        }
    }

    #[test]
    fn the_last_lines_are_there_after_they_were_taken() {
        let mut log = Log::default();
        log.push(b"1\n2\n3\nopen", Duration::ZERO);
        assert_eq!(log.take_fresh().count(), 3);
        assert_eq!(log.take_fresh().count(), 0);
        let last = |count| log.last(count).collect::<Vec<_>>();
        assert_eq!(last(2), ["0.000 3", "0.000 open"]);
        assert_eq!(last(0), Vec::<String>::new());
        assert_eq!(last(9).len(), 4);
    }
}
