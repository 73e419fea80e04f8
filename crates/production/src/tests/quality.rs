//! Quality over the wire: cases, holds on what is built and what will be, decisions, and two people at once.

use futures_util::future::join_all;
use takt_contract::production::v1::{
    Disposition, EightDStep as D, place_hold_request::Scope,
    quality_service_client::QualityServiceClient,
};
use takt_service::error::reason_of;

use super::*;

pub(super) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let refused = answer.expect_err("it must be refused");
    reason_of(&refused).unwrap_or_else(|| refused.to_string())
}

impl Service {
    pub(super) fn quality(&self) -> QualityServiceClient<Channel> {
        QualityServiceClient::new(self.channel.clone())
    }

    async fn case(&self, name: &str) -> pb::NonConformance {
        let request = pb::OpenNonConformanceRequest {
            request_id: id(name),
            title: "runs in the clear coat".to_owned(),
            defect_code: "PAINT-RUN".to_owned(),
            item_id: "PACK".to_owned(),
            operation_id: "PT-1".to_owned(),
            opened_by: "ada".to_owned(),
            opened_on: Some(date_pb(day(1))),
        };
        let opened = self.quality().open_non_conformance(request).await.unwrap();
        opened.into_inner().non_conformance.unwrap()
    }

    async fn step(&self, nc: &str, step: D, n: u32) -> Result<pb::NonConformance, Status> {
        let request = pb::RecordStepRequest {
            request_id: id(&format!("step/{nc}/{step:?}/{n}")),
            nc_id: nc.to_owned(),
            step: step.into(),
            done_by: "ada".to_owned(),
            done_on: Some(date_pb(day(2))),
            text: format!("{step:?} is done"),
            etag: String::new(),
        };
        let done = self.quality().record_step(request).await?.into_inner();
        Ok(done.non_conformance.unwrap())
    }

    async fn hold(&self, nc: &str, name: &str, scope: Scope) -> Result<pb::QualityHold, Status> {
        let request = pb::PlaceHoldRequest {
            request_id: id(name),
            nc_id: nc.to_owned(),
            scope: Some(scope),
            reason: "the gun dripped".to_owned(),
            placed_by: "ada".to_owned(),
            placed_on: Some(date_pb(day(1))),
        };
        Ok(self
            .quality()
            .place_hold(request)
            .await?
            .into_inner()
            .hold
            .unwrap())
    }

    async fn scrap_lot(&self, hold: &str) -> Result<pb::RecordDispositionResponse, Status> {
        let request = pb::RecordDispositionRequest {
            request_id: id(&format!("scrap/{hold}")),
            hold_id: hold.to_owned(),
            lot: true,
            disposition: Disposition::Scrap.into(),
            decided_by: "bob".to_owned(),
            decided_on: Some(date_pb(day(3))),
            note: "cracked".to_owned(),
            ..pb::RecordDispositionRequest::default()
        };
        let done = self.quality().record_disposition(request).await?;
        Ok(done.into_inner())
    }

    async fn hold_of(&self, nc: &str) -> pb::QualityHold {
        let request = pb::GetNonConformanceRequest {
            nc_id: nc.to_owned(),
        };
        let got = self.quality().get_non_conformance(request).await.unwrap();
        got.into_inner().holds.remove(0)
    }

    async fn decide(
        &self,
        hold: &str,
        vins: &[String],
        disposition: Disposition,
        release: bool,
    ) -> Result<pb::RecordDispositionResponse, Status> {
        let request = pb::RecordDispositionRequest {
            request_id: id(&format!("decide/{hold}/{vins:?}/{disposition:?}")),
            hold_id: hold.to_owned(),
            vins: vins.to_vec(),
            lot: false,
            disposition: disposition.into(),
            decided_by: "bob".to_owned(),
            decided_on: Some(date_pb(day(3))),
            note: "polished and seen".to_owned(),
            release,
        };
        Ok(self
            .quality()
            .record_disposition(request)
            .await?
            .into_inner())
    }

    pub(super) async fn release(&self, vin: &str, n: u32) -> Result<(), Status> {
        let request = pb::ReleaseVehicleRequest {
            request_id: id(&format!("release/{vin}/{n}")),
            vin: vin.to_owned(),
            released_on: Some(date_pb(day(3))),
            etag: String::new(),
        };
        let mut client = VehicleServiceClient::new(self.channel.clone());
        client.release_vehicle(request).await.map(|_| ())
    }

    pub(super) async fn states(&self) -> Vec<i32> {
        self.vehicles()
            .await
            .iter()
            .map(|vehicle| vehicle.state)
            .collect()
    }
}

fn vehicles(vins: &[&String]) -> Scope {
    let vins = vins.iter().map(|vin| (*vin).clone()).collect();
    Scope::Vehicles(pb::VinList { vins })
}

fn builds(first: i64, last: i64) -> Scope {
    Scope::Builds(pb::BuildRange {
        first_build_number: first,
        last_build_number: last,
    })
}

#[tokio::test]
async fn a_case_goes_through_its_steps_and_closes_when_nothing_is_held() {
    let (mut service, vins) = Service::dispatched().await;
    let case = service.case("case").await;
    assert_eq!(
        (case.nc_id.as_str(), service.case("case").await),
        ("NC-000001", case.clone())
    );
    let nc = case.nc_id.as_str();
    assert_eq!(
        reason(service.step(nc, D::D1Team, 0).await),
        "NC_STEP_ORDER"
    );
    let hold = service
        .hold(nc, "hold", vehicles(&[&vins[1], &vins[2]]))
        .await
        .unwrap();
    assert_eq!(
        (hold.hold_id.as_str(), hold.held_count, hold.in_force),
        ("QH-000001", 2, true)
    );
    let steps = [
        D::D0Prepare,
        D::D1Team,
        D::D2Problem,
        D::D3Containment,
        D::D4RootCause,
        D::D5CorrectiveAction,
        D::D6Implemented,
        D::D7Prevented,
    ];
    for step in steps {
        service.step(nc, step, 0).await.unwrap();
    }
    assert_eq!(
        reason(service.step(nc, D::D8Closed, 0).await),
        "NC_STILL_HOLDS"
    );
    assert_eq!(service.states().await, [3, 2, 2, 3]);

    // One vehicle is made good and released, one is scrapped and never will be.
    assert_eq!(
        reason(service.release(&vins[1], 0).await),
        "VEHICLE_ON_QUALITY_HOLD"
    );
    let returned = service
        .decide("QH-000001", &[], Disposition::ReturnToSupplier, false)
        .await;
    assert_eq!(reason(returned), "DISPOSITION_NOT_FOR_VEHICLES");
    let other = service
        .decide("QH-000001", &vins[..1], Disposition::Rework, true)
        .await;
    assert_eq!(reason(other), "NOT_ON_HOLD");
    let done = service
        .decide("QH-000001", &vins[1..2], Disposition::Rework, true)
        .await
        .unwrap();
    assert_eq!((done.decided_count, done.released_count), (1, 1));
    let done = service
        .decide("QH-000001", &vins[2..3], Disposition::Scrap, true)
        .await
        .unwrap();
    let hold = done.hold.unwrap();
    assert_eq!(
        (hold.lifted_count, hold.scrapped_count, hold.in_force),
        (1, 1, false)
    );
    assert_eq!(service.states().await, [3, 3, 2, 3]);
    let scrapped = service.release(&vins[2], 1).await.unwrap_err();
    assert!(
        scrapped.message().contains("is never released"),
        "{scrapped}"
    );

    let closed = service.step(nc, D::D8Closed, 1).await.unwrap();
    assert_eq!((closed.state, closed.step), (2, 9));
    assert_eq!(
        reason(service.hold(nc, "late", builds(1, 4)).await),
        "NC_CLOSED"
    );
    let again = pb::ReopenNonConformanceRequest {
        request_id: id("reopen"),
        nc_id: nc.to_owned(),
        step: D::D4RootCause.into(),
        reopened_by: "bob".to_owned(),
        reopened_on: Some(date_pb(day(5))),
        text: "it came back".to_owned(),
        etag: closed.etag,
    };
    let mut quality = service.quality();
    let again = quality
        .reopen_non_conformance(again)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again.non_conformance.unwrap().step, D::D3Containment as i32);
    let told = quality.get_non_conformance(pb::GetNonConformanceRequest {
        nc_id: nc.to_owned(),
    });
    let told = told.await.unwrap().into_inner();
    assert_eq!((told.steps.len(), told.holds.len()), (10, 1));
    assert!(told.steps[9].reopened && told.steps[9].text == "it came back");
    let affected = pb::StreamAffectedVehiclesRequest {
        hold_id: "QH-000001".to_owned(),
    };
    let affected = read(
        quality
            .stream_affected_vehicles(affected)
            .await
            .unwrap()
            .into_inner(),
    )
    .await
    .unwrap();
    let affected: Vec<(i32, i32)> = affected[0]
        .vehicles
        .iter()
        .map(|one| (one.hold_state, one.disposition))
        .collect();
    assert_eq!(affected, [(2, 2), (3, 4)]);

    service.settle().await;
    let facts = service.procurement.with(|state| state.told.clone());
    let words = |wanted: &String| -> Vec<&'static str> {
        let mut mine: Vec<_> = facts
            .iter()
            .filter(|fact| fact.subject == *wanted)
            .collect();
        mine.sort_by_key(|fact| fact.sequence);
        mine.dedup_by_key(|fact| fact.sequence);
        let word = |fact: &&Fact| match fact.body.as_ref().unwrap().kind.as_ref().unwrap() {
            KindOf::VehicleHeld(_) => "held",
            KindOf::VehicleReleased(_) => "released",
            _ => "built",
        };
        mine.iter().map(word).collect()
    };
    assert_eq!(words(&vins[1]), ["built", "held", "released"]);
    assert_eq!(words(&vins[2]), ["built", "held"]);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

use takt_contract::events::v1::fact_body::Kind as KindOf;

#[tokio::test]
async fn a_hold_catches_what_is_built_after_it() {
    let (mut service, vins) = Service::dispatched().await;
    service
        .lock(&[
            (11, "STD", "W19", false),
            (12, "MAX", "W19", false),
            (13, "STD", "W19", false),
            (14, "MAX", "W20", false),
        ])
        .await;
    let case = service.case("case").await;
    let range = service
        .hold(&case.nc_id, "range", builds(4, 6))
        .await
        .unwrap();
    assert_eq!(range.held_count, 1);
    let window = pb::ItemWindow {
        item_id: "AWD".to_owned(),
        from_date: Some(date_pb(day(2))),
        through_date: Some(date_pb(day(9))),
    };
    let window = service
        .hold(&case.nc_id, "window", Scope::Window(window))
        .await
        .unwrap();
    assert_eq!((window.held_count, window.in_force), (0, true));
    service.run_day(a_day(2)).await.unwrap();
    // Builds 5 and 6 are in the range, and the MAX among all four has the drive.
    let all = service.vehicles().await;
    let held = |vehicle: &pb::Vehicle| {
        vehicle.build_number >= 4 && (vehicle.build_number <= 6 || vehicle.variant_id == "MAX")
    };
    assert!(
        all.len() == 8
            && all
                .iter()
                .all(|vehicle| (vehicle.state == 2) == held(vehicle)),
        "{all:?}"
    );
    let mut quality = service.quality();
    let told = quality.get_non_conformance(pb::GetNonConformanceRequest {
        nc_id: case.nc_id.clone(),
    });
    let counts: Vec<i64> = told
        .await
        .unwrap()
        .into_inner()
        .holds
        .iter()
        .map(|hold| hold.held_count)
        .collect();
    assert_eq!(counts, [3, 2]);
    assert_eq!(
        reason(service.release(&all[4].vin, 0).await),
        "VEHICLE_ON_QUALITY_HOLD"
    );

    // The range is let go; what the window holds as well stays.
    let done = service
        .decide(&range.hold_id, &[], Disposition::UseAsIs, true)
        .await
        .unwrap();
    let both = all[4..6]
        .iter()
        .filter(|vehicle| vehicle.variant_id == "MAX")
        .count();
    assert_eq!(
        (done.decided_count, done.released_count),
        (3, 3 - i64::try_from(both).unwrap())
    );
    let ended = service
        .decide(&range.hold_id, &[], Disposition::Repair, false)
        .await;
    assert_eq!(reason(ended), "NOT_ON_HOLD");
    let page = pb::ListNonConformancesRequest {
        vin: all[7].vin.clone(),
        page_size: 1,
        ..Default::default()
    };
    let listed = service
        .quality()
        .list_non_conformances(page)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        listed.non_conformances.len(),
        usize::from(all[7].variant_id == "MAX")
    );
    let missing = service
        .hold(
            &case.nc_id,
            "none",
            vehicles(&[&"1M8GDM9AXKP042788".to_owned()]),
        )
        .await;
    assert_eq!(missing.unwrap_err().code(), tonic::Code::NotFound);
    drop(vins);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn whoever_is_faster_no_held_vehicle_is_released() {
    let (mut service, vins) = Service::dispatched().await;
    for round in 0..6u32 {
        let case = service.case(&format!("case/{round}")).await;
        // Each vehicle stands at the end of the line, for any reason.
        for vin in &vins {
            let request = pb::HoldVehicleRequest {
                request_id: id(&format!("keep/{vin}/{round}")),
                vin: vin.clone(),
                reason: "audit".to_owned(),
                ..Default::default()
            };
            let mut client = VehicleServiceClient::new(service.channel.clone());
            client.hold_vehicle(request).await.unwrap();
        }
        let releases = vins.iter().map(|vin| service.release(vin, round));
        let holds = vins.iter().map(|vin| {
            let (service, nc) = (&service, case.nc_id.clone());
            async move {
                service
                    .hold(&nc, &format!("{nc}/{vin}"), vehicles(&[vin]))
                    .await
            }
        });
        let (released, holds) = tokio::join!(join_all(releases), join_all(holds));
        assert_eq!(service.states().await, [2, 2, 2, 2]);
        for told in released {
            assert!(
                told.is_ok()
                    || ["VEHICLE_ON_QUALITY_HOLD", "STALE"].contains(&reason(told).as_str())
            );
        }
        assert_eq!(service.broken().await, []);
        for hold in holds {
            let hold = hold.unwrap().hold_id;
            service
                .decide(&hold, &[], Disposition::UseAsIs, false)
                .await
                .unwrap();
        }
        for vin in &vins {
            service.release(vin, round + 100).await.unwrap();
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn a_lot_that_is_scrapped_before_procurement_heard_of_it_is_kept_back_all_the_same() {
    let service = Service::imported().await;
    service
        .procurement
        .receive("PACK.CELL.000001", 3_010_000_001, 3);
    service.procurement.with(|state| state.away = true);
    let nc = service.case("cracks").await;
    let scope = Scope::LotId("PACK.CELL.000001".to_owned());
    let hold = service.hold(&nc.nc_id, "lot", scope).await.unwrap();
    let asked = pb::LotHoldState::Asked;
    assert_eq!(hold.lot_state(), asked);
    let decided = service.scrap_lot(&hold.hold_id).await.unwrap();
    assert_eq!(decided.hold.unwrap().lot_state(), asked, "it is still owed");
    let again = pb::RecordDispositionRequest {
        request_id: id("scrap again"),
        hold_id: hold.hold_id.clone(),
        lot: true,
        disposition: Disposition::UseAsIs.into(),
        decided_by: "bob".to_owned(),
        decided_on: Some(date_pb(day(3))),
        note: "no".to_owned(),
        ..pb::RecordDispositionRequest::default()
    };
    let again = service.quality().record_disposition(again).await;
    assert_eq!(reason(again), "NO_LOT_ON_HOLD");
    service.procurement.with(|state| state.away = false);
    for _ in 0..200 {
        if service.hold_of(&nc.nc_id).await.lot_state() != asked {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let state = service.hold_of(&nc.nc_id).await.lot_state();
    assert_eq!(state, pb::LotHoldState::Withdrawn);
    let blocked = service.procurement.with(|state| state.blocked.clone());
    assert!(blocked.contains("PACK.CELL.000001"), "{blocked:?}");
}
