//! The four ways a sequence is changed: swap, insertion, reflection, shuffle of a few neighbours (the
//! neighbourhoods of Estellon, Gardi, Nouioua, winners of the ROADEF challenge of 2005).
//!
//! It must not know prices. Invariant: a move is a permutation of the positions between its ends.

/// The most neighbours that are shuffled at once.
pub(super) const LONGEST_SHUFFLE: usize = 8;

/// One change of a sequence; positions are of the whole line, tail of the day before included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// The vehicles at two different positions trade places.
    Swap(usize, usize),
    /// The vehicle at the first position goes to the second, those between slide by one.
    Insert(usize, usize),
    /// The vehicles from the first to the second position, ends included, turn around.
    Reflect(usize, usize),
    /// The `len` vehicles from `at` on stand in the order of `picks`.
    Shuffle {
        at: usize,
        len: usize,
        picks: [u8; LONGEST_SHUFFLE],
    },
}

impl Move {
    /// The first and the last position it touches.
    #[inline]
    pub(super) fn ends(&self) -> (usize, usize) {
        match *self {
            Move::Swap(a, b) | Move::Insert(a, b) => (a.min(b), a.max(b)),
            Move::Reflect(i, j) => (i, j),
            Move::Shuffle { at, len, .. } => (at, at + len - 1),
        }
    }

    /// Where the vehicle that stands at `position` after the move came from.
    #[inline]
    pub(super) fn source(&self, position: usize) -> usize {
        let (i, j) = self.ends();
        if position < i || position > j {
            return position;
        }
        match *self {
            Move::Swap(a, b) if position == a => b,
            Move::Swap(a, b) if position == b => a,
            Move::Swap(..) => position,
            Move::Insert(from, to) if position == to => from,
            Move::Insert(from, to) if from < to => position + 1,
            Move::Insert(..) => position - 1,
            Move::Reflect(i, j) => i + j - position,
            Move::Shuffle { at, picks, .. } => at + picks[position - at] as usize,
        }
    }

    /// Calls `visit` with each position `p` whose neighbour `p - 1` may be another one after the move.
    #[inline]
    pub(super) fn joints(&self, mut visit: impl FnMut(usize)) {
        match *self {
            Move::Swap(a, b) => {
                let (i, j) = (a.min(b), a.max(b));
                visit(i);
                visit(i + 1);
                if j > i + 1 {
                    visit(j);
                }
                visit(j + 1);
            }
            Move::Insert(from, to) => {
                let (i, j) = (from.min(to), from.max(to));
                visit(i);
                visit(if from < to { j } else { i + 1 });
                visit(j + 1);
            }
            Move::Reflect(i, j) => {
                visit(i);
                visit(j + 1);
            }
            Move::Shuffle { at, len, .. } => (at..=at + len).for_each(visit),
        }
    }
}
