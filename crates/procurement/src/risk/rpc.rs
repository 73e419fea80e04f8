//! Risk on the wire.
//!
//! It must not decide anything. Invariants: production is asked outside any transaction; stock, goods under way, requirements and
//! network are of one moment.

use std::sync::Arc;

use takt_contract::{
    common::v1 as common,
    date_opt, date_pb,
    procurement::v1::{self as pb, risk_service_server::RiskService},
};
use takt_kernel::{Date, Violations};
use takt_planning::risk::Exposure;
use takt_service::{Call, Error, compute};
use tonic::{Request, Response, Status};

use super::{
    Ahead, assess,
    network::{Network, SiteStock},
    store::network_fetch,
    wire::{is_hidden, node_pb, production_hole, site_stock_read},
};
use crate::{
    desk::{Answers, Desk},
    peers::Production,
    programme::Catalogue,
    requirement::{
        Needs,
        store::{needs_fetch, plan_fetch},
    },
    supply::{Supply, store::supply_fetch},
};

/// The sites of a message: some hundred bytes each and their mitigation.
const CHUNK: usize = 50;

/// Risk on the wire.
pub(crate) struct RiskRpc {
    /// What the parts of procurement share.
    pub(crate) desk: Arc<Desk>,
    /// Who says what the plan builds.
    pub(crate) production: Production,
}

/// What a look at risk or disruption stands on.
pub(crate) struct Ground {
    /// The catalogue.
    pub(crate) catalogue: Arc<Catalogue>,
    /// The network, whole.
    pub(crate) network: Network,
    /// Stock and goods under way.
    pub(crate) supply: Arc<Supply>,
    /// What the newest plan requires.
    pub(crate) needs: Arc<Needs>,
}

impl Ground {
    /// Reads it in one moment.
    pub(crate) async fn read(desk: &Arc<Desk>, call: &Call) -> Result<Self, Error> {
        let catalogue = desk.catalogue(call).await?;
        let (work, kept) = (Arc::clone(desk), desk.supply());
        let read = desk.store.read(call, "risk_ground", move |tx| {
            let (desk, kept) = (Arc::clone(&work), kept.clone());
            Box::pin(async move {
                let needs = match plan_fetch(tx).await? {
                    Some((plan, revision)) => Some(needs_fetch(tx, &desk, &plan, revision).await?),
                    None => None,
                };
                let supply = supply_fetch(tx, kept.as_deref()).await?;
                Ok((needs, supply, network_fetch(tx).await?))
            })
        });
        let (needs, supply, network) = read.await?;
        let supply = Arc::new(supply);
        desk.supply_keep(&supply);
        let needs = needs.ok_or_else(|| {
            Error::refused(
                "NO_PLAN",
                "there is no plan to look ahead with; run one with PlanningService.RunPlan",
            )
        })?;
        Ok(Self {
            network: network.complete(&catalogue),
            catalogue,
            supply,
            needs,
        })
    }

    /// The day that is asked for, or else that of the plan.
    pub(crate) fn day(&self, asked: Option<Date>) -> Result<Date, Error> {
        let planned = self.needs.plan.as_of;
        let as_of = asked.unwrap_or(planned);
        let mut violations = Violations::new();
        let told = format!(
            "{as_of} lies before {planned}, the first day of plan {}",
            self.needs.plan.id
        );
        violations.require(as_of >= planned, "as_of", told);
        violations.finish().map(|()| as_of).map_err(Error::from)
    }
}

/// What is looked at on a day, and what figures of it stand on.
pub(crate) struct Stood {
    /// Network, stock and plan.
    pub(crate) ground: Arc<Ground>,
    /// What is built.
    pub(crate) ahead: Arc<Ahead>,
    /// The day.
    pub(crate) as_of: Date,
    /// The same for the wire.
    pub(crate) basis: pb::RiskBasis,
}

impl Stood {
    /// Reads it, and asks production what it builds; where that does not answer, days stand on what the plan requires.
    pub(crate) async fn read(
        desk: &Arc<Desk>,
        production: &Production,
        call: &Call,
        as_of: Option<Date>,
    ) -> Result<Self, Error> {
        let ground = Arc::new(Ground::read(desk, call).await?);
        let as_of = ground.day(as_of)?;
        let (catalogue, plan) = (&ground.catalogue, &ground.needs.plan);
        let asked = production.builds(call, &plan.id, catalogue).await;
        let (ahead, hole) = match asked {
            Ok(builds) => (Ahead::of_builds(&builds, as_of, catalogue.currency()), None),
            Err(error) => {
                let ahead = Ahead::of_needs(catalogue, &ground.needs, as_of);
                (ahead, Some(production_hole(&error)))
            }
        };
        let status = if hole.is_none() {
            common::ResultStatus::Complete
        } else {
            common::ResultStatus::Partial
        };
        let basis = pb::RiskBasis {
            as_of: Some(date_pb(as_of)),
            plan_id: plan.id.clone(),
            supply_version: ground.supply.version,
            currency_code: catalogue.currency().as_str().to_owned(),
            result_status: status.into(),
            tombstones: hole.into_iter().collect(),
        };
        Ok(Self {
            ahead: Arc::new(ahead),
            ground,
            as_of,
            basis,
        })
    }
}

/// What was found.
struct Found {
    ground: Arc<Ground>,
    ahead: Arc<Ahead>,
    exposures: Vec<Exposure>,
    basis: pb::RiskBasis,
}

impl RiskRpc {
    async fn assess(
        &self,
        call: &Call,
        as_of: Option<Date>,
        site_stock: SiteStock,
    ) -> Result<Found, Error> {
        let stood = Stood::read(&self.desk, &self.production, call, as_of).await?;
        let Stood {
            ground,
            ahead,
            as_of,
            basis,
        } = stood;
        let (work, known) = (Arc::clone(&ground), Arc::clone(&ahead));
        let exposures = compute(move || {
            let Ground {
                catalogue,
                network,
                supply,
                ..
            } = work.as_ref();
            assess(catalogue, network, supply, &known, as_of, site_stock)
        });
        Ok(Found {
            exposures: exposures.await??,
            ground,
            ahead,
            basis,
        })
    }
}

impl Found {
    fn node_pb(&self, exposure: &Exposure) -> pb::NodeRisk {
        let ground = &self.ground;
        node_pb(&ground.catalogue, &ground.network, &self.ahead, exposure)
    }

    /// Whether a site is one of a supplier.
    fn is_of(&self, exposure: &Exposure, supplier: &str, item: Option<&str>) -> bool {
        let site = self.ground.network.sites.get(exposure.node);
        site.is_some_and(|site| {
            site.supplier == supplier && item.is_none_or(|item| site.item == item)
        })
    }
}

#[tonic::async_trait]
impl RiskService for RiskRpc {
    async fn assess_node(
        &self,
        request: Request<pb::AssessNodeRequest>,
    ) -> Result<Response<pb::AssessNodeResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
        let site_stock = site_stock_read(message.site_stock, &mut violations);
        for (field, text) in [
            ("supplier_id", &message.supplier_id),
            ("item_id", &message.item_id),
        ] {
            violations.require(!text.is_empty(), field, "it is missing");
        }
        violations.finish().map_err(Error::from)?;
        let found = self.assess(&call, as_of, site_stock).await?;
        let (supplier, item) = (message.supplier_id.as_str(), message.item_id.as_str());
        let own = |exposure: &&Exposure| found.is_of(exposure, supplier, Some(item));
        let exposure = found.exposures.iter().find(own);
        let exposure =
            exposure.ok_or_else(|| Error::missing("site", format!("{supplier}/{item}")))?;
        Ok(Response::new(pb::AssessNodeResponse {
            node: Some(found.node_pb(exposure)),
            basis: Some(found.basis.clone()),
        }))
    }

    type AssessNodesStream = Answers<pb::AssessNodesResponse>;

    async fn assess_nodes(
        &self,
        request: Request<pb::AssessNodesRequest>,
    ) -> Result<Response<Self::AssessNodesStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let mut violations = Violations::new();
        let as_of = date_opt(message.as_of.as_ref(), "as_of", &mut violations);
        let site_stock = site_stock_read(message.site_stock, &mut violations);
        violations.finish().map_err(Error::from)?;
        let found = self.assess(&call, as_of, site_stock).await?;
        let supplier = message.supplier_id.as_str();
        if !supplier.is_empty() && found.ground.catalogue.supplier(supplier).is_none() {
            return Err(Error::missing("supplier", supplier).into());
        }
        let wanted = |exposure: &&Exposure| {
            (supplier.is_empty() || found.is_of(exposure, supplier, None))
                && (!message.hidden_only || is_hidden(exposure))
        };
        let nodes: Vec<pb::NodeRisk> = (found.exposures.iter())
            .filter(wanted)
            .map(|exposure| found.node_pb(exposure))
            .collect();
        let basis = found.basis.clone();
        // At least one message, so that a caller whom no site concerns learns what it stands on.
        let mut messages: Vec<Vec<pb::NodeRisk>> = nodes.chunks(CHUNK).map(<[_]>::to_vec).collect();
        if messages.is_empty() {
            messages.push(Vec::new());
        }
        let message = move |nodes: Vec<pb::NodeRisk>| pb::AssessNodesResponse {
            nodes,
            basis: Some(basis.clone()),
        };
        let answers =
            futures_util::stream::iter(messages.into_iter().map(move |nodes| Ok(message(nodes))));
        Ok(Response::new(Box::pin(answers)))
    }
}
