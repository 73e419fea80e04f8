//! What centres ask of a handover, the week that follows, and key figures, over gRPC.

use takt_contract::delivery::v1::{
    self as pb, centre_service_client::CentreServiceClient,
    handover_service_client::HandoverServiceClient,
    inspection_service_client::InspectionServiceClient, kpi_service_client::KpiServiceClient,
};
use tonic::Status;
use tonic_types::StatusExt;

use super::{
    centres::{book, built, carried, centre, id, listed, on, ordered, reason, set},
    service::{Service, vin},
};
use crate::programme::sample::date;

/// Hands vehicles over and answers with the reasons of refusals.
async fn handed_over(service: &Service, name: &str, serials: &[u32], day: &str) -> Vec<String> {
    let handovers = serials.iter().map(|serial| pb::Handover {
        vin: vin(*serial),
        handed_over_on: on(day),
    });
    let message = pb::RecordHandoversRequest {
        request_id: id(name),
        handovers: handovers.collect(),
    };
    let mut client = HandoverServiceClient::new(service.channel.clone());
    let answers = client.record_handovers(tokio_stream::once(message)).await;
    let answer = answers
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let refused = answer.refused.into_iter();
    refused.map(|refusal| refusal.reason_code).collect()
}

async fn inspect(
    service: &Service,
    name: &str,
    found: &[(&str, pb::DefectSeverity)],
    mended: &[&str],
) -> Result<pb::RecordInspectionResponse, Status> {
    let defects = found.iter().map(|(code, severity)| pb::InspectionDefect {
        code: (*code).into(),
        severity: (*severity).into(),
        mended_on: None,
    });
    let message = pb::RecordInspectionRequest {
        request_id: id(name),
        vin: vin(1),
        centre_id: "XIAN-1".into(),
        inspected_on: on("2024-04-03"),
        defects: defects.collect(),
        mended_codes: mended.iter().map(|code| (*code).into()).collect(),
    };
    let mut client = InspectionServiceClient::new(service.channel.clone());
    Ok(client.record_inspection(message).await?.into_inner())
}

#[tokio::test]
async fn a_centre_hands_over_what_has_passed_and_no_more_than_its_day() {
    let service = ordered(4).await;
    let demanding = pb::SetCentreRequest {
        inspection_required: true,
        ..centre("c", 2)
    };
    set(&service, demanding).await.unwrap();
    built(&service, 4).await;
    let absent = inspect(&service, "i0", &[], &[]).await.unwrap_err();
    assert_eq!(reason(&absent), "VEHICLE_NOT_AT_CENTRE");
    carried(&service, pb::TransportEventKind::Departed, "2024-03-30").await;
    carried(&service, pb::TransportEventKind::Arrived, "2024-04-02").await;
    book(&service, "b", "O-01", date("2024-04-04"))
        .await
        .unwrap();
    let missing = handed_over(&service, "h1", &[1], "2024-04-04").await;
    assert_eq!(missing, ["INSPECTION_MISSING"]);
    let (major, minor) = (pb::DefectSeverity::Major, pb::DefectSeverity::Minor);
    let found = inspect(
        &service,
        "i1",
        &[("PAINT-03", major), ("TRIM-01", minor)],
        &[],
    )
    .await
    .unwrap();
    assert_eq!(found.open_codes, ["PAINT-03"]);
    let failed = handed_over(&service, "h2", &[1], "2024-04-04").await;
    assert_eq!(failed, ["INSPECTION_NOT_PASSED"]);
    let mended = inspect(&service, "i2", &[], &["PAINT-03"]).await.unwrap();
    assert!(mended.inspection.unwrap().passed);
    assert_eq!(
        handed_over(&service, "h3", &[1], "2024-04-04").await,
        [""; 0]
    );
    let after = inspect(&service, "i3", &[], &[]).await.unwrap_err();
    assert_eq!(reason(&after), "INSPECTION_AFTER_HANDOVER");
    // The centre demands nothing any more: the next one comes without an appointment, and the day of two is full with it.
    set(&service, centre("c2", 2)).await.unwrap();
    let walked_in = handed_over(&service, "h4", &[2, 3], "2024-04-04").await;
    assert_eq!(walked_in, ["CENTRE_FULL"]);
    // An appointment that is taken on another day gives its own place back.
    book(&service, "b3", "O-03", date("2024-04-06"))
        .await
        .unwrap();
    assert_eq!(
        handed_over(&service, "h5", &[3], "2024-04-05").await,
        [""; 0]
    );
    // On a day before the centre works there is no limit, as in a city without one.
    let told: Vec<&str> = service
        .get("O-01")
        .await
        .timeline
        .iter()
        .map(|entry| match entry.event.as_str() {
            "APPOINTED" => "A",
            "INSPECTED" => "I",
            "HANDED_OVER" => "H",
            _ => "",
        })
        .collect();
    assert_eq!(told.concat(), "AIIH");
    let states: Vec<_> = listed(&service, false)
        .await
        .iter()
        .map(pb::Appointment::state)
        .collect();
    use pb::AppointmentState::{Kept, Moved};
    assert_eq!(states, [Kept, Kept, Moved, Kept]);
    let plan = pb::GetCentrePlanRequest {
        centre_id: "XIAN-1".into(),
        week: on("2024-04-05"),
        as_of: on("2024-04-05"),
    };
    let mut client = CentreServiceClient::new(service.channel.clone());
    let plan = client.get_centre_plan(plan).await.unwrap().into_inner();
    let days: Vec<_> = plan
        .days
        .iter()
        .map(|day| {
            (
                day.capacity,
                day.booked,
                day.proposed_count,
                day.backlog_count,
            )
        })
        .collect();
    let expected = [
        (2, 0, 0, 0),
        (2, 0, 0, 1),
        (2, 0, 0, 1),
        (2, 2, 0, 1),
        (2, 1, 1, 0),
        (2, 0, 0, 0),
        (0, 0, 0, 0),
    ];
    assert_eq!(days, expected);
    assert_eq!(
        (
            plan.waiting_count,
            plan.proposals.len(),
            plan.unplaced_count
        ),
        (1, 1, 0)
    );
    assert_eq!(plan.proposals[0].order_id, "O-04");
    assert_eq!(service.broken().await, [""; 0]);
    kpis(&service).await;
    service.stop().await;
}

/// Three handovers on 4, 4 and 5 April of orders locked on 28 March: 7, 7 and 8 days. The first vehicle failed an inspection.
async fn kpis(service: &Service) {
    let mut client = KpiServiceClient::new(service.channel.clone());
    let all = pb::GetDeliveryKpisRequest {
        group_by: pb::KpiGrouping::Month.into(),
        ..pb::GetDeliveryKpisRequest::default()
    };
    let told = client.get_delivery_kpis(all).await.unwrap().into_inner();
    let total = told.total.unwrap();
    assert_eq!(told.groups.len(), 1);
    assert_eq!(
        (
            told.groups[0].key.as_str(),
            told.groups[0].handed_over_count
        ),
        ("2024-04", 3)
    );
    let days = total.order_to_delivery.unwrap();
    assert_eq!(
        (days.mean_millidays, days.median_days, days.p90_days),
        (7_333, 7, 8)
    );
    let stages: Vec<_> = total
        .stages
        .iter()
        .map(|stage| stage.days.unwrap().mean_millidays)
        .collect();
    assert_eq!(stages, [0, 0, 3_000, 2_333]);
    assert_eq!(total.no_failed_inspection_count, 2);
    assert_eq!(total.right_configuration_count, 3);
    assert_eq!(total.no_exception_count, 3);
    assert_eq!(total.no_service_case_count, 3);
    let one = pb::GetDeliveryKpisRequest {
        from_date: on("2024-04-05"),
        city: "Xi'an".into(),
        variant_id: "MAX".into(),
        ..pb::GetDeliveryKpisRequest::default()
    };
    let one = client
        .get_delivery_kpis(one)
        .await
        .unwrap()
        .into_inner()
        .total
        .unwrap();
    assert_eq!(one.handed_over_count, 1);
    let wrong = pb::GetDeliveryKpisRequest {
        from_date: on("2024-04-05"),
        through_date: on("2024-04-04"),
        city: "Atlantis".into(),
        variant_id: "MINI".into(),
        group_by: 99,
    };
    let refused = client.get_delivery_kpis(wrong).await.unwrap_err();
    let fields = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = fields.into_iter().map(|found| found.field).collect();
    assert_eq!(fields, ["through_date", "city", "variant_id", "group_by"]);
}
