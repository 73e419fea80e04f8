//! What disruptions mean for promises: which orders will come later than promised, and what to promise instead.
//!
//! It must not know rows or messages. Invariants: an order that is not built later because of the disruptions is on time by them,
//! whatever else has become of its promise; a proposal is what the next promise would be (RULES 9), and nothing is promised here.

pub(crate) mod rpc;
mod store;
pub(crate) mod wire;

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::promise::{BuildPromise, VariantProfile};

use crate::{
    programme::Catalogue,
    promise::{NewDate, follow, queue::Ranked},
};

/// How a promise that is in danger stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// The vehicle comes later than promised, within the days for which a promise holds.
    AtRisk,
    /// It will not be kept.
    Late,
}

/// An order whose promise is in danger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The order.
    pub(crate) order_no: i64,
    /// Its variant.
    pub(crate) variant_no: i64,
    /// The lane that its vehicle will take.
    pub(crate) lane_no: i64,
    /// How its promise stands.
    pub(crate) health: Health,
    /// The day that was promised last.
    pub(crate) promised_on: Date,
    /// The day of the build without the disruptions.
    pub(crate) planned_build_on: Date,
    /// The day of the build with them.
    pub(crate) build_on: Date,
    /// The day of the handover with them.
    pub(crate) deliver_on: Date,
    /// What to promise instead, when the promise will not be kept.
    pub(crate) proposal: Option<NewDate>,
}

/// What becomes of the promises of open orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Promises {
    /// Those in danger, by order number.
    pub(crate) hits: Vec<Hit>,
    /// How many stand on time.
    pub(crate) on_time: i64,
}

/// An open order's builds without and with the disruptions, when they delay it.
pub(crate) fn delayed(
    ranked: &Ranked,
    undisturbed: &BTreeMap<i64, VariantProfile>,
    disturbed: &BTreeMap<i64, VariantProfile>,
) -> Option<(BuildPromise, BuildPromise)> {
    let at = |profiles: &BTreeMap<i64, VariantProfile>| {
        profiles.get(&ranked.variant_no)?.promise(ranked.rank)
    };
    let builds = at(undisturbed).zip(at(disturbed));
    builds.filter(|(planned, build)| build.build_on > planned.build_on)
}

/// What disruptions do to the promise of an open order; None while it stands on time.
pub(crate) fn hit(
    catalogue: &Catalogue,
    ranked: &Ranked,
    undisturbed: &BTreeMap<i64, VariantProfile>,
    disturbed: &BTreeMap<i64, VariantProfile>,
) -> Option<Hit> {
    let first = catalogue.programme.first_handover_on;
    let last = ranked.place.last?;
    let (planned, build) = delayed(ranked, undisturbed, disturbed)?;
    let transit = catalogue.lane_at(ranked.place.lane_no)?.transit_days();
    let deliver_on = build.build_on.plus(transit).max(first);
    if deliver_on <= last.deliver_on {
        return None;
    }
    let proposal = follow(Some(last), build, transit, first);
    Some(Hit {
        order_no: ranked.place.order_no,
        variant_no: ranked.variant_no,
        lane_no: ranked.place.lane_no,
        health: match proposal {
            Some(_) => Health::Late,
            None => Health::AtRisk,
        },
        promised_on: last.deliver_on,
        planned_build_on: planned.build_on,
        build_on: build.build_on,
        deliver_on,
        proposal,
    })
}

/// Looks at open orders under the planned builds without and with the disruptions, by variant.
pub(crate) fn promises(
    catalogue: &Catalogue,
    ranked: impl Iterator<Item = Ranked>,
    undisturbed: &BTreeMap<i64, VariantProfile>,
    disturbed: &BTreeMap<i64, VariantProfile>,
) -> Promises {
    let mut found = Promises::default();
    for ranked in ranked {
        if ranked.place.last.is_none() {
            continue;
        }
        match hit(catalogue, &ranked, undisturbed, disturbed) {
            Some(hit) => found.hits.push(hit),
            None => found.on_time += 1,
        }
    }
    found.hits.sort_unstable_by_key(|hit| hit.order_no);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        programme::sample::{catalogue, date},
        promise::{
            LastPromise, PromiseKind,
            queue::{Place, Queue},
        },
    };

    #[test]
    fn who_is_built_later_is_at_risk_for_a_week_and_late_behind_it() {
        let launch = date("2024-04-10");
        let profile = |cumulative: &[i64]| {
            let variant = VariantProfile {
                first: launch,
                cumulative: cumulative.to_vec(),
                end: date("2024-11-13"),
                rate_units: 28,
            };
            BTreeMap::from([(2, variant)])
        };
        let mut queue = Queue::default();
        for (order_no, promised) in [(1, "2024-04-13"), (2, "2024-04-14"), (3, "2024-04-15")] {
            let last = LastPromise {
                number: 1,
                kind: PromiseKind::Planned,
                deliver_on: date(promised),
                made_on: launch,
            };
            let place = Place {
                order_no,
                lane_no: 80,
                locked_on: launch,
                last: Some(last),
            };
            queue.push(2, false, place);
        }
        let planned = profile(&[1, 2, 3]);
        // The second is built three days later, and the third twelve.
        let stopped = profile(&[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
        let found = promises(&catalogue(), queue.ranked(), &planned, &stopped);
        let told: Vec<_> = (found.hits.iter())
            .map(|hit| {
                let new = hit
                    .proposal
                    .map(|new| (new.number, new.deliver_on.to_string()));
                (hit.order_no, hit.health, hit.build_on.to_string(), new)
            })
            .collect();
        let transit = catalogue()
            .lane_at(80)
            .map_or(0, |lane| lane.transit_days());
        assert_eq!(
            told,
            [
                (2, Health::AtRisk, "2024-04-14".to_owned(), None),
                (
                    3,
                    Health::Late,
                    "2024-04-24".to_owned(),
                    Some((2, date("2024-04-24").plus(transit).to_string()))
                ),
            ]
        );
        assert_eq!(found.on_time, 1);
        // Without disruptions, or when they are over, every promise stands on time again.
        let healed = promises(&catalogue(), queue.ranked(), &planned, &planned);
        assert_eq!((healed.hits.len(), healed.on_time), (0, 3));
    }
}
