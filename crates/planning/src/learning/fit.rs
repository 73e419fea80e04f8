//! A learning curve from what was observed: least squares of the logarithms (Wright 1936; Goldberg and Touw, Statistical
//! Methods for Learning Curves and Cost Analysis, CNA 2003). It must not guess: fewer than three different points say
//! nothing of their own error, and are refused with what is missing. Units: as the curve; errors in millionths. Method:
//! lots of the unit form stand at their algebraic midpoint, which depends on the exponent and is found by iteration.
use super::{Curve, Form, lot_midpoint, rate_of};
use crate::fixed::{self, Fixed, ONE};
use crate::statistics::{Confidence, student_t};
use takt_kernel::Share;

/// Observations without which there is no error of the fit.
pub const LEAST: usize = 3;
/// Midpoints settle in three or four rounds; more are never needed below a rate of one half.
const ROUNDS: usize = 24;

/// The units from `first` to `last` cost `average` each; a single unit is a lot of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Observation {
    /// The first unit of the lot.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// Their average cost in millionths.
    pub average: i64,
}

/// A fitted curve and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fit {
    /// The curve.
    pub curve: Curve,
    /// The standard error of the exponent in millionths.
    pub exponent_error: i64,
    /// The part of the variance of the logarithms that the curve explains.
    pub r_squared: Share,
    /// The interval of the rate that covers nineteen of twenty.
    pub rate_low: Share,
    /// Its upper end.
    pub rate_high: Share,
    /// How many observations there were.
    pub observations: usize,
}

/// Why nothing was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FitError {
    /// Too few to know.
    #[error(
        "{have} observations at different volumes do not identify a learning rate; at least {LEAST} are needed"
    )]
    TooFew {
        /// How many there are.
        have: usize,
    },
    /// An observation that cannot be.
    #[error(
        "observation {at} is not a lot: its units count from 1 and do not end before they begin, and its cost is positive"
    )]
    NotALot {
        /// Its place from 0.
        at: usize,
    },
    /// The cumulative average needs everything from the first unit on.
    #[error(
        "observation {at} does not follow the one before it; the cumulative average needs every unit from the first"
    )]
    Gap {
        /// Its place from 0.
        at: usize,
    },
}

/// Fits a curve of a form.
///
/// # Errors
/// `FitError` when the observations do not identify a rate.
pub fn fit(form: Form, observations: &[Observation]) -> Result<Fit, FitError> {
    let is_lot = |one: &Observation| {
        one.first >= 1 && one.last >= one.first && one.last <= super::FURTHEST && one.average > 0
    };
    if let Some(at) = observations.iter().position(|one| !is_lot(one)) {
        return Err(FitError::NotALot { at });
    }
    let mut places: Vec<(i64, i64)> = (observations.iter())
        .map(|one| (one.first, one.last))
        .collect();
    places.sort_unstable();
    places.dedup();
    if places.len() < LEAST {
        return Err(FitError::TooFew { have: places.len() });
    }
    match form {
        Form::CumulativeAverage => {
            let points = cumulative(observations)?;
            Ok(regress(form, &points))
        }
        Form::Unit => {
            let mut exponent = -ONE / 4;
            let mut fitted = None;
            for _ in 0..ROUNDS {
                let point = |one: &Observation| {
                    let middle = lot_midpoint(exponent, one.first, one.last);
                    (fixed::ln(middle), fixed::ln(fixed::whole(one.average)))
                };
                let points: Vec<(Fixed, Fixed)> = observations.iter().map(point).collect();
                let next = regress(form, &points);
                let moved = (next.curve.exponent - exponent).abs();
                // Beyond these the sums of powers do not hold, and nobody learns or forgets so fast.
                exponent = next.curve.exponent.clamp(-ONE * 99 / 100, ONE);
                fitted = Some(next);
                if moved < ONE >> 34 {
                    break;
                }
            }
            fitted.ok_or(FitError::TooFew { have: 0 })
        }
    }
}

/// The averages of everything through the end of each lot.
fn cumulative(observations: &[Observation]) -> Result<Vec<(Fixed, Fixed)>, FitError> {
    let (mut total, mut last) = (0i128, 0);
    let mut points = Vec::with_capacity(observations.len());
    for (at, one) in observations.iter().enumerate() {
        if one.first != last + 1 {
            return Err(FitError::Gap { at });
        }
        last = one.last;
        total += i128::from(one.average) * i128::from(one.last - one.first + 1);
        let average = (total << 20) / i128::from(last);
        // Twenty places are enough to round a cost, and let the largest totals fit.
        let log = fixed::ln(average << 28);
        points.push((fixed::ln(fixed::whole(last)), log));
    }
    Ok(points)
}

/// Ordinary least squares of y on x; there are at least three points and two different x.
fn regress(form: Form, points: &[(Fixed, Fixed)]) -> Fit {
    let count = i128::try_from(points.len()).unwrap_or(i128::MAX);
    let mean = |of: fn(&(Fixed, Fixed)) -> Fixed| points.iter().map(of).sum::<Fixed>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut xx, mut xy, mut yy) = (0, 0, 0);
    for (x, y) in points {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += fixed::mul(dx, dx);
        xy += fixed::mul(dx, dy);
        yy += fixed::mul(dy, dy);
    }
    let slope = fixed::div(xy, xx);
    let residual = (yy - fixed::mul(slope, xy)).max(0);
    let freedom = points.len().saturating_sub(2).max(1);
    let variance = fixed::div(residual / i128::try_from(freedom).unwrap_or(1), xx);
    let error = fixed::sqrt(variance);
    let t = student_t(Confidence::P95, freedom).unwrap_or(0);
    let reach = error * i128::from(t) / 1000;
    let first = fixed::exp(mean_y - fixed::mul(slope, mean_x));
    Fit {
        curve: Curve {
            form,
            first,
            exponent: slope,
        },
        exponent_error: fixed::millionths(error),
        // Costs that never change are explained by a flat curve.
        r_squared: if yy == 0 {
            Share::ONE
        } else {
            Share(fixed::millionths(ONE - fixed::div(residual, yy)))
        },
        rate_low: rate_of(slope - reach),
        rate_high: rate_of(slope + reach),
        observations: points.len(),
    }
}
