//! What transit took so far, lane by lane. It must not know the wire. Invariant: only loads that have arrived count.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::transit::{Spread, spread};
use takt_service::{Error, Tx};

use crate::{programme::Lane, rows::get, shipment::Shipment};

/// The loads that arrived, by lane: days of transit with the number of loads.
#[derive(Debug, Default)]
pub(crate) struct Histories(BTreeMap<i64, Vec<(i64, i64)>>);

impl Histories {
    /// The spread of a lane.
    pub(crate) fn spread(&self, lane: &Lane) -> Spread {
        let observed = self.0.get(&lane.number).map_or(&[] as &[_], Vec::as_slice);
        spread(observed, lane.transit_days().into())
    }

    /// The days by which half and nine tenths of the lane's loads would be there; None of a load that is not on its way.
    pub(crate) fn eta(&self, load: &Shipment, lane: &Lane) -> Option<(Date, Date)> {
        let departed_on = load.departed_on.filter(|_| load.arrived_on.is_none())?;
        let spread = self.spread(lane);
        let after = |days: i64| departed_on.plus(i32::try_from(days).unwrap_or(i32::MAX));
        Some((after(spread.p50), after(spread.p90)))
    }
}

/// The history of all lanes.
pub(crate) async fn histories_fetch(tx: &Tx) -> Result<Histories, Error> {
    let sql = "SELECT lane_no, arrived_on - departed_on, COUNT(*) FROM shipment WHERE state >= 3 \
               GROUP BY lane_no, arrived_on - departed_on";
    let mut histories = Histories::default();
    for row in tx.rows(sql, vec![]).await? {
        let observed = (get(&row, 1)?, get(&row, 2)?);
        histories.0.entry(get(&row, 0)?).or_default().push(observed);
    }
    Ok(histories)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        programme::sample::{catalogue, date},
        shipment::TransportEvent,
    };

    #[test]
    fn a_load_on_its_way_is_expected_as_the_lane_was() {
        let catalogue = catalogue();
        let lane = catalogue.lane_at(80).unwrap();
        let histories = Histories(BTreeMap::from([(80, vec![(3, 6), (5, 4)])]));
        let mut load = Shipment::planned(date("2024-04-01"), lane, 1);
        assert_eq!(histories.eta(&load, lane), None);
        load.report(TransportEvent::Departed(date("2024-04-01")), lane)
            .unwrap();
        let days = Some((date("2024-04-04"), date("2024-04-06")));
        assert_eq!(histories.eta(&load, lane), days);
        // Nothing has arrived on the other lane: it is as it was published.
        let rail = catalogue.lane_at(81).unwrap();
        let six = (date("2024-04-07"), date("2024-04-07"));
        assert_eq!(histories.eta(&load, rail), Some(six));
        load.report(TransportEvent::Arrived(date("2024-04-04")), lane)
            .unwrap();
        assert_eq!(histories.eta(&load, lane), None);
    }
}
