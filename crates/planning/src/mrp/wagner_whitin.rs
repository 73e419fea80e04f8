//! The dynamic lot size model of Wagner and Whitin (Management Science 5, 1958): which requirements each lot
//! covers so that ordering and holding cost the least. It must not know stock. Units: thousandths, days, minor
//! units per order, millionths of a minor unit per unit and day. Invariant: a lot covers whole requirements that
//! follow each other, and every requirement is covered once.
use super::problem::Day;

/// For each lot the index of the first requirement after it, from requirements (day, thousandths) in day order,
/// the cost of an order on each, and the holding cost. Cost: O(n) where lots stay short, O(n^2) at worst.
pub fn cheapest_lots(
    requirements: &[(Day, i64)],
    order_cost: impl Fn(usize) -> i64,
    holding_micro_cost: i64,
) -> Vec<usize> {
    let count = requirements.len();
    // best[t]: the least cost of covering the first t; last[t]: where the last lot of that begins. Costs are in
    // 10^-9 of a minor unit.
    let (mut best, mut last) = (vec![0i128; count + 1], vec![0usize; count + 1]);
    let hold = i128::from(holding_micro_cost);
    let mut from = 0;
    for t in 1..=count {
        // From the latest lot back to the earliest that can still be best (the planning horizon theorem). `held` is
        // the holding cost of all that a lot on `j` brings for later.
        let (mut cost, mut at) = (i128::MAX, t - 1);
        let (mut held, mut quantity) = (0i128, 0i128);
        for j in (from..t).rev() {
            let (day, need) = requirements[j];
            if let Some((next, _)) = requirements.get(j + 1).filter(|_| j + 1 < t) {
                let days = i128::from(next - day);
                held = held.saturating_add(quantity.saturating_mul(days).saturating_mul(hold));
            }
            quantity += i128::from(need);
            let order = i128::from(order_cost(j)) * 1_000_000_000;
            let total = best[j].saturating_add(order).saturating_add(held);
            if total < cost {
                (cost, at) = (total, j);
            }
        }
        (best[t], last[t]) = (cost, at);
        from = at;
    }
    let (mut ends, mut end) = (Vec::new(), count);
    while end > 0 {
        ends.push(end);
        end = last[end];
    }
    ends.reverse();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_paper() {
        // Table 1 of the paper: twelve months, holding cost 1 per unit and month; the least cost is 864.
        let needs = [69, 29, 36, 61, 61, 26, 34, 67, 45, 67, 79, 56];
        let orders = [85, 102, 102, 101, 98, 114, 105, 86, 119, 110, 98, 114i64];
        let months: Vec<(Day, i64)> = (0..).zip(needs.map(|n| n * 1000)).collect();
        let ends = cheapest_lots(&months, |j| orders[j], 1_000_000);
        assert_eq!(ends, [2, 4, 7, 9, 10, 12]);
        let (mut start, mut cost, mut lots) = (0, 0, Vec::new());
        for end in ends {
            cost += orders[start];
            cost += (start..end)
                .map(|t| needs[t] * (t - start) as i64)
                .sum::<i64>();
            lots.push(needs[start..end].iter().sum::<i64>());
            start = end;
        }
        assert_eq!((cost, lots), (864, vec![98, 97, 121, 112, 67, 135]));
    }

    proptest! {
        #[test]
        fn no_other_split_is_cheaper(
            needs in proptest::collection::vec((1i32..5, 1i64..90), 1..9),
            order in 0i64..300,
        ) {
            let mut day = 0;
            let series: Vec<(Day, i64)> = needs.iter().map(|(gap, n)| { day += gap; (day, n * 1000) }).collect();
            let cost = |ends: &[usize]| {
                let (mut start, mut sum) = (0, 0);
                for end in ends {
                    sum += order;
                    sum += (start..*end).map(|t| series[t].1 / 1000 * i64::from(series[t].0 - series[start].0)).sum::<i64>();
                    start = *end;
                }
                sum
            };
            let got = cost(&cheapest_lots(&series, |_| order, 1_000_000));
            for mask in 0u32..1 << (series.len() - 1) {
                let mut ends: Vec<usize> = (1..series.len()).filter(|t| mask >> (t - 1) & 1 == 1).collect();
                ends.push(series.len());
                prop_assert!(got <= cost(&ends));
            }
        }
    }
}
