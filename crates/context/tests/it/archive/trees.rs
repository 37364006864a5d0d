//! Archives as sources of a tree: contents, clashes, links, and files that change.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use shipload_context::sink::compress::{Compression, Encoder, Level};
use shipload_context::{
    Archive, ArchiveOptions, Clash, Notice, PackOptions, Progress, Tree, TreeBuilder, View, pack,
};

use super::bytes::Tar;
use super::{chain, listing, read};

/// Names, link numbers and contents of a tree, a line each.
fn contents(tree: &Tree) -> Vec<String> {
    let line = |entry: &shipload_context::Entry| {
        let opened = entry.open().unwrap();
        let mut data = vec![0; usize::try_from(entry.size()).unwrap()];
        opened.read_at(&mut data, 0).unwrap();
        opened.finish().unwrap();
        format!(
            "{} {} {:?}",
            entry.path,
            String::from_utf8(data).unwrap(),
            entry.inode
        )
    };
    tree.entries().iter().map(line).collect()
}

fn two_files() -> Tar {
    Tar::default()
        .add(b'0', "d/a", b"first")
        .add(b'0', "b", b"second")
        .link(b'1', "c", "b")
}

#[test]
fn contents_are_ranges() {
    let plain = two_files().end();
    let temp = tempfile::tempdir().unwrap();
    for compression in Compression::ALL {
        let level = Level::new(compression, None).unwrap();
        let mut encoder = Encoder::new(level, NonZeroUsize::MIN, Vec::new()).unwrap();
        encoder.write_all(&plain).unwrap();
        let path = temp.path().join("archive");
        fs_err::write(&path, encoder.finish().unwrap()).unwrap();
        let archive = Archive::open(&path, &ArchiveOptions::default()).unwrap();
        let tree = TreeBuilder::new().archive(archive).build().unwrap();
        let expected = [
            "b second Some(1)",
            "c second Some(1)",
            "d  None",
            "d/a first None",
        ];
        assert_eq!(contents(&tree), expected, "{compression}");
    }
}

/// Two archives with hard links: their numbers do not meet.
#[test]
fn sources_clash_or_join() {
    let other = |name: &str| {
        let tar = Tar::default()
            .add(b'0', name, b"other")
            .link(b'1', "other", name);
        read(&tar.end()).unwrap()
    };
    let ours = || read(&two_files().end()).unwrap();
    let tree = TreeBuilder::new()
        .archive(ours())
        .archive(other("d/x"))
        .build()
        .unwrap();
    assert_eq!(
        contents(&tree),
        [
            "b second Some(1)",
            "c second Some(1)",
            "d  None",
            "d/a first None",
            "d/x other Some(2)",
            "other other Some(2)"
        ]
    );
    let error = TreeBuilder::new()
        .archive(ours())
        .archive(other("b"))
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot add `b` from `test.tar`: it is already there from `test.tar`"
    );
    let last = TreeBuilder::new()
        .archive(ours())
        .archive(other("b"))
        .on_clash(Clash::LastWins);
    assert!(contents(&last.build().unwrap()).contains(&"b other Some(2)".to_owned()));
    let whiteout = read(&Tar::default().add(b'0', "d/.wh.x", b"").end()).unwrap();
    let tree = TreeBuilder::new().archive(whiteout).build().unwrap();
    assert_eq!(
        tree.notices(),
        [Notice::Whiteout("d/.wh.x".parse().unwrap())]
    );
}

fn packed(archive: Archive) -> Vec<u8> {
    let tree = TreeBuilder::new().archive(archive).build().unwrap();
    let mut out = Vec::new();
    pack(
        &View::new(&tree),
        &PackOptions::default(),
        &Progress::new(),
        &mut out,
    )
    .unwrap();
    out
}

/// What is packed from an archive reads back the same, and packs to the same bytes again.
#[test]
fn packing_is_reading_backwards() {
    let archive = read(&super::hostile::rich()).unwrap();
    let once = packed(archive.clone());
    let again = read(&once).unwrap_or_else(|e| panic!("{}", chain(&e)));
    let paths = |archive: &Archive| -> Vec<_> {
        let member = |(path, member): (_, &shipload_context::ArchiveMember)| {
            (
                Clone::clone(path),
                member.kind.clone(),
                member.mode,
                member.capability.clone(),
            )
        };
        archive.members().map(member).collect()
    };
    assert_eq!(paths(&again), paths(&archive));
    assert_eq!(listing(&again).len(), 7);
    assert!(packed(again) == once);
}

#[test]
fn an_archive_that_changes_is_an_error() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("x.tar");
    let build = |path: &Path| {
        fs_err::write(path, two_files().end()).unwrap();
        let archive = Archive::open(path, &ArchiveOptions::default()).unwrap();
        TreeBuilder::new().archive(archive).build().unwrap()
    };
    let pack = |tree: &Tree| {
        pack(
            &View::new(tree),
            &PackOptions::default(),
            &Progress::new(),
            &mut Vec::new(),
        )
        .map(|_| ())
    };
    let tree = build(&path);
    fs_err::remove_file(&path).unwrap();
    pack(&tree).unwrap();
    let tree = build(&path);
    fs_err::write(&path, b"").unwrap();
    assert!(pack(&tree).is_err());
    let tree = build(&path);
    fs_err::write(&path, two_files().add(b'0', "more", b"").end()).unwrap();
    assert!(pack(&tree).is_err());
}
