//! Entries of a tree that patterns lead to. Links are followed as builders do: within the context, from its top where they are
//! absolute, and never above it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use shipload_dockerfile::Glob;

use crate::entry::Kind;
use crate::path::show;
use crate::source::host::portion::{Extent, Portion};
use crate::tree::Tree;

/// How many links are followed for one pattern on one way. The kernel follows 40.
const LINKS: u8 = 255;

/// How much work the patterns of one build may make, in entries looked at; then everything counts as found. That is after a few
/// seconds; a pattern `**/*.c` in a tree of 100,000 directories takes a tenth of it.
const STEPS: usize = 32 << 20;

/// What it costs to come to a place, for each name that remains to be followed from there.
const STEP: usize = 8;

/// Marks entries of a tree.
pub(super) struct Selection<'t> {
    tree: &'t Tree,
    named: Vec<bool>,
    /// What the pattern at hand leads to, in the order in which it is found.
    reached: Vec<Range<usize>>,
    /// How many steps are left.
    steps: usize,
    /// What is looked at, for a tree of which only a portion is listed.
    asked: Option<Asked<'t>>,
}

/// What patterns lead through, whether it is there or not.
struct Asked<'t> {
    portion: &'t mut Portion,
    /// Whether anything was looked at that was not in the portion before.
    is_more: bool,
}

/// What is said of the names in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// They stand for themselves.
    Plain,
    /// They may have wildcards, which stay within a name.
    Patterns,
    /// They may have wildcards, of which `**` is any number of directories.
    Deep,
}

/// The entries that were marked.
pub(super) struct Kept {
    /// What patterns lead to, and what is below it.
    pub(super) named: Vec<bool>,
    /// What has to go with it: the directories above, and what else a cache looks at.
    pub(super) beside: Vec<bool>,
}

/// What is marked where a way ends at a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All of it.
    Subtree,
    /// Its own entry.
    Entry,
}

/// Whose cache shall know the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// That of the classic builder.
    Classic,
    /// One that looks at nothing but what is read.
    Other,
}

/// Whether a pattern leads to anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// To something.
    Some,
    /// Only to a link, which leads to this path, where there is nothing.
    Lost(String),
    /// To nothing.
    Nothing,
}

/// A component of a pattern or of a link's target.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    /// A name, also where it looks like a pattern.
    Name(Vec<u8>),
    /// A name with what is special in patterns.
    Pattern(String),
    /// Any number of directories; at the end, everything.
    Deep,
    /// The directory above.
    Up,
}

/// What remains to be followed.
struct Work {
    /// The place of the directory to go on from; the top of the context for none.
    dir: Option<usize>,
    rest: Vec<Part>,
    links: u8,
}

impl<'t> Selection<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        let named = vec![false; tree.entries().len()];
        Self {
            tree,
            named,
            reached: Vec::new(),
            steps: STEPS,
            asked: None,
        }
    }

    /// The same, taking into `portion` whatever patterns lead through. If it was listed for a portion that holds all of that, what
    /// is marked is what would be marked of the whole tree.
    pub(super) fn asking(mut self, portion: &'t mut Portion) -> Self {
        let is_more = false;
        self.asked = Some(Asked { portion, is_more });
        self
    }

    /// Whether patterns led through anything that was not in the portion before.
    pub(super) fn asked_more(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.is_more)
    }

    pub(super) fn add_all(&mut self) {
        self.take(None);
    }

    /// The places that the last pattern leads to, in order and apart from each other.
    pub(super) fn take_reached(&mut self) -> Vec<Range<usize>> {
        let mut reached = std::mem::take(&mut self.reached);
        reached.sort_unstable_by_key(|range| range.start);
        reached.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        reached
    }

    /// Whether the patterns made so much work that everything counts as found.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps == 0
    }

    /// Marks what a pattern leads to, directories with all that is in them.
    ///
    /// Fails for a malformed pattern.
    pub(super) fn add(&mut self, pattern: &str, names: Names) -> Result<Found, ()> {
        let mut rest = Vec::new();
        for part in pattern.split('/').rev().filter(|part| *part != ".") {
            if names == Names::Plain {
                rest.push(Part::Name(part.into()));
                continue;
            }
            let glob = Glob::new(part).map_err(|_| ())?;
            let is_deep = names == Names::Deep;
            let part = match glob.literal() {
                Some(name) => Part::Name(name.into()),
                None if is_deep && part == "**" => Part::Deep,
                // Within a name it may stand for directories as well; what follows is not looked at.
                None if is_deep && part.contains("**") => {
                    rest = vec![Part::Deep];
                    continue;
                }
                None => Part::Pattern(part.to_owned()),
            };
            // Any number of directories twice is any number of them.
            if part != Part::Deep || rest.last() != Some(&Part::Deep) {
                rest.push(part);
            }
        }
        self.go(None, rest, End::Subtree)
    }

    /// Counts work; false if there was too much of it.
    fn spend(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        if self.is_exhausted() {
            self.add_all();
        }
        !self.is_exhausted()
    }

    /// Marks what a way from a directory leads to.
    fn go(&mut self, dir: Option<usize>, rest: Vec<Part>, end: End) -> Result<Found, ()> {
        let mut found = Found::Nothing;
        let mut seen = HashSet::new();
        let links = 0;
        let mut open = vec![Work { dir, rest, links }];
        while let Some(mut work) = open.pop() {
            if !self.spend(STEP * (1 + work.rest.len())) {
                return Ok(Found::Some);
            }
            if !seen.insert((work.dir, work.rest.clone())) {
                continue;
            }
            let Some(part) = work.rest.pop() else {
                found = Found::Some;
                match (end, work.dir) {
                    (End::Subtree, dir) => self.take(dir),
                    (End::Entry, Some(dir)) => self.mark(dir..dir + 1),
                    (End::Entry, None) => {}
                }
                continue;
            };
            match &part {
                Part::Deep if work.rest.is_empty() => {
                    found = Found::Some;
                    self.take(work.dir);
                }
                Part::Deep => {
                    self.ask(work.dir, &[], Extent::All);
                    for place in self.tree.children(work.dir) {
                        if self.tree.entries()[place].is_dir() {
                            let mut rest = work.rest.clone();
                            rest.push(Part::Deep);
                            let (dir, links) = (Some(place), work.links);
                            open.push(Work { dir, rest, links });
                        }
                    }
                    open.push(work);
                }
                Part::Up => {
                    work.dir = work.dir.and_then(|dir| self.tree.parent(dir));
                    open.push(work);
                }
                Part::Name(name) => {
                    self.ask_name(name, &work);
                    if let Some(place) = self.tree.child(work.dir, name) {
                        self.follow(place, &work, &mut open, &mut found);
                    } else {
                        if work.links > 0 && found != Found::Some {
                            found = Found::Lost(self.shown(work.dir, name));
                        }
                        open.extend(work.back());
                    }
                }
                Part::Pattern(pattern) => {
                    self.ask(work.dir, &[], Extent::Names);
                    let glob = Glob::new(pattern).map_err(|_| ())?;
                    let children: Vec<_> = self.tree.children(work.dir).collect();
                    self.spend(children.len());
                    for place in children {
                        let name = self.tree.entries()[place].path.file_name();
                        // A name may look like a pattern, and some builders take it for one.
                        if glob.matches(name) || name == pattern.as_bytes() {
                            self.follow(place, &work, &mut open, &mut found);
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    /// Notes that so much is looked at of what stands at some names below a directory.
    fn ask(&mut self, dir: Option<usize>, names: &[&[u8]], extent: Extent) {
        if let Some(asked) = &mut self.asked {
            let dir = dir.map(|dir| self.tree.entries()[dir].path.as_bytes());
            let path = dir.iter().chain(names).copied().collect::<Vec<_>>();
            asked.is_more |= asked.portion.take(&path.join(&b'/'), extent);
        }
    }

    /// Notes that a name is looked at, and the names behind it, which save a listing each.
    fn ask_name(&mut self, name: &[u8], work: &Work) {
        if self.asked.is_none() {
            return;
        }
        let behind = work.rest.iter().rev().map_while(|part| match part {
            Part::Name(name) => Some(&**name),
            Part::Pattern(_) | Part::Deep | Part::Up => None,
        });
        let names: Vec<&[u8]> = std::iter::once(name).chain(behind).collect();
        self.ask(work.dir, &names, Extent::Given);
    }

    /// Goes on through an entry.
    fn follow(&mut self, place: usize, work: &Work, open: &mut Vec<Work>, found: &mut Found) {
        let entry = &self.tree.entries()[place];
        let (dir, rest, links) = match &entry.kind {
            Kind::Dir => (Some(place), work.rest.clone(), work.links),
            Kind::Symlink { target } => {
                self.mark(place..place + 1);
                if *found == Found::Nothing {
                    *found = Found::Lost(entry.path.to_string());
                }
                if work.links == LINKS {
                    return;
                }
                let from = if target.first() == Some(&b'/') {
                    None
                } else {
                    work.dir
                };
                (from, through(target, &work.rest), work.links + 1)
            }
            Kind::File { .. } | Kind::Fifo | Kind::Char(_) | Kind::Block(_) => {
                if work.rest.is_empty() {
                    self.mark(place..place + 1);
                    *found = Found::Some;
                }
                open.extend(work.back());
                return;
            }
        };
        open.push(Work { dir, rest, links });
    }

    /// Marks a directory and all below it.
    fn take(&mut self, dir: Option<usize>) {
        let start = dir.unwrap_or_default();
        let end = dir.map_or(self.named.len(), |dir| self.tree.end(dir));
        self.mark(start..end);
    }

    fn mark(&mut self, places: Range<usize>) {
        self.named[places.clone()].fill(true);
        self.reached.push(places);
    }

    /// The path of a name in a directory, for a person.
    fn shown(&self, dir: Option<usize>, name: &[u8]) -> String {
        let dir = dir.map(|dir| self.tree.entries()[dir].path.as_bytes());
        let path = [dir.unwrap_or_default(), name].join(&b'/');
        show(path.strip_prefix(b"/").unwrap_or(&path))
    }

    /// What was marked, and what has to go with it.
    ///
    /// The classic builder's cache takes a link in a copied directory for what it leads to, and a later name of a linked file for
    /// a link to the first; without these the image would be the same, but no cache be shared with a client that sends all.
    pub(super) fn into_kept(mut self, cache: Cache) -> Kept {
        let named = self.named.clone();
        if cache == Cache::Classic {
            self.add_targets();
        }
        let mut beside = self.named;
        self.named = Vec::new();
        for place in (0..beside.len()).rev() {
            // Entries stand behind the directories they are in.
            if beside[place]
                && let Some(parent) = self.tree.parent(place)
            {
                beside[parent] = true;
            }
        }
        Kept { named, beside }
    }

    fn add_targets(&mut self) {
        let tree = self.tree;
        let mut first = HashMap::new();
        for (place, entry) in tree.entries().iter().enumerate() {
            let name = entry
                .inode
                .map(|inode| *first.entry(inode).or_insert(place));
            if !self.named[place] {
                continue;
            }
            if let Some(name) = name {
                self.named[name] = true;
            }
            if let Kind::Symlink { target } = &entry.kind {
                let is_absolute = target.first() == Some(&b'/');
                let from = if is_absolute {
                    None
                } else {
                    self.tree.parent(place)
                };
                // A link that leads nowhere stays as it is.
                let _ = self.go(from, through(target, &[]), End::Entry);
            }
        }
    }
}

impl Work {
    /// Where it goes on in spite of a name that is no directory: `..` takes it back, as in builders, which look at texts here.
    fn back(&self) -> Option<Self> {
        let mut depth = 1;
        let up = self.rest.iter().rposition(|part| {
            match part {
                Part::Up => depth -= 1,
                Part::Name(_) | Part::Pattern(_) | Part::Deep => depth += 1,
            }
            depth == 0
        })?;
        Some(Self {
            dir: self.dir,
            rest: self.rest[..up].to_vec(),
            links: self.links,
        })
    }
}

/// The components of a link's target, and then the rest; the last is the first to be followed.
fn through(target: &[u8], rest: &[Part]) -> Vec<Part> {
    let parts = target.split(|&byte| byte == b'/').rev();
    let parts = parts.filter(|part| !part.is_empty() && *part != b".");
    let parts = parts.map(|part| match part {
        b".." => Part::Up,
        name => Part::Name(name.to_vec()),
    });
    rest.iter().cloned().chain(parts).collect()
}
