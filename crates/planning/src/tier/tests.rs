//! The tier network on a hand-checked example (docs/chain.md), on random graphs against slow ways of saying the same, and on
//! hostile ones.
use std::time::{Duration, Instant};

use super::*;

const FULL: i64 = 1_000_000;
const DAY: i64 = 24_000;

fn link(from: usize, to: usize, material: usize, share: i64) -> Link {
    Link {
        from,
        to,
        material,
        share,
    }
}

/// The example of docs/chain.md: the plant buys cells (0) of two makers (2, 3) and seats (1) of one (4); both cell makers buy lithium of
/// one refiner (5), the first one also foil of two mills (6, 7).
fn example() -> Result<(Graph, Vec<SiteFacts>, Vec<LinkFacts>), GraphError> {
    let graph = Graph::new(
        8,
        vec![
            link(2, 0, 0, 600_000),
            link(3, 0, 0, 400_000),
            link(4, 1, 1, FULL),
            link(5, 2, 2, FULL),
            link(5, 3, 2, FULL),
            link(6, 2, 3, 500_000),
            link(7, 2, 3, 500_000),
        ],
    )?;
    let site = |process: i64, wait: i64, stock: i64, good: i64, carbon: Option<i64>| SiteFacts {
        process: Some(process * 1000),
        wait: Some(wait * 1000),
        stock: Some(stock * DAY),
        yield_share: Some(good * 10_000),
        carbon,
    };
    let root = SiteFacts::default();
    let sites = vec![
        root,
        root,
        site(48, 120, 2, 95, Some(3_000_000)),
        site(48, 120, 2, 90, Some(4_000_000)),
        site(4, 20, 1, 100, Some(90_000_000)),
        site(96, 240, 10, 98, Some(500_000)),
        site(24, 72, 5, 96, None),
        site(24, 72, 5, 98, None),
    ];
    let flow = |lead: i64, transit: Option<i64>, km: i64, stock: i64| LinkFacts {
        lead: Some(lead * DAY),
        transit: transit.map(|days| days * DAY),
        distance: Some(km * 1000),
        stock: Some(stock * DAY),
        quantity: 1000,
        carbon: Some(100_000),
    };
    let links = vec![
        flow(20, Some(3), 1500, 1),
        flow(15, Some(2), 800, 1),
        flow(5, Some(1), 100, 0),
        flow(30, None, 900, 10),
        flow(30, None, 700, 10),
        flow(12, Some(1), 300, 8),
        flow(14, Some(1), 400, 8),
    ];
    Ok((graph, sites, links))
}

#[test]
fn the_example_by_hand() -> Result<(), Box<dyn std::error::Error>> {
    let (graph, sites, links) = example()?;
    let chains = Chains::new(&graph, &sites, &links).map_err(|cycle| format!("{cycle:?}"))?;
    let cells = chains.part(0, 100);
    assert_eq!(cells.path, [0, 3]);
    assert!(cells.complete);
    let direct = cells.direct;
    assert_eq!((direct.lead, direct.distance), (20 * DAY, 1_500_000));
    assert_eq!((direct.process, direct.wait), (48_000, 120_000));
    assert_eq!((direct.transport, direct.stock), (3 * DAY, 3 * DAY));
    // 48 of 312 hours.
    assert_eq!(direct.value_added(), Some(153_846));
    // 36 % + 16 %.
    assert_eq!(direct.hhi, Some(5200));
    // 0.6 x 95 % + 0.4 x 90 %.
    assert_eq!(direct.yield_share, 930_000);
    // 0.6 x 3 + 0.4 x 4 kg, and 0.1 kg to bring it.
    assert_eq!(direct.carbon, 3_500_000);
    let indirect = cells.indirect;
    assert_eq!((indirect.lead, indirect.unknown), (30 * DAY, 1));
    assert_eq!((indirect.transport, indirect.stock), (0, 20 * DAY));
    // 96 of 816 hours.
    assert_eq!(indirect.value_added(), Some(117_647));
    // 0.6 x 98 % x 97 % + 0.4 x 98 %.
    assert_eq!(indirect.yield_share, 962_360);
    // One source of lithium along the path.
    assert_eq!(indirect.hhi, Some(10_000));
    // Lithium and its way 0.6 kg; foil only its way, of the first maker: 0.6 x 0.1 kg.
    assert_eq!(indirect.carbon, 660_000);
    // Both mills keep silent about theirs; every way is known.
    let (near, far, all) = chains.carbon_gaps(&[0], Budget::NONE);
    assert_eq!(
        (near.sites, near.silent_sites, near.ways, near.silent_ways),
        (2, 0, 2, 0)
    );
    assert_eq!(
        (far.sites, far.silent_sites, far.ways, far.silent_ways),
        (3, 2, 4, 0)
    );
    assert!(all && !far.nothing_known());
    // 0.6 x 95 % x 98 % x 97 % + 0.4 x 90 % x 98 %.
    assert_eq!(cells.rolled_yield, 894_642);
    let page = include_str!("../../../../docs/chain.md");
    let percent = |millionths: i64| {
        let tenths = (millionths + 500) / 1000;
        match tenths % 10 {
            0 => format!("= {} %", tenths / 10),
            rest => format!("= {}.{rest} %", tenths / 10),
        }
    };
    let grouped = |number: i64| format!(": {},{:03}", number / 1000, number % 1000);
    for told in [
        format!(
            "| lead time | {} d | {} d |",
            direct.lead / DAY,
            indirect.lead / DAY
        ),
        percent(direct.value_added().unwrap_or(0)),
        percent(indirect.value_added().unwrap_or(0)),
        percent(direct.yield_share),
        percent(indirect.yield_share),
        percent(cells.rolled_yield),
        grouped(direct.hhi.unwrap_or(0)),
        grouped(indirect.hhi.unwrap_or(0)),
    ] {
        assert!(page.contains(&told), "docs/chain.md does not say {told}");
    }
    let seats = chains.part(1, 100);
    assert_eq!((seats.direct.lead, seats.indirect.lead), (5 * DAY, 0));
    assert_eq!(seats.indirect.hhi, None);
    let parts = [cells, seats];
    let all = whole(&parts, &[(3000, 120_000), (1000, 5000)]);
    assert_eq!((all.longest, all.spend), (Some(0), 4000));
    // Three quarters of the spend wait 20 days, the rest 5.
    assert_eq!(all.direct.lead, 16_250 * DAY / 1000);
    assert_eq!(all.direct.carbon, 120 * 3_500_000 + 5 * 90_100_000);
    // The refiner's link of 30 days holds cells up by 5 days more than the second maker's way of 45; the first maker's by 5 too.
    let ranked = won(&chains, &parts, &[3000, 1000], 1000);
    assert!(ranked.complete);
    let days: Vec<_> = ranked
        .days
        .iter()
        .map(|day| (day.link, day.most / DAY, day.spend))
        .collect();
    assert_eq!(days, [(0, 5, 3000), (3, 5, 3000), (2, 5, 1000)]);
    assert_eq!(
        (ranked.days[1].kind, ranked.days[1].time),
        (Kind::Stock, 20 * DAY)
    );
    assert!(!won(&chains, &parts, &[3000, 1000], 3).complete);
    Ok(())
}

#[test]
fn who_stands_behind_whom() -> Result<(), Box<dyn std::error::Error>> {
    let (graph, ..) = example()?;
    let groups = [0, 0, 2, 3, 4, 5, 6, 7];
    let found = shared(&graph, &[0, 1], &groups, 1000).map_err(|cycle| format!("{cycle:?}"))?;
    assert!(found.complete);
    let refiner = SharedBehind {
        group: 5,
        behind: vec![2, 3],
    };
    assert_eq!(found.groups, [refiner]);
    let alone = singles(&graph, &[0, 1], &groups, 1000);
    let named: Vec<_> = alone
        .groups
        .iter()
        .map(|one| (one.group, one.stops.clone()))
        .collect();
    // Each cell maker has the other beside it, each mill too; the refiner is behind both makers.
    assert_eq!(named, [(4, vec![1]), (5, vec![0])]);
    assert!(alone.complete);
    // Both mills in one hand: their maker stops, and the other one goes on.
    let one_hand = singles(&graph, &[0, 1], &[0, 0, 2, 3, 4, 5, 6, 6], 1000);
    assert_eq!(one_hand.groups.len(), 2);
    Ok(())
}

#[test]
fn walks_go_up_and_down_within_their_budget() -> Result<(), GraphError> {
    let (graph, ..) = example()?;
    let up = graph.traverse(&[0], Direction::Up, Budget::NONE);
    let sites: Vec<_> = up.reached.iter().map(|one| (one.site, one.depth)).collect();
    assert_eq!(sites, [(0, 0), (2, 1), (3, 1), (5, 2), (6, 2), (7, 2)]);
    assert_eq!(up.links.len(), 6);
    assert!(up.within_budget());
    let silent: Vec<_> = up.ends.iter().map(|end| end.site).collect();
    assert_eq!(silent, [5, 6, 7]);
    let down = graph.traverse(&[5], Direction::Down, Budget::NONE);
    assert_eq!(down.reached.len(), 4);
    let near = Budget {
        depth: 1,
        ..Budget::NONE
    };
    let near = graph.traverse(&[0], Direction::Up, near);
    assert_eq!((near.reached.len(), near.ends[0].why), (3, Why::Depth));
    let few = Budget {
        sites: 2,
        ..Budget::NONE
    };
    let few = graph.traverse(&[0], Direction::Up, few);
    assert_eq!((few.reached.len(), few.ends[0].why), (2, Why::Size));
    assert!(!few.within_budget());
    assert_eq!(graph.tiers(&[0, 1])[7], Some(2));
    Ok(())
}

#[test]
fn a_cycle_is_named_in_the_order_of_flow() -> Result<(), GraphError> {
    let links = vec![
        link(0, 1, 0, FULL),
        link(3, 2, 0, FULL),
        link(2, 4, 0, FULL),
        link(4, 3, 0, FULL),
        link(4, 1, 0, FULL),
        link(3, 5, 0, FULL),
    ];
    let graph = Graph::new(6, links)?;
    assert_eq!(graph.order(), Err(Cycle(vec![2, 4, 3])));
    assert!(
        graph
            .traverse(&[1], Direction::Up, Budget::NONE)
            .within_budget()
    );
    let alone = Graph::new(1, vec![link(0, 0, 0, FULL)])?;
    assert_eq!(alone.order(), Err(Cycle(vec![0])));
    let nowhere = Graph::new(1, vec![link(0, 1, 0, FULL)]).map(|_| ());
    assert_eq!(nowhere, Err(GraphError::Dangling { link: 0 }));
    Ok(())
}

/// Numbers of a plain congruential generator, enough for graphs.
fn dice(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |sides| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % sides
    }
}

/// Whether a root works when a group is lost: the definition, by recursion over a small graph.
fn works(graph: &Graph, site: usize, lost: usize, groups: &[usize], roots: usize) -> bool {
    if site >= roots && groups[site] == lost {
        return false;
    }
    let into: Vec<Link> = graph
        .of(site, Direction::Up)
        .map(|at| graph.link(at))
        .collect();
    into.chunk_by(|a, b| a.material == b.material)
        .all(|sources| {
            sources
                .iter()
                .any(|one| works(graph, one.from, lost, groups, roots))
        })
}

fn behind(graph: &Graph, site: usize, roots: usize, found: &mut Vec<usize>) {
    for at in graph.of(site, Direction::Down) {
        let to = graph.link(at).to;
        if to < roots {
            found.push(site);
        } else {
            behind(graph, to, roots, found);
        }
    }
}

#[test]
fn random_graphs_agree_with_the_definitions() -> Result<(), Box<dyn std::error::Error>> {
    for seed in 0..200 {
        let mut roll = dice(seed);
        let (roots, sites) = (1 + roll(4), 8 + roll(20));
        let count = sites + roll(sites);
        // Suppliers have higher numbers, so there is no cycle.
        let links: Vec<Link> = (0..count)
            .map(|_| {
                let to = roll(sites - 1);
                let from = (to + 1 + roll(sites - to - 1)).max(roots);
                link(from, to, roll(3), 1 + roll(1000) as i64)
            })
            .collect();
        let graph = Graph::new(sites, links)?;
        let groups: Vec<usize> = (0..sites)
            .map(|site| site / (1 + seed as usize % 3))
            .collect();
        let all: Vec<usize> = (0..roots).collect();
        let mut expected = Vec::new();
        for group in 0..=groups[sites - 1] {
            let stops: Vec<usize> = all
                .iter()
                .copied()
                .filter(|root| !works(&graph, *root, group, &groups, roots))
                .collect();
            if !stops.is_empty() {
                expected.push((group, stops));
            }
        }
        let found = singles(&graph, &all, &groups, usize::MAX);
        let found: Vec<_> = (found.groups.into_iter())
            .map(|mut one| {
                one.stops.sort_unstable();
                (one.group, one.stops)
            })
            .collect();
        assert_eq!(found, expected, "seed {seed}");
        let chains =
            shared(&graph, &all, &groups, usize::MAX).map_err(|cycle| format!("{cycle:?}"))?;
        for group in 0..=groups[sites - 1] {
            let mut directs = Vec::new();
            for site in (roots..sites).filter(|site| groups[*site] == group) {
                behind(&graph, site, roots, &mut directs);
            }
            let mut directs: Vec<usize> = directs.into_iter().map(|site| groups[site]).collect();
            directs.sort_unstable();
            directs.dedup();
            directs.retain(|other| *other != group);
            let told = chains.groups.iter().find(|one| one.group == group);
            let told = told.map_or(Vec::new(), |one| one.behind.clone());
            let want = if directs.len() > 1 {
                directs
            } else {
                Vec::new()
            };
            assert_eq!(told, want, "seed {seed} group {group}");
        }
    }
    Ok(())
}

/// Time for work that ends within its budget on a slow machine that builds beside it.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_star_of_a_million_links_ends() -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let rays = 1_000_000;
    // One supplier behind a million direct suppliers of one part: the hub is site 1, the root site 0.
    let links = (2..rays + 2)
        .flat_map(|ray| [link(1, ray, 0, FULL), link(ray, 0, 0, FULL)])
        .collect();
    let graph = Graph::new(rays + 2, links)?;
    let budget = Budget {
        depth: 10,
        sites: 10_000,
        links: 50_000,
    };
    let up = graph.traverse(&[0], Direction::Up, budget);
    assert_eq!((up.reached.len(), up.within_budget()), (10_000, false));
    assert_eq!(up.ends.last().map(|end| end.why), Some(Why::Size));
    let groups: Vec<usize> = (0..rays + 2).collect();
    let found = shared(&graph, &[0], &groups, 10_000_000).map_err(|cycle| format!("{cycle:?}"))?;
    assert!(!found.complete);
    assert_eq!(found.groups[0].behind.len(), 192);
    let alone = singles(&graph, &[0], &groups, 10_000_000);
    assert!(alone.complete);
    assert_eq!(alone.groups.len(), 1);
    let sites = vec![SiteFacts::default(); rays + 2];
    let facts = vec![LinkFacts::default(); 2 * rays];
    let chains = Chains::new(&graph, &sites, &facts).map_err(|cycle| format!("{cycle:?}"))?;
    let part = chains.part(0, 1000);
    assert!(!won(&chains, &[part], &[1], 1_000_000).complete);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn a_chain_of_a_hundred_thousand_ends() -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let deep = 100_000;
    let links = (1..deep)
        .map(|site| link(site, site - 1, 0, FULL))
        .collect();
    let graph = Graph::new(deep, links)?;
    let up = graph.traverse(
        &[0],
        Direction::Up,
        Budget {
            depth: 50,
            ..Budget::NONE
        },
    );
    assert_eq!((up.reached.len(), up.ends.len()), (51, 1));
    assert_eq!(graph.tiers(&[0])[deep - 1], Some(99_999));
    let groups: Vec<usize> = (0..deep).collect();
    let alone = singles(&graph, &[0], &groups, 1_000_000);
    assert!(!alone.complete);
    let found = shared(&graph, &[0], &groups, 1_000_000).map_err(|cycle| format!("{cycle:?}"))?;
    assert!(found.complete && found.groups.is_empty());
    let fact = LinkFacts {
        lead: Some(DAY),
        quantity: 2_000,
        carbon: Some(1_000),
        ..LinkFacts::default()
    };
    let facts = vec![fact; deep - 1];
    let sites = vec![SiteFacts::default(); deep];
    let chains = Chains::new(&graph, &sites, &facts).map_err(|cycle| format!("{cycle:?}"))?;
    let part = chains.part(0, 1000);
    assert_eq!((part.path.len(), part.complete), (1000, false));
    // The carbon of a hundred thousand doublings has no number; it stays the largest there is.
    assert_eq!(
        part.direct.carbon.saturating_add(part.indirect.carbon),
        i64::MAX
    );
    assert_eq!(chains.lead(0), (deep as i64 - 1) * DAY);
    assert!(!won(&chains, &[part], &[1], 1_000_000).complete);
    // The same bent to a ring is refused with its sites.
    let ring = (0..deep)
        .map(|site| link((site + 1) % deep, site, 0, FULL))
        .collect();
    let ring = Graph::new(deep, ring)?;
    let Err(Cycle(around)) = ring.order() else {
        return Err("a ring has no order".into());
    };
    assert_eq!((around.len(), around[0], around[1]), (deep, 0, deep - 1));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    Ok(())
}
