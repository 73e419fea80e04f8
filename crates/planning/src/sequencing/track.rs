//! A line of vehicles with what a search needs to change it: its cost, the windows of its rules, its colours.
//! A move is priced level by level, from the most important objective down, and given up as soon as a level
//! has made it too dear.
//!
//! It must not know why a move is tried. Invariants: `cost` is always the score of the line; vehicles before
//! `first` never move; a move that is carried out makes no batch longer than the limit and brings no vehicle
//! before its earliest position.
use super::homes::Homes;
use super::moves::{LONGEST_SHUFFLE, Move};
use super::problem::{Objective, Problem};
use super::windows::{Gauge, Windows};

/// Stands left and right of the line: a colour that no vehicle has.
const NO_COLOUR: u32 = u32::MAX;

/// The gauges of one objective, or the purges.
#[derive(Debug, Clone, Copy)]
struct Level {
    paint: bool,
    gauges: u64,
    weight: i64,
}

/// How dear a move may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heat {
    /// What one unit of each level counts, most important first.
    pub(super) unit: [i64; 3],
    /// What the levels below may at most give back.
    pub(super) slack: [i64; 3],
    /// The most a move may count.
    pub(super) ceiling: i64,
    /// What a unit of drift counts.
    pub(super) drift: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) windows: Windows,
    /// The vehicle at each position, an index into tail and day together.
    pub(super) order: Vec<u32>,
    /// The position of each vehicle.
    pub(super) place: Vec<u32>,
    pub(super) masks: Vec<u64>,
    /// The colour at position `p` stands at `p + 1`.
    hues: Vec<u32>,
    levels: Vec<Level>,
    /// The length of the tail of the day before.
    pub(super) tail: usize,
    /// The first position that may change.
    pub(super) first: usize,
    pub(super) cost: i64,
    pub(super) limit: usize,
    pub(super) carried: usize,
    /// Colours with enough vehicles to break the limit; others need no look.
    tight: Vec<bool>,
    /// The earliest position of each vehicle, when any has one.
    earliest: Option<Vec<u32>>,
    /// Where the vehicles stood that should stay, when some should.
    pub(super) homes: Option<Homes>,
}

/// The rules that count, most important first, and how a vehicle's options map to them.
fn gauges(problem: &Problem) -> Vec<(usize, Gauge)> {
    let weight = |high| {
        problem.weight(if high {
            Objective::High
        } else {
            Objective::Low
        })
    };
    let mut gauges: Vec<(usize, Gauge)> = (problem.ratios.iter().enumerate())
        .map(|(ratio, rule)| {
            let gauge = Gauge {
                most: rule.most,
                span: rule.span as usize,
                weight: weight(rule.high),
            };
            (ratio, gauge)
        })
        .filter(|(_, gauge)| gauge.weight > 0)
        .collect();
    gauges.sort_by_key(|(ratio, gauge)| (-gauge.weight, *ratio));
    gauges
}

impl Track {
    /// The line of a checked problem in a checked order; the first `frozen` vehicles of the day stay.
    pub(super) fn new(problem: &Problem, order: &[u32], frozen: usize) -> Self {
        let gauges = gauges(problem);
        let tail = problem.before.len();
        let line: Vec<u32> = (0..tail as u32)
            .chain(order.iter().map(|vehicle| tail as u32 + vehicle))
            .collect();
        let vehicles = || {
            line.iter().map(|v| match problem.before.get(*v as usize) {
                Some(vehicle) => vehicle,
                None => &problem.day[*v as usize - tail],
            })
        };
        let mask = |options: u64| {
            let bits = gauges.iter().enumerate();
            bits.fold(0, |mask, (g, (ratio, _))| {
                mask | (options >> ratio & 1) << g
            })
        };
        let masks: Vec<u64> = vehicles().map(|vehicle| mask(vehicle.options)).collect();
        let mut hues = vec![NO_COLOUR];
        hues.extend(vehicles().map(|vehicle| u32::from(vehicle.colour)));
        hues.push(NO_COLOUR);
        let mut track = Self {
            levels: levels(problem, &gauges),
            windows: Windows::new(gauges.iter().map(|(_, gauge)| *gauge).collect(), &masks),
            tight: tight(problem),
            place: vec![0; line.len()],
            order: line,
            masks,
            hues,
            tail,
            first: (tail + frozen).min(tail + order.len()),
            cost: 0,
            limit: problem.batch_limit as usize,
            carried: problem.carried_batch as usize,
            earliest: None,
            homes: None,
        };
        if let Some(last) = track.len().checked_sub(1) {
            track.locate(0, last);
        }
        track.cost = track.recount();
        track
    }

    /// The weights of the levels.
    pub(super) fn weights(&self) -> [i64; 3] {
        let mut weights = [0; 3];
        for (weight, level) in weights.iter_mut().zip(&self.levels) {
            *weight = level.weight;
        }
        weights
    }

    /// The level that counts purges.
    pub(super) fn paint_rank(&self) -> Option<usize> {
        self.levels.iter().position(|level| level.paint)
    }

    /// Forbids each vehicle of the day the positions before its own in `earliest`.
    pub(super) fn hold(&mut self, earliest: &[u32]) {
        let tail = self.tail as u32;
        let shifted = earliest
            .iter()
            .map(|position| position.saturating_add(tail));
        self.earliest = Some((0..tail).chain(shifted).collect());
    }

    /// Lets vehicles of the day stay near where they stand now, except those that are `affected`.
    pub(super) fn stay(&mut self, affected: &[bool], reach: usize, weight: i64) {
        let day = self.place.iter().enumerate().map(|(vehicle, place)| {
            let today = vehicle.checked_sub(self.tail);
            let moves = today.is_some_and(|v| affected.get(v).copied().unwrap_or(false));
            if moves { Homes::NOWHERE } else { *place }
        });
        self.homes = Some(Homes::new(day.collect(), reach, weight));
    }

    /// The vehicles of the day in their order.
    pub(super) fn day(&self) -> impl Iterator<Item = u32> + '_ {
        let tail = self.tail;
        self.order.iter().skip(tail).map(move |v| v - tail as u32)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The colour at a position.
    #[inline]
    pub(super) fn hue(&self, position: usize) -> u32 {
        self.hues[position + 1]
    }

    /// Whether two positions hold vehicles that cannot be told apart.
    #[inline]
    pub(super) fn alike(&self, a: usize, b: usize) -> bool {
        self.masks[a] == self.masks[b] && self.hue(a) == self.hue(b)
    }

    /// The cost from nothing.
    pub(super) fn recount(&self) -> i64 {
        let mut cost = 0;
        for level in &self.levels {
            if level.paint {
                // The sentinel on the left is no colour: a day without a day before begins without a purge.
                let from = self.tail.max(1);
                let purges = (from..self.len()).filter(|p| self.hues[*p] != self.hues[p + 1]);
                cost += level.weight * purges.count() as i64;
            }
        }
        let gauges = (0..self.windows.gauges())
            .map(|g| self.windows.gauge(g).weight * self.windows.total(g, self.tail));
        let drift = self
            .homes
            .as_ref()
            .map_or(0, |homes| homes.total(&self.order));
        cost + gauges.sum::<i64>() + drift
    }

    /// What the move costs more; nothing when `heat` finds it too dear or the move is forbidden.
    #[inline]
    pub(super) fn price(&self, change: &Move, heat: &Heat) -> Option<i64> {
        self.cheap(change, heat)
            .filter(|_| self.in_time(change) && self.in_reach(change) && self.fits(change))
    }

    /// What the move costs more, hard rules aside; nothing when `heat` finds it too dear.
    #[inline]
    pub(super) fn cheap(&self, change: &Move, heat: &Heat) -> Option<i64> {
        let (mut price, mut energy) = match &self.homes {
            Some(homes) => {
                let drift = homes.drift(&self.order, change);
                (drift, heat.drift * drift)
            }
            None => (0, 0),
        };
        for (rank, level) in self.levels.iter().enumerate() {
            let units = match level.paint {
                true => self.purges(change),
                false => self.excess(change, level.gauges),
            };
            price += level.weight * units;
            energy += heat.unit[rank] * units;
            if energy > heat.ceiling + heat.slack[rank] {
                return None;
            }
        }
        Some(price)
    }

    #[inline]
    fn excess(&self, change: &Move, gauges: u64) -> i64 {
        let mut sum = 0;
        match *change {
            Move::Swap(a, b) => {
                let mut differ = (self.masks[a] ^ self.masks[b]) & gauges;
                while differ != 0 {
                    let g = differ.trailing_zeros() as usize;
                    differ &= differ - 1;
                    let a_has = self.masks[a] >> g & 1 == 1;
                    let (out, to) = if a_has { (a, b) } else { (b, a) };
                    sum += self.windows.shift(g, out, to);
                }
            }
            Move::Insert(from, to) => each(gauges, |g| sum += self.windows.insert(g, from, to)),
            Move::Reflect(i, j) => each(gauges, |g| sum += self.windows.reflect(g, i, j)),
            Move::Shuffle { at, len, picks } => {
                let mut new = [0u64; LONGEST_SHUFFLE];
                let old = &self.masks[at..at + len];
                let mut differ = 0;
                for (place, pick) in picks.iter().take(len).enumerate() {
                    new[place] = old[*pick as usize];
                    differ |= new[place] ^ old[place];
                }
                each(gauges & differ, |g| {
                    sum += self.windows.reorder(g, at, old, &new[..len]);
                });
            }
        }
        sum
    }

    #[inline]
    fn purges(&self, change: &Move) -> i64 {
        if let Move::Swap(a, b) = *change
            && self.hue(a) == self.hue(b)
        {
            return 0;
        }
        let mut purges = 0;
        let hue = |position: usize| self.hues[change.source(position) + 1];
        change.joints(|p| {
            // Position 0 without a day before and the end of the line cost the same before and after.
            if p > 0 && p < self.len() {
                purges += i64::from(hue(p) != hue(p - 1));
            }
        });
        // The old neighbours that are parted; an insertion parts others than it joins.
        match *change {
            Move::Insert(from, to) => {
                let (i, j) = (from.min(to), from.max(to));
                for p in [i, if from < to { i + 1 } else { j }, j + 1] {
                    if p > 0 && p < self.len() {
                        purges -= i64::from(self.hues[p + 1] != self.hues[p]);
                    }
                }
            }
            _ => change.joints(|p| {
                if p > 0 && p < self.len() {
                    purges -= i64::from(self.hues[p + 1] != self.hues[p]);
                }
            }),
        }
        purges
    }

    /// Whether no vehicle comes before its earliest position.
    pub(super) fn in_time(&self, change: &Move) -> bool {
        let Some(earliest) = &self.earliest else {
            return true;
        };
        let (i, j) = change.ends();
        (i..=j).all(|p| earliest[self.order[change.source(p)] as usize] as usize <= p)
    }

    /// Whether no vehicle that should stay goes too far.
    fn in_reach(&self, change: &Move) -> bool {
        self.homes
            .as_ref()
            .is_none_or(|homes| homes.in_reach(&self.order, change))
    }

    /// Whether every batch at a joint of the move is short enough after it.
    fn fits(&self, change: &Move) -> bool {
        if let Move::Swap(a, b) = *change
            && self.hue(a) == self.hue(b)
        {
            return true;
        }
        let mut fits = true;
        change.joints(|p| fits = fits && self.batch_fits(change, p));
        fits
    }

    /// Whether the batch across the joint before `p` is short enough after the move.
    fn batch_fits(&self, change: &Move, p: usize) -> bool {
        let hue = |position: usize| self.hues[change.source(position) + 1];
        if p < self.tail || p >= self.len() {
            return true;
        }
        let colour = hue(p);
        if !self.tight.get(colour as usize).is_some_and(|tight| *tight) {
            return true;
        }
        let (mut begin, mut end) = (p, p + 1);
        while end < self.len() && end - begin <= self.limit && hue(end) == colour {
            end += 1;
        }
        while begin > self.tail && end - begin <= self.limit && hue(begin - 1) == colour {
            begin -= 1;
        }
        let carried = begin == self.tail && self.hues[self.tail] == colour;
        end - begin + if carried { self.carried } else { 0 } <= self.limit
    }

    /// Carries out a move that [`Track::price`] has allowed at that price.
    pub(super) fn apply(&mut self, change: &Move, price: i64) {
        self.cost += price;
        if let Move::Swap(a, b) = *change {
            let mut differ = self.masks[a] ^ self.masks[b];
            while differ != 0 {
                let g = differ.trailing_zeros() as usize;
                differ &= differ - 1;
                let a_has = self.masks[a] >> g & 1 == 1;
                let (out, to) = if a_has { (a, b) } else { (b, a) };
                self.windows.apply_shift(g, out, to);
            }
            self.masks.swap(a, b);
            self.order.swap(a, b);
            self.hues.swap(a + 1, b + 1);
            self.place[self.order[a] as usize] = a as u32;
            self.place[self.order[b] as usize] = b as u32;
            return;
        }
        let (i, j) = change.ends();
        permute(&mut self.order[i..=j], change);
        permute(&mut self.masks[i..=j], change);
        permute(&mut self.hues[i + 1..=j + 1], change);
        for g in 0..self.windows.gauges() {
            match *change {
                Move::Insert(from, to) => self.windows.apply_insert(g, from, to),
                Move::Reflect(i, j) => self.windows.apply_reflect(g, i, j),
                _ => self.windows.apply_reorder(g, i, &self.masks[i..=j]),
            }
        }
        self.locate(i, j);
    }

    /// Puts the vehicles of the day in another order of the same vehicles.
    pub(super) fn reset(&mut self, day: &[u32]) {
        let tail = self.tail as u32;
        let line: Vec<u32> = (0..tail).chain(day.iter().map(|v| v + tail)).collect();
        let from = |vehicle: &u32| self.place[*vehicle as usize] as usize;
        self.masks = line.iter().map(|v| self.masks[from(v)]).collect();
        let hues = line.iter().map(|v| self.hues[from(v) + 1]);
        self.hues = std::iter::once(NO_COLOUR)
            .chain(hues)
            .chain([NO_COLOUR])
            .collect();
        self.order = line;
        if let Some(last) = self.len().checked_sub(1) {
            self.locate(0, last);
            self.windows.fill(&self.masks);
        }
        self.cost = self.recount();
    }

    fn locate(&mut self, i: usize, j: usize) {
        for position in i..=j {
            self.place[self.order[position] as usize] = position as u32;
        }
    }
}

#[inline]
fn each(mut gauges: u64, mut visit: impl FnMut(usize)) {
    while gauges != 0 {
        visit(gauges.trailing_zeros() as usize);
        gauges &= gauges - 1;
    }
}

/// Reorders the stretch of a line that a move touches.
fn permute<T: Copy>(stretch: &mut [T], change: &Move) {
    match *change {
        Move::Swap(..) => {
            let last = stretch.len() - 1;
            stretch.swap(0, last);
        }
        Move::Insert(from, to) if from < to => stretch.rotate_left(1),
        Move::Insert(..) => stretch.rotate_right(1),
        Move::Reflect(..) => stretch.reverse(),
        Move::Shuffle { len, picks, .. } => {
            let mut old = [stretch[0]; LONGEST_SHUFFLE];
            old[..len].copy_from_slice(stretch);
            for (slot, pick) in stretch.iter_mut().zip(picks) {
                *slot = old[pick as usize];
            }
        }
    }
}

/// The objectives as levels, most important first; equal weights keep the order of the problem.
fn levels(problem: &Problem, gauges: &[(usize, Gauge)]) -> Vec<Level> {
    let of = |high: bool| {
        let member =
            |(_, (ratio, _)): &(usize, &(usize, Gauge))| problem.ratios[*ratio].high == high;
        let members = gauges.iter().enumerate().filter(member);
        members.fold(0u64, |mask, (g, _)| mask | 1 << g)
    };
    let mut levels: Vec<Level> = (problem.objectives.iter())
        .map(|objective| Level {
            paint: *objective == Objective::Paint,
            gauges: match objective {
                Objective::High => of(true),
                Objective::Low => of(false),
                Objective::Paint => 0,
            },
            weight: problem.weight(*objective),
        })
        .filter(|level| level.weight > 0)
        .collect();
    levels.sort_by_key(|level| -level.weight);
    levels
}

/// Which colours could fill a batch beyond the limit.
fn tight(problem: &Problem) -> Vec<bool> {
    let colours = problem.day.iter().map(|vehicle| vehicle.colour);
    let mut count = vec![0usize; colours.clone().max().map_or(0, usize::from) + 1];
    colours.for_each(|colour| count[usize::from(colour)] += 1);
    let spare = problem.carried_batch as usize;
    (count.iter())
        .map(|count| count + spare > problem.batch_limit as usize)
        .collect()
}
