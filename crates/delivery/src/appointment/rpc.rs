//! Appointments on the wire.
//!
//! It must not decide anything. Invariants: a message is read as a whole or refused with every mistake in it; what is expected of an order without a
//! vehicle is read before the transaction, everything else in it.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_pb, date_req,
    delivery::v1::{self as pb, appointment_service_server::AppointmentService},
    id_req,
};
use takt_kernel::{CentreId, Date, OrderId, RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    Appointment, AppointmentRefusal, State, check, expected,
    store::{APPOINTMENT, Filter, Listed, appointments_page, appointments_save, standing_fetch},
};
use crate::{
    centre::{
        rpc::centre_known,
        store::{book_fetch, book_save, centres_fetch},
    },
    desk::Desk,
    order::{Order, store::order_fetch, store::orders_fetch},
    outlook::standing::standings,
    programme::Catalogue,
    promise::store::last_promises_fetch,
    rows::counter_lock,
};

/// Appointments that are looked at at a time where only some are wanted.
const PAGE: i64 = 1_000;

/// Appointments on the wire.
pub(crate) struct AppointmentRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

/// A wish for a day.
struct Wish {
    order_id: String,
    /// None keeps the centre of the appointment that stands.
    centre_id: Option<String>,
    on: Date,
    made_on: Date,
    /// Whether it takes the place of one that stands.
    moves: bool,
    /// What is expected of an order without a vehicle.
    told: Option<Date>,
}

#[tonic::async_trait]
impl AppointmentService for AppointmentRpc {
    async fn book_appointment(
        &self,
        request: Request<pb::BookAppointmentRequest>,
    ) -> Result<Response<pb::BookAppointmentResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let centre = id_req::<CentreId>(&message.centre_id, "centre_id", &mut violations);
        let order = id_req::<OrderId>(&message.order_id, "order_id", &mut violations);
        let on = date_req(
            message.appointed_on.as_ref(),
            "appointed_on",
            &mut violations,
        );
        let made_on = date_req(message.made_on.as_ref(), "made_on", &mut violations);
        let read = request_id.zip(centre).zip(order);
        let ((request_id, centre), order) = violations.finish_with(read).map_err(Error::from)?;
        let method = "takt.delivery.v1.AppointmentService/BookAppointment";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let wish = Wish {
            order_id: order.into(),
            centre_id: Some(centre.into()),
            on,
            made_on,
            moves: false,
            told: None,
        };
        let write = move |listed: Listed, on| pb::BookAppointmentResponse {
            appointment: Some(appointment_pb(&listed, Some(on), None)),
        };
        Ok(Response::new(
            book(&self.desk, &call, once, wish, write).await?,
        ))
    }

    async fn reschedule_appointment(
        &self,
        request: Request<pb::RescheduleAppointmentRequest>,
    ) -> Result<Response<pb::RescheduleAppointmentResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let order = id_req::<OrderId>(&message.order_id, "order_id", &mut violations);
        let centre = match message.centre_id.as_str() {
            "" => None,
            given => id_req::<CentreId>(given, "centre_id", &mut violations).map(String::from),
        };
        let on = date_req(
            message.appointed_on.as_ref(),
            "appointed_on",
            &mut violations,
        );
        let made_on = date_req(message.made_on.as_ref(), "made_on", &mut violations);
        let (request_id, order) = violations
            .finish_with(request_id.zip(order))
            .map_err(Error::from)?;
        let method = "takt.delivery.v1.AppointmentService/RescheduleAppointment";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let wish = Wish {
            order_id: order.into(),
            centre_id: centre,
            on,
            made_on,
            moves: true,
            told: None,
        };
        let write = move |listed: Listed, on| pb::RescheduleAppointmentResponse {
            appointment: Some(appointment_pb(&listed, Some(on), None)),
        };
        Ok(Response::new(
            book(&self.desk, &call, once, wish, write).await?,
        ))
    }

    async fn cancel_appointment(
        &self,
        request: Request<pb::CancelAppointmentRequest>,
    ) -> Result<Response<pb::CancelAppointmentResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (field, on) = ("cancelled_on", message.cancelled_on.as_ref());
        let (request_id, order, on) = ended(&message.request_id, &message.order_id, field, on)?;
        let method = "takt.delivery.v1.AppointmentService/CancelAppointment";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let write = |listed: Listed| pb::CancelAppointmentResponse {
            appointment: Some(appointment_pb(&listed, None, None)),
        };
        let answer = end(&self.desk, &call, once, order, State::Cancelled, on, write);
        Ok(Response::new(answer.await?))
    }

    async fn record_no_show(
        &self,
        request: Request<pb::RecordNoShowRequest>,
    ) -> Result<Response<pb::RecordNoShowResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let (field, on) = ("recorded_on", message.recorded_on.as_ref());
        let (request_id, order, on) = ended(&message.request_id, &message.order_id, field, on)?;
        let method = "takt.delivery.v1.AppointmentService/RecordNoShow";
        let once = Once::of(method, *request_id.as_bytes(), &message);
        let write = |listed: Listed| pb::RecordNoShowResponse {
            appointment: Some(appointment_pb(&listed, None, None)),
        };
        let answer = end(&self.desk, &call, once, order, State::NoShow, on, write);
        Ok(Response::new(answer.await?))
    }

    async fn list_appointments(
        &self,
        request: Request<pb::ListAppointmentsRequest>,
    ) -> Result<Response<pb::ListAppointmentsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let mut violations = Violations::new();
        let state = State::of_code(message.state.into());
        violations.require(
            state.is_some() || message.state == 0,
            "state",
            format!("{} is not a state that is known here", message.state),
        );
        violations.require(
            !message.at_risk || state.is_none_or(|state| state == State::Booked),
            "at_risk",
            "only an appointment that stands is at risk; leave the state out",
        );
        violations.finish().map_err(Error::from)?;
        let filter = Filter {
            centre_id: message.centre_id.clone(),
            order_id: message.order_id.clone(),
            state: if message.at_risk {
                Some(State::Booked)
            } else {
                state
            },
        };
        let list = "ListAppointments";
        let arguments = format!(
            "{}|{}|{}|{}",
            filter.centre_id, filter.order_id, message.state, message.at_risk
        );
        let after = PageToken::open(list, &arguments, &message.page_token)?;
        let mut after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or_default();
        let wanted = usize::try_from(size).unwrap_or(usize::MAX);
        let mut told: Vec<pb::Appointment> = Vec::new();
        // Where only those at risk are wanted, the others are passed over; one more than a page tells whether another page follows.
        loop {
            let limit = if message.at_risk { PAGE } else { size + 1 };
            let page = looked_at(&self.desk, &call, &filter, after, limit).await?;
            let full = i64::try_from(page.len()).is_ok_and(|count| count == limit);
            after = page.last().map_or(after, |last| last.appointment_number);
            told.extend(
                page.into_iter()
                    .filter(|one| one.at_risk || !message.at_risk),
            );
            if !full || told.len() > wanted {
                break;
            }
        }
        let key = |one: &pb::Appointment| one.appointment_number.to_string();
        Ok(Response::new(pb::ListAppointmentsResponse {
            next_page_token: PageToken::cut(&mut told, size, list, &arguments, key),
            appointments: told,
        }))
    }
}

/// Reads what ends an appointment.
fn ended(
    request_id: &str,
    order_id: &str,
    field: &str,
    on: Option<&takt_contract::common::v1::Date>,
) -> Result<(RequestId, String, Date), Error> {
    let mut violations = Violations::new();
    let request_id = id_req::<RequestId>(request_id, "request_id", &mut violations);
    let order = id_req::<OrderId>(order_id, "order_id", &mut violations);
    let on = date_req(on, field, &mut violations);
    let (request_id, order) = violations.finish_with(request_id.zip(order))?;
    Ok((request_id, order.into(), on))
}

/// What is expected of orders: by the outlook and their vehicles, and where that says nothing of an open order, by its last promise.
async fn expected_of(
    desk: &Desk,
    call: &Call,
    catalogue: &Arc<Catalogue>,
    orders: &[Order],
) -> Result<BTreeMap<i64, Option<Date>>, Error> {
    let numbers: Arc<[i64]> = orders.iter().map(|order| order.number).collect();
    let read = desk.store.read(call, "appointment_promises", move |tx| {
        let numbers = Arc::clone(&numbers);
        Box::pin(async move { last_promises_fetch(tx, numbers.iter().copied()).await })
    });
    let last = read.await?;
    let told = standings(desk, call, catalogue, orders, &last).await?;
    let each = orders.iter().zip(&told.each).map(|(order, standing)| {
        let promised = last.get(&order.number).map(|promise| promise.deliver_on);
        let told = standing.as_ref().and_then(|standing| standing.expected_on);
        (order.number, expected(order, catalogue, told.or(promised)))
    });
    Ok(each.collect())
}

async fn book<M: prost::Message + Default + Send + 'static>(
    desk: &Desk,
    call: &Call,
    once: Once,
    mut wish: Wish,
    answer: impl Fn(Listed, Date) -> M + Send + Sync + Copy + 'static,
) -> Result<M, Error> {
    let catalogue = desk.catalogue(call).await?;
    let recorded = desk.store.read(call, "appointment_answer", move |tx| {
        Box::pin(async move { tx.once_answer(&once).await })
    });
    if let Some(answer) = recorded.await? {
        return Ok(answer);
    }
    let (known, id) = (Arc::clone(&catalogue), wish.order_id.clone());
    let read = desk.store.read(call, "appointment_order", move |tx| {
        let (catalogue, id) = (Arc::clone(&known), id.clone());
        Box::pin(async move { order_fetch(tx, &catalogue, &id).await })
    });
    let order = [read.await?];
    let told = expected_of(desk, call, &catalogue, &order).await?;
    wish.told = told.into_values().next().flatten();
    let wish = Arc::new(wish);
    let written = desk
        .store
        .write_once(call, "appointment_book", once, move |tx| {
            let (catalogue, wish) = (Arc::clone(&catalogue), Arc::clone(&wish));
            Box::pin(async move {
                let (listed, expected_on) = booked(tx, &catalogue, &wish).await?;
                Ok(answer(listed, expected_on))
            })
        });
    written.await
}

async fn booked(tx: &Tx, catalogue: &Catalogue, wish: &Wish) -> Result<(Listed, Date), Error> {
    let number = counter_lock(tx, APPOINTMENT).await? + 1;
    let order = order_fetch(tx, catalogue, &wish.order_id).await?;
    let order_id = order.id.clone();
    let standing = standing_fetch(tx, [order.number])
        .await?
        .remove(&order.number);
    let centres = centres_fetch(tx, None).await?;
    let centre = match (&wish.centre_id, &standing) {
        (Some(id), _) => centre_known(tx, id).await?,
        (None, Some(standing)) => (centres.iter())
            .find(|centre| centre.number == standing.centre_no)
            .cloned()
            .ok_or_else(|| Error::broken(format!("centre {} is missing", standing.centre_no)))?,
        (None, None) => return Err(AppointmentRefusal::NoneStands { order_id }.into()),
    };
    let city = catalogue
        .lane_at(order.lane_no)
        .map_or("", |lane| lane.city.as_str());
    let expected_on = expected(&order, catalogue, wish.told);
    check(&order, city, expected_on, &centre, wish.on, wish.made_on)?;
    let mut ended = Vec::new();
    let from = standing
        .as_ref()
        .map_or(wish.on, |standing| standing.on.min(wish.on));
    let mut book = book_fetch(tx, centres, from).await?;
    match (standing, wish.moves) {
        (Some(standing), false) => {
            let on = standing.on;
            return Err(AppointmentRefusal::Stands { order_id, on }.into());
        }
        (None, true) => return Err(AppointmentRefusal::NoneStands { order_id }.into()),
        (Some(standing), true) if wish.made_on < standing.made_on => {
            return Err(AppointmentRefusal::BeforeMade {
                order_id,
                on: wish.made_on,
                made_on: standing.made_on,
            }
            .into());
        }
        (Some(mut standing), true) => {
            book.give_back(standing.centre_no, standing.on);
            standing.end(State::Moved, wish.made_on);
            ended.push(standing);
        }
        (None, false) => {}
    }
    book.take(centre.number, wish.on)?;
    let new = Appointment {
        number,
        order_no: order.number,
        centre_no: centre.number,
        on: wish.on,
        state: State::Booked,
        made_on: wish.made_on,
        ended_on: None,
    };
    book_save(tx, &book).await?;
    appointments_save(tx, &ended, std::slice::from_ref(&new)).await?;
    let listed = Listed {
        appointment: new,
        order_id,
        centre_id: centre.id,
    };
    Ok((listed, expected_on.unwrap_or(wish.on)))
}

async fn end<M: prost::Message + Default + Send + 'static>(
    desk: &Desk,
    call: &Call,
    once: Once,
    order_id: String,
    state: State,
    on: Date,
    answer: impl Fn(Listed) -> M + Send + Sync + Copy + 'static,
) -> Result<M, Error> {
    let catalogue = desk.catalogue(call).await?;
    let order_id = Arc::<str>::from(order_id);
    let written = desk
        .store
        .write_once(call, "appointment_end", once, move |tx| {
            let (catalogue, order_id) = (Arc::clone(&catalogue), Arc::clone(&order_id));
            Box::pin(async move {
                counter_lock(tx, APPOINTMENT).await?;
                let order = order_fetch(tx, &catalogue, &order_id).await?;
                let order_id = order.id.clone();
                let standing = standing_fetch(tx, [order.number])
                    .await?
                    .remove(&order.number);
                let Some(mut standing) = standing else {
                    return Err(AppointmentRefusal::NoneStands { order_id }.into());
                };
                let (appointed_on, made_on) = (standing.on, standing.made_on);
                if state == State::NoShow && on < appointed_on {
                    let early = AppointmentRefusal::NotYet {
                        order_id,
                        on,
                        appointed_on,
                    };
                    return Err(early.into());
                }
                if on < made_on {
                    let early = AppointmentRefusal::BeforeMade {
                        order_id,
                        on,
                        made_on,
                    };
                    return Err(early.into());
                }
                let centres = centres_fetch(tx, None).await?;
                let mut book = book_fetch(tx, centres, appointed_on).await?;
                // Whoever did not come had the place.
                if state == State::Cancelled {
                    book.give_back(standing.centre_no, appointed_on);
                }
                book_save(tx, &book).await?;
                standing.end(state, on);
                appointments_save(tx, std::slice::from_ref(&standing), &[]).await?;
                let centre = book.centre(standing.centre_no);
                Ok(answer(Listed {
                    centre_id: centre.map(|centre| centre.id.clone()).unwrap_or_default(),
                    appointment: standing,
                    order_id,
                }))
            })
        });
    written.await
}

/// The next appointments, with what is expected of those that stand.
async fn looked_at(
    desk: &Desk,
    call: &Call,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<pb::Appointment>, Error> {
    let catalogue = desk.catalogue(call).await?;
    let (known, filter) = (Arc::clone(&catalogue), filter.clone());
    let read = desk.store.read(call, "appointments_list", move |tx| {
        let (catalogue, filter) = (Arc::clone(&known), filter.clone());
        Box::pin(async move {
            let page = appointments_page(tx, &filter, after, limit).await?;
            let standing = page.iter().map(|one| &one.appointment);
            let standing = standing.filter(|one| one.state == State::Booked);
            let numbers: Vec<i64> = standing.clone().map(|one| one.order_no).collect();
            let first = standing.map(|one| one.on).min();
            let orders = orders_fetch(tx, &catalogue, numbers).await?;
            let book = match first {
                Some(first) => Some(book_fetch(tx, centres_fetch(tx, None).await?, first).await?),
                None => None,
            };
            Ok((page, orders, book))
        })
    });
    let (page, orders, book) = read.await?;
    let expected = expected_of(desk, call, &catalogue, &orders).await?;
    let told = page.iter().map(|one| {
        let appointment = &one.appointment;
        let expected_on = expected.get(&appointment.order_no).copied().flatten();
        let late = expected_on.filter(|on| *on > appointment.on);
        let book = book.as_ref();
        let proposed = late.and_then(|on| book?.next_free(appointment.centre_no, on));
        appointment_pb(one, expected_on, proposed)
    });
    Ok(told.collect())
}

fn appointment_pb(
    listed: &Listed,
    expected_on: Option<Date>,
    proposed_on: Option<Date>,
) -> pb::Appointment {
    let one = &listed.appointment;
    let stands = one.state == State::Booked;
    pb::Appointment {
        appointment_number: one.number,
        order_id: listed.order_id.clone(),
        centre_id: listed.centre_id.clone(),
        appointed_on: Some(date_pb(one.on)),
        state: i32::try_from(one.state.code()).unwrap_or_default(),
        made_on: Some(date_pb(one.made_on)),
        ended_on: one.ended_on.map(date_pb),
        expected_on: expected_on.filter(|_| stands).map(date_pb),
        at_risk: stands && expected_on.is_none_or(|expected_on| expected_on > one.on),
        proposed_on: proposed_on.map(date_pb),
    }
}
