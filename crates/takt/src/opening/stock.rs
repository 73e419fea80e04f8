//! The files of bought stock, open orders and control totals, row by row in both directions. It must not know services. Invariant: what
//! is written is read back as the same.
use takt_contract::date_pb;
use takt_contract::procurement::v1::{ControlTotal, OpeningLot, OpeningOrder, OpeningStatus};
use takt_kernel::{ParseError, Quantity};

use super::sheet::{Cells, whole};
use crate::output::day;

/// The columns of a file: those that are required, and those that are not.
pub type Columns = (&'static [&'static str], &'static [&'static str]);

/// `stock.csv`.
pub const STOCK: Columns = (
    &["item_id", "location", "quantity", "received_on"],
    &[
        "supplier_id",
        "lot",
        "status",
        "received",
        "ordered_on",
        "used_since_plan",
        "reason",
        "maker_lot",
    ],
);

/// `open_orders.csv`.
pub const ORDERS: Columns = (
    &[
        "order",
        "line",
        "item_id",
        "due",
        "open",
        "in_transit",
        "received",
        "ordered_on",
    ],
    &[
        "supplier_id",
        "needed_on",
        "ship_on",
        "lot",
        "notice",
        "shipped_on",
        "expected_on",
    ],
);

/// `control.csv`.
pub const CONTROL: Columns = (&["item_id"], &["on_hand", "open", "in_transit", "received"]);

/// The words for what quality says of a lot.
const STATUS: [(&str, OpeningStatus); 4] = [
    ("RELEASED", OpeningStatus::Released),
    ("QUARANTINE", OpeningStatus::Quarantine),
    ("BLOCKED", OpeningStatus::Blocked),
    ("CONSUMED", OpeningStatus::Consumed),
];

fn status(text: &str) -> Result<OpeningStatus, ParseError> {
    let found = STATUS.iter().find(|(word, _)| *word == text);
    let rule = "it is RELEASED, QUARANTINE, BLOCKED or CONSUMED";
    found
        .map(|(_, status)| *status)
        .ok_or_else(|| ParseError::new("status", text, rule))
}

/// Reads a lot. A lot of which nothing else is said was received as it lies there.
pub fn lot_of(row: &mut Cells<'_>) -> OpeningLot {
    let on_hand = row
        .must("quantity", Quantity::parse)
        .unwrap_or_default()
        .milli();
    let received = row
        .maybe("received", Quantity::parse)
        .map_or(on_hand, Quantity::milli);
    OpeningLot {
        item_id: row.text("item_id"),
        supplier_id: row.text("supplier_id"),
        location: row.text("location"),
        lot_sequence: row.whole("lot").unwrap_or_default(),
        received_on: row.day("received_on").map(date_pb),
        ordered_on: row
            .maybe("ordered_on", takt_kernel::Date::parse)
            .map(date_pb),
        received_thousandths: received,
        on_hand_thousandths: on_hand,
        status: row.maybe("status", status).unwrap_or_default().into(),
        reason: row.text("reason"),
        maker_lot: row.text("maker_lot"),
        used_since_plan_thousandths: row.quantity("used_since_plan"),
    }
}

/// Reads what is on order.
pub fn order_of(row: &mut Cells<'_>) -> OpeningOrder {
    let mut maybe = |column: &str| row.maybe(column, takt_kernel::Date::parse).map(date_pb);
    let (needed_on, ship_on) = (maybe("needed_on"), maybe("ship_on"));
    let (shipped_on, expected_on) = (maybe("shipped_on"), maybe("expected_on"));
    OpeningOrder {
        order: row.text("order"),
        line: row.text("line"),
        supplier_id: row.text("supplier_id"),
        item_id: row.text("item_id"),
        due: row.day("due").map(date_pb),
        open_thousandths: row.quantity("open"),
        in_transit_thousandths: row.quantity("in_transit"),
        received_thousandths: row.quantity("received"),
        ordered_on: row.day("ordered_on").map(date_pb),
        needed_on,
        ship_on,
        lot_sequence: row.maybe("lot", whole).unwrap_or_default(),
        notice: row.text("notice"),
        shipped_on,
        expected_on,
    }
}

/// Reads a control total.
pub fn total_of(row: &mut Cells<'_>) -> ControlTotal {
    let mut figure = |column: &str| row.maybe(column, Quantity::parse).map(Quantity::milli);
    ControlTotal {
        on_hand_thousandths: figure("on_hand"),
        open_thousandths: figure("open"),
        in_transit_thousandths: figure("in_transit"),
        received_thousandths: figure("received"),
        item_id: row.text("item_id"),
    }
}

fn quantity(thousandths: i64) -> String {
    Quantity(thousandths).to_string()
}

/// A quantity that is mostly nothing.
fn some(thousandths: i64) -> String {
    if thousandths == 0 {
        String::new()
    } else {
        quantity(thousandths)
    }
}

fn on(date: Option<&takt_contract::common::v1::Date>) -> String {
    day(date).unwrap_or_default()
}

/// The header of a file.
pub fn header((required, optional): Columns) -> Vec<String> {
    let all = required.iter().chain(optional);
    all.map(|column| (*column).to_owned()).collect()
}

/// Writes a lot.
pub fn lot_row(lot: &OpeningLot) -> Vec<String> {
    let status = STATUS.iter().find(|(_, status)| *status == lot.status());
    vec![
        lot.item_id.clone(),
        lot.location.clone(),
        quantity(lot.on_hand_thousandths),
        on(lot.received_on.as_ref()),
        lot.supplier_id.clone(),
        lot.lot_sequence.to_string(),
        status.map_or_else(String::new, |(word, _)| (*word).to_owned()),
        quantity(lot.received_thousandths),
        on(lot.ordered_on.as_ref()),
        some(lot.used_since_plan_thousandths),
        lot.reason.clone(),
        lot.maker_lot.clone(),
    ]
}

/// Writes what is on order.
pub fn order_row(order: &OpeningOrder) -> Vec<String> {
    vec![
        order.order.clone(),
        order.line.clone(),
        order.item_id.clone(),
        on(order.due.as_ref()),
        quantity(order.open_thousandths),
        quantity(order.in_transit_thousandths),
        quantity(order.received_thousandths),
        on(order.ordered_on.as_ref()),
        order.supplier_id.clone(),
        on(order.needed_on.as_ref()),
        on(order.ship_on.as_ref()),
        order.lot_sequence.to_string(),
        order.notice.clone(),
        on(order.shipped_on.as_ref()),
        on(order.expected_on.as_ref()),
    ]
}

/// Writes a control total.
pub fn total_row(total: &ControlTotal) -> Vec<String> {
    let figure = |figure: Option<i64>| figure.map(quantity).unwrap_or_default();
    vec![
        total.item_id.clone(),
        figure(total.on_hand_thousandths),
        figure(total.open_thousandths),
        figure(total.in_transit_thousandths),
        figure(total.received_thousandths),
    ]
}
