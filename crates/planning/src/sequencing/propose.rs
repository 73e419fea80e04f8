//! Which move to try next. Most random moves are hopeless, so the positions are chosen where a move has a
//! chance: vehicles of one colour trade places, neighbourhoods are short, broken windows draw attention.
//!
//! It must not know prices. Invariant: a move it proposes leaves the tail of the day before and the frozen
//! vehicles alone.
use super::moves::{LONGEST_SHUFFLE, Move};
use super::problem::{Objective, Problem};
use super::random::Dice;
use super::track::Track;

/// Chances are out of this.
const WHOLE: usize = 1_000;

#[derive(Debug, Clone)]
pub(super) struct Proposer {
    /// The vehicles of each colour that may move, as indices into tail and day together.
    members: Vec<Vec<u32>>,
    /// Whether colours count.
    paint: bool,
    gauges: usize,
}

impl Proposer {
    pub(super) fn new(problem: &Problem, track: &Track) -> Self {
        let mut members: Vec<Vec<u32>> = Vec::new();
        for position in track.first..track.len() {
            let colour = track.hue(position) as usize;
            if members.len() <= colour {
                members.resize(colour + 1, Vec::new());
            }
            members[colour].push(track.order[position]);
        }
        let colours = members.iter().filter(|group| !group.is_empty()).count();
        Self {
            paint: problem.weight(Objective::Paint) > 0 && colours > 1,
            members,
            gauges: track.windows.gauges(),
        }
    }

    /// A move, or nothing when the dice fell badly.
    #[inline]
    pub(super) fn propose(&self, track: &Track, dice: &mut Dice) -> Option<Move> {
        let free = track.len() - track.first;
        let kind = dice.below(WHOLE);
        if kind < 600 {
            return self.swap(track, dice);
        }
        let i = track.first + dice.below(free);
        if kind < 800 {
            let j = match dice.below(2) {
                0 => near(track, dice, i, 40)?,
                _ => track.first + dice.below(free),
            };
            return (i != j).then_some(Move::Insert(i, j));
        }
        if kind < 950 {
            let j = match dice.below(2) {
                0 => near(track, dice, i, 30)?,
                _ => track.first + dice.below(free),
            };
            return (i != j).then_some(Move::Reflect(i.min(j), i.max(j)));
        }
        shuffle(track, dice, i)
    }

    fn swap(&self, track: &Track, dice: &mut Dice) -> Option<Move> {
        let free = track.len() - track.first;
        let kind = dice.below(WHOLE);
        let i = match kind < 300 && self.gauges > 0 {
            true => self
                .broken(track, dice)
                .unwrap_or_else(|| track.first + dice.below(free)),
            false => track.first + dice.below(free),
        };
        let j = match (self.paint, dice.below(4)) {
            (true, 0..=2) => {
                let group = &self.members[track.hue(i) as usize];
                track.place[*group.get(dice.below(group.len()))? as usize] as usize
            }
            (false, 0) => near(track, dice, i, 12)?,
            _ => track.first + dice.below(free),
        };
        (i != j && !track.alike(i, j)).then_some(Move::Swap(i, j))
    }

    /// A position in a broken window.
    fn broken(&self, track: &Track, dice: &mut Dice) -> Option<usize> {
        let free = track.len() - track.first;
        let g = dice.below(self.gauges);
        let from = track.first + dice.below(free);
        let window = track.windows.broken_from(g, from)?;
        let position = window + dice.below(track.windows.gauge(g).span);
        (position < track.len()).then_some(position)
    }
}

/// A free position at most `reach` away.
fn near(track: &Track, dice: &mut Dice, i: usize, reach: usize) -> Option<usize> {
    let away = 1 + dice.below(reach);
    let j = match dice.below(2) {
        0 => i + away,
        _ => i.checked_sub(away)?,
    };
    (j >= track.first && j < track.len()).then_some(j)
}

fn shuffle(track: &Track, dice: &mut Dice, at: usize) -> Option<Move> {
    let len = (3 + dice.below(LONGEST_SHUFFLE - 2)).min(track.len() - at);
    if len < 3 {
        return None;
    }
    let mut picks = [0, 1, 2, 3, 4, 5, 6, 7];
    for place in (1..len).rev() {
        picks.swap(place, dice.below(place + 1));
    }
    Some(Move::Shuffle { at, len, picks })
}
