//! The walk of one directory of this machine: parallel, by directory handle, pruned by the rules.
//!
//! A worker takes a directory, lists it, and asks the rules about each name before anything else is done with
//! it: what they exclude is not stat'ed, and a directory that they close for good is not opened. Large
//! directories are cut into pieces, so that all workers share in their stats. At the end the pieces are put
//! together in the order of paths; which worker found what, and when, leaves no trace.
//!
//! A walk of a [`Portion`] looks at what it has been given and at nothing else. It is for answers, not for archives: what cannot
//! be read is noted and left out, whatever was asked for.
//!
//! What other programs do meanwhile: a name that vanishes between listing and stat was not there. A directory
//! that becomes a link is an error. Nothing makes an untouched neighbour disappear.

mod names;

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use shipload_ignore::{Frame, Rules};

use super::portion::Portion;
use super::root::HostRoot;
use super::{HostDir, Listing, OnUnreadable, entry};
use crate::entry::{Entry, Kind, Origin, Standing};
use crate::progress::Progress;
use crate::threads;
use crate::tree::{Links, Notice, TreeError};
use names::Name;

/// So many names are stat'ed as one piece of work.
const PIECE: usize = 512;

/// Lists a directory, or a portion of it.
pub(crate) fn list(
    source: &HostDir,
    portion: &Portion,
    origin: Origin,
    links: &Links,
    progress: &Progress,
    threads: NonZeroUsize,
) -> Result<Listing, TreeError> {
    let fail = |e: io::Error| TreeError::Host {
        path: source.path.clone(),
        source: e,
    };
    let root = Arc::new(HostRoot::directory(&source.path, source.mount.as_ref()).map_err(fail)?);
    let walk = Walk {
        mount: source
            .mount
            .as_ref()
            .map(|m| m.as_bytes().to_vec())
            .unwrap_or_default(),
        rules: &source.rules,
        portion,
        unreadable: source.unreadable,
        root,
        origin,
        links,
        progress,
        state: Mutex::default(),
        changed: Condvar::new(),
    };
    let mut listing = Listing::default();
    if let Some(mount) = &source.mount {
        let handle = walk.root.open_dir(b"").map_err(fail)?;
        let stat = rustix::fs::fstat(&handle).map_err(|e| fail(e.into()))?;
        progress.listed(mount, &Kind::Dir);
        listing.entries.push(entry(
            mount.clone(),
            Kind::Dir,
            &stat,
            &walk.root,
            origin,
            links,
        ));
    }
    let first = Job {
        number: 0,
        task: Task::Dir {
            path: Box::default(),
            excluded: false,
        },
        frame: walk.rules.root(),
    };
    walk.lock().push(first);
    std::thread::scope(|scope| {
        threads::help(scope, threads, || walk.work());
        walk.work();
    });
    let mut state = walk
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = state.error {
        return Err(error);
    }
    let found = state.results.iter().flatten().map(Vec::len).sum();
    listing.entries.reserve_exact(found);
    gather(&mut state.results, 0, &mut listing.entries);
    listing.parents = source.mount.is_none();
    listing.notices = state.notices;
    listing.notices.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(listing)
}

struct Walk<'a> {
    root: Arc<HostRoot>,
    mount: Vec<u8>,
    rules: &'a Rules,
    portion: &'a Portion,
    unreadable: OnUnreadable,
    origin: Origin,
    links: &'a Links,
    progress: &'a Progress,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    /// Jobs taken and not yet finished.
    active: usize,
    /// What each job found, by its number; `None` where the directory is gone.
    results: Vec<Option<Vec<Piece>>>,
    notices: Vec<Notice>,
    error: Option<TreeError>,
}

struct Job {
    /// Its number in `results`.
    number: usize,
    task: Task,
    frame: Frame,
}

enum Task {
    /// List a directory, given relative to the root.
    Dir { path: Box<[u8]>, excluded: bool },
    /// Stat some names of an open directory.
    Names {
        path: Box<[u8]>,
        handle: Arc<OwnedFd>,
        names: Vec<Name>,
    },
}

/// A part of what a directory holds, in order.
enum Piece {
    Entry(Entry),
    /// A directory, and the job that listed it.
    Dir(Entry, usize),
    /// Further pieces of the same directory, by job.
    More(usize),
}

impl State {
    fn push(&mut self, job: Job) -> usize {
        let number = self.results.len();
        self.results.push(None);
        self.jobs.push(Job { number, ..job });
        number
    }
}

/// What one job yields before it is given to the shared state.
#[derive(Default)]
struct Yield {
    pieces: Vec<Piece>,
    /// Jobs to be queued; a `Piece` refers to them by their place here.
    jobs: Vec<Job>,
    notices: Vec<Notice>,
    /// The directory is not there any more, or is left out.
    gone: bool,
}

/// # The workers
impl Walk<'_> {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let _guard = StopOnPanic(self);
        let mut state = self.lock();
        loop {
            if state.error.is_some() {
                return;
            }
            if let Some(job) = state.jobs.pop() {
                state.active += 1;
                drop(state);
                let number = job.number;
                let done = self.run(job);
                state = self.lock();
                state.active -= 1;
                match done {
                    Ok(found) => Self::take(&mut state, number, found),
                    Err(error) => {
                        state.error.get_or_insert(error);
                    }
                }
                self.changed.notify_all();
            } else if state.active == 0 {
                return;
            } else {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn take(state: &mut State, number: usize, found: Yield) {
        let first = state.results.len();
        // Last in, first out: pushed in reverse, directories are worked on in the order of paths, which keeps
        // few waiting.
        let count = found.jobs.len();
        state.results.extend((0..count).map(|_| None));
        for (i, job) in found.jobs.into_iter().enumerate().rev() {
            state.jobs.push(Job {
                number: first + i,
                ..job
            });
        }
        let pieces = found.pieces.into_iter().map(|piece| match piece {
            Piece::Entry(entry) => Piece::Entry(entry),
            Piece::Dir(entry, local) => Piece::Dir(entry, first + local),
            Piece::More(local) => Piece::More(first + local),
        });
        state.results[number] = (!found.gone).then(|| pieces.collect());
        state.notices.extend(found.notices);
    }

    fn run(&self, job: Job) -> Result<Yield, TreeError> {
        if self.progress.cancelled() {
            return Err(TreeError::Cancelled);
        }
        let mut found = Yield::default();
        match job.task {
            Task::Names {
                path,
                handle,
                names,
            } => {
                for name in names {
                    self.visit(&path, &handle, name, &job.frame, &mut found)?;
                }
            }
            Task::Dir { path, excluded } => {
                let Some((handle, names)) = self.read_dir(&path, excluded, &mut found)? else {
                    return Ok(Yield {
                        gone: true,
                        ..found
                    });
                };
                if names.len() <= 2 * PIECE {
                    for name in names {
                        self.visit(&path, &handle, name, &job.frame, &mut found)?;
                    }
                } else {
                    let handle = Arc::new(handle);
                    let mut names = names.into_iter().peekable();
                    while names.peek().is_some() {
                        let names = names.by_ref().take(PIECE).collect();
                        let task = Task::Names {
                            path: path.clone(),
                            handle: Arc::clone(&handle),
                            names,
                        };
                        found.pieces.push(Piece::More(found.jobs.len()));
                        found.jobs.push(Job {
                            number: 0,
                            task,
                            frame: job.frame.clone(),
                        });
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Ends the other threads' waiting when the one that holds this panics, so that the panic reaches the caller.
struct StopOnPanic<'w>(&'w Walk<'w>);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().error.get_or_insert(TreeError::Cancelled);
            self.0.changed.notify_all();
        }
    }
}

/// Puts the pieces together in the order of paths; false where the directory is gone.
///
/// Recursion is as deep as the tree, which `EntryPath::MAX_LEN` limits to 2,048.
fn gather(results: &mut [Option<Vec<Piece>>], number: usize, out: &mut Vec<Entry>) -> bool {
    let Some(pieces) = results[number].take() else {
        return false;
    };
    for piece in pieces {
        match piece {
            Piece::Entry(entry) => out.push(entry),
            Piece::More(number) => {
                gather(results, number, out);
            }
            Piece::Dir(entry, number) => {
                let excluded = entry.standing == Standing::Excluded;
                let before = out.len();
                out.push(entry);
                let there = gather(results, number, out);
                if !there || (excluded && out.len() == before + 1) {
                    out.truncate(before);
                }
            }
        }
    }
    true
}
