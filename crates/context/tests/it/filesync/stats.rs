//! What is said of members: modes, sizes, times, links and attributes.

use std::os::unix::fs::PermissionsExt as _;

use shipload_context::{
    EntryMetadata, HostDir, Kind, Mtime, Offer, Policy, Stat, SyncRequest, Times, TreeBuilder, View,
};

const HALF: i64 = 500_000_000;

fn stats(view: &View) -> Vec<Stat> {
    let offer = Offer::new(view, &SyncRequest::default()).unwrap();
    (0..offer.len()).map(|id| offer.stat(id).unwrap()).collect()
}

fn pinned(secs: i64) -> Policy {
    Policy {
        times: Times::Pinned(secs),
        ..Policy::default()
    }
}

#[test]
fn a_directory_of_this_machine() {
    let temp = tempfile::tempdir().unwrap();
    let top = temp.path();
    fs_err::create_dir(top.join("d")).unwrap();
    fs_err::write(top.join("d/f"), "text").unwrap();
    fs_err::hard_link(top.join("d/f"), top.join("d/g")).unwrap();
    std::os::unix::fs::symlink("f", top.join("d/l")).unwrap();
    let mode = std::fs::Permissions::from_mode(0o6751);
    fs_err::set_permissions(top.join("d/f"), mode).unwrap();
    fs_err::set_permissions(top.join("d"), std::fs::Permissions::from_mode(0o1777)).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        top.join("p"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let tree = TreeBuilder::new()
        .directory(HostDir::new(top))
        .build()
        .unwrap();
    let listed = |path: &str| tree.get(&path.parse().unwrap()).unwrap();
    let time = |at: Mtime| at.secs * 1_000_000_000 + i64::from(at.nanos);

    let found = stats(&View::new(&tree));
    let shown: Vec<_> = found
        .iter()
        .map(|stat| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (
                text(&stat.path),
                stat.mode,
                stat.size,
                text(&stat.link_name),
            )
        })
        .collect();
    let row = |path: &str, mode: u32, size: i64, link: &str| (path.into(), mode, size, link.into());
    assert_eq!(
        shown,
        [
            row("d", 1 << 31 | 1 << 20 | 0o777, 0, ""),
            row("d/f", 1 << 23 | 1 << 22 | 0o751, 4, ""),
            row("d/g", 1 << 23 | 1 << 22 | 0o751, 4, "d/f"),
            row("d/l", 1 << 27 | 0o777, 1, "f"),
            row("p", 1 << 25 | 0o600, 0, ""),
        ]
    );
    for stat in &found {
        let path = std::str::from_utf8(&stat.path).unwrap();
        assert_eq!(stat.mtime, time(listed(path).mtime), "{path}");
        assert_eq!((stat.uid, stat.gid, stat.device), (0, 0, None), "{path}");
    }

    // Under pinned times files have a digest, and names of one file the same.
    let found = stats(&View::new(&tree).policy(pinned(7)));
    let fractions: Vec<_> = found
        .iter()
        .map(|stat| stat.mtime - 7_000_000_000)
        .collect();
    assert_eq!((fractions[0], fractions[3], fractions[4]), (0, 0, 0));
    assert_eq!(fractions[1], fractions[2]);
    // `printf text | sha256sum` starts with these eight bytes.
    assert_eq!(
        fractions[1],
        i64::try_from(0x982d_9e3e_b996_f559_u64 % 500_000_000).unwrap()
    );
}

#[test]
fn bytes_in_memory_have_a_digest_in_any_time() {
    let fraction = |content: &str, policy: Policy| {
        let mut metadata = EntryMetadata::file("f".parse().unwrap());
        metadata.mtime = Mtime {
            secs: 3,
            nanos: 999_999_999,
        };
        let builder = TreeBuilder::new()
            .entry(metadata, content.as_bytes())
            .unwrap();
        let stat = stats(&View::new(&builder.build().unwrap()).policy(policy)).remove(0);
        stat.mtime.rem_euclid(1_000_000_000)
    };
    let policies = [
        Policy::default(),
        Policy {
            times: Times::Exact,
            ..Policy::default()
        },
        pinned(0),
        pinned(-5),
        pinned(i64::MAX),
        pinned(i64::MIN),
    ];
    for policy in policies {
        let (one, two) = (fraction("one", policy), fraction("two", policy));
        assert!(
            (0..HALF).contains(&one) && (0..HALF).contains(&two),
            "{policy:?}"
        );
        assert_ne!(one, two, "{policy:?}");
        assert_eq!(one, fraction("one", Policy::default()), "{policy:?}");
    }
}

#[test]
fn devices_have_their_numbers() {
    let device = shipload_context::Device {
        major: 8,
        minor: 300,
    };
    let mut builder = TreeBuilder::new();
    for (path, kind) in [("b", Kind::Block(device)), ("c", Kind::Char(device))] {
        let file = EntryMetadata::file(path.parse().unwrap());
        let metadata = EntryMetadata {
            kind,
            mode: 0o660,
            ..file
        };
        builder = builder.entry(metadata, std::io::empty()).unwrap();
    }
    let found = stats(&View::new(&builder.build().unwrap()));
    let found: Vec<_> = found.iter().map(|stat| (stat.mode, stat.device)).collect();
    assert_eq!(
        found,
        [
            (1 << 26 | 0o660, Some(device)),
            (1 << 26 | 1 << 21 | 0o660, Some(device))
        ]
    );
}
