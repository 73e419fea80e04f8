//! Disruptions: who is out, what that does to parts and days, several at once, and what is said no to.

use std::sync::Arc;

use takt_contract::{
    common::v1::{ResultStatus, programme_row::Row},
    procurement::v1::{
        self as pb, disruption_scope::Kind, disruption_service_server::DisruptionService,
    },
};
use tonic::{Code, Request, Status};

use super::{World, id, n_of, on, reason, sample};
use crate::disruption::rpc::DisruptionRpc;

/// The surface of disruptions over a world.
fn rpc(world: &World) -> DisruptionRpc {
    DisruptionRpc(Arc::clone(&world.desk))
}

fn supplier(id: &str) -> Kind {
    Kind::Supplier(pb::SupplierScope {
        supplier_id: id.into(),
    })
}

fn wish(name: &str, kind: Kind, begins: i32, ends: Option<i32>) -> pb::DeclareDisruptionRequest {
    pb::DeclareDisruptionRequest {
        request_id: id(&format!("declare {name}")),
        disruption_id: name.into(),
        scope: Some(pb::DisruptionScope { kind: Some(kind) }),
        cause: pb::DisruptionCause::ProductionIncident.into(),
        begins_on: on(begins),
        expected_end_on: ends.and_then(on),
        text: "a fire".into(),
        remaining_millionths: 0,
    }
}

async fn declare(
    world: &World,
    name: &str,
    kind: Kind,
    begins: i32,
    ends: Option<i32>,
) -> Result<pb::DeclareDisruptionResponse, Status> {
    let message = wish(name, kind, begins, ends);
    let answer = rpc(world).declare_disruption(Request::new(message)).await;
    answer.map(tonic::Response::into_inner)
}

async fn resolve(
    world: &World,
    request: &str,
    name: &str,
    day: i32,
) -> Result<pb::Disruption, Status> {
    let message = pb::ResolveDisruptionRequest {
        request_id: id(request),
        disruption_id: name.into(),
        resolved_on: on(day),
        measure: "a second line".into(),
    };
    let answer = rpc(world).resolve_disruption(Request::new(message)).await?;
    Ok(answer.into_inner().disruption.unwrap())
}

async fn parts(
    world: &World,
    names: &[&str],
    as_of: i32,
) -> Result<pb::GetDisruptedPartsResponse, Status> {
    let message = pb::GetDisruptedPartsRequest {
        disruption_ids: names.iter().map(ToString::to_string).collect(),
        as_of: on(as_of),
    };
    let answer = rpc(world).get_disrupted_parts(Request::new(message)).await;
    answer.map(tonic::Response::into_inner)
}

/// A part as item, the days on which it is out and back, and what is not covered.
fn told(part: &pb::DisruptedPart) -> (&str, i32, Option<i32>, i64) {
    (
        &part.item_id,
        n_of(part.runs_out_on.as_ref()),
        part.back_on.as_ref().map(|day| n_of(Some(day))),
        part.uncovered
            .as_ref()
            .map_or(0, |quantity| quantity.thousandths),
    )
}

/// Ten bolts, two kilograms of coil and a lamp a day for twenty days.
async fn planned() -> World {
    let mut world = World::new().await;
    let needs: [(u32, i32, &[i64]); 3] =
        [(2, 105, &[10; 20]), (3, 105, &[2; 20]), (4, 105, &[1; 20])];
    assert!(world.plan(105, &needs).await);
    world
}

#[tokio::test]
async fn a_supplier_that_is_out_takes_its_share_and_two_take_theirs_together() {
    let world = planned().await;
    let out = declare(&world, "D-1", supplier("ALFA"), 110, Some(115))
        .await
        .unwrap();
    let sites: Vec<_> = out.sites.iter().map(|site| site.item_id.as_str()).collect();
    assert_eq!(sites, ["BOLT"]);
    let found = parts(&world, &[], 105).await.unwrap();
    assert_eq!(found.result_status(), ResultStatus::Complete);
    // Four of the ten bolts a day come from ALFA: five days without them.
    let all: Vec<_> = found.parts.iter().map(told).collect();
    assert_eq!(all, [("BOLT", 110, Some(115), 20_000)]);
    let levels: Vec<_> = (found.parts[0].levels.iter())
        .map(|level| (level.from_millidays, level.level_millionths))
        .collect();
    assert_eq!(
        levels,
        [(0, 1_000_000), (5_000, 600_000), (10_000, 1_000_000)]
    );
    assert_eq!(found.parts[0].supplier_ids, ["ALFA"]);

    declare(&world, "D-2", supplier("BETA"), 112, Some(118))
        .await
        .unwrap();
    let found = parts(&world, &[], 105).await.unwrap();
    // Two days of four, three of ten and three of six.
    let all: Vec<_> = found.parts.iter().map(told).collect();
    assert_eq!(all, [("BOLT", 110, Some(118), 56_000)]);
    assert_eq!(found.parts[0].disruption_ids, ["D-1", "D-2"]);
    // By name one is looked at without the other, and from a later day without what has passed.
    let found = parts(&world, &["D-1"], 113).await.unwrap();
    let all: Vec<_> = found.parts.iter().map(told).collect();
    assert_eq!(all, [("BOLT", 113, Some(115), 8_000)]);

    // Stock comes first: thirty bolts in the house.
    world
        .by_hand("INSERT INTO lot (received_on, lot_number, item_no, quantity, on_hand, reserved, state) VALUES (19100, 2010000001, 2, 30000, 30000, 0, 3)")
        .await;
    world
        .by_hand("UPDATE supply_head SET version = version + 3000")
        .await;
    let found = parts(&world, &[], 105).await.unwrap();
    let all: Vec<_> = found.parts.iter().map(told).collect();
    // Eight of them by day 112, ten each on the two days after; two of the ten of day 114 are left.
    assert_eq!(all, [("BOLT", 114, Some(118), 26_000)]);
}

#[tokio::test]
async fn what_lies_up_the_chain_is_felt_and_what_nobody_knows_is_a_hole() {
    let world = planned().await;
    let site = Kind::Site(pb::SiteScope {
        supplier_id: "GAMA".into(),
        item_id: "WIRE".into(),
    });
    declare(&world, "W", site, 110, None).await.unwrap();
    let found = parts(&world, &[], 105).await.unwrap();
    // ALFA makes no bolt without wire, for the thirty days that GAMA's site takes.
    let all: Vec<_> = found.parts.iter().map(told).collect();
    assert_eq!(all, [("BOLT", 110, Some(140), 60_000)]);
    assert_eq!(found.parts[0].supplier_ids, ["ALFA"]);
    assert_eq!(found.result_status(), ResultStatus::Complete);

    declare(&world, "G", supplier("GAMA"), 115, None)
        .await
        .unwrap();
    let found = parts(&world, &["G"], 105).await.unwrap();
    assert_eq!(found.result_status(), ResultStatus::Partial);
    let holes: Vec<_> = found
        .tombstones
        .iter()
        .map(|hole| hole.node.as_str())
        .collect();
    assert_eq!(holes, ["GAMA/COIL", "GAMA/LAMP"]);
    let all: Vec<_> = found.parts.iter().map(told).collect();
    assert_eq!(
        all,
        [
            ("BOLT", 115, Some(145), 40_000),
            ("COIL", 115, None, 20_000),
            ("LAMP", 115, None, 10_000)
        ]
    );

    // Resolved, nothing is open, and what was is over.
    resolve(&world, "over", "W", 112).await.unwrap();
    let over = resolve(&world, "over G", "G", 115).await.unwrap();
    assert_eq!(over.state(), pb::DisruptionState::Resolved);
    assert!(parts(&world, &[], 105).await.unwrap().parts.is_empty());
    let found = parts(&world, &["W"], 105).await.unwrap();
    assert_eq!(told(&found.parts[0]), ("BOLT", 110, Some(112), 8_000));
    assert!(world.broken().await.is_empty());
}

#[tokio::test]
async fn scopes_are_sites_suppliers_regions_circles_and_families() {
    let world = World::empty().await;
    let placed = sample::rows().into_iter().map(|row| match row {
        Row::Supplier(mut row) => {
            let (city, place) = match row.supplier_id.as_str() {
                "ALFA" => ("Chengdu", (30_670_000, 104_070_000)),
                "BETA" => ("Chongqing", (29_560_000, 106_550_000)),
                _ => ("", (0, 0)),
            };
            row.city = city.into();
            (row.latitude_micro_degrees, row.longitude_micro_degrees) = place;
            Row::Supplier(row)
        }
        row => row,
    });
    world.import(placed.collect()).await.unwrap();
    let around = |radius_km| {
        Kind::Radius(pb::RadiusScope {
            latitude_micro_degrees: 30_600_000,
            longitude_micro_degrees: 104_000_000,
            radius_km,
        })
    };
    let region = |city: &str| {
        Kind::Region(pb::RegionScope {
            country_code: "CN".into(),
            city: city.into(),
        })
    };
    let family = |group: &str| {
        Kind::Family(pb::FamilyScope {
            group: group.into(),
        })
    };
    let cases = [
        (around(20), 1),
        // Chongqing lies some 270 kilometres away; nobody without a place lies anywhere.
        (around(300), 2),
        (region("Chongqing"), 1),
        (region(""), 5),
        (family("body"), 4),
        (family("WIRE"), 1),
    ];
    for (number, (kind, sites)) in cases.into_iter().enumerate() {
        let out = declare(&world, &format!("S-{number}"), kind, 1, None)
            .await
            .unwrap();
        assert_eq!(out.disruption.unwrap().site_count, sites, "case {number}");
    }
    let list = |page_size, page_token: String| {
        let message = pb::ListDisruptionsRequest {
            page_size,
            page_token,
            state: pb::DisruptionState::Open.into(),
        };
        let surface = rpc(&world);
        async move {
            let answer = surface.list_disruptions(Request::new(message)).await;
            answer.unwrap().into_inner()
        }
    };
    let first = list(4, String::new()).await;
    let second = list(4, first.next_page_token.clone()).await;
    assert_eq!((first.disruptions.len(), second.disruptions.len()), (4, 2));
    assert!(second.next_page_token.is_empty());
    let message = pb::GetDisruptionRequest {
        disruption_id: "S-0".into(),
    };
    let one = rpc(&world)
        .get_disruption(Request::new(message))
        .await
        .unwrap();
    assert_eq!(one.into_inner().sites[0].supplier_id, "ALFA");
    assert_eq!(world.number("SELECT COUNT(*) FROM fact").await, 6);
}

#[tokio::test]
async fn what_cannot_be_is_said_no_to() {
    let world = planned().await;
    let first = declare(&world, "D-1", supplier("ALFA"), 110, Some(115))
        .await
        .unwrap();
    // The same request again is the same answer, and tells nobody twice.
    assert_eq!(
        declare(&world, "D-1", supplier("ALFA"), 110, Some(115))
            .await
            .unwrap(),
        first
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM fact").await, 1);
    let refused = |answer: Result<pb::DeclareDisruptionResponse, Status>| {
        let status = answer.expect_err("it is refused");
        (status.code(), status.message().to_owned())
    };
    let mut again = wish("D-1", supplier("BETA"), 110, None);
    again.request_id = id("again");
    let answer = rpc(&world).declare_disruption(Request::new(again)).await;
    assert_eq!(answer.unwrap_err().code(), Code::AlreadyExists);
    let (code, told) = refused(declare(&world, "D-2", supplier("NOBODY"), 110, None).await);
    assert!(
        code == Code::InvalidArgument && told.contains("no site"),
        "{told}"
    );
    let (code, told) = refused(declare(&world, "D 3", supplier("ALFA"), 110, Some(110)).await);
    assert_eq!(code, Code::InvalidArgument);
    assert!(
        told.contains("disruption_id") && told.contains("(and 1 more)"),
        "{told}"
    );
    let circle = Kind::Radius(pb::RadiusScope {
        latitude_micro_degrees: 91_000_000,
        longitude_micro_degrees: 0,
        radius_km: 0,
    });
    let (_, told) = refused(declare(&world, "D-4", circle, 110, None).await);
    assert!(
        told.contains("latitude") && told.contains("(and 1 more)"),
        "{told}"
    );

    assert_eq!(
        reason(&resolve(&world, "early", "D-1", 109).await.unwrap_err()),
        "DISRUPTION_NOT_BEGUN"
    );
    resolve(&world, "once", "D-1", 112).await.unwrap();
    assert_eq!(
        reason(&resolve(&world, "twice", "D-1", 113).await.unwrap_err()),
        "DISRUPTION_RESOLVED"
    );
    assert_eq!(
        resolve(&world, "none", "D-9", 113)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    assert_eq!(
        parts(&world, &["D-9"], 105).await.unwrap_err().code(),
        Code::NotFound
    );
    let past = parts(&world, &["D-1"], 104).await.unwrap_err();
    assert!(past.code() == Code::InvalidArgument && past.message().contains("as_of"));
    let unplanned = World::new().await;
    assert_eq!(
        reason(&parts(&unplanned, &[], 105).await.unwrap_err()),
        "NO_PLAN"
    );
}

/// Bolts come to four tenths from ALFA and to six from BETA, which has reserved two a day: half of what ALFA gives.
#[tokio::test]
async fn reserved_capacity_stands_in_when_it_arrives_and_only_while_its_site_works() {
    let world = planned().await;
    // From day 100 to day 200.
    world
        .by_hand(
            "INSERT INTO capacity_reservation (reservation_id, supplier_id, item_id, weekly, valid_from, valid_until, fee_currency, released, lead_days) \
             VALUES ('CR-1', 'BETA', 'BOLT', 14000, 19100, 19200, '', 0, 2)",
        )
        .await;
    declare(&world, "D-1", supplier("ALFA"), 110, Some(115))
        .await
        .unwrap();
    let uncovered = async |names: &[&str]| {
        let found = parts(&world, names, 105).await.unwrap();
        found.parts.iter().map(told).map(|part| part.3).sum::<i64>()
    };
    // Four bolts on each of two days, and two on each of three.
    assert_eq!(uncovered(&[]).await, 14_000);
    let mut half = wish("D-2", supplier("ALFA"), 110, Some(115));
    half.remaining_millionths = 400_000;
    let told_back = rpc(&world)
        .declare_disruption(Request::new(half.clone()))
        .await
        .unwrap()
        .into_inner()
        .disruption
        .unwrap();
    assert_eq!(told_back.remaining_millionths, 400_000);
    // It goes on with 1.6 a day: 2.4 are missing on two days, and 0.4 on three.
    assert_eq!(uncovered(&["D-2"]).await, 6_000);
    half.request_id = id("all of it");
    half.disruption_id = "D-3".into();
    half.remaining_millionths = 1_000_000;
    let all = rpc(&world).declare_disruption(Request::new(half)).await;
    assert_eq!(all.unwrap_err().code(), Code::InvalidArgument);
    // When BETA is out meanwhile it stands in for nobody, and ALFA's reserve does not help it either.
    world
        .by_hand(
            "INSERT INTO capacity_reservation (reservation_id, supplier_id, item_id, weekly, valid_from, valid_until, fee_currency, released, lead_days) \
             VALUES ('CR-2', 'ALFA', 'BOLT', 14000, 19100, 19200, '', 0, 0)",
        )
        .await;
    declare(&world, "D-4", supplier("BETA"), 114, Some(116))
        .await
        .unwrap();
    // Four days of four, one of ten, one of six.
    assert_eq!(uncovered(&["D-1", "D-4"]).await, 32_000);
    // Alone ALFA gives two of the six.
    assert_eq!(uncovered(&["D-4"]).await, 8_000);
    assert_eq!(world.broken().await, []);
}
