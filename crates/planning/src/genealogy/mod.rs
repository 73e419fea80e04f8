//! Genealogy: what a vehicle is made of, and where a lot went. `issue` is the day of the build, first in, first out, kept
//! as ranges; `edge` is everything with two times, when a part was in a unit and when we knew it; `edit` is how the record
//! changes; `walk` follows it up and down.
//!
//! It must not know VINs, rows or messages. The two times are those of Snodgrass, *Developing Time-Oriented Database
//! Applications in SQL* (2000), chapters 2 and 10: valid time in days, record time in gap-free record numbers. Invariants:
//! nothing that was known is forgotten, a change only ends what is known and adds what is known from then on; a piece
//! with a serial is in at most one place at a time.
mod edge;
mod edit;
mod issue;
#[cfg(test)]
mod model;
mod walk;

pub use edge::{Edge, Node, OPEN, Origin, Period, Place, Question, Time};
pub use edit::{Correction, EditRefusal, Fitted, Holdings, Replacement};
pub use issue::{Layer, Range, Serial, Uncovered, User, lots_of, ranges, serials, vehicles_of};
pub use walk::{Limits, Visit, Walk, Way};
