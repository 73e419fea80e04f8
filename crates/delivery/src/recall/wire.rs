//! Recalls as they are answered.
//!
//! It must not decide anything. Invariant: a recall is always told with its counts, from one snapshot.

use takt_contract::{date_pb, delivery::v1 as pb};
use takt_service::{Error, Tx};

use super::{
    Recall, State,
    completion::Completion,
    scope::Scope,
    store::{Counts, counts_fetch},
};

/// The entity tag of a recall.
pub(crate) fn etag(recall: &Recall) -> String {
    recall.version.to_string()
}

/// A recall with its counts.
pub(crate) async fn recall_pb(tx: &Tx, recall: &Recall) -> Result<pb::Recall, Error> {
    let counts = counts_fetch(tx, recall).await?;
    Ok(told(recall, &counts))
}

fn told(recall: &Recall, counts: &Counts) -> pb::Recall {
    let (item, version) = recall.software.clone().unwrap_or_default();
    let state = match recall.closed_on {
        None => pb::RecallState::Open,
        Some(_) => pb::RecallState::Closed,
    };
    let states = State::ALL.into_iter().filter_map(|state| {
        Some(pb::RecallStateCount {
            state: state as i32,
            vehicle_count: *counts.states.get(&state)?,
        })
    });
    pb::Recall {
        recall_id: recall.id.clone(),
        title: recall.title.clone(),
        defect: recall.defect.clone(),
        remedy: recall.remedy as i32,
        software_item_id: item,
        software_version: version,
        regulator: recall.regulator.clone(),
        regulator_reference: recall.reference.clone(),
        published_count: recall.published,
        opened_on: Some(date_pb(recall.opened_on)),
        closed_on: recall.closed_on.map(date_pb),
        state: state.into(),
        stop_ship: recall.stop_ship as i32,
        stop_ship_on: recall.stop_ship_on.map(date_pb),
        scopes: recall.scopes.iter().map(Scope::message).collect(),
        recalled_count: counts.states.values().sum(),
        affected_count: counts.affected,
        exposed_count: counts.exposed,
        states: states.collect(),
        held_count: counts.held,
        unchecked_count: counts.unchecked,
        etag: etag(recall),
    }
}

/// How far a recall is.
pub(crate) fn completion_pb(done: &Completion) -> pb::GetRecallCompletionResponse {
    let weeks = done.weeks.iter().map(|week| pb::RecallWeek {
        begins_on: Some(date_pb(week.begins_on)),
        notified_count: week.notified,
        remedied_count: week.remedied,
        cumulative_remedied_count: week.cumulative,
        share_millionths: week.share,
    });
    pb::GetRecallCompletionResponse {
        recalled_count: done.recalled,
        remedied_count: done.remedied,
        exempt_count: done.exempt,
        open_count: done.recalled - done.remedied - done.exempt,
        share_millionths: done.share,
        weeks: weeks.collect(),
    }
}
