//! Waits until nothing moves: every fact applied, no work owed, at all three services. It never sleeps. It must not
//! know what was done. Invariant: it returns after a full round of answers in which nothing had moved since the
//! round before, so that an effect of an effect is waited for too.
use takt_contract::events::v1::event_service_client::EventServiceClient;
use takt_contract::events::v1::{AwaitAppliedRequest, AwaitAppliedResponse};

use crate::connection::{Peer, Peers, WHOLE, ask};
use crate::failure::{Failure, Outcome};

/// What a service answered: its newest position and its activity.
type Mark = (i64, i64);

/// Remembers the last quiet round, so that a step without effect costs one round.
#[derive(Debug, Default)]
pub struct Settling {
    quiet: Option<[Mark; 3]>,
    rounds: u64,
}

impl Settling {
    /// Waits until the three services are at rest.
    pub async fn settle(&mut self, peers: &Peers) -> Outcome<()> {
        loop {
            self.rounds += 1;
            let [procurement, production, delivery] = peers.all();
            let (a, b, c) =
                tokio::try_join!(at_rest(procurement), at_rest(production), at_rest(delivery))?;
            let round = [a, b, c];
            if self.quiet.replace(round) == Some(round) {
                return Ok(());
            }
        }
    }

    /// The rounds that were needed so far.
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }
}

async fn at_rest(peer: &Peer) -> Outcome<Mark> {
    let message = AwaitAppliedRequest { position: 0 };
    let answer: AwaitAppliedResponse = ask!(
        peer,
        "wait until the facts are applied",
        EventServiceClient.await_applied,
        message,
        WHOLE
    )?;
    if answer.parked_count > 0 {
        let count = answer.parked_count;
        return Err(Failure::broken(format!(
            "{}: {count} facts are parked, because applying them failed",
            peer.name
        ))
        .with_way_out(format!(
            "see why with takt facts list {}; then takt facts retry or skip, and replay again",
            peer.name
        )));
    }
    Ok((answer.position, answer.activity))
}
