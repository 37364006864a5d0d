//! Numbers of tar headers and PAX records.

use crate::entry::Mtime;

/// Reads a numeric field of a header: octal digits between spaces and NULs, or GNU's base 256 in
/// two's complement behind a byte 0x80 or 0xff. An empty field is 0. `None` for anything else.
///
/// Stricter than crate `tar`, which takes a sign and knows no negative times. Other first bytes with
/// the high bit are digits to Go and an older base 64 to GNU tar.
pub(super) fn field(field: &[u8]) -> Option<i64> {
    if let Some((&mark @ (0x80 | 0xff), digits)) = field.split_first() {
        let start = if mark == 0x80 { 0 } else { -1 };
        let value = digits
            .iter()
            .fold(start, |value: i128, digit| value << 8 | i128::from(*digit));
        return i64::try_from(value).ok();
    }
    let text = field
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if text.is_empty() {
        return Some(0);
    }
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    i64::from_str_radix(str::from_utf8(text).ok()?, 8).ok()
}

/// Reads a decimal number without sign.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?;
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// Reads a time as PAX writes it, seconds with an optional sign and fraction; rounded down to nanoseconds.
pub(super) fn time(text: &[u8]) -> Option<Mtime> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let secs = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = parts.next().unwrap_or_default();
    if text.first().is_none_or(|byte| !byte.is_ascii_digit())
        || !fraction.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let digits = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanos = digits.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    let beyond = fraction.iter().skip(9).any(|digit| *digit != b'0');
    Some(match (negative, nanos + u32::from(negative && beyond)) {
        (false, nanos) => Mtime { secs, nanos },
        (true, 0) => Mtime {
            secs: -secs,
            nanos: 0,
        },
        (true, nanos) => Mtime {
            secs: -secs - 1,
            nanos: 1_000_000_000 - nanos,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields() {
        let rows: &[(&[u8], Option<i64>)] = &[
            (b"0000644\0", Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"00000000017", Some(15)),
            (b"", Some(0)),
            (b"\0\0\0\0", Some(0)),
            (b"    ", Some(0)),
            (b"7\0garbage", Some(7)),
            (b"777777777777", Some(0o777_777_777_777)),
            (b"8", None),
            (b"+7", None),
            (b"-7", None),
            (b"1 2", None),
            (b"\xc3\xa9", None),
            (b"\x80\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff", Some(-1)),
            (b"\xff\xff\xff\xff\0", Some(-256)),
            (b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x81\0\0", None),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ];
        for (text, expected) in rows {
            assert_eq!(field(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn times() {
        let at = |secs, nanos| Some(Mtime { secs, nanos });
        let rows: &[(&str, Option<Mtime>)] = &[
            ("0", at(0, 0)),
            ("1700000000.123456789", at(1_700_000_000, 123_456_789)),
            ("1.5", at(1, 500_000_000)),
            ("1.", at(1, 0)),
            ("1.0000000009", at(1, 0)),
            ("-1", at(-1, 0)),
            ("-1.25", at(-2, 750_000_000)),
            ("-0.000000001", at(-1, 999_999_999)),
            ("-1.0000000001", at(-2, 999_999_999)),
            ("-1.9999999999", at(-2, 0)),
            ("", None),
            ("-", None),
            (".5", None),
            ("--1", None),
            ("+1", None),
            ("1.x", None),
            ("1.-5", None),
            ("1e3", None),
            ("9223372036854775808", None),
            ("99999999999999999999999", None),
        ];
        for (text, expected) in rows {
            assert_eq!(time(text.as_bytes()), *expected, "{text}");
        }
    }
}
