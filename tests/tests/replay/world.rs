//! What world.csv says of deliveries, stated a second time: which class an item and a lane falls under, how late goods come, how many lots
//! are rejected or short. Floats are good enough here: what is compared with it has an interval.
//!
//! It must not know how the replay draws.

use std::{cell::RefCell, collections::BTreeMap, path::Path};

use takt_tests::{Failure, Result};

/// A bought item.
pub(crate) struct Item {
    /// The class of its lateness.
    pub(crate) lateness: &'static str,
    /// The class of its rejects.
    pub(crate) rejects: &'static str,
    /// What was agreed with each supplier: days from order to receipt.
    pub(crate) leads: BTreeMap<String, i64>,
}

/// The world of a programme folder.
pub(crate) struct World {
    figures: BTreeMap<(String, String, String), f64>,
    /// What was computed once, by kind and class.
    known: RefCell<BTreeMap<(String, String), Days>>,
    /// Bought items by id.
    pub(crate) items: BTreeMap<String, Item>,
    /// The class of each supplier's lane.
    pub(crate) modes: BTreeMap<String, &'static str>,
}

/// How likely something is 0, 1, 2 .. days.
#[derive(Clone)]
pub(crate) struct Days(Vec<f64>);

/// The rows of a file as columns by name; quoted fields hold commas.
fn rows(path: &Path) -> Result<Vec<BTreeMap<String, String>>> {
    let text = std::fs::read_to_string(path)?;
    let split = |line: &str| {
        let (mut fields, mut quoted) = (vec![String::new()], false);
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                _ => fields
                    .iter_mut()
                    .last()
                    .into_iter()
                    .for_each(|field| field.push(letter)),
            }
        }
        fields
    };
    let mut lines = text.lines();
    let head = split(lines.next().unwrap_or_default());
    Ok(lines
        .map(|line| head.iter().cloned().zip(split(line)).collect())
        .collect())
}

impl World {
    /// The world of a folder.
    ///
    /// # Errors
    /// When a file is not there.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let text =
            |row: &BTreeMap<String, String>, name: &str| row.get(name).cloned().unwrap_or_default();
        let mut figures = BTreeMap::new();
        for row in rows(&folder.join("world.csv"))? {
            if let Ok(value) = text(&row, "value").parse() {
                figures.insert(
                    (
                        text(&row, "kind"),
                        text(&row, "key"),
                        text(&row, "parameter"),
                    ),
                    value,
                );
            }
        }
        let (mut leads, mut named) = (
            BTreeMap::<String, BTreeMap<String, i64>>::new(),
            BTreeMap::new(),
        );
        for row in rows(&folder.join("items.csv"))? {
            if text(&row, "make_buy") == "buy" {
                let id = text(&row, "item_id");
                let lead = text(&row, "lead_time_days").parse().unwrap_or(0);
                leads
                    .entry(id.clone())
                    .or_default()
                    .insert(text(&row, "supplier_id"), lead);
                named
                    .entry(id)
                    .or_insert((text(&row, "group"), text(&row, "name")));
            }
        }
        let item = |(id, leads): (String, BTreeMap<String, i64>)| {
            let (group, name) = named.get(&id).cloned().unwrap_or_default();
            let longest = leads.values().copied().max().unwrap_or(0);
            let lateness = class(&group, &name, longest);
            let rejects = match lateness {
                // A chip is electronics; what has no row of its own has that of all.
                "chip" | "electronics" => "electronics",
                "body" => "body",
                _ => "all",
            };
            (
                id,
                Item {
                    lateness,
                    rejects,
                    leads,
                },
            )
        };
        let items = leads.into_iter().map(item).collect();
        let mut modes = BTreeMap::new();
        for row in rows(&folder.join("logistics.csv"))? {
            if text(&row, "kind") == "inbound" {
                let rail = text(&row, "mode").contains("rail");
                modes.insert(
                    text(&row, "supplier_id"),
                    if rail { "rail" } else { "road" },
                );
            }
        }
        Ok(Self {
            figures,
            known: RefCell::default(),
            items,
            modes,
        })
    }

    fn figure(&self, kind: &str, key: &str, parameter: &str) -> Option<f64> {
        let key = (kind.to_owned(), key.to_owned(), parameter.to_owned());
        self.figures.get(&key).copied()
    }

    /// The same world with a figure multiplied.
    pub(crate) fn with(mut self, kind: &str, parameter: &str, factor: f64) -> Self {
        for ((known, _, name), value) in &mut self.figures {
            if known == kind && name == parameter {
                *value *= factor;
            }
        }
        self
    }

    fn late(&self, kind: &str, class: &str) -> Result<Days> {
        let key = (kind.to_owned(), class.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        let figure = |parameter| self.figure(kind, class, parameter);
        let missing = || Failure::new(format!("world.csv has no {kind} of {class}"));
        let mean = figure("gamma_mean_days").ok_or_else(missing)?;
        let deviation = figure("gamma_sd_days").unwrap_or(mean);
        let probability = figure("probability").ok_or_else(missing)?;
        let days = Days::late(probability, mean, deviation);
        self.known.borrow_mut().insert(key, days.clone());
        Ok(days)
    }

    /// The days behind the agreed lead time of an item from a supplier: the maker's and the lane's.
    pub(crate) fn delay(&self, item: &str, supplier: &str) -> Result<Days> {
        let missing = || Failure::new(format!("{item} of {supplier} is not in the folder"));
        let maker = self.items.get(item).ok_or_else(missing)?.lateness;
        let lane = self.modes.get(supplier).ok_or_else(missing)?;
        Ok(self
            .late("lateness", maker)?
            .after(&self.late("lane_delay", lane)?))
    }

    /// How many of an item's lots fail inspection.
    pub(crate) fn rejects(&self, item: &str) -> Option<f64> {
        let class = self.items.get(item)?.rejects;
        Some(self.figure("lot_reject", class, "ppm_lots")? / 1e6)
    }

    /// How many lots of so many thousandths come short: what misses less than a unit misses nothing.
    pub(crate) fn shorts(&self, lot: i64) -> Option<f64> {
        let probability = self.figure("short_shipment", "all", "probability")?;
        let most = 2.0 * self.figure("short_shipment", "all", "mean_fraction_missing")?;
        let unit = if lot % 1000 == 0 { 1000 } else { 1 };
        // The missing share is uniform up to twice its mean, and a lot is never empty.
        let visible = 1.0 - unit as f64 / (lot as f64 * most);
        Some(if lot > unit {
            probability * visible.max(0.0)
        } else {
            0.0
        })
    }
}

/// The class of an item's lateness: what people would call it.
fn class(group: &str, name: &str, lead: i64) -> &'static str {
    let electric = ["electronics", "hv", "battery", "thermal"].contains(&group);
    match group {
        "battery" if name.contains("kWh") => "pack",
        "battery" if name.contains(" Wh") => "cell",
        _ if electric && lead >= 90 => "chip",
        "electronics" => "electronics",
        _ if electric && lead >= 45 => "electronics",
        "edrive" => "drive",
        "raw" => "steel",
        "biw" | "closures" => "body",
        "chassis" | "wheels" => "chassis",
        "glass" => "glass",
        "interior" => "interior",
        _ => "general",
    }
}

impl Days {
    /// Late with a probability, then by a gamma distribution, the nearest day and at least one.
    fn late(probability: f64, mean: f64, deviation: f64) -> Self {
        /// Cells of a day in the sum that stands for the integral.
        const CELLS: usize = 2000;
        const MOST: usize = 150;
        let (shape, rate) = ((mean / deviation).powi(2), mean / deviation.powi(2));
        let mut days = vec![0.0; MOST];
        for cell in 0..MOST * CELLS {
            let x = (cell as f64 + 0.5) / CELLS as f64;
            let day = (x.round() as usize).clamp(1, MOST - 1);
            if let Some(weight) = days.get_mut(day) {
                *weight += x.powf(shape - 1.0) * (-rate * x).exp();
            }
        }
        let whole: f64 = days.iter().sum();
        let scaled = days.iter().map(|weight| weight / whole * probability);
        let mut days: Vec<f64> = scaled.collect();
        if let Some(none) = days.first_mut() {
            *none += 1.0 - probability;
        }
        Self(days)
    }

    /// Both, one after the other.
    fn after(&self, other: &Self) -> Self {
        let mut sum = vec![0.0; self.0.len() + other.0.len()];
        for (one, p) in self.0.iter().enumerate() {
            for (more, q) in other.0.iter().enumerate() {
                if let Some(both) = sum.get_mut(one + more) {
                    *both += p * q;
                }
            }
        }
        Self(sum)
    }

    /// How likely it is any day at all.
    pub(crate) fn is_late(&self) -> f64 {
        1.0 - self.0.first().copied().unwrap_or(0.0)
    }

    /// The days that a share does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> i64 {
        let mut below = 0.0;
        let reached = self.0.iter().position(|p| {
            below += p;
            below >= share
        });
        i64::try_from(reached.unwrap_or(self.0.len())).unwrap_or(i64::MAX)
    }
}

/// How likely at most and at least so many hits are, of independent trials: summed from logarithms.
pub(crate) fn binomial_tails(hits: i64, trials: i64, share: f64) -> (f64, f64) {
    if share <= 0.0 {
        return (1.0, f64::from(u8::from(hits == 0)));
    }
    let (mut at_most, mut at_least) = (0.0, 0.0);
    let mut logarithm = trials as f64 * (1.0 - share).ln();
    for at in 0..=trials {
        let likely = logarithm.exp();
        if at <= hits {
            at_most += likely;
        }
        if at >= hits {
            at_least += likely;
        }
        logarithm += ((trials - at) as f64 / (at + 1) as f64).ln() + (share / (1.0 - share)).ln();
    }
    (at_most, at_least)
}
