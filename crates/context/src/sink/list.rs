//! Listing a view: as text, JSON or NUL-ended paths, in the order of the archive.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::header::decimal;
use crate::path::show;
use crate::view::{Member, MemberKind, View};

/// How a listing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListFormat {
    /// A line a member, for people: control characters and bytes that are not UTF-8 are escaped.
    #[default]
    Text,
    /// A line a member as `ls -l`: kind and mode, owner, size in bytes, time in UTC, path, and a link's target.
    Long,
    /// A JSON object a line: `path`, `type`, `size` in bytes, `mode` as an octal string, `uid`, `gid`,
    /// `mtime` in seconds and, for links, `target`. What is not UTF-8 stands base64-encoded in `path_b64` and
    /// `target_b64` instead.
    Json,
    /// The paths as they are, each ended by a NUL byte.
    Nul,
}

/// Writes a line for each member of `view` to `out`, in the order in which [`pack`](crate::pack()) writes them.
///
/// # Errors
/// Those of `out`.
///
/// ```
/// use shipload_context::{ListFormat, TreeBuilder, View, list};
///
/// let tree = TreeBuilder::new().bytes("a/b".parse()?, "x").build()?;
/// let mut out = Vec::new();
/// list(&View::new(&tree), ListFormat::Text, &mut out)?;
/// assert_eq!(out, b"a/\na/b\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn list(view: &View, format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    for member in view.members() {
        match format {
            ListFormat::Text => {
                out.write_all(shown(&member).as_bytes())?;
                out.write_all(b"\n")?;
            }
            ListFormat::Long => long(&member, out)?,
            ListFormat::Json => json(&member, out)?,
            ListFormat::Nul => {
                out.write_all(member.entry.path.as_bytes())?;
                out.write_all(&[0])?;
            }
        }
    }
    Ok(())
}

/// A member's path for a person; directories end in `/`.
fn shown(member: &Member<'_>) -> String {
    let mut shown = show(member.entry.path.as_bytes());
    if matches!(member.kind, MemberKind::Dir) {
        shown.push('/');
    }
    shown
}

fn target<'a>(member: &Member<'a>) -> Option<&'a [u8]> {
    match member.kind {
        MemberKind::Symlink { target } => Some(target),
        MemberKind::Hardlink { target } => Some(target.as_bytes()),
        _ => None,
    }
}

fn size(member: &Member<'_>) -> u64 {
    match member.kind {
        MemberKind::File { size } => size,
        _ => 0,
    }
}

fn long(member: &Member<'_>, out: &mut dyn Write) -> io::Result<()> {
    let time = Timestamp::from_second(member.mtime.secs)
        .map_or_else(|_| member.mtime.secs.to_string(), |time| time.to_string());
    write!(
        out,
        "{} {:>5} {:>5} {:>12} {time} {}",
        permissions(member),
        member.uid,
        member.gid,
        size(member),
        shown(member)
    )?;
    match (member.kind, target(member)) {
        (MemberKind::Hardlink { .. }, Some(target)) => write!(out, " link to {}", show(target))?,
        (_, Some(target)) => write!(out, " -> {}", show(target))?,
        (_, None) => {}
    }
    writeln!(out)
}

/// The ten characters of `ls -l`.
fn permissions(member: &Member<'_>) -> String {
    let kind = match member.kind {
        MemberKind::File { .. } => '-',
        MemberKind::Dir => 'd',
        MemberKind::Symlink { .. } => 'l',
        MemberKind::Hardlink { .. } => 'h',
        MemberKind::Fifo => 'p',
        MemberKind::Char(_) => 'c',
        MemberKind::Block(_) => 'b',
    };
    let mode = member.mode;
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

fn json(member: &Member<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{")?;
    text(out, "path", member.entry.path.as_bytes())?;
    write!(
        out,
        r#","type":"{}","size":{},"mode":"{:04o}","uid":{},"gid":{},"mtime":{}"#,
        member.kind.name(),
        size(member),
        member.mode,
        member.uid,
        member.gid,
        decimal(member.mtime)
    )?;
    if let Some(target) = target(member) {
        write!(out, ",")?;
        text(out, "target", target)?;
    }
    writeln!(out, "}}")
}

/// Writes a field whose value may not be UTF-8.
fn text(out: &mut dyn Write, key: &str, value: &[u8]) -> io::Result<()> {
    if let Ok(value) = std::str::from_utf8(value) {
        write!(out, r#""{key}":"#)?;
        serde_json::to_writer(out, value).map_err(io::Error::from)
    } else {
        write!(out, r#""{key}_b64":"{}""#, STANDARD.encode(value))
    }
}
