//! Which supplier delivers the k-th lot of an item (RULES 7): the one furthest below its share, ties in file
//! order. It must not know dates or quantities. Invariant: the answer depends on the shares and k alone; all
//! deficits stay above -1, so after q lots (q = least count that makes all shares whole) each supplier has
//! exactly its share and the sequence repeats. That makes every question O(1) or O(log).
use takt_kernel::{ParseError, Share};

/// The sequence of suppliers of one item, one period of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    sequence: Vec<u8>,
    /// Per supplier, the places of its lots within a period.
    places: Vec<Vec<u32>>,
}

impl Quota {
    /// The quota of suppliers in file order; the shares are not negative and add up to one.
    pub fn new(shares: &[Share]) -> Result<Self, ParseError> {
        let sum: i64 = shares
            .iter()
            .fold(0, |sum, share| sum.saturating_add(share.0));
        if shares.len() > 100 || shares.iter().any(|share| share.0 < 0) || sum != Share::ONE.0 {
            let text = shares
                .iter()
                .map(Share::to_string)
                .collect::<Vec<_>>()
                .join(" + ");
            return Err(ParseError::new(
                "quota",
                &text,
                "shares of at most 100 suppliers add up to 1",
            ));
        }
        let unit = shares
            .iter()
            .fold(Share::ONE.0, |unit, share| gcd(unit, share.0));
        let (weights, period) = (
            shares.iter().map(|share| share.0 / unit),
            Share::ONE.0 / unit,
        );
        let weights: Vec<i64> = weights.collect();
        let mut deficit = vec![0i64; shares.len()];
        let mut quota = Self {
            sequence: Vec::new(),
            places: vec![Vec::new(); shares.len()],
        };
        for k in 0..period {
            for (owed, weight) in deficit.iter_mut().zip(&weights) {
                *owed += weight;
            }
            let chosen = first_largest(&deficit);
            deficit[chosen] -= period;
            quota.sequence.push(chosen as u8);
            quota.places[chosen].push(k as u32);
        }
        Ok(quota)
    }

    /// The supplier of lot `k`, counted from 0.
    pub fn supplier(&self, k: i64) -> usize {
        let at = k.rem_euclid(self.sequence.len() as i64) as usize;
        usize::from(self.sequence[at])
    }

    /// How many of the first `k` lots are the supplier's.
    pub fn count(&self, supplier: usize, k: i64) -> i64 {
        let Some(places) = self.places.get(supplier) else {
            return 0;
        };
        let period = self.sequence.len() as i64;
        let (rounds, rest) = (k.max(0) / period, k.max(0) % period);
        rounds * places.len() as i64 + places.partition_point(|at| i64::from(*at) < rest) as i64
    }

    /// The place k (from 0) of the supplier's lot number `n` (from 0); None where it has no share.
    pub fn place(&self, supplier: usize, n: i64) -> Option<i64> {
        let places = self
            .places
            .get(supplier)
            .filter(|places| !places.is_empty() && n >= 0)?;
        let (rounds, rest) = (n / places.len() as i64, n % places.len() as i64);
        Some(rounds * self.sequence.len() as i64 + i64::from(places[rest as usize]))
    }

    /// How many suppliers there are.
    pub fn suppliers(&self) -> usize {
        self.places.len()
    }
}

/// The place of the largest value; the first of equals.
pub(crate) fn first_largest(values: &[i64]) -> usize {
    let better = |best: usize, at: usize| if values[at] > values[best] { at } else { best };
    (0..values.len()).fold(0, better)
}

pub(crate) fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sixty_forty_and_three_steel_mills() -> Result<(), ParseError> {
        let two = Quota::new(&[Share(600_000), Share(400_000)])?;
        assert_eq!(
            (0..5).map(|k| two.supplier(k)).collect::<Vec<_>>(),
            [0, 1, 0, 1, 0]
        );
        let mills = Quota::new(&[Share(500_000), Share(250_000), Share(250_000)])?;
        assert_eq!(
            (0..4).map(|k| mills.supplier(k)).collect::<Vec<_>>(),
            [0, 1, 2, 0]
        );
        assert_eq!((mills.count(0, 1001), mills.place(2, 1)), (501, Some(6)));
        assert!(Quota::new(&[Share(500_000)]).is_err() && Quota::new(&[]).is_err());
        Ok(())
    }

    proptest! {
           #[test]
           fn the_period_equals_the_rule_step_by_step(cuts in proptest::collection::vec(0i64..=100, 0..4)) {
               let mut cuts = cuts;
               cuts.extend([0, 100]);
               cuts.sort_unstable();
               let shares: Vec<Share> = cuts.windows(2).map(|w| Share((w[1] - w[0]) * 10_000)).collect();
               let quota = Quota::new(&shares);
               prop_assert!(quota.is_ok());
               if let Ok(quota) = quota {
                   let mut counts = vec![0i64; shares.len()];
                   for k in 0..250i64 {
                       let owed: Vec<i64> = (0..shares.len()).map(|s| shares[s].0 * (k + 1) - counts[s] * 1_000_000).collect();
                       let wanted = first_largest(&owed);
                       prop_assert_eq!(quota.supplier(k), wanted);
                       prop_assert_eq!(quota.place(wanted, counts[wanted]), Some(k));
                       for (s, count) in counts.iter().enumerate() {
    prop_assert_eq!(quota.count(s, k), *count);
                       }
                       counts[wanted] += 1;
                   }
               }
           }
       }
}
