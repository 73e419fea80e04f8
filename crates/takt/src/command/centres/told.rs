//! Centres, appointments and inspections as people and programs are told. It must not know where it comes from. Invariant: what is not known
//! has no value.
use serde::Serialize;
use takt_contract::delivery::v1 as pb;

use crate::output::{Answer, day, grouped, table, table_text};

/// Centres.
#[derive(Debug, Serialize)]
pub(super) struct Centres {
    centres: Vec<Centre>,
}

#[derive(Debug, Serialize)]
struct Centre {
    centre: String,
    name: String,
    city: String,
    /// From Monday to Sunday.
    handovers_by_weekday: Vec<i32>,
    valid_from: Option<String>,
    closed_days: Vec<String>,
    inspection_required: bool,
    etag: String,
}

impl Centres {
    pub(super) fn of(told: &[pb::Centre]) -> Self {
        let centre = |centre: &pb::Centre| Centre {
            centre: centre.centre_id.clone(),
            name: centre.name.clone(),
            city: centre.city.clone(),
            handovers_by_weekday: centre.handovers_by_weekday.clone(),
            valid_from: day(centre.valid_from.as_ref()),
            closed_days: (centre.closed_days.iter())
                .filter_map(|on| day(Some(on)))
                .collect(),
            inspection_required: centre.inspection_required,
            etag: centre.etag.clone(),
        };
        Self {
            centres: told.iter().map(centre).collect(),
        }
    }
}

impl Answer for Centres {
    fn text(&self) -> String {
        if self.centres.is_empty() {
            return "no centre is known: handovers have no limit\n".to_owned();
        }
        let mut rows = table(&[
            "centre",
            "name",
            "city",
            "Monday to Sunday",
            "from",
            ">closed days",
            "inspection",
        ]);
        for one in &self.centres {
            let week: Vec<String> = (one.handovers_by_weekday.iter())
                .map(ToString::to_string)
                .collect();
            rows.add_row([
                one.centre.clone(),
                one.name.clone(),
                one.city.clone(),
                week.join(" "),
                one.valid_from.clone().unwrap_or_default(),
                one.closed_days.len().to_string(),
                if one.inspection_required { "yes" } else { "no" }.to_owned(),
            ]);
        }
        table_text(&rows)
    }
}

/// Appointments.
#[derive(Debug, Serialize)]
pub(super) struct Appointments {
    appointments: Vec<Appointment>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Appointment {
    number: i64,
    order: String,
    centre: String,
    appointed_on: Option<String>,
    state: &'static str,
    made_on: Option<String>,
    ended_on: Option<String>,
    /// Null: it does not stand, or nobody knows.
    expected_on: Option<String>,
    at_risk: bool,
    proposed_on: Option<String>,
}

impl Appointments {
    pub(super) fn of(told: &[pb::Appointment], top: usize) -> Self {
        let appointment = |one: &pb::Appointment| Appointment {
            number: one.appointment_number,
            order: one.order_id.clone(),
            centre: one.centre_id.clone(),
            appointed_on: day(one.appointed_on.as_ref()),
            state: match one.state() {
                pb::AppointmentState::Unspecified => "unknown",
                pb::AppointmentState::Booked => "booked",
                pb::AppointmentState::Kept => "kept",
                pb::AppointmentState::Moved => "moved",
                pb::AppointmentState::Cancelled => "cancelled",
                pb::AppointmentState::NoShow => "no show",
            },
            made_on: day(one.made_on.as_ref()),
            ended_on: day(one.ended_on.as_ref()),
            expected_on: day(one.expected_on.as_ref()),
            at_risk: one.at_risk,
            proposed_on: day(one.proposed_on.as_ref()),
        };
        Self {
            appointments: told.iter().map(appointment).collect(),
            top,
        }
    }
}

impl Answer for Appointments {
    fn text(&self) -> String {
        let mut rows = table(&[
            ">no",
            "order",
            "centre",
            "day",
            "state",
            "vehicle expected",
            "way out",
        ]);
        for one in self.appointments.iter().take(self.top) {
            let state = if one.at_risk { "at risk" } else { one.state };
            let way_out = (one.proposed_on.as_ref()).map(|on| format!("move it to {on}"));
            rows.add_row([
                one.number.to_string(),
                one.order.clone(),
                one.centre.clone(),
                one.appointed_on.clone().unwrap_or_default(),
                state.to_owned(),
                one.expected_on.clone().unwrap_or_default(),
                way_out.unwrap_or_default(),
            ]);
        }
        let mut text = table_text(&rows);
        if self.appointments.len() > self.top {
            text.push_str("there are more; --top shows them\n");
        }
        text
    }
}

/// The week of a centre.
#[derive(Debug, Serialize)]
pub(super) struct Plan {
    centre: String,
    city: String,
    days: Vec<Day>,
    waiting: i64,
    waiting_without_appointment: i64,
    proposals: Vec<Proposal>,
    unplaced: i64,
    late: i64,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Day {
    date: Option<String>,
    capacity: i32,
    booked: i32,
    arriving: i64,
    proposed: i32,
    backlog: i64,
}

#[derive(Debug, Serialize)]
struct Proposal {
    order: String,
    vin: String,
    ready_on: Option<String>,
    promised_on: Option<String>,
    proposed_on: Option<String>,
    late: bool,
}

impl Plan {
    pub(super) fn of(told: &pb::GetCentrePlanResponse, top: usize) -> Self {
        let one = |one: &pb::CentreDay| Day {
            date: day(one.date.as_ref()),
            capacity: one.capacity,
            booked: one.booked,
            arriving: one.arriving_count,
            proposed: one.proposed_count,
            backlog: one.backlog_count,
        };
        let proposal = |one: &pb::ProposedHandover| Proposal {
            order: one.order_id.clone(),
            vin: one.vin.clone(),
            ready_on: day(one.ready_on.as_ref()),
            promised_on: day(one.promised_on.as_ref()),
            proposed_on: day(one.proposed_on.as_ref()),
            late: one.late,
        };
        Self {
            centre: told.centre_id.clone(),
            city: told.city.clone(),
            days: told.days.iter().map(one).collect(),
            waiting: told.waiting_count,
            waiting_without_appointment: told.waiting_without_appointment_count,
            proposals: told.proposals.iter().map(proposal).collect(),
            unplaced: told.unplaced_count,
            late: told.late_count,
            top,
        }
    }
}

impl Answer for Plan {
    fn text(&self) -> String {
        let mut text = format!(
            "{} in {}: {} vehicles wait, {} of them without an appointment\n\n",
            self.centre,
            self.city,
            grouped(self.waiting),
            grouped(self.waiting_without_appointment)
        );
        let mut rows = table(&[
            "day",
            ">can do",
            ">booked",
            ">come",
            ">proposed",
            ">there in the evening",
        ]);
        for one in &self.days {
            rows.add_row([
                one.date.clone().unwrap_or_default(),
                one.capacity.to_string(),
                one.booked.to_string(),
                grouped(one.arriving),
                one.proposed.to_string(),
                grouped(one.backlog),
            ]);
        }
        text.push_str(&table_text(&rows));
        if !self.proposals.is_empty() {
            let mut rows = table(&["order", "vehicle", "there on", "promised", "proposed", ""]);
            for one in self.proposals.iter().take(self.top) {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                rows.add_row([
                    one.order.clone(),
                    one.vin.clone(),
                    text(&one.ready_on),
                    text(&one.promised_on),
                    text(&one.proposed_on),
                    if one.late { "late" } else { "" }.to_owned(),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
            if self.proposals.len() > self.top {
                text.push_str("there are more; --top shows them\n");
            }
        }
        text.push_str(&format!(
            "{} of the city's vehicles without an appointment have no place this week; {} are late, and no plan of the week makes fewer late\n",
            grouped(self.unplaced),
            grouped(self.late)
        ));
        text
    }
}

/// An inspection.
#[derive(Debug, Serialize)]
pub(super) struct Inspected {
    number: i64,
    vin: String,
    centre: String,
    inspected_on: Option<String>,
    passed: bool,
    open_codes: Vec<String>,
}

impl Inspected {
    pub(super) fn of(told: &pb::RecordInspectionResponse) -> Self {
        let inspection = told.inspection.clone().unwrap_or_default();
        Self {
            number: inspection.inspection_number,
            inspected_on: day(inspection.inspected_on.as_ref()),
            vin: inspection.vin,
            centre: inspection.centre_id,
            passed: inspection.passed,
            open_codes: told.open_codes.clone(),
        }
    }
}

impl Answer for Inspected {
    fn text(&self) -> String {
        match self.passed {
            true => format!("inspection {}: {} has passed\n", self.number, self.vin),
            false => format!(
                "inspection {}: {} has not passed; mend {} and inspect it again\n",
                self.number,
                self.vin,
                self.open_codes.join(", ")
            ),
        }
    }
}
