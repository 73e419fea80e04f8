//! The result per vehicle (RULES 2, 3). It must not know the ledger. Units: amounts are exact rationals of
//! currency units until each figure is rounded once, half to even, to minor units; so the result may differ from
//! the sum of the rounded lines by a cent. Material is bought items only; lane costs are inside conversion.
use crate::bom::Needs;
use takt_kernel::{Amount, Currency, MoneyError, Price, Share, half_even_div};

/// What the programme formula is computed from: a period of `months` with `vehicles` delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Reported average price net of VAT, in the currency of sale.
    pub average_price: Amount,
    /// Units of the currency of sale for one unit of the currency of account, in millionths: 7.2 is 7,200,000.
    pub exchange_micros: i64,
    /// Variable conversion cost per vehicle.
    pub conversion: Amount,
    /// Fixed manufacturing cost per month.
    pub fixed_per_month: Amount,
    /// Research, sales and administration per month.
    pub operating_per_month: Amount,
    /// Months in the period.
    pub months: i64,
    /// Vehicles reported as delivered.
    pub vehicles: i64,
}

/// A material cost per vehicle as an exact fraction: `micros / vehicles` millionths of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaterialCost {
    /// Millionths of the currency for all vehicles together.
    pub micros: i128,
    /// How many vehicles.
    pub vehicles: i128,
    /// The currency.
    pub currency: Currency,
}

/// The lines of a result per vehicle, each rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VehicleResult {
    /// Average price in the currency of account.
    pub price: Amount,
    /// Bought material.
    pub material: Amount,
    /// Variable conversion.
    pub conversion: Amount,
    /// Fixed manufacturing.
    pub fixed: Amount,
    /// Price less material, conversion and fixed manufacturing.
    pub gross_profit: Amount,
    /// Research, sales and administration.
    pub operating: Amount,
    /// Gross profit less operating cost.
    pub result: Amount,
}

/// The material of one vehicle at the prices by item: the sum is exact and never rounded by line.
pub fn material_cost(
    needs: &Needs,
    prices: &[Price],
    currency: Currency,
) -> Result<MaterialCost, MoneyError> {
    let mut nanos = 0i128;
    for (item, quantity) in needs.bought() {
        let Some(price) = prices.get(item) else {
            continue;
        };
        if price.currency != currency {
            return Err(MoneyError::CurrencyMismatch {
                left: currency,
                right: price.currency,
            });
        }
        nanos += i128::from(price.micros) * i128::from(quantity.milli());
    }
    Ok(MaterialCost {
        micros: nanos,
        vehicles: 1000,
        currency,
    })
}

/// What a vehicle earns before fixed cost, in millionths of the currency: the price without tax less material and variable conversion.
///
/// # Errors
/// `MoneyError` when a part's price is in another currency.
pub fn margin(
    net: Price,
    needs: &Needs,
    prices: &[Price],
    conversion_micros: i64,
) -> Result<i64, MoneyError> {
    let cost = material_cost(needs, prices, net.currency)?;
    let material = half_even_div(cost.micros, cost.vehicles).ok_or(MoneyError::Overflow)?;
    Ok(net.micros - material - conversion_micros)
}

/// The mean of costs by the shares of their vehicles (28/29/43 of the reference configurations).
pub fn mix(
    parts: &[(Share, MaterialCost)],
    currency: Currency,
) -> Result<MaterialCost, MoneyError> {
    let mut all = MaterialCost {
        micros: 0,
        vehicles: 1,
        currency,
    };
    for (share, cost) in parts {
        if cost.currency != currency {
            return Err(MoneyError::CurrencyMismatch {
                left: currency,
                right: cost.currency,
            });
        }
        let (numerator, denominator) = add(
            (all.micros, all.vehicles),
            (
                cost.micros.saturating_mul(i128::from(share.0)),
                cost.vehicles.saturating_mul(i128::from(Share::ONE.0)),
            ),
        )?;
        (all.micros, all.vehicles) = (numerator, denominator);
    }
    Ok(all)
}

/// The result per vehicle of a period with this material cost: with the mix of reference configurations it is
/// the programme formula, with the cars as built it is the other figure of RULES 3.
pub fn vehicle_result(
    period: &Period,
    material: MaterialCost,
) -> Result<VehicleResult, MoneyError> {
    let currency = material.currency;
    for other in [
        period.conversion,
        period.fixed_per_month,
        period.operating_per_month,
    ] {
        if other.currency != currency {
            return Err(MoneyError::CurrencyMismatch {
                left: currency,
                right: other.currency,
            });
        }
    }
    let micros =
        |amount: Amount| i128::from(amount.minor) * 10i128.pow(6 - amount.currency.minor_digits());
    let monthly = |amount: Amount| {
        (
            micros(amount) * i128::from(period.months),
            i128::from(period.vehicles),
        )
    };
    let negative = |(n, d): Ratio| (-n, d);
    let price = (
        micros(period.average_price) * 1_000_000,
        i128::from(period.exchange_micros),
    );
    let (material, conversion) = (
        (material.micros, material.vehicles),
        (micros(period.conversion), 1),
    );
    let (fixed, operating) = (
        monthly(period.fixed_per_month),
        monthly(period.operating_per_month),
    );
    let gross = add(
        add(price, negative(material))?,
        add(negative(conversion), negative(fixed))?,
    )?;
    let result = add(gross, negative(operating))?;
    let round = |(n, d): Ratio| {
        let scale = 10i128.pow(6 - currency.minor_digits());
        half_even_div(n, d.saturating_mul(scale))
            .map(|minor| Amount { minor, currency })
            .ok_or(MoneyError::Overflow)
    };
    Ok(VehicleResult {
        price: round(price)?,
        material: round(material)?,
        conversion: round(conversion)?,
        fixed: round(fixed)?,
        gross_profit: round(gross)?,
        operating: round(operating)?,
        result: round(result)?,
    })
}

type Ratio = (i128, i128);

fn add((a, b): Ratio, (c, d): Ratio) -> Result<Ratio, MoneyError> {
    let common = gcd(b.abs(), d.abs()).max(1);
    let left = a.checked_mul(d / common);
    let right = c.checked_mul(b / common);
    let bottom = b.checked_mul(d / common).ok_or(MoneyError::Overflow)?;
    let top = left
        .zip(right)
        .and_then(|(l, r)| l.checked_add(r))
        .ok_or(MoneyError::Overflow)?;
    let shrink = gcd(top.abs(), bottom.abs()).max(1);
    Ok((top / shrink, bottom / shrink))
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_kernel::Quantity;

    const USD: Currency = Currency::USD;

    fn period() -> Period {
        Period {
            average_price: Amount::new(22_864_400, Currency::CNY),
            exchange_micros: 7_200_000,
            conversion: Amount::new(230_000, USD),
            fixed_per_month: Amount::new(1_050_000_000, USD),
            operating_per_month: Amount::new(12_750_000_000, USD),
            months: 3,
            vehicles: 27_307,
        }
    }

    #[test]
    fn the_second_quarter_by_hand() -> Result<(), MoneyError> {
        let got = vehicle_result(
            &period(),
            MaterialCost {
                micros: 23_457_000_000,
                vehicles: 1,
                currency: USD,
            },
        )?;
        assert_eq!(got.price.minor, 3_175_611); // 228,644 / 7.2
        assert_eq!(got.fixed.minor, 115_355); // 31.5 m / 27,307
        assert_eq!(got.operating.minor, 1_400_740); // 382.5 m / 27,307
        assert_eq!(
            (got.gross_profit.minor, got.result.minor),
            (484_556, -916_184)
        );
        Ok(())
    }

    #[test]
    fn material_is_summed_exactly_and_mixed_by_share() -> Result<(), MoneyError> {
        let needs = Needs {
            base: vec![(0, Quantity(8289)), (1, Quantity(4000))],
            ..Needs::default()
        };
        let cost = material_cost(
            &needs,
            &[Price::new(1_250_000, USD), Price::new(10_005_000, USD)],
            USD,
        )?;
        assert_eq!((cost.micros, cost.vehicles), (50_381_250_000, 1000)); // 10.36125 + 40.02
        let half = mix(
            &[
                (Share(500_000), cost),
                (Share(500_000), MaterialCost { micros: 0, ..cost }),
            ],
            USD,
        )?;
        assert_eq!(half.micros * 2_000, cost.micros * half.vehicles);
        assert!(material_cost(&needs, &[Price::new(1, Currency::CNY)], USD).is_err());
        assert!(
            vehicle_result(
                &Period {
                    vehicles: 0,
                    ..period()
                },
                cost
            )
            .is_err()
        );
        Ok(())
    }
}
