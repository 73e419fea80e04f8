//! How long stock lasts: days of supply by the walk of Catena-X CX-0145. It must not know items, calendars or where stock
//! and demand come from. Units: thousandths of a base unit, thousandths of a day. Invariants: what arrives later counts for
//! nothing; the answer is never longer than the days of demand that are given; more stock never makes it shorter.
//!
//! Source: Catena-X CX-0145 Days of supply Exchange 1.0.1, chapter 5.2.2 (normative): stock on the evening of a day against
//! the demand of the days that follow it, assuming no receipts; whole days one after the other, and of the first day that is
//! not covered the covered part.
use takt_kernel::{Quantity, floor_div};

/// A day in thousandths.
const DAY: i64 = 1000;

/// How long stock lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysOfSupply {
    /// The days in thousandths, rounded down; at most the days of demand that were given.
    pub millidays: i64,
    /// The place of the first day that is not covered, counted from 0; None where all are.
    pub stock_out: Option<usize>,
    /// What of the demand of all days the stock does not cover.
    pub uncovered: Quantity,
}

/// How long `stock` lasts against the demand of the following days, one quantity a day; the days end with the horizon. Stock
/// below zero covers nothing and demand below zero needs nothing.
pub fn days_of_supply(stock: Quantity, demand: impl IntoIterator<Item = Quantity>) -> DaysOfSupply {
    let mut left = stock.milli().max(0);
    let (mut millidays, mut stock_out, mut uncovered) = (0i64, None, 0i64);
    for (place, need) in demand.into_iter().enumerate() {
        let need = need.milli().max(0);
        if stock_out.is_some() {
            uncovered = uncovered.saturating_add(need);
        } else if need <= left {
            left -= need;
            millidays += DAY;
        } else {
            let part = floor_div(i128::from(left) * i128::from(DAY), i128::from(need));
            millidays += part.unwrap_or_default();
            uncovered = need - left;
            stock_out = Some(place);
        }
    }
    DaysOfSupply {
        millidays,
        stock_out,
        uncovered: Quantity(uncovered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(values: &[i64]) -> Vec<Quantity> {
        values.iter().copied().map(Quantity::from_units).collect()
    }

    /// Table 12 of the standard: demand, deliveries, the evening's stock, and the days of supply on each evening. On day 5
    /// the table says 0.80, which counts the 40 that day 6 brings; its own rule leaves receipts out, so it is 0 here.
    #[test]
    fn the_walk_of_the_standard() {
        let demand = units(&[40, 60, 50, 50, 60, 50]);
        let delivery = [0, 60, 100, 0, 0, 40];
        let mut stock = 100;
        let mut walk = Vec::new();
        for evening in 0..demand.len() {
            let lasts = days_of_supply(
                Quantity::from_units(stock),
                demand.iter().copied().skip(evening),
            );
            walk.push((stock, lasts.millidays));
            stock += delivery[evening] - demand[evening].milli() / 1000;
        }
        assert_eq!(
            walk,
            [
                (100, 2000),
                (60, 1000),
                (60, 1200),
                (110, 2000),
                (60, 1000),
                (0, 0)
            ]
        );
        // The table of the page is this one.
        let page = include_str!("../../../docs/days-of-supply.md");
        let cells =
            |of: fn(&(i64, i64)) -> String| walk.iter().map(of).collect::<Vec<_>>().join(" | ");
        let two = |walk: &(i64, i64)| format!("{}.{:02}", walk.1 / 1000, walk.1 % 1000 / 10);
        for row in [
            format!("| stock | {} |", cells(|walk| walk.0.to_string())),
            format!("| days of supply | {} |", cells(two)),
        ] {
            assert!(
                page.contains(&row),
                "docs/days-of-supply.md has no row {row}"
            );
        }
    }

    #[test]
    fn the_stock_out_day_and_what_is_not_covered() {
        let lasts = days_of_supply(Quantity::from_units(9), units(&[4, 4, 0, 4, 6]));
        assert_eq!(
            lasts,
            DaysOfSupply {
                millidays: 3250,
                stock_out: Some(3),
                uncovered: Quantity::from_units(9)
            }
        );
        let covered = days_of_supply(Quantity::from_units(8), units(&[4, 4]));
        assert_eq!(
            (covered.millidays, covered.stock_out, covered.uncovered),
            (2000, None, Quantity::ZERO)
        );
        assert_eq!(
            days_of_supply(Quantity::from_units(5), []).millidays,
            0,
            "nothing is known of any day"
        );
        assert_eq!(
            days_of_supply(Quantity(-1), units(&[0, 1])).stock_out,
            Some(1)
        );
    }

    proptest! {
        #[test]
        fn it_is_capped_grows_with_stock_and_adds_up(
            stock in -50i64..400,
            more in 0i64..100,
            demand in prop::collection::vec(0i64..60, 0..30),
        ) {
            let lasts = |stock| days_of_supply(Quantity(stock), demand.iter().copied().map(Quantity));
            let (now, then) = (lasts(stock), lasts(stock + more));
            let days = i64::try_from(demand.len()).unwrap_or(i64::MAX) * DAY;
            prop_assert!((0..=days).contains(&now.millidays));
            prop_assert!(then.millidays >= now.millidays && then.uncovered <= now.uncovered);
            prop_assert_eq!(now.stock_out.is_none(), now.millidays == days);
            let total: i64 = demand.iter().sum();
            prop_assert_eq!(now.uncovered.milli(), (total - stock.max(0)).max(0));
            if let Some(at) = now.stock_out {
                prop_assert_eq!(now.millidays / DAY, i64::try_from(at).unwrap_or(i64::MAX));
            }
            // Every day through the horizon is walked; a shorter horizon only ever cuts the answer.
            let short = days_of_supply(Quantity(stock), demand.iter().copied().map(Quantity).take(3));
            prop_assert_eq!(short.millidays, now.millidays.min(3 * DAY).min(days));
        }
    }
}
