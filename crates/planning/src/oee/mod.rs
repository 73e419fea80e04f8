//! Overall equipment effectiveness by ISO 22400-2 (the time model and the indices) and Nakajima, Introduction to TPM
//! (1988). It must not know shops, days or where times come from. Units: all times of a call in one unit, indices in
//! millionths. Invariants: a stop counts once however many reports overlap; times add up over windows and indices are
//! taken of the sums, never averaged; the OEE index is rounded once from the exact fraction, not from rounded factors.
//!
//! The model: planned operation time (POT) less planned down time (PDOT) is planned busy time (PBT). Of it, unplanned
//! down time (ADOT), setup (AUST) and delay (ADET) are lost to production; what is left is actual production time (APT).
//! ISO 22400-2 counts stops by malfunction as delay and as down only the time without an order; here every unplanned stop is
//! ADOT, waiting is ADET. A, OEE and NEE are the same either way, but not allocation, utilisation and technical efficiency.
pub mod capacity;
pub mod interval;
pub mod shop;

pub use interval::{Interval, State, StateInterval, covered, time_elements};

use takt_kernel::{Share, half_even_div};

/// The time elements of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TimeElements {
    /// POT: the work unit is scheduled to operate.
    pub planned_operation: i64,
    /// PDOT: planned maintenance and other planned stops.
    pub planned_down: i64,
    /// ADOT: stops that nobody planned.
    pub down: i64,
    /// AUST: the unit is set up or changed over.
    pub setup: i64,
    /// ADET: the unit waits, blocked or starved.
    pub delay: i64,
}

impl TimeElements {
    /// PBT = POT - PDOT.
    pub const fn planned_busy(&self) -> i64 {
        self.planned_operation - self.planned_down
    }

    /// AUBT = PBT - ADOT.
    pub const fn unit_busy(&self) -> i64 {
        self.planned_busy() - self.down
    }

    /// AUPT = AUBT - ADET: production and setup.
    pub const fn processing(&self) -> i64 {
        self.unit_busy() - self.delay
    }

    /// APT = AUPT - AUST.
    pub const fn production(&self) -> i64 {
        self.processing() - self.setup
    }

    /// The elements of two windows, or of a work unit in two windows, together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            planned_operation: self.planned_operation + other.planned_operation,
            planned_down: self.planned_down + other.planned_down,
            down: self.down + other.down,
            setup: self.setup + other.setup,
            delay: self.delay + other.delay,
        }
    }
}

/// What came out of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Output {
    /// PQ: everything produced.
    pub produced: i64,
    /// GQ: good at the first pass, in millionths of a piece, for what is expected of a few pieces is not whole.
    pub good_millionths: i64,
    /// PRI x PQ, summed over what was produced: the time that it should have taken.
    pub planned_run: i64,
}

impl Output {
    /// What was counted: whole pieces.
    pub const fn counted(produced: i64, good: i64, planned_run: i64) -> Self {
        Self {
            produced,
            good_millionths: good * Share::ONE.0,
            planned_run,
        }
    }

    /// GQ in whole pieces, rounded half to even.
    pub fn good(&self) -> i64 {
        half_even_div(wide(self.good_millionths), wide(Share::ONE.0)).unwrap_or(i64::MAX)
    }

    /// The output of two windows together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            produced: self.produced + other.produced,
            good_millionths: self.good_millionths + other.good_millionths,
            planned_run: self.planned_run + other.planned_run,
        }
    }
}

/// The indices of ISO 22400-2; None where the figure below the line is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Indices {
    /// A = APT / PBT.
    pub availability: Option<Share>,
    /// E = PRI x PQ / APT; above one where the planned run time is too generous.
    pub effectiveness: Option<Share>,
    /// Quality ratio = GQ / PQ.
    pub quality: Option<Share>,
    /// OEE index = A x E x quality ratio.
    pub oee: Option<Share>,
    /// NEE index = AUPT / PBT x E x quality ratio: setup is not held against the unit.
    pub nee: Option<Share>,
    /// Allocation efficiency = AUBT / PBT.
    pub allocation: Option<Share>,
    /// Utilisation efficiency = APT / AUBT.
    pub utilisation: Option<Share>,
    /// Technical efficiency = APT / (APT + ADET).
    pub technical: Option<Share>,
    /// Setup ratio = AUST / AUPT.
    pub setup: Option<Share>,
}

/// The indices of a window.
pub fn indices(time: &TimeElements, output: &Output) -> Indices {
    let (busy, production) = (time.planned_busy(), time.production());
    // What was made without a planned run time has no effectiveness, and that is not nothing.
    let has_no_pace = output.produced > 0 && output.planned_run == 0;
    let pieces = output.produced.saturating_mul(Share::ONE.0);
    let effective = |part: i64| {
        // part / PBT x (PRI x PQ / APT) x (GQ / PQ), in one fraction.
        let below = wide(busy)
            .checked_mul(wide(production))?
            .checked_mul(wide(pieces))?;
        if busy > 0 && (production == 0 || output.produced == 0) {
            return Some(Share(0));
        }
        if has_no_pace {
            return None;
        }
        let above = wide(part)
            .checked_mul(wide(output.planned_run))?
            .checked_mul(wide(output.good_millionths))?;
        quotient(above, below)
    };
    Indices {
        availability: share(production, busy),
        effectiveness: share(output.planned_run, production).filter(|_| !has_no_pace),
        quality: share(output.good_millionths, pieces),
        oee: effective(production),
        nee: effective(time.processing()),
        allocation: share(time.unit_busy(), busy),
        utilisation: share(production, time.unit_busy()),
        technical: share(production, production + time.delay),
        setup: share(time.setup, time.processing()),
    }
}

fn wide(number: i64) -> i128 {
    i128::from(number)
}

/// A part of a whole, rounded half to even; None of nothing.
pub fn share(part: i64, whole: i64) -> Option<Share> {
    quotient(wide(part), wide(whole))
}

fn quotient(above: i128, below: i128) -> Option<Share> {
    // Where a product of three times is too long, its last bits are far below a millionth.
    let is_long = above.unsigned_abs().leading_zeros() < 22;
    let shift = if is_long { 24 } else { 0 };
    let (above, below) = (above >> shift, below >> shift);
    if below <= 0 {
        return None;
    }
    half_even_div(above * wide(Share::ONE.0), below).map(Share)
}

#[cfg(test)]
mod tests;
