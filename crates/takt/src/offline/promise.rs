//! A promise from a programme folder: the plan as it stands on a morning, the orders that wait, and the parts in the house
//! and under way. It must not know services or commands. Invariant: the same functions make it as in production.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::common::v1 as common;
use takt_contract::delivery::v1 as pb;
use takt_kernel::{Date, Quantity};
use takt_planning::ctp::{
    self, Basis, Cause, ItemSupply, Needs, Obstacle, Promise, Request, Stand,
};
use takt_planning::feature::Config;
use takt_planning::material::Stock;
use takt_planning::ramp::feasible_plan;

use super::{Offline, Standing};
use crate::failure::{Failure, Outcome};
use crate::output::day;
use crate::programme::{Direction, Programme, VARIANT_KEY};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The variant.
    pub variant: String,
    /// Its options.
    pub options: BTreeMap<String, String>,
    /// The vehicles.
    pub quantity: i64,
    /// The day by which they are wanted.
    pub wanted_on: Option<Date>,
    /// The day as of which to ask.
    pub as_of: Date,
    /// Whether they may come on several days.
    pub split: bool,
}

/// The longest lane to a city.
#[derive(Debug, Clone)]
pub struct TransportTo {
    lane: String,
    days: i32,
    first_handover: Date,
}

impl TransportTo {
    /// The longest lane to a city that carries vehicles.
    pub fn city(programme: &Programme, city: &str) -> Outcome<Self> {
        let carries = |direction: &Direction| matches!(direction, Direction::Outbound { share } if share.0 > 0);
        let lanes = programme
            .outbound()
            .filter(|lane| lane.to == city && carries(&lane.direction));
        let longest = lanes.max_by_key(|lane| lane.transit_days());
        let longest = longest.ok_or_else(|| {
            Failure::bad_input(format!("no lane leads to {city:?}"))
                .with_way_out("name a city of the programme's outbound lanes")
        })?;
        Ok(Self {
            lane: longest.id.to_string(),
            days: i32::try_from(longest.transit_days()).unwrap_or(i32::MAX),
            first_handover: programme.first_handover,
        })
    }
}

/// A promise as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The variant.
    pub variant: String,
    /// The value of each option.
    pub options: BTreeMap<String, String>,
    /// The vehicles.
    pub quantity: i64,
    /// The day by which they are wanted.
    pub wanted_on: Option<String>,
    /// The day as of which it was asked.
    pub as_of: String,
    /// The plan that it stands on.
    pub plan_version: String,
    /// COMPLETE, or PARTIAL where a tier did not answer; then there is no date.
    pub result_status: String,
    /// The days; one without a split.
    pub dates: Vec<DatedQuantity>,
    /// The first day on which all of it could be had.
    pub earliest: Option<String>,
    /// The vehicles for which no slot is left.
    pub short: i64,
    /// Why the wanted day is not met.
    pub reasons: Vec<Reason>,
    /// Other configurations that can be had earlier.
    pub alternatives: Vec<Alternative>,
}

/// Vehicles on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatedQuantity {
    /// The day.
    pub date: String,
    /// The vehicles.
    pub quantity: i64,
    /// The day of completion.
    pub complete_on: String,
}

/// Why a wish is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The code of the shared vocabulary.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// The wanted day.
    pub from: Option<String>,
    /// The first day on which it no longer holds.
    pub until: Option<String>,
    /// In base units, as a decimal.
    pub quantity: Option<String>,
}

/// Another configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// The variant.
    pub variant: String,
    /// The value of each option.
    pub options: BTreeMap<String, String>,
    /// VARIANT, or the key of the option that differs.
    pub changed: String,
    /// The first day.
    pub earliest: String,
}

/// When it can be had.
pub fn promised(offline: &Offline, wanted: &Wanted, way: Option<&TransportTo>) -> Outcome<Told> {
    let unknown = || Failure::bad_input("the configuration is not one of the programme");
    let config = offline
        .config(&wanted.variant, &wanted.options)
        .ok_or_else(unknown)?;
    let basis = basis(offline, wanted.as_of);
    let (days, least) = way.map_or((0, Date::MIN), |way| (way.days, way.first_handover));
    let complete_by = wanted.wanted_on.map(|on| on.minus(days));
    let ask = |config: Config| {
        let options = option_needs(offline, config);
        basis.promise(&Request {
            variant: config.variant(),
            options: &options,
            quantity: wanted.quantity,
            wanted: complete_by.unwrap_or(basis.first()),
            split: wanted.split,
        })
    };
    let promise = ask(config);
    let delivered = |complete: Date| complete.plus(days).max(least);
    let references: Vec<Config> = (offline.sized.variants.iter())
        .filter_map(|variant| {
            let chosen = variant.reference.iter();
            let chosen = chosen.map(|(key, value)| (key.to_string(), value.to_string()));
            offline.config(
                variant.id.as_str(),
                &chosen.filter(|(key, _)| key != VARIANT_KEY).collect(),
            )
        })
        .collect();
    let others = ctp::alternatives(
        config,
        &promise,
        &offline.attributes,
        &references,
        |other| ask(other).earliest,
    );
    let mut reasons: Vec<Reason> = (promise.causes.iter())
        .map(|cause| reason(offline, cause))
        .collect();
    reasons.extend(transport(&promise, wanted, way));
    let (year, month, day) = wanted.as_of.ymd();
    Ok(Told {
        plan_version: format!("{}-{year:04}{month:02}{day:02}", offline.full.id),
        result_status: "COMPLETE".to_owned(),
        dates: (promise.dates.iter())
            .map(|(complete, vehicles)| DatedQuantity {
                date: delivered(*complete).to_string(),
                quantity: *vehicles,
                complete_on: complete.to_string(),
            })
            .collect(),
        earliest: promise.earliest.map(|day| delivered(day).to_string()),
        short: promise.short,
        reasons,
        alternatives: (others.iter())
            .map(|other| alternative(offline, other, delivered(other.earliest)))
            .collect(),
        ..Told::asked(wanted)
    })
}

/// Slots and parts on a morning when all went as planned.
fn basis(offline: &Offline, as_of: Date) -> Basis {
    let standing = Standing::planned(offline, as_of);
    let position = &standing.position;
    let plan = feasible_plan(&offline.ramp, &position.built, as_of, &offline.schedule);
    let variants = offline.sized.variants.len();
    let row = |variant: usize| {
        let of = |day: &Vec<i64>| day.get(variant).copied().unwrap_or(0);
        plan.days.iter().map(of).collect()
    };
    let mut needs: BTreeMap<Config, Vec<Needs>> = BTreeMap::new();
    for wanted in position.queues.iter().flatten() {
        needs
            .entry(wanted.config)
            .or_insert_with(|| option_needs(offline, wanted.config));
    }
    let queues = position.queues.iter().map(|queue| {
        let of = |config: &Config| needs.get(config).map_or(&[][..], Vec::as_slice);
        queue.iter().map(|wanted| of(&wanted.config)).collect()
    });
    let base = |variant: usize| {
        let needs = offline.bom.requirement(Config(0).with(0, variant));
        vec![thousandths(&needs.base)]
    };
    let items = offline.sized.items.iter().zip(&standing.stocks);
    Basis::new(&Stand {
        first: plan.first,
        // A programme folder knows no engineering changes.
        eras: Vec::new(),
        planned: (0..variants).map(row).collect(),
        queues: queues.collect(),
        commitments: Vec::new(),
        bases: (0..variants).map(base).collect(),
        supply: items
            .map(|(item, stock)| (!item.make).then(|| supply(stock)))
            .collect(),
    })
}

fn option_needs(offline: &Offline, config: Config) -> Vec<Needs> {
    vec![thousandths(&offline.bom.requirement(config).option)]
}

fn thousandths(needs: &[(usize, Quantity)]) -> Needs {
    let plain = |(item, quantity): &(usize, Quantity)| (*item, quantity.milli());
    needs.iter().map(plain).collect()
}

fn supply(stock: &Stock) -> ItemSupply {
    let shared = stock.sources.iter().filter(|source| source.share.0 > 0);
    ItemSupply {
        free: stock.on_hand.milli(),
        receipts: (stock.expected.iter())
            .map(|expected| (expected.on, expected.quantity.milli()))
            .collect(),
        overdue: 0,
        lead_days: shared
            .map(|source| source.lead_days)
            .max()
            .unwrap_or(i32::MAX),
    }
}

fn reason(offline: &Offline, cause: &Cause) -> Reason {
    let part = |item: usize| offline.item_id(item).to_owned();
    let (code, subject, quantity) = match cause.obstacle {
        Obstacle::Line => {
            let line = offline.full.plant.shops.first();
            let line = line.map_or_else(String::new, |shop| shop.id.to_string());
            (
                "CAPACITY_OVERLOAD",
                line,
                Quantity::from_units(cause.blocked),
            )
        }
        Obstacle::AwaitSupply { item, .. } => ("AWAIT_SUPPLY", part(item), Quantity(cause.blocked)),
        Obstacle::LeadTime { item, .. } => {
            ("LEAD_TIME_PAST_DUE", part(item), Quantity(cause.blocked))
        }
    };
    Reason {
        code: code.to_owned(),
        subject,
        from: Some(cause.from.to_string()),
        until: cause.until.map(|day| day.to_string()),
        quantity: Some(quantity.to_string()),
    }
}

/// The transport, where it is what makes the last day late.
fn transport(promise: &Promise, wanted: &Wanted, way: Option<&TransportTo>) -> Option<Reason> {
    let (way, on) = (way.filter(|way| way.days > 0)?, wanted.wanted_on?);
    let (complete, _) = promise.dates.last()?;
    let delivered = complete.plus(way.days).max(way.first_handover);
    (delivered > on).then(|| Reason {
        code: "TRANSPORT".to_owned(),
        subject: way.lane.clone(),
        from: Some(complete.to_string()),
        until: Some(delivered.to_string()),
        quantity: None,
    })
}

fn alternative(offline: &Offline, other: &ctp::Alternative, earliest: Date) -> Alternative {
    let keys = offline.features.all();
    let value = |key: usize| {
        let feature = keys.get(key)?;
        let value = feature.values.get(other.config.value(key))?;
        Some((feature.key.clone(), value.clone()))
    };
    Alternative {
        variant: value(0).map_or_else(String::new, |(_, variant)| variant),
        options: (1..keys.len()).filter_map(value).collect(),
        changed: match other.key {
            0 => "VARIANT".to_owned(),
            key => value(key).map_or_else(String::new, |(key, _)| key),
        },
        earliest: earliest.to_string(),
    }
}

impl Told {
    /// What was asked, with no answer yet.
    fn asked(wanted: &Wanted) -> Self {
        Self {
            variant: wanted.variant.clone(),
            options: wanted.options.clone(),
            quantity: wanted.quantity,
            wanted_on: wanted.wanted_on.map(|day| day.to_string()),
            as_of: wanted.as_of.to_string(),
            plan_version: String::new(),
            result_status: String::new(),
            dates: Vec::new(),
            earliest: None,
            short: 0,
            reasons: Vec::new(),
            alternatives: Vec::new(),
        }
    }

    /// What delivery offered.
    pub fn of_offer(offer: &pb::QuoteOffer, wanted: &Wanted) -> Self {
        let status = match offer.result_status() {
            common::ResultStatus::Complete => "COMPLETE",
            common::ResultStatus::Partial | common::ResultStatus::Unspecified => "PARTIAL",
        };
        let reason = |reason: &common::Reason| Reason {
            code: reason
                .code()
                .as_str_name()
                .trim_start_matches("REASON_CODE_")
                .to_owned(),
            subject: reason.subject.clone(),
            from: day(reason.from_date.as_ref()),
            until: day(reason.until_date.as_ref()),
            quantity: (reason.quantity.as_ref()).map(|some| Quantity(some.thousandths).to_string()),
        };
        Self {
            plan_version: offer
                .basis
                .as_ref()
                .map_or_else(String::new, |basis| basis.plan_id.clone()),
            result_status: status.to_owned(),
            dates: (offer.dates.iter())
                .map(|one| DatedQuantity {
                    date: day(one.date.as_ref()).unwrap_or_default(),
                    quantity: one.vehicle_count,
                    complete_on: day(one.complete_on.as_ref()).unwrap_or_default(),
                })
                .collect(),
            earliest: day(offer.earliest_on.as_ref()),
            short: offer.short_vehicle_count,
            reasons: offer.reasons.iter().map(reason).collect(),
            alternatives: (offer.alternatives.iter())
                .map(|other| Alternative {
                    variant: other.variant_id.clone(),
                    options: other.options.clone(),
                    changed: other.changed.clone(),
                    earliest: day(other.earliest_on.as_ref()).unwrap_or_default(),
                })
                .collect(),
            ..Self::asked(wanted)
        }
    }
}
