//! The line of a programme folder day by day when all goes as planned: which orders a day builds and in which order. It must
//! not know services. Invariant: the days before are sequenced as well, so that a day begins behind the vehicles that the
//! line would have built before it.
use std::collections::{BTreeMap, VecDeque};

use takt_kernel::Date;
use takt_planning::day::allocate_day;
use takt_planning::feature::Config;
use takt_planning::sequencing::{
    MOVES_PER_VEHICLE, PlantRules, Problem, ProblemError, Rule, Sequenced,
};

use super::Offline;
use crate::failure::{Failure, Outcome};
use crate::programme::SequenceRule;
use crate::world::Customers;

/// Where chance begins, as the line has it.
const SEED: u64 = 1;

/// A day of the line.
#[derive(Debug)]
pub struct LineDay {
    rules: PlantRules,
    before: Vec<Config>,
    day: Vec<(String, Config)>,
}

impl LineDay {
    /// A day when all went as planned before: no part was missing and no vehicle pulled out.
    pub fn planned(offline: &Offline, on: Date) -> Outcome<Self> {
        let rules = rules(offline)?;
        let reach = rules.reach();
        let variants = offline.sized.variants.len();
        let mut customers = Customers::new(&offline.full, offline.sized.vehicles);
        let mut queues: Vec<VecDeque<(String, Config)>> = vec![VecDeque::new(); variants];
        let mut built = vec![0i64; variants];
        let mut line = Self {
            rules,
            before: Vec::new(),
            day: Vec::new(),
        };
        let mut date = offline.sized.day_zero;
        while date <= on {
            for order in customers.orders_of(date) {
                let options: BTreeMap<String, String> = order.options.into_iter().collect();
                let Some(config) = offline.config(&order.variant_id, &options) else {
                    continue;
                };
                // The edition that goes first is locked first of its variant, so that the queue is in order as it comes.
                if let Some(queue) = queues.get_mut(config.variant()) {
                    queue.push_back((order.order_id, config));
                }
            }
            line.close(reach)?;
            let open: Vec<i64> = queues.iter().map(|queue| queue.len() as i64).collect();
            let limits = offline.schedule.limits(date);
            for slot in allocate_day(&offline.ramp, date, &built, limits, Some(&open)) {
                let count = usize::try_from(slot.units).unwrap_or(0);
                if let Some(queue) = queues.get_mut(slot.variant) {
                    line.day.extend(queue.drain(..count.min(queue.len())));
                }
                if let Some(built) = built.get_mut(slot.variant) {
                    *built += slot.units;
                }
            }
            date = date.plus(1);
        }
        match line.day.is_empty() {
            true => Err(
                Failure::bad_input(format!("the programme builds nothing on {on}"))
                    .with_way_out(format!("name a day from {} on", offline.first())),
            ),
            false => Ok(line),
        }
    }

    /// The day is over: its last vehicles are those that the next one looks back on.
    fn close(&mut self, reach: usize) -> Outcome<()> {
        if self.day.is_empty() {
            return Ok(());
        }
        let sequenced = self.sequenced();
        let sequenced = sequenced.map_err(|error| Failure::bad_input(error.to_string()))?;
        let ordered = sequenced.order.iter();
        self.before
            .extend(ordered.filter_map(|place| self.day.get(*place).map(|(_, config)| *config)));
        let gone = self.before.len().saturating_sub(reach);
        self.before.drain(..gone);
        self.day.clear();
        Ok(())
    }

    fn configs(&self) -> Vec<Config> {
        self.day.iter().map(|(_, config)| *config).collect()
    }

    /// The day in the order in which the line builds it, as places of [`LineDay::problem`].
    pub fn sequenced(&self) -> Result<Sequenced, ProblemError> {
        let configs = self.configs();
        let moves = MOVES_PER_VEHICLE * configs.len() as u64;
        self.rules.sequence(&self.before, &configs, moves, SEED)
    }

    /// The orders of the day by their places.
    pub fn order_ids(&self) -> impl Iterator<Item = &str> {
        self.day.iter().map(|(order_id, _)| order_id.as_str())
    }

    /// The day as a problem by itself; its vehicles are named after their orders.
    pub fn problem(&self) -> Problem {
        let mut problem = self.rules.problem(&self.before, &self.configs());
        for (vehicle, order_id) in problem.day.iter_mut().zip(self.order_ids()) {
            vehicle.ident = order_id.to_owned();
        }
        problem
    }
}

fn rules(offline: &Offline) -> Outcome<PlantRules> {
    let rules = offline.sized.sequence_rules.iter().map(|rule| match rule {
        SequenceRule::Ratio {
            key,
            value,
            p,
            q,
            high,
        } => Rule::Ratio {
            key: key.to_string(),
            value: value.to_string(),
            most: *p,
            span: *q,
            high: *high,
        },
        SequenceRule::PaintBatch { key, most } => Rule::PaintBatch {
            key: key.to_string(),
            most: *most,
        },
        SequenceRule::Objectives(names) => Rule::Objectives(names.clone()),
    });
    let rules: Vec<Rule> = rules.collect();
    PlantRules::new(&offline.features, &rules).map_err(Failure::bad_input)
}
