//! Entries of one tree as those of another.

use std::collections::HashMap;

use crate::entry::{Entry, Origin};
use crate::source::host::Listing;
use crate::tree::{Links, Notice};
use crate::view::View;

/// The members of a view.
pub(crate) fn list(view: &View, origin: Origin, links: &Links) -> Listing {
    let entries = view.members().map(|member| member.entry);
    Listing {
        notices: view.tree().notices().to_vec(),
        ..listing(entries, origin, links)
    }
}

/// Entries that are listed already.
pub(crate) fn renew(entries: &[Entry], origin: Origin, links: &Links) -> Listing {
    let paths = entries.iter().map(|entry| &entry.path);
    Listing {
        notices: paths.filter_map(Notice::of_whiteout).collect(),
        ..listing(entries.iter(), origin, links)
    }
}

/// The entries with their hard links numbered as those of no other source.
fn listing<'a>(entries: impl Iterator<Item = &'a Entry>, origin: Origin, links: &Links) -> Listing {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut number = |inode| *numbers.entry(inode).or_insert_with(|| links.fresh());
    let entries = entries.map(|entry| Entry {
        inode: entry.inode.map(&mut number),
        origin,
        ..entry.clone()
    });
    Listing {
        entries: entries.collect(),
        ..Listing::default()
    }
}
