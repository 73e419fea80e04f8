//! The log of facts on the wire: watch, list, the barrier, and parked facts.
//!
//! It must not know what facts mean. Invariant: a watcher sees what the services see, in the same order.

use std::{sync::Arc, time::Duration};

use takt_contract::{
    events::v1::{self as pb, event_service_server::EventService},
    request_id,
};
use takt_kernel::Violations;
use tonic::{Request, Response, Status};

use super::{BATCH, Cursor, LoggedFact, Reactions, wire};
use crate::{
    Call, Error, Once, Store,
    page::{PageToken, page_size},
    stream::{Answers, Outlet, answers},
};

/// The log of a service on the wire.
pub(crate) struct EventRpc {
    pub(crate) store: Store,
    pub(crate) source: &'static str,
    pub(crate) subscribers: &'static [&'static str],
    pub(crate) reactions: Option<Arc<dyn Reactions>>,
}

#[tonic::async_trait]
impl EventService for EventRpc {
    type WatchStream = Answers<pb::WatchResponse>;

    async fn watch(
        &self,
        request: Request<pb::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let message = request.into_inner();
        not_negative(message.after_position)?;
        let (store, source) = (self.store.clone(), self.source);
        Ok(Response::new(answers(move |outlet| async move {
            watched(&store, source, &message, &outlet).await
        })))
    }

    async fn list_facts(
        &self,
        request: Request<pb::ListFactsRequest>,
    ) -> Result<Response<pb::ListFactsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        not_negative(message.after_position)?;
        let limit = page_size(message.page_size)?;
        let (after, subject) = (message.after_position, Arc::<str>::from(message.subject));
        let found = self
            .store
            .read(&call, "facts_list", move |tx| {
                let subject = Arc::clone(&subject);
                Box::pin(async move {
                    if subject.is_empty() {
                        let cursor = tx.facts_cursor(after).await?;
                        return tx.facts_after(cursor, limit).await;
                    }
                    let mut found = tx.facts_of_subject(&subject, 1, limit).await?;
                    found.retain(|fact| fact.cursor.position > after);
                    Ok(found)
                })
            })
            .await?;
        Ok(Response::new(pb::ListFactsResponse {
            facts: facts_pb(self.source, found)?,
        }))
    }

    async fn await_applied(
        &self,
        request: Request<pb::AwaitAppliedRequest>,
    ) -> Result<Response<pb::AwaitAppliedResponse>, Status> {
        let call = Call::of(&request);
        let position = request.into_inner().position;
        not_negative(position)?;
        Ok(Response::new(
            self.store
                .settled(&call, position, self.subscribers)
                .await?,
        ))
    }

    async fn list_parked_facts(
        &self,
        request: Request<pb::ListParkedFactsRequest>,
    ) -> Result<Response<pb::ListParkedFactsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let limit = page_size(message.page_size)?;
        let after = match PageToken::open("ListParkedFacts", "", &message.page_token)? {
            Some(key) => key
                .parse::<i64>()
                .map_err(|_| Error::invalid("page_token", "it is not one of this list"))?,
            None => 0,
        };
        let found = self
            .store
            .read(&call, "parked_list", move |tx| {
                Box::pin(tx.parked_list(after, limit + 1))
            })
            .await?;
        let more = found.len() as i64 > limit;
        let keep = usize::try_from(limit).unwrap_or_default();
        let parked_facts: Vec<pb::ParkedFact> = found
            .into_iter()
            .take(keep)
            .map(|parked| pb::ParkedFact {
                parked_id: parked.parked_id,
                fact: Some(parked.fact),
                reason: parked.reason,
                attempts: i32::try_from(parked.attempts).unwrap_or(i32::MAX),
            })
            .collect();
        let next_page_token = match parked_facts.last() {
            Some(last) if more => {
                PageToken::seal("ListParkedFacts", "", &last.parked_id.to_string())
            }
            _ => String::new(),
        };
        Ok(Response::new(pb::ListParkedFactsResponse {
            parked_facts,
            next_page_token,
        }))
    }

    async fn retry_parked_fact(
        &self,
        request: Request<pb::RetryParkedFactRequest>,
    ) -> Result<Response<pb::RetryParkedFactResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let id = read_request_id(&message.request_id)?;
        let once = Once::of("EventService/RetryParkedFact", id, &message);
        let reactions = self.reactions()?;
        let answer = self
            .store
            .write_once(&call, "parked_retry", once, move |tx| {
                let reactions = Arc::clone(&reactions);
                Box::pin(async move {
                    let applied_count = tx.parked_retry(message.parked_id, &reactions).await?;
                    Ok(pb::RetryParkedFactResponse { applied_count })
                })
            })
            .await?;
        Ok(Response::new(answer))
    }

    async fn skip_parked_fact(
        &self,
        request: Request<pb::SkipParkedFactRequest>,
    ) -> Result<Response<pb::SkipParkedFactResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let id = read_request_id(&message.request_id)?;
        if message.reason.trim().is_empty() {
            return Err(Error::invalid(
                "reason",
                "say why the fact is given up; it is kept for the record",
            )
            .into());
        }
        let once = Once::of("EventService/SkipParkedFact", id, &message);
        let reactions = self.reactions()?;
        let message = Arc::new(message);
        let answer = self
            .store
            .write_once(&call, "parked_skip", once, move |tx| {
                let (reactions, message) = (Arc::clone(&reactions), Arc::clone(&message));
                Box::pin(async move {
                    let applied_count = tx
                        .parked_skip(message.parked_id, &message.reason, &reactions)
                        .await?;
                    Ok(pb::SkipParkedFactResponse { applied_count })
                })
            })
            .await?;
        Ok(Response::new(answer))
    }
}

impl EventRpc {
    fn reactions(&self) -> Result<Arc<dyn Reactions>, Error> {
        let none = || {
            Error::refused(
                "NO_REACTIONS",
                format!("{} takes no facts, so none is parked here", self.source),
            )
        };
        self.reactions.clone().ok_or_else(none)
    }
}

/// Sends facts behind the cursor until the watcher goes or, when asked for, until now.
async fn watched(
    store: &Store,
    source: &'static str,
    message: &pb::WatchRequest,
    outlet: &Outlet<pb::WatchResponse>,
) -> Result<(), Error> {
    let mut nudges = store.nudges().facts.subscribe();
    let call = || Call::background("watch", Duration::from_secs(10));
    let after = message.after_position;
    let mut cursor: Cursor = store
        .read(&call(), "facts_cursor", move |tx| {
            Box::pin(tx.facts_cursor(after))
        })
        .await?;
    loop {
        nudges.borrow_and_update();
        let found = store
            .read(&call(), "facts_after", move |tx| {
                Box::pin(tx.facts_after(cursor, BATCH))
            })
            .await?;
        match found.last() {
            Some(last) => {
                cursor = last.cursor;
                let answer = pb::WatchResponse {
                    facts: facts_pb(source, found)?,
                };
                outlet.send(answer).await?;
            }
            None if message.until_now => return Ok(()),
            None => tokio::select! {
                _ = nudges.changed() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            },
        }
    }
}

fn facts_pb(source: &str, facts: Vec<LoggedFact>) -> Result<Vec<pb::Fact>, Error> {
    facts
        .into_iter()
        .map(|fact| wire::fact_pb(source, fact))
        .collect()
}

fn not_negative(position: i64) -> Result<(), Error> {
    if position < 0 {
        Err(Error::invalid(
            "position",
            "it is negative; give 0 or a position of this log",
        ))
    } else {
        Ok(())
    }
}

fn read_request_id(text: &str) -> Result<[u8; 16], Error> {
    let mut violations = Violations::new();
    let id = request_id(text, "request_id", &mut violations);
    violations.finish()?;
    Ok(id.unwrap_or_default())
}
