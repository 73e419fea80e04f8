//! Software on the wire.
//!
//! It must not decide anything. Invariants: a message is read as a whole or refused with every mistake in it; a chunk is one
//! transaction, and a vehicle that is refused does not touch the others.

use std::sync::Arc;

use futures_util::TryStreamExt;
use takt_contract::{
    date_pb, date_req,
    events::v1::{SoftwareInstalled, fact_body::Kind},
    production::v1::{self as pb, software_service_server::SoftwareService},
    request_id,
};
use takt_kernel::{Date, Vin, Violations};
use takt_service::{Call, Error, NewFact, Once, Refusal, Tx, stream::Answers};
use tonic::{Request, Response, Status, Streaming};

use super::{
    Change, SoftwareRefusal, runs_of,
    store::{built_until, change_add, history_fetch, items_fetch, release_add, software_hold},
};
use crate::{
    Production,
    product::{
        Product,
        store::{index_of, number_of},
    },
    quality::hold::uses,
    vehicle::{
        serial_of,
        store::{vehicle_fetch, vehicles_fetch},
    },
};

/// The most vehicles of a chunk.
const CHUNK: usize = 2_000;
/// The most bytes of a version.
const VERSION: usize = 40;

/// Software on the wire.
pub struct SoftwareRpc(pub Production);

#[tonic::async_trait]
impl SoftwareService for SoftwareRpc {
    type RecordSoftwareStream = Answers<pb::RecordSoftwareResponse>;

    async fn declare_software_release(
        &self,
        request: Request<pb::DeclareSoftwareReleaseRequest>,
    ) -> Result<Response<pb::DeclareSoftwareReleaseResponse>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let id = request_id(&message.request_id, "request_id", &mut violations);
        let item = item_of(&product, &message.item_id, &mut violations);
        version_fits(&message.version, &mut violations);
        let on = date_req(
            message.effective_on.as_ref(),
            "effective_on",
            &mut violations,
        );
        let (id, item) = violations.finish_with(id.zip(item)).map_err(Error::from)?;
        let once = Once::of(
            "takt.production.v1.SoftwareService/DeclareSoftwareRelease",
            id,
            &message,
        );
        let message = Arc::new(message);
        let written = self
            .0
            .deps
            .store
            .write_once(&call, "software_declare", once, move |tx| {
                let (product, message) = (Arc::clone(&product), Arc::clone(&message));
                Box::pin(async move { declared(tx, &product, item, &message, on).await })
            });
        Ok(Response::new(written.await?))
    }

    async fn record_software(
        &self,
        request: Request<Streaming<pb::RecordSoftwareRequest>>,
    ) -> Result<Response<Self::RecordSoftwareStream>, Status> {
        let (call, production) = (Call::of(&request), self.0.clone());
        let answers = request.into_inner().and_then(move |message| {
            let (call, production) = (call.clone(), production.clone());
            async move {
                chunk(&production, &call, message)
                    .await
                    .map_err(Status::from)
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_vehicle_software(
        &self,
        request: Request<pb::GetVehicleSoftwareRequest>,
    ) -> Result<Response<pb::GetVehicleSoftwareResponse>, Status> {
        let call = Call::of(&request);
        let mut violations = Violations::new();
        let vin = violations.check("vin", Vin::parse(&request.get_ref().vin));
        let vin = violations.finish_with(vin).map_err(Error::from)?;
        let product = self.0.products.get(&call).await?;
        let read = self.0.deps.store.read(&call, "software_get", move |tx| {
            let product = Arc::clone(&product);
            Box::pin(async move { software_of(tx, &product, &vin).await })
        });
        let software = read.await?;
        Ok(Response::new(pb::GetVehicleSoftwareResponse { software }))
    }
}

fn item_of(product: &Product, item_id: &str, violations: &mut Violations) -> Option<usize> {
    let item = product.item(item_id);
    violations.require(
        item.is_some(),
        "item_id",
        format!("{item_id:?} is not an item of the programme"),
    );
    item
}

fn version_fits(version: &str, violations: &mut Violations) {
    violations.require(
        !version.trim().is_empty() && version.len() <= VERSION,
        "version",
        format!("it has 1 to {VERSION} bytes"),
    );
}

async fn declared(
    tx: &Tx,
    product: &Product,
    item: usize,
    message: &pb::DeclareSoftwareReleaseRequest,
    on: Date,
) -> Result<pb::DeclareSoftwareReleaseResponse, Error> {
    software_hold(tx).await?;
    let history = history_fetch(tx, number_of(item)).await?;
    let built = built_until(tx).await?;
    if history.release(&message.item_id, &message.version, on, built)? {
        release_add(tx, number_of(item), on, &message.version).await?;
    }
    let sql = "SELECT config, COUNT(*) FROM vehicle WHERE built_on >= $1 GROUP BY config";
    let mut vehicle_count = 0;
    for row in tx
        .rows(sql, vec![crate::product::store::day_of(on).into()])
        .await?
    {
        let config = takt_planning::feature::Config(row.try_get_by_index(0)?);
        if uses(product, config, item) {
            vehicle_count += row.try_get_by_index::<i64>(1)?;
        }
    }
    Ok(pb::DeclareSoftwareReleaseResponse { vehicle_count })
}

async fn chunk(
    production: &Production,
    call: &Call,
    message: pb::RecordSoftwareRequest,
) -> Result<pb::RecordSoftwareResponse, Error> {
    let product = production.products.get(call).await?;
    let mut violations = Violations::new();
    let id = request_id(&message.request_id, "request_id", &mut violations);
    let item = item_of(&product, &message.item_id, &mut violations);
    version_fits(&message.version, &mut violations);
    let on = date_req(
        message.installed_on.as_ref(),
        "installed_on",
        &mut violations,
    );
    violations.require(
        (1..=CHUNK).contains(&message.vins.len()),
        "vins",
        format!("a chunk has 1 to {CHUNK}"),
    );
    violations.require(
        message.reason.len() <= 200,
        "reason",
        "it has at most 200 bytes",
    );
    let (id, item) = violations.finish_with(id.zip(item))?;
    let once = Once::of(
        "takt.production.v1.SoftwareService/RecordSoftware",
        id,
        &message,
    );
    let message = Arc::new(message);
    let store = &production.deps.store;
    store
        .write_once(call, "software_record", once, move |tx| {
            let (product, message) = (Arc::clone(&product), Arc::clone(&message));
            Box::pin(async move { recorded(tx, &product, item, &message, on).await })
        })
        .await
}

async fn recorded(
    tx: &Tx,
    product: &Product,
    item: usize,
    message: &pb::RecordSoftwareRequest,
    on: Date,
) -> Result<pb::RecordSoftwareResponse, Error> {
    software_hold(tx).await?;
    let history = history_fetch(tx, number_of(item)).await?;
    let serials: Vec<i64> = message
        .vins
        .iter()
        .filter_map(|vin| serial_of(&Vin::parse(vin).ok()?))
        .collect();
    let vehicles = vehicles_fetch(tx, &serials).await?;
    let vehicles: std::collections::HashMap<&str, _> = vehicles
        .iter()
        .map(|vehicle| (vehicle.vin.as_str(), vehicle))
        .collect();
    let (mut builds, mut refused) = (Vec::new(), Vec::new());
    let mut refuse = |vin: &str, code: &str, reason: String| {
        refused.push(pb::SoftwareRefused {
            vin: vin.to_owned(),
            reason,
            reason_code: code.to_owned(),
        });
    };
    for vin in &message.vins {
        let Some(vehicle) = vehicles.get(vin.as_str()) else {
            refuse(vin, "MISSING", format!("vehicle {vin} does not exist"));
            continue;
        };
        let Some(built_on) = vehicle.built_on else {
            let why = crate::genealogy::AsBuiltRefusal::NotBuilt(vin.clone());
            refuse(vin, why.reason(), why.to_string());
            continue;
        };
        let installed = if uses(product, vehicle.config, item) {
            history.install(vehicle.build_number, built_on, &message.version, on)
        } else {
            Err(SoftwareRefusal::NotFitted {
                item_id: message.item_id.clone(),
            })
        };
        match installed {
            Ok(true) => builds.push(vehicle.build_number),
            Ok(false) => {}
            Err(refusal) => refuse(vin, refusal.reason(), refusal.to_string()),
        }
    }
    builds.sort_unstable();
    builds.dedup();
    let count = i32::try_from(builds.len()).unwrap_or(i32::MAX);
    if count > 0 {
        let change = Change {
            version: message.version.clone(),
            on,
            reason: message.reason.clone(),
            runs: runs_of(builds),
        };
        change_add(tx, number_of(item), &change).await?;
        let body = SoftwareInstalled {
            item_id: message.item_id.clone(),
            version: message.version.clone(),
            installed_on: Some(date_pb(on)),
            vehicle_count: count,
        };
        tx.emit_many(vec![NewFact {
            subject: message.item_id.clone(),
            on,
            traceparent: None,
            body: Kind::SoftwareInstalled(body),
        }])
        .await?;
    }
    Ok(pb::RecordSoftwareResponse {
        request_id: message.request_id.clone(),
        changed_count: count,
        refused,
    })
}

async fn software_of(
    tx: &Tx,
    product: &Product,
    vin: &Vin,
) -> Result<Vec<pb::InstalledSoftware>, Error> {
    let vehicle = vehicle_fetch(tx, vin).await?;
    let Some(built_on) = vehicle.built_on else {
        return Err(crate::genealogy::AsBuiltRefusal::NotBuilt(vehicle.vin).into());
    };
    let mut told = Vec::new();
    for item_no in items_fetch(tx).await? {
        let at = index_of(item_no);
        let Some(item) = product.items.get(at) else {
            continue;
        };
        if !uses(product, vehicle.config, at) {
            continue;
        }
        let history = history_fetch(tx, item_no).await?;
        let installed = history.of(vehicle.build_number, built_on);
        for (at, one) in installed.iter().enumerate() {
            told.push(pb::InstalledSoftware {
                item_id: item.item_id.clone(),
                version: one.version.clone(),
                installed_on: Some(date_pb(one.on)),
                replaced_on: installed.get(at + 1).map(|next| date_pb(next.on)),
                as_built: one.as_built,
                reason: one.reason.clone(),
            });
        }
    }
    Ok(told)
}
