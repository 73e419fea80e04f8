//! The product and the plant that makes it: what an import brought, checked and ready to compute with.
//!
//! It must not know rows or messages. Invariants: items and variants are dense (index = number - 1); the bill of
//! material has no cycle; every option condition names keys and values that exist; the calendar has no gap.

pub mod master;
mod revision;
pub mod routing;
pub mod rpc;
pub mod sequenced;
mod shares;
pub mod store;
mod workshop;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use takt_kernel::{Date, Price, Quantity, Share, Violations};
use takt_planning::{
    bom::{Bom, Home, NeedCache},
    change::Change,
    feature::{Config, Features},
    line::{CalendarDay, Limits, Line, Schedule},
    material::Workshop,
    orders::{Attribute, Founders},
    ramp::RampPlan,
    scale::Scale,
    sequencing::PlantRules,
    shop::ShopFlow,
};
use takt_service::Refusal;

use sequenced::SequencedItem;

/// The option key under which conditions name the variant.
pub const VARIANT_KEY: &str = "VAR";

/// The programme's head: names, dates and the scheme of vehicle identification numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programme {
    /// The programme, `su7`.
    pub programme_id: String,
    /// Its name for people.
    pub name: String,
    /// The plant.
    pub plant_id: String,
    /// The supplier as which the plant's own shops stand in lots.
    pub plant_supplier_id: String,
    /// The plant's IANA time zone.
    pub time_zone: String,
    /// Day 0.
    pub launch_on: Date,
    /// The first day on which anything may be ordered.
    pub order_from: Date,
    /// The first day on which a vehicle may be handed over.
    pub first_handover_on: Date,
    /// The last day of the ramp plan.
    pub last_plan_on: Date,
    /// The item that is the vehicle.
    pub vehicle_item_id: String,
    /// How many vehicles are built.
    pub vehicle_count: i64,
    /// The size of the run: N of N / 100,000 (RULES 10).
    pub scale_vehicles: i64,
    /// Milliseconds a vehicle at a station.
    pub takt_millis: i64,
    /// Seconds of a shift.
    pub shift_seconds: i64,
    /// Positions 1 to 3 of a VIN.
    pub vin_wmi: String,
    /// Position 10 of a VIN.
    pub vin_model_year: String,
    /// Position 11 of a VIN.
    pub vin_plant_code: String,
    /// The option whose `priority_value` is built first; empty when there is none.
    pub priority_option: String,
    /// The value that is built first.
    pub priority_value: String,
}

/// One of several programmes on the plant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartOfPlant {
    /// The programme.
    pub programme_id: String,
    /// Its name for people.
    pub name: String,
    /// The day before its first planned build.
    pub launch_on: Date,
    /// The last day of its ramp plan.
    pub last_plan_on: Date,
    /// Its variants.
    pub variant_ids: Vec<String>,
    /// Positions 1 to 3 of its VINs.
    pub vin_wmi: String,
    /// Position 10 of its VINs.
    pub vin_model_year: String,
    /// Position 11 of its VINs.
    pub vin_plant_code: String,
}

/// An item as people ask for it; its place in the vector is its number less one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The part number.
    pub item_id: String,
    /// The name.
    pub name: String,
    /// The group.
    pub group: String,
    /// The code of the base unit.
    pub unit_code: String,
    /// Made here, or bought.
    pub made: bool,
    /// The shop that makes it or uses it.
    pub shop_id: String,
    /// The cost of a base unit.
    pub unit_cost: Price,
    /// Whether every vehicle gets a serial number of it.
    pub serialised: bool,
    /// Good units per unit released.
    pub order_yield: Share,
}

/// A variant of the vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The id, `MAX`.
    pub variant_id: String,
    /// Positions 4 to 8 of its VINs.
    pub vin_vds: String,
    /// Its share of the orders.
    pub share: Share,
    /// Its reference configuration.
    pub reference: Config,
}

/// A shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// The code.
    pub shop_id: String,
    /// Whether vehicles flow through it.
    pub is_line: bool,
}

/// A line of the bill of material as it was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BomLine {
    /// What it goes into.
    pub parent: String,
    /// What goes in.
    pub child: String,
    /// Gross thousandths per base unit of the parent.
    pub quantity: i64,
    /// The option condition.
    pub condition: String,
    /// The part that is lost, in millionths.
    pub component_scrap: i64,
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayEntry {
    /// The date.
    pub on: Date,
    /// The shifts.
    pub shifts: i64,
    /// The vehicles that the line can do, before takt and operations, at full size.
    pub capacity: i64,
    /// The vehicles published as delivered.
    pub published_delivered: i64,
}

/// Everything that planning and building compute with.
#[derive(Debug)]
pub struct Product {
    /// The head.
    pub programme: Programme,
    /// The programmes that share the plant, the one that is built first leading; empty for one alone.
    pub together: Vec<PartOfPlant>,
    /// The shops in the order of flow.
    pub shops: Vec<Shop>,
    /// The items in the order of the file.
    pub items: Vec<Item>,
    /// The lines as imported.
    pub lines: Vec<BomLine>,
    /// The variants in the order of the file.
    pub variants: Vec<Variant>,
    /// The options: `VAR` first, then the keys by name.
    pub features: Features,
    /// The bill of material, levelled, with every engineering change that plans and line follow.
    pub bom: Bom,
    /// Those changes.
    pub changes: Vec<Change>,
    /// Their ids, in the same order.
    pub change_ids: Vec<String>,
    /// Shares of option values, the edition left out.
    pub attributes: Vec<Attribute>,
    /// The edition that is built first.
    pub founders: Option<Founders>,
    /// The days as imported.
    pub days: Vec<DayEntry>,
    /// What the maker wants built.
    pub ramp: RampPlan,
    /// What the line can do by day.
    pub schedule: Schedule,
    /// The way of a vehicle through the shops.
    pub flow: ShopFlow,
    /// The shops with their operations, as capacity.
    pub workshops: Vec<Workshop>,
    /// The operations in the order of flow.
    pub routing: routing::Routing,
    /// What the order of a day's vehicles is held to.
    pub rules: PlantRules,
    /// The items that suppliers bring in the order of the vehicles.
    pub sequenced: Vec<SequencedItem>,
    line: Line,
    item_index: HashMap<String, usize>,
    needs: Mutex<NeedCache>,
}

/// Why a programme cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable(pub String);

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "the programme cannot be used: {}; correct the folder and import it again",
            self.0
        )
    }
}

impl Refusal for Unusable {
    fn reason(&self) -> &'static str {
        "PROGRAMME_INVALID"
    }
}

impl Product {
    /// The index of an item.
    pub fn item(&self, item_id: &str) -> Option<usize> {
        self.item_index.get(item_id).copied()
    }

    /// The index of a variant.
    pub fn variant(&self, variant_id: &str) -> Option<usize> {
        self.features.value(0, variant_id)
    }

    /// The id of a variant; empty for an index that does not exist.
    pub fn variant_id(&self, variant: usize) -> &str {
        self.variants
            .get(variant)
            .map_or("", |known| known.variant_id.as_str())
    }

    /// The programme that a variant belongs to, where several share the plant.
    pub fn part_of(&self, variant: usize) -> Option<&PartOfPlant> {
        let id = self.variant_id(variant);
        let mut all = self.together.iter();
        all.find(|part| part.variant_ids.iter().any(|own| own == id))
    }

    /// What single vehicles need, remembered by configuration.
    pub fn needs(&self) -> MutexGuard<'_, NeedCache> {
        // A panic elsewhere leaves the cache whole: an entry is there or it is not.
        self.needs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line's limits on a day, with other shifts than the calendar's where they are given.
    ///
    /// Other shifts change capacity in proportion; a day that the calendar closes has no capacity to multiply, so
    /// takt and operations alone limit it.
    pub fn limits(&self, date: Date, shifts: Option<i64>) -> Limits {
        let Some(shifts) = shifts else {
            return self.schedule.limits(date);
        };
        let Some(first) = self.days.first().map(|day| day.on) else {
            return Limits::default();
        };
        let mut days = self.calendar();
        let Ok(at) = usize::try_from(date.days_since(first)) else {
            return Limits::default();
        };
        if date > self.schedule.end() {
            return Limits::default();
        }
        if let Some(last) = days.last().copied() {
            days.resize(days.len().max(at + 1), last);
        }
        if let Some(day) = days.get_mut(at) {
            day.capacity = match day.shifts {
                0 => i64::MAX,
                before => day.capacity.saturating_mul(shifts) / before,
            };
            day.shifts = shifts;
        }
        Schedule::new(
            &self.line,
            first,
            &days,
            Scale(self.programme.scale_vehicles),
        )
        .limits(date)
    }

    /// The line's limits with one more shift on every day that has one.
    pub fn schedule_with_one_more_shift(&self) -> Schedule {
        let mut days = self.calendar();
        for day in days.iter_mut().filter(|day| day.shifts > 0) {
            day.capacity = day.capacity.saturating_mul(day.shifts + 1) / day.shifts;
            day.shifts += 1;
        }
        let first = self
            .days
            .first()
            .map_or(self.programme.launch_on, |day| day.on);
        Schedule::new(
            &self.line,
            first,
            &days,
            Scale(self.programme.scale_vehicles),
        )
    }

    /// The shifts that work on a day by the calendar; after its end those of its last day.
    pub fn shifts(&self, date: Date) -> i64 {
        let day = self
            .days
            .iter()
            .take_while(|day| day.on <= self.programme.last_plan_on && day.on <= date)
            .last();
        day.map_or(0, |day| day.shifts)
    }

    /// The calendar of the line through the last plan day.
    pub fn calendar(&self) -> Vec<CalendarDay> {
        master::calendar(&self.programme, &self.days)
    }

    /// A configuration from its options; a key that is missing is taken from the variant's reference configuration.
    pub fn configuration(
        &self,
        variant: &str,
        options: &BTreeMap<String, String>,
        violations: &mut Violations,
    ) -> Option<Config> {
        let Some(index) = self.variant(variant) else {
            violations.push(
                "variant_id",
                format!(
                    "{variant:?} is not a variant of {}",
                    self.programme.programme_id
                ),
            );
            return None;
        };
        let mut config = self.variants.get(index).map(|known| known.reference)?;
        let mut whole = true;
        for (key, value) in options.iter().filter(|(key, _)| *key != VARIANT_KEY) {
            let place = self.features.key(key).filter(|place| *place > 0);
            match place.and_then(|place| Some((place, self.features.value(place, value)?))) {
                Some((place, value)) => config = config.with(place, value),
                None => {
                    violations.push(
                        &format!("options[{key}]"),
                        format!("{value:?} is not a value of an option {key:?}"),
                    );
                    whole = false;
                }
            }
        }
        whole.then_some(config)
    }

    /// The options of a configuration by key, the variant left out.
    pub fn options(&self, config: Config) -> BTreeMap<String, String> {
        let keys = self.features.all().iter().enumerate().skip(1);
        keys.filter_map(|(at, feature)| {
            Some((
                feature.key.clone(),
                feature.values.get(config.value(at))?.clone(),
            ))
        })
        .collect()
    }

    /// The items that a vehicle's record names: what was bought for it, and what the shops made with a serial.
    pub fn recorded(&self, config: Config) -> Vec<(usize, Quantity)> {
        let mut cache = self.needs();
        let needs = cache.get(&self.bom, config);
        let serialised = |item: usize| self.items.get(item).is_some_and(|known| known.serialised);
        let made = needs
            .made
            .iter()
            .copied()
            .filter(|(item, _)| serialised(*item));
        needs.bought().chain(made).collect()
    }

    /// In which unit every item of a vehicle ends up, in item order: a shop's units are those that have serials.
    pub fn homes(&self, config: Config) -> Vec<Home> {
        let is_unit = |item: usize| {
            let item = self.items.get(item);
            item.is_some_and(|item| item.made && item.serialised)
        };
        self.bom.homes(config, is_unit)
    }

    /// Whether every vehicle of every variant needs the item, whatever its options and changes.
    pub fn is_universal(&self, item: usize) -> bool {
        !self.bom.is_optional(item)
            && !self.bom.is_changed(item)
            && (0..self.variants.len()).all(|variant| self.bom.is_used_by(item, variant))
    }
}

#[cfg(test)]
pub(crate) mod tests;
