//! The as-built memory and the outside: suppliers' units under ours, and the life of a car as events.

use takt_contract::production::v1::as_built_row::Row as Told;

use super::{
    as_built::{at, correction, swap},
    *,
};

fn twin(row: i64, external: &str, kind: i32, number: &str) -> pb::AsBuiltRow {
    let twin = pb::AsBuiltTwin {
        external_id: external.into(),
        kind,
        number: number.into(),
        manufacturer_id: "BPNL1".into(),
        made_on: Some(date_pb(day(-9))),
        ..Default::default()
    };
    pb::AsBuiltRow {
        row_number: row,
        row: Some(Told::Twin(twin)),
    }
}

fn link(row: i64, parent: &str, child: &str) -> pb::AsBuiltRow {
    let link = pb::AsBuiltLink {
        parent_external_id: parent.into(),
        child_external_id: child.into(),
        quantity_thousandths: 1000,
        valid_from: Some(date_pb(day(-9))),
    };
    pb::AsBuiltRow {
        row_number: row,
        row: Some(Told::Link(link)),
    }
}

#[tokio::test]
async fn a_suppliers_cells_hang_below_our_pack_and_are_found_in_our_car() {
    let mut service = Service::built().await;
    let cars = service.vehicles().await;
    let import = async |n: i32, rows: Vec<pb::AsBuiltRow>| {
        let chunk = pb::ImportAsBuiltRequest {
            request_id: id(&format!("import/{n}")),
            rows,
        };
        let answers = service
            .cars()
            .import_as_built(tokio_stream::iter(vec![chunk]))
            .await
            .unwrap()
            .into_inner();
        read(answers).await.unwrap().remove(0)
    };
    let rows = || {
        vec![
            twin(1, "urn:uuid:pack", 1, "PACK.CELL.000001-00003"),
            twin(2, "urn:uuid:module", 1, "MOD-1"),
            twin(3, "urn:uuid:cells", 2, "CELLS-9"),
            link(1, "urn:uuid:pack", "urn:uuid:module"),
            link(2, "urn:uuid:module", "urn:uuid:cells"),
            link(3, "urn:uuid:cells", "urn:uuid:nobody"),
            twin(4, "", 1, ""),
        ]
    };
    let told = import(1, rows()).await;
    assert_eq!(
        (
            told.twins_added,
            told.twins_ours,
            told.links_added,
            told.unchanged
        ),
        (2, 1, 2, 0)
    );
    let refused: Vec<_> = told
        .refused
        .iter()
        .map(|row| (row.row_number, row.field.as_str(), row.reason.as_str()))
        .collect();
    assert_eq!(
        refused,
        [
            (3, "child_external_id", "UNIT_UNKNOWN"),
            (4, "external_id", "ROW_INVALID"),
            (4, "number", "ROW_INVALID"),
        ]
    );
    let again = import(2, rows()).await;
    assert_eq!(
        (
            again.twins_added,
            again.twins_ours,
            again.links_added,
            again.unchanged,
            again.record_number
        ),
        (0, 0, 0, 5, 0)
    );
    // A module is in one pack at a time, and an id keeps its number.
    let twice = import(
        3,
        vec![
            twin(1, "urn:uuid:other", 1, "PACK.CELL.000001-00002"),
            link(2, "urn:uuid:other", "urn:uuid:module"),
            twin(3, "urn:uuid:module", 1, "MOD-2"),
        ],
    )
    .await;
    let refused: Vec<_> = twice
        .refused
        .iter()
        .map(|row| (row.row_number, row.reason.as_str()))
        .collect();
    assert_eq!(refused, [(2, "PART_ELSEWHERE"), (3, "TWIN_DIFFERS")]);

    let used = service.above("CELLS-9", None).await.unwrap();
    let third = cars[2].vin.as_str();
    assert_eq!(used.keys().collect::<Vec<_>>(), [third]);
    assert_eq!(used[third].via, ["MOD-1", "PACK.CELL.000001-00003"]);
    let below = service.below(third, None).await;
    assert!(
        below.contains_key(&("MOD-1".to_owned(), String::new(), "CELLS-9".to_owned())),
        "{below:?}"
    );
    // The pack moves to another car, and takes everything in it along.
    service.replace(swap(30, third, "SP-1", 8)).await.unwrap();
    let other = cars[5].vin.as_str();
    service
        .replace(swap(31, other, "PACK.CELL.000001-00003", 9))
        .await
        .unwrap();
    assert_eq!(
        service
            .above("CELLS-9", None)
            .await
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        [other]
    );
    assert_eq!(
        service
            .above("CELLS-9", at(8, None, false))
            .await
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["stock"]
    );
    let ever = service.above("CELLS-9", at(20, None, true)).await.unwrap();
    assert_eq!(
        ever.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from([third, other, "stock"])
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn the_life_of_a_car_is_told_as_events_with_what_was_wrong() {
    let mut service = Service::built().await;
    let car = service.vehicles().await[0].clone();
    let vin = car.vin.as_str();
    service.replace(swap(40, vin, "SP-7", 3)).await.unwrap();
    service
        .correct(correction(40, vin, "SP-7", "SP-1"))
        .await
        .unwrap();
    let request = pb::StreamEpcisEventsRequest {
        vin: vin.to_owned(),
        ..Default::default()
    };
    let stream = service
        .cars()
        .stream_epcis_events(request.clone())
        .await
        .unwrap()
        .into_inner();
    let events: Vec<pb::EpcisEvent> = read(stream)
        .await
        .unwrap()
        .into_iter()
        .flat_map(|page| page.events)
        .collect();
    let seen: Vec<(i32, &str, &str, &str)> = events
        .iter()
        .map(|event| {
            (
                event.r#type,
                event.action.as_str(),
                event.biz_step.as_str(),
                event.error_reason.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (2, "", "commissioning", ""),
            (2, "", "commissioning", ""),
            (1, "OBSERVE", "inspecting", ""),
            (4, "ADD", "installing", ""),
            (4, "ADD", "installing", "incorrect_data"),
            (4, "ADD", "installing", ""),
            (4, "DELETE", "removing", ""),
        ]
        .map(|told| told)
    );
    let wrong = &events[4];
    assert_eq!(wrong.epcs, ["urn:takt:part:CELL:PACK:SP-7"]);
    assert_eq!(wrong.corrective_event_ids, [events[5].event_id.clone()]);
    let all = pb::StreamEpcisEventsRequest {
        from: Some(date_pb(day(1))),
        to: Some(date_pb(day(6))),
        ..Default::default()
    };
    let stream = service
        .cars()
        .stream_epcis_events(all)
        .await
        .unwrap()
        .into_inner();
    let all: Vec<pb::EpcisEvent> = read(stream)
        .await
        .unwrap()
        .into_iter()
        .flat_map(|page| page.events)
        .collect();
    let ids: BTreeSet<&str> = all.iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "an event has an id of its own");
    assert!(events.iter().all(|event| all.contains(event)));
    service.stop().await;
}
