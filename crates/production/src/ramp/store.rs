//! The rows behind the ramp: what was built, the baseline, milestones and money.
//!
//! It must not know what they add up to. Invariant: what was built is counted from vehicles, never from answers.

use std::collections::BTreeMap;

use takt_kernel::{Amount, Currency, Date};
use takt_planning::feature::Config;
use takt_service::{Error, Row, Tx};

use super::{Economics, Milestone, Quarter};
use crate::{
    plan::{PlanDay, store::plan_days_fetch},
    product::{
        Product,
        store::{date_of, day_of, index_of},
    },
};

/// What was built, by day and variant.
///
/// # Errors
/// What the database said.
pub async fn built_by_day_fetch(tx: &Tx, width: usize) -> Result<BTreeMap<Date, Vec<i64>>, Error> {
    let sql = "SELECT built_on, variant_no, COUNT(*) FROM vehicle WHERE built_on IS NOT NULL GROUP BY built_on, variant_no";
    let mut days: BTreeMap<Date, Vec<i64>> = BTreeMap::new();
    for row in tx.rows(sql, vec![]).await? {
        let day = days
            .entry(date_of(row.try_get_by_index(0)?))
            .or_insert_with(|| vec![0; width]);
        if let Some(cell) = day.get_mut(index_of(row.try_get_by_index(1)?)) {
            *cell = row.try_get_by_index(2)?;
        }
    }
    Ok(days)
}

/// What the line could do on the days that were run.
///
/// # Errors
/// What the database said.
pub async fn capacity_by_day_fetch(tx: &Tx) -> Result<BTreeMap<Date, i64>, Error> {
    let rows = tx
        .rows(
            "SELECT day_on, capacity FROM line_day WHERE state = 1",
            vec![],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((date_of(row.try_get_by_index(0)?), row.try_get_by_index(1)?)))
        .collect()
}

/// The days of the first plan.
///
/// # Errors
/// What the database said.
pub async fn baseline_fetch(tx: &Tx, width: usize) -> Result<Vec<PlanDay>, Error> {
    plan_days_fetch(tx, 1, Date::MIN, width).await
}

/// The milestones, oldest first.
///
/// # Errors
/// What the database said.
pub async fn milestones_fetch(tx: &Tx) -> Result<Vec<Milestone>, Error> {
    let sql = "SELECT published_on, event, produced, delivered, source_kind FROM milestone ORDER BY published_on, milestone_no";
    let rows = tx.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Milestone {
                published_on: date_of(row.try_get_by_index(0)?),
                event: row.try_get_by_index(1)?,
                produced: row.try_get_by_index(2)?,
                delivered: row.try_get_by_index(3)?,
                source_kind: row.try_get_by_index(4)?,
            })
        })
        .collect()
}

/// The money of the programme; none where the import had none.
///
/// # Errors
/// What the database said.
pub async fn economics_fetch(tx: &Tx, product: &Product) -> Result<Option<Economics>, Error> {
    let sql = "SELECT currency, average_price_minor, variable_conversion_minor, fixed_per_month_minor FROM economics WHERE economics_no = 1";
    let Some(row) = tx.one(sql, vec![]).await? else {
        return Ok(None);
    };
    let currency = Currency::parse(&row.try_get_by_index::<String>(0)?)
        .map_err(|error| Error::broken(format!("economics row: {error}")))?;
    let amount = |row: &Row, at: usize| -> Result<Amount, Error> {
        Ok(Amount::new(row.try_get_by_index(at)?, currency))
    };
    let known = |row: &Row, at: usize| -> Result<Option<Amount>, Error> {
        Ok(row
            .try_get_by_index::<Option<i64>>(at)?
            .map(|minor| Amount::new(minor, currency)))
    };
    let sql = "SELECT quarter, reported_deliveries, average_price_minor, operating_per_month_minor FROM economics_quarter ORDER BY quarter";
    let mut quarters = Vec::new();
    for quarter in tx.rows(sql, vec![]).await? {
        quarters.push(Quarter {
            name: quarter.try_get_by_index(0)?,
            deliveries: quarter.try_get_by_index(1)?,
            average_price: known(&quarter, 2)?,
            operating_per_month: known(&quarter, 3)?,
        });
    }
    let mut mix = vec![0; product.variants.len()];
    for part in tx
        .rows(
            "SELECT variant_id, vehicle_count FROM economics_mix",
            vec![],
        )
        .await?
    {
        let variant = product.variant(&part.try_get_by_index::<String>(0)?);
        if let Some(cell) = variant.and_then(|variant| mix.get_mut(variant)) {
            *cell = part.try_get_by_index(1)?;
        }
    }
    Ok(Some(Economics {
        average_price: amount(&row, 1)?,
        conversion: amount(&row, 2)?,
        fixed_per_month: amount(&row, 3)?,
        quarters,
        mix,
    }))
}

/// What was built by quarter and configuration.
///
/// # Errors
/// What the database said.
pub async fn built_by_quarter_fetch(
    tx: &Tx,
) -> Result<BTreeMap<String, Vec<(Config, i64)>>, Error> {
    // Days are turned into quarters here, because no two databases agree on dates.
    let sql = "SELECT built_on, config, COUNT(*) FROM vehicle WHERE built_on IS NOT NULL GROUP BY built_on, config";
    let mut quarters: BTreeMap<String, BTreeMap<Config, i64>> = BTreeMap::new();
    for row in tx.rows(sql, vec![]).await? {
        let quarter = date_of(row.try_get_by_index(0)?).quarter_key();
        let count: i64 = row.try_get_by_index(2)?;
        *quarters
            .entry(quarter)
            .or_default()
            .entry(Config(row.try_get_by_index(1)?))
            .or_default() += count;
    }
    Ok(quarters
        .into_iter()
        .map(|(quarter, counts)| (quarter, counts.into_iter().collect()))
        .collect())
}

/// What was built from a day through another, by configuration.
///
/// # Errors
/// What the database said.
pub async fn built_between_fetch(
    tx: &Tx,
    from: Date,
    through: Date,
) -> Result<Vec<(Config, i64)>, Error> {
    let sql = "SELECT config, COUNT(*) FROM vehicle WHERE built_on BETWEEN $1 AND $2 GROUP BY config ORDER BY config";
    let rows = tx
        .rows(sql, vec![day_of(from).into(), day_of(through).into()])
        .await?;
    rows.iter()
        .map(|row| Ok((Config(row.try_get_by_index(0)?), row.try_get_by_index(1)?)))
        .collect()
}

/// The last day that was run.
///
/// # Errors
/// What the database said.
pub async fn last_day_fetch(tx: &Tx) -> Result<Option<Date>, Error> {
    let row = tx
        .one("SELECT MAX(day_on) FROM line_day WHERE state = 1", vec![])
        .await?;
    let on: Option<i64> = row
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .flatten();
    Ok(on.map(date_of))
}
