//! What happened to an order, told from the dates that its rows hold.
//!
//! It must not know the database or the wire. Invariant: entries are in the order of their days, and on one day in
//! the order in which such things happen.

use takt_kernel::Date;

use super::Order;
use crate::promise::Promise;

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

/// The whole timeline of an order; `at_centre` is what its appointments and inspections tell.
pub fn timeline(order: &Order, promises: &[Promise], at_centre: Vec<Entry>) -> Vec<Entry> {
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
    entries.extend(at_centre);
    entries.extend(journey.handed_over_on.map(|on| Entry {
        on,
        event: "HANDED_OVER",
        source: HERE,
        subject: vin(),
    }));
    entries.sort_by_key(|entry| entry.on);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        order::{Queueing, tests::order},
        programme::sample::date,
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
        let told: Vec<&str> = timeline(&order, &promises, vec![appointed])
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
            timeline(&order, &promises, vec![])[1].subject,
            "planned 2024-05-01"
        );
    }
}
