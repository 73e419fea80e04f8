//! A tiny gRPC service written by hand, which does what its request says: sleep, panic, refuse, stream.
//!
//! Its messages are single strings. It is served by the real server and asked over real connections.

#![allow(dead_code, reason = "no test file uses everything")]

use std::{
    convert::Infallible, future::Future, net::SocketAddr, pin::Pin, task::Context, task::Poll,
    time::Duration,
};

use futures_util::stream::{BoxStream, StreamExt};
use http::uri::PathAndQuery;
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use takt_service::{
    Call, Error, Routes,
    call::Caller,
    config::Chassis,
    health::Health,
    peer::{Peer, PeerOptions},
    serve::{Drain, Server, listen},
    telemetry::{Telemetry, current_traceparent},
};
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};
use tonic::{
    Request, Response, Status, Streaming, body::Body, client::Grpc, codegen::BoxFuture,
    server::NamedService,
};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

pub const SAY: &str = "/takt.test.v1.ProbeService/Say";
pub const DRIP: &str = "/takt.test.v1.ProbeService/Drip";
pub const WATCH: &str = "/takt.test.v1.ProbeService/Watch";
pub const UNKNOWN: &str = "/takt.test.v1.ProbeService/Nothing";

#[derive(Clone, Default)]
pub struct Probe {
    /// Whom `ask` asks.
    pub other: Option<Peer>,
}

impl NamedService for Probe {
    const NAME: &'static str = "takt.test.v1.ProbeService";
}

impl Service<http::Request<Body>> for Probe {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let probe = self.clone();
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default())
                .max_decoding_message_size(4 << 20);
            let path = request.uri().path().to_owned();
            Ok(match path.as_str() {
                SAY => {
                    let say = service_fn(move |request| probe.clone().say(request));
                    grpc.unary(say, request).await
                }
                DRIP | WATCH => grpc.server_streaming(service_fn(drip), request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

impl Probe {
    async fn say(self, request: Request<String>) -> Result<Response<String>, Status> {
        let call = Call::of(&request);
        let text = request.into_inner();
        let (verb, rest) = text.split_once(':').unwrap_or((&text, ""));
        let answer = match verb {
            "sleep" => {
                sleep(Duration::from_millis(rest.parse().unwrap_or_default())).await;
                "slept".to_owned()
            }
            "panic" => panic!("{rest}"),
            "refuse" => return Err(Error::refused("NOT_TODAY", "come back tomorrow").into()),
            "break" => return Err(Error::broken(rest).into()),
            "caller" => call.caller.to_string(),
            "left" => call.remaining().as_millis().to_string(),
            "traceparent" => current_traceparent().unwrap_or_default(),
            "ask" => {
                let other = self
                    .other
                    .ok_or_else(|| Status::internal("nobody to ask"))?;
                return ask(&other, &call, SAY, rest).await.map(Response::new);
            }
            _ => text,
        };
        Ok(Response::new(answer))
    }
}

type Strings = BoxStream<'static, Result<String, Status>>;

async fn drip(request: Request<String>) -> Result<Response<Strings>, Status> {
    let text = request.into_inner();
    let drops = futures_util::stream::unfold(0, move |count| {
        let text = text.clone();
        async move {
            if count > 0 {
                sleep(Duration::from_millis(20)).await;
            }
            match text.as_str() {
                "panic" if count == 2 => panic!("the third drop"),
                "three" if count == 3 => None,
                _ => Some((Ok(format!("{text} {count}")), count + 1)),
            }
        }
    });
    Ok(Response::new(drops.boxed()))
}

/// The descriptor of the probe, as a compiler would have written it.
pub fn descriptors() -> &'static [u8] {
    let method = |name: &str, streams: bool| MethodDescriptorProto {
        name: Some(name.to_owned()),
        input_type: Some(".google.protobuf.StringValue".to_owned()),
        output_type: Some(".google.protobuf.StringValue".to_owned()),
        server_streaming: Some(streams),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("ProbeService".to_owned()),
        method: vec![
            method("Say", false),
            method("Drip", true),
            method("Watch", true),
        ],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("takt/test/v1/probe_service.proto".to_owned()),
        package: Some("takt.test.v1".to_owned()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    let set = FileDescriptorSet { file: vec![file] };
    Box::leak(set.encode_to_vec().into_boxed_slice())
}

/// A server with the probe on a port of its own.
pub struct Running {
    pub address: SocketAddr,
    pub health: Health,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<Drain, Error>>,
}

impl Running {
    pub async fn start(chassis: Chassis) -> Self {
        Self::with(&Telemetry::off("probe"), chassis, Probe::default()).await
    }

    pub async fn with(telemetry: &Telemetry, chassis: Chassis, probe: Probe) -> Self {
        let (listener, address) = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let routes = Routes::new().add_service(probe);
        let server = Server::new(telemetry, &chassis, routes, &[descriptors()], &[WATCH]).await;
        let health = server.health();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _sender_gone = stopped.await;
        };
        Self {
            address,
            health,
            stop: Some(stop),
            ended: tokio::spawn(server.serve(listener, shutdown)),
        }
    }

    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn peer(&self) -> Peer {
        self.peer_of(&Telemetry::off("tester"))
    }

    pub fn peer_of(&self, telemetry: &Telemetry) -> Peer {
        Peer::connect("probe", &self.uri(), &PeerOptions::new(telemetry)).unwrap()
    }

    /// A plain client of another house: it knows nothing of ours.
    pub async fn stranger(&self) -> tonic::transport::Channel {
        let endpoint = tonic::transport::Endpoint::from_shared(self.uri()).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// Begins the drain without waiting for it.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub async fn stopped(mut self) -> Drain {
        self.stop();
        self.ended.await.unwrap().unwrap()
    }
}

pub fn call(timeout: Duration) -> Call {
    Call::new(Caller::person("tester"), timeout)
}

pub async fn ask(
    peer: &Peer,
    call: &Call,
    path: &'static str,
    text: &str,
) -> Result<String, Status> {
    unary(peer.channel(), peer.request(call, text.to_owned()), path).await
}

pub async fn unary<T>(
    channel: T,
    request: Request<String>,
    path: &'static str,
) -> Result<String, Status>
where
    T: tonic::client::GrpcService<Body>,
    T::Error: Into<tonic::codegen::StdError>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    let mut grpc = Grpc::new(channel);
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::from_error(error.into()))?;
    let codec = ProstCodec::<String, String>::default();
    let answer = grpc
        .unary(request, PathAndQuery::from_static(path), codec)
        .await?;
    Ok(answer.into_inner())
}

pub async fn stream(
    peer: &Peer,
    request: Request<String>,
    path: &'static str,
) -> Result<Streaming<String>, Status> {
    let mut grpc = Grpc::new(peer.channel());
    grpc.ready().await?;
    let codec = ProstCodec::<String, String>::default();
    let answer = grpc
        .server_streaming(request, PathAndQuery::from_static(path), codec)
        .await?;
    Ok(answer.into_inner())
}

/// Reads a stream to its end: how many came, and how it ended.
pub async fn read(mut stream: Streaming<String>) -> (usize, Result<(), Status>) {
    let mut count = 0;
    loop {
        match stream.message().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, Ok(())),
            Err(status) => return (count, Err(status)),
        }
    }
}

/// Waits for something that will come to be, at most five seconds.
pub async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let mut left = 500;
    while !Pin::from(Box::new(holds())).await {
        assert!(left > 0, "it never came to be");
        left -= 1;
        sleep(Duration::from_millis(10)).await;
    }
}
