//! Long answers about stock, read page by page: values by day and entries of the ledger.
//!
//! It must not decide anything. Invariant: a page is some days of the ledger, so no answer is ever held whole.

use std::sync::{Arc, Mutex, PoisonError};

use takt_contract::procurement::v1 as pb;
use takt_kernel::{Date, LotNumber};
use takt_service::{Call, Error};

use super::{
    ledger::{entries_fetch, movements_fetch},
    value::Valuation,
    wire::{EntryNumbers, value_pb},
};
use crate::{
    desk::{Answers, Desk, pages},
    programme::Catalogue,
};

/// The days of the ledger that are read together.
const DAYS: i32 = 16;
/// The entries of a message: some seventy bytes each.
const CHUNK: usize = 500;

/// The values of stock by day, from the first movement to the last.
pub(super) fn stock_values(
    desk: Arc<Desk>,
    catalogue: Arc<Catalogue>,
    call: Call,
    span: Option<(Date, Date)>,
) -> Answers<pb::StreamStockValuesResponse> {
    let Some((first, last)) = span else {
        return crate::desk::chunks(Vec::new(), 1, |days| pb::StreamStockValuesResponse { days });
    };
    let valuation = Valuation::new(catalogue.currency());
    pages(
        (first, valuation),
        move |(from, mut valuation): (Date, Valuation)| {
            let (desk, catalogue, call) = (Arc::clone(&desk), Arc::clone(&catalogue), call.clone());
            async move {
                let until = from.plus(DAYS - 1).min(last);
                let read = desk.store.read(&call, "stock_values", move |tx| {
                    Box::pin(movements_fetch(tx, from, until))
                });
                let mut days = Vec::new();
                for (date, source, milli) in read.await? {
                    let (_, source, _) = catalogue.source(source).ok_or_else(|| {
                        Error::broken(format!("source {} is not known", source.0))
                    })?;
                    days.extend(valuation.add(date, source.terms.price.micros, milli)?);
                }
                let next = if until < last {
                    Some((until.plus(1), valuation))
                } else {
                    days.extend(valuation.finish()?);
                    None
                };
                let days: Vec<_> = days.iter().map(value_pb).collect();
                Ok((
                    (!days.is_empty()).then_some(pb::StreamStockValuesResponse { days }),
                    next,
                ))
            }
        },
    )
}

/// The entries of lots from one number to another, oldest first.
pub(super) fn entries(
    desk: Arc<Desk>,
    catalogue: Arc<Catalogue>,
    call: Call,
    lots: (LotNumber, LotNumber),
    span: Option<(Date, Date)>,
) -> Answers<pb::StreamLedgerResponse> {
    let Some((first, last)) = span else {
        return crate::desk::chunks(Vec::new(), 1, |entries| pb::StreamLedgerResponse {
            entries,
        });
    };
    // Numbers go on from page to page; pages are read one after the other.
    let numbers = Arc::new(Mutex::new(EntryNumbers::default()));
    let start = (first, Vec::new());
    pages(
        start,
        move |(from, mut kept): (Date, Vec<pb::LedgerEntry>)| {
            let (desk, catalogue, call, numbers) = (
                Arc::clone(&desk),
                Arc::clone(&catalogue),
                call.clone(),
                Arc::clone(&numbers),
            );
            async move {
                let mut from = from;
                if kept.len() < CHUNK && from <= last {
                    let until = from.plus(DAYS - 1).min(last);
                    let read = desk.store.read(&call, "ledger_page", move |tx| {
                        Box::pin(entries_fetch(tx, lots, (from, until)))
                    });
                    let read = read.await?;
                    let mut numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend(
                        read.iter()
                            .flat_map(|entry| numbers.entries_pb(&catalogue, entry)),
                    );
                    from = until.plus(1);
                }
                let is_last = from > last;
                if kept.len() < CHUNK && !is_last {
                    return Ok((None, Some((from, kept))));
                }
                let rest = kept.split_off(kept.len().min(CHUNK));
                let next = (!is_last || !rest.is_empty()).then_some((from, rest));
                Ok((
                    (!kept.is_empty()).then_some(pb::StreamLedgerResponse { entries: kept }),
                    next,
                ))
            }
        },
    )
}
