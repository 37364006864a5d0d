//! Files that change under our hands: always an error that names the file, never a wrong archive.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use shipload_context::{
    Compression, EntryPath, Moment, PackError, PackOptions, Progress, View, pack, pack_to_file,
};

use crate::support::{files, tree};

/// What somebody does to the file.
#[derive(Debug, Clone, Copy)]
enum Change {
    Truncate,
    Empty,
    Grow,
    Rewrite,
    Replace,
    Link,
    ParentLink,
    Remove,
    Fifo,
}

const SECRET: &str = "bytes from outside the context, which must never be sent";

fn change(change: Change, root: &Path, outside: &Path) {
    let file = root.join("dir/file");
    let append = || fs_err::OpenOptions::new().append(true).open(&file).unwrap();
    match change {
        Change::Truncate => append().set_len(700).unwrap(),
        Change::Empty => append().set_len(0).unwrap(),
        Change::Grow => append().write_all(b"more").unwrap(),
        Change::Rewrite => {
            let size = usize::try_from(fs_err::metadata(&file).unwrap().len()).unwrap();
            // Some file systems' clocks tick every few milliseconds only.
            std::thread::sleep(std::time::Duration::from_millis(30));
            fs_err::write(&file, vec![b'y'; size]).unwrap();
        }
        Change::Replace => {
            let size = usize::try_from(fs_err::metadata(&file).unwrap().len()).unwrap();
            fs_err::write(root.join("other"), vec![b'z'; size]).unwrap();
            fs_err::rename(root.join("other"), &file).unwrap();
        }
        Change::Link => {
            fs_err::remove_file(&file).unwrap();
            std::os::unix::fs::symlink(outside.join("file"), &file).unwrap();
        }
        Change::ParentLink => {
            fs_err::rename(root.join("dir"), root.join("moved")).unwrap();
            std::os::unix::fs::symlink(outside, root.join("dir")).unwrap();
        }
        Change::Remove => fs_err::remove_file(&file).unwrap(),
        Change::Fifo => {
            fs_err::remove_file(&file).unwrap();
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0)
                .unwrap();
        }
    }
}

/// A small context whose `dir/file` has `size` bytes, and a directory outside with a file of that name and
/// size.
fn scene(size: usize) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let (root, outside) = (temp.path().join("context"), temp.path().join("outside"));
    files(
        &root,
        &[("before", "b"), ("dir/file", &"x".repeat(size)), ("z", "z")],
    );
    files(
        &outside,
        &[("file", &SECRET.repeat(size / SECRET.len() + 1)[..size])],
    );
    (temp, root, outside)
}

/// Packs while `change` happens at `moment`; what was written until then comes back too.
fn pack_while(
    root: &Path,
    outside: &Path,
    what: Change,
    when: Moment,
) -> (Result<(), PackError>, Vec<u8>) {
    let tree = tree(root);
    let done = AtomicBool::new(false);
    let (from, to) = (root.to_owned(), outside.to_owned());
    let progress = Progress::observed(move |moment, path: &EntryPath| {
        if moment == when && path.as_bytes() == b"dir/file" && !done.swap(true, Ordering::SeqCst) {
            change(what, &from, &to);
        }
    });
    let mut out = Vec::new();
    let options = PackOptions {
        threads: std::num::NonZeroUsize::new(2),
        ..PackOptions::default()
    };
    let packed = pack(&View::new(&tree), &options, &progress, &mut out).map(|_| ());
    (packed, out)
}

#[test]
fn every_change_at_every_moment_is_an_error_or_leaves_the_listed_bytes() {
    use Change::{Empty, Fifo, Grow, Link, ParentLink, Remove, Replace, Rewrite, Truncate};
    const REMOVED: &str = "it was removed after it was listed";
    const LINK: &str = "it was replaced by a symbolic link after it was listed";
    const REPLACED: &str = "it was replaced after it was listed";
    const CHANGED: &str = "it was changed after it was listed";
    const WHILE: &str = "it was changed while it was read";
    // An open file that loses its name is still the file that was listed, so that is no error.
    #[rustfmt::skip]
    let rows: &[(Change, [Option<&str>; 3])] = &[
        //            before it is opened,             once it is open,             once it is read
        (Truncate,   [Some("its size changed from SIZE to 700 bytes after it was listed"); 3]),
        (Empty,      [Some("its size changed from SIZE to 0 bytes after it was listed"); 3]),
        (Grow,       [Some("its size changed from SIZE to MORE bytes after it was listed"); 3]),
        (Rewrite,    [Some(CHANGED),  Some(WHILE), Some(WHILE)]),
        (Replace,    [Some(REPLACED), Some(WHILE), Some(WHILE)]),
        (Link,       [Some(LINK),     Some(WHILE), Some(WHILE)]),
        (ParentLink, [Some(LINK),     None,        None]),
        (Remove,     [Some(REMOVED),  Some(WHILE), Some(WHILE)]),
        (Fifo,       [Some(REPLACED), Some(WHILE), Some(WHILE)]),
    ];
    for size in [2_000, 3_000_000] {
        for (what, expected) in rows {
            for (when, expected) in [Moment::Opening, Moment::Opened, Moment::Read]
                .into_iter()
                .zip(expected)
            {
                let (_temp, root, outside) = scene(size);
                let (packed, written) = pack_while(&root, &outside, *what, when);
                let name = format!("{what:?} at {when:?} of {size}");
                assert!(
                    !written
                        .windows(SECRET.len())
                        .any(|w| w == SECRET.as_bytes()),
                    "{name}: leaked"
                );
                match (packed, expected) {
                    (Ok(()), None) => {}
                    (Err(PackError::Read(error)), Some(expected)) => {
                        let expected = expected
                            .replace("SIZE", &size.to_string())
                            .replace("MORE", &(size + 4).to_string());
                        assert_eq!(error.problem.to_string(), expected, "{name}");
                        assert_eq!(error.path.to_string(), "dir/file", "{name}");
                        assert_eq!(
                            error.host.as_deref(),
                            Some(root.join("dir/file").as_path()),
                            "{name}"
                        );
                        assert!(!ends(&written), "{name}: the archive has an end");
                    }
                    (got, _) => panic!("{name}: {got:?}"),
                }
            }
        }
    }
}

/// Whether an archive ends as an archive must.
fn ends(archive: &[u8]) -> bool {
    archive.len() >= 1024 && archive[archive.len() - 1024..].iter().all(|&b| b == 0)
}

#[test]
fn no_half_archive_is_left() {
    let (_temp, root, outside) = scene(3_000_000);
    let target = outside.join("context.tar.gz");
    fs_err::write(&target, "what was there before").unwrap();
    for compression in Compression::ALL {
        let tree = tree(&root);
        let view = View::new(&tree);
        change(Change::Grow, &root, &outside);
        let packed = pack_to_file(
            &view,
            &PackOptions::new(compression),
            &Progress::new(),
            &target,
        );
        assert!(matches!(packed, Err(PackError::Read(_))), "{compression}");
        let left: Vec<_> = fs_err::read_dir(&outside)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "{compression}: {left:?}");
        assert_eq!(
            fs_err::read_to_string(&target).unwrap(),
            "what was there before"
        );
    }
}

#[test]
fn a_replaced_file_passes_its_permissions_on() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_temp, root, outside) = scene(2_000);
    let (target, link) = (outside.join("out.tar"), outside.join("link.tar"));
    fs_err::write(&target, "before").unwrap();
    fs_err::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("out.tar", &link).unwrap();
    let view = View::new(&tree(&root));
    let done = pack_to_file(&view, &PackOptions::default(), &Progress::new(), &link).unwrap();
    let now = fs_err::metadata(&target).unwrap();
    assert_eq!(
        (now.permissions().mode() & 0o777, now.len()),
        (0o640, done.written_bytes)
    );
    assert!(fs_err::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_full_disk_is_an_output_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let (_temp, root, _) = scene(3_000_000);
    for compression in Compression::ALL {
        let view = View::new(&tree(&root));
        let options = PackOptions::new(compression);
        let packed = pack_to_file(&view, &options, &Progress::new(), Path::new("/dev/full"));
        let Err(PackError::Output(error)) = packed else {
            panic!("{compression}: {packed:?}")
        };
        assert_eq!(
            error.kind(),
            std::io::ErrorKind::StorageFull,
            "{compression}"
        );
    }
}

#[test]
fn cancelling_stops_and_says_so() {
    let (_temp, root, outside) = scene(3_000_000);
    let view = View::new(&tree(&root));
    let progress = Progress::new();
    progress.cancel();
    let target = outside.join("out.tar");
    let packed = pack_to_file(&view, &PackOptions::default(), &progress, &target);
    assert!(matches!(packed, Err(PackError::Cancelled)));
    assert!(!target.exists());
}

#[test]
fn temporary_files_of_other_programs_do_no_harm_while_listing() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    let names: Vec<String> = (0..200).map(|i| format!("stay/{i:03}")).collect();
    let rows: Vec<_> = names.iter().map(|n| (n.as_str(), "x")).collect();
    files(root, &rows);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for i in 0..40 {
                    let dir = root.join(format!("stay/tmp{i}.d"));
                    fs_err::write(root.join(format!("stay/tmp{i}")), "t").unwrap();
                    fs_err::create_dir_all(&dir).unwrap();
                    fs_err::write(dir.join("x"), "t").unwrap();
                }
                for i in 0..40 {
                    fs_err::remove_file(root.join(format!("stay/tmp{i}"))).unwrap();
                    fs_err::remove_dir_all(root.join(format!("stay/tmp{i}.d"))).unwrap();
                }
            }
        });
        for _ in 0..200 {
            let tree = tree(root);
            let stayed = tree
                .entries()
                .iter()
                .filter(|e| !e.path.to_string().contains("tmp"))
                .count();
            if stayed != 201 {
                stop.store(true, Ordering::Relaxed);
            }
            assert_eq!(stayed, 201);
        }
        stop.store(true, Ordering::Relaxed);
    });
}
