//! Safety times on the wire.
//!
//! It must not decide anything.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_pb, date_req, money_pb,
    procurement::v1::{self as pb, safety_time_service_server::SafetyTimeService},
    request_id,
};
use takt_kernel::{Violations, half_even_div};
use takt_planning::learnt::{Basis, SafetyTime};
use takt_service::{Call, Error, Once};
use tonic::{Request, Response, Status};

use super::{InForce, Safety, proposals, store};
use crate::{
    desk::{Answers, Desk, chunks},
    material::value::amount_of,
    programme::{Bought, Catalogue, Source},
    requirement::{
        Needs,
        store::{needs_fetch, plan_fetch},
    },
    rows::{count, short},
    supplier::store::deliveries_fetch,
};

/// The safety times of a message: less than two hundred bytes each.
const CHUNK: usize = 300;
/// A whole in millionths.
const WHOLE: i64 = 1_000_000;

/// Safety times on the wire.
pub(crate) struct SafetyTimeRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl SafetyTimeService for SafetyTimeRpc {
    type StreamSafetyTimesStream = Answers<pb::StreamSafetyTimesResponse>;

    async fn stream_safety_times(
        &self,
        request: Request<pb::StreamSafetyTimesRequest>,
    ) -> Result<Response<Self::StreamSafetyTimesStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let share = service_of(message.service_millionths, false, &mut found);
        found.finish().map_err(Error::from)?;
        let (desk, catalogue) = (Arc::clone(&self.0), self.0.catalogue(&call).await?);
        let read = self.0.store.read(&call, "safety_times", move |tx| {
            let desk = Arc::clone(&desk);
            Box::pin(async move {
                let needs = match plan_fetch(tx).await? {
                    Some((plan, revision)) => Some(needs_fetch(tx, &desk, &plan, revision).await?),
                    None => None,
                };
                let happened = deliveries_fetch(tx, None, None).await?;
                Ok((store::safety_fetch(tx).await?, happened, needs))
            })
        });
        let (safety, happened, needs) = read.await?;
        let proposed = proposals(&catalogue, &happened, share);
        let mut times = Vec::new();
        for bought in catalogue.bought() {
            for source in &bought.sources {
                let (known, proposal) =
                    (safety.0.get(&source.number), proposed.get(&source.number));
                let value = proposal.map(|proposal| {
                    let exact = tied_up(bought, source, needs.as_deref(), proposal.days);
                    amount_of(exact, catalogue.currency())
                });
                times.push(pb::SafetyTime {
                    item_id: bought.item.id.to_string(),
                    supplier_id: source.terms.supplier.to_string(),
                    lead_time_days: source.terms.lead_days,
                    days: safety.days(source.number),
                    learnt_on: known.map(|known| date_pb(known.on)),
                    proposed_days: proposal.map(|proposal| short(proposal.days)),
                    basis: basis_pb(proposal).into(),
                    delivery_count: proposal.map_or(0, |proposal| proposal.count),
                    proposed_value: value.transpose()?.map(money_pb),
                });
            }
        }
        Ok(Response::new(chunks(times, CHUNK, |safety_times| {
            pb::StreamSafetyTimesResponse { safety_times }
        })))
    }

    async fn learn_safety_times(
        &self,
        request: Request<pb::LearnSafetyTimesRequest>,
    ) -> Result<Response<pb::LearnSafetyTimesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found).unwrap_or_default();
        let share = service_of(message.service_millionths, true, &mut found);
        let on = date_req(message.learnt_on.as_ref(), "learnt_on", &mut found);
        found.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.SafetyTimeService/LearnSafetyTimes",
            id,
            &message,
        );
        let catalogue = self.0.catalogue(&call).await?;
        let write = self
            .0
            .store
            .write_once(&call, "safety_times_learn", once, move |tx| {
                let catalogue: Arc<Catalogue> = Arc::clone(&catalogue);
                Box::pin(async move {
                    let before = store::safety_fetch(tx).await?;
                    let (proposed, deliveries) = match share {
                        0 => (BTreeMap::new(), 0),
                        share => {
                            let happened = deliveries_fetch(tx, None, None).await?;
                            let all = happened.values().map(|of| of.late.count()).sum();
                            (proposals(&catalogue, &happened, share), all)
                        }
                    };
                    let in_force = |learnt| InForce { learnt, on };
                    let learnt = proposed
                        .into_iter()
                        .map(|(source, of)| (source, in_force(of)));
                    let safety = Safety(learnt.collect());
                    store::safety_replace(tx, &safety).await?;
                    let sources = || before.0.keys().chain(safety.0.keys());
                    let changed: std::collections::BTreeSet<_> = sources()
                        .filter(|source| before.days(**source) != safety.days(**source))
                        .collect();
                    Ok(pb::LearnSafetyTimesResponse {
                        source_count: count(safety.0.len()),
                        changed_count: count(changed.len()),
                        total_days: safety.0.values().map(|known| known.learnt.days).sum(),
                        delivery_count: deliveries,
                    })
                })
            });
        Ok(Response::new(write.await?))
    }
}

/// The share of deliveries that shall be in time.
fn service_of(millionths: i64, may_be_none: bool, found: &mut Violations) -> i64 {
    let is_share = (WHOLE / 2..WHOLE).contains(&millionths) || (may_be_none && millionths == 0);
    found.require(
        is_share,
        "service_millionths",
        "the share of deliveries in time is from 500,000 to below 1,000,000 millionths",
    );
    millionths
}

fn basis_pb(proposal: Option<&SafetyTime>) -> pb::SafetyTimeBasis {
    match proposal.map(|proposal| proposal.basis) {
        None => pb::SafetyTimeBasis::Unspecified,
        Some(Basis::Source) => pb::SafetyTimeBasis::Source,
        Some(Basis::Supplier) => pb::SafetyTimeBasis::Supplier,
        Some(Basis::Everybody) => pb::SafetyTimeBasis::Everybody,
    }
}

/// What so many days of a source's mean need are worth, in millionths x thousandths.
fn tied_up(bought: &Bought, source: &Source, needs: Option<&Needs>, days: i64) -> i128 {
    let Some(series) = needs.and_then(|needs| needs.series.get(&bought.item.number)) else {
        return 0;
    };
    let need: i128 = series
        .days
        .iter()
        .map(|need| i128::from(need.milli()))
        .sum();
    let need = need * i128::from(days) * i128::from(source.terms.share.millionths());
    let length = i128::from(count(series.days.len())) * i128::from(WHOLE);
    let quantity = half_even_div(need, length).unwrap_or_default();
    i128::from(quantity) * i128::from(source.terms.price.micros)
}
