//! `Progress`: what a long piece of work tells while it runs, and how it is stopped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::entry::Kind;
use crate::path::EntryPath;

/// Counters that the work advances and a display polls, and a switch that stops the work.
///
/// Cloning gives another handle of the same counters.
///
/// ```
/// use shipload_context::{Progress, TreeBuilder};
///
/// let progress = Progress::new();
/// progress.cancel();
/// let listed = TreeBuilder::new().directory(shipload_context::HostDir::new(".")).build_with(&progress);
/// assert!(listed.is_err());
/// ```
#[derive(Clone, Default)]
pub struct Progress(Arc<Inner>);

#[derive(Default)]
struct Inner {
    entries: AtomicU64,
    listed_bytes: AtomicU64,
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
    cancelled: AtomicBool,
    observer: Option<Box<Observer>>,
}

type Observer = dyn Fn(Moment, &EntryPath) + Send + Sync;

/// A point in the life of one entry, for [`Progress::observed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Its metadata was read.
    Listed,
    /// Its content is about to be opened.
    Opening,
    /// Its content is open and is what was listed; nothing is read yet.
    Opened,
    /// All of it was read; whether it changed meanwhile is not yet known.
    Read,
}

/// One reading of all counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Entries listed so far.
    pub entries: u64,
    /// Bytes in the files listed so far.
    pub listed_bytes: u64,
    /// Bytes of content read so far.
    pub read_bytes: u64,
    /// Bytes of archive written so far, after compression.
    pub written_bytes: u64,
}

impl Progress {
    /// Counters at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counters at zero, and `observer` called at each [`Moment`] of each entry, from whichever thread works
    /// on it.
    pub fn observed(observer: impl Fn(Moment, &EntryPath) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            observer: Some(Box::new(observer)),
            ..Inner::default()
        }))
    }

    /// The counters now.
    pub fn counts(&self) -> Counts {
        Counts {
            entries: self.0.entries.load(Relaxed),
            listed_bytes: self.0.listed_bytes.load(Relaxed),
            read_bytes: self.0.read_bytes.load(Relaxed),
            written_bytes: self.0.written_bytes.load(Relaxed),
        }
    }

    /// Asks the work to stop; it fails with its `Cancelled` error soon after.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn cancelled(&self) -> bool {
        self.0.cancelled.load(Relaxed)
    }

    pub(crate) fn listed(&self, path: &EntryPath, kind: &Kind) {
        self.0.entries.fetch_add(1, Relaxed);
        if let Kind::File { size } = kind {
            self.0.listed_bytes.fetch_add(*size, Relaxed);
        }
        self.at(Moment::Listed, path);
    }

    pub(crate) fn read(&self, bytes: u64) {
        self.0.read_bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn written(&self, bytes: u64) {
        self.0.written_bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn at(&self, moment: Moment, path: &EntryPath) {
        if let Some(observer) = &self.0.observer {
            observer(moment, path);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("counts", &self.counts())
            .field("cancelled", &self.cancelled())
            .finish_non_exhaustive()
    }
}
