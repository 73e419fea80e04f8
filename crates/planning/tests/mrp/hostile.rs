//! Hostile problems: figures at their limits, indices that do not exist. Planning answers or refuses, and never panics.
use crate::random::{Kind, problem};
use proptest::prelude::*;
use takt_kernel::{Date, Quantity};
use takt_planning::mrp::{
    Capacity, Day, Demand, Item, Line, MrpError, Plan, Problem, Shop, Source, Texts, parse,
};

const ODD: [i64; 8] = [
    i64::MIN,
    -1,
    0,
    1,
    999,
    10_000_000_000_000,
    1 << 60,
    i64::MAX,
];
const ODD_DAYS: [Day; 7] = [Day::MIN, -36_525, -1, 0, 36_525, 40_000, Day::MAX];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn odd_figures_are_planned_or_refused(
        mut problem in problem(Kind::Wild),
        field in 0u8..12, at in 0usize..9, figure in 0usize..8, day in 0usize..7, finite in any::<bool>(),
    ) {
        let count = problem.items.len();
        let (odd, day) = (Quantity(ODD[figure]), ODD_DAYS[day]);
        let item = &mut problem.items[at % count];
        match field {
            0 => item.on_hand = odd,
            1 => item.safety_stock = odd,
            2 => item.lot.minimum = odd,
            3 => item.lot.multiple = odd,
            4 => item.lead_days = day,
            5 => item.micro_hours = odd.0,
            6 => item.fence_days = day,
            7 => problem.demands[0].quantity = odd,
            8 => problem.demands[0].due = day,
            9 => problem.today = day,
            10 => problem.lines.iter_mut().take(1).for_each(|line| line.quantity = odd),
            _ => problem.demands[0].item = figure * 5,
        }
        // Long horizons make a finite plan slow, not wrong.
        let near = (-3000..3000).contains(&day);
        let result = if finite && near { Plan::finite(problem) } else { Plan::unlimited(problem) };
        if let Ok(plan) = result {
            plan.late();
            plan.messages(30);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(
        items in "[a-c,\\n0-9.\"-]{0,80}", bom in "[a-c,\\n0-9.\"-]{0,60}",
    ) {
        let header = "item,kind,shop,lead_days,lot_min,lot_multiple,safety_stock,on_hand,hours_per_unit\n";
        let texts = Texts {
            items: &format!("{header}{items}"),
            bom: &format!("parent,child,qty_per\n{bom}"),
            resources: "shop,week_capacity_hours\na,10\n",
            demands: "demand,item,qty,due_day,priority\n",
            ..Texts::default()
        };
        let _ = parse(texts, Date::from_epoch_day(0));
    }
}

fn two_items() -> Problem {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    problem.items = vec![Item::new("A", Source::Make), Item::new("B", Source::Make)];
    problem
}

#[test]
fn a_cycle_is_named() {
    let mut problem = two_items();
    problem.lines = vec![
        Line::new(0, 1, Quantity(1000)),
        Line::new(1, 0, Quantity(1000)),
    ];
    let error = Plan::unlimited(problem)
        .map(|_| ())
        .map_err(|e| e.to_string());
    assert_eq!(
        error,
        Err("the bill of material has a cycle: A > B > A; take one of its lines out".to_owned())
    );
}

#[test]
fn what_does_not_fit_names_the_item() {
    let mut problem = two_items();
    problem.lines = vec![Line::new(0, 1, Quantity(10_000_000_000_000))];
    problem.demands = vec![Demand {
        id: "D".to_owned(),
        item: 0,
        quantity: Quantity(10_000_000_000_000),
        due: 3,
        priority: 1,
        config: None,
    }];
    let error = Plan::unlimited(problem).err();
    assert_eq!(
        error,
        Some(MrpError::TooLarge {
            item: "B".to_owned()
        })
    );
}

/// Items in a chain, each made in the same small shop from the next.
fn chain(levels: usize) -> Problem {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    problem.shops = vec![Shop {
        id: "ONE".to_owned(),
        calendar: None,
        capacity: Capacity::Week(1_000),
        exceptions: Vec::new(),
    }];
    for at in 0..levels {
        let mut item = Item::new(format!("I{at}"), Source::Make);
        (item.shop, item.micro_hours, item.lead_days) = (Some(0), 30_000, 1);
        problem.items.push(item);
        if at > 0 {
            problem.lines.push(Line::new(at - 1, at, Quantity(1000)));
        }
    }
    for at in 0..5 {
        problem.demands.push(Demand {
            id: format!("D{at}"),
            item: 0,
            quantity: Quantity(3_000),
            due: 250,
            priority: 1,
            config: None,
        });
    }
    problem
}

#[test]
fn a_deep_chain_in_a_small_shop_ends() {
    for levels in [30, 199] {
        let plan = Plan::finite(chain(levels)).expect("it is planned as far as it can be");
        assert!(crate::checker::wrong(&plan).is_empty());
    }
    let error = Plan::finite(chain(300))
        .map(|_| ())
        .map_err(|e| e.to_string());
    assert_eq!(
        error,
        Err("I200: low-level code is 200; keep the bill of material below 200 levels".to_owned())
    );
}
