//! What suppliers did: scorecards computed from orders, notices, receipts and invoices, never typed.
//!
//! It must not know rows or messages; the figures are computed in planning. A lot counts in the window for whose days the buyer asked
//! for it, so a day that the supplier proposed later makes nothing on time. On time in full means received on that day or before, and
//! not short of what was ordered. A delivery is what came of a line on one day: its lots share their fate, so it counts once where an
//! interval is told.

use takt_kernel::Price;
use takt_planning::{
    learnt::Days,
    scorecard::{Moments, drift_ppm, millionths},
};

pub(crate) mod rpc;
pub(crate) mod store;

/// What was due, received, answered and invoiced of one source in a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SourceScore {
    /// The lots due.
    pub(crate) due: i64,
    /// Of these the lots on time and in full.
    pub(crate) on_time_in_full: i64,
    /// The lots that inspection kept back.
    pub(crate) blocked: i64,
    /// Their thousandths.
    pub(crate) blocked_quantity: i64,
    /// The lots received short.
    pub(crate) short: i64,
    /// The days from order to receipt of all lots received.
    pub(crate) lead: Moments,
    /// The thousandths received.
    pub(crate) quantity: i64,
    /// The days from order to the supplier's first word, of all lines with one.
    pub(crate) response: Moments,
    /// What was invoiced, in millionths x thousandths.
    pub(crate) invoiced: i128,
    /// The same quantities at agreed prices.
    pub(crate) agreed: i128,
    /// How long deliveries took.
    pub(crate) deliveries: Deliveries,
    /// The parts that failed with customers and are claimed.
    pub(crate) failures: i64,
}

/// How long deliveries took, those that are overdue with the days so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deliveries {
    /// The days from order to receipt.
    pub(crate) lead: Days,
    /// The days behind the day for which the buyer asked; negative where it was before.
    pub(crate) late: Days,
    /// Those that are overdue.
    pub(crate) overdue: i64,
}

impl Deliveries {
    /// Others, too.
    pub(crate) fn with(&mut self, others: &Self) {
        self.lead.with(&others.lead);
        self.late.with(&others.late);
        self.overdue += others.overdue;
    }
}

/// What a supplier did in a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// The lots, days and invoices of all its items.
    pub(crate) sum: SourceScore,
    /// The value received, in millionths x thousandths.
    pub(crate) value: i128,
    /// The value of what inspection kept back.
    pub(crate) blocked_value: i128,
    /// The value of the parts that failed with customers, one base unit each.
    pub(crate) failed_value: i128,
}

impl Score {
    /// What one source did, at the price of its terms.
    pub(crate) fn of(source: &SourceScore, price: Price) -> Self {
        let mut score = Self::default();
        score.add(source, price);
        score
    }

    /// Adds what one of its sources did.
    pub(crate) fn add(&mut self, source: &SourceScore, price: Price) {
        let sum = &mut self.sum;
        sum.due += source.due;
        sum.on_time_in_full += source.on_time_in_full;
        sum.blocked += source.blocked;
        sum.blocked_quantity += source.blocked_quantity;
        sum.short += source.short;
        sum.lead = sum.lead.with(source.lead);
        sum.quantity += source.quantity;
        sum.response = sum.response.with(source.response);
        sum.invoiced += source.invoiced;
        sum.agreed += source.agreed;
        sum.deliveries.with(&source.deliveries);
        sum.failures += source.failures;
        self.failed_value += i128::from(price.micros) * i128::from(source.failures) * 1000;
        self.value += i128::from(price.micros) * i128::from(source.quantity);
        self.blocked_value += i128::from(price.micros) * i128::from(source.blocked_quantity);
    }

    /// The lots on time and in full in millionths of those due.
    pub(crate) fn otif_millionths(&self) -> i64 {
        millionths(self.sum.on_time_in_full.into(), self.sum.due.into())
    }

    /// What inspection kept back in millionths of what was received, by value: units of items do not add up.
    pub(crate) fn rejected_ppm(&self) -> i64 {
        millionths(self.blocked_value, self.value)
    }

    /// The parts that failed with customers in millionths of what was received, by value like the parts kept back.
    pub(crate) fn failed_ppm(&self) -> i64 {
        millionths(self.failed_value, self.value)
    }

    /// What was invoiced above what was agreed, in millionths.
    pub(crate) fn drift_ppm(&self) -> i64 {
        drift_ppm(self.sum.invoiced, self.sum.agreed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_kernel::Currency;

    #[test]
    fn sources_add_up_and_figures_are_over_all_of_them() {
        let mut score = Score::default();
        assert_eq!(
            (
                score.otif_millionths(),
                score.rejected_ppm(),
                score.drift_ppm()
            ),
            (0, 0, 0)
        );
        // Three lots of 10, 10 and 11 days; two answers on the day and one a day later.
        let bolts = SourceScore {
            due: 4,
            on_time_in_full: 2,
            lead: Moments {
                count: 3,
                sum: 31,
                squares: 321,
            },
            quantity: 3000,
            response: Moments {
                count: 3,
                sum: 1,
                squares: 1,
            },
            invoiced: 6_300_000_000,
            agreed: 6_000_000_000,
            failures: 2,
            ..SourceScore::default()
        };
        let nuts = SourceScore {
            due: 1,
            blocked: 1,
            blocked_quantity: 900,
            short: 1,
            lead: Moments {
                count: 1,
                sum: 9,
                squares: 81,
            },
            quantity: 900,
            ..SourceScore::default()
        };
        score.add(&bolts, Price::new(2_000_000, Currency::USD));
        score.add(&nuts, Price::new(1_000_000, Currency::USD));
        assert_eq!((score.sum.due, score.sum.lead.count), (5, 4));
        assert_eq!(
            (score.otif_millionths(), score.value),
            (400_000, 6_900_000_000)
        );
        // 10, 10, 11 and 9 days: mean 10, variance 1/2; 0, 0 and 1: mean 1/3.
        assert_eq!(
            (score.sum.lead.mean_milli(), score.sum.lead.spread_milli()),
            (10_000, 707)
        );
        assert_eq!(score.sum.response.mean_milli(), 333);
        // Two bolts of 2.0 out of 6.9.
        assert_eq!((score.sum.failures, score.failed_ppm()), (2, 579_710));
        // 0.9 of 6.9 was kept back; 6.3 was invoiced for 6.0.
        assert_eq!((score.rejected_ppm(), score.drift_ppm()), (130_435, 50_000));
    }
}
