//! Trees with some things changed.

use std::collections::BTreeSet;

use super::{Item, Kind, TreeSpec};

/// The tree with every kind of change somewhere: entries less and more, other modes, contents, sizes, targets and types, and
/// other times alone. Ignore files, hard-linked files and the Dockerfile at `dockerfile` stay as they are.
///
/// The same seed makes the same changes in a tree.
pub fn edited(seed: u64, tree: &TreeSpec, dockerfile: &[u8]) -> TreeSpec {
    let mut edited = tree.clone();
    let linked = tree.entries.values().filter_map(|item| match &item.kind {
        Kind::Hardlink { to } => Some(to),
        _ => None,
    });
    let linked: BTreeSet<&Vec<u8>> = linked.collect();
    for (number, path) in (seed..).zip(tree.entries.keys()) {
        let Some(item) = edited.entries.get_mut(path) else {
            continue;
        };
        // Nobody waits for a pipe in place of a Dockerfile.
        if path.ends_with(b"ignore") || linked.contains(path) || path == dockerfile {
            continue;
        }
        match (number % 9, &mut item.kind) {
            (0, _) => edited.remove(path),
            (1, kind) if !matches!(kind, Kind::Hardlink { .. }) => item.mode ^= 0o100,
            (2, Kind::File { content }) => content.push(b'x'),
            (3, Kind::File { content }) => content.iter_mut().for_each(|byte| *byte ^= 1),
            (4, Kind::Symlink { target }) => target.push(b'x'),
            (5, Kind::File { .. }) => *item = Item::new(Kind::Fifo, item.mode),
            (6, _) => item.mtime.0 += 1,
            (7, Kind::Dir) => edited.file(&[path, &b"/new"[..]].concat(), b"new"),
            _ => {}
        }
    }
    edited
}
