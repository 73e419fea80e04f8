//! Why orders are late, and what is to be done, on problems small enough to be done by hand.
use takt_kernel::{Date, Quantity, ReasonCode};
use takt_planning::mrp::{
    Action, Capacity, Demand, Item, Line, MrpError, Plan, Problem, Receipt, Shop, Source, Standing,
    Supplier,
};

fn units(units: i64) -> Quantity {
    Quantity::from_units(units)
}

fn demand(id: &str, item: usize, quantity: i64, due: i32) -> Demand {
    Demand {
        id: id.to_owned(),
        item,
        quantity: units(quantity),
        due,
        priority: 1,
        config: None,
    }
}

fn receipt(id: &str, quantity: i64, due: i32) -> Receipt {
    Receipt {
        id: id.to_owned(),
        item: 1,
        quantity: units(quantity),
        due,
        standing: Standing::Released,
    }
}

/// A car made in 2 days from 4 wheels that ACME delivers in 10.
fn car() -> Problem {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    let mut car = Item::new("CAR", Source::Make);
    car.lead_days = 2;
    let mut wheel = Item::new("WHEEL", Source::Buy);
    (wheel.lead_days, wheel.supplier) = (10, "ACME".to_owned());
    problem.items = vec![car, wheel];
    problem.lines = vec![Line::new(0, 1, units(4))];
    problem.demands = vec![demand("SO1", 0, 5, 9)];
    problem
}

#[test]
fn a_release_in_the_past_stays_there_and_says_why() -> Result<(), MrpError> {
    let plan = Plan::unlimited(car())?;
    let wheels = plan.item(1).map(|row| row.releases).unwrap_or_default();
    assert_eq!(wheels.len(), 1);
    // Due on day 7, so it should have been released on day -3.
    assert_eq!(wheels[0].date, Date::from_epoch_day(-3));
    assert_eq!(wheels[0].past_due_days, 3);
    let late = plan.explain_late(0).expect("it is late");
    assert_eq!(
        (late.days, late.earliest),
        (3, Some(Date::from_epoch_day(12)))
    );
    let wheel = &late.reasons[0].upstream[0];
    assert_eq!(late.reasons[0].code, ReasonCode::AwaitSupply);
    assert_eq!(
        (wheel.code, wheel.subject.as_str()),
        (ReasonCode::MaterialShortage, "WHEEL")
    );
    let supplier = &wheel.upstream[0];
    assert_eq!(
        (supplier.code, supplier.subject.as_str()),
        (ReasonCode::LeadTimePastDue, "ACME")
    );
    assert_eq!(supplier.from, Some(Date::from_epoch_day(-3)));
    assert_eq!(plan.late().len(), 1);
    Ok(())
}

#[test]
fn a_receipt_after_the_shortage_is_expedited_and_waited_for() -> Result<(), MrpError> {
    let mut problem = car();
    problem.receipts = vec![receipt("PO7", 20, 9), receipt("PO8", 30, 11)];
    let plan = Plan::unlimited(problem)?;
    let messages = plan.messages(30);
    let about = |at| {
        messages
            .iter()
            .filter(move |m| m.supplier == Supplier::Receipt(at))
    };
    let first: Vec<_> = about(0).map(|m| (m.action, m.wanted, m.demand)).collect();
    assert_eq!(
        first,
        [(Action::Expedite, Some(Date::from_epoch_day(7)), Some(0))]
    );
    let second: Vec<_> = about(1).map(|m| (m.action, m.quantity, m.demand)).collect();
    assert_eq!(second, [(Action::Cancel, units(30), None)]);
    let late = plan.explain_late(0).expect("it waits for PO7");
    assert_eq!(late.days, 2);
    assert_eq!(late.reasons[0].upstream[0].subject, "PO7");
    Ok(())
}

#[test]
fn early_receipts_are_deferred_and_large_ones_decreased() -> Result<(), MrpError> {
    let mut problem = car();
    problem.receipts = vec![receipt("PO7", 26, 3)];
    let plan = Plan::unlimited(problem)?;
    let got: Vec<_> = (plan.messages(30).iter())
        .filter(|m| m.item == 1)
        .map(|m| (m.action, m.quantity))
        .collect();
    assert_eq!(
        got,
        [(Action::Defer, units(20)), (Action::Decrease, units(6))]
    );
    Ok(())
}

#[test]
fn a_receipt_in_time_is_increased_where_an_order_would_be_late() -> Result<(), MrpError> {
    let mut problem = car();
    problem.receipts = vec![receipt("PO7", 15, 7)];
    let plan = Plan::unlimited(problem)?;
    let got: Vec<_> = (plan.messages(30).iter())
        .filter(|m| m.item == 1)
        .map(|m| (m.action, m.supplier, m.quantity, m.past_due_days))
        .collect();
    let more = (Action::Increase, Supplier::Receipt(0), units(5), 3);
    assert_eq!(got, [more]);
    Ok(())
}

#[test]
fn the_fence_holds_new_orders_back_and_says_so() -> Result<(), MrpError> {
    let mut problem = car();
    problem.items[1].lead_days = 1;
    problem.items[1].fence_days = 8;
    let plan = Plan::unlimited(problem)?;
    let late = plan.explain_late(0).expect("the fence ends on day 8");
    assert_eq!(late.days, 1);
    assert_eq!(late.reasons[0].upstream[0].code, ReasonCode::Fence);
    Ok(())
}

#[test]
fn a_full_shop_is_named_with_its_item() -> Result<(), MrpError> {
    let mut problem = car();
    problem.items[1].lead_days = 0;
    problem.shops = vec![Shop {
        id: "FINAL".to_owned(),
        calendar: None,
        capacity: Capacity::Week(8_000),
        exceptions: vec![(0, 0)],
    }];
    problem.items[0].shop = Some(0);
    problem.items[0].micro_hours = 2_000_000;
    let plan = Plan::finite(problem)?;
    // Nothing in week 0, four cars in week 1 from day 7 on, one in week 2 from day 14 on.
    assert_eq!(plan.deliveries(0), [(9, units(4)), (16, units(1))]);
    let late = plan.explain_late(0).expect("one car is late");
    assert_eq!((late.days, late.quantity), (7, units(1)));
    let shop = &late.reasons[0].upstream[0];
    assert_eq!(
        (shop.code, shop.subject.as_str()),
        (ReasonCode::CapacityOverload, "FINAL")
    );
    Ok(())
}

#[test]
fn building_ahead_that_fails_names_the_full_shop_and_then_the_part() -> Result<(), MrpError> {
    // Week 1 can make two cars, week 0 has no wheels: ACME needs 7 days.
    let mut problem = car();
    problem.items[1].lead_days = 7;
    problem.shops = vec![Shop {
        id: "FINAL".to_owned(),
        calendar: None,
        capacity: Capacity::Week(4_000),
        exceptions: Vec::new(),
    }];
    problem.items[0].shop = Some(0);
    problem.items[0].micro_hours = 2_000_000;
    problem.demands[0].due = 12;
    let plan = Plan::finite(problem)?;
    assert_eq!(
        plan.deliveries(0),
        [(12, units(2)), (16, units(2)), (23, units(1))]
    );
    let late = plan.explain_late(0).expect("three cars are late");
    let (mut reasons, mut chain) = (late.reasons.first(), Vec::new());
    while let Some(reason) = reasons {
        chain.push((reason.code, reason.subject.as_str()));
        reasons = reason.upstream.first();
    }
    let expected = [
        (ReasonCode::AwaitSupply, "CAR"),
        (ReasonCode::CapacityOverload, "FINAL"),
        (ReasonCode::AwaitSupply, "WHEEL"),
        (ReasonCode::MaterialShortage, "ACME"),
    ];
    assert_eq!(chain, expected);
    Ok(())
}

#[test]
fn what_can_never_be_made_is_not_planned_and_says_why() -> Result<(), MrpError> {
    let mut problem = car();
    problem.shops = vec![Shop {
        id: "FINAL".to_owned(),
        calendar: None,
        capacity: Capacity::Week(0),
        exceptions: Vec::new(),
    }];
    problem.items[0].shop = Some(0);
    problem.items[0].micro_hours = 1;
    let plan = Plan::finite(problem)?;
    let late = plan.explain_late(0).expect("it is not planned");
    assert_eq!((late.earliest, late.quantity), (None, units(5)));
    assert!(!late.reasons.is_empty());
    Ok(())
}
