//! The messages of the file services, whose paths are bytes and whose content is not copied.
//!
//! On the wire they are those of fsutil's `wire.proto` and `stat.proto` and of BuildKit's `filesync.proto`. The generated
//! ones hold paths as `String`, which names on Unix need not be, and copy the content of every packet twice.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

/// One message of `DiffCopy`, in either direction.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct Packet {
    /// A [`PacketKind`]; see [`Packet::kind`].
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    /// Of a [`PacketKind::Stat`]: the entry, or none at the end of the list.
    #[prost(message, optional, tag = "2")]
    pub(crate) stat: Option<Stat>,
    /// Which entry is meant: its number in the list, from 0. Not set with a [`PacketKind::Stat`].
    #[prost(uint32, tag = "3")]
    pub(crate) id: u32,
    /// A piece of content, empty at its end; or the words of an error.
    #[prost(bytes = "bytes", tag = "4")]
    pub(crate) data: Bytes,
}

/// What a [`Packet`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PacketKind {
    /// Here is an entry, or all have been named.
    Stat,
    /// Send the content of an entry.
    Request,
    /// Content of an entry, or its end.
    Data,
    /// All that was wanted has come, and the answer to that.
    Fin,
    /// Somebody gives up.
    Error,
}

impl PacketKind {
    const ALL: [Self; 5] = [
        Self::Stat,
        Self::Request,
        Self::Data,
        Self::Fin,
        Self::Error,
    ];

    /// Its number on the wire.
    const fn code(self) -> i32 {
        match self {
            Self::Stat => 0,
            Self::Request => 1,
            Self::Data => 2,
            Self::Fin => 3,
            Self::Error => 4,
        }
    }
}

/// Constructors
impl Packet {
    fn new(kind: PacketKind, id: u32, data: impl Into<Bytes>) -> Self {
        Self {
            code: kind.code(),
            stat: None,
            id,
            data: data.into(),
        }
    }

    /// The next entry of the list.
    pub(crate) fn entry(stat: Stat) -> Self {
        Self {
            stat: Some(stat),
            ..Self::end_of_list()
        }
    }

    /// There are no more entries.
    pub(crate) fn end_of_list() -> Self {
        Self::new(PacketKind::Stat, 0, Bytes::new())
    }

    /// Wants the content of an entry.
    pub(crate) fn request(id: u32) -> Self {
        Self::new(PacketKind::Request, id, Bytes::new())
    }

    /// Brings a piece of an entry's content; an empty one is the end.
    pub(crate) fn data(id: u32, data: impl Into<Bytes>) -> Self {
        Self::new(PacketKind::Data, id, data)
    }

    /// Says that all is there.
    pub(crate) fn fin() -> Self {
        Self::new(PacketKind::Fin, 0, Bytes::new())
    }

    /// Gives up, with these words.
    pub(crate) fn error(words: impl Into<String>) -> Self {
        Self::new(PacketKind::Error, 0, words.into())
    }
}

impl Packet {
    /// What it says; none for what a later protocol may have added.
    pub(crate) fn kind(&self) -> Option<PacketKind> {
        PacketKind::ALL
            .into_iter()
            .find(|kind| kind.code() == self.code)
    }
}

/// Content may be secret, so it is counted and not shown.
impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("kind", &self.kind())
            .field("stat", &self.stat)
            .field("id", &self.id)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// The metadata of one entry.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct Stat {
    /// Clean, relative, with `/` on all systems and none at the end.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) path: Vec<u8>,
    /// Permissions and type as Go's `os.FileMode` numbers them, see [`mode`].
    #[prost(uint32, tag = "2")]
    pub(crate) mode: u32,
    /// The owner.
    #[prost(uint32, tag = "3")]
    pub(crate) uid: u32,
    /// The group.
    #[prost(uint32, tag = "4")]
    pub(crate) gid: u32,
    /// In bytes; of a symbolic link the length of its target, of a directory 0.
    #[prost(int64, tag = "5")]
    pub(crate) size: i64,
    /// Nanoseconds since 1970.
    #[prost(int64, tag = "6")]
    pub(crate) mod_time: i64,
    /// The target of a symbolic link; of a hard link the earlier entry that it is one with.
    #[prost(bytes = "vec", tag = "7")]
    pub(crate) linkname: Vec<u8>,
    /// Of a device.
    #[prost(int64, tag = "8")]
    pub(crate) devmajor: i64,
    /// Of a device.
    #[prost(int64, tag = "9")]
    pub(crate) devminor: i64,
    /// Extended attributes by name.
    #[prost(btree_map = "string, bytes", tag = "10")]
    pub(crate) xattrs: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stat")
            .field("path", &String::from_utf8_lossy(&self.path))
            .field("mode", &format_args!("{:#o}", self.mode))
            .field("size", &self.size)
            .field("mod_time", &self.mod_time)
            .field("linkname", &String::from_utf8_lossy(&self.linkname))
            .finish_non_exhaustive()
    }
}

/// The bits of Go's `os.FileMode`, which are not those of `st_mode` but for the lowest nine.
pub(crate) mod mode {
    pub(crate) const DIRECTORY: u32 = 1 << 31;
    pub(crate) const SYMLINK: u32 = 1 << 27;
    pub(crate) const DEVICE: u32 = 1 << 26;
    pub(crate) const NAMED_PIPE: u32 = 1 << 25;
    pub(crate) const SOCKET: u32 = 1 << 24;
    pub(crate) const SETUID: u32 = 1 << 23;
    pub(crate) const SETGID: u32 = 1 << 22;
    pub(crate) const CHARACTER_DEVICE: u32 = 1 << 21;
    pub(crate) const STICKY: u32 = 1 << 20;
    pub(crate) const IRREGULAR: u32 = 1 << 19;
    /// What says the type; a regular file has none of them.
    pub(crate) const TYPE: u32 =
        DIRECTORY | SYMLINK | DEVICE | NAMED_PIPE | SOCKET | CHARACTER_DEVICE | IRREGULAR;

    /// The permissions as `chmod` takes them.
    pub(crate) const fn permissions(mode: u32) -> u32 {
        let mut bits = mode & 0o777;
        if mode & SETUID != 0 {
            bits |= 0o4000;
        }
        if mode & SETGID != 0 {
            bits |= 0o2000;
        }
        if mode & STICKY != 0 {
            bits |= 0o1000;
        }
        bits
    }
}

/// A piece of a stream of bytes: of an archive that is exported, or to and from an SSH agent.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct BytesMessage {
    /// The bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) data: Bytes,
}

impl fmt::Debug for BytesMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BytesMessage({} bytes)", self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::fsutil::types as generated;
    use bollard_buildkit_proto::moby::filesync::v1 as filesync;
    use prost::Message;

    use super::*;

    fn stat() -> Stat {
        Stat {
            path: b"a/b".to_vec(),
            mode: 0o644 | mode::SETUID,
            uid: 1,
            gid: 2,
            size: 3,
            mod_time: -4,
            linkname: b"a/a".to_vec(),
            devmajor: 5,
            devminor: 6,
            xattrs: BTreeMap::from([("user.x".to_owned(), vec![0, 255])]),
        }
    }

    #[test]
    fn every_packet_is_that_of_the_generated_types() {
        let packets = [
            (Packet::entry(stat()), "PACKET_STAT"),
            (Packet::end_of_list(), "PACKET_STAT"),
            (Packet::request(7), "PACKET_REQ"),
            (Packet::data(8, &b"content"[..]), "PACKET_DATA"),
            (Packet::data(8, Bytes::new()), "PACKET_DATA"),
            (Packet::fin(), "PACKET_FIN"),
            (Packet::error("why"), "PACKET_ERR"),
        ];
        for (packet, name) in packets {
            let bytes = packet.encode_to_vec();
            let theirs = generated::Packet::decode(&bytes[..]).unwrap();
            assert_eq!(theirs.r#type().as_str_name(), name);
            assert_eq!((theirs.id, &theirs.data[..]), (packet.id, &packet.data[..]));
            assert_eq!(theirs.encode_to_vec(), bytes, "{packet:?}");
            assert_eq!(Packet::decode(&bytes[..]).unwrap(), packet);
        }
        let theirs = generated::Packet::decode(&Packet::entry(stat()).encode_to_vec()[..]);
        let theirs = theirs.unwrap().stat.unwrap();
        assert_eq!((&theirs.path[..], &theirs.linkname[..]), ("a/b", "a/a"));
        assert_eq!((theirs.uid, theirs.gid, theirs.size), (1, 2, 3));
        assert_eq!(
            (theirs.mod_time, theirs.devmajor, theirs.devminor),
            (-4, 5, 6)
        );
        assert_eq!(
            (theirs.mode, &theirs.xattrs["user.x"][..]),
            (0x0080_01a4, &[0, 255][..])
        );
    }

    #[test]
    fn names_need_not_be_utf_8_and_unknown_packets_are_nothing() {
        let odd = Stat {
            path: b"\xff".to_vec(),
            ..Stat::default()
        };
        let bytes = Packet::entry(odd.clone()).encode_to_vec();
        let back = Packet::decode(&bytes[..]).unwrap();
        assert_eq!(back.stat, Some(odd));
        assert_eq!(back.kind(), Some(PacketKind::Stat));
        assert_eq!(Packet { code: 5, ..back }.kind(), None);
    }

    #[test]
    fn a_piece_of_bytes_is_that_of_the_generated_types_and_shows_none() {
        let data = Bytes::from_static(b"c4n4ry");
        let bytes = BytesMessage { data: data.clone() }.encode_to_vec();
        let theirs = filesync::BytesMessage::decode(&bytes[..]).unwrap();
        assert_eq!(theirs.data, data);
        let shown = format!(
            "{:?} {:?}",
            BytesMessage { data: data.clone() },
            Packet::data(1, data)
        );
        assert!(!shown.contains("c4n4ry"), "{shown}");
    }

    #[test]
    fn permissions_are_those_of_chmod() {
        for (mode, bits) in [
            (0o755 | mode::DIRECTORY, 0o755),
            (0o711 | 1 << 23, 0o4711),
            (0o750 | 1 << 22, 0o2750),
            (0o777 | 1 << 20, 0o1777),
        ] {
            assert_eq!(mode::permissions(mode), bits);
        }
    }
}
