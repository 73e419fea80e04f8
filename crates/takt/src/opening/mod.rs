//! The books with which a carmaker begins: read from the optional files of a folder and booked, or told by running services and
//! written as the same files. It must not know how a service keeps its rows. Invariants: nothing is sent before every file is read
//! whole; all services have checked everything before one of them books anything; the same files again change nothing.
mod read;
mod sheet;
mod standing;
mod stock;
mod write;

use std::path::Path;

use serde::Serialize;
use takt_contract::common::v1::standing_service_client::StandingServiceClient;
use takt_contract::common::v1::{
    BookStandingRequest, BookStandingResponse, StandingRow, StreamStandingRequest,
    StreamStandingResponse,
};
use takt_contract::date_pb;
use takt_contract::procurement::v1::opening_service_client::OpeningServiceClient;
use takt_contract::procurement::v1::{
    BookOpeningRequest, BookOpeningResponse, ControlTotal, OpeningLot, OpeningOrder,
};
use takt_kernel::Date;

use crate::bulk::cut_by_bytes;
use crate::connection::{Peer, Peers, WHOLE, within};
use crate::failure::{Failure, Outcome};

pub use read::{Files, Read, read};
pub use write::{Exported, export};

/// The files of bought stock and orders.
const STOCK: &str = "stock.csv";
/// See [`STOCK`].
const ORDERS: &str = "open_orders.csv";
/// See [`STOCK`].
const CONTROL: &str = "control.csv";

/// The sheets that a service knows.
pub async fn sheets(peer: &Peer) -> Outcome<StreamStandingResponse> {
    let message = StreamStandingRequest { sheets_only: true };
    let mut first = told(peer, message).await?;
    Ok(if first.is_empty() {
        StreamStandingResponse::default()
    } else {
        first.swap_remove(0)
    })
}

async fn told(peer: &Peer, message: StreamStandingRequest) -> Outcome<Vec<StreamStandingResponse>> {
    peer.ask("read what stands in the books", |channel| {
        let request = within(message, WHOLE);
        async move {
            let mut stream = StandingServiceClient::new(channel)
                .stream_standing(request)
                .await?
                .into_inner();
            let mut all = Vec::new();
            while let Some(part) = stream.message().await? {
                all.push(part);
            }
            Ok(all)
        }
    })
    .await
}

/// What was booked.
#[derive(Debug, Clone, Serialize)]
pub struct Booked {
    /// The day on whose morning the books stood so.
    pub as_of: String,
    /// Whether the services were only asked to check.
    pub dry_run: bool,
    /// The services, in the order in which they booked.
    pub services: Vec<BookedIn>,
}

/// What a service booked.
#[derive(Debug, Clone, Serialize)]
pub struct BookedIn {
    /// The service.
    pub service: &'static str,
    /// What: `stock and orders`, or `sheets`.
    pub what: &'static str,
    /// The rows of files.
    pub rows: i64,
    /// Whether it had booked the same before.
    pub was_booked: bool,
}

/// Books files, or only has them checked.
pub async fn book(peers: &Peers, files: &Read, as_of: Date, dry_run: bool) -> Outcome<Booked> {
    let mut services = every(peers, files, as_of, true).await?;
    if !dry_run {
        services = every(peers, files, as_of, false).await?;
    }
    Ok(Booked {
        as_of: as_of.to_string(),
        dry_run,
        services,
    })
}

async fn every(peers: &Peers, files: &Read, as_of: Date, check: bool) -> Outcome<Vec<BookedIn>> {
    let mut all = Vec::new();
    // Procurement asks production for the plan that counts, so production comes before it.
    for peer in [&peers.production, &peers.delivery, &peers.procurement] {
        let Some(rows) = files
            .standing
            .get(peer.name)
            .filter(|rows| !rows.is_empty())
        else {
            continue;
        };
        let answer = book_rows(peer, rows, (&files.id, as_of, check)).await?;
        all.push(BookedIn {
            service: peer.name,
            what: "sheets",
            rows: answer.row_count,
            was_booked: answer.was_booked,
        });
    }
    if files.has_stock() {
        let booked = book_stock(&peers.procurement, files, as_of, check).await;
        let answer = booked.map_err(|failure| files.with_lines(failure))?;
        all.push(BookedIn {
            service: peers.procurement.name,
            what: "stock and orders",
            rows: answer.lot_count + answer.order_count,
            was_booked: answer.was_booked,
        });
    }
    Ok(all)
}

async fn book_rows(
    peer: &Peer,
    rows: &[StandingRow],
    (id, as_of, validate_only): (&str, Date, bool),
) -> Outcome<BookStandingResponse> {
    let message = |rows| BookStandingRequest {
        request_id: id.to_owned(),
        as_of: Some(date_pb(as_of)),
        validate_only,
        rows,
    };
    let messages: Vec<_> = cut_by_bytes(rows.to_vec())
        .into_iter()
        .map(message)
        .collect();
    peer.ask("book what stood in the books", |channel| {
        let stream = tokio_stream::iter(messages.clone());
        async move {
            let answer = StandingServiceClient::new(channel)
                .book_standing(within(stream, WHOLE))
                .await?;
            Ok(answer.into_inner())
        }
    })
    .await
}

async fn book_stock(
    peer: &Peer,
    files: &Read,
    as_of: Date,
    validate_only: bool,
) -> Outcome<BookOpeningResponse> {
    let (plan_id, plan_on) = files.plan.clone().unzip();
    let message =
        |(lots, orders, totals): (Vec<OpeningLot>, Vec<OpeningOrder>, Vec<ControlTotal>)| {
            BookOpeningRequest {
                request_id: files.id.clone(),
                as_of: Some(date_pb(as_of)),
                validate_only,
                lots,
                orders,
                totals,
                plan_id: plan_id.clone().unwrap_or_default(),
                plan_as_of: plan_on.map(date_pb),
            }
        };
    let lots = cut_by_bytes(files.lots.clone()).into_iter();
    let orders = cut_by_bytes(files.orders.clone()).into_iter();
    let totals = cut_by_bytes(files.totals.clone()).into_iter();
    let parts = (lots.map(|lots| (lots, vec![], vec![])))
        .chain(orders.map(|orders| (vec![], orders, vec![])))
        .chain(totals.map(|totals| (vec![], vec![], totals)));
    let messages: Vec<_> = parts.map(message).collect();
    peer.ask("book stock and orders", |channel| {
        let stream = tokio_stream::iter(messages.clone());
        async move {
            let answer = OpeningServiceClient::new(channel)
                .book_opening(within(stream, WHOLE))
                .await?;
            Ok(answer.into_inner())
        }
    })
    .await
}

/// A file of a folder that cannot be read or written.
fn of_file(directory: &Path, file: &str, error: impl std::fmt::Display) -> Failure {
    Failure::bad_input(format!("{}: {error}", directory.join(file).display()))
}
