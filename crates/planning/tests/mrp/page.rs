//! The figures of docs/planning.md, computed again. It must not repeat a figure that the page does not show.
use crate::lots::page_rows;
use std::collections::BTreeMap;
use takt_kernel::{Date, Quantity, Share};
use takt_planning::mrp::{
    Calendar, Consumer, Day, Demand, Item, Line, Maintenance, MrpError, Plan, Problem, ShiftPlan,
    ShopHours, Source, Supplier, Texts, parse,
};

const PAGE: &str = include_str!("../../../../docs/planning.md");

/// Whether the page says something, wherever its lines break.
fn says(words: &str) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    flat(PAGE).contains(&flat(words))
}

#[test]
fn every_lot_rule_stands_on_the_page() {
    for row in page_rows() {
        assert!(PAGE.contains(&row), "docs/planning.md has no row {row}");
    }
}

/// The file that the page's example prints.
fn printed(file: &str) -> Option<String> {
    let line = PAGE
        .lines()
        .find(|line| line.ends_with(&format!("> {file}")))?;
    let text = line.split('\'').nth(1)?;
    Some(text.replace("\\n", "\n"))
}

#[test]
fn the_worked_example_is_what_the_page_says() -> Result<(), Box<dyn std::error::Error>> {
    let file = |name: &str| printed(name).ok_or(format!("the page prints no {name}"));
    let (items, bom) = (file("items.csv")?, file("bom.csv")?);
    let (resources, demands) = (file("resources.csv")?, file("demands.csv")?);
    let texts = Texts {
        items: &items,
        bom: &bom,
        resources: &resources,
        demands: &demands,
        ..Texts::default()
    };
    let day_0 = Date::from_epoch_day(0);
    let plan = Plan::unlimited(parse(texts, day_0)?)?;
    for (at, item) in plan.problem().items.iter().enumerate() {
        let report = plan.item(at).ok_or("no report")?;
        let release = report.releases.first().ok_or("no release")?;
        let row = format!("| {} | {} |", item.id, report.gross);
        assert!(PAGE.contains(&row), "{row}");
        let (due, start) = (release.due.epoch_day(), release.date.epoch_day());
        assert!(says(&format!("due {due} | {start} |")), "{}", item.id);
    }
    let pegs: Vec<_> = (plan.peg_down(0, false).supplies.iter())
        .map(|peg| (peg.supplier, peg.quantity.milli() / 1000))
        .collect();
    assert_eq!(pegs, [(Supplier::OnHand, 3), (Supplier::Order(0), 1)]);
    assert!(says("**3 panels on hand and 1 of the lot of 4**"));
    assert_eq!(
        plan.peg_up(2, Supplier::Order(0)).demands,
        [(0, Quantity(500))]
    );
    assert!(says("is for **half a car** of SO-1"));
    let left = plan.consumers(2, Supplier::Order(0)).pop();
    assert_eq!(left, Some((Consumer::Left, Quantity::from_units(3))));
    assert!(says("**3 are left over**"));
    Ok(())
}

#[test]
fn a_lead_time_counts_working_days() -> Result<(), MrpError> {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    problem.calendars = vec![Calendar {
        week: [true, true, true, true, true, false, false],
        exceptions: BTreeMap::new(),
    }];
    let mut item = Item::new("A", Source::Buy);
    (item.lead_days, item.calendar) = (1, Some(0));
    problem.items = vec![item];
    problem.demands = vec![demand(10, 7)];
    let plan = Plan::unlimited(problem)?;
    let starts: Vec<_> = plan.supplies(0).iter().map(|s| (s.due, s.start)).collect();
    let [(due, start)] = starts[..] else {
        panic!("{starts:?}");
    };
    assert!(
        says(&format!(
            "due on Monday, day {due}, with one day, starts on Friday, **day {start}**"
        )),
        "{starts:?}"
    );
    Ok(())
}

fn demand(units: i64, due: Day) -> Demand {
    Demand {
        id: "SO".to_owned(),
        item: 0,
        quantity: Quantity::from_units(units),
        due,
        priority: 1,
        config: None,
    }
}

#[test]
fn yield_scrap_and_hours_are_what_the_page_says() -> Result<(), MrpError> {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    let mut car = Item::new("CAR", Source::Make);
    car.order_yield = Share(950_000);
    problem.items = vec![car, Item::new("BRACKET", Source::Buy)];
    let mut line = Line::new(0, 1, Quantity::from_units(2));
    line.scrap = Share(200_000);
    problem.lines = vec![line];
    problem.demands = vec![demand(95, 9)];
    let plan = Plan::unlimited(problem)?;
    let asked = plan.item(1).map(|item| item.gross.milli() / 1000);
    assert!(
        asked.is_some_and(|asked| says(&format!("ask for **{asked}** brackets"))),
        "{asked:?}"
    );

    let hours = ShopHours {
        stations: 4,
        efficiency: Share(900_000),
        shifts: vec![ShiftPlan {
            from: 0,
            shifts: 2,
            shift_milli_hours: 7_500,
        }],
        maintenance: vec![Maintenance {
            from: 8,
            until: 9,
            stations: 1,
        }],
    };
    let told = |day| Quantity(hours.on(day)).to_string();
    assert!(says(&format!("are **{} hours**", told(0))), "{}", told(0));
    assert!(
        says(&format!("in maintenance **{}**", told(8))),
        "{}",
        told(8)
    );
    Ok(())
}
