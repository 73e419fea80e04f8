//! Orders, lines and action messages as they stand on the wire.
//!
//! It must not decide anything.

use takt_contract::{common::v1 as common, date_pb, money_pb, procurement::v1 as pb};
use takt_kernel::{Amount, ReasonCode};

use super::{
    Line, Order, Word,
    action::{Action, ActionKind},
    change::{Event, EventKind},
    order_id,
    work::{LineOwed, Released},
};
use crate::{
    programme::Catalogue,
    rows::{count, short},
};

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
        Word::Proposed => pb::LineResponse::ChangeProposed,
    };
    let proposal = line.proposal.as_ref().map(|proposal| pb::LineProposal {
        lot_count: short(proposal.lots),
        receipt_on: Some(date_pb(proposal.receipt_on)),
        reason: proposal.reason.clone(),
    });
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
        withdrawn_lot_count: short(line.withdrawn),
        confirmed_lot_count: short(line.accepted_lots.min(line.in_force())),
        proposal,
        etag: line.etag(),
        asked_lot_count: short(line.asked_lots),
        asked_on: Some(date_pb(line.asked_on)),
        answered_on: line.answered_on.map(date_pb),
        invoiced_thousandths: line.invoiced.milli(),
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

/// What was ordered on the wire.
pub(super) fn released_pb(catalogue: &Catalogue, released: &Released) -> pb::ReleaseOrdersResponse {
    let lines = &released.lines;
    let held = released.held.iter().map(|((source, reason), lots)| {
        let known = catalogue.source(*source);
        pb::HeldOrder {
            item_id: known.map_or_else(String::new, |(bought, _, _)| bought.item.id.to_string()),
            supplier_id: known.map_or_else(String::new, |(_, _, supplier)| supplier.id.to_string()),
            lot_count: *lots,
            reason: reason_pb(*reason).into(),
        }
    });
    pb::ReleaseOrdersResponse {
        order_count: short(count(released.orders)),
        line_count: short(count(lines.len())),
        lot_count: lines.iter().map(|line| line.lots).sum(),
        past_due_line_count: short(count(lines.iter().filter(|line| line.past_due).count())),
        held: held.collect(),
    }
}

/// What is owed for a line on the wire.
pub(super) fn liability_pb(catalogue: &Catalogue, owed: &LineOwed) -> pb::LineLiability {
    let known = catalogue.source(owed.line.source);
    pb::LineLiability {
        line_number: owed.line.number,
        item_id: known.map_or_else(String::new, |(bought, _, _)| bought.item.id.to_string()),
        supplier_id: known.map_or_else(String::new, |(_, _, supplier)| supplier.id.to_string()),
        withdrawn_lot_count: short(owed.withdrawn),
        withdrawn_thousandths: owed.line.of_lots(owed.withdrawn).milli(),
        in_transit_thousandths: owed.in_transit.milli(),
        finished_thousandths: owed.owed.finished.milli(),
        raw_thousandths: owed.owed.raw.milli(),
        finished_value: Some(money_pb(owed.value)),
        by_agreement: owed.by_agreement,
        unit_code: known.map_or_else(String::new, |(bought, _, _)| {
            bought.item.unit.code().to_owned()
        }),
    }
}

/// What happened to a line on the wire.
pub(super) fn event_pb(catalogue: &Catalogue, event: &Event) -> pb::LineEvent {
    let kind = match event.kind {
        EventKind::Proposed => pb::LineEventKind::Proposed,
        EventKind::ProposalAccepted => pb::LineEventKind::ProposalAccepted,
        EventKind::ProposalDeclined => pb::LineEventKind::ProposalDeclined,
        EventKind::Rejected => pb::LineEventKind::Rejected,
        EventKind::Changed => pb::LineEventKind::Changed,
        EventKind::Cancelled => pb::LineEventKind::Cancelled,
    };
    let value = Amount::new(event.finished_minor, catalogue.currency());
    pb::LineEvent {
        line_number: event.line,
        event_number: short(event.number),
        kind: kind.into(),
        on: event.on.map(date_pb),
        lot_count: short(event.lots),
        receipt_on: Some(date_pb(event.receipt_on)),
        reason: event.reason.clone(),
        withdrawn_lot_count: i32::try_from(event.withdrawn).unwrap_or(i32::MAX),
        finished_thousandths: event.owed.finished.milli(),
        raw_thousandths: event.owed.raw.milli(),
        finished_value: Some(money_pb(value)),
    }
}
