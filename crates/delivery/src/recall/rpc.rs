//! Recalls on the wire.
//!
//! It must not decide anything. Invariants: production is asked outside any transaction, and what it says is taken over under
//! the gate; a message is read as a whole or refused with every mistake in it.

use std::sync::Arc;

use futures_util::TryStreamExt;
use takt_contract::{
    date_pb, date_req,
    delivery::v1::{self as pb, recall_service_server::RecallService},
    events::v1::{StopShipIssued, StopShipLifted, fact_body::Kind},
    id_req,
    production::v1 as production,
};
use takt_kernel::{RequestId, Violations};
use takt_service::{
    BoxFuture, Call, Error, NewFact, Once, Tx,
    stream::{Answers, answers},
};
use tonic::{Code, Request, Response, Status, Streaming};

use super::{
    Recall, StopShip, listing,
    owed::{Words, due_count, newer_check, refresh_owe, words_take},
    parse::{recall_of, scopes_of, stop_of, text},
    scope::Scope,
    steps,
    store::{gate_hold, gone_mark, held_count, recall_add, recall_fetch, recall_save, scopes_add},
    wire::{etag, recall_pb},
};
use crate::desk::Desk;

/// Recalls on the wire.
pub(crate) struct RecallRpc {
    /// What the parts of the service share.
    pub(crate) desk: Arc<Desk>,
}

impl RecallRpc {
    /// Production's word on scopes; what it finds wrong with them is told by the fields of the message.
    async fn words(&self, call: &Call, scopes: &[Scope]) -> Result<Words, Status> {
        let messages = scopes.iter().map(Scope::message).collect();
        let asked = self.desk.production.exposures(call, messages, 0).await;
        asked.map_err(|status| self.said(status))
    }

    /// What production says no to is told as it says it; its silence is ours.
    fn said(&self, status: Status) -> Status {
        match status.code() {
            Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => status,
            _ => self.desk.production.error(&status).into(),
        }
    }

    /// Changes a recall under the gate, when it is as the caller has seen it.
    async fn changed<M, F>(
        &self,
        call: &Call,
        name: &'static str,
        once: Once,
        seen: (String, String),
        change: F,
    ) -> Result<M, Error>
    where
        M: prost::Message + Default + Send + 'static,
        F: for<'t> Fn(&'t Tx, Recall) -> BoxFuture<'t, Result<M, Error>> + Send + Sync + 'static,
    {
        let work = Arc::new((seen, change));
        let written = self.desk.store.write_once(call, name, once, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let ((id, seen), change) = work.as_ref();
                gate_hold(tx).await?;
                let recall = recall_fetch(tx, id).await?;
                if !seen.is_empty() && *seen != etag(&recall) {
                    return Err(Error::stale("recall", id));
                }
                change(tx, recall).await
            })
        });
        written.await
    }
}

fn once_of(rpc: &str, id: RequestId, message: &impl prost::Message) -> Once {
    let name = format!("takt.delivery.v1.RecallService/{rpc}");
    Once::of(&name, *id.as_bytes(), message)
}

async fn issued_tell(tx: &Tx, recall: &Recall) -> Result<(), Error> {
    let on = recall.stop_ship_on.unwrap_or(recall.opened_on);
    let body = StopShipIssued {
        recall_id: recall.id.clone(),
        issued_on: Some(date_pb(on)),
        held_count: held_count(tx, recall.number).await?,
        handover: recall.stop_ship == StopShip::LoadingAndHandover,
    };
    let fact = NewFact {
        subject: recall.id.clone(),
        on,
        traceparent: None,
        body: Kind::StopShipIssued(body),
    };
    tx.emit_many(vec![fact]).await
}

async fn opened(tx: &Tx, recall: &Recall, words: &Words) -> Result<pb::OpenRecallResponse, Error> {
    gate_hold(tx).await?;
    let mut recall = recall.clone();
    match recall_fetch(tx, &recall.id).await {
        Ok(_) => return Err(Error::exists("recall", &recall.id)),
        Err(Error::Missing { .. }) => {}
        Err(error) => return Err(error),
    }
    // What was replaced while production was asked is heard before this recall is there, so it asks once more.
    recall.due = 1;
    recall_add(tx, &mut recall).await?;
    words_take(tx, &recall, words).await?;
    newer_check(tx, recall.number, words.last_build).await?;
    refresh_owe(tx, recall.number).await?;
    if recall.stop_ship != StopShip::None {
        issued_tell(tx, &recall).await?;
    }
    Ok(pb::OpenRecallResponse {
        recall: Some(recall_pb(tx, &recall).await?),
    })
}

#[tonic::async_trait]
impl RecallService for RecallRpc {
    async fn open_recall(
        &self,
        request: Request<pb::OpenRecallRequest>,
    ) -> Result<Response<pb::OpenRecallResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let recall = recall_of(&message, &mut violations);
        let (id, recall) = violations
            .finish_with(id.zip(recall))
            .map_err(Error::from)?;
        let words = self.words(&call, &recall.scopes).await?;
        let once = once_of("OpenRecall", id, &message);
        let work = Arc::new((recall, words));
        let written = self
            .desk
            .store
            .write_once(&call, "recall_open", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { opened(tx, &work.0, &work.1).await })
            });
        Ok(Response::new(written.await?))
    }

    async fn extend_recall(
        &self,
        request: Request<pb::ExtendRecallRequest>,
    ) -> Result<Response<pb::ExtendRecallResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let known = listing::fetched(&self.desk, &call, &message.recall_id).await?;
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.extended_on.as_ref(), "extended_on", &mut violations);
        let new = scopes_of(&message.scopes, known.scopes.len(), &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        // A mistake in a new scope is told by its own field, so they are asked for by themselves.
        if !new.is_empty() {
            self.words(&call, &new).await?;
        }
        let all: Vec<Scope> = known.scopes.iter().chain(&new).cloned().collect();
        let words = self.words(&call, &all).await?;
        let once = once_of("ExtendRecall", id, &message);
        let work = Arc::new((known, new, words));
        let seen = (message.recall_id, message.etag);
        let written = self.changed(&call, "recall_extend", once, seen, move |tx, mut recall| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (known, new, words) = work.as_ref();
                recall.since(on)?;
                if recall.scopes != known.scopes {
                    return Err(Error::stale("recall", &recall.id));
                }
                scopes_add(tx, recall.number, recall.scopes.len(), new).await?;
                recall.scopes.extend(new.iter().cloned());
                recall.closed_on = None;
                recall.due += 1;
                recall_save(tx, &mut recall).await?;
                let changed = words_take(tx, &recall, words).await?;
                newer_check(tx, recall.number, words.last_build).await?;
                refresh_owe(tx, recall.number).await?;
                Ok(pb::ExtendRecallResponse {
                    recall: Some(recall_pb(tx, &recall).await?),
                    added_count: changed.added,
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn refresh_recall(
        &self,
        request: Request<pb::RefreshRecallRequest>,
    ) -> Result<Response<pb::RefreshRecallResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let known = listing::fetched(&self.desk, &call, &message.recall_id).await?;
        known.open().map_err(Error::from)?;
        let words = self.words(&call, &known.scopes).await?;
        let once = once_of("RefreshRecall", id, &message);
        let work = Arc::new((known, words));
        let seen = (message.recall_id, String::new());
        let written = self.changed(&call, "recall_ask", once, seen, move |tx, recall| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (known, words) = work.as_ref();
                recall.open()?;
                if recall.scopes != known.scopes {
                    return Err(Error::stale("recall", &recall.id));
                }
                let changed = words_take(tx, &recall, words).await?;
                due_count(tx, recall.number).await?;
                newer_check(tx, recall.number, words.last_build).await?;
                refresh_owe(tx, recall.number).await?;
                Ok(pb::RefreshRecallResponse {
                    recall: Some(recall_pb(tx, &recall).await?),
                    added_count: changed.added,
                    cleared_count: changed.cleared,
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    type StreamRecallCandidatesStream = Answers<pb::StreamRecallCandidatesResponse>;

    async fn stream_recall_candidates(
        &self,
        request: Request<pb::StreamRecallCandidatesRequest>,
    ) -> Result<Response<Self::StreamRecallCandidatesStream>, Status> {
        let call = Call::of(&request);
        let message = production::StreamExposuresRequest {
            scopes: request.into_inner().scopes,
            from_build_number: 0,
        };
        let asked = self.desk.production.exposures_told(&call, message).await;
        let mut told = asked.map_err(|status| self.said(status))?;
        Ok(Response::new(answers(move |outlet| async move {
            while let Some(part) = told
                .message()
                .await
                .map_err(|status| Error::down("production", status))?
            {
                let candidates = part.exposures;
                outlet
                    .send(pb::StreamRecallCandidatesResponse { candidates })
                    .await?;
            }
            Ok(())
        })))
    }

    async fn issue_stop_ship(
        &self,
        request: Request<pb::IssueStopShipRequest>,
    ) -> Result<Response<pb::IssueStopShipResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.issued_on.as_ref(), "issued_on", &mut violations);
        let stop = stop_of(message.stop_ship, &mut violations);
        violations.require(
            message.stop_ship != 0,
            "stop_ship",
            "give STOP_SHIP_LOADING or STOP_SHIP_LOADING_AND_HANDOVER",
        );
        let (id, stop) = violations.finish_with(id.zip(stop)).map_err(Error::from)?;
        let once = once_of("IssueStopShip", id, &message);
        let seen = (message.recall_id, message.etag);
        let written = self.changed(&call, "stop_ship", once, seen, move |tx, mut recall| {
            Box::pin(async move {
                if recall.stop(stop, on)? {
                    recall_save(tx, &mut recall).await?;
                    gone_mark(tx, recall.number, None).await?;
                    issued_tell(tx, &recall).await?;
                }
                Ok(pb::IssueStopShipResponse {
                    recall: Some(recall_pb(tx, &recall).await?),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn lift_stop_ship(
        &self,
        request: Request<pb::LiftStopShipRequest>,
    ) -> Result<Response<pb::LiftStopShipResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.lifted_on.as_ref(), "lifted_on", &mut violations);
        text(&message.reason, 1, 200, "reason", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = once_of("LiftStopShip", id, &message);
        let seen = (message.recall_id, message.etag);
        let reason = Arc::<str>::from(message.reason);
        let written = self.changed(
            &call,
            "stop_ship_lift",
            once,
            seen,
            move |tx, mut recall| {
                let reason = Arc::clone(&reason);
                Box::pin(async move {
                    if recall.lift(on)? {
                        recall_save(tx, &mut recall).await?;
                        let body = StopShipLifted {
                            recall_id: recall.id.clone(),
                            lifted_on: Some(date_pb(on)),
                            reason: reason.to_string(),
                        };
                        tx.emit_many(vec![NewFact {
                            subject: recall.id.clone(),
                            on,
                            traceparent: None,
                            body: Kind::StopShipLifted(body),
                        }])
                        .await?;
                    }
                    Ok(pb::LiftStopShipResponse {
                        recall: Some(recall_pb(tx, &recall).await?),
                    })
                })
            },
        );
        Ok(Response::new(written.await?))
    }

    type RecordRecallStepsStream = Answers<pb::RecordRecallStepsResponse>;

    async fn record_recall_steps(
        &self,
        request: Request<Streaming<pb::RecordRecallStepsRequest>>,
    ) -> Result<Response<Self::RecordRecallStepsStream>, Status> {
        let (call, desk) = (Call::of(&request), Arc::clone(&self.desk));
        let answers = request.into_inner().and_then(move |message| {
            let (call, desk) = (call.clone(), Arc::clone(&desk));
            async move {
                let taken = steps::record(&desk, &call, message).await;
                taken.map_err(Status::from)
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn close_recall(
        &self,
        request: Request<pb::CloseRecallRequest>,
    ) -> Result<Response<pb::CloseRecallResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = id_req::<RequestId>(&message.request_id, "request_id", &mut violations);
        let on = date_req(message.closed_on.as_ref(), "closed_on", &mut violations);
        let id = violations.finish_with(id).map_err(Error::from)?;
        let once = once_of("CloseRecall", id, &message);
        let seen = (message.recall_id, message.etag);
        let written = self.changed(&call, "recall_close", once, seen, move |tx, mut recall| {
            Box::pin(async move {
                if recall.close(on)? {
                    recall.due = 0;
                    recall_save(tx, &mut recall).await?;
                    super::owed::checks_drop(tx, recall.number).await?;
                }
                Ok(pb::CloseRecallResponse {
                    recall: Some(recall_pb(tx, &recall).await?),
                })
            })
        });
        Ok(Response::new(written.await?))
    }

    async fn get_recall(
        &self,
        request: Request<pb::GetRecallRequest>,
    ) -> Result<Response<pb::GetRecallResponse>, Status> {
        let call = Call::of(&request);
        let id = Arc::<str>::from(request.into_inner().recall_id);
        let read = self.desk.store.read(&call, "recall_get", move |tx| {
            let id = Arc::clone(&id);
            Box::pin(async move {
                let recall = recall_fetch(tx, &id).await?;
                recall_pb(tx, &recall).await
            })
        });
        let recall = Some(read.await?);
        Ok(Response::new(pb::GetRecallResponse { recall }))
    }

    async fn list_recalls(
        &self,
        request: Request<pb::ListRecallsRequest>,
    ) -> Result<Response<pb::ListRecallsResponse>, Status> {
        listing::list_recalls(&self.desk, request).await
    }

    async fn list_recall_vehicles(
        &self,
        request: Request<pb::ListRecallVehiclesRequest>,
    ) -> Result<Response<pb::ListRecallVehiclesResponse>, Status> {
        listing::list_recall_vehicles(&self.desk, request).await
    }

    type StreamRecallVehiclesStream = Answers<pb::StreamRecallVehiclesResponse>;

    async fn stream_recall_vehicles(
        &self,
        request: Request<pb::StreamRecallVehiclesRequest>,
    ) -> Result<Response<Self::StreamRecallVehiclesStream>, Status> {
        listing::stream_recall_vehicles(&self.desk, request).await
    }

    async fn get_recall_completion(
        &self,
        request: Request<pb::GetRecallCompletionRequest>,
    ) -> Result<Response<pb::GetRecallCompletionResponse>, Status> {
        listing::get_recall_completion(&self.desk, request).await
    }
}
