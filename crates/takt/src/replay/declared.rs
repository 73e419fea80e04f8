//! What a plant does when suppliers say that they are out: the outage is declared on its first day, the promises that it breaks are made
//! anew, and it is resolved on the day on which the suppliers work again. It must not know what an outage does. Invariant: an outage
//! changes no delivery by being declared; the suppliers' world does that whether anybody is told or not.
use takt_contract::date_pb;
use takt_contract::delivery::v1::RepromiseOrdersRequest;
use takt_contract::delivery::v1::order_service_client::OrderServiceClient;
use takt_contract::procurement::v1::disruption_scope::Kind;
use takt_contract::procurement::v1::disruption_service_client::DisruptionServiceClient;
use takt_contract::procurement::v1::{
    DeclareDisruptionRequest, DisruptionCause, DisruptionScope, ResolveDisruptionRequest,
    SupplierScope,
};
use takt_kernel::Date;

use super::disruption::Disruption;
use super::request::RequestIds;
use crate::connection::{Peer, Peers, WHOLE, ask};
use crate::failure::Outcome;

/// The outages that are declared or resolved on a day.
pub(super) struct Turn<'o> {
    begin: Vec<&'o Disruption>,
    end: Vec<&'o Disruption>,
}

impl<'o> Turn<'o> {
    /// Those of a day; an outage that began before the run is declared on its first day.
    pub(super) fn of(outages: &'o [Disruption], first_day: Date, day: Date) -> Option<Self> {
        let lasts = |outage: &&Disruption| outage.until() > first_day;
        let begins = |outage: &&Disruption| outage.from.max(first_day) == day;
        let begin: Vec<_> = outages.iter().filter(lasts).filter(begins).collect();
        let ends = |outage: &&Disruption| outage.until() == day;
        let end: Vec<_> = outages.iter().filter(lasts).filter(ends).collect();
        (!begin.is_empty() || !end.is_empty()).then_some(Self { begin, end })
    }

    /// Whether an outage begins, so that promises are in danger.
    pub(super) fn begins(&self) -> bool {
        !self.begin.is_empty()
    }

    /// Declares and resolves.
    pub(super) async fn tell(
        &self,
        procurement: &Peer,
        ids: &RequestIds,
        day: Date,
    ) -> Outcome<()> {
        for outage in &self.end {
            let id = name(outage);
            let message = ResolveDisruptionRequest {
                request_id: ids.step(day, &format!("resolve/{id}")),
                disruption_id: id.clone(),
                resolved_on: Some(date_pb(outage.until())),
                measure: "the suppliers ship again".to_owned(),
            };
            let what = format!("resolve {id}");
            ask!(
                procurement,
                &what,
                DisruptionServiceClient.resolve_disruption,
                message,
                WHOLE
            )?;
        }
        for outage in &self.begin {
            let id = name(outage);
            let scope = SupplierScope {
                supplier_id: outage.supplier.to_string(),
            };
            let message = DeclareDisruptionRequest {
                request_id: ids.step(day, &format!("declare/{id}")),
                disruption_id: id.clone(),
                scope: Some(DisruptionScope {
                    kind: Some(Kind::Supplier(scope)),
                }),
                cause: DisruptionCause::Other.into(),
                begins_on: Some(date_pb(outage.from)),
                expected_end_on: Some(date_pb(outage.until())),
                text: format!("{outage}, played by --disrupt"),
                remaining_millionths: 0,
            };
            let what = format!("declare {id}");
            ask!(
                procurement,
                &what,
                DisruptionServiceClient.declare_disruption,
                message,
                WHOLE
            )?;
        }
        Ok(())
    }
}

/// Promises anew what is broken by now; answers with the number of orders.
pub(super) async fn repromise(peers: &Peers, ids: &RequestIds, day: Date) -> Outcome<i64> {
    let message = RepromiseOrdersRequest {
        request_id: ids.step(day, "repromise"),
        ..RepromiseOrdersRequest::default()
    };
    let answer = ask!(
        &peers.delivery,
        "promise orders anew",
        OrderServiceClient.repromise_orders,
        message,
        WHOLE
    )?;
    Ok(answer.repromised_count)
}

/// The id of an outage: `CATL-2024-06-10`.
fn name(outage: &Disruption) -> String {
    format!("{}-{}", outage.supplier, outage.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_of_once_on_its_days() {
        let outages: Vec<Disruption> = [
            "A@2024-06-10:4",
            "B@2024-01-01:3",
            "C@2024-06-01:20",
            "D@2024-06-10:9",
        ]
        .iter()
        .map(|text| text.parse().expect("an outage"))
        .collect();
        let first: Date = Date::parse("2024-06-05").expect("a day");
        let told = |day: &str| {
            let day = Date::parse(day).expect("a day");
            Turn::of(&outages, first, day).map(|turn| {
                let names = |all: &[&Disruption]| {
                    all.iter()
                        .map(|one| one.supplier.to_string())
                        .collect::<String>()
                };
                (names(&turn.begin), names(&turn.end))
            })
        };
        let pair = |begin: &str, end: &str| Some((begin.to_owned(), end.to_owned()));
        assert_eq!(told("2024-06-05"), pair("C", ""));
        assert_eq!(told("2024-06-06"), None);
        assert_eq!(told("2024-06-10"), pair("AD", ""));
        assert_eq!(told("2024-06-14"), pair("", "A"));
        assert_eq!(told("2024-06-21"), pair("", "C"));
        assert_eq!(told("2024-01-04"), None);
    }
}
