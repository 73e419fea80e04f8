//! The rows of notices and lots.
//!
//! It must not know rules. Invariants: a notice and its lots are written in sets; a notice is received by a condition
//! of the update itself, so that two receipts of one notice cannot both count.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use takt_contract::common::v1::DailySeries;
use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Row, Tx, Value};

use super::{
    Asn, AsnLine,
    lot::{Lot, LotState},
    notice::Accepted,
    receipt::Arrived,
    unit_store::packings_add,
};
use crate::{
    programme::SourceNo,
    rows::{date, date_opt, day, get, list},
};

/// The names of these that are taken.
pub(super) async fn asn_ids_known(
    tx: &Tx,
    ids: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, Error> {
    let sql = "SELECT a.asn_id FROM v JOIN asn AS a ON a.asn_id = v.asn_id";
    let rows = tx
        .rows_for(&["asn_id"], list(ids.iter().copied()), sql)
        .await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Writes notices with their lots.
pub(super) async fn asns_add(tx: &Tx, accepted: &[Accepted<'_>]) -> Result<(), Error> {
    let rows = accepted.iter().map(|accepted| {
        let lots: i64 = accepted.shipped.iter().map(|shipped| shipped.lots).sum();
        let notice = accepted.notice;
        vec![
            notice.asn_id.as_str().into(),
            notice.supplier_no.into(),
            day(notice.shipped_on),
            day(notice.expected_on),
            lots.into(),
        ]
    });
    let columns = [
        "asn_id",
        "supplier_no",
        "shipped_on",
        "expected_on",
        "lot_count",
    ];
    let mut numbers: BTreeMap<String, i64> = BTreeMap::new();
    for row in tx
        .insert_returning("asn", &columns, rows.collect(), "RETURNING asn_id, asn_no")
        .await?
    {
        numbers.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let mut rows = Vec::new();
    let mut packings = Vec::new();
    for Accepted {
        notice,
        shipped,
        packing,
    } in accepted
    {
        let number = numbers.get(&notice.asn_id).copied().unwrap_or_default();
        packings.push((number, packing));
        for (line, shipped) in notice.lines.iter().zip(shipped) {
            // Sizes are kept only where they differ from each other or from the order.
            let sizes = (shipped.short_lots > 0).then(|| packed(&line.sizes));
            rows.push(vec![
                shipped.first_lot.value().into(),
                number.into(),
                shipped.line.into(),
                shipped.lots.into(),
                shipped.short_lots.into(),
                shipped.quantity.milli().into(),
                sizes.into(),
                line.maker_lot.as_str().into(),
            ]);
        }
    }
    asn_lines_add(tx, rows).await?;
    packings_add(tx, &packings).await
}

/// Writes lines of notices: first lot, notice, order line, lots, short lots, quantity, the sizes if some are short, the maker's lot.
pub(crate) async fn asn_lines_add(tx: &Tx, rows: Vec<Vec<Value>>) -> Result<(), Error> {
    let columns = [
        "first_lot",
        "asn_no",
        "line_no",
        "lots",
        "short_lots",
        "quantity",
        "quantities",
        "maker_lot",
    ];
    tx.insert_many("asn_line", &columns, rows, "")
        .await
        .map(|_| ())
}

/// Notices by name; those that are not there are left out.
pub(super) async fn asns_fetch(
    tx: &Tx,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Asn>, Error> {
    let sql = "SELECT a.asn_no, a.asn_id, a.supplier_no, a.shipped_on, a.expected_on, a.received_on, a.lot_count, a.lost_on \
               FROM v JOIN asn AS a ON a.asn_id = v.asn_id";
    let rows = tx
        .rows_for(&["asn_id"], list(ids.iter().copied()), sql)
        .await?;
    rows.iter()
        .map(|row| asn_read(row).map(|asn| (asn.id.clone(), asn)))
        .collect()
}

/// A page of notices behind a number.
pub(super) async fn asns_page(
    tx: &Tx,
    in_transit_only: bool,
    after: i64,
    limit: i64,
) -> Result<Vec<Asn>, Error> {
    let open = if in_transit_only {
        "received_on IS NULL AND lost_on IS NULL AND"
    } else {
        ""
    };
    let sql = format!(
        "SELECT asn_no, asn_id, supplier_no, shipped_on, expected_on, received_on, lot_count, lost_on FROM asn WHERE {open} asn_no > $1 \
         ORDER BY asn_no LIMIT $2"
    );
    tx.rows(&sql, vec![after.into(), limit.into()])
        .await?
        .iter()
        .map(asn_read)
        .collect()
}

/// The lots of notices, line by line in the order of lots.
pub(super) async fn asn_lines_fetch(tx: &Tx, asns: &[i64]) -> Result<Vec<AsnLine>, Error> {
    let sql = "SELECT a.asn_no, a.line_no, a.first_lot, a.lots, a.quantity, a.quantities \
               FROM v JOIN asn_line AS a ON a.asn_no = v.asn_no";
    let mut lines = Vec::new();
    for row in tx
        .rows_for(&["asn_no"], list(asns.iter().copied()), sql)
        .await?
    {
        lines.push(asn_line_read(&row)?);
    }
    lines.sort_by_key(|line| line.first_lot);
    Ok(lines)
}

/// Marks notices as received.
pub(super) async fn asns_receive(tx: &Tx, received: &[(i64, Date)]) -> Result<(), Error> {
    let rows = received
        .iter()
        .map(|(number, on)| vec![(*number).into(), day(*on)]);
    let columns = ["asn_no", "received_on"];
    let set = ["received_on = v.received_on"];
    let changed = tx
        .update_many(
            "asn",
            &["asn_no"],
            &set,
            &columns,
            rows.collect(),
            "t.received_on IS NULL AND t.lost_on IS NULL",
        )
        .await?;
    if changed != received.len() as u64 {
        return Err(Error::Conflict {
            detail: "a notice was received meanwhile".to_owned(),
        });
    }
    Ok(())
}

/// Marks a notice as lost.
pub(super) async fn asn_lose(tx: &Tx, asn: i64, on: Date) -> Result<(), Error> {
    let sql =
        "UPDATE asn SET lost_on = $2 WHERE asn_no = $1 AND received_on IS NULL AND lost_on IS NULL";
    match tx.exec(sql, vec![asn.into(), day(on)]).await? {
        1 => Ok(()),
        _ => Err(Error::Conflict {
            detail: "a notice was received meanwhile".to_owned(),
        }),
    }
}

/// Writes lots with their entries, and the holds of those that inspection kept back.
pub(super) async fn lots_add(tx: &Tx, arrived: &[Arrived]) -> Result<(), Error> {
    let list = arrived.iter().map(|one| {
        let run = one.run;
        vec![
            day(run.received_on),
            run.first.value().into(),
            run.lots.into(),
            run.each.milli().into(),
            (one.state as i64).into(),
        ]
    });
    let sql = "INSERT INTO lot (received_on, lot_number, item_no, quantity, on_hand, reserved, state) \
               SELECT v.received_on, v.first_lot + o.n, v.first_lot / 1000000000, v.quantity, v.quantity, 0, v.state \
               FROM v JOIN ordinal AS o ON o.n < v.lots";
    tx.exec_for(
        &["received_on", "first_lot", "lots", "quantity", "state"],
        list.collect(),
        sql,
    )
    .await?;
    let rows = arrived.iter().map(|one| {
        let run = one.run;
        let on = || day(run.received_on);
        vec![
            on(),
            1i64.into(),
            run.first.value().into(),
            0i64.into(),
            on(),
            run.lots.into(),
            run.each.milli().into(),
        ]
    });
    let columns = [
        "day",
        "kind",
        "first_lot",
        "reservation_no",
        "received_on",
        "lots",
        "quantity",
    ];
    tx.insert_many("ledger", &columns, rows.collect(), "")
        .await?;
    let blocked = arrived.iter().filter(|one| one.state == LotState::Blocked);
    let rows = blocked
        .flat_map(|one| one.run.each().map(|lot| (lot, one.line)))
        .map(|(lot, line)| {
            vec![
                lot.value().into(),
                line.into(),
                1i64.into(),
                1i64.into(),
                "kept back by inspection".into(),
            ]
        });
    tx.insert_many("lot_hold", &HOLD, rows.collect(), "")
        .await
        .map(|_| ())
}

/// The columns of a hold.
const HOLD: [&str; 5] = ["lot_number", "line_no", "inspection", "open", "reason"];

/// Lots by number; those under way are among them, those that nobody shipped are left out.
pub(super) async fn lots_fetch(
    tx: &Tx,
    lots: &BTreeSet<LotNumber>,
) -> Result<BTreeMap<LotNumber, Lot>, Error> {
    let mut found = shipped_fetch(tx, lots).await?;
    let arrived = found
        .values()
        .filter_map(|lot| Some(vec![day(lot.received_on?), lot.number.value().into()]));
    let sql = "SELECT l.lot_number, l.quantity, l.on_hand, l.reserved, l.state, COALESCE(h.reason, '') \
               FROM v JOIN lot AS l ON l.received_on = v.received_on AND l.lot_number = v.lot_number \
               LEFT JOIN lot_hold AS h ON h.lot_number = l.lot_number AND h.open = 1";
    for row in tx
        .rows_for(&["received_on", "lot_number"], arrived.collect(), sql)
        .await?
    {
        if let Some(lot) = found.get_mut(&LotNumber(get(&row, 0)?)) {
            let state: i64 = get(&row, 4)?;
            lot.quantity = Quantity(get(&row, 1)?);
            lot.on_hand = Quantity(get(&row, 2)?);
            lot.reserved = Quantity(get(&row, 3)?);
            lot.state = LotState::of(state)
                .ok_or_else(|| Error::broken(format!("a lot has the state {state}")))?;
            lot.block_reason = get(&row, 5)?;
        }
    }
    Ok(found)
}

/// Lots as their notices ship them.
async fn shipped_fetch(
    tx: &Tx,
    lots: &BTreeSet<LotNumber>,
) -> Result<BTreeMap<LotNumber, Lot>, Error> {
    let mut sources: BTreeMap<SourceNo, (LotNumber, LotNumber)> = BTreeMap::new();
    for lot in lots {
        sources
            .entry(SourceNo::of_lot(*lot))
            .or_insert((*lot, *lot))
            .1 = *lot;
    }
    let list = sources.iter().map(|(source, (first, last))| {
        vec![source.0.into(), first.value().into(), last.value().into()]
    });
    // Notices lie in the order in which they came; few people ask for lots by name, so they are looked through.
    let sql = "SELECT a.asn_no, a.line_no, a.first_lot, a.lots, a.quantity, a.quantities, a.maker_lot, n.asn_id, n.received_on, n.lost_on \
               FROM v JOIN asn_line AS a ON a.first_lot / 10000000 = v.source_no AND a.first_lot <= v.last_lot \
               AND a.first_lot + a.lots > v.first_lot JOIN asn AS n ON n.asn_no = a.asn_no";
    let mut found = BTreeMap::new();
    for row in tx
        .rows_for(&["source_no", "first_lot", "last_lot"], list.collect(), sql)
        .await?
    {
        let line = asn_line_read(&row)?;
        let (maker_lot, asn_id): (String, String) = (get(&row, 6)?, get(&row, 7)?);
        let received_on = date_opt(&row, 8)?;
        let state = match date_opt(&row, 9)? {
            Some(_) => LotState::Lost,
            None => LotState::Expected,
        };
        for (number, size) in line.each().filter(|(number, _)| lots.contains(number)) {
            let lot = Lot {
                number,
                line: line.line,
                asn_id: asn_id.clone(),
                maker_lot: maker_lot.clone(),
                quantity: Quantity(size),
                on_hand: Quantity::ZERO,
                reserved: Quantity::ZERO,
                state,
                received_on,
                block_reason: String::new(),
            };
            found.insert(number, lot);
        }
    }
    Ok(found)
}

/// Changes the state of lots, each with the state that it had, and writes down why.
pub(super) async fn verdicts_save(tx: &Tx, changed: &[(Lot, LotState)]) -> Result<(), Error> {
    let rows = changed.iter().map(|(lot, before)| {
        vec![
            day(lot.received_on.unwrap_or_default()),
            lot.number.value().into(),
            (lot.state as i64).into(),
            (*before as i64).into(),
            lot.on_hand.milli().into(),
            lot.reserved.milli().into(),
        ]
    });
    let same = "t.state = v.before AND t.on_hand = v.on_hand AND t.reserved = v.reserved";
    let columns = [
        "received_on",
        "lot_number",
        "state",
        "before",
        "on_hand",
        "reserved",
    ];
    let key = ["received_on", "lot_number"];
    let saved = tx
        .update_many(
            "lot",
            &key,
            &["state = v.state"],
            &columns,
            rows.collect(),
            same,
        )
        .await?;
    if saved != changed.len() as u64 {
        return Err(Error::Conflict {
            detail: "a lot changed meanwhile".to_owned(),
        });
    }
    let rows = changed.iter().map(|(lot, _)| {
        let open = i64::from(lot.state == LotState::Blocked);
        vec![
            lot.number.value().into(),
            lot.line.into(),
            0i64.into(),
            open.into(),
            lot.block_reason.as_str().into(),
        ]
    });
    // What inspection found stays known after the lot was given free: scorecards count it.
    let suffix = "ON CONFLICT (lot_number) DO UPDATE SET open = excluded.open, \
                  reason = CASE WHEN excluded.open = 1 THEN excluded.reason ELSE lot_hold.reason END";
    tx.insert_many("lot_hold", &HOLD, rows.collect(), suffix)
        .await
        .map(|_| ())
}

/// When goods that are under way are expected, by order line: the latest notice of it.
pub(crate) async fn expected_fetch(tx: &Tx) -> Result<BTreeMap<i64, Date>, Error> {
    let sql = "SELECT a.line_no, MAX(n.expected_on) FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no \
               WHERE n.received_on IS NULL AND n.lost_on IS NULL GROUP BY a.line_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| Ok((get(row, 0)?, date(row, 1)?)))
        .collect()
}

fn asn_read(row: &Row) -> Result<Asn, Error> {
    Ok(Asn {
        number: get(row, 0)?,
        id: get(row, 1)?,
        supplier_no: get(row, 2)?,
        shipped_on: date(row, 3)?,
        expected_on: date(row, 4)?,
        received_on: date_opt(row, 5)?,
        lots: get(row, 6)?,
        lost_on: date_opt(row, 7)?,
    })
}

fn asn_line_read(row: &Row) -> Result<AsnLine, Error> {
    Ok(AsnLine {
        asn_no: get(row, 0)?,
        line: get(row, 1)?,
        first_lot: LotNumber(get(row, 2)?),
        lots: get(row, 3)?,
        quantity: get(row, 4)?,
        sizes: sizes_read(get(row, 5)?)?,
    })
}

/// The sizes of lots as a column keeps them.
pub(crate) fn packed(sizes: &[i64]) -> Vec<u8> {
    DailySeries {
        first_date: None,
        thousandths: sizes.to_vec(),
    }
    .encode_to_vec()
}

fn sizes_read(packed: Option<Vec<u8>>) -> Result<Vec<i64>, Error> {
    let Some(packed) = packed else {
        return Ok(Vec::new());
    };
    let series = DailySeries::decode(packed.as_slice())
        .map_err(|error| Error::broken(format!("sizes of lots: {error}")))?;
    Ok(series.thousandths)
}
