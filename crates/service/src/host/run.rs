//! Runs a service from its configuration to its end.
//!
//! It must not know any service. Invariants: nothing is SERVING before the schema is there; a service ends in the order
//! calls, workers, database, telemetry.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use takt_contract::{
    FILE_DESCRIPTOR_SET,
    common::v1::{
        admin_service_server::AdminServiceServer, programme_service_server::ProgrammeServiceServer,
        standing_service_server::StandingServiceServer,
    },
    events::v1::{
        event_service_server::EventServiceServer, inbox_service_server::InboxServiceServer,
    },
};
use takt_kernel::Clock;
use tokio::net::TcpListener;
use tonic::Status;

use super::{
    Definition, Deps, core_invariants, core_migrations,
    workers::{Workers, leases_inherited},
};
use crate::{
    ActiveProgramme, Call, Error, Migration, Retention, Routes, Store, StoreOptions,
    admin::AdminRpc,
    config::{MigrateMode, ServiceConfig},
    facts::{EventRpc, InboxRpc},
    import::ImportRpc,
    peer::{Peer, PeerOptions},
    serve::Server,
    server,
    standing::StandingRpc,
    telemetry::Telemetry,
};

/// The chassis' own methods that stay open until the caller or the service goes; a service names its own.
const ENDLESS: &[&str] = &["/takt.events.v1.EventService/Watch"];

impl Definition {
    /// All steps of the schema, the chassis' own first.
    pub fn all_migrations(&self) -> Vec<Migration> {
        let mut all = core_migrations();
        all.extend_from_slice(self.migrations);
        all
    }

    /// Serves until `shutdown` resolves, then drains and ends.
    ///
    /// # Errors
    /// What kept it from starting, or what broke it.
    pub async fn run(
        &self,
        config: &ServiceConfig,
        telemetry: &Telemetry,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let store = self.opened(config).await?;
        let ended = self
            .served(config, telemetry, &store, listener, shutdown)
            .await;
        store.close().await;
        ended
    }

    /// Brings the schema up to date and says which steps that took.
    ///
    /// # Errors
    /// What the database said.
    pub async fn migrate(&self, config: &ServiceConfig) -> Result<Vec<&'static str>, Error> {
        let store =
            Store::open(&StoreOptions::new(config.database.reveal()), Clock::System).await?;
        let applied = store.migrate(&self.all_migrations()).await;
        store.close().await;
        applied
    }

    async fn opened(&self, config: &ServiceConfig) -> Result<Store, Error> {
        let options = StoreOptions::new(config.database.reveal());
        let store = Store::open(&options, Clock::System).await?;
        let embedded = config.database.is_embedded();
        let migrate = match config.migrate {
            MigrateMode::Always => true,
            MigrateMode::Embedded => embedded,
            MigrateMode::Never => false,
        };
        let migrations = self.all_migrations();
        if migrate {
            let applied = store.migrate(&migrations).await?;
            if !applied.is_empty() {
                tracing::info!(
                    service = self.name,
                    steps = applied.len(),
                    "schema brought up to date"
                );
            }
            return Ok(store);
        }
        match store.migrations_pending(&migrations).await?.first() {
            None => Ok(store),
            Some(step) => Err(Error::refused(
                "SCHEMA_BEHIND",
                format!(
                    "the database of {} lacks the step {step}; run `takt migrate` or start with --migrate",
                    self.name
                ),
            )),
        }
    }

    async fn served(
        &self,
        config: &ServiceConfig,
        telemetry: &Telemetry,
        store: &Store,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let deps = Deps {
            store: store.clone(),
            chassis: Arc::new(config.chassis.clone()),
            peers: Arc::new(self.connected(config, telemetry)?),
            active: ActiveProgramme::default(),
        };
        deps.active
            .refresh(store, &Call::background("start", Duration::from_secs(30)))
            .await?;
        leases_inherited(store).await?;
        let wiring = (self.build)(deps.clone())?;
        let event = EventRpc {
            store: store.clone(),
            source: self.name,
            subscribers: self.subscribers,
            reactions: wiring.reactions.clone(),
        };
        let invariants = core_invariants().iter().chain(self.invariants);
        let admin = AdminRpc {
            store: store.clone(),
            service: self.name,
            tables: self.tables,
            invariants: invariants.copied().collect(),
        };
        let standing = StandingRpc {
            store: store.clone(),
            sheets: self.standing,
            tables: self.tables,
            elsewhere: self.standing_elsewhere,
            invariants: self.invariants.to_vec(),
            active: deps.active.clone(),
        };
        let import = ImportRpc {
            store: store.clone(),
            sink: wiring.import,
            active: deps.active.clone(),
        };
        // What sheets there are is told before a programme is there; rows are booked only behind it.
        let mut routes = behind_gate(wiring.routes, &deps)
            .add_service(server!(EventServiceServer, event, deps.chassis))
            .add_service(server!(AdminServiceServer, admin, deps.chassis))
            .add_service(server!(StandingServiceServer, standing, deps.chassis))
            .add_service(server!(ProgrammeServiceServer, import, deps.chassis));
        if let Some(reactions) = wiring.reactions {
            let inbox = InboxRpc {
                store: store.clone(),
                reactions,
            };
            routes = routes.add_service(server!(InboxServiceServer, inbox, deps.chassis));
        }
        let endless = [ENDLESS, self.endless].concat();
        let server = Server::new(
            telemetry,
            &config.chassis,
            routes,
            &[FILE_DESCRIPTOR_SET],
            &endless,
        )
        .await;
        let retention = Retention {
            facts: config.chassis.fact_retention,
            answers: config.chassis.answer_retention,
        };
        let workers = Workers::start(self, &deps, wiring.intents, retention)?;
        server.health().set_serving().await;
        let served = server.serve(listener, shutdown).await;
        workers.stopped().await;
        served.map(|_| ())
    }

    /// The peers that the service asks, and those that it tells its facts.
    fn connected(
        &self,
        config: &ServiceConfig,
        telemetry: &Telemetry,
    ) -> Result<BTreeMap<&'static str, Peer>, Error> {
        let options = PeerOptions {
            message_bytes: config.chassis.limits.message_bytes,
            ..PeerOptions::new(telemetry)
        };
        let mut peers = BTreeMap::new();
        for name in self.peers.iter().chain(self.subscribers) {
            let Some(address) = config.peers.get(*name) else {
                return Err(Error::invalid(
                    "--peer",
                    format!(
                        "{} needs the address of {name}: --peer {name}=http://HOST:PORT",
                        self.name
                    ),
                ));
            };
            peers.insert(*name, Peer::connect(name, address, &options)?);
        }
        Ok(peers)
    }
}

/// Keeps business calls out until a programme is visible: before that there is nothing to answer with.
fn behind_gate(routes: Routes, deps: &Deps) -> Routes {
    let (store, active) = (deps.store.clone(), deps.active.clone());
    routes.behind(move || {
        let (store, active) = (store.clone(), active.clone());
        let open = active.version() != 0;
        Box::pin(async move {
            if open {
                return Ok(());
            }
            // Another replica may have activated it.
            let call = Call::background("gate", Duration::from_secs(5));
            if active.refresh(&store, &call).await? != 0 {
                return Ok(());
            }
            Err(Status::from(refusal(&store, &call).await))
        })
    })
}

async fn refusal(store: &Store, call: &Call) -> Error {
    match store
        .read(call, "import_get", |tx| Box::pin(tx.session_fetch()))
        .await
    {
        Ok(Some(session)) => Error::refused(
            "PROGRAMME_IMPORTING",
            format!(
                "import {} of programme {} is under way; call again when all services have activated it",
                session.import_id, session.programme_id
            ),
        ),
        Ok(None) => Error::refused(
            "NO_PROGRAMME",
            "no programme was imported yet; run `takt import DIR`",
        ),
        Err(error) => error,
    }
}

/// A service that runs on a thread of its own.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: tokio::sync::watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<Result<(), Error>>>,
}

impl Running {
    /// Starts a service on a thread with a runtime of its own. The listener is bound before, so that services can be
    /// told of each other's addresses.
    ///
    /// # Errors
    /// `Broken` when there is no thread or the listener is none.
    pub fn start(
        definition: Definition,
        config: ServiceConfig,
        listener: std::net::TcpListener,
    ) -> Result<Self, Error> {
        let name = definition.name;
        let broken =
            move |error: std::io::Error| Error::broken(format!("{name} cannot start: {error}"));
        let address = listener.local_addr().map_err(broken)?;
        listener.set_nonblocking(true).map_err(broken)?;
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let thread = std::thread::Builder::new()
            .name(definition.name.to_owned())
            .spawn(move || {
                let telemetry = Telemetry::start(definition.name, &config.chassis.log)
                    .map_err(Error::broken)?;
                telemetry.adopt_thread();
                let runtime = telemetry.runtime().map_err(broken)?;
                let ended = runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).map_err(broken)?;
                    let shutdown = async move {
                        // A sender that is gone means stop as well.
                        let _ = stopped.wait_for(|stop| *stop).await;
                    };
                    let ended = definition
                        .run(&config, &telemetry, listener, shutdown)
                        .await;
                    if let Err(error) = telemetry.shutdown().await {
                        tracing::warn!(
                            error,
                            "the last spans and metrics may be missing at the collector"
                        );
                    }
                    ended
                });
                runtime.shutdown_timeout(Duration::from_secs(2));
                ended
            })
            .map_err(broken)?;
        Ok(Self {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Tells it to drain; [`Running::joined`] waits for the end.
    pub fn stop(&self) {
        // It may have ended by itself.
        let _ = self.stop.send(true);
    }

    /// Whether it has ended, by itself or because it was told to.
    pub fn has_ended(&self) -> bool {
        self.thread
            .as_ref()
            .is_none_or(std::thread::JoinHandle::is_finished)
    }

    /// Waits for the end; blocks the thread.
    ///
    /// # Errors
    /// What kept it from starting, or what broke it.
    pub fn joined(mut self) -> Result<(), Error> {
        match self.thread.take().map(std::thread::JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(Error::broken("the service's thread panicked")),
            None => Ok(()),
        }
    }
}
