//! Disruptions and what they do, as people and programs are told. It must not know where it comes from. Invariant: what a service did not
//! say is told as a hole, never as nothing.
use serde::Serialize;
use takt_contract::common::v1::ResultStatus;
use takt_contract::delivery::v1 as delivery;
use takt_contract::procurement::v1::{self as pb, disruption_scope::Kind};
use takt_contract::production::v1 as production;
use takt_kernel::{Date, Quantity};

use crate::output::{Answer, day, grouped, table, table_text};
use crate::problem::in_units;

/// A disruption.
#[derive(Debug, Serialize)]
pub(super) struct One {
    disruption: String,
    scope: String,
    cause: &'static str,
    state: &'static str,
    begins_on: Option<String>,
    expected_end_on: Option<String>,
    resolved_on: Option<String>,
    text: String,
    measure: String,
    site_count: i32,
    /// The part of what they make that the sites go on making.
    remaining_share: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sites: Vec<String>,
}

/// Several.
#[derive(Debug, Serialize)]
pub(super) struct List {
    disruptions: Vec<One>,
}

/// What disruptions do.
#[derive(Debug, Serialize)]
pub(super) struct Impact {
    as_of: String,
    result_status: &'static str,
    disruptions: Vec<One>,
    parts: Vec<Part>,
    shops: Vec<Shop>,
    vehicles: Vec<Vehicle>,
    order_count: i64,
    customer_count: i64,
    on_time_count: i64,
    at_risk_count: i64,
    late_count: i64,
    orders: Vec<Order>,
    tombstones: Vec<String>,
    #[serde(skip)]
    top: usize,
}

#[derive(Debug, Serialize)]
struct Part {
    item: String,
    runs_out_on: Option<String>,
    /// Null: nobody knows.
    back_on: Option<String>,
    #[serde(serialize_with = "in_units")]
    uncovered: Quantity,
    suppliers: Vec<String>,
    disruptions: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Shop {
    shop: String,
    from: Option<String>,
    until: Option<String>,
    items: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Vehicle {
    variant: String,
    from: Option<String>,
    late: i64,
    late_on: Option<String>,
    recovered_on: Option<String>,
    lost: i64,
    vehicle_days_late: i64,
}

#[derive(Debug, Serialize)]
struct Order {
    order: String,
    customer: String,
    variant: String,
    health: &'static str,
    promised_on: Option<String>,
    planned_build_on: Option<String>,
    build_on: Option<String>,
    deliver_on: Option<String>,
    /// Null while the promise holds.
    proposal: Option<Proposal>,
    reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Proposal {
    number: i32,
    build_on: Option<String>,
    deliver_on: Option<String>,
}

impl One {
    pub(super) fn of(told: &pb::Disruption, sites: &[pb::SiteScope]) -> Self {
        let cause = match told.cause() {
            pb::DisruptionCause::Unspecified => "unknown",
            pb::DisruptionCause::Strike => "strike",
            pb::DisruptionCause::NaturalDisaster => "natural-disaster",
            pb::DisruptionCause::ProductionIncident => "production-incident",
            pb::DisruptionCause::PandemicOrEpidemic => "pandemic-or-epidemic",
            pb::DisruptionCause::LogisticsDisruption => "logistics-disruption",
            pb::DisruptionCause::War => "war",
            pb::DisruptionCause::Other => "other",
        };
        let state = match told.state() {
            pb::DisruptionState::Resolved => "resolved",
            _ => "open",
        };
        Self {
            disruption: told.disruption_id.clone(),
            scope: scope(told),
            cause,
            state,
            begins_on: day(told.begins_on.as_ref()),
            expected_end_on: day(told.expected_end_on.as_ref()),
            resolved_on: day(told.resolved_on.as_ref()),
            text: told.text.clone(),
            measure: told.measure.clone(),
            site_count: told.site_count,
            remaining_share: told.remaining_millionths as f64 / 1_000_000.0,
            sites: (sites.iter())
                .map(|site| format!("{}/{}", site.supplier_id, site.item_id))
                .collect(),
        }
    }
}

/// Which sites are out, in words.
fn scope(told: &pb::Disruption) -> String {
    let degrees = |micro: i64| micro as f64 / 1_000_000.0;
    match told.scope.as_ref().and_then(|scope| scope.kind.as_ref()) {
        Some(Kind::Supplier(scope)) => format!("supplier {}", scope.supplier_id),
        Some(Kind::Site(scope)) => format!("site {}/{}", scope.supplier_id, scope.item_id),
        Some(Kind::Family(scope)) => format!("family {}", scope.group),
        Some(Kind::Region(scope)) if scope.city.is_empty() => {
            format!("country {}", scope.country_code)
        }
        Some(Kind::Region(scope)) => format!("{}, {}", scope.city, scope.country_code),
        Some(Kind::Radius(scope)) => format!(
            "{} km around {},{}",
            scope.radius_km,
            degrees(scope.latitude_micro_degrees),
            degrees(scope.longitude_micro_degrees)
        ),
        None => String::new(),
    }
}

impl List {
    pub(super) fn of(all: &[pb::Disruption]) -> Self {
        Self {
            disruptions: all.iter().map(|told| One::of(told, &[])).collect(),
        }
    }
}

impl Impact {
    /// What the pages of one answer say.
    pub(super) fn of(as_of: Date, pages: &[delivery::GetImpactResponse], top: usize) -> Self {
        let head = pages.first().cloned().unwrap_or_default();
        Self {
            as_of: as_of.to_string(),
            result_status: match head.result_status() {
                ResultStatus::Complete => "COMPLETE",
                _ => "PARTIAL",
            },
            disruptions: head
                .disruptions
                .iter()
                .map(|told| One::of(told, &[]))
                .collect(),
            parts: head.parts.iter().map(part).collect(),
            shops: head.shops.iter().map(shop).collect(),
            vehicles: head.vehicles.iter().map(vehicle).collect(),
            order_count: head.order_count,
            customer_count: head.customer_count,
            on_time_count: head.on_time_count,
            at_risk_count: head.at_risk_count,
            late_count: head.late_count,
            orders: pages
                .iter()
                .flat_map(|page| &page.orders)
                .map(order)
                .collect(),
            tombstones: (head.tombstones.iter())
                .map(|hole| format!("{}: {}", hole.node, hole.detail))
                .collect(),
            top,
        }
    }
}

fn part(part: &pb::DisruptedPart) -> Part {
    let uncovered = part.uncovered.as_ref();
    Part {
        item: part.item_id.clone(),
        runs_out_on: day(part.runs_out_on.as_ref()),
        back_on: day(part.back_on.as_ref()),
        uncovered: Quantity(uncovered.map_or(0, |quantity| quantity.thousandths)),
        suppliers: part.supplier_ids.clone(),
        disruptions: part.disruption_ids.clone(),
    }
}

fn shop(shop: &production::ShopImpact) -> Shop {
    Shop {
        shop: shop.shop_id.clone(),
        from: day(shop.from_date.as_ref()),
        until: day(shop.until_date.as_ref()),
        items: shop.item_ids.clone(),
    }
}

fn vehicle(vehicle: &production::VehicleImpact) -> Vehicle {
    Vehicle {
        variant: vehicle.variant_id.clone(),
        from: day(vehicle.from_date.as_ref()),
        late: vehicle.late_vehicle_count,
        late_on: day(vehicle.late_on.as_ref()),
        recovered_on: day(vehicle.recovered_on.as_ref()),
        lost: vehicle.lost_vehicle_count,
        vehicle_days_late: vehicle.vehicle_days_late,
    }
}

fn order(order: &delivery::OrderImpact) -> Order {
    let proposal = order.proposal.as_ref();
    Order {
        order: order.order_id.clone(),
        customer: order.customer_id.clone(),
        variant: order.variant_id.clone(),
        health: match order.health() {
            delivery::PromiseHealth::Late => "LATE",
            delivery::PromiseHealth::AtRisk => "AT_RISK",
            _ => "ON_TIME",
        },
        promised_on: day(order.promised_on.as_ref()),
        planned_build_on: day(order.planned_build_on.as_ref()),
        build_on: day(order.build_on.as_ref()),
        deliver_on: day(order.deliver_on.as_ref()),
        proposal: proposal.map(|promise| Proposal {
            number: promise.promise_number,
            build_on: day(promise.build_on.as_ref()),
            deliver_on: day(promise.deliver_on.as_ref()),
        }),
        reasons: (order.reasons.iter())
            .map(|reason| reason.subject.clone())
            .collect(),
    }
}

fn dash(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(|| "-".to_owned())
}

impl Answer for One {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} ({}), {}, from {} until {}, {} sites\n",
            self.disruption,
            self.scope,
            self.cause,
            self.state,
            dash(&self.begins_on),
            dash(
                &self
                    .resolved_on
                    .clone()
                    .or_else(|| self.expected_end_on.clone())
            ),
            self.site_count,
        );
        if self.remaining_share > 0.0 {
            let goes_on = self.remaining_share * 100.0;
            text.push_str(&format!("the sites go on with {goes_on:.1} %\n"));
        }
        for words in [&self.text, &self.measure] {
            if !words.is_empty() {
                text.push_str(&format!("{words}\n"));
            }
        }
        for site in &self.sites {
            text.push_str(&format!("  {site}\n"));
        }
        text
    }
}

impl Answer for List {
    fn text(&self) -> String {
        if self.disruptions.is_empty() {
            return "No disruption was declared.\n".to_owned();
        }
        table_text(&disruptions_table(&self.disruptions))
    }
}

fn disruptions_table(disruptions: &[One]) -> comfy_table::Table {
    let mut rows = table(&[
        "disruption",
        "what",
        "cause",
        "state",
        "begins",
        "expected end",
        "resolved",
        ">sites",
    ]);
    for one in disruptions {
        rows.add_row([
            one.disruption.clone(),
            one.scope.clone(),
            one.cause.to_owned(),
            one.state.to_owned(),
            dash(&one.begins_on),
            dash(&one.expected_end_on),
            dash(&one.resolved_on),
            one.site_count.to_string(),
        ]);
    }
    rows
}

impl Answer for Impact {
    fn text(&self) -> String {
        let mut text = format!(
            "From the morning of {} on, {}\n\n",
            self.as_of, self.result_status
        );
        if !self.disruptions.is_empty() {
            text.push_str(&table_text(&disruptions_table(&self.disruptions)));
        }
        if !self.parts.is_empty() {
            let mut rows = table(&[
                "part",
                "runs out",
                "back",
                ">not covered",
                "less from",
                "by",
            ]);
            for part in &self.parts {
                rows.add_row([
                    part.item.clone(),
                    dash(&part.runs_out_on),
                    dash(&part.back_on),
                    part.uncovered.to_string(),
                    part.suppliers.join(", "),
                    part.disruptions.join(", "),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        for shop in &self.shops {
            text.push_str(&format!(
                "shop {} stands from {} until {} for want of {}\n",
                shop.shop,
                dash(&shop.from),
                dash(&shop.until),
                shop.items.join(", ")
            ));
        }
        if !self.vehicles.is_empty() {
            let mut rows = table(&[
                "variant",
                "from",
                ">late",
                "most on",
                "recovered",
                ">lost",
                ">vehicle-days",
            ]);
            for vehicle in &self.vehicles {
                rows.add_row([
                    vehicle.variant.clone(),
                    dash(&vehicle.from),
                    grouped(vehicle.late),
                    dash(&vehicle.late_on),
                    dash(&vehicle.recovered_on),
                    grouped(vehicle.lost),
                    grouped(vehicle.vehicle_days_late),
                ]);
            }
            text.push_str(&format!("\n{}", table_text(&rows)));
        }
        text.push_str(&format!(
            "\n{} orders of {} customers in danger: {} late, {} at risk; {} open orders on time\n",
            grouped(self.order_count),
            grouped(self.customer_count),
            grouped(self.late_count),
            grouped(self.at_risk_count),
            grouped(self.on_time_count),
        ));
        if !self.orders.is_empty() {
            let mut rows = table(&[
                "order", "customer", "variant", "health", "promised", "comes", "propose",
            ]);
            for order in self.orders.iter().take(self.top) {
                let proposal = order.proposal.as_ref();
                rows.add_row([
                    order.order.clone(),
                    order.customer.clone(),
                    order.variant.clone(),
                    order.health.to_owned(),
                    dash(&order.promised_on),
                    dash(&order.deliver_on),
                    proposal.map_or_else(|| "-".to_owned(), |new| dash(&new.deliver_on)),
                ]);
            }
            text.push_str(&table_text(&rows));
        }
        for hole in &self.tombstones {
            text.push_str(&format!("not known: {hole}\n"));
        }
        text
    }
}
