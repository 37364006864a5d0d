//! `Candidate`: a rule that would take much out of a context, with how much exactly.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use shipload_context::{EntryPath, Member, Plan, Referenced, Semantics, show};

use super::Sum;
use super::trial::{Fixed, Trial};
use super::unread::Unread;

/// How many there are at most.
const CANDIDATES: usize = 100;

/// How many are tried where a trial is needed.
const TRIED: usize = 20;

/// How many sources of a Dockerfile are asked whether they read what a candidate takes out.
const SOURCES: usize = 1000;

/// A candidate takes out a hundredth of all bytes, or of all entries if that is as many as this.
const MANY: u64 = 100;

/// An ignore rule that would take much out, written last in the ignore file.
///
/// There is one for each entry at the top of the context (`/node_modules`), for names of directories that recur
/// (`**/node_modules`), and for endings of names that recur (`**/*.map`), if it takes out a hundredth of all. One that is not of
/// the first kind is left out where another takes out the same and more, or one of the first kind leaves less than a hundredth
/// for it; unless sources of the Dockerfile read something of that one, other than the whole context. What rules do not concern
/// is out of account: what was added to the context's directory, the Dockerfile, and ignore files.
///
/// What a rule takes out is simple as long as no rule includes anything again. Where one does, each candidate is tried, the 20
/// largest at most: what stands behind `!` may then win below a directory that was out already, so that it takes a rule like
/// `/node_modules/**`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The rule.
    pub rule: String,
    /// What would be gone. Bytes of a file with several names only if all of them go.
    pub out: Sum,
    /// What of that the Dockerfile does not read; `None` where that cannot be told.
    pub unread: Option<Sum>,
    /// The sources that read something of it, by their numbers in [`Reads::sources`](shipload_context::Reads::sources).
    pub read_by: Vec<usize>,
}

/// The candidates of a plan, largest first.
pub(super) fn all(
    plan: &Plan,
    referenced: Option<&Referenced>,
    unread: Option<&Unread>,
) -> Vec<Candidate> {
    // No rules apply to a context that is an archive.
    if plan.directory.is_none() {
        return Vec::new();
    }
    let mut drafts = Drafts::new(plan);
    drafts.count(plan, unread);
    let total: Sum = drafts.total;
    let mut drafts = drafts.list;
    for draft in &mut drafts {
        draft.matters = draft.loss.out.is_large_in(total);
        if let Some(referenced) = referenced.filter(|_| draft.matters) {
            draft.read_by = draft.loss.read_by(referenced);
            let is_part = |number: &usize| referenced.reads.sources[*number].pattern != ".";
            draft.is_needed = draft.read_by.iter().any(is_part);
        }
    }
    let mut found: Vec<Candidate> = (0..)
        .zip(&drafts)
        .filter(|(id, draft)| draft.matters && !draft.is_covered(*id, &drafts, total))
        .map(|(_, draft)| draft.loss.candidate(&draft.rule, referenced, unread))
        .collect();
    let in_order = |found: &mut Vec<Candidate>| {
        found.sort_by(|a, b| (Reverse(a.out), &a.rule).cmp(&(Reverse(b.out), &b.rule)));
    };
    in_order(&mut found);
    found.truncate(CANDIDATES);
    if let Some(trial) = Trial::needed(plan) {
        found.truncate(TRIED);
        let tried = found.iter().filter_map(|candidate| {
            let (rule, loss) = trial.best(candidate, unread)?;
            Some(loss.candidate(&rule, referenced, unread))
        });
        found = tried.collect();
        found.retain(|candidate| candidate.out.is_large_in(total));
        in_order(&mut found);
    }
    found
}

impl Sum {
    fn is_large_in(self, total: Self) -> bool {
        let is_share = |part: u64, whole: u64| part > 0 && part >= whole.div_ceil(100);
        is_share(self.bytes, total.bytes)
            || self.entries >= MANY && is_share(self.entries, total.entries)
    }
}

/// What a rule takes out.
#[derive(Default)]
pub(super) struct Loss {
    pub(super) out: Sum,
    pub(super) unread: Sum,
    /// The places in `Referenced::members` of what is taken out and read.
    pub(super) ranks: Vec<usize>,
}

impl Loss {
    /// The sources that read of it.
    fn read_by(&self, referenced: &Referenced) -> Vec<usize> {
        let reads = |range: Range<usize>| {
            let first = self.ranks.partition_point(|rank| *rank < range.start);
            self.ranks.get(first).is_some_and(|rank| *rank < range.end)
        };
        let sources = 0..referenced.reads.sources.len().min(SOURCES);
        sources
            .filter(|number| referenced.reached(*number).any(reads))
            .collect()
    }

    fn candidate(
        &self,
        rule: &str,
        referenced: Option<&Referenced>,
        unread: Option<&Unread>,
    ) -> Candidate {
        Candidate {
            rule: rule.to_owned(),
            out: self.out,
            unread: unread.map(|_| self.unread),
            read_by: referenced
                .map(|referenced| self.read_by(referenced))
                .unwrap_or_default(),
        }
    }
}

/// A rule that may become a candidate.
#[derive(Default)]
struct Draft {
    rule: String,
    loss: Loss,
    is_top: bool,
    matters: bool,
    /// The drafts that take out all that this one does, itself among them; `None` before anything is taken out.
    covers: Option<Vec<usize>>,
    /// What of it is below which entry at the top, by the numbers of the drafts for these.
    below: HashMap<usize, Sum>,
    read_by: Vec<usize>,
    /// Whether a source reads of it that is not the whole context.
    is_needed: bool,
}

impl Draft {
    fn new(rule: String) -> Self {
        Self {
            rule,
            ..Self::default()
        }
    }

    /// Whether another one is the better rule: it takes out the same and more, or stands at the top and leaves little of it.
    fn is_covered(&self, id: usize, drafts: &[Self], total: Sum) -> bool {
        let takes_more = |other: &usize| {
            let draft = &drafts[*other];
            let more = draft.loss.out.entries > self.loss.out.entries && !draft.is_needed;
            let same = draft.loss.out.entries == self.loss.out.entries && *other < id;
            *other != id && draft.matters && (more || same)
        };
        let leaves_little = |(top, below): (&usize, &Sum)| {
            let rest = Sum {
                bytes: self.loss.out.bytes - below.bytes,
                entries: self.loss.out.entries - below.entries,
            };
            let draft = &drafts[*top];
            draft.matters && !draft.is_needed && !rest.is_large_in(total)
        };
        let covers = self.covers.iter().flatten();
        !self.is_top
            && (covers.copied().any(|other| takes_more(&other))
                || self.below.iter().any(leaves_little))
    }
}

/// The drafts by what they are made of. A name at the top comes before one that recurs, and that before an ending.
#[derive(Default)]
struct Drafts<'a> {
    list: Vec<Draft>,
    top: HashMap<&'a [u8], usize>,
    names: HashMap<&'a [u8], usize>,
    endings: HashMap<&'a [u8], usize>,
    total: Sum,
    /// Whether rules for names are no regular expressions.
    names_are_text: bool,
}

/// A file with several names, and the drafts that take out all of those that were seen.
#[derive(Default)]
struct Linked {
    size: Sum,
    unread: Sum,
    drafts: Option<Vec<usize>>,
}

impl<'a> Drafts<'a> {
    fn new(plan: &'a Plan) -> Self {
        let semantics = plan.semantics;
        let mut drafts = Self {
            names_are_text: semantics != Semantics::Podman,
            ..Self::default()
        };
        let mut directories: HashMap<&[u8], u32> = HashMap::new();
        let mut endings: HashMap<&[u8], u32> = HashMap::new();
        for Member { entry, .. } in plan.view.members() {
            let first = entry.path.components().next().unwrap_or_default();
            if let Some(text) =
                literal(first, semantics).filter(|_| !drafts.top.contains_key(first))
            {
                drafts.top.insert(first, drafts.list.len());
                drafts.list.push(Draft {
                    is_top: true,
                    ..Draft::new(format!("/{text}"))
                });
            }
            let name = entry.path.file_name();
            if entry.is_dir() {
                *directories.entry(name).or_default() += 1;
            } else if let Some(ending) = ending(name).filter(|ending| ending.len() < name.len() - 1)
            {
                *endings.entry(ending).or_default() += 1;
            }
        }
        let recurring = |counts: HashMap<&'a [u8], u32>| {
            let mut names: Vec<&[u8]> = counts
                .into_iter()
                .filter_map(|(name, count)| (count > 1).then_some(name))
                .collect();
            names.sort_unstable();
            names
        };
        for name in recurring(directories) {
            if let Some(text) = literal(name, semantics) {
                drafts.names.insert(name, drafts.list.len());
                drafts.list.push(Draft::new(format!("**/{text}")));
            }
        }
        for ending in recurring(endings) {
            if let Some(text) = literal(ending, semantics) {
                drafts.endings.insert(ending, drafts.list.len());
                drafts.list.push(Draft::new(format!("**/*.{text}")));
            }
        }
        drafts
    }

    /// The drafts that take out the entry with this path, in order: those that match it or a directory above it.
    fn of(&self, path: &EntryPath) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        found.extend(path.components().next().and_then(|name| self.top.get(name)));
        // In regular expressions `**/` crosses no line break.
        let mut is_broken = false;
        for name in path.components() {
            let names = self.names.get(name);
            found.extend(names.filter(|_| !is_broken || self.names_are_text));
            let endings = ending(name).and_then(|ending| self.endings.get(ending));
            found.extend(endings.filter(|_| !is_broken));
            is_broken |= name.contains(&b'\n');
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn count(&mut self, plan: &'a Plan, unread: Option<&Unread>) {
        let mut linked: HashMap<u32, Linked> = HashMap::new();
        let fixed = Fixed::new(plan);
        for (place, member) in (0..).zip(plan.view.members()) {
            self.total += Sum::of(&member);
            let taken_by = if fixed.holds(member.entry) {
                Vec::new()
            } else {
                self.of(&member.entry.path)
            };
            let mut out = Sum::of(&member);
            let mut left = unread.map_or(Sum::default(), |unread| unread.sum(place, &member));
            if let Some(inode) = member.entry.inode {
                let file = linked.entry(inode).or_default();
                file.size.bytes += std::mem::take(&mut out.bytes);
                file.unread.bytes += std::mem::take(&mut left.bytes);
                intersect(&mut file.drafts, &taken_by);
            }
            let rank = unread.and_then(|unread| unread.rank(place));
            let top = taken_by
                .first()
                .copied()
                .filter(|first| self.list[*first].is_top);
            for &id in &taken_by {
                let draft = &mut self.list[id];
                draft.loss.out += out;
                draft.loss.unread += left;
                draft.loss.ranks.extend(rank);
                if let Some(top) = top {
                    *draft.below.entry(top).or_default() += out;
                }
                intersect(&mut draft.covers, &taken_by);
            }
        }
        for file in linked.into_values() {
            let drafts = file.drafts.unwrap_or_default();
            let top = drafts
                .first()
                .copied()
                .filter(|first| self.list[*first].is_top);
            for id in drafts {
                self.list[id].loss.out += file.size;
                if let Some(top) = top {
                    *self.list[id].below.entry(top).or_default() += file.size;
                }
                self.list[id].loss.unread += file.unread;
            }
        }
    }
}

/// What of two sorted lists is in both; at first there is only one.
fn intersect(into: &mut Option<Vec<usize>>, with: &[usize]) {
    match into {
        None => *into = Some(with.to_vec()),
        Some(into) => into.retain(|id| with.binary_search(id).is_ok()),
    }
}

/// A name as it stands in a rule; `None` where it would have to be escaped, or cannot be written at all.
fn literal(name: &[u8], semantics: Semantics) -> Option<&str> {
    let special = match semantics {
        Semantics::Classic | Semantics::BuildKit => "*?[]\\|{}^",
        // All its patterns are regular expressions.
        Semantics::Podman => "*?[]\\|{}^+()$",
    };
    let is_special = |c: char| special.contains(c);
    // What may not be shown as it is could not be copied from where it is shown.
    let is_plain = |name: &&str| show(name.as_bytes()) == *name && name.trim() == *name;
    let name = str::from_utf8(name).ok().filter(is_plain)?;
    (!name.contains(is_special)).then_some(name)
}

/// What follows the last dot of a name.
fn ending(name: &[u8]) -> Option<&[u8]> {
    let dot = name.iter().rposition(|&byte| byte == b'.')?;
    let ending = &name[dot + 1..];
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+');
    (!ending.is_empty() && ending.iter().all(is_word)).then_some(ending)
}
