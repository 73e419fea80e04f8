//! The books as an opening would say them: lots that were received and what is on order.
//!
//! It must not know rules. Invariant: what is read here and booked elsewhere is read there as the same.

use std::collections::BTreeMap;

use prost::Message;
use takt_contract::common::v1::DailySeries;
use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Tx};

use super::{Open, Stock};
use crate::{
    inbound::lot::LotState,
    programme::{Catalogue, SourceNo},
    purchase_order::{
        order_id,
        store::{LineFilter, lines_page},
    },
    rows::{date, day, get},
};

/// Why the books cannot be told as an opening just now: something is kept for a build, or a lot is used beyond the books.
pub(super) async fn not_at_rest(tx: &Tx) -> Result<Option<String>, Error> {
    let sql =
        "SELECT reservation_id FROM reservation WHERE state = 1 ORDER BY reservation_id LIMIT 1";
    if let Some(row) = tx.one(sql, vec![]).await? {
        return Ok(Some(format!(
            "reservation {} keeps stock for a build",
            get::<String>(&row, 0)?
        )));
    }
    let sql = "SELECT lot_number FROM lot WHERE state = 6 ORDER BY lot_number LIMIT 1";
    let row = tx.one(sql, vec![]).await?;
    row.map(|row| {
        let lot: i64 = get(&row, 0)?;
        Ok(format!("more of lot {lot} was used than the books cover"))
    })
    .transpose()
}

/// The lots of the books, by number.
pub(super) async fn stock_fetch(tx: &Tx, plan_on: Option<Date>) -> Result<Vec<Stock>, Error> {
    let mut used_since: BTreeMap<i64, i64> = BTreeMap::new();
    if let Some(on) = plan_on {
        let sql = "SELECT first_lot, lots, quantity FROM ledger WHERE kind = 2 AND day >= $1";
        for row in tx.rows(sql, vec![day(on)]).await? {
            let (first, lots, quantity): (i64, i64, i64) =
                (get(&row, 0)?, get(&row, 1)?, get(&row, 2)?);
            for lot in first..first + lots {
                *used_since.entry(lot).or_default() -= quantity;
            }
        }
    }
    let mut holds: BTreeMap<i64, String> = BTreeMap::new();
    for row in tx
        .rows(
            "SELECT lot_number, reason FROM lot_hold WHERE open = 1",
            vec![],
        )
        .await?
    {
        holds.insert(get(&row, 0)?, get(&row, 1)?);
    }
    // Which line and batch a lot is of stands in its notice, a run of lots a row.
    let mut batches: BTreeMap<i64, (i64, Date, String)> = BTreeMap::new();
    let sql = "SELECT a.first_lot, a.lots, l.released_on, a.maker_lot FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no \
               JOIN order_line AS l ON l.line_no = a.line_no WHERE n.received_on IS NOT NULL";
    for row in tx.rows(sql, vec![]).await? {
        batches.insert(
            get(&row, 0)?,
            (get(&row, 1)?, date(&row, 2)?, get(&row, 3)?),
        );
    }
    let sql =
        "SELECT received_on, lot_number, quantity, on_hand, state FROM lot ORDER BY lot_number";
    let mut stock = Vec::new();
    for row in tx.rows(sql, vec![]).await? {
        let number: i64 = get(&row, 1)?;
        let batch = batches.range(..=number).next_back();
        let batch = batch.filter(|(first, (lots, _, _))| number < *first + lots);
        let (ordered_on, maker_lot) = batch
            .map_or((date(&row, 0)?, String::new()), |(_, batch)| {
                (batch.1, batch.2.clone())
            });
        let state: i64 = get(&row, 4)?;
        stock.push(Stock {
            source: SourceNo::of_lot(LotNumber(number)),
            lot: LotNumber(number).n(),
            received_on: date(&row, 0)?,
            ordered_on,
            received: Quantity(get(&row, 2)?),
            on_hand: Quantity(get(&row, 3)?),
            state: LotState::of(state)
                .ok_or_else(|| Error::broken(format!("a lot has the state {state}")))?,
            reason: holds.get(&number).cloned().unwrap_or_default(),
            maker_lot,
            used_since: Quantity(used_since.get(&number).copied().unwrap_or_default()),
        });
    }
    Ok(stock)
}

/// Lots of a line under way: the notice, when it left and is expected, the first lot's number and the size of each.
type UnderWay = (String, Date, Date, i64, Vec<i64>);

/// What is on order, by line and lot: what is under way, notice by notice, and what is open.
pub(super) async fn open_fetch(tx: &Tx, catalogue: &Catalogue) -> Result<Vec<Open>, Error> {
    let mut names: BTreeMap<i64, (String, String, i64)> = BTreeMap::new();
    let sql = "SELECT line_no, order_name, order_line, received FROM opening_order";
    for row in tx.rows(sql, vec![]).await? {
        names.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?, get(&row, 3)?));
    }
    let mut received: BTreeMap<i64, i64> = BTreeMap::new();
    let sql = "SELECT a.line_no, CAST(SUM(a.quantity) AS BIGINT) FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no \
               WHERE n.received_on IS NOT NULL GROUP BY a.line_no";
    for row in tx.rows(sql, vec![]).await? {
        received.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let mut under_way: BTreeMap<i64, Vec<UnderWay>> = BTreeMap::new();
    let sql = "SELECT a.line_no, n.asn_id, n.shipped_on, n.expected_on, a.first_lot, a.lots, a.quantity, a.quantities FROM asn AS n \
               JOIN asn_line AS a ON a.asn_no = n.asn_no WHERE n.received_on IS NULL AND n.lost_on IS NULL ORDER BY a.first_lot";
    for row in tx.rows(sql, vec![]).await? {
        let (first, lots, quantity): (i64, i64, i64) =
            (get(&row, 4)?, get(&row, 5)?, get(&row, 6)?);
        let sizes = match get::<Option<Vec<u8>>>(&row, 7)? {
            Some(packed) => {
                DailySeries::decode(packed.as_slice())
                    .map_err(|error| Error::broken(format!("sizes of lots: {error}")))?
                    .thousandths
            }
            None => vec![quantity / lots.max(1); usize::try_from(lots).unwrap_or_default()],
        };
        let part = (
            get(&row, 1)?,
            date(&row, 2)?,
            date(&row, 3)?,
            LotNumber(first).n(),
            sizes,
        );
        under_way.entry(get(&row, 0)?).or_default().push(part);
    }
    let filter = LineFilter {
        open: true,
        ..Default::default()
    };
    let mut orders = Vec::new();
    for line in lines_page(tx, filter, 0, i64::MAX).await? {
        let Some((_, _, supplier)) = catalogue.source(line.source) else {
            continue;
        };
        let (order, name, before) = names.remove(&line.number).unwrap_or_else(|| {
            let order = order_id(supplier.id.as_str(), line.released_on);
            (order, line.number.to_string(), 0)
        });
        // The cumulative of the line stands in its first row alone.
        let mut so_far = before + received.get(&line.number).copied().unwrap_or_default();
        let mut row = |part: Option<(String, Date, Date)>, lot: i64, open: i64, in_transit: i64| {
            let (notice, shipped_on, expected_on) =
                part.unwrap_or((String::new(), line.released_on, line.receipt_on));
            Open {
                source: line.source,
                order: order.clone(),
                line: name.clone(),
                due: line.receipt_on,
                open: Quantity(open),
                in_transit: Quantity(in_transit),
                received: Quantity(std::mem::take(&mut so_far)),
                ordered_on: line.released_on,
                needed_on: line.needed_on,
                ship_on: line.ship_on,
                lot,
                notice,
                shipped_on,
                expected_on,
            }
        };
        for (notice, shipped_on, expected_on, first, sizes) in
            under_way.remove(&line.number).unwrap_or_default()
        {
            for (from, quantity) in pieces(&sizes, line.lot_size.milli()) {
                let part = Some((notice.clone(), shipped_on, expected_on));
                orders.push(row(part, first + from, 0, quantity));
            }
        }
        if line.to_ship() > 0 {
            let first = line.first_lot + line.shipped;
            orders.push(row(None, first, line.open().milli(), 0));
        }
    }
    // Line numbers are the service's own; item, supplier and lot are not.
    orders.sort_by_key(|order| (order.source, order.lot));
    Ok(orders)
}

/// Lots as rows that are read back as the same lots: whole ones, and a short one only at the end of a row. Place and quantity.
fn pieces(sizes: &[i64], full: i64) -> Vec<(i64, i64)> {
    let mut pieces: Vec<(i64, i64)> = Vec::new();
    let mut ended = true;
    for (place, size) in (0..).zip(sizes) {
        match pieces.last_mut() {
            Some((_, quantity)) if !ended => *quantity += size,
            _ => pieces.push((place, *size)),
        }
        ended = *size < full;
    }
    pieces
}
