//! Call-offs just in sequence: which part of which supplier is due when, vehicle by vehicle in the frozen sequence.
//!
//! It must not know rows or messages. A call-off is derived and never stored: the frozen sequence is the truth. Due is the
//! second at which the vehicle enters the shop that uses the item, when the line builds the day's vehicles evenly over its
//! shifts. Invariants: the call-offs of an item on a day are numbered without gaps in the order of the vehicles; a place
//! that is not frozen has none.

use std::collections::HashMap;

use takt_kernel::{Date, Quantity};
use takt_planning::feature::Config;

use crate::{
    product::{Product, sequenced::SequencedItem},
    shop_floor::shift::{Completed, PlantClock},
};

/// The frozen vehicles of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenDay {
    /// The day.
    pub on: Date,
    /// What is built at each frozen place, from the first.
    pub configs: Vec<Config>,
    /// The vehicles of the whole day.
    pub count: usize,
}

/// A part that a supplier brings for one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOff {
    /// The place of the vehicle in the day, from 0.
    pub place: usize,
    /// The item.
    pub item: usize,
    /// Counts the call-offs of the item on the day, from 1.
    pub number: i64,
    /// Who brings it.
    pub supplier_id: String,
    /// How much of it the vehicle takes.
    pub quantity: Quantity,
    /// The second by the plant's clock, since 1970, at which it is due.
    pub due_second: i64,
}

/// The call-offs of a day by place and item; `only` an item and a supplier where they are given.
pub fn call_offs(
    product: &Product,
    clock: &PlantClock<'_>,
    day: &FrozenDay,
    only: (Option<usize>, Option<&str>),
) -> Vec<CallOff> {
    let sequenced: HashMap<usize, &SequencedItem> = product
        .sequenced
        .iter()
        .map(|known| (known.item, known))
        .collect();
    let count = i64::try_from(day.count).unwrap_or(i64::MAX);
    let mut taken: HashMap<usize, Vec<i64>> = HashMap::new();
    let mut all = Vec::new();
    for (place, config) in day.configs.iter().enumerate() {
        let stays = clock.stays(Completed {
            variant: config.variant(),
            on: day.on,
            place: i64::try_from(place).unwrap_or(i64::MAX),
            count,
        });
        let mut needs = product.recorded(*config);
        needs.sort_unstable();
        for (item, quantity) in needs {
            let Some(known) = sequenced.get(&item) else {
                continue;
            };
            let before = taken
                .entry(item)
                .or_insert_with(|| vec![0; known.suppliers.len()]);
            let Some((supplier_id, turn)) = next_supplier(known, before) else {
                continue;
            };
            let number: i64 = before.iter().sum::<i64>() + 1;
            if let Some(count) = before.get_mut(turn) {
                *count += 1;
            }
            let wanted = only.0.is_none_or(|only| only == item)
                && only.1.is_none_or(|only| only == supplier_id);
            if !wanted {
                continue;
            }
            let shop = product.items.get(item).and_then(|item| {
                let shops = product.shops.iter();
                shops
                    .enumerate()
                    .find(|(_, shop)| shop.shop_id == item.shop_id)
            });
            let stay = shop.and_then(|(shop, _)| stays.iter().find(|stay| stay.shop == shop));
            // An item of no shop of the line is due when the vehicle begins.
            let due = stay.or_else(|| stays.iter().min_by_key(|stay| stay.start));
            all.push(CallOff {
                place,
                item,
                number,
                supplier_id: supplier_id.to_owned(),
                quantity,
                due_second: due.map_or(0, |stay| stay.start),
            });
        }
    }
    all
}

/// The supplier furthest below its share, the first of equals: the same rule by which lots are ordered.
fn next_supplier<'s>(known: &'s SequencedItem, taken: &[i64]) -> Option<(&'s str, usize)> {
    let after: i64 = taken.iter().sum::<i64>() + 1;
    let owed = known.suppliers.iter().zip(taken).enumerate();
    let owed = owed.map(|(at, ((id, share), taken))| {
        let owed = i128::from(*share) * i128::from(after) - i128::from(*taken) * 1_000_000;
        (owed, std::cmp::Reverse(at), id)
    });
    let (_, at, id) = owed.max_by_key(|(owed, at, _)| (*owed, *at))?;
    Some((id, at.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{
        sequenced::SourcePart,
        tests::{config, day, parts},
    };

    #[test]
    fn parts_follow_the_vehicles_and_the_shares() {
        let mut parts = parts();
        let source = |item: &str, supplier: &str, share: i64| SourcePart {
            item_id: item.to_owned(),
            supplier_id: supplier.to_owned(),
            share,
            transit_millidays: Some(100),
        };
        parts.sources = vec![
            source("AWD", "NORTH", 400_000),
            source("AWD", "SOUTH", 600_000),
            source("W20", "RIM", 1_000_000),
        ];
        let product = parts.assemble().unwrap();
        let clock = PlantClock::new(&product, &[]);
        let car = |variant: &str| config(&product, variant, "W20", "NORMAL");
        let frozen = FrozenDay {
            on: day(1),
            configs: vec![car("MAX"), car("STD"), car("MAX"), car("MAX")],
            count: 100,
        };
        let told = |only: (Option<usize>, Option<&str>)| -> Vec<(usize, String, i64, String, i64)> {
            let all = call_offs(&product, &clock, &frozen, only);
            let named = all.into_iter().map(|one| {
                let item = product.items[one.item].item_id.clone();
                (
                    one.place,
                    item,
                    one.number,
                    one.supplier_id,
                    one.quantity.milli(),
                )
            });
            named.collect()
        };
        let all = told((None, None));
        let line = |place, item: &str, number, supplier: &str, milli| {
            (place, item.to_owned(), number, supplier.to_owned(), milli)
        };
        assert_eq!(
            all,
            [
                line(0, "W20", 1, "RIM", 4_000),
                line(0, "AWD", 1, "SOUTH", 1_000),
                line(1, "W20", 2, "RIM", 4_000),
                line(2, "W20", 3, "RIM", 4_000),
                line(2, "AWD", 2, "NORTH", 1_000),
                line(3, "W20", 4, "RIM", 4_000),
                line(3, "AWD", 3, "SOUTH", 1_000),
            ]
        );
        // A filter leaves the numbers as they are.
        let north = told((None, Some("NORTH")));
        assert_eq!(north, [line(2, "AWD", 2, "NORTH", 1_000)]);
        // One vehicle of a hundred takes a hundredth of the day's 10,000 s, and final assembly 200 s.
        let due: Vec<i64> = call_offs(&product, &clock, &frozen, (None, Some("RIM")))
            .iter()
            .map(|one| one.due_second - i64::from(day(1).epoch_day()) * 86_400)
            .collect();
        assert_eq!(due[2..], [100, 200]);
    }
}
