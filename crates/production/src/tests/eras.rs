//! Promises over the break of an engineering change, over the wire.

use super::{
    changes::{NEW, released, spec, with_new_body},
    *,
};

#[tokio::test]
async fn promises_behind_the_break_stand_on_the_new_part() {
    let service = with_new_body().await;
    let kind = pb::EffectivityKind::Date;
    released(&service, "EC-9", spec(kind, Some(day(3)), 0)).await;
    service.stock();
    service
        .procurement
        .receive("BODY-B.STEEL.000001", 9_010_000_001, 3);
    service.plan(day(0), 1, false).await.unwrap();
    let promises = PromiseServiceClient::new(service.channel.clone());
    // Each day has two slots. There are bodies of the old kind for everybody, and three of the new kind.
    let offered = async |count: i64, wanted: i32| {
        let message = pb::InquirePromiseRequest {
            as_of: Some(date_pb(day(0))),
            wish: Some(pb::PromiseWish {
                variant_id: "MAX".into(),
                options: BTreeMap::from([("WHEEL".to_owned(), "W20".to_owned())]),
                vehicle_count: count,
                wanted_on: Some(date_pb(day(wanted))),
                split_allowed: true,
            }),
            newest: true,
            ..pb::InquirePromiseRequest::default()
        };
        let answer = promises.clone().inquire_promise(message).await.unwrap();
        answer.into_inner().offer.unwrap()
    };
    let before = offered(4, 2).await;
    assert_eq!((before.short_vehicle_count, before.reasons.len()), (0, 0));
    let all = offered(9, 8).await;
    let built: i64 = all.dates.iter().map(|row| row.vehicle_count).sum();
    assert_eq!((built, all.short_vehicle_count), (7, 2), "{all:?}");
    let early = [day(1), day(2)].map(|on| Some(date_pb(on)));
    let old = all.slots.iter().filter(|row| early.contains(&row.date));
    let old: i64 = old.map(|row| row.vehicle_count).sum();
    assert_eq!(old, 4, "four have the old body: {all:?}");
    let parts: Vec<&str> = all
        .reasons
        .iter()
        .map(|reason| reason.subject.as_str())
        .collect();
    assert!(
        parts.contains(&NEW) && !parts.contains(&"BODY"),
        "{parts:?}"
    );
    assert_eq!(service.broken().await, []);
}
