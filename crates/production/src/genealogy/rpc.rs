//! The as-built memory as rpcs of the vehicle service, which hands them over.
//!
//! It must not decide anything. Invariant: what an answer says of parts is one snapshot.

use std::{collections::BTreeMap, sync::Arc};

use takt_contract::production::v1 as pb;
use takt_kernel::{Vin, Violations};
use takt_planning::genealogy::{Node, Way};
use takt_service::{
    Call, Error, PageToken, Tx, page_size,
    stream::{Answers, answers},
};
use tonic::{Request, Response, Status};

use super::{
    base::Base,
    change_rpc::known_elsewhere,
    names::Names,
    records::{etag_of, records_page},
    refs::{Ref, lot_is_used, resolve},
    trace::{Scope, pieces_of, walk},
    wire,
};
use crate::{
    Production,
    product::{Product, store::number_of},
    vehicle::{
        rpc::vehicle_pb,
        store::{vehicle_fetch, vehicles_of_builds},
    },
};

/// The parts of one message.
const PARTS: usize = 200;
/// The vehicles of one message.
const VEHICLES: usize = 100;

/// Streams what is in a unit.
pub async fn trace_backward(
    production: &Production,
    request: Request<pb::TraceBackwardRequest>,
) -> Result<Response<Answers<pb::TraceBackwardResponse>>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let unit = match (message.vin.as_str(), &message.unit) {
        ("", unit) => wire::ref_req(unit.as_ref(), "unit", &mut violations),
        (vin, None) => violations.check("vin", Vin::parse(vin)).map(Ref::Vin),
        (_, Some(_)) => {
            violations.push("unit", "name a vin or a unit, not both");
            None
        }
    };
    let scope = wire::scope_of(message.scope.as_ref(), (50_000, 1_000_000), &mut violations);
    let unit = violations.finish_with(unit).map_err(Error::from)?;
    let product = production.products.get(&call).await?;
    let only = match message.item_id.as_str() {
        "" => None,
        item_id => Some(
            product
                .item(item_id)
                .ok_or_else(|| Error::missing("item", item_id))?,
        ),
    };
    let reading = Arc::clone(&product);
    let read = production
        .deps
        .store
        .read(&call, "trace_backward", move |tx| {
            let (product, unit) = (Arc::clone(&reading), unit.clone());
            Box::pin(async move { parts_of(tx, &product, &unit, &scope, only).await })
        });
    let (parts, partial) = read.await?;
    Ok(Response::new(answers(move |outlet| async move {
        let chunks: Vec<_> = parts.chunks(PARTS).map(<[_]>::to_vec).collect();
        let count = chunks.len();
        for (at, parts) in chunks.into_iter().enumerate() {
            let partial = partial && at + 1 == count;
            outlet
                .send(pb::TraceBackwardResponse { parts, partial })
                .await?;
        }
        Ok(())
    })))
}

/// The parts of a unit, in item order, and whether the limits cut the answer.
///
/// # Errors
/// `Missing` for a unit that is not there; what the database said.
pub async fn parts_of(
    tx: &Tx,
    product: &Product,
    unit: &Ref,
    scope: &Scope,
    only: Option<usize>,
) -> Result<(Vec<pb::AsBuiltPart>, bool), Error> {
    if let Ref::Vin(vin) = unit
        && vehicle_fetch(tx, vin).await?.build_number == 0
    {
        // It stands on the line: it exists and holds nothing yet.
        return Ok((Vec::new(), false));
    }
    let first = resolve(tx, product, unit)
        .await?
        .ok_or_else(|| unit.missing())?;
    let mut base = Base::default();
    let walk = walk(tx, product, &mut base, Way::Down, scope, &[first]).await?;
    let names = Names::fetch(tx, wire::nodes_of(walk.visits())).await?;
    let mut visits: Vec<_> = walk
        .visits()
        .iter()
        .filter_map(|visit| Some((visit, visit.edge?)))
        .collect();
    // In item order; what is none of our items comes last.
    visits.sort_by_key(|(visit, edge)| (edge.item == 0, edge.item, visit.node, edge.valid.from));
    let mut parts = Vec::with_capacity(visits.len());
    for (visit, edge) in visits {
        let is_wanted = only.is_none_or(|item| number_of(item) == edge.item);
        if is_wanted {
            let reservation = base.reservation_of(&edge);
            parts.push(wire::visit_pb(product, &names, visit, &edge, reservation));
        }
    }
    Ok((parts, walk.is_cut()))
}

/// Where a part is or was, the vehicles by build number.
struct Uses {
    by_build: BTreeMap<i64, Vec<pb::PartUse>>,
    elsewhere: Vec<pb::PartUse>,
    partial: bool,
}

/// Streams where a part is.
pub async fn trace_forward(
    production: &Production,
    request: Request<pb::TraceForwardRequest>,
) -> Result<Response<Answers<pb::TraceForwardResponse>>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let part = match (message.lot_id.as_str(), &message.part) {
        ("", part) => wire::ref_req(part.as_ref(), "part", &mut violations),
        (lot, None) => {
            let fits = lot.len() <= 200;
            violations.require(fits, "lot_id", "it has at most 200 bytes");
            fits.then(|| Ref::Lot(lot.to_owned()))
        }
        (_, Some(_)) => {
            violations.push("part", "name a lot_id or a part, not both");
            None
        }
    };
    let scope = wire::scope_of(
        message.scope.as_ref(),
        (1_000_000, 1_000_000),
        &mut violations,
    );
    let part = violations.finish_with(part).map_err(Error::from)?;
    let product = production.products.get(&call).await?;
    let (reading, name) = (Arc::clone(&product), part.clone());
    let read = production
        .deps
        .store
        .read(&call, "trace_forward", move |tx| {
            let (product, part) = (Arc::clone(&reading), name.clone());
            Box::pin(async move { uses_of(tx, &product, &part, &scope).await })
        });
    let Some(mut uses) = read.await? else {
        // Nothing of it was used here: it is unused, or there is no such part.
        let Ref::Lot(text) = &part else {
            return Err(part.missing().into());
        };
        known_elsewhere(production, &call, &product, text).await?;
        return Ok(Response::new(answers(|_| async { Ok(()) })));
    };
    let store = production.deps.store.clone();
    Ok(Response::new(answers(move |outlet| async move {
        let builds: Vec<i64> = uses.by_build.keys().copied().collect();
        for chunk in builds.chunks(VEHICLES) {
            let chunk = chunk.to_vec();
            let wanted = chunk.clone();
            let vehicles = store.read(&call, "trace_vehicles", move |tx| {
                let builds = wanted.clone();
                Box::pin(async move { vehicles_of_builds(tx, &builds).await })
            });
            let vehicles = vehicles.await?;
            let vehicles = vehicles.iter().map(|car| vehicle_pb(&product, car));
            let told = pb::TraceForwardResponse {
                vehicles: vehicles.collect(),
                uses: chunk
                    .iter()
                    .filter_map(|build| uses.by_build.remove(build))
                    .flatten()
                    .collect(),
                partial: false,
            };
            outlet.send(told).await?;
        }
        for chunk in uses.elsewhere.chunks(PARTS) {
            outlet
                .send(pb::TraceForwardResponse {
                    vehicles: Vec::new(),
                    uses: chunk.to_vec(),
                    partial: false,
                })
                .await?;
        }
        if uses.partial {
            let partial = pb::TraceForwardResponse {
                partial: true,
                ..pb::TraceForwardResponse::default()
            };
            outlet.send(partial).await?;
        }
        Ok(())
    })))
}

async fn uses_of(
    tx: &Tx,
    product: &Product,
    part: &Ref,
    scope: &Scope,
) -> Result<Option<Uses>, Error> {
    let Some(first) = resolve(tx, product, part).await? else {
        return Ok(None);
    };
    if let Node::Lot(lot) = first
        && !lot_is_used(tx, lot).await?
    {
        return Ok(None);
    }
    let first = pieces_of(tx, first).await?;
    let mut base = Base::default();
    let walk = walk(tx, product, &mut base, Way::Up, scope, &first).await?;
    let visits = walk.visits();
    let mut goes_on = vec![false; visits.len()];
    for visit in visits {
        if let Some(from) = visit.from.and_then(|from| goes_on.get_mut(from)) {
            *from = true;
        }
    }
    let names = Names::fetch(tx, visits.iter().map(|visit| visit.node)).await?;
    let mut uses = Uses {
        by_build: BTreeMap::new(),
        elsewhere: Vec::new(),
        partial: walk.is_cut(),
    };
    for (visit, goes_on) in visits.iter().zip(goes_on) {
        let is_end = matches!(visit.node, Node::Vehicle(_) | Node::Place(_)) || !goes_on;
        if visit.from.is_none() || !is_end {
            continue;
        }
        let (mut via, mut quantity) = (Vec::new(), visit.quantity());
        let mut below = visit.from.and_then(|from| visits.get(from));
        while let Some(unit) = below.filter(|unit| unit.from.is_some()) {
            via.push(names.of(product, unit.node).serial);
            quantity = unit.quantity();
            below = unit.from.and_then(|from| visits.get(from));
        }
        via.reverse();
        let name = names.of(product, visit.node);
        let (valid_from, valid_to) = wire::days_pb(visit.stay);
        let told = pb::PartUse {
            vin: name.vin,
            place: wire::place_pb(name.place),
            serial_number: name.serial,
            via,
            valid_from,
            valid_to,
            quantity_thousandths: quantity.milli(),
        };
        match visit.node {
            Node::Vehicle(build) => uses.by_build.entry(build).or_default().push(told),
            _ => uses.elsewhere.push(told),
        }
    }
    Ok(Some(uses))
}

/// Answers with a unit as a tree.
pub async fn tree(
    production: &Production,
    request: Request<pb::GetAsBuiltTreeRequest>,
) -> Result<Response<pb::GetAsBuiltTreeResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let mut violations = Violations::new();
    let unit = wire::ref_req(message.unit.as_ref(), "unit", &mut violations);
    let scope = wire::scope_of(message.scope.as_ref(), (2_000, 10_000), &mut violations);
    let unit = violations.finish_with(unit).map_err(Error::from)?;
    let product = production.products.get(&call).await?;
    let read = production
        .deps
        .store
        .read(&call, "as_built_tree", move |tx| {
            let (product, unit) = (Arc::clone(&product), unit.clone());
            Box::pin(async move { tree_of(tx, &product, &unit, &scope).await })
        });
    Ok(Response::new(read.await?))
}

async fn tree_of(
    tx: &Tx,
    product: &Product,
    unit: &Ref,
    scope: &Scope,
) -> Result<pb::GetAsBuiltTreeResponse, Error> {
    let first = resolve(tx, product, unit)
        .await?
        .ok_or_else(|| unit.missing())?;
    let mut base = Base::default();
    let walk = walk(tx, product, &mut base, Way::Down, scope, &[first]).await?;
    let visits = walk.visits();
    let names = Names::fetch(tx, wire::nodes_of(visits)).await?;
    let mut trees: Vec<pb::AsBuiltTree> = Vec::with_capacity(visits.len());
    for visit in visits {
        let part = match &visit.edge {
            Some(edge) => {
                let reservation = base.reservation_of(edge);
                wire::visit_pb(product, &names, visit, edge, reservation)
            }
            None => wire::part_pb(product, &names.of(product, visit.node)),
        };
        trees.push(pb::AsBuiltTree {
            part: Some(part),
            vin: names.of(product, visit.node).vin,
            parts: Vec::new(),
        });
    }
    // Levels follow each other, so whoever is taken from behind has all its parts.
    for at in (1..visits.len()).rev() {
        let tree = trees.pop();
        let from = visits.get(at).and_then(|visit| visit.from);
        let parent = from.and_then(|from| trees.get_mut(from));
        if let Some((parent, tree)) = parent.zip(tree) {
            parent.parts.insert(0, tree);
        }
    }
    Ok(pb::GetAsBuiltTreeResponse {
        tree: trees.pop(),
        partial: walk.is_cut(),
        etag: etag_of(tx, first).await?,
        record_number: scope.question(tx).await?.known,
    })
}

/// Lists records.
pub async fn records(
    production: &Production,
    request: Request<pb::ListAsBuiltRecordsRequest>,
) -> Result<Response<pb::ListAsBuiltRecordsResponse>, Status> {
    let call = Call::of(&request);
    let message = request.into_inner();
    let limit = page_size(message.page_size)?;
    let mut violations = Violations::new();
    let unit = wire::ref_opt(message.unit.as_ref(), "unit", &mut violations);
    violations.finish().map_err(Error::from)?;
    let arguments = unit.as_ref().map_or_else(String::new, Ref::text);
    let after = PageToken::open("ListAsBuiltRecords", &arguments, &message.page_token)?;
    let after: i64 = after.and_then(|key| key.parse().ok()).unwrap_or(0);
    let product = production.products.get(&call).await?;
    let read = production
        .deps
        .store
        .read(&call, "as_built_records", move |tx| {
            let (product, unit) = (Arc::clone(&product), unit.clone());
            Box::pin(async move {
                let node = match &unit {
                    Some(unit) => Some(
                        resolve(tx, &product, unit)
                            .await?
                            .ok_or_else(|| unit.missing())?,
                    ),
                    None => None,
                };
                let records = records_page(tx, node, after, limit + 1).await?;
                let names = Names::fetch(tx, records.iter().filter_map(|one| one.unit)).await?;
                let told = records.iter().map(|record| {
                    let unit = record.unit.map(|unit| names.of(&product, unit));
                    wire::record_pb(record, unit.as_ref().map_or("", |name| name.text()))
                });
                Ok(told.collect::<Vec<_>>())
            })
        });
    let mut records = read.await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = records.len() > shown;
    records.truncate(shown);
    let last = records.last().filter(|_| more);
    Ok(Response::new(pb::ListAsBuiltRecordsResponse {
        next_page_token: last.map_or_else(String::new, |record| {
            let key = record.record_number.to_string();
            PageToken::seal("ListAsBuiltRecords", &arguments, &key)
        }),
        records,
    }))
}
