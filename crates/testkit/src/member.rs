//! The members of a tar archive as a list that can be compared and printed.
//!
//! Read by a reader of our own: what is under test is partly written with the `tar` crate's help, and that
//! crate takes a newline in a PAX value for the end of the record.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;

use crate::escape;

/// One member, with all that a builder may look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// The path without a final slash.
    pub path: Vec<u8>,
    /// Whether the path was written with a final slash.
    pub has_slash: bool,
    /// The type flag of the header, such as `0` for a file and `5` for a directory.
    pub kind: char,
    /// The mode, as written.
    pub mode: u64,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// The owner's name; empty if there is none.
    pub uname: Vec<u8>,
    /// The group's name; empty if there is none.
    pub gname: Vec<u8>,
    /// Where a link leads; empty if this is none.
    pub link: Vec<u8>,
    /// The length of the content, in bytes.
    pub size: u64,
    /// The time of modification as written: seconds since 1970, with a fraction if there is one.
    pub mtime: String,
    /// Major and minor number of a device.
    pub device: Option<(u64, u64)>,
    /// Extended headers but for those that say what stands above, such as `SCHILY.xattr.security.capability`.
    pub extensions: BTreeMap<String, Vec<u8>>,
    /// A hash of the content.
    pub content: u64,
}

const BLOCK: usize = 512;

/// Reads a plain tar archive to its end.
///
/// # Errors
/// When it is malformed, or its end is missing.
pub fn read(archive: &[u8]) -> io::Result<Vec<Member>> {
    let members = read_with_content(archive)?;
    Ok(members.into_iter().map(|(member, _)| member).collect())
}

/// The same with the content of each member.
///
/// # Errors
/// As [`read`].
pub fn read_with_content(archive: &[u8]) -> io::Result<Vec<(Member, &[u8])>> {
    let mut members = Vec::new();
    let mut rest = archive;
    let mut extensions = BTreeMap::new();
    loop {
        let header = take(&mut rest, BLOCK)?;
        if header.iter().all(|&byte| byte == 0) {
            // The end is two such blocks.
            return if take(&mut rest, BLOCK)?.iter().all(|&byte| byte == 0) {
                Ok(members)
            } else {
                Err(malformed("a single empty block"))
            };
        }
        check_sum(header)?;
        let size = number(&header[124..136])?;
        let length = usize::try_from(size).map_err(io::Error::other)?;
        let content = take(&mut rest, length)?;
        take(&mut rest, length.next_multiple_of(BLOCK) - length)?;
        match header[156] {
            b'x' => extensions = records(content)?,
            // Of GNU, which buildah's output may have.
            b'L' => drop(extensions.insert("path".to_owned(), text(content).to_vec())),
            b'K' => drop(extensions.insert("linkpath".to_owned(), text(content).to_vec())),
            b'g' => {}
            _ => {
                let member = Member::new(header, std::mem::take(&mut extensions), content)?;
                members.push((member, content));
            }
        }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::other(format!("the archive is malformed: {what}"))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> io::Result<&'a [u8]> {
    let (taken, after) = rest
        .split_at_checked(length)
        .ok_or_else(|| malformed("it is cut"))?;
    *rest = after;
    Ok(taken)
}

fn check_sum(header: &[u8]) -> io::Result<()> {
    let counts = |(at, byte): (usize, &u8)| {
        u64::from(if (148..156).contains(&at) {
            b' '
        } else {
            *byte
        })
    };
    let sum: u64 = header.iter().enumerate().map(counts).sum();
    if number(&header[148..156])? == sum {
        Ok(())
    } else {
        Err(malformed("a checksum"))
    }
}

/// The [`Member::content`] of a file with these bytes.
pub fn fingerprint(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// A field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in GNU's binary form.
fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let bytes = field.iter().skip(1);
        return Ok(bytes.fold(u64::from(field[0] & 0x7f), |value, &byte| {
            value << 8 | u64::from(byte)
        }));
    }
    let digits = str::from_utf8(text(field))
        .map_err(|_| malformed("a number"))?
        .trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| malformed("a number"))
}

/// The records of a PAX header: `LENGTH KEY=VALUE\n`, the length being that of the whole record.
fn records(mut rest: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut records = BTreeMap::new();
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length = str::from_utf8(&rest[..digits])
            .ok()
            .and_then(|digits| digits.parse().ok());
        let record = take(&mut rest, length.ok_or_else(|| malformed("a PAX length"))?)?;
        let record = record
            .get(digits + 1..)
            .and_then(|record| record.strip_suffix(b"\n"));
        let record = record.ok_or_else(|| malformed("a PAX record"))?;
        let equals = record.iter().position(|&byte| byte == b'=');
        let equals = equals.ok_or_else(|| malformed("a PAX record without a value"))?;
        let key = String::from_utf8_lossy(&record[..equals]).into_owned();
        records.insert(key, record[equals + 1..].to_vec());
    }
    Ok(records)
}

impl Member {
    fn new(
        header: &[u8],
        mut extensions: BTreeMap<String, Vec<u8>>,
        content: &[u8],
    ) -> io::Result<Self> {
        let path = extensions
            .remove("path")
            .unwrap_or_else(|| match text(&header[345..500]) {
                // GNU archives have other things in the place of the prefix.
                prefix if !prefix.is_empty() && header[257..263] == *b"ustar\0" => {
                    [prefix, b"/", text(&header[..100])].concat()
                }
                _ => text(&header[..100]).to_vec(),
            });
        let link = extensions.remove("linkpath");
        let mtime = match extensions.remove("mtime") {
            Some(value) => String::from_utf8_lossy(&value).into_owned(),
            None => number(&header[136..148])?.to_string(),
        };
        // Long ago, a file had no type.
        let kind = if header[156] == 0 {
            '0'
        } else {
            char::from(header[156])
        };
        let device = (number(&header[329..337])?, number(&header[337..345])?);
        Ok(Self {
            has_slash: path.ends_with(b"/"),
            path: path.strip_suffix(b"/").unwrap_or(&path).to_vec(),
            kind,
            mode: number(&header[100..108])?,
            uid: number(&header[108..116])?,
            gid: number(&header[116..124])?,
            uname: text(&header[265..297]).to_vec(),
            gname: text(&header[297..329]).to_vec(),
            link: link.unwrap_or_else(|| text(&header[157..257]).to_vec()),
            size: content.len() as u64,
            mtime,
            device: matches!(kind, '3' | '4').then_some(device),
            extensions,
            content: fingerprint(content),
        })
    }
}

impl fmt::Display for Member {
    /// One line, like `tar -tv`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = escape::display(&self.path);
        let slash = if self.has_slash { "/" } else { "" };
        write!(
            f,
            "{} {:06o} {}:{} {} @{} {path}{slash}",
            self.kind, self.mode, self.uid, self.gid, self.size, self.mtime
        )?;
        if !self.link.is_empty() {
            write!(f, " -> {}", escape::display(&self.link))?;
        }
        if let Some((major, minor)) = self.device {
            write!(f, " {major},{minor}")?;
        }
        if !self.uname.is_empty() || !self.gname.is_empty() {
            write!(
                f,
                " [{}:{}]",
                escape::display(&self.uname),
                escape::display(&self.gname)
            )?;
        }
        for (key, value) in &self.extensions {
            write!(f, " {key}={}", escape::display(value))?;
        }
        write!(f, " #{:08x}", self.content & 0xffff_ffff)
    }
}

/// What differs between two lists, a line for each member that one has and the other has not, else the first
/// place where their orders part; empty if they are equal.
pub fn differences(ours: &[Member], theirs: &[Member]) -> Vec<String> {
    let mut lines = Vec::new();
    let (in_ours, in_theirs) = (
        HashSet::<&Member>::from_iter(ours),
        HashSet::<&Member>::from_iter(theirs),
    );
    let only_ours = ours.iter().filter(|member| !in_theirs.contains(member));
    lines.extend(only_ours.map(|member| format!("only ours:   {member}")));
    let only_theirs = theirs.iter().filter(|member| !in_ours.contains(member));
    lines.extend(only_theirs.map(|member| format!("only theirs: {member}")));
    if lines.is_empty()
        && let Some((a, b)) = ours.iter().zip(theirs).find(|(a, b)| a != b)
    {
        lines.push(format!("order: ours has {a} where theirs has {b}"));
    }
    if lines.is_empty() && ours.len() != theirs.len() {
        lines.push(format!(
            "{} members, theirs has {}",
            ours.len(),
            theirs.len()
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_apart() {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, mode) in [("a", 0o644), ("b", 0o600)] {
            let mut header = tar::Header::new_ustar();
            header.set_mode(mode);
            header.set_size(1);
            header.set_mtime(7);
            header.set_uid(0);
            header.set_gid(0);
            builder.append_data(&mut header, path, &b"x"[..]).unwrap();
        }
        let archive = builder.into_inner().unwrap();
        let members = read(&archive).unwrap();
        assert_eq!(
            members[0].to_string(),
            format!(
                "0 000644 0:0 1 @7 a #{:08x}",
                members[0].content & 0xffff_ffff
            )
        );
        assert_eq!(differences(&members, &members), Vec::<String>::new());
        let swapped: Vec<_> = members.iter().rev().cloned().collect();
        assert_eq!(differences(&members, &swapped).len(), 1);
        assert_eq!(differences(&members, &members[1..]).len(), 1);
        assert!(read(&archive[..archive.len() - 512]).is_err(), "cut");
    }
}
