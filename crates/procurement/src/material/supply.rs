//! Days of supply: how long stock lasts against a requirement by day.
//!
//! It must not know rows or messages. It follows the walk of Catena-X CX-0145: nothing more arrives, days are covered
//! one after the other, and of the first day that is not covered the covered part counts.

use takt_kernel::{Date, Quantity, floor_div};

use crate::requirement::Series;

/// How long stock lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DaysOfSupply {
    /// The days in thousandths, floored; they end with the requirement that is known.
    pub(crate) millidays: i64,
    /// The first day that is not covered.
    pub(crate) stock_out_on: Option<Date>,
}

/// How long `stock` lasts from the day after `as_of` on.
pub(crate) fn days_of_supply(stock: Quantity, as_of: Date, series: &Series) -> DaysOfSupply {
    let first = as_of.plus(1);
    let mut left = stock.milli().max(0);
    let known = i64::from(series.last().days_since(first)) + 1;
    for (number, day) in (0..known).zip(0i32..) {
        let date = first.plus(day);
        let need = series.on(date).milli();
        if need > left {
            // Part of a day: left / need, which is below one.
            let part = floor_div(i128::from(left) * 1000, i128::from(need)).unwrap_or_default();
            return DaysOfSupply {
                millidays: number * 1000 + part,
                stock_out_on: Some(date),
            };
        }
        left -= need;
    }
    DaysOfSupply {
        millidays: known.max(0) * 1000,
        stock_out_on: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i32) -> Date {
        Date::from_epoch_day(n)
    }

    #[test]
    fn whole_days_and_the_part_of_the_first_that_is_not_covered() {
        let series = Series {
            first: day(101),
            days: [4, 4, 0, 4].map(Quantity::from_units).to_vec(),
        };
        let lasts = |units, as_of| days_of_supply(Quantity::from_units(units), day(as_of), &series);
        assert_eq!(
            lasts(9, 100),
            DaysOfSupply {
                millidays: 3250,
                stock_out_on: Some(day(104))
            }
        );
        assert_eq!(
            lasts(0, 100),
            DaysOfSupply {
                millidays: 0,
                stock_out_on: Some(day(101))
            }
        );
        assert_eq!(
            lasts(12, 100),
            DaysOfSupply {
                millidays: 4000,
                stock_out_on: None
            }
        );
        // Days before the requirement begins are covered, and days that are over do not count.
        assert_eq!(
            lasts(1, 98),
            DaysOfSupply {
                millidays: 2250,
                stock_out_on: Some(day(101))
            }
        );
        assert_eq!(
            lasts(3, 102),
            DaysOfSupply {
                millidays: 1750,
                stock_out_on: Some(day(104))
            }
        );
        assert_eq!(
            lasts(3, 110),
            DaysOfSupply {
                millidays: 0,
                stock_out_on: None
            }
        );
    }
}
