//! Plans, requirements and promises over the wire.

use takt_contract::date_opt;
use takt_kernel::Violations;
use takt_service::error::reason_of;

use super::*;

fn date(date: Option<&common::Date>) -> Date {
    date_opt(date, "date", &mut Violations::new()).unwrap()
}

#[tokio::test]
async fn a_plan_is_made_once_told_and_read_back() {
    let mut service = Service::imported().await;
    let mut plans = PlanningServiceClient::new(service.channel.clone());
    let mut promises = PromiseServiceClient::new(service.channel.clone());
    let none = promises
        .get_promise_profile(pb::GetPromiseProfileRequest {
            as_of: Some(date_pb(day(0))),
        })
        .await
        .unwrap_err();
    assert_eq!(reason_of(&none).as_deref(), Some("NO_PLAN"));

    let tried = service.plan(day(-30), 1, true).await.unwrap();
    assert_eq!(
        tried
            .last()
            .unwrap()
            .plan
            .as_ref()
            .map(|plan| plan.vehicle_count),
        Some(40)
    );
    assert!(
        plans.get_plan(pb::GetPlanRequest::default()).await.is_err(),
        "a trial leaves nothing"
    );

    let messages = service.plan(day(-30), 2, false).await.unwrap();
    let stages: Vec<&str> = messages
        .iter()
        .map(|message| message.stage.as_str())
        .collect();
    assert_eq!(stages, ["LOAD", "LINE", "EXPLODE", "SAVE", "DONE"]);
    let plan = messages.last().unwrap().plan.clone().unwrap();
    assert_eq!(
        (plan.plan_id.as_str(), plan.vehicle_count, plan.item_count),
        ("small-20240227", 40, 6)
    );
    let again = service.plan(day(-30), 2, false).await.unwrap();
    assert_eq!((again.len(), again[0].plan.as_ref()), (1, Some(&plan)));
    let second = service
        .plan(day(-30), 3, false)
        .await
        .unwrap()
        .last()
        .unwrap()
        .plan
        .clone()
        .unwrap();
    assert_eq!(second.plan_id, "small-20240227-2");

    let read_back = plans
        .get_plan(pb::GetPlanRequest {
            plan_id: plan.plan_id.clone(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            read_back.days.len(),
            read_back.days[0].variants.len(),
            read_back.days[0].capacity
        ),
        (10, 2, 8)
    );
    let stream = plans
        .stream_requirements(pb::StreamRequirementsRequest {
            plan_id: plan.plan_id.clone(),
        })
        .await
        .unwrap()
        .into_inner();
    let items: Vec<pb::ItemSeries> = read(stream)
        .await
        .unwrap()
        .into_iter()
        .flat_map(|page| page.items)
        .collect();
    let ids: Vec<&str> = items.iter().map(|item| item.item_id.as_str()).collect();
    assert_eq!(ids, ["BODY", "PACK", "W19", "W20", "AWD", "TRIM"]);
    let body = items[0].series.as_ref().unwrap();
    assert_eq!(
        (date(body.first_date.as_ref()), body.thousandths.clone()),
        (day(1), vec![4000; 10])
    );

    // The requirements of the last two plans are kept, the days of the first stay as the baseline.
    service.plan(day(-20), 4, false).await.unwrap();
    let pruned = plans
        .stream_requirements(pb::StreamRequirementsRequest {
            plan_id: plan.plan_id.clone(),
        })
        .await
        .unwrap();
    assert_eq!(
        read(pruned.into_inner())
            .await
            .err()
            .and_then(|status| reason_of(&status))
            .as_deref(),
        Some("PLAN_PRUNED")
    );
    let baseline = RampServiceClient::new(service.channel.clone())
        .get_ramp(pb::GetRampRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        baseline.days[0]
            .planned
            .iter()
            .map(|planned| planned.vehicle_count)
            .sum::<i64>(),
        4
    );

    service.settle().await;
    let told = service.procurement.with(|state| state.told.clone());
    let released = told.iter().filter(|fact| {
        matches!(
            fact.body.as_ref().and_then(|body| body.kind.as_ref()),
            Some(Kind::MasterPlanReleased(_))
        )
    });
    assert_eq!(released.map(|fact| fact.sequence).max(), Some(3));
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn a_promise_says_when_and_why_not_earlier() {
    let mut service = Service::imported().await;
    service.plan(day(0), 1, false).await.unwrap();
    let mut promises = PromiseServiceClient::new(service.channel.clone());
    let profile = promises
        .get_promise_profile(pb::GetPromiseProfileRequest {
            as_of: Some(date_pb(day(3))),
        })
        .await
        .unwrap()
        .into_inner();
    let std = &profile.variants[0];
    assert_eq!(
        (
            std.variant_id.as_str(),
            std.days.len(),
            std.days[7].cumulative_vehicle_count
        ),
        ("STD", 8, 16)
    );
    assert_eq!(
        (
            date(std.days[0].date.as_ref()),
            date(std.estimate_from.as_ref())
        ),
        (day(3), day(10))
    );
    assert_eq!((std.estimate_vehicle_count, std.estimate_days), (20, 28));

    let ask = |orders_ahead: i64| pb::CheckPromiseRequest {
        as_of: Some(date_pb(day(1))),
        variant_id: "MAX".into(),
        options: BTreeMap::new(),
        orders_ahead,
    };
    service
        .procurement
        .receive("BODY.STEEL.000001", 2_010_000_001, 1);
    let answer = promises.check_promise(ask(2)).await.unwrap().into_inner();
    assert_eq!(
        (
            answer.kind,
            date(answer.build_on.as_ref()),
            answer.result_status
        ),
        (1, day(2), 1)
    );
    let reasons: Vec<(i32, &str)> = answer
        .reasons
        .iter()
        .map(|reason| (reason.code, reason.subject.as_str()))
        .collect();
    assert_eq!(reasons, [(4, "BW"), (2, "PACK"), (2, "W20"), (2, "AWD")]);
    let beyond = promises.check_promise(ask(40)).await.unwrap().into_inner();
    assert_eq!(
        (beyond.kind, date(beyond.build_on.as_ref())),
        (2, day(10).plus(30))
    );

    service.procurement.with(|state| state.away = true);
    let partial = promises.check_promise(ask(0)).await.unwrap().into_inner();
    assert_eq!(
        (
            partial.result_status,
            partial.tombstones[0].node.as_str(),
            partial.reasons.len()
        ),
        (2, "procurement", 0)
    );
    let wrong = pb::CheckPromiseRequest {
        variant_id: "XXL".into(),
        orders_ahead: -1,
        ..ask(0)
    };
    assert_eq!(
        promises.check_promise(wrong).await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );
    service.stop().await;
}
