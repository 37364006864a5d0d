//! Digests of several parts, none of which can be taken for another.

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// A SHA-256 in the making.
#[derive(Clone)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn new(kind: &str) -> Self {
        Self(Sha256::new()).part(kind.as_bytes())
    }

    /// Adds a part.
    pub(super) fn part(mut self, bytes: &[u8]) -> Self {
        self.add(bytes);
        self
    }

    /// Adds a part.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}
