//! Cases on the wire.
//!
//! It must not decide anything. Invariants: a message is read as a whole or refused with every mistake in it; production is asked
//! outside of any transaction, and a case that has changed meanwhile is refused.

use std::sync::Arc;

use futures_util::TryStreamExt;
use takt_contract::{
    date_opt, date_req,
    delivery::v1::{self as pb, service_case_service_server::ServiceCaseService},
    id_req,
};
use takt_kernel::{RequestId, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size, stream::Answers};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Case, bulk, cluster,
    parse::{self, case_id, finding, opening, reason, repair, state_opt},
    part_of,
    store::{
        CaseFilter, case_fetch, case_ids_taken, case_save, cases_add, cases_list, counts_fetch,
        vehicle_fetch,
    },
    trace::case_span,
    wire::{case_pb, counts_pb, fact},
};
use crate::desk::Desk;

/// Cases on the wire.
pub(crate) struct ServiceCaseRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

fn once_of<M: prost::Message>(method: &str, request_id: RequestId, message: &M) -> Once {
    let method = format!("takt.delivery.v1.ServiceCaseService/{method}");
    Once::of(&method, *request_id.as_bytes(), message)
}

impl ServiceCaseRpc {
    async fn case(&self, call: &Call, id: &str) -> Result<Case, Error> {
        let id = Arc::<str>::from(id);
        let read = self.desk.store.read(call, "case_get", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move { case_fetch(tx, &id).await })
        });
        read.await
    }
}

/// Changes a case as it stands, and tells of the part that has failed with it.
async fn turned(
    tx: &Tx,
    name: &'static str,
    id: &str,
    change: impl FnOnce(&mut Case) -> Result<(), Error>,
) -> Result<Option<pb::ServiceCase>, Error> {
    let mut case = case_fetch(tx, id).await?;
    let span = case_span(name, case.vehicle.traceparent.as_deref());
    let (before, was_repaired) = (case.state, case.repair.is_some());
    change(&mut case)?;
    case_save(tx, &case, before).await?;
    if !was_repaired {
        let told = fact(&case, span.traceparent());
        tx.emit_many(told.into_iter().collect()).await?;
    }
    Ok(Some(case_pb(&case)))
}

#[tonic::async_trait]
impl ServiceCaseService for ServiceCaseRpc {
    async fn open_case(
        &self,
        request: Request<pb::OpenCaseRequest>,
    ) -> Result<Response<pb::OpenCaseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.desk.catalogue(&call).await?;
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let given = message.clone();
        let record = pb::CaseRecord {
            case_id: given.case_id,
            vin: given.vin,
            category: given.category,
            symptom: given.symptom,
            odometer_km: given.odometer_km,
            city: given.city,
            opened_on: given.opened_on,
            ..pb::CaseRecord::default()
        };
        let read = opening(&record, &catalogue, &mut found);
        let read = request_id.zip(read);
        let (request_id, opening) = found.finish_with(read).map_err(Error::from)?;
        let once = once_of("OpenCase", request_id, &message);
        let write = self
            .desk
            .store
            .write_once(&call, "case_open", once, move |tx| {
                let opening = opening.clone();
                Box::pin(async move {
                    let taken = case_ids_taken(tx, &[opening.id.as_str()].into()).await?;
                    if !taken.is_empty() {
                        return Err(Error::exists("service case", &opening.id));
                    }
                    let vehicle = vehicle_fetch(tx, &opening.vin).await?;
                    let _span = case_span("case_open", vehicle.traceparent.as_deref());
                    let case = Case::open(opening, vehicle)?;
                    let service_case = Some(case_pb(&case));
                    cases_add(tx, &[case]).await?;
                    Ok(pb::OpenCaseResponse { service_case })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn diagnose_case(
        &self,
        request: Request<pb::DiagnoseCaseRequest>,
    ) -> Result<Response<pb::DiagnoseCaseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let id = case_id(&message.case_id, &mut found);
        let given = message.clone();
        let told = pb::CaseFinding {
            diagnosed_on: given.diagnosed_on,
            finding: given.finding,
            item_id: given.item_id,
            lot_id: given.lot_id,
            serial_number: given.serial_number,
        };
        let told = finding(&told, &mut found);
        let read = request_id.zip(id);
        let (request_id, id) = found.finish_with(read).map_err(Error::from)?;
        let case = self.case(&call, &id).await?;
        let mut part = None;
        if !told.item.is_empty() {
            let question = (case.opening.vin.clone(), told.item.clone(), case.opening.on);
            let answers = self.desk.production.parts(&call, &[question]).await?;
            let held = answers.into_iter().next().unwrap_or_default();
            part = part_of(&case.opening.vin, &told, &held, false).map_err(Error::from)?;
        }
        let once = once_of("DiagnoseCase", request_id, &message);
        let write = self
            .desk
            .store
            .write_once(&call, "case_diagnose", once, move |tx| {
                let (id, told, part) = (id.clone(), told.clone(), part.clone());
                Box::pin(async move {
                    let change = |case: &mut Case| Ok(case.diagnose(told.on, told.text, part)?);
                    let service_case = turned(tx, "case_diagnose", &id, change).await?;
                    Ok(pb::DiagnoseCaseResponse { service_case })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn record_repair(
        &self,
        request: Request<pb::RecordRepairRequest>,
    ) -> Result<Response<pb::RecordRepairResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let id = case_id(&message.case_id, &mut found);
        let done = match &message.repair {
            Some(given) => found.scope("repair", |found| repair(given, found)),
            None => {
                found.push("repair", "it is missing");
                None
            }
        };
        let read = request_id.zip(id).zip(done);
        let ((request_id, id), done) = found.finish_with(read).map_err(Error::from)?;
        if let Some(new) = &done.replacement {
            let mut case = self.case(&call, &id).await?;
            // Decided before anything is replaced; a case that is repaired already answers below, perhaps as it did before.
            let (part, on) = (case.part.clone(), done.on);
            if case.repair(done.clone()).is_ok()
                && let Some(part) = part
            {
                let replacing = request_id.derive("replace");
                self.desk
                    .production
                    .replace(&call, replacing, &case, &part, new, on)
                    .await?;
            }
        }
        let once = once_of("RecordRepair", request_id, &message);
        let write = self
            .desk
            .store
            .write_once(&call, "case_repair", once, move |tx| {
                let (id, done) = (id.clone(), done.clone());
                Box::pin(async move {
                    let change = |case: &mut Case| Ok(case.repair(done)?);
                    let service_case = turned(tx, "case_repair", &id, change).await?;
                    Ok(pb::RecordRepairResponse { service_case })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn close_case(
        &self,
        request: Request<pb::CloseCaseRequest>,
    ) -> Result<Response<pb::CloseCaseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let id = case_id(&message.case_id, &mut found);
        let on = date_req(message.closed_on.as_ref(), "closed_on", &mut found);
        let read = request_id.zip(id);
        let (request_id, id) = found.finish_with(read).map_err(Error::from)?;
        let once = once_of("CloseCase", request_id, &message);
        let write = self
            .desk
            .store
            .write_once(&call, "case_close", once, move |tx| {
                let id = id.clone();
                Box::pin(async move {
                    let change = |case: &mut Case| Ok(case.close(on)?);
                    let service_case = turned(tx, "case_close", &id, change).await?;
                    Ok(pb::CloseCaseResponse { service_case })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn cancel_case(
        &self,
        request: Request<pb::CancelCaseRequest>,
    ) -> Result<Response<pb::CancelCaseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let request_id = id_req::<RequestId>(&message.request_id, "request_id", &mut found);
        let id = case_id(&message.case_id, &mut found);
        let on = date_req(message.cancelled_on.as_ref(), "cancelled_on", &mut found);
        let why = reason(&message.reason, &mut found);
        let read = request_id.zip(id);
        let (request_id, id) = found.finish_with(read).map_err(Error::from)?;
        let once = once_of("CancelCase", request_id, &message);
        let write = self
            .desk
            .store
            .write_once(&call, "case_cancel", once, move |tx| {
                let (id, why) = (id.clone(), why.clone());
                Box::pin(async move {
                    let change = |case: &mut Case| Ok(case.cancel(on, why)?);
                    let service_case = turned(tx, "case_cancel", &id, change).await?;
                    Ok(pb::CancelCaseResponse { service_case })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::GetCaseResponse>, Status> {
        let call = Call::of(&request);
        let mut found = Violations::new();
        let id = case_id(&request.into_inner().case_id, &mut found);
        let id = found.finish_with(id).map_err(Error::from)?;
        let case = self.case(&call, &id).await?;
        Ok(Response::new(pb::GetCaseResponse {
            service_case: Some(case_pb(&case)),
        }))
    }

    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let state = state_opt(message.state, &mut found);
        if !message.vin.is_empty() {
            parse::vin(&message.vin, &mut found);
        }
        parse::text(&message.category, "category", 100, false, &mut found);
        found.finish().map_err(Error::from)?;
        let limit = page_size(message.page_size)?;
        let arguments = format!("{} {} {}", message.state, message.vin, message.category);
        let after = PageToken::open("ListCases", &arguments, &message.page_token)?;
        let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
        let filter = Arc::new(CaseFilter {
            state,
            category: message.category,
            vin: message.vin,
        });
        let read = self.desk.store.read(&call, "cases_list", move |tx| {
            let filter = Arc::clone(&filter);
            Box::pin(async move { cases_list(tx, &filter, after, limit).await })
        });
        let cases = read.await?;
        let full = i64::try_from(cases.len()).is_ok_and(|count| count == limit);
        let last = cases.last().filter(|_| full);
        let seal = |case: &Case| PageToken::seal("ListCases", &arguments, &case.number.to_string());
        Ok(Response::new(pb::ListCasesResponse {
            next_page_token: last.map(seal).unwrap_or_default(),
            service_cases: cases.iter().map(case_pb).collect(),
        }))
    }

    type RecordCasesStream = Answers<pb::RecordCasesResponse>;

    async fn record_cases(
        &self,
        request: Request<Streaming<pb::RecordCasesRequest>>,
    ) -> Result<Response<Self::RecordCasesStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let answers = request.into_inner().and_then(move |message| {
            let (call, desk) = (call.clone(), Arc::clone(&desk));
            async move {
                let answer = bulk::record(&desk, &call, message).await;
                answer.map_err(Status::from)
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_case_summary(
        &self,
        request: Request<pb::GetCaseSummaryRequest>,
    ) -> Result<Response<pb::GetCaseSummaryResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let from = date_opt(message.from_date.as_ref(), "from_date", &mut found);
        let until = date_opt(message.until_date.as_ref(), "until_date", &mut found);
        let ordered = from.zip(until).is_none_or(|(from, until)| from <= until);
        found.require(ordered, "until_date", "the window ends before it begins");
        found.finish().map_err(Error::from)?;
        let read = self.desk.store.read(&call, "cases_count", move |tx| {
            Box::pin(counts_fetch(tx, from, until))
        });
        let (counts, vehicles, with_case) = read.await?;
        Ok(Response::new(pb::GetCaseSummaryResponse {
            categories: counts_pb(counts),
            handed_over_count: vehicles,
            vehicles_with_case_count: with_case,
        }))
    }

    async fn list_failure_clusters(
        &self,
        request: Request<pb::ListFailureClustersRequest>,
    ) -> Result<Response<pb::ListFailureClustersResponse>, Status> {
        let call = Call::of(&request);
        let answer = cluster::list(&self.desk, &call, request.into_inner()).await?;
        Ok(Response::new(answer))
    }
}
