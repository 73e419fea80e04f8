//! UN/EDIFACT for suppliers who have no gRPC: the syntax (ISO 9735, version 3) and three messages of the directory D.96A, DELFOR,
//! DESADV and DELJIT, written and read as files. It must not know services or files. Invariants: what is written is read back
//! as the same; what cannot be read is told with the number of its segment, its tag and its place; no input, however
//! hostile, does worse than that, and none needs more memory than a small multiple of itself.
//!
//! `docs/edifact.md` says which field goes where.
mod delfor;
mod deljit;
mod desadv;
mod interchange;
mod segment;
mod syntax;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

pub use delfor::{Commitment, Delfor, DelforItem, DelforLine};
pub use deljit::{Delivery, Deljit};
pub use desadv::{Desadv, DesadvLine};
pub use interchange::{Envelope, Interchange, Message};
pub use segment::Segment;
pub use syntax::{MOST_BYTES, Separators};
pub use write::{Unfit, eight};

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The number of the segment in the file, from 1; the service string advice is not counted.
    pub segment: usize,
    /// Its tag, as far as it was read.
    pub tag: String,
    /// The element and component, from 1, where one is to blame; 0 is the segment itself.
    pub place: (usize, usize),
    /// The byte of the file at which the segment begins, from 0.
    pub byte: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "segment {} ", self.segment)?;
        if !self.tag.is_empty() {
            write!(out, "{} ", self.tag)?;
        }
        match self.place {
            (0, _) => {}
            (element, 0) => write!(out, "element {element} ")?,
            (element, component) => write!(out, "element {element} component {component} ")?,
        }
        write!(out, "at byte {}: {}", self.byte, self.what)
    }
}

impl std::error::Error for Flaw {}
