//! Random small problems: any network, lots, yields, phantoms, calendars, receipts. It must not know plans.
use proptest::prelude::*;
use std::collections::BTreeMap;
use takt_kernel::{Date, Quantity, Share};
use takt_planning::mrp::{
    Calendar, Capacity, Day, Demand, Item, Line, Lot, LotCost, LotRule, Problem, Receipt, Shop,
    Source, Standing,
};

/// How wild the problems are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Minimum and multiple, safety stock, yields, scrap; nothing is received and nothing is fenced.
    Plain,
    /// Everything.
    Wild,
    /// For finite planning: shops, calendars, second lines, released receipts; no look-ahead rules.
    Finite,
}

type ItemSeed = ((i32, i64, i64), (i64, i64), (u8, u8, u8), (u8, u8));

fn item_seed() -> impl Strategy<Value = ItemSeed> {
    (
        (0i32..6, 0i64..40, 0i64..25),
        (0i64..30, 0i64..80),
        (0u8..10, 0u8..10, 0u8..12),
        (0u8..6, 0u8..8),
    )
}

fn lot(seed: &ItemSeed, kind: Kind) -> Lot {
    let ((_, minimum, multiple), _, (rule, ..), _) = seed;
    let cost = LotCost {
        order_cost: 50,
        holding_micro_cost: 900_000,
    };
    let rule = match (kind, rule) {
        (Kind::Wild, 0) => LotRule::Fixed(Quantity::from_units(multiple + 1)),
        (Kind::Wild, 1) => LotRule::Period(4),
        (Kind::Wild, 2) => LotRule::WagnerWhitin(cost),
        (Kind::Wild, 3) => LotRule::Economic {
            yearly: Quantity::from_units(500),
            cost,
        },
        _ => LotRule::LotForLot,
    };
    Lot {
        rule,
        minimum: Quantity::from_units(*minimum),
        multiple: Quantity::from_units(*multiple),
    }
}

fn item(at: usize, seed: &ItemSeed, kind: Kind, made: bool) -> Item {
    let ((lead, ..), (safety, extra), (_, good, phantom), (fence, shop)) = seed;
    let source = if made { Source::Make } else { Source::Buy };
    let mut item = Item::new(format!("I{at}"), source);
    item.lead_days = *lead;
    item.lot = lot(seed, kind);
    item.safety_stock = Quantity::from_units(*safety);
    item.on_hand = Quantity::from_units(safety + extra);
    if kind == Kind::Wild && *phantom > 8 {
        item.on_hand = Quantity::from_units(*extra);
    }
    if *good == 0 {
        item.order_yield = Share(925_000);
    }
    if *phantom == 0 && made && at > 0 {
        item.blow_through_from = Some(if kind == Kind::Wild { 20 } else { Day::MIN });
    }
    if *fence == 0 && kind != Kind::Plain {
        item.fence_days = 5;
    }
    if made && kind != Kind::Plain && item.blow_through_from.is_none() {
        item.shop = Some(usize::from(*shop) % 2);
        item.micro_hours = 40_000 + 10_000 * i64::from(*shop);
        if *shop % 3 == 0 {
            item.changeover_micro_hours = 150_000;
        }
        if *shop > 5 {
            item.alternates = vec![takt_planning::mrp::Alternate {
                shop: 2,
                micro_hours: 70_000,
            }];
        }
    }
    item
}

fn shops(capacity: i64) -> Vec<Shop> {
    let shop = |id: &str, calendar, capacity| Shop {
        id: id.to_owned(),
        calendar,
        capacity,
        exceptions: vec![(3, capacity_of(capacity) / 3)],
    };
    vec![
        shop("PRESS", Some(0), Capacity::Week(capacity)),
        shop("WELD", Some(1), Capacity::Day(capacity / 5)),
        shop("SECOND", None, Capacity::Week(capacity / 2)),
    ]
}

fn capacity_of(capacity: Capacity) -> i64 {
    let (Capacity::Week(hours) | Capacity::Day(hours)) = capacity;
    hours
}

fn calendars() -> Vec<Calendar> {
    let week = [true, true, true, true, true, false, false];
    let with = |exceptions| Calendar { week, exceptions };
    vec![
        with(BTreeMap::from([(9, false), (12, true)])),
        with(BTreeMap::from([(16, false), (17, false)])),
    ]
}

/// A problem of 2 to 9 items and up to 12 demands.
pub fn problem(kind: Kind) -> impl Strategy<Value = Problem> {
    let items = proptest::collection::vec(item_seed(), 2..9);
    let lines = proptest::collection::vec((0usize..8, 1usize..9, 1i64..4, 0u8..12), 1..16);
    let demands = proptest::collection::vec((0usize..3, 1i64..60, 0i32..50, 1i32..3), 1..12);
    let receipts = proptest::collection::vec((0usize..9, 1i64..50, -3i32..40, 0u8..3), 0..4);
    (items, lines, demands, receipts, 2_000i64..40_000).prop_map(
        move |(seeds, lines, demands, receipts, capacity)| {
            let count = seeds.len();
            let mut problem = Problem::new(Date::from_epoch_day(20_000));
            problem.lines = lines
                .iter()
                .map(|(parent, gap, quantity, odd)| {
                    (parent % count, parent % count + gap, quantity, odd)
                })
                .filter(|(_, child, ..)| *child < count)
                .map(|(parent, child, quantity, odd)| {
                    let mut line = Line::new(parent, child, Quantity::from_units(*quantity));
                    match odd {
                        0 => line.quantity = Quantity(1500),
                        1 => line.scrap = Share(30_000),
                        2 => line.until = 15,
                        3 => line.from = 15,
                        _ => {}
                    }
                    line
                })
                .collect();
            problem.items = seeds
                .iter()
                .enumerate()
                .map(|(at, seed)| {
                    let made = problem.lines.iter().any(|line| line.parent == at);
                    item(at, seed, kind, made)
                })
                .collect();
            if kind != Kind::Plain {
                problem.calendars = calendars();
                problem.shops = shops(capacity);
                problem.receipts = receipts
                    .iter()
                    .enumerate()
                    .map(|(at, (item, quantity, due, standing))| Receipt {
                        id: format!("R{at}"),
                        item: item % count,
                        quantity: Quantity::from_units(*quantity),
                        due: *due,
                        standing: match standing {
                            0 if kind == Kind::Wild => Standing::Firm,
                            _ => Standing::Released,
                        },
                    })
                    .collect();
            }
            problem.demands = demands
                .iter()
                .enumerate()
                .map(|(at, (item, quantity, due, priority))| Demand {
                    id: format!("D{at}"),
                    item: item % count,
                    quantity: Quantity::from_units(*quantity),
                    due: *due,
                    priority: *priority,
                    config: None,
                })
                .collect();
            problem
        },
    )
}
