//! How a requirement is covered in finite planning: free lots first, then new orders, as late as there is room, each
//! with its components before it. It must not know demands. Invariants: what is answered is booked, in full or in
//! part; an order has a permitted lot; its components are there when it starts.
use super::super::problem::Day;
use super::Obstacle;
use super::state::State;

/// A place where an order can be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) shop: Option<usize>,
    pub(super) micro_hours: i64,
    pub(super) line: u16,
}

/// What fits into a bucket.
pub(super) struct Fit {
    pub(super) lot: i64,
    /// The day before the bucket.
    before: Option<Day>,
}

impl State<'_> {
    /// Books up to `quantity` of an item for `day` and answers how much.
    pub(super) fn obtain(&mut self, item: usize, quantity: i64, day: Day) -> i64 {
        self.steps = (self.steps.0 + 1, self.steps.1 + 1);
        if self.steps.0 > self.patience {
            return 0;
        }
        self.path.push((item as u32, day));
        let got = self.obtain_here(item, quantity, day);
        self.path.pop();
        got
    }

    fn obtain_here(&mut self, item: usize, quantity: i64, day: Day) -> i64 {
        let rules = &self.network.rules[item];
        let (make, blows, fence) = (rules.make, day >= rules.blow_from, rules.fence_end);
        if !make && day >= self.soonest[item] {
            return quantity;
        }
        let mut open = quantity - self.take(item, quantity, day);
        if open == 0 {
            return quantity;
        }
        if !make {
            self.meet(Obstacle::Material(self.soonest[item]));
            return quantity - open;
        }
        if blows {
            return quantity - open + self.order_at(item, open, day, None);
        }
        if day < fence {
            self.meet(Obstacle::Fence(fence));
            return quantity - open;
        }
        let latest = self.network.start(item, day);
        if latest < self.problem.today {
            self.meet(Obstacle::LeadTime);
            return quantity - open;
        }
        self.fill(item, &mut open, latest);
        quantity - open
    }

    /// Places orders for what is open, from the latest start back, until it is covered or nothing fits.
    fn fill(&mut self, item: usize, open: &mut i64, latest: Day) {
        let mut start = latest;
        let fence = self.network.rules[item].fence_end;
        loop {
            let mut earlier = None;
            for place in self.places(item) {
                loop {
                    let Some(fit) = self.fits(item, *open, start, place) else {
                        return;
                    };
                    let lot = fit.lot;
                    earlier = earlier.max(fit.before);
                    if lot == 0 {
                        break;
                    }
                    let got = self.order_at(item, lot, start, Some(place));
                    let used = got.min(*open);
                    self.free(item, self.network.finish(item, start), got - used);
                    *open -= used;
                    // Where components are short, earlier there are not more of them.
                    if *open == 0 || got < lot {
                        return;
                    }
                }
            }
            let Some(before) = earlier else {
                return;
            };
            start = self.network.work_day(item, before);
            if start < self.problem.today || self.network.finish(item, start) < fence {
                self.full(item, latest);
                return;
            }
        }
    }

    /// The lot that fits on a day; None where no lot is possible at all.
    pub(super) fn fits(&self, item: usize, open: i64, start: Day, place: Place) -> Option<Fit> {
        let rules = &self.network.rules[item];
        let wanted = rules.sizing.lot(open)?;
        let setup = self.problem.items[item].changeover_micro_hours;
        let Some(shop) = place.shop.filter(|_| place.micro_hours > 0 || setup > 0) else {
            return Some(Fit {
                lot: wanted,
                before: None,
            });
        };
        let room = &self.rooms[shop];
        let at = room.at(start)?;
        let left = room.left[at] - self.changeover(item, place.line, at);
        let good = match place.micro_hours {
            _ if left < 0 => 0,
            0 => wanted,
            micro_hours => self.good_within(item, left / micro_hours),
        };
        Some(Fit {
            lot: match good < wanted {
                true => rules.sizing.lot_within(good),
                false => wanted,
            },
            before: Some(room.first_day(at) - 1),
        })
    }

    /// The good quantity that a release of at most so much gives.
    pub(super) fn good_within(&self, item: usize, release: i64) -> i64 {
        let share = self.network.rules[item].good;
        if share == takt_kernel::Share::ONE {
            return release;
        }
        // Releases are whole units where there is a loss.
        let whole = release - release.rem_euclid(1000);
        let product = i128::from(whole) * i128::from(share.0);
        takt_kernel::floor_div(product, 1_000_000).unwrap_or(0)
    }

    /// The place of a line: 0 the first, 1 and on the alternates.
    pub(super) fn place(&self, item: usize, line: u16) -> Option<Place> {
        self.places(item).nth(usize::from(line))
    }

    pub(super) fn places(&self, item: usize) -> impl Iterator<Item = Place> + use<> {
        let item = &self.problem.items[item];
        let first = Place {
            shop: item.shop,
            micro_hours: item.micro_hours,
            line: 0,
        };
        let others: Vec<Place> = (1..)
            .zip(&item.alternates)
            .map(|(line, alternate)| Place {
                shop: Some(alternate.shop),
                micro_hours: alternate.micro_hours,
                line,
            })
            .collect();
        std::iter::once(first).chain(others)
    }

    fn full(&mut self, item: usize, latest: Day) {
        if let Some(shop) = self.problem.items[item].shop {
            self.meet(Obstacle::Shop(shop as u32, latest));
        }
    }

    /// Books an order with its components, as large as they allow and at most `lot`.
    fn order_at(&mut self, item: usize, lot: i64, start: Day, place: Option<Place>) -> i64 {
        let mark = self.mark();
        let mut lot = lot;
        loop {
            lot = lot.min(self.bought_for(item, lot, start, place.is_none()));
            if lot <= 0 {
                return 0;
            }
            let rules = &self.network.rules[item];
            let Some(release) = rules.release(lot) else {
                return 0;
            };
            // Room first: the components may want the same shop.
            self.book(item, lot, start, place);
            match self.components(item, lot, release, start) {
                None => {
                    self.order(item, start, place.map_or(0, |place| place.line), lot);
                    return lot;
                }
                Some(supported) => {
                    self.undo(mark);
                    let rules = &self.network.rules[item];
                    lot = match place {
                        None => supported.min(lot - 1),
                        Some(_) => rules.sizing.lot_within(supported.min(lot - 1)),
                    };
                }
            }
        }
    }

    /// Takes the components of an order; where one is short, what lot it supports.
    pub(super) fn components(
        &mut self,
        item: usize,
        lot: i64,
        release: i64,
        start: Day,
    ) -> Option<i64> {
        for at in 0..self.made[item].len() {
            let edge = self.made[item][at];
            let Some(need) = edge.need(release, start) else {
                return Some(0);
            };
            if need > 0 {
                let got = self.obtain(edge.child as usize, need, start);
                if got < need {
                    return Some(part(lot, got, need));
                }
            }
        }
        if start < self.open_from[item] {
            for at in 0..self.bought[item].len() {
                let edge = self.bought[item][at];
                let child = edge.child as usize;
                let need = edge.need(release, start).unwrap_or(0);
                if need > 0 && start < self.soonest[child] {
                    let got = self.take(child, need, start);
                    if got < need {
                        self.short(child, start);
                        return Some(part(lot, got, need));
                    }
                }
            }
        }
        None
    }

    /// Remembers that a bought component is short.
    fn short(&mut self, child: usize, start: Day) {
        self.path.push((child as u32, start));
        self.meet(Obstacle::Material(self.soonest[child]));
        self.path.pop();
    }

    /// The largest lot for which the bought components are there; a quick look before anything is booked.
    fn bought_for(&mut self, item: usize, lot: i64, start: Day, any: bool) -> i64 {
        if start >= self.open_from[item] {
            return lot;
        }
        let (mut best, mut scarce) = (lot, None);
        for edge in &self.bought[item] {
            let child = edge.child as usize;
            if start >= self.soonest[child] {
                continue;
            }
            let release = self.network.rules[item].release(lot).unwrap_or(0);
            let need = edge.need(release, start).unwrap_or(0);
            if need == 0 {
                continue;
            }
            let lying = self.lying(child, start);
            if lying < need && part(lot, lying, need) < best {
                best = part(lot, lying, need);
                scarce = Some(child);
            }
        }
        if let Some(child) = scarce {
            self.short(child, start);
            if !any {
                best = self.network.rules[item].sizing.lot_within(best);
            }
        }
        best
    }
}

/// `lot` x `got` / `need`, rounded down.
pub(super) fn part(lot: i64, got: i64, need: i64) -> i64 {
    let product = i128::from(lot) * i128::from(got);
    takt_kernel::floor_div(product, i128::from(need)).unwrap_or(0)
}
