//! The rows of the outlook and of the disruptions that it looks at.

use takt_kernel::Date;
use takt_service::Error;

use super::World;
use crate::{
    outlook::store::{
        Declared, NewOutlook, disruptions_note, disruptions_open, head_fetch, outlook_fetch,
        outlook_hold, outlook_write,
    },
    programme::sample::date,
};

fn new_outlook(seen: i64, as_of: &str) -> NewOutlook {
    NewOutlook {
        seen,
        plan_id: "p".into(),
        as_of: date(as_of),
        undisturbed: Vec::new(),
        disturbed: Vec::new(),
        reasons: Vec::new(),
    }
}

#[tokio::test]
async fn who_has_not_seen_the_last_outlook_keeps_none() {
    let world = World::new().await;
    let none =
        world.read(|tx, catalogue| Box::pin(async move { outlook_fetch(tx, &catalogue).await }));
    assert_eq!(none.await.unwrap(), None);
    let write = |seen, as_of: &'static str| {
        world.write(move |tx, _| {
            Box::pin(async move { outlook_write(tx, &new_outlook(seen, as_of)).await })
        })
    };
    write(0, "2024-04-01").await.unwrap();
    let late = write(0, "2024-03-01").await;
    assert!(matches!(late, Err(Error::Stale { .. })), "{late:?}");
    let head = world.read(|tx, _| Box::pin(head_fetch(tx))).await.unwrap();
    assert_eq!((head.revision, head.as_of), (1, Some(date("2024-04-01"))));
    let held = |seen| world.write(move |tx, _| Box::pin(outlook_hold(tx, seen)));
    held(1).await.unwrap();
    assert!(matches!(held(0).await, Err(Error::Stale { .. })));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn disruptions_are_open_until_the_day_on_which_they_are_over() {
    let world = World::new().await;
    let note = |declared: Vec<(&'static str, &'static str)>,
                resolved: Vec<(&'static str, &'static str)>| {
        world.write(move |tx, _| {
            let declared: Vec<Declared> = (declared.iter())
                .map(|(id, on)| Declared {
                    id: (*id).to_owned(),
                    begins_on: date(on),
                    expected_end_on: None,
                })
                .collect();
            let resolved: Vec<(String, Date)> = (resolved.iter())
                .map(|(id, on)| ((*id).to_owned(), date(on)))
                .collect();
            Box::pin(async move { disruptions_note(tx, &declared, &resolved).await })
        })
    };
    let open = |on: &'static str| {
        let read = world.read(move |tx, _| Box::pin(disruptions_open(tx, date(on))));
        async move { read.await.unwrap() }
    };
    note(vec![("A", "2024-04-01"), ("B", "2024-04-10")], Vec::new())
        .await
        .unwrap();
    assert_eq!(open("2024-04-01").await, ["A", "B"]);
    // What was told before stays as it is, and an end may be told with the beginning or without it.
    note(
        vec![("A", "2024-05-01")],
        vec![("A", "2024-04-20"), ("C", "2024-04-05")],
    )
    .await
    .unwrap();
    assert_eq!(open("2024-04-04").await, ["A", "B", "C"]);
    assert_eq!(open("2024-04-19").await, ["A", "B"]);
    assert_eq!(open("2024-04-20").await, ["B"]);
    assert_eq!(world.broken().await, []);
    // An end before the beginning is refused by the row itself.
    assert!(note(Vec::new(), vec![("B", "2024-04-09")]).await.is_err());
}
