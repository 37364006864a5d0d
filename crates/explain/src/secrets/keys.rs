//! Private keys, and other secrets that are told by what stands around a word.

use std::ops::Range;

use super::assignment;
use super::form::is_word;
use super::plausible;
use super::text::Text;

/// How far behind a header the body of a key is looked for.
const BODY: usize = 8192;

/// As many characters of base 64 as the shortest private key has, less its last line.
const LEAST: usize = 48;

/// How far from an AWS access key id its secret may be.
const NEAR: usize = 600;

/// How much of a document in JSON is looked at.
const OBJECT: usize = 4096;

pub(super) fn pkcs8(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN PRIVATE KEY-----")
}

pub(super) fn encrypted(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

pub(super) fn rsa(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN RSA PRIVATE KEY-----")
}

pub(super) fn ec(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN EC PRIVATE KEY-----")
}

pub(super) fn dsa(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN DSA PRIVATE KEY-----")
}

pub(super) fn openssh(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN OPENSSH PRIVATE KEY-----")
}

pub(super) fn ssh2(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----")
}

pub(super) fn pgp(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    pem(text, at, b"-----BEGIN PGP PRIVATE KEY BLOCK-----")
}

/// A header with the body of a key behind it; a program that only knows the header has none.
fn pem(text: &Text<'_>, at: usize, header: &[u8]) -> Option<Range<usize>> {
    let start = at
        + text.bytes[at..]
            .strip_prefix(header)
            .map(|_| header.len())?;
    let body = &text.bytes[start..text.bytes.len().min(start + BODY)];
    let end = memchr::memmem::find(body, b"---").unwrap_or(body.len());
    let lines = Lines(&body[..end]);
    let mut key = Vec::new();
    for line in lines {
        // `Proc-Type: 4,ENCRYPTED` and the like.
        if key.is_empty() && line.contains(&b':') {
            continue;
        }
        let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let line = line.trim_ascii_matches(|byte| !is_key(&byte));
        if !line.iter().all(is_key) {
            break;
        }
        key.extend_from_slice(line);
    }
    let looks_random = plausible::entropy(&key) >= 3.5 && !is_written(&key);
    (key.len() >= LEAST && looks_random).then_some(at..start + end)
}

/// Whether a key is one that somebody typed for a manual.
fn is_written(key: &[u8]) -> bool {
    key.windows(8)
        .any(|eight| eight.iter().all(|byte| *byte == eight[0] && *byte != b'A'))
}

/// Lines of a text, which may end in the two characters `\n` as in strings of programs.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\\', self.0).unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        let skip = match rest {
            [b'\\', b'n' | b'r' | b't', ..] => 2,
            [] => 0,
            _ => 1,
        };
        self.0 = &rest[skip..];
        Some(line)
    }
}

/// Trimming by a condition.
trait TrimMatches {
    fn trim_ascii_matches(&self, is_cut: impl Fn(u8) -> bool) -> &Self;
}

impl TrimMatches for [u8] {
    fn trim_ascii_matches(&self, is_cut: impl Fn(u8) -> bool) -> &Self {
        let start = self
            .iter()
            .position(|byte| !is_cut(*byte))
            .unwrap_or(self.len());
        let end = self
            .iter()
            .rposition(|byte| !is_cut(*byte))
            .map_or(start, |last| last + 1);
        &self[start..end]
    }
}

pub(super) fn putty(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let tail = &text.bytes[at..text.bytes.len().min(at + BODY)];
    let version = tail.get(b"PuTTY-User-Key-File-".len()..)?;
    let lines = memchr::memmem::find(tail, b"Private-Lines: ")?;
    (version.starts_with(b"2: ") || version.starts_with(b"3: ")).then_some(at..at + lines)
}

/// A header of 32 bytes with a key behind it; a manual, or a program that writes such files, only has the text of it.
pub(super) fn tor(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let header = b"== ed25519v1-secret: type0 ==\0\0\0";
    let end = at + header.len() + 64;
    let is_whole = text.bytes[at..].starts_with(header) && end <= text.bytes.len();
    is_whole.then_some(at..end)
}

pub(super) fn minisign(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let tail = &text.bytes[at..text.bytes.len().min(at + 1024)];
    let newline = memchr::memchr(b'\n', tail)?;
    let (comment, key) = (&tail[..newline], &tail[newline + 1..]);
    let length = key
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .count();
    let is_secret =
        memchr::memmem::find(comment, b"secret key").is_some() && key.starts_with(b"RW");
    (is_secret && length >= 100).then_some(at..at + newline + 1 + length)
}

pub(super) fn wireguard(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let (start, value) = after(text, at + b"PrivateKey".len(), b'=')?;
    let key = value.get(..44)?;
    let is_key = key.ends_with(b"=")
        && key[..43]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte));
    let ends = value.get(44).is_none_or(u8::is_ascii_whitespace);
    (is_key && ends && plausible::is_random(key)).then_some(start..start + 44)
}

/// What stands behind blanks, a sign and blanks.
fn after<'t>(text: &Text<'t>, at: usize, sign: u8) -> Option<(usize, &'t [u8])> {
    let blanks = |from: usize| {
        text.bytes[from..]
            .iter()
            .take(32)
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count()
    };
    let at = at + blanks(at);
    (*text.bytes.get(at)? == sign).then_some(())?;
    let at = at + 1 + blanks(at + 1);
    Some((at, &text.bytes[at..]))
}

pub(super) fn jwk(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let (from, to) = object(text, at);
    let member = |name: &[u8]| {
        let places = memchr::memmem::find_iter(&text.bytes[from..to], name);
        places
            .map(|place| from + place + name.len())
            .find_map(|place| {
                let (start, value) = after(text, place, b':')?;
                let value = value.strip_prefix(b"\"")?;
                let length = value
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
                    .count();
                let key = &value[..length];
                (length >= 40 && plausible::is_random(key)).then_some(start..start + length + 2)
            })
    };
    member(b"\"d\"")
}

/// The surroundings of a place, as far as braces go.
fn object(text: &Text<'_>, at: usize) -> (usize, usize) {
    let from = at.saturating_sub(OBJECT);
    let start = memchr::memrchr(b'{', &text.bytes[from..at]).map_or(from, |brace| from + brace);
    let rest = &text.bytes[at..text.bytes.len().min(at + OBJECT)];
    let end = memchr::memchr(b'}', rest).map_or(at + rest.len(), |brace| at + brace);
    (start, end)
}

pub(super) fn service_account(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let (from, to) = object(text, at);
    let header = b"-----BEGIN PRIVATE KEY-----";
    let member = from + memchr::memmem::find(&text.bytes[from..to], b"\"private_key\"")?;
    let key = member + memchr::memmem::find(&text.bytes[member..to], header)?;
    pem(text, key, header).map(|range| member..range.end)
}

/// An access key id with something of its secret's form near it. The id alone is no secret.
pub(super) fn aws_pair(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let id = text.bytes.get(at..at + 20)?;
    let is_id = id[4..]
        .iter()
        .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    let alone = |byte: Option<&u8>| byte.is_none_or(|byte| !is_word(*byte));
    let is_alone = at
        .checked_sub(1)
        .is_none_or(|before| alone(text.bytes.get(before)))
        && alone(text.bytes.get(at + 20));
    if !is_id || !is_alone || !plausible::is_random(&[id, b"a1".as_slice()].concat()) {
        return None;
    }
    let from = at.saturating_sub(NEAR);
    let near = &text.bytes[from..text.bytes.len().min(at + NEAR)];
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"/+".contains(byte);
    let mut runs = near.split(|byte| !belongs(byte));
    runs.any(is_aws_secret).then_some(at..at + 20)
}

fn is_aws_secret(run: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| run.iter().any(is);
    run.len() == 40
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && plausible::is_random(run)
        && plausible::entropy(run) >= 4.0
}

pub(super) fn aws_secret(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let value = assignment::value(text, at)?;
    is_aws_secret(&text.bytes[value.clone()]).then_some(value)
}
