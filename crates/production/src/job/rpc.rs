//! Jobs on the wire.
//!
//! It must not decide anything. Invariants: a stream holds at most one slice of unanswered events; its answers come in
//! the order of its events; a watch looks at every position once.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use takt_contract::{date_req, production::v1 as pb, request_id};
use takt_kernel::Violations;
use takt_service::{
    Call, Error, Once, PageToken, page_size,
    stream::{Answers, Outlet, answers},
};
use tonic::{Status, Streaming};

use super::{
    Subject,
    dispatch::jobs_dispatch,
    report::report,
    store::{ListKey, events_after, history_fetch, job_fetch, jobs_page, position_last},
    wire,
};
use crate::{Production, product::Product};

/// The messages of a stream that are taken at once, and the events that one may hold.
const WINDOW: usize = 64;
const EVENTS: usize = 500;
/// The events that a watch reads at once; a message of them stays far below 64 KiB.
const WATCHED: i64 = 200;
/// How long a watch waits before it looks again without being woken: other replicas write, too.
const LOOK: Duration = Duration::from_millis(500);

/// Opens the jobs of a day.
///
/// # Errors
/// `Invalid`; `DAY_NOT_RUN`.
pub async fn dispatch(
    production: &Production,
    call: &Call,
    message: pb::DispatchJobsRequest,
) -> Result<pb::DispatchJobsResponse, Error> {
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations);
    let on = date_req(
        message.business_date.as_ref(),
        "business_date",
        &mut violations,
    );
    let id = violations.finish_with(id)?;
    let product = production.products.get(call).await?;
    let once = Once::of(
        "takt.production.v1.ShopFloorService/DispatchJobs",
        id,
        &message,
    );
    let done = production
        .deps
        .store
        .write_once(call, "jobs_dispatch", once, move |tx| {
            let product = Arc::clone(&product);
            Box::pin(async move {
                let open = jobs_dispatch(tx, &product, on).await?;
                Ok(pb::DispatchJobsResponse {
                    vehicle_count: open.vehicles,
                    shop_order_count: open.orders,
                    job_count: open.jobs,
                })
            })
        });
    done.await
}

/// Takes what stations report. Messages that are there already are taken together, so that a station that sends one
/// event a message is not held back by the commits.
pub async fn reported(
    production: Production,
    call: Call,
    incoming: Streaming<pb::ReportRequest>,
) -> Result<Answers<pb::ReportResponse>, Error> {
    // Who reports before there is a programme hears it at once.
    production.products.get(&call).await?;
    let production = Arc::new(production);
    let taken = incoming.ready_chunks(WINDOW).then(move |messages| {
        let (production, call) = (Arc::clone(&production), call.clone());
        async move { taken(&production, &call, messages).await }
    });
    Ok(Box::pin(taken.flat_map(stream::iter)))
}

async fn taken(
    production: &Production,
    call: &Call,
    messages: Vec<Result<pb::ReportRequest, Status>>,
) -> Vec<Result<pb::ReportResponse, Status>> {
    let mut whole = Vec::with_capacity(messages.len());
    let mut broken = None;
    for message in messages {
        match message {
            Ok(message) if message.events.len() <= EVENTS => whole.push(message),
            Ok(_) => {
                broken = Some(
                    Error::invalid("events", format!("a message has at most {EVENTS}")).into(),
                );
                break;
            }
            Err(status) => {
                broken = Some(status);
                break;
            }
        }
    }
    let mut told: Vec<Result<pb::ReportResponse, Status>> =
        match answered(production, call, &whole).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) => return vec![Err(error.into())],
        };
    told.extend(broken.map(Err));
    told
}

async fn answered(
    production: &Production,
    call: &Call,
    messages: &[pb::ReportRequest],
) -> Result<Vec<pb::ReportResponse>, Error> {
    let product = production.products.get(call).await?;
    let events: Vec<&pb::StationEvent> = messages
        .iter()
        .flat_map(|message| &message.events)
        .collect();
    let read: Vec<_> = events
        .iter()
        .map(|event| wire::event(&product, event))
        .collect();
    let whole: Vec<_> = read
        .iter()
        .filter_map(|read| read.as_ref().ok().cloned())
        .collect();
    let told = match whole.is_empty() {
        true => Vec::new(),
        false => report(production, whole).await?,
    };
    let mut told = told.iter();
    let mut answers = events.iter().zip(read).map(|(event, read)| match read {
        Err(refused) => *refused,
        // There is one answer for every event that was handed in.
        Ok(report) => told.next().map_or_else(pb::StationAnswer::default, |told| {
            wire::answer(event, &report, told)
        }),
    });
    let own = |message: &pb::ReportRequest| pb::ReportResponse {
        answers: answers.by_ref().take(message.events.len()).collect(),
    };
    Ok(messages.iter().map(own).collect())
}

/// Lists jobs.
///
/// # Errors
/// `Invalid`.
pub async fn list(
    production: &Production,
    call: &Call,
    message: pb::ListJobsRequest,
) -> Result<pb::ListJobsResponse, Error> {
    let size = page_size(message.page_size)?;
    let product = production.products.get(call).await?;
    let filter = Arc::new(wire::filter(&product, &message)?);
    let arguments = format!("{filter:?}");
    let of_subject = filter.subject.is_some();
    let key = PageToken::open("ListJobs", &arguments, &message.page_token)?;
    let key = key
        .as_deref()
        .and_then(parsed)
        .unwrap_or((0, String::new(), i64::MIN));
    let read = production.deps.store.read(call, "job_list", move |tx| {
        let (filter, key) = (Arc::clone(&filter), key.clone());
        Box::pin(async move { jobs_page(tx, &filter, &key, size + 1).await })
    });
    let mut page = read.await?;
    let shown = usize::try_from(size).unwrap_or(usize::MAX);
    let more = page.len() > shown;
    page.truncate(shown);
    let last = page.last().filter(|_| more).map(|(job, _)| {
        let first = if of_subject {
            job.place
        } else {
            job.state.word() as i64
        };
        let key = format!("{first}|{}|{}", job.operation_id, job.subject.number());
        PageToken::seal("ListJobs", &arguments, &key)
    });
    Ok(pb::ListJobsResponse {
        jobs: page
            .iter()
            .map(|(job, vin)| wire::job_pb(&product, job, vin))
            .collect(),
        next_page_token: last.unwrap_or_default(),
    })
}

fn parsed(key: &str) -> Option<ListKey> {
    let (state, rest) = key.split_once('|')?;
    let (operation, subject) = rest.rsplit_once('|')?;
    Some((
        state.parse().ok()?,
        operation.to_owned(),
        subject.parse().ok()?,
    ))
}

/// A job with its history.
///
/// # Errors
/// `Missing`.
pub async fn get(
    production: &Production,
    call: &Call,
    message: pb::GetJobRequest,
) -> Result<pb::GetJobResponse, Error> {
    let product = production.products.get(call).await?;
    let missing = || Error::missing("job", &message.job_id);
    let (subject_id, operation_id) = message.job_id.split_once('/').ok_or_else(missing)?;
    let (subject, vin) = Subject::parse(&product, subject_id).ok_or_else(missing)?;
    let operation_id = Arc::<str>::from(operation_id);
    let read = production.deps.store.read(call, "job_get", move |tx| {
        let operation_id = Arc::clone(&operation_id);
        Box::pin(async move {
            let Some((job, vin)) = job_fetch(tx, subject.number(), &operation_id).await? else {
                return Ok(None);
            };
            let events = history_fetch(tx, subject.number(), job.place).await?;
            Ok(Some((job, vin, events)))
        })
    });
    let vin = vin.map_or_else(String::new, |vin| vin.to_string());
    let found = read.await?.filter(|(_, own, _)| *own == vin);
    let (job, vin, events) = found.ok_or_else(missing)?;
    Ok(pb::GetJobResponse {
        job: Some(wire::job_pb(&product, &job, &vin)),
        events: events
            .iter()
            .map(|event| wire::event_pb(&product, event))
            .collect(),
    })
}

/// What is reported at a station, as it is written.
///
/// # Errors
/// `Invalid` for a station that is not known.
pub async fn watch(
    production: Production,
    call: Call,
    message: pb::WatchStationRequest,
) -> Result<Answers<pb::WatchStationResponse>, Error> {
    let product = production.products.get(&call).await?;
    let mut violations = Violations::new();
    let place = wire::place(&product, &message.station_id, &mut violations);
    let place = violations.finish_with(place)?;
    Ok(answers(move |outlet| async move {
        watched(
            &production,
            &product,
            place,
            message.after_position,
            &outlet,
        )
        .await
    }))
}

async fn watched(
    production: &Production,
    product: &Product,
    (operation_id, station): (String, Option<i64>),
    after: i64,
    outlet: &Outlet<pb::WatchStationResponse>,
) -> Result<(), Error> {
    let mut woken = production.stations.written.subscribe();
    let call = || Call::background("watch", Duration::from_secs(10));
    let store = &production.deps.store;
    let mut position = match after {
        after if after < 0 => {
            store
                .read(&call(), "events_last", |tx| Box::pin(position_last(tx)))
                .await?
        }
        after => after,
    };
    loop {
        woken.borrow_and_update();
        let found = store
            .read(&call(), "events_after", move |tx| {
                Box::pin(events_after(tx, position, WATCHED))
            })
            .await?;
        let Some(last) = found.last() else {
            // Whether it was woken or not, the next thing is to look; a sender lives as long as the service.
            let _ = tokio::time::timeout(LOOK, woken.changed()).await;
            if outlet.is_closed() {
                return Ok(());
            }
            continue;
        };
        position = last.position;
        let own = found.iter().filter(|event| {
            event.operation_id == operation_id
                && station.is_none_or(|station| station == event.station)
        });
        let events: Vec<_> = own.map(|event| wire::event_pb(product, event)).collect();
        if !events.is_empty() {
            outlet.send(pb::WatchStationResponse { events }).await?;
        }
    }
}
