//! What outages will cost a programme (RULES 13), from the folder alone: before a replay plays them. It must not know services,
//! orders or commands. Invariants: the rules of who ships what are those by which a replay plays its suppliers; a programme of
//! another size is predicted at that size.
use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::quota::Quota;
use takt_planning::ramp::feasible_plan;
use takt_planning::risk::{
    Bought, FULL, Paper, Plant, Prediction, Product, Sourced, Sourcing, offer, predict,
};

use super::network::Stocks;
use super::outage::Outages;
use super::{Offline, unusable};
use crate::failure::Outcome;
use crate::programme::Direction;
use crate::replay::disruption::Disruption;

/// Thousandths of a day.
const DAY: i64 = 1000;

/// One outage as the network sees it.
#[derive(Debug, Clone)]
pub struct Out {
    /// The outage.
    pub outage: Disruption,
    /// How far the supplier is from the plant; None where no site of it is known.
    pub tier: Option<u32>,
    /// Vehicles that are lost until the supplier is back when nothing is caught up, in millionths: the paper's figure.
    pub lost_during_recovery: Option<i64>,
}

/// What outages will cost.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// Each outage by itself.
    pub outages: Vec<Out>,
    /// All of them together.
    pub prediction: Prediction,
}

impl Offline {
    /// Predicts what outages will cost.
    pub fn predict(&self, disruptions: &[Disruption]) -> Outcome<Predicted> {
        let outages = Outages::new(&self.full, disruptions)?;
        let undisturbed = feasible_plan(&self.ramp, &[], self.first(), &self.schedule);
        let products = offer(&self.bom, &self.choices(), &undisturbed.days);
        let held = self.held(&outages)?;
        let plant = Plant {
            ramp: &self.ramp,
            schedule: &self.schedule,
            undisturbed: &undisturbed,
        };
        let prediction = predict(plant, &products, &held, outages.begin());
        let alone = disruptions
            .iter()
            .map(|outage| self.alone(outage, undisturbed.first, &products));
        Ok(Predicted {
            outages: alone.collect::<Outcome<_>>()?,
            prediction,
        })
    }

    /// The bought items of which something is held back, with their terms.
    fn held(&self, outages: &Outages) -> Outcome<Vec<Bought>> {
        let mut transit: BTreeMap<&str, i64> = BTreeMap::new();
        for lane in self.sized.inbound() {
            if let Direction::Inbound { supplier, .. } = &lane.direction {
                // Where there are several lanes the first one of the file counts, as it does in procurement.
                transit
                    .entry(supplier.as_str())
                    .or_insert(lane.transit_days());
            }
        }
        let mut held = Vec::new();
        for (part, item) in self.sized.items.iter().enumerate() {
            let ships = |supplier: &str| outages.ships(supplier, item.id.as_str());
            let all = &item.agreements;
            if all
                .iter()
                .all(|terms| ships(terms.supplier.as_str()).is_none())
            {
                continue;
            }
            let shares: Vec<_> = all.iter().map(|terms| terms.share).collect();
            let source = |terms: &crate::programme::Agreement| {
                let days = |days: i64| i32::try_from(days).unwrap_or(i32::MAX);
                let supplier = terms.supplier.as_str();
                Sourced {
                    transit: days(transit.get(supplier).copied().unwrap_or(0)),
                    soonest: self.sized.order_from.plus(days(terms.lead_time_days)),
                    ships: ships(supplier).cloned(),
                }
            };
            held.push(Bought {
                part,
                lot: item.lot_size.milli(),
                quota: Quota::new(&shares).map_err(unusable)?,
                sources: all.iter().map(source).collect(),
            });
        }
        Ok(held)
    }

    /// What an outage by itself costs by the paper's model: the plan of its days, stocks of customers, nothing caught up.
    fn alone(
        &self,
        outage: &Disruption,
        first: Date,
        products: &[(usize, Product)],
    ) -> Outcome<Out> {
        let sites = || {
            let all = self.full.nodes.iter().enumerate();
            all.filter(|(_, site)| site.supplier == outage.supplier)
                .map(|(node, _)| node)
        };
        if sites().next().is_none() {
            return Ok(Out {
                outage: outage.clone(),
                tier: None,
                lost_during_recovery: None,
            });
        }
        let chain = self.chain(outage.from, Stocks::OfCustomers)?;
        let skipped = usize::try_from(outage.from.days_since(first)).unwrap_or(0);
        let of = |(_, product): &(usize, Product)| Product {
            daily: product.daily.iter().skip(skipped).copied().collect(),
            parts: product.parts.clone(),
        };
        let ahead: Vec<Product> = products.iter().map(of).collect();
        let days = usize::try_from(outage.days).unwrap_or(0);
        // Every vehicle counts alike.
        let alike = vec![FULL; ahead.len()];
        let nodes: Vec<usize> = sites().collect();
        let paper = Paper::new(&chain.network, &ahead, &alike, days);
        let lost = paper.lost(&nodes, i64::from(outage.days) * DAY, Sourcing::KeepShares);
        Ok(Out {
            outage: outage.clone(),
            tier: nodes
                .iter()
                .filter_map(|node| chain.tiers.get(*node).copied())
                .filter(|tier| *tier > 0)
                .min(),
            lost_during_recovery: Some(lost.map_err(unusable)?.iter().sum()),
        })
    }
}
