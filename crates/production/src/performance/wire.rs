//! Time elements, indices and loads as they stand on the wire.
//!
//! It must not decide anything. Invariant: an index that is not defined is absent and not nothing.

use takt_contract::{date_pb, production::v1 as pb};
use takt_kernel::{Share, half_even_div};
use takt_planning::oee::{
    capacity::{ShopLoad, Takt},
    indices,
};

use super::{Routing, RunDay, ShopWindow};
use crate::product::Product;

fn millionths(share: Option<Share>) -> Option<i64> {
    share.map(|share| share.0)
}

/// Watt-hours a vehicle; None where nothing was metered or built.
fn per_vehicle(watt_hours: i64, vehicles: i64) -> Option<i64> {
    half_even_div(i128::from(watt_hours), i128::from(vehicles)).filter(|_| watt_hours > 0)
}

fn shop_id(product: &Product, shop: usize) -> String {
    product
        .shops
        .get(shop)
        .map_or_else(String::new, |shop| shop.shop_id.clone())
}

/// A shop over a window.
pub(super) fn oee_pb(product: &Product, window: &ShopWindow) -> pb::Oee {
    let sums = &window.sums;
    let (time, output) = (&sums.time, &sums.output);
    let found = indices(time, output);
    pb::Oee {
        shop_id: shop_id(product, sums.shop),
        from_date: Some(date_pb(window.from)),
        through_date: Some(date_pb(window.through)),
        planned_operation_millis: time.planned_operation,
        planned_down_millis: time.planned_down,
        planned_busy_millis: time.planned_busy(),
        down_millis: time.down,
        setup_millis: time.setup,
        delay_millis: time.delay,
        production_millis: time.production(),
        produced_count: output.produced,
        good_count: output.good(),
        planned_run_millis: output.planned_run,
        availability_millionths: millionths(found.availability),
        effectiveness_millionths: millionths(found.effectiveness),
        quality_millionths: millionths(found.quality),
        oee_millionths: millionths(found.oee),
        nee_millionths: millionths(found.nee),
        allocation_millionths: millionths(found.allocation),
        utilisation_millionths: millionths(found.utilisation),
        metered_watt_hours: sums.metered,
        expected_watt_hours: sums.expected,
        watt_hours_per_vehicle: per_vehicle(sums.metered, output.produced),
    }
}

/// How the takt was kept.
pub(super) fn takt_pb(takt: &Takt, wanted: i64, days: &[RunDay]) -> pb::TaktAttainment {
    let attained = days.iter().filter(|day| day.built >= day.due).count();
    pb::TaktAttainment {
        wanted_count: wanted,
        built_count: days.iter().map(|day| day.built).sum(),
        takt_millis: takt.takt_ms,
        cycle_millis: takt.cycle_ms,
        attainment_millionths: millionths(takt.attainment),
        attained_day_count: i64::try_from(attained).unwrap_or(i64::MAX),
    }
}

/// The load of a shop.
pub(super) fn load_pb(product: &Product, routing: &Routing, load: &ShopLoad) -> pb::ShopCapacity {
    pb::ShopCapacity {
        shop_id: shop_id(product, load.shop),
        operation_id: routing.ids.get(load.operation).cloned().unwrap_or_default(),
        needed_millis: load.needed_ms,
        production_millis: load.production_ms,
        demonstrated_capacity: load.capacity,
        utilisation_millionths: millionths(load.utilisation),
    }
}

/// The energy of a shop on a day.
pub(super) fn energy_pb(product: &Product, day: &ShopWindow) -> pb::ShopEnergy {
    let sums = &day.sums;
    pb::ShopEnergy {
        date: Some(date_pb(day.from)),
        shop_id: shop_id(product, sums.shop),
        vehicle_count: sums.output.produced,
        metered_watt_hours: sums.metered,
        expected_watt_hours: sums.expected,
        watt_hours_per_vehicle: per_vehicle(sums.metered, sums.output.produced),
    }
}
