//! What production knows that a promise stands on: plan, queue of orders, line and holds, each at a version.
//!
//! It must not know supply or messages. Invariants: all of it is read in one snapshot of the database; what is kept from an
//! earlier reading is used only where its version still holds; orders that have a slot of their own do not stand in the queue.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use takt_kernel::Date;
use takt_planning::{
    ctp::{Basis, Commitment, ItemSupply, Needs, Stand},
    feature::Config,
};
use takt_service::{Error, Row, Tx};

use super::{eras::Eras, hold::Holds, store::holds_advance};
use crate::{
    plan::{PlanDay, PlanRefusal, store::plan_days_fetch},
    product::{
        Product,
        store::{date_of, index_of},
    },
};

/// How far everything has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// The plan that counts.
    pub plan: i64,
    /// The last order.
    pub order: i64,
    /// The last vehicle that entered the line.
    pub serial: i64,
    /// The last vehicle that was built.
    pub build: i64,
    /// The last day that is done, as an epoch day.
    pub done: Option<i64>,
    /// The version of the ledger of slots.
    pub slots: i64,
    /// The revision of the book of orders: what orders have become.
    pub book: i64,
}

impl Marks {
    /// Reads the marks.
    ///
    /// # Errors
    /// `Refused` when nothing was planned yet.
    pub async fn fetch(tx: &Tx) -> Result<Self, Error> {
        let sql = "SELECT (SELECT MAX(plan_no) FROM plan), (SELECT MAX(order_number) FROM demand_order), (SELECT MAX(serial) FROM vehicle), \
                   (SELECT MAX(build_number) FROM vehicle), (SELECT MAX(day_on) FROM line_day WHERE state = 1), (SELECT version FROM slot_head), \
                   (SELECT revision FROM order_book)";
        let row = tx.one(sql, vec![]).await?;
        let row = row.ok_or_else(|| Error::broken("the marks of production"))?;
        let at = |column| row.try_get_by_index::<Option<i64>>(column);
        Ok(Self {
            plan: at(0)?.ok_or(PlanRefusal::NoPlan)?,
            order: at(1)?.unwrap_or_default(),
            serial: at(2)?.unwrap_or_default(),
            build: at(3)?.unwrap_or_default(),
            done: at(4)?,
            slots: at(5)?.unwrap_or_default(),
            book: at(6)?.unwrap_or_default(),
        })
    }
}

/// The plan from a day on.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Its id.
    pub plan_id: String,
    /// The first day on which something can still be built.
    pub first: Date,
    /// Vehicles by variant and day.
    pub by_variant: Vec<Vec<i64>>,
}

/// The open orders by variant, in the order in which they are built.
#[derive(Debug, Clone, Default)]
pub struct Queue(Vec<BTreeMap<(i64, i64), Config>>);

/// Everything at its version.
#[derive(Debug, Clone)]
pub struct State {
    /// The day as of which it was read.
    pub as_of: Date,
    /// The versions.
    pub marks: Marks,
    /// The plan.
    pub planned: Arc<Planned>,
    queue: Arc<Queue>,
    holds: Arc<Holds>,
}

impl State {
    /// Reads the state, what is known from `before` not again.
    ///
    /// # Errors
    /// `Refused` when nothing was planned yet; what the database said.
    pub async fn fetch(
        tx: &Tx,
        product: &Product,
        as_of: Date,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let marks = Marks::fetch(tx).await?;
        Self::read(tx, product, as_of, marks, before).await
    }

    /// Reads the state at marks that have been; the plan and the line must not have moved on.
    ///
    /// # Errors
    /// What the database said.
    pub async fn read(
        tx: &Tx,
        product: &Product,
        as_of: Date,
        marks: Marks,
        before: Option<&Self>,
    ) -> Result<Self, Error> {
        let before = before.filter(|before| before.as_of == as_of);
        let same_line = |before: &&Self| {
            let line = |marks: &Marks| {
                (
                    marks.plan,
                    marks.serial,
                    marks.build,
                    marks.done,
                    marks.book,
                )
            };
            line(&before.marks) == line(&marks)
        };
        let line = before.filter(same_line);
        let planned = match line {
            Some(line) => Arc::clone(&line.planned),
            None => Arc::new(planned_fetch(tx, product, as_of, &marks).await?),
        };
        let queue = match line.filter(|line| line.marks.order <= marks.order) {
            Some(line) if line.marks.order == marks.order => Arc::clone(&line.queue),
            Some(line) => {
                let mut queue = Queue::clone(&line.queue);
                queue.orders_add(tx, line.marks.order, marks.order).await?;
                Arc::new(queue)
            }
            None => {
                let mut queue = Queue(vec![BTreeMap::new(); product.variants.len()]);
                queue.line_add(tx).await?;
                queue.orders_add(tx, 0, marks.order).await?;
                Arc::new(queue)
            }
        };
        let known = before.filter(|before| before.marks.slots <= marks.slots);
        let holds = match known {
            Some(known) if known.marks.slots == marks.slots => Arc::clone(&known.holds),
            known => {
                let mut holds =
                    known.map_or_else(Holds::default, |known| Holds::clone(&known.holds));
                holds_advance(tx, &mut holds, marks.slots).await?;
                Arc::new(holds)
            }
        };
        Ok(Self {
            as_of,
            marks,
            planned,
            queue,
            holds,
        })
    }

    /// Whether a hold's time passes between two moments.
    pub fn expire_between(&self, before: i64, now: i64) -> bool {
        self.holds.at(before).count() != self.holds.at(now).count()
    }

    /// Free slots and available parts at a moment. Heavy: some milliseconds for a queue of a hundred thousand.
    pub fn basis(
        &self,
        product: &Product,
        eras: &Eras,
        supply: &[Option<ItemSupply>],
        now: i64,
    ) -> Basis {
        let mut needs = OptionNeeds::default();
        let configs = self.queue.0.iter().flat_map(BTreeMap::values);
        let held = self.holds.at(now).map(|kept| &kept.config);
        for config in configs.chain(held) {
            needs.learn(product, eras, *config);
        }
        let commitments = self.holds.at(now).flat_map(|kept| {
            let options = needs.of(kept.config);
            kept.days.iter().map(move |(on, vehicles)| Commitment {
                variant: kept.config.variant(),
                options,
                on: *on,
                vehicles: *vehicles,
            })
        });
        let queue = |orders: &BTreeMap<(i64, i64), Config>| {
            orders.values().map(|config| needs.of(*config)).collect()
        };
        Basis::new(&Stand {
            first: self.planned.first,
            planned: self.planned.by_variant.clone(),
            eras: eras.by_day.clone(),
            queues: self.queue.0.iter().map(queue).collect(),
            commitments: commitments.collect(),
            bases: (0..product.variants.len())
                .map(|variant| eras.base_needs(product, variant))
                .collect(),
            supply: supply.to_vec(),
        })
    }
}

impl Queue {
    /// Vehicles that stand on the line are built before any order.
    async fn line_add(&mut self, tx: &Tx) -> Result<(), Error> {
        let sql = "SELECT w.variant_no, -1, w.serial, w.config FROM vehicle AS w WHERE w.build_number IS NULL \
                   AND NOT EXISTS (SELECT 1 FROM hold_order AS b WHERE b.order_number = w.order_number)";
        self.add(&tx.rows(sql, vec![]).await?)
    }

    async fn orders_add(&mut self, tx: &Tx, after: i64, until: i64) -> Result<(), Error> {
        let sql = "SELECT o.variant_no, o.queue_rank, o.order_number, o.config FROM demand_order AS o WHERE o.state = 0 AND o.order_number > $1 \
                   AND o.order_number <= $2 AND NOT EXISTS (SELECT 1 FROM hold_order AS b WHERE b.order_number = o.order_number)";
        self.add(&tx.rows(sql, vec![after.into(), until.into()]).await?)
    }

    fn add(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            let variant: i64 = row.try_get_by_index(0)?;
            let place = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            if let Some(orders) = self.0.get_mut(index_of(variant)) {
                orders.insert(place, Config(row.try_get_by_index(3)?));
            }
        }
        Ok(())
    }
}

async fn planned_fetch(
    tx: &Tx,
    product: &Product,
    as_of: Date,
    marks: &Marks,
) -> Result<Planned, Error> {
    let after_last = marks.done.map(|done| date_of(done).plus(1));
    let first = after_last.map_or(as_of, |after| after.max(as_of));
    let sql = "SELECT plan_id FROM plan WHERE plan_no = $1";
    let row = tx.one(sql, vec![marks.plan.into()]).await?;
    let row = row.ok_or(PlanRefusal::NoPlan)?;
    let width = product.variants.len();
    let days = plan_days_fetch(tx, marks.plan, first, width).await?;
    Ok(Planned {
        plan_id: row.try_get_by_index(0)?,
        first,
        by_variant: by_variant(&days, first, width),
    })
}

/// The vehicles of a plan by variant, then by day from `first` on.
fn by_variant(days: &[PlanDay], first: Date, width: usize) -> Vec<Vec<i64>> {
    let place = |on: Date| usize::try_from(on.days_since(first)).unwrap_or(0);
    let length = days.last().map_or(0, |day| place(day.on) + 1);
    let mut planned = vec![vec![0; length]; width];
    for day in days {
        for (row, units) in planned.iter_mut().zip(&day.variants) {
            if let Some(cell) = row.get_mut(place(day.on)) {
                *cell = *units;
            }
        }
    }
    planned
}

/// What options need, by configuration.
#[derive(Default)]
struct OptionNeeds(HashMap<Config, Vec<Needs>>);

impl OptionNeeds {
    fn learn(&mut self, product: &Product, eras: &Eras, config: Config) {
        self.0
            .entry(config)
            .or_insert_with(|| eras.option_needs(product, config));
    }

    fn of(&self, config: Config) -> &[Needs] {
        self.0.get(&config).map_or(&[], Vec::as_slice)
    }
}
