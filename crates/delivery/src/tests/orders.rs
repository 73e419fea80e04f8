//! Orders are locked, listed and cancelled.

use std::{collections::BTreeMap, sync::Arc};

use takt_kernel::Date;
use takt_service::Error;

use super::{World, order};
use crate::{
    order::{
        OrderState,
        intake::Outcome,
        store::{order_cancel, order_fetch, orders_list},
    },
    programme::sample::date,
};

fn day() -> Date {
    date("2024-03-28")
}

#[tokio::test]
async fn numbers_have_no_gaps_and_a_known_id_is_refused() {
    let world = World::new().await;
    let chunk = vec![
        order("A", "Shanghai", "NORMAL", day()),
        order("B", "Xi'an", "FOUNDERS", day()),
        order("A", "Shanghai", "NORMAL", day()),
    ];
    let first = world.lock(chunk).await;
    assert_eq!(
        first,
        [Outcome::Locked(1), Outcome::Locked(2), Outcome::Taken]
    );
    let chunk = vec![
        order("B", "Xi'an", "NORMAL", day()),
        order("C", "Shanghai", "NORMAL", day().plus(1)),
    ];
    assert_eq!(
        world.lock(chunk).await,
        [Outcome::Taken, Outcome::Locked(3)]
    );
    assert_eq!(
        world.lock(vec![order("B", "Xi'an", "NORMAL", day())]).await,
        [Outcome::Taken]
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM sales_order").await, 3);
    assert_eq!(world.number("SELECT COUNT(*) FROM configuration").await, 2);
    assert_eq!(world.number("SELECT COUNT(*) FROM fact").await, 3);
    assert_eq!(
        world
            .number("SELECT COUNT(*) FROM intent WHERE kind = 'promise'")
            .await,
        2
    );
    assert_eq!(
        world
            .number("SELECT order_count FROM lane_load WHERE lane_no = 80")
            .await,
        2
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn an_order_that_cannot_be_stored_leaves_nothing() {
    let world = World::new().await;
    let nowhere = order("A", "Atlantis", "NORMAL", day());
    let orders = Arc::new(vec![order("B", "Xi'an", "NORMAL", day()), nowhere]);
    let refused = world.write(move |tx, catalogue| {
        let orders = Arc::clone(&orders);
        Box::pin(async move {
            crate::order::intake::orders_lock(
                tx,
                &catalogue,
                &orders,
                crate::order::intake::Promising::Owed,
            )
            .await
        })
    });
    assert!(matches!(refused.await, Err(Error::Broken { .. })));
    for table in [
        "SELECT COUNT(*) FROM sales_order",
        "SELECT COUNT(*) FROM fact",
        "SELECT COUNT(*) FROM intent",
    ] {
        assert_eq!(world.number(table).await, 0, "{table}");
    }
    assert_eq!(
        world
            .number("SELECT value FROM counter WHERE name = 'order'")
            .await,
        0
    );
}

#[tokio::test]
async fn orders_are_listed_by_number_and_state() {
    let world = World::new().await;
    world
        .lock(
            (0..5)
                .map(|n| order(&format!("O{n}"), "Xi'an", "NORMAL", day()))
                .collect(),
        )
        .await;
    cancel(&world, "O3").await.unwrap();
    let list = |state, after, limit| {
        let world = &world;
        async move {
            let read = world.read(move |tx, catalogue| {
                Box::pin(async move { orders_list(tx, &catalogue, state, after, limit).await })
            });
            read.await
                .unwrap()
                .into_iter()
                .map(|order| order.number)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(list(None, 0, 3).await, [1, 2, 3]);
    assert_eq!(list(None, 3, 3).await, [4, 5]);
    assert_eq!(list(Some(OrderState::Locked), 2, 9).await, [3, 5]);
    assert_eq!(list(Some(OrderState::Cancelled), 0, 9).await, [4]);
    for state in [
        OrderState::Built,
        OrderState::InTransit,
        OrderState::ReadyForHandover,
        OrderState::HandedOver,
    ] {
        assert_eq!(list(Some(state), 0, 9).await, [0i64; 0]);
    }
    assert_eq!(world.broken().await, []);
}

async fn cancel(world: &World, id: &'static str) -> Result<(), Error> {
    world
        .write(move |tx, catalogue| {
            Box::pin(async move {
                let order = order_fetch(tx, &catalogue, id).await?;
                order_cancel(tx, &order, order.cancel(day())?).await
            })
        })
        .await
}

#[tokio::test]
async fn a_cancelled_order_stays_cancelled() {
    let world = World::new().await;
    world.lock(vec![order("A", "Xi'an", "NORMAL", day())]).await;
    cancel(&world, "A").await.unwrap();
    let again = cancel(&world, "A").await;
    assert!(
        matches!(again, Err(Error::Refused { reason, .. }) if reason == "ORDER_ALREADY_CANCELLED")
    );
    assert!(matches!(
        cancel(&world, "Z").await,
        Err(Error::Missing { .. })
    ));
    let read = world
        .read(|tx, catalogue| Box::pin(async move { order_fetch(tx, &catalogue, "A").await }))
        .await
        .unwrap();
    assert_eq!(
        (read.state(), read.cancelled_on),
        (OrderState::Cancelled, Some(day()))
    );
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_whole_chunk_is_spread_over_the_lanes_by_their_shares() {
    let world = World::new().await;
    let orders: Vec<_> = (0..500)
        .map(|n| {
            order(
                &format!("O{n:03}"),
                if n % 2 == 0 { "Xi'an" } else { "Shanghai" },
                "NORMAL",
                day(),
            )
        })
        .collect();
    world.lock(orders).await;
    let loads = world.read(|tx, _| {
        Box::pin(async move {
            let rows = tx
                .rows("SELECT lane_no, order_count FROM lane_load", vec![])
                .await?;
            let read = rows
                .iter()
                .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
            read.collect::<Result<BTreeMap<i64, i64>, Error>>()
        })
    });
    let expected = BTreeMap::from([(80, 188), (81, 62), (90, 250)]);
    assert_eq!(loads.await.unwrap(), expected);
    assert_eq!(world.broken().await, []);
}
