//! Starts the three services in this process: each on a thread of its own with a current-thread runtime, on
//! loopback. The only place of the command that knows what a service is made of. Invariants: a service that cannot
//! start stops the others; stopping waits until every service has drained and closed its database.
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

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
            urls: SERVICES.map(|service| format!("sqlite:{}", folder.join(format!("{service}.sqlite")).display())),
        }
    }

    /// The databases of a template in which `{service}` stands for the service's name.
    pub fn of_template(template: &str) -> Outcome<Self> {
        if !template.contains("{service}") {
            return Err(Failure::usage(format!("the database url {template:?} has no {{service}} in it"))
                .with_way_out("each service has a database of its own: postgres://takt@localhost/takt_{service}"));
        }
        Ok(Self { urls: SERVICES.map(|service| template.replace("{service}", service)) })
    }

    /// The url of a service by its place in `SERVICES`.
    pub fn url(&self, place: usize) -> &str {
        self.urls.get(place).map_or("", String::as_str)
    }
}

impl fmt::Display for Databases {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Passwords stay out of what is told.
        let told = self.urls.iter().map(|url| match (url.find("://"), url.rfind('@')) {
            (Some(from), Some(to)) if from + 3 <= to => format!("{}{}", &url[..from + 3], &url[to + 1..]),
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
}

impl SuiteOptions {
    /// On free ports of loopback over these databases.
    pub fn over(databases: Databases) -> Self {
        Self { databases, listen: [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); 3], migrate: false }
    }
}

/// The three services, running.
pub struct Suite {
    endpoints: Endpoints,
}

impl Suite {
    /// Starts the services and returns when all three serve.
    pub fn start(_options: &SuiteOptions) -> Outcome<Self> {
        Err(Failure::broken("the services cannot be hosted yet"))
    }

    /// Where they answer.
    pub const fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Stops the services and waits for them.
    pub fn stop(self) -> Outcome<()> {
        Ok(())
    }
}
