//! The rows that impacts stand on: prices of variants, the newest plan, and what was built before a day.
//!
//! It must not know rules. Invariant: what was built is counted from vehicles.

use takt_kernel::{Currency, Date, Price};
use takt_service::{Error, Tx};

use super::NetPrices;
use crate::{
    plan::{
        PlanDay,
        store::{PlanHead, plan_days_fetch, plan_fetch},
    },
    product::store::{date_of, day_of, index_of},
};

/// The prices of variants without tax, by variant index.
///
/// # Errors
/// What the database said.
pub async fn net_prices_fetch(tx: &Tx) -> Result<NetPrices, Error> {
    let sql = "SELECT variant_no, net_price_micros, currency FROM variant_price";
    let mut prices = NetPrices::new();
    for row in tx.rows(sql, vec![]).await? {
        let code: String = row.try_get_by_index(2)?;
        let currency = Currency::parse(&code)
            .map_err(|error| Error::broken(format!("a price is in {code}: {error}")))?;
        let price = Price::new(row.try_get_by_index(1)?, currency);
        prices.insert(index_of(row.try_get_by_index(0)?), price);
    }
    Ok(prices)
}

/// A plan with its days; an empty id means the newest.
///
/// # Errors
/// `Refused` when there is none; what the database said.
pub async fn whole_plan_fetch(
    tx: &Tx,
    plan_id: &str,
    width: usize,
) -> Result<(PlanHead, Vec<PlanDay>), Error> {
    let head = plan_fetch(tx, plan_id).await?;
    let days = plan_days_fetch(tx, head.plan_no, Date::MIN, width).await?;
    Ok((head, days))
}

/// Vehicles by variant that are built when a day begins: those that were, and those of the plan's days that have not been yet.
///
/// # Errors
/// What the database said.
pub async fn built_before_fetch(
    tx: &Tx,
    days: &[PlanDay],
    on: Date,
    width: usize,
) -> Result<Vec<i64>, Error> {
    let mut built = vec![0; width];
    let mut last = Date::MIN;
    let sql = "SELECT variant_no, COUNT(*), MAX(built_on) FROM vehicle WHERE built_on < $1 GROUP BY variant_no";
    for row in tx.rows(sql, vec![day_of(on).into()]).await? {
        if let Some(count) = built.get_mut(index_of(row.try_get_by_index(0)?)) {
            *count = row.try_get_by_index(1)?;
        }
        last = last.max(date_of(row.try_get_by_index(2)?));
    }
    for day in days.iter().filter(|day| day.on > last && day.on < on) {
        for (sum, units) in built.iter_mut().zip(&day.variants) {
            *sum += units;
        }
    }
    Ok(built)
}
