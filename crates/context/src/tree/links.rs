//! `Links`: which entries are names of one file.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Gives one number to each file that has several names.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<LinkNumbers>);

#[derive(Debug, Default)]
struct LinkNumbers {
    known: HashMap<(u64, u64), u32>,
    next: u32,
}

impl Links {
    /// The number of a file of this machine.
    pub(crate) fn of(&self, device: u64, inode: u64) -> u32 {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = &mut *numbers;
        *numbers.known.entry((device, inode)).or_insert_with(|| {
            numbers.next += 1;
            numbers.next
        })
    }

    /// A number that no file of this machine has.
    pub(crate) fn fresh(&self) -> u32 {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.next += 1;
        numbers.next
    }
}
