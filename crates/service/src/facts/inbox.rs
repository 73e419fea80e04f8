//! Takes the facts of other services: each takes effect once, in the order of its subject, in one transaction a batch.
//!
//! It must not know what facts mean: `Reactions` does. Invariants: FA-2 the watermark of a subject moves with the
//! effect of its fact; FA-3 a fact that cannot be applied is parked with its subject, and other subjects flow.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use prost::Message;
use takt_contract::events::v1::{self as pb, DeliveryOutcome, inbox_service_server::InboxService};
use takt_kernel::FieldViolation;
use tonic::{Request, Response, Status};

use super::wire;
use crate::{
    Call, Error, Store,
    store::{Tx, nudge},
};

/// What a service does when facts of another one arrive.
pub trait Reactions: Send + Sync + 'static {
    /// Applies facts of `source` in the order given. It writes rows and intents and asks nobody; kinds that it does
    /// not know are nothing to it.
    ///
    /// # Errors
    /// Anything that keeps a fact from being applied; the batch is then cut until the guilty fact stands alone.
    fn apply<'t>(
        &'t self,
        tx: &'t Tx,
        source: &'t str,
        facts: &'t [pb::Fact],
    ) -> BoxFuture<'t, Result<(), Error>>;
}

/// The inbox of a service.
pub(crate) struct InboxRpc {
    pub(crate) store: Store,
    pub(crate) reactions: Arc<dyn Reactions>,
}

/// What is to be done with the facts of a batch.
struct Sorted {
    results: Vec<pb::DeliveryResult>,
    /// The places of the facts that are to be applied.
    fresh: Vec<usize>,
    /// The places of the facts that wait behind a parked one.
    behind: Vec<usize>,
}

#[tonic::async_trait]
impl InboxService for InboxRpc {
    async fn deliver(
        &self,
        request: Request<pb::DeliverRequest>,
    ) -> Result<Response<pb::DeliverResponse>, Status> {
        let call = Call::of(&request);
        let facts = request.into_inner().facts;
        let source = source_of(&facts)?;
        let results = self.delivered(&call, source, Arc::new(facts)).await?;
        Ok(Response::new(pb::DeliverResponse { results }))
    }
}

impl InboxRpc {
    async fn delivered(
        &self,
        call: &Call,
        source: String,
        facts: Arc<Vec<pb::Fact>>,
    ) -> Result<Vec<pb::DeliveryResult>, Error> {
        let spans: Vec<_> = facts
            .iter()
            .map(|fact| apply_spans(&self.store, fact))
            .collect();
        let mut results = Vec::with_capacity(facts.len());
        // Slices that are still to be applied, the first one last; a slice that fails is halved.
        let mut slices = vec![(0, facts.len())];
        while let Some((from, to)) = slices.pop() {
            let alone = to - from == 1;
            match self.slice(call, &source, &facts, from, to, None).await {
                Ok(answer) => results.extend(answer),
                Err(error) if !error.is_of_input() => return Err(error),
                Err(error) if alone => results.extend(
                    self.slice(call, &source, &facts, from, to, Some(error))
                        .await?,
                ),
                Err(_) => {
                    let middle = from + (to - from) / 2;
                    slices.push((middle, to));
                    slices.push((from, middle));
                }
            }
        }
        drop(spans);
        let applied = results
            .iter()
            .filter(|result| result.outcome() == DeliveryOutcome::Applied)
            .count();
        self.store.count_activity(applied as u64);
        nudge(&self.store.nudges().settled);
        Ok(results)
    }

    /// Applies a slice in one transaction; with `guilt` its single fact is parked instead.
    async fn slice(
        &self,
        call: &Call,
        source: &str,
        facts: &Arc<Vec<pb::Fact>>,
        from: usize,
        to: usize,
        guilt: Option<Error>,
    ) -> Result<Vec<pb::DeliveryResult>, Error> {
        let (source, facts, reactions) = (
            Arc::<str>::from(source),
            Arc::clone(facts),
            Arc::clone(&self.reactions),
        );
        let reason = guilt.map(|error| error.to_string());
        let work = self.store.write(call, "inbox_apply", move |tx| {
            let (source, facts, reactions, reason) = (
                Arc::clone(&source),
                Arc::clone(&facts),
                Arc::clone(&reactions),
                reason.clone(),
            );
            Box::pin(async move {
                let slice = facts.get(from..to).unwrap_or_default();
                let mut sorted = tx.inbox_sorted(&source, slice).await?;
                let chosen: Vec<pb::Fact> = sorted
                    .fresh
                    .iter()
                    .filter_map(|place| slice.get(*place).cloned())
                    .collect();
                if let (Some(reason), Some(fact), Some(place)) =
                    (&reason, chosen.first(), sorted.fresh.first())
                {
                    tx.fact_parked(&source, fact, reason).await?;
                    set(
                        &mut sorted.results,
                        *place,
                        DeliveryOutcome::Parked,
                        0,
                        reason,
                    );
                } else if !chosen.is_empty() {
                    reactions.apply(tx, &source, &chosen).await?;
                    tx.inbox_moved(&source, &chosen).await?;
                }
                for place in &sorted.behind {
                    if let Some(fact) = slice.get(*place) {
                        tx.fact_parked(&source, fact, "").await?;
                    }
                }
                Ok(sorted.results)
            })
        });
        work.await
    }
}

impl Tx {
    /// Sorts facts into those to apply, those known, those that wait behind a parked one and those too early.
    async fn inbox_sorted(&self, source: &str, facts: &[pb::Fact]) -> Result<Sorted, Error> {
        let subjects: BTreeMap<&str, ()> = facts
            .iter()
            .map(|fact| (fact.subject.as_str(), ()))
            .collect();
        let list: Vec<Vec<sea_orm::Value>> = subjects
            .keys()
            .map(|subject| vec![(*subject).into()])
            .collect();
        let known = format!(
            "SELECT i.subject, i.sequence, 0 FROM inbox AS i JOIN v ON v.subject = i.subject WHERE i.source = '{0}' \
             UNION ALL SELECT DISTINCT p.subject, 0, 1 FROM parked_fact AS p JOIN v ON v.subject = p.subject WHERE p.source = '{0}'",
            quoted(source)?
        );
        let mut last: BTreeMap<String, i64> = BTreeMap::new();
        let mut parked: BTreeMap<String, ()> = BTreeMap::new();
        for row in self.rows_for(&["subject"], list, &known).await? {
            let subject: String = row.try_get_by_index(0)?;
            if number(&row, 2)? == 1 {
                parked.insert(subject, ());
            } else {
                last.insert(subject, number(&row, 1)?);
            }
        }
        let mut sorted = Sorted {
            results: vec![pb::DeliveryResult::default(); facts.len()],
            fresh: vec![],
            behind: vec![],
        };
        for (place, fact) in facts.iter().enumerate() {
            let before = last.get(&fact.subject).copied().unwrap_or_default();
            if fact.sequence <= before {
                set(
                    &mut sorted.results,
                    place,
                    DeliveryOutcome::Duplicate,
                    0,
                    "",
                );
            } else if parked.contains_key(&fact.subject) {
                set(&mut sorted.results, place, DeliveryOutcome::Parked, 0, "");
                sorted.behind.push(place);
            } else if fact.sequence == before + 1 {
                set(&mut sorted.results, place, DeliveryOutcome::Applied, 0, "");
                sorted.fresh.push(place);
                last.insert(fact.subject.clone(), fact.sequence);
            } else {
                set(
                    &mut sorted.results,
                    place,
                    DeliveryOutcome::Gap,
                    before + 1,
                    "",
                );
            }
        }
        Ok(sorted)
    }

    /// Moves the watermarks of the facts' subjects.
    pub(super) async fn inbox_moved(&self, source: &str, facts: &[pb::Fact]) -> Result<(), Error> {
        let newest: BTreeMap<&str, i64> = facts
            .iter()
            .map(|fact| (fact.subject.as_str(), fact.sequence))
            .collect();
        let rows = newest
            .iter()
            .map(|(subject, sequence)| vec![source.into(), (*subject).into(), (*sequence).into()])
            .collect();
        let suffix = "ON CONFLICT (source, subject) DO UPDATE SET sequence = excluded.sequence WHERE inbox.sequence < excluded.sequence";
        self.insert_many("inbox", &["source", "subject", "sequence"], rows, suffix)
            .await?;
        Ok(())
    }

    /// Keeps a fact that cannot be applied now; an empty reason means that it waits behind another one.
    async fn fact_parked(&self, source: &str, fact: &pb::Fact, reason: &str) -> Result<(), Error> {
        let sql = "INSERT INTO parked_fact (source, subject, sequence, fact, reason, attempts, parked_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let values = vec![
            source.into(),
            fact.subject.clone().into(),
            fact.sequence.into(),
            fact.encode_to_vec().into(),
            reason.into(),
            i64::from(!reason.is_empty()).into(),
            self.now_micros().into(),
        ];
        self.exec(sql, values).await?;
        if !reason.is_empty() {
            tracing::error!(
                source,
                subject = fact.subject,
                sequence = fact.sequence,
                reason,
                "a fact is parked"
            );
        }
        Ok(())
    }
}

/// A number of an answer; SQLite gives literals as 32-bit integers and PostgreSQL too.
fn number(row: &crate::store::Row, index: usize) -> Result<i64, Error> {
    match row.try_get_by_index::<i64>(index) {
        Ok(value) => Ok(value),
        Err(_) => Ok(i64::from(row.try_get_by_index::<i32>(index)?)),
    }
}

fn quoted(source: &str) -> Result<&str, Error> {
    if source.bytes().all(|byte| byte.is_ascii_lowercase()) {
        Ok(source)
    } else {
        Err(Error::invalid("facts", "the source is no service"))
    }
}

fn set(
    results: &mut [pb::DeliveryResult],
    place: usize,
    outcome: DeliveryOutcome,
    expected: i64,
    reason: &str,
) {
    if let Some(result) = results.get_mut(place) {
        *result = pb::DeliveryResult {
            outcome: outcome.into(),
            expected_sequence: expected,
            reason: reason.to_owned(),
        };
    }
}

/// The span of one fact's application: it belongs to the trace of the work that caused the fact.
///
/// Its child stands for the fact's part of the batch's transaction, which is a trace of its own.
fn apply_spans(store: &Store, fact: &pb::Fact) -> Option<(tracing::Span, tracing::Span)> {
    if fact.traceparent.is_empty() {
        return None;
    }
    let apply =
        crate::telemetry::span_from_traceparent(wire::kind_name(fact), Some(&fact.traceparent));
    let rows = apply.in_scope(|| store.span("inbox_apply"));
    Some((rows, apply))
}

fn source_of(facts: &[pb::Fact]) -> Result<String, Error> {
    let source = facts
        .first()
        .map(|fact| fact.source.clone())
        .unwrap_or_default();
    let mut violations = takt_kernel::Violations::new();
    for (index, fact) in facts.iter().enumerate() {
        violations.scope(format!("facts[{index}]"), |violations| {
            violations.require(
                fact.source == source && !source.is_empty(),
                "source",
                "all facts of a batch come from one service",
            );
            violations.require(!fact.subject.is_empty(), "subject", "it is missing");
            violations.require(fact.sequence > 0, "sequence", "it counts from 1");
            violations.require(
                fact.body.as_ref().is_some_and(|body| body.kind.is_some()),
                "body",
                "its kind is not known here",
            );
        });
    }
    violations
        .finish()
        .map_err(|found: Vec<FieldViolation>| Error::from(found))?;
    Ok(source)
}
