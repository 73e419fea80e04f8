//! Money, learning, forecasts and the course of the ramp over the wire.

use super::*;

fn usd(minor_units: i64) -> Option<common::Money> {
    Some(common::Money {
        currency_code: "USD".into(),
        minor_units,
    })
}

#[tokio::test]
async fn scale_learning_and_never() {
    let mut service = Service::imported().await;
    let mut ramp = RampServiceClient::new(service.channel.clone());
    let ask = |volume_per_month, learning_rate_millionths| pb::GetBreakEvenRequest {
        volume_per_month,
        learning_rate_millionths,
        ..pb::GetBreakEvenRequest::default()
    };
    // The reference mix: material 26, conversion 10, price 100, and 200 + 300 a month: 500 / 64 is 7.8.
    let plain = ramp.get_break_even(ask(0, 0)).await.unwrap().into_inner();
    assert_eq!(
        (plain.month.as_str(), plain.volume_per_month),
        ("2024-01", 3)
    );
    assert_eq!(
        (&plain.material, &plain.contribution),
        (&usd(2_600), &usd(6_400))
    );
    assert_eq!(plain.cost_per_month, usd(50_000));
    let scale = plain.by_scale.unwrap();
    assert_eq!((scale.kind.as_str(), scale.volume_per_month), ("VOLUME", 8));
    assert_eq!(plain.by_learning.unwrap().kind, "INSUFFICIENT_DATA");
    assert!(!plain.missing.is_empty() && plain.assumptions.len() == 3);
    // 8 a shift for thirty days.
    assert_eq!(
        (plain.learning_floor_volume, plain.line_capacity_per_month),
        (7, 240)
    );
    let learned = ramp
        .get_break_even(ask(20, 900_000))
        .await
        .unwrap()
        .into_inner();
    let (alone, both) = (learned.by_learning.unwrap(), learned.by_both.unwrap());
    assert_eq!(
        (alone.kind.as_str(), both.kind.as_str()),
        ("NEVER", "VEHICLE")
    );
    assert!(alone.reason.contains("below nothing"), "{}", alone.reason);
    assert_eq!((both.vehicle_number, both.months), (1, 0));
    let later = pb::GetBreakEvenRequest {
        month: "2024-11".into(),
        ..ask(20, 0)
    };
    let unknown = ramp.get_break_even(later).await.unwrap().into_inner();
    assert_eq!(
        (unknown.status.as_str(), unknown.missing.len()),
        ("INSUFFICIENT_DATA", 2)
    );
    for wrong in [
        ask(-1, 0),
        ask(1, 400_000),
        pb::GetBreakEvenRequest {
            month: "May".into(),
            ..ask(0, 0)
        },
    ] {
        let refused = ramp.get_break_even(wrong).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }
    let request = pb::GetUnitEconomicsRequest {
        volume_per_month: 20,
        energy_price: Some(common::Price {
            currency_code: "USD".into(),
            micros: 100_000,
        }),
        ..pb::GetUnitEconomicsRequest::default()
    };
    assert_eq!(
        ramp.get_unit_economics(request.clone())
            .await
            .unwrap()
            .into_inner()
            .at_volume
            .unwrap()
            .fixed_manufacturing,
        usd(1_000)
    );
    let month = pb::GetUnitEconomicsRequest {
        month: "2024-02".into(),
        ..request
    };
    let told = ramp
        .get_unit_economics(month)
        .await
        .unwrap()
        .into_inner()
        .at_volume
        .unwrap();
    assert_eq!(
        (told.operating_cost, told.result),
        (usd(1_500), usd(10_000 - 2_600 - 1_000 - 2_500))
    );
    // BW, PT and FA take a watt-hour each, BT one for every second vehicle.
    assert_eq!(
        (
            told.energy_watt_hours,
            told.rolled_yield_millionths,
            told.yield_loss
        ),
        (4, 1_000_000, usd(0))
    );
    service.stop().await;
}

#[tokio::test]
async fn a_learning_rate_is_fitted_or_not_known() {
    let mut service = Service::imported().await;
    let mut ramp = RampServiceClient::new(service.channel.clone());
    let mut fit = async |units: &[(i64, i64)]| {
        let observations = units.iter().map(|(unit, cost)| pb::LearningObservation {
            first_unit: *unit,
            last_unit: *unit,
            average_cost_micros: *cost,
        });
        let request = pb::FitLearningCurveRequest {
            form: pb::LearningForm::Unit.into(),
            observations: observations.collect(),
        };
        ramp.fit_learning_curve(request)
            .await
            .map(tonic::Response::into_inner)
    };
    let own = fit(&[]).await.unwrap();
    assert_eq!(
        (own.status.as_str(), own.missing.len(), own.curve),
        ("INSUFFICIENT_DATA", 2, None)
    );
    let two = fit(&[(1, 100), (2, 80)]).await.unwrap();
    assert_eq!(two.status, "INSUFFICIENT_DATA");
    // The book's 80 % curve.
    let found = fit(&[
        (1, 100_000_000),
        (2, 80_000_000),
        (4, 64_000_000),
        (8, 51_200_000),
    ])
    .await
    .unwrap();
    let curve = found.curve.unwrap();
    assert_eq!(
        (curve.rate_millionths, curve.r_squared_millionths),
        (800_000, 1_000_000)
    );
    assert_eq!(
        (curve.first_unit_cost_micros, curve.exponent_millionths),
        (100_000_000, -321_928)
    );
    assert_eq!(
        fit(&[(3, 1), (0, 1), (2, 1)]).await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );
    service.stop().await;
}

#[tokio::test]
async fn a_milestone_counts_its_days_from_every_event() {
    let mut service = Service::imported().await;
    let many: Vec<_> = (1..=40)
        .map(|n| (n, if n % 2 == 0 { "MAX" } else { "STD" }, "W20", false))
        .collect();
    service.lock(&many).await;
    service.stock();
    service.plan(day(0), 1, false).await.unwrap();
    for n in 1..=6 {
        service.run_day(a_day(n)).await.unwrap();
    }
    let mut ramp = RampServiceClient::new(service.channel.clone());
    let ask = |cumulative_count| pb::ForecastMilestoneRequest {
        cumulative_count,
        ..pb::ForecastMilestoneRequest::default()
    };
    let told = ramp.forecast_milestone(ask(10)).await.unwrap().into_inner();
    assert_eq!(
        (told.status.as_str(), told.date, told.built_count),
        ("REACHED", Some(date_pb(day(3))), 24)
    );
    assert_eq!(
        (told.planned_on, told.feasible_on),
        (Some(date_pb(day(3))), Some(date_pb(day(3))))
    );
    let events: Vec<_> = told
        .start_events
        .iter()
        .map(|event| (event.event.as_str(), event.days))
        .collect();
    assert_eq!(
        events,
        [("LAUNCH", 3), ("FIRST_BUILD", 2), ("FIRST_HANDOVER", 1)]
    );
    let open = ramp.forecast_milestone(ask(30)).await.unwrap().into_inner();
    assert_eq!(
        (open.status.as_str(), open.missing.len(), open.date),
        ("INSUFFICIENT_DATA", 1, None)
    );
    for wrong in [
        ask(0),
        pb::ForecastMilestoneRequest { weeks: 2, ..ask(1) },
        pb::ForecastMilestoneRequest {
            confidence_percent: 70,
            ..ask(1)
        },
    ] {
        assert_eq!(
            ramp.forecast_milestone(wrong).await.unwrap_err().code(),
            tonic::Code::InvalidArgument
        );
    }
    let course = ramp
        .compare_ramp(pb::CompareRampRequest::default())
        .await
        .unwrap()
        .into_inner();
    let last = course.weeks.last().unwrap();
    assert_eq!(
        (
            last.date,
            last.wanted_count,
            last.planned_count,
            last.built_count
        ),
        (Some(date_pb(day(6))), 24, 24, 24)
    );
    assert_eq!(
        (
            last.deviation_vehicles,
            last.deviation_millidays,
            course.furthest_behind
        ),
        (0, 0, None)
    );
    // A day without a run falls behind by what it wanted: the eighth day starts a day late.
    service
        .run_day(pb::RunDayRequest {
            shifts: Some(0),
            ..a_day(8)
        })
        .await
        .unwrap();
    let course = ramp
        .compare_ramp(pb::CompareRampRequest::default())
        .await
        .unwrap()
        .into_inner();
    let behind = course.furthest_behind.unwrap();
    assert_eq!(
        (behind.deviation_vehicles, behind.deviation_millidays),
        (-8, -2_000)
    );
    service.stop().await;
}
