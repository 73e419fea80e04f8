//! A held lot at procurement: it is asked to keep the lot back or to give it free, outside of any transaction.
//!
//! It must not decide anything. Invariants: what is asked follows from the hold's row when it is asked; a no is kept with
//! the hold and told, and the hold on vehicles stands all the same; a lot that another hold keeps back is not given free.

use takt_contract::procurement::v1::{self as pb, inbound_service_client::InboundServiceClient};
use takt_kernel::{RequestId, stable_hash};
use takt_service::{Call, Error, Intent, IntentHandler, Tx, client, peer::retry};

use super::{
    LotHold, Scope, hold_id, nc_id, number_of_id,
    store::{Hold, hold_fetch, hold_save},
};
use crate::Production;

/// The kind of intent.
pub const KIND: &str = "quality_lot";

/// Owes procurement a word about a hold's lot.
///
/// # Errors
/// What the database said.
pub async fn owe(tx: &Tx, hold_no: i64) -> Result<(), Error> {
    tx.intent_add(KIND, &hold_id(hold_no), Vec::new()).await
}

/// Tells procurement of held lots.
pub struct LotIntents(pub Production);

#[tonic::async_trait]
impl IntentHandler for LotIntents {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, call: &Call, intent: &Intent) -> Result<(), Error> {
        let number = number_of_id("QH", &intent.key)
            .ok_or_else(|| Error::broken(format!("intent {KIND} {}", intent.key)))?;
        let store = &self.0.deps.store;
        let read = store.read(call, "hold_get", move |tx| {
            Box::pin(async move {
                let hold = hold_fetch(tx, number).await?;
                let others = others_fetch(tx, &hold).await?;
                Ok((hold, others))
            })
        });
        let (hold, others) = read.await?;
        let (state, note) = self.asked(call, &hold, others).await?;
        let (done, before) = (intent.clone(), (hold.lot_state, hold.in_force));
        let ended = store.write(call, "hold_lot", move |tx| {
            let (done, note) = (done.clone(), note.clone());
            Box::pin(async move {
                let mut hold = hold_fetch(tx, number).await?;
                if (hold.lot_state, hold.in_force) != before {
                    // The lot was decided on meanwhile: the intent goes on with what counts now.
                    return Err(Error::busy(
                        "the hold's lot",
                        std::time::Duration::from_millis(50),
                    ));
                }
                hold.lot_state = state;
                if let Some(note) = note {
                    hold.lot_note = note;
                }
                hold_save(tx, &hold).await?;
                tx.intent_finish(&done).await
            })
        });
        ended.await.map(|_| ())
    }
}

/// How many other holds keep the same lot back.
async fn others_fetch(tx: &Tx, hold: &Hold) -> Result<i64, Error> {
    let Scope::Lot(id) = &hold.scope else {
        return Ok(0);
    };
    let sql = "SELECT COUNT(*) FROM quality_hold WHERE lot_id = $1 AND hold_no <> $2 AND lot_state IN (1, 2, 6)";
    tx.number(sql, vec![id.clone().into(), hold.hold_no.into()])
        .await
}

impl LotIntents {
    /// Asks what the hold's state asks for; answers with the next state and what procurement said.
    async fn asked(
        &self,
        call: &Call,
        hold: &Hold,
        others: i64,
    ) -> Result<(i64, Option<String>), Error> {
        let Scope::Lot(lot_id) = &hold.scope else {
            return Ok((hold.lot_state, None));
        };
        let name = |step: &str| RequestId::named(&format!("{}/{step}", hold.id())).to_string();
        let peer = &self.0.procurement;
        let seed = stable_hash(lot_id.as_bytes());
        let told = if hold.lot_state == LotHold::Asked as i64 {
            let mut reason = format!("{}: {}", nc_id(hold.nc_no), hold.reason);
            while reason.chars().count() > 200 {
                reason.pop();
            }
            let message = pb::BlockLotsRequest {
                request_id: name("block"),
                lot_ids: vec![lot_id.clone()],
                reason,
            };
            let answer = retry(call, seed, |_| {
                let request = peer.request(call, message.clone());
                async move {
                    client!(InboundServiceClient, peer)
                        .block_lots(request)
                        .await
                }
            });
            // It was decided on before procurement knew of it.
            let kept = match hold.in_force {
                true => LotHold::Blocked,
                false => LotHold::Withdrawn,
            };
            (kept, answer.await.map(|_| ()))
        } else if hold.lot_state == LotHold::ReleaseAsked as i64 && others == 0 {
            let message = pb::ReleaseLotsRequest {
                request_id: name("release"),
                lot_ids: vec![lot_id.clone()],
            };
            let answer = retry(call, seed, |_| {
                let request = peer.request(call, message.clone());
                async move {
                    client!(InboundServiceClient, peer)
                        .release_lots(request)
                        .await
                }
            });
            (LotHold::Released, answer.await.map(|_| ()))
        } else if hold.lot_state == LotHold::ReleaseAsked as i64 {
            return Ok((
                LotHold::Released as i64,
                Some("another hold keeps the lot back".to_owned()),
            ));
        } else {
            return Ok((hold.lot_state, None));
        };
        match told {
            (state, Ok(())) => Ok((state as i64, None)),
            (_, Err(status)) => match status.code() {
                tonic::Code::FailedPrecondition
                | tonic::Code::NotFound
                | tonic::Code::InvalidArgument => {
                    Ok((LotHold::Refused as i64, Some(status.message().to_owned())))
                }
                _ => Err(peer.error(&status)),
            },
        }
    }
}
