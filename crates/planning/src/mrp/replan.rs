//! Replanning of what a change touches: an order, a receipt or a working day. It must not plan otherwise than `plan`
//! does. Method: differences of requirement travel down by low-level code; an item is netted again from its first
//! changed day on, and only orders that came out differently go further. Invariants: the plan after a change equals
//! a full plan of the changed problem; a refused change leaves the plan as it was.
use super::error::MrpError;
use super::limits;
use super::lot::Cover;
use super::net::{Requirement, Supply};
use super::plan::{Delivery, Plan};
use super::problem::{Day, Demand, Problem, Receipt};

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The demand of that index is now this; the index after the last adds one.
    Demand(usize, Demand),
    /// The receipt of that index is now this; the index after the last adds one.
    Receipt(usize, Receipt),
    /// A day of a calendar works or does not.
    WorkDay {
        /// Index of the calendar.
        calendar: usize,
        /// The day.
        day: Day,
        /// Whether it works.
        works: bool,
    },
}

/// How far a change went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replanned {
    /// Items that were netted again.
    pub visited: usize,
    /// Items whose orders came out differently.
    pub changed: usize,
}

/// What waits to be done, by item.
struct Pending {
    /// Differences of requirement by day.
    differences: Vec<Vec<(Day, i64)>>,
    /// Items that are netted again from the first day on.
    whole: Vec<bool>,
}

impl Plan {
    /// Takes a change in and replans what it touches. A finite plan is made anew: its orders compete for room.
    pub fn replan(&mut self, change: Change) -> Result<Replanned, MrpError> {
        let before = self.undo_of(&change)?;
        if self.schedule.is_some() {
            let mut problem = self.problem.clone();
            change.apply(&mut problem);
            *self = Self::finite(problem)?;
            let all = self.items.len();
            return Ok(Replanned {
                visited: all,
                changed: all,
            });
        }
        let mut pending = Pending {
            differences: vec![Vec::new(); self.items.len()],
            whole: vec![false; self.items.len()],
        };
        self.take_in(change, &mut pending);
        match self.spread(pending) {
            Ok(replanned) => Ok(replanned),
            Err(error) => {
                let mut problem = self.problem.clone();
                match before {
                    Some(before) => before.apply(&mut problem),
                    None => drop(problem.demands.pop()),
                }
                *self = Self::unlimited(problem)?;
                Err(error)
            }
        }
    }

    /// The change that takes this one back, where it is permitted; none for a demand that is new.
    fn undo_of(&self, change: &Change) -> Result<Option<Change>, MrpError> {
        let problem = &self.problem;
        let unknown = |kind, index, count| {
            Err(MrpError::Unknown {
                subject: "the change".to_owned(),
                kind,
                index,
                count,
            })
        };
        match change {
            Change::Demand(at, demand) => {
                limits::demand(problem, demand)?;
                match problem.demands.get(*at) {
                    Some(old) => Ok(Some(Change::Demand(*at, old.clone()))),
                    None if *at == problem.demands.len() => Ok(None),
                    None => unknown("demand", *at, problem.demands.len()),
                }
            }
            Change::Receipt(at, receipt) => {
                limits::receipt(problem, receipt)?;
                match problem.receipts.get(*at) {
                    Some(old) => Ok(Some(Change::Receipt(*at, old.clone()))),
                    // A receipt of nothing is as good as none.
                    None if *at == problem.receipts.len() => {
                        let quantity = takt_kernel::Quantity::ZERO;
                        let nothing = Receipt {
                            quantity,
                            ..receipt.clone()
                        };
                        Ok(Some(Change::Receipt(*at, nothing)))
                    }
                    None => unknown("receipt", *at, problem.receipts.len()),
                }
            }
            Change::WorkDay { calendar, day, .. } => {
                if !(-limits::DAY..=limits::DAY).contains(day) {
                    let rule = "give a day within 36525 days of the first";
                    return Err(MrpError::range("the change", "day", day, rule));
                }
                let found = problem.calendars.get(*calendar);
                match found {
                    Some(found) => Ok(Some(Change::WorkDay {
                        calendar: *calendar,
                        day: *day,
                        works: found.works(*day),
                    })),
                    None => unknown("calendar", *calendar, problem.calendars.len()),
                }
            }
        }
    }

    fn take_in(&mut self, change: Change, pending: &mut Pending) {
        match &change {
            Change::Demand(at, demand) => {
                let old = self.problem.demands.get(*at).map(|old| old.item);
                if let Some(item) = old {
                    self.take_delivery(*at, item, pending);
                }
                let item = demand.item;
                change.clone().apply(&mut self.problem);
                self.put_delivery(*at, item, pending);
            }
            Change::Receipt(at, receipt) => {
                let item = receipt.item;
                if let Some(old) = self.problem.receipts.get(*at).map(|old| old.item) {
                    self.network.incoming[old].retain(|incoming| incoming.receipt as usize != *at);
                    pending.whole[old] = true;
                }
                pending.whole[item] = true;
                let at = *at;
                change.apply(&mut self.problem);
                self.network.book_receipt(&self.problem, at);
            }
            Change::WorkDay { calendar, .. } => {
                let calendar = *calendar;
                change.apply(&mut self.problem);
                self.network.count_calendar(&self.problem, calendar);
                for (item, rules) in self.network.rules.iter().enumerate() {
                    pending.whole[item] |= rules.calendar == Some(calendar as u32);
                }
            }
        }
    }

    fn take_delivery(&mut self, demand: usize, item: usize, pending: &mut Pending) {
        let bucket = self.problem.bucket;
        self.items[item].deliveries.retain(|delivery| {
            let mine = delivery.demand as usize == demand;
            if mine {
                let difference = (bucket.start(delivery.day), -delivery.quantity);
                pending.differences[item].push(difference);
            }
            !mine
        });
    }

    fn put_delivery(&mut self, at: usize, item: usize, pending: &mut Pending) {
        let demand = &self.problem.demands[at];
        let (day, quantity) = (demand.due, demand.quantity.milli());
        if quantity == 0 {
            return;
        }
        let demands = &self.problem.demands;
        let key = |d: &Delivery| (d.day, demands[d.demand as usize].priority, d.demand);
        let delivery = Delivery {
            day,
            quantity,
            demand: at as u32,
        };
        let deliveries = &mut self.items[item].deliveries;
        let to = deliveries.partition_point(|d| key(d) < key(&delivery));
        deliveries.insert(to, delivery);
        let difference = (self.problem.bucket.start(day), quantity);
        pending.differences[item].push(difference);
    }

    /// Nets again what waits, in low-level order.
    fn spread(&mut self, mut pending: Pending) -> Result<Replanned, MrpError> {
        let mut replanned = Replanned::default();
        let (mut fresh, mut orders) = (Vec::new(), Vec::new());
        for place in 0..self.network.order.len() {
            let item = self.network.order[place] as usize;
            let mut differences = std::mem::take(&mut pending.differences[item]);
            sum_by_day(&mut differences);
            if differences.is_empty() && !pending.whole[item] {
                continue;
            }
            replanned.visited += 1;
            let from = self.differ(item, &differences);
            let from = from.ok_or_else(|| self.too_large(item))?;
            let whole = pending.whole[item] || !self.can_resume(item);
            let kept = self.kept(item, from, whole);
            fresh.clear();
            self.resume(item, if whole { 0 } else { from }, kept, &mut fresh)
                .ok_or_else(|| self.too_large(item))?;
            if self.items[item].supplies[kept..] != fresh[..] {
                self.order_differences(item, kept, &fresh, &mut orders);
                let supplies = &mut self.items[item].supplies;
                supplies.truncate(kept);
                supplies.extend_from_slice(&fresh);
                replanned.changed += usize::from(!orders.is_empty());
                self.pass_down(item, &orders, &mut pending)
                    .ok_or_else(|| self.too_large(item))?;
            }
        }
        Ok(replanned)
    }

    /// Adds differences to the requirement curve and answers the first place that changed.
    fn differ(&mut self, item: usize, differences: &[(Day, i64)]) -> Option<usize> {
        let safety = self.network.rules[item].safety;
        let requirements = &mut self.items[item].requirements;
        let Some((first, _)) = differences.first() else {
            return Some(requirements.len());
        };
        let from = requirements.partition_point(|r| r.day < *first);
        let mut end = match from.checked_sub(1) {
            Some(last) => requirements[last].end,
            None => safety,
        };
        if all_there(&requirements[from..], differences) {
            return add_in_place(requirements, from, end, differences);
        }
        let old = requirements.split_off(from);
        let (mut before, mut next) = (end, differences.iter().peekable());
        let mut put = |day: Day, quantity: i64| {
            if quantity > 0 {
                end = end.checked_add(quantity)?;
                requirements.push(Requirement { day, end });
            }
            Some(())
        };
        for requirement in old {
            while let Some((day, quantity)) = next.next_if(|(day, _)| *day < requirement.day) {
                put(*day, *quantity)?;
            }
            let same = next.next_if(|(day, _)| *day == requirement.day);
            let more = same.map_or(0, |(_, quantity)| *quantity);
            put(
                requirement.day,
                (requirement.end - before).checked_add(more)?,
            )?;
            before = requirement.end;
        }
        for (day, quantity) in next {
            put(*day, *quantity)?;
        }
        Some(from)
    }

    /// Whether netting can go on from the middle: the lot rule looks at one requirement, and nothing is received.
    fn can_resume(&self, item: usize) -> bool {
        let rules = &self.network.rules[item];
        rules.sizing.cover == Cover::One
            && self.network.incoming[item].is_empty()
            && rules.safety <= rules.on_hand
    }

    /// How many supplies were there before the requirement at `from` was looked at.
    fn kept(&self, item: usize, from: usize, whole: bool) -> usize {
        let plan = &self.items[item];
        let Some(last) = from.checked_sub(1).filter(|_| !whole) else {
            return 0;
        };
        let height = plan.requirements[last].end;
        if height <= self.network.rules[item].on_hand {
            return 0;
        }
        // A supply was planned where the one before did not reach.
        1 + plan.supplies.partition_point(|supply| supply.end < height)
    }

    fn resume(&self, item: usize, from: usize, kept: usize, fresh: &mut Vec<Supply>) -> Option<()> {
        let mut netting = self.netting(item);
        netting.have = self.height_of_kept(item, kept);
        netting.run(&self.items[item].requirements, from, fresh)
    }

    fn height_of_kept(&self, item: usize, kept: usize) -> i64 {
        match kept.checked_sub(1) {
            Some(last) => self.items[item].supplies[last].end,
            None => self.network.rules[item].on_hand,
        }
    }

    /// Orders that take components and are not in both: start, good quantity, and +1 or -1.
    fn order_differences(
        &self,
        item: usize,
        kept: usize,
        fresh: &[Supply],
        differences: &mut Vec<(Day, i64, i64)>,
    ) {
        let begin = self.height_of_kept(item, kept);
        let (mut old, mut new) = (
            Orders::new(begin, &self.items[item].supplies[kept..]),
            Orders::new(begin, fresh),
        );
        if !self.network.incoming[item].is_empty() {
            // Receipts stand where they are used, not where they start.
            old.sort();
            new.sort();
        }
        differences.clear();
        let (mut was, mut is) = (old.next(), new.next());
        while was.is_some() || is.is_some() {
            if was == is {
                (was, is) = (old.next(), new.next());
            } else if let Some(order) = was.filter(|was| is.is_none_or(|is| *was < is)) {
                differences.push((order.0, order.1, -1));
                was = old.next();
            } else if let Some(order) = is {
                differences.push((order.0, order.1, 1));
                is = new.next();
            }
        }
    }

    fn pass_down(
        &self,
        item: usize,
        orders: &[(Day, i64, i64)],
        pending: &mut Pending,
    ) -> Option<()> {
        let rules = &self.network.rules[item];
        let bucket = self.problem.bucket;
        // What is released more or less by day, for the lines that take whole units at all times.
        let mut released: Vec<(Day, i64)> = Vec::with_capacity(orders.len());
        for (start, quantity, sign) in orders {
            let difference = sign * rules.release(*quantity)?;
            match released.last_mut() {
                Some((day, sum)) if *day == bucket.start(*start) => *sum += difference,
                _ => released.push((bucket.start(*start), difference)),
            }
        }
        released.retain(|(_, difference)| *difference != 0);
        for edge in self.network.below(item) {
            let differences = &mut pending.differences[edge.child as usize];
            if let Some(times) = edge.plain() {
                differences.reserve(released.len());
                for (day, difference) in &released {
                    differences.push((*day, difference.checked_mul(times)?));
                }
                continue;
            }
            for (start, quantity, sign) in orders {
                let need = edge.need(rules.release(*quantity)?, *start)?;
                if need > 0 {
                    differences.push((bucket.start(*start), sign * need));
                }
            }
        }
        Some(())
    }
}

/// The orders of a series of supplies that take components: start and good quantity.
struct Orders<'a> {
    before: i64,
    supplies: std::slice::Iter<'a, Supply>,
    sorted: Option<std::vec::IntoIter<(Day, i64)>>,
}

impl<'a> Orders<'a> {
    fn new(before: i64, supplies: &'a [Supply]) -> Self {
        let supplies = supplies.iter();
        Self {
            before,
            supplies,
            sorted: None,
        }
    }

    fn sort(&mut self) {
        let mut all: Vec<(Day, i64)> = std::iter::from_fn(|| self.next()).collect();
        all.sort_unstable();
        self.sorted = Some(all.into_iter());
    }
}

impl Iterator for Orders<'_> {
    type Item = (Day, i64);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(sorted) = &mut self.sorted {
            return sorted.next();
        }
        for supply in self.supplies.by_ref() {
            let quantity = supply.end - self.before;
            self.before = supply.end;
            if supply.explodes {
                return Some((supply.start, quantity));
            }
        }
        None
    }
}

impl Change {
    /// Writes the change into a problem; what it names has been looked at before.
    fn apply(self, problem: &mut Problem) {
        match self {
            Self::Demand(at, demand) => match problem.demands.get_mut(at) {
                Some(old) => *old = demand,
                None => problem.demands.push(demand),
            },
            Self::Receipt(at, receipt) => match problem.receipts.get_mut(at) {
                Some(old) => *old = receipt,
                None => problem.receipts.push(receipt),
            },
            Self::WorkDay {
                calendar,
                day,
                works,
            } => {
                if let Some(calendar) = problem.calendars.get_mut(calendar) {
                    calendar.exceptions.insert(day, works);
                }
            }
        }
    }
}

fn all_there(requirements: &[Requirement], differences: &[(Day, i64)]) -> bool {
    let mut days = requirements.iter().map(|requirement| requirement.day);
    (differences.iter()).all(|(day, _)| days.find(|there| there >= day) == Some(*day))
}

/// Adds differences on days that are there; a day that comes to nothing goes.
fn add_in_place(
    requirements: &mut Vec<Requirement>,
    from: usize,
    height: i64,
    differences: &[(Day, i64)],
) -> Option<usize> {
    let (mut next, mut sum) = (differences.iter().peekable(), 0i64);
    let (mut before, mut empty) = (height, false);
    for requirement in &mut requirements[from..] {
        while let Some((_, quantity)) = next.next_if(|(day, _)| *day == requirement.day) {
            sum = sum.checked_add(*quantity)?;
        }
        if sum == 0 && next.peek().is_none() {
            empty |= before == requirement.end;
            break;
        }
        requirement.end = requirement.end.checked_add(sum)?;
        empty |= before == requirement.end;
        before = requirement.end;
    }
    if empty {
        let (mut at, mut last) = (0, height);
        requirements.retain(|requirement| {
            let keep = at < from || requirement.end > last;
            if at >= from {
                last = requirement.end;
            }
            at += 1;
            keep
        });
    }
    Some(from)
}

/// One difference a day, in day order, and none that is nothing.
fn sum_by_day(differences: &mut Vec<(Day, i64)>) {
    differences.sort_unstable_by_key(|(day, _)| *day);
    differences.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        same
    });
    differences.retain(|(_, quantity)| *quantity != 0);
}
