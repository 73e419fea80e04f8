//! What a day builds, stretch by stretch: a stretch is a run of vehicles that have the same engineering changes.
//!
//! It must not know rows or messages. Invariants: a vehicle with a change is never built before one without it; a day without
//! changes is one stretch; where an old part runs out, the new one begins with the first vehicle that the old does not cover.

use std::sync::Arc;

use takt_kernel::{Date, Quantity};
use takt_planning::{
    change::{Change, changes_of, until_break},
    day::{DayBuild, DayInput, build_day},
    feature::{CHANGE_KEY, Config},
    line::Limits,
};
use takt_service::{Error, compute};

use super::{Choice, Floor, Orders, Place, Stop, Waiting, wanted};
use crate::{
    product::Product,
    sequence::{Figures, InOrder, figures, in_order},
};

/// Decides what a day builds; None when more of a queue must be read to decide.
pub fn choose(
    product: &Product,
    on: Date,
    limits: Limits,
    floor: &Floor,
    orders: &Orders,
) -> Option<Choice> {
    let mut choice = Choice {
        wanted: wanted(product, on, &floor.built).iter().sum(),
        capacity: limits.total(),
        ..Choice::default()
    };
    let mut day = Work {
        product,
        on,
        limits,
        floor: floor.clone(),
        began: 0,
    };
    let mut order = Order {
        even: Vec::new(),
        moves: 0,
    };
    // Build numbers have no gaps, so the next one follows from what was built.
    let first_build = floor.built.iter().sum::<i64>() + 1;
    loop {
        let build = first_build + count(choice.built().count());
        let room = until_break(&product.changes, build)
            .map(|vehicles| places_for(vehicles, choice.places.len(), &orders.pulled));
        let stretch = day.stretch(build, room)?;
        let ends = room.is_none_or(|room| count(stretch.picked.len()) < room);
        order.sequence(product, floor, stretch.picked, orders, &mut choice.places);
        choice.stops = stretch.stops;
        if (ends && !stretch.began) || day.limits.total() == 0 {
            choice.figures = order.figures(product, floor, &choice.places);
            return Some(choice);
        }
    }
}

/// The same, off the runtime: a search for the order of a day takes milliseconds.
///
/// # Errors
/// `Broken` when it panicked.
pub async fn chosen(
    product: &Arc<Product>,
    on: Date,
    limits: Limits,
    floor: Floor,
    orders: &Orders,
) -> Result<Option<Choice>, Error> {
    let (product, orders) = (Arc::clone(product), orders.clone());
    compute(move || choose(&product, on, limits, &floor, &orders)).await
}

/// The engineering changes that a day's vehicles are the first to have, with the build number of the first of them.
pub fn changes_begun(product: &Product, choice: &Choice, first_build: i64) -> Vec<(String, i64)> {
    let changes = product.changes.iter().zip(&product.change_ids);
    let open = changes.filter(|(change, _)| change.since.is_none());
    open.filter_map(|(change, id)| {
        let has = |place: &Place| place.config().changes() & change.mask() != 0;
        let at = choice.built().position(has)?;
        Some((id.clone(), first_build + i64::try_from(at).ok()?))
    })
    .collect()
}

/// The places that hold so many vehicles that are not pulled out, `from` being the first of them.
fn places_for(vehicles: i64, from: usize, pulled: &[usize]) -> i64 {
    let mut left = vehicles;
    let mut places = 0;
    while left > 0 {
        left -= i64::from(!pulled.contains(&(from + places)));
        places += 1;
    }
    count(places)
}

/// The order of a day, as far as it is found.
struct Order {
    /// The same vehicles with the variants of each stretch in even order.
    even: Vec<Config>,
    moves: u64,
}

impl Order {
    /// The places of a stretch: vehicles that were pulled out before come first, the others follow by the plant's rules.
    fn sequence(
        &mut self,
        product: &Product,
        floor: &Floor,
        picked: Vec<Waiting>,
        orders: &Orders,
        places: &mut Vec<Place>,
    ) {
        let (mut pulled_before, fresh): (Vec<Waiting>, Vec<Waiting>) = picked
            .into_iter()
            .partition(|waiting| waiting.serial.is_some());
        pulled_before.sort_by_key(|waiting| waiting.serial);
        let pulled = || pulled_before.iter().map(|waiting| waiting.config);
        let built = places.iter().map(Place::config);
        let tail = floor.before.iter().copied().chain(built).chain(pulled());
        let tail: Vec<Config> = tail.collect();
        let InOrder {
            places: sequence,
            even,
            moves,
        } = in_order(&product.rules, &tail, &fresh, floor.kept.as_ref());
        self.moves += moves;
        self.even.extend(pulled());
        let even = even.iter().filter_map(|place| fresh.get(*place));
        self.even.extend(even.map(|waiting| waiting.config));
        let sequenced = sequence.iter().filter_map(|place| fresh.get(*place));
        for waiting in pulled_before.iter().chain(sequenced) {
            let at = places.len();
            places.push(Place {
                order: waiting.order_number,
                config: waiting.config.0,
                serial: waiting.serial,
                pulled: orders.pulled.contains(&at),
                held: orders.held.contains(&at),
            });
        }
    }

    /// What the day costs; nothing where nobody asked for a sequence.
    fn figures(&self, product: &Product, floor: &Floor, places: &[Place]) -> Option<Figures> {
        let asked = floor.kept.is_some() || !product.rules.is_empty();
        if !asked || places.is_empty() {
            return None;
        }
        let sequence: Vec<Config> = places.iter().map(Place::config).collect();
        let rules = &product.rules;
        figures(rules, &floor.before, &sequence, &self.even, self.moves)
    }
}

/// What is left of a day.
struct Work<'p> {
    product: &'p Product,
    on: Date,
    limits: Limits,
    floor: Floor,
    /// The changes whose old part has run out today.
    began: usize,
}

/// Vehicles with the same changes.
struct Stretch {
    picked: Vec<Waiting>,
    stops: Vec<Stop>,
    /// Whether it ends because an old part has run out.
    began: bool,
}

impl Work<'_> {
    /// The next vehicles, at most `room` of them.
    fn stretch(&mut self, build: i64, room: Option<i64>) -> Option<Stretch> {
        let changes = changes_of(&self.product.changes, self.on, build) | self.began;
        let limits = room.map_or_else(|| self.limits.clone(), |room| self.limits.at_most(room));
        let (mut build, mut stock) = self.build(changes, limits.clone());
        // A variant that stands because what was read of its queue is used up may have a buildable order behind it.
        let reads_on = |variant: usize, item: Option<usize>| {
            self.floor.cut.get(variant).copied().unwrap_or(false)
                && item.is_none_or(|item| self.product.bom.is_optional(item))
        };
        let run_out = self.run_out(changes, &build);
        if run_out != 0 {
            // The longest start of the day that the old part covers; a longer one contains every shorter one.
            let (mut covered, mut short) = (0, count(build.picked.len()) + 1);
            while short - covered > 1 {
                let middle = covered + (short - covered) / 2;
                let (tried, _) = self.build(changes, limits.at_most(middle));
                match self.run_out(changes, &tried) {
                    0 => covered = middle,
                    _ => short = middle,
                }
            }
            (build, stock) = self.build(changes, limits.at_most(covered));
            self.began |= run_out;
        } else if build
            .stopped
            .iter()
            .any(|stop| reads_on(stop.variant, stop.item))
        {
            return None;
        }
        self.floor.stock = stock;
        Some(Stretch {
            picked: self.take(&build, changes),
            stops: stops(&build),
            began: run_out != 0,
        })
    }

    /// A day within limits, and the stock that it leaves.
    fn build(&self, changes: usize, limits: Limits) -> (DayBuild, Vec<Quantity>) {
        let has = |waiting: &Waiting| waiting.config.with(CHANGE_KEY, changes);
        let queues = self.floor.queues.iter();
        let configs: Vec<Vec<Config>> = queues
            .map(|queue| queue.iter().map(has).collect())
            .collect();
        let input = DayInput {
            ramp: &self.product.ramp,
            date: self.on,
            built: &self.floor.built,
            queues: &configs,
            bom: &self.product.bom,
        };
        let mut stock = self.floor.stock.clone();
        let day = build_day(input, limits, &mut self.product.needs(), &mut stock);
        (day, stock)
    }

    /// The changes without a first vehicle whose old part a build has missed.
    fn run_out(&self, changes: usize, build: &DayBuild) -> usize {
        let stopped = build.stopped.iter().filter_map(|stop| stop.item);
        let missed: Vec<usize> = stopped
            .chain(build.passed_over.iter().map(|(item, _)| *item))
            .collect();
        let open = |change: &&Change| {
            changes & change.mask() == 0
                && change.holds(self.on, 0).is_none()
                && change.old.iter().any(|old| missed.contains(old))
        };
        let some = self.product.changes.iter().filter(open);
        some.fold(0, |all, change| all | change.mask())
    }

    /// Takes what was picked out of the queues and off the limits.
    fn take(&mut self, build: &DayBuild, changes: usize) -> Vec<Waiting> {
        let mut picked = Vec::with_capacity(build.picked.len());
        let mut gone: Vec<Vec<usize>> = vec![Vec::new(); self.floor.queues.len()];
        for pick in &build.picked {
            let queue = self.floor.queues.get(pick.variant);
            let Some(waiting) = queue.and_then(|queue| queue.get(pick.place)) else {
                continue;
            };
            picked.push(Waiting {
                config: waiting.config.with(CHANGE_KEY, changes),
                ..*waiting
            });
            self.limits.take(pick.variant, 1);
            if let Some(built) = self.floor.built.get_mut(pick.variant) {
                *built += 1;
            }
            if let Some(gone) = gone.get_mut(pick.variant) {
                gone.push(pick.place);
            }
        }
        for (queue, gone) in self.floor.queues.iter_mut().zip(&gone) {
            let mut place = 0;
            queue.retain(|_| {
                let stays = gone.binary_search(&place).is_err();
                place += 1;
                stays
            });
        }
        picked
    }
}

fn stops(build: &DayBuild) -> Vec<Stop> {
    let some = build.stopped.iter().filter(|stop| stop.units > 0);
    some.map(|stop| Stop {
        variant: stop.variant,
        item: stop.item,
        units: stop.units,
    })
    .collect()
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
