//! The ramp: milestones reached, and the money of a vehicle by the programme formula and as built.
//!
//! It must not know rows or messages. Invariants: what was published is shown and never forced on a result; material
//! sums bought items only (RULES 2); a quarter without known operating cost has no result (RULES 3).

pub mod answer;
pub mod course;
pub mod profit;
pub mod rpc;
pub mod store;
pub mod volume;
pub mod wire;

use takt_kernel::{Amount, Currency, Date, MoneyError, Price, Share};
use takt_planning::{
    economics::{MaterialCost, Period, VehicleResult, material_cost, mix, vehicle_result},
    feature::Config,
};

use crate::product::Product;

/// A milestone as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// The published date.
    pub published_on: Date,
    /// What happened.
    pub event: String,
    /// The cumulative production that marks it.
    pub produced: Option<i64>,
    /// The cumulative deliveries that mark it.
    pub delivered: Option<i64>,
    /// How it is known.
    pub source_kind: String,
}

/// The money of the programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Economics {
    /// Variable conversion of a vehicle.
    pub conversion: Amount,
    /// Fixed manufacturing of a month.
    pub fixed_per_month: Amount,
    /// The average price of the formula.
    pub average_price: Amount,
    /// The quarters.
    pub quarters: Vec<Quarter>,
    /// The mix of variants of the formula, by variant index.
    pub mix: Vec<i64>,
}

/// What is known of a quarter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarter {
    /// Its name, `2024Q2`.
    pub name: String,
    /// Vehicles reported as delivered.
    pub deliveries: i64,
    /// The average price.
    pub average_price: Option<Amount>,
    /// Research, selling and administration of a month.
    pub operating_per_month: Option<Amount>,
}

/// The money of a vehicle in a quarter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitMoney {
    /// The quarter.
    pub quarter: String,
    /// The vehicles that fixed and operating cost are divided by.
    pub vehicles: i64,
    /// The vehicles built whose material is averaged; 0 in the formula.
    pub built: i64,
    /// The bought items of a vehicle.
    pub material: Amount,
    /// Everything else; None where the quarter's price or operating cost is not known.
    pub result: Option<VehicleResult>,
}

/// The first day on which cumulative production reached a mark; `by_day` is oldest first.
pub fn reached_on(mark: i64, by_day: &[(Date, i64)]) -> Option<Date> {
    let mut sum = 0;
    by_day.iter().find_map(|(on, built)| {
        sum += built;
        (sum >= mark).then_some(*on)
    })
}

/// The programme formula: reference configurations in the mix of the year, in the first quarter whose operating cost
/// is known.
///
/// # Errors
/// `MoneyError` when currencies mix or a figure does not fit.
pub fn programme_formula(
    product: &Product,
    economics: &Economics,
) -> Result<Option<UnitMoney>, MoneyError> {
    let Some(quarter) = economics
        .quarters
        .iter()
        .find(|quarter| quarter.operating_per_month.is_some())
    else {
        return Ok(None);
    };
    let material = reference_material(product, economics)?;
    unit_money(economics, quarter, material, 0).map(Some)
}

/// The material of the reference configurations in the mix of the year.
///
/// # Errors
/// `MoneyError` when currencies mix.
pub fn reference_material(
    product: &Product,
    economics: &Economics,
) -> Result<MaterialCost, MoneyError> {
    let currency = economics.conversion.currency;
    let prices = prices(product);
    let total: i64 = economics.mix.iter().sum();
    let mut parts = Vec::with_capacity(product.variants.len());
    for (index, variant) in product.variants.iter().enumerate() {
        let needs = product.needs().get(&product.bom, variant.reference).clone();
        let count = economics.mix.get(index).copied().unwrap_or(0);
        // The mix as it was given, or else the variants' shares of the orders.
        let share = if total > 0 {
            Share(scaled(count, total))
        } else {
            variant.share
        };
        parts.push((share, material_cost(&needs, &prices, currency)?));
    }
    mix(&parts, currency)
}

/// A quarter as built: `counts` are the vehicles built by configuration.
///
/// # Errors
/// `MoneyError` when currencies mix or a figure does not fit.
pub fn as_built(
    product: &Product,
    economics: Option<&Economics>,
    quarter: &str,
    counts: &[(Config, i64)],
) -> Result<UnitMoney, MoneyError> {
    let (sum, built) = built_material(product, economics, counts)?;
    let known = economics.and_then(|known| {
        Some((
            known,
            known.quarters.iter().find(|known| known.name == quarter)?,
        ))
    });
    match known {
        Some((economics, known)) => unit_money(economics, known, sum, built),
        None => Ok(UnitMoney {
            quarter: quarter.to_owned(),
            vehicles: built,
            built,
            material: rounded(sum)?,
            result: None,
        }),
    }
}

/// The material of the vehicles that were built, and how many they are.
///
/// # Errors
/// `MoneyError` when currencies mix or a figure does not fit.
pub fn built_material(
    product: &Product,
    economics: Option<&Economics>,
    counts: &[(Config, i64)],
) -> Result<(MaterialCost, i64), MoneyError> {
    let prices = prices(product);
    let currency = economics.map(|known| known.conversion.currency);
    let currency = currency
        .or_else(|| prices.first().map(|price| price.currency))
        .unwrap_or(Currency::USD);
    let mut sum = MaterialCost {
        micros: 0,
        vehicles: 0,
        currency,
    };
    let mut built = 0;
    for (config, count) in counts {
        let needs = product.needs().get(&product.bom, *config).clone();
        let one = material_cost(&needs, &prices, currency)?;
        // Every cost has the same denominator, so numerators add up.
        sum.micros = one
            .micros
            .checked_mul(i128::from(*count))
            .and_then(|cost| sum.micros.checked_add(cost))
            .ok_or(MoneyError::Overflow)?;
        sum.vehicles = one.vehicles;
        built += count;
    }
    sum.vehicles = sum
        .vehicles
        .max(1)
        .checked_mul(i128::from(built.max(1)))
        .ok_or(MoneyError::Overflow)?;
    Ok((sum, built))
}

fn unit_money(
    economics: &Economics,
    quarter: &Quarter,
    material: MaterialCost,
    built: i64,
) -> Result<UnitMoney, MoneyError> {
    let formula = built == 0;
    let price = quarter
        .average_price
        .or(formula.then_some(economics.average_price));
    let vehicles = quarter.deliveries;
    let result = match (price, quarter.operating_per_month) {
        (Some(average_price), Some(operating_per_month))
            if vehicles > 0 && average_price.currency == material.currency =>
        {
            let period = Period {
                average_price,
                // Prices come in the currency of account already.
                exchange_micros: 1_000_000,
                conversion: economics.conversion,
                fixed_per_month: economics.fixed_per_month,
                operating_per_month,
                months: 3,
                vehicles,
            };
            Some(vehicle_result(&period, material)?)
        }
        _ => None,
    };
    let vehicles = if result.is_some() { vehicles } else { built };
    Ok(UnitMoney {
        quarter: quarter.name.clone(),
        vehicles,
        built,
        material: rounded(material)?,
        result,
    })
}

/// What a unit of each item costs.
pub fn prices(product: &Product) -> Vec<Price> {
    product.items.iter().map(|item| item.unit_cost).collect()
}

/// A share of a whole in millionths; the parts of a mix need not add up exactly, so the nearest is good enough.
fn scaled(count: i64, total: i64) -> i64 {
    takt_kernel::half_even_div(
        i128::from(count) * i128::from(Share::ONE.0),
        i128::from(total),
    )
    .unwrap_or(0)
}

fn rounded(cost: MaterialCost) -> Result<Amount, MoneyError> {
    let scale = 10i128.pow(6 - cost.currency.minor_digits());
    let minor = takt_kernel::half_even_div(
        cost.micros,
        cost.vehicles
            .checked_mul(scale)
            .ok_or(MoneyError::Overflow)?,
    );
    Ok(Amount {
        minor: minor.ok_or(MoneyError::Overflow)?,
        currency: cost.currency,
    })
}

#[cfg(test)]
mod tests;
