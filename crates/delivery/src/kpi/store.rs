//! Handovers counted by what is alike in them.
//!
//! It must not know what the figures are. Invariants: one statement, whatever is grouped by; an order that was handed over has a vehicle on a load that
//! has arrived (HO-1), so every span has both its days.

use takt_kernel::Date;
use takt_service::{Error, Tx};

use super::{Alike, CASE_DAYS};
use crate::rows::{day, get};

/// By what handovers are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// They are not.
    None,
    /// By the city; the lanes to it are counted each.
    Lane,
    /// By the variant.
    Variant,
    /// By the month; its days are counted each.
    Day,
}

/// Which handovers are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The first day.
    pub(crate) from: Option<Date>,
    /// The last day.
    pub(crate) through: Option<Date>,
    /// The city; empty means all.
    pub(crate) city: String,
    /// The place of the variant; 0 means all.
    pub(crate) variant_no: i64,
    /// By what they are grouped.
    pub(crate) group_by: Grouping,
}

/// What went wrong on the way, each a condition on the vehicle `w`, its load `s` and the lane `l` of the load. A load that took longer than its lane
/// takes is late, whether the carrier has told of the delay or not; a damage counts however it ended.
const EXCEPTIONS: &[&str] = &[
    "s.arrived_on - s.departed_on > (l.transit_millidays + 999) / 1000",
    "w.vehicle_no IN (SELECT f.vehicle_no FROM transport_exception x JOIN vehicle f ON f.vin = x.vin WHERE x.kind = 2)",
];

/// Handovers with the number of their group: a lane, a variant or a day, 0 where nothing is grouped by.
pub(crate) async fn alike_fetch(tx: &Tx, scope: &Scope) -> Result<Vec<(i64, Alike)>, Error> {
    let group = match scope.group_by {
        Grouping::None => "CAST(0 AS BIGINT)",
        Grouping::Lane => "s.lane_no",
        Grouping::Variant => "c.variant_no",
        Grouping::Day => "w.handed_over_on",
    };
    let exceptions = EXCEPTIONS.join(" OR ");
    let sql = format!(
        "WITH one AS MATERIALIZED (SELECT {group} AS of_group, w.handed_over_on - o.locked_on AS d1, w.released_on - w.built_on AS d2, s.departed_on - w.released_on AS d3, \
         s.arrived_on - s.departed_on AS d4, w.handed_over_on - s.arrived_on AS d5, l.cost_micros AS cost, \
         CAST(CASE WHEN p.deliver_on >= w.handed_over_on THEN 1 ELSE 0 END + CASE WHEN w.config_no = o.config_no THEN 2 ELSE 0 END \
         + CASE WHEN {exceptions} THEN 0 ELSE 4 END \
         + CASE WHEN w.vehicle_no IN (SELECT f.vehicle_no FROM inspection i JOIN vehicle f ON f.vin = i.vin WHERE i.passed = 0) THEN 0 ELSE 8 END \
         + CASE WHEN w.vehicle_no IN (SELECT f.vehicle_no FROM service_case k JOIN vehicle f ON f.vin = k.vin WHERE k.state <> 5 \
         AND k.opened_on <= $2 AND k.opened_on <= f.handed_over_on + {CASE_DAYS}) THEN 0 ELSE 16 END AS BIGINT) AS holds \
         FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no JOIN configuration c ON c.config_no = o.config_no \
         JOIN shipment s ON s.shipment_no = w.shipment_no JOIN lane l ON l.lane_no = s.lane_no \
         LEFT JOIN promise p ON p.order_no = o.order_no AND p.promise_no = 1 \
         WHERE w.handed_over_on BETWEEN $1 AND $2 AND ($3 = '' OR l.city = $3) AND ($4 = 0 OR c.variant_no = $4)) \
         SELECT of_group, d1, d2, d3, d4, d5, holds, COUNT(*), CAST(SUM(cost) AS BIGINT) FROM one GROUP BY of_group, d1, d2, d3, d4, d5, holds"
    );
    // Where no day is given, all that a date can be lies between.
    let bound = |on: Option<Date>, open: i64| on.map_or_else(|| open.into(), day);
    let values = vec![
        bound(scope.from, i32::MIN.into()),
        bound(scope.through, i32::MAX.into()),
        scope.city.as_str().into(),
        scope.variant_no.into(),
    ];
    let mut found = Vec::new();
    for row in tx.rows(&sql, values).await? {
        let mut days = [0; super::SPANS];
        for (at, span) in days.iter_mut().enumerate() {
            *span = get(&row, at + 1)?;
        }
        let alike = Alike {
            days,
            holds: get(&row, 6)?,
            count: get(&row, 7)?,
            cost_micros: get(&row, 8)?,
        };
        found.push((get(&row, 0)?, alike));
    }
    Ok(found)
}
