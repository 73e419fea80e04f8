//! Which vehicles a day builds (RULES 6, 9, 11). It must not know where stock lies or who ordered. Order:
//! planned day (missed vehicles first), then variant in file order; within a variant its queue. Invariants:
//! never ahead of the ramp plan, never above a limit, no vehicle without every part; a variant or order whose
//! part is missing is passed over and its capacity goes to the others.
use crate::bom::{Bom, NeedCache};
use crate::feature::Config;
use crate::line::Limits;
use crate::ramp::RampPlan;
use std::collections::{BTreeMap, HashMap};
use takt_kernel::{Date, Quantity};

/// Vehicles of a variant that stand in the ramp plan for one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The day the ramp plan wants them.
    pub planned_on: Date,
    /// The variant.
    pub variant: usize,
    /// How many.
    pub units: i64,
}

/// The vehicles that are due and not built, oldest first. The first `built` of a variant fill its oldest days.
fn open_slots(ramp: &RampPlan, date: Date, built: &[i64]) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut planned_on = ramp.first_open(built);
    while planned_on <= date.min(ramp.last_day()) {
        for (variant, built) in built.iter().enumerate() {
            let units = ramp.wanted(planned_on, variant)
                - ramp.wanted(planned_on.minus(1), variant).max(*built);
            if units > 0 {
                slots.push(Slot {
                    planned_on,
                    variant,
                    units,
                });
            }
        }
        planned_on = planned_on.plus(1);
    }
    slots
}

/// What a day builds of each planned day and variant, within its limits and, where given, `most` of each
/// variant (for example what parts allow). `built` is by variant, before the day.
pub fn allocate_day(
    ramp: &RampPlan,
    date: Date,
    built: &[i64],
    mut limits: Limits,
    most: Option<&[i64]>,
) -> Vec<Slot> {
    let mut left = most.map(<[i64]>::to_vec);
    let mut day = Vec::new();
    for slot in open_slots(ramp, date, built) {
        let allowed = left.as_ref().map_or(i64::MAX, |left| {
            left.get(slot.variant).copied().unwrap_or(0)
        });
        let units = slot.units.min(limits.room(slot.variant)).min(allowed);
        if units > 0 {
            limits.take(slot.variant, units);
            if let Some(left) = left.as_mut().and_then(|left| left.get_mut(slot.variant)) {
                *left -= units;
            }
            day.push(Slot { units, ..slot });
        }
    }
    day
}

/// An order that the day builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Picked {
    /// The day the ramp plan wanted the vehicle.
    pub planned_on: Date,
    /// The variant.
    pub variant: usize,
    /// Its place in the variant's queue.
    pub place: usize,
}

/// A variant that stands although the line had room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stopped {
    /// The variant.
    pub variant: usize,
    /// The part that was missing; None where the queue had no order left.
    pub item: Option<usize>,
    /// Vehicles due by the day that it did not build.
    pub units: i64,
}

/// A day's work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayBuild {
    /// The orders built, in order of planned day and variant.
    pub picked: Vec<Picked>,
    /// The variants that stood, in file order.
    pub stopped: Vec<Stopped>,
    /// Orders passed over because an option part was missing: item and how many.
    pub passed_over: Vec<(usize, i64)>,
}

/// What a day builds from.
#[derive(Debug, Clone, Copy)]
pub struct DayInput<'a> {
    /// The ramp plan.
    pub ramp: &'a RampPlan,
    /// The day.
    pub date: Date,
    /// Vehicles built before, by variant.
    pub built: &'a [i64],
    /// Open orders by variant, FOUNDERS first, then oldest. A prefix will do if it is long enough to pass over
    /// orders whose option part is missing.
    pub queues: &'a [Vec<Config>],
    /// The bill of material.
    pub bom: &'a Bom,
}

/// Chooses the orders of a day and takes their parts out of `stock` (released quantity by item).
pub fn build_day(
    input: DayInput<'_>,
    mut limits: Limits,
    needs: &mut NeedCache,
    stock: &mut [Quantity],
) -> DayBuild {
    let mut day = DayBuild::default();
    let mut picks: Vec<Pick> = vec![Pick::default(); input.built.len()];
    let mut passed: BTreeMap<usize, i64> = BTreeMap::new();
    let mut open = vec![0i64; input.built.len()];
    for slot in open_slots(input.ramp, input.date, input.built) {
        let (variant, queue) = (
            slot.variant,
            input
                .queues
                .get(slot.variant)
                .map_or(&[][..], Vec::as_slice),
        );
        for done in 0..slot.units {
            if picks[variant].stopped || limits.room(variant) == 0 {
                open[variant] += slot.units - done;
                break;
            }
            let Some(place) = picks[variant].next(queue, input.bom, needs, stock, &mut passed)
            else {
                open[variant] += slot.units - done;
                break;
            };
            limits.take(variant, 1);
            day.picked.push(Picked {
                planned_on: slot.planned_on,
                variant,
                place,
            });
        }
    }
    for (variant, pick) in picks.iter().enumerate().filter(|(_, pick)| pick.stopped) {
        day.stopped.push(Stopped {
            variant,
            item: pick.missing,
            units: open[variant],
        });
    }
    day.passed_over = passed.into_iter().collect();
    day
}

/// How far a variant's queue has been searched. Stock only falls during a day, so a configuration whose part
/// was missing once stays out for the day and the search never goes back.
#[derive(Debug, Clone, Default)]
struct Pick {
    place: usize,
    stopped: bool,
    missing: Option<usize>,
    blocked: HashMap<Config, usize>,
}

impl Pick {
    fn next(
        &mut self,
        queue: &[Config],
        bom: &Bom,
        cache: &mut NeedCache,
        stock: &mut [Quantity],
        passed: &mut BTreeMap<usize, i64>,
    ) -> Option<usize> {
        while let Some(config) = queue.get(self.place) {
            self.place += 1;
            let mut missing = self.blocked.get(config).copied();
            if missing.is_none() {
                let needs = cache.get(bom, *config);
                missing = needs
                    .bought()
                    .find(|(item, need)| stock.get(*item).is_none_or(|have| have < need))
                    .map(|(item, _)| item);
                if missing.is_none() {
                    for (item, need) in needs.bought() {
                        stock[item] = Quantity(stock[item].milli() - need.milli());
                    }
                    return Some(self.place - 1);
                }
            }
            if let Some(item) = missing {
                self.missing = self.missing.or(Some(item));
                if !bom.is_optional(item) {
                    (self.stopped, self.missing) = (true, Some(item));
                    return None;
                }
                self.blocked.insert(*config, item);
                *passed.entry(item).or_default() += 1;
            }
        }
        self.stopped = true;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{Item, Line};
    use crate::feature::tests::features;
    use takt_kernel::Share;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    #[test]
    fn missed_vehicles_come_first_and_none_comes_early() {
        let ramp = RampPlan::new(day(0), &[vec![2, 2], vec![2, 2], vec![9, 9]]);
        let slot = |planned, variant, units| Slot {
            planned_on: day(planned),
            variant,
            units,
        };
        let got = allocate_day(&ramp, day(1), &[2, 0], Limits::total_of(5), None);
        assert_eq!(got, [slot(0, 1, 2), slot(1, 0, 2), slot(1, 1, 1)]);
        let without = allocate_day(&ramp, day(1), &[2, 0], Limits::total_of(9), Some(&[9, 0]));
        assert_eq!(without, [slot(1, 0, 2)]);
    }

    /// CAR has one body of every variant, and a wheel of its own choice.
    fn car() -> Result<(Bom, Vec<Config>), Box<dyn std::error::Error>> {
        let all = features();
        let item = |id: &str, made| Item {
            id: id.into(),
            made,
            order_yield: Share::ONE,
        };
        let line = |child, condition| Line {
            parent: 0,
            child,
            qty: Quantity::from_units(1),
            condition,
            component_scrap: Share(0),
        };
        let items = vec![
            item("CAR", true),
            item("BODY", false),
            item("W19A", false),
            item("W20", false),
            item("AWD", false),
        ];
        let lines = vec![
            line(1, all.condition("")?),
            line(2, all.condition("WHEEL=W19A")?),
            line(3, all.condition("WHEEL=W20")?),
            line(4, all.condition("VAR=MAX")?),
        ];
        let config = |var: &str, wheel: &str| {
            all.config(&format!(
                "VAR={var};COLOR=BLUE;WHEEL={wheel};EDITION=NORMAL"
            ))
        };
        let configs = vec![
            config("STD", "W19A")?,
            config("STD", "W20")?,
            config("MAX", "W20")?,
        ];
        Ok((Bom::build(items, lines, 0)?, configs))
    }

    #[test]
    fn a_missing_part_stops_only_what_needs_it() -> Result<(), Box<dyn std::error::Error>> {
        let (bom, configs) = car()?;
        let ramp = RampPlan::new(day(0), &[vec![3, 0, 2]]);
        let queues = vec![
            vec![configs[0], configs[1], configs[1], configs[0], configs[1]],
            vec![],
            vec![configs[2]; 9],
        ];
        let mut stock: Vec<Quantity> = [0, 9, 1, 9, 0].map(Quantity::from_units).to_vec();
        let input = DayInput {
            ramp: &ramp,
            date: day(0),
            built: &[0, 0, 0],
            queues: &queues,
            bom: &bom,
        };
        let got = build_day(
            input,
            Limits::total_of(9),
            &mut NeedCache::default(),
            &mut stock,
        );
        assert_eq!(
            got.picked
                .iter()
                .map(|p| (p.variant, p.place))
                .collect::<Vec<_>>(),
            [(0, 0), (0, 1), (0, 2)]
        );
        assert_eq!(
            got.stopped,
            [Stopped {
                variant: 2,
                item: Some(4),
                units: 2
            }]
        );
        assert_eq!(stock, [0, 6, 0, 7, 0].map(Quantity::from_units));
        // The only W19A wheel is used: the next day passes the W19A order over.
        let ramp = RampPlan::new(day(0), &[vec![5, 0, 0]]);
        let input = DayInput {
            ramp: &ramp,
            built: &[3, 0, 0],
            queues: &[queues[0][3..].to_vec()],
            ..input
        };
        let got = build_day(
            input,
            Limits::total_of(9),
            &mut NeedCache::default(),
            &mut stock,
        );
        assert_eq!((got.picked[0].place, got.passed_over), (1, vec![(2, 1)]));
        assert_eq!(
            got.stopped,
            [Stopped {
                variant: 0,
                item: Some(2),
                units: 1
            }]
        );
        Ok(())
    }
}
