//! The rows of non-conformances, their steps, holds, and the vehicles that holds touch.
//!
//! It must not know what may be decided. Invariants: whoever changes anything of quality holds the gate's row; the
//! number of statements does not depend on the vehicles.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Row, Tx, Value};

use super::{Kept, LotHold, NonConformance, Scope};
use crate::product::store::{date_of, day_of, index_of, number_of};

/// Waits until nobody else places a hold or completes vehicles, and keeps them out until the commit.
///
/// # Errors
/// What the database said.
pub async fn gate_pass(tx: &Tx) -> Result<(), Error> {
    let sql = "UPDATE quality_gate SET passed = passed + 1 WHERE gate_no = 1";
    tx.exec(sql, vec![]).await.map(|_| ())
}

const CASES: &str = "SELECT c.nc_no, c.title, c.defect_code, c.item_id, c.operation_id, c.opened_by, c.opened_on, c.step, c.version FROM non_conformance AS c";

fn case(row: &Row) -> Result<NonConformance, Error> {
    Ok(NonConformance {
        nc_no: row.try_get_by_index(0)?,
        title: row.try_get_by_index(1)?,
        defect_code: row.try_get_by_index(2)?,
        item_id: row.try_get_by_index(3)?,
        operation_id: row.try_get_by_index(4)?,
        opened_by: row.try_get_by_index(5)?,
        opened_on: date_of(row.try_get_by_index(6)?),
        step: row.try_get_by_index(7)?,
        version: row.try_get_by_index(8)?,
    })
}

/// The case of a number.
///
/// # Errors
/// `Missing`; what the database said.
pub async fn case_fetch(tx: &Tx, number: i64) -> Result<NonConformance, Error> {
    let row = tx
        .one(&format!("{CASES} WHERE c.nc_no = $1"), vec![number.into()])
        .await?;
    let missing = || Error::missing("non-conformance", super::nc_id(number));
    row.map(|row| case(&row)).transpose()?.ok_or_else(missing)
}

/// Adds a case under the next number.
///
/// # Errors
/// What the database said.
pub async fn case_add(tx: &Tx, new: &NonConformance) -> Result<NonConformance, Error> {
    let last = tx
        .number("SELECT MAX(nc_no) FROM non_conformance", vec![])
        .await?;
    let added = NonConformance {
        nc_no: last + 1,
        ..new.clone()
    };
    let row = vec![
        added.nc_no.into(),
        added.title.clone().into(),
        added.defect_code.clone().into(),
        added.item_id.clone().into(),
        added.operation_id.clone().into(),
        added.opened_by.clone().into(),
        day_of(added.opened_on).into(),
        added.step.into(),
        added.version.into(),
    ];
    let columns = [
        "nc_no",
        "title",
        "defect_code",
        "item_id",
        "operation_id",
        "opened_by",
        "opened_on",
        "step",
        "version",
    ];
    tx.insert_many("non_conformance", &columns, vec![row], "")
        .await?;
    Ok(added)
}

/// An entry in the record of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// The step, D0 being 1.
    pub step: i64,
    /// Whether it was taken back.
    pub reopened: bool,
    /// Who.
    pub by: String,
    /// When.
    pub on: Date,
    /// What was done, or why it was taken back.
    pub text: String,
}

/// Saves what a step changed, with its entry in the record.
///
/// # Errors
/// `Stale`; what the database said.
pub async fn case_save(tx: &Tx, case: &NonConformance, entry: &StepRow) -> Result<(), Error> {
    let sql =
        "UPDATE non_conformance SET step = $1, version = $2 WHERE nc_no = $3 AND version = $4";
    let values = vec![
        case.step.into(),
        case.version.into(),
        case.nc_no.into(),
        (case.version - 1).into(),
    ];
    if tx.exec(sql, values).await? == 0 {
        return Err(Error::stale("non-conformance", case.id()));
    }
    let row = vec![
        case.nc_no.into(),
        (case.version - 1).into(),
        entry.step.into(),
        i64::from(entry.reopened).into(),
        entry.by.clone().into(),
        day_of(entry.on).into(),
        entry.text.clone().into(),
    ];
    let columns = [
        "nc_no", "sequence", "step", "reopened", "done_by", "done_on", "said",
    ];
    tx.insert_many("nc_step", &columns, vec![row], "").await?;
    Ok(())
}

/// The record of a case.
///
/// # Errors
/// What the database said.
pub async fn steps_fetch(tx: &Tx, number: i64) -> Result<Vec<StepRow>, Error> {
    let sql = "SELECT step, reopened, done_by, done_on, said FROM nc_step WHERE nc_no = $1 ORDER BY sequence";
    let rows = tx.rows(sql, vec![number.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(StepRow {
                step: row.try_get_by_index(0)?,
                reopened: row.try_get_by_index::<i64>(1)? == 1,
                by: row.try_get_by_index(2)?,
                on: date_of(row.try_get_by_index(3)?),
                text: row.try_get_by_index(4)?,
            })
        })
        .collect()
}

/// Which cases to list.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Only closed ones, or only open ones.
    pub closed: Option<bool>,
    /// Only with this code.
    pub defect_code: Option<String>,
    /// Only about this item.
    pub item_id: Option<String>,
    /// Only those that keep the vehicle of this serial back.
    pub serial: Option<i64>,
}

/// The cases behind a number.
///
/// # Errors
/// What the database said.
pub async fn cases_page(
    tx: &Tx,
    filter: &CaseFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<NonConformance>, Error> {
    let mut sql = format!("{CASES} WHERE c.nc_no > $1");
    let mut values: Vec<Value> = vec![after.into()];
    if let Some(closed) = filter.closed {
        sql.push_str(if closed {
            " AND c.step = 9"
        } else {
            " AND c.step < 9"
        });
    }
    let kept = "EXISTS (SELECT 1 FROM hold_vehicle AS k JOIN quality_hold AS h ON h.hold_no = k.hold_no WHERE h.nc_no = c.nc_no AND k.state IN (1, 3) AND k.serial";
    let conditions: [(&str, &str, Option<Value>); 3] = [
        (
            "c.defect_code",
            "",
            filter.defect_code.clone().map(Into::into),
        ),
        ("c.item_id", "", filter.item_id.clone().map(Into::into)),
        (kept, ")", filter.serial.map(Into::into)),
    ];
    for (head, tail, value) in conditions {
        if let Some(value) = value {
            values.push(value);
            sql.push_str(&format!(" AND {head} = ${}{tail}", values.len()));
        }
    }
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY c.nc_no LIMIT ${}", values.len()));
    tx.rows(&sql, values).await?.iter().map(case).collect()
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its number.
    pub hold_no: i64,
    /// The case.
    pub nc_no: i64,
    /// What it keeps back; vehicles by numbers are read from their rows.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_on: Date,
    /// Whether it catches what is still to be built.
    pub in_force: bool,
    /// What procurement has done about the lot, as its number; 0 for none.
    pub lot_state: i64,
    /// What procurement said.
    pub lot_note: String,
}

impl Hold {
    /// The id.
    pub fn id(&self) -> String {
        super::hold_id(self.hold_no)
    }

    /// Whether its lot is still to be decided.
    pub fn has_lot_open(&self) -> bool {
        let open = [LotHold::Asked, LotHold::Blocked];
        self.in_force && open.iter().any(|state| *state as i64 == self.lot_state)
    }
}

const HOLDS: &str = "SELECT hold_no, nc_no, kind, first_build, last_build, lot_id, item_no, from_on, through_on, reason, placed_by, placed_on, in_force, \
                     lot_state, lot_note FROM quality_hold";

fn hold(row: &Row) -> Result<Hold, Error> {
    let number = |at: usize| -> Result<i64, Error> { Ok(row.try_get_by_index(at)?) };
    let scope = match number(2)? {
        2 => Scope::Builds(number(3)?, number(4)?),
        3 => Scope::Lot(row.try_get_by_index(5)?),
        4 => Scope::Window(
            index_of(number(6)?),
            date_of(number(7)?),
            date_of(number(8)?),
        ),
        _ => Scope::Vehicles(Vec::new()),
    };
    Ok(Hold {
        hold_no: number(0)?,
        nc_no: number(1)?,
        scope,
        reason: row.try_get_by_index(9)?,
        placed_by: row.try_get_by_index(10)?,
        placed_on: date_of(number(11)?),
        in_force: number(12)? == 1,
        lot_state: number(13)?,
        lot_note: row.try_get_by_index(14)?,
    })
}

/// Adds a hold under the next number.
///
/// # Errors
/// What the database said.
pub async fn hold_add(tx: &Tx, new: &Hold) -> Result<Hold, Error> {
    let last = tx
        .number("SELECT MAX(hold_no) FROM quality_hold", vec![])
        .await?;
    let added = Hold {
        hold_no: last + 1,
        ..new.clone()
    };
    let (mut kind, mut builds, mut lot, mut window) = (1i64, (0, 0), String::new(), (0, 0, 0));
    match &added.scope {
        Scope::Vehicles(_) => {}
        Scope::Builds(first, last) => (kind, builds) = (2, (*first, *last)),
        Scope::Lot(id) => (kind, lot) = (3, id.clone()),
        Scope::Window(item, from, through) => {
            (kind, window) = (4, (number_of(*item), day_of(*from), day_of(*through)));
        }
    }
    let row = vec![
        added.hold_no.into(),
        added.nc_no.into(),
        kind.into(),
        builds.0.into(),
        builds.1.into(),
        lot.into(),
        window.0.into(),
        window.1.into(),
        window.2.into(),
        added.reason.clone().into(),
        added.placed_by.clone().into(),
        day_of(added.placed_on).into(),
        i64::from(added.in_force).into(),
        added.lot_state.into(),
        added.lot_note.clone().into(),
    ];
    let columns = [
        "hold_no",
        "nc_no",
        "kind",
        "first_build",
        "last_build",
        "lot_id",
        "item_no",
        "from_on",
        "through_on",
        "reason",
        "placed_by",
        "placed_on",
        "in_force",
        "lot_state",
        "lot_note",
    ];
    tx.insert_many("quality_hold", &columns, vec![row], "")
        .await?;
    Ok(added)
}

/// The hold of a number.
///
/// # Errors
/// `Missing`; what the database said.
pub async fn hold_fetch(tx: &Tx, number: i64) -> Result<Hold, Error> {
    let row = tx
        .one(&format!("{HOLDS} WHERE hold_no = $1"), vec![number.into()])
        .await?;
    let missing = || Error::missing("hold", super::hold_id(number));
    row.map(|row| hold(&row)).transpose()?.ok_or_else(missing)
}

/// The holds of a case, or with None those that still catch what is built.
///
/// # Errors
/// What the database said.
pub async fn holds_fetch(tx: &Tx, of_case: Option<i64>) -> Result<Vec<Hold>, Error> {
    let rows = match of_case {
        Some(number) => {
            let sql = format!("{HOLDS} WHERE nc_no = $1 ORDER BY hold_no");
            tx.rows(&sql, vec![number.into()]).await?
        }
        None => {
            let sql = format!("{HOLDS} WHERE in_force = 1 ORDER BY hold_no");
            tx.rows(&sql, vec![]).await?
        }
    };
    rows.iter().map(hold).collect()
}

/// Saves whether a hold is in force and what became of its lot.
///
/// # Errors
/// What the database said.
pub async fn hold_save(tx: &Tx, hold: &Hold) -> Result<(), Error> {
    let sql =
        "UPDATE quality_hold SET in_force = $1, lot_state = $2, lot_note = $3 WHERE hold_no = $4";
    let values = vec![
        i64::from(hold.in_force).into(),
        hold.lot_state.into(),
        hold.lot_note.clone().into(),
        hold.hold_no.into(),
    ];
    tx.exec(sql, values).await.map(|_| ())
}

/// The vehicles of holds by what the holds mean for them: hold, state, count.
///
/// # Errors
/// What the database said.
pub async fn counts_fetch(tx: &Tx, holds: &[Hold]) -> Result<BTreeMap<(i64, i64), i64>, Error> {
    let list = holds.iter().map(|hold| vec![hold.hold_no.into()]).collect();
    let query = "SELECT k.hold_no, k.state, COUNT(*) FROM v JOIN hold_vehicle AS k ON k.hold_no = v.hold_no GROUP BY k.hold_no, k.state";
    let rows = tx.rows_for(&["hold_no"], list, query).await?;
    rows.iter()
        .map(|row| {
            let key = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            Ok((key, row.try_get_by_index(2)?))
        })
        .collect()
}

/// What is still held for a case: vehicles that are kept back, and holds that are in force.
///
/// # Errors
/// What the database said.
pub async fn held_of_case(tx: &Tx, nc_no: i64) -> Result<i64, Error> {
    let sql = "SELECT (SELECT COUNT(*) FROM quality_hold WHERE nc_no = $1 AND in_force = 1) + (SELECT COUNT(*) FROM hold_vehicle AS k \
               WHERE k.hold_no IN (SELECT hold_no FROM quality_hold WHERE nc_no = $2) AND k.state = $3)";
    tx.number(
        sql,
        vec![nc_no.into(), nc_no.into(), (Kept::Held as i64).into()],
    )
    .await
}

/// The holds that keep a vehicle back or have scrapped it: hold, case, state.
///
/// # Errors
/// What the database said.
pub async fn holds_of_vehicle(tx: &Tx, serial: i64) -> Result<Vec<(i64, i64, i64)>, Error> {
    let sql = "SELECT k.hold_no, h.nc_no, k.state FROM hold_vehicle AS k JOIN quality_hold AS h ON h.hold_no = k.hold_no \
               WHERE k.serial = $1 AND k.state IN (1, 3) ORDER BY k.hold_no";
    let rows = tx.rows(sql, vec![serial.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get_by_index(0)?,
                row.try_get_by_index(1)?,
                row.try_get_by_index(2)?,
            ))
        })
        .collect()
}
