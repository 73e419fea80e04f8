//! What makes one run differ from another, and the run's identity. It must not know files or services.
//! Invariant: the same programme, seed and options give the same run id, on every machine and for ever; an option
//! that does not change the run (where it is kept, how far it goes) is not among them.
use serde::{Deserialize, Serialize};
use takt_kernel::{Date, sha256_hex};

use super::disruption::Disruption;

/// What the outside world does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum WorldMode {
    /// Everybody keeps to the plan; the totals are checked from outside.
    #[default]
    Exact,
    /// Lateness, short shipments, rejected lots, delays and stops are drawn from world.csv.
    Real,
}

/// What becomes of lot sizes when `--vehicles` makes the programme smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Lots {
    /// They shrink with the programme.
    #[default]
    Scaled,
    /// They stay as they are.
    AsIs,
}

/// A vehicle that the line treats out of turn: its day and its place in the day's sequence, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlaceOnDay {
    /// The day.
    pub on: Date,
    /// The place, from 0.
    pub place: i32,
}

impl std::str::FromStr for PlaceOnDay {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || format!("{text:?} is not DATE:PLACE, for example 2024-05-02:3");
        let (on, place) = text.split_once(':').ok_or_else(shape)?;
        let on = Date::parse(on).map_err(|error| error.to_string())?;
        let place = place
            .parse::<i32>()
            .ok()
            .filter(|place| *place >= 0)
            .ok_or_else(shape)?;
        Ok(Self { on, place })
    }
}

impl std::fmt::Display for PlaceOnDay {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.on, self.place)
    }
}

impl TryFrom<String> for PlaceOnDay {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PlaceOnDay> for String {
    fn from(place: PlaceOnDay) -> Self {
        place.to_string()
    }
}

/// The options of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The size of the run; 100,000 is the programme as it is.
    pub vehicles: i64,
    /// What becomes of lot sizes.
    pub lots: Lots,
    /// What the outside world does.
    pub world: WorldMode,
    /// The seed of the outside world.
    pub seed: u64,
    /// Outages, sorted.
    pub disruptions: Vec<Disruption>,
    /// Vehicles that the line pulls out before their parts are used, sorted.
    pub pulled: Vec<PlaceOnDay>,
    /// Vehicles that quality keeps back after completion, sorted.
    pub held: Vec<PlaceOnDay>,
    /// The hash of the change file that is released on the way; None without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The share of deliveries, in millionths, that safety times cover which are learnt on the way; None without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety: Option<i64>,
}

impl Options {
    /// The options with their lists in one order, so that the order on the command line does not matter.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.disruptions.sort();
        self.disruptions.dedup();
        self.pulled.sort();
        self.pulled.dedup();
        self.held.sort();
        self.held.dedup();
        self
    }

    /// Each option by name as text, in a fixed order: the base of identity and of differences.
    pub fn named(&self) -> Vec<(&'static str, String)> {
        let joined = |list: Vec<String>| {
            if list.is_empty() {
                "none".to_owned()
            } else {
                list.join(" ")
            }
        };
        let mut named = vec![
            ("vehicles", self.vehicles.to_string()),
            (
                "lots",
                match self.lots {
                    Lots::Scaled => "scaled".to_owned(),
                    Lots::AsIs => "as-is".to_owned(),
                },
            ),
            (
                "world",
                match self.world {
                    WorldMode::Exact => "exact".to_owned(),
                    WorldMode::Real => "real".to_owned(),
                },
            ),
            ("seed", self.seed.to_string()),
            (
                "disrupt",
                joined(self.disruptions.iter().map(ToString::to_string).collect()),
            ),
            (
                "pull",
                joined(self.pulled.iter().map(ToString::to_string).collect()),
            ),
            (
                "hold",
                joined(self.held.iter().map(ToString::to_string).collect()),
            ),
        ];
        // Named only where there is one, so that runs of before keep their ids.
        named.extend(self.change.clone().map(|hash| ("change", hash)));
        named.extend(self.safety.map(|share| ("safety", in_percent(share))));
        named
    }

    /// The id of the run of a programme with these options, 64 hexadecimal digits.
    pub fn run_id(&self, programme_hash: &str) -> String {
        let mut text = format!("takt run 1\n{programme_hash}\n");
        for (name, value) in self.named() {
            text.push_str(&format!("{name}={value}\n"));
        }
        sha256_hex(text.as_bytes())
    }

    /// The id of the import: the programme and the options that change its rows.
    pub fn import_id(&self, programme_hash: &str) -> String {
        let lots = matches!(self.lots, Lots::AsIs);
        let mut text = format!(
            "takt import 1\n{programme_hash}\n{}\n{lots}\n",
            self.vehicles
        );
        if let Some(change) = &self.change {
            text.push_str(&format!("change={change}\n"));
        }
        sha256_hex(text.as_bytes())
    }

    /// Where two sets of options differ, in words: `vehicles: 1000 there, 100000 asked for`.
    pub fn differences(&self, asked: &Self) -> Vec<String> {
        let all = |options: &Self| {
            let mut named = options.named();
            // What is named only where there is one is compared all the same.
            for optional in ["change", "safety"] {
                let at = named.iter().position(|(name, _)| *name == optional);
                let value = at.map_or_else(|| "none".to_owned(), |at| named.remove(at).1);
                named.push((optional, value));
            }
            named
        };
        all(self)
            .into_iter()
            .zip(all(asked))
            .filter(|(there, asked)| there != asked)
            .map(|((name, there), (_, asked))| {
                format!("--{name}: {there} there, {asked} asked for")
            })
            .collect()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vehicles: 100_000,
            lots: Lots::Scaled,
            world: WorldMode::Exact,
            seed: 1,
            disruptions: Vec::new(),
            pulled: Vec::new(),
            held: Vec::new(),
            change: None,
            safety: None,
        }
    }
}

/// A share of millionths in percent, without zeros at the end.
fn in_percent(share: i64) -> String {
    let places = format!("{:04}", share % 10_000);
    let places = places.trim_end_matches('0');
    let point = if places.is_empty() { "" } else { "." };
    format!("{}{point}{places}%", share / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_id_follows_the_options_and_not_their_order() -> Result<(), String> {
        let outages = [
            "CATL@2024-06-10:14".parse()?,
            "AEROGEL@2024-05-01:3".parse()?,
        ];
        let one = Options {
            disruptions: outages.to_vec(),
            ..Options::default()
        }
        .sorted();
        let other = Options {
            disruptions: outages.into_iter().rev().collect(),
            ..Options::default()
        }
        .sorted();
        assert_eq!(one.run_id("p"), other.run_id("p"));
        assert_ne!(one.run_id("p"), Options::default().run_id("p"));
        assert_ne!(one.run_id("p"), one.run_id("q"));
        assert_eq!(one.import_id("p"), Options::default().import_id("p"));
        let small = Options {
            vehicles: 1000,
            ..Options::default()
        };
        assert_ne!(small.import_id("p"), one.import_id("p"));
        // Frozen: a folder of today is read by every later version.
        assert!(
            Options::default().run_id("p").starts_with("5bd9c58be0b4"),
            "{}",
            Options::default().run_id("p")
        );
        Ok(())
    }

    #[test]
    fn differences_are_named() -> Result<(), String> {
        let there = Options::default();
        let asked = Options {
            vehicles: 1000,
            pulled: vec!["2024-05-02:3".parse()?],
            ..Options::default()
        };
        assert_eq!(
            there.differences(&asked),
            [
                "--vehicles: 100000 there, 1000 asked for",
                "--pull: none there, 2024-05-02:3 asked for"
            ]
        );
        assert!("2024-05-02:-1".parse::<PlaceOnDay>().is_err());
        let safe = |share| Options {
            safety: Some(share),
            ..Options::default()
        };
        assert_eq!(
            (
                there.differences(&safe(995_000)),
                safe(990_000).differences(&safe(999_999))
            ),
            (
                vec!["--safety: none there, 99.5% asked for".to_owned()],
                vec!["--safety: 99% there, 99.9999% asked for".to_owned()]
            )
        );
        assert_ne!(safe(990_000).run_id("p"), there.run_id("p"));
        assert_eq!(safe(990_000).import_id("p"), there.import_id("p"));
        Ok(())
    }
}
