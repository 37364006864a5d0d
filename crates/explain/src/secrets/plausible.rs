//! Whether a value may be a secret at all, or is plainly an example, a placeholder, a name or a hash.

/// Words of values that stand for a secret, and of secrets published as examples (`AKIAIOSFODNN7EXAMPLE`).
const PLACEHOLDERS: &[&str] = &[
    "example",
    "sample",
    "dummy",
    "placeholder",
    "redacted",
    "changeme",
    "change_me",
    "change-me",
    "replace",
    "insert",
    "fake",
    "your",
    "todo",
    "xxxx",
    "****",
    "....",
    "notreal",
    "not-real",
    "not_a",
    "mock",
    "foobar",
    "lorem",
    "secret",
    "password",
    "passw0rd",
    "p@ssw",
    "passphrase",
    "qwerty",
    "letmein",
    "admin",
    "hunter2",
    "deadbeef",
    "cafebabe",
    "hello",
    "token",
    "test",
    "demo",
    "none",
    "null",
    "undefined",
    "default",
    "invalid",
];

/// Whether the random part of a token with a known form looks random, and not like one in a manual.
pub(super) fn is_random(body: &[u8]) -> bool {
    const EXAMPLES: &[&str] = &[
        "EXAMPLE",
        "example",
        "Example",
        "xxxxx",
        "XXXXX",
        "dummy",
        "DUMMY",
        "placeholder",
        "redacted",
        "REDACTED",
        "fake",
        "FAKE",
        "your",
        "YOUR",
        "test",
        "TEST",
        "sample",
        "SAMPLE",
        "not-real",
        // The key that every Azurite, the emulator of Azure's storage, has.
        "Eby8vdM02xNOcqFlqUwJ",
    ];
    let has = |word: &&str| memchr::memmem::find(body, word.as_bytes()).is_some();
    let one_case =
        body.iter().all(u8::is_ascii_lowercase) || body.iter().all(u8::is_ascii_uppercase);
    let is_word = one_case && body.len() < 100;
    let is_varied = distinct(body) >= body.len().min(24) / 4;
    is_varied && !is_word && !has_run(body) && !EXAMPLES.iter().any(has)
}

/// How many different bytes there are.
fn distinct(body: &[u8]) -> usize {
    let mut seen = [false; 256];
    body.iter()
        .filter(|&&byte| !std::mem::replace(&mut seen[usize::from(byte)], true))
        .count()
}

/// Whether six bytes in a row are the same, or each the next of the one before.
pub(super) fn has_run(body: &[u8]) -> bool {
    let steps = |step: u8| {
        body.windows(6).any(|six| {
            six.windows(2)
                .all(|two| two[1].wrapping_sub(two[0]) == step)
        })
    };
    steps(0) || steps(1)
}

/// Shannon's entropy in bits a byte.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in value {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let shares = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length);
    -shares.map(|share| share * share.log2()).sum::<f64>()
}

/// Whether the value that something called a secret is given is random enough to be one.
///
/// It is so if it has at least eight bytes, letters and digits, changes between kinds of characters as random text does, and is
/// none of the many things that only stand for a secret: a placeholder, a variable, a path, a UUID, a hash, a name.
pub(super) fn is_secret(value: &[u8]) -> bool {
    (8..=512).contains(&value.len())
        && value.iter().all(u8::is_ascii_graphic)
        && !is_reference(value)
        && !is_placeholder(value)
        && !is_uuid(value)
        && !has_run(value)
        && is_mixed(value)
}

/// Whether it stands in a template, or names where the secret is.
fn is_reference(value: &[u8]) -> bool {
    const STARTS: &[&[u8]] = &[
        b"$",
        b"%",
        b"@",
        b"!",
        b"{",
        b"[",
        b"(",
        b"/",
        b"./",
        b"../",
        b"~",
        b"-",
        b"&",
        b"*",
        b"#",
        b"<",
        b"\\",
        b"arn:",
        b"ref+",
        b"vault:",
        b"ENC[",
        b"ENC(",
        b"secret:",
        b"file:",
        b"env:",
        b"ssm:",
        b"sha1-",
        b"sha256-",
        b"sha384-",
        b"sha512-",
        b"sha256:",
        b"sha512:",
        b"data:",
        b"0x",
        b"rgb",
        b"AAAAB3Nza",
        b"ssh-",
        b"MII",
        b"projects/",
        b"age1",
    ];
    const INSIDE: &[&str] = &[
        "${", "$(", "{{", "}}", "%(", "#{", "<", "://", "()", "(", "::", "->", "env.", "environ",
        "getenv", ".get", "\\", "[", "{", ", ", "*",
    ];
    let inside = |text: &&str| memchr::memmem::find(value, text.as_bytes()).is_some();
    STARTS.iter().any(|start| value.starts_with(start)) || INSIDE.iter().any(inside)
}

pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    PLACEHOLDERS
        .iter()
        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uuid(value: &[u8]) -> bool {
    let value = value
        .strip_prefix(b"{")
        .and_then(|v| v.strip_suffix(b"}"))
        .unwrap_or(value);
    value.len() == 36
        && value.iter().enumerate().all(|(i, byte)| match i {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether kinds of characters change as often as in random text, and not as in words and numbers put together.
fn is_mixed(value: &[u8]) -> bool {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let symbols = value
        .iter()
        .filter(|byte| !byte.is_ascii_alphanumeric())
        .count();
    let letters = value
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let kinds: Vec<u8> = value
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| kind(*byte))
        .collect();
    let changes = kinds.windows(2).filter(|two| two[0] != two[1]).count();
    let bits = entropy(value);
    if !kinds.contains(&2) || letters == 0 || symbols * 3 > value.len() {
        return false;
    }
    if value.len() < 16 {
        // As short as this, a password has to use what a keyboard has.
        let all = [0, 1, 2].iter().all(|kind| kinds.contains(kind));
        return all && changes * 3 >= value.len() && bits >= 2.9;
    }
    changes * 4 >= kinds.len() && bits >= 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_random_is_told_from_what_is_written() {
        let secrets = [
            "q8Zr2Lm9Xw4T",
            "b7f3c09e1d5a4826f0c7",
            "tG7#kQ2!vB9z",
            "Zx81kd0QpLw93mNb27Tz",
        ];
        for value in secrets {
            assert!(is_secret(value.as_bytes()), "{value}");
        }
        let innocent = [
            "changeme",
            "xxxxxxxxxxxx",
            "<your-token>",
            "${DB_PASSWORD}",
            "EXAMPLEKEY1234abcd",
            "8f14e45f-ceea-467f-a8f3-1d4c8a7b9e10",
            "sha512-aB3dE5fG7hI9jK1lM3nO5pQ7",
            "my-app-key-2024",
            "userService1",
            "config.value2",
            "/run/secrets/db1",
            "abcdefghijkl12",
            "process.env.TOKEN1",
            "arn:aws:sm:1:2:x9",
            "correct horse battery",
            "0x1234567890abcdef",
            "{{ vault_pw1 }}",
        ];
        for value in innocent {
            assert!(!is_secret(value.as_bytes()), "{value}");
        }
    }
}
