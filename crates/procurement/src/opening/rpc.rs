//! Openings on the wire.
//!
//! It must not decide anything.

use std::sync::Arc;

use takt_contract::{
    procurement::v1::{self as pb, opening_service_server::OpeningService},
    request_id,
};
use takt_kernel::{FieldViolation, Violations};
use takt_service::{Call, Error, Tx};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Opening,
    book::books,
    read, store,
    wire::{lot_pb, opening_of, order_pb, total_pb},
};
use crate::{
    desk::{Answers, Desk, chunks},
    programme::Catalogue,
    requirement::store::plan_fetch,
    rows::count,
};

/// The rows that are told together.
const CHUNK: usize = 200;

/// Openings on the wire.
pub(crate) struct OpeningRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl OpeningService for OpeningRpc {
    async fn book_opening(
        &self,
        request: Request<Streaming<pb::BookOpeningRequest>>,
    ) -> Result<Response<pb::BookOpeningResponse>, Status> {
        let call = Call::of(&request);
        let mut stream = request.into_inner();
        let mut all = pb::BookOpeningRequest::default();
        while let Some(part) = stream.message().await? {
            all.lots.extend(part.lots);
            all.orders.extend(part.orders);
            all.totals.extend(part.totals);
            all.request_id = part.request_id;
            all.as_of = part.as_of;
            all.validate_only = part.validate_only;
            all.plan_id = part.plan_id;
            all.plan_as_of = part.plan_as_of;
        }
        let catalogue = self.0.catalogue(&call).await?;
        let mut violations = Violations::new();
        request_id(&all.request_id, "request_id", &mut violations);
        let opening = opening_of(&all, &catalogue, &mut violations);
        violations.finish().map_err(Error::from)?;
        let opening = Arc::new(opening);
        let (id, validate_only) = (all.request_id, all.validate_only);
        let answer = self
            .0
            .store
            .write(&call, "opening_book", move |tx| {
                let (opening, catalogue) = (Arc::clone(&opening), Arc::clone(&catalogue));
                let id = id.clone();
                Box::pin(async move { book(tx, &catalogue, &opening, id, validate_only).await })
            })
            .await?;
        Ok(Response::new(answer))
    }

    type StreamOpeningStream = Answers<pb::StreamOpeningResponse>;

    async fn stream_opening(
        &self,
        request: Request<pb::StreamOpeningRequest>,
    ) -> Result<Response<Self::StreamOpeningStream>, Status> {
        let call = Call::of(&request);
        let catalogue = self.0.catalogue(&call).await?;
        let known = Arc::clone(&catalogue);
        let opening = self
            .0
            .store
            .read(&call, "opening_read", move |tx| {
                let catalogue = Arc::clone(&known);
                Box::pin(async move {
                    if let Some(why) = read::not_at_rest(tx).await? {
                        return Err(Error::refused(
                            "BOOKS_NOT_AT_REST",
                            format!(
                                "{why}; export when no build is under way and every lot is counted"
                            ),
                        ));
                    }
                    let plan = plan_fetch(tx).await?.map(|(plan, _)| plan.as_of);
                    Ok(Opening {
                        stock: read::stock_fetch(tx, plan).await?,
                        open: read::open_fetch(tx, &catalogue).await?,
                        ..Opening::default()
                    })
                })
            })
            .await?;
        let mut parts: Vec<pb::StreamOpeningResponse> = Vec::new();
        for lots in opening.stock.chunks(CHUNK) {
            parts.push(pb::StreamOpeningResponse {
                lots: lots.iter().map(|lot| lot_pb(&catalogue, lot)).collect(),
                ..Default::default()
            });
        }
        for orders in opening.open.chunks(CHUNK) {
            parts.push(pb::StreamOpeningResponse {
                orders: orders
                    .iter()
                    .map(|order| order_pb(&catalogue, order))
                    .collect(),
                ..Default::default()
            });
        }
        let sums: Vec<_> = opening.sums().into_iter().collect();
        for sums in sums.chunks(CHUNK) {
            let total = |(item_no, sum): &(u32, _)| total_pb(&catalogue, *item_no, *sum);
            parts.push(pb::StreamOpeningResponse {
                totals: sums.iter().map(total).collect(),
                ..Default::default()
            });
        }
        let parts = chunks(parts, 1, |part| part.into_iter().next().unwrap_or_default());
        Ok(Response::new(parts))
    }
}

/// Books an opening, or finds that it was booked, or only checks it.
pub(crate) async fn book(
    tx: &Tx,
    catalogue: &Catalogue,
    opening: &Opening,
    id: String,
    validate_only: bool,
) -> Result<pb::BookOpeningResponse, Error> {
    let answer =
        |was_booked, [item_count, lot_count, order_count]: [i64; 3]| pb::BookOpeningResponse {
            was_booked,
            item_count,
            lot_count,
            order_count,
        };
    if let Some((booked, counts)) = store::opening_fetch(tx).await? {
        if booked == id {
            return Ok(answer(true, counts));
        }
        let message = "the books were opened with other files already; an opening is booked once, corrections are movements";
        return Err(Error::refused("OPENING_BOOKED", message));
    }
    if let Some(table) = store::in_use(tx).await? {
        let message = format!(
            "the books are not empty: there are rows in {table}; book an opening into empty services"
        );
        return Err(Error::refused("BOOKS_IN_USE", message));
    }
    let mut violations = Violations::new();
    opening.control(catalogue, &mut violations);
    if let Err(found) = violations.finish() {
        let mut found = found.into_iter();
        let first = found
            .next()
            .unwrap_or_else(|| FieldViolation::new("totals", "they do not agree"));
        let mut error = Error::invalid_because("CONTROL_TOTAL", first.field, first.description);
        if let Error::Invalid { violations, .. } = &mut error {
            violations.extend(found);
        }
        return Err(error);
    }
    let mut violations = Violations::new();
    let books = books(opening, catalogue, &mut violations);
    violations.finish()?;
    let counts = [
        count(opening.sums().len()),
        count(books.lots.len()),
        count(opening.open.len()),
    ];
    if !validate_only {
        store::books_add(tx, catalogue, opening, &books, (id, counts)).await?;
    }
    Ok(answer(false, counts))
}
