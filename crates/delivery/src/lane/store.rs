//! The rows of lane loads.
//!
//! It must not know how a lane is chosen. Invariant: loads are read and written under the lock of the order counter.

use takt_service::{Error, Tx};

use super::LaneLoads;
use crate::rows::get;

/// The loads of all lanes.
pub(crate) async fn lane_loads_fetch(tx: &Tx) -> Result<LaneLoads, Error> {
    let rows = tx
        .rows(
            "SELECT lane_no, order_count FROM lane_load ORDER BY lane_no",
            vec![],
        )
        .await?;
    let loads = rows
        .iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect::<Result<Vec<(i64, i64)>, Error>>()?;
    Ok(LaneLoads::new(loads))
}

/// Adds what was counted.
pub(crate) async fn lane_loads_add(tx: &Tx, loads: &LaneLoads) -> Result<(), Error> {
    let rows = loads
        .added()
        .iter()
        .map(|(lane, added)| vec![(*lane).into(), (*added).into()])
        .collect();
    let suffix = "ON CONFLICT (lane_no) DO UPDATE SET order_count = lane_load.order_count + excluded.order_count";
    tx.insert_many("lane_load", &["lane_no", "order_count"], rows, suffix)
        .await?;
    Ok(())
}
