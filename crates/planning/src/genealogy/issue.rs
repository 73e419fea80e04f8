//! Which lot went into which vehicle when it was built (RULES 14): first in, first out, kept as ranges. It must not
//! know VINs nor what happened to a vehicle later; a vehicle is its build sequence. A range (lot, from, to) means: the vehicles of that range whose configuration
//! uses the item; a vehicle that takes the rest of one lot and the start of the next stands in both.
//! Invariant: ranges and one row per position say the same (tested by brute force).
use takt_kernel::{LotNumber, Quantity};

/// A lot with what is left of it, in FIFO order: receipt day, supplier rank, lot number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Layer {
    /// The lot.
    pub lot: LotNumber,
    /// What is left.
    pub quantity: Quantity,
}

/// A vehicle that uses the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct User {
    /// Its build sequence.
    pub seq: i64,
    /// How much it needs.
    pub need: Quantity,
}

/// A run of vehicles that one lot went into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Range {
    /// The lot.
    pub lot: LotNumber,
    /// The first vehicle that took of it.
    pub from_seq: i64,
    /// The last vehicle that took of it.
    pub to_seq: i64,
    /// What they took together.
    pub quantity: Quantity,
}

/// One piece with a serial of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial {
    /// The vehicle.
    pub seq: i64,
    /// The lot.
    pub lot: LotNumber,
    /// The piece's number within the lot, from 1.
    pub unit_no: i64,
}

/// Lots did not cover the vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("vehicle {seq} lacks {missing}: the lots given do not cover it")]
pub struct Uncovered {
    /// The first vehicle without its part.
    pub seq: i64,
    /// What it lacks, in base units.
    pub missing: Quantity,
}

/// Issues lots to vehicles in build order. `layers` are used up in place (a lot that is empty stays with zero).
pub fn ranges(layers: &mut [Layer], users: &[User]) -> Result<Vec<Range>, Uncovered> {
    let mut ranges: Vec<Range> = Vec::new();
    walk(layers, users, |lot, seq, taken, _| {
        match ranges.last_mut() {
            Some(range) if range.lot == lot => {
                range.to_seq = seq;
                range.quantity = Quantity(range.quantity.milli() + taken);
            }
            _ => ranges.push(Range {
                lot,
                from_seq: seq,
                to_seq: seq,
                quantity: Quantity(taken),
            }),
        }
    })?;
    Ok(ranges)
}

/// The serials of whole pieces. `sizes` gives each lot's original quantity, beside `layers`, so that numbers go
/// on where they stopped; `layers` are used up in place.
pub fn serials(
    layers: &mut [Layer],
    sizes: &[Quantity],
    users: &[User],
) -> Result<Vec<Serial>, Uncovered> {
    let mut serials = Vec::new();
    let before: Vec<i64> = layers.iter().map(|layer| layer.quantity.milli()).collect();
    let mut used = vec![0i64; layers.len()];
    walk(layers, users, |lot, seq, taken, at| {
        let size = sizes.get(at).map_or(before[at], |size| size.milli());
        for _ in 0..taken / 1000 {
            used[at] += 1;
            serials.push(Serial {
                seq,
                lot,
                unit_no: (size - before[at]) / 1000 + used[at],
            });
        }
    })?;
    Ok(serials)
}

fn walk(
    layers: &mut [Layer],
    users: &[User],
    mut issue: impl FnMut(LotNumber, i64, i64, usize),
) -> Result<(), Uncovered> {
    let mut at = 0;
    for user in users {
        let mut missing = user.need.milli();
        while missing > 0 {
            let Some(layer) = layers.get_mut(at) else {
                return Err(Uncovered {
                    seq: user.seq,
                    missing: Quantity(missing),
                });
            };
            let taken = missing.min(layer.quantity.milli()).max(0);
            if taken > 0 {
                layer.quantity = Quantity(layer.quantity.milli() - taken);
                missing -= taken;
                issue(layer.lot, user.seq, taken, at);
            }
            if layer.quantity.milli() <= 0 {
                at += 1;
            }
        }
    }
    Ok(())
}

/// The lots of one item in a vehicle; empty where its configuration does not use the item.
pub fn lots_of(ranges: &[Range], seq: i64, uses: bool) -> Vec<LotNumber> {
    let inside = |range: &&Range| uses && range.from_seq <= seq && seq <= range.to_seq;
    ranges
        .iter()
        .filter(inside)
        .map(|range| range.lot)
        .collect()
}

/// The vehicles that a lot went into, given which vehicles use the item.
pub fn vehicles_of(ranges: &[Range], lot: LotNumber, uses: impl Fn(i64) -> bool) -> Vec<i64> {
    let mut all: Vec<i64> = Vec::new();
    for range in ranges.iter().filter(|range| range.lot == lot) {
        all.extend((range.from_seq..=range.to_seq).filter(|seq| uses(*seq)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn layers(sizes: &[i64]) -> Vec<Layer> {
        let layer = |(n, size): (usize, &i64)| Layer {
            lot: LotNumber(n as i64 + 1),
            quantity: Quantity::from_units(*size),
        };
        sizes.iter().enumerate().map(layer).collect()
    }

    fn user(seq: i64, units: i64) -> User {
        User {
            seq,
            need: Quantity::from_units(units),
        }
    }

    #[test]
    fn a_vehicle_on_the_border_stands_in_both_lots() {
        let mut stock = layers(&[6, 0, 8]);
        let got = ranges(&mut stock, &[user(1, 4), user(3, 4), user(4, 4)]).unwrap_or_default();
        let seen: Vec<(i64, i64, i64, i64)> = got
            .iter()
            .map(|r| (r.lot.0, r.from_seq, r.to_seq, r.quantity.milli() / 1000))
            .collect();
        assert_eq!(seen, [(1, 1, 3, 6), (3, 3, 4, 6)]);
        assert_eq!(stock[2].quantity, Quantity::from_units(2));
        let short = ranges(&mut stock, &[user(5, 4)]);
        assert_eq!(
            short,
            Err(Uncovered {
                seq: 5,
                missing: Quantity::from_units(2)
            })
        );
    }

    #[test]
    fn serials_go_on_where_they_stopped() {
        let sizes = [Quantity::from_units(3), Quantity::from_units(5)];
        let mut stock = layers(&[1, 5]);
        let got = serials(&mut stock, &sizes, &[user(7, 2), user(8, 1)]).unwrap_or_default();
        assert_eq!(
            got.iter()
                .map(|s| (s.seq, s.lot.0, s.unit_no))
                .collect::<Vec<_>>(),
            [(7, 1, 3), (7, 2, 1), (8, 2, 2)]
        );
    }

    proptest! {
        /// Every unit of every vehicle, one row each, against ranges written day by day.
        #[test]
        fn ranges_equal_one_row_per_position(
            sizes in proptest::collection::vec(1i64..30, 1..30),
            needs in proptest::collection::vec(0i64..5, 1..60),
            day in 1usize..20,
        ) {
            let users: Vec<User> = needs.iter().enumerate().filter(|(_, n)| **n > 0).map(|(seq, n)| user(seq as i64, *n)).collect();
            let total: i64 = needs.iter().sum();
            prop_assume!(total <= sizes.iter().sum());
            let mut stock = layers(&sizes);
            let mut found = Vec::new();
            for today in users.chunks(day) {
                found.extend(ranges(&mut stock, today).unwrap_or_default());
            }
            let pieces: Vec<i64> = sizes.iter().enumerate().flat_map(|(n, size)| vec![n as i64 + 1; *size as usize]).collect();
            let owners: Vec<i64> = users.iter().flat_map(|u| vec![u.seq; (u.need.milli() / 1000) as usize]).collect();
            let rows: BTreeSet<(i64, i64)> = owners.iter().zip(&pieces).map(|(seq, lot)| (*seq, *lot)).collect();
            let uses = |seq: i64| needs[seq as usize] > 0;
            let mut forward = BTreeSet::new();
            for seq in 0..needs.len() as i64 {
                forward.extend(lots_of(&found, seq, uses(seq)).into_iter().map(|lot| (seq, lot.0)));
            }
            prop_assert_eq!(&forward, &rows);
            let mut inverse = BTreeSet::new();
            for lot in 1..=sizes.len() as i64 {
                inverse.extend(vehicles_of(&found, LotNumber(lot), uses).into_iter().map(|seq| (seq, lot)));
            }
            prop_assert_eq!(&inverse, &rows);
            prop_assert_eq!(found.iter().map(|r| r.quantity.milli()).sum::<i64>(), total * 1000);
        }
    }
}
