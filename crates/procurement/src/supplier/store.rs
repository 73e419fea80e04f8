//! What rows say of suppliers.
//!
//! It must not know rules beyond what a sum can hold.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::SourceScore;
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
        None => {
            tx.number(
                "SELECT COALESCE(MAX(received_on), -1000000) FROM asn",
                vec![],
            )
            .await?
        }
    };
    let window = || vec![day(from.unwrap_or(Date::MIN)), last.into()];
    let mut scores: BTreeMap<SourceNo, SourceScore> = BTreeMap::new();
    let sql = "SELECT source_no, CAST(SUM(lots) AS BIGINT) FROM order_line WHERE receipt_on BETWEEN $1 AND $2 GROUP BY source_no";
    for row in tx.rows(sql, window()).await? {
        scores.entry(SourceNo(get(&row, 0)?)).or_default().due = get(&row, 1)?;
    }
    let sql = "SELECT l.source_no, CAST(SUM(a.lots) AS BIGINT), \
               CAST(SUM(CASE WHEN n.received_on <= l.receipt_on THEN a.lots - a.short_lots ELSE 0 END) AS BIGINT), \
               CAST(SUM(a.lots * (n.received_on - l.released_on)) AS BIGINT), CAST(SUM(a.quantity) AS BIGINT), \
               CAST(SUM(a.short_lots) AS BIGINT) \
               FROM asn_line AS a JOIN order_line AS l ON l.line_no = a.line_no JOIN asn AS n ON n.asn_no = a.asn_no \
               WHERE n.received_on IS NOT NULL AND l.receipt_on BETWEEN $1 AND $2 GROUP BY l.source_no";
    for row in tx.rows(sql, window()).await? {
        let score = scores.entry(SourceNo(get(&row, 0)?)).or_default();
        score.received = get(&row, 1)?;
        score.on_time_in_full = get(&row, 2)?;
        score.lead_days = get(&row, 3)?;
        score.quantity = get(&row, 4)?;
        score.short = get(&row, 5)?;
    }
    let sql = "SELECT l.source_no, COUNT(*) FROM lot_hold AS h JOIN order_line AS l ON l.line_no = h.line_no \
               WHERE h.inspection = 1 AND l.receipt_on BETWEEN $1 AND $2 GROUP BY l.source_no";
    for row in tx.rows(sql, window()).await? {
        scores.entry(SourceNo(get(&row, 0)?)).or_default().blocked = get(&row, 1)?;
    }
    Ok(scores)
}
