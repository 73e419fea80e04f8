//! Available to promise: what of stock and planned supply is not committed yet. It must not know where supply or
//! commitments come from. Units: any whole number, one value a period. Invariants: everything is computed from supply
//! and commitments and nothing is counted on; what is promised within [`look_ahead`] breaks no commitment of any period.
//!
//! Source: the ASCM (APICS) Dictionary, "discrete available-to-promise" and "cumulative available-to-promise", with and
//! without look-ahead; ours looks ahead over all later periods, the Dictionary only to the next that has more
//! supply than orders, so ours is never larger. See also Vollmann, Berry, Whybark, Manufacturing Planning and Control Systems. Excess demand of a
//! period is taken from the periods before it, as master schedulers do.

/// A period's supply and what of it is committed; stock on hand is supply of the first period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Period {
    /// What comes in: the master schedule, or receipts.
    pub supply: i64,
    /// What goes out: customers' orders and whatever else is committed.
    pub committed: i64,
}

/// Cumulative without look-ahead: what is left at the end of each period if nothing more is promised.
pub fn cumulative(periods: &[Period]) -> Vec<i64> {
    let mut left = 0i64;
    let mut through = |period: &Period| {
        left = left
            .saturating_add(period.supply)
            .saturating_sub(period.committed);
        left
    };
    periods.iter().map(&mut through).collect()
}

/// Cumulative with look-ahead: the least that is left in any period from each one on, so the most that can be promised by
/// then. It is negative where commitments already exceed supply.
pub fn look_ahead(periods: &[Period]) -> Vec<i64> {
    let mut available = cumulative(periods);
    let mut least = i64::MAX;
    for left in available.iter_mut().rev() {
        least = least.min(*left);
        *left = least;
    }
    available
}

/// Discrete: the supply of a period less what is committed until supply comes again; the first period counts with whatever
/// it has. Periods without supply have nothing, and a period that is short shows it: see [`covered`].
pub fn discrete(periods: &[Period]) -> Vec<i64> {
    let mut available = vec![0; periods.len()];
    let mut at = 0;
    for (place, period) in periods.iter().enumerate() {
        if period.supply > 0 {
            at = place;
        }
        available[at] += period.supply - period.committed;
    }
    available
}

/// Discrete, with what a period is short of taken from the periods before it; what nobody can cover stays in the first one.
pub fn covered(periods: &[Period]) -> Vec<i64> {
    let mut available = discrete(periods);
    let mut short = 0i64;
    for (place, here) in available.iter_mut().enumerate().rev() {
        let left = *here - short;
        short = if place == 0 { 0 } else { (-left).max(0) };
        *here = left + short;
    }
    available
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn periods(on_hand: i64, supply: &[i64], committed: &[i64]) -> Vec<Period> {
        let both = supply.iter().zip(committed).enumerate();
        both.map(|(place, (supply, committed))| Period {
            supply: supply + if place == 0 { on_hand } else { 0 },
            committed: *committed,
        })
        .collect()
    }

    /// Worked by hand, in the manner of Vollmann, Berry, Whybark: 20 on hand, lots of 30 in the weeks 4, 8, 10 and 12, orders for 5, 3 and 2.
    #[test]
    fn order_promising_of_twelve_weeks() {
        let lots = [0, 0, 0, 30, 0, 0, 0, 30, 0, 30, 0, 30];
        let orders = [5, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let week = periods(20, &lots, &orders);
        assert_eq!(discrete(&week), [10, 0, 0, 30, 0, 0, 0, 30, 0, 30, 0, 30]);
        assert_eq!(
            look_ahead(&week),
            [10, 10, 10, 40, 40, 40, 40, 70, 70, 100, 100, 130]
        );
        assert_eq!(
            cumulative(&week),
            [15, 12, 10, 40, 40, 40, 40, 70, 70, 100, 100, 130]
        );
    }

    /// A master schedule worked by hand (15 on hand, lots of 40 every second week) whose third week is short of 9: they come
    /// out of the first week's 22.
    #[test]
    fn a_week_that_is_short_is_covered_by_the_weeks_before_it() {
        let lots = [40, 0, 40, 0, 40, 0, 40, 0];
        let orders = [18, 15, 27, 22, 10, 8, 6, 5];
        let weeks = periods(15, &lots, &orders);
        assert_eq!(discrete(&weeks), [22, 0, -9, 0, 22, 0, 29, 0]);
        assert_eq!(covered(&weeks), [13, 0, 0, 0, 22, 0, 29, 0]);
        assert_eq!(cumulative(&weeks), [37, 22, 35, 13, 43, 35, 69, 64]);
        assert_eq!(look_ahead(&weeks), [13, 13, 13, 13, 35, 35, 64, 64]);
        // The table of the page is this one.
        let page = include_str!("../../../docs/promising.md");
        for (name, row) in [
            ("discrete", discrete(&weeks)),
            ("discrete, covered", covered(&weeks)),
            ("cumulative", cumulative(&weeks)),
            ("with look-ahead", look_ahead(&weeks)),
        ] {
            let cells: Vec<String> = row.iter().map(i64::to_string).collect();
            let row = format!("| {name} | {} |", cells.join(" | "));
            assert!(page.contains(&row), "docs/promising.md has no row {row}");
        }
    }

    proptest! {
        /// Discrete, covered and added up is cumulative with look-ahead; and promising all of it breaks nothing.
        #[test]
        fn both_ways_are_equal(rows in prop::collection::vec((0i64..40, 0i64..30), 1..40), on_hand in 0i64..60, at in 0usize..40) {
            let (supply, committed): (Vec<i64>, Vec<i64>) = rows.iter().copied().unzip();
            let mut periods = periods(on_hand, &supply, &committed);
            let mut sum = 0;
            let added: Vec<i64> = covered(&periods).iter().map(|here| { sum += here; sum }).collect();
            let ahead = look_ahead(&periods);
            prop_assert_eq!(&added, &ahead);
            let at = at.min(periods.len() - 1);
            let most = ahead[at].max(0);
            periods[at].committed += most;
            if ahead[0] >= 0 {
                prop_assert!(cumulative(&periods)[at..].iter().all(|left| *left >= 0));
            }
            periods[at].committed += 1;
            prop_assert!(look_ahead(&periods)[at] < 0 || most > ahead[at]);
        }
    }
}
