//! Recalls and their vehicles as they are read.
//!
//! It must not change anything. Invariant: a page follows the one before, and an answer comes from one snapshot.

use std::sync::Arc;

use takt_contract::delivery::v1 as pb;
use takt_kernel::Violations;
use takt_service::{
    Call, Error, PageToken, page_size,
    stream::{Answers, pages},
};
use tonic::{Request, Response, Status};

use super::{
    Recall, State,
    completion::completion,
    parse::state_of,
    store::{counts_fetch, days_fetch, recall_fetch, recalls_page},
    vehicles::vehicles_page,
    wire::{completion_pb, recall_pb},
};
use crate::desk::Desk;

/// Vehicles that are read at a time.
const PAGE: i64 = 1_000;

/// A recall by its id.
pub(crate) async fn fetched(desk: &Desk, call: &Call, id: &str) -> Result<Recall, Error> {
    let id = id.to_owned();
    let read = desk.store.read(call, "recall_get", move |tx| {
        let id = id.clone();
        Box::pin(async move { recall_fetch(tx, &id).await })
    });
    read.await
}

/// Lists recalls.
pub(crate) async fn list_recalls(
    desk: &Arc<Desk>,
    request: Request<pb::ListRecallsRequest>,
) -> Result<Response<pb::ListRecallsResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let size = page_size(message.page_size)?;
    let mut violations = Violations::new();
    let closed = match pb::RecallState::try_from(message.state) {
        Ok(pb::RecallState::Unspecified) => None,
        Ok(pb::RecallState::Open) => Some(false),
        Ok(pb::RecallState::Closed) => Some(true),
        Err(_) => {
            violations.push("state", format!("{} is not known here", message.state));
            None
        }
    };
    violations.finish().map_err(Error::from)?;
    let arguments = message.state.to_string();
    let after = PageToken::open("ListRecalls", &arguments, &message.page_token)?;
    let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or_default();
    let read = desk.store.read(&call, "recalls_list", move |tx| {
        Box::pin(async move {
            let mut page = recalls_page(tx, closed, after, size + 1).await?;
            let shown = usize::try_from(size).unwrap_or(usize::MAX);
            let more = page.len() > shown;
            page.truncate(shown);
            let next = page.last().filter(|_| more).map(|last| last.number);
            let mut recalls = Vec::with_capacity(page.len());
            for recall in &page {
                recalls.push(recall_pb(tx, recall).await?);
            }
            Ok((recalls, next))
        })
    });
    let (recalls, next) = read.await?;
    Ok(Response::new(pb::ListRecallsResponse {
        recalls,
        next_page_token: next.map_or_else(String::new, |number| {
            PageToken::seal("ListRecalls", &arguments, &number.to_string())
        }),
    }))
}

/// Lists the vehicles of a recall.
pub(crate) async fn list_recall_vehicles(
    desk: &Arc<Desk>,
    request: Request<pb::ListRecallVehiclesRequest>,
) -> Result<Response<pb::ListRecallVehiclesResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let size = page_size(message.page_size)?;
    let mut violations = Violations::new();
    let state = state_of(message.state, &mut violations);
    violations.finish().map_err(Error::from)?;
    let arguments = format!("{} {}", message.recall_id, message.state);
    let after = PageToken::open("ListRecallVehicles", &arguments, &message.page_token)?;
    let after = after.unwrap_or_default();
    let recall = fetched(desk, &call, &message.recall_id).await?;
    let mut page = vehicles(desk, &call, recall.number, state, after, size + 1).await?;
    let key = |vehicle: &pb::RecallVehicle| vehicle.vin.clone();
    let list = "ListRecallVehicles";
    Ok(Response::new(pb::ListRecallVehiclesResponse {
        next_page_token: PageToken::cut(&mut page, size, list, &arguments, key),
        vehicles: page,
    }))
}

/// Streams the vehicles of a recall.
pub(crate) async fn stream_recall_vehicles(
    desk: &Arc<Desk>,
    request: Request<pb::StreamRecallVehiclesRequest>,
) -> Result<Response<Answers<pb::StreamRecallVehiclesResponse>>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let state = state_of(message.state, &mut violations);
    violations.finish().map_err(Error::from)?;
    let recall = fetched(desk, &call, &message.recall_id).await?;
    let desk = Arc::clone(desk);
    let read = move |after: String| {
        let (call, desk) = (call.clone(), Arc::clone(&desk));
        async move {
            let page = vehicles(&desk, &call, recall.number, state, after, PAGE).await?;
            let full = i64::try_from(page.len()).is_ok_and(|count| count == PAGE);
            let next = page.last().filter(|_| full).map(|last| last.vin.clone());
            Ok((page, next))
        }
    };
    let message = |vehicles| pb::StreamRecallVehiclesResponse { vehicles };
    Ok(Response::new(pages(String::new(), read, message)))
}

/// Answers with how far a recall is.
pub(crate) async fn get_recall_completion(
    desk: &Arc<Desk>,
    request: Request<pb::GetRecallCompletionRequest>,
) -> Result<Response<pb::GetRecallCompletionResponse>, Status> {
    let call = Call::of(&request);
    let id = Arc::<str>::from(request.into_inner().recall_id);
    let read = desk.store.read(&call, "recall_completion", move |tx| {
        let id = Arc::clone(&id);
        Box::pin(async move {
            let recall = recall_fetch(tx, &id).await?;
            let counts = counts_fetch(tx, &recall).await?;
            let notified = days_fetch(tx, recall.number, "notified_on").await?;
            let remedied = days_fetch(tx, recall.number, "remedied_on").await?;
            Ok(completion(&counts.states, &notified, &remedied))
        })
    });
    Ok(Response::new(completion_pb(&read.await?)))
}

async fn vehicles(
    desk: &Desk,
    call: &Call,
    recall_no: i64,
    state: Option<State>,
    after: String,
    limit: i64,
) -> Result<Vec<pb::RecallVehicle>, Error> {
    let catalogue = desk.catalogue(call).await?;
    let after = Arc::<str>::from(after);
    let read = desk.store.read(call, "recall_vehicles", move |tx| {
        let (catalogue, after) = (Arc::clone(&catalogue), Arc::clone(&after));
        Box::pin(
            async move { vehicles_page(tx, &catalogue, recall_no, state, &after, limit).await },
        )
    });
    read.await
}
