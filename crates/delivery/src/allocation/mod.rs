//! Allocation: which vehicle fulfils which order, and with which load it will leave.
//!
//! It must not know the database or the wire. Invariants: OR-1 an order has at most one vehicle; OR-2 a vehicle has
//! at most one order; a vehicle gets a place on a load only when it is released and has an order, and never on a load
//! that has left.

pub(crate) mod changes;
pub(crate) mod gone;
pub(crate) mod rpc;
pub(crate) mod store;
pub(crate) mod wire;
pub(crate) mod yard;
pub(crate) mod yard_store;

use std::collections::{BTreeMap, BTreeSet};

use takt_kernel::Date;
use takt_service::Error;

use crate::{
    order::Queueing,
    programme::Catalogue,
    shipment::{Shipment, ShipmentNo},
};

/// A vehicle as production tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltVehicle {
    /// The vehicle.
    pub vin: String,
    /// Its place in the order in which parts are issued.
    pub build_no: i64,
    /// The order for which it was built; empty when for none.
    pub order_id: String,
    /// The day of completion.
    pub built_on: Date,
    /// Whether it may be delivered.
    pub released: bool,
}

/// An order as allocation sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The order.
    pub order_no: i64,
    /// What was ordered.
    pub config_no: i64,
    /// The lane to its city.
    pub lane_no: i64,
    /// Whether it waits for a vehicle.
    pub queueing: Queueing,
}

/// A vehicle with what allocation decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocated {
    /// The vehicle.
    pub vehicle: BuiltVehicle,
    /// What was built; none when it was built for no order.
    pub config_no: Option<i64>,
    /// Its order; none while it stands in the yard for nobody.
    pub order: Option<Candidate>,
    /// The load with which it will leave.
    pub shipment: Option<ShipmentNo>,
}

/// Orders that wait for a vehicle of a configuration, in the order of the queue.
pub type Waiting = BTreeMap<i64, Vec<Candidate>>;

/// Gives each vehicle its order: the one it was built for, or, when that is cancelled or has another vehicle, the
/// first order that waits for the same configuration; when nobody waits the vehicle stays in the yard.
pub fn allocate(
    vehicles: &[BuiltVehicle],
    orders: &BTreeMap<String, Candidate>,
    waiting: &Waiting,
) -> Result<Vec<Allocated>, Error> {
    let mut taken = BTreeSet::new();
    // The orders that vehicles were built for come first, so that a stray vehicle cannot take their place.
    for vehicle in vehicles {
        if let Some(order) = orders
            .get(&vehicle.order_id)
            .filter(|order| order.queueing == Queueing::Open)
        {
            taken.insert(order.order_no);
        }
    }
    let mut served = BTreeSet::new();
    let mut allocated = Vec::with_capacity(vehicles.len());
    for vehicle in vehicles {
        let wanted = match orders.get(&vehicle.order_id) {
            Some(order) => Some(*order),
            None if vehicle.order_id.is_empty() => None,
            None => return Err(Error::missing("order", &vehicle.order_id)),
        };
        let own = wanted
            .filter(|order| order.queueing == Queueing::Open && served.insert(order.order_no));
        let order = own.or_else(|| {
            let waiting = waiting.get(&wanted?.config_no)?;
            waiting
                .iter()
                .find(|order| taken.insert(order.order_no))
                .copied()
        });
        let config_no = wanted.map(|order| order.config_no);
        allocated.push(Allocated {
            vehicle: vehicle.clone(),
            config_no,
            order,
            shipment: None,
        });
    }
    Ok(allocated)
}

/// The day's load of a lane, or the next one that has not left.
pub fn load_for(on: Date, lane_no: i64, departed: &BTreeSet<ShipmentNo>) -> ShipmentNo {
    let mut number = ShipmentNo::new(on, lane_no);
    while departed.contains(&number) {
        number = ShipmentNo::new(number.planned_on().plus(1), lane_no);
    }
    number
}

/// The loads that vehicles make together.
pub fn loads(
    numbers: impl IntoIterator<Item = ShipmentNo>,
    catalogue: &Catalogue,
) -> Result<Vec<Shipment>, Error> {
    let mut counts: BTreeMap<ShipmentNo, i64> = BTreeMap::new();
    for number in numbers {
        *counts.entry(number).or_default() += 1;
    }
    let load = |(number, count): (ShipmentNo, i64)| {
        let lane = catalogue.lane_at(number.lane_no());
        let lane = lane.ok_or_else(|| {
            Error::broken(format!("lane {} is not in the programme", number.lane_no()))
        })?;
        Ok(Shipment::planned(number.planned_on(), lane, count))
    };
    counts.into_iter().map(load).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date};

    fn vehicle(vin: &str, order: &str) -> BuiltVehicle {
        let built_on = date("2024-04-01");
        BuiltVehicle {
            vin: vin.into(),
            build_no: 1,
            order_id: order.into(),
            built_on,
            released: true,
        }
    }

    fn candidate(order_no: i64, queueing: Queueing) -> Candidate {
        Candidate {
            order_no,
            config_no: 5,
            lane_no: 80,
            queueing,
        }
    }

    fn served(vehicles: &[BuiltVehicle], waiting: &[Candidate]) -> Vec<Option<i64>> {
        let orders = BTreeMap::from([
            ("A".to_owned(), candidate(1, Queueing::Open)),
            ("B".to_owned(), candidate(2, Queueing::Cancelled)),
            ("C".to_owned(), candidate(3, Queueing::Allocated)),
        ]);
        let waiting = Waiting::from([(5, waiting.to_vec())]);
        let allocated = allocate(vehicles, &orders, &waiting).unwrap();
        allocated
            .iter()
            .map(|vehicle| vehicle.order.map(|order| order.order_no))
            .collect()
    }

    #[test]
    fn a_vehicle_goes_to_the_order_it_was_built_for_or_to_the_next_that_waits() {
        let open = |order_no| candidate(order_no, Queueing::Open);
        assert_eq!(
            served(&[vehicle("V1", "A"), vehicle("V2", "")], &[]),
            [Some(1), None]
        );
        let stray = [
            vehicle("V1", "B"),
            vehicle("V2", "A"),
            vehicle("V3", "C"),
            vehicle("V4", "B"),
        ];
        assert_eq!(
            served(&stray, &[open(1), open(4), open(6)]),
            [Some(4), Some(1), Some(6), None]
        );
        assert_eq!(
            served(
                &[vehicle("V1", "A"), vehicle("V2", "A")],
                &[open(1), open(4)]
            ),
            [Some(1), Some(4)]
        );
        let unknown = allocate(&[vehicle("V1", "X")], &BTreeMap::new(), &Waiting::new());
        assert!(matches!(unknown, Err(Error::Missing { .. })));
    }

    #[test]
    fn a_load_that_has_left_takes_no_more() {
        let day = date("2024-04-01");
        let departed = BTreeSet::from([ShipmentNo::new(day, 80), ShipmentNo::new(day.plus(1), 80)]);
        assert_eq!(
            load_for(day, 80, &departed),
            ShipmentNo::new(day.plus(2), 80)
        );
        assert_eq!(load_for(day, 81, &departed), ShipmentNo::new(day, 81));
        let numbers = [
            ShipmentNo::new(day, 80),
            ShipmentNo::new(day, 81),
            ShipmentNo::new(day, 80),
        ];
        let loads = loads(numbers, &catalogue()).unwrap();
        let told: Vec<(i64, i64)> = loads
            .iter()
            .map(|load| (load.number.lane_no(), load.vehicle_count))
            .collect();
        assert_eq!(told, [(80, 2), (81, 1)]);
        assert!(super::loads([ShipmentNo::new(day, 7)], &catalogue()).is_err());
    }
}
