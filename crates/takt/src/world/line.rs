//! What the world does to the line: stations that stand still, vehicles pulled out or kept back. It must not know
//! what is built. Invariant: with the exact world stations never stop.
use takt_kernel::Date;

use super::dice::Dice;
use crate::programme::{Programme, WorldKind};
use crate::replay::options::{Options, PlaceOnDay};

/// What the world does to the line on a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineDay {
    /// The share of the day that stations stood still, in millionths.
    pub lost_millionths: i64,
    /// The places whose vehicles are pulled out before their parts are used.
    pub pulled: Vec<i32>,
    /// The places whose vehicles are kept back after their completion.
    pub held: Vec<i32>,
}

pub(super) struct Line {
    dice: Option<Dice>,
    /// Shop, mean milliseconds between two stops, mean milliseconds of a stop.
    stops: Vec<(String, i64, i64)>,
    /// Each day of the calendar with the milliseconds that the line works.
    calendar: Vec<(Date, i64)>,
    pulled: Vec<PlaceOnDay>,
    held: Vec<PlaceOnDay>,
}

impl Line {
    pub(super) fn new(programme: &Programme, dice: Option<Dice>, options: &Options) -> Self {
        let figure =
            |shop: &str, parameter| programme.world_number(WorldKind::Station, shop, parameter);
        // Feeder shops work into buffers; only a stop in the line costs vehicles (RULES 11).
        let line = programme
            .plant
            .shops
            .iter()
            .filter(|shop| crate::import::is_line(shop));
        let stops = line.filter_map(|shop| {
            let between = figure(shop.id.as_str(), "mtbf_hours")? * 36 / 10;
            let stop = figure(shop.id.as_str(), "mttr_minutes")? * 6 / 100;
            (between > 0).then(|| (shop.id.to_string(), between, stop))
        });
        Self {
            dice,
            stops: stops.collect(),
            calendar: programme
                .days
                .iter()
                .map(|day| (day.on, day.shifts * day.shift_ms))
                .collect(),
            pulled: options.pulled.clone(),
            held: options.held.clone(),
        }
    }

    pub(super) fn day(&self, on: Date) -> LineDay {
        let places = |list: &[PlaceOnDay]| -> Vec<i32> {
            list.iter()
                .filter(|place| place.on == on)
                .map(|place| place.place)
                .collect()
        };
        LineDay {
            lost_millionths: self.dice.map_or(0, |dice| self.lost(dice, on)),
            pulled: places(&self.pulled),
            held: places(&self.held),
        }
    }

    fn lost(&self, dice: Dice, on: Date) -> i64 {
        // After the calendar the last day's shifts go on.
        let day = self
            .calendar
            .iter()
            .find(|(date, _)| *date == on)
            .or(self.calendar.last());
        let Some(work) = day.map(|(_, work)| *work).filter(|work| *work > 0) else {
            return 0;
        };
        let mut lost = 0;
        for (shop, between, stop) in &self.stops {
            let mut at = 0;
            for number in 0.. {
                at += dice.exponential(&format!("run/{shop}/{on}/{number}"), *between);
                if at >= work {
                    break;
                }
                lost += dice
                    .exponential(&format!("stop/{shop}/{on}/{number}"), *stop)
                    .min(work - at);
            }
        }
        (lost.min(work) * 1000 / (work / 1000).max(1)).min(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    #[test]
    fn stops_cost_a_few_percent_of_the_day() -> Result<(), String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        let programme = parse(&folder).map_err(|problems| problems.to_string())?;
        let options = Options {
            pulled: vec!["2024-05-02:3".parse()?],
            ..Options::default()
        };
        let line = Line::new(&programme, Some(Dice::new(5)), &options);
        let days: Vec<LineDay> = programme.days.iter().map(|day| line.day(day.on)).collect();
        let mean = days.iter().map(|day| day.lost_millionths).sum::<i64>() / days.len() as i64;
        // 12 min in 30 h, 30 min in 50 h and 8 min in 25 h are 2.2 % together.
        assert!((15_000..30_000).contains(&mean), "{mean}");
        assert_eq!(days.iter().map(|day| day.pulled.len()).sum::<usize>(), 1);
        let exact = Line::new(&programme, None, &options);
        assert!(
            programme
                .days
                .iter()
                .all(|day| exact.day(day.on).lost_millionths == 0)
        );
        Ok(())
    }
}
