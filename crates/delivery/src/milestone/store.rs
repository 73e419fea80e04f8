//! Counts over orders, promises and vehicles.
//!
//! It must not know what they are compared with. Invariant: all figures of an answer come from one snapshot.

use takt_kernel::Date;
use takt_planning::promise::TOLERANCE_DAYS;
use takt_service::{Error, Tx};

use super::{Curve, order_to_delivery};
use crate::{
    promise::PromiseKind,
    rows::{date, get},
};

/// What happened by day.
pub(crate) async fn curve_fetch(tx: &Tx) -> Result<Curve, Error> {
    let locked = counts(
        tx,
        "SELECT locked_on, COUNT(*) FROM sales_order GROUP BY locked_on",
    )
    .await?;
    let built = counts(
        tx,
        "SELECT built_on, COUNT(*) FROM vehicle GROUP BY built_on",
    )
    .await?;
    let sql = "SELECT handed_over_on, COUNT(*) FROM vehicle WHERE handed_over_on IS NOT NULL GROUP BY handed_over_on";
    let handed_over = counts(tx, sql).await?;
    Ok(Curve::new(&locked, &built, &handed_over))
}

async fn counts(tx: &Tx, sql: &str) -> Result<Vec<(Date, i64)>, Error> {
    tx.rows(sql, vec![])
        .await?
        .iter()
        .map(|row| Ok((date(row, 0)?, get(row, 1)?)))
        .collect()
}

/// The figures by which deliveries are judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// The orders taken.
    pub(crate) orders: i64,
    /// Those that wait for a vehicle.
    pub(crate) open: i64,
    /// Those that were cancelled.
    pub(crate) cancelled: i64,
    /// Those handed over.
    pub(crate) handed_over: i64,
    /// The days from lock to handover, of the middle order and of nine of ten.
    pub(crate) days: (i64, i64),
    /// The handed-over orders whose first promise was planned.
    pub(crate) promised: i64,
    /// Those of them handed over on or before the first promised day.
    pub(crate) kept: i64,
    /// The promises made.
    pub(crate) promises: i64,
    /// The open orders with an estimated date.
    pub(crate) estimated: i64,
    /// The orders whose planned day moved later.
    pub(crate) slipped: i64,
}

/// Reads all figures.
pub(crate) async fn figures_fetch(tx: &Tx) -> Result<Figures, Error> {
    let mut figures = Figures::default();
    for row in tx
        .rows(
            "SELECT state, COUNT(*) FROM sales_order GROUP BY state",
            vec![],
        )
        .await?
    {
        let (state, count): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        figures.orders += count;
        match state {
            0 => figures.open = count,
            2 => figures.cancelled = count,
            _ => {}
        }
    }
    let sql = "SELECT w.handed_over_on - o.locked_on AS days, COUNT(*) FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no \
               WHERE w.handed_over_on IS NOT NULL GROUP BY w.handed_over_on - o.locked_on";
    let days = tx.rows(sql, vec![]).await?;
    let days = days
        .iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect::<Result<Vec<(i64, i64)>, Error>>()?;
    figures.handed_over = days.iter().map(|(_, count)| count).sum();
    figures.days = order_to_delivery(&days);
    let (planned, estimate) = (PromiseKind::Planned.code(), PromiseKind::Estimate.code());
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN w.handed_over_on <= p.deliver_on THEN 1 ELSE 0 END), 0) AS BIGINT) \
               FROM vehicle w JOIN promise p ON p.order_no = w.order_no AND p.promise_no = 1 \
               WHERE w.handed_over_on IS NOT NULL AND p.kind = $1";
    if let Some(row) = tx.one(sql, vec![planned.into()]).await? {
        (figures.promised, figures.kept) = (get(&row, 0)?, get(&row, 1)?);
    }
    figures.promises = tx.number("SELECT COUNT(*) FROM promise", vec![]).await?;
    let sql = "SELECT COUNT(*) FROM promise p JOIN sales_order o ON o.order_no = p.order_no WHERE o.state = 0 AND p.kind = $1 \
               AND NOT EXISTS (SELECT 1 FROM promise q WHERE q.order_no = p.order_no AND q.promise_no > p.promise_no)";
    figures.estimated = tx.number(sql, vec![estimate.into()]).await?;
    let sql = "SELECT COUNT(DISTINCT p.order_no) FROM promise p \
               JOIN promise b ON b.order_no = p.order_no AND b.promise_no = p.promise_no - 1 \
               WHERE p.promise_no > 1 AND b.kind = $1 AND p.deliver_on - b.deliver_on > $2";
    figures.slipped = tx
        .number(sql, vec![planned.into(), i64::from(TOLERANCE_DAYS).into()])
        .await?;
    Ok(figures)
}
