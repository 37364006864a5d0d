//! `excerpt`: the lines of a source file that a failure or warning is about, among their neighbours, as buildx shows them.

use std::fmt::Write as _;

use shipload::engine::{SourceLines, sanitize};

/// The lines with their numbers, those of the ranges marked; none where there are none.
///
/// One line comes with up to four neighbours, several with up to two, taken in turns from before and after.
pub(super) fn excerpt(source: &SourceLines) -> Option<String> {
    let lines: Vec<&str> = source.text.split('\n').collect();
    let ranges = source.ranges.iter().map(|&(start, end)| {
        let at = |line| usize::try_from(line).unwrap_or(usize::MAX);
        (at(start), at(end.max(start)))
    });
    let marked_first = ranges.clone().map(|(start, _)| start).min()?;
    let marked_last = ranges.clone().map(|(_, end)| end).max()?.min(lines.len());
    if marked_first < 1 || marked_first > lines.len() {
        return None;
    }
    let wanted = if marked_first == marked_last { 4 } else { 2 };
    let (mut first, mut last) = (marked_first, marked_last);
    let mut added = 0;
    // A side that has no more lines counts half, so that the other may go further.
    while added < wanted {
        if first > 1 {
            first -= 1;
            added += 1;
        }
        if last < lines.len() {
            last += 1;
            added += 1;
        }
        added += 1;
    }
    let mut out = format!(
        "{}:{marked_first}\n",
        sanitize(&source.file).replace('\n', " ")
    );
    out.push_str("--------------------\n");
    for (number, text) in (first..=last).zip(&lines[first - 1..]) {
        let marked = ranges
            .clone()
            .any(|(start, end)| (start..=end).contains(&number));
        let mark = if marked { ">>>" } else { "   " };
        let text = sanitize(text);
        // Writing to a string cannot fail.
        let _ = writeln!(out, " {number:>3} | {mark} {text}");
    }
    out.push_str("--------------------\n");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, ranges: &[(u32, u32)]) -> SourceLines {
        let mut source = SourceLines::default();
        source.file = "Dockerfile".to_owned();
        source.text = text.to_owned();
        source.ranges = ranges.to_vec();
        source
    }

    /// As buildx 0.13.1 printed them.
    #[test]
    fn the_lines_that_failed_are_shown_as_buildx_shows_them() {
        let shown = excerpt(&source("FROM alpine\n\nRUN false\n", &[(3, 3)])).unwrap();
        assert_eq!(
            shown,
            "Dockerfile:3\n--------------------\n   1 |     FROM alpine\n   2 |     \n   3 | >>> RUN false\n   \
             4 |     \n--------------------\n"
        );
    }

    #[test]
    fn neighbours() {
        let text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10";
        let rows: &[(&[(u32, u32)], &str)] = &[
            (&[(5, 5)], "3 4 >5 6 7"),
            (&[(1, 1)], ">1 2 3"),
            (&[(2, 2)], "1 >2 3 4"),
            (&[(10, 10)], "8 9 >10"),
            (&[(5, 6)], "4 >5 >6 7"),
            (&[(4, 4), (6, 6)], "3 >4 5 >6 7"),
            (&[(9, 99)], "8 >9 >10"),
            (&[(5, 0)], "3 4 >5 6 7"),
            (&[(0, 3)], ""),
            (&[(11, 11)], ""),
            (&[(11, u32::MAX)], ""),
            (&[], ""),
        ];
        for (ranges, expected) in rows {
            let shown = excerpt(&source(text, ranges)).unwrap_or_default();
            let numbers: Vec<String> = shown
                .lines()
                .filter_map(|line| line.split_once(" | "))
                .map(|(_, text)| text.replace(">>> ", ">").trim().to_owned())
                .collect();
            assert_eq!(numbers.join(" "), *expected, "{ranges:?}");
        }
    }
}
