//! When vehicles can be built: the place in the queue against the plan, what stands in the way, and holds on what is free.
//!
//! It must not know rows or messages. Invariants: nothing is held; a date is PLANNED where the plan holds a vehicle for
//! the place, else an ESTIMATE behind the plan; whatever keeps it from being earlier is named.

pub mod availability;
pub mod bound;
pub mod eras;
pub mod hold;
pub mod holding;
pub mod offer;
pub mod rpc;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod wire;

use std::{collections::BTreeSet, fmt};

use takt_kernel::{Date, Quantity, Reason, ReasonCode};
use takt_planning::{
    atp::{Period, look_ahead},
    bom::Needs,
    promise::{BuildPromise, VariantProfile},
};
use takt_service::Refusal;

use crate::plan::PlanDay;

/// The variant is neither planned nor was it built at any rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPlanned(pub String);

impl fmt::Display for NotPlanned {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "variant {} is in no plan and has no rate to go on with; choose another variant",
            self.0
        )
    }
}

impl Refusal for NotPlanned {
    fn reason(&self) -> &'static str {
        "VARIANT_NOT_PLANNED"
    }
}

/// The date of the vehicle behind `orders_ahead` open ones.
///
/// # Errors
/// `NotPlanned`.
pub fn promised(
    profile: &VariantProfile,
    variant_id: &str,
    orders_ahead: i64,
) -> Result<BuildPromise, NotPlanned> {
    profile
        .promise(orders_ahead.saturating_add(1))
        .ok_or_else(|| NotPlanned(variant_id.to_owned()))
}

/// Why the vehicle is not built on `as_of`: the line has other vehicles first, and parts that are not in stock yet.
///
/// `stock` is by item; None where procurement did not answer. `line` names the shop that vehicles enter by.
pub fn reasons(
    promise: BuildPromise,
    as_of: Date,
    line: &str,
    needs: &Needs,
    stock: Option<&[Quantity]>,
    name: &dyn Fn(usize) -> String,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if promise.build_on > as_of {
        reasons.push(Reason {
            code: ReasonCode::CapacityOverload,
            subject: line.to_owned(),
            from: Some(as_of),
            until: Some(promise.build_on),
            blocked: Quantity::from_units(1),
            upstream: Vec::new(),
        });
    }
    let mut bought: Vec<(usize, Quantity)> = needs.bought().collect();
    bought.sort_unstable();
    let missing = bought.into_iter().filter_map(|(item, need)| {
        let have = stock?.get(item).copied().unwrap_or(Quantity::ZERO);
        (have < need).then(|| Reason {
            code: ReasonCode::AwaitSupply,
            subject: name(item),
            from: Some(as_of),
            until: None,
            blocked: Quantity(need.milli() - have.milli()),
            upstream: Vec::new(),
        })
    });
    reasons.extend(missing);
    reasons
}

/// The days of a plan without slots that are kept for others: variant, day, vehicles. Slots of later days are left as many
/// as they need, and what is owed from days that passed comes off the first ones.
pub fn net_of(mut days: Vec<PlanDay>, kept: &[(usize, Date, i64)], as_of: Date) -> Vec<PlanDay> {
    let variants: BTreeSet<usize> = kept.iter().map(|(variant, _, _)| *variant).collect();
    for variant in variants {
        let mut periods: Vec<Period> = days
            .iter()
            .map(|day| Period {
                supply: day.variants.get(variant).copied().unwrap_or(0),
                committed: 0,
            })
            .collect();
        for (_, on, vehicles) in kept.iter().filter(|(of, _, _)| *of == variant) {
            let at = days.partition_point(|day| day.on < (*on).max(as_of));
            let last = periods.len().saturating_sub(1);
            if let Some(period) = periods.get_mut(at.min(last)) {
                period.committed += vehicles;
            }
        }
        let mut before = 0;
        for (day, through) in days.iter_mut().zip(look_ahead(&periods)) {
            if let Some(cell) = day.variants.get_mut(variant) {
                *cell = through.max(0) - before;
            }
            before = through.max(0);
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_planning::promise::PromiseKind;

    #[test]
    fn the_queue_and_missing_parts_are_named() {
        let day = Date::from_epoch_day;
        let profile = VariantProfile {
            first: day(10),
            cumulative: vec![2, 2, 5],
            end: day(12),
            rate_units: 28,
        };
        let promise = promised(&profile, "MAX", 2).unwrap();
        assert_eq!(
            (promise.kind, promise.build_on),
            (PromiseKind::Planned, day(12))
        );
        let needs = Needs {
            base: vec![(0, Quantity(1000)), (1, Quantity(4000))],
            ..Needs::default()
        };
        let stock = [Quantity(1000), Quantity(1000)];
        let name = |item: usize| format!("I-{item}");
        let found = reasons(promise, day(10), "BW", &needs, Some(&stock), &name);
        let seen: Vec<_> = found
            .iter()
            .map(|reason| (reason.code, reason.subject.as_str(), reason.blocked.milli()))
            .collect();
        assert_eq!(
            seen,
            [
                (ReasonCode::CapacityOverload, "BW", 1000),
                (ReasonCode::AwaitSupply, "I-1", 3000)
            ]
        );
        assert!(
            reasons(
                BuildPromise {
                    build_on: day(10),
                    ..promise
                },
                day(10),
                "BW",
                &needs,
                None,
                &name
            )
            .is_empty()
        );
        let none = VariantProfile {
            first: day(10),
            cumulative: vec![],
            end: day(9),
            rate_units: 0,
        };
        assert_eq!(promised(&none, "PRO", 0), Err(NotPlanned("PRO".to_owned())));
    }
}
