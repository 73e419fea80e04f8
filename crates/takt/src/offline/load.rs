//! What the plan demands of each site by week, on all tiers. It must not know capacities' ratings. Invariants: a week is named by its
//! Monday; a demand stands in the week in which the goods must be with the customer; materials are needed earlier than the goods by
//! the time from order to receipt that the folder gives, and at once where it gives none.
use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::demand_capacity::{needs, weekly};
use takt_planning::risk::{FlowRow, Node, SiteRow, chain};

use super::{Offline, unusable};
use crate::failure::Outcome;

/// The demand on the sites of a programme.
#[derive(Debug)]
pub struct Demands {
    /// The Monday of the first week.
    pub first: Date,
    /// By site, in the order of the programme's nodes: thousandths a week. All are as long as the longest.
    pub sites: Vec<Vec<i64>>,
    /// How far each site is from the plant: 1 supplies it directly; 0 supplies nobody.
    pub tiers: Vec<u32>,
}

impl Offline {
    /// What is demanded for everything that is built on a day and after it.
    pub fn demands(&self, from: Date) -> Outcome<Demands> {
        let programme = &self.full;
        let plant = programme.plant.supplier.as_str();
        let mut agreed: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for item in &programme.items {
            for agreement in &item.agreements {
                let key = (agreement.supplier.as_str(), item.id.as_str());
                agreed.insert(key, agreement.lead_time_days);
            }
        }
        let sites: Vec<SiteRow<'_>> = (programme.nodes.iter())
            .map(|node| SiteRow {
                supplier: node.supplier.as_str(),
                item: node.item.as_str(),
                node: Node::default(),
            })
            .collect();
        let valid = |first: Option<Date>, last: Option<Date>| {
            first.is_none_or(|first| first <= from) && last.is_none_or(|last| from <= last)
        };
        let flows: Vec<FlowRow<'_>> = (programme.links.iter())
            .filter(|link| valid(link.valid_from, link.valid_to))
            .map(|link| {
                let days = match link.to.as_str() == plant {
                    true => agreed
                        .get(&(link.from.as_str(), link.item.as_str()))
                        .copied(),
                    false => link.lead_time_days,
                };
                FlowRow {
                    from: link.from.as_str(),
                    to: link.to.as_str(),
                    item: link.item.as_str(),
                    into: link.into.iter().map(|item| item.as_str()).collect(),
                    share: link.share.millionths(),
                    quantity: link.qty_per.map_or(1000, |quantity| quantity.milli()),
                    transit: days.unwrap_or(0) * 1000,
                    customer_stock: 0,
                }
            })
            .collect();
        let parts: Vec<&str> = (programme.items.iter())
            .map(|item| item.id.as_str())
            .collect();
        let chain = chain(plant, &parts, &sites, &flows).map_err(unusable)?;
        let products: Vec<_> = (self.products_from(from).into_iter())
            .map(|(_, product)| product)
            .collect();
        let needs = needs(&chain.network, &products);
        let (week, sites) = weekly(&needs, from.weekday() as i64);
        Ok(Demands {
            first: from
                .monday()
                .plus(i32::try_from(week * 7).unwrap_or(i32::MAX)),
            sites,
            tiers: chain.tiers,
        })
    }
}
