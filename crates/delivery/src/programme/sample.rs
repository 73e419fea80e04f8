//! A small catalogue for tests: two variants, two options and an edition, three lanes to two cities.

use std::collections::BTreeMap;

use takt_kernel::Date;

use super::{Catalogue, Lane, OptionOffer, Programme, Variant};

pub(crate) fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn programme() -> Programme {
    Programme {
        id: "su7".into(),
        name: "SU7".into(),
        plant_id: "BEIJING".into(),
        time_zone: "Asia/Shanghai".into(),
        launch_on: date("2024-03-28"),
        first_handover_on: date("2024-04-03"),
        vehicle_count: 100,
        priority_option: "EDITION".into(),
        priority_value: "FOUNDERS".into(),
    }
}

pub(crate) fn variants() -> Vec<Variant> {
    let variant = |number, id: &str| Variant {
        number,
        id: id.into(),
        name: id.into(),
        reference: options(&[("COLOR", "BLUE"), ("EDITION", "NORMAL"), ("WHEEL", "W19")]),
    };
    vec![variant(1, "STD"), variant(2, "MAX")]
}

pub(crate) fn offers() -> Vec<OptionOffer> {
    let offer = |key: &str, value: &str, variant: &str, number, share| OptionOffer {
        key: key.into(),
        value: value.into(),
        variant_id: variant.into(),
        number,
        share,
    };
    vec![
        offer("COLOR", "BLUE", "", 1, 600_000),
        offer("COLOR", "GREY", "", 2, 400_000),
        offer("EDITION", "FOUNDERS", "", 1, 0),
        offer("EDITION", "NORMAL", "", 2, 0),
        offer("WHEEL", "W19", "STD", 1, 1_000_000),
        offer("WHEEL", "W21", "STD", 2, 0),
        offer("WHEEL", "W19", "MAX", 1, 500_000),
        offer("WHEEL", "W21", "MAX", 2, 500_000),
    ]
}

pub(crate) fn lanes() -> Vec<Lane> {
    let lane = |number, id: &str, city: &str, transit, share| Lane {
        number,
        id: id.into(),
        city: city.into(),
        mode: "road".into(),
        distance_km: 1000,
        transit_millidays: transit,
        share,
        cost_micros: 0,
        cost_currency: String::new(),
    };
    vec![
        lane(80, "OUT-SHANGHAI-ROAD", "Shanghai", 3_000, 300_000),
        lane(81, "OUT-SHANGHAI-RAIL", "Shanghai", 5_100, 100_000),
        lane(90, "OUT-XIAN-ROAD", "Xi'an", 2_900, 600_000),
    ]
}

pub(crate) fn catalogue() -> Catalogue {
    Catalogue::new(programme(), variants(), offers(), lanes())
}
