//! What procurement asks production: what a plan needs.
//!
//! It must not know the database. Invariant: an answer is read as a whole or refused; nothing of it is guessed.

use takt_contract::{
    date_req,
    production::v1::{self as pb, planning_service_client::PlanningServiceClient},
};
use takt_kernel::{Date, Violations};
use takt_service::{Call, Error, error::reason_of, peer::Peer};
use tonic::{Code, Status};

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
