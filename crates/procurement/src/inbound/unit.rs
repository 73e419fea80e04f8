//! Handling units and serial numbers: in which boxes and pallets the lots of a notice travel, and which parts they are.
//!
//! It must not know rows or messages. Invariants: HU-1 where units are told they hold all the goods of the notice and nothing else; a unit
//! stands in one that was told before it; HU-2 a serial number stands for one part of its item, and a lot has as many as whole parts or none.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{LotNumber, Unit};

use super::{Flaw, Notice};
use crate::purchase_order::Shipped;

/// A handling unit in a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HandlingUnit {
    /// The number on its label.
    pub(crate) id: String,
    /// The unit in which it stands; empty when it stands in none.
    pub(crate) parent: String,
    /// The kind of packaging.
    pub(crate) packaging: String,
    /// What is in it: order line, sequence number of the lot, thousandths.
    pub(crate) contents: Vec<(i64, i64, i64)>,
}

/// A handling unit with its lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// The number on its label.
    pub(crate) id: String,
    /// The unit in which it stands; empty when it stands in none.
    pub(crate) parent: String,
    /// The kind of packaging.
    pub(crate) packaging: String,
    /// Its lots, each with its order line and thousandths.
    pub(crate) lots: Vec<(LotNumber, i64, i64)>,
}

/// How the goods of a notice travel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    /// The units, in the order of the notice.
    pub(crate) units: Vec<Unpacked>,
    /// The parts with a serial number, by lot.
    pub(crate) serials: Vec<(LotNumber, String)>,
}

impl Notice {
    /// How the goods travel that the notice ships; `unit_of` says in what an item is counted.
    pub(super) fn packing(
        &self,
        shipped: &[Shipped],
        unit_of: impl Fn(LotNumber) -> Option<Unit>,
    ) -> Result<Packing, Flaw> {
        let flaw = |field: String, reason: String| Flaw::new(&self.asn_id, field, reason);
        // The lots by order line and sequence number, with what is in each and no unit holds yet.
        let mut open: BTreeMap<(i64, i64), (LotNumber, i64)> = BTreeMap::new();
        let mut packing = Packing::default();
        let mut known: BTreeSet<(u32, &str)> = BTreeSet::new();
        for (place, (line, goods)) in self.lines.iter().zip(shipped).enumerate() {
            let lots = (line.first_lot..)
                .zip(goods.first_lot.value()..)
                .zip(&line.sizes);
            let mut serials = line.serials.iter();
            let field = || format!("lines[{place}].serial_numbers");
            for ((sequence, number), size) in lots {
                let number = LotNumber(number);
                open.insert((line.line, sequence), (number, *size));
                if line.serials.is_empty() {
                    continue;
                }
                if unit_of(number) != Some(Unit::Piece) || size % 1000 != 0 {
                    let reason = "only whole parts have serial numbers".to_owned();
                    return Err(flaw(field(), reason));
                }
                for _ in 0..size / 1000 {
                    let Some(serial) = serials.next() else {
                        let reason = format!(
                            "lot {sequence} has more parts than serial numbers are left; give one a part, lot by lot"
                        );
                        return Err(flaw(field(), reason));
                    };
                    if !known.insert((number.item_no(), serial)) {
                        let reason = format!("serial number {serial} is given twice");
                        return Err(flaw(field(), reason));
                    }
                    packing.serials.push((number, serial.clone()));
                }
            }
            if let Some(more) = serials.next() {
                let reason = format!("serial number {more} is one more than the line has parts");
                return Err(flaw(field(), reason));
            }
        }
        self.unpacked(open, &mut packing)?;
        Ok(packing)
    }

    fn unpacked(
        &self,
        mut open: BTreeMap<(i64, i64), (LotNumber, i64)>,
        packing: &mut Packing,
    ) -> Result<(), Flaw> {
        let flaw = |place: usize, name: &str, reason: String| {
            let field = format!("handling_units[{place}].{name}");
            Err(Flaw::new(&self.asn_id, field, reason))
        };
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let parents = self.units.iter().map(|unit| unit.parent.as_str());
        let parents: BTreeSet<&str> = parents.collect();
        for (place, unit) in self.units.iter().enumerate() {
            if !unit.parent.is_empty() && !named.contains(unit.parent.as_str()) {
                let reason = format!(
                    "no unit {} stands before it; give an outer unit before those in it",
                    unit.parent
                );
                return flaw(place, "parent_id", reason);
            }
            if !named.insert(&unit.id) {
                let reason = format!("{} is given twice", unit.id);
                return flaw(place, "handling_unit_id", reason);
            }
            if unit.contents.is_empty() && !parents.contains(unit.id.as_str()) {
                let reason = format!("nothing is in {} and no unit stands in it", unit.id);
                return flaw(place, "contents", reason);
            }
            let mut lots: BTreeMap<LotNumber, (i64, i64)> = BTreeMap::new();
            for (line, sequence, thousandths) in &unit.contents {
                let Some((number, left)) = open.get_mut(&(*line, *sequence)) else {
                    let reason =
                        format!("lot {sequence} of order line {line} does not travel with it");
                    return flaw(place, "contents", reason);
                };
                if !(1..=*left).contains(thousandths) {
                    let reason = format!(
                        "{thousandths} thousandths are more than the {left} of lot {sequence} that are in no unit, or not above zero"
                    );
                    return flaw(place, "contents", reason);
                }
                *left -= thousandths;
                lots.entry(*number).or_insert((*line, 0)).1 += thousandths;
            }
            packing.units.push(Unpacked {
                id: unit.id.clone(),
                parent: unit.parent.clone(),
                packaging: unit.packaging.clone(),
                lots: (lots.into_iter())
                    .map(|(number, (line, thousandths))| (number, line, thousandths))
                    .collect(),
            });
        }
        let left = open.iter().find(|(_, (_, left))| *left > 0);
        match left.filter(|_| !self.units.is_empty()) {
            Some(((line, sequence), (_, left))) => {
                let reason = format!(
                    "{left} thousandths of lot {sequence} of order line {line} are in no unit; tell where all goods are, or no units at all"
                );
                Err(Flaw::new(&self.asn_id, "handling_units", reason))
            }
            None => Ok(()),
        }
    }
}

/// The lots of which some are in these units or in those that stand in them; the first unit that is not there is an error.
pub(super) fn lots_in<'w>(
    units: &[&Unpacked],
    wanted: &'w [String],
) -> Result<BTreeSet<LotNumber>, &'w str> {
    for id in wanted {
        if !units.iter().any(|unit| unit.id == *id) {
            return Err(id);
        }
    }
    let mut within: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut lots = BTreeSet::new();
    // An outer unit stands before those in it.
    for unit in units {
        if within.contains(unit.id.as_str()) || within.contains(unit.parent.as_str()) {
            within.insert(&unit.id);
            lots.extend(unit.lots.iter().map(|(number, _, _)| *number));
        }
    }
    Ok(lots)
}

#[cfg(test)]
mod tests {
    use takt_kernel::{Date, Quantity};

    use super::super::NoticeLine;
    use super::*;

    const FIRST: LotNumber = LotNumber(2_010_000_004);

    fn unit(id: &str, parent: &str, contents: &[(i64, i64, i64)]) -> HandlingUnit {
        HandlingUnit {
            id: id.to_owned(),
            parent: parent.to_owned(),
            packaging: "KLT".to_owned(),
            contents: contents.to_vec(),
        }
    }

    fn notice(units: Vec<HandlingUnit>, serials: &[&str]) -> Notice {
        Notice {
            asn_id: "A".to_owned(),
            supplier_no: 1,
            shipped_on: Date::from_epoch_day(1),
            expected_on: Date::from_epoch_day(2),
            lines: vec![NoticeLine {
                line: 7,
                first_lot: 4,
                sizes: vec![2_000, 1_000],
                maker_lot: String::new(),
                serials: serials.iter().map(|serial| (*serial).to_owned()).collect(),
            }],
            units,
        }
    }

    fn packing(notice: &Notice) -> Result<Packing, (String, String)> {
        let shipped = Shipped {
            line: 7,
            first_lot: FIRST,
            lots: 2,
            short_lots: 0,
            quantity: Quantity(3_000),
            short: Quantity::ZERO,
        };
        notice
            .packing(&[shipped], |_| Some(Unit::Piece))
            .map_err(|flaw| (flaw.field, flaw.reason))
    }

    /// A pallet with two boxes: one part of the first lot in each, and the second lot in the second box.
    #[test]
    fn a_pallet_holds_its_boxes_and_they_the_lots() {
        let boxes = vec![
            unit("P", "", &[]),
            unit("B1", "P", &[(7, 4, 1_000)]),
            unit("B2", "P", &[(7, 4, 1_000), (7, 5, 1_000)]),
        ];
        let packed = packing(&notice(boxes, &["S1", "S2", "S3"])).expect("it fits");
        let second = LotNumber(FIRST.value() + 1);
        assert_eq!(
            packed.units[2].lots,
            [(FIRST, 7, 1_000), (second, 7, 1_000)]
        );
        let serials: Vec<_> = packed
            .serials
            .iter()
            .map(|(lot, serial)| (lot.n(), serial.as_str()))
            .collect();
        assert_eq!(serials, [(4, "S1"), (4, "S2"), (5, "S3")]);
        let lots = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_owned()).collect();
            let units: Vec<&Unpacked> = packed.units.iter().collect();
            lots_in(&units, &wanted).map_err(str::to_owned)
        };
        assert_eq!(lots(&["B1"]), Ok(BTreeSet::from([FIRST])));
        assert_eq!(lots(&["P"]), Ok(BTreeSet::from([FIRST, second])));
        assert_eq!(lots(&["B1", "X"]), Err("X".to_owned()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let all = (7, 4, 2_000);
        let told = |units: Vec<HandlingUnit>, serials: &[&str]| {
            packing(&notice(units, serials)).expect_err("refused")
        };
        let cases = [
            (
                told(vec![unit("B", "", &[all])], &[]),
                "handling_units",
                "1000 thousandths of lot 5",
            ),
            (
                told(vec![unit("B", "P", &[all])], &[]),
                "handling_units[0].parent_id",
                "no unit P",
            ),
            (
                told(vec![unit("B", "", &[all]), unit("B", "", &[all])], &[]),
                "handling_units[1].handling_unit_id",
                "twice",
            ),
            (
                told(vec![unit("B", "", &[])], &[]),
                "handling_units[0].contents",
                "nothing is in B",
            ),
            (
                told(vec![unit("B", "", &[(7, 6, 1)])], &[]),
                "handling_units[0].contents",
                "lot 6 of order line 7",
            ),
            (
                told(vec![unit("B", "", &[(7, 4, 2_001)])], &[]),
                "handling_units[0].contents",
                "more than the 2000",
            ),
            (
                told(vec![], &["S1", "S2"]),
                "lines[0].serial_numbers",
                "lot 5 has more parts",
            ),
            (
                told(vec![], &["S1", "S2", "S3", "S4"]),
                "lines[0].serial_numbers",
                "S4 is one more",
            ),
            (
                told(vec![], &["S1", "S1", "S3"]),
                "lines[0].serial_numbers",
                "S1 is given twice",
            ),
        ];
        for ((field, reason), wanted, part) in cases {
            assert_eq!(field, wanted);
            assert!(reason.contains(part), "{reason}");
        }
        let kilograms = notice(vec![], &["S1", "S2", "S3"]).packing(&[], |_| Some(Unit::Kilogram));
        assert_eq!(kilograms, Ok(Packing::default()), "nothing is shipped");
    }
}
