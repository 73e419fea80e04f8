//! Recalls over a real store: who is kept at the gate, who rolls to the next load, and what production's word changes.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::{
    date_pb,
    events::v1::{PartReplaced, VehicleBuilt, fact_body::Kind},
};
use takt_kernel::Date;
use takt_service::Error;

use super::{World, order, service::vin, vehicles::fact};
use crate::{
    programme::sample::date,
    reactions::Told,
    recall::{
        Recall, Remedy, State, StopShip, Touched, Word,
        gate::{kept_fetch, kept_move, unsold_fetch},
        owed::{Changed, Words, newer_check, words_take},
        scope::Scope,
        store::{
            counts_fetch, gate_hold, recall_add, recall_fetch, recall_save, touched_all,
            touched_fetch, touched_save,
        },
    },
    shipment::{
        ShipmentNo, TransportEvent,
        store::{shipment_vins, shipments_fetch, shipments_move},
    },
};

fn day() -> Date {
    date("2024-04-03")
}

async fn apply(world: &World, kinds: Vec<Kind>) {
    let facts = Arc::new(kinds.into_iter().map(fact).collect::<Vec<_>>());
    let applied = world.write(move |tx, catalogue| {
        let facts = Arc::clone(&facts);
        Box::pin(async move { Told::read(&facts)?.apply(tx, &catalogue).await })
    });
    applied.await.unwrap();
}

fn built(serial: u32, on: Date) -> Kind {
    Kind::VehicleBuilt(VehicleBuilt {
        vin: vin(serial),
        build_number: serial.into(),
        order_id: format!("O-{serial}"),
        variant_id: "MAX".into(),
        built_on: Some(date_pb(on)),
        released: true,
        ..VehicleBuilt::default()
    })
}

/// A yard with some vehicles on one load.
async fn yard(count: u32) -> World {
    let world = World::new().await;
    let orders =
        (1..=count + 2).map(|n| order(&format!("O-{n}"), "Xi'an", "NORMAL", date("2024-03-28")));
    world.lock(orders.collect()).await;
    apply(&world, (1..=count).map(|n| built(n, day())).collect()).await;
    world
}

fn load(on: Date) -> ShipmentNo {
    ShipmentNo::new(on, 90)
}

fn recall(stop: StopShip) -> Recall {
    Recall {
        number: 0,
        id: "RC-1".into(),
        title: "t".into(),
        defect: "d".into(),
        remedy: Remedy::Workshop,
        software: None,
        regulator: String::new(),
        reference: String::new(),
        published: 0,
        opened_on: day(),
        closed_on: None,
        stop_ship: stop,
        stop_ship_on: (stop != StopShip::None).then(day),
        version: 1,
        due: 0,
        scopes: vec![Scope::Lots {
            item: "PACK".into(),
            lots: vec!["PACK.CELL.000001".into()],
        }],
    }
}

fn words(affected: &[u32], exposed: &[u32], last_build: i64) -> Words {
    let word = |serial: &u32, to| Word {
        vin: vin(*serial),
        from: date("2024-04-01"),
        to,
    };
    let affected = affected.iter().map(|serial| word(serial, None));
    let exposed = exposed
        .iter()
        .map(|serial| word(serial, Some(date("2024-04-05"))));
    Words {
        words: affected.chain(exposed).collect(),
        last_build,
        from_build: 0,
    }
}

async fn open(world: &World, stop: StopShip, words: Words) {
    let words = Arc::new(words);
    let opened = world.write(move |tx, _| {
        let words = Arc::clone(&words);
        Box::pin(async move {
            gate_hold(tx).await?;
            let mut recall = recall(stop);
            recall_add(tx, &mut recall).await?;
            words_take(tx, &recall, &words).await?;
            newer_check(tx, recall.number, words.last_build).await
        })
    });
    opened.await.unwrap();
}

async fn take(world: &World, words: Words) -> Changed {
    let words = Arc::new(words);
    let taken = world.write(move |tx, _| {
        let words = Arc::clone(&words);
        Box::pin(async move {
            let recall = recall_fetch(tx, "RC-1").await?;
            words_take(tx, &recall, &words).await
        })
    });
    taken.await.unwrap()
}

/// What stays when the load leaves, and where it stands then.
async fn leave(world: &World, on: Date) -> (Vec<String>, Option<ShipmentNo>) {
    let left = world.write(move |tx, catalogue| {
        Box::pin(async move {
            let number = load(on);
            let kept = kept_fetch(tx, &[number]).await?;
            let leaving = BTreeMap::from([(number, on)]);
            let next = kept_move(tx, &catalogue, &kept, &leaving).await?;
            let missing = || Error::missing("shipment", "");
            let mut shipment = shipments_fetch(tx, [number])
                .await?
                .remove(&number)
                .ok_or_else(missing)?;
            let before = shipment.state();
            let lane = catalogue.lane_at(90).ok_or_else(missing)?;
            shipment.report(TransportEvent::Departed(on), lane)?;
            shipments_move(tx, &[(before, shipment)]).await?;
            let vins = kept.values().flatten().map(|one| one.vin.clone());
            Ok((vins.collect(), next.get(&number).copied()))
        })
    });
    left.await.unwrap()
}

async fn on_load(world: &World, number: ShipmentNo) -> Vec<String> {
    let read = world.read(move |tx, _| Box::pin(shipment_vins(tx, number)));
    read.await.unwrap()
}

fn vins(serials: &[u32]) -> Vec<String> {
    let mut vins: Vec<String> = serials.iter().map(|serial| vin(*serial)).collect();
    vins.sort();
    vins
}

#[tokio::test]
async fn a_load_leaves_without_what_is_kept_and_the_next_one_asks_again() {
    let world = yard(5).await;
    open(&world, StopShip::Loading, words(&[2, 4], &[5], 5)).await;
    let (mut kept, next) = leave(&world, day()).await;
    kept.sort();
    assert_eq!((kept, next), (vins(&[2, 4]), Some(load(day().plus(1)))));
    assert_eq!(on_load(&world, load(day())).await, vins(&[1, 3, 5]));
    assert_eq!(on_load(&world, load(day().plus(1))).await, vins(&[2, 4]));
    assert_eq!(world.broken().await, []);
    // A remedied vehicle passes, the other one rolls on.
    let done = world.write(|tx, _| {
        Box::pin(async move {
            let recall = recall_fetch(tx, "RC-1").await?;
            let vin = vin(2);
            let mut all = touched_fetch(tx, recall.number, [vin.as_str()]).await?;
            for one in all.values_mut() {
                one.step(State::Remedied, day(), "")?;
            }
            let rows = all.iter().map(|(vin, one)| (vin.as_str(), one));
            touched_save(tx, recall.number, rows).await
        })
    });
    done.await.unwrap();
    let (kept, next) = leave(&world, day().plus(1)).await;
    assert_eq!((kept, next), (vins(&[4]), Some(load(day().plus(2)))));
    assert_eq!(world.broken().await, []);
    // A stop-ship that is lifted keeps nothing.
    let lifted = world.write(|tx, _| {
        Box::pin(async move {
            let mut recall = recall_fetch(tx, "RC-1").await?;
            recall.lift(day())?;
            recall_save(tx, &mut recall).await
        })
    });
    lifted.await.unwrap();
    let (kept, next) = leave(&world, day().plus(2)).await;
    assert_eq!((kept, next), (vec![], None));
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_vehicle_that_comes_in_waits_for_productions_word() {
    let world = yard(2).await;
    // Production had looked at one vehicle when the recall was opened.
    open(&world, StopShip::Loading, words(&[], &[], 1)).await;
    let (kept, _) = leave(&world, day()).await;
    assert_eq!(kept, vins(&[2]));
    apply(&world, vec![built(3, day().plus(1))]).await;
    let awaited = "SELECT COUNT(*) FROM recall_check";
    assert_eq!(world.number(awaited).await, 2);
    let owed = "SELECT COUNT(*) FROM intent WHERE kind = 'recall_refresh'";
    assert_eq!(world.number(owed).await, 1);
    let told = Words {
        from_build: 2,
        ..words(&[3], &[], 3)
    };
    assert_eq!(
        take(&world, told).await,
        Changed {
            added: 1,
            cleared: 0
        }
    );
    assert_eq!(world.number(awaited).await, 0);
    let (kept, _) = leave(&world, day().plus(1)).await;
    assert_eq!(kept, vins(&[3]));
    assert_eq!(world.broken().await, []);
    // What is replaced anywhere may change the word on everything.
    let replaced = Kind::PartReplaced(PartReplaced::default());
    apply(&world, vec![replaced]).await;
    let due = "SELECT due FROM recall WHERE recall_no = 1";
    assert_eq!(world.number(due).await, 1);
}

#[tokio::test]
async fn productions_word_adds_clears_and_forgets_and_never_drops_what_was_done() {
    let world = yard(5).await;
    open(&world, StopShip::None, words(&[1, 2, 3, 4], &[5], 5)).await;
    let told = world.write(|tx, _| {
        Box::pin(async move {
            let recall = recall_fetch(tx, "RC-1").await?;
            let mut all: BTreeMap<String, Touched> = touched_all(tx, recall.number).await?;
            for (serial, state) in [(1, State::Notified), (2, State::Remedied)] {
                if let Some(one) = all.get_mut(&vin(serial)) {
                    one.step(state, day(), "")?;
                }
            }
            let rows = all.iter().map(|(vin, one)| (vin.as_str(), one));
            touched_save(tx, recall.number, rows).await
        })
    });
    told.await.unwrap();
    // 1 and 2 are named no more, 3 was replaced, 4 stays, 5 is affected again.
    let changed = take(&world, words(&[4, 5], &[3], 5)).await;
    assert_eq!((changed.added, changed.cleared), (1, 3));
    let read = world.read(|tx, _| {
        Box::pin(async move {
            let recall = recall_fetch(tx, "RC-1").await?;
            let all = touched_all(tx, recall.number).await?;
            Ok((all, counts_fetch(tx, &recall).await?))
        })
    });
    let (all, counts) = read.await.unwrap();
    let told: Vec<_> = (1..=5)
        .map(|serial| {
            let one = all.get(&vin(serial));
            one.map(|one| (one.state, one.affected, one.recalled))
        })
        .collect();
    assert_eq!(
        told,
        [
            Some((State::Exempt, false, true)),
            Some((State::Remedied, false, true)),
            Some((State::Remedied, false, true)),
            Some((State::Identified, true, true)),
            Some((State::Identified, true, true)),
        ]
    );
    assert_eq!((counts.affected, counts.exposed), (2, 0));
    // Named by mistake, and nobody was told: it is forgotten.
    take(&world, words(&[5], &[3], 5)).await;
    assert_eq!(world.number("SELECT COUNT(*) FROM recall_vehicle").await, 4);
    assert_eq!(world.broken().await, []);
}

#[tokio::test]
async fn a_stop_sale_names_the_recall_and_a_vehicle_that_slipped_is_found() {
    let world = yard(2).await;
    leave(&world, day()).await;
    open(&world, StopShip::LoadingAndHandover, words(&[1], &[], 2)).await;
    let unsold = world.read(|tx, _| {
        Box::pin(async move {
            let both = [vin(1), vin(2)];
            unsold_fetch(tx, both.iter().map(String::as_str)).await
        })
    });
    assert_eq!(
        unsold.await.unwrap(),
        BTreeMap::from([(vin(1), "RC-1".to_owned())])
    );
    // It had left before, which is no fault of the gate.
    assert_eq!(world.broken().await, []);
    let slipped = world.write(|tx, _| {
        Box::pin(async move { tx.exec("UPDATE recall_vehicle SET gone = 0", vec![]).await })
    });
    slipped.await.unwrap();
    let broken = world.broken().await;
    assert_eq!(broken, [("RC-2", vec![vin(1)])]);
}
