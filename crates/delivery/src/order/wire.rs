//! Orders between the wire and the domain.
//!
//! It must not decide anything. Invariants: every field of a request is read or refused; enums that are not known
//! are refused, never taken for a default.

use takt_contract::{
    common::v1 as common,
    date_pb, date_req,
    delivery::v1::{self as pb},
    id_req,
};
use takt_kernel::{OrderId, Violations};

use super::{Order, OrderState, intake::NewOrder, timeline::Entry};
use crate::{
    programme::Catalogue,
    promise::{Promise, PromiseKind},
};

/// The longest name of a customer or city that is taken.
const NAME: usize = 64;

/// Reads an order as the customer gives it.
pub(crate) fn new_order(
    order: &pb::NewOrder,
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<NewOrder> {
    let pb::NewOrder {
        order_id,
        customer_id,
        variant_id,
        options,
        city,
        locked_on,
    } = order;
    let id = id_req::<OrderId>(order_id, "order_id", violations);
    let customer = !customer_id.is_empty() && customer_id.len() <= NAME;
    violations.require(customer, "customer_id", format!("give 1 to {NAME} bytes"));
    let described =
        || format!("no lane leads to {city:?}; give a city of the programme's outbound lanes");
    if city.len() > NAME || catalogue.lanes_to(city).is_empty() {
        violations.push("city", described());
    }
    let locked_on = date_req(locked_on.as_ref(), "locked_on", violations);
    let configuration = catalogue.configure(variant_id, options, violations)?;
    Some(NewOrder {
        id: id?.into(),
        customer_id: customer_id.clone(),
        variant_id: variant_id.clone(),
        configuration,
        city: city.clone(),
        locked_on,
        traceparent: None,
    })
}

/// An order as it is answered.
pub(crate) fn order_pb(order: &Order, catalogue: &Catalogue) -> pb::Order {
    let lane = catalogue.lane_at(order.lane_no);
    pb::Order {
        order_id: order.id.clone(),
        order_number: order.number,
        customer_id: order.customer_id.clone(),
        variant_id: catalogue
            .variant_at(order.variant_no)
            .map(|variant| variant.id.clone())
            .unwrap_or_default(),
        options: order.options.clone(),
        city: lane.map(|lane| lane.city.clone()).unwrap_or_default(),
        state: state_pb(order.state()).into(),
        locked_on: Some(date_pb(order.locked_on)),
        vin: order.journey.vin.clone(),
        handed_over_on: order.journey.handed_over_on.map(date_pb),
        etag: order.etag(),
        lane_id: lane.map(|lane| lane.id.clone()).unwrap_or_default(),
        priority: order.priority,
        cancelled_on: order.cancelled_on.map(date_pb),
        // Who answers with an order that waits for something says how its promise stands.
        ..pb::Order::default()
    }
}

/// A state as it is answered.
pub(crate) fn state_pb(state: OrderState) -> pb::OrderState {
    match state {
        OrderState::Locked => pb::OrderState::Locked,
        OrderState::Built => pb::OrderState::Built,
        OrderState::InTransit => pb::OrderState::InTransit,
        OrderState::ReadyForHandover => pb::OrderState::ReadyForHandover,
        OrderState::HandedOver => pb::OrderState::HandedOver,
        OrderState::Cancelled => pb::OrderState::Cancelled,
    }
}

/// A state to filter by; none when every state is wanted.
pub(crate) fn state_opt(
    state: i32,
    field: &str,
    violations: &mut Violations,
) -> Option<OrderState> {
    match pb::OrderState::try_from(state) {
        Ok(pb::OrderState::Unspecified) => None,
        Ok(pb::OrderState::Locked) => Some(OrderState::Locked),
        Ok(pb::OrderState::Built) => Some(OrderState::Built),
        Ok(pb::OrderState::InTransit) => Some(OrderState::InTransit),
        Ok(pb::OrderState::ReadyForHandover) => Some(OrderState::ReadyForHandover),
        Ok(pb::OrderState::HandedOver) => Some(OrderState::HandedOver),
        Ok(pb::OrderState::Cancelled) => Some(OrderState::Cancelled),
        Err(_) => {
            violations.push(field, format!("{state} is not a state that is known here"));
            None
        }
    }
}

/// A promise as it is answered.
pub(crate) fn promise_pb(promise: &Promise) -> pb::Promise {
    let kind = match promise.kind {
        PromiseKind::Planned => pb::PromiseKind::Planned,
        PromiseKind::Estimate => pb::PromiseKind::Estimate,
    };
    pb::Promise {
        promise_number: i32::try_from(promise.number).unwrap_or(i32::MAX),
        kind: kind.into(),
        build_on: Some(date_pb(promise.build_on)),
        deliver_on: Some(date_pb(promise.deliver_on)),
        made_on: Some(date_pb(promise.made_on)),
        plan_id: promise.plan_id.clone(),
    }
}

/// An entry of a timeline as it is answered.
pub(crate) fn entry_pb(entry: Entry) -> pb::TimelineEntry {
    pb::TimelineEntry {
        date: Some(date_pb(entry.on)),
        event: entry.event.to_owned(),
        source: entry.source.to_owned(),
        subject: entry.subject,
    }
}

/// The hole in an answer that production has not filled.
pub(crate) fn tombstone(detail: &impl ToString) -> common::Tombstone {
    common::Tombstone {
        node: "production".to_owned(),
        code: common::ReasonCode::TierUnknown.into(),
        detail: format!(
            "{}; the order is locked and its promise follows by itself, get the order to see it",
            detail.to_string()
        ),
    }
}

/// The orders of a chunk: those that can be taken with their places, and what is wrong with the others.
pub(crate) struct Chunk {
    /// The orders with their places in the chunk.
    pub(crate) orders: Vec<NewOrder>,
    /// Where they stood.
    pub(crate) places: Vec<i32>,
    /// The orders that cannot be.
    pub(crate) refused: Vec<pb::RefusedOrder>,
}

/// Reads a chunk; one order's mistakes do not touch the others.
pub(crate) fn chunk(orders: &[pb::NewOrder], catalogue: &Catalogue) -> Chunk {
    let (mut good, mut places, mut refused) = (
        Vec::with_capacity(orders.len()),
        Vec::with_capacity(orders.len()),
        Vec::new(),
    );
    for (place, order) in orders.iter().enumerate() {
        let place = i32::try_from(place).unwrap_or(i32::MAX);
        let mut violations = Violations::new();
        let read = new_order(order, catalogue, &mut violations);
        match violations.finish_with(read) {
            Ok(order) => {
                good.push(order);
                places.push(place);
            }
            Err(found) => refused.push(refusal(place, &order.order_id, &found)),
        }
    }
    Chunk {
        orders: good,
        places,
        refused,
    }
}

fn refusal(place: i32, order_id: &str, found: &[takt_kernel::FieldViolation]) -> pb::RefusedOrder {
    let field = found
        .first()
        .map(|violation| violation.field.clone())
        .unwrap_or_default();
    let reason = match found {
        [only] => only.description.clone(),
        all => all
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    };
    pb::RefusedOrder {
        index: place,
        order_id: order_id.to_owned(),
        field,
        reason,
    }
}

/// The refusal of an order whose id is taken.
pub(crate) fn taken(place: i32, order_id: &str) -> pb::RefusedOrder {
    pb::RefusedOrder {
        index: place,
        order_id: order_id.to_owned(),
        field: "order_id".to_owned(),
        reason: format!("order {order_id} exists already; give a new order an id of its own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::sample::{catalogue, date, options};

    fn order(id: &str, city: &str, wheel: &str) -> pb::NewOrder {
        pb::NewOrder {
            order_id: id.into(),
            customer_id: "C-1".into(),
            variant_id: "MAX".into(),
            options: options(&[("COLOR", "BLUE"), ("WHEEL", wheel)]),
            city: city.into(),
            locked_on: Some(date_pb(date("2024-03-28"))),
        }
    }

    #[test]
    fn the_mistakes_of_one_order_do_not_touch_the_others() {
        let broken = pb::NewOrder::default();
        let orders = [
            order("A", "Xi'an", "W19"),
            order("B", "Atlantis", "W23"),
            order("C", "Shanghai", "W21"),
            broken,
        ];
        let chunk = chunk(&orders, &catalogue());
        assert_eq!(chunk.places, [0, 2]);
        assert_eq!(
            chunk.orders[1].configuration.text,
            "COLOR=BLUE;EDITION=NORMAL;WHEEL=W21"
        );
        assert_eq!(chunk.refused.len(), 2);
        assert_eq!(
            (chunk.refused[0].index, chunk.refused[0].field.as_str()),
            (1, "city")
        );
        assert!(
            chunk.refused[0].reason.contains("options[WHEEL]"),
            "{}",
            chunk.refused[0].reason
        );
        assert_eq!(
            (chunk.refused[1].index, chunk.refused[1].field.as_str()),
            (3, "order_id")
        );
        let mut impossible = order("D", "Shanghai", "W21");
        impossible.locked_on = Some(common::Date {
            year: 2024,
            month: 2,
            day: 30,
        });
        let mut violations = Violations::new();
        new_order(&impossible, &catalogue(), &mut violations);
        assert_eq!(violations.finish().unwrap_err()[0].field, "locked_on");
    }

    #[test]
    fn unknown_states_are_refused() {
        let mut violations = Violations::new();
        assert_eq!(state_opt(0, "state", &mut violations), None);
        for state in 1..=6 {
            assert_eq!(
                state_opt(state, "state", &mut violations).map(|state| state_pb(state).into()),
                Some(state)
            );
        }
        assert!(violations.is_empty());
        state_opt(99, "state", &mut violations);
        assert!(!violations.is_empty());
    }
}
