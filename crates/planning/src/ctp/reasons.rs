//! Why a wanted day is not met: the line, or parts, with what is blocked and until when. It must not know names: the line
//! is the line and a part is its item. Invariant: what is named would keep the date away even if all else were there.
use takt_kernel::Date;

use super::{Basis, Request};

/// The most parts that are named; the others hold less long.
const NAMED: usize = 10;

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Obstacle {
    /// The line has no free slots.
    Line,
    /// A part is on its way.
    AwaitSupply {
        /// The item.
        item: usize,
        /// What of it is overdue, in thousandths; it counts for nothing until it comes.
        overdue: i64,
    },
    /// A part would have to be ordered already.
    LeadTime {
        /// The item.
        item: usize,
        /// What of it is overdue, in thousandths.
        overdue: i64,
    },
}

/// A cause with its quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cause {
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// The wanted day.
    pub from: Date,
    /// The first day on which it no longer does; None when the plan ends before.
    pub until: Option<Date>,
    /// What is missing on the wanted day: vehicles of the line, thousandths of a part.
    pub blocked: i64,
}

impl Basis {
    /// What keeps a request from being complete on its wanted day, when only `complete` of it can be; `through` says what can
    /// be by then.
    pub(super) fn causes(
        &self,
        request: &Request<'_>,
        through: &[i64],
        complete: i64,
        earliest: Option<Date>,
    ) -> Vec<Cause> {
        let wanted = self.place(request.wanted);
        let mut causes: Vec<Cause> = self.parts_missing(request, through, wanted);
        causes.sort_by_key(|cause| (std::cmp::Reverse(cause.until), cause.obstacle));
        causes.truncate(NAMED);
        let slots = self.slots(request.variant);
        let mut sum = 0;
        let reached = slots.iter().position(|free| {
            sum += free;
            sum >= request.quantity
        });
        let by_then = usize::try_from(wanted + 1).unwrap_or(0).min(slots.len());
        let free: i64 = slots.iter().take(by_then).sum();
        let (mut blocked, mut until) = (request.quantity - free, reached.map(|day| self.date(day)));
        if blocked <= 0 && causes.is_empty() {
            // Slots and parts would do alone and miss each other: the line has none when the parts are there.
            (blocked, until) = (request.quantity - complete, earliest);
        }
        if blocked > 0 {
            let line = Cause {
                obstacle: Obstacle::Line,
                from: request.wanted,
                until,
                blocked,
            };
            causes.insert(0, line);
        }
        causes
    }

    fn parts_missing(&self, request: &Request<'_>, through: &[i64], wanted: i64) -> Vec<Cause> {
        // The rest has what the wanted day's vehicles have; parts of another era are not what it waits for.
        let day = usize::try_from(wanted).unwrap_or(0);
        let (before, taken) = self.taken(request, through, day);
        let needs = self.needs(request, self.era(day));
        let missing = needs.filter_map(|(item, thousandths)| {
            let part = self.part(item)?;
            let need = thousandths.saturating_mul(request.quantity - before);
            let need = need.saturating_add(taken.get(&item).copied().unwrap_or(0));
            let day = usize::try_from(wanted);
            let have = match day {
                Ok(day) => part.available.get(day).copied()?.max(0),
                Err(_) => 0,
            };
            let reached = part.available.partition_point(|have| *have < need);
            let late = i64::try_from(reached).is_ok_and(|reached| reached > wanted.max(0));
            let overdue = part.overdue;
            let obstacle = if reached < part.available.len() {
                Obstacle::AwaitSupply { item, overdue }
            } else {
                Obstacle::LeadTime { item, overdue }
            };
            late.then(|| Cause {
                obstacle,
                from: request.wanted,
                until: Some(self.date(reached)),
                blocked: need - have,
            })
        });
        missing.collect()
    }
}
