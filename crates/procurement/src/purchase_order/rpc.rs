//! Orders on the wire.
//!
//! It must not decide anything.

use std::sync::Arc;

use takt_contract::{
    date_opt, date_req, money_pb,
    procurement::v1::{self as pb, purchase_order_service_server::PurchaseOrderService},
    request_id,
};
use takt_kernel::{Date, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    action::{Standing, actions},
    event, order_key,
    parse::{self, CancelOf},
    release::Ordered,
    store::{self, LineFilter},
    wire::{action_pb, event_pb, liability_pb, line_pb, order_pb, released_pb},
    work::{acknowledge, line_change, lines_cancel, no_plan, proposals_answer, release},
};
use crate::{
    desk::{Answers, Desk, chunks, pages},
    inbound,
    material::value::amount_of,
    programme::Catalogue,
    requirement::store::{needs_fetch, plan_fetch},
    rows::{count, short},
    safety::store::safety_fetch,
    sourcing::store::gates_fetch,
};

/// The lines of a message: some hundred bytes each, so that a message stays below 64 KiB.
const CHUNK: usize = 400;

/// The orders on the wire.
pub(crate) struct PurchaseOrderRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl PurchaseOrderService for PurchaseOrderRpc {
    async fn release_orders(
        &self,
        request: Request<pb::ReleaseOrdersRequest>,
    ) -> Result<Response<pb::ReleaseOrdersResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let on = date_req(
            message.business_date.as_ref(),
            "business_date",
            &mut violations,
        );
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PurchaseOrderService/ReleaseOrders",
            id,
            &message,
        );
        let (desk, catalogue) = (Arc::clone(&self.0), self.0.catalogue(&call).await?);
        let answer = self
            .0
            .store
            .write_once(&call, "orders_release", once, move |tx| {
                let (desk, catalogue) = (Arc::clone(&desk), Arc::clone(&catalogue));
                Box::pin(async move {
                    let released = release(tx, &desk, &catalogue, on).await?;
                    Ok(released_pb(&catalogue, &released))
                })
            });
        Ok(Response::new(answer.await?))
    }

    async fn get_purchase_order(
        &self,
        request: Request<pb::GetPurchaseOrderRequest>,
    ) -> Result<Response<pb::GetPurchaseOrderResponse>, Status> {
        let call = Call::of(&request);
        let id = request.into_inner().purchase_order_id;
        let catalogue = self.0.catalogue(&call).await?;
        let missing = || Error::missing("purchase order", &id);
        let key = order_key(&id)
            .and_then(|(supplier, on)| Some((catalogue.supplier(supplier)?.number, on)));
        let (supplier_no, on) = key.ok_or_else(missing)?;
        let known = Arc::clone(&catalogue);
        let found = self.0.store.read(&call, "order_get", move |tx| {
            let catalogue = Arc::clone(&known);
            Box::pin(async move {
                let Some(order) = store::order_fetch(tx, supplier_no, on).await? else {
                    return Ok(None);
                };
                let lines = store::order_lines_fetch(tx, &catalogue, &order).await?;
                Ok(Some((order, lines)))
            })
        });
        let (order, lines) = found.await?.ok_or_else(missing)?;
        Ok(Response::new(pb::GetPurchaseOrderResponse {
            purchase_order: Some(order_pb(&catalogue, &order)),
            lines: lines.iter().map(|line| line_pb(&catalogue, line)).collect(),
        }))
    }

    async fn list_purchase_orders(
        &self,
        request: Request<pb::ListPurchaseOrdersRequest>,
    ) -> Result<Response<pb::ListPurchaseOrdersResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let catalogue = self.0.catalogue(&call).await?;
        let supplier_no = match message.supplier_id.as_str() {
            "" => None,
            id => Some(
                catalogue
                    .supplier(id)
                    .ok_or_else(|| Error::missing("supplier", id))?
                    .number,
            ),
        };
        let key = PageToken::open(
            "ListPurchaseOrders",
            &message.supplier_id,
            &message.page_token,
        )?;
        let after = key
            .as_deref()
            .and_then(order_key)
            .and_then(|(id, on)| Some((on, catalogue.supplier(id)?.number)));
        let after = after.unwrap_or((Date::MIN, 0));
        let page = self.0.store.read(&call, "orders_list", move |tx| {
            Box::pin(store::orders_page(tx, supplier_no, after, size))
        });
        let orders = page.await?;
        let purchase_orders: Vec<_> = orders
            .iter()
            .map(|order| order_pb(&catalogue, order))
            .collect();
        let last = purchase_orders
            .last()
            .filter(|_| count(purchase_orders.len()) == size);
        let next_page_token = last.map(|last| {
            PageToken::seal(
                "ListPurchaseOrders",
                &message.supplier_id,
                &last.purchase_order_id,
            )
        });
        Ok(Response::new(pb::ListPurchaseOrdersResponse {
            next_page_token: next_page_token.unwrap_or_default(),
            purchase_orders,
        }))
    }

    type StreamOrderLinesStream = Answers<pb::StreamOrderLinesResponse>;

    async fn stream_order_lines(
        &self,
        request: Request<pb::StreamOrderLinesRequest>,
    ) -> Result<Response<Self::StreamOrderLinesStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let released_on = date_opt(message.released_on.as_ref(), "released_on", &mut violations);
        violations.finish().map_err(Error::from)?;
        let filter = LineFilter {
            released_on,
            unshipped: message.unshipped_only,
            open: false,
        };
        let (desk, catalogue) = (Arc::clone(&self.0), self.0.catalogue(&call).await?);
        Ok(Response::new(pages(0, move |after: i64| {
            let (desk, catalogue, call) = (Arc::clone(&desk), Arc::clone(&catalogue), call.clone());
            async move {
                let limit = count(CHUNK);
                let read = desk.store.read(&call, "lines_page", move |tx| {
                    Box::pin(store::lines_page(tx, filter, after, limit))
                });
                let lines = read.await?;
                let next = lines
                    .last()
                    .filter(|_| lines.len() == CHUNK)
                    .map(|line| line.number);
                let lines: Vec<_> = lines.iter().map(|line| line_pb(&catalogue, line)).collect();
                Ok((
                    (!lines.is_empty()).then_some(pb::StreamOrderLinesResponse { lines }),
                    next,
                ))
            }
        })))
    }

    async fn acknowledge_lines(
        &self,
        request: Request<pb::AcknowledgeLinesRequest>,
    ) -> Result<Response<pb::AcknowledgeLinesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let words = Arc::new(parse::words_of(&message, &mut violations));
        let on = date_opt(
            message.acknowledged_on.as_ref(),
            "acknowledged_on",
            &mut violations,
        );
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PurchaseOrderService/AcknowledgeLines",
            id,
            &message,
        );
        let catalogue = self.0.catalogue(&call).await?;
        let answer = self
            .0
            .store
            .write_once(&call, "lines_acknowledge", once, move |tx| {
                let (words, catalogue) = (Arc::clone(&words), Arc::clone(&catalogue));
                Box::pin(async move {
                    let changed = acknowledge(tx, &catalogue, on, &words).await?;
                    Ok(pb::AcknowledgeLinesResponse {
                        changed_count: short(changed),
                    })
                })
            });
        Ok(Response::new(answer.await?))
    }

    async fn answer_proposals(
        &self,
        request: Request<pb::AnswerProposalsRequest>,
    ) -> Result<Response<pb::AnswerProposalsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let on = date_req(message.answered_on.as_ref(), "answered_on", &mut violations);
        let answers = parse::answers_of(&message, &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PurchaseOrderService/AnswerProposals",
            id,
            &message,
        );
        let catalogue = self.0.catalogue(&call).await?;
        let work = Arc::new((answers, message, catalogue));
        let write = self
            .0
            .store
            .write_once(&call, "proposals_answer", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (answers, message, catalogue) = work.as_ref();
                    let lines = proposals_answer(tx, catalogue, on, answers).await?;
                    let lines = (message.answers.iter())
                        .filter_map(|answer| lines.get(&answer.line_number));
                    let lines = lines.map(|line| line_pb(catalogue, line)).collect();
                    Ok(pb::AnswerProposalsResponse { lines })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn change_order_line(
        &self,
        request: Request<pb::ChangeOrderLineRequest>,
    ) -> Result<Response<pb::ChangeOrderLineResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let change = parse::change_of(&message, &mut violations);
        violations.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PurchaseOrderService/ChangeOrderLine",
            id,
            &message,
        );
        let work = Arc::new((change, self.0.catalogue(&call).await?));
        let write = self
            .0
            .store
            .write_once(&call, "order_line_change", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (change, catalogue) = work.as_ref();
                    let (line, owed) = line_change(tx, catalogue, change).await?;
                    Ok(pb::ChangeOrderLineResponse {
                        line: Some(line_pb(catalogue, &line)),
                        liability: owed.map(|owed| liability_pb(catalogue, &owed)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn cancel_order_lines(
        &self,
        request: Request<pb::CancelOrderLinesRequest>,
    ) -> Result<Response<pb::CancelOrderLinesResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations).unwrap_or_default();
        let on = date_req(
            message.cancelled_on.as_ref(),
            "cancelled_on",
            &mut violations,
        );
        let catalogue = self.0.catalogue(&call).await?;
        let of = parse::cancel_of(&catalogue, &message, &mut violations);
        let of = violations.finish_with(of).map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.PurchaseOrderService/CancelOrderLines",
            id,
            &message,
        );
        let is_trial = message.validate_only;
        let work = Arc::new((of, message.reason, catalogue));
        if is_trial {
            let read = self.0.store.read(&call, "order_lines_owed", move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { cancel(tx, &work.2, &work.0, on, &work.1, true).await })
            });
            return Ok(Response::new(read.await?));
        }
        let write = self
            .0
            .store
            .write_once(&call, "order_lines_cancel", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move { cancel(tx, &work.2, &work.0, on, &work.1, false).await })
            });
        Ok(Response::new(write.await?))
    }

    async fn list_line_events(
        &self,
        request: Request<pb::ListLineEventsRequest>,
    ) -> Result<Response<pb::ListLineEventsResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let size = page_size(message.page_size)?;
        let catalogue = self.0.catalogue(&call).await?;
        let line = (message.line_number != 0).then_some(message.line_number);
        let arguments = message.line_number.to_string();
        let key = PageToken::open("ListLineEvents", &arguments, &message.page_token)?;
        let after = key.as_deref().and_then(|key| {
            let (line, number) = key.split_once(' ')?;
            Some((line.parse().ok()?, number.parse().ok()?))
        });
        let after = after.unwrap_or((0, 0));
        let read = self.0.store.read(&call, "line_events_list", move |tx| {
            Box::pin(event::events_page(tx, line, after, size))
        });
        let events = read.await?;
        let last = events.last().filter(|_| count(events.len()) == size);
        let next = last.map(|last| {
            let key = format!("{} {}", last.line, last.number);
            PageToken::seal("ListLineEvents", &arguments, &key)
        });
        Ok(Response::new(pb::ListLineEventsResponse {
            events: (events.iter())
                .map(|event| event_pb(&catalogue, event))
                .collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    type StreamActionMessagesStream = Answers<pb::StreamActionMessagesResponse>;

    async fn stream_action_messages(
        &self,
        request: Request<pb::StreamActionMessagesRequest>,
    ) -> Result<Response<Self::StreamActionMessagesStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let as_of = date_req(message.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let (desk, catalogue) = (Arc::clone(&self.0), self.0.catalogue(&call).await?);
        let known = Arc::clone(&catalogue);
        let read = self.0.store.read(&call, "actions_stream", move |tx| {
            let (desk, catalogue) = (Arc::clone(&desk), Arc::clone(&known));
            Box::pin(async move {
                let (plan, revision) = plan_fetch(tx).await?.ok_or_else(no_plan)?;
                let needs = needs_fetch(tx, &desk, &plan, revision).await?;
                let (past, lots) = (store::past_fetch(tx).await?, store::quota_fetch(tx).await?);
                let gates = gates_fetch(tx, &catalogue).await?;
                let safety = safety_fetch(tx).await?;
                let filter = LineFilter {
                    open: true,
                    ..LineFilter::default()
                };
                let open = store::lines_page(tx, filter, 0, i64::MAX).await?;
                let expected = inbound::store::expected_fetch(tx).await?;
                let ordered = Ordered {
                    past: &past,
                    lots: &lots,
                    gates: &gates,
                    safety: &safety,
                };
                Ok(actions(
                    as_of,
                    &catalogue,
                    Standing {
                        needs: &needs,
                        ordered,
                        open: &open,
                        expected: &expected,
                    },
                ))
            })
        });
        let messages: Vec<_> = read
            .await?
            .iter()
            .map(|action| action_pb(&catalogue, action))
            .collect();
        Ok(Response::new(chunks(messages, CHUNK, |messages| {
            pb::StreamActionMessagesResponse { messages }
        })))
    }
}

/// Cancels lines or an order's lines of which something has not left.
async fn cancel(
    tx: &Tx,
    catalogue: &Catalogue,
    of: &CancelOf,
    on: Date,
    reason: &str,
    is_trial: bool,
) -> Result<pb::CancelOrderLinesResponse, Error> {
    let numbers = match of {
        CancelOf::Lines(numbers) => numbers.clone(),
        CancelOf::Order {
            id,
            supplier_no,
            on,
        } => {
            let order = store::order_fetch(tx, *supplier_no, *on).await?;
            let order = order.ok_or_else(|| Error::missing("purchase order", id))?;
            let lines = store::order_lines_fetch(tx, catalogue, &order).await?;
            let open: Vec<i64> = (lines.iter())
                .filter(|line| line.to_ship() > 0)
                .map(|line| line.number)
                .collect();
            if open.is_empty() {
                let message = format!(
                    "all of order {id} has left or will not come; there is nothing to cancel"
                );
                return Err(Error::refused("ORDER_NOT_OPEN", message));
            }
            open
        }
    };
    let owed = lines_cancel(tx, catalogue, &numbers, on, reason, is_trial).await?;
    let minor: i128 = owed.iter().map(|owed| i128::from(owed.value.minor)).sum();
    let digits = catalogue.currency().minor_digits();
    let exact = minor * 10i128.pow(9 - digits);
    Ok(pb::CancelOrderLinesResponse {
        liabilities: (owed.iter())
            .map(|owed| liability_pb(catalogue, owed))
            .collect(),
        finished_value: Some(money_pb(amount_of(exact, catalogue.currency())?)),
    })
}
