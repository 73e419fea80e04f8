//! One order is one trace, as a real collector sees it: through three databases, with the facts between them and a
//! database write in each, in one process and in three.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fake_opentelemetry_collector::{ExportedSpan, FakeCollectorServer};
use serde_json::Value;
use takt_tests::{
    Failure, Result, ensure,
    process::run,
    replay::{LONG, Replay, Report, takt},
    suite::{Service, Setup, Suite},
};
use tempfile::tempdir;
use tokio::runtime::Runtime;

/// Small: every span is looked at.
const VEHICLES: i64 = 20;

/// A collector that keeps what it is sent. Its own channel is short, so somebody empties it all the time.
struct Collector {
    endpoint: String,
    spans: Arc<Mutex<Vec<ExportedSpan>>>,
}

impl Collector {
    fn start(runtime: &Runtime) -> Result<Self> {
        let server = runtime.block_on(FakeCollectorServer::start());
        let mut server = server.map_err(|error| Failure::new(format!("the collector: {error}")))?;
        let spans = Arc::new(Mutex::new(Vec::new()));
        let (endpoint, kept) = (server.endpoint(), Arc::clone(&spans));
        runtime.spawn(async move {
            loop {
                let new = server.exported_spans(1, Duration::from_millis(2)).await;
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(new);
            }
        });
        Ok(Self { endpoint, spans })
    }

    fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.endpoint.clone()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
        ]
    }

    /// What has come, after those who sent have ended.
    fn spans(&self) -> Vec<ExportedSpan> {
        std::thread::sleep(Duration::from_millis(300));
        self.spans
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A span and who sent it; in one process nobody can tell from a span alone.
type Sent = (Option<Service>, ExportedSpan);

/// The traces of the orders that were handed over: the spans of each.
fn whole_orders(spans: Vec<Sent>) -> Vec<Vec<Sent>> {
    let mut traces: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
    for (service, span) in spans {
        let trace = traces.entry(span.trace_id.clone()).or_default();
        trace.push((service, span));
    }
    let of_orders = traces.into_values().filter(|trace| {
        let has = |name: &str| trace.iter().any(|(_, span)| span.name == name);
        has("order_lock") && has("VehicleHandedOver")
    });
    of_orders.collect()
}

/// The names from the root to a span, `order_lock > OrderLocked > inbox_apply`.
///
/// # Errors
/// When a span's parent is not in the trace: it is an orphan.
fn path(span: &ExportedSpan, trace: &[Sent]) -> Result<String> {
    let mut names = vec![span.name.clone()];
    let mut at = span;
    while !at.parent_span_id.is_empty() {
        let parent = trace
            .iter()
            .find(|(_, other)| other.span_id == at.parent_span_id);
        at = match parent {
            Some((_, parent)) => parent,
            None => {
                let name = names.join(" < ");
                return Err(Failure::new(format!("{name} has no parent in its trace")));
            }
        };
        names.push(at.name.clone());
    }
    names.reverse();
    Ok(names.join(" > "))
}

/// What every order's trace must hold, whoever sent the spans. Answers with its paths, sorted.
fn proved(trace: &[Sent]) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for (_, span) in trace {
        paths.push(path(span, trace)?);
    }
    paths.sort();
    let roots = paths.iter().filter(|path| !path.contains(" > ")).count();
    ensure(roots == 1, || {
        format!("{roots} roots: {}", paths.join("\n"))
    })?;
    let count = |wanted: &str| paths.iter().filter(|path| *path == wanted).count();
    // Delivery locks and tells; production takes the order; both others are told of the vehicle; the yard and the line
    // are told of its way. Under each there is the write that made it stay.
    for (fact, times) in [
        ("OrderLocked", 1),
        ("VehicleBuilt", 2),
        ("VehicleDispatched", 1),
        ("VehicleHandedOver", 1),
    ] {
        for wanted in [
            format!("order_lock > {fact}"),
            format!("order_lock > {fact} > inbox_apply"),
        ] {
            ensure(count(&wanted) == times, || {
                let all = paths.join("\n");
                format!(
                    "{} times {wanted} and not {times} in:\n{all}",
                    count(&wanted)
                )
            })?;
        }
    }
    ensure(count("order_lock > orders_intake") == 1, || {
        format!("delivery wrote nothing: {}", paths.join("\n"))
    })?;
    for (_, span) in trace {
        let is_write = ["inbox_apply", "orders_intake"].contains(&span.name.as_str());
        let is_database = span
            .attributes
            .keys()
            .any(|key| key.starts_with("db.system"));
        ensure(is_write == is_database, || format!("{span:?}"))?;
    }
    Ok(paths)
}

/// Every built order's trace is whole; answers with the shapes they have.
fn shapes(spans: Vec<Sent>, report: &Report) -> Result<BTreeSet<Vec<String>>> {
    let orders = whole_orders(spans);
    let delivered = usize::try_from(report.number("/delivered/total")?)?;
    ensure(orders.len() == delivered && delivered >= 10, || {
        format!("{} traces of {delivered} orders", orders.len())
    })?;
    orders.iter().map(|trace| proved(trace)).collect()
}

/// The timeline of an order while one service after the other ends; answers with its trace.
fn told_by_all(suite: &Suite) -> Result<String> {
    let timeline = || -> Result<Value> {
        let endpoints = suite.endpoints();
        let told = ["orders", "timeline", "SO-0000001", "--output", "json"];
        let mut command = takt(&[&told[..], &["--endpoints", &endpoints]].concat())?;
        Ok(serde_json::from_str(
            &run(&mut command, LONG)?.ok()?.stdout,
        )?)
    };
    let words = |told: &Value| -> Vec<(String, String)> {
        let rows = told["happenings"].as_array().cloned().unwrap_or_default();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        (rows.iter())
            .map(|row| (text(row, "event"), text(row, "source")))
            .collect()
    };
    let whole = timeline()?;
    let told = words(&whole);
    // What has to be there, in this order; shops and parts are several.
    let mut rest = told.iter();
    for (event, source) in [
        ("LOCKED", "delivery"),
        ("PROMISED", "delivery"),
        ("PART_RECEIVED", "procurement"),
        ("PARTS_COMPLETE", "procurement"),
        ("SHOP_LEFT", "production"),
        ("BUILT", "production"),
        ("RELEASED", "production"),
        ("DISPATCHED", "delivery"),
        ("ARRIVED", "delivery"),
        ("HANDED_OVER", "delivery"),
    ] {
        ensure(
            rest.any(|one| *one == (event.to_owned(), source.to_owned())),
            || format!("{event} by {source} is not told behind the others: {told:?}"),
        )?;
    }
    ensure(whole["complete"] == Value::Bool(true), || whole.to_string())?;
    let trace = whole["trace"].as_str().unwrap_or_default().to_owned();
    for event in ["LOCKED", "BUILT", "DISPATCHED", "HANDED_OVER"] {
        let row = |row: &&Value| row["event"] == event;
        let rows = whole["happenings"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let traced = rows.iter().find(row).map(|row| row["trace"] == *trace);
        ensure(traced == Some(true), || {
            format!("{event} is not of the trace {trace}")
        })?;
    }

    // Without procurement only its own word is missing, and who is missing is named.
    suite.stop(Service::Procurement)?;
    let without = timeline()?;
    let left: Vec<_> = told
        .iter()
        .filter(|(_, source)| source != "procurement")
        .cloned()
        .collect();
    ensure(
        words(&without) == left && without["missing"][0]["service"] == "procurement",
        || without.to_string(),
    )?;
    // Without production delivery tells what it heard.
    suite.stop(Service::Production)?;
    let alone = timeline()?;
    let heard = words(&alone);
    ensure(
        heard.contains(&("BUILT".to_owned(), "production".to_owned()))
            && heard.iter().all(|(event, _)| event != "SHOP_LEFT")
            && alone["missing"][0]["service"] == "production"
            && alone["complete"] == Value::Bool(false),
        || alone.to_string(),
    )?;
    suite.stop(Service::Delivery)?;
    Ok(trace)
}

#[test]
fn one_order_is_one_trace_in_one_process_and_in_three() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;

    // In one process: one collector for the three.
    let collector = Collector::start(&runtime)?;
    let place = tempdir()?;
    let mut command = Replay::su7(place.path()).vehicles(VEHICLES).command()?;
    for (name, value) in collector.settings() {
        command.env(name, value);
    }
    let report = Report::of(&run(&mut command, LONG)?.ok()?)?;
    let spans = collector.spans().into_iter().map(|span| (None, span));
    let one = shapes(spans.collect(), &report)?;

    // In three: a collector each, so that every span tells who sent it.
    let collectors = [
        Collector::start(&runtime)?,
        Collector::start(&runtime)?,
        Collector::start(&runtime)?,
    ];
    let mut settings = Vec::new();
    for (service, collector) in Service::ALL.iter().zip(&collectors) {
        settings.extend(
            collector
                .settings()
                .map(|(name, value)| (service.name(), name, value)),
        );
    }
    let (databases, run) = (tempdir()?, tempdir()?);
    let suite = Suite::prepare(databases.path())?.up(Setup {
        settings,
        ..Setup::default()
    })?;
    let report = Replay::su7(run.path())
        .vehicles(VEHICLES)
        .with(&["--endpoints", &suite.endpoints()])
        .report()?;
    let told = told_by_all(&suite)?;
    let mut spans = Vec::new();
    for (service, collector) in Service::ALL.into_iter().zip(&collectors) {
        spans.extend(
            collector
                .spans()
                .into_iter()
                .map(|span| (Some(service), span)),
        );
    }
    for trace in whole_orders(spans.clone()) {
        for service in Service::ALL {
            let writes = trace.iter().filter(|(sender, span)| {
                *sender == Some(service) && span.attributes.contains_key("db.system.name")
            });
            ensure(writes.count() > 0, || {
                format!("{service} has no database write in {trace:#?}")
            })?;
        }
    }
    ensure(
        (whole_orders(spans.clone()).iter().flatten()).any(|(_, span)| span.trace_id == told),
        || format!("the timeline names the trace {told}, which no collector has"),
    )?;
    let three = shapes(spans, &report)?;
    ensure(one == three, || {
        format!("in one process {one:#?}\nin three {three:#?}")
    })
}
