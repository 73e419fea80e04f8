//! Orders on the wire.
//!
//! It must not decide anything.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_opt, date_req,
    procurement::v1::{self as pb, purchase_order_service_server::PurchaseOrderService},
    request_id,
};
use takt_kernel::{Date, Violations};
use takt_service::{Call, Error, Once, PageToken, Tx, page_size};
use tonic::{Request, Response, Status};

use super::{
    Line, Word,
    action::{Standing, actions},
    order_key,
    release::{Ordered, lines_due},
    store::{self, LineFilter},
    wire::{action_pb, line_pb, order_pb, word_of},
};
use crate::{
    desk::{Answers, Desk, chunks, pages},
    inbound,
    material::store::{BalanceChange, balance_add, change},
    programme::Catalogue,
    requirement::store::{needs_fetch, plan_fetch, plan_lock},
    rows::{count, short},
    supply::{Cells, store::changes_record},
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
                Box::pin(async move { release(tx, &desk, &catalogue, on).await })
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
        let words = Arc::new(words_of(&message, &mut violations));
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
                    let changed_count = acknowledge(tx, &catalogue, &words).await?;
                    Ok(pb::AcknowledgeLinesResponse { changed_count })
                })
            });
        Ok(Response::new(answer.await?))
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
                let filter = LineFilter {
                    open: true,
                    ..LineFilter::default()
                };
                let open = store::lines_page(tx, filter, 0, i64::MAX).await?;
                let expected = inbound::store::expected_fetch(tx).await?;
                let ordered = Ordered {
                    past: &past,
                    lots: &lots,
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

fn no_plan() -> Error {
    Error::refused(
        "NO_PLAN",
        "there is no plan yet; run one with PlanningService.RunPlan",
    )
}

/// Orders what is due on a day.
pub(super) async fn release(
    tx: &Tx,
    desk: &Desk,
    catalogue: &Catalogue,
    on: Date,
) -> Result<pb::ReleaseOrdersResponse, Error> {
    let from = catalogue.programme().order_from;
    if on < from {
        let message = format!("orders are released from {from} on; {on} is before it");
        return Err(Error::refused("ORDERING_NOT_OPEN", message));
    }
    let (through, next_line) = store::book_lock(tx).await?;
    if on < through {
        let message =
            format!("orders were released up to {through}; release for that day or a later one");
        return Err(Error::refused("RELEASE_DATE_PASSED", message));
    }
    let (plan, revision) = plan_lock(tx).await?.ok_or_else(no_plan)?;
    let needs = needs_fetch(tx, desk, &plan, revision).await?;
    let (past, lots) = (store::past_fetch(tx).await?, store::quota_fetch(tx).await?);
    let lines = lines_due(
        on,
        catalogue,
        &needs,
        Ordered {
            past: &past,
            lots: &lots,
        },
        next_line,
    );
    if let Some(line) = lines
        .iter()
        .find(|line| line.source.lot(line.first_lot + line.lots - 1).is_none())
    {
        return Err(Error::broken(format!(
            "source {} has more lots than can be numbered",
            line.source.0
        )));
    }
    let orders = store::lines_add(tx, catalogue, &lines).await?;
    store::book_set(tx, on, next_line + count(lines.len())).await?;
    let mut supply = Cells::default();
    for line in &lines {
        supply.add(line.ordered(), line.open().milli());
    }
    changes_record(tx, &supply).await?;
    Ok(pb::ReleaseOrdersResponse {
        order_count: short(count(orders)),
        line_count: short(count(lines.len())),
        lot_count: lines.iter().map(|line| line.lots).sum(),
        past_due_line_count: short(count(lines.iter().filter(|line| line.past_due).count())),
    })
}

fn words_of(
    message: &pb::AcknowledgeLinesRequest,
    violations: &mut Violations,
) -> BTreeMap<i64, Word> {
    let mut words = BTreeMap::new();
    for (place, acknowledgement) in message.acknowledgements.iter().enumerate() {
        violations.scope(
            format!("acknowledgements[{place}]"),
            |violations| match word_of(acknowledgement.response) {
                Some(word) => {
                    let known = words.insert(acknowledgement.line_number, word);
                    violations.require(known.is_none(), "line_number", "the line is there twice");
                }
                None => violations.push(
                    "response",
                    "give LINE_RESPONSE_ACCEPTED or LINE_RESPONSE_REJECTED",
                ),
            },
        );
    }
    words
}

/// Takes the supplier's word on lines; what is refused is lost to the plan and ordered anew.
async fn acknowledge(
    tx: &Tx,
    catalogue: &Catalogue,
    words: &BTreeMap<i64, Word>,
) -> Result<i32, Error> {
    let mut lines = store::lines_fetch(tx, words.keys().copied()).await?;
    let mut changed: Vec<Line> = Vec::new();
    for (number, word) in words {
        let line = lines
            .get_mut(number)
            .ok_or_else(|| Error::missing("order line", number))?;
        if line.answer(*word)? {
            changed.push(line.clone());
        }
    }
    store::words_save(tx, &changed).await?;
    let rejected = || changed.iter().filter(|line| line.word == Word::Rejected);
    let mut lost: BTreeMap<u32, BalanceChange> = BTreeMap::new();
    let mut supply = Cells::default();
    for line in rejected() {
        change(&mut lost, line.source.item_no()).lost += line.lost().milli();
        supply.add(line.ordered(), -line.open().milli());
    }
    balance_add(tx, &lost).await?;
    store::closed_add(tx, catalogue, rejected()).await?;
    changes_record(tx, &supply).await?;
    Ok(short(count(changed.len())))
}
