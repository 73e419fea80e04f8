//! One vehicle's whole life across the three services: its order and promises from delivery, its shops and parts from
//! production, its lots from procurement. It must not know the run. Invariant: each line says which service it is
//! known from.
use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use takt_contract::delivery::v1::order_service_client::OrderServiceClient;
use takt_contract::delivery::v1::{GetOrderRequest, PromiseKind, TimelineEntry};
use takt_contract::procurement::v1::inbound_service_client::InboundServiceClient;
use takt_contract::procurement::v1::{GetLotRequest, Lot};
use takt_contract::production::v1::vehicle_service_client::VehicleServiceClient;
use takt_contract::production::v1::{
    AsBuiltPart, GetVehicleRequest, ListVehiclesRequest, ShopWindow, TraceBackwardRequest, Vehicle,
    VehicleState,
};
use takt_kernel::{Date, LotId};

use super::figures::{Life, LifeEvent, SerialPart, ShopTime};
use crate::connection::{Peer, Peers, ask, read};
use crate::failure::Outcome;
use crate::output::day;

/// The vehicle is chosen among so many of the first.
const CANDIDATES: i32 = 200;

/// The life of a vehicle that says much: handed over, with as many serial numbers as there are.
pub(super) async fn one_life(peers: &Peers) -> Outcome<Option<Life>> {
    let message = ListVehiclesRequest {
        page_size: CANDIDATES,
        page_token: String::new(),
    };
    let first = ask!(
        &peers.production,
        "list vehicles",
        VehicleServiceClient.list_vehicles,
        message
    )?;
    let handed_over = |vehicle: &&Vehicle| vehicle.state() == VehicleState::HandedOver;
    // The last variant of the programme is the one with most in it.
    let richest = first
        .vehicles
        .iter()
        .filter(handed_over)
        .min_by_key(|vehicle| {
            (
                std::cmp::Reverse(vehicle.options.len()),
                vehicle.variant_id.clone(),
                vehicle.build_number,
            )
        });
    match richest.or(first.vehicles.first()) {
        Some(vehicle) => life_of(peers, &vehicle.vin).await.map(Some),
        None => Ok(None),
    }
}

async fn life_of(peers: &Peers, vin: &str) -> Outcome<Life> {
    let message = GetVehicleRequest {
        vin: vin.to_owned(),
    };
    let answer = ask!(
        &peers.production,
        "read a vehicle",
        VehicleServiceClient.get_vehicle,
        message
    )?;
    let vehicle = answer.vehicle.unwrap_or_default();
    let message = TraceBackwardRequest {
        vin: vin.to_owned(),
        ..TraceBackwardRequest::default()
    };
    let parts = read!(
        &peers.production,
        "trace a vehicle",
        VehicleServiceClient.trace_backward,
        message,
        |page| page.parts
    )?;
    let serialised: Vec<&AsBuiltPart> = parts
        .iter()
        .filter(|part| !part.serial_number.is_empty())
        .collect();
    let lots = try_join_all(serialised.iter().map(|part| lot(&peers.procurement, part))).await?;
    let mut life = Life {
        vin: vehicle.vin.clone(),
        build_number: vehicle.build_number,
        configuration: vehicle.options.clone().into_iter().collect(),
        order: vehicle.order_id.clone(),
        city: String::new(),
        timeline: Vec::new(),
        shops: answer.shops.iter().map(shop_time).collect(),
        part_count: parts.len(),
        serials: serialised
            .iter()
            .zip(&lots)
            .map(|(part, lot)| serial(part, lot))
            .collect(),
    };
    life.configuration
        .insert("VAR".to_owned(), vehicle.variant_id.clone());
    if !vehicle.order_id.is_empty() {
        follow_order(&peers.delivery, &mut life).await?;
    }
    received(&mut life, &lots);
    life.timeline.sort_by(|a, b| a.date.cmp(&b.date));
    Ok(life)
}

/// The lot of a part. Procurement knows those that were bought; of a made one its name says who made it, and of one that a workshop put in
/// nobody tells a lot.
async fn lot(peer: &Peer, part: &AsBuiltPart) -> Outcome<Lot> {
    let lot_id = part.lot_id.clone();
    if part.made || lot_id.is_empty() {
        let maker = LotId::parse(&lot_id).map(|lot| lot.supplier.to_string());
        return Ok(Lot {
            lot_id,
            supplier_id: maker.unwrap_or_default(),
            ..Lot::default()
        });
    }
    let message = GetLotRequest { lot_id };
    let answer = ask!(peer, "read a lot", InboundServiceClient.get_lot, message)?;
    Ok(answer.lot.unwrap_or_default())
}

async fn follow_order(peer: &Peer, life: &mut Life) -> Outcome<()> {
    let message = GetOrderRequest {
        order_id: life.order.clone(),
    };
    let answer = ask!(peer, "read an order", OrderServiceClient.get_order, message)?;
    life.city = answer.order.map(|order| order.city).unwrap_or_default();
    let text = |date: Option<&takt_contract::common::v1::Date>| day(date).unwrap_or_default();
    let told_promises = answer
        .timeline
        .iter()
        .any(|entry| entry.event.to_uppercase().contains("PROMISE"));
    for promise in answer.promises.iter().filter(|_| !told_promises) {
        let kind = match promise.kind() {
            PromiseKind::Estimate => "estimated for",
            _ => "promised for",
        };
        life.timeline.push(LifeEvent {
            date: text(promise.made_on.as_ref()),
            event: format!("{kind} {}", text(promise.deliver_on.as_ref())),
            source: peer.name.to_owned(),
            subject: promise.plan_id.clone(),
        });
    }
    let event = |entry: &TimelineEntry| LifeEvent {
        date: text(entry.date.as_ref()),
        event: entry.event.clone(),
        source: entry.source.clone(),
        subject: entry.subject.clone(),
    };
    life.timeline.extend(answer.timeline.iter().map(event));
    Ok(())
}

/// The receipts of the lots behind the serial numbers, one line a day.
fn received(life: &mut Life, lots: &[Lot]) {
    let mut by_day = BTreeMap::<String, Vec<&str>>::new();
    for lot in lots {
        if let Some(date) = day(lot.received_on.as_ref()) {
            by_day.entry(date).or_default().push(&lot.lot_id);
        }
    }
    for (date, lots) in by_day {
        life.timeline.push(LifeEvent {
            date,
            event: "PARTS_RECEIVED".to_owned(),
            source: "procurement".to_owned(),
            subject: lots.join(", "),
        });
    }
}

fn serial(part: &AsBuiltPart, lot: &Lot) -> SerialPart {
    SerialPart {
        item: part.item_id.clone(),
        serial: part.serial_number.clone(),
        lot: part.lot_id.clone(),
        supplier: lot.supplier_id.clone(),
        received_on: day(lot.received_on.as_ref()),
        reservation: part.reservation_id.clone(),
    }
}

fn shop_time(window: &ShopWindow) -> ShopTime {
    ShopTime {
        shop: window.shop_id.clone(),
        start: clock(window.start_second),
        end: clock(window.end_second),
        seconds: window.end_second - window.start_second,
    }
}

/// Seconds of the plant's clock as people write them.
fn clock(second: i64) -> String {
    let day = i32::try_from(second.div_euclid(86_400)).unwrap_or(0);
    let rest = second.rem_euclid(86_400);
    format!(
        "{} {:02}:{:02}:{:02}",
        Date::from_epoch_day(day),
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plants_clock_is_readable() {
        assert_eq!(clock(19_810 * 86_400 + 3_661), "2024-03-28 01:01:01");
    }
}
