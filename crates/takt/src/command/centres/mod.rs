//! `takt centres`: delivery centres, their week, appointments and inspections. It must not know when a day is given. Invariant: each flag
//! becomes one field of one message.
mod args;
mod told;

use takt_contract::date_pb;
use takt_contract::delivery::v1 as pb;
use takt_contract::delivery::v1::appointment_service_client::AppointmentServiceClient;
use takt_contract::delivery::v1::centre_service_client::CentreServiceClient;
use takt_contract::delivery::v1::inspection_service_client::InspectionServiceClient;

use super::target::told_by;
use crate::connection::{Peer, ask, new_id, pages};
use crate::failure::Outcome;
use crate::output::Format;
pub(super) use args::CentresTask;
use args::{
    AppointmentArgs, BookArgs, EndArgs, InspectArgs, ListArgs, MoveArgs, PlanArgs, SetArgs,
};
use told::{Appointments, Centres, Inspected, Plan};

/// The rows of a page.
const PAGE: i32 = 1000;

pub(super) async fn run(task: CentresTask, output: Format) -> Outcome<()> {
    match task {
        CentresTask::List(args) => {
            told_by!(args.target, output, delivery, |peer| list(peer, &args))
        }
        CentresTask::Set(args) => {
            told_by!(args.target, output, delivery, |peer| set(peer, &args))
        }
        CentresTask::Plan(args) => {
            told_by!(args.target, output, delivery, |peer| plan(peer, &args))
        }
        CentresTask::Appointments(args) => {
            told_by!(args.target, output, delivery, |peer| appointments(
                peer, &args
            ))
        }
        CentresTask::Book(args) => {
            told_by!(args.target, output, delivery, |peer| book(peer, &args))
        }
        CentresTask::Move(args) => {
            told_by!(args.target, output, delivery, |peer| moved(peer, &args))
        }
        CentresTask::Cancel(args) => {
            told_by!(args.target, output, delivery, |peer| cancel(peer, &args))
        }
        CentresTask::NoShow(args) => {
            told_by!(args.target, output, delivery, |peer| no_show(peer, &args))
        }
        CentresTask::Inspect(args) => {
            told_by!(args.target, output, delivery, |peer| inspect(peer, &args))
        }
    }
}

async fn list(peer: &Peer, args: &ListArgs) -> Outcome<Centres> {
    let message = pb::ListCentresRequest {
        page_size: PAGE,
        city: args.city.clone(),
        ..pb::ListCentresRequest::default()
    };
    let all = pages!(
        peer,
        "list centres",
        CentreServiceClient.list_centres,
        message,
        |page| page.centres
    )?;
    Ok(Centres::of(&all))
}

async fn set(peer: &Peer, args: &SetArgs) -> Outcome<Centres> {
    let message = pb::SetCentreRequest {
        request_id: new_id(),
        centre_id: args.centre.clone(),
        name: args.name.clone().unwrap_or_else(|| args.centre.clone()),
        city: args.city.clone(),
        handovers_by_weekday: args.handovers.clone(),
        valid_from: Some(date_pb(args.from)),
        closed_days: args.closed.iter().copied().map(date_pb).collect(),
        inspection_required: args.inspection,
        etag: args.etag.clone(),
    };
    let answer = ask!(
        peer,
        "set a centre",
        CentreServiceClient.set_centre,
        message
    )?;
    Ok(Centres::of(answer.centre.as_slice()))
}

async fn plan(peer: &Peer, args: &PlanArgs) -> Outcome<Plan> {
    let message = pb::GetCentrePlanRequest {
        centre_id: args.centre.clone(),
        week: Some(date_pb(args.week)),
        as_of: args.as_of.map(date_pb),
    };
    let answer = ask!(
        peer,
        "plan the week of a centre",
        CentreServiceClient.get_centre_plan,
        message
    )?;
    Ok(Plan::of(&answer, args.top))
}

async fn appointments(peer: &Peer, args: &AppointmentArgs) -> Outcome<Appointments> {
    let message = pb::ListAppointmentsRequest {
        page_size: PAGE,
        centre_id: args.centre.clone(),
        order_id: args.order.clone(),
        state: args
            .state
            .map_or(0, |state| pb::AppointmentState::from(state).into()),
        at_risk: args.at_risk,
        ..pb::ListAppointmentsRequest::default()
    };
    let all = pages!(
        peer,
        "list appointments",
        AppointmentServiceClient.list_appointments,
        message,
        |page| page.appointments
    )?;
    Ok(Appointments::of(&all, args.top))
}

async fn book(peer: &Peer, args: &BookArgs) -> Outcome<Appointments> {
    let message = pb::BookAppointmentRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        centre_id: args.centre.clone(),
        appointed_on: Some(date_pb(args.on)),
        made_on: Some(date_pb(args.made_on)),
    };
    let answer = ask!(
        peer,
        "book an appointment",
        AppointmentServiceClient.book_appointment,
        message
    )?;
    Ok(Appointments::of(answer.appointment.as_slice(), 1))
}

async fn moved(peer: &Peer, args: &MoveArgs) -> Outcome<Appointments> {
    let message = pb::RescheduleAppointmentRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        centre_id: args.centre.clone(),
        appointed_on: Some(date_pb(args.on)),
        made_on: Some(date_pb(args.made_on)),
    };
    let answer = ask!(
        peer,
        "reschedule an appointment",
        AppointmentServiceClient.reschedule_appointment,
        message
    )?;
    Ok(Appointments::of(answer.appointment.as_slice(), 1))
}

async fn cancel(peer: &Peer, args: &EndArgs) -> Outcome<Appointments> {
    let message = pb::CancelAppointmentRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        cancelled_on: Some(date_pb(args.on)),
    };
    let answer = ask!(
        peer,
        "cancel an appointment",
        AppointmentServiceClient.cancel_appointment,
        message
    )?;
    Ok(Appointments::of(answer.appointment.as_slice(), 1))
}

async fn no_show(peer: &Peer, args: &EndArgs) -> Outcome<Appointments> {
    let message = pb::RecordNoShowRequest {
        request_id: new_id(),
        order_id: args.order.clone(),
        recorded_on: Some(date_pb(args.on)),
    };
    let answer = ask!(
        peer,
        "record that a customer did not come",
        AppointmentServiceClient.record_no_show,
        message
    )?;
    Ok(Appointments::of(answer.appointment.as_slice(), 1))
}

async fn inspect(peer: &Peer, args: &InspectArgs) -> Outcome<Inspected> {
    let found = |severity: pb::DefectSeverity, codes: &[String]| {
        let defect = |code: &String| pb::InspectionDefect {
            code: code.clone(),
            severity: severity.into(),
            mended_on: None,
        };
        codes.iter().map(defect).collect::<Vec<_>>()
    };
    let message = pb::RecordInspectionRequest {
        request_id: new_id(),
        vin: args.vin.clone(),
        centre_id: args.centre.clone(),
        inspected_on: Some(date_pb(args.on)),
        defects: [
            found(pb::DefectSeverity::Critical, &args.critical),
            found(pb::DefectSeverity::Major, &args.major),
            found(pb::DefectSeverity::Minor, &args.minor),
        ]
        .concat(),
        mended_codes: args.mended.clone(),
    };
    let answer = ask!(
        peer,
        "record an inspection",
        InspectionServiceClient.record_inspection,
        message
    )?;
    Ok(Inspected::of(&answer))
}
