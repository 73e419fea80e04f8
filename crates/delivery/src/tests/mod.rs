//! Stores and flows on a real SQLite database in a temporary folder.

#![allow(
    clippy::disallowed_methods,
    reason = "a test starts services of its own and ends them"
)]

mod book;
mod centres;
mod centres_gate;
mod changes;
mod orders;
mod outlook;
mod outlook_rows;
mod production;
mod promises;
mod quotes;
mod recalls;
mod reservations;
mod service;
mod transport;
mod transport_yard;
mod vehicles;
mod wire_orders;
mod wire_vehicles;

use std::{sync::Arc, time::Duration};

use takt_kernel::{Clock, Date};
use takt_service::{BoxFuture, Call, Caller, Error, Store, StoreOptions, Tx, core_migrations};

use crate::{
    digest::TABLES,
    invariants::INVARIANTS,
    migrations::MIGRATIONS,
    order::intake::{NewOrder, Outcome, Promising, orders_lock},
    programme::{
        Catalogue,
        sample::{self, catalogue, options},
        store,
    },
};

/// A database with the small programme.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) catalogue: Arc<Catalogue>,
    _folder: tempfile::TempDir,
}

pub(crate) fn call() -> Call {
    Call::new(Caller::Anonymous, Duration::from_secs(20))
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::file(folder.path().join("delivery.sqlite"));
        let store = Store::open(&options, Clock::manual(1_700_000_000_000_000))
            .await
            .unwrap();
        let mut migrations = core_migrations();
        migrations.extend_from_slice(MIGRATIONS);
        store.migrate(&migrations).await.unwrap();
        let world = Self {
            store,
            catalogue: Arc::new(catalogue()),
            _folder: folder,
        };
        world
            .write(|tx, _| {
                Box::pin(async move {
                    let programme = vec![store::programme_row(&sample::programme())];
                    let variants = sample::variants().iter().map(store::variant_row).collect();
                    let offers = sample::offers().iter().map(store::offer_row).collect();
                    let lanes = sample::lanes().iter().map(store::lane_row).collect();
                    for (table, rows) in [
                        (store::PROGRAMME, programme),
                        (store::VARIANT, variants),
                        (store::OPTION_VALUE, offers),
                        (store::LANE, lanes),
                    ] {
                        tx.insert_many(table.name, table.columns, rows, "").await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        world
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t Tx, Arc<Catalogue>) -> BoxFuture<'t, Result<T, Error>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, Error> {
        let catalogue = Arc::clone(&self.catalogue);
        self.store
            .write(&call(), "test", move |tx| work(tx, Arc::clone(&catalogue)))
            .await
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t Tx, Arc<Catalogue>) -> BoxFuture<'t, Result<T, Error>>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, Error> {
        let catalogue = Arc::clone(&self.catalogue);
        self.store
            .read(&call(), "test", move |tx| work(tx, Arc::clone(&catalogue)))
            .await
    }

    /// Locks orders.
    pub(crate) async fn lock(&self, orders: Vec<NewOrder>) -> Vec<Outcome> {
        let orders = Arc::new(orders);
        self.write(move |tx, catalogue| {
            let orders = Arc::clone(&orders);
            Box::pin(async move { orders_lock(tx, &catalogue, &orders, Promising::Owed).await })
        })
        .await
        .unwrap()
    }

    /// The single number of a query.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        self.read(move |tx, _| Box::pin(tx.number(sql, vec![])))
            .await
            .unwrap()
    }

    /// The rules that are broken, with examples.
    pub(crate) async fn broken(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut broken = Vec::new();
        for rule in INVARIANTS {
            let found = self.read(move |tx, _| {
                Box::pin(async move {
                    tx.number(rule.checked, vec![]).await?;
                    let rows = tx.rows(rule.violated, vec![]).await?;
                    rows.iter()
                        .map(|row| Ok(row.try_get_by_index::<String>(0)?))
                        .collect::<Result<Vec<_>, Error>>()
                })
            });
            let found = found.await.unwrap();
            if !found.is_empty() {
                broken.push((rule.id, found));
            }
        }
        broken
    }
}

/// An order of a MAX with the given wheel.
pub(crate) fn order(id: &str, city: &str, edition: &str, on: Date) -> NewOrder {
    let mut violations = takt_kernel::Violations::new();
    let chosen = options(&[("COLOR", "BLUE"), ("WHEEL", "W21"), ("EDITION", edition)]);
    NewOrder {
        id: id.into(),
        customer_id: format!("C-{id}"),
        variant_id: "MAX".into(),
        configuration: catalogue()
            .configure("MAX", &chosen, &mut violations)
            .unwrap(),
        city: city.into(),
        locked_on: on,
        traceparent: None,
    }
}

#[tokio::test]
async fn an_empty_world_keeps_every_rule_and_every_digest_column_exists() {
    let world = World::new().await;
    assert_eq!(world.broken().await, []);
    for table in TABLES {
        let sql = format!("SELECT {} FROM {}", table.columns.join(", "), table.name);
        let read = world.read(move |tx, _| {
            let sql = sql.clone();
            Box::pin(async move { Ok(tx.rows(&sql, vec![]).await?.len()) })
        });
        assert!(read.await.is_ok(), "{}", table.name);
    }
}
