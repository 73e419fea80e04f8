//! Starts the three services in this process: each on a thread of its own with a current-thread runtime, on
//! loopback. The only place of the command that knows what a service is made of. Invariants: a service that cannot
//! start stops the others; stopping waits until every service has drained and closed its database.
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use takt_service::config::{Chassis, DatabaseUrl, MigrateMode, ServiceConfig};
use takt_service::{Definition, Running};

use crate::connection::{Endpoints, Peers, SERVICES};
use crate::failure::{Failure, Outcome};
use crate::health;

/// The databases of the services, one each, in the order of `SERVICES`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Databases {
    urls: [String; 3],
}

impl Databases {
    /// A SQLite file for each service in a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            urls: SERVICES.map(|service| {
                format!(
                    "sqlite:{}",
                    folder.join(format!("{service}.sqlite")).display()
                )
            }),
        }
    }

    /// The databases of a template in which `{service}` stands for the service's name.
    pub fn of_template(template: &str) -> Outcome<Self> {
        if !template.contains("{service}") {
            return Err(Failure::usage(format!(
                "the database url {template:?} has no {{service}} in it"
            ))
            .with_way_out(
                "each service has a database of its own: postgres://takt@localhost/takt_{service}",
            ));
        }
        Ok(Self {
            urls: SERVICES.map(|service| template.replace("{service}", service)),
        })
    }

    /// The url of a service by its place in `SERVICES`.
    pub fn url(&self, place: usize) -> &str {
        self.urls.get(place).map_or("", String::as_str)
    }
}

impl fmt::Display for Databases {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Passwords stay out of what is told.
        let told = self
            .urls
            .iter()
            .map(|url| match (url.find("://"), url.rfind('@')) {
                (Some(from), Some(to)) if from + 3 <= to => {
                    format!("{}{}", &url[..from + 3], &url[to + 1..])
                }
                _ => url.clone(),
            });
        out.write_str(&told.collect::<Vec<_>>().join(", "))
    }
}

/// How to start the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteOptions {
    /// The databases.
    pub databases: Databases,
    /// Where each service listens, in the order of `SERVICES`; port 0 takes a free one.
    pub listen: [SocketAddr; 3],
    /// Whether to bring the schema up to date on PostgreSQL; on SQLite it always is.
    pub migrate: bool,
    /// Whether they may listen beyond loopback without certificates.
    pub insecure: bool,
    /// Logs, limits and times, the same for the three.
    pub chassis: Chassis,
}

impl SuiteOptions {
    /// On free ports of loopback over these databases, for a client in the same process: it says itself what goes on,
    /// so the services only log what is wrong, and when it stops them it has no call in flight that could be waited for.
    pub fn over(databases: Databases) -> Self {
        let mut chassis = Chassis::default();
        chassis.log.filter = "warn,takt_service::serve=error".to_owned();
        chassis.drain_timeout = Duration::from_millis(500);
        Self {
            databases,
            listen: [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); 3],
            migrate: false,
            insecure: false,
            chassis,
        }
    }
}

/// How often a service is looked at while it starts or runs.
const LOOK: Duration = Duration::from_millis(50);

/// Brings the schema of the three databases up to date; answers with the steps that each took.
pub async fn migrate(databases: &Databases) -> Outcome<Vec<(&'static str, Vec<&'static str>)>> {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut all = Vec::new();
    for (place, definition) in definitions().into_iter().enumerate() {
        let options = SuiteOptions::over(databases.clone());
        let config = config(&definition, &options, place, [nowhere; 3]);
        let steps = definition.migrate(&config).await;
        all.push((
            definition.name,
            steps.map_err(|error| Failure::of_error(definition.name, error))?,
        ));
    }
    Ok(all)
}

fn config(
    definition: &Definition,
    options: &SuiteOptions,
    place: usize,
    addresses: [SocketAddr; 3],
) -> ServiceConfig {
    ServiceConfig {
        service: definition.name,
        listen: addresses
            .get(place)
            .copied()
            .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        database: DatabaseUrl::new(options.databases.url(place)),
        migrate: if options.migrate {
            MigrateMode::Always
        } else {
            MigrateMode::Embedded
        },
        peers: SERVICES
            .iter()
            .zip(addresses)
            .map(|(name, at)| ((*name).to_owned(), format!("http://{at}")))
            .collect(),
        insecure: options.insecure,
        chassis: options.chassis.clone(),
    }
}

/// The three services, running.
pub struct Suite {
    endpoints: Endpoints,
    services: Vec<Hosted>,
}

struct Hosted {
    name: &'static str,
    running: Running,
}

/// What each service is made of, in the order of `SERVICES`.
fn definitions() -> [Definition; 3] {
    [
        takt_procurement::definition(),
        takt_production::definition(),
        takt_delivery::definition(),
    ]
}

impl Suite {
    /// Starts the services. They answer as soon as their schema is there; whoever calls earlier waits for the connection.
    pub fn start(options: &SuiteOptions) -> Outcome<Self> {
        let mut listeners = Vec::new();
        for address in options.listen {
            let listener = TcpListener::bind(address).map_err(|error| {
                Failure::refused(format!("cannot listen on {address}: {error}"))
            })?;
            listeners.push(listener);
        }
        let mut addresses = options.listen;
        for (address, listener) in addresses.iter_mut().zip(&listeners) {
            *address = listener
                .local_addr()
                .map_err(|error| Failure::broken(error.to_string()))?;
        }
        let mut suite = Self {
            endpoints: Endpoints::of_addresses(addresses),
            services: Vec::new(),
        };
        for (place, (definition, listener)) in definitions().into_iter().zip(listeners).enumerate()
        {
            let config = config(&definition, options, place, addresses)
                .checked()
                .map_err(|error| Failure::usage(error.to_string()))?;
            match Running::start(definition, config, listener) {
                Ok(running) => suite.services.push(Hosted {
                    name: definition.name,
                    running,
                }),
                Err(error) => {
                    let failure = Failure::of_error(definition.name, error);
                    // What kept it from starting is what a person must hear of.
                    suite.told_to_stop();
                    let _ = suite.joined();
                    return Err(failure);
                }
            }
        }
        Ok(suite)
    }

    /// Where they answer.
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns when a service has ended by itself, which none does that is well.
    pub async fn ended(&self) {
        while !self.has_ended() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until all three serve.
    pub async fn ready(&self, peers: &Peers) -> Outcome<()> {
        let all = async {
            for peer in peers.all() {
                while !health::serving(peer).await.is_ok_and(|serving| serving) {
                    tokio::time::sleep(LOOK).await;
                }
            }
            Ok(())
        };
        tokio::select! {
            ready = all => ready,
            () = self.ended() => Err(Failure::broken("a service has ended before it served")),
        }
    }

    /// Whether a service has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.services
            .iter()
            .any(|service| service.running.has_ended())
    }

    /// Stops the services and waits for them. The caller's runtime goes on meanwhile: its connections have to hear that
    /// the services close them, or each would wait for the whole time of a drain.
    pub async fn stop(self) -> Outcome<()> {
        self.told_to_stop();
        while !self.services.iter().all(|one| one.running.has_ended()) {
            tokio::time::sleep(LOOK).await;
        }
        self.joined()
    }

    fn told_to_stop(&self) {
        for service in &self.services {
            service.running.stop();
        }
    }

    /// Waits for the ends, delivery first, because it asks the others; blocks the thread.
    fn joined(self) -> Outcome<()> {
        let mut ended = Ok(());
        for service in self.services.into_iter().rev() {
            let name = service.name;
            ended = ended.and(
                service
                    .running
                    .joined()
                    .map_err(|error| Failure::of_error(name, error)),
            );
        }
        ended
    }
}
