//! What people do with parked facts: look, try again, give up.
//!
//! It must not know what facts mean. Invariant: whatever is given up is recorded with its reason.

use std::sync::Arc;

use prost::Message;
use takt_contract::events::v1 as pb;

use super::Reactions;
use crate::{
    Error,
    store::{Row, Tx},
};

/// A parked fact with its number.
pub(super) struct Parked {
    pub(super) parked_id: i64,
    pub(super) source: String,
    pub(super) fact: pb::Fact,
    pub(super) reason: String,
    pub(super) attempts: i64,
}

impl Parked {
    fn read(row: &Row) -> Result<Self, Error> {
        let bytes: Vec<u8> = row.try_get_by_index(2)?;
        Ok(Self {
            parked_id: row.try_get_by_index(0)?,
            source: row.try_get_by_index(1)?,
            fact: pb::Fact::decode(bytes.as_slice())
                .map_err(|error| Error::broken(format!("parked fact: {error}")))?,
            reason: row.try_get_by_index(3)?,
            attempts: row.try_get_by_index(4)?,
        })
    }
}

const COLUMNS: &str = "SELECT parked_id, source, fact, reason, attempts FROM parked_fact";

impl Tx {
    pub(super) async fn parked_list(&self, after: i64, limit: i64) -> Result<Vec<Parked>, Error> {
        let sql = format!("{COLUMNS} WHERE parked_id > $1 ORDER BY parked_id LIMIT $2");
        self.rows(&sql, vec![after.into(), limit.into()])
            .await?
            .iter()
            .map(Parked::read)
            .collect()
    }

    async fn parked_fetch(&self, parked_id: i64) -> Result<Parked, Error> {
        let sql = format!("{COLUMNS} WHERE parked_id = $1");
        match self.one(&sql, vec![parked_id.into()]).await? {
            Some(row) => Parked::read(&row),
            None => Err(Error::missing("parked fact", parked_id)),
        }
    }

    /// Applies the parked facts of a subject in their order; answers how many.
    pub(super) async fn parked_retry(
        &self,
        parked_id: i64,
        reactions: &Arc<dyn Reactions>,
    ) -> Result<i32, Error> {
        let first = self.parked_fetch(parked_id).await?;
        self.parked_applied(&first.source, &first.fact.subject, reactions)
            .await
    }

    /// Gives a fact up, moves its subject past it and applies those behind it; answers how many.
    pub(super) async fn parked_skip(
        &self,
        parked_id: i64,
        reason: &str,
        reactions: &Arc<dyn Reactions>,
    ) -> Result<i32, Error> {
        let parked = self.parked_fetch(parked_id).await?;
        if parked.reason.is_empty() {
            return Err(Error::refused(
                "WAITS_BEHIND_ANOTHER",
                format!(
                    "parked fact {parked_id} only waits behind an earlier one of {}; skip or retry that one",
                    parked.fact.subject
                ),
            ));
        }
        let record = "INSERT INTO skipped_fact (source, subject, sequence, fact, reason, skipped_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let values = vec![
            parked.source.clone().into(),
            parked.fact.subject.clone().into(),
            parked.fact.sequence.into(),
            parked.fact.encode_to_vec().into(),
            reason.into(),
            self.now_micros().into(),
        ];
        self.exec(record, values).await?;
        self.exec(
            "DELETE FROM parked_fact WHERE parked_id = $1",
            vec![parked_id.into()],
        )
        .await?;
        self.inbox_moved(&parked.source, std::slice::from_ref(&parked.fact))
            .await?;
        self.parked_applied(&parked.source, &parked.fact.subject, reactions)
            .await
    }

    async fn parked_applied(
        &self,
        source: &str,
        subject: &str,
        reactions: &Arc<dyn Reactions>,
    ) -> Result<i32, Error> {
        let sql = format!("{COLUMNS} WHERE source = $1 AND subject = $2 ORDER BY sequence");
        let rows = self.rows(&sql, vec![source.into(), subject.into()]).await?;
        let facts = rows
            .iter()
            .map(|row| Parked::read(row).map(|parked| parked.fact))
            .collect::<Result<Vec<_>, _>>()?;
        if facts.is_empty() {
            return Ok(0);
        }
        reactions.apply(self, source, &facts).await?;
        self.inbox_moved(source, &facts).await?;
        self.exec(
            "DELETE FROM parked_fact WHERE source = $1 AND subject = $2",
            vec![source.into(), subject.into()],
        )
        .await?;
        Ok(i32::try_from(facts.len()).unwrap_or(i32::MAX))
    }
}
