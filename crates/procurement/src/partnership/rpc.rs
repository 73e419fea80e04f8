//! Partnerships on the wire: joint development, reserved capacity, and the way to stakes and comparison.
//!
//! It must not decide anything. Invariant: what is named exists when it is written.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_req,
    procurement::v1::{self as pb, partnership_service_server::PartnershipService},
    request_id,
};
use takt_kernel::Violations;
use takt_service::{Call, Error, Once, PageToken, Tx, compute, page_size};
use tonic::{Request, Response, Status};

use super::{
    Development, Reservation,
    compare::{Known, compare},
    compare_wire::{partner_pb, wish_read},
    interests, stake_rpc,
    store::{
        Wanted, development_add, development_save, developments_fetch, reservation_add,
        reservation_release, reservations_fetch, stakes_fetch,
    },
    wire::{agreed, development_pb, etag, reservation_pb, reservation_read, text_fits, word_read},
};
use crate::{
    desk::{Answers, Desk, chunks},
    peers::Production,
    risk::{rpc::Stood, store::network_fetch},
};

/// The partners of a message: some hundred bytes each, and their measures.
const CHUNK: usize = 50;

/// Partnerships on the wire.
pub(crate) struct PartnershipRpc {
    /// What the parts of procurement share.
    pub(crate) desk: Arc<Desk>,
    /// Who says what the plan builds.
    pub(crate) production: Production,
}

#[tonic::async_trait]
impl PartnershipService for PartnershipRpc {
    type ComparePartnersStream = Answers<pb::ComparePartnersResponse>;

    async fn record_stakes(
        &self,
        request: Request<pb::RecordStakesRequest>,
    ) -> Result<Response<pb::RecordStakesResponse>, Status> {
        stake_rpc::record(&self.desk, request).await
    }

    async fn list_stakes(
        &self,
        request: Request<pb::ListStakesRequest>,
    ) -> Result<Response<pb::ListStakesResponse>, Status> {
        stake_rpc::list(&self.desk, request).await
    }

    async fn get_interests(
        &self,
        request: Request<pb::GetInterestsRequest>,
    ) -> Result<Response<pb::GetInterestsResponse>, Status> {
        stake_rpc::interests_of(&self.desk, request).await
    }

    async fn agree_development(
        &self,
        request: Request<pb::AgreeDevelopmentRequest>,
    ) -> Result<Response<pb::AgreeDevelopmentResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let new = agreed(&message, &mut violations);
        let new = violations.finish_with(new).map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        if catalogue.supplier(&new.supplier).is_none() {
            return Err(Error::missing("supplier", &new.supplier).into());
        }
        let once = Once::of(
            "takt.procurement.v1.PartnershipService/AgreeDevelopment",
            id,
            &message,
        );
        let new = Arc::new(new);
        let write = self
            .desk
            .store
            .write_once(&call, "development_agree", once, move |tx| {
                let new = Arc::clone(&new);
                Box::pin(async move {
                    development_add(tx, &new).await?;
                    Ok(pb::AgreeDevelopmentResponse {
                        development: Some(development_pb(&new)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn record_milestone(
        &self,
        request: Request<pb::RecordMilestoneRequest>,
    ) -> Result<Response<pb::RecordMilestoneResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let word = word_read(&message, &mut violations);
        let word = violations.finish_with(word).map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PartnershipService/RecordMilestone",
            id,
            &message,
        );
        let message = Arc::new(message);
        let write = self
            .desk
            .store
            .write_once(&call, "milestone_record", once, move |tx| {
                let message = Arc::clone(&message);
                Box::pin(async move {
                    let mut own = seen(tx, &message.development_id, &message.etag).await?;
                    let place = own.tell(&message.milestone_id, word)?;
                    development_save(tx, &own, Some(place)).await?;
                    Ok(pb::RecordMilestoneResponse {
                        development: Some(development_pb(&own)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn end_development(
        &self,
        request: Request<pb::EndDevelopmentRequest>,
    ) -> Result<Response<pb::EndDevelopmentResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let on = date_req(message.ended_on.as_ref(), "ended_on", &mut violations);
        text_fits(&message.reason, "reason", &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PartnershipService/EndDevelopment",
            id,
            &message,
        );
        let message = Arc::new(message);
        let write = self
            .desk
            .store
            .write_once(&call, "development_end", once, move |tx| {
                let message = Arc::clone(&message);
                Box::pin(async move {
                    let mut own = seen(tx, &message.development_id, &message.etag).await?;
                    own.end(on, &message.reason)?;
                    development_save(tx, &own, None).await?;
                    Ok(pb::EndDevelopmentResponse {
                        development: Some(development_pb(&own)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_development(
        &self,
        request: Request<pb::GetDevelopmentRequest>,
    ) -> Result<Response<pb::GetDevelopmentResponse>, Status> {
        let call = Call::of(&request);
        let id = Arc::new(request.into_inner().development_id);
        let read = self.desk.store.read(&call, "development_get", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move { seen(tx, &id, "").await })
        });
        let own = read.await?;
        Ok(Response::new(pb::GetDevelopmentResponse {
            development: Some(development_pb(&own)),
        }))
    }

    async fn list_developments(
        &self,
        request: Request<pb::ListDevelopmentsRequest>,
    ) -> Result<Response<pb::ListDevelopmentsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let arguments = message.supplier_id.clone();
        let after = PageToken::open("ListDevelopments", &arguments, &message.page_token)?;
        // One more than the page tells whether there is another one.
        let wanted = Wanted::Page(after.unwrap_or_default(), size + 1, message.supplier_id);
        let read = self.desk.store.read(&call, "developments_list", move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { developments_fetch(tx, &wanted).await })
        });
        let mut all = read.await?;
        let key = |one: &Development| one.id.clone();
        Ok(Response::new(pb::ListDevelopmentsResponse {
            next_page_token: PageToken::cut(&mut all, size, "ListDevelopments", &arguments, key),
            developments: all.iter().map(development_pb).collect(),
        }))
    }

    async fn reserve_capacity(
        &self,
        request: Request<pb::ReserveCapacityRequest>,
    ) -> Result<Response<pb::ReserveCapacityResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let new = reservation_read(message.reservation.as_ref(), &mut violations);
        let new = violations.finish_with(new).map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        let once = Once::of(
            "takt.procurement.v1.PartnershipService/ReserveCapacity",
            id,
            &message,
        );
        let new = Arc::new(new);
        let write = self
            .desk
            .store
            .write_once(&call, "capacity_reserve", once, move |tx| {
                let (new, catalogue) = (Arc::clone(&new), Arc::clone(&catalogue));
                Box::pin(async move {
                    let network = network_fetch(tx).await?.complete(&catalogue);
                    let is_site = |site: &crate::risk::network::Site| {
                        site.supplier == new.supplier && site.item == new.item
                    };
                    if !network.sites.iter().any(is_site) {
                        let site = format!("{}/{}", new.supplier, new.item);
                        return Err(Error::missing("site", site));
                    }
                    reservation_add(tx, &new).await?;
                    Ok(pb::ReserveCapacityResponse {
                        reservation: Some(reservation_pb(&catalogue, &new)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn release_capacity(
        &self,
        request: Request<pb::ReleaseCapacityRequest>,
    ) -> Result<Response<pb::ReleaseCapacityResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let on = date_req(message.released_on.as_ref(), "released_on", &mut violations);
        violations.finish().map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        let once = Once::of(
            "takt.procurement.v1.PartnershipService/ReleaseCapacity",
            id,
            &message,
        );
        let message = Arc::new(message);
        let write = self
            .desk
            .store
            .write_once(&call, "capacity_release", once, move |tx| {
                let (message, catalogue) = (Arc::clone(&message), Arc::clone(&catalogue));
                Box::pin(async move {
                    let mut own = reserved(tx, &message.reservation_id).await?;
                    own.release(on)?;
                    reservation_release(tx, &own).await?;
                    Ok(pb::ReleaseCapacityResponse {
                        reservation: Some(reservation_pb(&catalogue, &own)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn list_capacity_reservations(
        &self,
        request: Request<pb::ListCapacityReservationsRequest>,
    ) -> Result<Response<pb::ListCapacityReservationsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let mut violations = Violations::new();
        let on = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let catalogue = self.desk.catalogue(&call).await?;
        let day = on.map_or_else(String::new, |on| on.to_string());
        let arguments = format!("{}/{day}", message.supplier_id);
        let after = PageToken::open("ListCapacityReservations", &arguments, &message.page_token)?;
        let wanted = Wanted::Page(after.unwrap_or_default(), size + 1, message.supplier_id);
        let read = self.desk.store.read(&call, "capacity_list", move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { reservations_fetch(tx, &wanted).await })
        });
        let mut all = read.await?;
        let key = |own: &Reservation| own.id.clone();
        let list = "ListCapacityReservations";
        let next_page_token = PageToken::cut(&mut all, size, list, &arguments, key);
        // A page may hold none that holds on the day and yet not be the last one.
        all.retain(|own| on.is_none_or(|on| own.valid.0 <= on && on <= own.valid.1));
        let told = all.iter().map(|own| reservation_pb(&catalogue, own));
        Ok(Response::new(pb::ListCapacityReservationsResponse {
            reservations: told.collect(),
            next_page_token,
        }))
    }

    async fn compare_partners(
        &self,
        request: Request<pb::ComparePartnersRequest>,
    ) -> Result<Response<Self::ComparePartnersStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut violations = Violations::new();
        let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
        let wish = wish_read(&message, &catalogue, &mut violations);
        violations.finish().map_err(Error::from)?;
        if !wish.supplier.is_empty() && catalogue.supplier(&wish.supplier).is_none() {
            return Err(Error::missing("supplier", &wish.supplier).into());
        }
        let stood = Stood::read(&self.desk, &self.production, &call, as_of).await?;
        let Stood {
            ground,
            ahead,
            as_of,
            basis,
        } = stood;
        let read = self.desk.store.read(&call, "partners_known", |tx| {
            Box::pin(async move {
                let stakes = stakes_fetch(tx).await?;
                Ok((stakes, developments_fetch(tx, &Wanted::All).await?))
            })
        });
        let (stakes, developments) = read.await?;
        let own = interests(&stakes, "", Some(as_of)).map_err(Error::from)?;
        let active = developments.into_iter().filter(Development::is_active);
        let active: Vec<(String, String)> = active.map(|one| (one.supplier, one.id)).collect();
        let (work, built) = (Arc::clone(&ground), Arc::clone(&ahead));
        let compared = compute(move || {
            let known = Known {
                catalogue: &work.catalogue,
                network: &work.network,
                supply: &work.supply,
                ahead: &built,
                interests: &own,
                developments: &active,
            };
            compare(known, as_of, &wish)
        });
        let compared = compared.await??;
        let told = |one| partner_pb(&ground.catalogue, &ahead, one);
        let partners: Vec<pb::Partner> = compared.iter().map(told).collect();
        let message = move |partners| pb::ComparePartnersResponse {
            partners,
            basis: Some(basis.clone()),
        };
        Ok(Response::new(chunks(partners, CHUNK, message)))
    }
}

/// A programme as the caller has seen it.
async fn seen(tx: &Tx, id: &str, known: &str) -> Result<Development, Error> {
    let found = developments_fetch(tx, &Wanted::Named(id.to_owned())).await?;
    let own = found.into_iter().next();
    let own = own.ok_or_else(|| Error::missing("development", id))?;
    if !known.is_empty() && known != etag(&own) {
        return Err(Error::stale("development", id));
    }
    Ok(own)
}

async fn reserved(tx: &Tx, id: &str) -> Result<Reservation, Error> {
    let found = reservations_fetch(tx, &Wanted::Named(id.to_owned())).await?;
    let own = found.into_iter().next();
    own.ok_or_else(|| Error::missing("capacity reservation", id))
}
