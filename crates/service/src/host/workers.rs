//! The workers beside the calls: relays, the reconciler, the janitor.
//!
//! It must not know what they carry. Invariant: they stop between two steps, within a bound, before the database closes.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Definition, Deps};
use crate::{
    Call, Dialect, Error, IntentHandler, Retention, Store, facts::Relay, intents::Reconciler,
    janitor::Janitor,
};

/// How long a step may take to end once the workers are told to stop.
const PATIENCE: Duration = Duration::from_secs(35);

pub(super) struct Workers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Workers {
    pub(super) fn start(
        definition: &Definition,
        deps: &Deps,
        intents: Vec<Arc<dyn IntentHandler>>,
        retention: Retention,
    ) -> Result<Self, Error> {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for subscriber in definition.subscribers {
            let narrow = definition.narrow.iter();
            let kinds = narrow.copied().find(|(name, _)| name == subscriber);
            let relay = Relay::new(
                deps.store.clone(),
                definition.name,
                (subscriber, kinds.map(|(_, kinds)| kinds)),
                deps.peer(subscriber)?,
                lease_owner(),
            );
            tasks.spawn(relay.run(stop.clone()));
        }
        // One reconciler a kind: a slow kind keeps no other waiting.
        for handler in intents {
            let reconciler = Reconciler {
                store: deps.store.clone(),
                handlers: vec![handler],
                owner: lease_owner(),
            };
            tasks.spawn(reconciler.run(stop.clone()));
        }
        let janitor = Janitor {
            store: deps.store.clone(),
            retention,
            subscribers: definition.subscribers,
        };
        tasks.spawn(janitor.run(stop.clone()));
        Ok(Self { tasks, stop })
    }

    pub(super) async fn stopped(mut self) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!(
                "a worker did not end its step in time; its lease runs out and another one goes on"
            );
        }
    }
}

/// A name for who holds a lease, new at every start: what a crashed process held is not mistaken for its own.
#[expect(clippy::disallowed_methods, reason = "the one home of names of leases")]
fn lease_owner() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Takes over what a crashed process had leased. An embedded database has one process, so whatever is leased in it at the
/// start belongs to nobody; in a database that others share leases run out by themselves.
pub(super) async fn leases_inherited(store: &Store) -> Result<(), Error> {
    if store.dialect() != Dialect::Sqlite {
        return Ok(());
    }
    let call = Call::background("start", Duration::from_secs(30));
    let freed = store.write(&call, "leases_inherit", |tx| {
        Box::pin(async move {
            for table in ["subscription", "intent"] {
                let sql = format!(
                    "UPDATE {table} SET lease_owner = NULL, lease_until = 0 WHERE lease_until > 0"
                );
                tx.exec(&sql, vec![]).await?;
            }
            Ok(())
        })
    });
    freed.await
}
