//! Comparing the contents of files that are of one size.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use shipload_context::{Entry, Kind, Progress};

use super::DifferenceError;
use super::item::Item;
use crate::digest::Digest;

/// How much of each file is in memory at a time, in bytes.
const BUFFER: usize = 128 << 10;

/// Two files that only their contents can tell apart.
pub(super) enum Pair<'a> {
    Both(&'a Entry, &'a Entry),
    /// One, and what the other is known to be.
    One(&'a Entry, (Digest, Option<&'a [u8]>)),
}

impl<'a> Pair<'a> {
    /// The pair, if contents have to be read.
    pub(super) fn of(from: &Item<'a>, to: &Item<'a>) -> Option<Self> {
        let is_file = matches!(*from.kind, Kind::File { .. });
        if !is_file || from.kind != to.kind {
            return None;
        }
        match ((from.known, from.entry), (to.known, to.entry)) {
            ((Some(known), _), (None, Some(entry))) | ((None, Some(entry)), (Some(known), _)) => {
                Some(Self::One(entry, known))
            }
            ((None, Some(one)), (None, Some(other))) => Some(Self::Both(one, other)),
            // Both are known, or one cannot be.
            _ => None,
        }
    }

    fn is_same(
        &self,
        buffers: &mut [Vec<u8>; 2],
        cancel: &Progress,
    ) -> Result<bool, DifferenceError> {
        match self {
            Self::Both(one, other) => same(one, other, buffers, cancel),
            Self::One(entry, (digest, capability)) => {
                let found = read(entry, &mut buffers[0], cancel)?;
                Ok((found.0, found.1.as_deref()) == (*digest, *capability))
            }
        }
    }
}

/// Whether the contents of each pair are the same.
pub(super) fn compare(
    pairs: &[(usize, Pair<'_>)],
    progress: &Progress,
) -> Result<Vec<(usize, bool)>, DifferenceError> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::with_capacity(pairs.len()), None));
    let work = || {
        let mut buffers = [vec![0; BUFFER], vec![0; BUFFER]];
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some((place, pair)) = pairs.get(turn) else {
                return;
            };
            let outcome = pair.is_same(&mut buffers, progress);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            let (same, failed): &mut (Vec<_>, Option<(usize, DifferenceError)>) = &mut done;
            match outcome {
                Ok(is_same) => same.push((*place, is_same)),
                Err(error) => {
                    // Whoever had an earlier turn may have to tell of an earlier failure.
                    next.store(pairs.len(), Ordering::Relaxed);
                    if failed.as_ref().is_none_or(|(first, _)| turn < *first) {
                        *failed = Some((turn, error));
                    }
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    std::thread::scope(|scope| {
        for _ in 1..threads.get().min(pairs.len()) {
            // Fewer threads cost time only.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let (same, failed) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failed {
        Some((_, error)) => Err(error),
        None => Ok(same),
    }
}

fn same(
    one: &Entry,
    other: &Entry,
    buffers: &mut [Vec<u8>; 2],
    cancel: &Progress,
) -> Result<bool, DifferenceError> {
    let (first, second) = (one.open()?, other.open()?);
    let mut is_same = first.capability() == second.capability();
    let mut offset = 0;
    while is_same && offset < one.size() {
        check(cancel)?;
        let len = usize::try_from(one.size() - offset).map_or(BUFFER, |left| left.min(BUFFER));
        let [left, right] = buffers;
        first.read_at(&mut left[..len], offset)?;
        second.read_at(&mut right[..len], offset)?;
        is_same = left[..len] == right[..len];
        offset += len as u64;
    }
    first.finish()?;
    second.finish()?;
    Ok(is_same)
}

fn read(
    entry: &Entry,
    buffer: &mut [u8],
    cancel: &Progress,
) -> Result<(Digest, Option<Vec<u8>>), DifferenceError> {
    let opened = entry.open()?;
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < entry.size() {
        check(cancel)?;
        let len = usize::try_from(entry.size() - offset).map_or(BUFFER, |left| left.min(BUFFER));
        opened.read_at(&mut buffer[..len], offset)?;
        hash.update(&buffer[..len]);
        offset += len as u64;
    }
    let capability = opened.capability();
    opened.finish()?;
    Ok((Digest(hash.finalize().into()), capability))
}

fn check(cancel: &Progress) -> Result<(), DifferenceError> {
    if cancel.cancelled() {
        return Err(DifferenceError::Cancelled);
    }
    Ok(())
}
