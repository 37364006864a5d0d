//! `StepKey`: what two steps have in common that are one to a builder's cache.

use std::fmt;

/// All that an entry of a builder's cache depends on beside files and earlier steps, in one sequence of bytes. Equal keys, same
/// entry; the bytes mean nothing else, and may be others in another version.
///
/// There may be secrets in it: values of variables. It does not show them.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepKey(Vec<u8>);

impl StepKey {
    /// The bytes, to be hashed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Begins a key of some kind.
    pub(super) fn new(kind: &str) -> Self {
        let mut key = Self::default();
        key.part(kind);
        key
    }

    /// Adds a text; what was added before and after cannot be taken for a part of it.
    pub(super) fn part(&mut self, text: &str) {
        self.0.extend((text.len() as u64).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    /// Adds a list.
    pub(super) fn list<T: AsRef<str>>(&mut self, texts: &[T]) {
        self.0.extend((texts.len() as u64).to_le_bytes());
        for text in texts {
            self.part(text.as_ref());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepKey({} bytes)", self.0.len())
    }
}
