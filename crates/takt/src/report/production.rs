//! The part of a report that production knows: what was planned and built, what stopped it, what a vehicle costs. It
//! must not know the other services. Invariant: nothing is taken from the programme folder.
use std::collections::{BTreeMap, BTreeSet};

use takt_contract::common::v1::Money;
use takt_contract::production::v1::ramp_service_client::RampServiceClient;
use takt_contract::production::v1::shop_floor_service_client::ShopFloorServiceClient;
use takt_contract::production::v1::{
    GetRampRequest, GetRampResponse, GetUnitEconomicsRequest, GetWorkInProgressRequest, LineStop,
    ListMilestonesRequest, Milestone, StreamLineStopsRequest, UnitEconomics, VariantQuantity,
};
use takt_contract::{date_of, date_pb};
use takt_kernel::Date;

use super::figures::{self, Cost, Produced, StoppedBy, Wip};
use super::plant::{Plant, ask_plant};
use super::profit::{Ramp, ask_ramp};
use crate::connection::{Peer, WHOLE, ask, read};
use crate::failure::{Failure, Outcome};

/// Noon, in seconds of the plant's day.
const NOON: i32 = 12 * 3600;

/// What production answers, as it came.
pub(super) struct Line {
    pub ramp: GetRampResponse,
    pub milestones: Vec<Milestone>,
    pub stops: Vec<LineStop>,
    pub cost: Cost,
    pub work_in_progress: Vec<Wip>,
    pub course: Ramp,
    pub performance: Plant,
}

/// Asks production for everything that the report needs of the line.
pub(super) async fn ask_line(peer: &Peer) -> Outcome<Line> {
    let ramp = ask!(
        peer,
        "read the ramp",
        RampServiceClient.get_ramp,
        GetRampRequest::default(),
        WHOLE
    )?;
    let milestones = ask!(
        peer,
        "read the milestones",
        RampServiceClient.list_milestones,
        ListMilestonesRequest {}
    )?;
    let economics = ask!(
        peer,
        "read the economics",
        RampServiceClient.get_unit_economics,
        GetUnitEconomicsRequest::default(),
        WHOLE
    )?;
    let message = StreamLineStopsRequest { from_date: None };
    let stops = read!(
        peer,
        "read the stops",
        ShopFloorServiceClient.stream_line_stops,
        message,
        |page| page.stops
    )?;
    let work_in_progress = work_in_progress(peer, &ramp).await?;
    // The last milestone of production is the one that the ramp is about.
    let counts = milestones.milestones.iter();
    let last = counts.map(|milestone| milestone.cumulative_produced).max();
    let has_money = economics.programme_formula.is_some();
    Ok(Line {
        course: ask_ramp(peer, last, has_money).await?,
        performance: ask_plant(peer, None, None).await?,
        ramp,
        milestones: milestones.milestones,
        stops,
        cost: cost(economics.programme_formula, economics.as_built),
        work_in_progress,
    })
}

/// A date of an answer; a service never leaves a required one out.
pub(super) fn day_of(date: Option<&takt_contract::common::v1::Date>, what: &str) -> Outcome<Date> {
    date_of(date).ok_or_else(|| Failure::broken(format!("{what} has no date")))
}

/// The vehicles of all variants.
pub(super) fn sum(variants: &[VariantQuantity]) -> i64 {
    variants.iter().map(|variant| variant.vehicle_count).sum()
}

/// Built vehicles by variant and day, and what the first plan had made of the ramp plan.
pub(super) fn produced(ramp: &GetRampResponse) -> Outcome<Produced> {
    let mut produced = Produced::default();
    let (mut wanted, mut built) = (0, 0);
    for day in &ramp.days {
        let date = day_of(day.date.as_ref(), "a day of the ramp")?.to_string();
        let (built_now, planned_now) = (sum(&day.built), sum(&day.planned));
        wanted += sum(&day.wanted);
        built += built_now;
        // Less than was wanted, and as much as the line could: the line was the limit.
        produced.capacity_bound_days +=
            i64::from(built < wanted && built_now >= day.capacity && built_now > 0);
        for variant in &day.built {
            *produced
                .by_variant
                .entry(variant.variant_id.clone())
                .or_default() += variant.vehicle_count;
        }
        if built_now > 0 {
            produced.by_date.insert(date.clone(), built_now);
        }
        if planned_now > 0 {
            produced.planned_by_date.insert(date, planned_now);
        }
    }
    produced.total = built;
    Ok(produced)
}

/// The vehicles in the shops at noon of each month's last building day.
async fn work_in_progress(peer: &Peer, ramp: &GetRampResponse) -> Outcome<Vec<Wip>> {
    let mut last = BTreeMap::<String, Date>::new();
    for day in ramp.days.iter().filter(|day| sum(&day.built) > 0) {
        let date = day_of(day.date.as_ref(), "a day of the ramp")?;
        last.insert(date.month_key(), date);
    }
    let mut all = Vec::new();
    for date in last.into_values() {
        let message = GetWorkInProgressRequest {
            date: Some(date_pb(date)),
            second_of_day: NOON,
        };
        let answer = ask!(
            peer,
            "read the work in progress",
            ShopFloorServiceClient.get_work_in_progress,
            message
        )?;
        let shops = answer
            .shops
            .into_iter()
            .map(|shop| (shop.shop_id, shop.vehicle_count))
            .collect();
        all.push(Wip {
            date: date.to_string(),
            shops,
        });
    }
    Ok(all)
}

/// Stops by item and shop, those that cost most first.
pub(super) fn stopped(stops: &[LineStop]) -> Outcome<Vec<StoppedBy>> {
    #[derive(Default)]
    struct Sum {
        days: BTreeSet<Date>,
        variants: BTreeSet<String>,
        vehicle_days: i64,
    }
    let mut sums = BTreeMap::<(String, String), Sum>::new();
    for stop in stops {
        let sum = sums
            .entry((stop.item_id.clone(), stop.shop_id.clone()))
            .or_default();
        sum.days.insert(day_of(stop.date.as_ref(), "a stop")?);
        sum.variants.insert(stop.variant_id.clone());
        sum.vehicle_days += stop.vehicle_count;
    }
    let mut all: Vec<StoppedBy> = sums
        .into_iter()
        .map(|((item, shop), sum)| StoppedBy {
            item,
            shop,
            variants: sum.variants.into_iter().collect(),
            first: sum
                .days
                .first()
                .map(ToString::to_string)
                .unwrap_or_default(),
            last: sum.days.last().map(ToString::to_string).unwrap_or_default(),
            days: i64::try_from(sum.days.len()).unwrap_or(i64::MAX),
            vehicle_days: sum.vehicle_days,
        })
        .collect();
    all.sort_by_key(|stopped| std::cmp::Reverse(stopped.vehicle_days));
    Ok(all)
}

/// Money in units of its currency.
pub(super) fn units(money: Option<&Money>) -> Option<f64> {
    money.map(|money| cents(money.minor_units))
}

/// Minor units as units; exact up to 90 trillion.
pub(super) fn cents(minor: i64) -> f64 {
    minor as f64 / 100.0
}

fn cost(formula: Option<UnitEconomics>, as_built: Vec<UnitEconomics>) -> Cost {
    let line = |unit: &UnitEconomics| figures::UnitEconomics {
        quarter: unit.quarter.clone(),
        vehicles: unit.vehicle_count,
        average_price: units(unit.average_price.as_ref()),
        material: units(unit.material.as_ref()),
        variable_conversion: units(unit.variable_conversion.as_ref()),
        fixed_manufacturing: units(unit.fixed_manufacturing.as_ref()),
        operating_cost: units(unit.operating_cost.as_ref()),
        result: units(unit.result.as_ref()),
    };
    let programme_formula = formula.as_ref().map(line);
    let as_built: Vec<figures::UnitEconomics> = as_built.iter().map(line).collect();
    let quarter = programme_formula.as_ref().map(|unit| unit.quarter.clone());
    let same = as_built
        .iter()
        .find(|unit| Some(&unit.quarter) == quarter.as_ref());
    Cost {
        currency: formula
            .as_ref()
            .and_then(|unit| unit.material.as_ref())
            .map_or_else(|| "USD".to_owned(), |money| money.currency_code.clone()),
        material_per_vehicle_by_quarter: as_built
            .iter()
            .filter_map(|unit| Some((unit.quarter.clone(), unit.material?)))
            .collect(),
        programme_formula_q2: programme_formula.as_ref().and_then(|unit| unit.result),
        as_built_q2: same.and_then(|unit| unit.result),
        programme_formula,
        as_built,
    }
}
