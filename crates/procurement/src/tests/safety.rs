//! What deliveries teach: quantiles and shares of scorecards, and safety times that are proposed, set, ordered by and taken away.

use std::sync::Arc;

use takt_contract::procurement::v1::{
    self as pb, safety_time_service_server::SafetyTimeService,
    supplier_service_server::SupplierService,
};
use tonic::{Code, Request, Status};

use super::{World, all, id, on};
use crate::safety::rpc::SafetyTimeRpc;

/// Six lines of a lot of two lamps, asked for on days 119 to 124, eight days after their order: four came on their day, the fifth two days
/// behind it, on day 125, and the sixth is still to come.
async fn delivered() -> World {
    let mut world = World::new().await;
    world.plan(100, &[(4, 120, &[2; 10])]).await;
    for day in 111..=116 {
        world.release(day).await.unwrap();
    }
    let lines = world.lines().await;
    assert_eq!(lines.len(), 6);
    for (line, (shipped, received)) in
        lines
            .iter()
            .zip([(118, 119), (119, 120), (120, 121), (121, 122), (124, 125)])
    {
        let asn = world.ship(shipped, std::slice::from_ref(line)).await;
        world.receive(received, &[&asn.asn_id]).await.unwrap();
    }
    world
}

fn rpc(world: &World) -> SafetyTimeRpc {
    SafetyTimeRpc(Arc::clone(&world.desk))
}

async fn learn(
    world: &World,
    name: &str,
    share: i64,
) -> Result<pb::LearnSafetyTimesResponse, Status> {
    let message = pb::LearnSafetyTimesRequest {
        request_id: id(name),
        service_millionths: share,
        learnt_on: on(117),
    };
    let answer = rpc(world).learn_safety_times(Request::new(message)).await?;
    Ok(answer.into_inner())
}

async fn times(world: &World, share: i64) -> Result<Vec<pb::SafetyTime>, Status> {
    let message = pb::StreamSafetyTimesRequest {
        service_millionths: share,
    };
    let pages = all(rpc(world).stream_safety_times(Request::new(message)).await).await?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.safety_times)
        .collect())
}

#[tokio::test]
async fn a_scorecard_tells_quantiles_and_shares_with_their_intervals() {
    let world = delivered().await;
    let message = pb::GetScorecardRequest {
        supplier_id: "GAMA".into(),
        ..pb::GetScorecardRequest::default()
    };
    let ask = |message| world.suppliers.get_scorecard(Request::new(message));
    let card = ask(message.clone())
        .await
        .unwrap()
        .into_inner()
        .scorecard
        .unwrap();
    assert_eq!((card.delivery_count, card.overdue_count), (6, 1));
    // 8, 8, 8, 8, 10 days and 9 so far; six values bound their median from the first to the last, and no higher quantile from above.
    let quantiles: Vec<_> = (card.lead_time_quantiles.iter())
        .map(|one| (one.percent, one.days, one.low_days, one.high_days))
        .collect();
    assert_eq!(
        quantiles,
        [
            (50, 8, Some(8), Some(10)),
            (80, 9, Some(8), None),
            (95, 10, Some(8), None)
        ]
    );
    let share = |told: Option<pb::ShareEstimate>| {
        let told = told.unwrap();
        (
            told.count,
            told.of_count,
            told.millionths,
            told.low_millionths,
            told.high_millionths,
        )
    };
    // Clopper and Pearson: 2 of 6 and 0 of 5.
    assert_eq!(
        share(card.late_deliveries),
        (2, 6, 333_333, 43_271, 777_222)
    );
    assert_eq!(share(card.rejected_lots), (0, 5, 0, 0, 521_824));
    assert_eq!(share(card.short_lots), (0, 5, 0, 0, 521_824));
    let sure = pb::GetScorecardRequest {
        confidence_millionths: 500_000,
        ..message.clone()
    };
    let sure = ask(sure).await.unwrap().into_inner().scorecard.unwrap();
    assert_eq!(sure.lead_time_quantiles[0].high_days, Some(9));
    let wrong = pb::GetScorecardRequest {
        confidence_millionths: 1_000_000,
        ..message
    };
    assert_eq!(ask(wrong).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn safety_times_are_proposed_set_ordered_by_and_taken_away() {
    let world = delivered().await;
    let told = times(&world, 800_000).await.unwrap();
    let told: Vec<_> = (told.iter())
        .map(|time| {
            let value = time.proposed_value.as_ref().map(|value| value.minor_units);
            (
                time.item_id.as_str(),
                time.supplier_id.as_str(),
                time.days,
                time.proposed_days,
                time.basis(),
                value,
            )
        })
        .collect();
    // The fifth of six is a day late. Two lamps a day at two dollars for a day; of the others nothing is needed.
    let (one, own) = (Some(1), pb::SafetyTimeBasis::Source);
    let (supplier, everybody) = (
        pb::SafetyTimeBasis::Supplier,
        pb::SafetyTimeBasis::Everybody,
    );
    assert_eq!(
        told,
        [
            ("BOLT", "BETA", 0, one, everybody, Some(0)),
            ("BOLT", "ALFA", 0, one, everybody, Some(0)),
            ("COIL", "GAMA", 0, one, supplier, Some(0)),
            ("LAMP", "GAMA", 0, one, own, Some(400))
        ]
    );
    let set = learn(&world, "learn", 800_000).await.unwrap();
    let want = pb::LearnSafetyTimesResponse {
        source_count: 4,
        changed_count: 4,
        total_days: 4,
        delivery_count: 6,
    };
    assert_eq!(set, want);
    assert_eq!(learn(&world, "learn", 800_000).await.unwrap(), want);
    let again = learn(&world, "again", 800_000).await.unwrap();
    assert_eq!((again.source_count, again.changed_count), (4, 0));
    let lamp = times(&world, 900_000).await.unwrap().pop().unwrap();
    // Six deliveries tell nothing of nine in ten.
    assert_eq!(
        (lamp.days, lamp.learnt_on, lamp.proposed_days),
        (1, on(117), None)
    );
    assert_eq!(lamp.basis(), pb::SafetyTimeBasis::Unspecified);
    // Eight days of lead time and one of safety: on day 117 the uses of day 126 and 127 are due, for the evening of day 125.
    world.release(117).await.unwrap();
    let ordered: Vec<_> = (world.lines().await.into_iter().skip(6))
        .map(|line| (line.needed_on, line.receipt_on, line.past_due))
        .collect();
    assert_eq!(
        ordered,
        [(on(126), on(125), false), (on(127), on(125), false)]
    );
    assert_eq!(world.broken().await, []);
    // Without safety nothing is due on the next day: its use was ordered a day earlier.
    let none = learn(&world, "none", 0).await.unwrap();
    assert_eq!((none.source_count, none.changed_count), (0, 4));
    assert_eq!(world.release(118).await.unwrap().line_count, 0);
    assert_eq!(world.release(119).await.unwrap().line_count, 1);
    for wrong in [-1, 499_999, 1_000_000] {
        let refused = learn(&world, "wrong", wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{wrong}");
        assert!(times(&world, wrong).await.is_err());
    }
    assert!(times(&world, 0).await.is_err());
}

#[tokio::test]
async fn what_was_learnt_about_nobody_is_found() {
    let world = delivered().await;
    learn(&world, "learn", 800_000).await.unwrap();
    world
        .by_hand("UPDATE safety_time SET source_no = 999 WHERE source_no = 401")
        .await;
    let broken = world.broken().await;
    assert_eq!(broken, [("SF-1", vec!["999".to_owned()])]);
}
