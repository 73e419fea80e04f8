//! What the parts of delivery share: the database, the catalogue, the queue, and production.
//!
//! It must not know any rpc. Invariants: the catalogue is read once an activation; the queue has one lock, which is
//! never held while a peer is asked.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use takt_service::{Call, Deps, Error, Store, seal::Keys};
use tokio::sync::watch;

use crate::{
    peers::Production,
    programme::{Catalogue, store::catalogue_fetch},
    promise::mirror::Mirror,
};

/// What the parts of delivery share.
pub(crate) struct Desk {
    /// The database.
    pub(crate) store: Store,
    /// Production.
    pub(crate) production: Production,
    /// The queue of open orders.
    pub(crate) mirror: tokio::sync::Mutex<Mirror>,
    /// The orders that calls are just creating.
    pub(crate) creating: Creating,
    /// The keys that seal who customers are.
    pub(crate) keys: Keys,
    deps: Deps,
    catalogue: Mutex<Option<(i64, Arc<Catalogue>)>>,
}

impl Desk {
    /// The desk of a service.
    pub(crate) fn new(deps: Deps) -> Result<Self, Error> {
        Ok(Self {
            store: deps.store.clone(),
            production: Production::new(deps.peer("production")?),
            mirror: tokio::sync::Mutex::default(),
            creating: Creating::default(),
            keys: deps.chassis.keys.clone(),
            deps,
            catalogue: Mutex::default(),
        })
    }

    /// The catalogue, when it was read since the last activation.
    pub(crate) fn catalogue_known(&self) -> Option<Arc<Catalogue>> {
        let known = self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (_, catalogue) = known
            .as_ref()
            .filter(|(of, _)| *of == self.deps.programme_version())?;
        Some(Arc::clone(catalogue))
    }

    /// The catalogue of the programme that is visible.
    pub(crate) async fn catalogue(&self, call: &Call) -> Result<Arc<Catalogue>, Error> {
        if let Some(catalogue) = self.catalogue_known() {
            return Ok(catalogue);
        }
        let version = self.deps.programme_version();
        let read = self
            .store
            .read(call, "catalogue_fetch", |tx| Box::pin(catalogue_fetch(tx)))
            .await?;
        let read = Arc::new(read);
        *self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::clone(&read)));
        Ok(read)
    }
}

/// The orders that calls are just creating: their promise is the call's business until it ends.
#[derive(Default)]
pub(crate) struct Creating {
    orders: Mutex<BTreeSet<String>>,
    changes: watch::Sender<u64>,
}

/// Held by the call that creates an order.
pub(crate) struct Created<'c> {
    creating: &'c Creating,
    order_id: String,
}

impl Creating {
    /// Says that a call creates an order, until the answer is dropped.
    pub(crate) fn enter(&self, order_id: &str) -> Created<'_> {
        self.orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(order_id.to_owned());
        Created {
            creating: self,
            order_id: order_id.to_owned(),
        }
    }

    /// Waits until no call is creating the order.
    pub(crate) async fn left(&self, order_id: &str) {
        let mut changes = self.changes.subscribe();
        while self
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(order_id)
        {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Created<'_> {
    fn drop(&mut self) {
        self.creating
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.order_id);
        self.creating
            .changes
            .send_modify(|change| *change = change.wrapping_add(1));
    }
}
