//! Random trees whose names are hard on pattern matchers.

use super::rules::random_rules;
use super::{Case, Item, Kind, TreeSpec};
use crate::random::Random;

/// Which kinds of entries a random tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// Directories and short files with ordinary modes: enough for ignore rules.
    Plain,
    /// Every kind there is, modes, times and sizes of any sort; no devices, which only root can make.
    Every,
}

/// Names that collide with each other in prefix, case and extension, and those that patterns or tools may
/// take for something else.
const NAMES: &[&[u8]] = &[
    b"a",
    b"a",
    b"b",
    b"b",
    b"c",
    b"ab",
    b"A",
    b"abc",
    b"src",
    b"src",
    b"logs",
    b"x.log",
    b"a.txt",
    b"b.txt",
    b"a.md",
    b"README.md",
    b".a",
    b".git",
    b"a.b.c",
    b"a-b",
    b"a b",
    b"a+b",
    b"node_modules",
    "é".as_bytes(),
    "ßx.md".as_bytes(),
    "日本".as_bytes(),
];

const ODD_NAMES: &[&[u8]] = &[
    b"[a]",
    b"a*b",
    b"*",
    b"?",
    b"a|b",
    b"{a,b}",
    b"a{1}",
    b"^a",
    b"$a",
    b"(a)",
    b"\\a",
    b"a\\",
    b"!a",
    b"#a",
    b" a",
    b"a ",
    b"-a",
    b"a\nb",
    b"\xff",
    b"a\xfeb",
    b"\xe2\x82",
    b"\xef\xbb\xbfa",
    b"aa",
    b"7",
    b"%41",
    b"\xc2\xa0",
    b"..a",
    b"...",
    b"Dockerfile.md",
    b"dockerfile",
];

/// Makes a context of up to some dozens of entries, with a Dockerfile and, nearly always, ignore files.
///
/// The same seed gives the same case.
pub fn random_case(seed: u64, kinds: Kinds) -> Case {
    let mut random = Random::new(seed);
    let mut tree = TreeSpec::default();
    let count = 3 + random.below(28);
    for _ in 0..count {
        let path = random_path(&mut random, &tree);
        // A name may be taken by a file that would have to be a directory.
        if !is_free(&tree, &path) {
            continue;
        }
        if random.chance(25) {
            tree.dir(&path);
        } else {
            let item = random_item(&mut random, &tree, &path, kinds);
            tree.add(&path, item);
        }
    }
    if kinds == Kinds::Every {
        vary(&mut random, &mut tree);
    }
    let dockerfile = dockerfile(&mut random, &mut tree);
    ignore_files(&mut random, &mut tree, &dockerfile);
    Case { tree, dockerfile }
}

fn random_name(random: &mut Random) -> &'static [u8] {
    if random.chance(8) {
        random.pick::<&[u8]>(ODD_NAMES)
    } else {
        random.pick::<&[u8]>(NAMES)
    }
}

fn random_path(random: &mut Random, tree: &TreeSpec) -> Vec<u8> {
    let mut path = Vec::new();
    // Mostly into a directory that is there, so that directories hold several entries.
    let dirs: Vec<&Vec<u8>> = tree
        .entries
        .iter()
        .filter(|(_, item)| item.is_dir())
        .map(|(path, _)| path)
        .collect();
    if !dirs.is_empty() && random.chance(65) {
        path.extend_from_slice(dirs[random.below(dirs.len())]);
    }
    for _ in 0..1 + random.below(3) / 2 + random.below(4) / 3 {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(random_name(random));
    }
    path
}

fn is_free(tree: &TreeSpec, path: &[u8]) -> bool {
    let mut above = (0..path.len())
        .filter(|&at| path[at] == b'/')
        .map(|at| &path[..at]);
    !tree.entries.contains_key(path)
        && above.all(|above| tree.entries.get(above).is_none_or(Item::is_dir))
}

fn random_item(random: &mut Random, tree: &TreeSpec, path: &[u8], kinds: Kinds) -> Item {
    if kinds == Kinds::Plain {
        return Item::new(
            Kind::File {
                content: Vec::new(),
            },
            0o644,
        );
    }
    let kind = match random.below(20) {
        0 | 1 => Kind::Symlink {
            target: random_target(random),
        },
        2 | 3 => match earlier_file(random, tree, path) {
            Some(to) => Kind::Hardlink { to },
            None => Kind::Fifo,
        },
        4 => Kind::Fifo,
        5 if random.chance(50) => Kind::Socket,
        _ => Kind::File {
            content: random_content(random),
        },
    };
    Item::new(kind, 0o644)
}

fn random_target(random: &mut Random) -> Vec<u8> {
    let targets: [&[u8]; 6] = [b"a", b"../a", b"/etc/hostname", b"no/where", b".", b"\xff"];
    match random.below(8) {
        0 => [&b"long/"[..]; 30].concat(),
        _ => targets[random.below(targets.len())].to_vec(),
    }
}

fn earlier_file(random: &mut Random, tree: &TreeSpec, path: &[u8]) -> Option<Vec<u8>> {
    let files = tree
        .entries
        .iter()
        .filter(|(other, item)| other.as_slice() < path && matches!(item.kind, Kind::File { .. }));
    let files: Vec<&Vec<u8>> = files.map(|(path, _)| path).collect();
    if files.is_empty() {
        None
    } else {
        Some(files[random.below(files.len())].clone())
    }
}

/// Sizes around the edges of a tar block, now and then a large one.
fn random_content(random: &mut Random) -> Vec<u8> {
    let sizes = [0, 1, 2, 100, 511, 512, 513, 1024, 4096, 40_000, 70_000];
    let size = *random.pick(&sizes);
    let byte = b'a' + u8::try_from(random.below(26)).unwrap_or(0);
    vec![byte; size]
}

/// Gives entries modes and times of their own. Owners keep what they need to read and enter.
fn vary(random: &mut Random, tree: &mut TreeSpec) {
    let modes = [
        0o644, 0o755, 0o600, 0o777, 0o4755, 0o2755, 0o1777, 0o6711, 0o400, 0o500,
    ];
    for item in tree.entries.values_mut() {
        let read = if item.is_dir() { 0o500 } else { 0o400 };
        item.mode = random.pick(&modes) | read;
        let seconds = [0, 1, 1_600_000_000, 1_234_567_890, 4_000_000_000];
        let nanos = [0, 1, 500_000_000, 999_999_999];
        item.mtime = (*random.pick(&seconds), *random.pick(&nanos));
    }
}

fn dockerfile(random: &mut Random, tree: &mut TreeSpec) -> String {
    let name = if random.chance(12) {
        "docker/web.Dockerfile"
    } else {
        "Dockerfile"
    };
    if name.contains('/')
        && tree
            .entries
            .get(&b"docker"[..])
            .is_some_and(|item| !item.is_dir())
    {
        tree.remove(b"docker");
    }
    tree.file(name.as_bytes(), b"FROM scratch\nCOPY . /\n");
    name.to_owned()
}

fn ignore_files(random: &mut Random, tree: &mut TreeSpec, dockerfile: &str) {
    let paths: Vec<Vec<u8>> = tree.entries.keys().cloned().collect();
    if random.chance(97) {
        tree.file(b".dockerignore", &random_rules(random, &paths));
    }
    if random.chance(4) {
        let content = if random.chance(30) {
            Vec::new()
        } else {
            random_rules(random, &paths)
        };
        tree.file(format!("{dockerfile}.dockerignore").as_bytes(), &content);
    }
    if random.chance(4) {
        tree.file(b".containerignore", &random_rules(random, &paths));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_case() {
        for seed in 0..200 {
            for kinds in [Kinds::Plain, Kinds::Every] {
                let case = random_case(seed, kinds);
                assert_eq!(case, random_case(seed, kinds));
                let top = tempfile::tempdir().unwrap();
                case.tree.write(top.path()).unwrap();
            }
        }
    }
}
