//! The rows of stock by item: balances, what may be used, and the comparison with the ledger.
//!
//! It must not know rules. Invariant: ST-1 a balance only ever changes together with the entries that it sums up.

use std::collections::BTreeMap;

use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Tx};

use crate::{
    programme::SourceNo,
    rows::{date_opt, day, get},
};

/// What changes in the balance of an item, when goods come in or are lost. What is on hand grows with what is received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BalanceChange {
    /// What was received, in thousandths.
    pub(crate) received: i64,
    /// What will not be usable, in thousandths; negative when it is usable after all.
    pub(crate) lost: i64,
    /// The lots received.
    pub(crate) lots: i64,
}

/// The change of an item, to be added to.
pub(crate) fn change(
    changes: &mut BTreeMap<u32, BalanceChange>,
    item_no: u32,
) -> &mut BalanceChange {
    changes.entry(item_no).or_default()
}

/// Adds changes to balances; an item that had none begins with it.
pub(crate) async fn balance_add(
    tx: &Tx,
    changes: &BTreeMap<u32, BalanceChange>,
) -> Result<(), Error> {
    let some = changes
        .iter()
        .filter(|(_, change)| **change != BalanceChange::default());
    let rows = some.map(|(item_no, change)| {
        vec![
            i64::from(*item_no).into(),
            change.received.into(),
            0i64.into(),
            change.received.into(),
            0i64.into(),
            change.lost.into(),
            change.lots.into(),
        ]
    });
    let columns = [
        "item_no", "on_hand", "reserved", "received", "issued", "lost", "lots",
    ];
    let suffix = "ON CONFLICT (item_no) DO UPDATE SET on_hand = balance.on_hand + excluded.on_hand, received = balance.received + excluded.received, \
                  lost = balance.lost + excluded.lost, lots = balance.lots + excluded.lots";
    tx.insert_many("balance", &columns, rows.collect(), suffix)
        .await
        .map(|_| ())
}

/// What is released and free of each item for a build on a day, in thousandths; goods of the day itself come too late.
pub(crate) async fn availability_fetch(
    tx: &Tx,
    build_on: Date,
) -> Result<BTreeMap<u32, i64>, Error> {
    let sql = "SELECT item_no, CAST(SUM(on_hand - reserved) AS BIGINT) FROM lot \
               WHERE state = 3 AND on_hand > reserved AND received_on < $1 GROUP BY item_no";
    let mut free = BTreeMap::new();
    for row in tx.rows(sql, vec![day(build_on)]).await? {
        free.insert(
            u32::try_from(get::<i64>(&row, 0)?).unwrap_or_default(),
            get(&row, 1)?,
        );
    }
    Ok(free)
}

/// What became of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Total {
    /// What was received.
    pub(crate) received: Quantity,
    /// What was used.
    pub(crate) issued: Quantity,
    /// What is on hand.
    pub(crate) on_hand: Quantity,
    /// What was ordered and will not be usable.
    pub(crate) lost: Quantity,
    /// The lots received.
    pub(crate) lots: i64,
    /// The lots ordered.
    pub(crate) ordered_lots: i64,
    /// The lots ordered of each source.
    pub(crate) by_source: Vec<(SourceNo, i64)>,
    /// The day of the first order.
    pub(crate) first_released_on: Option<Date>,
}

/// The totals by item; items of which nothing was ordered are not there.
pub(crate) async fn totals_fetch(tx: &Tx) -> Result<BTreeMap<u32, Total>, Error> {
    let mut totals: BTreeMap<u32, Total> = BTreeMap::new();
    let sql = "SELECT item_no, received, issued, on_hand, lost, lots FROM balance";
    for row in tx.rows(sql, vec![]).await? {
        let total = totals
            .entry(u32::try_from(get::<i64>(&row, 0)?).unwrap_or_default())
            .or_default();
        total.received = Quantity(get(&row, 1)?);
        total.issued = Quantity(get(&row, 2)?);
        total.on_hand = Quantity(get(&row, 3)?);
        total.lost = Quantity(get(&row, 4)?);
        total.lots = get(&row, 5)?;
    }
    let sql =
        "SELECT source_no, released_lots, first_released_on FROM quota_count ORDER BY source_no";
    for row in tx.rows(sql, vec![]).await? {
        let (source, lots) = (SourceNo(get(&row, 0)?), get::<i64>(&row, 1)?);
        let total = totals.entry(source.item_no()).or_default();
        total.ordered_lots += lots;
        total.by_source.push((source, lots));
        let first = date_opt(&row, 2)?;
        total.first_released_on = match (total.first_released_on, first) {
            (Some(known), Some(first)) => Some(known.min(first)),
            (known, first) => known.or(first),
        };
    }
    Ok(totals)
}

/// What a comparison of balances with the ledger found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reconciled {
    /// The items compared.
    pub(crate) items: i64,
    /// The lots compared.
    pub(crate) lots: i64,
    /// Items whose balance differs: item number, balance, sum of entries.
    pub(crate) item_differences: Vec<(u32, Quantity, Quantity)>,
    /// Lots that differ: lot, on hand, sum of entries.
    pub(crate) lot_differences: Vec<(LotNumber, Quantity, Quantity)>,
    /// Vehicles whose use no reservation covered: build number, reservation, reason.
    pub(crate) uncovered: Vec<(i64, String, String)>,
}

/// The most differences of a kind that are told.
const TOLD: i64 = 100;

/// Compares balances and lots with the sums of their entries.
pub(crate) async fn reconciled(tx: &Tx) -> Result<Reconciled, Error> {
    let mut found = Reconciled {
        items: tx.number("SELECT COUNT(*) FROM balance", vec![]).await?,
        lots: tx.number("SELECT COUNT(*) FROM lot", vec![]).await?,
        ..Reconciled::default()
    };
    let sql = "SELECT b.item_no, b.on_hand, COALESCE(s.total, 0) FROM balance AS b LEFT JOIN \
               (SELECT first_lot / 1000000000 AS item_no, CAST(SUM(lots * quantity) AS BIGINT) AS total FROM ledger GROUP BY 1) AS s \
               ON s.item_no = b.item_no WHERE b.on_hand <> COALESCE(s.total, 0) ORDER BY b.item_no LIMIT $1";
    for row in tx.rows(sql, vec![TOLD.into()]).await? {
        let item_no = u32::try_from(get::<i64>(&row, 0)?).unwrap_or_default();
        found
            .item_differences
            .push((item_no, Quantity(get(&row, 1)?), Quantity(get(&row, 2)?)));
    }
    let sql = "SELECT l.lot_number, l.on_hand, COALESCE(s.total, 0) FROM lot AS l LEFT JOIN \
               (SELECT o.lot_number, CAST(SUM(e.quantity) AS BIGINT) AS total FROM ledger AS e \
               JOIN lot AS o ON o.received_on = e.received_on AND o.lot_number BETWEEN e.first_lot AND e.first_lot + e.lots - 1 GROUP BY o.lot_number) AS s \
               ON s.lot_number = l.lot_number WHERE l.on_hand <> COALESCE(s.total, 0) ORDER BY l.lot_number LIMIT $1";
    for row in tx.rows(sql, vec![TOLD.into()]).await? {
        found.lot_differences.push((
            LotNumber(get(&row, 0)?),
            Quantity(get(&row, 1)?),
            Quantity(get(&row, 2)?),
        ));
    }
    let sql = "SELECT build_number, reservation_id, reason FROM discrepancy ORDER BY build_number LIMIT $1";
    for row in tx.rows(sql, vec![TOLD.into()]).await? {
        found
            .uncovered
            .push((get(&row, 0)?, get(&row, 1)?, get(&row, 2)?));
    }
    Ok(found)
}
