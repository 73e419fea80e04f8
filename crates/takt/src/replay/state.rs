//! What a replay remembers of itself in its folder: which run it is and how far it came. It must not know services;
//! what they hold is theirs. Invariants: the file is replaced whole or not at all; a file of a later format is
//! refused, never guessed at; one folder belongs to one run and to one process at a time.
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use takt_kernel::Date;

use super::options::Options;
use crate::failure::{Failure, Outcome};

/// The format that this version reads and writes.
pub const FORMAT: u32 = 1;
const FILE: &str = "replay.json";
const LOCK: &str = "replay.lock";

/// What a folder remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The format of this file.
    pub format: u32,
    /// The name under which the programme was given.
    pub programme: String,
    /// The hash of the programme folder.
    pub programme_hash: String,
    /// The options of the run.
    pub options: Options,
    /// The id of the run.
    pub run_id: String,
    /// The last day whose steps are all closed, as YYYY-MM-DD.
    pub last_closed_day: Option<String>,
    /// Whether the last vehicle has arrived.
    pub finished: bool,
    /// The time that the run has taken so far, over all interruptions.
    pub elapsed_millis: u64,
    /// The most memory that a process of the run held.
    pub peak_rss_bytes: u64,
    /// The time by part of a day.
    pub parts_millis: BTreeMap<String, u64>,
    /// The days of supply as procurement told them on the way.
    pub samples: Vec<Sample>,
    /// How long the days took, for the rate from one tenth of the run to the next.
    pub pace: Vec<Pace>,
    /// The orders that were promised anew when outages began.
    #[serde(default)]
    pub repromised_orders: i64,
}

/// The days of supply of a day, by group of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The day.
    pub date: String,
    /// The mean days of supply in thousandths, by group.
    pub groups: BTreeMap<String, i64>,
}

/// How far the run was at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The vehicles built.
    pub built: i64,
    /// The time that the run had taken.
    pub elapsed_millis: u64,
}

impl State {
    /// The state of a run that has not begun.
    pub fn new(programme: &str, programme_hash: &str, options: &Options) -> Self {
        Self {
            format: FORMAT,
            programme: programme.to_owned(),
            programme_hash: programme_hash.to_owned(),
            options: options.clone(),
            run_id: options.run_id(programme_hash),
            last_closed_day: None,
            finished: false,
            elapsed_millis: 0,
            peak_rss_bytes: 0,
            parts_millis: BTreeMap::new(),
            samples: Vec::new(),
            pace: Vec::new(),
            repromised_orders: 0,
        }
    }

    /// The last closed day as a date.
    pub fn closed(&self) -> Option<Date> {
        self.last_closed_day
            .as_deref()
            .and_then(|day| Date::parse(day).ok())
    }
}

/// A folder that this process holds.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// The lock lives as long as the folder is held.
    _lock: File,
}

impl RunFolder {
    /// Takes a folder, makes it where it is missing.
    pub fn hold(path: &Path) -> Outcome<Self> {
        let fail = |error: std::io::Error| {
            Failure::refused(format!("{} cannot be used: {error}", path.display()))
        };
        std::fs::create_dir_all(path).map_err(fail)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Failure::refused(format!(
                "{} is in use by another takt",
                path.display()
            ))
            .with_way_out("wait for it, stop it, or choose another folder with --data")),
            Err(TryLockError::Error(error)) => Err(fail(error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the state; none where the folder has none.
    pub fn read(&self) -> Outcome<Option<State>> {
        read_state(&self.path)
    }

    /// Writes the state beside the old one and puts it in its place.
    pub fn write(&self, state: &State) -> Outcome<()> {
        let path = self.path.join(FILE);
        let fail = |error: std::io::Error| {
            Failure::broken(format!("{} cannot be written: {error}", path.display()))
        };
        let json = serde_json::to_vec_pretty(state)
            .map_err(|error| Failure::broken(format!("the state is not JSON: {error}")))?;
        let beside = self.path.join("replay.json.new");
        let mut file = File::create(&beside).map_err(fail)?;
        file.write_all(&json).map_err(fail)?;
        if state.finished {
            file.sync_all().map_err(fail)?;
        }
        drop(file);
        std::fs::rename(&beside, &path).map_err(fail)
    }

    /// Whether services have kept anything here.
    pub fn has_databases(&self) -> bool {
        self.files().iter().any(|file| is_database(file))
    }

    /// Removes what a run has kept here, and nothing else.
    pub fn clear(&self) -> Outcome<()> {
        for file in self.files() {
            if is_database(&file) || file == FILE {
                let path = self.path.join(&file);
                std::fs::remove_file(&path).map_err(|error| {
                    Failure::refused(format!("{} cannot be removed: {error}", path.display()))
                })?;
            }
        }
        Ok(())
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.path)
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }
}

/// Reads the state of a folder without holding it.
pub fn read_state(folder: &Path) -> Outcome<Option<State>> {
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::refused(format!(
                "{} cannot be read: {error}",
                path.display()
            )));
        }
    };
    let unreadable = |error: serde_json::Error| {
        Failure::refused(format!(
            "{} is not the state of a replay: {error}",
            path.display()
        ))
        .with_way_out("start anew with --fresh, or choose another folder with --data")
    };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format.is_some_and(|format| format != u64::from(FORMAT)) {
        let format = format.unwrap_or(0);
        return Err(Failure::refused(format!(
            "{} has format {format} and this version of takt reads format {FORMAT}",
            path.display()
        ))
        .with_way_out("use the version that wrote it, start anew with --fresh, or choose another folder with --data"));
    }
    serde_json::from_value(value).map(Some).map_err(unreadable)
}

fn is_database(file: &str) -> bool {
    let stem = file
        .strip_suffix("-wal")
        .or_else(|| file.strip_suffix("-shm"))
        .unwrap_or(file);
    stem.strip_suffix(".sqlite")
        .is_some_and(|service| crate::connection::SERVICES.contains(&service))
}

/// Compares the run in a folder with the run that is asked for: the differences, and the way out.
pub fn check_same(
    there: &State,
    programme_hash: Option<&str>,
    options: &Options,
    folder: &Path,
) -> Outcome<()> {
    let mut differences = there.options.differences(options);
    if let Some(hash) = programme_hash.filter(|hash| *hash != there.programme_hash) {
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        differences.insert(
            0,
            format!(
                "programme: {} there, {} asked for",
                short(&there.programme_hash),
                short(hash)
            ),
        );
    }
    if differences.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{} holds another run:\n  {}",
        folder.display(),
        differences.join("\n  ")
    ))
    .with_way_out("give the same options to go on with it, choose another folder with --data, or start anew with --fresh"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_back_and_a_folder_is_held_once() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let folder = RunFolder::hold(&place.path().join("su7"))?;
        assert!(folder.read()?.is_none());
        let mut state = State::new("su7", "abc", &Options::default());
        state.last_closed_day = Some("2024-04-01".to_owned());
        folder.write(&state)?;
        assert_eq!(folder.read()?.as_ref(), Some(&state));
        assert_eq!(state.closed(), Date::from_ymd(2024, 4, 1));
        assert_eq!(
            RunFolder::hold(folder.path())
                .err()
                .map(|failure| failure.exit),
            Some(crate::failure::Exit::Refused)
        );
        std::fs::write(folder.path().join("procurement.sqlite-wal"), b"x")?;
        std::fs::write(folder.path().join("notes.txt"), b"mine")?;
        assert!(folder.has_databases());
        folder.clear()?;
        assert!(!folder.has_databases() && folder.read()?.is_none());
        assert!(folder.path().join("notes.txt").exists());
        Ok(())
    }

    #[test]
    fn other_options_are_refused_with_the_difference() {
        let there = State::new("su7", "0123456789abcdef", &Options::default());
        let asked = Options {
            vehicles: 1000,
            ..Options::default()
        };
        let failure = check_same(
            &there,
            Some("fedcba9876543210"),
            &asked,
            Path::new("takt-data/su7"),
        );
        let text = failure
            .map_err(|failure| failure.to_string())
            .err()
            .unwrap_or_default();
        assert!(
            text.contains("programme: 0123456789ab there, fedcba987654 asked for"),
            "{text}"
        );
        assert!(
            text.contains("--vehicles: 100000 there, 1000 asked for"),
            "{text}"
        );
        assert!(text.contains("--fresh"), "{text}");
        assert!(check_same(&there, None, &Options::default(), Path::new("x")).is_ok());
    }

    #[test]
    fn a_later_format_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        std::fs::write(place.path().join(FILE), r#"{"format": 2, "news": true}"#)?;
        let failure = read_state(place.path())
            .err()
            .map(|failure| failure.message)
            .unwrap_or_default();
        assert!(failure.contains("format 2"), "{failure}");
        std::fs::write(place.path().join(FILE), "")?;
        assert!(read_state(place.path()).is_err());
        Ok(())
    }
}
