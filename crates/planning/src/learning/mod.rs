//! Learning curves: with every doubling of the units built, the cost falls to the same share of what it was. It must not
//! know what is built. Two forms, which give different costs from the same rate and are never mixed up: the **unit** form
//! (Crawford, 1944) says it of the cost of the x-th unit, the **cumulative-average** form (Wright, Factors Affecting the
//! Cost of Airplanes, J. Aeronautical Sciences 3, 1936) of the average of the first x units. Units: costs are millionths
//! of whatever is counted (money, hours), x counts from 1. Invariant: a curve is two integers of fixed point; the same
//! curve gives the same cost on every machine.
pub mod fit;

use crate::fixed::{self, Fixed, ONE};
use takt_kernel::Share;

/// Sums are taken term by term up to here, and by Euler and Maclaurin's formula beyond; its first omitted term is then
/// below 1e-9 of a first unit.
const HEAD: i64 = 512;
/// No curve is followed further.
pub const FURTHEST: i64 = 1_000_000_000_000;

/// What the rate is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// Crawford: the cost of the x-th unit.
    Unit,
    /// Wright: the average cost of the first x units.
    #[default]
    CumulativeAverage,
}

/// Why there is no curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CurveError {
    /// A rate outside the model.
    #[error("a learning rate of {0} is outside the model; it is above 0.5 and at most 1")]
    Rate(Share),
    /// A cost or a count that is not positive, or too large.
    #[error("a curve needs a positive cost and a positive count of units below 10^12")]
    Point,
}

/// A curve: cost = first x units^exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Curve {
    /// What the rate is said of.
    pub form: Form,
    /// The cost of the first unit in millionths, as a fixed point number.
    first: Fixed,
    /// log2 of the rate; not positive where there is learning.
    exponent: Fixed,
}

/// log2 of a rate.
fn exponent_of(rate: Share) -> Result<Fixed, CurveError> {
    if rate.0 <= 500_000 || rate.0 > 1_000_000 {
        return Err(CurveError::Rate(rate));
    }
    let log = fixed::ln(fixed::ratio(rate.0, Share::ONE.0));
    Ok(fixed::div(log, fixed::ln(fixed::whole(2))))
}

impl Curve {
    /// The curve of a rate from the cost of the first unit.
    ///
    /// # Errors
    /// `CurveError` for a rate or a cost outside the model.
    pub fn from_first(form: Form, first: i64, rate: Share) -> Result<Self, CurveError> {
        let exponent = exponent_of(rate)?;
        if first <= 0 {
            return Err(CurveError::Point);
        }
        Ok(Self {
            form,
            first: fixed::whole(first),
            exponent,
        })
    }

    /// The curve of a rate on which the first `units` units cost `average` on the average: how a reported period, which
    /// is the first one, is put on a curve.
    ///
    /// # Errors
    /// `CurveError` for a rate, a cost or a count outside the model.
    pub fn through_average(
        form: Form,
        units: i64,
        average: i64,
        rate: Share,
    ) -> Result<Self, CurveError> {
        let exponent = exponent_of(rate)?;
        if average <= 0 || !(1..=FURTHEST).contains(&units) {
            return Err(CurveError::Point);
        }
        let shape = Self {
            form,
            first: ONE,
            exponent,
        };
        Ok(Self {
            first: scaled_down(average, shape.mean_factor(units)),
            ..shape
        })
    }

    /// The cost of the first unit.
    pub fn first(&self) -> i64 {
        fixed::rounded(self.first)
    }

    /// The rate: the share to which a doubling brings the cost.
    pub fn rate(&self) -> Share {
        rate_of(self.exponent)
    }

    /// The exponent in millionths.
    pub fn exponent_millionths(&self) -> i64 {
        fixed::millionths(self.exponent)
    }

    /// The cost of the x-th unit. In the cumulative-average form it is the difference of two totals.
    pub fn unit(&self, x: i64) -> i64 {
        self.cost(self.unit_factor(x))
    }

    /// The average cost of the first x units.
    pub fn average(&self, x: i64) -> i64 {
        self.cost(self.mean_factor(x))
    }

    /// The cost of the first x units together.
    pub fn total(&self, x: i64) -> i128 {
        if x <= 0 {
            return 0;
        }
        let x = x.min(FURTHEST);
        let sum = match self.form {
            Form::Unit => sum_of_powers(x, self.exponent),
            Form::CumulativeAverage => self.mean_factor(x) * i128::from(x),
        };
        product(self.first, sum)
    }

    /// The cost of the units from `first` to `last`, both included.
    pub fn lot(&self, first: i64, last: i64) -> i128 {
        self.total(last) - self.total(first - 1)
    }

    /// The first unit that costs at most so much; None where it lies beyond [`FURTHEST`].
    pub fn units_until(&self, cost: i64) -> Option<i64> {
        if self.unit(FURTHEST) > cost {
            return None;
        }
        let (mut above, mut below) = (0, FURTHEST);
        while below - above > 1 {
            let middle = above + (below - above) / 2;
            if self.unit(middle) > cost {
                above = middle;
            } else {
                below = middle;
            }
        }
        Some(below)
    }

    fn cost(&self, factor: Fixed) -> i64 {
        i64::try_from(product(self.first, factor)).unwrap_or(i64::MAX)
    }

    /// The cost of the x-th unit where the first costs one.
    fn unit_factor(&self, x: i64) -> Fixed {
        let x = x.clamp(1, FURTHEST);
        match self.form {
            Form::Unit => fixed::pow(fixed::whole(x), self.exponent),
            Form::CumulativeAverage if x <= HEAD => {
                let total = |x: i64| fixed::pow(fixed::whole(x), self.exponent) * i128::from(x);
                total(x) - if x > 1 { total(x - 1) } else { 0 }
            }
            // The difference of two large totals would lose places: (1 + b) (x - 1/2)^b is exact to 1 / x^2 of it.
            Form::CumulativeAverage => {
                let middle = fixed::whole(x) - ONE / 2;
                fixed::mul(ONE + self.exponent, fixed::pow(middle, self.exponent))
            }
        }
    }

    /// The average of the first x units where the first costs one.
    fn mean_factor(&self, x: i64) -> Fixed {
        let x = x.clamp(1, FURTHEST);
        match self.form {
            Form::Unit => sum_of_powers(x, self.exponent) / i128::from(x),
            Form::CumulativeAverage => fixed::pow(fixed::whole(x), self.exponent),
        }
    }
}

/// The sum of i^b for i from 1 to x.
fn sum_of_powers(x: i64, b: Fixed) -> Fixed {
    let head = x.min(HEAD);
    let mut sum: Fixed = (1..=head).map(|i| fixed::pow(fixed::whole(i), b)).sum();
    if x > head {
        let (from, to) = (fixed::whole(head), fixed::whole(x));
        let (low, high) = (fixed::pow(from, b), fixed::pow(to, b));
        // Integral of t^b, half the ends, and the first derivative term b / 12 of Euler and Maclaurin.
        let area = high * i128::from(x) - low * i128::from(head);
        // Large areas leave out places that are far below their own last ones.
        let out = if area >> 78 > 0 { 20 } else { 0 };
        sum += (fixed::div(area >> out, ONE + b) << out) + (high - low) / 2;
        sum += fixed::mul(b, high / i128::from(x) - low / i128::from(head)) / 12;
    }
    sum
}

/// The share to which a doubling brings the cost.
fn rate_of(exponent: Fixed) -> Share {
    let log = fixed::mul(exponent, fixed::ln(fixed::whole(2)));
    Share(fixed::millionths(fixed::exp(log)))
}

fn lot_midpoint(b: Fixed, first: i64, last: i64) -> Fixed {
    let (first, last) = (first.max(1), last.max(first.max(1)));
    if first == last || b == 0 {
        return fixed::whole(first) + fixed::whole(last - first) / 2;
    }
    let sum = sum_of_powers(last, b)
        - if first > 1 {
            sum_of_powers(first - 1, b)
        } else {
            0
        };
    let mean = sum / i128::from(last - first + 1);
    fixed::exp(fixed::div(fixed::ln(mean), b))
}

/// A fixed point cost times a fixed point factor as a whole number, rounded to the nearest.
fn product(cost: Fixed, factor: Fixed) -> i128 {
    let (large, small) = (cost.max(factor), cost.min(factor));
    let bits = |number: Fixed| 128 - number.max(0).leading_zeros();
    // What does not fit is left out of the larger one, which keeps more places than any cost has.
    let out = (bits(large) + bits(small)).saturating_sub(125).min(95);
    let half = 1i128 << (95 - out);
    ((large >> out) * small + half) >> (96 - out)
}

fn scaled_down(average: i64, factor: Fixed) -> Fixed {
    // average x 2^96 would not fit for large costs: the quotient is taken with 24 places more than it needs.
    let wide = i128::from(average) << 72;
    (wide / factor.max(1)) << 24
}

#[cfg(test)]
mod tests;
