//! What becomes of an order line at its supplier: when its lots leave, when they arrive, what is in them and what fails
//! inspection. It must not know stock or plans. Invariants: the fate of a line depends on the line, the outages and
//! the seed alone, so that a run that goes on after a break sees the same fate; its lots leave in the order of their numbers.
use std::collections::HashMap;

use takt_contract::procurement::v1::OrderLine;
use takt_kernel::{Date, LotNumber, Violations};

use super::class::{Lateness, classes_of, mode_of, rejects_of};
use super::dice::Dice;
use crate::failure::{Failure, Outcome};
use crate::offline::outage::Outages;
use crate::programme::{Direction, Programme, WorldKind};

/// What becomes of the lots of a line that leave together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The sequence number of the first lot.
    pub first_lot: i64,
    /// The day on which the goods leave.
    pub ships: Date,
    /// The day on whose evening they are there.
    pub arrives: Date,
    /// The quantity of each lot in thousandths.
    pub lots: Vec<i64>,
    /// The lots that fail inspection.
    pub blocked: Vec<i64>,
    /// The maker's own batch; empty where nobody tells.
    pub maker_lot: String,
}

/// The suppliers and their lanes.
pub struct Suppliers {
    outages: Outages,
    chance: Option<Chance>,
}

/// What chance does to them.
struct Chance {
    dice: Dice,
    items: HashMap<String, ItemChance>,
    lanes: HashMap<String, Lateness>,
    /// The probability that a lot comes short, and the mean share that is missing then, in millionths.
    short: Option<(i64, i64)>,
}

struct ItemChance {
    number: u32,
    suppliers: Vec<String>,
    lateness: Option<Lateness>,
    rejects: i64,
}

impl Suppliers {
    /// Suppliers that keep to the plan, but for their outages.
    pub fn exact(outages: Outages) -> Self {
        Self {
            outages,
            chance: None,
        }
    }

    /// Suppliers as world.csv describes them.
    pub fn real(programme: &Programme, outages: Outages, dice: Dice) -> Self {
        let items = programme
            .items
            .iter()
            .zip(1..)
            .filter(|(item, _)| !item.make)
            .map(|(item, number)| {
                let chance = ItemChance {
                    number,
                    suppliers: item
                        .agreements
                        .iter()
                        .map(|agreement| agreement.supplier.to_string())
                        .collect(),
                    lateness: Lateness::of(programme, WorldKind::Lateness, &classes_of(item)),
                    rejects: rejects_of(programme, item),
                };
                (item.id.to_string(), chance)
            });
        let lanes = programme
            .lanes
            .iter()
            .filter_map(|lane| match &lane.direction {
                Direction::Inbound { supplier, .. } => {
                    let delay =
                        Lateness::of(programme, WorldKind::LaneDelay, &[mode_of(&lane.mode)])?;
                    Some((supplier.to_string(), delay))
                }
                Direction::Outbound { .. } => None,
            });
        let short = |parameter| programme.world_number(WorldKind::ShortShipment, "all", parameter);
        Self {
            outages,
            chance: Some(Chance {
                dice,
                items: items.collect(),
                lanes: lanes.collect(),
                short: short("probability").zip(short("mean_fraction_missing")),
            }),
        }
    }

    /// The fate of a line as procurement ordered it, departure by departure.
    pub fn fate(&self, line: &OrderLine) -> Outcome<Vec<Fate>> {
        let mut violations = Violations::new();
        let due = takt_contract::date_req(line.ship_on.as_ref(), "ship_on", &mut violations);
        let receipt =
            takt_contract::date_req(line.receipt_on.as_ref(), "receipt_on", &mut violations);
        if let Err(violations) = violations.finish() {
            let line = line.line_number;
            return Err(Failure::broken(format!(
                "procurement: order line {line}: {violations:?}"
            )));
        }
        let transit = receipt.days_since(due);
        let due = match &self.chance {
            Some(chance) => due.plus(chance.days_late(line)),
            None => due,
        };
        let source = (line.supplier_id.as_str(), line.item_id.as_str());
        let departures =
            self.outages
                .departures(source, due, line.first_lot_sequence, line.lot_count.into());
        let mut first_lot = line.first_lot_sequence;
        let mut fates = Vec::with_capacity(departures.len());
        for (ships, count) in departures {
            let lots = vec![line.lot_thousandths; usize::try_from(count).unwrap_or(0)];
            let leaving = OrderLine {
                first_lot_sequence: first_lot,
                lot_count: i32::try_from(count).unwrap_or(i32::MAX),
                ..line.clone()
            };
            first_lot += count;
            fates.push(match &self.chance {
                None => Fate {
                    first_lot: leaving.first_lot_sequence,
                    ships,
                    arrives: ships.plus(transit),
                    lots,
                    blocked: Vec::new(),
                    maker_lot: String::new(),
                },
                Some(chance) => {
                    let delay = chance.days_delayed(&line.supplier_id, ships);
                    let arrives = ships.plus(transit + delay);
                    Fate {
                        first_lot: leaving.first_lot_sequence,
                        ships,
                        arrives,
                        lots: chance.lots(&leaving, lots),
                        blocked: chance.blocked(&leaving),
                        maker_lot: format!("{}-{}", line.item_id, arrives.iso_week()),
                    }
                }
            });
        }
        Ok(fates)
    }
}

impl Chance {
    fn days_late(&self, line: &OrderLine) -> i32 {
        let Some(lateness) = self
            .items
            .get(&line.item_id)
            .and_then(|item| item.lateness.as_ref())
        else {
            return 0;
        };
        self.drawn(
            lateness,
            &format!(
                "{}.{}.{}",
                line.item_id, line.supplier_id, line.first_lot_sequence
            ),
        )
    }

    fn days_delayed(&self, supplier: &str, on: Date) -> i32 {
        self.lanes
            .get(supplier)
            .map_or(0, |delay| self.drawn(delay, &format!("{supplier}@{on}")))
    }

    fn drawn(&self, lateness: &Lateness, key: &str) -> i32 {
        if !self
            .dice
            .falls(&format!("late/{key}"), lateness.probability)
        {
            return 0;
        }
        lateness.days.days(self.dice.share(&format!("days/{key}")))
    }

    /// A lot that comes short misses a uniform share with the right mean, in whole units, and is never empty.
    fn lots(&self, line: &OrderLine, mut lots: Vec<i64>) -> Vec<i64> {
        let Some((probability, mean)) = self.short else {
            return lots;
        };
        for (lot, sequence) in lots.iter_mut().zip(line.first_lot_sequence..) {
            let key = lot_key(line, sequence);
            if self.dice.falls(&format!("short/{key}"), probability) {
                let share = i128::from(self.dice.share(&format!("missing/{key}")))
                    * i128::from(2 * mean)
                    / 1_000_000;
                let unit = if *lot % 1000 == 0 { 1000 } else { 1 };
                let missing =
                    i64::try_from(i128::from(*lot) * share / 1_000_000).unwrap_or(0) / unit * unit;
                *lot -= missing.min(*lot - unit).max(0);
            }
        }
        lots
    }

    fn blocked(&self, line: &OrderLine) -> Vec<i64> {
        let Some(item) = self.items.get(&line.item_id) else {
            return Vec::new();
        };
        let place = item
            .suppliers
            .iter()
            .position(|supplier| *supplier == line.supplier_id);
        let Some(rank) = place.and_then(|place| u32::try_from(place + 1).ok()) else {
            return Vec::new();
        };
        let sequences =
            (line.first_lot_sequence..).take(usize::try_from(line.lot_count).unwrap_or(0));
        sequences
            .filter(|sequence| {
                self.dice.falls(
                    &format!("reject/{}", lot_key(line, *sequence)),
                    item.rejects,
                )
            })
            .filter_map(|sequence| LotNumber::new(item.number, rank, sequence))
            .map(LotNumber::value)
            .collect()
    }
}

fn lot_key(line: &OrderLine, sequence: i64) -> String {
    format!("{}.{}.{sequence:06}", line.item_id, line.supplier_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};
    use takt_contract::date_pb;

    fn su7() -> Result<Programme, String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        parse(&folder).map_err(|problems| problems.to_string())
    }

    fn line(item: &str, supplier: &str, first: i64) -> OrderLine {
        let day = |n: i32| Some(date_pb(Date::from_epoch_day(19_850 + n)));
        OrderLine {
            line_number: first,
            item_id: item.to_owned(),
            supplier_id: supplier.to_owned(),
            lot_count: 10,
            first_lot_sequence: first,
            lot_thousandths: 48_000,
            ship_on: day(0),
            receipt_on: day(3),
            ..OrderLine::default()
        }
    }

    #[test]
    fn an_exact_world_ships_what_was_ordered() -> Result<(), Box<dyn std::error::Error>> {
        let full = su7()?;
        let suppliers = Suppliers::exact(Outages::new(&full, &[])?);
        let fates = suppliers.fate(&line("AD-02", "DESAY", 1))?;
        let [fate] = fates.as_slice() else {
            return Err("all lots leave together".into());
        };
        assert_eq!(fate.arrives.days_since(fate.ships), 3);
        assert_eq!((&fate.lots, &fate.blocked), (&vec![48_000; 10], &vec![]));
        assert!(suppliers.fate(&OrderLine::default()).is_err());
        Ok(())
    }

    #[test]
    fn what_an_outage_holds_back_leaves_later_in_the_order_of_the_lots()
    -> Result<(), Box<dyn std::error::Error>> {
        let full = su7()?;
        // Day 19,850 is 2024-05-07; one of two makers of image sensors, whose customer holds 25 days, is out since 60.
        let outages = Outages::new(&full, &["WILL@2024-03-08:80".parse()?])?;
        let fates = Suppliers::exact(outages).fate(&line("AD-07", "SUNNY", 11))?;
        let told: Vec<_> = (fates.iter())
            .map(|fate| (fate.first_lot, fate.lots.len(), fate.ships.to_string()))
            .collect();
        assert_eq!(
            told,
            [
                (11, 5, "2024-05-07".to_owned()),
                (16, 5, "2024-05-27".to_owned())
            ]
        );
        Ok(())
    }

    #[test]
    fn a_real_world_has_the_figures_of_world_csv_and_is_repeatable() -> Result<(), String> {
        let programme = su7()?;
        let item = programme
            .items
            .iter()
            .find(|item| item.id.as_str() == "AD-02")
            .ok_or("AD-02 is there")?;
        let supplier = item
            .agreements
            .first()
            .ok_or("AD-02 is bought")?
            .supplier
            .to_string();
        let draw = |seed: u64| -> Result<(usize, usize, usize, Vec<Fate>), String> {
            let outages = Outages::new(&programme, &[]).map_err(|failure| failure.to_string())?;
            let suppliers = Suppliers::real(&programme, outages, Dice::new(seed));
            let (mut late, mut short, mut blocked, mut fates) = (0, 0, 0, Vec::new());
            for n in 0..2000 {
                let line = line("AD-02", &supplier, 1 + n * 10);
                let all = suppliers
                    .fate(&line)
                    .map_err(|failure| failure.to_string())?;
                let fate = all.into_iter().next().ok_or("the lots leave")?;
                let due = Date::from_epoch_day(19_850);
                late += usize::from(fate.ships > due);
                short += fate.lots.iter().filter(|lot| **lot < 48_000).count();
                blocked += fate.blocked.len();
                assert!(fate.lots.iter().all(|lot| *lot >= 1000 && *lot % 1000 == 0));
                fates.push(fate);
            }
            Ok((late, short, blocked, fates))
        };
        let (late, short, blocked, fates) = draw(42)?;
        // 12 % of 2,000 lines, 1 % of 20,000 lots (one in seven of them rounds to nothing missing), 1,500 ppm.
        assert!((200..280).contains(&late), "{late}");
        assert!((140..230).contains(&short), "{short}");
        assert!((15..50).contains(&blocked), "{blocked}");
        assert_eq!(draw(42)?.3, fates);
        assert_ne!(draw(43)?.3, fates);
        Ok(())
    }
}
