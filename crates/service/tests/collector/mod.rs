//! A collector that keeps what it is sent: OTLP over HTTP by hand, OTLP over gRPC by tonic.

#![allow(dead_code, reason = "no test file uses everything")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::ExportMetricsServiceRequest,
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{HistogramDataPoint, metric::Data},
};
use prost::Message;
use takt_service::telemetry::{LogConfig, OtlpConfig, OtlpProtocol};
use tonic::{Request, Response, Status};

/// One span as it was exported.
#[derive(Debug, Clone)]
pub struct Seen {
    pub service: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub kind: i32,
    pub error: bool,
    pub links: Vec<String>,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
pub struct Collector {
    spans: Arc<Mutex<Vec<Seen>>>,
    histograms: Arc<Mutex<Vec<(String, HistogramDataPoint)>>>,
}

impl Collector {
    /// Listens for OTLP over HTTP.
    pub fn http() -> (Self, LogConfig) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let keeper = collector.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let keeper = keeper.clone();
                thread::spawn(move || keeper.requests(stream));
            }
        });
        (collector, config(address, OtlpProtocol::Http))
    }

    /// Listens for OTLP over gRPC; call it on the runtime that will answer.
    pub async fn grpc() -> (Self, LogConfig) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = TraceServiceServer::new(collector.clone());
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        tokio::spawn(tonic::transport::Server::builder().serve_with_incoming(service, incoming));
        (collector, config(address, OtlpProtocol::Grpc))
    }

    pub fn spans(&self) -> Vec<Seen> {
        self.spans.lock().unwrap().clone()
    }

    pub fn span(&self, service: &str, name: &str, kind: i32) -> Seen {
        let spans = self.spans();
        let mut found = spans
            .iter()
            .filter(|seen| seen.service == service && seen.name == name && seen.kind == kind);
        match (found.next(), found.next()) {
            (Some(one), None) => one.clone(),
            _ => panic!("not exactly one {service} {name} {kind} in {spans:#?}"),
        }
    }

    /// The points of a histogram with their attributes.
    pub fn histogram(&self, name: &str) -> Vec<(BTreeMap<String, String>, u64)> {
        let points = self.histograms.lock().unwrap();
        let named = points.iter().filter(|(found, _)| found == name);
        named
            .map(|(_, point)| (texts(&point.attributes), point.count))
            .collect()
    }

    fn requests(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).unwrap();
                let header = header.trim().to_ascii_lowercase();
                if header.is_empty() {
                    break;
                }
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            match path.as_str() {
                "/v1/traces" => self.keep(ExportTraceServiceRequest::decode(&*body).unwrap()),
                "/v1/metrics" => self.measure(ExportMetricsServiceRequest::decode(&*body).unwrap()),
                other => panic!("{other}"),
            }
            writer
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    }

    fn keep(&self, request: ExportTraceServiceRequest) {
        let mut kept = self.spans.lock().unwrap();
        for resource in request.resource_spans {
            let about = texts(&resource.resource.unwrap().attributes);
            let service = about["service.name"].clone();
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                kept.push(Seen {
                    service: service.clone(),
                    name: span.name,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    kind: span.kind,
                    error: span.status.is_some_and(|status| status.code == 2),
                    links: span.links.iter().map(|link| hex(&link.trace_id)).collect(),
                    attributes: texts(&span.attributes),
                });
            }
        }
    }

    fn measure(&self, request: ExportMetricsServiceRequest) {
        let mut kept = self.histograms.lock().unwrap();
        let scopes = request
            .resource_metrics
            .into_iter()
            .flat_map(|found| found.scope_metrics);
        for metric in scopes.flat_map(|scope| scope.metrics) {
            if let Some(Data::Histogram(histogram)) = metric.data {
                assert_eq!(metric.unit, "s");
                for point in histogram.data_points {
                    kept.push((metric.name.clone(), point));
                }
            }
        }
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.keep(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn config(address: SocketAddr, protocol: OtlpProtocol) -> LogConfig {
    LogConfig {
        otlp: Some(OtlpConfig {
            endpoint: format!("http://{address}"),
            protocol,
        }),
        ..LogConfig::default()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    let pair = |found: &KeyValue| {
        let value = found.value.clone().and_then(|value| value.value);
        (found.key.clone(), text(value))
    };
    attributes.iter().map(pair).collect()
}
