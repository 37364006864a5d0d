//! `Merge`: the listings of several sources as one list, each path once, and every parent in it.

use super::{Clash, Notice, TreeError};
use crate::content::Content;
use crate::entry::{Entry, Kind, Mtime, Origin, Standing};
use crate::path::EntryPath;
use crate::source::host::Listing;

/// Puts the listings of several sources into one order.
pub(super) struct Merge {
    clash: Clash,
    entries: Vec<Entry>,
    /// The sources whose entries win over all others.
    winners: Vec<Origin>,
    notices: Vec<Notice>,
    sources: usize,
    /// Whether every source lists all parents of what it has.
    parents: bool,
}

impl Merge {
    pub(super) fn new(clash: Clash) -> Self {
        Self {
            clash,
            entries: Vec::new(),
            winners: Vec::new(),
            notices: Vec::new(),
            sources: 0,
            parents: true,
        }
    }

    pub(super) fn add(&mut self, mut listing: Listing, wins: bool) {
        if let (true, Some(first)) = (wins, listing.entries.first()) {
            self.winners.push(first.origin);
        }
        self.notices.append(&mut listing.notices);
        self.sources += 1;
        self.parents &= listing.parents;
        if self.sources == 1 {
            self.entries = listing.entries;
        } else {
            self.entries.append(&mut listing.entries);
        }
    }

    pub(super) fn finish(
        mut self,
        made: Origin,
        origins: &[String],
    ) -> Result<(Vec<Entry>, Vec<Notice>), TreeError> {
        if self.sources < 2 && self.parents {
            return Ok((self.entries, self.notices));
        }
        if self.sources > 1 {
            // Stable, so that of equal paths the later source stands later; and fast on runs that are in order.
            self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let name = |origin: Origin| origins.get(origin.0 as usize).cloned().unwrap_or_default();
        let mut out: Vec<Entry> = Vec::with_capacity(self.entries.len() + 1);
        // The entries on the way to the last one, outermost first.
        let mut way: Vec<usize> = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            if let Some(last) = out.last_mut()
                && last.path == entry.path
            {
                let second = entry.origin;
                match self.choose(last, &entry) {
                    Choice::First => {}
                    Choice::Second => *last = entry,
                    Choice::Clash => {
                        let (first, second) = (name(last.origin), name(second));
                        return Err(TreeError::Clash {
                            path: entry.path,
                            first,
                            second,
                        });
                    }
                }
                continue;
            }
            while let Some(&top) = way.last()
                && !entry.path.starts_with(&out[top].path)
            {
                way.pop();
            }
            if let Some(&top) = way.last()
                && !out[top].is_dir()
            {
                return Err(TreeError::NotADirectory {
                    above: out[top].path.clone(),
                    first: name(out[top].origin),
                    second: name(entry.origin),
                    path: entry.path,
                });
            }
            while let Some(parent) =
                missing_parent(&entry.path, way.last().map(|&top| &out[top].path))
            {
                way.push(out.len());
                out.push(Entry {
                    path: parent,
                    kind: Kind::Dir,
                    mode: 0o755,
                    uid: 0,
                    gid: 0,
                    mtime: Mtime::default(),
                    inode: None,
                    standing: Standing::Made,
                    content: Content::None,
                    origin: made,
                });
            }
            way.push(out.len());
            out.push(entry);
        }
        out.shrink_to_fit();
        Ok((out, self.notices))
    }

    fn choose(&self, first: &Entry, second: &Entry) -> Choice {
        let wins = |entry: &Entry| self.winners.contains(&entry.origin);
        if first.is_dir() && second.is_dir() {
            let better = first.standing != Standing::Named && second.standing == Standing::Named;
            let last = self.clash == Clash::LastWins && second.standing == Standing::Named;
            return if better || last {
                Choice::Second
            } else {
                Choice::First
            };
        }
        match (wins(first), wins(second), self.clash) {
            (true, false, _) => Choice::First,
            (false, true, _) | (_, _, Clash::LastWins) => Choice::Second,
            (_, _, Clash::Fail) => Choice::Clash,
        }
    }
}

enum Choice {
    First,
    Second,
    Clash,
}

/// The outermost directory of `path` that is below `above` and not yet there.
fn missing_parent(path: &EntryPath, above: Option<&EntryPath>) -> Option<EntryPath> {
    let from = above.map_or(0, |above| above.as_bytes().len() + 1);
    let rest = &path.as_bytes()[from..];
    let slash = rest.iter().position(|&b| b == b'/')?;
    EntryPath::new(&path.as_bytes()[..from + slash]).ok()
}
