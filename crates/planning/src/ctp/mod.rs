//! Capable to promise: when a quantity of one configuration can be built, from the free slots of the line and the parts
//! that nobody has committed. It must not know holds, rows or transport. Units: vehicles, thousandths of parts, days
//! counted from the first day of the basis. Invariants: a slot that passes unused is lost; what is promised breaks no
//! commitment of any later day; whatever keeps a date from being the wanted one is named with its quantity; vehicles behind
//! the break of an engineering change stand on its new parts, those before it on the old ones.
//!
//! Source: the ASCM Dictionary, "capable-to-promise"; parts by cumulative available-to-promise with look-ahead
//! ([`crate::atp`]) until new supply can be there, one lead time from today.
mod alternatives;
mod basis;
mod reasons;
#[cfg(test)]
mod tests;

pub use alternatives::{Alternative, alternatives};
pub use basis::{Basis, Commitment, ItemSupply, Needs, Stand};
pub use reasons::{Cause, Obstacle};

use std::collections::BTreeMap;

use takt_kernel::Date;

/// What somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The variant.
    pub variant: usize,
    /// What its options need, by era.
    pub options: &'a [Needs],
    /// The vehicles.
    pub quantity: i64,
    /// The day by which they are wanted.
    pub wanted: Date,
    /// Whether they may come on several days.
    pub split: bool,
}

/// When it can be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promise {
    /// The days and how many are complete on them; without a split there is one. They add up to the quantity less `short`.
    pub dates: Vec<(Date, i64)>,
    /// The slots of the line that this takes, as late as the dates allow, so that others find the early ones.
    pub slots: Vec<(Date, i64)>,
    /// The first day on which all of it could be complete, whatever was wanted.
    pub earliest: Option<Date>,
    /// The vehicles for which the plan has no slot at all.
    pub short: i64,
    /// Why the wanted day is not met, what holds longest first; empty when it is.
    pub causes: Vec<Cause>,
}

impl Basis {
    /// When a request can be had.
    pub fn promise(&self, request: &Request<'_>) -> Promise {
        let slots = self.slots(request.variant);
        let through = self.through(request);
        let Some(last) = through.len().checked_sub(1) else {
            return Promise {
                short: request.quantity,
                causes: self.causes(request, &through, 0, None),
                ..Promise::default()
            };
        };
        let reached = through.partition_point(|built| *built < request.quantity);
        let earliest = (reached <= last).then(|| self.date(reached));
        // A day before the basis is asked for as its first one, and is late; a day behind it as its last one.
        let wanted = self.place(request.wanted);
        let due = wanted.clamp(0, i64::try_from(last).unwrap_or(i64::MAX));
        let due = usize::try_from(due).unwrap_or(0);
        let in_time = wanted >= 0 && through[due] >= request.quantity;
        let mut promise = Promise {
            earliest,
            ..Promise::default()
        };
        let first_date = |at: usize| {
            if at == due && wanted >= 0 {
                request.wanted
            } else {
                self.date(at)
            }
        };
        if request.split {
            let mut done = through[due].min(request.quantity);
            if done > 0 {
                promise.dates.push((first_date(due), done));
                promise.slots = self.latest(slots, due, &through);
            }
            for (at, built) in through.iter().enumerate().skip(due + 1) {
                let more = (*built).min(request.quantity) - done;
                if more > 0 {
                    promise.dates.push((self.date(at), more));
                    promise.slots.push((self.date(at), more));
                    done += more;
                }
            }
            promise.short = request.quantity - done;
        } else if reached <= last {
            let at = reached.max(due);
            promise.dates.push((first_date(at), request.quantity));
            promise.slots = self.latest(slots, at, &through);
        } else {
            promise.short = request.quantity - through[last];
        }
        if !in_time {
            let complete = through[due] * i64::from(wanted >= 0);
            promise.causes = self.causes(request, &through, complete, earliest);
        }
        promise
    }

    /// How many vehicles of the request can be complete through each day: as many as slots and parts allow, as early as
    /// they do. It ends with the day that reaches the quantity, or with the basis.
    fn through(&self, request: &Request<'_>) -> Vec<i64> {
        let mut built = 0;
        let mut through = Vec::new();
        let due = self.place(request.wanted);
        let (mut era, mut before, mut taken) = (self.era(0), 0, BTreeMap::new());
        for (day, free) in self.slots(request.variant).iter().enumerate() {
            if self.era(day) != era {
                (before, taken) = self.taken(request, &through, day);
                era = self.era(day);
            }
            let allowed = match before {
                0 => self.parts_for(request, day),
                before => before.saturating_add(self.parts_beside(request, day, &taken)),
            };
            built = allowed.min(built + free).max(built).min(request.quantity);
            through.push(built);
            if built >= request.quantity && i64::try_from(day).is_ok_and(|day| day >= due) {
                break;
            }
        }
        through
    }

    /// The vehicles of a request in the eras before that of a day, and what they use, in thousandths by item.
    fn taken(
        &self,
        request: &Request<'_>,
        through: &[i64],
        day: usize,
    ) -> (i64, BTreeMap<usize, i64>) {
        let (mut before, mut taken) = (0, BTreeMap::new());
        let mut runs = self.runs(day + 1);
        runs.pop();
        for (days, era) in runs {
            let Some(built) = days.last().and_then(|last| through.get(last)) else {
                break;
            };
            for (item, thousandths) in self.needs(request, era) {
                *taken.entry(item).or_insert(0) += thousandths.saturating_mul(built - before);
            }
            before = *built;
        }
        (before, taken)
    }

    /// The latest slots that complete as many vehicles through a day as `through` says; each stays in its era, whose parts
    /// it has.
    fn latest(&self, slots: &[i64], due: usize, through: &[i64]) -> Vec<(Date, i64)> {
        let mut taken = Vec::new();
        let built = |until: usize| until.checked_sub(1).and_then(|day| through.get(day));
        for (days, _) in self.runs(due + 1).into_iter().rev() {
            let [before, after] =
                [days.start, days.end].map(|day| built(day).copied().unwrap_or(0));
            let mut left = after - before;
            for day in days.rev() {
                let here = left.min(slots.get(day).copied().unwrap_or(0));
                if here > 0 {
                    taken.push((self.date(day), here));
                    left -= here;
                }
            }
        }
        taken.reverse();
        taken
    }
}
