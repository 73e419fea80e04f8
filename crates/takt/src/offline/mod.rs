//! A programme folder as the plain structs of the planning, for commands that compute without any service. It must not
//! know services or commands. Invariant: options stand in the order that production gives them (the variant first, then
//! the keys by name), so that the folder and the services compute alike.
pub mod buffer;
mod line;
pub mod live;
pub mod load;
pub mod network;
pub mod outage;
pub mod partner;
pub mod prediction;
pub mod promise;
mod standing;
#[cfg(test)]
mod tests;
pub mod tier;
pub mod vehicle;

pub use line::LineDay;
pub use standing::Standing;

use std::collections::BTreeMap;

use takt_kernel::{Date, ItemId, Share};
use takt_planning::bom::{self, Bom};
use takt_planning::feature::{self, Config, Features};
use takt_planning::line::{CalendarDay, Line, Operation, Schedule};
use takt_planning::material::{Basis, Make, Source, Stock, Workshop};
use takt_planning::orders::{Attribute, Founders};
use takt_planning::ramp::RampPlan;
use takt_planning::scale::Scale;

use crate::failure::{Failure, Outcome};
use crate::programme::{self, FeatureRule, Programme, VARIANT_KEY};
use crate::world::scale_of;

/// A programme ready to be computed with.
#[derive(Debug)]
pub struct Offline {
    /// The programme at its own size.
    pub full: Programme,
    /// The programme at the size that was asked for.
    pub sized: Programme,
    /// The bill of material.
    pub bom: Bom,
    /// The options.
    pub features: Features,
    /// Shares of option values, the edition left out.
    pub attributes: Vec<Attribute>,
    /// The edition that is built first.
    pub founders: Option<Founders>,
    /// Shares of the variants.
    pub variant_shares: Vec<Share>,
    /// What the maker wants built.
    pub ramp: RampPlan,
    /// What the line can do.
    pub schedule: Schedule,
    calendar: Vec<CalendarDay>,
    scale: Scale,
    shops: Vec<Workshop>,
    makes: Vec<Option<Make>>,
}

impl Offline {
    /// The planning's view of a programme: `full` at its own size, `sized` at the size of the run.
    pub fn new(full: Programme, sized: Programme) -> Outcome<Self> {
        let features = features(&sized)?;
        let bom = bill(&sized, &features)?;
        let (attributes, founders) = choices(&sized, &features);
        let scale = scale_of(&full, sized.vehicles);
        let calendar: Vec<CalendarDay> = (sized.days.iter().zip(&full.days))
            .take_while(|(day, _)| day.on <= sized.plan_last)
            .map(|(day, full)| CalendarDay {
                shifts: day.shifts,
                shift_seconds: shift_seconds(&sized),
                capacity: full.capacity,
            })
            .collect();
        let first = sized.day_zero.plus(1);
        let line = Line {
            takt_ms: sized.plant.takt_ms,
            operations: operations(&sized, None),
            variants: sized.variants.len(),
        };
        let daily: Vec<Vec<i64>> = sized.days.iter().map(|day| day.planned.clone()).collect();
        let shop_at = |id: &takt_kernel::ShopId| {
            let shops = &sized.plant.shops;
            shops.iter().position(|shop| shop.id == *id)
        };
        let makes = sized.items.iter().map(|item| {
            let shop = item.make.then(|| shop_at(&item.shop)).flatten()?;
            Some(Make {
                shop,
                lead_days: i32::try_from(item.make_lead_days).unwrap_or(i32::MAX),
            })
        });
        let shops = sized.plant.shops.iter().map(|shop| Workshop {
            id: shop.id.to_string(),
            operations: operations(&sized, Some(&shop.id)),
        });
        Ok(Self {
            variant_shares: sized.variants.iter().map(|variant| variant.share).collect(),
            ramp: RampPlan::new(first, &daily),
            schedule: Schedule::new(&line, first, &calendar, scale),
            shops: shops.collect(),
            makes: makes.collect(),
            features,
            bom,
            attributes,
            founders,
            calendar,
            scale,
            full,
            sized,
        })
    }

    /// The planning's view of a programme at a size; at its own where none is given.
    pub fn sized(full: Programme, vehicles: Option<u32>) -> Outcome<Self> {
        let own = u32::try_from(full.vehicles).unwrap_or(u32::MAX);
        let sized = full.scaled(vehicles.unwrap_or(own), true);
        Self::new(full, sized)
    }

    /// What the material plan is made from.
    pub fn basis(&self) -> Basis<'_> {
        Basis {
            bom: &self.bom,
            features: &self.features,
            attributes: &self.attributes,
            founders: self.founders,
            variant_shares: &self.variant_shares,
            ramp: &self.ramp,
            schedule: &self.schedule,
            first: self.first(),
            calendar: &self.calendar,
            scale: self.scale,
            shops: &self.shops,
            makes: &self.makes,
        }
    }

    /// The first day of the calendar.
    pub fn first(&self) -> Date {
        self.sized.day_zero.plus(1)
    }

    /// The index of an item.
    pub fn item(&self, id: &str) -> Option<usize> {
        self.sized
            .items
            .iter()
            .position(|item| item.id.as_str() == id)
    }

    /// The name of an item; empty for an index that does not exist.
    pub fn item_id(&self, at: usize) -> &str {
        self.sized.items.get(at).map_or("", |item| item.id.as_str())
    }

    /// A configuration from the values of its options.
    pub fn config(&self, variant: &str, options: &BTreeMap<String, String>) -> Option<Config> {
        let mut config = Config(0).with(0, self.features.value(0, variant)?);
        for (key, value) in options {
            let key = self.features.key(key)?;
            config = config.with(key, self.features.value(key, value)?);
        }
        Some(config)
    }

    /// The suppliers of every item with their terms, and nothing in the house.
    pub fn terms(&self) -> Vec<Stock> {
        let stock = |item: &programme::Item| Stock {
            lot: match item.make {
                true => takt_kernel::Quantity::ZERO,
                false => item.lot_size,
            },
            sources: (item.agreements.iter())
                .map(|agreement| Source {
                    supplier_id: agreement.supplier.to_string(),
                    share: agreement.share,
                    lead_days: i32::try_from(agreement.lead_time_days).unwrap_or(i32::MAX),
                    ordered_lots: 0,
                })
                .collect(),
            ..Stock::default()
        };
        self.sized.items.iter().map(stock).collect()
    }
}

fn unusable(error: impl ToString) -> Failure {
    Failure::bad_input(error.to_string())
}

fn features(programme: &Programme) -> Outcome<Features> {
    let mut features = vec![feature::Feature {
        key: VARIANT_KEY.to_owned(),
        values: (programme.variants.iter())
            .map(|variant| variant.id.to_string())
            .collect(),
    }];
    let mut others: Vec<feature::Feature> = (programme.features.iter())
        .map(|option| feature::Feature {
            key: option.key.to_string(),
            values: option
                .values
                .iter()
                .map(|value| value.id.to_string())
                .collect(),
        })
        .collect();
    others.sort_by(|a, b| a.key.cmp(&b.key));
    features.append(&mut others);
    Features::new(features).map_err(unusable)
}

fn bill(programme: &Programme, features: &Features) -> Outcome<Bom> {
    let places: BTreeMap<&ItemId, usize> = (programme.items.iter().enumerate())
        .map(|(at, item)| (&item.id, at))
        .collect();
    let at = |id: &ItemId| {
        let unknown = || Failure::bad_input(format!("{id} is not an item of the programme"));
        places.get(id).copied().ok_or_else(unknown)
    };
    let items = programme.items.iter().map(|item| bom::Item {
        id: item.id.to_string(),
        made: item.make,
        order_yield: item.order_yield,
    });
    let mut lines = Vec::with_capacity(programme.bom.len());
    for line in &programme.bom {
        lines.push(bom::Line {
            parent: at(&line.parent)?,
            child: at(&line.child)?,
            qty: line.qty,
            condition: features
                .condition(&line.condition.to_string())
                .map_err(unusable)?,
            component_scrap: line.component_scrap,
        });
    }
    Bom::build(items.collect(), lines, at(&programme.final_item)?).map_err(unusable)
}

/// How customers choose, by option in the order of the features, and the edition that is built first.
fn choices(programme: &Programme, features: &Features) -> (Vec<Attribute>, Option<Founders>) {
    let (mut attributes, mut founders) = (Vec::new(), None);
    for (key, feature) in features.all().iter().enumerate().skip(1) {
        let found = programme
            .features
            .iter()
            .find(|option| option.key.as_str() == feature.key);
        let shares = match found.map(|option| &option.rule) {
            Some(FeatureRule::Shares(shares)) => vec![shares.clone()],
            Some(FeatureRule::SharesByVariant(shares)) => shares.clone(),
            Some(FeatureRule::First {
                vehicles,
                variants,
                value,
                others,
            }) => {
                let admitted = programme.variants.iter().enumerate();
                founders = Some(Founders {
                    key,
                    founder: *value,
                    normal: *others,
                    variants: admitted
                        .filter(|(_, variant)| variants.contains(&variant.id))
                        .fold(0, |bits, (place, _)| bits | 1 << place),
                    limit: *vehicles,
                });
                continue;
            }
            None => continue,
        };
        attributes.push(Attribute { key, shares });
    }
    (attributes, founders)
}

/// The operations that can bind, of one shop or of all.
fn operations(programme: &Programme, shop: Option<&takt_kernel::ShopId>) -> Vec<Operation> {
    let mine = programme.operations.iter().filter(|operation| {
        operation.cycle_ms > 0 && shop.is_none_or(|shop| operation.shop == *shop)
    });
    mine.map(|operation| Operation {
        variants: (programme.variants.iter().enumerate())
            .filter(|(_, variant)| operation.applies_to.contains(&variant.id))
            .fold(0, |bits, (place, _)| bits | 1 << place),
        cycle_ms: operation.cycle_ms,
        stations: operation.stations,
    })
    .collect()
}

/// A shift is as long as the longest of the calendar, as production takes it.
fn shift_seconds(programme: &Programme) -> i64 {
    let shifts = programme.days.iter().map(|day| day.shift_ms / 1000);
    shifts.max().unwrap_or(0)
}
