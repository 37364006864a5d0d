//! The headers of one tar member: ustar, and PAX where ustar cannot hold a value. No I/O.
//!
//! As Go's `archive/tar` in its PAX format writes them, which is what `docker build` uses: a PAX header
//! stands before a member only where a name is not ASCII or does not fit, a number is too large or negative,
//! a time has a fraction, or the member has an attribute. Nothing is ever written in GNU format.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::entry::Mtime;
use crate::view::{Member, MemberKind};

/// Tar is written in blocks of so many bytes.
pub(crate) const BLOCK: usize = 512;

const NAME: usize = 100;
const PREFIX: usize = 155;
/// The first number that eleven octal digits cannot hold: 8 GiB.
const OCTAL_11: u64 = 1 << 33;
/// The first number that seven octal digits cannot hold.
const OCTAL_7: u64 = 1 << 21;

/// Appends the headers of `member`. `capability` is the value of `security.capability`, if the file has one.
pub(crate) fn append(member: &Member<'_>, capability: Option<&[u8]>, out: &mut Vec<u8>) {
    let path = member.entry.path.as_bytes();
    let name: Cow<'_, [u8]> = match member.kind {
        MemberKind::Dir => [path, b"/"].concat().into(),
        _ => path.into(),
    };
    let link: &[u8] = match member.kind {
        MemberKind::Symlink { target } => target,
        MemberKind::Hardlink { target } => target.as_bytes(),
        _ => b"",
    };
    let size = match member.kind {
        MemberKind::File { size } => size,
        _ => 0,
    };
    let (major, minor) = match member.kind {
        MemberKind::Char(device) | MemberKind::Block(device) => (device.major, device.minor),
        _ => (0, 0),
    };

    let mut pax: BTreeMap<&str, Cow<'_, [u8]>> = BTreeMap::new();
    let split = split(&name);
    if split.is_none() {
        pax.insert("path", name.clone());
    }
    if link.len() > NAME || !link.is_ascii() {
        pax.insert("linkpath", link.into());
    }
    let mut number = |key, value: u64, limit| {
        if value < limit {
            return value;
        }
        pax.insert(key, value.to_string().into_bytes().into());
        0
    };
    let size = number("size", size, OCTAL_11);
    let uid = number("uid", member.uid.into(), OCTAL_7);
    let gid = number("gid", member.gid.into(), OCTAL_7);
    let mtime = match u64::try_from(member.mtime.secs) {
        Ok(secs) if secs < OCTAL_11 => secs,
        _ => 0,
    };
    if member.mtime.nanos != 0 || i64::try_from(mtime) != Ok(member.mtime.secs) {
        pax.insert("mtime", decimal(member.mtime).into_bytes().into());
    }
    if let Some(value) = capability {
        pax.insert("SCHILY.xattr.security.capability", value.into());
    }
    if !pax.is_empty() {
        append_pax(&name, &pax, out);
    }

    let (prefix, short) = split.unwrap_or((b"", &name));
    let mut block = Block::new();
    block.text(0, NAME, &ascii(short));
    block.octal(100, 7, member.mode.into());
    block.octal(108, 7, uid);
    block.octal(116, 7, gid);
    block.octal(124, 11, size);
    block.octal(136, 11, mtime);
    block.0[156] = match member.kind {
        MemberKind::File { .. } => b'0',
        MemberKind::Hardlink { .. } => b'1',
        MemberKind::Symlink { .. } => b'2',
        MemberKind::Char(_) => b'3',
        MemberKind::Block(_) => b'4',
        MemberKind::Dir => b'5',
        MemberKind::Fifo => b'6',
    };
    block.text(157, NAME, &ascii(link));
    // Linux' device numbers have at most 20 bits, which seven digits hold; archives with larger ones are
    // refused.
    block.octal(329, 7, major.into());
    block.octal(337, 7, minor.into());
    block.text(345, PREFIX, prefix);
    block.seal(out);
}

/// The zeros that fill the last block of a content of `size` bytes.
pub(crate) fn padding(size: u64) -> usize {
    let rest = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if rest == 0 { 0 } else { BLOCK - rest }
}

fn append_pax(name: &[u8], records: &BTreeMap<&str, Cow<'_, [u8]>>, out: &mut Vec<u8>) {
    let mut data = Vec::new();
    for (key, value) in records {
        // The length of a record counts its own digits.
        let rest = key.len() + value.len() + 3;
        let mut len = rest + digits(rest);
        len = rest + digits(len);
        data.extend_from_slice(format!("{len} {key}=").as_bytes());
        data.extend_from_slice(value);
        data.push(b'\n');
    }
    let trimmed = name.strip_suffix(b"/").unwrap_or(name);
    let (dir, base) = match trimmed.iter().rposition(|&b| b == b'/') {
        Some(slash) => (&trimmed[..=slash], &trimmed[slash + 1..]),
        None => (&b""[..], trimmed),
    };
    let shown = ascii(&[dir, b"PaxHeaders.0/", base].concat()).into_owned();
    let shown = &shown[..shown.len().min(NAME)];
    let mut block = Block::new();
    block.text(0, NAME, shown.strip_suffix(b"/").unwrap_or(shown));
    for (at, width) in [(100, 7), (108, 7), (116, 7), (136, 11), (329, 7), (337, 7)] {
        block.octal(at, width, 0);
    }
    block.octal(124, 11, data.len() as u64);
    block.0[156] = b'x';
    block.seal(out);
    let fill = padding(data.len() as u64);
    out.extend_from_slice(&data);
    out.resize(out.len() + fill, 0);
}

/// The decimal digits of a number.
fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Prefix and name of a path that ustar can hold; `None` where it cannot.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME {
        return Some((b"", name));
    }
    // As Go: the last slash that leaves a prefix short enough, not counting a directory's own.
    let end =
        name.len().min(PREFIX + 1) - usize::from(name.len() <= PREFIX + 1 && name.ends_with(b"/"));
    let slash = name[..end]
        .iter()
        .rposition(|&b| b == b'/')
        .filter(|&slash| slash > 0)?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (!rest.is_empty() && rest.len() <= NAME && prefix.len() <= PREFIX).then_some((prefix, rest))
}

/// The ASCII characters of a text, as Go fills fields that a PAX record overrides.
fn ascii(text: &[u8]) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return text.into();
    }
    text.iter()
        .copied()
        .filter(u8::is_ascii)
        .collect::<Vec<u8>>()
        .into()
}

/// Seconds with as many decimals as are needed.
pub(crate) fn decimal(time: Mtime) -> String {
    if time.nanos == 0 {
        return time.secs.to_string();
    }
    // The fraction is added to the floor: -1.25 is secs -2 and nanos 750,000,000.
    let (sign, secs, nanos) = if time.secs < 0 {
        (
            "-",
            (time.secs + 1).unsigned_abs(),
            1_000_000_000 - time.nanos,
        )
    } else {
        ("", time.secs.unsigned_abs(), time.nanos)
    };
    format!("{sign}{secs}.{nanos:09}")
        .trim_end_matches('0')
        .to_owned()
}

struct Block([u8; BLOCK]);

impl Block {
    fn new() -> Self {
        let mut block = [0; BLOCK];
        block[257..265].copy_from_slice(b"ustar\x0000");
        Self(block)
    }

    /// Writes as much of `text` as the field holds.
    fn text(&mut self, at: usize, width: usize, text: &[u8]) {
        let len = text.len().min(width);
        self.0[at..at + len].copy_from_slice(&text[..len]);
    }

    /// Writes `value` with leading zeros; the byte after the digits is NUL.
    fn octal(&mut self, at: usize, width: usize, mut value: u64) {
        for byte in self.0[at..at + width].iter_mut().rev() {
            *byte = b'0' + u8::try_from(value & 7).unwrap_or(0);
            value >>= 3;
        }
    }

    fn seal(mut self, out: &mut Vec<u8>) {
        self.0[148..156].fill(b' ');
        let sum: u64 = self.0.iter().map(|&b| u64::from(b)).sum();
        self.octal(148, 6, sum);
        self.0[154] = 0;
        out.extend_from_slice(&self.0);
    }
}
