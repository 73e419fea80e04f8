//! One side of a chain as it is told: what direct suppliers do, or what lies behind them. It must not compute what planning does.
//! Invariant: a figure of which nothing is known is null; one of which a part is known says how many parts are missing.
use serde::Serialize;
use takt_planning::tier::{Chains, Gaps, Leg};

const DAY: i64 = 24_000;
const FULL: i64 = 1_000_000;

/// Figures along the longest path; yield and carbon of all sources.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LegTold {
    pub lead_days: f64,
    pub process_hours: f64,
    pub wait_hours: f64,
    /// Null where nobody says how any of it travels.
    pub transport_hours: Option<f64>,
    /// Null where nobody gave a stock.
    pub stock_days: Option<f64>,
    /// Null where no place is known.
    pub distance_km: Option<f64>,
    /// Working time of the time that matter needs to pass.
    pub value_added: Option<f64>,
    #[serde(rename = "yield")]
    pub good: f64,
    /// What is known of the carbon of one unit; null where nothing is.
    pub co2e_kg: Option<f64>,
    /// Sites and ways without a figure of carbon.
    pub co2e_unknown: u32,
    /// Sites and ways in all.
    pub co2e_figures: u32,
    /// The concentration of sources, 10,000 where there is one.
    pub hhi: Option<i64>,
    pub links: u32,
    /// Times, stocks and distances along the path that nobody knows.
    pub unknown: u32,
}

/// Which figures of a path somebody knows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    pub transport: bool,
    pub stock: bool,
    pub distance: bool,
}

impl Known {
    /// Of some links.
    pub(super) fn of(chains: &Chains<'_>, path: &[usize]) -> Self {
        let mut known = Self::default();
        for link in path {
            let Some(facts) = chains.links.get(*link) else {
                continue;
            };
            let site = chains.site(chains.graph.link(*link).from);
            known.transport |= facts.transit.is_some();
            known.distance |= facts.distance.is_some();
            known.stock |= facts.stock.is_some() || site.stock.is_some();
        }
        known
    }

    /// Of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            transport: self.transport || other.transport,
            stock: self.stock || other.stock,
            distance: self.distance || other.distance,
        }
    }
}

impl LegTold {
    pub(super) fn new(leg: &Leg, known: Known, gaps: Gaps) -> Self {
        Self {
            lead_days: days(leg.lead),
            process_hours: hours(leg.process),
            wait_hours: hours(leg.wait),
            transport_hours: known.transport.then(|| hours(leg.transport)),
            stock_days: known.stock.then(|| days(leg.stock)),
            distance_km: known
                .distance
                .then(|| (leg.distance as f64 / 1000.0).round()),
            value_added: leg.value_added().map(millionths),
            good: millionths(leg.yield_share),
            co2e_kg: (!gaps.nothing_known()).then(|| kilograms(leg.carbon)),
            co2e_unknown: gaps.silent_sites + gaps.silent_ways,
            co2e_figures: gaps.sites + gaps.ways,
            hhi: leg.hhi,
            links: leg.links,
            unknown: leg.unknown,
        }
    }
}

/// Thousandths of an hour as days.
pub(super) fn days(thousandths: i64) -> f64 {
    thousandths as f64 / DAY as f64
}

/// Thousandths of an hour as hours.
pub(super) fn hours(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

/// Millionths as what they are parts of.
pub(super) fn millionths(value: i64) -> f64 {
    value as f64 / FULL as f64
}

/// Milligrams as kilograms.
pub(super) fn kilograms(milligrams: i64) -> f64 {
    millionths(milligrams)
}
