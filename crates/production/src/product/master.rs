//! Puts a product together from its parts and refuses what contradicts itself.
//!
//! It must not know where the parts were kept. Invariant: the same parts give the same product, so that the packed
//! configurations in the database keep their meaning: option keys are ordered by name, values by their number.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use takt_kernel::{Date, Quantity, Share};
use takt_planning::{
    bom::{self, Bom, NeedCache},
    change,
    feature::{Config, Feature, Features},
    line::{CalendarDay, Line, Operation, Schedule},
    ramp::RampPlan,
    scale::Scale,
    sequencing::{PlantRules, Rule},
    shop::{ShopFlow, ShopOperation},
};

use super::{
    BomLine, DayEntry, Item, PartOfPlant, Product, Programme, Shop, Unusable, VARIANT_KEY, Variant,
    revision::revised,
    routing::Routing,
    sequenced::{SourcePart, sequenced_items},
};
use crate::change::Change;

/// A variant as it was imported.
#[derive(Debug, Clone, Default)]
pub struct VariantPart {
    /// Its number, from 1.
    pub number: i64,
    /// The id.
    pub variant_id: String,
    /// Positions 4 to 8 of its VINs.
    pub vin_vds: String,
    /// Its share of orders in millionths.
    pub share: i64,
    /// The options of its reference configuration.
    pub reference: BTreeMap<String, String>,
}

/// A value of an option as it was imported.
#[derive(Debug, Clone, Default)]
pub struct OptionPart {
    /// The key.
    pub key: String,
    /// The place of the value within its key.
    pub number: i64,
    /// The value.
    pub value: String,
    /// The variant for which the share holds; empty for all.
    pub variant_id: String,
    /// The share in millionths.
    pub share: i64,
}

/// An operation as it was imported.
#[derive(Debug, Clone, Default)]
pub struct OperationPart {
    /// The id.
    pub operation_id: String,
    /// The shop.
    pub shop_id: String,
    /// The variants it applies to; empty for all.
    pub variant_ids: Vec<String>,
    /// Milliseconds of a station a vehicle.
    pub cycle_millis: i64,
    /// Milliseconds from entry to exit.
    pub flow_millis: i64,
    /// Stations side by side.
    pub stations: i64,
}

/// All parts of a product.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The head.
    pub programme: Option<Programme>,
    /// The shops in the order of flow.
    pub shops: Vec<Shop>,
    /// The items with their numbers, in their order.
    pub items: Vec<(i64, Item)>,
    /// The lines of the bill of material.
    pub lines: Vec<BomLine>,
    /// The variants in their order.
    pub variants: Vec<VariantPart>,
    /// The values of options.
    pub options: Vec<OptionPart>,
    /// The operations.
    pub operations: Vec<OperationPart>,
    /// The days in their order.
    pub days: Vec<DayEntry>,
    /// What the maker wants built: date, variant, vehicles.
    pub ramp: Vec<(Date, String, i64)>,
    /// The engineering changes that plans and line follow, by their bits.
    pub changes: Vec<Change>,
    /// The rules for the order of a day's vehicles.
    pub rules: Vec<Rule>,
    /// Who supplies what, by item and rank.
    pub sources: Vec<SourcePart>,
    /// The programmes that share the plant; empty for one alone.
    pub together: Vec<PartOfPlant>,
}

impl Parts {
    /// The product.
    ///
    /// # Errors
    /// `Unusable` with the first contradiction.
    pub fn assemble(self) -> Result<Product, Unusable> {
        let programme = self
            .programme
            .clone()
            .ok_or_else(|| Unusable("its header is missing".to_owned()))?;
        self.check_numbers()?;
        self.check_days(&programme)?;
        let features = self.features()?;
        let items: Vec<Item> = self.items.iter().map(|(_, item)| item.clone()).collect();
        let item_index: HashMap<String, usize> = items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.item_id.clone(), at))
            .collect();
        let (bom, changes) = self.bom(&programme, &items, &item_index, &features)?;
        let (attributes, founders) = self.shares(&programme, &features);
        let variants = self.variants(&features)?;
        let line = self.line(&programme)?;
        let calendar = calendar(&programme, &self.days);
        let first = self
            .days
            .first()
            .map_or(programme.launch_on.plus(1), |day| day.on);
        let schedule = Schedule::new(&line, first, &calendar, Scale(programme.scale_vehicles));
        let ramp = RampPlan::new(first, &self.ramp_days(first)?);
        let (flow, workshops) = (self.flow()?, self.workshops()?);
        let routing = Routing::of(&self)?;
        let rules = PlantRules::new(&features, &self.rules).map_err(Unusable)?;
        let sequenced = sequenced_items(&items, &bom, variants.len(), &self.sources);
        for id in self.together.iter().flat_map(|part| &part.variant_ids) {
            if !self.variants.iter().any(|known| known.variant_id == *id) {
                let text = format!("a programme has the variant {id}, which is not there");
                return Err(Unusable(text));
            }
        }
        Ok(Product {
            programme,
            together: self.together,
            shops: self.shops,
            items,
            lines: self.lines,
            variants,
            features,
            bom,
            changes,
            change_ids: self
                .changes
                .into_iter()
                .map(|change| change.change_id)
                .collect(),
            attributes,
            founders,
            days: self.days,
            ramp,
            schedule,
            flow,
            workshops,
            routing,
            rules,
            sequenced,
            line,
            item_index,
            needs: Mutex::new(NeedCache::default()),
        })
    }

    fn check_numbers(&self) -> Result<(), Unusable> {
        let dense = |what: &str, numbers: &mut dyn Iterator<Item = i64>| {
            let wrong = numbers
                .zip(1i64..)
                .find(|(number, wanted)| number != wanted);
            wrong.map_or(Ok(()), |(_, wanted)| {
                Err(Unusable(format!("{what} number {wanted} is missing")))
            })
        };
        dense("item", &mut self.items.iter().map(|(number, _)| *number))?;
        dense(
            "variant",
            &mut self.variants.iter().map(|variant| variant.number),
        )?;
        let lacking = [
            ("items", self.items.is_empty()),
            ("variants", self.variants.is_empty()),
            ("days", self.days.is_empty()),
        ];
        match lacking.iter().find(|(_, missing)| *missing) {
            Some((what, _)) => Err(Unusable(format!("it has no {what}"))),
            None => Ok(()),
        }
    }

    fn check_days(&self, programme: &Programme) -> Result<(), Unusable> {
        for pair in self.days.windows(2) {
            if let [before, after] = pair
                && after.on != before.on.plus(1)
            {
                return Err(Unusable(format!(
                    "the calendar has a gap after {}",
                    before.on
                )));
            }
        }
        match self.days.last() {
            Some(last) if last.on < programme.last_plan_on => Err(Unusable(format!(
                "the calendar ends on {} before the last plan day {}",
                last.on, programme.last_plan_on
            ))),
            _ => Ok(()),
        }
    }

    fn features(&self) -> Result<Features, Unusable> {
        let mut keys: BTreeMap<&str, Vec<(i64, &str)>> = BTreeMap::new();
        for option in self
            .options
            .iter()
            .filter(|option| option.key != VARIANT_KEY)
        {
            let values = keys.entry(option.key.as_str()).or_default();
            if !values.iter().any(|(_, value)| *value == option.value) {
                values.push((option.number, option.value.as_str()));
            }
        }
        let variants = self
            .variants
            .iter()
            .map(|variant| variant.variant_id.clone())
            .collect();
        let mut features = vec![Feature {
            key: VARIANT_KEY.to_owned(),
            values: variants,
        }];
        for (key, mut values) in keys {
            values.sort_unstable();
            let values = values
                .into_iter()
                .map(|(_, value)| value.to_owned())
                .collect();
            features.push(Feature {
                key: key.to_owned(),
                values,
            });
        }
        Features::new(features).map_err(|error| Unusable(error.to_string()))
    }

    fn bom(
        &self,
        programme: &Programme,
        items: &[Item],
        index: &HashMap<String, usize>,
        features: &Features,
    ) -> Result<(Bom, Vec<change::Change>), Unusable> {
        let find = |item: &str| {
            index.get(item).copied().ok_or_else(|| {
                Unusable(format!(
                    "a line of the bill of material names {item}, which is not an item"
                ))
            })
        };
        let nodes = items
            .iter()
            .map(|item| bom::Item {
                id: item.item_id.clone(),
                made: item.made,
                order_yield: item.order_yield,
            })
            .collect();
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            lines.push(bom::Line {
                parent: find(&line.parent)?,
                child: find(&line.child)?,
                qty: Quantity(line.quantity),
                condition: features
                    .condition(&line.condition)
                    .map_err(|error| Unusable(error.to_string()))?,
                component_scrap: Share(line.component_scrap),
            });
        }
        let (lines, changes) = revised(lines, &self.changes, items, index, features)?;
        Bom::build(nodes, lines, find(&programme.vehicle_item_id)?)
            .map(|bom| (bom, changes))
            .map_err(|error| Unusable(error.to_string()))
    }

    fn variants(&self, features: &Features) -> Result<Vec<Variant>, Unusable> {
        let mut variants = Vec::with_capacity(self.variants.len());
        for (index, part) in self.variants.iter().enumerate() {
            let mut reference = Config(0).with(0, index);
            for (key, value) in part.reference.iter().filter(|(key, _)| *key != VARIANT_KEY) {
                let unknown = || {
                    Unusable(format!(
                        "the reference configuration of {} has {key}={value}, which is not known",
                        part.variant_id
                    ))
                };
                let place = features.key(key).ok_or_else(unknown)?;
                reference =
                    reference.with(place, features.value(place, value).ok_or_else(unknown)?);
            }
            variants.push(Variant {
                variant_id: part.variant_id.clone(),
                vin_vds: part.vin_vds.clone(),
                share: Share(part.share),
                reference,
            });
        }
        Ok(variants)
    }

    pub(super) fn mask(&self, operation: &OperationPart) -> Result<u64, Unusable> {
        if operation.variant_ids.is_empty() {
            return Ok(u64::MAX);
        }
        operation.variant_ids.iter().try_fold(0, |mask, id| {
            let at = self
                .variants
                .iter()
                .position(|variant| variant.variant_id == *id);
            let at = at.ok_or_else(|| {
                Unusable(format!(
                    "operation {} applies to {id}, which is not a variant",
                    operation.operation_id
                ))
            })?;
            Ok(mask | 1u64 << at)
        })
    }

    fn line(&self, programme: &Programme) -> Result<Line, Unusable> {
        let mut operations = Vec::new();
        // An operation without a cycle cannot bind.
        for part in self.operations.iter().filter(|part| part.cycle_millis > 0) {
            operations.push(Operation {
                variants: self.mask(part)?,
                cycle_ms: part.cycle_millis,
                stations: part.stations,
            });
        }
        Ok(Line {
            takt_ms: programme.takt_millis,
            operations,
            variants: self.variants.len(),
        })
    }

    /// The shops hang together by their order: a feeder feeds the next shop of the line behind it.
    fn flow(&self) -> Result<ShopFlow, Unusable> {
        let line: Vec<usize> = (0..self.shops.len())
            .filter(|at| self.shops.get(*at).is_some_and(|shop| shop.is_line))
            .collect();
        let feeders = (0..self.shops.len()).filter(|at| !line.contains(at));
        let fed = |feeder: usize| {
            line.iter()
                .copied()
                .find(|shop| *shop > feeder)
                .or_else(|| line.last().copied())
        };
        let feeders = feeders
            .filter_map(|feeder| Some((feeder, fed(feeder)?)))
            .collect();
        let mut operations = Vec::with_capacity(self.operations.len());
        for part in &self.operations {
            let shop = self
                .shops
                .iter()
                .position(|shop| shop.shop_id == part.shop_id);
            let shop = shop.ok_or_else(|| {
                Unusable(format!(
                    "operation {} is in shop {}, which does not exist",
                    part.operation_id, part.shop_id
                ))
            })?;
            operations.push(ShopOperation {
                shop,
                variants: self.mask(part)?,
                flow_ms: part.flow_millis,
            });
        }
        Ok(ShopFlow {
            line,
            feeders,
            operations,
        })
    }

    fn ramp_days(&self, first: Date) -> Result<Vec<Vec<i64>>, Unusable> {
        let mut days = vec![vec![0i64; self.variants.len()]; self.days.len()];
        for (on, variant, count) in &self.ramp {
            let place = self
                .variants
                .iter()
                .position(|known| known.variant_id == *variant);
            let place = place.ok_or_else(|| {
                Unusable(format!(
                    "the ramp plan of {on} names {variant}, which is not a variant"
                ))
            })?;
            let day = usize::try_from(on.days_since(first))
                .ok()
                .and_then(|day| days.get_mut(day));
            let cell = day.and_then(|day| day.get_mut(place)).ok_or_else(|| {
                Unusable(format!(
                    "the ramp plan names {on}, which is not in the calendar"
                ))
            })?;
            *cell += count;
        }
        Ok(days)
    }
}

/// The calendar of the line through the last plan day.
pub(super) fn calendar(programme: &Programme, days: &[DayEntry]) -> Vec<CalendarDay> {
    let planned = days
        .iter()
        .take_while(|day| day.on <= programme.last_plan_on);
    planned
        .map(|day| CalendarDay {
            shifts: day.shifts,
            shift_seconds: programme.shift_seconds,
            capacity: day.capacity,
        })
        .collect()
}
