//! Option conditions: makes one item of each configuration that is asked for, wherever the options below an item decide
//! what it is made of. It must not know how a plan is made. Method: a key matters to an item where a line of it or
//! of anything below names the key; items for which no key matters are shared. Invariants: items and demands keep their
//! index, new items come after; a body that could be red or blue is never pooled.
use super::error::MrpError;
use super::network::Network;
use super::problem::{Line, Problem};
use crate::feature::{Condition, Config};
use std::collections::HashMap;

/// The keys that matter, bit k for key k.
type Keys = u32;

impl Problem {
    /// The same problem without conditions: lines are chosen by the configuration of each demand.
    pub fn configured(self) -> Result<Self, MrpError> {
        if self.lines.iter().all(|line| line.condition.is_always()) {
            return Ok(self);
        }
        let network = Network::new(&self)?;
        let mut keys: Vec<Keys> = vec![0; self.items.len()];
        for item in network.order.iter().rev().map(|at| *at as usize) {
            for edge in network.below(item) {
                let line = &self.lines[edge.line as usize];
                let named = line.condition.keys().fold(0, |sum, key| sum | 1 << key);
                keys[item] |= named | keys[edge.child as usize];
            }
        }
        let mut configured = Self {
            lines: Vec::new(),
            ..self.clone()
        };
        let mut variants = Variants {
            problem: &self,
            network: &network,
            keys: &keys,
            made: HashMap::new(),
        };
        for (at, demand) in self.demands.iter().enumerate() {
            if keys[demand.item] == 0 {
                continue;
            }
            let config = demand.config.ok_or_else(|| MrpError::Configuration {
                subject: demand.id.clone(),
                rule: "options below its item decide what it is made of; give a configuration",
            })?;
            configured.demands[at].item = variants.of(demand.item, config, &mut configured)?;
        }
        for (item, named) in self.items.iter().enumerate() {
            let stock = named.on_hand.milli() > 0 || named.safety_stock.milli() > 0;
            let coming = self.receipts.iter().any(|receipt| receipt.item == item);
            if keys[item] != 0 && (stock || coming) {
                return Err(MrpError::Configuration {
                    subject: named.id.clone(),
                    rule: "its stock and receipts cannot be told apart by configuration; make each stocked configuration an item",
                });
            }
        }
        let shared = self.lines.into_iter().filter(|line| keys[line.parent] == 0);
        configured.lines.extend(shared);
        Ok(configured)
    }
}

struct Variants<'a> {
    problem: &'a Problem,
    network: &'a Network,
    keys: &'a [Keys],
    made: HashMap<(usize, Config), usize>,
}

impl Variants<'_> {
    /// The index of an item in a configuration; made where it is new, with all below it.
    fn of(&mut self, item: usize, config: Config, into: &mut Problem) -> Result<usize, MrpError> {
        let keys = self.keys[item];
        if keys == 0 {
            return Ok(item);
        }
        let part = (0..crate::feature::MAX_KEYS)
            .filter(|key| keys >> key & 1 == 1)
            .fold(Config::default(), |part, key| {
                part.with(key, config.value(key))
            });
        if let Some(made) = self.made.get(&(item, part)) {
            return Ok(*made);
        }
        let made = into.items.len();
        let mut variant = self.problem.items[item].clone();
        variant.id = format!("{}#{part}", variant.id);
        into.items.push(variant);
        self.made.insert((item, part), made);
        for edge in self.network.below(item) {
            let line = &self.problem.lines[edge.line as usize];
            if line.condition.holds(config) {
                let child = self.of(line.child, config, into)?;
                into.lines.push(Line {
                    parent: made,
                    child,
                    condition: Condition::default(),
                    ..line.clone()
                });
            }
        }
        Ok(made)
    }
}
