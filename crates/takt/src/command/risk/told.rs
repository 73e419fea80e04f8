//! The sites of a supply network with what their loss costs, as people and programs are told. It must not know where the figures come
//! from. Invariant: a figure that nobody knows is null, never 0.
use serde::Serialize;
use takt_kernel::half_even_div;
use takt_planning::risk::FULL;

use crate::output::{Answer, grouped, table, table_text};

/// Thousandths in a day, and in a unit of a quantity.
const DAY: i64 = 1000;

/// The sites as they are told.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub programme: String,
    pub as_of: String,
    pub sourcing: &'static str,
    pub currency: String,
    /// The released plan, where services were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// `COMPLETE` or `PARTIAL`, where services were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_status: Option<&'static str>,
    /// What is missing in a partial answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tombstones: Vec<String>,
    pub nodes: Vec<Site>,
    pub elapsed_seconds: f64,
    #[serde(skip)]
    pub top: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Site {
    pub node: String,
    pub supplier: String,
    pub item: String,
    pub name: String,
    pub tier: u32,
    /// Whether the plant does not meet it in its own orders: tier 3 and deeper.
    pub hidden: bool,
    pub ttr_days: Option<f64>,
    /// Null: never runs out within the plan.
    pub tts_days: Option<f64>,
    pub lost_vehicles: Option<f64>,
    pub lost_margin: Option<f64>,
    /// The risk exposure index: the loss relative to the largest.
    pub rei: Option<f64>,
    /// The part that ends first.
    pub binding: Option<String>,
    pub mitigation: Vec<Stock>,
    /// `TIER_UNKNOWN` where nobody knows when the site is back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Stock at the plant that bridges the loss.
#[derive(Debug, Serialize)]
pub(super) struct Stock {
    pub item: String,
    pub days: f64,
    pub quantity: f64,
    pub cost: f64,
}

pub(super) fn days(thousandths: i64) -> f64 {
    thousandths as f64 / DAY as f64
}

/// Millionths of a currency in units of it, to the cent.
pub(super) fn cents(micros: i64) -> f64 {
    half_even_div(i128::from(micros), 10_000).unwrap_or(i64::MAX) as f64 / 100.0
}

pub(super) fn millionths(value: i64) -> f64 {
    value as f64 / FULL as f64
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut rows = table(&[
            "site",
            "makes",
            ">tier",
            ">back after",
            ">survives",
            ">vehicles lost",
            ">margin lost",
            ">index",
            "ends first",
            ">stock to bridge",
        ]);
        let dash = || "-".to_owned();
        let whole = |value: f64| grouped(value.round() as i64);
        let one = |value: f64| format!("{value:.1} d");
        for site in self.nodes.iter().take(self.top) {
            let bridge: f64 = site.mitigation.iter().map(|stock| stock.cost).sum();
            rows.add_row([
                site.supplier.clone(),
                format!("{} {}", site.item, site.name),
                site.tier.to_string(),
                site.ttr_days.map_or_else(|| "unknown".to_owned(), one),
                site.tts_days.map_or_else(|| "always".to_owned(), one),
                site.lost_vehicles.map_or_else(dash, whole),
                site.lost_margin.map_or_else(dash, whole),
                site.rei.map_or_else(dash, |index| format!("{index:.3}")),
                site.binding.clone().unwrap_or_default(),
                if site.mitigation.is_empty() {
                    dash()
                } else {
                    whole(bridge)
                },
            ]);
        }
        let costly = |site: &&Site| site.lost_vehicles.is_some_and(|lost| lost > 0.0);
        let deep = self
            .nodes
            .iter()
            .filter(costly)
            .filter(|site| site.tier >= 3)
            .count();
        let more = self.nodes.len().saturating_sub(self.top);
        let mut text = format!(
            "{}, a site lost on {}; {} sites, {} of them cost vehicles, {deep} of those on tier 3 or deeper\n\n{}",
            self.programme,
            self.as_of,
            self.nodes.len(),
            self.nodes.iter().filter(costly).count(),
            table_text(&rows),
        );
        if more > 0 {
            text.push_str(&format!(
                "and {more} more; --top N shows more, --output json all\n"
            ));
        }
        text.push_str(&format!(
            "margin and stock in {}; {}; computed in {:.2} s\n",
            self.currency,
            match self.sourcing {
                "REALLOCATE" => "other sources stand in as far as their capacity goes",
                _ => "other sources keep their shares",
            },
            self.elapsed_seconds,
        ));
        for hole in &self.tombstones {
            text.push_str(&format!("not known: {hole}\n"));
        }
        text
    }
}
