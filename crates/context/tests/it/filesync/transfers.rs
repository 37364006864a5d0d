//! Whole transfers of random trees, from memory, from disk and from archives: what is requested, and that the copy is right.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use shipload_context::{
    Archive, ArchiveOptions, EntryMetadata, HostDir, Kind, ListFormat, Mtime, Offer, Parents,
    Policy, SyncRequest, Times, Tree, TreeBuilder, View, list,
};
use shipload_testkit::member;
use shipload_testkit::random::Random;
use shipload_testkit::tree::{self, Kinds, TreeSpec, host_path, random_case};

use super::receiver::Receiver;
use crate::support::packed;

const CASES: u64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Memory,
    Disk,
    Archive,
}

fn read(top: &Path, spec: &TreeSpec, source: Source) -> Tree {
    let on_disk = || {
        TreeBuilder::new()
            .directory(HostDir::new(top))
            .build()
            .unwrap()
    };
    match source {
        Source::Memory => in_memory(spec),
        Source::Disk => on_disk(),
        Source::Archive => {
            let archive = packed(&View::new(&on_disk())).unwrap();
            let options = ArchiveOptions::default();
            let archive = Archive::from_reader("a.tar", &archive[..], &options).unwrap();
            TreeBuilder::new().archive(archive).build().unwrap()
        }
    }
}

fn in_memory(spec: &TreeSpec) -> Tree {
    let mut builder = TreeBuilder::new();
    for (path, item) in &spec.entries {
        let at = path.as_slice();
        let path = shipload_context::EntryPath::new(at).unwrap();
        let mut metadata = match &item.kind {
            tree::Kind::Dir => EntryMetadata::directory(path),
            tree::Kind::File { .. } | tree::Kind::Hardlink { .. } => EntryMetadata::file(path),
            tree::Kind::Symlink { target } => EntryMetadata::symlink(path, target),
            tree::Kind::Fifo => EntryMetadata {
                kind: Kind::Fifo,
                ..EntryMetadata::file(path)
            },
            tree::Kind::Socket => continue,
        };
        metadata.mode = item.mode;
        let (secs, nanos) = item.mtime;
        metadata.mtime = Mtime {
            secs: i64::try_from(secs).unwrap(),
            nanos,
        };
        builder = builder
            .entry(metadata, content(spec, at).unwrap_or_default())
            .unwrap();
    }
    builder.build().unwrap()
}

/// The content of a file, under whichever of its names.
fn content<'s>(spec: &'s TreeSpec, path: &[u8]) -> Option<&'s [u8]> {
    match &spec.entries.get(path)?.kind {
        tree::Kind::File { content } => Some(content),
        tree::Kind::Hardlink { to } => spec.content(to),
        _ => None,
    }
}

/// The path under which a file's content stands in the tree.
fn file<'s>(spec: &'s TreeSpec, path: &'s [u8]) -> &'s [u8] {
    match &spec.entries[path].kind {
        tree::Kind::Hardlink { to } => to,
        _ => path,
    }
}

/// All files by name.
fn files(spec: &TreeSpec) -> BTreeMap<Vec<u8>, &[u8]> {
    let paths = spec.entries.keys();
    paths
        .filter_map(|path| Some((path.clone(), content(spec, path)?)))
        .collect()
}

/// The names that content is requested by: of a file with several, the first in the order of components.
fn first_names(spec: &TreeSpec, source: Source) -> BTreeSet<Vec<u8>> {
    let mut first: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    for (path, item) in &spec.entries {
        let file = match &item.kind {
            tree::Kind::Hardlink { to } if source != Source::Memory => to,
            tree::Kind::File { .. } | tree::Kind::Hardlink { .. } => path,
            _ => continue,
        };
        let name: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
        let known = first.entry(file).or_insert_with(|| name.clone());
        *known = name.min(known.clone());
    }
    first.into_values().map(|name| name.join(&b'/')).collect()
}

/// Changes one byte of a file, and of its metadata nothing that has to change; its path, if there is one to change.
fn edit(spec: &mut TreeSpec, random: &mut Random) -> Option<Vec<u8>> {
    let files = spec.entries.iter().filter(
        |(_, item)| matches!(&item.kind, tree::Kind::File { content } if !content.is_empty()),
    );
    let files: Vec<_> = files.map(|(path, _)| path.clone()).collect();
    if files.is_empty() {
        return None;
    }
    let path = random.pick(&files).clone();
    let item = spec.entries.get_mut(&path).unwrap();
    if let tree::Kind::File { content } = &mut item.kind {
        let at = random.below(content.len());
        content[at] ^= 1;
    }
    Some(path)
}

/// Writes what was edited, with the old time or a nanosecond later.
fn rewrite(top: &Path, spec: &TreeSpec, path: &[u8], later: u32) {
    let host = host_path(top, path);
    let modes = fs_err::metadata(&host).unwrap().permissions();
    fs_err::set_permissions(&host, std::fs::Permissions::from_mode(0o600)).unwrap();
    fs_err::write(&host, spec.content(path).unwrap()).unwrap();
    fs_err::set_permissions(&host, modes).unwrap();
    let (secs, nanos) = spec.entries[path].mtime;
    let time = rustix::fs::Timespec {
        tv_sec: i64::try_from(secs).unwrap(),
        tv_nsec: i64::from((nanos + later) % 1_000_000_000),
    };
    let times = rustix::fs::Timestamps {
        last_access: time,
        last_modification: time,
    };
    let flags = rustix::fs::AtFlags::empty();
    rustix::fs::utimensat(rustix::fs::CWD, &host, &times, flags).unwrap();
}

fn transfers(source: Source, times: Times) {
    let policy = Policy {
        times,
        ..Policy::default()
    };
    let mut edits = 0;
    for seed in 0..CASES {
        let mut spec = random_case(seed, Kinds::Every).tree;
        let temp = tempfile::tempdir().unwrap();
        spec.write(temp.path()).unwrap();
        let mut random = Random::new(seed);
        let mut receiver = Receiver::default();
        let mut take = |spec: &TreeSpec, random: &mut Random| {
            let view = View::new(&read(temp.path(), spec, source)).policy(policy);
            let offer = Offer::new(&view, &SyncRequest::default()).unwrap();
            let requested = receiver.take(&offer, random);
            assert_eq!(receiver.files(), files(spec), "seed {seed}:\n{spec}");
            requested.into_iter().collect::<BTreeSet<_>>()
        };
        let all = first_names(&spec, source);
        assert_eq!(take(&spec, &mut random), all, "seed {seed}:\n{spec}");
        assert_eq!(
            take(&spec, &mut random),
            BTreeSet::new(),
            "seed {seed}:\n{spec}"
        );
        let Some(edited) = edit(&mut spec, &mut random) else {
            continue;
        };
        edits += 1;
        // A directory's own time is what says that a file of it has changed; all others have their digest.
        let later = u32::from(source == Source::Disk && !matches!(times, Times::Pinned(_)));
        rewrite(temp.path(), &spec, &edited, later);
        let found = take(&spec, &mut random);
        let names = all.iter().filter(|name| file(&spec, name) == edited);
        let expected: BTreeSet<_> = names.cloned().collect();
        assert_eq!(found, expected, "seed {seed}:\n{spec}");
        assert_eq!(
            take(&spec, &mut random),
            BTreeSet::new(),
            "seed {seed}:\n{spec}"
        );
    }
    assert!(
        edits > CASES / 2,
        "only {edits} of {CASES} trees had a file to edit"
    );
}

#[test]
fn from_memory() {
    transfers(Source::Memory, Times::WholeSeconds);
    transfers(Source::Memory, Times::Pinned(1_700_000_000));
}

#[test]
fn from_disk() {
    transfers(Source::Disk, Times::WholeSeconds);
    transfers(Source::Disk, Times::Exact);
    transfers(Source::Disk, Times::Pinned(1_700_000_000));
}

#[test]
fn from_an_archive() {
    transfers(Source::Archive, Times::WholeSeconds);
    transfers(Source::Archive, Times::Pinned(0));
}

#[test]
fn what_is_offered_is_what_is_listed_and_packed() {
    for seed in 0..300 {
        let spec = random_case(seed, Kinds::Every).tree;
        let temp = tempfile::tempdir().unwrap();
        spec.write(temp.path()).unwrap();
        let rules = spec.content(b".dockerignore").unwrap_or_default();
        let rules = shipload_context::Rules::parse(
            shipload_context::Semantics::BuildKit,
            ".dockerignore",
            rules,
        );
        let Ok(rules) = rules else { continue };
        let dir = HostDir::new(temp.path()).rules(rules);
        let Ok(tree) = TreeBuilder::new().directory(dir).build() else {
            continue;
        };
        let view = View::with_parents(&tree, Parents::Send);
        let offer = Offer::new(&view, &SyncRequest::default()).unwrap();
        let offered: Vec<_> = (0..offer.len())
            .map(|id| offer.stat(id).unwrap().path)
            .collect();
        let mut listed = Vec::new();
        list(&view, ListFormat::Nul, &mut listed).unwrap();
        let ended: Vec<u8> = offered
            .iter()
            .flat_map(|path| [&path[..], b"\0"].concat())
            .collect();
        assert_eq!(ended, listed, "seed {seed}");
        let members = member::read(&packed(&view).unwrap()).unwrap();
        let names: Vec<_> = members
            .iter()
            .map(|member| {
                member
                    .path
                    .strip_suffix(b"/")
                    .unwrap_or(&member.path)
                    .to_vec()
            })
            .collect();
        assert_eq!(offered, names, "seed {seed}");
    }
}

/// A view that leaves out a directory, but not what is in it, is offered with the directory.
#[test]
fn directories_come_with_what_is_in_them() {
    let tree = in_memory(&{
        let mut spec = TreeSpec::default();
        spec.file(b"a/b/c", b"x");
        spec.file(b"a-b", b"x");
        spec.dir(b"a/e");
        spec
    });
    let view = View::new(&tree).filter(|entry| !entry.is_dir());
    let all = |request: &SyncRequest| super::follow::paths(&Offer::new(&view, request).unwrap());
    assert_eq!(all(&SyncRequest::default()), ["a", "a/b", "a/b/c", "a-b"]);
    assert_eq!(
        all(&super::follow::request(&["a"], &[], &["a/b/c"])),
        [""; 0]
    );
}
