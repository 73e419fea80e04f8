//! The plan: for each item its requirements and its supplies, netted once, level by level, before anything below
//! is exploded. It must not know files or results on the wire. Invariants: an item is netted after all its
//! parents; what an item requires is the sum of its deliveries and of what its parents' orders take on the day they
//! start; on hand + receipts + planned = required + left over.
use super::error::MrpError;
use super::finite::Schedule;
use super::net::{Netting, Requirement, Supply};
use super::network::Network;
use super::problem::{Bucket, Day, Problem};

/// What a demand is given on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) day: Day,
    pub(super) quantity: i64,
    /// Index of the demand.
    pub(super) demand: u32,
}

/// The plan of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ItemPlan {
    /// Independent requirements, by day, then priority, then file order.
    pub(super) deliveries: Vec<Delivery>,
    /// All requirements by day.
    pub(super) requirements: Vec<Requirement>,
    /// Supplies in the order in which they are used.
    pub(super) supplies: Vec<Supply>,
}

/// A plan of all items, with the problem it answers.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) problem: Problem,
    pub(super) network: Network,
    pub(super) items: Vec<ItemPlan>,
    /// What the finite planning decided; none in an unlimited plan.
    pub(super) schedule: Option<Schedule>,
}

impl Plan {
    /// Plans with unlimited capacity: every order is received when it is needed and starts a lead time before, in
    /// the past where it must. Cost: O(lines x orders of the parent).
    pub fn unlimited(problem: Problem) -> Result<Self, MrpError> {
        let mut plan = Self::prepare(problem)?;
        plan.deliver_when_due();
        let mut sums = plan.sums()?;
        for place in 0..plan.network.order.len() {
            let item = plan.network.order[place] as usize;
            plan.gather(item, &mut sums)?;
            plan.net(item)?;
        }
        Ok(plan)
    }

    pub(super) fn prepare(problem: Problem) -> Result<Self, MrpError> {
        let network = Network::new(&problem)?;
        if let Some(line) = (problem.lines.iter()).find(|line| !line.condition.is_always()) {
            let item = problem.items[line.parent].id.clone();
            return Err(MrpError::Unconfigured { item });
        }
        let items = vec![ItemPlan::default(); problem.items.len()];
        Ok(Self {
            problem,
            network,
            items,
            schedule: None,
        })
    }

    pub(super) fn deliver_when_due(&mut self) {
        for (at, demand) in self.problem.demands.iter().enumerate() {
            if demand.quantity.milli() > 0 {
                self.items[demand.item].deliveries.push(Delivery {
                    day: demand.due,
                    quantity: demand.quantity.milli(),
                    demand: at as u32,
                });
            }
        }
        self.sort_deliveries();
    }

    pub(super) fn sort_deliveries(&mut self) {
        let demands = &self.problem.demands;
        for plan in &mut self.items {
            let key = |d: &Delivery| (d.day, demands[d.demand as usize].priority, d.demand);
            plan.deliveries.sort_unstable_by_key(key);
        }
    }

    /// An empty accumulator that spans every day on which something can be required.
    pub(super) fn sums(&self) -> Result<Sums, MrpError> {
        self.sums_until(Day::MIN)
    }

    /// The same, through `last` at least.
    pub(super) fn sums_until(&self, last: Day) -> Result<Sums, MrpError> {
        let (mut first, mut last) = (Day::MAX, last);
        // The earliest day on which each item can be required.
        let mut earliest = vec![Day::MAX; self.items.len()];
        for item in self.network.order.iter().map(|at| *at as usize) {
            let delivered = self.items[item].deliveries.iter().map(|d| d.day);
            let fixed = self.network.incoming[item].iter().map(|i| i.due);
            let fence = self.network.rules[item].fence_end;
            for day in delivered.chain(fixed).chain([fence, self.problem.today]) {
                if day != Day::MIN {
                    earliest[item] = earliest[item].min(day);
                    last = last.max(day);
                }
            }
            let start = self
                .network
                .start(item, self.problem.bucket.start(earliest[item]));
            first = first.min(start.min(earliest[item]));
            for edge in self.network.below(item) {
                let child = &mut earliest[edge.child as usize];
                *child = (*child).min(start);
            }
        }
        let first = first.min(last) - 7;
        let days = i64::from(last) - i64::from(first) + 8;
        if days > 1_000_000 {
            let rule = "shorten the lead times so that a plan spans at most a million days";
            return Err(MrpError::range("the problem", "horizon", days, rule));
        }
        Ok(Sums::new(first, days as usize))
    }

    /// Sums what an item is required for, from its deliveries and its parents' orders.
    pub(super) fn gather(&mut self, item: usize, sums: &mut Sums) -> Result<(), MrpError> {
        self.sum_up(item, sums)
            .ok_or_else(|| self.too_large(item))?;
        let mut requirements = std::mem::take(&mut self.items[item].requirements);
        requirements.clear();
        let safety = self.network.rules[item].safety;
        sums.drain(safety, &mut requirements)
            .ok_or_else(|| self.too_large(item))?;
        self.items[item].requirements = requirements;
        Ok(())
    }

    fn sum_up(&self, item: usize, sums: &mut Sums) -> Option<()> {
        let bucket = self.problem.bucket;
        for delivery in &self.items[item].deliveries {
            sums.add(bucket.start(delivery.day), delivery.quantity)?;
        }
        for edge in self.network.above(item) {
            let parent = edge.parent as usize;
            let rules = &self.network.rules[parent];
            let mut before = rules.on_hand;
            let simple = self.network.incoming[parent].is_empty()
                && rules.good == takt_kernel::Share::ONE
                && bucket == Bucket::Day;
            if let (true, Some(times)) = (simple, edge.plain()) {
                for supply in &self.items[parent].supplies {
                    let need = (supply.end - before).checked_mul(times)?;
                    before = supply.end;
                    sums.add(supply.start, need)?;
                }
                continue;
            }
            for supply in &self.items[parent].supplies {
                let good = supply.end - before;
                before = supply.end;
                if supply.explodes {
                    let need = edge.need(rules.release(good)?, supply.start)?;
                    sums.add(bucket.start(supply.start), need)?;
                }
            }
        }
        Some(())
    }

    /// Nets an item whose requirements are known.
    pub(super) fn net(&mut self, item: usize) -> Result<(), MrpError> {
        let mut supplies = std::mem::take(&mut self.items[item].supplies);
        supplies.clear();
        let mut netting = self.netting(item);
        let done = netting.run(&self.items[item].requirements, 0, &mut supplies);
        done.ok_or_else(|| self.too_large(item))?;
        self.items[item].supplies = supplies;
        Ok(())
    }

    /// The netting of an item at its beginning.
    pub(super) fn netting(&self, item: usize) -> Netting<'_> {
        let (today, days) = (self.problem.today, self.problem.reschedule_days);
        let mut netting = Netting::new(&self.network, item, today, days);
        if self.schedule.is_some() {
            // A finite plan does not release in the past.
            let soonest = self.network.finish(item, today);
            netting.not_before = netting.not_before.max(soonest);
        }
        netting
    }

    pub(super) fn too_large(&self, item: usize) -> MrpError {
        MrpError::TooLarge {
            item: self.problem.items[item].id.clone(),
        }
    }

    /// The problem that this plan answers.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The low-level code of an item: the longest path from an item without parents, which has 0.
    pub fn level(&self, item: usize) -> Option<u32> {
        self.network.level.get(item).copied()
    }

    /// True where two plans have the same deliveries, requirements and supplies.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.items == other.items && self.schedule == other.schedule
    }

    /// How many planned orders there are, and how many requirements by item and day.
    pub fn size(&self) -> (usize, usize) {
        let orders = self.items.iter().map(|plan| plan.supplies.len()).sum();
        let days = self.items.iter().map(|plan| plan.requirements.len()).sum();
        (orders, days)
    }
}

/// Sums by day that cost nothing where nothing happens: a mark for each day that has been touched.
#[derive(Debug)]
pub(super) struct Sums {
    first: Day,
    sums: Vec<i64>,
    marks: Vec<u64>,
}

impl Sums {
    fn new(first: Day, days: usize) -> Self {
        Self {
            first,
            sums: vec![0; days],
            marks: vec![0; days.div_ceil(64)],
        }
    }

    /// None where the day is outside or the sum does not fit.
    #[inline]
    fn add(&mut self, day: Day, quantity: i64) -> Option<()> {
        let at = day.wrapping_sub(self.first) as u32 as usize;
        let sum = self.sums.get_mut(at)?;
        *sum = sum.checked_add(quantity)?;
        self.marks[at / 64] |= 1 << (at % 64);
        Some(())
    }

    /// Moves the sums out as a curve that begins at `end`.
    fn drain(&mut self, mut end: i64, requirements: &mut Vec<Requirement>) -> Option<()> {
        let marked: u32 = self.marks.iter().map(|word| word.count_ones()).sum();
        requirements.reserve_exact(marked as usize);
        let mut fits = Some(());
        for (word, marks) in self.marks.iter_mut().enumerate() {
            while *marks != 0 {
                let at = word * 64 + marks.trailing_zeros() as usize;
                *marks &= *marks - 1;
                let sum = std::mem::take(&mut self.sums[at]);
                if sum > 0 {
                    match end.checked_add(sum) {
                        Some(next) => end = next,
                        None => fits = None,
                    }
                    let day = self.first + at as Day;
                    requirements.push(Requirement { day, end });
                }
            }
        }
        fits
    }
}
