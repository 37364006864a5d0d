//! The lines of an ignore file, as each builder reads them.
//!
//! Docker does this twice, and so do we: `ignorefile.ReadAll` turns lines into patterns, then
//! `patternmatcher.New` trims and cleans those again. Seen together, `/!a` means `!a`, and `/ a`
//! means `a`. Podman has only the second pass, after a cruder first one.

use std::sync::Arc;

use crate::error::{LoadError, LoadProblem, Place};
use crate::gopath::{check_glob, clean, trim_space};
use crate::semantics::Semantics;

/// The longest line that Go's `bufio.Scanner` takes, in bytes and without the newline, plus one.
const LINE_LIMIT: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line that is a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) place: Place,
    /// The line, trimmed.
    pub(crate) text: Vec<u8>,
    pub(crate) negated: bool,
    /// The pattern to match with: cleaned, without the `!`.
    pub(crate) pattern: Vec<u8>,
}

/// Reads a whole file.
pub(crate) fn read(
    semantics: Semantics,
    file: &Arc<str>,
    content: &[u8],
) -> Result<Vec<Line>, LoadError> {
    let mut lines = Vec::new();
    for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
        let place = Place {
            file: Arc::clone(file),
            line: index + 1,
            column: 1,
        };
        let first_pass = match semantics {
            Semantics::Classic | Semantics::BuildKit => {
                if line.len() >= LINE_LIMIT {
                    return Err(LoadError {
                        place,
                        problem: LoadProblem::LineTooLong,
                    });
                }
                docker_line(line, index == 0)
            }
            Semantics::Podman => podman_line(line),
        };
        let Some(pattern) = first_pass else { continue };
        // Docker drops the mark, so that it is no part of what the rule is known by.
        let own = match semantics {
            Semantics::Classic | Semantics::BuildKit => unmarked(line, index == 0),
            Semantics::Podman => line,
        };
        let column = 1 + line.len() - own.len();
        if let Some(line) = rule(semantics, Place { column, ..place }, own, &pattern)? {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// As `ignorefile.ReadAll`.
fn docker_line(line: &[u8], is_first: bool) -> Option<Vec<u8>> {
    let line = unmarked(line, is_first);
    if line.starts_with(b"#") {
        return None;
    }
    let line = trim_space(line);
    let (negated, pattern) = match line {
        [] => return None,
        [b'!', rest @ ..] => (true, trim_space(rest)),
        _ => (false, line),
    };
    let mut out = if negated { b"!".to_vec() } else { Vec::new() };
    if !pattern.is_empty() {
        let pattern = clean(pattern);
        let rooted = pattern.len() > 1 && pattern[0] == b'/';
        out.extend_from_slice(&pattern[usize::from(rooted)..]);
    }
    Some(out)
}

/// A line without the byte order mark of the file.
fn unmarked(line: &[u8], is_first: bool) -> &[u8] {
    match line.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if is_first => rest,
        _ => line,
    }
}

/// As `imagebuilder.ParseIgnore`.
fn podman_line(line: &[u8]) -> Option<Vec<u8>> {
    if line.starts_with(b"#") {
        return None;
    }
    let start = line.iter().position(|&byte| byte != b'/')?;
    let end = line.iter().rposition(|&byte| byte != b'/')?;
    Some(line[start..=end].to_vec())
}

/// As one turn of `patternmatcher.New`'s loop; `None` if there is nothing but white space.
pub(crate) fn rule(
    semantics: Semantics,
    mut place: Place,
    line: &[u8],
    pattern: &[u8],
) -> Result<Option<Line>, LoadError> {
    let pattern = trim_space(pattern);
    if pattern.is_empty() {
        return Ok(None);
    }
    let text = trim_space(line);
    let indent = line.len() - line.trim_ascii_start().len();
    place.column += indent;
    let lossy = || String::from_utf8_lossy(text).into_owned();

    let cleaned = clean(pattern);
    let (negated, pattern) = match &cleaned[..] {
        [b'!'] => {
            let problem = LoadProblem::NothingReincluded { text: lossy() };
            return Err(LoadError { place, problem });
        }
        [b'!', rest @ ..] => (true, negated_pattern(semantics, rest)),
        _ => (false, cleaned),
    };
    if let Err(offset) = check_glob(&pattern) {
        // Cleaning may have moved the pattern; its tail tells where it began.
        if let Some(before) = text.strip_suffix(&pattern[..]) {
            place.column += before.len() + offset;
        }
        return Err(LoadError {
            place,
            problem: LoadProblem::Malformed { text: lossy() },
        });
    }
    Ok(Some(Line {
        place,
        text: text.to_vec(),
        negated,
        pattern,
    }))
}

fn negated_pattern(semantics: Semantics, rest: &[u8]) -> Vec<u8> {
    match semantics {
        Semantics::Classic | Semantics::BuildKit => rest.to_vec(),
        Semantics::Podman => {
            let cleaned = clean(rest);
            cleaned
                .strip_prefix(b"/")
                .map_or(cleaned.clone(), <[u8]>::to_vec)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(semantics: Semantics, content: &[u8]) -> Vec<(bool, String)> {
        read(semantics, &"f".into(), content)
            .expect("readable")
            .into_iter()
            .map(|line| {
                (
                    line.negated,
                    String::from_utf8_lossy(&line.pattern).into_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn docker_reads_twice() {
        for (line, negated, pattern) in [
            ("a", false, "a"),
            (" #foo", false, "#foo"),
            ("! /x", true, "x"),
            ("/!x", true, "x"),
            ("/ x /", false, "x"),
            ("!!x", true, "!x"),
            ("foo/\r", false, "foo"),
            ("/../b", false, "b"),
            ("../b", false, "../b"),
            ("/", false, "/"),
            (".", false, "."),
            ("!.", true, "."),
            ("a/../!b", true, "b"),
            ("\u{a0}é\u{3000}", false, "é"),
        ] {
            let expected = [(negated, pattern.to_owned())];
            assert_eq!(
                patterns(Semantics::Classic, line.as_bytes()),
                expected,
                "{line:?}"
            );
        }
    }

    #[test]
    fn podman_reads_once() {
        for (line, negated, pattern) in [
            ("! /x", true, " /x"),
            ("//x//", false, "x"),
            ("!/x", true, "x"),
            ("!a/..", false, "."),
            ("x\r", false, "x"),
        ] {
            let expected = [(negated, pattern.to_owned())];
            assert_eq!(
                patterns(Semantics::Podman, line.as_bytes()),
                expected,
                "{line:?}"
            );
        }
    }

    #[test]
    fn comments_marks_and_blank_lines() {
        assert_eq!(
            patterns(Semantics::BuildKit, b"\xef\xbb\xbf#a\n\n#b\n \t\n"),
            []
        );
        let marked = patterns(Semantics::BuildKit, b"\xef\xbb\xbfa\n\xef\xbb\xbfb");
        assert_eq!(marked, [(false, "a".into()), (false, "\u{feff}b".into())]);
        let lines = |semantics| read(semantics, &"f".into(), b"\xef\xbb\xbf a\n").expect("good");
        for (semantics, text, column) in [
            (Semantics::Classic, &b"a"[..], 5),
            (Semantics::Podman, b"\xef\xbb\xbf a", 1),
        ] {
            let line = &lines(semantics)[0];
            assert_eq!((&line.text[..], line.place.column), (text, column));
        }
        assert_eq!(
            patterns(Semantics::BuildKit, b"a\rb"),
            [(false, "a\rb".into())]
        );
    }

    #[test]
    fn errors_tell_where() {
        for (content, line, column) in [
            ("a\n!", 2, 1),
            ("!/", 1, 1),
            ("  x[", 1, 4),
            ("a/b\\", 1, 4),
            ("\n!/x/[b", 2, 5),
            ("\u{feff}x[", 1, 5),
        ] {
            let error = read(Semantics::Classic, &"f".into(), content.as_bytes()).expect_err("bad");
            assert_eq!(
                (error.place.line, error.place.column),
                (line, column),
                "{content:?}"
            );
        }
    }

    #[test]
    fn long_lines_fail_in_docker_only() {
        let long = vec![b'a'; LINE_LIMIT];
        let file: Arc<str> = "f".into();
        assert!(read(Semantics::Classic, &file, &long[1..]).is_ok());
        let error = read(Semantics::BuildKit, &file, &long).expect_err("too long");
        assert_eq!(error.problem, LoadProblem::LineTooLong);
        assert!(read(Semantics::Podman, &file, &long).is_ok());
    }
}
