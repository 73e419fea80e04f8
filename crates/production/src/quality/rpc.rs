//! Quality on the wire.
//!
//! It must not decide anything. Invariants: a message is checked whole before anything is written; vehicles of a hold are
//! read by pages.

use std::{collections::BTreeMap, sync::Arc};

use prost::Message;
use takt_contract::{
    date_opt, date_req,
    production::v1::{self as pb, quality_service_server::QualityService},
    request_id,
};
use takt_kernel::{Date, Share, Violations};
use takt_planning::quality::{first_pass_yield, pareto, rolled_yield};
use takt_service::{
    Call, Error, Once, PageToken, Tx, page_size,
    stream::{Answers, pages},
};
use tonic::{Request, Response, Status};

use super::{
    NonConformance, Scope,
    affected::{VEHICLES, affected_page, known},
    decide::{Decision, hold_decide},
    figures::{causes_fetch, finished_fetch},
    hold::hold_place,
    store::{self, CaseFilter, Hold, StepRow},
    wire,
};
use crate::{
    Production,
    product::{Product, store::day_of},
};

/// The longest texts in bytes: a line, a record, a name, a code.
const LINE: usize = 200;
const RECORD: usize = 1_000;
const NAME: usize = 100;
const CODE: usize = 40;

/// Quality on the wire.
pub struct QualityRpc(pub Production);

fn method(name: &str) -> String {
    format!("takt.production.v1.QualityService/{name}")
}

/// The days of a question; absent ends are open.
fn days(
    from: Option<&takt_contract::common::v1::Date>,
    through: Option<&takt_contract::common::v1::Date>,
) -> Result<(i64, i64), Error> {
    let mut violations = Violations::new();
    let from = date_opt(from, "from_date", &mut violations).unwrap_or(Date::MIN);
    let through = date_opt(through, "through_date", &mut violations).unwrap_or(Date::MAX);
    violations.finish()?;
    Ok((day_of(from), day_of(through)))
}

/// A hold as it is answered, with its counts of now.
async fn hold_told(tx: &Tx, product: &Product, hold: &Hold) -> Result<pb::QualityHold, Error> {
    let counts = store::counts_fetch(tx, std::slice::from_ref(hold)).await?;
    Ok(wire::hold_pb(product, hold, &counts))
}

/// A case as the caller has seen it, under the gate.
async fn seen(tx: &Tx, number: i64, etag: &str) -> Result<NonConformance, Error> {
    store::gate_pass(tx).await?;
    let case = store::case_fetch(tx, number).await?;
    match case.matches(etag) {
        true => Ok(case),
        false => Err(Error::stale("non-conformance", case.id())),
    }
}

/// A step of a case that was done, or is to be done again.
struct Entered {
    number: i64,
    etag: String,
    entry: StepRow,
}

impl QualityRpc {
    async fn enter<R: Message + Default + 'static>(
        &self,
        call: &Call,
        name: &'static str,
        once: Once,
        entered: Entered,
        answer: fn(pb::NonConformance) -> R,
    ) -> Result<Response<R>, Status> {
        let entered = Arc::new(entered);
        let done = self.0.deps.store.write_once(call, name, once, move |tx| {
            let entered = Arc::clone(&entered);
            Box::pin(async move {
                let Entered {
                    number,
                    etag,
                    entry,
                } = entered.as_ref();
                let mut case = seen(tx, *number, etag).await?;
                if entry.reopened {
                    case.reopen(entry.step)?;
                } else {
                    case.done(entry.step, store::held_of_case(tx, *number).await?)?;
                }
                store::case_save(tx, &case, entry).await?;
                Ok(answer(wire::case_pb(&case)))
            })
        });
        Ok(Response::new(done.await?))
    }
}

#[tonic::async_trait]
impl QualityService for QualityRpc {
    type StreamAffectedVehiclesStream = Answers<pb::StreamAffectedVehiclesResponse>;

    async fn open_non_conformance(
        &self,
        request: Request<pb::OpenNonConformanceRequest>,
    ) -> Result<Response<pb::OpenNonConformanceResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let item = &message.item_id;
        violations.require(
            item.is_empty() || product.item(item).is_some(),
            "item_id",
            format!("{item:?} is not an item of the programme"),
        );
        let operation = &message.operation_id;
        violations.require(
            operation.is_empty() || product.routing.find(operation).is_some(),
            "operation_id",
            format!("{operation:?} is not an operation of the routing"),
        );
        let case = Arc::new(NonConformance {
            nc_no: 0,
            title: wire::text(&message.title, "title", LINE, &mut violations),
            defect_code: wire::text(&message.defect_code, "defect_code", CODE, &mut violations),
            item_id: item.clone(),
            operation_id: operation.clone(),
            opened_by: wire::text(&message.opened_by, "opened_by", NAME, &mut violations),
            opened_on: date_req(message.opened_on.as_ref(), "opened_on", &mut violations),
            step: 0,
            version: 1,
        });
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&method("OpenNonConformance"), id, &message);
        let opened = self
            .0
            .deps
            .store
            .write_once(&call, "nc_open", once, move |tx| {
                let case = Arc::clone(&case);
                Box::pin(async move {
                    store::gate_pass(tx).await?;
                    let case = store::case_add(tx, &case).await?;
                    Ok(pb::OpenNonConformanceResponse {
                        non_conformance: Some(wire::case_pb(&case)),
                    })
                })
            });
        Ok(Response::new(opened.await?))
    }

    async fn record_step(
        &self,
        request: Request<pb::RecordStepRequest>,
    ) -> Result<Response<pb::RecordStepResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let number = wire::number("NC", &message.nc_id, "nc_id", &mut violations);
        let entry = StepRow {
            step: wire::step(message.step, &mut violations),
            reopened: false,
            by: wire::text(&message.done_by, "done_by", NAME, &mut violations),
            on: date_req(message.done_on.as_ref(), "done_on", &mut violations),
            text: wire::text(&message.text, "text", RECORD, &mut violations),
        };
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&method("RecordStep"), id, &message);
        let entered = Entered {
            number,
            etag: message.etag,
            entry,
        };
        self.enter(&call, "nc_step", once, entered, |case| {
            pb::RecordStepResponse {
                non_conformance: Some(case),
            }
        })
        .await
    }

    async fn reopen_non_conformance(
        &self,
        request: Request<pb::ReopenNonConformanceRequest>,
    ) -> Result<Response<pb::ReopenNonConformanceResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let number = wire::number("NC", &message.nc_id, "nc_id", &mut violations);
        let entry = StepRow {
            step: wire::step(message.step, &mut violations),
            reopened: true,
            by: wire::text(&message.reopened_by, "reopened_by", NAME, &mut violations),
            on: date_req(message.reopened_on.as_ref(), "reopened_on", &mut violations),
            text: wire::text(&message.text, "text", RECORD, &mut violations),
        };
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&method("ReopenNonConformance"), id, &message);
        let entered = Entered {
            number,
            etag: message.etag,
            entry,
        };
        self.enter(&call, "nc_reopen", once, entered, |case| {
            pb::ReopenNonConformanceResponse {
                non_conformance: Some(case),
            }
        })
        .await
    }

    async fn place_hold(
        &self,
        request: Request<pb::PlaceHoldRequest>,
    ) -> Result<Response<pb::PlaceHoldResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let (scope, vins) = wire::scope(&product, message.scope.as_ref(), &mut violations);
        let is_lot = matches!(scope, Scope::Lot(_));
        let hold = Arc::new(Hold {
            hold_no: 0,
            nc_no: wire::number("NC", &message.nc_id, "nc_id", &mut violations),
            scope,
            reason: wire::text(&message.reason, "reason", LINE, &mut violations),
            placed_by: wire::text(&message.placed_by, "placed_by", NAME, &mut violations),
            placed_on: date_req(message.placed_on.as_ref(), "placed_on", &mut violations),
            in_force: true,
            lot_state: i64::from(is_lot),
            lot_note: String::new(),
        });
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&method("PlaceHold"), id, &message);
        let vins = Arc::new(vins);
        let placed = self
            .0
            .deps
            .store
            .write_once(&call, "hold_place", once, move |tx| {
                let (product, hold, vins) =
                    (Arc::clone(&product), Arc::clone(&hold), Arc::clone(&vins));
                Box::pin(async move {
                    known(tx, &vins).await?;
                    let hold = hold_place(tx, &product, &hold).await?;
                    Ok(pb::PlaceHoldResponse {
                        hold: Some(hold_told(tx, &product, &hold).await?),
                    })
                })
            });
        Ok(Response::new(placed.await?))
    }

    async fn record_disposition(
        &self,
        request: Request<pb::RecordDispositionRequest>,
    ) -> Result<Response<pb::RecordDispositionResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        violations.require(
            !message.lot || message.vins.is_empty(),
            "lot",
            "a decision is on the lot or on vehicles, never on both",
        );
        let decision = Arc::new(Decision {
            hold_no: wire::number("QH", &message.hold_id, "hold_id", &mut violations),
            vehicles: wire::vins(&message.vins, "vins", &mut violations),
            lot: message.lot,
            disposition: wire::disposition(message.disposition, &mut violations),
            by: wire::text(&message.decided_by, "decided_by", NAME, &mut violations),
            on: date_req(message.decided_on.as_ref(), "decided_on", &mut violations),
            note: wire::text(&message.note, "note", LINE, &mut violations),
            release: message.release,
        });
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = Once::of(&method("RecordDisposition"), id, &message);
        let decided = self
            .0
            .deps
            .store
            .write_once(&call, "hold_decide", once, move |tx| {
                let (product, decision) = (Arc::clone(&product), Arc::clone(&decision));
                Box::pin(async move {
                    let done = hold_decide(tx, &decision).await?;
                    Ok(pb::RecordDispositionResponse {
                        hold: Some(hold_told(tx, &product, &done.hold).await?),
                        decided_count: done.decided,
                        released_count: done.released,
                    })
                })
            });
        Ok(Response::new(decided.await?))
    }

    async fn get_non_conformance(
        &self,
        request: Request<pb::GetNonConformanceRequest>,
    ) -> Result<Response<pb::GetNonConformanceResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let number = wire::number("NC", &message.nc_id, "nc_id", &mut violations);
        violations.finish().map_err(Error::from)?;
        let read = self.0.deps.store.read(&call, "nc_get", move |tx| {
            Box::pin(async move {
                let case = store::case_fetch(tx, number).await?;
                let steps = store::steps_fetch(tx, number).await?;
                let holds = store::holds_fetch(tx, Some(number)).await?;
                let counts = store::counts_fetch(tx, &holds).await?;
                Ok((case, steps, holds, counts))
            })
        });
        let (case, steps, holds, counts) = read.await?;
        Ok(Response::new(pb::GetNonConformanceResponse {
            non_conformance: Some(wire::case_pb(&case)),
            steps: steps.iter().map(wire::step_pb).collect(),
            holds: holds
                .iter()
                .map(|hold| wire::hold_pb(&product, hold, &counts))
                .collect(),
        }))
    }

    async fn list_non_conformances(
        &self,
        request: Request<pb::ListNonConformancesRequest>,
    ) -> Result<Response<pb::ListNonConformancesResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let size = page_size(message.page_size)?;
        let mut violations = Violations::new();
        let state = pb::NonConformanceState::try_from(message.state);
        violations.require(
            state.is_ok(),
            "state",
            format!("{} is not a state that is known here", message.state),
        );
        let vin = Some(message.vin.clone()).filter(|vin| !vin.is_empty());
        let serials = wire::vins(vin.as_slice(), "vin", &mut violations);
        violations.finish().map_err(Error::from)?;
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let filter = Arc::new(CaseFilter {
            closed: match state {
                Ok(pb::NonConformanceState::Open) => Some(false),
                Ok(pb::NonConformanceState::Closed) => Some(true),
                _ => None,
            },
            defect_code: some(&message.defect_code),
            item_id: some(&message.item_id),
            serial: serials.keys().next().copied(),
        });
        let arguments = format!("{filter:?}");
        let key = PageToken::open("ListNonConformances", &arguments, &message.page_token)?;
        let after = key.and_then(|key| key.parse().ok()).unwrap_or(0i64);
        let read = self.0.deps.store.read(&call, "nc_list", move |tx| {
            let filter = Arc::clone(&filter);
            Box::pin(async move { store::cases_page(tx, &filter, after, size + 1).await })
        });
        let mut page = read.await?;
        let shown = usize::try_from(size).unwrap_or(usize::MAX);
        let more = page.len() > shown;
        page.truncate(shown);
        let last = page.last().filter(|_| more);
        let next = last.map(|last| {
            PageToken::seal("ListNonConformances", &arguments, &last.nc_no.to_string())
        });
        Ok(Response::new(pb::ListNonConformancesResponse {
            non_conformances: page.iter().map(wire::case_pb).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn stream_affected_vehicles(
        &self,
        request: Request<pb::StreamAffectedVehiclesRequest>,
    ) -> Result<Response<Self::StreamAffectedVehiclesStream>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let mut violations = Violations::new();
        let number = wire::number("QH", &message.hold_id, "hold_id", &mut violations);
        violations.finish().map_err(Error::from)?;
        let store = self.0.deps.store.clone();
        let found = store.read(&call, "hold_get", move |tx| {
            Box::pin(store::hold_fetch(tx, number))
        });
        found.await?;
        let read = move |after: i64| {
            let (store, call) = (store.clone(), call.clone());
            async move {
                let page = store.read(&call, "hold_vehicles", move |tx| {
                    Box::pin(affected_page(tx, number, after))
                });
                let page = page.await?;
                let full = i64::try_from(page.len()).is_ok_and(|count| count == VEHICLES);
                let next = page.last().filter(|_| full).map(|(serial, _)| *serial);
                Ok((page.into_iter().map(|(_, vehicle)| vehicle).collect(), next))
            }
        };
        let message = |vehicles| pb::StreamAffectedVehiclesResponse { vehicles };
        Ok(Response::new(pages(0i64, read, message)))
    }

    async fn get_first_pass_yield(
        &self,
        request: Request<pb::GetFirstPassYieldRequest>,
    ) -> Result<Response<pb::GetFirstPassYieldResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let product = self.0.products.get(&call).await?;
        let (from, through) = days(message.from_date.as_ref(), message.through_date.as_ref())?;
        let read = self.0.deps.store.read(&call, "yields", move |tx| {
            Box::pin(finished_fetch(tx, from, through))
        });
        let finished = read.await?;
        let count = |shop_id: &str| finished.get(shop_id).copied().unwrap_or_default();
        let line = product.shops.iter().filter(|shop| shop.is_line);
        let steps: Vec<(i64, i64)> = line
            .map(|shop| count(&shop.shop_id))
            .map(|one| (one.first_pass, one.finished))
            .collect();
        let shops = product.shops.iter().filter_map(|shop| {
            let counts = count(&shop.shop_id);
            let share = first_pass_yield(counts.first_pass, counts.finished)?;
            Some(pb::ShopYield {
                shop_id: shop.shop_id.clone(),
                finished_count: counts.finished,
                first_pass_count: counts.first_pass,
                yield_millionths: share.0,
            })
        });
        Ok(Response::new(pb::GetFirstPassYieldResponse {
            shops: shops.collect(),
            rolled_millionths: rolled_yield(&steps).unwrap_or(Share(0)).0,
        }))
    }

    async fn get_defect_pareto(
        &self,
        request: Request<pb::GetDefectParetoRequest>,
    ) -> Result<Response<pb::GetDefectParetoResponse>, Status> {
        let (call, message) = (Call::of(&request), request.into_inner());
        let (from, through) = days(message.from_date.as_ref(), message.through_date.as_ref())?;
        let by = pb::ParetoBy::try_from(message.by)
            .map_err(|_| Error::invalid("by", format!("{} is not known here", message.by)))?;
        let by_operation = by == pb::ParetoBy::Operation;
        let read = self.0.deps.store.read(&call, "defects", move |tx| {
            Box::pin(causes_fetch(tx, by_operation, from, through))
        });
        let (causes, defect_count) = read.await?;
        let scraps: BTreeMap<&str, i64> = causes
            .iter()
            .map(|(cause, _, scraps)| (cause.as_str(), *scraps))
            .collect();
        let told = pareto(
            causes
                .iter()
                .map(|(cause, count, _)| (cause.as_str(), *count))
                .collect(),
        );
        let causes = told
            .into_iter()
            .map(|(cause, count, share)| pb::DefectCause {
                cause: cause.to_owned(),
                defect_count: count,
                scrap_count: scraps.get(cause).copied().unwrap_or(0),
                cumulative_millionths: share.0,
            });
        Ok(Response::new(pb::GetDefectParetoResponse {
            causes: causes.collect(),
            defect_count,
        }))
    }
}
