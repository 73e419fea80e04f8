//! How promises stand: what the plan, the open disruptions, the vehicle and its load say of the day that was promised last.
//!
//! It must not know rows or messages, nor keep anything for an order. Invariants: the health of an order follows from its rank, its
//! last promise and the outlook, or from its vehicle and the load; an open order that disruptions do not delay stands on time (a
//! promise holds for a week, and a plan that moves it by more promises anew); nothing is said while nothing was looked at.

pub(crate) mod at_risk;
pub(crate) mod handler;
pub(crate) mod repromise;
pub(crate) mod standing;
pub(crate) mod store;
pub(crate) mod wire;

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::promise::{VariantProfile, has_moved};

use crate::{
    impact::{self, Hit, hit},
    order::Journey,
    programme::Catalogue,
    promise::{Promise, queue::Ranked},
};

/// How a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// It will be kept, or was.
    OnTime,
    /// The vehicle comes later than promised, within the days for which a promise holds, or is kept back.
    AtRisk,
    /// It will not be kept, or was not.
    Late,
}

/// Why a promise does not stand on time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It does, or nobody knows.
    None,
    /// Disruptions delay the build.
    Disruption,
    /// Quality keeps the vehicle back.
    Quality {
        /// The vehicle.
        vin: String,
        /// Since when, as far as the vehicle tells.
        from: Option<Date>,
    },
    /// The vehicle is damaged on its way, and nothing is settled about it.
    Damage {
        /// The vehicle.
        vin: String,
        /// Since when.
        from: Date,
    },
    /// A recall keeps the vehicle where it is.
    StopShip {
        /// The recall.
        recall_id: String,
        /// Since when.
        from: Date,
    },
    /// The load comes late.
    Transport {
        /// The load.
        shipment_id: String,
        /// The day of departure, once it has left.
        from: Option<Date>,
        /// The day on which it comes.
        until: Date,
    },
}

/// How the promise of an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The health.
    pub(crate) health: Health,
    /// Why it is not on time.
    pub(crate) cause: Cause,
    /// The day on which the vehicle is expected, or was handed over; None where nobody knows.
    pub(crate) expected_on: Option<Date>,
}

/// The planned builds as they were looked at last, without and with the open disruptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// The plan.
    pub(crate) plan_id: String,
    /// The day from whose morning on it looks ahead.
    pub(crate) as_of: Date,
    /// Without the disruptions, by variant.
    pub(crate) undisturbed: BTreeMap<i64, VariantProfile>,
    /// With them.
    pub(crate) disturbed: BTreeMap<i64, VariantProfile>,
    /// The vehicles that were built for the queue since then, by variant: places of the profiles that are gone.
    pub(crate) built: BTreeMap<i64, i64>,
}

impl Outlook {
    /// An order of the queue with its rank from the outlook's morning on.
    pub(crate) fn placed(&self, ranked: Ranked) -> Ranked {
        let built = self.built.get(&ranked.variant_no).copied();
        Ranked {
            rank: ranked.rank + built.unwrap_or_default(),
            ..ranked
        }
    }

    /// The orders of the queue whose promise is in danger.
    pub(crate) fn promises(
        &self,
        catalogue: &Catalogue,
        ranked: impl Iterator<Item = Ranked>,
    ) -> impact::Promises {
        let placed = ranked.map(|ranked| self.placed(ranked));
        impact::promises(catalogue, placed, &self.undisturbed, &self.disturbed)
    }

    /// How the promise of an order of the queue stands; None while it has none.
    pub(crate) fn waiting(&self, catalogue: &Catalogue, ranked: Ranked) -> Option<Standing> {
        ranked.place.last?;
        let placed = self.placed(ranked);
        if let Some(hit) = hit(catalogue, &placed, &self.undisturbed, &self.disturbed) {
            return Some(Standing::hit(&hit));
        }
        let build = (self.disturbed.get(&placed.variant_no))
            .and_then(|profile| profile.promise(placed.rank));
        let lane = catalogue.lane_at(placed.place.lane_no);
        let first = catalogue.programme.first_handover_on;
        Some(Standing {
            health: Health::OnTime,
            cause: Cause::None,
            expected_on: build
                .zip(lane)
                .map(|(build, lane)| build.build_on.plus(lane.transit_days()).max(first)),
        })
    }

    /// How the promise of an order with a slot of its own stands: it is delayed as an order of the queue with the same day would be.
    pub(crate) fn slotted(&self, variant_no: i64, promise: &Promise) -> Standing {
        let delay = self.delay(variant_no, promise.build_on);
        let expected = promise.deliver_on.plus(delay);
        let health = graded(promise.deliver_on, expected);
        Standing {
            health,
            cause: match health {
                Health::OnTime => Cause::None,
                Health::AtRisk | Health::Late => Cause::Disruption,
            },
            expected_on: Some(expected),
        }
    }

    /// The days by which disruptions delay what is built on a day.
    fn delay(&self, variant_no: i64, build_on: Date) -> i32 {
        let rank = self.undisturbed.get(&variant_no).and_then(|profile| {
            let day = usize::try_from(build_on.days_since(profile.first)).ok()?;
            let through = profile.cumulative.get(day)?;
            let before = day
                .checked_sub(1)
                .and_then(|day| profile.cumulative.get(day));
            // The first place of the day, or the last one before it where the queue gets none on that day.
            Some(
                (before.copied().unwrap_or_default() + 1)
                    .min(*through)
                    .max(1),
            )
        });
        let at =
            |profiles: &BTreeMap<i64, VariantProfile>| profiles.get(&variant_no)?.promise(rank?);
        at(&self.undisturbed)
            .zip(at(&self.disturbed))
            .map_or(0, |(planned, build)| {
                build.build_on.days_since(planned.build_on).max(0)
            })
    }
}

impl Standing {
    /// What a disruption does to an order of the queue.
    pub(crate) fn hit(hit: &Hit) -> Self {
        Self {
            health: match hit.health {
                impact::Health::AtRisk => Health::AtRisk,
                impact::Health::Late => Health::Late,
            },
            cause: Cause::Disruption,
            expected_on: Some(hit.deliver_on),
        }
    }

    /// How the promise of an order with a vehicle stands.
    pub(crate) fn journey(
        journey: &Journey,
        transit_days: i32,
        first_handover: Date,
        promised_on: Date,
    ) -> Self {
        if let Some(on) = journey.handed_over_on {
            return Self {
                health: match on <= promised_on {
                    true => Health::OnTime,
                    false => Health::Late,
                },
                cause: Cause::None,
                expected_on: Some(on),
            };
        }
        if let Some(from) = journey.damaged_on {
            // It may come as promised when the damage is settled by then; until then nobody knows.
            let expected = journey.expected_on.map(|on| on.max(first_handover));
            let late = expected.is_some_and(|on| graded(promised_on, on) == Health::Late);
            return Self {
                health: match late {
                    true => Health::Late,
                    false => Health::AtRisk,
                },
                cause: Cause::Damage {
                    vin: journey.vin.clone(),
                    from,
                },
                expected_on: None,
            };
        }
        if let Some((recall_id, from)) = &journey.stopped {
            // Nobody knows how long; what comes late anyway is late.
            let expected = journey.expected_on.map(|on| on.max(first_handover));
            let late = expected.is_some_and(|on| graded(promised_on, on) == Health::Late);
            return Self {
                health: match late {
                    true => Health::Late,
                    false => Health::AtRisk,
                },
                cause: Cause::StopShip {
                    recall_id: recall_id.clone(),
                    from: *from,
                },
                expected_on: None,
            };
        }
        let Some(released_on) = journey.released_on else {
            return Self {
                health: Health::AtRisk,
                cause: Cause::Quality {
                    vin: journey.vin.clone(),
                    from: journey.built_on,
                },
                expected_on: None,
            };
        };
        let arrives_on = (journey.expected_on).unwrap_or_else(|| released_on.plus(transit_days));
        let expected = arrives_on.max(first_handover);
        let health = graded(promised_on, expected);
        Self {
            health,
            cause: match health {
                Health::OnTime => Cause::None,
                Health::AtRisk | Health::Late => Cause::Transport {
                    shipment_id: journey.shipment_id.clone(),
                    from: journey.departed_on,
                    until: expected,
                },
            },
            expected_on: Some(expected),
        }
    }
}

/// A promise against the day on which the vehicle is expected.
fn graded(promised_on: Date, expected_on: Date) -> Health {
    if expected_on <= promised_on {
        Health::OnTime
    } else if has_moved(promised_on, expected_on) {
        Health::Late
    } else {
        Health::AtRisk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        programme::sample::{catalogue, date},
        promise::{LastPromise, PromiseKind, queue::Place},
    };

    fn profile(cumulative: &[i64]) -> BTreeMap<i64, VariantProfile> {
        let variant = VariantProfile {
            first: date("2024-04-10"),
            cumulative: cumulative.to_vec(),
            end: date("2024-11-13"),
            rate_units: 28,
        };
        BTreeMap::from([(2, variant)])
    }

    fn outlook(disturbed: &[i64], built: i64) -> Outlook {
        Outlook {
            plan_id: "p".into(),
            as_of: date("2024-04-10"),
            undisturbed: profile(&[1, 2, 3]),
            disturbed: profile(disturbed),
            built: BTreeMap::from([(2, built)]),
        }
    }

    fn ranked(rank: i64, promised: Option<&str>) -> Ranked {
        Ranked {
            variant_no: 2,
            rank,
            place: Place {
                order_no: 7,
                lane_no: 80,
                locked_on: date("2024-03-28"),
                last: promised.map(|day| LastPromise {
                    number: 1,
                    kind: PromiseKind::Planned,
                    deliver_on: date(day),
                    made_on: date("2024-03-28"),
                }),
            },
        }
    }

    fn told(standing: Option<Standing>) -> Option<(Health, Cause, Option<String>)> {
        standing.map(|standing| {
            let expected = standing.expected_on.map(|day| day.to_string());
            (standing.health, standing.cause, expected)
        })
    }

    /// The third vehicle is built on 12 April as planned and on 18 or 24 April with the disruptions; the lane takes three days.
    #[test]
    fn an_open_order_stands_by_its_rank_its_promise_and_the_outlook() {
        let catalogue = catalogue();
        let at = |disturbed: &[i64], built, rank, promised| {
            told(outlook(disturbed, built).waiting(&catalogue, ranked(rank, promised)))
        };
        let (calm, week) = ([1, 2, 3], [1, 2, 2, 2, 2, 2, 2, 2, 3]);
        let fortnight = [1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3];
        let day = |text: &str| Some(text.to_owned());
        let promised = Some("2024-04-15");
        assert_eq!(at(&calm, 0, 3, None), None);
        assert_eq!(
            at(&calm, 0, 3, promised),
            Some((Health::OnTime, Cause::None, day("2024-04-15")))
        );
        assert_eq!(
            at(&week, 0, 3, promised),
            Some((Health::AtRisk, Cause::Disruption, day("2024-04-21")))
        );
        assert_eq!(
            at(&fortnight, 0, 3, promised),
            Some((Health::Late, Cause::Disruption, day("2024-04-27")))
        );
        // Promised the day that the disruptions leave it, it stands on time.
        assert_eq!(
            at(&fortnight, 0, 3, Some("2024-04-27")),
            Some((Health::OnTime, Cause::None, day("2024-04-27")))
        );
        // Two were built since: the first of the queue is the third of the outlook.
        assert_eq!(
            at(&fortnight, 2, 1, promised),
            Some((Health::Late, Cause::Disruption, day("2024-04-27")))
        );
        // A plan that moved by days within the tolerance leaves the promise as it is.
        assert_eq!(
            at(&calm, 0, 3, Some("2024-04-12")),
            Some((Health::OnTime, Cause::None, day("2024-04-15")))
        );
    }

    #[test]
    fn a_slot_is_delayed_as_the_queue_of_its_day_is() {
        let promise = |build: &str, deliver: &str| Promise {
            number: 1,
            kind: PromiseKind::Planned,
            build_on: date(build),
            deliver_on: date(deliver),
            made_on: date("2024-03-28"),
            plan_id: "p".into(),
        };
        let fortnight = outlook(&[1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3], 0);
        let at = |build, deliver| told(Some(fortnight.slotted(2, &promise(build, deliver))));
        let day = |text: &str| Some(text.to_owned());
        assert_eq!(
            at("2024-04-10", "2024-04-13"),
            Some((Health::OnTime, Cause::None, day("2024-04-13")))
        );
        assert_eq!(
            at("2024-04-11", "2024-04-14"),
            Some((Health::AtRisk, Cause::Disruption, day("2024-04-17")))
        );
        assert_eq!(
            at("2024-04-12", "2024-04-15"),
            Some((Health::Late, Cause::Disruption, day("2024-04-27")))
        );
        // Beyond the plan nothing is known to delay it.
        assert_eq!(
            at("2024-06-01", "2024-06-04"),
            Some((Health::OnTime, Cause::None, day("2024-06-04")))
        );
    }

    #[test]
    fn an_order_with_a_vehicle_stands_by_the_vehicle_and_its_load() {
        let first = date("2024-04-03");
        let at = |journey: &Journey| {
            let standing = Standing::journey(journey, 3, first, date("2024-04-20"));
            (
                standing.health,
                standing.expected_on.map(|day| day.to_string()),
                standing.cause,
            )
        };
        let day = |text: &str| Some(text.to_owned());
        let mut journey = Journey {
            vin: "V".into(),
            built_on: Some(date("2024-04-10")),
            ..Journey::default()
        };
        let held = Cause::Quality {
            vin: "V".into(),
            from: journey.built_on,
        };
        assert_eq!(at(&journey), (Health::AtRisk, None, held));
        journey.released_on = Some(date("2024-04-11"));
        assert_eq!(
            at(&journey),
            (Health::OnTime, day("2024-04-14"), Cause::None)
        );
        journey.shipment_id = "S".into();
        journey.departed_on = Some(date("2024-04-20"));
        for (comes, health) in [
            ("2024-04-20", Health::OnTime),
            ("2024-04-21", Health::AtRisk),
            ("2024-04-27", Health::AtRisk),
            ("2024-04-28", Health::Late),
        ] {
            journey.expected_on = Some(date(comes));
            let cause = match health {
                Health::OnTime => Cause::None,
                Health::AtRisk | Health::Late => Cause::Transport {
                    shipment_id: "S".into(),
                    from: journey.departed_on,
                    until: date(comes),
                },
            };
            assert_eq!(at(&journey), (health, day(comes), cause));
        }
        // A recall keeps it where it is: nobody knows how long, and what comes late anyway is late.
        journey.stopped = Some(("RC-1".into(), date("2024-04-12")));
        let stopped = || Cause::StopShip {
            recall_id: "RC-1".into(),
            from: date("2024-04-12"),
        };
        assert_eq!(at(&journey), (Health::Late, None, stopped()));
        journey.expected_on = Some(date("2024-04-20"));
        assert_eq!(at(&journey), (Health::AtRisk, None, stopped()));
        // Handed over, it is kept or it is not.
        journey.handed_over_on = Some(date("2024-04-20"));
        assert_eq!(at(&journey).0, Health::OnTime);
        journey.handed_over_on = Some(date("2024-04-21"));
        assert_eq!(at(&journey).0, Health::Late);
    }
}
