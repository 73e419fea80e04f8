//! The suppliers' steps of a day: procurement orders, the suppliers answer, ship and arrive. It must not know
//! vehicles. Invariant: the steps follow each other, because a line may be ordered, shipped and received on one day.
use takt_contract::date_pb;
use takt_contract::procurement::v1::inbound_service_client::InboundServiceClient;
use takt_contract::procurement::v1::purchase_order_service_client::PurchaseOrderServiceClient;
use takt_contract::procurement::v1::safety_time_service_client::SafetyTimeServiceClient;
use takt_contract::procurement::v1::{
    AcknowledgeLinesRequest, LearnSafetyTimesRequest, LineAcknowledgement, LineResponse, OrderLine,
    RecordAsnsRequest, RecordReceiptsRequest, RefusedAsn, ReleaseOrdersRequest,
    StreamOrderLinesRequest,
};
use takt_kernel::Date;

use super::parts::{Parts, timed};
use super::pipeline::Pipeline;
use super::request::RequestIds;
use crate::bulk;
use crate::connection::{Peer, WHOLE, ask, read, within};
use crate::failure::{Failure, Outcome};
use crate::world::Suppliers;

/// Orders, answers, departures and arrivals of a day.
pub(super) async fn day(
    peer: &Peer,
    ids: &RequestIds,
    suppliers: &Suppliers,
    pipeline: &mut Pipeline,
    day: Date,
    ordering: bool,
) -> Outcome<Parts> {
    let mut parts = Parts::default();
    if ordering {
        let (result, time) = timed(release(peer, ids, suppliers, pipeline, day)).await;
        parts.add("release", time);
        result?;
    }
    let (result, time) = timed(ship(peer, ids, pipeline, day)).await;
    parts.add("ship", time);
    result?;
    let (result, time) = timed(receive(peer, ids, pipeline, day)).await;
    parts.add("receive", time);
    result?;
    Ok(parts)
}

async fn release(
    peer: &Peer,
    ids: &RequestIds,
    suppliers: &Suppliers,
    pipeline: &mut Pipeline,
    day: Date,
) -> Outcome<()> {
    let message = ReleaseOrdersRequest {
        request_id: ids.step(day, "release"),
        business_date: Some(date_pb(day)),
    };
    let what = format!("release the orders of {day}");
    let released = ask!(
        peer,
        &what,
        PurchaseOrderServiceClient.release_orders,
        message
    )?;
    if released.line_count == 0 {
        return Ok(());
    }
    let message = StreamOrderLinesRequest {
        released_on: Some(date_pb(day)),
        unshipped_only: false,
    };
    let lines = read!(
        peer,
        &format!("read the order lines of {day}"),
        PurchaseOrderServiceClient.stream_order_lines,
        message,
        |page| page.lines
    )?;
    let accept = |line: &OrderLine| LineAcknowledgement {
        line_number: line.line_number,
        response: LineResponse::Accepted.into(),
        ..LineAcknowledgement::default()
    };
    for (number, acknowledgements) in bulk::cut(lines.iter().map(accept).collect())
        .into_iter()
        .enumerate()
    {
        let message = AcknowledgeLinesRequest {
            request_id: ids.chunk(day, "acknowledge", number),
            acknowledgements,
            acknowledged_on: Some(date_pb(day)),
        };
        ask!(
            peer,
            "acknowledge order lines",
            PurchaseOrderServiceClient.acknowledge_lines,
            message
        )?;
    }
    for line in &lines {
        for fate in suppliers.fate(line)? {
            pipeline.add(line, fate);
        }
    }
    Ok(())
}

async fn ship(peer: &Peer, ids: &RequestIds, pipeline: &mut Pipeline, day: Date) -> Outcome<()> {
    let chunks: Vec<RecordAsnsRequest> = bulk::cut(pipeline.ship(day))
        .into_iter()
        .enumerate()
        .map(|(number, asns)| RecordAsnsRequest {
            request_id: ids.chunk(day, "ship", number),
            asns,
        })
        .collect();
    let what = format!("record the notices of {day}");
    let answers = bulk::send(peer, &what, &chunks, |channel, stream| async move {
        let answer = InboundServiceClient::new(channel)
            .record_asns(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    nothing_refused(
        peer,
        &what,
        answers.iter().flat_map(|answer| &answer.refused),
    )
}

async fn receive(peer: &Peer, ids: &RequestIds, pipeline: &mut Pipeline, day: Date) -> Outcome<()> {
    let chunks: Vec<RecordReceiptsRequest> = bulk::cut(pipeline.receive(day))
        .into_iter()
        .enumerate()
        .map(|(number, receipts)| RecordReceiptsRequest {
            request_id: ids.chunk(day, "receive", number),
            receipts,
        })
        .collect();
    let what = format!("record the receipts of {day}");
    let answers = bulk::send(peer, &what, &chunks, |channel, stream| async move {
        let answer = InboundServiceClient::new(channel)
            .record_receipts(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    nothing_refused(
        peer,
        &what,
        answers.iter().flat_map(|answer| &answer.refused),
    )
}

/// A world that keeps to the contract is not refused anything: a refusal is a fault of somebody's.
fn nothing_refused<'r>(
    peer: &Peer,
    what: &str,
    refused: impl Iterator<Item = &'r RefusedAsn>,
) -> Outcome<()> {
    let told: Vec<String> = refused
        .take(5)
        .map(|refused| format!("{}: {}: {}", refused.asn_id, refused.field, refused.reason))
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "{}: {what}: refused\n  {}",
        peer.name,
        told.join("\n  ")
    )))
}

/// Procurement learns safety times from what was received so far, as a buyer would ask it to.
pub(super) async fn learn(peer: &Peer, ids: &RequestIds, day: Date, share: i64) -> Outcome<()> {
    let message = LearnSafetyTimesRequest {
        request_id: ids.step(day, "learn"),
        service_millionths: share,
        learnt_on: Some(date_pb(day)),
    };
    let what = format!("learn safety times on {day}");
    let learnt = ask!(
        peer,
        &what,
        SafetyTimeServiceClient.learn_safety_times,
        message
    )?;
    tracing::debug!(
        %day,
        sources = learnt.source_count,
        days = learnt.total_days,
        "safety times learnt"
    );
    Ok(())
}

/// The pipeline as it was when `closed` was closed, from all order lines.
pub(super) async fn restore(peer: &Peer, suppliers: &Suppliers, closed: Date) -> Outcome<Pipeline> {
    let message = StreamOrderLinesRequest {
        released_on: None,
        unshipped_only: false,
    };
    let lines = read!(
        peer,
        "read all order lines",
        PurchaseOrderServiceClient.stream_order_lines,
        message,
        |page| page.lines
    )?;
    let mut pipeline = Pipeline::default();
    let mut departures = std::collections::BTreeSet::new();
    for line in &lines {
        let released = takt_contract::date_opt(
            line.released_on.as_ref(),
            "released_on",
            &mut Default::default(),
        );
        // A day that was broken off is played again whole, so what it had ordered is not known yet.
        if released.is_none_or(|on| on > closed) {
            continue;
        }
        for fate in suppliers.fate(line)? {
            if fate.arrives > closed {
                if fate.ships <= closed {
                    departures.insert(fate.ships);
                }
                pipeline.add(line, fate);
            }
        }
    }
    for day in departures {
        pipeline.ship(day);
    }
    Ok(pipeline)
}
