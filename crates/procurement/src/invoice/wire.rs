//! Invoices as they stand on the wire.
//!
//! It must not decide anything.

use std::collections::BTreeMap;

use takt_contract::{date_pb, money_pb, price_pb, procurement::v1 as pb};
use takt_kernel::{Amount, Price};

use super::{Invoice, InvoiceLine};
use crate::{
    programme::{Catalogue, SourceNo},
    rows::short,
};

/// An invoice with these lines; `sources` says what order lines are of.
pub(super) fn invoice_pb(
    catalogue: &Catalogue,
    invoice: &Invoice,
    lines: &[InvoiceLine],
    sources: &BTreeMap<i64, SourceNo>,
) -> pb::Invoice {
    let supplier = catalogue.supplier_no(invoice.supplier_no);
    pb::Invoice {
        supplier_id: supplier.map_or_else(String::new, |supplier| supplier.id.to_string()),
        invoice_number: invoice.number.clone(),
        invoiced_on: Some(date_pb(invoice.invoiced_on)),
        state: invoice.state as i32,
        amount: Some(money_pb(invoice.amount)),
        line_count: short(invoice.line_count),
        blocks: invoice.blocks.numbers().collect(),
        self_billed: invoice.self_billed,
        approved_by: invoice.approved_by.clone(),
        reason: invoice.reason.clone(),
        decided_on: invoice.decided_on.map(date_pb),
        etag: invoice.etag(),
        lines: (lines.iter())
            .map(|line| line_pb(catalogue, line, sources.get(&line.line)))
            .collect(),
    }
}

fn line_pb(
    catalogue: &Catalogue,
    line: &InvoiceLine,
    source: Option<&SourceNo>,
) -> pb::InvoiceLine {
    let billed = &line.billed;
    let currency = catalogue.currency();
    let item = source.and_then(|source| catalogue.item_no(source.item_no()));
    let price = |micros| Some(price_pb(Price::new(micros, currency)));
    pb::InvoiceLine {
        line_number: line.line,
        item_id: item.map_or_else(String::new, |bought| bought.item.id.to_string()),
        thousandths: billed.quantity.milli(),
        price: price(billed.price),
        agreed_price: price(billed.agreed),
        amount: Some(money_pb(Amount::new(line.minor, currency))),
        ordered_thousandths: billed.ordered.milli(),
        accepted_thousandths: billed.accepted.milli(),
        invoiced_before_thousandths: billed.before.milli(),
        blocks: line.blocks.numbers().collect(),
        unit_code: item.map_or_else(String::new, |bought| bought.item.unit.code().to_owned()),
    }
}

/// The tolerances on the wire.
pub(super) fn tolerances_pb(catalogue: &Catalogue, tolerances: (i64, i64)) -> pb::Tolerances {
    let amount = Amount::new(tolerances.1, catalogue.currency());
    pb::Tolerances {
        price_millionths: tolerances.0,
        price_amount: Some(money_pb(amount)),
    }
}
