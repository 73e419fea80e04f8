//! How a server begins and ends: health, the bound on the drain, and connections that never speak.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test may fail loudly and start what it tests"
)]

mod probe;

use std::time::{Duration, Instant};

use probe::{Running, SAY, WATCH, ask, call, read, stream};
use takt_service::{
    config::{Chassis, Limits},
    serve::{Drain, listen},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const LONG: Duration = Duration::from_secs(10);

async fn health(server: &Running, service: &str) -> Result<i32, Code> {
    let mut client = HealthClient::new(server.peer().channel());
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    match client.check(request).await {
        Ok(answer) => Ok(answer.into_inner().status),
        Err(status) => Err(status.code()),
    }
}

const SERVING: Result<i32, Code> = Ok(1);
const NOT_SERVING: Result<i32, Code> = Ok(2);

#[tokio::test]
async fn nothing_is_serving_before_it_is_ready_nor_while_it_drains() {
    let chassis = Chassis {
        drain_delay: Duration::from_millis(300),
        ..Chassis::default()
    };
    let mut server = Running::start(chassis).await;
    let name = "takt.test.v1.ProbeService";
    assert_eq!(health(&server, "").await, NOT_SERVING);
    assert_eq!(health(&server, name).await, NOT_SERVING);
    assert_eq!(health(&server, "nobody").await, Err(Code::NotFound));
    server.health.set_serving().await;
    assert_eq!(health(&server, "").await, SERVING);
    assert_eq!(health(&server, name).await, SERVING);

    // While others take notice, calls are still answered, on new connections too.
    let peer = server.peer();
    server.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(health(&server, name).await, NOT_SERVING);
    assert_eq!(
        ask(&server.peer(), &call(LONG), SAY, "hello")
            .await
            .unwrap(),
        "hello"
    );
    assert_eq!(
        ask(&peer, &call(LONG), SAY, "hello").await.unwrap(),
        "hello"
    );
    assert_eq!(server.stopped().await, Drain::Clean);
}

#[tokio::test]
async fn calls_in_flight_are_answered_and_watches_are_ended() {
    let server = Running::start(Chassis::default()).await;
    let peer = server.peer();
    let watch = stream(&peer, Request::new("drop".to_owned()), WATCH)
        .await
        .unwrap();
    let in_flight = {
        let peer = peer.clone();
        tokio::spawn(async move { ask(&peer, &call(LONG), SAY, "sleep:300").await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let watch = tokio::spawn(read(watch));
    assert_eq!(server.stopped().await, Drain::Clean);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(in_flight.await.unwrap().unwrap(), "slept");
    let (_, end) = watch.await.unwrap();
    assert_eq!(end.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn the_drain_is_bounded_whatever_a_client_does() {
    let chassis = Chassis {
        drain_timeout: Duration::from_millis(300),
        ..Chassis::default()
    };
    let server = Running::start(chassis).await;
    // One never sends the preface of HTTP/2, one calls for a minute.
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let peer = server.peer();
    let long = tokio::spawn(async move { ask(&peer, &call(LONG), SAY, "sleep:60000").await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    assert_eq!(server.stopped().await, Drain::CutOff);
    assert!(
        began.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        began.elapsed()
    );
    // Both were broken off rather than forgotten.
    assert!(long.await.unwrap().is_err());
    let mut end = [0; 64];
    let closed = tokio::time::timeout(Duration::from_secs(1), silent.read(&mut end));
    assert!(closed.await.is_ok());
}

#[tokio::test]
async fn the_listener_is_closed_when_calls_are_no_longer_taken() {
    let server = Running::start(Chassis::default()).await;
    let address = server.address;
    server.stopped().await;
    assert!(TcpStream::connect(address).await.is_err());
    let (again, bound) = listen(address).await.unwrap();
    assert_eq!(bound, address);
    let error = listen(address).await.unwrap_err();
    assert!(
        error.to_string().contains("cannot listen on 127.0.0.1"),
        "{error}"
    );
    drop(again);
}

#[tokio::test]
async fn connections_are_capped() {
    let chassis = Chassis {
        limits: Limits {
            connections: 2,
            ..Limits::default()
        },
        ..Chassis::default()
    };
    let server = Running::start(chassis).await;
    let first = TcpStream::connect(server.address).await.unwrap();
    let peer = server.peer();
    assert_eq!(
        ask(&peer, &call(LONG), SAY, "hello").await.unwrap(),
        "hello"
    );
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let _may_fail = third.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let mut end = [0; 64];
    let closed = tokio::time::timeout(LONG, third.read(&mut end))
        .await
        .unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    drop(first);
    probe::until(|| async { ask(&server.peer(), &call(LONG), SAY, "hello").await.is_ok() }).await;
    server.stopped().await;
}
