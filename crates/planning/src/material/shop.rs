//! The shops as capacity (RULES 6, 11): hours by day from the calendar, and what a unit takes. It must not know orders.
//! The routing counts operations per vehicle; a shop is loaded by what leaves it for the next one, each thing with its
//! part of the vehicle's time at the slowest operation, the station beside others counted in. The shop of the vehicle
//! itself does what the line does in a day, takt and published capacity included. Invariant: so many vehicles as the
//! line can do on a day fit into its last shop on that day, and not one more.
use super::Basis;
use super::demand::without_options;
use crate::line::Operation;
use crate::mrp::{Capacity, Day, Shop};
use takt_kernel::{Date, Quantity, ceil_div};

/// A shop with its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workshop {
    /// Its code.
    pub id: String,
    /// Its operations; those without a cycle cannot bind.
    pub operations: Vec<Operation>,
}

/// The shops of a problem, and what a unit of each item takes of its own in millionths of an hour.
pub(super) fn shops(basis: &Basis<'_>, as_of: Date, first: Date) -> (Vec<Shop>, Vec<i64>) {
    let items = basis.bom.items().len();
    let mut work = vec![0; items];
    let last = last_shop(basis);
    let mut shops = Vec::with_capacity(basis.shops.len());
    for (at, shop) in basis.shops.iter().enumerate() {
        let leaving: Vec<usize> = (0..items).filter(|item| leaves(basis, *item, at)).collect();
        let units = leaving_a_vehicle(basis, &leaving).max(1);
        for item in leaving {
            let slowest = shop.operations.iter().filter(|operation| {
                let variants = basis.features.variants();
                (0..variants).any(|variant| {
                    operation.variants >> variant & 1 == 1 && basis.bom.is_used_by(item, variant)
                })
            });
            let micro = slowest.map(micro_hours).max();
            let per_unit = i128::from(micro.unwrap_or(0)) * 1000;
            work[item] = ceil_div(per_unit, i128::from(units)).unwrap_or(0);
        }
        let vehicle = (last == Some(at)).then(|| work[basis.bom.root()]);
        shops.push(capacity(basis, shop, vehicle, as_of, first));
    }
    (shops, work)
}

fn last_shop(basis: &Basis<'_>) -> Option<usize> {
    basis.makes.get(basis.bom.root())?.map(|make| make.shop)
}

/// Whether an item is made in a shop and goes on to another one, or is the vehicle.
fn leaves(basis: &Basis<'_>, item: usize, shop: usize) -> bool {
    let made_in = |item: usize| {
        basis
            .makes
            .get(item)
            .copied()
            .flatten()
            .map(|make| make.shop)
    };
    if made_in(item) != Some(shop) {
        return false;
    }
    let above = basis.bom.where_used(item);
    item == basis.bom.root() || above.iter().any(|line| made_in(line.parent) != Some(shop))
}

/// The most thousandths that leave a shop for one vehicle.
fn leaving_a_vehicle(basis: &Basis<'_>, leaving: &[usize]) -> i64 {
    let of_variant = |variant| {
        let needs = basis.bom.requirement(without_options(basis, variant));
        let made = needs.made.iter().filter(|(item, _)| leaving.contains(item));
        made.map(|(_, quantity)| quantity.milli()).sum()
    };
    let most = (0..basis.features.variants()).map(of_variant).max();
    match leaving.contains(&basis.bom.root()) {
        true => Quantity::from_units(1).milli(),
        false => most.unwrap_or(0),
    }
}

/// What an operation takes of a shop's hour for one vehicle, in millionths, rounded up.
fn micro_hours(operation: &Operation) -> i64 {
    let stations = i128::from(operation.stations.max(1));
    ceil_div(i128::from(operation.cycle_ms) * 10, 36 * stations).unwrap_or(0)
}

/// Thousandths of an hour by day: working time, or in the last shop the vehicles that the line can do.
fn capacity(
    basis: &Basis<'_>,
    shop: &Workshop,
    vehicle: Option<i64>,
    as_of: Date,
    first: Date,
) -> Shop {
    let mut exceptions: Vec<(Day, i64)> = Vec::new();
    let mut say = |on: Date, hours: i64| exceptions.push((on.days_since(first), hours));
    for before in as_of.epoch_day()..basis.first.epoch_day() {
        say(Date::from_epoch_day(before), 0);
    }
    let mut usual = 0;
    let mut on = basis.first;
    for day in basis.calendar {
        let seconds = i128::from(day.shifts) * i128::from(day.shift_seconds);
        let scaled = seconds * i128::from(basis.scale.0) * 10;
        usual = ceil_div(scaled, 36 * i128::from(crate::scale::Scale::FULL.0)).unwrap_or(0);
        if vehicle.is_none() {
            say(on, usual);
        }
        on = on.plus(1);
    }
    if let Some(micro) = vehicle {
        let mut on = basis.first.max(as_of);
        while on <= basis.schedule.end() {
            let vehicles = i128::from(basis.schedule.limits(on).total());
            say(
                on,
                ceil_div(vehicles * i128::from(micro), 1000).unwrap_or(0),
            );
            on = on.plus(1);
        }
        usual = 0;
    }
    Shop {
        id: shop.id.clone(),
        calendar: None,
        capacity: Capacity::Day(usual),
        exceptions,
    }
}
