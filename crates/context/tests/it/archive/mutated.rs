//! Archives with bytes changed at random: never a panic, never a range outside of the archive.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use shipload_context::source::archive::{Archive, ArchiveMember, ArchiveOptions};
use shipload_context::{EntryPath, Kind, PathError, show};

use super::bytes::seal;
use super::hostile::rich;
use super::tools::python;
use super::{last_wins, listing, read};

/// What must hold of any archive that is accepted.
fn check(archive: &Archive, bytes: &[u8]) {
    let mut dirs_or_nothing = HashSet::new();
    for (path, member) in archive.members() {
        if let Kind::File { size } = member.kind {
            assert!(
                member.offset + size <= bytes.len() as u64,
                "`{path}` is outside"
            );
            assert_eq!(member.offset % 512, 0);
        }
        assert!(
            !path
                .components()
                .any(|part| part == b".." || part == b"." || part.is_empty())
        );
        assert!(member.mode <= 0o7777);
        if !matches!(member.kind, Kind::Dir) {
            dirs_or_nothing.insert(path.clone());
        }
    }
    for (path, _) in archive.members() {
        let mut above = path.parent();
        while let Some(dir) = above {
            assert!(
                !dirs_or_nothing.contains(&dir),
                "`{path}` is below something else"
            );
            above = dir.parent();
        }
    }
}

/// A random change, `seed` says which; most checksums are mended, or nothing behind them would be seen.
fn mutate(bytes: &mut Vec<u8>, seed: &mut u64) {
    let mut next = |below: usize| {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap() % below.max(1)
    };
    let blocks = bytes.len() / 512;
    let block = next(blocks) * 512;
    match next(10) {
        0..=3 => bytes[block + next(512)] = u8::try_from(next(256)).unwrap(),
        4 => bytes[block + 156] = b"\x0001234567LKxgSVD"[next(16)],
        5 => {
            let digits = b"01234567 \0\xff\x80+-89";
            let field = [100, 108, 116, 124, 136, 329, 337][next(7)] + next(12);
            bytes[block + field] = digits[next(digits.len())];
        }
        6 => {
            let other = next(blocks) * 512;
            bytes.copy_within(other..other + 512, block);
        }
        7 => drop(bytes.drain(block..block + 512)),
        8 => bytes.truncate(next(bytes.len())),
        _ => {
            let text: &[u8] = [
                &b"../"[..],
                b"/",
                b"size=",
                b"path=",
                b"\0",
                b"\n",
                b"./d/",
                b"h\0",
            ][next(8)];
            let at = block + next(512 - text.len());
            bytes[at..at + text.len()].copy_from_slice(text);
        }
    }
    if next(8) > 0 && block + 512 <= bytes.len() {
        seal(&mut bytes[block..block + 512]);
    }
}

/// One to three random changes.
fn mutated(whole: &[u8], seed: &mut u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=*seed % 3 {
        if bytes.len() >= 512 {
            mutate(&mut bytes, seed);
        }
    }
    bytes
}

#[test]
fn twenty_thousand_mutations() {
    let whole = rich();
    let mut seed = 1;
    let (mut accepted, mut causes) = (0, HashSet::new());
    for _ in 0..20_000 {
        let bytes = mutated(&whole, &mut seed);
        match read(&bytes) {
            Ok(archive) => {
                accepted += 1;
                check(&archive, &bytes);
            }
            Err(error) => {
                causes.insert(std::mem::discriminant(&error.problem));
            }
        }
        if let Ok(archive) = Archive::from_reader("x", &bytes[..], &last_wins()) {
            check(&archive, &bytes);
        }
    }
    // Otherwise the changes go nowhere, or the reader takes everything.
    assert!((500..15_000).contains(&accepted), "{accepted} accepted");
    assert!(causes.len() >= 15, "{} kinds of refusal", causes.len());
}

/// What is accepted must be what others see, or a builder would unpack something else than what is
/// shown: mutated archives that we accept, against Python's reader and GNU tar.
#[test]
fn others_read_what_is_accepted_alike() {
    const SCRIPT: &str = "
import os, sys, tarfile
kinds = dict(zip('\\x000123456', 'file file file symlink char block dir fifo'.split()))
for name in sorted(os.listdir(sys.argv[1]), key=int):
    print('archive')
    try:
        with tarfile.open(os.path.join(sys.argv[1], name), 'r:', encoding='utf-8') as tar:
            for member in tar:
                at = tar._find_link_target(member) if member.islnk() else member
                size = at.size if at.isreg() else ''
                print(kinds[member.type.decode()], at.mode & 0o7777, at.uid, at.gid,
                      int(at.mtime // 1), size, os.fsencode(member.name).hex(),
                      os.fsencode(member.linkname).hex() if member.issym() else '', sep=';')
    except Exception as error:
        print('error', error)
";
    let temp = tempfile::tempdir().unwrap();
    let whole = rich();
    let mut seed = 7;
    let mut known = HashSet::new();
    let mut ours = Vec::new();
    while ours.len() < 1000 {
        let bytes = mutated(&whole, &mut seed);
        if known.insert(bytes.clone())
            && let Ok(archive) = read(&bytes)
        {
            fs_err::write(temp.path().join(ours.len().to_string()), &bytes).unwrap();
            ours.push(archive);
        }
    }
    let Some(python) = python(SCRIPT, &[temp.path().as_os_str()]) else {
        return;
    };
    let python = String::from_utf8(python).unwrap();
    let mut compared = 0;
    for (theirs, ours) in python.split("archive\n").skip(1).zip(&ours) {
        // Directories may stand there twice; the last one counts.
        let theirs: BTreeMap<_, _> = theirs.lines().filter_map(python_member).collect();
        let ours: BTreeMap<_, _> = ours.members().map(our_member).collect();
        assert_eq!(ours, theirs);
        compared += 1;
    }
    assert_eq!(compared, 1000);
}

/// A line of the script by its clean path; `None` for the root.
fn python_member(line: &str) -> Option<(EntryPath, String)> {
    let fields: Vec<&str> = line.split(';').collect();
    let &[.., name, target] = &fields[..] else {
        panic!("Python has {line}")
    };
    let bytes = |hex: &str| -> Vec<u8> {
        let digits = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
        digits
            .map(|digits| u8::from_str_radix(digits, 16).unwrap())
            .collect()
    };
    match EntryPath::cleaned(bytes(name)) {
        Ok(path) => Some((
            path,
            [&fields[..6].join(";"), ";", &show(&bytes(target))].concat(),
        )),
        Err(PathError::Empty(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

fn our_member((path, member): (&EntryPath, &ArchiveMember)) -> (EntryPath, String) {
    let (size, target) = match &member.kind {
        Kind::File { size } => (size.to_string(), String::new()),
        Kind::Symlink { target } => (String::new(), show(target)),
        Kind::Dir | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => Default::default(),
    };
    let (kind, secs) = (member.kind.name(), member.mtime.secs);
    let owner = format!("{};{};{}", member.mode, member.uid, member.gid);
    (
        path.clone(),
        format!("{kind};{owner};{secs};{size};{target}"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_anywhere(
        edits in prop::collection::vec((0..6000_usize, any::<u8>()), 0..20),
        mend in any::<bool>(),
        length in 0..8000_usize,
    ) {
        let mut bytes = rich();
        for (at, byte) in edits {
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        if mend {
            for block in bytes.chunks_exact_mut(512).filter(|block| &block[257..262] == b"ustar") {
                seal(block);
            }
        }
        bytes.truncate(length);
        if let Ok(archive) = read(&bytes) {
            check(&archive, &bytes);
        }
    }

    #[test]
    fn any_bytes_at_all(bytes in prop::collection::vec(any::<u8>(), 0..2000), magic in 0..5_usize) {
        let magic: &[u8] = [&b""[..], b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"][magic];
        let bytes = [magic, &bytes].concat();
        if let Ok(archive) = Archive::from_reader("x", &bytes[..], &ArchiveOptions::default()) {
            prop_assert!(listing(&archive).is_empty());
        }
    }
}
