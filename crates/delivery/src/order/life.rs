//! What delivery knows of an order, read in one snapshot: the order, its promises and changes, and everything that its rows tell.
//!
//! It must not know what production and procurement tell. Invariant: whoever tells of an order's life tells the same of it.

use takt_service::{Error, Tx};

use super::{
    Order,
    change::{Change, store::changes_fetch},
    store::order_fetch,
    timeline::{Entry, timeline, troubles},
};
use crate::{
    allocation::changes::order_changes, exception::store::order_exceptions, handover::told::told,
    programme::Catalogue, promise::Promise, promise::store::promises_fetch,
};

/// An order's life as delivery knows it.
pub(crate) struct Life {
    /// The order.
    pub(crate) order: Order,
    /// Its promises, oldest first.
    pub(crate) promises: Vec<Promise>,
    /// Its changes, oldest first.
    pub(crate) changes: Vec<Change>,
    /// What happened, oldest first.
    pub(crate) entries: Vec<Entry>,
}

/// The life of an order.
pub(crate) async fn life_fetch(tx: &Tx, catalogue: &Catalogue, id: &str) -> Result<Life, Error> {
    let order = order_fetch(tx, catalogue, id).await?;
    let promises = promises_fetch(tx, order.number).await?;
    let changes = changes_fetch(tx, order.number).await?;
    let exceptions = order_exceptions(tx, order.number).await?;
    let reallocations = order_changes(tx, order.number).await?;
    let mut others = troubles(&exceptions, &reallocations, catalogue);
    others.extend(told(tx, &order).await?);
    let entries = timeline(&order, &promises, &changes, others, catalogue);
    Ok(Life {
        order,
        promises,
        changes,
        entries,
    })
}
