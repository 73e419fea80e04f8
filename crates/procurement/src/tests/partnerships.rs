//! Partnerships over a real store: stakes over time, joint development, and what reserved capacity spares.

use std::sync::Arc;

use takt_contract::{
    common::v1::{Money, Quantity, ResultStatus},
    procurement::v1::{self as pb, partnership_service_server::PartnershipService},
};
use takt_kernel::{Currency, Price};
use takt_planning::risk::{FULL, Product};
use takt_service::{
    peer::{Peer, PeerOptions},
    telemetry::Telemetry,
};
use tonic::{Code, Request, Status};

use super::{World, all, call, id, on, reason, sample};
use crate::{
    partnership::{
        compare::{Compared, Kind, Known, Wish, compare},
        rpc::PartnershipRpc,
    },
    peers::Production,
    risk::{Ahead, Build, rpc::Ground},
};

/// The surface over a world; production is away.
fn rpc(world: &World) -> PartnershipRpc {
    let options = PeerOptions::new(&Telemetry::off("procurement"));
    let peer = Peer::connect("production", "http://127.0.0.1:9", &options).unwrap();
    PartnershipRpc {
        desk: Arc::clone(&world.desk),
        production: Production::new(peer),
    }
}

fn stake(holder: &str, company: &str, day: i32, share: Option<i64>) -> pb::Stake {
    pb::Stake {
        holder_id: holder.into(),
        company_id: company.into(),
        held_on: on(day),
        share_millionths: share,
        source: "a filing".into(),
    }
}

async fn record(world: &World, name: &str, stakes: Vec<pb::Stake>) -> Result<i64, Status> {
    let message = pb::RecordStakesRequest {
        request_id: id(name),
        stakes,
    };
    let answer = rpc(world).record_stakes(Request::new(message)).await?;
    Ok(answer.into_inner().recorded_count)
}

async fn interests(world: &World, day: Option<i32>) -> Vec<(String, i64, i64, bool)> {
    let message = pb::GetInterestsRequest {
        holder_id: String::new(),
        as_of: day.and_then(on),
    };
    let answer = rpc(world)
        .get_interests(Request::new(message))
        .await
        .unwrap();
    let row = |one: pb::Interest| {
        (
            one.company_id,
            one.effective_millionths,
            one.direct_millionths,
            one.more_not_public,
        )
    };
    answer.into_inner().interests.into_iter().map(row).collect()
}

#[tokio::test]
async fn stakes_are_recorded_whole_and_solved_with_those_before() {
    let world = World::new().await;
    let first = vec![
        stake("", "ALFA", 0, Some(600_000)),
        stake("ALFA", "BETA", 0, Some(500_000)),
        stake("BETA", "ALFA", 10, Some(200_000)),
        stake("", "GAMA", 5, None),
    ];
    assert_eq!(record(&world, "first", first.clone()).await.unwrap(), 4);
    assert_eq!(
        record(&world, "first", first).await.unwrap(),
        4,
        "a repeat is answered alike"
    );
    let row =
        |company: &str, effective, direct, more| (company.to_owned(), effective, direct, more);
    assert_eq!(
        interests(&world, Some(4)).await,
        [
            row("ALFA", 600_000, 600_000, false),
            row("BETA", 300_000, 0, false)
        ]
    );
    assert_eq!(
        interests(&world, None).await,
        [
            row("ALFA", 666_667, 600_000, false),
            row("BETA", 333_333, 0, false),
            row("GAMA", 0, 0, true)
        ]
    );
    // More than the whole, by what was recorded before: nothing of it is kept.
    let too_much = vec![
        stake("", "BETA", 3, Some(1)),
        stake("OTHER", "ALFA", 20, Some(300_000)),
    ];
    let refused = record(&world, "much", too_much).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::FailedPrecondition, "STAKES_IMPOSSIBLE".into())
    );
    assert!(refused.message().contains("ALFA"), "{}", refused.message());
    // A correction of a day, and a sale.
    let more = vec![
        stake("", "ALFA", 0, Some(500_000)),
        stake("", "GAMA", 30, Some(0)),
    ];
    record(&world, "more", more).await.unwrap();
    assert_eq!(
        interests(&world, Some(9)).await[0],
        row("ALFA", 500_000, 500_000, false)
    );
    assert!(
        interests(&world, None)
            .await
            .iter()
            .all(|one| one.0 != "GAMA")
    );
    let wrong = vec![stake("ALFA", "ALFA", 0, Some(2_000_000))];
    let refused = record(&world, "wrong", wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    // Pages add up to all.
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    loop {
        let message = pb::ListStakesRequest {
            page_size: 2,
            page_token,
        };
        let page = rpc(&world)
            .list_stakes(Request::new(message))
            .await
            .unwrap()
            .into_inner();
        listed.extend(page.stakes);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed.len(), 5);
    assert!(world.broken().await.is_empty());
}

fn milestone(name: &str, day: i32) -> pb::DevelopmentMilestone {
    pb::DevelopmentMilestone {
        milestone_id: name.into(),
        agreed_on: on(day),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_programme_goes_from_milestone_to_milestone() {
    let world = World::new().await;
    let surface = rpc(&world);
    let agree = |name: &str, supplier: &str| pb::AgreeDevelopmentRequest {
        request_id: id(&format!("agree {name} {supplier}")),
        development_id: name.into(),
        supplier_id: supplier.into(),
        title: "a lighter bolt".into(),
        item_ids: vec!["BOLT".into(), "BOLT-2".into()],
        milestones: vec![milestone("B-SAMPLE", 10), milestone("PPAP", 50)],
    };
    let unknown = surface
        .agree_development(Request::new(agree("JD-1", "NOBODY")))
        .await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    let made = surface
        .agree_development(Request::new(agree("JD-1", "ALFA")))
        .await
        .unwrap();
    let made = made.into_inner().development.unwrap();
    assert_eq!(
        (made.state(), made.milestones.len()),
        (pb::DevelopmentState::Active, 2)
    );
    let twice = surface
        .agree_development(Request::new(pb::AgreeDevelopmentRequest {
            request_id: id("another"),
            ..agree("JD-1", "BETA")
        }))
        .await;
    assert_eq!(twice.unwrap_err().code(), Code::AlreadyExists);
    let tell = |name: &str, reached: Option<i32>, due: Option<i32>, etag: &str| {
        pb::RecordMilestoneRequest {
            request_id: id(&format!("{name} {reached:?} {due:?} {etag}")),
            development_id: "JD-1".into(),
            milestone_id: name.into(),
            reached_on: reached.and_then(on),
            due_on: due.and_then(on),
            etag: etag.into(),
        }
    };
    let early = surface
        .record_milestone(Request::new(tell("PPAP", Some(20), None, "")))
        .await;
    assert_eq!(reason(&early.unwrap_err()), "MILESTONE_OUT_OF_ORDER");
    let neither = surface
        .record_milestone(Request::new(tell("PPAP", None, None, "")))
        .await;
    assert_eq!(neither.unwrap_err().code(), Code::InvalidArgument);
    let moved = surface
        .record_milestone(Request::new(tell("PPAP", None, Some(57), &made.etag)))
        .await;
    let moved = moved.unwrap().into_inner().development.unwrap();
    assert_eq!(moved.milestones[1].days_late, 7);
    let stale = surface
        .record_milestone(Request::new(tell("B-SAMPLE", Some(9), None, &made.etag)))
        .await;
    assert_eq!(stale.unwrap_err().code(), Code::Aborted);
    surface
        .record_milestone(Request::new(tell("B-SAMPLE", Some(9), None, "")))
        .await
        .unwrap();
    let done = surface
        .record_milestone(Request::new(tell("PPAP", Some(60), None, "")))
        .await
        .unwrap();
    let done = done.into_inner().development.unwrap();
    let late: Vec<i32> = done.milestones.iter().map(|own| own.days_late).collect();
    assert_eq!(
        (done.state(), late),
        (pb::DevelopmentState::Completed, vec![-1, 10])
    );
    let end = pb::EndDevelopmentRequest {
        request_id: id("end"),
        development_id: "JD-1".into(),
        ended_on: on(70),
        ..Default::default()
    };
    let late = surface
        .end_development(Request::new(end))
        .await
        .unwrap_err();
    assert_eq!(reason(&late), "DEVELOPMENT_COMPLETED");
    let read = surface
        .get_development(Request::new(pb::GetDevelopmentRequest {
            development_id: "JD-1".into(),
        }))
        .await;
    assert_eq!(read.unwrap().into_inner().development, Some(done));
    let listed = |supplier: &str| pb::ListDevelopmentsRequest {
        supplier_id: supplier.into(),
        ..Default::default()
    };
    let of = surface
        .list_developments(Request::new(listed("ALFA")))
        .await
        .unwrap()
        .into_inner();
    let other = surface
        .list_developments(Request::new(listed("BETA")))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((of.developments.len(), other.developments.len()), (1, 0));
    assert!(world.broken().await.is_empty());
}

/// Ten bolts a vehicle, a vehicle a day; ALFA gives four of the ten, BETA six.
async fn compared(world: &World) -> Vec<Compared> {
    let ground = Ground::read(&world.desk, &call()).await.unwrap();
    let builds = [Build {
        first: sample::day(105),
        product: Product {
            daily: vec![FULL; 60],
            parts: vec![(0, 10_000)],
        },
        margin: Some(Price::new(500 * FULL, Currency::USD)),
    }];
    let known = Known {
        catalogue: &ground.catalogue,
        network: &ground.network,
        supply: &ground.supply,
        ahead: &Ahead::of_builds(&builds, sample::day(105), Currency::USD),
        interests: &[],
        developments: &[("BETA".to_owned(), "JD-7".to_owned())],
    };
    let wish = Wish {
        supplier: String::new(),
        second: FULL / 2,
        second_cost: Some(100 * FULL),
    };
    compare(known, sample::day(105), &wish).unwrap()
}

fn of<'c>(all: &'c [Compared], supplier: &str) -> &'c Compared {
    all.iter().find(|one| one.supplier == supplier).unwrap()
}

#[tokio::test]
async fn capacity_that_is_reserved_at_another_source_spares_vehicles() {
    let mut world = World::new().await;
    let needs: [(u32, i32, &[i64]); 1] = [(2, 105, &[10; 60])];
    assert!(world.plan(105, &needs).await);
    world
        .by_hand("INSERT INTO node (supplier_id, item_id, name, recover_days) VALUES ('ALFA', 'BOLT', 'bolts', 30)")
        .await;
    let bare = compared(&world).await;
    let before = of(&bare, "ALFA").partner.lost.unwrap();
    // Thirty days of four tenths.
    assert_eq!(before.vehicles, 12 * FULL);
    assert!(
        of(&bare, "ALFA")
            .measures
            .iter()
            .all(|own| own.kind != Kind::ReservedCapacity)
    );
    assert_eq!(of(&bare, "ALFA").alternatives, ["BETA"]);
    assert_eq!(of(&bare, "BETA").developments, ["JD-7"]);
    let surface = rpc(&world);
    let reserve = |name: &str, supplier: &str, until: i32| pb::ReserveCapacityRequest {
        request_id: id(&format!("reserve {name} {supplier} {until}")),
        reservation: Some(pb::CapacityReservation {
            reservation_id: name.into(),
            supplier_id: supplier.into(),
            item_id: "BOLT".into(),
            weekly_quantity: Some(Quantity {
                thousandths: 14_000,
                unit_code: String::new(),
            }),
            valid_from: on(100),
            valid_until: on(until),
            fee: Some(Money {
                currency_code: "USD".into(),
                minor_units: 100_000,
            }),
            released: false,
            lead_time_days: 0,
        }),
    };
    let nowhere = surface
        .reserve_capacity(Request::new(reserve("CR-1", "GAMA", 200)))
        .await;
    assert_eq!(nowhere.unwrap_err().code(), Code::NotFound);
    let backwards = surface
        .reserve_capacity(Request::new(reserve("CR-1", "BETA", 99)))
        .await;
    assert_eq!(backwards.unwrap_err().code(), Code::InvalidArgument);
    // Fourteen bolts a week are two a day: half of what ALFA gives.
    surface
        .reserve_capacity(Request::new(reserve("CR-1", "BETA", 200)))
        .await
        .unwrap();
    let with = compared(&world).await;
    let after = of(&with, "ALFA");
    let lost = after.partner.lost.unwrap();
    assert_eq!(
        (lost.vehicles, lost.margin),
        (before.vehicles / 2, before.margin / 2)
    );
    let measure = after
        .measures
        .iter()
        .find(|own| own.kind == Kind::ReservedCapacity)
        .unwrap();
    assert_eq!(
        (measure.spared.vehicles, measure.cost),
        (before.vehicles / 2, Some(1_000 * FULL))
    );
    // Margin spared for one unit of the fee.
    assert_eq!(measure.worth, Some(measure.spared.margin / 1_000));
    assert_eq!(
        of(&with, "BETA").partner.lost,
        of(&bare, "BETA").partner.lost
    );

    let listed = |day: i32| pb::ListCapacityReservationsRequest {
        as_of: on(day),
        ..Default::default()
    };
    let holds = surface
        .list_capacity_reservations(Request::new(listed(105)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(holds.reservations.len(), 1);
    let back = |request: &str, day: i32| pb::ReleaseCapacityRequest {
        request_id: id(request),
        reservation_id: "CR-1".into(),
        released_on: on(day),
    };
    surface
        .release_capacity(Request::new(back("back", 105)))
        .await
        .unwrap();
    let over = surface
        .release_capacity(Request::new(back("again", 110)))
        .await
        .unwrap_err();
    assert_eq!(reason(&over), "RESERVATION_OVER");
    let holds = surface
        .list_capacity_reservations(Request::new(listed(105)))
        .await
        .unwrap()
        .into_inner();
    assert!(holds.reservations.is_empty());
    assert_eq!(
        of(&compared(&world).await, "ALFA").partner.lost,
        Some(before)
    );

    // Over the wire without production: days are told, vehicles are not made up.
    let asked = surface
        .compare_partners(Request::new(pb::ComparePartnersRequest::default()))
        .await;
    let told = all(asked).await.unwrap();
    let basis = told[0].basis.clone().unwrap();
    assert_eq!(basis.result_status(), ResultStatus::Partial);
    let partners: Vec<&pb::Partner> = told.iter().flat_map(|page| &page.partners).collect();
    assert!(
        partners
            .iter()
            .all(|one| one.lost_vehicles_millionths.is_none() && one.measures.is_empty())
    );
    assert!(
        partners
            .iter()
            .any(|one| one.supplier_id == "ALFA" && one.time_to_survive_millidays.is_some())
    );
    assert!(world.broken().await.is_empty());
}
