//! Delivery: orders and the promises made on them, vehicles in the yard, shipments and handovers.
//!
//! It must not import production or procurement: it asks production by its contract and hears of both by facts. One
//! folder an aggregate: `mod.rs` is the domain, `store.rs` the rows, `rpc.rs` the wire. `desk.rs` holds what they
//! share, `reactions.rs` what follows from production's facts, `promise/handler.rs` the work that is owed.

mod allocation;
mod appointment;
mod centre;
mod customer;
mod desk;
mod digest;
mod exception;
mod handover;
mod impact;
mod import;
mod inspection;
mod invariants;
mod kpi;
mod lane;
mod migrations;
mod milestone;
mod order;
mod outlook;
mod peers;
mod programme;
mod promise;
mod quote;
mod reactions;
mod recall;
mod reservation;
mod rows;
mod service_case;
mod shipment;
mod standing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use takt_contract::delivery::v1::{
    allocation_service_server::AllocationServiceServer,
    appointment_service_server::AppointmentServiceServer,
    centre_service_server::CentreServiceServer, customer_service_server::CustomerServiceServer,
    exception_service_server::ExceptionServiceServer,
    handover_service_server::HandoverServiceServer, impact_service_server::ImpactServiceServer,
    inspection_service_server::InspectionServiceServer, kpi_service_server::KpiServiceServer,
    lane_service_server::LaneServiceServer, milestone_service_server::MilestoneServiceServer,
    order_service_server::OrderServiceServer, quote_service_server::QuoteServiceServer,
    recall_service_server::RecallServiceServer,
    reservation_service_server::ReservationServiceServer,
    service_case_service_server::ServiceCaseServiceServer,
    shipment_service_server::ShipmentServiceServer,
};
use takt_service::{Definition, Deps, Error, Routes, Wiring, server};

use crate::{
    allocation::rpc::AllocationRpc,
    appointment::rpc::AppointmentRpc,
    centre::rpc::CentreRpc,
    customer::rpc::CustomerRpc,
    desk::Desk,
    exception::rpc::ExceptionRpc,
    handover::rpc::HandoverRpc,
    impact::rpc::ImpactRpc,
    import::ProgrammeSink,
    inspection::rpc::InspectionRpc,
    kpi::rpc::KpiRpc,
    lane::rpc::LaneRpc,
    milestone::rpc::MilestoneRpc,
    order::{change::work::ChangeHandler, rpc::OrderRpc},
    outlook::handler::OutlookHandler,
    promise::handler::{PromiseHandler, RepromiseHandler},
    quote::{confirm::QuoteHandler, rpc::QuoteRpc},
    reactions::DeliveryReactions,
    recall::{
        handler::{RefreshHandler, SoftwareHandler},
        rpc::RecallRpc,
    },
    reservation::rpc::ReservationRpc,
    service_case::rpc::ServiceCaseRpc,
    shipment::rpc::ShipmentRpc,
};

/// What delivery is.
pub fn definition() -> Definition {
    Definition {
        name: "delivery",
        migrations: migrations::MIGRATIONS,
        tables: digest::TABLES,
        invariants: invariants::INVARIANTS,
        standing: standing::STANDING,
        standing_elsewhere: standing::ELSEWHERE,
        peers: &["production"],
        subscribers: &["procurement", "production"],
        narrow: &[("procurement", &["PartFailed"])],
        endless: &[],
        build,
    }
}

fn build(deps: Deps) -> Result<Wiring, Error> {
    let chassis = Arc::clone(&deps.chassis);
    let desk = Arc::new(Desk::new(deps)?);
    let routes = Routes::new()
        .add_service(server!(
            OrderServiceServer,
            OrderRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            QuoteServiceServer,
            QuoteRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            ReservationServiceServer,
            ReservationRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            ShipmentServiceServer,
            ShipmentRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            ExceptionServiceServer,
            ExceptionRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            AllocationServiceServer,
            AllocationRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            LaneServiceServer,
            LaneRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            HandoverServiceServer,
            HandoverRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            ServiceCaseServiceServer,
            ServiceCaseRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            ImpactServiceServer,
            ImpactRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            MilestoneServiceServer,
            MilestoneRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            CustomerServiceServer,
            CustomerRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            CentreServiceServer,
            CentreRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            AppointmentServiceServer,
            AppointmentRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            InspectionServiceServer,
            InspectionRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            KpiServiceServer,
            KpiRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ))
        .add_service(server!(
            RecallServiceServer,
            RecallRpc {
                desk: Arc::clone(&desk),
            },
            chassis
        ));
    Ok(Wiring {
        routes,
        reactions: Some(Arc::new(DeliveryReactions {
            desk: Arc::clone(&desk),
        })),
        import: Arc::new(ProgrammeSink),
        intents: vec![
            Arc::new(PromiseHandler {
                desk: Arc::clone(&desk),
            }),
            Arc::new(QuoteHandler {
                desk: Arc::clone(&desk),
            }),
            Arc::new(RefreshHandler {
                desk: Arc::clone(&desk),
            }),
            Arc::new(SoftwareHandler {
                desk: Arc::clone(&desk),
            }),
            Arc::new(OutlookHandler {
                desk: Arc::clone(&desk),
            }),
            Arc::new(ChangeHandler {
                desk: Arc::clone(&desk),
            }),
            Arc::new(RepromiseHandler { desk }),
        ],
    })
}
