//! The barrier: waits until every subscriber has applied this service's facts and this service owes no work.
//!
//! It must not know what facts mean. Invariant: it looks at rows, so that it holds with any number of replicas.

use std::time::Duration;

use takt_contract::events::v1 as pb;

use super::Cursor;
use crate::{
    Call, Error, Store,
    store::{Dialect, Tx},
};

/// How often the rows are looked at when no nudge comes: other replicas move them too.
const LOOK: Duration = Duration::from_millis(50);

/// What is still open.
#[derive(Clone, Copy)]
struct Open {
    newest: i64,
    facts: bool,
    intents: i64,
    parked: i64,
}

impl Store {
    /// Waits as the rpc says. `subscribers` are those that this service tells its facts.
    pub(super) async fn settled(
        &self,
        call: &Call,
        position: i64,
        subscribers: &'static [&'static str],
    ) -> Result<pb::AwaitAppliedResponse, Error> {
        let mut nudges = self.nudges().settled.subscribe();
        let target = if position > 0 {
            position
        } else {
            self.read(call, "facts_newest", |tx| Box::pin(tx.facts_newest()))
                .await?
        };
        loop {
            nudges.borrow_and_update();
            let open = self
                .read(call, "await_applied", move |tx| {
                    Box::pin(tx.open(target, subscribers))
                })
                .await?;
            if !open.facts && open.intents == 0 {
                return Ok(pb::AwaitAppliedResponse {
                    position: open.newest,
                    activity: i64::try_from(self.activity()).unwrap_or(i64::MAX),
                    parked_count: open.parked,
                });
            }
            if call.is_late() {
                let what = format!(
                    "the wait for {} intents and the facts up to {target}",
                    open.intents
                );
                return Err(Error::late(what));
            }
            tokio::select! {
                _ = nudges.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

impl Tx {
    async fn open(&self, target: i64, subscribers: &'static [&'static str]) -> Result<Open, Error> {
        let newest = self.facts_newest().await?;
        let mut facts = false;
        if target > 0 {
            for subscriber in subscribers {
                facts |= self.owes(subscriber, target).await?;
            }
        }
        let intents = self.number("SELECT COUNT(*) FROM intent", vec![]).await?;
        let parked = self
            .number("SELECT COUNT(*) FROM parked_fact", vec![])
            .await?;
        Ok(Open {
            newest,
            facts,
            intents,
            parked,
        })
    }

    /// Whether a fact up to `target` is not yet behind the subscriber's cursors.
    async fn owes(&self, subscriber: &'static str, target: i64) -> Result<bool, Error> {
        let sql = "SELECT cursor_xid, cursor_position FROM subscription WHERE subscriber = $1 ORDER BY cursor_xid, cursor_position LIMIT 1";
        let least = match self.one(sql, vec![subscriber.into()]).await? {
            Some(row) => Cursor {
                xid: row.try_get_by_index(0)?,
                position: row.try_get_by_index(1)?,
            },
            None => Cursor::default(),
        };
        match self.dialect() {
            Dialect::Sqlite => Ok(least.position < target),
            Dialect::Postgres => {
                let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM fact WHERE (xid, position) > ($1, $2) AND position <= $3 LIMIT 1) AS owed";
                Ok(self
                    .number(
                        sql,
                        vec![least.xid.into(), least.position.into(), target.into()],
                    )
                    .await?
                    > 0)
            }
        }
    }
}
