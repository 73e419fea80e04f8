//! The store on a real database: one effect a request, facts without gaps, refusals that change nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test may fail loudly and start what it tests"
)]

use std::time::Duration;

use takt_contract::{common::v1 as common, events::v1 as events};
use takt_kernel::{Clock, Date};
use takt_service::{
    BoxFuture, Call, Error, Migration, NewFact, Once, Store, StoreOptions, Tx, core_migrations,
};

const TABLES: Migration = Migration {
    name: "t0001_stock",
    up: &[
        "CREATE TABLE stock (item_no {id}, on_hand {int} NOT NULL, reserved {int} NOT NULL, CONSTRAINT st_2 CHECK (reserved <= on_hand))",
        "CREATE TABLE note (note_no {serial}, words {text} NOT NULL)",
    ],
};

async fn store(folder: &tempfile::TempDir) -> Store {
    let options = StoreOptions::file(folder.path().join("test.sqlite"));
    let store = Store::open(&options, Clock::System).await.unwrap();
    let mut migrations = core_migrations();
    migrations.push(TABLES);
    store.migrate(&migrations).await.unwrap();
    store
}

fn call() -> Call {
    Call::background("test", Duration::from_secs(20))
}

/// Ties a closure to the lifetimes that a transaction needs.
fn in_tx<T, F>(work: F) -> F
where
    F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Error>>,
{
    work
}

fn fact(subject: &str) -> NewFact {
    NewFact {
        subject: subject.to_owned(),
        on: Date::from_epoch_day(19_810),
        traceparent: None,
        body: events::fact_body::Kind::VehicleReleased(events::VehicleReleased::default()),
    }
}

fn stocked(tx: &Tx) -> BoxFuture<'_, Result<u64, Error>> {
    Box::pin(async move {
        let rows = (1..=5_000i64)
            .map(|item| vec![item.into(), 100i64.into(), 0i64.into()])
            .collect();
        tx.insert_many("stock", &["item_no", "on_hand", "reserved"], rows, "")
            .await
    })
}

#[tokio::test]
async fn sets_of_rows_go_in_and_change_together() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    assert_eq!(store.write(&call(), "stock", stocked).await.unwrap(), 5_000);
    let changed = store
        .write(&call(), "reserve", |tx| {
            Box::pin(async move {
                let rows = (1..=3_000i64)
                    .map(|item| vec![item.into(), (item % 3).into()])
                    .collect();
                let set = ["reserved = t.reserved + v.quantity"];
                tx.update_many(
                    "stock",
                    &["item_no"],
                    &set,
                    &["item_no", "quantity"],
                    rows,
                    "t.on_hand - t.reserved >= v.quantity",
                )
                .await
            })
        })
        .await
        .unwrap();
    assert_eq!(changed, 3_000);
    let sum = store
        .read(&call(), "sum", |tx| {
            Box::pin(tx.number("SELECT CAST(SUM(reserved) AS BIGINT) FROM stock", vec![]))
        })
        .await
        .unwrap();
    assert_eq!(sum, 3_000);
}

#[tokio::test]
async fn a_violated_invariant_is_a_refusal_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    store.write(&call(), "stock", stocked).await.unwrap();
    let refused = store
        .write(&call(), "oversell", |tx| {
            Box::pin(async move {
                tx.exec("INSERT INTO note (words) VALUES ($1)", vec!["kept?".into()])
                    .await?;
                tx.exec("UPDATE stock SET reserved = 101 WHERE item_no = 7", vec![])
                    .await
            })
        })
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Refused { .. }), "{refused}");
    let notes = store
        .read(&call(), "notes", |tx| {
            Box::pin(tx.number("SELECT COUNT(*) FROM note", vec![]))
        })
        .await
        .unwrap();
    assert_eq!(notes, 0);
}

#[tokio::test]
async fn a_request_has_one_effect_and_one_answer() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let message = common::TableStatus {
        table: "note".into(),
        row_count: 1,
        bytes: 0,
    };
    let once = Once::of("Test/Note", [7; 16], &message);
    let note = in_tx(|tx| {
        Box::pin(async move {
            tx.exec("INSERT INTO note (words) VALUES ($1)", vec!["once".into()])
                .await?;
            let row_count = tx.number("SELECT COUNT(*) FROM note", vec![]).await?;
            Ok(common::TableStatus {
                table: "note".into(),
                row_count,
                bytes: 0,
            })
        })
    });
    let mut answers = Vec::new();
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write_once(&call(), "note", once, note).await })
        })
        .collect();
    for one in tries {
        answers.push(one.await.unwrap().unwrap());
    }
    assert!(
        answers.iter().all(|answer| answer.row_count == 1),
        "{answers:?}"
    );
    let other = Once::of(
        "Test/Note",
        [7; 16],
        &common::TableStatus {
            table: "other".into(),
            ..message
        },
    );
    let reused = store
        .write_once(&call(), "note", other, note)
        .await
        .unwrap_err();
    assert!(
        matches!(
            reused,
            Error::Invalid {
                reason: "REQUEST_ID_REUSED",
                ..
            }
        ),
        "{reused}"
    );
}

#[tokio::test]
async fn facts_of_a_subject_have_no_gaps_under_contention() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    let emit = in_tx(move |tx| {
                        Box::pin(async move {
                            tx.emit_many(vec![
                                fact("shared"),
                                fact(&format!("own-{writer}")),
                                fact("shared"),
                            ])
                            .await?;
                            // Every fifth transaction takes its facts back.
                            if tx.now_micros() % 5 == 0 {
                                Err(Error::refused("TEST", "taken back"))
                            } else {
                                Ok(())
                            }
                        })
                    });
                    let _ = store.write(&call(), "emit", emit).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let gaps = "SELECT COUNT(*) FROM (SELECT subject FROM fact GROUP BY subject HAVING MAX(sequence) <> COUNT(*) OR MIN(sequence) <> 1) AS broken";
    assert_eq!(
        store
            .read(&call(), "gaps", move |tx| Box::pin(tx.number(gaps, vec![])))
            .await
            .unwrap(),
        0
    );
    let all = store
        .read(&call(), "all", |tx| {
            Box::pin(tx.number("SELECT COUNT(*) FROM fact", vec![]))
        })
        .await
        .unwrap();
    assert!(all > 0);
}

#[tokio::test]
async fn a_statement_stops_at_the_deadline_and_the_writer_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let short = Call::background("test", Duration::from_millis(150));
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
    let begun = std::time::Instant::now();
    let late = store
        .write(&short, "endless", move |tx| {
            Box::pin(tx.number(endless, vec![]))
        })
        .await
        .unwrap_err();
    assert!(matches!(late, Error::Late { .. }), "{late}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    store.write(&call(), "stock", stocked).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_break_its_transaction_off() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let slow = in_tx(|tx| {
        Box::pin(async move {
            tx.exec("INSERT INTO note (words) VALUES ($1)", vec!["kept".into()])
                .await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(())
        })
    });
    let _ = tokio::time::timeout(
        Duration::from_millis(20),
        store.write(&call(), "slow", slow),
    )
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        store
            .read(&call(), "notes", |tx| Box::pin(
                tx.number("SELECT COUNT(*) FROM note", vec![])
            ))
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn a_schema_that_is_newer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let refused = store.migrate(&core_migrations()).await.unwrap_err();
    assert!(refused.to_string().contains("t0001_stock"), "{refused}");
    let starters: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut all = core_migrations();
                all.push(TABLES);
                store.migrate(&all).await
            })
        })
        .collect();
    for starter in starters {
        assert!(starter.await.unwrap().unwrap().is_empty());
    }
}
