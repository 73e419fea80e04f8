//! Published instances with their optima, every small tree against all of its placings, and what must hold of any tree.
use super::*;
use proptest::prelude::*;

const MILLION: i64 = 1_000_000;

fn stage(processing: i64, holding: i64, deviation: i64) -> Stage {
    let micro = u128::from(deviation.unsigned_abs());
    Stage {
        processing,
        holding,
        variance: micro * micro,
        inbound: 0,
        outbound: None,
    }
}

fn link(from: usize, to: usize) -> Link {
    Link {
        from,
        to,
        quantity: 1000,
    }
}

/// An instance of the book of Snyder and Shen (Fundamentals of Supply Chain Theory, 2nd edition, chapter 6) as the Python package
/// stockpyl 1.0.2 ships it, with the optimum that the package computes.
struct Published {
    name: &'static str,
    /// Processing time and holding cost in millionths.
    stages: &'static [(i64, i64)],
    links: &'static [(usize, usize)],
    inbound: &'static [(usize, i64)],
    outbound: &'static [(usize, i64)],
    /// The deviation of demand from outside, in millionths.
    demand: &'static [(usize, i64)],
    /// The quantile, or the factor k, in millionths.
    quantile: i64,
    /// The service times that the package quotes; where others are as cheap, they may differ.
    quotes: &'static [i64],
    cost: f64,
}

const PUBLISHED: [Published; 6] = [
    Published {
        name: "example_6_3, serial",
        stages: &[(1, 2 * MILLION), (0, 4 * MILLION), (1, 7 * MILLION)],
        links: &[(0, 1), (1, 2)],
        inbound: &[(0, 1)],
        outbound: &[(2, 1)],
        demand: &[(2, MILLION)],
        quantile: MILLION,
        quotes: &[0, 0, 1],
        cost: 2.828_427_124_746_190_3,
    },
    Published {
        name: "problem_6_7, serial",
        stages: &[(1, 2 * MILLION), (1, 3 * MILLION), (2, 4 * MILLION)],
        links: &[(0, 1), (1, 2)],
        inbound: &[(0, 1)],
        outbound: &[(2, 0)],
        demand: &[(2, 10 * MILLION)],
        quantile: 4 * MILLION,
        quotes: &[2, 3, 0],
        cost: 357.770_876_399_966_37,
    },
    Published {
        name: "problem_6_8, serial",
        stages: &[
            (5, 870_000),
            (1, 980_000),
            (5, 1_100_000),
            (9, 1_150_000),
            (5, 2_370_000),
            (8, 2_470_000),
            (15, 2_930_000),
            (2, 3_040_000),
            (10, 4_560_000),
            (5, 5_730_000),
        ],
        links: &[
            (0, 1),
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 6),
            (6, 7),
            (7, 8),
            (8, 9),
        ],
        inbound: &[(0, 7)],
        outbound: &[(9, 3)],
        demand: &[(9, 15_800_000)],
        quantile: 2_053_749,
        quotes: &[12, 13, 18, 0, 5, 13, 28, 0, 10, 3],
        cost: 1_378.302_036_904_372_7,
    },
    // Holding costs of the book are a year's, over 365.
    Published {
        name: "problem_6_9, tree",
        stages: &[
            (7, 44 * MILLION),
            (7, 28 * MILLION),
            (21, 18 * MILLION),
            (3, MILLION),
            (8, 4 * MILLION),
            (2, 1_500_000),
        ],
        links: &[(2, 0), (2, 1), (3, 2), (4, 2), (5, 4)],
        inbound: &[],
        outbound: &[(0, 3), (1, 3)],
        demand: &[(0, 4_100_000), (1, 6_200_000)],
        quantile: 4 * MILLION,
        quotes: &[3, 3, 0, 0, 0, 2],
        cost: 15.649_530_249_501_026 * 365.0,
    },
    Published {
        name: "example_6_5, tree",
        stages: &[
            (2, MILLION),
            (1, 2 * MILLION),
            (1, 3 * MILLION),
            (1, 3 * MILLION),
        ],
        links: &[(0, 1), (1, 2), (1, 3)],
        inbound: &[(0, 1)],
        outbound: &[(2, 0), (3, 1)],
        demand: &[(2, MILLION), (3, MILLION)],
        quantile: MILLION,
        quotes: &[0, 0, 0, 1],
        cost: 8.277_916_867_529_369,
    },
    // The digital camera of Graves and Willems.
    Published {
        name: "figure_6_14, tree",
        stages: &[
            (2, 10_000),
            (3, 30_000),
            (2, 40_000),
            (4, 60_000),
            (2, 120_000),
            (3, 130_000),
            (6, 200_000),
            (4, 80_000),
            (3, 40_000),
            (2, 500_000),
        ],
        links: &[
            (0, 1),
            (1, 2),
            (2, 4),
            (3, 4),
            (4, 5),
            (5, 9),
            (6, 9),
            (7, 9),
            (8, 9),
        ],
        inbound: &[],
        outbound: &[(9, 2)],
        demand: &[(9, 10 * MILLION)],
        quantile: 1_644_854,
        quotes: &[0, 3, 5, 4, 7, 0, 0, 0, 0, 2],
        cost: 18.824_004_472_592_172,
    },
];

#[test]
fn published_instances_have_their_published_optima() -> Result<(), TreeError> {
    for published in &PUBLISHED {
        let links: Vec<Link> = published
            .links
            .iter()
            .map(|(from, to)| link(*from, *to))
            .collect();
        let mut outside = vec![0u128; published.stages.len()];
        for (at, deviation) in published.demand {
            outside[*at] = u128::from(deviation.unsigned_abs()).pow(2);
        }
        let variances = pooled(&outside, &links).unwrap_or_default();
        let mut stages: Vec<Stage> = published
            .stages
            .iter()
            .zip(variances)
            .map(|((processing, holding), variance)| Stage {
                variance,
                ..stage(*processing, *holding, 0)
            })
            .collect();
        for (at, time) in published.inbound {
            stages[*at].inbound = *time;
        }
        for (at, time) in published.outbound {
            stages[*at].outbound = Some(*time);
        }
        let tree = Tree::new(stages, &links)?;
        let found = optimum(&tree, published.quantile);
        let cost = found.cost as f64 / MILLION as f64;
        // The quantile has six places.
        assert!(
            (cost / published.cost - 1.0).abs() < 1e-6,
            "{}: {cost} instead of {}",
            published.name,
            published.cost
        );
        let quotes: Vec<i64> = found.stages.iter().map(|stage| stage.outbound).collect();
        let as_published = placing::placed(&tree, published.quotes, published.quantile);
        assert!(
            quotes == published.quotes || as_published.cost == found.cost,
            "{}: {quotes:?}",
            published.name
        );
    }
    Ok(())
}

/// The example of docs/safety-stock.md.
#[test]
fn a_cell_a_pack_and_a_car() -> Result<(), TreeError> {
    let plant = Stage {
        outbound: Some(0),
        ..stage(1, 100 * MILLION, 100 * MILLION)
    };
    let with_pack_at = |holding: i64| {
        let cell = stage(16, 10 * MILLION, 100 * MILLION);
        let pack = stage(9, holding * MILLION, 100 * MILLION);
        Tree::new(vec![cell, pack, plant], &[link(0, 1), link(1, 2)])
    };
    let two = 2 * MILLION;
    let told = |placing: &Placing| {
        let stock = placing.stages.iter().map(|stage| stage.stock / STOCK_UNIT);
        (stock.collect::<Vec<_>>(), placing.cost / MILLION)
    };
    let tree = with_pack_at(90)?;
    let apart = (vec![800, 600, 200], 8000 + 54_000 + 20_000);
    assert_eq!(told(&each_stage(&tree, two)), apart);
    // The root of 26 periods is 5.099.
    assert_eq!(told(&last_stages(&tree, two)), (vec![0, 0, 1019], 101_980));
    // The root of 10 periods is 3.162: cells are cheap, and the plant bridges the pack's nine periods with its own one.
    let found = optimum(&tree, two);
    assert_eq!(told(&found), (vec![800, 0, 632], 8000 + 63_245));
    let times: Vec<(i64, i64, i64)> = found
        .stages
        .iter()
        .map(|stage| (stage.inbound, stage.outbound, stage.net))
        .collect();
    assert_eq!(times, [(0, 0, 16), (0, 9, 0), (9, 0, 10)]);
    // Where the pack is worth less, its maker keeps it.
    let found = optimum(&with_pack_at(60)?, two);
    assert_eq!(told(&found), (vec![800, 600, 200], 8000 + 36_000 + 20_000));
    Ok(())
}

#[test]
fn the_bound_is_a_root_of_whole_numbers() {
    let deviation = 10u128 * 1_000_000;
    assert_eq!(
        bound(deviation * deviation, 4, 2 * MILLION),
        40 * STOCK_UNIT
    );
    assert_eq!(bound(deviation * deviation, 2, MILLION), 14_142_135_623);
    assert_eq!((bound(0, 9, MILLION), bound(1, 0, MILLION)), (0, 0));
    assert_eq!(
        bound(1, 9, -MILLION),
        0,
        "less than half the demands is no service"
    );
    assert!(bound(MOST_VARIANCE, MOST_PERIODS, 5 * MILLION) < i128::MAX / 4);
}

#[test]
fn what_is_wrong_with_a_tree_is_named() {
    let some = |count: usize| vec![stage(1, 1, 1); count];
    let refused = |stages: Vec<Stage>, links: &[Link]| {
        Tree::new(stages, links)
            .map(|_| ())
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refused(some(2), &[link(0, 2)]),
        "link 0 ends at a stage that does not exist"
    );
    // A diamond is no circle of flow, and yet no tree.
    let diamond = [link(0, 1), link(0, 2), link(1, 3), link(2, 3)];
    let told = refused(some(5), &diamond);
    assert!(
        told.starts_with("stages [2, 0, 1, 3] are linked in a circle"),
        "{told}"
    );
    assert!(refused(some(1), &[link(0, 0)]).starts_with("stages [0] are linked"));
    let long = vec![stage(3000, 1, 1); 2];
    assert!(refused(long, &[link(0, 1)]).contains("stage 1: the time from the first supplier on"));
    let negative = vec![stage(-1, 1, 1)];
    assert!(refused(negative, &[]).contains("stage 0: the processing time"));
}

#[test]
fn demands_that_do_not_depend_on_each_other_pool() {
    // Two customers of deviation 3 and 4, the second of which needs two of each: 9 + 4 x 16.
    let links = [
        link(0, 1),
        Link {
            quantity: 2000,
            ..link(0, 2)
        },
    ];
    assert_eq!(pooled(&[0, 9, 16], &links), Some(vec![9 + 64, 9, 16]));
    assert_eq!(pooled(&[0, 0], &[link(0, 1), link(1, 0)]), None);
    assert_eq!(pooled(&[0], &[link(0, 7)]), None);
}

/// A tree of some stages: each one's neighbour before it, which way the link points, and its figures.
fn trees(most: usize) -> impl Strategy<Value = Tree> {
    let one = (
        any::<prop::sample::Index>(),
        any::<bool>(),
        0i64..4,
        0i64..50,
        0i64..20,
        (0i64..3, prop::option::weighted(0.4, 0i64..4)),
    );
    prop::collection::vec(one, 1..=most).prop_filter_map("too long", |drawn| {
        let mut links = Vec::new();
        let mut stages = Vec::new();
        for (at, (to, up, processing, holding, deviation, (inbound, outbound))) in
            drawn.into_iter().enumerate()
        {
            stages.push(Stage {
                inbound,
                outbound,
                ..stage(processing, holding * MILLION, deviation * MILLION)
            });
            if at > 0 {
                let other = to.index(at);
                links.push(if up { link(other, at) } else { link(at, other) });
            }
        }
        // Every end serves customers that do not wait for ever.
        for (at, stage) in stages.iter_mut().enumerate() {
            if links.iter().all(|link| link.from != at) {
                stage.outbound = stage.outbound.or(Some(0));
            }
        }
        Tree::new(stages, &links).ok()
    })
}

/// The least cost of all placings, one by one.
fn tried(tree: &Tree, quantile: i64) -> i64 {
    let most: Vec<i64> = (0..tree.stages().len())
        .map(|at| {
            let limit = tree.stages()[at].outbound.unwrap_or(i64::MAX);
            tree.longest(at).min(limit)
        })
        .collect();
    let mut quotes = vec![0i64; most.len()];
    let mut best = i64::MAX;
    loop {
        best = best.min(placing::placed(tree, &quotes, quantile).cost);
        let Some(at) = (0..quotes.len()).find(|at| quotes[*at] < most[*at]) else {
            return best;
        };
        quotes[..at].fill(0);
        quotes[at] += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_placing_is_cheaper_than_the_optimum(tree in trees(5)) {
        prop_assert_eq!(optimum(&tree, MILLION).cost, tried(&tree, MILLION));
    }

    #[test]
    fn every_promise_is_kept_and_rules_cost_no_less(tree in trees(40), quantile in 0i64..4_000_000) {
        let found = optimum(&tree, quantile);
        for placing in [&found, &each_stage(&tree, quantile), &last_stages(&tree, quantile)] {
            for (at, placed) in placing.stages.iter().enumerate() {
                let stage = tree.stages()[at];
                prop_assert!(placed.net >= 0 && placed.outbound >= 0);
                prop_assert_eq!(placed.net, placed.inbound + stage.processing - placed.outbound);
                prop_assert!(stage.outbound.is_none_or(|limit| placed.outbound <= limit));
                prop_assert!(placed.inbound >= stage.inbound);
                let slowest = tree.suppliers[at].iter().map(|from| placing.stages[*from].outbound);
                prop_assert!(slowest.max().is_none_or(|wait| wait <= placed.inbound));
                prop_assert_eq!(placed.stock, bound(stage.variance, placed.net, quantile));
            }
            prop_assert!(found.cost <= placing.cost);
        }
        // A better service never costs less.
        prop_assert!(found.cost <= optimum(&tree, quantile + 1000).cost);
    }
}
