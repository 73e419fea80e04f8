//! A PostgreSQL of one's own: a cluster in a temporary folder on a free port of loopback, gone with the test.
//!
//! It must not know any table. PostgreSQL refuses to run as root, so a test that runs as root gives the cluster to the
//! user `postgres`, or to `nobody` where that user is missing.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    Failure, Result, place,
    process::{Running, run},
};

/// How long a step of setting up may take.
const STEP: Duration = Duration::from_secs(60);

/// A cluster that runs.
pub struct Postgres {
    _server: Running,
    _folder: TempDir,
    port: u16,
    bin: PathBuf,
}

impl Postgres {
    /// Makes a cluster and starts it; None where PostgreSQL is not there, which has been told.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start() -> Result<Option<Self>> {
        let Some(initdb) = place::need("initdb")? else {
            return Ok(None);
        };
        // Distributions put links elsewhere; the server stands beside the real program.
        let initdb = fs::canonicalize(initdb)?;
        let bin = initdb.parent().unwrap_or(Path::new(".")).to_owned();
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        let owner = owner()?;
        if let Some(owner) = &owner {
            run(Command::new("chown").arg(owner).arg(&data), STEP)?.ok()?;
            run(Command::new("chmod").arg("755").arg(folder.path()), STEP)?.ok()?;
        }
        let mut init = as_user(owner.as_deref(), &initdb);
        init.args([
            "--auth=trust",
            "--username=takt",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ])
        .arg(&data);
        run(&mut init, STEP)?.ok()?;

        let port = free_port()?;
        let mut command = as_user(owner.as_deref(), &bin.join("postgres"));
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        // The tests ask what Takt does, not what the disk does.
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "max_connections=60",
        ] {
            command.args(["-c", setting]);
        }
        let mut server = Running::start(&mut command)?;
        server.wait_until("it takes connections", STEP, |server| {
            server.stderr().contains("ready to accept connections")
        })?;
        Ok(Some(Self {
            _server: server,
            _folder: folder,
            port,
            bin,
        }))
    }

    /// Makes a database for each service, and answers with the URLs as a template: `{service}` stands for the service.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn databases(&self, prefix: &str) -> Result<String> {
        for service in crate::suite::SERVICES {
            self.psql("postgres", &format!("CREATE DATABASE {prefix}_{service}"))?;
        }
        Ok(format!(
            "postgres://takt@127.0.0.1:{}/{prefix}_{{service}}",
            self.port
        ))
    }

    /// Runs a statement and answers with its rows as text, one line each.
    ///
    /// # Errors
    /// When it fails.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let near = self.bin.join("psql");
        let psql = if near.exists() {
            near
        } else {
            PathBuf::from("psql")
        };
        let mut command = Command::new(psql);
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "takt",
        ]);
        command.args(["-p", &self.port.to_string(), "-d", database, "-c", sql]);
        Ok(run(&mut command, STEP)?.ok()?.stdout)
    }
}

/// A port of loopback that was free a moment ago.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The user that the cluster is given to; None when we are not root.
fn owner() -> Result<Option<String>> {
    let id = |arguments: &[&str]| Command::new("id").args(arguments).output();
    let me = id(&["-u"])?;
    if String::from_utf8_lossy(&me.stdout).trim() != "0" {
        return Ok(None);
    }
    for user in ["postgres", "nobody"] {
        if id(&[user])?.status.success() {
            return Ok(Some(user.to_owned()));
        }
    }
    Err(Failure::new(
        "there is no user that PostgreSQL could run as",
    ))
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    match user {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command
                .args([&format!("--reuid={user}"), "--clear-groups", "--"])
                .arg(program);
            // It goes where the user may not look.
            command.current_dir("/");
            command
        }
        None => Command::new(program),
    }
}
