//! What may be ordered and where it may be delivered: the part of a programme that delivery owns, read-only.
//!
//! It must not know the database or the wire. Invariants: a catalogue is whole (`check` found nothing); a
//! configuration names a value for every option, so it never changes its meaning later.

mod configuration;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod store;

use std::collections::{BTreeMap, HashMap};

use takt_kernel::{Date, OptionKey, OptionValue, Violations, ceil_div};

pub use configuration::Configuration;
pub(crate) use configuration::{options_of, options_text};

/// The key under which a configuration names its variant in the programme's own files.
pub const VARIANT_KEY: &str = "VAR";

/// The programme and the dates that bind delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// The programme, `su7`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The plant from which vehicles leave.
    pub plant_id: String,
    /// The IANA time zone of the plant.
    pub time_zone: String,
    /// Day 0.
    pub launch_on: Date,
    /// The first day on which a vehicle may be handed over.
    pub first_handover_on: Date,
    /// The vehicles that the programme builds.
    pub vehicle_count: i64,
    /// The option whose `priority_value` is built first; empty when there is none.
    pub priority_option: String,
    /// The value that is built first.
    pub priority_value: String,
}

/// A variant that can be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its place in the programme, from 1.
    pub number: i64,
    /// The variant, `MAX`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its reference configuration.
    pub reference: BTreeMap<String, String>,
}

/// A value of an option with the share of orders that choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionOffer {
    /// The option, `COLOR`.
    pub key: String,
    /// The value, `AQUA_BLUE`.
    pub value: String,
    /// The variant for which it holds; empty for all.
    pub variant_id: String,
    /// The place of the value within its option, from 1.
    pub number: i64,
    /// The share in millionths; 0 means that it is not offered.
    pub share: i64,
}

/// A lane from the plant to a city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its place in the programme, from 1; ties are broken by it.
    pub number: i64,
    /// The lane, `OUT-SHANGHAI-ROAD`.
    pub id: String,
    /// The city.
    pub city: String,
    /// The means of transport.
    pub mode: String,
    /// The distance in kilometres.
    pub distance_km: i64,
    /// The transit time in thousandths of a day.
    pub transit_millidays: i64,
    /// The share of all vehicles in millionths.
    pub share: i64,
    /// What a place for one vehicle costs, in millionths of the currency's unit; 0 where the programme gives none.
    pub cost_micros: i64,
    /// The currency of that; empty where the programme gives none.
    pub cost_currency: String,
}

impl Lane {
    /// The days from departure to arrival; a fraction of a day is a day (RULES 4).
    pub fn transit_days(&self) -> i32 {
        let days = ceil_div(i128::from(self.transit_millidays.max(0)), 1000).unwrap_or(0);
        i32::try_from(days).unwrap_or(i32::MAX)
    }
}

/// A published milestone, whatever service reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// Its place in the programme, from 1.
    pub number: i64,
    /// The published date.
    pub published_on: Date,
    /// What happened.
    pub event: String,
    /// The vehicles built by then.
    pub cumulative_produced: Option<i64>,
    /// The vehicles handed over by then.
    pub cumulative_delivered: Option<i64>,
    /// The orders locked by then.
    pub locked_orders: Option<i64>,
    /// How it is known.
    pub source_kind: String,
}

/// The whole catalogue with its ways to find things.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The programme.
    pub programme: Programme,
    /// The variants by place.
    pub variants: Vec<Variant>,
    /// The lanes by place.
    pub lanes: Vec<Lane>,
    /// Option key, then variant (empty for all), then value with its share.
    offers: BTreeMap<String, BTreeMap<String, BTreeMap<String, i64>>>,
    lane_at: HashMap<i64, usize>,
    lane_by_id: HashMap<String, usize>,
    lanes_of_city: HashMap<String, Vec<usize>>,
}

impl Catalogue {
    /// Arranges the parts; lanes and variants come by their place.
    pub fn new(
        programme: Programme,
        mut variants: Vec<Variant>,
        offers: Vec<OptionOffer>,
        mut lanes: Vec<Lane>,
    ) -> Self {
        variants.sort_by_key(|variant| variant.number);
        lanes.sort_by_key(|lane| lane.number);
        let mut by_key: BTreeMap<String, BTreeMap<String, BTreeMap<String, i64>>> = BTreeMap::new();
        for offer in offers {
            let of_variant = by_key
                .entry(offer.key)
                .or_default()
                .entry(offer.variant_id)
                .or_default();
            of_variant.insert(offer.value, offer.share);
        }
        let mut lanes_of_city: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, lane) in lanes.iter().enumerate() {
            lanes_of_city.entry(lane.city.clone()).or_default().push(at);
        }
        Self {
            lane_at: lanes
                .iter()
                .enumerate()
                .map(|(at, lane)| (lane.number, at))
                .collect(),
            lane_by_id: lanes
                .iter()
                .enumerate()
                .map(|(at, lane)| (lane.id.clone(), at))
                .collect(),
            lanes_of_city,
            offers: by_key,
            programme,
            variants,
            lanes,
        }
    }

    /// Finds what keeps the catalogue from being used.
    pub fn check(&self, violations: &mut Violations) {
        violations.require(
            !self.variants.is_empty(),
            "variant",
            "the programme has no variant; upload one at least",
        );
        violations.require(
            !self.lanes.is_empty(),
            "lane",
            "the programme has no outbound lane; upload one at least",
        );
        for city in self.lanes_of_city.values() {
            let lanes: Vec<&Lane> = city.iter().filter_map(|at| self.lanes.get(*at)).collect();
            if lanes.iter().all(|lane| lane.share == 0) {
                let city = lanes.first().map_or("", |lane| lane.city.as_str());
                violations.push(
                    "lane.share_millionths",
                    format!("no lane to {city} has a share; give one at least"),
                );
            }
        }
        for variant in &self.variants {
            for key in self.offers.keys() {
                let described = format!(
                    "no value of {key} is offered for {}; give one a share",
                    variant.id
                );
                violations.require(
                    !self.offered(key, &variant.id).is_empty(),
                    "option_value",
                    described,
                );
            }
        }
        let programme = &self.programme;
        violations.require(
            programme.priority_option.is_empty()
                || self.offers.contains_key(&programme.priority_option),
            "header.priority_option",
            format!(
                "{} is not an option; options are {}",
                programme.priority_option,
                self.keys()
            ),
        );
    }

    /// The variant of an id.
    pub fn variant(&self, id: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// The variant at a place.
    pub fn variant_at(&self, number: i64) -> Option<&Variant> {
        self.variants
            .iter()
            .find(|variant| variant.number == number)
    }

    /// The lane at a place.
    pub fn lane_at(&self, number: i64) -> Option<&Lane> {
        self.lanes.get(*self.lane_at.get(&number)?)
    }

    /// The lane of an id.
    pub fn lane(&self, id: &str) -> Option<&Lane> {
        self.lanes.get(*self.lane_by_id.get(id)?)
    }

    /// All outbound lanes, in the order of the programme.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The lanes to a city by place; none when nobody delivers there.
    pub fn lanes_to(&self, city: &str) -> Vec<&Lane> {
        let places = self
            .lanes_of_city
            .get(city)
            .map_or(&[] as &[usize], Vec::as_slice);
        places.iter().filter_map(|at| self.lanes.get(*at)).collect()
    }

    /// Reads what a customer chose; every mistake is told at once. An option left out is a mistake, except the one
    /// that gives priority: who does not ask for it gets the variant's reference value.
    pub fn configure(
        &self,
        variant_id: &str,
        options: &BTreeMap<String, String>,
        violations: &mut Violations,
    ) -> Option<Configuration> {
        let Some(variant) = self.variant(variant_id) else {
            let known = self
                .variants
                .iter()
                .map(|variant| variant.id.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            violations.push(
                "variant_id",
                format!("{variant_id:?} is not a variant; variants are {known}"),
            );
            return None;
        };
        let mut chosen = BTreeMap::new();
        for key in self.offers.keys() {
            let given = options.get(key).filter(|value| !value.is_empty());
            let reference = variant
                .reference
                .get(key)
                .filter(|_| *key == self.programme.priority_option);
            match given.or(reference) {
                Some(value) if self.offers_value(key, variant_id, value) => {
                    chosen.insert(key.as_str(), value.as_str());
                }
                Some(value) => violations.push(
                    &format!("options[{key}]"),
                    format!(
                        "{value:?} is not offered for {variant_id}; choose {}",
                        self.offered(key, variant_id).join(", ")
                    ),
                ),
                None => violations.push(
                    &format!("options[{key}]"),
                    format!(
                        "a value is missing; choose {}",
                        self.offered(key, variant_id).join(", ")
                    ),
                ),
            }
        }
        for (key, value) in options {
            let said_twice = key == VARIANT_KEY && value == variant_id;
            if !said_twice && !self.offers.contains_key(key) {
                violations.push(
                    &format!("options[{key}]"),
                    format!("it is not an option; options are {}", self.keys()),
                );
            }
        }
        let priority = !self.programme.priority_option.is_empty()
            && chosen.get(self.programme.priority_option.as_str())
                == Some(&self.programme.priority_value.as_str());
        violations
            .is_empty()
            .then(|| Configuration::new(variant.number, variant_id, priority, &chosen))
    }

    fn keys(&self) -> String {
        self.offers
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The shares of an option's values for a variant.
    fn shares(&self, key: &str, variant_id: &str) -> Vec<(&str, i64)> {
        let Some(of_key) = self.offers.get(key) else {
            return Vec::new();
        };
        let own = of_key
            .get(variant_id)
            .into_iter()
            .chain(of_key.get(""))
            .flatten();
        own.map(|(value, share)| (value.as_str(), *share)).collect()
    }

    /// A value is offered when it has a share; an option without any shares, such as an edition that goes to the
    /// first orders, offers all its values.
    fn offered(&self, key: &str, variant_id: &str) -> Vec<&str> {
        let shares = self.shares(key, variant_id);
        let open = shares.iter().all(|(_, share)| *share == 0);
        shares
            .into_iter()
            .filter(|(_, share)| open || *share > 0)
            .map(|(value, _)| value)
            .collect()
    }

    fn offers_value(&self, key: &str, variant_id: &str, value: &str) -> bool {
        self.offered(key, variant_id).contains(&value)
    }
}

/// Checks the words of an option value, so that a configuration's text can always be read back.
pub(crate) fn option_words(offer: &OptionOffer, violations: &mut Violations) {
    violations.check("option_key", OptionKey::parse(&offer.key));
    violations.check("value", OptionValue::parse(&offer.value));
    violations.require(
        offer.share >= 0,
        "share_millionths",
        format!("the share {} is negative", offer.share),
    );
}

#[cfg(test)]
mod tests;
