//! Where vehicles stood before a day was put in order again. A plant has told drivers, suppliers and the next shops the
//! old order, so each position that a vehicle which nothing has happened to moves away from its home has a price.
//!
//! It must not know rules or colours. Invariant: the drift of a line is the sum over its vehicles of the positions between
//! where each stands and its home.
use super::moves::Move;

#[derive(Debug, Clone)]
pub(super) struct Homes {
    /// The home of each vehicle of tail and day.
    home: Vec<u32>,
    reach: usize,
    weight: i64,
}

impl Homes {
    /// The home of a vehicle that may stand anywhere.
    pub(super) const NOWHERE: u32 = u32::MAX;

    pub(super) fn new(home: Vec<u32>, reach: usize, weight: i64) -> Self {
        Self {
            home,
            reach,
            weight,
        }
    }

    fn away(&self, vehicle: u32, position: usize) -> Option<usize> {
        match self.home[vehicle as usize] {
            Self::NOWHERE => None,
            home => Some(position.abs_diff(home as usize)),
        }
    }

    /// What the whole line costs.
    pub(super) fn total(&self, order: &[u32]) -> i64 {
        let away = order.iter().enumerate().map(|(p, v)| self.away(*v, p));
        self.weight * away.flatten().map(|away| away as i64).sum::<i64>()
    }

    /// Positions that the move fills with another vehicle.
    fn touched(change: &Move) -> impl Iterator<Item = usize> + '_ {
        let (i, j) = change.ends();
        let step = match change {
            Move::Swap(..) => (j - i).max(1),
            _ => 1,
        };
        (i..=j).step_by(step)
    }

    /// What the move costs more.
    pub(super) fn drift(&self, order: &[u32], change: &Move) -> i64 {
        if self.weight == 0 {
            return 0;
        }
        let moved = Self::touched(change).map(|position| {
            let source = change.source(position);
            let vehicle = order[source];
            let away = |position| self.away(vehicle, position).map_or(0, |away| away as i64);
            away(position) - away(source)
        });
        self.weight * moved.sum::<i64>()
    }

    /// Whether no vehicle goes farther than its reach; one that is there already may come back.
    pub(super) fn in_reach(&self, order: &[u32], change: &Move) -> bool {
        Self::touched(change).all(|position| {
            let source = change.source(position);
            let vehicle = order[source];
            self.away(vehicle, position).is_none_or(|away| {
                away <= self.reach || self.away(vehicle, source).is_some_and(|now| away <= now)
            })
        })
    }
}
