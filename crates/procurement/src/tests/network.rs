//! The supply network over a real store: links that are declared, walked and added up, and what a supplier may see of them.

use std::sync::Arc;

use takt_contract::procurement::v1::{
    self as pb, supply_network_service_server::SupplyNetworkService,
};
use tonic::{Code, Request, Status};

use super::{World, all, call, id, on, reason};
use crate::network::{declare::Ends, rpc::SupplyNetworkRpc, store::flows_fetch};

fn rpc(world: &World) -> SupplyNetworkRpc {
    SupplyNetworkRpc(Arc::clone(&world.desk))
}

fn link(from: (&str, &str), to: (&str, &str), lead: i32) -> pb::NetworkLink {
    pb::NetworkLink {
        from_supplier_id: from.0.into(),
        from_item_id: from.1.into(),
        to_supplier_id: to.0.into(),
        to_item_id: to.1.into(),
        quantity_thousandths: 1_000,
        share_millionths: 1_000_000,
        lead_time_days: Some(lead),
        evidence: pb::LinkEvidence::Declared.into(),
        confidence_millionths: Some(900_000),
        ..pb::NetworkLink::default()
    }
}

/// Declares links as one message of a stream.
async fn declare(
    world: &World,
    request: &str,
    links: Vec<pb::NetworkLink>,
) -> Result<pb::DeclareLinksResponse, Status> {
    let (call, surface) = (call(), rpc(world));
    let catalogue = world.desk.catalogue(&call).await?;
    let known = Arc::clone(&catalogue);
    let flows = world.desk.store.read(&call, "links", move |tx| {
        let known = Arc::clone(&known);
        Box::pin(async move { flows_fetch(tx, &known).await })
    });
    let ends = Ends::of(flows.await?.iter());
    let message = pb::DeclareLinksRequest {
        request_id: id(request),
        links,
    };
    let declared = surface.declared(&call, message, (&catalogue, 1), ends);
    Ok(declared.await?.0)
}

/// The mine behind both makers of bolts.
async fn mined() -> Result<World, Status> {
    let world = World::new().await;
    let links = vec![
        link(("MINE", "ORE"), ("GAMA", "WIRE"), 10),
        link(("MINE", "IRON"), ("BETA", "BOLT"), 20),
    ];
    let told = declare(&world, "mine", links).await?;
    assert_eq!((told.declared_count, told.refused_count), (2, 0));
    Ok(world)
}

async fn walk(world: &World, asked: pb::TraverseRequest) -> Result<pb::TraverseResponse, Status> {
    let asked = pb::TraverseRequest {
        as_of: on(100),
        ..asked
    };
    let messages = all(rpc(world).traverse(Request::new(asked)).await).await?;
    let mut whole = pb::TraverseResponse::default();
    for message in messages {
        whole.nodes.extend(message.nodes);
        whole.links.extend(message.links);
        whole.tombstones.extend(message.tombstones);
        whole.result_status = message.result_status;
    }
    Ok(whole)
}

fn names(walk: &pb::TraverseResponse) -> Vec<String> {
    let name =
        |node: &pb::NetworkNode| format!("{}/{} {}", node.supplier_id, node.item_id, node.depth);
    walk.nodes.iter().map(name).collect()
}

fn bolts() -> pb::TraverseRequest {
    pb::TraverseRequest {
        supplier_id: "PLANT".into(),
        item_id: "BOLT".into(),
        ..pb::TraverseRequest::default()
    }
}

#[tokio::test]
async fn what_was_declared_is_walked_with_what_was_imported() -> Result<(), Status> {
    let world = mined().await?;
    let up = walk(&world, bolts()).await?;
    assert_eq!(
        names(&up),
        [
            "PLANT/BOLT 0",
            "ALFA/BOLT 1",
            "BETA/BOLT 1",
            "GAMA/WIRE 2",
            "MINE/IRON 2",
            "MINE/ORE 3"
        ]
    );
    assert_eq!(up.links.len(), 5);
    assert_eq!(up.result_status(), pb::ResultStatus::Complete);
    let silent = up
        .tombstones
        .iter()
        .map(|tomb| (tomb.item_id.as_str(), tomb.reason()));
    let silent: Vec<_> = silent.collect();
    assert_eq!(
        silent,
        [
            ("IRON", pb::TombstoneReason::Silent),
            ("ORE", pb::TombstoneReason::Silent)
        ]
    );
    // Down from all sites of the mine the walk ends at the plant, where no tombstone stands.
    let down = pb::TraverseRequest {
        supplier_id: "MINE".into(),
        direction: pb::TraverseDirection::Down.into(),
        ..pb::TraverseRequest::default()
    };
    let down = walk(&world, down).await?;
    assert_eq!((down.nodes.len(), down.tombstones.len()), (6, 0));
    let few = pb::TraverseRequest {
        node_budget: 2,
        ..bolts()
    };
    let few = walk(&world, few).await?;
    assert_eq!(
        (few.nodes.len(), few.result_status()),
        (2, pb::ResultStatus::Partial)
    );
    assert_eq!(few.tombstones[0].reason(), pb::TombstoneReason::Budget);
    let near = pb::TraverseRequest {
        max_depth: 1,
        ..bolts()
    };
    let near = walk(&world, near).await?;
    assert_eq!(
        (near.nodes.len(), near.result_status()),
        (3, pb::ResultStatus::Partial)
    );
    let nobody = pb::TraverseRequest {
        supplier_id: "NOBODY".into(),
        ..pb::TraverseRequest::default()
    };
    let refused = walk(&world, nobody).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn links_that_are_wrong_are_refused_with_field_and_reason() -> Result<(), Status> {
    let world = mined().await?;
    let good = link(("MINE", "ORE"), ("GAMA", "WIRE"), 12);
    let wrong = |change: &dyn Fn(&mut pb::NetworkLink)| {
        let mut one = good.clone();
        change(&mut one);
        one
    };
    let links = vec![
        wrong(&|one| one.quantity_thousandths = 0),
        wrong(&|one| one.evidence = 0),
        wrong(&|one| one.confidence_millionths = None),
        wrong(&|one| one.share_millionths = 2_000_000),
        wrong(&|one| one.to_supplier_id = "no such id!".into()),
        wrong(&|one| (one.valid_from, one.valid_until) = (on(9), on(8))),
        link(("MINE", "ORE"), ("PLANT", "CAR"), 1),
        link(("MINE", "ORE"), ("PLANT", "BOLT"), 1),
        link(("PLANT", "CAR"), ("GAMA", "WIRE"), 1),
        link(("ALFA", "BOLT"), ("MINE", "ORE"), 1),
        good.clone(),
    ];
    let told = declare(&world, "wrong", links.clone()).await?;
    let fields: Vec<_> = (told.refused.iter())
        .map(|flaw| (flaw.row_number, flaw.field.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            (1, "quantity_thousandths"),
            (2, "evidence"),
            (3, "confidence_millionths"),
            (4, "share_millionths"),
            (5, "to_supplier_id"),
            (6, "valid_until"),
            (7, "to_item_id"),
            (8, "from_item_id"),
            (9, "from_supplier_id"),
            (10, "")
        ]
    );
    let cycle = &told.refused[9].reason;
    assert!(
        cycle.contains("ALFA/BOLT > MINE/ORE > GAMA/WIRE > ALFA/BOLT"),
        "{cycle}"
    );
    assert_eq!((told.declared_count, told.refused_count), (1, 10));
    // The same message again is answered alike and changes nothing.
    assert_eq!(declare(&world, "wrong", links).await?, told);
    let up = walk(&world, bolts()).await?;
    let ore = up.links.iter().find(|link| link.from_item_id == "ORE");
    assert_eq!(ore.and_then(|link| link.lead_time_days), Some(12));
    // Another import leaves declared links as they are.
    let ended = pb::NetworkLink {
        valid_until: on(50),
        ..good
    };
    declare(&world, "ended", vec![ended]).await?;
    assert_eq!(walk(&world, bolts()).await?.nodes.len(), 5);
    Ok(())
}

#[tokio::test]
async fn a_chain_is_added_up_and_concentrations_are_listed() -> Result<(), Status> {
    let world = mined().await?;
    let asked = pb::GetChainEfficiencyRequest {
        item_id: "BOLT".into(),
        as_of: on(100),
    };
    let told = rpc(&world)
        .get_chain_efficiency(Request::new(asked))
        .await?;
    let told = told.into_inner();
    let (direct, indirect) = (
        told.direct.unwrap_or_default(),
        told.indirect.unwrap_or_default(),
    );
    // BETA takes 4 days and its iron 20; ALFA 6, its wire nobody knows, the ore 10.
    assert_eq!(
        (direct.lead_time_millihours, indirect.lead_time_millihours),
        (4 * 24_000, 20 * 24_000)
    );
    // 60 and 40 percent; BETA's lane takes half a day.
    assert_eq!(direct.concentration_index, Some(5_200));
    assert_eq!(direct.transport_millihours, Some(12_000));
    assert_eq!(indirect.transport_millihours, None);
    assert_eq!(
        (direct.co2e_milligrams, direct.co2e_unknown_count),
        (None, 2)
    );
    let path: Vec<_> = told
        .path
        .iter()
        .map(|link| link.from_supplier_id.as_str())
        .collect();
    assert_eq!(path, ["BETA", "MINE"]);
    assert_eq!(told.on_time_in_full_millionths, None);

    let mut page_token = String::new();
    let mut rows = Vec::new();
    loop {
        let asked = pb::ListConcentrationsRequest {
            as_of: on(100),
            page_size: 2,
            page_token,
        };
        let page = rpc(&world)
            .list_concentrations(Request::new(asked))
            .await?
            .into_inner();
        assert!(page.complete && page.concentrations.len() <= 2);
        rows.extend(page.concentrations);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let rows: Vec<_> = (rows.iter())
        .map(|row| {
            let behind = row.behind_supplier_ids.join(" ");
            (
                row.supplier_id.as_str(),
                behind,
                row.stopped_item_ids.join(" "),
            )
        })
        .collect();
    // The mine is behind the makers of bolts and, by its ore, nobody else's; with it both are out. GAMA alone makes coils and lamps.
    assert_eq!(
        rows,
        [
            ("GAMA", String::new(), "COIL LAMP".to_owned()),
            ("MINE", "ALFA BETA".to_owned(), "BOLT".to_owned())
        ]
    );
    Ok(())
}

async fn granted(
    world: &World,
    grant: &str,
    items: &[&str],
    until: i32,
) -> Result<pb::Grant, Status> {
    let message = pb::CreateGrantRequest {
        request_id: id(grant),
        grant_id: grant.into(),
        supplier_id: "ALFA".into(),
        item_ids: items.iter().map(|item| (*item).to_owned()).collect(),
        valid_from: on(90),
        valid_until: on(until),
    };
    let answer = rpc(world).create_grant(Request::new(message)).await?;
    Ok(answer.into_inner().grant.unwrap_or_default())
}

#[tokio::test]
async fn a_supplier_sees_its_part_and_its_direct_suppliers() -> Result<(), Status> {
    let world = mined().await?;
    let eyes = || pb::TraverseRequest {
        supplier_id: "ALFA".into(),
        as_supplier_id: "ALFA".into(),
        ..pb::TraverseRequest::default()
    };
    let refused = walk(&world, eyes()).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_GRANTED");
    // A grant for something else, and one that ended, open nothing.
    granted(&world, "G-0", &["NUT"], 200).await?;
    granted(&world, "G-1", &[], 99).await?;
    assert!(walk(&world, eyes()).await.is_err());
    let grant = granted(&world, "G-2", &["BOLT"], 100).await?;
    assert!(!grant.revoked);
    let seen = walk(&world, eyes()).await?;
    assert_eq!(names(&seen), ["ALFA/BOLT 0", "GAMA/WIRE 1"]);
    assert_eq!(seen.result_status(), pb::ResultStatus::Partial);
    assert_eq!(seen.tombstones.len(), 1);
    assert_eq!(seen.tombstones[0].reason(), pb::TombstoneReason::NotGranted);
    let foreign = pb::TraverseRequest {
        supplier_id: "BETA".into(),
        ..eyes()
    };
    let refused = walk(&world, foreign).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);

    let twice = pb::CreateGrantRequest {
        request_id: id("another"),
        grant_id: "G-2".into(),
        supplier_id: "ALFA".into(),
        valid_from: on(1),
        valid_until: on(2),
        ..pb::CreateGrantRequest::default()
    };
    let refused = rpc(&world)
        .create_grant(Request::new(twice))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let page = pb::ListGrantsRequest {
        supplier_id: "ALFA".into(),
        page_size: 2,
        ..pb::ListGrantsRequest::default()
    };
    let first = rpc(&world)
        .list_grants(Request::new(page.clone()))
        .await?
        .into_inner();
    let second = pb::ListGrantsRequest {
        page_token: first.next_page_token.clone(),
        ..page
    };
    let second = rpc(&world)
        .list_grants(Request::new(second))
        .await?
        .into_inner();
    let ids = first
        .grants
        .iter()
        .chain(&second.grants)
        .map(|grant| grant.grant_id.as_str());
    assert_eq!(ids.collect::<Vec<_>>(), ["G-0", "G-1", "G-2"]);
    assert!(second.next_page_token.is_empty());

    let revoke = |grant: &str, request: &str| pb::RevokeGrantRequest {
        request_id: id(request),
        grant_id: grant.into(),
    };
    let ended = rpc(&world)
        .revoke_grant(Request::new(revoke("G-2", "end")))
        .await?
        .into_inner();
    assert!(ended.grant.is_some_and(|grant| grant.revoked));
    assert!(walk(&world, eyes()).await.is_err());
    let refused = rpc(&world)
        .revoke_grant(Request::new(revoke("G-9", "end 9")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    Ok(())
}
