//! Archives and listings against those of the official clients, on random trees.
//!
//! What differs is printed as a case to write down, with its seed. Where a client is missing, a fingerprint
//! of what it sent earlier stands in: `recorded/*.txt`, written by running this test with `SHIPLOAD_RECORD=1`
//! where the client is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use sha2::{Digest as _, Sha256};
use shipload_context::{DockerfileChoice, Progress, Recipe, Semantics};
use shipload_testkit::devtools::Devtools;
use shipload_testkit::docker_cli::{DockerCli, Packed};
use shipload_testkit::member::{self, Member};
use shipload_testkit::oracle::Answer;
use shipload_testkit::tree::{Case, Kinds, random_case};

use crate::support::packed;

/// How many cases are compared; `SHIPLOAD_CASES` and `SHIPLOAD_SEED` ask for more and for others, as `cargo
/// xtask fuzz ignore` does.
const CASES: u64 = 2_000;

fn asked(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// What we would send for the directory; `None` where we refuse it.
fn ours(root: &Path, dockerfile: &str) -> Option<Vec<Member>> {
    let plan = Recipe::new(root)
        .semantics(Semantics::Classic)
        .dockerfile(DockerfileChoice::File(root.join(dockerfile)))
        .plan(&Progress::new())
        .ok()?;
    Some(member::read(&packed(&plan.view).ok()?).unwrap())
}

fn theirs(cli: &DockerCli, root: &Path, dockerfile: &str) -> Option<Vec<Member>> {
    match cli.pack(root, dockerfile).unwrap() {
        Packed::Archive(archive) => Some(member::read(&archive).unwrap()),
        Packed::Failed(_) => None,
    }
}

fn differences(ours: Option<&[Member]>, theirs: Option<&[Member]>) -> Vec<String> {
    match (ours, theirs) {
        (None, None) => Vec::new(),
        (Some(ours), Some(theirs)) => member::differences(ours, theirs),
        (None, Some(_)) => vec!["we refuse what the client sends".into()],
        (Some(_), None) => vec!["we send what the client refuses".into()],
    }
}

/// Runs `check` for each seed on all cores, and gives back the results in the order of seeds.
fn on_all_cores<T: Send>(seeds: u64, check: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let result = check(seed);
                    results
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((seed, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(seed, _)| *seed);
    results.into_iter().map(|(_, result)| result).collect()
}

/// All that a builder sees of the members but the contents' bytes, short enough to be committed for each case.
fn fingerprint(members: Option<&[Member]>) -> String {
    let Some(members) = members else {
        return "refused".to_owned();
    };
    let mut hash = Sha256::new();
    for m in members {
        for part in [&m.path, &m.link, &m.uname, &m.gname] {
            hash.update(part);
            hash.update([0]);
        }
        let numbers = (
            m.kind,
            m.mode,
            m.uid,
            m.gid,
            m.size,
            &m.mtime,
            m.device,
            m.extensions.keys(),
        );
        hash.update(format!("{numbers:?}\n"));
    }
    format!("{:x}", hash.finalize())[..12].to_owned()
}

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/recorded")
        .join(name)
}

/// The fingerprints of a recording, by seed; its first line says who made it.
pub(crate) fn replay(name: &str) -> Vec<String> {
    let text = fs_err::read_to_string(recorded(name)).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

fn record(name: &str, head: &str, fingerprints: &[String]) {
    if std::env::var_os("SHIPLOAD_RECORD").is_some() {
        fs_err::write(
            recorded(name),
            format!("{head}\n{}\n", fingerprints.join("\n")),
        )
        .unwrap();
    }
}

fn written(seed: u64, kinds: Kinds) -> (tempfile::TempDir, Case) {
    let case = random_case(seed, kinds);
    let temp = tempfile::tempdir().unwrap();
    case.tree.write(temp.path()).unwrap();
    (temp, case)
}

#[test]
fn the_classic_archive_is_the_docker_clis() {
    let name = "docker-cli.txt";
    let cli = match DockerCli::find() {
        Ok(cli) => cli,
        Err(why) => {
            println!("replaying what the docker CLI sent earlier: {why}");
            let answers = replay(name);
            assert_eq!(answers.len() as u64, CASES);
            let ours = on_all_cores(CASES, |seed| {
                let (temp, case) = written(seed, Kinds::Every);
                fingerprint(ours(temp.path(), &case.dockerfile).as_deref())
            });
            for (seed, (ours, theirs)) in ours.iter().zip(&answers).enumerate() {
                assert_eq!(
                    ours,
                    theirs,
                    "seed {seed}:\n{}",
                    random_case(seed as u64, Kinds::Every)
                );
            }
            return;
        }
    };
    let (cases, first) = (asked("SHIPLOAD_CASES", CASES), asked("SHIPLOAD_SEED", 0));
    let answers = on_all_cores(cases, |number| {
        let (temp, case) = written(first + number, Kinds::Every);
        let theirs = theirs(&cli, temp.path(), &case.dockerfile);
        let found = differences(
            ours(temp.path(), &case.dockerfile).as_deref(),
            theirs.as_deref(),
        );
        (found, fingerprint(theirs.as_deref()))
    });
    let mut report = String::new();
    let differing: Vec<_> = (first..)
        .zip(&answers)
        .filter(|(_, (found, _))| !found.is_empty())
        .collect();
    for (seed, (found, _)) in differing.iter().take(3) {
        let case = random_case(*seed, Kinds::Every);
        let _ = writeln!(report, "seed {seed}:\n{case}\n{}\n", found.join("\n"));
    }
    assert!(
        differing.is_empty(),
        "{} of {cases} cases differ\n{report}",
        differing.len()
    );
    let fingerprints: Vec<_> = answers.into_iter().map(|(_, print)| print).collect();
    let refused = fingerprints
        .iter()
        .filter(|print| *print == "refused")
        .count();
    assert!(
        refused < fingerprints.len() / 2,
        "{refused} of {cases} cases are refused, which proves little"
    );
    println!("{cases} archives from seed {first}, {refused} of them refused: no difference");
    record(
        name,
        &format!("docker CLI {}: {}", cli.version(), DockerCli::COMMAND),
        &fingerprints,
    );
}

/// Paths that a builder takes, short enough to be committed; `refused` for none.
pub(crate) fn paths_fingerprint(paths: Option<&BTreeSet<Vec<u8>>>) -> String {
    match paths {
        None => "refused".to_owned(),
        Some(paths) => {
            let joined: Vec<_> = paths.iter().map(Vec::as_slice).collect();
            format!("{:x}", Sha256::digest(joined.join(&0)))[..12].to_owned()
        }
    }
}

#[test]
fn the_buildkit_listing_is_buildkits() {
    let name = "docker-devtools.txt";
    let ours = |case: &Case, root: &Path| {
        let plan =
            Recipe::new(root).dockerfile(DockerfileChoice::File(root.join(&case.dockerfile)));
        let plan = plan.plan(&Progress::new()).ok()?;
        let paths = plan
            .view
            .members()
            .map(|m| m.entry.path.as_bytes().to_vec());
        Some(paths.collect::<BTreeSet<_>>())
    };
    let print = paths_fingerprint;
    let tool = Devtools::find();
    let answers = match &tool {
        Err(why) => {
            println!("replaying what docker-devtools listed earlier: {why}");
            replay(name)
        }
        Ok(tool) => on_all_cores(CASES, |seed| {
            match tool.answer(&random_case(seed, Kinds::Plain)).unwrap() {
                Answer::Sent(paths) => print(Some(&paths)),
                Answer::Refused => print(None),
                Answer::Unclear => "unclear".to_owned(),
            }
        }),
    };
    assert_eq!(answers.len() as u64, CASES);
    let mine = on_all_cores(CASES, |seed| {
        let (temp, case) = written(seed, Kinds::Plain);
        print(ours(&case, temp.path()).as_ref())
    });
    let mut compared = 0;
    for (seed, (mine, theirs)) in (0_u64..).zip(mine.iter().zip(&answers)) {
        if theirs != "unclear" {
            compared += 1;
            assert_eq!(
                mine,
                theirs,
                "seed {seed}:\n{}",
                random_case(seed, Kinds::Plain)
            );
        }
    }
    assert!(
        compared > CASES * 9 / 10,
        "only {compared} of {CASES} cases got a clear answer"
    );
    if let Ok(tool) = &tool {
        record(
            name,
            &format!(
                "docker-devtools {}: build-context ls --whole-context",
                tool.version()
            ),
            &answers,
        );
    }
}

/// One tree with every awkward kind of file that a file system holds.
fn awkward(root: &Path) {
    let long = |n: usize| "n".repeat(n);
    let deep = format!("{0}/{0}/{0}", long(120));
    let exact = format!("{}/{}", long(155), long(100));
    crate::support::files(
        root,
        &[
            ("Dockerfile", "FROM scratch\nCOPY . /\n"),
            ("empty", ""),
            ("dir/empty dir/", ""),
            ("a-b", ""),
            ("a/x", ""),
            ("a.txt", ""),
            ("näme/ß", "x"),
            ("new\nline", "x"),
            ("tab\tand\u{1b}escape", "x"),
            (".hidden/.wh.gone", "x"),
            ("dangling", "-> nowhere/at/all"),
            ("absolute", "-> /etc/passwd"),
            ("out", "-> ../../.."),
            ("loop", "-> loop"),
            (&long(255), "x"),
            (&deep, "x"),
            (&exact, "x"),
        ],
    );
    std::os::unix::fs::symlink(long(300), root.join("long link")).unwrap();
    std::os::unix::fs::symlink("zïel", root.join("nicht-ascii")).unwrap();
    let raw = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"raw \xff\xfe");
    fs_err::write(root.join(raw), "x").unwrap();
    fs_err::hard_link(root.join("a/x"), root.join("a/second")).unwrap();
    fs_err::hard_link(root.join("a/x"), root.join("third")).unwrap();
    let flags = rustix::fs::AtFlags::empty();
    rustix::fs::linkat(
        CWD,
        root.join("dangling"),
        CWD,
        root.join("zz linked link"),
        flags,
    )
    .unwrap();
    for (name, mode) in [
        ("setuid", 0o4755),
        ("setgid", 0o2711),
        ("sticky", 0o1777),
        ("none", 0o000),
        ("own", 0o600),
    ] {
        fs_err::write(root.join(name), name).unwrap();
        fs_err::set_permissions(
            root.join(name),
            std::os::unix::fs::PermissionsExt::from_mode(mode),
        )
        .unwrap();
    }
    mknodat(
        CWD,
        root.join("fifo"),
        FileType::Fifo,
        Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let sparse = fs_err::File::create(root.join("sparse")).unwrap();
    sparse.set_len(3 << 20).unwrap();
    let times = [
        ("old", -5_000_000_001_i64),
        ("future", 10_000_000_000),
        ("fraction", 1_700_000_000),
    ];
    for (name, secs) in times {
        let file = fs_err::File::create(root.join(name)).unwrap();
        let time = rustix::fs::Timespec {
            tv_sec: secs,
            tv_nsec: 999_999_999,
        };
        let times = rustix::fs::Timestamps {
            last_access: time,
            last_modification: time,
        };
        rustix::fs::futimens(&file, &times).unwrap();
    }
    if rustix::process::geteuid().is_root() {
        privileged(root);
    }
}

/// What only root can make: devices, other owners, file capabilities.
fn privileged(root: &Path) {
    for (name, kind) in [
        ("char", FileType::CharacterDevice),
        ("block", FileType::BlockDevice),
    ] {
        let made = mknodat(
            CWD,
            root.join(name),
            kind,
            Mode::from_raw_mode(0o600),
            makedev(259, 70_000),
        );
        assert!(made.is_ok() || made == Err(rustix::io::Errno::PERM));
    }
    let own = fs_err::File::open(root.join("own")).unwrap();
    std::os::unix::fs::fchown(&own, Some(70_000), Some(80_000)).unwrap();
    let capability: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let path = root.join("setgid");
    rustix::fs::setxattr(
        &path,
        c"security.capability",
        &capability,
        rustix::fs::XattrFlags::empty(),
    )
    .unwrap();
}

#[test]
fn every_awkward_kind_of_file_is_sent_as_the_docker_cli_sends_it() {
    let temp = tempfile::tempdir().unwrap();
    awkward(temp.path());
    if !rustix::process::geteuid().is_root() {
        // Only root can read a file of mode 0000, and the client refuses what it cannot read.
        fs_err::remove_file(temp.path().join("none")).unwrap();
    }
    let members = ours(temp.path(), "Dockerfile").unwrap();
    assert!(members.len() > 35);
    match DockerCli::find() {
        Ok(cli) => {
            let theirs = theirs(&cli, temp.path(), "Dockerfile");
            let found = differences(Some(&members), theirs.as_deref());
            assert!(found.is_empty(), "{}", found.join("\n"));
        }
        Err(why) => println!("packed, but not compared: {why}"),
    }
}
