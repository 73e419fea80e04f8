//! What owners complain about in the first 90 days (RULES 20), and the failures of the bad lot (RULES 19). It must not know services or
//! dates of the run. Invariants: the complaints of a vehicle depend on the seed and its number alone; with the exact world no lot is worse
//! than another one.
use std::collections::HashSet;

use takt_kernel::Date;

use super::dice::Dice;
use crate::programme::{Programme, WorldKind, WorldValue};

/// The days that count.
const WINDOW: i64 = 90;
/// Every vehicle has so many complaints ..
const EACH: usize = 2;
/// .. and one more with this probability in millionths, which makes 2.1 a vehicle (RULES 20).
const ONE_MORE: i64 = 100_000;
/// A repair of at most so many thousandths of an hour is done on the day of the complaint.
const SAME_DAY: i64 = 2_000;
/// The words of a remedy in which a part has failed; advice, adjustment, software and polish are none.
const FAILED: [&str; 6] = ["part", "replace", "swap", "pads", "discs", "module"];

/// What owners complain about.
pub struct Complaints {
    dice: Dice,
    kinds: Vec<Kind>,
    /// The sum of the shares.
    whole: i64,
    bad: Option<BadLot>,
    serial: HashSet<String>,
}

struct Kind {
    category: String,
    /// The shares of the kinds up to this one.
    until: i64,
    items: Vec<String>,
    remedies: Vec<String>,
    labour_millihours: i64,
    cost_minor: i64,
}

/// A lot that fails more often than others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLot {
    /// The item.
    pub item: String,
    /// The supplier.
    pub supplier: String,
    /// The ISO week of receipt.
    pub week: String,
    /// How often its parts fail, in millionths.
    bad: i64,
    /// How often the others do.
    base: i64,
    /// The place of the kind of complaint.
    kind: usize,
}

/// A complaint and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Its number with its vehicle.
    pub number: usize,
    /// The day.
    pub on: Date,
    /// The day of the repair.
    pub repaired_on: Date,
    /// What it is about.
    pub category: String,
    /// The items of which one has failed, in the order in which they are looked for; empty where no part has.
    pub items: Vec<String>,
    /// Whether there is no complaint where the vehicle has none of the items.
    pub needs_item: bool,
    /// What is done.
    pub remedy: String,
    /// Thousandths of hours.
    pub labour_millihours: i64,
    /// Cents.
    pub cost_minor: i64,
}

impl Complaints {
    /// The complaints of a programme.
    pub fn new(programme: &Programme, dice: Dice, real: bool) -> Self {
        let mut whole = 0;
        let kinds: Vec<Kind> = (programme.service_cases.iter())
            .map(|case| {
                whole += case.share.millionths();
                Kind {
                    category: case.category.clone(),
                    until: whole,
                    items: case.items.iter().map(ToString::to_string).collect(),
                    remedies: case.remedy.split('/').map(str::to_owned).collect(),
                    labour_millihours: case.labour_millihours,
                    // Millionths of a dollar are ten thousand to a cent.
                    cost_minor: case.cost.micros / 10_000,
                }
            })
            .collect();
        let serial = programme.items.iter().filter(|item| item.serial);
        Self {
            dice,
            bad: if real {
                bad_lot(programme, &kinds)
            } else {
                None
            },
            kinds,
            whole,
            serial: serial.map(|item| item.id.to_string()).collect(),
        }
    }

    /// The lot that is worse than others, where the world has one.
    pub fn bad_lot(&self) -> Option<&BadLot> {
        self.bad.as_ref()
    }

    /// Whether each piece of an item has a number of its own.
    pub fn is_serial(&self, item: &str) -> bool {
        self.serial.contains(item)
    }

    /// The complaints about a vehicle, by day.
    pub fn of(&self, vin: &str, handed_over_on: Date, holds_bad: bool) -> Vec<Complaint> {
        if self.whole == 0 {
            return Vec::new();
        }
        let more = usize::from(self.dice.falls(&format!("cases/{vin}"), ONE_MORE));
        let drawn = (0..EACH + more).filter_map(|number| {
            let share = self.dice.share(&format!("case/{vin}/{number}"));
            let at = i128::from(share) * i128::from(self.whole) / 1_000_000;
            let kind = self.kinds.iter().find(|kind| i128::from(kind.until) > at)?;
            Some(self.complaint(vin, number, handed_over_on, kind))
        });
        let mut all: Vec<Complaint> = drawn.collect();
        if let Some(bad) = &self.bad {
            let odds = if holds_bad { bad.bad } else { bad.base };
            let number = EACH + 1;
            if self.dice.falls(&format!("bad/{vin}"), odds)
                && let Some(kind) = self.kinds.get(bad.kind)
            {
                let remedy = "replace".to_owned();
                all.push(Complaint {
                    items: vec![bad.item.clone()],
                    needs_item: true,
                    remedy,
                    ..self.complaint(vin, number, handed_over_on, kind)
                });
            }
        }
        all.sort_by_key(|complaint| (complaint.on, complaint.number));
        all
    }

    fn complaint(&self, vin: &str, number: usize, since: Date, kind: &Kind) -> Complaint {
        let draw = |what: &str, count: usize| {
            let share = self.dice.share(&format!("case/{vin}/{number}/{what}"));
            let count = i64::try_from(count).unwrap_or(1).max(1);
            usize::try_from(share * count / 1_000_000).unwrap_or(0)
        };
        let days = i32::try_from(draw("day", usize::try_from(WINDOW).unwrap_or(1))).unwrap_or(0);
        let remedy = kind.remedies.get(draw("remedy", kind.remedies.len()));
        let remedy = remedy.cloned().unwrap_or_default();
        let failed = FAILED.iter().any(|word| remedy.contains(word));
        let mut items = kind.items.clone();
        if !items.is_empty() {
            items.rotate_left(draw("item", kind.items.len()));
        }
        items.retain(|_| failed);
        let on = since.plus(days);
        Complaint {
            number,
            on,
            repaired_on: on.plus(i32::from(kind.labour_millihours > SAME_DAY)),
            category: kind.category.clone(),
            items,
            needs_item: false,
            remedy: if remedy.is_empty() {
                "looked at".to_owned()
            } else {
                remedy
            },
            labour_millihours: kind.labour_millihours,
            cost_minor: kind.cost_minor,
        }
    }
}

/// The bad lot of world.csv; its complaints are of the kind that is about items of the same group.
fn bad_lot(programme: &Programme, kinds: &[Kind]) -> Option<BadLot> {
    let row = programme
        .world
        .iter()
        .find(|row| row.kind == WorldKind::BadLot)?;
    let text = |parameter: &str| {
        let figure = programme.world.iter().find(|figure| {
            figure.kind == WorldKind::BadLot
                && figure.key == row.key
                && figure.parameter == parameter
        })?;
        match &figure.value {
            WorldValue::Text(text) => Some(text.clone()),
            WorldValue::Number(_) => None,
        }
    };
    let number = |parameter| programme.world_number(WorldKind::BadLot, &row.key, parameter);
    let group = |id: &str| {
        let item = programme.items.iter().find(|item| item.id.as_str() == id);
        item.map(|item| item.group.as_str())
    };
    let own = group(&row.key);
    let alike = |kind: &Kind| kind.items.iter().any(|item| group(item) == own);
    Some(BadLot {
        supplier: text("supplier")?,
        week: text("received_week")?,
        bad: number("failure_probability_90_days")?,
        base: number("base_failure_probability_90_days").unwrap_or(0),
        kind: kinds.iter().position(alike).unwrap_or(0),
        item: row.key.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    fn su7(real: bool) -> Result<Complaints, String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        let programme = parse(&folder).map_err(|problems| problems.to_string())?;
        Ok(Complaints::new(&programme, Dice::new(7), real))
    }

    #[test]
    fn there_are_as_many_as_the_rules_say_and_of_the_kinds_of_the_file() -> Result<(), String> {
        let complaints = su7(false)?;
        let since = Date::from_epoch_day(19_900);
        let all: Vec<Complaint> = (0..10_000)
            .flat_map(|n| complaints.of(&format!("VIN{n}"), since, false))
            .collect();
        // 2.1 a vehicle, give or take three standard deviations of a binomial draw.
        assert!((20_900..21_100).contains(&all.len()), "{}", all.len());
        let mean: i64 = all
            .iter()
            .map(|one| i64::from(one.on.days_since(since)))
            .sum();
        let mean = mean * 10 / i64::try_from(all.len()).unwrap_or(1);
        assert!((438..453).contains(&mean), "{mean}");
        assert!(
            all.iter()
                .all(|one| (0..90).contains(&one.on.days_since(since)))
        );
        let of = |category: &str| all.iter().filter(|one| one.category == category).count();
        // 0.1393 and 0.008 of 21,000.
        let assistance = of("driver assistance: false or loud warnings, camera quality");
        assert!((2_770..3_080).contains(&assistance), "{assistance}");
        assert!((130..210).contains(&of("battery pack warning")));
        // No part has failed where a seal was adjusted, and one has where a battery was replaced.
        let parts = |category: &str| {
            let own = all.iter().filter(|one| one.category == category);
            own.filter(|one| !one.items.is_empty()).count()
        };
        assert_eq!(parts("road and wind noise"), 0);
        let replaced = "12 V battery or parasitic drain";
        assert_eq!(parts(replaced), of(replaced));
        let half = parts("charging interrupted or slow") * 100 / of("charging interrupted or slow");
        assert!((44..57).contains(&half), "{half}");
        Ok(())
    }

    #[test]
    fn the_bad_lot_fails_as_world_csv_says_and_only_in_the_real_world() -> Result<(), String> {
        let (exact, real) = (su7(false)?, su7(true)?);
        assert!(exact.bad_lot().is_none());
        let bad = real.bad_lot().ok_or("there is one")?;
        assert_eq!(
            (bad.item.as_str(), bad.supplier.as_str(), bad.week.as_str()),
            ("TH-09", "SANHUA", "2024-W31")
        );
        let since = Date::from_epoch_day(19_900);
        let failed = |holds: bool| {
            let of = |n: i32| real.of(&format!("VIN{n}"), since, holds);
            let complaints = (0..20_000).flat_map(of);
            complaints.filter(|one| one.needs_item).count()
        };
        // 0.08 and 0.002 of 20,000.
        assert!((1_480..1_720).contains(&failed(true)), "{}", failed(true));
        assert!((22..60).contains(&failed(false)), "{}", failed(false));
        let category = real.of("VIN0", since, false);
        assert_eq!(category, real.of("VIN0", since, false));
        assert_eq!(
            real.kinds.get(bad.kind).map(|kind| kind.category.as_str()),
            Some("air conditioning and heat pump")
        );
        Ok(())
    }
}
