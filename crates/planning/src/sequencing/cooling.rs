//! How warm the search is. Each objective has a temperature of its own, told in its own units: the first ones cool
//! while the last is hardly felt, so that it cannot hold the others in a poor valley, and each freezes before the
//! next one is cold (simulated annealing, Kirkpatrick, Gelatt, Vecchi 1983, one temperature a level).
//!
//! It must not know moves or a clock: what has passed is told in moves out of those the caller aims at.
//! Invariants: integers only; without an aim, and near its end, a move is taken only when it costs nothing.
use super::random::Dice;
use super::track::Heat;

/// One in the fixed point of temperatures and energies.
const ONE: i64 = 1 << 16;
/// Temperatures are told as the binary logarithm of what one unit counts, by objective when its turn begins: a
/// unit more is then taken with a chance of one in 17, in 50, in 3.
const HOT: [i64; 3] = [ONE + ONE / 2, 2 * ONE, 0];
/// When its turn ends a unit more is taken once in 270,000 moves, afterwards never.
const COLD: i64 = 3 * ONE + 42_000;
const FROZEN: i64 = 7 * ONE;
/// Before its turn an objective only decides between moves that the others do not mind.
const FAINT: i64 = -4 * ONE;
/// Moves for which the temperatures stand still.
const PACE: u64 = 1_024;

/// When an objective begins to count and when it is frozen, as parts of the aim.
#[derive(Debug, Clone, Copy, Default)]
struct Stage {
    begins: i64,
    ends: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Cooling {
    weights: [i64; 3],
    /// What a move may win of each objective: one that wins more is too rare to be waited for.
    most: [i64; 3],
    stages: [Stage; 3],
    /// The part of the aim at which annealing begins and ends; before and after, the search only descends.
    begins: i64,
    ends: i64,
    aim: u64,
    /// How dear the next move may be.
    pub(super) heat: Heat,
    descends: bool,
    late: bool,
}

const fn stage(begins: i64, ends: i64) -> Stage {
    Stage {
        begins: begins * ONE / 100,
        ends: ends * ONE / 100,
    }
}

impl Cooling {
    /// For objectives of these weights, most important first, 0 being none; `paint` is the rank of the purges.
    pub(super) fn new(weights: [i64; 3], paint: Option<usize>) -> Self {
        let none = stage(0, 100);
        let (begins, stages) = match weights.iter().filter(|weight| **weight > 0).count() {
            // One objective descends well by itself; annealing is for what is left then.
            0 | 1 => (20, [stage(20, 97), none, none]),
            // Purges alone are easy: they are frozen at their least and the batches stay whole.
            2 if paint == Some(0) => (2, [stage(2, 2), stage(2, 97), stage(50, 97)]),
            _ if paint == Some(0) => (2, [stage(2, 2), stage(2, 68), stage(68, 97)]),
            2 => (2, [stage(2, 40), stage(2, 97), stage(50, 97)]),
            _ => (2, [stage(2, 30), stage(2, 68), stage(68, 97)]),
        };
        Self {
            weights,
            // A swap parts and joins four pairs of neighbours.
            most: [0, 1, 2].map(|rank| if Some(rank) == paint { 4 } else { 10 }),
            stages,
            begins: begins * ONE / 100,
            ends: 97 * ONE / 100,
            aim: 0,
            heat: descent(weights),
            descends: true,
            late: true,
        }
    }

    /// Tells how many moves the caller means to spend in all.
    pub(super) fn aim(&mut self, moves: u64) {
        self.aim = moves;
    }

    /// Whether only moves that cost nothing are taken now.
    pub(super) fn descends(&self) -> bool {
        self.descends
    }

    /// Whether the last objective is worked on: its turn has come, or all are descended at once.
    pub(super) fn late(&self) -> bool {
        self.late
    }

    /// Sets [`Cooling::heat`] for the next move after `tried` others.
    #[inline]
    pub(super) fn heat(&mut self, tried: u64, dice: &mut Dice) {
        if tried.is_multiple_of(PACE) {
            self.set(tried);
        }
        if !self.descends {
            self.heat.ceiling = luck(dice);
        }
    }

    /// The binary logarithm of what one unit of an objective counts when this part of the aim has passed.
    fn log(&self, rank: usize, passed: i64) -> i64 {
        let Stage { begins, ends } = self.stages[rank];
        if passed < begins {
            FAINT
        } else if passed < ends {
            HOT[rank] + (COLD - HOT[rank]) * (passed - begins) / (ends - begins).max(1)
        } else {
            FROZEN
        }
    }

    fn set(&mut self, tried: u64) {
        let passed = match self.aim {
            0 => ONE,
            aim => (u128::from(tried) * ONE as u128 / u128::from(aim)).min(ONE as u128) as i64,
        };
        let descends = passed < self.begins || passed >= self.ends;
        if descends {
            self.heat = descent(self.weights);
        } else {
            let mut unit = [0; 3];
            for (rank, unit) in unit.iter_mut().enumerate() {
                if self.weights[rank] > 0 {
                    *unit = power(self.log(rank, passed));
                }
            }
            let below = |rank: usize| self.most[rank] * unit[rank];
            self.heat = Heat {
                unit,
                slack: [below(1) + below(2), below(2), 0],
                ceiling: 0,
                drift: 1,
            };
        }
        self.descends = descends;
        // A descent without an aim changes hands: it must serve all objectives.
        self.late = match descends {
            true => (tried / PACE).is_multiple_of(2),
            false => passed >= self.stages[2].begins,
        };
    }
}

/// Only moves that cost nothing. A level that weighs a thousandth cannot outweigh one unit of the level above.
fn descent(weights: [i64; 3]) -> Heat {
    let slack = |rank: usize| {
        let below = weights.get(rank + 1).copied().unwrap_or(0);
        match weights[rank] / 1_000 >= below {
            true => (weights[rank] - 1).max(0),
            false => i64::MAX / 4,
        }
    };
    Heat {
        unit: weights,
        slack: [slack(0), slack(1), 0],
        ceiling: 0,
        drift: 1,
    }
}

/// Two to the power of `log`, both in fixed point, with a straight line between the whole powers.
fn power(log: i64) -> i64 {
    let (whole, part) = (log >> 16, log & (ONE - 1));
    match whole < 0 {
        true => (ONE + part) >> -whole,
        false => (ONE + part) << whole,
    }
}

/// Minus the natural logarithm of a number drawn from 0 to 1, in fixed point, by the same straight line.
#[inline]
fn luck(dice: &mut Dice) -> i64 {
    let drawn = (dice.next() >> 32) as u32 | 1;
    let zeros = drawn.leading_zeros();
    let part = i64::from(((drawn << zeros) >> 15) & 0xffff);
    let bits = (i64::from(zeros + 1) << 16) - part;
    (bits * 45_426) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_descends_without_an_aim_and_cools_with_one() {
        let mut dice = Dice::new(1);
        let mut cooling = Cooling::new([1_000_000, 1_000, 1], None);
        let mut unit = |cooling: &mut Cooling, tried| {
            cooling.heat(tried, &mut dice);
            cooling.heat.unit
        };
        assert_eq!(unit(&mut cooling, 0), [1_000_000, 1_000, 1]);
        assert!(cooling.descends());
        cooling.aim(100 * PACE);
        let hot = unit(&mut cooling, 10 * PACE);
        assert!(!cooling.descends() && hot[0] < hot[1] && hot[2] < hot[1]);
        let cold = unit(&mut cooling, 90 * PACE);
        assert!(cold[0] > hot[0] && cold[0] == cold[1] && cold[2] < cold[1]);
        unit(&mut cooling, 99 * PACE);
        assert!(cooling.descends());
    }

    #[test]
    fn luck_is_near_the_logarithm() {
        let mut dice = Dice::new(3);
        let sum: i64 = (0..100_000).map(|_| luck(&mut dice)).sum();
        // The mean of an exponential variable is 1; the straight line is off by a few in a hundred.
        assert!(
            (ONE * 95 / 100..ONE * 108 / 100).contains(&(sum / 100_000)),
            "{sum}"
        );
    }
}
