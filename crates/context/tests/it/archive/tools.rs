//! Archives of real tools: GNU tar, Python's `tarfile`, libarchive where it is there.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use shipload_context::source::archive::{Archive, ArchiveOptions, ArchiveProblem};
use shipload_context::{EntryPath, Kind, Mtime};

use super::bytes::Tar;
use super::{chain, listing};

/// A directory with every kind of entry; names within ustar's limits, or beyond them.
fn tree(dir: &Path, long: bool) {
    let write = |name: &OsStr, data: &[u8]| {
        let path = dir.join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, data).unwrap();
    };
    write(OsStr::new("plain"), b"some text\n");
    write(OsStr::new("empty"), b"");
    write(OsStr::new("a/b/c/large"), &vec![b'x'; 100_000]);
    write(OsStr::new("a-b"), &[1; 512]);
    write(OsStr::new("ümlaut"), b"utf-8");
    write(OsStr::from_bytes(b"bytes-\xff\xfe"), b"not utf-8");
    fs_err::create_dir_all(dir.join("dir/empty")).unwrap();
    fs_err::hard_link(dir.join("plain"), dir.join("a/hard")).unwrap();
    fs_err::hard_link(dir.join("plain"), dir.join("zz")).unwrap();
    symlink("../plain/", dir.join("a/soft")).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        assert!(
            Command::new(program)
                .args(arguments)
                .current_dir(dir)
                .status()
                .unwrap()
                .success()
        );
    };
    run("mkfifo", &["fifo"]);
    run("chmod", &["6751", "a-b"]);
    run(
        "touch",
        &["-d", "2001-02-03 04:05:06.789012345 UTC", "plain"],
    );
    if long {
        let component = "component-".repeat(12);
        write(
            OsStr::new(&format!("{component}/{component}/{component}/f")),
            b"deep",
        );
        write(OsStr::new(&"n".repeat(101)), b"101");
        write(OsStr::new(&"n".repeat(255)), b"255");
        write(OsStr::new(&format!("{}ü", "n".repeat(150))), b"152");
        symlink("t".repeat(300), dir.join("long-target")).unwrap();
        fs_err::hard_link(dir.join("n".repeat(101)), dir.join("o".repeat(130))).unwrap();
        run("touch", &["-d", "1960-01-01 00:00:00.5 UTC", "empty"]);
    }
}

type SameTime = fn(Mtime, Mtime) -> bool;

/// With nanoseconds.
fn exact(read: Mtime, made: Mtime) -> bool {
    read == made
}

/// In whole seconds, rounded down.
fn whole(read: Mtime, made: Mtime) -> bool {
    read == Mtime { nanos: 0, ..made }
}

/// In whole seconds, rounded to 0, as Python does.
fn cut(read: Mtime, made: Mtime) -> bool {
    let up = i64::from(made.secs < 0 && made.nanos > 0);
    read == Mtime {
        secs: made.secs + up,
        nanos: 0,
    }
}

/// As a 64-bit floating point number, good to a microsecond.
fn float(read: Mtime, made: Mtime) -> bool {
    let nanos = |time: Mtime| i128::from(time.secs) * 1_000_000_000 + i128::from(time.nanos);
    (nanos(read) - nanos(made)).abs() < 1000
}

/// Compares an archive, read from the file at `path`, with the directory it was made of.
fn compare(what: &str, path: &Path, dir: &Path, same_time: SameTime) {
    let archive = Archive::open(path, &ArchiveOptions::default())
        .unwrap_or_else(|e| panic!("{what}: {}", chain(&e)));
    let bytes = fs_err::File::open(path).unwrap();
    let mut expected = 0;
    let mut pending = vec![dir.to_owned()];
    let mut links: HashMap<u64, Option<u32>> = HashMap::new();
    let members: HashMap<_, _> = archive.members().collect();
    while let Some(above) = pending.pop() {
        for entry in fs_err::read_dir(above).unwrap() {
            let found = entry.unwrap().path();
            let name =
                EntryPath::new(found.strip_prefix(dir).unwrap().as_os_str().as_bytes()).unwrap();
            let member = members
                .get(&name)
                .unwrap_or_else(|| panic!("{what}: no `{name}`"));
            let meta = fs_err::symlink_metadata(&found).unwrap();
            expected += 1;
            match &member.kind {
                Kind::File { size } => {
                    let data = fs_err::read(&found).unwrap();
                    let mut read = vec![0; data.len()];
                    bytes
                        .file()
                        .read_exact_at(&mut read, member.offset)
                        .unwrap();
                    assert_eq!(*size, meta.len(), "{what}: `{name}`");
                    assert!(read == data, "{what}: content of `{name}`");
                    assert_eq!(member.inode.is_some(), meta.nlink() > 1, "{what}: `{name}`");
                    let known = links.entry(meta.ino()).or_insert(member.inode);
                    assert_eq!(*known, member.inode, "{what}: `{name}`");
                }
                Kind::Dir => {
                    assert!(meta.is_dir());
                    pending.push(found.clone());
                }
                Kind::Symlink { target } => {
                    assert_eq!(
                        fs_err::read_link(&found).unwrap().as_os_str().as_bytes(),
                        &target[..]
                    );
                }
                Kind::Fifo => assert!(meta.file_type().is_fifo()),
                Kind::Char(_) | Kind::Block(_) => panic!("{what}: `{name}` is no device"),
            }
            assert_eq!(member.mode, meta.mode() & 0o7777, "{what}: `{name}`");
            assert_eq!(
                (member.uid, member.gid),
                (meta.uid(), meta.gid()),
                "{what}: `{name}`"
            );
            let made = Mtime {
                secs: meta.mtime(),
                nanos: u32::try_from(meta.mtime_nsec()).unwrap(),
            };
            assert!(
                same_time(member.mtime, made),
                "{what}: {:?} for {made:?}, `{name}`",
                member.mtime
            );
        }
    }
    assert_eq!(members.len(), expected, "{what}");
}

/// Runs a program that may not be there; false, with a line, if it is not.
fn run(program: &str, arguments: &[&OsStr]) -> bool {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        println!("skipped: no `{program}` here");
        return false;
    };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {error}");
    true
}

#[test]
fn gnu_tar() {
    for format in ["gnu", "oldgnu", "pax", "posix", "ustar", "v7"] {
        for root in [".", "*"] {
            let temp = tempfile::tempdir().unwrap();
            let dir = temp.path().join("tree");
            fs_err::create_dir_all(&dir).unwrap();
            tree(&dir, !matches!(format, "ustar" | "v7"));
            if format == "v7" {
                // It has neither FIFOs nor times before 1970.
                fs_err::remove_file(dir.join("fifo")).unwrap();
            }
            let tar = temp.path().join("out.tar");
            let script = format!("cd \"$1\" && tar --format={format} -cf \"$2\" -- {root}");
            run(
                "sh",
                &[
                    OsStr::new("-c"),
                    OsStr::new(&script),
                    OsStr::new("sh"),
                    dir.as_os_str(),
                    tar.as_os_str(),
                ],
            );
            compare(
                &format!("GNU tar {format} {root}"),
                &tar,
                &dir,
                if matches!(format, "pax" | "posix") {
                    exact
                } else {
                    whole
                },
            );
        }
    }
}

#[test]
fn gnu_tar_compressed() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("tree");
    fs_err::create_dir_all(&dir).unwrap();
    tree(&dir, true);
    let plain = temp.path().join("plain.tar");
    let pack = |option: &str, out: &Path| {
        run(
            "tar",
            &[
                OsStr::new(option),
                OsStr::new("-cf"),
                out.as_os_str(),
                OsStr::new("-C"),
                dir.as_os_str(),
                OsStr::new("."),
            ],
        );
    };
    pack("--format=pax", &plain);
    let expected = listing(&Archive::open(&plain, &ArchiveOptions::default()).unwrap());
    for option in ["--gzip", "--bzip2", "--xz", "--zstd"] {
        // The name tells nothing.
        let packed = temp.path().join("packed.tar");
        pack(option, &packed);
        // GNU's own format has no nanoseconds.
        let whole = |lines: Vec<String>| -> Vec<String> {
            lines
                .iter()
                .map(|line| {
                    let (before, after) = line.split_once('.').unwrap();
                    format!("{before}{}", &after[9..])
                })
                .collect()
        };
        let archive = Archive::open(&packed, &ArchiveOptions::default()).unwrap();
        assert_eq!(
            whole(listing(&archive)),
            whole(expected.clone()),
            "{option}"
        );
    }
}

#[test]
fn sparse_files_of_gnu_tar() {
    let temp = tempfile::tempdir().unwrap();
    let holes = fs_err::File::create(temp.path().join("holes")).unwrap();
    holes.set_len(10 << 20).unwrap();
    holes.file().write_all_at(b"data", 5 << 20).unwrap();
    drop(holes);
    for options in [
        "--format=gnu",
        "--sparse-version=0.0",
        "--sparse-version=0.1",
        "--sparse-version=1.0",
    ] {
        let tar = temp.path().join("out.tar");
        run(
            "tar",
            &[
                OsStr::new(if options.contains("gnu") {
                    options
                } else {
                    "--format=pax"
                }),
                OsStr::new(if options.contains("gnu") {
                    "--sparse"
                } else {
                    options
                }),
                OsStr::new("--sparse"),
                OsStr::new("-cf"),
                tar.as_os_str(),
                OsStr::new("-C"),
                temp.path().as_os_str(),
                OsStr::new("holes"),
            ],
        );
        let error = Archive::open(&tar, &ArchiveOptions::default()).unwrap_err();
        assert!(
            matches!(error.problem, ArchiveProblem::Sparse),
            "{options}: {}",
            chain(&error)
        );
        assert!(
            error.member().is_some_and(|name| name.contains("holes")),
            "{options}"
        );
    }
}

#[test]
fn libarchive() {
    for format in ["pax", "gnutar", "ustar", "v7"] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("tree");
        fs_err::create_dir_all(&dir).unwrap();
        tree(&dir, !matches!(format, "ustar" | "v7"));
        // libarchive 3.6 has no way for times before 1970 but PAX, and there half a second off by one.
        let empty = dir.join("empty");
        run(
            "touch",
            &[
                OsStr::new("-d"),
                OsStr::new("1975-01-01 UTC"),
                empty.as_os_str(),
            ],
        );
        if format == "v7" {
            fs_err::remove_file(dir.join("fifo")).unwrap();
        }
        let tar = temp.path().join("out.tar");
        let arguments = [
            OsStr::new("--format"),
            OsStr::new(format),
            OsStr::new("-cf"),
            tar.as_os_str(),
            OsStr::new("-C"),
            dir.as_os_str(),
            OsStr::new("."),
        ];
        if run("bsdtar", &arguments) {
            compare(
                &format!("bsdtar {format}"),
                &tar,
                &dir,
                if format == "pax" { exact } else { whole },
            );
        }
    }
}

/// Runs a Python script over a directory; `None`, with a line, where there is no Python.
pub(super) fn python(script: &str, arguments: &[&OsStr]) -> Option<Vec<u8>> {
    let child = Command::new("python3")
        .arg("-")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: no `python3` here");
        return None;
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "Python failed");
    Some(output.stdout)
}

#[test]
fn python_tarfile() {
    const SCRIPT: &str = "
import sys, tarfile
tree, out, format = sys.argv[1:]
with tarfile.open(out, 'w', format=getattr(tarfile, format)) as tar:
    tar.add(tree, arcname='.')
";
    for format in ["PAX_FORMAT", "GNU_FORMAT", "USTAR_FORMAT"] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("tree");
        fs_err::create_dir_all(&dir).unwrap();
        tree(&dir, format != "USTAR_FORMAT");
        let tar = temp.path().join("out.tar");
        if python(
            SCRIPT,
            &[dir.as_os_str(), tar.as_os_str(), OsStr::new(format)],
        )
        .is_some()
        {
            compare(
                format,
                &tar,
                &dir,
                if format == "PAX_FORMAT" { float } else { cut },
            );
        }
    }
}

/// A member beyond 8 GiB, whose size eleven octal digits cannot hold: by PAX and in base 256.
#[test]
fn nine_gibibytes() {
    let size: u64 = 9 << 30;
    let record = [("size", "9663676416")];
    let heads = [
        Tar::default().pax(&record).add(b'0', "f", b""),
        Tar::default().edited(b'0', "f", b"", |h| {
            h[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 0]);
        }),
    ];
    for (n, head) in heads.into_iter().enumerate() {
        let head = head.0;
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all_at(&head, 0).unwrap();
        file.as_file()
            .set_len(head.len() as u64 + size + 1024)
            .unwrap();
        let archive = Archive::open(file.path(), &ArchiveOptions::default());
        let archive = archive.unwrap_or_else(|e| panic!("{n}: {}", chain(&e)));
        let (_, member) = archive.members().next().unwrap();
        assert_eq!(
            (&member.kind, member.offset),
            (&Kind::File { size }, head.len() as u64),
            "{n}"
        );
        file.as_file()
            .set_len(head.len() as u64 + size + 512)
            .unwrap();
        assert!(Archive::open(file.path(), &ArchiveOptions::default()).is_err());
    }
}
