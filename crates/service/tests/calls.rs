//! What a caller sees of the stack: deadlines, panics, limits, errors and who it says it is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test may fail loudly and start what it tests"
)]

mod probe;

use std::time::{Duration, Instant};

use probe::{DRIP, Running, SAY, UNKNOWN, WATCH, ask, call, read, stream, unary};
use takt_service::{
    config::{Chassis, Limits},
    error::reason_of,
    peer::{Verdict, classify, request_with},
};
use tonic::{Code, Request};
use tonic_types::StatusExt;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_slow_call_answers_deadline_exceeded_from_the_server_itself() {
    let server = Running::start(Chassis::default()).await;
    // A client of another house keeps no timer of its own beyond tonic's, so what it hears came over the wire.
    let mut request = Request::new("sleep:5000".to_owned());
    request
        .metadata_mut()
        .insert("grpc-timeout", "120m".parse().unwrap());
    let began = Instant::now();
    let status = unary(server.stranger().await, request, SAY)
        .await
        .unwrap_err();
    assert!(began.elapsed() < Duration::from_millis(500));
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert_eq!(reason_of(&status).as_deref(), Some("LATE"));
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        info.metadata.get("outcome").map(String::as_str),
        Some("maybe")
    );
    server.stopped().await;
}

#[tokio::test]
async fn a_call_without_a_deadline_gets_the_configured_one() {
    let chassis = Chassis {
        deadline: Duration::from_millis(100),
        stream_deadline: Duration::from_millis(150),
        ..Chassis::default()
    };
    let server = Running::start(chassis).await;
    let channel = server.stranger().await;
    let request = Request::new("sleep:5000".to_owned());
    let status = unary(channel, request, SAY).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);

    // The streaming answer is covered as well, and a watch goes on.
    let peer = server.peer();
    let drops = stream(&peer, Request::new("drop".to_owned()), DRIP)
        .await
        .unwrap();
    let (count, end) = read(drops).await;
    assert_eq!(end.unwrap_err().code(), Code::DeadlineExceeded);
    assert!((3..12).contains(&count), "{count}");
    let mut watch = stream(&peer, Request::new("drop".to_owned()), WATCH)
        .await
        .unwrap();
    for _ in 0..20 {
        assert!(watch.message().await.unwrap().is_some());
    }
    drop(watch);
    server.stopped().await;
}

#[tokio::test]
async fn the_deadline_is_passed_on_and_kept_by_the_client_too() {
    let server = Running::start(Chassis::default()).await;
    let peer = server.peer();
    let left: u64 = ask(&peer, &call(Duration::from_secs(3)), SAY, "left")
        .await
        .unwrap()
        .parse()
        .unwrap();
    assert!((2_500..3_000).contains(&left), "{left}");

    // Nobody answers at this address: the client's own timer has to speak.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", silent.local_addr().unwrap());
    let options =
        takt_service::peer::PeerOptions::new(&takt_service::telemetry::Telemetry::off("tester"));
    let peer = takt_service::peer::Peer::connect("silent", &uri, &options).unwrap();
    let status = ask(&peer, &call(Duration::from_millis(150)), SAY, "x")
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert_eq!(classify(&status), Verdict::Unanswered);
    server.stopped().await;
}

#[tokio::test]
async fn a_panic_is_internal_with_a_trace_id_and_the_rest_goes_on() {
    let server = Running::start(Chassis::default()).await;
    let peer = server.peer();
    let status = ask(&peer, &call(LONG), SAY, "panic:secret")
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("quote trace"), "{status}");
    assert!(!format!("{status:?}").contains("secret"));
    assert!(
        status
            .get_details_error_info()
            .unwrap()
            .metadata
            .contains_key("trace_id")
    );

    let drops = stream(&peer, request_with(&call(LONG), "panic".to_owned()), DRIP)
        .await
        .unwrap();
    let (count, end) = read(drops).await;
    assert_eq!((count, end.unwrap_err().code()), (2, Code::Internal));
    assert_eq!(
        ask(&peer, &call(LONG), SAY, "hello").await.unwrap(),
        "hello"
    );
    server.stopped().await;
}

#[tokio::test]
async fn too_many_calls_are_turned_away_while_probes_are_answered() {
    let chassis = Chassis {
        limits: Limits {
            calls: 2,
            watches: 1,
            ..Limits::default()
        },
        ..Chassis::default()
    };
    let server = Running::start(chassis).await;
    let peer = server.peer();
    let mut busy = Vec::new();
    for _ in 0..2 {
        let peer = peer.clone();
        busy.push(tokio::spawn(async move {
            ask(&peer, &call(LONG), SAY, "sleep:400").await
        }));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Another connection does not help: the limit is the server's.
    let other = server.peer();
    let status = ask(&other, &call(LONG), SAY, "hello").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(classify(&status), Verdict::NotDone);
    assert!(
        status
            .get_details_retry_info()
            .unwrap()
            .retry_delay
            .is_some()
    );
    let mut health = tonic_health::pb::health_client::HealthClient::new(peer.channel());
    health
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .unwrap();

    // With patience it goes through.
    let patient = call(LONG);
    let answer = takt_service::peer::retry(&patient, 7, |_| {
        let other = other.clone();
        async move { ask(&other, &call(LONG), SAY, "hello").await }
    });
    assert_eq!(answer.await.unwrap(), "hello");
    for call in busy {
        assert_eq!(call.await.unwrap().unwrap(), "slept");
    }

    // Watches have a limit of their own and leave the room of calls alone.
    let watch = stream(&peer, Request::new("drop".to_owned()), WATCH)
        .await
        .unwrap();
    let second = stream(&peer, Request::new("drop".to_owned()), WATCH)
        .await
        .unwrap_err();
    assert_eq!(second.code(), Code::ResourceExhausted);
    assert_eq!(
        ask(&peer, &call(LONG), SAY, "hello").await.unwrap(),
        "hello"
    );
    drop(watch);
    server.stopped().await;
}

#[tokio::test]
async fn a_call_that_is_given_up_gives_its_place_back() {
    let chassis = Chassis {
        limits: Limits {
            calls: 1,
            ..Limits::default()
        },
        ..Chassis::default()
    };
    let server = Running::start(chassis).await;
    let peer = server.peer();
    let short = call(LONG);
    let given_up = tokio::time::timeout(
        Duration::from_millis(50),
        ask(&peer, &short, SAY, "sleep:60000"),
    );
    assert!(given_up.await.is_err());
    probe::until(|| {
        let peer = peer.clone();
        async move { ask(&peer, &call(LONG), SAY, "hello").await.is_ok() }
    })
    .await;
    server.stopped().await;
}

#[tokio::test]
async fn refusals_and_callers_come_through() {
    let server = Running::start(Chassis::default()).await;
    let peer = server.peer();
    let status = ask(&peer, &call(LONG), SAY, "refuse").await.unwrap_err();
    assert_eq!(reason_of(&status).as_deref(), Some("NOT_TODAY"));
    let error = peer.error(&status);
    assert!(matches!(&error, takt_service::Error::Refused { reason, .. } if reason == "NOT_TODAY"));
    assert_eq!(
        ask(&peer, &call(LONG), SAY, "caller").await.unwrap(),
        "service/tester"
    );
    let stranger = server.stranger().await;
    let mut request = Request::new("caller".to_owned());
    assert_eq!(
        unary(stranger.clone(), request, SAY).await.unwrap(),
        "anonymous"
    );
    request = Request::new("caller".to_owned());
    request
        .metadata_mut()
        .insert("takt-caller", "person/ada".parse().unwrap());
    assert_eq!(unary(stranger, request, SAY).await.unwrap(), "person/ada");
    for path in [UNKNOWN, "/takt.test.v1.NoService/Say", "/nonsense"] {
        let status = ask(&peer, &call(LONG), path, "x").await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let server = Running::start(Chassis::default()).await;
    let status = ask(&server.peer(), &call(LONG), SAY, &"x".repeat(5 << 20))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    server.stopped().await;
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_not_done_and_comes_back() {
    let gone = Running::start(Chassis::default()).await;
    let (address, peer) = (gone.address, gone.peer());
    assert_eq!(
        ask(&peer, &call(LONG), SAY, "hello").await.unwrap(),
        "hello"
    );
    gone.stopped().await;
    let status = ask(&peer, &call(LONG), SAY, "hello").await.unwrap_err();
    assert_ne!(classify(&status), Verdict::Final, "{status:?}");
    assert_eq!(
        classify(&ask(&peer, &call(LONG), SAY, "x").await.unwrap_err()),
        Verdict::NotDone
    );
    assert!(matches!(
        peer.error(&status),
        takt_service::Error::Down { .. }
    ));

    // The same peer finds the next server at the address by itself.
    let (listener, _) = takt_service::serve::listen(address).await.unwrap();
    let routes = takt_service::Routes::new().add_service(probe::Probe::default());
    let telemetry = takt_service::telemetry::Telemetry::off("probe");
    let server =
        takt_service::serve::Server::new(&telemetry, &Chassis::default(), routes, &[], &[]).await;
    let serving = tokio::spawn(server.serve(listener, std::future::pending()));
    let patient = call(LONG);
    let answer = takt_service::peer::retry(&patient, 7, |_| {
        let peer = peer.clone();
        async move { ask(&peer, &call(LONG), SAY, "hello").await }
    });
    assert_eq!(answer.await.unwrap(), "hello");
    serving.abort();
}
