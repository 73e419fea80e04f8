//! Whole numbers by shares: largest remainder with carry (Hamilton's method; the carry keeps the running
//! total at its share), and dealing the counted values to single vehicles so that attributes stay independent. It
//! must not know what is counted. Invariant: every step adds up to what was asked, no value is ever negative.
use takt_kernel::Share;

/// Splits one total after the other by the same shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apportion {
    weights: Vec<i64>,
    sum: i64,
    /// What each value is owed from before, in units of 1 / sum.
    carry: Vec<i64>,
}

impl Apportion {
    /// Shares in file order; they are normalised by their sum (outbound lanes add up to 0.9999).
    pub fn new(shares: &[Share]) -> Self {
        let weights: Vec<i64> = shares.iter().map(|share| share.0.max(0)).collect();
        Self {
            sum: weights.iter().sum::<i64>().max(1),
            carry: vec![0; weights.len()],
            weights,
        }
    }

    /// The next `total` units by value. Each value gets the floor of what it is owed; what is left goes to the
    /// largest remainders, ties in file order; the difference is carried to the next call.
    pub fn take(&mut self, total: i64) -> Vec<i64> {
        for (carry, weight) in self.carry.iter_mut().zip(&self.weights) {
            *carry += weight * total;
        }
        let mut given: Vec<i64> = self
            .carry
            .iter()
            .map(|owed| owed.div_euclid(self.sum).max(0))
            .collect();
        let mut rest = total - given.iter().sum::<i64>();
        while rest != 0 && self.weights.iter().any(|weight| *weight > 0) {
            let remainder = |at: usize| self.carry[at] - given[at] * self.sum;
            let wanted = (0..given.len()).filter(|at| self.weights[*at] > 0);
            // More: the largest remainder, first of equals. Less (a value was above its share before): the smallest
            // of those that have something, last of equals.
            let chosen = if rest > 0 {
                wanted.max_by_key(|at| (remainder(*at), std::cmp::Reverse(*at)))
            } else {
                wanted
                    .filter(|at| given[*at] > 0)
                    .min_by_key(|at| (remainder(*at), std::cmp::Reverse(*at)))
            };
            let Some(chosen) = chosen else { break };
            given[chosen] += rest.signum();
            rest -= rest.signum();
        }
        for (carry, units) in self.carry.iter_mut().zip(&given) {
            *carry -= units * self.sum;
        }
        given
    }
}

/// Fractional parts of the square roots of the first primes, 64 bits (FIPS 180-4): independent directions of a
/// Kronecker sequence (Niederreiter 1992), whose points fill the cube evenly from every start.
const DIRECTIONS: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Deals counted values to the vehicles of `indices` (running numbers, one for each unit of `counts`): vehicle n
/// has the point frac(n x direction), and the values take the vehicles in order of their points. So the
/// counts are exact, and values dealt in different dimensions (0 to 7) are as good as independent.
pub fn deal(counts: &[i64], indices: &[u64], dimension: usize) -> Vec<usize> {
    let direction = DIRECTIONS[dimension % DIRECTIONS.len()];
    let mut order: Vec<(u64, usize)> = indices
        .iter()
        .enumerate()
        .map(|(at, n)| ((n + 1).wrapping_mul(direction), at))
        .collect();
    order.sort_unstable();
    let values = counts
        .iter()
        .enumerate()
        .flat_map(|(value, count)| std::iter::repeat_n(value, (*count).max(0) as usize));
    let mut dealt = vec![0usize; indices.len()];
    for ((_, at), value) in order.into_iter().zip(values) {
        dealt[at] = value;
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn largest_remainder_with_carry_by_hand() {
        let mut split = Apportion::new(&[Share(280_000), Share(290_000), Share(430_000)]);
        assert_eq!(split.take(10), [3, 3, 4]); // 2.8, 2.9, 4.3
        assert_eq!(split.take(10), [3, 3, 4]); // 2.6, 2.8, 4.6: two left over for .8 and .6, STD before MAX
        assert_eq!(split.take(80), [22, 23, 35]); // owed 22.4, 23.2, 34.4 hundredths: 22 + 23 + 34, one left
        assert_eq!(Apportion::new(&[]).take(5), Vec::<i64>::new());
        assert_eq!(Apportion::new(&[Share(0), Share(7)]).take(5), [0, 5]);
    }

    #[test]
    fn dealt_attributes_are_nearly_independent() {
        let indices: Vec<u64> = (0..8572).collect();
        let (a, b) = (
            deal(&[4286, 4286], &indices, 0),
            deal(&[2143, 6429], &indices, 1),
        );
        let both = a
            .iter()
            .zip(&b)
            .filter(|(a, b)| **a == 0 && **b == 0)
            .count() as i64;
        assert!((both - 1071).abs() < 12, "{both}");
        assert_eq!(b.iter().filter(|value| **value == 0).count(), 2143);
    }

    proptest! {
        #[test]
        fn totals_are_exact_and_nothing_drifts(
            weights in proptest::collection::vec(0i64..1_000_000, 1..10),
            totals in proptest::collection::vec(0i64..3000, 1..60),
        ) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let shares: Vec<Share> = weights.iter().map(|w| Share(*w)).collect();
            let mut split = Apportion::new(&shares);
            let sum: i64 = weights.iter().sum();
            let (mut have, mut all) = (vec![0i64; weights.len()], 0i64);
            for total in totals {
                let given = split.take(total);
                prop_assert_eq!(given.iter().sum::<i64>(), total);
                all += total;
                for (at, units) in given.iter().enumerate() {
                    prop_assert!(*units >= 0);
                    have[at] += units;
                    prop_assert!((have[at] * sum - weights[at] * all).abs() < 2 * sum);
                }
            }
        }
    }
}
