//! Sourcing: which parts are approved at which supplier, and what stands behind an item.
//!
//! It must not know rows or messages. Invariants: a part and supplier have one approval, the newest word; what is on order is
//! what was released, less what will never come and what has been received.

use takt_kernel::{Date, Quantity};

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
