//! Records a chunk of receipts: lots come into being with the word of inspection, and the ledger grows.
//!
//! It must not know messages. Invariants: a lot is received once, with one entry; balances grow by what the entries
//! say; a chunk is a constant number of statements.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use takt_kernel::Quantity;
use takt_service::{Error, Tx};

use super::{
    AsnLine, Flaw, Receipt,
    lot::LotState,
    store,
    unit::{Unpacked, lots_in},
    unit_store::{Placed, Wanted, units_fetch},
};
use crate::{
    material::{
        Run,
        store::{BalanceChange, balance_add, change},
    },
    programme::Catalogue,
    purchase_order,
    supply::{Cells, store::changes_record},
};

/// A run of lots as they are received: consecutive, of one size and in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrived {
    /// The lots and the quantity of each.
    pub(super) run: Run,
    /// Released, blocked or in quarantine.
    pub(super) state: LotState,
    /// The order line.
    pub(super) line: i64,
}

/// The longest run: a statement makes one row a lot of it by counting.
const LONGEST: i64 = 1000;

/// What was recorded.
pub(super) struct Recorded {
    /// The receipts.
    pub(super) receipts: usize,
    /// The lots.
    pub(super) lots: i64,
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
        .filter(|asn| asn.received_on.is_none() && asn.lost_on.is_none())
        .map(|asn| asn.number)
        .collect();
    let mut goods: BTreeMap<i64, Vec<AsnLine>> = BTreeMap::new();
    for line in store::asn_lines_fetch(tx, &open).await? {
        goods.entry(line.asn_no).or_default().push(line);
    }
    let sorted = receipts
        .iter()
        .filter(|receipt| !receipt.blocked_units.is_empty());
    let sorted = sorted.filter_map(|receipt| Some(asns.get(&receipt.asn_id)?.number));
    let units = units_fetch(tx, &Wanted::Notices(sorted.collect())).await?;
    let (mut arrived, mut received, mut flaws) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines: BTreeMap<i64, i64> = BTreeMap::new();
    let mut supply = Cells::default();
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
        let whole = match with_units(receipt, asn.number, &units) {
            Ok(receipt) => receipt,
            Err(flaw) => {
                flaws.push(flaw);
                continue;
            }
        };
        let receipt = whole.as_ref();
        if let Err(flaw) = asn.receive(receipt, goods) {
            flaws.push(flaw);
            continue;
        }
        received.push((asn.number, receipt.received_on));
        for line in goods {
            *lines.entry(line.line).or_default() += line.lots;
            supply.add(line.shipped(asn.expected_on), -line.quantity);
            arrivals(receipt, line, &mut arrived);
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
    arrived.sort_by_key(|arrived: &Arrived| (arrived.run.received_on, arrived.run.first));
    store::asns_receive(tx, &received).await?;
    store::lots_add(tx, &arrived).await?;
    let mut changes: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    for one in &arrived {
        let change = change(&mut changes, one.run.first.item_no());
        change.received += one.run.total();
        change.lots += one.run.lots;
        if one.state == LotState::Released {
            let run = one.run;
            supply.free(run.first.item_no(), run.received_on, run.total());
        }
        change.lost += if one.state == LotState::Blocked {
            one.run.total()
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
    changes_record(tx, &supply).await?;
    Ok(Recorded {
        receipts: received.len(),
        lots: arrived.iter().map(|arrived| arrived.run.lots).sum(),
        flaws,
    })
}

/// A receipt with the lots of the handling units that inspection kept back among those that it did.
fn with_units<'r>(
    receipt: &'r Receipt,
    asn_no: i64,
    units: &[Placed],
) -> Result<Cow<'r, Receipt>, Flaw> {
    if receipt.blocked_units.is_empty() {
        return Ok(Cow::Borrowed(receipt));
    }
    let own = units.iter().filter(|placed| placed.asn_no == asn_no);
    let own: Vec<&Unpacked> = own.map(|placed| &placed.unit).collect();
    let lots = lots_in(&own, &receipt.blocked_units).map_err(|unit| {
        let reason = format!("handling unit {unit} does not travel with it");
        Flaw::new(&receipt.asn_id, "blocked_handling_unit_ids", reason)
    })?;
    let mut whole = receipt.clone();
    whole.blocked.extend(lots);
    Ok(Cow::Owned(whole))
}

/// The lots of a line as runs.
fn arrivals(receipt: &Receipt, line: &AsnLine, arrived: &mut Vec<Arrived>) {
    let received_on = receipt.received_on;
    let from = arrived.len();
    for (lot, size) in line.each() {
        let state = match (receipt.blocked.contains(&lot), receipt.quarantine) {
            (true, _) => LotState::Blocked,
            (false, true) => LotState::Quarantine,
            (false, false) => LotState::Released,
        };
        let each = Quantity(size);
        match arrived.get_mut(from..).and_then(<[Arrived]>::last_mut) {
            Some(last)
                if last.state == state && last.run.each == each && last.run.lots < LONGEST =>
            {
                last.run.lots += 1
            }
            _ => arrived.push(Arrived {
                run: Run {
                    received_on,
                    first: lot,
                    lots: 1,
                    each,
                },
                state,
                line: line.line,
            }),
        }
    }
}
