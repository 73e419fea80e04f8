//! Losses on networks small enough to work out by hand, and laws that hold on all of them.
use super::*;
use proptest::prelude::*;

const DAY: i64 = 1000;

fn link(from: usize, to: Customer, material: usize, share: i64, stock: i64) -> Link {
    Link {
        from,
        to,
        material,
        quantity: 1000,
        share,
        transit: 0,
        customer_stock: stock * DAY,
    }
}

fn node(stock: i64) -> Node {
    Node {
        time_to_recover: Some(20 * DAY),
        stock: stock * DAY,
        stock_survives: true,
        capacity: None,
    }
}

/// Cathode (0, 1) at halves with ten days at the cell maker (2, two days of cells), cells one day at the plant; seats (3) alone.
fn example() -> Result<Network, NetworkError> {
    let links = vec![
        link(0, Customer::Node(2), 0, 500_000, 10),
        link(1, Customer::Node(2), 0, 500_000, 10),
        link(2, Customer::Part(0), 1, FULL, 1),
        link(3, Customer::Part(1), 2, FULL, 0),
    ];
    Network::new(vec![node(0), node(0), node(2), node(0)], 2, links)
}

fn product(parts: Vec<usize>, daily: i64) -> Product {
    Product {
        daily: vec![daily * FULL; 100],
        parts: parts.into_iter().map(|part| (part, 1000)).collect(),
    }
}

#[test]
fn stock_on_the_way_adds_up_and_a_share_stretches_it() -> Result<(), NetworkError> {
    let network = example()?;
    let products = [product(vec![0, 1], 100), product(vec![1], 10)];
    let assessor = Assessor::new(&network, &products);
    // Seats have no stock at all: ten days cost ten days of both products.
    let seats = assessor.site(&[3], Some(10 * DAY));
    assert_eq!(seats.time_to_survive, Some(0));
    assert_eq!(seats.lost, [1000 * FULL, 100 * FULL]);
    // The cell maker: two days of its own stock, one at the plant, then seven days without.
    let cells = assessor.site(&[2], Some(10 * DAY));
    assert_eq!(cells.time_to_survive, Some(3 * DAY));
    assert_eq!(cells.lost, [700 * FULL, 0]);
    assert_eq!(cells.binding, Some(Binding::Part(0)));
    // Half of the cathode: its ten days last twenty, then cells two more days at half use, so four, and one at the plant, two.
    let cathode = assessor.site(&[0], Some(40 * DAY));
    assert_eq!(cathode.time_to_survive, Some(26 * DAY));
    assert_eq!(cathode.lost, [14 * 50 * FULL, 0]);
    // Both halves: 10 + 2 + 1 days.
    let both = assessor.site(&[0, 1], Some(40 * DAY));
    assert_eq!(both.time_to_survive, Some(13 * DAY));
    assert_eq!(both.lost, [27 * 100 * FULL, 0]);
    // Back before anything ends.
    assert_eq!(assessor.site(&[0], Some(26 * DAY)).lost, [0, 0]);
    assert_eq!(
        assessor.site(&[0], None).lost,
        Vec::<i64>::new(),
        "an unknown time to recover has no loss"
    );
    Ok(())
}

#[test]
fn a_part_of_no_product_never_stops_the_plant() -> Result<(), NetworkError> {
    let network = example()?;
    let products = [product(vec![1], 100)];
    let loss = Assessor::new(&network, &products).site(&[2], Some(90 * DAY));
    assert_eq!((loss.time_to_survive, loss.lost), (None, vec![0]));
    Ok(())
}

#[test]
fn goods_under_way_arrive_and_the_gap_comes_later() -> Result<(), NetworkError> {
    let far = Link {
        transit: 5 * DAY,
        ..link(0, Customer::Part(0), 0, FULL, 0)
    };
    let network = Network::new(vec![node(0)], 1, vec![far])?;
    let products = [product(vec![0], 100)];
    let loss = Assessor::new(&network, &products).site(&[0], Some(3 * DAY));
    assert_eq!(loss.time_to_survive, Some(5 * DAY));
    assert_eq!(loss.lost, [300 * FULL], "three days are missing, later");
    let destroyed = Node {
        stock: 9 * DAY,
        stock_survives: false,
        ..node(0)
    };
    let network = Network::new(vec![destroyed], 1, vec![far])?;
    let lost = Assessor::new(&network, &products).site(&[0], None);
    assert_eq!(lost.time_to_survive, Some(5 * DAY));
    Ok(())
}

#[test]
fn a_day_without_work_loses_nothing() -> Result<(), NetworkError> {
    let network = Network::new(
        vec![node(0)],
        1,
        vec![link(0, Customer::Part(0), 0, FULL, 0)],
    )?;
    let mut closed = product(vec![0], 100);
    closed.daily[0] = 0;
    closed.daily[1] = 0;
    let products = [closed];
    let loss = Assessor::new(&network, &products).site(&[0], Some(3 * DAY));
    assert_eq!(loss.time_to_survive, Some(2 * DAY));
    assert_eq!(loss.lost, [100 * FULL]);
    Ok(())
}

/// A random network in which node n supplies nodes below n, and node 0 and 1 the plant.
fn networks() -> impl Strategy<Value = (Vec<Node>, Vec<Link>)> {
    let stocks = proptest::collection::vec(0i64..6, 8);
    let links =
        proptest::collection::vec((0usize..8, 0usize..8, 0usize..3, 1i64..=4, 0i64..6), 4..20);
    (stocks, links).prop_map(|(stocks, drawn)| {
        let mut links = vec![
            link(0, Customer::Part(0), 0, FULL, 1),
            link(1, Customer::Part(1), 1, FULL, 0),
        ];
        for (from, to, material, quarter, stock) in drawn {
            if from > to {
                links.push(link(
                    from,
                    Customer::Node(to),
                    material,
                    quarter * 250_000,
                    stock,
                ));
            }
        }
        (stocks.into_iter().map(node).collect(), links)
    })
}

proptest! {
    #[test]
    fn more_stock_never_shortens_survival_and_a_longer_outage_never_costs_less(
        (nodes, links) in networks(), lost in 0usize..8, at in 0usize..20, days in 1i64..40,
    ) {
        let products = [product(vec![0], 100), product(vec![0, 1], 40)];
        let assess = |links: Vec<Link>, days: i64| {
            let network = Network::new(nodes.clone(), 2, links).expect("a network without cycles");
            Assessor::new(&network, &products).site(&[lost], Some(days * DAY))
        };
        let base = assess(links.clone(), days);
        let longer = assess(links.clone(), days + 5);
        prop_assert_eq!(base.time_to_survive, longer.time_to_survive);
        prop_assert!(base.lost.iter().zip(&longer.lost).all(|(less, more)| less <= more));
        let mut stocked = links.clone();
        let at = at % stocked.len();
        stocked[at].customer_stock += 3 * DAY;
        let stocked = assess(stocked, days);
        prop_assert!(stocked.time_to_survive.unwrap_or(i64::MAX) >= base.time_to_survive.unwrap_or(i64::MAX));
        prop_assert!(stocked.lost.iter().zip(&base.lost).all(|(less, more)| less <= more));
        // Where it is survived until the site is back and nothing is under way, nothing is lost.
        if base.time_to_survive.is_none_or(|at| at >= days * DAY) {
            prop_assert!(base.lost.iter().all(|lost| *lost == 0));
        }
    }

    /// Another source beside an existing one takes half of its share: no loss of the first grows.
    #[test]
    fn adding_a_source_never_raises_loss((nodes, links) in networks(), lost in 0usize..8) {
        let products = [product(vec![0, 1], 40)];
        let mut nodes = nodes;
        nodes.push(node(0));
        let other = nodes.len() - 1;
        let mut split = links.clone();
        for link in links.iter().filter(|link| link.from == lost) {
            let half = link.share / 2;
            split.iter_mut().filter(|each| *each == link).for_each(|each| each.share -= half);
            split.push(Link { from: other, share: half, ..*link });
        }
        let assess = |links: Vec<Link>| {
            let network = Network::new(nodes.clone(), 2, links).expect("a network without cycles");
            Assessor::new(&network, &products).site(&[lost], Some(30 * DAY))
        };
        let (before, after) = (assess(links), assess(split));
        prop_assert!(after.lost.iter().zip(&before.lost).all(|(less, more)| less <= more));
    }

    /// A second method: over the whole outage the paper's programme may move goods in time, so it never loses more; where a site
    /// has one way to the plant there is nothing to move, and both agree.
    #[test]
    fn the_paper_loses_no_more_than_the_walk((nodes, links) in networks(), lost in 0usize..8, days in 1i64..40) {
        let products = [product(vec![0], 100), product(vec![0, 1], 40)];
        let network = Network::new(nodes, 2, normal(links)).expect("a network without cycles");
        let walked = Assessor::new(&network, &products).site(&[lost], Some(days * DAY));
        let paper = Paper::new(&network, &products, &[1, 1], days as usize);
        let solved = paper.lost(&[lost], days * DAY, Sourcing::KeepShares).expect("solved");
        let sum = |lost: &[i64]| lost.iter().sum::<i64>();
        prop_assert!(sum(&solved) <= sum(&walked.lost) + FULL, "{solved:?} {:?}", walked.lost);
        // The plan of the walk ends after a hundred days; the instant at which a stock ends is rounded at every stage.
        let plan_ends = 100 * DAY;
        let survives = paper.time_to_survive(&[lost], Sourcing::KeepShares).expect("solved").unwrap_or(plan_ends);
        let walks = walked.time_to_survive.unwrap_or(plan_ends);
        prop_assert!(survives.min(plan_ends) >= walks - 64, "{survives} {walks}");
        if network.out_of(lost).count() == 1 && (0..8).all(|node| network.out_of(node).count() <= 1) {
            prop_assert!((sum(&solved) - sum(&walked.lost)).abs() <= FULL, "{solved:?} {:?}", walked.lost);
        }
    }

    #[test]
    fn standing_in_never_costs_vehicles((nodes, links) in networks(), lost in 0usize..8, spare in 0i64..300) {
        let products = [product(vec![0], 100), product(vec![0, 1], 40)];
        let mut nodes = nodes;
        for node in &mut nodes {
            node.capacity = Some(spare * 1_000_000);
        }
        let network = Network::new(nodes, 2, normal(links)).expect("a network without cycles");
        let paper = Paper::new(&network, &products, &[1, 1], 30);
        let kept = paper.lost(&[lost], 30 * DAY, Sourcing::KeepShares).expect("solved");
        let moved = paper.lost(&[lost], 30 * DAY, Sourcing::Reallocate).expect("solved");
        prop_assert!(moved.iter().sum::<i64>() <= kept.iter().sum::<i64>() + 200);
    }
}

/// The shares of a material at a customer add up to at most 1.
fn normal(mut links: Vec<Link>) -> Vec<Link> {
    for at in 0..links.len() {
        let Link { to, material, .. } = links[at];
        let same = |link: &&Link| link.to == to && link.material == material;
        let sum: i64 = links.iter().filter(same).map(|link| link.share).sum();
        if sum > FULL {
            links[at].share = (links[at].share - (sum - FULL)).max(0);
        }
    }
    links
}

/// Two cell makers at halves; the other can make a fifth more than it does.
#[test]
fn another_source_stands_in_as_far_as_its_capacity_goes() -> Result<(), Box<dyn std::error::Error>>
{
    let maker = |capacity: i64| Node {
        capacity: Some(capacity * 1000),
        ..node(0)
    };
    let links = vec![
        link(0, Customer::Part(0), 0, 500_000, 0),
        link(1, Customer::Part(0), 0, 500_000, 0),
    ];
    let network = Network::new(vec![maker(60), maker(60)], 1, links)?;
    let products = [product(vec![0], 100)];
    let paper = Paper::new(&network, &products, &[7], 10);
    let kept = paper.lost(&[0], 10 * DAY, Sourcing::KeepShares)?;
    let moved = paper.lost(&[0], 10 * DAY, Sourcing::Reallocate)?;
    assert_eq!((kept, moved), (vec![500 * FULL], vec![400 * FULL]));
    assert_eq!(paper.time_to_survive(&[0], Sourcing::Reallocate)?, Some(0));
    Ok(())
}

/// Scarce goods go where they earn most: a cell for a vehicle that earns 9, not for one that earns 1.
#[test]
fn scarce_goods_go_where_they_earn_most() -> Result<(), Box<dyn std::error::Error>> {
    let links = vec![
        link(0, Customer::Part(0), 0, 500_000, 0),
        link(1, Customer::Part(0), 0, 500_000, 0),
    ];
    let network = Network::new(vec![node(0), node(0)], 1, links)?;
    let products = [product(vec![0], 50), product(vec![0], 50)];
    let paper = Paper::new(&network, &products, &[1, 9], 10);
    let lost = paper.lost(&[0], 10 * DAY, Sourcing::KeepShares)?;
    assert_eq!(lost, [500 * FULL, 0]);
    Ok(())
}

/// A refiner that supplies a cell maker and sells to the plant too: what the plant uses of it is not given to cells.
#[test]
fn who_stands_in_keeps_for_the_plant_what_the_plant_uses() -> Result<(), Box<dyn std::error::Error>>
{
    let links = vec![
        link(0, Customer::Node(2), 0, 500_000, 0),
        link(1, Customer::Node(2), 0, 500_000, 0),
        link(2, Customer::Part(0), 1, FULL, 0),
        link(1, Customer::Part(1), 2, FULL, 0),
    ];
    // 50 for cells and 100 for the plant are needed of it each day; it can make 20 more.
    let refiner = Node {
        capacity: Some(170 * 1000),
        ..node(0)
    };
    let network = Network::new(vec![node(0), refiner, node(0)], 2, links)?;
    let products = [product(vec![0, 1], 100)];
    let paper = Paper::new(&network, &products, &[7], 10);
    let lost = paper.lost(&[0], 10 * DAY, Sourcing::Reallocate)?;
    assert_eq!(lost, [300 * FULL]);
    Ok(())
}
