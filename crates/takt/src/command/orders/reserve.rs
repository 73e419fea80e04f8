//! `takt orders reserve`, `lock`, `release`, `reservations`: orders to be, with a deposit. It must not know what can be built. Invariant: each
//! flag becomes one field of one message.
use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::delivery::v1::reservation_service_client::ReservationServiceClient;
use takt_contract::delivery::v1::{self as pb};
use takt_kernel::Date;

use super::super::promise::option;
use super::super::target::TargetArgs;
use super::told::dash;
use crate::connection::{Peer, ask, new_id, pages};
use crate::failure::Outcome;
use crate::output::{Answer, day, table, table_text};

/// What to reserve.
#[derive(Debug, Args)]
pub(in crate::command) struct ReserveArgs {
    /// The order, named by you
    #[arg(value_name = "ORDER")]
    order: String,
    /// The customer, by a pseudonym
    #[arg(long, value_name = "ID")]
    customer: String,
    /// The variant
    #[arg(long, value_name = "ID")]
    variant: String,
    /// The value of an option; give one for each option
    #[arg(long = "option", value_name = "KEY=VALUE", value_parser = option)]
    options: Vec<(String, String)>,
    /// The city of delivery
    #[arg(long, value_name = "NAME")]
    city: String,
    /// The day on which it is reserved
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// The last day on which it can be locked
    #[arg(long, value_name = "DATE")]
    until: Date,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// A reserved order and a day.
#[derive(Debug, Args)]
pub(in crate::command) struct ReservedArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    order: String,
    /// The day
    #[arg(long, value_name = "DATE")]
    on: Date,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// Which reservations to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ReservationsArgs {
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// First end those whose last day lies before this one
    #[arg(long, value_name = "DATE")]
    lapse: Option<Date>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// How a reservation stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Reserved,
    Locked,
    Cancelled,
    Lapsed,
}

#[derive(Debug, Serialize)]
pub(super) struct Reserved {
    order: String,
    customer: String,
    variant: String,
    options: BTreeMap<String, String>,
    city: String,
    state: &'static str,
    reserved_on: Option<String>,
    lapses_on: Option<String>,
    ended_on: Option<String>,
    currency: String,
    deposit_minor: i64,
    /// Null until it is an order.
    order_number: Option<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Reservations {
    /// Null where nobody asked for it.
    lapsed_count: Option<i64>,
    reservations: Vec<Reserved>,
}

fn told(reservation: Option<pb::Reservation>, order: Option<&pb::Order>) -> Reserved {
    let reservation = reservation.unwrap_or_default();
    let deposit = reservation.deposit.clone().unwrap_or_default();
    Reserved {
        state: match reservation.state() {
            pb::ReservationState::Unspecified => "unknown",
            pb::ReservationState::Reserved => "reserved",
            pb::ReservationState::Locked => "locked",
            pb::ReservationState::Cancelled => "cancelled",
            pb::ReservationState::Lapsed => "lapsed",
        },
        order: reservation.order_id,
        customer: reservation.customer_id,
        variant: reservation.variant_id,
        options: reservation.options,
        city: reservation.city,
        reserved_on: day(reservation.reserved_on.as_ref()),
        lapses_on: day(reservation.lapses_on.as_ref()),
        ended_on: day(reservation.ended_on.as_ref()),
        currency: deposit.currency_code,
        deposit_minor: deposit.minor_units,
        order_number: order.map(|order| order.order_number),
    }
}

pub(super) async fn reserve(peer: &Peer, args: &ReserveArgs) -> Outcome<Reserved> {
    let message = pb::ReserveOrderRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        customer_id: args.customer.clone(),
        variant_id: args.variant.clone(),
        options: args.options.iter().cloned().collect(),
        city: args.city.clone(),
        reserved_on: Some(date_pb(args.on)),
        lapses_on: Some(date_pb(args.until)),
    };
    let answer = ask!(
        peer,
        "reserve an order",
        ReservationServiceClient.reserve_order,
        message
    )?;
    Ok(told(answer.reservation, None))
}

pub(super) async fn lock(peer: &Peer, args: &ReservedArgs) -> Outcome<Reserved> {
    let message = pb::LockOrderRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        locked_on: Some(date_pb(args.on)),
    };
    let answer = ask!(
        peer,
        "lock a reserved order",
        ReservationServiceClient.lock_order,
        message
    )?;
    Ok(told(answer.reservation, answer.order.as_ref()))
}

pub(super) async fn release(peer: &Peer, args: &ReservedArgs) -> Outcome<Reserved> {
    let message = pb::CancelReservationRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        cancelled_on: Some(date_pb(args.on)),
    };
    let answer = ask!(
        peer,
        "give a reservation up",
        ReservationServiceClient.cancel_reservation,
        message
    )?;
    Ok(told(answer.reservation, None))
}

pub(super) async fn reservations(peer: &Peer, args: &ReservationsArgs) -> Outcome<Reservations> {
    let mut lapsed_count = None;
    if let Some(as_of) = args.lapse {
        let message = pb::LapseReservationsRequest {
            request_id: new_id(),
            as_of: Some(date_pb(as_of)),
        };
        let answer = ask!(
            peer,
            "end reservations",
            ReservationServiceClient.lapse_reservations,
            message
        )?;
        lapsed_count = Some(answer.lapsed_count);
    }
    let state = match args.state {
        None => pb::ReservationState::Unspecified,
        Some(State::Reserved) => pb::ReservationState::Reserved,
        Some(State::Locked) => pb::ReservationState::Locked,
        Some(State::Cancelled) => pb::ReservationState::Cancelled,
        Some(State::Lapsed) => pb::ReservationState::Lapsed,
    };
    let message = pb::ListReservationsRequest {
        page_size: 1000,
        state: state.into(),
        ..pb::ListReservationsRequest::default()
    };
    let all = pages!(
        peer,
        "list reservations",
        ReservationServiceClient.list_reservations,
        message,
        |page| page.reservations
    )?;
    let reservations = all.into_iter().map(|one| told(Some(one), None)).collect();
    Ok(Reservations {
        lapsed_count,
        reservations,
    })
}

impl Answer for Reserved {
    fn text(&self) -> String {
        let mut text = format!(
            "{} is {} until {}, deposit {} {} (minor units)",
            self.order,
            self.state,
            dash(&self.lapses_on),
            self.deposit_minor,
            self.currency
        );
        if self.ended_on.is_some() {
            text = format!(
                "{} is {} on {}",
                self.order,
                self.state,
                dash(&self.ended_on)
            );
        }
        match (self.order_number, self.state) {
            (Some(number), _) => text.push_str(&format!(", order number {number}\n")),
            (None, "cancelled" | "lapsed") => text.push_str(", the deposit goes back\n"),
            (None, _) => text.push('\n'),
        }
        text
    }
}

impl Answer for Reservations {
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(lapsed) = self.lapsed_count {
            text.push_str(&format!("{lapsed} reservations have lapsed\n"));
        }
        let mut rows = table(&[
            "order", "variant", "city", "state", "reserved", "until", ">deposit",
        ]);
        for one in &self.reservations {
            rows.add_row([
                one.order.clone(),
                one.variant.clone(),
                one.city.clone(),
                one.state.to_owned(),
                dash(&one.reserved_on),
                dash(&one.lapses_on),
                format!("{} {}", one.deposit_minor, one.currency),
            ]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}
