//! Reads invoices and decisions about them out of messages.
//!
//! It must not decide anything. Invariant: a message is read whole, and everything that is wrong with it is told at once.

use std::collections::BTreeSet;

use takt_contract::{date_req, procurement::v1 as pb};
use takt_kernel::{Amount, Quantity, Violations, half_even_div};
use takt_planning::three_way_match::Billed;

use super::{Blocks, Invoice, InvoiceLine, State};
use crate::{programme::Catalogue, rows::count};

/// The most lines of an invoice.
const LINES: usize = 1_000;
/// The longest number of an invoice and name of a person.
const NAME: usize = 64;
/// The longest reason.
const REASON: usize = 200;
/// The largest tolerance on a price: twice the agreed one.
const MOST_MILLIONTHS: i64 = 1_000_000;

/// A text that must be there, or may be missing, and is not too long.
pub(super) fn text_of(
    text: &str,
    field: &str,
    least: usize,
    most: usize,
    violations: &mut Violations,
) {
    let length = text.chars().count();
    violations.require(
        (least..=most).contains(&length) && text.trim() == text,
        field,
        format!("{least} to {most} characters without blanks at its ends"),
    );
}

/// The person and the reason of an approval.
pub(super) fn approval_of(message: &pb::ApproveInvoiceRequest, violations: &mut Violations) {
    text_of(&message.approved_by, "approved_by", 1, NAME, violations);
    text_of(&message.reason, "reason", 1, REASON, violations);
}

/// The reason for which an invoice is taken back.
pub(super) fn cancel_of(message: &pb::CancelInvoiceRequest, violations: &mut Violations) {
    text_of(&message.reason, "reason", 0, REASON, violations);
}

/// The number of a supplier that a message names.
pub(super) fn supplier_of(
    catalogue: &Catalogue,
    id: &str,
    violations: &mut Violations,
) -> Option<i64> {
    let known = catalogue.supplier(id);
    violations.require(
        known.is_some(),
        "supplier_id",
        format!("there is no supplier {id:?}"),
    );
    known.map(|supplier| supplier.number)
}

/// An invoice with lines that are not matched yet.
pub(super) fn invoice_of(
    catalogue: &Catalogue,
    message: &pb::RecordInvoiceRequest,
    violations: &mut Violations,
) -> Option<(Invoice, Vec<InvoiceLine>)> {
    let supplier_no = supplier_of(catalogue, &message.supplier_id, violations);
    text_of(
        &message.invoice_number,
        "invoice_number",
        1,
        NAME,
        violations,
    );
    let invoiced_on = date_req(message.invoiced_on.as_ref(), "invoiced_on", violations);
    let currency = catalogue.currency();
    violations.require(
        message.currency_code == currency.as_str(),
        "currency_code",
        format!("prices are agreed in {currency}; have the invoice written in it"),
    );
    violations.require(
        (1..=LINES).contains(&message.lines.len()),
        "lines",
        format!("an invoice has 1 to {LINES} lines"),
    );
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    let mut total = Some(0i64);
    for (place, line) in message.lines.iter().enumerate() {
        violations.scope(format!("lines[{place}]"), |violations| {
            violations.require(
                seen.insert(line.line_number),
                "line_number",
                "the order line is there twice; add the quantities up",
            );
            violations.require(line.thousandths > 0, "thousandths", "more than 0");
            violations.require(
                line.unit_price_micros >= 0,
                "unit_price_micros",
                "a price is not less than 0",
            );
        });
        let minor = minor_of(
            line.unit_price_micros,
            line.thousandths,
            currency.minor_digits(),
        );
        total = total.zip(minor).and_then(|(all, one)| all.checked_add(one));
        lines.push(InvoiceLine {
            line: line.line_number,
            billed: Billed {
                quantity: Quantity(line.thousandths),
                price: line.unit_price_micros,
                ordered: Quantity::ZERO,
                accepted: Quantity::ZERO,
                before: Quantity::ZERO,
                agreed: 0,
            },
            minor: minor.unwrap_or_default(),
            blocks: Blocks::default(),
        });
    }
    violations.require(
        total.is_some(),
        "lines",
        "the lines come to more than 64 bits of minor units",
    );
    let invoice = Invoice {
        row: 0,
        supplier_no: supplier_no?,
        number: message.invoice_number.clone(),
        invoiced_on,
        state: State::Blocked,
        self_billed: false,
        line_count: count(lines.len()),
        amount: Amount::new(total?, currency),
        blocks: Blocks::default(),
        approved_by: String::new(),
        reason: String::new(),
        decided_on: None,
        version: 1,
    };
    Some((invoice, lines))
}

/// What a quantity comes to at a price, rounded once.
pub(super) fn minor_of(price_micros: i64, thousandths: i64, digits: u32) -> Option<i64> {
    let exact = i128::from(price_micros) * i128::from(thousandths);
    half_even_div(exact, 10i128.pow(9 - digits))
}

/// The tolerances of a message: millionths and minor units.
pub(super) fn tolerances_of(
    catalogue: &Catalogue,
    message: Option<&pb::Tolerances>,
    violations: &mut Violations,
) -> (i64, i64) {
    let Some(message) = message else {
        violations.push("tolerances", "they are missing");
        return (0, 0);
    };
    violations.require(
        (0..=MOST_MILLIONTHS).contains(&message.price_millionths),
        "tolerances.price_millionths",
        format!("0 to {MOST_MILLIONTHS}"),
    );
    let currency = catalogue.currency();
    let amount = message.price_amount.as_ref();
    let minor = amount.map_or(0, |amount| amount.minor_units);
    violations.require(
        minor >= 0 && amount.is_none_or(|amount| amount.currency_code == currency.as_str()),
        "tolerances.price_amount",
        format!("an amount of {currency}, not less than 0"),
    );
    (message.price_millionths, minor)
}
