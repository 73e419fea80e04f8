//! How the record of a unit changes: a part is replaced, or what was recorded is corrected. It must not know record
//! numbers: it says what is known from now on, and the caller ends the old and begins the new at one record.
//!
//! Invariants: a piece with a serial is in one place at a time; the same part of the same item is in a unit once at a
//! time; what was replaced goes somewhere; a correction of a part also corrects where it lay after it was taken out, and
//! nothing else.
use std::fmt;

use super::{Edge, Node, Origin, Period, Place};
use takt_kernel::Quantity;

/// What is known of some units and parts: all edges that a change may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings(pub Vec<Edge>);

/// A part is taken out, another one is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// The unit.
    pub unit: Node,
    /// The number of the item.
    pub item: i64,
    /// What is taken out; none where the unit has one of the item only.
    pub removed: Option<Node>,
    /// What is put in; none where the place stays empty.
    pub installed: Option<Node>,
    /// How much is replaced; zero for all of it.
    pub quantity: Quantity,
    /// Where the removed part goes: a place or another unit.
    pub goes_to: Node,
    /// The day.
    pub on: i64,
}

/// The record was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The unit.
    pub unit: Node,
    /// The number of the item.
    pub item: i64,
    /// What stands in the record; none where something is missing from it.
    pub recorded: Option<Node>,
    /// A day of the stay that is meant, where there are several.
    pub at: Option<i64>,
    /// What was there; none where nothing was.
    pub actual: Option<Fitted>,
}

/// What was in a unit, and when; what is not given stays as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fitted {
    /// The part.
    pub part: Node,
    /// How much of it.
    pub quantity: Option<Quantity>,
    /// The first day.
    pub from: Option<i64>,
    /// The day on which it was taken out.
    pub to: Option<i64>,
}

/// Why the record does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditRefusal {
    /// The unit has no such part at that time.
    NotFitted,
    /// The unit has several parts of the item, and none was named.
    Ambiguous,
    /// The part came in later than that day.
    BeforeFitted(i64),
    /// The part was taken out again on that day.
    TakenOutLater(i64),
    /// The part is somewhere else at that time.
    Elsewhere(Node),
    /// The part is scrapped.
    Scrapped,
    /// What goes in is what comes out.
    SamePart,
    /// The days run backwards.
    Backwards,
    /// A day must be given, because nothing was recorded.
    NoDay,
}

impl fmt::Display for EditRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self:?}")
    }
}

impl Holdings {
    /// Replaces a part.
    ///
    /// # Errors
    /// `EditRefusal`; then nothing is changed.
    pub fn replace(&mut self, change: &Replacement) -> Result<(), EditRefusal> {
        let before = self.0.clone();
        let done = self.replaced(change).and_then(|()| self.checked());
        if done.is_err() {
            self.0 = before;
        }
        done
    }

    fn replaced(&mut self, change: &Replacement) -> Result<(), EditRefusal> {
        let (on, unit) = (change.on, change.unit);
        let old = self.fitted_now(change)?;
        if Some(old.child) == change.installed && old.child.is_single() {
            return Err(EditRefusal::SamePart);
        }
        self.ends(old, on);
        let all = change.quantity == Quantity::ZERO || change.quantity >= old.quantity;
        // On the border of two lots nobody knows how much of each there was, so none is counted down.
        let unknown = old.quantity == Quantity::ZERO;
        if change.quantity != Quantity::ZERO && (unknown || !all) {
            let rest = Quantity((old.quantity.milli() - change.quantity.milli()).max(0));
            self.begins(unit, old.child, change.item, rest, on);
        }
        let moved = if change.quantity == Quantity::ZERO {
            old.quantity
        } else {
            change.quantity
        };
        self.begins(change.goes_to, old.child, change.item, moved, on);
        if let Some(part) = change.installed {
            self.taken_from_stock(part, on)?;
            self.begins(unit, part, change.item, moved, on);
        }
        Ok(())
    }

    /// Corrects the record.
    ///
    /// # Errors
    /// `EditRefusal`; then nothing is changed.
    pub fn correct(&mut self, change: &Correction) -> Result<(), EditRefusal> {
        let before = self.0.clone();
        let done = self.corrected(change).and_then(|()| self.checked());
        if done.is_err() {
            self.0 = before;
        }
        done
    }

    fn corrected(&mut self, change: &Correction) -> Result<(), EditRefusal> {
        let recorded = match change.recorded {
            Some(part) => {
                let meant = |edge: &&Edge| {
                    let same = (edge.parent, edge.item, edge.child);
                    same == (change.unit, change.item, part)
                        && change.at.is_none_or(|at| {
                            edge.valid.holds(at) || edge.valid == Period { from: at, to: at }
                        })
                };
                let mut stays = self.0.iter().filter(meant).copied();
                let edge = stays.next().ok_or(EditRefusal::NotFitted)?;
                if stays.next().is_some() {
                    return Err(EditRefusal::Ambiguous);
                }
                self.0.retain(|one| *one != edge);
                Some(edge)
            }
            None => None,
        };
        let Some(actual) = change.actual else {
            return recorded.map(|_| ()).ok_or(EditRefusal::NoDay);
        };
        let from = actual.from.or(recorded.map(|edge| edge.valid.from));
        let from = from.ok_or(EditRefusal::NoDay)?;
        let to = actual
            .to
            .unwrap_or(recorded.map_or(super::OPEN, |edge| edge.valid.to));
        if to < from {
            return Err(EditRefusal::Backwards);
        }
        if let Some(edge) = recorded.filter(|edge| edge.valid.to == to && to < super::OPEN) {
            self.goes_with(&edge, actual.part);
        }
        let known = recorded.map_or(Quantity::ZERO, |edge| edge.quantity);
        self.0.push(Edge {
            parent: change.unit,
            child: actual.part,
            item: change.item,
            quantity: actual.quantity.unwrap_or(known),
            valid: Period { from, to },
            recorded: Period::since(0),
            origin: Origin::New,
        });
        Ok(())
    }

    /// What lay in stock or scrap after it was taken out of a unit was the part that really was in it.
    fn goes_with(&mut self, edge: &Edge, part: Node) {
        let next = |one: &Edge| {
            (one.child, one.item, one.valid.from) == (edge.child, edge.item, edge.valid.to)
                && matches!(one.parent, Node::Place(_))
        };
        let mut followed = self.0.iter().filter(|one| next(one)).copied();
        if let (Some(one), None) = (followed.next(), followed.next()) {
            self.0.retain(|other| *other != one);
            self.0.push(Edge {
                child: part,
                origin: Origin::New,
                ..one
            });
        }
    }

    /// Puts a part into a unit from a day on, as a supplier tells of its own units.
    ///
    /// # Errors
    /// `EditRefusal`; then nothing is changed.
    pub fn fit(&mut self, edge: Edge) -> Result<(), EditRefusal> {
        match self.0.iter().find_map(|other| contradiction(&edge, other)) {
            Some(refusal) => Err(refusal),
            None => {
                self.0.push(edge);
                Ok(())
            }
        }
    }

    /// What is known no more, and what is known from now on.
    pub fn against(self, before: &Self) -> (Vec<Edge>, Vec<Edge>) {
        let gone = before.0.iter().filter(|edge| !self.0.contains(edge));
        let gone = gone.copied().collect();
        let is_new = |edge: &Edge| edge.origin == Origin::New;
        (gone, self.0.into_iter().filter(is_new).collect())
    }

    fn fitted_now(&self, change: &Replacement) -> Result<Edge, EditRefusal> {
        let of_item = |edge: &&Edge| {
            edge.parent == change.unit
                && edge.item == change.item
                && change.removed.is_none_or(|part| part == edge.child)
        };
        let stays: Vec<Edge> = self.0.iter().filter(of_item).copied().collect();
        let mut open = stays.iter().filter(|edge| edge.valid.is_open());
        let Some(edge) = open.next() else {
            // The last one that was there tells why there is none to take out.
            let mut last = stays.iter().filter(|edge| edge.valid.holds(change.on));
            return Err(last.next_back().map_or(EditRefusal::NotFitted, |edge| {
                EditRefusal::TakenOutLater(edge.valid.to)
            }));
        };
        if open.next().is_some() {
            return Err(EditRefusal::Ambiguous);
        }
        if edge.valid.from > change.on {
            return Err(EditRefusal::BeforeFitted(edge.valid.from));
        }
        Ok(*edge)
    }

    fn taken_from_stock(&mut self, part: Node, on: i64) -> Result<(), EditRefusal> {
        if !part.is_single() {
            return Ok(());
        }
        let later = Period::since(on);
        let holder = |edge: &&Edge| edge.child == part && edge.valid.overlaps(later);
        let holders: Vec<Edge> = self.0.iter().filter(holder).copied().collect();
        for edge in holders {
            match edge.parent {
                Node::Place(Place::Scrap) => return Err(EditRefusal::Scrapped),
                Node::Place(Place::Stock) if edge.valid.is_open() && edge.valid.from <= on => {
                    self.ends(edge, on);
                }
                parent => return Err(EditRefusal::Elsewhere(parent)),
            }
        }
        Ok(())
    }

    fn ends(&mut self, edge: Edge, on: i64) {
        self.0.retain(|one| *one != edge);
        self.0.push(Edge {
            valid: Period {
                from: edge.valid.from,
                to: on,
            },
            origin: Origin::New,
            ..edge
        });
    }

    /// Begins a stay. Parts of a lot join those of it that the unit has already.
    fn begins(&mut self, parent: Node, child: Node, item: i64, quantity: Quantity, on: i64) {
        let same = |edge: &&Edge| {
            (edge.parent, edge.child, edge.item) == (parent, child, item) && edge.valid.is_open()
        };
        let mut quantity = quantity;
        if !matches!(parent, Node::Place(_))
            && !child.is_single()
            && let Some(edge) = self.0.iter().find(same).copied()
        {
            let known = edge.quantity != Quantity::ZERO && quantity != Quantity::ZERO;
            let sum = edge.quantity.milli() + quantity.milli();
            quantity = Quantity(if known { sum } else { 0 });
            if edge.valid.from == on {
                self.0.retain(|one| *one != edge);
            } else {
                self.ends(edge, on);
            }
        }
        self.0.push(Edge {
            parent,
            child,
            item,
            quantity,
            valid: Period::since(on),
            recorded: Period::since(0),
            origin: Origin::New,
        });
    }

    fn checked(&self) -> Result<(), EditRefusal> {
        for (at, edge) in self.0.iter().enumerate() {
            let others = self.0.iter().skip(at + 1);
            let mut refusals = others.filter_map(|other| contradiction(edge, other));
            if let Some(refusal) = refusals.next() {
                return Err(refusal);
            }
        }
        Ok(())
    }
}

/// How two stays contradict each other: a piece in two places, or a part of one item twice in a unit.
fn contradiction(edge: &Edge, other: &Edge) -> Option<EditRefusal> {
    if edge.child != other.child || !edge.valid.overlaps(other.valid) {
        return None;
    }
    let place = matches!(edge.parent, Node::Place(_));
    let same = (edge.parent, edge.item) == (other.parent, other.item) && !place;
    if !edge.child.is_single() && !same {
        return None;
    }
    let fresh = edge.origin == Origin::New;
    let there = if fresh { other.parent } else { edge.parent };
    Some(match there {
        Node::Place(Place::Scrap) => EditRefusal::Scrapped,
        there => EditRefusal::Elsewhere(there),
    })
}
