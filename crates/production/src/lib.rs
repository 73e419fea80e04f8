//! Production: the product, its plans and promises, the line, vehicles and what they are made of, and the ramp.
//!
//! It must not import procurement or delivery: it asks procurement by its contract (`peers.rs`) and hears of delivery by
//! facts (`reactions.rs`). One folder an aggregate: `mod.rs` is the domain, `store.rs` the rows, `rpc.rs` the wire. The
//! longest way is a day of the line: `shop_floor/run.rs`.

mod change;
mod digest;
mod exposure;
mod genealogy;
mod impact;
mod import;
mod invariants;
mod job;
mod material_plan;
mod migrations;
mod order_book;
mod order_history;
mod peers;
mod performance;
mod plan;
mod product;
mod promise;
mod quality;
mod ramp;
mod reactions;
mod sequence;
mod shop_floor;
mod software;
mod standing;
#[cfg(test)]
mod tests;
mod vehicle;

use std::sync::Arc;

use takt_contract::production::v1::{
    engineering_change_service_server::EngineeringChangeServiceServer,
    exposure_service_server::ExposureServiceServer, history_service_server::HistoryServiceServer,
    impact_service_server::ImpactServiceServer, order_book_service_server::OrderBookServiceServer,
    performance_service_server::PerformanceServiceServer,
    planning_service_server::PlanningServiceServer, product_service_server::ProductServiceServer,
    promise_service_server::PromiseServiceServer, quality_service_server::QualityServiceServer,
    ramp_service_server::RampServiceServer, sequence_service_server::SequenceServiceServer,
    shop_floor_service_server::ShopFloorServiceServer,
    software_service_server::SoftwareServiceServer, vehicle_service_server::VehicleServiceServer,
};
use takt_service::{Definition, Deps, Error, Routes, Wiring, peer::Peer, server};
use tokio::sync::{Mutex, watch};

use crate::{
    change::rpc::EngineeringChangeRpc,
    exposure::rpc::ExposureRpc,
    impact::rpc::ImpactRpc,
    import::Import,
    job::report::Stations,
    material_plan::KeptPlans,
    order_book::rpc::OrderBookRpc,
    order_history::rpc::HistoryRpc,
    performance::rpc::PerformanceRpc,
    plan::rpc::PlanningRpc,
    product::rpc::ProductRpc,
    product::store::ProductCache,
    promise::rpc::PromiseRpc,
    quality::{lot::LotIntents, rpc::QualityRpc},
    ramp::rpc::RampRpc,
    reactions::Facts,
    sequence::rpc::SequenceRpc,
    shop_floor::rpc::ShopFloorRpc,
    shop_floor::run::DayIntents,
    software::rpc::SoftwareRpc,
    vehicle::rpc::VehicleRpc,
};

/// What all parts of production share; cheap to clone.
#[derive(Clone)]
struct Production {
    deps: Deps,
    products: ProductCache,
    procurement: Peer,
    promises: Arc<promise::snapshot::Keeper>,
    /// Whoever runs a day holds this.
    line: Arc<Mutex<()>>,
    /// The last two material plans.
    material_plans: KeptPlans,
    /// Where the events of all stations meet.
    stations: Arc<Stations>,
    /// Counts the changes of sequences, to wake those who watch one.
    sequences: Arc<watch::Sender<u64>>,
}

/// What production is.
pub fn definition() -> Definition {
    Definition {
        name: "production",
        migrations: migrations::MIGRATIONS,
        tables: digest::TABLES,
        invariants: invariants::INVARIANTS,
        standing: standing::STANDING,
        standing_elsewhere: standing::ELSEWHERE,
        peers: &["procurement"],
        subscribers: &["procurement", "delivery"],
        narrow: &[],
        endless: &[
            "/takt.production.v1.ShopFloorService/Report",
            "/takt.production.v1.ShopFloorService/WatchStation",
            "/takt.production.v1.SequenceService/WatchSequence",
        ],
        build,
    }
}

fn build(deps: Deps) -> Result<Wiring, Error> {
    let chassis = Arc::clone(&deps.chassis);
    let production = Production {
        procurement: deps.peer("procurement")?,
        products: ProductCache::new(deps.clone()),
        deps,
        line: Arc::default(),
        material_plans: KeptPlans::default(),
        stations: Arc::default(),
        promises: Arc::default(),
        sequences: Arc::default(),
    };
    let routes = Routes::new()
        .add_service(server!(
            ProductServiceServer,
            ProductRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            PlanningServiceServer,
            PlanningRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            PromiseServiceServer,
            PromiseRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            OrderBookServiceServer,
            OrderBookRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            ShopFloorServiceServer,
            ShopFloorRpc(production.clone(),),
            chassis
        ))
        .add_service(server!(
            SequenceServiceServer,
            SequenceRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            VehicleServiceServer,
            VehicleRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            EngineeringChangeServiceServer,
            EngineeringChangeRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            ImpactServiceServer,
            ImpactRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            RampServiceServer,
            RampRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            QualityServiceServer,
            QualityRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            PerformanceServiceServer,
            PerformanceRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            ExposureServiceServer,
            ExposureRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            SoftwareServiceServer,
            SoftwareRpc(production.clone()),
            chassis
        ))
        .add_service(server!(
            HistoryServiceServer,
            HistoryRpc(production.clone()),
            chassis
        ));
    Ok(Wiring {
        routes,
        reactions: Some(Arc::new(Facts(production.clone()))),
        import: Arc::new(Import),
        intents: vec![
            Arc::new(DayIntents(production.clone())),
            Arc::new(LotIntents(production)),
        ],
    })
}
