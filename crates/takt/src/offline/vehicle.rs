//! The vehicle of a programme folder as the mathematics take it: its material by the bill of material, its energy and its
//! rework by the routing, and the programme's money. It must not know services. Invariants: the reference configurations
//! in the mix of the shares, as the programme formula has them; the same folder gives the same figures as an import of it.
use takt_kernel::{Amount, Price, Share, half_even_div};
use takt_planning::economics::{material_cost, mix};
use takt_planning::oee::shop::{Operation, expected_watt_hours, plant_yield, rework_share};
use takt_planning::profit::{Money, Quarter, Vehicle};

use super::{Offline, unusable};
use crate::failure::{Failure, Outcome};
use crate::programme::Programme;

/// Days of a month of capacity.
const MONTH: i64 = 30;

/// The vehicle and the money of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The money.
    pub money: Money,
    /// The vehicle of the reference mix.
    pub vehicle: Vehicle,
    /// The share of the vehicles that pass every operation the first time.
    pub rolled_yield: Share,
}

/// The vehicle and the money of a programme.
pub fn basis(offline: &Offline) -> Outcome<Basis> {
    let programme = &offline.full;
    let money = money(programme)?;
    let operations = operations(programme);
    let units: Vec<i64> = programme.variants.iter().map(|one| one.share.0).collect();
    let total: i64 = units.iter().sum::<i64>().max(1);
    let energy: i64 = (0..programme.plant.shops.len())
        .map(|shop| expected_watt_hours(&operations, shop, &units))
        .sum();
    Ok(Basis {
        vehicle: Vehicle {
            material: material(offline, &money)?,
            watt_hours: half_even_div(i128::from(energy), i128::from(total)).unwrap_or(0),
            rework: rework_share(&operations, &units).unwrap_or_default(),
        },
        rolled_yield: plant_yield(&operations, &units).unwrap_or_default(),
        money,
    })
}

fn money(programme: &Programme) -> Outcome<Money> {
    let economics = programme.economics.as_ref().ok_or_else(|| {
        Failure::refused("the programme has no figures of its money")
            .with_way_out("give economics in programme.yaml")
    })?;
    let micros = |amount: Amount| amount.minor * 10i64.pow(6 - amount.currency.minor_digits());
    // Services keep prices in minor units, and so does this, or else the two would differ by less than a cent.
    let rounded = |price: Price| {
        let scale = 10i64.pow(6 - price.currency.minor_digits());
        half_even_div(i128::from(price.micros), i128::from(scale)).map(|minor| minor * scale)
    };
    let quarters = economics.quarters.iter().map(|quarter| Quarter {
        name: quarter.quarter.clone(),
        deliveries: quarter.deliveries,
        price: rounded(quarter.average_price),
        operating: Some(micros(quarter.operating_per_month)),
    });
    let last = programme
        .days
        .iter()
        .rfind(|day| day.on <= programme.plan_last);
    Ok(Money {
        currency: economics.currency,
        conversion: rounded(economics.variable_conversion).unwrap_or(0),
        fixed: micros(economics.fixed_per_month),
        quarters: quarters.collect(),
        line_capacity: last.map_or(0, |day| day.capacity * MONTH),
    })
}

fn operations(programme: &Programme) -> Vec<Operation> {
    let shop = |id| programme.plant.shops.iter().position(|shop| shop.id == id);
    let one = |operation: &crate::programme::Operation| {
        let places = operation.applies_to.iter();
        let variants = places
            .filter_map(|id| programme.variant_place(id.as_str()))
            .fold(0u64, |mask, variant| mask | 1 << variant);
        Some(Operation {
            shop: shop(operation.shop.clone())?,
            variants,
            cycle_ms: operation.cycle_ms,
            stations: operation.stations,
            first_pass_yield: operation.first_pass_yield,
            watt_hours: operation.energy_wh,
        })
    };
    programme.operations.iter().filter_map(one).collect()
}

/// The bought material of the reference mix in millionths.
fn material(offline: &Offline, money: &Money) -> Outcome<i64> {
    let prices = offline.prices();
    let mut parts = Vec::with_capacity(offline.full.variants.len());
    for variant in &offline.full.variants {
        let needs = offline.bom.requirement(offline.reference(variant)?);
        let cost = material_cost(&needs, &prices, money.currency);
        parts.push((variant.share, cost.map_err(unusable)?));
    }
    let mixed = mix(&parts, money.currency).map_err(unusable)?;
    half_even_div(mixed.micros, mixed.vehicles)
        .ok_or_else(|| Failure::bad_input("the material cost does not fit 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    #[test]
    fn the_su7_costs_what_its_yaml_says() -> Result<(), String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        let programme = parse(&folder).map_err(|problems| problems.to_string())?;
        let offline = Offline::sized(programme, None).map_err(|failure| failure.to_string())?;
        let found = basis(&offline).map_err(|failure| failure.to_string())?;
        // `material_cost_mix: 23457`, `capacity` 840 a day.
        assert_eq!(found.vehicle.material / 1_000_000, 23_457);
        assert_eq!(found.money.line_capacity, 25_200);
        assert!(
            (600_000..800_000).contains(&found.vehicle.watt_hours),
            "{found:?}"
        );
        // The products of routing.csv are 0.5988, 0.6159 and 0.6134; the mix of STD, PRO and MAX lies between.
        assert!(
            (598_806..615_862).contains(&found.rolled_yield.0),
            "{found:?}"
        );
        Ok(())
    }
}
