//! What happens to invoices inside a transaction: they are matched, decided and made from receipts.
//!
//! It must not know messages. Invariant: what is matched is locked, so two invoices never bill the same goods.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::{Amount, Currency, Date};
use takt_planning::three_way_match::{Billed, Tolerance};
use takt_service::{Error, Tx};

use super::{Blocks, Invoice, InvoiceLine, Known, State, parse::minor_of, store};
use crate::{
    programme::{Catalogue, SourceNo},
    purchase_order,
    rows::count,
};

/// An invoice that somebody has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The supplier.
    pub(super) supplier_no: i64,
    /// The number.
    pub(super) number: String,
    /// The version that the caller has seen.
    pub(super) etag: String,
}

/// What is decided of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is matched again.
    Match,
    /// A person accepts it.
    Approve {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// When.
        on: Date,
    },
    /// It is taken back.
    Cancel {
        /// Why.
        reason: String,
        /// When.
        on: Date,
    },
    /// It is paid.
    Settle {
        /// When.
        on: Date,
    },
}

/// An invoice with its lines, and what the order lines are of.
pub(super) type Whole = (Invoice, Vec<InvoiceLine>, BTreeMap<i64, SourceNo>);

/// An invoice as it is kept.
pub(super) async fn whole_fetch(
    tx: &Tx,
    currency: Currency,
    named: &Named,
) -> Result<Whole, Error> {
    let invoice = store::invoice_fetch(tx, currency, named.supplier_no, &named.number).await?;
    let invoice = invoice.ok_or_else(|| Error::missing("invoice", &named.number))?;
    if !named.etag.is_empty() && named.etag != invoice.etag() {
        return Err(Error::stale("invoice", &named.number));
    }
    let lines = store::invoice_lines_fetch(tx, invoice.row).await?;
    let sources = sources_of(tx, &lines).await?;
    Ok((invoice, lines, sources))
}

async fn sources_of(tx: &Tx, lines: &[InvoiceLine]) -> Result<BTreeMap<i64, SourceNo>, Error> {
    let numbers = lines.iter().map(|line| line.line);
    let known = purchase_order::store::lines_fetch(tx, numbers).await?;
    Ok(known
        .into_iter()
        .map(|(number, line)| (number, line.source))
        .collect())
}

async fn tolerance_fetch(tx: &Tx, currency: Currency) -> Result<Tolerance, Error> {
    let (millionths, minor) = store::tolerances_fetch(tx).await?;
    let micros = i128::from(minor) * 10i128.pow(6 - currency.minor_digits());
    Ok(Tolerance {
        millionths,
        micros: i64::try_from(micros).unwrap_or(i64::MAX),
    })
}

/// Holds lines against what is known of their orders now.
async fn matched(
    tx: &Tx,
    catalogue: &Catalogue,
    invoice: &Invoice,
    lines: &[InvoiceLine],
) -> Result<Vec<InvoiceLine>, Error> {
    let numbers: Vec<i64> = lines.iter().map(|line| line.line).collect();
    let known = store::known_fetch(tx, catalogue, &numbers).await?;
    let tolerance = tolerance_fetch(tx, catalogue.currency()).await?;
    let is_duplicate = store::is_duplicate(tx, invoice, lines).await?;
    let matched = lines.iter().enumerate().map(|(place, line)| {
        let of = known.get(&line.line);
        match of.filter(|(supplier, _)| *supplier == invoice.supplier_no) {
            Some((_, of)) => Ok(line.matched(*of, tolerance, is_duplicate)),
            None => {
                let rule = format!(
                    "the supplier has no order line {}; look at ListPurchaseOrders",
                    line.line
                );
                Err(Error::invalid(format!("lines[{place}].line_number"), rule))
            }
        }
    });
    matched.collect()
}

/// Counts what the lines of an invoice bill, `times` over: 1 adds it and -1 takes it back.
async fn count_lines(tx: &Tx, lines: &[InvoiceLine], times: i64) -> Result<(), Error> {
    let of = |line: &InvoiceLine| (line.line, line.billed.quantity.milli() * times);
    store::invoiced_add(tx, lines.iter().map(of)).await
}

/// Records an invoice and matches it.
pub(super) async fn record(
    tx: &Tx,
    catalogue: &Catalogue,
    invoice: &Invoice,
    lines: &[InvoiceLine],
) -> Result<Whole, Error> {
    let mut invoice = invoice.clone();
    let currency = catalogue.currency();
    let known = store::invoice_fetch(tx, currency, invoice.supplier_no, &invoice.number).await?;
    if known.is_some() {
        return Err(Error::exists("invoice", &invoice.number));
    }
    let lines = matched(tx, catalogue, &invoice, lines).await?;
    invoice.judge(&lines);
    if invoice.state.counts() {
        count_lines(tx, &lines, 1).await?;
    }
    let sources = sources_of(tx, &lines).await?;
    store::invoices_add(tx, &[(invoice.clone(), lines.clone())]).await?;
    Ok((invoice, lines, sources))
}

/// Decides about an invoice.
pub(super) async fn decide(
    tx: &Tx,
    catalogue: &Catalogue,
    named: &Named,
    decision: &Decision,
) -> Result<Whole, Error> {
    let currency = catalogue.currency();
    let (mut invoice, mut lines, _) = whole_fetch(tx, currency, named).await?;
    let counted = invoice.state.counts();
    let mut is_matched_anew = false;
    match decision {
        Decision::Match => {
            invoice.blocked_need()?;
            lines = matched(tx, catalogue, &invoice, &lines).await?;
            invoice.judge(&lines);
            is_matched_anew = true;
        }
        Decision::Approve { by, reason, on } => invoice.approve(by, reason, *on)?,
        Decision::Cancel { reason, on } => invoice.cancel(reason, *on)?,
        Decision::Settle { on } => invoice.settle(*on)?,
    }
    match (counted, invoice.state.counts()) {
        (false, true) => count_lines(tx, &lines, 1).await?,
        (true, false) => count_lines(tx, &lines, -1).await?,
        _ => {}
    }
    let anew = is_matched_anew.then_some(lines.as_slice());
    store::invoice_save(tx, &invoice, anew).await?;
    whole_fetch(
        tx,
        currency,
        &Named {
            etag: String::new(),
            ..named.clone()
        },
    )
    .await
}

/// Makes the invoices of what was accepted through a day and not invoiced, one a supplier, at agreed prices.
pub(super) async fn settle_receipts(
    tx: &Tx,
    catalogue: &Catalogue,
    supplier_no: Option<i64>,
    through: Date,
) -> Result<Vec<(Invoice, Vec<InvoiceLine>)>, Error> {
    let currency = catalogue.currency();
    let unbilled = store::unbilled_fetch(tx, through).await?;
    let mut suppliers: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut quantities = BTreeMap::new();
    for (source, line, quantity) in unbilled {
        let (_, _, supplier) = (catalogue.source(source))
            .ok_or_else(|| Error::broken(format!("source {} is not known", source.0)))?;
        if supplier_no.is_none_or(|wanted| wanted == supplier.number) {
            suppliers.entry(supplier.number).or_default().insert(line);
            quantities.insert(line, quantity);
        }
    }
    let numbers: Vec<i64> = quantities.keys().copied().collect();
    let known = store::known_fetch(tx, catalogue, &numbers).await?;
    let made = store::self_billed_count(tx, through).await?;
    let mut invoices = Vec::with_capacity(suppliers.len());
    for (supplier_no, of) in suppliers {
        let mut lines = Vec::with_capacity(of.len());
        let mut total: i64 = 0;
        for line in of {
            let quantity = quantities.get(&line).copied().unwrap_or_default();
            let known = known
                .get(&line)
                .map_or(Known::default(), |(_, known)| *known);
            let minor = minor_of(known.agreed, quantity.milli(), currency.minor_digits());
            let minor = minor.ok_or_else(|| Error::broken("a receipt's value does not fit"))?;
            total = (total.checked_add(minor))
                .ok_or_else(|| Error::broken("the value of receipts does not fit 64 bits"))?;
            lines.push(InvoiceLine {
                line,
                billed: Billed {
                    quantity,
                    price: known.agreed,
                    ordered: known.ordered,
                    accepted: known.accepted,
                    before: known.before,
                    agreed: known.agreed,
                },
                minor,
                blocks: Blocks::default(),
            });
        }
        let nth = made.get(&supplier_no).copied().unwrap_or_default() + 1;
        let invoice = Invoice {
            row: 0,
            supplier_no,
            number: self_billed_number(through, nth),
            invoiced_on: through,
            state: State::Matched,
            self_billed: true,
            line_count: count(lines.len()),
            amount: Amount::new(total, currency),
            blocks: Blocks::default(),
            approved_by: String::new(),
            reason: String::new(),
            decided_on: None,
            version: 1,
        };
        invoices.push((invoice, lines));
    }
    for (_, lines) in &invoices {
        count_lines(tx, lines, 1).await?;
    }
    store::invoices_add(tx, &invoices).await?;
    Ok(invoices)
}

/// The number of the n-th invoice that the buyer makes for a supplier and day, `SB-20240603-1`.
fn self_billed_number(on: Date, nth: i64) -> String {
    let (year, month, day) = on.ymd();
    format!("SB-{year:04}{month:02}{day:02}-{nth}")
}
