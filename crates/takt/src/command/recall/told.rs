//! Recalls as people and programs are told. It must not know where they come from. Invariant: affected now and exposed once are always
//! told apart.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::delivery::v1 as pb;
use takt_contract::production::v1 as production;

use crate::output::{Answer, day, grouped, percent, table, table_text};

/// A recall.
#[derive(Debug, Serialize)]
pub(super) struct One {
    recall: String,
    title: String,
    defect: String,
    state: &'static str,
    stop_ship: &'static str,
    opened_on: Option<String>,
    closed_on: Option<String>,
    regulator: String,
    published_count: i64,
    recalled_count: i64,
    affected_count: i64,
    exposed_count: i64,
    held_count: i64,
    unchecked_count: i64,
    states: BTreeMap<&'static str, i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<Completion>,
}

/// How far it is.
#[derive(Debug, Serialize)]
struct Completion {
    remedied_count: i64,
    exempt_count: i64,
    open_count: i64,
    share_millionths: i64,
    weeks: Vec<Week>,
}

#[derive(Debug, Serialize)]
struct Week {
    begins_on: Option<String>,
    notified: i64,
    remedied: i64,
    cumulative_remedied: i64,
    share_millionths: i64,
}

/// Several.
#[derive(Debug, Serialize)]
pub(super) struct List {
    recalls: Vec<One>,
}

/// Vehicles of a recall.
#[derive(Debug, Serialize)]
pub(super) struct Vehicles {
    recall: String,
    vehicles: Vec<Vehicle>,
}

#[derive(Debug, Serialize)]
struct Vehicle {
    vin: String,
    state: &'static str,
    state_on: Option<String>,
    affected: bool,
    recalled: bool,
    notified_on: Option<String>,
    remedied_on: Option<String>,
    exposed_from: Option<String>,
    exposed_to: Option<String>,
    shipment: String,
    handed_over_on: Option<String>,
    note: String,
}

/// Vehicles that scopes name.
#[derive(Debug, Serialize)]
pub(super) struct Candidates {
    affected_count: usize,
    exposed_count: usize,
    vehicles: Vec<Candidate>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Candidate {
    vin: String,
    build_number: i64,
    built_on: Option<String>,
    affected: bool,
    exposed_from: Option<String>,
    exposed_to: Option<String>,
}

/// What became of steps.
#[derive(Debug, Serialize)]
pub(super) struct Steps {
    recall: String,
    changed_count: i64,
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Refused {
    vin: String,
    reason_code: String,
    reason: String,
}

fn state_name(state: pb::RecallVehicleState) -> &'static str {
    match state {
        pb::RecallVehicleState::Unspecified => "unknown",
        pb::RecallVehicleState::Identified => "identified",
        pb::RecallVehicleState::Notified => "notified",
        pb::RecallVehicleState::Scheduled => "scheduled",
        pb::RecallVehicleState::Remedied => "remedied",
        pb::RecallVehicleState::Unreachable => "unreachable",
        pb::RecallVehicleState::Exempt => "exempt",
    }
}

impl One {
    pub(super) fn of(recall: &pb::Recall, done: Option<&pb::GetRecallCompletionResponse>) -> Self {
        let states = recall.states.iter();
        let states = states.map(|count| (state_name(count.state()), count.vehicle_count));
        Self {
            recall: recall.recall_id.clone(),
            title: recall.title.clone(),
            defect: recall.defect.clone(),
            state: match recall.state() {
                pb::RecallState::Closed => "closed",
                _ => "open",
            },
            stop_ship: match recall.stop_ship() {
                pb::StopShip::Unspecified => "none",
                pb::StopShip::Loading => "loading",
                pb::StopShip::LoadingAndHandover => "loading and handover",
            },
            opened_on: day(recall.opened_on.as_ref()),
            closed_on: day(recall.closed_on.as_ref()),
            regulator: recall.regulator.clone(),
            published_count: recall.published_count,
            recalled_count: recall.recalled_count,
            affected_count: recall.affected_count,
            exposed_count: recall.exposed_count,
            held_count: recall.held_count,
            unchecked_count: recall.unchecked_count,
            states: states.collect(),
            completion: done.map(Completion::of),
        }
    }
}

impl Completion {
    fn of(done: &pb::GetRecallCompletionResponse) -> Self {
        let weeks = done.weeks.iter().map(|week| Week {
            begins_on: day(week.begins_on.as_ref()),
            notified: week.notified_count,
            remedied: week.remedied_count,
            cumulative_remedied: week.cumulative_remedied_count,
            share_millionths: week.share_millionths,
        });
        Self {
            remedied_count: done.remedied_count,
            exempt_count: done.exempt_count,
            open_count: done.open_count,
            share_millionths: done.share_millionths,
            weeks: weeks.collect(),
        }
    }
}

impl Answer for One {
    fn text(&self) -> String {
        let mut text = format!(
            "{}  {}\n{}\n{}, opened {}; stop-ship: {}\n\n",
            self.recall,
            self.title,
            self.defect,
            self.state,
            self.opened_on.as_deref().unwrap_or("-"),
            self.stop_ship
        );
        let mut counts = vec![
            ("recalled", self.recalled_count),
            ("affected now", self.affected_count),
            ("exposed before, not affected", self.exposed_count),
            ("kept in the plant", self.held_count),
            ("awaiting production's word", self.unchecked_count),
        ];
        if self.published_count > 0 {
            counts.push(("named by the regulator", self.published_count));
        }
        let mut told = table(&["vehicles", ">count"]);
        for (name, count) in counts {
            told.add_row([name.to_owned(), grouped(count)]);
        }
        for (state, count) in &self.states {
            told.add_row([format!("  {state}"), grouped(*count)]);
        }
        text.push_str(&table_text(&told));
        if let Some(done) = &self.completion {
            let needing = self.recalled_count - done.exempt_count;
            text.push_str(&format!(
                "\n{} of {} remedied, {} open ({})\n",
                grouped(done.remedied_count),
                grouped(needing),
                grouped(done.open_count),
                percent(done.remedied_count, needing)
            ));
            let mut weeks = table(&["week from", ">notified", ">remedied", ">in all", ">share"]);
            for week in &done.weeks {
                weeks.add_row([
                    week.begins_on.clone().unwrap_or_default(),
                    grouped(week.notified),
                    grouped(week.remedied),
                    grouped(week.cumulative_remedied),
                    percent(week.share_millionths, 1_000_000),
                ]);
            }
            if !done.weeks.is_empty() {
                text.push_str(&table_text(&weeks));
            }
        }
        text
    }
}

impl List {
    pub(super) fn of(recalls: &[pb::Recall]) -> Self {
        Self {
            recalls: recalls.iter().map(|recall| One::of(recall, None)).collect(),
        }
    }
}

impl Answer for List {
    fn text(&self) -> String {
        if self.recalls.is_empty() {
            return "there is no recall; takt recall open makes one\n".to_owned();
        }
        let mut told = table(&[
            "recall",
            "title",
            "state",
            "opened",
            "stop-ship",
            ">recalled",
            ">affected",
            ">held",
        ]);
        for one in &self.recalls {
            told.add_row([
                one.recall.clone(),
                one.title.clone(),
                one.state.to_owned(),
                one.opened_on.clone().unwrap_or_default(),
                one.stop_ship.to_owned(),
                grouped(one.recalled_count),
                grouped(one.affected_count),
                grouped(one.held_count),
            ]);
        }
        table_text(&told)
    }
}

impl Vehicles {
    pub(super) fn of(recall: &str, vehicles: &[pb::RecallVehicle]) -> Self {
        let vehicles = vehicles.iter().map(|one| Vehicle {
            vin: one.vin.clone(),
            state: state_name(one.state()),
            state_on: day(one.state_on.as_ref()),
            affected: one.affected,
            recalled: one.recalled,
            notified_on: day(one.notified_on.as_ref()),
            remedied_on: day(one.remedied_on.as_ref()),
            exposed_from: day(one.exposed_from.as_ref()),
            exposed_to: day(one.exposed_to.as_ref()),
            shipment: one.shipment_id.clone(),
            handed_over_on: day(one.handed_over_on.as_ref()),
            note: one.note.clone(),
        });
        Self {
            recall: recall.to_owned(),
            vehicles: vehicles.collect(),
        }
    }
}

impl Answer for Vehicles {
    fn text(&self) -> String {
        let mut told = table(&[
            "VIN",
            "state",
            "since",
            "affected",
            "shipment",
            "handed over",
            "note",
        ]);
        for one in &self.vehicles {
            let affected = match (one.affected, one.recalled) {
                (true, _) => "now",
                (false, true) => "no more",
                (false, false) => "exposed once",
            };
            told.add_row([
                one.vin.clone(),
                one.state.to_owned(),
                one.state_on.clone().unwrap_or_default(),
                affected.to_owned(),
                one.shipment.clone(),
                one.handed_over_on.clone().unwrap_or_default(),
                one.note.clone(),
            ]);
        }
        table_text(&told)
    }
}

impl Candidates {
    pub(super) fn of(all: &[production::Exposure], top: usize) -> Self {
        let affected = all.iter().filter(|one| one.affected).count();
        let vehicles = all.iter().map(|one| Candidate {
            vin: one.vin.clone(),
            build_number: one.build_number,
            built_on: day(one.built_on.as_ref()),
            affected: one.affected,
            exposed_from: day(one.exposed_from.as_ref()),
            exposed_to: day(one.exposed_to.as_ref()),
        });
        Self {
            affected_count: affected,
            exposed_count: all.len() - affected,
            vehicles: vehicles.collect(),
            top,
        }
    }
}

impl Answer for Candidates {
    fn text(&self) -> String {
        let mut told = table(&["VIN", ">build", "built", "exposed from", "to"]);
        for one in self.vehicles.iter().take(self.top) {
            told.add_row([
                one.vin.clone(),
                one.build_number.to_string(),
                one.built_on.clone().unwrap_or_default(),
                one.exposed_from.clone().unwrap_or_default(),
                one.exposed_to.clone().unwrap_or_else(|| "now".to_owned()),
            ]);
        }
        format!(
            "{} affected now, {} exposed before\n{}",
            self.affected_count,
            self.exposed_count,
            table_text(&told)
        )
    }
}

impl Steps {
    pub(super) fn of(recall: &str, answers: &[pb::RecordRecallStepsResponse]) -> Self {
        let refused = answers.iter().flat_map(|answer| &answer.refused);
        let refused = refused.map(|one| Refused {
            vin: one.subject.clone(),
            reason_code: one.reason_code.clone(),
            reason: one.reason.clone(),
        });
        Self {
            recall: recall.to_owned(),
            changed_count: answers
                .iter()
                .map(|answer| i64::from(answer.changed_count))
                .sum(),
            refused: refused.collect(),
        }
    }

    /// The first refusal, when nothing was changed for it.
    pub(super) fn only_refused(&self) -> Option<String> {
        let first = self.refused.first().filter(|_| self.changed_count == 0)?;
        Some(format!("{}: {}", first.vin, first.reason))
    }
}

impl Answer for Steps {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} vehicles changed, {} refused\n",
            self.recall,
            grouped(self.changed_count),
            self.refused.len()
        );
        for one in self.refused.iter().take(20) {
            text.push_str(&format!("  {}: {}\n", one.vin, one.reason));
        }
        text
    }
}
