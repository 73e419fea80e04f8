//! A change of an order: another variant, other options or another city, while its vehicle is not settled.
//!
//! It must not know the database or the wire. Invariants: a change keeps the order's number, its day of lock and its edition; an option
//! that gives priority is neither gained nor given up; what nobody named stays; a change that changes nothing is a mistake.

pub(crate) mod finish;
pub(crate) mod plant;
pub(crate) mod store;
pub(crate) mod wire;
pub(crate) mod work;

use std::{collections::BTreeMap, fmt};

use takt_kernel::{Date, Violations};
use takt_service::Refusal;

use super::{Order, OrderState, Queueing};
use crate::programme::{Catalogue, Configuration, VARIANT_KEY};

/// How far a change has come; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// Production's word is awaited.
    UnderWay = 1,
    /// The order is what the change says.
    Done = 2,
    /// Production said no.
    Refused = 3,
}

impl ChangeState {
    /// The state of a column.
    pub fn of(column: i64) -> Option<Self> {
        [Self::UnderWay, Self::Done, Self::Refused]
            .into_iter()
            .find(|state| *state as i64 == column)
    }
}

/// What an order is before or after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The number of the configuration.
    pub config_no: i64,
    /// The place of the variant in the programme.
    pub variant_no: i64,
    /// The value of each option.
    pub options: BTreeMap<String, String>,
    /// The lane by its place in the programme.
    pub lane_no: i64,
}

/// A change as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The order, by number.
    pub order_no: i64,
    /// Its number within the order, from 1.
    pub number: i64,
    /// The day.
    pub on: Date,
    /// How far it has come.
    pub state: ChangeState,
    /// What the order was.
    pub before: Side,
    /// What it becomes.
    pub after: Side,
}

impl Change {
    /// Whether production builds something else by it; another city is none of its business.
    pub fn is_of_plant(&self) -> bool {
        self.before.config_no != self.after.config_no
    }

    /// What became what, for people: `MAX to STD, WHEEL W21 to W19, Shanghai to Xi'an`.
    pub fn told(&self, catalogue: &Catalogue) -> String {
        let variant = |side: &Side| {
            let variant = catalogue.variant_at(side.variant_no);
            variant
                .map(|variant| variant.id.clone())
                .unwrap_or_default()
        };
        let city = |side: &Side| {
            let lane = catalogue.lane_at(side.lane_no);
            lane.map(|lane| lane.city.clone()).unwrap_or_default()
        };
        let mut parts = Vec::new();
        let mut differs = |what: &str, before: String, after: String| {
            if before != after {
                parts.push(format!("{what}{before} to {after}"));
            }
        };
        differs("", variant(&self.before), variant(&self.after));
        for (key, after) in &self.after.options {
            let before = self.before.options.get(key).cloned().unwrap_or_default();
            differs(&format!("{key} "), before, after.clone());
        }
        differs("", city(&self.before), city(&self.after));
        parts.join(", ")
    }
}

/// What a customer wants to be different; what is empty stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The day of the change.
    pub on: Date,
    /// The variant.
    pub variant_id: String,
    /// The options that become others.
    pub options: BTreeMap<String, String>,
    /// The city.
    pub city: String,
}

/// What the order becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The configuration.
    pub configuration: Configuration,
    /// The variant.
    pub variant_id: String,
    /// The city, where it is another one.
    pub city: Option<String>,
}

/// Whether an order is in a state in which it can be changed on a day; `last` is the day of the change before.
///
/// # Errors
/// `ChangeRefusal` with the state and the way out.
pub fn changeable(order: &Order, on: Date, last: Option<Date>) -> Result<(), ChangeRefusal> {
    let id = order.id.clone();
    let earliest = last.map_or(order.locked_on, |last| last.max(order.locked_on));
    match order.queueing {
        Queueing::Cancelled => Err(ChangeRefusal::Cancelled {
            id,
            on: order.cancelled_on.unwrap_or_default(),
        }),
        Queueing::Allocated => Err(ChangeRefusal::Built {
            id,
            state: order.state(),
            vin: order.journey.vin.clone(),
        }),
        Queueing::Open if on < earliest => Err(ChangeRefusal::Early { id, on, earliest }),
        Queueing::Open => Ok(()),
    }
}

/// What an order becomes by what is wanted; every mistake is told at once.
pub fn target(
    order: &Order,
    wanted: &Wanted,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Target> {
    let current = catalogue.variant_at(order.variant_no);
    let current = current.map_or("", |variant| variant.id.as_str());
    let variant_id = match wanted.variant_id.as_str() {
        "" => current,
        variant_id => variant_id,
    };
    let mut options = order.options.clone();
    let priority = catalogue.programme.priority_option.as_str();
    for (key, value) in &wanted.options {
        let kept = order.options.get(key);
        if !priority.is_empty() && key == priority && kept != Some(value) {
            violations.push(
                &format!("options[{key}]"),
                format!(
                    "it is {} since the order was locked and is neither gained nor given up by a change; leave it out",
                    kept.map_or("nothing", String::as_str)
                ),
            );
        } else if key != VARIANT_KEY || value != variant_id {
            options.insert(key.clone(), value.clone());
        }
    }
    let here = catalogue
        .lane_at(order.lane_no)
        .map(|lane| lane.city.as_str());
    let city = Some(wanted.city.as_str()).filter(|city| !city.is_empty() && Some(*city) != here);
    if let Some(city) = city
        && catalogue.lanes_to(city).is_empty()
    {
        violations.push(
            "city",
            format!("no lane leads to {city:?}; give a city of the programme's outbound lanes"),
        );
    }
    let configuration = catalogue.configure(variant_id, &options, violations)?;
    let same =
        configuration.variant_no == order.variant_no && configuration.options() == order.options;
    if same && city.is_none() {
        violations.push(
            "variant_id",
            "the order is all that already; give another variant, option or city",
        );
        return None;
    }
    Some(Target {
        configuration,
        variant_id: variant_id.to_owned(),
        city: city.map(str::to_owned),
    })
}

/// Why an order is not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeRefusal {
    /// The vehicle exists.
    Built {
        /// The order.
        id: String,
        /// The state it is in.
        state: OrderState,
        /// The vehicle.
        vin: String,
    },
    /// It was cancelled.
    Cancelled {
        /// The order.
        id: String,
        /// When.
        on: Date,
    },
    /// The day lies before what it follows.
    Early {
        /// The order.
        id: String,
        /// The day of the change.
        on: Date,
        /// The first day that will do.
        earliest: Date,
    },
    /// Another change is not through yet.
    UnderWay {
        /// The order.
        id: String,
    },
}

impl fmt::Display for ChangeRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Built { id, state, vin } => write!(
                out,
                "order {id} is {} with vehicle {vin} and stays as it is; hand the vehicle over and take it back",
                state.word()
            ),
            Self::Cancelled { id, on } => write!(
                out,
                "order {id} was cancelled on {on}; place a new order instead"
            ),
            Self::Early { id, on, earliest } => write!(
                out,
                "order {id} was locked or changed on {earliest} and cannot be changed on {on}; give that day or a later one"
            ),
            Self::UnderWay { id } => write!(
                out,
                "another change of order {id} is under way or owes its promise; get the order to see it, and change it again when it is through"
            ),
        }
    }
}

impl Refusal for ChangeRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::Built { .. } => "ORDER_ALREADY_BUILT",
            Self::Cancelled { .. } => "ORDER_ALREADY_CANCELLED",
            Self::Early { .. } => "CHANGED_TOO_EARLY",
            Self::UnderWay { .. } => "ORDER_CHANGE_UNDER_WAY",
        }
    }
}

#[cfg(test)]
mod tests;
