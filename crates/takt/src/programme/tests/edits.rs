//! Whole files that are wrong, how problems are told, and the edits that must stay legal.
use super::{built_in, edited, errors, lines, programme, text, with_column};
use crate::programme::{FILES, parse};
use takt_kernel::{ItemId, Quantity};

#[test]
fn yaml_that_is_none_is_refused_with_a_line() {
    let file = "programme.yaml";
    for (from, to, line) in [
        ("milestones:", "milestones: [", 74),
        ("programme: Xiaomi", "programme: *nobody", 1),
        ("plant:\n", "plant: &a\n  self: *a\n", 3),
        ("order_from:", "plant:", 64),
        ("vin:\n", "? [a]\n: b\nvin:\n", 65),
    ] {
        let got = errors(&edited(file, from, to));
        assert!(
            got.len() == 1 && got[0].starts_with(&format!("{file}:{line}: ")),
            "{to:?}: {got:#?}"
        );
    }
    assert!(
        programme(&edited(file, "plant:\n", "plant: &here\n"))
            .warnings
            .is_empty()
    );
}

#[test]
fn a_missing_file_is_named_and_optional_ones_are_not_needed() {
    for file in FILES {
        let result = parse(&built_in().without(file));
        let required = super::super::read::REQUIRED.contains(&file);
        assert_eq!(result.is_err(), required, "{file}");
        if let Err(problems) = result {
            let want = format!("{file}: is missing; a programme needs");
            assert!(
                lines(&problems).iter().any(|line| line.starts_with(&want)),
                "{problems}"
            );
            assert_eq!(
                problems.total(),
                1,
                "one missing file is one problem: {problems}"
            );
        }
    }
}

#[test]
fn an_empty_file_and_one_that_is_not_text_are_named() {
    let bom = built_in()
        .with("bom.csv", "parent,child,qty\n")
        .expect("it counts");
    assert_eq!(
        errors(&bom),
        ["bom.csv: has no row; a programme needs at least one"]
    );
    let orders = built_in()
        .with("orders.csv", "date,new_locked_orders\n")
        .expect("it counts");
    assert_eq!(
        errors(&orders),
        ["orders.csv: has no row; a programme needs at least one"]
    );
    let latin = built_in()
        .with("items.csv", b"item_id\nK\xf6ln\n".to_vec())
        .expect("it counts");
    assert_eq!(
        errors(&latin),
        ["items.csv:2: is not UTF-8 from here on; save the file as UTF-8"]
    );
}

#[test]
fn everything_is_told_at_once_and_at_most_fifty_a_file() {
    let broken = text("bom.csv").replacen(",1,,1", ",none,,1", 62);
    let folder = built_in().with("bom.csv", broken).expect("it counts");
    let folder = folder
        .with("orders.csv", text("orders.csv").replacen("8572", "x", 1))
        .expect("it counts");
    let problems = parse(&folder).expect_err("it is broken");
    let told = lines(&problems);
    assert_eq!(
        (problems.total(), problems.shown().count(), told.len()),
        (63, 51, 52)
    );
    assert_eq!(told[50], "bom.csv: and 12 more");
    assert!(told[51].starts_with("orders.csv:2: new_locked_orders \"x\""));
    let numbers: Vec<u32> = problems
        .shown()
        .filter(|p| p.file == "bom.csv")
        .filter_map(|p| p.line)
        .collect();
    assert!(numbers.is_sorted());
}

#[test]
fn a_line_is_counted_through_quotes_blank_lines_and_either_line_end() {
    for end in ["\n", "\r\n"] {
        let lines = [
            "rule,feature,p,q,priority,note",
            "",
            "ratio,VAR=MAX,1,2,high,\"two",
            "lines\"",
            "",
            "",
            "ratio,VAR=NO,1,2,high,x",
        ];
        let folder = built_in()
            .with("sequence_rules.csv", lines.join(end))
            .expect("it counts");
        let want =
            "sequence_rules.csv:7: \"NO\" is not a value of VAR; values are STD, PRO, MAX, ULTRA";
        assert_eq!(errors(&folder), [want]);
    }
    let folder = built_in()
        .with("bom.csv", format!("\u{feff}{}", text("bom.csv")))
        .expect("it counts");
    assert_eq!(programme(&folder).bom.len(), 451);
}

#[test]
fn the_edits_of_a_what_if_stay_legal() {
    let slow = programme(&edited("programme.yaml", "takt_s: 76", "takt_s: 152"));
    assert_eq!(
        (slow.plant.takt_ms, slow.warnings.to_string()),
        (152_000, String::new())
    );
    let late = programme(&edited("items.csv", "1056.0,102,48", "1056.0,132,48"));
    let id = ItemId::parse("AD-02").expect("an id");
    assert_eq!(
        late.item(&id).map(|item| item.agreements[0].lead_time_days),
        Some(132)
    );
    let twice = |count: &str| {
        count
            .parse::<i64>()
            .map_or(String::new(), |count| (2 * count).to_string())
    };
    let doubled = programme(&with_column("orders.csv", "new_locked_orders", twice));
    assert_eq!(
        doubled.orders.iter().map(|day| day.locked).sum::<i64>(),
        378_126
    );
    assert_eq!(
        doubled.warnings.to_string(),
        "orders.csv:2: cum_locked_orders is 8572 but new_locked_orders adds up to 17144; cum_locked_orders is not used"
    );
    let fewer = programme(&edited("daily.csv", "271,87,0,184,271", "84,0,0,84,271"));
    assert_eq!(
        (fewer.vehicles, fewer.days[0].planned_total()),
        (100_000, 84)
    );
}

#[test]
fn a_removed_line_of_the_bill_warns_and_ten_times_the_lots_are_read() {
    let removed = programme(&edited("bom.csv", "UBF,UBF-01,1,,1\r\n", ""));
    let warning = "items.csv:5: UBF-01 does not go into SU7 by any line of bom.csv; it is neither planned nor bought";
    assert_eq!(
        (removed.bom.len(), removed.warnings.to_string()),
        (450, warning.to_owned())
    );
    let larger = programme(&with_column("items.csv", "lot_size", |lot| {
        format!("{lot}0")
    }));
    let id = ItemId::parse("UBF-01").expect("an id");
    assert_eq!(
        larger.item(&id).map(|item| item.lot_size),
        Some(Quantity::from_units(600))
    );
}

#[test]
fn optional_columns_have_their_defaults_and_are_read_where_they_stand() {
    let bom = text("bom.csv").replacen("mass_yield", "mass_yield,component_scrap", 1);
    let bom: Vec<String> = bom
        .lines()
        .enumerate()
        .map(|(n, line)| match n {
            0 => line.to_owned(),
            1 => format!("{line},0.05"),
            _ => format!("{line},"),
        })
        .collect();
    let read = programme(
        &built_in()
            .with("bom.csv", bom.join("\n"))
            .expect("it counts"),
    );
    assert_eq!(
        (
            read.bom[0].component_scrap.millionths(),
            read.bom[1].component_scrap.millionths()
        ),
        (50_000, 0)
    );
    let plain = programme(&built_in());
    assert!(
        plain
            .items
            .iter()
            .all(|item| item.order_yield == takt_kernel::Share::ONE)
    );
    let zone = programme(&edited(
        "programme.yaml",
        "plant:\n",
        "plant:\n  time_zone: Asia/Shanghai\n",
    ));
    assert_eq!(
        (
            plain.plant.time_zone.as_str(),
            zone.plant.time_zone.as_str()
        ),
        ("UTC", "Asia/Shanghai")
    );
    let near = programme(&edited("programme.yaml", "milestones:\n", "milestone:\n"));
    assert_eq!(
        near.warnings.to_string(),
        "programme.yaml:73: key \"milestone\" is not read; is it meant to be milestones?"
    );
    assert!(near.milestones.is_empty());
}

#[test]
fn links_that_contradict_items_warn() {
    let folder = edited("items.csv", "XUSHENG,0.6", "XUSHENG,0.7");
    let items =
        String::from_utf8(folder.file("items.csv").expect("it is there").to_vec()).expect("text");
    // Both shock towers stand there; only the first one's shares are changed.
    let folder = folder
        .with("items.csv", items.replacen("TUOPU,0.4", "TUOPU,0.3", 1))
        .expect("it counts");
    let warnings = programme(&folder).warnings.to_string();
    assert!(
        warnings
            .contains("share of XUSHENG for UBF-03 is 0.6 here and 0.7 in items.csv, which counts"),
        "{warnings}"
    );
    assert_eq!(warnings.lines().count(), 2, "{warnings}");
}
