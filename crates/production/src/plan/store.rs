//! The rows of plans, and the position that a plan starts from.
//!
//! It must not know how a plan is made. Invariants: the last two plans keep their requirements, the first one and the
//! last two their days; a plan is numbered in the order of release.

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::{Error, Row, Tx};

use super::{Plan, PlanDay, PlanRefusal, Position, plan_id};
use crate::product::{
    Product,
    store::{date_of, day_of, index_of, number_of},
};

/// The head of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanHead {
    /// The number in the order of release.
    pub plan_no: i64,
    /// The id.
    pub plan_id: String,
    /// The day as of which it was made.
    pub as_of: Date,
    /// The vehicles that it builds.
    pub vehicle_count: i64,
    /// The last day on which it builds.
    pub last_build_on: Date,
    /// The items with a requirement.
    pub item_count: i64,
}

/// What was built and which orders wait.
///
/// # Errors
/// What the database said.
pub async fn position_fetch(tx: &Tx, product: &Product) -> Result<Position, Error> {
    let width = product.variants.len();
    let mut position = Position {
        built: built_fetch(tx, width).await?,
        queues: vec![Vec::new(); width],
        founders_locked: 0,
    };
    // Vehicles that stand on the line are built before any open order; then only as many orders as are still wanted.
    for row in tx
        .rows(
            "SELECT variant_no, config FROM vehicle WHERE build_number IS NULL ORDER BY serial",
            vec![],
        )
        .await?
    {
        push(&mut position.queues, &row)?;
    }
    for variant in 0..width {
        let built = position.built.get(variant).copied().unwrap_or(0);
        let wanted = product.ramp.total(variant) - built;
        let sql = "SELECT variant_no, config FROM demand_order WHERE variant_no = $1 AND state = 0 ORDER BY queue_rank, order_number LIMIT $2";
        for row in tx
            .rows(sql, vec![number_of(variant).into(), wanted.max(0).into()])
            .await?
        {
            push(&mut position.queues, &row)?;
        }
    }
    position.founders_locked = tx
        .number(
            "SELECT COUNT(*) FROM demand_order WHERE queue_rank = 0",
            vec![],
        )
        .await?;
    Ok(position)
}

fn push(queues: &mut [Vec<Config>], row: &Row) -> Result<(), Error> {
    let variant: i64 = row.try_get_by_index(0)?;
    if let Some(queue) = queues.get_mut(index_of(variant)) {
        queue.push(Config(row.try_get_by_index(1)?).ordered());
    }
    Ok(())
}

/// Vehicles built by variant.
///
/// # Errors
/// What the database said.
pub async fn built_fetch(tx: &Tx, width: usize) -> Result<Vec<i64>, Error> {
    let mut built = vec![0; width];
    let sql = "SELECT variant_no, vehicle_count FROM built_count";
    for row in tx.rows(sql, vec![]).await? {
        if let Some(count) = built.get_mut(index_of(row.try_get_by_index(0)?)) {
            *count = row.try_get_by_index(1)?;
        }
    }
    Ok(built)
}

/// Saves a plan as the one that counts and gives it its id.
///
/// # Errors
/// What the database said.
pub async fn plan_save(tx: &Tx, product: &Product, plan: &Plan) -> Result<PlanHead, Error> {
    let plan_no = tx.number("SELECT MAX(plan_no) FROM plan", vec![]).await? + 1;
    let nth = tx
        .number(
            "SELECT COUNT(*) FROM plan WHERE as_of = $1",
            vec![day_of(plan.as_of).into()],
        )
        .await?
        + 1;
    let head = PlanHead {
        plan_no,
        plan_id: plan_id(&product.programme.programme_id, plan.as_of, nth),
        as_of: plan.as_of,
        vehicle_count: plan.vehicle_count(),
        last_build_on: plan.last_build_on(),
        item_count: i64::try_from(plan.series.len()).unwrap_or(i64::MAX),
    };
    let columns = [
        "plan_no",
        "plan_id",
        "as_of",
        "vehicle_count",
        "last_build_on",
        "item_count",
    ];
    let row = vec![
        plan_no.into(),
        head.plan_id.clone().into(),
        day_of(head.as_of).into(),
        head.vehicle_count.into(),
        day_of(head.last_build_on).into(),
        head.item_count.into(),
    ];
    tx.insert_many("plan", &columns, vec![row], "").await?;
    let days = plan
        .days
        .iter()
        .map(|day| vec![plan_no.into(), day_of(day.on).into(), day.capacity.into()])
        .collect();
    tx.insert_many("plan_day", &["plan_no", "build_on", "capacity"], days, "")
        .await?;
    let mut cells = Vec::new();
    for day in &plan.days {
        let planned = day
            .variants
            .iter()
            .enumerate()
            .filter(|(_, units)| **units > 0);
        cells.extend(planned.map(|(variant, units)| {
            vec![
                plan_no.into(),
                day_of(day.on).into(),
                number_of(variant).into(),
                (*units).into(),
            ]
        }));
    }
    tx.insert_many(
        "plan_day_variant",
        &["plan_no", "build_on", "variant_no", "vehicle_count"],
        cells,
        "",
    )
    .await?;
    let series = plan.series.iter().map(|(item, series)| {
        vec![
            plan_no.into(),
            number_of(*item).into(),
            day_of(plan.first).into(),
            packed(series).into(),
        ]
    });
    tx.insert_many(
        "plan_requirement",
        &["plan_no", "item_no", "first_on", "series"],
        series.collect(),
        "",
    )
    .await?;
    plans_prune(tx, plan_no).await?;
    Ok(head)
}

async fn plans_prune(tx: &Tx, newest: i64) -> Result<(), Error> {
    tx.exec(
        "DELETE FROM plan_requirement WHERE plan_no < $1",
        vec![(newest - 1).into()],
    )
    .await?;
    for table in ["plan_day", "plan_day_variant"] {
        let sql = format!("DELETE FROM {table} WHERE plan_no > 1 AND plan_no < $1");
        tx.exec(&sql, vec![(newest - 1).into()]).await?;
    }
    Ok(())
}

/// A plan by its id; an empty id means the one that counts.
///
/// # Errors
/// `Missing` for an id that is not there, `Refused` when nothing was planned yet.
pub async fn plan_fetch(tx: &Tx, plan_id: &str) -> Result<PlanHead, Error> {
    let columns =
        "SELECT plan_no, plan_id, as_of, vehicle_count, last_build_on, item_count FROM plan";
    let row = match plan_id {
        "" => {
            tx.one(&format!("{columns} ORDER BY plan_no DESC LIMIT 1"), vec![])
                .await?
        }
        plan_id => {
            tx.one(
                &format!("{columns} WHERE plan_id = $1"),
                vec![plan_id.into()],
            )
            .await?
        }
    };
    let Some(row) = row else {
        return Err(if plan_id.is_empty() {
            PlanRefusal::NoPlan.into()
        } else {
            Error::missing("plan", plan_id)
        });
    };
    Ok(PlanHead {
        plan_no: row.try_get_by_index(0)?,
        plan_id: row.try_get_by_index(1)?,
        as_of: date_of(row.try_get_by_index(2)?),
        vehicle_count: row.try_get_by_index(3)?,
        last_build_on: date_of(row.try_get_by_index(4)?),
        item_count: row.try_get_by_index(5)?,
    })
}

/// The days of a plan, from a day on.
///
/// # Errors
/// What the database said.
pub async fn plan_days_fetch(
    tx: &Tx,
    plan_no: i64,
    from: Date,
    width: usize,
) -> Result<Vec<PlanDay>, Error> {
    let sql = "SELECT d.build_on, d.capacity, v.variant_no, v.vehicle_count FROM plan_day AS d JOIN plan_day_variant AS v \
               ON v.plan_no = d.plan_no AND v.build_on = d.build_on WHERE d.plan_no = $1 AND d.build_on >= $2 ORDER BY d.build_on, v.variant_no";
    let mut days: Vec<PlanDay> = Vec::new();
    for row in tx
        .rows(sql, vec![plan_no.into(), day_of(from).into()])
        .await?
    {
        let on = date_of(row.try_get_by_index(0)?);
        if days.last().is_none_or(|day| day.on != on) {
            days.push(PlanDay {
                on,
                capacity: row.try_get_by_index(1)?,
                variants: vec![0; width],
            });
        }
        let variant = index_of(row.try_get_by_index(2)?);
        if let Some(cell) = days
            .last_mut()
            .and_then(|day| day.variants.get_mut(variant))
        {
            *cell = row.try_get_by_index(3)?;
        }
    }
    Ok(days)
}

/// The requirements of a plan behind an item, in item order: item number, first day and thousandths by day.
///
/// # Errors
/// `Refused` when the requirements are kept no more; what the database said.
pub async fn requirements_page(
    tx: &Tx,
    head: &PlanHead,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Date, Vec<i64>)>, Error> {
    let sql = "SELECT item_no, first_on, series FROM plan_requirement WHERE plan_no = $1 AND item_no > $2 ORDER BY item_no LIMIT $3";
    let rows = tx
        .rows(sql, vec![head.plan_no.into(), after.into(), limit.into()])
        .await?;
    if rows.is_empty() && after == 0 && head.item_count > 0 {
        return Err(PlanRefusal::Pruned(head.plan_id.clone()).into());
    }
    rows.iter()
        .map(|row| {
            let series: Vec<u8> = row.try_get_by_index(2)?;
            Ok((
                row.try_get_by_index(0)?,
                date_of(row.try_get_by_index(1)?),
                unpacked(&series),
            ))
        })
        .collect()
}

/// A series as bytes: 64-bit little-endian integers.
fn packed(series: &[i64]) -> Vec<u8> {
    series
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// The series of bytes that `packed` made.
fn unpacked(bytes: &[u8]) -> Vec<i64> {
    bytes
        .chunks_exact(8)
        .filter_map(|chunk| chunk.try_into().ok())
        .map(i64::from_le_bytes)
        .collect()
}
