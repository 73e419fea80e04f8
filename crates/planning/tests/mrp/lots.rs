//! Lot rules on series of requirements from the literature; orders and costs are worked here. Each as a table: what is ordered, when, and what it costs to order and to
//! hold. A period is a day; holding is paid for what is left at the end of a period.
use takt_kernel::{Date, Quantity, Share};
use takt_planning::mrp::{
    Day, Demand, Item, Lot, LotCost, LotRule, MrpError, Plan, Problem, Source, Supplier,
};

/// Net requirements of nine periods: Orlicky, Material Requirements Planning (1975), the example of the chapter on lot sizing;
/// an order costs 100, holding a unit for a period costs 1 (50 a unit, 24 % a year, twelve periods).
const ORLICKY: &[i64] = &[35, 10, 0, 40, 0, 20, 5, 10, 30];
/// Twelve months, attributed to Silver and Meal, Production and Inventory Management 14 (1973), and Silver, Pyke and Peterson, Inventory
/// Management and Production Planning and Scheduling, the example of the chapter on time-varying demand; an order costs
/// 54.00, holding a unit for a month 0.40.
const SILVER: &[i64] = &[10, 62, 12, 130, 154, 129, 88, 52, 124, 160, 238, 41];
/// Twelve weeks, attributed (not checked) to Berry, Production and Inventory Management 13 (1972), and Vollmann, Berry and Whybark, Manufacturing
/// Planning and Control Systems, the lot-sizing example; an order costs 300, holding a unit for a week 2.
const BERRY: &[i64] = &[10, 10, 15, 20, 70, 180, 250, 270, 230, 40, 0, 10];
/// Twelve months of Wagner and Whitin, Management Science 5 (1958), table 1, here with one cost of an order, 100, for all months.
const WAGNER_WHITIN: &[i64] = &[69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56];

/// A row: the series, the rule, and the orders that come of it as period and units.
struct Row {
    name: &'static str,
    series: &'static [i64],
    rule: LotRule,
    /// What an order and a unit and period cost.
    cost: LotCost,
    minimum: i64,
    multiple: i64,
    orders: &'static [(Day, i64)],
    /// Ordering and holding together, in minor units.
    total: i64,
}

const fn cost(order_cost: i64, holding_micro_cost: i64) -> LotCost {
    LotCost {
        order_cost,
        holding_micro_cost,
    }
}

const ORLICKY_COST: LotCost = cost(100, 1_000_000);
/// In hundredths.
const SILVER_COST: LotCost = cost(5400, 40_000_000);
const BERRY_COST: LotCost = cost(300, 2_000_000);
const MONTH_COST: LotCost = cost(100, 1_000_000);

fn rows() -> Vec<Row> {
    let row = |name, series, rule, cost, orders, total| Row {
        name,
        series,
        rule,
        cost,
        minimum: 0,
        multiple: 1,
        orders,
        total,
    };
    let yearly = |units| Quantity::from_units(units);
    vec![
        row(
            "Orlicky, lot for lot",
            ORLICKY,
            LotRule::LotForLot,
            ORLICKY_COST,
            &[(1, 35), (2, 10), (4, 40), (6, 20), (7, 5), (8, 10), (9, 30)],
            700,
        ),
        row(
            "Orlicky, fixed lots of 60",
            ORLICKY,
            LotRule::Fixed(Quantity::from_units(60)),
            ORLICKY_COST,
            &[(1, 60), (4, 60), (9, 60)],
            480,
        ),
        // 200 a year of 365 periods cost 365 a unit and year: the same square root as 200 x 100 x 2 / 12.
        row(
            "Orlicky, economic order quantity 58",
            ORLICKY,
            LotRule::Economic {
                yearly: Quantity(6_083_333),
                cost: ORLICKY_COST,
            },
            ORLICKY_COST,
            &[(1, 58), (4, 58), (8, 58)],
            506,
        ),
        row(
            "Orlicky, three periods of supply",
            ORLICKY,
            LotRule::Period(3),
            ORLICKY_COST,
            &[(1, 45), (4, 60), (7, 45)],
            420,
        ),
        row(
            "Orlicky, Wagner and Whitin",
            ORLICKY,
            LotRule::WagnerWhitin(ORLICKY_COST),
            ORLICKY_COST,
            &[(1, 45), (4, 65), (8, 40)],
            395,
        ),
        row(
            "Silver and Meal, lot for lot",
            SILVER,
            LotRule::LotForLot,
            SILVER_COST,
            &[
                (1, 10),
                (2, 62),
                (3, 12),
                (4, 130),
                (5, 154),
                (6, 129),
                (7, 88),
                (8, 52),
                (9, 124),
                (10, 160),
                (11, 238),
                (12, 41),
            ],
            64_800,
        ),
        row(
            "Silver and Meal, two periods of supply",
            SILVER,
            LotRule::Period(2),
            SILVER_COST,
            &[(1, 72), (3, 142), (5, 283), (7, 140), (9, 284), (11, 279)],
            55_360,
        ),
        // The optimum in Sadjadi, Aryanezhad and Sadeghi (2009): 501.2.
        row(
            "Silver and Meal, Wagner and Whitin",
            SILVER,
            LotRule::WagnerWhitin(SILVER_COST),
            SILVER_COST,
            &[
                (1, 84),
                (4, 130),
                (5, 283),
                (7, 140),
                (9, 124),
                (10, 160),
                (11, 279),
            ],
            50_120,
        ),
        // 92.1 a week: the square root of 2 x 92.1 x 300 / 2 is 166; a larger shortage is ordered as it is.
        row(
            "Berry, economic order quantity 166",
            BERRY,
            LotRule::Economic {
                yearly: yearly(33_610),
                cost: BERRY_COST,
            },
            BERRY_COST,
            &[(1, 166), (6, 166), (7, 223), (8, 270), (9, 230), (10, 166)],
            3760,
        ),
        row(
            "Berry, two periods of supply",
            BERRY,
            LotRule::Period(2),
            BERRY_COST,
            &[(1, 20), (3, 35), (5, 250), (7, 520), (9, 270), (12, 10)],
            2840,
        ),
        row(
            "Berry, Wagner and Whitin",
            BERRY,
            LotRule::WagnerWhitin(BERRY_COST),
            BERRY_COST,
            &[(1, 55), (5, 70), (6, 180), (7, 250), (8, 270), (9, 280)],
            2140,
        ),
        Row {
            minimum: 50,
            multiple: 1,
            ..row(
                "Wagner and Whitin's months, at least 50",
                WAGNER_WHITIN,
                LotRule::LotForLot,
                MONTH_COST,
                &[
                    (1, 69),
                    (2, 50),
                    (3, 50),
                    (4, 50),
                    (5, 50),
                    (6, 50),
                    (8, 64),
                    (9, 50),
                    (10, 62),
                    (11, 79),
                    (12, 56),
                ],
                1238,
            )
        },
        Row {
            multiple: 40,
            ..row(
                "Wagner and Whitin's months, in forties",
                WAGNER_WHITIN,
                LotRule::LotForLot,
                MONTH_COST,
                &[
                    (1, 80),
                    (2, 40),
                    (3, 40),
                    (4, 40),
                    (5, 80),
                    (6, 40),
                    (8, 80),
                    (9, 40),
                    (10, 80),
                    (11, 80),
                    (12, 40),
                ],
                1320,
            )
        },
        row(
            "Wagner and Whitin's months, at one cost",
            WAGNER_WHITIN,
            LotRule::WagnerWhitin(MONTH_COST),
            MONTH_COST,
            &[(1, 98), (3, 97), (5, 121), (8, 112), (10, 67), (11, 135)],
            885,
        ),
    ]
}

/// One bought item, lead time 2, with the series in periods 1, 2, ...
fn plan(row: &Row) -> Result<Plan, MrpError> {
    let mut problem = Problem::new(Date::from_epoch_day(0));
    let mut item = Item::new("A", Source::Buy);
    item.lead_days = 2;
    item.lot = Lot {
        rule: row.rule,
        minimum: Quantity::from_units(row.minimum),
        multiple: Quantity::from_units(row.multiple),
    };
    problem.items = vec![item];
    for (due, units) in (1..).zip(row.series).filter(|(_, units)| **units > 0) {
        problem.demands.push(Demand {
            id: format!("D{due}"),
            item: 0,
            quantity: Quantity::from_units(*units),
            due,
            priority: 1,
            config: None,
        });
    }
    Plan::unlimited(problem)
}

#[test]
fn every_rule_orders_what_the_table_says() -> Result<(), MrpError> {
    for row in rows() {
        let plan = plan(&row)?;
        let supplies = plan.supplies(0);
        let orders: Vec<_> = supplies
            .iter()
            .map(|s| (s.due, s.quantity.milli() / 1000))
            .collect();
        assert_eq!(orders, row.orders, "{}", row.name);
        assert!(
            supplies.iter().all(|s| s.start == s.due - 2),
            "{}",
            row.name
        );
        // What it costs, added up period by period.
        let (mut stock, mut total) = (0, row.cost.order_cost * orders.len() as i64 * 1_000_000);
        for (period, need) in (1..).zip(row.series) {
            let received = orders.iter().filter(|(due, _)| *due == period);
            stock += received.map(|(_, units)| units).sum::<i64>() - need;
            assert!(stock >= 0, "{} in {period}", row.name);
            total += stock * row.cost.holding_micro_cost;
        }
        assert_eq!(total / 1_000_000, row.total, "{}", row.name);
    }
    Ok(())
}

/// The rows as they stand on the page about planning.
pub fn page_rows() -> Vec<String> {
    let lots = |row: &Row| -> Vec<String> {
        let orders = row.orders.iter();
        orders
            .map(|(period, units)| format!("{period}: {units}"))
            .collect()
    };
    let line = |row: &Row| {
        format!(
            "| {} | {} | {} |",
            row.name,
            lots(row).join(", "),
            row.total
        )
    };
    rows().iter().map(line).collect()
}

#[test]
fn no_rule_is_cheaper_than_wagner_and_whitin() {
    for row in rows()
        .iter()
        .filter(|row| row.minimum == 0 && row.multiple == 1)
    {
        let best = rows().into_iter().find(|best| {
            best.series == row.series && matches!(best.rule, LotRule::WagnerWhitin(_))
        });
        assert!(
            best.is_some_and(|best| best.total <= row.total),
            "{}",
            row.name
        );
    }
}

#[test]
fn lots_grow_with_yield_and_stay_whole() -> Result<(), MrpError> {
    // 92.5 % good: for 37 good units 40 are released, in the lot of 37.
    let mut problem = Problem::new(Date::from_epoch_day(0));
    let mut made = Item::new("A", Source::Make);
    made.order_yield = Share(925_000);
    made.lot.multiple = Quantity::from_units(37);
    problem.items = vec![made, Item::new("B", Source::Buy)];
    problem.lines = vec![takt_planning::mrp::Line::new(0, 1, Quantity::from_units(1))];
    problem.demands = vec![Demand {
        id: "D".to_owned(),
        item: 0,
        quantity: Quantity::from_units(30),
        due: 5,
        priority: 1,
        config: None,
    }];
    let plan = Plan::unlimited(problem)?;
    let only = |item: usize| {
        plan.supplies(item)
            .first()
            .map(|s| (s.supplier, s.quantity))
    };
    assert_eq!(
        only(0),
        Some((Supplier::Order(0), Quantity::from_units(37)))
    );
    assert_eq!(
        only(1),
        Some((Supplier::Order(0), Quantity::from_units(40)))
    );
    Ok(())
}
