//! Which engineering changes the vehicles of each coming day have, and what they need because of it.
//!
//! It must not know rows or messages. Invariants: without changes there is one era; a change that runs out an old part begins
//! when plan and stock say so, and later where they do not tell, so that a promise stands on parts that are kept for it. On
//! the day of a break all vehicles count as those behind it.

use takt_kernel::Quantity;
use takt_planning::{
    change::{Breaks, Change, Effectivity, covered},
    ctp::{ItemSupply, Needs},
    feature::{CHANGE_KEY, Config},
    ramp::FeasiblePlan,
};

use super::state::Planned;
use crate::product::Product;

/// The eras of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eras {
    /// The era of each day from the first of the plan on; empty without changes.
    pub by_day: Vec<usize>,
    /// The changes of each era, one bit each.
    changes: Vec<usize>,
}

impl Eras {
    /// The eras of a plan whose first vehicle gets the build number `next`.
    pub fn of(
        product: &Product,
        planned: &Planned,
        next: i64,
        supply: &[Option<ItemSupply>],
    ) -> Self {
        let mut eras = Self {
            by_day: Vec::new(),
            changes: vec![0],
        };
        if product.changes.is_empty() {
            return eras;
        }
        let days = planned.by_variant.iter().map(Vec::len).max().unwrap_or(0);
        let counts = |day: usize| -> Vec<i64> {
            let of = |row: &Vec<i64>| row.get(day).copied().unwrap_or(0);
            planned.by_variant.iter().map(of).collect()
        };
        let plan = FeasiblePlan {
            first: planned.first,
            days: (0..days).map(counts).collect(),
        };
        let bases: Vec<Needs> = (0..product.variants.len())
            .map(|variant| base_needs(product, variant, 0))
            .collect();
        let runs_out = |change: &Change| {
            let Effectivity::RunOut(from) = change.effectivity else {
                return None;
            };
            let of = |item: &usize| {
                let stock = supply.get(*item)?.as_ref()?;
                let coming: i64 = stock
                    .receipts
                    .iter()
                    .map(|(_, thousandths)| thousandths)
                    .sum();
                let need = need(&plan, &bases, *item);
                covered(
                    &plan,
                    &need,
                    from,
                    Quantity(stock.free.saturating_add(coming)),
                )
            };
            change.old.iter().filter_map(of).min()
        };
        let breaks = Breaks::of(&product.changes, next, runs_out);
        let (mut before, mut has) = (0, None);
        for (on, counts) in (0..).map(|day| planned.first.plus(day)).zip(&plan.days) {
            // Who is promised is built behind the orders that wait, so the last vehicle of a day tells.
            let last = breaks
                .parts(on, before, counts)
                .last()
                .map(|part| part.changes);
            before += counts.iter().sum::<i64>();
            // A day without vehicles is of the era before it.
            let now = last.or(has).unwrap_or(0);
            if has.is_none() {
                eras.changes = vec![now];
            } else if has != Some(now) {
                eras.changes.push(now);
            }
            has = Some(now);
            eras.by_day.push(eras.changes.len() - 1);
        }
        eras
    }

    /// What every vehicle of a variant needs, whatever its options, by era.
    pub fn base_needs(&self, product: &Product, variant: usize) -> Vec<Needs> {
        let changes = self.changes.iter();
        changes
            .map(|changes| base_needs(product, variant, *changes))
            .collect()
    }

    /// What the options of a configuration need beside the base of its variant, by era.
    pub fn option_needs(&self, product: &Product, config: Config) -> Vec<Needs> {
        let mut needs = product.needs();
        let mut of = |changes: &usize| {
            // A vehicle that stands on the line has its changes already.
            let config = config.with(CHANGE_KEY, changes | config.changes());
            thousandths(&needs.get(&product.bom, config).option)
        };
        self.changes.iter().map(&mut of).collect()
    }
}

fn base_needs(product: &Product, variant: usize, changes: usize) -> Needs {
    let mut needs = product.needs();
    let config = Config(0).with(0, variant).with(CHANGE_KEY, changes);
    thousandths(&needs.get(&product.bom, config).base)
}

/// What the vehicles of a plan need of an item by day, if nothing changed.
fn need(plan: &FeasiblePlan, bases: &[Needs], item: usize) -> Vec<Quantity> {
    let each: Vec<i64> = bases
        .iter()
        .map(|base| {
            let found = base.iter().find(|(other, _)| *other == item);
            found.map_or(0, |(_, thousandths)| *thousandths)
        })
        .collect();
    let of = |counts: &Vec<i64>| {
        let sum = counts
            .iter()
            .zip(&each)
            .map(|(units, each)| units.saturating_mul(*each));
        Quantity(sum.sum())
    };
    plan.days.iter().map(of).collect()
}

fn thousandths(needs: &[(usize, Quantity)]) -> Needs {
    let plain = |(item, quantity): &(usize, Quantity)| (*item, quantity.milli());
    needs.iter().map(plain).collect()
}
