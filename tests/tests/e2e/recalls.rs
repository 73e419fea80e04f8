//! Recalls over a plant that builds and loads: what is built later is caught, what is stopped beside departures never leaves, what is
//! remedied goes; on SQLite and, where there is one, on PostgreSQL.
//!
//! It must not know how the gate works: it reads the log of facts, the loads and the invariants.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use takt_contract::{
    date_pb,
    delivery::v1 as pb,
    events::v1::fact_body::Kind,
    production::v1::{
        self as production, exposure_scope::What,
        shop_floor_service_client::ShopFloorServiceClient,
        software_service_client::SoftwareServiceClient,
    },
};
use takt_kernel::Date;
use takt_tests::{Failure, Result, ensure, postgres::Postgres, replay::Replay, suite::Setup};
use tempfile::tempdir;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::yard::{Played, Yard, all, id, told};

/// The last day that the replay plays; the next one is built by the test.
const LAST: &str = "2024-05-20";

/// What each recall recalled, and what stands on loads.
type Named = BTreeSet<String>;

fn named(vehicles: &[pb::RecallVehicle]) -> Named {
    vehicles.iter().map(|one| one.vin.clone()).collect()
}

/// A day is built under an open recall: every vehicle in its window is caught, and none leaves.
async fn caught(yard: &Yard) -> Result<Named> {
    let stop = pb::StopShip::Loading;
    let asked = yard.asked("RC-A", yard.built(&["STD"]), stop);
    let opened = yard.recalls().open_recall(asked).await?.into_inner();
    let recall = opened.recall.unwrap_or_default();
    ensure(recall.recalled_count == 0, || format!("{recall:?}"))?;
    let day = production::RunDayRequest {
        request_id: id("the day"),
        business_date: Some(date_pb(yard.today)),
        ..Default::default()
    };
    let mut floor = ShopFloorServiceClient::new(yard.production.clone());
    let built = floor.run_day(day).await?.into_inner();
    yard.settle().await?;
    let counts = built.built.iter();
    let std = counts.clone().filter(|count| count.variant_id == "STD");
    let std: i64 = std.map(|count| count.vehicle_count).sum();
    let recall = yard.recall("RC-A").await?;
    ensure(std > 3 && recall.recalled_count == std, || {
        format!("{std} STD were built, and {recall:?}")
    })?;
    ensure(
        recall.held_count == std && recall.unchecked_count == 0,
        || format!("{recall:?}"),
    )?;
    Ok(named(&yard.vehicles("RC-A").await?))
}

/// Four carriers load while a stop-ship is issued among them.
async fn raced(yard: &Yard) -> Result<(Named, Duration)> {
    let loads: Vec<String> = (yard.planned().await?.into_iter())
        .map(|load| load.shipment_id)
        .collect();
    ensure(loads.len() > 12, || format!("{} loads", loads.len()))?;
    let (done, third) = (Arc::new(AtomicUsize::new(0)), loads.len() / 3);
    let mut carriers = Vec::new();
    for lane in 0..4 {
        let own: Vec<String> = loads.iter().skip(lane).step_by(4).cloned().collect();
        let (yard, done) = (yard.clone(), Arc::clone(&done));
        carriers.push(async move {
            for load in own {
                yard.depart(&load, yard.today).await?;
                done.fetch_add(1, Ordering::SeqCst);
            }
            Ok::<_, Failure>(())
        });
    }
    let stop = async {
        while done.load(Ordering::SeqCst) < third {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let begun = Instant::now();
        let asked = yard.asked("RC-B", yard.built(&["MAX", "PRO"]), pb::StopShip::Loading);
        yard.recalls().open_recall(asked).await?;
        Ok::<_, Failure>(begun.elapsed())
    };
    let (stopped, left) = tokio::join!(stop, futures(carriers));
    left?;
    Ok((named(&yard.vehicles("RC-B").await?), stopped?))
}

/// Runs all of them side by side.
async fn futures<F: Future<Output = Result>>(all: Vec<F>) -> Result {
    let [a, b, c, d] = <[F; 4]>::try_from(all).map_err(|_| Failure::new("four".to_owned()))?;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    a.and(b).and(c).and(d)
}

/// Nothing left that was stopped; answers with what of the second recall had left before.
async fn nothing_left(yard: &Yard, first: &Named, second: &Named) -> Result<Named> {
    let (mut before, mut stopped) = (Named::new(), BTreeSet::new());
    for kind in yard.log().await? {
        match kind {
            Kind::StopShipIssued(fact) => {
                stopped.insert(fact.recall_id);
            }
            Kind::VehicleDispatched(fact) => {
                let of_second = second.contains(&fact.vin);
                ensure(!first.contains(&fact.vin), || format!("{} left", fact.vin))?;
                ensure(!of_second || !stopped.contains("RC-B"), || {
                    format!("{} left after the stop-ship", fact.vin)
                })?;
                before.extend(of_second.then_some(fact.vin));
            }
            _ => {}
        }
    }
    ensure(stopped.len() == 2, || format!("{stopped:?}"))?;
    ensure(!before.is_empty() && before.len() < second.len(), || {
        format!(
            "{} of {} had left: that is no race",
            before.len(),
            second.len()
        )
    })?;
    Ok(before)
}

/// What is remedied leaves with the next load, and what is not waits until the stop-ship is lifted.
async fn remedied(yard: &Yard, first: &Named) -> Result {
    let remedy = pb::RecallVehicleState::Remedied;
    let tomorrow = yard.today.plus(1);
    let one = first.first().cloned().unwrap_or_default();
    let steps = vec![
        (one.as_str(), remedy, yard.today),
        ("LXMSU7A10RB999999", remedy, yard.today),
    ];
    let answer = yard.step("remedy", "RC-A", steps).await?;
    ensure(
        answer.changed_count == 1 && answer.refused.len() == 1,
        || format!("{answer:?}"),
    )?;
    let again = vec![(one.as_str(), pb::RecallVehicleState::Notified, tomorrow)];
    let answer = yard.step("too late", "RC-A", again).await?;
    let code = answer.refused.first().map(|one| one.reason_code.as_str());
    ensure(code == Some("RECALL_STEP_NOT_ALLOWED"), || {
        format!("{answer:?}")
    })?;
    let mut held = 0;
    for load in yard.planned().await? {
        let answer = yard.depart(&load.shipment_id, yard.today.plus(9)).await?;
        held += answer.held_back.len();
        for refused in answer.refused {
            ensure(refused.reason_code == "SHIPMENT_STOPPED", || {
                format!("{refused:?}")
            })?;
        }
    }
    let states: BTreeMap<String, pb::RecallVehicle> = (yard.vehicles("RC-A").await?.into_iter())
        .map(|vehicle| (vehicle.vin.clone(), vehicle))
        .collect();
    let recall = yard.recall("RC-A").await?;
    let waiting = i64::try_from(first.len()).unwrap_or(0) - 1;
    ensure(recall.held_count == waiting, || {
        format!("{held} {recall:?}")
    })?;
    let mut left = 0;
    for kind in yard.log().await? {
        if let Kind::VehicleDispatched(fact) = kind
            && states.contains_key(&fact.vin)
        {
            ensure(fact.vin == one, || format!("{} left", fact.vin))?;
            left += 1;
        }
    }
    ensure(left == 1, || {
        format!("the remedied vehicle left {left} times")
    })?;
    let close = pb::CloseRecallRequest {
        request_id: id("close"),
        recall_id: "RC-A".to_owned(),
        closed_on: Some(date_pb(tomorrow)),
        etag: String::new(),
    };
    let refused = yard.recalls().close_recall(close.clone()).await;
    refuses(refused, "RECALL_STOP_SHIP")?;
    let lift = pb::LiftStopShipRequest {
        request_id: id("lift"),
        recall_id: "RC-A".to_owned(),
        lifted_on: Some(date_pb(tomorrow)),
        reason: "the defect is none".to_owned(),
        etag: String::new(),
    };
    yard.recalls().lift_stop_ship(lift).await?;
    let close = pb::CloseRecallRequest {
        request_id: id("close again"),
        ..close
    };
    yard.recalls().close_recall(close).await?;
    let late = vec![(one.as_str(), remedy, tomorrow)];
    refuses(yard.step_raw("RC-A", late).await, "RECALL_CLOSED")
}

fn refuses<T: std::fmt::Debug>(answer: std::result::Result<T, Status>, reason: &str) -> Result {
    let status = match answer {
        Err(status) => status,
        Ok(answer) => return Err(Failure::new(format!("{answer:?} instead of {reason}"))),
    };
    let info = status.get_details_error_info();
    ensure(info.is_some_and(|info| info.reason == reason), || {
        format!("{status:?} instead of {reason}")
    })
}

/// A vehicle that has left is kept from its customer, until it is remedied.
async fn unsold(yard: &Yard, gone: &Named) -> Result {
    let vin = gone.first().cloned().unwrap_or_default();
    let vehicles = yard.vehicles("RC-B").await?;
    let vehicle = vehicles.iter().find(|vehicle| vehicle.vin == vin);
    let load = vehicle.map(|vehicle| vehicle.shipment_id.clone());
    let load = load.unwrap_or_default();
    let there = yard.today.plus(9);
    let arrived = pb::TransportEventKind::Arrived;
    let answer = yard.report("arrive", &load, arrived, there).await?;
    ensure(answer.changed_count == 1, || format!("{answer:?}"))?;
    let stop = pb::IssueStopShipRequest {
        request_id: id("stop-sale"),
        recall_id: "RC-B".to_owned(),
        stop_ship: pb::StopShip::LoadingAndHandover.into(),
        issued_on: Some(date_pb(yard.today)),
        etag: String::new(),
    };
    yard.recalls().issue_stop_ship(stop).await?;
    let answer = yard.hand_over("early", &vin, there).await?;
    let code = answer.refused.first().map(|one| one.reason_code.as_str());
    ensure(code == Some("VEHICLE_STOPPED"), || format!("{answer:?}"))?;
    let remedy = vec![(vin.as_str(), pb::RecallVehicleState::Remedied, there)];
    yard.step("remedy at the dealer", "RC-B", remedy).await?;
    let answer = yard.hand_over("then", &vin, there).await?;
    ensure(answer.changed_count == 1, || format!("{answer:?}"))?;
    let completion = pb::GetRecallCompletionRequest {
        recall_id: "RC-B".to_owned(),
    };
    let mut recalls = yard.recalls();
    let done = recalls
        .get_recall_completion(completion)
        .await?
        .into_inner();
    ensure(done.remedied_count == 1 && done.weeks.len() == 1, || {
        format!("{done:?}")
    })
}

/// A remedy over the air changes the as-built record: by the old version the vehicle was exposed and is not affected.
async fn over_the_air(yard: &Yard) -> Result {
    let release = production::DeclareSoftwareReleaseRequest {
        request_id: id("release"),
        item_id: "AD-01".to_owned(),
        version: "1.0".to_owned(),
        effective_on: Some(date_pb(Date::parse("2024-03-28")?)),
    };
    let mut software = SoftwareServiceClient::new(yard.production.clone());
    let known = software
        .declare_software_release(release)
        .await?
        .into_inner();
    let what = What::Software(production::SoftwareScope {
        item_id: "AD-01".to_owned(),
        versions: vec!["1.0".to_owned()],
    });
    let asked = pb::OpenRecallRequest {
        remedy: pb::RemedyKind::Ota.into(),
        software_item_id: "AD-01".to_owned(),
        software_version: "1.0.1".to_owned(),
        ..yard.asked("RC-C", what.clone(), pb::StopShip::Unspecified)
    };
    let opened = yard.recalls().open_recall(asked).await?.into_inner();
    let opened = opened.recall.unwrap_or_default();
    ensure(opened.recalled_count == known.vehicle_count, || {
        format!("{known:?} {opened:?}")
    })?;
    let vehicles = yard.vehicles("RC-C").await?;
    let chosen: Vec<&str> = vehicles
        .iter()
        .step_by(3)
        .map(|one| one.vin.as_str())
        .collect();
    let remedied = pb::RecallVehicleState::Remedied;
    let steps = chosen.iter().map(|vin| (*vin, remedied, yard.today));
    yard.step("over the air", "RC-C", steps.collect()).await?;
    yard.settle().await?;
    let message = pb::StreamRecallCandidatesRequest {
        scopes: vec![production::ExposureScope { what: Some(what) }],
    };
    let stream = yard.recalls().stream_recall_candidates(message).await?;
    let pages = all(stream.into_inner()).await?;
    let told: Vec<_> = pages.into_iter().flat_map(|page| page.candidates).collect();
    ensure(told.len() == vehicles.len(), || format!("{}", told.len()))?;
    for one in &told {
        let healed = chosen.contains(&one.vin.as_str());
        ensure(one.affected != healed, || format!("{healed} {one:?}"))?;
    }
    let recall = yard.recall("RC-C").await?;
    let healed = i64::try_from(chosen.len()).unwrap_or(0);
    ensure(
        recall.affected_count == known.vehicle_count - healed
            && recall.recalled_count == known.vehicle_count,
        || format!("{healed} {recall:?}"),
    )
}

/// What is wrong is told by its field, and nothing is opened.
async fn bad_input(yard: &Yard) -> Result {
    let fields = |status: &Status| -> Vec<String> {
        let found = status.get_details_bad_request().into_iter();
        let found = found.flat_map(|bad| bad.field_violations);
        found.map(|violation| violation.field).collect()
    };
    let bad = pb::OpenRecallRequest {
        recall_id: "rc a".to_owned(),
        published_count: -1,
        opened_on: None,
        ..yard.asked("RC-X", yard.built(&["STD"]), pb::StopShip::Loading)
    };
    let status = yard.recalls().open_recall(bad).await.err();
    let found = status.as_ref().map(fields).unwrap_or_default();
    ensure(
        found == ["recall_id", "published_count", "opened_on"],
        || format!("{status:?}"),
    )?;
    // Production knows the programme, and its word on a scope comes through by the same field.
    let bad = yard.asked("RC-X", yard.built(&["MOON"]), pb::StopShip::Loading);
    let status = yard.recalls().open_recall(bad).await.err();
    let found = status.as_ref().map(fields).unwrap_or_default();
    ensure(found == ["scopes[0].builds.variant_ids[0]"], || {
        format!("{status:?}")
    })?;
    let twice = pb::OpenRecallRequest {
        request_id: id("another"),
        ..yard.asked("RC-B", yard.built(&["STD"]), pb::StopShip::Loading)
    };
    let status = yard.recalls().open_recall(twice).await.err();
    let exists = status.is_some_and(|status| status.code() == Code::AlreadyExists);
    ensure(exists, || "RC-B was opened twice".to_owned())?;
    let missing = pb::GetRecallRequest {
        recall_id: "RC-X".to_owned(),
    };
    let status = yard.recalls().get_recall(missing).await.err();
    ensure(
        status.is_some_and(|status| status.code() == Code::NotFound),
        || "RC-X is there".to_owned(),
    )
}

fn both(databases: &Path, setup: Setup) -> Result {
    let Played {
        suite,
        runtime,
        yard,
    } = Played::through(databases, setup, 10_000, LAST)?;
    let gone = runtime.block_on(async {
        let first = caught(&yard).await?;
        let (second, reached) = raced(&yard).await?;
        ensure(reached < Duration::from_secs(2), || {
            format!("the stop-ship reached the gate in {reached:?}")
        })?;
        let gone = nothing_left(&yard, &first, &second).await?;
        bad_input(&yard).await?;
        remedied(&yard, &first).await?;
        Ok::<_, Failure>(gone)
    })?;
    told(&suite, &["check"])?;
    runtime.block_on(async {
        unsold(&yard, &gone).await?;
        over_the_air(&yard).await
    })?;
    let list = told(&suite, &["recall", "list"])?;
    ensure(list["recalls"].as_array().map_or(0, Vec::len) == 3, || {
        list.to_string()
    })?;
    let shown = told(&suite, &["recall", "show", "RC-B"])?;
    ensure(shown["completion"]["remedied_count"] == 1, || {
        shown.to_string()
    })?;
    let vehicles = told(
        &suite,
        &["recall", "vehicles", "RC-B", "--state", "remedied"],
    )?;
    ensure(
        vehicles["vehicles"].as_array().map_or(0, Vec::len) == 1,
        || vehicles.to_string(),
    )?;
    told(&suite, &["check"])?;
    Ok(())
}

#[test]
fn no_vehicle_leaves_under_a_stop_ship_on_sqlite() -> Result {
    let folder = tempdir()?;
    both(folder.path(), Setup::default())
}

#[test]
fn no_vehicle_leaves_under_a_stop_ship_on_postgresql() -> Result {
    let Some(postgres) = Postgres::start()? else {
        return Ok(());
    };
    let folder = tempdir()?;
    let setup = Setup {
        database: Some(postgres.databases("recalls")?),
        ..Setup::default()
    };
    both(folder.path(), setup)
}

/// RULES 22: the scope is what was built here, and the number stands beside the published one with the reason.
#[test]
fn the_recalls_of_the_su7_stand_beside_the_published_numbers() -> Result {
    let folder = tempdir()?;
    let data = folder.path().join("run");
    let report = Replay::su7(&data).vehicles(100).report()?;
    let built = report.number("/produced/by_variant/STD")?;
    for (at, recall, published) in [(0, "RC-01", 30_931), (1, "RC-02", 116_887)] {
        let told = report.0.pointer(&format!("/recalls/{at}"));
        let told = told.cloned().unwrap_or_default();
        ensure(
            told["recall"] == recall && told["recalled"] == built && told["published"] == published,
            || format!("{built} STD were built, and {told}"),
        )?;
        let why = told["difference"].as_str().unwrap_or_default();
        ensure(why.contains("100 vehicles in all"), || told.to_string())?;
    }
    ensure(
        report.0["recalls"].as_array().map_or(0, Vec::len) == 2,
        || report.0["recalls"].to_string(),
    )
}
