//! Exposure on the wire.
//!
//! It must not decide anything. Invariant: all messages of an answer tell of one snapshot.

use std::sync::Arc;

use takt_contract::{
    date_pb,
    production::v1::{self as pb, exposure_service_server::ExposureService},
};
use takt_kernel::Violations;
use takt_service::{
    Call, Error, Tx,
    stream::{Answers, answers},
};
use tonic::{Request, Response, Status};

use super::{
    Scope,
    find::{exposures_find, lot_known},
    wire::scopes_of,
};
use crate::{
    Production,
    genealogy::change_rpc::known_elsewhere,
    product::{Product, store::date_of},
};

/// The vehicles of one message.
const VEHICLES: usize = 500;

/// Exposure on the wire.
pub struct ExposureRpc(pub Production);

#[tonic::async_trait]
impl ExposureService for ExposureRpc {
    type StreamExposuresStream = Answers<pb::StreamExposuresResponse>;

    async fn stream_exposures(
        &self,
        request: Request<pb::StreamExposuresRequest>,
    ) -> Result<Response<Self::StreamExposuresStream>, Status> {
        let call = Call::of(&request);
        let message = request.into_inner();
        let product = self.0.products.get(&call).await?;
        let mut violations = Violations::new();
        let scopes = scopes_of(&product, &message.scopes, &mut violations);
        violations.require(
            message.from_build_number >= 0,
            "from_build_number",
            "it is not negative",
        );
        violations.finish().map_err(Error::from)?;
        let (scopes, reading) = (Arc::new(scopes), Arc::clone(&product));
        let from = message.from_build_number;
        let asked = Arc::clone(&scopes);
        let read = self.0.deps.store.read(&call, "exposures", move |tx| {
            let (product, scopes) = (Arc::clone(&reading), Arc::clone(&asked));
            Box::pin(async move { told(tx, &product, &scopes, from).await })
        });
        let (exposures, last_build_number, unknown) = read.await?;
        // A lot that came and was not used yet may still be built in; one that nobody has is a mistake.
        for lot in unknown {
            known_elsewhere(&self.0, &call, &product, &lot).await?;
        }
        Ok(Response::new(answers(move |outlet| async move {
            let mut chunks: Vec<Vec<pb::Exposure>> =
                exposures.chunks(VEHICLES).map(<[_]>::to_vec).collect();
            if chunks.is_empty() {
                chunks.push(Vec::new());
            }
            for exposures in chunks {
                let message = pb::StreamExposuresResponse {
                    exposures,
                    last_build_number,
                };
                outlet.send(message).await?;
            }
            Ok(())
        })))
    }
}

type Told = (Vec<pb::Exposure>, i64, Vec<String>);

async fn told(tx: &Tx, product: &Product, scopes: &[Scope], from: i64) -> Result<Told, Error> {
    let found = exposures_find(tx, product, scopes, from).await?;
    let mut unknown = Vec::new();
    for scope in scopes {
        if let Scope::Lots { lots, .. } = scope {
            for lot in lots {
                if !lot_known(tx, product, lot).await? {
                    unknown.push(lot.clone());
                }
            }
        }
    }
    let builds: Vec<Vec<takt_service::Value>> = found
        .exposures
        .0
        .keys()
        .map(|build| vec![(*build).into()])
        .collect();
    let query = "SELECT w.build_number, w.vin, w.built_on FROM v JOIN vehicle AS w ON w.build_number = v.build_number ORDER BY w.build_number";
    let rows = tx.rows_for(&["build_number"], builds, query).await?;
    let mut told = Vec::with_capacity(rows.len());
    for row in &rows {
        let build: i64 = row.try_get_by_index(0)?;
        let Some(exposed) = found.exposures.0.get(&build) else {
            continue;
        };
        told.push(pb::Exposure {
            vin: row.try_get_by_index(1)?,
            build_number: build,
            built_on: Some(date_pb(date_of(row.try_get_by_index(2)?))),
            affected: exposed.is_open(),
            exposed_from: Some(date_pb(date_of(exposed.days.from))),
            exposed_to: (!exposed.is_open()).then(|| date_pb(date_of(exposed.days.to))),
            scope_index: i32::try_from(exposed.scope).unwrap_or(i32::MAX),
        });
    }
    told.sort_by_key(|one| one.build_number);
    Ok((told, found.last_build, unknown))
}
