//! One service as a program of its own: flags over `TAKT_*` environment over a file, a signal ends it. It must not
//! know what the service does. Invariant: the first signal drains the service, the second ends it at once.
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use takt_service::Definition;
use takt_service::config::{Defaults, ServiceArgs, ServiceConfig};
use takt_service::telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::command::{PORTS, end};
use crate::failure::{EXIT_CODES, Failure, Outcome};
use crate::output::say;
use crate::replay::interrupt::signalled;

/// Runs the service of a definition from the command line to its end.
pub fn main(
    definition: Definition,
    binary: &'static str,
    about: &'static str,
    peers: &'static [(&'static str, u16)],
) -> ExitCode {
    let name = definition.name;
    let place = crate::connection::SERVICES
        .iter()
        .position(|service| *service == name);
    let defaults = Defaults {
        service: name,
        port: place
            .and_then(|place| PORTS.get(place))
            .copied()
            .unwrap_or(0),
        data: "takt-data".into(),
        peers,
    };
    let command = command(&defaults, binary, about);
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are told on stdout and are no mistake.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    end(serve(definition, &matches, &defaults))
}

fn command(defaults: &Defaults, binary: &'static str, about: &'static str) -> Command {
    let peers: Vec<String> = defaults
        .peers
        .iter()
        .map(|(name, port)| format!("{name} on port {port}"))
        .collect();
    let listens = format!(
        "It listens on 127.0.0.1:{} and expects {} unless told otherwise. Flags win over TAKT_* \
         environment variables, these over the file of --config.",
        defaults.port,
        peers.join(" and ")
    );
    let examples = format!(
        "Examples:\n  takt-{0}\n  takt-{0} --database-url postgres://takt@localhost/takt_{0} --migrate\n  \
         TAKT_LOG_FORMAT=json TAKT_LISTEN=127.0.0.1:9001 takt-{0}\n\n{EXIT_CODES}",
        defaults.service
    );
    let command = Command::new(binary)
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .long_about(format!("{about}\n\n{listens}"))
        .after_help(examples);
    ServiceArgs::augment_args(command)
}

fn serve(definition: Definition, matches: &ArgMatches, defaults: &Defaults) -> Outcome<()> {
    let args = ServiceArgs::from_arg_matches(matches)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let config =
        ServiceConfig::load(&args, defaults).map_err(|error| Failure::usage(error.to_string()))?;
    make_folder(&config)?;
    let telemetry =
        Telemetry::start(definition.name, &config.chassis.log).map_err(Failure::usage)?;
    telemetry.adopt_thread();
    let runtime = telemetry
        .runtime()
        .map_err(|error| Failure::broken(error.to_string()))?;
    let ended = runtime.block_on(async {
        let listener = TcpListener::bind(config.listen).await.map_err(|error| {
            Failure::refused(format!("cannot listen on {}: {error}", config.listen))
        })?;
        let told = Notify::new();
        let drained = async {
            if signalled().await.is_ok() {
                say("draining; once more ends it at once");
            }
            told.notify_one();
        };
        let cut = async {
            told.notified().await;
            signalled().await
        };
        let ended = tokio::select! {
            ended = definition.run(&config, &telemetry, listener, drained) => {
                ended.map_err(|error| Failure::of_error(definition.name, error))
            }
            _ = cut => Err(Failure::interrupted("ended at once")),
        };
        if let Err(error) = telemetry.shutdown().await {
            tracing::warn!(
                error,
                "the last spans and metrics may be missing at the collector"
            );
        }
        ended
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ended
}

/// The folder of an embedded database is made, so that the first start needs no preparation.
fn make_folder(config: &ServiceConfig) -> Outcome<()> {
    let Some(path) = config.database.reveal().strip_prefix("sqlite:") else {
        return Ok(());
    };
    let folder = std::path::Path::new(path).parent();
    match folder.filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => std::fs::create_dir_all(folder).map_err(|error| {
            Failure::refused(format!("{} cannot be made: {error}", folder.display()))
        }),
        None => Ok(()),
    }
}
