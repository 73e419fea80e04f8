//! The queue in memory follows the database, and promises are made on it.

use takt_kernel::Date;
use takt_service::{Error, Intent};

use super::{World, call, order};
use crate::{
    order::store::{order_cancel, order_fetch},
    programme::sample::date,
    promise::{
        Promise, PromiseKind,
        mirror::Mirror,
        store::{promises_add, promises_fetch},
    },
};

fn day() -> Date {
    date("2024-03-28")
}

fn promise(number: i64, deliver: &str) -> Promise {
    Promise {
        number,
        kind: PromiseKind::Planned,
        build_on: date("2024-04-01"),
        deliver_on: date(deliver),
        made_on: day(),
        plan_id: "su7-20240328".into(),
    }
}

async fn intents(world: &World) -> Vec<Intent> {
    let read = world.read(|tx, _| {
        Box::pin(async move {
            let rows = tx
                .rows("SELECT key FROM intent ORDER BY intent_id", vec![])
                .await?;
            let mut intents = Vec::new();
            for row in rows {
                let key: String = row.try_get_by_index(0)?;
                intents.extend(tx.intent_fetch("promise", &key).await?);
            }
            Ok(intents)
        })
    });
    read.await.unwrap()
}

fn ranked(mirror: &Mirror) -> Vec<(i64, i64, Option<i64>)> {
    let places = mirror.queue().ranked();
    places
        .map(|ranked| {
            (
                ranked.place.order_no,
                ranked.rank,
                ranked.place.last.map(|last| last.number),
            )
        })
        .collect()
}

#[tokio::test]
async fn the_queue_follows_what_was_added_and_what_left() {
    let world = World::new().await;
    let mut mirror = Mirror::default();
    mirror.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(mirror.queue().ranked().count(), 0);
    world
        .lock(vec![
            order("A", "Xi'an", "NORMAL", day()),
            order("B", "Xi'an", "FOUNDERS", day()),
        ])
        .await;
    mirror.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(ranked(&mirror), [(2, 1, None), (1, 2, None)]);
    let intent = intents(&world).await.remove(0);
    let told = vec![(1, promise(1, "2024-05-01")), (2, promise(1, "2024-04-20"))];
    mirror
        .promises_write(&world.store, &call(), told, &intent)
        .await
        .unwrap();
    assert_eq!(ranked(&mirror), [(2, 1, Some(1)), (1, 2, Some(1))]);
    assert!(intents(&world).await.is_empty());
    world.lock(vec![order("C", "Xi'an", "NORMAL", day())]).await;
    let cancelled = world.write(|tx, catalogue| {
        Box::pin(async move {
            let order = order_fetch(tx, &catalogue, "A").await?;
            order_cancel(tx, &order, day()).await
        })
    });
    cancelled.await.unwrap();
    mirror.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(ranked(&mirror), [(2, 1, Some(1)), (3, 2, None)]);
    let mut anew = Mirror::default();
    anew.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(ranked(&anew), ranked(&mirror));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn who_has_not_seen_the_last_promises_makes_none() {
    let world = World::new().await;
    world.lock(vec![order("A", "Xi'an", "NORMAL", day())]).await;
    let (mut one, mut other) = (Mirror::default(), Mirror::default());
    one.refresh(&world.store, &call()).await.unwrap();
    other.refresh(&world.store, &call()).await.unwrap();
    let intent = intents(&world).await.remove(0);
    one.promises_write(
        &world.store,
        &call(),
        vec![(1, promise(1, "2024-05-01"))],
        &intent,
    )
    .await
    .unwrap();
    let stale = other
        .promises_write(
            &world.store,
            &call(),
            vec![(1, promise(1, "2024-06-01"))],
            &intent,
        )
        .await;
    assert!(matches!(stale, Err(Error::Stale { .. })), "{stale:?}");
    other.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(ranked(&other), [(1, 1, Some(1))]);
    other
        .promises_write(
            &world.store,
            &call(),
            vec![(1, promise(2, "2024-06-01"))],
            &intent,
        )
        .await
        .unwrap();
    one.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(ranked(&one), [(1, 1, Some(2))]);
    let kept = world
        .read(|tx, _| Box::pin(async move { promises_fetch(tx, 1).await }))
        .await
        .unwrap();
    assert_eq!(kept, [promise(1, "2024-05-01"), promise(2, "2024-06-01")]);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_gap_or_a_small_step_is_found_by_the_rules() {
    let world = World::new().await;
    world
        .lock(vec![
            order("A", "Xi'an", "NORMAL", day()),
            order("B", "Xi'an", "NORMAL", day()),
        ])
        .await;
    let wrong = world.write(|tx, _| {
        Box::pin(async move {
            let promises = [
                (1, promise(2, "2024-05-01")),
                (2, promise(1, "2024-05-01")),
                (2, promise(2, "2024-05-05")),
            ];
            promises_add(tx, 0, &promises).await
        })
    });
    wrong.await.unwrap();
    let broken: Vec<&str> = world.broken().await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(broken, ["PR-1", "PR-2"]);
}

#[tokio::test]
async fn thousands_of_promises_are_written_in_turns() {
    let world = World::new().await;
    for chunk in 0..20 {
        let orders = (0..500).map(|n| order(&format!("O{chunk}-{n}"), "Xi'an", "NORMAL", day()));
        world.lock(orders.collect()).await;
    }
    let mut mirror = Mirror::default();
    mirror.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(mirror.queue().arrivals(day()).count(), 10_000);
    let told = (1..=10_000)
        .map(|order| (order, promise(1, "2024-05-01")))
        .collect();
    let intent = intents(&world).await.remove(0);
    mirror
        .promises_write(&world.store, &call(), told, &intent)
        .await
        .unwrap();
    assert!(!mirror.queue().has_unpromised(1, 10_000));
    assert_eq!(world.number("SELECT COUNT(*) FROM promise").await, 10_000);
    let mut anew = Mirror::default();
    anew.refresh(&world.store, &call()).await.unwrap();
    assert_eq!(ranked(&anew), ranked(&mirror));
}
