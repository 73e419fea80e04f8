//! Orders, lines and action messages as they stand on the wire.
//!
//! It must not decide anything.

use takt_contract::{common::v1 as common, date_pb, procurement::v1 as pb};
use takt_kernel::ReasonCode;

use super::{Line, Order, Word, action::Action, action::ActionKind, order_id};
use crate::{programme::Catalogue, rows::short};

/// An order on the wire.
pub(crate) fn order_pb(catalogue: &Catalogue, order: &Order) -> pb::PurchaseOrder {
    let supplier_id = catalogue
        .supplier_no(order.supplier_no)
        .map(|supplier| supplier.id.to_string())
        .unwrap_or_default();
    let closed = order.closed_lines == order.lines;
    let state = if closed {
        pb::PurchaseOrderState::Closed
    } else {
        pb::PurchaseOrderState::Issued
    };
    pb::PurchaseOrder {
        purchase_order_id: order_id(&supplier_id, order.released_on),
        supplier_id,
        released_on: Some(date_pb(order.released_on)),
        state: state.into(),
        line_count: short(order.lines),
    }
}

/// A line on the wire.
pub(crate) fn line_pb(catalogue: &Catalogue, line: &Line) -> pb::OrderLine {
    let known = catalogue.source(line.source);
    let supplier_id = known
        .map(|(_, _, supplier)| supplier.id.to_string())
        .unwrap_or_default();
    let response = match line.word {
        Word::Pending => pb::LineResponse::Pending,
        Word::Accepted => pb::LineResponse::Accepted,
        Word::Rejected => pb::LineResponse::Rejected,
    };
    pb::OrderLine {
        line_number: line.number,
        purchase_order_id: order_id(&supplier_id, line.released_on),
        item_id: known
            .map(|(bought, _, _)| bought.item.id.to_string())
            .unwrap_or_default(),
        supplier_id,
        lot_count: short(line.lots),
        first_lot_sequence: line.first_lot,
        lot_thousandths: line.lot_size.milli(),
        needed_on: Some(date_pb(line.needed_on)),
        receipt_on: Some(date_pb(line.receipt_on)),
        ship_on: Some(date_pb(line.ship_on)),
        released_on: Some(date_pb(line.released_on)),
        past_due: line.past_due,
        response: response.into(),
        shipped_lot_count: short(line.shipped),
        received_lot_count: short(line.received),
        lost_lot_count: short(line.gone),
        first_lot_number: line
            .first_lot_number()
            .map(|lot| lot.value())
            .unwrap_or_default(),
    }
}

/// An action message on the wire.
pub(crate) fn action_pb(catalogue: &Catalogue, action: &Action) -> pb::ActionMessage {
    let known = catalogue.source(action.source);
    let item_id = known
        .map(|(bought, _, _)| bought.item.id.to_string())
        .unwrap_or_default();
    let kind = match action.kind {
        ActionKind::Order => pb::ActionKind::Order,
        ActionKind::Expedite => pb::ActionKind::Expedite,
        ActionKind::Defer => pb::ActionKind::Defer,
        ActionKind::Cancel => pb::ActionKind::Cancel,
    };
    let reason = action.cause.map(|cause| common::Reason {
        code: reason_pb(cause).into(),
        subject: item_id.clone(),
        from_date: Some(date_pb(action.on)),
        until_date: None,
        quantity: None,
        upstream: Vec::new(),
    });
    pb::ActionMessage {
        item_id,
        supplier_id: known
            .map(|(_, _, supplier)| supplier.id.to_string())
            .unwrap_or_default(),
        kind: kind.into(),
        on: Some(date_pb(action.on)),
        needed_on: action.needed_on.map(date_pb),
        lot_count: action.lots,
        reason,
        line_number: action.line,
    }
}

/// A cause on the wire; the two vocabularies have the same words.
fn reason_pb(code: ReasonCode) -> common::ReasonCode {
    common::ReasonCode::from_str_name(&format!("REASON_CODE_{code}")).unwrap_or_default()
}

/// The supplier's word in a message, if it is one.
pub(crate) fn word_of(response: i32) -> Option<Word> {
    match pb::LineResponse::try_from(response) {
        Ok(pb::LineResponse::Accepted) => Some(Word::Accepted),
        Ok(pb::LineResponse::Rejected) => Some(Word::Rejected),
        _ => None,
    }
}
