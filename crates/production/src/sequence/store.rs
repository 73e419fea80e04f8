//! The rows of sequences: one a day with the orders in a row of numbers, one a day and ratio rule.
//!
//! It must not know how a sequence is found. Invariant: SEQ-1 a sequence has one place a vehicle.

use std::collections::HashMap;

use takt_kernel::Date;
use takt_planning::feature::Config;
use takt_service::{Error, Row, Tx, Value};

use super::{Cost, DaySequence, Figures, SequenceRefusal, State};
use crate::{
    plan::{
        PlanDay,
        store::{plan_days_fetch, plan_fetch},
    },
    product::{
        Product,
        store::{date_of, day_of, number_of},
    },
    promise::bound::bound_fetch,
    shop_floor::{DayRefusal, Waiting, queue::queues_fetch},
};

const COLUMNS: [&str; 16] = [
    "day_on",
    "state",
    "vehicle_count",
    "frozen_count",
    "orders",
    "taken_out",
    "high",
    "low",
    "purges",
    "long_batches",
    "even_high",
    "even_low",
    "even_purges",
    "even_long_batches",
    "moves",
    "version",
];

/// The configurations of the last `count` vehicles built, in their order.
///
/// # Errors
/// What the database said.
pub async fn last_built_fetch(tx: &Tx, count: usize) -> Result<Vec<Config>, Error> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "SELECT config FROM vehicle WHERE build_number IS NOT NULL ORDER BY build_number DESC LIMIT $1";
    let rows = tx.rows(sql, vec![count.into()]).await?;
    let configs = rows.iter().rev();
    configs
        .map(|row| Ok(Config(row.try_get_by_index(0)?)))
        .collect()
}

/// The vehicles of a coming day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coming {
    /// The last vehicles before the day, as far as the rules look back.
    pub before: Vec<Config>,
    /// Those that were pulled out and are built first.
    pub pulled: Vec<Waiting>,
    /// The others.
    pub fresh: Vec<Waiting>,
    /// The sequence that the day was given before.
    pub kept: Option<DaySequence>,
}

impl Coming {
    /// The configurations before the day, of the pulled and of the others.
    pub fn split(&self) -> (Vec<Config>, Vec<Config>, Vec<Config>) {
        let configs = |waiting: &[Waiting]| waiting.iter().map(|one| one.config).collect();
        (
            self.before.clone(),
            configs(&self.pulled),
            configs(&self.fresh),
        )
    }
}

/// The vehicles that the plan builds on a coming day, of each variant the oldest orders behind those of the days before.
///
/// # Errors
/// `Refused` when the day has passed, or the plan or the orders have nothing for it; what the database said.
pub async fn coming_fetch(tx: &Tx, product: &Product, on: Date) -> Result<Coming, Error> {
    let last = tx
        .one("SELECT MAX(day_on) FROM line_day", vec![])
        .await?
        .map(|row| row.try_get_by_index::<Option<i64>>(0))
        .transpose()?
        .flatten()
        .map(date_of);
    if let Some(last) = last.filter(|last| *last >= on) {
        return Err(DayRefusal::Passed { asked: on, last }.into());
    }
    let width = product.variants.len();
    let head = plan_fetch(tx, "").await?;
    let from = last.map_or(Date::MIN, |last| last.plus(1));
    let days = plan_days_fetch(tx, head.plan_no, from, width).await?;
    let wanted = days.iter().find(|day| day.on == on);
    let wanted = wanted.ok_or(SequenceRefusal::NothingPlanned(on))?;
    let kept = sequence_fetch(tx, on).await?;
    let taken_out: &[i64] = kept.as_ref().map_or(&[], |kept| &kept.taken_out);
    let units = |variant: usize, day: &PlanDay| day.variants.get(variant).copied().unwrap_or(0);
    let before = |variant: usize| -> i64 {
        let earlier = days.iter().filter(|day| day.on < on);
        earlier.map(|day| units(variant, day)).sum()
    };
    let spare = i64::try_from(taken_out.len()).unwrap_or(0);
    let most: Vec<i64> = (0..width)
        .map(|variant| before(variant) + units(variant, wanted) + spare)
        .collect();
    let bound = bound_fetch(tx).await?;
    let (queues, _) = queues_fetch(tx, width, on.minus(1), &bound, &most).await?;
    // An order with a slot of its own stands on its day, however long the queue before it is.
    let bound = bound.iter().filter(|one| one.on == on);
    let bound: Vec<Waiting> = bound.map(Waiting::from).collect();
    let mut chosen = Vec::new();
    for (variant, queue) in queues.iter().enumerate() {
        let slots = bound.iter().filter(|one| one.config.variant() == variant);
        let skip = usize::try_from(before(variant)).unwrap_or(0);
        let stays = |waiting: &&Waiting| !taken_out.contains(&waiting.order_number);
        let waiting = queue.iter().filter(stays).skip(skip);
        let count = usize::try_from(units(variant, wanted)).unwrap_or(0);
        chosen.extend(slots.filter(stays).chain(waiting).take(count).copied());
    }
    if chosen.is_empty() {
        return Err(SequenceRefusal::NoOrders(on).into());
    }
    let (mut pulled, fresh): (Vec<Waiting>, Vec<Waiting>) =
        chosen.into_iter().partition(|one| one.serial.is_some());
    pulled.sort_by_key(|one| one.serial);
    Ok(Coming {
        before: before_fetch(tx, product, on).await?,
        pulled,
        fresh,
        kept,
    })
}

/// The last vehicles before a day, as far as the rules look back: of the sequence of the day before where one is planned,
/// else of what was built.
///
/// # Errors
/// What the database said.
pub async fn before_fetch(tx: &Tx, product: &Product, on: Date) -> Result<Vec<Config>, Error> {
    let reach = product.rules.reach();
    let sql = "SELECT day_on FROM sequence_day WHERE day_on < $1 AND state = 1 AND day_on > (SELECT COALESCE(MAX(day_on), -1000000000) FROM line_day) \
               ORDER BY day_on DESC LIMIT 1";
    if let Some(row) = tx.one(sql, vec![day_of(on).into()]).await?
        && let Some(planned) = sequence_fetch(tx, date_of(row.try_get_by_index(0)?)).await?
    {
        let from = planned.orders.len().saturating_sub(reach);
        let last = planned.orders.get(from..).unwrap_or_default();
        let rows = places_fetch(tx, last).await?;
        return Ok(rows.iter().map(|row| row.config).collect());
    }
    last_built_fetch(tx, reach).await
}

/// The sequence of a day, if there is one.
///
/// # Errors
/// What the database said.
pub async fn sequence_fetch(tx: &Tx, on: Date) -> Result<Option<DaySequence>, Error> {
    let found = sequences_fetch(tx, day_of(on) - 1, 1).await?;
    Ok(found.into_iter().next().filter(|found| found.on == on))
}

/// The sequences of the days that are not built yet.
///
/// # Errors
/// What the database said.
pub async fn sequences_open(tx: &Tx) -> Result<Vec<DaySequence>, Error> {
    let sql = "SELECT MAX(day_on) FROM line_day WHERE state = 1";
    let built: Option<i64> = match tx.one(sql, vec![]).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => None,
    };
    let mut open =
        sequences_fetch(tx, built.unwrap_or(-1_000_000_000), i64::from(i32::MAX)).await?;
    open.retain(|sequence| sequence.state == State::Sequenced);
    Ok(open)
}

/// At most `limit` sequences of days after a day, oldest first.
///
/// # Errors
/// What the database said.
pub async fn sequences_fetch(tx: &Tx, after: i64, limit: i64) -> Result<Vec<DaySequence>, Error> {
    let sql = format!(
        "SELECT {} FROM sequence_day WHERE day_on > $1 ORDER BY day_on LIMIT $2",
        COLUMNS.join(", ")
    );
    let rows = tx.rows(&sql, vec![after.into(), limit.into()]).await?;
    let mut found = rows.iter().map(sequence).collect::<Result<Vec<_>, _>>()?;
    let Some(last) = found.last().map(|found| day_of(found.on)) else {
        return Ok(found);
    };
    let sql = "SELECT day_on, excess, even_excess FROM sequence_excess WHERE day_on > $1 AND day_on <= $2 ORDER BY day_on, rule_no";
    for row in tx.rows(sql, vec![after.into(), last.into()]).await? {
        let on = date_of(row.try_get_by_index(0)?);
        if let Ok(at) = found.binary_search_by_key(&on, |found| found.on)
            && let Some(found) = found.get_mut(at)
        {
            found.figures.cost.excess.push(row.try_get_by_index(1)?);
            found.figures.even.excess.push(row.try_get_by_index(2)?);
        }
    }
    Ok(found)
}

/// A vehicle of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRow {
    /// The order.
    pub order_id: String,
    /// What is ordered.
    pub config: Config,
    /// The vehicle's number; empty before it has one.
    pub vin: String,
}

/// What is known of orders, in the order in which they are asked for.
///
/// # Errors
/// What the database said.
pub async fn places_fetch(tx: &Tx, orders: &[i64]) -> Result<Vec<PlaceRow>, Error> {
    let list = orders.iter().map(|order| vec![(*order).into()]).collect();
    let query = "SELECT o.order_number, o.order_id, o.config, COALESCE(w.vin, '') FROM v JOIN demand_order AS o ON o.order_number = v.order_number \
                 LEFT JOIN vehicle AS w ON w.order_number = o.order_number";
    let rows = tx.rows_for(&["order_number"], list, query).await?;
    let mut known: HashMap<i64, PlaceRow> = HashMap::with_capacity(rows.len());
    for row in &rows {
        let place = PlaceRow {
            order_id: row.try_get_by_index(1)?,
            config: Config(row.try_get_by_index(2)?),
            vin: row.try_get_by_index(3)?,
        };
        known.insert(row.try_get_by_index(0)?, place);
    }
    let lost = |order: &i64| Error::broken(format!("order {order} of a sequence is not known"));
    orders
        .iter()
        .map(|order| known.get(order).cloned().ok_or_else(|| lost(order)))
        .collect()
}

/// Keeps the sequence of a day in the place of the one before.
///
/// # Errors
/// What the database said.
pub async fn sequence_save(tx: &Tx, sequence: &DaySequence) -> Result<(), Error> {
    let (cost, even) = (&sequence.figures.cost, &sequence.figures.even);
    let count = |count: usize| Value::from(i64::try_from(count).unwrap_or(i64::MAX));
    let state = match sequence.state {
        State::Sequenced => 1i64,
        State::Built => 2,
    };
    let row = vec![
        day_of(sequence.on).into(),
        state.into(),
        count(sequence.orders.len()),
        count(sequence.frozen),
        bytes(&sequence.orders).into(),
        bytes(&sequence.taken_out).into(),
        cost.high.into(),
        cost.low.into(),
        cost.purges.into(),
        cost.long_batches.into(),
        even.high.into(),
        even.low.into(),
        even.purges.into(),
        even.long_batches.into(),
        sequence.figures.moves.into(),
        sequence.version.into(),
    ];
    let set: Vec<String> = COLUMNS
        .iter()
        .skip(1)
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let suffix = format!("ON CONFLICT (day_on) DO UPDATE SET {}", set.join(", "));
    tx.insert_many("sequence_day", &COLUMNS, vec![row], &suffix)
        .await?;
    let rules = cost.excess.iter().zip(&even.excess).enumerate();
    let rows = rules.map(|(rule, (excess, even))| {
        vec![
            day_of(sequence.on).into(),
            number_of(rule).into(),
            (*excess).into(),
            (*even).into(),
        ]
    });
    tx.insert_many(
        "sequence_excess",
        &["day_on", "rule_no", "excess", "even_excess"],
        rows.collect(),
        "ON CONFLICT (day_on, rule_no) DO UPDATE SET excess = excluded.excess, even_excess = excluded.even_excess",
    )
    .await?;
    Ok(())
}

/// Keeps the sequence in which a day was built, where it has one; it goes on counting where the planned one stood.
///
/// # Errors
/// What the database said.
pub async fn sequence_built(tx: &Tx, sequence: Option<DaySequence>) -> Result<(), Error> {
    let Some(mut sequence) = sequence else {
        return Ok(());
    };
    if let Some(planned) = sequence_fetch(tx, sequence.on).await? {
        sequence.version = planned.version + 1;
        sequence.taken_out = planned.taken_out;
    }
    sequence_save(tx, &sequence).await
}

fn sequence(row: &Row) -> Result<DaySequence, Error> {
    let number = |at: usize| -> Result<i64, Error> { Ok(row.try_get_by_index(at)?) };
    let cost = |from: usize| -> Result<Cost, Error> {
        Ok(Cost {
            high: number(from)?,
            low: number(from + 1)?,
            purges: number(from + 2)?,
            long_batches: number(from + 3)?,
            excess: Vec::new(),
        })
    };
    Ok(DaySequence {
        on: date_of(number(0)?),
        state: if number(1)? == 2 {
            State::Built
        } else {
            State::Sequenced
        },
        frozen: usize::try_from(number(3)?).unwrap_or(0),
        orders: numbers(&row.try_get_by_index::<Vec<u8>>(4)?),
        taken_out: numbers(&row.try_get_by_index::<Vec<u8>>(5)?),
        figures: Figures {
            cost: cost(6)?,
            even: cost(10)?,
            moves: number(14)?,
        },
        version: number(15)?,
    })
}

fn bytes(numbers: &[i64]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn numbers(bytes: &[u8]) -> Vec<i64> {
    let (chunks, _) = bytes.as_chunks::<8>();
    chunks
        .iter()
        .map(|chunk| i64::from_le_bytes(*chunk))
        .collect()
}
