//! Which members of a view the Dockerfile does not read.

use std::collections::HashSet;

use shipload_context::{Member, Referenced, View};

use super::Sum;

/// For each member of a view whether it is in the least context, and whether sources lead to it.
pub(super) struct Unread {
    /// Members that are not in the least context.
    left: Vec<bool>,
    /// The places, in `Referenced::members`, of those that sources lead to.
    ranks: Vec<Option<usize>>,
    /// Files with several names, one of which is in the least context.
    kept: HashSet<u32>,
}

impl Unread {
    pub(super) fn of(view: &View, referenced: &Referenced) -> Self {
        let kept = referenced.view.members();
        Self {
            left: ranks(view, &referenced.view)
                .map(|rank| rank.is_none())
                .collect(),
            ranks: ranks(view, &referenced.members).collect(),
            kept: kept.filter_map(|member| member.entry.inode).collect(),
        }
    }

    /// What of the member at a place is not read: all or nothing, but of a file that is read by another name only the name.
    pub(super) fn sum(&self, place: usize, member: &Member<'_>) -> Sum {
        if !self.left.get(place).copied().unwrap_or_default() {
            return Sum::default();
        }
        let is_kept = |inode| self.kept.contains(&inode);
        let bytes = match member.entry.inode {
            Some(inode) if is_kept(inode) => 0,
            _ => Sum::of(member).bytes,
        };
        Sum { bytes, entries: 1 }
    }

    /// The place in `Referenced::members` of the member at a place, if sources lead to it.
    pub(super) fn rank(&self, place: usize) -> Option<usize> {
        self.ranks.get(place).copied().flatten()
    }
}

/// For each member of `view` its place in `part`, which is a view of the same tree with some of its members.
pub(super) fn ranks(view: &View, part: &View) -> impl Iterator<Item = Option<usize>> {
    let mut next = 0;
    view.members().map(move |member| {
        let other = part.member(next)?;
        if !std::ptr::eq(member.entry, other.entry) {
            return None;
        }
        next += 1;
        Some(next - 1)
    })
}
