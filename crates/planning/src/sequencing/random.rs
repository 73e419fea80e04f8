//! The dice of the search: xoshiro256++ (Blackman, Vigna 2019), seeded by SplitMix64. Integers only, so that
//! one seed gives one sequence on every machine. It must not be used where a secret is wanted.

/// A stream of numbers that looks random.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    state: [u64; 4],
}

impl Dice {
    /// The stream of `seed`.
    pub(super) fn new(seed: u64) -> Self {
        let mut mixed = seed;
        let mut next = || {
            mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Self {
            state: [next(), next(), next(), next()],
        }
    }

    /// The next 64 bits.
    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let drawn = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        drawn
    }

    /// A number under `bound`; 0 when `bound` is 0. Bounds are small, so the bias of the multiplication
    /// (Lemire 2019, without its rejection) is under one in a million.
    #[inline]
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (((self.next() >> 32) * bound as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_one_stream_and_bounds_hold() {
        let (mut a, mut b, mut other) = (Dice::new(7), Dice::new(7), Dice::new(8));
        let drawn: Vec<u64> = (0..100).map(|_| a.next()).collect();
        assert_eq!(drawn, (0..100).map(|_| b.next()).collect::<Vec<_>>());
        assert_ne!(drawn, (0..100).map(|_| other.next()).collect::<Vec<_>>());
        assert!((0..10_000).all(|n| a.below(n % 50 + 1) < n % 50 + 1));
        assert_eq!(a.below(0), 0);
    }
}
