//! Chance that can be repeated: every draw depends on the seed and a business key alone (RULES 19), so that neither
//! the order of draws nor an interruption changes a world. Whole numbers only; logarithm and exponential are series
//! over fixed point, so that every machine draws the same. It must not know what is drawn for.
use takt_kernel::{seeded_hash, seeded_share};

/// Fixed point with 40 binary places.
const PLACES: u32 = 40;
const ONE: i128 = 1 << PLACES;
/// ln 2 in fixed point.
const LN_2: i128 = 762_123_384_786;
/// Cells of the numerical integral of a gamma density.
const CELLS: i128 = 4096;

/// The dice of a world.
#[derive(Debug, Clone, Copy)]
pub struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// True with a probability in millionths.
    pub fn falls(self, key: &str, millionths: i64) -> bool {
        self.share(key) < millionths
    }

    /// A number from 0 to 999,999, uniform.
    pub fn share(self, key: &str) -> i64 {
        seeded_share(self.seed, key)
    }

    /// An exponential draw with a mean, in the mean's unit.
    pub fn exponential(self, key: &str, mean: i64) -> i64 {
        // Uniform in (0, 1]: never the logarithm of nothing.
        let uniform = i128::from(seeded_hash(self.seed, key) >> (64 - PLACES)) + 1;
        let draw = (i128::from(mean) * -ln(uniform)) >> PLACES;
        i64::try_from(draw).unwrap_or(i64::MAX)
    }
}

/// How many whole days late, for a gamma distribution: the nearest day, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GammaDays {
    /// At place d: the probability in millionths that it is at most d + 1 days.
    at_most: Vec<i64>,
}

impl GammaDays {
    /// The distribution of a mean and a standard deviation in millionths of a day (shape (mean / sd)^2).
    pub fn new(mean: i64, deviation: i64) -> Self {
        let (mean, deviation) = (i128::from(mean.max(1)), i128::from(deviation.max(1)));
        let scale = |millionths: i128| millionths * ONE / 1_000_000;
        // shape - 1 and 1 / scale = mean / variance, per day, in fixed point.
        let shape_less_one = mean * mean * ONE / (deviation * deviation) - ONE;
        let rate = mean * 1_000_000 * ONE / (deviation * deviation);
        let width = scale(mean + 12 * deviation) / CELLS;
        let middle = |cell: i128| cell * width + width / 2;
        let exponent = |cell: i128| {
            let x = middle(cell).max(1);
            ((shape_less_one * ln(x)) >> PLACES) - ((rate * x) >> PLACES)
        };
        let exponents: Vec<i128> = (0..CELLS).map(exponent).collect();
        let largest = exponents.iter().copied().max().unwrap_or(0);
        let weights: Vec<i128> = exponents.iter().map(|e| exp(e - largest)).collect();
        let whole: i128 = weights.iter().sum::<i128>().max(1);
        let mut at_most = Vec::new();
        let mut sum = 0;
        let mut day = 1;
        for (cell, weight) in (0..CELLS).zip(weights) {
            // Day d ends in the middle between d and d + 1.
            while middle(cell) > day * ONE + ONE / 2 {
                at_most.push(i64::try_from(sum * 1_000_000 / whole).unwrap_or(1_000_000));
                day += 1;
            }
            sum += weight;
        }
        at_most.push(1_000_000);
        Self { at_most }
    }

    /// The days of a draw between 0 and 999,999.
    pub fn days(&self, share: i64) -> i32 {
        let before = self.at_most.partition_point(|most| *most <= share);
        i32::try_from(before.min(self.at_most.len() - 1)).unwrap_or(0) + 1
    }
}

/// The natural logarithm of a positive fixed point number, by the series of the inverse hyperbolic tangent.
fn ln(x: i128) -> i128 {
    let bits = 127 - i32::try_from(x.max(1).leading_zeros()).unwrap_or(127);
    let power = bits - i32::try_from(PLACES).unwrap_or(0);
    let mantissa = if power >= 0 { x >> power } else { x << -power };
    let y = (mantissa - ONE) * ONE / (mantissa + ONE);
    let square = (y * y) >> PLACES;
    let (mut term, mut sum) = (y, 0);
    for odd in 0..20 {
        sum += term / (2 * odd + 1);
        term = (term * square) >> PLACES;
    }
    2 * sum + i128::from(power) * LN_2
}

/// The exponential of a fixed point number that is not positive.
fn exp(x: i128) -> i128 {
    let halvings = (-x) / LN_2;
    if halvings > 60 {
        return 0;
    }
    let rest = x + halvings * LN_2;
    let (mut term, mut sum) = (ONE, 0);
    for n in 1..24 {
        sum += term;
        term = ((term * rest) >> PLACES) / n;
    }
    sum >> halvings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithm_and_exponential_are_right_to_nine_places() {
        let near = |have: i128, want: f64| {
            let have = have as f64 / ONE as f64;
            assert!((have - want).abs() < 1e-9, "{have} {want}");
        };
        for x in [0.001f64, 0.5, 1.0, 1.5, 2.0, 10.0, 123.456] {
            near(ln((x * ONE as f64) as i128), x.ln());
        }
        for x in [0.0f64, -0.3, -1.0, -5.5, -20.0] {
            near(exp((x * ONE as f64) as i128), x.exp());
        }
    }

    #[test]
    fn gamma_days_have_their_mean() {
        for (mean, deviation) in [(6, 5), (4, 4), (2, 2)] {
            let gamma = GammaDays::new(mean * 1_000_000, deviation * 1_000_000);
            let dice = Dice::new(7);
            let sum: i64 = (0..20_000)
                .map(|n| i64::from(gamma.days(dice.share(&format!("{n}")))))
                .sum();
            let tenths = sum / 2000;
            // Every delay is at least a day, which lifts a small mean a little.
            assert!(
                (mean * 10 - 2..=mean * 10 + 6).contains(&tenths),
                "{mean} {tenths}"
            );
            assert!(gamma.days(999_999) > 10 && gamma.days(0) == 1);
        }
    }

    #[test]
    fn exponential_draws_have_their_mean() {
        let dice = Dice::new(3);
        let sum: i64 = (0..20_000)
            .map(|n| dice.exponential(&format!("{n}"), 1000))
            .sum();
        assert!((970..1030).contains(&(sum / 20_000)), "{}", sum / 20_000);
    }
}
