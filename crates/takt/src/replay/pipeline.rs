//! The parts under way: which order lines are still to be shipped on which day, and which notices arrive when. It
//! must not know chance; a line comes with its fate. Invariants: what is shipped on a day is a function of the lines
//! alone, so that a day played again after a break ships the same; a notice holds one supplier's goods of one
//! departure and one arrival.
use std::collections::BTreeMap;

use prost::Message;
use takt_contract::date_pb;
use takt_contract::procurement::v1::{Asn, AsnLine, OrderLine, Receipt};
use takt_kernel::Date;

use crate::world::Fate;

/// A notice is cut in two before it is this large, so that it fits a chunk.
const MOST_ASN_BYTES: usize = 48 << 10;

/// Order lines and notices under way.
#[derive(Debug, Default)]
pub struct Pipeline {
    /// By departure, supplier and arrival: the lines in the order of their numbers.
    shipping: BTreeMap<Date, BTreeMap<(String, Date), Vec<Load>>>,
    /// By arrival: the notices with their blocked lots.
    arriving: BTreeMap<Date, Vec<(String, Vec<i64>)>>,
}

#[derive(Debug)]
struct Load {
    line: AsnLine,
    blocked: Vec<i64>,
}

impl Pipeline {
    /// Takes lots of a line that leave together and have not been received.
    pub fn add(&mut self, line: &OrderLine, fate: Fate) {
        let load = Load {
            line: AsnLine {
                line_number: line.line_number,
                first_lot_sequence: fate.first_lot,
                lot_thousandths: fate.lots,
                maker_lot: fate.maker_lot,
                ..AsnLine::default()
            },
            blocked: fate.blocked,
        };
        let groups = self.shipping.entry(fate.ships).or_default();
        groups
            .entry((line.supplier_id.clone(), fate.arrives))
            .or_default()
            .push(load);
    }

    /// The notices of a day, by supplier and arrival; from then on they are under way.
    pub fn ship(&mut self, day: Date) -> Vec<Asn> {
        let mut asns = Vec::new();
        for ((supplier, arrives), mut loads) in self.shipping.remove(&day).unwrap_or_default() {
            loads.sort_by_key(|load| load.line.line_number);
            let mut part = 0;
            let mut loads = loads.into_iter().peekable();
            while loads.peek().is_some() {
                let (mut lines, mut blocked, mut bytes) = (Vec::new(), Vec::new(), 0);
                while let Some(load) = loads.next_if(|load| {
                    lines.is_empty() || bytes + load.line.encoded_len() + 8 <= MOST_ASN_BYTES
                }) {
                    bytes += load.line.encoded_len() + 8;
                    blocked.extend(load.blocked);
                    lines.push(load.line);
                }
                part += 1;
                let asn_id = asn_id(&supplier, day, arrives, part);
                self.arriving
                    .entry(arrives)
                    .or_default()
                    .push((asn_id.clone(), blocked));
                asns.push(Asn {
                    asn_id,
                    supplier_id: supplier.clone(),
                    shipped_on: Some(date_pb(day)),
                    expected_on: Some(date_pb(arrives)),
                    lines,
                    handling_units: Vec::new(),
                });
            }
        }
        asns
    }

    /// The receipts of a day, by notice.
    pub fn receive(&mut self, day: Date) -> Vec<Receipt> {
        let mut arrived = self.arriving.remove(&day).unwrap_or_default();
        arrived.sort();
        let receipt = |(asn_id, blocked_lot_numbers)| Receipt {
            asn_id,
            received_on: Some(date_pb(day)),
            blocked_lot_numbers,
            ..Receipt::default()
        };
        arrived.into_iter().map(receipt).collect()
    }

    /// Whether nothing is to be shipped or under way.
    pub fn is_empty(&self) -> bool {
        self.shipping.is_empty() && self.arriving.is_empty()
    }
}

/// The name of a notice: supplier, departure, arrival and, from the second part on, the part.
fn asn_id(supplier: &str, ships: Date, arrives: Date, part: usize) -> String {
    let compact = |date: Date| date.to_string().replace('-', "");
    let id = format!("ASN-{supplier}-{}-{}", compact(ships), compact(arrives));
    if part > 1 { format!("{id}.{part}") } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: i64, supplier: &str) -> OrderLine {
        OrderLine {
            line_number: number,
            supplier_id: supplier.to_owned(),
            first_lot_sequence: 1,
            ..OrderLine::default()
        }
    }

    fn fate(ships: i32, arrives: i32, lots: usize) -> Fate {
        Fate {
            first_lot: 1,
            ships: Date::from_epoch_day(ships),
            arrives: Date::from_epoch_day(arrives),
            lots: vec![1_000_000; lots],
            blocked: vec![],
            maker_lot: String::new(),
        }
    }

    #[test]
    fn a_day_ships_one_notice_for_a_supplier_and_receives_it_later() {
        let mut pipeline = Pipeline::default();
        pipeline.add(&line(3, "CATL"), fate(100, 104, 2));
        pipeline.add(&line(1, "CATL"), fate(100, 104, 1));
        pipeline.add(&line(2, "AEROGEL"), fate(100, 101, 1));
        pipeline.add(&line(4, "CATL"), fate(101, 105, 1));
        let day = Date::from_epoch_day;
        let asns = pipeline.ship(day(100));
        let numbers: Vec<Vec<i64>> = asns
            .iter()
            .map(|asn| asn.lines.iter().map(|line| line.line_number).collect())
            .collect();
        assert_eq!(numbers, [vec![2], vec![1, 3]]);
        assert_eq!(
            asns.get(1).map(|asn| asn.asn_id.as_str()),
            Some("ASN-CATL-19700411-19700415")
        );
        assert_eq!(pipeline.receive(day(101)).len(), 1);
        assert!(!pipeline.is_empty());
        assert_eq!(pipeline.ship(day(101)).len(), 1);
        assert_eq!(
            (
                pipeline.receive(day(104)).len(),
                pipeline.receive(day(105)).len()
            ),
            (1, 1)
        );
        assert!(pipeline.is_empty());
    }

    #[test]
    fn a_large_load_is_cut_into_notices_that_fit() {
        let mut pipeline = Pipeline::default();
        for number in 0..40 {
            pipeline.add(&line(number, "CATL"), fate(100, 104, 1000));
        }
        let asns = pipeline.ship(Date::from_epoch_day(100));
        assert!(asns.len() > 2 && asns.iter().all(|asn| asn.encoded_len() < 64 << 10));
        assert_eq!(asns.iter().map(|asn| asn.lines.len()).sum::<usize>(), 40);
        assert_eq!(
            asns.get(1).map(|asn| asn.asn_id.ends_with(".2")),
            Some(true)
        );
    }
}
