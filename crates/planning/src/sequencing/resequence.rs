//! A day that is disturbed while it runs: what has entered the line stays as it is, vehicles with a defect or a
//! missing part are taken out or pushed behind a position, others join, and the rest is searched again. Vehicles that
//! nothing has happened to move little: each position has a price, and none goes farther than its reach.
//!
//! It must not know why a vehicle is held, nor a clock: a caller with 100 ms asks for as many moves as fit.
//! Invariants: the frozen prefix is kept vehicle by vehicle; a held vehicle never stands before its position; the
//! same disturbance and seed give the same order.
use super::problem::{LARGEST_WEIGHT, Problem, ProblemError};
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
    /// How far the other vehicles may move.
    pub stability: Stability,
}

/// How far a vehicle may move that nothing has happened to. Positions count from where it stands once the disturbance is
/// worked in: who moves up because one before it is taken out has not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stability {
    /// The most positions; hard, except where a batch beyond the limit must be parted.
    pub reach: usize,
    /// What a position counts in the score that is searched; [`Resequencing::report`] leaves it out.
    pub weight: i64,
}

impl Default for Stability {
    /// Anywhere, for nothing.
    fn default() -> Self {
        Self {
            reach: usize::MAX,
            weight: 0,
        }
    }
}

/// How much moved of what nothing had happened to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Vehicles that stand elsewhere.
    pub vehicles: usize,
    /// The positions that the farthest of them moved.
    pub farthest: usize,
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
    /// Whether something happened to a vehicle, by its place when the disturbance was worked in.
    affected: Vec<bool>,
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
        let late = disturbance.late.iter().map(|(vehicle, _)| vehicle);
        let told: Vec<&u32> = late.chain(&disturbance.joining).collect();
        let affected: Vec<bool> = vehicles.iter().map(|v| told.contains(&v)).collect();
        let Stability { reach, weight } = disturbance.stability;
        if !(0..=LARGEST_WEIGHT).contains(&weight) {
            return Err(ProblemError::Weight(weight).into());
        }
        if disturbance.stability != Stability::default() {
            track.stay(&affected, reach, weight);
        }
        track.mend();
        Ok(Self {
            search: Search::on(rest, track, seed),
            vehicles,
            affected,
        })
    }

    /// How much the best order moves what nothing had happened to.
    pub fn moved(&self) -> Moved {
        let mut moved = Moved::default();
        for (position, vehicle) in self.search.best().iter().enumerate() {
            // The vehicles of the search count from 0 in the order in which they were worked in.
            let home = *vehicle as usize;
            let stays = self.affected.get(home).is_some_and(|affected| !affected);
            if stays && home != position {
                moved.vehicles += 1;
                moved.farthest = moved.farthest.max(home.abs_diff(position));
            }
        }
        moved
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
