//! What a report says, as plain values: the JSON answer is this structure, and tables and page are drawn from it. It
//! must not know where the figures come from. Invariants: dates are YYYY-MM-DD; counts are whole; money is in units
//! of the currency with at most two decimals; quantities are in base units, with the exact thousandths beside them.
use std::collections::BTreeMap;

use serde::Serialize;

pub use super::cases::Cases;
use super::genealogy::Genealogy;
use super::kpis::Kpis;
pub use super::material::Material;
use super::plant::Plant;
use super::profit::Ramp;
use super::punctual::Punctual;
use super::recalls::RecallFigures;
pub use super::sequence::Sequencing;

/// A report of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which run it is about.
    pub run: RunFigures,
    /// What must be said beside the figures.
    pub note: String,
    /// Vehicles built.
    pub produced: Produced,
    /// Vehicles handed over.
    pub delivered: Delivered,
    /// The milestones, oldest first.
    pub milestones: Vec<Milestone>,
    /// Plan, production and deliveries by month.
    pub months: Vec<Month>,
    /// How punctual the line was, and the days of stock.
    pub punctuality: Punctual,
    /// Orders and promises.
    pub orders: Orders,
    /// The key figures of deliveries.
    pub kpis: Kpis,
    /// Every bought item.
    pub items: Vec<Item>,
    /// The value of bought stock by day.
    pub stock: Vec<StockDay>,
    /// Days of supply by group at the end of each month.
    pub days_of_supply: Vec<Supply>,
    /// Every direct supplier.
    pub suppliers: Vec<Supplier>,
    /// The money of a vehicle.
    pub cost: Cost,
    /// Whether it is earned, when milestones come, and how far the line is from its plan.
    pub ramp: Ramp,
    /// What kept the plan from being faster.
    pub binding: Binding,
    /// How well the plant worked.
    pub performance: Plant,
    /// Vehicles in each shop at noon of the last building day of each month.
    pub work_in_progress: Vec<Wip>,
    /// In which order the line built; absent where the programme has no sequence rules.
    pub sequencing: Option<Sequencing>,
    /// The material plan of the launch day; absent where no material was planned.
    pub material: Option<Material>,
    /// One vehicle's whole life.
    pub life: Option<Life>,
    /// What the as-built memory holds, with one recall.
    pub genealogy: Option<Genealogy>,
    /// What customers complained of; absent while nothing is recorded.
    pub cases: Option<Cases>,
    /// The recalls, in the order of opening.
    pub recalls: Vec<RecallFigures>,
    /// What the outages cost; absent without outages.
    pub disruption: Option<DisruptionFigures>,
    /// The hash of the business content of all three services.
    pub digest: String,
    /// The hash of each service.
    pub digests: BTreeMap<String, String>,
    /// The time that the run took, interruptions left out.
    pub elapsed_seconds: f64,
    /// The time by part of the run; parts that ran side by side are each counted in full.
    pub parts_seconds: BTreeMap<String, f64>,
    /// The most memory that a process of the run held.
    pub peak_rss_bytes: u64,
    /// The size of the three databases.
    pub database_bytes: i64,
}

/// Which run a report is about.
#[derive(Debug, Clone, Serialize)]
pub struct RunFigures {
    /// The programme.
    pub programme_id: String,
    /// What people call it.
    pub programme_name: String,
    /// The hash of its folder.
    pub programme_hash: String,
    /// The id of the run.
    pub run_id: String,
    /// The options.
    pub options: BTreeMap<String, String>,
    /// Day 0.
    pub launch_date: String,
    /// The last day of the ramp plan.
    pub last_plan_date: String,
    /// The last day that was played.
    pub last_closed_day: Option<String>,
    /// Whether the last vehicle has arrived.
    pub finished: bool,
}

/// Vehicles built.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Produced {
    /// All.
    pub total: i64,
    /// By variant.
    pub by_variant: BTreeMap<String, i64>,
    /// By day, without days on which nothing was built.
    pub by_date: BTreeMap<String, i64>,
    /// What the first plan made of the ramp plan, by day.
    pub planned_by_date: BTreeMap<String, i64>,
    /// The days on which less was built than was due by then, and the line was full.
    pub capacity_bound_days: i64,
}

/// Vehicles handed over.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Delivered {
    /// All.
    pub total: i64,
    /// By day, without days on which nothing was handed over.
    pub by_date: BTreeMap<String, i64>,
    /// What was published, by day.
    pub published_by_date: BTreeMap<String, i64>,
}

/// A milestone.
#[derive(Debug, Clone, Serialize)]
pub struct Milestone {
    /// The published date.
    pub date: String,
    /// What happened.
    pub event: String,
    /// What it counts: produced, delivered, or nothing that a replay counts.
    pub measure: Option<&'static str>,
    /// The published count.
    pub published: Option<i64>,
    /// The count of the first plan on the published date.
    pub planned: Option<i64>,
    /// The count of the replay on the published date.
    pub replayed: Option<i64>,
    /// The day on which the first plan reaches the published count.
    pub planned_on: Option<String>,
    /// The day on which the replay reached the published count.
    pub replayed_on: Option<String>,
    /// How the milestone is known.
    pub source_kind: String,
}

/// A month.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Month {
    /// The month, YYYY-MM.
    pub month: String,
    /// What the first plan builds.
    pub planned: i64,
    /// What was built.
    pub produced: i64,
    /// What was handed over.
    pub delivered: i64,
    /// What was published as delivered.
    pub published_delivered: i64,
    /// The orders locked.
    pub locked: i64,
}

/// Orders and promises.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Orders {
    /// The orders taken.
    pub locked: i64,
    /// The open orders with an estimated date.
    pub open_with_estimate: i64,
    /// The days from lock to handover of the middle order.
    pub order_to_delivery_median_days: i32,
    /// The days from lock to handover within which nine of ten are.
    pub order_to_delivery_p90_days: i32,
    /// The handed-over orders whose first promise was planned.
    pub promised: i64,
    /// Those of them that were handed over by the first promised day.
    pub kept_first_promise: i64,
    /// The promises made in all.
    pub promises: i64,
    /// The orders whose promised day moved later by more than seven days.
    pub slipped: i64,
}

/// A bought item.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// The part number.
    pub item: String,
    /// The group.
    pub group: String,
    /// The code of the base unit.
    pub unit: String,
    /// What was received, in base units.
    pub received: f64,
    /// What was used.
    pub issued: f64,
    /// What is on hand.
    pub stock: f64,
    /// The lots received.
    pub lots: i64,
    /// The lots ordered.
    pub ordered_lots: i64,
    /// The day of the first order.
    pub first_release: Option<String>,
    /// The same three quantities without rounding.
    pub thousandths: Thousandths,
}

/// Exact quantities of an item.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Thousandths {
    /// What was received.
    pub received: i64,
    /// What was used.
    pub issued: i64,
    /// What is on hand.
    pub stock: i64,
}

/// The value of bought stock on a day.
#[derive(Debug, Clone, Serialize)]
pub struct StockDay {
    /// The day.
    pub date: String,
    /// The value received.
    pub received: f64,
    /// The value used.
    pub issued: f64,
    /// The value on hand in the evening.
    pub stock: f64,
}

/// Days of supply by group.
#[derive(Debug, Clone, Serialize)]
pub struct Supply {
    /// The day.
    pub date: String,
    /// The mean days of supply of the items of a group.
    pub groups: BTreeMap<String, f64>,
}

/// A direct supplier.
#[derive(Debug, Clone, Serialize)]
pub struct Supplier {
    /// The supplier.
    pub supplier: String,
    /// What people call it.
    pub name: String,
    /// The lots due or received.
    pub lots: i64,
    /// The lots received on time and in full.
    pub on_time_in_full: i64,
    /// Their share of all lots.
    pub otif: Option<f64>,
    /// The lots that inspection kept back.
    pub blocked_lots: i64,
    /// The mean days from order to receipt.
    pub mean_lead_time_days: f64,
    /// The value received.
    pub received_value: f64,
}

/// The money of a vehicle.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cost {
    /// The currency of all amounts.
    pub currency: String,
    /// Bought material in a vehicle as built, by quarter.
    pub material_per_vehicle_by_quarter: BTreeMap<String, f64>,
    /// The result per vehicle by the programme formula.
    pub programme_formula_q2: Option<f64>,
    /// The result per vehicle as built in the same quarter.
    pub as_built_q2: Option<f64>,
    /// The lines behind the programme formula.
    pub programme_formula: Option<UnitEconomics>,
    /// The lines as built, by quarter.
    pub as_built: Vec<UnitEconomics>,
}

/// The lines of a result per vehicle.
#[derive(Debug, Clone, Serialize)]
pub struct UnitEconomics {
    /// The quarter.
    pub quarter: String,
    /// The vehicles that the figures are divided by.
    pub vehicles: i64,
    /// The average price net of tax.
    pub average_price: Option<f64>,
    /// Bought material.
    pub material: Option<f64>,
    /// Conversion that varies with volume.
    pub variable_conversion: Option<f64>,
    /// Manufacturing cost that does not.
    pub fixed_manufacturing: Option<f64>,
    /// Research, selling and administration.
    pub operating_cost: Option<f64>,
    /// What a vehicle earns or, when negative, loses.
    pub result: Option<f64>,
}

/// What kept the plan from being faster.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Binding {
    /// Items whose absence stopped vehicles, the worst first.
    pub stopped: Vec<StoppedBy>,
    /// Items whose first order had the least room, the tightest first.
    pub tightest: Vec<Tight>,
}

/// An item that stopped vehicles.
#[derive(Debug, Clone, Serialize)]
pub struct StoppedBy {
    /// The item; empty when it was an order that was missing.
    pub item: String,
    /// The shop that missed it.
    pub shop: String,
    /// The variants that stopped.
    pub variants: Vec<String>,
    /// The first day.
    pub first: String,
    /// The last day.
    pub last: String,
    /// The days with a stop.
    pub days: i64,
    /// The vehicles that could not be built, summed over the days.
    pub vehicle_days: i64,
}

/// An item with little room before its first order.
#[derive(Debug, Clone, Serialize)]
pub struct Tight {
    /// The item.
    pub item: String,
    /// The group.
    pub group: String,
    /// The longest lead time among its suppliers.
    pub lead_time_days: i32,
    /// The day of the first order.
    pub first_release: String,
    /// The days between the first order of all and this one.
    pub slack_days: i32,
}

/// Vehicles in each shop.
#[derive(Debug, Clone, Serialize)]
pub struct Wip {
    /// The day.
    pub date: String,
    /// The vehicles by shop, in the order of flow.
    pub shops: Vec<(String, i64)>,
}

/// One vehicle's whole life across the three services.
#[derive(Debug, Clone, Serialize)]
pub struct Life {
    /// The vehicle identification number.
    pub vin: String,
    /// Its place in the plant-wide order of builds.
    pub build_number: i64,
    /// The variant and the options.
    pub configuration: BTreeMap<String, String>,
    /// The order.
    pub order: String,
    /// The city.
    pub city: String,
    /// What happened to the order and the vehicle, oldest first.
    pub timeline: Vec<LifeEvent>,
    /// The time in each shop, by the plant's clock.
    pub shops: Vec<ShopTime>,
    /// The bought parts by item and lot.
    pub part_count: usize,
    /// The parts with a serial number, with where they came from.
    pub serials: Vec<SerialPart>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct LifeEvent {
    /// The day.
    pub date: String,
    /// What happened.
    pub event: String,
    /// The service that says so.
    pub source: String,
    /// What it was about.
    pub subject: String,
}

/// A vehicle's time in a shop.
#[derive(Debug, Clone, Serialize)]
pub struct ShopTime {
    /// The shop.
    pub shop: String,
    /// When it entered, YYYY-MM-DD HH:MM:SS.
    pub start: String,
    /// When it left.
    pub end: String,
    /// The seconds between.
    pub seconds: i64,
}

/// A part with a serial number.
#[derive(Debug, Clone, Serialize)]
pub struct SerialPart {
    /// The item.
    pub item: String,
    /// The serial number.
    pub serial: String,
    /// The lot.
    pub lot: String,
    /// The supplier.
    pub supplier: String,
    /// The day on which the lot was received.
    pub received_on: Option<String>,
    /// The reservation in procurement's ledger that the part stands on.
    pub reservation: String,
}

/// What the outages cost (RULES 13).
#[derive(Debug, Clone, Serialize)]
pub struct DisruptionFigures {
    /// The outages.
    pub outages: Vec<String>,
    /// The first stop for want of a part since the first outage.
    pub first_stop: Option<FirstStop>,
    /// The cost over all variants.
    pub all: Shortfall,
    /// The cost by variant.
    pub by_variant: BTreeMap<String, Shortfall>,
    /// The orders whose promised day moved later by more than seven days.
    pub slipped_orders: i64,
    /// The orders that were promised anew on the first days of the outages.
    pub repromised_orders: i64,
}

/// The first stop of a disruption.
#[derive(Debug, Clone, Serialize)]
pub struct FirstStop {
    /// The day.
    pub date: String,
    /// The shop that missed a part.
    pub shop: String,
    /// The variant that could not be built.
    pub variant: String,
    /// The part.
    pub item: String,
}

/// The shortfall against the undisturbed plan.
#[derive(Debug, Clone, Serialize)]
pub struct Shortfall {
    /// The largest cumulative shortfall.
    pub late: i64,
    /// Its first day.
    pub late_on: Option<String>,
    /// The first day after it without shortfall.
    pub recovered_on: Option<String>,
    /// The shortfall at the end of the last plan day.
    pub lost: i64,
    /// The sum of each day's shortfall.
    pub vehicle_days_late: i64,
}
