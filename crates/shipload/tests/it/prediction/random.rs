//! Random pairs: small contexts with links, Dockerfiles of several stages, and an edit of either.

use shipload_testkit::random::Random;
use shipload_testkit::tree::{Item, Kind, TreeSpec};

use super::rebuild::{Pair, Version};

/// What is in every context.
const PATHS: [&str; 9] = [
    "a.t", "b.t", "c", "d/a.t", "d/f", "d/e/g", "e/a.t", "e/x/y", "z",
];

const SOURCES: [&str; 12] = [
    "a.t", "c", "d", "d/", "e", "*.t", "d/*", "*/a.t", "link", "d/e", "?", "z c",
];

/// The pair of a seed.
pub(super) fn pair(seed: u64) -> Pair {
    let mut random = Random::new(seed);
    let before = Version {
        dockerfile: dockerfile(&mut random),
        tree: tree(&mut random),
        ..Version::default()
    };
    let mut after = before.clone();
    for _ in 0..=random.below(2) {
        if random.chance(60) {
            edit(&mut random, &mut after.tree);
        } else {
            after.dockerfile = rewrite(&mut random, &after.dockerfile);
        }
    }
    Pair {
        name: format!("seed {seed}"),
        before,
        after,
        is_open: false,
        elsewhere: false,
    }
}

fn tree(random: &mut Random) -> TreeSpec {
    let mut tree = TreeSpec::default();
    for path in PATHS {
        tree.file(path.as_bytes(), path.as_bytes());
    }
    // From the top, so that they lead somewhere from everywhere: `BuildKit` refuses to copy what does not.
    let targets: [&[u8]; 5] = [b"/c", b"/d/e", b"/d/e/g", b"/e/x", b"/d/../z"];
    let mut link = |path: &[u8], random: &mut Random| {
        let target = random.pick(&targets).to_vec();
        tree.add(path, Item::new(Kind::Symlink { target }, 0o777));
    };
    link(b"link", random);
    if random.chance(50) {
        link(b"d/to", random);
    }
    if random.chance(40) {
        let to = random.pick(&["c", "d/f"]).as_bytes().to_vec();
        tree.add(b"e/hard", Item::new(Kind::Hardlink { to }, 0o644));
    }
    tree
}

/// One or two stages; every instruction is another one.
fn dockerfile(random: &mut Random) -> String {
    let mut lines = vec!["FROM busybox AS one".to_owned()];
    let mut count = 0;
    for _ in 0..2 + random.below(3) {
        lines.push(instruction(random, &mut count));
    }
    if random.chance(50) {
        lines.push(
            if random.chance(40) {
                "FROM one"
            } else {
                "FROM busybox"
            }
            .to_owned(),
        );
        for _ in 0..=random.below(3) {
            lines.push(instruction(random, &mut count));
        }
        if random.chance(40) {
            lines.push("COPY --from=one /bin/sh /copied".to_owned());
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn instruction(random: &mut Random, count: &mut usize) -> String {
    *count += 1;
    let number = *count;
    match random.below(12) {
        0 => format!("ENV V{number}=@"),
        1 => format!("LABEL l{number}=@"),
        2 => format!("ARG A{number}=@"),
        3 => format!("WORKDIR /w{number}"),
        4 => format!("RUN echo @ {number}"),
        _ => format!("COPY {} /to{number}/", random.pick(&SOURCES)),
    }
}

/// Changes a file, its mode, its name, or a link.
fn edit(random: &mut Random, tree: &mut TreeSpec) {
    let path = random.pick(&PATHS).as_bytes().to_vec();
    if !tree.entries.contains_key(&path) {
        return;
    }
    let is_first = |item: &Item| matches!(&item.kind, Kind::Hardlink { to } if *to == path);
    let is_linked = tree.entries.values().any(is_first);
    match random.below(8) {
        0..3 => {
            if let Some(Kind::File { content }) =
                tree.entries.get_mut(&path).map(|item| &mut item.kind)
            {
                content.extend(b" edited");
            }
        }
        3 => {
            if let Some(item) = tree.entries.get_mut(&path) {
                item.mode = 0o755;
            }
        }
        4 if !is_linked => {
            if let Some(item) = tree.entries.remove(&path) {
                tree.add(&[&path[..], b"2.t"].concat(), item);
            }
        }
        5 => tree.file(&[&path[..], b".new.t"].concat(), b"new"),
        6 => {
            let target = b"/d/f".to_vec();
            tree.add(b"link", Item::new(Kind::Symlink { target }, 0o777));
        }
        // Only looked at.
        _ => {
            if let Some(item) = tree.entries.get_mut(&path) {
                item.mtime.0 += 5;
            }
        }
    }
}

/// Changes a line, or where it is.
fn rewrite(random: &mut Random, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = random.below(lines.len());
    let is_from = |line: &String| line.starts_with("FROM");
    match random.below(5) {
        0 => lines.insert(line.max(1), "# why".to_owned()),
        1 => lines.insert(
            line.max(1),
            format!("COPY {} /inserted/", random.pick(&SOURCES)),
        ),
        2 if !is_from(&lines[line]) && lines.len() > 3 => drop(lines.remove(line)),
        3 if line > 1 && !is_from(&lines[line]) && !is_from(&lines[line - 1]) => {
            lines.swap(line, line - 1);
        }
        _ => lines[line] = lines[line].replace(" /to", "   /to").replace('@', "@2"),
    }
    lines.push(String::new());
    lines.join("\n")
}
