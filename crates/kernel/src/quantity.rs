//! Amounts of matter: integers of thousandths of a base unit (RULES 17), the unit they are counted in,
//! and shares in millionths. It must not know items or lots. Invariant: arithmetic is checked.
use crate::parse::{ParseError, decimal, write_decimal};
use crate::rounding;
use std::fmt;

/// Thousandths of a base unit: one piece is 1,000, one gram of kilograms is 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(pub i64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole base units; saturates far beyond any real stock.
    pub const fn from_units(units: i64) -> Self {
        Self(units.saturating_mul(1000))
    }

    /// Thousandths, as databases keep them.
    pub const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }

    /// The thousandths, as databases keep them.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// Reads `3.2`; at most three decimals.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        decimal(text, 3, "quantity").map(Self)
    }

    /// The sum, or None where it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or None where it does not fit; it may be negative.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `count` times this quantity, or None where it does not fit.
    pub fn times(self, count: i64) -> Option<Self> {
        self.0.checked_mul(count).map(Self)
    }

    /// How many lots of `lot` cover this quantity; None where the lot is not positive.
    pub fn ceil_div(self, lot: Self) -> Option<i64> {
        if lot.0 <= 0 {
            return None;
        }
        rounding::ceil_div(i128::from(self.0), i128::from(lot.0))
    }

    /// True for zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(out, self.0, 3)
    }
}

impl std::str::FromStr for Quantity {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// What a quantity counts, with its code of UN/ECE Recommendation 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Pieces, `H87`.
    Piece,
    /// Kilograms, `KGM`.
    Kilogram,
    /// Sets, `SET`: what one unit of the item above needs (RULES 18).
    Set,
}

impl Unit {
    /// The code of UN/ECE Recommendation 20.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Piece => "H87",
            Self::Kilogram => "KGM",
            Self::Set => "SET",
        }
    }

    /// The unit of a Rec 20 code.
    pub fn from_code(code: &str) -> Result<Self, ParseError> {
        match code {
            "H87" => Ok(Self::Piece),
            "KGM" => Ok(Self::Kilogram),
            "SET" => Ok(Self::Set),
            _ => Err(ParseError::new(
                "unit code",
                code,
                "it is one of H87, KGM, SET",
            )),
        }
    }

    /// The unit as the programme folder writes it: `pc`, `kg`, `set`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match text {
            "pc" => Ok(Self::Piece),
            "kg" => Ok(Self::Kilogram),
            "set" => Ok(Self::Set),
            _ => Err(ParseError::new("unit", text, "it is one of pc, kg, set")),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Piece => "pc",
            Self::Kilogram => "kg",
            Self::Set => "set",
        })
    }
}

/// A share in millionths: `Share::ONE` is all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Share(pub i64);

impl Share {
    /// The whole, 1,000,000 millionths.
    pub const ONE: Self = Self(1_000_000);

    /// Reads `0.35`; at most six decimals.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        decimal(text, 6, "share").map(Self)
    }

    /// The millionths.
    pub const fn millionths(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(out, self.0, 6)
    }
}

impl std::str::FromStr for Share {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_write_and_count_lots() {
        assert_eq!(Quantity::parse("3.2"), Ok(Quantity(3200)));
        assert_eq!(Quantity(-1050).to_string(), "-1.05");
        assert_eq!(Quantity::from_units(7).to_string(), "7");
        assert_eq!(
            Quantity::from_units(7).ceil_div(Quantity::from_units(3)),
            Some(3)
        );
        assert_eq!(Quantity(1).ceil_div(Quantity::ZERO), None);
        assert_eq!(Quantity(i64::MAX).checked_add(Quantity(1)), None);
        assert_eq!(Share::parse("0.333333"), Ok(Share(333_333)));
        assert_eq!(Unit::parse("kg").map(Unit::code), Ok("KGM"));
    }
}
