//! Whatever the program says of a context is what is in the archive that it writes: on 1,000 random trees.

mod diff;
mod digest;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use shipload_testkit::dockerfiles::random_dockerfile;
use shipload_testkit::member::{self, Member};
use shipload_testkit::tree::{Case, Kind, Kinds, TreeSpec, random_case};

use crate::sandbox::{Run, Sandbox};

const CASES: u64 = 1_000;

/// A context, the builder whose rules apply, and what `pack` makes of it.
struct Scene {
    sandbox: Sandbox,
    case: Case,
    engine: &'static str,
    /// The archive of everything.
    tar: Vec<u8>,
    /// Its members.
    all: Vec<Member>,
}

/// # Making one
impl Scene {
    /// A random one; `None` where `pack` refuses the tree or its rules.
    fn random(seed: u64) -> Option<Self> {
        let mut case = random_case(seed, Kinds::Every);
        let name = case.dockerfile.clone().into_bytes();
        let mut item = case.tree.entries[&name].clone();
        case.tree.remove(&name);
        let content = random_dockerfile(seed, &case.tree).into_bytes();
        item.kind = Kind::File { content };
        case.tree.add(&name, item);
        let engines = ["classic", "buildkit", "podman"];
        let engine = engines[usize::try_from(seed).unwrap() % engines.len()];
        Self::new(case, engine)
    }

    fn new(case: Case, engine: &'static str) -> Option<Self> {
        let sandbox = Sandbox::in_memory();
        case.tree.write(&sandbox.dir()).unwrap();
        let mut scene = Self {
            sandbox,
            case,
            engine,
            tar: Vec::new(),
            all: Vec::new(),
        };
        let packed = scene.run("pack", &[]);
        if packed.code != Some(0) {
            return None;
        }
        scene.all = member::read(&packed.stdout).unwrap();
        scene.tar = packed.stdout;
        Some(scene)
    }

    fn run(&self, verb: &str, arguments: &[&str]) -> Run {
        let dockerfile = &self.case.dockerfile;
        let usual = [verb, "--engine", self.engine, "-f", dockerfile];
        self.sandbox.run(&[&usual, arguments].concat())
    }

    /// Whether something is the Dockerfile or an ignore file, wherever it is.
    fn is_build_file(&self, path: &[u8]) -> bool {
        path.ends_with(b"ignore") || path == self.case.dockerfile.as_bytes()
    }

    /// The paths that a verb prints.
    fn paths(&self, verb: &str, arguments: &[&str]) -> Option<Vec<Vec<u8>>> {
        let run = self.run(verb, arguments);
        let lines = run.stdout.split(|&byte| byte == 0);
        let paths = lines.filter(|path| !path.is_empty()).map(<[u8]>::to_vec);
        (run.code == Some(0)).then(|| paths.collect())
    }
}

/// # What has to agree
impl Scene {
    fn ls(&self) {
        let archive: Vec<_> = self.all.iter().map(|member| member.path.clone()).collect();
        assert_eq!(self.paths("ls", &["--format=nul"]), Some(archive));
    }

    /// Sums of all that is in there, and of each directory.
    fn du(&self) {
        let run = self.run("du", &["--format=json", "--depth=100"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let below = |dir: &[u8]| {
            let prefix = [dir, b"/"].concat();
            let is_in = |path: &[u8]| dir == b"." || path == dir || path.starts_with(&prefix);
            let members = self.all.iter().filter(|member| is_in(&member.path));
            let sizes = members.map(|member| if member.kind == '0' { member.size } else { 0 });
            sizes.fold((0, 0), |(entries, bytes), size| (entries + 1, bytes + size))
        };
        for line in run.stdout.split(|&byte| byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Value>(line) else {
                assert!(line.is_empty());
                continue;
            };
            let (entries, bytes) = match line["kind"].as_str() {
                Some("total") => below(b"."),
                Some("directory") => below(&path(&line)),
                _ => continue,
            };
            assert_eq!(
                (&line["entries"], &line["bytes"]),
                (&entries.into(), &bytes.into())
            );
        }
    }

    /// What is in the archive is in, and nothing else is, there or not.
    fn why(&self) {
        let there = self.case.tree.entries.keys().cloned();
        let sent = self.all.iter().map(|member| member.path.clone());
        let mut asked: BTreeSet<Vec<u8>> = there.chain(sent).collect();
        asked.extend(
            asked
                .clone()
                .into_iter()
                .map(|path| [path, b"~".into()].concat()),
        );
        let usual = ["why", "--engine", self.engine, "-f", &self.case.dockerfile];
        let usual = usual.iter().chain(&["--format=json", "--"]).map(OsStr::new);
        let asked: Vec<&OsStr> = asked.iter().map(|path| OsStr::from_bytes(path)).collect();
        let arguments: Vec<&OsStr> = usual.chain(asked.iter().copied()).collect();
        let run = self.sandbox.run(&arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let sent: BTreeSet<&[u8]> = self.all.iter().map(|member| &*member.path).collect();
        let lines = run.stdout.split(|&byte| byte == b'\n');
        let lines: Vec<Value> = lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(lines.len(), asked.len());
        for line in lines {
            assert_eq!(line["included"], sent.contains(&*path(&line)), "{line}");
        }
    }

    /// What is read is in the least archive, and what else is in there are directories, build files, and what the classic
    /// builder's cache looks at.
    fn deps(&self) {
        let packed = self.run("pack", &["--referenced"]);
        let least = (packed.code == Some(0)).then(|| member::read(&packed.stdout).unwrap());
        let deps = self.paths("deps", &["--format=nul"]);
        let (Some(least), Some(deps)) = (&least, &deps) else {
            assert_eq!((least.is_some(), deps.is_some()), (false, false));
            return;
        };
        let deps: BTreeSet<&[u8]> = deps.iter().map(Vec::as_slice).collect();
        let sent: BTreeSet<&[u8]> = least.iter().map(|member| member.path.as_slice()).collect();
        if deps == BTreeSet::from([&b"."[..]]) {
            assert_eq!(least, &self.all);
            return;
        }
        assert!(deps.is_subset(&sent), "{deps:?}\n{sent:?}");
        let needless = |member: &&Member| {
            let is_needed = deps.contains(&*member.path) || self.is_build_file(&member.path);
            member.kind != '5' && !is_needed
        };
        if self.engine != "classic" {
            assert_eq!(least.iter().find(needless), None);
        }
    }
}

/// The path in a line of JSON.
fn path(line: &Value) -> Vec<u8> {
    match &line["path"] {
        Value::String(path) => path.clone().into_bytes(),
        _ => STANDARD.decode(line["path_b64"].as_str().unwrap()).unwrap(),
    }
}

fn check(seed: u64) -> bool {
    let Some(scene) = Scene::random(seed) else {
        return false;
    };
    scene.ls();
    scene.du();
    scene.why();
    scene.deps();
    let manifest = scene.digest(seed);
    scene.diff(seed, manifest.as_deref());
    true
}

#[test]
fn every_verb_agrees_with_the_archive() {
    let (next, checked) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= CASES {
                return;
            }
            let outcome = std::panic::catch_unwind(|| check(seed));
            let Ok(is_checked) = outcome else {
                let tree: TreeSpec = random_case(seed, Kinds::Every).tree;
                panic!("seed {seed}: {tree}");
            };
            checked.fetch_add(is_checked.into(), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(work);
        }
    });
    let checked = checked.into_inner();
    assert!(
        checked > CASES * 8 / 10,
        "only {checked} of {CASES} trees were packed"
    );
}
