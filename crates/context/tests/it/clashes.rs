//! Several sources and one path.

use shipload_context::{Archive, ArchiveOptions, Clash, HostDir, Progress, TreeBuilder, View};

use crate::support::{files, packed, paths, unpacked};

fn path(name: &str) -> shipload_context::EntryPath {
    name.parse().unwrap()
}

#[test]
fn a_clash_names_both_origins() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("a", "host"), ("d/x", "")]);
    let host = format!("`{}`", temp.path().display());
    let start = || TreeBuilder::new().directory(HostDir::new(temp.path()));
    let rows = [
        (
            start().bytes(path("a"), "mine"),
            format!("cannot add `a` from memory: it is already there from {host}"),
        ),
        (
            start().bytes(path("d"), "mine"),
            format!("cannot add `d` from memory: it is already there from {host}"),
        ),
        (
            start().bytes(path("a/b"), "mine"),
            format!(
                "cannot add `a/b` from memory: `a` is already there from {host}, and is not a directory"
            ),
        ),
    ];
    for (builder, expected) in rows {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

#[test]
fn the_last_wins_where_that_is_asked_for_and_an_override_always() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("a", "host")]);
    let content = |builder: TreeBuilder| {
        let view = View::new(&builder.build().unwrap());
        String::from_utf8(unpacked(&packed(&view).unwrap())["a"].1.clone()).unwrap()
    };
    let host = HostDir::new(temp.path());
    let last = TreeBuilder::new().on_clash(Clash::LastWins);
    assert_eq!(
        content(last.directory(host.clone()).bytes(path("a"), "mine")),
        "mine"
    );
    let last = TreeBuilder::new().on_clash(Clash::LastWins);
    assert_eq!(
        content(last.bytes(path("a"), "mine").directory(host.clone())),
        "host"
    );
    assert_eq!(
        content(
            TreeBuilder::new()
                .overriding(path("a"), "mine")
                .directory(host)
        ),
        "mine"
    );
}

#[test]
fn directories_of_several_sources_become_one() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("d/x", "")]);
    let tree = TreeBuilder::new()
        .bytes(path("d/a"), "")
        .directory(HostDir::new(temp.path()))
        .bytes(path("d/z/y"), "")
        .build()
        .unwrap();
    assert_eq!(
        paths(&View::new(&tree)),
        ["d", "d/a", "d/x", "d/z", "d/z/y"]
    );
}

#[test]
fn every_source_is_counted() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("dir/a", "12"), ("file", "345")]);
    let inner = TreeBuilder::new().bytes(path("m"), "6").build().unwrap();
    let archive = packed(&View::new(&inner)).unwrap();
    let archive = Archive::from_reader("x", &archive[..], &ArchiveOptions::default()).unwrap();
    let progress = Progress::new();
    let tree = TreeBuilder::new()
        .directory(HostDir::new(temp.path().join("dir")).at(path("dir")))
        .file(temp.path().join("file"), path("f"))
        .bytes(path("b"), "7")
        .archive(archive)
        .build_with(&progress)
        .unwrap();
    let counts = progress.counts();
    assert_eq!(counts.entries, tree.entries().len() as u64);
    assert_eq!((counts.entries, counts.listed_bytes), (5, 7));
}
