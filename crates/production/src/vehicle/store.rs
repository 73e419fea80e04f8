//! The rows of vehicles.
//!
//! It must not know what a state allows. Invariants: a vehicle is found by the serial in its number and only under its
//! own number; an update counts the version on.

use takt_kernel::{Date, Vin};
use takt_planning::feature::Config;
use takt_service::{Error, Row, Tx};

use super::{State, Vehicle, serial_of};
use crate::product::store::{date_of, day_of};

const COLUMNS: &str = "SELECT t.serial, t.vin, t.build_number, o.order_id, t.config, t.state, t.built_on, t.released_on, t.dispatched_on, \
                       t.handed_over_on, t.hold_reason, t.version FROM vehicle AS t JOIN demand_order AS o ON o.order_number = t.order_number";

/// A key in the list of vehicles: built ones by build number, then those on the line by serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKey {
    /// Behind a build number.
    Built(i64),
    /// Behind a serial, among those that have no build number.
    OnLine(i64),
}

impl ListKey {
    /// The key as a page token holds it.
    pub fn text(self) -> String {
        match self {
            Self::Built(number) => format!("b{number}"),
            Self::OnLine(serial) => format!("s{serial}"),
        }
    }

    /// The key of a page token.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = (text.get(..1)?, text.get(1..)?.parse().ok()?);
        match kind {
            "b" => Some(Self::Built(number)),
            "s" => Some(Self::OnLine(number)),
            _ => None,
        }
    }

    /// The key of a vehicle.
    pub fn of(vehicle: &Vehicle) -> Self {
        match vehicle.build_number {
            0 => Self::OnLine(vehicle.serial),
            number => Self::Built(number),
        }
    }
}

fn read(row: &Row) -> Result<Vehicle, Error> {
    let day = |at: usize| -> Result<Option<Date>, Error> {
        Ok(row.try_get_by_index::<Option<i64>>(at)?.map(date_of))
    };
    let state: i64 = row.try_get_by_index(5)?;
    Ok(Vehicle {
        serial: row.try_get_by_index(0)?,
        vin: row.try_get_by_index(1)?,
        build_number: row.try_get_by_index::<Option<i64>>(2)?.unwrap_or(0),
        order_id: row.try_get_by_index(3)?,
        config: Config(row.try_get_by_index(4)?),
        state: State::of(state)
            .ok_or_else(|| Error::broken(format!("a vehicle has the state {state}")))?,
        built_on: day(6)?,
        released_on: day(7)?,
        dispatched_on: day(8)?,
        handed_over_on: day(9)?,
        hold_reason: row.try_get_by_index(10)?,
        version: row.try_get_by_index(11)?,
    })
}

/// The vehicle of a number.
///
/// # Errors
/// `Missing` when there is none; what the database said.
pub async fn vehicle_fetch(tx: &Tx, vin: &Vin) -> Result<Vehicle, Error> {
    let missing = || Error::missing("vehicle", vin);
    let serial = serial_of(vin).ok_or_else(missing)?;
    let row = tx
        .one(
            &format!("{COLUMNS} WHERE t.serial = $1"),
            vec![serial.into()],
        )
        .await?;
    let vehicle = row.map(|row| read(&row)).transpose()?;
    vehicle
        .filter(|vehicle| vehicle.vin == vin.as_str())
        .ok_or_else(missing)
}

/// A page of vehicles behind a key.
///
/// # Errors
/// What the database said.
pub async fn vehicles_page(tx: &Tx, after: ListKey, limit: i64) -> Result<Vec<Vehicle>, Error> {
    let mut page = Vec::new();
    let mut serial = 0;
    match after {
        ListKey::Built(number) => {
            let sql =
                format!("{COLUMNS} WHERE t.build_number > $1 ORDER BY t.build_number LIMIT $2");
            for row in tx.rows(&sql, vec![number.into(), limit.into()]).await? {
                page.push(read(&row)?);
            }
        }
        ListKey::OnLine(after) => serial = after,
    }
    let left = limit - i64::try_from(page.len()).unwrap_or(limit);
    if left > 0 {
        let sql = format!(
            "{COLUMNS} WHERE t.build_number IS NULL AND t.serial > $1 ORDER BY t.serial LIMIT $2"
        );
        for row in tx.rows(&sql, vec![serial.into(), left.into()]).await? {
            page.push(read(&row)?);
        }
    }
    Ok(page)
}

/// The vehicles between two build numbers, in build order.
///
/// # Errors
/// What the database said.
pub async fn vehicles_between(tx: &Tx, first: i64, last: i64) -> Result<Vec<Vehicle>, Error> {
    let sql = format!("{COLUMNS} WHERE t.build_number BETWEEN $1 AND $2 ORDER BY t.build_number");
    let rows = tx.rows(&sql, vec![first.into(), last.into()]).await?;
    rows.iter().map(read).collect()
}

/// The vehicles of some serials, in their order; a serial without a vehicle is left out.
///
/// # Errors
/// What the database said.
pub async fn vehicles_fetch(tx: &Tx, serials: &[i64]) -> Result<Vec<Vehicle>, Error> {
    let list = serials
        .iter()
        .map(|serial| vec![(*serial).into()])
        .collect();
    let query = COLUMNS.replace(
        "FROM vehicle AS t",
        "FROM v JOIN vehicle AS t ON t.serial = v.serial",
    );
    let rows = tx.rows_for(&["serial"], list, &query).await?;
    let mut vehicles: Vec<Vehicle> = rows.iter().map(read).collect::<Result<_, _>>()?;
    vehicles.sort_unstable_by_key(|vehicle| vehicle.serial);
    Ok(vehicles)
}

/// The vehicles of some build numbers, in build order.
///
/// # Errors
/// What the database said.
pub async fn vehicles_of_builds(tx: &Tx, builds: &[i64]) -> Result<Vec<Vehicle>, Error> {
    let list = builds.iter().map(|build| vec![(*build).into()]).collect();
    let columns = COLUMNS.replace(
        "FROM vehicle AS t",
        "FROM v JOIN vehicle AS t ON t.build_number = v.build_number",
    );
    let rows = tx.rows_for(&["build_number"], list, &columns).await?;
    let mut vehicles: Vec<Vehicle> = rows.iter().map(read).collect::<Result<_, _>>()?;
    vehicles.sort_by_key(|vehicle| vehicle.build_number);
    Ok(vehicles)
}

/// A page of the vehicles completed between two days, behind a build number.
///
/// # Errors
/// What the database said.
pub async fn vehicles_built_page(
    tx: &Tx,
    from: Date,
    to: Date,
    after: i64,
    limit: i64,
) -> Result<Vec<Vehicle>, Error> {
    // The unary plus keeps SQLite on the build numbers: by the days it would sort all of them for every page.
    let sql = format!(
        "{COLUMNS} WHERE t.build_number > $1 AND +t.built_on BETWEEN $2 AND $3 ORDER BY t.build_number LIMIT $4"
    );
    let values = vec![
        after.into(),
        day_of(from).into(),
        day_of(to).into(),
        limit.into(),
    ];
    let rows = tx.rows(&sql, values).await?;
    rows.iter().map(read).collect()
}

/// The first build number of a day and how many vehicles it completed.
///
/// # Errors
/// What the database said.
pub async fn day_builds_fetch(tx: &Tx, on: Date) -> Result<(i64, i64), Error> {
    let sql = "SELECT MIN(build_number), COUNT(*) FROM vehicle WHERE built_on = $1";
    match tx.one(sql, vec![day_of(on).into()]).await? {
        Some(row) => Ok((
            row.try_get_by_index::<Option<i64>>(0)?.unwrap_or(0),
            row.try_get_by_index(1)?,
        )),
        None => Ok((0, 0)),
    }
}

/// Saves what a hold or release changed; `Stale` when somebody else was faster.
///
/// # Errors
/// `Stale`; what the database said.
pub async fn vehicle_save(tx: &Tx, vehicle: &Vehicle) -> Result<(), Error> {
    let sql = "UPDATE vehicle SET state = $1, released_on = $2, hold_reason = $3, version = $4 WHERE serial = $5 AND version = $6";
    let values = vec![
        (vehicle.state as i64).into(),
        vehicle.released_on.map(day_of).into(),
        vehicle.hold_reason.clone().into(),
        vehicle.version.into(),
        vehicle.serial.into(),
        (vehicle.version - 1).into(),
    ];
    match tx.exec(sql, values).await? {
        0 => Err(Error::stale("vehicle", &vehicle.vin)),
        _ => Ok(()),
    }
}

/// A step of delivery that moved vehicles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// They left the plant.
    Dispatched,
    /// Their customers have them.
    HandedOver,
}

/// Moves vehicles on. A vehicle that quality kept back has left all the same: its hold ends with the plant's reach.
///
/// # Errors
/// `Missing` when one of them is not there; what the database said.
pub async fn vehicles_moved(tx: &Tx, step: Step, moves: &[(Vin, Date)]) -> Result<(), Error> {
    let (state, column) = match step {
        Step::Dispatched => (State::Dispatched, "dispatched_on"),
        Step::HandedOver => (State::HandedOver, "handed_over_on"),
    };
    let mut rows = Vec::with_capacity(moves.len());
    for (vin, on) in moves {
        let serial = serial_of(vin).ok_or_else(|| Error::missing("vehicle", vin))?;
        rows.push(vec![serial.into(), vin.as_str().into(), day_of(*on).into()]);
    }
    let number = state as i64;
    let set = [
        format!("state = CASE WHEN t.state < {number} THEN {number} ELSE t.state END"),
        format!("{column} = v.moved_on"),
        "released_on = COALESCE(t.released_on, v.moved_on)".to_owned(),
        "version = t.version + 1".to_owned(),
    ];
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let wanted = rows.len() as u64;
    let names = ["serial", "vin", "moved_on"];
    let moved = tx
        .update_many(
            "vehicle",
            &["serial", "vin"],
            &set,
            &names,
            rows,
            "t.build_number IS NOT NULL",
        )
        .await?;
    match (moved == wanted, moves) {
        (true, _) => Ok(()),
        (false, [(vin, _)]) => Err(Error::missing("vehicle", vin)),
        // The chassis halves the batch until the guilty fact stands alone.
        (false, _) => Err(Error::missing(
            "vehicle",
            format!("one of {wanted} that {column} names"),
        )),
    }
}
