//! What is still to come from each source: under way, ordered, and to be ordered by the newest plan.
//!
//! It must not know rows or messages. Invariants: what netting would order is counted once, with what was ordered before it
//! taken off; nothing that is not ordered yet can be there before tomorrow.

use std::collections::BTreeMap;

use takt_kernel::Date;
use takt_planning::call_off::Due;

use crate::{
    programme::{Catalogue, SourceNo},
    purchase_order::release::{Ordered, lines_due},
    requirement::Needs,
};

/// Adds what is to be ordered later: every lot that the plan needs and nobody has ordered, on the evening before its use, earlier by the safety
/// time.
pub(super) fn planned(
    as_of: Date,
    catalogue: &Catalogue,
    needs: &Needs,
    ordered: Ordered<'_>,
    due: &mut BTreeMap<SourceNo, Vec<Due>>,
) {
    // From the last day of the requirement on everything is due to be ordered.
    let Some(last) = needs.series.values().map(|series| series.last()).max() else {
        return;
    };
    for line in lines_due(last.max(as_of), catalogue, needs, ordered, 1).lines {
        if let Some(of) = due.get_mut(&line.source) {
            of.push(Due {
                on: (line.needed_on)
                    .minus(1 + ordered.safety.days(line.source))
                    .max(as_of.plus(1)),
                quantity: line.open(),
                is_ordered: false,
            });
        }
    }
}
