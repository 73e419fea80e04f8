//! The gate: what leaves and what stays, asked at the departure itself and not when the load was planned.
//!
//! It must not know carriers' messages. Invariant: no vehicle leaves that a stop-ship keeps back or on which production's word is
//! awaited; a load leaves without such vehicles, and they stand on the next one of their lane, which asks again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use takt_kernel::Date;
use takt_service::{Error, Row, Tx, error::Refusal};

use crate::{
    allocation::{load_for, loads},
    programme::Catalogue,
    rows::{date_opt, get, list},
    shipment::{
        ShipmentNo,
        store::{shipments_departed, shipments_grow, shipments_shrink},
    },
};

/// A vehicle that is kept back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its number in the yard.
    pub(crate) vehicle_no: i64,
    /// The vehicle.
    pub(crate) vin: String,
    /// The recall.
    pub(crate) recall_id: String,
    /// Whether production's word on it is awaited.
    pub(crate) unchecked: bool,
}

/// The vehicles that are kept back, by the load on which they stand.
pub(crate) type KeptOf = BTreeMap<ShipmentNo, Vec<Kept>>;

/// The vehicles of loads that are kept back, under the gate.
pub(crate) async fn kept_fetch(tx: &Tx, numbers: &[ShipmentNo]) -> Result<KeptOf, Error> {
    let sql = "SELECT COUNT(*) FROM recall WHERE stop_ship > 0";
    if numbers.is_empty() || tx.number(sql, vec![]).await? == 0 {
        return Ok(KeptOf::new());
    }
    let affected = "SELECT w.shipment_no, w.vehicle_no, w.vin, r.recall_id FROM v JOIN vehicle w ON w.shipment_no = v.shipment_no \
                    JOIN recall_vehicle k ON k.vin = w.vin AND k.affected = 1 AND k.state NOT IN (4, 6) \
                    JOIN recall r ON r.recall_no = k.recall_no AND r.stop_ship > 0";
    let awaited = "SELECT w.shipment_no, w.vehicle_no, w.vin, r.recall_id FROM v JOIN vehicle w ON w.shipment_no = v.shipment_no \
                   JOIN recall_check k ON k.vin = w.vin JOIN recall r ON r.recall_no = k.recall_no AND r.stop_ship > 0";
    let mut kept: BTreeMap<(ShipmentNo, i64), Kept> = BTreeMap::new();
    for (query, unchecked) in [(affected, false), (awaited, true)] {
        let list = list(numbers.iter().map(|number| number.value()));
        for row in tx.rows_for(&["shipment_no"], list, query).await? {
            let one = Kept {
                vehicle_no: get(&row, 1)?,
                vin: get(&row, 2)?,
                recall_id: get(&row, 3)?,
                unchecked,
            };
            let key = (ShipmentNo::of_value(get(&row, 0)?), one.vehicle_no);
            kept.entry(key)
                .and_modify(|known| {
                    // Of several recalls the first by its id is named, and one that is certain before one that is not.
                    if (one.unchecked, &one.recall_id) < (known.unchecked, &known.recall_id) {
                        *known = one.clone();
                    }
                })
                .or_insert(one);
        }
    }
    let mut of: KeptOf = KeptOf::new();
    for ((number, _), one) in kept {
        of.entry(number).or_default().push(one);
    }
    Ok(of)
}

/// Takes vehicles off loads that leave and puts each on the next load of its lane; answers with these loads. `leaving` are all
/// loads that leave in this transaction, with their days.
pub(crate) async fn kept_move(
    tx: &Tx,
    catalogue: &Catalogue,
    kept: &KeptOf,
    leaving: &BTreeMap<ShipmentNo, Date>,
) -> Result<BTreeMap<ShipmentNo, ShipmentNo>, Error> {
    let mut next = BTreeMap::new();
    let Some(first) = kept.keys().map(|number| number.planned_on()).min() else {
        return Ok(next);
    };
    let departed = shipments_departed(tx, first).await?;
    let departed: BTreeSet<ShipmentNo> = departed
        .into_iter()
        .chain(leaving.keys().copied())
        .collect();
    let (mut off, mut onto, mut rows) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (number, vehicles) in kept {
        let left_on = leaving.get(number).copied();
        let left_on = left_on.unwrap_or_else(|| number.planned_on());
        let to = load_for(left_on.plus(1), number.lane_no(), &departed);
        next.insert(*number, to);
        off.insert(*number, i64::try_from(vehicles.len()).unwrap_or(i64::MAX));
        for one in vehicles {
            onto.push(to);
            let row = [one.vehicle_no, to.value(), number.value()];
            rows.push(row.map(takt_service::Value::from).to_vec());
        }
    }
    shipments_shrink(tx, &off).await?;
    shipments_grow(tx, &loads(onto, catalogue)?).await?;
    let columns = ["vehicle_no", "shipment_no", "before"];
    let set = ["shipment_no = v.shipment_no"];
    let count = rows.len();
    // Quality may have taken a vehicle off the load in the meantime; then all is looked at again.
    let there = "t.shipment_no = v.before";
    let moved = tx
        .update_many("vehicle", &["vehicle_no"], &set, &columns, rows, there)
        .await?;
    if !usize::try_from(moved).is_ok_and(|moved| moved == count) {
        return Err(Error::Conflict {
            detail: "a vehicle left its load beside the gate".to_owned(),
        });
    }
    Ok(next)
}

/// Those of some vehicles that a stop-sale keeps from their customers, with the recall. Under the gate.
pub(crate) async fn unsold_fetch(
    tx: &Tx,
    vins: impl IntoIterator<Item = &str>,
) -> Result<BTreeMap<String, String>, Error> {
    let sql = "SELECT COUNT(*) FROM recall WHERE stop_ship = 2";
    if tx.number(sql, vec![]).await? == 0 {
        return Ok(BTreeMap::new());
    }
    let query = "SELECT k.vin, r.recall_id FROM v JOIN recall_vehicle k ON k.vin = v.vin AND k.affected = 1 AND k.state NOT IN (4, 6) \
                 JOIN recall r ON r.recall_no = k.recall_no AND r.stop_ship = 2";
    let rows = tx.rows_for(&["vin"], list(vins), query).await?;
    let mut unsold: BTreeMap<String, String> = BTreeMap::new();
    for row in &rows {
        let (vin, recall): (String, String) = (get(row, 0)?, get(row, 1)?);
        unsold
            .entry(vin)
            .and_modify(|known| {
                if recall < *known {
                    known.clone_from(&recall);
                }
            })
            .or_insert(recall);
    }
    Ok(unsold)
}

/// The vehicles that a stop keeps where they are, as a table `g` to join with vehicle `w` and its shipment `s`: the recall and its day. A
/// stop-ship keeps what has not left, a stop-sale what is not handed over.
pub(crate) const STOPPED: &str = "LEFT JOIN (SELECT k.vin, MIN(r.recall_id) AS recall_id, MIN(r.stop_ship_on) AS stopped_on, MAX(r.stop_ship) AS reach \
     FROM recall r JOIN recall_vehicle k ON k.recall_no = r.recall_no AND k.affected = 1 AND k.state NOT IN (4, 6) \
     WHERE r.stop_ship > 0 GROUP BY k.vin) g ON g.vin = w.vin AND w.handed_over_on IS NULL AND (g.reach = 2 OR s.departed_on IS NULL)";

/// The recall and the day of a stop, of two columns.
pub(crate) fn stopped(row: &Row, at: usize) -> Result<Option<(String, Date)>, Error> {
    let recall = get::<Option<String>>(row, at)?;
    Ok(recall.zip(date_opt(row, at + 1)?))
}

/// Why something does not pass the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateRefusal {
    /// Every vehicle of the load is kept back.
    WholeLoad {
        /// A recall that does.
        recall_id: String,
    },
    /// The vehicle is not to be handed over.
    Handover {
        /// The recall.
        recall_id: String,
    },
}

impl fmt::Display for GateRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeLoad { recall_id } => write!(
                out,
                "every vehicle of the shipment is kept back, for example by recall {recall_id}; it leaves when they are remedied or the stop-ship is lifted"
            ),
            Self::Handover { recall_id } => write!(
                out,
                "recall {recall_id} keeps the vehicle from its customer; record its remedy or lift the stop-ship first"
            ),
        }
    }
}

impl Refusal for GateRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::WholeLoad { .. } => "SHIPMENT_STOPPED",
            Self::Handover { .. } => "VEHICLE_STOPPED",
        }
    }
}
