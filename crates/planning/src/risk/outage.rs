//! Suppliers that are out for some days, and what those behind them still ship (RULES 13). It must not know dates or names.
//! Units: thousandths of a day from a common beginning, whole days for shipments, shares in millionths. Invariants: a supplier that
//! is out ships nothing and one behind it what its stocks and other sources allow; what is held back leaves together when the goods
//! are there again; lots leave in the order of their numbers, and every lot leaves once.
use super::FULL;
use super::assess::walk;
use super::flow::Flow;
use super::network::Network;
use super::reserve::Cover;
use std::collections::BTreeMap;
use takt_kernel::floor_div;

const DAY: i64 = 1000;

/// A node that makes less, or nothing, in `[from, until)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// The node.
    pub node: usize,
    /// When it begins.
    pub from: i64,
    /// When the node works again.
    pub until: i64,
    /// The part of what it makes that it goes on making, in millionths.
    pub remaining: i64,
    /// What others give of what is missing.
    pub cover: Cover,
}

impl Outage {
    /// A whole outage that nobody covers.
    pub fn whole(node: usize, from: i64, until: i64) -> Self {
        Self {
            node,
            from,
            until,
            remaining: 0,
            cover: Cover::default(),
        }
    }
}

/// What nodes still make of what is needed, by node; those that stay whole are left out. A node that is out gives from its finished
/// stock where that survives. Cost: O(what the outages reach).
pub fn still_made(network: &Network, outages: &[Outage]) -> BTreeMap<usize, Flow> {
    let mut own: BTreeMap<usize, Flow> = BTreeMap::new();
    for outage in outages {
        let gap = Flow::dent(outage.from, outage.until, outage.remaining)
            .helped(outage.cover.steps(), outage.from);
        let known = own.entry(outage.node).or_insert_with(Flow::full);
        *known = Flow::scarcest([&*known, &gap]);
    }
    for (node, flow) in &mut own {
        if let Some(site) = network
            .nodes()
            .get(*node)
            .filter(|site| site.stock_survives)
        {
            *flow = flow.buffered(site.stock);
        }
    }
    walk(network, &own)
}

/// The days on which lots leave that are due on a day, with how many: `lots` of them from number `first` on. Of what is missing
/// each lot bears its part by its number, so that of many lots the right share waits, and a lot that leaves later than another
/// has the higher number. Nothing leaves where the goods never come back.
pub fn departures(flow: &Flow, due: i64, first: i64, lots: i64) -> Vec<(i64, i64)> {
    if due < 0 && lots > 0 {
        return vec![(due, lots)];
    }
    let mut left = Vec::new();
    let (mut gone, mut on) = (0, due);
    while gone < lots {
        let begin = on * DAY;
        // The mean of the day: a stock that ends within it gives a part of it.
        let missing = flow.missing(begin, begin + DAY) / i128::from(DAY);
        let waits = |through: i64| {
            let share = i128::from(through) * missing;
            floor_div(share, i128::from(FULL)).unwrap_or(through)
        };
        let held = waits(first - 1 + lots) - waits(first - 1);
        let now = lots - held - gone;
        if now > 0 {
            left.push((on, now));
            gone += now;
        }
        match flow.changes_after(begin) {
            // A change within the day counts from the next one on.
            Some(at) => on = (at / DAY).max(on + 1),
            None => break,
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::super::network::{Customer, Link, Node};
    use super::*;
    use proptest::prelude::*;

    fn link(from: usize, to: Customer, share: i64, stock: i64) -> Link {
        Link {
            from,
            to,
            material: from / 2,
            quantity: 1000,
            share,
            transit: 0,
            customer_stock: stock * DAY,
        }
    }

    /// The example of docs/risk.md: two refiners supply a cell maker that holds ten days; one is out for thirty.
    #[test]
    fn half_of_the_lithium_lasts_twenty_days_and_then_half_of_the_cells_wait()
    -> Result<(), Box<dyn std::error::Error>> {
        let links = vec![
            link(0, Customer::Node(2), 500_000, 10),
            link(1, Customer::Node(2), 500_000, 10),
            link(2, Customer::Part(0), FULL, 0),
        ];
        let network = Network::new(vec![Node::default(); 3], 1, links)?;
        let outage = |node, from: i64, until: i64| Outage::whole(node, from * DAY, until * DAY);
        let flows = still_made(&network, &[outage(0, 0, 30)]);
        let cells = flows.get(&2).ok_or("the cell maker is reached")?;
        assert_eq!(
            (
                cells.level(19_999),
                cells.level(20_000),
                cells.level(30_000)
            ),
            (FULL, FULL / 2, FULL)
        );
        assert_eq!(departures(cells, 19, 1, 8), [(19, 8)]);
        assert_eq!(departures(cells, 20, 1, 8), [(20, 4), (30, 4)]);
        // Three lots of which the second waits; then three of which two do.
        assert_eq!(departures(cells, 21, 1, 3), [(21, 2), (30, 1)]);
        assert_eq!(departures(cells, 22, 4, 3), [(22, 1), (30, 2)]);
        // The other one is out later, when nothing is left in stock, and both at once for five days.
        let flows = still_made(&network, &[outage(0, 0, 30), outage(1, 25, 40)]);
        let cells = flows.get(&2).ok_or("the cell maker is reached")?;
        assert_eq!(
            departures(cells, 26, 1, 8),
            [(30, 4), (40, 4)],
            "half of it comes with the first one"
        );
        // A direct loss holds everything back, whatever the day before the beginning.
        let seats = Flow::gap(5 * DAY, 9 * DAY);
        assert_eq!(departures(&seats, -3, 1, 2), [(-3, 2)]);
        assert_eq!(departures(&seats, 8, 7, 2), [(9, 2)]);
        assert_eq!(departures(&Flow::outage(None), 8, 7, 2), []);
        Ok(())
    }

    proptest! {
        #[test]
        fn every_lot_leaves_once_and_none_early(
            (from, days, level) in (0i64..30, 1i64..30, 0i64..4),
            (due, first, lots) in (-5i64..70, 1i64..500, 0i64..40),
        ) {
            let gap = Flow::gap(from * DAY, (from + days) * DAY);
            let flow = Flow::shared([(&gap, level * 333_333)]);
            let left = departures(&flow, due, first, lots);
            prop_assert_eq!(left.iter().map(|(_, lots)| lots).sum::<i64>(), lots);
            prop_assert!(left.iter().all(|(on, lots)| *on >= due && *lots > 0));
            prop_assert!(left.windows(2).all(|two| two[0].0 < two[1].0));
            let in_gap = due >= from && due < from + days;
            prop_assert!(in_gap || left.iter().all(|(on, _)| *on == due));
            // Lots in a row wait in the share that is missing, within one lot.
            if in_gap {
                let waiting: i64 = left.iter().filter(|(on, _)| *on > due).map(|(_, lots)| lots).sum();
                prop_assert!((waiting * 3 - lots * level).abs() <= 3);
            }
        }
    }
}
