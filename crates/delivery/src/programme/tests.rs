//! What may be ordered, and what is said when it may not.

use takt_kernel::Violations;

use super::{
    Catalogue, Configuration,
    sample::{catalogue, lanes, offers, options, programme, variants},
};

fn configure(variant: &str, chosen: &[(&str, &str)]) -> Result<Configuration, Vec<String>> {
    let mut violations = Violations::new();
    let answer = catalogue().configure(variant, &options(chosen), &mut violations);
    violations
        .finish()
        .map_err(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    answer.ok_or_else(Vec::new)
}

#[test]
fn a_configuration_names_every_option_and_its_number_follows_from_its_content() {
    let a = configure(
        "MAX",
        &[("COLOR", "GREY"), ("WHEEL", "W21"), ("EDITION", "FOUNDERS")],
    )
    .unwrap();
    assert_eq!(a.text, "COLOR=GREY;EDITION=FOUNDERS;WHEEL=W21");
    assert!(a.priority);
    let b = configure(
        "MAX",
        &[("VAR", "MAX"), ("COLOR", "GREY"), ("WHEEL", "W21")],
    )
    .unwrap();
    assert_eq!(
        (b.text.as_str(), b.priority),
        ("COLOR=GREY;EDITION=NORMAL;WHEEL=W21", false)
    );
    assert_ne!(a.number(), b.number());
    assert_eq!(b.options().get("WHEEL").map(String::as_str), Some("W21"));
    let std = configure("STD", &[("COLOR", "GREY"), ("WHEEL", "W19")]).unwrap();
    let max = configure("MAX", &[("COLOR", "GREY"), ("WHEEL", "W19")]).unwrap();
    assert_eq!(std.text, max.text);
    assert_ne!(std.number(), max.number());
}

#[test]
fn every_mistake_is_told_at_once() {
    let found = configure(
        "STD",
        &[
            ("COLOR", "PINK"),
            ("WHEEL", "W21"),
            ("SEATS", "7"),
            ("VAR", "MAX"),
        ],
    )
    .unwrap_err();
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(
        found[0],
        "options[COLOR]: \"PINK\" is not offered for STD; choose BLUE, GREY"
    );
    assert_eq!(
        found[1],
        "options[WHEEL]: \"W21\" is not offered for STD; choose W19"
    );
    let missing = configure("MAX", &[("COLOR", "BLUE")]).unwrap_err();
    assert_eq!(
        missing,
        ["options[WHEEL]: a value is missing; choose W19, W21"]
    );
    assert_eq!(
        configure("PRO", &[]).unwrap_err(),
        ["variant_id: \"PRO\" is not a variant; variants are STD, MAX"]
    );
}

#[test]
fn a_transit_takes_whole_days() {
    let days: Vec<i32> = lanes().iter().map(super::Lane::transit_days).collect();
    assert_eq!(days, [3, 6, 3]);
    let catalogue = catalogue();
    let ids: Vec<&str> = catalogue
        .lanes_to("Shanghai")
        .iter()
        .map(|lane| lane.id.as_str())
        .collect();
    assert_eq!(ids, ["OUT-SHANGHAI-ROAD", "OUT-SHANGHAI-RAIL"]);
    assert!(catalogue.lanes_to("Atlantis").is_empty());
    assert_eq!(
        catalogue.lane("OUT-XIAN-ROAD").map(|lane| lane.number),
        Some(90)
    );
}

#[test]
fn an_unusable_catalogue_is_found() {
    let mut violations = Violations::new();
    catalogue().check(&mut violations);
    assert!(violations.is_empty());
    let mut programme = programme();
    programme.priority_option = "TRIM".into();
    let mut lanes = lanes();
    lanes[2].share = 0;
    let mut offers = offers();
    offers.retain(|offer| offer.variant_id != "STD");
    let broken = Catalogue::new(programme, variants(), offers, lanes);
    broken.check(&mut violations);
    let found: Vec<String> = violations
        .finish()
        .unwrap_err()
        .iter()
        .map(|violation| violation.field.clone())
        .collect();
    assert_eq!(
        found,
        [
            "lane.share_millionths",
            "option_value",
            "header.priority_option"
        ]
    );
}
