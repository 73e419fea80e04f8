//! Messages of the network as values, and values as messages.
//!
//! It must not decide anything.

use std::collections::BTreeSet;

use takt_contract::{date_opt, date_pb, id_req, procurement::v1 as pb};
use takt_kernel::{ItemId, SupplierId, Violations};
use takt_planning::tier::{Chains, Leg, Traversal, Why};

use super::{Evidence, Flow, Network, declare::flaw, grant::Grant};

/// Reads a link of the stream; what is wrong with it is its first wrong field.
pub(crate) fn flow_of(
    link: &pb::NetworkLink,
    row_number: i64,
    plant: &str,
    bought: impl Fn(&str) -> bool,
) -> Result<Flow, pb::RefusedLink> {
    let mut violations = Violations::new();
    id_req::<SupplierId>(&link.from_supplier_id, "from_supplier_id", &mut violations);
    id_req::<ItemId>(&link.from_item_id, "from_item_id", &mut violations);
    id_req::<SupplierId>(&link.to_supplier_id, "to_supplier_id", &mut violations);
    id_req::<ItemId>(&link.to_item_id, "to_item_id", &mut violations);
    let evidence = match link.evidence() {
        pb::LinkEvidence::Declared => Evidence::Declared,
        pb::LinkEvidence::AsnObserved => Evidence::AsnObserved,
        pb::LinkEvidence::Inferred => Evidence::Inferred,
        pb::LinkEvidence::Unspecified => {
            violations.push("evidence", "say DECLARED, ASN_OBSERVED or INFERRED");
            Evidence::Inferred
        }
    };
    let from = date_opt(link.valid_from.as_ref(), "valid_from", &mut violations);
    let until = date_opt(link.valid_until.as_ref(), "valid_until", &mut violations);
    let flow = Flow {
        from: (link.from_supplier_id.clone(), link.from_item_id.clone()),
        to: (link.to_supplier_id.clone(), link.to_item_id.clone()),
        share: link.share_millionths,
        quantity: link.quantity_thousandths,
        lead_days: link.lead_time_days.map(i64::from),
        stock_days: None,
        evidence,
        confidence: link.confidence_millionths,
        valid: (from, until),
    };
    let refused = |field: &str, reason: String| pb::RefusedLink {
        row_number,
        field: field.to_owned(),
        reason,
    };
    if let Err(wrong) = violations.finish() {
        let first = wrong.into_iter().next();
        return Err(first.map_or_else(
            || refused("", String::new()),
            |one| refused(&one.field, one.description),
        ));
    }
    match flaw(&flow, plant, bought) {
        Some((field, reason)) => Err(refused(field, reason)),
        None => Ok(flow),
    }
}

/// A link on the wire.
pub(crate) fn link_pb(flow: &Flow) -> pb::NetworkLink {
    pb::NetworkLink {
        from_supplier_id: flow.from.0.clone(),
        from_item_id: flow.from.1.clone(),
        to_supplier_id: flow.to.0.clone(),
        to_item_id: flow.to.1.clone(),
        quantity_thousandths: flow.quantity,
        share_millionths: flow.share,
        lead_time_days: flow.lead_days.and_then(|days| i32::try_from(days).ok()),
        evidence: i32::from(match flow.evidence {
            Evidence::Declared => pb::LinkEvidence::Declared,
            Evidence::AsnObserved => pb::LinkEvidence::AsnObserved,
            Evidence::Inferred => pb::LinkEvidence::Inferred,
        }),
        confidence_millionths: flow.confidence,
        valid_from: flow.valid.0.map(date_pb),
        valid_until: flow.valid.1.map(date_pb),
    }
}

/// A grant on the wire.
pub(crate) fn grant_pb(grant: &Grant) -> pb::Grant {
    pb::Grant {
        grant_id: grant.id.clone(),
        supplier_id: grant.supplier.clone(),
        item_ids: grant.items.clone(),
        valid_from: Some(date_pb(grant.valid.0)),
        valid_until: Some(date_pb(grant.valid.1)),
        revoked: grant.revoked,
    }
}

/// What a walk found, in messages of at most `most` sites, links and tombstones; the last one says how it ended. `hidden` are sites behind which a
/// grant ends, and `is_end` says where a walk ends by nature.
pub(crate) fn walk_pb(
    network: &Network,
    found: &Traversal,
    hidden: &BTreeSet<usize>,
    is_end: impl Fn(usize) -> bool,
    most: usize,
) -> Vec<pb::TraverseResponse> {
    let nodes = found.reached.iter().filter_map(|reached| {
        let (supplier, item) = network.sites.get(reached.site)?;
        Some(pb::NetworkNode {
            supplier_id: supplier.clone(),
            item_id: item.clone(),
            name: network.names.get(reached.site).cloned().unwrap_or_default(),
            depth: i32::try_from(reached.depth).unwrap_or(i32::MAX),
        })
    });
    let nodes: Vec<_> = nodes.collect();
    let links: Vec<_> = (found.links.iter())
        .filter_map(|link| network.flows.get(*link).map(link_pb))
        .collect();
    let tombstones = (found.ends.iter())
        .filter(|end| end.why != Why::Silent || !is_end(end.site))
        .filter_map(|end| {
            let (supplier, item) = network.sites.get(end.site)?;
            let reason = match end.why {
                Why::Depth if hidden.contains(&end.site) => pb::TombstoneReason::NotGranted,
                Why::Silent => pb::TombstoneReason::Silent,
                Why::Depth => pb::TombstoneReason::Depth,
                Why::Size => pb::TombstoneReason::Budget,
            };
            Some(pb::Tombstone {
                supplier_id: supplier.clone(),
                item_id: item.clone(),
                reason: reason.into(),
            })
        });
    let tombstones: Vec<_> = tombstones.collect();
    let mut messages: Vec<pb::TraverseResponse> = Vec::new();
    let mut message = |fill: pb::TraverseResponse| messages.push(fill);
    for some in nodes.chunks(most) {
        message(pb::TraverseResponse {
            nodes: some.to_vec(),
            ..Default::default()
        });
    }
    for some in links.chunks(most) {
        message(pb::TraverseResponse {
            links: some.to_vec(),
            ..Default::default()
        });
    }
    for some in tombstones.chunks(most) {
        message(pb::TraverseResponse {
            tombstones: some.to_vec(),
            ..Default::default()
        });
    }
    let status = match found.within_budget() {
        true => pb::ResultStatus::Complete,
        false => pb::ResultStatus::Partial,
    };
    message(pb::TraverseResponse {
        result_status: status.into(),
        ..Default::default()
    });
    messages
}

/// One side of a chain on the wire; `path` are its links, `sites` and `silent` the sites that carbon is of and those without a figure.
pub(crate) fn leg_pb(
    chains: &Chains<'_>,
    leg: &Leg,
    path: &[usize],
    (sites, silent): (u32, u32),
) -> pb::ChainLeg {
    let facts = || path.iter().filter_map(|link| chains.links.get(*link));
    let makers = || {
        path.iter()
            .map(|link| chains.site(chains.graph.link(*link).from))
    };
    let moves = facts().any(|facts| facts.transit.is_some());
    let stocks =
        facts().any(|facts| facts.stock.is_some()) || makers().any(|site| site.stock.is_some());
    let places = facts().any(|facts| facts.distance.is_some());
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    pb::ChainLeg {
        lead_time_millihours: leg.lead,
        process_millihours: leg.process,
        wait_millihours: leg.wait,
        transport_millihours: moves.then_some(leg.transport),
        stock_millihours: stocks.then_some(leg.stock),
        distance_metres: places.then_some(leg.distance),
        value_added_millionths: leg.value_added(),
        yield_millionths: leg.yield_share,
        co2e_milligrams: (silent < sites).then_some(leg.carbon),
        co2e_unknown_count: count(silent),
        concentration_index: leg.hhi,
        link_count: count(leg.links),
        unknown_count: count(leg.unknown),
    }
}
