//! The JSON form of arguments, as Go's `encoding/json` reads it.

use serde_json::value::RawValue;

use crate::dialect::Dialect;

/// Nesting beyond which Go gives up, and BuildKit takes the text for a shell form.
const DEEPEST: usize = 10_000;

/// An array holds something else than strings.
pub(crate) struct NotStrings;

/// The strings of an array and the byte at which each begins; `None` if the text is no JSON array.
pub(crate) fn strings(
    text: &str,
    dialect: Dialect,
) -> Result<Option<Vec<(usize, String)>>, NotStrings> {
    if !text.trim_start().starts_with('[') {
        return Ok(None);
    }
    let Some(elements) = elements(text.trim_start(), dialect) else {
        return Ok(None);
    };
    if elements.iter().any(|element| is_beyond_go(element.get())) {
        return Ok(None);
    }
    let strings = elements.into_iter().map(|element| {
        let element = element.get();
        let inner = element
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let offset = element.as_ptr() as usize - text.as_ptr() as usize;
        inner.map(|inner| (offset, decode(inner))).ok_or(NotStrings)
    });
    strings.collect::<Result<_, _>>().map(Some)
}

/// The elements as written.
fn elements(text: &str, dialect: Dialect) -> Option<Vec<&RawValue>> {
    match dialect {
        Dialect::Current => serde_json::from_str(text).ok(),
        // What follows the array is ignored.
        Dialect::BuildKit0_12 => serde_json::Deserializer::from_str(text)
            .into_iter()
            .next()?
            .ok(),
    }
}

/// Whether Go fails on an element that is JSON: a number that no `float64` holds, or too much nesting.
fn is_beyond_go(element: &str) -> bool {
    let mut depth = 1;
    let mut rest = element;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => {
                let end =
                    rest.find(|c: char| !matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'));
                let number = &rest[..end.unwrap_or(rest.len())];
                if number.parse::<f64>().is_ok_and(f64::is_infinite) {
                    return true;
                }
                number.len()
            }
            '[' | '{' => {
                depth += 1;
                1
            }
            ']' | '}' => {
                depth -= 1;
                1
            }
            other => other.len_utf8(),
        };
        if depth > DEEPEST {
            return true;
        }
        rest = &rest[length..];
    }
    false
}

/// The bytes of the string at the start of a text, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = true;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Resolves the escapes of a valid string. Half a surrogate pair becomes U+FFFD.
fn decode(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let kind = escaped.chars().next().unwrap_or_default();
        rest = escaped.get(kind.len_utf8()..).unwrap_or_default();
        out.push(match kind {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, length) = code_unit(rest);
                rest = rest.get(length..).unwrap_or_default();
                character
            }
            other => other,
        });
    }
    out.push_str(rest);
    out
}

/// The character of the digits after a `\u`, and the bytes it takes, the second half of a pair included.
fn code_unit(digits: &str) -> (char, usize) {
    let unit = |text: Option<&str>| text.and_then(|text| u16::from_str_radix(text, 16).ok());
    let Some(first) = unit(digits.get(..4)) else {
        return (char::REPLACEMENT_CHARACTER, 4);
    };
    if let Some(character) = char::from_u32(first.into()) {
        return (character, 4);
    }
    let is_escape = digits.get(4..6) == Some("\\u");
    let second = unit(digits.get(6..10)).filter(|_| is_escape);
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    pair.map_or((char::REPLACEMENT_CHARACTER, 4), |character| {
        (character, 10)
    })
}
