//! Everything that happened to an order, by the word of all three services: what delivery's rows tell, and what production
//! and procurement have told of the vehicle and the parts in it.
//!
//! It must not know the database. Invariants: production's own word stands in for what delivery heard of it; what happened
//! on one day is told in the order in which such things happen; a trace is named only where the step was written down in it.

use takt_contract::{common::v1 as common, date_opt, date_pb};
use takt_kernel::{Date, Violations};

use super::timeline::Entry;

/// A step of a vehicle's life after the handover: a service case or a recall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aftermath {
    /// The day.
    pub(crate) on: Date,
    /// What.
    pub(crate) event: &'static str,
    /// The case or the recall.
    pub(crate) subject: String,
    /// What else is to be said.
    pub(crate) detail: String,
}

/// The steps of delivery whose facts bear the trace of the order.
const TRACED: [&str; 4] = ["LOCKED", "DISPATCHED", "HANDED_OVER", "CASE_REPAIRED"];

/// What happens first on one day. A word that is not named here happens on the way from the plant to the customer.
fn place(event: &str) -> usize {
    const BEFORE: [&str; 14] = [
        "RESERVED",
        "LOCKED",
        "CHANGED",
        "PROMISED",
        "PROMISED_ANEW",
        "PART_RECEIVED",
        "PARTS_COMPLETE",
        "VIN_ALLOCATED",
        "SHOP_LEFT",
        "BUILT",
        "QUALITY_HOLD",
        "DISPOSED",
        "RELEASED",
        "DISPATCHED",
    ];
    const AFTER: [&str; 11] = [
        "ARRIVED",
        "INSPECTED",
        "HANDED_OVER",
        "CASE_OPENED",
        "CASE_DIAGNOSED",
        "CASE_REPAIRED",
        "CASE_CLOSED",
        "CASE_CANCELLED",
        "RECALLED",
        "RECALL_NOTIFIED",
        "RECALL_REMEDIED",
    ];
    let at = |words: &[&str]| words.iter().position(|word| *word == event);
    let behind = || at(&AFTER).map(|at| at + BEFORE.len() + 1);
    at(&BEFORE).or_else(behind).unwrap_or(BEFORE.len())
}

/// Puts the words together, oldest first. `elsewhere` is what production and procurement have told; None while
/// production does not answer.
pub(crate) fn chronicle(
    entries: Vec<Entry>,
    aftermath: Vec<Aftermath>,
    elsewhere: Option<Vec<common::Happening>>,
    trace_id: &str,
) -> Vec<common::Happening> {
    let told = elsewhere.is_some();
    let own = entries
        .into_iter()
        .filter(|entry| !told || entry.source == "delivery")
        .map(|entry| {
            (
                entry.on,
                entry.event,
                entry.source,
                entry.subject,
                String::new(),
            )
        });
    let after =
        (aftermath.into_iter()).map(|one| (one.on, one.event, "delivery", one.subject, one.detail));
    let own = own
        .chain(after)
        .map(|(on, event, source, subject, detail)| {
            let trace_id = if TRACED.contains(&event) {
                trace_id.to_owned()
            } else {
                String::new()
            };
            common::Happening {
                date: Some(date_pb(on)),
                event: event.to_owned(),
                source: source.to_owned(),
                subject,
                detail,
                trace_id,
            }
        });
    let mut all: Vec<common::Happening> = own.chain(elsewhere.into_iter().flatten()).collect();
    let day = |one: &common::Happening| date_opt(one.date.as_ref(), "", &mut Violations::new());
    all.sort_by_key(|one| (day(one), place(&one.event)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::date;

    fn entry(on: &str, event: &'static str, source: &'static str) -> Entry {
        Entry {
            on: date(on),
            event,
            source,
            subject: "V".into(),
        }
    }

    fn elsewhere(on: &str, event: &str) -> common::Happening {
        common::Happening {
            date: Some(date_pb(date(on))),
            event: event.into(),
            source: "production".into(),
            ..common::Happening::default()
        }
    }

    fn words(all: &[common::Happening]) -> Vec<&str> {
        all.iter().map(|one| one.event.as_str()).collect()
    }

    #[test]
    fn the_words_of_a_day_stand_as_things_happen() {
        let own = || {
            vec![
                entry("2024-04-01", "LOCKED", "delivery"),
                entry("2024-04-09", "BUILT", "production"),
                entry("2024-04-09", "DISPATCHED", "delivery"),
                entry("2024-04-09", "TURNED_ROUND", "delivery"),
                entry("2024-04-09", "ARRIVED", "delivery"),
            ]
        };
        let after = || {
            vec![Aftermath {
                on: date("2024-04-09"),
                event: "CASE_OPENED",
                subject: "SC-1".into(),
                detail: "thermal".into(),
            }]
        };
        let plant = vec![
            elsewhere("2024-04-09", "BUILT"),
            elsewhere("2024-04-08", "VIN_ALLOCATED"),
            elsewhere("2024-04-09", "RELEASED"),
        ];
        let all = chronicle(own(), after(), Some(plant), "aa");
        let expected = [
            "LOCKED",
            "VIN_ALLOCATED",
            "BUILT",
            "RELEASED",
            "DISPATCHED",
            "TURNED_ROUND",
            "ARRIVED",
            "CASE_OPENED",
        ];
        assert_eq!(words(&all), expected);
        let traced: Vec<_> = (all.iter().filter(|one| one.trace_id == "aa"))
            .map(|one| one.event.as_str())
            .collect();
        assert_eq!(traced, ["LOCKED", "DISPATCHED"]);

        // While production is silent, what delivery heard of it is told.
        let alone = chronicle(own(), after(), None, "aa");
        let expected = [
            "LOCKED",
            "BUILT",
            "DISPATCHED",
            "TURNED_ROUND",
            "ARRIVED",
            "CASE_OPENED",
        ];
        assert_eq!(words(&alone), expected);
    }
}
