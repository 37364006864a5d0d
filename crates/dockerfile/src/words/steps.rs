//! How much work a word may make.

/// How much work a word may make: bytes written from values, and characters that patterns look at. A word that BuildKit's
/// line scanner lets pass is at most 64 KiB, and the kernel allows 128 KiB to a variable.
pub(super) const STEPS: usize = 32 << 20;

/// How many steps are left.
pub(super) struct Steps(usize);

/// There are no steps left.
#[derive(Debug)]
pub(super) struct Exhausted;

impl Steps {
    /// All that a word may take.
    pub(super) fn all() -> Self {
        Self(STEPS)
    }

    /// Takes some of them.
    pub(super) fn take(&mut self, count: usize) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(count).ok_or(Exhausted)?;
        Ok(())
    }
}
