//! `Stat`: what a STAT packet says of one member.

use super::digest;
use crate::content::{Content, ReadError};
use crate::entry::{Device, Entry, Kind, Mtime};
use crate::source::host::xattrs::{XattrReader, Xattrs};
use crate::view::{Member, MemberKind, Times, View};

/// The bits of Go's `os.FileMode`, which is not the mode of stat(2).
mod bits {
    pub(super) const DIR: u32 = 1 << 31;
    pub(super) const SYMLINK: u32 = 1 << 27;
    pub(super) const DEVICE: u32 = 1 << 26;
    pub(super) const FIFO: u32 = 1 << 25;
    pub(super) const SETUID: u32 = 1 << 23;
    pub(super) const SETGID: u32 = 1 << 22;
    pub(super) const CHAR: u32 = 1 << 21;
    pub(super) const STICKY: u32 = 1 << 20;
}

/// The attribute that `docker build` sends of archives' members.
const CAPABILITY: &[u8] = b"security.capability";

/// What a STAT packet says, in BuildKit's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// Where it is: as [`EntryPath`](crate::EntryPath), without any slash at its ends.
    pub path: Vec<u8>,
    /// Type and permissions as Go's `os.FileMode`; a symbolic link has 0777.
    pub mode: u32,
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes of a file, also of a later name of it, or of a symbolic link's target; 0 for all others.
    pub size: i64,
    /// Modification time in nanoseconds since 1970; the seconds are cut to the years 1677 to 2262, which fit.
    pub mtime: i64,
    /// The target of a symbolic link; of a later name of a file, its first name; else nothing.
    pub link_name: Vec<u8>,
    /// The numbers of a device.
    pub device: Option<Device>,
    /// Extended attributes, by name.
    pub xattrs: Xattrs,
}

/// That of the member at `place`, if there is one.
pub(super) fn of(
    view: &View,
    reader: &XattrReader,
    place: usize,
) -> Result<Option<Stat>, ReadError> {
    let Some(member) = view.member(place) else {
        return Ok(None);
    };
    // A later name of a file says of itself what its first name does: where they differ, BuildKit leaves temporary files behind.
    let is_link = matches!(member.kind, MemberKind::Hardlink { .. }) && is_file(member.entry);
    let first = view.first_name(place).filter(|_| is_link).unwrap_or(place);
    let (Some(file), Some(in_tree)) = (view.member(first), view.tree_place(first)) else {
        return Ok(None);
    };
    let xattrs = xattrs(file.entry, reader)?;
    let mtime = match (is_file(file.entry), view.times(), &file.entry.content) {
        (true, Times::WholeSeconds | Times::Exact, Content::Host(_))
        | (false, Times::WholeSeconds | Times::Exact, _) => file.entry.mtime,
        (true, _, _) => Mtime {
            secs: file.mtime.secs,
            nanos: digest::nanos(view.tree(), in_tree, &xattrs)?,
        },
        (false, Times::Pinned(_), _) => file.mtime,
    };
    Ok(Some(Stat {
        path: member.entry.path.as_bytes().to_vec(),
        mode: mode(&file),
        uid: file.uid,
        gid: file.gid,
        size: size(file.entry),
        mtime: nanos(mtime),
        link_name: link_name(&member),
        device: match file.entry.kind {
            Kind::Char(device) | Kind::Block(device) => Some(device),
            Kind::File { .. } | Kind::Dir | Kind::Symlink { .. } | Kind::Fifo => None,
        },
        xattrs,
    }))
}

fn is_file(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::File { .. })
}

fn mode(member: &Member<'_>) -> u32 {
    let kind = match member.entry.kind {
        Kind::File { .. } => 0,
        Kind::Dir => bits::DIR,
        Kind::Symlink { .. } => return bits::SYMLINK | 0o777,
        Kind::Fifo => bits::FIFO,
        Kind::Char(_) => bits::DEVICE | bits::CHAR,
        Kind::Block(_) => bits::DEVICE,
    };
    let special = [
        (0o4000, bits::SETUID),
        (0o2000, bits::SETGID),
        (0o1000, bits::STICKY),
    ];
    let special = special.iter().filter(|(bit, _)| member.mode & bit != 0);
    special.fold(kind | member.mode & 0o777, |mode, (_, bit)| mode | bit)
}

fn size(entry: &Entry) -> i64 {
    let size = match &entry.kind {
        Kind::File { size } => *size,
        Kind::Symlink { target } => target.len() as u64,
        Kind::Dir | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => 0,
    };
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Of names of one link or special file each is one of its own: the builder makes no hard links of them.
fn link_name(member: &Member<'_>) -> Vec<u8> {
    match (&member.entry.kind, member.kind) {
        (Kind::Symlink { target }, _) => target.to_vec(),
        (Kind::File { .. }, MemberKind::Hardlink { target }) => target.as_bytes().to_vec(),
        _ => Vec::new(),
    }
}

/// The fraction always survives, since it may be a digest.
fn nanos(time: Mtime) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    let secs = time.secs.clamp(i64::MIN / SECOND, i64::MAX / SECOND - 1);
    secs * SECOND + i64::from(time.nanos)
}

fn xattrs(entry: &Entry, reader: &XattrReader) -> Result<Xattrs, ReadError> {
    let root = match &entry.content {
        Content::Host(file) => &file.root,
        Content::Node(node) => &node.root,
        Content::Range(range) => {
            let capability = range.capability.as_deref();
            let pair = capability.map(|value| (CAPABILITY.to_vec(), value.to_vec()));
            return Ok(pair.into_iter().collect());
        }
        Content::None | Content::Bytes(_) => return Ok(Xattrs::new()),
    };
    reader
        .read(root, &entry.path)
        .map_err(|error| entry.error(error.into()))
}
