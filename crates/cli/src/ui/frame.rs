//! `Frame`: lines at the end of the terminal that are drawn again and again in their place.
//!
//! A frame is one write, and outside of it the cursor is visible and stands below the lines. So whoever ends the program, in any
//! way, finds the terminal in order.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// A line of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it says; it has to fit, see [`fit`].
    pub(crate) text: String,
    /// What it is about.
    pub(crate) tone: Tone,
}

/// What a line is about, which colours show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something that goes on.
    Running,
    /// Something that is done.
    Done,
    /// Something that was stopped, or may not be as it was meant.
    Doubtful,
    /// Something that failed.
    Failed,
    /// What somebody else said.
    Quoted,
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// The lines, with what colours them.
    drawn: String,
    /// How many columns each of them takes.
    widths: Vec<usize>,
}

impl Frame {
    /// What draws these lines over those that are there, on a terminal of so many columns.
    pub(super) fn draw(&mut self, lines: &[Line], styled: bool, columns: usize) -> String {
        let over = self.up(columns);
        self.drawn.clear();
        for Line { text, tone } in lines {
            let text = text.trim_end();
            let style = if styled { tone.start() } else { "" };
            let end = if style.is_empty() { "" } else { "\x1b[0m" };
            // Writing to a string cannot fail.
            let _ = writeln!(self.drawn, "{style}{text}{end}\x1b[K");
        }
        self.widths = lines
            .iter()
            .map(|line| width(line.text.trim_end()))
            .collect();
        format!("\x1b[?25l{over}{}\x1b[J\x1b[?25h", self.drawn)
    }

    /// What says `text` above the lines that are there.
    pub(super) fn above(&self, text: &str, columns: usize) -> String {
        if self.widths.is_empty() {
            return text.to_owned();
        }
        let up = self.up(columns);
        format!("\x1b[?25l{up}\x1b[J{text}{}\x1b[?25h", self.drawn)
    }

    /// Leaves the lines where they are.
    pub(super) fn leave(&mut self) {
        *self = Self::default();
    }

    /// To the start of the first line. Terminals that became narrower have broken lines.
    fn up(&self, columns: usize) -> String {
        let rows = |width: &usize| width.div_ceil(columns.max(1)).max(1);
        match self.widths.iter().map(rows).sum() {
            0 => String::new(),
            rows => format!("\r\x1b[{rows}A"),
        }
    }
}

impl Tone {
    const fn start(self) -> &'static str {
        match self {
            Self::Running => "",
            Self::Done => "\x1b[34m",
            Self::Doubtful => "\x1b[33m",
            Self::Failed => "\x1b[31m",
            Self::Quoted => "\x1b[2m",
        }
    }
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// As much of a text as goes into so many columns, its tabs as spaces.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut fitting = String::with_capacity(text.len().min(columns * 4));
    let mut used = 0;
    for c in text.chars() {
        let (c, count) = if c == '\t' {
            (' ', 8 - used % 8)
        } else {
            (c, 1)
        };
        for _ in 0..count {
            used += c.width().unwrap_or(0);
            if used > columns {
                return fitting;
            }
            fitting.push(c);
        }
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        let line = |text: &&str| Line {
            text: (*text).to_owned(),
            tone: Tone::Done,
        };
        texts.iter().map(line).collect()
    }

    #[test]
    fn lines_are_drawn_over_those_before() {
        let mut frame = Frame::default();
        let start = "\x1b[?25l";
        let end = "\x1b[J\x1b[?25h";
        let rows: &[(&[&str], usize, &str)] = &[
            (&["a", "bb"], 10, "a\x1b[K\nbb\x1b[K\n"),
            (&["c  "], 10, "\r\x1b[2Ac\x1b[K\n"),
            (&["0123456789"], 10, "\r\x1b[1A0123456789\x1b[K\n"),
            // It is narrower now, and the line that was there takes four rows.
            (&["x"], 3, "\r\x1b[4Ax\x1b[K\n"),
            (&[], 3, "\r\x1b[1A"),
            (&["y"], 0, "y\x1b[K\n"),
        ];
        for (texts, columns, expected) in rows {
            let drawn = frame.draw(&lines(texts), false, *columns);
            assert_eq!(drawn, format!("{start}{expected}{end}"));
        }
        assert_eq!(
            frame.above("said\n", 9),
            format!("{start}\r\x1b[1A\x1b[Jsaid\ny\x1b[K\n\x1b[?25h")
        );
        frame.leave();
        assert_eq!(frame.above("said\n", 9), "said\n");
        let styled = frame.draw(&lines(&["z"]), true, 9);
        assert_eq!(styled, format!("{start}\x1b[34mz\x1b[0m\x1b[K\n{end}"));
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        for (text, columns, expected) in [
            ("", 0, ""),
            ("abc", 0, ""),
            ("abc", 2, "ab"),
            ("漢字", 3, "漢"),
            ("漢字", 4, "漢字"),
            ("a\tb", 9, "a       b"),
            ("a\tb", 5, "a    "),
            ("e\u{301}e\u{301}", 1, "e\u{301}"),
        ] {
            let fitting = fit(text, columns);
            assert_eq!(fitting, expected, "{text:?} in {columns}");
            assert!(width(&fitting) <= columns);
        }
    }
}
