//! The rows of material plans: a head for each, and what the last two were made from.
//!
//! It must not know how a plan is made. Invariant MP-1: the last two plans have their input, and no older one has.

use takt_planning::feature::Config;
use takt_planning::material::{Position, Wanted};
use takt_service::{Error, Row, Tx};

use super::{Head, MaterialRefusal, plan_id};
use crate::{
    plan::store::built_fetch,
    product::{
        Product,
        store::{date_of, day_of, index_of, number_of},
    },
};

const COLUMNS: [&str; 19] = [
    "plan_no",
    "plan_id",
    "as_of",
    "finite",
    "weekly",
    "horizon",
    "demand_count",
    "item_count",
    "order_count",
    "past_due_count",
    "late_count",
    "late_unit_days",
    "orders",
    "expedites",
    "deferrals",
    "cancellations",
    "increases",
    "decreases",
    "unanswered",
];

/// What was built and which orders wait, by their ids.
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
    let sql = "SELECT w.variant_no, w.config, o.order_id FROM vehicle AS w JOIN demand_order AS o ON o.order_number = w.order_number \
               WHERE w.build_number IS NULL ORDER BY w.serial";
    for row in tx.rows(sql, vec![]).await? {
        push(&mut position.queues, &row, true)?;
    }
    for variant in 0..width {
        let built = position.built.get(variant).copied().unwrap_or(0);
        let wanted = product.ramp.total(variant) - built;
        let sql = "SELECT variant_no, config, order_id FROM demand_order WHERE variant_no = $1 AND state = 0 ORDER BY queue_rank, order_number LIMIT $2";
        let values = vec![number_of(variant).into(), wanted.max(0).into()];
        for row in tx.rows(sql, values).await? {
            push(&mut position.queues, &row, false)?;
        }
    }
    let sql = "SELECT COUNT(*) FROM demand_order WHERE queue_rank = 0";
    position.founders_locked = tx.number(sql, vec![]).await?;
    Ok(position)
}

fn push(queues: &mut [Vec<Wanted>], row: &Row, on_line: bool) -> Result<(), Error> {
    let variant: i64 = row.try_get_by_index(0)?;
    if let Some(queue) = queues.get_mut(index_of(variant)) {
        queue.push(Wanted {
            order_id: row.try_get_by_index(2)?,
            config: Config(row.try_get_by_index(1)?).ordered(),
            on_line,
        });
    }
    Ok(())
}

/// Saves a plan as the newest and gives it its number and id.
///
/// # Errors
/// What the database said.
pub async fn plan_save(
    tx: &Tx,
    product: &Product,
    head: &Head,
    input: Vec<u8>,
) -> Result<Head, Error> {
    let sql = "SELECT MAX(plan_no) FROM material_plan";
    let plan_no = tx.number(sql, vec![]).await? + 1;
    let as_of = head.as_of.unwrap_or(product.programme.order_from);
    let sql = "SELECT COUNT(*) FROM material_plan WHERE as_of = $1";
    let nth = tx.number(sql, vec![day_of(as_of).into()]).await? + 1;
    let head = Head {
        plan_no,
        plan_id: plan_id(&product.programme.programme_id, as_of, nth),
        ..head.clone()
    };
    let mut row = vec![
        plan_no.into(),
        head.plan_id.clone().into(),
        day_of(as_of).into(),
        i64::from(head.finite).into(),
        i64::from(head.weekly).into(),
        i64::from(head.horizon).into(),
    ];
    let figures = [
        head.demands,
        head.items,
        head.orders,
        head.past_due,
        head.late,
        head.late_unit_days,
    ];
    row.extend(figures.into_iter().chain(head.actions).map(Into::into));
    row.push(head.unanswered.clone().into());
    tx.insert_many("material_plan", &COLUMNS, vec![row], "")
        .await?;
    let body = vec![plan_no.into(), input.into()];
    tx.insert_many("material_plan_input", &["plan_no", "body"], vec![body], "")
        .await?;
    let sql = "DELETE FROM material_plan_input WHERE plan_no < $1";
    tx.exec(sql, vec![(plan_no - 1).into()]).await?;
    Ok(head)
}

/// A plan by its id; an empty id means the newest.
///
/// # Errors
/// `Missing` for an id that is not there, `Refused` when nothing was planned yet.
pub async fn head_fetch(tx: &Tx, plan_id: &str) -> Result<Head, Error> {
    let columns = format!("SELECT {} FROM material_plan", COLUMNS.join(", "));
    let row = match plan_id {
        "" => {
            let sql = format!("{columns} ORDER BY plan_no DESC LIMIT 1");
            tx.one(&sql, vec![]).await?
        }
        plan_id => {
            let sql = format!("{columns} WHERE plan_id = $1");
            tx.one(&sql, vec![plan_id.into()]).await?
        }
    };
    let Some(row) = row else {
        return Err(match plan_id {
            "" => MaterialRefusal::NoPlan.into(),
            plan_id => Error::missing("material plan", plan_id),
        });
    };
    let number = |at: usize| -> Result<i64, Error> { Ok(row.try_get_by_index(at)?) };
    let mut actions = [0; 6];
    for (at, count) in actions.iter_mut().enumerate() {
        *count = number(12 + at)?;
    }
    Ok(Head {
        plan_no: number(0)?,
        plan_id: row.try_get_by_index(1)?,
        as_of: Some(date_of(number(2)?)),
        finite: number(3)? == 1,
        weekly: number(4)? == 1,
        horizon: i32::try_from(number(5)?).unwrap_or(i32::MAX),
        demands: number(6)?,
        items: number(7)?,
        orders: number(8)?,
        past_due: number(9)?,
        late: number(10)?,
        late_unit_days: number(11)?,
        actions,
        unanswered: row.try_get_by_index(18)?,
    })
}

/// What a plan was made from.
///
/// # Errors
/// `Refused` when it is kept no more; what the database said.
pub async fn input_fetch(tx: &Tx, head: &Head) -> Result<Vec<u8>, Error> {
    let sql = "SELECT body FROM material_plan_input WHERE plan_no = $1";
    match tx.one(sql, vec![head.plan_no.into()]).await? {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Err(MaterialRefusal::Pruned(head.plan_id.clone()).into()),
    }
}
