//! One run, day by day in the order of the steps: orders, plan, build, release, receive.
use super::Programme;
use std::collections::VecDeque;
use takt_kernel::{Date, Quantity};
use takt_planning::bom::NeedCache;
use takt_planning::day::{DayInput, Stopped, build_day};
use takt_planning::feature::Config;
use takt_planning::line::Schedule;
use takt_planning::netting::{Position, release_on};
use takt_planning::option_plan::{Forecast, Requirements, founders_left, requirements};
use takt_planning::orders::{Market, OrderWorld};
use takt_planning::ramp::feasible_plan;
use takt_planning::scale::Scale;

pub struct Run<'a> {
    su7: &'a Programme,
    schedule: Schedule,
    market: Market,
    world: OrderWorld,
    needs: NeedCache,
    queues: Vec<Vec<Config>>,
    founders_locked: i64,
    required: Option<(Requirements, Vec<Quantity>)>,
    released: Vec<Vec<i64>>,
    coming: VecDeque<Vec<(usize, Quantity)>>,
    next_order_day: usize,
    date: Date,
    pub stock: Vec<Quantity>,
    pub received: Vec<Quantity>,
    pub issued: Vec<Quantity>,
    pub built: Vec<i64>,
    pub days: Vec<(Date, Vec<i64>)>,
    pub stops: Vec<(Date, Stopped)>,
    pub first_release: Date,
}

fn add(to: &mut Quantity, milli: i64) {
    *to = Quantity(to.milli() + milli);
}

impl<'a> Run<'a> {
    pub fn new(su7: &'a Programme, takt_ms: i64, scale: Scale) -> Self {
        let zero = vec![Quantity::ZERO; su7.bom.items().len()];
        let market = su7.market(scale);
        Self {
            schedule: su7.schedule(takt_ms, scale),
            world: OrderWorld::new(market.clone()),
            market,
            needs: NeedCache::default(),
            queues: vec![Vec::new(); 3],
            founders_locked: 0,
            required: None,
            released: su7
                .sourcing
                .iter()
                .map(|s| vec![0; s.as_ref().map_or(0, |s| s.lead_days.len())])
                .collect(),
            coming: VecDeque::new(),
            next_order_day: 0,
            date: Programme::order_from(),
            stock: zero.clone(),
            received: zero.clone(),
            issued: zero,
            built: vec![0; 3],
            days: Vec::new(),
            stops: Vec::new(),
            first_release: Date::MAX,
            su7,
        }
    }

    pub fn through(&mut self, last: Date) {
        while self.date <= last {
            if self.date >= Programme::day(0) {
                self.orders();
            }
            if self.date.days_since(Programme::order_from()) % 7 == 0 {
                self.plan();
            }
            self.build();
            self.release();
            for (item, quantity) in self.coming.pop_front().unwrap_or_default() {
                add(&mut self.stock[item], quantity.milli());
                add(&mut self.received[item], quantity.milli());
            }
            self.date = self.date.plus(1);
        }
    }

    fn orders(&mut self) {
        let count = self
            .su7
            .orders
            .get(self.next_order_day)
            .copied()
            .unwrap_or(0);
        self.next_order_day += 1;
        for order in self.world.day(count) {
            self.founders_locked += i64::from(order.founder);
            // FOUNDERS are locked first of their variant, so that the queue is in order as it comes.
            self.queues[order.config.variant()].push(order.config);
        }
    }

    fn plan(&mut self) {
        let plan = feasible_plan(&self.su7.ramp, &self.built, self.date, &self.schedule);
        let left = self
            .market
            .founders
            .map(|f| founders_left(f, self.founders_locked, &self.market.variants));
        let forecast = Forecast {
            attributes: &self.market.attributes,
            founders: self.market.founders,
            founders_left: &left.unwrap_or_default(),
        };
        let required = requirements(
            &self.su7.bom,
            &mut self.needs,
            &plan,
            &self.queues,
            forecast,
        );
        self.required = Some((required, self.issued.clone()));
    }

    fn build(&mut self) {
        let input = DayInput {
            ramp: &self.su7.ramp,
            date: self.date,
            built: &self.built,
            queues: &self.queues,
            bom: &self.su7.bom,
        };
        let before = self.stock.clone();
        let day = build_day(
            input,
            self.schedule.limits(self.date),
            &mut self.needs,
            &mut self.stock,
        );
        for (item, (before, after)) in before.iter().zip(&self.stock).enumerate() {
            add(&mut self.issued[item], before.milli() - after.milli());
        }
        let mut built = vec![0; 3];
        for picked in day.picked.iter().rev() {
            self.queues[picked.variant].remove(picked.place);
            built[picked.variant] += 1;
        }
        self.built
            .iter_mut()
            .zip(&built)
            .for_each(|(sum, units)| *sum += units);
        self.stops
            .extend(day.stopped.into_iter().map(|stop| (self.date, stop)));
        self.days.push((self.date, built));
    }

    fn release(&mut self) {
        let Some((required, issued)) = &self.required else {
            return;
        };
        for item in self.su7.bought() {
            let Some(sourcing) = &self.su7.sourcing[item] else {
                continue;
            };
            let position = Position {
                issued: issued[item],
                lost: Quantity::ZERO,
                released: &self.released[item],
                safety: &[],
            };
            for release in release_on(
                self.date,
                required.first,
                &required.by_item[item],
                sourcing,
                position,
            ) {
                self.first_release = self.first_release.min(self.date);
                self.released[item][release.supplier] += release.lots;
                let days = release.receipt_on.days_since(self.date) as usize;
                while self.coming.len() <= days {
                    self.coming.push_back(Vec::new());
                }
                self.coming[days].push((item, Quantity(sourcing.lot.milli() * release.lots)));
            }
        }
    }

    pub fn built_on(&self, date: Date) -> i64 {
        self.days
            .iter()
            .filter(|(day, _)| *day == date)
            .flat_map(|(_, built)| built)
            .sum()
    }

    pub fn built_by(&self, date: Date) -> i64 {
        self.days
            .iter()
            .filter(|(day, _)| *day <= date)
            .flat_map(|(_, built)| built)
            .sum()
    }

    /// The largest need of any vehicle for an item, in thousandths.
    pub fn per_vehicle_most(&self, item: usize) -> i64 {
        self.su7
            .bom
            .where_used(item)
            .iter()
            .map(|line| line.qty.milli())
            .max()
            .unwrap_or(0)
            * 4
    }
}
