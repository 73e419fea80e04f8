//! Reservations on the wire.
//!
//! It must not decide anything. Invariant: a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use takt_contract::{
    common::v1::Money,
    date_pb, date_req,
    delivery::v1::{self as pb, reservation_service_server::ReservationService},
    id_req,
};
use takt_kernel::{Date, OrderId, RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    LONGEST, Reservation, ReservationRefusal, ReservationState,
    store::{
        reservation_add, reservation_end, reservation_fetch, reservations_lapse, reservations_page,
    },
};
use crate::{
    desk::Desk,
    order::{
        intake::{NewOrder, Outcome, Promising, orders_lock},
        store::{configurations_add, order_fetch, order_ids_taken},
        terms::terms_fetch,
        wire::{new_order, order_pb},
    },
    programme::Catalogue,
    rows::counter_lock,
};

/// Reservations on the wire.
pub(crate) struct ReservationRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

/// The request's id and the order's, from a message that names both and a day.
fn named(
    request_id: &str,
    order_id: &str,
    on: Option<&takt_contract::common::v1::Date>,
    field: &str,
) -> Result<(RequestId, Arc<str>, Date), Error> {
    let mut violations = Violations::new();
    let request_id = id_req::<RequestId>(request_id, "request_id", &mut violations);
    id_req::<OrderId>(order_id, "order_id", &mut violations);
    let on = date_req(on, field, &mut violations);
    let request_id = violations.finish_with(request_id)?;
    Ok((request_id, order_id.into(), on))
}

#[tonic::async_trait]
impl ReservationService for ReservationRpc {
    async fn reserve_order(
        &self,
        request: Request<pb::ReserveOrderRequest>,
    ) -> Result<Response<pb::ReserveOrderResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        // What can be reserved is what could be locked.
        let wanted = pb::NewOrder {
            order_id: message.order_id.clone(),
            customer_id: message.customer_id.clone(),
            variant_id: message.variant_id.clone(),
            options: message.options.clone(),
            city: message.city.clone(),
            locked_on: message.reserved_on,
        };
        let lapses_on = date_req(message.lapses_on.as_ref(), "lapses_on", &mut violations);
        let mut inside = Violations::new();
        let order = new_order(&wanted, &catalogue, &mut inside);
        for found in inside.finish().err().unwrap_or_default() {
            let field = match found.field.as_str() {
                "locked_on" => "reserved_on",
                field => field,
            };
            violations.push(field, found.description.clone());
        }
        if let Some(order) = &order {
            let days = lapses_on.days_since(order.locked_on);
            violations.require(
                (0..=LONGEST).contains(&days),
                "lapses_on",
                format!(
                    "{lapses_on} is no day from {} to {LONGEST} days later",
                    order.locked_on
                ),
            );
        }
        let (request_id, order) = violations
            .finish_with(request_id.zip(order))
            .map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.ReservationService/ReserveOrder",
            *request_id.as_bytes(),
            &message,
        );
        let work = Arc::new((order, catalogue));
        let store = &self.desk.store;
        let written = store.write_once(&call, "order_reserve", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (order, catalogue) = work.as_ref();
                let reservation = reserved(tx, order, lapses_on).await?;
                Ok(pb::ReserveOrderResponse {
                    reservation: Some(reservation_pb(&reservation, catalogue)),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn lock_order(
        &self,
        request: Request<pb::LockOrderRequest>,
    ) -> Result<Response<pb::LockOrderResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let day = message.locked_on.as_ref();
        let (request_id, id, on) = named(&message.request_id, &message.order_id, day, "locked_on")?;
        let once = Once::of(
            "takt.delivery.v1.ReservationService/LockOrder",
            *request_id.as_bytes(),
            &message,
        );
        let catalogue = self.desk.catalogue(&call).await?;
        let traceparent = takt_service::telemetry::current_traceparent();
        let store = &self.desk.store;
        let written = store.write_once(&call, "order_lock", once, move |tx| {
            let (catalogue, id) = (Arc::clone(&catalogue), Arc::clone(&id));
            let traceparent = traceparent.clone();
            Box::pin(async move { locked(tx, &catalogue, &id, on, traceparent).await })
        });
        Ok(Response::new(written.await?))
    }

    async fn cancel_reservation(
        &self,
        request: Request<pb::CancelReservationRequest>,
    ) -> Result<Response<pb::CancelReservationResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let day = message.cancelled_on.as_ref();
        let (request_id, id, on) =
            named(&message.request_id, &message.order_id, day, "cancelled_on")?;
        let once = Once::of(
            "takt.delivery.v1.ReservationService/CancelReservation",
            *request_id.as_bytes(),
            &message,
        );
        let catalogue = self.desk.catalogue(&call).await?;
        let store = &self.desk.store;
        let written = store.write_once(&call, "reservation_cancel", once, move |tx| {
            let (catalogue, id) = (Arc::clone(&catalogue), Arc::clone(&id));
            Box::pin(async move {
                reservation_fetch(tx, &id).await?.open(on)?;
                reservation_end(tx, &id, ReservationState::Cancelled, on).await?;
                let ended = reservation_fetch(tx, &id).await?;
                Ok(pb::CancelReservationResponse {
                    reservation: Some(reservation_pb(&ended, &catalogue)),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn lapse_reservations(
        &self,
        request: Request<pb::LapseReservationsRequest>,
    ) -> Result<Response<pb::LapseReservationsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        let request_id = violations.finish_with(request_id).map_err(Error::from)?;
        let once = Once::of(
            "takt.delivery.v1.ReservationService/LapseReservations",
            *request_id.as_bytes(),
            &message,
        );
        let store = &self.desk.store;
        let written = store.write_once(&call, "reservations_lapse", once, move |tx| {
            Box::pin(async move {
                let lapsed = reservations_lapse(tx, as_of).await?;
                Ok(pb::LapseReservationsResponse {
                    lapsed_count: i64::try_from(lapsed).unwrap_or(i64::MAX),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn get_reservation(
        &self,
        request: Request<pb::GetReservationRequest>,
    ) -> Result<Response<pb::GetReservationResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let id = id_req::<OrderId>(&request.get_ref().order_id, "order_id", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        let read = self.desk.store.read(&call, "reservation_get", move |tx| {
            let id = id.clone();
            Box::pin(async move { reservation_fetch(tx, id.as_str()).await })
        });
        Ok(Response::new(pb::GetReservationResponse {
            reservation: Some(reservation_pb(&read.await?, &catalogue)),
        }))
    }

    async fn list_reservations(
        &self,
        request: Request<pb::ListReservationsRequest>,
    ) -> Result<Response<pb::ListReservationsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let state = ReservationState::of(message.state.into());
        if state.is_none() && message.state != 0 {
            let described = format!("{} is not a state that is known here", message.state);
            return Err(Error::invalid("state", described).into());
        }
        let (limit, arguments) = (page_size(message.page_size)?, message.state.to_string());
        let after = PageToken::open("ListReservations", &arguments, &message.page_token)?;
        let after = Arc::<str>::from(after.unwrap_or_default());
        let catalogue = self.desk.catalogue(&call).await?;
        let read = self.desk.store.read(&call, "reservations_list", move |tx| {
            let after = Arc::clone(&after);
            Box::pin(async move { reservations_page(tx, state, &after, limit).await })
        });
        let found = read.await?;
        let full = i64::try_from(found.len()).is_ok_and(|count| count == limit);
        let last = found.last().filter(|_| full);
        let next = last.map(|last| PageToken::seal("ListReservations", &arguments, &last.id));
        Ok(Response::new(pb::ListReservationsResponse {
            reservations: (found.iter())
                .map(|reservation| reservation_pb(reservation, &catalogue))
                .collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }
}

async fn reserved(tx: &Tx, order: &NewOrder, lapses_on: Date) -> Result<Reservation, Error> {
    // Who takes ids follows each other, here as at intake.
    counter_lock(tx, "order").await?;
    let terms = terms_fetch(tx).await?.ok_or(ReservationRefusal::NoTerms)?;
    let taken = order_ids_taken(tx, std::iter::once(order.id.as_str())).await?;
    if !taken.is_empty() {
        return Err(Error::exists("order", &order.id));
    }
    configurations_add(tx, std::iter::once(&order.configuration)).await?;
    let reservation = Reservation {
        id: order.id.clone(),
        customer_id: order.customer_id.clone(),
        variant_no: order.configuration.variant_no,
        options: order.configuration.options(),
        city: order.city.clone(),
        state: ReservationState::Reserved,
        reserved_on: order.locked_on,
        lapses_on,
        ended_on: None,
        currency: terms.currency,
        deposit_minor: terms.deposit_minor,
    };
    reservation_add(tx, &reservation, &order.configuration).await?;
    Ok(reservation)
}

/// Locks a reserved order: the same way as any other, from the day of lock on.
async fn locked(
    tx: &Tx,
    catalogue: &Catalogue,
    id: &str,
    on: Date,
    traceparent: Option<String>,
) -> Result<pb::LockOrderResponse, Error> {
    counter_lock(tx, "order").await?;
    let reservation = reservation_fetch(tx, id).await?;
    reservation.lock(on)?;
    let variant = catalogue.variant_at(reservation.variant_no);
    let variant_id = variant.map_or("", |variant| variant.id.as_str());
    // The programme may have changed since: what can be had no more is told, by option.
    let mut violations = Violations::new();
    let configuration = catalogue.configure(variant_id, &reservation.options, &mut violations);
    violations.require(
        !catalogue.lanes_to(&reservation.city).is_empty(),
        "city",
        format!("no lane leads to {:?} any more", reservation.city),
    );
    let configuration = violations.finish_with(configuration)?;
    let order = NewOrder {
        id: id.to_owned(),
        customer_id: reservation.customer_id,
        variant_id: variant_id.to_owned(),
        configuration,
        city: reservation.city,
        locked_on: on,
        traceparent,
    };
    reservation_end(tx, id, ReservationState::Locked, on).await?;
    let orders = std::slice::from_ref(&order);
    let outcomes = orders_lock(tx, catalogue, orders, Promising::Owed).await?;
    if !matches!(outcomes.as_slice(), [Outcome::Locked(_)]) {
        return Err(Error::exists("order", id));
    }
    let (order, ended) = (
        order_fetch(tx, catalogue, id).await?,
        reservation_fetch(tx, id).await?,
    );
    Ok(pb::LockOrderResponse {
        reservation: Some(reservation_pb(&ended, catalogue)),
        order: Some(order_pb(&order, catalogue)),
    })
}

fn reservation_pb(reservation: &Reservation, catalogue: &Catalogue) -> pb::Reservation {
    let variant = catalogue.variant_at(reservation.variant_no);
    let state = match reservation.state {
        ReservationState::Reserved => pb::ReservationState::Reserved,
        ReservationState::Locked => pb::ReservationState::Locked,
        ReservationState::Cancelled => pb::ReservationState::Cancelled,
        ReservationState::Lapsed => pb::ReservationState::Lapsed,
    };
    pb::Reservation {
        order_id: reservation.id.clone(),
        customer_id: reservation.customer_id.clone(),
        variant_id: variant
            .map(|variant| variant.id.clone())
            .unwrap_or_default(),
        options: reservation.options.clone(),
        city: reservation.city.clone(),
        state: state.into(),
        reserved_on: Some(date_pb(reservation.reserved_on)),
        lapses_on: Some(date_pb(reservation.lapses_on)),
        ended_on: reservation.ended_on.map(date_pb),
        deposit: Some(Money {
            currency_code: reservation.currency.clone(),
            minor_units: reservation.deposit_minor,
        }),
    }
}
