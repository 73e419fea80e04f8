//! Lots of bought material: a number that databases sort and a text that people read. It must not know
//! items or suppliers beyond their place in the file. Invariant: number and parts are inverse.
use crate::id::{ItemId, SupplierId};
use crate::parse::ParseError;
use std::fmt;

const PER_SUPPLIER: i64 = 10_000_000;
const PER_ITEM: i64 = 1_000_000_000;

/// A lot as an integer: item number x 10^9 + supplier rank x 10^7 + running number from 1. Its order
/// within an item is supplier order in the file, then lot number (RULES 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LotNumber(pub i64);

impl LotNumber {
    /// The lot of an item (number in file order), a supplier of it (rank in file order, below 100) and
    /// its running number (1 to 9,999,999); None beyond these.
    pub fn new(item_no: u32, supplier_rank: u32, n: i64) -> Option<Self> {
        let fits = supplier_rank < 100 && (1..PER_SUPPLIER).contains(&n);
        fits.then(|| {
            Self(i64::from(item_no) * PER_ITEM + i64::from(supplier_rank) * PER_SUPPLIER + n)
        })
    }

    /// The integer, as databases keep it.
    pub const fn value(self) -> i64 {
        self.0
    }

    /// The item's number in file order.
    pub const fn item_no(self) -> u32 {
        (self.0 / PER_ITEM) as u32
    }

    /// The supplier's rank among the suppliers of the item.
    pub const fn supplier_rank(self) -> u32 {
        (self.0 % PER_ITEM / PER_SUPPLIER) as u32
    }

    /// The running number within item and supplier, from 1.
    pub const fn n(self) -> i64 {
        self.0 % PER_SUPPLIER
    }
}

/// A lot as people and papers name it: `EX-01.BAICMOSU.000123`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LotId {
    /// The item.
    pub item: ItemId,
    /// Who made it.
    pub supplier: SupplierId,
    /// The running number within item and supplier, from 1.
    pub n: i64,
}

impl LotId {
    /// Reads the text form; the last two dots separate, so that an item may have dots.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let refuse = || {
            ParseError::new(
                "lot id",
                text,
                "it is ITEM.SUPPLIER.NUMBER with six digits or more",
            )
        };
        let (head, digits) = text.rsplit_once('.').ok_or_else(refuse)?;
        let (item, supplier) = head.rsplit_once('.').ok_or_else(refuse)?;
        let n = digits.parse::<i64>().map_err(|_| refuse())?;
        let id = Self {
            item: ItemId::parse(item)?,
            supplier: SupplierId::parse(supplier)?,
            n,
        };
        if n < 1 || id.to_string() != text {
            Err(refuse())
        } else {
            Ok(id)
        }
    }
}

impl fmt::Display for LotId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("{}.{}.{:06}", self.item, self.supplier, self.n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_form_is_read_back() -> Result<(), ParseError> {
        let id = LotId::parse("EX-01.BAICMOSU.000123")?;
        assert_eq!(
            (id.item.as_str(), id.supplier.as_str(), id.n),
            ("EX-01", "BAICMOSU", 123)
        );
        for bad in [
            "EX-01.BAICMOSU.123",
            "EX-01.000123",
            "EX-01.B.-00001",
            "EX-01.B.000000",
            "",
        ] {
            assert!(LotId::parse(bad).is_err(), "{bad}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn number_and_parts_are_inverse(item in 0u32..5000, rank in 0u32..100, n in 1i64..PER_SUPPLIER) {
            let lot = LotNumber::new(item, rank, n);
            prop_assert_eq!(lot.map(|l| (l.item_no(), l.supplier_rank(), l.n())), Some((item, rank, n)));
        }
    }
}
