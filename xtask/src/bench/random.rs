//! Numbers from a seed: `SplitMix64`, integers only, so that a seed means the same tree on every machine.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The stream that `seed` gives for `purpose`; each purpose has its own, so that a change to one leaves the others.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut random = Self(seed);
        for byte in purpose.bytes() {
            random.0 ^= random.next().wrapping_add(byte.into());
        }
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `limit`, which is not 0 and far below 2^64, so that the bias does not matter.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One of `items`, which are not empty.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let place = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        &items[place]
    }

    /// Bytes that no codec can shrink.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// A number distributed as `quantiles` say, which are pairs of (per mille, value) from 0 to 1000, linear between them.
    pub(super) fn quantile(&mut self, quantiles: &[(u64, u64)]) -> u64 {
        // Finer than the steps of the table, so that values between them occur.
        let at = self.below(1_000_000);
        for pair in quantiles.windows(2) {
            let [(from, low), (to, high)] = [pair[0], pair[1]];
            if at < to * 1000 {
                return low + (high - low) * (at - from * 1000) / ((to - from) * 1000);
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_stream() {
        let first = |seed, purpose| Random::new(seed, purpose).next();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
    }

    #[test]
    fn quantiles_are_kept() {
        let table = [(0, 0), (500, 10), (1000, 1010)];
        let mut random = Random::new(1, "test");
        let values: Vec<_> = (0..10_000).map(|_| random.quantile(&table)).collect();
        let low = values.iter().filter(|value| **value < 10).count();
        assert!((4_500..5_500).contains(&low), "{low}");
        assert!(values.iter().all(|value| *value < 1010));
    }
}
