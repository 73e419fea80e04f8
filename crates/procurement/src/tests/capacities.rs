//! Capacity by week: groups that are recorded, what the plan demands of them and of sites, and what is said no to.

use std::sync::Arc;

use takt_contract::{
    date_pb,
    procurement::v1::{self as pb, capacity_service_server::CapacityService},
};
use takt_kernel::Date;
use tonic::{Code, Request, Status};

use super::{World, all, id, reason, sample::day};
use crate::capacity::rpc::CapacityRpc;

fn group(name: &str, item: &str, factor: i64, below: &[&str]) -> pb::CapacityGroup {
    pb::CapacityGroup {
        capacity_group_id: name.into(),
        supplier_id: "BETA".into(),
        name: format!("line {name}"),
        linked_items: vec![pb::LinkedItem {
            item_id: item.into(),
            load_factor_millionths: factor,
        }],
        linked_capacity_group_ids: below.iter().map(|id| (*id).to_owned()).collect(),
        ..pb::CapacityGroup::default()
    }
}

fn week(on: Date, actual: i64, maximum: i64) -> pb::CapacityWeek {
    pb::CapacityWeek {
        week: Some(date_pb(on)),
        actual_thousandths: actual,
        maximum_thousandths: maximum,
        ..pb::CapacityWeek::default()
    }
}

async fn record(
    world: &World,
    request: &str,
    groups: Vec<pb::CapacityGroup>,
) -> Result<pb::RecordCapacityGroupsResponse, Status> {
    let message = pb::RecordCapacityGroupsRequest {
        request_id: id(request),
        capacity_groups: groups,
    };
    let rpc = CapacityRpc(Arc::clone(&world.desk));
    let answer = rpc.record_capacity_groups(Request::new(message)).await?;
    Ok(answer.into_inner())
}

async fn matched(
    world: &World,
    message: pb::MatchCapacityRequest,
) -> Vec<pb::MatchCapacityResponse> {
    let rpc = CapacityRpc(Arc::clone(&world.desk));
    all(rpc.match_capacity(Request::new(message)).await)
        .await
        .unwrap()
}

/// BETA delivers six of ten bolts a day for twenty days, as many days before they are used as they take from order to receipt counting
/// for its materials only: its own demand stands on the days of use.
#[tokio::test]
async fn what_the_plan_demands_is_set_against_what_was_told() {
    let mut world = World::new().await;
    assert!(world.plan(105, &[(2, 105, &[10; 20])]).await);
    let first = day(105).monday();
    let weeks: Vec<_> = (0..4)
        .map(|n| week(first.plus(n * 7), 50_000, 60_000))
        .collect();
    let mut line = group("LINE", "BOLT", 1_500_000, &[]);
    line.weeks = weeks;
    let hall = group("HALL", "BOLT", 500_000, &["LINE"]);
    let done = record(&world, "both", vec![line.clone(), hall])
        .await
        .unwrap();
    assert_eq!((done.created_count, done.replaced_count), (2, 0));

    let answers = matched(
        &world,
        pb::MatchCapacityRequest {
            with_weeks: true,
            ..Default::default()
        },
    )
    .await;
    let rows: Vec<_> = answers.iter().flat_map(|answer| &answer.matched).collect();
    // Wire for ALFA's bolts is needed a week before them.
    assert_eq!(answers[0].first_week, Some(date_pb(first.minus(7))));
    let of = |name: &str| {
        *rows
            .iter()
            .find(|row| row.capacity_group_id == name)
            .unwrap()
    };
    let demand = |row: &pb::MatchedCapacity| -> i64 {
        row.weeks.iter().map(|week| week.demand_thousandths).sum()
    };
    // 120 bolts: half as much again on the line, and in the hall the line and half of the bolts beside it.
    assert_eq!((demand(of("LINE")), demand(of("HALL"))), (180_000, 240_000));
    let whole = of("LINE")
        .weeks
        .iter()
        .find(|week| week.demand_thousandths == 63_000)
        .unwrap();
    assert_eq!(
        (whole.rating(), whole.missing_thousandths),
        (pb::CapacityRating::Bottleneck, 3_000)
    );
    assert_eq!(of("LINE").peak_load_millionths, Some(1_260_000));
    // Nobody told what the hall can do.
    assert_eq!(
        (of("HALL").peak_load_millionths, of("HALL").bottleneck_weeks),
        (None, 0)
    );
    assert!(of("HALL").unknown_weeks >= 3);
    // A week ahead there is room for the three that are missing.
    let ahead = pb::MatchCapacityRequest {
        ahead_weeks: 1,
        supplier_id: "BETA".into(),
        ..Default::default()
    };
    let row = matched(&world, ahead).await[0].matched[0].clone();
    assert!(
        row.missing_thousandths > 0
            && row.missing_after_building_ahead_thousandths < row.missing_thousandths
    );
    assert!(row.weeks.is_empty());

    // A group is replaced whole; one that counts no more is not matched.
    line.inactive = true;
    line.weeks.clear();
    let done = record(&world, "again", vec![line]).await.unwrap();
    assert_eq!((done.created_count, done.replaced_count), (0, 1));
    let answers = matched(
        &world,
        pb::MatchCapacityRequest {
            with_weeks: true,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(answers[0].matched.len(), 1);
    assert_eq!(demand(&answers[0].matched[0]), 60_000);
    let rpc = CapacityRpc(Arc::clone(&world.desk));
    let page = rpc
        .list_capacity_groups(Request::new(pb::ListCapacityGroupsRequest {
            page_size: 1,
            ..Default::default()
        }))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.capacity_groups[0].linked_capacity_group_ids, ["LINE"]);
    assert!(!page.next_page_token.is_empty());
    assert_eq!(world.broken().await, []);

    // A site by what the programme knows of it, with a tenth of flexibility.
    world
        .by_hand("INSERT INTO node (supplier_id, item_id, name, capacity_per_week) VALUES ('BETA', 'BOLT', 'bolts', 40000)")
        .await;
    let sites = pb::MatchCapacityRequest {
        sites: true,
        flexibility_millionths: 100_000,
        ..Default::default()
    };
    let rows = matched(&world, sites).await[0].matched.clone();
    // Of 42 a week 40 can be made, and 44 when it must be.
    assert_eq!(
        (rows[0].supplier_id.as_str(), rows[0].item_id.as_str()),
        ("BETA", "BOLT")
    );
    assert_eq!(
        (rows[0].peak_load_millionths, rows[0].bottleneck_weeks),
        (Some(1_050_000), 0)
    );
    assert!(rows[0].flexible_weeks >= 2);
}

#[tokio::test]
async fn what_is_wrong_with_groups_is_named() {
    let mut world = World::new().await;
    assert!(world.plan(105, &[(2, 105, &[10; 20])]).await);
    let refused = async |name: &str, groups: Vec<pb::CapacityGroup>| {
        record(&world, name, groups).await.unwrap_err()
    };
    let unknown = refused("site", vec![group("A", "LAMP", 1_000_000, &[])]).await;
    assert_eq!(unknown.code(), Code::NotFound);
    let nobody = refused("below", vec![group("A", "BOLT", 1_000_000, &["B"])]).await;
    assert_eq!(nobody.code(), Code::NotFound);
    let two = vec![
        group("A", "BOLT", 1_000_000, &["B"]),
        group("B", "BOLT", 1_000_000, &["A"]),
    ];
    assert_eq!(
        reason(&refused("around", two).await),
        "CAPACITY_GROUPS_CIRCULAR"
    );
    let mut flaws = group("A", "BOLT", 0, &["A"]);
    flaws.weeks = vec![week(day(105).monday().plus(1), 5, 4)];
    let told = refused("flaws", vec![flaws]).await;
    for part in [
        "load_factor_millionths",
        "linked_capacity_group_ids",
        "weeks[0].week",
        "weeks[0].maximum_thousandths",
    ] {
        assert!(
            told.message().contains(part) || format!("{told:?}").contains(part),
            "{told:?}"
        );
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM capacity_group").await, 0);
}
