//! Agreed prices: what a base unit costs by the quantity of an order line and the day on which it was ordered.
//!
//! It must not know rows or messages. Invariants: PC-1 the prices of a day begin with that of any quantity and are in the currency of the
//! agreements; the price of a line follows from its order day and quantity alone, and nothing that is ordered changes its price
//! because prices are agreed later.

use std::{collections::BTreeMap, fmt};

use takt_kernel::{Date, Price, Quantity};
use takt_service::Refusal;

use crate::programme::{Source, SourceNo};

/// The prices of a source from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PriceList {
    /// The first day on which orders have them.
    pub(crate) valid_from: Date,
    /// From which quantity of an order line on, rising from nothing, a base unit costs what.
    pub(crate) breaks: Vec<(Quantity, Price)>,
}

impl PriceList {
    fn of(&self, ordered: Quantity) -> Option<Price> {
        let reached = self.breaks.iter().take_while(|(from, _)| *from <= ordered);
        reached.last().map(|(_, price)| *price)
    }
}

/// The prices that were agreed beside those of the programme.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prices(BTreeMap<SourceNo, Vec<PriceList>>);

impl Prices {
    /// Takes a list, the later ones of a source after the earlier ones.
    pub(crate) fn add(&mut self, source: SourceNo, list: PriceList) {
        self.0.entry(source).or_default().push(list);
    }

    /// What a base unit of a line of a quantity costs that was ordered on a day.
    pub(crate) fn of(&self, source: &Source, ordered: Quantity, on: Date) -> Price {
        let lists = self.0.get(&source.number).map_or(&[][..], Vec::as_slice);
        let begun = lists.iter().rev().find(|list| list.valid_from <= on);
        begun
            .and_then(|list| list.of(ordered))
            .unwrap_or(source.terms.price)
    }
}

/// Why prices are not agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PriceInUse {
    /// The item and its supplier.
    pub(crate) source: String,
    /// The day of its newest order.
    pub(crate) ordered_on: Date,
}

impl fmt::Display for PriceInUse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, ordered_on } = self;
        write!(
            out,
            "{source} was ordered on {ordered_on} at the price of that day; agree on prices from a later day on"
        )
    }
}

impl Refusal for PriceInUse {
    fn reason(&self) -> &'static str {
        "PRICE_IN_USE"
    }
}

#[cfg(test)]
mod tests {
    use takt_kernel::{Currency, ItemId, Share, SupplierId};

    use super::*;
    use crate::programme::Agreement;

    /// A bolt costs 10 as agreed in the programme; from day 20 on it costs 9, 8 from 100 pieces on and 7 from 1,000 on; from day 30 on 11.
    #[test]
    fn a_line_has_the_price_of_its_day_and_quantity() {
        let price = |units: i64| Price {
            micros: units * 1_000_000,
            currency: Currency::USD,
        };
        let source = Source {
            number: SourceNo(201),
            supplier: 0,
            transit_days: 1,
            terms: Agreement {
                item: ItemId::parse("BOLT").expect("an id"),
                supplier: SupplierId::parse("ALFA").expect("an id"),
                rank: 1,
                share: Share(1_000_000),
                lot: Quantity(10_000),
                lead_days: 5,
                price: price(10),
            },
        };
        let day = Date::from_epoch_day;
        let list = |from: i32, breaks: &[(i64, i64)]| PriceList {
            valid_from: day(from),
            breaks: (breaks.iter())
                .map(|(pieces, units)| (Quantity(pieces * 1000), price(*units)))
                .collect(),
        };
        let mut prices = Prices::default();
        prices.add(source.number, list(20, &[(0, 9), (100, 8), (1000, 7)]));
        prices.add(source.number, list(30, &[(0, 11)]));
        let told = |pieces: i64, on: i32| {
            prices.of(&source, Quantity(pieces * 1000), day(on)).micros / 1_000_000
        };
        let found = [
            told(5000, 19),
            told(99, 20),
            told(100, 20),
            told(999, 29),
            told(1000, 29),
            told(5000, 30),
        ];
        assert_eq!(found, [10, 9, 8, 8, 7, 11]);
        assert_eq!(
            Prices::default().of(&source, Quantity(1), day(99)),
            price(10)
        );
    }
}
