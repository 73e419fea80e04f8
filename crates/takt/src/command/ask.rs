//! Questions to services that run: health, digest, invariants.
//!
//! It must not know rows. Invariant: a service that cannot be reached is an exit code of its own.
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::admin::{check as ask_check, digests, status};
use crate::connection::{Endpoints, Peers, SERVICES};
use crate::failure::{Exit, Outcome};
use crate::output::{Answer, Format, bytes, table, table_text, tell};

/// How long a question waits for a service to come up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the services are.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// The services
    #[arg(
        long,
        value_name = "LIST",
        env = "TAKT_ENDPOINTS",
        default_value = "procurement=http://127.0.0.1:7001,production=http://127.0.0.1:7002,delivery=http://127.0.0.1:7003"
    )]
    endpoints: Endpoints,
}

impl AskArgs {
    /// The services.
    pub(super) fn peers(&self) -> Outcome<Peers> {
        Peers::new(&self.endpoints, PATIENCE)
    }
}

pub(super) async fn digest(format: Format, args: &AskArgs) -> Outcome<ExitCode> {
    tell(format, &digests(&args.peers()?).await?)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn check(format: Format, args: &AskArgs) -> Outcome<ExitCode> {
    let checked = ask_check(&args.peers()?).await?;
    let broken = checked
        .invariants
        .iter()
        .any(|invariant| invariant.violated > 0);
    tell(format, &checked)?;
    Ok(if broken {
        Exit::Broken.into()
    } else {
        ExitCode::SUCCESS
    })
}

/// How the services are.
#[derive(Debug, Serialize)]
struct Health {
    services: Vec<ServiceHealth>,
}

#[derive(Debug, Serialize)]
struct ServiceHealth {
    service: String,
    serving: bool,
    version: String,
    database: String,
    database_bytes: i64,
    import_id: String,
    error: Option<String>,
}

impl Answer for Health {
    fn text(&self) -> String {
        let mut rows = table(&[
            "service",
            "state",
            "version",
            "database",
            ">size",
            "programme",
        ]);
        for service in &self.services {
            let state = match &service.error {
                Some(error) => error.clone(),
                None => "serving".to_owned(),
            };
            let import = service.import_id.chars().take(12).collect::<String>();
            rows.add_row([
                &service.service,
                &state,
                &service.version,
                &service.database,
                &bytes(service.database_bytes),
                &import,
            ]);
        }
        table_text(&rows)
    }
}

pub(super) async fn health(format: Format, args: &AskArgs) -> Outcome<ExitCode> {
    let peers = args.peers()?;
    let mut services = Vec::new();
    for (peer, name) in peers.all().into_iter().zip(SERVICES) {
        services.push(match status(peer).await {
            Ok(status) => ServiceHealth {
                service: status.service,
                serving: true,
                version: status.version,
                database: status.database,
                database_bytes: status.database_bytes,
                import_id: status.import_id,
                error: None,
            },
            Err(failure) => ServiceHealth {
                service: name.to_owned(),
                serving: false,
                version: String::new(),
                database: String::new(),
                database_bytes: 0,
                import_id: String::new(),
                error: Some(failure.message),
            },
        });
    }
    let all = services.iter().all(|service| service.serving);
    tell(format, &Health { services })?;
    Ok(if all {
        ExitCode::SUCCESS
    } else {
        Exit::Down.into()
    })
}
