//! What rows say of suppliers.
//!
//! It must not know rules beyond what a sum can hold.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::scorecard::Moments;
use takt_service::{Error, Tx};

use super::{Deliveries, SourceScore};
use crate::{
    programme::SourceNo,
    rows::{day, get},
};

/// What each source did with the lots that were due from one day to another; without an end, until the last receipt.
pub(crate) async fn scores_fetch(
    tx: &Tx,
    from: Option<Date>,
    until: Option<Date>,
) -> Result<BTreeMap<SourceNo, SourceScore>, Error> {
    let last = match until {
        Some(until) => i64::from(until.epoch_day()),
        None => last_receipt(tx).await?,
    };
    let first = day(from.unwrap_or(Date::MIN));
    let window = || vec![first.clone(), last.into()];
    let mut scores: BTreeMap<SourceNo, SourceScore> = BTreeMap::new();
    for (source, deliveries) in deliveries_fetch(tx, from, until).await? {
        scores.entry(source).or_default().deliveries = deliveries;
    }
    let sql = "SELECT source_no, CAST(SUM(asked_lots) AS BIGINT) FROM order_line WHERE asked_on BETWEEN $1 AND $2 GROUP BY source_no";
    for row in tx.rows(sql, window()).await? {
        scores.entry(SourceNo(get(&row, 0)?)).or_default().due = get(&row, 1)?;
    }
    let sql = "SELECT l.source_no, CAST(SUM(a.lots) AS BIGINT), \
               CAST(SUM(CASE WHEN n.received_on <= l.asked_on THEN a.lots - a.short_lots ELSE 0 END) AS BIGINT), \
               CAST(SUM(a.lots * (n.received_on - l.released_on)) AS BIGINT), \
               CAST(SUM(a.lots * (n.received_on - l.released_on) * (n.received_on - l.released_on)) AS BIGINT), \
               CAST(SUM(a.quantity) AS BIGINT), CAST(SUM(a.short_lots) AS BIGINT) \
               FROM asn_line AS a JOIN order_line AS l ON l.line_no = a.line_no JOIN asn AS n ON n.asn_no = a.asn_no \
               WHERE n.received_on IS NOT NULL AND l.asked_on BETWEEN $1 AND $2 GROUP BY l.source_no";
    for row in tx.rows(sql, window()).await? {
        let score = scores.entry(SourceNo(get(&row, 0)?)).or_default();
        score.on_time_in_full = get(&row, 2)?;
        score.lead = Moments {
            count: get(&row, 1)?,
            sum: get(&row, 3)?,
            squares: get(&row, 4)?,
        };
        score.quantity = get(&row, 5)?;
        score.short = get(&row, 6)?;
    }
    let sql = "SELECT l.source_no, COUNT(*), CAST(SUM(o.quantity) AS BIGINT) FROM lot_hold AS h JOIN order_line AS l ON l.line_no = h.line_no \
               JOIN asn_line AS a ON a.line_no = h.line_no AND h.lot_number BETWEEN a.first_lot AND a.first_lot + a.lots - 1 \
               JOIN asn AS n ON n.asn_no = a.asn_no JOIN lot AS o ON o.received_on = n.received_on AND o.lot_number = h.lot_number \
               WHERE h.inspection = 1 AND l.asked_on BETWEEN $1 AND $2 GROUP BY l.source_no";
    for row in tx.rows(sql, window()).await? {
        let score = scores.entry(SourceNo(get(&row, 0)?)).or_default();
        (score.blocked, score.blocked_quantity) = (get(&row, 1)?, get(&row, 2)?);
    }
    // Orders are answered and invoiced on days that no receipt bounds.
    let open_end = || vec![first.clone(), day(until.unwrap_or(Date::MAX))];
    let sql = "SELECT source_no, COUNT(*), CAST(SUM(answered_on - released_on) AS BIGINT), \
               CAST(SUM((answered_on - released_on) * (answered_on - released_on)) AS BIGINT) FROM order_line \
               WHERE answered_on IS NOT NULL AND released_on BETWEEN $1 AND $2 GROUP BY source_no";
    for row in tx.rows(sql, open_end()).await? {
        scores.entry(SourceNo(get(&row, 0)?)).or_default().response = Moments {
            count: get(&row, 1)?,
            sum: get(&row, 2)?,
            squares: get(&row, 3)?,
        };
    }
    // Prices times quantities do not fit 64 bits in a sum; the few pairs of prices of a source do.
    let sql = "SELECT l.source_no, x.price_micros, x.agreed_micros, CAST(SUM(x.quantity) AS BIGINT) FROM invoice AS i \
               JOIN invoice_line AS x ON x.invoice_no = i.invoice_no JOIN order_line AS l ON l.line_no = x.line_no \
               WHERE i.state <> 5 AND i.invoiced_on BETWEEN $1 AND $2 GROUP BY 1, 2, 3";
    for row in tx.rows(sql, open_end()).await? {
        let (price, agreed): (i64, i64) = (get(&row, 1)?, get(&row, 2)?);
        let quantity = i128::from(get::<i64>(&row, 3)?);
        let score = scores.entry(SourceNo(get(&row, 0)?)).or_default();
        score.invoiced += i128::from(price) * quantity;
        score.agreed += i128::from(agreed) * quantity;
    }
    Ok(scores)
}

/// The last day on which anything was received.
async fn last_receipt(tx: &Tx) -> Result<i64, Error> {
    let sql = "SELECT COALESCE(MAX(received_on), -1000000) FROM asn";
    tx.number(sql, vec![]).await
}

/// How long the deliveries took that were due from one day to another; without an end, until the last receipt.
pub(crate) async fn deliveries_fetch(
    tx: &Tx,
    from: Option<Date>,
    until: Option<Date>,
) -> Result<BTreeMap<SourceNo, Deliveries>, Error> {
    let now = last_receipt(tx).await?;
    let last = until.map_or(now, |until| i64::from(until.epoch_day()));
    let first = day(from.unwrap_or(Date::MIN));
    let mut all: BTreeMap<SourceNo, Deliveries> = BTreeMap::new();
    let sql = "SELECT l.source_no, n.received_on - l.released_on, n.received_on - l.asked_on, COUNT(*) \
               FROM asn_line AS a JOIN order_line AS l ON l.line_no = a.line_no JOIN asn AS n ON n.asn_no = a.asn_no \
               WHERE n.received_on IS NOT NULL AND l.asked_on BETWEEN $1 AND $2 GROUP BY 1, 2, 3";
    for row in tx.rows(sql, vec![first.clone(), last.into()]).await? {
        let of = all.entry(SourceNo(get(&row, 0)?)).or_default();
        let times = get(&row, 3)?;
        of.lead.add(get(&row, 1)?, times);
        of.late.add(get(&row, 2)?, times);
    }
    // What is missing would flatter who sends it last: it counts with the days that it has taken so far.
    let sql = "SELECT source_no, $3 - released_on, $3 - asked_on, COUNT(*) FROM order_line \
               WHERE received_lots + lost_lots + withdrawn_lots < lots AND asked_on BETWEEN $1 AND $2 AND asked_on < $3 GROUP BY 1, 2, 3";
    for row in tx.rows(sql, vec![first, last.into(), now.into()]).await? {
        let of = all.entry(SourceNo(get(&row, 0)?)).or_default();
        let times: i64 = get(&row, 3)?;
        of.lead.add(get(&row, 1)?, times);
        of.late.add(get(&row, 2)?, times);
        of.overdue += times;
    }
    Ok(all)
}
