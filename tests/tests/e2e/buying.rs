//! Buying through gRPC, from the order to the paid invoice: a supplier proposes, the buyer decides, changes and cancels, goods come, invoices
//! are matched, and the scorecard tells of it. On SQLite and, where there is one, on PostgreSQL.

use std::time::{Duration, Instant};

use serde_json::Value;
use takt_contract::{
    date_pb,
    procurement::v1::{
        self as pb, inbound_service_client::InboundServiceClient,
        invoice_service_client::InvoiceServiceClient,
        purchase_order_service_client::PurchaseOrderServiceClient,
        supplier_service_client::SupplierServiceClient,
    },
    production::v1::{RunPlanRequest, planning_service_client::PlanningServiceClient},
};
use takt_kernel::{Date, RequestId};
use takt_tests::{
    Failure, Result, ensure,
    postgres::Postgres,
    process::run,
    replay::takt,
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::{SHORT, suite_with_su7};

/// The first day on which anything may be ordered.
const FIRST: &str = "2023-12-17";

type Orders = PurchaseOrderServiceClient<Channel>;

fn id(name: &str) -> String {
    RequestId::named(name).to_string()
}

/// Orders day by day until there are lines to deal with; answers with them and the day.
async fn ordered(orders: &mut Orders) -> Result<(Date, Vec<pb::OrderLine>)> {
    let patience = Instant::now() + Duration::from_secs(60);
    let mut day = Date::parse(FIRST)?;
    loop {
        let message = pb::ReleaseOrdersRequest {
            request_id: id(&format!("release {day}")),
            business_date: Some(date_pb(day)),
        };
        match orders.release_orders(message).await {
            Ok(answer) if answer.get_ref().line_count >= 4 => break,
            Ok(_) => day = day.plus(1),
            // The requirements of the plan are still on their way.
            Err(status) if status.message().contains("no plan") && Instant::now() < patience => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(status) => return Err(status.into()),
        }
    }
    let message = pb::StreamOrderLinesRequest {
        released_on: Some(date_pb(day)),
        unshipped_only: true,
    };
    let mut pages = orders.stream_order_lines(message).await?.into_inner();
    let mut lines = Vec::new();
    while let Some(page) = pages.message().await? {
        lines.extend(page.lines);
    }
    Ok((day, lines))
}

async fn line(orders: &mut Orders, like: &pb::OrderLine) -> Result<pb::OrderLine> {
    let message = pb::GetPurchaseOrderRequest {
        purchase_order_id: like.purchase_order_id.clone(),
    };
    let answer = orders.get_purchase_order(message).await?.into_inner();
    let found = (answer.lines.into_iter()).find(|one| one.line_number == like.line_number);
    found.ok_or_else(|| Failure::new("the line is gone"))
}

/// A supplier proposes a later day, and the buyer takes it; another accepts, and the buyer cancels.
async fn lines_change(
    orders: &mut Orders,
    day: Date,
    proposed: &pb::OrderLine,
    cancelled: &pb::OrderLine,
) -> Result {
    let late = takt_contract::date_of(proposed.receipt_on.as_ref())
        .ok_or_else(|| Failure::new("no day"))?
        .plus(3);
    let words = pb::AcknowledgeLinesRequest {
        request_id: id("words"),
        acknowledgements: vec![
            pb::LineAcknowledgement {
                line_number: proposed.line_number,
                response: pb::LineResponse::ChangeProposed.into(),
                proposed_receipt_on: Some(date_pb(late)),
                reason: "a press is down".to_owned(),
                ..pb::LineAcknowledgement::default()
            },
            pb::LineAcknowledgement {
                line_number: cancelled.line_number,
                response: pb::LineResponse::Accepted.into(),
                ..pb::LineAcknowledgement::default()
            },
        ],
        acknowledged_on: Some(date_pb(day.plus(2))),
    };
    let answer = orders.acknowledge_lines(words).await?.into_inner();
    ensure(answer.changed_count == 2, || format!("{answer:?}"))?;
    let answers = pb::AnswerProposalsRequest {
        request_id: id("answers"),
        answers: vec![pb::ProposalAnswer {
            line_number: proposed.line_number,
            accept: true,
        }],
        answered_on: Some(date_pb(day.plus(2))),
    };
    let answer = orders.answer_proposals(answers).await?.into_inner();
    let moved = answer.lines.first().cloned().unwrap_or_default();
    ensure(
        moved.receipt_on == Some(date_pb(late)) && moved.asked_on == proposed.receipt_on,
        || format!("{moved:?}"),
    )?;
    let stale = pb::ChangeOrderLineRequest {
        request_id: id("stale"),
        line_number: proposed.line_number,
        receipt_on: Some(date_pb(late.plus(1))),
        changed_on: Some(date_pb(day.plus(2))),
        etag: proposed.etag.clone(),
        ..pb::ChangeOrderLineRequest::default()
    };
    let stale = orders.change_order_line(stale).await.err();
    ensure(
        stale.is_some_and(|status| status.code() == tonic::Code::Aborted),
        || "an old version was taken".to_owned(),
    )?;
    let cancel = pb::CancelOrderLinesRequest {
        request_id: id("cancel"),
        line_numbers: vec![cancelled.line_number],
        cancelled_on: Some(date_pb(day.plus(2))),
        reason: "too many".to_owned(),
        ..pb::CancelOrderLinesRequest::default()
    };
    let owed = orders.cancel_order_lines(cancel).await?.into_inner();
    let of = owed.liabilities.first().cloned().unwrap_or_default();
    let all = i64::from(cancelled.lot_count) * cancelled.lot_thousandths;
    // It was accepted, and a line is ordered no earlier than its lead time asks for.
    ensure(
        of.withdrawn_thousandths == all && of.finished_thousandths == all,
        || format!("{owed:?}"),
    )?;
    let events = pb::ListLineEventsRequest {
        page_size: 1,
        ..pb::ListLineEventsRequest::default()
    };
    let (mut events, mut kinds) = (events, Vec::new());
    loop {
        let page = orders.list_line_events(events.clone()).await?.into_inner();
        kinds.extend(page.events.iter().map(pb::LineEvent::kind));
        events.page_token = page.next_page_token;
        if events.page_token.is_empty() {
            break;
        }
    }
    kinds.sort();
    let expected = [
        pb::LineEventKind::Proposed,
        pb::LineEventKind::ProposalAccepted,
        pb::LineEventKind::Cancelled,
    ];
    ensure(kinds == expected, || format!("{kinds:?}"))
}

/// The goods of a line leave and arrive, and their invoice is first too early, then matched and paid.
async fn paid(channel: &Channel, day: Date, line: &pb::OrderLine) -> Result {
    let mut invoices = InvoiceServiceClient::new(channel.clone());
    let quantity = i64::from(line.lot_count) * line.lot_thousandths;
    let mut suppliers = SupplierServiceClient::new(channel.clone());
    let supplier = pb::GetSupplierRequest {
        supplier_id: line.supplier_id.clone(),
    };
    let terms = suppliers.get_supplier(supplier).await?.into_inner();
    let price = (terms.agreements.into_iter())
        .find(|terms| terms.item_id == line.item_id)
        .and_then(|terms| terms.price)
        .ok_or_else(|| Failure::new("no price"))?;
    let bill = pb::RecordInvoiceRequest {
        request_id: id("bill"),
        supplier_id: line.supplier_id.clone(),
        invoice_number: "2024/0001".to_owned(),
        invoiced_on: Some(date_pb(day.plus(5))),
        currency_code: price.currency_code.clone(),
        lines: vec![pb::BilledLine {
            line_number: line.line_number,
            thousandths: quantity,
            unit_price_micros: price.micros,
        }],
    };
    let early = invoices.record_invoice(bill).await?.into_inner().invoice;
    let early = early.unwrap_or_default();
    ensure(
        early.blocks().collect::<Vec<_>>() == [pb::InvoiceBlock::NotReceived],
        || format!("{early:?}"),
    )?;

    let mut inbound = InboundServiceClient::new(channel.clone());
    let lots = usize::try_from(line.lot_count)?;
    let asn = pb::RecordAsnsRequest {
        request_id: id("asn"),
        asns: vec![pb::Asn {
            asn_id: "ASN-E2E".to_owned(),
            supplier_id: line.supplier_id.clone(),
            shipped_on: Some(date_pb(day.plus(3))),
            expected_on: Some(date_pb(day.plus(6))),
            lines: vec![pb::AsnLine {
                line_number: line.line_number,
                first_lot_sequence: line.first_lot_sequence,
                lot_thousandths: vec![line.lot_thousandths; lots],
                maker_lot: String::new(),
                serial_numbers: vec![],
            }],
            handling_units: vec![],
        }],
    };
    let mut answers = (inbound.record_asns(tokio_stream::iter([asn])).await?).into_inner();
    while let Some(answer) = answers.message().await? {
        ensure(answer.refused.is_empty(), || format!("{answer:?}"))?;
    }
    let receipt = pb::RecordReceiptsRequest {
        request_id: id("receipt"),
        receipts: vec![pb::Receipt {
            asn_id: "ASN-E2E".to_owned(),
            received_on: Some(date_pb(day.plus(6))),
            blocked_lot_numbers: Vec::new(),
            quarantine: false,
            blocked_handling_unit_ids: vec![],
        }],
    };
    let mut answers = (inbound
        .record_receipts(tokio_stream::iter([receipt]))
        .await?)
        .into_inner();
    while let Some(answer) = answers.message().await? {
        ensure(answer.refused.is_empty(), || format!("{answer:?}"))?;
    }

    let again = pb::MatchInvoiceRequest {
        request_id: id("again"),
        supplier_id: line.supplier_id.clone(),
        invoice_number: early.invoice_number.clone(),
        etag: early.etag.clone(),
    };
    let matched = invoices.match_invoice(again).await?.into_inner().invoice;
    let matched = matched.unwrap_or_default();
    ensure(matched.state() == pb::InvoiceState::Matched, || {
        format!("{matched:?}")
    })?;
    let settle = pb::SettleInvoiceRequest {
        request_id: id("settle"),
        supplier_id: line.supplier_id.clone(),
        invoice_number: matched.invoice_number.clone(),
        settled_on: Some(date_pb(day.plus(30))),
        etag: matched.etag,
    };
    let paid = invoices.settle_invoice(settle).await?.into_inner().invoice;
    let paid = paid.unwrap_or_default();
    ensure(paid.state() == pb::InvoiceState::Settled, || {
        format!("{paid:?}")
    })?;
    let cancel = pb::CancelInvoiceRequest {
        request_id: id("cancel the paid"),
        supplier_id: line.supplier_id.clone(),
        invoice_number: matched.invoice_number,
        reason: String::new(),
        cancelled_on: Some(date_pb(day.plus(31))),
        etag: String::new(),
    };
    let refused = invoices.cancel_invoice(cancel).await.err();
    ensure(
        refused.is_some_and(|status| status.message().contains("is paid")),
        || "a paid invoice was taken back".to_owned(),
    )
}

fn told(suite: &Suite, arguments: &[&str]) -> Result<Value> {
    let mut command = takt(arguments)?;
    command.args(["--endpoints", &suite.endpoints(), "--output", "json"]);
    run(&mut command, SHORT)?.ok()?.json()
}

fn both(setup: Setup) -> Result {
    let folder = tempdir()?;
    let suite = suite_with_su7(folder.path(), setup)?;
    let runtime = Runtime::new()?;
    let channel = |service| {
        let _inside = runtime.enter();
        let uri = format!("http://{}", suite.address(service));
        Ok::<_, Failure>(Channel::from_shared(uri)?.connect_lazy())
    };
    let production = channel(Service::Production)?;
    let procurement = channel(Service::Procurement)?;
    let (day, first) = runtime.block_on(async {
        let plan = RunPlanRequest {
            request_id: id("plan of what is bought"),
            as_of: Some(date_pb(Date::parse(FIRST)?)),
            validate_only: false,
        };
        let mut plans = PlanningServiceClient::new(production);
        let mut progress = plans.run_plan(plan).await?.into_inner();
        while progress.message().await?.is_some() {}
        let mut orders = Orders::new(procurement.clone());
        let (day, lines) = ordered(&mut orders).await?;
        let [first, second, third, ..] = lines.as_slice() else {
            return Err(Failure::new(format!("{} lines on {day}", lines.len())));
        };
        lines_change(&mut orders, day, second, third).await?;
        paid(&procurement, day, first).await?;
        let after = line(&mut orders, first).await?;
        let all = i64::from(first.lot_count) * first.lot_thousandths;
        ensure(after.invoiced_thousandths == all, || format!("{after:?}"))?;
        Ok((day, first.clone()))
    })?;

    // The goods came before their day, so the window goes on beyond the last receipt.
    let until = day.plus(400).to_string();
    let of = [
        "suppliers",
        "--supplier",
        &first.supplier_id,
        "--until",
        &until,
    ];
    let cards = told(&suite, &of)?;
    let card = cards.pointer("/suppliers/0").cloned().unwrap_or_default();
    ensure(
        card["lots_received"] == first.lot_count && card["lead_days"] == 6.0,
        || card.to_string(),
    )?;
    ensure(card["price_drift_ppm"] == 0, || card.to_string())?;
    let all = told(&suite, &["suppliers"])?;
    let suppliers = all["suppliers"].as_array().map_or(0, Vec::len);
    ensure(suppliers > 50, || format!("{suppliers} suppliers"))?;
    // One delivery tells that it took six days, and nothing of how long others will take.
    let median = card
        .pointer("/lead_quantiles/0")
        .cloned()
        .unwrap_or_default();
    ensure(
        card["deliveries"] == 1 && median["days"] == 6 && median["high_days"].is_null(),
        || card.to_string(),
    )?;
    // It is no basis for what half of all deliveries exceed: a safety time wants two.
    let on = day.plus(7).to_string();
    let of = ["safety", "--service", "50%", "--apply", "--on", &on];
    let safety = told(&suite, &of)?;
    let proposed = |of: &Value| !of["proposed_days"].is_null();
    let sources = safety["sources"].as_array().cloned().unwrap_or_default();
    ensure(
        sources.len() > 300 && !sources.iter().any(proposed) && safety["set"]["sources"] == 0,
        || safety.to_string(),
    )?;
    // All of it is invoiced: nothing is left to settle.
    let through = day.plus(40).to_string();
    let settled = told(&suite, &["buy", "settle", "--through", &through])?;
    ensure(settled["invoices"] == 0, || settled.to_string())?;
    let invoices = told(&suite, &["buy", "invoices"])?;
    let state = invoices.pointer("/invoices/0/state");
    ensure(state.is_some_and(|state| state == "SETTLED"), || {
        invoices.to_string()
    })?;
    let mut check = takt(&["check", "--endpoints", &suite.endpoints()])?;
    run(&mut check, SHORT)?.ok()?;
    Ok(())
}

#[test]
fn from_order_to_paid_invoice_on_sqlite() -> Result {
    both(Setup::default())
}

#[test]
fn from_order_to_paid_invoice_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    both(Setup {
        database: Some(postgres.databases("buying")?),
        ..Setup::default()
    })
}
