//! Money: a price is millionths of a currency per base unit, an amount is minor units (RULES 17). It
//! must not know exchange rates. Invariants: currencies never mix; price x quantity rounds once.
use crate::parse::{ParseError, decimal, write_decimal};
use crate::quantity::Quantity;
use crate::rounding::half_even_div;
use std::fmt;

/// An ISO 4217 code, three capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Renminbi.
    pub const CNY: Self = Self(*b"CNY");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");

    /// Reads three capitals.
    pub fn parse(code: &str) -> Result<Self, ParseError> {
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(bytes) if bytes.iter().all(u8::is_ascii_uppercase) => Ok(Self(bytes)),
            _ => Err(ParseError::new(
                "currency",
                code,
                "it is three capitals of ISO 4217",
            )),
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the minor unit: 2 for most, 0 and 3 for the exceptions of ISO 4217.
    pub const fn minor_digits(self) -> u32 {
        match &self.0 {
            b"JPY" | b"KRW" | b"VND" | b"CLP" | b"ISK" | b"XAF" | b"XOF" | b"PYG" | b"UGX" => 0,
            b"BHD" | b"KWD" | b"OMR" | b"JOD" | b"TND" | b"IQD" | b"LYD" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Why money could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met.
    #[error("{left} and {right} do not mix; convert one of them first")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// The result does not fit 64 bits.
    #[error("the amount does not fit 64 bits")]
    Overflow,
}

fn same(left: Currency, right: Currency) -> Result<(), MoneyError> {
    if left == right {
        Ok(())
    } else {
        Err(MoneyError::CurrencyMismatch { left, right })
    }
}

/// Millionths of a currency per base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Price {
    /// Millionths of the currency.
    pub micros: i64,
    /// The currency.
    pub currency: Currency,
}

impl Price {
    /// A price of `micros` millionths.
    pub const fn new(micros: i64, currency: Currency) -> Self {
        Self { micros, currency }
    }

    /// Reads `19280.74`; at most six decimals.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, ParseError> {
        decimal(text, 6, "price").map(|micros| Self { micros, currency })
    }

    /// Price x quantity in minor units, rounded half to even, once.
    pub fn amount(self, quantity: Quantity) -> Result<Amount, MoneyError> {
        let product = i128::from(self.micros) * i128::from(quantity.milli());
        let scale = 10i128.pow(9 - self.currency.minor_digits());
        let minor = half_even_div(product, scale).ok_or(MoneyError::Overflow)?;
        Ok(Amount {
            minor,
            currency: self.currency,
        })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decimal(out, self.micros, 6)?;
        write!(out, " {}", self.currency)
    }
}

/// An amount in minor units (cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount {
    /// Minor units of the currency.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Amount {
    /// An amount of `minor` minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The sum of two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        same(self.currency, other.currency)?;
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference of two amounts of one currency.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        same(self.currency, other.currency)?;
        let minor = self
            .minor
            .checked_sub(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let scale = 10u64.pow(digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, rest) = (
            self.minor.unsigned_abs() / scale,
            self.minor.unsigned_abs() % scale,
        );
        if digits == 0 {
            return write!(out, "{sign}{whole} {}", self.currency);
        }
        write!(
            out,
            "{sign}{whole}.{rest:0width$} {}",
            self.currency,
            width = digits as usize
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_times_a_quantity_rounds_once_half_to_even() -> Result<(), Box<dyn std::error::Error>>
    {
        let price = Price::parse("0.125", Currency::USD)?;
        assert_eq!(price.amount(Quantity::from_units(1))?.minor, 12);
        assert_eq!(price.amount(Quantity::from_units(3))?.minor, 38);
        assert_eq!(
            Price::parse("2.5", Currency::parse("JPY")?)?
                .amount(Quantity::from_units(1))?
                .minor,
            2
        );
        assert_eq!(
            Price::new(i64::MAX, Currency::USD).amount(Quantity(i64::MAX)),
            Err(MoneyError::Overflow)
        );
        Ok(())
    }

    #[test]
    fn currencies_never_mix() {
        let refused = Amount::zero(Currency::USD).plus(Amount::zero(Currency::CNY));
        assert!(matches!(refused, Err(MoneyError::CurrencyMismatch { .. })));
        assert_eq!(
            Amount::new(-916_205, Currency::USD).to_string(),
            "-9162.05 USD"
        );
        assert!(Currency::parse("usd").is_err());
    }
}
