//! Changes on the wire.
//!
//! It must not decide anything. Invariants: procurement is asked outside any transaction; a change is released and cancelled while
//! no day is being decided, so that a day's vehicles and its changes fit; products are forgotten after every change of them.

use std::sync::Arc;

use takt_contract::{
    date_pb, date_req, id_req,
    production::v1::{self as pb, engineering_change_service_server::EngineeringChangeService},
    request_id,
};
use takt_kernel::{Date, ItemId, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, compute, page_size};
use tonic::{Request, Response, Status};

use super::{
    Change, ChangeRefusal, Interchange,
    impact::{Impact, Start, bought_items, impact},
    store::{change_add, change_fetch, change_save, changes_page, live_fetch},
    wire::{change_pb, impact_pb, name_of, spec_of},
};
use crate::{
    Production,
    peers::outlook::outlook,
    plan::{running_out, store::position_fetch},
    product::{
        Product,
        store::{product_load, product_with, universal_items_save},
    },
    shop_floor::{DayRefusal, store::day_open},
    vehicle::break_point::{Vehicles, around, counts},
};

const SERVICE: &str = "takt.production.v1.EngineeringChangeService";

/// Changes on the wire.
pub struct EngineeringChangeRpc(pub Production);

/// What an assessment found.
struct Found {
    product: Arc<Product>,
    change: Change,
    impact: Impact,
    /// Why procurement did not answer.
    away: Option<String>,
}

#[tonic::async_trait]
impl EngineeringChangeService for EngineeringChangeRpc {
    async fn create_change(
        &self,
        request: Request<pb::CreateChangeRequest>,
    ) -> Result<Response<pb::CreateChangeResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found);
        id_req::<ItemId>(&message.change_id, "change_id", &mut found);
        let spec = spec_of(message.spec.as_ref(), &product, &mut found);
        let (id, spec) = found.finish_with(id.zip(spec)).map_err(Error::from)?;
        let once = Once::of(&format!("{SERVICE}/CreateChange"), id, &message);
        let change = Arc::new(Change::draft(message.change_id, spec));
        let store = &self.0.deps.store;
        let write = store.write_once(&call, "change_create", once, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                change_add(tx, &change).await?;
                Ok(pb::CreateChangeResponse {
                    change: Some(change_pb(&change)),
                })
            })
        });
        Ok(Response::new(write.await?))
    }

    async fn revise_change(
        &self,
        request: Request<pb::ReviseChangeRequest>,
    ) -> Result<Response<pb::ReviseChangeResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found);
        let spec = spec_of(message.spec.as_ref(), &product, &mut found);
        let (id, spec) = found.finish_with(id.zip(spec)).map_err(Error::from)?;
        let once = Once::of(&format!("{SERVICE}/ReviseChange"), id, &message);
        let work = Arc::new((message, spec));
        let store = &self.0.deps.store;
        let write = store.write_once(&call, "change_revise", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (message, spec) = work.as_ref();
                let mut change = seen(tx, &message.change_id, &message.etag).await?;
                change.revise(spec.clone())?;
                change_save(tx, &change).await?;
                Ok(pb::ReviseChangeResponse {
                    change: Some(change_pb(&change)),
                })
            })
        });
        Ok(Response::new(write.await?))
    }

    async fn get_change(
        &self,
        request: Request<pb::GetChangeRequest>,
    ) -> Result<Response<pb::GetChangeResponse>, Status> {
        let call = Call::of(&request);
        let change = self.change(&call, request.into_inner().change_id).await?;
        Ok(Response::new(pb::GetChangeResponse {
            change: Some(change_pb(&change)),
        }))
    }

    async fn list_changes(
        &self,
        request: Request<pb::ListChangesRequest>,
    ) -> Result<Response<pb::ListChangesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let after = PageToken::open("ListChanges", "", &message.page_token)?;
        let after = Arc::new(after.unwrap_or_default());
        let store = &self.0.deps.store;
        let read = store.read(&call, "change_list", move |tx| {
            let after = Arc::clone(&after);
            Box::pin(async move { changes_page(tx, &after, size + 1).await })
        });
        let mut changes = read.await?;
        let shown = usize::try_from(size).unwrap_or(usize::MAX);
        let more = changes.len() > shown;
        changes.truncate(shown);
        let last = changes.last().filter(|_| more);
        Ok(Response::new(pb::ListChangesResponse {
            next_page_token: last
                .map(|last| PageToken::seal("ListChanges", "", &last.change_id))
                .unwrap_or_default(),
            changes: changes.iter().map(change_pb).collect(),
        }))
    }

    async fn assess_change(
        &self,
        request: Request<pb::AssessChangeRequest>,
    ) -> Result<Response<pb::AssessChangeResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found);
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut found);
        let id = found.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&format!("{SERVICE}/AssessChange"), id, &message);
        let found = self.found(&call, message.change_id, as_of).await?;
        let told = impact_pb(&found.product, &found.impact, found.away);
        if message.validate_only {
            return Ok(Response::new(pb::AssessChangeResponse {
                change: Some(change_pb(&found.change)),
                impact: Some(told),
            }));
        }
        let work = Arc::new((found.change, found.impact.first_possible, told));
        let store = &self.0.deps.store;
        let write = store.write_once(&call, "change_assess", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (seen, first_possible, told) = work.as_ref();
                let mut change = seen.clone();
                change.assess(as_of, *first_possible)?;
                change_save(tx, &change).await?;
                Ok(pb::AssessChangeResponse {
                    change: Some(change_pb(&change)),
                    impact: Some(told.clone()),
                })
            })
        });
        Ok(Response::new(write.await?))
    }

    async fn approve_change(
        &self,
        request: Request<pb::ApproveChangeRequest>,
    ) -> Result<Response<pb::ApproveChangeResponse>, Status> {
        let call = Call::of(&request);
        let message = Arc::new(request.into_inner());
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found);
        let named = !message.approved_by.trim().is_empty() && message.approved_by.len() <= 200;
        found.require(
            named,
            "approved_by",
            "say who decides, in at most 200 bytes",
        );
        let id = found.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&format!("{SERVICE}/ApproveChange"), id, message.as_ref());
        let store = &self.0.deps.store;
        let write = store.write_once(&call, "change_approve", once, move |tx| {
            let message = Arc::clone(&message);
            Box::pin(async move {
                let mut change = seen(tx, &message.change_id, &message.etag).await?;
                change.approve(&message.approved_by)?;
                change_save(tx, &change).await?;
                Ok(pb::ApproveChangeResponse {
                    change: Some(change_pb(&change)),
                })
            })
        });
        Ok(Response::new(write.await?))
    }

    async fn release_change(
        &self,
        request: Request<pb::ReleaseChangeRequest>,
    ) -> Result<Response<pb::ReleaseChangeResponse>, Status> {
        let call = Call::of(&request);
        let message = Arc::new(request.into_inner());
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.released_on.as_ref(), "released_on", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&format!("{SERVICE}/ReleaseChange"), id, message.as_ref());
        let found = self.found(&call, message.change_id.clone(), on).await?;
        let mut gates = found.impact.gates();
        if let Some(away) = found.away {
            (gates.possible, gates.why) = (false, away);
        }
        let work = Arc::new((message, gates, found.change.version));
        let _line = self.0.line.lock().await;
        let store = &self.0.deps.store;
        let write = store.write_once(&call, "change_release", once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (message, gates, version) = work.as_ref();
                let mut change = seen(tx, &message.change_id, &message.etag).await?;
                if change.version != *version {
                    return Err(Error::stale("change", &change.change_id));
                }
                no_open_day(tx).await?;
                let live = live_fetch(tx).await?;
                let taken: Vec<u8> = live.iter().filter_map(|change| change.bit).collect();
                change.release(&taken, gates)?;
                change_save(tx, &change).await?;
                // A change that makes a cycle or a nonsense is refused here, before anybody follows it.
                universal_items_save(tx, &product_load(tx).await?).await?;
                Ok(pb::ReleaseChangeResponse {
                    change: Some(change_pb(&change)),
                })
            })
        });
        let answer = write.await?;
        self.0.products.forget();
        Ok(Response::new(answer))
    }

    async fn cancel_change(
        &self,
        request: Request<pb::CancelChangeRequest>,
    ) -> Result<Response<pb::CancelChangeResponse>, Status> {
        let call = Call::of(&request);
        let message = Arc::new(request.into_inner());
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found);
        let id = found.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&format!("{SERVICE}/CancelChange"), id, message.as_ref());
        let _line = self.0.line.lock().await;
        let store = &self.0.deps.store;
        let write = store.write_once(&call, "change_cancel", once, move |tx| {
            let message = Arc::clone(&message);
            Box::pin(async move {
                let mut change = seen(tx, &message.change_id, &message.etag).await?;
                let followed = change.bit.is_some();
                change.cancel()?;
                no_open_day(tx).await?;
                change_save(tx, &change).await?;
                if followed {
                    universal_items_save(tx, &product_load(tx).await?).await?;
                }
                Ok(pb::CancelChangeResponse {
                    change: Some(change_pb(&change)),
                })
            })
        });
        let answer = write.await?;
        self.0.products.forget();
        Ok(Response::new(answer))
    }

    async fn get_break_point(
        &self,
        request: Request<pb::GetBreakPointRequest>,
    ) -> Result<Response<pb::GetBreakPointResponse>, Status> {
        let call = Call::of(&request);
        let product = self.0.products.get(&call).await?;
        let change = Arc::new(self.change(&call, request.into_inner().change_id).await?);
        let (reading, asked) = (Arc::clone(&product), Arc::clone(&change));
        let store = &self.0.deps.store;
        let read = store.read(&call, "change_break_point", move |tx| {
            let (product, change) = (Arc::clone(&reading), Arc::clone(&asked));
            Box::pin(async move {
                let (old, new) = bought_items(&product, &change.spec.items);
                let items = Vehicles {
                    product: &product,
                    old: &old,
                    new: &new,
                };
                let counted = counts(tx, &items, change.first_build).await?;
                Ok((around(tx, &items, change.first_build).await?, counted))
            })
        });
        let ((last_old, first_new), (without, with)) = read.await?;
        let vehicle = |found: crate::vehicle::break_point::Found| pb::BreakPointVehicle {
            vin: found.vehicle.vin.clone(),
            build_number: found.vehicle.build_number,
            built_on: found.vehicle.built_on.map(date_pb),
            lots: found
                .lots
                .into_iter()
                .map(|(item, lot_id)| pb::BreakPointLot {
                    item_id: name_of(&product, item),
                    lot_id,
                })
                .collect(),
        };
        let interchange = change.spec.interchange;
        Ok(Response::new(pb::GetBreakPointResponse {
            last_old: last_old.map(vehicle),
            first_new: first_new.map(vehicle),
            old_vehicle_count: without,
            new_vehicle_count: with,
            new_may_replace_old: interchange != Interchange::None,
            old_may_replace_new: interchange == Interchange::BothWays,
            change: Some(change_pb(&change)),
        }))
    }
}

impl EngineeringChangeRpc {
    async fn change(&self, call: &Call, change_id: String) -> Result<Change, Error> {
        let id = Arc::new(change_id);
        let read = self.0.deps.store.read(call, "change_get", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move { change_fetch(tx, &id).await })
        });
        read.await
    }

    /// What a change does as of a day, as if plans followed it already.
    async fn found(&self, call: &Call, change_id: String, as_of: Date) -> Result<Found, Error> {
        let id = Arc::new(change_id);
        let read = self.0.deps.store.read(call, "change_look", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move { as_if_followed(tx, &id).await })
        });
        let (change, followed, product, mut start) = read.await?;
        let product = Arc::new(product);
        let (mut items, new) = bought_items(&product, &followed.spec.items);
        items.extend(new);
        items.extend(running_out(&product));
        items.sort_unstable();
        items.dedup();
        let mut away = None;
        match outlook(&self.0, call, &product, &items).await {
            Ok(outlooks) => start.outlooks = outlooks,
            Err(error @ (Error::Down { .. } | Error::Late { .. })) => {
                away = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        start.as_of = as_of;
        let planning = Arc::clone(&product);
        let found = compute(move || impact(&planning, &followed, &start));
        let impact = found
            .await?
            .map_err(|error| Error::broken(format!("the money of a change: {error}")))?;
        Ok(Found {
            product,
            change,
            impact,
            away,
        })
    }
}

/// A change, the same as if it were followed, and the product and what was built with it.
async fn as_if_followed(
    tx: &Tx,
    change_id: &str,
) -> Result<(Change, Change, Product, Start), Error> {
    let change = change_fetch(tx, change_id).await?;
    let mut followed = change.clone();
    let product = if change.bit.is_some() {
        product_load(tx).await?
    } else {
        let live = live_fetch(tx).await?;
        let taken = |bit: &u8| live.iter().any(|change| change.bit == Some(*bit));
        let free = (0..takt_planning::change::MAX_CHANGES as u8).find(|bit| !taken(bit));
        let full = || ChangeRefusal::TooMany {
            change: change_id.to_owned(),
        };
        followed.bit = Some(free.ok_or_else(full)?);
        product_with(tx, Some(followed.clone())).await?
    };
    let (old, new) = bought_items(&product, &change.spec.items);
    let items = Vehicles {
        product: &product,
        old: &old,
        new: &new,
    };
    let start = Start {
        built: counts(tx, &items, change.first_build).await?,
        position: position_fetch(tx, &product).await?,
        ..Start::default()
    };
    Ok((change, followed, product, start))
}

/// A change whose tag the caller has seen; an empty tag skips the check.
async fn seen(tx: &Tx, change_id: &str, etag: &str) -> Result<Change, Error> {
    let change = change_fetch(tx, change_id).await?;
    if etag.is_empty() || etag == change.etag() {
        Ok(change)
    } else {
        Err(Error::stale("change", change_id))
    }
}

/// What was decided for a day has its vehicles' changes in it already.
async fn no_open_day(tx: &Tx) -> Result<(), Error> {
    match day_open(tx).await? {
        Some(on) => Err(DayRefusal::Unfinished(on).into()),
        None => Ok(()),
    }
}
