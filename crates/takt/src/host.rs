//! Starts the three services in this process: each on a thread of its own with a current-thread runtime, on
//! loopback. The only place of the command that knows what a service is made of. Invariants: a service that cannot
//! start stops the others; stopping waits until every service has drained and closed its database.
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use takt_service::config::{Chassis, DatabaseUrl, MigrateMode, ServiceConfig};
use takt_service::{Definition, Running};

use crate::connection::{Endpoints, SERVICES};
use crate::failure::{Failure, Outcome};

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
            chassis,
        }
    }
}

/// The three services, running.
pub struct Suite {
    endpoints: Endpoints,
    services: Vec<Running>,
}

/// What each service is made of, in the order of `SERVICES`.
fn definitions() -> [Definition; 3] {
    [
        takt_procurement::definition(),
        takt_production::definition(),
        takt_delivery::definition(),
    ]
}

/// The definition of a service by its name.
pub fn definition_of(name: &str) -> Option<Definition> {
    definitions()
        .into_iter()
        .find(|definition| definition.name == name)
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
            let config = ServiceConfig {
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
                insecure: false,
                chassis: options.chassis.clone(),
            };
            match Running::start(definition, config, listener) {
                Ok(running) => suite.services.push(running),
                Err(error) => {
                    let failure = Failure::broken(error.to_string());
                    return suite.stop().and(Err(failure));
                }
            }
        }
        Ok(suite)
    }

    /// Where they answer.
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Whether a service has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.services.iter().any(Running::has_ended)
    }

    /// Stops the services and waits for them: delivery first, because it asks the others.
    pub fn stop(self) -> Outcome<()> {
        let mut ended = Ok(());
        for service in &self.services {
            service.stop();
        }
        for service in self.services.into_iter().rev() {
            let one = service
                .joined()
                .map_err(|error| Failure::broken(error.to_string()));
            ended = ended.and(one);
        }
        ended
    }
}
