//! Random Dockerfiles that build something out of a given tree.

use std::fmt::Write as _;

use crate::random::Random;
use crate::tree::{Kind, TreeSpec};

/// A Dockerfile on nothing with one to five `COPY`s or `ADD`s: of the whole tree, of its files, directories and links, of patterns
/// that match some, with and without other owners. Some fail, with every builder: what links lead to may not be there.
///
/// The same seed gives the same Dockerfile for a tree.
pub fn random_dockerfile(seed: u64, tree: &TreeSpec) -> String {
    let mut random = Random::new(seed);
    let mut text = "FROM scratch\n".to_owned();
    let words: Vec<&str> = tree
        .entries
        .keys()
        .filter_map(|path| as_word(path))
        .collect();
    let links: Vec<&str> = tree
        .entries
        .iter()
        .filter(|(_, item)| matches!(item.kind, Kind::Symlink { .. }))
        .filter_map(|(path, _)| as_word(path))
        .collect();
    let whole = words.is_empty() || random.chance(60);
    if whole {
        let owner = if random.chance(15) {
            "--chown=7:8 "
        } else {
            ""
        };
        let verb = random.pick(&["COPY", "COPY", "ADD"]);
        let to = random.pick(&["/", "/", "/all/"]);
        let _ = writeln!(text, "{verb} {owner}. {to}");
    }
    let more = if whole {
        random.below(3)
    } else {
        1 + random.below(4)
    };
    for number in 0..more {
        if words.is_empty() {
            break;
        }
        let source = match random.below(10) {
            0..4 => (*random.pick(&words)).to_owned(),
            4 | 5 if !links.is_empty() => (*random.pick(&links)).to_owned(),
            6 => format!("{}/", random.pick(&words)),
            // The first name always matches, so that something does.
            7 => format!("{}* *.md", random.pick(&words)),
            8 => format!("{} {}", random.pick(&words), random.pick(&words)),
            _ => pattern(&mut random, &words),
        };
        let _ = writeln!(text, "COPY {source} /to{number}/");
    }
    text
}

/// A path that means itself in a Dockerfile, without quotes.
fn as_word(path: &[u8]) -> Option<&str> {
    let text = str::from_utf8(path).ok()?;
    let is_plain = |c: char| c.is_alphanumeric() || "._-+/".contains(c);
    (text.chars().all(is_plain) && !text.starts_with('-')).then_some(text)
}

/// A path with a wildcard in its last part.
fn pattern(random: &mut Random, paths: &[&str]) -> String {
    let path = *random.pick(paths);
    let (parent, name) = path
        .rsplit_once('/')
        .map_or(("", path), |(parent, name)| (parent, name));
    let first: String = name.chars().take(1).collect();
    let wild = match random.below(3) {
        0 => "*".to_owned(),
        1 => format!("{first}*"),
        _ => format!("[{first}]*"),
    };
    if parent.is_empty() {
        wild
    } else {
        format!("{parent}/{wild}")
    }
}
