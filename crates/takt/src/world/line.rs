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
    /// The stops of the stations, by shop and in their order.
    pub stops: Vec<StationStop>,
}

/// A stop of a shop's stations, in milliseconds of the day by the plant's clock; the end does not belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationStop {
    /// The shop.
    pub shop: String,
    /// When it began.
    pub start: i64,
    /// When it ended.
    pub end: i64,
}

/// How often the stations of a shop stop, and for how long.
struct Stations {
    shop: String,
    /// Mean milliseconds of work between two stops.
    between: i64,
    /// Mean milliseconds of a stop.
    stop: i64,
    /// Feeder shops work into buffers; only a stop in the line costs vehicles (RULES 11).
    is_line: bool,
}

pub(super) struct Line {
    dice: Option<Dice>,
    stations: Vec<Stations>,
    /// Each day of the calendar with the milliseconds that the line works.
    calendar: Vec<(Date, i64)>,
    pulled: Vec<PlaceOnDay>,
    held: Vec<PlaceOnDay>,
}

impl Line {
    pub(super) fn new(programme: &Programme, dice: Option<Dice>, options: &Options) -> Self {
        let figure =
            |shop: &str, parameter| programme.world_number(WorldKind::Station, shop, parameter);
        let stations = programme.plant.shops.iter().filter_map(|shop| {
            let between = figure(shop.id.as_str(), "mtbf_hours")? * 36 / 10;
            let stop = figure(shop.id.as_str(), "mttr_minutes")? * 6 / 100;
            (between > 0).then(|| Stations {
                shop: shop.id.to_string(),
                between,
                stop,
                is_line: crate::import::is_line(shop),
            })
        });
        Self {
            dice,
            stations: stations.collect(),
            calendar: programme
                .days
                .iter()
                // Days behind the plan have no shifts of their own; building goes on with those of its last day.
                .take_while(|day| day.on <= programme.plan_last)
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
        let (lost_millionths, stops) = self
            .dice
            .map_or((0, Vec::new()), |dice| self.stopped(dice, on));
        LineDay {
            lost_millionths,
            pulled: places(&self.pulled),
            held: places(&self.held),
            stops,
        }
    }

    /// The share of the day that the line lost, and the stops of all shops.
    fn stopped(&self, dice: Dice, on: Date) -> (i64, Vec<StationStop>) {
        // After the calendar the last day's shifts go on.
        let day = self
            .calendar
            .iter()
            .find(|(date, _)| *date == on)
            .or(self.calendar.last());
        let Some(work) = day.map(|(_, work)| *work).filter(|work| *work > 0) else {
            return (0, Vec::new());
        };
        let (mut lost, mut stops) = (0, Vec::new());
        for station in &self.stations {
            let shop = &station.shop;
            // Stations wear by the time they work, so a stop moves all later ones of its shop.
            let (mut at, mut stood) = (0, 0);
            for number in 0.. {
                at += dice.exponential(&format!("run/{shop}/{on}/{number}"), station.between);
                if at >= work {
                    break;
                }
                let length = dice
                    .exponential(&format!("stop/{shop}/{on}/{number}"), station.stop)
                    .min(work - at);
                lost += if station.is_line { length } else { 0 };
                let (start, end) = (at + stood, (at + stood + length).min(work));
                stood += length;
                if start < end {
                    stops.push(StationStop {
                        shop: shop.clone(),
                        start,
                        end,
                    });
                }
            }
        }
        let share = (lost.min(work) * 1000 / (work / 1000).max(1)).min(1_000_000);
        (share, stops)
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
        let of_line = |stop: &&StationStop| ["BW", "PT", "FA"].contains(&stop.shop.as_str());
        for day in &days {
            let stood: i64 = day
                .stops
                .iter()
                .filter(of_line)
                .map(|stop| stop.end - stop.start)
                .sum();
            // What a stop moves behind the end of the day is not reported and is lost all the same.
            assert!(day.stops.iter().all(|stop| stop.start < stop.end));
            assert!(
                stood * 1000 / 37_800 <= day.lost_millionths * 2 + 2,
                "{day:?}"
            );
        }
        let feeders = days
            .iter()
            .flat_map(|day| &day.stops)
            .filter(|stop| stop.shop == "DC");
        assert!(feeders.count() > 50);
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
