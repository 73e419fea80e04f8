//! The engineering changes that a product has: its bill of material with them, and what plan and line ask of them.
//!
//! It must not know rows. Invariant: a product without changes is computed exactly as imported.

use std::collections::HashMap;

use takt_kernel::Quantity;
use takt_planning::{
    bom,
    change::{self, Replacement, amend},
    feature::Features,
};

use super::{Item, Unusable};
use crate::change::Change;

/// The lines with every change, and the changes as plan and line see them.
pub(super) fn revised(
    mut lines: Vec<bom::Line>,
    changes: &[Change],
    items: &[Item],
    index: &HashMap<String, usize>,
    features: &Features,
) -> Result<(Vec<bom::Line>, Vec<change::Change>), Unusable> {
    let mut live = Vec::with_capacity(changes.len());
    for change in changes {
        let id = &change.change_id;
        let find = |item: &str| match (item, index.get(item)) {
            ("", _) => Ok(None),
            (_, Some(at)) => Ok(Some(*at)),
            (item, None) => Err(Unusable(format!(
                "change {id} names {item}, which is not an item; cancel it first"
            ))),
        };
        let Some(bit) = change.bit else { continue };
        let mut old = Vec::new();
        for affected in &change.spec.items {
            let wanted = Replacement {
                parent: find(&affected.parent)?,
                old: find(&affected.old)?,
                new: find(&affected.new)?,
                quantity: Quantity(affected.quantity),
                condition: features
                    .condition(&affected.condition)
                    .map_err(|error| Unusable(format!("change {id}: {error}")))?,
            };
            let bought = |item: &usize| items.get(*item).is_some_and(|known| !known.made);
            old.extend(wanted.old.filter(bought));
            lines = amend(lines, bit, &wanted);
        }
        live.push(change::Change {
            bit,
            effectivity: change.spec.effectivity,
            since: change.first_build,
            old,
        });
    }
    Ok((lines, live))
}
