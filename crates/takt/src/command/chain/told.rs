//! The answer of `takt chain` and its tables for a person. It must not compute anything.
use serde::Serialize;

use super::leg::LegTold;
use crate::output::{Answer, grouped, table, table_text};

/// The whole chain.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub programme: String,
    pub as_of: String,
    pub currency: String,
    pub car: Car,
    /// The deepest first: raw material, and on to the plant.
    pub tiers: Vec<TierRow>,
    /// The longest lead time first.
    pub items: Vec<ItemRow>,
    /// The largest spend that waits first.
    pub next_days: Vec<DayRow>,
    pub shared: Vec<SharedRow>,
    pub single_points: Vec<SingleRow>,
    /// Whether everything was looked at within the budget of work.
    pub complete: bool,
    #[serde(skip)]
    pub top: usize,
}

/// The vehicle: times, distances and yields are means of its items by spend, carbon is a sum.
#[derive(Debug, Serialize)]
pub(super) struct Car {
    pub direct: LegTold,
    pub indirect: LegTold,
    pub value_added: Option<f64>,
    pub rolled_yield: Option<f64>,
    pub spend: f64,
    /// The concentration of spend over direct suppliers.
    pub spend_hhi: Option<i64>,
    pub longest: String,
    pub longest_lead_days: f64,
    pub sites: u32,
    pub sites_without_co2e: u32,
    pub delivery: Option<Delivery>,
}

/// The way to customers.
#[derive(Debug, Serialize)]
pub(super) struct Delivery {
    pub lanes: usize,
    pub transit_days: f64,
    pub distance_km: f64,
    pub co2e_kg: Option<f64>,
    /// Modes for which there is no factor, or the vehicle has no mass.
    pub modes_without_co2e: Vec<String>,
}

/// The sites of one tier; times are means of what is known.
#[derive(Debug, Serialize)]
pub(super) struct TierRow {
    pub tier: u32,
    pub suppliers: usize,
    pub sites: usize,
    pub countries: Vec<String>,
    pub lead_days: Option<f64>,
    pub process_hours: Option<f64>,
    pub wait_hours: Option<f64>,
    pub stock_days: Option<f64>,
    #[serde(rename = "yield")]
    pub good: Option<f64>,
    pub without_co2e: usize,
}

/// A bought item and the chain behind it.
#[derive(Debug, Serialize)]
pub(super) struct ItemRow {
    pub item: String,
    pub name: String,
    pub suppliers: Vec<String>,
    /// A vehicle, the mean of what is still to be built.
    pub spend: f64,
    pub per_vehicle: f64,
    /// Along the longest path.
    pub lead_days: f64,
    pub value_added: Option<f64>,
    pub rolled_yield: f64,
    pub direct: LegTold,
    pub indirect: LegTold,
    /// The sites of the longest path, the direct supplier first.
    pub path: Vec<String>,
    pub complete: bool,
}

/// A link where a day can be won.
#[derive(Debug, Serialize)]
pub(super) struct DayRow {
    pub from: String,
    pub to: String,
    pub most_days: f64,
    /// What is spent a vehicle on items that could then be ordered a day later.
    pub spend: f64,
    pub parts: usize,
    /// What most of the link's time is: `PROCESS`, `WAIT`, `TRANSPORT` or `STOCK`.
    pub kind: &'static str,
    pub kind_days: f64,
}

/// A supplier behind several direct ones.
#[derive(Debug, Serialize)]
pub(super) struct SharedRow {
    pub supplier: String,
    pub tier: Option<u32>,
    pub behind: Vec<String>,
}

/// A supplier whose loss alone stops items.
#[derive(Debug, Serialize)]
pub(super) struct SingleRow {
    pub supplier: String,
    pub tier: Option<u32>,
    pub spend_stopped: f64,
    pub stops: Vec<String>,
}

/// One item with its steps.
#[derive(Debug, Serialize)]
pub(super) struct ItemTold {
    pub programme: String,
    pub as_of: String,
    pub currency: String,
    #[serde(flatten)]
    pub row: ItemRow,
    pub sources: Vec<Source>,
    /// From the direct supplier up.
    pub steps: Vec<Step>,
}

/// A site and the part of a need that it covers.
#[derive(Debug, Serialize)]
pub(super) struct Source {
    pub site: String,
    pub share: f64,
}

/// One link of the longest path.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub site: String,
    pub name: String,
    pub to: String,
    pub lead_days: Option<f64>,
    pub process_hours: Option<f64>,
    pub wait_hours: Option<f64>,
    pub transport_hours: Option<f64>,
    pub stock_days: Option<f64>,
    pub distance_km: Option<f64>,
    #[serde(rename = "yield")]
    pub good: Option<f64>,
    pub co2e_kg: Option<f64>,
    /// Who else supplies the same to the same site.
    pub others: Vec<Source>,
}

fn dash() -> String {
    "-".to_owned()
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn whole(value: f64) -> String {
    grouped(value.round() as i64)
}

fn percent(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

fn one(value: f64) -> String {
    format!("{value:.1}")
}

/// A sum apart from what is missing in it.
fn carbon(leg: &LegTold) -> String {
    match (leg.co2e_kg, leg.co2e_unknown) {
        (_, _) if leg.co2e_figures == 0 => dash(),
        (None, _) => unknown(),
        (Some(known), 0) => format!("{known:.1}"),
        (Some(known), gaps) => format!("{known:.1} + {gaps} unknown"),
    }
}

fn more(text: &mut String, all: usize, top: usize, what: &str) {
    if let Some(hidden) = all.checked_sub(top).filter(|hidden| *hidden > 0) {
        text.push_str(&format!(
            "and {hidden} more {what}; --top N shows more, --output json all\n"
        ));
    }
}

/// The figures of a leg, as columns.
fn legs(rows: &[(&str, &LegTold)]) -> String {
    let mut made = table(&[
        "",
        ">lead d",
        ">work h",
        ">wait h",
        ">way h",
        ">stock d",
        ">km",
        ">value added",
        ">yield",
        ">CO2e kg",
        ">HHI",
        ">unknown",
    ]);
    for (name, leg) in rows {
        made.add_row([
            (*name).to_owned(),
            one(leg.lead_days),
            whole(leg.process_hours),
            whole(leg.wait_hours),
            leg.transport_hours.map_or_else(unknown, whole),
            leg.stock_days.map_or_else(unknown, one),
            leg.distance_km.map_or_else(unknown, whole),
            leg.value_added.map_or_else(dash, percent),
            percent(leg.good),
            carbon(leg),
            leg.hhi.map_or_else(dash, grouped),
            leg.unknown.to_string(),
        ]);
    }
    table_text(&made)
}

fn named(all: &[String]) -> String {
    let first: Vec<&str> = all.iter().take(4).map(String::as_str).collect();
    match all.len().saturating_sub(4) {
        0 => first.join(", "),
        rest => format!("{}, {rest} more", first.join(", ")),
    }
}

impl Told {
    fn tiers(&self) -> String {
        let mut made = table(&[
            "from raw material",
            ">suppliers",
            ">sites",
            ">countries",
            ">lead d",
            ">work h",
            ">wait h",
            ">stock d",
            ">yield",
            ">no CO2e",
        ]);
        for row in &self.tiers {
            made.add_row([
                format!("tier {}", row.tier),
                row.suppliers.to_string(),
                row.sites.to_string(),
                row.countries.len().to_string(),
                row.lead_days.map_or_else(unknown, one),
                row.process_hours.map_or_else(unknown, whole),
                row.wait_hours.map_or_else(unknown, whole),
                row.stock_days.map_or_else(unknown, one),
                row.good.map_or_else(unknown, percent),
                row.without_co2e.to_string(),
            ]);
        }
        let mut text = table_text(&made);
        if let Some(delivery) = &self.car.delivery {
            let carbon = match delivery.co2e_kg {
                Some(kg) => format!("{kg:.1} kg CO2e a vehicle"),
                None => format!(
                    "CO2e unknown (no factor for {})",
                    delivery.modes_without_co2e.join(", ")
                ),
            };
            text.push_str(&format!(
                "to customers: {} lanes, on the mean {:.1} days and {} km, {carbon}\n",
                delivery.lanes,
                delivery.transit_days,
                whole(delivery.distance_km),
            ));
        }
        text
    }

    fn items(&self) -> String {
        let mut made = table(&[
            "item",
            "",
            ">spend",
            ">lead d",
            ">direct",
            ">indirect",
            ">value added",
            ">yield",
            ">stock d",
            ">km",
            ">CO2e kg",
            ">HHI",
            "longest path",
        ]);
        for row in self.items.iter().take(self.top) {
            let both = |direct: Option<f64>, indirect: Option<f64>| match (direct, indirect) {
                (None, None) => None,
                (direct, indirect) => Some(direct.unwrap_or(0.0) + indirect.unwrap_or(0.0)),
            };
            let known = both(row.direct.co2e_kg, row.indirect.co2e_kg);
            let gaps = row.direct.co2e_unknown + row.indirect.co2e_unknown;
            made.add_row([
                row.item.clone(),
                row.name.chars().take(28).collect(),
                whole(row.spend),
                one(row.lead_days),
                one(row.direct.lead_days),
                one(row.indirect.lead_days),
                row.value_added.map_or_else(dash, percent),
                percent(row.rolled_yield),
                both(row.direct.stock_days, row.indirect.stock_days).map_or_else(unknown, one),
                both(row.direct.distance_km, row.indirect.distance_km).map_or_else(unknown, whole),
                match known {
                    None => unknown(),
                    Some(known) if gaps == 0 => one(known),
                    Some(known) => format!("{known:.1} + {gaps}?"),
                },
                row.direct.hhi.map_or_else(dash, grouped),
                row.path
                    .iter()
                    .map(|site| site.split('/').next().unwrap_or(site))
                    .collect::<Vec<_>>()
                    .join(" < "),
            ]);
        }
        table_text(&made)
    }

    fn days(&self) -> String {
        let mut made = table(&[
            "from",
            "to",
            ">at most d",
            ">spend that waits",
            ">items",
            "most of it is",
            ">d",
        ]);
        for row in self.next_days.iter().take(self.top) {
            made.add_row([
                row.from.clone(),
                row.to.clone(),
                one(row.most_days),
                whole(row.spend),
                row.parts.to_string(),
                row.kind.to_lowercase(),
                one(row.kind_days),
            ]);
        }
        table_text(&made)
    }
}

impl Answer for Told {
    fn text(&self) -> String {
        let car = &self.car;
        let mut text = format!(
            "{}, the chain on {}: {} sites behind {} bought items, {} of them without CO2e; {} {} a vehicle is spent, HHI {}\n\n",
            self.programme,
            self.as_of,
            car.sites,
            self.items.len(),
            car.sites_without_co2e,
            whole(car.spend),
            self.currency,
            car.spend_hhi.map_or_else(dash, grouped),
        );
        text.push_str(&self.tiers());
        text.push_str("\nthe car (means of its items by spend; CO2e a sum; unknown figures are counted, not guessed):\n");
        text.push_str(&legs(&[
            ("direct", &car.direct),
            ("indirect", &car.indirect),
        ]));
        text.push_str(&format!(
            "both: value added {}, right at the first time {}; the longest chain is {} with {:.1} days\n",
            car.value_added.map_or_else(dash, percent),
            car.rolled_yield.map_or_else(dash, percent),
            car.longest,
            car.longest_lead_days,
        ));
        text.push_str("\nbought items, the longest lead time first:\n");
        text.push_str(&self.items());
        more(&mut text, self.items.len(), self.top, "items");
        text.push_str("\nwhere the next day is to be won:\n");
        text.push_str(&self.days());
        more(&mut text, self.next_days.len(), self.top, "links");
        let mut made = table(&[
            "behind several direct suppliers",
            ">tier",
            ">of them",
            "which",
        ]);
        for row in self.shared.iter().take(self.top) {
            made.add_row([
                row.supplier.clone(),
                row.tier.map_or_else(dash, |tier| tier.to_string()),
                row.behind.len().to_string(),
                named(&row.behind),
            ]);
        }
        text.push_str(&format!("\n{}", table_text(&made)));
        more(&mut text, self.shared.len(), self.top, "suppliers");
        let mut made = table(&["its loss alone stops", ">tier", ">items", ">spend", "which"]);
        for row in self.single_points.iter().take(self.top) {
            made.add_row([
                row.supplier.clone(),
                row.tier.map_or_else(dash, |tier| tier.to_string()),
                row.stops.len().to_string(),
                whole(row.spend_stopped),
                named(&row.stops),
            ]);
        }
        text.push_str(&format!("\n{}", table_text(&made)));
        more(&mut text, self.single_points.len(), self.top, "suppliers");
        if !self.complete {
            text.push_str("the budget of work was used up: not everything was looked at\n");
        }
        text
    }
}

impl Answer for ItemTold {
    fn text(&self) -> String {
        let row = &self.row;
        let sources: Vec<String> = (self.sources.iter())
            .map(|source| format!("{} {}", source.site, percent(source.share)))
            .collect();
        let mut text = format!(
            "{} {} of {} on {}: {} {} a vehicle, {:.1} days, value added {}, right at the first time {}\nbought of {}\n\n",
            row.item,
            row.name,
            self.programme,
            self.as_of,
            whole(row.spend),
            self.currency,
            row.lead_days,
            row.value_added.map_or_else(dash, percent),
            percent(row.rolled_yield),
            sources.join(", "),
        );
        text.push_str(&legs(&[
            ("direct", &row.direct),
            ("indirect", &row.indirect),
        ]));
        let mut made = table(&[
            "longest path, upwards",
            "",
            ">lead d",
            ">work h",
            ">wait h",
            ">way h",
            ">stock d",
            ">km",
            ">yield",
            ">CO2e kg",
            "others of the same",
        ]);
        for step in &self.steps {
            let others: Vec<String> = (step.others.iter())
                .map(|source| format!("{} {}", source.site, percent(source.share)))
                .collect();
            made.add_row([
                step.site.clone(),
                step.name.chars().take(32).collect(),
                step.lead_days.map_or_else(unknown, one),
                step.process_hours.map_or_else(unknown, whole),
                step.wait_hours.map_or_else(unknown, whole),
                step.transport_hours.map_or_else(unknown, whole),
                step.stock_days.map_or_else(unknown, one),
                step.distance_km.map_or_else(unknown, whole),
                step.good.map_or_else(unknown, percent),
                step.co2e_kg.map_or_else(unknown, |kg| format!("{kg:.3}")),
                others.join(", "),
            ]);
        }
        text.push_str(&format!("\n{}", table_text(&made)));
        if !row.complete {
            text.push_str("the path goes on; it was cut off\n");
        }
        text
    }
}
