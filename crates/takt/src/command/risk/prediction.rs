//! `takt risk PROGRAMME --disrupt ..`: what outages will cost, before a replay plays them. It must not know how that is found.
//! Invariant: the figures have the names that the replay's report has, so that the two can be laid side by side.
use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use takt_planning::risk::FULL;

use crate::failure::Outcome;
use crate::offline::Offline;
use crate::output::{Answer, grouped, table, table_text};
use crate::replay::disruption::Disruption;
use crate::report::figures::Shortfall;

/// What outages will cost, as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    programme: String,
    vehicles: i64,
    outages: Vec<Out>,
    prediction: Costs,
    elapsed_seconds: f64,
}

/// One outage by itself.
#[derive(Debug, Serialize)]
struct Out {
    outage: String,
    supplier: String,
    /// Null where no site of the supplier is known.
    tier: Option<u32>,
    /// `LOST_DURING_TTR`: the paper's figure, vehicles lost until the supplier is back when nothing is caught up.
    lost_during_ttr: Option<f64>,
}

/// All of them together, in the shape of the report's `disruption`.
#[derive(Debug, Serialize)]
struct Costs {
    first_stop: Option<Stop>,
    all: Shortfall,
    by_variant: BTreeMap<String, Shortfall>,
}

/// The first variant that stands.
#[derive(Debug, Serialize)]
struct Stop {
    date: String,
    variant: String,
    item: String,
}

pub(super) fn predicted(offline: &Offline, disruptions: &[Disruption]) -> Outcome<Told> {
    let begun = Instant::now();
    let found = offline.predict(disruptions)?;
    let out = |out: &crate::offline::prediction::Out| Out {
        outage: out.outage.to_string(),
        supplier: out.outage.supplier.to_string(),
        tier: out.tier,
        lost_during_ttr: out
            .lost_during_recovery
            .map(|lost| (lost as f64 / FULL as f64 * 10.0).round() / 10.0),
    };
    let variant = |at: usize| {
        let variant = offline.full.variants.get(at);
        variant.map_or_else(String::new, |variant| variant.id.to_string())
    };
    let costs = &found.prediction;
    Ok(Told {
        programme: offline.full.id.to_string(),
        vehicles: offline.sized.vehicles,
        outages: found.outages.iter().map(out).collect(),
        prediction: Costs {
            first_stop: costs.first_stop.map(|stop| Stop {
                date: stop.on.to_string(),
                variant: variant(stop.variant),
                item: offline.item_id(stop.part).to_owned(),
            }),
            all: costs.all.into(),
            by_variant: (costs.by_variant.iter().enumerate())
                .map(|(at, cost)| (variant(at), (*cost).into()))
                .collect(),
        },
        elapsed_seconds: begun.elapsed().as_secs_f64(),
    })
}

impl Answer for Told {
    fn text(&self) -> String {
        let mut text = format!(
            "{} with {} vehicles\n",
            self.programme,
            grouped(self.vehicles)
        );
        for out in &self.outages {
            let tier = out
                .tier
                .map_or_else(String::new, |tier| format!(", tier {tier}"));
            let lost = match out.lost_during_ttr {
                Some(lost) => format!("{} vehicles", grouped(lost.round() as i64)),
                None => "unknown, it has no site in nodes.csv (TIER_UNKNOWN)".to_owned(),
            };
            text.push_str(&format!(
                "{}{tier}; LOST_DURING_TTR, when nothing is caught up: {lost}\n",
                out.outage
            ));
        }
        let stop = match &self.prediction.first_stop {
            Some(stop) => format!(
                "{} stands first, on {}, for want of {}",
                stop.variant, stop.date, stop.item
            ),
            None => "no variant will stand".to_owned(),
        };
        text.push_str(&format!("{stop}\n\n"));
        let mut rows = table(&[
            "",
            ">late",
            "on",
            "recovered on",
            ">lost",
            ">vehicle-days late",
        ]);
        let dash = |date: &Option<String>| date.clone().unwrap_or_else(|| "-".to_owned());
        let variants = self.prediction.by_variant.iter();
        let variants = variants.map(|(name, cost)| (name.as_str(), cost));
        for (name, cost) in std::iter::once(("all", &self.prediction.all)).chain(variants) {
            rows.add_row([
                name.to_owned(),
                grouped(cost.late),
                dash(&cost.late_on),
                dash(&cost.recovered_on),
                grouped(cost.lost),
                grouped(cost.vehicle_days_late),
            ]);
        }
        text.push_str(&table_text(&rows));
        text.push_str(&format!(
            "late is the largest shortfall against the undisturbed plan, lost what is missing when the plan ends; predicted in {:.2} s\n",
            self.elapsed_seconds
        ));
        text
    }
}
