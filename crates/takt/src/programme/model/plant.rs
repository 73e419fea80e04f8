//! The plant: shops, operations, VIN scheme, calendar and ramp plan. It must not know what a day will
//! build. Invariants: days are without a gap; `planned` has one count per variant, in their order.
use super::network::Place;
use takt_kernel::{Date, OperationId, PlantId, Share, ShopId, SupplierId, VariantId};

/// The plant that builds the vehicles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plant {
    /// The id of its row (tier 0) in suppliers.csv.
    pub id: PlantId,
    /// The same id where the plant stands in the supply network.
    pub supplier: SupplierId,
    /// Its name.
    pub name: String,
    /// Its city: inbound lanes end and outbound lanes start here.
    pub city: String,
    /// Where it is.
    pub place: Option<Place>,
    /// IANA time zone of its days; UTC where the folder is silent.
    pub time_zone: String,
    /// Milliseconds between two vehicles at a station: the technical limit (RULES 6).
    pub takt_ms: i64,
    /// The shops in the order of the file.
    pub shops: Vec<Shop>,
}

/// A shop of the plant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Its code: `FA`.
    pub id: ShopId,
    /// Its name: `final_assembly`.
    pub name: String,
}

/// How VINs are put together; positions 4 to 8 stand with the variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VinScheme {
    /// Positions 1 to 3, the maker.
    pub wmi: String,
    /// Position 10.
    pub model_year: char,
    /// Position 11.
    pub plant_code: char,
    /// How many digits the serial has: 6.
    pub serial_digits: usize,
}

/// One operation of the routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// The shop it belongs to.
    pub shop: ShopId,
    /// Its place within the shop, rising.
    pub seq: i64,
    /// Its name.
    pub name: String,
    /// The variants that pass it, in file order; ALL is written out.
    pub applies_to: Vec<VariantId>,
    /// Milliseconds that a station works on one vehicle.
    pub cycle_ms: i64,
    /// Milliseconds that a vehicle stays.
    pub flow_ms: i64,
    /// Stations side by side.
    pub stations: i64,
    /// Good at the first pass; the rest is rework within the day.
    pub first_pass_yield: Share,
    /// Watt hours per vehicle.
    pub energy_wh: i64,
    /// How much of the work is automated.
    pub automation: Share,
    /// People per shift.
    pub operators: i64,
    /// The kind of evidence.
    pub source_kind: String,
    /// The evidence.
    pub source: String,
}

/// One day of the calendar with its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Day 1, 2, ... after day 0.
    pub day: i32,
    /// Its date.
    pub on: Date,
    /// How many shifts work.
    pub shifts: i64,
    /// Milliseconds of one shift; 0 where none works.
    pub shift_ms: i64,
    /// The most vehicles of the day, before takt and operations.
    pub capacity: i64,
    /// What the ramp plan wants built, by variant.
    pub planned: Vec<i64>,
    /// What was published as delivered.
    pub published_delivered: Option<i64>,
}

impl Day {
    /// The plan over all variants.
    pub fn planned_total(&self) -> i64 {
        self.planned.iter().sum()
    }
}
