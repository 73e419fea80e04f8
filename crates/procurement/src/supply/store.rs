//! The rows of supply: the log of its changes, and the state as the tables of stock, orders and notices have it.
//!
//! It must not know rules. Invariants: whoever changes supply writes a row of the log in the same transaction, as its last
//! statement, because the head is locked from then on; versions have no gaps and are in the order of commits.

use prost::Message;
use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::{Cell, Cells, Kind, Supply};
use crate::{
    programme::SourceNo,
    rows::{date, get},
};

/// The rows of the log that are read one by one; when more are missing, everything is read anew.
const CATCH_UP: i64 = 2_000;

/// The numbers of a row of the log.
#[derive(Clone, PartialEq, Message)]
struct Packed {
    #[prost(sint64, repeated, tag = "1")]
    numbers: Vec<i64>,
}

/// Writes what a transaction changes in supply down, under a version of its own. Nothing is written for nothing.
pub(crate) async fn changes_record(tx: &Tx, changes: &Cells) -> Result<(), Error> {
    if changes.0.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE supply_head SET version = version + 1 RETURNING version";
    let row = tx.one(sql, vec![]).await?;
    let version: i64 = get(
        &row.ok_or_else(|| Error::broken("the log of supply has no head"))?,
        0,
    )?;
    let packed = Packed {
        numbers: changes.numbers(),
    };
    let sql = "INSERT INTO supply_log (version, changes) VALUES ($1, $2)";
    tx.exec(sql, vec![version.into(), packed.encode_to_vec().into()])
        .await
        .map(|_| ())
}

/// The newest version.
pub(crate) async fn version_fetch(tx: &Tx) -> Result<i64, Error> {
    tx.number("SELECT version FROM supply_head", vec![]).await
}

/// The newest supply: what is kept with the changes since, or everything from the tables.
pub(crate) async fn supply_fetch(tx: &Tx, kept: Option<&Supply>) -> Result<Supply, Error> {
    let version = version_fetch(tx).await?;
    let near = kept.filter(|kept| (version - CATCH_UP..=version).contains(&kept.version));
    let Some(kept) = near else {
        return Ok(Supply::whole(version, cells_fetch(tx).await?));
    };
    let mut supply = kept.clone();
    for (version, changes) in changes_fetch(tx, kept.version).await? {
        supply.next(version, &changes);
    }
    Ok(supply)
}

/// Supply at an earlier version: the tables less the changes after it.
pub(crate) async fn supply_at(tx: &Tx, version: i64) -> Result<Supply, Error> {
    let newest = version_fetch(tx).await?;
    if version > newest {
        let message =
            format!("the supply has the version {newest}, and {version} has not been yet");
        return Err(Error::refused("SUPPLY_VERSION_UNKNOWN", message));
    }
    let mut cells = cells_fetch(tx).await?;
    for (_, changes) in changes_fetch(tx, version).await? {
        cells.apply(&changes, -1);
    }
    Ok(Supply::whole(version, cells))
}

/// The changes after a version, oldest first.
async fn changes_fetch(tx: &Tx, after: i64) -> Result<Vec<(i64, Cells)>, Error> {
    let sql = "SELECT version, changes FROM supply_log WHERE version > $1 ORDER BY version";
    let rows = tx.rows(sql, vec![after.into()]).await?;
    let read = |row| {
        let (version, packed): (i64, Vec<u8>) = (get(row, 0)?, get(row, 1)?);
        let cells = Packed::decode(packed.as_slice())
            .ok()
            .and_then(|packed| Cells::of_numbers(&packed.numbers));
        let cells =
            cells.ok_or_else(|| Error::broken(format!("version {version} of the supply")))?;
        Ok((version, cells))
    };
    rows.iter().map(read).collect()
}

/// Supply as the tables have it.
pub(crate) async fn cells_fetch(tx: &Tx) -> Result<Cells, Error> {
    let mut cells = Cells::default();
    let sql = "SELECT item_no, received_on, CAST(SUM(on_hand - reserved) AS BIGINT) FROM lot WHERE state = 3 AND on_hand > reserved GROUP BY 1, 2";
    for row in tx.rows(sql, vec![]).await? {
        cells.free(item_no(get(&row, 0)?), date(&row, 1)?, get(&row, 2)?);
    }
    let sql = "SELECT item_no, reserved FROM balance WHERE reserved <> 0";
    for row in tx.rows(sql, vec![]).await? {
        cells.reserved(item_no(get(&row, 0)?), get(&row, 1)?);
    }
    let ordered = "SELECT source_no, receipt_on, line_no, (lots - withdrawn_lots - shipped_lots) * lot_size FROM order_line WHERE shipped_lots + withdrawn_lots < lots";
    // The open notices first, then their lines alone: SQLite keeps the order of a CROSS JOIN.
    let shipped = "SELECT a.first_lot / 10000000, n.expected_on, a.line_no, CAST(SUM(a.quantity) AS BIGINT) FROM asn AS n \
                   CROSS JOIN asn_line AS a WHERE a.asn_no = n.asn_no AND n.received_on IS NULL AND n.lost_on IS NULL GROUP BY 1, 2, 3";
    for (kind, sql) in [(Kind::Ordered, ordered), (Kind::Shipped, shipped)] {
        for row in tx.rows(sql, vec![]).await? {
            let cell = Cell {
                source: SourceNo(get(&row, 0)?),
                kind,
                on: date(&row, 1)?,
                line: get(&row, 2)?,
            };
            cells.add(cell, get(&row, 3)?);
        }
    }
    Ok(cells)
}

/// What is free of the lots that reservations keep, by item and day of receipt: those that are released alone.
pub(crate) async fn kept_free_fetch(
    tx: &Tx,
    reservations: &[i64],
) -> Result<Vec<(u32, Date, i64)>, Error> {
    let list = crate::rows::list(reservations.iter().copied());
    let sql = "SELECT o.item_no, o.received_on, CAST(SUM(o.on_hand - o.reserved) AS BIGINT) FROM lot AS o JOIN (SELECT DISTINCT x.received_on, x.lot_number \
               FROM v JOIN reservation_line AS l ON l.reservation_no = v.reservation_no JOIN lot AS x ON x.received_on = l.received_on \
               AND x.lot_number BETWEEN l.first_lot AND l.first_lot + l.lots - 1) AS k ON k.received_on = o.received_on AND k.lot_number = o.lot_number \
               WHERE o.state = 3 GROUP BY 1, 2";
    let rows = tx.rows_for(&["reservation_no"], list, sql).await?;
    let read = |row| Ok((item_no(get(row, 0)?), date(row, 1)?, get(row, 2)?));
    rows.iter().map(read).collect()
}

/// What reservations keep, by item.
pub(crate) async fn kept_fetch(tx: &Tx, reservations: &[i64]) -> Result<Vec<(u32, i64)>, Error> {
    let list = crate::rows::list(reservations.iter().copied());
    let sql = "SELECT l.first_lot / 1000000000, CAST(SUM(l.lots * l.quantity) AS BIGINT) FROM v \
               JOIN reservation_line AS l ON l.reservation_no = v.reservation_no GROUP BY 1";
    let rows = tx.rows_for(&["reservation_no"], list, sql).await?;
    let read = |row| Ok((item_no(get(row, 0)?), get(row, 1)?));
    rows.iter().map(read).collect()
}

fn item_no(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}
