//! The plant's clock: when a vehicle was in which shop, and how many are in each.
//!
//! It must not know rows or messages. Units: seconds by the plant's clock since the beginning of 1970. A day's work
//! begins at midnight and lasts as long as its shifts; between them the vehicles stand where they are.

use takt_kernel::Date;
use takt_planning::shop::{WorkTime, work_in_progress};

use crate::product::Product;

const DAY: i64 = 86_400;

/// A vehicle as the clock sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// The variant.
    pub variant: usize,
    /// The day of completion.
    pub on: Date,
    /// Its place among the vehicles completed on the day, from 0.
    pub place: i64,
    /// The vehicles completed on the day.
    pub count: i64,
}

/// A stay in a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// The shop.
    pub shop: usize,
    /// The second of entry.
    pub start: i64,
    /// The second of exit.
    pub end: i64,
}

/// The working time of the plant.
pub struct PlantClock<'p> {
    product: &'p Product,
    time: WorkTime,
}

impl<'p> PlantClock<'p> {
    /// The clock of a calendar in which some days worked other shifts than planned.
    pub fn new(product: &'p Product, worked: &[(Date, i64)]) -> Self {
        let first = product
            .days
            .first()
            .map_or(product.programme.launch_on, |day| day.on);
        let last = worked
            .iter()
            .map(|(on, _)| *on)
            .max()
            .unwrap_or(first)
            .max(product.programme.last_plan_on);
        let length = usize::try_from(last.days_since(first)).unwrap_or(0) + 1;
        let mut seconds: Vec<i64> = (0i32..)
            .take(length)
            .map(|day| product.shifts(first.plus(day)))
            .collect();
        for (on, shifts) in worked {
            if let Some(cell) = usize::try_from(on.days_since(first))
                .ok()
                .and_then(|at| seconds.get_mut(at))
            {
                *cell = *shifts;
            }
        }
        seconds
            .iter_mut()
            .for_each(|shifts| *shifts *= product.programme.shift_seconds);
        Self {
            product,
            time: WorkTime::new(first, &seconds),
        }
    }

    /// A vehicle's stays in the order of flow.
    pub fn stays(&self, vehicle: Completed) -> Vec<Stay> {
        let mut stays: Vec<Stay> = self
            .windows(vehicle)
            .into_iter()
            // An exit belongs to the second before it, else the end of a day would become the start of the next.
            .map(|window| Stay {
                shop: window.shop,
                start: self.second(window.start),
                end: self.second(window.end - 1) + 1,
            })
            .collect();
        stays.sort_by_key(|stay| stay.shop);
        stays
    }

    /// How many vehicles are in each shop at a second of a day.
    pub fn inside(
        &self,
        vehicles: impl Iterator<Item = Completed>,
        on: Date,
        second_of_day: i64,
    ) -> Vec<i64> {
        let at = self.axis(on, second_of_day);
        let windows: Vec<_> = vehicles.flat_map(|vehicle| self.windows(vehicle)).collect();
        work_in_progress(windows.iter(), at, self.product.shops.len())
    }

    /// The last day whose completions can have begun by a second of a day.
    pub fn horizon(&self, on: Date, second_of_day: i64) -> Date {
        let at = self.axis(on, second_of_day);
        let flow: i64 = (0..self.product.variants.len())
            .map(|variant| {
                (0..self.product.shops.len())
                    .map(|shop| self.product.flow.flow_seconds(shop, variant))
                    .sum()
            })
            .max()
            .unwrap_or(0);
        let mut last = on;
        while self.start(last.plus(1)) < at + flow && last < on.plus(31) {
            last = last.plus(1);
        }
        last
    }

    fn windows(&self, vehicle: Completed) -> Vec<takt_planning::shop::Window> {
        let completion = self
            .time
            .completion(vehicle.on, vehicle.place, vehicle.count);
        self.product.flow.windows(vehicle.variant, completion)
    }

    /// The start of a day on the axis of working time.
    fn start(&self, on: Date) -> i64 {
        self.time.completion(on, -1, 1)
    }

    /// A second of a day on the axis: what lies behind the last shift stands still at its end.
    fn axis(&self, on: Date, second_of_day: i64) -> i64 {
        let length = self.time.completion(on, 0, 1) - self.start(on);
        self.start(on) + second_of_day.clamp(0, length)
    }

    fn second(&self, axis: i64) -> i64 {
        let (on, second) = self.time.at(axis);
        i64::from(on.epoch_day()) * DAY + second
    }
}
