//! The three services as three processes, as people run them, each to be killed and started again where it was.
//!
//! It must not know what they do. Invariant: a service that comes back listens on its old port over its old database.

use std::{
    fmt,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{Failure, Result, ensure, place, postgres::free_port, process::Running, replay};

/// The names of the services, in the order in which questions flow from the last to the first.
pub const SERVICES: [&str; 3] = ["procurement", "production", "delivery"];

/// How long a service may take until it listens.
const START: Duration = Duration::from_secs(60);

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Suppliers, orders, bought stock.
    Procurement,
    /// Plan, line, vehicles.
    Production,
    /// Orders, shipments, handovers.
    Delivery,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Procurement, Self::Production, Self::Delivery];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Procurement => "procurement",
            Self::Production => "production",
            Self::Delivery => "delivery",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// How a suite is started.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The databases as a template with `{service}`; None means files in the suite's folder.
    pub database: Option<String>,
    /// Settings of a service: its name or `*`, then a variable and its value.
    pub settings: Vec<(&'static str, &'static str, String)>,
    /// Addresses at which a service finds another one instead of its own: who asks, who is asked, the address.
    pub detours: Vec<(Service, Service, String)>,
}

/// The three services.
pub struct Suite {
    setup: Setup,
    folder: PathBuf,
    ports: [u16; 3],
    running: [Slot; 3],
}

/// The process of a service, shared with those who may strike it.
type Slot = Arc<Mutex<Option<Running>>>;

impl Suite {
    /// Chooses ports and starts nothing yet, so that detours can be laid.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn prepare(folder: &Path) -> Result<Self> {
        let ports = [free_port()?, free_port()?, free_port()?];
        Ok(Self {
            setup: Setup::default(),
            folder: folder.to_owned(),
            ports,
            running: Default::default(),
        })
    }

    /// Starts the three over SQLite files in a folder.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::prepare(folder)?.up(Setup::default())
    }

    /// Starts the three as told.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub fn up(mut self, setup: Setup) -> Result<Self> {
        self.setup = setup;
        for service in Service::ALL {
            self.spawn(service)?;
        }
        for service in Service::ALL {
            self.wait_for(service)?;
        }
        Ok(self)
    }

    /// The address of a service, `127.0.0.1:PORT`.
    pub fn address(&self, service: Service) -> String {
        format!(
            "127.0.0.1:{}",
            self.ports
                .get(service as usize)
                .copied()
                .unwrap_or_default()
        )
    }

    /// The three addresses as the command takes them.
    pub fn endpoints(&self) -> String {
        Service::ALL
            .map(|service| format!("{service}={}", self.address(service)))
            .join(",")
    }

    /// The database of a service as it is told by a URL.
    pub fn database(&self, service: Service) -> String {
        match &self.setup.database {
            Some(template) => template.replace("{service}", service.name()),
            None => format!(
                "sqlite:{}",
                self.folder.join(format!("{service}.sqlite")).display()
            ),
        }
    }

    fn command(&self, service: Service) -> Result<Command> {
        let mut command = replay::clean(&place::binary(&format!("takt-{service}"))?);
        command.args([
            "--listen",
            &self.address(service),
            "--database-url",
            &self.database(service),
            "--migrate",
        ]);
        for other in Service::ALL.into_iter().filter(|other| *other != service) {
            let detour = self
                .setup
                .detours
                .iter()
                .find(|(asks, asked, _)| (*asks, *asked) == (service, other));
            let address =
                detour.map_or_else(|| self.address(other), |(_, _, address)| address.clone());
            command.args(["--peer", &format!("{other}=http://{address}")]);
        }
        command.env("TAKT_LOG", "warn");
        for (name, variable, value) in &self.setup.settings {
            if *name == "*" || *name == service.name() {
                command.env(variable, value);
            }
        }
        Ok(command)
    }

    /// Starts a service without waiting for it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&mut self, service: Service) -> Result {
        let running = Running::start(&mut self.command(service)?)?;
        *self.slot(service) = Some(running);
        Ok(())
    }

    /// Waits until a service listens.
    ///
    /// # Errors
    /// When it ends or takes too long.
    pub fn wait_for(&mut self, service: Service) -> Result {
        let address = self.address(service);
        let begun = Instant::now();
        while TcpStream::connect(&address).is_err() {
            ensure(self.is_running(service), || {
                format!("{service} ended before it listened\n{}", self.log(service))
            })?;
            ensure(begun.elapsed() < START, || {
                format!("{service} does not listen\n{}", self.log(service))
            })?;
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn slot(&self, service: Service) -> MutexGuard<'_, Option<Running>> {
        let [procurement, production, delivery] = &self.running;
        locked(match service {
            Service::Procurement => procurement,
            Service::Production => production,
            Service::Delivery => delivery,
        })
    }

    /// Whether a service runs.
    pub fn is_running(&self, service: Service) -> bool {
        self.slot(service).as_mut().is_some_and(Running::is_running)
    }

    /// Kills a service without a word, as a crash does.
    pub fn kill(&self, service: Service) {
        if let Some(running) = self.slot(service).as_mut() {
            running.kill();
        }
    }

    /// Something that kills a service when it is called, from anywhere and within microseconds.
    pub fn striker(&self, service: Service) -> impl FnOnce() + Send + 'static {
        let [procurement, production, delivery] = &self.running;
        let slot = Arc::clone(match service {
            Service::Procurement => procurement,
            Service::Production => production,
            Service::Delivery => delivery,
        });
        move || {
            if let Some(running) = locked(&slot).as_mut() {
                running.kill();
            }
        }
    }

    /// What a service has said to its log.
    pub fn log(&self, service: Service) -> String {
        self.slot(service)
            .as_ref()
            .map(Running::stderr)
            .unwrap_or_default()
    }

    /// Asks a service to stop and waits until it has ended well.
    ///
    /// # Errors
    /// When it ends otherwise.
    pub fn stop(&self, service: Service) -> Result {
        let running = self.slot(service).take();
        let running = running.ok_or_else(|| Failure::new(format!("{service} does not run")))?;
        running.signal("TERM")?;
        running.wait(START)?.ok()?;
        Ok(())
    }
}

/// A slot is whole even when another test thread died with it.
fn locked(slot: &Slot) -> MutexGuard<'_, Option<Running>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
