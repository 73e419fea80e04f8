//! What quality answers, as tables for people and as JSON. It must not ask anybody.
use serde::Serialize;
use takt_contract::common::v1::Date as WireDate;
use takt_contract::production::v1::{self as pb, quality_hold::Scope};

use crate::output::{Answer, grouped, percent, table, table_text};

/// A day as text; empty where there is none.
fn day(date: Option<&WireDate>) -> String {
    crate::output::day(date).unwrap_or_default()
}

/// `D3`, or nothing while no step is done.
fn step(number: i32) -> String {
    match number {
        1..=9 => format!("D{}", number - 1),
        _ => String::new(),
    }
}

/// The word of an enum behind its prefix; nothing for the one that is never meant.
fn word(name: &str, prefix: &str) -> String {
    let word = name.trim_start_matches(prefix);
    if word == "UNSPECIFIED" {
        String::new()
    } else {
        word.to_owned()
    }
}

/// A case.
#[derive(Debug, Serialize)]
pub(super) struct OneCase {
    nc: String,
    title: String,
    defect: String,
    item: String,
    operation: String,
    opened_by: String,
    opened_on: String,
    state: &'static str,
    step: String,
}

impl OneCase {
    pub(super) fn of(case: pb::NonConformance) -> Self {
        Self {
            state: if case.state == pb::NonConformanceState::Closed as i32 {
                "CLOSED"
            } else {
                "OPEN"
            },
            step: step(case.step),
            opened_on: day(case.opened_on.as_ref()),
            nc: case.nc_id,
            title: case.title,
            defect: case.defect_code,
            item: case.item_id,
            operation: case.operation_id,
            opened_by: case.opened_by,
        }
    }

    fn row(&self) -> [String; 7] {
        let about = [self.item.as_str(), self.operation.as_str()];
        let about: Vec<&str> = about.into_iter().filter(|text| !text.is_empty()).collect();
        [
            self.nc.clone(),
            self.state.to_owned(),
            self.step.clone(),
            self.opened_on.clone(),
            self.defect.clone(),
            about.join(" "),
            self.title.clone(),
        ]
    }
}

const CASE: [&str; 7] = [
    "case", "state", "done", "opened", "defect", "about", "title",
];

impl Answer for OneCase {
    fn text(&self) -> String {
        let mut lines = table(&CASE);
        lines.add_row(self.row());
        table_text(&lines)
    }
}

/// Cases.
#[derive(Debug, Serialize)]
pub(super) struct Cases {
    non_conformances: Vec<OneCase>,
    more: bool,
}

impl Cases {
    pub(super) fn of(page: pb::ListNonConformancesResponse) -> Self {
        Self {
            more: !page.next_page_token.is_empty(),
            non_conformances: page.non_conformances.into_iter().map(OneCase::of).collect(),
        }
    }
}

impl Answer for Cases {
    fn text(&self) -> String {
        if self.non_conformances.is_empty() {
            return "no non-conformance is like that\n".to_owned();
        }
        let mut lines = table(&CASE);
        for case in &self.non_conformances {
            lines.add_row(case.row());
        }
        let more = if self.more {
            "there are more; ask for more with --limit\n"
        } else {
            ""
        };
        format!("{}{more}", table_text(&lines))
    }
}

/// A hold.
#[derive(Debug, Serialize)]
pub(super) struct OneHold {
    hold: String,
    nc: String,
    scope: String,
    reason: String,
    placed_by: String,
    placed_on: String,
    in_force: bool,
    held: i64,
    lifted: i64,
    scrapped: i64,
    gone: i64,
    lot_state: String,
    lot_note: String,
}

impl OneHold {
    pub(super) fn of(hold: pb::QualityHold) -> Self {
        let scope = match &hold.scope {
            Some(Scope::VehicleCount(count)) => format!("{count} vehicles"),
            Some(Scope::Builds(range)) => format!(
                "builds {} to {}",
                range.first_build_number, range.last_build_number
            ),
            Some(Scope::LotId(lot)) => format!("lot {lot}"),
            Some(Scope::Window(window)) => format!(
                "{} built {} to {}",
                window.item_id,
                day(window.from_date.as_ref()),
                day(window.through_date.as_ref())
            ),
            None => String::new(),
        };
        let lot = pb::LotHoldState::try_from(hold.lot_state).unwrap_or_default();
        Self {
            scope,
            placed_on: day(hold.placed_on.as_ref()),
            hold: hold.hold_id,
            nc: hold.nc_id,
            reason: hold.reason,
            placed_by: hold.placed_by,
            in_force: hold.in_force,
            held: hold.held_count,
            lifted: hold.lifted_count,
            scrapped: hold.scrapped_count,
            gone: hold.gone_count,
            lot_state: word(lot.as_str_name(), "LOT_HOLD_STATE_"),
            lot_note: hold.lot_note,
        }
    }

    fn row(&self) -> [String; 9] {
        [
            self.hold.clone(),
            self.nc.clone(),
            self.scope.clone(),
            if self.in_force { "in force" } else { "ended" }.to_owned(),
            grouped(self.held),
            grouped(self.lifted),
            grouped(self.scrapped),
            grouped(self.gone),
            self.lot_state.clone(),
        ]
    }
}

const HOLD: [&str; 9] = [
    "hold",
    "case",
    "what",
    "state",
    ">held",
    ">lifted",
    ">scrapped",
    ">gone",
    "lot",
];

impl Answer for OneHold {
    fn text(&self) -> String {
        let mut lines = table(&HOLD);
        lines.add_row(self.row());
        table_text(&lines)
    }
}

/// A decision.
#[derive(Debug, Serialize)]
pub(super) struct Decided {
    hold: OneHold,
    decided: i64,
    released: i64,
}

impl Decided {
    pub(super) fn of(done: pb::RecordDispositionResponse) -> Self {
        Self {
            hold: OneHold::of(done.hold.unwrap_or_default()),
            decided: done.decided_count,
            released: done.released_count,
        }
    }
}

impl Answer for Decided {
    fn text(&self) -> String {
        format!(
            "{} vehicles are decided on, {} are released\n\n{}",
            grouped(self.decided),
            grouped(self.released),
            self.hold.text()
        )
    }
}

/// A vehicle that was released.
#[derive(Debug, Serialize)]
pub(super) struct Released {
    pub(super) vin: String,
    pub(super) order: String,
    pub(super) released_on: String,
}

impl Answer for Released {
    fn text(&self) -> String {
        format!(
            "{} for order {} is released on {}\n",
            self.vin, self.order, self.released_on
        )
    }
}

#[derive(Debug, Serialize)]
struct StepLine {
    step: String,
    reopened: bool,
    by: String,
    on: String,
    text: String,
}

/// A case with its record.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    non_conformance: OneCase,
    steps: Vec<StepLine>,
    holds: Vec<OneHold>,
}

impl Shown {
    pub(super) fn of(told: pb::GetNonConformanceResponse) -> Self {
        let line = |one: pb::StepRecord| StepLine {
            step: step(one.step),
            reopened: one.reopened,
            by: one.done_by,
            on: day(one.done_on.as_ref()),
            text: one.text,
        };
        Self {
            non_conformance: OneCase::of(told.non_conformance.unwrap_or_default()),
            steps: told.steps.into_iter().map(line).collect(),
            holds: told.holds.into_iter().map(OneHold::of).collect(),
        }
    }
}

impl Answer for Shown {
    fn text(&self) -> String {
        let mut steps = table(&["step", "", "day", "by", "what"]);
        for one in &self.steps {
            let did = if one.reopened { "taken back" } else { "done" };
            steps.add_row([one.step.as_str(), did, &one.on, &one.by, &one.text]);
        }
        let mut holds = table(&HOLD);
        for hold in &self.holds {
            holds.add_row(hold.row());
        }
        format!(
            "{}\n{}\n{}",
            self.non_conformance.text(),
            table_text(&steps),
            table_text(&holds)
        )
    }
}

#[derive(Debug, Serialize)]
struct VehicleLine {
    vin: String,
    build_number: i64,
    order: String,
    hold_state: String,
    disposition: String,
    vehicle_state: String,
}

/// The vehicles of a hold.
#[derive(Debug, Serialize)]
pub(super) struct Affected {
    vehicles: Vec<VehicleLine>,
}

impl Affected {
    pub(super) fn of(vehicles: Vec<pb::AffectedVehicle>) -> Self {
        let line = |one: pb::AffectedVehicle| VehicleLine {
            hold_state: word(one.hold_state().as_str_name(), "VEHICLE_HOLD_STATE_"),
            disposition: word(one.disposition().as_str_name(), "DISPOSITION_"),
            vehicle_state: word(one.vehicle_state().as_str_name(), "VEHICLE_STATE_"),
            vin: one.vin,
            build_number: one.build_number,
            order: one.order_id,
        };
        Self {
            vehicles: vehicles.into_iter().map(line).collect(),
        }
    }
}

impl Answer for Affected {
    fn text(&self) -> String {
        let mut lines = table(&[
            "vehicle",
            ">build",
            "order",
            "hold",
            "disposition",
            "vehicle is",
        ]);
        for one in &self.vehicles {
            lines.add_row([
                one.vin.clone(),
                grouped(one.build_number),
                one.order.clone(),
                one.hold_state.clone(),
                one.disposition.clone(),
                one.vehicle_state.clone(),
            ]);
        }
        format!(
            "{}{} vehicles\n",
            table_text(&lines),
            grouped(i64::try_from(self.vehicles.len()).unwrap_or(i64::MAX))
        )
    }
}

#[derive(Debug, Serialize)]
struct YieldLine {
    shop: String,
    finished: i64,
    first_pass: i64,
    yield_millionths: i64,
}

/// The yields of the shops.
#[derive(Debug, Serialize)]
pub(super) struct Yields {
    shops: Vec<YieldLine>,
    rolled_millionths: i64,
}

impl Yields {
    pub(super) fn of(told: pb::GetFirstPassYieldResponse) -> Self {
        let line = |one: pb::ShopYield| YieldLine {
            shop: one.shop_id,
            finished: one.finished_count,
            first_pass: one.first_pass_count,
            yield_millionths: one.yield_millionths,
        };
        Self {
            shops: told.shops.into_iter().map(line).collect(),
            rolled_millionths: told.rolled_millionths,
        }
    }
}

impl Answer for Yields {
    fn text(&self) -> String {
        let mut lines = table(&["shop", ">finished", ">first pass", ">yield"]);
        for one in &self.shops {
            lines.add_row([
                one.shop.clone(),
                grouped(one.finished),
                grouped(one.first_pass),
                percent(one.first_pass, one.finished),
            ]);
        }
        let rolled = match self.rolled_millionths {
            0 => "a shop of the line has finished nothing, so there is no rolled yield".to_owned(),
            some => format!("rolled yield of the line {}", percent(some, 1_000_000)),
        };
        format!("{}{rolled}\n", table_text(&lines))
    }
}

#[derive(Debug, Serialize)]
struct CauseLine {
    cause: String,
    defects: i64,
    scrapped: i64,
    cumulative_millionths: i64,
}

/// The causes of defects.
#[derive(Debug, Serialize)]
pub(super) struct Causes {
    causes: Vec<CauseLine>,
    defects: i64,
}

impl Causes {
    pub(super) fn of(told: pb::GetDefectParetoResponse) -> Self {
        let line = |one: pb::DefectCause| CauseLine {
            cause: one.cause,
            defects: one.defect_count,
            scrapped: one.scrap_count,
            cumulative_millionths: one.cumulative_millionths,
        };
        Self {
            causes: told.causes.into_iter().map(line).collect(),
            defects: told.defect_count,
        }
    }
}

impl Answer for Causes {
    fn text(&self) -> String {
        let mut lines = table(&["cause", ">defects", ">scrapped", ">cumulative"]);
        for one in &self.causes {
            lines.add_row([
                one.cause.clone(),
                grouped(one.defects),
                grouped(one.scrapped),
                percent(one.cumulative_millionths, 1_000_000),
            ]);
        }
        format!("{}{} defects\n", table_text(&lines), grouped(self.defects))
    }
}
