//! How the planned vehicles of a lane fill carriers, what it costs and emits.
//!
//! It must not change anything: shipments stay what they are, loads are parts of them. Invariants: a vehicle that is promised nothing,
//! or comes too late already, waits for nobody; a vehicle that a recall keeps back stands on no carrier.

use std::collections::BTreeMap;

use takt_contract::{common::v1::Money, date_pb, delivery::v1 as pb};
use takt_kernel::{Currency, Date};
use takt_planning::loading::{Window, emitted, for_one, pack, without_waiting};
use takt_service::{Error, Tx, error::Refusal};

use super::terms::{ModeTerms, Terms};
use crate::{
    allocation::yard_store::STOPPED,
    programme::{Catalogue, Lane},
    rows::{date_opt, get},
    shipment::ShipmentNo,
};

/// A vehicle on a load that is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The vehicle.
    pub(crate) vin: String,
    /// The day of its load.
    pub(crate) planned_on: Date,
    /// What its order was promised last.
    pub(crate) promised_on: Option<Date>,
}

/// The vehicles on planned loads, by lane.
pub(crate) async fn standing_fetch(tx: &Tx) -> Result<BTreeMap<i64, Vec<Standing>>, Error> {
    let sql = format!(
        "SELECT w.shipment_no, w.vin, p.deliver_on FROM shipment s JOIN vehicle w ON w.shipment_no = s.shipment_no \
         LEFT JOIN promise p ON p.order_no = w.order_no \
         AND NOT EXISTS (SELECT 1 FROM promise l WHERE l.order_no = p.order_no AND l.promise_no > p.promise_no) \
         WHERE s.state = 1 AND {STOPPED} IS NULL ORDER BY w.shipment_no, w.vin"
    );
    let mut by_lane: BTreeMap<i64, Vec<Standing>> = BTreeMap::new();
    for row in tx.rows(&sql, vec![]).await? {
        let load = ShipmentNo::of_value(get(&row, 0)?);
        let one = Standing {
            vin: get(&row, 1)?,
            planned_on: load.planned_on(),
            promised_on: date_opt(&row, 2)?,
        };
        by_lane.entry(load.lane_no()).or_default().push(one);
    }
    Ok(by_lane)
}

/// What a place for one vehicle costs, in minor units; None where the programme gives none.
pub(crate) fn place_cost(lane: &Lane) -> Option<(i64, String)> {
    let currency = Currency::parse(&lane.cost_currency).ok()?;
    let scale = 10i128.checked_pow(currency.minor_digits())?;
    let minor = (i128::from(lane.cost_micros) * scale + 500_000).div_euclid(1_000_000);
    Some((i64::try_from(minor).ok()?, lane.cost_currency.clone()))
}

/// What a place for one vehicle emits.
pub(crate) fn place_emission(lane: &Lane, terms: &ModeTerms) -> i64 {
    emitted(lane.distance_km, terms.mass_kg, terms.grams_per_tonne_km)
}

/// The terms of a lane's mode.
pub(crate) fn terms_of<'t>(terms: &'t Terms, lane: &Lane) -> Result<&'t ModeTerms, NoTerms> {
    terms.get(&lane.mode).ok_or_else(|| NoTerms {
        lane_id: lane.id.clone(),
        mode: lane.mode.clone(),
    })
}

/// Why no loads are planned for a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoTerms {
    lane_id: String,
    mode: String,
}

impl std::fmt::Display for NoTerms {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lane_id, mode } = self;
        write!(
            out,
            "lane {lane_id} is run by {mode}, which has no terms of transport; set them first, what a carrier takes and emits"
        )
    }
}

impl Refusal for NoTerms {
    fn reason(&self) -> &'static str {
        "NO_TRANSPORT_TERMS"
    }
}

/// Plans the carriers of a lane from a day on.
pub(crate) fn plan(
    lane: &Lane,
    terms: &ModeTerms,
    standing: &[Standing],
    as_of: Date,
) -> pb::LoadPlan {
    let window = |one: &Standing| {
        let ready = one.planned_on.max(as_of);
        let due = one.promised_on.map(|on| on.minus(lane.transit_days()));
        Window {
            ready: ready.epoch_day().into(),
            due: due.unwrap_or(ready).epoch_day().into(),
        }
    };
    let windows: Vec<Window> = standing.iter().map(window).collect();
    let takes = usize::try_from(terms.vehicles_per_load).unwrap_or(1);
    let packed = pack(&windows, takes);
    let straight = without_waiting(&windows, takes);
    let each =
        |place: i64, loads: usize| for_one(place, loads, takes, windows.len(), terms.empty_places);
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let mut numbers: BTreeMap<i64, i32> = BTreeMap::new();
    let load = |load: &takt_planning::loading::Load| {
        let number = numbers.entry(load.departs).or_default();
        *number += 1;
        let members = || load.members.iter();
        let waits = members().filter_map(|at| windows.get(*at));
        let waits: i64 = waits.map(|window| load.departs - window.ready).sum();
        let day = i32::try_from(load.departs).unwrap_or(i32::MAX);
        pb::PlannedLoad {
            load_number: *number,
            departs_on: Some(date_pb(Date::from_epoch_day(day))),
            vins: members()
                .filter_map(|at| standing.get(*at))
                .map(|one| one.vin.clone())
                .collect(),
            waiting_days: i32::try_from(waits).unwrap_or(i32::MAX),
        }
    };
    let loads: Vec<pb::PlannedLoad> = packed.iter().map(load).collect();
    let cost = |loads: usize| {
        place_cost(lane).map(|(place, currency_code)| Money {
            currency_code,
            minor_units: each(place, loads),
        })
    };
    let place = place_emission(lane, terms);
    let late = windows.iter().filter(|window| window.due < window.ready);
    pb::LoadPlan {
        lane_id: lane.id.clone(),
        vehicles_per_load: terms.vehicles_per_load,
        vehicle_count: count(windows.len()),
        loads_without_waiting: count(straight),
        cost_per_vehicle_without_waiting: cost(straight),
        cost_per_vehicle: cost(loads.len()),
        co2e_grams_per_vehicle_without_waiting: each(place, straight),
        co2e_grams_per_vehicle: each(place, loads.len()),
        late_count: count(late.count()),
        loads,
    }
}

/// The plans of the lanes that have vehicles to plan, by their place in the programme.
pub(crate) fn plans(
    catalogue: &Catalogue,
    terms: &Terms,
    standing: &BTreeMap<i64, Vec<Standing>>,
    only: Option<i64>,
    as_of: Date,
) -> Result<Vec<pb::LoadPlan>, Error> {
    let wanted = standing
        .iter()
        .filter(|(lane_no, _)| only.is_none_or(|only| only == **lane_no));
    let mut plans = Vec::new();
    for (lane_no, standing) in wanted {
        if let Some(lane) = catalogue.lane_at(*lane_no) {
            plans.push(plan(lane, terms_of(terms, lane)?, standing, as_of));
        }
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date};

    /// The lane takes three days and 1,000 km; a place costs 100.00. Two vehicles are there on the first, one of them promised so
    /// that it can wait, and one is there on the second.
    #[test]
    fn vehicles_wait_for_each_other_as_far_as_promises_allow() {
        let mut lane = catalogue().lane_at(80).unwrap().clone();
        (lane.cost_micros, lane.cost_currency) = (100_000_000, "CNY".into());
        let terms = ModeTerms {
            vehicles_per_load: 2,
            grams_per_tonne_km: 90,
            mass_kg: 2_000,
            empty_places: true,
        };
        let one = |vin: &str, planned: &str, promised: Option<&str>| Standing {
            vin: vin.into(),
            planned_on: date(planned),
            promised_on: promised.map(date),
        };
        let standing = [
            one("A", "2024-04-01", None),
            one("B", "2024-04-01", Some("2024-04-06")),
            one("C", "2024-04-01", Some("2024-04-20")),
            one("D", "2024-04-03", Some("2024-04-05")),
        ];
        let told = plan(&lane, &terms, &standing, date("2024-03-30"));
        assert_eq!((told.loads_without_waiting, told.late_count), (3, 1));
        let loads: Vec<_> = told
            .loads
            .iter()
            .map(|load| (load.load_number, load.vins.join(""), load.waiting_days))
            .collect();
        assert_eq!(loads, [(1, "AB".to_owned(), 0), (1, "CD".to_owned(), 2)]);
        let minor = |money: Option<Money>| money.map(|money| money.minor_units);
        assert_eq!(minor(told.cost_per_vehicle_without_waiting), Some(15_000));
        assert_eq!(minor(told.cost_per_vehicle), Some(10_000));
        assert_eq!(told.co2e_grams_per_vehicle_without_waiting, 270_000);
        assert_eq!(told.co2e_grams_per_vehicle, 180_000);
        let none = plans(
            &catalogue(),
            &Terms::new(),
            &BTreeMap::from([(80, standing.to_vec())]),
            None,
            date("2024-03-30"),
        );
        assert!(
            matches!(none, Err(Error::Refused { reason, .. }) if reason == "NO_TRANSPORT_TERMS")
        );
    }
}
