//! The material plan of a report: as it stood on the launch day, asked of production. It must not know how a plan is
//! made. Invariant: a run in which no material was planned says nothing of it.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::common::v1::{Reason, ResultStatus};
use takt_contract::production::v1 as pb;
use takt_contract::production::v1::planning_service_client::PlanningServiceClient;
use takt_contract::production::v1::{
    GetMaterialPlanRequest, LateDemand, ListLateDemandsRequest, ListPlanMessagesRequest,
    MaterialPlan, PlanMessage,
};

use super::sheet::{Sheet, escape};
use crate::connection::{Peer, ask};
use crate::failure::{Exit, Outcome};
use crate::output::{day, grouped, table, table_text};

/// So many late orders and messages are told.
const TOLD: i32 = 20;
/// So many of them are shown on a terminal.
const SHOWN: usize = 8;

/// What the material plan said.
#[derive(Debug, Clone, Serialize)]
pub struct Material {
    /// The plan.
    pub plan_id: String,
    /// The day as of which it was made.
    pub as_of: String,
    /// Whether every tier had answered.
    pub complete: bool,
    /// Orders and forecasts.
    pub demands: i64,
    /// Planned orders.
    pub planned_orders: i64,
    /// Those whose release lies in the past.
    pub past_due: i64,
    /// Orders and forecasts that are late.
    pub late: i64,
    /// Late units times days.
    pub late_unit_days: i64,
    /// Messages by action.
    pub messages: BTreeMap<String, i64>,
    /// The first late ones with why.
    pub late_orders: Vec<LateOrder>,
    /// The first messages that are about more than a new order, else the first ones.
    pub first_messages: Vec<Message>,
}

/// A late order.
#[derive(Debug, Clone, Serialize)]
pub struct LateOrder {
    /// The order or forecast.
    pub order: String,
    /// How late.
    pub days: i32,
    /// The first possible day.
    pub earliest: Option<String>,
    /// What waits for what.
    pub why: String,
}

/// What should be done.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// The action.
    pub action: String,
    /// The item.
    pub item: String,
    /// When it is received as it stands.
    pub due: Option<String>,
    /// When it should be.
    pub wanted: Option<String>,
    /// The demand that causes it.
    pub order: String,
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

/// Asks production for the newest material plan; none where nothing was planned.
pub(super) async fn ask_material(peer: &Peer) -> Outcome<Option<Material>> {
    let message = GetMaterialPlanRequest::default();
    let what = "read the material plan";
    let plan = match ask!(peer, what, PlanningServiceClient.get_material_plan, message) {
        Ok(answer) => answer.plan,
        Err(failure) if failure.exit == Exit::Refused => None,
        Err(failure) => return Err(failure),
    };
    let Some(plan) = plan else {
        return Ok(None);
    };
    let message = ListLateDemandsRequest {
        plan_id: plan.plan_id.clone(),
        page_size: TOLD,
        ..ListLateDemandsRequest::default()
    };
    let what = "list the late orders";
    let late = ask!(peer, what, PlanningServiceClient.list_late_demands, message)?.demands;
    let messages = messages(peer, &plan).await?;
    Ok(Some(told(&plan, &late, &messages)))
}

/// The first messages about what is ordered already; where there are none, the first planned orders.
async fn messages(peer: &Peer, plan: &MaterialPlan) -> Outcome<Vec<PlanMessage>> {
    let mut actions: Vec<i32> = plan.actions.iter().map(|count| count.action).collect();
    actions.sort_by_key(|action| *action == i32::from(pb::PlanAction::Order));
    let mut all = Vec::new();
    for action in actions {
        if all.len() >= TOLD as usize {
            break;
        }
        let message = ListPlanMessagesRequest {
            plan_id: plan.plan_id.clone(),
            action,
            page_size: TOLD,
            ..ListPlanMessagesRequest::default()
        };
        let what = "list the plan's messages";
        let page = ask!(
            peer,
            what,
            PlanningServiceClient.list_plan_messages,
            message
        )?;
        all.extend(page.messages);
    }
    all.truncate(TOLD as usize);
    Ok(all)
}

fn told(plan: &MaterialPlan, late: &[LateDemand], messages: &[PlanMessage]) -> Material {
    let action = |action: pb::PlanAction| word(action.as_str_name(), "PLAN_ACTION_");
    Material {
        plan_id: plan.plan_id.clone(),
        as_of: day(plan.as_of.as_ref()).unwrap_or_default(),
        complete: plan.result_status() == ResultStatus::Complete,
        demands: plan.demand_count,
        planned_orders: plan.order_count,
        past_due: plan.past_due_count,
        late: plan.late_count,
        late_unit_days: plan.late_unit_days,
        messages: (plan.actions.iter())
            .map(|count| (action(count.action()), count.message_count))
            .collect(),
        late_orders: (late.iter())
            .map(|late| LateOrder {
                order: late.demand_id.clone(),
                days: late.late_days,
                earliest: day(late.earliest_on.as_ref()),
                why: chain(&late.reasons),
            })
            .collect(),
        first_messages: (messages.iter())
            .map(|message| Message {
                action: action(message.action()),
                item: message.item_id.clone(),
                due: day(message.received_on.as_ref()),
                wanted: day(message.wanted_on.as_ref()),
                order: message.demand_id.clone(),
            })
            .collect(),
    }
}

/// The first chain of reasons, each waiting for the next.
fn chain(reasons: &[Reason]) -> String {
    let mut words = Vec::new();
    let mut next = reasons.first();
    while let Some(reason) = next {
        let code = word(reason.code().as_str_name(), "REASON_CODE_");
        words.push(format!("{code} {}", reason.subject));
        next = reason.upstream.first();
    }
    words.join(" < ")
}

impl Material {
    fn summary(&self) -> String {
        let counts: Vec<String> = (self.messages.iter())
            .map(|(action, count)| format!("{} {action}", grouped(*count)))
            .collect();
        format!(
            "{} planned orders for {} orders and forecasts, {} of them past due; {} late; messages: {}{}",
            grouped(self.planned_orders),
            grouped(self.demands),
            grouped(self.past_due),
            grouped(self.late),
            if counts.is_empty() {
                "none".to_owned()
            } else {
                counts.join(", ")
            },
            if self.complete {
                ""
            } else {
                "; procurement did not answer"
            },
        )
    }

    /// The section of the terminal.
    pub(super) fn text(&self, text: &mut String) {
        text.push_str(&format!(
            "\nMaterial plan as of {}\n{}\n",
            self.as_of,
            self.summary()
        ));
        if !self.late_orders.is_empty() {
            let mut lines = table(&["late", ">days", "earliest", "why"]);
            for late in self.late_orders.iter().take(SHOWN) {
                lines.add_row([
                    late.order.clone(),
                    late.days.to_string(),
                    late.earliest.clone().unwrap_or_default(),
                    late.why.clone(),
                ]);
            }
            text.push_str(&table_text(&lines));
        }
        let mut lines = table(&["action", "item", "due", "wanted", "for"]);
        for message in self.first_messages.iter().take(SHOWN) {
            lines.add_row([
                message.action.clone(),
                message.item.clone(),
                message.due.clone().unwrap_or_default(),
                message.wanted.clone().unwrap_or_default(),
                message.order.clone(),
            ]);
        }
        text.push_str(&table_text(&lines));
    }

    /// The section of the page.
    pub(super) fn page(&self, body: &mut String) {
        body.push_str(&format!(
            "<h2>Material plan</h2>\n<p>As of {}: {}.</p>\n",
            escape(&self.as_of),
            escape(&self.summary())
        ));
        if !self.late_orders.is_empty() {
            let mut sheet = Sheet::new(&["@late", "#days", "@earliest", "why"]);
            for late in &self.late_orders {
                sheet.row(&[
                    late.order.clone(),
                    late.days.to_string(),
                    late.earliest.clone().unwrap_or_default(),
                    late.why.clone(),
                ]);
            }
            sheet.write(body);
        }
        let mut sheet = Sheet::new(&["action", "item", "@due", "@wanted", "for"]);
        for message in &self.first_messages {
            sheet.row(&[
                message.action.clone(),
                message.item.clone(),
                message.due.clone().unwrap_or_default(),
                message.wanted.clone().unwrap_or_default(),
                message.order.clone(),
            ]);
        }
        sheet.write(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_told_with_its_counts_and_the_first_chain() {
        let reason = |code: &str, subject: &str, upstream| Reason {
            code: takt_contract::common::v1::ReasonCode::from_str_name(code)
                .map(i32::from)
                .unwrap_or_default(),
            subject: subject.to_owned(),
            upstream,
            ..Reason::default()
        };
        let shortage = reason("REASON_CODE_MATERIAL_SHORTAGE", "AD-02", Vec::new());
        let late = LateDemand {
            demand_id: "SO-1".to_owned(),
            late_days: 3,
            reasons: vec![reason("REASON_CODE_AWAIT_SUPPLY", "SU7", vec![shortage])],
            ..LateDemand::default()
        };
        let plan = MaterialPlan {
            order_count: 1_200,
            past_due_count: 7,
            late_count: 1,
            actions: vec![pb::ActionCount {
                action: pb::PlanAction::Expedite.into(),
                message_count: 2,
            }],
            result_status: ResultStatus::Partial.into(),
            ..MaterialPlan::default()
        };
        let told = told(&plan, &[late], &[]);
        assert_eq!(
            told.summary(),
            "1,200 planned orders for 0 orders and forecasts, 7 of them past due; 1 late; messages: 2 EXPEDITE; procurement did not answer"
        );
        let first = told.late_orders.first().map(|late| late.why.as_str());
        assert_eq!(first, Some("AWAIT_SUPPLY SU7 < MATERIAL_SHORTAGE AD-02"));
        let mut text = String::new();
        told.text(&mut text);
        told.page(&mut text);
        assert!(text.contains("<h2>Material plan</h2>") && text.contains("SO-1"));
    }
}
