//! The linear system of interests. It must not know names. Invariants as in the module's head. Cost: O(holdings) without rings, and
//! the cube of a ring's size for each ring, once a group; O(holdings) and the square of each ring for each holder asked for.
use super::Holding;
use super::ring::rings;
use crate::fixed::{Fixed, ONE, div, millionths, mul, ratio};

/// All of a company.
pub const WHOLE: i64 = 1_000_000;
/// The most companies of a ring.
const LARGEST: usize = 400;

/// Why holdings make no group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StakeError {
    /// A holder or company that is not there.
    #[error("holding {holding} names somebody who does not exist")]
    Unknown {
        /// Its index.
        holding: usize,
    },
    /// Not between nothing and the whole.
    #[error(
        "holding {holding} is {share} millionths; a share is more than 0 and at most 1,000,000"
    )]
    Share {
        /// Its index.
        holding: usize,
        /// The share.
        share: i64,
    },
    /// Somebody has a share of his own.
    #[error("company {company} holds itself; own shares are cancelled, not held")]
    Itself {
        /// The company.
        company: usize,
    },
    /// More than there is.
    #[error("{held} millionths of company {company} are held; there are 1,000,000")]
    TooMuch {
        /// The company.
        company: usize,
        /// What is held in all.
        held: i64,
    },
    /// Nobody outside holds anything of them, so that what they own comes back to them for ever.
    #[error("companies {ring:?} own each other wholly; somebody outside must hold a part")]
    NoOutside {
        /// The companies.
        ring: Vec<usize>,
    },
    /// Too many own each other.
    #[error("{size} companies own each other; at most {LARGEST} are computed with")]
    TooLarge {
        /// How many.
        size: usize,
    },
}

/// Holdings that were checked.
#[derive(Debug, Clone)]
pub struct Group {
    /// By holder: what it holds.
    holds: Vec<Vec<(usize, i64)>>,
    /// The rings in the order of holding, each with its system taken apart.
    rings: Vec<Ring>,
}

#[derive(Debug, Clone)]
struct Ring {
    members: Vec<usize>,
    /// `I - A` among the members, as lower and upper factors in one square; empty for one alone.
    factors: Vec<Vec<Fixed>>,
}

impl Group {
    /// Checks and prepares. Several holdings of one holder in one company add up.
    ///
    /// # Errors
    /// `StakeError`, the first that is found.
    pub fn new(count: usize, holdings: &[Holding]) -> Result<Self, StakeError> {
        let (mut holds, mut held) = (vec![Vec::new(); count], vec![0i64; count]);
        for (at, holding) in holdings.iter().enumerate() {
            if holding.holder >= count || holding.company >= count {
                return Err(StakeError::Unknown { holding: at });
            }
            if !(1..=WHOLE).contains(&holding.share) {
                let share = holding.share;
                return Err(StakeError::Share { holding: at, share });
            }
            if holding.holder == holding.company {
                let company = holding.company;
                return Err(StakeError::Itself { company });
            }
            held[holding.company] += holding.share;
            holds[holding.holder].push((holding.company, holding.share));
        }
        if let Some(company) = held.iter().position(|held| *held > WHOLE) {
            let held = held[company];
            return Err(StakeError::TooMuch { company, held });
        }
        let next: Vec<Vec<usize>> = holds
            .iter()
            .map(|held: &Vec<(usize, i64)>| held.iter().map(|(company, _)| *company).collect())
            .collect();
        let mut group = Self {
            holds,
            rings: Vec::new(),
        };
        for members in rings(&next) {
            let factors = group.factors(&members)?;
            group.rings.push(Ring { members, factors });
        }
        Ok(group)
    }

    /// How much of each company belongs to a holder, directly and through others, in millionths; of itself everything, which is not
    /// told: a holder's place holds what it owns of itself through others.
    pub fn interests(&self, holder: usize) -> Vec<i64> {
        let mut found: Vec<Fixed> = vec![0; self.holds.len()];
        // What the holder has by its own hand starts every chain, also one that comes back to it.
        for (company, share) in self.holds.get(holder).into_iter().flatten() {
            found[*company] += ratio(*share, WHOLE);
        }
        for ring in &self.rings {
            let own: Vec<Fixed> = ring.members.iter().map(|member| found[*member]).collect();
            let solved = ring.solve(own);
            for (member, interest) in ring.members.iter().zip(&solved) {
                found[*member] = *interest;
            }
            for (member, interest) in ring.members.iter().zip(&solved) {
                for (company, share) in &self.holds[*member] {
                    if ring.members.binary_search(company).is_err() {
                        found[*company] += mul(*interest, ratio(*share, WHOLE));
                    }
                }
            }
        }
        found.into_iter().map(millionths).collect()
    }

    /// Those who own each other, where there are several, holders before what they hold.
    pub fn rings(&self) -> impl Iterator<Item = &[usize]> {
        let many = self.rings.iter().filter(|ring| ring.members.len() > 1);
        many.map(|ring| ring.members.as_slice())
    }

    /// Takes `I - A` apart among members. The row of each company sums to what is not held within the ring, so the matrix is dominated
    /// by its diagonal, and no pivot needs to be exchanged.
    fn factors(&self, members: &[usize]) -> Result<Vec<Vec<Fixed>>, StakeError> {
        let size = members.len();
        if size < 2 {
            return Ok(Vec::new());
        }
        if size > LARGEST {
            return Err(StakeError::TooLarge { size });
        }
        let mut inside = vec![0i64; size];
        let mut square = vec![vec![0; size]; size];
        for (at, row) in square.iter_mut().enumerate() {
            row[at] = ONE;
        }
        for (from, member) in members.iter().enumerate() {
            for (company, share) in &self.holds[*member] {
                if let Ok(to) = members.binary_search(company) {
                    // The interest in `to` takes a part of that in `from`.
                    square[to][from] -= ratio(*share, WHOLE);
                    inside[to] += share;
                }
            }
        }
        if inside.iter().all(|inside| *inside == WHOLE) {
            let ring = members.to_vec();
            return Err(StakeError::NoOutside { ring });
        }
        for pivot in 0..size {
            let (upper, lower) = square.split_at_mut(pivot + 1);
            let top = &upper[pivot];
            for row in lower.iter_mut().filter(|row| row[pivot] != 0) {
                let factor = div(row[pivot], top[pivot]);
                row[pivot] = factor;
                for (cell, above) in row.iter_mut().zip(top).skip(pivot + 1) {
                    *cell -= mul(factor, *above);
                }
            }
        }
        Ok(square)
    }
}

impl Ring {
    /// Forward through the lower factor, back through the upper one.
    fn solve(&self, mut right: Vec<Fixed>) -> Vec<Fixed> {
        let size = self.factors.len();
        for row in 0..size {
            for column in 0..row {
                let less = mul(self.factors[row][column], right[column]);
                right[row] -= less;
            }
        }
        for row in (0..size).rev() {
            for column in row + 1..size {
                let less = mul(self.factors[row][column], right[column]);
                right[row] -= less;
            }
            right[row] = div(right[row], self.factors[row][row]);
        }
        right
    }
}
