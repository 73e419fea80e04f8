//! What a promise stands on: free slots by variant and day, and by part what is not committed yet. It must not know where
//! the figures come from. Invariants: orders take the earliest slots of their variant, in the order of their queue; slots
//! that are held or confirmed are nobody else's; overdue receipts count for nothing, because nobody knows their day; a
//! vehicle needs the parts of the era in which it is built.
//! Cost: O(vehicles in the queue + days x items); a request afterwards O(days x options).
use std::{collections::BTreeMap, ops::Range};

use takt_kernel::Date;

use super::Request;
use crate::atp::{Period, look_ahead};

/// Supply and commitments as they stand.
#[derive(Debug, Clone, Default)]
pub struct Stand<'a> {
    /// The first day on which something can be built.
    pub first: Date,
    /// The plan: vehicles by variant, then by day from `first` on.
    pub planned: Vec<Vec<i64>>,
    /// The era of each day: vehicles of a later era have other parts, because engineering changes lie between. It never
    /// falls; without changes it is empty, and all days are of era 0.
    pub eras: Vec<usize>,
    /// What the open orders need beside the base of their variant, by variant in queue order: one entry an order, by era.
    pub queues: Vec<Vec<&'a [Needs]>>,
    /// Slots that are held or confirmed.
    pub commitments: Vec<Commitment<'a>>,
    /// What every vehicle of a variant needs, by variant, then by era.
    pub bases: Vec<Vec<Needs>>,
    /// What there is of each item; None for items that are not bought.
    pub supply: Vec<Option<ItemSupply>>,
}

/// What a vehicle needs: item and thousandths, in item order.
pub type Needs = Vec<(usize, i64)>;

/// What is needed in an era; what the last era needs stays.
pub(super) fn needed(by_era: &[Needs], era: usize) -> &[(usize, i64)] {
    let needs = by_era.get(era).or_else(|| by_era.last());
    needs.map_or(&[], Vec::as_slice)
}

/// Slots that somebody has.
#[derive(Debug, Clone, Copy)]
pub struct Commitment<'a> {
    /// The variant.
    pub variant: usize,
    /// What the options need, by era.
    pub options: &'a [Needs],
    /// The day; one that has passed is owed on the first one.
    pub on: Date,
    /// The vehicles.
    pub vehicles: i64,
}

/// What there is of an item, in thousandths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemSupply {
    /// On hand and free on the evening before the first day.
    pub free: i64,
    /// What will come: the day of the receipt and the quantity. It may be used from the next day on.
    pub receipts: Vec<(Date, i64)>,
    /// What is overdue.
    pub overdue: i64,
    /// The days from order to receipt.
    pub lead_days: i32,
}

/// A part: what is available through each day until new supply can be there.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// Cumulative with look-ahead; from its end on the lead time covers any quantity.
    pub(super) available: Vec<i64>,
    /// What is overdue.
    pub(super) overdue: i64,
}

/// Free slots and available parts.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    first: Date,
    eras: Vec<usize>,
    slots: Vec<Vec<i64>>,
    parts: Vec<Part>,
    bases: Vec<Vec<Needs>>,
    /// By variant and day how many vehicles the base parts of the day's era allow.
    base_for: Vec<Vec<i64>>,
    slot_periods: Vec<Vec<Period>>,
    part_periods: Vec<Vec<Period>>,
}

impl Basis {
    /// The basis of a stand.
    pub fn new(stand: &Stand<'_>) -> Self {
        let days = stand.planned.iter().map(Vec::len).max().unwrap_or(0);
        let mut basis = Self {
            first: stand.first,
            eras: stand.eras.clone(),
            bases: stand.bases.clone(),
            ..Self::default()
        };
        // Vehicles by variant and day.
        let mut built: Vec<Vec<i64>> = vec![vec![0; days]; stand.planned.len()];
        let series = |supply: &Option<ItemSupply>| vec![0; if supply.is_some() { days } else { 0 }];
        let mut committed: Vec<Vec<i64>> = stand.supply.iter().map(series).collect();
        let mut need = |options: &[(usize, i64)], day: usize, vehicles: i64| {
            for (item, thousandths) in options {
                let cell = committed.get_mut(*item).and_then(|row| row.get_mut(day));
                if let Some(cell) = cell {
                    *cell = cell.saturating_add(thousandths.saturating_mul(vehicles));
                }
            }
        };
        let day_of = |on: Date| usize::try_from(on.days_since(stand.first)).unwrap_or(0);
        for taken in &stand.commitments {
            let day = day_of(taken.on);
            need(needed(taken.options, basis.era(day)), day, taken.vehicles);
            let cell = built.get_mut(taken.variant);
            if let Some(cell) = cell.and_then(|row| row.get_mut(day)) {
                *cell += taken.vehicles;
            }
        }
        for (variant, planned) in stand.planned.iter().enumerate() {
            let through = slots_through(stand, variant, planned);
            let queue = stand.queues.get(variant).map_or(&[][..], Vec::as_slice);
            let waiting = i64::try_from(queue.len()).unwrap_or(i64::MAX);
            let (mut next, mut before) = (0, 0);
            let mut free = Vec::with_capacity(days);
            for (day, reached) in through.iter().enumerate() {
                // The orders whose rank is reached on this day are built on it.
                let until = usize::try_from(*reached).unwrap_or(0).min(queue.len());
                let era = basis.era(day);
                for options in queue.get(next..until).unwrap_or_default() {
                    need(needed(options, era), day, 1);
                }
                if let Some(cell) = built.get_mut(variant).and_then(|row| row.get_mut(day)) {
                    *cell += i64::try_from(until - next).unwrap_or(0);
                }
                next = until;
                let open = (*reached - waiting).max(0);
                free.push(open - before);
                before = open;
            }
            basis.slots.push(free);
            let taken = built.get(variant).map_or(&[][..], Vec::as_slice);
            let period = |(supply, committed): (&i64, &i64)| Period {
                supply: *supply,
                committed: *committed,
            };
            let periods = planned.iter().zip(taken).map(period);
            basis.slot_periods.push(periods.collect());
        }
        for (by_era, built) in stand.bases.iter().zip(&built) {
            for (days, era) in basis.runs(days) {
                for (item, thousandths) in needed(by_era, era) {
                    let series = committed
                        .get_mut(*item)
                        .and_then(|row| row.get_mut(days.clone()));
                    let vehicles = built.get(days.clone()).unwrap_or_default();
                    for (cell, vehicles) in series.into_iter().flatten().zip(vehicles) {
                        *cell = cell.saturating_add(thousandths.saturating_mul(*vehicles));
                    }
                }
            }
        }
        for (supply, committed) in stand.supply.iter().zip(&committed) {
            let periods = supply.as_ref().map_or_else(Vec::new, |supply| {
                part_periods(supply, stand.first, committed)
            });
            let part = supply.as_ref().map(|supply| part(supply, &periods));
            basis.parts.push(part.unwrap_or_default());
            basis.part_periods.push(periods);
        }
        for by_era in &stand.bases {
            let of = |day: usize| basis.allowed(needed(by_era, basis.era(day)), day);
            let allowed = (0..days).map(of);
            let allowed = allowed.collect();
            basis.base_for.push(allowed);
        }
        basis
    }

    /// The first day.
    pub fn first(&self) -> Date {
        self.first
    }

    /// The free slots of a variant by day.
    pub fn slots(&self, variant: usize) -> &[i64] {
        self.slots.get(variant).map_or(&[], Vec::as_slice)
    }

    /// What is available of an item through each day, until the lead time covers any quantity.
    pub fn available(&self, item: usize) -> &[i64] {
        self.parts
            .get(item)
            .map_or(&[], |part| part.available.as_slice())
    }

    /// The slots of a variant by day: those of the plan, and those that orders and holds have.
    pub fn slot_periods(&self, variant: usize) -> &[Period] {
        self.slot_periods.get(variant).map_or(&[], Vec::as_slice)
    }

    /// An item by day: what is on hand and expected, and what orders and holds need. New supply is not among it.
    pub fn part_periods(&self, item: usize) -> &[Period] {
        self.part_periods.get(item).map_or(&[], Vec::as_slice)
    }

    pub(super) fn part(&self, item: usize) -> Option<&Part> {
        self.parts.get(item)
    }

    /// The era of a day; behind the last one it stays.
    pub(super) fn era(&self, day: usize) -> usize {
        let era = self.eras.get(day).or_else(|| self.eras.last());
        era.copied().unwrap_or(0)
    }

    /// The first `days` days by era, in order.
    pub(super) fn runs(&self, days: usize) -> Vec<(Range<usize>, usize)> {
        let (mut runs, mut from) = (Vec::new(), 0);
        while from < days {
            let era = self.era(from);
            let mut ahead = self.eras.iter().take(days).skip(from);
            let length = ahead.position(|other| *other != era);
            let until = length.map_or(days, |length| from + length);
            runs.push((from..until, era));
            from = until;
        }
        runs
    }

    /// What a vehicle of a request needs in an era: of its variant, then of its options.
    pub(super) fn needs<'a>(
        &'a self,
        request: &'a Request<'_>,
        era: usize,
    ) -> impl Iterator<Item = (usize, i64)> + 'a {
        let base = self
            .bases
            .get(request.variant)
            .map_or(&[][..], Vec::as_slice);
        let options = needed(request.options, era);
        needed(base, era).iter().chain(options).copied()
    }

    /// How many vehicles the parts of a request allow through a day, if all of them have the parts of its era.
    pub(super) fn parts_for(&self, request: &Request<'_>, day: usize) -> i64 {
        let base = self
            .base_for
            .get(request.variant)
            .and_then(|by_day| by_day.get(day));
        self.allowed(needed(request.options, self.era(day)), day)
            .min(base.copied().unwrap_or(0))
    }

    /// How many vehicles more the parts of a request allow through a day beside what is `taken`, in thousandths by item.
    pub(super) fn parts_beside(
        &self,
        request: &Request<'_>,
        day: usize,
        taken: &BTreeMap<usize, i64>,
    ) -> i64 {
        let of = |(item, thousandths): (usize, i64)| {
            let available = self.parts.get(item)?.available.get(day)?;
            let left = available.saturating_sub(taken.get(&item).copied().unwrap_or(0));
            left.max(0).checked_div(thousandths)
        };
        let allowed = self.needs(request, self.era(day)).filter_map(of);
        allowed.min().unwrap_or(i64::MAX)
    }

    /// How many vehicles some parts allow through a day.
    fn allowed(&self, needs: &[(usize, i64)], day: usize) -> i64 {
        let of = |(item, thousandths): &(usize, i64)| {
            let available = self.parts.get(*item)?.available.get(day)?;
            (*available).max(0).checked_div(*thousandths)
        };
        needs.iter().filter_map(of).min().unwrap_or(i64::MAX)
    }

    pub(super) fn date(&self, place: usize) -> Date {
        self.first.plus(i32::try_from(place).unwrap_or(i32::MAX))
    }

    /// The place of a day; negative before the first one.
    pub(super) fn place(&self, on: Date) -> i64 {
        on.days_since(self.first).into()
    }
}

/// The slots of a variant through each day that are neither held nor confirmed; those of later days keep what they need.
fn slots_through(stand: &Stand<'_>, variant: usize, planned: &[i64]) -> Vec<i64> {
    let mut periods: Vec<Period> = planned
        .iter()
        .map(|supply| Period {
            supply: *supply,
            committed: 0,
        })
        .collect();
    for taken in stand
        .commitments
        .iter()
        .filter(|one| one.variant == variant)
    {
        let day = usize::try_from(taken.on.days_since(stand.first)).unwrap_or(0);
        if let Some(period) = periods.get_mut(day) {
            period.committed += taken.vehicles;
        }
    }
    look_ahead(&periods)
}

fn part_periods(supply: &ItemSupply, first: Date, committed: &[i64]) -> Vec<Period> {
    let period = |committed: &i64| Period {
        supply: 0,
        committed: *committed,
    };
    let mut periods: Vec<Period> = committed.iter().map(period).collect();
    if let Some(first) = periods.first_mut() {
        first.supply = supply.free;
    }
    for (on, thousandths) in &supply.receipts {
        // A receipt of an earlier evening is there on the first day.
        let usable = usize::try_from(on.plus(1).days_since(first)).unwrap_or(0);
        if let Some(period) = periods.get_mut(usable) {
            period.supply = period.supply.saturating_add(*thousandths);
        }
    }
    periods
}

fn part(supply: &ItemSupply, periods: &[Period]) -> Part {
    // Ordered on the first day, a part is received after its lead time and used on the day after.
    let covered = usize::try_from(supply.lead_days.saturating_add(1)).unwrap_or(0);
    let covered = covered.min(periods.len());
    Part {
        available: look_ahead(periods.get(..covered).unwrap_or(periods)),
        overdue: supply.overdue,
    }
}
