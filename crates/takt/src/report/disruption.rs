//! What the outages of a run cost (RULES 13): vehicles as built against the first feasible plan, which is what an
//! undisturbed run builds. It must not know parts. Invariant: without outages there is no figure.
use std::collections::BTreeMap;

use takt_contract::production::v1::{GetRampResponse, LineStop, VariantQuantity};
use takt_kernel::Date;
use takt_planning::shortfall::shortfall;

use super::figures::{DisruptionFigures, FirstStop, Shortfall};
use super::production::{day_of, sum};
use crate::failure::Outcome;
use crate::replay::state::State;

/// The cost of the outages of a run.
pub(super) fn figures(
    state: &State,
    ramp: &GetRampResponse,
    stops: &[LineStop],
    slipped_orders: i64,
) -> Outcome<Option<DisruptionFigures>> {
    let outages = &state.options.disruptions;
    let Some(begin) = outages.iter().map(|outage| outage.from).min() else {
        return Ok(None);
    };
    let last = day_of(ramp.last_plan_date.as_ref(), "the last plan day")?;
    let cost = |count: &dyn Fn(&[VariantQuantity]) -> i64| -> Outcome<Shortfall> {
        let mut planned = BTreeMap::<Date, (i64, i64)>::new();
        for day in &ramp.days {
            let date = day_of(day.date.as_ref(), "a day of the ramp")?;
            planned.insert(date, (count(&day.planned), count(&day.built)));
        }
        let Some((first, end)) = planned
            .keys()
            .next()
            .copied()
            .zip(planned.keys().next_back().copied())
        else {
            return Ok(takt_planning::shortfall::Shortfall::default().into());
        };
        let days = (0..=end.days_since(first))
            .map(|n| planned.get(&first.plus(n)).copied().unwrap_or_default());
        let (undisturbed, disturbed): (Vec<i64>, Vec<i64>) = days.unzip();
        Ok(shortfall(first, &undisturbed, &disturbed, last).into())
    };
    let variants: std::collections::BTreeSet<&str> = ramp
        .days
        .iter()
        .flat_map(|day| &day.planned)
        .map(|variant| variant.variant_id.as_str())
        .collect();
    let of = |variant: &str, counts: &[VariantQuantity]| -> i64 {
        counts
            .iter()
            .filter(|count| count.variant_id == variant)
            .map(|count| count.vehicle_count)
            .sum()
    };
    let by_variant: Outcome<BTreeMap<String, Shortfall>> = variants
        .into_iter()
        .map(|variant| Ok((variant.to_owned(), cost(&|counts| of(variant, counts))?)))
        .collect();
    Ok(Some(DisruptionFigures {
        outages: outages.iter().map(ToString::to_string).collect(),
        first_stop: first_stop(stops, begin)?,
        all: cost(&sum)?,
        by_variant: by_variant?,
        slipped_orders,
        repromised_orders: state.repromised_orders,
    }))
}

/// The first stop for want of a part since a day; the services tell stops of one day in the order of the line.
fn first_stop(stops: &[LineStop], begin: Date) -> Outcome<Option<FirstStop>> {
    let mut first: Option<(Date, &LineStop)> = None;
    for stop in stops.iter().filter(|stop| !stop.item_id.is_empty()) {
        let date = day_of(stop.date.as_ref(), "a stop")?;
        if date >= begin && first.is_none_or(|(earliest, _)| date < earliest) {
            first = Some((date, stop));
        }
    }
    Ok(first.map(|(date, stop)| FirstStop {
        date: date.to_string(),
        shop: stop.shop_id.clone(),
        variant: stop.variant_id.clone(),
        item: stop.item_id.clone(),
    }))
}

impl From<takt_planning::shortfall::Shortfall> for Shortfall {
    fn from(shortfall: takt_planning::shortfall::Shortfall) -> Self {
        Self {
            late: shortfall.late,
            late_on: shortfall.late_on.map(|date| date.to_string()),
            recovered_on: shortfall.recovered_on.map(|date| date.to_string()),
            lost: shortfall.lost,
            vehicle_days_late: shortfall.vehicle_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::options::Options;
    use takt_contract::date_pb;
    use takt_contract::production::v1::RampDay;

    #[test]
    fn three_days_without_parts_are_late_and_recovered() -> Result<(), Box<dyn std::error::Error>> {
        let date = |n: i32| Some(date_pb(Date::from_epoch_day(19_850 + n)));
        let counts = |count: i64| {
            vec![VariantQuantity {
                variant_id: "MAX".to_owned(),
                vehicle_count: count,
            }]
        };
        let day = |n: i32, planned: i64, built: i64| RampDay {
            date: date(n),
            planned: counts(planned),
            built: counts(built),
            ..RampDay::default()
        };
        let ramp = GetRampResponse {
            days: vec![day(0, 5, 5), day(1, 5, 0), day(2, 5, 8), day(3, 0, 2)],
            last_plan_date: date(2),
            ..GetRampResponse::default()
        };
        let stops = [LineStop {
            date: date(1),
            shop_id: "BT".to_owned(),
            variant_id: "MAX".to_owned(),
            item_id: "BM-01".to_owned(),
            vehicle_count: 5,
        }];
        let options = Options {
            disruptions: vec!["CATL@2024-05-08:2".parse()?],
            ..Options::default()
        };
        let state = State::new("su7", "x", &options);
        let found = figures(&state, &ramp, &stops, 3)?.ok_or("there are figures")?;
        assert_eq!(
            (found.all.late, found.all.lost, found.all.vehicle_days_late),
            (5, 2, 7)
        );
        assert_eq!(found.all.recovered_on.as_deref(), Some("2024-05-10"));
        assert_eq!(
            found.first_stop.map(|stop| stop.shop).as_deref(),
            Some("BT")
        );
        let quiet = State::new("su7", "x", &Options::default());
        assert!(figures(&quiet, &ramp, &stops, 3)?.is_none());
        Ok(())
    }
}
