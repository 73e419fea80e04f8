//! Suppliers that are out, on any tier, and what those who deliver to the plant still ship (RULES 13). It must not know orders or
//! services. Invariants: who is out ships nothing of anything; behind somebody who is out goods flow until the customers' stocks are
//! used, whatever finished stock the sites between may have; who supplies nobody is no outage.
use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::risk::{Flow, Outage, departures, still_made};

use super::network::{Stocks, chain_of};
use crate::failure::{Failure, Outcome};
use crate::programme::Programme;
use crate::replay::disruption::Disruption;

/// Thousandths of a day.
const DAY: i64 = 1000;

/// What suppliers ship of what is due, while some are out.
#[derive(Debug, Clone)]
pub struct Outages {
    begin: Date,
    /// By direct supplier and item, from the beginning on; what is not here is shipped as it is due.
    ships: BTreeMap<(String, String), Flow>,
}

impl Outages {
    /// The outages of a programme at its full size.
    pub fn new(programme: &Programme, disruptions: &[Disruption]) -> Outcome<Self> {
        check(programme, disruptions)?;
        let begin =
            (disruptions.iter().map(|outage| outage.from).min()).unwrap_or(programme.day_zero);
        let at = |date: Date| i64::from(date.days_since(begin)) * DAY;
        let of = |supplier: &str, plant: bool| {
            let plant_id = &programme.plant.supplier;
            (programme.links.iter())
                .any(|link| link.from.as_str() == supplier && (link.to == *plant_id) == plant)
        };
        let mut ships = BTreeMap::new();
        // A network is only needed where somebody is out who supplies others than the plant.
        if (disruptions.iter()).any(|outage| of(outage.supplier.as_str(), false)) {
            let chain = chain_of(programme, begin, Stocks::OfCustomers)?;
            let mut outages = Vec::new();
            for outage in disruptions {
                let sites = programme.nodes.iter().enumerate();
                let own = sites.filter(|(_, site)| site.supplier == outage.supplier);
                let (from, until) = (at(outage.from), at(outage.until()));
                outages.extend(own.map(|(node, _)| Outage::whole(node, from, until)));
            }
            for (node, flow) in still_made(&chain.network, &outages) {
                if let Some(site) = programme.nodes.get(node) {
                    ships.insert((site.supplier.to_string(), site.item.to_string()), flow);
                }
            }
        }
        let mut held = BTreeMap::new();
        for item in &programme.items {
            for agreement in &item.agreements {
                let key = (agreement.supplier.to_string(), item.id.to_string());
                let own = disruptions
                    .iter()
                    .filter(|outage| outage.supplier == agreement.supplier)
                    .map(|outage| Flow::gap(at(outage.from), at(outage.until())));
                let flow = Flow::scarcest(&own.chain(ships.remove(&key)).collect::<Vec<_>>());
                if !flow.is_full() {
                    held.insert(key, flow);
                }
            }
        }
        Ok(Self { begin, ships: held })
    }

    /// The day from which on shares are counted: the first one of an outage.
    pub fn begin(&self) -> Date {
        self.begin
    }

    /// What of an item a direct supplier ships; None where it ships all that is due.
    pub fn ships(&self, supplier: &str, item: &str) -> Option<&Flow> {
        self.ships.get(&(supplier.to_owned(), item.to_owned()))
    }

    /// The items of which something is held back.
    pub fn items(&self) -> std::collections::BTreeSet<&str> {
        self.ships.keys().map(|(_, item)| item.as_str()).collect()
    }

    /// The days on which lots leave that are due on a day, with how many of them.
    pub fn departures(
        &self,
        (supplier, item): (&str, &str),
        due: Date,
        first: i64,
        lots: i64,
    ) -> Vec<(Date, i64)> {
        let Some(ships) = self.ships(supplier, item) else {
            return vec![(due, lots)];
        };
        let due = i64::from(due.days_since(self.begin));
        let left = departures(ships, due, first, lots).into_iter();
        let date = |on: i64| self.begin.plus(i32::try_from(on).unwrap_or(i32::MAX));
        left.map(|(on, lots)| (date(on), lots)).collect()
    }
}

/// Refuses an outage of somebody who supplies nobody.
pub fn check(programme: &Programme, disruptions: &[Disruption]) -> Outcome<()> {
    for outage in disruptions {
        let agreed = (programme.items.iter().flat_map(|item| &item.agreements))
            .any(|agreement| agreement.supplier == outage.supplier);
        let linked = (programme.links.iter()).any(|link| link.from == outage.supplier);
        if !agreed && !linked {
            return Err(Failure::usage(format!(
                "--disrupt {outage}: {} supplies nobody in this programme",
                outage.supplier
            ))
            .with_way_out("name a supplier with rows in items.csv or supply_edges.csv"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    fn su7() -> Result<Programme, String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        parse(&folder).map_err(|problems| problems.to_string())
    }

    #[test]
    fn an_outage_is_felt_by_those_behind_it_when_their_stock_is_used()
    -> Result<(), Box<dyn std::error::Error>> {
        let full = su7()?;
        let day = |text: &str| Date::parse(text);
        // RONBAY makes all of CATL's NCM cathode, of which CATL holds ten days: the cells of the MAX, and nothing else.
        let out = Outages::new(&full, &["RONBAY@2024-06-01:30".parse()?])?;
        assert_eq!(out.items().into_iter().collect::<Vec<_>>(), ["BM-01"]);
        let leaves = |due: &str| {
            Ok::<_, takt_kernel::ParseError>(out.departures(("CATL", "BM-01"), day(due)?, 1, 6))
        };
        assert_eq!(leaves("2024-06-10")?, [(day("2024-06-10")?, 6)]);
        assert_eq!(leaves("2024-06-11")?, [(day("2024-07-01")?, 6)]);
        assert_eq!(leaves("2024-07-01")?, [(day("2024-07-01")?, 6)]);
        // One of two makers of anodes: ten days last for twenty, and then half of the lots wait.
        let half = Outages::new(&full, &["BTR@2024-06-01:30".parse()?])?;
        assert_eq!(
            half.departures(("CATL", "BM-01"), day("2024-06-22")?, 1, 6),
            [(day("2024-06-22")?, 3), (day("2024-07-01")?, 3)]
        );
        // A direct supplier without a network behind it, and one that is both.
        let direct = Outages::new(&full, &["CATL@2024-06-10:14".parse()?])?;
        assert_eq!(
            direct.departures(("CATL", "BM-01"), day("2024-06-12")?, 1, 2),
            [(day("2024-06-24")?, 2)]
        );
        assert!(direct.ships("FDB", "BS-01").is_none());
        let both = Outages::new(&full, &["AEROGEL@2024-06-01:30".parse()?])?;
        assert_eq!(
            both.items().into_iter().collect::<Vec<_>>(),
            ["BM-01", "BS-14"]
        );
        let nobody = Outages::new(&full, &["NOBODY@2024-06-01:30".parse()?]);
        assert!(nobody.is_err_and(|failure| failure.to_string().contains("supplies nobody")));
        Ok(())
    }
}
