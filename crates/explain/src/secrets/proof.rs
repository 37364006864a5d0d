//! What the content of a file with a telling name must have, so that it is more than its name.

use super::{assignment, plausible};

/// What a file must have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proof {
    /// Any content: there is nothing but secrets in such files.
    Content,
    /// These bytes at its beginning.
    Starts(&'static [&'static [u8]]),
    /// A sequence in DER: of keys, or a PKCS #12 store.
    Der(&'static [&'static [u8]]),
    /// One of these names, with a value behind it that is no variable.
    Value(&'static [&'static str]),
    /// A line with a value, whatever its name.
    AnyValue,
    /// A value for a name that is that of a secret.
    SecretName,
    /// One of these texts.
    Holds(&'static [&'static str]),
    /// A line of as many fields as this between colons, the last or second of which is not empty.
    Fields(usize),
    /// As many hexadecimal digits, and nothing else.
    Hex(usize),
    /// The hash of a password behind a colon.
    Hash,
}

/// What a content tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// There is no secret.
    No,
    /// All of it is.
    Whole,
    /// There is one in the line that begins here.
    At(usize),
}

impl Proof {
    /// What a content tells.
    pub(super) fn told(&self, head: &[u8]) -> Told {
        match self {
            Self::Content => {
                if head.trim_ascii().is_empty() {
                    Told::No
                } else {
                    Told::Whole
                }
            }
            Self::Starts(starts) => whole(starts.iter().any(|start| head.starts_with(start))),
            Self::Der(starts) => whole(
                der(head)
                    .is_some_and(|content| starts.iter().any(|start| content.starts_with(start))),
            ),
            Self::Value(names) => value(head, |name, _| {
                names.iter().any(|known| known.eq_ignore_ascii_case(name))
            }),
            Self::AnyValue => value(head, |name, sign| sign && !name.is_empty()),
            Self::SecretName => value(head, |name, _| assignment::is_secret(name)),
            Self::Holds(texts) => {
                let mut found = texts
                    .iter()
                    .filter_map(|text| memchr::memmem::find(head, text.as_bytes()));
                let line = |at: usize| {
                    memchr::memrchr(b'\n', &head[..at]).map_or(0, |newline| newline + 1)
                };
                found.next().map_or(Told::No, |at| Told::At(line(at)))
            }
            Self::Fields(count) => line(head, |line| {
                let fields: Vec<_> = line.split(|byte| *byte == b':').collect();
                fields.len() >= *count && fields.last().is_some_and(|last| !last.is_empty())
            }),
            Self::Hex(digits) => {
                let text = head.trim_ascii();
                whole(text.len() == *digits && text.iter().all(u8::is_ascii_hexdigit))
            }
            Self::Hash => line(head, |line| {
                let mut fields = line.split(|byte| *byte == b':').skip(1);
                let hash = fields.next().unwrap_or_default();
                hash.starts_with(b"$")
                    || hash.starts_with(b"{SHA")
                    || (hash.len() == 13 && !hash.contains(&b' '))
            }),
        }
    }
}

fn whole(is_one: bool) -> Told {
    if is_one { Told::Whole } else { Told::No }
}

/// The content of a sequence in DER that is as long as the file says.
fn der(head: &[u8]) -> Option<&[u8]> {
    match head {
        [0x30, 0x82, _, _, content @ ..] | [0x30, 0x81, _, content @ ..] => Some(content),
        [0x30, length, content @ ..] if *length < 128 && content.len() == usize::from(*length) => {
            Some(content)
        }
        _ => None,
    }
}

/// The first line for which `is` is true.
fn line(head: &[u8], is: impl Fn(&[u8]) -> bool) -> Told {
    let mut at = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        if !text.is_empty() && !text.starts_with(b"#") && is(text) {
            return Told::At(at);
        }
        at += line.len();
    }
    Told::No
}

/// The first name for which `is` is true with a value behind it that is neither empty nor a variable.
fn value(head: &[u8], is: impl Fn(&str, bool) -> bool) -> Told {
    let mut at = 0;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let is_comment = text.starts_with(b"#") || text.starts_with(b";");
        if !is_comment
            && pairs(text).any(|(name, has_sign, value)| is(name, has_sign) && is_value(value))
        {
            return Told::At(at);
        }
        at += line.len();
    }
    Told::No
}

/// The words of a line, each with whether a sign follows (`=`, `:`, `>`), and with what comes after that or a blank.
fn pairs(line: &[u8]) -> impl Iterator<Item = (&str, bool, &[u8])> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + line.get(at..)?.iter().position(is_word)?;
            let end = start
                + line[start..]
                    .iter()
                    .position(|byte| !is_word(byte))
                    .unwrap_or(line.len() - start);
            at = end;
            let rest = line[end..].trim_ascii_start();
            let rest = rest
                .strip_prefix(b"\"")
                .or(rest.strip_prefix(b"'"))
                .unwrap_or(rest)
                .trim_ascii_start();
            let is_given = end < line.len();
            let (has_sign, value) = match rest {
                [b'=' | b':' | b'>', value @ ..] => (true, value.trim_ascii_start()),
                value => (false, value),
            };
            if let (true, Ok(name)) = (is_given, std::str::from_utf8(&line[start..end])) {
                return Some((name, has_sign, value));
            }
        }
    })
}

/// Whether a value is written here, and not elsewhere.
fn is_value(value: &[u8]) -> bool {
    let value = value
        .strip_prefix(b"\"")
        .or(value.strip_prefix(b"'"))
        .unwrap_or(value);
    let end = value
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"\"'<,".contains(byte))
        .unwrap_or(value.len());
    let value = &value[..end];
    value.len() >= 3
        && !value.starts_with(b"$")
        && !value.starts_with(b"{{")
        && !value.starts_with(b"%")
        && !matches!(value, b"true" | b"false" | b"null" | b"none")
        && !plausible::is_placeholder(value)
}
