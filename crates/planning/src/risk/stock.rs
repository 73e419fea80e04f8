//! The plant's own stock of a part, as a quantity that the plan uses day by day. It must not know where goods come from. Units:
//! thousandths of the part, thousandths of a day. Invariants: a stock gives what is missing until it is used up and is not filled
//! again; a day on which nothing is needed uses nothing; of a steady need it lasts as a stock that is told in days.
use super::FULL;
use super::assess::Product;
use super::flow::Flow;

const DAY: i64 = 1000;

/// What the plant has of a part, and what it needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stock {
    /// Thousandths on hand.
    on_hand: i64,
    /// Thousandths needed on each day.
    need: Vec<i64>,
}

impl Stock {
    /// The stock of each part with what products need of it.
    pub(super) fn of_parts(stock: &[i64], products: &[Product]) -> Vec<Self> {
        let needs = needs(products, stock.len());
        let held = |(on_hand, need): (&i64, Vec<i64>)| Self {
            on_hand: *on_hand,
            need,
        };
        stock.iter().zip(needs).map(held).collect()
    }
}

/// What products need of each of so many parts on each day, in thousandths. Cost: O(products x parts x days).
pub fn needs(products: &[Product], parts: usize) -> Vec<Vec<i64>> {
    let mut all: Vec<Vec<i64>> = vec![Vec::new(); parts];
    for product in products {
        for (part, quantity) in &product.parts {
            let Some(own) = all.get_mut(*part) else {
                continue;
            };
            own.resize(own.len().max(product.daily.len()), 0);
            for (need, count) in own.iter_mut().zip(&product.daily) {
                let more = i128::from(*count) * i128::from(*quantity) / i128::from(FULL);
                *need = need.saturating_add(i64::try_from(more).unwrap_or(i64::MAX));
            }
        }
    }
    all
}

/// The flow behind the stock.
pub(super) fn covered(flow: &Flow, stock: &Stock) -> Flow {
    let mut behind = Flow::full();
    let mut left = i128::from(stock.on_hand.max(0)) * i128::from(FULL) * i128::from(DAY);
    for (start, end, level) in flow.steps() {
        let missing = i128::from(FULL - level);
        if missing == 0 || left == 0 {
            behind.push(start, level);
            continue;
        }
        behind.push(start, FULL);
        let mut at = start;
        // Behind the last day nothing is needed, and the stock lasts.
        while let Some(need) = usize::try_from(at / DAY)
            .ok()
            .and_then(|day| stock.need.get(day))
        {
            let until = ((at / DAY + 1) * DAY).min(end.unwrap_or(i64::MAX));
            let rate = i128::from(*need) * missing;
            let drawn = rate * i128::from(until - at);
            if drawn > left {
                let lasts = (left + rate - 1) / rate;
                behind.push(at + i64::try_from(lasts).unwrap_or(0), level);
                left = 0;
                break;
            }
            left -= drawn;
            at = until;
            if Some(at) == end {
                break;
            }
        }
    }
    behind
}

/// How long `quantity` thousandths last when `share` millionths of the daily need are taken from it, in thousandths of a day, rounded
/// down; at most the days that are given.
pub fn days_covered(quantity: i64, share: i64, need: &[i64]) -> i64 {
    let mut left = i128::from(quantity.max(0)) * i128::from(FULL);
    for (day, need) in (0i64..).zip(need) {
        let taken = i128::from(*need) * i128::from(share);
        if taken > left {
            let part = left * i128::from(DAY) / taken;
            return day * DAY + i64::try_from(part).unwrap_or(0);
        }
        left -= taken;
    }
    i64::try_from(need.len()).map_or(i64::MAX, |days| days.saturating_mul(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stock(on_hand: i64, need: &[i64]) -> Stock {
        Stock {
            on_hand,
            need: need.to_vec(),
        }
    }

    /// The example of docs/risk.md: 900 seats, five a vehicle, 100 vehicles a day, from a Friday on.
    #[test]
    fn nine_hundred_seats_last_until_a_monday_afternoon() {
        let need = [500_000, 0, 0, 500_000, 500_000];
        let out = Flow::outage(None);
        let seats = covered(&out, &stock(900_000, &need));
        // A day of 500 on Friday, and 400 of the 500 of Monday.
        assert_eq!(seats.levels(), [(0, FULL), (3_800, 0)]);
        // Half of the seats come: 900 are used up by half of 1,500 and not to the end.
        let half = Flow::shared([(&out, FULL / 2)]);
        assert!(covered(&half, &stock(900_000, &need)).is_full());
        assert_eq!(
            covered(&half, &stock(600_000, &need)).levels(),
            [(0, FULL), (4_400, FULL / 2)]
        );
        assert_eq!(days_covered(900_000, FULL, &need), 3_800);
        assert_eq!(days_covered(250_000, FULL / 2, &need), 3_000);
        assert_eq!(days_covered(900_000, FULL / 2, &need), 5_000);
    }

    fn flows() -> impl Strategy<Value = Flow> {
        proptest::collection::vec((0i64..20, 0i64..=4), 0..6).prop_map(|mut steps| {
            steps.sort_unstable();
            let mut flow = Flow::full();
            for (at, quarter) in steps {
                flow.push(at * 500, quarter * 250_000);
            }
            flow
        })
    }

    proptest! {
        #[test]
        fn of_a_steady_need_it_lasts_as_a_stock_in_days(flow in flows(), half_days in 0i64..12, need in 1i64..50) {
            let need = need * 4000;
            let on_hand = need / 2 * half_days;
            let found = covered(&flow, &stock(on_hand, &vec![need; 1000]));
            let told = flow.buffered(half_days * 500);
            // A stock in days has no last day, this one has.
            for until in [700, 3_000, 9_500, 40_000] {
                prop_assert_eq!(found.missing(0, until), told.missing(0, until));
            }
        }

        #[test]
        fn more_stock_never_makes_it_worse(flow in flows(), on_hand in 0i64..9000, more in 0i64..5000, need in proptest::collection::vec(0i64..2000, 0..12)) {
            let (less, more) = (covered(&flow, &stock(on_hand, &need)), covered(&flow, &stock(on_hand + more, &need)));
            for until in [1, 1_000, 4_500, 12_000] {
                prop_assert!(more.missing(0, until) <= less.missing(0, until));
                prop_assert!(less.missing(0, until) <= flow.missing(0, until));
            }
        }
    }
}
