//! `Digests`: what was found out about the contents of a tree's files, kept as long as the tree.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A small number for each entry, once it is known: four bytes an entry, and nothing before the first is.
#[derive(Default)]
pub(crate) struct Digests(OnceLock<Box<[AtomicU32]>>);

impl Digests {
    /// What is known of the entry at `place`.
    pub(crate) fn get(&self, place: usize) -> Option<u32> {
        let kept = self.0.get()?.get(place)?.load(Ordering::Relaxed);
        kept.checked_sub(1)
    }

    /// Keeps `digest`, less than `u32::MAX`, for the entry at `place` of `len`.
    pub(crate) fn set(&self, place: usize, len: usize, digest: u32) {
        let make = || (0..len).map(|_| AtomicU32::new(0)).collect();
        if let Some(slot) = self.0.get_or_init(make).get(place) {
            slot.store(digest.saturating_add(1), Ordering::Relaxed);
        }
    }
}
