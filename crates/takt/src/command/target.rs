//! Which services a command speaks to: those of `takt up`, those at addresses that were named, or those started for
//! this command alone over a folder or over databases. It must not know commands. Invariant: what was started for the
//! command is stopped with it.
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::PORTS;
use crate::connection::{Endpoints, Peers};
use crate::failure::{Failure, Outcome};
use crate::host::{Databases, Suite, SuiteOptions};
use crate::replay::state::RunFolder;

/// A service that people started may be slow to answer, but not for long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a target, asks one of its services, and tells the answer: `told_by!(args.target, output, production, |peer| list(peer, &args))`.
macro_rules! told_by {
    ($target:expr, $output:expr, $service:ident, |$peer:ident| $work:expr) => {{
        let target = $target.open().await?;
        let done = {
            let $peer = &target.peers.$service;
            $work.await
        };
        $crate::output::tell($output, &target.close_after(done).await?)
    }};
}
pub(super) use told_by;

/// The folder of a programme's replay, where there is one.
pub(super) fn run_of(programme: &str) -> Outcome<PathBuf> {
    let folder = Path::new("takt-data").join(programme);
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(Failure::refused(format!(
            "there is no run of {programme} under {}",
            folder.display()
        ))
        .with_way_out(format!(
            "takt replay {programme}, or name a folder with --data"
        ))),
    }
}

/// The endpoints of `takt up` on this machine.
pub(super) fn local_endpoints() -> Endpoints {
    Endpoints::of_addresses(
        PORTS.map(|port| std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port))),
    )
}

/// Where the services are.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct TargetArgs {
    /// Speak to services that run at these addresses: procurement=HOST:PORT,production=HOST:PORT,delivery=HOST:PORT
    /// [default: those of takt up]
    #[arg(
        long,
        env = "TAKT_ENDPOINTS",
        value_name = "LIST",
        help_heading = "Services"
    )]
    pub endpoints: Option<Endpoints>,

    /// Start the services for this command over the databases in a folder
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "endpoints",
        help_heading = "Services"
    )]
    pub data: Option<PathBuf>,

    /// Start the services for this command over these databases; {service} stands for the service's name
    #[arg(
        long,
        env = "TAKT_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true,
        conflicts_with_all = ["endpoints", "data"],
        help_heading = "Services"
    )]
    pub database_url: Option<String>,
}

/// Services to be asked.
pub(super) struct Target {
    /// The services.
    pub peers: Peers,
    suite: Option<Suite>,
    /// Held until the services are down.
    _folder: Option<RunFolder>,
}

impl TargetArgs {
    /// Reaches the services, or starts them over databases that are there.
    pub(super) async fn open(&self) -> Outcome<Target> {
        self.open_databases(false).await
    }

    /// Reaches the services, or starts them over databases that are made where they are missing.
    pub(super) async fn open_or_make(&self) -> Outcome<Target> {
        self.open_databases(true).await
    }

    async fn open_databases(&self, make: bool) -> Outcome<Target> {
        let (databases, folder) = match (&self.data, &self.database_url) {
            (Some(data), _) => {
                let folder = RunFolder::hold(data)?;
                if !make && !folder.has_databases() {
                    return Err(
                        Failure::refused(format!("{} holds no databases", data.display()))
                            .with_way_out("name the folder of a replay or of takt up"),
                    );
                }
                (Databases::in_folder(data), Some(folder))
            }
            (None, Some(template)) => (Databases::of_template(template)?, None),
            (None, None) => {
                let endpoints = self.endpoints.clone().unwrap_or_else(local_endpoints);
                return Ok(Target {
                    peers: Peers::new(&endpoints, PATIENCE)?,
                    suite: None,
                    _folder: None,
                });
            }
        };
        let suite = Suite::start(&SuiteOptions::over(databases))?;
        let peers = Peers::new(suite.endpoints(), PATIENCE)?;
        let ready = suite.ready(&peers).await;
        let target = Target {
            peers,
            suite: Some(suite),
            _folder: folder,
        };
        match ready {
            Ok(()) => Ok(target),
            // What a service says of its end tells more than that it ended.
            Err(failure) => Err(target.close().await.err().unwrap_or(failure)),
        }
    }
}

impl Target {
    /// Stops what was started for the command.
    pub(super) async fn close(self) -> Outcome<()> {
        match self.suite {
            Some(suite) => suite.stop().await,
            None => Ok(()),
        }
    }

    /// Stops what was started, whatever came of the work; the work's failure is told first.
    pub(super) async fn close_after<T>(self, done: Outcome<T>) -> Outcome<T> {
        let closed = self.close().await;
        let done = done?;
        closed.map(|()| done)
    }
}
