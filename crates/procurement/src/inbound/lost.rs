//! Gives the goods of a notice up: they are expected no more, and netting orders them anew.
//!
//! It must not know messages. Invariants: what a notice held counts as lost of its items once; an order line of which
//! nothing more will come is closed.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::{Asn, store};
use crate::{
    material::store::{BalanceChange, balance_add, change},
    programme::Catalogue,
    purchase_order,
    supply::{Cells, store::changes_record},
};

/// Gives the goods of a notice up and answers with it and the thousandths of each item.
pub(super) async fn asn_declare_lost(
    tx: &Tx,
    catalogue: &Catalogue,
    asn_id: &str,
    on: Date,
) -> Result<(Asn, BTreeMap<u32, i64>), Error> {
    let mut found = store::asns_fetch(tx, &BTreeSet::from([asn_id])).await?;
    let mut asn = (found.remove(asn_id)).ok_or_else(|| Error::missing("notice", asn_id))?;
    asn.lose(on)?;
    let goods = store::asn_lines_fetch(tx, &[asn.number]).await?;
    store::asn_lose(tx, asn.number, on).await?;
    let mut lines: BTreeMap<i64, i64> = BTreeMap::new();
    let mut items: BTreeMap<u32, i64> = BTreeMap::new();
    let mut changes: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    let mut supply = Cells::default();
    for line in &goods {
        *lines.entry(line.line).or_default() += line.lots;
        *items.entry(line.first_lot.item_no()).or_default() += line.quantity;
        // What was shipped short is lost already.
        change(&mut changes, line.first_lot.item_no()).lost += line.quantity;
        supply.add(line.shipped(asn.expected_on), -line.quantity);
    }
    balance_add(tx, &changes).await?;
    purchase_order::store::lost_add(tx, &lines).await?;
    let after = purchase_order::store::lines_fetch(tx, lines.keys().copied()).await?;
    let closed = after.values().filter(|line| line.is_closed());
    purchase_order::store::closed_add(tx, catalogue, closed).await?;
    changes_record(tx, &supply).await?;
    Ok((asn, items))
}
