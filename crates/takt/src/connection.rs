//! How the command reaches the three services: their addresses, one channel each, and patience. It must not know
//! what is asked. Invariant: a call is repeated only with the same message, so that its request id makes it safe;
//! an answer that says no is never repeated.
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::failure::{Failure, Outcome};

/// The services, in the order in which questions flow to each other.
pub const SERVICES: [&str; 3] = ["procurement", "production", "delivery"];

/// Where the three services answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The URIs, in the order of `SERVICES`.
    uris: [String; 3],
}

impl Endpoints {
    /// The endpoints of services on these addresses, in the order of `SERVICES`.
    pub fn of_addresses(addresses: [SocketAddr; 3]) -> Self {
        Self {
            uris: addresses.map(|address| format!("http://{address}")),
        }
    }

    /// The URI of a service by its place in `SERVICES`.
    pub fn uri(&self, place: usize) -> &str {
        self.uris.get(place).map_or("", String::as_str)
    }
}

impl FromStr for Endpoints {
    type Err = String;

    /// Reads `procurement=HOST:PORT,production=HOST:PORT,delivery=HOST:PORT` in any order.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut uris: [Option<String>; 3] = [None, None, None];
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (name, address) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} is not SERVICE=ADDRESS"))?;
            let place = SERVICES
                .iter()
                .position(|service| *service == name.trim())
                .ok_or_else(|| {
                    format!(
                        "{name:?} is not a service; they are {}",
                        SERVICES.join(", ")
                    )
                })?;
            let address = address.trim();
            let uri = if address.contains("://") {
                address.to_owned()
            } else {
                format!("http://{address}")
            };
            Endpoint::from_shared(uri.clone())
                .map_err(|error| format!("{address:?} is no address: {error}"))?;
            if let Some(slot) = uris.get_mut(place)
                && slot.replace(uri).is_some()
            {
                return Err(format!("{name} is given twice"));
            }
        }
        match uris {
            [Some(a), Some(b), Some(c)] => Ok(Self { uris: [a, b, c] }),
            _ => Err(format!(
                "give all three: {}",
                SERVICES.map(|name| format!("{name}=HOST:PORT")).join(",")
            )),
        }
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, uri)) in SERVICES.iter().zip(&self.uris).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(out, "{comma}{name}={}", uri.trim_start_matches("http://"))?;
        }
        Ok(())
    }
}

/// One service as the command speaks to it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The service's name, for messages.
    pub name: &'static str,
    /// The channel; a clone is cheap and shares the connection.
    pub channel: Channel,
    patience: Duration,
}

/// The three services.
#[derive(Debug, Clone)]
pub struct Peers {
    /// Suppliers, orders, bought stock.
    pub procurement: Peer,
    /// Plan, line, vehicles.
    pub production: Peer,
    /// Orders, shipments, handovers.
    pub delivery: Peer,
}

impl Peers {
    /// Prepares a channel to each service without connecting yet; `patience` is how long an unreachable service is
    /// waited for.
    pub fn new(endpoints: &Endpoints, patience: Duration) -> Outcome<Self> {
        let peer = |place: usize| -> Outcome<Peer> {
            let name = SERVICES.get(place).copied().unwrap_or_default();
            let endpoint = Endpoint::from_shared(endpoints.uri(place).to_owned())
                .map_err(|error| Failure::usage(format!("{name}: {error}")))?
                .connect_timeout(Duration::from_secs(5))
                .tcp_nodelay(true)
                .initial_connection_window_size(1 << 20)
                .initial_stream_window_size(1 << 20)
                .http2_keep_alive_interval(Duration::from_secs(20))
                .keep_alive_timeout(Duration::from_secs(20));
            Ok(Peer {
                name,
                channel: endpoint.connect_lazy(),
                patience,
            })
        };
        Ok(Self {
            procurement: peer(0)?,
            production: peer(1)?,
            delivery: peer(2)?,
        })
    }

    /// The three in the order of `SERVICES`.
    pub fn all(&self) -> [&Peer; 3] {
        [&self.procurement, &self.production, &self.delivery]
    }

    /// The one with this name.
    pub fn named(&self, name: &str) -> Option<&Peer> {
        self.all().into_iter().find(|peer| peer.name == name)
    }
}

impl Peer {
    /// How long this service is waited for.
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Asks, and asks again while the service cannot be reached, up to the patience. `call` is given the channel. Time
    /// in which the service worked on an answer does not count: it was there.
    pub async fn ask<T, F, C>(&self, what: &str, mut call: C) -> Outcome<T>
    where
        C: FnMut(Channel) -> F,
        F: Future<Output = Result<T, Status>>,
    {
        let mut away_since = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let asked = Instant::now();
            let answer = call(self.channel.clone()).await;
            if asked.elapsed() > WORKED {
                away_since = Instant::now();
            }
            match answer {
                Ok(answer) => return Ok(answer),
                Err(status)
                    if is_passing(&status) && away_since.elapsed() + pause < self.patience =>
                {
                    tracing::debug!(service = self.name, what, code = ?status.code(), "asking again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                Err(status) => return Err(Failure::of_status(self.name, what, &status)),
            }
        }
    }
}

/// Whether the same call may succeed later: the service was away or busy, and did not say no.
pub fn is_passing(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted => true,
        // A connection that breaks in mid-call surfaces as one of these with a transport error behind it.
        Code::Internal | Code::Unknown | Code::Cancelled => {
            std::error::Error::source(status).is_some()
                || status.message().contains("h2 protocol error")
        }
        _ => false,
    }
}

/// A message with a deadline, which travels with it to every service behind.
pub fn within<T>(message: T, deadline: Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(deadline);
    request
}

/// The id of a request or an event: each wish of a person is one of its own.
pub fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Asks a unary question: `ask!(peer, "what", Client.method, message)`; the message is cloned for each try.
macro_rules! ask {
    ($peer:expr, $what:expr, $client:ident . $method:ident, $message:expr) => {
        $crate::connection::ask!(
            $peer,
            $what,
            $client.$method,
            $message,
            $crate::connection::STEP
        )
    };
    ($peer:expr, $what:expr, $client:ident . $method:ident, $message:expr, $deadline:expr) => {{
        let message = $message;
        $peer
            .ask($what, |channel| {
                let request = $crate::connection::within(message.clone(), $deadline);
                async move {
                    let answer = $client::new(channel).$method(request).await?;
                    Ok(answer.into_inner())
                }
            })
            .await
    }};
}
pub(crate) use ask;

/// Reads a paged list to its end: `pages!(peer, "what", Client.method, message, |page| page.items)`; the message has a `page_token`.
macro_rules! pages {
    ($peer:expr, $what:expr, $client:ident . $method:ident, $message:expr, $unpack:expr) => {
        $crate::connection::pages!(
            $peer,
            $what,
            $client.$method,
            $message,
            $unpack,
            $crate::connection::STEP
        )
    };
    ($peer:expr, $what:expr, $client:ident . $method:ident, $message:expr, $unpack:expr, $deadline:expr) => {
        async {
            let (mut message, mut all) = ($message, Vec::new());
            loop {
                let mut page = $crate::connection::ask!(
                    $peer,
                    $what,
                    $client.$method,
                    message.clone(),
                    $deadline
                )?;
                message.page_token = std::mem::take(&mut page.next_page_token);
                all.extend(std::iter::once(page).flat_map($unpack));
                if message.page_token.is_empty() {
                    return $crate::failure::Outcome::Ok(all);
                }
            }
        }
        .await
    };
}
pub(crate) use pages;

/// Reads a server stream as one list: `read!(peer, "what", Client.method, message, |page| page.items)`.
macro_rules! read {
    ($peer:expr, $what:expr, $client:ident . $method:ident, $message:expr, $unpack:expr) => {{
        let message = $message;
        $crate::bulk::read(
            $peer,
            $what,
            |channel| {
                let request =
                    $crate::connection::within(message.clone(), $crate::connection::WHOLE);
                async move {
                    let answer = $client::new(channel).$method(request).await?;
                    Ok(answer.into_inner())
                }
            },
            $unpack,
        )
        .await
    }};
}
pub(crate) use read;

/// A call that ends badly after a longer time was worked on until then.
const WORKED: Duration = Duration::from_secs(6);
/// The deadline of a question that reads or writes a step.
pub const STEP: Duration = Duration::from_secs(120);
/// The deadline of a question that goes through whole tables: digests, checks, exports.
pub const WHOLE: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_in_any_order_and_told_back() {
        let text = "delivery=localhost:3,procurement=127.0.0.1:1, production=http://[::1]:2";
        let endpoints = Endpoints::from_str(text).map_err(|error| error.to_string());
        assert_eq!(
            endpoints.map(|endpoints| endpoints.to_string()).as_deref(),
            Ok("procurement=127.0.0.1:1,production=[::1]:2,delivery=localhost:3")
        );
        for bad in [
            "",
            "delivery=a:1",
            "sales=a:1",
            "delivery",
            "delivery=a:1,delivery=b:2",
        ] {
            assert!(Endpoints::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_service_that_was_away_is_asked_again() {
        assert!(is_passing(&Status::unavailable("gone")));
        assert!(!is_passing(&Status::failed_precondition("no")));
        assert!(!is_passing(&Status::internal("broken")));
    }
}
