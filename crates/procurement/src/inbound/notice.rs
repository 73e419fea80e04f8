//! Records a chunk of notices: which may be, what they ship, and what was shipped short.
//!
//! It must not know messages. Invariant: a chunk is a constant number of statements, and what is refused of it leaves
//! no trace.

use std::collections::{BTreeMap, BTreeSet};

use takt_service::{Error, Tx};

use super::{Flaw, Notice, store};
use crate::{
    material::store::{BalanceChange, balance_add, change},
    programme::Catalogue,
    purchase_order::{self, Shipped},
    supply::{Cells, store::changes_record},
};

/// A notice with what it ships.
pub(super) struct Accepted<'n> {
    /// The notice.
    pub(super) notice: &'n Notice,
    /// What it ships, line by line.
    pub(super) shipped: Vec<Shipped>,
}

/// Records notices and answers with how many and with what is wrong with the others.
pub(super) async fn notices_record(
    tx: &Tx,
    catalogue: &Catalogue,
    notices: &[Notice],
) -> Result<(usize, Vec<Flaw>), Error> {
    let ids: BTreeSet<&str> = notices
        .iter()
        .map(|notice| notice.asn_id.as_str())
        .collect();
    let mut known = store::asn_ids_known(tx, &ids).await?;
    let wanted: BTreeSet<i64> = notices
        .iter()
        .flat_map(|notice| &notice.lines)
        .map(|line| line.line)
        .collect();
    let mut lines = purchase_order::store::lines_fetch(tx, wanted).await?;
    let (mut accepted, mut flaws) = (Vec::new(), Vec::new());
    for notice in notices {
        if !known.insert(notice.asn_id.clone()) {
            flaws.push(Flaw::new(
                &notice.asn_id,
                "asn_id",
                "a notice with this name is recorded already",
            ));
            continue;
        }
        let supplier_of = |source| {
            catalogue
                .source(source)
                .map(|(_, _, supplier)| supplier.number)
        };
        match notice.ship(&mut lines, supplier_of) {
            Ok(shipped) => accepted.push(Accepted { notice, shipped }),
            Err(flaw) => {
                known.remove(&notice.asn_id);
                flaws.push(flaw);
            }
        }
    }
    store::asns_add(tx, &accepted).await?;
    let mut lots: BTreeMap<i64, i64> = BTreeMap::new();
    let mut lost: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    for shipped in accepted.iter().flat_map(|accepted| &accepted.shipped) {
        *lots.entry(shipped.line).or_default() += shipped.lots;
        change(&mut lost, shipped.first_lot.item_no()).lost += shipped.short.milli();
    }
    let mut supply = Cells::default();
    for accepted in &accepted {
        for shipped in &accepted.shipped {
            if let Some(line) = lines.get(&shipped.line) {
                let left = shipped.quantity.milli() + shipped.short.milli();
                supply.add(line.ordered(), -left);
                supply.add(
                    line.shipped(accepted.notice.expected_on),
                    shipped.quantity.milli(),
                );
            }
        }
    }
    purchase_order::store::shipped_add(tx, &lots).await?;
    balance_add(tx, &lost).await?;
    changes_record(tx, &supply).await?;
    Ok((accepted.len(), flaws))
}
