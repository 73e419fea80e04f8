//! Reads what is asked of order lines out of messages.
//!
//! It must not decide anything. Invariant: a message is read whole, and everything that is wrong with it is told at once.

use std::collections::{BTreeMap, BTreeSet};

use takt_contract::{date_opt, date_req, procurement::v1 as pb};
use takt_kernel::{Date, Violations};

use super::{
    Word, order_key,
    work::{Change, Said},
};
use crate::programme::Catalogue;

/// The most lines of a request.
const LINES: usize = 1_000;
/// The longest reason.
const REASON: usize = 200;

/// What suppliers say of lines.
pub(super) fn words_of(
    message: &pb::AcknowledgeLinesRequest,
    violations: &mut Violations,
) -> BTreeMap<i64, Said> {
    let mut words = BTreeMap::new();
    for (place, one) in message.acknowledgements.iter().enumerate() {
        violations.scope(format!("acknowledgements[{place}]"), |violations| {
            let Some(word) = word_of(one.response) else {
                violations.push(
                    "response",
                    "give LINE_RESPONSE_ACCEPTED, LINE_RESPONSE_REJECTED or LINE_RESPONSE_CHANGE_PROPOSED",
                );
                return;
            };
            let receipt_on = date_opt(
                one.proposed_receipt_on.as_ref(),
                "proposed_receipt_on",
                violations,
            );
            let proposes = one.proposed_lot_count != 0 || one.proposed_receipt_on.is_some();
            match word {
                Word::Proposed => {
                    violations.require(
                        one.proposed_lot_count >= 0,
                        "proposed_lot_count",
                        "lots are counted from 0, which means as many as are ordered",
                    );
                    violations.require(!one.reason.is_empty(), "reason", "say why");
                }
                _ => violations.require(
                    !proposes,
                    "response",
                    "lots and a day go with LINE_RESPONSE_CHANGE_PROPOSED",
                ),
            }
            reason_of(&one.reason, violations);
            let said = Said {
                word,
                lots: (one.proposed_lot_count > 0).then(|| one.proposed_lot_count.into()),
                receipt_on,
                reason: one.reason.clone(),
            };
            let known = words.insert(one.line_number, said);
            violations.require(known.is_none(), "line_number", "the line is there twice");
        });
    }
    words
}

/// The supplier's word in a message, if it is one.
fn word_of(response: i32) -> Option<Word> {
    match pb::LineResponse::try_from(response) {
        Ok(pb::LineResponse::Accepted) => Some(Word::Accepted),
        Ok(pb::LineResponse::Rejected) => Some(Word::Rejected),
        Ok(pb::LineResponse::ChangeProposed) => Some(Word::Proposed),
        _ => None,
    }
}

fn reason_of(reason: &str, violations: &mut Violations) {
    violations.require(
        reason.chars().count() <= REASON,
        "reason",
        format!("at most {REASON} characters"),
    );
}

/// The buyer's answers: line and whether the proposal is taken.
pub(super) fn answers_of(
    message: &pb::AnswerProposalsRequest,
    violations: &mut Violations,
) -> BTreeMap<i64, bool> {
    violations.require(
        (1..=LINES).contains(&message.answers.len()),
        "answers",
        format!("answer 1 to {LINES} lines"),
    );
    let mut answers = BTreeMap::new();
    for (place, answer) in message.answers.iter().enumerate() {
        let known = answers.insert(answer.line_number, answer.accept);
        let field = format!("answers[{place}].line_number");
        violations.require(known.is_none(), &field, "the line is there twice");
    }
    answers
}

/// What a buyer wants of a line.
pub(super) fn change_of(
    message: &pb::ChangeOrderLineRequest,
    violations: &mut Violations,
) -> Change {
    let receipt_on = date_opt(message.receipt_on.as_ref(), "receipt_on", violations);
    violations.require(
        message.lot_count >= 0,
        "lot_count",
        "lots are counted from 0, which leaves them as they are; cancel a line with CancelOrderLines",
    );
    violations.require(
        message.lot_count > 0 || message.receipt_on.is_some(),
        "lot_count",
        "give lots or a day to change",
    );
    reason_of(&message.reason, violations);
    Change {
        line: message.line_number,
        lots: (message.lot_count > 0).then(|| message.lot_count.into()),
        receipt_on,
        on: date_req(message.changed_on.as_ref(), "changed_on", violations),
        reason: message.reason.clone(),
        etag: message.etag.clone(),
    }
}

/// What is to be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CancelOf {
    /// Lines by number.
    Lines(Vec<i64>),
    /// All that is open of an order.
    Order {
        /// Its name.
        id: String,
        /// Its supplier.
        supplier_no: i64,
        /// Its day.
        on: Date,
    },
}

/// What a message cancels.
pub(super) fn cancel_of(
    catalogue: &Catalogue,
    message: &pb::CancelOrderLinesRequest,
    violations: &mut Violations,
) -> Option<CancelOf> {
    reason_of(&message.reason, violations);
    let id = &message.purchase_order_id;
    let numbers: BTreeSet<i64> = message.line_numbers.iter().copied().collect();
    if id.is_empty() {
        violations.require(
            (1..=LINES).contains(&message.line_numbers.len()),
            "line_numbers",
            format!("name an order, or 1 to {LINES} lines"),
        );
        violations.require(
            numbers.len() == message.line_numbers.len(),
            "line_numbers",
            "a line is there twice",
        );
        return Some(CancelOf::Lines(numbers.into_iter().collect()));
    }
    violations.require(
        numbers.is_empty(),
        "line_numbers",
        "name lines or an order, not both",
    );
    let key = order_key(id).and_then(|(supplier, on)| Some((catalogue.supplier(supplier)?, on)));
    let Some((supplier, on)) = key else {
        violations.push(
            "purchase_order_id",
            format!("{id:?} names no order; one is called PO-SUPPLIER-YYYYMMDD"),
        );
        return None;
    };
    Some(CancelOf::Order {
        id: id.clone(),
        supplier_no: supplier.number,
        on,
    })
}
