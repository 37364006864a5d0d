//! Names as patterns that match them and nothing else, as far as that can be written.

use shipload_context::EntryPath;
use shipload_ignore::{Rules, Semantics};

/// What some engine takes for more than itself: `*?[]\` make a wildcard pattern for Docker, `|{}^` have power in one, and
/// podman reads `+()` so in any.
const SPECIAL: &[u8] = b"*?[]\\|{}^+()";
/// What makes a pattern one with wildcards.
const WILD: &[u8] = b"*?[]\\";

/// The line that has each of these engines match `path`, shortest first among those that do; `None` if there is none.
pub(super) fn line(
    path: &[u8],
    is_negated: bool,
    below: Below,
    engines: &[Semantics],
) -> Option<Vec<u8>> {
    spellings(path, is_negated, engines)
        .into_iter()
        .map(|mut line| {
            line.extend_from_slice(below.suffix());
            line
        })
        .find(|line| {
            engines
                .iter()
                .all(|&engine| matches(engine, line, is_negated, path, below))
        })
}

/// The line that has every engine match `path`, and nothing else; `None` if there is none.
pub(crate) fn for_all(path: &EntryPath, is_negated: bool) -> Option<Vec<u8>> {
    let path = path.as_bytes();
    let engines = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];
    // A line feed in a name can only be written as any character.
    let is_exact = !path.contains(&b'\n');
    is_exact.then(|| line(path, is_negated, Below::Itself, &engines))?
}

/// Whether a line is for a path or for what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    /// The path, and by that what is below it.
    Itself,
    /// What is below it alone.
    Only,
}

impl Below {
    const fn suffix(self) -> &'static [u8] {
        match self {
            Self::Itself => b"",
            Self::Only => b"/**",
        }
    }
}

/// The `!` line that has engines look for `path`: they compare its text, not what it matches, with the names of excluded directories.
/// It may match anything; `None` if the name does not fit on a line.
pub(crate) fn search_line(path: &[u8]) -> Option<Vec<u8>> {
    let first = path
        .utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next());
    let start: &[u8] = match first {
        Some(first) if first.is_whitespace() => b"!./",
        _ => b"!",
    };
    (!path.contains(&b'\n')).then(|| [start, path].concat())
}

/// Text within a pattern that holds wildcards anyway.
pub(super) fn escaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            // No line holds one; this matches any character.
            b'\n' => out.push(b'?'),
            _ if SPECIAL.contains(&byte) => out.extend([b'\\', byte]),
            _ => out.push(byte),
        }
    }
    out
}

/// A pattern as a line, its first character kept from meaning something else.
pub(super) fn as_line(pattern: &[u8], is_negated: bool) -> Vec<u8> {
    let mut line = if is_negated {
        b"!".to_vec()
    } else {
        Vec::new()
    };
    let is_taken = match pattern.first() {
        Some(b'!' | b'#') => !is_negated,
        Some(first) => first.is_ascii_whitespace(),
        None => false,
    };
    if is_taken {
        line.push(b'\\');
    }
    line.extend_from_slice(pattern);
    line
}

/// Ways to write a name, plainest first.
fn spellings(path: &[u8], is_negated: bool, engines: &[Semantics]) -> Vec<Vec<u8>> {
    let special = if engines.contains(&Semantics::Podman) {
        SPECIAL
    } else {
        // Without a wildcard Docker takes all else for itself.
        WILD
    };
    let mut patterns = Vec::new();
    if !path
        .iter()
        .any(|byte| *byte == b'\n' || special.contains(byte))
    {
        patterns.push(path.to_vec());
    }
    patterns.push(escaped(path));
    patterns.push(bracketed_ends(path));
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for pattern in patterns {
        let line = as_line(&pattern, is_negated);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// With the first and the last character in classes, which keeps white space and byte order marks there from being dropped.
fn bracketed_ends(path: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(path) else {
        return escaped(path);
    };
    let count = text.chars().count();
    let mut out = Vec::new();
    for (place, character) in text.chars().enumerate() {
        let is_dropped = character.is_whitespace() || character == '\u{feff}';
        let mut buffer = [0; 4];
        let bytes = character.encode_utf8(&mut buffer).as_bytes();
        if is_dropped && character != '\n' && (place == 0 || place + 1 == count) {
            out.push(b'[');
            out.extend_from_slice(bytes);
            out.push(b']');
        } else {
            out.extend(escaped(bytes));
        }
    }
    out
}

/// Whether a line by itself decides on the path, or on something below it.
fn matches(engine: Semantics, line: &[u8], is_negated: bool, path: &[u8], below: Below) -> bool {
    let mut path = path.to_vec();
    match below {
        Below::Itself => {}
        Below::Only => path.extend_from_slice(b"/x"),
    }
    // `*` for each component matches any path of so many.
    let mut all: Vec<&[u8]> = Vec::new();
    all.resize(path.split(|&byte| byte == b'/').count(), b"*");
    let all = all.join(&b'/');
    let first = if is_negated { &all[..] } else { b"#" };
    let text = [first, b"\n", line, b"\n"].concat();
    let Ok(rules) = Rules::parse(engine, "", &text) else {
        return false;
    };
    let mut frame = rules.root();
    // Nothing above is excluded, so all is entered, and directories hand down what is to be said of what is below them.
    for at in memchr::memchr_iter(b'/', &path) {
        match rules.judge(&frame, &path[..at], true) {
            Ok(judged) => frame = judged.frame,
            Err(_) => return false,
        }
    }
    rules.judge(&frame, &path, false).is_ok_and(|judged| {
        judged.excluded != is_negated && judged.rule.is_some_and(|rule| rule.place().line == 2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINES: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

    /// That the engines agree, other tests ask them.
    #[test]
    fn names_that_mean_something() {
        for (name, exclude, include) in [
            ("a/b", "a/b", "!a/b"),
            ("a b", "a b", "!a b"),
            (" a", "\\ a", "!\\ a"),
            ("a ", "a[ ]", "!a[ ]"),
            ("!a", "\\!a", "!!a"),
            ("#a", "\\#a", "!#a"),
            ("a*", "a\\*", "!a\\*"),
            ("[a]", "\\[a\\]", "!\\[a\\]"),
            ("a\\", "a\\\\", "!a\\\\"),
            ("a+b", "a\\+b", "!a\\+b"),
            ("$a.b", "$a.b", "!$a.b"),
            ("a|{b}", "a\\|\\{b\\}", "!a\\|\\{b\\}"),
            ("a\nb", "a?b", "!a?b"),
            ("\u{a0}", "[\u{a0}]", "![\u{a0}]"),
            ("é", "é", "!é"),
        ] {
            for (is_negated, expected) in [(false, exclude), (true, include)] {
                let found = line(name.as_bytes(), is_negated, Below::Itself, &ENGINES);
                let found = found.map(|line| String::from_utf8(line).unwrap());
                assert_eq!(found.as_deref(), Some(expected), "{name:?}");
            }
        }
        let docker_alone = line(b"a+b", false, Below::Itself, &ENGINES[..2]);
        assert_eq!(docker_alone.as_deref(), Some(&b"a+b"[..]));
        let raw = line(b"\xff", false, Below::Itself, &ENGINES);
        assert_eq!(raw.as_deref(), Some(&b"\xff"[..]));
        let below = line(b"a*", true, Below::Only, &ENGINES);
        assert_eq!(below.as_deref(), Some(&b"!a\\*/**"[..]));
    }
}
