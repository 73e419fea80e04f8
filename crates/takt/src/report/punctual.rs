//! How punctual the line was, and what the stock that made it so cost in days. It must not know parts. Invariants: a vehicle is on time
//! when as many of its variant were completed by the end of its planned day as the first plan has by then with it; the days of stock
//! are those for which bought value lay on average from receipt to use, by Little's law.
use std::collections::BTreeMap;

use serde::Serialize;
use takt_contract::production::v1::{GetRampResponse, VariantQuantity};
use takt_kernel::Date;

use super::figures::StockDay;
use super::production::day_of;
use crate::failure::Outcome;
use crate::output::{grouped, percent};

/// How punctual a run was.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Punctual {
    /// The vehicles whose planned day is over.
    pub planned: i64,
    /// Those of them that were built by the end of it.
    pub on_time: i64,
    /// The days by which vehicles were later than planned, added up, until the last day of the plan.
    pub vehicle_days_late: i64,
    /// The mean days for which bought value lay in the house, from the first building day to the last; None before anything was used.
    pub stock_days: Option<f64>,
    /// The mean value of bought stock over those days.
    pub mean_stock: f64,
}

/// The figures of a run that has played through a day.
pub(super) fn punctual(
    ramp: &GetRampResponse,
    stock: &[StockDay],
    closed: Option<Date>,
) -> Outcome<Punctual> {
    let last = day_of(ramp.last_plan_date.as_ref(), "the last plan day")?;
    let last = closed.map_or(last, |closed| closed.min(last));
    let mut days = BTreeMap::<Date, (&[VariantQuantity], &[VariantQuantity])>::new();
    for day in &ramp.days {
        let date = day_of(day.date.as_ref(), "a day of the ramp")?;
        if date <= last {
            days.insert(date, (&day.planned, &day.built));
        }
    }
    let mut found = Punctual::default();
    // By variant: planned and built through the day before.
    let mut sums = BTreeMap::<&str, (i64, i64)>::new();
    for (planned, built) in days.values() {
        let mut today = BTreeMap::<&str, (i64, i64)>::new();
        for count in *planned {
            today.entry(&count.variant_id).or_default().0 += count.vehicle_count;
        }
        for count in *built {
            today.entry(&count.variant_id).or_default().1 += count.vehicle_count;
        }
        for (variant, (planned, built)) in today {
            let sum = sums.entry(variant).or_default();
            let before = sum.0;
            *sum = (sum.0 + planned, sum.1 + built);
            found.planned += planned;
            found.on_time += (sum.1 - before).clamp(0, planned);
        }
        found.vehicle_days_late += sums
            .values()
            .map(|(planned, built)| (planned - built).max(0))
            .sum::<i64>();
    }
    let working = || days.iter().filter(|(_, (_, built))| !built.is_empty());
    if let (Some((first, _)), Some((end, _))) = (working().next(), working().next_back()) {
        let (first, end) = (first.to_string(), end.to_string());
        let within = |day: &&StockDay| (first.as_str()..=end.as_str()).contains(&day.date.as_str());
        let (mut lying, mut used, mut count) = (0.0, 0.0, 0.0f64);
        for day in stock.iter().filter(within) {
            lying += day.stock;
            used += day.issued;
            count += 1.0;
        }
        found.mean_stock = (lying / count.max(1.0) * 100.0).round() / 100.0;
        found.stock_days = (used > 0.0).then(|| (lying / used * 1000.0).round() / 1000.0);
    }
    Ok(found)
}

impl Punctual {
    /// One line.
    pub(super) fn line(&self) -> String {
        let days = self.stock_days.map_or_else(
            || "nothing was used yet".to_owned(),
            |days| format!("bought value lay {days:.2} days before it was used"),
        );
        format!(
            "{} of {} vehicles built by their planned day ({}), {} vehicle-days late; {days}, {:.1} million on average",
            grouped(self.on_time),
            grouped(self.planned),
            percent(self.on_time, self.planned),
            grouped(self.vehicle_days_late),
            self.mean_stock / 1e6
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use takt_contract::date_pb;
    use takt_contract::production::v1::RampDay;

    #[test]
    fn two_variants_one_of_them_a_day_late() -> Outcome<()> {
        let counts = |counts: &[(&str, i64)]| -> Vec<VariantQuantity> {
            let count = |(variant, count): &(&str, i64)| VariantQuantity {
                variant_id: (*variant).to_owned(),
                vehicle_count: *count,
            };
            counts.iter().map(count).collect()
        };
        let start = Date::from_epoch_day(19_811);
        let day = |n: i32, planned: &[(&str, i64)], built: &[(&str, i64)]| RampDay {
            date: Some(date_pb(start.plus(n))),
            planned: counts(planned),
            built: counts(built),
            ..RampDay::default()
        };
        let ramp = GetRampResponse {
            last_plan_date: Some(date_pb(start.plus(2))),
            days: vec![
                day(0, &[("A", 10), ("B", 5)], &[("A", 10), ("B", 2)]),
                day(1, &[("A", 10), ("B", 5)], &[("A", 12), ("B", 6)]),
                day(2, &[("A", 4)], &[("B", 2)]),
                // Behind the plan nothing is on time any more.
                day(3, &[], &[("A", 2)]),
            ],
            ..GetRampResponse::default()
        };
        let lain = |n: i32, issued: f64, stock: f64| StockDay {
            date: start.plus(n).to_string(),
            received: 0.0,
            issued,
            stock,
        };
        let stock = [
            lain(-1, 0.0, 900.0),
            lain(0, 100.0, 300.0),
            lain(1, 100.0, 300.0),
            lain(2, 40.0, 120.0),
        ];
        let found = punctual(&ramp, &stock, None)?;
        // B: 2 of 5, then 3 of 5 (8 built through the second day, 5 due before it); A: 22 through day 1, of 20; then 2 of 4.
        assert_eq!((found.planned, found.on_time), (34, 10 + 2 + 10 + 3 + 2));
        // B is 3, 2 and 0 behind, A 0, 0 and 2.
        assert_eq!(found.vehicle_days_late, 7);
        // 720 lay over three days while 240 were used.
        assert_eq!((found.stock_days, found.mean_stock), (Some(3.0), 240.0));
        let early = punctual(&ramp, &stock, Some(start))?;
        assert_eq!((early.planned, early.on_time), (15, 12));
        assert_eq!(punctual(&ramp, &[], Some(start.minus(1)))?.stock_days, None);
        Ok(())
    }
}
