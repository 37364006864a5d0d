//! What a directory yields.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use shipload_context::{
    EntryPath, HostDir, Kind, ListFormat, MemberKind, Notice, OnUnreadable, Parents, PathError,
    Tree, TreeBuilder, TreeError, View, list,
};

use crate::support::{files, packed, paths, tree, unpacked};

#[test]
fn siblings_stand_in_byte_order_and_directories_before_their_entries() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[
            ("a/x", ""),
            ("a-b", ""),
            ("a.txt", ""),
            ("B", ""),
            ("a/x-y/", ""),
            ("é", ""),
        ],
    );
    assert_eq!(
        paths(&View::new(&tree(temp.path()))),
        ["B", "a", "a/x", "a/x-y", "a-b", "a.txt", "é"]
    );
}

#[test]
fn a_directory_larger_than_one_piece_is_whole_and_in_order() {
    let temp = tempfile::tempdir().unwrap();
    let mut names: Vec<String> = (0..3000).map(|i| format!("f{i}")).collect();
    for name in &names {
        fs_err::write(temp.path().join(name), name).unwrap();
    }
    names.sort();
    assert_eq!(paths(&View::new(&tree(temp.path()))), names);
}

#[test]
fn every_kind_of_file_is_what_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    files(
        root,
        &[
            ("file", "12345"),
            ("dir/", ""),
            ("link", "-> nowhere"),
            ("loop", "-> loop"),
        ],
    );
    fs_err::hard_link(root.join("file"), root.join("zfile")).unwrap();
    fs_err::hard_link(root.join("link"), root.join("zlink")).unwrap_or_else(|_| {
        // std follows the link on some systems; the call itself does not.
        rustix::fs::linkat(
            CWD,
            root.join("link"),
            CWD,
            root.join("zlink"),
            rustix::fs::AtFlags::empty(),
        )
        .unwrap();
    });
    mknodat(
        CWD,
        root.join("fifo"),
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    fs_err::set_permissions(root.join("file"), PermissionsExt::from_mode(0o4751)).unwrap();

    let tree = tree(root);
    assert_eq!(
        tree.notices(),
        [Notice::Socket(EntryPath::new("socket").unwrap())]
    );
    let view = View::new(&tree);
    let kinds: Vec<_> = view
        .members()
        .map(|m| (m.entry.path.to_string(), m.kind.name(), m.mode))
        .collect();
    let dir_mode = kinds[0].2;
    let rows = [
        ("dir", "dir", dir_mode),
        ("fifo", "fifo", 0o600),
        ("file", "file", 0o4751),
        ("link", "symlink", 0o777),
        ("loop", "symlink", 0o777),
        ("zfile", "hardlink", 0o4751),
        ("zlink", "hardlink", 0o777),
    ];
    assert_eq!(
        kinds,
        rows.map(|(path, kind, mode)| (path.to_owned(), kind, mode))
    );
    let archive = unpacked(&packed(&view).unwrap());
    assert_eq!(archive["zfile"], (tar::EntryType::Link, b"file".to_vec()));
    assert_eq!(
        archive["link"],
        (tar::EntryType::Symlink, b"nowhere".to_vec())
    );
    assert_eq!(archive["fifo"].0, tar::EntryType::Fifo);

    // Without its first name, the second becomes the file.
    let view = view.filter(|entry| entry.path.as_bytes() != b"file");
    let zfile = view
        .members()
        .find(|m| m.entry.path.as_bytes() == b"zfile")
        .unwrap();
    assert_eq!(zfile.kind, MemberKind::File { size: 5 });
    assert_eq!(unpacked(&packed(&view).unwrap())["zfile"].1, b"12345");
}

#[test]
fn names_that_are_not_text_are_kept() {
    let temp = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9 \x01\xff");
    fs_err::write(temp.path().join(name), "x").unwrap();
    let view = View::new(&tree(temp.path()));
    let archive = packed(&view).unwrap();
    let mut archive = tar::Archive::new(&archive[..]);
    let entry = archive.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(&*entry.path_bytes(), name.as_bytes());

    let listed = |format| {
        let mut out = Vec::new();
        list(&view, format, &mut out).unwrap();
        out
    };
    assert_eq!(listed(ListFormat::Nul), b"caf\xe9 \x01\xff\0");
    assert_eq!(listed(ListFormat::Text), b"caf\\xe9 \\u{1}\\xff\n");
    let json: serde_json::Value = serde_json::from_slice(&listed(ListFormat::Json)).unwrap();
    assert_eq!(
        (&json["path"], &json["path_b64"]),
        (&serde_json::Value::Null, &"Y2Fm6SAB/w==".into())
    );
}

#[test]
fn long_names_need_pax_and_come_back() {
    let temp = tempfile::tempdir().unwrap();
    let long = |n: usize| "n".repeat(n);
    let names = [
        long(100),
        long(101),
        long(255),
        format!("{}/{}", long(155), long(100)),
        format!("{}/{}", long(156), long(99)),
        format!("{0}/{0}/{0}/{0}", long(250)),
    ];
    for name in &names {
        files(temp.path(), &[(name, name)]);
    }
    std::os::unix::fs::symlink(long(300), temp.path().join("link")).unwrap();
    let archive = unpacked(&packed(&View::new(&tree(temp.path()))).unwrap());
    for name in &names {
        assert_eq!(archive[name].1, name.as_bytes());
    }
    assert_eq!(archive["link"].1, long(300).as_bytes());
}

#[test]
fn a_tree_too_deep_for_any_builder_is_refused_by_name_unless_excluded() {
    let temp = tempfile::tempdir().unwrap();
    let mut dir =
        rustix::fs::open(temp.path(), rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..10_000 {
        rustix::fs::mkdirat(&dir, "d", Mode::from_raw_mode(0o755)).unwrap();
        dir = rustix::fs::openat(&dir, "d", rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
    let listed = TreeBuilder::new()
        .directory(HostDir::new(temp.path()))
        .build();
    assert!(
        matches!(
            listed,
            Err(TreeError::Name {
                source: PathError::TooLong { .. },
                ..
            })
        ),
        "{listed:?}"
    );
    let rules = shipload_ignore::Rules::builder(shipload_ignore::Semantics::Classic)
        .file("r", b"d")
        .unwrap()
        .build();
    let listed = TreeBuilder::new()
        .directory(HostDir::new(temp.path()).rules(rules))
        .build()
        .unwrap();
    assert!(listed.entries().is_empty());
    remove_deep(temp.path());
}

/// Standard removal recurses; this moves each level up first.
fn remove_deep(root: &std::path::Path) {
    let top = root.join("d");
    loop {
        let below = top.join("d");
        let spare = root.join("spare");
        if fs_err::rename(&below, &spare).is_err() {
            break;
        }
        fs_err::remove_dir(&top).unwrap();
        fs_err::rename(&spare, &top).unwrap();
    }
}

#[test]
fn what_is_excluded_is_never_opened() {
    // As root nothing is unreadable, so the walk runs as somebody else only where it can; a link loop shows
    // it for all.
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("skip/deep/file", ""), ("keep", "")]);
    let rules = shipload_ignore::Rules::builder(shipload_ignore::Semantics::Classic)
        .file("r", b"skip")
        .unwrap()
        .build();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&seen);
    let progress = shipload_context::Progress::observed(move |_, path| {
        log.lock().unwrap().push(path.to_string());
    });
    TreeBuilder::new()
        .directory(HostDir::new(temp.path()).rules(rules))
        .build_with(&progress)
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), ["keep"]);
}

#[test]
fn excluded_parents_of_what_is_included_again_are_sent_only_where_the_builder_needs_them() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[("a/b/keep", ""), ("a/b/drop", ""), ("a/c/drop", "")],
    );
    let rules = |semantics| {
        shipload_ignore::Rules::builder(semantics)
            .file("r", b"a\n!a/b/keep\n")
            .unwrap()
            .build()
    };
    let build = |semantics| {
        TreeBuilder::new()
            .directory(HostDir::new(temp.path()).rules(rules(semantics)))
            .build()
            .unwrap()
    };
    let classic = build(shipload_ignore::Semantics::Classic);
    assert_eq!(
        paths(&View::with_parents(&classic, Parents::Omit)),
        ["a/b/keep"]
    );
    let buildkit = build(shipload_ignore::Semantics::BuildKit);
    assert_eq!(
        paths(&View::with_parents(&buildkit, Parents::Send)),
        ["a", "a/b", "a/b/keep"]
    );
}

#[test]
fn a_single_file_takes_its_new_name_and_a_directory_its_place() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[("x", "file"), ("d/e/f", "deep"), ("l", "-> x")],
    );
    let tree = TreeBuilder::new()
        .file(temp.path().join("l"), "app/config".parse().unwrap())
        .file(temp.path().join("d"), "app/data".parse().unwrap())
        .build()
        .unwrap();
    let view = View::new(&tree);
    assert_eq!(
        paths(&view),
        [
            "app",
            "app/config",
            "app/data",
            "app/data/e",
            "app/data/e/f"
        ]
    );
    let archive = unpacked(&packed(&view).unwrap());
    assert_eq!(archive["app/config"].1, b"file");
    assert_eq!(archive["app/data/e/f"].1, b"deep");
    assert!(matches!(tree.entries()[1].kind, Kind::File { size: 4 }));
}

#[test]
fn what_is_missing_is_named() {
    let rows: [fn() -> Result<Tree, TreeError>; 2] = [
        || {
            TreeBuilder::new()
                .directory(HostDir::new("/nonexistent/dir"))
                .build()
        },
        || {
            TreeBuilder::new()
                .file("/nonexistent/dir", "a".parse().unwrap())
                .build()
        },
    ];
    for build in rows {
        let error = build().unwrap_err();
        assert_eq!(error.to_string(), "cannot read `/nonexistent/dir`");
        assert!(std::error::Error::source(&error).is_some());
    }
    let hostile = TreeBuilder::new()
        .directory(HostDir::new("/none/\u{1b}[2J"))
        .build()
        .unwrap_err();
    assert_eq!(hostile.to_string(), "cannot read `/none/\\u{1b}[2J`");
}

#[test]
fn unreadable_directories_fail_or_are_left_out_as_asked() {
    if rustix::process::geteuid().is_root() {
        // Root reads everything; the command line's tests run this as another user.
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("open/file", ""), ("closed/file", "")]);
    let closed = temp.path().join("closed");
    fs_err::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
    let build = |unreadable| {
        TreeBuilder::new()
            .directory(HostDir::new(temp.path()).on_unreadable(unreadable))
            .build()
    };
    assert!(
        matches!(build(OnUnreadable::Fail), Err(TreeError::Host { path, .. }) if path == closed)
    );
    let tree = build(OnUnreadable::Skip).unwrap();
    assert_eq!(paths(&View::new(&tree)), ["open", "open/file"]);
    assert_eq!(tree.notices().len(), 1);
    fs_err::set_permissions(&closed, PermissionsExt::from_mode(0o755)).unwrap();
}
