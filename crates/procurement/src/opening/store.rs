//! The rows of an opening: written once, into empty books.
//!
//! It must not know rules. Invariants: everything is written in one transaction; what is booked keeps every invariant of the service, or
//! nothing is.

use std::collections::BTreeMap;

use takt_kernel::{Date, LotNumber};
use takt_service::{Error, Invariant, Tx, Value};

use super::{
    Opening,
    book::{Books, Lot},
};
use crate::{
    inbound::{
        lot::LotState,
        store::{asn_lines_add, packed},
    },
    invariants::INVARIANTS,
    programme::Catalogue,
    purchase_order,
    requirement::{Plan, handler::requirements_owe},
    rows::{count, day, day_opt, get},
    supply::store::{cells_fetch, changes_record},
};

/// What was booked: the id of the opening with its counts of items, lots and orders.
pub(super) type Booked = (String, [i64; 3]);

/// The opening that was booked, if there is one.
pub(super) async fn opening_fetch(tx: &Tx) -> Result<Option<Booked>, Error> {
    let sql = "SELECT request_id, items, lots, orders FROM opening";
    let row = tx.one(sql, vec![]).await?;
    row.map(|row| Ok((get(&row, 0)?, [get(&row, 1)?, get(&row, 2)?, get(&row, 3)?])))
        .transpose()
}

/// The table of the books that something stands in, if there is one.
pub(super) async fn in_use(tx: &Tx) -> Result<Option<&'static str>, Error> {
    for table in [
        "order_line",
        "asn",
        "lot",
        "ledger",
        "reservation",
        "balance",
    ] {
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS t");
        if tx.number(&sql, vec![]).await? > 0 {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// Writes books.
pub(super) async fn books_add(
    tx: &Tx,
    catalogue: &Catalogue,
    opening: &Opening,
    books: &Books,
    (id, counts): Booked,
) -> Result<(), Error> {
    // Whoever orders holds the book, so nobody orders beside this.
    purchase_order::store::book_lock(tx).await?;
    purchase_order::store::lines_add(tx, catalogue, &books.lines).await?;
    let closed = books.lines.iter().filter(|line| line.is_closed());
    purchase_order::store::closed_add(tx, catalogue, closed).await?;
    let eve = opening.as_of.minus(1);
    purchase_order::store::book_set(tx, eve, count(books.lines.len()) + 1).await?;
    taken_back_add(tx, books, eve).await?;
    notices_add(tx, books).await?;
    lots_add(tx, books).await?;
    let plan_on = opening.plan.as_ref().map(|(_, on)| *on);
    ledger_add(tx, books, eve, plan_on).await?;
    balances_add(tx, books).await?;
    let names = books.names.iter().map(|name| {
        vec![
            name.line.into(),
            name.order.as_str().into(),
            name.order_line.as_str().into(),
            name.received.milli().into(),
        ]
    });
    let columns = ["line_no", "order_name", "order_line", "received"];
    tx.insert_many("opening_order", &columns, names.collect(), "")
        .await?;
    let [items, lots, orders] = counts;
    let row = vec![
        1i64.into(),
        id.into(),
        day(opening.as_of),
        items.into(),
        lots.into(),
        orders.into(),
    ];
    let columns = [
        "opening_no",
        "request_id",
        "as_of",
        "items",
        "lots",
        "orders",
    ];
    tx.insert_many("opening", &columns, vec![row], "").await?;
    if let Some((id, as_of)) = &opening.plan {
        // It was there before any fact of these services.
        let plan = Plan {
            id: id.clone(),
            as_of: *as_of,
            position: 0,
        };
        requirements_owe(tx, &plan).await?;
    }
    for Invariant {
        id, rule, violated, ..
    } in INVARIANTS
    {
        if let Some(row) = tx.rows(violated, vec![]).await?.first() {
            let example: String = get(row, 0)?;
            let message = format!("the opening breaks {id}, {rule}: {example}");
            return Err(Error::refused("OPENING_INVALID", message));
        }
    }
    // The books were empty, so what the tables hold is what has changed.
    changes_record(tx, &cells_fetch(tx).await?).await
}

async fn taken_back_add(tx: &Tx, books: &Books, eve: Date) -> Result<(), Error> {
    let lines = books.lines.iter().filter(|line| line.withdrawn > 0);
    let rows = lines.map(|line| {
        vec![
            line.number.into(),
            1i64.into(),
            4i64.into(),
            day(eve),
            0i64.into(),
            day(line.receipt_on),
            "before the opening".into(),
            line.withdrawn.into(),
            0i64.into(),
            0i64.into(),
            0i64.into(),
        ]
    });
    let columns = [
        "line_no",
        "event_no",
        "kind",
        "happened_on",
        "lots",
        "receipt_on",
        "reason",
        "withdrawn_lots",
        "finished",
        "raw",
        "finished_minor",
    ];
    tx.insert_many("order_line_event", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

async fn notices_add(tx: &Tx, books: &Books) -> Result<(), Error> {
    let rows = books.notices.iter().map(|(id, notice)| {
        let lots: usize = notice.parts.iter().map(|part| part.sizes.len()).sum();
        vec![
            id.as_str().into(),
            notice.supplier_no.into(),
            day(notice.shipped_on),
            day(notice.expected_on),
            day_opt(notice.received_on),
            count(lots).into(),
        ]
    });
    let columns = [
        "asn_id",
        "supplier_no",
        "shipped_on",
        "expected_on",
        "received_on",
        "lot_count",
    ];
    let suffix = "RETURNING asn_id, asn_no";
    let mut numbers: BTreeMap<String, i64> = BTreeMap::new();
    for row in tx
        .insert_returning("asn", &columns, rows.collect(), suffix)
        .await?
    {
        numbers.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let mut rows = Vec::new();
    for (id, notice) in &books.notices {
        let asn = numbers.get(id).copied().unwrap_or_default();
        for part in &notice.parts {
            let full = part.lot_size.milli();
            let short = part.sizes.iter().filter(|size| **size < full).count();
            let sizes = (short > 0).then(|| packed(&part.sizes));
            rows.push(vec![
                part.first.value().into(),
                asn.into(),
                part.line.into(),
                count(part.sizes.len()).into(),
                count(short).into(),
                part.sizes.iter().sum::<i64>().into(),
                sizes.into(),
                part.maker_lot.as_str().into(),
            ]);
        }
    }
    asn_lines_add(tx, rows).await
}

async fn lots_add(tx: &Tx, books: &Books) -> Result<(), Error> {
    let rows = books.lots.iter().map(|lot| {
        let stock = &lot.stock;
        vec![
            day(stock.received_on),
            lot.number.value().into(),
            i64::from(lot.number.item_no()).into(),
            stock.received.milli().into(),
            stock.on_hand.milli().into(),
            0i64.into(),
            (stock.state as i64).into(),
        ]
    });
    let columns = [
        "received_on",
        "lot_number",
        "item_no",
        "quantity",
        "on_hand",
        "reserved",
        "state",
    ];
    tx.insert_many("lot", &columns, rows.collect(), "").await?;
    let held = (books.lots.iter()).filter(|lot| lot.stock.state == LotState::Blocked);
    let rows = held.map(|lot| {
        vec![
            lot.number.value().into(),
            lot.line.into(),
            0i64.into(),
            1i64.into(),
            lot.stock.reason.as_str().into(),
        ]
    });
    let columns = ["lot_number", "line_no", "inspection", "open", "reason"];
    tx.insert_many("lot_hold", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Receipts on their days, and what was used of them before the plan's day and since, each as one use.
async fn ledger_add(tx: &Tx, books: &Books, eve: Date, plan_on: Option<Date>) -> Result<(), Error> {
    let entry = |on: Date, kind: i64, reservation: i64, run: &Run, sign: i64| -> Vec<Value> {
        vec![
            day(on),
            kind.into(),
            run.first.value().into(),
            reservation.into(),
            day(run.received_on),
            run.lots.into(),
            (run.each * sign).into(),
        ]
    };
    let received = runs(&books.lots, |lot| lot.stock.received.milli());
    let since = runs(&books.lots, |lot| lot.stock.used_since.milli());
    let before = runs(&books.lots, |lot| {
        let stock = &lot.stock;
        stock.received.milli() - stock.on_hand.milli() - stock.used_since.milli()
    });
    // A plan counts on from what was used before its day, so uses before and since are two.
    let before_on = plan_on.map_or(eve, |on| on.minus(1).min(eve));
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(received.len() + before.len() + since.len());
    rows.extend(
        received
            .iter()
            .map(|run| entry(run.received_on, 1, 0, run, 1)),
    );
    for (name, on, used) in [
        ("OPENING-BEFORE-PLAN", before_on, before),
        ("OPENING", eve, since),
    ] {
        if used.is_empty() {
            continue;
        }
        let row = vec![name.into(), day(on), 2i64.into(), 0i64.into(), 0i64.into()];
        let columns = [
            "reservation_id",
            "build_on",
            "state",
            "vehicle_count",
            "consumed_count",
        ];
        let made = tx
            .insert_returning(
                "reservation",
                &columns,
                vec![row],
                "RETURNING reservation_no",
            )
            .await?;
        let number = made.first().map(|row| get::<i64>(row, 0)).transpose()?;
        let number = number.unwrap_or_default();
        rows.extend(used.iter().map(|run| entry(on, 2, number, run, -1)));
    }
    let columns = [
        "day",
        "kind",
        "first_lot",
        "reservation_no",
        "received_on",
        "lots",
        "quantity",
    ];
    tx.insert_many("ledger", &columns, rows, "")
        .await
        .map(|_| ())
}

/// Consecutive lots of one day of receipt of each of which the same quantity moved.
struct Run {
    received_on: Date,
    first: LotNumber,
    lots: i64,
    each: i64,
}

fn runs(lots: &[Lot], moved: impl Fn(&Lot) -> i64) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for lot in lots {
        let each = moved(lot);
        if each == 0 {
            continue;
        }
        match runs.last_mut() {
            Some(run)
                if run.received_on == lot.stock.received_on
                    && run.each == each
                    && run.first.value() + run.lots == lot.number.value() =>
            {
                run.lots += 1;
            }
            _ => runs.push(Run {
                received_on: lot.stock.received_on,
                first: lot.number,
                lots: 1,
                each,
            }),
        }
    }
    runs
}

async fn balances_add(tx: &Tx, books: &Books) -> Result<(), Error> {
    // On hand, received, lost and the number of lots.
    let mut sums: BTreeMap<u32, [i64; 4]> = BTreeMap::new();
    for lot in &books.lots {
        let (stock, blocked) = (&lot.stock, lot.stock.state == LotState::Blocked);
        let [on_hand, received, lost, lots] = sums.entry(lot.number.item_no()).or_default();
        *on_hand += stock.on_hand.milli();
        *received += stock.received.milli();
        *lost += if blocked { stock.on_hand.milli() } else { 0 };
        *lots += 1;
    }
    for part in books.notices.values().flat_map(|notice| &notice.parts) {
        let [_, _, lost, _] = sums.entry(part.first.item_no()).or_default();
        let short = part.sizes.iter().map(|size| part.lot_size.milli() - size);
        *lost += short.sum::<i64>();
    }
    for line in books.lines.iter().filter(|line| line.withdrawn > 0) {
        let [_, _, lost, _] = sums.entry(line.source.item_no()).or_default();
        *lost += line.of_lots(line.withdrawn).milli();
    }
    let rows = sums
        .iter()
        .map(|(item_no, [on_hand, received, lost, lots])| {
            vec![
                i64::from(*item_no).into(),
                (*on_hand).into(),
                0i64.into(),
                (*received).into(),
                (received - on_hand).into(),
                (*lost).into(),
                (*lots).into(),
            ]
        });
    let columns = [
        "item_no", "on_hand", "reserved", "received", "issued", "lost", "lots",
    ];
    tx.insert_many("balance", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}
