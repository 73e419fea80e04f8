//! What procurement asks production: what a plan needs, and what it builds.
//!
//! It must not know the database. Invariant: an answer is read as a whole or refused; nothing of it is guessed.

use std::collections::BTreeMap;

use takt_contract::{
    date_req, price_req,
    production::v1::{
        self as pb, impact_service_client::ImpactServiceClient,
        planning_service_client::PlanningServiceClient,
    },
};
use takt_kernel::{Date, Violations};
use takt_planning::risk::Product;
use takt_service::{Call, Error, error::reason_of, peer::Peer};
use tonic::{Code, Status};

use crate::{programme::Catalogue, risk::Build};

/// Production, as procurement sees it.
#[derive(Clone)]
pub(crate) struct Production {
    peer: Peer,
}

impl Production {
    /// Production behind a peer.
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer }
    }

    /// What a plan needs of each bought item: item, first day, thousandths by day.
    pub(crate) async fn requirements(
        &self,
        call: &Call,
        plan_id: &str,
    ) -> Result<Vec<(String, Date, Vec<i64>)>, Error> {
        let mut client = PlanningServiceClient::new(self.peer.channel());
        let message = pb::StreamRequirementsRequest {
            plan_id: plan_id.to_owned(),
        };
        let answer = client
            .stream_requirements(self.peer.request(call, message))
            .await;
        let mut stream = answer.map_err(|status| refusal(&status))?.into_inner();
        let mut items = Vec::new();
        while let Some(chunk) = stream.message().await.map_err(|status| refusal(&status))? {
            for item in chunk.items {
                let mut violations = Violations::new();
                let series = item.series.unwrap_or_default();
                let first = date_req(
                    series.first_date.as_ref(),
                    "series.first_date",
                    &mut violations,
                );
                violations.finish()?;
                items.push((item.item_id, first, series.thousandths));
            }
        }
        Ok(items)
    }

    /// What a plan builds, gathered by what it is built of; parts that are not bought are left out.
    pub(crate) async fn builds(
        &self,
        call: &Call,
        plan_id: &str,
        catalogue: &Catalogue,
    ) -> Result<Vec<Build>, Error> {
        let mut client = ImpactServiceClient::new(self.peer.channel());
        let message = pb::StreamPlannedBuildsRequest {
            plan_id: plan_id.to_owned(),
        };
        let answer = client
            .stream_planned_builds(self.peer.request(call, message))
            .await;
        let mut stream = answer.map_err(|status| refusal(&status))?.into_inner();
        let places: BTreeMap<&str, usize> = (catalogue.bought().iter().enumerate())
            .map(|(place, bought)| (bought.item.id.as_str(), place))
            .collect();
        let mut builds = Vec::new();
        while let Some(chunk) = stream.message().await.map_err(|status| refusal(&status))? {
            for build in chunk.builds {
                let mut violations = Violations::new();
                let first = date_req(build.first_date.as_ref(), "first_date", &mut violations);
                let margin = build.margin.as_ref();
                let margin =
                    margin.map(|margin| price_req(Some(margin), "margin", &mut violations));
                violations.finish()?;
                let mut parts: Vec<(usize, i64)> = (build.parts.iter())
                    .filter_map(|part| {
                        Some((*places.get(part.item_id.as_str())?, part.thousandths))
                    })
                    .collect();
                parts.sort_unstable();
                builds.push(Build {
                    first,
                    product: Product {
                        daily: build.vehicles_millionths,
                        parts,
                    },
                    margin,
                });
            }
        }
        Ok(builds)
    }
}

/// What a peer's refusal means here: it is not reachable for this question, and the question is asked again later.
fn refusal(status: &Status) -> Error {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => Error::late("production's answer"),
        code => {
            let reason = reason_of(status).unwrap_or_else(|| format!("{code:?}"));
            Error::down("production", format!("{reason}: {}", status.message()))
        }
    }
}
