//! Which lane an order's vehicle will take: the one furthest behind its share of its city's orders.
//!
//! It must not know dates or vehicles. Invariant: LA-1 the load of a lane is the number of its orders; the choice
//! depends on the loads alone, ties by the lane's place in the programme.

pub(crate) mod history;
pub(crate) mod loads;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod terms;

use std::collections::BTreeMap;

use crate::programme::{Catalogue, Lane};

/// The orders on each lane, by the lane's place; cancelled ones count, so that a choice is never made again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneLoads {
    counts: BTreeMap<i64, i64>,
    added: BTreeMap<i64, i64>,
}

impl LaneLoads {
    /// The loads as stored.
    pub fn new(counts: impl IntoIterator<Item = (i64, i64)>) -> Self {
        Self {
            counts: counts.into_iter().collect(),
            added: BTreeMap::new(),
        }
    }

    /// Chooses the lane of the next order to a city and counts it; None where no lane leads.
    pub fn choose<'c>(&mut self, catalogue: &'c Catalogue, city: &str) -> Option<&'c Lane> {
        let lanes = catalogue.lanes_to(city);
        let total: i128 = lanes.iter().map(|lane| i128::from(lane.share)).sum();
        let orders: i128 = lanes
            .iter()
            .map(|lane| i128::from(self.count(lane.number)))
            .sum();
        // Behind by share x (orders + 1) - own orders, times the sum of the shares to stay whole.
        let behind = |lane: &Lane| {
            i128::from(lane.share) * (orders + 1) - i128::from(self.count(lane.number)) * total
        };
        let mut best: Option<(i128, &Lane)> = None;
        for lane in lanes {
            let behind = behind(lane);
            if lane.share > 0 && best.is_none_or(|(most, _)| behind > most) {
                best = Some((behind, lane));
            }
        }
        let (_, lane) = best?;
        *self.counts.entry(lane.number).or_default() += 1;
        *self.added.entry(lane.number).or_default() += 1;
        Some(lane)
    }

    /// What was counted since the loads were read, by lane.
    pub fn added(&self) -> &BTreeMap<i64, i64> {
        &self.added
    }

    fn count(&self, lane: i64) -> i64 {
        self.counts.get(&lane).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::catalogue;

    #[test]
    fn three_of_four_take_the_lane_with_three_quarters() {
        let catalogue = catalogue();
        let mut loads = LaneLoads::default();
        let mut taken = Vec::new();
        for _ in 0..8 {
            taken.push(
                loads
                    .choose(&catalogue, "Shanghai")
                    .map_or(0, |lane| lane.number),
            );
        }
        assert_eq!(taken, [80, 80, 81, 80, 80, 80, 81, 80]);
        assert!(loads.choose(&catalogue, "Atlantis").is_none());
        assert_eq!(loads.added().get(&80), Some(&6));
    }

    #[test]
    fn chunks_do_not_change_the_choice() {
        let catalogue = catalogue();
        let mut whole = LaneLoads::default();
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for chunk in [3, 1, 7] {
            let mut loads = LaneLoads::new(counts.clone());
            for _ in 0..chunk {
                assert_eq!(
                    loads.choose(&catalogue, "Shanghai"),
                    whole.choose(&catalogue, "Shanghai")
                );
            }
            for (lane, added) in loads.added() {
                *counts.entry(*lane).or_default() += added;
            }
        }
        assert_eq!(&counts, whole.added());
    }
}
