//! Call-offs as they are told. It must not ask anything.
use serde::Serialize;
use takt_contract::procurement::v1 as pb;
use takt_kernel::Quantity;

use crate::output::{Answer, day, table, table_text, whole_money};
use crate::problem::in_units;

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
    #[serde(serialize_with = "in_units")]
    shipped: Quantity,
    #[serde(serialize_with = "in_units")]
    received: Quantity,
    #[serde(serialize_with = "in_units")]
    in_transit: Quantity,
    #[serde(serialize_with = "in_units")]
    backlog: Quantity,
    #[serde(serialize_with = "in_units")]
    to_ship: Quantity,
    #[serde(serialize_with = "in_units")]
    fabrication: Quantity,
    #[serde(serialize_with = "in_units")]
    material: Quantity,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    due_on: Option<String>,
    zone: &'static str,
    #[serde(serialize_with = "in_units")]
    quantity: Quantity,
    #[serde(serialize_with = "in_units")]
    cumulative: Quantity,
}

impl Release {
    fn of(call_off: &pb::CallOff) -> Self {
        let line = |line: &pb::CallOffLine| Line {
            due_on: day(line.due_on.as_ref()),
            zone: zone(line.zone),
            quantity: Quantity(line.thousandths),
            cumulative: Quantity(line.cumulative_thousandths),
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
            shipped: Quantity(call_off.shipped_thousandths),
            received: Quantity(call_off.received_thousandths),
            in_transit: Quantity(call_off.in_transit_thousandths),
            backlog: Quantity(call_off.backlog_thousandths),
            to_ship: Quantity(call_off.to_ship_thousandths),
            fabrication: Quantity(call_off.fabrication_thousandths),
            material: Quantity(call_off.material_thousandths),
            lines: call_off.lines.iter().map(line).collect(),
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
        let place = if one.newest {
            "the newest"
        } else {
            "another took its place"
        };
        let mut text = format!(
            "Release {} of {} from {} on the evening of {}, {place}; cumulatives since {}, in {}\n\
             received {}, shipped {}, in transit {}, overdue {}, to ship {}\n\
             may be made up to {}, material may be bought up to {}\n\n",
            one.release,
            one.item,
            one.supplier,
            dash(one.as_of.as_ref()),
            dash(one.reset_on.as_ref()),
            one.unit,
            one.received,
            one.shipped,
            one.in_transit,
            one.backlog,
            one.to_ship,
            one.fabrication,
            one.material,
        );
        let mut rows = table(&["due on", "zone", ">quantity", ">cumulative"]);
        for line in &one.lines {
            rows.add_row([
                dash(line.due_on.as_ref()),
                line.zone.to_owned(),
                line.quantity.to_string(),
                line.cumulative.to_string(),
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
            let state = if one.newest { "newest" } else { "replaced" };
            rows.add_row([
                one.item.clone(),
                one.supplier.clone(),
                one.release.to_string(),
                dash(one.as_of.as_ref()),
                one.received.to_string(),
                one.in_transit.to_string(),
                one.backlog.to_string(),
                one.to_ship.to_string(),
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
    #[serde(serialize_with = "in_units")]
    fabrication: Quantity,
    #[serde(serialize_with = "in_units")]
    material: Quantity,
    /// Null while it runs.
    cancelled_on: Option<String>,
}

impl Agreement {
    fn of(agreement: &pb::ScheduleAgreement) -> Self {
        Self {
            item: agreement.item_id.clone(),
            supplier: agreement.supplier_id.clone(),
            reset_on: day(agreement.reset_on.as_ref()),
            firm_days: agreement.firm_days,
            fabrication_days: agreement.fabrication_days,
            material_days: agreement.material_days,
            releases: agreement.release_count,
            fabrication: Quantity(agreement.fabrication_thousandths),
            material: Quantity(agreement.material_thousandths),
            cancelled_on: day(agreement.cancelled_on.as_ref()),
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
            rows.add_row([
                one.item.clone(),
                one.supplier.clone(),
                dash(one.reset_on.as_ref()),
                format!("{} d", one.firm_days),
                format!("{} d", one.fabrication_days),
                format!("{} d", one.material_days),
                one.releases.to_string(),
                one.fabrication.to_string(),
                one.material.to_string(),
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
    #[serde(serialize_with = "in_units")]
    quantity: Quantity,
}

impl Lost {
    pub(super) fn of(answer: &pb::DeclareLostResponse) -> Self {
        let asn = answer.asn.clone().unwrap_or_default();
        let item = |lost: &pb::LostQuantity| LostItem {
            item: lost.item_id.clone(),
            quantity: Quantity(lost.thousandths),
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
            rows.add_row([item.item.clone(), item.quantity.to_string()]);
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
    #[serde(serialize_with = "in_units")]
    in_transit: Quantity,
    #[serde(serialize_with = "in_units")]
    finished: Quantity,
    #[serde(serialize_with = "in_units")]
    raw: Quantity,
    finished_value: f64,
    currency: String,
    #[serde(skip)]
    minor: i64,
}

impl Owed {
    pub(super) fn of(answer: &pb::CancelAgreementResponse, is_check: bool) -> Self {
        let agreement = answer.agreement.clone().unwrap_or_default();
        let value = answer.finished_value.clone().unwrap_or_default();
        Self {
            item: agreement.item_id,
            supplier: agreement.supplier_id,
            cancelled_on: day(agreement.cancelled_on.as_ref()).filter(|_| !is_check),
            unit: answer.unit_code.clone(),
            in_transit: Quantity(answer.in_transit_thousandths),
            finished: Quantity(answer.finished_thousandths),
            raw: Quantity(answer.raw_thousandths),
            finished_value: value.minor_units as f64 / 100.0,
            currency: value.currency_code,
            minor: value.minor_units,
        }
    }
}

impl Answer for Owed {
    fn text(&self) -> String {
        let begin = match &self.cancelled_on {
            Some(on) => format!("The agreement ended on {on}."),
            None => "Nothing is changed.".to_owned(),
        };
        format!(
            "{begin} Owed to {} for {}, in {}:\n  in transit, to be taken   {}\n  finished goods            {} ({} {})\n  raw material for          {}\n",
            self.supplier,
            self.item,
            self.unit,
            self.in_transit,
            self.finished,
            whole_money(self.minor),
            self.currency,
            self.raw,
        )
    }
}
