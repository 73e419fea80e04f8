//! What stations report of defects: a scrapped vehicle is kept back, and yields and causes are counted.

use takt_contract::production::v1::StationEventKind as Kind;

use super::{jobs::event, quality::reason, *};

#[tokio::test]
async fn a_scrapped_vehicle_is_kept_back_and_defects_are_counted() {
    let (mut service, vins) = Service::dispatched().await;
    let said = |vin: &str, station: &str, kind, second| {
        event(
            &format!("{vin}/{station}/{kind:?}/{second}"),
            station,
            vin,
            kind,
            second,
        )
    };
    let mut story = Vec::new();
    for vin in &vins {
        story.push(said(vin, "BW-1/1", Kind::Start, 1));
        story.push(said(vin, "BW-1/1", Kind::Complete, 2));
        story.push(said(vin, "PT-1/1", Kind::Start, 3));
    }
    let mut dent = said(&vins[0], "PT-1/1", Kind::Rework, 4);
    dent.defect_code = "DENT".to_owned();
    story.push(dent);
    story.push(said(&vins[0], "PT-1/1", Kind::Start, 5));
    story.push(said(&vins[0], "PT-1/1", Kind::Rework, 6));
    story.push(said(&vins[1], "PT-1/1", Kind::Scrap, 6));
    story.push(said(&vins[0], "PT-1/1", Kind::Start, 7));
    for vin in [&vins[0], &vins[2], &vins[3]] {
        story.push(said(vin, "PT-1/1", Kind::Complete, 8));
    }
    let answers = service.report(&story, 100).await.unwrap();
    assert!(answers.iter().all(|answer| matches!(
        answer.outcome,
        Some(pb::station_answer::Outcome::Reported(_))
    )));
    assert_eq!(service.states().await, [3, 2, 3, 3]);
    assert_eq!(
        reason(service.release(&vins[1], 0).await),
        "VEHICLE_ON_QUALITY_HOLD"
    );
    let mut quality = service.quality();
    let open = quality
        .list_non_conformances(pb::ListNonConformancesRequest::default())
        .await
        .unwrap();
    assert_eq!(
        open.into_inner().non_conformances[0].title,
        "scrapped at PT-1/1: PAINT-RUN"
    );
    let yields = quality
        .get_first_pass_yield(pb::GetFirstPassYieldRequest::default())
        .await
        .unwrap()
        .into_inner();
    let told: Vec<_> = yields
        .shops
        .iter()
        .map(|shop| {
            (
                shop.shop_id.as_str(),
                shop.first_pass_count,
                shop.finished_count,
                shop.yield_millionths,
            )
        })
        .collect();
    assert_eq!(told, [("BW", 4, 4, 1_000_000), ("PT", 2, 4, 500_000)]);
    assert_eq!(
        yields.rolled_millionths, 0,
        "no vehicle has finished final assembly"
    );
    let causes = quality
        .get_defect_pareto(pb::GetDefectParetoRequest {
            by: 1,
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let told: Vec<_> = causes
        .causes
        .iter()
        .map(|cause| {
            (
                cause.cause.as_str(),
                cause.defect_count,
                cause.scrap_count,
                cause.cumulative_millionths,
            )
        })
        .collect();
    assert_eq!(
        (told, causes.defect_count),
        (
            vec![("PAINT-RUN", 2, 1, 666_667), ("DENT", 1, 0, 1_000_000)],
            3
        )
    );
    // The whole story again: no second case.
    service.report(&story, 7).await.unwrap();
    let open = quality
        .list_non_conformances(pb::ListNonConformancesRequest::default())
        .await
        .unwrap();
    assert_eq!(open.into_inner().non_conformances.len(), 1);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}
