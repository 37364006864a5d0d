//! The flags between an instruction's name and its arguments.

use std::borrow::Cow;

/// Flags with the byte at which each begins, and the arguments with theirs.
pub(crate) struct Split<'a> {
    pub(crate) flags: Vec<(usize, String)>,
    pub(crate) arguments: Cow<'a, str>,
    pub(crate) at: usize,
}

/// Takes words that begin with `--` off a text; a lone `--` ends them. Quotes and `\` are resolved.
///
/// BuildKit goes byte by byte here and takes each for a character: `é` becomes `Ã©`, and the bytes 0x85 and 0xA0 are white
/// space, also in the middle of a character. So do we: flags should be ASCII.
pub(crate) fn split(text: &str) -> Split<'_> {
    let bytes = text.as_bytes();
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        at += bytes[at..]
            .iter()
            .take_while(|&&byte| is_space(byte))
            .count();
        if !bytes[at..].starts_with(b"--") {
            break;
        }
        let (flag, length) = word(&bytes[at..]);
        if flag == "--" {
            at += length;
            break;
        }
        flags.push((at, flag));
        at += length;
    }
    let arguments = match text.get(at..) {
        Some(rest) => Cow::Borrowed(rest),
        None => Cow::Owned(String::from_utf8_lossy(&bytes[at..]).into_owned()),
    };
    Split {
        flags,
        arguments,
        at,
    }
}

/// A word with its quotes resolved, and how many bytes it takes.
fn word(bytes: &[u8]) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (byte, quote) {
            (b'\\', _) => {
                if let Some(&escaped) = bytes.get(at) {
                    word.push(char::from(escaped));
                    at += 1;
                }
            }
            (_, Some(open)) if byte == open => quote = None,
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, None) if is_space(byte) => return (word, at - 1),
            _ => word.push(char::from(byte)),
        }
    }
    (word, at)
}

/// Whether a byte, taken for a character, is white space.
pub(crate) fn is_space(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}
