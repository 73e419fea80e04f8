//! A server from the moment it listens until its last call is answered.
//!
//! It must not know any service: it is given routes and descriptors. Invariants: nothing is SERVING before somebody says
//! that the service is ready; a server that stops says so first, goes on for as long as others need to notice, and then
//! ends within a bound, whatever its clients do; `max_connection_age_grace` is never set, because it cuts calls off.

mod connection;
mod descriptors;
mod reflection;

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic::transport;

use crate::{
    config::Chassis,
    error::{Error, Result},
    health::Health,
    stack::{self, Methods, Routes, StackConfig},
    telemetry::Telemetry,
};

pub use descriptors::Descriptors;

/// What a stream may have in flight before its reader has to take it.
const STREAM_WINDOW: u32 = 512 << 10;
/// The same over all streams of a connection.
const CONNECTION_WINDOW: u32 = 2 << 20;
/// Streams that a client opened and reset before we looked at them: more of them is an attack (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Streams that we reset because of a client's faults.
const LOCAL_RESETS: usize = 256;
/// How often a connection is probed.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long a probe may take.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long connections may take to break once nobody waits for them.
const BREAKING: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drain {
    /// Every call was answered.
    Clean,
    /// The bound was reached and what was left was cut off.
    CutOff,
}

/// Listens on an address and says which one it became: port 0 takes a free port.
///
/// # Errors
/// `Refused` with the address when it is taken or not ours.
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let refused = |error: std::io::Error| {
        Error::refused(
            "CANNOT_LISTEN",
            format!("cannot listen on {address}: {error}"),
        )
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// A server that does not listen yet.
#[derive(Debug)]
pub struct Server {
    telemetry: Telemetry,
    chassis: Chassis,
    routes: Routes,
    methods: Arc<Methods>,
    health: Health,
    draining: CancellationToken,
}

impl Server {
    /// A server of these routes with health and reflection beside them.
    ///
    /// `descriptors` are the compiled sets of the routes; `endless` names the paths of watches, which have no deadline and
    /// end when the server drains, `/takt.events.v1.EventService/Watch`.
    pub async fn new(
        telemetry: &Telemetry,
        chassis: &Chassis,
        routes: Routes,
        descriptors: &[&'static [u8]],
        endless: &[&str],
    ) -> Self {
        let descriptors = Descriptors::new(descriptors);
        let mut watches = vec!["/grpc.health.v1.Health/Watch"];
        watches.extend_from_slice(endless);
        let methods = Arc::new(Methods::new(&descriptors, &watches));
        let health = Health::not_serving(routes.names()).await;
        let routes = routes.add_service(health.service());
        // Reflection lists itself, as the tools expect.
        let mut names = routes.names();
        names.push("grpc.reflection.v1.ServerReflection");
        names.push("grpc.reflection.v1alpha.ServerReflection");
        let reflection = reflection::Reflection::new(names, descriptors);
        let routes = routes
            .add_service(reflection::v1::service(reflection.clone()))
            .add_service(reflection::v1alpha::service(reflection));
        Self {
            telemetry: telemetry.clone(),
            chassis: chassis.clone(),
            routes,
            methods,
            health,
            draining: CancellationToken::new(),
        }
    }

    /// What says whether the server is ready; it is not until told so.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Cancelled when the server begins to drain: watches end, and workers may stop between two steps.
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Serves until `shutdown` resolves, then drains: NOT_SERVING, the delay in which others notice while calls are still
    /// taken, GOAWAY, and at most the drain timeout for what is in flight.
    ///
    /// # Errors
    /// `Broken` when the transport gives up by itself.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<Drain> {
        let limits = &self.chassis.limits;
        let broken = |error: transport::Error| Error::broken(format!("the server broke: {error}"));
        let stopping = CancellationToken::new();
        let breaking = CancellationToken::new();
        let stack = stack::compose(
            StackConfig {
                methods: Arc::clone(&self.methods),
                metrics: self.telemetry.metrics().clone(),
                unary_deadline: self.chassis.deadline,
                stream_deadline: self.chassis.stream_deadline,
                calls: limits.calls,
                watches: limits.watches,
                draining: self.draining.clone(),
            },
            self.routes,
        );
        let incoming = connection::Incoming::new(
            listener,
            limits.connections,
            self.telemetry.metrics().clone(),
            breaking.clone(),
        );
        let mut transport = transport::Server::builder()
            .max_concurrent_streams(limits.streams)
            .http2_max_header_list_size(limits.header_bytes)
            .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
            .http2_max_local_error_reset_streams(Some(LOCAL_RESETS))
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        if let Some(age) = self.chassis.connection_age {
            transport = transport.max_connection_age(age);
        }
        let stopped = stopping.clone().cancelled_owned();
        let mut serving = pin!(transport.serve_with_incoming_shutdown(stack, incoming, stopped));

        tokio::select! {
            ended = &mut serving => {
                ended.map_err(broken)?;
                return Err(Error::broken("the server ended before it was told to"));
            }
            () = shutdown => {}
        }

        tracing::info!("draining: no longer serving");
        self.health.set_not_serving().await;
        if let Ok(ended) = timeout(self.chassis.drain_delay, &mut serving).await {
            ended.map_err(broken)?;
            return Err(Error::broken("the server ended before it was told to"));
        }
        self.draining.cancel();
        stopping.cancel();
        if let Ok(ended) = timeout(self.chassis.drain_timeout, &mut serving).await {
            ended.map_err(broken)?;
            tracing::info!("drained");
            return Ok(Drain::Clean);
        }
        breaking.cancel();
        // Connections hear of it at once; one that does not has no task left that could hear.
        let _broken_off = timeout(BREAKING, &mut serving).await;
        tracing::warn!(after = ?self.chassis.drain_timeout, "drained with calls cut off");
        Ok(Drain::CutOff)
    }
}

/// A generated server with the limits of the chassis: `server!(OrderServiceServer, handler, chassis)`.
#[macro_export]
macro_rules! server {
    ($server:ident, $handler:expr, $chassis:expr) => {{
        let chassis: &$crate::config::Chassis = &$chassis;
        let server = $server::new($handler)
            .max_decoding_message_size(chassis.limits.message_bytes)
            .max_encoding_message_size(chassis.limits.message_bytes)
            .accept_compressed($crate::peer::GZIP);
        if chassis.compress {
            server.send_compressed($crate::peer::GZIP)
        } else {
            server
        }
    }};
}
