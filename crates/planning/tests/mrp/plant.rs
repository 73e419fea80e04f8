//! A plant of six shops with calendars, shifts, stations, changeovers, yields, maintenance and a second press, as wanted as
//! it can bear and more. It must not know the planner: every plan goes through the checker.
use crate::checker::wrong;
use std::collections::BTreeMap;
use takt_kernel::{Date, Quantity, Share};
use takt_planning::mrp::{
    Alternate, Calendar, Capacity, Day, Demand, Item, Line, Maintenance, MrpError, Plan, Problem,
    ShiftPlan, Shop, ShopHours, Source,
};

const SHOPS: [&str; 6] = ["STAMPING", "CASTING", "BODY", "PAINT", "BATTERY", "FINAL"];

/// Hours of a shop: stations, shifts of 7.5 hours, 90 %, and stations that stand still in the third week.
fn hours(stations: i64, shifts: i64, stopped: i64) -> ShopHours {
    ShopHours {
        stations,
        efficiency: Share(900_000),
        shifts: vec![ShiftPlan {
            from: 0,
            shifts,
            shift_milli_hours: 7_500,
        }],
        maintenance: vec![Maintenance {
            from: 14,
            until: 19,
            stations: stopped,
        }],
    }
}

fn shops() -> Vec<Shop> {
    let week = Calendar {
        week: [true, true, true, true, true, false, false],
        exceptions: BTreeMap::from([(9, false)]),
    };
    let rooms = [
        (2, 2, 1),
        (2, 3, 0),
        (6, 2, 2),
        (4, 2, 0),
        (4, 2, 1),
        (8, 2, 0),
    ];
    let shops = SHOPS.iter().zip(rooms).enumerate();
    let shops = shops.map(|(at, (id, (stations, shifts, stopped)))| {
        let hours = hours(stations, shifts, stopped);
        match at % 2 {
            0 => hours.daily(id, Some(0), 0, 400),
            _ => hours.weekly(id, Some(&week), 0, 400),
        }
    });
    let second = Shop {
        id: "PRESS-2".to_owned(),
        calendar: None,
        capacity: Capacity::Week(20_000),
        exceptions: Vec::new(),
    };
    shops.chain([second]).collect()
}

/// Index, shop, lead days, minimum, multiple, millionths of an hour, changeover.
type Made = (&'static str, usize, i32, i64, i64, i64, i64);
const MADE: [Made; 9] = [
    ("CAR", 5, 2, 1, 1, 900_000, 0),
    ("PAINTED", 3, 1, 5, 5, 300_000, 400_000),
    ("BODY", 2, 1, 5, 5, 350_000, 0),
    ("PACK", 4, 1, 5, 5, 350_000, 0),
    ("MODULE", 4, 2, 40, 20, 40_000, 500_000),
    ("DOOR", 0, 2, 100, 50, 50_000, 1_500_000),
    ("ROOF", 0, 2, 100, 50, 60_000, 1_500_000),
    ("FLOOR", 1, 2, 24, 12, 150_000, 1_000_000),
    ("DRIVE", 5, 1, 10, 10, 200_000, 0),
];

fn plant(cars_a_day: i64) -> Problem {
    let mut problem = Problem::new(Date::from_epoch_day(20_000));
    problem.calendars = vec![Calendar {
        week: [true, true, true, true, true, false, false],
        exceptions: BTreeMap::from([(9, false)]),
    }];
    problem.shops = shops();
    for (id, shop, lead, minimum, multiple, micro, changeover) in MADE {
        let mut item = Item::new(id, Source::Make);
        (item.shop, item.lead_days, item.micro_hours) = (Some(shop), lead, micro);
        (item.lot.minimum, item.lot.multiple) = (
            Quantity::from_units(minimum),
            Quantity::from_units(multiple),
        );
        (item.changeover_micro_hours, item.calendar) = (changeover, Some(0));
        problem.items.push(item);
    }
    problem.items[1].order_yield = Share(950_000);
    problem.items[7].order_yield = Share(925_000);
    let second = Alternate {
        shop: 6,
        micro_hours: 70_000,
    };
    problem.items[5].alternates = vec![second];
    for (id, lead, stock) in [("STEEL", 10, 2_000), ("CELL", 21, 30_000), ("SEAT", 5, 50)] {
        let mut item = Item::new(id, Source::Buy);
        (item.lead_days, item.on_hand) = (lead, Quantity::from_units(stock));
        item.supplier = format!("{id} LTD");
        problem.items.push(item);
    }
    let lines = [
        (0, 1, 1),
        (0, 3, 1),
        (0, 8, 1),
        (0, 11, 2),
        (1, 2, 1),
        (2, 5, 4),
        (2, 6, 1),
        (2, 7, 1),
        (3, 4, 4),
        (4, 10, 24),
        (5, 9, 1),
        (6, 9, 2),
    ];
    problem.lines = lines
        .map(|(parent, child, units)| Line::new(parent, child, Quantity::from_units(units)))
        .to_vec();
    for day in (15..75).filter(|day| problem.calendars[0].works(*day)) {
        problem.demands.push(Demand {
            id: format!("SO{day}"),
            item: 0,
            quantity: Quantity::from_units(cars_a_day),
            due: day,
            priority: 1,
            config: None,
        });
    }
    problem
}

fn late(plan: &Plan) -> i64 {
    plan.lateness().1.milli() / 1000
}

/// Hours by day or week that a shop is loaded with, thousandths, without changeovers.
fn made_in(plan: &Plan, shop: usize) -> i64 {
    let all = 0..plan.problem().items.len();
    let supplies = all.flat_map(|item| plan.supplies(item));
    supplies
        .filter(|s| s.shop == Some(shop))
        .map(|s| s.quantity.milli())
        .sum()
}

#[test]
fn six_shops_keep_their_hours_at_every_load() -> Result<(), MrpError> {
    let mut before = 0;
    for cars in [10, 40, 55, 65, 80] {
        let plan = Plan::finite(plant(cars))?;
        assert_eq!(wrong(&plan), Vec::<String>::new(), "{cars} cars a day");
        let (_, unit_days, unplanned) = plan.lateness();
        assert!(plan.late_unit_days_at_least() <= unit_days || unplanned.milli() > 0);
        assert!(late(&plan) >= before, "{cars} cars a day");
        before = late(&plan);
        // Whoever is late or not planned is told why, down to a shop, a supplier or the calendar.
        for order in plan.late() {
            let mut last = order.reasons.first();
            while let Some(next) = last.and_then(|reason| reason.upstream.first()) {
                last = Some(next);
            }
            let subject = last
                .map(|reason| reason.subject.as_str())
                .unwrap_or_default();
            let known =
                SHOPS.contains(&subject) || subject.ends_with(" LTD") || subject == "PRESS-2";
            assert!(known, "{order:?}");
        }
    }
    assert!(before > 0, "80 cars a day are too many");
    Ok(())
}

#[test]
fn the_second_press_helps_where_the_first_is_full() -> Result<(), MrpError> {
    let with = Plan::finite(plant(70))?;
    let mut problem = plant(70);
    problem.items[5].alternates.clear();
    let without = Plan::finite(problem)?;
    assert_eq!(wrong(&without), Vec::<String>::new());
    assert!(made_in(&with, 6) > 0);
    assert!(
        late(&with) < late(&without),
        "{} and {}",
        late(&with),
        late(&without)
    );
    Ok(())
}

#[test]
fn changeovers_maintenance_and_a_shift_less_cost_days() -> Result<(), MrpError> {
    let usual = late(&Plan::finite(plant(55))?);
    let mut slow = plant(55);
    slow.items
        .iter_mut()
        .for_each(|item| item.changeover_micro_hours *= 4);
    let mut one_shift = plant(55);
    one_shift.shops[5] = hours(6, 1, 0).weekly("FINAL", Some(&one_shift.calendars[0]), 0, 400);
    let mut stopped = plant(55);
    stopped.shops[3] = hours(4, 2, 4).weekly("PAINT", Some(&stopped.calendars[0]), 0, 400);
    for (what, problem) in [
        ("changeovers", slow),
        ("a shift", one_shift),
        ("maintenance", stopped),
    ] {
        let plan = Plan::finite(problem)?;
        assert_eq!(wrong(&plan), Vec::<String>::new(), "{what}");
        assert!(late(&plan) > usual, "{what}: {} and {usual}", late(&plan));
    }
    Ok(())
}

#[test]
fn what_is_built_ahead_is_built_as_late_as_room_allows() -> Result<(), MrpError> {
    // Two weeks of 20 hours; 10 cars of 3 hours are due at the end of the second: 6 in it, 4 in the one before.
    let mut problem = Problem::new(Date::from_epoch_day(0));
    problem.shops = vec![Shop {
        id: "FINAL".to_owned(),
        calendar: None,
        capacity: Capacity::Week(20_000),
        exceptions: Vec::new(),
    }];
    let mut car = Item::new("CAR", Source::Make);
    (car.shop, car.micro_hours) = (Some(0), 3_000_000);
    car.lot.multiple = Quantity::from_units(1);
    problem.items = vec![car];
    problem.demands = vec![Demand {
        id: "SO".to_owned(),
        item: 0,
        quantity: Quantity::from_units(10),
        due: 25,
        priority: 1,
        config: None,
    }];
    let plan = Plan::finite(problem)?;
    let made: Vec<(Day, i64)> = (plan.supplies(0).iter())
        .map(|s| (s.start, s.quantity.milli() / 1000))
        .collect();
    assert_eq!(made, [(20, 4), (25, 6)]);
    assert_eq!(late(&plan), 0);
    Ok(())
}
