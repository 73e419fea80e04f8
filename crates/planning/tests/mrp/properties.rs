//! What holds for every plan: conservation, equality with a plain day-by-day netting, equality of replanning with
//! planning, and for finite plans the checker.
use crate::checker::{flows, need, release, wrong};
use crate::random::{Kind, problem};
use proptest::prelude::*;
use std::collections::BTreeMap;
use takt_kernel::Quantity;
use takt_planning::mrp::{
    Bucket, Capacity, Change, Day, Demand, Plan, Problem, Receipt, Standing, Supplier,
};

/// Netting as one writes it on a blackboard: item by item, day by day.
fn blackboard(problem: &Problem) -> Vec<Vec<(Day, Day, i64)>> {
    let count = problem.items.len();
    let mut needs: Vec<BTreeMap<Day, i64>> = vec![BTreeMap::new(); count];
    for demand in &problem.demands {
        *needs[demand.item].entry(demand.due).or_default() += demand.quantity.milli();
    }
    let mut orders = vec![Vec::new(); count];
    // Random problems have their lines from lower to higher index.
    for item in 0..count {
        let rules = &problem.items[item];
        let mut balance = rules.on_hand.milli();
        for (day, need) in needs[item].clone() {
            balance -= need;
            let short = rules.safety_stock.milli() - balance;
            if short <= 0 || need == 0 {
                continue;
            }
            let through = rules.blow_through_from.is_some_and(|from| day >= from);
            let multiple = rules.lot.multiple.milli().max(1);
            let lots = (short + multiple - 1) / multiple;
            let lot = (lots * multiple).max(rules.lot.minimum.milli());
            let (lot, start) = match through {
                true => (short, day),
                false => (lot, day - rules.lead_days),
            };
            balance += lot;
            orders[item].push((start, day, lot));
        }
        for (start, _, lot) in &orders[item] {
            let release = release(problem, item, *lot);
            for line in problem.lines.iter().filter(|line| line.parent == item) {
                *needs[line.child].entry(*start).or_default() += need(line, release, *start);
            }
        }
    }
    orders
}

fn planned(plan: &Plan, item: usize) -> Vec<(Day, Day, i64)> {
    let supplies = plan.supplies(item).into_iter();
    supplies
        .filter(|s| matches!(s.supplier, Supplier::Order(_)))
        .map(|s| (s.start, s.due, s.quantity.milli()))
        .collect()
}

fn change(problem: &Problem, seed: (u8, usize, i64, i32)) -> Change {
    let (kind, at, quantity, day) = seed;
    let count = problem.items.len();
    match kind {
        0 | 1 => {
            let at = at % (problem.demands.len() + usize::from(kind));
            let item = problem.demands.get(at).map_or(0, |demand| demand.item);
            Change::Demand(
                at,
                Demand {
                    id: format!("D{at}"),
                    item: if quantity % 5 == 0 { at % count } else { item },
                    quantity: Quantity::from_units(quantity),
                    due: day,
                    priority: 1,
                    config: None,
                },
            )
        }
        2 => {
            let at = at % (problem.receipts.len() + 1);
            Change::Receipt(
                at,
                Receipt {
                    id: format!("R{at}"),
                    item: at % count,
                    quantity: Quantity::from_units(quantity),
                    due: day,
                    standing: match quantity % 2 {
                        0 => Standing::Released,
                        _ => Standing::Firm,
                    },
                },
            )
        }
        _ => Change::WorkDay {
            calendar: at % problem.calendars.len().max(1),
            day,
            works: quantity % 2 == 0,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_what_the_blackboard_says(problem in problem(Kind::Plain)) {
        let expected = blackboard(&problem);
        let plan = Plan::unlimited(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        for (item, orders) in expected.iter().enumerate() {
            prop_assert_eq!(&planned(&plan, item), orders, "item {}", item);
        }
    }

    #[test]
    fn netting_conserves_quantity(mut problem in problem(Kind::Wild), weekly in any::<bool>()) {
        if weekly {
            problem.bucket = Bucket::Week;
        }
        let plan = Plan::unlimited(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let (problem, flows) = (plan.problem(), flows(&plan));
        for (at, item) in problem.items.iter().enumerate() {
            let comes: i64 = flows.comes[at].values().sum();
            let goes: i64 = flows.goes[at].values().sum();
            let report = plan.item(at);
            prop_assert_eq!(report.as_ref().map(|r| r.gross.milli()), Some(goes));
            // On hand + receipts + planned = gross + what is left, and the safety stock is left.
            let left = item.on_hand.milli() + comes - goes;
            prop_assert!(left >= item.safety_stock.milli(), "{} has {left} left", item.id);
            let received: i64 = problem.receipts.iter().filter(|r| r.item == at).map(|r| r.quantity.milli()).sum();
            let through: i64 = plan.supplies(at).iter().filter(|s| s.passes_through).map(|s| s.quantity.milli()).sum();
            prop_assert_eq!(report.map(|r| r.planned_quantity.milli()), Some(comes - received - through));
        }
    }

    #[test]
    fn a_changed_plan_equals_a_new_one(
        problem in problem(Kind::Wild),
        seeds in proptest::collection::vec((0u8..4, 0usize..20, 0i64..70, -2i32..50), 1..6),
    ) {
        let mut plan = Plan::unlimited(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        for seed in seeds {
            let change = change(plan.problem(), seed);
            plan.replan(change.clone()).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let full = Plan::unlimited(plan.problem().clone()).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert!(plan.is_same_as(&full), "after {change:?}");
        }
    }

    #[test]
    fn a_finite_plan_is_feasible(problem in problem(Kind::Finite)) {
        let plan = Plan::finite(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let wrong = wrong(&plan);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let (_, unit_days, unplanned) = plan.lateness();
        prop_assert!(unplanned.milli() > 0 || plan.late_unit_days_at_least() <= unit_days);
        for late in plan.late() {
            prop_assert!(!late.reasons.is_empty(), "{late:?}");
        }
    }

    #[test]
    fn the_checker_sees_what_unlimited_plans_overdo(mut problem in problem(Kind::Finite)) {
        // One shop that can do nothing, and every item made there.
        problem.shops[0].capacity = Capacity::Week(0);
        problem.shops[0].exceptions.clear();
        for item in problem.items.iter_mut().filter(|item| item.shop.is_some()) {
            item.shop = Some(0);
            item.alternates.clear();
        }
        let plan = Plan::unlimited(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let made = (0..plan.problem().items.len()).any(|at| {
            plan.problem().items[at].shop.is_some() && planned(&plan, at).iter().any(|order| order.2 > 0)
        });
        prop_assert_eq!(wrong(&plan).iter().any(|w| w.starts_with("PRESS does")), made);
    }

    #[test]
    fn a_finite_plan_is_the_same_every_time(problem in problem(Kind::Finite)) {
        let one = Plan::finite(problem.clone()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let two = Plan::finite(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(one.is_same_as(&two));
    }
}
