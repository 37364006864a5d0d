//! `Usage`: what a context weighs, and where: by directory, by file, and by the rules that would take the most out of it.
//!
//! Which commits touch it is for `churn` to say, and how it looks on a page for `page`.

mod candidates;
mod churn;
mod directories;
mod page;
mod trial;
mod unread;

use std::cmp::Reverse;
use std::ops::AddAssign;

use shipload_context::{EntryPath, Member, MemberKind, Plan, Referenced, archive_bytes};

use unread::Unread;

pub use candidates::Candidate;
pub use churn::{Changed, Churn, ChurnError};
pub use directories::Directory;
pub use page::Page;

/// How many files [`Usage::largest`] has at most.
const LARGEST: usize = 100;

/// What a context weighs.
///
/// It is made of the members that [`pack`](shipload_context::pack()) writes, so the sums are those of the archive: a file
/// with several names counts where its first name is.
///
/// ```
/// use shipload_context::{Progress, Recipe, Request};
/// use shipload_explain::Usage;
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # std::fs::create_dir(dir.join("assets"))?;
/// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "1"), ("assets/b", "22")] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let plan = Recipe::new(dir).plan(&Progress::new())?;
/// let least = plan.referenced(&Request::default())?;
/// let usage = Usage::of(&plan, Some(&least));
/// assert_eq!(usage.total.bytes, plan.view.content_bytes());
/// let assets = usage.largest_directories(1).nth(1).ok_or("assets")?;
/// assert_eq!((assets.all.bytes, assets.all.entries), (2, 2));
/// assert_eq!(assets.unread, Some(assets.all));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// All of it.
    pub total: Sum,
    /// The bytes of the archive, uncompressed, with headers and padding; without what file capabilities may add.
    pub archive_bytes: u64,
    /// What the Dockerfile does not read; `None` where that cannot be told. That is what the least context is without.
    pub unread: Option<Sum>,
    /// The context itself, then all directories in the order of the archive, those too that are no members of it.
    pub directories: Vec<Directory>,
    /// The files with the most bytes, largest first, a hundred at most.
    pub largest: Vec<LargeFile>,
    /// Rules that would take much out, largest first.
    pub candidates: Vec<Candidate>,
}

/// How much of a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sum {
    /// The bytes in files, a file with several names counted once.
    pub bytes: u64,
    /// How many members: files, directories, links and all else.
    pub entries: u64,
}

/// A file, because it is large.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LargeFile {
    /// Its first name.
    pub path: EntryPath,
    /// Its size.
    pub bytes: u64,
    /// Whether the Dockerfile reads it by none of its names; `None` where that cannot be told.
    pub is_unread: Option<bool>,
}

/// # Making one
impl Usage {
    /// Weighs the view of `plan`. What the Dockerfile reads of it is as `referenced` says, which must be of the same plan;
    /// where it says that everything counts as read, because it cannot be told, nothing is said of that here.
    pub fn of(plan: &Plan, referenced: Option<&Referenced>) -> Self {
        let referenced = referenced.filter(|referenced| referenced.reads.whole.is_empty());
        let unread = referenced.map(|referenced| Unread::of(&plan.view, referenced));
        let directories = directories::all(&plan.view, unread.as_ref());
        let root = directories.first();
        Self {
            total: root.map(|root| root.all).unwrap_or_default(),
            archive_bytes: archive_bytes(&plan.view),
            unread: root.and_then(|root| root.unread),
            largest: largest(plan, unread.as_ref()),
            candidates: candidates::all(plan, referenced, unread.as_ref()),
            directories,
        }
    }
}

/// # Reading it
impl Usage {
    /// The directories that are at most `depth` levels below the context, which is itself at depth 0: those with the most
    /// bytes first, then those with the most entries.
    pub fn largest_directories(&self, depth: usize) -> impl Iterator<Item = &Directory> {
        let mut found: Vec<&Directory> = self
            .directories
            .iter()
            .filter(|directory| directory.depth() <= depth)
            .collect();
        // The sort is stable, so equals stay in the order of the archive.
        found.sort_by_key(|directory| Reverse(directory.all));
        found.into_iter()
    }
}

impl Sum {
    /// What one member adds.
    pub(crate) fn of(member: &Member<'_>) -> Self {
        let bytes = match member.kind {
            MemberKind::File { size } => size,
            _ => 0,
        };
        Self { bytes, entries: 1 }
    }
}

/// Sparse files may have more bytes between them than can be counted; the sum is `u64::MAX` then.
impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.entries += other.entries;
    }
}

fn largest(plan: &Plan, unread: Option<&Unread>) -> Vec<LargeFile> {
    let mut sizes: Vec<(u64, usize)> = (0..)
        .zip(plan.view.members())
        .map(|(place, member)| (Sum::of(&member).bytes, place))
        .filter(|(bytes, _)| *bytes > 0)
        .collect();
    sizes.sort_unstable_by_key(|&(bytes, place)| (Reverse(bytes), place));
    let file = |(bytes, place): (u64, usize)| {
        let member = plan.view.member(place)?;
        Some(LargeFile {
            path: member.entry.path.clone(),
            bytes,
            is_unread: unread.map(|unread| unread.sum(place, &member).bytes > 0),
        })
    };
    sizes.into_iter().take(LARGEST).filter_map(file).collect()
}
