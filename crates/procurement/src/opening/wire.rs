//! Openings between messages and values.
//!
//! It must not decide anything but what a field may be. Invariant: a message is read whole or refused with every field that is wrong.

use takt_contract::{
    date_opt, date_pb, date_req,
    procurement::v1::{self as pb},
};
use takt_kernel::{Date, Quantity, Violations};

use super::{Control, Open, Opening, Stock, Sum};
use crate::{
    inbound::lot::LotState,
    programme::{Catalogue, Source, SourceNo},
};

/// Reads an opening.
pub(crate) fn opening_of(
    message: &pb::BookOpeningRequest,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Opening {
    let as_of = date_req(message.as_of.as_ref(), "as_of", violations);
    let has_plan = !message.plan_id.is_empty();
    let plan_on = date_opt(message.plan_as_of.as_ref(), "plan_as_of", violations);
    violations.require(
        plan_on.is_some() == has_plan && plan_on.is_none_or(|on| on <= as_of),
        "plan_as_of",
        format!("a plan is named with its day, which is {as_of} or before"),
    );
    let mut opening = Opening {
        as_of,
        plan: plan_on.map(|on| (message.plan_id.clone(), on)),
        ..Opening::default()
    };
    for (place, lot) in message.lots.iter().enumerate() {
        let lot = violations.scope(format!("lots[{place}]"), |violations| {
            stock_of(lot, (as_of, has_plan), catalogue, violations)
        });
        opening.stock.extend(lot);
    }
    for (place, order) in message.orders.iter().enumerate() {
        let order = violations.scope(format!("orders[{place}]"), |violations| {
            open_of(order, as_of, catalogue, violations)
        });
        opening.open.extend(order);
    }
    for (place, total) in message.totals.iter().enumerate() {
        let field = format!("totals[{place}].item_id");
        if let Some(bought) = catalogue.item_named(&total.item_id, &field, violations) {
            let control = Control {
                on_hand: total.on_hand_thousandths,
                open: total.open_thousandths,
                in_transit: total.in_transit_thousandths,
                received: total.received_thousandths,
            };
            let before = opening.totals.insert(bought.item.number, control);
            violations.require(before.is_none(), &field, "the item is there twice");
        }
    }
    opening
}

/// The source that a message names; the supplier may stay out where the item has one alone.
fn source_of<'c>(
    (item, supplier): (&str, &str),
    catalogue: &'c Catalogue,
    violations: &mut Violations,
) -> Option<&'c Source> {
    let bought = catalogue.item_named(item, "item_id", violations)?;
    if let ([only], "") = (bought.sources.as_slice(), supplier) {
        return Some(only);
    }
    let source = catalogue.source_of(item, supplier);
    let unknown = format!("{supplier:?} has no agreement for {item}");
    violations.require(source.is_some(), "supplier_id", unknown);
    source
}

fn not_negative(figures: &[(&str, i64)], violations: &mut Violations) {
    for (field, figure) in figures {
        violations.require(*figure >= 0, field, "it is negative");
    }
}

fn stock_of(
    lot: &pb::OpeningLot,
    (as_of, has_plan): (Date, bool),
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Stock> {
    let source = source_of((&lot.item_id, &lot.supplier_id), catalogue, violations);
    let plant = &catalogue.programme().plant_id;
    let here = lot.location == *plant;
    violations.require(
        here,
        "location",
        format!(
            "{:?} is not the plant of the programme, {plant}",
            lot.location
        ),
    );
    let (received, on_hand) = (lot.received_thousandths, lot.on_hand_thousandths);
    violations.require(
        received > 0,
        "received_thousandths",
        "a lot is more than nothing",
    );
    not_negative(
        &[
            ("on_hand_thousandths", on_hand),
            ("lot_sequence", lot.lot_sequence),
        ],
        violations,
    );
    violations.require(
        on_hand <= received,
        "on_hand_thousandths",
        format!(
            "{} of {} are more than were received",
            Quantity(on_hand),
            Quantity(received)
        ),
    );
    // Without a plan there is no day since which it would count.
    let used_since = if has_plan {
        lot.used_since_plan_thousandths
    } else {
        0
    };
    violations.require(
        (0..=(received - on_hand).max(0)).contains(&used_since),
        "used_since_plan_thousandths",
        "it is a part of what was used",
    );
    let received_on = date_req(lot.received_on.as_ref(), "received_on", violations);
    let ordered_on = date_opt(lot.ordered_on.as_ref(), "ordered_on", violations);
    let before = received_on < as_of;
    violations.require(
        before,
        "received_on",
        format!("{received_on} is not before {as_of}"),
    );
    let ordered_on = ordered_on.unwrap_or(received_on);
    violations.require(
        ordered_on <= received_on,
        "ordered_on",
        format!("{ordered_on} is after the receipt on {received_on}"),
    );
    let state = match (lot.status(), on_hand == 0) {
        (_, true) => LotState::Consumed,
        (pb::OpeningStatus::Quarantine, _) => LotState::Quarantine,
        (pb::OpeningStatus::Blocked, _) => LotState::Blocked,
        (pb::OpeningStatus::Consumed, false) => {
            violations.push("status", "a lot that is used up has nothing on hand");
            LotState::Consumed
        }
        (pb::OpeningStatus::Unspecified | pb::OpeningStatus::Released, _) => LotState::Released,
    };
    let reasoned = (state == LotState::Blocked) != lot.reason.is_empty();
    violations.require(
        reasoned,
        "reason",
        "give it for a lot that is kept back, and for no other",
    );
    Some(Stock {
        source: source?.number,
        lot: lot.lot_sequence,
        received_on,
        ordered_on,
        received: Quantity(received),
        on_hand: Quantity(on_hand),
        state,
        reason: lot.reason.clone(),
        maker_lot: lot.maker_lot.clone(),
        used_since: Quantity(used_since),
    })
}

fn open_of(
    order: &pb::OpeningOrder,
    as_of: Date,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Open> {
    let source = source_of((&order.item_id, &order.supplier_id), catalogue, violations);
    violations.require(!order.order.is_empty(), "order", "it is missing");
    violations.require(!order.line.is_empty(), "line", "it is missing");
    not_negative(
        &[
            ("open_thousandths", order.open_thousandths),
            ("in_transit_thousandths", order.in_transit_thousandths),
            ("received_thousandths", order.received_thousandths),
            ("lot_sequence", order.lot_sequence),
        ],
        violations,
    );
    let due = date_req(order.due.as_ref(), "due", violations);
    let ordered_on = date_req(order.ordered_on.as_ref(), "ordered_on", violations);
    violations.require(
        ordered_on < as_of,
        "ordered_on",
        format!("{ordered_on} is not before {as_of}"),
    );
    violations.require(
        due >= ordered_on,
        "due",
        format!("{due} is before the order of {ordered_on}"),
    );
    let is_under_way = order.in_transit_thousandths > 0;
    let shipped_on = date_opt(order.shipped_on.as_ref(), "shipped_on", violations);
    violations.require(
        is_under_way != order.notice.is_empty(),
        "notice",
        "give it where something is under way, and only there",
    );
    let left = shipped_on.is_some_and(|on| on >= ordered_on && on < as_of);
    violations.require(
        left || !is_under_way,
        "shipped_on",
        format!("what is under way left on {ordered_on} or later and before {as_of}"),
    );
    let expected_on =
        date_opt(order.expected_on.as_ref(), "expected_on", violations).unwrap_or(due);
    let shipped_on = shipped_on.unwrap_or(ordered_on);
    violations.require(
        expected_on >= shipped_on || !is_under_way,
        "expected_on",
        format!("{expected_on} is before it left on {shipped_on}"),
    );
    let needed_on = date_opt(order.needed_on.as_ref(), "needed_on", violations);
    let ship_on = date_opt(order.ship_on.as_ref(), "ship_on", violations);
    let source = source?;
    Some(Open {
        source: source.number,
        order: order.order.clone(),
        line: order.line.clone(),
        due,
        open: Quantity(order.open_thousandths),
        in_transit: Quantity(order.in_transit_thousandths),
        received: Quantity(order.received_thousandths),
        ordered_on,
        needed_on: needed_on.unwrap_or(due.plus(1)),
        ship_on: ship_on.unwrap_or(due.minus(source.transit_days).max(ordered_on)),
        lot: order.lot_sequence,
        notice: order.notice.clone(),
        shipped_on,
        expected_on,
    })
}

/// The names of a source: item and supplier.
fn names(catalogue: &Catalogue, source: SourceNo) -> (String, String) {
    let known = catalogue.source(source);
    known.map_or_else(Default::default, |(bought, _, supplier)| {
        (bought.item.id.to_string(), supplier.id.to_string())
    })
}

/// A lot on the wire.
pub(super) fn lot_pb(catalogue: &Catalogue, lot: &Stock) -> pb::OpeningLot {
    let (item_id, supplier_id) = names(catalogue, lot.source);
    let status = match lot.state {
        LotState::Quarantine => pb::OpeningStatus::Quarantine,
        LotState::Blocked => pb::OpeningStatus::Blocked,
        LotState::Consumed => pb::OpeningStatus::Consumed,
        _ => pb::OpeningStatus::Released,
    };
    pb::OpeningLot {
        item_id,
        supplier_id,
        location: catalogue.programme().plant_id.clone(),
        lot_sequence: lot.lot,
        received_on: Some(date_pb(lot.received_on)),
        ordered_on: Some(date_pb(lot.ordered_on)),
        received_thousandths: lot.received.milli(),
        on_hand_thousandths: lot.on_hand.milli(),
        status: status.into(),
        reason: lot.reason.clone(),
        maker_lot: lot.maker_lot.clone(),
        used_since_plan_thousandths: lot.used_since.milli(),
    }
}

/// An order on the wire.
pub(super) fn order_pb(catalogue: &Catalogue, order: &Open) -> pb::OpeningOrder {
    let (item_id, supplier_id) = names(catalogue, order.source);
    let is_under_way = !order.in_transit.is_zero();
    pb::OpeningOrder {
        order: order.order.clone(),
        line: order.line.clone(),
        supplier_id,
        item_id,
        due: Some(date_pb(order.due)),
        open_thousandths: order.open.milli(),
        in_transit_thousandths: order.in_transit.milli(),
        received_thousandths: order.received.milli(),
        ordered_on: Some(date_pb(order.ordered_on)),
        needed_on: Some(date_pb(order.needed_on)),
        ship_on: Some(date_pb(order.ship_on)),
        lot_sequence: order.lot,
        notice: order.notice.clone(),
        shipped_on: is_under_way.then(|| date_pb(order.shipped_on)),
        expected_on: is_under_way.then(|| date_pb(order.expected_on)),
    }
}

/// What an item comes to, on the wire.
pub(super) fn total_pb(catalogue: &Catalogue, item_no: u32, sum: Sum) -> pb::ControlTotal {
    let item = catalogue.item_no(item_no);
    pb::ControlTotal {
        item_id: item.map_or_else(String::new, |item| item.item.id.to_string()),
        on_hand_thousandths: Some(sum.on_hand),
        open_thousandths: Some(sum.open),
        in_transit_thousandths: Some(sum.in_transit),
        received_thousandths: Some(sum.received),
    }
}
