//! Netting tables as they are drawn on paper (Orlicky's layout: gross requirements, scheduled receipts, projected on
//! hand, planned releases), worked by hand; revisions, phantoms, options, lot rules.
use takt_kernel::{Date, Quantity, Share};
use takt_planning::feature::{Feature, Features};
use takt_planning::mrp::{
    Bucket, Day, Demand, Item, Line, Lot, LotCost, LotRule, MrpError, Plan, Problem, Receipt,
    Source, Standing,
};

fn units(units: i64) -> Quantity {
    Quantity::from_units(units)
}

fn demand(item: usize, quantity: i64, due: Day) -> Demand {
    Demand {
        id: format!("D{item}-{due}"),
        item,
        quantity: units(quantity),
        due,
        priority: 1,
        config: None,
    }
}

/// One bought item with gross requirements in buckets 1, 2, ...
fn table(lead: i32, on_hand: i64, gross: &[i64]) -> Problem {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    let mut item = Item::new("A", Source::Buy);
    (item.lead_days, item.on_hand) = (lead, units(on_hand));
    problem.items = vec![item];
    let rows = (1..).zip(gross).filter(|(_, quantity)| **quantity > 0);
    problem.demands = rows
        .map(|(day, quantity)| demand(0, *quantity, day))
        .collect();
    problem
}

/// Receipt day, release day and units of the planned orders of an item.
fn orders(plan: &Plan, item: usize) -> Vec<(Day, Day, i64)> {
    let rows = plan.item(item).map(|row| row.releases).unwrap_or_default();
    let day = |date: Date| date.epoch_day();
    (rows.iter())
        .map(|row| (day(row.due), day(row.date), row.quantity.milli() / 1000))
        .collect()
}

fn lot(rule: LotRule) -> Lot {
    Lot {
        rule,
        ..Lot::default()
    }
}

#[test]
fn lot_for_lot_with_a_scheduled_receipt() -> Result<(), MrpError> {
    // Gross 20 30 0 40 25; on hand 35; a receipt of 30 in period 2; lead time 2.
    // Projected: 15, 15, 15, -25 -> order 25, -25 -> order 25.
    let mut problem = table(2, 35, &[20, 30, 0, 40, 25]);
    problem.receipts = vec![Receipt {
        id: "R".to_owned(),
        item: 0,
        quantity: units(30),
        due: 2,
        standing: Standing::Released,
    }];
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(4, 2, 25), (5, 3, 25)]);
    let row = plan.item(0).expect("it is there");
    assert_eq!((row.gross, row.net), (units(115), units(50)));
    Ok(())
}

#[test]
fn fixed_lots_and_safety_stock() -> Result<(), MrpError> {
    // Gross 10 40 10 40; on hand 25, safety stock 5, lots of 50. Projected: 15, -25 -> 25, 15, -25 -> 25.
    let mut problem = table(1, 25, &[10, 40, 10, 40]);
    problem.items[0].safety_stock = units(5);
    problem.items[0].lot = lot(LotRule::Fixed(units(50)));
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(2, 1, 50), (4, 3, 50)]);
    // Short to the safety stock: 30 and 30.
    assert_eq!(plan.item(0).map(|row| row.net), Some(units(60)));
    Ok(())
}

#[test]
fn stock_below_the_safety_stock_is_ordered_today() -> Result<(), MrpError> {
    let mut problem = table(3, 2, &[0, 0, 0, 0, 0, 4]);
    problem.items[0].safety_stock = units(5);
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(0, -3, 3), (6, 3, 4)]);
    Ok(())
}

#[test]
fn a_period_of_supply_covers_what_falls_into_it() -> Result<(), MrpError> {
    // Three periods from each shortage: 10 + 0 + 15, then 20 + 5.
    let mut problem = table(0, 0, &[10, 0, 15, 0, 20, 5]);
    problem.items[0].lot = lot(LotRule::Period(3));
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(1, 1, 25), (5, 5, 25)]);
    Ok(())
}

#[test]
fn wagner_and_whitin_weigh_orders_against_stock() -> Result<(), MrpError> {
    // 54 an order, 0.4 to hold a unit for a period: 10 and 10 together (4 more), 200 for itself.
    let mut problem = table(0, 0, &[10, 10, 200, 10]);
    problem.items[0].lot = lot(LotRule::WagnerWhitin(LotCost {
        order_cost: 54,
        holding_micro_cost: 400_000,
    }));
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(1, 1, 20), (3, 3, 210)]);
    Ok(())
}

#[test]
fn weekly_buckets_gather_a_week_on_its_first_day() -> Result<(), MrpError> {
    let mut problem = table(7, 0, &[0, 0, 0, 0, 0, 0, 0, 5, 5, 5]);
    problem.bucket = Bucket::Week;
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(7, 0, 15)]);
    Ok(())
}

#[test]
fn an_item_used_on_two_levels_is_netted_once() -> Result<(), MrpError> {
    // A takes B and C, B takes C: C has low-level code 2 and one stock for both.
    let mut problem = Problem::new(Date::from_epoch_day(0));
    let item = |id: &str, source, lead| {
        let mut item = Item::new(id, source);
        item.lead_days = lead;
        item
    };
    problem.items = vec![
        item("A", Source::Make, 1),
        item("C", Source::Buy, 2),
        item("B", Source::Make, 1),
    ];
    problem.items[1].on_hand = units(12);
    problem.lines = vec![
        Line::new(0, 1, units(1)),
        Line::new(0, 2, units(1)),
        Line::new(2, 1, units(2)),
    ];
    problem.demands = vec![demand(0, 10, 10)];
    let plan = Plan::unlimited(problem)?;
    assert_eq!(
        [0, 1, 2].map(|at| plan.level(at)),
        [Some(0), Some(2), Some(1)]
    );
    // C: 20 on day 8 for B, 10 on day 9 for A; 12 on hand.
    assert_eq!(orders(&plan, 1), [(8, 6, 8), (9, 7, 10)]);
    Ok(())
}

#[test]
fn yield_and_scrap_ask_for_more() -> Result<(), MrpError> {
    let mut problem = table(1, 0, &[0, 0, 0, 95]);
    problem.items[0].source = Source::Make;
    problem.items[0].order_yield = Share(950_000);
    problem.items.push(Item::new("B", Source::Buy));
    let mut line = Line::new(0, 1, units(2));
    line.scrap = Share(200_000);
    problem.lines = vec![line];
    let plan = Plan::unlimited(problem)?;
    // 95 good of 100 released; 200 of B in good pieces, of 250.
    assert_eq!(orders(&plan, 1), [(3, 3, 250)]);
    Ok(())
}

#[test]
fn a_phantom_uses_its_stock_and_passes_the_rest_on() -> Result<(), MrpError> {
    let mut problem = table(2, 0, &[0, 0, 0, 0, 10]);
    problem.items[0].source = Source::Make;
    let mut phantom = Item::new("KIT", Source::Make);
    (phantom.on_hand, phantom.lead_days) = (units(4), 5);
    phantom.blow_through_from = Some(Day::MIN);
    problem.items.extend([phantom, Item::new("B", Source::Buy)]);
    problem.lines = vec![Line::new(0, 1, units(1)), Line::new(1, 2, units(3))];
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 1), []);
    assert_eq!(orders(&plan, 2), [(3, 3, 18)]);
    Ok(())
}

#[test]
fn a_revision_changes_by_date_and_another_by_use_up() -> Result<(), MrpError> {
    // OLD goes out by day 4 and NEW comes in; X is used up from day 4 on and then Y takes its place.
    let mut problem = table(0, 0, &[0, 5, 0, 0, 5, 0, 5]);
    problem.items[0].source = Source::Make;
    for id in ["OLD", "NEW", "X", "Y"] {
        problem.items.push(Item::new(id, Source::Buy));
    }
    problem.items[3].on_hand = units(12);
    problem.items[3].blow_through_from = Some(4);
    let mut lines = [1, 2, 3].map(|child| Line::new(0, child, units(1)));
    (lines[0].until, lines[1].from) = (4, 4);
    problem.lines = lines.to_vec();
    problem.lines.push(Line::new(3, 4, units(1)));
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 1), [(2, 2, 5)]);
    assert_eq!(orders(&plan, 2), [(5, 5, 5), (7, 7, 5)]);
    assert_eq!(orders(&plan, 3), []);
    assert_eq!(orders(&plan, 4), [(7, 7, 3)]);
    Ok(())
}

#[test]
fn firm_orders_stay_and_take_their_components() -> Result<(), MrpError> {
    let mut problem = table(2, 0, &[0, 0, 0, 0, 10]);
    problem.items[0].source = Source::Make;
    problem.items.push(Item::new("B", Source::Buy));
    problem.lines = vec![Line::new(0, 1, units(1))];
    problem.receipts = vec![Receipt {
        id: "F".to_owned(),
        item: 0,
        quantity: units(6),
        due: 4,
        standing: Standing::Firm,
    }];
    let plan = Plan::unlimited(problem)?;
    assert_eq!(orders(&plan, 0), [(5, 3, 4)]);
    assert_eq!(orders(&plan, 1), [(2, 2, 6), (3, 3, 4)]);
    Ok(())
}

#[test]
fn options_decide_by_configuration_and_shared_parts_stay_shared()
-> Result<(), Box<dyn std::error::Error>> {
    let feature = |key: &str, values: &[&str]| Feature {
        key: key.to_owned(),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
    };
    let features = Features::new(vec![
        feature("VAR", &["STD"]),
        feature("WHEEL", &["W19", "W21"]),
        feature("COLOR", &["RED", "BLUE"]),
    ])?;
    let mut problem = Problem::new(Date::from_epoch_day(0));
    problem.items = vec![Item::new("CAR", Source::Make)];
    for id in ["W19", "W21", "BOLT"] {
        problem.items.push(Item::new(id, Source::Buy));
    }
    problem.lines = [1, 2, 3]
        .map(|child| Line::new(0, child, units(4)))
        .to_vec();
    problem.lines[0].condition = features.condition("WHEEL=W19")?;
    problem.lines[1].condition = features.condition("WHEEL=W21")?;
    for (at, text) in [
        "VAR=STD;WHEEL=W19;COLOR=RED",
        "VAR=STD;WHEEL=W19;COLOR=BLUE",
        "VAR=STD;WHEEL=W21;COLOR=RED",
    ]
    .iter()
    .enumerate()
    {
        let mut order = demand(0, 1 + at as i64, 5);
        order.id = format!("SO{at}");
        order.config = Some(features.config(text)?);
        problem.demands.push(order);
    }
    assert!(matches!(
        Plan::unlimited(problem.clone()),
        Err(MrpError::Unconfigured { .. })
    ));
    let plan = Plan::unlimited(problem.configured()?)?;
    // The colour matters to nothing, so two configurations are made of three.
    assert_eq!(plan.problem().items.len(), 6);
    assert_eq!(orders(&plan, 1), [(5, 5, 12)]);
    assert_eq!(orders(&plan, 2), [(5, 5, 12)]);
    assert_eq!(orders(&plan, 3), [(5, 5, 24)]);
    Ok(())
}
