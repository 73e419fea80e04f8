//! The SU7's material plan against the running programme's own netting: the same requirements day by day, the same lots
//! from the same suppliers on the same days, and the same vehicles late for the same part. Both start from the same
//! files and share nothing below the bill of material.
use crate::world::{Broken, Programme};
use std::collections::BTreeMap;
use takt_kernel::{Date, Quantity, ReasonCode};
use takt_planning::bom::NeedCache;
use takt_planning::line::Schedule;
use takt_planning::material::{
    Basis, Make, MaterialPlan, Mode, Position, Request, Source, Stock, Wanted, Workshop, translate,
};
use takt_planning::mrp::MrpError;
use takt_planning::netting::release_on;
use takt_planning::option_plan::{Forecast, Requirements, founders_left, requirements};
use takt_planning::orders::{Market, OrderWorld};
use takt_planning::ramp::{feasible_plan, material_plan};
use takt_planning::scale::Scale;

/// The programme with what the plan needs beside it.
struct Su7 {
    programme: Programme,
    market: Market,
    schedule: Schedule,
    shops: Vec<Workshop>,
    makes: Vec<Option<Make>>,
}

const SHOPS: [&str; 6] = ["ST", "DC", "BW", "PT", "BT", "FA"];
const BODY_SHOP: [&str; 11] = [
    "BIW", "UBF", "UBM", "UBR", "UBS", "CLO", "HOOD", "FEND", "DOOR", "DECK", "BODY",
];

fn shop_of(item: &str) -> usize {
    let kind = match item {
        "PBODY" => "PT",
        item if BODY_SHOP.contains(&item) => "BW",
        item if item.starts_with("BAT-") => "BT",
        item => item.get(..2).unwrap_or_default(),
    };
    SHOPS.iter().position(|shop| *shop == kind).unwrap_or(5)
}

impl Su7 {
    fn load() -> Result<Self, Broken> {
        let programme = Programme::load()?;
        let routing = include_str!("../data/routing.csv").lines().skip(1);
        let shops: Vec<Workshop> = (SHOPS.iter())
            .map(|id| Workshop {
                id: (*id).to_owned(),
                operations: (routing.clone().zip(&programme.operations))
                    .filter(|(row, _)| row.starts_with(id))
                    .map(|(_, operation)| *operation)
                    .collect(),
            })
            .collect();
        let makes = (programme.bom.items().iter())
            .map(|item| {
                item.made.then(|| Make {
                    shop: shop_of(&item.id),
                    lead_days: 0,
                })
            })
            .collect();
        Ok(Self {
            market: programme.market(Scale::FULL),
            schedule: programme.schedule(76_000, Scale::FULL),
            makes,
            shops,
            programme,
        })
    }

    fn basis(&self) -> Basis<'_> {
        Basis {
            bom: &self.programme.bom,
            features: &self.programme.features,
            attributes: &self.market.attributes,
            founders: self.market.founders,
            variant_shares: &self.market.variants,
            ramp: &self.programme.ramp,
            schedule: &self.schedule,
            first: Programme::day(1),
            calendar: &self.programme.calendar,
            scale: Scale::FULL,
            shops: &self.shops,
            makes: &self.makes,
        }
    }

    /// What was built by the plan and what waits, on the morning of a day.
    fn position(&self, as_of: Date) -> Position {
        let plan = feasible_plan(
            &self.programme.ramp,
            &[0; 3],
            Programme::day(1),
            &self.schedule,
        );
        let mut position = Position {
            built: vec![0; 3],
            queues: vec![Vec::new(); 3],
            founders_locked: 0,
        };
        for (on, day) in (1..).zip(&plan.days) {
            if Programme::day(on) < as_of {
                position
                    .built
                    .iter_mut()
                    .zip(day)
                    .for_each(|(sum, units)| *sum += units);
            }
        }
        let mut world = OrderWorld::new(self.market.clone());
        let mut number = 0;
        for (on, count) in (0..).zip(&self.programme.orders) {
            if Programme::day(on) > as_of {
                break;
            }
            for order in world.day(*count) {
                number += 1;
                position.founders_locked += i64::from(order.founder);
                position.queues[order.config.variant()].push(Wanted {
                    order_id: format!("SO-{number:07}"),
                    config: order.config,
                    on_line: false,
                });
            }
        }
        for (queue, built) in position.queues.iter_mut().zip(&position.built) {
            let done = (*built as usize).min(queue.len());
            queue.drain(..done);
        }
        position
    }

    /// The suppliers as they are, with nothing in the house.
    fn stocks(&self, lots: bool) -> Vec<Stock> {
        let stock = |sourcing: &Option<takt_planning::netting::Sourcing>| {
            let Some(sourcing) = sourcing else {
                return Stock::default();
            };
            let shares = (0..sourcing.quota.suppliers()).map(|supplier| {
                // A quota's first million lots have exactly the shares.
                takt_kernel::Share(sourcing.quota.count(supplier, 1_000_000))
            });
            Stock {
                lot: if lots { sourcing.lot } else { Quantity::ZERO },
                sources: shares
                    .zip(&sourcing.lead_days)
                    .enumerate()
                    .map(|(at, (share, lead_days))| Source {
                        supplier_id: format!("S{at}"),
                        share,
                        lead_days: *lead_days,
                        ordered_lots: 0,
                    })
                    .collect(),
                ..Stock::default()
            }
        };
        self.programme.sourcing.iter().map(stock).collect()
    }

    fn plan(&self, as_of: Date, mode: Mode, stocks: &[Stock]) -> Result<MaterialPlan, MrpError> {
        let position = self.position(as_of);
        let request = Request {
            as_of,
            mode,
            position: &position,
            stocks,
        };
        MaterialPlan::run(translate(&self.basis(), &request)?, stocks, as_of)
    }

    /// The running programme's requirements.
    fn required(&self, as_of: Date) -> Requirements {
        let position = self.position(as_of);
        let queues: Vec<Vec<_>> = (position.queues.iter())
            .map(|queue| queue.iter().map(|wanted| wanted.config).collect())
            .collect();
        let left = self.market.founders.map_or_else(Vec::new, |founders| {
            founders_left(founders, position.founders_locked, &self.market.variants)
        });
        let forecast = Forecast {
            attributes: &self.market.attributes,
            founders: self.market.founders,
            founders_left: &left,
        };
        let plan = material_plan(&self.programme.ramp, &position.built, as_of, &self.schedule);
        let mut needs = NeedCache::default();
        requirements(&self.programme.bom, &mut needs, &plan, &queues, forecast)
    }

    fn id(&self, item: usize) -> &str {
        &self.programme.bom.items()[item].id
    }
}

#[test]
fn every_item_is_required_on_the_days_of_the_running_programmes_netting() -> Result<(), Broken> {
    let su7 = Su7::load()?;
    for as_of in [
        Programme::order_from(),
        Programme::day(60),
        Programme::day(200),
    ] {
        // Without lots and stock an order is what a day requires.
        let plan = su7.plan(as_of, Mode::default(), &su7.stocks(false))?;
        let required = su7.required(as_of);
        let mut compared = 0;
        for item in su7.programme.bought() {
            let told = plan.item(item).ok_or("an item is missing")?;
            let mut by_day: BTreeMap<Date, i64> = BTreeMap::new();
            for release in &told.releases {
                *by_day.entry(release.due.plus(1)).or_default() += release.quantity.milli();
            }
            let series = (required.first.epoch_day()..).zip(&required.by_item[item]);
            let series: BTreeMap<Date, i64> = series
                .filter(|(_, need)| need.milli() > 0)
                .map(|(on, need)| (Date::from_epoch_day(on), need.milli()))
                .collect();
            assert_eq!(by_day, series, "{} as of {as_of}", su7.id(item));
            assert_eq!(told.gross.milli(), series.values().sum::<i64>());
            compared += by_day.len();
        }
        assert!(compared > 1_000, "{compared} days of requirement");
    }
    Ok(())
}

#[test]
fn the_vehicles_and_what_the_shops_make_are_what_the_plan_builds() -> Result<(), Broken> {
    let su7 = Su7::load()?;
    let plan = su7.plan(Programme::order_from(), Mode::default(), &su7.stocks(true))?;
    let gross = |id: &str| -> Result<i64, Broken> {
        let told = plan
            .item(su7.programme.item(id)?)
            .ok_or("an item is missing")?;
        assert_eq!(
            told.gross, told.planned_quantity,
            "{id} is made as it is required"
        );
        Ok(told.gross.milli() / 1000)
    };
    assert_eq!(gross("SU7")?, 100_000);
    assert_eq!(
        [gross("BODY")?, gross("PBODY")?, gross("DC-01")?],
        [100_000; 3]
    );
    assert_eq!(
        [gross("BAT-S")?, gross("BAT-P")?, gross("BAT-M")?],
        [28_000, 29_000, 43_000]
    );
    Ok(())
}

#[test]
fn lots_go_to_the_suppliers_on_the_days_of_the_running_programme() -> Result<(), Broken> {
    let su7 = Su7::load()?;
    let as_of = Programme::order_from();
    let stocks = su7.stocks(true);
    let plan = su7.plan(as_of, Mode::default(), &stocks)?;
    let required = su7.required(as_of);
    let mut lots = 0;
    for item in su7.programme.bought() {
        let told = plan.item(item).ok_or("an item is missing")?;
        let sourcing = su7.programme.sourcing[item]
            .as_ref()
            .ok_or("it has a supplier")?;
        let nothing = vec![0; sourcing.lead_days.len()];
        let position = takt_planning::netting::Position {
            issued: Quantity::ZERO,
            lost: Quantity::ZERO,
            released: &nothing,
            safety: &[],
        };
        // On a day far away everything is to be released.
        let far = Programme::day(1_000);
        let all = release_on(
            far,
            required.first,
            &required.by_item[item],
            sourcing,
            position,
        );
        let mut expected: Vec<(Date, usize, i64)> =
            all.iter().map(|r| (r.due_on, r.supplier, r.lots)).collect();
        expected.sort_unstable();
        let mut got = Vec::new();
        for release in &told.releases {
            let source = release.source.ok_or("a bought item has a supplier")?;
            let lead = sourcing.lead_days[source];
            assert_eq!(release.on, release.due.minus(lead));
            assert_eq!(release.past_due_days, as_of.days_since(release.on).max(0));
            got.push((
                release.due,
                source,
                release.quantity.milli() / sourcing.lot.milli(),
            ));
        }
        got.sort_unstable();
        assert_eq!(got, expected, "{}", su7.id(item));
        lots += got.iter().map(|(_, _, lots)| lots).sum::<i64>();
    }
    assert!(lots > 100_000, "{lots}");
    // The programme begins early enough for its longest lead time.
    assert!(plan.late().is_empty());
    Ok(())
}

#[test]
fn a_later_computer_is_the_reason_down_to_its_supplier() -> Result<(), Broken> {
    let mut su7 = Su7::load()?;
    su7.programme.set_lead("AD-02", 132)?;
    let stocks = su7.stocks(true);
    let plan = su7.plan(Programme::order_from(), Mode::default(), &stocks)?;
    let late = plan.late();
    // The running programme builds the first of them on day 31 (tests/su7.rs), 30 days late; standard is not touched.
    assert!(late.iter().all(|late| {
        plan.demand_at(late.demand)
            .is_some_and(|demand| !demand.id.contains("STD"))
    }));
    let first = late.first().ok_or("somebody is late")?;
    assert_eq!((first.days, first.earliest), (30, Some(Programme::day(31))));
    let mut path = Vec::new();
    let mut reasons = &first.reasons;
    while let Some(reason) = reasons.first() {
        path.push((reason.code, reason.subject.as_str()));
        reasons = &reason.upstream;
    }
    assert_eq!(path.first(), Some(&(ReasonCode::AwaitSupply, "SU7")));
    assert_eq!(
        path[path.len() - 2..],
        [
            (ReasonCode::MaterialShortage, "AD-02"),
            (ReasonCode::LeadTimePastDue, "S0")
        ]
    );
    Ok(())
}

#[test]
fn pegs_lead_from_an_order_to_its_parts_and_back() -> Result<(), Broken> {
    let su7 = Su7::load()?;
    let as_of = Programme::day(40);
    let plan = su7.plan(as_of, Mode::default(), &su7.stocks(true))?;
    let position = su7.position(as_of);
    let wanted = &position.queues[2][5];
    let order = plan
        .demand(&wanted.order_id)
        .ok_or("the order is planned")?;
    let needs = su7.programme.bom.requirement(wanted.config);
    let mut expected: Vec<(usize, i64)> = needs
        .bought()
        .map(|(item, need)| (item, need.milli()))
        .collect();
    expected.sort_unstable();
    let mut got: BTreeMap<usize, i64> = BTreeMap::new();
    for supplied in plan.peg_down(order, false) {
        *got.entry(supplied.item).or_default() += supplied.quantity.milli();
    }
    assert_eq!(got.into_iter().collect::<Vec<_>>(), expected);
    let computer = su7.programme.item("AD-02")?;
    let up = plan.peg_up(computer, None);
    assert!(
        up.iter()
            .any(|(demand, quantity)| *demand == order && quantity.milli() == 1000)
    );
    Ok(())
}

#[test]
fn within_capacity_no_shop_does_more_than_its_day_and_the_july_maintenance_holds()
-> Result<(), Broken> {
    let su7 = Su7::load()?;
    let finite = Mode {
        finite: true,
        weekly: false,
    };
    let plan = su7.plan(Programme::order_from(), finite, &su7.stocks(true))?;
    let told = plan
        .item(su7.programme.item("SU7")?)
        .ok_or("an item is missing")?;
    assert_eq!(told.planned_quantity, Quantity::from_units(100_000));
    for release in &told.releases {
        let room = su7.schedule.limits(release.due).total();
        assert!(release.quantity.milli() <= room * 1000, "{}", release.due);
    }
    // The ramp plan fits the line, so that nothing is late.
    assert!(plan.late().is_empty());
    Ok(())
}
