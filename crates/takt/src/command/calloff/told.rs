//! Call-offs as they are told. It must not ask anything.
use serde::Serialize;
use takt_contract::common::v1::Date as DatePb;
use takt_contract::procurement::v1 as pb;
use takt_kernel::Quantity;

use crate::output::{Answer, table, table_text, whole_money};

/// A date of an answer as it is told.
pub(in crate::command) fn day(date: Option<&DatePb>) -> Option<String> {
    date.map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
}

fn units(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

fn exact(thousandths: i64) -> String {
    Quantity(thousandths).to_string()
}

fn dash(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "-".to_owned())
}

/// The name of a zone.
fn zone(zone: i32) -> &'static str {
    match pb::CallOffZone::try_from(zone) {
        Ok(pb::CallOffZone::Firm) => "firm",
        Ok(pb::CallOffZone::Fabrication) => "fabrication",
        Ok(pb::CallOffZone::Material) => "material",
        Ok(pb::CallOffZone::Forecast) => "forecast",
        _ => "unknown",
    }
}

/// A release.
#[derive(Debug, Serialize)]
struct Release {
    item: String,
    supplier: String,
    release: i32,
    newest: bool,
    as_of: Option<String>,
    reset_on: Option<String>,
    plan: String,
    unit: String,
    shipped: f64,
    received: f64,
    in_transit: f64,
    backlog: f64,
    to_ship: f64,
    fabrication: f64,
    material: f64,
    lines: Vec<Line>,
    #[serde(skip)]
    thousandths: [i64; 7],
}

#[derive(Debug, Serialize)]
struct Line {
    due_on: Option<String>,
    zone: &'static str,
    quantity: f64,
    cumulative: f64,
    #[serde(skip)]
    thousandths: [i64; 2],
}

impl Release {
    fn of(call_off: &pb::CallOff) -> Self {
        let thousandths = [
            call_off.shipped_thousandths,
            call_off.received_thousandths,
            call_off.in_transit_thousandths,
            call_off.backlog_thousandths,
            call_off.to_ship_thousandths,
            call_off.fabrication_thousandths,
            call_off.material_thousandths,
        ];
        let [
            shipped,
            received,
            in_transit,
            backlog,
            to_ship,
            fabrication,
            material,
        ] = thousandths.map(units);
        let line = |line: &pb::CallOffLine| {
            let thousandths = [line.thousandths, line.cumulative_thousandths];
            let [quantity, cumulative] = thousandths.map(units);
            Line {
                due_on: day(line.due_on.as_ref()),
                zone: zone(line.zone),
                quantity,
                cumulative,
                thousandths,
            }
        };
        Self {
            item: call_off.item_id.clone(),
            supplier: call_off.supplier_id.clone(),
            release: call_off.release_number,
            newest: call_off.is_newest,
            as_of: day(call_off.as_of.as_ref()),
            reset_on: day(call_off.reset_on.as_ref()),
            plan: call_off.plan_id.clone(),
            unit: call_off.unit_code.clone(),
            shipped,
            received,
            in_transit,
            backlog,
            to_ship,
            fabrication,
            material,
            lines: call_off.lines.iter().map(line).collect(),
            thousandths,
        }
    }
}

/// One release with its lines.
#[derive(Debug, Serialize)]
pub(super) struct One(Release);

impl One {
    pub(super) fn of(call_off: &pb::CallOff) -> Self {
        Self(Release::of(call_off))
    }
}

impl Answer for One {
    fn text(&self) -> String {
        let one = &self.0;
        let [
            shipped,
            received,
            in_transit,
            backlog,
            to_ship,
            fabrication,
            material,
        ] = one.thousandths.map(exact);
        let place = if one.newest {
            "the newest"
        } else {
            "another took its place"
        };
        let mut text = format!(
            "Release {} of {} from {} on the evening of {}, {place}; cumulatives since {}, in {}\n\
             received {received}, shipped {shipped}, in transit {in_transit}, overdue {backlog}, to ship {to_ship}\n\
             may be made up to {fabrication}, material may be bought up to {material}\n\n",
            one.release,
            one.item,
            one.supplier,
            dash(one.as_of.as_ref()),
            dash(one.reset_on.as_ref()),
            one.unit,
        );
        let mut rows = table(&["due on", "zone", ">quantity", ">cumulative"]);
        for line in &one.lines {
            let [quantity, cumulative] = line.thousandths.map(exact);
            rows.add_row([
                dash(line.due_on.as_ref()),
                line.zone.to_owned(),
                quantity,
                cumulative,
            ]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}

/// Releases, a line each.
#[derive(Debug, Serialize)]
pub(super) struct Releases {
    call_offs: Vec<Release>,
}

impl Releases {
    pub(super) fn of(all: &[pb::CallOff]) -> Self {
        Self {
            call_offs: all.iter().map(Release::of).collect(),
        }
    }
}

impl Answer for Releases {
    fn text(&self) -> String {
        let mut rows = table(&[
            "item",
            "supplier",
            ">release",
            "as of",
            ">received",
            ">in transit",
            ">overdue",
            ">to ship",
            "state",
        ]);
        for one in &self.call_offs {
            let [_, received, in_transit, backlog, to_ship, _, _] = one.thousandths.map(exact);
            let state = if one.newest { "newest" } else { "replaced" };
            rows.add_row([
                one.item.clone(),
                one.supplier.clone(),
                one.release.to_string(),
                dash(one.as_of.as_ref()),
                received,
                in_transit,
                backlog,
                to_ship,
                state.to_owned(),
            ]);
        }
        table_text(&rows)
    }
}

/// Agreements.
#[derive(Debug, Serialize)]
pub(super) struct Agreements {
    agreements: Vec<Agreement>,
}

#[derive(Debug, Serialize)]
struct Agreement {
    item: String,
    supplier: String,
    reset_on: Option<String>,
    firm_days: i32,
    fabrication_days: i32,
    material_days: i32,
    releases: i32,
    fabrication: f64,
    material: f64,
    /// Null while it runs.
    cancelled_on: Option<String>,
    #[serde(skip)]
    thousandths: [i64; 2],
}

impl Agreement {
    fn of(agreement: &pb::ScheduleAgreement) -> Self {
        let thousandths = [
            agreement.fabrication_thousandths,
            agreement.material_thousandths,
        ];
        let [fabrication, material] = thousandths.map(units);
        Self {
            item: agreement.item_id.clone(),
            supplier: agreement.supplier_id.clone(),
            reset_on: day(agreement.reset_on.as_ref()),
            firm_days: agreement.firm_days,
            fabrication_days: agreement.fabrication_days,
            material_days: agreement.material_days,
            releases: agreement.release_count,
            fabrication,
            material,
            cancelled_on: day(agreement.cancelled_on.as_ref()),
            thousandths,
        }
    }
}

impl Agreements {
    pub(super) fn of(all: &[pb::ScheduleAgreement]) -> Self {
        Self {
            agreements: all.iter().map(Agreement::of).collect(),
        }
    }
}

impl Answer for Agreements {
    fn text(&self) -> String {
        let mut rows = table(&[
            "item",
            "supplier",
            "reset on",
            ">firm",
            ">fabrication",
            ">material",
            ">releases",
            ">may be made",
            ">material up to",
            "ended on",
        ]);
        for one in &self.agreements {
            let [fabrication, material] = one.thousandths.map(exact);
            rows.add_row([
                one.item.clone(),
                one.supplier.clone(),
                dash(one.reset_on.as_ref()),
                format!("{} d", one.firm_days),
                format!("{} d", one.fabrication_days),
                format!("{} d", one.material_days),
                one.releases.to_string(),
                fabrication,
                material,
                dash(one.cancelled_on.as_ref()),
            ]);
        }
        table_text(&rows)
    }
}

/// What was published.
#[derive(Debug, Serialize)]
pub(super) struct Published {
    releases: i32,
    lines: i32,
    plan: String,
}

impl Published {
    pub(super) fn of(answer: &pb::PublishCallOffsResponse) -> Self {
        Self {
            releases: answer.release_count,
            lines: answer.line_count,
            plan: answer.plan_id.clone(),
        }
    }
}

impl Answer for Published {
    fn text(&self) -> String {
        format!(
            "{} releases with {} lines are published, by plan {}\n",
            self.releases, self.lines, self.plan
        )
    }
}

/// What was given up.
#[derive(Debug, Serialize)]
pub(super) struct Lost {
    asn: String,
    lost_on: Option<String>,
    items: Vec<LostItem>,
}

#[derive(Debug, Serialize)]
struct LostItem {
    item: String,
    quantity: f64,
    #[serde(skip)]
    thousandths: i64,
}

impl Lost {
    pub(super) fn of(answer: &pb::DeclareLostResponse) -> Self {
        let asn = answer.asn.clone().unwrap_or_default();
        let item = |lost: &pb::LostQuantity| LostItem {
            item: lost.item_id.clone(),
            quantity: units(lost.thousandths),
            thousandths: lost.thousandths,
        };
        Self {
            asn: asn.asn_id,
            lost_on: day(asn.lost_on.as_ref()),
            items: answer.lost.iter().map(item).collect(),
        }
    }
}

impl Answer for Lost {
    fn text(&self) -> String {
        let mut rows = table(&["item", ">ordered anew"]);
        for item in &self.items {
            rows.add_row([item.item.clone(), exact(item.thousandths)]);
        }
        let on = dash(self.lost_on.as_ref());
        format!(
            "The goods of notice {} were given up on {on}\n\n{}",
            self.asn,
            table_text(&rows)
        )
    }
}

/// What is owed.
#[derive(Debug, Serialize)]
pub(super) struct Owed {
    item: String,
    supplier: String,
    /// Null where it was only asked.
    cancelled_on: Option<String>,
    unit: String,
    in_transit: f64,
    finished: f64,
    raw: f64,
    finished_value: f64,
    currency: String,
    #[serde(skip)]
    thousandths: [i64; 3],
    #[serde(skip)]
    minor: i64,
}

impl Owed {
    pub(super) fn of(answer: &pb::CancelAgreementResponse, is_check: bool) -> Self {
        let agreement = answer.agreement.clone().unwrap_or_default();
        let value = answer.finished_value.clone().unwrap_or_default();
        let thousandths = [
            answer.in_transit_thousandths,
            answer.finished_thousandths,
            answer.raw_thousandths,
        ];
        let [in_transit, finished, raw] = thousandths.map(units);
        Self {
            item: agreement.item_id,
            supplier: agreement.supplier_id,
            cancelled_on: day(agreement.cancelled_on.as_ref()).filter(|_| !is_check),
            unit: answer.unit_code.clone(),
            in_transit,
            finished,
            raw,
            finished_value: value.minor_units as f64 / 100.0,
            currency: value.currency_code,
            thousandths,
            minor: value.minor_units,
        }
    }
}

impl Answer for Owed {
    fn text(&self) -> String {
        let [in_transit, finished, raw] = self.thousandths.map(exact);
        let begin = match &self.cancelled_on {
            Some(on) => format!("The agreement ended on {on}."),
            None => "Nothing is changed.".to_owned(),
        };
        format!(
            "{begin} Owed to {} for {}, in {}:\n  in transit, to be taken   {in_transit}\n  finished goods            {finished} ({} {})\n  raw material for          {raw}\n",
            self.supplier,
            self.item,
            self.unit,
            whole_money(self.minor),
            self.currency,
        )
    }
}
