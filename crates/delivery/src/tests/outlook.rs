//! Promises that stand or do not, over gRPC: from a disruption to new promises and back.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use takt_contract::{
    common::v1::{self as common, Money, ReasonCode},
    date_opt, date_pb,
    delivery::v1 as pb,
    events::v1::{
        self as events, DeliverRequest, Fact, FactBody, fact_body::Kind,
        inbox_service_client::InboxServiceClient,
    },
};
use takt_kernel::{Date, RequestId, Violations};
use takt_service::error::reason_of;
use tonic::{Code, Status};

use super::service::{Service, chunk, day, order, production, vin};
use crate::programme::sample::date;

/// Facts as the services tell them, each about a subject of its own.
struct Teller<'s> {
    service: &'s Service,
    told: i64,
}

impl Teller<'_> {
    async fn tell(&mut self, source: &str, kind: Kind) {
        self.told += 1;
        let fact = Fact {
            source: source.into(),
            subject: format!("subject-{}", self.told),
            sequence: 1,
            position: self.told,
            business_date: Some(date_pb(day())),
            body: Some(FactBody { kind: Some(kind) }),
            ..Fact::default()
        };
        let mut inbox = InboxServiceClient::new(self.service.channel.clone());
        let answer = inbox.deliver(DeliverRequest { facts: vec![fact] }).await;
        let results = answer.unwrap().into_inner().results;
        let applied = events::DeliveryOutcome::Applied;
        assert!(results.iter().all(|result| result.outcome() == applied));
    }

    async fn plan(&mut self) {
        let released = events::MasterPlanReleased {
            plan_id: "plan-1".into(),
            as_of: Some(date_pb(day())),
            ..events::MasterPlanReleased::default()
        };
        self.tell("production", Kind::MasterPlanReleased(released))
            .await;
        self.service.settle().await;
    }

    async fn declared(&mut self, id: &str) {
        let declared = events::DisruptionDeclared {
            disruption_id: id.into(),
            begins_on: Some(date_pb(day())),
            expected_end_on: None,
            site_count: 1,
        };
        self.tell("procurement", Kind::DisruptionDeclared(declared))
            .await;
    }

    async fn resolved(&mut self, id: &str) {
        let resolved = events::DisruptionResolved {
            disruption_id: id.into(),
            resolved_on: Some(date_pb(day())),
        };
        self.tell("procurement", Kind::DisruptionResolved(resolved))
            .await;
    }
}

async fn at_risk(
    service: &Service,
    request: pb::ListAtRiskRequest,
) -> Result<Vec<pb::OrderAtRisk>, Status> {
    let mut stream = service.orders().list_at_risk(request).await?.into_inner();
    let mut all = Vec::new();
    while let Some(page) = stream.message().await? {
        all.extend(page.orders);
    }
    Ok(all)
}

fn of_city(city: &str) -> pb::ListAtRiskRequest {
    pb::ListAtRiskRequest {
        city: city.into(),
        ..pb::ListAtRiskRequest::default()
    }
}

fn repromise(name: &str, city: &str, validate_only: bool) -> pb::RepromiseOrdersRequest {
    pb::RepromiseOrdersRequest {
        request_id: RequestId::named(&format!("repromise {name}")).to_string(),
        scope: Some(pb::RepromiseScope {
            variant_id: "MAX".into(),
            city: city.into(),
        }),
        validate_only,
    }
}

/// All promises by order, and that none of those known before was touched and the last one alone counts.
async fn promises(
    service: &Service,
    before: &BTreeMap<String, Vec<pb::Promise>>,
) -> BTreeMap<String, Vec<pb::Promise>> {
    let mut now = BTreeMap::new();
    for number in 1..=20 {
        let id = format!("O{number:02}");
        let told = service.get(&id).await.promises;
        let known = before.get(&id).cloned().unwrap_or_default();
        assert!(told.starts_with(&known), "{id}: {known:?} became {told:?}");
        for (place, promise) in (1..).zip(&told) {
            assert_eq!(promise.promise_number, place, "{id}: {told:?}");
        }
        now.insert(id, told);
    }
    now
}

fn on(date: Option<&common::Date>) -> Date {
    date_opt(date, "date", &mut Violations::new()).unwrap()
}

/// Twenty orders, two built a day, the first ten for Xi'an: the last two of them are built on 2 April and the last two of all on 7 April.
async fn twenty() -> Service {
    let service = Service::imported(production()).await;
    let orders = (1..=20).map(|number| pb::NewOrder {
        city: if number <= 10 { "Xi'an" } else { "Shanghai" }.into(),
        ..order(&format!("O{number:02}"))
    });
    service
        .intake(vec![chunk("1", orders.collect())])
        .await
        .unwrap();
    service.settle().await;
    service
}

#[tokio::test]
async fn a_disruption_makes_promises_late_until_they_are_made_anew_or_it_is_over() {
    let service = twenty().await;
    let mut teller = Teller {
        service: &service,
        told: 0,
    };
    let none = service.get("O20").await.order.unwrap();
    assert_eq!(none.promise_health(), pb::PromiseHealth::Unspecified);
    let early = service
        .orders()
        .repromise_orders(repromise("0", "", false))
        .await;
    assert_eq!(reason_of(&early.unwrap_err()).as_deref(), Some("NO_PLAN"));
    teller.plan().await;
    let first = promises(&service, &BTreeMap::new()).await;
    let calm = service.get("O20").await.order.unwrap();
    assert_eq!(calm.promise_health(), pb::PromiseHealth::OnTime);
    assert_eq!(calm.expected_on, first["O20"][0].deliver_on);
    assert_eq!(at_risk(&service, of_city("")).await.unwrap(), []);
    // Without disruptions production was asked for nothing but its plan.
    assert_eq!(service.production.impacts.load(Ordering::SeqCst), 0);

    // Five days are within the week for which a promise holds.
    service.production.delay.store(5, Ordering::SeqCst);
    teller.declared("FIRE").await;
    service.settle().await;
    let risky = at_risk(&service, of_city("")).await.unwrap();
    assert!(risky.len() > 10, "{risky:?}");
    for order in &risky {
        assert_eq!(order.health(), pb::PromiseHealth::AtRisk);
        let (promised, expected) = (
            on(order.promised_on.as_ref()),
            on(order.expected_on.as_ref()),
        );
        assert!(
            (1..=7).contains(&expected.days_since(promised)),
            "{order:?}"
        );
        let reasons: Vec<_> = (order.reasons.iter())
            .map(|reason| {
                (
                    reason.code(),
                    reason.subject.as_str(),
                    reason.upstream.len(),
                )
            })
            .collect();
        assert_eq!(reasons, [(ReasonCode::Disruption, "FIRE", 0)]);
    }
    let kept = service
        .orders()
        .repromise_orders(repromise("1", "", false))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (kept.repromised_count, kept.left_count, kept.at_risk_count),
        (0, 0, i64::try_from(risky.len()).unwrap())
    );

    // Twenty days are not.
    service.production.delay.store(20, Ordering::SeqCst);
    teller.declared("FLOOD").await;
    service.settle().await;
    let late = at_risk(&service, of_city("")).await.unwrap();
    let ids: Vec<&str> = late.iter().map(|order| order.order_id.as_str()).collect();
    let all: Vec<String> = (1..=20).map(|number| format!("O{number:02}")).collect();
    assert_eq!(ids, all);
    assert!(
        late.iter()
            .all(|order| order.health() == pb::PromiseHealth::Late)
    );
    let shown = service.get("O20").await.order.unwrap();
    assert_eq!(shown.promise_health(), pb::PromiseHealth::Late);
    assert_eq!(shown.health_reasons[0].upstream[0].subject, "CELL");
    let listed = service
        .orders()
        .list_orders(pb::ListOrdersRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.orders[19], shown);
    let only = pb::ListAtRiskRequest {
        health: pb::PromiseHealth::AtRisk.into(),
        ..of_city("Shanghai")
    };
    assert_eq!(at_risk(&service, only).await.unwrap(), []);
    assert_eq!(
        at_risk(&service, of_city("Shanghai")).await.unwrap().len(),
        10
    );

    // Another plan under the disruptions does not promise what it cannot keep.
    teller.plan().await;
    assert_eq!(promises(&service, &first).await, first);

    // A trial promises nothing; then those of one city, twice the same request, and then the others.
    let ask = |message| {
        let mut orders = service.orders();
        async move {
            orders
                .repromise_orders(message)
                .await
                .map(tonic::Response::into_inner)
        }
    };
    let trial = ask(repromise("2", "Xi'an", true)).await.unwrap();
    assert_eq!((trial.repromised_count, trial.left_count), (10, 10));
    assert_eq!(promises(&service, &first).await, first);
    let told = ask(repromise("3", "Xi'an", false)).await.unwrap();
    assert_eq!(told, trial);
    assert_eq!(told.sample.len(), 10);
    let second = promises(&service, &first).await;
    for (place, one) in (1..=10).zip(&told.sample) {
        let id = format!("O{place:02}");
        assert_eq!(one.order_id, id);
        assert_eq!(one.promised_on, first[&id][0].deliver_on);
        assert_eq!(one.promise.as_ref(), second[&id].last());
        assert_eq!(second[&id].len(), 2);
    }
    // First come, first served: no order is promised an earlier day than one before it.
    let days: Vec<Date> = (1..=10)
        .map(|place| on(second[&format!("O{place:02}")][1].deliver_on.as_ref()))
        .collect();
    assert!(days.is_sorted(), "{days:?}");
    assert_eq!(ask(repromise("3", "Xi'an", false)).await.unwrap(), told);
    assert_eq!(promises(&service, &second).await, second);
    let left = at_risk(&service, of_city("")).await.unwrap();
    assert_eq!(left.len(), 10);
    let rest = ask(repromise("4", "", false)).await.unwrap();
    assert_eq!((rest.repromised_count, rest.left_count), (10, 0));
    assert_eq!(at_risk(&service, of_city("")).await.unwrap(), []);
    let third = promises(&service, &second).await;
    // A plan that comes now leaves the new promises alone.
    teller.plan().await;
    assert_eq!(promises(&service, &third).await, third);

    // When the disruptions are over, all stand on time, and the next plan promises earlier days.
    teller.resolved("FIRE").await;
    teller.resolved("FLOOD").await;
    service.settle().await;
    assert_eq!(at_risk(&service, of_city("")).await.unwrap(), []);
    let healed = service.get("O20").await.order.unwrap();
    assert_eq!(healed.promise_health(), pb::PromiseHealth::OnTime);
    assert_eq!(healed.expected_on, first["O20"][0].deliver_on);
    teller.plan().await;
    let last = promises(&service, &third).await;
    assert_eq!(last["O20"].len(), 3);
    assert_eq!(last["O20"][2].deliver_on, first["O20"][0].deliver_on);
    assert_eq!(service.broken().await, Vec::<String>::new());
    service.stop().await;
}

/// What procurement does not say is asked again; until then the promises stand as they stood.
#[tokio::test]
async fn nothing_is_guessed_while_procurement_is_away() {
    let service = twenty().await;
    let mut teller = Teller {
        service: &service,
        told: 0,
    };
    teller.plan().await;
    service.production.delay.store(20, Ordering::SeqCst);
    service.production.alone.store(true, Ordering::SeqCst);
    teller.declared("FIRE").await;
    while service.production.impacts.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(at_risk(&service, of_city("")).await.unwrap(), []);
    service.production.alone.store(false, Ordering::SeqCst);
    service.settle().await;
    assert_eq!(at_risk(&service, of_city("")).await.unwrap().len(), 20);
}

#[tokio::test]
async fn an_order_with_a_vehicle_stands_by_the_vehicle() {
    let service = twenty().await;
    let mut teller = Teller {
        service: &service,
        told: 0,
    };
    teller.plan().await;
    let built = events::VehicleBuilt {
        vin: vin(1),
        build_number: 1,
        order_id: "O01".into(),
        built_on: Some(date_pb(date("2024-03-29"))),
        released: false,
        ..events::VehicleBuilt::default()
    };
    teller.tell("production", Kind::VehicleBuilt(built)).await;
    let held = at_risk(&service, of_city("")).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].order_id.as_str(), held[0].state(), held[0].health()),
        ("O01", pb::OrderState::Built, pb::PromiseHealth::AtRisk)
    );
    assert_eq!(held[0].expected_on, None);
    let reasons = &held[0].reasons;
    assert_eq!(
        (reasons[0].code(), reasons[0].subject.clone()),
        (ReasonCode::QualityHold, vin(1))
    );
    // The outlook counts what was built since: the second order is the second of the plan still.
    let second = service.get("O02").await;
    let order = second.order.unwrap();
    assert_eq!(order.expected_on, second.promises[0].deliver_on);
    // Released a fortnight later, it comes late.
    let released = events::VehicleReleased {
        vin: vin(1),
        released_on: Some(date_pb(date("2024-04-12"))),
        ..events::VehicleReleased::default()
    };
    teller
        .tell("production", Kind::VehicleReleased(released))
        .await;
    let late = at_risk(&service, of_city("")).await.unwrap();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].health(), pb::PromiseHealth::Late);
    assert_eq!(late[0].expected_on, Some(date_pb(date("2024-04-15"))));
    assert_eq!(late[0].reasons[0].code(), ReasonCode::Transport);
    let shown = service.get("O01").await.order.unwrap();
    assert_eq!(shown.health_reasons, late[0].reasons);
    assert_eq!(service.broken().await, Vec::<String>::new());
}

/// The refusal names each field.
fn names(refused: &Status, fields: &[&str]) {
    assert_eq!(refused.code(), Code::InvalidArgument);
    // The message tells the first one, the details tell all.
    let told = String::from_utf8_lossy(refused.details());
    for field in fields {
        assert!(told.contains(field), "{field}: {told}");
    }
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_by_field() {
    let service = Service::imported(production()).await;
    let wrong = pb::ListAtRiskRequest {
        health: pb::PromiseHealth::OnTime.into(),
        variant_id: "PRO".into(),
        city: "Atlantis".into(),
    };
    let refused = at_risk(&service, wrong).await.unwrap_err();
    names(&refused, &["health", "variant_id", "city"]);
    let mut wrong = repromise("1", "Atlantis", false);
    wrong.request_id = "1".into();
    let refused = service.orders().repromise_orders(wrong).await.unwrap_err();
    names(&refused, &["request_id", "scope.city"]);
    let wrong = pb::SetOrderTermsRequest {
        request_id: RequestId::named("t").to_string(),
        terms: Some(pb::OrderTerms {
            deposit: Some(Money {
                currency_code: "yuan".into(),
                minor_units: -1,
            }),
            refundable_days: 4_000,
        }),
    };
    let refused = service.orders().set_order_terms(wrong).await.unwrap_err();
    let fields = [
        "terms.refundable_days",
        "terms.deposit.currency_code",
        "terms.deposit.minor_units",
    ];
    names(&refused, &fields);
}

#[tokio::test]
async fn the_deposit_of_a_cancelled_order_follows_the_terms_that_stand() {
    let service = twenty().await;
    let cancel = |id: &str, on: &str| {
        let message = pb::CancelOrderRequest {
            request_id: RequestId::named(id).to_string(),
            order_id: id.into(),
            cancelled_on: Some(date_pb(date(on))),
            etag: String::new(),
        };
        let mut orders = service.orders();
        async move { orders.cancel_order(message).await.unwrap().into_inner() }
    };
    let silent = cancel("O01", "2024-03-29").await;
    assert_eq!(silent.deposit_outcome(), pb::DepositOutcome::Unspecified);
    assert_eq!((silent.terms, silent.refundable_until), (None, None));
    let terms = pb::OrderTerms {
        deposit: Some(Money {
            currency_code: "CNY".into(),
            minor_units: 500_000,
        }),
        refundable_days: 7,
    };
    let set = |name: &str, terms: &pb::OrderTerms| {
        let message = pb::SetOrderTermsRequest {
            request_id: RequestId::named(&format!("terms {name}")).to_string(),
            terms: Some(terms.clone()),
        };
        let mut orders = service.orders();
        async move {
            orders
                .set_order_terms(message)
                .await
                .unwrap()
                .into_inner()
                .terms
        }
    };
    assert_eq!(set("1", &terms).await.as_ref(), Some(&terms));
    let refunded = cancel("O02", "2024-04-04").await;
    assert_eq!(refunded.deposit_outcome(), pb::DepositOutcome::Refunded);
    assert_eq!(refunded.terms.as_ref(), Some(&terms));
    assert_eq!(refunded.refundable_until, Some(date_pb(date("2024-04-04"))));
    let kept = cancel("O03", "2024-04-05").await;
    assert_eq!(kept.deposit_outcome(), pb::DepositOutcome::Kept);
    // Other terms count for who cancels from now on; the same request again says what it said.
    let strict = pb::OrderTerms {
        refundable_days: 0,
        ..terms.clone()
    };
    set("2", &strict).await;
    assert_eq!(cancel("O02", "2024-04-04").await, refunded);
    let kept = cancel("O04", "2024-03-29").await;
    assert_eq!(kept.deposit_outcome(), pb::DepositOutcome::Kept);
    let stand = service
        .orders()
        .get_order_terms(pb::GetOrderTermsRequest {})
        .await;
    assert_eq!(stand.unwrap().into_inner().terms, Some(strict));
    assert_eq!(service.broken().await, Vec::<String>::new());
}
