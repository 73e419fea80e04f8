//! The rows of stakes, joint development programmes and capacity reservations.
//!
//! It must not know rules. Invariant: a programme's items and milestones are written with it; only milestones change afterwards.

use std::collections::BTreeMap;

use takt_kernel::{Amount, Currency, Date};
use takt_service::{Error, Row, Tx, Value};

use super::{Development, Milestone, Reservation, Stake};
use crate::rows::{count, date, date_opt, day, day_opt, get, list, quantity};

/// The columns of a stake.
pub(crate) const STAKE: [&str; 5] = ["holder_id", "company_id", "held_on", "share", "source"];
/// The columns of a programme.
pub(crate) const DEVELOPMENT: [&str; 6] = [
    "development_id",
    "supplier_id",
    "title",
    "ended_on",
    "end_reason",
    "version",
];
/// The columns of a milestone.
pub(crate) const MILESTONE: [&str; 6] = [
    "development_id",
    "place",
    "milestone_id",
    "agreed_on",
    "due_on",
    "reached_on",
];
/// The columns of a reservation.
pub(crate) const RESERVATION: [&str; 10] = [
    "reservation_id",
    "supplier_id",
    "item_id",
    "weekly",
    "valid_from",
    "valid_until",
    "fee_minor",
    "fee_currency",
    "released",
    "lead_days",
];

/// Every stake, by holder, company and day.
pub(super) async fn stakes_fetch(tx: &Tx) -> Result<Vec<Stake>, Error> {
    let sql = "SELECT holder_id, company_id, held_on, share, source FROM stake ORDER BY holder_id, company_id, held_on";
    let rows = tx.rows(sql, vec![]).await?;
    let mut all: Vec<Stake> = rows.iter().map(stake).collect::<Result<_, Error>>()?;
    // Databases order text by rules of their own.
    all.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(all)
}

/// What a stake is known by.
pub(super) fn key(stake: &Stake) -> (&str, &str, Date) {
    (&stake.holder, &stake.company, stake.held_on)
}

/// Writes stakes in the place of those of the same holder, company and day.
pub(super) async fn stakes_save(tx: &Tx, stakes: &[Stake]) -> Result<(), Error> {
    let row = |stake: &Stake| {
        vec![
            stake.holder.as_str().into(),
            stake.company.as_str().into(),
            day(stake.held_on),
            stake.share.into(),
            stake.source.as_str().into(),
        ]
    };
    let suffix = "ON CONFLICT (holder_id, company_id, held_on) DO UPDATE SET share = excluded.share, source = excluded.source";
    let rows = stakes.iter().map(row).collect();
    tx.insert_many("stake", &STAKE, rows, suffix)
        .await
        .map(|_| ())
}

fn stake(row: &Row) -> Result<Stake, Error> {
    Ok(Stake {
        holder: get(row, 0)?,
        company: get(row, 1)?,
        held_on: date(row, 2)?,
        share: get(row, 3)?,
        source: get(row, 4)?,
    })
}

/// Writes a new programme whole.
pub(super) async fn development_add(tx: &Tx, new: &Development) -> Result<(), Error> {
    let row: Vec<Value> = vec![
        new.id.as_str().into(),
        new.supplier.as_str().into(),
        new.title.as_str().into(),
        day_opt(None),
        "".into(),
        new.version.into(),
    ];
    let suffix = "ON CONFLICT DO NOTHING RETURNING development_id";
    let written = tx
        .insert_returning("development", &DEVELOPMENT, vec![row], suffix)
        .await?;
    if written.is_empty() {
        return Err(Error::exists("development", &new.id));
    }
    let item = |item: &String| vec![new.id.as_str().into(), item.as_str().into()];
    if !new.items.is_empty() {
        let columns = ["development_id", "item_id"];
        let rows = new.items.iter().map(item).collect();
        tx.insert_many("development_item", &columns, rows, "")
            .await?;
    }
    let milestone = |(place, own): (usize, &Milestone)| {
        vec![
            new.id.as_str().into(),
            count(place).into(),
            own.id.as_str().into(),
            day(own.agreed_on),
            day(own.due_on),
            day_opt(own.reached_on),
        ]
    };
    let rows = new.milestones.iter().enumerate().map(milestone).collect();
    tx.insert_many("development_milestone", &MILESTONE, rows, "")
        .await
        .map(|_| ())
}

/// Writes what changed of a programme: its end, and the milestone at `place`.
pub(super) async fn development_save(
    tx: &Tx,
    changed: &Development,
    place: Option<usize>,
) -> Result<(), Error> {
    let (ended_on, reason) = match &changed.ended {
        Some((on, reason)) => (Some(*on), reason.as_str()),
        None => (None, ""),
    };
    let sql = "UPDATE development SET ended_on = $3, end_reason = $4, version = $2 WHERE development_id = $1 AND version = $2 - 1";
    let values = vec![
        changed.id.as_str().into(),
        changed.version.into(),
        day_opt(ended_on),
        reason.into(),
    ];
    if tx.exec(sql, values).await? != 1 {
        return Err(Error::stale("development", &changed.id));
    }
    let Some((place, own)) = place.and_then(|at| Some((at, changed.milestones.get(at)?))) else {
        return Ok(());
    };
    let sql = "UPDATE development_milestone SET due_on = $3, reached_on = $4 WHERE development_id = $1 AND place = $2";
    let values = vec![
        changed.id.as_str().into(),
        count(place).into(),
        day(own.due_on),
        day_opt(own.reached_on),
    ];
    tx.exec(sql, values).await.map(|_| ())
}

/// Which rows to read.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// The one of this id.
    Named(String),
    /// A page behind an id: the most of them, and of which supplier; empty is any.
    Page(String, i64, String),
    /// All.
    All,
}

impl Wanted {
    fn rows_of(&self, columns: &[&str], table: &str) -> (String, Vec<Value>) {
        let (id, columns) = (columns.first().copied().unwrap_or(""), columns.join(", "));
        match self {
            Self::Named(name) => (
                format!("SELECT {columns} FROM {table} WHERE {id} = $1"),
                vec![name.as_str().into()],
            ),
            Self::Page(after, most, supplier) => (
                format!(
                    "SELECT {columns} FROM {table} WHERE {id} > $1 AND ($3 = '' OR supplier_id = $3) ORDER BY {id} LIMIT $2"
                ),
                vec![
                    after.as_str().into(),
                    (*most).into(),
                    supplier.as_str().into(),
                ],
            ),
            Self::All => (
                format!("SELECT {columns} FROM {table} ORDER BY {id}"),
                vec![],
            ),
        }
    }
}

/// Programmes with their items and milestones, by id.
pub(super) async fn developments_fetch(
    tx: &Tx,
    wanted: &Wanted,
) -> Result<Vec<Development>, Error> {
    let (sql, values) = wanted.rows_of(&DEVELOPMENT, "development");
    let rows = tx.rows(&sql, values).await?;
    let mut all: Vec<Development> = rows.iter().map(development).collect::<Result<_, Error>>()?;
    if all.is_empty() {
        return Ok(all);
    }
    let ids = || list(all.iter().map(|one| one.id.as_str()));
    let sql = "SELECT i.development_id, i.item_id FROM v JOIN development_item AS i ON i.development_id = v.development_id \
               ORDER BY i.development_id, i.item_id";
    let mut items: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tx.rows_for(&["development_id"], ids(), sql).await? {
        items.entry(get(&row, 0)?).or_default().push(get(&row, 1)?);
    }
    let sql = "SELECT m.development_id, m.place, m.milestone_id, m.agreed_on, m.due_on, m.reached_on FROM v \
               JOIN development_milestone AS m ON m.development_id = v.development_id ORDER BY m.development_id, m.place";
    let mut milestones: BTreeMap<String, Vec<Milestone>> = BTreeMap::new();
    for row in tx.rows_for(&["development_id"], ids(), sql).await? {
        let own = Milestone {
            id: get(&row, 2)?,
            agreed_on: date(&row, 3)?,
            due_on: date(&row, 4)?,
            reached_on: date_opt(&row, 5)?,
        };
        milestones.entry(get(&row, 0)?).or_default().push(own);
    }
    for one in &mut all {
        one.items = items.remove(&one.id).unwrap_or_default();
        one.items.sort_unstable();
        one.milestones = milestones.remove(&one.id).unwrap_or_default();
    }
    Ok(all)
}

fn development(row: &Row) -> Result<Development, Error> {
    let reason: String = get(row, 4)?;
    Ok(Development {
        id: get(row, 0)?,
        supplier: get(row, 1)?,
        title: get(row, 2)?,
        items: Vec::new(),
        milestones: Vec::new(),
        ended: date_opt(row, 3)?.map(|on| (on, reason)),
        version: get(row, 5)?,
    })
}

/// Writes a new reservation.
pub(super) async fn reservation_add(tx: &Tx, new: &Reservation) -> Result<(), Error> {
    let currency = new.fee.map(|fee| fee.currency);
    let row: Vec<Value> = vec![
        new.id.as_str().into(),
        new.supplier.as_str().into(),
        new.item.as_str().into(),
        new.weekly.milli().into(),
        day(new.valid.0),
        day(new.valid.1),
        new.fee.map(|fee| fee.minor).into(),
        currency.as_ref().map_or("", Currency::as_str).into(),
        i64::from(new.released).into(),
        new.lead_days.into(),
    ];
    let suffix = "ON CONFLICT DO NOTHING RETURNING reservation_id";
    let written = tx
        .insert_returning("capacity_reservation", &RESERVATION, vec![row], suffix)
        .await?;
    if written.is_empty() {
        return Err(Error::exists("capacity reservation", &new.id));
    }
    Ok(())
}

/// Writes that a reservation was given back.
pub(super) async fn reservation_release(tx: &Tx, changed: &Reservation) -> Result<(), Error> {
    let sql = "UPDATE capacity_reservation SET valid_until = $2, released = 1 WHERE reservation_id = $1 AND released = 0";
    let values = vec![changed.id.as_str().into(), day(changed.valid.1)];
    match tx.exec(sql, values).await? {
        1 => Ok(()),
        _ => Err(Error::stale("capacity reservation", &changed.id)),
    }
}

/// Reservations, by id.
pub(super) async fn reservations_fetch(
    tx: &Tx,
    wanted: &Wanted,
) -> Result<Vec<Reservation>, Error> {
    let (sql, values) = wanted.rows_of(&RESERVATION, "capacity_reservation");
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(reservation).collect()
}

/// Every reservation.
pub(crate) async fn all_reservations_fetch(tx: &Tx) -> Result<Vec<Reservation>, Error> {
    reservations_fetch(tx, &Wanted::All).await
}

fn reservation(row: &Row) -> Result<Reservation, Error> {
    let currency: String = get(row, 7)?;
    let minor: Option<i64> = get(row, 6)?;
    let fee = match minor {
        None => None,
        Some(minor) => Some(Amount {
            minor,
            currency: Currency::parse(&currency)
                .map_err(|error| Error::broken(format!("the currency of a fee: {error}")))?,
        }),
    };
    Ok(Reservation {
        id: get(row, 0)?,
        supplier: get(row, 1)?,
        item: get(row, 2)?,
        weekly: quantity(row, 3)?,
        valid: (date(row, 4)?, date(row, 5)?),
        fee,
        released: get::<i64>(row, 8)? != 0,
        lead_days: get(row, 9)?,
    })
}
