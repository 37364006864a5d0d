//! The same tree gives the same bytes, whoever packs it, where, and with how many threads.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, SystemTime};

use shipload_context::{
    Compression, HostDir, Modes, Owner, PackOptions, Policy, Progress, Times, Tree, TreeBuilder,
    View, pack,
};

use crate::support::{files, packed, unpacked};

/// The same files, made in the order of `order`, with the same times.
fn make(root: &Path, order: impl Iterator<Item = usize>) {
    let big = "0123456789abcdef".repeat(90_000);
    for i in order {
        let name = format!("d{}/e{}/file-{i}", i % 7, i % 3);
        let size = [0, 1, 511, 512, 513, 40_000, 1_300_000][i % 7];
        files(root, &[(&name, &big[i % 16..][..size])]);
    }
    stamp(root);
}

fn stamp(dir: &Path) {
    for entry in fs_err::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            stamp(&entry.path());
        }
        let time = SystemTime::UNIX_EPOCH
            + Duration::from_secs(1_700_000_000 + entry.path().as_os_str().len() as u64 % 5);
        std::fs::File::options()
            .read(true)
            .open(entry.path())
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    std::fs::File::options()
        .read(true)
        .open(dir)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

fn bytes(tree: &Tree, compression: Compression, threads: usize) -> Vec<u8> {
    let options = PackOptions {
        compression,
        threads: NonZeroUsize::new(threads),
        level: None,
    };
    let mut out = Vec::new();
    let done = pack(
        &View::new(tree).policy(pinned()),
        &options,
        &Progress::new(),
        &mut out,
    )
    .unwrap();
    assert_eq!(done.written_bytes, out.len() as u64);
    out
}

/// Times of directories made in another order differ by the clock.
fn pinned() -> Policy {
    Policy {
        times: Times::Pinned(1),
        ..Policy::default()
    }
}

#[test]
fn order_of_creation_place_and_threads_leave_no_trace() {
    let temp = tempfile::tempdir().unwrap();
    let (one, two) = (temp.path().join("one"), temp.path().join("deeper/two"));
    make(&one, 0..60);
    make(&two, (0..60).rev());
    let tree = |root: &Path, threads| {
        TreeBuilder::new()
            .directory(HostDir::new(root))
            .threads(NonZeroUsize::new(threads).unwrap())
            .build()
            .unwrap()
    };
    for compression in Compression::ALL {
        let first = bytes(&tree(&one, 1), compression, 1);
        for threads in [2, 3, 8] {
            assert!(
                first == bytes(&tree(&one, threads), compression, threads),
                "{compression}, {threads} threads"
            );
        }
        assert!(
            first == bytes(&tree(&two, 2), compression, 2),
            "{compression}, another place"
        );
    }
}

#[test]
fn contents_of_all_sizes_come_back() {
    let temp = tempfile::tempdir().unwrap();
    let sizes = [
        0, 1, 511, 512, 262_143, 262_144, 262_145, 393_216, 393_217, 1_048_576, 1_572_864,
        1_572_865, 5_000_000,
    ];
    let content = |size: usize| {
        (0..size)
            .map(|i| u8::try_from(i % 251).unwrap())
            .collect::<Vec<u8>>()
    };
    for size in sizes {
        fs_err::write(temp.path().join(size.to_string()), content(size)).unwrap();
    }
    let tree = TreeBuilder::new()
        .directory(HostDir::new(temp.path()))
        .build()
        .unwrap();
    for compression in Compression::ALL {
        let packed = bytes(&tree, compression, 3);
        let mut raw = Vec::new();
        let mut decoder =
            shipload_context::sink::compress::decoder(compression, &packed[..], 1 << 30).unwrap();
        std::io::Read::read_to_end(&mut decoder, &mut raw).unwrap();
        let members = unpacked(&raw);
        assert_eq!(members.len(), sizes.len());
        for size in sizes {
            assert!(
                members[&size.to_string()].1 == content(size),
                "{compression}, {size} bytes"
            );
        }
    }
}

#[test]
fn the_policy_decides_all_metadata() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("run", "#!/bin/sh\n"), ("dir/", "")]);
    let run = temp.path().join("run");
    fs_err::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let time = SystemTime::UNIX_EPOCH - Duration::new(1, 500_000_000);
    std::fs::File::options()
        .read(true)
        .open(&run)
        .unwrap()
        .set_modified(time)
        .unwrap();
    let tree = TreeBuilder::new()
        .directory(HostDir::new(temp.path()))
        .build()
        .unwrap();
    let me = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let rows = [
        (Policy::default(), (0o700, 0, 0, (-2, 0), "-2")),
        (
            Policy {
                owner: Owner::Keep,
                ..Policy::default()
            },
            (0o700, me.0, me.1, (-2, 0), "-2"),
        ),
        (
            Policy {
                modes: Modes::Normal,
                ..Policy::default()
            },
            (0o755, 0, 0, (-2, 0), "-2"),
        ),
        (
            Policy {
                times: Times::Exact,
                ..Policy::default()
            },
            (0o700, 0, 0, (-2, 500_000_000), "-1.5"),
        ),
    ];
    for (policy, (mode, uid, gid, (secs, nanos), pax)) in rows {
        let view = View::new(&tree).policy(policy);
        let member = view.members().last().unwrap();
        assert_eq!(
            (member.mode, member.uid, member.gid),
            (mode, uid, gid),
            "{policy:?}"
        );
        assert_eq!(
            (member.mtime.secs, member.mtime.nanos),
            (secs, nanos),
            "{policy:?}"
        );
        let archive = packed(&view).unwrap();
        let mut archive = tar::Archive::new(&archive[..]);
        let mut entry = archive.entries().unwrap().last().unwrap().unwrap();
        let records = entry.pax_extensions().unwrap().unwrap();
        let mtime = records
            .map(Result::unwrap)
            .find(|r| r.key() == Ok("mtime"))
            .map(|r| r.value().unwrap().to_owned());
        assert_eq!(mtime.as_deref(), Some(pax), "{policy:?}");
    }
}
