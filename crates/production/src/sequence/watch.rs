//! Watching the sequence of a day as it changes.
//!
//! It must not know who changes it. Invariant: a watcher sees the last version; it may miss those between.

use std::time::Duration;

use takt_contract::production::v1 as pb;
use takt_kernel::Date;
use takt_service::{Call, Error, stream::Outlet};

use super::{State, rpc::day_pb, store::sequence_fetch};
use crate::Production;

/// Tells each version that it sees until the day is built or the watcher goes.
pub(super) async fn watched(
    production: Production,
    on: Date,
    outlet: Outlet<pb::WatchSequenceResponse>,
) -> Result<(), Error> {
    let mut changes = production.sequences.subscribe();
    let call = || Call::background("watch", Duration::from_secs(10));
    let mut seen = 0;
    loop {
        changes.borrow_and_update();
        let asked = call();
        let read = production
            .deps
            .store
            .read(&asked, "sequence_watch", move |tx| {
                Box::pin(sequence_fetch(tx, on))
            });
        if let Some(found) = read.await?.filter(|found| found.version > seen) {
            seen = found.version;
            let product = production.products.get(&call()).await?;
            let day = Some(day_pb(&product, &found));
            outlet.send(pb::WatchSequenceResponse { day }).await?;
            if found.state == State::Built {
                return Ok(());
            }
        }
        // Another process of the service may have changed it: nobody tells us but the row.
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}
