//! Engineering changes over the wire: by build number, by date and by stock, from the draft to the break point.

use takt_contract::{
    common::v1::ItemRow, procurement::v1 as procurement,
    production::v1::engineering_change_service_client::EngineeringChangeServiceClient as Client,
};
use takt_service::error::reason_of;

use super::*;

/// The body that replaces BODY, item 9.
pub(super) const NEW: &str = "BODY-B";

pub(super) async fn with_new_body() -> Service {
    let body = rows().into_iter().find_map(|row| match row {
        Row::Item(item) if item.item_id == "BODY" => Some(item),
        _ => None,
    });
    let new = ItemRow {
        item_id: NEW.to_owned(),
        item_number: 9,
        ..body.unwrap()
    };
    let mut all = rows();
    all.push(Row::Item(new));
    let service = Service::with_rows(all).await;
    service.procurement.with(|state| {
        let source = |lead_time_days, from: Option<Date>| procurement::SourceOutlook {
            supplier_id: "STEEL".to_owned(),
            share_millionths: 1_000_000,
            lead_time_days,
            price: Some(takt_contract::price_pb(takt_kernel::Price::new(
                2_500_000,
                takt_kernel::Currency::USD,
            ))),
            weekly_capacity_thousandths: Some(100_000),
            approval: from.map(|from| procurement::PartApproval {
                ppap_level: 3,
                status: procurement::PartApprovalStatus::Approved.into(),
                valid_from: Some(date_pb(from)),
            }),
        };
        for (item, approved) in [("BODY", Some(day(-90))), (NEW, None)] {
            let sources = vec![source(2, approved)];
            state.sources.insert(item.to_owned(), sources);
        }
    });
    service
}

fn approve_part(service: &Service, from: Date) {
    service.procurement.with(|state| {
        for source in state.sources.get_mut(NEW).unwrap() {
            source.approval = Some(procurement::PartApproval {
                ppap_level: 3,
                status: procurement::PartApprovalStatus::Approved.into(),
                valid_from: Some(date_pb(from)),
            });
        }
    });
}

pub(super) fn spec(
    kind: pb::EffectivityKind,
    on: Option<Date>,
    build_number: i64,
) -> pb::ChangeSpec {
    pb::ChangeSpec {
        title: "A lighter body".to_owned(),
        reason: "mass".to_owned(),
        items: vec![pb::AffectedItem {
            old_item_id: "BODY".to_owned(),
            new_item_id: NEW.to_owned(),
            quantity_thousandths: 1000,
            ..pb::AffectedItem::default()
        }],
        effectivity: Some(pb::Effectivity {
            kind: kind.into(),
            date: on.map(date_pb),
            build_number,
        }),
        interchangeability: pb::Interchangeability::NewForOld.into(),
    }
}

fn create(change_id: &str, spec: pb::ChangeSpec) -> pb::CreateChangeRequest {
    pb::CreateChangeRequest {
        request_id: id(&format!("create/{change_id}")),
        change_id: change_id.to_owned(),
        spec: Some(spec),
    }
}

fn assess(change_id: &str, as_of: Date, validate_only: bool) -> pb::AssessChangeRequest {
    pb::AssessChangeRequest {
        request_id: id(&format!("assess/{change_id}/{as_of}/{validate_only}")),
        change_id: change_id.to_owned(),
        as_of: Some(date_pb(as_of)),
        validate_only,
    }
}

fn approve(change_id: &str) -> pb::ApproveChangeRequest {
    pb::ApproveChangeRequest {
        request_id: id(&format!("approve/{change_id}")),
        change_id: change_id.to_owned(),
        etag: String::new(),
        approved_by: "chief engineer".to_owned(),
    }
}

fn release(change_id: &str, on: Date) -> pb::ReleaseChangeRequest {
    pb::ReleaseChangeRequest {
        request_id: id(&format!("release/{change_id}/{on}")),
        change_id: change_id.to_owned(),
        etag: String::new(),
        released_on: Some(date_pb(on)),
    }
}

/// A change that is released as of day -20.
pub(super) async fn released(service: &Service, change_id: &str, spec: pb::ChangeSpec) {
    let mut client = Client::new(service.channel.clone());
    approve_part(service, day(-90));
    client.create_change(create(change_id, spec)).await.unwrap();
    let assessed = client
        .assess_change(assess(change_id, day(-20), false))
        .await
        .unwrap()
        .into_inner();
    client.approve_change(approve(change_id)).await.unwrap();
    client
        .release_change(release(change_id, day(-20)))
        .await
        .unwrap();
    // Who broke off and begins anew asks the same again, and hears the same.
    let again = client
        .assess_change(assess(change_id, day(-20), false))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, assessed);
}

async fn break_point(service: &Service, change_id: &str) -> pb::GetBreakPointResponse {
    let request = pb::GetBreakPointRequest {
        change_id: change_id.to_owned(),
    };
    let mut client = Client::new(service.channel.clone());
    client.get_break_point(request).await.unwrap().into_inner()
}

/// What each vehicle has for a body, in build order.
async fn bodies(service: &Service) -> Vec<String> {
    let mut client = VehicleServiceClient::new(service.channel.clone());
    let mut bodies = Vec::new();
    for vehicle in service.vehicles().await {
        let request = pb::TraceBackwardRequest {
            vin: vehicle.vin,
            ..pb::TraceBackwardRequest::default()
        };
        let parts = read(client.trace_backward(request).await.unwrap().into_inner());
        let parts = parts.await.unwrap().into_iter().flat_map(|page| page.parts);
        bodies.extend(
            parts
                .filter(|part| part.item_id.starts_with("BODY"))
                .map(|part| part.item_id),
        );
    }
    bodies
}

async fn requirements(service: &Service, plan_id: &str) -> BTreeMap<String, Vec<i64>> {
    let request = pb::StreamRequirementsRequest {
        plan_id: plan_id.to_owned(),
    };
    let mut client = PlanningServiceClient::new(service.channel.clone());
    let pages = read(
        client
            .stream_requirements(request)
            .await
            .unwrap()
            .into_inner(),
    );
    let items = pages.await.unwrap().into_iter().flat_map(|page| page.items);
    items
        .map(|item| (item.item_id, item.series.unwrap().thousandths))
        .collect()
}

async fn lock_all(service: &mut Service) {
    let orders: Vec<(i64, &str, &str, bool)> = (1..=16)
        .map(|n| (n, if n % 2 == 0 { "MAX" } else { "STD" }, "W20", false))
        .collect();
    service.lock(&orders).await;
    service.stock();
}

#[tokio::test]
async fn a_change_by_build_number_begins_with_that_vehicle() {
    let mut service = with_new_body().await;
    let kind = pb::EffectivityKind::BuildNumber;
    released(&service, "EC-1", spec(kind, None, 7)).await;
    lock_all(&mut service).await;
    service
        .procurement
        .receive("BODY-B.STEEL.000001", 9_010_000_001, 90);
    // Vehicles 1 to 6 and 7 to 40: four a day.
    let plan = service.plan(day(-5), 1, false).await.unwrap();
    let plan_id = plan.last().unwrap().plan.clone().unwrap().plan_id;
    let need = requirements(&service, &plan_id).await;
    let sum = |item: &str| need.get(item).unwrap().iter().sum::<i64>();
    assert_eq!((sum("BODY"), sum(NEW), sum("PACK")), (6000, 34_000, 40_000));
    assert_eq!(need[NEW][..3], [0, 2000, 4000]);

    // Place 1 of day 2 is pulled out before its parts are used: build number 7 is the next vehicle.
    service.run_day(a_day(1)).await.unwrap();
    let pulled = pb::RunDayRequest {
        pulled_places: vec![1],
        ..a_day(2)
    };
    service.run_day(pulled).await.unwrap();
    service.run_day(a_day(3)).await.unwrap();
    let bodies = bodies(&service).await;
    assert_eq!(bodies.len(), 12);
    assert!(bodies[..6].iter().all(|body| body == "BODY"), "{bodies:?}");
    assert!(bodies[6..].iter().all(|body| body == NEW), "{bodies:?}");

    let found = break_point(&service, "EC-1").await;
    let (old, new) = (found.last_old.unwrap(), found.first_new.unwrap());
    assert_eq!((old.build_number, new.build_number), (6, 7));
    assert_eq!(new.lots[0].lot_id, "BODY-B.STEEL.000001");
    assert_eq!(old.lots[0].item_id, "BODY");
    assert_eq!((found.old_vehicle_count, found.new_vehicle_count), (6, 6));
    assert!(found.new_may_replace_old && !found.old_may_replace_new);
    let change = found.change.unwrap();
    assert_eq!(
        (change.state(), change.first_build_number),
        (pb::ChangeState::Effective, 7)
    );
    assert_eq!(service.broken().await, []);
}

#[tokio::test]
async fn an_old_part_runs_out_before_the_new_one_begins() {
    let mut service = with_new_body().await;
    let kind = pb::EffectivityKind::RunOut;
    lock_all(&mut service).await;
    // Of 63 bodies all but five are gone: those five last for a day and a vehicle.
    service.procurement.with(|state| {
        let lots = state.lots.get_mut("BODY").unwrap();
        (lots[0].thousandths, lots[1].thousandths) = (3000, 2000);
    });
    service
        .procurement
        .receive("BODY-B.STEEL.000001", 9_010_000_001, 90);
    released(&service, "EC-2", spec(kind, Some(day(1)), 0)).await;
    let plan = service.plan(day(-5), 1, false).await.unwrap();
    let plan_id = plan.last().unwrap().plan.clone().unwrap().plan_id;
    let need = requirements(&service, &plan_id).await;
    assert_eq!(need["BODY"][..3], [4000, 1000, 0]);
    assert_eq!(need[NEW][..3], [0, 3000, 4000]);

    for n in 1..=3 {
        service.run_day(a_day(n)).await.unwrap();
    }
    let bodies = bodies(&service).await;
    assert_eq!(bodies.iter().filter(|body| *body == "BODY").count(), 5);
    assert!(bodies[..5].iter().all(|body| body == "BODY"), "{bodies:?}");
    assert_eq!(
        break_point(&service, "EC-2")
            .await
            .first_new
            .unwrap()
            .build_number,
        6
    );
    assert_eq!(service.broken().await, []);

    // An old body that turns up afterwards is not used any more: the break point is one point.
    service
        .procurement
        .receive("BODY.ALU.000002", 2_020_000_002, 9);
    service.run_day(a_day(4)).await.unwrap();
    assert_eq!(self::bodies(&service).await[12..], [NEW; 4]);
}

#[tokio::test]
async fn the_impact_is_known_before_the_decision() {
    let mut service = with_new_body().await;
    lock_all(&mut service).await;
    service.procurement.with(|state| {
        state.open.insert("BODY".to_owned(), 20_000);
    });
    let mut client = Client::new(service.channel.clone());
    let by_date = spec(pb::EffectivityKind::Date, Some(day(6)), 0);
    client
        .create_change(create("EC-3", by_date.clone()))
        .await
        .unwrap();
    // 63 are there and 20 on order; five days of four use 20.
    let told = client
        .assess_change(assess("EC-3", day(-2), true))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(told.change.unwrap().state(), pb::ChangeState::Draft);
    let impact = told.impact.unwrap();
    let left = &impact.leftovers[0];
    let of = |quantity: &Option<common::Quantity>| quantity.as_ref().unwrap().thousandths;
    assert_eq!(
        (of(&left.need), of(&left.on_hand), of(&left.open)),
        (20_000, 63_000, 20_000)
    );
    assert_eq!((of(&left.obsolete), of(&left.liability)), (43_000, 20_000));
    assert_eq!(left.obsolete_cost.as_ref().unwrap().minor_units, 10_750);
    assert_eq!(left.liability_cost.as_ref().unwrap().minor_units, 5_000);
    assert_eq!(
        (impact.old_vehicle_count, impact.new_vehicle_count),
        (20, 20)
    );
    assert_eq!(impact.expected_break_on, Some(date_pb(day(6))));
    assert_eq!(impact.expected_build_number, 21);
    // Nobody has approved the new part yet.
    assert!(!impact.possible && impact.first_possible_on.is_none());
    assert_eq!(
        impact.reasons[0].code(),
        common::ReasonCode::PpapNotApproved
    );
    assert_eq!(impact.reasons[0].subject, "BODY-B.STEEL");

    client
        .assess_change(assess("EC-3", day(-2), false))
        .await
        .unwrap();
    let early = client
        .release_change(release("EC-3", day(-2)))
        .await
        .unwrap_err();
    assert_eq!(reason_of(&early).as_deref(), Some("CHANGE_STATE"));
    client.approve_change(approve("EC-3")).await.unwrap();
    let gated = client
        .release_change(release("EC-3", day(-2)))
        .await
        .unwrap_err();
    assert_eq!(
        reason_of(&gated).as_deref(),
        Some("CHANGE_GATES_OPEN"),
        "{gated:?}"
    );
    // Approved from day 3 on, ordered then, received two days later, used on day 6.
    approve_part(&service, day(3));
    let told = client
        .assess_change(assess("EC-3", day(0), true))
        .await
        .unwrap()
        .into_inner();
    let impact = told.impact.unwrap();
    assert_eq!(impact.first_possible_on, Some(date_pb(day(6))));
    assert!(impact.possible);
    let other = pb::ReleaseChangeRequest {
        etag: "\"1\"".to_owned(),
        ..release("EC-3", day(1))
    };
    assert_eq!(
        client.release_change(other).await.unwrap_err().code(),
        tonic::Code::Aborted
    );
    client
        .release_change(release("EC-3", day(0)))
        .await
        .unwrap();
    assert_eq!(service.broken().await, []);

    // What is released is cancelled, not revised; then nobody follows it.
    let revise = pb::ReviseChangeRequest {
        request_id: id("revise"),
        change_id: "EC-3".to_owned(),
        etag: String::new(),
        spec: Some(by_date),
    };
    let refused = client.revise_change(revise).await.unwrap_err();
    assert_eq!(reason_of(&refused).as_deref(), Some("CHANGE_STATE"));
    let cancel = pb::CancelChangeRequest {
        request_id: id("cancel"),
        change_id: "EC-3".to_owned(),
        etag: String::new(),
    };
    client.cancel_change(cancel).await.unwrap();
    let plan = service.plan(day(-5), 1, false).await.unwrap();
    let plan_id = plan.last().unwrap().plan.clone().unwrap().plan_id;
    assert!(!requirements(&service, &plan_id).await.contains_key(NEW));
    assert_eq!(service.broken().await, []);
}

#[tokio::test]
async fn what_contradicts_the_product_is_refused_field_by_field() {
    let service = with_new_body().await;
    let mut client = Client::new(service.channel.clone());
    let mut wrong = spec(pb::EffectivityKind::RunOut, Some(day(1)), 0);
    wrong.title = String::new();
    wrong.items[0].old_item_id = "PAINTED".to_owned();
    wrong.items[0].new_item_id = "NOTHING".to_owned();
    wrong.items[0].condition = "WHEEL=W99".to_owned();
    let refused = client
        .create_change(create("EC-4", wrong))
        .await
        .unwrap_err();
    for field in [
        "spec.title",
        "spec.items[0].new_item_id",
        "spec.items[0].condition",
        "spec.items[0].effectivity.kind",
    ] {
        assert!(
            format!("{refused:?}").contains(field),
            "{field}: {refused:?}"
        );
    }
    // A page of one, and the next.
    for (name, number) in [("EC-A", 3), ("EC-B", 4)] {
        let spec = spec(pb::EffectivityKind::BuildNumber, None, number);
        client.create_change(create(name, spec)).await.unwrap();
    }
    let page = |page_token: String| pb::ListChangesRequest {
        page_size: 1,
        page_token,
    };
    let first = client
        .list_changes(page(String::new()))
        .await
        .unwrap()
        .into_inner();
    let second = client
        .list_changes(page(first.next_page_token))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            first.changes[0].change_id.as_str(),
            second.changes[0].change_id.as_str()
        ),
        ("EC-A", "EC-B")
    );
    assert_eq!(second.next_page_token, "");
    // Where procurement is away the impact is partial and says so.
    service.procurement.with(|state| state.away = true);
    let told = client
        .assess_change(assess("EC-A", day(0), true))
        .await
        .unwrap()
        .into_inner();
    let impact = told.impact.unwrap();
    assert_eq!(impact.result_status(), common::ResultStatus::Partial);
    assert_eq!(impact.tombstones[0].node, "procurement");
    assert_eq!(
        (impact.old_vehicle_count, impact.new_vehicle_count),
        (2, 38)
    );
}
