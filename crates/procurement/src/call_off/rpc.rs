//! Agreements and releases on the wire.
//!
//! It must not decide anything.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_req,
    procurement::v1::{self as pb, call_off_service_server::CallOffService},
    request_id,
};
use takt_kernel::{Date, Violations};
use takt_planning::{call_off::call_off, liability::at_the_end};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    Agreement, Release, ZoneDays, due,
    store::{self, agreement_fetch, agreements_fetch, agreements_save},
    wire::{agreement_pb, call_off_pb, filter_named, name, owed_pb, source_named},
};
use crate::{
    desk::{Answers, Desk, pages},
    programme::{Catalogue, SourceNo},
    purchase_order::{self, release::Ordered},
    requirement::store::{needs_fetch, plan_fetch},
    rows::{count, short},
    safety::store::safety_fetch,
    sourcing::store::gates_fetch,
};

/// The releases that are read together: some tens of lines each.
const CHUNK: usize = 20;

/// Agreements and releases on the wire.
pub(crate) struct CallOffRpc(pub(crate) Arc<Desk>);

/// What to publish.
struct Wanted {
    as_of: Date,
    is_wanted: Box<dyn Fn(SourceNo) -> bool + Send + Sync>,
    /// Whether it may be several agreements: those that have ended are then left out instead of refused.
    is_many: bool,
}

#[tonic::async_trait]
impl CallOffService for CallOffRpc {
    async fn agree_schedule(
        &self,
        request: Request<pb::AgreeScheduleRequest>,
    ) -> Result<Response<pb::AgreeScheduleResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let (item, supplier) = (&message.item_id, &message.supplier_id);
        let source = source_named(&catalogue, item, supplier, &mut violations);
        let reset_on = date_req(message.reset_on.as_ref(), "reset_on", &mut violations);
        let days = ZoneDays {
            firm: message.firm_days,
            fabrication: message.fabrication_days,
            material: message.material_days,
        };
        violations.require(
            days.zones().is_some(),
            "material_days",
            "zones lie inside each other: 0 <= firm_days <= fabrication_days <= material_days <= 3650",
        );
        let source = violations.finish_with(source).map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.CallOffService/AgreeSchedule",
            id,
            &message,
        );
        let write = self
            .0
            .store
            .write_once(&call, "schedule_agree", once, move |tx| {
                let catalogue = Arc::clone(&catalogue);
                Box::pin(async move {
                    let agreement = agree(tx, &catalogue, source, reset_on, days).await?;
                    Ok(pb::AgreeScheduleResponse {
                        agreement: Some(agreement_pb(&catalogue, &agreement)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn publish_call_offs(
        &self,
        request: Request<pb::PublishCallOffsRequest>,
    ) -> Result<Response<pb::PublishCallOffsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let is_wanted = filter_named(&catalogue, &message.item_id, &message.supplier_id)?;
        let once = Once::of(
            "takt.procurement.v1.CallOffService/PublishCallOffs",
            id,
            &message,
        );
        let wanted = Arc::new(Wanted {
            as_of,
            is_wanted: Box::new(is_wanted),
            is_many: message.item_id.is_empty() || message.supplier_id.is_empty(),
        });
        let desk = Arc::clone(&self.0);
        let write = self
            .0
            .store
            .write_once(&call, "call_offs_publish", once, move |tx| {
                let (desk, catalogue) = (Arc::clone(&desk), Arc::clone(&catalogue));
                let wanted = Arc::clone(&wanted);
                Box::pin(async move { publish(tx, &desk, &catalogue, &wanted).await })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_call_off(
        &self,
        request: Request<pb::GetCallOffRequest>,
    ) -> Result<Response<pb::GetCallOffResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let (item, supplier) = (&message.item_id, &message.supplier_id);
        let source = source_named(&catalogue, item, supplier, &mut violations);
        violations.require(
            message.release_number >= 0,
            "release_number",
            "releases count from 1; 0 is the newest",
        );
        let source = violations.finish_with(source).map_err(Error::from)?;
        let known = Arc::clone(&catalogue);
        let read = self.0.store.read(&call, "call_off_get", move |tx| {
            let catalogue = Arc::clone(&known);
            Box::pin(async move {
                let agreement = agreement_need(tx, &catalogue, source).await?;
                let number = match message.release_number {
                    0 => agreement.releases,
                    number => i64::from(number),
                };
                let release = store::release_fetch(tx, source, number).await?;
                let release = release.ok_or_else(|| {
                    Error::missing(
                        "release",
                        format!("{number} of {}", name(&catalogue, source)),
                    )
                })?;
                Ok((agreement, release))
            })
        });
        let (agreement, release) = read.await?;
        let is_newest = release.number == agreement.releases;
        Ok(Response::new(pb::GetCallOffResponse {
            call_off: Some(call_off_pb(&catalogue, &release, is_newest, true)),
            agreement: Some(agreement_pb(&catalogue, &agreement)),
        }))
    }

    async fn list_call_offs(
        &self,
        request: Request<pb::ListCallOffsRequest>,
    ) -> Result<Response<pb::ListCallOffsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let catalogue = self.0.catalogue(&call).await?;
        let is_wanted = filter_named(&catalogue, &message.item_id, &message.supplier_id)?;
        let arguments = format!("{} {}", message.item_id, message.supplier_id);
        let key = PageToken::open("ListCallOffs", &arguments, &message.page_token)?;
        let mut after = key
            .as_deref()
            .and_then(|key| {
                let (source, number) = key.split_once(' ')?;
                Some((source.parse().ok()?, number.parse().ok()?))
            })
            .unwrap_or((0, 0));
        let mut call_offs: Vec<pb::CallOff> = Vec::new();
        let mut is_last = false;
        while !is_last && count(call_offs.len()) < size {
            let read = self.0.store.read(&call, "call_offs_list", move |tx| {
                Box::pin(store::releases_page(tx, after, size, false))
            });
            let page = read.await?;
            is_last = count(page.len()) < size;
            for (release, is_newest) in page {
                if count(call_offs.len()) == size {
                    // The rest of what was read belongs to the next page.
                    is_last = false;
                    break;
                }
                after = (release.source.0, release.number);
                if is_wanted(release.source) {
                    call_offs.push(call_off_pb(&catalogue, &release, is_newest, false));
                }
            }
        }
        let key = format!("{} {}", after.0, after.1);
        let next = (!is_last).then(|| PageToken::seal("ListCallOffs", &arguments, &key));
        Ok(Response::new(pb::ListCallOffsResponse {
            call_offs,
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn list_agreements(
        &self,
        request: Request<pb::ListAgreementsRequest>,
    ) -> Result<Response<pb::ListAgreementsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let catalogue = self.0.catalogue(&call).await?;
        let key = PageToken::open("ListAgreements", "", &message.page_token)?;
        let after = key.and_then(|key| key.parse().ok()).unwrap_or(0);
        let read = self.0.store.read(&call, "agreements_list", move |tx| {
            Box::pin(agreements_fetch(tx, after, size))
        });
        let found = read.await?;
        let last = found.last().filter(|_| count(found.len()) == size);
        let next =
            last.map(|last| PageToken::seal("ListAgreements", "", &last.source.0.to_string()));
        Ok(Response::new(pb::ListAgreementsResponse {
            agreements: (found.iter())
                .map(|agreement| agreement_pb(&catalogue, agreement))
                .collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    type StreamCallOffsStream = Answers<pb::StreamCallOffsResponse>;

    async fn stream_call_offs(
        &self,
        request: Request<pb::StreamCallOffsRequest>,
    ) -> Result<Response<Self::StreamCallOffsStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let is_wanted = filter_named(&catalogue, &message.item_id, &message.supplier_id)?;
        let work = Arc::new((Arc::clone(&self.0), catalogue, call, is_wanted));
        Ok(Response::new(pages((0, 0), move |after: (i64, i64)| {
            let work = Arc::clone(&work);
            async move {
                let (desk, catalogue, call, is_wanted) = work.as_ref();
                let read = desk.store.read(call, "call_offs_page", move |tx| {
                    Box::pin(store::releases_page(tx, after, count(CHUNK), true))
                });
                let page: Vec<(Release, bool)> = read.await?;
                let next = page
                    .last()
                    .filter(|_| page.len() == CHUNK)
                    .map(|(release, _)| (release.source.0, release.number));
                let call_offs: Vec<_> = page
                    .iter()
                    .filter(|(release, _)| is_wanted(release.source))
                    .map(|(release, is_newest)| call_off_pb(catalogue, release, *is_newest, true))
                    .collect();
                Ok((
                    (!call_offs.is_empty()).then_some(pb::StreamCallOffsResponse { call_offs }),
                    next,
                ))
            }
        })))
    }

    async fn cancel_agreement(
        &self,
        request: Request<pb::CancelAgreementRequest>,
    ) -> Result<Response<pb::CancelAgreementResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let (item, supplier) = (&message.item_id, &message.supplier_id);
        let source = source_named(&catalogue, item, supplier, &mut violations);
        let on = date_req(
            message.cancelled_on.as_ref(),
            "cancelled_on",
            &mut violations,
        );
        let source = violations.finish_with(source).map_err(Error::from)?;
        if message.validate_only {
            let read = self.0.store.read(&call, "agreement_owed", move |tx| {
                let catalogue = Arc::clone(&catalogue);
                Box::pin(async move { Ok(cancel(tx, &catalogue, source, on).await?.1) })
            });
            return Ok(Response::new(read.await?));
        }
        let once = Once::of(
            "takt.procurement.v1.CallOffService/CancelAgreement",
            id,
            &message,
        );
        let write = self
            .0
            .store
            .write_once(&call, "agreement_cancel", once, move |tx| {
                let catalogue = Arc::clone(&catalogue);
                Box::pin(async move {
                    let (agreement, answer) = cancel(tx, &catalogue, source, on).await?;
                    agreements_save(tx, &[agreement]).await?;
                    Ok(answer)
                })
            });
        Ok(Response::new(write.await?))
    }
}

async fn agreement_need(
    tx: &Tx,
    catalogue: &Catalogue,
    source: SourceNo,
) -> Result<Agreement, Error> {
    agreement_fetch(tx, source)
        .await?
        .ok_or_else(|| Error::missing("scheduling agreement", name(catalogue, source)))
}

/// Makes an agreement or changes it.
async fn agree(
    tx: &Tx,
    catalogue: &Catalogue,
    source: SourceNo,
    reset_on: Date,
    days: ZoneDays,
) -> Result<Agreement, Error> {
    let agreement = match agreement_fetch(tx, source).await? {
        None => Agreement::new(source, reset_on, days),
        Some(mut known) => {
            let passed = store::shipped_between(tx, source, known.reset_on, reset_on).await?;
            let settled =
                purchase_order::event::settled_between(tx, source, known.reset_on, reset_on)
                    .await?;
            known.change(&name(catalogue, source), reset_on, days, passed, settled)?;
            known
        }
    };
    agreements_save(tx, std::slice::from_ref(&agreement)).await?;
    Ok(agreement)
}

/// Publishes a release of each agreement that is wanted.
async fn publish(
    tx: &Tx,
    desk: &Desk,
    catalogue: &Catalogue,
    wanted: &Wanted,
) -> Result<pb::PublishCallOffsResponse, Error> {
    let mut agreements = agreements_fetch(tx, 0, i64::MAX).await?;
    agreements.retain(|agreement| (wanted.is_wanted)(agreement.source));
    if wanted.is_many && agreements.iter().any(|one| one.cancelled_on.is_none()) {
        agreements.retain(|agreement| agreement.cancelled_on.is_none());
    }
    if agreements.is_empty() {
        return Err(Error::refused(
            "NO_AGREEMENT",
            "there is no scheduling agreement of this item and supplier; make one with CallOffService.AgreeSchedule",
        ));
    }
    let (plan, revision) = plan_fetch(tx).await?.ok_or_else(|| {
        Error::refused(
            "NO_PLAN",
            "there is no plan to call off by; run one with PlanningService.RunPlan",
        )
    })?;
    let needs = needs_fetch(tx, desk, &plan, revision).await?;
    let (past, lots) = (
        purchase_order::store::past_fetch(tx).await?,
        purchase_order::store::quota_fetch(tx).await?,
    );
    let gates = gates_fetch(tx, catalogue).await?;
    let safety = safety_fetch(tx).await?;
    let progress = store::progress_fetch(tx).await?;
    let mut all_due: BTreeMap<SourceNo, Vec<_>> = store::due_fetch(tx).await?;
    for agreement in &agreements {
        all_due.entry(agreement.source).or_default();
    }
    let ordered = Ordered {
        past: &past,
        lots: &lots,
        gates: &gates,
        safety: &safety,
    };
    due::planned(wanted.as_of, catalogue, &needs, ordered, &mut all_due);
    let mut releases = Vec::with_capacity(agreements.len());
    for agreement in &mut agreements {
        let source = agreement.source;
        let zones = agreement.days.zones().ok_or_else(|| {
            Error::broken(format!("the zones of agreement {} are none", source.0))
        })?;
        let progress = progress.get(&source).copied().unwrap_or_default();
        let due = all_due.remove(&source).unwrap_or_default();
        let called = call_off(wanted.as_of, zones, progress, due);
        let name = name(catalogue, source);
        releases.push(agreement.publish(&name, wanted.as_of, &plan.id, called)?);
    }
    store::releases_add(tx, &releases).await?;
    agreements_save(tx, &agreements).await?;
    let lines = releases.iter().map(|release| release.call_off.lines.len());
    Ok(pb::PublishCallOffsResponse {
        release_count: short(count(releases.len())),
        line_count: short(count(lines.sum())),
        plan_id: plan.id,
    })
}

/// Ends an agreement, not yet written, and says what is owed.
async fn cancel(
    tx: &Tx,
    catalogue: &Catalogue,
    source: SourceNo,
    on: Date,
) -> Result<(Agreement, pb::CancelAgreementResponse), Error> {
    let mut agreement = agreement_need(tx, catalogue, source).await?;
    let progress = store::progress_fetch(tx).await?;
    let progress = progress.get(&source).copied().unwrap_or_default();
    let settled = purchase_order::event::settled_fetch(tx).await?;
    let settled = settled.get(&source).copied().unwrap_or_default();
    let owed = agreement.cancel(&name(catalogue, source), on, progress)?;
    // What was owed when orders were taken back is not owed again.
    let owed = at_the_end(owed, settled);
    let answer = owed_pb(catalogue, &agreement, owed)?;
    Ok((agreement, answer))
}
