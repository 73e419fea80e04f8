//! The replay: a programme played day by day through the three services, with the command as the outside world. It
//! must not know rows or databases. Invariants: one folder holds one run; a run broken off anywhere is taken up by
//! the same command and nothing doubles; nothing is told to the services that a customer, a supplier, a carrier or
//! the plant's calendar would not tell them.
mod carry;
mod cases;
mod declared;
pub mod disruption;
mod driver;
pub mod interrupt;
mod line;
pub mod options;
pub mod parts;
mod performance;
mod pipeline;
mod progress;
mod recalls;
mod request;
mod settle;
pub mod state;
mod supply;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use takt_kernel::Date;

use crate::change::spec_pb;
use crate::connection::{Endpoints, Peers};
use crate::failure::{Failure, Outcome};
use crate::host::{Databases, Suite, SuiteOptions};
use crate::import::import;
use crate::offline::outage;
use crate::output::say;
use crate::programme::{ChangeFile, Folder, Programme, parse, parse_change};
use crate::world::World;
use driver::{Driver, Frame, Planned};
use interrupt::{Interrupt, listening};
use options::{Lots, Options};
use parts::{Parts, peak_rss_bytes, timed};
use pipeline::Pipeline;
use progress::Progress;
use request::RequestIds;
use settle::Settling;
use state::{Pace, RunFolder, State, check_same};

/// How long a service that was started elsewhere may be away before the run gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// The pace is kept for each so many parts of the vehicles.
const PACES: i64 = 10;

/// What a replay is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A built-in programme or a directory.
    pub source: String,
    /// Where the run is kept; `takt-data/PROGRAMME` without it.
    pub data: Option<PathBuf>,
    /// The size of the run; the programme's own without it.
    pub vehicles: Option<i64>,
    /// The other options; its `vehicles` is not looked at.
    pub options: Options,
    /// A change file that is released on the way.
    pub change: Option<PathBuf>,
    /// The last day to play.
    pub until: Option<Date>,
    /// Whether to throw away what the folder holds.
    pub fresh: bool,
    /// Where the services run; in this process over the folder without it.
    pub hosting: Option<Hosting>,
    /// Whether to leave progress out.
    pub quiet: bool,
}

/// Where the services of a replay run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosting {
    /// In this process, each with a SQLite file in the folder.
    Folder(SuiteOptions),
    /// In this process, over databases elsewhere.
    Databases(SuiteOptions),
    /// Elsewhere.
    Remote(Endpoints),
}

/// A run that has come to its end, with its services still up to be asked.
pub struct Played {
    /// The services.
    pub peers: Peers,
    /// What the folder remembers.
    pub state: State,
    /// Whether this process played any day.
    pub played: bool,
    suite: Option<Suite>,
    /// Held until the services are down.
    _folder: RunFolder,
}

impl Played {
    /// Stops the services that were started for the run.
    pub async fn stop(self) -> Outcome<()> {
        match self.suite {
            Some(suite) => suite.stop().await,
            None => Ok(()),
        }
    }
}

/// The folder of a run.
pub fn folder_of(request: &Request) -> PathBuf {
    request.data.clone().unwrap_or_else(|| {
        let path = Path::new(&request.source);
        let name = path.file_name().map_or_else(
            || "programme".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Path::new("takt-data").join(name)
    })
}

/// Plays a programme to its end, or as far as was asked, or finds that it was played.
pub async fn replay(request: &Request) -> Outcome<Played> {
    let folder = RunFolder::hold(&folder_of(request))?;
    if request.fresh {
        if let Some(Hosting::Databases(_) | Hosting::Remote(_)) = request.hosting {
            return Err(Failure::usage("--fresh only throws away the files of its own folder")
                .with_way_out("drop and make the databases anew, remove replay.json from the folder, and leave --fresh out"));
        }
        folder.clear()?;
    }
    let there = folder.read()?;
    let change = read_change(request.change.as_deref())?;
    let change = change.as_ref();
    let opened = Folder::open(&request.source);
    let (state, programme) = match (there, opened) {
        // The programme may be gone when there is nothing left to play.
        (Some(there), Err(_)) if there.finished => {
            let mut asked = request.options.clone();
            asked.vehicles = request.vehicles.unwrap_or(there.options.vehicles);
            asked.change = change.map(|change| change.hash.clone());
            check_same(&there, None, &asked.sorted(), folder.path())?;
            (there, None)
        }
        (_, Err(error)) => return Err(error.into()),
        (there, Ok(opened)) => {
            let full = with_change(read_programme(&opened, request.quiet)?, change)?;
            let mut options = options_for(request, &full)?;
            options.change = change.map(|change| change.hash.clone());
            let hash = opened.programme_hash();
            let state = match there {
                Some(there) => {
                    check_same(&there, Some(&hash), &options, folder.path())?;
                    there
                }
                None => begin(&folder, opened.name(), &hash, &options)?,
            };
            (state, Some(full))
        }
    };
    let interrupt = Interrupt::default();
    let (suite, peers) = start(request, folder.path())?;
    let mut run = Run {
        folder,
        state,
        peers,
        interrupt: &interrupt,
        request,
        change,
    };
    let outcome = listening(&interrupt, run.go(suite.as_ref(), programme.as_ref())).await;
    let Run {
        folder,
        state,
        peers,
        ..
    } = run;
    match outcome {
        Ok(played) => Ok(Played {
            peers,
            state,
            played,
            suite,
            _folder: folder,
        }),
        Err(failure) => {
            let Some(suite) = suite else {
                return Err(failure);
            };
            if interrupt.is_cut() {
                // The process ends now, and its threads with it.
                return Err(failure);
            }
            let crashed = suite.has_ended();
            match suite.stop().await {
                // A service that ended by itself is the cause, and what was being done only its effect.
                Err(cause) if crashed => Err(cause),
                _ => Err(failure),
            }
        }
    }
}

/// Reads and checks a programme; warnings go to stderr, errors refuse it.
pub fn read_programme(folder: &Folder, quiet: bool) -> Outcome<Programme> {
    let programme = parse(folder).map_err(|problems| {
        Failure::bad_input(problems.to_string())
            .with_way_out("nothing was sent; mend the folder and try again")
    })?;
    if !quiet && !programme.warnings.is_empty() {
        say(&format!("{}\n", programme.warnings));
    }
    Ok(programme)
}

/// Reads a change file, where one is named.
pub fn read_change(path: Option<&Path>) -> Outcome<Option<ChangeFile>> {
    let Some(path) = path else { return Ok(None) };
    let unreadable =
        |error| Failure::bad_input(format!("{} cannot be read: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let wrong = |problems: crate::programme::Problems| {
        Failure::bad_input(format!("{}: {problems}", path.display()))
    };
    parse_change(&text).map(Some).map_err(wrong)
}

/// A programme with the items that a change brings.
pub fn with_change(full: Programme, change: Option<&ChangeFile>) -> Outcome<Programme> {
    match change {
        None => Ok(full),
        Some(change) => full
            .with_change(change)
            .map_err(|problems| Failure::bad_input(problems.to_string())),
    }
}

/// The programme at the size of the run.
pub fn sized(full: &Programme, options: &Options) -> Outcome<Programme> {
    let vehicles = u32::try_from(options.vehicles)
        .map_err(|_| Failure::usage(format!("--vehicles {} is not a size", options.vehicles)))?;
    Ok(full.scaled(vehicles, options.lots == Lots::Scaled))
}

fn options_for(request: &Request, full: &Programme) -> Outcome<Options> {
    let mut options = request.options.clone().sorted();
    options.vehicles = request.vehicles.unwrap_or(full.vehicles);
    outage::check(full, &options.disruptions)?;
    Ok(options)
}

fn begin(folder: &RunFolder, name: &str, hash: &str, options: &Options) -> Outcome<State> {
    if folder.has_databases() {
        return Err(Failure::refused(format!(
            "{} holds databases that no replay has begun",
            folder.path().display()
        ))
        .with_way_out("choose another folder with --data, or throw them away with --fresh"));
    }
    let state = State::new(name, hash, options);
    // Written before the first database, so that a break between them is taken up.
    folder.write(&state)?;
    Ok(state)
}

fn start(request: &Request, folder: &Path) -> Outcome<(Option<Suite>, Peers)> {
    let options = match &request.hosting {
        Some(Hosting::Remote(endpoints)) => return Ok((None, Peers::new(endpoints, PATIENCE)?)),
        Some(Hosting::Databases(options) | Hosting::Folder(options)) => options.clone(),
        None => SuiteOptions::over(Databases::in_folder(folder)),
    };
    let suite = Suite::start(&options)?;
    let peers = Peers::new(suite.endpoints(), PATIENCE)?;
    Ok((Some(suite), peers))
}

/// A run in its folder.
struct Run<'r> {
    folder: RunFolder,
    state: State,
    peers: Peers,
    interrupt: &'r Interrupt,
    request: &'r Request,
    change: Option<&'r ChangeFile>,
}

impl Run<'_> {
    /// Whether there is nothing to play: the run has ended, or is as far as was asked.
    fn is_over(&self) -> bool {
        let reached = self
            .request
            .until
            .zip(self.state.closed())
            .is_some_and(|(until, closed)| closed >= until);
        self.state.finished || reached
    }

    /// Plays what is left while watching the services; answers whether there was anything to play.
    async fn go(&mut self, suite: Option<&Suite>, programme: Option<&Programme>) -> Outcome<bool> {
        let played = async {
            if let Some(suite) = suite {
                suite.ready(&self.peers).await?;
            }
            match programme {
                Some(full) if !self.is_over() => self.play(full).await.map(|()| true),
                _ => Ok(false),
            }
        };
        match suite {
            None => played.await,
            Some(suite) => tokio::select! {
                played = played => played,
                () = suite.ended() => Err(Failure::broken("a service has ended by itself")),
            },
        }
    }

    async fn play(&mut self, full: &Programme) -> Outcome<()> {
        let begun = Instant::now();
        let before = self.state.elapsed_millis;
        let scaled = sized(full, &self.state.options)?;
        let frame = Frame::of(&scaled);
        let mut parts = Parts::default();
        let import_id = self.state.options.import_id(&self.state.programme_hash);
        let (imported, time) = timed(import(&self.peers, full, &scaled, &import_id)).await;
        parts.add("import", time);
        imported?;
        let world = World::new(full, &self.state.options)?;
        let (pipeline, built) = match self.state.closed() {
            Some(closed) => (
                supply::restore(&self.peers.procurement, &world.suppliers, closed).await?,
                line::built_so_far(&self.peers.production).await?,
            ),
            None => (Pipeline::default(), 0),
        };
        let mut day = self
            .state
            .closed()
            .map_or(frame.first_day(), |closed| closed.plus(1));
        let mut driver = Driver {
            peers: &self.peers,
            interrupt: self.interrupt,
            ids: RequestIds::of_run(&self.state.run_id),
            world,
            frame,
            pipeline,
            built,
            parts,
            settling: Settling::default(),
            safety: self.state.options.safety,
            outages: self.state.options.disruptions.clone(),
            change: self.change.map(|change| Planned {
                on: change
                    .released_on
                    .unwrap_or(frame.order_from)
                    .max(frame.first_day()),
                spec: spec_pb(change, scaled.vehicles, full.vehicles),
                change,
            }),
        };
        let days = |day: Date| i64::from(day.days_since(frame.first_day()));
        // A car of the last day arrives about a week later.
        let mut progress = Progress::new(
            frame.vehicles,
            days(frame.plan_last) + 8,
            built,
            days(day),
            self.request.quiet,
        );
        loop {
            let closed = driver.day(day).await;
            if closed.is_err() {
                progress.finish();
            }
            let closed = closed?;
            if closed.finished {
                // Their dates lie behind the run, and what is in them is what was built in it.
                recalls::open(&self.peers.delivery, &driver.ids, full).await?;
                recalls::open_found(&self.peers.delivery, &driver.ids, day).await?;
            }
            let state = &mut self.state;
            state.last_closed_day = Some(day.to_string());
            state.samples.extend(closed.sample);
            state.repromised_orders += closed.repromised;
            state.finished = closed.finished;
            state.elapsed_millis =
                before + u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            state.peak_rss_bytes = state.peak_rss_bytes.max(peak_rss_bytes());
            std::mem::take(&mut driver.parts).add_to(&mut state.parts_millis);
            keep_pace(state, driver.built, frame.vehicles);
            self.folder.write(state)?;
            progress.day(day, driver.built, days(day) + 1);
            if closed.finished || self.request.until.is_some_and(|until| day >= until) {
                progress.finish();
                tracing::debug!(rounds = driver.settling.rounds(), "played");
                return Ok(());
            }
            day = day.plus(1);
        }
    }
}

/// Notes the time whenever another tenth of the vehicles is built.
fn keep_pace(state: &mut State, built: i64, vehicles: i64) {
    let tenth = |built: i64| built * PACES / vehicles.max(1);
    let before = state.pace.last().map_or(0, |pace| tenth(pace.built));
    if built > 0 && (state.pace.is_empty() || tenth(built) > before) {
        state.pace.push(Pace {
            built,
            elapsed_millis: state.elapsed_millis,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_named_after_the_programme() {
        let request = |source: &str, data: Option<&str>| Request {
            source: source.to_owned(),
            data: data.map(PathBuf::from),
            ..Request::default()
        };
        assert_eq!(folder_of(&request("su7", None)), Path::new("takt-data/su7"));
        assert_eq!(
            folder_of(&request("/tmp/copy/", None)),
            Path::new("takt-data/copy")
        );
        assert_eq!(folder_of(&request("su7", Some("/x"))), Path::new("/x"));
    }

    #[test]
    fn an_outage_of_somebody_who_supplies_nobody_is_refused()
    -> Result<(), Box<dyn std::error::Error>> {
        let full = read_programme(&Folder::open("su7")?, true)?;
        let request = |outage: &str| -> Result<Request, String> {
            let options = Options {
                disruptions: vec![outage.parse()?],
                ..Options::default()
            };
            Ok(Request {
                options,
                ..Request::default()
            })
        };
        assert_eq!(
            options_for(&request("CATL@2024-06-10:14")?, &full)?.vehicles,
            100_000
        );
        assert!(options_for(&request("YUNENG@2024-06-10:14")?, &full).is_ok());
        assert!(options_for(&request("NOBODY@2024-06-10:14")?, &full).is_err());
        Ok(())
    }

    #[test]
    fn the_pace_is_noted_ten_times() {
        let mut state = State::new("su7", "x", &Options::default());
        for built in 0..=1000 {
            keep_pace(&mut state, built, 1000);
        }
        let noted: Vec<i64> = state.pace.iter().map(|pace| pace.built).collect();
        assert_eq!(
            noted,
            [1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
        );
    }
}
