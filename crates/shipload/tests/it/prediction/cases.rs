//! The pairs that are written by hand: for each thing that a cache may look at an edit of it.

mod edits;
mod rewrites;

use shipload_testkit::least::Column;
use shipload_testkit::tree::{Item, Kind, SOME_TIME, TreeSpec};

use super::rebuild::{Pair, Version};
use edits::{DIRECTORIES, EDITS, STAGES};
use rewrites::REWRITES;

/// Who has a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    All,
    Classic,
    BuildKit,
    /// `BuildKit` of the later Engine.
    Later,
}

use Who::{All, BuildKit, Classic, Later};

/// Files: `a` with content, `a=x`, `a:755=x` with a mode, `d/` and `d/:700` directories, `l->a` a link, `h==a` a hard link. In an
/// edit `-a` takes something away.
type Files = &'static str;

/// The cases that a builder has.
pub(super) fn cases(column: Column) -> Vec<Pair> {
    let has = |who: Who| match who {
        All => true,
        Classic => matches!(column, Column::Classic20 | Column::Classic26),
        BuildKit => matches!(column, Column::BuildKit20 | Column::BuildKit26),
        Later => column == Column::BuildKit26,
    };
    let mut pairs = Vec::new();
    // What cannot be told is marked: `?` under BuildKit, `!` under the classic builder.
    let open = |text: &'static str| match text.split_at(1) {
        ("?", text) => (text, has(BuildKit)),
        ("!", text) => (text, has(Classic)),
        _ => (text, false),
    };
    for &(who, file, files, edit) in EDITS {
        if has(who) {
            let (file, is_open) = open(file);
            let pair = edited(file, files, edit);
            pairs.push(Pair { is_open, ..pair });
        }
    }
    let files = "a b d/f e/f=d/f";
    for &(who, before, after) in REWRITES {
        if has(who) {
            let tree = tree(files, &TreeSpec::default());
            let (before, is_open) = open(before);
            pairs.push(Pair {
                name: format!("{before} => {after}"),
                before: version(before, tree.clone()),
                after: version(after, tree),
                is_open,
                elsewhere: false,
            });
        }
    }
    for &(who, file) in STAGES {
        if has(who) {
            pairs.push(edited(file, files, "a=edited"));
        }
    }
    for &(file, files, edit) in DIRECTORIES {
        for elsewhere in [false, true] {
            let is_open = has(BuildKit);
            let pair = edited(file, files, edit);
            pairs.push(Pair {
                is_open,
                elsewhere,
                ..pair
            });
        }
    }
    pairs
}

fn edited(file: &str, files: &str, edit: &str) -> Pair {
    let before = version(file, tree(files, &TreeSpec::default()));
    let after = version(file, tree(edit, &before.tree));
    Pair {
        name: format!("{file}: {files} => {edit}"),
        before,
        after,
        is_open: false,
        elsewhere: false,
    }
}

fn version(text: &str, tree: TreeSpec) -> Version {
    let (text, target) = match text.split_once('^') {
        Some((text, target)) => (text, Some(target.to_owned())),
        None => (text, None),
    };
    let (text, arguments) = text.split_once('|').unwrap_or((text, ""));
    let arguments = arguments.split_whitespace().map(|word| {
        let (name, value) = word.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let has_from = text.starts_with("FROM ") || text.contains(";FROM ");
    let from = if has_from { "" } else { "FROM busybox\n" };
    Version {
        dockerfile: format!("{from}{}\n", text.replace(';', "\n")),
        tree,
        arguments: arguments.collect(),
        target,
    }
}

/// A tree, and then what the words say of it. `a=b` is what `b` was before.
fn tree(words: &str, before: &TreeSpec) -> TreeSpec {
    let mut tree = before.clone();
    for word in words.split_whitespace() {
        if let Some(gone) = word.strip_prefix('-').filter(|gone| !gone.contains("->")) {
            tree.remove(gone.as_bytes());
        } else if let Some((path, target)) = word.split_once("->") {
            let target = target.into();
            tree.add(path.as_bytes(), Item::new(Kind::Symlink { target }, 0o777));
        } else if let Some((path, to)) = word.split_once("==") {
            let to = to.into();
            tree.add(path.as_bytes(), Item::new(Kind::Hardlink { to }, 0o644));
        } else {
            plain(word, before, &mut tree);
        }
    }
    tree
}

/// A file or a directory.
fn plain(word: &str, before: &TreeSpec, tree: &mut TreeSpec) {
    let (name, content) = word
        .split_once('=')
        .map_or((word, None), |(name, text)| (name, Some(text)));
    let (path, mode) = name
        .split_once(':')
        .map_or((name, None), |(path, mode)| (path, Some(mode)));
    let mode = mode.map(|mode| u32::from_str_radix(mode, 8).unwrap());
    if let Some(path) = path.strip_suffix('/') {
        tree.dir(path.as_bytes());
        tree.entries.get_mut(path.as_bytes()).unwrap().mode = mode.unwrap_or(0o755);
        return;
    }
    let own = || {
        before
            .content(path.as_bytes())
            .unwrap_or(path.as_bytes())
            .to_vec()
    };
    let content = match content {
        None => own(),
        Some(other) => match before
            .content(other.as_bytes())
            .or_else(|| tree.content(other.as_bytes()))
        {
            Some(content) => content.to_vec(),
            None => other.replace(',', "\n").into_bytes(),
        },
    };
    let item = Item {
        kind: Kind::File { content },
        mode: mode.unwrap_or(0o644),
        mtime: SOME_TIME,
    };
    tree.add(path.as_bytes(), item);
}
