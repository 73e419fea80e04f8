//! The value of stock day by day.
//!
//! It must not know rows or messages. Invariant: sums are exact in millionths x thousandths and each figure is rounded
//! once, half to even, so that nothing is left over when the stock is used up.

use takt_kernel::{Amount, Currency, Date, half_even_div};
use takt_service::Error;

/// What a day received, used and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueDay {
    /// The day.
    pub(crate) date: Date,
    /// The value received.
    pub(crate) received: Amount,
    /// The value used.
    pub(crate) issued: Amount,
    /// The value on hand in the evening.
    pub(crate) stock: Amount,
}

/// Adds movements up, day after day without a gap.
#[derive(Debug, Clone)]
pub(crate) struct Valuation {
    currency: Currency,
    day: Option<Date>,
    received: i128,
    issued: i128,
    stock: i128,
}

impl Valuation {
    /// Nothing yet, in a currency.
    pub(crate) fn new(currency: Currency) -> Self {
        Self {
            currency,
            day: None,
            received: 0,
            issued: 0,
            stock: 0,
        }
    }

    /// Takes a movement of a day, at a price of millionths; the days that are over with it are answered.
    pub(crate) fn add(
        &mut self,
        date: Date,
        price_micros: i64,
        milli: i64,
    ) -> Result<Vec<ValueDay>, Error> {
        let mut over = Vec::new();
        while let Some(day) = self.day.filter(|day| *day < date) {
            over.push(self.close(day)?);
            self.day = Some(day.plus(1));
        }
        self.day.get_or_insert(date);
        let value = i128::from(price_micros) * i128::from(milli);
        if milli > 0 {
            self.received += value
        } else {
            self.issued -= value
        }
        Ok(over)
    }

    /// The last day.
    pub(crate) fn finish(mut self) -> Result<Option<ValueDay>, Error> {
        self.day.map(|day| self.close(day)).transpose()
    }

    fn close(&mut self, date: Date) -> Result<ValueDay, Error> {
        let (received, issued) = (
            std::mem::take(&mut self.received),
            std::mem::take(&mut self.issued),
        );
        self.stock += received - issued;
        Ok(ValueDay {
            date,
            received: self.amount(received)?,
            issued: self.amount(issued)?,
            stock: self.amount(self.stock)?,
        })
    }

    fn amount(&self, exact: i128) -> Result<Amount, Error> {
        amount_of(exact, self.currency)
    }
}

/// A sum of millionths x thousandths as money.
pub(crate) fn amount_of(exact: i128, currency: Currency) -> Result<Amount, Error> {
    let scale = 10i128.pow(9 - currency.minor_digits());
    let minor =
        half_even_div(exact, scale).ok_or_else(|| Error::broken("a value does not fit 64 bits"))?;
    Ok(Amount::new(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_movement_are_there_and_nothing_is_left_over() -> Result<(), Error> {
        let day = Date::from_epoch_day;
        let mut value = Valuation::new(Currency::USD);
        // Three thirds of a cent round once, in the sum.
        assert_eq!(value.add(day(10), 3_333, 3_000)?, []);
        assert_eq!(value.add(day(10), 3_334, 1_000)?, []);
        let over = value.add(day(12), 3_333, -3_000)?;
        let minors = |day: &ValueDay| {
            (
                day.date.epoch_day(),
                day.received.minor,
                day.issued.minor,
                day.stock.minor,
            )
        };
        assert_eq!(
            over.iter().map(minors).collect::<Vec<_>>(),
            [(10, 1, 0, 1), (11, 0, 0, 1)]
        );
        value.add(day(12), 3_334, -1_000)?;
        assert_eq!(value.finish()?.as_ref().map(minors), Some((12, 0, 1, 0)));
        Ok(())
    }
}
