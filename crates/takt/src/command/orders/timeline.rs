//! `takt orders timeline`: everything that happened to an order, its vehicle and the parts in it, by the word of all three services. It must
//! not know how it is found. Invariant: a service that did not answer is named behind the rows.
use clap::Args;
use serde::Serialize;
use takt_contract::common::v1::{Happening, ResultStatus, Tombstone};
use takt_contract::delivery::v1::order_service_client::OrderServiceClient;
use takt_contract::delivery::v1::{GetOrderTimelineRequest, GetOrderTimelineResponse};

use crate::command::target::TargetArgs;
use crate::connection::{Peer, ask};
use crate::failure::Outcome;
use crate::output::{Answer, day, table, table_text};

/// Whose timeline to tell.
#[derive(Debug, Args)]
pub(in crate::command) struct TimelineArgs {
    /// The order
    #[arg(value_name = "ORDER")]
    order: String,
    #[command(flatten)]
    pub(super) target: TargetArgs,
}

/// A timeline.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    order: String,
    /// Null while there is none.
    vin: Option<String>,
    /// Null where the intake was not traced.
    trace: Option<String>,
    complete: bool,
    happenings: Vec<Row>,
    missing: Vec<Missing>,
}

#[derive(Debug, Serialize)]
struct Row {
    date: Option<String>,
    event: String,
    source: String,
    subject: String,
    detail: String,
    trace: Option<String>,
}

#[derive(Debug, Serialize)]
struct Missing {
    service: String,
    why: String,
}

pub(super) async fn timeline(peer: &Peer, args: &TimelineArgs) -> Outcome<Timeline> {
    let message = GetOrderTimelineRequest {
        order_id: args.order.clone(),
    };
    let answer = ask!(
        peer,
        "read the timeline of an order",
        OrderServiceClient.get_order_timeline,
        message
    )?;
    Ok(Timeline::of(&answer))
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Timeline {
    fn of(told: &GetOrderTimelineResponse) -> Self {
        let row = |one: &Happening| Row {
            date: day(one.date.as_ref()),
            event: one.event.clone(),
            source: one.source.clone(),
            subject: one.subject.clone(),
            detail: one.detail.clone(),
            trace: said(&one.trace_id),
        };
        let missing = |one: &Tombstone| Missing {
            service: one.node.clone(),
            why: one.detail.clone(),
        };
        Self {
            order: told.order_id.clone(),
            vin: said(&told.vin),
            trace: said(&told.trace_id),
            complete: told.result_status() == ResultStatus::Complete,
            happenings: told.happenings.iter().map(row).collect(),
            missing: told.tombstones.iter().map(missing).collect(),
        }
    }
}

impl Answer for Timeline {
    fn text(&self) -> String {
        let mut rows = table(&["date", "what", "by", "about", "more"]);
        for one in &self.happenings {
            rows.add_row([
                one.date.clone().unwrap_or_default(),
                one.event.clone(),
                one.source.clone(),
                one.subject.clone(),
                one.detail.clone(),
            ]);
        }
        let vin = self.vin.as_deref().unwrap_or("no vehicle yet");
        let mut text = format!("{}, {vin}\n", self.order);
        if let Some(trace) = &self.trace {
            text.push_str(&format!("trace {trace}\n"));
        }
        text.push_str(&table_text(&rows));
        for one in &self.missing {
            text.push_str(&format!("{} did not tell: {}\n", one.service, one.why));
        }
        text
    }
}
