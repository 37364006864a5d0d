//! Digests of contents: those of `sha256sum`, for every kind of source, or an error that names the file.

use std::num::NonZeroUsize;
use std::process::Command;

use sha2::{Digest as _, Sha256};
use shipload_context::{
    Archive, ArchiveOptions, DigestsError, Moment, Progress, ReadProblem, TreeBuilder, View,
    digests,
};

use crate::support::{files, packed, tree};

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// The digests of a view's files by path.
fn found(view: &View, threads: usize) -> Vec<(String, Option<String>)> {
    let digests = digests(view, NonZeroUsize::new(threads), &Progress::new()).unwrap();
    let paths = view.members().map(|member| member.entry.path.to_string());
    let digests = digests
        .iter()
        .map(|digest| Some(hex(&digest.as_ref()?.sha256)));
    paths.zip(digests).collect()
}

#[test]
fn they_are_those_of_sha256sum() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path();
    let sizes = [0, 1, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, 9 << 20];
    for size in sizes {
        let content: Vec<u8> = (0..=250).cycle().take(size).collect();
        fs_err::write(dir.join(format!("f{size}")), content).unwrap();
    }
    files(dir, &[("d/", ""), ("d/link", "-> ../f1")]);
    fs_err::hard_link(dir.join("f1"), dir.join("hard")).unwrap();
    let view = View::new(&tree(dir));
    let all = found(&view, 2);

    let names = sizes.map(|size| format!("f{size}"));
    let names = names.iter().map(String::as_str).chain(["hard"]);
    let output = Command::new("sha256sum")
        .args(names)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success());
    let mut want: Vec<(String, Option<String>)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(digest, name)| (name.to_owned(), Some(digest.to_owned())))
        .collect();
    want.extend([("d".to_owned(), None), ("d/link".to_owned(), None)]);
    want.sort();
    assert_eq!(all, want);

    assert_eq!(found(&view, 1), want, "one thread");
    let tar = packed(&view).unwrap();
    let archive = Archive::from_reader("x", &tar[..], &ArchiveOptions::default()).unwrap();
    let archive = TreeBuilder::new().archive(archive).build().unwrap();
    assert_eq!(found(&View::new(&archive), 2), want, "members");
    let second = view.filter(|entry| entry.path.as_bytes() != b"f1");
    want.retain(|(name, _)| name != "f1");
    assert_eq!(found(&second, 2), want, "the second name is the file");
    assert_eq!(
        hex(&Sha256::digest(b"\0")),
        want.last().unwrap().1.clone().unwrap()
    );
}

#[test]
fn a_file_that_changed_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().to_owned();
    let names: Vec<String> = (0..40).map(|i| format!("f{i:02}")).collect();
    for name in &names {
        fs_err::write(dir.join(name), name).unwrap();
    }
    let view = View::new(&tree(&dir));
    // Whatever thread comes first, the error is that of the first file.
    for name in &names[7..] {
        fs_err::write(dir.join(name), "longer than it was").unwrap();
    }
    for threads in [1, 2, 7] {
        let error = digests(&view, NonZeroUsize::new(threads), &Progress::new()).unwrap_err();
        let DigestsError::Read(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.path.to_string(), "f07");
        assert!(matches!(
            error.problem,
            ReadProblem::Resized { listed: 3, now: 18 }
        ));
    }
}

#[test]
fn a_file_that_is_written_to_meanwhile_is_no_digest() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().to_owned();
    files(&dir, &[("a", "first"), ("b", "second")]);
    let view = View::new(&tree(&dir));
    let progress = Progress::observed(move |moment, path| {
        if moment == Moment::Read && path.as_bytes() == b"b" {
            fs_err::write(dir.join("b"), "SECOND").unwrap();
        }
    });
    let error = digests(&view, None, &progress).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot read `b` from `{}`: it was changed while it was read",
            temp.path().join("b").display()
        )
    );
    assert!(error.hint().is_some());
}

#[test]
fn it_can_be_cancelled() {
    let tree = TreeBuilder::new().bytes("a".parse().unwrap(), "x");
    let view = View::new(&tree.build().unwrap());
    let progress = Progress::new();
    progress.cancel();
    let error = digests(&view, None, &progress).unwrap_err();
    assert!(matches!(error, DigestsError::Cancelled));
}
