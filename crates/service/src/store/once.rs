//! A request id is good for one effect: what was answered is kept and answered again.
//!
//! It must not know what is asked. Invariants: an answer is recorded in the transaction of its effect; refusals and
//! errors are not recorded, because nothing happened; the same id with another body is refused.

use futures_util::future::BoxFuture;
use prost::Message;
use sha2::{Digest, Sha256};

use super::{Migration, Store, Tx};
use crate::{Call, Error};

/// The table of answers.
pub(crate) const MIGRATION: Migration = Migration {
    name: "c0001_once",
    up: &[
        "CREATE TABLE once (request_id {blob} NOT NULL PRIMARY KEY, fingerprint {blob} NOT NULL, answer {blob} NOT NULL, \
           answered_at {int} NOT NULL) {rowless}",
    ],
};

/// A request that is to have one effect, however often it is sent.
#[derive(Debug, Clone, Copy)]
pub struct Once {
    request_id: [u8; 16],
    fingerprint: [u8; 16],
}

impl Once {
    /// A request to a method, by its id and its message; the message's own `request_id` may be cleared or not, as
    /// long as it always is the same.
    pub fn of<M: Message>(method: &str, request_id: [u8; 16], message: &M) -> Self {
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update([0]);
        hash.update(message.encode_to_vec());
        let mut fingerprint = [0; 16];
        for (to, from) in fingerprint.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self {
            request_id,
            fingerprint,
        }
    }

    /// The fingerprint of the method and the message, for those who keep answers in rows of their own.
    pub fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }

    /// The id, as it stands on the wire.
    pub fn request_id(&self) -> String {
        uuid::Uuid::from_bytes(self.request_id).to_string()
    }
}

impl Tx {
    /// The recorded answer of a request, if it was answered before.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED` when the id was used with another body.
    pub async fn once_answer<M: Message + Default>(&self, once: &Once) -> Result<Option<M>, Error> {
        let sql = "SELECT fingerprint, answer FROM once WHERE request_id = $1";
        let Some(row) = self.one(sql, vec![once.request_id.to_vec().into()]).await? else {
            return Ok(None);
        };
        let fingerprint: Vec<u8> = row.try_get_by_index(0)?;
        if fingerprint != once.fingerprint {
            return Err(Error::request_id_reused(once.request_id()));
        }
        let answer: Vec<u8> = row.try_get_by_index(1)?;
        M::decode(answer.as_slice())
            .map(Some)
            .map_err(|error| Error::broken(format!("recorded answer: {error}")))
    }

    /// Records the answer of a request.
    ///
    /// # Errors
    /// `Conflict` when the same request is being answered beside this one; the transaction is then begun anew and
    /// finds the other's answer.
    pub async fn once_record<M: Message>(&self, once: &Once, answer: &M) -> Result<(), Error> {
        let sql = "INSERT INTO once (request_id, fingerprint, answer, answered_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let values = vec![
            once.request_id.to_vec().into(),
            once.fingerprint.to_vec().into(),
            answer.encode_to_vec().into(),
            self.now_micros().into(),
        ];
        if self.exec(sql, values).await? == 0 {
            return Err(Error::Conflict {
                detail: format!("request {} is being answered twice", once.request_id()),
            });
        }
        Ok(())
    }
}

impl Store {
    /// Runs `work` and records its answer in one transaction, or answers with what was recorded before.
    ///
    /// # Errors
    /// As [`Store::write`], and `REQUEST_ID_REUSED`.
    pub async fn write_once<M, F>(
        &self,
        call: &Call,
        name: &'static str,
        once: Once,
        work: F,
    ) -> Result<M, Error>
    where
        M: Message + Default + Send + 'static,
        F: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<M, Error>> + Send + Sync + 'static,
    {
        let work = std::sync::Arc::new(work);
        self.write(call, name, move |tx| {
            let work = std::sync::Arc::clone(&work);
            Box::pin(async move {
                if let Some(answer) = tx.once_answer(&once).await? {
                    return Ok(answer);
                }
                let answer = work(tx).await?;
                tx.once_record(&once, &answer).await?;
                Ok(answer)
            })
        })
        .await
    }
}
