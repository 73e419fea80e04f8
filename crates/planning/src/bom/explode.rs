//! What one vehicle of a configuration needs. It must not know plans or stock. Units: the walk keeps 10^-12
//! of a unit and rounds half to even there; a need is that sum, freed of the noise below 10^-9, rounded up
//! to thousandths once, so that no part is ever missing by a rounding (RULES 1, 17).
use super::{Bom, BomError};
use crate::feature::Config;
use std::collections::HashMap;
use takt_kernel::{Quantity, Share, ceil_div, half_even_div};

const PICO: i64 = 1_000_000_000_000;

/// What one vehicle needs, per item in file order, zero needs left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Bought items that every vehicle of the variant needs alike.
    pub base: Vec<(usize, Quantity)>,
    /// Bought items that an option decides.
    pub option: Vec<(usize, Quantity)>,
    /// Made items without the vehicle itself, good quantity (before `order_yield`).
    pub made: Vec<(usize, Quantity)>,
}

impl Needs {
    /// All bought items: base ones, then option ones.
    pub fn bought(&self) -> impl Iterator<Item = (usize, Quantity)> + '_ {
        self.base.iter().chain(&self.option).copied()
    }

    /// How much of a bought item one vehicle needs.
    pub fn of(&self, item: usize) -> Quantity {
        self.bought()
            .find(|(at, _)| *at == item)
            .map_or(Quantity::ZERO, |(_, quantity)| quantity)
    }
}

impl Bom {
    /// What one vehicle of the configuration needs. Cost: O(lines); see `NeedCache` for hot paths.
    pub fn requirement(&self, config: Config) -> Needs {
        let gross = self
            .walk(|condition| condition.holds(config))
            .unwrap_or_default();
        let mut needs = Needs::default();
        for (item, pico) in gross
            .iter()
            .enumerate()
            .filter(|(item, pico)| **pico > 0 && *item != self.root)
        {
            let quantity = Quantity(thousandths(*pico));
            if self.items[item].made {
                needs.made.push((item, quantity));
            } else if self.optional[item] {
                needs.option.push((item, quantity));
            } else {
                needs.base.push((item, quantity));
            }
        }
        needs
    }

    pub(super) fn check_size(&self) -> Result<(), BomError> {
        self.walk(|_| true)
            .map(|_| ())
            .map_err(|item| BomError::TooLarge {
                item: self.items[item].id.clone(),
            })
    }

    /// Quantities per vehicle in 10^-12, or the item that does not fit.
    fn walk(
        &self,
        applies: impl Fn(&crate::feature::Condition) -> bool,
    ) -> Result<Vec<i64>, usize> {
        let mut gross = vec![0i64; self.items.len()];
        gross[self.root] = PICO;
        for parent in &self.order {
            if gross[*parent] == 0 {
                continue;
            }
            let good = i128::from(self.items[*parent].order_yield.0);
            for line in self
                .lines_of(*parent)
                .iter()
                .filter(|line| applies(&line.condition))
            {
                let kept = i128::from(Share::ONE.0 - line.component_scrap.0);
                let numerator = i128::from(gross[*parent]) * i128::from(line.qty.milli());
                // Scale: 10^3 of the quantity, 10^6 of the yield, 10^6 of the part kept.
                let need = numerator
                    .checked_mul(1_000_000_000)
                    .and_then(|n| half_even_div(n, good * kept));
                let sum = need.and_then(|need| gross[line.child].checked_add(need));
                gross[line.child] = sum.ok_or(line.child)?;
            }
        }
        Ok(gross)
    }
}

fn thousandths(pico: i64) -> i64 {
    let nano = half_even_div(i128::from(pico), 1000).unwrap_or(i64::MAX);
    ceil_div(i128::from(nano), 1_000_000).unwrap_or(i64::MAX)
}

/// The needs of configurations already seen: a programme has a few hundred.
#[derive(Debug, Clone, Default)]
pub struct NeedCache(HashMap<Config, Needs>);

impl NeedCache {
    /// The needs of a configuration under `bom`; one cache serves one bill of material.
    pub fn get(&mut self, bom: &Bom, config: Config) -> &Needs {
        self.0
            .entry(config)
            .or_insert_with(|| bom.requirement(config))
    }
}
