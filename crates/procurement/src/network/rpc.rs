//! The network on the wire.
//!
//! It must not decide anything. Invariant: graphs are made and walked off the runtime of the service, within a budget.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use takt_contract::{
    date_req, id_req,
    procurement::v1::{self as pb, supply_network_service_server::SupplyNetworkService},
    request_id,
};
use takt_kernel::{Date, ItemId, SupplierId, Violations, half_even_div};
use takt_planning::tier::{Budget, Chains, Cycle, Direction, shared, singles};
use takt_service::{Call, Error, Once, PageToken, compute, page_size};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Flow, Network,
    declare::Ends,
    grant::{Grant, seen},
    store,
    wire::{flow_of, grant_pb, leg_pb, link_pb, walk_pb},
};
use crate::{
    desk::{Answers, Desk, chunks},
    programme::Catalogue,
    supplier::store::scores_fetch,
};

/// Links of a message of declarations.
const LINKS: usize = 2_000;
/// Refused links that are answered with.
const REFUSED: usize = 1_000;
/// Sites, links or tombstones of a message of a walk.
const CHUNK: usize = 300;
/// The most sites of a walk, and links for each of them.
const SITES: i32 = 1_000_000;
const LINKS_EACH: usize = 10;
/// Sites and links that one question may look at, and links of a path.
const WORK: usize = 50_000_000;
const PATH: usize = 10_000;
/// Grants of one supplier that are looked at.
const GRANTS: i64 = 1_000;

/// The network on the wire.
pub(crate) struct SupplyNetworkRpc(pub(crate) Arc<Desk>);

/// A cycle as a refusal.
fn cyclic(network: &Network, cycle: &Cycle) -> Error {
    let told = format!(
        "nothing can be added up along the cycle {}; end one of its links with valid_until",
        network.named(&cycle.0)
    );
    Error::refused("NETWORK_CYCLE", told)
}

impl SupplyNetworkRpc {
    /// The network of a day.
    async fn network(&self, call: &Call, on: Date) -> Result<(Arc<Catalogue>, Network), Error> {
        let catalogue = self.0.catalogue(call).await?;
        let known = Arc::clone(&catalogue);
        let read = self.0.store.read(call, "network_fetch", move |tx| {
            let known = Arc::clone(&known);
            Box::pin(async move { store::sources_fetch(tx, &known).await })
        });
        let sources = read.await?;
        let network = compute(move || Network::new(sources, on)).await?;
        Ok((catalogue, network.map_err(Error::broken)?))
    }

    /// Writes the good links of a message and answers how many, with those that were refused.
    pub(crate) async fn declared(
        &self,
        call: &Call,
        message: pb::DeclareLinksRequest,
        (catalogue, first): (&Catalogue, i64),
        mut ends: Ends,
    ) -> Result<(pb::DeclareLinksResponse, Ends), Error> {
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let many = message.links.len();
        violations.require(
            (1..=LINKS).contains(&many),
            "links",
            format!("the message has {many} links; send 1 to {LINKS} at a time"),
        );
        violations.finish()?;
        let plant = &catalogue.programme().plant_supplier_id;
        let bought = |item: &str| catalogue.item(item).is_some();
        let (mut good, mut numbers, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (number, link) in (first..).zip(&message.links) {
            match flow_of(link, number, plant, bought) {
                Ok(flow) => {
                    good.push(flow);
                    numbers.push(number);
                }
                Err(flaw) => refused.push(flaw),
            }
        }
        let (good, closing, ends) = compute(move || {
            let closing: BTreeMap<usize, String> = ends.take(&good).into_iter().collect();
            (good, closing, ends)
        })
        .await?;
        let mut kept: BTreeMap<_, Flow> = BTreeMap::new();
        let mut declared = 0;
        for ((place, flow), number) in good.into_iter().enumerate().zip(numbers) {
            match closing.get(&place) {
                Some(reason) => refused.push(pb::RefusedLink {
                    row_number: number,
                    field: String::new(),
                    reason: reason.clone(),
                }),
                None => {
                    declared += 1;
                    kept.insert((flow.from.clone(), flow.to.clone()), flow);
                }
            }
        }
        refused.sort_by_key(|flaw| flaw.row_number);
        let once = Once::of(
            "takt.procurement.v1.SupplyNetworkService/DeclareLinks",
            id.unwrap_or_default(),
            &message,
        );
        let answer = pb::DeclareLinksResponse {
            declared_count: declared,
            refused_count: crate::rows::count(refused.len()),
            refused: refused.into_iter().take(REFUSED).collect(),
        };
        let work = Arc::new((kept.into_values().collect::<Vec<_>>(), answer));
        let write = self
            .0
            .store
            .write_once(call, "links_declare", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    store::flows_save(tx, &work.0).await?;
                    Ok(work.1.clone())
                })
            });
        Ok((write.await?, ends))
    }

    /// The grants of a supplier that hold on a day.
    async fn grants(&self, call: &Call, supplier: &str, on: Date) -> Result<Vec<Grant>, Error> {
        let asked = supplier.to_owned();
        let read = self.0.store.read(call, "grants_fetch", move |tx| {
            let asked = asked.clone();
            Box::pin(async move { store::grants_fetch(tx, &asked, "", GRANTS).await })
        });
        let mut grants = read.await?;
        grants.retain(|grant| grant.holds(on));
        Ok(grants)
    }
}

#[tonic::async_trait]
impl SupplyNetworkService for SupplyNetworkRpc {
    async fn declare_links(
        &self,
        request: Request<Streaming<pb::DeclareLinksRequest>>,
    ) -> Result<Response<pb::DeclareLinksResponse>, Status> {
        let call = Call::of(&request);
        let mut stream = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let known = Arc::clone(&catalogue);
        let read = self.0.store.read(&call, "links_fetch", move |tx| {
            let known = Arc::clone(&known);
            Box::pin(async move { store::flows_fetch(tx, &known).await })
        });
        let flows = read.await?;
        let mut ends = compute(move || Ends::of(flows.iter())).await?;
        let (mut told, mut next) = (pb::DeclareLinksResponse::default(), 1);
        while let Some(message) = stream.message().await? {
            let many = crate::rows::count(message.links.len());
            let (answer, after) = self
                .declared(&call, message, (&catalogue, next), ends)
                .await?;
            (ends, next) = (after, next + many);
            told.declared_count += answer.declared_count;
            told.refused_count += answer.refused_count;
            let room = REFUSED.saturating_sub(told.refused.len());
            told.refused.extend(answer.refused.into_iter().take(room));
        }
        Ok(Response::new(told))
    }

    type TraverseStream = Answers<pb::TraverseResponse>;

    async fn traverse(
        &self,
        request: Request<pb::TraverseRequest>,
    ) -> Result<Response<Self::TraverseStream>, Status> {
        let call = Call::of(&request);
        let asked = request.into_inner();
        let mut violations = Violations::new();
        id_req::<SupplierId>(&asked.supplier_id, "supplier_id", &mut violations);
        let on = date_req(asked.as_of.as_ref(), "as_of", &mut violations);
        for (value, field) in [
            (asked.max_depth, "max_depth"),
            (asked.node_budget, "node_budget"),
        ] {
            violations.require(value >= 0, field, "it is negative");
        }
        let known = pb::TraverseDirection::try_from(asked.direction).is_ok();
        violations.require(known, "direction", "it is UP or DOWN");
        let down = asked.direction() == pb::TraverseDirection::Down;
        let foreign = !asked.as_supplier_id.is_empty() && asked.as_supplier_id != asked.supplier_id;
        violations.require(
            !foreign,
            "supplier_id",
            "a supplier begins at its own sites",
        );
        let blind = down && !asked.as_supplier_id.is_empty();
        violations.require(
            !blind,
            "direction",
            "a supplier sees its direct suppliers, which are up",
        );
        violations.finish().map_err(Error::from)?;
        let (_, network) = self.network(&call, on).await?;
        let starts = network.sites_of(&asked.supplier_id, &asked.item_id);
        if starts.is_empty() {
            let name = format!("{}/{}", asked.supplier_id, asked.item_id);
            return Err(Error::missing("site", name.trim_end_matches('/')).into());
        }
        let or = |value: i32, usual: i32| if value == 0 { usual } else { value };
        let sites = usize::try_from(or(asked.node_budget, 10_000).min(SITES)).unwrap_or_default();
        let budget = Budget {
            depth: or(asked.max_depth, 50).unsigned_abs(),
            sites,
            links: sites.saturating_mul(LINKS_EACH),
        };
        let (direction, grants) = match asked.as_supplier_id.as_str() {
            "" if down => (Direction::Down, None),
            "" => (Direction::Up, None),
            supplier => (Direction::Up, Some(self.grants(&call, supplier, on).await?)),
        };
        let messages = compute(move || {
            let (found, hidden) = match grants {
                None => (
                    network.graph.traverse(&starts, direction, budget),
                    BTreeSet::new(),
                ),
                Some(grants) => seen(&network, &starts, &grants, budget)?,
            };
            let is_end = |site: usize| down && network.roots.binary_search(&site).is_ok();
            Some(walk_pb(&network, &found, &hidden, is_end, CHUNK))
        });
        let messages = messages.await?.ok_or_else(|| {
            let told = format!(
                "{} has no grant for these sites on {on}; create one with CreateGrant",
                asked.as_supplier_id
            );
            Error::refused("NOT_GRANTED", told)
        })?;
        Ok(Response::new(chunks(messages, 1, |mut one| {
            one.pop().unwrap_or_default()
        })))
    }

    async fn list_concentrations(
        &self,
        request: Request<pb::ListConcentrationsRequest>,
    ) -> Result<Response<pb::ListConcentrationsResponse>, Status> {
        let call = Call::of(&request);
        let asked = request.into_inner();
        let size = page_size(asked.page_size)?;
        let mut violations = Violations::new();
        let on = date_req(asked.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let arguments = on.to_string();
        let after = PageToken::open("ListConcentrations", &arguments, &asked.page_token)?;
        let (_, network) = self.network(&call, on).await?;
        let found = compute(move || {
            let (names, groups) = network.suppliers();
            let behind = shared(&network.graph, &network.roots, &groups, WORK)
                .map_err(|cycle| cyclic(&network, &cycle))?;
            let alone = singles(&network.graph, &network.roots, &groups, WORK);
            let name = |group: usize| names.get(group).copied().unwrap_or_default().to_owned();
            let mut rows: BTreeMap<String, pb::Concentration> = BTreeMap::new();
            for one in behind.groups {
                let row = rows.entry(name(one.group)).or_default();
                row.behind_supplier_ids = one.behind.into_iter().map(name).collect();
            }
            for one in alone.groups {
                let row = rows.entry(name(one.group)).or_default();
                let stops = one.stops.iter().filter_map(|site| network.sites.get(*site));
                row.stopped_item_ids = stops.map(|(_, item)| item.clone()).collect();
                row.stopped_item_ids.sort_unstable();
            }
            for (supplier, row) in &mut rows {
                row.supplier_id.clone_from(supplier);
            }
            Ok::<_, Error>((rows, behind.complete && alone.complete))
        });
        let (rows, complete) = found.await??;
        let behind = |id: &String| after.as_deref().is_none_or(|after| id.as_str() > after);
        let mut concentrations: Vec<_> = (rows.into_iter())
            .filter(|(id, _)| behind(id))
            .map(|(_, row)| row)
            .collect();
        let key = |row: &pb::Concentration| row.supplier_id.clone();
        let list = "ListConcentrations";
        let next_page_token = PageToken::cut(&mut concentrations, size, list, &arguments, key);
        Ok(Response::new(pb::ListConcentrationsResponse {
            concentrations,
            next_page_token,
            complete,
        }))
    }

    async fn get_chain_efficiency(
        &self,
        request: Request<pb::GetChainEfficiencyRequest>,
    ) -> Result<Response<pb::GetChainEfficiencyResponse>, Status> {
        let call = Call::of(&request);
        let asked = request.into_inner();
        let mut violations = Violations::new();
        id_req::<ItemId>(&asked.item_id, "item_id", &mut violations);
        let on = date_req(asked.as_of.as_ref(), "as_of", &mut violations);
        violations.finish().map_err(Error::from)?;
        let (catalogue, network) = self.network(&call, on).await?;
        let bought = catalogue
            .item(&asked.item_id)
            .ok_or_else(|| Error::missing("bought item", &asked.item_id))?;
        let read = self.0.store.read(&call, "chain_scores", move |tx| {
            Box::pin(scores_fetch(tx, None, Some(on)))
        });
        let scores = read.await?;
        let (mut due, mut good) = (0i64, 0i64);
        for source in &bought.sources {
            let score = scores.get(&source.number).cloned().unwrap_or_default();
            due += score.due;
            good += score.on_time_in_full;
        }
        let on_time = half_even_div(i128::from(good) * 1_000_000, i128::from(due));
        let plant = catalogue.programme().plant_supplier_id.clone();
        let answer = compute(move || {
            let root = network.sites_of(&plant, &asked.item_id);
            let root = root.first().copied().unwrap_or_default();
            let chains = Chains::new(&network.graph, &network.facts, &network.links)
                .map_err(|cycle| cyclic(&network, &cycle))?;
            let part = chains.part(root, PATH);
            let budget = Budget {
                links: WORK,
                ..Budget::NONE
            };
            let (near, far, _) = chains.carbon_gaps(&[root], budget);
            let (first, rest) = part.path.split_at(part.path.len().min(1));
            let silent = |gaps: takt_planning::tier::Gaps| (gaps.sites, gaps.silent_sites);
            Ok::<_, Error>(pb::GetChainEfficiencyResponse {
                direct: Some(leg_pb(&chains, &part.direct, first, silent(near))),
                indirect: Some(leg_pb(&chains, &part.indirect, rest, silent(far))),
                rolled_yield_millionths: part.rolled_yield,
                value_added_millionths: part.direct.and(&part.indirect).value_added(),
                path: (part.path.iter())
                    .filter_map(|link| network.flows.get(*link).map(link_pb))
                    .collect(),
                on_time_in_full_millionths: on_time,
            })
        });
        Ok(Response::new(answer.await??))
    }

    async fn create_grant(
        &self,
        request: Request<pb::CreateGrantRequest>,
    ) -> Result<Response<pb::CreateGrantResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found).unwrap_or_default();
        let named = (1..=64).contains(&message.grant_id.len());
        found.require(named, "grant_id", "name it in 1 to 64 characters");
        id_req::<SupplierId>(&message.supplier_id, "supplier_id", &mut found);
        for (place, item) in message.item_ids.iter().enumerate() {
            id_req::<ItemId>(item, &format!("item_ids[{place}]"), &mut found);
        }
        let from = date_req(message.valid_from.as_ref(), "valid_from", &mut found);
        let until = date_req(message.valid_until.as_ref(), "valid_until", &mut found);
        found.require(from <= until, "valid_until", "it ends before it begins");
        found.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.SupplyNetworkService/CreateGrant",
            id,
            &message,
        );
        let grant = Arc::new(Grant {
            id: message.grant_id,
            supplier: message.supplier_id,
            items: message.item_ids,
            valid: (from, until),
            revoked: false,
        });
        let write = self
            .0
            .store
            .write_once(&call, "grant_create", once, move |tx| {
                let grant = Arc::clone(&grant);
                Box::pin(async move {
                    if store::grant_fetch(tx, &grant.id).await?.is_some() {
                        return Err(Error::exists("grant", &grant.id));
                    }
                    store::grant_add(tx, &grant).await?;
                    Ok(pb::CreateGrantResponse {
                        grant: Some(grant_pb(&grant)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn revoke_grant(
        &self,
        request: Request<pb::RevokeGrantRequest>,
    ) -> Result<Response<pb::RevokeGrantResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found).unwrap_or_default();
        found.finish().map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.SupplyNetworkService/RevokeGrant",
            id,
            &message,
        );
        let named = Arc::new(message.grant_id);
        let write = self
            .0
            .store
            .write_once(&call, "grant_revoke", once, move |tx| {
                let named = Arc::clone(&named);
                Box::pin(async move {
                    store::grant_revoke(tx, &named).await?;
                    let grant = store::grant_fetch(tx, &named).await?;
                    let grant = grant.ok_or_else(|| Error::missing("grant", &*named))?;
                    Ok(pb::RevokeGrantResponse {
                        grant: Some(grant_pb(&grant)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn list_grants(
        &self,
        request: Request<pb::ListGrantsRequest>,
    ) -> Result<Response<pb::ListGrantsResponse>, Status> {
        let call = Call::of(&request);
        let asked = request.into_inner();
        let size = page_size(asked.page_size)?;
        let after = PageToken::open("ListGrants", &asked.supplier_id, &asked.page_token)?;
        let supplier = asked.supplier_id.clone();
        let read = self.0.store.read(&call, "grants_list", move |tx| {
            let (supplier, after) = (supplier.clone(), after.clone().unwrap_or_default());
            Box::pin(async move { store::grants_fetch(tx, &supplier, &after, size + 1).await })
        });
        let mut grants = read.await?;
        let next_page_token = PageToken::cut(
            &mut grants,
            size,
            "ListGrants",
            &asked.supplier_id,
            |grant| grant.id.clone(),
        );
        Ok(Response::new(pb::ListGrantsResponse {
            grants: grants.iter().map(grant_pb).collect(),
            next_page_token,
        }))
    }
}
