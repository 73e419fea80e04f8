//! Another service as this one sees it: a lazily connected channel that carries deadline, trace and caller.
//!
//! It must not know what is asked. Invariants: connecting never fails, calling does; no call outlives its [`Call`]; a
//! generated client over [`Peer::channel`] is traced and measured like a call that is answered.

mod channel;
mod retry;

use std::{fmt, sync::Arc, time::Duration};

use tonic::{Code, Request, Status, codec::CompressionEncoding, transport::Endpoint};

use crate::{
    call::{Call, Caller},
    error::{Error, reason_of},
    telemetry::{Metrics, Telemetry},
};

pub use channel::Channel;
pub use retry::{Retry, Verdict, classify, retry};

/// The compression that clients accept and servers may use.
pub const GZIP: CompressionEncoding = CompressionEncoding::Gzip;

/// How a service speaks to its peers.
#[derive(Debug, Clone)]
pub struct PeerOptions {
    /// Who it says it is.
    pub caller: Caller,
    /// Where its calls are counted.
    pub metrics: Metrics,
    /// The largest message in bytes that it sends or takes.
    pub message_bytes: usize,
    /// How long a connection may take to be there.
    pub connect_timeout: Duration,
    /// How often a connection is probed while it is used or idle.
    pub keepalive: Duration,
    /// How long a probe may take before the connection counts as dead.
    pub keepalive_timeout: Duration,
}

impl PeerOptions {
    /// The usual options of the service that this telemetry belongs to.
    pub fn new(telemetry: &Telemetry) -> Self {
        Self {
            caller: Caller::service(telemetry.service()),
            metrics: telemetry.metrics().clone(),
            message_bytes: 4 << 20,
            connect_timeout: Duration::from_secs(2),
            keepalive: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

/// A service that is asked; cheap to clone.
#[derive(Clone)]
pub struct Peer {
    name: Arc<str>,
    channel: Channel,
    message_bytes: usize,
}

impl Peer {
    /// A peer at an address such as `http://127.0.0.1:7001`. Nothing is connected before the first call, but it
    /// has to be made on the runtime that will call.
    ///
    /// # Errors
    /// `Invalid` when the address is none.
    pub fn connect(name: &str, uri: &str, options: &PeerOptions) -> Result<Self, Error> {
        let wrong = |why: &dyn fmt::Display| {
            Error::invalid(
                format!("peers.{name}"),
                format!("{uri} is not an address ({why}); give one such as http://127.0.0.1:7001"),
            )
        };
        let endpoint = Endpoint::from_shared(uri.to_owned()).map_err(|error| wrong(&error))?;
        if endpoint.uri().scheme_str() != Some("http") || endpoint.uri().host().is_none() {
            return Err(wrong(&"it begins with http:// and names a host"));
        }
        let endpoint = endpoint
            .connect_timeout(options.connect_timeout)
            .http2_keep_alive_interval(options.keepalive)
            .keep_alive_timeout(options.keepalive_timeout)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .tcp_nodelay(true);
        Ok(Self {
            name: Arc::from(name),
            channel: Channel::new(&endpoint, options),
            message_bytes: options.message_bytes,
        })
    }

    /// The name of the service.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The channel for generated clients; see also [`client!`](crate::client).
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The largest message in bytes.
    pub fn message_bytes(&self) -> usize {
        self.message_bytes
    }

    /// A request that carries what is left of the call's time; the channel adds trace and caller.
    pub fn request<T>(&self, call: &Call, message: T) -> Request<T> {
        request_with(call, message)
    }

    /// What a peer's answer means for a caller of ours: refusals pass through with their reason, faults of the
    /// peer become faults of reaching it.
    pub fn error(&self, status: &Status) -> Error {
        let maybe = classify(status) == Verdict::Unanswered;
        let certainty = |error: Error| if maybe { error.maybe() } else { error };
        let reason = reason_of(status);
        let detail = format!("{:?}: {}", status.code(), status.message());
        match status.code() {
            Code::FailedPrecondition => match reason {
                Some(reason) => Error::refused(reason, status.message()).with("peer", &self.name),
                None => Error::refused("PEER_REFUSED", status.message()).with("peer", &self.name),
            },
            Code::DeadlineExceeded | Code::Cancelled => {
                certainty(Error::late(format!("the answer of {}", self.name)))
            }
            Code::Unavailable | Code::ResourceExhausted | Code::Aborted => {
                certainty(Error::down(self.name.to_string(), detail))
            }
            // What we sent was wrong, or the peer broke: either way no fault of our caller.
            _ if maybe => Error::down(self.name.to_string(), detail).maybe(),
            _ => Error::broken(format!("{} answered {detail}", self.name)),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Peer").field(&self.name).finish()
    }
}

/// A request that carries what is left of the call's time. Endless calls go out without a limit.
pub fn request_with<T>(call: &Call, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if !call.is_endless() {
        request.set_timeout(call.remaining());
    }
    request
}

/// A generated client over a peer with its message limits: `client!(PromiseServiceClient, peer)`.
#[macro_export]
macro_rules! client {
    ($client:ident, $peer:expr) => {{
        let peer: &$crate::peer::Peer = &$peer;
        $client::new(peer.channel())
            .max_decoding_message_size(peer.message_bytes())
            .max_encoding_message_size(peer.message_bytes())
            .accept_compressed($crate::peer::GZIP)
    }};
}
