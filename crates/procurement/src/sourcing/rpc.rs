//! Sourcing on the wire.
//!
//! It must not decide anything.

use std::sync::Arc;

use takt_contract::{
    date_pb, date_req, id_req, price_pb,
    procurement::v1::{self as pb, sourcing_service_server::SourcingService},
    quantity_pb, request_id,
};
use takt_kernel::{ItemId, SupplierId, Violations};
use takt_service::{Call, Error, Once};
use tonic::{Request, Response, Status};

use super::{PartApproval, Word, price_rpc, standing, store};
use crate::{desk::Desk, material::store::totals_fetch};

/// The most items of one question.
const ITEMS: usize = 200;

/// Sourcing on the wire.
pub(crate) struct SourcingRpc(pub(crate) Arc<Desk>);

#[tonic::async_trait]
impl SourcingService for SourcingRpc {
    async fn record_part_approval(
        &self,
        request: Request<pb::RecordPartApprovalRequest>,
    ) -> Result<Response<pb::RecordPartApprovalResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let catalogue = self.0.catalogue(&call).await?;
        let mut found = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut found).unwrap_or_default();
        id_req::<ItemId>(&message.item_id, "item_id", &mut found);
        id_req::<SupplierId>(&message.supplier_id, "supplier_id", &mut found);
        let source = catalogue.source_of(&message.item_id, &message.supplier_id);
        found.require(
            source.is_some(),
            "supplier_id",
            format!(
                "{} does not supply {}",
                message.supplier_id, message.item_id
            ),
        );
        found.require(
            (1..=5).contains(&message.ppap_level),
            "ppap_level",
            "PPAP has the levels 1 to 5",
        );
        let word = match message.status() {
            pb::PartApprovalStatus::Approved => Some(Word::Approved),
            pb::PartApprovalStatus::Rejected => Some(Word::Rejected),
            pb::PartApprovalStatus::Unspecified => {
                found.push("status", "say APPROVED or REJECTED");
                None
            }
        };
        let valid_from = date_req(message.valid_from.as_ref(), "valid_from", &mut found);
        let word = found.finish_with(word).map_err(Error::from)?;
        let once = Once::of(
            "takt.procurement.v1.SourcingService/RecordPartApproval",
            id,
            &message,
        );
        let approval = PartApproval {
            level: message.ppap_level,
            word,
            valid_from,
        };
        let work = Arc::new(message);
        let write = self
            .0
            .store
            .write_once(&call, "part_approval_record", once, move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    store::approval_save(tx, &work.item_id, &work.supplier_id, approval).await?;
                    Ok(pb::RecordPartApprovalResponse {
                        approval: Some(approval_pb(&approval)),
                    })
                })
            });
        Ok(Response::new(write.await?))
    }

    async fn agree_prices(
        &self,
        request: Request<pb::AgreePricesRequest>,
    ) -> Result<Response<pb::AgreePricesResponse>, Status> {
        price_rpc::agree(&self.0, request).await
    }

    async fn list_prices(
        &self,
        request: Request<pb::ListPricesRequest>,
    ) -> Result<Response<pb::ListPricesResponse>, Status> {
        price_rpc::list(&self.0, request).await
    }

    async fn get_supply_outlook(
        &self,
        request: Request<pb::GetSupplyOutlookRequest>,
    ) -> Result<Response<pb::GetSupplyOutlookResponse>, Status> {
        let call = Call::of(&request);
        let items = request.into_inner().item_ids;
        if items.is_empty() || items.len() > ITEMS {
            let rule = format!("name 1 to {ITEMS} items");
            return Err(Error::invalid("item_ids", rule).into());
        }
        let catalogue = self.0.catalogue(&call).await?;
        let asked = Arc::new(items.clone());
        let read = self.0.store.read(&call, "supply_outlook", move |tx| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                Ok((
                    totals_fetch(tx).await?,
                    store::approvals_fetch(tx, &asked).await?,
                    store::capacities_fetch(tx, &asked).await?,
                ))
            })
        });
        let (totals, approvals, capacities) = read.await?;
        let outlook = |item_id: String| {
            let Some(bought) = catalogue.item(&item_id) else {
                return pb::SupplyOutlook {
                    item_id,
                    ..Default::default()
                };
            };
            let total = totals.get(&bought.item.number).cloned().unwrap_or_default();
            let lot = bought.sourcing.lot;
            let stands = standing(
                total.ordered_lots,
                lot,
                total.issued,
                total.lost,
                total.on_hand,
            );
            let sources = bought.sources.iter().map(|source| {
                let key = (item_id.clone(), source.terms.supplier.to_string());
                pb::SourceOutlook {
                    share_millionths: source.terms.share.millionths(),
                    lead_time_days: source.terms.lead_days,
                    price: Some(price_pb(source.terms.price)),
                    weekly_capacity_thousandths: capacities.get(&key).map(|most| most.milli()),
                    approval: approvals.get(&key).map(approval_pb),
                    supplier_id: key.1,
                }
            });
            pb::SupplyOutlook {
                known: true,
                on_hand: Some(quantity_pb(stands.on_hand, bought.item.unit)),
                open: Some(quantity_pb(stands.open, bought.item.unit)),
                lot: Some(quantity_pb(lot, bought.item.unit)),
                sources: sources.collect(),
                item_id: item_id.clone(),
            }
        };
        Ok(Response::new(pb::GetSupplyOutlookResponse {
            items: items.into_iter().map(outlook).collect(),
        }))
    }
}

fn approval_pb(approval: &PartApproval) -> pb::PartApproval {
    pb::PartApproval {
        ppap_level: approval.level,
        status: i32::from(match approval.word {
            Word::Approved => pb::PartApprovalStatus::Approved,
            Word::Rejected => pb::PartApprovalStatus::Rejected,
        }),
        valid_from: Some(date_pb(approval.valid_from)),
    }
}
