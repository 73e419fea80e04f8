//! `takt buy`: issued orders that are changed or cancelled, with what is owed for them, and suppliers' invoices. It must not know how
//! anything is matched or judged: the service says it. Invariant: what changes something names its day.
use clap::{Args, Subcommand};
use serde::Serialize;
use takt_contract::date_pb;
use takt_contract::procurement::v1::{
    self as pb, invoice_service_client::InvoiceServiceClient,
    purchase_order_service_client::PurchaseOrderServiceClient,
};
use takt_kernel::{Date, Quantity};

use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id, pages};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, grouped, table, table_text, whole_money};
use crate::problem::in_units;

const EXAMPLES: &str = "\
Examples:
  takt buy cancel 4711 4712 --on 2024-06-03 --check --data takt-data/su7
  takt buy cancel --order PO-CATL-20240603 --on 2024-06-03 --data takt-data/su7
  takt buy settle --through 2024-06-30 --data takt-data/su7
  takt buy invoices --supplier CATL --data takt-data/su7
  takt buy invoice CATL SB-20240630-1 --data takt-data/su7

docs/buying.md says what is owed, and how an invoice is matched.";

/// The rows of a page.
const PAGE: i32 = 1000;

/// What can be asked of buying.
#[derive(Debug, Subcommand)]
pub(in crate::command) enum BuyTask {
    /// Cancel what has not left of lines or of an order, and tell what is owed
    #[command(after_help = EXAMPLES)]
    Cancel(CancelArgs),
    /// Make the invoices that suppliers need not send, of all receipts through a day
    #[command(after_help = EXAMPLES)]
    Settle(SettleArgs),
    /// List invoices
    #[command(after_help = EXAMPLES)]
    Invoices(InvoicesArgs),
    /// Show an invoice with what its lines were matched with
    #[command(after_help = EXAMPLES)]
    Invoice(InvoiceArgs),
}

/// What to cancel.
#[derive(Debug, Args)]
pub(in crate::command) struct CancelArgs {
    /// The order lines
    #[arg(value_name = "LINE", required_unless_present = "order")]
    lines: Vec<i64>,
    /// An order, of which all that has not left is cancelled
    #[arg(long, value_name = "ORDER", conflicts_with = "lines")]
    order: Option<String>,
    /// The day of the cancellation
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Only tell what would be owed
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which receipts to settle.
#[derive(Debug, Args)]
pub(in crate::command) struct SettleArgs {
    /// The last day of receipt, and the day of the invoices
    #[arg(long, value_name = "DATE")]
    through: Date,
    /// Only this supplier
    #[arg(long, value_name = "ID", default_value = "")]
    supplier: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which invoices to list.
#[derive(Debug, Args)]
pub(in crate::command) struct InvoicesArgs {
    /// Only this supplier
    #[arg(long, value_name = "ID", default_value = "")]
    supplier: String,
    /// Only blocked ones
    #[arg(long)]
    blocked: bool,
    #[command(flatten)]
    target: TargetArgs,
}

/// Which invoice to show.
#[derive(Debug, Args)]
pub(in crate::command) struct InvoiceArgs {
    /// The supplier
    #[arg(value_name = "SUPPLIER")]
    supplier: String,
    /// The supplier's number of the invoice
    #[arg(value_name = "NUMBER")]
    number: String,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn run(task: BuyTask, output: Format) -> Outcome<()> {
    match task {
        BuyTask::Cancel(args) => {
            told_by!(args.target, output, procurement, |peer| cancel(peer, &args))
        }
        BuyTask::Settle(args) => {
            told_by!(args.target, output, procurement, |peer| settle(peer, &args))
        }
        BuyTask::Invoices(args) => told_by!(args.target, output, procurement, |peer| invoices(
            peer, &args
        )),
        BuyTask::Invoice(args) => {
            told_by!(args.target, output, procurement, |peer| invoice(
                peer, &args
            ))
        }
    }
}

async fn cancel(peer: &Peer, args: &CancelArgs) -> Outcome<Owed> {
    let message = pb::CancelOrderLinesRequest {
        request_id: new_id(),
        line_numbers: args.lines.clone(),
        purchase_order_id: args.order.clone().unwrap_or_default(),
        cancelled_on: Some(date_pb(args.on)),
        reason: args.reason.clone(),
        validate_only: args.check,
    };
    let answer = ask!(
        peer,
        "cancel order lines",
        PurchaseOrderServiceClient.cancel_order_lines,
        message
    )?;
    let value = answer.finished_value.unwrap_or_default();
    Ok(Owed {
        cancelled_on: (!args.check).then(|| args.on.to_string()),
        finished_value: value.minor_units as f64 / 100.0,
        currency: value.currency_code,
        lines: answer.liabilities.iter().map(OwedLine::of).collect(),
        minor: value.minor_units,
    })
}

async fn settle(peer: &Peer, args: &SettleArgs) -> Outcome<Settled> {
    let message = pb::SettleReceiptsRequest {
        request_id: new_id(),
        supplier_id: args.supplier.clone(),
        through_date: Some(date_pb(args.through)),
    };
    let answer = ask!(
        peer,
        "settle receipts",
        InvoiceServiceClient.settle_receipts,
        message
    )?;
    let amount = answer.amount.unwrap_or_default();
    Ok(Settled {
        through: args.through.to_string(),
        invoices: answer.invoice_count,
        lines: answer.line_count,
        amount: amount.minor_units as f64 / 100.0,
        currency: amount.currency_code,
        minor: amount.minor_units,
    })
}

async fn invoices(peer: &Peer, args: &InvoicesArgs) -> Outcome<Invoices> {
    let state = match args.blocked {
        true => pb::InvoiceState::Blocked,
        false => pb::InvoiceState::Unspecified,
    };
    let message = pb::ListInvoicesRequest {
        page_size: PAGE,
        page_token: String::new(),
        supplier_id: args.supplier.clone(),
        state: state.into(),
    };
    let all = pages!(
        peer,
        "list invoices",
        InvoiceServiceClient.list_invoices,
        message,
        |page| page.invoices
    )?;
    Ok(Invoices {
        invoices: all.iter().map(Invoice::of).collect(),
    })
}

async fn invoice(peer: &Peer, args: &InvoiceArgs) -> Outcome<Invoices> {
    let message = pb::GetInvoiceRequest {
        supplier_id: args.supplier.clone(),
        invoice_number: args.number.clone(),
    };
    let answer = ask!(
        peer,
        "read an invoice",
        InvoiceServiceClient.get_invoice,
        message
    )?;
    Ok(Invoices {
        invoices: answer.invoice.iter().map(Invoice::of).collect(),
    })
}

/// What is owed.
#[derive(Debug, Serialize)]
struct Owed {
    /// Null where it was only asked.
    cancelled_on: Option<String>,
    finished_value: f64,
    currency: String,
    lines: Vec<OwedLine>,
    #[serde(skip)]
    minor: i64,
}

#[derive(Debug, Serialize)]
struct OwedLine {
    line: i64,
    item: String,
    supplier: String,
    unit: String,
    #[serde(serialize_with = "in_units")]
    withdrawn: Quantity,
    #[serde(serialize_with = "in_units")]
    in_transit: Quantity,
    #[serde(serialize_with = "in_units")]
    finished: Quantity,
    #[serde(serialize_with = "in_units")]
    raw: Quantity,
    by_agreement: bool,
}

impl OwedLine {
    fn of(line: &pb::LineLiability) -> Self {
        Self {
            line: line.line_number,
            item: line.item_id.clone(),
            supplier: line.supplier_id.clone(),
            unit: line.unit_code.clone(),
            withdrawn: Quantity(line.withdrawn_thousandths),
            in_transit: Quantity(line.in_transit_thousandths),
            finished: Quantity(line.finished_thousandths),
            raw: Quantity(line.raw_thousandths),
            by_agreement: line.by_agreement,
        }
    }
}

impl Answer for Owed {
    fn text(&self) -> String {
        let mut rows = table(&[
            ">line",
            "item",
            "supplier",
            ">taken back",
            ">in transit",
            ">owed finished",
            ">owed raw",
            "judged by",
        ]);
        for line in &self.lines {
            rows.add_row([
                line.line.to_string(),
                line.item.clone(),
                line.supplier.clone(),
                line.withdrawn.to_string(),
                line.in_transit.to_string(),
                line.finished.to_string(),
                line.raw.to_string(),
                if line.by_agreement {
                    "agreement"
                } else {
                    "terms"
                }
                .to_owned(),
            ]);
        }
        let begin = match &self.cancelled_on {
            Some(on) => format!("Cancelled on {on}."),
            None => "Nothing is changed.".to_owned(),
        };
        let owed = whole_money(self.minor);
        format!(
            "{begin} Owed for finished goods: {owed} {}\n\n{}",
            self.currency,
            table_text(&rows)
        )
    }
}

/// What was settled.
#[derive(Debug, Serialize)]
struct Settled {
    through: String,
    invoices: i32,
    lines: i32,
    amount: f64,
    currency: String,
    #[serde(skip)]
    minor: i64,
}

impl Answer for Settled {
    fn text(&self) -> String {
        format!(
            "{} invoices with {} lines were made of the receipts through {}: {} {}\n",
            grouped(self.invoices.into()),
            grouped(self.lines.into()),
            self.through,
            whole_money(self.minor),
            self.currency
        )
    }
}

/// Invoices, with their lines where one was asked for.
#[derive(Debug, Serialize)]
struct Invoices {
    invoices: Vec<Invoice>,
}

#[derive(Debug, Serialize)]
struct Invoice {
    supplier: String,
    number: String,
    invoiced_on: Option<String>,
    state: String,
    blocks: Vec<String>,
    self_billed: bool,
    amount: f64,
    currency: String,
    approved_by: String,
    lines: Vec<InvoiceLine>,
    #[serde(skip)]
    minor: i64,
}

#[derive(Debug, Serialize)]
struct InvoiceLine {
    line: i64,
    item: String,
    #[serde(serialize_with = "in_units")]
    quantity: Quantity,
    price_micros: i64,
    agreed_micros: i64,
    #[serde(serialize_with = "in_units")]
    ordered: Quantity,
    #[serde(serialize_with = "in_units")]
    accepted: Quantity,
    #[serde(serialize_with = "in_units")]
    invoiced_before: Quantity,
    blocks: Vec<String>,
}

/// The last word of a value's name: `INVOICE_BLOCK_PRICE` is `PRICE`.
fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

fn blocks(numbers: impl Iterator<Item = pb::InvoiceBlock>) -> Vec<String> {
    numbers
        .map(|block| word(block.as_str_name(), "INVOICE_BLOCK_"))
        .collect()
}

impl Invoice {
    fn of(invoice: &pb::Invoice) -> Self {
        let amount = invoice.amount.clone().unwrap_or_default();
        let micros = |price: &Option<takt_contract::common::v1::Price>| {
            price.as_ref().map_or(0, |price| price.micros)
        };
        let line = |line: &pb::InvoiceLine| InvoiceLine {
            line: line.line_number,
            item: line.item_id.clone(),
            quantity: Quantity(line.thousandths),
            price_micros: micros(&line.price),
            agreed_micros: micros(&line.agreed_price),
            ordered: Quantity(line.ordered_thousandths),
            accepted: Quantity(line.accepted_thousandths),
            invoiced_before: Quantity(line.invoiced_before_thousandths),
            blocks: blocks(line.blocks()),
        };
        Self {
            supplier: invoice.supplier_id.clone(),
            number: invoice.invoice_number.clone(),
            invoiced_on: day(invoice.invoiced_on.as_ref()),
            state: word(invoice.state().as_str_name(), "INVOICE_STATE_"),
            blocks: blocks(invoice.blocks()),
            self_billed: invoice.self_billed,
            amount: amount.minor_units as f64 / 100.0,
            currency: amount.currency_code,
            approved_by: invoice.approved_by.clone(),
            lines: invoice.lines.iter().map(line).collect(),
            minor: amount.minor_units,
        }
    }
}

impl Answer for Invoices {
    fn text(&self) -> String {
        let mut rows = table(&[
            "supplier",
            "invoice",
            "day",
            "state",
            "blocked by",
            ">amount",
            "",
        ]);
        for invoice in &self.invoices {
            rows.add_row([
                invoice.supplier.clone(),
                invoice.number.clone(),
                invoice.invoiced_on.clone().unwrap_or_default(),
                invoice.state.clone(),
                invoice.blocks.join(", "),
                whole_money(invoice.minor),
                invoice.currency.clone(),
            ]);
        }
        let mut text = table_text(&rows);
        let lines: Vec<&InvoiceLine> = (self.invoices.iter())
            .flat_map(|invoice| &invoice.lines)
            .collect();
        if !lines.is_empty() {
            let mut rows = table(&[
                ">line",
                "item",
                ">billed",
                ">ordered",
                ">accepted",
                ">billed before",
                "blocked by",
            ]);
            for line in lines {
                rows.add_row([
                    line.line.to_string(),
                    line.item.clone(),
                    line.quantity.to_string(),
                    line.ordered.to_string(),
                    line.accepted.to_string(),
                    line.invoiced_before.to_string(),
                    line.blocks.join(", "),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        text
    }
}
