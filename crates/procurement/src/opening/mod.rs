//! The books with which a carmaker begins: lots that were received and what is on order, compared with control totals.
//!
//! It must not know rows or messages. Invariants: what the lots and orders of an item come to is what its control total says, or
//! nothing is booked; what an order says was received and no lot tells of counts as received and used up.

use std::collections::BTreeMap;

use takt_kernel::{Date, Quantity, Violations};

use crate::{
    inbound::lot::LotState,
    programme::{Catalogue, SourceNo},
};

pub(crate) mod book;
mod read;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;

/// A lot that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stock {
    /// The item and supplier.
    pub(crate) source: SourceNo,
    /// The number within the source; 0 before it has one.
    pub(crate) lot: i64,
    /// The day of receipt.
    pub(crate) received_on: Date,
    /// The day of its order.
    pub(crate) ordered_on: Date,
    /// What was received.
    pub(crate) received: Quantity,
    /// What is on hand of it.
    pub(crate) on_hand: Quantity,
    /// What quality says.
    pub(crate) state: LotState,
    /// Why it is kept back.
    pub(crate) reason: String,
    /// The maker's own number.
    pub(crate) maker_lot: String,
    /// What was used since the day of the plan.
    pub(crate) used_since: Quantity,
}

/// The outstanding part of an order line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    /// The item and supplier.
    pub(crate) source: SourceNo,
    /// The order, as the carmaker names it.
    pub(crate) order: String,
    /// The line, as the carmaker names it.
    pub(crate) line: String,
    /// The evening by which it is due.
    pub(crate) due: Date,
    /// What has not left.
    pub(crate) open: Quantity,
    /// What is under way.
    pub(crate) in_transit: Quantity,
    /// What was received of the line so far.
    pub(crate) received: Quantity,
    /// The day of the order.
    pub(crate) ordered_on: Date,
    /// The first use.
    pub(crate) needed_on: Date,
    /// The day on which it leaves.
    pub(crate) ship_on: Date,
    /// The number of its first lot; 0 before it has one.
    pub(crate) lot: i64,
    /// The notice with which it travels.
    pub(crate) notice: String,
    /// The day on which it left.
    pub(crate) shipped_on: Date,
    /// The day on which it is expected.
    pub(crate) expected_on: Date,
}

/// What an item comes to by the carmaker's own books; what is not said is not compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Control {
    /// On hand.
    pub(crate) on_hand: Option<i64>,
    /// Ordered and not shipped.
    pub(crate) open: Option<i64>,
    /// Under way.
    pub(crate) in_transit: Option<i64>,
    /// Received since the beginning.
    pub(crate) received: Option<i64>,
}

/// What an item comes to by its lots and orders, in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// On hand.
    pub(crate) on_hand: i64,
    /// Ordered and not shipped.
    pub(crate) open: i64,
    /// Under way.
    pub(crate) in_transit: i64,
    /// Received since the beginning.
    pub(crate) received: i64,
}

/// The books of a morning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    /// The day.
    pub(crate) as_of: Date,
    /// The plan whose requirements count, with the day as of which it was made.
    pub(crate) plan: Option<(String, Date)>,
    /// Lots, in the order in which they were given.
    pub(crate) stock: Vec<Stock>,
    /// Orders, in the order in which they were given.
    pub(crate) open: Vec<Open>,
    /// The control totals by item number.
    pub(crate) totals: BTreeMap<u32, Control>,
}

impl Opening {
    /// What each item comes to. What was received of a source is what its lots come to, or what its orders say where that is more.
    pub(crate) fn sums(&self) -> BTreeMap<u32, Sum> {
        let mut sums: BTreeMap<u32, Sum> = BTreeMap::new();
        for lot in &self.stock {
            sums.entry(lot.source.item_no()).or_default().on_hand += lot.on_hand.milli();
        }
        for order in &self.open {
            let sum = sums.entry(order.source.item_no()).or_default();
            sum.open += order.open.milli();
            sum.in_transit += order.in_transit.milli();
        }
        for (source, (lots, orders)) in self.received() {
            sums.entry(source.item_no()).or_default().received += lots.max(orders);
        }
        sums
    }

    /// What was received of each source: by its lots, and by its orders.
    pub(crate) fn received(&self) -> BTreeMap<SourceNo, (i64, i64)> {
        let mut received: BTreeMap<SourceNo, (i64, i64)> = BTreeMap::new();
        for lot in &self.stock {
            received.entry(lot.source).or_default().0 += lot.received.milli();
        }
        for order in &self.open {
            received.entry(order.source).or_default().1 += order.received.milli();
        }
        received
    }

    /// Compares with the control totals; every figure that differs is named with both.
    pub(crate) fn control(&self, catalogue: &Catalogue, violations: &mut Violations) {
        let sums = self.sums();
        let name = |item_no: u32| {
            let item = catalogue.item_no(item_no);
            item.map_or_else(|| item_no.to_string(), |item| item.item.id.to_string())
        };
        for item_no in sums
            .keys()
            .filter(|item_no| !self.totals.contains_key(item_no))
        {
            let item = name(*item_no);
            violations.push(
                &format!("totals {item}"),
                format!("{item} has lots or orders and no control total; give one"),
            );
        }
        for (item_no, control) in &self.totals {
            let sum = sums.get(item_no).copied().unwrap_or_default();
            let item = name(*item_no);
            for (figure, said, found) in [
                ("on_hand", control.on_hand, sum.on_hand),
                ("open", control.open, sum.open),
                ("in_transit", control.in_transit, sum.in_transit),
                ("received", control.received, sum.received),
            ] {
                if let Some(said) = said.filter(|said| *said != found) {
                    let (said, found) = (Quantity(said), Quantity(found));
                    violations.push(
                        &format!("totals {item}.{figure}"),
                        format!("the control total of {item} says {said}, and its lots and orders come to {found}"),
                    );
                }
            }
        }
    }
}
