//! What a sequence costs, counted anew from nothing: the yardstick every incremental count is held against.
//!
//! It must not know how a sequence was found. Rules (Renault, ROADEF challenge 2005, 1.2.3): a rule `N/P`
//! pays, for each window of P positions, the vehicles above N. A window may begin in the tail of the day
//! before as long as it reaches into the day; after the last vehicle of the day the windows are cut, not left
//! out. The first vehicle pays a purge when its colour differs from the last one of the day before.
use super::problem::{Objective, Problem, ProblemError, Vehicle};

/// The three objectives of a sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Objectives {
    /// EP: vehicles too many in windows of high priority rules.
    pub high: i64,
    /// ENP: vehicles too many in windows of low priority rules.
    pub low: i64,
    /// RAF: purges.
    pub paint: i64,
}

impl Objectives {
    /// The weighted sum of `problem`: lower is better.
    pub fn score(&self, problem: &Problem) -> i64 {
        self.high * problem.weight(Objective::High)
            + self.low * problem.weight(Objective::Low)
            + self.paint * problem.weight(Objective::Paint)
    }
}

/// What a sequence breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Windows of one rule hold too many.
    Ratio {
        /// The rule, as an index.
        ratio: usize,
        /// Vehicles too many, summed over the windows.
        excess: i64,
        /// How many windows are broken.
        windows: u32,
        /// Where the worst window begins, as a position of the day; negative in the tail of the day before.
        worst: i64,
    },
    /// A batch is longer than the paint shop allows: the sequence cannot be painted.
    Batch {
        /// The colour.
        colour: u16,
        /// The position of the day where it begins.
        begins: usize,
        /// Its length, carried vehicles included.
        length: u32,
    },
}

/// A scored sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The objectives.
    pub objectives: Objectives,
    /// Their weighted sum.
    pub score: i64,
    /// Vehicles that stand beyond the limit of their batch: none in a sequence that can be painted.
    pub beyond: u32,
    /// What is broken, rule by rule and then batch by batch.
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether no batch is too long.
    pub fn feasible(&self) -> bool {
        self.beyond == 0
    }

    /// What makes one sequence of a day better than another, the lower the better: first that it can be painted.
    pub fn rank(&self) -> (u32, i64) {
        (self.beyond, self.score)
    }
}

/// Scores `order`, indices into the day of `problem`.
pub fn report(problem: &Problem, order: &[u32]) -> Result<Report, ProblemError> {
    problem.check()?;
    problem.check_order(order)?;
    let day = order.iter().filter_map(|v| problem.day.get(*v as usize));
    let line: Vec<&Vehicle> = problem.before.iter().chain(day).collect();
    let mut objectives = Objectives::default();
    let mut violations = Vec::new();
    for (ratio, rule) in problem.ratios.iter().enumerate() {
        let Some(broken) = windows(problem, &line, ratio) else {
            continue;
        };
        if let Violation::Ratio { excess, .. } = broken {
            match rule.high {
                true => objectives.high += excess,
                false => objectives.low += excess,
            }
        }
        violations.push(broken);
    }
    let (batches, beyond) = batches(problem, &line, &mut objectives.paint);
    violations.extend(batches);
    Ok(Report {
        score: objectives.score(problem),
        objectives,
        beyond,
        violations,
    })
}

/// The broken windows of one rule, if any.
fn windows(problem: &Problem, line: &[&Vehicle], ratio: usize) -> Option<Violation> {
    let rule = problem.ratios.get(ratio)?;
    let tail = problem.before.len();
    let span = rule.span as usize;
    let has = |vehicle: &&Vehicle| vehicle.options >> ratio & 1 == 1;
    // How many before each position have the option.
    let mut ahead = vec![0i64];
    for vehicle in line {
        ahead.push(ahead.last().copied().unwrap_or(0) + i64::from(has(vehicle)));
    }
    let (mut excess, mut broken, mut worst) = (0i64, 0u32, (0i64, 0i64));
    for begin in (tail + 1).saturating_sub(span)..line.len() {
        let end = line.len().min(begin + span);
        let held = ahead[end] - ahead[begin];
        let over = held - i64::from(rule.most);
        if over > 0 {
            excess += over;
            broken += 1;
            if over > worst.0 {
                worst = (over, begin as i64 - tail as i64);
            }
        }
    }
    (excess > 0).then_some(Violation::Ratio {
        ratio,
        excess,
        windows: broken,
        worst: worst.1,
    })
}

/// The batches that are too long with the vehicles beyond their limit; counts the purges on the way.
fn batches(problem: &Problem, line: &[&Vehicle], purges: &mut i64) -> (Vec<Violation>, u32) {
    let tail = problem.before.len();
    let (mut broken, mut beyond) = (Vec::new(), 0);
    let mut last = problem.before.last().map(|vehicle| vehicle.colour);
    let (mut begins, mut length) = (0, problem.carried_batch);
    for (position, vehicle) in line.iter().skip(tail).enumerate() {
        if Some(vehicle.colour) != last {
            *purges += i64::from(last.is_some());
            last = Some(vehicle.colour);
            (begins, length) = (position, 0);
        }
        length = length.saturating_add(1);
        if length > problem.batch_limit {
            beyond += 1;
            match broken.last_mut() {
                Some(Violation::Batch {
                    begins: b,
                    length: l,
                    ..
                }) if *b == begins => *l = length,
                _ => broken.push(Violation::Batch {
                    colour: vehicle.colour,
                    begins,
                    length,
                }),
            }
        }
    }
    (broken, beyond)
}
