//! What suppliers did: scorecards computed from orders, notices and receipts, never typed.
//!
//! It must not know rows or messages. A lot counts in the window in which it was due. On time in full means received on
//! its day or before, and not short of what was ordered.

use takt_kernel::{Price, half_even_div};

pub(crate) mod rpc;
pub(crate) mod store;

/// What was due and received of one source in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SourceScore {
    /// The lots due.
    pub(crate) due: i64,
    /// Of these the lots received.
    pub(crate) received: i64,
    /// Of these the lots on time and in full.
    pub(crate) on_time_in_full: i64,
    /// The lots that inspection kept back.
    pub(crate) blocked: i64,
    /// The lots received short.
    pub(crate) short: i64,
    /// The days from order to receipt of all lots received.
    pub(crate) lead_days: i64,
    /// The thousandths received.
    pub(crate) quantity: i64,
}

/// What a supplier did in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// The lots of all its items.
    pub(crate) lots: SourceScore,
    /// The value received, in millionths x thousandths.
    pub(crate) value: i128,
}

impl Score {
    /// Adds what one of its sources did.
    pub(crate) fn add(&mut self, source: &SourceScore, price: Price) {
        self.lots.due += source.due;
        self.lots.received += source.received;
        self.lots.on_time_in_full += source.on_time_in_full;
        self.lots.blocked += source.blocked;
        self.lots.short += source.short;
        self.lots.lead_days += source.lead_days;
        self.value += i128::from(price.micros) * i128::from(source.quantity);
    }

    /// The mean lead time of the lots received, in thousandths of a day.
    pub(crate) fn mean_lead_millidays(&self) -> i64 {
        half_even_div(
            i128::from(self.lots.lead_days) * 1000,
            i128::from(self.lots.received),
        )
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_kernel::Currency;

    #[test]
    fn sources_add_up_and_the_mean_is_over_lots() {
        let mut score = Score::default();
        assert_eq!(score.mean_lead_millidays(), 0);
        let bolts = SourceScore {
            due: 4,
            received: 3,
            on_time_in_full: 2,
            lead_days: 31,
            quantity: 3000,
            ..SourceScore::default()
        };
        let nuts = SourceScore {
            due: 1,
            received: 1,
            blocked: 1,
            short: 1,
            lead_days: 9,
            quantity: 900,
            ..SourceScore::default()
        };
        score.add(&bolts, Price::new(2_000_000, Currency::USD));
        score.add(&nuts, Price::new(1_000_000, Currency::USD));
        assert_eq!(
            (
                score.lots.due,
                score.lots.received,
                score.lots.on_time_in_full
            ),
            (5, 4, 2)
        );
        assert_eq!(
            (score.mean_lead_millidays(), score.value),
            (10_000, 6_900_000_000)
        );
    }
}
