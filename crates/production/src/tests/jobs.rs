//! Stations that report over the wire: predecessors, repetitions, many streams at once, a service that goes away.

use takt_contract::production::v1::{JobState, StationEventKind as Kind, station_answer::Outcome};

use super::*;

const ORDERS: [(i64, &str, &str, bool); 4] = [
    (1, "STD", "W19", false),
    (2, "MAX", "W20", false),
    (3, "STD", "W19", true),
    (4, "MAX", "W19", false),
];

/// An event by a name that becomes its id.
pub(super) fn event(
    name: &str,
    station: &str,
    subject: &str,
    kind: Kind,
    second: i64,
) -> pb::StationEvent {
    let needs_code = matches!(kind, Kind::Scrap | Kind::Rework);
    pb::StationEvent {
        event_id: id(name),
        station_id: station.to_owned(),
        subject_id: subject.to_owned(),
        kind: kind.into(),
        occurred_at: Some(prost_types::Timestamp {
            seconds: 1_711_600_000 + second,
            nanos: 0,
        }),
        thousandths: 0,
        defect_code: if needs_code {
            "PAINT-RUN".to_owned()
        } else {
            String::new()
        },
        note: if kind == Kind::Hold {
            "torque not seen".to_owned()
        } else {
            String::new()
        },
    }
}

impl Service {
    /// A service whose first day is run and dispatched, and the numbers of its vehicles.
    pub(super) async fn dispatched() -> (Self, Vec<String>) {
        let mut service = Self::imported().await;
        service.lock(&ORDERS).await;
        service.stock();
        service.run_day(a_day(1)).await.unwrap();
        let open = service.dispatch(1).await.unwrap();
        assert_eq!((open.vehicle_count, open.job_count), (4, 12));
        let vins = service
            .vehicles()
            .await
            .into_iter()
            .map(|vehicle| vehicle.vin);
        (service, vins.collect())
    }

    async fn dispatch(&self, n: i32) -> Result<pb::DispatchJobsResponse, Status> {
        let request = pb::DispatchJobsRequest {
            request_id: id(&format!("dispatch/{n}")),
            business_date: Some(date_pb(day(n))),
        };
        let mut client = ShopFloorServiceClient::new(self.channel.clone());
        Ok(client.dispatch_jobs(request).await?.into_inner())
    }

    /// Reports events, so many a message, over one stream.
    pub(super) async fn report(
        &self,
        events: &[pb::StationEvent],
        size: usize,
    ) -> Result<Vec<pb::StationAnswer>, Status> {
        let messages = events.chunks(size).map(|events| pb::ReportRequest {
            events: events.to_vec(),
        });
        let messages = tokio_stream::iter(messages.collect::<Vec<_>>());
        let mut client = ShopFloorServiceClient::new(self.channel.clone());
        let answers = read(client.report(messages).await?.into_inner()).await?;
        Ok(answers
            .into_iter()
            .flat_map(|answer| answer.answers)
            .collect())
    }

    async fn jobs(&self, filter: pb::ListJobsRequest) -> Vec<pb::Job> {
        let mut client = ShopFloorServiceClient::new(self.channel.clone());
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListJobsRequest {
                page_size: 2,
                page_token,
                ..filter.clone()
            };
            let page = client.list_jobs(request).await.unwrap().into_inner();
            all.extend(page.jobs);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }
}

/// The words of answers: the state, or the reason and the state.
pub(super) fn words(answers: &[pb::StationAnswer]) -> Vec<String> {
    let word = |state: i32| {
        let state = JobState::try_from(state).unwrap().as_str_name();
        state.trim_start_matches("JOB_STATE_").to_owned()
    };
    let told = answers
        .iter()
        .map(|answer| match answer.outcome.as_ref().unwrap() {
            Outcome::Reported(told) => word(told.state),
            Outcome::Refused(told) => format!("{} {}", told.reason, word(told.state)),
        });
    told.collect()
}

/// A vehicle's whole way, station after station.
fn way(vin: &str) -> Vec<pb::StationEvent> {
    let stations = (0..).zip(["BW-1/1", "PT-1/1", "FA-1/1"]);
    let steps = stations.flat_map(|(at, station)| {
        [(Kind::Start, at * 2), (Kind::Complete, at * 2 + 1)]
            .map(|(kind, second)| event(&format!("{vin}/{second}"), station, vin, kind, second))
    });
    steps.collect()
}

#[tokio::test]
async fn stations_report_in_order_and_each_event_is_answered() {
    let (mut service, vins) = Service::dispatched().await;
    let vin = vins[0].as_str();
    let said = |name: &str, station, kind, second| event(name, station, vin, kind, second);
    let story = [
        said("a", "PT-1/1", Kind::Start, 0),
        said("b", "BW-1/1", Kind::Complete, 0),
        said("c", "BW-1/1", Kind::Start, 0),
        said("d", "BW-1/1", Kind::Hold, 1),
        said("e", "BW-1/1", Kind::Complete, 2),
        said("f", "BW-1/1", Kind::Release, 3),
        said("g", "BW-1/1", Kind::Complete, 4),
        said("a", "PT-1/1", Kind::Start, 5),
        said("h", "PT-1/1", Kind::Rework, 6),
        said("i", "PT-1/1", Kind::Start, 7),
        said("c", "BW-1/1", Kind::Start, 0),
        said("c", "BW-1/1", Kind::Start, 9),
        said("j", "BW-1/2", Kind::Start, 9),
        event("k", "BW-1/1", "1M8GDM9AXKP042788", Kind::Start, 9),
        pb::StationEvent {
            note: String::new(),
            ..said("l", "PT-1/1", Kind::Hold, 9)
        },
        said("m", "PT-1/1", Kind::Complete, 6),
        said("n", "PT-1/1", Kind::Complete, 9),
    ];
    let answers = service.report(&story, 3).await.unwrap();
    let wanted = [
        "JOB_PREDECESSOR WAITING",
        "JOB_STATE READY",
        "RUNNING",
        "HELD",
        "JOB_STATE HELD",
        "RUNNING",
        "COMPLETED",
        // It was refused before, so its id is still good.
        "RUNNING",
        "SUSPENDED",
        "RUNNING",
        "RUNNING",
        "EVENT_ID_REUSED UNSPECIFIED",
        "STATION_UNKNOWN UNSPECIFIED",
        "JOB_UNKNOWN UNSPECIFIED",
        "INVALID UNSPECIFIED",
        "EVENT_BEFORE_START RUNNING",
        "COMPLETED",
    ];
    assert_eq!(words(&answers), wanted);
    let Some(Outcome::Refused(first)) = &answers[0].outcome else {
        panic!("it must be refused")
    };
    let sentence = format!(
        "job {vin}/PT-1 is WAITING: the operation before it is READY; complete that one first"
    );
    assert_eq!(first.message, sentence);

    // All of it again, in one message: what was written is answered alike, and nothing is written twice.
    let digest = service.digest().await;
    let again = service.report(&story, 500).await.unwrap();
    for (at, (first, second)) in answers.iter().zip(&again).enumerate() {
        let written = matches!(first.outcome, Some(Outcome::Reported(_)));
        assert!(!written || first == second, "{at}: {first:?} {second:?}");
    }
    assert_eq!(service.digest().await, digest);

    let mut client = ShopFloorServiceClient::new(service.channel.clone());
    let job_id = format!("{vin}/PT-1");
    let job = client
        .get_job(pb::GetJobRequest { job_id })
        .await
        .unwrap()
        .into_inner();
    let kinds: Vec<i32> = job.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [1, 4, 1, 2]);
    let job = job.job.unwrap();
    assert_eq!(
        (
            job.rework_count,
            job.sequence,
            job.place,
            job.shop_id.as_str()
        ),
        (1, 4, 2, "PT")
    );
    let missing = pb::GetJobRequest {
        job_id: format!("{vin}/XX-1"),
    };
    let missing = client.get_job(missing).await.unwrap_err();
    assert_eq!(missing.code(), tonic::Code::NotFound);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn jobs_are_dispatched_once_and_listed_by_what_they_are() {
    let (mut service, vins) = Service::dispatched().await;
    let again = service.dispatch(1).await.unwrap();
    assert_eq!(again.job_count, 12);
    let refused = service.dispatch(2).await.unwrap_err();
    assert!(refused.message().contains("run it first"), "{refused}");
    let scrap = event("s", "BW-1/1", &vins[2], Kind::Scrap, 3);
    assert_eq!(
        words(&service.report(&[scrap], 1).await.unwrap()),
        ["ABORTED"]
    );
    let by_state = |state: JobState| pb::ListJobsRequest {
        state: state.into(),
        ..Default::default()
    };
    assert_eq!(service.jobs(by_state(JobState::Aborted)).await.len(), 3);
    let ready = service.jobs(by_state(JobState::Ready)).await;
    assert!(ready.len() == 3 && ready.iter().all(|job| job.operation_id == "BW-1"));
    let mine = pb::ListJobsRequest {
        subject_id: vins[0].clone(),
        business_date: Some(date_pb(day(1))),
        ..Default::default()
    };
    let states: Vec<i32> = service
        .jobs(mine)
        .await
        .iter()
        .map(|job| job.state)
        .collect();
    assert_eq!(states, [2, 1, 1]);
    let there = pb::ListJobsRequest {
        station_id: "PT-1".to_owned(),
        ..Default::default()
    };
    assert_eq!(service.jobs(there.clone()).await.len(), 4);
    let mut client = ShopFloorServiceClient::new(service.channel.clone());
    let nowhere = pb::ListJobsRequest {
        station_id: "PT-9".to_owned(),
        subject_id: "X".to_owned(),
        state: 17,
        ..there
    };
    let refused = client.list_jobs(nowhere).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    assert_eq!(service.broken().await, []);
    service.stop().await;
}

#[tokio::test]
async fn many_streams_and_a_restart_in_the_middle_leave_what_one_would() {
    let (mut service, vins) = Service::dispatched().await;
    let mut watcher = ShopFloorServiceClient::new(service.channel.clone());
    let watch = pb::WatchStationRequest {
        station_id: "FA-1".to_owned(),
        after_position: 0,
    };
    let mut seen = watcher.watch_station(watch).await.unwrap().into_inner();
    let streams = vins.iter().map(|vin| {
        let (channel, events) = (service.channel.clone(), way(vin));
        async move {
            let messages = events.into_iter().map(|event| pb::ReportRequest {
                events: vec![event],
            });
            let messages = tokio_stream::iter(messages.collect::<Vec<_>>());
            let told = ShopFloorServiceClient::new(channel)
                .report(messages)
                .await
                .unwrap();
            read(told.into_inner()).await.unwrap().len()
        }
    });
    let told = futures_util::future::join_all(streams).await;
    assert_eq!(told, [6, 6, 6, 6]);
    let mut watched = 0;
    while watched < 8 {
        watched += seen.message().await.unwrap().unwrap().events.len();
    }
    drop(seen);
    let digest = service.digest().await;

    // The same story, broken off in the middle and sent again from the beginning.
    let (mut other, _) = Service::dispatched().await;
    let half: Vec<_> = vins.iter().flat_map(|vin| way(vin)[..3].to_vec()).collect();
    other.report(&half, 2).await.unwrap();
    other.stop().await;
    other.start().await;
    let whole: Vec<_> = vins.iter().flat_map(|vin| way(vin)).collect();
    let told = words(&other.report(&whole, 5).await.unwrap());
    assert!(
        told.iter()
            .all(|word| word == "RUNNING" || word == "COMPLETED"),
        "{told:?}"
    );
    assert_eq!(other.digest().await, digest);
    assert_eq!(other.broken().await, []);
    other.stop().await;
    service.stop().await;
}
