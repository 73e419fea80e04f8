//! Dispositions: what a decision does to what a hold keeps back.
//!
//! It must not know messages. Invariants: what is scrapped is never let go; a vehicle is released only when nothing else
//! keeps it back, and delivery hears of it; a lot and vehicles are decided on apart.

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::{Error, Tx, Value};

use super::{
    Disposition, Kept, LotHold, QualityRefusal, Scope,
    hold::released_fact,
    lot, nc_id,
    store::{self, Hold},
};
use crate::{
    product::store::day_of,
    vehicle::{State, store::vehicles_fetch},
};

/// A decision about what a hold keeps back.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The hold.
    pub hold_no: i64,
    /// The vehicles, by serial and number; empty means all, or the lot.
    pub vehicles: BTreeMap<i64, String>,
    /// Whether the lot is meant and no vehicle.
    pub lot: bool,
    /// What becomes of them.
    pub disposition: Disposition,
    /// Who decides.
    pub by: String,
    /// When.
    pub on: Date,
    /// What it stands on.
    pub note: String,
    /// Whether vehicles that nothing else keeps back are released.
    pub release: bool,
}

/// What a decision did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The hold after it.
    pub hold: Hold,
    /// Vehicles that were decided on.
    pub decided: i64,
    /// Vehicles that were released.
    pub released: i64,
}

/// Carries a decision out, under the gate.
///
/// # Errors
/// A refusal of quality; what the database said.
pub async fn hold_decide(tx: &Tx, decision: &Decision) -> Result<Decided, Error> {
    store::gate_pass(tx).await?;
    let mut hold = store::hold_fetch(tx, decision.hold_no).await?;
    if decision.lot {
        if !hold.has_lot_open() {
            return Err(QualityRefusal::NoLot(hold.id()).into());
        }
        hold.in_force = false;
        if decision.disposition.lifts() {
            lot::owe(tx, hold.hold_no).await?;
            hold.lot_state = LotHold::ReleaseAsked as i64;
        } else if hold.lot_state == LotHold::Blocked as i64 {
            hold.lot_state = LotHold::Withdrawn as i64;
        }
        // A lot that procurement is still being asked to keep back stays asked for: it is withdrawn when that is done.
        decision.note.clone_into(&mut hold.lot_note);
        store::hold_save(tx, &hold).await?;
        return Ok(Decided {
            hold,
            decided: 0,
            released: 0,
        });
    }
    if decision.disposition == Disposition::ReturnToSupplier {
        return Err(QualityRefusal::NotForVehicles(hold.id()).into());
    }
    let kept = kept_fetch(tx, decision.hold_no).await?;
    if let Some((_, vin)) = decision
        .vehicles
        .iter()
        .find(|(serial, _)| !kept.contains(serial))
    {
        return Err(QualityRefusal::NotKept(hold.id(), vin.clone()).into());
    }
    let all = decision.vehicles.is_empty();
    if all && kept.is_empty() && !hold.in_force {
        return Err(QualityRefusal::NotKept(hold.id(), "any vehicle".to_owned()).into());
    }
    let chosen: Vec<i64> = match all {
        true => kept.iter().copied().collect(),
        false => decision.vehicles.keys().copied().collect(),
    };
    decided_save(tx, decision, &chosen).await?;
    let is_list = matches!(hold.scope, Scope::Vehicles(_));
    if (all && !hold.has_lot_open()) || (is_list && chosen.len() == kept.len()) {
        hold.in_force = false;
        store::hold_save(tx, &hold).await?;
    }
    let released = let_go(tx, &hold, decision, &chosen).await?;
    Ok(Decided {
        hold,
        decided: i64::try_from(chosen.len()).unwrap_or(i64::MAX),
        released,
    })
}

async fn kept_fetch(tx: &Tx, hold_no: i64) -> Result<BTreeSet<i64>, Error> {
    let sql = "SELECT serial FROM hold_vehicle WHERE hold_no = $1 AND state = 1 ORDER BY serial";
    let rows = tx.rows(sql, vec![hold_no.into()]).await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

async fn decided_save(tx: &Tx, decision: &Decision, chosen: &[i64]) -> Result<(), Error> {
    let rows = chosen.iter().map(|serial| {
        vec![
            (*serial).into(),
            decision.hold_no.into(),
            (Kept::decided(decision.disposition) as i64).into(),
            (decision.disposition as i64).into(),
            decision.by.clone().into(),
            day_of(decision.on).into(),
            decision.note.clone().into(),
        ]
    });
    let columns = [
        "serial",
        "hold_no",
        "state",
        "disposition",
        "decided_by",
        "decided_on",
        "note",
    ];
    let set = [
        "state = v.state",
        "disposition = v.disposition",
        "decided_by = v.decided_by",
        "decided_on = v.decided_on",
        "note = v.note",
    ];
    tx.update_many(
        "hold_vehicle",
        &["serial", "hold_no"],
        &set,
        &columns,
        rows.collect(),
        "",
    )
    .await?;
    Ok(())
}

/// Releases those that nothing keeps back any more, where that is asked for, and says of the others why they stand.
async fn let_go(tx: &Tx, hold: &Hold, decision: &Decision, chosen: &[i64]) -> Result<i64, Error> {
    let list: Vec<Vec<Value>> = chosen.iter().map(|serial| vec![(*serial).into()]).collect();
    let query = "SELECT k.serial, CAST(MAX(CASE WHEN k.state IN (1, 3) THEN 1 ELSE 0 END) AS BIGINT), MAX(k.was_held) FROM v \
                 JOIN hold_vehicle AS k ON k.serial = v.serial GROUP BY k.serial";
    let (mut free, mut waits) = (Vec::new(), Vec::new());
    for row in tx.rows_for(&["serial"], list, query).await? {
        let serial: i64 = row.try_get_by_index(0)?;
        let (kept, was_held): (i64, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        match (kept, was_held) {
            (0, 0) if decision.release => free.push(serial),
            (_, 0) => waits.push(serial),
            // What it was kept back for before is still said of it.
            _ => {}
        }
    }
    let told = format!("{}: {}", nc_id(hold.nc_no), decision.disposition.as_str());
    let rows = waits
        .iter()
        .map(|serial| vec![(*serial).into(), told.clone().into()]);
    let set = ["hold_reason = v.reason", "version = t.version + 1"];
    tx.update_many(
        "vehicle",
        &["serial"],
        &set,
        &["serial", "reason"],
        rows.collect(),
        "t.state = 2",
    )
    .await?;
    let mut vehicles = vehicles_fetch(tx, &free).await?;
    vehicles.retain(|vehicle| vehicle.state == State::EolTest);
    for vehicle in &mut vehicles {
        vehicle.release(decision.on)?;
    }
    let day = day_of(decision.on);
    let rows = vehicles
        .iter()
        .map(|vehicle| vec![vehicle.serial.into(), day.into()]);
    let set = [
        "state = 3",
        "released_on = v.released_on",
        "hold_reason = ''",
        "version = t.version + 1",
    ];
    let released = tx
        .update_many(
            "vehicle",
            &["serial"],
            &set,
            &["serial", "released_on"],
            rows.collect(),
            "t.state = 2",
        )
        .await?;
    if usize::try_from(released).ok() != Some(vehicles.len()) {
        return Err(Error::Conflict {
            detail: "a vehicle moved beside a decision about it".to_owned(),
        });
    }
    tx.emit_many(
        vehicles
            .iter()
            .map(|vehicle| released_fact(vehicle, decision.on))
            .collect(),
    )
    .await?;
    Ok(i64::try_from(released).unwrap_or(i64::MAX))
}
