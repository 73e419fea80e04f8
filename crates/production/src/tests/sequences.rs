//! Sequences over the wire: made, frozen, disturbed, watched, called off from and built.

use takt_contract::common::v1::sequence_rule_row::Rule;
use takt_contract::production::v1::sequence_service_client::SequenceServiceClient;
use takt_service::error::reason_of;

use super::*;

/// The small programme with rules, no two MAX in a row and batches of one wheel, and a drive from next door.
fn ruled() -> Vec<Row> {
    let mut all = rows();
    let rules = [
        Rule::Ratio(common::RatioRule {
            option_key: "VAR".into(),
            value: "MAX".into(),
            most: 1,
            span: 2,
            high: true,
        }),
        Rule::PaintBatch(common::PaintBatchRule {
            option_key: "WHEEL".into(),
            most: 4,
        }),
        Rule::Objectives(common::ObjectivesRule {
            objectives: vec!["EP".into(), "RAF".into(), "ENP".into()],
        }),
    ];
    all.extend(rules.into_iter().zip(1..).map(|(rule, rule_number)| {
        Row::SequenceRule(common::SequenceRuleRow {
            rule_number,
            rule: Some(rule),
        })
    }));
    all.push(Row::Agreement(common::AgreementRow {
        item_id: "AWD".into(),
        supplier_id: "DRIVE".into(),
        rank: 1,
        share_millionths: 1_000_000,
        ..Default::default()
    }));
    all.push(Row::Lane(common::LaneRow {
        lane_id: "IN-DRIVE".into(),
        supplier_id: "DRIVE".into(),
        transit_millidays: 500,
        ..Default::default()
    }));
    all
}

/// Twelve orders: six of each variant, wheels in turn.
const ORDERS: [(i64, &str, &str, bool); 12] = [
    (1, "STD", "W19", false),
    (2, "MAX", "W20", false),
    (3, "STD", "W20", false),
    (4, "MAX", "W19", false),
    (5, "STD", "W19", false),
    (6, "MAX", "W20", false),
    (7, "STD", "W20", false),
    (8, "MAX", "W19", false),
    (9, "STD", "W19", false),
    (10, "MAX", "W20", false),
    (11, "STD", "W20", false),
    (12, "MAX", "W19", false),
];

struct Asked {
    client: SequenceServiceClient<Channel>,
}

impl Asked {
    fn of(service: &Service) -> Self {
        Self {
            client: SequenceServiceClient::new(service.channel.clone()),
        }
    }

    fn request(n: i32, name: &str) -> pb::SequenceDayRequest {
        pb::SequenceDayRequest {
            request_id: id(name),
            date: Some(date_pb(day(n))),
            ..Default::default()
        }
    }

    async fn sequence(
        &mut self,
        request: pb::SequenceDayRequest,
    ) -> Result<Vec<pb::SequenceDayResponse>, Status> {
        read(self.client.sequence_day(request).await?.into_inner()).await
    }

    async fn get(&mut self, n: i32) -> Result<pb::GetSequenceResponse, Status> {
        let date = Some(date_pb(day(n)));
        let answer = self.client.get_sequence(pb::GetSequenceRequest { date });
        Ok(answer.await?.into_inner())
    }

    async fn orders(&mut self, n: i32) -> Vec<String> {
        let places = self.get(n).await.unwrap().places;
        places.into_iter().map(|place| place.order_id).collect()
    }

    async fn freeze(&mut self, n: i32, count: i64, etag: &str) -> Result<pb::SequenceDay, Status> {
        let request = pb::FreezeSequenceRequest {
            request_id: id(&format!("freeze/{n}/{count}/{etag}")),
            date: Some(date_pb(day(n))),
            frozen_count: count,
            etag: etag.to_owned(),
        };
        let answer = self.client.freeze_sequence(request).await?.into_inner();
        Ok(answer.day.unwrap())
    }

    fn hold(order_id: &str, place: Option<i32>) -> pb::SequenceHold {
        let reason = match place {
            Some(_) => pb::SequenceHoldReason::LatePart,
            None => pb::SequenceHoldReason::Hold,
        };
        pb::SequenceHold {
            order_id: order_id.to_owned(),
            reason: i32::from(reason),
            not_before_place: place,
        }
    }

    async fn disturb(
        &mut self,
        n: i32,
        name: &str,
        holds: Vec<pb::SequenceHold>,
    ) -> Result<pb::ResequenceResponse, Status> {
        let request = pb::ResequenceRequest {
            request_id: id(name),
            date: Some(date_pb(day(n))),
            holds,
            ..Default::default()
        };
        Ok(self.client.resequence(request).await?.into_inner())
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    reason_of(&answer.unwrap_err()).unwrap_or_default()
}

async fn planned() -> Service {
    let mut service = Service::with_rows(ruled()).await;
    service.lock(&ORDERS).await;
    service.stock();
    service.plan(day(1), 1, false).await.unwrap();
    service
}

#[tokio::test]
async fn a_coming_day_is_sequenced_once_and_built_as_it_stands() {
    let mut service = planned().await;
    let mut asked = Asked::of(&service);
    assert_eq!(
        asked.get(2).await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    let dry = pb::SequenceDayRequest {
        validate_only: true,
        ..Asked::request(2, "dry")
    };
    let dry = asked.sequence(dry).await.unwrap();
    assert_eq!(
        dry.last()
            .map(|told| (told.stage.as_str(), told.places.len())),
        Some(("DONE", 4))
    );
    assert_eq!(
        asked.get(2).await.unwrap_err().code(),
        tonic::Code::NotFound
    );

    let told = asked.sequence(Asked::request(2, "two")).await.unwrap();
    let stages: Vec<&str> = told.iter().map(|told| told.stage.as_str()).collect();
    assert_eq!(
        (stages[0], stages[1], stages[stages.len() - 1]),
        ("LOAD", "SEARCH", "DONE")
    );
    let made = told.last().unwrap().day.clone().unwrap();
    let cost = made.cost.unwrap();
    // STD and MAX take turns, and two wheels can then not be kept apart without a change.
    assert_eq!(
        (made.vehicle_count, cost.high_excess, cost.long_batches),
        (4, 0, 0)
    );
    assert_eq!(made.state, i32::from(pb::SequenceState::Sequenced));
    let again = asked.sequence(Asked::request(2, "two")).await.unwrap();
    assert_eq!(
        again,
        told[told.len() - 1..],
        "the same request has the same answer"
    );
    // Day 2 takes the orders behind those of day 1, and day 1 may be sequenced later.
    let second = asked.orders(2).await;
    let mut sorted = second.clone();
    sorted.sort();
    assert_eq!(sorted, ["SO-5", "SO-6", "SO-7", "SO-8"]);
    let stale = pb::SequenceDayRequest {
        etag: "\"9\"".into(),
        ..Asked::request(2, "stale")
    };
    assert_eq!(
        asked.sequence(stale).await.unwrap_err().code(),
        tonic::Code::Aborted
    );

    service.run_day(a_day(1)).await.unwrap();
    service.run_day(a_day(2)).await.unwrap();
    let built = asked.get(2).await.unwrap();
    let places: Vec<&str> = built
        .places
        .iter()
        .map(|place| place.order_id.as_str())
        .collect();
    assert_eq!(
        places, second,
        "the day was built in the order that was planned"
    );
    assert!(
        built
            .places
            .iter()
            .all(|place| place.frozen && place.vin.len() == 17)
    );
    let day_2 = built.day.unwrap();
    assert_eq!(
        (day_2.state, day_2.etag.as_str()),
        (i32::from(pb::SequenceState::Built), "\"2\"")
    );
    assert_eq!(
        refused(asked.sequence(Asked::request(2, "late")).await),
        "DAY_PASSED"
    );
    assert_eq!(
        refused(asked.sequence(Asked::request(9, "empty")).await),
        "NO_OPEN_ORDERS"
    );
    assert_eq!(
        refused(asked.sequence(Asked::request(99, "never")).await),
        "NOTHING_PLANNED"
    );
    let wrong = pb::SequenceDayRequest {
        moves: -1,
        ..Default::default()
    };
    assert_eq!(
        asked.sequence(wrong).await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );

    let page = |page_size, page_token| pb::ListSequenceDaysRequest {
        page_size,
        page_token,
        ..Default::default()
    };
    let first = asked
        .client
        .list_sequence_days(page(1, String::new()))
        .await
        .unwrap();
    let first = first.into_inner();
    let rest = asked
        .client
        .list_sequence_days(page(1, first.next_page_token))
        .await
        .unwrap();
    let rest = rest.into_inner();
    assert_eq!(
        (first.days[0].date, rest.days[0].date),
        (Some(date_pb(day(1))), Some(date_pb(day(2))))
    );
    assert!(rest.next_page_token.is_empty() && rest.days[0].rules[0].rule == "VAR=MAX 1 of 2");
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn a_disturbance_leaves_what_is_frozen_and_is_built_around() {
    let mut service = planned().await;
    let mut asked = Asked::of(&service);
    assert_eq!(
        asked
            .disturb(1, "none", Vec::new())
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
    asked.sequence(Asked::request(1, "one")).await.unwrap();
    let before = asked.orders(1).await;
    let frozen = asked.freeze(1, 1, "\"1\"").await.unwrap();
    assert_eq!((frozen.frozen_count, frozen.etag.as_str()), (1, "\"2\""));
    assert_eq!(
        asked.freeze(1, 2, "\"1\"").await.unwrap_err().code(),
        tonic::Code::Aborted
    );
    assert_eq!(
        refused(asked.sequence(Asked::request(1, "anew")).await),
        "SEQUENCE_FROZEN"
    );
    let hold = |at: usize, place| vec![Asked::hold(&before[at], place)];
    assert_eq!(
        refused(asked.disturb(1, "first", hold(0, None)).await),
        "ORDER_FROZEN"
    );
    assert_eq!(
        refused(asked.disturb(1, "far", hold(1, Some(9))).await),
        "NO_PLACE_LEFT"
    );
    let unknown = vec![Asked::hold("SO-12", None)];
    assert_eq!(
        refused(asked.disturb(1, "unknown", unknown).await),
        "ORDER_NOT_SEQUENCED"
    );
    let nameless = vec![pb::SequenceHold::default()];
    assert_eq!(
        asked
            .disturb(1, "nameless", nameless)
            .await
            .unwrap_err()
            .code(),
        tonic::Code::InvalidArgument
    );

    let late = asked.disturb(1, "late", hold(1, Some(3))).await.unwrap();
    assert_eq!(
        asked.disturb(1, "late", hold(1, Some(3))).await.unwrap(),
        late
    );
    let after = asked.orders(1).await;
    assert_eq!((&after[0], &after[3]), (&before[0], &before[1]));
    assert_eq!(late.day.unwrap().etag, "\"3\"");
    asked.disturb(1, "out", hold(2, None)).await.unwrap();
    let left = asked.get(1).await.unwrap();
    let day_1 = left.day.unwrap();
    assert_eq!(
        (day_1.vehicle_count, day_1.taken_out_order_ids),
        (3, vec![before[2].clone()])
    );

    // The day builds the next order instead of the one taken out, behind what is frozen.
    let ran = service.run_day(a_day(1)).await.unwrap();
    assert_eq!(ran.cumulative_built_count, 4);
    let built = asked.orders(1).await;
    assert!(!built.contains(&before[2]) && built[0] == before[0]);
    assert!(built.contains(&before[1]) && built.contains(&before[3]));
    assert_eq!(refused(asked.freeze(1, 1, "").await), "SEQUENCE_BUILT");
    assert_eq!(
        refused(asked.disturb(1, "over", Vec::new()).await),
        "SEQUENCE_BUILT"
    );
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn a_watcher_sees_each_change_until_the_day_is_built() {
    let mut service = planned().await;
    let mut asked = Asked::of(&service);
    let date = Some(date_pb(day(1)));
    let mut watch = Asked::of(&service)
        .client
        .watch_sequence(pb::WatchSequenceRequest { date })
        .await
        .unwrap()
        .into_inner();
    asked.sequence(Asked::request(1, "one")).await.unwrap();
    let state = |told: Option<pb::WatchSequenceResponse>| {
        let day = told.and_then(|told| told.day).unwrap();
        (day.state(), day.frozen_count)
    };
    let told = watch.message().await.unwrap();
    assert_eq!(state(told), (pb::SequenceState::Sequenced, 0));
    asked.freeze(1, 99, "").await.unwrap();
    let told = watch.message().await.unwrap();
    assert_eq!(state(told), (pb::SequenceState::Frozen, 4));
    service.run_day(a_day(1)).await.unwrap();
    let told = watch.message().await.unwrap();
    assert_eq!(state(told), (pb::SequenceState::Built, 4));
    assert_eq!(watch.message().await.unwrap(), None);
    service.stop().await;
}

#[tokio::test]
async fn call_offs_follow_the_frozen_sequence() {
    let mut service = planned().await;
    let mut asked = Asked::of(&service);
    for n in [1, 2] {
        asked
            .sequence(Asked::request(n, &format!("sequence/{n}")))
            .await
            .unwrap();
    }
    let stream = |asked: &mut Asked| {
        let mut client = asked.client.clone();
        async move {
            let stream = client
                .stream_call_offs(pb::StreamCallOffsRequest::default())
                .await;
            let pages = read(stream.unwrap().into_inner()).await.unwrap();
            pages
                .into_iter()
                .flat_map(|page| page.call_offs)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(stream(&mut asked).await, [], "nothing is frozen yet");
    asked.freeze(1, 99, "").await.unwrap();
    asked.freeze(2, 3, "").await.unwrap();
    let all = stream(&mut asked).await;
    let (one, two) = (asked.get(1).await.unwrap(), asked.get(2).await.unwrap());
    let places = one.places.iter().map(|place| (1, place));
    let places = places.chain(two.places.iter().take(3).map(|place| (2, place)));
    let max: Vec<(i32, i32, String)> = places
        .filter(|(_, place)| place.variant_id == "MAX")
        .map(|(n, place)| (n, place.place + 1, place.order_id.clone()))
        .collect();
    let told: Vec<(i32, i32, String)> = all
        .iter()
        .map(|one| {
            let n = if one.date == Some(date_pb(day(1))) {
                1
            } else {
                2
            };
            (n, one.sequence_number, one.order_id.clone())
        })
        .collect();
    assert_eq!(told, max);
    assert!(
        all.iter()
            .all(|one| one.item_id == "AWD" && one.supplier_id == "DRIVE" && one.shop_id == "FA")
    );
    assert_eq!(
        (all[0].item_sequence_number, all[1].item_sequence_number),
        (1, 2)
    );
    assert!(
        all.windows(2)
            .all(|pair| pair[0].due_second < pair[1].due_second)
    );

    // Pages of one hold the same, filters leave the numbers.
    let mut paged = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = pb::ListCallOffsRequest {
            item_id: "AWD".into(),
            page_size: 1,
            page_token,
            ..Default::default()
        };
        let page = asked
            .client
            .list_call_offs(request)
            .await
            .unwrap()
            .into_inner();
        paged.extend(page.call_offs);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, all);
    let request = pb::ListCallOffsRequest {
        from_date: Some(date_pb(day(2))),
        to_date: Some(date_pb(day(2))),
        supplier_id: "DRIVE".into(),
        ..Default::default()
    };
    let second = asked
        .client
        .list_call_offs(request)
        .await
        .unwrap()
        .into_inner()
        .call_offs;
    assert_eq!(second, all[2..]);
    let unknown = pb::ListCallOffsRequest {
        item_id: "NONE".into(),
        ..Default::default()
    };
    let missing = asked.client.list_call_offs(unknown).await.unwrap_err();
    assert_eq!(missing.code(), tonic::Code::NotFound);
    service.run_day(a_day(1)).await.unwrap();
    let built = stream(&mut asked).await;
    assert!(built[..2].iter().all(|one| one.vin.len() == 17) && built[2].vin.is_empty());
    service.stop().await;
}
