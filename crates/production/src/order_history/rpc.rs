//! The history of an order on the wire, with procurement's word on the parts.
//!
//! It must not decide what is told. Invariants: what production tells is one snapshot; procurement is asked outside of it,
//! and its silence makes the answer PARTIAL and takes nothing else away.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb, id_req,
    procurement::v1::{self as procurement, inbound_service_client::InboundServiceClient},
    production::v1::{self as pb, history_service_server::HistoryService},
};
use takt_kernel::{OrderId, Vin, Violations, stable_hash};
use takt_planning::genealogy::Limits;
use takt_service::{Call, Error, Tx, client, peer::retry, telemetry::trace_id};
use tonic::{Request, Response, Status};

use super::{
    Event, Fitted, Happening, clock, day_of_clock, ordered, parts_told,
    store::{
        entered_fetch, order_fetch, quality_told, records_told, software_told, vehicle_of_order,
    },
};
use crate::{
    Production,
    genealogy::{
        refs::{Ref, resolve},
        rpc::parts_of,
        trace::{Known, Scope},
    },
    product::Product,
    vehicle::{
        Vehicle,
        rpc::built_day_fetch,
        store::{vehicle_fetch, vehicles_fetch},
    },
};

/// The lots of one question to procurement.
const LOTS: usize = 1_000;

/// The history of orders on the wire.
pub struct HistoryRpc(pub Production);

/// What production knows.
#[derive(Default)]
struct Told {
    traceparent: String,
    happenings: Vec<Happening>,
    parts: Vec<Fitted>,
}

#[tonic::async_trait]
impl HistoryService for HistoryRpc {
    async fn get_order_history(
        &self,
        request: Request<pb::GetOrderHistoryRequest>,
    ) -> Result<Response<pb::GetOrderHistoryResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let order = id_req::<OrderId>(&message.order_id, "order_id", &mut violations);
        let number = message.order_number;
        violations.require(number > 0, "order_number", "it counts from 1");
        let vin = (!message.vin.is_empty())
            .then(|| violations.check("vin", Vin::parse(&message.vin)))
            .flatten();
        let order = violations.finish_with(order).map_err(Error::from)?;
        let product = self.0.products.get(&call).await?;
        let reading = Arc::clone(&product);
        let read = self.0.deps.store.read(&call, "order_history", move |tx| {
            let (product, order, vin) = (Arc::clone(&reading), order.clone(), vin);
            Box::pin(async move { known(tx, &product, number, &order, vin).await })
        });
        let mut known = read.await?;
        let asked = received(&self.0, &call, &mut known.parts).await;
        let mut answer = pb::GetOrderHistoryResponse {
            result_status: common::ResultStatus::Complete.into(),
            ..pb::GetOrderHistoryResponse::default()
        };
        if let Err(error) = asked {
            answer.result_status = common::ResultStatus::Partial.into();
            answer.tombstones.push(common::Tombstone {
                node: "procurement".to_owned(),
                code: common::ReasonCode::TierUnknown.into(),
                detail: format!(
                    "when the parts were received is not known: {error}; ask again when procurement answers"
                ),
            });
        }
        let own = ordered(known.happenings);
        let parts = ordered(parts_told(&known.parts));
        let trace = trace_id(&known.traceparent).unwrap_or_default();
        let told = |source: &'static str| {
            let trace = trace.clone();
            move |one: Happening| {
                // The completion is told in the order's own trace; the other steps belong to whoever asked for them.
                let trace_id = if one.event == Event::Built {
                    trace.clone()
                } else {
                    String::new()
                };
                common::Happening {
                    date: Some(date_pb(one.on)),
                    event: one.event.word().to_owned(),
                    source: source.to_owned(),
                    subject: one.subject,
                    detail: one.detail,
                    trace_id,
                }
            }
        };
        answer.happenings = (parts.into_iter().map(told("procurement")))
            .chain(own.into_iter().map(told("production")))
            .collect();
        let day = |one: &common::Happening| date_opt(one.date.as_ref(), "", &mut Violations::new());
        answer.happenings.sort_by_key(day);
        Ok(Response::new(answer))
    }
}

async fn known(
    tx: &Tx,
    product: &Product,
    number: i64,
    order: &OrderId,
    vin: Option<Vin>,
) -> Result<Told, Error> {
    let missing = || Error::missing("order", order);
    let Some((order_id, traceparent)) = order_fetch(tx, number).await? else {
        return Err(missing());
    };
    if order_id != order.as_str() {
        return Err(missing());
    }
    let vehicle = match vin {
        Some(vin) => Some(vehicle_fetch(tx, &vin).await?),
        None => match vehicle_of_order(tx, number).await? {
            Some(serial) => vehicles_fetch(tx, &[serial]).await?.pop(),
            None => None,
        },
    };
    let mut known = Told {
        traceparent,
        ..Told::default()
    };
    if let Some(vehicle) = &vehicle {
        known.happenings = happened(tx, product, vehicle).await?;
        known.parts = fitted(tx, product, vehicle).await?;
    }
    Ok(known)
}

/// What happened to a vehicle.
async fn happened(tx: &Tx, product: &Product, vehicle: &Vehicle) -> Result<Vec<Happening>, Error> {
    let vin = vehicle.vin.as_str();
    let entered = entered_fetch(tx, vehicle.serial).await?;
    let mut told = vec![Happening::new(entered, Event::VinAllocated, vin)];
    if let Some(day) = built_day_fetch(tx, vehicle).await? {
        told.extend(day.stays(product, vehicle).into_iter().filter_map(|stay| {
            let shop = product.shops.get(stay.shop)?;
            let detail = format!("{} to {}", clock(stay.start), clock(stay.end));
            let on = day_of_clock(stay.end);
            Some(Happening::new(on, Event::ShopLeft, shop.shop_id.as_str()).with(detail))
        }));
    }
    if let Some(on) = vehicle.built_on {
        let place = format!("build {}", vehicle.build_number);
        told.push(Happening::new(on, Event::Built, vin).with(place));
    }
    told.extend(quality_told(tx, vehicle).await?);
    if let Some(on) = vehicle.released_on {
        told.push(Happening::new(on, Event::Released, vin));
    }
    if vehicle.build_number > 0 {
        let unit = Ref::Vin(parsed(vin)?);
        if let Some(unit) = resolve(tx, product, &unit).await? {
            told.extend(records_told(tx, vin, unit).await?);
        }
        told.extend(software_told(tx, product, vehicle.build_number).await?);
    }
    Ok(told)
}

/// The bought lots with which a vehicle was built, each once, and each piece with a serial number.
async fn fitted(tx: &Tx, product: &Product, vehicle: &Vehicle) -> Result<Vec<Fitted>, Error> {
    let Some(built_on) = vehicle.built_on else {
        return Ok(Vec::new());
    };
    let scope = Scope {
        as_of: Some(built_on),
        known: Known::Now,
        ever: false,
        limits: Limits {
            depth: 16,
            visits: 50_000,
        },
    };
    let unit = Ref::Vin(parsed(&vehicle.vin)?);
    let (parts, _) = parts_of(tx, product, &unit, &scope, None).await?;
    let bought = parts.into_iter().filter(|part| {
        !part.made
            && !part.lot_id.is_empty()
            && !part.item_id.is_empty()
            && part.external_id.is_empty()
    });
    let mut each: BTreeMap<(String, String), Fitted> = BTreeMap::new();
    for part in bought {
        let key = (part.lot_id.clone(), part.serial_number.clone());
        each.entry(key).or_insert(Fitted {
            lot_id: part.lot_id,
            item_id: part.item_id,
            serial_number: part.serial_number,
            supplier_id: part.supplier_id,
            received_on: None,
        });
    }
    Ok(each.into_values().collect())
}

fn parsed(vin: &str) -> Result<Vin, Error> {
    Vin::parse(vin)
        .map_err(|error| Error::broken(format!("a vehicle has the number {vin}: {error}")))
}

/// Asks procurement when the lots were received.
async fn received(production: &Production, call: &Call, parts: &mut [Fitted]) -> Result<(), Error> {
    let peer = &production.procurement;
    let mut lots: Vec<String> = parts.iter().map(|part| part.lot_id.clone()).collect();
    lots.sort_unstable();
    lots.dedup();
    let mut days = BTreeMap::new();
    for chunk in lots.chunks(LOTS) {
        let message = procurement::BatchGetLotsRequest {
            lot_ids: chunk.to_vec(),
        };
        let seed = chunk.first().map_or(0, |lot| stable_hash(lot.as_bytes()));
        let answer = retry(call, seed, |_| {
            let request = peer.request(call, message.clone());
            async move {
                client!(InboundServiceClient, peer)
                    .batch_get_lots(request)
                    .await
            }
        });
        let answer = answer.await.map_err(|status| peer.error(&status))?;
        let mut violations = Violations::new();
        for lot in answer.into_inner().lots {
            let on = date_opt(
                lot.received_on.as_ref(),
                "lots.received_on",
                &mut violations,
            );
            days.insert(lot.lot_id, on);
        }
        violations.finish().map_err(|found| {
            Error::broken(format!(
                "procurement's answer cannot be read: {}",
                Error::from(found)
            ))
        })?;
    }
    for part in parts {
        part.received_on = days.get(&part.lot_id).copied().flatten();
    }
    Ok(())
}
