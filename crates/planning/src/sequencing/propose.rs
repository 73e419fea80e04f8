//! Which move to try next. Most random moves are hopeless, so the positions are chosen where a move has a
//! chance: vehicles of one colour trade places, neighbourhoods are short, broken windows and the borders of
//! batches draw attention.
//!
//! It must not know prices. Invariant: a move it proposes leaves the tail of the day before and the frozen
//! vehicles alone.
use super::moves::{LONGEST_SHUFFLE, Move};
use super::problem::{Objective, Problem};
use super::random::Dice;
use super::track::Track;

/// The ways to choose a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Two vehicles of one colour trade places.
    SwapColour,
    /// Any two.
    SwapAny,
    /// Two that stand near each other.
    SwapNear,
    /// One in a broken window with another.
    SwapBroken,
    /// One beside another colour with a vehicle of that colour.
    SwapRepaint,
    /// Two with few options of difference.
    SwapSimilar,
    InsertNear,
    InsertAny,
    /// A vehicle goes to another of its colour.
    InsertBatch,
    ReflectNear,
    ReflectAny,
    /// A stretch is turned so that at one of its ends a colour meets itself.
    ReflectBatch,
    Shuffle,
}

/// The chances of each way in percent: while all objectives but the last are cooled, and for the last one.
/// They were found by trial on set A of the challenge.
type Chances = [(Way, usize, usize); 13];

const NO_PAINT: Chances = [
    (Way::SwapColour, 0, 0),
    (Way::SwapAny, 20, 20),
    (Way::SwapNear, 21, 21),
    (Way::SwapBroken, 25, 25),
    (Way::SwapRepaint, 0, 0),
    (Way::SwapSimilar, 15, 15),
    (Way::InsertNear, 5, 5),
    (Way::InsertAny, 2, 2),
    (Way::InsertBatch, 0, 0),
    (Way::ReflectNear, 5, 5),
    (Way::ReflectAny, 2, 2),
    (Way::ReflectBatch, 0, 0),
    (Way::Shuffle, 5, 5),
];

const PAINT_FIRST: Chances = [
    (Way::SwapColour, 35, 45),
    (Way::SwapAny, 4, 3),
    (Way::SwapNear, 8, 7),
    (Way::SwapBroken, 20, 20),
    (Way::SwapRepaint, 3, 2),
    (Way::SwapSimilar, 5, 5),
    (Way::InsertNear, 5, 4),
    (Way::InsertAny, 1, 1),
    (Way::InsertBatch, 6, 4),
    (Way::ReflectNear, 4, 3),
    (Way::ReflectAny, 1, 1),
    (Way::ReflectBatch, 5, 3),
    (Way::Shuffle, 3, 2),
];

const PAINT_SECOND: Chances = [
    (Way::SwapColour, 16, 45),
    (Way::SwapAny, 6, 3),
    (Way::SwapNear, 12, 7),
    (Way::SwapBroken, 12, 20),
    (Way::SwapRepaint, 14, 3),
    (Way::SwapSimilar, 6, 5),
    (Way::InsertNear, 5, 3),
    (Way::InsertAny, 2, 1),
    (Way::InsertBatch, 5, 2),
    (Way::ReflectNear, 6, 4),
    (Way::ReflectAny, 5, 2),
    (Way::ReflectBatch, 8, 3),
    (Way::Shuffle, 3, 2),
];

const PAINT_LAST: Chances = [
    (Way::SwapColour, 5, 8),
    (Way::SwapAny, 18, 10),
    (Way::SwapNear, 22, 14),
    (Way::SwapBroken, 14, 4),
    (Way::SwapRepaint, 5, 25),
    (Way::SwapSimilar, 16, 13),
    (Way::InsertNear, 5, 4),
    (Way::InsertAny, 2, 2),
    (Way::InsertBatch, 2, 5),
    (Way::ReflectNear, 4, 4),
    (Way::ReflectAny, 1, 3),
    (Way::ReflectBatch, 1, 6),
    (Way::Shuffle, 5, 2),
];

#[derive(Debug, Clone)]
pub(super) struct Proposer {
    /// The vehicles of each colour that may move, as indices into tail and day together.
    members: Vec<Vec<u32>>,
    /// Whether colours count.
    paint: bool,
    gauges: usize,
    /// The ways by their chance: two dice of this many faces.
    early: Vec<Way>,
    late: Vec<Way>,
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
        let paint = problem.weight(Objective::Paint) > 0 && colours > 1;
        let rank = problem
            .objectives
            .iter()
            .position(|o| *o == Objective::Paint);
        let chances = match (paint, rank) {
            (false, _) | (true, None) => NO_PAINT,
            (true, Some(0)) => PAINT_FIRST,
            (true, Some(last)) if last + 1 < problem.objectives.len() => PAINT_SECOND,
            (true, Some(1)) => PAINT_SECOND,
            (true, Some(_)) => PAINT_LAST,
        };
        let faces = |pick: fn(&(Way, usize, usize)) -> usize| {
            let faces = chances.iter();
            faces
                .flat_map(|face| std::iter::repeat_n(face.0, pick(face)))
                .collect()
        };
        Self {
            paint,
            members,
            gauges: track.windows.gauges(),
            early: faces(|face| face.1),
            late: faces(|face| face.2),
        }
    }

    /// A move, or nothing when the dice fell badly; `late` is when the last objective is worked on.
    #[inline]
    pub(super) fn propose(&self, track: &Track, late: bool, dice: &mut Dice) -> Option<Move> {
        let faces = if late { &self.late } else { &self.early };
        let way = *faces.get(dice.below(faces.len()))?;
        let i = any(track, dice);
        match way {
            Way::SwapColour => swap(track, i, self.sibling(track, dice, i)?),
            Way::SwapAny => swap(track, i, any(track, dice)),
            Way::SwapNear => swap(track, i, near(track, dice, i, 12)?),
            Way::SwapBroken => {
                let i = self.broken(track, dice)?;
                match self.paint && dice.below(4) > 0 {
                    true => swap(track, i, self.sibling(track, dice, i)?),
                    false => swap(track, i, any(track, dice)),
                }
            }
            Way::SwapRepaint => {
                let next = neighbour(track, dice, i)?;
                (track.hue(i) != track.hue(next)).then_some(())?;
                swap(track, i, self.sibling(track, dice, next)?)
            }
            Way::SwapSimilar => {
                let (a, b) = (any(track, dice), any(track, dice));
                let unlike = |p: usize| (track.masks[i] ^ track.masks[p]).count_ones();
                swap(track, i, if unlike(a) <= unlike(b) { a } else { b })
            }
            Way::InsertNear => insert(i, near(track, dice, i, 40)?),
            Way::InsertAny => insert(i, any(track, dice)),
            Way::InsertBatch => {
                let next = self.sibling(track, dice, i)?;
                insert(i, next)
            }
            Way::ReflectNear => reflect(i, near(track, dice, i, 30)?),
            Way::ReflectAny => reflect(i, any(track, dice)),
            Way::ReflectBatch => {
                // Turned so that the vehicle before the stretch meets one of its own colour.
                let next = i + 1;
                (next < track.len() && track.hue(i) != track.hue(next)).then_some(())?;
                let j = self.sibling(track, dice, i)?;
                match j > i {
                    true => reflect(next, j),
                    // The other way round: the one behind the stretch meets its colour.
                    false => (j + 1 < i).then(|| Move::Reflect(j + 1, i - 1)),
                }
            }
            Way::Shuffle => shuffle(track, dice, i),
        }
    }

    /// Another free vehicle of the colour at `i`.
    #[inline]
    fn sibling(&self, track: &Track, dice: &mut Dice, i: usize) -> Option<usize> {
        let group = self.members.get(track.hue(i) as usize)?;
        let vehicle = group.get(dice.below(group.len()))?;
        Some(track.place[*vehicle as usize] as usize)
    }

    /// A position in a broken window.
    fn broken(&self, track: &Track, dice: &mut Dice) -> Option<usize> {
        let g = dice.below(self.gauges);
        (self.gauges > 0).then_some(())?;
        let window = track.windows.broken_from(g, any(track, dice))?;
        let position = window + dice.below(track.windows.gauge(g).span);
        (position < track.len()).then_some(position)
    }
}

#[inline]
fn any(track: &Track, dice: &mut Dice) -> usize {
    track.first + dice.below(track.len() - track.first)
}

/// A free position at most `reach` away.
#[inline]
fn near(track: &Track, dice: &mut Dice, i: usize, reach: usize) -> Option<usize> {
    let away = 1 + dice.below(2 * reach);
    let j = match away > reach {
        true => i + (away - reach),
        false => i.checked_sub(away)?,
    };
    (j >= track.first && j < track.len()).then_some(j)
}

/// The position before or behind `i`.
#[inline]
fn neighbour(track: &Track, dice: &mut Dice, i: usize) -> Option<usize> {
    near(track, dice, i, 1)
}

#[inline]
fn swap(track: &Track, i: usize, j: usize) -> Option<Move> {
    (i != j && !track.alike(i, j)).then_some(Move::Swap(i, j))
}

#[inline]
fn insert(i: usize, j: usize) -> Option<Move> {
    (i != j).then_some(Move::Insert(i, j))
}

#[inline]
fn reflect(i: usize, j: usize) -> Option<Move> {
    (i != j).then_some(Move::Reflect(i.min(j), i.max(j)))
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
