//! What a buyer owes for goods that it ordered and takes back before they have left the supplier. It must not know orders,
//! suppliers or messages. Units: thousandths of a base unit, calendar days. Invariants: what is owed is never more than what is
//! taken back; under an agreement it does not depend on the order in which lines are taken back, and what is owed for all of them
//! and at the end of the agreement adds up to what would be owed at its end alone.
//!
//! Sources: VDA 4905 (Fertigungs- und Materialfreigabe: cumulatives count, not papers) under a scheduling agreement; without one,
//! the lead time of the terms: a supplier that has accepted begins one lead time before the goods are due.
use takt_kernel::{Date, Quantity};

use crate::call_off::{Authorised, Owed, Progress};

/// Where an agreement stands when goods are taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// The most that any release authorised.
    pub authorised: Authorised,
    /// What happened since the reset date.
    pub progress: Progress,
    /// What is owed already for goods that were taken back before.
    pub settled: Settled,
    /// What is ordered and has not left, without what is taken back now.
    pub open: Quantity,
}

/// What is owed for goods that were taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Goods that the supplier was to make.
    pub finished: Quantity,
    /// Goods for which it was to buy material only.
    pub raw: Quantity,
}

impl Settled {
    /// What stays authorised when what is owed already is not counted any more.
    #[must_use]
    pub fn off(self, authorised: Authorised) -> Authorised {
        let made = (authorised.fabrication.milli() - self.finished.milli()).max(0);
        let bought = authorised.material.milli() - self.finished.milli() - self.raw.milli();
        Authorised {
            fabrication: Quantity(made),
            material: Quantity(bought.max(made)),
        }
    }
}

/// What is owed under a scheduling agreement for a quantity that is taken back. It comes off the top of the cumulative: what the
/// other orders still need uses what was made and bought first.
pub fn under_agreement(standing: Standing, quantity: Quantity) -> Settled {
    let needed = standing
        .progress
        .shipped
        .milli()
        .saturating_add(standing.open.milli());
    let made = standing.authorised.fabrication.milli() - standing.settled.finished.milli();
    // Material that was paid for is in neither: it was bought and is nobody's need any more.
    let bought = standing.authorised.material.milli()
        - standing.settled.finished.milli()
        - standing.settled.raw.milli();
    let most = quantity.milli().max(0);
    let finished = (made - needed).clamp(0, most);
    let raw = (bought - made.max(needed)).clamp(0, most - finished);
    Settled {
        finished: Quantity(finished),
        raw: Quantity(raw),
    }
}

/// What is owed without an agreement for a quantity that is due on the evening of one day and taken back on another: all of it, when
/// the supplier has accepted and its lead time has begun.
pub fn under_terms(
    lead_days: i32,
    is_accepted: bool,
    quantity: Quantity,
    due_on: Date,
    cancelled_on: Date,
) -> Settled {
    let is_begun = is_accepted && due_on.days_since(cancelled_on) <= lead_days;
    Settled {
        finished: if is_begun {
            quantity.max(Quantity::ZERO)
        } else {
            Quantity::ZERO
        },
        raw: Quantity::ZERO,
    }
}

/// What is owed at the end of an agreement, without what is owed already for goods that were taken back before.
pub fn at_the_end(owed: Owed, settled: Settled) -> Owed {
    let less = |all: Quantity, part: Quantity| Quantity((all.milli() - part.milli()).max(0));
    Owed {
        in_transit: owed.in_transit,
        finished: less(owed.finished, settled.finished),
        raw: less(owed.raw, settled.raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(n: i64) -> Quantity {
        Quantity::from_units(n)
    }

    /// The agreement of docs/call-offs.md, of which 500 are ordered and have not left.
    fn example() -> (Standing, i64) {
        let standing = Standing {
            authorised: Authorised {
                fabrication: units(1500),
                material: units(1620),
            },
            progress: Progress {
                shipped: units(1200),
                received: units(1000),
            },
            ..Standing::default()
        };
        (standing, 500_000)
    }

    /// Takes quantities back one after the other; what is owed for each, and where the agreement stands in the end.
    fn taken_back(mut standing: Standing, mut open: i64, all: &[i64]) -> (Vec<Settled>, Standing) {
        let owed = all.iter().map(|quantity| {
            open -= quantity;
            standing.open = Quantity(open);
            let owed = under_agreement(standing, Quantity(*quantity));
            standing.settled.finished =
                Quantity(standing.settled.finished.milli() + owed.finished.milli());
            standing.settled.raw = Quantity(standing.settled.raw.milli() + owed.raw.milli());
            owed
        });
        let owed = owed.collect();
        (owed, standing)
    }

    #[test]
    fn the_example_of_the_page() {
        let page = include_str!("../../../docs/buying.md");
        let (standing, open) = example();
        let quantities = [80, 120, 150, 100];
        let (owed, last) = taken_back(standing, open, &quantities.map(|units| units * 1000));
        let mut left = 500;
        for (quantity, owed) in quantities.iter().zip(&owed) {
            left -= quantity;
            let row = format!(
                "| {quantity} | {left} | {} | {} |",
                owed.finished.milli() / 1000,
                owed.raw.milli() / 1000
            );
            assert!(page.contains(&row), "docs/buying.md has no row {row}");
        }
        // 50 are left of the 300 finished goods that the end of the agreement alone would have cost.
        let end = at_the_end(last.authorised.owed(last.progress), last.settled);
        assert_eq!((end.finished, end.raw), (units(50), units(0)));
        assert!(page.contains("leaves 50 finished"));
    }

    #[test]
    fn a_supplier_that_accepted_begins_on_the_day_of_its_lead_time() {
        let day = Date::from_epoch_day;
        let owed = |on, accepted| under_terms(12, accepted, Quantity(7), day(20), day(on)).finished;
        assert_eq!(
            (owed(7, true), owed(8, true)),
            (Quantity::ZERO, Quantity(7))
        );
        assert_eq!(
            (owed(20, false), owed(30, true)),
            (Quantity::ZERO, Quantity(7))
        );
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_the_end_makes_it_whole(
            shipped in 0i64..300, made in 0i64..600, bought in 0i64..300,
            lines in proptest::collection::vec(1i64..120, 1..8),
        ) {
            let standing = Standing {
                authorised: Authorised { fabrication: units(made), material: units(made + bought) },
                progress: Progress { shipped: units(shipped), received: units(0) },
                ..Standing::default()
            };
            let open: i64 = lines.iter().sum::<i64>();
            let (owed, last) = taken_back(standing, open, &lines);
            for (owed, quantity) in owed.iter().zip(&lines) {
                let (finished, raw) = (owed.finished.milli(), owed.raw.milli());
                prop_assert!(finished >= 0 && raw >= 0 && finished + raw <= *quantity);
            }
            let turned: Vec<i64> = lines.iter().rev().copied().collect();
            prop_assert_eq!(taken_back(standing, open, &turned).1.settled, last.settled);
            let alone = standing.authorised.owed(standing.progress);
            let end = at_the_end(alone, last.settled);
            prop_assert_eq!(end.finished.milli() + last.settled.finished.milli(), alone.finished.milli());
            prop_assert_eq!(end.raw.milli() + last.settled.raw.milli(), alone.raw.milli());
        }
    }
}
