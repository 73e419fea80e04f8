//! Reads calendars.csv, resources.csv, shifts.csv and maintenance.csv. It must not know items. A shop has either
//! `week_capacity_hours` or `stations`, shifts and, if it is not 1, an `efficiency`; then its room counts by day. Invariant:
//! a refusal names text, line, field and the way out.
use super::super::calendar::Calendar;
use super::super::csv::Table;
use super::super::error::MrpError;
use super::super::limits::DAY;
use super::super::problem::{Capacity, Day, Problem, Shop};
use super::super::shop_hours::{Maintenance, ShiftPlan, ShopHours};
use super::items::named;
use super::{Names, Texts, once};
use takt_kernel::{Date, Share};

/// How long after day 0 shifts and maintenance are looked up, in days.
const HORIZON: Day = 3_650;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(super) fn calendars(
    text: Option<&str>,
    first: Date,
    problem: &mut Problem,
) -> Result<Names, MrpError> {
    let mut names = Names::new();
    let Some(text) = text else {
        return Ok(names);
    };
    let table = Table::new("calendars.csv", text)?;
    let (id, day) = (table.column("calendar")?, table.column("day")?);
    let works = table.column("works")?;
    // The epoch, 1970-01-01, is a Thursday.
    let monday = (7 - (first.epoch_day() + 3).rem_euclid(7)).rem_euclid(7);
    for row in table {
        let row = row?;
        let name = row.text(id);
        if !names.contains_key(name) {
            once(&mut names, &row, name, "calendar")?;
            problem.calendars.push(Calendar::every_day());
        }
        let works = match row.text(works) {
            "0" | "false" => false,
            "1" | "true" => true,
            other => {
                return Err(row.error(format!("works is {other:?}; give true or false")));
            }
        };
        let calendar = &mut problem.calendars[names[name]];
        match WEEKDAYS
            .iter()
            .position(|weekday| *weekday == row.text(day))
        {
            Some(weekday) => calendar.week[(weekday + monday as usize) % 7] = works,
            None => {
                let day = row.whole(day, "day")?;
                calendar.exceptions.insert(day, works);
            }
        }
    }
    Ok(names)
}

pub(super) fn resources(
    texts: &Texts<'_>,
    calendars: &Names,
    problem: &mut Problem,
) -> Result<Names, MrpError> {
    let table = Table::new("resources.csv", texts.resources)?;
    let (shop, hours) = (table.column("shop")?, table.column("week_capacity_hours")?);
    let (calendar, stations) = (table.optional("calendar"), table.optional("stations"));
    let efficiency = table.optional("efficiency");
    let (mut names, mut by_station) = (Names::new(), Vec::new());
    for row in table {
        let row = row?;
        once(&mut names, &row, row.text(shop), "shop")?;
        let calendar = match row.given(calendar) {
            Some(at) => Some(named(&row, at, calendars, "calendar", "calendars.csv")?),
            None => None,
        };
        let capacity = match row.given(stations) {
            None => Capacity::Week(row.number(hours, "week_capacity_hours", 3)?),
            Some(at) => {
                let efficiency = match row.given(efficiency) {
                    Some(at) => Share(row.number(at, "efficiency", 6)?),
                    None => Share::ONE,
                };
                let stations = i64::from(row.whole(at, "stations")?);
                if !(0..=1_000_000).contains(&stations)
                    || !(0..=Share::ONE.0).contains(&efficiency.0)
                {
                    let message =
                        "stations and efficiency are out of range; give 0 to 1000000, and 0 to 1";
                    return Err(row.error(message.to_owned()));
                }
                by_station.push((
                    problem.shops.len(),
                    ShopHours {
                        stations,
                        efficiency,
                        shifts: Vec::new(),
                        maintenance: Vec::new(),
                    },
                ));
                Capacity::Day(0)
            }
        };
        problem.shops.push(Shop {
            id: row.text(shop).to_owned(),
            calendar,
            capacity,
            exceptions: Vec::new(),
        });
    }
    hours_of(texts, &names, &mut by_station)?;
    for (at, hours) in by_station {
        let shop = &mut problem.shops[at];
        *shop = hours.daily(&shop.id, shop.calendar, 0, HORIZON);
    }
    Ok(names)
}

/// Reads shifts and maintenance of the shops that have stations.
fn hours_of(
    texts: &Texts<'_>,
    names: &Names,
    shops: &mut [(usize, ShopHours)],
) -> Result<(), MrpError> {
    let day = |value: i32| (-DAY..=DAY).contains(&value);
    if let Some(text) = texts.shifts {
        let table = Table::new("shifts.csv", text)?;
        let (shop, from) = (table.column("shop")?, table.column("from_day")?);
        let (shifts, hours) = (table.column("shifts")?, table.column("shift_hours")?);
        for row in table {
            let row = row?;
            let at = named(&row, shop, names, "shop", "resources.csv")?;
            let plan = ShiftPlan {
                from: row.whole(from, "from_day")?,
                shifts: i64::from(row.whole(shifts, "shifts")?),
                shift_milli_hours: row.number(hours, "shift_hours", 3)?,
            };
            let fine = (0..=24).contains(&plan.shifts)
                && (0..=24_000).contains(&plan.shift_milli_hours)
                && day(plan.from);
            let Some((_, hours)) = shops
                .iter_mut()
                .find(|(shop, _)| *shop == at)
                .filter(|_| fine)
            else {
                let message = "the shifts do not fit; give a shop with stations and 0 to 24 shifts of 0 to 24 hours";
                return Err(row.error(message.to_owned()));
            };
            hours.shifts.push(plan);
        }
    }
    if let Some(text) = texts.maintenance {
        let table = Table::new("maintenance.csv", text)?;
        let (shop, stations) = (table.column("shop")?, table.column("stations")?);
        let (from, until) = (table.column("from_day")?, table.column("until_day")?);
        for row in table {
            let row = row?;
            let at = named(&row, shop, names, "shop", "resources.csv")?;
            let stop = Maintenance {
                from: row.whole(from, "from_day")?,
                until: row.whole(until, "until_day")?,
                stations: i64::from(row.whole(stations, "stations")?),
            };
            let Some((_, hours)) = shops.iter_mut().find(|(shop, _)| *shop == at) else {
                let message =
                    "maintenance needs a shop with stations; give it stations in resources.csv";
                return Err(row.error(message.to_owned()));
            };
            hours.maintenance.push(stop);
        }
    }
    Ok(())
}
