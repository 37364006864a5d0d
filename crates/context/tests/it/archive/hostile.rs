//! Hostile and broken archives, each with the error a person sees.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

use shipload_context::sink::compress::{Compression, Encoder, Level};
use shipload_context::source::archive::{Archive, ArchiveOptions, ArchiveProblem};

use super::bytes::{Tar, records_of};
use super::{Short, chain, last_wins, listing, read};

fn tar() -> Tar {
    Tar::default()
}

fn file(name: &str) -> Tar {
    tar().add(b'0', name, b"data")
}

/// The archive behind each row is refused with this member (empty for none) and this cause.
#[test]
#[rustfmt::skip]
#[allow(clippy::too_many_lines, reason = "it is a table")]
fn refusals() {
    let long = "d/".repeat(2100) + "f";
    let deep = "d/".repeat(1025) + "f";
    let rows: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("absolute", file("/etc/passwd").end(), "/etc/passwd", "`/etc/passwd` is absolute; a path inside a context is relative"),
        ("climbing", file("a/../../b").end(), "a/../../b", "`a/../../b` climbs out with `..`; a path inside a context cannot"),
        ("nothing", file("").end(), "", "`` names the context itself, not a path inside it"),
        ("the root as a file", file("./.").end(), "./.", "`./.` names the context itself, not a path inside it"),
        ("the root by a detour", tar().add(b'5', "a/../", b"").end(), "a/../", "`a/../` names the context itself, not a path inside it"),
        ("NUL in a path", tar().pax(&[("path", "a\0b")]).add(b'0', "x", b"").end(), "a\\u{0}b", "`a\\u{0}b` holds a NUL byte"),
        ("long path", tar().pax(&[("path", &long)]).add(b'0', "x", b"").end(), &long, "its path or target of 4201 bytes is longer than the limit of 4095"),
        ("long target", tar().pax(&[("linkpath", &long)]).add(b'2', "x", b"").end(), "x", "its path or target of 4201 bytes is longer than the limit of 4095"),
        ("deep path", tar().pax(&[("path", &deep)]).add(b'0', "x", b"").end(), &deep, "its path has 1026 components, more than the limit of 1024"),
        ("below a file", file("a").add(b'0', "a/b", b"").end(), "a/b", "`a` above it is no directory"),
        ("far below a file", file("a").add(b'0', "a-b", b"").add(b'0', "a/b/c/d", b"").end(), "a/b/c/d", "`a` above it is no directory"),
        ("below a link", tar().link(b'2', "a", "/etc").add(b'0', "a/passwd", b"").end(), "a/passwd", "`a` above it is no directory"),
        ("below a FIFO", tar().add(b'6', "a", b"").add(b'5', "a/b/", b"").end(), "a/b/", "`a` above it is no directory"),
        ("in place of a directory", file("a/b").link(b'2', "a", "/etc").end(), "a", "it is no directory, but `a/b` is below it"),
        ("twice", file("a").add(b'0', "./a", b"").end(), "./a", "an earlier member has the same path"),
        ("directory, then file", tar().add(b'5', "a/", b"").add(b'0', "a", b"").end(), "a", "an earlier member has the same path"),
        ("file, then directory", file("a").add(b'5', "a/", b"").end(), "a/", "an earlier member has the same path"),
        ("hard link to nothing", tar().link(b'1', "a", "b").end(), "a", "it is a hard link to `b`, which is no earlier file of the archive"),
        ("hard link to a later file", tar().link(b'1', "a", "b").add(b'0', "b", b"").end(), "a", "it is a hard link to `b`, which is no earlier file of the archive"),
        ("hard link to a directory", tar().add(b'5', "b/", b"").link(b'1', "a", "b").end(), "a", "it is a hard link to `b`, which is no earlier file of the archive"),
        ("hard link to a link", tar().link(b'2', "b", "c").link(b'1', "a", "b").end(), "a", "it is a hard link to `b`, which is no earlier file of the archive"),
        ("hard link out", file("etc/passwd").link(b'1', "a", "/etc/passwd").end(), "a", "it is a hard link to `/etc/passwd`, which is no earlier file of the archive"),
        ("hard link up", file("b").link(b'1', "a", "../b").end(), "a", "it is a hard link to `../b`, which is no earlier file of the archive"),
        ("hard link to itself", file("a").link(b'1', "a", "a").end(), "a", "it is a hard link to `a`, which is no earlier file of the archive"),
        ("hard link with content", file("b").edited(b'1', "a", b"data", |h| h[157] = b'b').end(), "a", "it is no file, but claims 4 bytes of content"),
        ("link to nowhere", tar().link(b'2', "a", "").end(), "a", "it is a symbolic link with an impossible target"),
        ("link with NUL", tar().pax(&[("linkpath", "x\0y")]).link(b'2', "a", "").end(), "a", "it is a symbolic link with an impossible target"),
        ("directory with content", tar().add(b'5', "a/", b"data").end(), "a/", "it is no file, but claims 4 bytes of content"),
        ("old directory with content", tar().add(0, "a/", b"data").end(), "a/", "it is no file, but claims 4 bytes of content"),
        ("file with a slash", tar().add(b'0', "a/", b"data").end(), "a/", "it is a file, but its name ends with a slash"),
        ("contiguous file", tar().add(b'7', "a", b"").end(), "a", "its type `7` is not one that builders unpack"),
        ("volume label", tar().add(b'V', "a", b"").end(), "a", "its type `V` is not one that builders unpack"),
        ("escape as type", tar().add(0x1b, "a", b"").end(), "a", "its type `\\u{1b}` is not one that builders unpack"),
        ("GNU sparse", tar().add(b'S', "a", b"").end(), "a", "it is a sparse file, which readers of tar understand differently"),
        ("PAX sparse", tar().pax(&[("GNU.sparse.major", "1")]).add(b'0', "a", b"").end(), "a", "it is a sparse file, which readers of tar understand differently"),
        ("star sparse", tar().pax(&[("SCHILY.realsize", "1")]).add(b'0', "a", b"").end(), "a", "it is a sparse file, which readers of tar understand differently"),
        ("sizes", tar().pax(&[("size", "512")]).add(b'0', "a", b"data").end(), "a", "its header says 4 bytes, its PAX header 512"),
        ("sizes, header empty", tar().pax(&[("size", "512")]).add(b'0', "a", b"").end(), "a", "its header says 0 bytes, its PAX header 512"),
        ("size 0", tar().pax(&[("size", "0")]).add(b'0', "a", b"data").end(), "a", "its header says 4 bytes, its PAX header 0"),
        ("negative size", tar().edited(b'0', "a", b"", |h| h[124..136].fill(0xff)).end(), "a", "the size in its header is no valid number"),
        ("size with a sign", tar().edited(b'0', "a", b"", |h| h[124..127].copy_from_slice(b"+1\0")).end(), "a", "the size in its header is no valid number"),
        ("decimal mode", tar().edited(b'0', "a", b"", |h| h[100..103].copy_from_slice(b"9\0\0")).end(), "a", "the mode in its header is no valid number"),
        ("large user", tar().edited(b'0', "a", b"", |h| { h[108..116].copy_from_slice(b"\x80\0\0\x01\0\0\0\0") }).end(), "a", "the uid in its header is no valid number"),
        ("device without numbers", tar().edited(b'3', "a", b"", |h| h[257] = 0).end(), "a", "the device in its header is no valid number"),
        ("device of 22 bits", tar().edited(b'3', "a", b"", |h| h[329..337].copy_from_slice(b"\x80\0\0\0\0\x20\0\0")).end(), "a", "the device in its header is no valid number"),
        ("PAX twice", tar().pax(&[("uid", "1")]).pax(&[("uid", "2")]).add(b'0', "a", b"").end(), "a", "it has several extended headers for its PAX records"),
        ("long name twice", tar().add(b'L', "L", b"b\0").add(b'L', "L", b"c\0").add(b'0', "a", b"").end(), "b", "it has several extended headers for its name"),
        ("long target twice", tar().add(b'K', "L", b"b\0").add(b'K', "L", b"c\0").link(b'2', "a", "").end(), "a", "it has several extended headers for its target"),
        ("long name and PAX", tar().add(b'L', "L", b"b\0").pax(&[("path", "c")]).add(b'0', "a", b"").end(), "b", "it has several extended headers for its name"),
        ("PAX and long name", tar().pax(&[("path", "c")]).add(b'L', "L", b"b\0").add(b'0', "a", b"").end(), "b", "it has several extended headers for its name"),
        ("PAX and long target", tar().pax(&[("linkpath", "c")]).add(b'K', "L", b"b\0").link(b'2', "a", "").end(), "a", "it has several extended headers for its target"),
        ("long name with a tail", tar().add(b'L', "L", b"b\0/../c\0").add(b'0', "a", b"").end(), "a", "its long name does not end where its header says"),
        ("long name without an end", tar().add(b'L', "L", b"b").add(b'0', "a", b"").end(), "a", "its long name does not end where its header says"),
        ("a number that nobody needs", tar().edited(b'0', "a", b"", |h| h[329] = b'x').end(), "a", "the device in its header is no valid number"),
        ("a number of an extended header", tar().edited(b'x', "a", b"", |h| h[136] = b'x').add(b'0', "a", b"").end(), "", "the mtime in its header is no valid number"),
        ("dangling PAX", file("a").pax(&[("uid", "1")]).end(), "", "no member follows the extended header"),
        ("dangling long name", tar().add(b'L', "L", b"b\0").end(), "", "no member follows the extended header"),
        ("dangling global", tar().add(b'g', "g", &records_of(&[("comment", "b")])).end(), "", "no member follows the extended header"),
        ("global between", tar().pax(&[("uid", "1")]).add(b'g', "g", b"").add(b'0', "a", b"").end(), "", "no member follows the extended header"),
        ("global path", tar().add(b'g', "g", &records_of(&[("path", "b")])).add(b'0', "a", b"").end(), "", "a global PAX header sets `path`, which readers of tar understand differently"),
        ("global mtime", tar().add(b'g', "g", &records_of(&[("comment", "b"), ("mtime", "1")])).end(), "", "a global PAX header sets `mtime`, which readers of tar understand differently"),
        ("record without end", tar().add(b'x', "x", b"9 uid=12").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record too long", tar().add(b'x', "x", b"99 uid=12\n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record of nothing", tar().add(b'x', "x", b"0 \n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record without length", tar().add(b'x', "x", b" uid=1\n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record with a sign", tar().add(b'x', "x", b"+9 uid=1\n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record without key", tar().add(b'x', "x", b"5 =1\n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record without value", tar().add(b'x', "x", b"6 uid\n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record of huge length", tar().add(b'x', "x", b"99999999999999999999 a=b\n").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("records and padding", tar().add(b'x', "x", b"8 uid=1\n\0").add(b'0', "a", b"").end(), "a", "its PAX header is malformed"),
        ("record twice", tar().pax(&[("path", "b"), ("path", "c")]).add(b'0', "a", b"").end(), "a", "its PAX header has the record `path` twice"),
        ("record of another base", tar().pax(&[("size", "0x10")]).add(b'0', "a", b"").end(), "a", "its PAX header has the record `size` with an unusable value"),
        ("user of 33 bits", tar().pax(&[("uid", "4294967296")]).add(b'0', "a", b"").end(), "a", "its PAX header has the record `uid` with an unusable value"),
        ("time in words", tar().pax(&[("mtime", "now")]).add(b'0', "a", b"").end(), "a", "its PAX header has the record `mtime` with an unusable value"),
        ("large capability", tar().pax(&[("SCHILY.xattr.security.capability", &long)]).add(b'0', "a", b"").end(), "a", "its PAX header has the record `SCHILY.xattr.security.capability` with an unusable value"),
        ("part of a volume", tar().pax(&[("GNU.volume.offset", "1")]).add(b'0', "a", b"").end(), "a", "its PAX header has the record `GNU.volume.offset` with an unusable value"),
        ("bad checksum", file("a").raw(&file("b").edited(b'0', "c", b"", |_| ()).0.iter().map(|b| b.wrapping_add(1)).collect::<Vec<_>>()).end(), "", "its header has a wrong checksum"),
        ("no tar", b"PK\x03\x04".repeat(1000), "", "it is no tar archive"),
        ("empty", vec![], "", "the archive is cut: it ends at byte 0, before its end"),
        ("short", vec![0; 511], "", "the archive is cut: it ends at byte 511, before its end"),
        ("one block of zeros", vec![0; 512], "", "the archive is cut: it ends at byte 512, before its end"),
        ("one block of zeros, then a member", file("a").raw(&[0; 512]).add(b'0', "b", b"").end(), "", "at byte 1536 there is data after the end of the archive"),
        ("a second archive", file("a").end().into_iter().chain(file("b").end()).collect(), "", "at byte 2048 there is data after the end of the archive"),
        ("a late byte", [file("a").end(), vec![0; 100_000], vec![1]].concat(), "", "at byte 102048 there is data after the end of the archive"),
        ("content beyond the end", tar().edited(b'0', "a", b"", |h| { h[124..135].copy_from_slice(b"00000010000") }).end(), "a", "the archive is cut: it ends at byte 1536, before its end"),
        ("size near 2^63", tar().edited(b'0', "a", b"", |h| { h[124..136].copy_from_slice(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff") }).end(), "a", "the archive is cut: it ends at byte 1536, before its end"),
        ("size of 2^64 - 1", tar().pax(&[("size", "18446744073709551615")]).add(b'0', "a", b"").end(), "a", "the archive is cut: it ends at byte 2560, before its end"),
        ("large extended header", tar().edited(b'x', "x", b"", |h| { h[124..135].copy_from_slice(b"00100000000") }).end(), "", "its extended header of 16777216 bytes is larger than the limit of 1048576"),
        ("a shell's escape in a name", file("/\x1b[2J").end(), "/\\u{1b}[2J", "`/\\u{1b}[2J` is absolute; a path inside a context is relative"),
    ];
    for (what, bytes, member, cause) in rows {
        let Err(error) = read(&bytes) else {
            panic!("{what} is accepted")
        };
        assert_eq!(error.problem.to_string(), cause, "{what}");
        assert_eq!(
            error.member().unwrap_or_default(),
            member,
            "{what}: {error}"
        );
    }
}

#[test]
fn errors_name_archive_and_place() {
    let rows = [
        (
            file("/a").end(),
            "cannot use the archive `test.tar` with its member `/a`: `/a` is absolute; a path inside a context is relative",
        ),
        (
            file("a").pax(&[]).end(),
            "cannot use the archive `test.tar` at byte 1536: no member follows the extended header",
        ),
        (
            vec![],
            "cannot use the archive `test.tar` at byte 0: the archive is cut: it ends at byte 0, before its end",
        ),
        (
            b"BZh9nothing".to_vec(),
            "cannot use the archive `test.tar`: it cannot be decompressed from bzip2: ",
        ),
    ];
    for (bytes, text) in rows {
        let chain = chain(&read(&bytes).unwrap_err());
        assert!(chain.starts_with(text), "{chain}");
    }
    let path = std::path::Path::new("/no/such.tar");
    let error = Archive::open(path, &ArchiveOptions::default()).unwrap_err();
    assert!(
        chain(&error).starts_with("cannot use the archive `/no/such.tar`: it cannot be opened: ")
    );
    assert!(Archive::open(std::path::Path::new("/"), &ArchiveOptions::default()).is_err());
}

#[test]
#[rustfmt::skip]
fn what_is_read() {
    let long = "l".repeat(150);
    let rows: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("nothing", tar().end(), &[]),
        ("the root", tar().add(b'5', "./", b"").add(b'5', ".", b"").end(), &[]),
        ("cleaned", file("./a//b/./c").add(b'5', "a/b/", b"").add(b'0', "x/../y", b"").end(), &["dir 0644 1:2 3.000000000 a/b", "file 0644 1:2 3.000000000 a/b/c 4", "file 0644 1:2 3.000000000 y 0"]),
        ("two directories merge", tar().add(b'5', "a/", b"").edited(b'5', "a", b"", |h| h[100..107].copy_from_slice(b"0000700")).end(), &["dir 0700 1:2 3.000000000 a"]),
        ("types", tar().link(b'2', "l", "/../x//").add(b'6', "p", b"").edited(b'3', "c", b"", |h| { h[329..345].copy_from_slice(b"0000001\x000000003\0") }).edited(b'4', "b", b"", |h| { h[329..345].copy_from_slice(b"0000010\x000000000\0") }).add(0, "d/", b"").add(0, "f", b"12").end(), &["block 0644 1:2 3.000000000 b 8:0", "char 0644 1:2 3.000000000 c 1:3", "dir 0644 1:2 3.000000000 d", "file 0644 1:2 3.000000000 f 2", "fifo 0644 1:2 3.000000000 p", "symlink 0644 1:2 3.000000000 l -> /../x//"]),
        ("order", file("a-b").add(b'0', "a/x", b"").add(b'0', "B", b"").add(b'5', "a", b"").end(), &["file 0644 1:2 3.000000000 B 0", "dir 0644 1:2 3.000000000 a", "file 0644 1:2 3.000000000 a/x 0", "file 0644 1:2 3.000000000 a-b 4"]),
        ("hard links", file("f").link(b'1', "g", "./f").edited(b'1', "h", b"", |h| { h[157] = b'g'; h[100..107].copy_from_slice(b"0000777"); }).end(), &["file 0644 1:2 3.000000000 f 4 #0", "file 0644 1:2 3.000000000 g 4 #0", "file 0644 1:2 3.000000000 h 4 #0"]),
        ("PAX", tar().pax(&[("path", "é/ü"), ("uid", "3000000"), ("gid", "4000000000"), ("mtime", "-1.5"), ("uname", "me"), ("LIBARCHIVE.creationtime", "1")]).add(b'0', "x", b"").end(), &["file 0644 3000000:4000000000 -2.500000000 é/ü 0"]),
        ("an empty record is none", tar().pax(&[("path", ""), ("uid", ""), ("size", "")]).add(b'0', "x", b"1").end(), &["file 0644 1:2 3.000000000 x 1"]),
        ("equal sizes", tar().pax(&[("size", "1")]).add(b'0', "x", b"1").end(), &["file 0644 1:2 3.000000000 x 1"]),
        ("a comment for all", tar().add(b'g', "pax_global_header", &records_of(&[("comment", "0b1f5de")])).add(b'0', "x", b"").end(), &["file 0644 1:2 3.000000000 x 0"]),
        ("modes", tar().edited(b'0', "x", b"", |h| h[100..107].copy_from_slice(b"0107755")).end(), &["file 7755 1:2 3.000000000 x 0"]),
        ("before 1970", tar().edited(b'0', "x", b"", |h| h[136..148].fill(0xff)).end(), &["file 0644 1:2 -1.000000000 x 0"]),
        ("a prefix", tar().edited(b'0', "x", b"", |h| h[345..348].copy_from_slice(b"p/q")).end(), &["file 0644 1:2 3.000000000 p/q/x 0"]),
        ("no prefix in GNU's format", tar().edited(b'0', "x", b"", |h| { h[345..348].copy_from_slice(b"p/q"); h[257..265].copy_from_slice(b"ustar  \0"); }).end(), &["file 0644 1:2 3.000000000 x 0"]),
        ("padding", [file("a").end(), vec![0; 100_001]].concat(), &["file 0644 1:2 3.000000000 a 4"]),
    ];
    for (what, bytes, expected) in rows {
        let archive = read(&bytes).unwrap_or_else(|e| panic!("{what}: {}", chain(&e)));
        let mut sorted = expected.to_vec();
        sorted.sort_unstable();
        let mut lines = listing(&archive);
        if what == "types" {
            lines.sort_unstable();
            assert_eq!(lines, sorted, "{what}");
        } else {
            assert_eq!(lines, expected, "{what}");
        }
    }
    let names = tar()
        .add(b'L', "././@LongLink", format!("{long}\0").as_bytes())
        .add(b'K', "././@LongLink", format!("{long}/t\0").as_bytes())
        .link(b'2', "short", "short")
        .end();
    assert_eq!(
        listing(&read(&names).unwrap()),
        [format!("symlink 0644 1:2 3.000000000 {long} -> {long}/t")]
    );
}

/// The value of a capability is binary, and newlines in it end no record.
#[test]
fn capabilities() {
    let value = "\u{1}\0\0\u{2}\n9 uid=99\n\0";
    let bytes = tar()
        .pax(&[
            ("SCHILY.xattr.security.capability", value),
            ("SCHILY.xattr.user.x", "y"),
        ])
        .add(b'0', "ping", b"")
        .link(b'1', "pong", "ping")
        .end();
    for (_, member) in read(&bytes).unwrap().members() {
        assert_eq!(member.capability.as_deref(), Some(value.as_bytes()));
        assert_eq!(member.uid, 1);
    }
}

#[test]
#[rustfmt::skip]
fn the_last_member_wins_if_asked_to() {
    let rows: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("file", file("a").add(b'0', "./a", b"newer").end(), &["file 0644 1:2 3.000000000 a 5"]),
        ("link for file", file("a").link(b'2', "a", "b").end(), &["symlink 0644 1:2 3.000000000 a -> b"]),
        ("file for directory", file("a/b/c").add(b'5', "a", b"").add(b'0', "a-b", b"").add(b'0', "a", b"").end(), &["file 0644 1:2 3.000000000 a 0", "file 0644 1:2 3.000000000 a-b 0"]),
        ("directory for file", file("a").add(b'5', "a", b"").add(b'0', "a/b", b"").end(), &["dir 0644 1:2 3.000000000 a", "file 0644 1:2 3.000000000 a/b 0"]),
        // The link was made to the earlier file, and keeps it.
        ("link to what is replaced", file("a").link(b'1', "b", "a").add(b'0', "a", b"newer").end(), &["file 0644 1:2 3.000000000 a 5", "file 0644 1:2 3.000000000 b 4 #0"]),
    ];
    for (what, bytes, expected) in rows {
        let archive = Archive::from_reader("x", &bytes[..], &last_wins()).unwrap();
        assert_eq!(listing(&archive), expected, "{what}");
        assert!(read(&bytes).is_err(), "{what}");
    }
    let below = file("a").add(b'0', "a/b", b"").end();
    assert!(Archive::from_reader("x", &below[..], &last_wins()).is_err());
    let itself = file("a").link(b'1', "a", "a").end();
    assert!(Archive::from_reader("x", &itself[..], &last_wins()).is_err());
}

#[test]
fn limits() {
    let many = (0..20)
        .fold(tar(), |tar, n| tar.add(b'0', &format!("{n}"), b""))
        .end();
    let edit = |edit: fn(&mut ArchiveOptions)| {
        let mut options = ArchiveOptions::default();
        edit(&mut options);
        options
    };
    let refused = |options: &ArchiveOptions, bytes: &[u8]| {
        chain(&Archive::from_reader("x", bytes, options).unwrap_err())
    };
    let entries = |limit| {
        edit(if limit {
            |o| o.limits.entries = 20
        } else {
            |o| o.limits.entries = 19
        })
    };
    assert!(Archive::from_reader("x", &many[..], &entries(true)).is_ok());
    assert_eq!(
        refused(&entries(false), &many),
        "cannot use the archive `x`: it has more than 19 members"
    );
    let names = edit(|o| o.limits.names = 7);
    let fits = file("abc").link(b'2', "d", "efg").end();
    assert!(Archive::from_reader("x", &fits[..], &names).is_ok());
    assert_eq!(
        refused(&names, &file("abc").link(b'2', "d", "efgh").end()),
        "cannot use the archive `x`: its paths and targets have more than 7 bytes together"
    );
    let bytes = edit(|o| o.limits.bytes = 10_000);
    assert_eq!(
        refused(&bytes, &many),
        "cannot use the archive `x`: it has more than 10000 bytes decompressed"
    );
    let path = edit(|o| o.limits.path = 3);
    assert!(
        refused(&path, &file("abcd").end()).ends_with("of 4 bytes is longer than the limit of 3")
    );
    let depth = edit(|o| o.limits.depth = 1);
    assert!(
        refused(&depth, &file("a/b").end()).ends_with("2 components, more than the limit of 1")
    );
    let header = edit(|o| o.limits.header = 7);
    assert!(
        refused(&header, &file("a").pax(&[("uid", "1")]).end())
            .ends_with("of 8 bytes is larger than the limit of 7")
    );
}

/// 66 MiB of zeros are 100 bytes of bzip2: refused long before they are all on disk.
#[test]
fn a_bomb_is_refused() {
    for compression in [Compression::Bzip2, Compression::Xz, Compression::Zstd] {
        let value = (compression != Compression::Bzip2).then_some(1);
        let level = Level::new(compression, value).unwrap();
        let mut encoder = Encoder::new(level, NonZeroUsize::MIN, Vec::new()).unwrap();
        io::copy(&mut io::repeat(0).take(66 << 20), &mut encoder).unwrap();
        let bomb = encoder.finish().unwrap();
        let error = read(&bomb).unwrap_err();
        assert!(
            matches!(error.problem, ArchiveProblem::Ratio { limit: 1100 }),
            "{}",
            chain(&error)
        );
    }
}

#[test]
fn a_decoder_that_wants_much_memory_is_refused() {
    let level = Level::new(Compression::Xz, Some(6)).unwrap();
    let mut encoder = Encoder::new(level, NonZeroUsize::MIN, Vec::new()).unwrap();
    encoder.write_all(&file("a").end()).unwrap();
    let packed = encoder.finish().unwrap();
    assert!(read(&packed).is_ok());
    let mut options = ArchiveOptions::default();
    options.limits.memory = 4 << 20;
    let error = Archive::from_reader("x", &packed[..], &options).unwrap_err();
    assert!(
        matches!(error.problem, ArchiveProblem::Decompress { .. }),
        "{}",
        chain(&error)
    );
}

/// One member of every kind, in about 6 KiB.
pub(super) fn rich() -> Vec<u8> {
    tar()
        .add(b'g', "pax_global_header", &records_of(&[("comment", "x")]))
        .add(b'5', "./", b"")
        .add(b'5', "d/", b"")
        .pax(&[
            ("path", "d/é"),
            ("mtime", "1.5"),
            ("SCHILY.xattr.security.capability", "\u{1}\0"),
        ])
        .add(b'0', "d/e", &[b'x'; 700])
        .add(
            b'L',
            "././@LongLink",
            &[&b"d/"[..], &[b'l'; 120], &[0]].concat(),
        )
        .add(b'0', "d/l", b"1")
        .link(b'1', "h", "d/é")
        .link(b'2', "s", "../x")
        .add(b'6', "p", b"")
        .edited(b'3', "c", b"", |h| {
            h[329..345].copy_from_slice(b"0000001\x000000003\0");
        })
        .end()
}

#[test]
fn cut_anywhere() {
    let whole = rich();
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "cut at {length}");
    }
    let archive = read(&whole).unwrap();
    assert_eq!(archive.members().len(), 7);
    for compression in [
        Compression::Gzip,
        Compression::Bzip2,
        Compression::Xz,
        Compression::Zstd,
    ] {
        let level = Level::new(compression, None).unwrap();
        let mut encoder = Encoder::new(level, NonZeroUsize::MIN, Vec::new()).unwrap();
        encoder.write_all(&whole).unwrap();
        let packed = encoder.finish().unwrap();
        for length in 0..packed.len() {
            assert!(
                read(&packed[..length]).is_err(),
                "{compression} cut at {length}"
            );
        }
        for step in 1..=7 {
            let reader = Short {
                reader: &packed[..],
                step,
            };
            let read = Archive::from_reader("x", reader, &ArchiveOptions::default()).unwrap();
            assert_eq!(listing(&read), listing(&archive), "{compression} by {step}");
        }
    }
    for step in 1..=7 {
        let reader = Short {
            reader: &whole[..],
            step,
        };
        let read = Archive::from_reader("x", reader, &ArchiveOptions::default()).unwrap();
        assert_eq!(listing(&read), listing(&archive));
    }
}
