//! The rows of notices and lots.
//!
//! It must not know rules. Invariants: a notice and its lots are written in sets; a notice is received by a condition
//! of the update itself, so that two receipts of one notice cannot both count.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use takt_contract::common::v1::DailySeries;
use takt_kernel::{Date, LotNumber, Quantity};
use takt_service::{Error, Row, Tx};

use super::{
    Asn, AsnLine,
    lot::{Lot, LotState},
    notice::Accepted,
    receipt::Arrived,
};
use crate::rows::{date, date_of, date_opt, day, get, list};

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
    for Accepted { notice, shipped } in accepted {
        let number = numbers.get(&notice.asn_id).copied().unwrap_or_default();
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
    let columns = [
        "first_lot_number",
        "asn_no",
        "line_no",
        "lot_count",
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
    let sql = "SELECT a.asn_no, a.asn_id, a.supplier_no, a.shipped_on, a.expected_on, a.received_on, a.lot_count \
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
        "received_on IS NULL AND"
    } else {
        ""
    };
    let sql = format!(
        "SELECT asn_no, asn_id, supplier_no, shipped_on, expected_on, received_on, lot_count FROM asn WHERE {open} asn_no > $1 \
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
    let sql = "SELECT a.asn_no, a.line_no, a.first_lot_number, a.lot_count, a.quantity, a.quantities \
               FROM v JOIN asn_line AS a ON a.asn_no = v.asn_no";
    let mut lines = Vec::new();
    for row in tx
        .rows_for(&["asn_no"], list(asns.iter().copied()), sql)
        .await?
    {
        lines.push(AsnLine {
            asn_no: get(&row, 0)?,
            line: get(&row, 1)?,
            first_lot: LotNumber(get(&row, 2)?),
            lots: get(&row, 3)?,
            quantity: get(&row, 4)?,
            sizes: sizes_read(get(&row, 5)?)?,
        });
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
            "t.received_on IS NULL",
        )
        .await?;
    if changed != received.len() as u64 {
        return Err(Error::Conflict {
            detail: "a notice was received meanwhile".to_owned(),
        });
    }
    Ok(())
}

/// Writes lots with their entries, and the holds of those that inspection kept back.
pub(super) async fn lots_add(tx: &Tx, arrived: &[Arrived]) -> Result<(), Error> {
    let rows = arrived.iter().map(|one| {
        vec![
            one.lot.value().into(),
            i64::from(one.lot.item_no()).into(),
            one.quantity.into(),
            one.quantity.into(),
            0i64.into(),
            (one.state as i64).into(),
            one.day.into(),
        ]
    });
    let columns = [
        "lot_number",
        "item_no",
        "quantity",
        "on_hand",
        "reserved",
        "state",
        "received_on",
    ];
    tx.insert_many("lot", &columns, rows.collect(), "").await?;
    let rows = arrived.iter().map(|one| {
        vec![
            one.day.into(),
            1i64.into(),
            one.lot.value().into(),
            0i64.into(),
            one.quantity.into(),
        ]
    });
    let columns = ["day", "kind", "lot_number", "reservation_no", "quantity"];
    tx.insert_many("ledger", &columns, rows.collect(), "")
        .await?;
    let blocked = arrived.iter().filter(|one| one.state == LotState::Blocked);
    let rows = blocked.map(|one| {
        vec![
            one.lot.value().into(),
            1i64.into(),
            1i64.into(),
            "kept back by inspection".into(),
        ]
    });
    tx.insert_many(
        "lot_hold",
        &["lot_number", "inspection", "open", "reason"],
        rows.collect(),
        "",
    )
    .await
    .map(|_| ())
}

/// Lots by number; those under way are among them, those that nobody shipped are left out.
pub(super) async fn lots_fetch(
    tx: &Tx,
    lots: &BTreeSet<LotNumber>,
) -> Result<BTreeMap<LotNumber, Lot>, Error> {
    // A lot is found in the notice whose first lot is the nearest one before it.
    let sql = "SELECT v.lot_number, a.first_lot_number, a.lot_count, a.quantity, a.quantities, a.line_no, a.maker_lot, n.asn_id, \
               l.quantity, l.on_hand, l.reserved, l.state, l.received_on, COALESCE(h.reason, '') \
               FROM v JOIN asn_line AS a ON a.first_lot_number = (SELECT MAX(x.first_lot_number) FROM asn_line AS x WHERE x.first_lot_number <= v.lot_number) \
               JOIN asn AS n ON n.asn_no = a.asn_no LEFT JOIN lot AS l ON l.lot_number = v.lot_number \
               LEFT JOIN lot_hold AS h ON h.lot_number = v.lot_number AND h.open = 1";
    let mut found = BTreeMap::new();
    for row in tx
        .rows_for(
            &["lot_number"],
            list(lots.iter().map(|lot| lot.value())),
            sql,
        )
        .await?
    {
        let number = LotNumber(get(&row, 0)?);
        found.extend(lot_read(&row, number)?.map(|lot| (number, lot)));
    }
    Ok(found)
}

/// Changes the state of lots, each with the state that it had, and writes down why.
pub(super) async fn verdicts_save(tx: &Tx, changed: &[(Lot, LotState)]) -> Result<(), Error> {
    let rows = changed.iter().map(|(lot, before)| {
        let reserved = lot.reserved.milli();
        vec![
            lot.number.value().into(),
            (lot.state as i64).into(),
            (*before as i64).into(),
            lot.on_hand.milli().into(),
            reserved.into(),
        ]
    });
    let same = "t.state = v.before AND t.on_hand = v.on_hand AND t.reserved = v.reserved";
    let columns = ["lot_number", "state", "before", "on_hand", "reserved"];
    let saved = tx
        .update_many(
            "lot",
            &["lot_number"],
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
            0i64.into(),
            open.into(),
            lot.block_reason.as_str().into(),
        ]
    });
    // What inspection found stays known after the lot was given free: scorecards count it.
    let suffix = "ON CONFLICT (lot_number) DO UPDATE SET open = excluded.open, \
                  reason = CASE WHEN excluded.open = 1 THEN excluded.reason ELSE lot_hold.reason END";
    tx.insert_many(
        "lot_hold",
        &["lot_number", "inspection", "open", "reason"],
        rows.collect(),
        suffix,
    )
    .await
    .map(|_| ())
}

/// When goods that are under way are expected, by order line: the latest notice of it.
pub(crate) async fn expected_fetch(tx: &Tx) -> Result<BTreeMap<i64, Date>, Error> {
    let sql = "SELECT a.line_no, MAX(n.expected_on) FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no \
               WHERE n.received_on IS NULL GROUP BY a.line_no";
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
    })
}

fn lot_read(row: &Row, number: LotNumber) -> Result<Option<Lot>, Error> {
    let goods = AsnLine {
        asn_no: 0,
        line: get(row, 5)?,
        first_lot: LotNumber(get(row, 1)?),
        lots: get(row, 2)?,
        quantity: get(row, 3)?,
        sizes: sizes_read(get(row, 4)?)?,
    };
    let Some((_, size)) = goods.each().find(|(lot, _)| *lot == number) else {
        return Ok(None);
    };
    let state: Option<i64> = get(row, 11)?;
    let state = LotState::of(state.unwrap_or(LotState::Expected as i64))
        .ok_or_else(|| Error::broken("a lot has no known state"))?;
    Ok(Some(Lot {
        number,
        line: goods.line,
        asn_id: get(row, 7)?,
        maker_lot: get(row, 6)?,
        quantity: Quantity(get::<Option<i64>>(row, 8)?.unwrap_or(size)),
        on_hand: Quantity(get::<Option<i64>>(row, 9)?.unwrap_or_default()),
        reserved: Quantity(get::<Option<i64>>(row, 10)?.unwrap_or_default()),
        state,
        received_on: get::<Option<i64>>(row, 12)?.map(date_of),
        block_reason: get(row, 13)?,
    }))
}

fn packed(sizes: &[i64]) -> Vec<u8> {
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
