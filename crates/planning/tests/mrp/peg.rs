//! Pegging from outside: parts add up to supplies, ways down and up meet.
use crate::random::{Kind, problem};
use proptest::prelude::*;
use takt_planning::mrp::{Consumer, Plan, Supplier};

fn check(plan: &Plan) -> Result<(), TestCaseError> {
    let problem = plan.problem();
    let mut served = vec![0i64; problem.demands.len()];
    for item in 0..problem.items.len() {
        let mut suppliers = vec![(Supplier::OnHand, problem.items[item].on_hand.milli())];
        let supplies = plan.supplies(item);
        suppliers.extend(supplies.iter().map(|s| (s.supplier, s.quantity.milli())));
        for (supplier, quantity) in suppliers {
            let consumers = plan.consumers(item, supplier);
            let sum: i64 = consumers.iter().map(|(_, q)| q.milli()).sum();
            prop_assert_eq!(sum, quantity, "{:?} of {}", supplier, item);
            for (consumer, quantity) in consumers {
                if let Consumer::Demand(demand) = consumer {
                    served[demand] += quantity.milli();
                }
            }
        }
    }
    for (at, demand) in problem.demands.iter().enumerate() {
        let delivered: i64 = plan.deliveries(at).iter().map(|(_, q)| q.milli()).sum();
        prop_assert_eq!(served[at], delivered);
        let down = plan.peg_down(at, true);
        let top: i64 = (down.supplies.iter())
            .filter(|peg| peg.item == demand.item)
            .map(|peg| peg.quantity.milli())
            .sum();
        prop_assert!(top >= delivered);
        // Whatever a demand lives on knows the demand.
        for peg in &down.supplies {
            let up = plan.peg_up(peg.item, peg.supplier);
            prop_assert!(
                up.demands.iter().any(|(demand, _)| *demand == at),
                "{peg:?} does not lead back to {at}"
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_to_supplies_and_ways_meet(problem in problem(Kind::Wild)) {
        let plan = Plan::unlimited(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        check(&plan)?;
    }

    #[test]
    fn finite_plans_are_pegged_alike(problem in problem(Kind::Finite)) {
        let plan = Plan::finite(problem).map_err(|e| TestCaseError::fail(e.to_string()))?;
        check(&plan)?;
    }
}
