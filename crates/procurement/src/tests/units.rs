//! Handling units and serial numbers of notices, from the announcement to the house.

use takt_contract::procurement::v1::{self as pb, inbound_service_server::InboundService};
use tonic::{Code, Request, Status};

use super::{
    inbound::{of, ordered},
    on, receipt,
};

#[tokio::test]
async fn parts_are_found_by_their_serial_numbers_and_boxes_are_kept_back() {
    let world = ordered().await;
    let line = of(&world, "BETA").await.remove(0);
    let item = line.item_id.clone();
    let asn = |name: &str, first: i64, serials: std::ops::Range<i32>| pb::Asn {
        asn_id: name.into(),
        supplier_id: "BETA".into(),
        shipped_on: on(118),
        expected_on: on(119),
        lines: vec![pb::AsnLine {
            line_number: line.line_number,
            first_lot_sequence: first,
            lot_thousandths: vec![10_000],
            maker_lot: String::new(),
            serial_numbers: serials.map(|n| format!("S{n}")).collect(),
        }],
        handling_units: vec![],
    };
    let unit = |id: &str, parent: &str, contents: &[(i64, i64)]| pb::HandlingUnit {
        handling_unit_id: id.into(),
        parent_id: parent.into(),
        packaging: "KLT 6429".into(),
        contents: contents
            .iter()
            .map(|(lot_sequence, thousandths)| pb::HandlingUnitContent {
                line_number: line.line_number,
                lot_sequence: *lot_sequence,
                thousandths: *thousandths,
            })
            .collect(),
    };
    let mut first = asn("A", 1, 0..10);
    first.handling_units = vec![
        unit("PALLET", "", &[]),
        unit("BOX-1", "PALLET", &[(1, 4_000)]),
        unit("BOX-2", "PALLET", &[(1, 6_000)]),
    ];
    let answer = world.announce("units", vec![first]).await.unwrap();
    assert_eq!((answer.recorded_count, answer.refused), (1, vec![]));
    // The same serial number again, in a notice that is right but for it: nothing of it is shipped.
    let again = world
        .announce("again", vec![asn("B", 2, 9..19)])
        .await
        .unwrap();
    let flaw = &again.refused[0];
    assert_eq!(
        (again.recorded_count, flaw.field.as_str()),
        (0, "lines.serial_numbers")
    );
    assert!(flaw.reason.contains("S9"), "{}", flaw.reason);
    let answer = world
        .announce("other", vec![asn("B", 2, 10..20)])
        .await
        .unwrap();
    assert_eq!(answer.recorded_count, 1);

    let find = async |serial: &str| {
        let message = pb::FindSerialRequest {
            item_id: item.clone(),
            serial_number: serial.into(),
        };
        let found = world.inbound.find_serial(Request::new(message)).await?;
        Ok::<_, Status>(found.into_inner().lot.unwrap())
    };
    let lot = find("S3").await.unwrap();
    assert_eq!(
        (lot.asn_id.as_str(), lot.state()),
        ("A", pb::LotState::Expected)
    );
    assert_eq!(find("S13").await.unwrap().asn_id, "B");
    assert_eq!(find("S99").await.unwrap_err().code(), Code::NotFound);

    let list = async |asn: &str, lot: &str, token: &str| {
        let message = pb::ListHandlingUnitsRequest {
            asn_id: asn.into(),
            lot_id: lot.into(),
            page_size: 2,
            page_token: token.into(),
        };
        let listed = world
            .inbound
            .list_handling_units(Request::new(message))
            .await?;
        Ok::<_, Status>(listed.into_inner())
    };
    let page = list("A", "", "").await.unwrap();
    let ids = |page: &pb::ListHandlingUnitsResponse| {
        let ids = page
            .handling_units
            .iter()
            .map(|unit| unit.handling_unit_id.clone());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ids(&page), "PALLET BOX-1");
    let rest = list("A", "", &page.next_page_token).await.unwrap();
    assert_eq!(
        (ids(&rest).as_str(), rest.next_page_token.as_str()),
        ("BOX-2", "")
    );
    assert_eq!(rest.handling_units[0].lots[0].thousandths, 6_000);
    let of_lot = list("", &lot.lot_id, "").await.unwrap();
    assert_eq!(ids(&of_lot), "BOX-1 BOX-2");
    assert_eq!(list("Z", "", "").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(
        list("", "", "").await.unwrap_err().code(),
        Code::InvalidArgument
    );

    // Inspection keeps a box back: its lot is kept back whole, and a box that nobody announced is named.
    let mut wrong = receipt("A", 119);
    wrong.blocked_handling_unit_ids = vec!["BOX-9".into()];
    let refused = world.arrive("wrong", vec![wrong]).await.unwrap().refused;
    assert_eq!(refused[0].field, "blocked_handling_unit_ids");
    let mut kept = receipt("A", 119);
    kept.blocked_handling_unit_ids = vec!["BOX-1".into()];
    let done = world
        .arrive("kept", vec![kept, receipt("B", 119)])
        .await
        .unwrap();
    assert_eq!((done.recorded_count, done.lot_count), (2, 2));
    assert_eq!(find("S3").await.unwrap().state(), pb::LotState::Blocked);
    assert_eq!(find("S13").await.unwrap().state(), pb::LotState::Released);
    assert_eq!(world.broken().await, []);
}
