//! Which row of world.csv an item, a supplier's lane or a customer's lane falls under. The folder names the classes
//! and not their members, so the rule stands here. It must not draw. Invariant: a class without a row falls back to
//! the next wider one, and where there is none, nothing happens to it.
use crate::programme::{Item, Programme, WorldKind};

use super::dice::GammaDays;

/// From this many days of lead time on, electronics are chips: nothing else takes so long.
const CHIP_LEAD_DAYS: i64 = 90;
/// From this many days on, a part of the battery, high voltage or thermal system is electronics.
const ELECTRONICS_LEAD_DAYS: i64 = 45;

/// The class of a bought item, the narrowest first.
pub fn classes_of(item: &Item) -> Vec<&'static str> {
    let lead = item
        .agreements
        .iter()
        .map(|agreement| agreement.lead_time_days)
        .max()
        .unwrap_or(0);
    let electric = matches!(
        item.group.as_str(),
        "electronics" | "hv" | "battery" | "thermal"
    );
    // Cells and packs are told by their energy: "LFP cell 3.2 V, 511 Wh", "CATL LFP pack 94.3 kWh".
    let narrow = match item.group.as_str() {
        "battery" if item.name.contains("kWh") => "pack",
        "battery" if item.name.contains(" Wh") => "cell",
        _ if electric && lead >= CHIP_LEAD_DAYS => return vec!["chip", "electronics", "general"],
        "electronics" => "electronics",
        _ if electric && lead >= ELECTRONICS_LEAD_DAYS => "electronics",
        "edrive" => "drive",
        "raw" => "steel",
        "biw" | "closures" => "body",
        "chassis" | "wheels" => "chassis",
        "glass" => "glass",
        "interior" => "interior",
        _ => "general",
    };
    vec![narrow, "general"]
}

/// The class of a means of transport.
pub fn mode_of(mode: &str) -> &'static str {
    if mode.contains("rail") {
        "rail"
    } else if mode.contains("sea") {
        "sea"
    } else {
        "road"
    }
}

/// Something that comes late with a probability, by a gamma distribution.
#[derive(Debug, Clone)]
pub struct Lateness {
    /// The probability in millionths.
    pub probability: i64,
    /// How late.
    pub days: GammaDays,
}

impl Lateness {
    /// The first of some classes that world.csv has a row for. Without a deviation the mean is the deviation, which
    /// makes it exponential.
    pub fn of(programme: &Programme, kind: WorldKind, classes: &[&str]) -> Option<Self> {
        classes.iter().find_map(|class| {
            let number = |parameter| programme.world_number(kind, class, parameter);
            let probability = number("probability")?;
            let mean = number("gamma_mean_days")?;
            let deviation = number("gamma_sd_days").unwrap_or(mean);
            Some(Self {
                probability,
                days: GammaDays::new(mean, deviation),
            })
        })
    }
}

/// How many of a million lots of an item fail inspection.
pub fn rejects_of(programme: &Programme, item: &Item) -> i64 {
    let mut classes = classes_of(item);
    classes.push("all");
    let found = classes
        .iter()
        .find_map(|class| programme.world_number(WorldKind::LotReject, class, "ppm_lots"));
    // World figures are millionths, and parts per million are counts.
    found.map_or(0, |millionths| millionths / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};

    #[test]
    fn items_fall_into_the_classes_that_people_expect() -> Result<(), String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        let programme = parse(&folder).map_err(|problems| problems.to_string())?;
        let class = |id: &str| {
            let item = programme.items.iter().find(|item| item.id.as_str() == id);
            item.and_then(|item| classes_of(item).first().copied())
                .unwrap_or("none")
        };
        for (item, wanted) in [
            ("AD-02", "chip"),
            ("BS-01", "cell"),
            ("BM-01", "pack"),
            ("BS-05", "electronics"),
            ("BS-13", "general"),
            ("RM-HSS", "steel"),
            ("ED-02", "drive"),
            ("TH-09", "electronics"),
            ("EE-06", "electronics"),
        ] {
            assert_eq!(class(item), wanted, "{item}");
        }
        let chip = Lateness::of(&programme, WorldKind::Lateness, &["chip"]);
        assert_eq!(chip.map(|lateness| lateness.probability), Some(120_000));
        let rejects = |id: &str| {
            let item = programme.items.iter().find(|item| item.id.as_str() == id);
            item.map_or(-1, |item| rejects_of(&programme, item))
        };
        assert_eq!(
            (rejects("AD-02"), rejects("UBF-01"), rejects("BS-13")),
            (1500, 4000, 1000)
        );
        Ok(())
    }
}
