//! What happened to an order, told from the dates that its rows hold.
//!
//! It must not know the database or the wire. Invariant: entries are in the order of their days, and on one day in
//! the order in which such things happen.

use takt_kernel::Date;

use super::{
    Order,
    change::{Change, ChangeState},
};
use crate::{
    allocation::changes::Change as Reallocation,
    exception::{Exception, Kind, Resolution},
    programme::Catalogue,
    promise::Promise,
};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The day.
    pub on: Date,
    /// What, in capitals.
    pub event: &'static str,
    /// The service on whose word it is known.
    pub source: &'static str,
    /// What it was about.
    pub subject: String,
}

const HERE: &str = "delivery";
const PLANT: &str = "production";

/// The whole timeline of an order; `others` is what befell its vehicle on the way and what its appointments and inspections tell.
pub fn timeline(
    order: &Order,
    promises: &[Promise],
    changes: &[Change],
    others: Vec<Entry>,
    catalogue: &Catalogue,
) -> Vec<Entry> {
    let journey = &order.journey;
    let mut entries = vec![Entry {
        on: order.locked_on,
        event: "LOCKED",
        source: HERE,
        subject: order.id.clone(),
    }];
    entries.extend(promises.iter().map(|promise| Entry {
        on: promise.made_on,
        event: if promise.number == 1 {
            "PROMISED"
        } else {
            "PROMISED_ANEW"
        },
        source: HERE,
        subject: format!("{} {}", promise.kind.word(), promise.deliver_on),
    }));
    let done = changes
        .iter()
        .filter(|change| change.state == ChangeState::Done);
    // On one day it stands behind the first promise and before those that it brought.
    let changed = done.map(|change| Entry {
        on: change.on,
        event: "CHANGED",
        source: HERE,
        subject: change.told(catalogue),
    });
    let behind = entries.len().min(2);
    entries.splice(behind..behind, changed);
    let vin = || journey.vin.clone();
    let load = || journey.shipment_id.clone();
    let steps = [
        (order.cancelled_on, "CANCELLED", HERE, order.id.clone()),
        (journey.built_on, "BUILT", PLANT, vin()),
        (journey.released_on, "RELEASED", PLANT, vin()),
        (journey.departed_on, "DISPATCHED", HERE, load()),
        (journey.arrived_on, "ARRIVED", HERE, load()),
    ];
    for (on, event, source, subject) in steps {
        entries.extend(on.map(|on| Entry {
            on,
            event,
            source,
            subject,
        }));
    }
    entries.extend(others);
    entries.extend(journey.handed_over_on.map(|on| Entry {
        on,
        event: "HANDED_OVER",
        source: HERE,
        subject: vin(),
    }));
    entries.sort_by_key(|entry| entry.on);
    entries
}

/// What went wrong on the way and what was changed of the allocation, as entries.
pub(crate) fn troubles(
    exceptions: &[Exception],
    changes: &[Reallocation],
    catalogue: &Catalogue,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut push = |on, event, subject| {
        entries.push(Entry {
            on,
            event,
            source: HERE,
            subject,
        });
    };
    for one in exceptions {
        let id = || one.number.id(catalogue);
        match one.kind {
            Kind::Delay => {
                let until = one.expected.map(|(_, since)| since).unwrap_or_default();
                push(one.on, "DELAYED", format!("{} until {until}", id()));
            }
            Kind::Damage => push(one.on, "DAMAGED", format!("{} {}", id(), one.vin)),
            Kind::Loss => push(one.on, "LOST", format!("{} {}", id(), one.vin)),
        }
        let Some(ended) = &one.ended else { continue };
        let event = match ended.how {
            Resolution::Repaired => "DAMAGE_REPAIRED",
            Resolution::Accepted => "DAMAGE_ACCEPTED",
            Resolution::WrittenOff => "WRITTEN_OFF",
            Resolution::Overtaken | Resolution::Lost => continue,
        };
        push(ended.on, event, format!("{} {}", id(), one.vin));
    }
    for one in changes {
        let subject = match one.before.as_str() {
            "" => one.vin.clone(),
            before => format!("{} instead of {before}", one.vin),
        };
        push(one.on, one.event(), subject);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        order::{Queueing, tests::order},
        programme::sample::{catalogue, date},
        promise::PromiseKind,
    };

    #[test]
    fn the_life_of_an_order_is_told_in_order() {
        let mut order = order(Queueing::Allocated);
        order.journey.vin = "VIN".into();
        order.journey.shipment_id = "OUT-X.20240401".into();
        order.journey.built_on = Some(date("2024-04-01"));
        order.journey.released_on = Some(date("2024-04-01"));
        order.journey.departed_on = Some(date("2024-04-01"));
        order.journey.arrived_on = Some(date("2024-04-04"));
        order.journey.handed_over_on = Some(date("2024-04-04"));
        let promise = |number, made: &str, deliver: &str| Promise {
            number,
            kind: PromiseKind::Planned,
            build_on: date("2024-04-01"),
            deliver_on: date(deliver),
            made_on: date(made),
            plan_id: "p".into(),
        };
        let promises = [
            promise(1, "2024-03-28", "2024-05-01"),
            promise(2, "2024-03-31", "2024-04-04"),
        ];
        let appointed = Entry {
            on: date("2024-04-04"),
            event: "APPOINTED",
            source: HERE,
            subject: "XIAN-1 2024-04-04".into(),
        };
        let told: Vec<&str> = timeline(&order, &promises, &[], vec![appointed], &catalogue())
            .iter()
            .map(|entry| entry.event)
            .collect();
        let expected = [
            "LOCKED",
            "PROMISED",
            "PROMISED_ANEW",
            "BUILT",
            "RELEASED",
            "DISPATCHED",
            "ARRIVED",
            "APPOINTED",
            "HANDED_OVER",
        ];
        assert_eq!(told, expected);
        assert_eq!(
            timeline(&order, &promises, &[], vec![], &catalogue())[1].subject,
            "planned 2024-05-01"
        );
    }
}
