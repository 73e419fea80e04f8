//! `takt facts`: what services told, and what could not be applied.
//!
//! It must not know what facts mean. Invariant: giving a fact up needs a reason.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use takt_contract::events::v1::event_service_client::EventServiceClient;
use takt_contract::events::v1::{
    ListFactsRequest, ListParkedFactsRequest, RetryParkedFactRequest, SkipParkedFactRequest,
    fact_body::Kind,
};

use super::ask::AskArgs;
use crate::connection::{STEP, within};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, table, table_text, tell};

/// What `takt facts` takes.
#[derive(Debug, Args)]
pub struct FactsArgs {
    #[command(subcommand)]
    command: FactsCommand,
    #[command(flatten)]
    ask: AskArgs,
}

#[derive(Debug, Subcommand)]
enum FactsCommand {
    /// List facts of a service, or those parked at it
    List {
        /// procurement, production or delivery
        service: String,
        /// Only facts behind this position
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// Only facts about this subject
        #[arg(long, default_value = "")]
        subject: String,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// List the parked facts instead
        #[arg(long)]
        parked: bool,
    },
    /// Try a parked fact and those behind it again
    Retry {
        /// procurement, production or delivery
        service: String,
        /// The number under which it is parked
        parked_id: i64,
    },
    /// Give a parked fact up, for a reason that is recorded
    Skip {
        /// procurement, production or delivery
        service: String,
        /// The number under which it is parked
        parked_id: i64,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Serialize)]
struct FactRow {
    position: i64,
    parked_id: Option<i64>,
    subject: String,
    sequence: i64,
    kind: &'static str,
    business_date: String,
    traceparent: String,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct FactsAnswer {
    facts: Vec<FactRow>,
}

impl Answer for FactsAnswer {
    fn text(&self) -> String {
        let mut rows = table(&[
            ">position",
            ">parked",
            "subject",
            ">seq",
            "kind",
            "date",
            "reason",
        ]);
        for fact in &self.facts {
            rows.add_row([
                fact.position.to_string(),
                fact.parked_id.map(|id| id.to_string()).unwrap_or_default(),
                fact.subject.clone(),
                fact.sequence.to_string(),
                fact.kind.to_owned(),
                fact.business_date.clone(),
                fact.reason.clone().unwrap_or_default(),
            ]);
        }
        table_text(&rows)
    }
}

#[derive(Debug, Serialize)]
struct AppliedAnswer {
    applied: i32,
}

impl Answer for AppliedAnswer {
    fn text(&self) -> String {
        format!("{} facts applied\n", self.applied)
    }
}

pub(super) async fn facts(format: Format, args: FactsArgs) -> Outcome<ExitCode> {
    let peers = args.ask.peers()?;
    let peer = |name: &str| {
        peers.named(name).ok_or_else(|| {
            Failure::usage(format!(
                "{name} is no service; name procurement, production or delivery"
            ))
        })
    };
    let request_id = || uuid::Uuid::new_v4().to_string();
    match args.command {
        FactsCommand::List {
            service,
            after,
            subject,
            limit,
            parked: false,
        } => {
            let listed = peer(&service)?
                .ask("ListFacts", async |channel| {
                    let request = ListFactsRequest {
                        after_position: after,
                        page_size: limit,
                        subject: subject.clone(),
                    };
                    EventServiceClient::new(channel)
                        .list_facts(within(request, STEP))
                        .await
                })
                .await?
                .into_inner();
            let facts = listed
                .facts
                .into_iter()
                .map(|fact| row(fact, None, None))
                .collect();
            tell(format, &FactsAnswer { facts })?;
        }
        FactsCommand::List { service, limit, .. } => {
            let listed = peer(&service)?
                .ask("ListParkedFacts", async |channel| {
                    let request = ListParkedFactsRequest {
                        page_size: limit,
                        page_token: String::new(),
                    };
                    EventServiceClient::new(channel)
                        .list_parked_facts(within(request, STEP))
                        .await
                })
                .await?
                .into_inner();
            let facts = listed
                .parked_facts
                .into_iter()
                .map(|parked| {
                    row(
                        parked.fact.unwrap_or_default(),
                        Some(parked.parked_id),
                        Some(parked.reason),
                    )
                })
                .collect();
            tell(format, &FactsAnswer { facts })?;
        }
        FactsCommand::Retry { service, parked_id } => {
            let request = RetryParkedFactRequest {
                parked_id,
                request_id: request_id(),
            };
            let answer = peer(&service)?
                .ask("RetryParkedFact", async |channel| {
                    EventServiceClient::new(channel)
                        .retry_parked_fact(within(request.clone(), STEP))
                        .await
                })
                .await?
                .into_inner();
            tell(
                format,
                &AppliedAnswer {
                    applied: answer.applied_count,
                },
            )?;
        }
        FactsCommand::Skip {
            service,
            parked_id,
            reason,
        } => {
            let request = SkipParkedFactRequest {
                parked_id,
                reason,
                request_id: request_id(),
            };
            let answer = peer(&service)?
                .ask("SkipParkedFact", async |channel| {
                    EventServiceClient::new(channel)
                        .skip_parked_fact(within(request.clone(), STEP))
                        .await
                })
                .await?
                .into_inner();
            tell(
                format,
                &AppliedAnswer {
                    applied: answer.applied_count,
                },
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(
    fact: takt_contract::events::v1::Fact,
    parked_id: Option<i64>,
    reason: Option<String>,
) -> FactRow {
    let kind = match fact.body.and_then(|body| body.kind) {
        Some(Kind::OrderLocked(_)) => "OrderLocked",
        Some(Kind::VehicleDispatched(_)) => "VehicleDispatched",
        Some(Kind::VehicleHandedOver(_)) => "VehicleHandedOver",
        Some(Kind::MasterPlanReleased(_)) => "MasterPlanReleased",
        Some(Kind::VehicleBuilt(_)) => "VehicleBuilt",
        Some(Kind::VehicleReleased(_)) => "VehicleReleased",
        None => "unknown",
    };
    let date = fact.business_date.unwrap_or_default();
    FactRow {
        position: fact.position,
        parked_id,
        subject: fact.subject,
        sequence: fact.sequence,
        kind,
        business_date: format!("{:04}-{:02}-{:02}", date.year, date.month, date.day),
        traceparent: fact.traceparent,
        reason,
    }
}
