//! The yard, loads and lanes as people and programs are told. It must not know where it comes from. Invariant: what is not known has no
//! value and no word that could be taken for one.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::common::v1::Money;
use takt_contract::delivery::v1 as pb;

use crate::output::{Answer, day, grouped, percent, table, table_text};

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Vehicles that have not left.
#[derive(Debug, Serialize)]
pub(super) struct Yard {
    vehicles: Vec<Vehicle>,
    /// Whether there are more than were asked for.
    more: bool,
}

#[derive(Debug, Serialize)]
struct Vehicle {
    vin: String,
    place: &'static str,
    /// Null of a vehicle whose configuration is not known.
    variant: Option<String>,
    options: BTreeMap<String, String>,
    built_on: Option<String>,
    released_on: Option<String>,
    dwell_days: i32,
    order: Option<String>,
    promised_on: Option<String>,
    city: Option<String>,
    shipment: Option<String>,
    stopped_by_recall: Option<String>,
}

fn vehicle(one: pb::YardVehicle) -> Vehicle {
    Vehicle {
        place: match one.place() {
            pb::YardPlace::Held => "held",
            pb::YardPlace::Stock => "stock",
            pb::YardPlace::Loading => "loading",
            pb::YardPlace::Unspecified => "",
        },
        built_on: day(one.built_on.as_ref()),
        released_on: day(one.released_on.as_ref()),
        promised_on: day(one.promised_on.as_ref()),
        vin: one.vin,
        variant: some(one.variant_id),
        options: one.options.into_iter().collect(),
        dwell_days: one.dwell_days,
        order: some(one.order_id),
        city: some(one.city),
        shipment: some(one.shipment_id),
        stopped_by_recall: some(one.stopped_by_recall_id),
    }
}

fn vehicles_text(vehicles: &[Vehicle]) -> String {
    let header = [
        "vehicle", "variant", "place", ">days", "order", "promised", "city", "load",
    ];
    let mut rows = table(&header);
    for one in vehicles {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let place = match &one.stopped_by_recall {
            Some(recall) => format!("{}, stopped by {recall}", one.place),
            None => one.place.to_owned(),
        };
        rows.add_row([
            one.vin.clone(),
            text(&one.variant),
            place,
            one.dwell_days.to_string(),
            text(&one.order),
            text(&one.promised_on),
            text(&one.city),
            text(&one.shipment),
        ]);
    }
    table_text(&rows)
}

impl Yard {
    pub(super) fn new(vehicles: Vec<pb::YardVehicle>, more: bool) -> Self {
        Self {
            vehicles: vehicles.into_iter().map(vehicle).collect(),
            more,
        }
    }
}

impl Answer for Yard {
    fn text(&self) -> String {
        if self.vehicles.is_empty() {
            return "no such vehicle stands in the yard\n".to_owned();
        }
        let more = if self.more {
            "there are more; ask with a larger --top\n"
        } else {
            ""
        };
        format!("{}{more}", vehicles_text(&self.vehicles))
    }
}

/// The vehicles after a change.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    vehicles: Vec<Vehicle>,
}

impl Done {
    pub(super) fn new(vehicles: impl IntoIterator<Item = pb::YardVehicle>) -> Self {
        Self {
            vehicles: vehicles.into_iter().map(vehicle).collect(),
        }
    }
}

impl Answer for Done {
    fn text(&self) -> String {
        vehicles_text(&self.vehicles)
    }
}

/// Swaps that are worth it, in the order in which they are to be done.
#[derive(Debug, Serialize)]
pub(super) struct Swaps {
    swaps: Vec<Swap>,
}

#[derive(Debug, Serialize)]
struct Swap {
    order: String,
    other_order: String,
    arrives_before_on: Option<String>,
    arrives_after_on: Option<String>,
    promised_on: Option<String>,
    other_arrives_after_on: Option<String>,
    other_promised_on: Option<String>,
}

impl Swaps {
    pub(super) fn new(all: Vec<pb::SwapProposal>) -> Self {
        let swap = |one: pb::SwapProposal| Swap {
            order: one.order_id,
            other_order: one.other_order_id,
            arrives_before_on: day(one.arrives_before_on.as_ref()),
            arrives_after_on: day(one.arrives_after_on.as_ref()),
            promised_on: day(one.promised_on.as_ref()),
            other_arrives_after_on: day(one.other_arrives_after_on.as_ref()),
            other_promised_on: day(one.other_promised_on.as_ref()),
        };
        Self {
            swaps: all.into_iter().map(swap).collect(),
        }
    }
}

impl Answer for Swaps {
    fn text(&self) -> String {
        if self.swaps.is_empty() {
            return "no exchange makes a late promise on time\n".to_owned();
        }
        let header = [
            "order",
            "takes the vehicle of",
            "comes",
            "instead of",
            "promised",
            "the other comes",
            "promised ",
        ];
        let mut rows = table(&header);
        for one in &self.swaps {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            rows.add_row([
                one.order.clone(),
                one.other_order.clone(),
                text(&one.arrives_after_on),
                text(&one.arrives_before_on),
                text(&one.promised_on),
                text(&one.other_arrives_after_on),
                text(&one.other_promised_on),
            ]);
        }
        table_text(&rows)
    }
}

#[derive(Debug, Serialize)]
struct Cost {
    minor_units: i64,
    currency: String,
}

fn cost(money: Option<Money>) -> Option<Cost> {
    money.map(|money| Cost {
        minor_units: money.minor_units,
        currency: money.currency_code,
    })
}

fn cost_text(cost: Option<&Cost>) -> String {
    cost.map_or_else(String::new, |cost| {
        let (whole, rest) = (cost.minor_units / 100, cost.minor_units % 100);
        format!("{}.{rest:02} {}", grouped(whole), cost.currency)
    })
}

/// Grams as kilograms with one decimal.
fn kilograms(grams: i64) -> String {
    let tenths = (grams + 50) / 100;
    format!("{}.{}", grouped(tenths / 10), tenths % 10)
}

/// How planned vehicles fill carriers.
#[derive(Debug, Serialize)]
pub(super) struct Loads {
    lanes: Vec<Plan>,
}

#[derive(Debug, Serialize)]
struct Plan {
    lane: String,
    vehicles_per_load: i32,
    vehicle_count: i32,
    late_count: i32,
    loads_without_waiting: i32,
    load_count: usize,
    cost_per_vehicle_without_waiting: Option<Cost>,
    cost_per_vehicle: Option<Cost>,
    co2e_grams_per_vehicle_without_waiting: i64,
    co2e_grams_per_vehicle: i64,
    loads: Vec<Load>,
}

#[derive(Debug, Serialize)]
struct Load {
    load: String,
    departs_on: Option<String>,
    waiting_days: i32,
    vins: Vec<String>,
}

impl Loads {
    pub(super) fn new(plans: Vec<pb::LoadPlan>) -> Self {
        let load = |lane: &str, one: pb::PlannedLoad| {
            let departs_on = day(one.departs_on.as_ref());
            let on = departs_on.clone().unwrap_or_default().replace('-', "");
            Load {
                load: format!("{lane}.{on} no. {}", one.load_number),
                departs_on,
                waiting_days: one.waiting_days,
                vins: one.vins,
            }
        };
        let plan = |one: pb::LoadPlan| Plan {
            vehicles_per_load: one.vehicles_per_load,
            vehicle_count: one.vehicle_count,
            late_count: one.late_count,
            loads_without_waiting: one.loads_without_waiting,
            load_count: one.loads.len(),
            cost_per_vehicle_without_waiting: cost(one.cost_per_vehicle_without_waiting),
            cost_per_vehicle: cost(one.cost_per_vehicle),
            co2e_grams_per_vehicle_without_waiting: one.co2e_grams_per_vehicle_without_waiting,
            co2e_grams_per_vehicle: one.co2e_grams_per_vehicle,
            loads: one
                .loads
                .into_iter()
                .map(|each| load(&one.lane_id, each))
                .collect(),
            lane: one.lane_id,
        };
        Self {
            lanes: plans.into_iter().map(plan).collect(),
        }
    }
}

impl Answer for Loads {
    fn text(&self) -> String {
        if self.lanes.is_empty() {
            return "no vehicle is planned to leave\n".to_owned();
        }
        let header = [
            "lane",
            ">vehicles",
            ">late",
            ">loads",
            ">waiting",
            ">cost",
            ">waiting ",
            ">kg CO2e",
            ">waiting  ",
        ];
        let mut rows = table(&header);
        for one in &self.lanes {
            rows.add_row([
                one.lane.clone(),
                one.vehicle_count.to_string(),
                one.late_count.to_string(),
                one.loads_without_waiting.to_string(),
                one.load_count.to_string(),
                cost_text(one.cost_per_vehicle_without_waiting.as_ref()),
                cost_text(one.cost_per_vehicle.as_ref()),
                kilograms(one.co2e_grams_per_vehicle_without_waiting),
                kilograms(one.co2e_grams_per_vehicle),
            ]);
        }
        format!(
            "{}cost and emissions are for one vehicle; --output json tells the loads\n",
            table_text(&rows)
        )
    }
}

/// How lanes have run.
#[derive(Debug, Serialize)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
}

#[derive(Debug, Serialize)]
struct Lane {
    lane: String,
    city: String,
    mode: String,
    distance_km: i64,
    published_days: i32,
    arrived_count: i64,
    /// Null where nothing arrived.
    mean_millidays: Option<i64>,
    p50_days: i32,
    p90_days: i32,
    on_time_millionths: Option<i64>,
    cost_per_vehicle: Option<Cost>,
    /// Null while the mode has no terms.
    co2e_grams_per_vehicle: Option<i64>,
}

impl Lanes {
    pub(super) fn new(lanes: Vec<pb::LanePerformance>) -> Self {
        let lane = |one: pb::LanePerformance| Lane {
            lane: one.lane_id,
            city: one.city,
            mode: one.mode,
            distance_km: one.distance_km,
            published_days: one.published_days,
            arrived_count: one.arrived_count,
            mean_millidays: (one.arrived_count > 0).then_some(one.mean_millidays),
            p50_days: one.p50_days,
            p90_days: one.p90_days,
            on_time_millionths: (one.arrived_count > 0).then_some(one.on_time_millionths),
            cost_per_vehicle: cost(one.cost_per_vehicle),
            co2e_grams_per_vehicle: one.co2e_grams_per_vehicle,
        };
        Self {
            lanes: lanes.into_iter().map(lane).collect(),
        }
    }
}

impl Answer for Lanes {
    fn text(&self) -> String {
        let header = [
            "lane",
            "mode",
            ">km",
            ">published",
            ">loads",
            ">mean",
            ">p50",
            ">p90",
            ">on time",
            ">cost",
            ">kg CO2e",
        ];
        let mut rows = table(&header);
        for one in &self.lanes {
            let mean = one.mean_millidays.map_or_else(String::new, |mean| {
                format!("{}.{}", mean / 1_000, mean % 1_000 / 100)
            });
            let on_time = one.on_time_millionths;
            rows.add_row([
                one.lane.clone(),
                one.mode.clone(),
                grouped(one.distance_km),
                one.published_days.to_string(),
                grouped(one.arrived_count),
                mean,
                one.p50_days.to_string(),
                one.p90_days.to_string(),
                on_time.map_or_else(String::new, |share| percent(share, 1_000_000)),
                cost_text(one.cost_per_vehicle.as_ref()),
                one.co2e_grams_per_vehicle
                    .map_or_else(String::new, kilograms),
            ]);
        }
        format!(
            "{}days; cost and emissions are for one vehicle on a full carrier\n",
            table_text(&rows)
        )
    }
}

/// What carriers take and emit.
#[derive(Debug, Serialize)]
pub(super) struct Terms {
    modes: Vec<Mode>,
}

#[derive(Debug, Serialize)]
struct Mode {
    mode: String,
    vehicles_per_load: i32,
    co2e_grams_per_tonne_km: i64,
    vehicle_mass_kg: i64,
    empty_places_count: bool,
}

impl Terms {
    pub(super) fn new(terms: Vec<pb::TransportTerms>) -> Self {
        let mode = |one: pb::TransportTerms| Mode {
            mode: one.mode,
            vehicles_per_load: one.vehicles_per_load,
            co2e_grams_per_tonne_km: one.co2e_grams_per_tonne_km,
            vehicle_mass_kg: one.vehicle_mass_kg,
            empty_places_count: one.empty_places_count,
        };
        Self {
            modes: terms.into_iter().map(mode).collect(),
        }
    }
}

impl Answer for Terms {
    fn text(&self) -> String {
        if self.modes.is_empty() {
            return "no mode has terms; takt lanes terms --mode NAME sets them\n".to_owned();
        }
        let mut rows = table(&["mode", ">vehicles", ">g CO2e/tkm", ">kg", "empty places"]);
        for one in &self.modes {
            let empty = if one.empty_places_count {
                "count"
            } else {
                "do not count"
            };
            rows.add_row([
                one.mode.clone(),
                one.vehicles_per_load.to_string(),
                one.co2e_grams_per_tonne_km.to_string(),
                grouped(one.vehicle_mass_kg),
                empty.to_owned(),
            ]);
        }
        table_text(&rows)
    }
}
