//! Puts a service together: its database, its routes, its workers, and their end.
//!
//! It must not know any service: a `Definition` says what one is. Invariants: nothing is served before the schema is
//! there; workers stop between two steps; the database is closed last.

mod run;
mod workers;

use std::{collections::BTreeMap, sync::Arc};

pub use run::Running;

use crate::{
    ActiveProgramme, Error, ImportSink, IntentHandler, Invariant, Migration, Reactions, Routes,
    Standing, Store, Table, config::Chassis, peer::Peer,
};

/// What a service is.
#[derive(Clone, Copy)]
pub struct Definition {
    /// The name: procurement, production or delivery.
    pub name: &'static str,
    /// The steps of its schema.
    pub migrations: &'static [Migration],
    /// Its tables with their business columns.
    pub tables: &'static [Table],
    /// The rules that its rows keep.
    pub invariants: &'static [Invariant],
    /// What stands in its books, as sheets that another carmaker's books can be read into.
    pub standing: &'static [Standing],
    /// Its tables that no sheet needs to carry, because they come by other ways.
    pub standing_elsewhere: &'static [&'static str],
    /// The services that it asks.
    pub peers: &'static [&'static str],
    /// The services that it tells its facts.
    pub subscribers: &'static [&'static str],
    /// Subscribers that are told some kinds of facts alone, with the kinds. A subject of such a fact has no facts of other kinds, so that
    /// nobody misses one in between.
    pub narrow: &'static [(&'static str, &'static [&'static str])],
    /// The paths of its streams that live until one side ends them, `/takt.production.v1.ShopFloorService/Report`.
    pub endless: &'static [&'static str],
    /// Makes its parts.
    pub build: fn(Deps) -> Result<Wiring, Error>,
}

/// What the parts of a service stand on.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// What the chassis was told: the limits of servers among it.
    pub chassis: Arc<Chassis>,
    pub(crate) peers: Arc<BTreeMap<&'static str, Peer>>,
    pub(crate) active: ActiveProgramme,
}

impl Deps {
    /// The client of a service that the definition names among its peers.
    ///
    /// # Errors
    /// `Broken` when the definition does not name it.
    pub fn peer(&self, name: &str) -> Result<Peer, Error> {
        self.peers
            .get(name)
            .cloned()
            .ok_or_else(|| Error::broken(format!("{name} is not among the peers of this service")))
    }

    /// A number that changes when another programme becomes visible; 0 while none is.
    pub fn programme_version(&self) -> i64 {
        self.active.version()
    }
}

/// The parts of a service.
pub struct Wiring {
    /// The business services.
    pub routes: Routes,
    /// What to do when facts of others arrive; none for a service that takes no facts.
    pub reactions: Option<Arc<dyn Reactions>>,
    /// What to do with the rows of a programme.
    pub import: Arc<dyn ImportSink>,
    /// What does the work that is owed.
    pub intents: Vec<Arc<dyn IntentHandler>>,
}

/// The steps that the chassis itself needs, before those of a service.
pub fn core_migrations() -> Vec<Migration> {
    vec![
        crate::store::ONCE_MIGRATION,
        crate::facts::MIGRATION,
        crate::intents::MIGRATION,
        crate::import::MIGRATION,
        crate::standing::MIGRATION,
    ]
}

/// The rules that the chassis keeps in every service.
fn core_invariants() -> &'static [Invariant] {
    &[
        Invariant {
            id: "FA-1",
            rule: "the facts of a subject are numbered without gaps, up to the number its row holds",
            checked: "SELECT COUNT(*) FROM fact_subject",
            violated: "SELECT s.subject FROM fact_subject AS s JOIN (SELECT subject, MIN(sequence) AS least, MAX(sequence) AS most, COUNT(*) AS number \
                       FROM fact GROUP BY subject) AS f ON f.subject = s.subject WHERE f.most <> s.sequence OR f.most - f.least + 1 <> f.number LIMIT 20",
        },
        Invariant {
            id: "FA-3",
            rule: "no fact is parked",
            checked: "SELECT COUNT(*) FROM inbox",
            violated: "SELECT subject FROM parked_fact LIMIT 20",
        },
        Invariant {
            id: "IN-1",
            rule: "no work is owed at rest",
            checked: "SELECT COUNT(*) FROM intent",
            violated: "SELECT key FROM intent LIMIT 20",
        },
    ]
}
