//! The rules of a plant told over features and values: they make a [`Problem`] of the configurations of a day, and the
//! sequence of the day with a budget of moves.
//!
//! It must not know orders, days or a clock. Invariants: the result holds each vehicle of the day once; the same
//! vehicles behind the same tail have the same sequence; it never leaves more vehicles that cannot be painted
//! than the even order, and is never dearer with as many.
use super::problem::{
    LONGEST_SPAN, MOST_RATIOS, MOST_VEHICLES, Objective, Problem, ProblemError, Ratio, Vehicle,
};
use super::score::{Objectives, Report, report};
use super::search::{Progress, Search};
use crate::feature::{Config, Features};
use crate::sequence::even_order;

/// Moves a vehicle of the day, about 20 microseconds of search: on days of 435 vehicles with the rules of the SU7 half as
/// many leave three times the violations of high priority, three times as many take away the last one in twenty days.
pub const MOVES_PER_VEHICLE: u64 = 96;

/// Lexicographic while a day has fewer than 100,000 violations of low priority and 10,000 purges.
const WEIGHTS: [i64; 3] = [1_000_000_000, 100_000, 1];

/// A p-of-q rule over the vehicles that have one value of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ValueRatio {
    key: usize,
    value: usize,
    ratio: Ratio,
}

/// What a plant asks of the order of its vehicles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlantRules {
    ratios: Vec<ValueRatio>,
    /// The feature that is the paint, and the most bodies of one value in a row.
    batch: Option<(usize, u32)>,
    objectives: Vec<Objective>,
}

/// A rule as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Of any `span` vehicles in a row at most `most` have the value of the feature.
    Ratio {
        /// The feature.
        key: String,
        /// The value.
        value: String,
        /// The most vehicles of a window.
        most: i64,
        /// The vehicles of a window.
        span: i64,
        /// Whether it has high priority.
        high: bool,
    },
    /// At most so many bodies of one value in a row.
    PaintBatch {
        /// The feature that is the paint.
        key: String,
        /// The most in a row.
        most: i64,
    },
    /// The objectives, the most important first: `EP`, `RAF`, `ENP`.
    Objectives(Vec<String>),
}

/// Sequenced vehicles with what the sequence costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequenced {
    /// Places of the day, in sequence.
    pub order: Vec<usize>,
    /// What it costs.
    pub report: Report,
    /// What the even order of the variants would cost behind the same tail.
    pub even: Report,
    /// The moves that were tried.
    pub moves: u64,
}

impl PlantRules {
    /// The rules over known features; the sentence says what does not fit.
    pub fn new(features: &Features, rules: &[Rule]) -> Result<Self, String> {
        let mut plant = Self::default();
        for rule in rules {
            match rule {
                Rule::Ratio {
                    key,
                    value,
                    most,
                    span,
                    high,
                } => {
                    let name = format!("{key}={value} {most} of {span}");
                    let unknown =
                        || format!("sequence rule {name} names a value that is not known");
                    let at = features.key(key).ok_or_else(unknown)?;
                    let place = features.value(at, value).ok_or_else(unknown)?;
                    let fits = (1..=i64::from(LONGEST_SPAN)).contains(span);
                    if !fits || !(0..=*span).contains(most) {
                        return Err(format!(
                            "sequence rule {name} has no window that can be kept; give p of q with p at most q and q 1 to {LONGEST_SPAN}"
                        ));
                    }
                    plant.ratios.push(ValueRatio {
                        key: at,
                        value: place,
                        ratio: Ratio {
                            name,
                            most: *most as u32,
                            span: *span as u32,
                            high: *high,
                        },
                    });
                }
                Rule::PaintBatch { key, most } => {
                    let at = features.key(key);
                    let at = at.ok_or_else(|| {
                        format!("the paint batch names {key}, which is not a feature")
                    })?;
                    if !(1..=MOST_VEHICLES as i64).contains(most) || plant.batch.is_some() {
                        return Err(format!(
                            "the paint batch of {key} is given once, as 1 or more bodies"
                        ));
                    }
                    plant.batch = Some((at, *most as u32));
                }
                Rule::Objectives(names) => plant.objectives = objectives(names)?,
            }
        }
        if plant.ratios.len() > MOST_RATIOS {
            return Err(ProblemError::TooManyRatios(plant.ratios.len()).to_string());
        }
        if plant.objectives.is_empty() {
            plant.objectives = vec![Objective::High, Objective::Paint, Objective::Low];
        }
        Ok(plant)
    }

    /// Whether nothing is asked: the even order will do.
    pub fn is_empty(&self) -> bool {
        self.ratios.is_empty() && self.batch.is_none()
    }

    /// The names of the ratio rules, in the order of [`Problem::ratios`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.ratios.iter().map(|rule| rule.ratio.name.as_str())
    }

    /// Whether the ratio rules have high priority, in the same order.
    pub fn high(&self) -> impl Iterator<Item = bool> + '_ {
        self.ratios.iter().map(|rule| rule.ratio.high)
    }

    /// How many vehicles before a day its rules look back on: the longest window, and a batch that may go on.
    pub fn reach(&self) -> usize {
        let windows = self.ratios.iter().map(|rule| rule.ratio.span - 1);
        let batch = self.batch.map_or(0, |(_, most)| most);
        windows.max().unwrap_or(0).max(batch) as usize
    }

    /// The problem of a day behind the vehicles `before` it.
    pub fn problem(&self, before: &[Config], day: &[Config]) -> Problem {
        let vehicle = |config: &Config| Vehicle {
            ident: String::new(),
            colour: self.batch.map_or(0, |(key, _)| config.value(key) as u16),
            options: (self.ratios.iter().enumerate()).fold(0, |bits, (at, rule)| {
                bits | u64::from(config.value(rule.key) == rule.value) << at
            }),
        };
        let before: Vec<Vehicle> = before.iter().map(vehicle).collect();
        let last = before.last().map(|vehicle| vehicle.colour);
        let carried = before.iter().rev().take_while(|v| Some(v.colour) == last);
        Problem {
            ratios: self.ratios.iter().map(|rule| rule.ratio.clone()).collect(),
            carried_batch: carried.count() as u32,
            before,
            day: day.iter().map(vehicle).collect(),
            objectives: self.objectives.clone(),
            weights: WEIGHTS,
            batch_limit: self.batch.map_or(MOST_VEHICLES as u32, |(_, most)| most),
        }
    }

    /// The weighted sum of objectives, lower is better.
    pub fn score(&self, objectives: &Objectives) -> i64 {
        objectives.score(&self.problem(&[], &[]))
    }

    /// What an order of a day costs; the day is in sequence.
    pub fn report(&self, before: &[Config], day: &[Config]) -> Result<Report, ProblemError> {
        let problem = self.problem(before, day);
        report(&problem, &problem.plan_order())
    }

    /// A search for the order of a day behind the vehicles `before` it, aimed at so many moves.
    pub fn search(
        &self,
        before: &[Config],
        day: &[Config],
        moves: u64,
        seed: u64,
    ) -> Result<DaySearch, ProblemError> {
        let kinds: Vec<usize> = day.iter().map(|config| config.variant()).collect();
        let spread = even_order(&kinds);
        let evenly = spread.iter().filter_map(|at| day.get(*at).copied());
        let problem = self.problem(before, &evenly.collect::<Vec<Config>>());
        let even = report(&problem, &problem.plan_order())?;
        let mut search = Search::new(problem, seed)?;
        search.aim(moves);
        Ok(DaySearch {
            spread,
            even,
            search,
        })
    }

    /// Puts a day in order behind the vehicles `before` it.
    pub fn sequence(
        &self,
        before: &[Config],
        day: &[Config],
        moves: u64,
        seed: u64,
    ) -> Result<Sequenced, ProblemError> {
        let mut search = self.search(before, day, moves, seed)?;
        search.step(moves);
        search.finish()
    }
}

/// A day whose order is searched.
#[derive(Debug, Clone)]
pub struct DaySearch {
    /// The even order, in which the search counts the vehicles.
    spread: Vec<usize>,
    even: Report,
    search: Search,
}

impl DaySearch {
    /// Tries `moves` more moves.
    pub fn step(&mut self, moves: u64) -> Progress {
        self.search.step(moves)
    }

    /// The best order so far.
    pub fn finish(&self) -> Result<Sequenced, ProblemError> {
        let place = |at: &u32| self.spread.get(*at as usize).copied();
        Ok(Sequenced {
            order: self.search.best().iter().filter_map(place).collect(),
            report: self.search.report()?,
            even: self.even.clone(),
            moves: self.search.progress().tried,
        })
    }
}

fn objectives(names: &[String]) -> Result<Vec<Objective>, String> {
    let mut ranked = Vec::new();
    for name in names {
        let objective = match name.as_str() {
            "EP" => Objective::High,
            "ENP" => Objective::Low,
            "RAF" => Objective::Paint,
            other => {
                return Err(format!(
                    "objective {other} is not known; they are EP, ENP, RAF"
                ));
            }
        };
        if ranked.contains(&objective) {
            return Err(ProblemError::Twice(objective).to_string());
        }
        ranked.push(objective);
    }
    Ok(ranked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::tests::features;
    use proptest::prelude::*;

    fn ratio(key: &str, value: &str, most: i64, span: i64, high: bool) -> Rule {
        Rule::Ratio {
            key: key.to_owned(),
            value: value.to_owned(),
            most,
            span,
            high,
        }
    }

    fn batch(most: i64) -> Rule {
        Rule::PaintBatch {
            key: "COLOR".to_owned(),
            most,
        }
    }

    fn rules(rules: &[Rule]) -> PlantRules {
        PlantRules::new(&features(), rules).expect("rules over known features")
    }

    fn car(variant: usize, colour: usize) -> Config {
        Config(0).with(0, variant).with(1, colour)
    }

    /// Six STD and six MAX, eight of them blue and four grey, behind a blue one: STD and MAX take turns in both orders,
    /// and the sequence goes on with the blue of the day before and then changes once.
    #[test]
    fn a_small_day_by_hand() {
        let plant = rules(&[ratio("VAR", "MAX", 1, 2, true), batch(9)]);
        let day: Vec<Config> = (0..12)
            .map(|n| car(n % 2 * 2, usize::from(n / 2 % 3 == 2)))
            .collect();
        let told = plant
            .sequence(&[car(0, 0)], &day, 10_000, 1)
            .expect("a day");
        let paint = |report: &Report| (report.objectives.high, report.objectives.paint);
        assert_eq!((paint(&told.report), paint(&told.even)), ((0, 1), (0, 3)));
        assert!(told.report.feasible());
        // A batch of three already stands behind the border: six more blue ones at most.
        let again = plant
            .sequence(&[car(0, 0); 3], &day, 10_000, 1)
            .expect("a day");
        assert_eq!(paint(&again.report), (0, 2));
        assert_eq!(plant.reach(), 9);
    }

    #[test]
    fn rules_that_do_not_fit_are_told() {
        let told = |rule: Rule| PlantRules::new(&features(), &[rule]).expect_err("refused");
        assert!(told(ratio("VAR", "XXL", 1, 2, true)).contains("VAR=XXL 1 of 2"));
        assert!(told(ratio("VAR", "MAX", 3, 2, true)).contains("p at most q"));
        assert!(told(Rule::Objectives(vec!["EP".into(), "EP".into()])).contains("twice"));
        assert!(told(Rule::Objectives(vec!["XP".into()])).contains("XP"));
        assert!(told(batch(0)).contains("1 or more"));
        assert!(rules(&[]).is_empty() && !rules(&[batch(25)]).is_empty());
    }

    /// Eleven blue ones and a grey one, five in a row at most: one of the blue ones is beyond whatever is done. The grey
    /// one parts them where it helps most, and that costs purges that the even order does not pay.
    #[test]
    fn a_day_that_cannot_be_painted_is_parted_as_far_as_it_goes() {
        let plant = rules(&[batch(5)]);
        let mut day = vec![car(0, 0); 11];
        day.push(car(0, 1));
        let told = plant.sequence(&[], &day, 0, 7).expect("a day");
        let purges = |report: &Report| report.objectives.paint;
        assert_eq!((told.report.beyond, purges(&told.report)), (1, 2));
        assert_eq!((told.even.beyond, purges(&told.even)), (6, 1));
    }

    proptest! {
        #[test]
        fn each_vehicle_once_and_never_dearer_than_even(
            cars in proptest::collection::vec((0usize..3, 0usize..2), 0..40),
            tail in proptest::collection::vec((0usize..3, 0usize..2), 0..12),
            moves in 0u64..2_000,
        ) {
            let plant = rules(&[ratio("VAR", "MAX", 1, 2, true), ratio("VAR", "PRO", 1, 3, false), batch(5)]);
            let cars: Vec<Config> = cars.into_iter().map(|(v, c)| car(v, c)).collect();
            let tail: Vec<Config> = tail.into_iter().map(|(v, c)| car(v, c)).collect();
            let told = plant.sequence(&tail, &cars, moves, 7).expect("a day");
            let mut places = told.order.clone();
            places.sort_unstable();
            prop_assert_eq!(places, (0..cars.len()).collect::<Vec<_>>());
            prop_assert!(told.report.rank() <= told.even.rank());
            let ordered: Vec<Config> = told.order.iter().map(|place| cars[*place]).collect();
            prop_assert_eq!(plant.report(&tail, &ordered).expect("scored"), told.report);
        }
    }
}
