//! Supply: what is told of it by its log is what the tables say, after every kind of change.

use std::collections::BTreeMap;

use takt_contract::procurement::v1::{
    self as pb, material_service_server::MaterialService,
    purchase_order_service_server::PurchaseOrderService,
};
use tonic::{Code, Request, Status};

use super::{World, all, call, goods, id, n_of, on, reason, receipt};
use crate::{
    desk::Desk,
    inbound::rpc::InboundRpc,
    material::rpc::MaterialRpc,
    supply::store::{supply_at, supply_fetch},
};
use takt_contract::procurement::v1::inbound_service_server::InboundService;

impl World {
    /// The supply that is asked for: version, whether it is whole, items by name.
    pub(super) async fn supply(
        &self,
        as_of: i32,
        since_version: i64,
        at_version: i64,
    ) -> Result<(i64, bool, BTreeMap<String, pb::ItemSupply>), Status> {
        let message = pb::StreamSupplyRequest {
            as_of: on(as_of),
            since_version,
            at_version,
            item_ids: Vec::new(),
        };
        let told = all(self.material.stream_supply(Request::new(message)).await).await?;
        let (version, whole) = (told[0].version, told[0].whole);
        assert!(
            told.iter()
                .all(|message| (message.version, message.whole) == (version, whole))
        );
        let items = told.into_iter().flat_map(|message| message.items);
        let named = items.map(|item| (item.item_id.clone(), item)).collect();
        Ok((version, whole, named))
    }

    /// Checks that what is kept with the changes since is what the tables say, and that every earlier version can be
    /// had again; answers with the version.
    async fn supply_agrees(&self, seen: &mut BTreeMap<i64, BTreeMap<String, pb::ItemSupply>>) {
        let (version, _, items) = self.supply(118, 0, 0).await.unwrap();
        assert_eq!(
            self.supply(118, 0, version).await.unwrap().2,
            items,
            "{version}"
        );
        seen.insert(version, items);
        for (version, items) in seen.iter().filter(|(version, _)| **version > 0) {
            assert_eq!(
                self.supply(118, 0, *version).await.unwrap().2,
                *items,
                "{version}"
            );
        }
        let kept = self.desk.supply().unwrap();
        let call = call();
        let read = self.desk.store.read(&call, "test_supply", move |tx| {
            let kept = std::sync::Arc::clone(&kept);
            Box::pin(async move {
                let whole = supply_fetch(tx, None).await?;
                assert_eq!(kept.cells, whole.cells);
                assert_eq!(supply_at(tx, whole.version).await?.cells, whole.cells);
                Ok(())
            })
        });
        read.await.unwrap();
    }
}

/// The day, quantity in units, line and state of each receipt.
fn receipts(item: &pb::ItemSupply) -> Vec<(i32, i64, i64, pb::ExpectedReceiptState, bool)> {
    let read = |one: &pb::ExpectedReceipt| {
        (
            n_of(one.expected_on.as_ref()),
            one.thousandths / 1000,
            one.line_number,
            one.state(),
            one.overdue,
        )
    };
    item.receipts.iter().map(read).collect()
}

#[tokio::test]
async fn every_change_of_supply_is_in_its_log() {
    use pb::ExpectedReceiptState::{Ordered, Received, Shipped};

    let mut world = World::new().await;
    let mut seen = BTreeMap::new();
    let (version, whole, items) = world.supply(118, 0, 0).await.unwrap();
    assert_eq!((version, whole, items.len()), (0, true, 3));
    let bolt = &items["BOLT"];
    assert_eq!(
        (
            bolt.free_thousandths,
            bolt.lot_thousandths,
            bolt.minimum_thousandths
        ),
        (0, 10_000, 10_000)
    );
    let shares: Vec<i64> = bolt
        .sources
        .iter()
        .map(|source| source.share_millionths)
        .collect();
    assert_eq!(shares.iter().sum::<i64>(), 1_000_000);
    world
        .plan(100, &[(2, 120, &[25, 25]), (3, 120, &[11])])
        .await;
    for on in 100..=116 {
        world.release(on).await.unwrap();
        world.supply_agrees(&mut seen).await;
    }
    let lines = world.lines().await;
    let (before, _, items) = world.supply(118, 0, 0).await.unwrap();
    let ordered: i64 = receipts(&items["BOLT"]).iter().map(|one| one.1).sum();
    assert_eq!(
        ordered,
        lines
            .iter()
            .filter(|line| line.item_id == "BOLT")
            .map(|line| i64::from(line.lot_count) * 10)
            .sum::<i64>()
    );
    assert!(
        receipts(&items["BOLT"])
            .iter()
            .all(|one| one.3 == Ordered && one.4 == (one.0 < 118))
    );
    // A notice with a lot that is shipped short moves what it brings to its own day.
    let line = lines
        .iter()
        .find(|line| line.item_id == "BOLT" && line.supplier_id == "BETA")
        .unwrap();
    let mut short = goods(line);
    short.lot_thousandths[0] = 7_000;
    let notice = pb::Asn {
        asn_id: "SHORT".into(),
        supplier_id: "BETA".into(),
        shipped_on: on(117),
        expected_on: on(119),
        lines: vec![short],
        handling_units: vec![],
    };
    assert_eq!(
        world
            .announce("short", vec![notice])
            .await
            .unwrap()
            .recorded_count,
        1
    );
    let (version, whole, changed) = world.supply(118, before, 0).await.unwrap();
    assert_eq!(
        (
            version,
            whole,
            changed.keys().map(String::as_str).collect::<Vec<_>>()
        ),
        (before + 1, false, vec!["BOLT"])
    );
    let moved = i64::from(line.lot_count) * 10 - 3;
    assert!(
        receipts(&changed["BOLT"]).contains(&(119, moved, line.line_number, Shipped, false)),
        "{:?}",
        receipts(&changed["BOLT"])
    );
    world.supply_agrees(&mut seen).await;
    world.receive(119, &["SHORT"]).await.unwrap();
    world.supply_agrees(&mut seen).await;
    let (_, _, items) = world.supply(118, 0, 0).await.unwrap();
    assert!(receipts(&items["BOLT"]).contains(&(119, moved, 0, Received, false)));
    assert_eq!(
        world.supply(119, 0, 0).await.unwrap().2["BOLT"].free_thousandths,
        moved * 1000
    );

    // Goods that inspection keeps back are nothing until they are given free.
    let coil = lines.iter().find(|line| line.item_id == "COIL").unwrap();
    let notice = world.ship(115, std::slice::from_ref(coil)).await;
    let mut blocked = receipt(&notice.asn_id, 118);
    blocked.quarantine = true;
    world.arrive("quarantine", vec![blocked]).await.unwrap();
    world.supply_agrees(&mut seen).await;
    let lot = |n: i64| format!("COIL.GAMA.{n:06}");
    let judge = |release: bool, n: i64, name: &str| {
        let (request_id, lot_ids) = (id(name), vec![lot(n)]);
        let rpc: &InboundRpc = &world.inbound;
        async move {
            if release {
                rpc.release_lots(Request::new(pb::ReleaseLotsRequest {
                    request_id,
                    lot_ids,
                }))
                .await
                .map(|_| ())
            } else {
                let reason = "seam".into();
                rpc.block_lots(Request::new(pb::BlockLotsRequest {
                    request_id,
                    lot_ids,
                    reason,
                }))
                .await
                .map(|_| ())
            }
        }
    };
    judge(true, 1, "free 1").await.unwrap();
    judge(true, 2, "free 2").await.unwrap();
    assert!(
        world.supply(118, 0, 0).await.unwrap().2["COIL"].free_thousandths > 0,
        "given free"
    );
    world.supply_agrees(&mut seen).await;

    // Reservations: made, given back with a lot that was blocked meanwhile, used, used after they were given back.
    world
        .reserve("R1", 120, 1, &[("COIL", 6), ("BOLT", 4)])
        .await
        .unwrap();
    world.supply_agrees(&mut seen).await;
    judge(false, 1, "block 1").await.unwrap();
    world.supply_agrees(&mut seen).await;
    let release = pb::ReleaseReservationRequest {
        request_id: id("back"),
        reservation_id: "R1".into(),
    };
    world
        .material
        .release_reservation(Request::new(release))
        .await
        .unwrap();
    world.supply_agrees(&mut seen).await;
    world.reserve("R2", 120, 2, &[("BOLT", 2)]).await.unwrap();
    world.built("R2", 120, 2, 2).await;
    world.supply_agrees(&mut seen).await;
    world.built("R1", 120, 1, 1).await;
    world.supply_agrees(&mut seen).await;

    // A supplier who refuses a line takes it out of what will come.
    let open = lines
        .iter()
        .find(|one| one.line_number != line.line_number && one.item_id == "BOLT")
        .unwrap();
    let refusal = pb::LineAcknowledgement {
        line_number: open.line_number,
        response: pb::LineResponse::Rejected.into(),
        ..pb::LineAcknowledgement::default()
    };
    let message = pb::AcknowledgeLinesRequest {
        request_id: id("no"),
        acknowledgements: vec![refusal],
        acknowledged_on: None,
    };
    world
        .orders
        .acknowledge_lines(Request::new(message))
        .await
        .unwrap();
    world.supply_agrees(&mut seen).await;
    let (version, _, items) = world.supply(118, 0, 0).await.unwrap();
    assert!(
        receipts(&items["BOLT"])
            .iter()
            .all(|one| one.2 != open.line_number)
    );
    assert_eq!(
        version,
        world.number("SELECT COUNT(*) FROM supply_log").await
    );

    // One who kept nothing reads everything and knows the same; nobody learns of a version that has not been.
    let fresh = MaterialRpc(std::sync::Arc::new(Desk::new(
        world.desk.store.clone(),
        || 1,
    )));
    let message = pb::StreamSupplyRequest {
        as_of: on(118),
        since_version: version - 1,
        ..pb::StreamSupplyRequest::default()
    };
    let told = all(fresh.stream_supply(Request::new(message)).await)
        .await
        .unwrap();
    assert!(told[0].whole && told[0].items.len() == 3);
    let newest = world.supply(118, version, 0).await.unwrap();
    assert_eq!((newest.1, newest.2.len()), (false, 0));
    assert_eq!(
        reason(&world.supply(118, 0, version + 1).await.unwrap_err()),
        "SUPPLY_VERSION_UNKNOWN"
    );
    assert_eq!(
        world.supply(118, 1, 1).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}
