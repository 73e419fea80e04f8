//! Invoices: matched, blocked, approved, paid, taken back and made from receipts; and what scorecards tell of them.

use std::sync::Arc;

use takt_contract::{
    common::v1 as common,
    procurement::v1::{
        self as pb, inbound_service_server::InboundService, invoice_service_server::InvoiceService,
        supplier_service_server::SupplierService,
    },
};
use tonic::{Code, Request, Status};

use super::{World, id, on, reason, receipt};
use crate::invoice::rpc::InvoiceRpc;

/// BETA's bolts: two lots of ten ordered as line 1, of which what is named is blocked at receipt on day 119.
async fn received(blocked: &[i64]) -> (World, pb::OrderLine) {
    let mut world = World::new().await;
    world.plan(100, &[(2, 120, &[25])]).await;
    for day in 113..=115 {
        world.release(day).await.unwrap();
    }
    let lines = world.lines().await;
    let line = (lines.into_iter()).find(|line| line.supplier_id == "BETA");
    let line = line.unwrap();
    world.ship(118, std::slice::from_ref(&line)).await;
    let receipt = pb::Receipt {
        blocked_lot_numbers: blocked
            .iter()
            .map(|lot| line.first_lot_number + lot)
            .collect(),
        ..receipt("ASN-BETA-118", 119)
    };
    world.arrive("receive", vec![receipt]).await.unwrap();
    (world, line)
}

fn rpc(world: &World) -> InvoiceRpc {
    InvoiceRpc(Arc::clone(&world.desk))
}

fn bill(number: &str, line: i64, units: i64, micros: i64) -> pb::RecordInvoiceRequest {
    pb::RecordInvoiceRequest {
        request_id: id(&format!("record {number}")),
        supplier_id: "BETA".into(),
        invoice_number: number.into(),
        invoiced_on: on(120),
        currency_code: "USD".into(),
        lines: vec![pb::BilledLine {
            line_number: line,
            thousandths: units * 1000,
            unit_price_micros: micros,
        }],
    }
}

async fn record(world: &World, message: pb::RecordInvoiceRequest) -> Result<pb::Invoice, Status> {
    let answer = rpc(world).record_invoice(Request::new(message)).await?;
    Ok(answer.into_inner().invoice.unwrap())
}

async fn approve(world: &World, number: &str, etag: &str) -> Result<pb::Invoice, Status> {
    let message = pb::ApproveInvoiceRequest {
        request_id: id(&format!("approve {number} {etag}")),
        supplier_id: "BETA".into(),
        invoice_number: number.into(),
        approved_by: "Li Wei".into(),
        reason: "agreed by phone".into(),
        approved_on: on(121),
        etag: etag.into(),
    };
    let answer = rpc(world).approve_invoice(Request::new(message)).await?;
    Ok(answer.into_inner().invoice.unwrap())
}

async fn again(world: &World, request: &str, number: &str) -> Result<pb::Invoice, Status> {
    let message = pb::MatchInvoiceRequest {
        request_id: id(request),
        supplier_id: "BETA".into(),
        invoice_number: number.into(),
        etag: String::new(),
    };
    let answer = rpc(world).match_invoice(Request::new(message)).await?;
    Ok(answer.into_inner().invoice.unwrap())
}

async fn cancel(world: &World, number: &str) -> Result<pb::Invoice, Status> {
    let message = pb::CancelInvoiceRequest {
        request_id: id(&format!("cancel {number}")),
        supplier_id: "BETA".into(),
        invoice_number: number.into(),
        reason: "sent twice".into(),
        cancelled_on: on(122),
        etag: String::new(),
    };
    let answer = rpc(world).cancel_invoice(Request::new(message)).await?;
    Ok(answer.into_inner().invoice.unwrap())
}

async fn settle(world: &World, number: &str) -> Result<pb::Invoice, Status> {
    let message = pb::SettleInvoiceRequest {
        request_id: id(&format!("settle {number}")),
        supplier_id: "BETA".into(),
        invoice_number: number.into(),
        settled_on: on(123),
        etag: String::new(),
    };
    let answer = rpc(world).settle_invoice(Request::new(message)).await?;
    Ok(answer.into_inner().invoice.unwrap())
}

async fn invoiced(world: &World, line: i64) -> i64 {
    let lines = world.lines().await;
    let line = lines.iter().find(|one| one.line_number == line).unwrap();
    line.invoiced_thousandths / 1000
}

/// The reasons of an invoice by name.
fn blocks(invoice: &pb::Invoice) -> Vec<&'static str> {
    invoice.blocks().map(|block| block.as_str_name()).collect()
}

#[tokio::test]
async fn what_agrees_is_matched_and_what_does_not_is_blocked_with_reasons() {
    let (world, line) = received(&[1]).await;
    let line = line.line_number;
    // One of two lots was kept back: ten of twenty are accepted. Two dollars are agreed.
    let all = record(&world, bill("R-1", line, 20, 2_000_000))
        .await
        .unwrap();
    assert_eq!(
        (all.state(), blocks(&all)),
        (pb::InvoiceState::Blocked, vec!["INVOICE_BLOCK_QUANTITY"])
    );
    let of = &all.lines[0];
    assert_eq!(
        (
            of.ordered_thousandths,
            of.accepted_thousandths,
            of.invoiced_before_thousandths
        ),
        (20_000, 10_000, 0)
    );
    assert_eq!(invoiced(&world, line).await, 0);
    let dear = record(&world, bill("R-2", line, 10, 2_010_000))
        .await
        .unwrap();
    assert_eq!(blocks(&dear), ["INVOICE_BLOCK_PRICE"]);
    // One per cent and ten cents are tolerated: the excess of ten cents on ten pieces is in both.
    let tolerances = pb::SetTolerancesRequest {
        request_id: id("tolerances"),
        tolerances: Some(pb::Tolerances {
            price_millionths: 10_000,
            price_amount: Some(common::Money {
                currency_code: "USD".into(),
                minor_units: 10,
            }),
        }),
    };
    let set = rpc(&world)
        .set_tolerances(Request::new(tolerances.clone()))
        .await;
    assert_eq!(set.unwrap().into_inner().tolerances, tolerances.tolerances);
    let matched = again(&world, "again", "R-2").await.unwrap();
    assert_eq!(
        (matched.state(), blocks(&matched)),
        (pb::InvoiceState::Matched, vec![])
    );
    assert_eq!(matched.amount.unwrap().minor_units, 2_010);
    assert_eq!(invoiced(&world, line).await, 10);
    let twice = again(&world, "again 2", "R-2").await.unwrap_err();
    assert_eq!(reason(&twice), "INVOICE_NOT_BLOCKED");
    // The same number again is refused, the same content under another number is a duplicate.
    let same = pb::RecordInvoiceRequest {
        request_id: id("another"),
        ..bill("R-2", line, 10, 2_010_000)
    };
    assert_eq!(
        record(&world, same).await.unwrap_err().code(),
        Code::AlreadyExists
    );
    let copy = record(&world, bill("R-2-COPY", line, 10, 2_010_000))
        .await
        .unwrap();
    assert_eq!(
        blocks(&copy),
        ["INVOICE_BLOCK_QUANTITY", "INVOICE_BLOCK_DUPLICATE"]
    );
    cancel(&world, "R-2-COPY").await.unwrap();
    // The lot is given free: the first invoice still bills more than is left.
    let free = pb::ReleaseLotsRequest {
        request_id: id("free"),
        lot_ids: vec!["BOLT.BETA.000002".into()],
    };
    world
        .inbound
        .release_lots(Request::new(free))
        .await
        .unwrap();
    let still = again(&world, "again 3", "R-1").await.unwrap();
    assert_eq!(still.lines[0].accepted_thousandths, 20_000);
    assert_eq!(blocks(&still), ["INVOICE_BLOCK_QUANTITY"]);
    let rest = record(&world, bill("R-3", line, 10, 1_900_000))
        .await
        .unwrap();
    assert_eq!(
        (rest.state(), invoiced(&world, line).await),
        (pb::InvoiceState::Matched, 20)
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_person_accepts_what_does_not_agree_and_nobody_pays_what_is_blocked() {
    let (world, line) = received(&[]).await;
    let line = line.line_number;
    let over = record(&world, bill("R-1", line, 21, 2_000_000))
        .await
        .unwrap();
    assert_eq!(over.state(), pb::InvoiceState::Blocked);
    assert_eq!(
        reason(&settle(&world, "R-1").await.unwrap_err()),
        "INVOICE_BLOCKED"
    );
    let stale = approve(&world, "R-1", "\"9\"").await.unwrap_err();
    assert_eq!(reason(&stale), "STALE");
    let released = approve(&world, "R-1", &over.etag).await.unwrap();
    assert_eq!(
        (released.state(), released.approved_by.as_str()),
        (pb::InvoiceState::Released, "Li Wei")
    );
    // More than was received, which a person took upon himself: the invariant knows.
    assert_eq!(
        (invoiced(&world, line).await, world.broken().await),
        (21, vec![])
    );
    let paid = settle(&world, "R-1").await.unwrap();
    assert_eq!(paid.state(), pb::InvoiceState::Settled);
    assert_eq!(
        reason(&cancel(&world, "R-1").await.unwrap_err()),
        "INVOICE_CLOSED"
    );
    assert_eq!(world.broken().await, []);
    world.by_hand("UPDATE invoice SET approved_by = ''").await;
    let broken: Vec<_> = world.broken().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(broken, ["IV-2", "IV-3"]);
    world
        .by_hand("UPDATE order_line SET invoiced = 0 WHERE invoiced > 0")
        .await;
    let broken: Vec<_> = world.broken().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(broken, ["IV-1", "IV-3"]);
}

#[tokio::test]
async fn nothing_is_accepted_before_it_is_there() {
    let mut world = World::new().await;
    world.plan(100, &[(2, 120, &[25])]).await;
    for day in 113..=115 {
        world.release(day).await.unwrap();
    }
    let lines = world.lines().await;
    let line = lines
        .iter()
        .find(|line| line.supplier_id == "BETA")
        .unwrap();
    let other = lines
        .iter()
        .find(|line| line.supplier_id == "ALFA")
        .unwrap();
    let early = record(&world, bill("R-1", line.line_number, 20, 2_000_000))
        .await
        .unwrap();
    assert_eq!(blocks(&early), ["INVOICE_BLOCK_NOT_RECEIVED"]);
    world.ship(118, std::slice::from_ref(line)).await;
    world.receive(119, &["ASN-BETA-118"]).await.unwrap();
    let matched = again(&world, "again", "R-1").await.unwrap();
    assert_eq!(matched.state(), pb::InvoiceState::Matched);
    let not_mine = record(&world, bill("R-2", other.line_number, 5, 1))
        .await
        .unwrap_err();
    assert_eq!(not_mine.code(), Code::InvalidArgument);
    let wrong = pb::RecordInvoiceRequest {
        request_id: "x".into(),
        currency_code: "EUR".into(),
        lines: vec![pb::BilledLine::default(); 2],
        ..bill("", line.line_number, 1, 1)
    };
    let wrong = record(&world, wrong).await.unwrap_err();
    // The number, the id, the currency, two quantities and the line that is there twice, all told at once.
    assert!(
        wrong.message().contains("and 5 more"),
        "{}",
        wrong.message()
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn receipts_are_settled_without_an_invoice_and_scorecards_tell_of_all() {
    let (world, line) = received(&[0]).await;
    let message = pb::SettleReceiptsRequest {
        request_id: id("settle"),
        supplier_id: String::new(),
        through_date: on(119),
    };
    let made = rpc(&world)
        .settle_receipts(Request::new(message.clone()))
        .await;
    let made = made.unwrap().into_inner();
    // The lot that was kept back waits.
    assert_eq!(
        (
            made.invoice_count,
            made.line_count,
            made.amount.unwrap().minor_units
        ),
        (1, 1, 2_000)
    );
    let list = async |state: pb::InvoiceState, token: &str| {
        let message = pb::ListInvoicesRequest {
            page_size: 1,
            page_token: token.into(),
            supplier_id: "BETA".into(),
            state: state.into(),
        };
        let answer = rpc(&world).list_invoices(Request::new(message)).await;
        answer.unwrap().into_inner()
    };
    let page = list(pb::InvoiceState::Matched, "").await;
    assert!(page.invoices[0].self_billed && page.invoices[0].lines.is_empty());
    let rest = list(pb::InvoiceState::Matched, &page.next_page_token).await;
    assert_eq!(
        (rest.invoices.len(), rest.next_page_token.as_str()),
        (0, "")
    );
    assert_eq!(list(pb::InvoiceState::Blocked, "").await.invoices.len(), 0);
    let get = pb::GetInvoiceRequest {
        supplier_id: "BETA".into(),
        invoice_number: page.invoices[0].invoice_number.clone(),
    };
    let whole = rpc(&world).get_invoice(Request::new(get)).await.unwrap();
    let whole = whole.into_inner().invoice.unwrap();
    assert_eq!(
        (whole.lines[0].item_id.as_str(), whole.lines[0].thousandths),
        ("BOLT", 10_000)
    );
    // Nothing is settled twice, and an invoice for the same goods finds them billed.
    let none = pb::SettleReceiptsRequest {
        request_id: id("settle again"),
        ..message
    };
    let none = rpc(&world)
        .settle_receipts(Request::new(none))
        .await
        .unwrap();
    assert_eq!(none.into_inner().invoice_count, 0);
    let late = record(&world, bill("R-1", line.line_number, 10, 2_200_000))
        .await
        .unwrap();
    assert_eq!(
        blocks(&late),
        ["INVOICE_BLOCK_PRICE", "INVOICE_BLOCK_QUANTITY"]
    );

    // Both lots came on their day after four days; one was kept back; 42 dollars were invoiced for what should cost 40.
    let message = pb::GetScorecardRequest {
        supplier_id: "BETA".into(),
        ..pb::GetScorecardRequest::default()
    };
    let card = world.suppliers.get_scorecard(Request::new(message)).await;
    let card = card.unwrap().into_inner();
    let all = card.scorecard.unwrap();
    assert_eq!(
        (all.lot_count, all.otif_millionths, all.rejected_ppm),
        (2, 1_000_000, 500_000)
    );
    assert_eq!(
        (all.mean_lead_time_millidays, all.lead_time_spread_millidays),
        (4_000, 0)
    );
    assert_eq!(
        (
            all.invoiced_value.clone().unwrap().minor_units,
            all.price_drift_ppm
        ),
        (4_200, 50_000)
    );
    assert_eq!(card.items.len(), 1);
    assert_eq!(
        card.items[0],
        pb::Scorecard {
            item_id: "BOLT".into(),
            ..all
        }
    );
    let unknown = pb::GetScorecardRequest {
        supplier_id: "DELTA".into(),
        ..pb::GetScorecardRequest::default()
    };
    let unknown = world
        .suppliers
        .get_scorecard(Request::new(unknown))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(world.broken().await, []);
}
