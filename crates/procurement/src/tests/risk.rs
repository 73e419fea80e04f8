//! Risk over a real store: live stock and goods under way lengthen survival, and vehicles or requirements tell the same days.

use takt_kernel::{Currency, Price};
use takt_planning::risk::{Binding, Exposure, FULL, Product};

use super::{World, call, sample};
use crate::risk::{Ahead, Build, assess, network::SiteStock, rpc::Ground};

/// A vehicle a day needs ten bolts, and every second one a lamp.
fn builds() -> Vec<Build> {
    let build = |count: i64, parts: Vec<(usize, i64)>| Build {
        first: sample::day(105),
        product: Product {
            daily: vec![count; 60],
            parts,
        },
        margin: Some(Price::new(500 * FULL, Currency::USD)),
    };
    vec![
        build(FULL / 2, vec![(0, 10_000)]),
        build(FULL / 2, vec![(0, 10_000), (2, 1_000)]),
    ]
}

async fn planned() -> World {
    let mut world = World::new().await;
    let tenths: Vec<i64> = (0..60).map(|day| day % 2).collect();
    let needs: [(u32, i32, &[i64]); 2] = [(2, 105, &[10; 60]), (4, 105, &tenths)];
    assert!(world.plan(105, &needs).await);
    world
}

async fn exposures(world: &World, ahead: &Ahead, site_stock: SiteStock) -> Vec<(String, Exposure)> {
    let ground = Ground::read(&world.desk, &call()).await.unwrap();
    let (catalogue, network) = (&ground.catalogue, &ground.network);
    let day = sample::day(105);
    let found = assess(catalogue, network, &ground.supply, ahead, day, site_stock).unwrap();
    let named = |exposure: Exposure| {
        let site = &network.sites[exposure.node];
        (format!("{}/{}", site.supplier, site.item), exposure)
    };
    found.into_iter().map(named).collect()
}

fn of<'e>(all: &'e [(String, Exposure)], name: &str) -> &'e Exposure {
    let found = all.iter().find(|(site, _)| site == name);
    &found.expect("the site is there").1
}

#[tokio::test]
async fn stock_in_the_house_lengthens_survival_and_shortens_the_loss() {
    let world = planned().await;
    let ahead = Ahead::of_builds(&builds(), sample::day(105), Currency::USD);
    let bare = exposures(&world, &ahead, SiteStock::Declared).await;
    // GAMA's wire is back after thirty days; ALFA's share of the bolts is four tenths of every vehicle.
    let wire = of(&bare, "GAMA/WIRE");
    assert_eq!((wire.tier, wire.time_to_survive), (2, Some(0)));
    let lost = wire.lost.as_ref().unwrap();
    assert_eq!((lost.vehicles, lost.margin), (12 * FULL, 6_000 * FULL));
    assert_eq!(wire.binding, Some(Binding::Part(0)));
    assert_eq!(lost.bridge[0].quantity, 120_000);
    let lamp = of(&bare, "GAMA/LAMP");
    assert_eq!((lamp.time_to_recover, lamp.lost.as_ref()), (None, None));

    // Forty bolts: the share that is missing is drawn from them for ten days.
    world
        .by_hand("INSERT INTO lot (received_on, lot_number, item_no, quantity, on_hand, reserved, state) VALUES (19100, 2010000001, 2, 40000, 40000, 0, 3)")
        .await;
    world
        .by_hand("UPDATE supply_head SET version = version + 3000")
        .await;
    let stocked = exposures(&world, &ahead, SiteStock::Declared).await;
    let wire = of(&stocked, "GAMA/WIRE");
    assert_eq!(wire.time_to_survive, Some(10_000));
    assert_eq!(wire.lost.as_ref().unwrap().vehicles, 8 * FULL);
    assert_eq!(of(&stocked, "BETA/BOLT").time_to_survive, Some(6_667));

    // What the plan requires tells the same days where nobody says what is built.
    let ground = Ground::read(&world.desk, &call()).await.unwrap();
    let needs = Ahead::of_needs(&ground.catalogue, &ground.needs, sample::day(105));
    let days = exposures(&world, &needs, SiteStock::Declared).await;
    assert_eq!(of(&days, "GAMA/WIRE").time_to_survive, Some(10_000));
    assert_eq!(
        of(&days, "GAMA/WIRE").lost.as_ref().unwrap().bridge[0].quantity,
        80_000
    );
}

#[tokio::test]
async fn finished_stock_counts_as_the_question_has_it() {
    let world = planned().await;
    world
        .by_hand("UPDATE node SET stock_days = 5, stock_survives = 0")
        .await;
    let ahead = Ahead::of_builds(&builds(), sample::day(105), Currency::USD);
    let mut found = Vec::new();
    for rule in [SiteStock::Declared, SiteStock::Survives, SiteStock::Lost] {
        let all = exposures(&world, &ahead, rule).await;
        found.push(of(&all, "GAMA/WIRE").time_to_survive);
    }
    assert_eq!(found, [Some(0), Some(5_000), Some(0)]);
}
