//! `takt recall`: open a recall, stop what is affected, record what was done about vehicles and tell how far it is. It must not know how
//! vehicles are found. Invariant: each flag becomes one field of one message; what is recorded in bulk goes in chunks.
mod args;
mod scope;
mod told;

use takt_contract::date_pb;
use takt_contract::delivery::v1 as pb;
use takt_contract::delivery::v1::recall_service_client::RecallServiceClient;

use super::target::told_by;
use crate::bulk;
use crate::connection::{Peer, WHOLE, ask, new_id, pages, read, within};
use crate::failure::{Failure, Outcome};
use crate::output::Format;
pub(super) use args::RecallTask;
use args::{
    CandidateArgs, DayArgs, ExtendArgs, LiftArgs, ListArgs, OpenArgs, Remedy, RemedyArgs, State,
    StopArgs, VehicleArgs,
};
use told::{Candidates, List, One, Steps, Vehicles};

/// The rows of a page.
const PAGE: i32 = 1000;

pub(super) async fn run(task: RecallTask, output: Format) -> Outcome<()> {
    match task {
        RecallTask::Open(args) => {
            told_by!(args.target, output, delivery, |peer| open(peer, &args))
        }
        RecallTask::Scope(args) => {
            told_by!(args.target, output, delivery, |peer| scope(peer, &args))
        }
        RecallTask::Extend(args) => {
            told_by!(args.target, output, delivery, |peer| extend(peer, &args))
        }
        RecallTask::Stop(args) => {
            told_by!(args.target, output, delivery, |peer| stop(peer, &args))
        }
        RecallTask::Lift(args) => {
            told_by!(args.target, output, delivery, |peer| lift(peer, &args))
        }
        RecallTask::Remedy(args) => {
            told_by!(args.target, output, delivery, |peer| remedy(peer, &args))
        }
        RecallTask::Close(args) => {
            told_by!(args.target, output, delivery, |peer| close(peer, &args))
        }
        RecallTask::List(args) => {
            told_by!(args.target, output, delivery, |peer| list(peer, &args))
        }
        RecallTask::Show(args) => {
            told_by!(args.target, output, delivery, |peer| show(
                peer,
                &args.recall
            ))
        }
        RecallTask::Vehicles(args) => {
            told_by!(args.target, output, delivery, |peer| vehicles(peer, &args))
        }
    }
}

async fn open(peer: &Peer, args: &OpenArgs) -> Outcome<One> {
    let (software_item_id, software_version) = match &args.software {
        None => Default::default(),
        Some(text) => scope::pair(text, "--software")?,
    };
    let message = pb::OpenRecallRequest {
        request_id: new_id(),
        recall_id: args.recall.clone(),
        title: args.title.clone(),
        defect: args.defect.clone(),
        remedy: match args.remedy {
            Remedy::Workshop => pb::RemedyKind::Workshop.into(),
            Remedy::Ota => pb::RemedyKind::Ota.into(),
        },
        software_item_id,
        software_version,
        regulator: args.regulator.clone(),
        regulator_reference: args.reference.clone(),
        published_count: args.published,
        opened_on: Some(date_pb(args.on)),
        scopes: args.scope.scopes()?,
        stop_ship: args.stop.map_or(0, |stop| pb::StopShip::from(stop).into()),
    };
    let answer = ask!(
        peer,
        "open a recall",
        RecallServiceClient.open_recall,
        message,
        WHOLE
    )?;
    Ok(One::of(&answer.recall.unwrap_or_default(), None))
}

async fn scope(peer: &Peer, args: &CandidateArgs) -> Outcome<Candidates> {
    let message = pb::StreamRecallCandidatesRequest {
        scopes: args.scope.scopes()?,
    };
    let all = read!(
        peer,
        "look for vehicles",
        RecallServiceClient.stream_recall_candidates,
        message,
        |page| page.candidates
    )?;
    Ok(Candidates::of(&all, args.top))
}

async fn extend(peer: &Peer, args: &ExtendArgs) -> Outcome<One> {
    let message = pb::ExtendRecallRequest {
        request_id: new_id(),
        recall_id: args.recall.clone(),
        scopes: args.scope.scopes()?,
        extended_on: Some(date_pb(args.on)),
        etag: String::new(),
    };
    let answer = ask!(
        peer,
        "extend a recall",
        RecallServiceClient.extend_recall,
        message,
        WHOLE
    )?;
    Ok(One::of(&answer.recall.unwrap_or_default(), None))
}

async fn stop(peer: &Peer, args: &StopArgs) -> Outcome<One> {
    let message = pb::IssueStopShipRequest {
        request_id: new_id(),
        recall_id: args.recall.clone(),
        stop_ship: pb::StopShip::from(args.what).into(),
        issued_on: Some(date_pb(args.on)),
        etag: String::new(),
    };
    let answer = ask!(
        peer,
        "issue a stop-ship",
        RecallServiceClient.issue_stop_ship,
        message
    )?;
    Ok(One::of(&answer.recall.unwrap_or_default(), None))
}

async fn lift(peer: &Peer, args: &LiftArgs) -> Outcome<One> {
    let message = pb::LiftStopShipRequest {
        request_id: new_id(),
        recall_id: args.recall.clone(),
        lifted_on: Some(date_pb(args.on)),
        reason: args.reason.clone(),
        etag: String::new(),
    };
    let answer = ask!(
        peer,
        "lift a stop-ship",
        RecallServiceClient.lift_stop_ship,
        message
    )?;
    Ok(One::of(&answer.recall.unwrap_or_default(), None))
}

async fn remedy(peer: &Peer, args: &RemedyArgs) -> Outcome<Steps> {
    let vins = match args.every {
        None => args.vin.clone(),
        Some(state) => {
            let all = listed(peer, &args.recall, Some(state)).await?;
            all.into_iter().map(|vehicle| vehicle.vin).collect()
        }
    };
    let step = |vin: String| pb::RecallStep {
        vin,
        state: pb::RecallVehicleState::from(args.state).into(),
        on: Some(date_pb(args.on)),
        note: args.note.clone(),
    };
    let chunks: Vec<_> = bulk::cut(vins.into_iter().map(step).collect())
        .into_iter()
        .map(|steps| pb::RecordRecallStepsRequest {
            request_id: new_id(),
            recall_id: args.recall.clone(),
            steps,
        })
        .collect();
    let what = "record what was done";
    let answers = bulk::send(peer, what, &chunks, |channel, stream| async move {
        let answer = RecallServiceClient::new(channel)
            .record_recall_steps(within(stream, WHOLE))
            .await?;
        Ok(answer.into_inner())
    })
    .await?;
    let steps = Steps::of(&args.recall, &answers);
    match steps.only_refused() {
        None => Ok(steps),
        Some(refused) => Err(Failure::refused(format!(
            "{}: {what}: {refused}",
            peer.name
        ))),
    }
}

async fn close(peer: &Peer, args: &DayArgs) -> Outcome<One> {
    let message = pb::CloseRecallRequest {
        request_id: new_id(),
        recall_id: args.recall.clone(),
        closed_on: Some(date_pb(args.on)),
        etag: String::new(),
    };
    let answer = ask!(
        peer,
        "close a recall",
        RecallServiceClient.close_recall,
        message
    )?;
    Ok(One::of(&answer.recall.unwrap_or_default(), None))
}

async fn list(peer: &Peer, args: &ListArgs) -> Outcome<List> {
    let state = match args.open {
        true => pb::RecallState::Open,
        false => pb::RecallState::Unspecified,
    };
    let message = pb::ListRecallsRequest {
        page_size: PAGE,
        page_token: String::new(),
        state: state.into(),
    };
    let all = pages!(
        peer,
        "list recalls",
        RecallServiceClient.list_recalls,
        message,
        |page| page.recalls
    )?;
    Ok(List::of(&all))
}

async fn show(peer: &Peer, recall: &str) -> Outcome<One> {
    let message = pb::GetRecallRequest {
        recall_id: recall.to_owned(),
    };
    let answer = ask!(
        peer,
        "read a recall",
        RecallServiceClient.get_recall,
        message
    )?;
    let message = pb::GetRecallCompletionRequest {
        recall_id: recall.to_owned(),
    };
    let done = ask!(
        peer,
        "read the completion of a recall",
        RecallServiceClient.get_recall_completion,
        message
    )?;
    Ok(One::of(&answer.recall.unwrap_or_default(), Some(&done)))
}

async fn listed(
    peer: &Peer,
    recall: &str,
    state: Option<State>,
) -> Outcome<Vec<pb::RecallVehicle>> {
    let message = pb::StreamRecallVehiclesRequest {
        recall_id: recall.to_owned(),
        state: state.map_or(0, |state| pb::RecallVehicleState::from(state).into()),
    };
    read!(
        peer,
        "read the vehicles of a recall",
        RecallServiceClient.stream_recall_vehicles,
        message,
        |page| page.vehicles
    )
}

async fn vehicles(peer: &Peer, args: &VehicleArgs) -> Outcome<Vehicles> {
    let all = listed(peer, &args.recall, args.state).await?;
    Ok(Vehicles::of(&args.recall, &all))
}
