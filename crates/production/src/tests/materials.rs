//! Material plans over the wire: run, kept, pegged, explained, replanned, partial, cancelled, and made again after a restart.

use takt_contract::date_opt;
use takt_contract::procurement::v1 as procurement_pb;
use takt_kernel::Violations;
use takt_service::error::reason_of;

use super::*;

type Client = PlanningServiceClient<Channel>;

fn date(date: Option<&common::Date>) -> Date {
    date_opt(date, "date", &mut Violations::new()).unwrap()
}

fn request(as_of: Date, name: &str) -> pb::RunMaterialPlanRequest {
    pb::RunMaterialPlanRequest {
        request_id: id(name),
        as_of: Some(date_pb(as_of)),
        ..pb::RunMaterialPlanRequest::default()
    }
}

async fn run(
    client: &mut Client,
    request: pb::RunMaterialPlanRequest,
) -> Result<Vec<pb::RunMaterialPlanResponse>, Status> {
    read(client.run_material_plan(request).await?.into_inner()).await
}

async fn planned(client: &mut Client, as_of: Date, name: &str) -> pb::MaterialPlan {
    let messages = run(client, request(as_of, name)).await.unwrap();
    messages.last().unwrap().plan.clone().unwrap()
}

async fn items(client: &mut Client, item_ids: &[&str]) -> Vec<pb::PlannedItem> {
    let request = pb::StreamPlannedOrdersRequest {
        plan_id: String::new(),
        item_ids: item_ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let stream = client.stream_planned_orders(request).await.unwrap();
    let pages = read(stream.into_inner()).await.unwrap();
    pages.into_iter().flat_map(|page| page.items).collect()
}

/// Bodies in lots of four within five days, everything else one for one within two.
fn terms(service: &Service) {
    service.procurement.with(|state| {
        for item in ["PACK", "W19", "W20", "AWD", "TRIM"] {
            state.terms.insert(item.into(), (1_000, 2));
        }
        state.terms.insert("BODY".into(), (4_000, 5));
    });
}

#[tokio::test]
async fn a_plan_is_run_kept_and_asked() {
    let mut service = Service::imported().await;
    let mut client = Client::new(service.channel.clone());
    let none = client
        .get_material_plan(pb::GetMaterialPlanRequest::default())
        .await
        .unwrap_err();
    assert_eq!(reason_of(&none).as_deref(), Some("NO_MATERIAL_PLAN"));
    terms(&service);
    service
        .procurement
        .receive("BODY.STEEL.000001", 2_010_000_001, 3);
    service
        .lock(&[(1, "STD", "W20", true), (2, "MAX", "W19", false)])
        .await;

    let trial = pb::RunMaterialPlanRequest {
        validate_only: true,
        ..request(day(-10), "m/0")
    };
    let trial = run(&mut client, trial).await.unwrap();
    assert_eq!(
        trial.last().unwrap().plan.as_ref().unwrap().demand_count,
        52
    );
    assert!(
        client
            .get_material_plan(pb::GetMaterialPlanRequest::default())
            .await
            .is_err()
    );

    let messages = run(&mut client, request(day(-10), "m/1")).await.unwrap();
    let stages: Vec<&str> = messages
        .iter()
        .map(|message| message.stage.as_str())
        .collect();
    assert_eq!(stages, ["LOAD", "SUPPLY", "NET", "EXPLAIN", "SAVE", "DONE"]);
    assert!(
        messages
            .windows(2)
            .all(|pair| pair[0].permille < pair[1].permille)
    );
    let plan = messages.last().unwrap().plan.clone().unwrap();
    assert_eq!(plan.plan_id, "small-m-20240318");
    assert_eq!(
        (plan.late_count, plan.past_due_count, plan.result_status),
        (0, 0, 1)
    );
    let again = run(&mut client, request(day(-10), "m/1")).await.unwrap();
    assert_eq!((again.len(), again[0].plan.as_ref()), (1, Some(&plan)));
    let asked = client
        .get_material_plan(pb::GetMaterialPlanRequest::default())
        .await
        .unwrap();
    assert_eq!(asked.into_inner().plan, Some(plan.clone()));

    // 40 cars in ten days and 3 bodies in the house: each day is short of one, and a lot has 4. The first comes on the evening
    // before its use and is released 5 days earlier.
    let body = items(&mut client, &["BODY"]).await.remove(0);
    assert_eq!(
        (
            body.gross_thousandths,
            body.net_thousandths,
            body.planned_thousandths
        ),
        (40_000, 10_000, 40_000)
    );
    let first = &body.releases[0];
    assert_eq!(
        (
            date(first.released_on.as_ref()),
            date(first.received_on.as_ref())
        ),
        (day(-5), day(0))
    );
    assert_eq!(
        (first.thousandths, first.supplier_id.as_str()),
        (4_000, "MAKER-BODY")
    );
    let cars = items(&mut client, &["CAR"]).await.remove(0);
    assert_eq!((cars.gross_thousandths, cars.order_count), (40_000, 10));
    assert_eq!(items(&mut client, &[]).await.len(), 8);

    // An order lives on its parts, and its parts are for it.
    let down = pb::PegDownRequest {
        demand_id: "SO-2".into(),
        bought_only: true,
        ..pb::PegDownRequest::default()
    };
    let down = read(client.peg_down(down).await.unwrap().into_inner())
        .await
        .unwrap();
    let mut parts: Vec<(String, i64)> = (down.iter().flat_map(|page| &page.supplies))
        .map(|supply| (supply.item_id.clone(), supply.thousandths))
        .collect();
    parts.sort();
    let wanted = [("AWD", 1000), ("BODY", 1000), ("PACK", 1000), ("W19", 4000)];
    assert_eq!(parts, wanted.map(|(item, milli)| (item.to_owned(), milli)));
    let up = pb::PegUpRequest {
        item_id: "TRIM".into(),
        ..pb::PegUpRequest::default()
    };
    let up = read(client.peg_up(up).await.unwrap().into_inner())
        .await
        .unwrap();
    let demands: Vec<&str> = (up.iter().flat_map(|page| &page.demands))
        .map(|demand| demand.demand_id.as_str())
        .collect();
    assert_eq!(
        (demands.len(), demands[0], demands[1]),
        (11, "SO-1", "FORECAST TRIM 2024-03-29")
    );
    let unknown = pb::PegDownRequest {
        demand_id: "SO-77".into(),
        ..pb::PegDownRequest::default()
    };
    let unknown = read(client.peg_down(unknown).await.unwrap().into_inner())
        .await
        .unwrap_err();
    assert_eq!(reason_of(&unknown).as_deref(), Some("DEMAND_NOT_PLANNED"));
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn what_is_late_says_why_and_what_a_change_would_do() {
    let mut service = Service::imported().await;
    let mut client = Client::new(service.channel.clone());
    terms(&service);
    service.procurement.with(|state| {
        state.terms.insert("PACK".into(), (1_000, 12));
        // A lot that comes when nobody needs it any more.
        let late = procurement_pb::ExpectedReceipt {
            expected_on: Some(date_pb(day(40))),
            thousandths: 4_000,
            supplier_id: "MAKER-TRIM".into(),
            line_number: 7,
            ..Default::default()
        };
        state.coming.insert("TRIM".into(), vec![late]);
    });
    service.lock(&[(1, "STD", "W20", false)]).await;
    let plan = planned(&mut client, day(-8), "m/1").await;
    assert!(plan.late_count > 0 && plan.past_due_count > 0, "{plan:?}");

    let ask = pb::ExplainLateRequest {
        demand_id: "SO-1".into(),
        ..pb::ExplainLateRequest::default()
    };
    let answer = client.explain_late(ask).await.unwrap().into_inner();
    let late = answer.late.unwrap();
    // A pack takes 12 days and comes on the evening of day 4.
    assert_eq!(date(answer.due_on.as_ref()), day(1));
    assert_eq!(
        (late.late_days, date(late.earliest_on.as_ref())),
        (4, day(5))
    );
    let mut words = Vec::new();
    let mut reasons = &late.reasons;
    while let Some(reason) = reasons.first() {
        words.push((reason.code().as_str_name(), reason.subject.clone()));
        reasons = &reason.upstream;
    }
    let chain = [
        ("REASON_CODE_AWAIT_SUPPLY", "CAR"),
        ("REASON_CODE_MATERIAL_SHORTAGE", "PACK"),
        ("REASON_CODE_LEAD_TIME_PAST_DUE", "MAKER-PACK"),
    ];
    assert_eq!(
        words,
        chain.map(|(code, subject)| (code, subject.to_owned()))
    );

    let packs = items(&mut client, &["PACK"]).await.remove(0);
    let first = &packs.releases[0];
    assert_eq!(
        (date(first.released_on.as_ref()), first.past_due_days),
        (day(-12), 4)
    );

    let all = pb::ListLateDemandsRequest {
        page_size: 2,
        ..pb::ListLateDemandsRequest::default()
    };
    let (mut told, mut token) = (0, String::new());
    loop {
        let page = pb::ListLateDemandsRequest {
            page_token: token,
            ..all.clone()
        };
        let page = client.list_late_demands(page).await.unwrap().into_inner();
        told += page.demands.len();
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(told as i64, plan.late_count);

    let cancel = pb::ListPlanMessagesRequest {
        item_id: "TRIM".into(),
        action: pb::PlanAction::Cancel.into(),
        ..pb::ListPlanMessagesRequest::default()
    };
    let cancel = client
        .list_plan_messages(cancel)
        .await
        .unwrap()
        .into_inner()
        .messages;
    assert_eq!(cancel.len(), 1, "{cancel:?}");
    assert_eq!(
        (cancel[0].receipt_id.as_str(), cancel[0].thousandths),
        ("MAKER-TRIM line 7", 4_000)
    );
    let orders = pb::ListPlanMessagesRequest {
        item_id: "PACK".into(),
        page_size: 1,
        ..pb::ListPlanMessagesRequest::default()
    };
    let page = client
        .list_plan_messages(orders)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (page.messages[0].action(), page.messages[0].past_due_days),
        (pb::PlanAction::Order, 4)
    );
    assert_eq!(page.messages[0].demand_id, "SO-1");
    assert!(!page.next_page_token.is_empty());

    // The order is put off: it is in time then, and the kept plan stays as it is.
    let change = pb::replan_request::Change::Demand(pb::ChangedDemand {
        demand_id: "SO-1".into(),
        thousandths: 1_000,
        due_on: Some(date_pb(day(9))),
    });
    let replan = pb::ReplanRequest {
        change: Some(change),
        ..pb::ReplanRequest::default()
    };
    let after = client.replan(replan).await.unwrap().into_inner();
    assert!(after.visited_count > 0 && after.changed_count > 0);
    assert_eq!(after.late_count_before, plan.late_count);
    assert!(after.late_count_after < plan.late_count, "{after:?}");
    assert!(after.items.iter().any(|item| item.item_id == "PACK"));
    let nothing = client
        .replan(pb::ReplanRequest::default())
        .await
        .unwrap_err();
    assert_eq!(nothing.code(), tonic::Code::InvalidArgument);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn the_last_two_are_made_again_after_a_restart_and_older_ones_are_not() {
    let mut service = Service::imported().await;
    let mut client = Client::new(service.channel.clone());
    terms(&service);
    service.lock(&[(1, "STD", "W20", false)]).await;
    let first = planned(&mut client, day(-10), "m/1").await;
    let second = planned(&mut client, day(-10), "m/2").await;
    assert_eq!(second.plan_id, format!("{}-2", first.plan_id));
    let third = planned(&mut client, day(-9), "m/3").await;
    let before = items(&mut client, &[]).await;
    service.stop().await;
    service.start().await;
    let mut client = Client::new(service.channel.clone());
    assert_eq!(items(&mut client, &[]).await, before);
    let explain = |plan_id: &str| pb::ExplainLateRequest {
        plan_id: plan_id.to_owned(),
        demand_id: "SO-1".into(),
    };
    for kept in [&second, &third] {
        let answer = client
            .explain_late(explain(&kept.plan_id))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.late, None);
    }
    let pruned = client
        .explain_late(explain(&first.plan_id))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&pruned).as_deref(), Some("MATERIAL_PLAN_PRUNED"));
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn without_procurement_a_plan_is_partial_and_a_run_can_be_ended() {
    let mut service = Service::imported().await;
    let mut client = Client::new(service.channel.clone());
    service.procurement.with(|state| state.away = true);
    let plan = planned(&mut client, day(-10), "m/1").await;
    assert_eq!(plan.result_status, i32::from(common::ResultStatus::Partial));
    let hole = &plan.tombstones[0];
    assert_eq!(
        (hole.node.as_str(), hole.code()),
        ("procurement", common::ReasonCode::TierUnknown)
    );
    let cars = items(&mut client, &["CAR"]).await.remove(0);
    assert_eq!(cars.gross_thousandths, 40_000);

    // A run whose listener does not read stands still between its stages, and is ended there.
    let stream = client
        .run_material_plan(request(day(-9), "m/2"))
        .await
        .unwrap();
    let cancel = |name: &str| pb::CancelPlanRunRequest {
        request_id: id("cancel"),
        run_request_id: id(name),
    };
    let _ = client.cancel_plan_run(cancel("m/2")).await.unwrap();
    let heard = read(stream.into_inner()).await;
    let newest = client
        .get_material_plan(pb::GetMaterialPlanRequest::default())
        .await
        .unwrap();
    let newest = newest.into_inner().plan.unwrap().plan_id;
    match heard {
        Err(status) => {
            assert_eq!(reason_of(&status).as_deref(), Some("PLAN_RUN_CANCELLED"));
            assert_eq!(newest, plan.plan_id);
        }
        // It was faster than the one who ended it.
        Ok(messages) => assert_eq!(
            messages.last().unwrap().plan.as_ref().unwrap().plan_id,
            newest
        ),
    }
    let gone = client
        .cancel_plan_run(cancel("m/9"))
        .await
        .unwrap()
        .into_inner();
    assert!(!gone.was_running);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}
