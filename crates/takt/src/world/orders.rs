//! The customers: which orders are locked on which day (RULES 9, 10). It must not know what is built of them.
//! Invariant: the orders of a day depend on the programme and the size of the run alone; their numbers follow the
//! order in which they are locked.
use std::collections::BTreeMap;

use takt_contract::date_pb;
use takt_contract::delivery::v1::NewOrder;
use takt_kernel::{Date, Share};
use takt_planning::orders::{Attribute, Founders, Market, OrderDraft, OrderWorld};
use takt_planning::scale::Scale;

use crate::programme::{Direction, FeatureRule, Programme};

/// The size that the planning's scale counts in.
const WHOLE: i64 = 100_000;

/// The customers of a run; ask for each day in turn. Those of several programmes on one plant are numbered together, day by
/// day in the order of the programmes.
pub struct Customers {
    markets: Vec<Buyers>,
    next_number: u64,
}

/// The customers of one programme.
struct Buyers {
    world: OrderWorld,
    /// The day of the next orders and their full-size counts.
    days: std::vec::IntoIter<(Date, i64)>,
    variants: Vec<String>,
    /// Each option with its key and values, in the order of the features.
    options: Vec<(String, Vec<String>)>,
    cities: Vec<String>,
}

impl Customers {
    /// The customers of a programme at its full size, for a run of `vehicles`.
    pub fn new(full: &Programme, vehicles: i64) -> Self {
        let of = |part: &Programme| {
            let own = i128::from(vehicles) * i128::from(part.vehicles);
            let own = takt_kernel::floor_div(own, i128::from(full.vehicles.max(1)));
            Buyers::new(part, own.unwrap_or(0))
        };
        Self {
            markets: match full.parts.is_empty() {
                true => vec![Buyers::new(full, vehicles)],
                false => full.parts.iter().map(of).collect(),
            },
            next_number: 1,
        }
    }

    /// The orders of a day. Days are asked for in rising order; days that are passed over are passed over for good.
    pub fn orders_of(&mut self, day: Date) -> Vec<NewOrder> {
        let mut orders = Vec::new();
        while let Some(on) = self.markets.iter().filter_map(Buyers::next_day).min() {
            if on > day {
                break;
            }
            for market in &mut self.markets {
                let drafts = market.drafts(on);
                let first = self.next_number;
                self.next_number += drafts.len() as u64;
                if on == day {
                    let numbered = drafts.iter().zip(first..);
                    orders.extend(numbered.map(|(draft, number)| market.order(draft, number, day)));
                }
            }
        }
        orders
    }

    /// The last day on which anybody orders.
    pub fn last_day(full: &Programme) -> Option<Date> {
        full.orders.last().map(|day| day.on)
    }
}

impl Buyers {
    fn new(full: &Programme, vehicles: i64) -> Self {
        let scale = scale_of(full, vehicles);
        let mut attributes = Vec::new();
        let mut founders = None;
        for (feature, key) in full.features.iter().zip(1..) {
            match &feature.rule {
                FeatureRule::Shares(shares) => attributes.push(Attribute {
                    key,
                    shares: vec![shares.clone()],
                }),
                FeatureRule::SharesByVariant(shares) => attributes.push(Attribute {
                    key,
                    shares: shares.clone(),
                }),
                FeatureRule::First {
                    vehicles,
                    variants,
                    value,
                    others,
                } => {
                    let admitted = full.variants.iter().enumerate();
                    let bits = admitted.filter(|(_, variant)| variants.contains(&variant.id));
                    founders = Some(Founders {
                        key,
                        founder: *value,
                        normal: *others,
                        variants: bits.fold(0, |bits, (place, _)| bits | 1 << place),
                        limit: scale.count(*vehicles),
                    });
                }
            }
        }
        let outbound: Vec<(String, Share)> = full
            .lanes
            .iter()
            .filter_map(|lane| match lane.direction {
                Direction::Outbound { share } => Some((lane.to.clone(), share)),
                Direction::Inbound { .. } => None,
            })
            .collect();
        let market = Market {
            variants: full.variants.iter().map(|variant| variant.share).collect(),
            attributes,
            places: outbound.iter().map(|(_, share)| *share).collect(),
            founders,
            scale,
        };
        let days: Vec<(Date, i64)> = full.orders.iter().map(|day| (day.on, day.locked)).collect();
        Self {
            world: OrderWorld::new(market),
            days: days.into_iter(),
            variants: full
                .variants
                .iter()
                .map(|variant| variant.id.to_string())
                .collect(),
            options: full
                .features
                .iter()
                .map(|feature| {
                    let values = feature.values.iter().map(|value| value.id.to_string());
                    (feature.key.to_string(), values.collect())
                })
                .collect(),
            cities: outbound.into_iter().map(|(city, _)| city).collect(),
        }
    }

    fn next_day(&self) -> Option<Date> {
        self.days.as_slice().first().map(|(on, _)| *on)
    }

    /// What is ordered on the next day, if it is this one.
    fn drafts(&mut self, on: Date) -> Vec<OrderDraft> {
        match self.days.as_slice().first() {
            Some((next, full)) if *next == on => {
                let drafts = self.world.day(*full);
                self.days.next();
                drafts
            }
            _ => Vec::new(),
        }
    }

    fn order(&self, draft: &OrderDraft, number: u64, day: Date) -> NewOrder {
        let chosen = |(place, (key, values)): (usize, &(String, Vec<String>))| {
            let value = values.get(draft.config.value(place + 1))?;
            Some((key.clone(), value.clone()))
        };
        let options: BTreeMap<String, String> =
            self.options.iter().enumerate().filter_map(chosen).collect();
        NewOrder {
            order_id: format!("SO-{number:07}"),
            customer_id: format!("C-{number:07}"),
            variant_id: self
                .variants
                .get(draft.config.variant())
                .cloned()
                .unwrap_or_default(),
            options: options.into_iter().collect(),
            city: self.cities.get(draft.place).cloned().unwrap_or_default(),
            locked_on: Some(date_pb(day)),
        }
    }
}

/// The size of a run as the planning counts it: in hundred-thousandths of the programme.
pub fn scale_of(full: &Programme, vehicles: i64) -> Scale {
    let size = i128::from(vehicles) * i128::from(WHOLE);
    Scale(takt_kernel::floor_div(size, i128::from(full.vehicles.max(1))).unwrap_or(WHOLE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    fn su7() -> Result<Programme, String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        parse(&folder).map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_programme_has_189_063_orders_and_5_000_founders() -> Result<(), String> {
        let full = su7()?;
        let mut customers = Customers::new(&full, full.vehicles);
        let mut orders = Vec::new();
        for on in 0..240 {
            orders.extend(customers.orders_of(full.day_zero.plus(on)));
        }
        assert_eq!(orders.len(), 189_063);
        let founders = orders.iter().filter(|order| {
            order
                .options
                .get("EDITION")
                .is_some_and(|e| e == "FOUNDERS")
        });
        assert_eq!(founders.count(), 5000);
        assert_eq!(
            orders.first().map(|order| order.order_id.as_str()),
            Some("SO-0000001")
        );
        assert_eq!(
            orders.last().map(|order| order.order_id.as_str()),
            Some("SO-0189063")
        );
        assert!(
            orders
                .iter()
                .all(|order| order.options.len() == 4 && !order.city.is_empty())
        );
        Ok(())
    }

    #[test]
    fn a_run_that_goes_on_in_the_middle_gets_the_same_orders() -> Result<(), String> {
        let full = su7()?;
        let day = full.day_zero.plus(40);
        let mut whole = Customers::new(&full, 1000);
        for on in 0..40 {
            whole.orders_of(full.day_zero.plus(on));
        }
        assert_eq!(
            whole.orders_of(day),
            Customers::new(&full, 1000).orders_of(day)
        );
        Ok(())
    }
}
