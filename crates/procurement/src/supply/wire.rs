//! Supply as it stands on the wire.
//!
//! It must not decide anything.

use std::collections::BTreeSet;

use futures_util::{StreamExt, future, stream};
use takt_contract::{date_pb, date_req, procurement::v1 as pb};
use takt_kernel::{Date, Violations};
use takt_service::{Error, stream::pages};

use super::{Kind, Supply};
use crate::{
    desk::Answers,
    programme::{Bought, Catalogue},
};

/// The receipts of an entry; an item that has more goes on in the next one.
const RECEIPTS: usize = 1_000;

/// What is asked for.
pub(crate) struct Asked {
    as_of: Date,
    items: BTreeSet<u32>,
    since: i64,
}

/// Reads a question.
pub(crate) fn supply_asked(
    message: &pb::StreamSupplyRequest,
    catalogue: &Catalogue,
) -> Result<Asked, Error> {
    let mut violations = Violations::new();
    let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
    let items = catalogue.items_named(&message.item_ids, &mut violations);
    for (field, version) in [
        ("since_version", message.since_version),
        ("at_version", message.at_version),
    ] {
        violations.require(version >= 0, field, "a version counts from 0");
    }
    let one = message.since_version == 0 || message.at_version == 0;
    violations.require(
        one,
        "at_version",
        "give it or since_version; what changed since is asked of the newest",
    );
    violations.finish()?;
    Ok(Asked {
        as_of,
        items,
        since: message.since_version,
    })
}

/// The answer: at least one message, so that a caller whom nothing concerns learns the version all the same.
pub(crate) fn supply_pb(
    catalogue: &Catalogue,
    supply: &Supply,
    asked: Asked,
) -> Answers<pb::StreamSupplyResponse> {
    let (version, since) = (supply.version, asked.since);
    // Who knows of a version that has not been stands on another database, and gets everything.
    let whole = since < supply.read_at || since > version || since == 0;
    let wanted = |bought: &&Bought| {
        let number = bought.item.number;
        (asked.items.is_empty() || asked.items.contains(&number))
            && (whole || supply.changed_after(number, since))
    };
    let items: Vec<_> = catalogue
        .bought()
        .iter()
        .filter(wanted)
        .flat_map(|bought| item_pb(catalogue, bought, supply, asked.as_of))
        .collect();
    let message = move |items| pb::StreamSupplyResponse {
        version,
        whole,
        items,
    };
    if items.is_empty() {
        return stream::once(future::ready(Ok(message(items)))).boxed();
    }
    let mut items = Some(items);
    pages(
        (),
        move |()| future::ready(Ok((items.take().unwrap_or_default(), None))),
        message,
    )
}

/// An item's supply as seen on an evening: one entry, or several where the receipts are very many.
fn item_pb(
    catalogue: &Catalogue,
    bought: &Bought,
    supply: &Supply,
    as_of: Date,
) -> Vec<pb::ItemSupply> {
    let lot = bought.sourcing.lot.milli();
    let sources = bought.sources.iter().map(|source| pb::SupplySource {
        supplier_id: source.terms.supplier.to_string(),
        share_millionths: source.terms.share.millionths(),
        lead_days: source.terms.lead_days,
        transit_days: source.transit_days,
    });
    let sources: Vec<_> = sources.collect();
    let counted = sources.iter().filter(|source| source.share_millionths > 0);
    let mut item = pb::ItemSupply {
        item_id: bought.item.id.to_string(),
        lead_days: counted
            .map(|source| source.lead_days)
            .max()
            .unwrap_or_default(),
        lot_thousandths: lot,
        minimum_thousandths: lot,
        multiple_thousandths: lot,
        sources,
        unit_code: bought.item.unit.code().to_owned(),
        ..pb::ItemSupply::default()
    };
    let mut receipts = Vec::new();
    for (cell, thousandths) in supply.of_item(bought.item.number) {
        let state = match cell.kind {
            Kind::Free if cell.on <= as_of => {
                item.free_thousandths += thousandths;
                continue;
            }
            Kind::Reserved => {
                item.reserved_thousandths += thousandths;
                continue;
            }
            Kind::Free => pb::ExpectedReceiptState::Received,
            Kind::Ordered => pb::ExpectedReceiptState::Ordered,
            Kind::Shipped => pb::ExpectedReceiptState::Shipped,
        };
        let supplier = catalogue.source(cell.source);
        receipts.push((
            (cell.on, cell.line, cell.kind),
            pb::ExpectedReceipt {
                expected_on: Some(date_pb(cell.on)),
                thousandths,
                supplier_id: supplier
                    .map_or_else(String::new, |(_, _, supplier)| supplier.id.to_string()),
                line_number: cell.line,
                state: state.into(),
                overdue: cell.kind != Kind::Free && cell.on < as_of,
            },
        ));
    }
    receipts.sort_by_key(|(key, _)| *key);
    let receipts: Vec<_> = receipts.into_iter().map(|(_, receipt)| receipt).collect();
    if receipts.is_empty() {
        return vec![item];
    }
    let entries = receipts.chunks(RECEIPTS).map(|receipts| pb::ItemSupply {
        receipts: receipts.to_vec(),
        ..item.clone()
    });
    entries.collect()
}
