//! Plays the days of a run, one step after the other, each closed by a barrier. It must not know rows, databases or
//! how services are started. Invariants: everything goes through the contract; a day is closed only when nothing
//! moves; the suppliers' and the carriers' steps touch different services and run side by side.
use std::time::Instant;

use takt_contract::date_pb;
use takt_contract::procurement::v1::StreamDaysOfSupplyRequest;
use takt_contract::procurement::v1::material_service_client::MaterialServiceClient;
use takt_contract::production::v1::ChangeSpec;
use takt_kernel::Date;

use super::declared::{Turn, repromise};
use super::disruption::Disruption;
use super::interrupt::Interrupt;
use super::parts::{Parts, timed};
use super::pipeline::Pipeline;
use super::request::RequestIds;
use super::settle::Settling;
use super::state::Sample;
use super::{carry, cases, line, performance, supply};
use crate::change::Told;
use crate::connection::{Peers, read};
use crate::failure::Outcome;
use crate::programme::{ChangeFile, Programme};
use crate::world::{Customers, World};

/// Plans are made every so many days.
const PLAN_EVERY: i32 = 7;
/// Building goes on for at most so many days after the plan's last day (RULES 8).
const OVERTIME: i32 = 365;

/// The dates and counts by which a run goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub order_from: Date,
    pub launch: Date,
    pub first_handover: Date,
    pub plan_last: Date,
    pub last_order: Date,
    pub vehicles: i64,
}

impl Frame {
    /// The frame of a programme at the size of the run.
    pub(super) fn of(scaled: &Programme) -> Self {
        Self {
            order_from: scaled.order_from,
            launch: scaled.day_zero,
            first_handover: scaled.first_handover,
            plan_last: scaled.plan_last,
            last_order: Customers::last_day(scaled).unwrap_or(scaled.day_zero),
            vehicles: scaled
                .days
                .iter()
                .map(crate::programme::Day::planned_total)
                .sum(),
        }
    }

    /// The first day of the run: the first day of orders, or the launch where that is earlier.
    pub(super) fn first_day(&self) -> Date {
        self.order_from.min(self.launch)
    }
}

/// A run under way.
pub(super) struct Driver<'r> {
    pub peers: &'r Peers,
    pub interrupt: &'r Interrupt,
    pub ids: RequestIds,
    pub world: World,
    pub frame: Frame,
    pub pipeline: Pipeline,
    pub built: i64,
    pub parts: Parts,
    pub settling: Settling,
    /// The share of deliveries that safety times cover, in millionths; None without them.
    pub safety: Option<i64>,
    /// The outages that suppliers tell of.
    pub outages: Vec<Disruption>,
    pub change: Option<Planned<'r>>,
}

/// An engineering change that is released on the way.
pub(super) struct Planned<'r> {
    /// The day of its release.
    pub on: Date,
    /// What it says at the size of the run.
    pub spec: ChangeSpec,
    /// The change.
    pub change: &'r ChangeFile,
}

/// What became of a day.
pub(super) struct Closed {
    /// Whether the last arrival has happened.
    pub finished: bool,
    /// The days of supply, on the last day of a month.
    pub sample: Option<Sample>,
    /// The orders that were promised anew.
    pub repromised: i64,
}

impl Driver<'_> {
    fn is_building(&self, day: Date) -> bool {
        self.built < self.frame.vehicles && day <= self.frame.plan_last.plus(OVERTIME)
    }

    /// Plays a day.
    pub(super) async fn day(&mut self, day: Date) -> Outcome<Closed> {
        self.interrupt.check()?;
        let peers = self.peers;
        if let Some(planned) = self.change.as_ref().filter(|planned| planned.on == day) {
            let told = Told {
                change: planned.change,
                spec: planned.spec.clone(),
                request_id: &|step| self.ids.step(day, &format!("change/{step}")),
            };
            told.released(peers, day).await?;
            self.settle().await?;
        }
        let repromised = self.outages_told(day).await?;
        if day >= self.frame.launch {
            let (result, time) = timed(line::orders(
                &peers.delivery,
                &self.ids,
                &mut self.world.customers,
                day,
            ))
            .await;
            self.parts.add("orders", time);
            if result? > 0 {
                self.settle().await?;
            }
        }
        let due = day.days_since(self.frame.order_from);
        if due >= 0 && due % PLAN_EVERY == 0 && self.is_building(day) {
            let (result, time) = timed(line::plan(&peers.production, &self.ids, day)).await;
            self.parts.add("plan", time);
            result?;
            self.settle().await?;
            if let Some(share) = self.safety {
                let learnt = supply::learn(&peers.procurement, &self.ids, day, share);
                let (result, time) = timed(learnt).await;
                self.parts.add("learn", time);
                result?;
            }
        }
        let mut reports = performance::Reports::default();
        if day == self.frame.launch && self.is_building(day) {
            // What all levels require, as it stands when building begins; the report tells it.
            let (result, time) = timed(line::material(&peers.production, &self.ids, day)).await;
            self.parts.add("material plan", time);
            result?;
        }
        if day > self.frame.launch && self.is_building(day) {
            let mut world = self.world.line_day(day);
            let stops = std::mem::take(&mut world.stops);
            let (result, time) = timed(line::build(&peers.production, &self.ids, day, world)).await;
            self.parts.add("build", time);
            let built = result?;
            self.built = built.cumulative_built_count;
            reports = performance::Reports::of(&self.world, stops, &built);
            self.settle().await?;
        }
        self.tail(day, reports).await?;
        self.settle().await?;
        let sample = if is_month_end(day) && day >= self.frame.launch && self.is_building(day) {
            Some(self.sample(day).await?)
        } else {
            None
        };
        let finished = self.is_finished(day).await?;
        if finished {
            let complaints = &self.world.complaints;
            let (result, time) = timed(cases::play(peers, &self.ids, complaints, day)).await;
            self.parts.add("service cases", time);
            result?;
            self.settle().await?;
        }
        Ok(Closed {
            finished,
            sample,
            repromised,
        })
    }

    /// Says which outages begin and end, and promises anew what they break; answers with the number of orders.
    async fn outages_told(&mut self, day: Date) -> Outcome<i64> {
        let (peers, first) = (self.peers, self.frame.first_day());
        let outages = std::mem::take(&mut self.outages);
        let told = async {
            let Some(turn) = Turn::of(&outages, first, day) else {
                return Ok(0);
            };
            turn.tell(&peers.procurement, &self.ids, day).await?;
            self.settle().await?;
            // Before the launch there is no order whose promise could break.
            if !turn.begins() || day <= self.frame.launch {
                return Ok(0);
            }
            repromise(peers, &self.ids, day).await
        };
        let (result, time) = timed(told).await;
        self.outages = outages;
        self.parts.add("outages", time);
        result
    }

    /// The steps of suppliers, carriers and the plant's machines, side by side.
    async fn tail(&mut self, day: Date, reports: performance::Reports) -> Outcome<()> {
        let (frame, peers) = (self.frame, self.peers);
        let ordering = day >= frame.order_from && self.is_building(day);
        let supply = supply::day(
            &peers.procurement,
            &self.ids,
            &self.world.suppliers,
            &mut self.pipeline,
            day,
            ordering,
        );
        let carry = timed(async {
            if day > frame.launch {
                carry::day(
                    &peers.delivery,
                    &self.ids,
                    &self.world.carriers,
                    day,
                    frame.first_handover,
                )
                .await
            } else {
                Ok(())
            }
        });
        let report = timed(performance::day(&peers.production, &self.ids, day, reports));
        let (supplied, (carried, time), (reported, spent)) = tokio::join!(supply, carry, report);
        self.parts.add("carry", time);
        self.parts.add("report", spent);
        reported?;
        for part in supplied?.each() {
            self.parts.add(part.0, part.1);
        }
        carried
    }

    async fn settle(&mut self) -> Outcome<()> {
        let begun = Instant::now();
        let result = self.settling.settle(self.peers).await;
        self.parts.add("settle", begun.elapsed());
        result?;
        self.interrupt.check()
    }

    async fn sample(&self, day: Date) -> Outcome<Sample> {
        let message = StreamDaysOfSupplyRequest {
            as_of: Some(date_pb(day.plus(1))),
            ..StreamDaysOfSupplyRequest::default()
        };
        let lines = read!(
            &self.peers.procurement,
            "read the days of supply",
            MaterialServiceClient.stream_days_of_supply,
            message,
            |page| page.lines
        )?;
        let mut sums = std::collections::BTreeMap::<String, (i64, i64)>::new();
        for line in lines {
            let (sum, count) = sums.entry(line.group).or_default();
            *sum += line.millidays;
            *count += 1;
        }
        let groups = sums
            .into_iter()
            .map(|(group, (sum, count))| (group, sum / count.max(1)))
            .collect();
        Ok(Sample {
            date: day.to_string(),
            groups,
        })
    }

    /// The run ends with the last arrival: everything is built, nothing is ordered any more, nothing is under way.
    async fn is_finished(&self, day: Date) -> Outcome<bool> {
        if self.is_building(day.plus(1)) || day < self.frame.last_order || !self.pipeline.is_empty()
        {
            return Ok(false);
        }
        carry::is_at_rest(&self.peers.delivery).await
    }
}

fn is_month_end(day: Date) -> bool {
    day.month_key() != day.plus(1).month_key()
}
