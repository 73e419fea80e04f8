//! One trace through two services with telemetry of their own, as a real collector sees it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test may fail loudly and start what it tests"
)]

mod collector;
mod probe;

use std::{sync::mpsc, thread, time::Duration};

use collector::Collector;
use probe::{Probe, Running, SAY, UNKNOWN, unary};
use takt_service::{
    config::Chassis,
    peer::Peer,
    telemetry::{
        DbSystem, LogConfig, OtlpConfig, OtlpProtocol, Telemetry, carry, current_traceparent,
        db_span, link, names, root_span, span_from_traceparent,
    },
};
use tokio::sync::oneshot;
use tonic::Request;
use tracing::Instrument;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const CONSUMER: i32 = 5;

/// A probe as `takt up` runs services: on a thread of its own, with its own runtime and telemetry.
struct Housed {
    uri: String,
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Housed {
    fn start(name: &'static str, config: LogConfig, asks: Option<String>) -> Self {
        let (bound, uri) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let telemetry = Telemetry::start(name, &config).unwrap();
            let runtime = telemetry.runtime().unwrap();
            runtime.block_on(async move {
                let options = takt_service::peer::PeerOptions::new(&telemetry);
                let other = asks.map(|uri| Peer::connect("other", &uri, &options).unwrap());
                let probe = Probe { other };
                let server = Running::with(&telemetry, Chassis::default(), probe).await;
                bound.send(server.uri()).unwrap();
                let _sender_gone = stopped.await;
                server.stopped().await;
                telemetry.shutdown().await.unwrap();
            });
        });
        Self {
            uri: uri.recv().unwrap(),
            stop,
            thread,
        }
    }

    async fn stopped(self) {
        drop(self.stop);
        // The clients of this runtime have to see the end, so it must not be blocked meanwhile.
        let joined = tokio::task::spawn_blocking(|| self.thread.join());
        joined.await.unwrap().unwrap();
    }
}

async fn say(uri: &str, text: &str, path: &'static str) -> Result<String, tonic::Status> {
    let endpoint = tonic::transport::Endpoint::from_shared(uri.to_owned()).unwrap();
    let mut request = Request::new(text.to_owned());
    request
        .metadata_mut()
        .insert("traceparent", PARENT.parse().unwrap());
    unary(endpoint.connect().await.unwrap(), request, path).await
}

#[tokio::test]
async fn one_call_is_one_trace_through_two_services_of_one_process() {
    let (seen, config) = Collector::http();
    let second = Housed::start("second", config.clone(), None);
    let first = Housed::start("first", config, Some(second.uri.clone()));
    let inner = say(&first.uri, "ask:traceparent", SAY).await.unwrap();
    let refused = say(&first.uri, "refuse", SAY).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert!(say(&second.uri, "break:it", SAY).await.is_err());
    assert!(say(&second.uri, "x", UNKNOWN).await.is_err());
    first.stopped().await;
    second.stopped().await;

    let method = SAY.trim_start_matches('/');
    let spans = seen.spans();
    assert_eq!(spans.len(), 6, "{spans:#?}");
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
    let client = seen.span("takt-first", method, CLIENT);
    let firsts: Vec<_> = spans
        .iter()
        .filter(|span| span.service == "takt-first")
        .collect();
    let outer = firsts.iter().find(|span| span.id == client.parent).unwrap();
    assert_eq!(
        (outer.kind, outer.parent.as_str()),
        (SERVER, "b7ad6b7169203331")
    );
    let answered = spans.iter().find(|span| span.parent == client.id).unwrap();
    assert_eq!(
        (answered.service.as_str(), answered.kind),
        ("takt-second", SERVER)
    );
    // What the handler stores in a row is the span it runs in.
    assert_eq!(inner, format!("00-{TRACE}-{}-01", answered.id));

    for (key, value) in [
        (names::RPC_SYSTEM_NAME, names::GRPC),
        (names::RPC_METHOD, method),
        (names::RPC_RESPONSE_STATUS_CODE, "OK"),
        (names::SERVER_ADDRESS, "127.0.0.1"),
    ] {
        assert_eq!(answered.attributes[key], value);
        assert_eq!(client.attributes[key], value);
    }
    let port = client.attributes[names::SERVER_PORT].clone();
    assert_eq!(answered.attributes[names::SERVER_PORT], port);

    // A refusal is an answer, a fault is an error, a path nobody knows is one method.
    let refusal = firsts
        .iter()
        .find(|span| span.id != outer.id && span.id != client.id)
        .unwrap();
    assert!(!refusal.error);
    assert_eq!(
        refusal.attributes[names::RPC_RESPONSE_STATUS_CODE],
        "FAILED_PRECONDITION"
    );
    let fault = spans
        .iter()
        .find(|span| span.error && span.name == method)
        .unwrap();
    assert_eq!(fault.attributes[names::ERROR_TYPE], "INTERNAL");
    let unknown = seen.span("takt-second", names::OTHER_METHOD, SERVER);
    assert_eq!(unknown.attributes[names::RPC_METHOD_ORIGINAL], UNKNOWN);
    // The exporter's own calls are not traced.
    assert!(
        spans
            .iter()
            .all(|span| span.attributes.contains_key(names::RPC_METHOD))
    );

    let calls = seen.histogram(names::RPC_SERVER_CALL_DURATION);
    let of = |status: &str, name: &str| {
        let matching = calls.iter().filter(|(attributes, _)| {
            attributes[names::RPC_RESPONSE_STATUS_CODE] == status
                && attributes[names::RPC_METHOD] == name
        });
        matching.map(|(_, count)| *count).sum::<u64>()
    };
    assert_eq!(
        (of("OK", method), of("FAILED_PRECONDITION", method)),
        (2, 1),
        "{calls:?}"
    );
    assert_eq!(
        (
            of("INTERNAL", method),
            of("UNIMPLEMENTED", names::OTHER_METHOD)
        ),
        (1, 1)
    );
    let asked = seen.histogram(names::RPC_CLIENT_CALL_DURATION);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].0[names::SERVER_PORT], port);
}

#[tokio::test]
async fn without_a_collector_the_context_still_passes_through() {
    let first = Housed::start("second", LogConfig::default(), None);
    let outer = Housed::start("first", LogConfig::default(), Some(first.uri.clone()));
    assert_eq!(
        say(&outer.uri, "ask:traceparent", SAY).await.unwrap(),
        PARENT
    );
    outer.stopped().await;
    first.stopped().await;
}

#[test]
fn work_behind_a_row_goes_on_with_its_trace_and_links_others() {
    let (seen, config) = Collector::http();
    let telemetry = Telemetry::start("relay", &config).unwrap();
    let runtime = telemetry.runtime().unwrap();
    runtime.block_on(async {
        let batch = root_span("relay batch");
        link(&batch, PARENT);
        link(&batch, "nonsense");
        async {
            let apply = span_from_traceparent("apply OrderLocked", Some(PARENT));
            apply.in_scope(|| assert!(current_traceparent().unwrap().contains(TRACE)));
            let write = db_span("order_intake", DbSystem::Sqlite);
            // A task of its own carries both the span and the context.
            let carried = tokio::spawn(carry(async { current_traceparent() }).instrument(write));
            let carried = carried.await.unwrap().unwrap();
            assert!(!carried.contains(TRACE));
        }
        .instrument(batch)
        .await;
        telemetry.flush().await.unwrap();
    });
    let batch = seen.span("takt-relay", "relay batch", CONSUMER);
    assert_eq!(batch.links, [TRACE]);
    assert_eq!(batch.parent, "");
    let apply = seen.span("takt-relay", "apply OrderLocked", CONSUMER);
    assert_eq!(
        (apply.trace.as_str(), apply.parent.as_str()),
        (TRACE, "b7ad6b7169203331")
    );
    let write = seen.span("takt-relay", "order_intake", CLIENT);
    assert_eq!((write.trace, write.parent), (batch.trace, batch.id));
    assert_eq!(write.attributes[names::DB_SYSTEM_NAME], "sqlite");
    assert_eq!(write.attributes[names::DB_OPERATION_NAME], "order_intake");
}

#[tokio::test]
async fn spans_travel_by_grpc_as_well() {
    let (seen, config) = Collector::grpc().await;
    let service = thread::spawn(move || {
        let telemetry = Telemetry::start("probe", &config).unwrap();
        let runtime = telemetry.runtime().unwrap();
        runtime.block_on(async {
            root_span("work").in_scope(|| ());
            telemetry.shutdown().await
        })
    });
    probe::until(|| async { !seen.spans().is_empty() }).await;
    // The collector answers on this runtime, so the service may only be waited for afterwards.
    tokio::task::spawn_blocking(|| service.join().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.span("takt-probe", "work", CONSUMER).parent, "");
}

#[test]
fn a_collector_that_is_away_delays_the_end_by_a_bound_only() {
    let config = LogConfig {
        otlp: Some(OtlpConfig {
            endpoint: "http://127.0.0.1:9".to_owned(),
            protocol: OtlpProtocol::Http,
        }),
        ..LogConfig::default()
    };
    let telemetry = Telemetry::start("probe", &config).unwrap();
    let runtime = telemetry.runtime().unwrap();
    let began = std::time::Instant::now();
    runtime.block_on(async {
        root_span("work").in_scope(|| ());
        let _away = telemetry.shutdown().await;
    });
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_filter_that_is_none_is_said() {
    let config = LogConfig {
        filter: "takt=loud".to_owned(),
        ..LogConfig::default()
    };
    let error = Telemetry::start("probe", &config).unwrap_err();
    assert!(error.contains("takt=loud"), "{error}");
}
