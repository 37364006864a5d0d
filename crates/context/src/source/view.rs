//! The members of a view as entries of another tree.

use std::collections::HashMap;

use crate::entry::{Entry, Origin};
use crate::source::host::Listing;
use crate::tree::Links;
use crate::view::View;

/// The members of a view, their hard links numbered as those of no other source.
pub(crate) fn list(view: &View, origin: Origin, links: &Links) -> Listing {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut number = |inode| *numbers.entry(inode).or_insert_with(|| links.fresh());
    let entries = view.members().map(|member| Entry {
        inode: member.entry.inode.map(&mut number),
        origin,
        ..member.entry.clone()
    });
    Listing {
        entries: entries.collect(),
        notices: view.tree().notices().to_vec(),
        parents: false,
    }
}
