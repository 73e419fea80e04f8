//! What is available to promise by day, and whether holds and ledger agree.
//!
//! It must not know messages beyond its answers. Invariants: a row is computed from supply and commitments of one
//! snapshot; nothing is repaired.

use takt_contract::{date_pb, production::v1 as pb};
use takt_kernel::Date;
use takt_planning::atp::{Period, covered, cumulative, look_ahead};
use takt_service::{Error, Tx};

use super::snapshot::Snapshot;
use crate::product::{
    Product,
    store::{date_of, index_of},
};

/// The most differences that are told.
const TOLD: i64 = 100;

/// The periods that somebody asks for.
///
/// # Errors
/// `Invalid` when neither or both of variant and item are given, `Missing` when there is no such one.
pub fn periods<'s>(
    snapshot: &'s Snapshot,
    product: &Product,
    message: &pb::ListAvailableToPromiseRequest,
) -> Result<&'s [Period], Error> {
    match (message.variant_id.as_str(), message.item_id.as_str()) {
        ("", "") => Err(Error::invalid("variant_id", "give a variant or an item")),
        (variant, "") => {
            let place = product.variant(variant);
            let place = place.ok_or_else(|| Error::missing("variant", variant))?;
            Ok(snapshot.basis.slot_periods(place))
        }
        ("", item) => {
            let place = product
                .item(item)
                .ok_or_else(|| Error::missing("item", item))?;
            if let Err(error) = &snapshot.supply {
                return Err(Error::down("procurement", error.clone()));
            }
            Ok(snapshot.basis.part_periods(place))
        }
        _ => Err(Error::invalid(
            "item_id",
            "give a variant or an item, not both",
        )),
    }
}

/// The rows of some periods from a day on.
pub fn rows(first: Date, periods: &[Period]) -> Vec<pb::AvailableDay> {
    let figures = covered(periods).into_iter().zip(cumulative(periods));
    let figures = figures.zip(look_ahead(periods)).zip(periods).zip(0i32..);
    figures
        .map(
            |((((discrete, cumulative), look_ahead), period), day)| pb::AvailableDay {
                date: Some(date_pb(first.plus(day))),
                supply: period.supply,
                committed: period.committed,
                discrete,
                cumulative,
                look_ahead,
            },
        )
        .collect()
}

/// Compares holds with their entries, and what is taken with the plan.
///
/// # Errors
/// What the database said.
pub async fn reconciled(tx: &Tx, product: &Product) -> Result<pb::ReconcileSlotsResponse, Error> {
    let mut answer = pb::ReconcileSlotsResponse {
        hold_count: tx.number("SELECT COUNT(*) FROM hold", vec![]).await?,
        entry_count: tx.number("SELECT COUNT(*) FROM slot_entry", vec![]).await?,
        slot_version: tx.number("SELECT version FROM slot_head", vec![]).await?,
        ..pb::ReconcileSlotsResponse::default()
    };
    let sql = "SELECT h.hold_id, s.build_on, s.kept_count, COALESCE(e.kept, 0) FROM hold AS h JOIN hold_slot AS s ON s.hold_no = h.hold_no \
               LEFT JOIN (SELECT hold_no, build_on, CAST(SUM(CASE WHEN kind = 1 THEN vehicle_count WHEN kind IN (3, 4, 5) THEN -vehicle_count \
               ELSE 0 END) AS BIGINT) AS kept FROM slot_entry GROUP BY hold_no, build_on) AS e ON e.hold_no = s.hold_no AND e.build_on = s.build_on \
               WHERE s.kept_count <> COALESCE(e.kept, 0) ORDER BY h.hold_no, s.build_on LIMIT $1";
    for row in tx.rows(sql, vec![TOLD.into()]).await? {
        let (id, on): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (kept, entries): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let on = date_of(on);
        answer.differences.push(format!(
            "hold {id} keeps {kept} on {on}, and its entries add up to {entries}"
        ));
    }
    let sql = "SELECT t.build_on, t.variant_no, t.taken, COALESCE(p.vehicle_count, 0) FROM (SELECT s.build_on, h.variant_no, \
               CAST(SUM(s.kept_count) AS BIGINT) AS taken FROM hold AS h JOIN hold_slot AS s ON s.hold_no = h.hold_no WHERE s.kept_count > 0 \
               AND (h.state = 2 OR (h.state = 1 AND h.expires_at > $1)) GROUP BY s.build_on, h.variant_no) AS t LEFT JOIN plan_day_variant AS p \
               ON p.plan_no = (SELECT MAX(plan_no) FROM plan) AND p.build_on = t.build_on AND p.variant_no = t.variant_no \
               WHERE t.taken > COALESCE(p.vehicle_count, 0) ORDER BY t.build_on, t.variant_no LIMIT $2";
    let values = vec![tx.now_micros().into(), TOLD.into()];
    for row in tx.rows(sql, values).await? {
        let (on, variant): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (taken, planned): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let variant = product.variant_id(index_of(variant));
        answer.overcommitted.push(format!(
            "{variant} on {}: {taken} slots are taken of {planned} planned",
            date_of(on)
        ));
    }
    Ok(answer)
}
