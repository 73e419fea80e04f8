//! Sourcing: which parts are approved at which supplier, and what stands behind an item.
//!
//! It must not know rows or messages. Invariants: a part and supplier have one approval, the newest word; what is on order is
//! what was released, less what will never come and what has been received; nothing is ordered of a part that is not approved on the
//! day of its receipt, nor under an agreement that was ended.

use takt_kernel::{Date, Quantity, ReasonCode};

pub(crate) mod price;
mod price_rpc;
pub(crate) mod rpc;
pub(crate) mod store;

/// What was said of a part at a supplier; the numbers are those of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It is good for series delivery.
    Approved = 1,
    /// It was refused.
    Rejected = 2,
}

/// The approval of a part at a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartApproval {
    /// The submission level of PPAP.
    pub(crate) level: i32,
    /// The word.
    pub(crate) word: Word,
    /// The first day on which it holds.
    pub(crate) valid_from: Date,
}

/// What stands between an item and an order for it at a supplier. Where nobody said anything of an approval, the programme's agreement
/// is the word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Gate {
    /// What was said of the part.
    pub(crate) approval: Option<PartApproval>,
    /// The day on which the scheduling agreement ended.
    pub(crate) ended_on: Option<Date>,
}

impl Gate {
    /// Why goods may not be ordered on a day for receipt on another; None when they may.
    pub(crate) fn holds(&self, on: Date, receipt_on: Date) -> Option<ReasonCode> {
        if self.ended_on.is_some_and(|ended| ended <= on) {
            return Some(ReasonCode::AgreementEnded);
        }
        let approval = self.approval?;
        let in_force = approval.valid_from <= receipt_on;
        let is_approved = match approval.word {
            Word::Approved => in_force,
            Word::Rejected => !in_force,
        };
        (!is_approved).then_some(ReasonCode::PpapNotApproved)
    }
}

/// What is in the house and on order of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// In the house.
    pub(crate) on_hand: Quantity,
    /// On order.
    pub(crate) open: Quantity,
}

/// What stands of an item of which so many lots were ordered.
pub(crate) fn standing(
    ordered_lots: i64,
    lot: Quantity,
    issued: Quantity,
    lost: Quantity,
    on_hand: Quantity,
) -> Standing {
    let ordered = lot.times(ordered_lots).unwrap_or_default();
    let coming = ordered.milli() - lost.milli() - issued.milli();
    Standing {
        on_hand,
        open: Quantity((coming - on_hand.milli()).max(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_ordered_when_it_is_approved_on_the_day_of_its_receipt() {
        let day = Date::from_epoch_day;
        let gate = |word, ended_on| Gate {
            approval: Some(PartApproval {
                level: 3,
                word,
                valid_from: day(20),
            }),
            ended_on,
        };
        let held = Some(ReasonCode::PpapNotApproved);
        let approved = gate(Word::Approved, None);
        assert_eq!(
            (
                approved.holds(day(10), day(19)),
                approved.holds(day(10), day(20))
            ),
            (held, None)
        );
        let rejected = gate(Word::Rejected, None);
        assert_eq!(
            (
                rejected.holds(day(10), day(19)),
                rejected.holds(day(10), day(20))
            ),
            (None, held)
        );
        let ended = gate(Word::Approved, Some(day(30)));
        assert_eq!(
            (ended.holds(day(29), day(40)), ended.holds(day(30), day(40))),
            (None, Some(ReasonCode::AgreementEnded))
        );
        assert_eq!(Gate::default().holds(day(0), day(0)), None);
    }

    #[test]
    fn what_is_on_order_is_neither_used_nor_here_nor_lost() {
        let units = Quantity::from_units;
        let got = standing(5, units(10), units(12), units(3), units(20));
        assert_eq!((got.on_hand, got.open), (units(20), units(15)));
        // Stock that is lost may still lie in the house.
        assert_eq!(
            standing(2, units(10), units(0), units(10), units(20)).open,
            units(0)
        );
    }
}
