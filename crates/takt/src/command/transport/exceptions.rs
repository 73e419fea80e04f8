//! `takt yard exceptions` and `resolve`: what went wrong on the way, and what was done about it. It must not judge it.
use clap::{Args, ValueEnum};
use serde::Serialize;
use takt_contract::common::v1::Money;
use takt_contract::date_pb;
use takt_contract::delivery::v1::exception_service_client::ExceptionServiceClient;
use takt_contract::delivery::v1::{self as pb};
use takt_kernel::Date;

use super::super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id};
use crate::failure::Outcome;
use crate::output::{Answer, Format, day, table, table_text};

/// Kinds of exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Delay,
    Damage,
    Loss,
}

/// Which exceptions to list.
#[derive(Debug, Args)]
pub(in crate::command) struct ExceptionsArgs {
    /// Only this kind
    #[arg(long, value_enum)]
    kind: Option<What>,
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// Only those of this shipment
    #[arg(long, value_name = "ID", default_value = "")]
    shipment: String,
    /// Only those of this vehicle
    #[arg(long, value_name = "VIN", default_value = "")]
    vin: String,
    /// The most exceptions to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    top: u32,
    #[command(flatten)]
    target: TargetArgs,
}

/// How a damage was resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    Repaired,
    Accepted,
    WrittenOff,
}

/// Which damage is resolved, and how.
#[derive(Debug, Args)]
pub(in crate::command) struct ResolveArgs {
    /// The exception, for example OUT-SHANGHAI-ROAD.20240601/1
    #[arg(value_name = "EXCEPTION")]
    exception: String,
    /// Whether it was repaired, is accepted by the customer, or the vehicle is written off
    #[arg(value_name = "HOW", value_enum)]
    how: How,
    /// The day
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// What it cost, in the minor unit of its currency: 120000 is 1,200.00 CNY
    #[arg(long, value_name = "MINOR", requires = "currency")]
    cost: Option<i64>,
    /// The currency of the cost
    #[arg(long, value_name = "CODE", requires = "cost")]
    currency: Option<String>,
    /// What is to be remembered
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[command(flatten)]
    target: TargetArgs,
}

pub(super) async fn resolve(args: ResolveArgs, output: Format) -> Outcome<()> {
    told_by!(args.target, output, delivery, |peer| resolved(peer, &args))
}

async fn resolved(peer: &Peer, args: &ResolveArgs) -> Outcome<Exceptions> {
    let how = match args.how {
        How::Repaired => pb::ExceptionResolution::Repaired,
        How::Accepted => pb::ExceptionResolution::Accepted,
        How::WrittenOff => pb::ExceptionResolution::WrittenOff,
    };
    let message = pb::ResolveExceptionRequest {
        request_id: new_id(),
        exception_id: args.exception.clone(),
        resolution: how.into(),
        resolved_on: Some(date_pb(args.on)),
        cost: args
            .cost
            .zip(args.currency.clone())
            .map(|(minor_units, currency_code)| Money {
                currency_code,
                minor_units,
            }),
        note: args.note.clone(),
    };
    let what = "resolve the exception";
    let done = ask!(
        peer,
        what,
        ExceptionServiceClient.resolve_exception,
        message
    )?;
    Ok(Exceptions {
        exceptions: done.exception.into_iter().map(told).collect(),
        more: false,
    })
}

pub(super) async fn run(args: ExceptionsArgs, output: Format) -> Outcome<()> {
    told_by!(args.target, output, delivery, |peer| listed(peer, &args))
}

#[derive(Debug, Serialize)]
struct Exceptions {
    exceptions: Vec<Exception>,
    /// Whether there are more than were asked for.
    more: bool,
}

#[derive(Debug, Serialize)]
struct Exception {
    exception: String,
    kind: String,
    vin: Option<String>,
    order: Option<String>,
    reported_on: Option<String>,
    description: String,
    expected_on: Option<String>,
    /// Null while it is open.
    resolution: Option<String>,
    resolved_on: Option<String>,
    replacement_vin: Option<String>,
}

/// The end of a name on the wire in small letters: `EXCEPTION_KIND_DELAY` is `delay`.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix)
        .to_lowercase()
        .replace('_', " ")
}

fn told(one: pb::TransportException) -> Exception {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let resolution = one.resolution();
    let ended = resolution != pb::ExceptionResolution::Unspecified;
    Exception {
        kind: word(one.kind().as_str_name(), "EXCEPTION_KIND_"),
        vin: some(&one.vin),
        order: some(&one.order_id),
        reported_on: day(one.reported_on.as_ref()),
        expected_on: day(one.expected_on.as_ref()),
        resolution: ended.then(|| word(resolution.as_str_name(), "EXCEPTION_RESOLUTION_")),
        resolved_on: day(one.resolved_on.as_ref()),
        replacement_vin: some(&one.replacement_vin),
        exception: one.exception_id,
        description: one.description,
    }
}

async fn listed(peer: &Peer, args: &ExceptionsArgs) -> Outcome<Exceptions> {
    let kind = args
        .kind
        .map_or(pb::ExceptionKind::Unspecified, |kind| match kind {
            What::Delay => pb::ExceptionKind::Delay,
            What::Damage => pb::ExceptionKind::Damage,
            What::Loss => pb::ExceptionKind::Loss,
        });
    let mut message = pb::ListExceptionsRequest {
        kind: kind.into(),
        open_only: args.open,
        shipment_id: args.shipment.clone(),
        vin: args.vin.clone(),
        ..pb::ListExceptionsRequest::default()
    };
    let top = usize::try_from(args.top).unwrap_or(usize::MAX);
    let mut exceptions = Vec::new();
    loop {
        let left = top.saturating_sub(exceptions.len());
        message.page_size = i32::try_from(left.min(1_000)).unwrap_or(1_000);
        let page = ask!(
            peer,
            "list the exceptions",
            ExceptionServiceClient.list_exceptions,
            message.clone()
        )?;
        exceptions.extend(page.exceptions.into_iter().map(told));
        message.page_token = page.next_page_token;
        if message.page_token.is_empty() || exceptions.len() >= top {
            let more = !message.page_token.is_empty();
            return Ok(Exceptions { exceptions, more });
        }
    }
}

impl Answer for Exceptions {
    fn text(&self) -> String {
        if self.exceptions.is_empty() {
            return "nothing of the kind went wrong on the way\n".to_owned();
        }
        let mut rows = table(&[
            "exception",
            "kind",
            "vehicle",
            "order",
            "on",
            "ended",
            "what",
        ]);
        for one in &self.exceptions {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            rows.add_row([
                one.exception.clone(),
                one.kind.clone(),
                text(&one.vin),
                text(&one.order),
                text(&one.reported_on),
                one.resolution.clone().unwrap_or_else(|| "open".to_owned()),
                one.description.clone(),
            ]);
        }
        let more = if self.more {
            "there are more; ask with a larger --top\n"
        } else {
            ""
        };
        format!("{}{more}", table_text(&rows))
    }
}
