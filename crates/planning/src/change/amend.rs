//! The bill of material with a change in it. It must not know when the change counts. Invariant: of every old line exactly
//! one of its copies holds for a vehicle, so a vehicle needs either the old part or the new one, never both and never none.
use crate::bom::Line;
use crate::feature::Condition;
use takt_kernel::{Quantity, Share, half_even_div};

/// An affected item: what goes out, what comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Only where it goes into this item; None for every use.
    pub parent: Option<usize>,
    /// The item that goes out; None where one is added.
    pub old: Option<usize>,
    /// The item that comes in; None where one is dropped.
    pub new: Option<usize>,
    /// The quantity of the new one for each base unit of the old; for an added item, for each unit of the parent.
    pub quantity: Quantity,
    /// The vehicles that the change is for; it holds beside the condition of the line.
    pub condition: Condition,
}

/// The lines with a replacement under the bit of its change.
pub fn amend(lines: Vec<Line>, bit: u8, wanted: &Replacement) -> Vec<Line> {
    let mut amended = Vec::with_capacity(lines.len() + 4);
    for line in lines {
        let hit = wanted.old == Some(line.child)
            && wanted.parent.is_none_or(|parent| parent == line.parent);
        if !hit {
            amended.push(line);
            continue;
        }
        let after = line.condition.with_change(bit, true);
        let under = |condition: Condition| Line {
            condition,
            ..line.clone()
        };
        amended.push(under(line.condition.with_change(bit, false)));
        let rest = wanted.condition.complement();
        amended.extend(rest.iter().map(|rest| under(after.meet(rest))));
        if let Some(child) = wanted.new {
            let ratio = i128::from(line.qty.milli()) * i128::from(wanted.quantity.milli());
            amended.push(Line {
                child,
                qty: Quantity(half_even_div(ratio, 1000).unwrap_or(i64::MAX)),
                ..under(after.meet(&wanted.condition))
            });
        }
    }
    if let (None, Some(parent), Some(child)) = (wanted.old, wanted.parent, wanted.new) {
        amended.push(Line {
            parent,
            child,
            qty: wanted.quantity,
            condition: wanted.condition.with_change(bit, true),
            component_scrap: Share(0),
        });
    }
    amended.retain(|line| !line.condition.is_never());
    amended
}
