//! Notices, receipts, inspection, block and release.

use takt_contract::procurement::v1::{
    self as pb, inbound_service_server::InboundService, supplier_service_server::SupplierService,
};
use tonic::{Code, Request, Status};

use super::{World, all, goods, id, on, reason, receipt};

/// Bolts, coils and lamps ordered for day 120: BETA two lots, ALFA one, GAMA two coils and one lamp.
pub(super) async fn ordered() -> World {
    let mut world = World::new().await;
    world
        .plan(100, &[(2, 120, &[25]), (3, 120, &[11]), (4, 120, &[2])])
        .await;
    for on in 100..=116 {
        world.release(on).await.unwrap();
    }
    world
}

/// The order lines of a supplier.
pub(super) async fn of(world: &World, supplier: &str) -> Vec<pb::OrderLine> {
    world
        .lines()
        .await
        .into_iter()
        .filter(|line| line.supplier_id == supplier)
        .collect()
}

async fn lot(world: &World, lot_id: &str) -> Result<pb::Lot, Status> {
    let message = pb::GetLotRequest {
        lot_id: lot_id.into(),
    };
    Ok(world
        .inbound
        .get_lot(Request::new(message))
        .await?
        .into_inner()
        .lot
        .unwrap())
}

async fn block(world: &World, request: &str, lots: &[&str]) -> Result<Vec<pb::Lot>, Status> {
    let lot_ids = lots.iter().map(|lot| (*lot).to_owned()).collect();
    let message = pb::BlockLotsRequest {
        request_id: id(request),
        lot_ids,
        reason: "cracks".into(),
    };
    Ok(world
        .inbound
        .block_lots(Request::new(message))
        .await?
        .into_inner()
        .lots)
}

async fn free(world: &World, request: &str, lots: &[&str]) -> Result<Vec<pb::Lot>, Status> {
    let lot_ids = lots.iter().map(|lot| (*lot).to_owned()).collect();
    let message = pb::ReleaseLotsRequest {
        request_id: id(request),
        lot_ids,
    };
    Ok(world
        .inbound
        .release_lots(Request::new(message))
        .await?
        .into_inner()
        .lots)
}

#[tokio::test]
async fn goods_are_under_way_arrive_once_and_close_their_order() {
    let world = ordered().await;
    let lines = of(&world, "BETA").await;
    world.ship(118, &lines).await;
    let under_way = lot(&world, "BOLT.BETA.000002").await.unwrap();
    assert_eq!(
        (
            under_way.state(),
            under_way.thousandths,
            under_way.on_hand_thousandths
        ),
        (pb::LotState::Expected, 10_000, 0)
    );
    let answer = world.receive(119, &["ASN-BETA-118"]).await.unwrap();
    assert_eq!((answer.recorded_count, answer.lot_count), (1, 2));
    // The same request is answered from the record; another one is refused and changes nothing.
    assert_eq!(world.receive(119, &["ASN-BETA-118"]).await.unwrap(), answer);
    let again = world
        .receive(120, &["ASN-BETA-118", "ASN-OMEGA-1"])
        .await
        .unwrap();
    let reasons: Vec<_> = again
        .refused
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(
        (again.recorded_count, reasons),
        (
            0,
            vec![
                "its goods were received on 2022-05-07",
                "there is no such notice"
            ]
        )
    );
    let here = lot(&world, "BOLT.BETA.000002").await.unwrap();
    assert_eq!(
        (
            here.state(),
            here.on_hand_thousandths,
            here.maker_lot.as_str()
        ),
        (pb::LotState::Released, 10_000, "HEAT-7")
    );
    assert_eq!(
        (here.line_number, here.asn_id.as_str()),
        (lines[0].line_number, "ASN-BETA-118")
    );
    assert_eq!(world.total("BOLT").await, [20, 0, 20, 0]);
    assert_eq!(
        world
            .number("SELECT closed_line_count FROM purchase_order WHERE supplier_no = 3")
            .await,
        1
    );
    let message = pb::StreamAsnsRequest {
        in_transit_only: false,
        with_lots: true,
    };
    let asns = all(world.inbound.stream_asns(Request::new(message)).await)
        .await
        .unwrap();
    let asn = &asns[0].asns[0];
    assert_eq!(
        (
            asn.state(),
            asn.lots[0].first_lot_number,
            asn.lots[0].lot_count
        ),
        (pb::AsnState::Received, 2_010_000_001, 2)
    );
    let message = pb::StreamAsnsRequest {
        in_transit_only: true,
        with_lots: false,
    };
    assert!(
        all(world.inbound.stream_asns(Request::new(message)).await)
            .await
            .unwrap()
            .is_empty()
    );
    for unknown in ["BOLT.BETA.000003", "BOLT.GAMA.000001", "CAR.PLANT.000001"] {
        assert_eq!(
            lot(&world, unknown).await.unwrap_err().code(),
            Code::NotFound,
            "{unknown}"
        );
    }
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn what_is_wrong_with_one_notice_leaves_the_others_alone() {
    let world = ordered().await;
    let beta = goods(&of(&world, "BETA").await[0]);
    let lamp = of(&world, "GAMA")
        .await
        .into_iter()
        .find(|line| line.item_id == "LAMP")
        .unwrap();
    let notice = |name: &str, supplier: &str, lines: Vec<pb::AsnLine>| pb::Asn {
        asn_id: name.into(),
        supplier_id: supplier.into(),
        shipped_on: on(118),
        expected_on: on(119),
        lines,
        handling_units: vec![],
    };
    let changed = |change: fn(&mut pb::AsnLine)| {
        let mut line = beta.clone();
        change(&mut line);
        vec![line]
    };
    let mut early = notice("early", "BETA", vec![beta.clone()]);
    early.expected_on = on(117);
    let mut undated = notice("undated", "BETA", vec![beta.clone()]);
    undated.shipped_on = None;
    let mut hasty = notice("hasty", "BETA", vec![beta.clone()]);
    hasty.shipped_on = on(114);
    let asns = vec![
        notice("nobody", "OMEGA", vec![beta.clone()]),
        notice("other", "ALFA", vec![beta.clone()]),
        notice("empty", "BETA", vec![]),
        notice("unknown", "BETA", changed(|line| line.line_number = 99)),
        notice("turn", "BETA", changed(|line| line.first_lot_sequence = 2)),
        notice(
            "many",
            "BETA",
            changed(|line| line.lot_thousandths.push(10_000)),
        ),
        notice(
            "large",
            "BETA",
            changed(|line| line.lot_thousandths[0] = 10_001),
        ),
        notice(
            "negative",
            "BETA",
            changed(|line| line.lot_thousandths[0] = -1),
        ),
        notice("none", "BETA", changed(|line| line.lot_thousandths.clear())),
        early,
        undated,
        hasty,
        notice("a b", "BETA", vec![beta.clone()]),
        notice("good", "GAMA", vec![goods(&lamp)]),
        notice("good", "GAMA", vec![goods(&lamp)]),
    ];
    let answer = world.announce("chunk", asns).await.unwrap();
    let fields: Vec<_> = answer
        .refused
        .iter()
        .map(|one| (one.asn_id.as_str(), one.field.as_str()))
        .collect();
    assert_eq!(answer.recorded_count, 1);
    assert_eq!(
        fields,
        [
            // What cannot be read comes first, then what may not be.
            ("nobody", "supplier_id"),
            ("undated", "shipped_on"),
            ("a b", "asn_id"),
            ("other", "lines[0].line_number"),
            ("empty", "lines"),
            ("unknown", "lines[0].line_number"),
            ("turn", "lines[0].lot_thousandths"),
            ("many", "lines[0].lot_thousandths"),
            ("large", "lines[0].lot_thousandths"),
            ("negative", "lines[0].lot_thousandths"),
            ("none", "lines[0].lot_thousandths"),
            ("early", "expected_on"),
            ("hasty", "shipped_on"),
            ("good", "asn_id"),
        ]
    );
    assert_eq!(
        world
            .number("SELECT CAST(SUM(shipped_lots) AS BIGINT) FROM order_line")
            .await,
        1
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_line_may_come_in_parts_and_short_and_the_rest_is_ordered_anew() {
    let mut world = ordered().await;
    let line = of(&world, "BETA").await.remove(0);
    let part = |first: i64, sizes: &[i64]| pb::AsnLine {
        line_number: line.line_number,
        first_lot_sequence: first,
        lot_thousandths: sizes.to_vec(),
        maker_lot: String::new(),
        serial_numbers: vec![],
    };
    // Two notices of one chunk ship the two lots of a line, the second one short by three.
    let notice = |name: &str, line| pb::Asn {
        asn_id: name.into(),
        supplier_id: "BETA".into(),
        shipped_on: on(118),
        expected_on: on(119),
        lines: vec![line],
        handling_units: vec![],
    };
    let answer = world
        .announce(
            "parts",
            vec![
                notice("A", part(1, &[10_000])),
                notice("B", part(2, &[7_000])),
            ],
        )
        .await
        .unwrap();
    assert_eq!((answer.recorded_count, answer.refused), (2, vec![]));
    assert_eq!(world.total("BOLT").await[3], 3);
    world.receive(119, &["B", "A"]).await.unwrap();
    assert_eq!(world.total("BOLT").await, [17, 0, 17, 3]);
    // 25 and 3 lost still fit three lots; with 30 needed a fourth is wanted, which is ALFA's.
    world.plan(119, &[(2, 120, &[25, 5])]).await;
    assert_eq!(world.release(119).await.unwrap().lot_count, 1);
    assert_eq!(world.broken().await, []);
    let message = pb::StreamScorecardsRequest::default();
    let scores = all(world
        .suppliers
        .stream_scorecards(Request::new(message))
        .await)
    .await
    .unwrap();
    let beta = scores[0]
        .scorecards
        .iter()
        .find(|score| score.supplier_id == "BETA")
        .unwrap();
    assert_eq!(
        (
            beta.lot_count,
            beta.received_lot_count,
            beta.on_time_in_full_count,
            beta.short_lot_count
        ),
        (2, 2, 1, 1)
    );
    assert_eq!(
        (
            beta.mean_lead_time_millidays,
            beta.received_value.clone().unwrap().minor_units
        ),
        (4_000, 3_400)
    );
}

#[tokio::test]
async fn quarantine_block_and_release_decide_what_may_be_used() {
    let mut world = ordered().await;
    world.ship(118, &of(&world, "BETA").await).await;
    world.ship(116, &of(&world, "ALFA").await).await;
    let mut waits = receipt("ASN-BETA-118", 119);
    waits.quarantine = true;
    waits.blocked_lot_numbers = vec![2_010_000_002];
    let mut odd = receipt("ASN-ALFA-116", 119);
    odd.blocked_lot_numbers = vec![2_010_000_002];
    let mut soon = receipt("ASN-ALFA-116", 115);
    soon.blocked_lot_numbers.clear();
    let answer = world
        .arrive("inspection", vec![waits, odd, soon])
        .await
        .unwrap();
    let fields: Vec<_> = answer
        .refused
        .iter()
        .map(|one| one.field.as_str())
        .collect();
    assert_eq!(
        (answer.recorded_count, fields),
        (1, vec!["blocked_lot_numbers", "received_on"])
    );
    assert_eq!(world.free(120).await, [0, 0, 0]);
    assert_eq!(world.total("BOLT").await, [20, 0, 20, 10]);
    let kept = lot(&world, "BOLT.BETA.000002").await.unwrap();
    assert_eq!(
        (kept.state(), kept.block_reason.as_str()),
        (pb::LotState::Blocked, "kept back by inspection")
    );
    free(&world, "inspected", &["BOLT.BETA.000001"])
        .await
        .unwrap();
    assert_eq!(
        (world.free(120).await[0], world.free(119).await[0]),
        (10, 0)
    );
    // Half of the lot is kept for a build; what is free of it is lost while it is kept back.
    world.reserve("R1", 120, 1, &[("BOLT", 4)]).await.unwrap();
    assert_eq!(
        block(&world, "block", &["BOLT.BETA.000001"]).await.unwrap()[0].block_reason,
        "cracks"
    );
    assert_eq!(
        block(&world, "block again", &["BOLT.BETA.000001"])
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        (world.free(120).await[0], world.total("BOLT").await[3]),
        (0, 16)
    );
    assert_eq!(
        reason(
            &world
                .reserve("R2", 120, 1, &[("BOLT", 1)])
                .await
                .unwrap_err()
        ),
        "MATERIAL_SHORTAGE"
    );
    assert_eq!(world.broken().await, []);
    // The build goes on: its parts were in its hands already.
    world.built("R1", 120, 1, 1).await;
    assert_eq!(world.total("BOLT").await, [20, 4, 16, 16]);
    free(&world, "free", &["BOLT.BETA.000001", "BOLT.BETA.000002"])
        .await
        .unwrap();
    assert_eq!(
        (world.free(120).await[0], world.total("BOLT").await[3]),
        (16, 0)
    );
    assert_eq!(world.broken().await, []);
    assert_eq!(
        reason(
            &block(&world, "under way", &["BOLT.ALFA.000001"])
                .await
                .unwrap_err()
        ),
        "LOT_NOT_RECEIVED"
    );
    assert_eq!(
        block(&world, "missing", &["BOLT.ALFA.000009"])
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    let twice = ["BOLT.BETA.000001", "BOLT.BETA.000001"];
    assert_eq!(
        free(&world, "twice", &twice).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert_eq!(
        free(&world, "nothing", &[]).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    // Inspection's word stays in the scorecard.
    let scores = all(world
        .suppliers
        .stream_scorecards(Request::new(pb::StreamScorecardsRequest::default()))
        .await)
    .await
    .unwrap();
    assert_eq!(
        scores[0]
            .scorecards
            .iter()
            .map(|score| score.blocked_lot_count)
            .collect::<Vec<_>>(),
        [0, 1, 0]
    );
}

#[tokio::test]
async fn a_lot_that_is_kept_back_is_ordered_anew_and_comes_back_to_the_plan() {
    let mut world = ordered().await;
    world.ship(118, &of(&world, "BETA").await).await;
    world.receive(119, &["ASN-BETA-118"]).await.unwrap();
    block(&world, "block", &["BOLT.BETA.000002"]).await.unwrap();
    // 25 needed and 10 lost are four lots: the fourth one is ALFA's.
    assert_eq!(world.release(119).await.unwrap().lot_count, 1);
    free(&world, "free", &["BOLT.BETA.000002"]).await.unwrap();
    world.plan(120, &[(2, 120, &[25, 10])]).await;
    assert_eq!(world.release(120).await.unwrap().lot_count, 0);
    assert_eq!(world.broken().await, []);
}
