//! Whether a line of an invoice agrees with what was ordered, what was accepted and what was agreed (three-way match). It must not know
//! invoices, orders or receipts. Units: thousandths of a base unit, millionths of a currency. Invariants: a line that is not blocked
//! bills, with what was billed before, no more than was accepted and no more than was ordered; a wider tolerance never blocks more.
//!
//! Matter either came or it did not, so quantities have no tolerance. A price may lie above the agreed one by a share of it and by an
//! amount on the line; both must hold, so the share binds small lines and the amount large ones. A lower price always agrees.
use takt_kernel::Quantity;

/// How far a price may lie above the agreed one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// In millionths of the agreed price.
    pub millionths: i64,
    /// On the whole line, in millionths of the currency.
    pub micros: i64,
}

/// What a line bills and what it is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billed {
    /// What is billed.
    pub quantity: Quantity,
    /// At which price of a base unit, in millionths.
    pub price: i64,
    /// What was ordered.
    pub ordered: Quantity,
    /// What was received and not kept back.
    pub accepted: Quantity,
    /// What was billed before.
    pub before: Quantity,
    /// The agreed price of a base unit, in millionths.
    pub agreed: i64,
}

/// What does not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mismatch {
    /// The price lies too far above the agreed one.
    Price,
    /// More is billed than was accepted or ordered.
    Quantity,
    /// Nothing was accepted yet.
    NotReceived,
}

impl Billed {
    /// What the line bills above the agreed price, in millionths x thousandths; less than 0 where it bills less.
    pub fn excess(&self) -> i128 {
        (i128::from(self.price) - i128::from(self.agreed)) * i128::from(self.quantity.milli())
    }

    /// What does not agree, in the order of the reasons.
    pub fn mismatches(&self, tolerance: Tolerance) -> Vec<Mismatch> {
        let mut found = Vec::new();
        let excess = self.excess();
        let agreed = i128::from(self.agreed) * i128::from(self.quantity.milli());
        let in_share = excess.saturating_mul(1_000_000)
            <= agreed.saturating_mul(i128::from(tolerance.millionths));
        let in_amount = excess <= i128::from(tolerance.micros) * 1000;
        if excess > 0 && !(in_share && in_amount) {
            found.push(Mismatch::Price);
        }
        let all = i128::from(self.before.milli()) + i128::from(self.quantity.milli());
        let most = self.accepted.min(self.ordered);
        if self.accepted <= Quantity::ZERO {
            found.push(Mismatch::NotReceived);
        } else if all > i128::from(most.milli()) {
            found.push(Mismatch::Quantity);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOLERANCE: Tolerance = Tolerance {
        millionths: 20_000,
        micros: 50_000_000,
    };

    /// 400 of 500 ordered are accepted and 100 billed before; 10.00 is agreed.
    fn billed(quantity: i64, cents: i64) -> Billed {
        Billed {
            quantity: Quantity::from_units(quantity),
            price: cents * 10_000,
            ordered: Quantity::from_units(500),
            accepted: Quantity::from_units(400),
            before: Quantity::from_units(100),
            agreed: 10_000_000,
        }
    }

    #[test]
    fn the_example_of_the_page() {
        let page = include_str!("../../../docs/buying.md");
        for (quantity, cents) in [
            (300, 1000),
            (300, 1015),
            (200, 1025),
            (300, 1020),
            (310, 990),
        ] {
            let line = billed(quantity, cents);
            let found = line.mismatches(TOLERANCE);
            let words: Vec<String> = found
                .iter()
                .map(|one| format!("{one:?}").to_uppercase())
                .collect();
            let verdict = if words.is_empty() {
                "matched".to_owned()
            } else {
                words.join(", ")
            };
            let excess = line.excess() / 10_000_000;
            let row = format!(
                "| {quantity} | {}.{:02} | {}.{:02} | {verdict} |",
                cents / 100,
                cents % 100,
                excess / 100,
                excess.unsigned_abs() % 100
            );
            assert!(page.contains(&row), "docs/buying.md has no row {row}");
        }
        let early = Billed {
            accepted: Quantity::ZERO,
            before: Quantity::ZERO,
            ..billed(10, 1100)
        };
        assert_eq!(
            early.mismatches(TOLERANCE),
            [Mismatch::Price, Mismatch::NotReceived]
        );
    }

    proptest! {
        #[test]
        fn what_agrees_is_covered_and_a_wider_tolerance_never_blocks_more(
            quantity in 1i64..900, price in 0i64..30_000_000, ordered in 0i64..900, accepted in 0i64..900, before in 0i64..900,
            share in 0i64..200_000, amount in 0i64..900_000_000, wider in 0i64..100_000,
        ) {
            let line = Billed {
                quantity: Quantity(quantity),
                price,
                ordered: Quantity(ordered),
                accepted: Quantity(accepted),
                before: Quantity(before),
                agreed: 10_000_000,
            };
            let tight = Tolerance { millionths: share, micros: amount };
            let found = line.mismatches(tight);
            if found.is_empty() {
                prop_assert!(before + quantity <= accepted.min(ordered));
                // Within both: the price is at most the agreed one and its share.
                prop_assert!(i128::from(price) * 1_000_000 <= 10_000_000 * i128::from(1_000_000 + share));
                prop_assert!(line.excess() <= i128::from(amount) * 1000);
            }
            let wide = line.mismatches(Tolerance { millionths: share + wider, micros: amount + wider });
            prop_assert!(wide.iter().all(|one| found.contains(one)));
        }
    }
}
