//! Two programmes on one plant in a whole replay: every vehicle of both is built on one line, each ramp counts its own, and the
//! invariants of all three services hold.
//!
//! It must not know how the programmes were put together.

use std::{path::Path, time::Duration};

use takt_contract::production::v1::{
    GetRampRequest, GetRampResponse, ListVehiclesRequest, ramp_service_client::RampServiceClient,
    vehicle_service_client::VehicleServiceClient,
};
use takt_tests::{
    Result, ensure,
    process::run,
    replay::{Replay, takt},
    suite::{Service, Suite},
};
use tempfile::tempdir;
use tonic::transport::{Channel, Endpoint};

async fn ramp(channel: &Channel, programme_id: &str) -> Result<GetRampResponse> {
    let request = GetRampRequest {
        programme_id: programme_id.to_owned(),
    };
    let mut client = RampServiceClient::new(channel.clone());
    Ok(client.get_ramp(request).await?.into_inner())
}

/// Wanted and built over all days.
fn sums(ramp: &GetRampResponse) -> (i64, i64) {
    let days = ramp.days.iter();
    let sum = days.map(|day| {
        let count = |all: &[takt_contract::production::v1::VariantQuantity]| {
            all.iter().map(|one| one.vehicle_count).sum::<i64>()
        };
        (count(&day.wanted), count(&day.built))
    });
    sum.fold((0, 0), |(a, b), (wanted, built)| (a + wanted, b + built))
}

#[test]
fn two_programmes_share_a_line_and_have_two_ramps() -> Result {
    let (databases, data) = (tempdir()?, tempdir()?);
    let suite = Suite::start(databases.path())?;
    let arguments = ["--endpoints", &suite.endpoints()];
    let replay = Replay::of(Path::new("su7+yu7"), data.path())
        .vehicles(1100)
        .with(&arguments);
    let report = replay.report()?;
    let total = report.number("/produced/total")?;
    let checked = run(
        takt(&["check", "--endpoints", &suite.endpoints()])?.args(["--output", "json"]),
        Duration::from_secs(120),
    )?;
    checked.ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let endpoint =
            Endpoint::from_shared(format!("http://{}", suite.address(Service::Production)))?;
        let channel = endpoint.timeout(Duration::from_secs(60)).connect_lazy();
        let both = ramp(&channel, "").await?;
        ensure(both.programme_ids == ["su7", "yu7"], || {
            format!("{:?}", both.programme_ids)
        })?;
        let (all, su7, yu7) = (
            sums(&both),
            sums(&ramp(&channel, "su7").await?),
            sums(&ramp(&channel, "yu7").await?),
        );
        // Counts are rounded down by variant, so a vehicle or two of each is missing at this size.
        ensure(
            su7.0 == su7.1 && yu7.0 == yu7.1 && su7.1 > 990 && yu7.1 > 90,
            || format!("{su7:?} {yu7:?}"),
        )?;
        ensure(
            all == (su7.0 + yu7.0, su7.1 + yu7.1) && all.1 == total,
            || format!("{all:?} {total}"),
        )?;
        for day in &both.days {
            let built: i64 = day.built.iter().map(|one| one.vehicle_count).sum();
            ensure(built <= day.capacity, || format!("{day:?}"))?;
        }
        let refused = ramp(&channel, "su8").await;
        ensure(refused.is_err(), || "su8 is no programme here".to_owned())?;
        // Each programme has its own scheme of numbers, and all share the serials.
        let request = ListVehiclesRequest {
            page_size: 1000,
            ..ListVehiclesRequest::default()
        };
        let mut client = VehicleServiceClient::new(channel);
        let vehicles = client.list_vehicles(request).await?.into_inner().vehicles;
        for vehicle in &vehicles {
            let (shape, year) = match vehicle.variant_id.starts_with('Y') {
                true => ("LXMYU7", "S"),
                false => ("LXMSU7", "R"),
            };
            let right = vehicle.vin.starts_with(shape) && vehicle.vin.get(9..10) == Some(year);
            ensure(right, || {
                format!("{} is a {}", vehicle.vin, vehicle.variant_id)
            })?;
        }
        ensure(
            vehicles.iter().any(|vehicle| vehicle.variant_id == "YMAX"),
            || "no YU7 Max was built".to_owned(),
        )
    })
}
