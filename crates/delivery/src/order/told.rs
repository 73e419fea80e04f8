//! The timeline of an order across services: delivery's rows in one snapshot, and production's word with procurement's behind it.
//!
//! It must not decide what happened first. Invariant: the silence of a service makes the answer PARTIAL and takes away nothing of the others.

use std::sync::Arc;

use takt_contract::{
    common::v1 as common,
    delivery::v1 as pb,
    production::v1::{self as production, history_service_client::HistoryServiceClient},
};
use takt_kernel::{OrderId, stable_hash};
use takt_service::{Call, Error, Tx, client, peer::Retry, telemetry::trace_id};
use tonic::Code;

use super::{
    Order,
    chronicle::{Aftermath, chronicle},
    life::life_fetch,
    store::order_traceparent,
};
use crate::{
    desk::Desk,
    rows::{date, date_opt, get},
};

/// The timeline of an order.
pub(crate) async fn order_told(
    desk: &Desk,
    call: &Call,
    id: OrderId,
) -> Result<pb::GetOrderTimelineResponse, Error> {
    let catalogue = desk.catalogue(call).await?;
    let read = desk.store.read(call, "order_timeline", move |tx| {
        let (catalogue, id) = (Arc::clone(&catalogue), id.clone());
        Box::pin(async move {
            let life = life_fetch(tx, &catalogue, id.as_str()).await?;
            let trace = order_traceparent(tx, life.order.number).await?;
            let after = aftermath_fetch(tx, &life.order.journey.vin).await?;
            Ok((life, trace, after))
        })
    });
    let (life, trace, after) = read.await?;
    let order = &life.order;
    let trace_id = trace.as_deref().and_then(trace_id).unwrap_or_default();
    let mut answer = pb::GetOrderTimelineResponse {
        order_id: order.id.clone(),
        vin: order.journey.vin.clone(),
        trace_id: trace_id.clone(),
        result_status: common::ResultStatus::Complete.into(),
        ..pb::GetOrderTimelineResponse::default()
    };
    let elsewhere = match asked(desk, call, order).await {
        Ok(told) => {
            answer.result_status = told.result_status;
            answer.tombstones = told.tombstones;
            Some(told.happenings)
        }
        Err(error) => {
            answer.result_status = common::ResultStatus::Partial.into();
            answer.tombstones.push(common::Tombstone {
                node: "production".to_owned(),
                code: common::ReasonCode::TierUnknown.into(),
                detail: format!(
                    "what happened in the plant is told as delivery heard it: {error}; ask again when production answers"
                ),
            });
            None
        }
    };
    answer.happenings = chronicle(life.entries, after, elsewhere, &trace_id);
    Ok(answer)
}

/// Production's word, with procurement's. An order that production has not heard of yet has no history there.
async fn asked(
    desk: &Desk,
    call: &Call,
    order: &Order,
) -> Result<production::GetOrderHistoryResponse, Error> {
    let message = production::GetOrderHistoryRequest {
        order_number: order.number,
        order_id: order.id.clone(),
        vin: order.journey.vin.clone(),
    };
    let peer = &desk.production.peer;
    let retry = Retry::idempotent(stable_hash(order.id.as_bytes()));
    let asked = retry.run(call, |_| {
        let mut client = client!(HistoryServiceClient, peer);
        let request = peer.request(call, message.clone());
        async move { client.get_order_history(request).await }
    });
    match asked.await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) if status.code() == Code::NotFound => Ok(production::GetOrderHistoryResponse {
            result_status: common::ResultStatus::Complete.into(),
            ..production::GetOrderHistoryResponse::default()
        }),
        Err(status) => Err(peer.error(&status)),
    }
}

/// What happened to a vehicle after it was handed over: its cases and its recalls.
async fn aftermath_fetch(tx: &Tx, vin: &str) -> Result<Vec<Aftermath>, Error> {
    let mut told = Vec::new();
    if vin.is_empty() {
        return Ok(told);
    }
    let sql = "SELECT case_id, category, opened_on, diagnosed_on, item_id, lot_id, repaired_on, remedy, ended_on, state, cancel_reason \
               FROM service_case WHERE vin = $1 ORDER BY case_no";
    for row in tx.rows(sql, vec![vin.into()]).await? {
        let case: String = get(&row, 0)?;
        let part = format!("{} {}", get::<String>(&row, 4)?, get::<String>(&row, 5)?);
        let cancelled = get::<i64>(&row, 9)? == 5;
        let end = if cancelled {
            ("CASE_CANCELLED", get::<String>(&row, 10)?)
        } else {
            ("CASE_CLOSED", String::new())
        };
        let steps = [
            (Some(date(&row, 2)?), "CASE_OPENED", get::<String>(&row, 1)?),
            (date_opt(&row, 3)?, "CASE_DIAGNOSED", part.trim().to_owned()),
            (date_opt(&row, 6)?, "CASE_REPAIRED", get::<String>(&row, 7)?),
            (date_opt(&row, 8)?, end.0, end.1),
        ];
        told.extend(steps.into_iter().filter_map(|(on, event, detail)| {
            Some(Aftermath {
                on: on?,
                event,
                subject: case.clone(),
                detail,
            })
        }));
    }
    let sql = "SELECT r.recall_id, r.title, r.opened_on, k.notified_on, k.remedied_on FROM recall_vehicle k \
               JOIN recall r ON r.recall_no = k.recall_no WHERE k.vin = $1 AND k.recalled = 1 ORDER BY r.recall_no";
    for row in tx.rows(sql, vec![vin.into()]).await? {
        let recall: String = get(&row, 0)?;
        let steps = [
            (Some(date(&row, 2)?), "RECALLED", get::<String>(&row, 1)?),
            (date_opt(&row, 3)?, "RECALL_NOTIFIED", String::new()),
            (date_opt(&row, 4)?, "RECALL_REMEDIED", String::new()),
        ];
        told.extend(steps.into_iter().filter_map(|(on, event, detail)| {
            Some(Aftermath {
                on: on?,
                event,
                subject: recall.clone(),
                detail,
            })
        }));
    }
    Ok(told)
}
