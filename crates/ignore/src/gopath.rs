//! The few functions of Go's `path/filepath`, `strings` and `bufio` packages that ignore files are
//! defined by, on bytes. They know nothing about rules.

/// As `strings.TrimSpace`: drops Unicode white space at both ends. Bytes that are not UTF-8 are
/// not white space.
pub(crate) fn trim_space(mut text: &[u8]) -> &[u8] {
    while let Some(length) = leading_space(text) {
        text = &text[length..];
    }
    while let Some(length) = trailing_space(text) {
        text = &text[..text.len() - length];
    }
    text
}

fn leading_space(text: &[u8]) -> Option<usize> {
    (1..=text.len().min(3)).find(|&length| is_one_space(&text[..length]))
}

fn trailing_space(text: &[u8]) -> Option<usize> {
    (1..=text.len().min(3)).find(|&length| is_one_space(&text[text.len() - length..]))
}

/// No white space character is longer than three bytes.
fn is_one_space(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_whitespace) && chars.next().is_none()
}

/// As `filepath.Clean` on Unix: the shortest path that lexically means the same.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.first() == Some(&b'/');
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let mut out = if rooted {
        b"/".to_vec()
    } else {
        Vec::with_capacity(path.len())
    };
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}

/// As the error of `filepath.Match(pattern, ".")`, by which Go checks a pattern when rules are
/// loaded: `Err` holds the byte offset of what makes it malformed.
///
/// The check ends where the pattern stops matching `.`, at a `*` at the latest that does not help;
/// so of `a*[` only `a` is checked. What matches is decided elsewhere.
pub(crate) fn check_glob(pattern: &[u8]) -> Result<(), usize> {
    let mut name: &[u8] = b".";
    let mut at = 0;
    while at < pattern.len() {
        let stars = pattern[at..]
            .iter()
            .take_while(|&&byte| byte == b'*')
            .count();
        at += stars;
        let end = chunk_end(pattern, at);
        let is_last = end == pattern.len();
        if stars > 0 && end == at {
            break;
        }
        let fits = |rest: &&[u8]| rest.is_empty() || !is_last;
        let mut rest = match_chunk(&pattern[..end], at, name)?.filter(fits);
        if rest.is_none() && stars > 0 && !name.is_empty() {
            rest = match_chunk(&pattern[..end], at, b"")?.filter(fits);
        }
        let Some(rest) = rest else { break };
        (name, at) = (rest, end);
    }
    Ok(())
}

/// Where the next `*` outside of a class is.
fn chunk_end(pattern: &[u8], mut at: usize) -> usize {
    let mut in_class = false;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' if at + 1 < pattern.len() => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Matches what is between two `*` with the start of `name`, and returns what is left of it. The
/// pattern's syntax is checked to the end in any case.
fn match_chunk<'n>(
    pattern: &[u8],
    mut at: usize,
    name: &'n [u8],
) -> Result<Option<&'n [u8]>, usize> {
    let mut rest = Some(name);
    while let Some(&byte) = pattern.get(at) {
        let first = rest.and_then(|rest| rest.split_first());
        let matches = match byte {
            b'[' => {
                let (end, matches) = check_class(pattern, at, first.map(|(c, _)| *c))?;
                at = end;
                matches
            }
            b'?' => {
                at += 1;
                true
            }
            b'\\' if at + 1 == pattern.len() => return Err(at),
            b'\\' => {
                at += 2;
                first.is_some_and(|(c, _)| *c == pattern[at - 1])
            }
            _ => {
                at += 1;
                first.is_some_and(|(c, _)| *c == byte)
            }
        };
        rest = first.filter(|_| matches).map(|(_, after)| after);
    }
    Ok(rest)
}

/// Checks the class whose `[` is at `open`; returns the offset after its `]` and whether it holds
/// the ASCII character `c`.
fn check_class(pattern: &[u8], open: usize, c: Option<u8>) -> Result<(usize, bool), usize> {
    let mut at = open + 1;
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let start = at;
    let mut holds = false;
    loop {
        if at > start && pattern.get(at) == Some(&b']') {
            return Ok((at + 1, holds != negated));
        }
        let (low, mut high);
        (low, at) = check_class_char(pattern, at, open)?;
        high = low;
        if pattern.get(at) == Some(&b'-') {
            (high, at) = check_class_char(pattern, at + 1, open)?;
        }
        holds |= c.is_some_and(|c| low <= char::from(c) && char::from(c) <= high);
    }
}

/// Reads one character of a class, as Go's `getEsc`; returns it and the offset after it, which is
/// never the end of the pattern.
fn check_class_char(pattern: &[u8], mut at: usize, open: usize) -> Result<(char, usize), usize> {
    match pattern.get(at) {
        Some(b'-' | b']') => return Err(at),
        Some(b'\\') => at += 1,
        None | Some(_) => {}
    }
    let rest = pattern
        .get(at..)
        .filter(|rest| !rest.is_empty())
        .ok_or(open)?;
    let length = first_char_length(rest).ok_or(at)?;
    let c = decode(&rest[..length]).chars().next().ok_or(at)?;
    if length == rest.len() {
        Err(open)
    } else {
        Ok((c, at + length))
    }
}

/// The length in bytes of the character that `bytes` starts with, if they start with UTF-8.
pub(crate) fn first_char_length(bytes: &[u8]) -> Option<usize> {
    (1..=bytes.len().min(4)).find(|&length| std::str::from_utf8(&bytes[..length]).is_ok())
}

/// Text as Go's `range` and `regexp` see it: every byte that is not part of valid UTF-8 is one
/// U+FFFD. (Rust's own lossy conversion makes one of a whole truncated sequence.)
pub(crate) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n(
            char::REPLACEMENT_CHARACTER,
            chunk.invalid().len(),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from Go's `filepath.Clean`.
    #[test]
    fn clean_is_gos() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("//", "/"),
            ("a//b/", "a/b"),
            ("a/../b", "b"),
            ("../b", "../b"),
            ("../../b/..", "../.."),
            ("/../b", "/b"),
            ("/a/../..", "/"),
            ("a/..", "."),
            ("./!a", "!a"),
            ("!a/..", "."),
            ("!/", "!"),
            ("a/./b/../../..", ".."),
        ] {
            assert_eq!(clean(path.as_bytes()), expected.as_bytes(), "{path:?}");
        }
    }

    /// Expected values from Go's `filepath.Match(pattern, ".")`.
    #[test]
    fn check_glob_is_gos() {
        for (pattern, good) in [
            ("a[b]", true),
            ("[", false),
            ("[]", false),
            ("[]a]", false),
            ("[^]", false),
            ("[^]a]", false),
            ("[a-]", false),
            ("[-a]", false),
            ("[a", false),
            ("[a-b", false),
            ("[b-a]", true),
            ("[a*b]", true),
            ("x\\", false),
            ("x\\\\", true),
            ("[\\]]", true),
            ("[\\", false),
            ("a]", true),
            ("*[", false),
            ("b*[c", true),
            (".*[", false),
            ("[.]*[", false),
            ("[^.]*[", true),
            ("?*[", false),
            ("\\.*\\", false),
            ("*a*[", true),
            ("*.*[", false),
            ("**[", false),
            ("[a]]", true),
            ("[[:alpha:]]", true),
            ("[é-ü]", true),
            ("a/[/]", true),
        ] {
            assert_eq!(check_glob(pattern.as_bytes()).is_ok(), good, "{pattern:?}");
        }
        assert!(check_glob(b"[\xff]").is_err());
        assert!(check_glob(b"\xff").is_ok());
    }

    #[test]
    fn trim_space_is_unicode() {
        for (text, expected) in [
            (" a\t", "a"),
            ("\u{a0}a\u{3000}", "a"),
            ("\u{85}", ""),
            ("\u{feff}a", "\u{feff}a"),
            ("\u{200b}a", "\u{200b}a"),
            ("\u{2028}a b\r", "a b"),
            ("", ""),
        ] {
            assert_eq!(trim_space(text.as_bytes()), expected.as_bytes(), "{text:?}");
        }
        assert_eq!(
            trim_space(b" \xa0 "),
            b"\xa0",
            "a lone continuation byte is no space"
        );
    }

    #[test]
    fn decode_counts_bytes() {
        assert_eq!(decode(b"a\xe2\x82b"), "a\u{fffd}\u{fffd}b");
        assert_eq!(decode("é".as_bytes()), "é");
    }
}
