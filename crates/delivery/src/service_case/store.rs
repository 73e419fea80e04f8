//! The rows of cases, and of vehicles as cases see them.
//!
//! It must not know why a case changes. Invariant: a case changes only by a statement that finds it in the state in which it was read.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::Value;
use takt_kernel::{Amount, Currency, Date};
use takt_service::{Error, Row, Tx};

use super::{Case, CaseState, Opening, Part, Repair, Replacement, Vehicle};
use crate::rows::{date, date_opt, day, day_opt, get, list};

/// The columns of a case behind the number of its row.
pub(crate) const COLUMNS: [&str; 24] = [
    "case_id",
    "vin",
    "state",
    "category",
    "symptom",
    "odometer_km",
    "city",
    "opened_on",
    "diagnosed_on",
    "finding",
    "item_id",
    "lot_id",
    "serial_number",
    "supplier_id",
    "repaired_on",
    "remedy",
    "labour_millihours",
    "cost_minor",
    "cost_currency",
    "new_lot_id",
    "new_serial_number",
    "new_supplier_id",
    "ended_on",
    "cancel_reason",
];

/// A vehicle and its order, in the columns that `vehicle_of` reads.
const VEHICLE: &str = "w.vin, w.vehicle_no, o.order_id, o.traceparent, w.handed_over_on, l.city";
const ORDER: &str =
    "LEFT JOIN sales_order o ON o.order_no = w.order_no LEFT JOIN lane l ON l.lane_no = o.lane_no";

fn vehicle_of(row: &Row, at: usize) -> Result<Vehicle, Error> {
    let text =
        |at| -> Result<String, Error> { Ok(get::<Option<String>>(row, at)?.unwrap_or_default()) };
    Ok(Vehicle {
        vin: get(row, at)?,
        number: get(row, at + 1)?,
        order_id: text(at + 2)?,
        traceparent: get(row, at + 3)?,
        handed_over_on: date_opt(row, at + 4)?,
        city: text(at + 5)?,
    })
}

/// Those of some vehicles that are known, by identification number.
pub(crate) async fn vehicles_fetch(
    tx: &Tx,
    vins: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vehicle>, Error> {
    let query = format!("SELECT {VEHICLE} FROM v JOIN vehicle w ON w.vin = v.vin {ORDER}");
    let rows = tx
        .rows_for(&["vin"], list(vins.iter().copied()), &query)
        .await?;
    let read = |row| {
        let vehicle = vehicle_of(row, 0)?;
        Ok((vehicle.vin.clone(), vehicle))
    };
    rows.iter().map(read).collect()
}

/// A vehicle.
pub(crate) async fn vehicle_fetch(tx: &Tx, vin: &str) -> Result<Vehicle, Error> {
    let found = vehicles_fetch(tx, &[vin].into()).await?.remove(vin);
    found.ok_or_else(|| Error::missing("vehicle", vin))
}

/// Those of some ids that cases have already.
pub(crate) async fn case_ids_taken(
    tx: &Tx,
    ids: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, Error> {
    let query = "SELECT c.case_id FROM v JOIN service_case c ON c.case_id = v.case_id";
    let rows = tx
        .rows_for(&["case_id"], list(ids.iter().copied()), query)
        .await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

fn values_of(case: &Case) -> Vec<Value> {
    let (opening, repair) = (&case.opening, case.repair.as_ref());
    let part = case.part.clone().unwrap_or_default();
    let new = repair.and_then(|repair| repair.replacement.as_ref());
    let cost = repair.map(|repair| repair.cost);
    vec![
        opening.id.as_str().into(),
        opening.vin.as_str().into(),
        case.state.code().into(),
        opening.category.as_str().into(),
        opening.symptom.as_str().into(),
        opening.odometer.into(),
        opening.city.as_str().into(),
        day(opening.on),
        day_opt(case.finding.as_ref().map(|(on, _)| *on)),
        case.finding.as_ref().map_or("", |(_, text)| text).into(),
        part.item.into(),
        part.lot.into(),
        part.serial.into(),
        part.supplier.into(),
        day_opt(repair.map(|repair| repair.on)),
        repair.map_or("", |repair| &repair.remedy).into(),
        repair.map_or(0, |repair| repair.labour).into(),
        cost.map_or(0, |cost| cost.minor).into(),
        cost.map_or_else(String::new, |cost| cost.currency.as_str().to_owned())
            .into(),
        new.map_or("", |new| &new.lot).into(),
        new.map_or("", |new| &new.serial).into(),
        new.map_or("", |new| &new.supplier).into(),
        day_opt(case.ended_on),
        case.cancel_reason.as_str().into(),
    ]
}

/// Stores new cases in their order.
pub(crate) async fn cases_add(tx: &Tx, cases: &[Case]) -> Result<(), Error> {
    let rows = cases.iter().map(values_of).collect();
    tx.insert_many("service_case", &COLUMNS, rows, "").await?;
    Ok(())
}

/// Saves a case that stood in a state when it was read.
pub(crate) async fn case_save(tx: &Tx, case: &Case, before: CaseState) -> Result<(), Error> {
    let set: Vec<String> = (COLUMNS.iter().zip(1..))
        .map(|(column, at)| format!("{column} = ${at}"))
        .collect();
    let (number, state) = (COLUMNS.len() + 1, COLUMNS.len() + 2);
    let sql = format!(
        "UPDATE service_case SET {} WHERE case_no = ${number} AND state = ${state}",
        set.join(", ")
    );
    let mut values = values_of(case);
    values.extend([case.number.into(), before.code().into()]);
    match tx.exec(&sql, values).await? {
        1 => Ok(()),
        _ => Err(Error::stale("service case", &case.opening.id)),
    }
}

fn select() -> String {
    let columns: Vec<String> = COLUMNS.iter().map(|column| format!("c.{column}")).collect();
    format!(
        "SELECT c.case_no, {}, {VEHICLE} FROM service_case c JOIN vehicle w ON w.vin = c.vin {ORDER}",
        columns.join(", ")
    )
}

fn read(row: &Row) -> Result<Case, Error> {
    let state: i64 = get(row, 3)?;
    let state =
        CaseState::of_code(state).ok_or_else(|| Error::broken(format!("case state {state}")))?;
    let part = Part {
        item: get(row, 11)?,
        lot: get(row, 12)?,
        serial: get(row, 13)?,
        supplier: get(row, 14)?,
    };
    let new = Replacement {
        lot: get(row, 20)?,
        serial: get(row, 21)?,
        supplier: get(row, 22)?,
    };
    let repair = match date_opt(row, 15)? {
        None => None,
        Some(on) => Some(Repair {
            on,
            remedy: get(row, 16)?,
            labour: get(row, 17)?,
            cost: Amount::new(
                get(row, 18)?,
                Currency::parse(&get::<String>(row, 19)?).map_err(Error::broken)?,
            ),
            replacement: Some(new).filter(|new| !new.lot.is_empty() || !new.serial.is_empty()),
        }),
    };
    let found = get::<String>(row, 10)?;
    Ok(Case {
        number: get(row, 0)?,
        opening: Opening {
            id: get(row, 1)?,
            vin: get(row, 2)?,
            category: get(row, 4)?,
            symptom: get(row, 5)?,
            odometer: get(row, 6)?,
            city: get(row, 7)?,
            on: date(row, 8)?,
        },
        vehicle: vehicle_of(row, 25)?,
        state,
        finding: date_opt(row, 9)?.map(|on| (on, found)),
        part: Some(part).filter(|part| !part.item.is_empty()),
        repair,
        ended_on: date_opt(row, 23)?,
        cancel_reason: get(row, 24)?,
    })
}

/// A case.
pub(crate) async fn case_fetch(tx: &Tx, id: &str) -> Result<Case, Error> {
    let sql = format!("{} WHERE c.case_id = $1", select());
    let row = tx.one(&sql, vec![id.into()]).await?;
    read(&row.ok_or_else(|| Error::missing("service case", id))?)
}

/// Which cases are wanted; what is empty or none does not narrow.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseFilter {
    /// How they stand.
    pub(crate) state: Option<CaseState>,
    /// Their category.
    pub(crate) category: String,
    /// Their vehicle.
    pub(crate) vin: String,
}

/// The next cases behind a number.
pub(crate) async fn cases_list(
    tx: &Tx,
    filter: &CaseFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Case>, Error> {
    let (mut sql, mut values) = (
        format!("{} WHERE c.case_no > $1", select()),
        vec![after.into()],
    );
    let mut narrow = |column: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND c.{column} = ${}", values.len()));
    };
    if let Some(state) = filter.state {
        narrow("state", state.code().into());
    }
    for (column, value) in [("category", &filter.category), ("vin", &filter.vin)] {
        if !value.is_empty() {
            narrow(column, value.as_str().into());
        }
    }
    values.push(limit.into());
    sql.push_str(&format!(" ORDER BY c.case_no LIMIT ${}", values.len()));
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(read).collect()
}

/// The cases of a category.
pub(crate) struct Count {
    /// The category.
    pub(crate) category: String,
    /// The currency of what they cost; empty where none is repaired.
    pub(crate) currency: String,
    /// The cases.
    pub(crate) cases: i64,
    /// Those with a part that failed.
    pub(crate) failed: i64,
    /// Those that are not closed.
    pub(crate) unclosed: i64,
    /// Thousandths of hours.
    pub(crate) labour: i64,
    /// What they cost.
    pub(crate) cost: i64,
}

/// The cases that were opened in a window and not cancelled, by category and currency; the vehicles handed over, and those with a case.
pub(crate) async fn counts_fetch(
    tx: &Tx,
    from: Option<Date>,
    until: Option<Date>,
) -> Result<(Vec<Count>, i64, i64), Error> {
    let window = || {
        vec![
            day(from.unwrap_or(Date::MIN)),
            day(until.unwrap_or(Date::MAX)),
        ]
    };
    let sql = "SELECT category, cost_currency, COUNT(*), CAST(SUM(CASE WHEN item_id <> '' THEN 1 ELSE 0 END) AS BIGINT), \
               CAST(SUM(CASE WHEN state < 4 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(labour_millihours) AS BIGINT), \
               CAST(SUM(cost_minor) AS BIGINT) FROM service_case WHERE state <> 5 AND opened_on BETWEEN $1 AND $2 \
               GROUP BY category, cost_currency ORDER BY category, cost_currency";
    let rows = tx.rows(sql, window()).await?;
    let read = |row| {
        Ok(Count {
            category: get(row, 0)?,
            currency: get(row, 1)?,
            cases: get(row, 2)?,
            failed: get(row, 3)?,
            unclosed: get(row, 4)?,
            labour: get(row, 5)?,
            cost: get(row, 6)?,
        })
    };
    let counts = rows.iter().map(read).collect::<Result<_, Error>>()?;
    let sql = "SELECT COUNT(*) FROM vehicle WHERE handed_over_on IS NOT NULL";
    let vehicles = tx.number(sql, vec![]).await?;
    let sql = "SELECT COUNT(DISTINCT vin) FROM service_case WHERE state <> 5 AND opened_on BETWEEN $1 AND $2";
    let with_case = tx.number(sql, window()).await?;
    Ok((counts, vehicles, with_case))
}

/// The last day on which a vehicle was handed over or a case opened.
pub(crate) async fn last_day(tx: &Tx) -> Result<Date, Error> {
    let sql = "SELECT CAST(MAX(d.last_on) AS BIGINT) FROM (SELECT MAX(handed_over_on) AS last_on FROM vehicle \
               UNION ALL SELECT MAX(opened_on) AS last_on FROM service_case) AS d";
    let row = tx.one(sql, vec![]).await?;
    let last = row.as_ref().map(|row| date_opt(row, 0)).transpose()?;
    Ok(last.flatten().unwrap_or(Date::MIN))
}

/// A vehicle that was handed over, as clusters see it.
pub(crate) struct Delivered {
    /// Its place in the order of builds.
    pub(crate) build_no: i64,
    /// The day of completion.
    pub(crate) built_on: Date,
    /// The day of the handover.
    pub(crate) handed_over_on: Date,
    /// The city to which it went.
    pub(crate) city: String,
}

/// The vehicles handed over until a day, by build number.
pub(crate) async fn delivered_fetch(tx: &Tx, until: Date) -> Result<Vec<Delivered>, Error> {
    let sql = "SELECT w.build_no, w.built_on, w.handed_over_on, l.city FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no \
               JOIN lane l ON l.lane_no = o.lane_no WHERE w.handed_over_on <= $1 ORDER BY w.build_no";
    let rows = tx.rows(sql, vec![day(until)]).await?;
    let read = |row| {
        Ok(Delivered {
            build_no: get(row, 0)?,
            built_on: date(row, 1)?,
            handed_over_on: date(row, 2)?,
            city: get(row, 3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// A part that failed.
pub(crate) struct Failed {
    /// The item.
    pub(crate) item: String,
    /// The lot.
    pub(crate) lot: String,
    /// The vehicle.
    pub(crate) build_no: i64,
}

/// The parts of lots that failed in cases opened until a day and within so many days of the handover.
pub(crate) async fn failed_fetch(
    tx: &Tx,
    item: &str,
    until: Date,
    window: i64,
) -> Result<Vec<Failed>, Error> {
    let sql = "SELECT c.item_id, c.lot_id, w.build_no FROM service_case c JOIN vehicle w ON w.vin = c.vin \
               WHERE c.item_id <> '' AND c.lot_id <> '' AND c.state <> 5 AND c.opened_on <= $1 AND c.opened_on - w.handed_over_on < $2 \
               AND ($3 = '' OR c.item_id = $3) ORDER BY c.item_id, w.build_no, c.lot_id";
    let rows = tx
        .rows(sql, vec![day(until), window.into(), item.into()])
        .await?;
    let read = |row| {
        Ok(Failed {
            item: get(row, 0)?,
            lot: get(row, 1)?,
            build_no: get(row, 2)?,
        })
    };
    rows.iter().map(read).collect()
}
