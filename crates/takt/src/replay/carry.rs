//! The carriers' steps of a day: loads leave, loads arrive, customers take their vehicles. It must not know parts.
//! Invariants: what to do is asked of delivery each time, so that a day played again finds only what is left to do;
//! nobody takes a vehicle before the first day of handovers.
use takt_contract::delivery::v1::handover_service_client::HandoverServiceClient;
use takt_contract::delivery::v1::shipment_service_client::ShipmentServiceClient;
use takt_contract::delivery::v1::{
    Handover, RecordHandoversRequest, RecordTransportEventsRequest, RefusedEvent, Shipment,
    ShipmentState, StreamReadyVehiclesRequest, StreamShipmentsRequest, TransportEvent,
    TransportEventKind,
};
use takt_contract::{date_opt, date_pb};
use takt_kernel::Date;

use super::request::RequestIds;
use crate::bulk;
use crate::connection::{Peer, WHOLE, read, within};
use crate::failure::{Failure, Outcome};
use crate::world::Carriers;

/// Departures, arrivals and handovers of a day.
pub(super) async fn day(
    peer: &Peer,
    ids: &RequestIds,
    carriers: &Carriers,
    day: Date,
    first_handover: Date,
) -> Outcome<()> {
    let until = Some(date_pb(day));
    let leaving = StreamShipmentsRequest {
        departing_until: until,
        expected_until: None,
        state: ShipmentState::Planned.into(),
    };
    let leaving = shipments(peer, leaving).await?;
    report(peer, ids, day, TransportEventKind::Departed, &leaving).await?;
    let due = StreamShipmentsRequest {
        departing_until: None,
        expected_until: until,
        state: ShipmentState::InTransit.into(),
    };
    let due = shipments(peer, due).await?;
    let until = |shipment: &Shipment| {
        let departed = shipment.departed_on.as_ref();
        let departed = date_opt(departed, "departed_on", &mut Default::default())?;
        carriers.late_until(&shipment.lane_id, &shipment.shipment_id, departed)
    };
    let (mut there, mut late) = (Vec::new(), Vec::new());
    for shipment in due {
        match until(&shipment).filter(|until| *until > day) {
            // On the day on which it should be there its carrier tells when it will be.
            Some(until) => late.push((shipment, until)),
            None => there.push(shipment),
        }
    }
    let delayed = late.iter().map(|(shipment, until)| TransportEvent {
        expected_on: Some(date_pb(*until)),
        description: "the carrier is late".to_owned(),
        ..event(shipment, TransportEventKind::Delayed, day)
    });
    tell(peer, ids, day, "delay", delayed.collect()).await?;
    report(peer, ids, day, TransportEventKind::Arrived, &there).await?;
    if day >= first_handover {
        hand_over(peer, ids, day).await?;
    }
    Ok(())
}

/// Whether no load is planned or under way and no vehicle waits.
pub(super) async fn is_at_rest(peer: &Peer) -> Outcome<bool> {
    for state in [ShipmentState::Planned, ShipmentState::InTransit] {
        let open = StreamShipmentsRequest {
            state: state.into(),
            ..Default::default()
        };
        if !shipments(peer, open).await?.is_empty() {
            return Ok(false);
        }
    }
    Ok(ready(peer).await?.is_empty())
}

async fn shipments(peer: &Peer, which: StreamShipmentsRequest) -> Outcome<Vec<Shipment>> {
    read!(
        peer,
        "read shipments",
        ShipmentServiceClient.stream_shipments,
        which,
        |page| page.shipments
    )
}

async fn ready(peer: &Peer) -> Outcome<Vec<takt_contract::delivery::v1::ReadyVehicle>> {
    let message = StreamReadyVehiclesRequest {};
    read!(
        peer,
        "read ready vehicles",
        HandoverServiceClient.stream_ready_vehicles,
        message,
        |page| page.vehicles
    )
}

async fn report(
    peer: &Peer,
    ids: &RequestIds,
    day: Date,
    kind: TransportEventKind,
    shipments: &[Shipment],
) -> Outcome<()> {
    let step = if kind == TransportEventKind::Departed {
        "depart"
    } else {
        "arrive"
    };
    let events = shipments.iter().map(|shipment| event(shipment, kind, day));
    tell(peer, ids, day, step, events.collect()).await
}

fn event(shipment: &Shipment, kind: TransportEventKind, day: Date) -> TransportEvent {
    TransportEvent {
        shipment_id: shipment.shipment_id.clone(),
        kind: kind.into(),
        date: Some(date_pb(day)),
        ..TransportEvent::default()
    }
}

async fn tell(
    peer: &Peer,
    ids: &RequestIds,
    day: Date,
    step: &str,
    events: Vec<TransportEvent>,
) -> Outcome<()> {
    let chunks: Vec<RecordTransportEventsRequest> = bulk::cut(events)
        .into_iter()
        .map(|events| RecordTransportEventsRequest {
            request_id: ids.keyed_chunk(
                day,
                step,
                events.iter().map(|event| event.shipment_id.as_str()),
            ),
            events,
        })
        .collect();
    let what = format!("record transport of {day}");
    let answers = bulk::send(peer, &what, &chunks, |channel, stream| async move {
        let answer = ShipmentServiceClient::new(channel)
            .record_transport_events(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    nothing_refused(
        peer,
        &what,
        answers.iter().flat_map(|answer| &answer.refused),
    )
}

async fn hand_over(peer: &Peer, ids: &RequestIds, day: Date) -> Outcome<()> {
    let mut vehicles = ready(peer).await?;
    vehicles.retain(|vehicle| {
        let since = date_opt(
            vehicle.ready_on.as_ref(),
            "ready_on",
            &mut Default::default(),
        );
        since.is_some_and(|on| on <= day)
    });
    let handover = |vehicle: &takt_contract::delivery::v1::ReadyVehicle| Handover {
        vin: vehicle.vin.clone(),
        handed_over_on: Some(date_pb(day)),
    };
    let chunks: Vec<RecordHandoversRequest> = bulk::cut(vehicles.iter().map(handover).collect())
        .into_iter()
        .map(|handovers| RecordHandoversRequest {
            request_id: ids.keyed_chunk(
                day,
                "handover",
                handovers.iter().map(|handover| handover.vin.as_str()),
            ),
            handovers,
        })
        .collect();
    let what = format!("record the handovers of {day}");
    let answers = bulk::send(peer, &what, &chunks, |channel, stream| async move {
        let answer = HandoverServiceClient::new(channel)
            .record_handovers(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    nothing_refused(
        peer,
        &what,
        answers.iter().flat_map(|answer| &answer.refused),
    )
}

fn nothing_refused<'r>(
    peer: &Peer,
    what: &str,
    refused: impl Iterator<Item = &'r RefusedEvent>,
) -> Outcome<()> {
    let told: Vec<String> = refused
        .take(5)
        .map(|refused| format!("{}: {}", refused.subject, refused.reason))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "{}: {what}: refused\n  {}",
        peer.name,
        told.join("\n  ")
    )))
}
