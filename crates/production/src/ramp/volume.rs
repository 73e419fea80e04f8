//! The vehicle of a month: its material, energy and rework, and the programme's money as the mathematics take it.
//!
//! It must not know rows or messages. Invariants: the vehicles built in the month count, or else the reference mix of the
//! year; money is in millionths of the currency of account.

use takt_kernel::{Amount, Currency, Date, MoneyError, half_even_div};
use takt_planning::{
    economics::MaterialCost,
    feature::Config,
    oee::shop::{expected_watt_hours, plant_yield, rework_share},
    profit::{Money, Quarter, Vehicle},
};

use super::{Economics, built_material, reference_material};
use crate::{performance::Routing, product::Product};

/// Days of a month of capacity.
const MONTH: i64 = 30;

/// A month with its quarter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Its name, `2024-06`.
    pub name: String,
    /// Its quarter, `2024Q2`.
    pub quarter: String,
}

impl Month {
    /// Reads `2024-06`.
    pub fn parse(text: &str) -> Option<Self> {
        let first = Date::parse(&format!("{text}-01")).ok()?;
        Some(Self {
            name: first.month_key(),
            quarter: first.quarter_key(),
        })
    }

    /// The first month of a quarter, `2024Q2`.
    pub fn of_quarter(quarter: &str) -> Option<Self> {
        let (year, number) = quarter.split_once('Q')?;
        let month = (number.parse::<i64>().ok()? - 1) * 3 + 1;
        Self::parse(&format!("{year}-{month:02}"))
    }
}

/// The vehicle of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthVehicle {
    /// What it is like.
    pub vehicle: Vehicle,
    /// The share of vehicles that pass every operation the first time, in millionths.
    pub rolled_yield: i64,
    /// The vehicles built in the month.
    pub built: i64,
}

/// An amount in millionths of its currency.
pub fn micros(amount: Amount) -> i64 {
    amount
        .minor
        .saturating_mul(10i64.pow(6 - amount.currency.minor_digits()))
}

/// Millionths of a currency as an amount, rounded half to even.
pub fn amount(micros: i64, currency: Currency) -> Amount {
    let scale = 10i128.pow(6 - currency.minor_digits());
    Amount {
        minor: half_even_div(i128::from(micros), scale).unwrap_or(i64::MAX),
        currency,
    }
}

/// The programme's money.
pub fn money(product: &Product, economics: &Economics) -> Money {
    let quarter = |quarter: &super::Quarter| Quarter {
        name: quarter.name.clone(),
        deliveries: quarter.deliveries,
        price: quarter.average_price.map(micros),
        operating: quarter.operating_per_month.map(micros),
    };
    let last = product
        .days
        .iter()
        .rfind(|day| day.on <= product.programme.last_plan_on);
    Money {
        currency: economics.conversion.currency,
        conversion: micros(economics.conversion),
        fixed: micros(economics.fixed_per_month),
        quarters: economics.quarters.iter().map(quarter).collect(),
        line_capacity: last.map_or(0, |day| day.capacity * MONTH),
    }
}

/// The vehicle of a month; `counts` are the vehicles built in it by configuration.
///
/// # Errors
/// `MoneyError` when currencies mix or a figure does not fit.
pub fn month_vehicle(
    product: &Product,
    economics: &Economics,
    routing: &Routing,
    counts: &[(Config, i64)],
) -> Result<MonthVehicle, MoneyError> {
    let (material, built) = built_material(product, Some(economics), counts)?;
    let (material, units) = if built > 0 {
        let mut units = vec![0; product.variants.len()];
        for (config, count) in counts {
            if let Some(sum) = units.get_mut(config.variant()) {
                *sum += count;
            }
        }
        (material, units)
    } else {
        let total: i64 = economics.mix.iter().sum();
        let shares = product.variants.iter().map(|variant| variant.share.0);
        let units = if total > 0 {
            economics.mix.clone()
        } else {
            shares.collect()
        };
        (reference_material(product, economics)?, units)
    };
    let total = units.iter().sum::<i64>().max(1);
    let energy = (0..product.shops.len())
        .map(|shop| expected_watt_hours(&routing.operations, shop, &units))
        .sum::<i64>();
    let rework = rework_share(&routing.operations, &units);
    let rolled = plant_yield(&routing.operations, &units);
    Ok(MonthVehicle {
        vehicle: Vehicle {
            material: per_vehicle(material)?,
            watt_hours: half_even_div(i128::from(energy), i128::from(total)).unwrap_or(0),
            rework: rework.unwrap_or_default(),
        },
        rolled_yield: rolled.unwrap_or_default().0,
        built,
    })
}

fn per_vehicle(cost: MaterialCost) -> Result<i64, MoneyError> {
    half_even_div(cost.micros, cost.vehicles).ok_or(MoneyError::Overflow)
}
