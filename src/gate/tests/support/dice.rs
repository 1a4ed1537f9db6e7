//! Chance that is the same on every run.

use crate::gate::seal::RandomError;

/// Small, fast, and the same on every run (SplitMix64).
#[derive(Clone)]
pub(in crate::gate) struct Dice(u64);

impl Dice {
    pub(in crate::gate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::gate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(in crate::gate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(in crate::gate) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    pub(in crate::gate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            *byte = self.roll().to_be_bytes()[0];
        }
        Ok(())
    }
}
