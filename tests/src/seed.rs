//! Chance that can be repeated: a test tells its seed, and the same seed does the same.
//!
//! It must not be used for anything but tests.

use takt_kernel::seeded_hash;

/// Numbers that follow from a seed and a name.
#[derive(Debug)]
pub struct Dice {
    seed: u64,
    name: &'static str,
    thrown: u64,
}

impl Dice {
    /// Dice for a test.
    pub const fn new(seed: u64, name: &'static str) -> Self {
        Self {
            seed,
            name,
            thrown: 0,
        }
    }

    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.thrown += 1;
        seeded_hash(self.seed, &format!("{}/{}", self.name, self.thrown)) % end.max(1)
    }
}
