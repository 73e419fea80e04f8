//! Orders and how their promises stand, as people and programs are told. It must not know where it comes from. Invariant: what is not
//! known has no value and no word that could be taken for one.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::common::v1::{Reason, ReasonCode};
use takt_contract::delivery::v1 as pb;

use crate::output::{Answer, day, grouped, table, table_text};

/// The orders whose promise is in danger.
#[derive(Debug, Serialize)]
pub(super) struct AtRisk {
    order_count: usize,
    at_risk_count: usize,
    late_count: usize,
    orders: Vec<Order>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Order {
    order: String,
    customer: String,
    variant: String,
    city: String,
    state: &'static str,
    health: &'static str,
    promised_on: Option<String>,
    /// Null: nobody knows.
    expected_on: Option<String>,
    reasons: Vec<Cause>,
}

#[derive(Debug, Serialize)]
pub(super) struct Cause {
    code: &'static str,
    subject: String,
    from: Option<String>,
    until: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    behind: Vec<Cause>,
}

/// An order with all that happened to it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    order: String,
    number: i64,
    customer: String,
    variant: String,
    options: BTreeMap<String, String>,
    city: String,
    lane: String,
    state: &'static str,
    vin: Option<String>,
    etag: String,
    /// Null where nothing was promised, the order was cancelled, or no plan was looked at.
    health: Option<&'static str>,
    expected_on: Option<String>,
    reasons: Vec<Cause>,
    promises: Vec<Promise>,
    timeline: Vec<Entry>,
}

#[derive(Debug, Serialize)]
pub(super) struct Promise {
    number: i32,
    kind: &'static str,
    build_on: Option<String>,
    deliver_on: Option<String>,
    made_on: Option<String>,
    plan: String,
}

#[derive(Debug, Serialize)]
struct Entry {
    date: Option<String>,
    event: String,
    source: String,
    subject: String,
}

/// What was promised anew.
#[derive(Debug, Serialize)]
pub(super) struct Repromised {
    checked_only: bool,
    as_of: Option<String>,
    plan: String,
    repromised_count: i64,
    left_count: i64,
    at_risk_count: i64,
    sample: Vec<Anew>,
}

#[derive(Debug, Serialize)]
struct Anew {
    order: String,
    promised_on: Option<String>,
    promise: Promise,
}

/// The terms of cancelling.
#[derive(Debug, Serialize)]
pub(super) struct Terms {
    /// Null while none stand.
    terms: Option<Standing>,
}

#[derive(Debug, Serialize)]
struct Standing {
    currency: String,
    deposit_minor: i64,
    refundable_days: i32,
}

/// A cancelled order.
#[derive(Debug, Serialize)]
pub(super) struct Cancelled {
    order: String,
    cancelled_on: Option<String>,
    /// Null while no terms stand.
    deposit: Option<&'static str>,
    terms: Option<Standing>,
    refundable_until: Option<String>,
}

fn health(health: pb::PromiseHealth) -> Option<&'static str> {
    match health {
        pb::PromiseHealth::Unspecified => None,
        pb::PromiseHealth::OnTime => Some("ON_TIME"),
        pb::PromiseHealth::AtRisk => Some("AT_RISK"),
        pb::PromiseHealth::Late => Some("LATE"),
    }
}

fn state(state: pb::OrderState) -> &'static str {
    match state {
        pb::OrderState::Unspecified => "unknown",
        pb::OrderState::Locked => "locked",
        pb::OrderState::Built => "built",
        pb::OrderState::InTransit => "in transit",
        pb::OrderState::ReadyForHandover => "ready for handover",
        pb::OrderState::HandedOver => "handed over",
        pb::OrderState::Cancelled => "cancelled",
    }
}

fn cause(reason: &Reason) -> Cause {
    Cause {
        code: match reason.code() {
            ReasonCode::Disruption => "DISRUPTION",
            ReasonCode::MaterialShortage => "MATERIAL_SHORTAGE",
            ReasonCode::QualityHold => "QUALITY_HOLD",
            ReasonCode::Transport => "TRANSPORT",
            other => other
                .as_str_name()
                .strip_prefix("REASON_CODE_")
                .unwrap_or(other.as_str_name()),
        },
        subject: reason.subject.clone(),
        from: day(reason.from_date.as_ref()),
        until: day(reason.until_date.as_ref()),
        behind: reason.upstream.iter().map(cause).collect(),
    }
}

pub(super) fn causes(reasons: &[Reason]) -> Vec<Cause> {
    reasons.iter().map(cause).collect()
}

impl Promise {
    /// The promise in a line.
    pub(super) fn told(&self) -> String {
        format!(
            "promise {} ({}): build on {}, delivery on {}\n",
            self.number,
            self.kind,
            dash(&self.build_on),
            dash(&self.deliver_on)
        )
    }
}

pub(super) fn promise(promise: &pb::Promise) -> Promise {
    Promise {
        number: promise.promise_number,
        kind: match promise.kind() {
            pb::PromiseKind::Planned => "planned",
            pb::PromiseKind::Estimate => "estimate",
            pb::PromiseKind::Unspecified => "unknown",
        },
        build_on: day(promise.build_on.as_ref()),
        deliver_on: day(promise.deliver_on.as_ref()),
        made_on: day(promise.made_on.as_ref()),
        plan: promise.plan_id.clone(),
    }
}

fn standing(terms: &pb::OrderTerms) -> Standing {
    let deposit = terms.deposit.clone().unwrap_or_default();
    Standing {
        currency: deposit.currency_code,
        deposit_minor: deposit.minor_units,
        refundable_days: terms.refundable_days,
    }
}

impl AtRisk {
    pub(super) fn of(all: &[pb::OrderAtRisk], top: usize) -> Self {
        let order = |told: &pb::OrderAtRisk| Order {
            order: told.order_id.clone(),
            customer: told.customer_id.clone(),
            variant: told.variant_id.clone(),
            city: told.city.clone(),
            state: state(told.state()),
            health: health(told.health()).unwrap_or("unknown"),
            promised_on: day(told.promised_on.as_ref()),
            expected_on: day(told.expected_on.as_ref()),
            reasons: causes(&told.reasons),
        };
        let count = |health| all.iter().filter(|told| told.health() == health).count();
        Self {
            order_count: all.len(),
            at_risk_count: count(pb::PromiseHealth::AtRisk),
            late_count: count(pb::PromiseHealth::Late),
            orders: all.iter().map(order).collect(),
            top,
        }
    }
}

impl Shown {
    pub(super) fn of(told: &pb::GetOrderResponse) -> Self {
        let order = told.order.clone().unwrap_or_default();
        let entry = |entry: &pb::TimelineEntry| Entry {
            date: day(entry.date.as_ref()),
            event: entry.event.clone(),
            source: entry.source.clone(),
            subject: entry.subject.clone(),
        };
        Self {
            state: state(order.state()),
            health: health(order.promise_health()),
            expected_on: day(order.expected_on.as_ref()),
            reasons: causes(&order.health_reasons),
            order: order.order_id,
            number: order.order_number,
            customer: order.customer_id,
            variant: order.variant_id,
            options: order.options,
            city: order.city,
            lane: order.lane_id,
            vin: (!order.vin.is_empty()).then_some(order.vin),
            etag: order.etag,
            promises: told.promises.iter().map(promise).collect(),
            timeline: told.timeline.iter().map(entry).collect(),
        }
    }
}

impl Repromised {
    pub(super) fn of(told: &pb::RepromiseOrdersResponse, checked_only: bool) -> Self {
        let anew = |one: &pb::RepromisedOrder| Anew {
            order: one.order_id.clone(),
            promised_on: day(one.promised_on.as_ref()),
            promise: promise(&one.promise.clone().unwrap_or_default()),
        };
        Self {
            checked_only,
            as_of: day(told.as_of.as_ref()),
            plan: told.plan_id.clone(),
            repromised_count: told.repromised_count,
            left_count: told.left_count,
            at_risk_count: told.at_risk_count,
            sample: told.sample.iter().map(anew).collect(),
        }
    }
}

impl Terms {
    pub(super) fn of(terms: Option<&pb::OrderTerms>) -> Self {
        Self {
            terms: terms.map(standing),
        }
    }
}

impl Cancelled {
    pub(super) fn of(told: &pb::CancelOrderResponse) -> Self {
        let order = told.order.clone().unwrap_or_default();
        Self {
            order: order.order_id,
            cancelled_on: day(order.cancelled_on.as_ref()),
            deposit: match told.deposit_outcome() {
                pb::DepositOutcome::Unspecified => None,
                pb::DepositOutcome::Refunded => Some("REFUNDED"),
                pb::DepositOutcome::Kept => Some("KEPT"),
            },
            terms: told.terms.as_ref().map(standing),
            refundable_until: day(told.refundable_until.as_ref()),
        }
    }
}

pub(super) fn dash(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(|| "-".to_owned())
}

fn number(count: usize) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The causes in a line: `DISRUPTION FIRE-1`.
fn line(causes: &[Cause]) -> String {
    let one = |cause: &Cause| format!("{} {}", cause.code, cause.subject);
    causes.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Standing {
    fn text(&self) -> String {
        format!(
            "a deposit of {} {} in minor units, back until {} days after the lock",
            grouped(self.deposit_minor),
            self.currency,
            self.refundable_days
        )
    }
}

impl Answer for AtRisk {
    fn text(&self) -> String {
        if self.orders.is_empty() {
            return "No promise is in danger.\n".to_owned();
        }
        let mut rows = table(&[
            "order", "variant", "city", "state", "health", "promised", "expected", "why",
        ]);
        for order in self.orders.iter().take(self.top) {
            rows.add_row([
                order.order.clone(),
                order.variant.clone(),
                order.city.clone(),
                order.state.to_owned(),
                order.health.to_owned(),
                dash(&order.promised_on),
                dash(&order.expected_on),
                line(&order.reasons),
            ]);
        }
        let mut text = format!(
            "{} orders in danger: {} late, {} at risk\n{}",
            number(self.order_count),
            number(self.late_count),
            number(self.at_risk_count),
            table_text(&rows)
        );
        let more = self.orders.len().saturating_sub(self.top);
        if more > 0 {
            text.push_str(&format!("and {} more (--top)\n", number(more)));
        }
        text
    }
}

impl Answer for Shown {
    fn text(&self) -> String {
        let options: Vec<String> = (self.options.iter())
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let mut text = format!(
            "{}: {} {} for {} in {}, {}\n",
            self.order,
            self.variant,
            options.join(" "),
            self.customer,
            self.city,
            self.state
        );
        if let Some(health) = self.health {
            text.push_str(&format!("{health}, expected {}", dash(&self.expected_on)));
            if !self.reasons.is_empty() {
                text.push_str(&format!(": {}", line(&self.reasons)));
            }
            text.push('\n');
        }
        for reason in &self.reasons {
            for behind in &reason.behind {
                text.push_str(&format!(
                    "  {} {} from {} until {}\n",
                    behind.code,
                    behind.subject,
                    dash(&behind.from),
                    dash(&behind.until)
                ));
            }
        }
        let mut rows = table(&["date", "event", "source", "what"]);
        for entry in &self.timeline {
            rows.add_row([
                dash(&entry.date),
                entry.event.clone(),
                entry.source.clone(),
                entry.subject.clone(),
            ]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}

impl Answer for Repromised {
    fn text(&self) -> String {
        let verb = match self.checked_only {
            true => "would be promised anew",
            false => "are promised anew",
        };
        let mut text = format!(
            "{} orders {verb} as of {} by plan {}; {} late ones are left, and {} at risk keep their promise\n",
            grouped(self.repromised_count),
            dash(&self.as_of),
            self.plan,
            grouped(self.left_count),
            grouped(self.at_risk_count)
        );
        if self.sample.is_empty() {
            return text;
        }
        let mut rows = table(&["order", "promised", "now", ">promise"]);
        for one in &self.sample {
            rows.add_row([
                one.order.clone(),
                dash(&one.promised_on),
                dash(&one.promise.deliver_on),
                one.promise.number.to_string(),
            ]);
        }
        text.push_str(&table_text(&rows));
        text
    }
}

impl Answer for Terms {
    fn text(&self) -> String {
        match &self.terms {
            None => "No terms stand: nothing is said of deposits.\n".to_owned(),
            Some(terms) => format!("{}\n", terms.text()),
        }
    }
}

impl Answer for Cancelled {
    fn text(&self) -> String {
        let mut text = format!(
            "{} is cancelled on {}\n",
            self.order,
            dash(&self.cancelled_on)
        );
        if let (Some(deposit), Some(terms)) = (self.deposit, &self.terms) {
            let word = match deposit {
                "REFUNDED" => "the deposit goes back",
                _ => "the deposit is kept",
            };
            text.push_str(&format!(
                "{word}: {}, which was {}\n",
                terms.text(),
                dash(&self.refundable_until)
            ));
        }
        text
    }
}
