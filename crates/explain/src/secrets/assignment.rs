//! Values that are given to something called a password, a secret, a token or a key.

use std::ops::Range;

use super::kinds::SecretKind;
use super::needles::Needles;
use super::plausible;
use super::text::{Style, Text};

/// Parts of the names of secrets, of four bytes or more, as they are written in languages and environments.
pub(super) const WORDS: &[&str] = &[
    "assw",
    "ASSW",
    "ecret",
    "ECRET",
    "oken",
    "OKEN",
    "pikey",
    "piKey",
    "PIKEY",
    "pi_key",
    "PI_KEY",
    "pi-key",
    "pi-Key",
    "ccess_key",
    "CCESS_KEY",
    "ccessKey",
    "redential",
    "REDENTIAL",
    "assph",
    "ASSPH",
    "rivate_key",
    "RIVATE_KEY",
    "APP_KEY",
    "pwd=",
    "PWD=",
    "Pwd=",
    "_PAT=",
    "_authT",
];

/// What the names of secrets end in, in small letters without signs.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "token",
    "apikey",
    "accesskey",
    "credential",
    "credentials",
    "privatekey",
    "appkey",
    "secretaccesskey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "pat",
    "accesstoken",
    "clientsecret",
];

/// What may follow.
const SUFFIXES: &[&str] = &[
    "value",
    "key",
    "base",
    "base64",
    "b64",
    "hex",
    "prod",
    "production",
    "dev",
    "staging",
    "default",
    "string",
    "str",
    "s",
    "v",
    "plain",
    "raw",
    "live",
];

/// Parts of names of what is no secret.
const HARMLESS: &[&str] = &[
    "page",
    "cursor",
    "continuation",
    "csrf",
    "xsrf",
    "public",
    "sync",
    "cancel",
    "hash",
    "lexer",
    "parser",
    "next",
    "reset",
    "forgot",
    "confirm",
    "label",
    "placeholder",
    "hint",
    "resume",
    "upload",
    "idempoten",
    "checksum",
    "digest",
    "bearerformat",
    "sitekey",
    "test",
    "example",
    "fake",
    "mock",
    "dummy",
    "integrity",
    "sha",
    "locale",
];

/// The shortest value that may be a secret.
const SHORTEST: usize = 8;

/// The longest name looked at.
const NAME: usize = 64;

/// The longest line that somebody wrote by hand.
const LINE: usize = 1000;

/// What the value that the word at a place is given is: of a kind that its name tells, else of `other`, if there is one, it is
/// random and has such a name.
pub(super) fn look(
    text: &Text<'_>,
    at: usize,
    other: Option<&'static SecretKind>,
) -> Option<(&'static SecretKind, Range<usize>)> {
    // Most such words are given no value, and most values are too short.
    let value = value(text, at).filter(|value| value.len() >= SHORTEST)?;
    let bytes = &text.bytes[value.clone()];
    let name = plain(&text.bytes[name(text, at)]);
    let mut named = Needles::get().named.iter();
    let kind = named.find(|(_, words, forms)| {
        let is_named = words.iter().any(|word| name.contains(word));
        is_named && forms.iter().any(|form| form.is_all(bytes)) && plausible::is_random(bytes)
    });
    let is_random = || {
        let is_short = text.line(at).0.len() < LINE;
        is_secret_name(&name) && is_short && plausible::is_secret(bytes)
    };
    let kind = kind.map(|(kind, ..)| *kind);
    let kind = kind.or_else(|| other.filter(|_| is_random()))?;
    Some((kind, value))
}

/// The name around a place.
fn name(text: &Text<'_>, at: usize) -> Range<usize> {
    let is_in = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before = text.bytes[..at]
        .iter()
        .rev()
        .take(NAME)
        .take_while(|byte| is_in(byte))
        .count();
    let behind = text.bytes[at..]
        .iter()
        .take(NAME)
        .take_while(|byte| is_in(byte))
        .count();
    at - before..at + behind
}

/// A name in small letters without signs.
fn plain(name: &[u8]) -> String {
    name.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

fn is_secret_name(plain: &str) -> bool {
    let ends = |plain: &str| ENDS.iter().any(|end| plain.ends_with(end));
    let plain = plain.trim_end_matches(|c: char| c.is_ascii_digit());
    let stripped = SUFFIXES
        .iter()
        .filter_map(|suffix| plain.strip_suffix(suffix));
    (ends(plain) || stripped.into_iter().any(ends))
        && !HARMLESS.iter().any(|word| plain.contains(word))
}

/// The value that the name around `at` is given on its line: `name = "value"`, `name: value`, `<name>value<`.
pub(super) fn value(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let mut rest = Rest {
        bytes: text.bytes,
        at: name(text, at).end,
    };
    // The quote or bracket that ends the name.
    rest.skip(b"\"'`])");
    rest.skip(b" \t");
    match rest.peek()? {
        b'>' => return rest.until(b"<\n").filter(|value| !value.is_empty()),
        b'=' | b':' => rest.at += 1,
        _ => return None,
    }
    if matches!(rest.peek()?, b'=' | b':') && rest.bytes[rest.at - 1] == b'=' {
        // A comparison.
        return None;
    }
    rest.skip(b"=>~");
    rest.skip(b" \t");
    if let Some(quoted) = rest.quoted() {
        return Some(quoted);
    }
    // A type before the value: `token: &str = "…"`.
    let word = rest.until(b"=\n\"';,{}")?;
    let mut typed = Rest {
        bytes: text.bytes,
        at: word.end,
    };
    if word.len() <= 40 && typed.peek() == Some(b'=') && text.bytes.get(word.end + 1) != Some(&b'=')
    {
        typed.at += 1;
        typed.skip(b" \t");
        if let Some(quoted) = typed.quoted() {
            return Some(quoted);
        }
    }
    if text.style != Style::Plain {
        return None;
    }
    let value = rest.until(b" \t\r\n,;\"'`&|)<>")?;
    (!value.is_empty()).then_some(value)
}

/// What is left of a text.
struct Rest<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Rest<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips up to 16 of these bytes.
    fn skip(&mut self, these: &[u8]) {
        let rest = self.bytes[self.at..].iter().take(16);
        self.at += rest.take_while(|byte| these.contains(byte)).count();
    }

    /// What comes before one of these bytes, within a line's length.
    fn until(&self, these: &[u8]) -> Option<Range<usize>> {
        let rest = self.bytes.get(self.at..)?.iter().take(LINE);
        let length = rest.take_while(|byte| !these.contains(byte)).count();
        Some(self.at..self.at + length)
    }

    /// The content of the string that begins here, behind prefixes such as `b` and `r`.
    fn quoted(&self) -> Option<Range<usize>> {
        let mut start = self.at;
        while matches!(
            self.bytes.get(start),
            Some(b'b' | b'r' | b'u' | b'f' | b'@' | b'\\')
        ) && start < self.at + 2
        {
            start += 1;
        }
        let quote = *self.bytes.get(start)?;
        if !matches!(quote, b'"' | b'\'' | b'`') {
            return None;
        }
        let inner = Self {
            bytes: self.bytes,
            at: start + 1,
        };
        let content = inner.until(&[quote, b'\n'])?;
        // As in JSON within JSON.
        let end = if self.bytes[content.clone()].ends_with(b"\\") {
            content.end - 1
        } else {
            content.end
        };
        (self.bytes.get(content.end) == Some(&quote)).then_some(content.start..end)
    }
}

/// Whether a name is that of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    is_secret_name(&plain(name.as_bytes()))
}
