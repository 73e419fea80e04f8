//! Why demands of a forward plan are late: each is asked for once more on its due date, in the plan as it stands, and what
//! is met first is the reason. It must not change the plan. Invariant: every demand that is late or not planned has a reason.
use super::super::problem::Day;
use super::state::State;
use super::{Blocked, Delivered, Obstacle, Schedule};

impl State<'_> {
    /// Adds the reasons that are missing.
    pub(super) fn explain(&mut self, schedule: &mut Schedule, deliveries: &[Delivered]) {
        let demands = &self.problem.demands;
        let is_late = |day: Day, demand: u32| day > demands[demand as usize].due;
        let late = deliveries.iter().filter(|(_, d)| is_late(d.day, d.demand));
        let open = schedule.unplanned.iter().map(|(demand, _)| *demand);
        let mut late: Vec<u32> = late.map(|(_, d)| d.demand).chain(open).collect();
        late.sort_unstable();
        late.dedup();
        let known: Vec<u32> = schedule.blocked.iter().map(|b| b.demand).collect();
        late.retain(|demand| known.binary_search(demand).is_err());
        for demand in late {
            let blocked = self.blocked(demand);
            schedule.blocked.push(blocked);
        }
        schedule
            .blocked
            .sort_unstable_by_key(|blocked| blocked.demand);
    }

    fn blocked(&mut self, at: u32) -> Blocked {
        let demand = &self.problem.demands[at as usize];
        let day = demand.due.max(self.problem.today);
        (self.steps.0, self.met) = (0, None);
        let mark = self.mark();
        self.obtain(demand.item, demand.quantity.milli(), day);
        self.undo(mark);
        let (path, obstacle) = self.met.take().unwrap_or_else(|| {
            // There is room now for what came too late to be planned: the first shop on the way was the reason.
            let obstacle = match self.problem.items[demand.item].shop {
                Some(shop) => Obstacle::Shop(shop as u32, day),
                None => Obstacle::LeadTime,
            };
            (vec![(demand.item as u32, day)], obstacle)
        });
        Blocked {
            demand: at,
            path,
            obstacle,
        }
    }
}
