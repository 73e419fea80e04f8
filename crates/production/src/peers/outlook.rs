//! What stands behind an item: stock, orders, suppliers, their capacity and approvals, as procurement knows them.
//!
//! It must not know the database. Invariant: what procurement does not say stays unsaid.

use std::collections::BTreeMap;

use takt_contract::{
    common::v1 as common,
    date_opt, price_req,
    procurement::v1::{self as pb, sourcing_service_client::SourcingServiceClient},
};
use takt_kernel::{Price, Quantity, Share, Violations, stable_hash};
use takt_planning::change::{Approval, NewSource};
use takt_service::{Call, Error, client, peer::retry};

use super::strange;
use crate::{Production, product::Product};

/// What stands behind an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The item.
    pub item: usize,
    /// Whether procurement buys it.
    pub known: bool,
    /// What is in the house.
    pub on_hand: Quantity,
    /// What is on order.
    pub open: Quantity,
    /// The price of a base unit.
    pub price: Option<Price>,
    /// Who delivers it.
    pub sources: Vec<NewSource>,
}

/// What stands behind some items; nobody is asked where there are none.
///
/// # Errors
/// What procurement answered.
pub async fn outlook(
    production: &Production,
    call: &Call,
    product: &Product,
    items: &[usize],
) -> Result<Vec<Outlook>, Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let ids = items.iter().filter_map(|item| product.items.get(*item));
    let item_ids: Vec<String> = ids.map(|item| item.item_id.clone()).collect();
    let peer = &production.procurement;
    let seed = stable_hash(item_ids.join(" ").as_bytes());
    let message = pb::GetSupplyOutlookRequest { item_ids };
    let answer = retry(call, seed, |_| {
        let request = peer.request(call, message.clone());
        async move {
            client!(SourcingServiceClient, peer)
                .get_supply_outlook(request)
                .await
        }
    });
    let answer = answer.await.map_err(|status| peer.error(&status))?;
    let lines = answer.into_inner().items;
    lines.iter().map(|line| outlook_of(line, product)).collect()
}

/// What is in the house and on order of some items, by item index.
///
/// # Errors
/// What procurement answered.
pub async fn supply_of(
    production: &Production,
    call: &Call,
    product: &Product,
    items: &[usize],
) -> Result<BTreeMap<usize, Quantity>, Error> {
    let found = outlook(production, call, product, items).await?;
    Ok(supply(&found))
}

/// What is in the house and on order, by item index.
pub fn supply(outlooks: &[Outlook]) -> BTreeMap<usize, Quantity> {
    let there = |found: &Outlook| Quantity(found.on_hand.milli() + found.open.milli());
    outlooks
        .iter()
        .map(|found| (found.item, there(found)))
        .collect()
}

fn outlook_of(line: &pb::SupplyOutlook, product: &Product) -> Result<Outlook, Error> {
    let item = product
        .item(&line.item_id)
        .ok_or_else(|| strange(&line.item_id))?;
    let of = |quantity: &Option<common::Quantity>| {
        Quantity(quantity.as_ref().map_or(0, |quantity| quantity.thousandths))
    };
    let mut found = Violations::new();
    let mut price = None;
    let mut sources = Vec::with_capacity(line.sources.len());
    for source in &line.sources {
        price = Some(price_req(source.price.as_ref(), "price", &mut found));
        let approval = source.approval.as_ref();
        let approved = approval.filter(|known| known.status() == pb::PartApprovalStatus::Approved);
        let from = approved
            .and_then(|known| date_opt(known.valid_from.as_ref(), "valid_from", &mut found));
        sources.push(NewSource {
            subject: format!("{}.{}", line.item_id, source.supplier_id),
            share: Share(source.share_millionths),
            lead_days: source.lead_time_days,
            approval: from.map_or(Approval::Missing, Approval::From),
            weekly_capacity: source.weekly_capacity_thousandths.map(Quantity),
        });
    }
    found.finish().map_err(|_| strange(&line.item_id))?;
    Ok(Outlook {
        item,
        known: line.known,
        on_hand: of(&line.on_hand),
        open: of(&line.open),
        price,
        sources,
    })
}
