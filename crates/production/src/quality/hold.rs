//! Holds and what they catch: what is built, and what is being built.
//!
//! It must not know messages. Invariants: QH-1 what a hold keeps back is not released, whichever way; a hold placed
//! beside a day of the line misses no vehicle of it, because both hold the gate; delivery hears of every vehicle that it
//! might have taken.

use std::collections::{BTreeMap, BTreeSet};

use takt_contract::{
    date_pb,
    events::v1::{VehicleHeld, VehicleReleased, fact_body::Kind},
};
use takt_kernel::{Date, LotId};
use takt_planning::feature::Config;
use takt_service::{Error, NewFact, Tx};

use super::{
    Kept, NonConformance, QualityRefusal, Scope, lot, nc_id,
    store::{self, Hold},
};
use crate::{
    genealogy::ranges::Span,
    product::{Product, store::day_of},
    vehicle::{
        State, Vehicle,
        store::{vehicles_between, vehicles_fetch},
        trace::{spans_fetch, vehicles_of_span},
    },
};

/// Build numbers that are looked at.
type Builds = (i64, i64);
/// All of them.
const ALL: Builds = (1, i64::MAX);

/// Places a hold under the gate, on what is built; what is still to be built is caught by its day.
///
/// # Errors
/// `NC_CLOSED`; `Missing` for a vehicle or case that is not there; what the database said.
pub async fn hold_place(tx: &Tx, product: &Product, new: &Hold) -> Result<Hold, Error> {
    store::gate_pass(tx).await?;
    let case = store::case_fetch(tx, new.nc_no).await?;
    if case.is_closed() {
        return Err(QualityRefusal::Closed(case.id()).into());
    }
    let mut touched = touched(tx, product, new, ALL).await?;
    if let Scope::Vehicles(serials) = &new.scope {
        touched = vehicles_fetch(tx, serials).await?;
    }
    let hold = store::hold_add(tx, new).await?;
    if let Scope::Lot(_) = hold.scope {
        lot::owe(tx, hold.hold_no).await?;
    }
    let held = caught(tx, &hold, &touched).await?;
    let reason = reason_of(&hold);
    let facts = held.iter().filter(|vehicle| vehicle.build_number > 0);
    let facts = facts.map(|vehicle| held_fact(vehicle, hold.placed_on, &reason));
    tx.emit_many(facts.collect()).await?;
    Ok(hold)
}

/// Catches the vehicles of a day that is being written, under the gate; answers with the serials that are kept back.
///
/// # Errors
/// What the database said.
pub async fn builds_catch(
    tx: &Tx,
    product: &Product,
    builds: Builds,
) -> Result<BTreeMap<i64, String>, Error> {
    let mut kept = BTreeMap::new();
    for hold in store::holds_fetch(tx, None).await? {
        let touched = touched(tx, product, &hold, builds).await?;
        for vehicle in caught(tx, &hold, &touched).await? {
            kept.insert(vehicle.serial, reason_of(&hold));
        }
    }
    Ok(kept)
}

/// Refuses to release a vehicle that a hold keeps back.
///
/// # Errors
/// `VEHICLE_ON_QUALITY_HOLD`.
pub async fn free(tx: &Tx, vehicle: &Vehicle) -> Result<(), Error> {
    let holds = store::holds_of_vehicle(tx, vehicle.serial).await?;
    if holds.is_empty() {
        return Ok(());
    }
    let scrapped = holds
        .iter()
        .any(|(_, _, state)| *state == Kept::Scrapped as i64);
    let names = holds
        .iter()
        .map(|(hold, case, _)| format!("{} of {}", super::hold_id(*hold), nc_id(*case)));
    let refusal = QualityRefusal::OnHold {
        vin: vehicle.vin.clone(),
        holds: names.collect::<Vec<_>>().join(", "),
        scrapped,
    };
    Err(refusal.into())
}

/// A vehicle that a station scrapped is kept back at once, under a case of its own.
///
/// # Errors
/// What the database said.
pub async fn scrapped_hold(
    tx: &Tx,
    product: &Product,
    case: &NonConformance,
    serial: i64,
) -> Result<(), Error> {
    store::gate_pass(tx).await?;
    let case = store::case_add(tx, case).await?;
    let hold = Hold {
        hold_no: 0,
        nc_no: case.nc_no,
        scope: Scope::Vehicles(vec![serial]),
        reason: case.title,
        placed_by: case.opened_by,
        placed_on: case.opened_on,
        in_force: true,
        lot_state: 0,
        lot_note: String::new(),
    };
    hold_place(tx, product, &hold).await.map(|_| ())
}

fn reason_of(hold: &Hold) -> String {
    format!("{}: {}", nc_id(hold.nc_no), hold.reason)
}

/// The vehicles of a scope among some build numbers.
async fn touched(
    tx: &Tx,
    product: &Product,
    hold: &Hold,
    (first, last): Builds,
) -> Result<Vec<Vehicle>, Error> {
    match &hold.scope {
        // Those that were on the line when the hold was placed are kept in its rows.
        Scope::Vehicles(_) => {
            let sql = "SELECT k.serial FROM hold_vehicle AS k JOIN vehicle AS w ON w.serial = k.serial \
                       WHERE k.hold_no = $1 AND k.state = 1 AND w.build_number BETWEEN $2 AND $3";
            let rows = tx
                .rows(sql, vec![hold.hold_no.into(), first.into(), last.into()])
                .await?;
            let serials = rows.iter().map(|row| Ok(row.try_get_by_index(0)?));
            vehicles_fetch(tx, &serials.collect::<Result<Vec<i64>, Error>>()?).await
        }
        Scope::Builds(from, through) => {
            vehicles_between(tx, first.max(*from), last.min(*through)).await
        }
        Scope::Lot(id) => {
            let Ok(id) = LotId::parse(id) else {
                return Err(Error::broken(format!("a hold is on lot {id}")));
            };
            let mut vehicles = BTreeMap::new();
            for span in spans_fetch(tx, product, &id).await? {
                let clipped = Span {
                    first: span.first.max(first),
                    last: span.last.min(last),
                    ..span
                };
                if clipped.first <= clipped.last {
                    let found = vehicles_of_span(tx, product, clipped).await?;
                    vehicles.extend(found.into_iter().map(|vehicle| (vehicle.serial, vehicle)));
                }
            }
            Ok(vehicles.into_values().collect())
        }
        Scope::Window(item, from, through) => {
            let sql = "SELECT MIN(build_number), MAX(build_number) FROM vehicle WHERE built_on BETWEEN $1 AND $2";
            let row = tx
                .one(sql, vec![day_of(*from).into(), day_of(*through).into()])
                .await?;
            let Some(row) = row else {
                return Ok(Vec::new());
            };
            let least: Option<i64> = row.try_get_by_index(0)?;
            let most: Option<i64> = row.try_get_by_index(1)?;
            let (least, most) = (least.unwrap_or(1), most.unwrap_or(0));
            let mut vehicles = vehicles_between(tx, first.max(least), last.min(most)).await?;
            let mut known: BTreeMap<i64, bool> = BTreeMap::new();
            vehicles.retain(|vehicle| {
                let uses = *known
                    .entry(vehicle.config.0)
                    .or_insert_with(|| uses(product, vehicle.config, *item));
                let inside = vehicle
                    .built_on
                    .is_some_and(|on| (*from..=*through).contains(&on));
                uses && inside
            });
            Ok(vehicles)
        }
    }
}

/// Whether a configuration has a part of an item, bought or made.
pub fn uses(product: &Product, config: Config, item: usize) -> bool {
    let mut cache = product.needs();
    let needs = cache.get(&product.bom, config);
    needs.bought().any(|(used, _)| used == item) || needs.made.iter().any(|(made, _)| *made == item)
}

/// Writes what a hold means for vehicles, and keeps those back that have not left; answers with these.
async fn caught<'v>(
    tx: &Tx,
    hold: &Hold,
    vehicles: &'v [Vehicle],
) -> Result<Vec<&'v Vehicle>, Error> {
    if vehicles.is_empty() {
        return Ok(Vec::new());
    }
    let list = vehicles.iter().map(|vehicle| vec![vehicle.serial.into()]);
    let query = "SELECT k.serial, k.was_held, k.hold_no FROM v JOIN hold_vehicle AS k ON k.serial = v.serial WHERE k.state = 1";
    let (mut kept_before, mut own) = (BTreeMap::new(), BTreeSet::new());
    for row in tx.rows_for(&["serial"], list.collect(), query).await? {
        let (serial, was_held): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let most = kept_before.entry(serial).or_insert(was_held);
        *most = was_held.max(*most);
        if row.try_get_by_index::<i64>(2)? == hold.hold_no {
            own.insert(serial);
        }
    }
    let kept = |vehicle: &Vehicle| match vehicle.state {
        State::Dispatched | State::HandedOver => Kept::Gone,
        State::VinAllocated | State::EolTest | State::Released => Kept::Held,
    };
    let fresh = vehicles
        .iter()
        .filter(|vehicle| !own.contains(&vehicle.serial));
    let rows = fresh.map(|vehicle| {
        // Whoever was kept back for another cause stays so when the hold is lifted.
        let held = i64::from(vehicle.state == State::EolTest);
        let was_held = kept_before.get(&vehicle.serial).copied().unwrap_or(held);
        vec![
            vehicle.serial.into(),
            hold.hold_no.into(),
            (kept(vehicle) as i64).into(),
            was_held.into(),
            0i64.into(),
            String::new().into(),
            0i64.into(),
            String::new().into(),
        ]
    });
    let columns = [
        "serial",
        "hold_no",
        "state",
        "was_held",
        "disposition",
        "decided_by",
        "decided_on",
        "note",
    ];
    tx.insert_many("hold_vehicle", &columns, rows.collect(), "")
        .await?;
    let held: Vec<&Vehicle> = vehicles
        .iter()
        .filter(|vehicle| kept(vehicle) == Kept::Held)
        .collect();
    let reason = reason_of(hold);
    let rows = held
        .iter()
        .map(|vehicle| vec![vehicle.serial.into(), reason.clone().into()]);
    let set = [
        "state = CASE WHEN t.state = 3 THEN 2 ELSE t.state END",
        "released_on = CASE WHEN t.state = 3 THEN NULL ELSE t.released_on END",
        "hold_reason = CASE WHEN t.state IN (2, 3) AND t.hold_reason = '' THEN v.reason ELSE t.hold_reason END",
        // Whoever has read the vehicle before, to release it, now finds it changed.
        "version = t.version + 1",
    ];
    tx.update_many(
        "vehicle",
        &["serial"],
        &set,
        &["serial", "reason"],
        rows.collect(),
        "",
    )
    .await?;
    Ok(held)
}

/// A fact about a vehicle.
fn fact(vehicle: &Vehicle, on: Date, body: Kind) -> NewFact {
    NewFact {
        subject: vehicle.vin.clone(),
        on,
        traceparent: None,
        body,
    }
}

/// What delivery hears of a vehicle that is let go.
pub fn released_fact(vehicle: &Vehicle, on: Date) -> NewFact {
    let body = VehicleReleased {
        vin: vehicle.vin.clone(),
        order_id: vehicle.order_id.clone(),
        released_on: Some(date_pb(on)),
    };
    fact(vehicle, on, Kind::VehicleReleased(body))
}

/// What delivery hears of a vehicle that is kept back.
pub fn held_fact(vehicle: &Vehicle, on: Date, reason: &str) -> NewFact {
    let body = VehicleHeld {
        vin: vehicle.vin.clone(),
        order_id: vehicle.order_id.clone(),
        held_on: Some(date_pb(on)),
        reason: reason.to_owned(),
    };
    fact(vehicle, on, Kind::VehicleHeld(body))
}
