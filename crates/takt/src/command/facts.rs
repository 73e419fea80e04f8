//! `takt facts`: facts that could not be applied are listed, tried again or given up. It must not know what facts
//! mean. Invariant: giving one up needs a reason, which the service records.
use clap::{Args, Subcommand};
use serde::Serialize;
use takt_contract::events::v1::event_service_client::EventServiceClient;
use takt_contract::events::v1::fact_body::Kind;
use takt_contract::events::v1::{
    Fact, ListFactsRequest, ListParkedFactsRequest, ParkedFact, RetryParkedFactRequest,
    SkipParkedFactRequest,
};

use super::target::TargetArgs;
use crate::connection::{Peer, SERVICES, ask, new_id, pages};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, day, table, table_text, tell};

const EXAMPLES: &str = "\
Examples:
  takt facts list                            what is parked, at all three services
  takt facts list delivery --log --subject SO-0000042
  takt facts retry production 17
  takt facts skip production 17 --reason 'order SO-0000042 was entered twice'";

/// What can be done about parked facts.
#[derive(Debug, Subcommand)]
pub(super) enum FactsTask {
    /// List the facts that were parked because applying them failed, or with --log those that a service told
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Try a parked fact and those that wait behind it again
    #[command(after_help = EXAMPLES)]
    Retry(ParkedArgs),
    /// Give a parked fact up, so that those behind it flow
    #[command(after_help = EXAMPLES)]
    Skip {
        #[command(flatten)]
        parked: ParkedArgs,
        /// Why it is given up; the service records it
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Which facts to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only this service [default: all three]
    #[arg(value_name = "SERVICE", value_parser = SERVICES)]
    service: Option<String>,
    /// List the facts that the service told, oldest first
    #[arg(long, requires = "service")]
    log: bool,
    /// Of the log, only facts behind this position
    #[arg(long, requires = "log", default_value_t = 0, value_name = "POSITION")]
    after: i64,
    /// Of the log, only facts about this subject
    #[arg(long, requires = "log", value_name = "KEY")]
    subject: Option<String>,
    /// Of the log, at most so many
    #[arg(long, requires = "log", default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=1000), value_name = "N")]
    limit: i32,
    #[command(flatten)]
    target: TargetArgs,
}

/// One parked fact.
#[derive(Debug, Args)]
pub(super) struct ParkedArgs {
    /// The service that keeps it
    #[arg(value_name = "SERVICE", value_parser = SERVICES)]
    service: String,
    /// The number under which the fact is parked
    #[arg(value_name = "NUMBER")]
    parked_id: i64,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Serialize)]
struct Parked {
    parked: Vec<ParkedLine>,
}

#[derive(Debug, Serialize)]
struct ParkedLine {
    service: &'static str,
    parked_id: i64,
    source: String,
    subject: String,
    sequence: i64,
    business_date: Option<String>,
    attempts: i32,
    reason: String,
}

impl Answer for Parked {
    fn text(&self) -> String {
        if self.parked.is_empty() {
            return "no fact is parked\n".to_owned();
        }
        let mut lines = table(&[
            "service",
            ">number",
            "source",
            "subject",
            ">sequence",
            "date",
            ">attempts",
            "reason",
        ]);
        for fact in &self.parked {
            let waits = "waits behind another".to_owned();
            lines.add_row([
                fact.service.to_owned(),
                fact.parked_id.to_string(),
                fact.source.clone(),
                fact.subject.clone(),
                fact.sequence.to_string(),
                fact.business_date.clone().unwrap_or_default(),
                fact.attempts.to_string(),
                if fact.reason.is_empty() {
                    waits
                } else {
                    fact.reason.clone()
                },
            ]);
        }
        table_text(&lines)
    }
}

#[derive(Debug, Serialize)]
struct Told {
    facts: Vec<ToldLine>,
}

#[derive(Debug, Serialize)]
struct ToldLine {
    position: i64,
    subject: String,
    sequence: i64,
    kind: &'static str,
    business_date: Option<String>,
    traceparent: String,
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut lines = table(&[">position", "subject", ">sequence", "kind", "date"]);
        for fact in &self.facts {
            lines.add_row([
                fact.position.to_string(),
                fact.subject.clone(),
                fact.sequence.to_string(),
                fact.kind.to_owned(),
                fact.business_date.clone().unwrap_or_default(),
            ]);
        }
        table_text(&lines)
    }
}

#[derive(Debug, Serialize)]
struct Applied {
    service: String,
    parked_id: i64,
    applied: i32,
}

impl Answer for Applied {
    fn text(&self) -> String {
        format!("{} facts were applied\n", self.applied)
    }
}

pub(super) async fn run(task: FactsTask, output: Format) -> Outcome<()> {
    match task {
        FactsTask::List(args) => list(args, output).await,
        FactsTask::Retry(args) => act(args, None, output).await,
        FactsTask::Skip { parked, reason } => act(parked, Some(reason), output).await,
    }
}

async fn list(args: ListArgs, output: Format) -> Outcome<()> {
    let target = args.target.open().await?;
    if let (true, Some(peer)) = (
        args.log,
        args.service
            .as_deref()
            .and_then(|name| target.peers.named(name)),
    ) {
        let message = ListFactsRequest {
            after_position: args.after,
            page_size: args.limit,
            subject: args.subject.unwrap_or_default(),
        };
        let told = ask!(peer, "list facts", EventServiceClient.list_facts, message);
        let told = told.map(|told| Told {
            facts: told.facts.into_iter().map(told_line).collect(),
        });
        return tell(output, &target.close_after(told).await?);
    }
    let parked = parked(target.peers.all(), args.service.as_deref()).await;
    tell(output, &target.close_after(parked).await?)
}

fn told_line(fact: Fact) -> ToldLine {
    ToldLine {
        position: fact.position,
        subject: fact.subject,
        sequence: fact.sequence,
        kind: fact
            .body
            .and_then(|body| body.kind)
            .map_or("unknown", |kind| kind_name(&kind)),
        business_date: day(fact.business_date.as_ref()),
        traceparent: fact.traceparent,
    }
}

/// What happened, by the name of its message.
fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::OrderLocked(_) => "OrderLocked",
        Kind::VehicleDispatched(_) => "VehicleDispatched",
        Kind::VehicleHandedOver(_) => "VehicleHandedOver",
        Kind::PartFailed(_) => "PartFailed",
        Kind::MasterPlanReleased(_) => "MasterPlanReleased",
        Kind::VehicleBuilt(_) => "VehicleBuilt",
        Kind::VehicleReleased(_) => "VehicleReleased",
        Kind::VehicleHeld(_) => "VehicleHeld",
        Kind::PartReplaced(_) => "PartReplaced",
        Kind::DisruptionDeclared(_) => "DisruptionDeclared",
        Kind::DisruptionResolved(_) => "DisruptionResolved",
        Kind::StopShipIssued(_) => "StopShipIssued",
        Kind::StopShipLifted(_) => "StopShipLifted",
        Kind::SoftwareInstalled(_) => "SoftwareInstalled",
        Kind::OrderChanged(_) => "OrderChanged",
    }
}

async fn parked(peers: [&Peer; 3], service: Option<&str>) -> Outcome<Parked> {
    let mut parked = Vec::new();
    for peer in peers
        .into_iter()
        .filter(|peer| service.is_none_or(|name| name == peer.name))
    {
        let message = ListParkedFactsRequest {
            page_size: 1000,
            page_token: String::new(),
        };
        let facts = pages!(
            peer,
            "list parked facts",
            EventServiceClient.list_parked_facts,
            message,
            |page| page.parked_facts
        )?;
        parked.extend(facts.into_iter().map(|fact| line(peer.name, fact)));
    }
    Ok(Parked { parked })
}

fn line(service: &'static str, parked: ParkedFact) -> ParkedLine {
    let fact = parked.fact.unwrap_or_default();
    ParkedLine {
        service,
        parked_id: parked.parked_id,
        business_date: day(fact.business_date.as_ref()),
        source: fact.source,
        subject: fact.subject,
        sequence: fact.sequence,
        attempts: parked.attempts,
        reason: parked.reason,
    }
}

async fn act(args: ParkedArgs, reason: Option<String>, output: Format) -> Outcome<()> {
    let ParkedArgs {
        parked_id,
        service,
        target,
    } = args;
    let target = target.open().await?;
    let applied = match target.peers.named(&service) {
        Some(peer) => decide(peer, parked_id, reason).await,
        None => Err(Failure::usage(format!("{service} is not a service"))),
    };
    let applied = target.close_after(applied).await?;
    tell(
        output,
        &Applied {
            service,
            parked_id,
            applied,
        },
    )
}

async fn decide(peer: &Peer, parked_id: i64, reason: Option<String>) -> Outcome<i32> {
    let request_id = new_id();
    match reason {
        None => {
            let message = RetryParkedFactRequest {
                parked_id,
                request_id,
            };
            let answer = ask!(
                peer,
                "retry a parked fact",
                EventServiceClient.retry_parked_fact,
                message
            )?;
            Ok(answer.applied_count)
        }
        Some(reason) => {
            let message = SkipParkedFactRequest {
                parked_id,
                reason,
                request_id,
            };
            let answer = ask!(
                peer,
                "skip a parked fact",
                EventServiceClient.skip_parked_fact,
                message
            )?;
            Ok(answer.applied_count)
        }
    }
}
