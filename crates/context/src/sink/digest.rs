//! `digests`: SHA-256 of the contents of a view's files, read in parallel.
//!
//! A file is opened, compared and read as [`pack`](crate::pack()) does it, so that a digest is of what was listed or is an error.
//! Each thread reads one file at a time through a buffer of its own; memory grows with members and not with bytes.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::content::ReadError;
use crate::progress::{Moment, Progress};
use crate::threads::on_threads;
use crate::view::{MemberKind, View};

/// How much of a file is in memory at a time, in bytes: with what hashing needs it stays in a core's second-level cache.
const BUFFER: usize = 128 << 10;

/// Files of so many bytes are taken first, the largest at the beginning, so that no thread is left alone with one at the end.
const LARGE: u64 = 4 << 20;

/// What the content of a file comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDigest {
    /// SHA-256 of the bytes, as `sha256sum` has it.
    pub sha256: [u8; 32],
    /// The value of the extended attribute `security.capability`, which goes into archives with the content.
    pub capability: Option<Box<[u8]>>,
}

/// Why there are no digests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DigestsError {
    /// A file is not what was listed, or cannot be read. Of several such files it is always the same.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It was cancelled through its [`Progress`].
    #[error("cancelled")]
    Cancelled,
}

impl DigestsError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Cancelled => None,
        }
    }
}

/// Reads the files of `view` and digests their contents: one digest for each member, in order; none for what is not a file.
/// Hard links have the digest of the file. Not more than `threads` threads read, the calling one included; by default one a core.
///
/// # Errors
/// [`DigestsError`].
///
/// ```
/// use shipload_context::{Progress, TreeBuilder, View, digests};
///
/// let tree = TreeBuilder::new().bytes("a/b".parse()?, "abc").build()?;
/// let found = digests(&View::new(&tree), None, &Progress::new())?;
/// assert!(found[0].is_none(), "`a` is a directory");
/// assert_eq!(found[1].as_ref().map(|b| b.sha256[..3].to_vec()), Some(vec![0xba, 0x78, 0x16]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn digests(
    view: &View,
    threads: Option<NonZeroUsize>,
    progress: &Progress,
) -> Result<Vec<Option<FileDigest>>, DigestsError> {
    let work = Work {
        view,
        progress,
        order: order(view),
        next: AtomicUsize::new(0),
        done: Mutex::new(Done {
            digests: vec![None; view.len()],
            failed: None,
        }),
    };
    on_threads(threads, || work.run());
    let done = work.done.into_inner();
    let Done {
        mut digests,
        failed,
    } = done.unwrap_or_else(PoisonError::into_inner);
    if let Some((_, error)) = failed {
        return Err(error);
    }
    for (place, member) in view.members().enumerate() {
        if let (MemberKind::Hardlink { .. }, Some(first)) = (member.kind, view.first_name(place)) {
            let digest = digests[first].clone();
            digests[place] = digest;
        }
    }
    Ok(digests)
}

/// The places of all files, in the order in which they are read.
fn order(view: &View) -> Vec<usize> {
    let size = |place: usize| match view.member(place).map(|member| member.kind) {
        Some(MemberKind::File { size }) => Some(size),
        _ => None,
    };
    let files = (0..view.len()).filter(|place| size(*place).is_some());
    let (mut large, small): (Vec<usize>, Vec<usize>) =
        files.partition(|place| size(*place) >= Some(LARGE));
    large.sort_by_key(|place| std::cmp::Reverse(size(*place)));
    large.extend(small);
    large
}

struct Work<'a> {
    view: &'a View,
    progress: &'a Progress,
    order: Vec<usize>,
    /// Which of `order` is the next to be read.
    next: AtomicUsize,
    done: Mutex<Done>,
}

struct Done {
    digests: Vec<Option<FileDigest>>,
    /// The first failure by the order of reading.
    failed: Option<(usize, DigestsError)>,
}

impl Work<'_> {
    fn run(&self) {
        let mut buffer = vec![0; BUFFER];
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&place) = self.order.get(turn) else {
                return;
            };
            let digest = self.read(place, &mut buffer);
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            match digest {
                Ok(digest) => done.digests[place] = digest,
                Err(error) => {
                    // Whoever had an earlier turn is about to come to its end, and may have to tell of an earlier failure.
                    self.next.store(self.order.len(), Ordering::Relaxed);
                    if done.failed.as_ref().is_none_or(|(first, _)| turn < *first) {
                        done.failed = Some((turn, error));
                    }
                }
            }
        }
    }

    fn read(&self, place: usize, buffer: &mut [u8]) -> Result<Option<FileDigest>, DigestsError> {
        let Some(member) = self.view.member(place) else {
            return Ok(None);
        };
        let (entry, path) = (member.entry, &member.entry.path);
        if self.progress.cancelled() {
            return Err(DigestsError::Cancelled);
        }
        self.progress.at(Moment::Opening, path);
        let opened = entry.open()?;
        self.progress.at(Moment::Opened, path);
        let mut hash = Sha256::new();
        let mut offset = 0;
        while offset < entry.size() {
            if self.progress.cancelled() {
                return Err(DigestsError::Cancelled);
            }
            let left = usize::try_from(entry.size() - offset).unwrap_or(usize::MAX);
            let part = &mut buffer[..left.min(BUFFER)];
            opened.read_at(part, offset)?;
            hash.update(&*part);
            offset += part.len() as u64;
            self.progress.read(part.len() as u64);
        }
        self.progress.at(Moment::Read, path);
        let capability = opened.capability().map(Vec::into_boxed_slice);
        opened.finish()?;
        Ok(Some(FileDigest {
            sha256: hash.finalize().into(),
            capability,
        }))
    }
}
