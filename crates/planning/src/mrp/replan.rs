//! Replanning of what a change touches: an order, a receipt or a working day. It must not plan otherwise than `plan`
//! does. Method: differences of requirement travel down by low-level code; an item is netted again from its first
//! changed day on, and only orders that came out differently go further. Invariants: the plan after a change equals
//! a full plan of the changed problem; a refused change leaves the plan as it was.
use super::change::Change;
use super::error::MrpError;
use super::lot::Cover;
use super::near::near;
use super::net::{Requirement, Supply};
use super::plan::{Delivery, Plan};
use super::problem::Day;

/// How far a change went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replanned {
    /// Items that were netted again.
    pub visited: usize,
    /// Items whose supplies came out differently.
    pub changed: usize,
}

/// What waits to be done, by item.
struct Pending {
    /// Deliveries that came or went: item, day, quantity.
    delivered: Vec<(usize, Day, i64)>,
    /// What orders of an item release more or less, by day; lines read it when their child's turn comes.
    released: Vec<Vec<(Day, i64)>>,
    /// The same order by order, for items with lines that are not plain: start, good quantity, and +1 or -1.
    orders: Vec<Vec<(Day, i64, i64)>>,
    /// Items whose requirements may have changed.
    touched: Vec<bool>,
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
            delivered: Vec::new(),
            released: vec![Vec::new(); self.items.len()],
            orders: vec![Vec::new(); self.items.len()],
            touched: vec![false; self.items.len()],
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
                let day = bucket.start(delivery.day);
                pending.delivered.push((item, day, -delivery.quantity));
                pending.touched[item] = true;
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
        let day = self.problem.bucket.start(day);
        pending.delivered.push((item, day, quantity));
        pending.touched[item] = true;
    }

    /// Nets again what waits, in low-level order.
    fn spread(&mut self, mut pending: Pending) -> Result<Replanned, MrpError> {
        let mut replanned = Replanned::default();
        let (mut fresh, mut differences, mut guess) = (Vec::new(), Vec::new(), 0);
        for place in 0..self.network.order.len() {
            let item = self.network.order[place] as usize;
            if !pending.touched[item] && !pending.whole[item] {
                continue;
            }
            self.differences(item, &pending, &mut differences)
                .ok_or_else(|| self.too_large(item))?;
            if differences.is_empty() && !pending.whole[item] {
                continue;
            }
            replanned.visited += 1;
            guess = self
                .differ(item, &differences, guess)
                .ok_or_else(|| self.too_large(item))?;
            let whole = pending.whole[item] || !self.can_resume(item);
            let kept = self.kept(item, guess, whole);
            if !whole && self.network.below(item).is_empty() && self.netting(item).is_plain() {
                let changed = self.net_over(item, guess, kept);
                let changed = changed.ok_or_else(|| self.too_large(item))?;
                replanned.changed += usize::from(changed);
                continue;
            }
            fresh.clear();
            self.resume(item, if whole { 0 } else { guess }, kept, &mut fresh)
                .ok_or_else(|| self.too_large(item))?;
            if self.items[item].supplies[kept..] != fresh[..] {
                replanned.changed += 1;
                self.pass_down(item, kept, &fresh, &mut pending)
                    .ok_or_else(|| self.too_large(item))?;
                let supplies = &mut self.items[item].supplies;
                supplies.truncate(kept);
                supplies.extend_from_slice(&fresh);
            }
        }
        Ok(replanned)
    }

    /// What an item is required more or less, by day.
    fn differences(
        &self,
        item: usize,
        pending: &Pending,
        differences: &mut Vec<(Day, i64)>,
    ) -> Option<()> {
        differences.clear();
        let mine = pending.delivered.iter().filter(|(at, ..)| *at == item);
        differences.extend(mine.map(|(_, day, quantity)| (*day, *quantity)));
        for edge in self.network.above(item) {
            let parent = edge.parent as usize;
            if let Some(times) = edge.plain() {
                for (day, difference) in &pending.released[parent] {
                    differences.push((*day, difference.checked_mul(times)?));
                }
                continue;
            }
            let rules = &self.network.rules[parent];
            for (start, quantity, sign) in &pending.orders[parent] {
                let need = edge.need(rules.release(*quantity)?, *start)?;
                differences.push((self.problem.bucket.start(*start), sign * need));
            }
        }
        sum_by_day(differences);
        Some(())
    }

    /// Adds differences to the requirement curve and answers the first place that changed.
    fn differ(&mut self, item: usize, differences: &[(Day, i64)], guess: usize) -> Option<usize> {
        let safety = self.network.rules[item].safety;
        let requirements = &mut self.items[item].requirements;
        let Some((first, _)) = differences.first() else {
            return Some(requirements.len());
        };
        // Items below one parent are required on the same days, so the place before is often right again.
        let right = guess > 0
            && requirements.get(guess).is_some_and(|r| r.day >= *first)
            && requirements[guess - 1].day < *first;
        let from = match right {
            true => guess,
            false => near(requirements, |r| i64::from(r.day), i64::from(*first)),
        };
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
            && rules.sources.is_none()
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
        1 + near(&plan.supplies, |supply| supply.end, height)
    }

    fn resume(&self, item: usize, from: usize, kept: usize, fresh: &mut Vec<Supply>) -> Option<()> {
        let mut netting = self.netting(item);
        netting.have = self.height_of_kept(item, kept);
        netting.run(&self.items[item].requirements, from, fresh)
    }

    /// Nets an item without lines over its own supplies.
    fn net_over(&mut self, item: usize, from: usize, kept: usize) -> Option<bool> {
        let mut supplies = std::mem::take(&mut self.items[item].supplies);
        let mut netting = self.netting(item);
        if let Some(last) = kept.checked_sub(1) {
            netting.have = supplies[last].end;
        }
        let requirements = &self.items[item].requirements;
        let changed = netting.run_over(&requirements[from..], kept, &mut supplies);
        self.items[item].supplies = supplies;
        changed
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

    /// Leaves for the children what orders release more or less.
    fn pass_down(
        &self,
        item: usize,
        kept: usize,
        fresh: &[Supply],
        pending: &mut Pending,
    ) -> Option<()> {
        let below = self.network.below(item);
        if below.is_empty() {
            return Some(());
        }
        let mut orders = Vec::new();
        self.order_differences(item, kept, fresh, &mut orders);
        let (rules, bucket) = (&self.network.rules[item], self.problem.bucket);
        let mut released: Vec<(Day, i64)> = Vec::with_capacity(orders.len());
        for (start, quantity, sign) in &orders {
            let difference = sign * rules.release(*quantity)?;
            match released.last_mut() {
                Some((day, sum)) if *day == bucket.start(*start) => *sum += difference,
                _ => released.push((bucket.start(*start), difference)),
            }
        }
        released.retain(|(_, difference)| *difference != 0);
        if !orders.is_empty() {
            for edge in below {
                pending.touched[edge.child as usize] = true;
            }
        }
        pending.released[item] = released;
        pending.orders[item] = orders;
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
