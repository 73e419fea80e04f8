//! The yard: vehicles that have not left, and when one may be given to an order or exchanged.
//!
//! It must not know rows or messages. Invariants: an order takes a vehicle of exactly its configuration; nothing that has left, is gone, or is kept
//! back is given from stock; a vehicle that quality keeps back has no load, whoever has it.

use std::fmt;

use takt_kernel::Date;
use takt_planning::swap::{Holding, propose};
use takt_service::error::Refusal;

use crate::{
    order::Queueing,
    programme::Catalogue,
    shipment::{ShipmentNo, ShipmentState},
};

/// An order as the yard sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YardOrder {
    /// Its number.
    pub(crate) order_no: i64,
    /// The order.
    pub(crate) id: String,
    /// What was ordered.
    pub(crate) config_no: i64,
    /// The lane to its city.
    pub(crate) lane_no: i64,
    /// Its place in the queue.
    pub(crate) queueing: Queueing,
    /// What it was promised last.
    pub(crate) promised_on: Option<Date>,
}

/// A vehicle as the yard sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YardVehicle {
    /// Its number.
    pub(crate) vehicle_no: i64,
    /// The vehicle.
    pub(crate) vin: String,
    /// What was built: the number, the variant and the options; None where it was built for no order.
    pub(crate) config: Option<(i64, i64, String)>,
    /// The day of completion.
    pub(crate) built_on: Date,
    /// The day of release; None while quality keeps it back.
    pub(crate) released_on: Option<Date>,
    /// Its order.
    pub(crate) order: Option<YardOrder>,
    /// Its load, with the state of that.
    pub(crate) load: Option<(ShipmentNo, i64)>,
    /// A recall that keeps it from leaving.
    pub(crate) stopped_by: Option<String>,
    /// Whether it was lost or written off.
    pub(crate) gone: bool,
}

impl YardVehicle {
    fn config_no(&self) -> Option<i64> {
        self.config.as_ref().map(|(number, ..)| *number)
    }

    /// Whether it has left the plant.
    fn has_left(&self) -> bool {
        let planned = ShipmentState::Planned.code();
        self.gone || self.load.is_some_and(|(_, state)| state > planned)
    }

    /// Gives it from stock to an order that waits.
    pub(crate) fn give(&self, order: &YardOrder) -> Result<(), YardRefusal> {
        let vin = || self.vin.clone();
        if let Some(known) = &self.order {
            return Err(YardRefusal::HasOrder {
                vin: vin(),
                order_id: known.id.clone(),
            });
        }
        if self.has_left() {
            return Err(YardRefusal::Left { vin: vin() });
        }
        if order.queueing != Queueing::Open {
            return Err(YardRefusal::NotWaiting {
                order_id: order.id.clone(),
                cancelled: order.queueing == Queueing::Cancelled,
            });
        }
        self.fits(order)?;
        match &self.stopped_by {
            Some(recall_id) => Err(YardRefusal::Kept {
                vin: vin(),
                by: format!("recall {recall_id}"),
            }),
            None if self.released_on.is_none() => Err(YardRefusal::Kept {
                vin: vin(),
                by: "quality".to_owned(),
            }),
            None => Ok(()),
        }
    }

    fn fits(&self, order: &YardOrder) -> Result<(), YardRefusal> {
        match self.config_no() {
            Some(number) if number == order.config_no => Ok(()),
            known => Err(YardRefusal::OtherConfiguration {
                vin: self.vin.clone(),
                order_id: order.id.clone(),
                known: known.is_some(),
            }),
        }
    }

    /// Whether its order may exchange it for that of another order.
    pub(crate) fn exchange(&self, other: &Self) -> Result<(), YardRefusal> {
        for one in [self, other] {
            if one.has_left() {
                return Err(YardRefusal::Left {
                    vin: one.vin.clone(),
                });
            }
        }
        match (&self.order, &other.order) {
            (Some(mine), Some(theirs)) => self.fits(theirs).and(other.fits(mine)),
            _ => Err(YardRefusal::Left {
                vin: self.vin.clone(),
            }),
        }
    }

    /// The day before which it must not be planned on a load; None while it is kept back by quality.
    pub(crate) fn leaves_from(&self, on: Date) -> Option<Date> {
        let planned = self.load.map(|(load, _)| load.planned_on());
        let released = self.released_on?;
        Some(planned.unwrap_or(released).max(released).max(on))
    }
}

/// A swap that is worth it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// The order that takes the earlier vehicle.
    pub(crate) order: YardOrder,
    /// The order that gives it away.
    pub(crate) other: YardOrder,
    /// When the first one comes without the swap.
    pub(crate) before: Date,
    /// When it comes with it.
    pub(crate) after: Date,
    /// When the other one comes with it.
    pub(crate) other_after: Date,
}

/// The swaps among vehicles of one configuration that make late promises on time, in the order in which they are to be done.
pub(crate) fn proposals(
    vehicles: &[YardVehicle],
    catalogue: &Catalogue,
    as_of: Date,
) -> Vec<Proposal> {
    let held = |vehicle: &YardVehicle| {
        let order = vehicle.order.clone()?;
        let transit = catalogue.lane_at(order.lane_no)?.transit_days();
        let ready = vehicle.leaves_from(as_of)?;
        let free = !vehicle.has_left() && vehicle.load.is_some() && vehicle.stopped_by.is_none();
        let limit = order.promised_on?.minus(transit);
        free.then_some((order, transit, ready, limit))
    };
    let held: Vec<_> = vehicles.iter().filter_map(held).collect();
    let holdings: Vec<Holding> = held
        .iter()
        .map(|(_, _, ready, limit)| Holding {
            ready: ready.epoch_day().into(),
            limit: limit.epoch_day().into(),
        })
        .collect();
    let mut ready: Vec<Date> = held.iter().map(|(_, _, ready, _)| *ready).collect();
    let mut found = Vec::new();
    for (one, other) in propose(&holdings) {
        let (Some(mine), Some(theirs)) = (held.get(one), held.get(other)) else {
            continue;
        };
        let day = |ready: &[Date], at: usize| ready.get(at).copied().unwrap_or_default();
        let before = day(&ready, one).plus(mine.1);
        ready.swap(one, other);
        found.push(Proposal {
            order: mine.0.clone(),
            other: theirs.0.clone(),
            before,
            after: day(&ready, one).plus(mine.1),
            other_after: day(&ready, other).plus(theirs.1),
        });
    }
    found
}

/// Why a vehicle stays with its order, or without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum YardRefusal {
    /// Another order has it.
    HasOrder {
        /// The vehicle.
        vin: String,
        /// The order.
        order_id: String,
    },
    /// It has left the plant, or is gone.
    Left {
        /// The vehicle.
        vin: String,
    },
    /// The order does not wait.
    NotWaiting {
        /// The order.
        order_id: String,
        /// Whether it was cancelled.
        cancelled: bool,
    },
    /// The order has no vehicle to exchange.
    NoVehicle {
        /// The order.
        order_id: String,
    },
    /// It is not what was ordered.
    OtherConfiguration {
        /// The vehicle.
        vin: String,
        /// The order.
        order_id: String,
        /// Whether its configuration is known at all.
        known: bool,
    },
    /// Something keeps it back.
    Kept {
        /// The vehicle.
        vin: String,
        /// What does.
        by: String,
    },
}

impl fmt::Display for YardRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasOrder { vin, order_id } => write!(
                out,
                "vehicle {vin} is allocated to order {order_id}; swap the vehicles of the two orders instead"
            ),
            Self::Left { vin } => write!(
                out,
                "vehicle {vin} has left the yard; choose one that is still there, as ListYardVehicles tells"
            ),
            Self::NotWaiting {
                order_id,
                cancelled: true,
            } => write!(out, "order {order_id} was cancelled and takes no vehicle"),
            Self::NotWaiting { order_id, .. } => write!(
                out,
                "order {order_id} has a vehicle already; swap it with another order's instead"
            ),
            Self::NoVehicle { order_id } => write!(
                out,
                "order {order_id} has no vehicle to exchange; allocate one from stock to it instead"
            ),
            Self::OtherConfiguration {
                vin,
                order_id,
                known: true,
            } => write!(
                out,
                "vehicle {vin} is not of exactly the configuration of order {order_id}; choose one that is"
            ),
            Self::OtherConfiguration { vin, .. } => write!(
                out,
                "vehicle {vin} was built for no order and its configuration is not known here; it cannot be allocated"
            ),
            Self::Kept { vin, by } => write!(
                out,
                "vehicle {vin} is kept back by {by}; allocate it when it is free, or choose another one"
            ),
        }
    }
}

impl Refusal for YardRefusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::HasOrder { .. } => "VEHICLE_HAS_ORDER",
            Self::Left { .. } => "VEHICLE_NOT_IN_YARD",
            Self::NotWaiting { .. } => "ORDER_NOT_WAITING",
            Self::NoVehicle { .. } => "ORDER_WITHOUT_VEHICLE",
            Self::OtherConfiguration { .. } => "CONFIGURATION_DIFFERS",
            Self::Kept { .. } => "VEHICLE_KEPT_BACK",
        }
    }
}
