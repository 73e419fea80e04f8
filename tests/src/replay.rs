//! `takt replay` as a process, and its report.
//!
//! It must not know how a replay works: it gives options and reads what is told.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;

use crate::{
    Failure, Result, ensure, place,
    process::{Finished, Running, run},
};

/// No replay of a test takes longer.
pub const LONG: Duration = Duration::from_secs(600);

/// The `takt` command with an environment of its own: settings of the machine must not reach a test.
///
/// # Errors
/// When it is not built.
pub fn takt(arguments: &[&str]) -> Result<Command> {
    let mut command = clean(&place::binary("takt")?);
    command.args(arguments);
    Ok(command)
}

/// A command without the settings that Takt reads from its environment.
pub fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("TAKT_") || name.starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    command
}

/// A replay to be run.
#[derive(Debug, Clone)]
pub struct Replay {
    programme: PathBuf,
    data: PathBuf,
    arguments: Vec<String>,
}

impl Replay {
    /// The built-in programme, kept in a folder.
    pub fn su7(data: &Path) -> Self {
        Self::of(Path::new("su7"), data)
    }

    /// A programme folder, kept in a folder.
    pub fn of(programme: &Path, data: &Path) -> Self {
        Self {
            programme: programme.to_owned(),
            data: data.to_owned(),
            arguments: Vec::new(),
        }
    }

    /// With this number of vehicles.
    #[must_use]
    pub fn vehicles(self, count: i64) -> Self {
        self.with(&["--vehicles", &count.to_string()])
    }

    /// With further arguments.
    #[must_use]
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// The command.
    ///
    /// # Errors
    /// When it is not built.
    pub fn command(&self) -> Result<Command> {
        let mut command = takt(&["replay"])?;
        command
            .arg(&self.programme)
            .arg("--data")
            .arg(&self.data)
            .args(["--output", "json"])
            .args(&self.arguments);
        Ok(command)
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self) -> Result<Running> {
        Running::start(&mut self.command()?)
    }

    /// Runs it to its end, however it ends.
    ///
    /// # Errors
    /// When it does not end.
    pub fn run(&self) -> Result<Finished> {
        run(&mut self.command()?, LONG)
    }

    /// Runs it to a good end and reads its report.
    ///
    /// # Errors
    /// When it fails, or tells no report.
    pub fn report(&self) -> Result<Report> {
        Report::of(&self.run()?.ok()?)
    }
}

/// The report of a replay.
#[derive(Debug, Clone)]
pub struct Report(pub Value);

impl Report {
    /// What a process told.
    ///
    /// # Errors
    /// When it is no report.
    pub fn of(finished: &Finished) -> Result<Self> {
        let report = Self(finished.json()?);
        report.digest()?;
        Ok(report)
    }

    /// The value at a path, `/produced/total`.
    ///
    /// # Errors
    /// When it is not there.
    pub fn at(&self, pointer: &str) -> Result<&Value> {
        self.0
            .pointer(pointer)
            .ok_or_else(|| Failure::new(format!("the report has no {pointer}")))
    }

    /// The digest of the three services.
    ///
    /// # Errors
    /// When it is missing.
    pub fn digest(&self) -> Result<String> {
        let digest = self.at("/digest")?.as_str().unwrap_or_default();
        ensure(digest.len() >= 32, || format!("{digest:?} is no digest"))?;
        Ok(digest.to_owned())
    }

    /// A whole number of the report.
    ///
    /// # Errors
    /// When it is none.
    pub fn number(&self, pointer: &str) -> Result<i64> {
        let value = self.at(pointer)?;
        value
            .as_i64()
            .ok_or_else(|| Failure::new(format!("{pointer} is {value}, not a whole number")))
    }

    /// The vehicles produced on each day, as told: date and number.
    ///
    /// # Errors
    /// When they are not there.
    pub fn produced_by_date(&self) -> Result<Vec<(String, i64)>> {
        let days = self.at("/produced/by_date")?;
        match days {
            Value::Object(map) => Ok(map
                .iter()
                .map(|(day, n)| (day.clone(), n.as_i64().unwrap_or_default()))
                .collect()),
            other => Err(Failure::new(format!("by_date is {other}"))),
        }
    }

    /// Compares the report with the independent statement of the rules in tests/reference.
    ///
    /// # Errors
    /// Tells every figure that differs.
    pub fn compare(&self, folder: &Path, options: &[&str]) -> Result {
        let Some(python) = place::need("python3")? else {
            return Ok(());
        };
        let scratch = tempfile::tempdir()?;
        let told = crate::process::write(&scratch, "replay.json", &self.0.to_string())?;
        let mut command = Command::new(python);
        command
            .arg(place::root().join("tests/reference/compare.py"))
            .arg(told)
            .arg(folder)
            .args(options);
        let finished = run(&mut command, LONG)?;
        let failed: Vec<&str> = finished
            .stdout
            .lines()
            .filter(|line| !line.starts_with("ok "))
            .collect();
        ensure(finished.code == Some(0), || {
            format!("{}\n{}", failed.join("\n"), finished.stderr)
        })?;
        ensure(finished.stdout.contains(" 0 failed"), || {
            finished.stdout.clone()
        })
    }
}
