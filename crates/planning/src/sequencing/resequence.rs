//! A day that is disturbed while it runs: what has entered the line stays as it is, vehicles with a defect or a
//! missing part are taken out or pushed behind a position, others join, and the rest is searched again.
//!
//! It must not know why a vehicle is held, nor a clock: a caller with 100 ms asks for as many moves as fit.
//! Invariants: the frozen prefix is kept vehicle by vehicle; a held vehicle never stands before its position; the
//! same disturbance and seed give the same order.
use super::problem::{Problem, ProblemError};
use super::score::Report;
use super::search::{Progress, Search};
use super::track::Track;
use thiserror::Error;

/// What has happened to a sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disturbance {
    /// How many vehicles of the running order have entered the line.
    pub frozen: usize,
    /// Vehicles that will not be built today.
    pub out: Vec<u32>,
    /// Vehicles and the earliest position of the day each may take, counted from 0 without those taken out.
    pub late: Vec<(u32, usize)>,
    /// Vehicles of the day that the running order lacks and that are to be built as well.
    pub joining: Vec<u32>,
}

/// Why a disturbance cannot be worked in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The parts do not make a problem.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// More frozen than there is.
    #[error(
        "{frozen} vehicles are frozen and the running order has {running}; freeze at most those"
    )]
    FrozenBeyondOrder {
        /// Asked for.
        frozen: usize,
        /// Vehicles of the order.
        running: usize,
    },
    /// It is on the line already.
    #[error(
        "vehicle {0} has entered the line and cannot be held; repair it behind the line or freeze fewer"
    )]
    HeldVehicleFrozen(u32),
    /// It is not in the running order.
    #[error("vehicle {0} is not in the running order and cannot be held; let it join first")]
    HeldVehicleUnknown(u32),
    /// Too little of the day is left behind its position.
    #[error(
        "vehicle {vehicle} may not come before position {earliest} and the day has {day} positions; take it out instead"
    )]
    NoPlaceLeft {
        /// The vehicle.
        vehicle: u32,
        /// Its earliest position.
        earliest: usize,
        /// The positions of the day.
        day: usize,
    },
}

/// A disturbed day under search; [`Resequencing::step`] and the answers are those of [`Search`], told in the
/// vehicles of the undisturbed problem.
#[derive(Debug, Clone)]
pub struct Resequencing {
    search: Search,
    vehicles: Vec<u32>,
}

impl Resequencing {
    /// Works `disturbance` into the `running` order of `problem`: vehicles of its day, each at most once.
    pub fn new(
        problem: &Problem,
        running: &[u32],
        disturbance: &Disturbance,
        seed: u64,
    ) -> Result<Self, Refusal> {
        problem.check()?;
        let vehicles = worked_in(problem, running, disturbance)?;
        let rest = Problem {
            day: vehicles
                .iter()
                .map(|v| problem.day[*v as usize].clone())
                .collect(),
            ..problem.clone()
        };
        let mut track = Track::new(&rest, &rest.plan_order(), disturbance.frozen);
        if !disturbance.late.is_empty() {
            let earliest = |vehicle: &u32| {
                let late = disturbance.late.iter().filter(|(late, _)| late == vehicle);
                late.map(|(_, earliest)| *earliest as u32)
                    .max()
                    .unwrap_or(0)
            };
            track.hold(&vehicles.iter().map(earliest).collect::<Vec<u32>>());
        }
        track.mend();
        Ok(Self {
            search: Search::on(rest, track, seed),
            vehicles,
        })
    }

    /// Tries `moves` more moves.
    pub fn step(&mut self, moves: u64) -> Progress {
        self.search.step(moves)
    }

    /// How far the search is.
    pub fn progress(&self) -> Progress {
        self.search.progress()
    }

    /// The best order so far: indices into the day of the undisturbed problem.
    pub fn best(&self) -> Vec<u32> {
        let known = |v: &u32| self.vehicles.get(*v as usize).copied();
        self.search.best().iter().filter_map(known).collect()
    }

    /// The best order scored anew; positions count without the vehicles taken out.
    pub fn report(&self) -> Result<Report, ProblemError> {
        self.search.report()
    }
}

/// The running order with the vehicles out, the late ones at their earliest positions and the joining ones last.
fn worked_in(
    problem: &Problem,
    running: &[u32],
    disturbance: &Disturbance,
) -> Result<Vec<u32>, Refusal> {
    let frozen = disturbance.frozen;
    if frozen > running.len() {
        return Err(Refusal::FrozenBeyondOrder {
            frozen,
            running: running.len(),
        });
    }
    /// Where a vehicle stands now.
    #[derive(Clone, Copy, PartialEq)]
    enum Now {
        Nowhere,
        Frozen,
        Running,
    }
    let mut now = vec![Now::Nowhere; problem.day.len()];
    for (place, vehicle) in running.iter().chain(&disturbance.joining).enumerate() {
        match now.get_mut(*vehicle as usize) {
            Some(slot) if *slot == Now::Nowhere => {
                *slot = if place < frozen {
                    Now::Frozen
                } else {
                    Now::Running
                };
            }
            _ => return Err(ProblemError::NotOnce(*vehicle).into()),
        }
    }
    let mut held = vec![false; problem.day.len()];
    for vehicle in disturbance
        .out
        .iter()
        .chain(disturbance.late.iter().map(|(v, _)| v))
    {
        match now.get(*vehicle as usize) {
            Some(Now::Running) => held[*vehicle as usize] = true,
            Some(Now::Frozen) => return Err(Refusal::HeldVehicleFrozen(*vehicle)),
            _ => return Err(Refusal::HeldVehicleUnknown(*vehicle)),
        }
    }
    let all = running.iter().chain(&disturbance.joining);
    let mut order: Vec<u32> = all.copied().filter(|v| !held[*v as usize]).collect();
    let mut late: Vec<(usize, u32)> = (disturbance.late.iter())
        .filter(|(vehicle, _)| !disturbance.out.contains(vehicle))
        .map(|(vehicle, earliest)| ((*earliest).max(frozen), *vehicle))
        .collect();
    // Told twice, a vehicle waits for the later position.
    late.sort_by_key(|(earliest, vehicle)| (*vehicle, std::cmp::Reverse(*earliest)));
    late.dedup_by_key(|(_, vehicle)| *vehicle);
    late.sort_unstable();
    let day = order.len() + late.len();
    for (earliest, vehicle) in late {
        if earliest > order.len() {
            return Err(Refusal::NoPlaceLeft {
                vehicle,
                earliest,
                day,
            });
        }
        order.insert(earliest, vehicle);
    }
    Ok(order)
}
