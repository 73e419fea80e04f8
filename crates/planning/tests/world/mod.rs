//! A programme in memory and a run of it: weekly plans, daily releases, receipts the evening before use, builds. It
//! keeps no dates of lots or vehicles: only what the totals need.
mod run;

pub use run::Run;
use std::collections::HashMap;
use takt_kernel::{Currency, Date, Price, Quantity, Share};
use takt_planning::bom::{Bom, Item, Line as BomLine};
use takt_planning::feature::{Feature, Features};
use takt_planning::line::{CalendarDay, Line, Operation, Schedule};
use takt_planning::netting::Sourcing;
use takt_planning::orders::{Attribute, Founders, Market};
use takt_planning::quota::Quota;
use takt_planning::ramp::RampPlan;
use takt_planning::scale::Scale;

pub type Broken = Box<dyn std::error::Error>;

pub struct Programme {
    pub features: Features,
    pub bom: Bom,
    pub prices: Vec<Price>,
    pub sourcing: Vec<Option<Sourcing>>,
    pub ramp: RampPlan,
    pub orders: Vec<i64>,
    daily: Vec<Vec<i64>>,
    pub calendar: Vec<CalendarDay>,
    pub operations: Vec<Operation>,
}

/// The rows of a file without its head; quoted fields hold commas.
fn rows(text: &str) -> Vec<Vec<String>> {
    let split = |line: &str| {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                _ => fields
                    .last_mut()
                    .into_iter()
                    .for_each(|field| field.push(c)),
            }
        }
        fields
    };
    text.lines().skip(1).map(split).collect()
}

fn shares(percents: &[i64]) -> Vec<Share> {
    percents
        .iter()
        .map(|percent| Share(percent * 10_000))
        .collect()
}

impl Programme {
    /// Day n of the programme; day 0 is the launch.
    pub fn day(n: i32) -> Date {
        Date::from_epoch_day(19_810 + n)
    }

    /// The day from which orders are released.
    pub fn order_from() -> Date {
        Self::day(-102)
    }

    pub fn load() -> Result<Self, Broken> {
        let features = features()?;
        let mut items: Vec<Item> = Vec::new();
        let mut prices = Vec::new();
        let mut sources: Vec<(Quantity, Vec<Share>, Vec<i32>)> = Vec::new();
        let mut number: HashMap<String, usize> = HashMap::new();
        for row in rows(include_str!("../data/items.csv")) {
            let at = *number.entry(row[0].clone()).or_insert(items.len());
            if at == items.len() {
                items.push(Item {
                    id: row[0].clone(),
                    made: row[1] == "make",
                    order_yield: Share::ONE,
                });
                prices.push(Price::parse(&row[2], Currency::USD)?);
                sources.push((Quantity::parse(&row[4])?, Vec::new(), Vec::new()));
            }
            sources[at].1.push(Share::parse(&row[6])?);
            sources[at].2.push(row[3].parse()?);
        }
        let mut lines = Vec::new();
        for row in rows(include_str!("../data/bom.csv")) {
            let (qty, condition) = (Quantity::parse(&row[2])?, features.condition(&row[3])?);
            lines.push(BomLine {
                parent: number[&row[0]],
                child: number[&row[1]],
                qty,
                condition,
                component_scrap: Share(0),
            });
        }
        let mut sourcing = Vec::new();
        for (item, (lot, shares, lead_days)) in items.iter().zip(sources) {
            sourcing.push(if item.made {
                None
            } else {
                Some(Sourcing {
                    lot,
                    quota: Quota::new(&shares)?,
                    lead_days,
                })
            });
        }
        let mut operations = Vec::new();
        for row in rows(include_str!("../data/routing.csv")) {
            let mask = |name: &str| features.value(0, name).map_or(0, |v| 1u64 << v);
            let variants = if row[1] == "ALL" {
                u64::MAX
            } else {
                row[1].split(',').map(mask).sum()
            };
            operations.push(Operation {
                variants,
                cycle_ms: Quantity::parse(&row[2])?.milli(),
                stations: row[3].parse()?,
            });
        }
        let mut daily = Vec::new();
        let mut calendar = Vec::new();
        for row in rows(include_str!("../data/daily.csv")) {
            calendar.push(CalendarDay {
                shifts: row[1].parse()?,
                shift_seconds: 37_800,
                capacity: row[2].parse()?,
            });
            daily.push(vec![row[3].parse()?, row[4].parse()?, row[5].parse()?]);
        }
        let orders = rows(include_str!("../data/orders.csv"))
            .iter()
            .map(|row| row[1].parse())
            .collect::<Result<_, _>>()?;
        let root = number["SU7"];
        let (bom, ramp) = (
            Bom::build(items, lines, root)?,
            RampPlan::new(Self::day(1), &daily),
        );
        Ok(Self {
            features,
            bom,
            prices,
            sourcing,
            ramp,
            orders,
            daily,
            calendar,
            operations,
        })
    }

    pub fn schedule(&self, takt_ms: i64, scale: Scale) -> Schedule {
        let line = Line {
            takt_ms,
            operations: self.operations.clone(),
            variants: 3,
        };
        Schedule::new(&line, Self::day(1), &self.calendar, scale)
    }

    pub fn scaled_ramp(&self, scale: Scale) -> RampPlan {
        let series =
            |v: usize| scale.series(&self.daily.iter().map(|day| day[v]).collect::<Vec<_>>());
        let (a, b, c) = (series(0), series(1), series(2));
        let rows: Vec<Vec<i64>> = (0..a.len()).map(|n| vec![a[n], b[n], c[n]]).collect();
        RampPlan::new(Self::day(1), &rows)
    }

    pub fn scale_lots(&mut self, scale: Scale) {
        self.sourcing
            .iter_mut()
            .flatten()
            .for_each(|sourcing| sourcing.lot = scale.lot(sourcing.lot));
    }

    pub fn item(&self, id: &str) -> Result<usize, Broken> {
        self.bom
            .items()
            .iter()
            .position(|item| item.id == id)
            .ok_or_else(|| id.into())
    }

    pub fn set_lead(&mut self, id: &str, days: i32) -> Result<(), Broken> {
        let item = self.item(id)?;
        self.sourcing[item]
            .iter_mut()
            .for_each(|sourcing| sourcing.lead_days.fill(days));
        Ok(())
    }

    pub fn bought(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.bom.items().len()).filter(|item| self.sourcing[*item].is_some())
    }

    pub fn market(&self, scale: Scale) -> Market {
        let wheels = vec![
            shares(&[62, 26, 12, 0]),
            shares(&[56, 26, 18, 0]),
            shares(&[18, 32, 36, 14]),
        ];
        let attributes = vec![
            Attribute {
                key: 1,
                shares: vec![shares(&[24, 13, 11, 9, 7, 10, 3, 14, 9])],
            },
            Attribute {
                key: 2,
                shares: wheels,
            },
            Attribute {
                key: 3,
                shares: vec![shares(&[44, 34, 22])],
            },
        ];
        let founders = Some(Founders {
            key: 4,
            founder: 1,
            normal: 0,
            variants: 0b101,
            limit: scale.count(5000),
        });
        Market {
            variants: shares(&[28, 29, 43]),
            attributes,
            places: shares(&[70, 30]),
            founders,
            scale,
        }
    }
}

fn features() -> Result<Features, Broken> {
    let feature = |text: &str| {
        let mut words = text.split(' ').map(String::from);
        Feature {
            key: words.next().unwrap_or_default(),
            values: words.collect(),
        }
    };
    let colors = "COLOR AQUA_BLUE MINERAL_GREY VERDANT_GREEN BASALT_GREY METEOR_BLUE RADIANT_PURPLE LAVA_ORANGE PEARL_WHITE DIAMOND_BLACK";
    let texts = [
        "VAR STD PRO MAX",
        colors,
        "WHEEL W19A W19S W20 W21",
        "INT GALAXY_GREY OBSIDIAN_BLACK TWILIGHT_RED",
        "EDITION NORMAL FOUNDERS",
    ];
    Ok(Features::new(
        texts.iter().map(|text| feature(text)).collect(),
    )?)
}
