//! `View`: a tree as a sink shall see it: which entries, with which metadata, and which name of a linked file
//! is the file.
//!
//! Every sink reads members from a view, so listing, archive and whatever comes later cannot disagree.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use shipload_ignore::{Frame, MatchError, Rules};

use crate::entry::{Device, Entry, Kind, Mtime, Standing};
use crate::path::EntryPath;
use crate::tree::Tree;

/// A filtered [`Tree`] under a [`Policy`]; cheap to clone, and safe to read from many threads.
///
/// ```
/// use shipload_context::{TreeBuilder, View};
///
/// let tree = TreeBuilder::new().bytes("a/b".parse()?, "x").bytes("c".parse()?, "y").build()?;
/// let view = View::new(&tree).filter(|entry| entry.path.as_bytes() != b"c");
/// let paths: Vec<_> = view.members().map(|m| m.entry.path.to_string()).collect();
/// assert_eq!(paths, ["a", "a/b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct View {
    tree: Tree,
    policy: Policy,
    /// The places in the tree of the members, in order.
    kept: Arc<[u32]>,
    /// For each member that is a later name of a file: the place in the tree of the first.
    links: Arc<HashMap<u32, u32>>,
}

/// What happens to the metadata of the source. The default is what `docker build` sends to the classic
/// builder, so that both share one build cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Who owns the files; the default is user and group 0.
    pub owner: Owner,
    /// Their permissions; the default is to keep them.
    pub modes: Modes,
    /// Their modification times; the default is to keep the whole seconds.
    pub times: Times,
}

/// Who owns the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This user and group.
    Fixed {
        /// User.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// The owners in the source, which makes the archive depend on who has checked it out.
    Keep,
}

impl Default for Owner {
    fn default() -> Self {
        Self::Fixed { uid: 0, gid: 0 }
    }
}

/// The permissions of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Modes {
    /// Those of the source, with setuid, setgid and sticky. They count for the build cache.
    #[default]
    Keep,
    /// 0755 for directories and what anybody may execute, 0644 for all else, links excepted: the umask of a
    /// checkout leaves no trace.
    Normal,
}

/// The modification times of members. They do not count for the classic builder's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// Those of the source, without the fraction of a second.
    #[default]
    WholeSeconds,
    /// Those of the source, with nanoseconds.
    Exact,
    /// This one for all, in seconds since 1970, as `SOURCE_DATE_EPOCH`.
    Pinned(i64),
}

/// Whether the directories above a re-included file are members although they are excluded themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parents {
    /// As the classic builder is sent them: not.
    #[default]
    Omit,
    /// As BuildKit must be sent them: with the metadata they have.
    Send,
}

/// One member of a view: an entry with its metadata under the policy.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Member<'a> {
    /// The entry of the tree.
    pub entry: &'a Entry,
    /// What is sent for it.
    pub kind: MemberKind<'a>,
    /// Permission bits, within `0o7777`.
    pub mode: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Modification time.
    pub mtime: Mtime,
}

/// What is sent for a member: as [`Kind`], but of a file's several names only the first is the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind<'a> {
    /// A file of this many bytes.
    File {
        /// Its length in bytes.
        size: u64,
    },
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink {
        /// Where it points, as written.
        target: &'a [u8],
    },
    /// Another name of an earlier member.
    Hardlink {
        /// That member.
        target: &'a EntryPath,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    Char(Device),
    /// A block device.
    Block(Device),
}

/// # Making one
impl View {
    /// The tree as the classic builder is sent it.
    pub fn new(tree: &Tree) -> Self {
        Self::select(tree, Policy::default(), Parents::Omit, |_| true)
    }

    /// The tree with its excluded parents or without.
    pub fn with_parents(tree: &Tree, parents: Parents) -> Self {
        Self::select(tree, Policy::default(), parents, |_| true)
    }

    /// The same members under another policy.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The same members with these permissions.
    #[must_use]
    pub fn with_modes(self, modes: Modes) -> Self {
        let policy = Policy {
            modes,
            ..self.policy
        };
        Self { policy, ..self }
    }

    /// Only those members for which `keep` is true. Where the first name of a linked file is dropped, the
    /// second becomes the file.
    #[must_use]
    pub fn filter(self, mut keep: impl FnMut(&Entry) -> bool) -> Self {
        let entries = self.tree.entries();
        let kept = self
            .kept
            .iter()
            .copied()
            .filter(|&i| entries.get(i as usize).is_some_and(&mut keep))
            .collect();
        Self::of(self.tree.clone(), self.policy, kept)
    }

    /// Only those members that ignore rules leave in, as if the tree had been listed under them.
    ///
    /// [`HostDir::rules`](crate::HostDir::rules) does the same while a directory is listed, and opens nothing below what is out
    /// for good. This is for what is listed already: an archive, or a directory that several rule files are held against.
    ///
    /// ```
    /// use shipload_context::{Rules, Semantics, TreeBuilder, View};
    ///
    /// let tree = TreeBuilder::new().bytes("a.log".parse()?, "").bytes("b".parse()?, "").build()?;
    /// let rules = Rules::parse(Semantics::Classic, ".dockerignore", b"*.log")?;
    /// let view = View::new(&tree).under(&rules)?;
    /// assert_eq!(view.members().map(|m| m.entry.path.to_string()).collect::<Vec<_>>(), ["b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MatchError`] for a rule that turns out malformed when it is evaluated, as builders fail then.
    pub fn under(self, rules: &Rules) -> Result<Self, MatchError> {
        let mut included = vec![false; self.tree.entries().len()];
        // The directories that the entry at `place` is in: the place behind each, and its frame.
        let mut above: Vec<(usize, Frame)> = Vec::new();
        let root = rules.root();
        let mut place = 0;
        while let Some(entry) = self.tree.entries().get(place) {
            while above.last().is_some_and(|(end, _)| *end <= place) {
                above.pop();
            }
            let frame = above.last().map_or(&root, |(_, frame)| frame);
            let verdict = rules.judge(frame, entry.path.as_bytes(), entry.is_dir())?;
            included[place] = !verdict.excluded;
            place = match (entry.is_dir(), verdict.enter) {
                (true, true) => {
                    above.push((self.tree.end(place), verdict.frame));
                    place + 1
                }
                (true, false) => self.tree.end(place),
                (false, _) => place + 1,
            };
        }
        if rules.semantics().sends_excluded_parents() {
            for &i in self.kept.iter().rev() {
                // Entries stand behind the directories they are in.
                if included[i as usize]
                    && let Some(parent) = self.tree.parent(i as usize)
                {
                    included[parent] = true;
                }
            }
        }
        Ok(self.marked(|place| included[place]))
    }

    /// Only those members whose place in the tree is marked.
    pub(crate) fn marked(self, marked: impl Fn(usize) -> bool) -> Self {
        let kept = self
            .kept
            .iter()
            .copied()
            .filter(|&i| marked(i as usize))
            .collect();
        Self::of(self.tree.clone(), self.policy, kept)
    }

    /// The members whose place is marked in `marks`, one for each member, and the directories above them, members or not.
    pub(crate) fn with_directories(&self, marks: impl Fn(usize) -> bool) -> Self {
        let mut kept: Vec<u32> = Vec::with_capacity(self.kept.len());
        let mut above: Vec<u32> = Vec::new();
        for (member, &i) in self.kept.iter().enumerate() {
            if !marks(member) {
                continue;
            }
            // Entries stand behind the directories they are in, so only those behind the last that was kept are new.
            let mut place = i as usize;
            let is_new = |place: &u32| kept.last().is_none_or(|last| last < place);
            while let Some(dir) = self.tree.parent(place) {
                let Some(new) = u32::try_from(dir).ok().filter(is_new) else {
                    break;
                };
                above.push(new);
                place = dir;
            }
            kept.extend(above.drain(..).rev());
            kept.push(i);
        }
        Self::of(self.tree.clone(), self.policy, kept)
    }

    fn select(
        tree: &Tree,
        policy: Policy,
        parents: Parents,
        keep: impl Fn(&Entry) -> bool,
    ) -> Self {
        let sent = |entry: &Entry| match (entry.standing, parents) {
            (Standing::Excluded, Parents::Omit) => false,
            (Standing::Excluded, Parents::Send) | (Standing::Named | Standing::Made, _) => {
                keep(entry)
            }
        };
        let kept = (0_u32..)
            .zip(tree.entries())
            .filter(|(_, entry)| sent(entry))
            .map(|(i, _)| i)
            .collect();
        Self::of(tree.clone(), policy, kept)
    }

    fn of(tree: Tree, policy: Policy, kept: Vec<u32>) -> Self {
        let mut first: HashMap<u32, u32> = HashMap::new();
        let mut links = HashMap::new();
        for &i in &kept {
            if let Some(inode) = tree.entries()[i as usize].inode {
                match first.entry(inode) {
                    Slot::Vacant(slot) => {
                        slot.insert(i);
                    }
                    Slot::Occupied(slot) => {
                        links.insert(i, *slot.get());
                    }
                }
            }
        }
        Self {
            tree,
            policy,
            kept: kept.into(),
            links: Arc::new(links),
        }
    }
}

/// # Reading it
impl View {
    /// The tree it is a view of.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The members, in order.
    pub fn members(&self) -> impl ExactSizeIterator<Item = Member<'_>> {
        self.kept.iter().map(|&i| self.make(i))
    }

    /// The member at a place from 0 to [`View::len`].
    pub fn member(&self, place: usize) -> Option<Member<'_>> {
        self.kept.get(place).map(|&i| self.make(i))
    }

    /// The member with this path.
    pub fn get(&self, path: &EntryPath) -> Option<Member<'_>> {
        let place = self.tree.place(path.as_bytes())?;
        let place = u32::try_from(place).ok()?;
        let found = self.kept.binary_search(&place).ok()?;
        self.member(found)
    }

    /// The place in the tree of the member at a place.
    pub(crate) fn tree_place(&self, place: usize) -> Option<usize> {
        self.kept.get(place).map(|&i| i as usize)
    }

    /// The place of the first member that stands at a place of the tree or behind it.
    pub(crate) fn place_from(&self, tree_place: usize) -> usize {
        self.kept.partition_point(|&i| (i as usize) < tree_place)
    }

    /// The place of the member whose name comes first of those of the file at `place`: `place` itself but for hard links.
    pub(crate) fn first_name(&self, place: usize) -> Option<usize> {
        let i = self.kept.get(place)?;
        match self.links.get(i) {
            Some(first) => self.kept.binary_search(first).ok(),
            None => Some(place),
        }
    }

    /// The modification times of its members.
    pub fn times(&self) -> Times {
        self.policy.times
    }

    /// The bytes in all files, each counted once; `u64::MAX` where sparse files have more between them.
    pub fn content_bytes(&self) -> u64 {
        self.members()
            .map(|member| match member.kind {
                MemberKind::File { size } => size,
                _ => 0,
            })
            .fold(0, u64::saturating_add)
    }

    fn make(&self, i: u32) -> Member<'_> {
        let entries = self.tree.entries();
        let entry = &entries[i as usize];
        let kind = match (&entry.kind, self.links.get(&i)) {
            (_, Some(&first)) => MemberKind::Hardlink {
                target: &entries[first as usize].path,
            },
            (Kind::File { size }, None) => MemberKind::File { size: *size },
            (Kind::Dir, None) => MemberKind::Dir,
            (Kind::Symlink { target }, None) => MemberKind::Symlink { target },
            (Kind::Fifo, None) => MemberKind::Fifo,
            (Kind::Char(device), None) => MemberKind::Char(*device),
            (Kind::Block(device), None) => MemberKind::Block(*device),
        };
        let (uid, gid) = match self.policy.owner {
            Owner::Fixed { uid, gid } => (uid, gid),
            Owner::Keep => (entry.uid, entry.gid),
        };
        Member {
            entry,
            kind,
            mode: self.policy.mode(entry),
            uid,
            gid,
            mtime: self.policy.mtime(entry),
        }
    }
}

impl Policy {
    fn mode(&self, entry: &Entry) -> u32 {
        match (self.modes, &entry.kind) {
            (Modes::Keep, _) | (Modes::Normal, Kind::Symlink { .. }) => entry.mode,
            (Modes::Normal, Kind::Dir) => 0o755,
            (Modes::Normal, _) if entry.mode & 0o111 != 0 => 0o755,
            (Modes::Normal, _) => 0o644,
        }
    }

    fn mtime(&self, entry: &Entry) -> Mtime {
        match self.times {
            Times::WholeSeconds => Mtime {
                secs: entry.mtime.secs,
                nanos: 0,
            },
            Times::Exact => entry.mtime,
            Times::Pinned(secs) => Mtime { secs, nanos: 0 },
        }
    }
}

impl MemberKind<'_> {
    /// The word for it in listings: `file`, `dir`, `symlink`, `hardlink`, `fifo`, `char`, `block`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Dir => "dir",
            Self::Symlink { .. } => "symlink",
            Self::Hardlink { .. } => "hardlink",
            Self::Fifo => "fifo",
            Self::Char(_) => "char",
            Self::Block(_) => "block",
        }
    }
}
