//! Procurement: suppliers and their terms, orders, goods on their way, bought stock up to the point of use.
//!
//! It knows the other services by the contract alone, and the chassis by `takt_service`. Invariants: received is issued
//! plus stock, for every item and always; nothing is ordered twice; nothing is reserved that is not there. Their ids,
//! and the queries that check them, stand in `invariants.rs`.

mod call_off;
mod capacity;
mod desk;
mod digest;
mod disruption;
mod import;
mod inbound;
mod invariants;
mod invoice;
mod material;
mod migrations;
mod network;
mod opening;
mod partnership;
mod peers;
mod programme;
mod purchase_order;
mod reactions;
mod requirement;
mod risk;
mod rows;
mod safety;
mod sourcing;
mod standing;
mod supplier;
mod supply;
#[cfg(test)]
mod tests;
mod warranty;

use std::sync::Arc;

use takt_contract::procurement::v1::{
    call_off_service_server::CallOffServiceServer, capacity_service_server::CapacityServiceServer,
    disruption_service_server::DisruptionServiceServer,
    inbound_service_server::InboundServiceServer, invoice_service_server::InvoiceServiceServer,
    material_service_server::MaterialServiceServer, opening_service_server::OpeningServiceServer,
    partnership_service_server::PartnershipServiceServer,
    purchase_order_service_server::PurchaseOrderServiceServer,
    requirement_service_server::RequirementServiceServer, risk_service_server::RiskServiceServer,
    safety_time_service_server::SafetyTimeServiceServer,
    sourcing_service_server::SourcingServiceServer, supplier_service_server::SupplierServiceServer,
    supply_network_service_server::SupplyNetworkServiceServer,
    warranty_service_server::WarrantyServiceServer,
};
use takt_service::{Definition, Deps, Error, Routes, Wiring, server};

/// What procurement is.
pub fn definition() -> Definition {
    Definition {
        name: "procurement",
        migrations: migrations::MIGRATIONS,
        tables: digest::TABLES,
        invariants: invariants::INVARIANTS,
        standing: standing::STANDING,
        standing_elsewhere: standing::ELSEWHERE,
        peers: &["production"],
        subscribers: &["delivery"],
        narrow: &[],
        endless: &[],
        build,
    }
}

fn build(deps: Deps) -> Result<Wiring, Error> {
    let chassis = Arc::clone(&deps.chassis);
    let production = peers::Production::new(deps.peer("production")?);
    let store = deps.store.clone();
    let desk = Arc::new(desk::Desk::new(store, move || deps.programme_version()));
    let routes = Routes::new()
        .add_service(server!(
            SupplierServiceServer,
            supplier::rpc::SupplierRpc(Arc::clone(&desk),),
            chassis
        ))
        .add_service(server!(
            RequirementServiceServer,
            requirement::rpc::RequirementRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            PurchaseOrderServiceServer,
            purchase_order::rpc::PurchaseOrderRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            InboundServiceServer,
            inbound::rpc::InboundRpc(Arc::clone(&desk),),
            chassis
        ))
        .add_service(server!(
            MaterialServiceServer,
            material::rpc::MaterialRpc(Arc::clone(&desk),),
            chassis
        ))
        .add_service(server!(
            SourcingServiceServer,
            sourcing::rpc::SourcingRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            SafetyTimeServiceServer,
            safety::rpc::SafetyTimeRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            CallOffServiceServer,
            call_off::rpc::CallOffRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            CapacityServiceServer,
            capacity::rpc::CapacityRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            DisruptionServiceServer,
            disruption::rpc::DisruptionRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            RiskServiceServer,
            risk::rpc::RiskRpc {
                desk: Arc::clone(&desk),
                production: production.clone(),
            },
            chassis
        ))
        .add_service(server!(
            PartnershipServiceServer,
            partnership::rpc::PartnershipRpc {
                desk: Arc::clone(&desk),
                production: production.clone(),
            },
            chassis
        ))
        .add_service(server!(
            InvoiceServiceServer,
            invoice::rpc::InvoiceRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            OpeningServiceServer,
            opening::rpc::OpeningRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            WarrantyServiceServer,
            warranty::rpc::WarrantyRpc(Arc::clone(&desk)),
            chassis
        ))
        .add_service(server!(
            SupplyNetworkServiceServer,
            network::rpc::SupplyNetworkRpc(Arc::clone(&desk)),
            chassis
        ));
    Ok(Wiring {
        routes,
        reactions: Some(Arc::new(reactions::ProcurementReactions)),
        import: Arc::new(import::ProgrammeSink),
        intents: vec![Arc::new(requirement::handler::RequirementsHandler {
            desk,
            production,
        })],
    })
}
