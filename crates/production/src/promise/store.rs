//! The rows of holds and of the ledger of slots.
//!
//! It must not know rules. Invariants: whoever changes slots locks the head first, so changes follow each other and
//! versions are in the order of commits; an entry is never changed.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::{Error, Row, Tx};

use super::hold::{Entry, EntryKind, HeldDay, Hold, HoldState, Holds};
use crate::product::store::{date_of, day_of, number_of};

/// Locks the ledger and answers with the version of what is going to be written.
pub async fn slots_lock(tx: &Tx) -> Result<i64, Error> {
    let row = tx
        .one(
            "UPDATE slot_head SET version = version + 1 RETURNING version",
            vec![],
        )
        .await?;
    let row = row.ok_or_else(|| Error::broken("the ledger of slots has no head"))?;
    Ok(row.try_get_by_index(0)?)
}

/// Brings holds up to a version of the ledger by the entries since theirs.
pub async fn holds_advance(tx: &Tx, holds: &mut Holds, until: i64) -> Result<(), Error> {
    let sql = "SELECT e.version, e.hold_no, e.build_on, e.kind, e.vehicle_count, h.config, h.held_until FROM slot_entry AS e \
               JOIN hold AS h ON h.hold_no = e.hold_no WHERE e.version > $1 AND e.version <= $2 ORDER BY e.version, e.hold_no, e.kind, e.build_on";
    let rows = tx.rows(sql, vec![holds.version.into(), until.into()]);
    for row in rows.await? {
        let kind: i64 = row.try_get_by_index(3)?;
        let entry = Entry {
            version: row.try_get_by_index(0)?,
            hold: row.try_get_by_index(1)?,
            on: date_of(row.try_get_by_index(2)?),
            kind: EntryKind::of(kind)
                .ok_or_else(|| Error::broken(format!("a slot entry has the kind {kind}")))?,
            vehicles: row.try_get_by_index(4)?,
        };
        let (config, until) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
        holds.apply(entry, Config(config), Some(until));
    }
    holds.version = until;
    Ok(())
}

/// Slots that are kept at a moment: variant, day and vehicles. Only open holds are read: SQLite takes the index of them where its own
/// condition stands in the statement, and not by inference.
pub async fn slots_kept_fetch(tx: &Tx, now: i64) -> Result<Vec<(usize, Date, i64)>, Error> {
    let sql = "SELECT h.config, s.build_on, s.kept_count FROM hold AS h JOIN hold_slot AS s ON s.hold_no = h.hold_no \
               WHERE h.state <= 2 AND s.kept_count > 0 AND (h.state = 2 OR h.expires_at > $1)";
    let rows = tx.rows(sql, vec![now.into()]).await?;
    let read = |row: &Row| {
        let config = Config(row.try_get_by_index(0)?);
        let on = date_of(row.try_get_by_index(1)?);
        Ok((config.variant(), on, row.try_get_by_index(2)?))
    };
    rows.iter().map(read).collect()
}

/// Writes entries of one version.
pub async fn entries_add(
    tx: &Tx,
    version: i64,
    entries: &[(i64, Date, EntryKind, i64)],
) -> Result<(), Error> {
    let rows = entries.iter().map(|(hold, on, kind, vehicles)| {
        vec![
            version.into(),
            (*hold).into(),
            day_of(*on).into(),
            (*kind as i64).into(),
            (*vehicles).into(),
            tx.now_micros().into(),
        ]
    });
    let columns = [
        "version",
        "hold_no",
        "build_on",
        "kind",
        "vehicle_count",
        "written_at",
    ];
    tx.insert_many("slot_entry", &columns, rows.collect(), "")
        .await
        .map(|_| ())
}

/// Writes a new hold with its slots and entries, and gives it its number.
pub async fn hold_add(tx: &Tx, version: i64, hold: &mut Hold) -> Result<(), Error> {
    let sql = "INSERT INTO hold (hold_id, variant_no, config, state, expires_at, held_until, plan_id) \
               VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT DO NOTHING RETURNING hold_no";
    let values = vec![
        hold.id.as_str().into(),
        number_of(hold.config.variant()).into(),
        hold.config.0.into(),
        (hold.state as i64).into(),
        hold.expires_at.into(),
        hold.plan_id.as_str().into(),
    ];
    let row = tx.one(sql, values).await?;
    let row = row.ok_or_else(|| Error::exists("hold", &hold.id))?;
    hold.number = row.try_get_by_index(0)?;
    let rows = hold.days.iter().map(|day| {
        vec![
            hold.number.into(),
            day_of(day.on).into(),
            day.held.into(),
            0i64.into(),
            0i64.into(),
            day.held.into(),
        ]
    });
    let columns = [
        "hold_no",
        "build_on",
        "vehicle_count",
        "ordered_count",
        "built_count",
        "kept_count",
    ];
    tx.insert_many("hold_slot", &columns, rows.collect(), "")
        .await?;
    let slots = hold
        .days
        .iter()
        .map(|day| (hold.number, day.on, EntryKind::Held, day.held));
    let entries: Vec<_> = slots.collect();
    entries_add(tx, version, &entries).await
}

/// Writes the state of a hold and what its days keep.
pub async fn hold_save(tx: &Tx, hold: &Hold) -> Result<(), Error> {
    let sql = "UPDATE hold SET state = $1, expires_at = $2 WHERE hold_no = $3";
    let values = vec![
        (hold.state as i64).into(),
        hold.expires_at.into(),
        hold.number.into(),
    ];
    tx.exec(sql, values).await?;
    let rows = hold.days.iter().map(|day| {
        vec![
            hold.number.into(),
            day_of(day.on).into(),
            day.ordered.into(),
            day.built.into(),
            day.kept.into(),
        ]
    });
    let columns = ["hold_no", "build_on", "ordered", "built", "kept"];
    let set = [
        "ordered_count = v.ordered",
        "built_count = v.built",
        "kept_count = v.kept",
    ];
    tx.update_many(
        "hold_slot",
        &["hold_no", "build_on"],
        &set,
        &columns,
        rows.collect(),
        "",
    )
    .await
    .map(|_| ())
}

/// Writes down that the time of holds has passed; they kept nothing since.
pub async fn holds_sweep(tx: &Tx, version: i64) -> Result<(), Error> {
    let sql = "SELECT h.hold_no, s.build_on, s.kept_count FROM hold AS h JOIN hold_slot AS s ON s.hold_no = h.hold_no \
               WHERE h.state <= 2 AND h.state = 1 AND h.expires_at <= $1 AND s.kept_count > 0 ORDER BY 1, 2";
    let now = tx.now_micros();
    let mut entries = Vec::new();
    for row in tx.rows(sql, vec![now.into()]).await? {
        let on = date_of(row.try_get_by_index(1)?);
        entries.push((
            row.try_get_by_index(0)?,
            on,
            EntryKind::Expired,
            row.try_get_by_index(2)?,
        ));
    }
    if entries.is_empty() {
        return Ok(());
    }
    entries_add(tx, version, &entries).await?;
    let sql = "UPDATE hold_slot SET kept_count = 0 WHERE hold_no IN (SELECT hold_no FROM hold WHERE state <= 2 AND state = 1 AND expires_at <= $1)";
    tx.exec(sql, vec![now.into()]).await?;
    let sql = "UPDATE hold SET state = 5 WHERE state <= 2 AND state = 1 AND expires_at <= $1";
    tx.exec(sql, vec![now.into()]).await.map(|_| ())
}

const HOLD: &str = "hold_no, hold_id, config, state, expires_at, plan_id FROM hold";

/// A hold by its name.
pub async fn hold_fetch(tx: &Tx, id: &str) -> Result<Hold, Error> {
    let sql = format!("SELECT {HOLD} WHERE hold_id = $1");
    let row = tx.one(&sql, vec![id.into()]).await?;
    let row = row.ok_or_else(|| Error::missing("hold", id))?;
    let mut holds = vec![hold_read(&row)?];
    days_fetch(tx, &mut holds).await?;
    holds.pop().ok_or_else(|| Error::missing("hold", id))
}

/// Holds behind a number, oldest first; only those that keep something at a moment, if it is given.
pub async fn holds_page(
    tx: &Tx,
    open_at: Option<i64>,
    after: i64,
    limit: i64,
) -> Result<Vec<Hold>, Error> {
    let open = open_at.map_or("", |_| "AND (state = 2 OR (state = 1 AND expires_at > $3))");
    let sql = format!("SELECT {HOLD} WHERE hold_no > $1 {open} ORDER BY hold_no LIMIT $2");
    let mut values = vec![after.into(), limit.into()];
    values.extend(open_at.map(Into::into));
    let rows = tx.rows(&sql, values).await?;
    let mut holds = rows.iter().map(hold_read).collect::<Result<Vec<_>, _>>()?;
    days_fetch(tx, &mut holds).await?;
    Ok(holds)
}

fn hold_read(row: &Row) -> Result<Hold, Error> {
    let state: i64 = row.try_get_by_index(3)?;
    Ok(Hold {
        number: row.try_get_by_index(0)?,
        id: row.try_get_by_index(1)?,
        config: Config(row.try_get_by_index(2)?),
        state: HoldState::of(state)
            .ok_or_else(|| Error::broken(format!("a hold has the state {state}")))?,
        expires_at: row.try_get_by_index(4)?,
        plan_id: row.try_get_by_index(5)?,
        days: Vec::new(),
    })
}

async fn days_fetch(tx: &Tx, holds: &mut [Hold]) -> Result<(), Error> {
    let list = holds.iter().map(|hold| vec![hold.number.into()]).collect();
    let sql = "SELECT s.hold_no, s.build_on, s.vehicle_count, s.ordered_count, s.built_count, s.kept_count FROM v \
               JOIN hold_slot AS s ON s.hold_no = v.hold_no";
    let mut days: BTreeMap<i64, Vec<HeldDay>> = BTreeMap::new();
    for row in tx.rows_for(&["hold_no"], list, sql).await? {
        days.entry(row.try_get_by_index(0)?)
            .or_default()
            .push(HeldDay {
                on: date_of(row.try_get_by_index(1)?),
                held: row.try_get_by_index(2)?,
                ordered: row.try_get_by_index(3)?,
                built: row.try_get_by_index(4)?,
                kept: row.try_get_by_index(5)?,
            });
    }
    for hold in holds {
        hold.days = days.remove(&hold.number).unwrap_or_default();
        hold.days.sort_by_key(|day| day.on);
    }
    Ok(())
}
