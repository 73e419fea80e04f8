//! Records a chunk of receipts: lots come into being with the word of inspection, and the ledger grows.
//!
//! It must not know messages. Invariants: a lot is received once, with one entry; balances grow by what the entries
//! say; a chunk is a constant number of statements.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::LotNumber;
use takt_service::{Error, Tx};

use super::{AsnLine, Flaw, Receipt, lot::LotState, store};
use crate::{
    material::store::{BalanceChange, balance_add, change},
    programme::Catalogue,
    purchase_order,
};

/// A lot as it is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    /// The lot.
    pub(super) lot: LotNumber,
    /// Its thousandths.
    pub(super) quantity: i64,
    /// Released, blocked or in quarantine.
    pub(super) state: LotState,
    /// The day, as an epoch day.
    pub(super) day: i64,
}

/// What was recorded.
pub(super) struct Recorded {
    /// The receipts.
    pub(super) receipts: usize,
    /// The lots.
    pub(super) lots: usize,
    /// What is wrong with the others.
    pub(super) flaws: Vec<Flaw>,
}

/// Records receipts.
pub(super) async fn receipts_record(
    tx: &Tx,
    catalogue: &Catalogue,
    receipts: &[Receipt],
) -> Result<Recorded, Error> {
    let ids: BTreeSet<&str> = receipts
        .iter()
        .map(|receipt| receipt.asn_id.as_str())
        .collect();
    let mut asns = store::asns_fetch(tx, &ids).await?;
    let open: Vec<i64> = asns
        .values()
        .filter(|asn| asn.received_on.is_none())
        .map(|asn| asn.number)
        .collect();
    let mut goods: BTreeMap<i64, Vec<AsnLine>> = BTreeMap::new();
    for line in store::asn_lines_fetch(tx, &open).await? {
        goods.entry(line.asn_no).or_default().push(line);
    }
    let (mut arrived, mut received, mut flaws) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines: BTreeMap<i64, i64> = BTreeMap::new();
    for receipt in receipts {
        let Some(asn) = asns.get_mut(&receipt.asn_id) else {
            flaws.push(Flaw::new(
                &receipt.asn_id,
                "asn_id",
                "there is no such notice",
            ));
            continue;
        };
        let goods = goods.get(&asn.number).map_or(&[][..], Vec::as_slice);
        if let Err(flaw) = asn.receive(receipt, goods) {
            flaws.push(flaw);
            continue;
        }
        received.push((asn.number, receipt.received_on));
        for line in goods {
            *lines.entry(line.line).or_default() += line.lots;
            arrived.extend(
                line.each()
                    .map(|(lot, quantity)| arrival(receipt, lot, quantity)),
            );
        }
    }
    if received.is_empty() {
        return Ok(Recorded {
            receipts: 0,
            lots: 0,
            flaws,
        });
    }
    // In the order of keys: the table of lots and the ledger are then written from one side to the other.
    arrived.sort_by_key(|arrived| arrived.lot);
    store::asns_receive(tx, &received).await?;
    store::lots_add(tx, &arrived).await?;
    let mut changes: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    for one in &arrived {
        let change = change(&mut changes, one.lot.item_no());
        change.received += one.quantity;
        change.lots += 1;
        change.lost += if one.state == LotState::Blocked {
            one.quantity
        } else {
            0
        };
    }
    balance_add(tx, &changes).await?;
    purchase_order::store::received_add(tx, &lines).await?;
    let after = purchase_order::store::lines_fetch(tx, lines.keys().copied()).await?;
    purchase_order::store::closed_add(
        tx,
        catalogue,
        after.values().filter(|line| line.is_closed()),
    )
    .await?;
    Ok(Recorded {
        receipts: received.len(),
        lots: arrived.len(),
        flaws,
    })
}

fn arrival(receipt: &Receipt, lot: LotNumber, quantity: i64) -> Arrived {
    let state = match (receipt.blocked.contains(&lot), receipt.quarantine) {
        (true, _) => LotState::Blocked,
        (false, true) => LotState::Quarantine,
        (false, false) => LotState::Released,
    };
    Arrived {
        lot,
        quantity,
        state,
        day: receipt.received_on.epoch_day().into(),
    }
}
