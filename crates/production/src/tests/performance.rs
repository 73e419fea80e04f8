//! Reports, readings and effectiveness over the wire.

use takt_contract::production::v1::performance_service_client::PerformanceServiceClient;

use super::*;

type Client = PerformanceServiceClient<Channel>;

fn second(n: i32, second: i64) -> i64 {
    i64::from(day(n).epoch_day()) * 86_400 + second
}

fn down(unit: &str, from: i64, until: i64) -> pb::EquipmentState {
    pb::EquipmentState {
        work_unit_id: unit.into(),
        kind: pb::EquipmentStateKind::Down.into(),
        reason: "robot".into(),
        start_second: second(1, from),
        end_second: second(1, until),
    }
}

async fn record(
    client: &mut Client,
    chunks: Vec<Vec<pb::EquipmentState>>,
) -> Result<pb::RecordEquipmentStatesResponse, Status> {
    let chunks: Vec<_> = (0..)
        .zip(chunks)
        .map(|(n, states): (i32, _)| pb::RecordEquipmentStatesRequest {
            request_id: id(&format!("states/{n}")),
            states,
        })
        .collect();
    let answer = client
        .record_equipment_states(tokio_stream::iter(chunks))
        .await?;
    Ok(answer.into_inner())
}

async fn meter(
    client: &mut Client,
    name: &str,
    readings: &[(&str, i64, i64)],
) -> pb::RecordEnergyReadingsResponse {
    let reading = |(unit, start, watt_hours): &(&str, i64, i64)| pb::EnergyReading {
        work_unit_id: (*unit).into(),
        start_second: second(1, *start),
        end_second: second(1, start + 43_200),
        watt_hours: *watt_hours,
    };
    let chunk = pb::RecordEnergyReadingsRequest {
        request_id: id(name),
        readings: readings.iter().map(reading).collect(),
    };
    let answer = client
        .record_energy_readings(tokio_stream::iter([chunk]))
        .await;
    answer.unwrap().into_inner()
}

fn window(n: i32) -> pb::GetOeeRequest {
    pb::GetOeeRequest {
        from_date: Some(date_pb(day(n))),
        through_date: Some(date_pb(day(n))),
    }
}

#[tokio::test]
async fn what_is_reported_once_or_twice_counts_once() {
    let mut service = Service::imported().await;
    let eight: Vec<_> = (1..=8)
        .map(|n| (n, if n % 2 == 0 { "MAX" } else { "STD" }, "W20", false))
        .collect();
    service.lock(&eight).await;
    service.stock();
    for n in 1..=2 {
        assert_eq!(
            service
                .run_day(a_day(n))
                .await
                .unwrap()
                .cumulative_built_count,
            i64::from(4 * n)
        );
    }
    let mut client = Client::new(service.channel.clone());
    let unit = |unit: &str| down(unit, 0, 1_000);
    let kind = pb::EquipmentState {
        kind: 9,
        ..unit("BW")
    };
    let chunks = vec![
        // Two reports of one stop in one shop, one of another programme's shop, one that ends before it begins.
        vec![
            down("FA", 0, 1_000),
            down("FA-1", 500, 1_500),
            unit("ST"),
            down("BW", 10, 10),
        ],
        vec![down("FA", 0, 1_000), kind],
    ];
    let answer = record(&mut client, chunks.clone()).await.unwrap();
    assert_eq!(
        (
            answer.accepted_count,
            answer.known_count,
            answer.refused_count
        ),
        (2, 1, 3)
    );
    let refused: Vec<_> = answer
        .refused
        .iter()
        .map(|row| (row.number, row.field.as_str()))
        .collect();
    assert_eq!(
        refused,
        [(2, "work_unit_id"), (3, "end_second"), (5, "kind")]
    );
    assert_eq!(
        record(&mut client, chunks).await.unwrap(),
        answer,
        "the stream sent again has the same answer"
    );
    let reused = record(&mut client, vec![vec![unit("BW")]])
        .await
        .unwrap_err();
    assert_eq!(reused.code(), tonic::Code::InvalidArgument);

    let kept = meter(
        &mut client,
        "energy",
        &[("BW", 0, 30), ("BW", 43_200, 10), ("BW", 100, 1)],
    )
    .await;
    assert_eq!(
        (kept.accepted_count, kept.known_count, kept.refused_count),
        (2, 0, 1)
    );
    let again = meter(&mut client, "energy 2", &[("BW", 0, 30), ("BW", 0, 31)]).await;
    assert_eq!(
        (again.accepted_count, again.known_count, again.refused_count),
        (0, 1, 1)
    );
    assert_eq!(
        (again.refused[0].number, again.refused[0].field.as_str()),
        (1, "watt_hours")
    );

    let seen = client.get_oee(window(1)).await.unwrap().into_inner();
    let of = |shop: &str| {
        seen.shops
            .iter()
            .find(|one| one.shop_id == shop)
            .unwrap()
            .clone()
    };
    // One shift of 10,000 s, 1,500 s of it lost; four vehicles of 900 s, and every first pass is good.
    let fa = of("FA");
    assert_eq!(
        (fa.planned_busy_millis, fa.down_millis, fa.production_millis),
        (10_000_000, 1_500_000, 8_500_000)
    );
    assert_eq!(
        (fa.availability_millionths, fa.effectiveness_millionths),
        (Some(850_000), Some(423_529))
    );
    assert_eq!(
        (fa.quality_millionths, fa.oee_millionths),
        (Some(1_000_000), Some(360_000))
    );
    let bw = of("BW");
    assert_eq!(
        (bw.availability_millionths, bw.watt_hours_per_vehicle),
        (Some(1_000_000), Some(10))
    );
    assert_eq!(
        (
            bw.metered_watt_hours,
            bw.expected_watt_hours,
            fa.watt_hours_per_vehicle
        ),
        (40, 4, None)
    );
    // Nothing is made in PT by a planned time, so it has no effectiveness.
    assert_eq!(
        (of("PT").oee_millionths, of("BT").produced_count),
        (None, 2)
    );
    let takt = seen.takt.unwrap();
    assert_eq!(
        (takt.wanted_count, takt.built_count, takt.attained_day_count),
        (4, 4, 1)
    );
    assert_eq!(
        (takt.takt_millis, takt.attainment_millionths),
        (Some(2_500_000), Some(1_000_000))
    );

    // BT has a vehicle of 2,000 s for every second one: 4,000 s of 10,000; FA needs 3,600 s of the 8,500 it has.
    let request = pb::GetConstraintRequest {
        from_date: Some(date_pb(day(1))),
        through_date: Some(date_pb(day(1))),
    };
    let tight = client.get_constraint(request).await.unwrap().into_inner();
    assert_eq!(tight.constraint_shop_id, "FA");
    let loads: Vec<_> = tight
        .shops
        .iter()
        .map(|load| (load.operation_id.as_str(), load.demonstrated_capacity))
        .collect();
    assert_eq!(loads, [("BW-1", 11), ("BT-1", 10), ("FA-1", 9)]);
    assert_eq!((tight.calendar_capacity, tight.calendar_binds), (8, true));

    let stream = client
        .stream_energy(pb::StreamEnergyRequest::default())
        .await
        .unwrap();
    let energy: Vec<_> = read(stream.into_inner())
        .await
        .unwrap()
        .into_iter()
        .flat_map(|page| page.energy)
        .collect();
    assert_eq!(energy.len(), 8);
    assert_eq!(
        (energy[0].shop_id.as_str(), energy[0].metered_watt_hours),
        ("BW", 40)
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn effectiveness_is_listed_in_pages() {
    let mut service = Service::imported().await;
    service.lock(&[(1, "STD", "W19", false)]).await;
    service.stock();
    for n in 1..=9 {
        service.run_day(a_day(n)).await.unwrap();
    }
    let mut client = Client::new(service.channel.clone());
    let mut request = pb::ListOeeRequest {
        page_size: 7,
        ..pb::ListOeeRequest::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = client.list_oee(request.clone()).await.unwrap().into_inner();
        rows.extend(page.rows);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let keys: Vec<_> = rows
        .iter()
        .map(|row| (row.from_date, row.shop_id.clone()))
        .collect();
    let wanted: Vec<_> = (1..=9)
        .flat_map(|n| ["BW", "PT", "BT", "FA"].map(|shop| (Some(date_pb(day(n))), shop.to_owned())))
        .collect();
    assert_eq!(keys, wanted);
    assert!(rows.iter().all(|row| row.from_date == row.through_date));
    let by_week = pb::ListOeeRequest {
        shop_id: "FA".into(),
        grain: pb::OeeGrain::Week.into(),
        from_date: Some(date_pb(day(2))),
        page_size: 1,
        ..pb::ListOeeRequest::default()
    };
    let first = client.list_oee(by_week.clone()).await.unwrap().into_inner();
    let next = pb::ListOeeRequest {
        page_token: first.next_page_token.clone(),
        ..by_week.clone()
    };
    let second = client.list_oee(next).await.unwrap().into_inner();
    let days = |page: &pb::ListOeeResponse| -> i64 {
        page.rows
            .iter()
            .map(|row| row.planned_operation_millis / 10_000_000)
            .sum()
    };
    assert_eq!(days(&first) + days(&second), 8);
    assert_eq!(
        (
            first.rows.len(),
            second.rows.len(),
            second.next_page_token.as_str()
        ),
        (1, 1, "")
    );
    for wrong in [
        pb::ListOeeRequest {
            shop_id: "ST".into(),
            ..by_week.clone()
        },
        pb::ListOeeRequest {
            grain: 7,
            ..by_week.clone()
        },
        pb::ListOeeRequest {
            page_token: "x".into(),
            ..by_week.clone()
        },
        pb::ListOeeRequest {
            through_date: Some(date_pb(day(1))),
            ..by_week
        },
    ] {
        assert_eq!(
            client.list_oee(wrong).await.unwrap_err().code(),
            tonic::Code::InvalidArgument
        );
    }
    service.stop().await;
}
